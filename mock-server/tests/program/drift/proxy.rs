//! `proxy`, between an application and a mock: what it passes on, tells and records; on systems where a test can stop it by
//! a signal. Must not use the mock as a library.

use std::path::{Path, PathBuf};

use conformance::wire::{self, Answer, Request};
use serde_json::{Value, json};

use super::altered::{Altered, HANGS_UP};
use super::{report, verify};
use crate::running::Running;
use crate::{API_SECRET, FREE_PORT, MANAGEMENT_SECRET};

/// A name of a file that does not exist.
fn new_file(name: &str) -> PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("proxy");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    let _ = std::fs::remove_file(&file);
    file
}

/// A proxy before a mock, which records into a file.
fn recording(mock: &Running, file: &Path) -> Running {
    let file = file.to_str().unwrap();
    let at = ["--to", mock.url(), "--listen", "127.0.0.1:0"];
    Running::start(&[&["proxy"], &at[..], &["--record", file]].concat())
}

/// A request of an application that knows only the proxy.
async fn ask(proxy: &Running, method: &str, target: &str, body: Value) -> Answer {
    let request = Request::new(method, target).basic(API_SECRET);
    let request = if body.is_null() {
        request
    } else {
        request.json(body.to_string())
    };
    wire::send(proxy.address(), &request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_replays_without_drift_and_holds_nothing_secret_or_private() {
    let mock = Running::start(&FREE_PORT);
    let file = new_file("recording.jsonl");
    let proxy = recording(&mock, &file);
    let name = file.to_str().unwrap();
    let ada = json!({"email": "ada@lovelace.example", "phoneNumber": "+64211234567", "displayName": "Ada Lovelace", "custom": {"apiToken": "hidden-word", "seat": 5}});
    assert_eq!(ask(&proxy, "PATCH", "/v1/users/ada", ada).await.status, 200);
    let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+64211234567"});
    let enrolled = ask(&proxy, "POST", "/v1/users/ada/authenticators", sms)
        .await
        .json();
    let authenticator = enrolled["authenticator"]["userAuthenticatorId"]
        .as_str()
        .unwrap();
    let at = json!({"ipAddress": "198.51.100.99", "custom": {"amount": 5, "mail": "ada@lovelace.example"}});
    let tracked = ask(&proxy, "POST", "/v1/users/ada/actions/pay", at)
        .await
        .json();
    let (key, token) = (
        tracked["idempotencyKey"].as_str().unwrap(),
        tracked["token"].as_str().unwrap(),
    );
    let of_action = format!("/v1/users/ada/actions/pay/{key}");
    assert_eq!(
        ask(&proxy, "GET", &of_action, Value::Null).await.status,
        200
    );
    assert_eq!(
        ask(&proxy, "POST", "/v1/validate", json!({"token": token}))
            .await
            .status,
        200
    );
    let as_user = Request::new("GET", "/v1/client/user-authenticators")
        .header("Authorization", &format!("Bearer {token}"));
    assert_eq!(wire::send(proxy.address(), &as_user).await.status, 200);
    let found = ask(
        &proxy,
        "GET",
        "/v1/users?email=ada%40lovelace.example",
        Value::Null,
    )
    .await
    .json();
    assert_eq!(found["users"][0]["userId"], "ada", "{found}");
    // What sends a message, and what builds on it, is not replayed.
    let challenge =
        json!({"verificationMethod": "SMS", "action": "pay", "phoneNumber": "+64211234567"});
    let challenge = ask(&proxy, "POST", "/v1/challenge", challenge).await.json();
    let inbox = Request::new("GET", "/_mock/messages");
    let inbox = wire::send(mock.address(), &inbox).await.json();
    let code = inbox["messages"][0]["code"].as_str().unwrap().to_owned();
    let right = json!({"challengeId": challenge["challengeId"], "verificationCode": code});
    assert_eq!(
        ask(&proxy, "POST", "/v1/verify", right).await.json()["isVerified"],
        true
    );
    let claim = json!({"challengeId": challenge["challengeId"], "userId": "ada"});
    assert_eq!(ask(&proxy, "POST", "/v1/claim", claim).await.status, 200);
    let manage = Request::new("GET", "/v1/management/tenant").basic(MANAGEMENT_SECRET);
    assert_eq!(wire::send(proxy.address(), &manage).await.status, 200);
    let target = format!("/v1/users/grace/authenticators/{authenticator}");
    assert_eq!(
        ask(&proxy, "DELETE", &target, Value::Null).await.status,
        404
    );

    let stopped = proxy.signal("TERM");
    assert_eq!(
        stopped.code,
        Some(0),
        "{}{}",
        stopped.stdout,
        stopped.stderr
    );
    for words in [
        "0 drifts in 12 requests",
        "9 requests are in ",
        "1 request could not be recorded, because it sends a message",
        "2 requests could not be recorded, each because it depends on a request that was left out",
    ] {
        assert!(
            stopped.stdout.contains(words),
            "no {words:?} in {}",
            stopped.stdout
        );
    }
    let recording = std::fs::read_to_string(&file).unwrap();
    let told = stopped.stdout + &stopped.stderr;
    for secret in [
        API_SECRET,
        MANAGEMENT_SECRET,
        token,
        "eyJ",
        &code,
        "hidden-word",
        "lovelace",
        "Ada",
        "ada",
        "grace",
        "64211234567",
        "198.51.100.99",
        authenticator,
        key,
        &wire::basic(API_SECRET)[6..],
    ] {
        assert!(!recording.contains(secret), "{secret} in {recording}");
        assert!(
            secret == "ada" || !told.contains(secret),
            "{secret} in {told}"
        );
    }

    let before = wire::send(mock.address(), &Request::new("GET", "/_mock/state"))
        .await
        .json();
    let copy = Altered::honest(mock.address()).await;
    let output = verify(
        &copy.url(),
        &["--exchanges", name, "--with-management", "--format", "json"],
    );
    let report = report(&output);
    assert_eq!(
        (&report["drifts"], &report["notSent"]),
        (&json!([]), &json!([])),
        "{report:#}\n{recording}"
    );
    assert_eq!(report["requests"], copy.seen().len());
    assert!(output.status.success());
    let users = copy
        .seen()
        .iter()
        .flat_map(super::altered::Seen::users)
        .collect::<Vec<_>>();
    assert!(
        users
            .iter()
            .all(|user| user.starts_with("stepup-drift-") && user.contains("-user-")),
        "{users:?}"
    );
    let after = wire::send(mock.address(), &Request::new("GET", "/_mock/state"))
        .await
        .json();
    assert_eq!(after, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_changes_nothing_and_tells_each_drift_of_both_sides_once() {
    let mock = Running::start(&FREE_PORT);
    let copy = Altered::of(mock.address(), "track", |answer| {
        let mut value: Value = serde_json::from_slice(&answer.body).unwrap();
        value["state"] = json!("PENDING");
        answer.body = value.to_string().into_bytes();
    })
    .await;
    let proxy = Running::start(&["proxy", "--to", &copy.url(), "--listen", "127.0.0.1:0"]);
    for _ in 0..2 {
        let body = json!({"redirectURL": "https://app.example.com/"});
        let answer = ask(&proxy, "POST", "/v1/users/ada/actions/pay", body).await;
        assert_eq!(
            (answer.status, &answer.json()["state"]),
            (200, &json!("PENDING"))
        );
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert_eq!(
            ask(&proxy, "GET", "/v1/users/ada?redirect_url=x", Value::Null)
                .await
                .status,
            200
        );
        assert_eq!(
            ask(
                &proxy,
                "GET",
                "/v1/nothing/0123456789012345678901234567",
                Value::Null
            )
            .await
            .status,
            404
        );
    }
    for user in ["ada@corp.example", "bob@corp.example"] {
        let target = format!("/v1/nothing/{user}");
        assert_eq!(ask(&proxy, "GET", &target, Value::Null).await.status, 404);
    }
    let sent = copy.seen();
    assert_eq!(sent.len(), 8);
    assert_eq!(sent[0].target, "/v1/users/ada/actions/pay");
    assert_eq!(
        sent[0].body,
        br#"{"redirectURL":"https://app.example.com/"}"#
    );
    let stopped = proxy.signal("INT");
    assert_eq!(stopped.code, Some(1));
    let told: Vec<&str> = stopped
        .stdout
        .lines()
        .filter(|line| line.starts_with("drift: "))
        .collect();
    let wanted = [
        "drift: track 200: request /redirectURL: unknown member",
        "drift: track 200: body /state: unknown value",
        "drift: get_user 200: request: unknown member",
        "drift: none 404: request: unknown operation",
    ];
    assert_eq!(told, wanted, "{}", stopped.stdout);
    for words in [
        "did it mean redirectUrl?",
        "found    redirect_url",
        "found    GET /v1/***/***",
        "4 drifts in 8 requests",
    ] {
        assert!(
            stopped.stdout.contains(words),
            "no {words:?} in {}",
            stopped.stdout
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_says_why_it_cannot_pass_on_or_begin() {
    let (_kept, silent) = wire::silent();
    let file = new_file("kept.jsonl");
    std::fs::write(&file, "worth something").unwrap();
    let name = file.to_str().unwrap();
    let nowhere = format!("http://{silent}");
    let output = crate::running::run(&[
        "proxy",
        "--to",
        &nowhere,
        "--listen",
        "127.0.0.1:0",
        "--record",
        name,
    ]);
    crate::fails(&output, &["needs the name of a new file"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "worth something");

    let proxy = Running::start(&["proxy", "--to", &nowhere, "--listen", "127.0.0.1:0"]);
    let answer = ask(&proxy, "GET", "/v1/users/ada", Value::Null).await;
    assert_eq!(answer.status, 502);
    assert!(
        answer
            .text()
            .starts_with("stepup-mock proxy: http://127.0.0.1"),
        "{}",
        answer.text()
    );
    let long = Request::new("POST", "/v1/users/ada").json(vec![b' '; 9 * 1024 * 1024]);
    assert_eq!(wire::send(proxy.address(), &long).await.status, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_request_of_a_recording_is_a_test_case_of_its_own() {
    let mock = Running::start(&FREE_PORT);
    let file = new_file("cases.jsonl");
    let name = file.to_str().unwrap();
    let to = ["proxy", "--to", mock.url(), "--listen", "127.0.0.1:0"];
    let proxy = Running::start(&[&to[..], &["--record", name]].concat());
    let user = json!({"displayName": "Ada"});
    assert_eq!(
        ask(&proxy, "PATCH", "/v1/users/ada", user).await.status,
        200
    );
    for (user, status) in [("ada", 200), ("grace", 200)] {
        let target = format!("/v1/users/{user}");
        let answer = ask(&proxy, "GET", &target, Value::Null).await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    proxy.signal("TERM");
    let junit = ["--exchanges", name, "--format", "junit"];
    let output = verify(mock.url(), &junit);
    let xml = crate::text(&output.stdout);
    for words in [
        "tests=\"3\" failures=\"0\"",
        "<testcase classname=\"stepup-mock.verify.update_user\" name=\"request 1: update_user 200\">",
        "<testcase classname=\"stepup-mock.verify.get_user\" name=\"request 2: get_user 200\">",
        "<testcase classname=\"stepup-mock.verify.get_user\" name=\"request 3: get_user 200\">",
    ] {
        assert!(xml.contains(words), "no {words:?} in {xml}");
    }
    // What drifts fails its own test case alone.
    let copy = Altered::of(mock.address(), "update_user", |answer| answer.status = 202).await;
    let xml = crate::text(&verify(&copy.url(), &junit).stdout);
    assert!(xml.contains("tests=\"3\" failures=\"1\""), "{xml}");
    let (first, rest) = xml.split_once("request 2:").unwrap();
    assert!(first.contains("<failure type=\"unknown status\""), "{xml}");
    assert!(!rest.contains("<failure"), "{xml}");
    // A server that goes away leaves the rest unsent.
    let copy = Altered::of(mock.address(), "update_user", |answer| {
        answer.status = HANGS_UP
    })
    .await;
    let xml = crate::text(&verify(&copy.url(), &junit).stdout);
    assert!(xml.contains("failures=\"1\" skipped=\"2\""), "{xml}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_for_the_headers_alone_gets_those_of_the_server_and_is_no_drift() {
    let mock = Running::start(&FREE_PORT);
    let proxy = Running::start(&["proxy", "--to", mock.url(), "--listen", "127.0.0.1:0"]);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let head = async |base: &str| {
        let asked = client.head(format!("{base}/v1/users/ada"));
        asked.basic_auth(API_SECRET, Some("")).send().await.unwrap()
    };
    let get = Request::new("GET", "/v1/users/ada").basic(API_SECRET);
    let (direct, passed) = (head(mock.url()).await, head(proxy.url()).await);
    assert_eq!(passed.status(), 200);
    for name in ["content-type", "content-length", "cache-control"] {
        let (direct, passed) = (direct.headers().get(name), passed.headers().get(name));
        assert_eq!(passed, direct, "{name}");
        assert!(direct.is_some(), "{name}");
    }
    assert_eq!(passed.bytes().await.unwrap().len(), 0);
    assert_eq!(wire::send(proxy.address(), &get).await.status, 200);
    let stopped = proxy.signal("TERM");
    assert_eq!(stopped.code, Some(0), "{}", stopped.stdout);
    assert!(
        stopped.stdout.contains("0 drifts in 2 requests"),
        "{}",
        stopped.stdout
    );
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(unix)]
async fn a_recording_is_its_owners_and_holds_nothing_that_admits_somebody() {
    use std::os::unix::fs::PermissionsExt as _;

    let mock = Running::start(&FREE_PORT);
    let file = new_file("private.jsonl");
    let proxy = recording(&mock, &file);
    let name = file.to_str().unwrap();
    let body = json!({
        "redirectUrl": "https://app.corp.example/cb?access_token=HIDDEN1&code=HIDDEN2&state=HIDDEN3#session=HIDDEN4",
        "custom": {
            "link": "https://x.example/reset?token=HIDDEN5", "header": "Bearer HIDDEN6", "cookie": "sid=HIDDEN7",
            "credentials": {"key": "HIDDEN8"}, "secrets": ["HIDDEN9"], "deep": {"er": {"password": "HIDDEN0"}}, "seat": 5,
        },
    });
    let answer = ask(&proxy, "POST", "/v1/users/ada/actions/pay", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    // A page of another site.
    let page = Request::new("GET", "/v1/users/ada")
        .basic(API_SECRET)
        .header("Origin", "https://evil.example");
    assert_eq!(wire::send(proxy.address(), &page).await.status, 403);
    let stopped = proxy.signal("TERM");
    for words in [
        "1 request is in ",
        "1 request could not be recorded, because a web page of another site may have sent it",
    ] {
        assert!(stopped.stdout.contains(words), "{}", stopped.stdout);
    }
    let recording = std::fs::read_to_string(&file).unwrap();
    assert!(!recording.contains("HIDDEN"), "{recording}");
    for kept in [
        "https://app.corp.example/cb?access_token=***&code=***",
        "\"seat\":5",
    ] {
        assert!(recording.contains(kept), "no {kept} in {recording}");
    }
    let output = verify(mock.url(), &["--exchanges", name, "--format", "json"]);
    assert!(output.status.success(), "{:#}", report(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_opens_no_mock_to_a_web_page_and_passes_on_no_header_of_a_connection() {
    let mock = Running::start(&FREE_PORT);
    let proxy = Running::start(&["proxy", "--to", mock.url(), "--listen", "127.0.0.1:0"]);
    let status = async |host: &str, target: &str| {
        let mut request = Request::new("GET", target).basic(API_SECRET);
        request.headers[0].1 = host.to_owned();
        wire::send(proxy.address(), &request).await.status
    };
    assert_eq!(status("localhost", "/v1/users/ada").await, 200);
    assert_eq!(status("evil.example", "/v1/users/ada").await, 403);
    assert_eq!(status("localhost", "/_mock/state").await, 403);
    assert_eq!(status("localhost", "/v1/../_mock/state").await, 400);
    let elsewhere = crate::running::run(&["proxy", "--to", "http://192.0.2.2/v1"]);
    crate::fails(&elsewhere, &["--allow-http"]);
}
