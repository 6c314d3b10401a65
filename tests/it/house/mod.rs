//! The house: generated code is what the specs say, the specs follow the dialect, and the rules are kept. Runs the
//! repository's own tasks on the repository and on copies of its specs.

mod choices;
mod counterparts;
mod dependencies;
mod dialect;
mod packages;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use xtask::codegen::{self, Fault};
use xtask::spec::Finding;
use xtask::{coverage, lint_spec, tidy};

use crate::spec;

fn root() -> &'static Path {
    spec::workspace()
}

fn listed(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn the_generated_code_is_up_to_date() {
    let stale = codegen::check(root()).unwrap();
    let list: Vec<String> = stale.iter().map(ToString::to_string).collect();
    assert!(
        stale.is_empty(),
        "run `cargo xtask codegen`:\n{}",
        list.join("\n")
    );
}

#[test]
fn the_specs_follow_the_dialect() {
    let findings = lint_spec::lint(&xtask::spec::load_all(root()).unwrap());
    assert!(findings.is_empty(), "{}", listed(&findings));
}

#[test]
fn the_house_rules_hold() {
    let findings = tidy::tidy(root()).unwrap();
    assert!(findings.is_empty(), "{}", listed(&findings));
}

#[test]
fn every_link_of_the_documentation_leads_somewhere_and_every_page_is_in_its_contents() {
    let faults = xtask::book::check(root()).unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_coverage_table_is_up_to_date() {
    let drift = coverage::check(root()).unwrap();
    assert!(
        drift.is_none(),
        "run `cargo xtask coverage`:\n{}",
        drift.unwrap()
    );
}

#[test]
fn two_runs_of_codegen_write_the_same_bytes() {
    let (first, second) = (
        codegen::generate(root()).unwrap(),
        codegen::generate(root()).unwrap(),
    );
    assert!(!first.is_empty());
    assert_eq!(first, second);
}

/// A root of its own with the specs and the generated code, for changing.
struct Copy {
    root: PathBuf,
}

impl Copy {
    fn new(name: &str) -> Self {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR"))
            .join("house")
            .join(name);
        let _ = fs::remove_dir_all(&root);
        let copy = Self { root };
        copy.folder("openapi");
        // The blocking clients are made of the others.
        copy.folder("client/src");
        for folder in codegen::FOLDERS {
            copy.folder(folder);
        }
        copy
    }

    fn folder(&self, relative: &str) {
        fs::create_dir_all(self.root.join(relative)).unwrap();
        for entry in fs::read_dir(root().join(relative)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{relative}/{}", entry.file_name().into_string().unwrap());
            if entry.file_type().unwrap().is_dir() {
                self.folder(&path);
            } else {
                fs::copy(entry.path(), self.root.join(path)).unwrap();
            }
        }
    }

    /// Replaces one text of a spec, which must be there.
    fn replace(&self, spec: &str, from: &str, to: &str) {
        self.replace_in(&format!("openapi/{spec}"), from, to);
    }

    fn replace_in(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }
}

#[test]
fn a_method_that_a_client_gets_makes_its_blocking_form_stale() {
    let copy = Copy::new("method");
    copy.replace_in(
        "client/src/authsignal/client.rs",
        "    pub async fn get_user(",
        "    pub async fn get_nothing(&self) -> Result<()> {\n        Ok(())\n    }\n\n    pub async fn get_user(",
    );
    let stale = codegen::check(&copy.root).unwrap();
    let [stale] = stale.as_slice() else {
        panic!("one file is stale, not these: {stale:?}");
    };
    assert_eq!(stale.file, "client/src/blocking/generated/authsignal.rs");
    assert!(
        stale
            .to_string()
            .contains("+    pub fn get_nothing(&self) -> Result<()> {"),
        "{stale}"
    );
}

#[test]
fn deleting_a_field_from_a_spec_makes_the_generated_code_stale() {
    let copy = Copy::new("field");
    assert_eq!(codegen::check(&copy.root).unwrap(), []);
    copy.replace(
        "activeconnect.yaml",
        "        name: {description: Name of the phone., type: string}\n",
        "",
    );
    let stale = codegen::check(&copy.root).unwrap();
    let files: BTreeSet<&str> = stale.iter().map(|stale| stale.file.as_str()).collect();
    for file in [
        "client/src/generated/activeconnect/types.rs",
        "mock-server/src/generated/activeconnect/types.rs",
    ] {
        assert!(files.contains(file), "{files:?}");
    }
    for stale in &stale {
        let Fault::Differs(diff) = &stale.fault else {
            panic!("{stale}")
        };
        assert!(diff.lines().any(|line| line.starts_with('-')), "{diff}");
    }
    // Deleted from the generated code instead, it comes back.
    let copy = Copy::new("generated-field");
    let types = copy
        .root
        .join("mock-server/src/generated/activeconnect/types.rs");
    fs::write(
        &types,
        fs::read_to_string(&types)
            .unwrap()
            .replacen("pub automatic: bool,", "", 1),
    )
    .unwrap();
    fs::write(copy.root.join("client/src/generated/stray.rs"), "").unwrap();
    let stale = codegen::check(&copy.root).unwrap();
    assert_eq!(stale.len(), 2, "{stale:?}");
    codegen::write(&copy.root).unwrap();
    assert_eq!(codegen::check(&copy.root).unwrap(), []);
    assert_eq!(
        fs::read(types).unwrap(),
        fs::read(root().join("mock-server/src/generated/activeconnect/types.rs")).unwrap()
    );
}

#[test]
fn adding_an_operation_to_a_spec_adds_a_method_that_the_mock_must_implement() {
    let copy = Copy::new("operation");
    let before = codegen::generate(&copy.root).unwrap();
    copy.replace(
        "mock-control.yaml",
        "  /_mock/reset:\n",
        "  /_mock/greeting:\n    get:\n      operationId: get_greeting\n      tags: [server]\n      summary: Greet\n      \
         description: Greets.\n      x-evidence: *own\n      x-retry: safe\n      responses:\n        '200':\n          \
         description: A greeting.\n          x-evidence: *own\n          content: {application/json: {schema: {$ref: \
         '#/components/schemas/Health'}}}\n  /_mock/reset:\n",
    );
    let after = codegen::generate(&copy.root).unwrap();
    let routes = "mock-server/src/generated/mock_control/routes.rs";
    let method = "fn get_greeting(";
    assert!(!before[routes].contains(method));
    // In the trait: a method without a body, so that an implementation without it does not compile.
    let trait_of = |text: &str| {
        let (_, rest) = text.split_once("pub trait Api").unwrap();
        rest.split_once("\n}\n").unwrap().0.to_owned()
    };
    let declared = trait_of(&after[routes]);
    assert!(
        declared.contains(method) && !declared.contains("{\n        "),
        "{declared}"
    );
    assert!(after[routes].contains("\"/_mock/greeting\""));
    assert!(
        after["client/src/generated/mock_control/operations.rs"].contains("\"/_mock/greeting\"")
    );
    let changed: Vec<&String> = after
        .iter()
        .filter(|(file, text)| before.get(*file) != Some(*text))
        .map(|(file, _)| file)
        .collect();
    assert!(
        changed
            .iter()
            .all(|file| file.contains("mock_control") || file.ends_with("/mock-control.json")),
        "one spec's code is its own: {changed:?}"
    );
}

/// The names between backticks in the last column of every table row of the threat model.
fn named_tests(text: &str) -> Vec<&str> {
    let rows = text.lines().filter(|line| line.starts_with("| "));
    let columns = rows.filter_map(|row| row.trim_end_matches(" |").rsplit_once(" | "));
    columns
        .flat_map(|(_, tests)| tests.split('`').skip(1).step_by(2))
        .collect()
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let text = fs::read_to_string(root().join("docs/threat-model.md")).unwrap();
    let named = named_tests(&text);
    assert!(named.len() > 50, "{named:?}");
    let mut sources = String::new();
    for folder in ["client", "mock-server", "tests"] {
        read_sources(&root().join(folder), &mut sources);
    }
    let is_missing = |name: &&&str| {
        let stories = ["test", "story"].map(|call| format!("{call}(\"{name}\""));
        !sources.contains(&format!("fn {name}("))
            && !stories.iter().any(|one| sources.contains(one))
    };
    let missing: Vec<_> = named.iter().filter(is_missing).collect();
    assert!(missing.is_empty(), "no test has these names: {missing:#?}");
}

fn read_sources(folder: &Path, sources: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            read_sources(&path, sources);
        } else if matches!(extension, Some("rs" | "mjs")) {
            sources.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
}
