//! Authsignal's Client API over the wire: each flow from end to end, and what is refused. Must not know the client, but for
//! `client`, nor how the mock decides.

mod access;
mod approvals;
mod apps;
mod client;
mod codes;
mod links;
mod passkeys;
mod scopes;
mod totp;
mod websocket;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::PublicKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};
use stepup_mock::MockServer;
use stepup_mock::mock::Builder;

use crate::wire::{self, Answer, Request};
use crate::world::{API_SECRET, TENANT, basic};

/// Where an action goes that is passed.
const SUCCEEDED: &str = "CHALLENGE_SUCCEEDED";
const REQUIRED: &str = "CHALLENGE_REQUIRED";

/// A mock in deterministic mode, the application's server, and its users' browsers.
struct Mock {
    server: MockServer,
}

/// A user in a browser, with the token of an action.
struct Page<'a> {
    mock: &'a Mock,
    token: String,
}

impl Mock {
    async fn new() -> Self {
        Self::of(|builder| builder).await
    }

    async fn of(change: impl FnOnce(Builder) -> Builder) -> Self {
        let builder = change(MockServer::builder().deterministic());
        Self {
            server: builder.start().await.unwrap(),
        }
    }

    async fn send(&self, request: &Request) -> Answer {
        wire::send(self.server.address(), request).await
    }

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

    /// A request of the application's server.
    async fn server(&self, method: &str, target: &str, body: Value) -> Value {
        let request = Request::new(method, target).header("Authorization", &basic(API_SECRET));
        let request = match body {
            Value::Null => request,
            body => request.json(body.to_string()),
        };
        self.answer(200, &request).await.json()
    }

    async fn track(&self, user: &str, body: Value) -> Value {
        self.server("POST", &format!("/v1/users/{user}/actions/signIn"), body)
            .await
    }

    /// A page with the token of a fresh action.
    async fn page(&self, user: &str) -> Page<'_> {
        self.page_with(user, json!({})).await
    }

    async fn page_with(&self, user: &str, body: Value) -> Page<'_> {
        let tracked = self.track(user, body).await;
        self.with_token(&tracked["token"])
    }

    fn with_token(&self, token: &Value) -> Page<'_> {
        Page {
            mock: self,
            token: token.as_str().unwrap().to_owned(),
        }
    }

    /// Enrols an authenticator on the server's word.
    async fn enroll(&self, user: &str, body: Value) -> Value {
        let target = format!("/v1/users/{user}/authenticators");
        self.server("POST", &target, body).await["authenticator"].clone()
    }

    async fn enroll_sms(&self, user: &str) -> Value {
        let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+64270000000"});
        self.enroll(user, sms).await
    }

    async fn authenticators(&self, user: &str) -> Value {
        let target = format!("/v1/users/{user}/authenticators");
        self.server("GET", &target, Value::Null).await
    }

    async fn validate(&self, token: &Value) -> Value {
        self.server("POST", "/v1/validate", json!({"token": token}))
            .await
    }

    /// Where the action of a token stands.
    async fn state(&self, token: &Value) -> Value {
        self.validate(token).await["state"].clone()
    }

    /// A request with the tenant's id alone.
    fn anonymous(method: &str, target: &str) -> Request {
        let credential = STANDARD.encode(format!("{TENANT}:"));
        Request::new(method, &format!("/v1/client{target}"))
            .header("Authorization", &format!("Basic {credential}"))
    }

    async fn anonymously(&self, status: u16, method: &str, target: &str, body: Value) -> Value {
        let request = Self::anonymous(method, target);
        let request = match body {
            Value::Null => request,
            body => request.json(body.to_string()),
        };
        self.answer(status, &request).await.json()
    }

    async fn newest_message(&self) -> Value {
        let request = Request::new("GET", "/_mock/messages?limit=1");
        self.answer(200, &request).await.json()["messages"][0].clone()
    }

    async fn code(&self) -> String {
        let message = self.newest_message().await;
        message["code"].as_str().unwrap().to_owned()
    }

    fn later(&self, seconds: u64) {
        self.server.clock().advance(Duration::from_secs(seconds));
    }
}

impl Page<'_> {
    fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, &format!("/v1/client{target}"))
            .header("Authorization", &format!("Bearer {}", self.token))
    }

    async fn get(&self, target: &str) -> Value {
        let request = self.request("GET", target);
        self.mock.answer(200, &request).await.json()
    }

    async fn post(&self, target: &str, body: Value) -> Value {
        let request = self.request("POST", target).json(body.to_string());
        self.mock.answer(200, &request).await.json()
    }

    /// As SDKs send what has nothing to say.
    async fn post_nothing(&self, target: &str) -> Value {
        let request = self.request("POST", target);
        self.mock.answer(200, &request).await.json()
    }

    async fn verify(&self, target: &str, code: &str) -> Value {
        self.post(target, json!({"verificationCode": code})).await
    }

    /// A request that must be refused, with this code and cause, and without any effect.
    async fn refused(&self, status: u16, code: &str, cause: &str, target: &str, body: Value) {
        let before = self.mock.server.state();
        let request = self.request("POST", target).json(body.to_string());
        let answer = self.mock.answer(status, &request).await;
        assert_refusal(&answer, code, cause);
        assert_eq!(
            self.mock.server.state(),
            before,
            "{target}: a refused request changed the world"
        );
    }

    async fn state(&self) -> Value {
        self.mock.state(&json!(self.token)).await
    }
}

/// The vendor's form of an error.
fn assert_refusal(answer: &Answer, code: &str, cause: &str) {
    let (body, text) = (answer.json(), answer.text());
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(
        (&body["error"], &body["errorCode"]),
        (&json!(code), &json!(code)),
        "{text}"
    );
    let description = body["errorDescription"].as_str().unwrap();
    assert!(
        description.contains(cause),
        "not {cause:?} but: {description}"
    );
}

/// What a wrong code is answered with.
fn failed(reason: &str) -> Value {
    json!({"isVerified": false, "failureReason": reason})
}

/// Another code of six digits.
fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

/// A mobile app's key.
struct App(SigningKey);

impl App {
    fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    /// As Android writes it.
    fn public_key(&self) -> String {
        let key = PublicKey::from(self.0.verifying_key());
        STANDARD.encode(key.to_public_key_der().unwrap())
    }

    /// As iOS writes it.
    fn point(&self) -> String {
        STANDARD.encode(self.0.verifying_key().to_encoded_point(false))
    }

    fn sign(&self, text: &str) -> String {
        let signature: DerSignature = self.0.sign(text.as_bytes());
        STANDARD.encode(signature)
    }

    /// The key in a query: both SDKs put its text into base64 once more.
    fn in_query(&self) -> String {
        STANDARD
            .encode(self.public_key())
            .replace('+', "%2B")
            .replace('=', "%3D")
    }

    fn credential(&self) -> Value {
        json!({
            "publicKey": self.public_key(), "deviceName": "Ada's phone", "devicePlatform": "android",
        })
    }
}
