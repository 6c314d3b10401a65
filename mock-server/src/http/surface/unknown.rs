//! A name in a request that its spec does not have. Knows no request.

use super::fault::{brief, unknown};
use super::rejection::Rejection;
use crate::likeness::nearest;

/// A member or a query parameter that the spec does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unknown {
    /// Where it stands, without its own name: `body /users/1/`, `query parameter `.
    before: String,
    name: String,
    known: Vec<String>,
    /// The known name that is much like it.
    like: Option<String>,
    /// Where the spec has a member of that name, if no known name is like it: `expected/0/pattern`.
    elsewhere: Option<String>,
}

impl Unknown {
    /// The member of that name in a body, where the spec has these, and `elsewhere` one of that name.
    /// [`enter`](Self::enter) says where.
    pub(super) fn member<'a>(
        name: &str,
        known: impl Iterator<Item = &'a String>,
        elsewhere: impl FnOnce() -> Option<String>,
    ) -> Self {
        let unknown = Self::among("/", name, known.cloned().collect());
        let elsewhere = match unknown.like {
            Some(_) => None,
            None => elsewhere(),
        };
        Self {
            elsewhere,
            ..unknown
        }
    }

    /// The query parameter of that name, where the spec has these.
    pub(super) fn query_parameter(name: &str, known: &[&str]) -> Self {
        let known = known.iter().map(|&name| name.to_owned()).collect();
        Self::among("query parameter ", name, known)
    }

    fn among(before: &str, name: &str, known: Vec<String>) -> Self {
        Self {
            before: before.to_owned(),
            name: name.to_owned(),
            like: nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
            known,
            elsewhere: None,
        }
    }

    /// It stands in a member or an element of that name.
    pub(super) fn enter(&mut self, outer: &str) {
        self.before = format!("/{}{}", brief(outer), self.before);
    }

    /// What was probably meant, as the end of a sentence: a name that is much like it, or the same name in another place.
    fn hint(&self) -> String {
        match (&self.like, &self.elsewhere) {
            (Some(name), _) => format!("; did you mean {name}?"),
            (None, Some(place)) => {
                let here = self.before.trim_end_matches('/');
                format!("; did you mean {here}/{place}/{}?", brief(&self.name))
            }
            (None, None) => String::new(),
        }
    }

    fn place(&self) -> String {
        let of = if self.before.starts_with('/') {
            "body "
        } else {
            ""
        };
        format!("{of}{}{}", self.before, brief(&self.name))
    }

    /// What is said of it if the request is carried out.
    fn warning(&self) -> String {
        let (place, hint) = (self.place(), self.hint());
        format!("the spec has no {place}, so the mock has ignored it{hint}")
    }
}

/// Unknown names of one request that are told; nobody reads more at once.
pub(super) const TOLD: usize = 8;

/// The refusal of the request that has these. It lists the names that are known in the place of the first.
pub(super) fn rejection(all: &[Unknown]) -> Option<Rejection> {
    let (first, others) = all.split_first()?;
    let known: Vec<&str> = first.known.iter().map(String::as_str).collect();
    let mut reason = format!("{}{}", unknown(&known), first.hint());
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(Unknown::place).collect();
        reason = format!("{reason}; these are unknown, too: {}", others.join(", "));
    }
    Some(Rejection::malformed(first.place(), reason))
}

/// What is said of these if the request is carried out.
pub(super) fn warning(all: &[Unknown]) -> Option<String> {
    if all.is_empty() {
        return None;
    }
    let all: Vec<_> = all.iter().map(Unknown::warning).collect();
    Some(all.join("; "))
}
