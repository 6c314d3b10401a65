//! The mock's software devices: that they pass challenges as true ones do, from the embedded mock and from the control API.
//! Must not know how their keys come to be.

use std::io::Write as _;
use std::process::Stdio;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use stepup_mock::MockServer;

use crate::binary::{self, Running};
use crate::wire::{self, Request};
use crate::world::{API_SECRET, TENANT, basic};

/// The page of an application.
const ORIGIN: &str = "http://localhost:3000";
const SUCCEEDED: &str = "CHALLENGE_SUCCEEDED";

struct Mock(MockServer);

impl Mock {
    async fn new() -> Self {
        let builder = MockServer::builder().deterministic();
        Self(builder.start().await.unwrap())
    }

    async fn call(&self, request: Request, body: Value) -> (u16, Value) {
        let request = match body {
            Value::Null => request,
            body => request.json(body.to_string()),
        };
        let answer = wire::send(self.0.address(), &request).await;
        (answer.status, answer.json())
    }

    /// A request of the application's server.
    async fn server(&self, method: &str, target: &str, body: Value) -> Value {
        let request = Request::new(method, target).header("Authorization", &basic(API_SECRET));
        let (status, answer) = self.call(request, body).await;
        assert_eq!(status, 200, "{method} {target}: {answer}");
        answer
    }

    /// A request of a page that has a token.
    async fn page(&self, token: &Value, target: &str, body: Value) -> Value {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let request = Request::new("POST", &format!("/v1/client{target}"))
            .header("Authorization", &bearer)
            .header("Origin", ORIGIN);
        let (status, answer) = self.call(request, body).await;
        assert_eq!(status, 200, "{target}: {answer}");
        answer
    }

    /// A request of a page that knows the tenant alone.
    async fn anybody(&self, target: &str, body: Value) -> Value {
        let tenant = format!("Basic {}", STANDARD.encode(format!("{TENANT}:")));
        let request = Request::new("POST", &format!("/v1/client{target}"))
            .header("Authorization", &tenant)
            .header("Origin", ORIGIN);
        let (status, answer) = self.call(request, body).await;
        assert_eq!(status, 200, "{target}: {answer}");
        answer
    }

    async fn control(&self, target: &str, body: Value) -> (u16, Value) {
        self.call(Request::new("POST", &format!("/_mock/{target}")), body)
            .await
    }

    async fn track(&self, user: &str, action: &str) -> Value {
        let target = format!("/v1/users/{user}/actions/{action}");
        self.server("POST", &target, json!({})).await["token"].clone()
    }

    async fn validate(&self, token: &Value) -> Value {
        self.server("POST", "/v1/validate", json!({"token": token}))
            .await
    }

    async fn authenticators(&self, user: &str) -> Value {
        let target = format!("/v1/users/{user}/authenticators");
        self.server("GET", &target, Value::Null).await
    }
}

#[tokio::test]
async fn a_passkey_is_enrolled_and_passes_a_challenge() {
    let mock = Mock::new().await;
    let enrolled = mock.0.passkey("ada").enroll().await.unwrap();
    assert_eq!((&*enrolled.tenant_id, &*enrolled.user_id), (TENANT, "ada"));
    let listed = mock.authenticators("ada").await;
    assert_eq!(listed[0]["verificationMethod"], "PASSKEY");
    assert_eq!(
        listed[0]["userAuthenticatorId"].as_str(),
        enrolled.authenticator_id.as_deref()
    );
    let credential = &listed[0]["webauthnCredential"];
    assert_eq!(
        credential["credentialId"].as_str(),
        enrolled.credential_id.as_deref()
    );
    assert_eq!(credential["credentialBackedUp"], true);
    assert_eq!(credential["credentialDeviceType"], "multiDevice");
    assert_eq!(credential["authenticatorAttachment"], "platform");

    let token = mock.track("ada", "signIn").await;
    let done = mock.0.passkey("ada").approve().await.unwrap();
    assert_eq!(done.authenticator_id, enrolled.authenticator_id);
    let (waiting, state) = done.action.unwrap();
    assert_eq!((&*waiting.action, state), ("signIn", SUCCEEDED));
    let valid = mock.validate(&token).await;
    assert_eq!(
        (&valid["isValid"], &valid["state"]),
        (&json!(true), &json!(SUCCEEDED))
    );
    assert_eq!(valid["verificationMethod"], "PASSKEY");
}

#[tokio::test]
async fn a_security_key_is_enrolled_and_passes_a_challenge() {
    let mock = Mock::new().await;
    let key = mock.0.passkey("ada").security_key();
    key.enroll().await.unwrap();
    let listed = mock.authenticators("ada").await;
    assert_eq!(listed[0]["verificationMethod"], "SECURITY_KEY");
    let credential = &listed[0]["webauthnCredential"];
    assert_eq!(credential["credentialDeviceType"], "singleDevice");
    assert_eq!(credential["authenticatorAttachment"], "cross-platform");
    let token = mock.track("ada", "signIn").await;
    // What the user has enrolled is what approves.
    mock.0.passkey("ada").approve().await.unwrap();
    let valid = mock.validate(&token).await;
    assert_eq!(valid["verificationMethod"], "SECURITY_KEY");
    assert_eq!(valid["isValid"], true);
}

#[tokio::test]
async fn an_enrolment_for_an_action_lets_it_pass() {
    let mock = Mock::new().await;
    mock.0.passkey("ada").enroll().await.unwrap();
    let first = mock.track("ada", "pay").await;
    let second = mock.track("ada", "signIn").await;
    let other = mock.0.passkey("ada").device("another");
    let done = other.enroll_for("pay").await.unwrap();
    assert_eq!(done.action.unwrap().1, SUCCEEDED);
    assert_eq!(mock.validate(&first).await["isValid"], true);
    assert_eq!(mock.validate(&second).await["isValid"], false);
    other.approve_action("signIn").await.unwrap();
    assert_eq!(mock.validate(&second).await["isValid"], true);
    let trouble = other.approve_action("signIn").await.unwrap_err();
    assert!(trouble.to_string().contains("track one first"), "{trouble}");
}

#[tokio::test]
async fn one_authenticator_holds_one_passkey_of_a_user() {
    let mock = Mock::new().await;
    mock.0.passkey("ada").enroll().await.unwrap();
    let trouble = mock.0.passkey("ada").enroll().await.unwrap_err();
    assert!(
        trouble.to_string().contains("InvalidStateError"),
        "{trouble}"
    );
    mock.0.passkey("bob").enroll().await.unwrap();
    mock.track("ada", "signIn").await;
    let other = mock.0.passkey("ada").device("another");
    let trouble = other.approve().await.unwrap_err();
    assert!(trouble.to_string().contains("NotAllowedError"), "{trouble}");
    mock.track("eve", "signIn").await;
    let trouble = mock.0.passkey("eve").approve().await.unwrap_err();
    assert!(trouble.to_string().contains("eve"), "{trouble}");
}

#[tokio::test]
async fn a_passkey_belongs_to_the_domain_of_its_page() {
    let mock = Mock::new().await;
    let elsewhere = mock.0.passkey("ada").origin("https://app.example.com");
    elsewhere.enroll().await.unwrap();
    mock.track("ada", "signIn").await;
    let trouble = mock.0.passkey("ada").approve().await.unwrap_err();
    assert!(trouble.to_string().contains("localhost"), "{trouble}");
    elsewhere.approve().await.unwrap();
    let odd = mock.0.passkey("ada").origin("nowhere");
    assert!(odd.enroll().await.is_err());
}

#[tokio::test]
async fn the_same_steps_make_the_same_credential() {
    let (one, two) = (Mock::new().await, Mock::new().await);
    let first = one.0.passkey("ada").enroll().await.unwrap();
    assert_eq!(first, two.0.passkey("ada").enroll().await.unwrap());
    one.0.reset();
    assert_eq!(first, one.0.passkey("ada").enroll().await.unwrap());
}

#[tokio::test]
async fn a_passkey_that_the_server_enrolled_with_its_key_passes_a_challenge() {
    let mock = Mock::new().await;
    let token = mock.track("bob", "signIn").await;
    let started = mock
        .page(
            &token,
            "/user-authenticators/passkey/registration-options",
            json!({}),
        )
        .await;
    let body = json!({"options": started["options"], "origin": ORIGIN});
    let (status, made) = mock.control("passkey/create", body).await;
    assert_eq!(status, 200, "{made}");
    let credential = &made["credential"];
    let data = credential.pointer("/response/authenticatorData").unwrap();
    let data = URL_SAFE_NO_PAD.decode(data.as_str().unwrap()).unwrap();
    // WebAuthn Level 3, 6.1 and 6.5.1: 37 bytes, the model of 16, the length of the id, the id, the key.
    let length = usize::from(u16::from_be_bytes([data[53], data[54]]));
    let key = URL_SAFE_NO_PAD.encode(&data[55 + length..]);
    let enrollment = json!({
        "verificationMethod": "PASSKEY",
        "credentialId": credential["id"],
        "credentialPublicKey": key,
    });
    mock.server("POST", "/v1/users/ada/authenticators", enrollment)
        .await;
    let token = mock.track("ada", "signIn").await;
    mock.0.passkey("ada").approve().await.unwrap();
    assert_eq!(mock.validate(&token).await["isValid"], true);
}

#[tokio::test]
async fn a_tester_without_a_browser_answers_options_by_the_control_api() {
    let mock = Mock::new().await;
    let token = mock.track("ada", "signIn").await;
    let started = mock
        .page(
            &token,
            "/user-authenticators/passkey/registration-options",
            json!({}),
        )
        .await;
    let body = json!({"options": started["options"], "origin": ORIGIN});
    let (_, made) = mock.control("passkey/create", body).await;
    let body = json!({"registrationCredential": made["credential"], "challengeId": started["challengeId"]});
    let enrolled = mock
        .page(&token, "/user-authenticators/passkey", body)
        .await;
    assert_eq!(enrolled["isVerified"], true);

    // Without a token the credential tells who the user is.
    let started = mock
        .anybody(
            "/user-authenticators/passkey/authentication-options",
            json!({}),
        )
        .await;
    let mut body = json!({"options": started["options"], "origin": ORIGIN});
    let (status, problem) = mock.control("passkey/get", body.clone()).await;
    assert_eq!((status, &problem["error"]), (409, &json!("impossible")));
    body["credentialIds"] = json!([made["credential"]["id"]]);
    let (_, signed) = mock.control("passkey/get", body).await;
    let body = json!({"authenticationCredential": signed["credential"], "challengeId": started["challengeId"]});
    let verified = mock.anybody("/verify/passkey", body).await;
    assert_eq!(
        (&verified["isVerified"], &verified["userId"]),
        (&json!(true), &json!("ada"))
    );
}

#[tokio::test]
async fn a_phone_approves_and_denies_push_notifications() {
    let mock = Mock::new().await;
    let phone = mock.0.app_phone("ada");
    let trouble = phone.approve().await.unwrap_err();
    assert!(trouble.to_string().contains("register"), "{trouble}");
    let registered = phone.register().await.unwrap();
    assert_eq!(
        mock.authenticators("ada").await[0]["verificationMethod"],
        "PUSH"
    );
    let trouble = phone.approve().await.unwrap_err();
    assert!(
        trouble.to_string().contains("no push notification"),
        "{trouble}"
    );
    for approves in [true, false] {
        let token = mock.track("ada", "signIn").await;
        let started = mock
            .page(&token, "/challenge/push", json!({"action": "signIn"}))
            .await;
        let done = match approves {
            true => phone.approve().await.unwrap(),
            false => phone.deny().await.unwrap(),
        };
        assert_eq!(done.authenticator_id, registered.authenticator_id);
        assert_eq!(
            done.challenge_id.as_deref(),
            started["challengeId"].as_str()
        );
        let body = json!({"challengeId": started["challengeId"]});
        let verified = mock.page(&token, "/verify/push", body).await;
        assert_eq!(verified["isVerified"], approves);
        assert_eq!(verified["isConsumed"], true);
        assert_eq!(mock.validate(&token).await["isValid"], approves);
        assert!(phone.approve().await.is_err(), "it was answered");
    }
}

#[tokio::test]
async fn a_phone_reads_and_answers_qr_codes() {
    let mock = Mock::new().await;
    let phone = mock.0.app_phone("ada");
    for approves in [true, false] {
        let shown = mock
            .anybody("/challenge/qr-code", json!({"action": "signIn"}))
            .await;
        let challenge_id = shown["challengeId"].as_str().unwrap();
        let poll = json!({"challengeId": challenge_id, "deviceCode": shown["deviceCode"]});
        phone.claim(challenge_id).await.unwrap();
        let claimed = mock.anybody("/verify/qr-code", poll.clone()).await;
        assert_eq!(
            ["isClaimed", "isVerified", "isConsumed"].map(|member| claimed[member].clone()),
            [json!(true), json!(false), json!(false)]
        );
        match approves {
            true => phone.approve_code(challenge_id).await.unwrap(),
            false => phone.deny_code(challenge_id).await.unwrap(),
        };
        let answered = mock.anybody("/verify/qr-code", poll).await;
        assert_eq!(
            ["isVerified", "isConsumed"].map(|member| answered[member].clone()),
            [json!(approves), json!(true)]
        );
    }
    let trouble = phone.claim("unknown").await.unwrap_err();
    assert!(trouble.to_string().contains("unknown"), "{trouble}");
}

#[tokio::test]
async fn the_code_of_an_authenticator_app_is_told() {
    let mock = Mock::new().await;
    assert!(mock.0.totp("ada").is_err());
    let token = mock.track("ada", "signIn").await;
    mock.page(&token, "/user-authenticators/totp", json!({}))
        .await;
    let code = mock.0.totp("ada").unwrap();
    let (status, told) = mock
        .call(Request::new("GET", "/_mock/totp?userId=ada"), Value::Null)
        .await;
    assert_eq!((status, told["code"].as_str()), (200, Some(&*code)));
    let body = json!({"verificationCode": code});
    let verified = mock.page(&token, "/verify/totp", body).await;
    assert_eq!(verified["isVerified"], true);
}

#[tokio::test]
async fn the_command_line_has_the_same_devices() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--deterministic"]);
    let tool = |arguments: &[&str]| {
        let output = binary::command(arguments)
            .env("STEPUP_MOCK_URL", running.url())
            .output()
            .unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), format!("{out}{err}"))
    };
    let vendor = async |method: &str, target: &str| {
        let request = Request::new(method, target).header("Authorization", &basic(API_SECRET));
        let answer = wire::send(running.address(), &request.json("{}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let (done, said) = tool(&["passkey", "enroll", "ada"]);
    assert!(done && said.starts_with("ada: authenticator "), "{said}");
    let (done, said) = tool(&["passkey", "enroll", "ada"]);
    assert!(!done && said.contains("InvalidStateError"), "{said}");
    let (done, _) = tool(&[
        "passkey",
        "enroll",
        "ada",
        "--security-key",
        "--device",
        "key",
    ]);
    assert!(done);
    let token = vendor("POST", "/v1/users/ada/actions/signIn").await["token"].clone();
    let (done, said) = tool(&["passkey", "approve", "ada", "signIn"]);
    assert!(
        done && said.ends_with("signIn is CHALLENGE_SUCCEEDED\n"),
        "{said}"
    );
    let valid = Request::new("POST", "/v1/validate").header("Authorization", &basic(API_SECRET));
    let valid = valid.json(json!({"token": token}).to_string());
    assert_eq!(
        wire::send(running.address(), &valid).await.json()["isValid"],
        true
    );

    let (done, said) = tool(&["push", "approve", "ada"]);
    assert!(!done && said.contains("register"), "{said}");
    assert!(tool(&["push", "register", "ada"]).0);
    let (done, said) = tool(&["push", "deny", "ada"]);
    assert!(!done && said.contains("no push notification"), "{said}");
    let (done, said) = tool(&["qr", "claim", "nothing", "--user", "ada"]);
    assert!(!done && said.contains("nothing not found"), "{said}");

    let (done, said) = tool(&["totp", "ada"]);
    assert!(!done && said.contains("no authenticator app"), "{said}");
    let target = "/v1/users/ada/authenticators";
    let uri = "otpauth://totp/a?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let app = json!({"verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri});
    let enroll = Request::new("POST", target).header("Authorization", &basic(API_SECRET));
    wire::send(running.address(), &enroll.json(app.to_string())).await;
    let (done, said) = tool(&["totp", "ada"]);
    let code = said.trim_end();
    assert!(
        done && code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{said}"
    );
}

#[test]
fn the_command_line_answers_options_without_a_mock() {
    let answer = |arguments: &[&str], options: &Value| {
        let mut child = binary::command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(options.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let answer = serde_json::from_slice::<Value>(&output.stdout).ok();
        (answer, String::from_utf8(output.stderr).unwrap())
    };
    let creation = json!({"publicKey": {
        "rp": {"id": "example.com", "name": "Example"},
        "user": {"id": "YWRh", "name": "ada", "displayName": "Ada"},
        "challenge": "Y2hhbGxlbmdlLW9mLTE2Lg",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"residentKey": "preferred"},
    }});
    let page = ["--origin", "https://login.example.com"];
    let create = [&["passkey", "create"][..], &page].concat();
    let (made, _) = answer(&create, &creation);
    let made = made.unwrap();
    assert_eq!(
        answer(&create, &creation).0.unwrap(),
        made,
        "the same once more"
    );
    let request = json!({"challenge": "YW5vdGhlciBjaGFsbGVuZ2U", "rpId": "example.com"});
    let id = made["id"].as_str().unwrap();
    let get = [&["passkey", "get", "--credential", id][..], &page].concat();
    let (signed, _) = answer(&get, &request);
    assert_eq!(signed.unwrap()["id"], made["id"]);
    let (none, said) = answer(&["passkey", "get"], &request);
    assert!(none.is_none() && said.contains("SecurityError"), "{said}");
}
