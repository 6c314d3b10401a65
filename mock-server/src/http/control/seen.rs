//! A request as a pattern sees it: what the journal has of it, and what it no longer has. Knows no pattern.

use std::cell::{Cell, OnceCell};

use serde_json::Value;

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
    if one == other {
        return true;
    }
    // Of two integers, every digit counts, and a float has fewer than the longest of them.
    let is_float = one.is_f64() || other.is_f64();
    is_float && one.as_f64().is_some_and(|one| other.as_f64() == Some(one))
}
