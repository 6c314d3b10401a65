//! Snapshots of tenants: what goes back, what goes on alike, and what begins a tenant of its own. Must not know how the mock
//! keeps them.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use crate::receiver::{Receiver, Reply};
use crate::tenant::Tenant;
use crate::wire::Request;

impl Tenant {
    async fn snapshot(&self, name: &str) -> Value {
        self.control("/_mock/snapshots", json!({"name": name}))
            .await
    }

    async fn restore(&self, name: &str) -> Value {
        self.control("/_mock/snapshots/restore", json!({"name": name}))
            .await
    }

    /// Steps that change much of the state, and what they are answered with.
    async fn changes(&self, token: &Value) -> Vec<Value> {
        self.succeed("ada").await;
        let validated = self.validate(token).await;
        let tracked = self.track("bob", "pay", json!({"email": "bob@example.com"}));
        let tracked = tracked.await;
        let enrolled = self.enroll("bob").await;
        self.delete("/v1/users/ada").await;
        let failures = json!({"failures": [{"status": 503}]});
        self.control("/_mock/failures", failures).await;
        self.configure(json!({"defaultOutcome": "BLOCK"})).await;
        let clock = json!({"advanceSeconds": 3600});
        let clock = self.control("/_mock/clock", clock).await;
        let user = Self::request("GET", "/v1/users/ada");
        let failed = self.answer(503, &user).await.json();
        vec![validated, tracked, enrolled, clock, failed]
    }
}

#[tokio::test]
async fn a_restored_tenant_is_what_it_was_and_goes_on_alike() {
    let mock = Tenant::new().await;
    mock.enroll("ada").await;
    let token = mock.token("ada", "signIn").await;
    let taken = mock.snapshot("before").await;
    assert_eq!(taken["snapshots"][0]["tenant"], "mock-app");
    let before = mock.server.state();
    let first = mock.changes(&token).await;
    assert_eq!(first[0]["state"], "CHALLENGE_SUCCEEDED");
    assert_ne!(mock.server.state(), before);
    let requests = mock.server.journal().len();

    // The token was of a user who was deleted since, and had run out.
    mock.restore("before").await;
    assert_eq!(mock.server.state(), before);
    assert_eq!(mock.state(&token).await, "CHALLENGE_REQUIRED");
    assert_eq!(mock.server.journal().len(), requests + 1);
    mock.restore("before").await;
    assert_eq!(mock.changes(&token).await, first);
}

#[tokio::test]
async fn a_snapshot_is_of_its_tenant_alone() {
    let mock = Tenant::new().await;
    let other = Request::new("POST", "/_mock/tenants");
    let other = mock.answer(201, &other).await.json();
    let secret = other["authsignal"]["secretKey"].as_str().unwrap();
    let track = Request::new("POST", "/v1/users/ada/actions/pay").basic(secret);
    let own = json!({"name": "start", "tenant": "mock-app"});
    mock.control("/_mock/snapshots", own.clone()).await;
    mock.track("ada", "pay", json!({})).await;
    mock.answer(200, &track.json("{}")).await;
    let restored = mock.restore("start").await;
    assert_eq!(restored["snapshots"].as_array().unwrap().len(), 1);
    for (tenant, users) in [("mock-app", 0), (other["id"].as_str().unwrap(), 1)] {
        let users_of = Request::new("GET", &format!("/_mock/users?tenant={tenant}"));
        let found = mock.answer(200, &users_of).await.json();
        assert_eq!(found["users"].as_array().unwrap().len(), users, "{tenant}");
    }
    let of_other = json!({"name": "start", "tenant": other["id"]});
    let restore = Request::new("POST", "/_mock/snapshots/restore");
    let answer = mock.answer(404, &restore.json(of_other.to_string())).await;
    assert!(answer.text().contains("has no snapshot start"));
    let list = Request::new("GET", "/_mock/snapshots");
    let listed = async || mock.answer(200, &list).await.json()["snapshots"].clone();
    assert_eq!(listed().await.as_array().unwrap().len(), 1);
    mock.control("/_mock/reset", json!({})).await;
    assert_eq!(listed().await, json!([]), "a reset leaves none");
}

#[tokio::test]
async fn a_webhook_under_way_during_a_restore_leaves_no_trace() {
    let mock = Tenant::new().await;
    let receiver = Receiver::start().await;
    let webhooks =
        json!({"webhooks": [{"url": receiver.url(), "events": ["authenticator.created"]}]});
    mock.control("/_mock/webhooks", webhooks).await;
    mock.snapshot("quiet").await;
    let before = mock.server.state();
    let gate = Arc::new(Semaphore::new(0));
    receiver.will([Reply::When(Arc::clone(&gate))]);
    mock.enroll("ada").await;
    receiver.next().await;
    mock.restore("quiet").await;
    gate.add_permits(1);
    let settled = Request::new("GET", "/_mock/webhooks/deliveries?settled=true");
    let deliveries = async || mock.answer(200, &settled).await.json()["deliveries"].clone();
    assert_eq!(deliveries().await, json!([]));
    assert_eq!(mock.server.state(), before);

    // One that was under way when the snapshot was taken is sent again.
    let gate = Arc::new(Semaphore::new(0));
    receiver.will([Reply::When(Arc::clone(&gate))]);
    mock.enroll("bob").await;
    receiver.next().await;
    mock.snapshot("busy").await;
    gate.add_permits(1);
    assert_eq!(deliveries().await[0]["progress"], "taken");
    receiver.take();
    mock.restore("busy").await;
    assert_eq!(deliveries().await[0]["progress"], "taken");
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn a_tenant_begins_with_a_snapshot_and_hands_out_ids_of_its_own() {
    let mock = Tenant::new().await;
    mock.configure(json!({"actions": [{"action": "pay", "outcome": "REVIEW"}]}))
        .await;
    mock.enroll("ada").await;
    mock.token("ada", "signIn").await;
    mock.snapshot("users").await;
    let create = Request::new("POST", "/_mock/tenants");
    let body = json!({"snapshot": {"name": "users"}, "name": "Copy"}).to_string();
    let copy = mock.answer(201, &create.json(body)).await.json();
    let secret = copy["authsignal"]["secretKey"].as_str().unwrap();
    let own = |method: &str, target: &str| Request::new(method, target).basic(secret);

    let authenticators = own("GET", "/v1/users/ada/authenticators");
    let found = mock.answer(200, &authenticators).await.json();
    assert_eq!(found, mock.authenticators("ada").await);
    let track = |user: &str| own("POST", &format!("/v1/users/{user}/actions/pay")).json("{}");
    let of_copy = mock.answer(200, &track("ada")).await.json();
    let of_source = mock.track("ada", "pay", json!({})).await;
    assert_eq!(of_copy["state"], "REVIEW_REQUIRED");
    assert_eq!(of_source["state"], "REVIEW_REQUIRED");
    assert_ne!(of_copy["idempotencyKey"], of_source["idempotencyKey"]);

    // A reset of the copy brings the snapshot back, and nothing else.
    mock.answer(200, &track("bob")).await;
    let id = copy["id"].as_str().unwrap();
    let reset = Request::new("POST", &format!("/_mock/reset?tenant={id}"));
    mock.answer(200, &reset).await;
    let users = Request::new("GET", &format!("/_mock/users?tenant={id}"));
    let users = mock.answer(200, &users).await.json();
    assert_eq!(users["users"].as_array().unwrap().len(), 1);
    assert_eq!(users["users"][0]["userId"], "ada");
}
