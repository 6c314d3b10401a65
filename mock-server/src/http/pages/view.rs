//! The contents of the pages, as plain data. Must not know the world or markup.

use super::exit::Exit;
use super::visit::Visit;
use crate::domain::authsignal::management::message::Wording;
use crate::domain::authsignal::vocabulary::Method;

/// How a tenant words and colours its pages.
#[derive(Default)]
pub struct Looks {
    /// The texts.
    pub words: Wording,
    /// Rules of a stylesheet, after those of every page.
    pub style: String,
    /// Whether they leave out the line that stands where the vendor has its logo.
    pub hides_logo: bool,
}

/// A page.
pub struct Page {
    /// The parameters that opened the page.
    pub visit: Visit,
    /// The way back to the application.
    pub exit: Exit,
    /// The address and the text of the link back.
    pub back: Option<(String, &'static str)>,
    /// The error code and the status that a popup reports to its opener.
    pub failed: Option<(&'static str, u16)>,
    /// Whether a popup closes at once.
    pub leaves: bool,
    /// The address that reports when the challenge ends elsewhere, if the page shows one that waits.
    pub watch: Option<String>,
    /// What decided about the action, for developers; empty if the ending does not depend on it.
    pub because: String,
    /// What the application has the page say of the action.
    pub message: Option<String>,
    /// The contents.
    pub view: View,
}

/// The contents of a page.
pub enum View {
    /// The methods that can pass the challenge.
    Methods(Vec<Offer>),
    /// A code to enter.
    Code(Code),
    /// A link that was sent.
    MagicLink(MagicLink),
    /// A passkey or a security key to use or to create.
    Credential(Credential),
    /// A phone to wait for.
    Approval(Approval),
    /// The methods that can be enrolled.
    Enrollable {
        /// The methods.
        offered: Vec<Offer>,
        /// Whether the user has none yet.
        first: bool,
        /// Whether the user can decline, if this is a step of a flow.
        declines: Option<bool>,
    },
    /// A screen of a flow.
    Screen(Screen),
    /// An address or a number to enrol.
    Address(Address),
    /// An authenticator app to set up.
    App(App),
    /// Recovery codes, shown once.
    RecoveryCodes(Vec<String>),
    /// The authenticators of the user.
    Settings(Settings),
    /// The end of a visit, or the reason why it cannot start.
    Ending(Ending),
}

/// A screen of a flow.
pub struct Screen {
    /// The heading.
    pub title: String,
    /// The texts, in order.
    pub texts: Vec<String>,
    /// The keys of the buttons, and their texts.
    pub buttons: Vec<(String, String)>,
}

/// A method on offer.
pub struct Offer {
    /// The method.
    pub method: Method,
    /// The address, or the name of the device.
    pub label: Option<String>,
    /// The page that sets up or uses the method.
    pub href: String,
}

/// A code to enter.
#[derive(Default)]
pub struct Code {
    /// The method that gives the code.
    pub method: Option<Method>,
    /// The address that the code was sent to.
    pub sent_to: Option<String>,
    /// How many digits that code has.
    pub digits: usize,
    /// Whether it finishes an enrolment.
    pub enrolls: bool,
    /// The mock's time, if codes of an app on the machine are wrong at it.
    pub clock: Option<String>,
    /// A message of success.
    pub notice: Option<String>,
    /// The problem, as a sentence.
    pub problem: Option<String>,
}

/// A link that was sent.
#[derive(Default)]
pub struct MagicLink {
    /// The address that the link was sent to.
    pub sent_to: String,
    /// Whether it finishes an enrolment.
    pub enrolls: bool,
    /// The address that reports when the user opens the link. `None` if the link could not be sent.
    pub wait: Option<String>,
    /// A message of success.
    pub notice: Option<String>,
    /// The problem, as a sentence.
    pub problem: Option<String>,
}

/// A passkey or a security key.
pub struct Credential {
    /// PASSKEY or SECURITY_KEY.
    pub method: Method,
    /// Whether the page creates it.
    pub enrolls: bool,
    /// Set if this address cannot own a passkey.
    pub elsewhere: Option<Elsewhere>,
    /// The problem, as a sentence.
    pub problem: Option<String>,
}

/// An address that cannot own a passkey.
pub struct Elsewhere {
    /// The host in the browser's address bar.
    pub host: String,
    /// The same page on localhost, if the mock listens there.
    pub href: Option<String>,
}

/// A phone to wait for.
pub struct Approval {
    /// PUSH or QR_CODE.
    pub method: Method,
    /// The challenge that the phone shows.
    pub challenge_id: String,
    /// The name of the phone.
    pub device: Option<String>,
    /// The address that reports the answer.
    pub wait: String,
    /// Whether a phone has claimed the challenge.
    pub claimed: bool,
    /// The problem, as a sentence.
    pub problem: Option<String>,
}

/// An address or a number to enrol.
pub struct Address {
    /// The method.
    pub method: Method,
    /// The address that the user entered, or the one that the mock knows.
    pub value: String,
    /// The calling code of a number without one, if there is such a code.
    pub calling_code: Option<&'static str>,
    /// The problem, as a sentence.
    pub problem: Option<String>,
}

/// An authenticator app to set up.
pub struct App {
    /// The URI in the QR code.
    pub uri: String,
    /// The secret, for users who cannot scan.
    pub secret: String,
    /// The mock's time, if codes of an app on the machine are wrong at it.
    pub clock: Option<String>,
    /// The problem, as a sentence.
    pub problem: Option<String>,
}

/// The authenticators of a user.
pub struct Settings {
    /// The authenticators.
    pub held: Vec<Held>,
    /// The page that adds a method, if one can be added.
    pub add: Option<String>,
    /// The number of unused recovery codes.
    pub recovery_codes: usize,
    /// A message of success.
    pub notice: Option<String>,
    /// The problem, as a sentence.
    pub problem: Option<String>,
}

/// An authenticator.
pub struct Held {
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// The address, or the name of the device.
    pub label: Option<String>,
    /// The date of its creation.
    pub since: String,
    /// Whether its method is the default.
    pub is_default: bool,
    /// Whether it can be made the default.
    pub may_be_default: bool,
    /// Whether it can be removed.
    pub may_be_removed: bool,
}

/// How a visit ends, or why it cannot start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The challenge is passed.
    Passed,
    /// A method is set up.
    Enrolled,
    /// The challenge was passed before.
    AlreadyPassed,
    /// The user failed the challenge.
    Failed,
    /// As [`AlreadyPassed`](Self::AlreadyPassed), of a run of a flow.
    FlowPassed,
    /// As [`Failed`](Self::Failed), of a run of a flow.
    FlowFailed,
    /// The action is blocked.
    Blocked,
    /// The action is in review.
    InReview,
    /// The review refused the action.
    Refused,
    /// There was nothing to do.
    NothingToDo,
    /// The user left.
    Left,
    /// The page can offer no method.
    NoMethods,
    /// The address has no token.
    NoToken,
    /// The token does not come from this mock.
    Tampered,
    /// The token has expired.
    Expired,
    /// The action of the token is gone.
    Gone,
    /// A magic link was opened.
    LinkOpened,
    /// A magic link was opened before.
    LinkUsed,
    /// A magic link has expired.
    LinkExpired,
    /// The mock does not know the magic link.
    LinkUnknown,
    /// A form that the state of the action does not allow.
    Misdirected,
}

impl Ending {
    /// Every ending.
    #[cfg(test)]
    pub const ALL: [Self; 21] = [
        Self::Passed,
        Self::Enrolled,
        Self::AlreadyPassed,
        Self::Failed,
        Self::FlowPassed,
        Self::FlowFailed,
        Self::Blocked,
        Self::InReview,
        Self::Refused,
        Self::NothingToDo,
        Self::Left,
        Self::NoMethods,
        Self::NoToken,
        Self::Tampered,
        Self::Expired,
        Self::Gone,
        Self::LinkOpened,
        Self::LinkUsed,
        Self::LinkExpired,
        Self::LinkUnknown,
        Self::Misdirected,
    ];
}
