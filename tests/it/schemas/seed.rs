//! The JSON Schema of seeds: it is that of the types, and every seed that the project shows or uses is one by it.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::Validator;
use serde_json::{Value, json};
use stepup_mock::MockServer;
use stepup_mock::spec_check::seed::{SCHEMA, of_types};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn schema() -> Validator {
    let schema = serde_json::from_str(SCHEMA).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

#[track_caller]
fn assert_valid(schema: &Validator, seed: &Value, whose: &str) {
    let faults: Vec<_> = schema
        .iter_errors(seed)
        .map(|fault| format!("{}: {fault}", fault.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{whose}: {faults:#?}");
}

/// `INSTA_UPDATE=always` writes the file, as it writes snapshots.
#[test]
fn the_schema_is_that_of_the_types() {
    let expected = serde_json::to_string_pretty(&of_types()).unwrap() + "\n";
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        fs::write(root().join("mock-server/seed.schema.json"), &expected).unwrap();
    } else {
        assert_eq!(SCHEMA, expected, "run this test with INSTA_UPDATE=always");
    }
}

#[test]
fn every_seed_that_a_page_shows_is_valid() {
    let schema = schema();
    let root = root();
    let mut pages = vec![root.join("README.md"), root.join("mock-server/README.md")];
    for folder in ["docs", "docs/test-double"] {
        let files = fs::read_dir(root.join(folder)).unwrap();
        pages.extend(files.map(|file| file.unwrap().path()));
    }
    let mut count = 0;
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|is| is == "md"))
    {
        let text = fs::read_to_string(page).unwrap();
        for block in text.split("```json\n").skip(1) {
            let block = block.split("```").next().unwrap();
            let Ok(seed) = serde_json::from_str::<Value>(block) else {
                continue;
            };
            if seed.get("tenants").is_some() {
                assert_valid(&schema, &seed, &format!("{}: {block}", page.display()));
                assert!(MockServer::builder().seed_value(seed).is_ok());
                count += 1;
            }
        }
    }
    assert!(count >= 3, "{count}");
}

#[test]
fn every_seed_of_the_tests_is_valid() {
    let schema = schema();
    let folder = root().join("tests/fuzz/targets/__fuzz__/seed/corpus");
    let files = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.push(root().join("tests/browser/two-tenants.json"));
    let mut count = 0;
    for file in files {
        // Some are no seeds, on purpose.
        let Ok(seed) = serde_json::from_slice::<Value>(&fs::read(&file).unwrap()) else {
            continue;
        };
        if MockServer::builder().seed_value(seed.clone()).is_ok() {
            assert_valid(&schema, &seed, &file.display().to_string());
            count += 1;
        }
    }
    assert!(count >= 2, "{count}");
}

#[tokio::test]
async fn a_dump_is_a_valid_seed() {
    let seed = MockServer::builder().seed("demo").unwrap();
    let mock = seed.start().await.unwrap();
    assert_valid(&schema(), &mock.dump(), "a dump");
}

#[test]
fn what_is_no_seed_is_not_valid() {
    let schema = schema();
    for seed in [
        json!({}),
        json!({"tenants": [], "version": "1"}),
        json!({"tenants": [{"authsignal": {"id": "t"}}]}),
        json!({"tenants": [{"authsignal": {"id": "t", "secret": "s", "defaultOutcome": "MAYBE"}}]}),
        json!({"tenants": [{"authsignal": {"id": "t", "secret": "s", "usres": []}}]}),
        json!({"tenants": [{"authsignal": null}]}),
    ] {
        assert!(!schema.is_valid(&seed), "{seed}");
    }
    let named = json!({"$schema": "seed.schema.json", "version": 1, "tenants": []});
    assert_valid(&schema, &named, "a seed that names its schema");
}
