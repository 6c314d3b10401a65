//! The HTTP face. With the generated routers and what serves them, the only code that knows axum.
//!
//! The floors, from the top down. A room may use those below it, never one above:
//!
//! - `front`: what holds for every request and every answer
//! - `gate`, `outlet`: who may reach the mock at all; how many bytes of answers wait for their readers
//! - `router`: one router over everything
//! - `desk`: the page for developers
//! - `unmatched`: the answer to a request that matches no operation
//! - `control`, `pages`: the control API; the hosted pages
//! - `activeconnect`, `authsignal`: the vendors' APIs, one room for each vendor
//! - `note`: what the journal keeps of a request, and which part may be shown
//! - `access`, `date`, `door`, `origin`: who may change a world; times as HTTP writes them; requests
//!   without a network; hosts, origins and URLs
//! - `surface`: what the generated routers build on; it must not know any API

mod access;
mod activeconnect;
mod authsignal;
mod control;
mod date;
mod desk;
mod door;
mod front;
mod gate;
mod note;
mod origin;
mod outlet;
pub mod pages;
mod router;
pub mod surface;
#[cfg(test)]
mod tests;
mod unmatched;

#[cfg(feature = "fuzz")]
pub use self::authsignal::websocket::heard;
pub use self::door::MockPhones;
pub use self::front::front;
#[cfg(feature = "fuzz")]
pub(crate) use self::note::masking::{is_secret, shown};
pub use self::router::router;
