//! A list that travels as one comma-joined text, for query parameters with `explode: false`. Must
//! not know any API.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Values that are sent as one text, joined by commas.
///
/// OpenAPI calls this `style: form, explode: false`; the generated clients know the exploded form
/// only. The values' own texts must not contain commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommaList<T>(pub Vec<T>);

impl<T> Default for CommaList<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> From<Vec<T>> for CommaList<T> {
    fn from(values: Vec<T>) -> Self {
        Self(values)
    }
}

impl<T> FromIterator<T> for CommaList<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

impl<T> std::ops::Deref for CommaList<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for CommaList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, value) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            write!(f, "{value}")?;
        }
        Ok(())
    }
}

impl<T: FromStr> FromStr for CommaList<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        text.split(',').map(str::parse).collect()
    }
}

impl<T: fmt::Display> Serialize for CommaList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T> Deserialize<'de> for CommaList<T>
where
    T: FromStr,
    T::Err: fmt::Display,
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_one_text_joined_by_commas() {
        let list = CommaList(vec!["a", "b"]);
        assert_eq!(serde_json::to_string(&list).unwrap(), r#""a,b""#);
        assert_eq!(list.to_string(), "a,b");
        assert_eq!(CommaList::<u8>::default().to_string(), "");
    }

    #[test]
    fn a_list_reads_back_and_the_empty_text_is_the_empty_list() {
        assert_eq!("1,2".parse(), Ok(CommaList(vec![1u8, 2])));
        assert_eq!("".parse(), Ok(CommaList::<u8>(vec![])));
        assert!(serde_json::from_str::<CommaList<u8>>(r#""1,x""#).is_err());
    }
}
