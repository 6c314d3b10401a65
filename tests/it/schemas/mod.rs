//! The generated types against the specs, three ways: the schema that schemars derives from the mock's types is the
//! spec's; values drawn from the spec pass through the mock's types unchanged; and through the client's. The types are
//! made from the specs, so this shows that nothing was lost on the way, not that the specs are true.

mod compare;
pub(crate) mod sampler;
mod seed;
mod types;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::compare::{differences, normal};
use self::sampler::Sampler;
use self::types::{Component, client, mock};
use crate::spec;

/// Keywords of the specs that a derived schema may lack (not contradict), and why. One that is not needed fails the
/// test.
const EXCEPTIONS: [(&str, &str); 7] = [
    (
        "minLength",
        "the types check it when they are read, and serde has no attribute that schemars could see",
    ),
    (
        "minimum",
        "a Rust integer has the bounds of its width alone; the mock validates requests before they are typed",
    ),
    ("maximum", "as minimum"),
    ("maxLength", "as minLength"),
    ("pattern", "as minLength"),
    (
        "maxItems",
        "a Rust list has no bounds; the mock validates requests before they are typed",
    ),
    ("minItems", "as maxItems"),
];

/// Every list above names every component of its spec, and nothing else.
#[test]
fn every_component_has_types_on_both_sides() {
    for spec in spec::all() {
        let wanted: BTreeSet<&str> = spec.schemas().keys().map(String::as_str).collect();
        for listed in [mock(&spec.stem), client(&spec.stem)] {
            let names: BTreeSet<&str> = listed.iter().map(|component| component.name).collect();
            assert_eq!(names, wanted, "openapi/{}.yaml", spec.stem);
        }
    }
}

#[test]
fn the_schemas_derived_from_the_mocks_types_match_the_specs() {
    let mut found = BTreeMap::new();
    for spec in spec::all() {
        for component in mock(&spec.stem) {
            let derived = component.schema.unwrap()();
            let wanted = normal(&spec.schemas()[component.name], &spec.document, spec);
            let derived = normal(&derived, &derived, spec);
            differences(
                &format!("{}/{}", spec.stem, component.name),
                &wanted,
                &derived,
                &mut found,
            );
        }
    }
    let mut needed = BTreeSet::new();
    found.retain(|place, difference: &mut String| {
        let lacks = |(keyword, _): &&(&'static str, &str)| {
            place.ends_with(&format!("/{keyword}")) && difference.ends_with(", derived null")
        };
        let exception = EXCEPTIONS.iter().find(lacks);
        needed.extend(exception.map(|(keyword, _)| *keyword));
        exception.is_none()
    });
    assert!(
        found.is_empty(),
        "spec and derived schema differ: {found:#?}"
    );
    assert_eq!(
        needed,
        EXCEPTIONS.iter().map(|(keyword, _)| *keyword).collect(),
        "an exception is not needed"
    );
}

/// Values of each component pass through the types unchanged.
fn pass_unchanged(types: fn(&str) -> Vec<Component>) {
    const SAMPLES: usize = 200;
    let mut wrong = Vec::new();
    for spec in spec::all() {
        let mut sampler = Sampler { spec, state: 2026 };
        for component in types(&spec.stem) {
            let validator = spec.open_validator(component.name);
            let schema = &spec.schemas()[component.name];
            let sample = |sampler: &mut Sampler<'_>| {
                let value = sampler.value(schema);
                let faults = spec::faults(&validator, &value);
                assert!(
                    faults.is_empty(),
                    "{}: the sampler drew {value}: {faults:?}",
                    component.name
                );
                match (component.pass)(&value) {
                    Ok(passed) if passed == value => None,
                    Ok(passed) => Some(format!(
                        "{}/{}: {value} became {passed}",
                        spec.stem, component.name
                    )),
                    Err(error) => {
                        Some(format!("{}/{}: {value} {error}", spec.stem, component.name))
                    }
                }
            };
            // One line a component is enough to see what is wrong.
            wrong.extend((0..SAMPLES).find_map(|_| sample(&mut sampler)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_mocks_types_round_trip_what_the_spec_allows() {
    pass_unchanged(mock);
}

#[test]
fn the_clients_types_round_trip_what_the_spec_allows() {
    pass_unchanged(client);
}

/// What stands for every secret.
const SECRET: &str = "MARKED-4711";

/// Replaces the secrets in a value of a schema; gives their number.
fn mark(spec: &spec::Spec, schema: &Value, value: &mut Value) -> usize {
    let schema = spec.resolve(schema);
    if schema["format"] == "password" && value.is_string() {
        *value = SECRET.into();
        return 1;
    }
    match value {
        Value::Object(members) => members
            .iter_mut()
            .filter_map(|(name, member)| {
                let property = schema["properties"].get(name);
                let schema = property.or_else(|| schema.get("additionalProperties"))?;
                Some(mark(spec, schema, member))
            })
            .sum(),
        Value::Array(items) => items
            .iter_mut()
            .map(|item| mark(spec, &schema["items"], item))
            .sum(),
        _ => 0,
    }
}

/// No type of either side prints a secret, alone or within another, and each type with a secret is tried.
#[test]
fn no_type_prints_what_the_spec_marks_as_secret() {
    const SAMPLES: usize = 100;
    for (side, types) in [
        ("mock", mock as fn(&str) -> Vec<Component>),
        ("client", client),
    ] {
        let mut tried = BTreeSet::new();
        let mut wanted = BTreeSet::new();
        for spec in spec::all() {
            let mut sampler = Sampler { spec, state: 4711 };
            for component in types(&spec.stem) {
                let schema = &spec.schemas()[component.name];
                let place = format!("{}/{}", spec.stem, component.name);
                let properties = schema["properties"].as_object().into_iter().flatten();
                if properties
                    .map(|(_, property)| property)
                    .any(xtask::lint_spec::is_marked)
                {
                    wanted.insert(place.clone());
                }
                for _ in 0..SAMPLES {
                    let mut value = sampler.value(schema);
                    if mark(spec, schema, &mut value) > 0 {
                        let text = (component.shown)(&value);
                        assert!(!text.contains(SECRET), "the {side}'s {place} prints {text}");
                        tried.insert(place.clone());
                    }
                }
            }
        }
        assert!(wanted.is_subset(&tried), "{wanted:?} {tried:?}");
        assert!(wanted.len() > 20, "{wanted:?}");
    }
}

/// Path parameters have no format: one that carries a credential goes by its name.
#[test]
fn no_type_of_a_path_parameter_prints_a_credential() {
    for types in [mock, client] {
        let parameters = types("activeconnect");
        let token = parameters
            .iter()
            .find(|one| one.name == "RegistrationToken");
        let text = (token.unwrap().shown)(&SECRET.into());
        assert!(!text.contains(SECRET), "{text}");
    }
}
