//! The markup of the pages that set up a sign-in method. Must not know the world.

use maud::{Markup, html};

use super::flow::skip;
use super::icon::Icon;
use super::parts::{carried, choices, head, hidden, no_app, said, way_out};
use crate::domain::authsignal::management::message::{
    ENROLLMENT_DESCRIPTION, ENROLLMENT_HEADING, FIRST_DESCRIPTION, FIRST_HEADING, Wording,
};
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::exit::Exit;
use crate::http::pages::qr;
use crate::http::pages::view::{Address, App, Offer};
use crate::http::pages::visit::Visit;

pub(super) fn enrollable(
    visit: &Visit,
    offered: &[Offer],
    words: &Wording,
    first: bool,
    declines: Option<bool>,
) -> Markup {
    let (heading, description) = if first {
        (&FIRST_HEADING, &FIRST_DESCRIPTION)
    } else {
        (&ENROLLMENT_HEADING, &ENROLLMENT_DESCRIPTION)
    };
    html! {
        (head(Icon::Lock, "", words.at(heading)))
        p class="lead" { (words.at(description)) }
        (choices(offered))
        @if declines == Some(true) { (skip(visit)) }
    }
}

pub(super) fn address(visit: &Visit, entry: &Address) -> Markup {
    let email = entry.method.is_email();
    let link = entry.method == Method::EmailMagicLink;
    let described = entry.problem.as_ref().map_or("note", |_| "problem note");
    let invalid = entry.problem.as_ref().map(|_| "true");
    html! {
        (head(Icon::of(entry.method), "", if email { "Add your email address" } else { "Add your phone number" }))
        p class="lead" {
            @if link { "We send a link there to check that it is yours." }
            @else { "We send a code there to check that it is yours." }
        }
        (said(None, entry.problem.as_ref()))
        form method="post" action=(visit.at("/challenge/enroll")) {
            (carried(visit))
            (hidden("method", entry.method.word()))
            @if email {
                label for="address" { "Email address" }
                input id="address" name="address" type="email" autocomplete="email" inputmode="email"
                    value=(entry.value) required autofocus[!visit.popup] data-focus[visit.popup]
                    aria-invalid=[invalid] aria-describedby=[invalid.map(|_| "problem")];
            } @else {
                label for="address" { "Phone number" }
                input id="address" name="address" type="tel" autocomplete="tel" inputmode="tel"
                    value=(entry.value) required autofocus[!visit.popup] data-focus[visit.popup]
                    aria-invalid=[invalid] aria-describedby=(described);
                p class="note" id="note" {
                    @if let Some(code) = entry.calling_code { "A number without a country code gets +" (code) "." }
                    @else { "Include the country code, for example +64 27 000 0000." }
                }
            }
            button type="submit" { @if link { "Send link" } @else { "Send code" } }
        }
    }
}

pub(super) fn app(visit: &Visit, made: &App) -> Markup {
    let described = made.problem.as_ref().map(|_| "problem");
    html! {
        (head(Icon::Clock, "", "Set up an authenticator app"))
        p class="lead" { "Scan this code with any authenticator app, then enter the 6-digit code that the app shows." }
        (said(None, made.problem.as_ref()))
        @if let Some(code) = qr::svg(&made.uri, "QR code for the authenticator app") { div class="qr" { (code) } }
        p class="label" id="secret" { "Or enter this key in the app" }
        div class="secret" {
            code aria-labelledby="secret" { (spaced(&made.secret)) }
            button class="plain small" type="button" data-copy=(made.secret) hidden { "Copy key" }
            span id="copied" role="status" class="note" {}
        }
        form method="post" action=(visit.at("/challenge/verify")) {
            (carried(visit))
            (hidden("method", Method::AuthenticatorApp.word()))
            (hidden("enrolls", "true"))
            label for="code" { "Code" }
            input class="code" id="code" name="code" type="text" inputmode="numeric" autocomplete="one-time-code"
                pattern="[0-9 ]*" maxlength="12" spellcheck="false" required
                autofocus[made.problem.is_some() && !visit.popup] data-focus[made.problem.is_some() && visit.popup]
                aria-describedby=[described] aria-invalid=[described.map(|_| "true")];
            button type="submit" { "Confirm" }
        }
        (no_app(made.clock.as_deref()))
    }
}

/// A secret in groups of four characters, which are easier to read and type.
fn spaced(secret: &str) -> String {
    let mut text = String::with_capacity(secret.len() + secret.len() / 4);
    for (at, character) in secret.chars().enumerate() {
        if at > 0 && at % 4 == 0 {
            text.push(' ');
        }
        text.push(character);
    }
    text
}

pub(super) fn recovery_codes(codes: &[String], exit: &Exit) -> Markup {
    html! {
        (head(Icon::List, "", "Save your recovery codes"))
        p class="lead" {
            "Use a recovery code if you lose your other methods. Each code works once. Save them now: you will not see them again."
        }
        ul class="codes" { @for code in codes { li { code { (code) } } } }
        div class="secret" {
            button class="plain small" type="button" data-copy=(codes.join("\n")) hidden { "Copy codes" }
            span id="copied" role="status" class="note" {}
        }
        (way_out(exit, "I saved my codes", "Save the codes, then close this page."))
    }
}
