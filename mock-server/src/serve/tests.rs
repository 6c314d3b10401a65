//! Connections that are slow, that stop, or that send too much, against a mock with short times. The times are the
//! machine's; each test waits for what the mock does, never for time to pass.

use std::future::{Ready, pending};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::get;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::Ports;
use super::connection::late_head;
use super::pace::Times;
use crate::http::surface::{Damage, Wreck};
use crate::runtime::seed::Seed;
use crate::runtime::{App, Behaviour};
use crate::{MockServer, MockServerBuilder, bounds};

const SHORT: Duration = Duration::from_millis(50);
const LONG: Duration = Duration::from_secs(600);

fn patient() -> MockServerBuilder {
    MockServer::builder()
        .verify_signatures(false)
        .header_time(LONG)
        .body_time(LONG)
        .idle_time(LONG)
}

/// Sends bytes, then says nothing more and reads what comes until the mock closes.
async fn told(address: SocketAddr, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn headers_that_stop_short_get_408_in_words() {
    let mock = patient().header_time(SHORT).start().await.unwrap();
    for sent in [
        &b"G"[..],
        b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n",
    ] {
        let answer = told(mock.address(), sent).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{answer:?}");
        assert!(answer.contains("within 0.05 s"), "{answer:?}");
        assert!(
            answer.contains("\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n"),
            "{answer:?}"
        );
    }
}

#[test]
fn headers_that_stop_short_while_the_mock_stops_are_told_that_it_does() {
    let times = Times {
        head: Duration::from_secs(10),
        idle: LONG,
        reader: LONG,
    };
    let told = |is_stopping| String::from_utf8(late_head(times, is_stopping)).unwrap();
    let stopping = told(true);
    assert!(stopping.starts_with("HTTP/1.1 503 "), "{stopping}");
    assert!(
        stopping.contains("the mock is stopping") && !stopping.contains("10 s"),
        "{stopping}"
    );
    assert!(told(false).contains("within 10 s"));
}

#[tokio::test]
async fn a_client_that_speaks_tls_is_told_to_speak_http() {
    let mock = patient().start().await.unwrap();
    // The beginning of a ClientHello, in one piece and byte by byte.
    let hello = [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3];
    let answer = told(mock.address(), &hello).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer:?}");
    assert!(answer.contains("http:// instead of https://"), "{answer:?}");
    assert_eq!(told(mock.address(), &hello[..1]).await, answer);
    // The same byte later is no handshake.
    let request = b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n\x16";
    let answer = told(mock.address(), request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn a_handshake_that_stops_short_ends_in_the_time_for_headers() {
    let mock = patient().tls().header_time(SHORT).start().await.unwrap();
    let hello = [22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3];
    for sent in [&hello[..], &hello[..1]] {
        assert_eq!(told(mock.address(), sent).await, "");
    }
    // At the same port, a request is answered as ever.
    let request = b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answer = told(mock.address(), request).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer:?}");
}

#[cfg(feature = "tls")]
#[tokio::test]
async fn the_times_of_a_connection_hold_behind_the_handshake_too() {
    let mock = patient()
        .tls()
        .idle_time(SHORT)
        .header_time(SHORT)
        .start()
        .await
        .unwrap();
    let head = b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n";
    for (sent, answer) in [(&b""[..], ""), (&head[..], "HTTP/1.1 408 ")] {
        let mut stream = secured(&mock).await;
        stream.write_all(sent).await.unwrap();
        let mut said = String::new();
        // A client that is cut off gets no farewell of TLS.
        let _ = stream.read_to_string(&mut said).await;
        assert!(said.starts_with(answer), "{said:?}");
        assert_eq!(said.is_empty(), answer.is_empty(), "{said:?}");
    }
}

/// A connection to a mock that speaks TLS, by a client that trusts its authority.
#[cfg(feature = "tls")]
async fn secured(mock: &MockServer) -> tokio_rustls::client::TlsStream<TcpStream> {
    use tokio_rustls::TlsConnector;
    use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
    use tokio_rustls::rustls::pki_types::pem::PemObject as _;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, RootCertStore};

    let mut roots = RootCertStore::empty();
    let authority = mock.ca_pem().unwrap().as_bytes();
    roots
        .add(CertificateDer::from_pem_slice(authority).unwrap())
        .unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(mock.address()).await.unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(ServerName::try_from("localhost").unwrap(), stream)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_client_that_closes_its_half_after_the_request_gets_its_answer() {
    let mock = patient().start().await.unwrap();
    let body = r#"{"advanceSeconds":1}"#;
    let change = format!(
        "POST /_mock/clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for sent in [
        "GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
        &change,
    ] {
        // Both come together more often than not.
        for _ in 0..50 {
            let mut stream = TcpStream::connect(mock.address()).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = String::new();
            // The mock closes as soon as it has answered.
            let read = stream.read_to_string(&mut answer);
            let read = tokio::time::timeout(bounds::HALF_CLOSED_TIME / 2, read).await;
            assert!(read.is_ok_and(|read| read.is_ok()), "{sent}: {answer:?}");
            assert!(answer.starts_with("HTTP/1.1 200 "), "{sent}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_stops_short_gets_408_in_the_vendors_form() {
    let mock = patient().body_time(SHORT).start().await.unwrap();
    let secret = mock.authsignal().api_secret().to_owned();
    let basic = conformance::wire::basic(&secret);
    for (target, word) in [
        ("/v1/users/ada/actions/pay", "\"errorDescription\""),
        ("/management/add_users/mock-app", "\"reason\""),
        ("/_mock/clock", "\"error\":\"too_late\""),
        ("/challenge/verify", "<html"),
    ] {
        let sent = format!(
            "POST {target} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {basic}\r\nContent-Length: 100\r\n\r\n{{\"a\": "
        );
        let answer = told(mock.address(), sent.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 408 "), "{target}: {answer}");
        assert!(answer.contains(word), "{target}: {answer}");
        if word != "<html" {
            assert!(
                answer.contains("did not arrive within 0.05 s; only 6 bytes of it arrived"),
                "{target}: {answer}"
            );
        }
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed_before_and_after_a_request() {
    let mock = patient().idle_time(SHORT).start().await.unwrap();
    assert_eq!(told(mock.address(), b"").await, "");
    let answer = told(
        mock.address(),
        b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_stream_and_an_answer_that_take_long_are_not_idle() {
    // Whatever has these limits and is not exempt is closed long before the last line of this test.
    let mock = MockServer::builder()
        .verify_signatures(false)
        .header_time(SHORT)
        .body_time(SHORT)
        .idle_time(SHORT)
        .start()
        .await
        .unwrap();
    let mut events = TcpStream::connect(mock.address()).await.unwrap();
    events
        .write_all(b"GET /_mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await
        .unwrap();
    // Connections that are idle, one after another, so that the limit passes many times over.
    for _ in 0..5 {
        assert_eq!(told(mock.address(), b"").await, "");
    }
    let mut piece = vec![0; 64 * 1024];
    assert!(events.read(&mut piece).await.unwrap() > 0);
    mock.clock().advance(Duration::from_secs(1));
    let read = events.read(&mut piece).await.unwrap();
    assert!(read > 0, "the stream is still open");
}

#[tokio::test]
async fn a_client_that_writes_on_still_reads_that_its_body_is_too_large() {
    let mock = patient().start().await.unwrap();
    let length = 8 * 1024 * 1024;
    let head = format!(
        "POST /management/add_users/mock-app HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n"
    );
    let body = vec![b'x'; length];
    let clients = (0..20).map(|_| async {
        let mut stream = TcpStream::connect(mock.address()).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        // As most clients do: first all of the body, then the answer.
        stream.write_all(&body).await.expect("no broken pipe");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8(answer).unwrap()
    });
    for answer in futures_util::future::join_all(clients).await {
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(
            answer.to_ascii_lowercase().contains("connection: close"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn large_bodies_that_never_end_cannot_fill_the_memory_nor_stop_small_ones() {
    let mock = patient().start().await.unwrap();
    let head = "POST /management/add_users/mock-app HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n";
    let half = [head.as_bytes(), &vec![b' '; 900_000]].concat();
    let mut held = Vec::new();
    let refused = loop {
        let mut stream = TcpStream::connect(mock.address()).await.unwrap();
        stream.write_all(&half).await.unwrap();
        held.push(stream);
        // The mock answers one that does not fit, perhaps a moment later, and waits for the rest of any other.
        let asked = told(
            mock.address(),
            b"GET /_mock/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        );
        assert!(asked.await.starts_with("HTTP/1.1 200 "));
        let mut first = [0; 12];
        if let Some(12) = held.iter().find_map(|one| one.try_read(&mut first).ok()) {
            break String::from_utf8(first.to_vec()).unwrap();
        }
        assert!(held.len() < 300, "the bodies of 300 connections are held");
    };
    assert_eq!(refused, "HTTP/1.1 503");
    let small = told(
        mock.address(),
        b"POST /management/add_users/mock-app HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 17\r\n\r\n{\"users\":[\"ada\"]}",
    );
    assert!(small.await.starts_with("HTTP/1.1 201 "));
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn a_client_that_reads_slowly_gets_a_whole_answer_before_the_reset() {
    const LENGTH: usize = 1024 * 1024;
    let app = App::new(Behaviour::default(), Seed::default()).unwrap();
    let app = Arc::new(app);
    let large = || async {
        let mut answer = vec![b'x'; LENGTH].into_response();
        answer.extensions_mut().insert(Wreck {
            delay: Duration::ZERO,
            delays: None,
            damage: Some(Damage::ResetAfter),
            breaks: None,
        });
        answer
    };
    let router = Router::new().route("/_mock/large", get(large));
    let listeners = super::listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listeners.address();
    let serving = super::serve(
        &app,
        router,
        Ports::plain(listeners),
        pending::<Ready<()>>(),
    );
    let asking = async {
        let socket = TcpSocket::new_v4().unwrap();
        // So that most of the answer waits in the mock's machine.
        socket.set_recv_buffer_size(4096).unwrap();
        let mut stream = socket.connect(address).await.unwrap();
        let request = b"GET /_mock/large HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = Vec::new();
        let mut piece = [0; 1024];
        let end = loop {
            match stream.read(&mut piece).await {
                Ok(0) => panic!("the connection was closed"),
                Ok(read) => answer.extend_from_slice(&piece[..read]),
                Err(error) => break error.kind(),
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(end, ErrorKind::ConnectionReset);
        let body = answer.iter().rev().take_while(|byte| **byte == b'x');
        assert_eq!(body.count(), LENGTH);
    };
    tokio::select! {
        () = serving => panic!("nobody stops it"),
        () = asking => {}
    }
}

#[tokio::test]
async fn a_transfer_coding_that_the_mock_does_not_read_gets_501_in_words() {
    let mock = patient().start().await.unwrap();
    for (target, word) in [
        ("/v1/users/ada/actions/pay", "\"errorDescription\""),
        ("/management/add_users/mock-app", "\"reason\""),
        ("/_mock/clock", "\"error\":\"not_implemented\""),
        ("/challenge/verify", "the header"),
        ("/nothing", "\"reason\""),
    ] {
        for codings in [
            "gzip, chunked",
            "gzip\r\nTransfer-Encoding: Chunked",
            "chunked, chunked",
        ] {
            let sent = format!(
                "POST {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: {codings}\r\n\r\n2\r\n{{}}\r\n0\r\n\r\n"
            );
            let answer = told(mock.address(), sent.as_bytes()).await;
            assert!(answer.starts_with("HTTP/1.1 501 "), "{target}: {answer}");
            assert!(answer.contains(word), "{target}: {answer}");
            let shown = codings.replace("\r\nTransfer-Encoding:", ",");
            let why = format!(
                "Transfer-Encoding is {shown}; the mock reads no other coding than chunked"
            );
            assert!(answer.contains(&why), "{target}: {answer}");
        }
    }
    let plain = b"POST /_mock/clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
    let answer = told(mock.address(), plain).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_chunk_without_a_size_gets_400_in_words_and_so_does_a_body_that_ends_early() {
    let mock = patient().start().await.unwrap();
    let head =
        "POST /_mock/clock HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
    for broken in [
        "ZZ\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}XX\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFFF\r\n",
    ] {
        let answer = told(mock.address(), format!("{head}{broken}").as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{broken}: {answer}");
        assert!(
            answer.contains(
                "body is not in chunks as Transfer-Encoding says: each begins with its size"
            ),
            "{broken}: {answer}"
        );
    }
    let mut stream = TcpStream::connect(mock.address()).await.unwrap();
    let cut = format!("{head}5\r\n{{}}");
    stream.write_all(cut.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(
        answer.is_empty() || answer.contains("body ended too early"),
        "{answer}"
    );
}

#[tokio::test]
async fn answers_that_nobody_reads_share_a_room_until_their_last_byte_is_sent() {
    let app = App::new(Behaviour::default(), Seed::default()).unwrap();
    let app = Arc::new(app);
    let large = || std::future::ready(vec![b'x'; bounds::ANSWERS]);
    let router = Router::new().route("/_mock/large", get(large));
    let listeners = super::listen(([127, 0, 0, 1], 0).into()).unwrap();
    let address = listeners.address();
    let serving = super::serve(
        &app,
        router,
        Ports::plain(listeners),
        pending::<Ready<()>>(),
    );
    let asking = async {
        let request = b"GET /_mock/large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        let mut unread = TcpStream::connect(address).await.unwrap();
        unread.write_all(request).await.unwrap();
        let mut begin = [0; 12];
        unread.read_exact(&mut begin).await.unwrap();
        assert_eq!(&begin, b"HTTP/1.1 200");
        let refused = told(address, request).await;
        assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
        assert!(refused.contains("ask for less with limit"), "{refused}");
        let mut rest = Vec::new();
        unread.read_to_end(&mut rest).await.unwrap();
        assert!(rest.len() > bounds::ANSWERS);
        assert!(told(address, request).await.starts_with("HTTP/1.1 200 "));
    };
    tokio::select! {
        () = serving => panic!("nobody stops it"),
        () = asking => {}
    }
}
