//! The measured operations: the world they need, their requests, and what a correct answer contains. Knows the vendors'
//! wire format from their contracts; measures nothing.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::load::Connection;
use crate::request::{API_SECRET, APPLICATION_ID, APPLICATION_SECRET, KEY, Request};
use crate::server::Server;
use crate::twin::Answer;

/// The mock's seed: an Activeconnect user with a phone, and two Authsignal users with authenticators. `track` adds actions
/// to the first; the second keeps one action, which `validate` reads.
pub(crate) fn seed() -> String {
    let email = |address: &str| json!({"verificationMethod": "EMAIL_OTP", "email": address});
    json!({"tenants": [{
        "activeconnect": {
            "id": APPLICATION_ID,
            "secret": APPLICATION_SECRET,
            "users": [{"id": "ada@example.com", "phone": true}],
        },
        "authsignal": {
            "id": "00000000-0000-4000-8000-00000000000b",
            "secret": API_SECRET,
            "users": [
                {"userId": "ada", "email": "ada@example.com", "authenticators": [email("ada@example.com")]},
                {"userId": "grace", "email": "grace@example.com", "authenticators": [email("grace@example.com")]},
            ],
        },
    }]})
    .to_string()
}

/// A measured operation.
pub(crate) struct Operation {
    /// Its name in the report.
    pub(crate) name: &'static str,
    method: &'static str,
    /// The path in the syntax of the twin's router.
    route: &'static str,
    target: &'static str,
    /// The status of a correct answer.
    status: u16,
    /// A JSON pointer into a correct answer, and the value there.
    contains: (&'static str, Value),
    /// The throughput that the mock should reach, as a fraction of the twin's.
    pub(crate) target_ratio: Option<f64>,
}

/// The operations, in the order of the report.
pub(crate) fn operations() -> [Operation; 4] {
    [
        Operation {
            name: "get user",
            method: "GET",
            route: "/v1/users/{user_id}",
            target: "/v1/users/ada",
            status: 200,
            contains: ("/isEnrolled", json!(true)),
            target_ratio: Some(0.85),
        },
        Operation {
            name: "track",
            method: "POST",
            route: "/v1/users/{user_id}/actions/{action}",
            target: "/v1/users/ada/actions/signIn",
            status: 200,
            contains: ("/state", json!("CHALLENGE_REQUIRED")),
            target_ratio: Some(0.75),
        },
        Operation {
            name: "validate",
            method: "POST",
            route: "/v1/validate",
            target: "/v1/validate",
            status: 200,
            contains: ("/isValid", json!(true)),
            target_ratio: None,
        },
        Operation {
            name: AUTHENTICATE_USER,
            method: "POST",
            route: "/authentication/authenticate_user/{application_id}/{user_id}",
            target: "/authentication/authenticate_user/bench-app/ada@example.com",
            status: 202,
            contains: ("/authentication_status/authenticated", json!(true)),
            target_ratio: None,
        },
    ]
}

/// The operation that makes the mock keep most: a session and a nonce.
pub(crate) const AUTHENTICATE_USER: &str = "authenticate_user";

/// The body of `track`, as large as what SDKs send.
fn track_body(key: &str) -> Value {
    json!({
        "idempotencyKey": key,
        "redirectUrl": "https://shop.example.com/back",
        "email": "ada@example.com",
        "deviceId": "6f1c2a9e-7f57-4c3f-9a43-0d6b5c1e8f11",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
        "ipAddress": "203.0.113.7",
        "custom": {"amount": 100.5, "currency": "NZD", "firstPurchase": true},
    })
}

/// The request of each operation, in the same order. The token in that of `validate` is valid for ten minutes.
pub(crate) async fn requests(mock: &Server) -> Result<Vec<Request>> {
    let token = validated_token(mock).await?;
    Ok(operations()
        .iter()
        .map(|operation| {
            let body = match operation.name {
                "track" => Some(track_body(KEY)),
                "validate" => Some(json!({"token": token, "userId": "grace", "action": "signIn"})),
                // The vendor's Python client sends an empty object.
                AUTHENTICATE_USER => Some(json!({})),
                _ => None,
            };
            Request::new(operation.method, operation.target, body.as_ref())
        })
        .collect())
}

/// The token of an action with a passed challenge.
async fn validated_token(mock: &Server) -> Result<String> {
    let mut connection = Connection::open(mock).await?;
    let track = "/v1/users/grace/actions/signIn";
    let key = "bench";
    let request = Request::new("POST", track, Some(&json!({"idempotencyKey": key})));
    let tracked = connection.send(&request).await?;
    let tracked: Value = serde_json::from_slice(&tracked.body).unwrap_or_default();
    let succeed = json!({"state": "CHALLENGE_SUCCEEDED"});
    let request = Request::new("PATCH", &format!("{track}/{key}"), Some(&succeed));
    let updated = connection.send(&request).await?;
    ensure!(
        updated.status == 200,
        "the mock refuses to update an action: {updated}"
    );
    let token = tracked["token"].as_str();
    Ok(token
        .context("the mock's answer to track has no token")?
        .to_owned())
}

impl Operation {
    /// Sends a request to the mock, checks the answer, and returns it as the twin's answer.
    pub(crate) async fn sample(&self, request: &Request, mock: &Server) -> Result<Answer> {
        let reply = Connection::open(mock).await?.send(request).await?;
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let (member, value) = &self.contains;
        ensure!(
            reply.status == self.status && body.pointer(member) == Some(value),
            "the mock's answer to {} must have status {} and {value} at {member}, but is: {reply}",
            self.name,
            self.status
        );
        Ok(Answer {
            method: self.method.to_owned(),
            route: self.route.to_owned(),
            has_body: request.has_body(),
            status: reply.status,
            body: String::from_utf8_lossy(&reply.body).into_owned(),
        })
    }
}
