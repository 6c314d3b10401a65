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
    /// The member of that name in a body, where the spec has these. [`within`](Self::within) says where.
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

    /// The same, in a member or an element of that name.
    pub(super) fn within(mut self, outer: &str) -> Self {
        self.before = format!("/{}{}", brief(outer), self.before);
        self
    }

    fn place(&self) -> String {
        let of = if self.before.starts_with('/') {
            "body "
        } else {
            ""
        };
        format!("{of}{}{}", self.before, brief(&self.name))
    }

    /// The refusal of the request that has it. It lists the known names.
    pub(super) fn rejection(&self) -> Rejection {
        let known: Vec<&str> = self.known.iter().map(String::as_str).collect();
        Rejection::malformed(self.place(), unknown(&self.name, &known))
    }

    /// What is said of it if the request is carried out.
    pub(super) fn warning(&self) -> String {
        let hint = nearest(&self.name, self.known.iter().map(String::as_str));
        let hint = hint.map_or(String::new(), |name| format!("; did you mean {name}?"));
        format!(
            "the spec has no {}, so the mock has ignored it{hint}",
            self.place()
        )
    }
}
