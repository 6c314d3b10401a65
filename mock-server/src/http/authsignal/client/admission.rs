//! Who may call the Client API: a user by a token of track, or a page by the tenant's id; and what their browser may
//! read. Knows no operation.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, ORIGIN, USER_AGENT};
use jiff::SignedDuration;
use percent_encoding::percent_decode_str;
use tower_http::cors::{
    AllowHeaders, AllowMethods, AllowOrigin, AllowPrivateNetwork, CorsLayer, MaxAge,
};

use crate::bounds::{self, cut};
use crate::domain::authsignal::factor::{Bearer, Passed};
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::generated::authsignal_client::types as wire;
use crate::http::access::Writer;
use crate::http::authsignal::admission::{REPEATED, named_tenant, within_rate};
use crate::http::authsignal::refusal::{code_of, failure, forced, named, refused, rejected, why};
use crate::http::date::date_of;
use crate::http::origin::{reached, split_origin};
use crate::http::surface::{Incoming, Operation, Planned, Rejection, Reply, Surface};
use crate::http::{faults, note};
use crate::runtime::App;
use crate::runtime::faults::Api;
use crate::runtime::part::{AuthsignalPart, PartReader};

/// The message for a request without credentials.
const UNAUTHORIZED: &str = "The request is unauthorized. Send `Authorization: Bearer` with a token of track, or, if the operation allows it, `Authorization: Basic` with the tenant's id.";
/// The header of a challenge token.
const CHALLENGE_TOKEN: HeaderName = HeaderName::from_static("x-authsignal-challenge-token");
/// The message for a step of a flow without its token.
const NO_CHALLENGE_TOKEN: &str = "The request has no challenge token. Send the header `X-Authsignal-Challenge-Token` with the challengeToken of start_flow, or of the newest verify.";
/// The message for a step of a flow with several of them.
const TWO_CHALLENGE_TOKENS: &str = "The request has the header `X-Authsignal-Challenge-Token` more than once. Send it once, with the newest token.";
/// How long a browser may go by the answer to a preflight request.
const PREFLIGHT: SignedDuration = SignedDuration::from_mins(10);

/// The Client API of every tenant of a mock.
#[derive(Debug)]
pub(crate) struct ClientApi {
    app: Arc<App>,
}

/// The admitted user or page.
#[derive(Clone, Debug)]
pub(crate) struct ClientCaller {
    pub(super) tenant: PartReader<Authsignal>,
    pub(super) bearer: Option<Bearer>,
    /// `http://` and the host that the caller used.
    pub(super) base: String,
    /// The origin of the page that asks; the mock's own origin if no browser sends one.
    pub(super) origin: String,
    /// The caller's browser or app.
    pub(super) user_agent: Option<String>,
    /// Why an attempt failed, if the answer has no word for that.
    pub(super) warning: Arc<OnceLock<String>>,
}

impl ClientApi {
    /// The Client API of the tenants of `app`.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }

    /// The owner of a request's credentials, if they are valid and the operation accepts them.
    fn caller(
        &self,
        operation: &Operation,
        incoming: &Incoming,
    ) -> Result<(Arc<AuthsignalPart>, Option<Bearer>), Refusal> {
        let takes = |scheme: &str| operation.security.iter().any(|set| set.contains(&scheme));
        if takes("challengeToken") {
            // Whatever else it has in Authorization does not count.
            if incoming.repeats(CHALLENGE_TOKEN) {
                return Err(Refusal::Unauthorized(TWO_CHALLENGE_TOKENS.to_owned()));
            }
            let (tenant, bearer) = flow_bearer(&self.app, incoming.header(CHALLENGE_TOKEN))?;
            return Ok((tenant, Some(bearer)));
        }
        if incoming.repeats(AUTHORIZATION) {
            return Err(Refusal::Unauthorized(REPEATED.to_owned()));
        }
        let missing = || Refusal::Unauthorized(UNAUTHORIZED.to_owned());
        match credential(incoming.header(AUTHORIZATION)).ok_or_else(missing)? {
            Credential::Bearer(token) if takes("bearer") => {
                let (tenant, bearer) = bearer_of(&self.app, token)?;
                Ok((tenant, Some(bearer)))
            }
            Credential::Tenant(id) if takes("tenant") => {
                let tenant = self.app.authsignal(&id).ok_or_else(missing)?;
                Ok((tenant, None))
            }
            _ => Err(missing()),
        }
    }
}

/// What a request proves with.
enum Credential<'a> {
    /// A token.
    Bearer(&'a str),
    /// The id of a tenant, which is public.
    Tenant(String),
}

/// Reads the header `Authorization`. Clients write the tenant's id in three ways: `base64("id:")`, the same in the other
/// alphabet, and `base64(percent-encoded id)` without the colon.
fn credential(authorization: Option<&str>) -> Option<Credential<'_>> {
    let (scheme, credential) = authorization?.split_once(' ')?;
    let credential = credential.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(Credential::Bearer(credential));
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let unpadded = credential.trim_end_matches('=');
    let decoded = STANDARD_NO_PAD
        .decode(unpadded)
        .or_else(|_| URL_SAFE_NO_PAD.decode(unpadded))
        .ok()?;
    let text = std::str::from_utf8(&decoded).ok()?;
    let id = text.strip_suffix(':').unwrap_or(text);
    let id = percent_decode_str(id).decode_utf8().ok()?;
    Some(Credential::Tenant(id.into_owned()))
}

/// The tenant that a token names, and whom it speaks for.
///
/// # Errors
/// It is not a token of a tenant here, or it has expired.
pub(crate) fn bearer_of(app: &App, token: &str) -> Result<(Arc<AuthsignalPart>, Bearer), Refusal> {
    let tenant = named_tenant(app, token)
        .ok_or_else(|| Refusal::Unauthorized("Token is invalid.".to_owned()))?;
    let read = tenant.account().keys.read(token);
    let bearer = tenant.look(|authsignal, now| authsignal.bearer(read, now))?;
    Ok((tenant, bearer))
}

/// The tenant and the run of a challenge token.
///
/// # Errors
/// There is none, it is none of a tenant here, or it has expired.
fn flow_bearer(app: &App, token: Option<&str>) -> Result<(Arc<AuthsignalPart>, Bearer), Refusal> {
    let token = token.ok_or_else(|| Refusal::Unauthorized(NO_CHALLENGE_TOKEN.to_owned()))?;
    let tenant = named_tenant(app, token)
        .ok_or_else(|| Refusal::Unauthorized("Token is invalid.".to_owned()))?;
    let read = tenant.account().keys.read(token);
    let bearer = tenant.look(|authsignal, now| authsignal.flow_bearer(read, now))?;
    Ok((tenant, bearer))
}

/// The tenant that the credentials of a request prove, by token or by id.
pub(crate) fn tenant_of(app: &App, authorization: Option<&str>) -> Option<Arc<AuthsignalPart>> {
    match credential(authorization)? {
        Credential::Bearer(token) => bearer_of(app, token).ok().map(|(tenant, _)| tenant),
        Credential::Tenant(id) => app.authsignal(&id),
    }
}

/// The tenant that made the token of a request, even if the token has expired.
fn maker_of(app: &App, incoming: &Incoming) -> Option<Arc<AuthsignalPart>> {
    let bearer = match credential(incoming.header(AUTHORIZATION)) {
        Some(Credential::Bearer(token)) => Some(token),
        _ => None,
    };
    let token = bearer.or_else(|| incoming.header(CHALLENGE_TOKEN))?;
    let tenant = named_tenant(app, token)?;
    // A token can name any tenant; only its signature shows who made it.
    tenant.account().keys.read(token).ok()?;
    Some(tenant)
}

/// What browsers ask for before they let a page of any origin call. Origin, method and headers are mirrored, because a
/// wildcard does not do where credentials are sent.
pub(crate) fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_credentials(true)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        // A browser may ask before a page of another machine calls this one.
        .allow_private_network(AllowPrivateNetwork::yes())
        .max_age(MaxAge::exact(PREFLIGHT.unsigned_abs()))
}

pub(super) fn told(refusal: &Refusal) -> wire::ErrorResponse {
    let (code, text) = (code_of(refusal).to_owned(), refusal.to_string());
    wire::ErrorResponse {
        error: code.clone(),
        error_code: code,
        error_description: text.clone(),
        message: Some(text),
    }
}

/// The answer to a request without good credentials.
pub(crate) fn unauthorized() -> Reply {
    failure(StatusCode::UNAUTHORIZED, "unauthorized", UNAUTHORIZED)
}

impl Surface for ClientApi {
    type Caller = Writer<ClientCaller, Authsignal>;
    type Reader = ClientCaller;

    fn strict(&self) -> bool {
        self.app.behaviour.strict
    }

    fn admit(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
    ) -> Result<Self::Caller, Reply> {
        let (tenant, bearer) = self
            .caller(operation, incoming)
            .map_err(|refusal| refused(&refusal))?;
        let (headers, extensions) = (&incoming.parts.headers, &incoming.parts.extensions);
        let base =
            reached(&self.app, headers, extensions).map_err(|rejection| rejected(&rejection))?;
        within_rate(&self.app, &tenant)?;
        let base = base.url();
        // A sandboxed page has the origin `null`, and no domain that could have passkeys.
        let origin = incoming
            .header(ORIGIN)
            .filter(|origin| origin.contains("://"));
        let caller = ClientCaller {
            tenant: PartReader::new(Arc::clone(&tenant)),
            bearer,
            origin: origin.unwrap_or_else(|| split_origin(&base).0).to_owned(),
            base,
            user_agent: incoming
                .header(USER_AGENT)
                .map(|text| cut(text, bounds::USER_AGENT).to_owned()),
            warning: Arc::default(),
        };
        Ok(Writer::new(caller, tenant))
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        rejected(&rejection)
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode, why: &str) -> Reply {
        forced(status, why, unauthorized)
    }

    fn named(
        &self,
        _operation: &'static Operation,
        status: StatusCode,
        error: &'static str,
        why: &str,
    ) -> Reply {
        named(status, error, why, unauthorized)
    }

    fn planned(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: &Self::Caller,
    ) -> Option<Arc<Planned>> {
        let bearer = caller.bearer.as_ref().map(|bearer| &*bearer.user_id);
        let ledger = caller.tenant.ledger();
        faults::planned(ledger, Api::AuthsignalClient, operation, incoming, bearer)
    }

    fn has_remarks(&self, caller: &Self::Caller) -> bool {
        caller.tenant.ledger().is_staged()
    }

    fn date(&self, caller: &Self::Caller) -> Option<HeaderValue> {
        date_of(&self.app, caller.tenant.ledger())
    }

    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Self::Caller>,
        reply: &Reply,
    ) {
        let admitted = caller.map(|caller| Arc::clone(&caller.tenant));
        let tenant = admitted
            .or_else(|| tenant_of(&self.app, incoming.header(AUTHORIZATION)))
            .or_else(|| maker_of(&self.app, incoming));
        // No operation has a secret in its path or query.
        let target = incoming.target().to_owned();
        let api = "authsignal-client";
        let mut note = note::answered(api, operation, incoming, target, reply, why(reply));
        let warning = caller.and_then(|caller| caller.warning.get().cloned());
        note.warning = note::both(warning, note.warning);
        let bearer = caller.and_then(|caller| caller.bearer.as_ref());
        note.user_id = bearer.map(|bearer| bearer.user_id.clone()).or(note.user_id);
        let ledger = tenant.as_deref().map(AuthsignalPart::ledger);
        self.app.record(ledger, note);
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}

impl From<Writer<Self, Authsignal>> for ClientCaller {
    fn from(writer: Writer<Self, Authsignal>) -> Self {
        writer.into_reader()
    }
}

impl ClientCaller {
    /// Whom the caller's token speaks for.
    pub(super) fn bearer(&self) -> Result<&Bearer, Refusal> {
        self.bearer
            .as_ref()
            .ok_or_else(|| Refusal::Unauthorized(UNAUTHORIZED.to_owned()))
    }

    /// A token that proves what was passed.
    pub(super) fn token(&self, passed: &Passed) -> String {
        passed.token(self.tenant.account(), &self.base)
    }
}

#[cfg(test)]
mod tests {
    use super::{Credential, credential};

    fn tenant(authorization: &str) -> Option<String> {
        match credential(Some(authorization))? {
            Credential::Tenant(id) => Some(id),
            Credential::Bearer(_) => None,
        }
    }

    #[test]
    fn a_tenant_is_read_in_every_way_that_clients_write_it() {
        for authorization in [
            "Basic dMO8Pz8+Og==",
            "basic dMO8Pz8+Og",
            "Basic dMO8Pz8-Og",
            // btoa(encodeURIComponent("tü??>"))
            "Basic dCVDMyVCQyUzRiUzRiUzRQ==",
        ] {
            assert_eq!(
                tenant(authorization).as_deref(),
                Some("tü??>"),
                "{authorization}"
            );
        }
    }

    #[test]
    fn what_is_no_credential_is_none() {
        for authorization in ["", "Basic", "Basic %%%", "Digest x", "Bearer"] {
            assert!(credential(Some(authorization)).is_none(), "{authorization}");
        }
        assert!(matches!(
            credential(Some("bearer a.b.c")),
            Some(Credential::Bearer("a.b.c"))
        ));
    }
}
