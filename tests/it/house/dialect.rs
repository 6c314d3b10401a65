//! Specs that cannot be generated from are refused with file, place and rule; nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use xtask::codegen;
use xtask::spec::{Finding, Findings};

use super::{listed, root};

/// A root of its own for specs, without any.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("house")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("openapi")).unwrap();
    folder
}

/// What is told of the specs below a root; nothing where they can be generated from.
fn findings(root: &Path) -> Vec<Finding> {
    match codegen::generate(root) {
        Ok(_) => Vec::new(),
        Err(error) => {
            error
                .downcast::<Findings>()
                .unwrap_or_else(|error| panic!("{error:#}"))
                .0
        }
    }
}

/// A place of `refused-specs.yaml`, as a pointer.
fn pointer(place: &str) -> String {
    let names = [
        (
            "GET",
            "/paths/~1management~1has_registered_mobile_device~1{application_id}~1{user_id}/get",
        ),
        (
            "POST",
            "/paths/~1management~1send_registration_sms~1{application_id}~1{user_id}/post",
        ),
        (
            "PATH",
            "/paths/~1management~1has_registered_mobile_device~1{application_id}~1{user_id}",
        ),
        ("SCHEMAS", "/components/schemas"),
    ];
    let known = names
        .iter()
        .find_map(|(name, pointer)| Some((pointer, place.strip_prefix(name)?)));
    known.map_or_else(
        || place.to_owned(),
        |(pointer, rest)| format!("{pointer}{rest}"),
    )
}

/// The object at the parent of a place, and the place's key in it.
fn parent<'doc>(
    document: &'doc mut Value,
    place: &str,
) -> (&'doc mut serde_json::Map<String, Value>, String) {
    let pointer = pointer(place);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let members = document.pointer_mut(parent).and_then(Value::as_object_mut);
    (
        members.unwrap_or_else(|| panic!("no object at {parent}")),
        key.replace("~1", "/"),
    )
}

fn change(document: &mut Value, case: &Value) {
    for (place, value) in case["set"].as_object().into_iter().flatten() {
        let (members, key) = parent(document, place);
        members.insert(key, value.clone());
    }
    for (place, value) in case["append"].as_object().into_iter().flatten() {
        document
            .pointer_mut(&pointer(place))
            .and_then(Value::as_array_mut)
            .unwrap()
            .push(value.clone());
    }
    for (from, to) in case["move"].as_object().into_iter().flatten() {
        let (members, key) = parent(document, from);
        let moved = members
            .remove(&key)
            .unwrap_or_else(|| panic!("nothing at {from}"));
        let (members, key) = parent(document, to.as_str().unwrap());
        members.insert(key, moved);
    }
    if let Some(place) = case["remove"].as_str() {
        let (members, key) = parent(document, place);
        assert!(members.remove(&key).is_some(), "nothing at {place}");
    }
}

#[test]
fn a_spec_that_the_generator_cannot_handle_is_refused_with_file_place_and_rule() {
    let folder = folder("refused");
    let file = folder.join("openapi/activeconnect.yaml");
    let original = fs::read_to_string(root().join("openapi/activeconnect.yaml")).unwrap();
    let original: Value = yaml_serde::from_str(&original).unwrap();
    let cases = fs::read_to_string(root().join("tests/vectors/refused-specs.yaml")).unwrap();
    let cases: Vec<Value> = yaml_serde::from_str(&cases).unwrap();
    assert!(cases.len() > 40);

    // Unchanged, but written as JSON, which YAML contains: it is the changes that are refused.
    fs::write(&file, original.to_string()).unwrap();
    assert!(findings(&folder).is_empty());

    let mut wrong = Vec::new();
    for case in &cases {
        let mut document = original.clone();
        change(&mut document, case);
        assert_ne!(document, original, "{} changes nothing", case["name"]);
        fs::write(&file, document.to_string()).unwrap();
        let (rule, place) = (
            case["rule"].as_str().unwrap(),
            pointer(case["at"].as_str().unwrap()),
        );
        let findings = findings(&folder);
        let fits = |finding: &Finding| {
            finding.rule == rule
                && finding.file == "openapi/activeconnect.yaml"
                && finding.place.starts_with(&place)
                && !finding.why.is_empty()
        };
        if !findings.iter().any(fits) {
            wrong.push(format!(
                "{}: no [{rule}] at {place}, but:\n{}",
                case["name"],
                listed(&findings)
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn a_spec_with_bad_yaml_or_a_repeated_key_is_refused_by_name() {
    let folder = folder("yaml");
    for text in [
        "openapi: [",
        "openapi: 3.0.3\nopenapi: 3.0.3\n",
        "",
        "- a list\n",
        "? [a]\n: b\n",
    ] {
        fs::write(folder.join("openapi/broken.yaml"), text).unwrap();
        let findings = findings(&folder);
        assert!(!findings.is_empty(), "{text:?}");
        let named = findings
            .iter()
            .all(|finding| finding.file == "openapi/broken.yaml");
        assert!(named, "{text:?}: {}", listed(&findings));
    }
}
