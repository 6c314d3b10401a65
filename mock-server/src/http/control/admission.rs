//! Who may call: any program, and the mock's own pages. Knows no operation.

use std::sync::Arc;

use http::StatusCode;
use tokio::sync::Semaphore;

use super::refusal::{error_of, foreign, problem};
use crate::http::door::MockPhones;
use crate::http::origin::is_foreign;
use crate::http::surface::{Incoming, Operation, Rejection, RejectionKind, Reply, Surface};
use crate::runtime::App;

/// The control API of a mock.
#[derive(Debug)]
pub(crate) struct ControlApi {
    pub(super) app: Arc<App>,
    pub(super) phones: Arc<MockPhones>,
    /// Lets one request at a time write the bodies of deliveries, because they are large.
    pub(super) writing: Semaphore,
}

impl ControlApi {
    /// The control API of `app`, with the phones `phones`.
    pub(crate) fn new(app: Arc<App>, phones: Arc<MockPhones>) -> Self {
        Self {
            app,
            phones,
            writing: Semaphore::new(1),
        }
    }
}

impl Surface for ControlApi {
    type Caller = ();
    type Reader = ();

    // If the mock ignored a misspelt member, the request would seem to have worked. So it is an error.
    fn strict(&self) -> bool {
        true
    }

    fn admit(&self, _operation: &'static Operation, incoming: &Incoming) -> Result<(), Reply> {
        if is_foreign(
            &self.app,
            &incoming.parts.headers,
            &incoming.parts.extensions,
        ) {
            return Err(foreign());
        }
        Ok(())
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        let error = match rejection.kind {
            RejectionKind::Malformed => "malformed",
            RejectionKind::TooLarge => "too_large",
            RejectionKind::Late => "too_late",
            RejectionKind::Crowded => "busy",
            RejectionKind::Encoded => "encoded",
            RejectionKind::Head => "unknown",
        };
        problem(rejection.kind.status(), error, &rejection.to_string())
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode, why: &str) -> Reply {
        problem(status, error_of(status), why)
    }

    fn answered(
        &self,
        _operation: &'static Operation,
        _incoming: &Incoming,
        _caller: Option<&()>,
        _reply: &Reply,
    ) {
        // The journal shows the vendors' APIs. A caller of the control API knows what they did.
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}
