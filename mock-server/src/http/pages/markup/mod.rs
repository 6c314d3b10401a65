//! The pages as HTML. All data from a view is escaped. Must not know the world.
//!
//! The pages use links and forms. Only three things need the script: passkeys, messages to the opener of a popup, and
//! continuing when a phone answers or the user opens a link.
//!
//! From the top down:
//!
//! - `document`: a whole page
//! - `challenge`, `enrollment`, `settings`: one kind of page each
//! - `flow`: what only flows have
//! - `parts`: elements that several pages share
//! - `title`: the heading of a page, and its summary for the journal
//! - `words`: the texts for methods and endings
//! - `icon`: the pictures

mod challenge;
mod document;
mod enrollment;
mod flow;
mod icon;
mod parts;
mod settings;
mod title;
mod words;

pub use self::document::document;
pub(super) use self::title::{sentence, summary};
