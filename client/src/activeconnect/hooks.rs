//! What the generated Activeconnect client sends through: our transport, and a signature per
//! attempt. Must not know what operations mean.

use std::fmt;
use std::sync::Arc;

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response, Url};

use super::raw::types::Failure;
use super::raw::{Client, operations};
use super::signing::Signer;
use crate::error::{Error, Reason};
use crate::secret::Secret;
use crate::transport::{Dialect, Facts, Operation, Transport, redact};

pub(super) const DIALECT: Dialect = Dialect {
    api: "activeconnect",
    accepts: |body| serde_json::from_slice::<Failure>(body).is_ok(),
    recast: |body| {
        let reason = redact::foreign_reason(body).unwrap_or_default();
        serde_json::json!({ "status": false, "reason": reason })
            .to_string()
            .into_bytes()
    },
};

/// Whom a request is signed by: an application, a session, a device.
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: Secret,
}

/// What a generated client carries: limits and credentials. Made by
/// [`Activeconnect`](super::Activeconnect) only.
#[derive(Clone)]
pub struct Inner {
    pub(super) transport: Transport,
    signer: Signer,
    credentials: Arc<Credentials>,
    /// Where a call of ours keeps what it learns; calls through `raw()` keep nothing.
    facts: Option<Facts>,
}

impl Inner {
    /// The URL of a path, for generated code.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.transport.url(path)
    }

    pub(super) fn new(transport: Transport, signer: Signer, credentials: Credentials) -> Self {
        Self {
            transport,
            signer,
            credentials: Arc::new(credentials),
            facts: None,
        }
    }

    /// The same, with other credentials.
    pub(super) fn signing_as(&self, credentials: Credentials) -> Self {
        Self {
            credentials: Arc::new(credentials),
            ..self.clone()
        }
    }

    /// The same, keeping what the next call learns in `facts`.
    pub(super) fn keeping(&self, facts: Facts) -> Self {
        Self {
            facts: Some(facts),
            ..self.clone()
        }
    }

    pub(super) async fn send(
        &self,
        http: &reqwest::Client,
        request: Request,
        operation: &Operation,
    ) -> reqwest::Result<Response> {
        let sign = |request: &mut Request| {
            self.signer
                .sign(request, &self.credentials.id, &self.credentials.secret)
        };
        let facts = self.facts.clone().unwrap_or_default();
        self.transport
            .execute(http, request, operation, &facts, sign)
            .await
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("limits", &self.transport.limits)
            .finish_non_exhaustive()
    }
}

impl ClientHooks<Inner> for Client {
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let operation = Operation::find(operations::ALL, info.operation_id);
        self.inner().send(self.client(), request, operation).await
    }
}

impl Reason for Failure {
    fn reason(&self) -> &str {
        &self.reason
    }
}

/// For calls through [`Activeconnect::raw`](super::Activeconnect::raw): their own error prints
/// headers and bodies. The new error does not know the operation, the attempts, or how long to
/// wait.
impl From<progenitor_client::Error<Failure>> for Error {
    fn from(error: progenitor_client::Error<Failure>) -> Self {
        Self::untold(error)
    }
}
