//! A parameter on its way to its type. Knows no request.

use std::borrow::Cow;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::fault;
use super::rejection::Rejection;
use crate::iso8601;
use crate::patterns::of_type;

/// A parameter on its way to its type.
#[derive(Debug)]
pub struct Given<T> {
    kind: &'static str,
    name: &'static str,
    value: Option<T>,
}

impl<T> Given<T> {
    /// A parameter of the path, the query or the headers; `None` if it is absent.
    pub(super) const fn new(kind: &'static str, name: &'static str, value: Option<T>) -> Self {
        Self { kind, name, value }
    }

    /// The required value.
    ///
    /// # Errors
    ///
    /// It is absent.
    pub fn required(self) -> Result<T, Rejection> {
        let Self { kind, name, value } = self;
        value.ok_or_else(|| Rejection::malformed(format!("{kind} parameter {name}"), "is missing"))
    }

    /// The optional value.
    pub fn optional(self) -> Option<T> {
        self.value
    }

    fn map<U>(
        self,
        change: impl FnOnce(T) -> Result<Option<U>, String>,
    ) -> Result<Given<U>, Rejection> {
        let Self { kind, name, value } = self;
        let value = match value {
            None => None,
            Some(value) => change(value).map_err(|reason| {
                Rejection::malformed(format!("{kind} parameter {name}"), reason)
            })?,
        };
        Ok(Given { kind, name, value })
    }
}

impl Given<Cow<'_, str>> {
    /// Any text.
    pub fn text(self) -> Given<String> {
        let Self { kind, name, value } = self;
        let value = value.map(Cow::into_owned);
        Given { kind, name, value }
    }

    /// Text with its own form. The type's own message must not quote the value.
    ///
    /// # Errors
    ///
    /// Text of another form.
    pub fn parse<T: FromStr<Err: fmt::Display>>(self) -> Result<Given<T>, Rejection> {
        self.map(|text| {
            text.parse()
                .map(Some)
                .map_err(|error: T::Err| of_type(&error.to_string()))
        })
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn boolean(self) -> Result<Given<bool>, Rejection> {
        self.map(|text| match &*text {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err("must be `true` or `false`".to_owned()),
        })
    }

    /// A point in time: ISO 8601 with an offset, or a plain date, which is its midnight in UTC.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn timestamp(self) -> Result<Given<Timestamp>, Rejection> {
        self.map(|text| {
            let midnight = |date: Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
            // A date and time without an offset is a date to jiff, which then leaves the time out.
            let date = || (text.len() == "2024-05-13".len()).then(|| text.parse::<Date>().ok())?;
            let time = text.parse().ok().or_else(|| midnight(date()?));
            time.map(Some).ok_or_else(|| {
                let form = "must be an ISO 8601 time such as `2024-05-13T04:59:02.640Z`, or a date such as `2024-05-13`";
                match iso8601::fault(&text) {
                    Some(fault) => format!("{fault}; it {form}"),
                    None => form.to_owned(),
                }
            })
        })
    }

    /// A whole number within a range.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn integer<T: TryFrom<i64>>(
        self,
        range: RangeInclusive<i64>,
    ) -> Result<Given<T>, Rejection> {
        self.map(|text| {
            let number = text
                .parse::<i64>()
                .ok()
                .filter(|number| range.contains(number));
            match number.and_then(|number| T::try_from(number).ok()) {
                Some(number) => Ok(Some(number)),
                None => Err(format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                )),
            }
        })
    }

    /// One of some words.
    ///
    /// # Errors
    ///
    /// Another word.
    pub fn word<T: FromStr>(self, allowed: &[&str]) -> Result<Given<T>, Rejection> {
        self.map(|text| known(&text, allowed).map(Some))
    }

    /// Some words, separated by commas. Empty text counts as absent.
    ///
    /// # Errors
    ///
    /// Another word.
    pub fn words<T: FromStr>(self, allowed: &[&str]) -> Result<Given<Vec<T>>, Rejection> {
        self.map(|text| {
            if text.is_empty() {
                return Ok(None);
            }
            let words = text.split(',').map(|word| known(word, allowed));
            words.collect::<Result<_, _>>().map(Some)
        })
    }

    /// Texts, separated by commas. Empty text counts as absent.
    pub fn texts(self) -> Given<Vec<String>> {
        let Self { kind, name, value } = self;
        let value = value.filter(|text| !text.is_empty());
        let value = value.map(|text| text.split(',').map(str::to_owned).collect());
        Given { kind, name, value }
    }
}

fn known<T: FromStr>(word: &str, allowed: &[&str]) -> Result<T, String> {
    let found = allowed.contains(&word).then(|| word.parse().ok()).flatten();
    found.ok_or_else(|| {
        format!(
            "has the unknown value `{word}`; {}",
            fault::one_of(word, allowed)
        )
    })
}
