//! The URLs that the program gives out, behind a container's name and behind a reverse proxy. Must not use the mock as
//! a library.

use std::net::SocketAddr;

use conformance::signing_reference::{Credentials, signed};
use conformance::wire::{self, Answer, Request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::running::{self, Running};
use crate::{FREE_PORT, fails};

const SECRET: &str = "mock-authsignal-secret-0123456789abcdef";
const PUBLIC: &str = "https://auth.example.test/mock";

/// A reverse proxy in front of a mock, which changes the head of each request.
async fn proxy(mock: SocketAddr, change: fn(&str) -> String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut caller, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(caller.read_u8().await.unwrap());
                }
                let head = change(std::str::from_utf8(&head).unwrap());
                let mut mock = TcpStream::connect(mock).await.unwrap();
                mock.write_all(head.as_bytes()).await.unwrap();
                // The mock closes the connection after the answer.
                let _ = tokio::io::copy_bidirectional(&mut caller, &mut mock).await;
            });
        }
    });
    address
}

fn request(method: &str, url: &str) -> Request {
    let (_, rest) = url.split_once("://").unwrap();
    let (host, target) = rest.split_at(rest.find('/').unwrap());
    Request::new(method, target)
        .without("Host")
        .header("Host", host)
}

/// Tracks an action at a base URL, sent to an address.
async fn track(address: SocketAddr, base: &str, headers: &[(&str, &str)]) -> Answer {
    let url = format!("{base}/v1/users/ada/actions/pay");
    let mut request = request("POST", &url).basic(SECRET);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let body = json!({"redirectUrl": "https://app.test/cb"});
    wire::send(address, &request.json(body.to_string())).await
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[tokio::test]
async fn behind_a_containers_name_every_url_has_that_name() {
    let public = "http://mock:4750";
    let running = Running::start(&[
        "--listen",
        "0.0.0.0:0",
        "--ready-json",
        "--public-url",
        public,
    ]);
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    assert_eq!(ready["url"], public);
    assert_eq!(ready["controlUrl"], format!("{public}/_mock"));
    assert_eq!(ready["activeconnect"]["url"], public);
    assert_eq!(ready["authsignal"]["url"], format!("{public}/v1"));
    let listens: SocketAddr = text(&ready["listensAt"][0]).parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], listens.port()));
    for base in [public, "http://127.0.0.1:4750", "http://localhost:1"] {
        let tracked = track(address, base, &[]).await.json();
        let url = text(&tracked["url"]);
        assert!(
            url.starts_with("http://mock:4750/challenge?token="),
            "{url}"
        );
    }
    let said = running.signal("TERM").stderr;
    assert!(
        said.contains("ACTIVE_CONNECT_SERVER=http://mock:4750 "),
        "{said}"
    );
    assert!(!said.contains("http://0.0.0.0"), "{said}");
}

#[tokio::test]
async fn a_mock_at_every_address_gives_out_none_that_nobody_can_call() {
    let running = Running::start(&["--listen", "0.0.0.0:0"]);
    assert!(running.url().starts_with("http://127.0.0.1:"));
    let address = running.address();
    let refused = track(address, "http://0.0.0.0:4750", &[]).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    assert!(!running.signal("TERM").stderr.contains("http://0.0.0.0"));
}

/// The proxy removes the prefix and names the mock as the host, as most do.
fn strips(head: &str) -> String {
    head.replacen(" /mock", " ", 1)
        .replacen("Host: auth.example.test", "Host: 127.0.0.1:4750", 1)
}

/// The proxy changes nothing.
fn keeps(head: &str) -> String {
    head.to_owned()
}

#[tokio::test]
async fn behind_a_proxy_with_tls_and_a_prefix_everything_works_by_the_public_url() {
    for (name, change) in [("strips", strips as fn(&str) -> String), ("keeps", keeps)] {
        let running = Running::start(&[&FREE_PORT[..], &["--public-url", PUBLIC]].concat());
        let at = proxy(running.address(), change).await;

        // Authsignal: the URL of track opens the page, and the page's own links lead back to the proxy.
        let enrol = request("POST", &format!("{PUBLIC}/v1/users/ada/authenticators")).basic(SECRET);
        let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+15550100"});
        wire::send(at, &enrol.json(sms.to_string())).await;
        let tracked = track(at, PUBLIC, &[]).await.json();
        let url = text(&tracked["url"]).to_owned();
        assert!(
            url.starts_with(&format!("{PUBLIC}/challenge?token=")),
            "{name}: {url}"
        );
        let page = wire::send(at, &request("GET", &url)).await;
        assert_eq!(page.status, 200, "{name}");
        let page = page.text();
        for own in ["action=\"", "href=\"", "src=\""] {
            for (_, rest) in page
                .match_indices(own)
                .map(|(at, _)| page[at..].split_at(own.len()))
            {
                let link = &rest[..rest.find('"').unwrap()];
                let is_own = link.starts_with("/mock/") || link.starts_with("https://app.test/");
                assert!(is_own, "{name}: {own}{link}");
            }
        }
        let style = format!("{PUBLIC}/challenge/assets/style.css");
        assert_eq!(
            wire::send(at, &request("GET", &style)).await.status,
            200,
            "{name}"
        );
        let token = url.split_once("token=").unwrap().1;
        let mut send = request("POST", &format!("{PUBLIC}/challenge/send"));
        send.body = format!("token={token}&method=SMS").into_bytes();
        let sent = wire::send(at, &send).await;
        let to = sent.header("location").unwrap_or_default();
        assert!(
            to.starts_with("/mock/challenge?token="),
            "{name}: {} {to}",
            sent.status
        );

        // Activeconnect: the caller signs the URL that it sends to the proxy, and gets URLs of the proxy.
        let by = Credentials {
            id: "mock-app".to_owned(),
            secret: "mock-app-secret-24-bytes".to_owned(),
        };
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = i64::try_from(now.unwrap().as_secs()).unwrap();
        let add = request("POST", &format!("{PUBLIC}/management/add_users/mock-app"));
        let add = add.json(r#"{"users":["ada"]}"#);
        let added = wire::send(at, &signed(add, &by, "1", now)).await;
        assert_eq!(added.status, 201, "{name}: {}", added.text());
        let link = "management/device_registration_link/mock-app/ada";
        let link = request("GET", &format!("{PUBLIC}/{link}"));
        let link = wire::send(at, &signed(link, &by, "2", now)).await.json();
        let link = text(&link["register_url"]).to_owned();
        assert!(
            link.starts_with(&format!("{PUBLIC}/register/mock-app/")),
            "{name}: {link}"
        );
        let phone = request("POST", &format!("{PUBLIC}/_mock/phone/register"));
        let phone = phone.json(json!({"link": link}).to_string());
        let phone = wire::send(at, &phone.header("Origin", "https://auth.example.test")).await;
        assert_eq!(phone.status, 200, "{name}: {}", phone.text());
        let authenticate = "authentication/authenticate_user/mock-app/ada";
        let authenticate = request("POST", &format!("{PUBLIC}/{authenticate}"));
        let asked = wire::send(at, &signed(authenticate, &by, "3", now))
            .await
            .json();
        for member in ["status_url", "logout_url"] {
            let url = text(&asked["authentication_status"][member]);
            assert!(
                url.starts_with(&format!("{PUBLIC}/")),
                "{name}: {member} {asked}"
            );
        }
        let approve = request("POST", &format!("{PUBLIC}/_mock/phone/approve"));
        let approve = approve.json(json!({"userId": "ada"}).to_string());
        let approved = wire::send(at, &approve).await;
        assert_eq!(approved.status, 200, "{name}: {}", approved.text());
        // A caller beside the mock needs no proxy.
        let beside = request(
            "POST",
            &format!("{}/management/add_users/mock-app", running.url()),
        );
        let beside = beside.json(r#"{"users":["grace"]}"#);
        let beside = wire::send(running.address(), &signed(beside, &by, "4", now)).await;
        assert_eq!(beside.status, 201, "{name}: {}", beside.text());

        // The desk names its files below the prefix, also where its own address has no slash at the end.
        let desk = request("GET", &format!("{PUBLIC}/")).header("Accept", "text/html");
        let desk = wire::send(at, &desk).await;
        assert!(
            desk.text().contains("src=\"/mock/_mock/desk/desk.js\""),
            "{name}"
        );
    }
}

fn forwards(head: &str) -> String {
    head.replacen("Host: auth.example.test", "Host: 127.0.0.1:4750", 1)
        .replacen(
            "\r\n",
            "\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: auth.example.test\r\nX-Forwarded-Prefix: /mock\r\n",
            1,
        )
}

#[tokio::test]
async fn forwarded_headers_count_only_from_a_proxy_that_a_flag_names() {
    let base = "http://auth.example.test";
    let allow = ["--allow-host", "auth.example.test"];
    let trust = |from| ["--trust-forwarded-from", from];
    for (from, page) in [
        (
            "127.0.0.0/8",
            "https://auth.example.test/mock/challenge?token=",
        ),
        (
            "localhost",
            "https://auth.example.test/mock/challenge?token=",
        ),
        ("192.0.2.1", "http://localhost:4750/challenge?token="),
    ] {
        let running = Running::start(&[&FREE_PORT[..], &allow, &trust(from)].concat());
        let at = proxy(running.address(), forwards).await;
        let tracked = track(at, base, &[]).await.json();
        let url = text(&tracked["url"]);
        assert!(url.starts_with(page), "{from}: {url}");
        // The links of the page go through the proxy, too, where it is believed.
        let token = url.split_once("token=").unwrap().1;
        let page = request("GET", &format!("{base}/challenge?token={token}"));
        let page = wire::send(at, &page).await.text();
        let below = page.contains("href=\"/mock/challenge/assets/style.css\"");
        assert_eq!(below, from != "192.0.2.1", "{from}: {page}");
    }
    // Without the flag, nobody is believed.
    let running = Running::start(&FREE_PORT);
    let headers = [
        ("X-Forwarded-Host", "evil.test"),
        ("Forwarded", "host=evil.test"),
    ];
    let tracked = track(running.address(), "http://localhost:4750", &headers)
        .await
        .json();
    let url = text(&tracked["url"]);
    assert!(url.starts_with("http://localhost:4750/challenge?"), "{url}");
    // A page of another site can call the proxy by a name of its own.
    let running = Running::start(&[&FREE_PORT[..], &trust("127.0.0.1")].concat());
    let foreign = track(running.address(), "http://localhost:4750", &headers).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text());
    assert!(
        foreign.text().contains("--allow-host evil.test"),
        "{}",
        foreign.text()
    );
}

#[tokio::test]
async fn what_does_not_work_behind_a_proxy_is_warned_of_once() {
    for (flag, value, header, says) in [
        (
            "--trust-forwarded-from",
            "192.0.2.1",
            ("X-Forwarded-Host", "a"),
            "a request from 127.0.0.1 has Forwarded or X-Forwarded-* headers",
        ),
        (
            "--trust-forwarded-from",
            "::ffff:127.0.0.1",
            ("X-Forwarded-Host", "a/b"),
            "the headers of a trusted proxy name no host that callers could use",
        ),
        (
            "--public-url",
            "http://api.mock",
            ("X-Forwarded-Host", "a"),
            "--public-url contains `api`",
        ),
    ] {
        let running = Running::start(&[&FREE_PORT[..], &[flag, value]].concat());
        for _ in 0..2 {
            let base = "http://localhost:4750";
            let tracked = track(running.address(), base, &[header]).await;
            assert_eq!(tracked.status, 200, "{}", tracked.text());
        }
        let said = running.signal("TERM").stderr;
        assert_eq!(said.matches(says).count(), 1, "{said}");
    }
}

#[test]
fn a_public_url_that_nobody_can_call_is_refused() {
    for (url, why) in [
        ("http://0.0.0.0:4750", "nobody can call its host"),
        ("mock:4750", "neither http nor https"),
        ("http://mock/v1", "/v1"),
    ] {
        fails(
            &running::run(&["--public-url", url]),
            &["--public-url", url, why],
        );
    }
    fails(
        &running::run(&["--trust-forwarded-from", "10.0.0.0/99"]),
        &["10.0.0.0/99", "network"],
    );
}
