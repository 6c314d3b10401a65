//! The signature of Activeconnect: the reference, and the mock and the client as seen on the wire, against each other and
//! against the vectors that the vendor's own package computed.

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde_json::Value;
use stepup_client::activeconnect::Activeconnect;
use stepup_mock::MockServer;

use crate::receiver::{Received, Receiver, Reply};
use crate::signing_reference;
use crate::spec;
use crate::wire::{self, HOST, Request};
use crate::world::{
    APPLICATION, AUTHENTICATION, Credentials, NOW, Stage, TIMESTAMP, USER, VERSION, World, mock,
    signed,
};

fn vectors() -> Vec<Value> {
    let text =
        std::fs::read_to_string(spec::workspace().join("tests/vectors/activeconnect-hmac.json"))
            .unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(vectors.len(), 7);
    vectors
}

fn text<'a>(vector: &'a Value, key: &str) -> &'a str {
    vector[key].as_str().unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_reference_computes_every_vector() {
    for vector in vectors() {
        let (secret, url, nonce) = (
            text(&vector, "secret"),
            text(&vector, "request_uri"),
            text(&vector, "nonce"),
        );
        let timestamp = vector["timestamp"].as_i64().unwrap();
        let tag = signing_reference::tag(secret, url, nonce, timestamp);
        assert_eq!(
            hex(&tag),
            text(&vector, "digest16_hex"),
            "{}",
            vector["name"]
        );
        let header = signing_reference::authentication(
            text(&vector, "client_id"),
            secret,
            url,
            nonce,
            timestamp,
        );
        assert_eq!(
            header,
            text(&vector["headers"], "Authentication"),
            "{}",
            vector["name"]
        );
    }
}

/// The request of a vector, byte for byte.
fn request_of(vector: &Value, method: &str) -> Request {
    let (_, url) = text(vector, "request_uri").split_once("://").unwrap();
    let (host, target) = url.split_at(url.find('/').unwrap());
    let mut request = Request::new(method, target)
        .without("Host")
        .header("Host", host);
    for name in [AUTHENTICATION, TIMESTAMP, VERSION] {
        request = request.header(name, text(&vector["headers"], name));
    }
    request
}

/// A mock with the application of a vector, which accepts signatures of any age.
async fn mock_of(vector: &Value) -> MockServer {
    let (_, url) = text(vector, "request_uri").split_once("://").unwrap();
    let builder = mock()
        .allow_host(url.split([':', '/']).next().unwrap())
        .unwrap()
        .application(text(vector, "client_id"), text(vector, "secret"));
    builder.signature_window(None).start().await.unwrap()
}

/// Creates the user that V2 and V3 are about.
async fn with_user(vector: &Value) -> MockServer {
    let mock = mock_of(vector).await;
    let by = Credentials {
        id: text(vector, "client_id").to_owned(),
        secret: text(vector, "secret").to_owned(),
    };
    let add = Request::new("POST", "/management/add_users/app-1")
        .json(r#"{"users":["user one@example.com"]}"#);
    let answer = wire::send(mock.address(), &signed(add, &by, "first", 1_700_000_000)).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    mock
}

#[tokio::test]
async fn the_mock_accepts_the_management_vectors_over_the_wire() {
    let vectors = vectors();

    let mock = mock_of(&vectors[0]).await;
    let answer = wire::send(
        mock.address(),
        &request_of(&vectors[0], "POST").json(r#"{"users":["x"]}"#),
    )
    .await;
    assert_eq!(answer.status, 201, "V1: {}", answer.text());

    let mock = with_user(&vectors[1]).await;
    let answer = wire::send(mock.address(), &request_of(&vectors[1], "GET")).await;
    assert_eq!(answer.status, 200, "V2: {}", answer.text());
    // The link is on the host that the caller used.
    assert!(text(&answer.json(), "register_url").starts_with("http://127.0.0.1:8000/"));

    let mock = with_user(&vectors[2]).await;
    let answer = wire::send(mock.address(), &request_of(&vectors[2], "POST").json("{}")).await;
    assert_eq!(answer.status, 200, "V3: {}", answer.text());
    assert_eq!(
        answer.json()["authentication_status"]["reason"],
        "NO_MOBILE_DEVICE"
    );
}

#[tokio::test]
async fn a_doubled_slash_from_the_base_url_is_reported_and_not_redirected() {
    // V6 is what the vendor's client sends with this kind of base URL. A redirect would carry the old URL's signature.
    let vector = &vectors()[5];
    let mock = mock_of(vector).await;
    let request = request_of(vector, "POST").json(r#"{"users":["x"]}"#);
    let answer = wire::send(mock.address(), &request).await;
    assert_eq!(answer.status, 404);
    assert!(
        text(&answer.json(), "reason")
            .contains("starts with two slashes: set the base URL of Activeconnect to http://"),
        "{}",
        answer.text()
    );

    // Id and secret of the vector are good ones: the colons and the letters beyond ASCII arrive.
    let by = Credentials {
        id: text(vector, "client_id").to_owned(),
        secret: text(vector, "secret").to_owned(),
    };
    let single =
        Request::new("POST", "/management/delete_users/app:with:colon").json(r#"{"users":["x"]}"#);
    let answer = wire::send(mock.address(), &signed(single, &by, "42", 1_700_000_004)).await;
    assert_eq!(
        (answer.status, &answer.json()["status"]),
        (200, &Value::Bool(true))
    );
}

#[tokio::test]
async fn both_ways_of_omitting_the_scheme_are_accepted() {
    // Python leaves out everything up to the last `://`, iOS the URL's own scheme; they differ on such a query.
    let world = World::at(Stage::Pending).await;
    let target = format!(
        "/management/device_registration_link/{APPLICATION}/{USER}?display_name=http://x.example/y"
    );
    for shortened in [format!("{HOST}{target}"), "x.example/y".to_owned()] {
        let Credentials { id, secret } = &world.application;
        // Sixteen hexadecimal digits, as iOS writes a nonce.
        let nonce = format!("{:016X}", shortened.len());
        let tag = signing_reference::tag_over(secret, &shortened, &nonce, NOW);
        let request = Request::new("GET", &target)
            .header(
                AUTHENTICATION,
                &signing_reference::with_tag(id, &nonce, &tag),
            )
            .header(TIMESTAMP, &NOW.to_string())
            .header(VERSION, "1");
        let answer = world.send(&request).await;
        assert_eq!(answer.status, 200, "{shortened}: {}", answer.text());
    }
}

/// What the client put into the headers is what the reference makes of the request that went out.
fn signed_as_the_reference_does(request: &Received, id: &str, secret: &str) {
    let header = request.text("authentication");
    let nonce = header.rsplit(':').nth(1).expect("a nonce");
    assert!(
        !nonce.is_empty() && nonce.len() <= 20 && nonce.bytes().all(|byte| byte.is_ascii_digit()),
        "{nonce}"
    );
    let timestamp = request.text("x-sonikpass-authentication-timestamp");
    let url = format!("http://{}{}", request.text("host"), request.target);
    let reference =
        signing_reference::authentication(id, secret, &url, nonce, timestamp.parse().unwrap());
    assert_eq!(header, reference, "{url}");
    assert_eq!(request.text("x-sonikpass-authentication-version"), "1");
    assert!(
        request.header_bytes("api-version").is_none(),
        "the generator's own header does not go out"
    );
}

/// The same cases in every run, and nothing written down.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(2026),
        ..ProptestConfig::default()
    }
}

/// Text that can be an id: at least one character, none of them a control character, and no dot segment.
fn id() -> impl Strategy<Value = String> {
    "\\PC{1,24}".prop_filter("addresses something else", |id| id != "." && id != "..")
}

proptest! {
    // Each case is a handful of requests over loopback.
    #![proptest_config(ProptestConfig { cases: 48, ..config() })]

    #[test]
    fn the_client_signs_as_the_reference_does(
        application in id(), secret in "\\PC{1,40}", user in id(), display_name in "\\PC{0,24}"
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let receiver = Receiver::that(Reply::Json(400, r#"{"status":false,"reason":"recorded"}"#.to_owned())).await;
            let client = Activeconnect::builder(&*application, &*secret).server(receiver.base()).build().unwrap();
            // Bodies, none, and a query; the answer is always a refusal.
            let _ = client.add_user(&*user).await.unwrap_err();
            let _ = client.registration_link(&*user, Some(&display_name)).await.unwrap_err();
            let _ = client.authenticate_user(&*user, &[]).await.unwrap_err();
            let requests = receiver.take();
            assert_eq!(requests.len(), 3);
            for request in &requests {
                signed_as_the_reference_does(request, &application, &secret);
            }
            let nonces: std::collections::BTreeSet<_> =
                requests.iter().map(|request| request.text("authentication").to_owned()).collect();
            assert_eq!(nonces.len(), 3);
        });
    }
}
