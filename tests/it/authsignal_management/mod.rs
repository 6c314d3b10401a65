//! Authsignal's Management API over the wire: who may call it, what comes back, and what it changes. Must not know the
//! client, but for `client`, nor how the mock decides.

mod access;
mod client;
mod effects;
mod export;
mod flows;
mod intake;
mod looks;
mod managed;
mod methods;
mod round_trip;
mod state;

use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::tenant::{Tenant, with_body};
use crate::wire::{Answer, Request};
use crate::world::MANAGEMENT_SECRET;

/// A request of the tenant's manager. `target` begins below `/v1/management`.
fn request(method: &str, target: &str) -> Request {
    Request::new(method, &format!("/v1/management{target}")).basic(MANAGEMENT_SECRET)
}

/// The answer to a request with this body, or with none where it is null.
async fn answered(tenant: &Tenant, method: &str, target: &str, body: Value) -> Answer {
    let request = with_body(request(method, target), body);
    tenant.send(&request).await
}

/// The good answer to a request with this body, or with none where it is null.
async fn manage(tenant: &Tenant, method: &str, target: &str, body: Value) -> Value {
    let answer = answered(tenant, method, target, body).await;
    assert_eq!(answer.status, 200, "{method} {target}: {}", answer.text());
    answer.json()
}

async fn get(tenant: &Tenant, target: &str) -> Value {
    manage(tenant, "GET", target, Value::Null).await
}

async fn create(tenant: &Tenant, target: &str, body: Value) -> Value {
    manage(tenant, "POST", target, body).await
}

async fn change(tenant: &Tenant, target: &str, body: Value) -> Value {
    manage(tenant, "PATCH", target, body).await
}

async fn delete(tenant: &Tenant, target: &str) {
    let deleted = manage(tenant, "DELETE", target, Value::Null).await;
    assert_eq!(deleted, json!({"success": true}));
}

/// An action whose users are asked for a challenge.
async fn withdraw(tenant: &Tenant) {
    let action = json!({"actionCode": "withdraw", "defaultUserActionResult": "CHALLENGE"});
    create(tenant, "/action-configurations", action).await;
}

/// A tenant with an action, and with ada, who has a phone number.
async fn tenant() -> Tenant {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    tenant.enroll("ada").await;
    tenant
}

async fn track(tenant: &Tenant) -> Value {
    tenant.track("ada", "withdraw", json!({})).await
}

/// The answer of the Client API to the bearer of a tracked action's token.
async fn client(tenant: &Tenant, tracked: &Value, target: &str, body: Value) -> Answer {
    let token = tracked["token"].as_str().unwrap();
    let request = Request::new("POST", &format!("/v1/client{target}"))
        .header("Authorization", &format!("Bearer {token}"))
        .json(body.to_string());
    tenant.send(&request).await
}

/// What comes next to a receiver.
async fn received(receiver: &Receiver) -> Value {
    receiver.next().await;
    receiver.take().pop().unwrap().json()
}
