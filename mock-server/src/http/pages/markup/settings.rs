//! The markup of the settings page and of the pages that end a visit. Must not know the world.

use maud::{Markup, html};

use super::icon::{Icon, icon};
use super::parts::{carried, head, hidden, hint, said, way_out};
use super::words::{ending_words, has_way_out, is_trouble, name, way_out_of};
use crate::domain::authsignal::management::message::{SETTINGS_HEADING, Wording};
use crate::http::pages::exit::Exit;
use crate::http::pages::view::{Ending, Held, Settings};
use crate::http::pages::visit::Visit;

pub(super) fn settings(visit: &Visit, settings: &Settings, words: &Wording, exit: &Exit) -> Markup {
    html! {
        (head(Icon::Lock, "", words.at(&SETTINGS_HEADING)))
        p class="lead" {
            @if settings.held.is_empty() { "You have no sign-in methods yet." } @else { "Use any of these to confirm it’s you." }
        }
        (said(settings.notice.as_ref(), settings.problem.as_ref()))
        @if !settings.held.is_empty() {
            ul class="held" { @for one in &settings.held { (held(visit, one)) } }
        }
        @if let Some(href) = &settings.add { a class="button plain" href=(href) { @if settings.held.is_empty() { "Add one" } @else { "Add another" } } }
        @match settings.recovery_codes {
            0 => {}
            1 => p class="resend" { "1 recovery code is left." },
            left => p class="resend" { (left) " recovery codes are left." },
        }
        (way_out(exit, "Done", ""))
    }
}

fn held(visit: &Visit, one: &Held) -> Markup {
    // Screen readers need a different label for each button of the list.
    let what = match &one.label {
        Some(label) => format!("{}, {label}", name(one.method)),
        None => name(one.method).to_owned(),
    };
    html! {
        li {
            (icon(Icon::of(one.method)))
            div class="what" {
                (name(one.method))
                @if one.is_default { span class="mark" { "Default" } }
                @if let Some(label) = &one.label { small { (label) } }
                small { "Added on " (one.since) }
            }
            @if one.may_be_default || one.may_be_removed {
                div class="acts" {
                    @if one.may_be_default {
                        form method="post" action=(visit.at("/challenge/default")) {
                            (carried(visit))
                            (hidden("method", one.method.word()))
                            button class="plain small" type="submit" aria-label={ "Make default: " (what) } {
                                "Make default"
                            }
                        }
                    }
                    @if one.may_be_removed {
                        details {
                            summary aria-label={ "Remove: " (what) } { "Remove" }
                            form method="post" action=(visit.at("/challenge/remove")) {
                                (carried(visit))
                                (hidden("authenticator", &one.id))
                                button class="danger small" type="submit" aria-label={ "Yes, remove: " (what) } {
                                    "Yes, remove it"
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

pub(super) fn ending(ending: Ending, because: &str, exit: &Exit) -> Markup {
    let (icon_name, tone, title, text, developer) = ending_words(ending);
    html! {
        (head(icon_name, tone, title))
        p class="lead" role=[is_trouble(ending).then_some("alert")] { (text) }
        @if has_way_out(ending) {
            (way_out(exit, way_out_of(ending), "You can close this page."))
        }
        @if !developer.is_empty() {
            (hint(&html! { (developer) @if !because.is_empty() { " " (because) } }))
        }
    }
}
