//! Whether a body keeps to the bounds that no schema states. Knows no API.
//!
//! Every text of a body has a bound, so that nothing that the mock keeps of a request is longer than a reader expects.

use std::borrow::Cow;

use serde_json::Value;

use super::rejection::Rejection;
use crate::bounds::{CONTAINERS, CUSTOM, LONG_MEMBERS, LONG_TEXT, TEXT, json_length};

/// The member that holds the application's own data, which has a bound as a whole.
const OWN_DATA: &str = "custom";
/// The member that holds pictures. They are counted and not kept, so only the body has a bound.
const PICTURES: &str = "images";

/// Checks that a body has not so many objects and arrays that reading it would take a hundred times its length.
///
/// # Errors
/// It has.
pub(super) fn few_containers(body: &[u8]) -> Result<(), Rejection> {
    // Each takes two brackets.
    if body.len() < 2 * CONTAINERS {
        return Ok(());
    }
    let (mut count, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => count += 1,
            _ => {}
        }
    }
    if count > CONTAINERS {
        let why = format!("has {count} objects and arrays; it must have at most {CONTAINERS}");
        return Err(Rejection::malformed("body", why));
    }
    Ok(())
}

/// Checks the lengths of all texts, and of the application's own data.
///
/// # Errors
/// The first that is too long, with its place and its bound. Quotes no value.
pub fn within(body: &Value) -> Result<(), Rejection> {
    walk(body, "", &mut Vec::new())
}

fn walk<'v>(
    value: &'v Value,
    member: &'v str,
    path: &mut Vec<Cow<'v, str>>,
) -> Result<(), Rejection> {
    match value {
        Value::Object(_) if member == OWN_DATA => {
            let length = json_length(value);
            if length > CUSTOM {
                return Err(too_long(path, length, CUSTOM, " of JSON"));
            }
        }
        Value::Array(_) if member == PICTURES => {}
        Value::Object(members) => {
            for (name, value) in members {
                if name.len() > TEXT {
                    return Err(too_long(path, name.len(), TEXT, " in the name of a member"));
                }
                path.push(Cow::Borrowed(name));
                walk(value, name, path)?;
                path.pop();
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                path.push(Cow::Owned(index.to_string()));
                walk(value, member, path)?;
                path.pop();
            }
        }
        Value::String(text) => {
            let bound = if LONG_MEMBERS.contains(&member) {
                LONG_TEXT
            } else {
                TEXT
            };
            if text.len() > bound {
                return Err(too_long(path, text.len(), bound, ""));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

fn too_long(path: &[Cow<'_, str>], length: usize, bound: usize, of_what: &str) -> Rejection {
    let mut place = "body".to_owned();
    if !path.is_empty() {
        place.push(' ');
    }
    for part in path {
        place.push('/');
        place.push_str(part);
    }
    Rejection::malformed(
        place,
        format!("is too long: {length} bytes{of_what}; it must have at most {bound}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{CONTAINERS, CUSTOM, LONG_TEXT, TEXT, few_containers, within};

    fn of(body: &Value) -> Result<(), String> {
        within(body).map_err(|rejection| rejection.to_string())
    }

    #[test]
    fn a_text_has_the_bound_of_its_member_and_the_refusal_names_both() {
        let text = |length: usize| "x".repeat(length);
        assert_eq!(of(&json!({"userId": text(TEXT)})), Ok(()));
        let refused = of(&json!({"users": ["a", text(TEXT + 1)]})).unwrap_err();
        assert!(
            refused.contains("/users/1") && refused.contains("at most 2048"),
            "{refused}"
        );
        assert_eq!(of(&json!({"token": text(LONG_TEXT)})), Ok(()));
        assert!(of(&json!({"token": text(LONG_TEXT + 1)})).is_err());
        assert_eq!(of(&json!({"images": [text(100_000)]})), Ok(()));
        assert!(of(&json!({"pictures": [text(100_000)]})).is_err());
        assert!(of(&json!({text(TEXT + 1): 1})).is_err());
    }

    #[test]
    fn own_data_has_a_bound_as_a_whole() {
        let most = CUSTOM - json!({"a": ""}).to_string().len();
        let own = |length: usize| json!({"data": {"custom": {"a": "x".repeat(length)}}});
        assert_eq!(of(&own(most)), Ok(()));
        let refused = of(&own(most + 1)).unwrap_err();
        assert!(
            refused.contains("/data/custom") && refused.contains("at most 16384"),
            "{refused}"
        );
    }

    #[test]
    fn objects_and_arrays_are_counted_outside_of_texts() {
        let many = |count: usize| format!("[{}0]", "{},".repeat(count - 1));
        assert!(few_containers(many(CONTAINERS).as_bytes()).is_ok());
        let refused = few_containers(many(CONTAINERS + 1).as_bytes()).unwrap_err();
        assert!(refused.to_string().contains("at most 10000"), "{refused}");
        let text = format!(r#"["\"{}"]"#, "[".repeat(3 * CONTAINERS));
        assert!(few_containers(text.as_bytes()).is_ok());
    }
}
