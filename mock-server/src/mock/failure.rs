//! Failures of a vendor's API that a test plans.

use crate::runtime::faults::{self, Faults};
use crate::runtime::in_list;

use super::Error;

/// Requests that fail, for [`AuthsignalTenant::set_failures`](crate::AuthsignalTenant::set_failures) and
/// [`ActiveconnectApplication::set_failures`](crate::ActiveconnectApplication::set_failures).
///
/// ```
/// use stepup_mock::Failure;
///
/// let twice = Failure::new(503).operation("track").times(2).header("Retry-After", "0");
/// # let _ = twice;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a failure does nothing until `set_failures` takes it"]
pub struct Failure(faults::Failure);

impl Failure {
    /// The next request fails with this status, whatever its operation is.
    pub fn new(status: u16) -> Self {
        Self(faults::Failure {
            operation: None,
            times: 1,
            status,
            headers: [].into(),
        })
    }

    /// Limits it to an operation, by its id. The journal names the operation of each request.
    pub fn operation(mut self, id: impl Into<String>) -> Self {
        self.0.operation = Some(id.into());
        self
    }

    /// Sets how many requests fail.
    pub fn times(mut self, times: u32) -> Self {
        self.0.times = times;
        self
    }

    /// Adds a header to the answers.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.headers.insert(name.into(), value.into());
        self
    }
}

/// Failures that can be.
pub(super) fn planned(failures: impl IntoIterator<Item = Failure>) -> Result<Faults, Error> {
    let failures = failures.into_iter().map(|Failure(failure)| failure);
    Faults::of_failures(failures.collect())
        .map_err(|why| Error::Malformed(in_list("failures", &why)))
}
