//! The mock over HTTP. Only this code, the generated routers and `serve` know axum.
//!
//! The floors, from the top down. A module may use modules on the floors below it, never one above:
//!
//! - `front`: what applies to every request and every answer
//! - `forwarded`, `gate`, `outlet`, `settling`: through which proxy a request came; who may reach the mock at all; how many
//!   bytes of answers wait for their readers; answers that wait until what they tell is durable
//! - `router`: one router over everything
//! - `desk`, `metrics`, `specs`: the page for developers; what Prometheus reads; the specs, for tools and people
//! - `detour`: paths of known clients that lead to an operation at another path
//! - `unmatched`: the answer to a request that matches no operation
//! - `astray`: which API a request was meant for that matches no operation, and what is wrong with its base URL
//! - `control`, `pages`: the control API; the hosted pages
//! - `activeconnect`, `authsignal`: the vendors' APIs, one module for each vendor
//! - `note`: what the journal keeps of a request, and which part of that it may show
//! - `access`, `date`, `origin`: who may change the state; times as HTTP writes them; hosts, origins and URLs
//! - `faults`: what is planned to go wrong
//! - `trail`: where a path leaves those of the operations, and what may follow there
//! - `asset`: files of the pages for developers
//! - `door`: requests without a network
//! - `surface`: what the generated routers build on; it must not know any API

mod access;
mod activeconnect;
mod asset;
mod astray;
mod authsignal;
mod control;
mod date;
mod desk;
mod detour;
mod door;
mod faults;
mod forwarded;
mod front;
mod gate;
mod metrics;
mod note;
mod origin;
mod outlet;
pub mod pages;
mod router;
mod settling;
mod specs;
pub mod surface;
#[cfg(test)]
mod tests;
mod trail;
mod unmatched;

#[cfg(feature = "fuzz")]
pub use self::authsignal::websocket::heard;
pub(crate) use self::control::admission::ControlApi;
pub use self::door::MockPhones;
pub use self::front::front;
pub(crate) use self::gate::is_own;
#[cfg(feature = "fuzz")]
pub(crate) use self::note::masking::shown;
pub(crate) use self::note::masking::{is_secret, of_api};
pub use self::origin::{Peer, Secure};
pub use self::router::{phones, router};
