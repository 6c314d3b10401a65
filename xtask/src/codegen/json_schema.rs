//! Converts the schemas of a spec from OpenAPI 3.0 to JSON Schema 2020-12, for validators. Changes no meaning.

use serde_json::{Map, Value, json};

use crate::spec::Spec;

/// All component schemas of a spec as one JSON Schema 2020-12 document. `{"$ref": "#/components/schemas/X"}` beside the
/// document's `components` validates as X.
pub fn bundle(spec: &Spec) -> Value {
    let schemas = spec
        .document
        .pointer("/components/schemas")
        .and_then(Value::as_object);
    let schemas: Map<String, Value> = schemas
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), convert(schema)))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "components": {"schemas": schemas},
    })
}

/// Keywords that mean the same in both, and hold no schema.
const PLAIN: [&str; 13] = [
    "type",
    "format",
    "enum",
    "required",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
];

fn convert(schema: &Value) -> Value {
    let Some(schema) = schema.as_object() else {
        return schema.clone();
    };
    if let Some(reference) = schema.get("$ref") {
        // 3.0 ignores whatever stands beside a `$ref`; 2020-12 would not.
        return json!({"$ref": reference});
    }
    let mut converted = Map::new();
    for (key, value) in schema {
        match key.as_str() {
            key if PLAIN.contains(&key) => {
                converted.insert(key.to_owned(), value.clone());
            }
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let properties: Map<_, _> = properties
                    .map(|(name, schema)| (name.clone(), convert(schema)))
                    .collect();
                converted.insert(key.clone(), Value::Object(properties));
            }
            "items" | "not" | "additionalProperties" => {
                converted.insert(key.clone(), convert(value));
            }
            // The lint lets plain types stand here, and faults of one list of types read better.
            "anyOf"
                if value
                    .as_array()
                    .is_some_and(|members| members.iter().all(is_plain)) =>
            {
                let members = value.as_array().into_iter().flatten();
                let types = members.filter_map(|member| member.get("type").cloned());
                converted.insert("type".to_owned(), types.collect());
            }
            "allOf" | "anyOf" | "oneOf" => {
                let members = value
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(convert)
                    .collect();
                converted.insert(key.clone(), Value::Array(members));
            }
            "minimum" | "maximum" => {
                let exclusive = if key == "minimum" {
                    "exclusiveMinimum"
                } else {
                    "exclusiveMaximum"
                };
                let exclusively = schema
                    .get(exclusive)
                    .and_then(Value::as_bool)
                    .unwrap_or_default();
                converted.insert(
                    if exclusively {
                        exclusive.to_owned()
                    } else {
                        key.clone()
                    },
                    value.clone(),
                );
            }
            // Prose, hints, and keywords that were dealt with above.
            _ => {}
        }
    }
    if schema.get("nullable").and_then(Value::as_bool) == Some(true) {
        allow_null(converted)
    } else {
        Value::Object(converted)
    }
}

/// Whether a schema says a type and nothing else.
fn is_plain(schema: &Value) -> bool {
    let keys = schema.as_object();
    keys.is_some_and(|keys| keys.len() == 1 && keys.contains_key("type"))
}

fn allow_null(mut schema: Map<String, Value>) -> Value {
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut)
        && !values.contains(&Value::Null)
    {
        values.push(Value::Null);
    }
    match schema.get("type").cloned() {
        Some(kind) => {
            schema.insert("type".to_owned(), json!([kind, "null"]));
            Value::Object(schema)
        }
        None => json!({"anyOf": [schema, {"type": "null"}]}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nullable_becomes_a_type() {
        let schema =
            json!({"type": "string", "nullable": true, "enum": ["a"], "description": "gone"});
        assert_eq!(
            convert(&schema),
            json!({"type": ["string", "null"], "enum": ["a", null]})
        );
        let schema = json!({"nullable": true, "allOf": [{"$ref": "#/x"}]});
        assert_eq!(
            convert(&schema),
            json!({"anyOf": [{"allOf": [{"$ref": "#/x"}]}, {"type": "null"}]})
        );
    }

    #[test]
    fn plain_types_become_one_list() {
        let schema =
            json!({"description": "gone", "anyOf": [{"type": "string"}, {"type": "number"}]});
        assert_eq!(convert(&schema), json!({"type": ["string", "number"]}));
    }

    #[test]
    fn exclusive_bounds_become_numbers() {
        let schema =
            json!({"type": "integer", "minimum": 1, "exclusiveMinimum": true, "maximum": 5});
        assert_eq!(
            convert(&schema),
            json!({"type": "integer", "exclusiveMinimum": 1, "maximum": 5})
        );
    }

    #[test]
    fn what_stands_beside_a_reference_is_dropped() {
        let schema = json!({"properties": {"a": {"$ref": "#/x", "minLength": 3}}, "additionalProperties": false});
        assert_eq!(
            convert(&schema),
            json!({"properties": {"a": {"$ref": "#/x"}}, "additionalProperties": false})
        );
    }
}
