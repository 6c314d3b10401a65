//! Activeconnect over HTTP: who may call, and the translation between wire types and the domain. Decides nothing about
//! users, devices or sessions itself.
//!
//! From the top down:
//!
//! - `operations`: an answer for each operation
//! - `convert`: between wire types and domain types
//! - `admission`: who may call
//! - `refusal`: the vendor's form of an error

pub(crate) mod admission;
mod convert;
mod operations;
pub(crate) mod refusal;
