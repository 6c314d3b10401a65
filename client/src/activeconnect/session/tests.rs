//! [`Session`] against a double that answers as told.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::signing::Signer;
use super::*;

fn client(server: &str) -> Activeconnect {
    Activeconnect::builder("app", "MARKED-app-secret")
        .server(server)
        .signer(Signer::FIXED)
        .build()
        .unwrap()
}

fn saved(base: &str, status: &str) -> Value {
    json!({
        "session_token": "MARKED-token",
        "session_secret": "MARKED-session-secret",
        "status_url": format!("{base}/s?token=MARKED-token"),
        "logout_url": format!("{base}/l?token=MARKED-token"),
        "failure_reason": null,
        "session_status": status,
    })
}

fn session(base: &str, status: &str) -> Session {
    client(base)
        .session_from_json(&saved(base, status).to_string())
        .unwrap()
}

fn offline(status: &str) -> Session {
    session("http://127.0.0.1:1", status)
}

async fn telling(answers: Vec<ResponseTemplate>) -> MockServer {
    let server = MockServer::start().await;
    let next = AtomicUsize::new(0);
    let respond = move |_: &wiremock::Request| {
        let index = next.fetch_add(1, Ordering::Relaxed).min(answers.len() - 1);
        answers[index].clone()
    };
    Mock::given(wiremock::matchers::any())
        .respond_with(respond)
        .mount(&server)
        .await;
    server
}

fn standing(status: &str) -> ResponseTemplate {
    let standing = json!({"session_status": status, "authenticated": false});
    ResponseTemplate::new(200).set_body_json(json!({"authentication_status": standing}))
}

fn quickly() -> WaitOptions {
    WaitOptions::default().interval(Duration::ZERO)
}

#[test]
fn the_properties_follow_the_status_as_in_the_vendors_client() {
    for (status, in_progress, active, failed) in [
        ("pending", true, false, false),
        ("identifying", true, false, false),
        ("active", false, true, false),
        ("walkaway", false, false, false),
        ("closed", false, false, false),
        ("failed", false, false, true),
        ("cancelled", false, false, true),
        ("timeout", false, false, true),
        ("brand_new", false, false, false),
    ] {
        let session = offline(status);
        assert_eq!(session.session_status().as_str(), status);
        assert_eq!(
            (session.in_progress(), session.active(), session.failed()),
            (in_progress, active, failed)
        );
    }
}

#[test]
fn the_json_has_exactly_the_six_members_of_the_vendors_client() {
    for status in ["pending", "walkaway", "brand_new"] {
        let json = offline(status).to_json();
        assert_eq!(
            serde_json::from_str::<Value>(&json).unwrap(),
            saved("http://127.0.0.1:1", status)
        );
    }
    let refused = Session::refused(
        client("http://127.0.0.1:1"),
        "ada",
        "NO_MOBILE_DEVICE".to_owned(),
    );
    let expected = json!({
        "session_token": null, "session_secret": null, "status_url": null, "logout_url": null,
        "failure_reason": "NO_MOBILE_DEVICE", "session_status": "failed",
    });
    assert_eq!(
        serde_json::from_str::<Value>(&refused.to_json()).unwrap(),
        expected
    );
}

#[test]
fn a_session_of_the_vendors_client_loads_and_compares() {
    // As `Session.Schema().dumps` of the Python client 0.0.10 with marshmallow 3 writes it.
    let json = r#"{"session_status": "pending", "failure_reason": null, "session_secret": "s", "status_url":
        "http://127.0.0.1:1/s", "session_token": "t", "logout_url": "http://127.0.0.1:1/l"}"#;
    let client = client("http://127.0.0.1:1");
    let session = client.session_from_json(json).unwrap();
    assert_eq!(
        client.session_from_json(&session.to_json()).unwrap(),
        session
    );
    assert_ne!(session, offline("pending"));
}

#[test]
fn json_that_is_no_session_is_refused_without_being_repeated() {
    let edit = |change: &dyn Fn(&mut serde_json::Map<String, Value>)| {
        let mut json = saved("http://127.0.0.1:1", "pending");
        change(json.as_object_mut().unwrap());
        client("http://127.0.0.1:1").session_from_json(&json.to_string())
    };
    assert!(edit(&|json| drop(json.remove("failure_reason"))).is_ok());
    for result in [
        edit(&|json| drop(json.insert("MARKED".into(), json!("MARKED")))),
        edit(&|json| drop(json.insert("session_status".into(), json!(1)))),
        edit(&|json| drop(json.insert("session_status".into(), Value::Null))),
        edit(&|json| drop(json.remove("session_status"))),
        edit(&|json| drop(json.remove("session_token"))),
        edit(&|json| drop(json.remove("session_secret"))),
        edit(&|json| drop(json.remove("status_url"))),
        edit(&|json| drop(json.remove("logout_url"))),
        client("http://127.0.0.1:1").session_from_json("MARKED"),
        client("http://127.0.0.1:1").session_from_json(""),
    ] {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidInput);
        assert!(
            !format!("{error} {error:?}").contains("MARKED"),
            "{error:?}"
        );
    }
}

#[test]
fn debug_hides_the_sessions_credentials() {
    let text = format!("{:?} {:#?}", offline("active"), offline("active"));
    assert!(
        text.contains("Active") && !text.contains("MARKED"),
        "{text}"
    );
}

#[test]
fn waiting_can_be_spawned() {
    fn sent<T: Send>(_: T) {}
    sent(offline("pending").wait(quickly()));
    sent(offline("pending").destroy());
}

#[tokio::test]
async fn the_status_is_asked_for_at_the_sessions_url_with_the_sessions_signature() {
    let server = telling(vec![standing("active")]).await;
    let mut session = session(&server.uri(), "pending");
    assert_eq!(session.status().await.unwrap(), &SessionStatus::Active);
    assert!(session.active());

    let received = server.received_requests().await.unwrap();
    assert_eq!(received.len(), 1);
    assert_eq!(
        (received[0].method.as_str(), received[0].url.path()),
        ("GET", "/s")
    );
    let url = format!("{}/s?token=MARKED-token", server.uri())
        .parse()
        .unwrap();
    let mut expected = Request::new(Method::GET, url);
    Signer::FIXED
        .sign(
            &mut expected,
            "MARKED-token",
            &"MARKED-session-secret".into(),
        )
        .unwrap();
    for (name, value) in expected.headers() {
        assert_eq!(received[0].headers[name].as_bytes(), value.as_bytes());
    }
}

#[tokio::test]
async fn urls_of_another_origin_are_never_called() {
    let own = telling(vec![standing("active")]).await;
    let foreign = telling(vec![standing("active")]).await;
    let port = own.address().port();
    for url in [
        format!("{}/s", foreign.uri()),
        format!("https://127.0.0.1:{port}/s"),
        format!("http://localhost:{port}/s"),
        format!("http://user@127.0.0.1:{port}/s"),
        format!("http://user:MARKED@127.0.0.1:{port}/s"),
        "http://127.0.0.1/s".to_owned(),
        "/s".to_owned(),
        "file:///s".to_owned(),
        String::new(),
    ] {
        let mut json = saved(&own.uri(), "pending");
        json["status_url"] = json!(url);
        json["logout_url"] = json!(url);
        let mut session = client(&own.uri())
            .session_from_json(&json.to_string())
            .unwrap();
        for error in [
            session.status().await.map(drop).unwrap_err(),
            session.destroy().await.map(drop).unwrap_err(),
        ] {
            assert_eq!(
                (error.kind(), error.attempts()),
                (Kind::ForeignOrigin, 0),
                "{url}"
            );
            assert!(!error.to_string().contains("MARKED"));
        }

        let started: StartedAuthentication = serde_json::from_value(json!({
            "authenticated": true, "session_status": "pending", "session_token": "t", "session_secret": "s",
            "status_url": url, "logout_url": format!("{}/l", own.uri()),
        }))
        .unwrap();
        assert_eq!(
            Session::started(client(&own.uri()), "ada", started)
                .unwrap_err()
                .kind(),
            Kind::ForeignOrigin
        );
    }
    assert!(own.received_requests().await.unwrap().is_empty());
    assert!(foreign.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_does_not_take_the_signature_along() {
    let foreign = telling(vec![standing("active")]).await;
    let redirect = ResponseTemplate::new(302).insert_header("location", foreign.uri());
    let server = telling(vec![redirect]).await;
    let error = session(&server.uri(), "pending")
        .status()
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Redirect, Some(302)));
    assert!(foreign.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn waiting_asks_until_the_session_is_no_longer_in_progress() {
    let server = telling(vec![
        standing("pending"),
        standing("identifying"),
        standing("cancelled"),
    ])
    .await;
    let mut session = session(&server.uri(), "pending");
    assert_eq!(
        session.wait(quickly()).await.unwrap(),
        &SessionStatus::Cancelled
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 3);

    // It has ended: nothing to wait for.
    session.wait(quickly()).await.unwrap();
    assert_eq!(server.received_requests().await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_deadline_ends_the_wait_with_an_error_of_its_own_kind() {
    let server = telling(vec![standing("pending")]).await;
    let mut session = session(&server.uri(), "pending");
    // The next question would come after the deadline, so this waits for nothing.
    let options = WaitOptions::default().interval(Duration::from_secs(3_600));
    let error = session.wait(options).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.is_timeout()),
        (Kind::WaitTimeout, true)
    );
    assert_eq!(
        error.to_string(),
        "session_status: still in progress when the time for waiting was over"
    );
    assert_eq!(server.received_requests().await.unwrap().len(), 1);
    assert!(session.in_progress());
}

#[tokio::test]
async fn a_deadline_cuts_a_question_short() {
    let server = telling(vec![
        standing("active").set_delay(Duration::from_secs(3_600)),
    ])
    .await;
    let mut session = session(&server.uri(), "pending");
    let error = session
        .wait(quickly().deadline(Duration::from_millis(20)))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::WaitTimeout);
}

#[tokio::test(start_paused = true)]
async fn the_pace_keeps_interval_and_deadline() {
    let options = WaitOptions::default();
    let pace = Pace::start(options);
    let start = Instant::now();
    let mut turns = 1;
    while pace.pause().await.is_ok() {
        turns += 1;
    }
    assert_eq!((turns, start.elapsed()), (60, Duration::from_secs(118)));

    let stuck = pace.within(std::future::pending::<()>()).await;
    assert_eq!(
        (stuck, start.elapsed()),
        (Err(Expired), Duration::from_secs(120))
    );
}

#[tokio::test(start_paused = true)]
async fn the_pace_has_a_shortest_interval_and_takes_any_deadline() {
    let pace = Pace::start(
        WaitOptions::default()
            .interval(Duration::ZERO)
            .deadline(Duration::MAX),
    );
    let start = Instant::now();
    pace.pause().await.unwrap();
    assert_eq!(start.elapsed(), WaitOptions::MIN_INTERVAL);
    let pace = Pace::start(WaitOptions::default().interval(Duration::MAX));
    assert_eq!(pace.pause().await, Err(Expired));
}

#[tokio::test]
async fn destroying_tells_whether_it_ended_the_session() {
    for (body, ended) in [
        (json!({"status": true}), true),
        (json!({"status": false}), false),
        (json!({}), false),
    ] {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/l"))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
        let mut session = session(&server.uri(), "active");
        assert_eq!(session.destroy().await.unwrap(), ended);
        assert_eq!(session.active(), !ended);
        let received = server.received_requests().await.unwrap();
        assert!(received[0].body.is_empty());
        assert!(
            received[0].headers["authentication"]
                .to_str()
                .unwrap()
                .starts_with("hmac MARKED-token:42:")
        );
    }
}

#[tokio::test]
async fn a_session_without_credentials_is_not_asked_about() {
    let mut json = saved("http://127.0.0.1:1", "pending");
    json["session_secret"] = Value::Null;
    let mut session = client("http://127.0.0.1:1")
        .session_from_json(&json.to_string())
        .unwrap();
    let error = session.status().await.unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidInput);
    assert_eq!(
        error.to_string(),
        "session_status: an argument is not acceptable: the session has no credentials"
    );
}
