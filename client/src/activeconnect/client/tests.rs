//! [`Activeconnect`] against a double that answers as told.

use serde_json::json;
use wiremock::matchers::{body_json, method, path, query_param, query_param_is_missing};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use std::time::Duration;

use super::super::signing::Signer;
use super::super::{Service, SessionStatus};
use super::*;
use crate::transport::recording;

fn client(server: &MockServer) -> Activeconnect {
    Activeconnect::builder("app 1", "MARKED-app-secret")
        .server(server.uri())
        .signer(Signer::FIXED)
        .build()
        .unwrap()
}

/// A server that gives every request the same answer.
async fn answering(status: u16, body: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(wiremock::matchers::any())
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .mount(&server)
        .await;
    server
}

async fn only_request(server: &MockServer) -> Request {
    let mut received = server.received_requests().await.unwrap();
    assert_eq!(received.len(), 1);
    received.remove(0)
}

#[test]
fn the_client_can_be_shared_between_threads_and_made_without_a_runtime() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send>(_: T) {}
    let client = Activeconnect::builder("app", "secret")
        .server("http://127.0.0.1:1")
        .build()
        .unwrap();
    shared(&client);
    sent(client.add_users(vec!["a".to_owned()]));
    sent(client.authenticate_user("a", &[]));
}

#[tokio::test]
async fn slashes_at_the_end_of_the_server_are_not_sent() {
    let server = answering(200, json!({"status": true})).await;
    for end in ["", "/", "//"] {
        let client = Activeconnect::builder("app", "s")
            .server(format!("{}/prefix{end}", server.uri()))
            .build()
            .unwrap();
        client.delete_user("u").await.unwrap();
    }
    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.url.path(), "/prefix/management/delete_users/app");
    }
}

#[tokio::test]
async fn iampass_gets_the_headers_that_its_own_clients_send_and_a_duration() {
    let refused = json!({"authentication_status": {"authenticated": false, "reason": "NO"}});
    let server = answering(200, refused).await;
    let iampass = Activeconnect::builder("app", "MARKED-app-secret")
        .service(Service::Iampass)
        .server(server.uri())
        .build()
        .unwrap();
    for unusable in [Duration::ZERO, Duration::from_millis(1500)] {
        let error = iampass.authenticate_user_for("u", &[], unusable).await;
        assert_eq!(
            error.unwrap_err().kind(),
            Kind::InvalidInput,
            "{unusable:?}"
        );
    }
    let minute = Duration::from_secs(60);
    iampass
        .authenticate_user_for("u", &[], minute)
        .await
        .unwrap();
    let request = only_request(&server).await;
    assert_eq!(request.url.query(), Some("duration_seconds=60"));
    assert!(
        request
            .headers
            .contains_key("x-iampass-authentication-timestamp")
    );
    assert_eq!(request.headers["x-iamoass-authentication-version"], "1");
    let of_activeconnect = |name: &str| name.starts_with("x-sonikpass");
    assert!(
        !request
            .headers
            .keys()
            .any(|name| of_activeconnect(name.as_str()))
    );
}

#[tokio::test]
async fn every_call_is_signed_over_the_url_as_it_is_sent() {
    let server = answering(200, json!({"status": true, "register_url": "l"})).await;
    client(&server)
        .registration_link("u+1", Some("U & 1"))
        .await
        .unwrap();
    let request = only_request(&server).await;

    let sent = "/management/device_registration_link/app%201/u%2B1?display_name=U+%26+1";
    assert_eq!(&request.url[url::Position::BeforePath..], sent);
    let url = format!("{}{sent}", server.uri()).parse().unwrap();
    let mut expected = reqwest::Request::new(reqwest::Method::GET, url);
    Signer::FIXED
        .sign(&mut expected, "app 1", &Secret::from("MARKED-app-secret"))
        .unwrap();
    assert_eq!(expected.headers().len(), 3);
    for (name, value) in expected.headers() {
        assert_eq!(request.headers[name].as_bytes(), value.as_bytes(), "{name}");
    }
    assert!(!request.headers.contains_key("api-version"));
}

#[tokio::test]
async fn added_users_are_told_apart() {
    let body = json!({"status": true, "users": {"created": ["a"], "existing": ["b"]}});
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/management/add_users/app%201"))
        .and(body_json(json!({"users": ["a", "b"]})))
        .respond_with(ResponseTemplate::new(201).set_body_json(body))
        .mount(&server)
        .await;
    let added = client(&server).add_users(["a", "b"]).await.unwrap();
    assert_eq!(
        (added.created, added.existing),
        (vec!["a".to_owned()], vec!["b".to_owned()])
    );
}

#[tokio::test]
async fn one_added_user_is_new_known_or_unaccounted_for() {
    for (status, users, expected) in [
        (201, json!({"created": ["u"]}), Some(AddedUser::Created)),
        (
            200,
            json!({"existing": ["u"], "created": []}),
            Some(AddedUser::Existing),
        ),
        (200, json!({}), None),
    ] {
        let server = answering(status, json!({"status": true, "users": users})).await;
        let result = client(&server).add_user("u").await;
        match expected {
            Some(expected) => assert_eq!(result.unwrap(), expected),
            None => assert_eq!(
                result.unwrap_err().to_string(),
                "add_users: the answer is not one that the API describes: the user is neither created nor existing, \
                 status 200"
            ),
        }
    }
}

#[tokio::test]
async fn the_documented_refusal_is_an_error_with_the_vendors_reason() {
    let server = answering(200, json!({"status": false, "reason": "too many\nusers"})).await;
    let client = client(&server);
    let sms = RegistrationSms::to("+1");
    for (operation, result) in [
        ("add_users", client.add_user("u").await.map(drop)),
        ("delete_users", client.delete_user("u").await),
        (
            "send_registration_sms",
            client.send_registration_sms("u", sms).await,
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!(
            (
                error.kind(),
                error.operation(),
                error.status(),
                error.reason(),
                error.attempts()
            ),
            (
                Kind::Rejected,
                Some(operation),
                Some(200),
                Some("too many users"),
                1
            )
        );
    }
    for result in [
        client.registration_link("u", None).await,
        client.lost_user_mobile_device("u").await,
    ] {
        assert_eq!(result.unwrap_err().kind(), Kind::Rejected);
    }
}

#[tokio::test]
async fn an_empty_display_name_is_left_out() {
    let server = MockServer::start().await;
    Mock::given(query_param_is_missing("display_name"))
        .respond_with(
            ResponseTemplate::new(200)
                .set_body_json(json!({"status": true, "register_url": "the link"})),
        )
        .expect(2)
        .mount(&server)
        .await;
    for name in [None, Some("")] {
        let link = client(&server).registration_link("u", name).await.unwrap();
        assert_eq!(link.expose(), "the link");
        assert_eq!(format!("{link:?}"), "RegistrationLink(Secret(..))");
    }
}

#[tokio::test]
async fn a_text_message_carries_what_was_given_and_no_more() {
    let server = answering(200, json!({"status": true})).await;
    client(&server)
        .send_registration_sms("u", RegistrationSms::to("+1").message(""))
        .await
        .unwrap();
    let request = only_request(&server).await;
    assert_eq!(
        request.url.path(),
        "/management/send_registration_sms/app%201/u"
    );
    assert_eq!(
        request.body_json::<Value>().unwrap(),
        json!({"phone_number": "+1", "message": ""})
    );
}

#[tokio::test]
async fn whether_a_phone_is_registered_does_not_depend_on_the_status_member() {
    for registered in [true, false] {
        let server = answering(
            200,
            json!({"status": false, "device_registered": registered}),
        )
        .await;
        assert_eq!(
            client(&server)
                .has_registered_mobile_device("u")
                .await
                .unwrap(),
            registered
        );
    }
}

#[tokio::test]
async fn methods_are_one_comma_list_or_absent() {
    let server = MockServer::start().await;
    let refused =
        json!({"authentication_status": {"authenticated": false, "reason": "NO_MOBILE_DEVICE"}});
    Mock::given(query_param("methods", "acceptance,facial"))
        .respond_with(ResponseTemplate::new(200).set_body_json(&refused))
        .expect(1)
        .mount(&server)
        .await;
    Mock::given(query_param_is_missing("methods"))
        .respond_with(ResponseTemplate::new(200).set_body_json(&refused))
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server);
    let methods = [
        AuthenticationMethod::Acceptance,
        AuthenticationMethod::Facial,
    ];
    client.authenticate_user("u", &methods).await.unwrap();
    client.authenticate_user("u", &[]).await.unwrap();
}

#[tokio::test]
async fn a_refused_authentication_is_a_failed_session_with_a_reason() {
    let body =
        json!({"authentication_status": {"authenticated": false, "reason": "NO_MOBILE_DEVICE"}});
    let server = answering(200, body).await;
    let mut session = client(&server).authenticate_user("u", &[]).await.unwrap();
    assert_eq!(session.user_id(), Some("u"));
    assert!(session.failed() && !session.in_progress() && !session.active());
    assert_eq!(session.session_status(), &SessionStatus::Failed);
    assert_eq!(session.failure_reason(), Some("NO_MOBILE_DEVICE"));

    // No one to ask, nothing to end.
    assert_eq!(session.status().await.unwrap(), &SessionStatus::Failed);
    assert!(!session.destroy().await.unwrap());
    only_request(&server).await;
}

#[tokio::test]
async fn a_started_authentication_is_a_session_in_progress() {
    let server = MockServer::start().await;
    let body = json!({"authentication_status": {
        "authenticated": true,
        "session_status": "pending",
        "session_token": "t",
        "session_secret": "MARKED-session-secret",
        "status_url": format!("{}/s", server.uri()),
        "logout_url": format!("{}/l", server.uri()),
    }});
    Mock::given(path("/authentication/authenticate_user/app%201/u"))
        .respond_with(ResponseTemplate::new(202).set_body_json(body))
        .mount(&server)
        .await;
    let session = client(&server).authenticate_user("u", &[]).await.unwrap();
    assert_eq!(session.user_id(), Some("u"));
    assert!(session.in_progress() && !session.failed());
    assert_eq!(session.failure_reason(), None);
    assert_eq!(
        format!("{session:?}"),
        "Session { session_status: Pending, failure_reason: None, .. }"
    );
}

#[tokio::test]
async fn ids_that_cannot_be_addressed_are_refused_before_anything_is_sent() {
    let server = answering(200, json!({})).await;
    let client = client(&server);
    for id in ["", ".", "..", "a\0", "a\nb"] {
        for result in [
            client.add_user(id).await.map(drop),
            client.add_users(["fine", id]).await.map(drop),
            client.registration_link(id, None).await.map(drop),
            client.lost_user_mobile_device(id).await.map(drop),
            client
                .send_registration_sms(id, RegistrationSms::to("+1"))
                .await,
            client.has_registered_mobile_device(id).await.map(drop),
            client.delete_user(id).await,
            client.delete_users(vec![id]).await,
            client.authenticate_user(id, &[]).await.map(drop),
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidInput, "{id:?}");
            assert!(error.operation().is_some());
            let rule = if id.is_empty() {
                " must not be empty"
            } else {
                " must not "
            };
            assert!(error.to_string().contains(rule), "{error}");
            assert!(
                std::error::Error::source(&error)
                    .unwrap()
                    .is::<crate::InvalidSegment>()
            );
        }
    }
    let error = client
        .send_registration_sms("u", RegistrationSms::to(" "))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidInput);
    let error = client
        .raw()
        .delete_users()
        .application_id("..")
        .send()
        .await
        .unwrap_err();
    assert_eq!(Error::from(error).kind(), Kind::InvalidInput);
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn hostile_ids_stay_one_segment_of_the_path() {
    let server = answering(200, json!({"status": true, "device_registered": true})).await;
    for (id, sent) in [
        ("x\\..\\victim", "x%5C..%5Cvictim"),
        ("a/../b", "a%2F..%2Fb"),
        ("%2e%2e", "%252e%252e"),
    ] {
        client(&server)
            .has_registered_mobile_device(id)
            .await
            .unwrap();
        let received = server.received_requests().await.unwrap();
        let expected = format!("/management/has_registered_mobile_device/app%201/{sent}");
        assert_eq!(received.last().unwrap().url.path(), expected);
    }
}

#[tokio::test]
async fn an_error_answer_tells_kind_status_and_reason() {
    for (status, kind) in [
        (400, Kind::Rejected),
        (401, Kind::Unauthorized),
        (403, Kind::Unauthorized),
        (404, Kind::NotFound),
        (409, Kind::Rejected),
        (410, Kind::NotFound),
        (429, Kind::RateLimited),
        (500, Kind::Server),
        (503, Kind::Server),
    ] {
        let server = answering(status, json!({"status": false, "reason": "because"})).await;
        let error = client(&server).add_user("u").await.unwrap_err();
        assert_eq!(
            (error.kind(), error.status(), error.reason()),
            (kind, Some(status), Some("because"))
        );
        assert_eq!(
            (error.operation(), error.attempts(), error.is_timeout()),
            (Some("add_users"), 1, false)
        );
    }
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_tells_where_and_not_what() {
    for (body, place) in [
        (
            json!({"status": true, "device_registered": "MARKED"}),
            "at `device_registered`, line 1, column 29",
        ),
        (json!({"status": true}), "at `.`, line 1, column 15"),
        (json!("MARKED"), "at `.`, line 1, column 8"),
    ] {
        let server = answering(200, body).await;
        let error = client(&server)
            .has_registered_mobile_device("u")
            .await
            .unwrap_err();
        assert_eq!((error.kind(), error.status()), (Kind::Decode, Some(200)));
        let text = format!("{error} {error:?}");
        assert!(text.contains(place) && !text.contains("MARKED"), "{text}");
    }
    for body in [
        json!({"authentication_status": {"authenticated": true, "session_secret": 1}}),
        json!([1]),
    ] {
        let server = answering(200, body).await;
        let error = client(&server)
            .authenticate_user("u", &[])
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.operation()),
            (Kind::Decode, Some("authenticate_user"))
        );
    }
}

#[tokio::test]
async fn other_credentials_sign_the_same_way() {
    let server = answering(200, json!({"status": true})).await;
    let client = client(&server);
    let device = client.raw_as("device-1", "MARKED-device-secret");
    device
        .unregister_device()
        .application_id("app")
        .device_id("device-1")
        .send()
        .await
        .unwrap();
    let request = only_request(&server).await;
    assert!(
        request.headers["authentication"]
            .to_str()
            .unwrap()
            .starts_with("hmac device-1:42:")
    );
    assert!(!format!("{device:?}").contains("MARKED"));
}

#[tokio::test]
async fn an_error_of_the_generated_client_becomes_ours() {
    let server = answering(404, json!({"status": false, "reason": "no such user"})).await;
    let client = client(&server);
    let request = client
        .raw()
        .has_registered_mobile_device()
        .application_id("app")
        .user_id("u");
    let error = Error::from(request.send().await.unwrap_err());
    assert_eq!(
        (error.kind(), error.status(), error.reason()),
        (Kind::NotFound, Some(404), Some("no such user"))
    );
}

#[tokio::test]
async fn no_secret_id_or_query_reaches_a_span_an_error_or_debug_output() {
    recording::start();
    let server = MockServer::start().await;
    let answer = |operation: &str, status: u16, body: Value| {
        let template = ResponseTemplate::new(status)
            .set_body_json(body)
            .insert_header("set-cookie", "MARKED-cookie");
        Mock::given(wiremock::matchers::path_regex(operation.to_owned()))
            .respond_with(template)
            .mount(&server)
    };
    answer(
        "add_users",
        503,
        json!({"MARKED": "MARKED", "nested": {"reason": "MARKED"}}),
    )
    .await;
    answer(
        "device_registration_link",
        200,
        json!({"status": true, "register_url": "MARKED-link"}),
    )
    .await;
    answer("has_registered", 500, json!(["MARKED-body"])).await;
    answer(
        "authenticate_user",
        202,
        json!({"authentication_status": {
            "authenticated": true,
            "session_status": "pending",
            "session_token": "MARKED-token",
            "session_secret": "MARKED-session-secret",
            "status_url": format!("{}/s/MARKED-token", server.uri()),
            "logout_url": format!("{}/l/MARKED-token", server.uri()),
        }}),
    )
    .await;
    answer(
        "^/s/",
        200,
        json!({"authentication_status": {"session_status": 1, "x": "MARKED"}}),
    )
    .await;
    answer("^/l/", 404, json!({"x": "MARKED"})).await;

    let builder = Activeconnect::builder("app", "MARKED-app-secret").server(server.uri());
    let mut shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let link = client
        .registration_link("MARKED-user", Some("MARKED-name"))
        .await
        .unwrap();
    let mut session = client.authenticate_user("MARKED-user", &[]).await.unwrap();
    let sms = RegistrationSms::to("MARKED-number")
        .display_name("MARKED-name")
        .message("MARKED-text");
    shown += &format!("{client:?} {:?} {link:?} {session:?} {sms:?}", client.raw());
    for error in [
        client.add_user("MARKED-user").await.unwrap_err(),
        client
            .has_registered_mobile_device("MARKED-user")
            .await
            .unwrap_err(),
        session.status().await.map(drop).unwrap_err(),
        session.destroy().await.map(drop).unwrap_err(),
        client
            .session_from_json(r#"{"session_token": "MARKED", "#)
            .unwrap_err(),
        Activeconnect::builder("app", "s")
            .server("http://a:MARKED@h")
            .build()
            .unwrap_err(),
    ] {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        shown += &format!("\n{error} {error:?} {source:?}");
    }

    let log = recording::finish();
    for expected in [
        "otel.name=\"add_users\"",
        "url.template=\"/management/add_users/{application_id}\"",
        "stepup.operation=\"session_logout\"",
        "http.response.status_code=503",
        "http.request.resend_count=2",
        "server.address=\"127.0.0.1\"",
        "otel.status_code=\"ERROR\"",
    ] {
        assert!(log.contains(expected), "{expected} is not in {log}");
    }
    for text in [&log, &shown] {
        assert!(!text.contains("MARKED"), "{text}");
    }
}
