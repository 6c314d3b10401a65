//! Authsignal's Server API over HTTP: who may call, and the translation between wire types and the domain. Decides
//! nothing about users, actions or challenges itself.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::StatusCode;
use http::header::{AUTHORIZATION, HOST, HeaderValue};
use jiff::Timestamp;

use super::FORCED;
use super::surface::{Incoming, Operation, Rejection, RejectionKind, Reply, Surface};
use super::{base, carried, is_host};
use crate::domain::World;
use crate::domain::authsignal::action::{Action, Known};
use crate::domain::authsignal::challenge::Attempt;
use crate::domain::authsignal::token::{KEY_ID, RSA_EXPONENT, RSA_MODULUS};
use crate::domain::authsignal::user::{Attributes, Authenticator, Credential, Device, User};
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::webauthn::Backup;
use crate::domain::authsignal::webhook::Surroundings;
use crate::domain::authsignal::{
    Authsignal as Domain, ChallengeRequest, Enrollment, Proof, Refusal, Tracked, UserFilter,
};
use crate::generated::authsignal::routes as api;
use crate::generated::authsignal::types as wire;
use crate::runtime::journal::Note;
use crate::runtime::{App, Tenant};

/// Text of a 401; SDKs' live suites compare it.
const UNAUTHORIZED: &str = "The request is unauthorized. Check that your API key and region base URL are correctly configured.";
/// The action that login_with_email tracks.
const LOGIN: &str = "loginWithEmail";
/// Users of a page that names no limit.
const DEFAULT_LIMIT: usize = 100;

/// The Server API of every tenant of a mock.
#[derive(Debug)]
pub struct Authsignal {
    app: Arc<App>,
}

/// Whoever was admitted, and where they reached the mock.
#[derive(Clone, Debug)]
pub struct Caller {
    tenant: Arc<Tenant>,
    /// The host that the caller used.
    host: HeaderValue,
}

/// An answer that tells why a request failed.
pub fn failure(status: StatusCode, code: &str, description: &str) -> Reply {
    Reply::json(status, &failed(code, description))
}

fn failed(code: &str, description: &str) -> wire::ErrorResponse {
    wire::ErrorResponse {
        error: code.to_owned(),
        error_code: code.to_owned(),
        error_description: description.to_owned(),
        message: Some(description.to_owned()),
    }
}

/// The answer to a request without a good API secret.
pub fn unauthorized() -> Reply {
    failure(StatusCode::UNAUTHORIZED, "unauthorized", UNAUTHORIZED)
}

/// The tenant whose server API secret a request carries. The credential is Basic, the secret its user name, and the
/// password empty.
pub fn tenant_of<'a>(app: &'a App, authorization: Option<&str>) -> Option<&'a Arc<Tenant>> {
    let (scheme, credential) = authorization?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(credential.trim()).ok()?;
    let secret = std::str::from_utf8(&decoded).ok()?.strip_suffix(':')?;
    app.authsignal_by_secret(secret)
}

/// The answer of an operation: its success, or the refusal in its status. A refusal that the spec does not list for the
/// operation cannot be written.
macro_rules! answer {
    ($response:ident, $outcome:expr $(, $kind:ident => $variant:ident)*) => {
        match $outcome {
            Ok(body) => api::$response::Ok(body),
            $(Err(refusal @ Refusal::$kind { .. }) => api::$response::$variant(told(&refusal)),)*
            Err(refusal) => api::$response::BadRequest(told(&refusal)),
        }
    };
}

/// A refusal in the vendor's words.
fn told(refusal: &Refusal) -> wire::ErrorResponse {
    failed(code_of(refusal), &refusal.to_string())
}

/// The vendor's code of a refusal; `forbidden` and `not_found` are ours.
pub fn code_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Invalid(_) => "invalid_request",
        Refusal::Conflict => "conflict",
        Refusal::AuthenticatorNotFound => "AUTHENTICATOR_NOT_FOUND",
        Refusal::NotFound(_) => "not_found",
        Refusal::Unauthorized(_) => "unauthorized",
        Refusal::Expired => "expired_token",
        Refusal::Forbidden(_) => "forbidden",
        Refusal::Unconfigured(_) => "invalid_configuration",
        Refusal::Credential(_) => "invalid_credential",
        Refusal::UnknownCredential(_) => "unknown_credential",
        Refusal::TooMany(_) => "too_many_requests",
    }
}

/// The host that a caller used, of which the URLs of the answer are made.
///
/// # Errors
/// The answer to a request that names none.
pub(super) fn reached(incoming: &Incoming) -> Result<&HeaderValue, Reply> {
    let host = incoming.parts.headers.get(HOST);
    host.filter(|host| is_host(host)).ok_or_else(|| {
        let reason = "is missing or is no host: the answer's URLs are made of it";
        rejected(&Rejection::malformed("header Host", reason))
    })
}

/// Counts a request of a tenant where requests are limited.
///
/// # Errors
/// The answer to one too many.
pub(super) fn within_rate(app: &App, tenant: &Tenant) -> Result<(), Reply> {
    match app.behaviour.rate_limit {
        Some(limit) if !tenant.within_rate(limit) => Err(failure(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_requests",
            &format!(
                "more than {limit} requests within a minute; wait, or start the mock without --rate-limit"
            ),
        )),
        _ => Ok(()),
    }
}

/// The answer to a request that cannot be read.
pub(super) fn rejected(rejection: &Rejection) -> Reply {
    let status = match rejection.kind {
        RejectionKind::Malformed => StatusCode::BAD_REQUEST,
        RejectionKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
    };
    failure(status, "invalid_request", &rejection.to_string())
}

/// The answer with an error that was asked for; each API has its own for one without credentials.
pub(super) fn forced(status: StatusCode) -> Reply {
    let code = match status {
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not_found",
        StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
        _ => "invalid_request",
    };
    failure(status, code, FORCED)
}

/// Why an answer refuses, where it does.
pub(super) fn why(reply: &Reply) -> Option<String> {
    if reply.status.as_u16() < 400 {
        return None;
    }
    let failure: wire::ErrorResponse = serde_json::from_slice(&reply.body).ok()?;
    Some(failure.error_description)
}

impl Authsignal {
    /// The Server API of the tenants of `app`.
    pub fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl Surface for Authsignal {
    type Caller = Caller;

    fn admit(&self, operation: &'static Operation, incoming: &Incoming) -> Result<Caller, Reply> {
        let tenant = if operation.security.is_empty() {
            let id = incoming
                .path_parameter(operation, "tenantId")
                .map_err(|rejection| self.reject(operation, rejection))?;
            let unknown = || {
                failure(
                    StatusCode::NOT_FOUND,
                    "not_found",
                    &format!("tenant {id} not found"),
                )
            };
            self.app.authsignal(&id).ok_or_else(unknown)?
        } else {
            tenant_of(&self.app, incoming.header(AUTHORIZATION)).ok_or_else(unauthorized)?
        };
        let host = reached(incoming)?;
        if !operation.security.is_empty() {
            within_rate(&self.app, tenant)?;
        }
        Ok(Caller {
            tenant: Arc::clone(tenant),
            host: host.clone(),
        })
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        rejected(&rejection)
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode) -> Reply {
        match status {
            StatusCode::UNAUTHORIZED => unauthorized(),
            status => forced(status),
        }
    }

    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Caller>,
        reply: &Reply,
    ) {
        let tenant = match caller {
            Some(caller) => Some(&caller.tenant),
            None => tenant_of(&self.app, incoming.header(AUTHORIZATION)),
        };
        let note = Note {
            api: "authsignal",
            operation: Some(operation.id),
            method: operation.method.into(),
            target: masked(incoming.target()),
            status: reply.status.as_u16(),
            reason: why(reply),
            wire: carried(&incoming.parts.headers, &incoming.body, &reply.body),
        };
        self.app.record(tenant, note);
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}

/// A target without the ID token that query_users takes.
fn masked(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let parts: Vec<_> = query
        .split('&')
        .map(|pair| {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            // By whatever spelling of the name the parameter is found.
            if percent_encoding::percent_decode_str(name).eq(b"token".iter().copied()) {
                "token=***"
            } else {
                pair
            }
        })
        .collect();
    format!("{path}?{}", parts.join("&"))
}

impl Caller {
    fn transact<T>(&self, step: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        self.tenant.transact(step)
    }

    fn look<T>(&self, step: impl FnOnce(&World, Timestamp) -> T) -> T {
        self.tenant.look(step)
    }

    /// `http://` and the host that the caller used, for the URLs of the answer.
    fn base(&self) -> String {
        base(&self.host)
    }

    /// A token for what was tracked, and the page for it.
    fn token_and_page(&self, tracked: &Tracked, user_id: &str, code: &str) -> (String, String) {
        let (tenant, base) = (self.tenant.authsignal(), self.base());
        let token = tenant.token(&tracked.grant, user_id, code, &tracked.key, &base);
        let page = page(&base, &token);
        (token, page)
    }
}

/// Where the user enrols, manages authenticators, or takes a challenge. It holds a query: SDKs append to it. A JWT needs
/// no encoding there. Who calls the mock by a loopback address gets the page by `localhost`: passkeys belong to a domain,
/// which an IP address is not.
fn page(base: &str, token: &str) -> String {
    let host = base.strip_prefix("http://").unwrap_or(base);
    let (name, port) = match host.rfind([':', ']']) {
        Some(at) if host[at..].starts_with(':') => host.split_at(at),
        _ => (host, ""),
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => {
            ["http://localhost", port, "/challenge?token=", token].concat()
        }
        _ => [base, "/challenge?token=", token].concat(),
    }
}

/// A time as the vendor writes it: UTC, with milliseconds.
fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

fn method_word(method: Method) -> wire::VerificationMethod {
    match method {
        Method::Sms => wire::VerificationMethod::Sms,
        Method::EmailOtp => wire::VerificationMethod::EmailOtp,
        Method::EmailMagicLink => wire::VerificationMethod::EmailMagicLink,
        Method::AuthenticatorApp => wire::VerificationMethod::AuthenticatorApp,
        Method::Passkey => wire::VerificationMethod::Passkey,
        Method::SecurityKey => wire::VerificationMethod::SecurityKey,
        Method::Push => wire::VerificationMethod::Push,
        Method::QrCode => wire::VerificationMethod::QrCode,
        Method::Whatsapp => wire::VerificationMethod::Whatsapp,
        Method::RecoveryCode => wire::VerificationMethod::RecoveryCode,
        Method::InApp => wire::VerificationMethod::InApp,
    }
}

fn method_of(word: wire::VerificationMethod) -> Option<Method> {
    Method::of_word(&word.to_string())
}

fn methods(methods: &[Method]) -> Option<wire::VerificationMethods> {
    Some(wire::VerificationMethods(
        methods.iter().copied().map(method_word).collect(),
    ))
}

fn state_word(state: State) -> wire::UserActionState {
    match state {
        State::Allow => wire::UserActionState::Allow,
        State::Block => wire::UserActionState::Block,
        State::ChallengeRequired => wire::UserActionState::ChallengeRequired,
        State::ChallengeSucceeded => wire::UserActionState::ChallengeSucceeded,
        State::ChallengeFailed => wire::UserActionState::ChallengeFailed,
        State::ReviewRequired => wire::UserActionState::ReviewRequired,
        State::ReviewSucceeded => wire::UserActionState::ReviewSucceeded,
        State::ReviewFailed => wire::UserActionState::ReviewFailed,
    }
}

fn state_of(word: wire::UserActionState) -> State {
    match word {
        wire::UserActionState::Allow => State::Allow,
        wire::UserActionState::Block => State::Block,
        wire::UserActionState::ChallengeRequired => State::ChallengeRequired,
        wire::UserActionState::ChallengeSucceeded => State::ChallengeSucceeded,
        wire::UserActionState::ChallengeFailed => State::ChallengeFailed,
        wire::UserActionState::ReviewRequired => State::ReviewRequired,
        wire::UserActionState::ReviewSucceeded => State::ReviewSucceeded,
        wire::UserActionState::ReviewFailed => State::ReviewFailed,
    }
}

fn attributes(wire: wire::UserAttributes) -> Result<Attributes, Refusal> {
    let default_method = match wire.default_verification_method {
        None => None,
        Some(word) => Some(method_of(word).ok_or_else(|| {
            Refusal::Invalid(format!(
                "defaultVerificationMethod: the mock has no authenticators of the method {word}"
            ))
        })?),
    };
    Ok(Attributes {
        email: wire.email,
        email_verified: wire.email_verified,
        phone_number: wire.phone_number,
        phone_number_verified: wire.phone_number_verified,
        username: wire.username,
        display_name: wire.display_name,
        locale: wire.locale,
        default_method,
        custom: wire.custom.map(|custom| custom.0),
    })
}

fn record(user_id: &str, user: &User) -> wire::UserRecord {
    let attributes = user.attributes.clone();
    wire::UserRecord {
        user_id: user_id.to_owned(),
        email: attributes.email,
        email_verified: Some(attributes.email_verified.unwrap_or(false)),
        phone_number: attributes.phone_number,
        phone_number_verified: Some(attributes.phone_number_verified.unwrap_or(false)),
        username: attributes.username,
        display_name: attributes.display_name,
        locale: attributes.locale,
        default_verification_method: attributes.default_method.map(method_word),
        custom: attributes.custom.map(wire::Custom),
    }
}

fn found(user_id: String, user: User) -> wire::FoundUser {
    let (enrolled, is_enrolled) = (user.enrolled_methods(), user.is_enrolled());
    wire::FoundUser {
        user_id,
        email: user.attributes.email,
        email_verified: Some(user.attributes.email_verified.unwrap_or(false)),
        phone_number: user.attributes.phone_number,
        phone_number_verified: Some(user.attributes.phone_number_verified.unwrap_or(false)),
        username: user.attributes.username,
        display_name: user.attributes.display_name,
        is_enrolled: Some(is_enrolled),
        enrolled_verification_methods: methods(&enrolled),
        created_at: Some(iso(user.created)),
    }
}

fn authenticator(
    user_id: &str,
    user: Option<&User>,
    authenticator: &Authenticator,
) -> wire::UserAuthenticator {
    let is_default = user.and_then(User::default_method) == Some(authenticator.method);
    let attributes = user
        .filter(|_| authenticator.credential.is_some())
        .map(|user| &user.attributes);
    wire::UserAuthenticator {
        user_id: Some(user_id.to_owned()),
        user_authenticator_id: authenticator.id.clone(),
        verification_method: method_word(authenticator.method),
        created_at: iso(authenticator.created),
        verified_at: authenticator.verified.map(iso),
        last_verified_at: authenticator.last_verified.map(iso),
        email: authenticator.email.clone(),
        phone_number: authenticator.phone_number.clone(),
        username: attributes.and_then(|attributes| attributes.username.clone()),
        display_name: attributes.and_then(|attributes| attributes.display_name.clone()),
        previous_sms_channel: None,
        is_default: Some(is_default),
        webauthn_credential: authenticator.credential.as_ref().map(credential),
    }
}

/// Models whose names are known. Ids are those that the makers publish.
pub fn model_name(aaguid: &str) -> Option<&'static str> {
    match aaguid {
        "fbfc3007-154e-4ecc-8c0b-6e020557d7bd" => Some("iCloud Keychain"),
        "ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4" => Some("Google Password Manager"),
        _ => None,
    }
}

fn credential(credential: &Credential) -> wire::WebauthnCredential {
    let name = credential.aaguid.as_deref().and_then(model_name);
    let record = &credential.record;
    wire::WebauthnCredential {
        credential_id: credential.id.clone(),
        device_id: credential.device_id.clone(),
        name: credential.name.clone(),
        aaguid: credential.aaguid.clone(),
        aaguid_mapping: name.map(|name| wire::AaguidMapping {
            name: Some(name.to_owned()),
            svg_icon_light: None,
            svg_icon_dark: None,
        }),
        credential_backed_up: record.backup.map(Backup::is_backed_up),
        credential_device_type: record.backup.map(|own| own.device_type().to_owned()),
        authenticator_attachment: record.attachment.map(|own| own.word().to_owned()),
        parsed_user_agent: credential
            .browser
            .as_ref()
            .map(|browser| wire::ParsedUserAgent {
                ua: None,
                browser: Some(wire::ParsedBrowser {
                    name: Some(browser.clone()),
                    version: None,
                    major: None,
                }),
                device: None,
                engine: None,
                os: None,
                cpu: None,
            }),
    }
}

fn device(user_id: &str, device: &Device) -> wire::Device {
    wire::Device {
        user_id: user_id.to_owned(),
        device_id: device.id.clone(),
        created_at: iso(device.created),
        authenticated_at: device.authenticated.map(iso),
        invalidated_at: device.invalidated.map(iso),
        remembered_until: device.remembered_until.map(iso),
        last_verification_method: device.last_method.map(method_word),
    }
}

fn action(domain: &Domain, user_id: &str, action: &Action) -> wire::Action {
    let rules = domain.rules(&action.rule_ids).map(|rule| wire::Rule {
        rule_id: rule.id.clone(),
        name: rule.name.clone(),
        description: rule.description.clone(),
    });
    wire::Action {
        state: state_word(action.state),
        created_at: iso(action.created),
        state_updated_at: iso(action.state_updated),
        // Present and not null: go and python need it.
        output: wire::Output(serde_json::Map::new()),
        verification_method: action.method.map(method_word),
        rules: Some(rules.collect()),
        rule_ids: Some(action.rule_ids.clone()),
        priority_rule_id: action.rule_ids.first().cloned(),
        user_id: Some(user_id.to_owned()),
        action: Some(action.code.clone()),
        idempotency_key: Some(action.key.clone()),
    }
}

/// The answer of update_action: the same members, by another name, because sources agree on one of them alone.
fn updated(action: wire::Action) -> wire::UpdatedAction {
    wire::UpdatedAction {
        state: action.state,
        created_at: Some(action.created_at),
        state_updated_at: Some(action.state_updated_at),
        output: Some(action.output),
        verification_method: action.verification_method,
        rules: action.rules,
        rule_ids: action.rule_ids,
        priority_rule_id: action.priority_rule_id,
        user_id: action.user_id,
        action: action.action,
        idempotency_key: action.idempotency_key,
    }
}

fn listed(action: &Action) -> wire::UserAction {
    wire::UserAction {
        action_code: action.code.clone(),
        idempotency_key: action.key.clone(),
        state: state_word(action.state),
        created_at: iso(action.created),
        updated_at: Some(iso(action.updated)),
        state_updated_at: Some(iso(action.state_updated)),
        verification_method: action.method.map(method_word),
        verified_by_authenticator_id: action.authenticator_id.clone(),
        user_agent: action.user_agent.clone(),
        ip_address: action.ip_address.clone(),
        country_code: None,
    }
}

fn known(wire: wire::TrackAttributes) -> Known {
    Known {
        idempotency_key: wire.idempotency_key.map(String::from),
        redirect_url: wire.redirect_url,
        to_settings: wire.redirect_to_settings.unwrap_or(false),
        email: wire.email,
        phone_number: wire.phone_number,
        username: wire.username,
        ip_address: wire.ip_address,
        user_agent: wire.user_agent,
        device_id: wire.device_id,
        scope: wire.scope,
        custom: wire.custom.map(|custom| custom.0),
        challenge_id: wire.challenge_id,
        locale: wire.locale,
    }
}

fn enrollment(wire: wire::EnrollVerifiedAuthenticator) -> Result<Enrollment, Refusal> {
    let method = match (wire.verification_method, wire.oob_channel) {
        (Some(method), _) => Method::of_word(&method.to_string()),
        (None, Some(channel)) => Method::of_word(&channel.to_string()),
        (None, None) => None,
    };
    let method = method.ok_or_else(|| {
        Refusal::Invalid("verificationMethod is required, or the legacy oobChannel".to_owned())
    })?;
    Ok(Enrollment {
        method,
        email: wire.email,
        phone_number: wire.phone_number,
        otp_uri: wire.otp_uri,
        credential_id: wire.credential_id,
        credential_public_key: wire.credential_public_key,
        name: wire.name,
        aaguid: None,
        browser: None,
        is_default: wire.is_default.unwrap_or(false),
    })
}

/// The claims of an ID token of Apple or Google. Its signature is not checked: the mock has no network to ask for keys.
fn id_token_claims(token: &str) -> Result<serde_json::Map<String, serde_json::Value>, Refusal> {
    let payload = token
        .split('.')
        .nth(1)
        .and_then(|payload| URL_SAFE_NO_PAD.decode(payload).ok());
    payload
        .and_then(|payload| serde_json::from_slice(&payload).ok())
        .ok_or_else(|| Refusal::Invalid("query parameter token is no ID token".to_owned()))
}

fn success() -> wire::Success {
    wire::Success { success: true }
}

fn tokens((access_token, refresh_token): (String, String)) -> wire::SessionTokens {
    wire::SessionTokens {
        access_token,
        refresh_token,
    }
}

fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

impl Authsignal {
    fn update(
        caller: &Caller,
        user_id: &str,
        body: wire::UserAttributes,
    ) -> Result<wire::UserRecord, Refusal> {
        let attributes = attributes(body)?;
        Ok(caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            record(
                user_id,
                authsignal.update_user(ids, user_id, attributes, now),
            )
        }))
    }
}

impl api::Api for Authsignal {
    async fn get_user(&self, caller: Caller, request: api::GetUserRequest) -> api::GetUserResponse {
        let user_id = String::from(request.user_id);
        // Old SDKs name a page to come back to, and read a `url` to send the user to.
        let wants_page = request.redirect_url.is_some();
        let (mut answer, token) = caller.look(|world, now| {
            let authsignal = &world.authsignal;
            let user = authsignal.user(&user_id);
            let attributes = user.map(|user| user.attributes.clone()).unwrap_or_default();
            let answer = wire::User {
                is_enrolled: user.is_some_and(User::is_enrolled),
                user_id: Some(user_id.clone()),
                email: attributes.email,
                email_verified: Some(attributes.email_verified.unwrap_or(false)),
                phone_number: attributes.phone_number,
                phone_number_verified: Some(attributes.phone_number_verified.unwrap_or(false)),
                username: attributes.username,
                display_name: attributes.display_name,
                locale: attributes.locale,
                allowed_verification_methods: methods(authsignal.allowed()),
                enrolled_verification_methods: methods(
                    &user.map(User::enrolled_methods).unwrap_or_default(),
                ),
                default_verification_method: user.and_then(User::default_method).map(method_word),
                custom: attributes.custom.map(wire::Custom),
                url: None,
            };
            (
                answer,
                wants_page.then(|| authsignal.user_token(&user_id, None, &caller.base(), now)),
            )
        });
        answer.url = token.map(|token| page(&caller.base(), &token));
        api::GetUserResponse::Ok(answer)
    }

    async fn update_user(
        &self,
        caller: Caller,
        request: api::UpdateUserRequest,
    ) -> api::UpdateUserResponse {
        answer!(
            UpdateUserResponse,
            Self::update(&caller, &request.user_id, request.body)
        )
    }

    async fn identify(
        &self,
        caller: Caller,
        request: api::IdentifyRequest,
    ) -> api::IdentifyResponse {
        answer!(
            IdentifyResponse,
            Self::update(&caller, &request.user_id, request.body)
        )
    }

    async fn delete_user(
        &self,
        caller: Caller,
        request: api::DeleteUserRequest,
    ) -> api::DeleteUserResponse {
        let with_actions = request.actions.unwrap_or(false);
        caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            authsignal.delete_user(ids, &request.user_id, with_actions, now);
        });
        api::DeleteUserResponse::Ok(success())
    }

    async fn query_users(
        &self,
        caller: Caller,
        request: api::QueryUsersRequest,
    ) -> api::QueryUsersResponse {
        let limit = request
            .limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(DEFAULT_LIMIT);
        let query = || {
            let claims = request.token.as_deref().map(id_token_claims).transpose()?;
            let claimed = claims
                .as_ref()
                .map(|claims| claims.get("email").and_then(serde_json::Value::as_str));
            let email = match (request.email.clone(), claimed) {
                (Some(email), _) => Some(email),
                (None, Some(Some(email))) => Some(email.to_owned()),
                (None, Some(None)) => {
                    return Err(Refusal::Invalid(
                        "query parameter token has no e-mail claim".to_owned(),
                    ));
                }
                (None, None) => None,
            };
            let filter = UserFilter {
                username: request.username.clone(),
                email,
                phone_number: request.phone_number.clone(),
            };
            let after = request.last_evaluated_user_id.as_deref();
            let (page, more) =
                caller.look(|world, _| world.authsignal.query_users(&filter, after, limit))?;
            let last = page.last().map(|(id, _)| id.clone()).filter(|_| more);
            Ok(wire::UserPage {
                users: page.into_iter().map(|(id, user)| found(id, user)).collect(),
                last_evaluated_user_id: last,
                token_payload: claims.map(wire::Claims),
            })
        };
        answer!(QueryUsersResponse, query())
    }

    async fn get_authenticators(
        &self,
        caller: Caller,
        request: api::GetAuthenticatorsRequest,
    ) -> api::GetAuthenticatorsResponse {
        let list = caller.look(|world, _| {
            let user = world.authsignal.user(&request.user_id);
            user.map_or_else(Vec::new, |known| {
                known
                    .authenticators
                    .iter()
                    .map(|one| authenticator(&request.user_id, user, one))
                    .collect()
            })
        });
        api::GetAuthenticatorsResponse::Ok(wire::UserAuthenticators(list))
    }

    async fn enroll_verified_authenticator(
        &self,
        caller: Caller,
        request: api::EnrollVerifiedAuthenticatorRequest,
    ) -> api::EnrollVerifiedAuthenticatorResponse {
        let user_id = String::from(request.user_id);
        let enrolled = enrollment(request.body).and_then(|enrollment| {
            caller.transact(|world, now| {
                let World {
                    ids, authsignal, ..
                } = world;
                let (enrolled, recovery_codes) =
                    authsignal.enroll(ids, &user_id, enrollment, now)?;
                let authenticator = authenticator(&user_id, authsignal.user(&user_id), &enrolled);
                Ok(wire::EnrolledAuthenticator {
                    authenticator,
                    recovery_codes,
                })
            })
        });
        answer!(EnrollVerifiedAuthenticatorResponse, enrolled)
    }

    async fn delete_authenticator(
        &self,
        caller: Caller,
        request: api::DeleteAuthenticatorRequest,
    ) -> api::DeleteAuthenticatorResponse {
        let deleted = caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            let (user_id, id) = (&request.user_id, &request.user_authenticator_id);
            authsignal.delete_authenticator(ids, user_id, id, now)
        });
        answer!(DeleteAuthenticatorResponse, deleted.map(|()| success()), NotFound => NotFound)
    }

    async fn batch_enroll_passkeys(
        &self,
        caller: Caller,
        request: api::BatchEnrollPasskeysRequest,
    ) -> api::BatchEnrollPasskeysResponse {
        let passkeys = request.body.authenticators;
        let total = passkeys.len();
        let mut failures = Vec::new();
        caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            for passkey in passkeys {
                let user_id = String::from(passkey.user_id);
                if authsignal.has_credential(&user_id, &passkey.credential_id) {
                    continue;
                }
                let enrollment = Enrollment {
                    method: Method::Passkey,
                    email: None,
                    phone_number: None,
                    otp_uri: None,
                    credential_id: Some(passkey.credential_id.clone()),
                    credential_public_key: Some(passkey.credential_public_key),
                    name: passkey.name,
                    aaguid: passkey.aaguid,
                    browser: None,
                    is_default: false,
                };
                if let Err(refusal) = authsignal.enroll(ids, &user_id, enrollment, now) {
                    failures.push(wire::BatchFailure {
                        user_id,
                        credential_id: passkey.credential_id,
                        error_code: told(&refusal).error_code,
                        error_description: refusal.to_string(),
                    });
                }
            }
        });
        let failed = failures.len();
        api::BatchEnrollPasskeysResponse::Ok(wire::BatchResult {
            total: count(total),
            succeeded: count(total - failed),
            failed: count(failed),
            failures,
        })
    }

    async fn track(&self, caller: Caller, request: api::TrackRequest) -> api::TrackResponse {
        let known = known(request.body);
        let (user_id, code) = (&request.user_id, &request.action);
        let tracked = caller.tenant.transact_delivered(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            authsignal.track(ids, user_id, code, known, now)
        });
        let tracked = tracked.await;
        let answer = tracked.map(|tracked| {
            let (token, url) = caller.token_and_page(&tracked, user_id, code);
            wire::Tracked {
                state: state_word(tracked.state),
                idempotency_key: tracked.key,
                challenge_url: Some(url.clone()),
                url,
                token,
                is_enrolled: tracked.is_enrolled,
                allowed_verification_methods: methods(&tracked.allowed),
                enrolled_verification_methods: methods(&tracked.enrolled),
                default_verification_method: tracked.default.map(method_word),
                rule_ids: Some(tracked.rule_ids),
            }
        });
        answer!(TrackResponse, answer)
    }

    async fn get_action(
        &self,
        caller: Caller,
        request: api::GetActionRequest,
    ) -> api::GetActionResponse {
        let user_id = String::from(request.user_id);
        let found = caller.look(|world, _| {
            let authsignal = &world.authsignal;
            let found = authsignal.action(&user_id, &request.action, &request.idempotency_key)?;
            Ok(action(authsignal, &user_id, found))
        });
        answer!(GetActionResponse, found, NotFound => NotFound)
    }

    async fn update_action(
        &self,
        caller: Caller,
        request: api::UpdateActionRequest,
    ) -> api::UpdateActionResponse {
        let user_id = String::from(request.user_id);
        // No answer tells what custom reads, so it is not kept.
        let state = state_of(request.body.state);
        let changed = caller.transact(|world, now| {
            let (code, key) = (&request.action, &request.idempotency_key);
            let changed = world
                .authsignal
                .update_action(&user_id, code, key, state, now)?
                .clone();
            Ok(updated(action(&world.authsignal, &user_id, &changed)))
        });
        answer!(UpdateActionResponse, changed, NotFound => NotFound)
    }

    async fn query_user_actions(
        &self,
        caller: Caller,
        request: api::QueryUserActionsRequest,
    ) -> api::QueryUserActionsResponse {
        let codes: Option<Vec<String>> = request.codes.map(|codes| {
            codes
                .split(',')
                .map(|code| code.trim().to_owned())
                .collect()
        });
        let state = request.state.map(state_of);
        let list = caller.look(|world, now| {
            let actions = world.authsignal.query_actions(
                &request.user_id,
                codes.as_deref(),
                state,
                request.from_date,
                now,
            );
            actions.map(listed).collect()
        });
        api::QueryUserActionsResponse::Ok(wire::UserActions(list))
    }

    async fn validate_challenge(
        &self,
        caller: Caller,
        request: api::ValidateChallengeRequest,
    ) -> api::ValidateChallengeResponse {
        let wire::TokenToValidate {
            token,
            user_id,
            action,
            action_code,
        } = request.body;
        let action = action.or(action_code);
        let read = caller.tenant.authsignal().keys.read(&token);
        let proof = caller.look(|world, now| {
            world
                .authsignal
                .validate(read, user_id.as_deref(), action.as_deref(), now)
        });
        api::ValidateChallengeResponse::Ok(match proof {
            Proof::Of {
                state,
                state_updated,
                user_id,
                action,
                key,
                method,
            } => wire::Validated {
                is_valid: state == State::ChallengeSucceeded,
                state: Some(state_word(state)),
                state_updated_at: Some(iso(state_updated)),
                user_id: Some(user_id),
                action_code: Some(action.clone()),
                action: Some(action),
                idempotency_key: Some(key),
                verification_method: method.map(method_word),
                error: None,
            },
            Proof::Nothing(error) => wire::Validated {
                is_valid: false,
                state: None,
                state_updated_at: None,
                user_id: None,
                action: None,
                action_code: None,
                idempotency_key: None,
                verification_method: None,
                error: Some(error.to_owned()),
            },
        })
    }

    async fn challenge(
        &self,
        caller: Caller,
        request: api::ChallengeRequest,
    ) -> api::ChallengeResponse {
        let body = request.body;
        let wanted = ChallengeRequest {
            method: body
                .verification_method
                .and_then(|method| Method::of_word(&method.to_string())),
            action: body.action.map(String::from),
            email: body.email,
            phone_number: body.phone_number,
            challenge_id: body.challenge_id,
            idempotency_key: body.idempotency_key.map(String::from),
            user_id: body.user_id,
            scope: body.scope,
            surroundings: Surroundings {
                user_agent: body.user_agent,
                timezone: None,
                ip_address: body.ip_address,
                locale: body.locale,
            },
        };
        let started = caller.tenant.transact_delivered(|world, now| {
            let World {
                ids,
                outbox,
                authsignal,
                ..
            } = world;
            authsignal.challenge(ids, outbox, wanted, now)
        });
        let started = started.await;
        let answer = started.map(|challenge| wire::ChallengeStarted {
            challenge_id: challenge.id,
            idempotency_key: Some(challenge.idempotency_key),
            expires_at: challenge.expires.as_second(),
        });
        answer!(ChallengeResponse, answer, NotFound => NotFound, TooMany => TooManyRequests)
    }

    async fn verify(&self, caller: Caller, request: api::VerifyRequest) -> api::VerifyResponse {
        let wire::CodeToVerify {
            challenge_id,
            verification_code,
        } = request.body;
        let tried = caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            authsignal.verify(ids, &challenge_id, &verification_code, now)
        });
        let answer = tried.map(|(attempt, challenge)| {
            let right = attempt == Attempt::Right;
            let address = Some(challenge.address).filter(|_| right);
            let is_email = challenge.method.is_email();
            wire::Verified {
                is_verified: right,
                email: address.clone().filter(|_| is_email),
                phone_number: address.filter(|_| !is_email),
                verification_method: right.then(|| method_word(challenge.method)),
                failure_reason: match attempt {
                    Attempt::Right => None,
                    Attempt::Wrong => Some(wire::FailureReason::CodeInvalidOrExpired),
                    Attempt::TooMany => Some(wire::FailureReason::MaxAttemptsExceeded),
                },
            }
        });
        answer!(VerifyResponse, answer, NotFound => NotFound)
    }

    async fn claim_challenge(
        &self,
        caller: Caller,
        request: api::ClaimChallengeRequest,
    ) -> api::ClaimChallengeResponse {
        let wire::ChallengeToClaim {
            challenge_id,
            user_id,
            skip_verification_check,
        } = request.body;
        let skip = skip_verification_check.unwrap_or(false);
        let base = caller.base();
        let claimed = caller.tenant.transact_delivered(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            authsignal.claim(ids, &challenge_id, &user_id, skip, &base, now)
        });
        let claimed = claimed.await;
        let answer = claimed.map(|(token, method)| wire::Claimed {
            token,
            verification_method: Some(method_word(method)),
        });
        answer!(ClaimChallengeResponse, answer, NotFound => NotFound)
    }

    async fn get_challenge(
        &self,
        caller: Caller,
        request: api::GetChallengeRequest,
    ) -> api::GetChallengeResponse {
        let method = request.verification_method.map(method_of);
        let answer = caller.look(|world, _| {
            let api::GetChallengeRequest {
                challenge_id,
                user_id,
                action,
                ..
            } = &request;
            // A method that the mock has no challenges of matches none.
            let found = match method {
                Some(None) => None,
                other => world.authsignal.find_challenge(
                    challenge_id.as_deref(),
                    user_id.as_deref(),
                    action.as_deref(),
                    other.flatten(),
                ),
            };
            let address = found
                .map(|challenge| challenge.address.clone())
                .filter(|address| !address.is_empty());
            let is_email = found.is_some_and(|challenge| challenge.method.is_email());
            wire::Challenge {
                challenge_id: found.map(|challenge| challenge.id.clone()),
                expires_at: found.map(|challenge| challenge.expires.as_second()),
                verification_method: found.map(|challenge| method_word(challenge.method)),
                sms_channel: None,
                phone_number: address.clone().filter(|_| !is_email),
                email: address.filter(|_| is_email),
                action: found.map(|challenge| challenge.action.clone()),
            }
        });
        api::GetChallengeResponse::Ok(answer)
    }

    async fn login_with_email(
        &self,
        caller: Caller,
        request: api::LoginWithEmailRequest,
    ) -> api::LoginWithEmailResponse {
        let email = String::from(request.email);
        let known = Known {
            email: Some(email.clone()),
            redirect_url: request.body.redirect_url,
            ..Known::default()
        };
        let tracked = caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            let user_id = authsignal.user_of_email(ids, &email, now);
            let tracked = authsignal.track(ids, &user_id, LOGIN, known, now);
            tracked.map(|tracked| (user_id, tracked))
        });
        let answer = tracked.map(|(user_id, tracked)| wire::LoginStarted {
            url: caller.token_and_page(&tracked, &user_id, LOGIN).1,
        });
        answer!(LoginWithEmailResponse, answer)
    }

    async fn create_token(
        &self,
        caller: Caller,
        request: api::CreateTokenRequest,
    ) -> api::CreateTokenResponse {
        let wire::TokenToCreate { user_id, scope } = request.body;
        let access_token = caller.transact(|world, now| {
            world
                .authsignal
                .user_token(&user_id, scope.as_deref(), &caller.base(), now)
        });
        api::CreateTokenResponse::Ok(wire::AccessToken { access_token })
    }

    async fn create_session(
        &self,
        caller: Caller,
        request: api::CreateSessionRequest,
    ) -> api::CreateSessionResponse {
        let wire::SessionToCreate {
            client_id,
            token,
            action,
        } = request.body;
        let created = caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            authsignal.create_session(
                ids,
                &client_id,
                &token,
                action.as_deref(),
                &caller.base(),
                now,
            )
        });
        answer!(CreateSessionResponse, created.map(tokens), Unauthorized => Unauthorized)
    }

    async fn validate_session(
        &self,
        caller: Caller,
        request: api::ValidateSessionRequest,
    ) -> api::ValidateSessionResponse {
        let wire::SessionToValidate {
            access_token,
            client_ids,
        } = request.body;
        let validated = caller.look(|world, now| {
            let authsignal = &world.authsignal;
            let (session, expires_at) =
                authsignal.validate_session(&access_token, client_ids.as_deref(), now)?;
            let user = authsignal.user(&session.user_id);
            let fresh = User::new(now);
            Ok(wire::ValidatedSession {
                user: record(&session.user_id, user.unwrap_or(&fresh)),
                expires_at,
                verification_method: session.method.map(method_word),
            })
        });
        answer!(ValidateSessionResponse, validated, Unauthorized => Unauthorized)
    }

    async fn refresh_session(
        &self,
        caller: Caller,
        request: api::RefreshSessionRequest,
    ) -> api::RefreshSessionResponse {
        let refreshed = caller.transact(|world, now| {
            let World {
                ids, authsignal, ..
            } = world;
            authsignal.refresh_session(ids, &request.body.refresh_token, &caller.base(), now)
        });
        answer!(RefreshSessionResponse, refreshed.map(tokens), Unauthorized => Unauthorized)
    }

    async fn revoke_session(
        &self,
        caller: Caller,
        request: api::RevokeSessionRequest,
    ) -> api::RevokeSessionResponse {
        match caller.transact(|world, now| {
            world
                .authsignal
                .revoke_session(&request.body.access_token, now)
        }) {
            Ok(()) => api::RevokeSessionResponse::NoContent,
            Err(refusal) => api::RevokeSessionResponse::Unauthorized(told(&refusal)),
        }
    }

    async fn revoke_user_sessions(
        &self,
        caller: Caller,
        request: api::RevokeUserSessionsRequest,
    ) -> api::RevokeUserSessionsResponse {
        caller.transact(|world, _| world.authsignal.revoke_user_sessions(&request.body.user_id));
        api::RevokeUserSessionsResponse::NoContent
    }

    async fn get_tenant_authenticators(
        &self,
        caller: Caller,
        _request: api::GetTenantAuthenticatorsRequest,
    ) -> api::GetTenantAuthenticatorsResponse {
        let list = caller.look(|world, _| {
            let configured = world.authsignal.allowed().iter();
            configured
                .map(|method| wire::AuthenticatorConfiguration {
                    // One configuration for each method, so the method names it.
                    authenticator_id: method.word().to_lowercase(),
                    verification_method: method_word(*method),
                    is_active: true,
                    is_editable_by_user: Some(true),
                    is_hidden_to_user: Some(false),
                    sms_channel: (*method == Method::Sms).then_some(wire::SmsChannel::Default),
                })
                .collect()
        });
        api::GetTenantAuthenticatorsResponse::Ok(wire::AuthenticatorConfigurations(list))
    }

    async fn get_devices(
        &self,
        caller: Caller,
        request: api::GetDevicesRequest,
    ) -> api::GetDevicesResponse {
        let list = caller.transact(|world, _| {
            let devices = world
                .authsignal
                .user(&request.user_id)
                .map(|user| user.devices.as_slice());
            devices
                .unwrap_or_default()
                .iter()
                .map(|one| device(&request.user_id, one))
                .collect()
        });
        api::GetDevicesResponse::Ok(wire::Devices(list))
    }

    async fn update_device(
        &self,
        caller: Caller,
        request: api::UpdateDeviceRequest,
    ) -> api::UpdateDeviceResponse {
        let (user_id, until) = (&request.user_id, request.body.remembered_until);
        let updated = caller.transact(|world, now| {
            world
                .authsignal
                .remember_device(user_id, &request.device_id, until, now)
                .map(|one| device(user_id, one))
        });
        answer!(UpdateDeviceResponse, updated, NotFound => NotFound)
    }

    async fn invalidate_device(
        &self,
        caller: Caller,
        request: api::InvalidateDeviceRequest,
    ) -> api::InvalidateDeviceResponse {
        let user_id = &request.user_id;
        let invalidated = caller.transact(|world, now| {
            world
                .authsignal
                .invalidate_device(user_id, &request.device_id, now)
                .map(|one| device(user_id, one))
        });
        answer!(InvalidateDeviceResponse, invalidated, NotFound => NotFound)
    }

    async fn get_jwks(
        &self,
        _caller: Caller,
        _request: api::GetJwksRequest,
    ) -> api::GetJwksResponse {
        api::GetJwksResponse::Ok(wire::Jwks {
            keys: vec![wire::Jwk {
                kty: "RSA".to_owned(),
                use_: Some("sig".to_owned()),
                alg: Some("RS256".to_owned()),
                kid: KEY_ID.to_owned(),
                n: RSA_MODULUS.to_owned(),
                e: RSA_EXPONENT.to_owned(),
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn a_page_is_on_localhost_where_the_mock_is_called_by_a_loopback_address() {
        for (base, origin) in [
            ("http://127.0.0.1:4750", "http://localhost:4750"),
            ("http://127.9.9.9", "http://localhost"),
            ("http://[::1]:4750", "http://localhost:4750"),
            ("http://[::1]", "http://localhost"),
            ("http://localhost:4750", "http://localhost:4750"),
            ("http://192.168.0.7:4750", "http://192.168.0.7:4750"),
            ("http://mock.test", "http://mock.test"),
        ] {
            assert_eq!(page(base, "t"), format!("{origin}/challenge?token=t"));
        }
    }
}
