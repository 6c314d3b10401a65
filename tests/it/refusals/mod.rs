//! Requests with bad credentials: each is refused with a reason that names the cause, and changes nothing. Must not
//! know how the mock checks a signature.

mod headers;
mod signatures;

use std::time::Duration;

use serde_json::{Value, json};

use crate::wire::Request;
use crate::world::{
    AUTHENTICATION, Credentials, NOW, Signer, Stage, World, device_description, mock, signed,
};

/// How far a timestamp may be from the mock's clock, in seconds.
const WINDOW: i64 = 300;

/// A request that is good but for what a test does to it.
struct Good {
    operation: &'static str,
    signer: Signer,
    method: &'static str,
    target: String,
    body: Option<Value>,
}

impl Good {
    fn plain(&self) -> Request {
        let request = Request::new(self.method, &self.target);
        match &self.body {
            Some(body) => request.json(body.to_string()),
            None => request,
        }
    }
}

/// One request of each kind of credentials, with and without a body.
fn good_requests(world: &World) -> Vec<Good> {
    let (app, user) = (&world.application.id, crate::world::USER);
    let (session, device, request) = (&world.session.id, &world.device.id, &world.request.id);
    let good = |operation, signer, method, target, body| Good {
        operation,
        signer,
        method,
        target,
        body,
    };
    let identified =
        json!({"identification_data": {"cancelled": false, "acceptance": {"identified": true}}});
    vec![
        good(
            "add_users",
            Signer::Application,
            "POST",
            format!("/management/add_users/{app}"),
            Some(json!({"users": ["new"]})),
        ),
        good(
            "device_registration_link",
            Signer::Application,
            "GET",
            format!("/management/device_registration_link/{app}/{user}?display_name=Alice"),
            None,
        ),
        good(
            "authenticate_user",
            Signer::Application,
            "POST",
            format!("/authentication/authenticate_user/{app}/{user}?methods=acceptance"),
            Some(json!({})),
        ),
        good(
            "session_status",
            Signer::Session,
            "GET",
            format!("/authentication/session_status/{app}/{session}"),
            None,
        ),
        good(
            "session_logout",
            Signer::Session,
            "POST",
            format!("/authentication/logout/{app}/{session}"),
            None,
        ),
        good(
            "update_device",
            Signer::Device,
            "POST",
            format!("/device/configuration/{app}/{device}"),
            Some(device_description("Renamed", "token-2")),
        ),
        good(
            "unregister_device",
            Signer::Device,
            "POST",
            format!("/device/unregister/{app}/{device}"),
            None,
        ),
        good(
            "send_identification_data",
            Signer::AuthRequest,
            "POST",
            format!("/identification/data/{app}/{request}"),
            Some(identified),
        ),
    ]
}

/// A world that looks at the age of signatures, at the stage where every good request is possible.
async fn world() -> World {
    let server = mock()
        .deterministic()
        .signature_window(Some(Duration::from_secs(WINDOW.unsigned_abs())))
        .start()
        .await
        .unwrap();
    let mut world = World::on(server);
    world.advance_to(Stage::Pending).await;
    world
}

/// Sends a request that must be refused for its credentials.
async fn refused(world: &World, good: &Good, request: &Request, cause: &str) {
    world.refused(good.operation, 401, request, cause).await;
}

/// Every request of `good_requests` with one fault in its credentials.
async fn each_refused(cause: &str, make: impl Fn(&World, &Good, &Credentials) -> Request) {
    let world = world().await;
    for good in good_requests(&world) {
        let credentials = world.credentials(good.signer).unwrap();
        refused(&world, &good, &make(&world, &good, credentials), cause).await;
    }
}

#[tokio::test]
async fn the_same_requests_without_a_fault_are_accepted() {
    let requests = good_requests(&world().await).len();
    for index in 0..requests {
        let world = world().await;
        let good = good_requests(&world).swap_remove(index);
        let request = signed(
            good.plain(),
            world.credentials(good.signer).unwrap(),
            &world.next_nonce(),
            NOW,
        );
        let before = world.server.state();
        let answer = world.send(&request).await;
        assert!(
            answer.status < 300,
            "{}: {} {}",
            good.operation,
            answer.status,
            answer.text()
        );
        // The comparison that the other tests lean on does see a change.
        let changes = good.operation != "session_status";
        assert_eq!(
            world.server.state() != before,
            changes,
            "{}",
            good.operation
        );
    }
}

#[tokio::test]
async fn a_refused_request_does_not_change_the_ids_of_later_answers() {
    let (calm, pestered) = (world().await, world().await);
    for good in good_requests(&pestered) {
        refused(&pestered, &good, &good.plain(), AUTHENTICATION).await;
    }
    let start = |world: &World| {
        let start = Request::new("POST", "/authentication/authenticate_user/mock-app/alice");
        signed(start, &world.application, "the-next", NOW)
    };
    let (a, b) = (
        calm.send(&start(&calm)).await,
        pestered.send(&start(&pestered)).await,
    );
    assert_eq!(a.status, 202);
    assert_eq!(
        String::from_utf8_lossy(&a.bytes),
        String::from_utf8_lossy(&b.bytes)
    );
}
