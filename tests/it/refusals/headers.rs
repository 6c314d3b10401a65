//! Headers that are missing or have another form.

use super::{Good, each_refused, world};
use crate::signing_reference;
use crate::wire::{HOST, Request};
use crate::world::{AUTHENTICATION, NOW, TIMESTAMP, VERSION, signed};

#[tokio::test]
async fn each_missing_header_is_named() {
    for header in [AUTHENTICATION, TIMESTAMP] {
        each_refused(header, |world, good, credentials| {
            signed(good.plain(), credentials, &world.next_nonce(), NOW).without(header)
        })
        .await;
    }
}

#[tokio::test]
async fn a_signature_of_the_wrong_length_is_refused_even_if_it_begins_right() {
    for length in [0_usize, 1, 15, 17, 32] {
        each_refused(AUTHENTICATION, |world, good, credentials| {
            let nonce = world.next_nonce();
            let url = format!("http://{HOST}{}", good.target);
            let mut tag = signing_reference::tag(&credentials.secret, &url, &nonce, NOW).to_vec();
            tag.resize(length, 0);
            with_authentication(
                good,
                &signing_reference::with_tag(&credentials.id, &nonce, &tag),
            )
        })
        .await;
    }
}

fn with_authentication(good: &Good, value: &str) -> Request {
    good.plain()
        .header(AUTHENTICATION, value)
        .header(TIMESTAMP, &NOW.to_string())
        .header(VERSION, "1")
}

#[tokio::test]
async fn a_malformed_header_is_refused() {
    let tag = "AAAAAAAAAAAAAAAAAAAAAA==";
    for value in [
        String::new(),
        "hmac".to_owned(),
        "hmac ".to_owned(),
        format!("hmac mock-app:{tag}"),
        format!("hmac :1:{tag}"),
        format!("hmac mock-app::{tag}"),
        format!("HMAC mock-app:1:{tag}"),
        format!("Basic mock-app:1:{tag}"),
        format!("hmac mock-app:1:{}", tag.trim_end_matches('=')),
        format!("hmac mock-app:1:{}", tag.replace('A', "*")),
        "Bearer token".to_owned(),
    ] {
        each_refused(AUTHENTICATION, |_, good, _| {
            with_authentication(good, &value)
        })
        .await;
    }
}

#[tokio::test]
async fn two_timestamps_that_differ_are_refused() {
    each_refused(
        "x-iampass-authentication-timestamp",
        |world, good, credentials| {
            let request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
            request.header("X-IAMPASS-Authentication-Timestamp", &(NOW + 1).to_string())
        },
    )
    .await;
}

/// Of two values, a proxy may check the one and the mock the other; so it does not matter whether they are the same.
#[tokio::test]
async fn a_header_of_the_signature_that_is_sent_twice_is_refused() {
    for name in [
        AUTHENTICATION,
        TIMESTAMP,
        VERSION,
        "x-iampass-authentication-timestamp",
        "x-iamoass-authentication-version",
    ] {
        each_refused(&name.to_lowercase(), |world, good, credentials| {
            let request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
            let value = match request.headers.iter().find(|(other, _)| other == name) {
                Some((_, value)) => value.clone(),
                None if name.ends_with("version") => "1".to_owned(),
                None => NOW.to_string(),
            };
            let request = request.without(name);
            request.header(name, &value).header(name, &value)
        })
        .await;
    }
}

#[tokio::test]
async fn a_timestamp_that_is_not_a_number_of_seconds_is_refused() {
    for timestamp in [
        "",
        "now",
        "-1",
        "+1767225600",
        "1767225600.0",
        "1767225600000000000000",
    ] {
        each_refused(TIMESTAMP, |world, good, credentials| {
            let request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
            request.without(TIMESTAMP).header(TIMESTAMP, timestamp)
        })
        .await;
    }
}

/// The headers of a client that is not Activeconnect's.
#[tokio::test]
async fn every_name_of_the_headers_is_accepted_and_the_version_may_be_missing() {
    let world = world().await;
    let target = format!(
        "/authentication/session_status/mock-app/{}",
        world.session.id
    );
    // The misspellings are those of the documentation and of four releases of IAMPASS.
    for (timestamp, version) in [
        (
            "X-Iampass-Authentication-Timestamp",
            Some(("X-Iamoass-Authentication-Version", "1")),
        ),
        ("X-IAMPASS-Authentication-Timestamp", None),
        (
            "X-IAMPASS-Authentiaction-Timestamp",
            Some(("X-IAMPASS-Authentiaction-Version", "1")),
        ),
        (
            "X-Activeconnect-Authentiaction-Timestamp",
            Some(("X-Activeconnect-Authentiaction-Version", "1")),
        ),
        (TIMESTAMP, None),
        (TIMESTAMP, Some((VERSION, "2"))),
    ] {
        let plain = Request::new("GET", &target);
        let mut request = signed(plain, &world.session, &world.next_nonce(), NOW)
            .without(TIMESTAMP)
            .without(VERSION)
            .header(timestamp, &NOW.to_string());
        if let Some((name, value)) = version {
            request = request.header(name, value);
        }
        let answer = world.send(&request).await;
        assert_eq!(answer.status, 200, "{timestamp} {version:?}");
    }
}
