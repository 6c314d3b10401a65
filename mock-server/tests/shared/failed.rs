//! What a failed test prints. Each runs itself once more as a child, which fails.

use std::process::Command;

use serde_json::{Value, json};
use stepup_mock::{MockServer, NewUser};

/// Tells a child that it has to fail.
const FAILS: &str = "STEPUP_MOCK_TEST_FAILS";

/// What this test prints when it fails, if this is not the child that does.
fn printed_by_child(test: &str) -> Option<String> {
    if std::env::var_os(FAILS).is_some() {
        return None;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test])
        .env(FAILS, "yes")
        .output()
        .unwrap();
    assert!(!child.status.success());
    let output = [child.stdout, child.stderr].concat();
    Some(String::from_utf8(output).unwrap())
}

async fn track(url: &str, secret: &str) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.post(format!("{url}/users/ada/actions/pay"));
    let body = json!({"email": "ada@example.com"});
    let answer = request.basic_auth(secret, Some("")).json(&body).send();
    answer.await.unwrap().json().await.unwrap()
}

#[test]
fn a_failed_test_prints_what_its_tenant_answered() {
    if let Some(printed) = printed_by_child("failed::a_failed_test_prints_what_its_tenant_answered")
    {
        for part in [
            "has answered 1 request\n",
            "POST /v1/users/ada/actions/pay -> 200 (track)",
            "sent: {\"email\":\"ada@example.com\"}",
            "\"state\":\"ALLOW\"",
            "\"token\":\"***\"",
            "that no tenant owns",
            "POST /v1/users/ada/actions/pay -> 401",
        ] {
            assert!(printed.contains(part), "{part}: {printed}");
        }
        assert!(!printed.contains("eyJ"), "a token: {printed}");
        return;
    }
    let mock = MockServer::shared().unwrap();
    let others = mock.create_tenant().unwrap();
    let tenant = mock.create_tenant().unwrap();
    others
        .authsignal()
        .create_user(NewUser::new("eve"))
        .unwrap();
    let authsignal = tenant.authsignal();
    mock.block_on(track(&authsignal.api_url(), authsignal.api_secret()));
    mock.block_on(track(&authsignal.api_url(), "of nobody"));
    panic!("the child fails");
}

#[test]
fn a_failed_test_tells_of_an_application_with_the_documented_secret() {
    let test = "failed::a_failed_test_tells_of_an_application_with_the_documented_secret";
    if let Some(printed) = printed_by_child(test) {
        for part in [
            "has answered no request\n",
            "meanwhile, tenant mock-app has answered 1 request. It has the secrets of the documentation",
        ] {
            assert!(printed.contains(part), "{part}: {printed}");
        }
        return;
    }
    let mock = MockServer::shared().unwrap();
    let documented = mock.authsignal();
    mock.block_on(track(&documented.api_url(), documented.api_secret()));
    let tenant = mock.create_tenant().unwrap();
    let url = tenant.authsignal().api_url().to_owned();
    mock.block_on(track(&url, documented.api_secret()));
    panic!("the child fails");
}

#[tokio::test]
async fn a_failed_test_prints_what_its_mock_answered() {
    if let Some(printed) = printed_by_child("failed::a_failed_test_prints_what_its_mock_answered") {
        let part = "stepup-mock: the mock at 2026-01-01T00:00:00Z has answered 1 request\n";
        assert!(printed.contains(part), "{printed}");
        return;
    }
    let mock = MockServer::builder().deterministic().start().await.unwrap();
    let authsignal = mock.authsignal();
    track(&authsignal.api_url(), authsignal.api_secret()).await;
    panic!("the child fails");
}

#[test]
fn a_test_that_passes_prints_nothing() {
    if std::env::var_os(FAILS).is_some() {
        let tenant = MockServer::shared().unwrap().create_tenant().unwrap();
        drop(tenant);
        return;
    }
    let child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "failed::a_test_that_passes_prints_nothing",
        ])
        .env(FAILS, "yes")
        .output()
        .unwrap();
    assert!(child.status.success());
    let output = String::from_utf8([child.stdout, child.stderr].concat()).unwrap();
    assert!(!output.contains("stepup-mock:"), "{output}");
}
