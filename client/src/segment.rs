//! Path parameters that cannot leave their place in the path, and their encoding. Must not know any
//! API.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind};

#[cfg(any(
    test,
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-management",
    feature = "mock-control"
))]
pub(crate) use encoding::encode_path;

/// Apart, because only APIs with path parameters need it.
#[cfg(any(
    test,
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-management",
    feature = "mock-control"
))]
mod encoding {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, PercentEncode, utf8_percent_encode};

    /// Everything but RFC 3986's unreserved characters. A smaller set is not enough: URL parsers
    /// turn `\` into `/`, and form-decoding servers turn `+` into a space.
    const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');

    /// Percent-encodes `text` as one path segment.
    ///
    /// The result holds unreserved characters and escapes only, so no `/`, `\`, `?`, `#` or `+`
    /// reaches a URL parser. The dot segments `.` and `..` cannot be escaped (parsers fold `%2e` as
    /// well); [`PathSegment`](super::PathSegment) refuses them.
    pub(crate) fn encode_path(text: &(impl AsRef<str> + ?Sized)) -> PercentEncode<'_> {
        utf8_percent_encode(text.as_ref(), ESCAPED)
    }
}

/// An id that goes into the path of a request as exactly one segment.
///
/// Any text will do, except the few that would address another resource or none: the empty text,
/// `.`, `..`, and text with control characters. `Debug` hides the text, because some ids are
/// credentials, like the token of a registration link.
///
/// ```
/// use stepup_client::PathSegment;
///
/// assert!(PathSegment::try_from("auth0|1").is_ok());
/// assert!(PathSegment::try_from("a/b").is_ok());
/// assert!(PathSegment::try_from("..").is_err());
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathSegment(String);

/// Why a text cannot be a [`PathSegment`]. Does not repeat the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSegment {
    /// The text is empty.
    Empty,
    /// The text is `.` or `..`, which URL parsers resolve instead of sending.
    DotSegment,
    /// The text holds a control character.
    ControlCharacter(usize),
}

impl fmt::Display for InvalidSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an id {}", self.rule())
    }
}

impl std::error::Error for InvalidSegment {}

impl InvalidSegment {
    /// The rule that the text breaks, to follow the name of what the text is.
    fn rule(self) -> Cow<'static, str> {
        match self {
            Self::Empty => "must not be empty".into(),
            Self::DotSegment => {
                "must not be `.` or `..`, which would address another resource".into()
            }
            Self::ControlCharacter(at) => {
                format!("must not hold control characters (found one at byte {at})").into()
            }
        }
    }

    /// As an error of this kind. `what` names the id, as in "the user id".
    #[allow(
        dead_code,
        reason = "not every API has ids in paths, and which are here is for the features to say"
    )]
    pub(crate) fn of(self, kind: Kind, what: &'static str) -> Error {
        let detail = format!("{what} {}", self.rule());
        Error::new(kind).with_detail(detail).with_source(self)
    }
}

impl fmt::Debug for PathSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PathSegment(..)")
    }
}

impl PathSegment {
    /// The text, not encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn check(text: &str) -> Result<(), InvalidSegment> {
        match text {
            "" => Err(InvalidSegment::Empty),
            "." | ".." => Err(InvalidSegment::DotSegment),
            _ => match text.char_indices().find(|(_, c)| c.is_control()) {
                Some((at, _)) => Err(InvalidSegment::ControlCharacter(at)),
                None => Ok(()),
            },
        }
    }
}

impl TryFrom<String> for PathSegment {
    type Error = InvalidSegment;

    fn try_from(text: String) -> Result<Self, InvalidSegment> {
        Self::check(&text)?;
        Ok(Self(text))
    }
}

impl TryFrom<&String> for PathSegment {
    type Error = InvalidSegment;

    fn try_from(text: &String) -> Result<Self, InvalidSegment> {
        Self::try_from(text.as_str())
    }
}

impl TryFrom<&str> for PathSegment {
    type Error = InvalidSegment;

    fn try_from(text: &str) -> Result<Self, InvalidSegment> {
        Self::check(text)?;
        Ok(Self(text.to_owned()))
    }
}

impl FromStr for PathSegment {
    type Err = InvalidSegment;

    fn from_str(text: &str) -> Result<Self, InvalidSegment> {
        Self::try_from(text)
    }
}

impl From<PathSegment> for String {
    fn from(segment: PathSegment) -> String {
        segment.0
    }
}

impl AsRef<str> for PathSegment {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PathSegment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    /// Ids that would rewrite a path, or look as if they did, and are fine as one encoded segment.
    const HOSTILE_BUT_VALID: &[(&str, &str)] = &[
        ("x\\..\\victim", "x%5C..%5Cvictim"),
        ("a/b", "a%2Fb"),
        ("../victim", "..%2Fvictim"),
        ("%2e%2e", "%252e%252e"),
        ("%2F", "%252F"),
        ("a?b", "a%3Fb"),
        ("a#b", "a%23b"),
        ("a+b", "a%2Bb"),
        ("a b", "a%20b"),
        (" ", "%20"),
        ("auth0|1", "auth0%7C1"),
        ("user@example.com", "user%40example.com"),
        ("a:b;c,d=e&f", "a%3Ab%3Bc%2Cd%3De%26f"),
        ("…", "%E2%80%A6"),
        ("é🙂", "%C3%A9%F0%9F%99%82"),
        ("...", "..."),
        ("~-._", "~-._"),
        ("http://evil.example", "http%3A%2F%2Fevil.example"),
    ];

    #[test]
    fn ids_that_address_another_resource_are_refused() {
        for (text, why) in [
            ("", InvalidSegment::Empty),
            (".", InvalidSegment::DotSegment),
            ("..", InvalidSegment::DotSegment),
            ("a\0b", InvalidSegment::ControlCharacter(1)),
            ("\n", InvalidSegment::ControlCharacter(0)),
            ("ab\r\nX-Evil: 1", InvalidSegment::ControlCharacter(2)),
            ("\u{7f}", InvalidSegment::ControlCharacter(0)),
            ("é\u{85}", InvalidSegment::ControlCharacter(2)),
        ] {
            assert_eq!(PathSegment::try_from(text), Err(why), "{text:?}");
            assert_eq!(PathSegment::try_from(text.to_owned()), Err(why));
            assert_eq!(PathSegment::try_from(&text.to_owned()), Err(why));
            assert_eq!(text.parse::<PathSegment>(), Err(why));
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<PathSegment>(&json).is_err());
        }
    }

    #[test]
    fn every_other_id_goes_out_as_exactly_one_segment() {
        let long = "x/..".repeat(5_000);
        let long_encoded = "x%2F..".repeat(5_000);
        let all = HOSTILE_BUT_VALID
            .iter()
            .copied()
            .chain([(long.as_str(), long_encoded.as_str())]);
        for (text, encoded) in all {
            let segment = PathSegment::try_from(text).unwrap();
            assert_eq!(segment.as_str(), text);
            assert_eq!(encode_path(&segment).to_string(), encoded);

            let url = Url::parse(&format!("http://h.example/users/{encoded}/end")).unwrap();
            let segments: Vec<_> = url.path_segments().unwrap().collect();
            assert_eq!(segments, ["users", encoded, "end"], "{text:?}");
            assert_eq!((url.query(), url.fragment()), (None, None));
            let decoded = percent_encoding::percent_decode_str(segments[1])
                .decode_utf8()
                .unwrap();
            assert_eq!(decoded, text);
        }
    }

    #[test]
    fn an_encoded_segment_holds_unreserved_characters_and_escapes_only() {
        let everything: String = (' '..='\u{2ff}').filter(|c| !c.is_control()).collect();
        assert!(
            encode_path(&everything)
                .to_string()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b))
        );
    }

    #[test]
    fn a_segment_keeps_its_text_through_json_and_display() {
        let segment = PathSegment::try_from("a/b").unwrap();
        let json = serde_json::to_string(&segment).unwrap();
        assert_eq!(json, r#""a/b""#);
        assert_eq!(serde_json::from_str::<PathSegment>(&json).unwrap(), segment);
        assert_eq!(segment.to_string(), "a/b");
    }
}
