//! Authsignal's Client API over HTTP: who may call, and what their browser may read. Decides nothing about
//! authenticators or challenges itself.
//!
//! From the top down:
//!
//! - `operations`: an answer for each operation
//! - `flows`: the steps of a flow
//! - `steps`: what several operations share
//! - `convert`: between wire types and domain types
//! - `admission`: who may call

pub(crate) mod admission;
mod convert;
mod flows;
mod operations;
mod steps;
