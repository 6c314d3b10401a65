//! A request as a pattern sees it: what the journal has of it, and what it no longer has. Knows no pattern.

use std::cell::{Cell, OnceCell};

use serde_json::{Number, Value};

use super::matching::{Halt, Work};
use crate::bounds::{DIFFERENCE, JOURNAL_BODY, cut};
use crate::http::note::masking::masked_value;
use crate::runtime::journal::{Carried, Entry};

/// Why there is no JSON to look at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The body was not JSON.
    Never(String),
    /// The journal has not kept it, so nobody knows what it was.
    Lost(String),
}

impl Missing {
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Never(why) | Self::Lost(why) => why,
        }
    }
}

/// A body that is read when somebody first looks at it.
#[derive(Default)]
pub(super) struct Body {
    read: OnceCell<Result<Value, Missing>>,
    /// How many values are in it, once somebody has counted them.
    values: Cell<Option<usize>>,
}

impl Body {
    fn json(
        &self,
        body: Option<(&[u8], usize)>,
        work: &Work,
    ) -> Result<&Result<Value, Missing>, Halt> {
        if self.read.get().is_none() {
            work.step(body.map_or(0, |(kept, _)| kept.len()))?;
        }
        Ok(self.read.get_or_init(|| read(body)))
    }

    /// How many values are in it.
    pub(super) fn values(&self) -> usize {
        let known = self.values.get();
        let values = known.unwrap_or_else(|| match self.read.get() {
            Some(Ok(value)) => count(value),
            _ => 0,
        });
        self.values.set(Some(values));
        values
    }
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(elements) => elements.iter().map(count).sum(),
        Value::Object(members) => members.values().map(count).sum(),
        _ => 0,
    }
}

/// A request and its contents, as far as the journal keeps them.
pub(super) struct Seen<'a> {
    pub(super) entry: &'a Entry,
    pub(super) carried: Option<&'a Carried>,
    pub(super) request: Body,
    pub(super) answer: Body,
}

impl<'a> Seen<'a> {
    pub(super) fn new(entry: &'a Entry, carried: Option<&'a Carried>) -> Self {
        Self {
            entry,
            carried,
            request: Body::default(),
            answer: Body::default(),
        }
    }

    pub(super) fn request(&self, work: &Work) -> Result<&Result<Value, Missing>, Halt> {
        self.request.json(self.carried.map(Carried::request), work)
    }

    pub(super) fn answer(&self, work: &Work) -> Result<&Result<Value, Missing>, Halt> {
        self.answer.json(self.carried.map(Carried::answer), work)
    }
}

/// The JSON of a body, or why there is none.
fn read(body: Option<(&[u8], usize)>) -> Result<Value, Missing> {
    match body {
        None => Err(Missing::Lost(
            "the journal no longer has its bodies".to_owned(),
        )),
        Some((_, 0)) => Err(Missing::Never("no body".to_owned())),
        Some((kept, length)) if kept.len() < length => Err(Missing::Lost(format!(
            "a body of {length} bytes, of which the journal keeps {JOURNAL_BODY}"
        ))),
        Some((kept, _)) => serde_json::from_slice(kept)
            .map_err(|_| Missing::Never("a body that is not JSON".to_owned())),
    }
}

/// A value at a path, for people; secrets are masked.
pub(super) fn shown(path: &str, value: &Value) -> String {
    let names = path.split(['.', '[', ']', '\'', '"', '$']);
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    let text = masked_value(&names.join("."), &value.to_string());
    match text.len() > DIFFERENCE {
        true => format!("{}…", cut(&text, DIFFERENCE)),
        false => text,
    }
}

/// Whether two values are the same; numbers are, however they are written.
pub(super) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (whole(one), whole(other)) {
            (None, None) => one.as_f64() == other.as_f64(),
            (one, other) => one == other,
        },
        _ => one == other,
    }
}

/// A number as an integer, of which every digit counts; nothing if it has a fraction or more than 64 bits.
fn whole(number: &Number) -> Option<i128> {
    let integer = || number.as_i64().map(i128::from);
    let integer = integer().or_else(|| number.as_u64().map(i128::from));
    integer.or_else(|| {
        let float = number.as_f64()?;
        // An integer at these ends would have been read as one, so the float stands for one beyond them.
        let is_whole = float.fract() == 0.0 && float > -TWO_TO_63 && float < 2.0 * TWO_TO_63;
        is_whole.then_some(float as i128)
    })
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// The first number in a pattern that stands for its neighbours, too, because the mock has only a float of it.
pub(super) fn blurred(value: &Value) -> Option<&Number> {
    match value {
        Value::Number(number) => Some(number).filter(|number| is_blurred(number)),
        Value::Array(elements) => elements.iter().find_map(blurred),
        Value::Object(members) => members.values().find_map(blurred),
        _ => None,
    }
}

fn is_blurred(number: &Number) -> bool {
    number.is_f64()
        && number
            .as_f64()
            .is_some_and(|float| float.abs() >= EXACT_FLOATS)
}

/// From here on, a float stands for more than one integer.
pub(super) const EXACT_FLOATS: f64 = 9_007_199_254_740_992.0;

/// Why a pattern with such a number is refused.
pub(super) fn blur(number: impl std::fmt::Display) -> String {
    format!(
        "has a number that the mock would compare only roughly, as {number}. Exact are integers from -9223372036854775808 to \
         18446744073709551615, written without a fraction or an exponent, and other numbers below 9007199254740992. Give a \
         smaller one, or leave it out of the pattern"
    )
}
