//! [`VendorTime`]: times in answers, in whichever form the vendor writes them. Must not know any API.

use std::borrow::Cow;
use std::fmt;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// A time in an answer.
///
/// The vendor documents ISO 8601 in UTC with milliseconds, such as `2025-01-01T00:00:00.000Z`, and promises nothing. An answer
/// with another form is still an answer, so this keeps the text, and reads it when you ask: ISO 8601 with any offset, or
/// without one for UTC, a day alone, and Unix seconds or milliseconds. Anything but a text is kept as its JSON, and `null` as an empty text.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use stepup_client::VendorTime;
///
/// let created = VendorTime::from("2025-01-01T00:00:00.000Z");
/// assert!(created.system_time().is_some_and(|created| created < SystemTime::now()));
/// assert_eq!(created.as_str(), "2025-01-01T00:00:00.000Z");
/// assert_eq!(VendorTime::from("yesterday").system_time(), None);
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VendorTime(String);

/// The first second after the year 9999, which ISO 8601 cannot write in four digits.
pub(crate) const END: u64 = 253_402_300_800;

impl VendorTime {
    /// The time. `None` if the text is not a time, or is a time before 1970.
    pub fn system_time(&self) -> Option<SystemTime> {
        let text = self.0.as_str();
        let (local, offset) = without_offset(text);
        // A day alone, with or without hyphens, begins at midnight.
        let day = match local.len() {
            8 => local.get(..4).zip(local.get(4..6)).zip(local.get(6..)),
            _ => None,
        };
        let local = match day {
            Some(((year, month), day)) => Cow::from(format!("{year}-{month}-{day}T00:00:00")),
            None if local.len() == 10 => Cow::from(format!("{local}T00:00:00")),
            None => Cow::from(local),
        };
        let time = humantime::parse_rfc3339_weak(&local).ok();
        time.and_then(|time| offset.in_utc(time))
            .or_else(|| unix(text))
    }

    /// That time, in the form that the vendor documents; `None` before 1970 and after 9999.
    pub fn from_system_time(time: SystemTime) -> Option<Self> {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        // The formatter refuses later times.
        (since.as_secs() < END).then(|| Self(humantime::format_rfc3339_millis(time).to_string()))
    }

    /// The time, as the type of the crate `jiff`; `None` as with [`system_time`](Self::system_time). Services write the
    /// last day of the year 9999 for "never". The type ends one day earlier, so this returns [`jiff::Timestamp::MAX`] for it.
    #[cfg(feature = "jiff")]
    pub fn timestamp(&self) -> Option<jiff::Timestamp> {
        let time = self.system_time()?;
        Some(jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::MAX))
    }

    /// The text of the answer.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How far a local time is from UTC.
enum Offset {
    Ahead(Duration),
    Behind(Duration),
}

impl Offset {
    fn in_utc(self, local: SystemTime) -> Option<SystemTime> {
        match self {
            Self::Ahead(by) => local.checked_sub(by),
            Self::Behind(by) => local.checked_add(by),
        }
    }
}

/// A time without the offset at its end, and that offset: `+13:00`, `+1300`, `+13`, `Z` or none.
fn without_offset(text: &str) -> (&str, Offset) {
    const UTC: Offset = Offset::Ahead(Duration::ZERO);
    // A day has hyphens, too.
    let Some(at) = text.rfind(['+', '-']).filter(|at| *at > 10) else {
        return (text, UTC);
    };
    let (local, offset) = text.split_at(at);
    let digits = offset[1..].replace(':', "");
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let (hours, minutes) = match digits.len() {
        2 if is_number => (digits.parse(), Ok(0)),
        4 if is_number => (digits[..2].parse(), digits[2..].parse()),
        _ => return (text, UTC),
    };
    let (Ok(hours @ 0..=23), Ok(minutes @ 0..=59)) = (hours, minutes) else {
        return (text, UTC);
    };
    let by = Duration::from_secs(hours * 3600 + minutes * 60);
    let is_ahead = offset.starts_with('+');
    (
        local,
        if is_ahead {
            Offset::Ahead(by)
        } else {
            Offset::Behind(by)
        },
    )
}

/// A time in Unix seconds, with or without a fraction, or in milliseconds.
fn unix(text: &str) -> Option<SystemTime> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) {
        return None;
    }
    let since = match whole.len() {
        // Fewer digits are a year or a day. These are the years from 1973 to 2286.
        9 | 10 => Duration::try_from_secs_f64(text.parse().ok()?).ok()?,
        12 | 13 if fraction.is_empty() => Duration::from_millis(whole.parse().ok()?),
        _ => return None,
    };
    SystemTime::UNIX_EPOCH.checked_add(since)
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
#[cfg(feature = "jiff")]
impl From<jiff::Timestamp> for VendorTime {
    fn from(time: jiff::Timestamp) -> Self {
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
        let never = VendorTime::from("9999-12-31T23:59:59Z").system_time();
        let last = SystemTime::UNIX_EPOCH + Duration::from_secs(END - 1);
        assert_eq!(never, Some(last));
        for day in ["20250101", "2025-01-01"] {
            assert_eq!(VendorTime::from(day).system_time(), second, "{day}");
        }
        for none in [
            "2025",
            "2025-01",
            "1969-12-31T23:59:59Z",
            "2025-01-01T00:00:00+25:00",
            "2025-01-01T00:00:00+1",
            "é025-01-01",
            "12é4567",
        ] {
            assert_eq!(VendorTime::from(none).system_time(), None, "{none}");
        }
        for text in [
            "2025-01-01T05:30:00+05:30",
            "2024-12-31T14:00:00-1000",
            "2025-01-01T01:00:00+01",
        ] {
            assert_eq!(VendorTime::from(text).system_time(), second, "{text}");
        }
    }

    #[test]
    fn a_time_of_ours_has_the_form_that_the_vendor_documents() {
        let text = "2025-01-01T00:00:00.500Z";
        let written = |since| VendorTime::from_system_time(SystemTime::UNIX_EPOCH + since);
        let time = written(TIME).unwrap();
        assert_eq!(time.to_string(), text);
        assert_eq!(format!("{time:?}"), format!("{text:?}"));
        let last = written(Duration::from_secs(END) - Duration::from_nanos(1)).unwrap();
        assert_eq!(last.as_str(), "9999-12-31T23:59:59.999Z");
        assert_eq!(written(Duration::from_secs(END)), None);
        let before = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(VendorTime::from_system_time(before), None);
    }

    /// jiff reads ISO 8601 by a parser of its own.
    #[cfg(feature = "jiff")]
    #[test]
    fn times_with_offsets_are_those_that_jiff_reads() {
        let days = [
            "1970-01-02",
            "1999-12-31",
            "2000-02-29",
            "2024-02-29",
            "2100-03-01",
            "9998-12-31",
        ];
        let hours = ["00:00:00", "23:59:59", "12:34:56.7", "12:34:56.789012345"];
        let offsets = [
            "Z", "+00:00", "-00:00", "+13:45", "-11:30", "+0530", "-08", "+23:59",
        ];
        for day in days {
            for hour in hours {
                for offset in offsets {
                    let text = format!("{day}T{hour}{offset}");
                    let expected: jiff::Timestamp = text.parse().unwrap();
                    assert_eq!(
                        VendorTime::from(&*text).timestamp(),
                        Some(expected),
                        "{text}"
                    );
                }
            }
        }
        for none in [
            "2023-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2025-04-31T00:00:00Z",
            "2025-01-01T24:00:00Z",
        ] {
            assert!(none.parse::<jiff::Timestamp>().is_err());
            assert_eq!(VendorTime::from(none).timestamp(), None, "{none}");
        }
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn a_time_is_also_one_of_jiff() {
        let text = "2025-01-01T00:00:00.500Z";
        let time = VendorTime::from(text).timestamp().unwrap();
        assert_eq!(VendorTime::from(time).as_str(), text);
        let never = VendorTime::from("9999-12-31T23:59:59Z");
        assert_eq!(never.timestamp(), Some(jiff::Timestamp::MAX));
        assert_eq!(VendorTime::from("never").timestamp(), None);
    }
}
