//! [`VendorTime`]: times in answers, in whichever form the vendor writes them. Must not know any API.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time in an answer.
///
/// The vendor documents ISO 8601 in UTC with milliseconds, such as `2025-01-01T00:00:00.000Z`, and promises nothing. An answer
/// with another form is still an answer, so this keeps the text, and reads it when you ask: ISO 8601 with any offset, or
/// without one for UTC, and Unix seconds.
///
/// ```
/// use std::time::SystemTime;
/// use stepup_client::VendorTime;
///
/// let created = VendorTime::from("2025-01-01T00:00:00.000Z");
/// assert!(created.system_time().is_some_and(|created| created < SystemTime::now()));
/// assert_eq!(created.as_str(), "2025-01-01T00:00:00.000Z");
/// assert_eq!(VendorTime::from("yesterday").system_time(), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VendorTime(String);

impl VendorTime {
    /// The time, as the type of the crate `jiff`; none for a text that is no time.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let text = self.0.as_str();
        let instant = || text.parse::<Timestamp>().ok();
        let in_utc = || {
            let time: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(time).ok()
        };
        let seconds = || Timestamp::from_second(text.parse().ok()?).ok();
        instant().or_else(seconds).or_else(in_utc)
    }

    /// The time, as the type of the standard library; none for a text that is no time.
    pub fn system_time(&self) -> Option<SystemTime> {
        self.timestamp().map(SystemTime::from)
    }

    /// The text of the answer.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for VendorTime {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for VendorTime {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// In the form that the vendor documents.
impl From<Timestamp> for VendorTime {
    fn from(time: Timestamp) -> Self {
        Self(format!("{time:.3}"))
    }
}

impl fmt::Display for VendorTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for VendorTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for VendorTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for VendorTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrSeconds;

        impl Visitor<'_> for TextOrSeconds {
            type Value = VendorTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time")
            }

            fn visit_str<E>(self, text: &str) -> Result<VendorTime, E> {
                Ok(text.into())
            }

            fn visit_string<E>(self, text: String) -> Result<VendorTime, E> {
                Ok(text.into())
            }

            fn visit_i64<E>(self, seconds: i64) -> Result<VendorTime, E> {
                Ok(seconds.to_string().into())
            }

            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<VendorTime, E> {
                let unsigned = || E::invalid_value(Unexpected::Unsigned(seconds), &self);
                let seconds = i64::try_from(seconds).map_err(|_| unsigned())?;
                self.visit_i64(seconds)
            }
        }

        deserializer.deserialize_any(TextOrSeconds)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;

    const TIME: Duration = Duration::from_millis(1_735_689_600_500);

    #[test]
    fn a_time_is_read_in_each_form_that_it_may_have_and_kept_as_it_came() {
        let time = Some(SystemTime::UNIX_EPOCH + TIME);
        let second = Some(SystemTime::UNIX_EPOCH + Duration::from_secs(TIME.as_secs()));
        for (json, expected) in [
            (json!("2025-01-01T00:00:00.500Z"), time),
            (json!("2025-01-01T00:00:00.500000Z"), time),
            (json!("2025-01-01T13:00:00.5+13:00"), time),
            (json!("2025-01-01 00:00:00.5Z"), time),
            (json!("2025-01-01T00:00:00.5"), time),
            (json!("2025-01-01T00:00:00Z"), second),
            (json!("2025-01-01"), second),
            (json!("1735689600"), second),
            (json!(""), None),
            (json!("yesterday"), None),
            (json!("2025-13-01T00:00:00Z"), None),
        ] {
            let read: VendorTime = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(read.system_time(), expected, "{json}");
            assert_eq!(serde_json::to_value(&read).unwrap(), json);
            assert_eq!(json.as_str(), Some(read.as_str()));
        }
        let read: VendorTime = serde_json::from_value(json!(1_735_689_600)).unwrap();
        assert_eq!(read.system_time(), second);
        for json in [
            json!(true),
            Value::Null,
            json!(1.5),
            json!({}),
            json!(u64::MAX),
        ] {
            assert!(serde_json::from_value::<VendorTime>(json).is_err());
        }
    }

    #[test]
    fn a_time_of_ours_has_the_form_that_the_vendor_documents() {
        let time = Timestamp::from_millisecond(1_735_689_600_000).unwrap();
        let text = "2025-01-01T00:00:00.000Z";
        assert_eq!(VendorTime::from(time).to_string(), text);
        assert_eq!(format!("{:?}", VendorTime::from(time)), format!("{text:?}"));
    }
}
