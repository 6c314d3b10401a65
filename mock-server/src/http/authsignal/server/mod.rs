//! Authsignal's Server API over HTTP: who may call, and the translation between wire types and the domain. Decides
//! nothing about users, actions or challenges itself.
//!
//! From the top down:
//!
//! - `operations`: an answer for each operation
//! - `flows`: the operations on flows
//! - `admission`: who may call
//! - `convert`: between wire types and domain types

pub(crate) mod admission;
mod convert;
mod flows;
mod operations;
