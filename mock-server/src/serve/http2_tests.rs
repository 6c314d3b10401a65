//! HTTP/2 without TLS, which a client speaks that knows of it: many requests at a time, faults of one of them, and clients
//! that stop. Each test waits for what the mock does, never for time to pass.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use http::Version;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Fault, MockServer};

const SHORT: Duration = Duration::from_millis(50);

/// A client that speaks HTTP/2 without asking, and keeps one connection.
fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap()
}

fn health(mock: &MockServer) -> String {
    format!("{}/health", mock.control_url())
}

/// A stream that stays open.
async fn events(client: &reqwest::Client, mock: &MockServer) -> reqwest::Response {
    let events = client.get(format!("{}/events", mock.control_url()));
    events.send().await.unwrap()
}

/// Tracks an action of the user.
async fn track(
    client: &reqwest::Client,
    mock: &MockServer,
    user: &str,
) -> reqwest::Result<reqwest::Response> {
    let authsignal = mock.authsignal();
    client
        .post(format!("{}/users/{user}/actions/pay", authsignal.api_url()))
        .basic_auth(authsignal.api_secret(), Some(""))
        .body("{}")
        .send()
        .await
}

#[tokio::test]
async fn many_requests_share_a_connection() {
    let mock = MockServer::start().await.unwrap();
    let client = client();
    let asked = join_all((0..300).map(|_| client.get(health(&mock)).send())).await;
    let ports = asked.into_iter().map(|answer| {
        let answer = answer.unwrap();
        assert_eq!(
            (answer.status().as_u16(), answer.version()),
            (200, Version::HTTP_2)
        );
        assert!(!answer.headers().contains_key("connection"));
    });
    assert_eq!(ports.count(), 300);
    let tracked = track(&client, &mock, "ada").await.unwrap();
    let tracked: serde_json::Value = tracked.json().await.unwrap();
    let page = format!("http://localhost:{}/challenge?", mock.address().port());
    let url = tracked["url"].as_str().unwrap();
    assert!(url.starts_with(&page), "{url}");
}

#[tokio::test]
async fn the_authority_is_the_host_and_a_second_one_is_refused() {
    let mock = MockServer::start().await.unwrap();
    let port = mock.address().port();
    for (host, status) in [
        (format!("127.0.0.1:{port}"), 200),
        (format!("localhost:{port}"), 400),
        ("evil.test".to_owned(), 403),
    ] {
        let asked = client()
            .get(health(&mock))
            .header("host", &host)
            .send()
            .await;
        assert_eq!(asked.unwrap().status().as_u16(), status, "{host}");
    }
    let foreign = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .resolve("evil.test", mock.address())
        .build()
        .unwrap();
    let refused = foreign.get(format!("http://evil.test:{port}/_mock/health"));
    assert_eq!(refused.send().await.unwrap().status().as_u16(), 403);
}

#[tokio::test]
async fn a_fault_breaks_its_own_request_and_no_other_of_the_connection() {
    let mock = MockServer::start().await.unwrap();
    let client = client();
    let mut stream = events(&client, &mock).await;
    assert!(stream.chunk().await.unwrap().is_some());
    let faults = [
        Fault::reset_before_answer().user("reset"),
        Fault::truncated_after(5).user("cut"),
        Fault::slow(100_000).user("slow"),
        Fault::latency(SHORT).user("late"),
    ];
    mock.authsignal().set_faults(faults).unwrap();
    assert!(track(&client, &mock, "reset").await.is_err());
    let cut = track(&client, &mock, "cut").await.unwrap();
    assert!(cut.headers().contains_key("content-length"));
    assert!(cut.bytes().await.is_err());
    for user in ["slow", "late", "none"] {
        let whole = track(&client, &mock, user).await.unwrap();
        assert_eq!(whole.status().as_u16(), 200, "{user}");
        assert!(whole.json::<serde_json::Value>().await.is_ok(), "{user}");
    }
    // The stream has been open all the time.
    mock.clock().advance(Duration::from_secs(1));
    assert!(stream.chunk().await.unwrap().is_some());
}

#[tokio::test]
async fn a_reset_after_an_answer_is_one_of_the_whole_connection() {
    let mock = MockServer::start().await.unwrap();
    let client = client();
    let mut stream = events(&client, &mock).await;
    mock.authsignal()
        .set_faults([Fault::reset_after_answer().user("after")])
        .unwrap();
    let after = track(&client, &mock, "after").await.unwrap();
    assert!(after.json::<serde_json::Value>().await.is_ok());
    while let Ok(piece) = stream.chunk().await {
        assert!(piece.is_some(), "the stream has no end but the reset");
    }
    assert!(track(&client, &mock, "after").await.is_ok());
}

const HEALTH: &str = "/_mock/health";

// Types of frames, and flags of them.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_OF_STREAM: u8 = 1;
const END_OF_HEADERS: u8 = 4;

/// What a client sends first: its preface, and settings of which each is an id and a value.
fn begins(settings: &[(u16, u32)]) -> Vec<u8> {
    let settings = settings
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat());
    let settings: Vec<_> = settings.collect();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    [&preface[..], &frame(SETTINGS, 0, 0, &settings)].concat()
}

/// A frame, by its type, its flags, its stream and its payload.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream][..], payload].concat()
}

/// A GET, with headers of HPACK's table and texts as they are.
fn asks(path: &str, authorization: Option<&str>) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let mut head = [&[0x82, 0x86, 0x04][..], &text(path)].concat();
    head.push(0x01);
    head.extend(text("localhost"));
    if let Some(authorization) = authorization {
        head.extend([0x0f, 0x08]);
        head.extend(text(authorization));
    }
    frame(HEADERS, END_OF_HEADERS | END_OF_STREAM, 1, &head)
}

/// The next frame that the mock sends: its type, its flags and its payload.
async fn next_frame(stream: &mut TcpStream) -> (u8, u8, Vec<u8>) {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.unwrap();
    (head[3], head[4], payload)
}

#[tokio::test]
async fn a_client_gets_a_whole_answer_and_can_still_write_before_the_connection_is_reset() {
    let mock = MockServer::start().await.unwrap();
    let authsignal = mock.authsignal();
    authsignal
        .set_faults([Fault::reset_after_answer()])
        .unwrap();
    let secret = STANDARD.encode(format!("{}:", authsignal.api_secret()));
    let asked = asks("/v1/users/ada", Some(&format!("Basic {secret}")));
    // A window of ten bytes, so that most of the answer waits in the connection.
    let mut stream = TcpStream::connect(mock.address()).await.unwrap();
    let sent = [begins(&[(4, 10)]), asked].concat();
    stream.write_all(&sent).await.unwrap();
    let mut body = Vec::new();
    let ping = loop {
        match next_frame(&mut stream).await {
            (DATA, _, bytes) => {
                body.extend(bytes);
                if body.len() == 10 {
                    let wider = frame(WINDOW_UPDATE, 0, 1, &[0, 1, 0, 0]);
                    stream.write_all(&wider).await.unwrap();
                }
            }
            (PING, 0, ping) => break ping,
            _ => {}
        }
    };
    let user: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(user["isEnrolled"], false, "{user}");
    stream
        .write_all(&frame(SETTINGS, ACK, 0, &[]))
        .await
        .unwrap();
    stream.write_all(&frame(PING, ACK, 0, &ping)).await.unwrap();
    let end = stream.read(&mut [0]).await.unwrap_err();
    assert_eq!(end.kind(), ErrorKind::ConnectionReset);
}

/// Sends bytes, then says nothing more and reads what comes until the mock closes.
async fn told(address: SocketAddr, sent: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    // A reset is an end, too.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

#[tokio::test]
async fn a_connection_without_requests_and_an_answer_that_is_left_end_in_time() {
    let mock = MockServer::builder()
        .idle_time(SHORT)
        .start()
        .await
        .unwrap();
    assert!(!told(mock.address(), &begins(&[])).await.is_empty());
    let answered = told(mock.address(), &[begins(&[]), asks(HEALTH, None)].concat()).await;
    let has = |answer: &[u8]| answer.windows(4).any(|text| text == b"\"ok\"");
    assert!(has(&answered), "{answered:?}");
    // This client takes no byte of a body.
    let closed_window = [begins(&[(4, 0)]), asks(HEALTH, None)].concat();
    let left = told(mock.address(), &closed_window).await;
    assert!(!left.is_empty() && !has(&left), "{left:?}");
}
