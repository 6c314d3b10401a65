//! A terminal that shows a challenge, and a user with a phone: the kiosk demo of the vendor.

use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;

use super::{REQUIRED, SUCCEEDED};
use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::{API_SECRET, TERMINAL_SECRET};

/// The page on the phone, which passkeys are bound to.
const PHONE: &str = "http://localhost:3001";
const PASSKEY: &str = "/user-authenticators/passkey";

/// A tenant, its terminal, and the challenge that the terminal shows.
struct Kiosk {
    tenant: Tenant,
    shown: Value,
}

fn at_terminal(target: &str) -> Request {
    let secret = format!("Bearer {TERMINAL_SECRET}");
    Request::new("POST", &format!("/v1/terminal/{target}")).header("Authorization", &secret)
}

impl Kiosk {
    async fn new() -> Self {
        let tenant = Tenant::new().await;
        let shown = tenant.answer(200, &at_terminal("challenge")).await.json();
        Self { tenant, shown }
    }

    fn id(&self) -> Value {
        self.shown["challengeId"].clone()
    }

    /// What the terminal polls: whether the challenge is claimed, consumed and verified.
    async fn poll(&self) -> ([bool; 3], Value) {
        let request = at_terminal("verify").json(self.shown.to_string());
        let answer = self.tenant.answer(200, &request).await.json();
        let told = ["isClaimed", "isConsumed", "isVerified"].map(|name| answer[name] == true);
        (told, answer)
    }

    async fn track(&self, user: &str, action: &str) -> Value {
        let body = json!({"challengeId": self.id(), "email": "ada@example.com"});
        self.tenant.track(user, action, body).await
    }

    /// The phone, with the token of an action or with the tenant's id.
    async fn phone(&self, token: Option<&Value>, target: &str, body: Value) -> Value {
        let request = match token.and_then(Value::as_str) {
            Some(token) => Request::new("POST", &format!("/v1/client{target}"))
                .header("Authorization", &format!("Bearer {token}")),
            None => Tenant::anonymous("POST", target),
        };
        let request = request.header("Origin", PHONE).json(body.to_string());
        self.tenant.answer(200, &request).await.json()
    }

    /// `passkey.signUp({token})`.
    async fn sign_up(&self, token: &Value, key: &SoftwareAuthenticator) -> Vec<String> {
        let target = format!("{PASSKEY}/registration-options");
        let started = self.phone(Some(token), &target, json!({})).await;
        let made = key.create(&started["options"], PHONE).unwrap();
        let id = made["id"].as_str().unwrap().to_owned();
        let body = json!({"registrationCredential": made, "challengeId": started["challengeId"]});
        self.phone(Some(token), PASSKEY, body).await;
        vec![id]
    }

    /// `passkey.signIn({challengeId})`.
    async fn sign_in(&self, key: &SoftwareAuthenticator, held: &[String]) {
        let target = format!("{PASSKEY}/authentication-options");
        let started = self.phone(None, &target, json!({"challengeId": self.id()}));
        let started = started.await;
        let signed = key.get(&started["options"], PHONE, held).unwrap();
        let body =
            json!({"authenticationCredential": signed, "challengeId": started["challengeId"]});
        self.phone(None, "/verify/passkey", body).await;
    }
}

#[tokio::test]
async fn a_new_user_enrols_at_a_kiosk_and_comes_back_with_the_passkey() {
    let mut kiosk = Kiosk::new().await;
    let key = SoftwareAuthenticator::new("ada's phone");
    assert_eq!(kiosk.poll().await.0, [false, false, false]);

    // The phone's server tracks with the challenge, which claims it; the user enrols, which passes it.
    let tracked = kiosk.track("ada", "enrollPasskey").await;
    assert_eq!(tracked["isEnrolled"], false);
    assert_eq!(kiosk.poll().await.0, [true, false, false]);
    let held = kiosk.sign_up(&tracked["token"], &key).await;
    let (told, answer) = kiosk.poll().await;
    assert_eq!(told, [true, true, true]);
    assert_eq!(answer["error"], Value::Null);
    let proof = kiosk.tenant.validate(&answer["accessToken"]).await;
    assert_eq!(
        (&proof["state"], &proof["userId"], &proof["actionCode"]),
        (&json!(SUCCEEDED), &json!("ada"), &json!("enrollPasskey"))
    );

    // The next time the phone needs no track: the passkey says who it is.
    kiosk.shown = kiosk
        .tenant
        .answer(200, &at_terminal("challenge"))
        .await
        .json();
    kiosk.sign_in(&key, &held).await;
    let (told, answer) = kiosk.poll().await;
    assert_eq!(told, [true, true, true]);
    let proof = kiosk.tenant.validate(&answer["accessToken"]).await;
    assert_eq!(
        (&proof["userId"], &proof["verificationMethod"]),
        (&json!("ada"), &json!("PASSKEY"))
    );

    // What the user did there is an action of theirs, which the demo stores data about.
    let stored = json!({"custom": {"coffee": {"size": "large", "milk": ["oat"]}}});
    kiosk.tenant.post("/v1/users/ada", stored.clone()).await;
    let user = kiosk.tenant.get("/v1/users/ada").await;
    assert_eq!(user["custom"], stored["custom"]);
}

#[tokio::test]
async fn the_action_that_is_tracked_with_a_challenge_is_the_one_that_passes_it() {
    let kiosk = Kiosk::new().await;
    kiosk.tenant.enroll("ada").await;
    let tracked = kiosk.track("ada", "pay").await;
    assert_eq!(tracked["state"], REQUIRED);
    let other = kiosk.tenant.track("ada", "signIn", json!({})).await;
    kiosk.tenant.succeed("ada").await;
    assert_eq!(kiosk.tenant.state(&other["token"]).await, SUCCEEDED);
    assert_eq!(kiosk.poll().await.0, [true, false, false]);
    kiosk.tenant.succeed("ada").await;
    assert_eq!(kiosk.poll().await.0, [true, true, true]);
}

#[tokio::test]
async fn a_challenge_of_a_terminal_is_another_users_or_over() {
    let kiosk = Kiosk::new().await;
    kiosk.tenant.enroll("ada").await;
    kiosk.track("ada", "pay").await;
    let track = Tenant::request("POST", "/v1/users/bob/actions/pay");
    let track = track.json(json!({"challengeId": kiosk.id()}).to_string());
    let claimed = "challenge_already_claimed";
    kiosk
        .tenant
        .refused(&track, 401, claimed, "another user")
        .await;
    kiosk
        .tenant
        .control("/_mock/challenge/fail", json!({"userId": "ada"}))
        .await;
    let (told, answer) = kiosk.poll().await;
    assert_eq!(told, [true, true, false]);
    assert_eq!(answer["error"], "challenge_failed");

    let kiosk = Kiosk::new().await;
    kiosk.tenant.later(600);
    let (told, answer) = kiosk.poll().await;
    assert_eq!(told, [false, true, false]);
    assert_eq!(answer["error"], "challenge_expired");
    let track = Tenant::request("POST", "/v1/users/bob/actions/pay");
    let track = track.json(json!({"challengeId": kiosk.id()}).to_string());
    let expired = "challenge_expired";
    kiosk
        .tenant
        .refused(&track, 401, expired, "start a new one")
        .await;
}

#[tokio::test]
async fn only_a_terminal_starts_a_challenge_and_only_with_its_code_it_is_told_of_one() {
    let kiosk = Kiosk::new().await;
    let refused = async |request: Request| {
        kiosk
            .tenant
            .refused(&request, 401, "unauthorized", "terminal secret")
            .await;
    };
    let start = || Request::new("POST", "/v1/terminal/challenge");
    let with = |value: &str| start().header("Authorization", value);
    refused(start()).await;
    refused(start().basic(API_SECRET)).await;
    refused(start().basic(TERMINAL_SECRET)).await;
    refused(with(&format!("Bearer {API_SECRET}"))).await;
    // Nor does a terminal call the Server API.
    let user = Request::new("GET", "/v1/users/ada");
    let user = user.header("Authorization", &format!("Bearer {TERMINAL_SECRET}"));
    kiosk
        .tenant
        .refused(&user, 401, "unauthorized", "API key")
        .await;

    let sms = json!({"verificationMethod": "SMS", "action": "pay", "phoneNumber": "+15550100"});
    let sms = kiosk.tenant.post("/v1/challenge", sms).await;
    let code = kiosk.tenant.code().await;
    for asked in [
        json!({"challengeId": kiosk.id(), "code": ""}),
        json!({"challengeId": "none", "code": kiosk.shown["code"]}),
        // The code of a message is no terminal's.
        json!({"challengeId": sms["challengeId"], "code": code}),
        json!({"challengeId": sms["challengeId"], "code": ""}),
    ] {
        let request = at_terminal("verify").json(asked.to_string());
        kiosk
            .tenant
            .refused(&request, 404, "not_found", "challenge")
            .await;
    }
}
