//! A vendor's word in a file that a person writes. Knows no vendor.

use serde::Deserialize;

/// An enum value in the vendor's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String", bound = "T: Vocabulary")]
pub struct Word<T>(pub T);

/// Words that a seed can hold.
pub trait Vocabulary: Sized {
    /// The thing of that word.
    fn of(word: &str) -> Option<Self>;
    /// Every word.
    fn words() -> Vec<&'static str>;
}

impl<T: Vocabulary> TryFrom<String> for Word<T> {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        T::of(&word)
            .map(Self)
            .ok_or_else(|| format!("`{word}` is unknown; use one of: {}", T::words().join(", ")))
    }
}

#[cfg(feature = "schema")]
impl<T: Vocabulary> schemars::JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Word".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "enum": T::words()})
    }
}
