//! The texts for methods and endings. Must not contain markup.

use super::icon::Icon;
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::view::Ending;

/// The name of a method for users.
pub(super) fn name(method: Method) -> &'static str {
    match method {
        Method::Sms => "Text message",
        Method::EmailOtp => "Email code",
        Method::EmailMagicLink => "Email link",
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
        Method::EmailOtp => "A code by email",
        Method::EmailMagicLink => "A link by email",
        Method::AuthenticatorApp => "A code from an app on your phone",
        Method::Passkey => "Fingerprint, face or screen lock",
        Method::SecurityKey => "A physical key that you touch",
        Method::Push => "A request in an app on your phone",
        Method::QrCode => "A code to scan with your phone",
        Method::Whatsapp => "A code by WhatsApp",
        Method::RecoveryCode => "One of your saved codes",
        Method::InApp => "An app that you have set up",
    }
}

/// Whether the ending is an error.
pub(super) fn is_trouble(ending: Ending) -> bool {
    matches!(
        ending,
        Ending::Failed
            | Ending::FlowFailed
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
        Ending::Passed
        | Ending::Enrolled
        | Ending::AlreadyPassed
        | Ending::FlowPassed
        | Ending::NothingToDo => "Continue",
        _ => "Go back",
    }
}

/// Icon, tone, title, text, and hint for developers.
pub(super) fn ending_words(
    ending: Ending,
) -> (Icon, &'static str, &'static str, &'static str, &'static str) {
    match ending {
        Ending::Passed => (
            Icon::Tick,
            "good",
            "Confirmed",
            "Thank you. We confirmed it’s you.",
            "",
        ),
        Ending::Enrolled => (
            Icon::Tick,
            "good",
            "All set",
            "You can now use this method to confirm it’s you.",
            "",
        ),
        Ending::AlreadyPassed => (
            Icon::Tick,
            "good",
            "Already confirmed",
            "You already confirmed this request. There is nothing left to do.",
            "The token’s action is CHALLENGE_SUCCEEDED. To get a new challenge, track an action with a new idempotencyKey.",
        ),
        Ending::Failed => (
            Icon::Cross,
            "bad",
            "This did not work",
            "We could not confirm that it’s you. Go back and start again.",
            "The challenge failed, or a receiver of the webhook action.verify refused it: `stepup-mock webhook list` shows the deliveries. To get a new challenge, track an action with a new idempotencyKey.",
        ),
        Ending::FlowPassed => (
            Icon::Tick,
            "good",
            "Already confirmed",
            "You already confirmed this request. There is nothing left to do.",
            "The run of the flow is CHALLENGE_SUCCEEDED: verify it with verify_flow. To get a new one, start the flow again.",
        ),
        Ending::FlowFailed => (
            Icon::Cross,
            "bad",
            "This did not work",
            "We could not confirm that it’s you. Go back and start again.",
            "The run of the flow has come to a BLOCK node, or could go no further: `GET /_mock/actions` shows its path and why. To try again, start the flow again.",
        ),
        Ending::Blocked => (
            Icon::Cross,
            "bad",
            "This is not allowed",
            "The request was blocked. Confirming your identity does not change this.",
            "The token’s action is BLOCK.",
        ),
        Ending::InReview => (
            Icon::Clock,
            "warn",
            "This is being reviewed",
            "Someone must review the request first. You will hear from us afterwards.",
            "The token’s action is REVIEW_REQUIRED until update_action sets another state.",
        ),
        Ending::Refused => (
            Icon::Cross,
            "bad",
            "This was refused",
            "A reviewer refused the request.",
            "The token’s action is REVIEW_FAILED.",
        ),
        Ending::NothingToDo => (
            Icon::Tick,
            "good",
            "Nothing to do",
            "You do not need to confirm anything.",
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
            "No method available",
            "You cannot use any of your sign-in methods here.",
            "Either the user has no method that the pages support, or the tenant allows none that the pages can set up.",
        ),
        Ending::NoToken => (
            Icon::Cross,
            "bad",
            "This link is incomplete",
            "Part of the address is missing. Go back and start again.",
            "Open the page with the url from the answer of track. It contains the query parameter token.",
        ),
        Ending::Tampered => (
            Icon::Cross,
            "bad",
            "This link is not valid",
            "The link was changed or comes from another service. Go back and start again.",
            "The token’s signature is wrong. The token was altered, or comes from another tenant, another secret or another server.",
        ),
        Ending::Expired => (
            Icon::Clock,
            "warn",
            "This link has expired",
            "The link is too old. Go back and start again.",
            "A token is valid for ten minutes on the mock’s clock. Track the action again to get a new one; the same idempotencyKey gives the same action.",
        ),
        Ending::Gone => (
            Icon::Cross,
            "bad",
            "Request not found",
            "The request behind this link no longer exists. Go back and start again.",
            "The token is valid, but the mock does not have its action: the mock was reset or started again, or the user was deleted.",
        ),
        Ending::LinkOpened => (
            Icon::Tick,
            "good",
            "Link opened",
            "Go back to the page where you signed in. It continues automatically. You can close this page.",
            "",
        ),
        Ending::LinkUsed => (
            Icon::Tick,
            "warn",
            "This link was already used",
            "Each link works once. If the sign-in page is still waiting, send a new link from there.",
            "",
        ),
        Ending::LinkExpired => (
            Icon::Clock,
            "warn",
            "This link has expired",
            "The link is too old. Send a new link from the page where you signed in.",
            "A link expires after ten minutes on the mock’s clock, or as soon as a newer one is sent.",
        ),
        Ending::LinkUnknown => (
            Icon::Cross,
            "bad",
            "This link is not valid",
            "The link was changed or is too old. Use the newest link.",
            "No challenge has this link: it was altered, the mock was reset or started again, or the user was deleted.",
        ),
        Ending::Misdirected => (
            Icon::Cross,
            "bad",
            "You cannot do this here",
            "Go back and start again.",
            "The form asks for something that the state of the token’s action does not allow.",
        ),
    }
}
