//! A user with a software passkey or security key at the vendor's Client API: enrols it, and passes challenges with it, as
//! a page of the application does. Knows neither keys nor signatures: those are the authenticator's.

use serde_json::{Value, json};

use super::client::{ActionName, DeviceOutcome, Holder, Identity, call, text, token, waiting};
use super::passkey::Authenticator;
use super::phone::{Line, Trouble};
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::webauthn::Kind;
use crate::generated::authsignal_client::operations::{self, Operation};

/// The default origin of the page. The mock's own pages have the same host, so a credential of the one works for the
/// other.
pub const ORIGIN: &str = "http://localhost";

/// What a ceremony is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wish<'a> {
    /// Passkey or security key; `None` means, for an approval, what the user has enrolled.
    pub kind: Option<Kind>,
    /// The action, by its code: `None` means the newest one that waits for an approval, and no action for an enrolment.
    pub action: Option<&'a str>,
    /// Origin of the page; `None` means [`ORIGIN`].
    pub origin: Option<&'a str>,
}

/// The operations of one kind: options to register, registering, options to authenticate, authenticating.
fn operations_of(kind: Kind) -> [&'static Operation; 4] {
    match kind {
        Kind::Passkey => [
            &operations::PASSKEY_REGISTRATION_OPTIONS,
            &operations::ENROLL_PASSKEY,
            &operations::PASSKEY_AUTHENTICATION_OPTIONS,
            &operations::VERIFY_PASSKEY,
        ],
        Kind::SecurityKey => [
            &operations::SECURITY_KEY_REGISTRATION_OPTIONS,
            &operations::ENROLL_SECURITY_KEY,
            &operations::SECURITY_KEY_AUTHENTICATION_OPTIONS,
            &operations::VERIFY_SECURITY_KEY,
        ],
    }
}

/// Enrols a passkey or a security key for a user. Where an action is named, it passes thereby.
///
/// # Errors
/// The action does not wait, the authenticator is enrolled already, or the mock refuses it.
pub async fn enroll<L: Line>(
    line: &L,
    holder: Holder<'_>,
    wish: Wish<'_>,
) -> Result<DeviceOutcome, Trouble> {
    let kind = wish.kind.unwrap_or(Kind::Passkey);
    let action = match wish.action {
        Some(code) => Some(waiting(holder, Some(code))?),
        None => None,
    };
    let [options, finish, ..] = operations_of(kind);
    let page = UserPage::new(line, holder, wish, action.as_ref());
    let options = page.call(options, &json!({})).await?;
    let credential = Authenticator::of_device(holder.device).create(&options, page.origin)?;
    let answer = page.finish(
        kind,
        finish,
        "registrationCredential",
        &options,
        &credential,
    );
    let answer = answer.await?;
    let enrolled = &answer["userAuthenticator"];
    Ok(DeviceOutcome {
        authenticator_id: text(&answer, "userAuthenticatorId")
            .or_else(|| text(enrolled, "userAuthenticatorId")),
        credential_id: text(&credential, "id"),
        ..DeviceOutcome::new(holder)
    }
    .about(holder.tenant, action))
}

/// Passes the challenge of an action with a user's passkey or security key.
///
/// # Errors
/// No action waits, the user has not enrolled this authenticator, or the mock refuses it.
pub async fn approve<L: Line>(
    line: &L,
    holder: Holder<'_>,
    wish: Wish<'_>,
) -> Result<DeviceOutcome, Trouble> {
    let action = waiting(holder, wish.action)?;
    let kind = match wish.kind {
        Some(kind) => kind,
        None => enrolled(holder)?,
    };
    let [.., options, finish] = operations_of(kind);
    let page = UserPage::new(line, holder, wish, Some(&action));
    let options = page.call(options, &json!({})).await?;
    let credential = Authenticator::of_device(holder.device).get(&options, page.origin, &[])?;
    let answer = page.finish(
        kind,
        finish,
        "authenticationCredential",
        &options,
        &credential,
    );
    let answer = answer.await?;
    Ok(DeviceOutcome {
        authenticator_id: text(&answer, "userAuthenticatorId"),
        credential_id: text(&credential, "id"),
        ..DeviceOutcome::new(holder)
    }
    .about(holder.tenant, Some(action)))
}

/// Signs a user in with a passkey alone, as a page does that does not know the user yet. Returns the token that proves it.
///
/// # Errors
/// The user has not enrolled a passkey of this authenticator, or the mock refuses it.
pub async fn sign_in<L: Line>(
    line: &L,
    holder: Holder<'_>,
    origin: Option<&str>,
) -> Result<String, Trouble> {
    let origin = origin.unwrap_or(ORIGIN);
    let held = holder.tenant.look(|authsignal, _| {
        let user = authsignal.user(holder.user_id);
        let own = user.map(|user| user.authenticators.as_slice());
        let own = own.unwrap_or_default().iter();
        own.filter(|own| own.method == Method::Passkey)
            .filter_map(|own| Some(own.credential.as_ref()?.id.clone()))
            .collect::<Vec<_>>()
    });
    if held.is_empty() {
        let user = holder.user_id;
        return Err(Trouble::Impossible(format!(
            "user {user} has no passkey; enrol one first"
        )));
    }
    let [.., options, finish] = operations_of(Kind::Passkey);
    let caller = Identity::Tenant(holder.tenant, Some(origin));
    let options = call(line, caller, options, &[], Some(&json!({}))).await?;
    let credential = Authenticator::of_device(holder.device).get(&options, origin, &held)?;
    let body = json!({
        "authenticationCredential": credential,
        "challengeId": options.get("challengeId"),
    });
    let answer = call(line, caller, finish, &[], Some(&body)).await?;
    text(&answer, "accessToken").ok_or_else(|| {
        Trouble::Impossible(
            "the mock did not accept the passkey: there is no accessToken".to_owned(),
        )
    })
}

/// What a user has enrolled, a passkey before a security key.
fn enrolled(holder: Holder<'_>) -> Result<Kind, Trouble> {
    let methods = holder.tenant.look(|authsignal, _| {
        let user = authsignal.user(holder.user_id);
        user.map(|user| user.enrolled_methods()).unwrap_or_default()
    });
    let kinds = [
        (Method::Passkey, Kind::Passkey),
        (Method::SecurityKey, Kind::SecurityKey),
    ];
    let found = kinds
        .into_iter()
        .find(|(method, _)| methods.contains(method));
    found.map(|(_, kind)| kind).ok_or_else(|| {
        Trouble::Impossible(format!(
            "user {} has neither a passkey nor a security key; enrol one first",
            holder.user_id
        ))
    })
}

/// A page with the token of a user.
struct UserPage<'a, L> {
    line: &'a L,
    token: String,
    origin: &'a str,
}

impl<'a, L: Line> UserPage<'a, L> {
    fn new(line: &'a L, holder: Holder<'_>, wish: Wish<'a>, action: Option<&ActionName>) -> Self {
        Self {
            line,
            token: token(holder, action),
            origin: wish.origin.unwrap_or(ORIGIN),
        }
    }

    async fn call(&self, operation: &Operation, body: &Value) -> Result<Value, Trouble> {
        let caller = Identity::Token(&self.token, Some(self.origin));
        call(self.line, caller, operation, &[], Some(body)).await
    }

    /// Ends a ceremony: a passkey's credential goes in a member beside the challenge's id, a security key's is the body.
    async fn finish(
        &self,
        kind: Kind,
        operation: &Operation,
        member: &str,
        options: &Value,
        credential: &Value,
    ) -> Result<Value, Trouble> {
        let body = match kind {
            Kind::Passkey => {
                let mut body = json!({member: credential});
                if let Some(id) = options.get("challengeId") {
                    body["challengeId"] = id.clone();
                }
                body
            }
            Kind::SecurityKey => credential.clone(),
        };
        let answer = self.call(operation, &body).await?;
        if answer["isVerified"] == Value::Bool(true) {
            return Ok(answer);
        }
        Err(Trouble::Impossible(format!(
            "the mock did not accept the credential: {} answered isVerified false",
            operation.id
        )))
    }
}
