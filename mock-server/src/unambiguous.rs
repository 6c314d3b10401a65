//! JSON in which no object has a member twice, because nobody can tell which of the two is meant. Must not know what the
//! JSON describes.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::bounds::cut;

/// Bytes of a repeated name that an error shows.
const NAME: usize = 64;
/// Levels of objects and arrays that serde_json reads.
const LEVELS: usize = 127;

/// JSON in which no object has a member twice.
///
/// # Errors
/// It is no JSON, or an object has a member twice, which is an error of data. Quotes no value.
pub fn json(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes).map(|Strict(value)| value)
}

/// What is wrong with JSON that is nested too deeply, if that is the error.
pub fn depth_fault(error: &serde_json::Error) -> Option<String> {
    // serde_json has no other sign of it.
    let is_deep = error.to_string().starts_with("recursion limit exceeded");
    is_deep.then(|| format!("is nested too deeply; at most {LEVELS} levels are allowed"))
}

/// What is wrong with a number that is JSON and that no program can keep, if that is the error.
pub fn range_fault(error: &serde_json::Error) -> Option<String> {
    // serde_json has no other sign of it.
    let is_large = error.to_string().starts_with("number out of range");
    let (line, column) = (error.line(), error.column());
    is_large.then(|| {
        format!(
            "has a number that is out of range at line {line}, column {column}; it must be below 1.8e308"
        )
    })
}

/// What begins a text that editors on Windows save as UTF-8. JSON that is sent must not begin so (RFC 8259, section 8.1).
pub const MARK: &[u8] = b"\xef\xbb\xbf";

/// What is wrong with the encoding of JSON, if its beginning shows it.
pub fn encoding_fault(text: &[u8]) -> Option<&'static str> {
    if text.starts_with(MARK) {
        Some(
            "begins with a byte order mark, which JSON in a request must not have; save or send it as UTF-8 without one",
        )
    } else if text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff") {
        Some("is UTF-16, and JSON must be UTF-8; save or send it as UTF-8")
    } else {
        None
    }
}

/// What is wrong with a text that could not be read as JSON. Quotes no value.
pub fn syntax_fault(error: &serde_json::Error) -> String {
    depth_fault(error)
        .or_else(|| range_fault(error))
        .unwrap_or_else(|| {
            let (line, column) = (error.line(), error.column());
            format!("is not valid JSON at line {line}, column {column}")
        })
}

/// Any JSON in which no object has a member twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut all = Vec::new();
        while let Some(Strict(element)) = elements.next_element()? {
            all.push(element);
        }
        Ok(Value::Array(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut all = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if all.contains_key(&name) {
                let name = cut(&name, NAME).escape_debug();
                return Err(A::Error::custom(format_args!("`{name}` is given twice")));
            }
            let Strict(member) = members.next_value()?;
            all.insert(name, member);
        }
        Ok(Value::Object(all))
    }
}

#[cfg(test)]
mod tests {
    use super::{LEVELS, json, syntax_fault};

    #[test]
    fn json_that_is_nested_too_deeply_is_told_from_what_is_no_json() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(json(nested(LEVELS).as_bytes()).is_ok());
        let error = json(nested(LEVELS + 1).as_bytes()).unwrap_err();
        assert_eq!(
            syntax_fault(&error),
            "is nested too deeply; at most 127 levels are allowed"
        );
        let error = json(b"{\"a\":1e400}").unwrap_err();
        assert_eq!(
            syntax_fault(&error),
            "has a number that is out of range at line 1, column 10; it must be below 1.8e308"
        );
        let error = json(b"[\n?").unwrap_err();
        assert_eq!(
            syntax_fault(&error),
            "is not valid JSON at line 2, column 1"
        );
    }
}
