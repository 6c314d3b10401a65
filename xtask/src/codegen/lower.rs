//! Makes of a spec what progenitor and typify can take, in memory: the files in `openapi/` stay as they are.
//!
//! Each step exists because of something the generators refuse, or get wrong without saying so:
//!
//! | Step | Why |
//! | --- | --- |
//! | error codes become `4XX` and `5XX` of the operation's one error schema | progenitor has one error type per operation, and the client must survive codes that the spec does not list |
//! | an operation without errors gets those of its API, if they have one schema | so that every call of an API fails with the same type |
//! | several success schemas become "any JSON" for each listed code | progenitor has one success type per operation; `successes.rs` decodes by status, so nothing is lost |
//! | optional arrays and maps become nullable | typify then makes `Option<Vec<T>>`; otherwise `[]` and absent are the same |
//! | a schema of several plain types becomes "any JSON" | typify makes a struct of flattened options of it |
//! | the client's changes are maps, where null removes a member | an optional member of a struct could not be sent as null |
//! | shared responses are written out | the steps above differ by operation |
//! | times that may come in another form are a format of their own for the client, and plain texts for the server | `jiff::Timestamp` would refuse a whole answer because of one, and the server writes them itself |
//! | the client's copy has no patterns | the client would need a regular expression engine to refuse what the server refuses |
//! | the server's copy has no paths | its types need no operations, and no operation can then upset progenitor |
//!
//! A field that is optional *and* nullable needs a step of its own (a `$ref` to a replaced schema that tells null from
//! absent). No spec has one yet, and the lint refuses it until the step exists.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use crate::model::{Api, Operation};
use crate::spec::Spec;

/// The schema of a change in which null takes a member away: a type of the hand-written client.
pub(super) const CHANGES: &str = "Changes";

/// The format of times whose form may vary: a type of the hand-written client.
pub(super) const LENIENT_TIME: &str = "x-lenient-time";

/// Whether the body of an operation is a change in which null takes a member away.
fn changes(api: &Api, operation: &Operation) -> bool {
    api.null_removes && operation.method == "PATCH"
}

/// The document from which the client is generated.
///
/// # Errors
///
/// A document that is not what the lint lets pass.
pub(super) fn for_client(spec: &Spec, api: &Api) -> Result<Value> {
    let mut document = spec.document.clone();
    let shared: BTreeSet<&str> = api
        .operations
        .iter()
        .filter_map(|operation| operation.error_schema())
        .collect();
    let shared = if shared.len() == 1 {
        shared.first().copied()
    } else {
        None
    };
    for operation in &api.operations {
        let mut responses = Map::new();
        for response in operation.successes() {
            let answer = match &response.schema {
                None => json!({"description": response.description}),
                Some(_) if operation.has_several_successes() => {
                    answer(&response.description, json!({}))
                }
                Some(schema) => answer(&response.description, reference(schema)),
            };
            responses.insert(response.status.to_string(), answer);
        }
        if let Some(schema) = operation.error_schema().or(shared) {
            for range in ["4XX", "5XX"] {
                responses.insert(
                    range.to_owned(),
                    answer("The request failed.", reference(schema)),
                );
            }
        }
        let place = document
            .pointer_mut(&operation.pointer)
            .and_then(Value::as_object_mut);
        let place = place.context("an operation vanished")?;
        place.insert("responses".to_owned(), Value::Object(responses));
        if let Some(body) = operation.body.as_ref().filter(|_| changes(api, operation)) {
            let mut changes = answer(&body.description, reference(CHANGES));
            changes["required"] = body.required.into();
            place.insert("requestBody".to_owned(), changes);
        }
    }
    if api.null_removes {
        document["components"]["schemas"][CHANGES] = json!({
            "description": "Members to set, and members to take away.",
            "type": "object",
            "additionalProperties": true,
        });
    }
    if let Some(components) = document
        .get_mut("components")
        .and_then(Value::as_object_mut)
    {
        components.remove("responses");
        let schemas = components.get_mut("schemas");
        let schemas = schemas.and_then(Value::as_object_mut);
        // The lint lets patterns stand in named schemas only.
        for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()) {
            schema
                .as_object_mut()
                .map(|schema| schema.remove("pattern"));
        }
    }
    tell_empty_from_absent(&mut document);
    any_json(&mut document);
    lenient_times(&mut document, Some(LENIENT_TIME));
    Ok(document)
}

/// The document from which the server's types are generated.
pub(super) fn for_server(spec: &Spec) -> Value {
    let mut document = json!({
        "openapi": spec.document.get("openapi"),
        "info": spec.document.get("info"),
        "paths": {},
        "components": {"schemas": spec.document.pointer("/components/schemas")},
    });
    tell_empty_from_absent(&mut document);
    any_json(&mut document);
    lenient_times(&mut document, None);
    document
}

/// The document with some of its operations only; to find out which one upsets the generator.
pub(super) fn with_operations(document: &Value, pointers: &[&str]) -> Value {
    let mut document = document.clone();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths {
            let at = crate::spec::join("/paths", path);
            if let Some(item) = item.as_object_mut() {
                item.retain(|method, _| {
                    !crate::model::METHODS.contains(&method.as_str())
                        || pointers.contains(&crate::spec::join(&at, method).as_str())
                });
            }
        }
    }
    document
}

fn reference(schema: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{schema}")})
}

fn answer(description: &str, schema: Value) -> Value {
    json!({"description": description, "content": {"application/json": {"schema": schema}}})
}

/// Makes any JSON of the schemas of several plain types.
fn any_json(document: &mut Value) {
    let schemas = document.pointer_mut("/components/schemas");
    let schemas = schemas.and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()) {
        schema.as_object_mut().map(|schema| schema.remove("anyOf"));
    }
}

/// Gives another format, or none, to the properties that are times in a form that may vary.
fn lenient_times(document: &mut Value, format: Option<&str>) {
    let schemas = document.pointer_mut("/components/schemas");
    let schemas = schemas.and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()) {
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for property in properties.into_iter().flat_map(|all| all.values_mut()) {
            let Some(property) = property.as_object_mut() else {
                continue;
            };
            if property.remove("x-lenient").is_some() {
                property.remove("format");
                property.extend(format.map(|format| ("format".to_owned(), format.into())));
            }
        }
    }
}

fn tell_empty_from_absent(document: &mut Value) {
    let schemas = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut);
    for schema in schemas.into_iter().flat_map(|schemas| schemas.values_mut()) {
        let required: BTreeSet<String> = schema
            .get("required")
            .and_then(Value::as_array)
            .map_or_else(BTreeSet::new, |names| {
                names
                    .iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect()
            });
        let properties = schema.get_mut("properties").and_then(Value::as_object_mut);
        for (name, property) in properties.into_iter().flatten() {
            let list = property.get("type").and_then(Value::as_str) == Some("array");
            let map = property.get("additionalProperties").is_some()
                && property.get("properties").is_none();
            if (list || map)
                && !required.contains(name)
                && let Some(property) = property.as_object_mut()
            {
                property.insert("nullable".to_owned(), Value::Bool(true));
            }
        }
    }
}
