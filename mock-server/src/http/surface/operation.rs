//! An operation of a spec, as plain data.

use super::schema::Schema;

/// How an operation may be sent again, as its spec says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Sending it again does no harm.
    Safe,
    /// Sending it again does no harm if it carries the same idempotency key.
    Keyed,
    /// Sending it again repeats its effect.
    Never,
}

/// An operation of a spec.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// `operationId`, in snake case.
    pub id: &'static str,
    /// Method in capitals.
    pub method: &'static str,
    /// Path template.
    pub path: &'static str,
    /// Statuses that the spec lists.
    pub statuses: &'static [u16],
    /// The schemas of the bodies of its answers, by status. An answer without a body is not in the list.
    pub answers: &'static [(u16, &'static Schema)],
    /// How it may be sent again.
    pub retry: Retry,
    /// Whether it changes something.
    pub changes: bool,
    /// Sets of security schemes of the spec; each set suffices. No set: it takes no credentials.
    pub security: &'static [&'static [&'static str]],
    /// Path parameters with the index of their segment in the path, from 0.
    pub path_parameters: &'static [(&'static str, usize)],
    /// Names of the query parameters.
    pub query_parameters: &'static [&'static str],
    /// Whether a plus sign in the path is a space.
    pub plus_is_space: bool,
    /// Name of the schema of the JSON request body.
    pub body: Option<&'static str>,
    /// Whether the request must have its body. If not, an empty one and `null` are `{}`.
    pub body_required: bool,
    /// Whether a member of the body that is null, at any depth, counts as absent.
    pub null_is_absent: bool,
}

impl Operation {
    /// What is wrong with an answer by the spec. An answer whose status the operation does not list is not judged: what
    /// applies to every request, such as a body that comes too late, is in no spec.
    pub(super) fn fault(&self, status: u16, body: &[u8]) -> Option<String> {
        if !self.statuses.contains(&status) {
            return None;
        }
        let schema = self.answers.iter().find(|(of, _)| *of == status);
        let Some((_, schema)) = schema else {
            return (!body.is_empty()).then(|| "it has a body, and none is allowed".to_owned());
        };
        match serde_json::from_slice(body) {
            Ok(body) => schema.fault(&body),
            Err(error) => Some(format!("its body is not JSON: {error}")),
        }
    }

    /// An operation that only reads, without parameters and without a body. Generated operations say only what differs.
    pub const PLAIN: Self = Self {
        id: "",
        method: "",
        path: "",
        statuses: &[],
        answers: &[],
        retry: Retry::Never,
        changes: false,
        security: &[],
        path_parameters: &[],
        query_parameters: &[],
        plus_is_space: false,
        body: None,
        body_required: false,
        null_is_absent: false,
    };
}
