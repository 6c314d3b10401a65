//! The markup of a whole page: its head, its view, and the links below. Must not know the world.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::challenge::{approval, code, credential, magic_link, methods};
use super::enrollment::{address, app, enrollable, recovery_codes};
use super::flow::screen;
use super::settings;
use super::title::{problem, worded};
use crate::domain::authsignal::management::message::Wording;
use crate::http::pages::exit::{self, Exit, ready};
use crate::http::pages::view::{Credential, Looks, Page, View};

/// The folder of the stylesheet and the script.
const ASSETS: &str = "/challenge/assets";

/// The page.
pub fn document(page: &Page, looks: &Looks) -> Markup {
    let popup = page.visit.popup;
    let assets = page.visit.at(ASSETS);
    let failed = page
        .failed
        .filter(|_| popup)
        .map(|(code, status)| exit::failed(code, status));
    let close = match (&page.view, &page.exit) {
        (View::Ending(_), Exit::Message(message)) if page.leaves => Some(message),
        _ => None,
    };
    html! {
        (DOCTYPE)
        html lang="en" class=[popup.then_some("popup")] data-mode=[popup.then_some("popup")]
            data-watch=[&page.watch] data-moved=[page.watch.as_ref().map(|_| page.visit.link("/challenge", &[("moved", "1")]))]
            data-ready=[popup.then(ready)] data-opener=[&page.visit.opener] data-error=[failed] data-close=[close] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title {
                    @if problem(&page.view).is_some() { "Error: " }
                    (worded(&page.view, &looks.words)) " · stepup-mock"
                }
                link rel="icon" type="image/svg+xml" href={ (assets) "/icon.svg" };
                link rel="stylesheet" href={ (assets) "/style.css" };
                // What a theme may say is checked where its stylesheet is made: it has no `<`.
                @if !looks.style.is_empty() { style { (PreEscaped(&looks.style)) } }
                script src={ (assets) "/script.js" } defer {}
            }
            body {
                div class="sheet" {
                    main {
                        @if let Some(message) = &page.message { p class="said" { (message) } }
                        (view(page, &looks.words))
                        (after(page))
                    }
                    @if !looks.hides_logo {
                        footer class="emulation" {
                            "This page is from stepup-mock, a mock server. "
                            a href=(page.visit.at("/")) target="_blank" rel="noopener" { "Open the desk" }
                        }
                    }
                }
            }
        }
    }
}

fn view(page: &Page, words: &Wording) -> Markup {
    let visit = &page.visit;
    match &page.view {
        View::Methods(offered) => methods(offered, words),
        View::Code(entry) => code(visit, entry, words),
        View::MagicLink(sent) => magic_link(visit, sent),
        View::Credential(asked) => credential(visit, asked),
        View::Approval(asked) => approval(visit, asked),
        View::Enrollable {
            offered,
            first,
            declines,
        } => enrollable(visit, offered, words, *first, *declines),
        View::Screen(shown) => screen(visit, shown),
        View::Address(entry) => address(visit, entry),
        View::App(made) => app(visit, made),
        View::RecoveryCodes(codes) => recovery_codes(codes, &page.exit),
        View::Settings(settings) => settings::settings(visit, settings, words, &page.exit),
        View::Ending(ending) => settings::ending(*ending, &page.because, &page.exit),
    }
}

/// The links below a view: another method, and the way out.
fn after(page: &Page) -> Markup {
    let out = match (&page.view, &page.exit) {
        // These pages have a button as their way out.
        (View::Ending(_) | View::RecoveryCodes(_) | View::Settings(_), _) | (_, Exit::Nowhere) => {
            None
        }
        (
            View::Enrollable {
                first: true,
                declines: None,
                ..
            },
            exit,
        ) if !page.visit.force_enrollment => Some((exit, "Not now")),
        // The action has passed, and the user is asked for one more method.
        (View::Credential(Credential { enrolls: true, .. }), exit) if page.back.is_none() => {
            Some((exit, "Not now"))
        }
        (_, exit) => Some((exit, "Cancel")),
    };
    html! {
        @if page.back.is_some() || out.is_some() {
            div class="after" {
                @if let Some((href, label)) = &page.back { a href=(href) { (label) } }
                @match out {
                    Some((Exit::Redirect(url), label)) => a href=(url) { (label) },
                    Some((Exit::Message(message), label)) => {
                        button class="link" type="button" data-close=(message) hidden { (label) }
                    }
                    _ => {}
                }
            }
        }
    }
}
