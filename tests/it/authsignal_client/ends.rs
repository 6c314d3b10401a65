//! What has ended stays ended: an action that was denied, blocked or reviewed, and the tokens of a deleted user. Each is
//! tried with everything that would let an action pass.

use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;

use super::{App, Page, REQUIRED, SUCCEEDED};
use crate::tenant::{Tenant, assert_refusal, with_body};
use crate::totp_reference::totp;
use crate::wire::Request;
use crate::world::NOW;

/// The states that no challenge leaves.
const CLOSED: [&str; 5] = [
    "CHALLENGE_FAILED",
    "BLOCK",
    "REVIEW_REQUIRED",
    "REVIEW_SUCCEEDED",
    "REVIEW_FAILED",
];

/// A page of an application, which passkeys are bound to.
const APP: &str = "http://localhost:3000";
const SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
const KEY: &str = "the key";

/// Every way to pass an action.
const WAYS: [&str; 12] = [
    "sms",
    "whatsapp",
    "email-otp",
    "totp",
    "email-magic-link",
    "passkey",
    "security-key",
    "push",
    "qr-code",
    "in-app",
    "a passkey alone",
    "an enrolment",
];

/// An action that waits for its proof.
struct Case<'a> {
    page: Page<'a>,
    /// What lets the action pass.
    proof: Request,
    /// What starts the challenge once more, where the page starts one for a known user.
    start: Option<Request>,
}

async fn enroll(tenant: &Tenant, user: &str, method: &str, member: &str, value: &str) {
    let mut body = json!({"verificationMethod": method});
    body[member] = value.into();
    tenant.enroll_with(user, body).await;
}

impl Page<'_> {
    /// A request of a page of the application.
    fn of_app(&self, target: &str, body: &Value) -> Request {
        let request = self.request("POST", target).json(body.to_string());
        request.header("Origin", APP)
    }

    async fn ask_as_app(&self, target: &str, body: &Value) -> Value {
        let request = self.of_app(target, body);
        self.tenant.answer(200, &request).await.json()
    }
}

fn anonymous(target: &str, body: &Value) -> Request {
    let request = Tenant::anonymous("POST", target).json(body.to_string());
    request.header("Origin", APP)
}

/// A page of the user with the action that the test ends.
async fn page<'a>(tenant: &'a Tenant, user: &str) -> Page<'a> {
    tenant.page_with(user, json!({"idempotencyKey": KEY})).await
}

/// Registers a passkey or a security key; its credential.
async fn register(page: &Page<'_>, key: &SoftwareAuthenticator, kind: &str) -> Vec<String> {
    let base = format!("/user-authenticators/{kind}");
    let started = page
        .ask_as_app(&format!("{base}/registration-options"), &json!({}))
        .await;
    let options = started.get("options").unwrap_or(&started);
    let made = key.create(options, APP).unwrap();
    let body = match kind {
        "passkey" => json!({"registrationCredential": made, "conditionalCreate": false}),
        _ => made.clone(),
    };
    page.ask_as_app(&base, &body).await;
    vec![made["id"].as_str().unwrap().to_owned()]
}

/// The user of a way, with what it needs, and an action that is passed in that way by the proof.
async fn case<'a>(tenant: &'a Tenant, way: &str) -> Case<'a> {
    let user = way.replace(' ', "-");
    match way {
        "sms" | "whatsapp" => {
            enroll(tenant, &user, "SMS", "phoneNumber", "+64270000000").await;
            by_code(page(tenant, &user).await, way).await
        }
        "email-otp" => {
            enroll(tenant, &user, "EMAIL_OTP", "email", "ada@example.com").await;
            by_code(page(tenant, &user).await, way).await
        }
        "totp" => {
            let uri = format!("otpauth://totp/Mock:ada?secret={SECRET}&issuer=Mock");
            enroll(tenant, &user, "AUTHENTICATOR_APP", "otpUri", &uri).await;
            let page = page(tenant, &user).await;
            let code = totp(SECRET, u64::try_from(NOW).unwrap());
            let proof = page.request("POST", "/verify/totp");
            Case {
                proof: proof.json(json!({"verificationCode": code}).to_string()),
                start: None,
                page,
            }
        }
        "email-magic-link" => {
            enroll(
                tenant,
                &user,
                "EMAIL_MAGIC_LINK",
                "email",
                "ada@example.com",
            )
            .await;
            let page = page(tenant, &user).await;
            page.post_nothing("/challenge/email-magic-link").await;
            let url = tenant.newest_message().await["url"].clone();
            let target = url
                .as_str()
                .unwrap()
                .split_once("4750")
                .unwrap()
                .1
                .to_owned();
            tenant.answer(200, &Request::new("GET", &target)).await;
            Case {
                proof: page
                    .request("POST", "/verify/email-magic-link/finalize")
                    .json("{}"),
                start: Some(page.request("POST", "/challenge/email-magic-link")),
                page,
            }
        }
        "passkey" | "security-key" => by_credential(tenant, &user, way).await,
        "a passkey alone" => by_passkey_alone(tenant, &user).await,
        "push" | "qr-code" => by_approval(tenant, &user, way).await,
        "in-app" => {
            let app = App::new(3);
            tenant
                .page(&user)
                .await
                .post("/user-authenticators/in-app", app.credential())
                .await;
            let page = page(tenant, &user).await;
            let started = page.post("/challenge", json!({"action": "signIn"})).await;
            let id = started["challengeId"].as_str().unwrap();
            let body = json!({
                "challengeId": id, "publicKey": app.public_key(), "signature": app.sign(id),
            });
            Case {
                proof: anonymous("/verify/in-app", &body),
                start: None,
                page,
            }
        }
        _ => {
            let page = page(tenant, &user).await;
            let enroll = page
                .request("POST", "/user-authenticators/email-otp")
                .json(json!({"email": "ada@example.com"}).to_string());
            tenant.answer(200, &enroll).await;
            let body = json!({"verificationCode": tenant.code().await});
            Case {
                proof: page
                    .request("POST", "/verify/email-otp")
                    .json(body.to_string()),
                start: Some(enroll),
                page,
            }
        }
    }
}

async fn by_code<'a>(page: Page<'a>, way: &str) -> Case<'a> {
    let start = page.request("POST", &format!("/challenge/{way}"));
    page.tenant.answer(200, &start).await;
    let body = json!({"verificationCode": page.tenant.code().await});
    let proof = page.request("POST", &format!("/verify/{way}"));
    Case {
        proof: proof.json(body.to_string()),
        start: Some(start),
        page,
    }
}

async fn by_credential<'a>(tenant: &'a Tenant, user: &str, way: &str) -> Case<'a> {
    let key = SoftwareAuthenticator::new(user);
    let held = register(&tenant.page(user).await, &key, way).await;
    let page = page(tenant, user).await;
    let target = format!("/user-authenticators/{way}/authentication-options");
    let started = page.ask_as_app(&target, &json!({})).await;
    let options = started.get("options").unwrap_or(&started);
    let signed = key.get(options, APP, &held).unwrap();
    let body = match way {
        "passkey" => json!({"authenticationCredential": signed}),
        _ => signed,
    };
    Case {
        proof: page.of_app(&format!("/verify/{way}"), &body),
        start: Some(page.of_app(&target, &json!({}))),
        page,
    }
}

/// Without a token, for the action of a user who has one.
async fn by_passkey_alone<'a>(tenant: &'a Tenant, user: &str) -> Case<'a> {
    let key = SoftwareAuthenticator::new(user);
    let held = register(&tenant.page(user).await, &key, "passkey").await;
    let page = page(tenant, user).await;
    let named = json!({"action": "signIn", "idempotencyKey": KEY});
    let started = tenant.answer(200, &anonymous("/challenge", &named)).await;
    let id = json!({"challengeId": started.json()["challengeId"]});
    let options = "/user-authenticators/passkey/authentication-options";
    let options = tenant.answer(200, &anonymous(options, &id)).await;
    let signed = key.get(&options.json()["options"], APP, &held).unwrap();
    Case {
        proof: anonymous(
            "/verify/passkey",
            &json!({"authenticationCredential": signed}),
        ),
        start: None,
        page,
    }
}

async fn by_approval<'a>(tenant: &'a Tenant, user: &str, way: &str) -> Case<'a> {
    let app = App::new(1);
    let base = format!("/user-authenticators/{way}");
    tenant.page(user).await.post(&base, app.credential()).await;
    let page = page(tenant, user).await;
    let start = page.request("POST", &format!("/challenge/{way}"));
    let start = start.json(json!({"action": "signIn"}).to_string());
    let challenge = tenant.answer(200, &start).await.json();
    let id = challenge["challengeId"].as_str().unwrap();
    let signed = json!({
        "publicKey": app.public_key(), "challengeId": id, "signature": app.sign(id),
    });
    if way == "qr-code" {
        let target = format!("{base}/challenge/claim");
        tenant
            .anonymously(200, "POST", &target, signed.clone())
            .await;
    }
    let mut approved = signed;
    approved["approved"] = json!(true);
    Case {
        proof: anonymous(&format!("{base}/challenge"), &approved),
        start: Some(start),
        page,
    }
}

/// Sets the state of the action of a case, as the application can.
async fn set(tenant: &Tenant, way: &str, state: &str) {
    let user = way.replace(' ', "-");
    let target = format!("/v1/users/{user}/actions/signIn/the%20key");
    tenant.patch(&target, json!({"state": state})).await;
}

#[tokio::test]
async fn no_method_passes_an_action_that_has_ended() {
    for way in WAYS {
        let tenant = Tenant::new().await;
        let case = case(&tenant, way).await;
        for state in CLOSED {
            set(&tenant, way, state).await;
            for request in [Some(&case.proof), case.start.as_ref()]
                .into_iter()
                .flatten()
            {
                tenant.refused(request, 400, "invalid_request", state).await;
            }
            assert_eq!(case.page.state().await, state, "{way}");
            let user = json!({"userId": way.replace(' ', "-")});
            let before = tenant.server.state();
            let control = Request::new("POST", "/_mock/challenge/succeed");
            tenant.answer(404, &with_body(control, user)).await;
            assert_eq!(tenant.server.state(), before, "{way}");
        }
        // What was refused was not used up.
        set(&tenant, way, REQUIRED).await;
        tenant.answer(200, &case.proof).await;
        assert_eq!(case.page.state().await, SUCCEEDED, "{way}");
    }
}

#[tokio::test]
async fn who_denies_on_the_phone_cannot_pass_in_another_way() {
    let (tenant, app) = (Tenant::new().await, App::new(1));
    tenant.enroll("ada").await;
    let scope = json!({"scope": "add:authenticators"});
    tenant
        .page_with("ada", scope)
        .await
        .post("/user-authenticators/push", app.credential())
        .await;
    let page = tenant.page("ada").await;
    page.post_nothing("/challenge/sms").await;
    let code = tenant.code().await;
    let challenge = page
        .post("/challenge/push", json!({"action": "signIn"}))
        .await;
    let id = challenge["challengeId"].as_str().unwrap();
    let denied = json!({
        "publicKey": app.public_key(), "challengeId": id, "approved": false, "signature": app.sign(id),
    });
    let target = "/user-authenticators/push/challenge";
    tenant.anonymously(200, "POST", target, denied).await;
    let (code, verify) = (json!({"verificationCode": code}), "/verify/sms");
    page.refused(400, "invalid_request", "CHALLENGE_FAILED", verify, code)
        .await;
    assert_eq!(page.state().await, "CHALLENGE_FAILED");
}

#[tokio::test]
async fn what_was_approved_proves_nothing_once_the_action_is_closed() {
    let tenant = Tenant::new().await;
    let case = case(&tenant, "push").await;
    let pending = tenant
        .answer(200, case.start.as_ref().unwrap())
        .await
        .json();
    tenant.answer(200, &case.proof).await;
    assert_eq!(case.page.state().await, SUCCEEDED);
    set(&tenant, "push", "BLOCK").await;
    // The one that was approved is the older one; the newer one still waits.
    let open = json!({"challengeId": pending["challengeId"]});
    let open = case.page.post("/verify/push", open).await;
    assert_eq!(open, json!({"isVerified": false, "isConsumed": false}));
    let approved: Value = serde_json::from_slice(&case.proof.body).unwrap();
    let approved = json!({"challengeId": approved["challengeId"]});
    case.page
        .refused(400, "invalid_request", "BLOCK", "/verify/push", approved)
        .await;
}

/// A request whose token is that of a deleted user.
async fn refused(tenant: &Tenant, request: &Request) {
    let before = tenant.server.state();
    let answer = tenant.answer(401, request).await;
    assert_refusal(&answer, "unauthorized", "Token is invalid.");
    assert_eq!(tenant.server.state(), before);
}

#[tokio::test]
async fn the_token_of_a_deleted_user_opens_nothing_even_if_the_user_comes_back() {
    for again in [false, true] {
        let tenant = Tenant::new().await;
        tenant.enroll("ada").await;
        let page = tenant.page("ada").await;
        let of_user = tenant.post("/v1/token", json!({"userId": "ada"})).await;
        let of_user = tenant.with_token(&of_user["accessToken"]);
        let other = tenant.page("bob").await;
        tenant.delete("/v1/users/ada").await;
        if again {
            // At the same second, because the clock stands still.
            tenant.enroll("ada").await;
        }
        for page in [&page, &of_user] {
            for (target, body) in [
                (
                    "/user-authenticators/email-otp",
                    json!({"email": "a@x.test"}),
                ),
                ("/user-authenticators/totp", Value::Null),
                ("/challenge/sms", Value::Null),
                ("/verify/sms", json!({"verificationCode": "000000"})),
                ("/challenge/qr-code", json!({"action": "signIn"})),
                ("/init", json!({})),
            ] {
                let request = with_body(page.request("POST", target), body);
                refused(&tenant, &request).await;
            }
            refused(&tenant, &page.request("GET", "/user-authenticators")).await;
            let proof = tenant.validate(&json!(page.token)).await;
            assert_eq!(
                proof,
                json!({"isValid": false, "error": "Token is invalid."})
            );
            let target = format!("/challenge?token={}", page.token);
            tenant.answer(403, &Request::new("GET", &target)).await;
        }
        assert_eq!(
            tenant.authenticators("ada").await.as_array().map(Vec::len),
            Some(usize::from(again))
        );
        other.get("/user-authenticators").await;
        let fresh = tenant.page("ada").await;
        fresh.get("/user-authenticators").await;
    }
}

#[tokio::test]
async fn a_reset_ends_every_token_where_the_mock_does_not_repeat_itself() {
    for deterministic in [false, true] {
        let builder = crate::world::mock();
        let builder = if deterministic {
            builder.deterministic()
        } else {
            builder
        };
        let tenant = Tenant {
            server: builder.start().await.unwrap(),
        };
        let page = tenant.page("ada").await;
        tenant.control("/_mock/reset", json!({})).await;
        let request = page.request("GET", "/user-authenticators");
        let status = if deterministic { 200 } else { 401 };
        tenant.answer(status, &request).await;
        let page = tenant.page("ada").await;
        page.get("/user-authenticators").await;
    }
}
