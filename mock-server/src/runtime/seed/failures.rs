//! Failures in a seed: which of the first requests fail. Knows no request.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::faults::{Failure, Faults};

/// Requests that are to fail.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedFailure {
    /// The operation, by its id; `None` means every one.
    pub operation: Option<String>,
    /// How many requests fail; `None` means one.
    pub times: Option<u32>,
    /// The status of their answers.
    pub status: u16,
    /// Headers of their answers, by name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
}

/// The failures of a list.
///
/// # Errors
/// One of them cannot be; the text begins with its place in the list.
pub(super) fn read(planned: &[PlannedFailure]) -> Result<Faults, String> {
    let failures = planned.iter().map(|planned| Failure {
        operation: planned.operation.clone(),
        times: planned.times.unwrap_or(1),
        status: planned.status,
        headers: planned.headers.clone(),
    });
    Faults::of_failures(failures.collect())
}
