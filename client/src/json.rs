//! JSON of others, and where in it something is wrong. Must not know any API.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};

/// The longest name that is taken for one of an API's members, in bytes.
const LONGEST_NAME: usize = 40;

/// Parts of a path that are told. Types of an API are not nested deeper.
const DEEPEST: usize = 16;

/// Reads a whole text. The error is the place in words: it quotes no value, because serde's own error can.
pub(crate) fn read<T: DeserializeOwned>(text: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let value = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (line, column) = (error.inner().line(), error.inner().column());
        format!("`{}`, line {line}, column {column}", place(error.path()))
    })?;
    json.end().map_err(|error| {
        let (line, column) = (error.line(), error.column());
        format!("its end, where more text follows, line {line}, column {column}")
    })?;
    Ok(value)
}

/// A path in one bounded line. Names of members come from the text, too: one that cannot be a name of an API's is `?`, since
/// it could be a secret, or a line of a log.
pub(crate) fn place(path: &Path) -> String {
    let mut shown = String::new();
    for (at, segment) in path.iter().enumerate() {
        if at == DEEPEST {
            shown.push('…');
            break;
        }
        let name = match segment {
            Segment::Seq { index } => {
                shown.push_str(&format!("[{index}]"));
                continue;
            }
            Segment::Map { key: name } | Segment::Enum { variant: name } if is_name(name) => name,
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => "?",
        };
        if !shown.is_empty() {
            shown.push('.');
        }
        shown.push_str(name);
    }
    if shown.is_empty() {
        shown.push('.');
    }
    shown
}

/// Whether a text looks like a member of an API: `userId`, `phone_number`. Tokens, ids and keys have more digits than letters
/// in a row, other signs, or more letters.
fn is_name(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    !text.is_empty() && text.len() <= LONGEST_NAME && text.bytes().all(is_part) && digits <= 2
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Lists = BTreeMap<String, Vec<u8>>;

    #[test]
    fn a_place_is_told_without_what_is_there() {
        for (text, place) in [
            (r#"{"a": [1, "MARKED"]}"#, "`a[1]`, line 1, column 18"),
            (r#"{"userId": tru }"#, "`userId`, line 1, column 15"),
            ("{\"MARKED\\n\": 1}", "`?`, line 1, column 14"),
            (
                "{\"eyJhbGciOiJIUzI1NiJ9.MARKED\": 1}",
                "`?`, line 1, column 33",
            ),
            ("{\"c0ffee0123456789MARKED\": 1}", "`?`, line 1, column 28"),
            (
                r#"{} MARKED"#,
                "its end, where more text follows, line 1, column 4",
            ),
            ("[]", "`.`, line 1, column 0"),
        ] {
            assert_eq!(read::<Lists>(text.as_bytes()).unwrap_err(), place, "{text}");
        }
        let long = format!(r#"{{"{}": 1}}"#, "x".repeat(7_000));
        assert!(read::<Lists>(long.as_bytes()).unwrap_err().len() < 60);
        assert_eq!(read::<Lists>(b" {\"a\": [1]}\n").unwrap()["a"], [1]);
    }

    #[test]
    fn a_deep_place_is_told_in_part() {
        let deep = format!("{}x", "[".repeat(100));
        let place = read::<serde_json::Value>(deep.as_bytes()).unwrap_err();
        assert!(
            place.starts_with("`[0][0]") && place.contains('…') && place.len() < 90,
            "{place}"
        );
    }
}
