//! Requests that cannot be read, and requests that only look as if they could not: encodings of ids, and bodies where
//! none is wanted. Must not know how the mock reads requests.

mod bodies;
mod targets;

use crate::spec;
use crate::wire::{Answer, Request};
use crate::world::{Signer, World};

/// Sends a request that must be refused in the vendor's form, and checks that it changed nothing.
async fn refused(world: &World, operation: &str, status: u16, request: &Request, cause: &str) {
    let before = world.server.state();
    let answer = world.send(request).await;
    vendor_failure(&answer, operation, status, cause);
    assert_eq!(
        world.server.state(),
        before,
        "{operation}: a refused request changed the world"
    );
}

fn vendor_failure(answer: &Answer, operation: &str, status: u16, cause: &str) {
    let what = format!("{operation} ({cause}): {} {}", answer.status, answer.text());
    assert_eq!(answer.status, status, "{what}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{what}"
    );
    let body = answer.json();
    let faults = spec::named("activeconnect")
        .operation(operation)
        .faults_of_answer(status, &body);
    assert!(faults.is_empty(), "{what}: {faults:?}");
    assert!(body["reason"].as_str().unwrap().contains(cause), "{what}");
}

fn add_users(world: &World, body: impl Into<Vec<u8>>) -> Request {
    world
        .request(
            Signer::Application,
            "POST",
            "/management/add_users/mock-app",
        )
        .json(body)
}
