//! The steps behind each page and form: ask the domain, then choose the page to show. Must not contain markup.
//!
//! A page that needs a challenge reuses an open one, so reloading the page sends nothing twice. A form that succeeds
//! redirects to a page; a form that fails shows the reason.
//!
//! From the top down:
//!
//! - `dispatch`: routes a request to its step, and chooses the page for the current state
//! - `forms`: handles submitted forms
//! - `challenge`, `enrollment`, `settings`, `waiting`: one kind of page each
//! - `flow`: the steps and the screens of a flow
//! - `attempt`, `ends`: checks what the user submits; continues or ends the visit
//! - `visitor`: the user behind a valid token, and the current state
//! - `wording`: formats addresses, refusals and dates

mod attempt;
mod challenge;
mod dispatch;
mod ends;
mod enrollment;
mod flow;
mod forms;
mod settings;
pub(super) mod visitor;
mod waiting;
mod wording;
