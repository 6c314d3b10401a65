//! The Management API, which sets what a tenant is. Decides nothing itself.
//!
//! From the top down; each may use those below it:
//!
//! - `operations`: the operations
//! - `convert`: between the members of a resource and the types of the wire
//! - `admission`: who may call

pub(crate) mod admission;
mod convert;
mod operations;
