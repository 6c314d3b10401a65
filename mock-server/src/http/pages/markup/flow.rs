//! The markup of what only flows have: their screens, and the way past an optional enrolment. Must not know the world.

use maud::{Markup, html};

use super::icon::Icon;
use super::parts::{carried, head};
use crate::http::pages::view::Screen;
use crate::http::pages::visit::Visit;

pub(super) fn screen(visit: &Visit, shown: &Screen) -> Markup {
    html! {
        (head(Icon::List, "", &shown.title))
        @for text in &shown.texts { p class="lead" { (text) } }
        form method="post" action=(visit.at("/challenge/press")) {
            (carried(visit))
            @for (at, (key, label)) in shown.buttons.iter().enumerate() {
                button type="submit" name="button" value=(key) class=[(at > 0).then_some("plain")] { (label) }
            }
        }
    }
}

/// The button that declines an enrolment.
pub(super) fn skip(visit: &Visit) -> Markup {
    html! {
        form method="post" action=(visit.at("/challenge/decline")) {
            (carried(visit))
            button class="plain" type="submit" { "Skip this step" }
        }
    }
}
