//! Proof that the specs, the client, the mock and the vendor's own packages agree. One program, so that it links once.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is test code, and a panic is how a test fails; clippy sees only functions under #[test] as such"
)]

mod authsignal;
mod authsignal_client;
mod binary;
mod cli;
mod desk;
mod devices;
mod exchange;
mod flow;
mod golden;
mod house;
mod malformed;
mod pages;
mod paths;
mod receiver;
mod recorder;
mod refusals;
mod schemas;
mod sdk;
mod signing_reference;
mod spec;
mod surface;
mod totp_reference;
mod vectors;
mod wire;
mod world;
