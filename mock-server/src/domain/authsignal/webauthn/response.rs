//! What has to be read from a response before `webauthn_rp` verifies it. Knows no open ceremony.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use serde_json::Value;

use super::{Fault, Kind};

/// What an authenticator answered.
#[derive(Clone, Copy, Debug)]
pub struct Response<'a> {
    /// Authenticator type that the credential is or will be enrolled as.
    pub kind: Kind,
    /// `RegistrationResponseJSON` or `AuthenticationResponseJSON`.
    pub json: &'a Value,
    /// Id of the challenge, if the request names it.
    pub challenge_id: Option<&'a str>,
    /// The origins that may be in it.
    pub origins: Origins<'a>,
    /// Whether the browser made the credential without asking the user.
    pub conditional: bool,
}

/// How the origin of an Android app begins. A mock cannot know which app it is.
const ANDROID_ORIGIN: &str = "android:apk-key-hash:";

/// The origins from which a response may come.
#[derive(Clone, Copy, Debug)]
pub struct Origins<'a> {
    /// That of the page that asks, if it may.
    pub page: Option<&'a str>,
    /// Those that the tenant has set. Without any, any Android app will do.
    pub set: &'a [String],
}

impl Origins<'_> {
    /// Whether that is one of them.
    pub fn accept(self, origin: &str) -> bool {
        self.page == Some(origin)
            || match self.set {
                [] => origin.starts_with(ANDROID_ORIGIN),
                set => set.iter().any(|one| one == origin),
            }
    }

    /// They, in words.
    pub(super) fn words(self) -> String {
        let page = self.page.map(str::to_owned);
        match self.set {
            [] => page.unwrap_or_default(),
            set => {
                let own = page.map(|page| format!("{page} or ")).unwrap_or_default();
                format!(
                    "{own}one of the tenant's expected origins: {}",
                    set.join(", ")
                )
            }
        }
    }
}

/// The type of what a browser has signed for a payment.
const PAYMENT: &str = "payment.get";

/// The part of `clientDataJSON` that selects the ceremony and that a refusal quotes.
pub(super) struct ClientData {
    /// The challenge, base64url.
    pub(super) challenge: String,
    /// The origin of the page.
    pub(super) origin: String,
    /// Whether the browser had it signed for a payment.
    pub(super) is_payment: bool,
}

impl ClientData {
    /// Reads it from a response.
    pub(super) fn of(response: &Value) -> Result<Self, Fault> {
        let malformed = || Fault::Malformed("clientDataJSON is not JSON in base64url".to_owned());
        let encoded = text(response, "/response/clientDataJSON")?;
        let decoded = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| malformed())?;
        let client_data: Value = serde_json::from_slice(&decoded).map_err(|_| malformed())?;
        let member = |name: &str| {
            let member = client_data.get(name).and_then(Value::as_str);
            member.map(str::to_owned).ok_or_else(|| {
                Fault::Malformed(format!("clientDataJSON has no string member {name}"))
            })
        };
        Ok(Self {
            challenge: member("challenge")?,
            origin: member("origin")?,
            is_payment: client_data.get("type").and_then(Value::as_str) == Some(PAYMENT),
        })
    }
}

/// The text at a JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str, Fault> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .ok_or_else(|| Fault::Malformed(format!("{pointer} is missing or not a string")))
}

/// The JSON text of a value.
pub(super) fn bytes(value: &Value) -> Vec<u8> {
    // A value that was read can be written, so this cannot fail.
    serde_json::to_vec(value).unwrap_or_default()
}

/// The response with its attestation statement in the canonical order, and without a statement by certificates. The
/// mock asks for no attestation; a browser removes the statement, and other clients leave it in.
pub(super) fn plain_attestation(response: &Value) -> Result<Value, Fault> {
    const POINTER: &str = "/response/attestationObject";
    let malformed =
        || Fault::Malformed("attestationObject is not a CBOR map in base64url".to_owned());
    let encoded = text(response, POINTER)?;
    let decoded = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| malformed())?;
    let object: Cbor = ciborium::from_reader(decoded.as_slice()).map_err(|_| malformed())?;
    let entries = object.as_map().ok_or_else(malformed)?;
    let member = |name: &str| {
        entries
            .iter()
            .find(|(key, _)| key.as_text() == Some(name))
            .map(|(_, value)| value)
            .ok_or_else(malformed)
    };
    let (format, statement, data) = (member("fmt")?, member("attStmt")?, member("authData")?);
    let statement = statement.as_map().ok_or_else(malformed)?;
    let has_certificates = statement
        .iter()
        .any(|(key, _)| key.as_text() == Some("x5c"));
    let (format, statement) = match format.as_text() {
        Some("packed") if !has_certificates => {
            let mut ordered = statement.clone();
            ordered.sort_by_key(|(key, _)| key.as_text().map(str::to_owned));
            (format.clone(), ordered)
        }
        Some(_) => (Cbor::from("none"), Vec::new()),
        None => return Err(malformed()),
    };
    let plain = Cbor::Map(vec![
        (Cbor::from("fmt"), format),
        (Cbor::from("attStmt"), Cbor::Map(statement)),
        (Cbor::from("authData"), data.clone()),
    ]);
    let mut written = Vec::with_capacity(decoded.len());
    ciborium::into_writer(&plain, &mut written).map_err(|_| malformed())?;
    let mut response = response.clone();
    if let Some(place) = response.pointer_mut(POINTER) {
        *place = URL_SAFE_NO_PAD.encode(written).into();
    }
    Ok(response)
}
