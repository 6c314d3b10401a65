//! Tests that the specs, the client, the mock and the vendors' own packages agree. One program, so that it links once. The
//! tests of the mock as a program are in `mock-server/tests/program/`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is test code, and a panic is how a test fails; clippy sees only functions under #[test] as such"
)]

mod adversity;
mod authsignal;
mod authsignal_client;
mod authsignal_management;
mod behaviours;
mod blocking;
mod desk;
mod devices;
mod documentation;
mod drift;
mod exchange;
mod faults;
mod files;
mod flow;
mod glue;
mod golden;
mod heads;
mod house;
mod malformed;
mod pages;
mod paths;
mod refusals;
mod scenarios;
mod schemas;
mod sdk;
mod snapshots;
mod spec;
mod strict;
mod surface;
mod tenancy;
mod tenant;
mod totp_reference;
mod vectors;
mod world;

use conformance::{receiver, signing_reference, wire};
