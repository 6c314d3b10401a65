//! HEAD requests: a mail scanner sends one for each link of a message. They are answered as GET is, without its effects.
//! Must not know how the mock routes them.

use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::{NOW, Signer, Stage, World, mock, signed};

/// The head of the answer to a HEAD request. It has the length of the body that GET would get.
async fn head(address: std::net::SocketAddr, request: &Request) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.head().as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "", "{}", request.target);
    head.to_lowercase()
}

/// A HEAD request for a page: its status, and that it changes nothing.
async fn glance(tenant: &Tenant, url: &str) -> u16 {
    let target = url.strip_prefix("http://mock.test:4750").unwrap_or(url);
    let before = tenant.server.state();
    let head = head(tenant.server.address(), &Request::new("HEAD", target)).await;
    assert_eq!(tenant.server.state(), before, "{target}");
    head.split(' ').nth(1).unwrap().parse().unwrap()
}

async fn open(tenant: &Tenant, status: u16, url: &str) {
    let target = url.strip_prefix("http://mock.test:4750").unwrap_or(url);
    tenant.answer(status, &Request::new("GET", target)).await;
}

#[tokio::test]
async fn a_scanner_does_not_use_up_a_magic_link() {
    let tenant = Tenant::new().await;
    let method = json!({"verificationMethod": "EMAIL_MAGIC_LINK", "email": "ada@example.com"});
    tenant.enroll_with("ada", method).await;
    let tracked = tenant.track("ada", "signIn", json!({})).await;
    open(&tenant, 200, tracked["url"].as_str().unwrap()).await;
    let link = tenant.newest_message().await["url"].clone();
    let link = link.as_str().unwrap();
    for _ in 0..2 {
        assert_eq!(glance(&tenant, link).await, 200);
    }
    // A browser that fetches the link before its user follows it.
    for purpose in ["prefetch", "prefetch;prerender"] {
        let (_, target) = link.split_once("/magic-link").unwrap();
        let early =
            Request::new("GET", &format!("/magic-link{target}")).header("sec-purpose", purpose);
        tenant.answer(503, &early).await;
    }
    open(&tenant, 200, link).await;
    assert_eq!(glance(&tenant, link).await, 410);
    assert_eq!(glance(&tenant, "/magic-link?token=x.y").await, 404);
}

#[tokio::test]
async fn a_look_at_a_page_neither_sends_a_code_nor_ends_an_action() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    for mode in ["interactive", "auto-succeed", "auto-fail"] {
        tenant.configure(json!({"challengeMode": mode})).await;
        let tracked = tenant.track("ada", "signIn", json!({})).await;
        let url = tracked["url"].as_str().unwrap();
        let token = tracked["token"].as_str().unwrap();
        assert_eq!(glance(&tenant, url).await, 200, "{mode}");
        for form in ["verify", "send", "enroll", "default", "remove", "wait"] {
            let target = format!("/challenge/{form}?token={token}&method=SMS");
            assert_eq!(glance(&tenant, &target).await, 200, "{form}");
        }
        assert_eq!(tenant.state(&tracked["token"]).await, "CHALLENGE_REQUIRED");
    }
    assert_eq!(glance(&tenant, "/challenge?token=x.y.z").await, 403);
    assert_eq!(glance(&tenant, "/challenge").await, 400);
    assert!(tenant.server.messages().is_empty());
}

#[tokio::test]
async fn a_get_with_an_effect_has_no_head() {
    let mut world = World::on(mock().deterministic().start().await.unwrap());
    world.advance_to(Stage::Device).await;
    let credentials = world.credentials(Signer::Application).unwrap();
    for target in [
        "/management/device_registration_link/mock-app/alice",
        "/management/lost_user_mobile_device/mock-app/alice",
    ] {
        let request = Request::new("HEAD", target);
        let request = signed(request, credentials, &world.next_nonce(), NOW);
        let before = world.server.state();
        let head = head(world.server.address(), &request).await;
        assert!(head.starts_with("http/1.1 405"), "{head}");
        assert!(head.contains("\r\nallow: get"), "{head}");
        assert_eq!(world.server.state(), before, "{target}");
    }
    let target = "/management/has_registered_mobile_device/mock-app/alice";
    let request = signed(
        Request::new("HEAD", target),
        credentials,
        &world.next_nonce(),
        NOW,
    );
    let head = head(world.server.address(), &request).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
}
