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
}

impl Unknown {
    /// The member of that name in a body, where the spec has these. [`enter`](Self::enter) says where.
    pub(super) fn member<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Self {
        Self {
            before: "/".to_owned(),
            name: name.to_owned(),
            known: known.cloned().collect(),
        }
    }

    /// The query parameter of that name, where the spec has these.
    pub(super) fn query_parameter(name: &str, known: &[&str]) -> Self {
        Self {
            before: "query parameter ".to_owned(),
            name: name.to_owned(),
            known: known.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    /// It stands in a member or an element of that name.
    pub(super) fn enter(&mut self, outer: &str) {
        self.before = format!("/{}{}", brief(outer), self.before);
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
        let hint = nearest(&self.name, self.known.iter().map(String::as_str));
        let hint = hint.map_or(String::new(), |name| format!("; did you mean {name}?"));
        format!(
            "the spec has no {}, so the mock has ignored it{hint}",
            self.place()
        )
    }
}

/// Unknown names of one request that are told; nobody reads more at once.
pub(super) const TOLD: usize = 8;

/// The refusal of the request that has these. It lists the names that are known in the place of the first.
pub(super) fn rejection(all: &[Unknown]) -> Option<Rejection> {
    let (first, others) = all.split_first()?;
    let known: Vec<&str> = first.known.iter().map(String::as_str).collect();
    let mut reason = unknown(&first.name, &known);
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
