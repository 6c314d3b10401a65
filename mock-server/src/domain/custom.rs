//! The application's own data, kept as its text. A value in memory takes up to a hundred times the bytes of its JSON, and
//! most of the data that is kept is never looked at.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Data of the application. Its bound, [`CUSTOM`](crate::bounds::CUSTOM), is checked where it comes in.
#[derive(Clone, PartialEq, Eq)]
pub struct Custom(Box<str>);

impl Custom {
    /// Keeps data.
    pub fn new(data: &Map<String, Value>) -> Self {
        // Data with texts as keys is always JSON, so this cannot fail.
        let text = serde_json::to_string(data).unwrap_or_else(|_| "{}".to_owned());
        Self(text.into_boxed_str())
    }

    /// The data.
    pub fn read(&self) -> Map<String, Value> {
        // It was written by `new`.
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// The members of those names; `None` if there is none.
    pub fn only(&self, wanted: impl Fn(&str) -> bool) -> Option<Self> {
        let mut data = self.read();
        data.retain(|name, _| wanted(name));
        (!data.is_empty()).then(|| Self::new(&data))
    }

    /// This data and other data, which holds where both have a member.
    pub fn and(first: Option<&Self>, second: Option<&Self>) -> Option<Self> {
        let (Some(one), Some(other)) = (first, second) else {
            return first.or(second).cloned();
        };
        let mut data = one.read();
        data.extend(other.read());
        Some(Self::new(&data))
    }

    /// How many bytes it takes.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.read().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Custom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(|data| Self::new(&data))
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What the application attaches is its own affair.
        write!(f, "Custom({} bytes)", self.len())
    }
}

/// How many bytes data takes, where it is there.
pub fn length(custom: Option<&Custom>) -> usize {
    custom.map_or(0, Custom::len)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::Custom;

    #[test]
    fn data_comes_back_and_takes_the_bytes_of_its_text() {
        let Value::Object(data) = json!({"a": [1, {"b": null}], "c": "é"}) else {
            unreachable!()
        };
        let custom = Custom::new(&data);
        assert_eq!(custom.read(), data);
        assert_eq!(custom.len(), Value::Object(data).to_string().len());
        assert_eq!(Custom::new(&Map::new()).len(), 2);
        assert!(!format!("{custom:?}").contains('é'));
        assert_eq!(custom.only(|name| name == "b"), None);
        let part = custom.only(|name| name == "c").unwrap();
        assert_eq!(Value::Object(part.read()), json!({"c": "é"}));
        let Value::Object(other) = json!({"c": 1, "d": 2}) else {
            unreachable!()
        };
        let other = Custom::new(&other);
        let both = Custom::and(Some(&part), Some(&other)).unwrap();
        assert_eq!(Value::Object(both.read()), json!({"c": 1, "d": 2}));
        assert_eq!(Custom::and(None, Some(&other)), Some(other));
        assert_eq!(Custom::and(None, None), None);
    }

    #[test]
    fn integers_of_64_bits_keep_every_digit_and_other_numbers_are_doubles() {
        for (sent, kept) in [
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
            ("18446744073709551616", "1.8446744073709552e+19"),
            ("9007199254740993.0", "9007199254740992.0"),
        ] {
            let data = serde_json::from_str(&format!("{{\"n\":{sent}}}")).unwrap();
            let custom = Custom::new(&data);
            let written = serde_json::to_string(&custom).unwrap();
            assert_eq!(written, format!("{{\"n\":{kept}}}"));
            assert_eq!(sonic_rs::to_string(&custom).unwrap(), written);
        }
    }
}
