//! PyPI activeconnect against the mock; and sessions passed between it and the Rust client.

use std::fs;
use std::process::Command;

use stepup_client::activeconnect::{Activeconnect, SessionStatus};
use stepup_mock::MockServer;

use super::python::Package;
use super::{exercised, run, versions};

const PACKAGE: Package = Package {
    name: "activeconnect",
};

/// Those that can save a session.
const SAVING: [&str; 4] = ["0.0.7", "0.0.8", "0.0.9", "0.0.10"];

/// What the mock's own phone sends, on the package's behalf.
const PHONE: [&str; 4] = [
    "pending_requests",
    "register_device",
    "send_identification_data",
    "start_identification",
];

/// A script pointed at a mock.
fn script(version: &str, name: &str, mock: &MockServer) -> Command {
    let mut command = PACKAGE.script(version, name);
    command.env("ACTIVE_CONNECT_SERVER", mock.url());
    command
}

versions! {
    "PyPI activeconnect", super::drive:
    version_0_0_4 "0.0.4",
    version_0_0_7 "0.0.7",
    version_0_0_8 "0.0.8",
    version_0_0_9 "0.0.9",
    version_0_0_10 "0.0.10",
}

fn drive(version: &str) {
    let mock = MockServer::builder().start_blocking().unwrap();
    let application = mock.activeconnect();
    let mut command = script(version, "driver.py", &mock);
    command.args([
        version,
        application.application_id(),
        application.application_secret(),
    ]);
    let (out, _) = run(
        &format!("driving activeconnect {version}"),
        &mock,
        &mut command,
        "",
    );
    let (steps, last) = out.trim_end().rsplit_once('\n').unwrap();
    assert!(
        steps.lines().count() >= 13 && steps.lines().all(|line| line.starts_with("ok ")),
        "{out}"
    );
    assert!(
        last.starts_with("called ")
            && last.ends_with(&format!("functions of Activeconnect {version}")),
        "{out}"
    );
    let journal = mock.journal();
    assert!(
        journal.iter().all(|entry| entry.operation.is_some()),
        "{journal:?}"
    );
    for operation in PHONE {
        assert!(
            journal
                .iter()
                .any(|entry| entry.operation == Some(operation)),
            "the phone did not send {operation}"
        );
    }
    exercised::check(
        "PyPI activeconnect",
        version,
        &exercised::answers(&journal, &PHONE),
    );
}

/// A mock with a user who has a phone, and the Rust client of it.
async fn mock_and_client() -> (MockServer, Activeconnect) {
    let mock = MockServer::start().await.unwrap();
    let application = mock.activeconnect();
    let (id, secret) = (
        application.application_id(),
        application.application_secret(),
    );
    let client = Activeconnect::builder(id, secret)
        .server(application.server_url())
        .build()
        .unwrap();
    client.add_user("traveller").await.unwrap();
    let link = client.registration_link("traveller", None).await.unwrap();
    mock.activeconnect()
        .phone("traveller")
        .register(link.expose())
        .await
        .unwrap();
    (mock, client)
}

/// What Python saves with these arguments.
fn save(version: &str, mock: &MockServer, user: &str) -> String {
    let application = mock.activeconnect();
    let mut command = script(version, "session_exchange.py", mock);
    command.args([
        "save",
        application.application_id(),
        application.application_secret(),
        user,
    ]);
    run("saving in Python", mock, &mut command, "").0
}

/// Python reads a saved session, polls and ends it. Returns the session as it is saved after the poll.
fn load(version: &str, mock: &MockServer, saved: &str) -> String {
    let mut command = script(version, "session_exchange.py", mock);
    command.args(["load", version]);
    run("loading in Python", mock, &mut command, saved).0
}

#[tokio::test]
async fn a_session_saved_in_python_continues_in_rust() {
    let (mock, client) = mock_and_client().await;
    for version in SAVING {
        let mut session = client
            .session_from_json(&save(version, &mock, "traveller"))
            .unwrap();
        assert!(session.in_progress(), "{version}");
        mock.activeconnect()
            .phone("traveller")
            .approve()
            .await
            .unwrap();
        assert_eq!(*session.status().await.unwrap(), SessionStatus::Active);
        assert!(session.destroy().await.unwrap());

        // One that never started.
        client.delete_user("phoneless").await.unwrap();
        client.add_user("phoneless").await.unwrap();
        let session = client
            .session_from_json(&save(version, &mock, "phoneless"))
            .unwrap();
        assert!(session.failed());
        assert_eq!(session.failure_reason(), Some("NO_MOBILE_DEVICE"));
    }
}

#[tokio::test]
async fn a_session_saved_in_rust_continues_in_python() {
    let (mock, client) = mock_and_client().await;
    for version in SAVING {
        let mut session = client.authenticate_user("traveller", &[]).await.unwrap();
        mock.activeconnect()
            .phone("traveller")
            .approve()
            .await
            .unwrap();
        let polled = load(version, &mock, &session.to_json());
        // Both languages saw the same session: Python, active; Rust afterwards, ended by Python.
        let mut back = client.session_from_json(&polled).unwrap();
        assert!(back.active(), "{version}: {polled}");
        assert_eq!(*session.status().await.unwrap(), SessionStatus::Closed);
        assert_eq!(*back.status().await.unwrap(), SessionStatus::Closed);
        assert_eq!(back, session, "{version}");
    }
}

#[test]
fn every_listed_version_is_driven_and_known_to_the_driver() {
    let driver = fs::read_to_string(PACKAGE.file("driver.py")).unwrap();
    let listed = driver
        .lines()
        .find(|line| line.starts_with("ALL = {"))
        .unwrap();
    assert_eq!(listed.matches('"').count() / 2, VERSIONS.len());
    for version in VERSIONS {
        assert!(listed.contains(&format!("\"{version}\"")), "{version}");
    }
}
