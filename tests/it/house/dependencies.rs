//! The dependencies of client and mock, as cargo lists them.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use super::root;

/// `cargo metadata` of the workspace with every feature.
fn metadata() -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args([
            "metadata",
            "--format-version",
            "1",
            "--all-features",
            "--locked",
        ])
        .current_dir(root());
    let output = cargo.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// `1.89` and `1.89.0` as numbers.
fn version(text: &str) -> Vec<u64> {
    let mut numbers: Vec<u64> = text.split('.').map(|part| part.parse().unwrap()).collect();
    numbers.resize(3, 0);
    numbers
}

#[test]
fn no_dependency_of_client_or_mock_needs_a_newer_rust_than_the_workspace() {
    let metadata = metadata();
    let packages: BTreeMap<&str, &Value> = metadata["packages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|package| (package["id"].as_str().unwrap(), package))
        .collect();
    let nodes: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_str().unwrap(), node))
        .collect();
    let member = |name: &str| {
        *packages
            .iter()
            .find(|(_, package)| package["name"] == name)
            .unwrap()
            .0
    };
    let ours = version(
        packages[member("stepup-client")]["rust_version"]
            .as_str()
            .unwrap(),
    );

    let mut open = vec![member("stepup-client"), member("stepup-mock")];
    let mut seen = BTreeSet::new();
    let mut newer = Vec::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        let package = packages[id];
        if package["rust_version"]
            .as_str()
            .is_some_and(|theirs| version(theirs) > ours)
        {
            newer.push(format!(
                "{} {} wants {}",
                package["name"], package["version"], package["rust_version"]
            ));
        }
        for dependency in nodes[id]["deps"].as_array().unwrap() {
            let kinds = dependency["dep_kinds"].as_array().unwrap();
            if kinds.iter().any(|kind| kind["kind"] != "dev") {
                open.push(dependency["pkg"].as_str().unwrap());
            }
        }
    }
    assert!(
        seen.len() > 50,
        "the graph has only {} packages",
        seen.len()
    );
    assert!(newer.is_empty(), "{newer:#?}");
}

#[test]
fn client_and_mock_do_not_depend_on_each_other() {
    let metadata = metadata();
    for (package, other) in [
        ("stepup-client", "stepup-mock"),
        ("stepup-mock", "stepup-client"),
    ] {
        let packages = metadata["packages"].as_array().unwrap();
        let package = packages
            .iter()
            .find(|found| found["name"] == package)
            .unwrap();
        let dependencies = package["dependencies"].as_array().unwrap();
        assert!(
            !dependencies
                .iter()
                .any(|dependency| dependency["name"] == other),
            "{} and {other}",
            package["name"]
        );
    }
}
