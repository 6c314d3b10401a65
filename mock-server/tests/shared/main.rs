//! A thousand tests that share one mock, each with a tenant and a clock of its own, and what a failed one prints. Knows no
//! module of the crate.

#![expect(
    clippy::unwrap_used,
    reason = "all of this is test code, and a panic is how a test fails"
)]

mod failed;
mod step_up;
mod thousand;
