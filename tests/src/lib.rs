//! What the tests of several crates share: HTTP by hand, a server to call, and a second computation of the signature. Must
//! not know the client, nor the mock.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is test code, and a panic is how a test fails; clippy sees only functions under #[test] as such"
)]

pub mod receiver;
pub mod signing_reference;
pub mod wire;

/// The README's examples, which must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
