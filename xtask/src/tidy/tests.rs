//! Each house rule is shown by one file that breaks it.

use super::*;

/// What the rules say of one file, as `rule` and place.
fn said(file: &str, text: &str) -> Vec<(&'static str, String)> {
    let apis = [
        "activeconnect",
        "authsignal",
        "authsignal_client",
        "authsignal_shared",
    ]
    .map(str::to_owned);
    let mut findings = Vec::new();
    machine_paths(file, text, &mut findings);
    if file.ends_with(".rs") {
        module(file, text, &mut findings);
        boundaries(file, text, &apis, &mut findings);
    } else {
        manifest(file, text, &mut findings);
    }
    findings
        .into_iter()
        .map(|finding| (finding.rule, finding.place))
        .collect()
}

#[track_caller]
fn refused(file: &str, line: &str, rule: &'static str) {
    assert_eq!(
        said(file, &format!("//! A module.\n{line}\n")),
        [(rule, "line:2".to_owned())],
        "{file}: {line}"
    );
}

#[track_caller]
fn allowed(file: &str, line: &str) {
    assert_eq!(
        said(file, &format!("//! A module.\n{line}\n")),
        [],
        "{file}: {line}"
    );
}

#[test]
fn the_domain_knows_no_transport_no_clock_and_no_chance() {
    for line in [
        "use axum::Router;",
        "use std::time::Duration;",
        "let now = SystemTime::now();",
        "let now = Timestamp::now();",
        "rand::random()",
        "std::env::var(name)",
        "use std::fs;",
        "use crate::http::surface;",
        "use crate::runtime::App;",
    ] {
        refused(
            "mock-server/src/domain/activeconnect/user.rs",
            line,
            "boundary",
        );
    }
    allowed(
        "mock-server/src/domain/ids.rs",
        "use rand_chacha::ChaCha8Rng;",
    );
    allowed(
        "mock-server/src/domain/ids.rs",
        "// axum would call this from its threads.",
    );
    allowed("mock-server/src/domain/ids.rs", "let a = 1; // unlike axum");
    allowed(
        "mock-server/src/runtime/clock.rs",
        "use std::time::Duration;",
    );
    for line in ["use crate::http::surface;", "use crate::runtime::App;"] {
        refused("mock-server/src/wire/words.rs", line, "boundary");
    }
    allowed(
        "mock-server/src/runtime/seed.rs",
        "use crate::wire::method;",
    );
}

#[test]
fn the_transport_knows_no_api() {
    refused(
        "client/src/transport/retry.rs",
        "use crate::activeconnect::Inner;",
        "boundary",
    );
    refused(
        "client/src/transport/mod.rs",
        "#[cfg(feature = \"authsignal\")]",
        "boundary",
    );
    allowed("client/src/error.rs", "#[cfg(feature = \"authsignal\")]");
}

#[test]
fn modules_of_apis_do_not_know_each_other() {
    refused(
        "client/src/activeconnect/client.rs",
        "use crate::authsignal::Client;",
        "boundary",
    );
    refused(
        "mock-server/src/http/authsignal.rs",
        "use crate::domain::activeconnect;",
        "boundary",
    );
    allowed(
        "client/src/activeconnect/client.rs",
        "use crate::generated::activeconnect;",
    );
    allowed(
        "client/src/activeconnect/client.rs",
        "use crate::activeconnect_extras;",
    );
    // Two APIs of one vendor: the one is a part of the other, and rests on it.
    let domain = "use crate::authsignal::Client;";
    allowed("client/src/authsignal_client/codes.rs", domain);
    refused(
        "client/src/authsignal/client.rs",
        "use crate::authsignal_client::Client;",
        "boundary",
    );
    // In the mock a vendor has one room.
    allowed(
        "mock-server/src/http/authsignal/client/codes.rs",
        "use crate::generated::authsignal_client::types;",
    );
    // What the APIs of one vendor share is theirs alone.
    let shared = "use crate::generated::authsignal_shared::types;";
    for file in [
        "mock-server/src/http/authsignal/mod.rs",
        "client/src/authsignal/client.rs",
        "client/src/authsignal_client/client.rs",
    ] {
        allowed(file, shared);
    }
    refused("client/src/activeconnect/client.rs", shared, "boundary");
}

#[test]
fn client_and_mock_do_not_import_each_other() {
    refused(
        "client/src/lib.rs",
        "use stepup_mock::MockServer;",
        "boundary",
    );
    refused(
        "mock-server/src/lib.rs",
        "use stepup_client::Error;",
        "boundary",
    );
    let mock = "[dependencies]\nstepup-client.workspace = true\n";
    assert_eq!(
        said("mock-server/Cargo.toml", mock),
        [("boundary", String::new())]
    );
}

#[test]
fn only_the_tests_of_the_shop_know_the_mock() {
    allowed(
        "client/examples/shop/tests/shop.rs",
        "use stepup_mock::MockServer;",
    );
    refused(
        "client/examples/login.rs",
        "use stepup_mock::MockServer;",
        "boundary",
    );
    let package = "[package]\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\n\
        license.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n";
    let manifest = |section: &str| format!("{package}[{section}]\nstepup-mock.workspace = true\n");
    let shop = "client/examples/shop/Cargo.toml";
    assert_eq!(said(shop, &manifest("dev-dependencies")), []);
    let boundary = [("boundary", String::new())];
    assert_eq!(said(shop, &manifest("dependencies")), boundary);
    assert_eq!(
        said("client/Cargo.toml", &manifest("dev-dependencies")),
        boundary
    );
}

#[test]
fn only_the_glue_of_the_client_names_a_web_framework() {
    for line in ["use axum::Router;", "use tower::Layer;"] {
        refused("client/src/authsignal/webhook.rs", line, "boundary");
        refused("client/src/cookies.rs", line, "boundary");
        allowed("client/src/axum/webhook.rs", line);
        allowed("client/src/tower/layer.rs", line);
        allowed("client/examples/webhook.rs", line);
    }
}

#[test]
fn modules_say_what_they_are_for() {
    assert_eq!(
        said("client/src/x.rs", "use std::fmt;\n"),
        [("module-doc", "line:1".to_owned())]
    );
    assert_eq!(
        said("client/src/x.rs", ""),
        [("module-doc", "line:1".to_owned())]
    );
    assert_eq!(
        said(
            "client/src/lib.rs",
            "#![doc = include_str!(\"../README.md\")]\n"
        ),
        []
    );
}

#[test]
fn names_that_say_nothing_are_refused() {
    assert_eq!(
        said("client/src/utils.rs", "//! A module.\n"),
        [("name", String::new())]
    );
    assert_eq!(
        said("client/src/helpers/mod.rs", "//! A module.\n"),
        [("name", String::new())]
    );
    refused("client/src/x.rs", "pub(crate) mod common;", "name");
    refused("client/src/x.rs", "pub struct Manager;", "name");
    allowed("client/src/x.rs", "pub struct TaskManager;");
}

#[test]
fn tests_are_not_ignored() {
    refused(
        "tests/it/x.rs",
        concat!("    #[", "ignore = \"slow\"]"),
        "ignored-test",
    );
}

#[test]
fn paths_of_one_machine_are_refused() {
    for folder in ["home", "root", "tmp"] {
        refused(
            "client/src/x.rs",
            &format!("let path = \"/{folder}/me\";"),
            "machine-path",
        );
        refused(
            "client/src/x.rs",
            &format!("// see /{folder}/me"),
            "machine-path",
        );
        allowed(
            "client/src/x.rs",
            &format!("let url = \"https://host/{folder}/me\";"),
        );
    }
}

#[test]
fn members_inherit_from_the_workspace() {
    let sound = "[package]\nname = \"x\"\nversion.workspace = true\nedition.workspace = true\n\
                 rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n\
                 [dependencies]\nserde = { workspace = true, features = [\"derive\"] }\n[lints]\nworkspace = true\n";
    assert_eq!(said("x/Cargo.toml", sound), []);
    for (from, to) in [
        ("edition.workspace = true", "edition = \"2021\""),
        ("publish.workspace = true\n", ""),
        ("[lints]\nworkspace = true\n", ""),
        (
            "{ workspace = true, features",
            "{ version = \"1\", features",
        ),
    ] {
        assert!(sound.contains(from), "{from}");
        assert_eq!(
            said("x/Cargo.toml", &sound.replace(from, to)),
            [("manifest", String::new())],
            "{from}"
        );
    }
    assert_eq!(said("Cargo.toml", "[workspace]\nmembers = []\n"), []);
    assert_eq!(
        said("Cargo.toml", "[workspace"),
        [("manifest", String::new())]
    );
}

#[test]
fn a_root_is_searched_as_a_whole() {
    let root = std::env::temp_dir().join(format!("xtask-tidy-{}", std::process::id()));
    for folder in [
        "openapi",
        "client/src/generated",
        "client/src/transport",
        "tests/generated",
        "target/debug",
    ] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    for (file, text) in [
        ("openapi/some-api.yaml", ""),
        ("client/src/generated/mod.rs", "mod utils;"),
        (
            "client/src/transport/mod.rs",
            "//! A module.\nuse crate::some_api;\n",
        ),
        ("tests/generated/mod.rs", "//! A module.\n"),
        ("target/debug/x.rs", ""),
    ] {
        fs::write(root.join(file), text).unwrap();
    }
    let findings = tidy(&root).unwrap();
    fs::remove_dir_all(&root).unwrap();
    let said: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0]
            .starts_with("client/src/transport/mod.rs:2: [boundary] `some_api` may not be named"),
        "{said:?}"
    );
    assert!(
        said[1].starts_with("tests/generated/mod.rs: [generated] "),
        "{said:?}"
    );
}
