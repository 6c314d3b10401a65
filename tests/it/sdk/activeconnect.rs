//! PyPI activeconnect, and IAMPASS, its successor, against the mock; and sessions passed between them and the Rust client.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use stepup_client::activeconnect::{Activeconnect, Service, SessionStatus};
use stepup_mock::MockServer;

use super::python::Package;
use super::{exercised, run, versions};

/// The vendor's package under one of its names.
pub(super) struct Name {
    package: Package,
    /// What Python imports.
    module: &'static str,
    /// What the Rust client calls it.
    service: Service,
    /// The versions that can save a session.
    saving: &'static [&'static str],
}

const ACTIVECONNECT: Name = Name {
    package: Package {
        name: "activeconnect",
        folder: "activeconnect",
    },
    module: "Activeconnect",
    service: Service::Activeconnect,
    saving: &["0.0.7", "0.0.8", "0.0.9", "0.0.10"],
};

pub(super) const IAMPASS: Name = Name {
    package: Package {
        name: "IAMPASS",
        folder: "activeconnect",
    },
    module: "IAMPASS",
    service: Service::Iampass,
    saving: super::iampass::VERSIONS,
};

/// What the mock's own phone sends, on the package's behalf.
const PHONE: [&str; 4] = [
    "pending_requests",
    "register_device",
    "send_identification_data",
    "start_identification",
];

impl Name {
    /// A script pointed at a mock.
    fn script(&self, version: &str, script: &str, mock: &MockServer) -> Command {
        let mut command = self.package.script(version, script);
        command
            .env(self.service.server_variable(), mock.url())
            .arg(self.module);
        command
    }

    /// Everything that a version can do.
    pub(super) fn drive(&self, version: &str) {
        let mock = MockServer::builder().start_blocking().unwrap();
        let application = mock.activeconnect();
        let mut command = self.script(version, "driver.py", &mock);
        command.args([
            version,
            application.application_id(),
            application.application_secret(),
        ]);
        let (out, _) = run(
            &format!("driving {} {version}", self.module),
            &mock,
            &mut command,
            "",
        );
        let (steps, last) = out.trim_end().rsplit_once('\n').unwrap();
        assert!(
            steps.lines().count() >= 14 && steps.lines().all(|line| line.starts_with("ok ")),
            "{out}"
        );
        assert!(
            last.starts_with("called ")
                && last.ends_with(&format!("functions of {} {version}", self.module)),
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
            &format!("PyPI {}", self.package.name),
            version,
            &exercised::answers(&journal, &PHONE),
        );
    }

    /// A mock with a user who has a phone, and the Rust client of it.
    async fn mock_and_client(&self) -> (MockServer, Activeconnect) {
        let mock = MockServer::start().await.unwrap();
        let application = mock.activeconnect();
        let (id, secret) = (
            application.application_id(),
            application.application_secret(),
        );
        let client = Activeconnect::builder(id, secret)
            .service(self.service)
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
    fn save(&self, version: &str, mock: &MockServer, user: &str) -> String {
        let application = mock.activeconnect();
        let mut command = self.script(version, "session_exchange.py", mock);
        command.args([
            "save",
            application.application_id(),
            application.application_secret(),
            user,
        ]);
        run("saving in Python", mock, &mut command, "").0
    }

    /// Python reads a saved session, polls and ends it. Returns the session as it is saved after the poll.
    fn load(&self, version: &str, mock: &MockServer, saved: &str) -> String {
        let mut command = self.script(version, "session_exchange.py", mock);
        command.args(["load", version]);
        run("loading in Python", mock, &mut command, saved).0
    }
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
    ACTIVECONNECT.drive(version);
}

#[tokio::test]
async fn a_session_saved_in_python_continues_in_rust() {
    for name in [ACTIVECONNECT, IAMPASS] {
        let (mock, client) = name.mock_and_client().await;
        for version in name.saving {
            let mut session = client
                .session_from_json(&name.save(version, &mock, "traveller"))
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
                .session_from_json(&name.save(version, &mock, "phoneless"))
                .unwrap();
            assert!(session.failed());
            assert_eq!(session.failure_reason(), Some("NO_MOBILE_DEVICE"));
        }
    }
}

#[tokio::test]
async fn a_session_saved_in_rust_continues_in_python() {
    for name in [ACTIVECONNECT, IAMPASS] {
        let (mock, client) = name.mock_and_client().await;
        for version in name.saving {
            let mut session = client.authenticate_user("traveller", &[]).await.unwrap();
            mock.activeconnect()
                .phone("traveller")
                .approve()
                .await
                .unwrap();
            let polled = name.load(version, &mock, &session.to_json());
            // Both languages saw the same session: Python, active; Rust afterwards, ended by Python.
            let mut back = client.session_from_json(&polled).unwrap();
            assert!(back.active(), "{version}: {polled}");
            assert_eq!(*session.status().await.unwrap(), SessionStatus::Closed);
            assert_eq!(*back.status().await.unwrap(), SessionStatus::Closed);
            assert_eq!(back, session, "{version}");
        }
    }
}

#[test]
fn every_listed_version_is_driven_and_known_to_the_driver() {
    let driver = fs::read_to_string(ACTIVECONNECT.package.file("driver.py")).unwrap();
    let (_, all) = driver.split_once("\nALL = {\n").unwrap();
    let (all, _) = all.split_once("\n}").unwrap();
    let known: BTreeSet<&str> = all
        .lines()
        .map(|line| line.trim().trim_matches([',', '"']))
        .collect();
    let of = |name: &Name, versions: &[&str]| {
        let versions = versions.iter();
        versions
            .map(|version| format!("{} {version}", name.module))
            .collect::<Vec<_>>()
    };
    let driven = [
        of(&ACTIVECONNECT, VERSIONS),
        of(&IAMPASS, super::iampass::VERSIONS),
    ]
    .concat();
    assert_eq!(known, driven.iter().map(String::as_str).collect());
}
