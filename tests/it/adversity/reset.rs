//! Resets in the middle of requests of every kind: no request fails for it, and nothing of before is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use stepup_mock::MockServer;
use tokio::task::JoinSet;

use crate::tenant::with_body;
use crate::wire::{self, Request};
use crate::world::{API_SECRET, TENANT, device_description, mock, path_of};

const RESETS: usize = 200;
const CALLERS: usize = 6;

async fn start() -> MockServer {
    let builder = mock().deterministic().verify_signatures(false);
    builder.start().await.expect("the mock starts")
}

/// Sends requests that follow each other as a user's do, until all resets are done. Whatever a reset takes away may be
/// missing, but nothing else may go wrong.
async fn call(address: std::net::SocketAddr, caller: usize, done: Arc<AtomicBool>) -> usize {
    let send = async |request: Request| -> Value {
        let answer = wire::send(address, &request).await;
        assert!(
            answer.status < 500,
            "{} {}: {} {}",
            request.method,
            request.target,
            answer.status,
            answer.text()
        );
        serde_json::from_slice(&answer.body).unwrap_or(Value::Null)
    };
    let server = |method: &str, target: &str, body: Value| {
        let request = Request::new(method, &format!("/v1{target}")).basic(API_SECRET);
        with_body(request, body)
    };
    let open =
        |method: &str, target: &str, body: Value| with_body(Request::new(method, target), body);
    let user = format!("user-{caller}");
    let mut count = 0;
    while !done.load(Ordering::Acquire) {
        let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+15550100"});
        send(server(
            "POST",
            &format!("/users/{user}/authenticators"),
            sms,
        ))
        .await;
        let tracked = send(server(
            "POST",
            &format!("/users/{user}/actions/pay"),
            json!({}),
        ))
        .await;
        let token = tracked["token"].clone();
        let bearer = format!("Bearer {}", token.as_str().unwrap_or_default());
        let client = |target: &str, body: Value| {
            let request = Request::new("POST", &format!("/v1/client{target}"));
            with_body(request.header("Authorization", &bearer), body)
        };
        send(client("/challenge/sms", json!({}))).await;
        let messages = send(open("GET", "/_mock/messages?limit=1", Value::Null)).await;
        let code = messages["messages"][0]["code"].as_str();
        let code = json!({"verificationCode": code.unwrap_or("000000")});
        send(client("/verify/sms", code)).await;
        send(server("POST", "/validate", json!({"token": token}))).await;
        let session = json!({"clientId": "web", "token": token});
        let session = send(server("POST", "/sessions", session)).await;
        if session["refreshToken"].is_string() {
            let refresh = json!({"refreshToken": session["refreshToken"]});
            send(server("POST", "/sessions/refresh", refresh)).await;
        }
        if let Some(url) = tracked["url"].as_str() {
            send(open("GET", path_of(url), Value::Null)).await;
        }
        let users = json!({"users": [user]});
        send(open("POST", "/management/add_users/mock-app", users)).await;
        let link = format!("/management/device_registration_link/mock-app/{user}");
        let link = send(open("GET", &link, Value::Null)).await;
        if let Some(link) = link["register_url"].as_str() {
            let device = device_description("phone", &user);
            send(open("POST", path_of(link), device)).await;
        }
        let target = format!("/authentication/authenticate_user/mock-app/{user}");
        send(open("POST", &target, json!({}))).await;
        send(open(
            "POST",
            "/_mock/phone/approve",
            json!({"userId": user}),
        ))
        .await;
        for target in [
            "/_mock/state",
            "/_mock/users",
            "/_mock/journal?limit=5",
            "/_mock/webhooks/deliveries",
        ] {
            send(open("GET", target, Value::Null)).await;
        }
        let plan = json!({"userId": user, "outcome": "REVIEW"});
        send(open("POST", "/_mock/authsignal/next-outcome", plan)).await;
        let facts = json!({"userId": user, "device": {"isNew": true}});
        send(open("POST", "/_mock/authsignal/next-facts", facts)).await;
        let event = json!({"type": "authenticator.created", "userId": user});
        send(open("POST", "/_mock/webhooks/trigger", event)).await;
        send(open("POST", "/_mock/clock", json!({"advanceSeconds": 1}))).await;
        send(server("DELETE", &format!("/users/{user}"), Value::Null)).await;
        count += 1;
    }
    count
}

/// Everything that the control API shows, but for the journal, and what a first request gets.
async fn everything(server: &MockServer) -> Vec<String> {
    let mut all = Vec::new();
    for target in [
        "/_mock/state",
        "/_mock/messages",
        "/_mock/users",
        "/_mock/actions",
        "/_mock/activeconnect",
        "/_mock/clock",
        "/_mock/tenants",
        "/_mock/phone/requests",
        "/_mock/webhooks/deliveries",
        "/_mock/journal",
    ] {
        let answer = wire::send(server.address(), &Request::new("GET", target)).await;
        assert_eq!(answer.status, 200, "{target}");
        all.push(format!("{target}: {}", answer.text()));
    }
    let track = Request::new("POST", "/v1/users/ada/actions/pay").basic(API_SECRET);
    let answer = wire::send(server.address(), &track.json("{}")).await;
    all.push(format!("track: {}", answer.text()));
    all
}

#[tokio::test]
async fn resets_under_load_fail_nothing_and_leave_nothing() {
    let server = start().await;
    let done = Arc::new(AtomicBool::new(false));
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        callers.spawn(call(server.address(), caller, Arc::clone(&done)));
    }
    for number in 0..RESETS {
        let tenant = match number % 3 {
            0 => format!("?tenant={TENANT}"),
            1 => "?tenant=mock-app".to_owned(),
            _ => String::new(),
        };
        let reset = Request::new("POST", &format!("/_mock/reset{tenant}"));
        let answer = wire::send(server.address(), &reset).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    done.store(true, Ordering::Release);
    let rounds = callers.join_all().await;
    assert!(rounds.iter().all(|rounds| *rounds > 0), "{rounds:?}");

    server.reset();
    let fresh = start().await;
    assert_eq!(everything(&server).await, everything(&fresh).await);
}
