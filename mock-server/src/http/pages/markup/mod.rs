//! The pages as HTML: what a view says becomes text, never markup. Knows no world.
//!
//! Everything works by links and forms but what no form can do: asking for a passkey, telling things to whoever opened a
//! popup, and moving on when a phone or a link was used.
//!
//! From the top down:
//!
//! - [`document`]: a whole page
//! - [`challenge`], [`enrollment`], [`settings`]: one kind of page each
//! - [`parts`]: what several pages have
//! - [`title`]: the heading of a page, and what it says in a sentence
//! - [`words`]: what pages say of methods and of ends
//! - [`icon`]: pictures

mod challenge;
mod document;
mod enrollment;
mod icon;
mod parts;
mod settings;
mod title;
mod words;

pub use self::document::document;
pub(super) use self::title::{sentence, summary};
