//! A mock in deterministic mode, brought to a certain point by requests over the wire, with everything it handed out.
//! Must not know the client: requests are written out and signed by the reference.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p256::PublicKey;
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;
use stepup_mock::{MockServer, MockServerBuilder};

pub(crate) use crate::signing_reference::{
    AUTHENTICATION, Credentials, TIMESTAMP, VERSION, signed,
};
use crate::spec;
use crate::totp_reference::totp;
pub(crate) use crate::wire::basic;
use crate::wire::{self, Answer, HOST, Request};

/// When the mock's frozen clock stands: 2026-01-01T00:00:00Z.
pub(crate) const NOW: i64 = 1_767_225_600;
pub(crate) const APPLICATION: &str = "mock-app";
pub(crate) const USER: &str = "alice";
/// The Authsignal tenant that a mock starts with.
pub(crate) const TENANT: &str = "00000000-0000-4000-8000-000000000001";
pub(crate) const API_SECRET: &str = "mock-authsignal-secret-0123456789abcdef";
/// Where the page is that asks for passkeys: on the mock itself.
pub(crate) const ORIGIN: &str = "http://mock.test:4750";
pub(crate) const MANAGEMENT_SECRET: &str = "mock-management-secret-0123456789abcdef";
pub(crate) const TERMINAL_SECRET: &str = "mock-terminal-secret-0123456789abcdef";
/// Another's.
pub(crate) const WRONG_SECRET: &str = "not-this-tenants-secret-0123456789abcdef";

/// How far a world has been brought. Each stage holds all before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// As the mock starts.
    Start,
    /// There is a user.
    User,
    /// The user has an open registration link.
    Link,
    /// The user has a phone; the link is used.
    Device,
    /// An authentication waits for the phone.
    Pending,
    /// The phone has approved.
    Active,
    /// The phone has gone away.
    WalkedAway,
    /// The session is over.
    Closed,
}

/// The signer of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Signer {
    Nobody,
    Application,
    Session,
    Device,
    AuthRequest,
    /// By Basic authentication with the Authsignal tenant's API secret.
    Tenant,
    /// By Basic authentication with the Authsignal tenant's management secret.
    Manager,
    /// By the terminal secret of the Authsignal tenant.
    Terminal,
    /// As `Tenant`, with another's secret.
    Stranger,
    /// By the token of the action that was tracked last.
    Bearer,
    /// By the token that the last verify gave.
    Verified,
    /// By Basic authentication with the id of the Authsignal tenant.
    Anonymous,
    /// By the challenge token that a flow has given last.
    Flow,
}

/// Members of answers that later requests need.
const KEPT: [&str; 14] = [
    "accessToken",
    "challengeId",
    "challengeToken",
    "code",
    "deviceCode",
    "id",
    "idempotencyKey",
    "lastEvaluatedUserId",
    "message",
    "refreshToken",
    "ruleId",
    "secret",
    "token",
    "userAuthenticatorId",
];

pub(crate) struct World {
    pub(crate) server: MockServer,
    /// What Authsignal has answered last, by member.
    kept: BTreeMap<&'static str, String>,
    /// Options of WebAuthn that Authsignal has made last.
    options: Value,
    /// Id of the passkey that was enrolled last.
    credential: Option<String>,
    nonce: AtomicU64,
    pub(crate) application: Credentials,
    pub(crate) link: String,
    pub(crate) registration_token: String,
    pub(crate) device: Credentials,
    pub(crate) session: Credentials,
    pub(crate) request: Credentials,
}

/// How a phone describes itself.
pub(crate) fn device_description(name: &str, notification_token: &str) -> Value {
    json!({"device": {
        "notification_token": notification_token,
        "push_notification_class": "ios",
        "name": name,
        "os_version": "13.3",
        "application_version": "1.2",
        "application_identifier": "example.app",
        "active_connect_version": "0.2.1",
    }})
}

/// The path of an absolute URL that the mock made from the `Host` of a request.
pub(crate) fn path_of(url: &str) -> &str {
    let rest = url
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_prefix(HOST));
    rest.unwrap_or_else(|| panic!("{url} is not on http://{HOST}, which the caller used"))
}

/// A mock that answers to the name that the requests of these tests use.
pub(crate) fn mock() -> MockServerBuilder {
    let (name, _) = HOST.split_once(':').expect("a port");
    let builder = MockServer::builder().allow_host(name);
    builder.expect("a host name")
}

impl World {
    /// A new mock at `stage`.
    pub(crate) async fn at(stage: Stage) -> Self {
        let server = mock()
            .deterministic()
            .start()
            .await
            .expect("the mock starts");
        let mut world = Self::on(server);
        world.advance_to(stage).await;
        world
    }

    /// The world of a mock that has just been started.
    pub(crate) fn on(server: MockServer) -> Self {
        let application = server.activeconnect();
        let application = Credentials {
            id: application.application_id().to_owned(),
            secret: application.application_secret().to_owned(),
        };
        Self {
            server,
            kept: BTreeMap::new(),
            options: Value::Null,
            credential: None,
            nonce: AtomicU64::new(1),
            application,
            link: String::new(),
            registration_token: String::new(),
            device: Credentials::default(),
            session: Credentials::default(),
            request: Credentials::default(),
        }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// A nonce that was not used before, the same in every run.
    pub(crate) fn next_nonce(&self) -> String {
        self.nonce.fetch_add(1, Ordering::Relaxed).to_string()
    }

    pub(crate) fn credentials(&self, signer: Signer) -> Option<&Credentials> {
        match signer {
            Signer::Nobody
            | Signer::Tenant
            | Signer::Manager
            | Signer::Terminal
            | Signer::Stranger
            | Signer::Bearer
            | Signer::Verified
            | Signer::Anonymous
            | Signer::Flow => None,
            Signer::Application => Some(&self.application),
            Signer::Session => Some(&self.session),
            Signer::Device => Some(&self.device),
            Signer::AuthRequest => Some(&self.request),
        }
    }

    /// A request with a good signature, or with none where nobody signs.
    pub(crate) fn request(&self, signer: Signer, method: &str, target: &str) -> Request {
        let request = Request::new(method, target);
        let bearer = |name| format!("Bearer {}", self.kept(name).expect("a token"));
        let authorization = match signer {
            Signer::Tenant => Some(basic(API_SECRET)),
            Signer::Manager => Some(basic(MANAGEMENT_SECRET)),
            Signer::Terminal => Some(format!("Bearer {TERMINAL_SECRET}")),
            Signer::Stranger => Some(basic(WRONG_SECRET)),
            Signer::Bearer => Some(bearer("token")),
            Signer::Verified => Some(bearer("accessToken")),
            Signer::Anonymous => Some(basic(TENANT)),
            _ => None,
        };
        let request = match authorization {
            Some(authorization) => request.header("Authorization", &authorization),
            None => request,
        };
        let request = match signer {
            Signer::Flow => {
                let token = self.kept("challengeToken").expect("a challenge token");
                request.header("X-Authsignal-Challenge-Token", token)
            }
            _ => request,
        };
        match self.credentials(signer) {
            Some(credentials) => signed(request, credentials, &self.next_nonce(), NOW),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: &Request) -> Answer {
        wire::send(self.address(), request).await
    }

    /// Remembers what of an answer later requests need.
    pub(crate) fn take(&mut self, answer: &Value) {
        if let Some(link) = answer["register_url"].as_str() {
            self.take_link(link);
        }
        // What a browser is asked: in an envelope for passkeys, in none for security keys.
        for options in [&answer["options"], answer] {
            if options["challenge"].is_string() {
                self.options = options.clone();
            }
        }
        let credential = &answer["userAuthenticator"]["webauthnCredential"]["credentialId"];
        if let Some(id) = credential.as_str() {
            self.credential = Some(id.to_owned());
        }
        for name in KEPT {
            for holder in [answer, &answer["authenticator"]] {
                if let Some(value) = holder[name].as_str() {
                    self.kept.insert(name, value.to_owned());
                }
            }
        }
    }

    /// What was answered last as this member.
    pub(crate) fn kept(&self, name: &str) -> Option<&str> {
        self.kept.get(name).map(String::as_str)
    }

    /// The code that was sent last.
    pub(crate) fn code(&self) -> Option<String> {
        self.server
            .messages()
            .into_iter()
            .find_map(|message| message.code)
    }

    /// The target of the link that was sent last.
    pub(crate) fn link_in_message(&self) -> String {
        let mut messages = self.server.messages().into_iter();
        let url = messages.find_map(|message| message.url);
        path_of(&url.expect("a message with a link")).to_owned()
    }

    /// What an authenticator app shows now for the secret that was given out last, by RFC 6238.
    pub(crate) fn totp(&self) -> String {
        let now = self.server.clock().now().as_second();
        let secret = self.kept("secret").expect("a secret");
        totp(secret, u64::try_from(now).expect("a time since 1970"))
    }

    /// Id of the passkey that was enrolled last.
    pub(crate) fn passkey(&self) -> &str {
        self.credential.as_deref().unwrap_or_default()
    }

    /// What a browser with a software authenticator makes of the options for a new credential.
    pub(crate) fn created(&self) -> Value {
        let made = SoftwareAuthenticator::new("alice").create(&self.options, ORIGIN);
        made.expect("options that the authenticator can meet")
    }

    /// What it signs: with a credential that the options name, else with the one that it made.
    pub(crate) fn signed_in(&self) -> Value {
        let held = [self.passkey().to_owned()];
        let signed = SoftwareAuthenticator::new("alice").get(&self.options, ORIGIN, &held);
        signed.expect("options that the authenticator can meet")
    }

    /// Makes a registration link the world's newest.
    pub(crate) fn take_link(&mut self, link: &str) {
        link.clone_into(&mut self.link);
        self.registration_token = link.rsplit('/').next().unwrap_or_default().to_owned();
    }

    /// Sends a request that must be refused in Activeconnect's form, with this cause in the reason, no secret, and no effect.
    pub(crate) async fn refused(
        &self,
        operation: &str,
        status: u16,
        request: &Request,
        cause: &str,
    ) {
        let before = self.server.state();
        let answer = self.send(request).await;
        assert_refusal(&answer, operation, status, cause);
        let text = answer.text();
        for by in [
            &self.application,
            &self.session,
            &self.device,
            &self.request,
        ] {
            assert!(
                by.secret.is_empty() || !text.contains(&by.secret),
                "{operation}: the answer shows a secret"
            );
        }
        assert_eq!(
            self.server.state(),
            before,
            "{operation} ({cause}): a refused request changed the world"
        );
    }

    async fn expect(&self, status: u16, request: Request) -> Value {
        let answer = self.send(&request).await;
        assert_eq!(
            answer.status,
            status,
            "{} {}: {}",
            request.method,
            request.target,
            answer.text()
        );
        answer.json()
    }

    /// Goes on to `stage` from the start.
    pub(crate) async fn advance_to(&mut self, stage: Stage) {
        let steps = [
            Stage::User,
            Stage::Link,
            Stage::Device,
            Stage::Pending,
            Stage::Active,
            Stage::WalkedAway,
            Stage::Closed,
        ];
        for step in steps.into_iter().filter(|step| *step <= stage) {
            self.step(step).await;
        }
    }

    async fn step(&mut self, stage: Stage) {
        match stage {
            Stage::Start => {}
            Stage::User => {
                let add = self.request(
                    Signer::Application,
                    "POST",
                    &format!("/management/add_users/{APPLICATION}"),
                );
                self.expect(201, add.json(json!({"users": [USER]}).to_string()))
                    .await;
            }
            Stage::Link => {
                let target = format!("/management/device_registration_link/{APPLICATION}/{USER}");
                let answer = self
                    .expect(200, self.request(Signer::Application, "GET", &target))
                    .await;
                self.take_link(answer["register_url"].as_str().expect("a link"));
            }
            Stage::Device => {
                let open = self.request(Signer::Nobody, "POST", path_of(&self.link));
                let answer = self
                    .expect(
                        200,
                        open.json(device_description("Alice's phone", "token-1").to_string()),
                    )
                    .await;
                assert_eq!(answer["status"], "COMPLETE");
                self.device =
                    credentials(&answer["device"]["device"], "device_id", "device_secret");
            }
            Stage::Pending => {
                let target = format!("/authentication/authenticate_user/{APPLICATION}/{USER}");
                let answer = self
                    .expect(
                        202,
                        self.request(Signer::Application, "POST", &target)
                            .json("{}"),
                    )
                    .await;
                self.session = credentials(
                    &answer["authentication_status"],
                    "session_token",
                    "session_secret",
                );
                let target = format!("/device/pending_requests/{APPLICATION}/{}", self.device.id);
                let answer = self
                    .expect(200, self.request(Signer::Device, "POST", &target))
                    .await;
                let request = &answer["requests"][0];
                self.request = Credentials {
                    id: text(&request["auth_request_id"]),
                    secret: text(&request["identify"]["identification_data_secret"]),
                };
            }
            Stage::Active => {
                let target = format!("/identification/data/{APPLICATION}/{}", self.request.id);
                let data = json!({"identification_data": {"cancelled": false, "acceptance": {"identified": true}}});
                let answer = self
                    .request(Signer::AuthRequest, "POST", &target)
                    .json(data.to_string());
                assert_eq!(self.expect(200, answer).await["status"], true);
            }
            Stage::WalkedAway => {
                let walk = self.request(Signer::Nobody, "POST", "/_mock/phone/walk-away");
                self.expect(200, walk.json(json!({"userId": USER}).to_string()))
                    .await;
            }
            Stage::Closed => {
                let target = format!("/authentication/logout/{APPLICATION}/{}", self.session.id);
                assert_eq!(
                    self.expect(200, self.request(Signer::Session, "POST", &target))
                        .await["status"],
                    true
                );
            }
        }
    }
}

/// The key of a mobile app: the same in every run.
fn app_key() -> SigningKey {
    SigningKey::from_slice(&[7; 32]).expect("a number below the order of the curve")
}

fn public_key(of: &SigningKey) -> String {
    let key = PublicKey::from(of.verifying_key());
    STANDARD.encode(key.to_public_key_der().expect("DER").as_bytes())
}

/// The public key of the app, as the vendor's Android SDK writes it.
pub(crate) fn app_public_key() -> String {
    public_key(&app_key())
}

/// The public key of an app that is nobody's.
pub(crate) fn other_public_key() -> String {
    public_key(&SigningKey::from_slice(&[8; 32]).expect("a number below the order of the curve"))
}

/// What the app signs: DER, as the vendor's SDKs send it.
pub(crate) fn app_signature(message: &str) -> String {
    let signature: DerSignature = app_key().sign(message.as_bytes());
    STANDARD.encode(signature.as_bytes())
}

/// Activeconnect's form of an error, as the spec has it for the operation, with this cause in the reason.
pub(crate) fn assert_refusal(answer: &Answer, operation: &str, status: u16, cause: &str) {
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
    assert_eq!(body["status"], false, "{what}");
    assert!(body["reason"].as_str().unwrap().contains(cause), "{what}");
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// Credentials out of an answer.
pub(crate) fn credentials(from: &Value, id: &str, secret: &str) -> Credentials {
    Credentials {
        id: text(&from[id]),
        secret: text(&from[secret]),
    }
}
