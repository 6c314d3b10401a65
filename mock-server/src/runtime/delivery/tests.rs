//! What the mock sends to which receiver, and which receivers it refuses, over plain HTTP and over HTTPS.

use std::time::Duration;

use reqwest::dns::Resolve as _;

use super::{Courier, Near, of_system, origin, signature};
use crate::bounds::DELIVERIES_OF_ALL;
use crate::domain::authsignal::webhook::Answer;
use crate::traces::{Sent, Traces};

/// A span of a mock that traces nothing.
fn untraced() -> Sent {
    Traces::default().delivery("", "", None)
}

const BODY: &[u8] = br#"{"version":1,"id":"00000000-0000-4000-8000-000000000001","source":"https://authsignal.com","time":"2025-01-01T00:00:00.000Z","tenantId":"00000000-0000-4000-8000-0000000000aa","type":"email.created","data":{"to":"a@example.com","code":"123456","userId":"u1","actionCode":"signIn","idempotencyKey":"k1","verificationMethod":"EMAIL_OTP"}}"#;

#[test]
fn a_signature_is_the_one_that_the_vendors_verifiers_accept() {
    let one = "55KT0O9oZzSMKBZ9SPsIKof1l94OLidXw/dHDAjtUcc";
    let text = signature(&["test-secret-key-123"], BODY, 1_735_689_600);
    assert_eq!(text, format!("t=1735689600,v2={one}"));
    let two = signature(
        &["test-secret-key-123", "the next one"],
        BODY,
        1_735_689_600,
    );
    assert!(two.starts_with(&format!("{text},v2=")), "{two}");
    assert_eq!(two.len(), text.len() + ",v2=".len() + one.len());
}

#[test]
fn a_target_is_on_this_machine_unless_it_is_allowed() {
    let courier = Courier::new(
        Duration::from_secs(1),
        &["Receiver.Test".into(), "10.0.0.7".into()],
    );
    for near in [
        "http://127.0.0.1:1/hook",
        "http://127.1.2.3/",
        "http://[::1]:80/a?b=c",
        "http://localhost:9/",
        // Names are checked by what they resolve to.
        "http://anything.example/",
        "http://receiver.test/",
        "http://10.0.0.7/",
    ] {
        assert_eq!(courier.check(near), Ok(()), "{near}");
    }
    for (far, why) in [
        ("http://10.0.0.8/", "--webhook-allow 10.0.0.8"),
        ("http://0.0.0.0/", "0.0.0.0 is not on this machine"),
        ("http://[::ffff:8.8.8.8]/", "is not on this machine"),
        ("http://134744072/", "8.8.8.8 is not on this machine"),
        ("file:///etc/passwd", "http and https only"),
        ("127.0.0.1:80", "not a URL"),
        ("", "not a URL"),
    ] {
        let error = courier.check(far).unwrap_err();
        assert!(error.contains(why), "{far}: {error}");
    }
    let mapped = courier.check("http://[::ffff:127.0.0.1]/");
    assert_eq!(mapped, Ok(()), "the same address in another form");
}

#[test]
fn a_target_is_never_the_mock_itself() {
    let courier = Courier::new(
        Duration::from_secs(1),
        &["far.test".into(), "192.0.2.7".into()],
    );
    assert_eq!(
        courier.check("http://127.0.0.1:4750/"),
        Ok(()),
        "it does not listen yet"
    );
    let plain = ([192, 0, 2, 7], 4750).into();
    courier.listens_at(&[plain, ([127, 0, 0, 1], 8443).into()]);
    for own in [
        "http://127.0.0.1:4750/_mock/webhooks/trigger",
        "http://localhost:4750/",
        "http://[::1]:4750/",
        "http://[::ffff:127.0.0.1]:4750/",
        "http://192.0.2.7:4750/",
        "http://any.name.example:4750/v1",
    ] {
        let error = courier.check(own).unwrap_err();
        assert!(error.contains(":4750 is the mock itself"), "{own}: {error}");
    }
    let error = courier.check("http://localhost:8443/").unwrap_err();
    assert!(error.contains(":8443 is the mock itself"), "{error}");
    for other in [
        "http://127.0.0.1:4751/",
        "http://localhost/",
        "http://far.test:4750/",
        "http://192.0.2.7:1/",
    ] {
        assert_eq!(courier.check(other), Ok(()), "{other}");
    }
}

/// An address of this machine that is not loopback, if it has one. Connecting a datagram socket sends nothing.
fn address_of_this_machine() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[tokio::test]
async fn a_mock_that_listens_everywhere_is_no_target_at_any_address_of_this_machine() {
    let own = address_of_this_machine();
    let own = own.map_or_else(|| "0.0.0.0".to_owned(), |own| own.to_string());
    let courier = Courier::new(
        Duration::from_secs(1),
        &[
            own.clone(),
            "0.0.0.0".into(),
            "192.0.2.7".into(),
            "localhost".into(),
        ],
    );
    courier.listens_at(&[([0, 0, 0, 0], 4750).into()]);
    for own in [&*own, "0.0.0.0", "127.0.0.1"] {
        let error = courier.check(&format!("http://{own}:4750/")).unwrap_err();
        assert!(error.contains(":4750 is the mock itself"), "{own}: {error}");
    }
    for other in [
        format!("http://{own}:4751/"),
        "http://192.0.2.7:4750/".to_owned(),
    ] {
        assert_eq!(courier.check(&other), Ok(()), "{other}");
    }
    // An allowed name is checked by what it resolves to.
    let answer = courier
        .post(
            "http://localhost:4750/",
            Vec::new(),
            String::new(),
            &untraced(),
        )
        .await;
    assert_eq!(
        answer,
        Answer::Unsent(
            "localhost:4750 is the mock itself; give the URL of a server of your application"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn a_name_stands_for_addresses_of_this_machine_unless_it_is_allowed() {
    let near = |allowed: &str| Near {
        allowed: [allowed.to_owned()].into(),
    };
    let mut found = near("")
        .resolve("localhost".parse().unwrap())
        .await
        .unwrap();
    assert!(found.all(|address| address.ip().is_loopback()));
    // What is an address already needs no server of names.
    let far = near("other").resolve("192.0.2.1".parse().unwrap()).await;
    let error = far.err().unwrap().to_string();
    assert!(error.contains("--webhook-allow 192.0.2.1"), "{error}");
    let far = near("192.0.2.1")
        .resolve("192.0.2.1".parse().unwrap())
        .await;
    assert_eq!(far.unwrap().count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_delivery_waits_for_a_place_as_long_as_a_receiver_may_take() {
    let courier = Courier::new(Duration::from_secs(10), &[]);
    let all = u32::try_from(DELIVERIES_OF_ALL).unwrap();
    let taken = courier.places.acquire_many(all).await.unwrap();
    let began = tokio::time::Instant::now();
    let span = untraced();
    let answer = courier.post("http://127.0.0.1:9/", Vec::new(), String::new(), &span);
    let Answer::Unsent(why) = answer.await else {
        panic!("there was no place");
    };
    assert!(
        why.ends_with("no place for it became free within 10s"),
        "{why}"
    );
    assert_eq!(began.elapsed(), Duration::from_secs(10));
    drop(taken);
    let answer = courier.post("ftp://127.0.0.1:9/", Vec::new(), String::new(), &span);
    assert!(answer.await.to_string().contains("http and https only"));
    assert_eq!(courier.places.available_permits(), DELIVERIES_OF_ALL);
}

#[cfg(unix)]
#[test]
fn an_error_of_the_system_is_told_by_its_own_name_and_its_own_party() {
    let told = |code: i32| of_system(&std::io::Error::from_raw_os_error(code));
    for exhausted in [23, 24] {
        let Answer::Unsent(why) = told(exhausted) else {
            panic!("no receiver is to blame for {exhausted}");
        };
        assert!(why.contains("ulimit -n"), "{why}");
    }
    let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
    assert_eq!(
        of_system(&refused),
        Answer::Nothing("connection refused".to_owned())
    );
    // ENOTTY has no kind.
    let Answer::Nothing(why) = told(25) else {
        panic!("the mock is not to blame");
    };
    assert!(why.contains("os error 25"), "{why}");
}

#[test]
fn what_is_told_of_a_target_is_its_origin() {
    assert_eq!(
        origin("http://127.0.0.1:80/hook?key=secret"),
        "http://127.0.0.1"
    );
    assert_eq!(origin("nonsense"), "its URL");
}

/// Receivers with a self-signed certificate.
#[cfg(feature = "https")]
mod https {
    use std::sync::Arc;
    use std::time::Duration;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
    use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

    use super::super::Courier;
    use crate::domain::authsignal::webhook::Answer;

    /// A self-signed certificate of localhost, valid until 2126.
    const CERTIFICATE: &str = "MIIBmjCCAUGgAwIBAgIUW7Po92vJPXH3QCXBM3j9x2RPPOIwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAX\
        DTI2MTEyOTA3MDYzM1oYDzIxMjYxMTA1MDcwNjMzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO\
        PQMBBwNCAARb95G3cM9tSJLvhQ72chZOEesLBDX+xOuhdn61/SP7LHNAaNzBK6Fu7vrbYLgDJ0322E3k4VCQZZDfiINv7G+o\
        o28wbTAdBgNVHQ4EFgQUy9iXymJ028gPYECCQsdD6JZPTFMwHwYDVR0jBBgwFoAUy9iXymJ028gPYECCQsdD6JZPTFMwDwYD\
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZIzj0EAwIDRwAwRAIgQ95+tmDZR5pFJV8+\
        NNynuP9LBuffRMNu2z0W7C/YIOECIBZdK3hGtU56Fa0X9vbi1vh6wV+qbIU5oCBREUQu0xN/";
    /// Its key, which protects nothing.
    const KEY: &str = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgfoE07Y+3/4ltaazXabxSnesOSXLMnXGzMZaX4Vf5LDOhRANC\
        AARb95G3cM9tSJLvhQ72chZOEesLBDX+xOuhdn61/SP7LHNAaNzBK6Fu7vrbYLgDJ0322E3k4VCQZZDfiINv7G+o";

    /// A receiver that takes one delivery, and what it was sent.
    async fn receiver() -> (String, tokio::task::JoinHandle<String>) {
        let der = |text: &str| STANDARD.decode(text).unwrap();
        let key = PrivatePkcs8KeyDer::from(der(KEY));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![der(CERTIFICATE).into()], key.into())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "https://localhost:{}/hook",
            listener.local_addr().unwrap().port()
        );
        let received = tokio::spawn(async move {
            let (connection, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(connection).await else {
                return String::new();
            };
            let mut received = Vec::new();
            while !received.ends_with(b"{}") {
                let count = stream.read_buf(&mut received).await.unwrap();
                assert_ne!(count, 0, "the request ended early");
            }
            let answer = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            stream.flush().await.unwrap();
            String::from_utf8(received).unwrap()
        });
        (url, received)
    }

    async fn post(courier: &Courier, url: &str) -> Answer {
        courier
            .post(
                url,
                b"{}".to_vec(),
                "t=1,v2=x".to_owned(),
                &super::untraced(),
            )
            .await
    }

    #[tokio::test]
    async fn a_self_signed_certificate_is_refused_with_what_to_do() {
        let (url, received) = receiver().await;
        let courier = Courier::new(Duration::from_secs(10), &[]);
        let Answer::Nothing(why) = post(&courier, &url).await else {
            panic!("the certificate was trusted")
        };
        assert!(why.contains("certificate"), "{why}");
        assert!(why.contains("--webhook-insecure"), "{why}");
        assert_eq!(received.await.unwrap(), "", "nothing was sent to it");
    }

    #[tokio::test]
    async fn any_certificate_will_do_if_the_settings_say_so() {
        let (url, received) = receiver().await;
        let courier = Courier::new(Duration::from_secs(10), &[]).trusting_anyone();
        assert_eq!(post(&courier, &url).await, Answer::Status(204));
        let received = received.await.unwrap();
        assert!(
            received.starts_with("POST /hook HTTP/1.1\r\n"),
            "{received}"
        );
        assert!(
            received
                .to_ascii_lowercase()
                .contains("x-signature-v2: t=1,v2=x"),
            "{received}"
        );
    }

    #[tokio::test]
    async fn over_https_too_a_receiver_is_on_this_machine_and_not_the_mock() {
        let courier = Courier::new(Duration::from_secs(1), &[]).trusting_anyone();
        courier.listens_at(&[([127, 0, 0, 1], 443).into()]);
        for (url, why) in [
            ("https://192.0.2.1/", "--webhook-allow 192.0.2.1"),
            ("https://localhost/", "localhost:443 is the mock itself"),
        ] {
            let error = courier.check(url).unwrap_err();
            assert!(error.contains(why), "{url}: {error}");
        }
    }
}
