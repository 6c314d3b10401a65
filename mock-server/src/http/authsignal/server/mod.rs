//! Authsignal's Server API over HTTP: who may call, and the translation between wire types and the domain. Decides
//! nothing about users, actions or challenges itself.
//!
//! - [`operations`]: an answer for each operation
//! - [`convert`]: between wire types and domain types
//! - [`admission`]: who may call

pub(crate) mod admission;
mod convert;
mod operations;
