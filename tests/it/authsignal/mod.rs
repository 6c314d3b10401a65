//! Authsignal over the wire: what its SDKs lean on, rule by rule. Must not know the client, but for `client`, nor how the
//! mock decides.

mod actions;
mod challenges;
mod client;
mod legacy;
mod limits;
mod paths;
mod probe;
mod refusals;
mod sessions;
mod tokens;
mod transport;
mod users;
mod webhooks;

use std::time::Duration;

use serde_json::{Value, json};
use stepup_mock::MockServer;
use stepup_mock::mock::Builder;

use crate::wire::{self, Answer, Request};
use crate::world::{API_SECRET, basic};

/// Text of a 401, to the letter; live suites compare it.
const UNAUTHORIZED: &str = "The request is unauthorized. Check that your API key and region base URL are correctly configured.";

/// A mock in deterministic mode, and the tenant's own requests to it.
struct Tenant {
    server: MockServer,
}

impl Tenant {
    async fn new() -> Self {
        Self::of(|builder| builder).await
    }

    async fn of(change: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = change(MockServer::builder().deterministic());
        Self {
            server: builder.start().await.unwrap(),
        }
    }

    fn request(method: &str, target: &str) -> Request {
        Request::new(method, target).header("Authorization", &basic(API_SECRET))
    }

    async fn send(&self, request: &Request) -> Answer {
        wire::send(self.server.address(), request).await
    }

    /// An answer that has the given status.
    async fn answer(&self, status: u16, request: &Request) -> Answer {
        let answer = self.send(request).await;
        let (method, target) = (&request.method, &request.target);
        assert_eq!(
            answer.status,
            status,
            "{method} {target}: {}",
            answer.text()
        );
        answer
    }

    async fn get(&self, target: &str) -> Value {
        let answer = self.answer(200, &Self::request("GET", target)).await;
        answer.json()
    }

    async fn with_body(&self, method: &str, target: &str, body: Value) -> Value {
        let request = Self::request(method, target).json(body.to_string());
        self.answer(200, &request).await.json()
    }

    async fn post(&self, target: &str, body: Value) -> Value {
        self.with_body("POST", target, body).await
    }

    async fn patch(&self, target: &str, body: Value) -> Value {
        self.with_body("PATCH", target, body).await
    }

    async fn delete(&self, target: &str) {
        let answer = self.answer(200, &Self::request("DELETE", target)).await;
        assert_eq!(answer.json(), json!({"success": true}));
    }

    /// A request that must be refused: in the vendor's form, with this code and cause, and without any effect.
    async fn refused(&self, request: &Request, status: u16, code: &str, cause: &str) {
        let before = self.server.state();
        let answer = self.answer(status, request).await;
        assert_refusal(&answer, code, cause);
        let (method, target) = (&request.method, &request.target);
        assert_eq!(
            self.server.state(),
            before,
            "{method} {target}: a refused request changed the world"
        );
    }

    async fn refused_body(&self, method: &str, target: &str, body: Value, cause: &str) {
        let request = Self::request(method, target).json(body.to_string());
        self.refused(&request, 400, "invalid_request", cause).await;
    }

    fn later(&self, seconds: u64) {
        self.server.clock().advance(Duration::from_secs(seconds));
    }

    /// The control API.
    async fn control(&self, target: &str, body: Value) -> Value {
        let request = Request::new("POST", target).json(body.to_string());
        self.answer(200, &request).await.json()
    }

    async fn configure(&self, configuration: Value) {
        self.control("/_mock/authsignal", configuration).await;
    }

    async fn enroll(&self, user: &str) -> Value {
        let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+64270000000"});
        self.post(&format!("/v1/users/{user}/authenticators"), sms)
            .await["authenticator"]
            .clone()
    }

    async fn track(&self, user: &str, action: &str, body: Value) -> Value {
        self.post(&format!("/v1/users/{user}/actions/{action}"), body)
            .await
    }

    async fn succeed(&self, user: &str) {
        self.control("/_mock/challenge/succeed", json!({"userId": user}))
            .await;
    }

    async fn validate(&self, token: &Value) -> Value {
        self.post("/v1/validate", json!({"token": token})).await
    }

    /// A token whose challenge succeeded.
    async fn proof(&self, user: &str) -> Value {
        self.enroll(user).await;
        let token = self.track(user, "signIn", json!({})).await["token"].clone();
        self.succeed(user).await;
        token
    }

    /// The newest code in the outbox, as the control API shows it.
    async fn code(&self) -> String {
        let request = Request::new("GET", "/_mock/messages?limit=1");
        let messages = self.answer(200, &request).await.json();
        messages["messages"][0]["code"].as_str().unwrap().to_owned()
    }
}

/// The vendor's form of an error, for SDKs of every age: two members for the code, two for the text.
fn assert_refusal(answer: &Answer, code: &str, cause: &str) {
    let text = answer.text();
    assert_eq!(
        answer.header("content-type"),
        Some("application/json"),
        "{text}"
    );
    let body = answer.json();
    assert_eq!(body["error"], code, "{text}");
    assert_eq!(body["errorCode"], code, "{text}");
    let description = body["errorDescription"].as_str().unwrap();
    assert!(
        description.contains(cause),
        "the description does not say {cause:?}: {description}"
    );
    assert_eq!(body["message"], description, "{text}");
    assert_eq!(body.as_object().unwrap().len(), 4, "{text}");
    assert!(!text.contains(API_SECRET));
}
