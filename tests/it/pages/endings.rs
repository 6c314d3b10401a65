//! How a visit ends, or why it does not begin: tokens that will not do, decided actions, the ways back, popups, and
//! endings without a person.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use stepup_mock::ChallengeMode;

use super::{APP, Visit, attribute, local, text};
use crate::spec;
use crate::tenant::Tenant;
use crate::wire::{HOST, Request};

/// The attribute of the page itself.
fn root(visit: &Visit, name: &str) -> Option<String> {
    let tag = visit.html.split("<html ").nth(1).unwrap();
    let tag = tag.split('>').next().unwrap();
    tag.contains(&format!("{name}=\""))
        .then(|| attribute(tag, name))
}

fn message(visit: &Visit, name: &str) -> Option<Value> {
    let message: Value = serde_json::from_str(&root(visit, name)?).unwrap();
    let event = message["event"].as_str().unwrap();
    let spec = spec::named("authsignal-client");
    let faults = spec.faults_of_message("x-window-messages", event, &message);
    assert!(faults.is_empty(), "{message}: {faults:?}");
    Some(message)
}

/// The URL of an action that a user with a method tracks.
async fn tracked(more: Value) -> (Visit, Value) {
    let visit = Visit::new().await;
    visit.enroll("SMS").await;
    let tracked = visit.track(more).await;
    (visit, tracked)
}

#[tokio::test]
async fn an_unusable_token_says_why() {
    let (mut visit, tracked) = tracked(json!({})).await;
    let token = text(&tracked["token"]);
    let (head, signature) = token.rsplit_once('.').unwrap();
    let changed = format!("{head}.A{}", &signature[1..]);
    for (target, status, heading) in [
        ("/challenge".to_owned(), 400, "This link is incomplete"),
        (
            "/challenge?token=".to_owned(),
            400,
            "This link is incomplete",
        ),
        (
            "/challenge?token=nonsense".to_owned(),
            403,
            "This link is not valid",
        ),
        (
            "/challenge?token=a.b.c".to_owned(),
            403,
            "This link is not valid",
        ),
        (
            format!("/challenge?token={changed}"),
            403,
            "This link is not valid",
        ),
        (
            "/challenge/verify".to_owned(),
            400,
            "This link is incomplete",
        ),
    ] {
        visit.open(&target).await;
        assert_eq!(
            (visit.status, visit.heading().as_str()),
            (status, heading),
            "{target}"
        );
        assert!(visit.html.contains("role=\"alert\""));
        assert_eq!(visit.messages(), 0);
    }
}

#[tokio::test]
async fn a_token_with_a_foreign_signature_is_invalid() {
    let (mut visit, tracked) = tracked(json!({})).await;
    let claims = text(&tracked["token"]).split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
    let key = EncodingKey::from_secret(b"another secret of the same tenant, long enough");
    let forged = jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap();
    visit.open(&format!("/challenge?token={forged}")).await;
    assert_eq!(
        (visit.status, visit.heading().as_str()),
        (403, "This link is not valid")
    );
}

#[tokio::test]
async fn an_expired_token_says_so_and_links_back() {
    let (mut visit, tracked) = tracked(json!({})).await;
    visit.tenant.later(599);
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.status, 200);
    visit.tenant.later(1);
    visit.reload().await;
    assert_eq!(
        (visit.status, visit.heading().as_str()),
        (410, "This link has expired")
    );
    visit.left_to = visit.link("Go back");
    assert_eq!(visit.returned(), text(&tracked["token"]));
    assert_eq!(visit.proof().await["isValid"], false);

    visit
        .open(&format!("{}&mode=popup", text(&tracked["url"])))
        .await;
    let error =
        json!({"event": "AUTHSIGNAL_API_ERROR", "errorCode": "expired_token", "statusCode": 401});
    assert_eq!(message(&visit, "data-error"), Some(error));
    assert_eq!(
        root(&visit, "data-close"),
        None,
        "the words are there to be read"
    );
}

#[tokio::test]
async fn an_action_that_is_gone_says_so() {
    let (mut visit, tracked) = tracked(json!({})).await;
    // In deterministic mode the token is the one that the same request gets again.
    visit.tenant.server.reset();
    visit.open(text(&tracked["url"])).await;
    assert_eq!(
        (visit.status, visit.heading().as_str()),
        (404, "Request not found")
    );
}

#[tokio::test]
async fn a_used_token_says_so_and_links_onward() {
    let (mut visit, tracked) = tracked(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    let proof = visit.proof().await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.heading(), "Already confirmed");
    assert_eq!(visit.messages(), 1);
    visit.left_to = visit.link("Continue");
    assert_eq!(visit.proof().await, proof);
    visit.follow("Sign-in methods").await;
    assert_eq!(visit.heading(), "Sign-in methods");
}

#[tokio::test]
async fn a_decided_action_shows_its_outcome() {
    for (state, heading) in [
        ("BLOCK", "This is not allowed"),
        ("REVIEW_REQUIRED", "This is being reviewed"),
        ("REVIEW_FAILED", "This was refused"),
        ("REVIEW_SUCCEEDED", "Sign-in methods"),
        ("CHALLENGE_FAILED", "This did not work"),
    ] {
        let (mut visit, tracked) = tracked(json!({"idempotencyKey": "k"})).await;
        visit
            .tenant
            .call(
                "PATCH",
                "/v1/users/ada/actions/signIn/k",
                json!({"state": state}),
            )
            .await;
        visit.open(text(&tracked["url"])).await;
        assert_eq!(visit.heading(), heading, "{state}");
        visit
            .open(&(text(&tracked["url"]).to_owned() + "&method=SMS"))
            .await;
        assert_eq!(visit.messages(), 0, "{state}: nothing is sent");
        assert_eq!(
            visit.tenant.validate(&json!(text(&tracked["token"]))).await["state"],
            state
        );
    }
}

#[tokio::test]
async fn leaving_the_page_returns_the_token_with_the_state_unchanged() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let token = visit.token();
    visit.left_to = visit.link("Cancel");
    assert_eq!(visit.returned(), token);
    let proof = visit.proof().await;
    assert_eq!(
        (&proof["isValid"], &proof["state"]),
        (&json!(false), &json!("CHALLENGE_REQUIRED"))
    );
}

#[tokio::test]
async fn a_page_without_a_redirect_url_links_nowhere() {
    let (mut visit, _) = tracked(json!({})).await;
    let tracked = visit
        .tenant
        .call("POST", "/v1/users/ada/actions/signIn", json!({}))
        .await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.link("Cancel"), None);
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!((visit.status, visit.heading().as_str()), (200, "Confirmed"));
    assert!(visit.html.contains("You can close this page."));
}

#[tokio::test]
async fn no_page_links_to_a_script() {
    for url in [
        "javascript:alert(document.domain)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:x",
        "//evil.test/",
    ] {
        let (mut visit, _) = tracked(json!({})).await;
        let tracked = visit.track(json!({"redirectUrl": url})).await;
        visit.open(text(&tracked["url"])).await;
        assert_eq!(visit.link("Cancel"), None, "{url}");
        let code = visit.tenant.code().await;
        visit.submit("/challenge/verify", &[("code", &code)]).await;
        assert_eq!(
            (visit.status, visit.left_to.as_deref()),
            (200, None),
            "{url}"
        );
        assert!(!visit.html.to_lowercase().contains("script:"), "{url}");
    }
}

#[tokio::test]
async fn the_page_returns_to_a_native_app_by_its_scheme() {
    let (mut visit, tracked) = tracked(json!({})).await;
    let url = text(&tracked["url"]).to_owned() + "&nativeScheme=authsignal";
    visit.open(&url).await;
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    let left = visit.left_to.unwrap();
    assert!(
        left.starts_with("authsignal://app.test/callback?order=7&token="),
        "{left}"
    );
}

/// Auth0 adds its `state` to the URL that an action redirects to, and asks for it on the way back.
#[tokio::test]
async fn whoever_sent_the_user_gets_its_state_back_on_every_way_out() {
    let auth0 = json!({"redirectUrl": "https://tenant.auth0.test/continue"});
    let back = "https://tenant.auth0.test/continue?state=auth0state123&token=";
    let (mut visit, tracked) = tracked(auth0.clone()).await;
    let url = text(&tracked["url"]).to_owned() + "&state=auth0state123";
    visit.open(&url).await;
    // The user who does not want to.
    let cancel = visit.link("Cancel").unwrap();
    assert!(cancel.starts_with(back), "{cancel}");
    let code = visit.tenant.code().await;
    visit
        .submit("/challenge/verify", &[("code", "000000")])
        .await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert!(visit.left_to.as_deref().unwrap().starts_with(back));
    // Once more, after the action has passed.
    visit.open(&url).await;
    let again = visit.link("Continue").unwrap();
    assert!(again.starts_with(back), "{again}");

    // A user who enrols.
    let mut visit = Visit::new().await;
    let tracked = visit.track(auth0).await;
    let url = text(&tracked["url"]).to_owned() + "&force_enrollment=true&state=auth0state123";
    visit.open(&url).await;
    let address = visit.link("Email code").unwrap();
    visit.open(&address).await;
    visit
        .submit("/challenge/enroll", &[("address", "ada@example.com")])
        .await;
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    let saved = visit.link("I saved my codes").unwrap();
    assert!(saved.starts_with(back), "{saved}");
    // The journal does not show it.
    let journal = visit.tenant.get("/_mock/journal?limit=100").await;
    assert!(!journal.to_string().contains("auth0state123"));
}

#[tokio::test]
async fn a_popup_posts_messages_to_its_opener() {
    let (mut visit, tracked) = tracked(json!({})).await;
    let target = super::local(text(&tracked["url"])).to_owned() + "&mode=popup";
    let request = Request::new("GET", &target).header("Referer", "https://shop.test/cart?x=1");
    visit.go(request).await;
    let ready = json!({"event": "AUTHSIGNAL_READY"});
    assert_eq!(message(&visit, "data-ready"), Some(ready));
    assert_eq!(
        root(&visit, "data-opener").as_deref(),
        Some("https://shop.test")
    );
    assert_eq!(root(&visit, "data-close"), None);
    let quit = visit.html.split("data-close=").nth(1).unwrap();
    let quit = attribute(&format!("data-close={quit}"), "data-close");
    let token = text(&tracked["token"]);
    assert_eq!(
        serde_json::from_str::<Value>(&quit).unwrap(),
        json!({"event": "AUTHSIGNAL_CLOSE_POPUP", "token": token})
    );

    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", "0")]).await;
    assert_eq!(visit.status, 422);
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!((visit.status, visit.left_to.as_deref()), (200, None));
    assert_eq!(
        root(&visit, "data-opener").as_deref(),
        Some("https://shop.test")
    );
    let closed = message(&visit, "data-close").unwrap();
    assert_eq!(closed["event"], "AUTHSIGNAL_CLOSE_POPUP");
    let proof = visit.tenant.validate(&json!(text(&closed["token"]))).await;
    assert_eq!(proof["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn a_page_outside_a_popup_posts_no_messages() {
    let visit = Visit::challenged(&["SMS"]).await;
    assert!(!visit.html.contains("data-ready") && !visit.html.contains("data-close"));
}

#[tokio::test]
async fn in_automatic_mode_a_page_ends_at_once() {
    for (mode, state) in [
        (ChallengeMode::AutoSucceed, "CHALLENGE_SUCCEEDED"),
        (ChallengeMode::AutoFail, "CHALLENGE_FAILED"),
        (ChallengeMode::Abandon, "CHALLENGE_REQUIRED"),
    ] {
        let mut visit = Visit::at(Tenant::of(|builder| builder.challenge_mode(mode)).await);
        visit.enroll("SMS").await;
        let tracked = visit.track(json!({})).await;
        visit.open(text(&tracked["url"])).await;
        assert_eq!(visit.messages(), 0, "{state}: nothing is sent");
        let proof = visit.proof().await;
        assert_eq!(proof["state"], state);
        assert_eq!(proof["isValid"], state == "CHALLENGE_SUCCEEDED");

        let popup = text(&visit.track(json!({})).await["url"]).to_owned() + "&mode=popup";
        visit.open(&popup).await;
        let closed = message(&visit, "data-close").unwrap();
        assert_eq!(
            visit.tenant.validate(&json!(text(&closed["token"]))).await["state"],
            state
        );
    }
}

#[tokio::test]
async fn in_automatic_mode_a_new_user_is_enrolled_and_passes() {
    let mut visit =
        Visit::at(Tenant::of(|builder| builder.challenge_mode(ChallengeMode::AutoSucceed)).await);
    let tracked = visit.track(json!({})).await;
    assert_eq!(tracked["state"], "ALLOW");
    visit.open(text(&tracked["url"])).await;
    let proof = visit.proof().await;
    assert_eq!(
        (&proof["isValid"], &proof["state"]),
        (&json!(true), &json!("CHALLENGE_SUCCEEDED"))
    );
    let again = visit.track(json!({})).await;
    assert_eq!(again["state"], "CHALLENGE_REQUIRED", "the user is enrolled");
    visit.open(text(&again["url"])).await;
    assert_eq!(visit.proof().await["isValid"], true);
}

#[tokio::test]
async fn a_blocked_page_names_what_blocked_it() {
    let (mut visit, first) = tracked(json!({"idempotencyKey": "k"})).await;
    let block = json!({"state": "BLOCK"});
    let target = "/v1/users/ada/actions/signIn/k";
    visit.tenant.call("PATCH", target, block).await;
    visit.open(text(&first["url"])).await;
    let says = "The application set this state with update_action.";
    assert!(visit.html.contains(says), "{}", visit.html);
    let rule = json!({
        "ruleId": "r", "name": "Nobody", "priority": 1, "outcome": "BLOCK", "conditions": {"==": [1, 1]},
    });
    let actions = json!([{"action": "signIn", "outcome": "REVIEW"}]);
    for (control, body, says) in [
        (
            "",
            json!({"defaultOutcome": "BLOCK"}),
            "default outcome of the tenant decided",
        ),
        (
            "",
            json!({"actions": actions}),
            "outcome set for all actions of this code decided",
        ),
        ("", json!({"rules": [rule]}), "The rule “Nobody” decided"),
        (
            "/next-outcome",
            json!({"outcome": "BLOCK"}),
            "(next-outcome or scenario) decided",
        ),
    ] {
        visit
            .tenant
            .control(&format!("/_mock/authsignal{control}"), body)
            .await;
        let tracked = visit.track(json!({})).await;
        visit.open(text(&tracked["url"])).await;
        assert!(visit.html.contains(says), "{says}: {}", visit.html);
    }
}

/// The addresses at which an open page asks, and to which it goes on.
fn watched(visit: &Visit) -> (String, String) {
    (
        root(visit, "data-watch").unwrap(),
        root(visit, "data-moved").unwrap(),
    )
}

#[tokio::test]
async fn an_open_page_goes_on_when_its_challenge_ends_elsewhere() {
    for (end, heading) in [("succeed", None), ("fail", Some("This did not work"))] {
        let mut visit = Visit::challenged(&["SMS"]).await;
        let (watch, moved) = watched(&visit);
        let control = format!("/_mock/challenge/{end}");
        let asked = Request::new("GET", &watch);
        // The page asks before the end comes, and the mock holds its answer back until then.
        let (asked, ()) = tokio::join!(visit.tenant.send(&asked), async {
            tokio::task::yield_now().await;
            visit
                .tenant
                .control(&control, json!({"userId": "ada"}))
                .await;
        });
        assert_eq!(
            (asked.status, asked.text().as_str()),
            (200, r#"{"done":true}"#)
        );
        visit.open(&moved).await;
        match heading {
            Some(heading) => assert_eq!(visit.heading(), heading),
            None => assert_eq!(visit.proof().await["isValid"], true),
        }
        // Who asks too late learns of it, too.
        let late = visit.tenant.send(&Request::new("GET", &watch)).await;
        assert_eq!(late.status, 200, "{end}");
    }
}

#[tokio::test]
async fn only_a_page_with_a_challenge_waits_for_its_end() {
    let mut visit = Visit::new().await;
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(root(&visit, "data-watch"), None, "an enrolment");
    let waits = Visit::challenged(&["EMAIL_MAGIC_LINK"]).await;
    assert_eq!(root(&waits, "data-watch"), None, "its form waits itself");
}

#[tokio::test]
async fn a_single_action_can_end_at_once() {
    let (mut visit, interactive) = tracked(json!({})).await;
    let modes = json!([{"action": "pay", "challengeMode": "auto-succeed"}]);
    visit
        .tenant
        .control("/_mock/authsignal", json!({"challengeModes": modes}))
        .await;
    visit.open(text(&interactive["url"])).await;
    assert_eq!(visit.heading(), "Check your text messages");
    let pay = visit
        .tenant
        .call(
            "POST",
            "/v1/users/ada/actions/pay",
            json!({"redirectUrl": APP}),
        )
        .await;
    visit.open(text(&pay["url"])).await;
    assert_eq!(visit.proof().await["state"], "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn a_blocked_action_stays_blocked_when_challenges_succeed_automatically() {
    let mut visit =
        Visit::at(Tenant::of(|builder| builder.challenge_mode(ChallengeMode::AutoSucceed)).await);
    visit.enroll("SMS").await;
    visit
        .tenant
        .control("/_mock/authsignal", json!({"defaultOutcome": "BLOCK"}))
        .await;
    let tracked = visit.track(json!({})).await;
    visit.open(text(&tracked["url"])).await;
    assert_eq!(visit.proof().await["state"], "BLOCK");
}

#[tokio::test]
async fn a_page_gives_the_error_that_is_asked_for_and_does_nothing() {
    let mut visit = Visit::challenged(&["EMAIL_MAGIC_LINK"]).await;
    let page = visit.address.clone();
    let messages = visit.tenant.server.messages();
    let link = messages
        .iter()
        .find_map(|message| message.url.clone())
        .unwrap();
    let link = local(&link).to_owned();
    let token = visit.token();
    let state = visit.tenant.server.state();
    let form = |action: &str, more: &str| {
        let mut request = Request::new("POST", action)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .header("Origin", &format!("http://{HOST}"));
        request.body = format!("token={token}{more}").into_bytes();
        request
    };
    let requests = || {
        [
            Request::new("GET", "/challenge"),
            Request::new("GET", &page),
            Request::new("GET", &format!("/challenge/wait?token={token}")),
            form("/challenge/verify", "&method=SMS&code=000000"),
            form("/challenge/send", "&method=SMS"),
            form("/challenge/enroll", "&method=SMS&address=%2B15550100"),
            form("/challenge/credential", "&credential=x"),
            form("/challenge/remove", "&authenticator=x"),
            form("/challenge/default", "&authenticator=x"),
            Request::new("GET", &link),
        ]
    };
    for (prefer, status, retry_after, says) in [
        (
            "code=503, retry-after=7",
            503,
            Some("7"),
            "did not carry out",
        ),
        ("code=404", 404, None, "did not carry out"),
        ("code=429", 429, Some("60"), "did not carry out"),
        (
            "code=200",
            400,
            None,
            "header Prefer asks for a code that the mock cannot give",
        ),
    ] {
        for request in requests() {
            let target = request.target.clone();
            let answer = visit.tenant.send(&request.header("Prefer", prefer)).await;
            assert_eq!(answer.status, status, "{target}: {}", answer.text());
            assert_eq!(answer.header("retry-after"), retry_after, "{target}");
            assert!(answer.text().contains(says), "{target}: {}", answer.text());
        }
    }
    assert_eq!(visit.tenant.server.state(), state);
    assert_eq!(visit.tenant.server.messages().len(), messages.len());
    visit.open(&link).await;
    assert_eq!(visit.status, 200, "the link still works: {}", visit.html);
}
