//! What pages say of methods and of ends.

use super::icon::Icon;
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::view::Ending;

/// What people call a method.
pub(super) fn name(method: Method) -> &'static str {
    match method {
        Method::Sms => "Text message",
        Method::EmailOtp => "E-mail code",
        Method::EmailMagicLink => "E-mail link",
        Method::AuthenticatorApp => "Authenticator app",
        Method::Passkey => "Passkey",
        Method::SecurityKey => "Security key",
        Method::Push => "Phone approval",
        Method::QrCode => "QR code",
        Method::Whatsapp => "WhatsApp message",
        Method::RecoveryCode => "Recovery code",
        Method::InApp => "App on your phone",
    }
}

pub(super) fn about(method: Method) -> &'static str {
    match method {
        Method::Sms => "A code by text message",
        Method::EmailOtp => "A code by e-mail",
        Method::EmailMagicLink => "A link by e-mail",
        Method::AuthenticatorApp => "A code of an app on your phone",
        Method::Passkey => "Fingerprint, face or screen lock",
        Method::SecurityKey => "A key to touch",
        Method::Push => "A request in an app on your phone",
        Method::QrCode => "A code to scan with your phone",
        Method::Whatsapp => "A code by WhatsApp",
        Method::RecoveryCode => "One of the codes that you saved",
        Method::InApp => "An app that you have set up",
    }
}

/// Whether something went wrong.
pub(super) fn is_trouble(ending: Ending) -> bool {
    matches!(
        ending,
        Ending::Failed
            | Ending::Blocked
            | Ending::Refused
            | Ending::NoMethods
            | Ending::NoToken
            | Ending::Tampered
            | Ending::Expired
            | Ending::Gone
            | Ending::LinkUsed
            | Ending::LinkExpired
            | Ending::LinkUnknown
            | Ending::Misdirected
    )
}

pub(super) fn has_way_out(ending: Ending) -> bool {
    !matches!(
        ending,
        Ending::LinkOpened | Ending::LinkUsed | Ending::LinkExpired | Ending::LinkUnknown
    )
}

pub(super) fn way_out_of(ending: Ending) -> &'static str {
    match ending {
        Ending::Passed | Ending::Enrolled | Ending::AlreadyPassed | Ending::NothingToDo => {
            "Continue"
        }
        _ => "Go back",
    }
}

/// Icon, tone, title, text, and what the person who develops wants to know.
pub(super) fn ending_words(
    ending: Ending,
) -> (Icon, &'static str, &'static str, &'static str, &'static str) {
    match ending {
        Ending::Passed => (Icon::Tick, "good", "Confirmed", "Thank you, it’s you.", ""),
        Ending::Enrolled => (
            Icon::Tick,
            "good",
            "All set",
            "From now on you can confirm this way that it’s you.",
            "",
        ),
        Ending::AlreadyPassed => (
            Icon::Tick,
            "good",
            "Already confirmed",
            "This request was confirmed before. There is nothing more to do.",
            "The token’s action is CHALLENGE_SUCCEEDED. Track an action with another idempotencyKey for a new challenge.",
        ),
        Ending::Failed => (
            Icon::Cross,
            "bad",
            "This did not work",
            "We could not confirm that it’s you. Go back and start again.",
            "The token’s action is CHALLENGE_FAILED. Track an action with another idempotencyKey for a new challenge.",
        ),
        Ending::Blocked => (
            Icon::Cross,
            "bad",
            "This is not allowed",
            "The request was blocked. Confirming that it’s you would not change that.",
            "The token’s action is BLOCK: a rule, the action’s outcome or the default outcome decided so.",
        ),
        Ending::InReview => (
            Icon::Clock,
            "warn",
            "This is being reviewed",
            "Somebody has to look at the request first. You will hear when that is done.",
            "The token’s action is REVIEW_REQUIRED until update_action sets another state.",
        ),
        Ending::Refused => (
            Icon::Cross,
            "bad",
            "This was refused",
            "The request was reviewed, and refused.",
            "The token’s action is REVIEW_FAILED.",
        ),
        Ending::NothingToDo => (
            Icon::Tick,
            "good",
            "Nothing to do",
            "You need not confirm anything.",
            "",
        ),
        Ending::Left => (
            Icon::Door,
            "",
            "You left",
            "Nothing was confirmed, and nothing has changed.",
            "",
        ),
        Ending::NoMethods => (
            Icon::Cross,
            "bad",
            "There is no way to confirm",
            "None of your ways to sign in is offered here.",
            "The user has no method that a page can ask for, or the tenant has none that a page can set up.",
        ),
        Ending::NoToken => (
            Icon::Cross,
            "bad",
            "This link is not complete",
            "It lacks the part that says who you are. Go back and start again.",
            "The page is opened by the url that track answers: it has the query parameter token.",
        ),
        Ending::Tampered => (
            Icon::Cross,
            "bad",
            "This link is not valid",
            "It was changed on the way, or it was made elsewhere. Go back and start again.",
            "The token’s signature does not fit. It was altered, or made by another tenant, another secret or another server.",
        ),
        Ending::Expired => (
            Icon::Clock,
            "warn",
            "This link has expired",
            "Too much time has passed since it was made. Go back and start again.",
            "A token lives ten minutes of the mock’s clock. Track again for a new one; the same idempotencyKey gives the same action.",
        ),
        Ending::Gone => (
            Icon::Cross,
            "bad",
            "This request is gone",
            "What this link is about is not there any more. Go back and start again.",
            "The token is good, but its action is not in the mock’s world: the mock was reset or started again, or the user was deleted.",
        ),
        Ending::LinkOpened => (
            Icon::Tick,
            "good",
            "Link opened",
            "Go back to the page where you signed in. It moves on by itself, and you can close this one.",
            "",
        ),
        Ending::LinkUsed => (
            Icon::Tick,
            "warn",
            "This link was used before",
            "A link works once. If the page where you signed in is still waiting, let it send a new one.",
            "",
        ),
        Ending::LinkExpired => (
            Icon::Clock,
            "warn",
            "This link has expired",
            "Too much time has passed since it was sent. Let the page where you signed in send a new one.",
            "A link lives ten minutes of the mock’s clock, and until a newer one is sent.",
        ),
        Ending::LinkUnknown => (
            Icon::Cross,
            "bad",
            "This link is not valid",
            "It was changed on the way, or it is too old to be remembered. Use the newest.",
            "No challenge has this link: it was altered, the mock was reset or started again, or the user was deleted.",
        ),
        Ending::Misdirected => (
            Icon::Cross,
            "bad",
            "That cannot be done here",
            "Go back and start again.",
            "The form names something that is not on offer in the state of the token’s action.",
        ),
    }
}
