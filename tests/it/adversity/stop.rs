//! A mock that stops while clients have sent half of what they had to say. The times of the mock are long, so that nothing
//! but the stop ends a connection.

use std::net::TcpListener;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::mock;

const LONG: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end() {
    let server = mock()
        .deterministic()
        .header_time(LONG)
        .body_time(LONG)
        .idle_time(LONG)
        .start()
        .await
        .expect("the mock starts");
    let address = server.address();
    let mut open = Vec::new();
    for sent in [
        "",
        "POST",
        "POST /_mock/clock HTTP/1.1\r\nHost: localhost\r\nContent-",
    ] {
        let mut stream = TcpStream::connect(address).await.expect("it accepts");
        let written = stream.write_all(sent.as_bytes()).await;
        written.expect("it reads");
        open.push(stream);
    }
    // The mock has read these heads, because it asks for the bodies.
    for length in ["Content-Length: 9", "Transfer-Encoding: chunked"] {
        let mut stream = TcpStream::connect(address).await.expect("it accepts");
        let head = format!(
            "POST /_mock/clock HTTP/1.1\r\nHost: localhost\r\n{length}\r\nExpect: 100-continue\r\n\r\n"
        );
        let written = stream.write_all(head.as_bytes()).await;
        written.expect("it reads");
        let mut goes_on = [0; 25];
        stream.read_exact(&mut goes_on).await.expect("it goes on");
        assert_eq!(&goes_on, b"HTTP/1.1 100 Continue\r\n\r\n");
        let written = stream.write_all(b"5\r\n{").await;
        written.expect("it reads");
        open.push(stream);
    }
    // This one has begun to answer.
    let mut events = TcpStream::connect(address).await.expect("it accepts");
    let written = events
        .write_all(b"GET /_mock/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .await;
    written.expect("it reads");
    let mut first = [0; 12];
    events.read_exact(&mut first).await.expect("it answers");
    assert_eq!(&first, b"HTTP/1.1 200");
    open.push(events);

    server.stop().await;
    for mut stream in open {
        let mut rest = Vec::new();
        // Closed, with or without an answer.
        let _ = stream.read_to_end(&mut rest).await;
        let rest = String::from_utf8_lossy(&rest);
        assert!(!rest.contains("HTTP/1.1 2"), "{rest}");
    }
    TcpListener::bind(address).expect("its port is free");
}
