//! The mock as a program: what it prints where, how it ends, what it says when it cannot start, and its subcommands. Must
//! not use the mock as a library.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "all of this is test code, and a panic is how a test fails; clippy sees only functions under #[test] as such"
)]

#[cfg(unix)]
mod docs;
mod drift;
#[cfg(unix)]
mod durability;
mod hardship;
mod public_url;
mod running;
mod service;
mod start;
mod subcommands;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "otel")]
mod traces;
mod watch;
#[cfg(not(feature = "otel"))]
mod without_traces;

use std::process::Output;

use conformance::signing_reference::{Credentials, signed};
use conformance::wire::Request;

const FREE_PORT: [&str; 2] = ["--listen", "127.0.0.1:0"];
/// The time of a mock in deterministic mode: 2026-01-01T00:00:00Z.
const NOW: i64 = 1_767_225_600;
/// The API secret of the Authsignal tenant that a mock starts with.
const API_SECRET: &str = "mock-authsignal-secret-0123456789abcdef";
/// Its management secret.
const MANAGEMENT_SECRET: &str = "mock-management-secret-0123456789abcdef";

fn credentials() -> Credentials {
    Credentials {
        id: "mock-app".to_owned(),
        secret: "mock-app-secret-24-bytes".to_owned(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A run that must fail, with all of this in what it says on stderr and nothing on stdout.
fn fails(output: &Output, says: &[&str]) {
    let stderr = text(&output.stderr);
    assert!(
        output.status.code().is_some_and(|code| code != 0),
        "{:?}: {stderr}",
        output.status
    );
    assert!(output.stdout.is_empty(), "{}", text(&output.stdout));
    for words in says {
        assert!(stderr.contains(words), "not {words:?} but: {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

/// Sends a signed request to a program in deterministic mode, from a list with a nonce of its own each.
fn request(method: &str, target: &str, body: &str, nonce: usize) -> Request {
    let request = Request::new(method, target);
    let request = if body.is_empty() {
        request
    } else {
        request.json(body)
    };
    if target.starts_with("/_mock") {
        request
    } else {
        signed(request, &credentials(), &nonce.to_string(), NOW)
    }
}
