//! PyPI IAMPASS against the mock: the driver on every version, and an app that signs in with it.

use stepup_mock::MockServer;

use super::activeconnect::IAMPASS;
use super::python::Package;
use super::{run, versions};

versions! {
    "PyPI IAMPASS", super::drive:
    version_0_0_10 "0.0.10",
    version_0_0_20 "0.0.20",
    version_0_0_31 "0.0.31",
    version_0_0_32 "0.0.32",
}

fn drive(version: &str) {
    IAMPASS.drive(version);
}

/// An app written here that makes the calls of the vendor's example for Flask, in their order.
#[test]
fn a_flask_app_signs_its_users_in_with_their_phones() {
    let package = Package {
        name: "IAMPASS",
        folder: "flask",
    };
    let mock = MockServer::builder().start_blocking().unwrap();
    let application = mock.activeconnect();
    // The app names no version.
    let newest = VERSIONS.last().unwrap();
    let mut command = package.script(newest, "story.py");
    command.env("IAMPASS_SERVER", mock.url()).args([
        application.application_id(),
        application.application_secret(),
    ]);
    let (out, _) = run("the Flask app", &mock, &mut command, "");
    assert_eq!(out, "the Flask app: ok\n");
    let journal = mock.journal();
    assert!(
        journal.iter().all(|entry| entry.status < 400),
        "the app was refused: {journal:?}"
    );
}
