//! A mock in deterministic mode, and the requests of the application's server to Authsignal's Server API. Must not know the
//! client, nor how the mock decides.

use std::time::Duration;

use serde_json::{Value, json};
use stepup_mock::{MockServer, MockServerBuilder};

use crate::wire::{self, Answer, Request};
use crate::world::{API_SECRET, mock};

/// A mock in deterministic mode, and the tenant's own requests to it.
pub(crate) struct Tenant {
    pub(crate) server: MockServer,
}

impl Tenant {
    pub(crate) async fn new() -> Self {
        Self::of(|builder| builder).await
    }

    pub(crate) async fn of(change: impl FnOnce(MockServerBuilder) -> MockServerBuilder) -> Self {
        let builder = change(mock().deterministic());
        Self {
            server: builder.start().await.unwrap(),
        }
    }

    pub(crate) fn request(method: &str, target: &str) -> Request {
        Request::new(method, target).basic(API_SECRET)
    }

    pub(crate) async fn send(&self, request: &Request) -> Answer {
        wire::send(self.server.address(), request).await
    }

    /// An answer that has the given status.
    pub(crate) async fn answer(&self, status: u16, request: &Request) -> Answer {
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

    pub(crate) async fn get(&self, target: &str) -> Value {
        let answer = self.answer(200, &Self::request("GET", target)).await;
        answer.json()
    }

    /// The answer to a request with this body, or with none where it is null.
    pub(crate) async fn call(&self, method: &str, target: &str, body: Value) -> Value {
        let request = with_body(Self::request(method, target), body);
        self.answer(200, &request).await.json()
    }

    pub(crate) async fn post(&self, target: &str, body: Value) -> Value {
        self.call("POST", target, body).await
    }

    pub(crate) async fn patch(&self, target: &str, body: Value) -> Value {
        self.call("PATCH", target, body).await
    }

    pub(crate) async fn delete(&self, target: &str) {
        let answer = self.answer(200, &Self::request("DELETE", target)).await;
        assert_eq!(answer.json(), json!({"success": true}));
    }

    /// A request that must be refused: in the vendor's form, with this code and cause, and without any effect.
    pub(crate) async fn refused(&self, request: &Request, status: u16, code: &str, cause: &str) {
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

    pub(crate) async fn refused_body(&self, method: &str, target: &str, body: Value, cause: &str) {
        let request = Self::request(method, target).json(body.to_string());
        self.refused(&request, 400, "invalid_request", cause).await;
    }

    pub(crate) fn later(&self, seconds: u64) {
        self.server.clock().advance(Duration::from_secs(seconds));
    }

    /// The control API.
    pub(crate) async fn control(&self, target: &str, body: Value) -> Value {
        let request = Request::new("POST", target).json(body.to_string());
        self.answer(200, &request).await.json()
    }

    pub(crate) async fn configure(&self, configuration: Value) {
        self.control("/_mock/authsignal", configuration).await;
    }

    /// Enrols a phone number on the server's word.
    pub(crate) async fn enroll(&self, user: &str) -> Value {
        let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+64270000000"});
        self.enroll_with(user, sms).await
    }

    /// Enrols an authenticator on the server's word.
    pub(crate) async fn enroll_with(&self, user: &str, authenticator: Value) -> Value {
        let target = format!("/v1/users/{user}/authenticators");
        self.post(&target, authenticator).await["authenticator"].clone()
    }

    pub(crate) async fn authenticators(&self, user: &str) -> Value {
        self.get(&format!("/v1/users/{user}/authenticators")).await
    }

    pub(crate) async fn track(&self, user: &str, action: &str, body: Value) -> Value {
        self.post(&format!("/v1/users/{user}/actions/{action}"), body)
            .await
    }

    /// The token of a new action.
    pub(crate) async fn token(&self, user: &str, action: &str) -> Value {
        self.track(user, action, json!({})).await["token"].clone()
    }

    pub(crate) async fn succeed(&self, user: &str) {
        self.control("/_mock/challenge/succeed", json!({"userId": user}))
            .await;
    }

    pub(crate) async fn validate(&self, token: &Value) -> Value {
        self.post("/v1/validate", json!({"token": token})).await
    }

    /// The state of the action of a token.
    pub(crate) async fn state(&self, token: &Value) -> Value {
        self.validate(token).await["state"].clone()
    }

    /// A token of a passed challenge.
    pub(crate) async fn proof(&self, user: &str) -> Value {
        self.enroll(user).await;
        let token = self.token(user, "signIn").await;
        self.succeed(user).await;
        token
    }

    /// The newest message, as the control API shows it.
    pub(crate) async fn newest_message(&self) -> Value {
        let request = Request::new("GET", "/_mock/messages?limit=1");
        self.answer(200, &request).await.json()["messages"][0].clone()
    }

    /// The newest code that was sent.
    pub(crate) async fn code(&self) -> String {
        let message = self.newest_message().await;
        message["code"].as_str().unwrap().to_owned()
    }
}

/// A request with this body, or with none where it is null.
pub(crate) fn with_body(request: Request, body: Value) -> Request {
    match body {
        Value::Null => request,
        body => request.json(body.to_string()),
    }
}

/// The vendor's form of an error, for SDKs of every age: two members for the code, two for the text.
pub(crate) fn assert_refusal(answer: &Answer, code: &str, cause: &str) {
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
