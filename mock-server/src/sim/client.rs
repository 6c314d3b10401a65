//! Authsignal's Client API as a user's browser or app calls it: with a token of the user, or with the tenant's id. Knows
//! no operation's meaning.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::phone::{Line, Trouble};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::action::Action;
use crate::domain::authsignal::address::Contact;
use crate::domain::authsignal::token::{EVERY, Grant};
use crate::domain::authsignal::vocabulary::State;
use crate::generated::authsignal_client::operations::Operation;
use crate::runtime::part::AuthsignalPart;
use crate::runtime::seed::SIMULATED_PHONE;

/// The host that simulated devices write to. Every request stays inside the process.
const HOST: &str = "device.stepup-mock.localhost";

/// Which user of which tenant a device is of, and which of the user's devices it is.
#[derive(Clone, Copy, Debug)]
pub struct Holder<'a> {
    /// The tenant.
    pub tenant: &'a AuthsignalPart,
    /// The user.
    pub user_id: &'a str,
    /// Name of the device; `None` means the user's first.
    pub device: Option<&'a str>,
}

impl Holder<'_> {
    /// Name of the device.
    pub fn device_name(&self) -> &str {
        self.device.unwrap_or(SIMULATED_PHONE)
    }

    /// A name that no other device has: what its keys follow from.
    pub(super) fn seed(&self, what: &str) -> String {
        let parts = [
            what,
            &self.tenant.account().id,
            self.user_id,
            self.device_name(),
        ];
        // As JSON, so that the parts cannot run into each other.
        serde_json::json!(parts).to_string()
    }
}

/// Names an action that a device acts on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ActionName {
    /// Its code.
    pub action: String,
    /// Its key.
    pub key: String,
}

/// Where an action of an Authsignal user stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionStatus {
    /// Code of the action, such as `signIn`.
    pub action: String,
    /// The key that distinguishes the actions of one code.
    pub idempotency_key: String,
    /// Its state.
    pub state: State,
}

impl ActionStatus {
    /// Where an action stands.
    pub fn of(action: &Action) -> Self {
        Self {
            action: action.code.clone(),
            idempotency_key: action.key.clone(),
            state: action.state,
        }
    }
}

/// What a software device of an Authsignal user has done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceOutcome {
    /// Id of the tenant.
    pub tenant_id: String,
    /// Id of the user.
    pub user_id: String,
    /// Id of the authenticator that the device is to the user.
    pub authenticator_id: Option<String>,
    /// Id of the credential of a passkey or a security key.
    pub credential_id: Option<String>,
    /// Id of the challenge of a push notification or a QR code.
    pub challenge_id: Option<String>,
    /// The action that it acted on, and its state.
    pub action: Option<ActionStatus>,
}

impl DeviceOutcome {
    pub(super) fn new(holder: Holder<'_>) -> Self {
        Self {
            tenant_id: holder.tenant.account().id.clone(),
            user_id: holder.user_id.to_owned(),
            authenticator_id: None,
            credential_id: None,
            challenge_id: None,
            action: None,
        }
    }

    /// Adds the action, if the mock still knows it.
    pub(super) fn about(mut self, tenant: &AuthsignalPart, name: Option<ActionName>) -> Self {
        self.action = name.and_then(|ActionName { action, key }| {
            tenant.look(|authsignal, _| {
                let action = authsignal.action(&self.user_id, &action, &key);
                action.map(ActionStatus::of).ok()
            })
        });
        self
    }
}

/// The newest action of a user that waits for a challenge, with that code if one is given.
///
/// # Errors
/// None waits.
pub(super) fn waiting(holder: Holder<'_>, code: Option<&str>) -> Result<ActionName, Trouble> {
    let found = holder.tenant.look(|authsignal, _| {
        authsignal
            .waiting(holder.user_id, code)
            .map(|action| ActionName {
                action: action.code.clone(),
                key: action.key.clone(),
            })
    });
    found.ok_or_else(|| {
        let what = code.map_or_else(
            || "no action".to_owned(),
            |code| format!("no action {code}"),
        );
        Trouble::Unknown(format!(
            "{what} of user {} waits for a challenge; track one first",
            holder.user_id
        ))
    })
}

/// A token as `track` gives it, for an action or for none.
pub(super) fn token(holder: Holder<'_>, waiting: Option<&ActionName>) -> String {
    let (action, key) = waiting.map_or(("", ""), |waiting| (&waiting.action, &waiting.key));
    let grant = holder.tenant.look(|authsignal, now| Grant {
        contact: Contact::default(),
        ..authsignal.grant(holder.user_id, action, key, Some(EVERY), now)
    });
    let base = format!("http://{HOST}");
    let tenant = holder.tenant.account();
    tenant.token(&grant, holder.user_id, action, key, &base)
}

/// How a request of a device identifies itself.
#[derive(Clone, Copy)]
pub(super) enum Identity<'a> {
    /// By a token of the user, and by the origin of the page if there is one.
    Token(&'a str, Option<&'a str>),
    /// By the tenant alone, which every app knows, and by the origin of the page if there is one.
    Tenant(&'a AuthsignalPart, Option<&'a str>),
}

/// Calls an operation with a query and a body; gives the answer.
///
/// # Errors
/// It was answered with an error.
pub(super) async fn call<L: Line>(
    line: &L,
    identity: Identity<'_>,
    operation: &Operation,
    query: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<Value, Trouble> {
    let mut target = operation.path.to_owned();
    for (at, (name, value)) in query.iter().enumerate() {
        target.push(if at == 0 { '?' } else { '&' });
        target.push_str(name);
        target.push('=');
        target.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
    }
    let mut headers = vec![("content-type", "application/json".to_owned())];
    match identity {
        Identity::Token(token, origin) => {
            headers.push(("authorization", format!("Bearer {token}")));
            headers.extend(origin.map(|origin| ("origin", origin.to_owned())));
        }
        Identity::Tenant(tenant, origin) => {
            let name = STANDARD.encode(format!("{}:", tenant.account().id));
            headers.push(("authorization", format!("Basic {name}")));
            headers.extend(origin.map(|origin| ("origin", origin.to_owned())));
        }
    }
    let body = body.map_or_else(Vec::new, |body| body.to_string().into_bytes());
    let (status, answer) = line
        .send(operation.method, HOST, &target, headers, body)
        .await;
    let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
    if (200..300).contains(&status) {
        return Ok(answer);
    }
    let why = answer["errorDescription"]
        .as_str()
        .unwrap_or("no reason given");
    let why = format!(
        "the device's request {} failed with status {status}: {why}",
        operation.id
    );
    Err(match status {
        404 => Trouble::Unknown(why),
        _ => Trouble::Impossible(why),
    })
}

/// Why Authsignal refused something that was no request of the device.
pub(super) fn refused(refusal: Refusal) -> Trouble {
    match refusal {
        Refusal::NotFound(why) => Trouble::Unknown(why),
        other => Trouble::Impossible(other.to_string()),
    }
}

/// A text of an answer.
pub(super) fn text(answer: &Value, member: &str) -> Option<String> {
    answer.get(member)?.as_str().map(str::to_owned)
}
