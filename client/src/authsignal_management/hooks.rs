//! What the generated client of the Management API sends through: our transport, and Basic credentials on each
//! attempt. Must not know what operations mean.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response, Url};

use super::raw::{Client, operations};
use crate::authsignal_host;
use crate::authsignal_secret::basic;
use crate::secret::Secret;
use crate::transport::{Dialect, Facts, Operation, RetryClass, Transport};

pub(super) const DIALECT: Dialect = Dialect {
    api: "authsignal-management",
    accepts: authsignal_host::accepts,
    recast: authsignal_host::recast,
};

/// What a generated client carries: limits and credentials. Made by
/// [`AuthsignalManagement`](super::AuthsignalManagement) only.
#[derive(Clone)]
pub struct Inner {
    pub(super) transport: Transport,
    /// Value of the `Authorization` header, marked as sensitive.
    authorization: Arc<HeaderValue>,
    /// Where a call of ours keeps what it learns; calls through `raw()` keep nothing.
    facts: Option<Facts>,
}

impl Inner {
    /// The URL of a path, for generated code.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.transport.url(path)
    }

    /// Credentials are HTTP Basic: the secret as the user name, and no password.
    pub(super) fn new(transport: Transport, secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        let authorization = basic(secret)?;
        Ok(Self {
            transport,
            authorization: Arc::new(authorization),
            facts: None,
        })
    }

    /// The same, keeping what the next call learns in `facts`.
    pub(super) fn keeping(&self, facts: Facts) -> Self {
        Self {
            facts: Some(facts),
            ..self.clone()
        }
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("limits", &self.transport.limits)
            .finish_non_exhaustive()
    }
}

impl Inner {
    pub(super) async fn send(
        &self,
        http: &reqwest::Client,
        request: Request,
        operation: &Operation,
    ) -> reqwest::Result<Response> {
        let mut operation = *operation;
        // No call carries a key that makes repeating it harmless.
        if operation.retry == RetryClass::Keyed {
            operation.retry = RetryClass::Never;
        }
        let sign = |request: &mut Request| {
            let authorization = HeaderValue::clone(&self.authorization);
            request.headers_mut().insert(AUTHORIZATION, authorization);
            Ok::<_, Infallible>(())
        };
        let facts = self.facts.clone().unwrap_or_default();
        self.transport
            .execute(http, request, &operation, &facts, sign)
            .await
    }
}

impl ClientHooks<Inner> for Client {
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let operation = Operation::find(operations::ALL, info.operation_id);
        self.inner().send(self.client(), request, operation).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_credentials_are_the_secret_as_user_name_without_password() {
        let inner = Inner::new(Transport::new(DIALECT), &Secret::from("sk+/=")).unwrap();
        let authorization = &inner.authorization;
        assert_eq!(authorization.as_bytes(), b"Basic c2srLz06");
        assert!(authorization.is_sensitive());
        assert!(!format!("{inner:?}").contains("c2s"));
    }
}
