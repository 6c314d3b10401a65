//! What each page and each form does: it asks the domain, and chooses the page that tells the outcome. Knows no markup.
//!
//! A page that needs a challenge sees to it that there is one, so that opening it again sends nothing twice. Forms that
//! did something lead to a page by an address; those that did not show why.
//!
//! From the top down:
//!
//! - [`dispatch`]: which step answers, and the page that shows where things stand
//! - [`forms`]: what a form does
//! - [`challenge`], [`enrollment`], [`settings`], [`waiting`]: one kind of page each
//! - [`attempt`], [`ends`]: what becomes of what a user tried; how a visit goes on, or ends
//! - [`visitor`]: who came, and where things stand
//! - [`wording`]: what pages say in words

mod attempt;
mod challenge;
mod dispatch;
mod ends;
mod enrollment;
mod forms;
mod settings;
pub(super) mod visitor;
mod waiting;
mod wording;
