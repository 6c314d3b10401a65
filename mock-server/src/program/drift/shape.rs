//! An answer without its values: what remains is compared between servers, and tells nothing of anybody.
//!
//! An object keeps its members. A list has one element, with what all its elements have. A text is a word for its form:
//! `uuid`, `date-time`, `url`, `token`, or `string`.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::compare::resolved;

/// The shape of what may be anything.
pub(super) const ANY: &str = "any";
/// The shape of a text of no other form.
const STRING: &str = "string";

/// The shape of a value. An object of free form is `object`: its members are the application's own.
pub(super) fn of(root: &Value, schema: &Value, value: &Value) -> Value {
    let schema = resolved(root, schema);
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) => "boolean".into(),
        Value::Number(_) => "number".into(),
        // The words of an enumeration have no form.
        Value::String(_) if schema["enum"].is_array() => STRING.into(),
        Value::String(text) => form(text).into(),
        Value::Array(elements) => {
            let shapes = elements
                .iter()
                .map(|element| of(root, &schema["items"], element));
            Value::Array(shapes.reduce(merged).into_iter().collect())
        }
        Value::Object(members) => {
            let Some(properties) = schema["properties"].as_object() else {
                return "object".into();
            };
            let known = members.iter().filter_map(|(name, member)| {
                let shape = of(root, properties.get(name)?, member);
                Some((name.clone(), shape))
            });
            Value::Object(known.collect())
        }
    }
}

/// What two shapes have in common.
fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (one, other) if one == other => one,
        (Value::Object(one), Value::Object(mut other)) => {
            let both = one.into_iter().filter_map(|(name, shape)| {
                let other = other.remove(&name)?;
                Some((name, merged(shape, other)))
            });
            Value::Object(both.collect::<Map<_, _>>())
        }
        (Value::Array(one), Value::Array(other)) => {
            let shapes = one.into_iter().chain(other);
            Value::Array(shapes.reduce(merged).into_iter().collect())
        }
        (Value::String(one), Value::String(other)) if is_text(&one) && is_text(&other) => {
            STRING.into()
        }
        _ => ANY.into(),
    }
}

/// Whether a shape is that of a text.
pub(super) fn is_text(shape: &str) -> bool {
    !matches!(shape, "null" | "boolean" | "number" | "object" | ANY)
}

/// Whether a shape asks for more than any text.
pub(super) fn is_form(shape: &str) -> bool {
    is_text(shape) && shape != STRING
}

/// The form of a text.
pub(super) fn form(text: &str) -> &'static str {
    if is_uuid(text) {
        "uuid"
    } else if is_date_time(text) {
        "date-time"
    } else if text.starts_with("http://") || text.starts_with("https://") {
        "url"
    } else if is_token(text) {
        "token"
    } else {
        STRING
    }
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a text is a date and a time with an offset.
pub(super) fn is_date_time(text: &str) -> bool {
    let has_time = text.as_bytes().get(10).is_some_and(|byte| *byte == b'T');
    has_time && text.parse::<Timestamp>().is_ok()
}

/// A JSON Web Token.
fn is_token(text: &str) -> bool {
    let part = |part: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        part.bytes().all(plain)
    };
    text.starts_with("eyJ") && text.split('.').count() == 3 && text.split('.').all(part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{form, of};

    #[test]
    fn a_text_is_a_word_for_its_form() {
        for (text, word) in [
            ("4fe041e6-35d3-4042-afab-cdb672886bee", "uuid"),
            ("4fe041e6-35d3-4042-afab-cdb672886beg", "string"),
            ("2026-01-01T00:00:00.000Z", "date-time"),
            ("2026-01-01 00:00:00", "string"),
            ("https://example.com", "url"),
            ("eyJh.eyJi.c-_", "token"),
            ("eyJh.eyJi", "string"),
            ("", "string"),
        ] {
            assert_eq!(form(text), word, "{text}");
        }
    }

    #[test]
    fn no_value_and_no_name_of_the_application_remains() {
        let root = json!({"User": {"properties": {
            "email": {"type": "string"}, "state": {"enum": ["https://a"]}, "custom": {"type": "object"}, "ids": {"items": {}},
        }}});
        let user = json!({"$ref": "#/User"});
        let list = json!({"items": user});
        let value = json!([
            {"email": "ada@example.com", "state": "https://a", "ids": ["a", 5], "custom": {"ada": 1}, "unknown": 1},
            {"email": "bob@example.com", "ids": [], "state": "https://a"},
        ]);
        let shape = json!([{"email": "string", "state": "string", "ids": ["any"]}]);
        assert_eq!(of(&root, &list, &value), shape);
        let one = json!({"email": "string", "state": "string", "ids": ["any"], "custom": "object"});
        assert_eq!(of(&root, &user, &value[0]), one);
    }
}
