//! A challenge passed or not, by each method that a form can carry, and by a software passkey through the script's requests.

use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;

use super::{EMAIL, Visit, local, text};
use crate::tenant::Tenant;
use crate::totp_reference;
use crate::wire::{HOST, Request};

/// Another code of six digits.
fn wrong(code: &str) -> &'static str {
    if code == "000000" { "000001" } else { "000000" }
}

#[tokio::test]
async fn entering_the_code_returns_to_the_application_with_a_valid_token() {
    for (method, heading, masked) in [
        ("SMS", "Check your text messages", "000"),
        ("WHATSAPP", "Check WhatsApp", "000"),
        ("EMAIL_OTP", "Check your email", "@example.com"),
    ] {
        let mut visit = Visit::challenged(&[method]).await;
        assert_eq!((visit.status, visit.heading().as_str()), (200, heading));
        assert!(visit.html.contains(masked) && !visit.html.contains("+6427"));
        assert!(!visit.html.contains(EMAIL), "the address is masked");
        assert_eq!(visit.messages(), 1);
        let code = visit.tenant.code().await;
        assert!(!visit.html.contains(&code));

        visit
            .submit("/challenge/verify", &[("code", wrong(&code))])
            .await;
        assert_eq!((visit.status, visit.heading().as_str()), (422, heading));
        assert!(visit.alert().unwrap().contains("wrong"));
        assert_eq!(visit.messages(), 1, "a wrong code sends nothing");
        assert_eq!(
            visit.tenant.validate(&json!(&visit.token())).await["state"],
            "CHALLENGE_REQUIRED"
        );

        let spaced = format!(" {} {} ", &code[..3], &code[3..]);
        visit
            .submit("/challenge/verify", &[("code", &spaced)])
            .await;
        let proof = visit.proof().await;
        assert_eq!(proof["state"], "CHALLENGE_SUCCEEDED", "{method}");
        assert_eq!(proof["isValid"], true);
        assert_eq!(proof["verificationMethod"], method);
    }
}

#[tokio::test]
async fn reopening_the_page_sends_no_second_code() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let code = visit.tenant.code().await;
    visit.reload().await;
    visit.reload().await;
    assert_eq!(visit.messages(), 1);
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn a_new_code_replaces_the_old_one() {
    let mut visit = Visit::challenged(&["EMAIL_OTP"]).await;
    let first = visit.tenant.code().await;
    visit.submit("/challenge/send", &[]).await;
    assert!(visit.html.contains("We sent a new code."));
    assert_eq!(visit.messages(), 2);
    let second = visit.tenant.code().await;
    assert_ne!(first, second);
    visit.submit("/challenge/verify", &[("code", &first)]).await;
    assert_eq!(visit.status, 422);
    visit
        .submit("/challenge/verify", &[("code", &second)])
        .await;
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn too_many_wrong_codes_lead_to_a_new_one() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let code = visit.tenant.code().await;
    for _ in 0..11 {
        visit
            .submit("/challenge/verify", &[("code", wrong(&code))])
            .await;
    }
    let alert = visit.alert().unwrap();
    assert!(alert.contains("Send a new code"), "{alert}");
    visit.submit("/challenge/send", &[]).await;
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn a_user_chooses_one_of_their_methods() {
    let mut visit = Visit::challenged(&["SMS", "EMAIL_OTP"]).await;
    assert_eq!(visit.heading(), "Check your text messages");
    visit.follow("Use another method").await;
    assert_eq!(visit.heading(), "Confirm it’s you");
    assert_eq!(visit.messages(), 1, "to choose sends nothing");
    visit.follow("Email code").await;
    assert_eq!(visit.heading(), "Check your email");
    assert_eq!(visit.messages(), 2);
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.proof().await["verificationMethod"], "EMAIL_OTP");
}

#[tokio::test]
async fn a_method_that_the_user_lacks_is_not_offered() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let elsewhere = visit.address.clone() + "&method=EMAIL_OTP";
    visit.open(&elsewhere).await;
    assert_eq!(visit.heading(), "Check your text messages");
    let token = visit.token();
    visit
        .submit(
            "/challenge/verify",
            &[("method", "EMAIL_OTP"), ("code", "123456")],
        )
        .await;
    assert_eq!(visit.heading(), "Check your text messages");
    assert_eq!(
        visit.tenant.validate(&json!(&token)).await["state"],
        "CHALLENGE_REQUIRED"
    );
}

#[tokio::test]
async fn a_recovery_code_works_once() {
    let mut visit = Visit::new().await;
    let enrolled = visit.enroll("SMS").await;
    let code = text(&enrolled["recoveryCodes"][0]).to_owned();
    for (round, status) in [(1, 303), (2, 422)] {
        let tracked = visit.track(json!({})).await;
        visit.open(text(&tracked["url"])).await;
        visit.follow("Use another method").await;
        visit.follow("Recovery code").await;
        assert_eq!(visit.heading(), "Use a recovery code");
        visit.submit("/challenge/verify", &[("code", &code)]).await;
        assert_eq!(visit.status, status, "round {round}");
    }
}

#[tokio::test]
async fn the_code_of_an_authenticator_app_passes_the_challenge() {
    let mut visit = Visit::new().await;
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let uri = format!("otpauth://totp/Mock:ada?secret={secret}&issuer=Mock");
    let app = json!({"verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri});
    visit
        .tenant
        .call("POST", "/v1/users/ada/authenticators", app)
        .await;
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Open your authenticator app");
    let code = totp_reference::totp(secret, u64::try_from(crate::world::NOW).unwrap());
    visit
        .submit("/challenge/verify", &[("code", wrong(&code))])
        .await;
    assert_eq!(visit.status, 422);
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(
        visit.proof().await["verificationMethod"],
        "AUTHENTICATOR_APP"
    );
}

#[tokio::test]
async fn a_waiting_page_moves_on_when_its_link_is_opened() {
    let mut visit = Visit::challenged(&["EMAIL_MAGIC_LINK"]).await;
    assert_eq!(visit.heading(), "Check your email");
    visit.submit("/challenge/verify", &[]).await;
    assert_eq!(visit.status, 422);
    assert_eq!(visit.alert().unwrap(), "You have not opened the link yet.");
    assert_eq!(visit.messages(), 1);

    let link = visit.tenant.server.messages()[0].url.clone().unwrap();
    assert!(link.starts_with(&format!("http://{HOST}/magic-link?token=")));
    let wait = super::attribute(&visit.html, "data-wait");
    let waiting = Request::new("GET", &wait);
    let opening = Request::new("GET", local(&link));
    let (waited, opened) = tokio::join!(visit.tenant.send(&waiting), visit.tenant.send(&opening));
    assert_eq!((waited.status, waited.json()), (200, json!({"done": true})));
    assert_eq!(opened.status, 200);
    assert!(opened.text().contains("<h1>Link opened</h1>"));

    let again = visit.tenant.send(&opening).await;
    assert_eq!(again.status, 410);
    assert!(again.text().contains("This link was already used"));

    visit.submit("/challenge/verify", &[]).await;
    assert_eq!(
        visit.proof().await["verificationMethod"],
        "EMAIL_MAGIC_LINK"
    );
}

#[tokio::test]
async fn a_page_that_opens_after_its_link_was_followed_moves_on() {
    let mut visit = Visit::challenged(&["EMAIL_MAGIC_LINK"]).await;
    let link = visit.tenant.server.messages()[0].url.clone().unwrap();
    visit.tenant.send(&Request::new("GET", local(&link))).await;
    visit.reload().await;
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
    assert_eq!(visit.messages(), 1);
}

#[tokio::test]
async fn an_invalid_link_says_why() {
    let mut visit = Visit::challenged(&["EMAIL_MAGIC_LINK"]).await;
    let first = visit.tenant.server.messages()[0].url.clone().unwrap();
    visit.submit("/challenge/send", &[]).await;
    assert!(visit.html.contains("We sent a new link."));
    for (link, status, heading) in [
        (first.as_str(), 410, "This link has expired"),
        ("/magic-link?token=x.y", 404, "This link is not valid"),
        ("/magic-link?token=", 404, "This link is not valid"),
        ("/magic-link", 404, "This link is not valid"),
    ] {
        visit.open(link).await;
        assert_eq!((visit.status, visit.heading().as_str()), (status, heading));
    }
    let newest = visit.tenant.server.messages()[0].url.clone().unwrap();
    visit.tenant.later(600);
    visit.open(&newest).await;
    assert_eq!(visit.heading(), "This link has expired");
}

#[tokio::test]
async fn a_waiting_page_says_when_its_time_is_over() {
    let visit = Visit::challenged(&["EMAIL_MAGIC_LINK"]).await;
    let wait = Request::new("GET", &super::attribute(&visit.html, "data-wait"));
    let later = async { visit.tenant.later(600) };
    let (waited, ()) = tokio::join!(visit.tenant.send(&wait), later);
    // Whichever came first.
    assert!(matches!(waited.status, 200 | 410), "{}", waited.status);
}

/// What the script asks for, and what it puts into the form.
async fn ceremony(visit: &mut Visit, act: impl FnOnce(&Value, &str) -> Value) {
    let request = visit.filled("/challenge/verify", &[]);
    let request = Request {
        target: super::attribute(&visit.html, "data-options"),
        ..request
    };
    let options = visit.tenant.send(&request).await;
    assert_eq!(options.status, 200, "{}", options.text());
    let credential = act(&options.json(), &format!("http://{HOST}"));
    let credential = credential.to_string();
    visit
        .submit("/challenge/verify", &[("credential", &credential)])
        .await;
}

#[tokio::test]
async fn a_passkey_created_on_one_page_passes_on_another() {
    for (word, made, used) in [
        ("PASSKEY", "Create a passkey", "Use your passkey"),
        (
            "SECURITY_KEY",
            "Add a security key",
            "Use your security key",
        ),
    ] {
        let mut visit = Visit::new().await;
        let device = SoftwareAuthenticator::new("Key");
        let tracked = visit.track(json!({})).await;
        let url = format!("{}&enroll={word}", text(&tracked["url"]));
        visit.open(&url).await;
        assert_eq!(visit.heading(), made);
        visit.submit("/challenge/verify", &[]).await;
        assert_eq!(visit.status, 422);
        assert!(visit.alert().unwrap().contains("JavaScript"));
        ceremony(&mut visit, |options, origin| {
            device.create(options, origin).unwrap()
        })
        .await;
        assert_eq!(visit.heading(), "Save your recovery codes");

        let tracked = visit.track(json!({})).await;
        assert_eq!(tracked["state"], "CHALLENGE_REQUIRED");
        visit.open(text(&tracked["url"])).await;
        assert_eq!(visit.heading(), used);
        ceremony(&mut visit, |options, origin| {
            let held = [text(&options["allowCredentials"][0]["id"]).to_owned()];
            device.get(options, origin, &held).unwrap()
        })
        .await;
        assert_eq!(visit.proof().await["verificationMethod"], word);
    }
}

/// A user with a phone tracks an action, and the page asks the phone.
async fn asked() -> Visit {
    let mut visit = Visit::new().await;
    visit
        .tenant
        .server
        .authsignal()
        .phone("ada")
        .register()
        .await
        .unwrap();
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Approve on your phone");
    visit
}

/// What the page waits for, while something happens.
async fn waited(visit: &Visit, happens: impl Future<Output = ()>) {
    let wait = Request::new("GET", &super::attribute(&visit.html, "data-wait"));
    let (waited, ()) = tokio::join!(visit.tenant.send(&wait), happens);
    assert_eq!((waited.status, waited.json()), (200, json!({"done": true})));
}

#[tokio::test]
async fn a_phone_that_approves_passes_the_challenge() {
    let mut visit = asked().await;
    let challenge = super::attribute(&visit.html, "data-wait");
    visit.reload().await;
    assert_eq!(
        super::attribute(&visit.html, "data-wait"),
        challenge,
        "the phone rings once"
    );
    visit.submit("/challenge/verify", &[]).await;
    assert_eq!(visit.status, 422);
    assert_eq!(visit.alert().unwrap(), "Your phone has not answered yet.");
    waited(&visit, async {
        visit
            .tenant
            .server
            .authsignal()
            .phone("ada")
            .approve()
            .await
            .unwrap();
    })
    .await;
    visit.submit("/challenge/verify", &[]).await;
    assert_eq!(visit.proof().await["verificationMethod"], "PUSH");
}

#[tokio::test]
async fn a_phone_that_denies_fails_the_challenge() {
    let mut visit = asked().await;
    waited(&visit, async {
        visit
            .tenant
            .server
            .authsignal()
            .phone("ada")
            .deny()
            .await
            .unwrap();
    })
    .await;
    visit.submit("/challenge/verify", &[]).await;
    assert_eq!(visit.heading(), "This did not work");
    visit.left_to = visit.link("Go back");
    assert_eq!(visit.proof().await["state"], "CHALLENGE_FAILED");
}

#[tokio::test]
async fn a_qr_code_that_a_phone_scans_passes_the_challenge() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    let methods = json!(["SMS", "QR_CODE"]);
    visit
        .tenant
        .control("/_mock/authsignal", json!({"verificationMethods": methods}))
        .await;
    // The phone sets itself up by the first code that it reads.
    let body = json!({"action": "signIn"}).to_string();
    let tracked = visit.track(json!({})).await;
    let bearer = format!("Bearer {}", text(&tracked["token"]));
    let request = Request::new("POST", "/v1/client/challenge/qr-code")
        .header("Authorization", &bearer)
        .json(body);
    let started = visit.tenant.send(&request).await.json();
    let phone = visit.tenant.server.authsignal().phone("ada");
    phone
        .approve_code(text(&started["challengeId"]))
        .await
        .unwrap();

    let tracked = visit.track(json!({})).await;
    visit
        .open(&format!("{}&method=QR_CODE", text(&tracked["url"])))
        .await;
    assert_eq!(visit.heading(), "Scan with your phone");
    let wait = super::attribute(&visit.html, "data-wait");
    let id = wait.rsplit('=').next().unwrap().to_owned();
    waited(&visit, async {
        visit
            .tenant
            .server
            .authsignal()
            .phone("ada")
            .approve_code(&id)
            .await
            .unwrap();
    })
    .await;
    visit.submit("/challenge/verify", &[]).await;
    assert_eq!(visit.proof().await["verificationMethod"], "QR_CODE");
}

#[tokio::test]
async fn an_ip_address_cannot_own_a_passkey_and_the_page_names_a_host_that_can() {
    let mut visit = Visit::new().await;
    let tracked = visit.track(json!({})).await;
    let target = local(text(&tracked["url"])).to_owned() + "&enroll=PASSKEY";
    for (host, link) in [
        ("127.0.0.1:4750", Some("http://localhost:4750/challenge?")),
        ("[::1]:4750", Some("http://localhost:4750/challenge?")),
        ("192.168.0.7:4750", None),
    ] {
        let request = Request::new("GET", &target)
            .without("Host")
            .header("Host", host);
        visit.go(request).await;
        let said = visit.html.contains("Browsers do not allow passkeys at");
        assert!(said && visit.html.contains(host), "{}", visit.html);
        let found = visit.link("Open this page on localhost");
        assert_eq!(
            found
                .as_deref()
                .map(|found| found.split_inclusive('?').next().unwrap()),
            link
        );
    }
}

#[tokio::test]
async fn an_approval_of_another_action_proves_nothing() {
    let mut visit = asked().await;
    let other = super::attribute(&visit.html, "data-wait");
    let other = other.rsplit('=').next().unwrap().to_owned();
    visit
        .tenant
        .server
        .authsignal()
        .phone("ada")
        .approve()
        .await
        .unwrap();
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Approve on your phone");
    let token = visit.token();
    visit
        .submit("/challenge/verify", &[("challenge", &other)])
        .await;
    assert_eq!(visit.heading(), "Approve on your phone");
    let asked = super::attribute(&visit.html, "data-wait");
    assert!(
        !asked.ends_with(&other),
        "a page does not wait for what is over"
    );
    assert_eq!(
        visit.tenant.validate(&json!(&token)).await["state"],
        "CHALLENGE_REQUIRED"
    );
}

#[tokio::test]
async fn the_page_does_not_wait_for_a_link_that_could_not_be_sent() {
    let mut visit = Visit::at(Tenant::of(|builder| builder.code_limits(true)).await);
    visit.enroll("EMAIL_MAGIC_LINK").await;
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    for _ in 1..12 {
        visit.submit("/challenge/send", &[]).await;
        assert_eq!(visit.status, 200);
    }
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Check your email");
    assert!(visit.alert().unwrap().contains("12"), "{:?}", visit.alert());
    assert!(!visit.html.contains("data-wait"));
}
