//! How a file holds values that several owners share, and keys that are not texts. Knows no vendor.

use serde::{Deserialize, Deserializer, de};

/// The largest number that a counter may start from: the largest that every reader of JSON keeps. So no counter overflows.
pub const LARGEST: u64 = (1 << 53) - 1;

/// A number that a counter starts from.
///
/// # Errors
/// It is too large.
pub fn counter<'de, D: Deserializer<'de>, T: TryFrom<u64>>(deserializer: D) -> Result<T, D::Error> {
    let number = Some(u64::deserialize(deserializer)?).filter(|number| *number <= LARGEST);
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| de::Error::custom(format!("must be at most {LARGEST}")))
}

/// A text that several owners share.
pub mod shared_text {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer};

    /// As the text.
    pub fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    /// From the text.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
        String::deserialize(deserializer).map(Arc::from)
    }
}

/// Texts that several owners share, by keys.
pub mod shared_texts {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// As the texts.
    pub fn serialize<K: Serialize, S: Serializer>(
        texts: &BTreeMap<K, Arc<str>>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(texts.iter().map(|(key, text)| (key, &**text)))
    }

    /// From the texts.
    pub fn deserialize<'de, K: Deserialize<'de> + Ord, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<K, Arc<str>>, D::Error> {
        let texts = BTreeMap::<K, String>::deserialize(deserializer)?;
        let texts = texts.into_iter();
        Ok(texts.map(|(key, text)| (key, Arc::from(text))).collect())
    }
}

/// Things that several owners share.
pub mod shared_things {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// As the things.
    pub fn serialize<T: Serialize, S: Serializer>(
        things: &[Arc<T>],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(things.iter().map(|thing| &**thing))
    }

    /// From the things.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Arc<T>>, D::Error> {
        let things = Vec::<T>::deserialize(deserializer)?;
        Ok(things.into_iter().map(Arc::new).collect())
    }
}

/// Things by keys that have a text.
pub mod by_text {
    use std::collections::BTreeMap;
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    /// By the texts.
    pub fn serialize<K: Display, T: Serialize, S: Serializer>(
        things: &BTreeMap<K, T>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(things.iter().map(|(key, thing)| (key.to_string(), thing)))
    }

    /// From the texts.
    pub fn deserialize<'de, K, T, D>(deserializer: D) -> Result<BTreeMap<K, T>, D::Error>
    where
        K: FromStr<Err: Display> + Ord,
        T: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        let things = BTreeMap::<String, T>::deserialize(deserializer)?.into_iter();
        let things = things.map(|(key, thing)| Ok((key.parse()?, thing)));
        things
            .collect::<Result<_, K::Err>>()
            .map_err(de::Error::custom)
    }
}
