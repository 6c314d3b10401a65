//! Authsignal's Server API over HTTP: who may call, and the translation between wire types and the domain. Decides
//! nothing about users, actions or challenges itself.
//!
//! From the top down:
//!
//! - `operations`: an answer for each operation
//! - `flows`: the operations on flows
//! - `terminal`: the operations of terminals
//! - `admission`: who may call
//! - `redirect`: what is wrong with where a user is to return to
//! - `convert`: between wire types and domain types

pub(crate) mod admission;
mod convert;
mod flows;
mod operations;
mod redirect;
mod terminal;
