//! Schemas in one form, and their differences.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::spec::{self, Spec};

/// A schema without prose and without null in members that may be left out, in one of the forms that say the same.
/// A reference to a component keeps the name alone: each component is compared for itself. Types that only the
/// generator named are written out.
pub(super) fn normal(schema: &Value, whole: &Value, spec: &Spec) -> Value {
    let Some(schema) = schema.as_object() else {
        return schema.clone();
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap_or_default();
        if spec.schemas().contains_key(name) {
            return json!({"$ref": name});
        }
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| whole.pointer(pointer));
        return normal(
            target.unwrap_or_else(|| panic!("{reference} leads nowhere")),
            whole,
            spec,
        );
    }
    let mut out = Map::new();
    for (key, value) in schema {
        match key.as_str() {
            "description" | "title" | "default" | "example" | "$schema" | "$defs" | "nullable" => {}
            extension if extension.starts_with("x-") => {}
            // For readers of the spec; no type shows it.
            "format" if value == "password" => {}
            // A text that the mock writes as the vendor does.
            "format" if schema.contains_key("x-lenient") => {}
            // What is 1 at least has no sign in Rust; the bound says so as well.
            "format" if value == "uint64" => {
                out.insert(key.clone(), "int64".into());
            }
            "properties" => {
                let required: Vec<&str> = list(schema.get("required"))
                    .filter_map(Value::as_str)
                    .collect();
                let properties = value.as_object().unwrap().iter().map(|(name, property)| {
                    let property = normal(property, whole, spec);
                    let optional = !required.contains(&name.as_str());
                    (
                        name.clone(),
                        if optional {
                            without_null(property)
                        } else {
                            property
                        },
                    )
                });
                out.insert(key.clone(), Value::Object(properties.collect()));
            }
            "items" | "additionalProperties" => {
                out.insert(key.clone(), normal(value, whole, spec));
            }
            // Any JSON in the types; the mock's schemas check what it is.
            "anyOf" if list(Some(value)).all(is_plain) => {}
            "anyOf" | "oneOf" | "allOf" => {
                let of: Vec<Value> = list(Some(value))
                    .map(|schema| normal(schema, whole, spec))
                    .collect();
                out.insert(key.clone(), of.into());
            }
            "required" => {
                let names: BTreeSet<&str> = list(Some(value)).filter_map(Value::as_str).collect();
                out.insert(key.clone(), json!(names));
            }
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    // Variants with a description each are written as one schema each.
    if let Some(of) = out.get("oneOf").and_then(Value::as_array).cloned()
        && of
            .iter()
            .all(|schema| schema.get("const").is_some() || schema.get("enum").is_some())
    {
        let words = of.iter().flat_map(|schema| match schema.get("const") {
            Some(word) => vec![word.clone()],
            None => list(schema.get("enum")).cloned().collect(),
        });
        let words: Vec<Value> = words.collect();
        out.remove("oneOf");
        out.insert("type".to_owned(), json!("string"));
        out.insert("enum".to_owned(), words.into());
    }
    if let Some(words) = out.get_mut("enum").and_then(Value::as_array_mut) {
        words.sort_by_key(Value::to_string);
    }
    if schema.get("nullable") == Some(&json!(true)) {
        return json!({"anyOf": [out, {"type": "null"}]});
    }
    Value::Object(out)
}

/// Whether a schema says a type other than null, and nothing else.
fn is_plain(schema: &Value) -> bool {
    schema.as_object().is_some_and(|keys| keys.len() == 1)
        && schema["type"] != "null"
        && schema.get("type").is_some()
}

pub(super) fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

/// A member that may be left out may be null for serde, too.
fn without_null(mut schema: Value) -> Value {
    if let Some(of) = schema.get("anyOf").and_then(Value::as_array) {
        let rest: Vec<Value> = of
            .iter()
            .filter(|schema| schema["type"] != "null")
            .cloned()
            .collect();
        if let [only] = rest.as_slice() {
            return only.clone();
        }
    }
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            schema["type"] = only.clone();
        }
    }
    if let Some(words) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        words.retain(|word| !word.is_null());
    }
    schema
}

pub(super) fn differences(
    place: &str,
    wanted: &Value,
    derived: &Value,
    found: &mut BTreeMap<String, String>,
) {
    match (wanted.as_object(), derived.as_object()) {
        (Some(a), Some(b)) => {
            for key in a.keys().chain(b.keys()).collect::<BTreeSet<_>>() {
                let (a, b) = (
                    a.get(key).unwrap_or(&Value::Null),
                    b.get(key).unwrap_or(&Value::Null),
                );
                differences(&format!("{place}/{key}"), a, b, found);
            }
        }
        _ if wanted == derived => {}
        _ => {
            found.insert(
                place.to_owned(),
                format!("spec {wanted}, derived {derived}"),
            );
        }
    }
}

#[test]
fn a_difference_between_schemas_is_found() {
    let any = spec::named("mock-control");
    let schema = json!({"type": "object", "required": ["a"], "properties": {
        "a": {"type": "string", "enum": ["x", "y"]}, "b": {"type": "string", "format": "date-time"}}});
    let count = |change: &dyn Fn(&mut Value)| {
        let mut derived = schema.clone();
        change(&mut derived);
        let mut found = BTreeMap::new();
        let normal = |schema: &Value| normal(schema, &json!({}), any);
        differences("", &normal(&schema), &normal(&derived), &mut found);
        found.len()
    };
    assert_eq!(count(&|_| ()), 0);
    assert_eq!(
        count(&|schema| schema["properties"]["a"]["description"] = json!("prose")),
        0
    );
    assert_eq!(
        count(&|schema| schema["properties"]["b"]["type"] = json!(["string", "null"])),
        0
    );
    assert_eq!(count(&|schema| schema["required"] = json!(["a", "b"])), 1);
    assert_eq!(
        count(&|schema| schema["properties"]["a"]["enum"] = json!(["x"])),
        1
    );
    assert_eq!(
        count(&|schema| schema["properties"]["b"]["format"] = json!("date")),
        1
    );
    assert_eq!(
        count(&|schema| schema["properties"]["c"] = json!({"type": "string"})),
        1
    );
    let variants = json!([{"const": "y", "type": "string"}, {"const": "x", "type": "string"}]);
    assert_eq!(
        count(&|schema| schema["properties"]["a"] = json!({"oneOf": variants})),
        0
    );
}
