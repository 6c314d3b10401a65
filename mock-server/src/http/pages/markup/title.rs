//! The heading of a view, and its summary for the journal. Must not contain markup.

use super::words::ending_words;
use crate::domain::authsignal::management::message::{
    CHALLENGE_HEADING, ENROLLMENT_HEADING, FIRST_HEADING, SETTINGS_HEADING, SMS_HEADING, Wording,
};
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::view::{
    Address, App, Approval, Code, Credential, MagicLink, Settings, View,
};

/// The heading of a view, also the title of its page. A flow's screen has its own.
fn heading(view: &View) -> &str {
    match view {
        View::Screen(screen) => &screen.title,
        other => title(other),
    }
}

/// The heading of a view in the words of a tenant.
pub(super) fn worded<'a>(view: &'a View, words: &'a Wording) -> &'a str {
    match view {
        View::Methods(_) => words.at(&CHALLENGE_HEADING),
        View::Code(entry) if entry.method == Some(Method::Sms) => words.at(&SMS_HEADING),
        View::Enrollable { first: true, .. } => words.at(&FIRST_HEADING),
        View::Enrollable { first: false, .. } => words.at(&ENROLLMENT_HEADING),
        View::Settings(_) => words.at(&SETTINGS_HEADING),
        other => heading(other),
    }
}

/// The heading of a view that the mock words itself.
pub(super) fn title(view: &View) -> &'static str {
    match view {
        View::Methods(_) => CHALLENGE_HEADING.text,
        View::Code(entry) => match entry.method {
            Some(Method::Sms) => SMS_HEADING.text,
            Some(Method::Whatsapp) => "Check WhatsApp",
            Some(Method::AuthenticatorApp) => "Open your authenticator app",
            Some(Method::RecoveryCode) => "Use a recovery code",
            Some(Method::EmailOtp | Method::EmailMagicLink) | None => "Check your email",
            // These have views of their own.
            Some(
                Method::Passkey
                | Method::SecurityKey
                | Method::Push
                | Method::QrCode
                | Method::InApp,
            ) => "Confirm it’s you",
        },
        View::MagicLink(_) => "Check your email",
        View::Credential(asked) => match (asked.method, asked.enrolls) {
            (Method::SecurityKey, false) => "Use your security key",
            (Method::SecurityKey, true) => "Add a security key",
            (_, false) => "Use your passkey",
            (_, true) => "Create a passkey",
        },
        View::Approval(asked) if asked.method == Method::Push => "Approve on your phone",
        View::Approval(_) => "Scan with your phone",
        View::Enrollable { first: true, .. } => FIRST_HEADING.text,
        View::Enrollable { first: false, .. } => ENROLLMENT_HEADING.text,
        View::Screen(_) => "One more step",
        View::Address(entry) if entry.method.is_email() => "Add your email address",
        View::Address(_) => "Add your phone number",
        View::App(_) => "Set up an authenticator app",
        View::RecoveryCodes(_) => "Save your recovery codes",
        View::Settings(_) => SETTINGS_HEADING.text,
        View::Ending(ending) => ending_words(*ending).2,
    }
}

/// The summary of a page for the journal, as a sentence.
pub(crate) fn summary(view: &View) -> String {
    match (problem(view), view) {
        (Some(problem), _) => problem.to_owned(),
        (None, View::Ending(ending)) => {
            let (_, _, title, text, developer) = ending_words(*ending);
            let why = if developer.is_empty() {
                text
            } else {
                developer
            };
            format!("{title}. {why}")
        }
        (None, view) => heading(view).to_owned(),
    }
}

/// Turns a refusal of the domain into a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut characters = text.chars();
    let first: String = characters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let end = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    [first.as_str(), characters.as_str(), end].concat()
}

pub(super) fn problem(view: &View) -> Option<&str> {
    match view {
        View::Code(Code { problem, .. })
        | View::MagicLink(MagicLink { problem, .. })
        | View::Credential(Credential { problem, .. })
        | View::Approval(Approval { problem, .. })
        | View::Address(Address { problem, .. })
        | View::App(App { problem, .. })
        | View::Settings(Settings { problem, .. }) => problem.as_deref(),
        View::Methods(_)
        | View::Enrollable { .. }
        | View::Screen(_)
        | View::RecoveryCodes(_)
        | View::Ending(_) => None,
    }
}
