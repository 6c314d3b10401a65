//! Who may call: any program, and the mock's own pages. Knows no operation.

use std::sync::Arc;

use http::StatusCode;
use tokio::sync::Semaphore;

use super::refusal::{error_of, foreign, problem};
use crate::bounds::{self, MATCHING_AT_ONCE};
use crate::generated::mock_control::operations;
use crate::http::door::MockPhones;
use crate::http::origin::is_foreign;
use crate::http::surface::{
    FileBounds, Incoming, Operation, Rejection, RejectionKind, Reply, Surface,
};
use crate::runtime::App;
use crate::traces;

/// The control API of a mock.
#[derive(Debug)]
pub(crate) struct ControlApi {
    pub(super) app: Arc<App>,
    pub(super) phones: Arc<MockPhones>,
    /// Lets one request at a time write the bodies of deliveries, because they are large.
    pub(super) writing: Semaphore,
    /// Places for comparisons with the journal, which take turns.
    pub(super) matching: Arc<Semaphore>,
}

impl ControlApi {
    /// The control API of `app`, with the phones `phones`.
    pub(crate) fn new(app: Arc<App>, phones: Arc<MockPhones>) -> Self {
        Self {
            app,
            phones,
            writing: Semaphore::new(1),
            matching: Arc::new(Semaphore::new(MATCHING_AT_ONCE)),
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

    fn reject(&self, operation: &'static Operation, rejection: Rejection) -> Reply {
        let error = match rejection.kind {
            RejectionKind::Malformed => "malformed",
            RejectionKind::TooLarge => "too_large",
            RejectionKind::Late => "too_late",
            RejectionKind::Crowded => "busy",
            RejectionKind::Encoded => "encoded",
            RejectionKind::Head => "unknown",
        };
        let mut why = rejection.to_string();
        // In every other body, it is the name of the tenant.
        if operation.id == "configure_authsignal" && why.starts_with("body /tenant is a string") {
            why.push_str(": tenant has settings here, and tenantId names the tenant");
        }
        // The journal names the pages as an API.
        if operation.id == "configure_faults" && why.contains("/api has an unknown value") {
            why.push_str("; no fault applies to the hosted pages and the WebSocket of challenges");
        }
        problem(rejection.kind.status(), error, &why)
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode, why: &str) -> Reply {
        problem(status, error_of(status), why)
    }

    fn has_remarks(&self, _caller: &()) -> bool {
        true
    }

    fn warning(&self, operation: &'static Operation, incoming: &Incoming) -> Option<String> {
        // What the others have to say is about the vendors' APIs, and the journal has it there.
        let is_told = std::ptr::eq(operation, &operations::CONFIGURE_WEBHOOKS);
        is_told.then(|| incoming.remarks()).flatten()
    }

    fn answered(
        &self,
        _operation: &'static Operation,
        _incoming: &Incoming,
        _caller: Option<&()>,
        _reply: &Reply,
    ) {
        // The journal shows the vendors' APIs. A caller of the control API knows what they did.
        traces::belongs("control", None);
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }

    fn file(&self, operation: &'static Operation) -> Option<FileBounds> {
        std::ptr::eq(operation, &operations::LOAD).then(|| FileBounds {
            bytes: self.app.behaviour.body_limit.max(bounds::LOAD),
            containers: bounds::LOAD_CONTAINERS,
        })
    }
}
