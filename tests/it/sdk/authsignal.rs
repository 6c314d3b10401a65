//! PyPI authsignal against the mock: the driver on every version, and the live suite that the last version ships.

use std::path::Path;

use stepup_mock::MockServer;

use super::python::Package;
use super::{exercised, run, versions};

const PACKAGE: Package = Package {
    name: "authsignal",
    folder: "authsignal",
};

versions! {
    "PyPI authsignal", super::drive:
    version_0_1_0 "0.1.0",
    version_0_1_1 "0.1.1",
    version_1_0_0 "1.0.0",
    version_1_0_1 "1.0.1",
    version_1_0_2 "1.0.2",
    version_1_0_3 "1.0.3",
    version_1_0_4 "1.0.4",
    version_2_0_0 "2.0.0",
    version_2_0_1 "2.0.1",
    version_2_0_2 "2.0.2",
    version_2_0_3 "2.0.3",
    version_2_0_5 "2.0.5",
    version_2_0_6 "2.0.6",
    version_2_0_7 "2.0.7",
    version_3_0_0 "3.0.0",
    version_4_0_0 "4.0.0",
    version_4_0_1 "4.0.1",
    version_4_0_2 "4.0.2",
    version_4_0_3 "4.0.3",
    version_4_1_0 "4.1.0",
}

fn drive(version: &str) {
    let mock = MockServer::builder().start_blocking().unwrap();
    let mut command = PACKAGE.script(version, "driver.py");
    command
        .arg(version)
        .env("MOCK_URL", mock.url())
        .env("AUTHSIGNAL_API_SECRET", mock.authsignal().api_secret());
    let (out, _) = run(
        &format!("driving authsignal {version}"),
        &mock,
        &mut command,
        "",
    );
    assert_eq!(out, format!("authsignal {version}: ok\n"));
    exercised::check(
        "PyPI authsignal",
        version,
        &exercised::answers(&mock.journal(), &[]),
    );
}

#[test]
fn the_last_version_works_over_https_if_it_trusts_the_mocks_authority() {
    let mock = MockServer::builder().tls().start_blocking().unwrap();
    let authority = Path::new(env!("CARGO_TARGET_TMPDIR")).join("authority-of-https.pem");
    std::fs::write(&authority, mock.ca_pem().unwrap()).unwrap();
    let mut command = PACKAGE.script("4.1.0", "driver.py");
    command
        .arg("4.1.0")
        // The SDK calls by `requests`, and the driver by Python's own library.
        .env("REQUESTS_CA_BUNDLE", &authority)
        .env("SSL_CERT_FILE", &authority)
        .env("MOCK_URL", mock.url())
        .env("AUTHSIGNAL_API_SECRET", mock.authsignal().api_secret());
    let (out, _) = run("driving authsignal over https", &mock, &mut command, "");
    assert_eq!(out, "authsignal 4.1.0: ok\n");
}

#[test]
fn the_live_suite_of_the_vendors_package_passes_twice_in_a_row() {
    let mock = MockServer::builder()
        .seed("sdk-suites")
        .unwrap()
        .start_blocking()
        .unwrap();
    for time in ["first", "second"] {
        let mut command = PACKAGE.interpreter("4.1.0");
        command
            .args(["-m", "authsignal.client_tests"])
            .env("AUTHSIGNAL_API_URL", mock.authsignal().api_url())
            .env("AUTHSIGNAL_API_SECRET", mock.authsignal().api_secret());
        let (_, report) = run(
            &format!("the {time} run of the live suite"),
            &mock,
            &mut command,
            "",
        );
        assert!(
            report.contains("\nRan 9 tests in ") && report.ends_with("\nOK\n"),
            "{time}: {report}"
        );
    }
    exercised::check(
        "PyPI authsignal, its live suite",
        "4.1.0",
        &exercised::answers(&mock.journal(), &[]),
    );
}

#[test]
fn a_secret_that_a_test_makes_up_has_a_tenant_of_its_own() {
    let mock = MockServer::builder()
        .tenants_on_demand(true)
        .start_blocking()
        .unwrap();
    let page = crate::spec::workspace().join("docs/test-double/tenants.md");
    let page = std::fs::read_to_string(page).unwrap();
    let example = page.split("```python\n").nth(1).unwrap();
    let example = example.split("```").next().unwrap();
    let mut command = PACKAGE.interpreter("4.1.0");
    command.args(["-c", example]).env("MOCK", mock.url());
    run("the example of the docs", &mock, &mut command, "");
    let tracked = mock.journal().len();
    assert_eq!(tracked, 3, "{:?}", mock.journal());
}

#[test]
fn each_planned_fault_has_its_effect_on_the_vendors_package_and_no_other() {
    let mock = MockServer::builder().start_blocking().unwrap();
    let mut command = PACKAGE.script("4.1.0", "faults.py");
    command.env("MOCK_URL", mock.url());
    let (out, _) = run("showing faults", &mock, &mut command, "");
    assert_eq!(out, "faults: ok\n");
}
