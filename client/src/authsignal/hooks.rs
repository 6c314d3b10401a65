//! What the generated Authsignal client sends through: our transport, and Basic credentials on each
//! attempt. Must not know what operations mean.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response};

use super::raw::types::ErrorResponse;
use super::raw::{Client, OPERATIONS};
use crate::error::{Error, Reason};
use crate::secret::Secret;
use crate::transport::{Dialect, Facts, Limits, Operation, Transport};

const DIALECT: Dialect = Dialect {
    api: "authsignal",
    accepts: |body| serde_json::from_slice::<ErrorResponse>(body).is_ok(),
    minimal: |reason| {
        serde_json::json!({ "error": "foreign", "errorCode": "foreign", "errorDescription": reason })
            .to_string()
            .into_bytes()
    },
};

/// What a generated client carries: limits and credentials. Made by
/// [`Authsignal`](super::Authsignal) only.
#[derive(Clone)]
pub struct Inner {
    transport: Transport,
    /// Value of the `Authorization` header, marked as sensitive.
    authorization: Arc<HeaderValue>,
    /// Where a call of ours keeps what it learns; calls through `raw()` keep nothing.
    facts: Option<Facts>,
}

impl Inner {
    /// Credentials are HTTP Basic: the secret as the user name, and no password.
    pub(super) fn new(limits: Limits, secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        let credentials = Secret::from(STANDARD.encode(format!("{}:", secret.expose())));
        let mut authorization = HeaderValue::try_from(format!("Basic {}", credentials.expose()))?;
        authorization.set_sensitive(true);
        Ok(Self {
            transport: Transport {
                limits,
                dialect: DIALECT,
            },
            authorization: Arc::new(authorization),
            facts: None,
        })
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
        let Inner {
            transport,
            authorization,
            facts,
        } = self.inner();
        let facts = facts.clone().unwrap_or_default();
        let operation = Operation::find(OPERATIONS, info.operation_id);
        let sign = |request: &mut Request| {
            let headers = request.headers_mut();
            headers.insert(AUTHORIZATION, HeaderValue::clone(authorization));
            Ok::<_, std::convert::Infallible>(())
        };
        transport
            .execute(self.client(), request, operation, &facts, sign)
            .await
    }
}

impl Reason for ErrorResponse {
    fn reason(&self) -> &str {
        &self.error_description
    }
}

/// For calls through [`Authsignal::raw`](super::Authsignal::raw), whose own error prints headers
/// and bodies. It does not know operation, attempts, nor the server's wish to wait.
impl From<progenitor_client::Error<ErrorResponse>> for Error {
    fn from(error: progenitor_client::Error<ErrorResponse>) -> Self {
        Self::untold(error)
    }
}
