//! What Authsignal's APIs say about their own URL, where a public URL is set: tokens, their keys, messages and webhooks
//! name it, whatever host a request names. Must not know how the mock finds its URL.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stepup_mock::{Error, MockServer};

use crate::receiver::Receiver;
use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::TENANT;

const ORIGIN: &str = "https://auth.example.test";
const PUBLIC: &str = "https://auth.example.test/mock";

/// A mock behind a proxy, which ends TLS and removes the path of the public URL.
async fn behind_a_proxy() -> Tenant {
    Tenant::of(|builder| builder.public_url(PUBLIC).unwrap()).await
}

fn claims(token: &Value) -> Value {
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

/// What a URL below the public one leads to, for someone without credentials.
async fn document(tenant: &Tenant, url: &str) -> Value {
    let path = url
        .strip_prefix(PUBLIC)
        .unwrap_or_else(|| panic!("{url} is not below {PUBLIC}"));
    let answer = tenant.answer(200, &Request::new("GET", path)).await;
    answer.json()
}

/// The page at a URL, which a proxy passes on with its path.
async fn open(tenant: &Tenant, url: &str) -> String {
    let target = url
        .strip_prefix(ORIGIN)
        .unwrap_or_else(|| panic!("{url} is not of {ORIGIN}"));
    let answer = tenant.answer(200, &Request::new("GET", target)).await;
    answer.text()
}

#[tokio::test]
async fn the_keys_of_a_session_are_found_by_the_issuer_below_the_public_url() {
    let tenant = behind_a_proxy().await;
    let body = json!({"clientId": "app", "token": tenant.proof("ada").await});
    let created = tenant.post("/v1/sessions", body).await;
    let issuer = format!("{PUBLIC}/v1/client/public/{TENANT}");
    assert_eq!(claims(&created["accessToken"])["iss"], issuer);
    let refreshed = json!({"refreshToken": created["refreshToken"]});
    let refreshed = tenant.post("/v1/sessions/refresh", refreshed).await;
    assert_eq!(claims(&refreshed["accessToken"])["iss"], issuer);

    let discovery = format!("{issuer}/.well-known/openid-configuration");
    let discovery = document(&tenant, &discovery).await;
    assert_eq!(discovery["issuer"], issuer);
    let keys = document(&tenant, discovery["jwks_uri"].as_str().unwrap()).await;
    assert_eq!(keys["keys"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn the_token_of_an_action_is_from_the_public_url_and_for_it() {
    let tenant = behind_a_proxy().await;
    let token = tenant.token("ada", "pay").await;
    let claims = claims(&token);
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(PUBLIC), &json!(PUBLIC))
    );
    assert_eq!(tenant.state(&token).await, "ALLOW");
}

#[tokio::test]
async fn a_message_and_its_webhook_link_to_the_public_url() {
    let receiver = Receiver::start().await;
    let tenant = Tenant::of(|builder| {
        let builder = builder.public_url(PUBLIC).unwrap();
        builder.webhook(&receiver.url())
    })
    .await;
    let link = json!({"verificationMethod": "EMAIL_MAGIC_LINK", "email": "ada@example.com"});
    tenant.enroll_with("ada", link).await;
    let tracked = tenant.track("ada", "signIn", json!({})).await;
    // The page sends the link.
    let page = open(&tenant, tracked["url"].as_str().unwrap()).await;
    assert!(page.contains("action=\"/mock/challenge/verify\""), "{page}");
    let message = tenant.newest_message().await;
    let url = message["url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("{PUBLIC}/magic-link?token=")),
        "{url}"
    );
    assert!(message["text"].as_str().unwrap().ends_with(url));
    let received = receiver.take();
    let created: Vec<_> = received.iter().map(|event| event.json()).collect();
    let created = created
        .iter()
        .find(|event| event["type"] == "email.created");
    assert_eq!(created.unwrap()["data"]["url"], url);
    let opened = open(&tenant, url).await;
    assert!(
        opened.contains("href=\"/mock/challenge/assets/style.css\""),
        "{opened}"
    );
}

#[tokio::test]
async fn a_mock_in_a_test_believes_only_the_proxy_that_it_is_told() {
    for (proxy, base) in [
        ("127.0.0.1", PUBLIC),
        ("192.0.2.0/24", "http://mock.test:4750"),
    ] {
        let tenant = Tenant::of(|builder| {
            let builder = builder.allow_host("auth.example.test").unwrap();
            builder.trust_forwarded_from(proxy).unwrap()
        })
        .await;
        let track = Tenant::request("POST", "/v1/users/ada/actions/pay")
            .header(
                "Forwarded",
                "for=192.0.2.9;proto=https;host=auth.example.test",
            )
            .header("X-Forwarded-Prefix", "/mock");
        let tracked = tenant.answer(200, &track).await.json();
        let url = tracked["url"].as_str().unwrap();
        assert!(
            url.starts_with(&format!("{base}/challenge?token=")),
            "{proxy}: {url}"
        );
        assert_eq!(claims(&tracked["token"])["iss"], base, "{proxy}");
    }
}

#[tokio::test]
async fn a_mock_in_a_test_is_called_by_its_public_url() {
    let tenant = behind_a_proxy().await;
    assert_eq!(tenant.server.url(), PUBLIC);
    let wrong = MockServer::builder()
        .public_url("http://0.0.0.0:4750")
        .unwrap_err();
    assert!(matches!(wrong, Error::Malformed(_)) && wrong.to_string().contains("nobody can call"));
    let wrong = MockServer::builder()
        .trust_forwarded_from("10.0.0.0/99")
        .unwrap_err();
    assert!(matches!(wrong, Error::Malformed(_)) && wrong.to_string().contains("network"));
}
