//! Authsignal's Client API over the wire: each flow from end to end, and what is refused. Must not know the client, but for
//! `client`, nor how the mock decides.

mod access;
mod approvals;
mod apps;
mod client;
mod codes;
mod decisions;
mod ends;
mod flows;
mod links;
mod passkeys;
mod relying_parties;
mod scopes;
mod terminals;
mod totp;
mod websocket;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::PublicKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};

use crate::tenant::{Tenant, assert_refusal, with_body};
use crate::wire::Request;
use crate::world::TENANT;

/// Where an action goes that is passed.
const SUCCEEDED: &str = "CHALLENGE_SUCCEEDED";
const REQUIRED: &str = "CHALLENGE_REQUIRED";

/// A user in a browser, with the token of an action.
struct Page<'a> {
    tenant: &'a Tenant,
    token: String,
}

impl Tenant {
    /// A page with the token of a new action.
    async fn page(&self, user: &str) -> Page<'_> {
        self.page_with(user, json!({})).await
    }

    async fn page_with(&self, user: &str, body: Value) -> Page<'_> {
        let tracked = self.track(user, "signIn", body).await;
        self.with_token(&tracked["token"])
    }

    fn with_token(&self, token: &Value) -> Page<'_> {
        Page {
            tenant: self,
            token: token.as_str().unwrap().to_owned(),
        }
    }

    /// A request with the tenant's id alone.
    fn anonymous(method: &str, target: &str) -> Request {
        Request::new(method, &format!("/v1/client{target}")).basic(TENANT)
    }

    async fn anonymously(&self, status: u16, method: &str, target: &str, body: Value) -> Value {
        let request = with_body(Self::anonymous(method, target), body);
        self.answer(status, &request).await.json()
    }
}

impl Page<'_> {
    fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, &format!("/v1/client{target}"))
            .header("Authorization", &format!("Bearer {}", self.token))
    }

    async fn get(&self, target: &str) -> Value {
        let request = self.request("GET", target);
        self.tenant.answer(200, &request).await.json()
    }

    async fn post(&self, target: &str, body: Value) -> Value {
        let request = self.request("POST", target).json(body.to_string());
        self.tenant.answer(200, &request).await.json()
    }

    /// As SDKs send what has nothing to say.
    async fn post_nothing(&self, target: &str) -> Value {
        let request = self.request("POST", target);
        self.tenant.answer(200, &request).await.json()
    }

    async fn verify(&self, target: &str, code: &str) -> Value {
        self.post(target, json!({"verificationCode": code})).await
    }

    /// A request that must be refused, with this code and cause, and without any effect.
    async fn refused(&self, status: u16, code: &str, cause: &str, target: &str, body: Value) {
        let before = self.tenant.server.state();
        let request = self.request("POST", target).json(body.to_string());
        let answer = self.tenant.answer(status, &request).await;
        assert_refusal(&answer, code, cause);
        assert_eq!(
            self.tenant.server.state(),
            before,
            "{target}: a refused request changed the world"
        );
    }

    async fn state(&self) -> Value {
        self.tenant.state(&json!(self.token)).await
    }
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
pub(crate) struct App(SigningKey);

impl App {
    pub(crate) fn new(seed: u8) -> Self {
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

    pub(crate) fn sign(&self, text: &str) -> String {
        let signature: DerSignature = self.0.sign(text.as_bytes());
        STANDARD.encode(signature)
    }

    /// The key in a query: both SDKs put its text into base64 once more.
    pub(crate) fn in_query(&self) -> String {
        STANDARD
            .encode(self.public_key())
            .replace('+', "%2B")
            .replace('=', "%3D")
    }

    pub(crate) fn credential(&self) -> Value {
        json!({
            "publicKey": self.public_key(), "deviceName": "Ada's phone", "devicePlatform": "android",
        })
    }
}
