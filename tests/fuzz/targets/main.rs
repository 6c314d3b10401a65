//! What a stranger can send, as bytes: each target reads them, and fails if a promise does not hold.
//!
//! `cargo test` gives every input of the corpus to its target, and so does not depend on chance. `cargo xtask fuzz` looks
//! for new inputs.
//!
//! - `requests`: requests to a mock without a network
//! - `texts`: the parsers of the mock
//! - `client`: what the client reads of strangers

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a target fails by panicking"
)]

mod client;
mod requests;
mod texts;
