//! The markup of the pages that challenge the user. Must not know the world.

use maud::{Markup, html};

use super::icon::Icon;
use super::parts::{carried, choices, head, hidden, hint, inbox, no_app, said};
use super::title::title;
use crate::domain::authsignal::management::message::{
    CHALLENGE_BUTTON, CHALLENGE_DESCRIPTION, CHALLENGE_HEADING, SMS_HEADING, Wording,
};
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::qr;
use crate::http::pages::view::{Approval, Code, Credential, MagicLink, Offer, View};
use crate::http::pages::visit::Visit;

/// The desk's phone.
const PHONE: &str = "/#phone";

pub(super) fn methods(offered: &[Offer], words: &Wording) -> Markup {
    html! {
        (head(Icon::Lock, "", words.at(&CHALLENGE_HEADING)))
        p class="lead" { (words.at(&CHALLENGE_DESCRIPTION)) }
        (choices(offered))
    }
}

pub(super) fn code(visit: &Visit, entry: &Code, words: &Wording) -> Markup {
    let method = entry.method.unwrap_or(Method::EmailOtp);
    let recovery = method == Method::RecoveryCode;
    let sends = method.is_phone() || method.is_email();
    let described = entry.problem.as_ref().map(|_| "problem");
    let heading = match method {
        Method::Sms => words.at(&SMS_HEADING),
        other => title_of_code(other),
    };
    html! {
        (head(Icon::of(method), "", heading))
        p class="lead" {
            @if recovery {
                "Enter one of the codes that you saved when you set up your account. Each code works once."
            } @else if sends {
                "Enter the " (entry.digits) "-digit code we sent to "
                strong { (entry.sent_to.as_deref().unwrap_or("you")) } "."
            } @else {
                "Enter the 6-digit code from your app."
            }
        }
        (said(entry.notice.as_ref(), entry.problem.as_ref()))
        form method="post" action=(visit.at("/challenge/verify")) {
            (carried(visit))
            (hidden("method", method.word()))
            @if entry.enrolls { (hidden("enrolls", "true")) }
            label for="code" { @if recovery { "Recovery code" } @else { "Code" } }
            @if recovery {
                input class="word" id="code" name="code" type="text" autocomplete="off" autocapitalize="none"
                    spellcheck="false" required autofocus[!visit.popup] data-focus[visit.popup]
                    aria-describedby=[described] aria-invalid=[described.map(|_| "true")];
            } @else {
                input class="code" id="code" name="code" type="text" inputmode="numeric"
                    autocomplete="one-time-code" pattern="[0-9 ]*" maxlength="12" spellcheck="false" required
                    autofocus[!visit.popup] data-focus[visit.popup] aria-describedby=[described]
                    aria-invalid=[described.map(|_| "true")];
            }
            button type="submit" { (words.at(&CHALLENGE_BUTTON)) }
        }
        @if sends { (resend(visit, method, entry.enrolls, "Send a new code")) }
        @if sends { (inbox(visit, "code")) }
        @else if !recovery {
            (no_app(entry.clock.as_deref()))
        }
    }
}

pub(super) fn title_of_code(method: Method) -> &'static str {
    title(&View::Code(Code {
        method: Some(method),
        ..Code::default()
    }))
}

pub(super) fn resend(visit: &Visit, method: Method, enrolls: bool, label: &str) -> Markup {
    html! {
        form class="resend" method="post" action=(visit.at("/challenge/send")) {
            (carried(visit))
            (hidden("method", method.word()))
            @if enrolls { (hidden("enrolls", "true")) }
            "Didn’t get it? " button class="link" type="submit" { (label) }
        }
    }
}

pub(super) fn magic_link(visit: &Visit, sent: &MagicLink) -> Markup {
    let method = Method::EmailMagicLink;
    html! {
        (head(Icon::Mail, "", "Check your email"))
        p class="lead" {
            "Open the link we sent to " strong { (sent.sent_to) } ". Any device works."
        }
        (said(sent.notice.as_ref(), sent.problem.as_ref()))
        @if let Some(wait) = &sent.wait {
            p class="waiting" role="status" { "Waiting for you to open the link" }
            form method="post" action=(visit.at("/challenge/verify")) data-wait=(wait) {
                (carried(visit))
                (hidden("method", method.word()))
                @if sent.enrolls { (hidden("enrolls", "true")) }
                button class="plain" type="submit" { "I opened the link" }
            }
        }
        (resend(visit, method, sent.enrolls, "Send a new link"))
        (inbox(visit, "link"))
    }
}

pub(super) fn credential(visit: &Visit, asked: &Credential) -> Markup {
    let key = asked.method == Method::SecurityKey;
    let (thing, lead) = match (key, asked.enrolls) {
        (true, false) => (
            "security key",
            "Insert your security key or hold it near your device. Touch it when asked.",
        ),
        (true, true) => (
            "security key",
            "Keep your security key ready. You will be asked to touch it.",
        ),
        (false, false) => (
            "passkey",
            "Your device will ask for your fingerprint, face or screen lock.",
        ),
        (false, true) => (
            "passkey",
            "Sign in with your fingerprint, face or screen lock instead of a code.",
        ),
    };
    let ceremony = if asked.enrolls { "create" } else { "get" };
    let label = match (key, asked.enrolls) {
        (true, false) => "Use security key",
        (true, true) => "Add security key",
        (false, false) => "Continue with passkey",
        (false, true) => "Create passkey",
    };
    let title = title(&View::Credential(Credential {
        elsewhere: None,
        problem: None,
        ..*asked
    }));
    html! {
        (head(Icon::of(asked.method), "", title))
        p class="lead" { (lead) }
        (said(None, asked.problem.as_ref()))
        @if let Some(elsewhere) = &asked.elsewhere {
            div class="said warn" role="alert" {
                "Browsers do not allow " (thing) "s at " code { (elsewhere.host) }
                ", because an IP address cannot own one."
                @if let Some(href) = &elsewhere.href { " " a href=(href) { "Open this page on localhost" } "." }
                @else { " Open the mock at a host name instead." }
            }
        } @else {
            form method="post" action=(visit.at("/challenge/verify")) data-ceremony=(ceremony)
                data-options=(visit.at("/challenge/credential")) {
                (carried(visit))
                (hidden("method", asked.method.word()))
                @if asked.enrolls { (hidden("enrolls", "true")) }
                (hidden("credential", ""))
                p class="said bad" role="alert" data-problem hidden {}
                button type="submit" hidden { (label) }
            }
            noscript {
                p class="said warn" { "Using a " (thing) " requires JavaScript, which is off in this browser." }
            }
        }
    }
}

pub(super) fn approval(visit: &Visit, asked: &Approval) -> Markup {
    let push = asked.method == Method::Push;
    html! {
        @if push {
            (head(Icon::Phone, "", "Approve on your phone"))
            p class="lead" {
                "We sent a request to "
                strong { (asked.device.as_deref().unwrap_or("your phone")) }
                ". Approve it there if the challenge starts with these four characters."
            }
            (said(None, asked.problem.as_ref()))
            p class="number" { (number(&asked.challenge_id)) }
        } @else {
            (head(Icon::Code, "", "Scan with your phone"))
            p class="lead" { "Scan this code with the app on your phone, then approve the request there." }
            (said(None, asked.problem.as_ref()))
            @if let Some(code) = qr::svg(&asked.challenge_id, "QR code of this challenge") { div class="qr" { (code) } }
        }
        p class="about" { "Challenge " code { (asked.challenge_id) } }
        p class="waiting" role="status" {
            @if asked.claimed { "Scanned. Waiting for your answer" } @else { "Waiting for your answer" }
        }
        form method="post" action=(visit.at("/challenge/verify")) data-wait=(asked.wait) {
            (carried(visit))
            (hidden("method", asked.method.word()))
            (hidden("challenge", &asked.challenge_id))
            button class="plain" type="submit" { "I answered on my phone" }
        }
        (hint(&html! {
            "No phone? "
            @if push {
                "Answer on the " a href=(visit.at(PHONE)) target="_blank" rel="noopener" { "mock’s phone" }
                ", or run " code { "stepup-mock push approve USER" } "."
            } @else {
                "Run " code { "stepup-mock qr approve " (asked.challenge_id) " --user USER" } " to scan and approve."
            }
        }))
    }
}

/// The first four letters and digits of a challenge's id, for the user to compare with the phone.
fn number(id: &str) -> String {
    let digits = id.chars().filter(char::is_ascii_alphanumeric).take(4);
    digits.map(|digit| digit.to_ascii_uppercase()).collect()
}
