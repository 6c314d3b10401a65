//! What a text must be. Knows no request.

use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::matching::{Halt, Work};
use crate::bounds::REGEX;
use crate::generated::mock_control::types as wire;
use crate::lookalike::resembles;

/// What a text must be.
#[derive(Default)]
pub(super) struct Text {
    equals: Option<String>,
    like: Like,
}

/// What a text must be like.
#[derive(Default)]
pub(super) struct Like {
    contains: Option<String>,
    matches: Option<Regex>,
}

fn regex(pattern: &str) -> Result<Regex, String> {
    let builder = RegexBuilder::new(pattern).size_limit(REGEX).build();
    builder.map_err(|error| format!("is not a regular expression that the mock can use: {error}"))
}

impl Like {
    pub(super) fn of(contains: Option<String>, matches: Option<&str>) -> Result<Self, String> {
        let matches = matches.map(regex).transpose()?;
        Ok(Self { contains, matches })
    }

    fn fits(&self, text: &str, work: &Work) -> Result<bool, Halt> {
        let Self { contains, matches } = self;
        let times = usize::from(contains.is_some()) + usize::from(matches.is_some());
        work.step(times * text.len())?;
        Ok(contains.as_ref().is_none_or(|part| text.contains(part))
            && matches.as_ref().is_none_or(|regex| regex.is_match(text)))
    }

    /// Whether a value fits by its text, which is written only if that is asked for.
    pub(super) fn fits_value(&self, value: &Value, work: &Work) -> Result<bool, Halt> {
        match value {
            Value::String(text) => self.fits(text, work),
            _ if self.contains.is_none() && self.matches.is_none() => Ok(true),
            other => self.fits(&other.to_string(), work),
        }
    }

    /// What is wanted of a text that also has to equal another, for people.
    pub(super) fn wanted(&self, equals: Option<String>) -> String {
        let contains = self.contains.as_ref();
        let contains = contains.map(|part| format!("something with {part}"));
        let matches = self.matches.as_ref();
        let matches = matches.map(|regex| format!("something like /{}/", regex.as_str()));
        let all: Vec<_> = [equals, contains, matches].into_iter().flatten().collect();
        match all.is_empty() {
            true => "anything".to_owned(),
            false => all.join(" and "),
        }
    }
}

impl Text {
    pub(super) fn of(text: wire::TextPattern) -> Result<Self, String> {
        Ok(Self {
            equals: text.equals,
            like: Like::of(text.contains, text.matches.as_deref())?,
        })
    }

    pub(super) fn fits(&self, text: &str, work: &Work) -> Result<bool, Halt> {
        Ok(self.equals.as_ref().is_none_or(|equals| equals == text)
            && self.like.fits(text, work)?)
    }

    /// Whether a reader could take a text for the one that it must equal.
    pub(super) fn resembles(&self, text: &str, work: &Work) -> Result<bool, Halt> {
        let Some(equals) = &self.equals else {
            return Ok(false);
        };
        work.step(equals.len() + text.len())?;
        Ok(resembles(equals, text))
    }

    pub(super) fn wanted(&self) -> String {
        self.like.wanted(self.equals.clone())
    }
}
