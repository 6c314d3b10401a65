//! Who may call the Server API: a tenant, by its API secret, or one of its terminals, by theirs. Knows no operation.

use std::ops::Deref;
use std::sync::{Arc, OnceLock};

use axum::extract::Request;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};

use super::convert::page;
use super::redirect::redirect_fault;
use crate::domain::authsignal::evaluation::{Evaluated, Evaluation};
use crate::domain::authsignal::{Authsignal, Tracked};
use crate::http::access::Writer;
use crate::http::authsignal::admission::{by_secret, from_a_server, within_rate};
use crate::http::authsignal::refusal::{failure, forced, named, rejected, why};
use crate::http::date::date_of;
use crate::http::note::masking::masked_value;
use crate::http::origin::{Base, Peer, at_host, is_foreign, reached};
use crate::http::surface::{Incoming, Operation, Planned, Rejection, Reply, Surface};
use crate::http::{faults, note};
use crate::runtime::faults::Api;
use crate::runtime::part::{AuthsignalPart, PartReader};
use crate::runtime::{App, SecretOf};

/// Text of a 401; SDKs' live suites compare it.
const UNAUTHORIZED: &str = "The request is unauthorized. Check that your API key and region base URL are correctly configured.";

/// What a web page of another origin is told.
const FOREIGN: &str = "the header Origin or Sec-Fetch-Site shows that a web page of another origin sent this \
     request; the API secret does not belong in a browser: call the Server API from your server";

/// What a caller with a management secret is told.
const MANAGES: &str =
    "this is the secret of the Management API; the Server API takes the server API secret";

/// What a terminal without its secret is told.
const NO_TERMINAL: &str = "the request is unauthorized; a terminal sends the terminal secret, which --ready-json prints, as \
     `Authorization: Bearer SECRET`";

/// What the journal says of an unknown API secret, because the vendor's answer cannot say it.
const NO_TENANT: &str = "no tenant of the mock has this API secret; POST /_mock/tenants creates a tenant with a secret of \
     its own, and --tenants-on-demand lets the first request with an unknown secret create one";

/// The scheme of operations that terminals call.
const TERMINAL: &str = "terminalSecret";

/// The Server API of every tenant of a mock.
#[derive(Debug)]
pub(crate) struct ServerApi {
    app: Arc<App>,
}

/// The admitted tenant. Its clones share one [`Arrival`], because each request makes some.
#[derive(Clone, Debug)]
pub(crate) struct ServerCaller(Arc<Arrival>);

/// The admitted tenant, how it reached this server, and what is noted of its request.
#[derive(Debug)]
pub(crate) struct Arrival {
    pub(super) tenant: PartReader<Authsignal>,
    /// How the caller reached this server.
    base: Base,
    /// What rules have read for the request.
    evaluation: OnceLock<Box<Evaluation>>,
    /// What is wrong with the request, although the mock takes it.
    warning: OnceLock<String>,
}

impl Deref for ServerCaller {
    type Target = Arrival;

    fn deref(&self) -> &Arrival {
        &self.0
    }
}

/// Whether a tenant's public documents are at this path: its keys, and where these are. A page of any origin may read them,
/// as of every issuer, and the preflight before that, so the front lets it.
pub(crate) fn is_public(path: &str) -> bool {
    path.starts_with("/v1/client/public/")
}

/// The answer to a request without a good API secret.
pub(crate) fn unauthorized() -> Reply {
    failure(StatusCode::UNAUTHORIZED, "unauthorized", UNAUTHORIZED)
}

/// The tenant of the server API secret in a request.
pub(crate) fn tenant_of(app: &App, authorization: Option<&str>) -> Option<Arc<AuthsignalPart>> {
    by_secret(authorization, |secret| {
        app.authsignal_by(SecretOf::Server, secret)
    })
}

/// Whether terminals call an operation, and not the application's server.
fn is_for_terminals(operation: &Operation) -> bool {
    operation.security.iter().any(|set| set.contains(&TERMINAL))
}

/// The tenant whose secret a request shows.
fn tenant_for(
    app: &App,
    operation: &Operation,
    authorization: Option<&str>,
) -> Option<Arc<AuthsignalPart>> {
    if !is_for_terminals(operation) {
        return tenant_of(app, authorization);
    }
    let (scheme, secret) = authorization?.split_once(' ')?;
    let tenant = app.authsignal_by(SecretOf::Terminals, secret.trim());
    tenant.filter(|_| scheme.eq_ignore_ascii_case("bearer"))
}

/// The tenant that an unknown API secret creates, where the mock is to do so. Terminals and programs that manage a tenant
/// have secrets of a tenant that is there.
fn adopted(
    app: &App,
    operation: &Operation,
    authorization: Option<&str>,
) -> Option<Arc<AuthsignalPart>> {
    if is_for_terminals(operation) {
        return None;
    }
    by_secret(authorization, |secret| app.adopt(secret))
}

/// The tenant that the unknown API secret of a request creates, as [`adopted`], though the request matches no operation.
pub(crate) fn adopted_without_operation(
    app: &App,
    request: &Request,
    authorization: Option<&str>,
) -> Option<Arc<AuthsignalPart>> {
    if is_foreign(app, request.headers(), request.extensions()) {
        return None;
    }
    by_secret(authorization, |secret| app.adopt(secret))
}

/// The answer to a request without a good secret.
fn unauthorized_for(operation: &Operation) -> Reply {
    if is_for_terminals(operation) {
        return failure(StatusCode::UNAUTHORIZED, "unauthorized", NO_TERMINAL);
    }
    unauthorized()
}

/// The answer to a request without a good API secret.
fn refused(app: &App, operation: &Operation, authorization: Option<&str>) -> Reply {
    let manages = |secret: &str| app.authsignal_by(SecretOf::Management, secret);
    match by_secret(authorization, manages) {
        Some(_) if !is_for_terminals(operation) => {
            failure(StatusCode::FORBIDDEN, "forbidden", MANAGES)
        }
        _ => unauthorized_for(operation),
    }
}

/// Refuses a caller whose address the tenant's `ipWhitelist` leaves out, where the mock heeds that list.
fn admitted(app: &App, tenant: &AuthsignalPart, peer: Option<Peer>) -> Result<(), Reply> {
    // A request without a network comes from the mock itself.
    let Some(Peer(address)) = peer.filter(|_| app.behaviour.ip_whitelist) else {
        return Ok(());
    };
    if tenant.look(|authsignal, _| authsignal.configuration.tenant.admits(address)) {
        return Ok(());
    }
    let why = format!(
        "the address {address} is not in the tenant's ipWhitelist; change that through the Management API, or start the \
         mock without --ip-whitelist"
    );
    Err(failure(StatusCode::FORBIDDEN, "forbidden", &why))
}

impl ServerApi {
    /// The Server API of the tenants of `app`.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl Surface for ServerApi {
    type Caller = Writer<ServerCaller, Authsignal>;
    type Reader = ServerCaller;

    fn strict(&self) -> bool {
        self.app.behaviour.strict
    }

    fn admit(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
    ) -> Result<Self::Caller, Reply> {
        let (headers, extensions) = (&incoming.parts.headers, &incoming.parts.extensions);
        let tenant = if operation.security.is_empty() {
            let id = incoming
                .path_parameter(operation, "tenantId")
                .map_err(|rejection| rejected(&rejection))?;
            let unknown = || {
                failure(
                    StatusCode::NOT_FOUND,
                    "not_found",
                    &format!("tenant {id} not found"),
                )
            };
            self.app.authsignal(&id).ok_or_else(unknown)?
        } else {
            // A page can put credentials into the URL of a form that it submits, and the mock's default secret is no secret.
            let authorization = from_a_server(&self.app, incoming, FOREIGN)?;
            tenant_for(&self.app, operation, authorization)
                .or_else(|| adopted(&self.app, operation, authorization))
                .ok_or_else(|| refused(&self.app, operation, authorization))?
        };
        // A terminal stands anywhere; the list is one of the application's servers.
        if !operation.security.is_empty() && !is_for_terminals(operation) {
            admitted(&self.app, &tenant, extensions.get().copied())?;
        }
        let base =
            reached(&self.app, headers, extensions).map_err(|rejection| rejected(&rejection))?;
        if !operation.security.is_empty() {
            within_rate(&self.app, &tenant)?;
        }
        let arrival = Arrival {
            tenant: PartReader::new(Arc::clone(&tenant)),
            base,
            evaluation: OnceLock::new(),
            warning: OnceLock::new(),
        };
        Ok(Writer::new(ServerCaller(Arc::new(arrival)), tenant))
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        rejected(&rejection)
    }

    fn forced(&self, operation: &'static Operation, status: StatusCode, why: &str) -> Reply {
        forced(status, why, || unauthorized_for(operation))
    }

    fn named(
        &self,
        operation: &'static Operation,
        status: StatusCode,
        error: &'static str,
        why: &str,
    ) -> Reply {
        named(status, error, why, || unauthorized_for(operation))
    }

    fn planned(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: &Self::Caller,
    ) -> Option<Arc<Planned>> {
        let ledger = caller.tenant.ledger();
        faults::planned(ledger, Api::Authsignal, operation, incoming, None)
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
        let found;
        let tenant = match caller {
            Some(caller) => Some(&*caller.tenant),
            None => {
                found = tenant_for(&self.app, operation, incoming.header(AUTHORIZATION));
                found.as_deref()
            }
        };
        let target = masked(incoming.target(), incoming.parts.uri.query());
        let mut note = note::answered("authsignal", operation, incoming, target, reply, why(reply));
        note.evaluation = caller.and_then(|caller| caller.evaluation.get().cloned());
        let warning = caller.and_then(|caller| caller.warning.get().cloned());
        note.warning = note::both(warning, note.warning);
        let unauthorized = tenant.is_none() && reply.status == StatusCode::UNAUTHORIZED;
        if unauthorized && is_with_secret(operation, incoming) {
            note.warning.get_or_insert_with(|| NO_TENANT.to_owned());
        }
        let ledger = tenant.map(AuthsignalPart::ledger);
        self.app.record(ledger, note);
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}

/// Whether a request has the form of one with an API secret.
fn is_with_secret(operation: &Operation, incoming: &Incoming) -> bool {
    let scheme = incoming
        .header(AUTHORIZATION)
        .and_then(|text| text.split(' ').next());
    !operation.security.is_empty()
        && !is_for_terminals(operation)
        && scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic"))
}

/// A target without the ID token that query_users takes.
fn masked(target: &str, query: Option<&str>) -> String {
    let Some(query) = query else {
        return target.to_owned();
    };
    let path = target.split('?').next().unwrap_or_default();
    let parts: Vec<_> = query
        .split('&')
        .map(|pair| {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            // With any spelling of the parameter's name.
            if percent_encoding::percent_decode_str(name).eq(b"token".iter().copied()) {
                "token=***"
            } else {
                pair
            }
        })
        .collect();
    format!("{path}?{}", parts.join("&"))
}

impl From<Writer<Self, Authsignal>> for ServerCaller {
    fn from(writer: Writer<Self, Authsignal>) -> Self {
        writer.into_reader()
    }
}

impl ServerCaller {
    /// The URL of this server, as its callers see it: every URL of the answer begins with it.
    pub(super) fn base(&self) -> String {
        self.base.url()
    }

    /// The base URL of the hosted pages. It reads the tenant's settings, so it must not be called in a transaction.
    pub(super) fn pages(&self) -> String {
        let domain = self.tenant.look(|authsignal, _| {
            let settings = &authsignal.configuration.tenant;
            settings.custom_domain().map(str::to_owned)
        });
        let base = self.base.for_browser();
        match domain {
            Some(domain) => at_host(&base, &domain),
            None => base,
        }
    }

    /// The page that a token opens.
    pub(super) fn page(&self, token: &str) -> String {
        page(&self.pages(), token)
    }

    /// Keeps what rules have read for the request, so that the journal can show it without secrets.
    pub(super) fn show(&self, evaluation: Evaluation) {
        if evaluation.is_empty() {
            return;
        }
        let shown = evaluation.variables.into_iter().map(|read| Evaluated {
            value: read.value.map(|value| masked_value(&read.name, &value)),
            ..read
        });
        // A request tracks one action.
        let _ = self.evaluation.set(Box::new(Evaluation {
            variables: shown.collect(),
            ..evaluation
        }));
    }

    /// Warns of a URL that leads no user back: in the log, and at the request in the journal.
    pub(super) fn check_redirect(&self, url: Option<&str>) {
        if let Some(warning) = url.and_then(redirect_fault) {
            tracing::warn!("{warning}");
            self.warn(warning);
        }
    }

    /// Keeps what is wrong with the request, although the mock takes it, for the journal. Of several, the first stays.
    pub(super) fn warn(&self, warning: String) {
        let _ = self.warning.set(warning);
    }

    /// A token for what was tracked, and the page for it.
    pub(super) fn token_and_page(
        &self,
        tracked: &Tracked,
        user_id: &str,
        code: &str,
    ) -> (String, String) {
        let token = self.token(tracked, user_id, code);
        let page = self.page(&token);
        (token, page)
    }

    /// A token for what was tracked.
    pub(super) fn token(&self, tracked: &Tracked, user_id: &str, code: &str) -> String {
        let (tenant, base) = (self.tenant.account(), self.base());
        tenant.token(&tracked.grant, user_id, code, &tracked.key, &base)
    }
}
