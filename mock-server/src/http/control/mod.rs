//! The control API over HTTP: translates between its wire types, the simulated phones, and the running mock.
//!
//! From the top down:
//!
//! - `operations`: an answer for each operation
//! - `tenancy`: tenants, listed, created and deleted
//! - `har`: the journal in the format HTTP Archive
//! - `verification`: searches of the journal, and checks of what is in it
//! - `listing`: reads, which change nothing
//! - `authsignal`, `device`, `export`, `facts`, `faults`, `inbox`, `phone`, `snapshots`, `time`, `webhooks`: one subject
//!   each
//! - `managed`: what the Management API sets
//! - `pattern`: what a request must be, and how one differs from that
//! - `waiting`: requests that wait for a first result
//! - `tenants`: which tenant a request is about
//! - `readings`, `repeated`: plus signs in queries; things that a list names twice
//! - `admission`: who may call
//! - `words`: converts between enums of the wire and the domain
//! - `refusal`: the form of an error

pub(crate) mod admission;
mod authsignal;
mod device;
mod export;
mod facts;
mod faults;
mod har;
mod inbox;
mod listing;
mod managed;
mod operations;
mod pattern;
mod phone;
mod readings;
pub(crate) mod refusal;
mod repeated;
mod snapshots;
mod tenancy;
mod tenants;
#[cfg(test)]
mod tests;
mod time;
mod verification;
mod waiting;
mod webhooks;
mod words;
