//! The examples of docs/test-double/, as a reader types them. Must not use the mock as a library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use conformance::wire::{self, Request};
use serde_json::Value;

use crate::running::Running;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/test-double")
}

/// The pieces of code of a page in that language, in their order.
fn pieces<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let pieces = page.split(&fence).skip(1);
    pieces
        .map(|rest| rest.split("```").next().unwrap_or_default())
        .collect()
}

/// The code of a page in that language, in its order.
fn blocks(page: &str, language: &str) -> String {
    pieces(page, language).concat()
}

/// Runs the shell's examples of a page one after the other, against a mock with the page's configuration file.
fn runs(page: &str) {
    let text = fs::read_to_string(docs().join(page)).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs");
    fs::create_dir_all(&folder).unwrap();
    let config = folder.join(page).with_extension("toml");
    fs::write(&config, blocks(&text, "toml")).unwrap();
    let config = config.to_string_lossy();
    let running = Running::start(&["--listen", "127.0.0.1:0", "--config", &config]);
    try_out(
        page,
        &text,
        &[("MOCK", running.url()), ("STEPUP_MOCK_URL", running.url())],
    );
}

/// Runs the shell's examples of a page one after the other, in a folder of its own.
fn try_out(page: &str, text: &str, variables: &[(&str, &str)]) {
    let folder = tempfile::tempdir().unwrap();
    // A reader has the program on the path.
    let program = Path::new(env!("CARGO_BIN_EXE_stepup-mock"));
    let own = program.parent().unwrap().to_path_buf();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(own).chain(std::env::split_paths(&path));
    let output = Command::new("sh")
        .args(["-euxc", &blocks(text, "sh")])
        .current_dir(folder.path())
        .env("PATH", std::env::join_paths(path).unwrap())
        .env("NO_PROXY", "*")
        .envs(variables.iter().copied())
        .output()
        .expect("sh runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{page}: {said}");
}

#[test]
fn examples_of_snapshots_run() {
    runs("snapshots.md");
}

#[test]
fn examples_of_the_mock_as_a_service_run() {
    runs("service.md");
}

#[test]
fn examples_of_drift_run() {
    runs("drift.md");
}

#[test]
fn examples_of_dumps_run() {
    runs("dump.md");
}

#[test]
fn examples_of_webhooks_run() {
    runs("webhooks.md");
}

#[test]
fn examples_of_time_run() {
    runs("time.md");
}

#[test]
fn examples_of_the_strict_mode_run() {
    runs("strict.md");
}

#[test]
fn examples_of_tenants_run() {
    runs("tenants.md");
}

#[cfg(feature = "tls")]
#[test]
fn examples_of_https_run() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let flags = ["--tls", "--tls-ca-dir", folder, "--ready-json"];
    let running = Running::start(&[&["--listen", "127.0.0.1:0"], &flags[..]].concat());
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    let text = fs::read_to_string(docs().join("tls.md")).unwrap();
    for member in pieces(&text, "json").concat().split('"').skip(1).step_by(4) {
        assert_ne!(ready[member], Value::Null, "{member}");
    }
    let url = ready["httpsUrl"].as_str().unwrap();
    let url = url.replacen("127.0.0.1", "localhost", 1);
    let plain = ready["url"].as_str().unwrap();
    let variables = [
        ("MOCK", &*url),
        ("PLAIN", plain),
        ("STEPUP_TLS_CA_DIR", folder),
    ];
    try_out("tls.md", &text, &variables);
}

#[tokio::test]
async fn examples_of_faults_run() {
    runs("faults.md");
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let text = fs::read_to_string(docs().join("faults.md")).unwrap();
    let examples = pieces(&text, "json");
    assert_eq!(examples.len(), 2);
    for example in examples {
        let planned: Value = serde_json::from_str(example).unwrap();
        let request = Request::new("POST", "/_mock/faults").json(example);
        let answer = wire::send(running.address(), &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let count = |value: &Value| value["faults"].as_array().unwrap().len();
        assert_eq!(count(&answer.json()), count(&planned));
    }
}

#[tokio::test]
async fn examples_of_scenarios_run() {
    runs("scenarios.md");
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let text = fs::read_to_string(docs().join("scenarios.md")).unwrap();
    let examples = pieces(&text, "json");
    assert_eq!(examples.len(), 6);
    for example in examples {
        let planned: Value = serde_json::from_str(example).unwrap();
        let request = Request::new("POST", "/_mock/scenarios").json(example);
        let answer = wire::send(running.address(), &request).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let count = |value: &Value| value["scenarios"].as_array().unwrap().len();
        assert_eq!(count(&answer.json()), count(&planned));
    }
}
