//! The control API over HTTP: translates between its wire types, the simulated phones, and the running mock.
//!
//! From the top down:
//!
//! - `operations`: an answer for each operation
//! - `files`: tenants written into a file, and loaded from one
//! - `tenancy`: tenants, listed, created and deleted
//! - `har`: the journal in the format HTTP Archive
//! - `verification`: searches of the journal, and checks of what is in it
//! - `expectation`: requests that a test expects, compared with those that came
//! - `listing`: reads, which change nothing
//! - `authsignal`, `device`, `export`, `facts`, `faults`, `inbox`, `phone`, `scenarios`, `snapshots`, `time`, `webhooks`: one
//!   subject each
//! - `managed`: what the Management API sets
//! - `pattern`: what a request must be, and how one differs from that
//! - `body_path`: what a body must have at a JSONPath
//! - `text_pattern`: what a text must be
//! - `seen`: a request as a pattern sees it
//! - `matching`: how much a request may compare with the journal, and where that happens
//! - `waiting`: requests that wait for a first result
//! - `tenants`: which tenant a request is about, and whether that can have an action
//! - `readings`, `repeated`: plus signs in queries; things that a list names twice
//! - `admission`: who may call
//! - `words`: converts between enums of the wire and the domain
//! - `refusal`: the form of an error

pub(crate) mod admission;
mod authsignal;
mod body_path;
mod device;
mod expectation;
mod export;
mod facts;
mod faults;
mod files;
mod har;
mod inbox;
mod listing;
mod managed;
mod matching;
mod operations;
mod pattern;
mod phone;
mod readings;
pub(crate) mod refusal;
mod repeated;
mod scenarios;
mod seen;
mod snapshots;
mod tenancy;
mod tenants;
#[cfg(test)]
mod tests;
mod text_pattern;
mod time;
mod verification;
mod waiting;
mod webhooks;
mod words;
