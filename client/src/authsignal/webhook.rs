//! Webhooks, which the vendor posts to the application: their signature and their content. Must not
//! know HTTP: it takes the text of a header, the bytes of a body, and a clock.
//!
//! Two steps, with two errors: [`Verifier::verify`] checks that a body was signed recently with the
//! tenant's API secret, and [`Delivery::parse`] reads it. Answer 401 or 400 if the first step
//! fails. If the second one fails, the vendor sent something that this version cannot read.
//!
//! ```
//! use stepup_client::authsignal::webhook::{Content, Data, Verifier};
//!
//! # fn send_text_message(_: &str) {}
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let secret = "MY SERVER API SECRET";
//! # let body = br#"{"version":1,"id":"1","source":"https://authsignal.com","time":"2025-01-01T00:00:00.000Z",
//! #   "tenantId":"t","type":"sms.created","data":{"to":"+15550100","code":"123456"}}"#;
//! # let now = std::time::SystemTime::now();
//! # let header = stepup_client::authsignal::webhook::sign(secret, body, now);
//! // `header` is the request's `X-Signature-V2`, `body` its bytes as they came, before any JSON is
//! // read from them.
//! let delivery = Verifier::new(secret).verify(&header, body)?;
//! match delivery.parse()? {
//!     Content::Event(event) => match event.data {
//!         Data::SmsCreated(sms) => send_text_message(&sms.to),
//!         Data::ActionVerify(action) => println!("{} may go on", action.user_id),
//!         _ => println!("passed over: {}", event.data.kind()),
//!     },
//!     // At least once and in no order: tell repetitions by `id`.
//!     Content::LogBatch(events) => println!("{} log events", events.len()),
//!     _ => {}
//! }
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac_sha256::HMAC;
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

pub use super::raw::types::{
    ActionLog, ActionVerified, AuthenticatorChanged, ChallengeLog, EmailCreated, PushCreated,
    SmsCreated, WebhookPayload,
};
use super::raw::types::{WebhookEvent, WebhookLogBatch, WebhookLogRecord};
use crate::json;
use crate::secret::Secret;
use crate::vendor_time::VendorTime;

/// The header that holds the signatures. Names of headers do not differ by case.
pub const SIGNATURE_HEADER: &str = "X-Signature-V2";

/// The default for how far the time of a signature may be from now.
pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Base64 without padding, as the vendor writes it; with padding it is the same signature.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Checks that a body comes from the vendor, not from somebody who found the URL.
///
/// The key is the tenant's server API secret, as text. During a change of secrets there are two,
/// and the vendor signs with both: one match is enough.
///
/// ```
/// use stepup_client::authsignal::webhook::Verifier;
///
/// let verifier = Verifier::new("MY SERVER API SECRET").or_secret("THE ONE BEFORE");
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Verifier {
    secrets: Vec<Secret>,
    tolerance: Duration,
}

/// Why a body is refused. The texts are the vendor's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum VerifyError {
    /// The header does not have the form `t=..,v2=..`.
    Format,
    /// The time in the header is too long ago, or too far ahead.
    Timestamp,
    /// No signature in the header matches this body and one of the secrets.
    Mismatch,
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "Signature format is invalid.",
            Self::Timestamp => "Timestamp is outside the tolerance zone.",
            Self::Mismatch => "Signature mismatch.",
        })
    }
}

impl std::error::Error for VerifyError {}

impl Verifier {
    /// Accepts bodies signed with this secret. An empty secret, for example from an unset variable,
    /// accepts nothing, and the log warns of it.
    pub fn new(secret: impl Into<Secret>) -> Self {
        let verifier = Self {
            secrets: Vec::new(),
            tolerance: DEFAULT_TOLERANCE,
        };
        verifier.or_secret(secret)
    }

    /// Also accepts bodies signed with this secret.
    pub fn or_secret(mut self, secret: impl Into<Secret>) -> Self {
        let secret = secret.into();
        if secret.expose().is_empty() {
            tracing::warn!(
                target: "stepup_client",
                "a webhook verifier gets an empty secret, with which it accepts nothing: is a variable unset?"
            );
        } else {
            self.secrets.push(secret);
        }
        self
    }

    /// How far the time of a signature may be from now, in whole seconds: in the past, because an
    /// attacker can repeat an intercepted body; in the future, because clocks differ. The default
    /// is 5 minutes.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Checks a body, as its bytes came, against the text of the header `X-Signature-V2`.
    ///
    /// # Errors
    ///
    /// [`VerifyError`]. Do not trust the body then, and do not answer with details.
    pub fn verify<'a>(
        &self,
        header: &str,
        raw_body: &'a [u8],
    ) -> Result<Delivery<'a>, VerifyError> {
        self.verify_at(header, raw_body, SystemTime::now())
    }

    /// As [`verify`](Self::verify), at the time `now`.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub fn verify_at<'a>(
        &self,
        header: &str,
        raw_body: &'a [u8],
        now: SystemTime,
    ) -> Result<Delivery<'a>, VerifyError> {
        let signatures = Signatures::read(header).ok_or(VerifyError::Format)?;
        let distance = Duration::from_secs(signatures.seconds.abs_diff(seconds(now)));
        if distance > self.tolerance {
            return Err(VerifyError::Timestamp);
        }
        let genuine = self.secrets.iter().any(|secret| {
            let mac = mac(secret, signatures.timestamp, raw_body);
            let mut candidates = signatures.candidates.iter();
            // Of the whole length and in constant time: a shorter one would be easier to guess.
            candidates.any(|candidate| mac[..].ct_eq(candidate).into())
        });
        match genuine {
            true => Ok(Delivery { body: raw_body }),
            false => Err(VerifyError::Mismatch),
        }
    }
}

/// What the header holds.
struct Signatures<'a> {
    /// The time as it was signed: a number may have several texts.
    timestamp: &'a str,
    seconds: u64,
    /// The signatures that are base64.
    candidates: Vec<Vec<u8>>,
}

impl<'a> Signatures<'a> {
    fn read(header: &'a str) -> Option<Self> {
        let mut timestamp = None;
        let mut signed = false;
        let mut candidates = Vec::new();
        for item in header.split(',') {
            match item.trim().split_once('=')? {
                // A second one would leave open which of them was signed.
                ("t", _) if timestamp.is_some() => return None,
                ("t", text) => timestamp = Some(text),
                ("v2", text) => {
                    signed = true;
                    candidates.extend(BASE64.decode(text));
                }
                // Future versions.
                _ => {}
            }
        }
        let timestamp = timestamp.filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
        signed.then_some(Self {
            timestamp,
            seconds: timestamp.parse().ok()?,
            candidates,
        })
    }
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

fn mac(secret: &Secret, timestamp: &str, body: &[u8]) -> [u8; 32] {
    let mut mac = HMAC::new(secret.expose());
    mac.update(timestamp);
    mac.update(".");
    mac.update(body);
    mac.finalize()
}

/// Signs a body as the vendor does, and returns the text of the header `X-Signature-V2`: for tests
/// of your webhook receiver.
pub fn sign(secret: impl Into<Secret>, raw_body: &[u8], at: SystemTime) -> String {
    let timestamp = seconds(at).to_string();
    let mac = mac(&secret.into(), &timestamp, raw_body);
    let signature = BASE64.encode(mac);
    format!("t={timestamp},v2={signature}")
}

/// A body with a valid signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Delivery<'a> {
    body: &'a [u8],
}

/// Shows nothing of the body, which holds codes and addresses.
impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}

/// Why a genuine body cannot be read. It names the place, and never repeats a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    place: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body is not that of a webhook, at {}", self.place)
    }
}

impl std::error::Error for ParseError {}

impl<'a> Delivery<'a> {
    /// The body.
    pub fn body(&self) -> &'a [u8] {
        self.body
    }

    /// Reads the body.
    ///
    /// Unknown types, enum values and members are not errors.
    ///
    /// # Errors
    ///
    /// [`ParseError`] for a body without the vendor's form, and for a known type without its
    /// required members. One bad event refuses its whole batch.
    // Inline, so that only an application that reads webhooks compiles their types.
    #[inline]
    pub fn parse(&self) -> Result<Content, ParseError> {
        #[derive(Deserialize)]
        struct Form {
            records: Option<IgnoredAny>,
        }

        let form: Form = read(self.body)?;
        if form.records.is_none() {
            return Event::of(read(self.body)?).map(Content::Event);
        }
        let batch: WebhookLogBatch = read(self.body)?;
        let events = batch.records.into_iter().enumerate();
        events
            .map(|(index, record)| Event::of_record(index, record))
            .collect::<Result<_, _>>()
            .map(Content::LogBatch)
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ParseError> {
    json::read(body).map_err(|place| ParseError { place })
}

/// What a body holds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// One event. The vendor waits for the answer to some of them: see [`Data`].
    Event(Event),
    /// Log events. They arrive later, at least once, and in any order.
    LogBatch(Vec<Event>),
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// Id of the event. Use it to skip duplicates.
    pub id: String,
    /// When it happened.
    pub time: VendorTime,
    /// The tenant that it happened in.
    pub tenant_id: String,
    /// Sender of the event: `https://authsignal.com`.
    pub source: String,
    /// Version of the event's form: 1.
    pub version: i32,
    /// What happened.
    pub data: Data,
}

/// What happened, by its type.
///
/// The vendor waits for the answer to `*.created` of emails, text messages and push notifications
/// and to `action.verify`: a status outside 200 to 299 fails the challenge. It repeats other events
/// until a receiver accepts them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Data {
    /// `email.created`: send a code or a link by email.
    EmailCreated(Private<EmailCreated>),
    /// `sms.created`: send a code by text message.
    SmsCreated(Private<SmsCreated>),
    /// `push.created`: send a push notification.
    PushCreated(Private<PushCreated>),
    /// `authenticator.created`.
    AuthenticatorCreated(Private<AuthenticatorChanged>),
    /// `authenticator.updated`.
    AuthenticatorUpdated(Private<AuthenticatorChanged>),
    /// `authenticator.deleted`.
    AuthenticatorDeleted(Private<AuthenticatorChanged>),
    /// `action.verify`: the challenge of an action was passed, and the action can go on.
    ActionVerify(Private<ActionVerified>),
    /// `action.log_created`: the result of an action.
    ActionLogCreated(Private<ActionLog>),
    /// `challenge.log_created`: the result of a challenge.
    ChallengeLogCreated(Private<ChallengeLog>),
    /// A type that this version does not know.
    Unknown {
        /// The type, as it was sent.
        kind: String,
        /// The data of the event.
        json: Private<Value>,
    },
}

impl Data {
    /// The type, in the vendor's words: `email.created`.
    pub fn kind(&self) -> &str {
        match self {
            Self::EmailCreated(_) => "email.created",
            Self::SmsCreated(_) => "sms.created",
            Self::PushCreated(_) => "push.created",
            Self::AuthenticatorCreated(_) => "authenticator.created",
            Self::AuthenticatorUpdated(_) => "authenticator.updated",
            Self::AuthenticatorDeleted(_) => "authenticator.deleted",
            Self::ActionVerify(_) => "action.verify",
            Self::ActionLogCreated(_) => "action.log_created",
            Self::ChallengeLogCreated(_) => "challenge.log_created",
            Self::Unknown { kind, .. } => kind,
        }
    }

    /// `place` is where the payload stands in the body.
    fn read(kind: String, payload: WebhookPayload, place: &str) -> Result<Self, ParseError> {
        let json = Value::Object(payload.0);
        Ok(match kind.as_str() {
            "email.created" => Self::EmailCreated(payload_of(json, place)?),
            "sms.created" => Self::SmsCreated(payload_of(json, place)?),
            "push.created" => Self::PushCreated(payload_of(json, place)?),
            "authenticator.created" => Self::AuthenticatorCreated(payload_of(json, place)?),
            "authenticator.updated" => Self::AuthenticatorUpdated(payload_of(json, place)?),
            "authenticator.deleted" => Self::AuthenticatorDeleted(payload_of(json, place)?),
            "action.verify" => Self::ActionVerify(payload_of(json, place)?),
            "action.log_created" => Self::ActionLogCreated(payload_of(json, place)?),
            "challenge.log_created" => Self::ChallengeLogCreated(payload_of(json, place)?),
            _ => {
                let json = Private(Box::new(json));
                Self::Unknown { kind, json }
            }
        })
    }
}

fn payload_of<T: DeserializeOwned>(payload: Value, place: &str) -> Result<Private<T>, ParseError> {
    match serde_path_to_error::deserialize(payload) {
        Ok(payload) => Ok(Private(Box::new(payload))),
        Err(error) => Err(ParseError {
            place: format!("`{place}`, in it `{}`", json::place(error.path())),
        }),
    }
}

impl Event {
    fn of(event: WebhookEvent) -> Result<Self, ParseError> {
        Ok(Self {
            id: event.id,
            time: event.time,
            tenant_id: event.tenant_id,
            source: event.source,
            version: event.version,
            data: Data::read(event.type_, event.data, "data")?,
        })
    }

    fn of_record(index: usize, event: WebhookLogRecord) -> Result<Self, ParseError> {
        let place = format!("records[{index}].record");
        Ok(Self {
            id: event.id,
            time: event.time,
            tenant_id: event.tenant_id,
            source: event.source,
            version: event.version,
            data: Data::read(event.type_, event.record, &place)?,
        })
    }
}

/// What holds codes, links and addresses, and stays out of logs: its `Debug` shows nothing of it.
#[derive(Clone, PartialEq)]
pub struct Private<T>(Box<T>);

impl<T> Private<T> {
    /// What it is.
    pub fn into_inner(self) -> T {
        *self.0
    }
}

impl<T> std::ops::Deref for Private<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Private<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(..)")
    }
}

#[cfg(test)]
mod tests;
