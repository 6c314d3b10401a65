//! The parsers of the mock that read what strangers send. Sends no request.

use std::panic::AssertUnwindSafe;

use serde_json::Value;
use stepup_mock::fuzz::{Mock, is_secret, shown_in_journal, whole_at};

/// The mock stops reading a body at the end of its JSON value, and never before.
#[test]
fn extent() {
    bolero::check!(name = "extent")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let mut values = serde_json::Deserializer::from_slice(bytes).into_iter::<Value>();
            let Some(Ok(value)) = values.next() else {
                return;
            };
            let length = values.byte_offset();
            let end = whole_at(bytes);
            if value.is_number() {
                // A number is whole as soon as it can be, and may go on.
                assert!(end.is_some_and(|end| end <= length + 1));
            } else {
                assert_eq!(end, Some(length));
            }
        });
}

/// A JSON value with its secrets as the journal has to show them.
fn masked(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let is_empty = member.is_null() || member.as_str().is_some_and(str::is_empty);
                if !is_secret(name) {
                    masked(member);
                } else if !is_empty {
                    *member = Value::from("***");
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(masked),
        Value::String(text) => {
            if let Some(mut inner) = inner(text) {
                masked(&mut inner);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

/// The JSON that a text holds.
fn inner(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text).ok()?;
    (value.is_object() || value.is_array()).then_some(value)
}

/// Whether two values say the same; JSON in a text may be written otherwise.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .all(|(name, one)| other.get(name).is_some_and(|other| same(one, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::String(one), Value::String(other)) if one != other => {
            let both = inner(one).zip(inner(other));
            // What begins as JSON does and is none is masked up to its end, as text.
            both.map_or(
                other.trim_start().starts_with(['{', '[']),
                |(one, other)| same(&one, &other),
            )
        }
        _ => one == other,
    }
}

/// The journal shows a body that it kept whole as it was, but for its secrets. It shows no secret of one that it cut.
#[test]
fn masking() {
    bolero::check!(name = "masking")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| {
            let text = shown_in_journal(bytes, bytes.len());
            if let Ok(mut value) = serde_json::from_slice::<Value>(bytes)
                && (value.is_object() || value.is_array())
            {
                masked(&mut value);
                let shown: Value = serde_json::from_str(&text).unwrap();
                assert!(same(&shown, &value), "{shown} of {value}");
            }
            for end in 0..bytes.len() {
                let cut = shown_in_journal(bytes.get(..end).unwrap(), bytes.len());
                // A text with a secret in it is written anew, with other escapes perhaps.
                let may_differ = !is_json(bytes) || bytes.contains(&b'\\');
                assert!(
                    text.starts_with(cut.trim_end_matches(['*', '"'])) || may_differ,
                    "{cut:?} of {text:?}"
                );
            }
        });
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Value>(bytes).is_ok()
}

/// A seed starts a mock that can be reset, or is refused in printable words.
#[test]
fn seed() {
    bolero::check!(name = "seed")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| match Mock::from_seed_text(bytes) {
            Ok(mock) => mock.reset(),
            Err(why) => assert!(
                !why.is_empty() && !why.contains(char::is_control),
                "{why:?}"
            ),
        });
}

/// The state of a dump is loaded and dumped again as it was, or refused in printable words.
#[test]
fn state() {
    let mock = AssertUnwindSafe(Mock::start().unwrap());
    bolero::check!(name = "state")
        .with_iterations(0)
        .for_each(|bytes: &[u8]| match mock.load_state(bytes) {
            Ok(dumped) => {
                let again = mock.load_state(&dumped).unwrap();
                let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                assert_eq!(text(&again), text(&dumped));
            }
            Err(why) => assert!(
                !why.is_empty() && !why.contains(char::is_control),
                "{why:?}"
            ),
        });
}
