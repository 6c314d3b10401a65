//! Names the fault in a text that must be a time. Knows no clock.

use jiff::civil::{Date, Time};

/// What is wrong, if that shows, as the rest of a sentence. The text must be no time by [`jiff`]. Repeats nothing of it.
pub fn fault(text: &str) -> Option<&'static str> {
    if text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("is a year alone");
    }
    let (date, rest) = text.split_at_checked(10)?;
    if let Some(fault) = fault_of_date(date)? {
        return Some(fault);
    }
    let Some(rest) = rest.strip_prefix(['T', 't', ' ']) else {
        return rest.is_empty().then_some("has no time of day");
    };
    let end = rest.find(['Z', 'z', '+', '-']).unwrap_or(rest.len());
    let (time, offset) = rest.split_at(end);
    let is_digits = |byte: u8| byte.is_ascii_digit() || matches!(byte, b':' | b'.' | b',');
    if time.as_bytes().get(2) != Some(&b':') || !time.bytes().all(is_digits) {
        return None;
    }
    match time.parse::<Time>() {
        Err(_) => Some("names a time of day that does not exist"),
        Ok(_) if offset.is_empty() => Some("has no offset"),
        Ok(_) if matches!(offset, "Z" | "z") => Some("is beyond what a clock can show"),
        Ok(_) => None,
    }
}

/// What is wrong with a date; `None` if it has not the form of one.
fn fault_of_date(date: &str) -> Option<Option<&'static str>> {
    let mut parts = date.split('-');
    let mut part = |digits: usize| {
        let part = parts.next()?;
        let is_one = part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit());
        is_one.then(|| part.parse::<i16>().ok()).flatten()
    };
    let (year, month, day) = (part(4)?, part(2)?, part(2)?);
    let [month, day] = [i8::try_from(month).ok()?, i8::try_from(day).ok()?];
    Some(match Date::new(year, month, day) {
        Ok(_) => None,
        Err(_) if !(1..=12).contains(&month) => Some("names a month that does not exist"),
        Err(_) => Some("names a day that does not exist"),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::fault;

    #[test]
    fn what_is_wrong_with_a_time_is_named() {
        for (text, named) in [
            (
                "2030-02-29T00:00:00Z",
                Some("names a day that does not exist"),
            ),
            ("2030-02-29", Some("names a day that does not exist")),
            (
                "2030-04-31T00:00:00+01:00",
                Some("names a day that does not exist"),
            ),
            (
                "2030-13-01T00:00:00Z",
                Some("names a month that does not exist"),
            ),
            (
                "2030-00-01T00:00:00Z",
                Some("names a month that does not exist"),
            ),
            (
                "2030-01-01T25:00:00Z",
                Some("names a time of day that does not exist"),
            ),
            (
                "2030-01-01T12:60:00Z",
                Some("names a time of day that does not exist"),
            ),
            (
                "9999-12-31T00:00:00Z",
                Some("is beyond what a clock can show"),
            ),
            ("2030-01-01", Some("has no time of day")),
            ("2030-01-01T00:00:00", Some("has no offset")),
            ("2030-01-01 00:00", Some("has no offset")),
            ("9999", Some("is a year alone")),
            ("tomorrow", None),
            ("2030-01-01T00:00:00+99:00", None),
            ("2030-1-1T00:00:00Z", None),
            ("2030-01-01T", None),
            ("2030-01-01x00:00:00Z", None),
            ("\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}\u{e9}", None),
            ("", None),
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
            assert_eq!(fault(text), named, "{text}");
        }
    }
}
