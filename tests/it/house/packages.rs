//! The packages of other registries: each has the version, the licence and the licence texts of the workspace.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use super::root;

/// The folders of what is packed by itself.
const PACKED: [&str; 5] = [
    "client",
    "mock-server",
    "mock-server/packages/java",
    "mock-server/packages/node",
    "mock-server/packages/python",
];

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What stands between two texts, where they come first.
fn between<'text>(text: &'text str, before: &str, after: &str) -> &'text str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no {before:?}"));
    rest.split_once(after)
        .unwrap_or_else(|| panic!("no {after:?} after {before:?}"))
        .0
}

/// The version of the workspace.
fn version() -> String {
    between(
        &read("Cargo.toml"),
        "[workspace.package]\nversion = \"",
        "\"",
    )
    .to_owned()
}

#[test]
fn every_package_has_the_version_of_the_workspace() {
    let version = version();
    let manifest = read("Cargo.toml");
    for member in ["stepup-client", "stepup-mock"] {
        let dependency = between(&manifest, &format!("\n{member} = {{"), "}");
        assert_eq!(
            between(dependency, "version = \"", "\""),
            version,
            "{member}"
        );
    }

    let node: Value =
        serde_json::from_str(&read("mock-server/packages/node/package.json")).unwrap();
    assert_eq!(node["version"], version);
    let platforms = node["optionalDependencies"].as_object().unwrap();
    for (platform, wanted) in platforms {
        assert_eq!(*wanted, version, "{platform}");
    }

    let python = read("mock-server/packages/python/pyproject.toml");
    assert_eq!(between(&python, "\nversion = \"", "\""), version);

    let java = read("mock-server/packages/java/pom.xml");
    assert_eq!(between(&java, "<version>", "</version>"), version);
    let page = read("docs/test-double/java.md");
    assert_eq!(between(&page, "stepup:stepup-mock-junit:", "`"), version);
    let page = read("docs/test-double/service.md");
    assert_eq!(between(&page, "packages/action@v", "\n"), version);
}

#[test]
fn the_node_package_depends_on_the_packages_that_are_packed() {
    let node: Value =
        serde_json::from_str(&read("mock-server/packages/node/package.json")).unwrap();
    let named: Vec<&String> = node["optionalDependencies"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    let source = read("mock-server/packages/node/src/platform.js");
    let list = between(&source, "export const PLATFORMS = [", "];");
    let packed: Vec<String> = list
        .split(", ")
        .map(|name| format!("@stepup-mock/{}", name.trim_matches('"')))
        .collect();
    assert!(packed.len() > 1);
    assert_eq!(named, packed.iter().collect::<Vec<_>>());
}

#[test]
fn every_package_has_the_licence_of_the_workspace() {
    let licence = between(&read("Cargo.toml"), "\nlicense = \"", "\"").to_owned();
    let node: Value =
        serde_json::from_str(&read("mock-server/packages/node/package.json")).unwrap();
    // npm wants brackets around a choice.
    assert_eq!(node["license"], format!("({licence})"));
    let python = read("mock-server/packages/python/pyproject.toml");
    assert_eq!(between(&python, "\nlicense = \"", "\""), licence);
    let image = read("mock-server/packages/container/Dockerfile");
    assert_eq!(between(&image, "image.licenses=\"", "\""), licence);
    for folder in PACKED {
        for text in ["LICENSE-APACHE", "LICENSE-MIT"] {
            assert_eq!(
                read(&format!("{folder}/{text}")),
                read(text),
                "{folder}/{text}: copy it again"
            );
        }
    }
}

#[test]
fn a_release_takes_the_licences_that_the_workspace_allows() {
    let list = |file: &str, before: &str| -> BTreeSet<String> {
        between(&read(file), before, "\n]")
            .lines()
            .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix("\","))
            .map(str::to_owned)
            .collect()
    };
    let allowed = list("deny.toml", "\nallow = [");
    assert!(allowed.contains("MIT"));
    assert_eq!(
        list(".github/release/about.toml", "\naccepted = ["),
        allowed
    );
}
