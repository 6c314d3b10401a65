//! Software devices on the command line: passkeys, phones for push notifications and QR codes, authenticator apps. They
//! call the control API of a running mock, except `passkey create` and `passkey get`, which need no mock.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{RunningMock, say, text, visible_json};
use crate::domain::authsignal::vocabulary::Method;
use crate::runtime::read_bounded;
use crate::sim::ceremony::ORIGIN;
use crate::sim::passkey::Authenticator;
use crate::unambiguous::MARK;

#[derive(Debug, Subcommand)]
pub(super) enum PasskeyAction {
    /// Enrol the software passkey for a user
    Enroll(Ceremony),
    /// Pass the challenge of the user's newest action that waits for one
    Approve(Ceremony),
    /// Answer creation options (JSON on stdin) as navigator.credentials.create() does
    Create(Options),
    /// Answer request options (JSON on stdin) as navigator.credentials.get() does
    Get {
        #[command(flatten)]
        options: Options,
        /// Id of a credential that the passkey has made; needed if the options allow any credential
        #[arg(long = "credential", value_name = "ID")]
        credentials: Vec<String>,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Ceremony {
    /// The user
    user: String,
    /// The action. `approve` passes its challenge [default: the newest that waits]; `enroll` passes it too, if given
    action: Option<String>,
    /// Use a security key instead of a passkey
    #[arg(long)]
    security_key: bool,
    /// Origin of the page that asks
    #[arg(long, value_name = "URL", default_value = ORIGIN)]
    origin: String,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Origin of the page that asks
    #[arg(long, value_name = "URL", default_value = ORIGIN)]
    origin: String,
    /// Name of the software authenticator; each name is a separate one
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct Whose {
    /// Name of the device; each name is a separate one
    #[arg(long, value_name = "NAME")]
    device: Option<String>,
    /// Authsignal tenant of the user; needed if the mock has several
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(super) struct PhoneOwner {
    /// The user
    user: String,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Subcommand)]
pub(super) enum PushAction {
    /// Register the user's software phone for push notifications
    Register(PhoneOwner),
    /// Approve the push notification that waits for the user's phone
    Approve(PhoneOwner),
    /// Deny the push notification that waits for the user's phone
    Deny(PhoneOwner),
}

#[derive(Debug, clap::Args)]
pub(super) struct QrCode {
    /// The challenge in the QR code
    challenge_id: String,
    /// The user who reads it
    #[arg(long)]
    user: String,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Debug, Subcommand)]
pub(super) enum QrAction {
    /// Read a QR code with the user's software phone
    Claim(QrCode),
    /// Approve a QR code; reads it first if needed
    Approve(QrCode),
    /// Deny a QR code; reads it first if needed
    Deny(QrCode),
}

#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// The user
    user: String,
    /// Authsignal tenant of the user; needed if the mock has several
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
}

impl Whose {
    fn subject(self, user: &str) -> Value {
        let mut subject = json!({"userId": user});
        for (member, value) in [("device", self.device), ("tenantId", self.tenant)] {
            if let Some(value) = value {
                subject[member] = value.into();
            }
        }
        subject
    }
}

pub(super) fn passkey(mock: &RunningMock, action: PasskeyAction) -> anyhow::Result<()> {
    let (path, ceremony) = match action {
        PasskeyAction::Enroll(ceremony) => ("passkey/enroll", ceremony),
        PasskeyAction::Approve(ceremony) => ("passkey/approve", ceremony),
        PasskeyAction::Create(options) => {
            let authenticator = Authenticator::of_device(options.device.as_deref());
            return print(&authenticator.create(&stdin()?, &options.origin)?);
        }
        PasskeyAction::Get {
            options,
            credentials,
        } => {
            let authenticator = Authenticator::of_device(options.device.as_deref());
            return print(&authenticator.get(&stdin()?, &options.origin, &credentials)?);
        }
    };
    let mut subject = ceremony.whose.subject(&ceremony.user);
    subject["origin"] = ceremony.origin.into();
    if let Some(action) = ceremony.action {
        subject["action"] = action.into();
    }
    if ceremony.security_key {
        subject["verificationMethod"] = Method::SecurityKey.word().into();
    }
    act(mock, path, &subject)
}

pub(super) fn push(mock: &RunningMock, action: PushAction) -> anyhow::Result<()> {
    let (path, PhoneOwner { user, whose }) = match action {
        PushAction::Register(phone) => ("push/register", phone),
        PushAction::Approve(phone) => ("push/approve", phone),
        PushAction::Deny(phone) => ("push/deny", phone),
    };
    act(mock, path, &whose.subject(&user))
}

pub(super) fn qr(mock: &RunningMock, action: QrAction) -> anyhow::Result<()> {
    let (path, code) = match action {
        QrAction::Claim(code) => ("qr/claim", code),
        QrAction::Approve(code) => ("qr/approve", code),
        QrAction::Deny(code) => ("qr/deny", code),
    };
    let mut subject = code.whose.subject(&code.user);
    subject["challengeId"] = code.challenge_id.into();
    act(mock, path, &subject)
}

/// Prints the code alone, so that a script can take it.
pub(super) fn totp(mock: &RunningMock, wanted: &Wanted) -> anyhow::Result<()> {
    let mut query = vec![("userId", wanted.user.as_str())];
    query.extend(wanted.tenant.as_deref().map(|tenant| ("tenant", tenant)));
    let answer = mock.call(|http, url| http.get(format!("{url}/_mock/totp")).query(&query))?;
    say(text(&answer["code"]))
}

/// Sends a device action to the mock and prints the result.
fn act(mock: &RunningMock, path: &str, subject: &Value) -> anyhow::Result<()> {
    let answer = mock.call(|http, url| http.post(format!("{url}/_mock/{path}")).json(subject))?;
    let user = text(&answer["userId"]);
    let mut said = Vec::new();
    for (member, word) in [
        ("userAuthenticatorId", "authenticator"),
        ("challengeId", "challenge"),
    ] {
        if let Some(id) = answer[member].as_str() {
            said.push(format!("{word} {id}"));
        }
    }
    if let [Some(action), Some(state)] = ["action", "state"].map(|member| answer[member].as_str()) {
        said.push(format!("{action} is {state}"));
    }
    say(&format!("{user}: {}", said.join(", ")))
}

fn stdin() -> anyhow::Result<Value> {
    let options = read_bounded(std::io::stdin().lock()).context("stdin")?;
    let options = options.strip_prefix(MARK).unwrap_or(&options);
    serde_json::from_slice(options).context("stdin must be JSON: the options of the ceremony")
}

fn print(credential: &Value) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{}", visible_json(credential)).context("stdout")
}
