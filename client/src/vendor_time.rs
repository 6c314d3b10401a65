//! [`VendorTime`]: times in answers, in whichever form the vendor writes them. Must not know any API.

use std::fmt;
use std::time::SystemTime;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A time in an answer.
///
/// The vendor documents ISO 8601 in UTC with milliseconds, such as `2025-01-01T00:00:00.000Z`, and promises nothing. An answer
/// with another form is still an answer, so this keeps the text, and reads it when you ask: ISO 8601 with any offset, or
/// without one for UTC, and Unix seconds or milliseconds. Anything but a text is kept as its JSON, and `null` as an empty text.
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
    /// The time, as the type of the crate `jiff`; `None` if the text is no time. Services write the last day of the year 9999 for
    /// "never". The type ends one day earlier, so this returns [`Timestamp::MAX`] for it.
    pub fn timestamp(&self) -> Option<Timestamp> {
        let text = self.0.as_str();
        if text.starts_with("9999-12-31") {
            return Some(Timestamp::MAX);
        }
        let in_utc = || {
            let time: DateTime = text.parse().ok()?;
            TimeZone::UTC.to_timestamp(time).ok()
        };
        text.parse().ok().or_else(|| unix(text)).or_else(in_utc)
    }

    /// The time, as the type of the standard library; `None` if the text is no time.
    pub fn system_time(&self) -> Option<SystemTime> {
        self.timestamp().map(SystemTime::from)
    }

    /// The text of the answer.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A time in Unix seconds, with or without a fraction, or in milliseconds.
fn unix(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    match whole.len() {
        // Fewer digits are a year or a day. These are the years from 1973 to 2286.
        9 | 10 => {
            Timestamp::from_duration(SignedDuration::try_from_secs_f64(text.parse().ok()?).ok()?)
                .ok()
        }
        12 | 13 if fraction.is_empty() => Timestamp::from_millisecond(whole.parse().ok()?).ok(),
        _ => None,
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

/// Takes whatever is there: a member that is no time must not cost the rest of the answer.
impl<'de> Deserialize<'de> for VendorTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match Value::deserialize(deserializer)? {
            Value::String(text) => Self(text),
            Value::Null => Self(String::new()),
            other => Self(other.to_string()),
        })
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
        for (json, text, expected) in [
            (json!(1_735_689_600.5), "1735689600.5", time),
            (json!(1_735_689_600_500_u64), "1735689600500", time),
            (json!(true), "true", None),
            (Value::Null, "", None),
            (json!(1.5), "1.5", None),
            (json!({}), "{}", None),
            (json!(u64::MAX), "18446744073709551615", None),
        ] {
            let read: VendorTime = serde_json::from_value(json).unwrap();
            assert_eq!((read.as_str(), read.system_time()), (text, expected));
        }
        let never = VendorTime::from("9999-12-31T23:59:59Z");
        assert_eq!(never.timestamp(), Some(Timestamp::MAX));
        for day in ["20250101", "2025-01-01"] {
            assert_eq!(VendorTime::from(day).system_time(), second, "{day}");
        }
        assert_eq!(VendorTime::from("2025").timestamp(), None);
    }

    #[test]
    fn a_time_of_ours_has_the_form_that_the_vendor_documents() {
        let time = Timestamp::from_millisecond(1_735_689_600_000).unwrap();
        let text = "2025-01-01T00:00:00.000Z";
        assert_eq!(VendorTime::from(time).to_string(), text);
        assert_eq!(format!("{:?}", VendorTime::from(time)), format!("{text:?}"));
    }
}
