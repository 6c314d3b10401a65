//! Elements that several pages share: heading, hidden fields, notice, choices, way out. Must not know the world.

use maud::{Markup, html};

use super::icon::{Icon, go, icon};
use super::words::{about, name};
use crate::http::pages::exit::Exit;
use crate::http::pages::view::Offer;
use crate::http::pages::visit::Visit;

/// The desk's inbox, which shows the messages that a real service would send.
const INBOX: &str = "/#inbox";

pub(super) fn head(icon_name: Icon, tone: &str, title: &str) -> Markup {
    html! {
        div class={ "badge" @if !tone.is_empty() { " " (tone) } } { (icon(icon_name)) }
        h1 { (title) }
    }
}

pub(super) fn carried(visit: &Visit) -> Markup {
    html! {
        @for (name, value) in visit.fields() { input type="hidden" name=(name) value=(value); }
    }
}

pub(super) fn hidden(name: &str, value: &str) -> Markup {
    html! { input type="hidden" name=(name) value=(value); }
}

pub(super) fn said(notice: Option<&String>, problem: Option<&String>) -> Markup {
    html! {
        @if let Some(problem) = problem { p class="said bad" id="problem" role="alert" { (problem) } }
        @else if let Some(notice) = notice { p class="said" role="status" { (notice) } }
    }
}

/// A hint for developers.
pub(super) fn hint(text: &Markup) -> Markup {
    html! { aside class="hint" aria-label="Hint for developers" { p { (text) } } }
}

/// Where the code of an authenticator app comes from, for developers.
pub(super) fn no_app(clock: Option<&str>) -> Markup {
    hint(&html! {
        "No app? Run " code { "stepup-mock totp USER" } " to get the code."
        @if let Some(clock) = clock {
            " Do so even if you have one: apps follow the machine’s clock, and the mock’s clock is at " code { (clock) } "."
        }
    })
}

pub(super) fn inbox(visit: &Visit, what: &str) -> Markup {
    hint(&html! {
        "The mock sends no real messages. Find the " (what) " in the "
        a href=(visit.at(INBOX)) target="_blank" rel="noopener" { "mock’s inbox" } "."
    })
}

pub(super) fn choices(offered: &[Offer]) -> Markup {
    html! {
        ul class="choices" {
            @for offer in offered {
                li {
                    a class="choice" href=(offer.href) {
                        (icon(Icon::of(offer.method)))
                        span {
                            (name(offer.method))
                            small {
                                @if let Some(label) = &offer.label { (label) } @else { (about(offer.method)) }
                            }
                        }
                        (go())
                    }
                }
            }
        }
    }
}

/// The button that returns to the application.
pub(super) fn way_out(exit: &Exit, label: &str, otherwise: &str) -> Markup {
    html! {
        @match exit {
            Exit::Redirect(url) => a class="button" href=(url) { (label) },
            Exit::Message(message) => button type="button" data-close=(message) hidden { (label) },
            Exit::Nowhere => { @if !otherwise.is_empty() { p { (otherwise) } } }
        }
    }
}
