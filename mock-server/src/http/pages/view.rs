//! What the pages show, as plain data. Knows no world and no markup.

use super::exit::Exit;
use super::visit::Visit;
use crate::domain::authsignal::vocabulary::Method;

/// A page.
pub struct Page {
    /// What it was opened with.
    pub visit: Visit,
    /// The way back to the application.
    pub exit: Exit,
    /// The page to go back to, and what the link says.
    pub back: Option<(String, &'static str)>,
    /// The code and the status of what failed, for whoever opened a popup.
    pub failed: Option<(&'static str, u16)>,
    /// Whether a popup closes at once.
    pub leaves: bool,
    /// What it shows.
    pub view: View,
}

/// What a page shows.
pub enum View {
    /// The methods that a challenge can be passed with.
    Methods(Vec<Offer>),
    /// A code to enter.
    Code(Code),
    /// A link that was sent.
    MagicLink(MagicLink),
    /// A passkey or a security key to be asked for, or to be made.
    Credential(Credential),
    /// A phone, or an app that scanned a code, to be waited for.
    Approval(Approval),
    /// The methods that can be enrolled.
    Enrollable {
        /// The methods.
        offered: Vec<Offer>,
        /// Whether the user has none yet.
        first: bool,
    },
    /// An address or a number to enrol.
    Address(Address),
    /// An authenticator app to set up.
    App(App),
    /// Recovery codes, shown once.
    RecoveryCodes(Vec<String>),
    /// The authenticators of the user.
    Settings(Settings),
    /// The end of a visit, or why there is none.
    Ending(Ending),
}

/// A method on offer.
pub struct Offer {
    /// The method.
    pub method: Method,
    /// Where it reaches the user, or its name.
    pub label: Option<String>,
    /// Where choosing it leads.
    pub href: String,
}

/// A code to enter.
#[derive(Default)]
pub struct Code {
    /// What gives the code.
    pub method: Option<Method>,
    /// Where it was sent.
    pub sent_to: Option<String>,
    /// Whether it finishes an enrolment.
    pub enrolls: bool,
    /// What was just done.
    pub notice: Option<String>,
    /// What was wrong.
    pub problem: Option<String>,
}

/// A link that was sent.
#[derive(Default)]
pub struct MagicLink {
    /// Where to.
    pub sent_to: String,
    /// Whether it finishes an enrolment.
    pub enrolls: bool,
    /// Where the page asks whether it was opened; nowhere where none could be sent.
    pub wait: Option<String>,
    /// What was just done.
    pub notice: Option<String>,
    /// What was wrong.
    pub problem: Option<String>,
}

/// A passkey or a security key.
pub struct Credential {
    /// Which.
    pub method: Method,
    /// Whether it is made now.
    pub enrolls: bool,
    /// Why none can be asked for at this address, and where it can.
    pub elsewhere: Option<Elsewhere>,
    /// What was wrong.
    pub problem: Option<String>,
}

/// Why an address will not do for passkeys.
pub struct Elsewhere {
    /// The host in the browser's address bar.
    pub host: String,
    /// The same page by a name, where it has one.
    pub href: Option<String>,
}

/// A device to be waited for.
pub struct Approval {
    /// PUSH or QR_CODE.
    pub method: Method,
    /// The challenge that the device shows.
    pub challenge_id: String,
    /// The device that was asked.
    pub device: Option<String>,
    /// Where the page asks for the answer.
    pub wait: String,
    /// Whether a device has taken it up.
    pub claimed: bool,
    /// What was wrong.
    pub problem: Option<String>,
}

/// An address or a number to enrol.
pub struct Address {
    /// The method.
    pub method: Method,
    /// What was entered, or what is known.
    pub value: String,
    /// What was wrong.
    pub problem: Option<String>,
}

/// An authenticator app to set up.
pub struct App {
    /// What the QR code says.
    pub uri: String,
    /// The secret, for who cannot scan.
    pub secret: String,
    /// What was wrong.
    pub problem: Option<String>,
}

/// The authenticators of a user.
pub struct Settings {
    /// Those that are there.
    pub held: Vec<Held>,
    /// Whether there is anything to add.
    pub add: Option<String>,
    /// Recovery codes that are left.
    pub recovery_codes: usize,
    /// What was just done.
    pub notice: Option<String>,
    /// What was wrong.
    pub problem: Option<String>,
}

/// An authenticator.
pub struct Held {
    /// Its id.
    pub id: String,
    /// Its method.
    pub method: Method,
    /// Where it reaches the user, or its name.
    pub label: Option<String>,
    /// Since when, as a date.
    pub since: String,
    /// Whether its method is the default.
    pub is_default: bool,
    /// Whether it can be made the default.
    pub may_be_default: bool,
    /// Whether it can be removed.
    pub may_be_removed: bool,
}

/// How a visit ends, or why there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The challenge is passed.
    Passed,
    /// A method is set up.
    Enrolled,
    /// The challenge was passed before.
    AlreadyPassed,
    /// The challenge is failed.
    Failed,
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
    /// No method is on offer.
    NoMethods,
    /// No token came.
    NoToken,
    /// The token is none of this mock's.
    Tampered,
    /// The token's time is over.
    Expired,
    /// The action of the token is gone.
    Gone,
    /// A magic link was opened.
    LinkOpened,
    /// A magic link was opened before.
    LinkUsed,
    /// A magic link's time is over.
    LinkExpired,
    /// A magic link is none of this mock's.
    LinkUnknown,
    /// A form that is none of these pages'.
    Misdirected,
}

impl Ending {
    /// Every ending.
    pub const ALL: [Self; 19] = [
        Self::Passed,
        Self::Enrolled,
        Self::AlreadyPassed,
        Self::Failed,
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
