//! Whether a body keeps to the bounds that no schema states. Knows no API.
//!
//! Every text of a body has a bound, so that nothing that the mock keeps of a request is longer than a reader expects.

use std::borrow::Cow;

use serde_json::Value;

use super::rejection::Rejection;
use crate::bounds::{CUSTOM, TEXT, json_length, shallow, text_bound};

/// The member that holds the application's own data, which has a bound as a whole.
const OWN_DATA: &str = "custom";
/// The member that holds pictures. They are counted and not kept, so only the body has a bound.
const PICTURES: &str = "images";

/// How large a body may be that is a whole file.
#[derive(Clone, Copy, Debug)]
pub struct FileBounds {
    /// In bytes.
    pub bytes: usize,
    /// How many objects and arrays it may have.
    pub containers: usize,
}

/// Checks that a body has not so many objects and arrays that reading it would take a hundred times its length.
///
/// # Errors
/// It has.
pub(super) fn few_containers(body: &[u8], most: usize) -> Result<(), Rejection> {
    // Each takes two brackets.
    if body.len() < 2 * most {
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
    if count > most {
        let why = format!("has {count} objects and arrays; it must have at most {most}");
        return Err(Rejection::malformed("body", why));
    }
    Ok(())
}

/// Checks the lengths of all texts, and of the application's own data.
///
/// # Errors
/// The first that is too long, with its place and its bound. Quotes no value.
pub fn within(body: &Value) -> Result<(), Rejection> {
    walk(body, "").map_err(|excess| {
        let path: Vec<_> = excess.path.iter().rev().map(|part| &**part).collect();
        let place = match path.is_empty() {
            true => "body".to_owned(),
            false => format!("body /{}", path.join("/")),
        };
        Rejection::malformed(place, excess.reason)
    })
}

/// What is too long. The path is put together on the way out, so that a body within its bounds costs no allocation.
struct Excess<'v> {
    /// The innermost part first.
    path: Vec<Cow<'v, str>>,
    reason: String,
}

impl<'v> Excess<'v> {
    fn new(length: usize, bound: usize, of_what: &str) -> Self {
        let reason = format!("is too long: {length} bytes{of_what}; it must have at most {bound}");
        Self {
            path: Vec::new(),
            reason,
        }
    }

    fn in_part(mut self, part: impl Into<Cow<'v, str>>) -> Self {
        self.path.push(part.into());
        self
    }
}

fn walk<'v>(value: &'v Value, member: &str) -> Result<(), Excess<'v>> {
    match value {
        Value::Object(_) if member == OWN_DATA => {
            let length = json_length(value);
            if length > CUSTOM {
                return Err(Excess::new(length, CUSTOM, " of JSON"));
            }
            shallow(value).map_err(|reason| Excess {
                path: Vec::new(),
                reason,
            })?;
        }
        Value::Array(_) if member == PICTURES => {}
        Value::Object(members) => {
            for (name, value) in members {
                if name.len() > TEXT {
                    return Err(Excess::new(name.len(), TEXT, " in the name of a member"));
                }
                walk(value, name).map_err(|excess| excess.in_part(name))?;
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                walk(value, member).map_err(|excess| excess.in_part(index.to_string()))?;
            }
        }
        // Hardly any text is as long as this, so the list of members is hardly ever searched.
        Value::String(text) if text.len() > TEXT => {
            let bound = text_bound(member);
            if text.len() > bound {
                return Err(Excess::new(text.len(), bound, ""));
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{CUSTOM, TEXT, few_containers, within};
    use crate::bounds::{CONTAINERS, LEVELS, LONG_TEXT};

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
        let deep = (0..LEVELS).fold(json!(1), |inner, _| json!({"a": inner}));
        assert_eq!(of(&json!({"custom": deep})), Ok(()));
        let refused = of(&json!({"custom": {"a": deep}})).unwrap_err();
        assert!(
            refused.contains("/custom is nested too deeply"),
            "{refused}"
        );
    }

    #[test]
    fn objects_and_arrays_are_counted_outside_of_texts() {
        let many = |count: usize| format!("[{}0]", "{},".repeat(count - 1));
        assert!(few_containers(many(CONTAINERS).as_bytes(), CONTAINERS).is_ok());
        let refused = few_containers(many(CONTAINERS + 1).as_bytes(), CONTAINERS).unwrap_err();
        assert!(refused.to_string().contains("at most 10000"), "{refused}");
        let text = format!(r#"["\"{}"]"#, "[".repeat(3 * CONTAINERS));
        assert!(few_containers(text.as_bytes(), CONTAINERS).is_ok());
    }
}
