//! Messages for a body that its schema does not allow. Must not know any API.
//!
//! A reason never repeats a text of the body, which can be a secret: it names the type of the value, and what is
//! expected.

use std::borrow::Cow;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError};
use serde_json::Value;

use crate::iso8601;
use crate::likeness::nearest;
use crate::patterns::matching;

/// Members of an object that a reason names, when the value is no object.
const SHOWN: usize = 6;

/// The rest of a sentence that begins with the place of the fault. `members` are those of the object that is wanted there.
pub(super) fn reason(error: &ValidationError<'_>, members: &[&str]) -> String {
    let found = error.instance();
    match error.kind() {
        ValidationErrorKind::Required { property } => {
            format!("lacks the required member {property}")
        }
        ValidationErrorKind::Type { kind } => {
            let members = match members {
                [] => String::new(),
                [only] => format!(" with the member {only}"),
                members => format!(
                    " with members such as {}",
                    members[..members.len().min(SHOWN)].join(", ")
                ),
            };
            let kind = expected(kind);
            format!("is {}; it must be {kind}{members}", kind_of(found))
        }
        ValidationErrorKind::Enum { options } => unknown_word(found, options),
        ValidationErrorKind::Format { format } => {
            let of_time = found.as_str().filter(|_| format == "date-time");
            let fault = of_time.and_then(iso8601::fault);
            let fault = fault.unwrap_or("has the wrong form");
            format!("{fault}; it must be {}", form(format))
        }
        ValidationErrorKind::Pattern { pattern } => {
            format!("has the wrong form; it must {}", matching(pattern))
        }
        ValidationErrorKind::MinLength { limit } => {
            format!(
                "is too short; it must have at least {}",
                count(*limit, "character")
            )
        }
        ValidationErrorKind::MaxLength { limit } => {
            format!(
                "is too long; it must have at most {}",
                count(*limit, "character")
            )
        }
        ValidationErrorKind::MinItems { limit } => {
            format!(
                "is too short; it must have at least {}",
                count(*limit, "element")
            )
        }
        ValidationErrorKind::MaxItems { limit } => {
            format!(
                "is too long; it must have at most {}",
                count(*limit, "element")
            )
        }
        ValidationErrorKind::Minimum { limit } => {
            format!("is {found}; it must be at least {limit}")
        }
        ValidationErrorKind::Maximum { limit } => format!("is {found}; it must be at most {limit}"),
        other => format!("breaks the rule `{}` of its schema", other.keyword()),
    }
}

/// The type of a value, with its article.
pub(crate) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        // An integer is expected, and this is another number.
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn expected(kind: &TypeKind) -> String {
    let name = |kind: JsonType| match kind {
        JsonType::Null => "null",
        JsonType::Boolean => "a boolean",
        JsonType::Integer => "an integer",
        JsonType::Number => "a number",
        JsonType::String => "a string",
        JsonType::Array => "an array",
        JsonType::Object => "an object",
    };
    match kind {
        TypeKind::Single(kind) => name(*kind).to_owned(),
        TypeKind::Multiple(kinds) => kinds.iter().map(name).collect::<Vec<_>>().join(" or "),
    }
}

fn unknown_word(found: &Value, options: &Value) -> String {
    let known: Vec<&str> = options
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    match found.as_str() {
        Some(word) => format!("has an unknown value; {}", one_of(word, &known)),
        None => format!(
            "is {}; it must be one of {}",
            kind_of(found),
            known.join(", ")
        ),
    }
}

/// The message for an unknown word: all known words, and the one that was probably meant.
pub(super) fn one_of(word: &str, known: &[&str]) -> String {
    if let [only] = known {
        return format!("it must be {only}");
    }
    let hint = nearest(word, known.iter().copied())
        .map_or(String::new(), |word| format!("; did you mean {word}?"));
    let all = known.join(", ");
    format!("it must be one of {all}{hint}")
}

/// What a name must be that is unknown, as the rest of a sentence that begins with it.
pub(super) fn unknown(known: &[&str]) -> String {
    if known.is_empty() {
        return "is unknown; there is none here".to_owned();
    }
    format!("is unknown; the known ones are {}", known.join(", "))
}

/// Characters of an unknown name that a reason repeats.
const BRIEF: usize = 64;

/// As much of a name as can stand in a sentence.
pub(crate) fn brief(name: &str) -> Cow<'_, str> {
    let plain = !name.chars().any(char::is_control) && name.chars().count() <= BRIEF;
    if plain {
        return Cow::Borrowed(name);
    }
    let shown = name
        .chars()
        .map(|one| if one.is_control() { '\u{fffd}' } else { one });
    Cow::Owned(shown.take(BRIEF).chain(['…']).collect())
}

fn form(format: &str) -> String {
    match format {
        "date-time" => "a date and time with an offset, such as 2026-01-01T00:00:00Z".to_owned(),
        "email" => "an email address".to_owned(),
        "uri" => "an absolute URL".to_owned(),
        other => format!("a string of the format {other}"),
    }
}

fn count(number: u64, what: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {what}{s}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::reason;

    /// What is wrong with a value by a schema.
    fn of(schema: &Value, value: &Value) -> String {
        let options = jsonschema::options().should_validate_formats(true);
        let validator = options.build(schema).unwrap();
        let error = validator.validate(value).unwrap_err();
        reason(&error, &[])
    }

    #[test]
    fn a_reason_names_what_was_found_and_what_is_expected() {
        let string = json!({"type": "string"});
        assert_eq!(of(&string, &json!(5)), "is a number; it must be a string");
        assert_eq!(of(&string, &json!({})), "is an object; it must be a string");
        let integer = json!({"type": "integer"});
        assert_eq!(
            of(&integer, &json!(1.5)),
            "is a number with a fraction; it must be an integer"
        );
        let either = json!({"type": ["string", "null"]});
        assert!(of(&either, &json!([])).starts_with("is an array; it must be "));
        let object = json!({"type": "object", "required": ["token"]});
        assert_eq!(
            of(&object, &json!({})),
            "lacks the required member \"token\""
        );
    }

    #[test]
    fn limits_are_named() {
        let of = |schema: Value, value: Value| of(&schema, &value);
        assert_eq!(
            of(json!({"minLength": 1}), json!("")),
            "is too short; it must have at least 1 character"
        );
        assert_eq!(
            of(json!({"maxLength": 2}), json!("abc")),
            "is too long; it must have at most 2 characters"
        );
        assert_eq!(
            of(json!({"minItems": 1}), json!([])),
            "is too short; it must have at least 1 element"
        );
        assert_eq!(
            of(json!({"maxItems": 1}), json!([1, 2])),
            "is too long; it must have at most 1 element"
        );
        assert_eq!(
            of(json!({"minimum": 0}), json!(-1)),
            "is -1; it must be at least 0"
        );
        assert_eq!(
            of(json!({"maximum": 9}), json!(10)),
            "is 10; it must be at most 9"
        );
    }

    #[test]
    fn an_unknown_word_is_answered_with_all_that_are_known_and_the_nearest() {
        let methods = json!({"enum": ["SMS", "EMAIL_OTP", "EMAIL_MAGIC_LINK"]});
        assert_eq!(
            of(&methods, &json!("email-opt")),
            "has an unknown value; it must be one of SMS, EMAIL_OTP, EMAIL_MAGIC_LINK; did you mean EMAIL_OTP?"
        );
        assert_eq!(
            of(&methods, &json!("TELEPATHY")),
            "has an unknown value; it must be one of SMS, EMAIL_OTP, EMAIL_MAGIC_LINK"
        );
        assert_eq!(
            of(&methods, &json!(5)),
            "is a number; it must be one of SMS, EMAIL_OTP, EMAIL_MAGIC_LINK"
        );
        assert_eq!(
            of(&json!({"enum": ["UPDATE"]}), &json!("x")),
            "has an unknown value; it must be UPDATE"
        );
    }

    #[test]
    fn a_time_is_refused_with_what_is_wrong_with_it() {
        let time = json!({"format": "date-time"});
        for (text, told) in [
            (
                "2030-02-29T00:00:00Z",
                "names a day that does not exist; it must be a date",
            ),
            (
                "9999",
                "is a year alone; it must be a date and time with an offset",
            ),
            ("tomorrow", "has the wrong form; it must be a date and time"),
        ] {
            let reason = of(&time, &json!(text));
            assert!(reason.starts_with(told), "{reason}");
        }
    }

    #[test]
    fn no_text_of_the_body_is_repeated() {
        for schema in [
            json!({"type": "integer"}),
            json!({"enum": ["SMS"]}),
            json!({"format": "date-time"}),
            json!({"pattern": "^[0-9]$"}),
            json!({"minLength": 99}),
            json!({"maxLength": 1}),
            json!({"const": "other"}),
        ] {
            let reason = of(&schema, &json!("hunter2"));
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }
}
