//! What the generated Authsignal client sends through: our transport, and Basic credentials on each
//! attempt. Must not know what operations mean.

use std::borrow::Cow;
use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Body, Request, Response, Url};

use super::raw::{Client, operations};
use crate::authsignal_host;
use crate::authsignal_secret::{basic, bearer};
use crate::secret::Secret;
use crate::transport::call_options::IDEMPOTENCY_KEY;
use crate::transport::{Dialect, Facts, Operation, RetryClass, Transport};

pub(super) const DIALECT: Dialect = Dialect {
    api: "authsignal",
    accepts: authsignal_host::accepts,
    recast: authsignal_host::recast,
};

/// What a generated client carries: limits and credentials. Made by
/// [`Authsignal`](super::Authsignal) only.
#[derive(Clone)]
pub struct Inner {
    pub(super) transport: Transport,
    /// Value of the `Authorization` header, marked as sensitive; none for operations that need no credentials.
    authorization: Option<Arc<HeaderValue>>,
    /// Where a call of ours keeps what it learns; calls through `raw()` keep nothing.
    facts: Option<Facts>,
    /// Whether the request is known to carry a key that makes repeating it harmless.
    keyed: bool,
    /// The request's key, as the vendor's newest SDKs repeat it in a header.
    key: Option<HeaderValue>,
    /// What to send instead of the generated body, which cannot say everything.
    body: Option<&'static str>,
}

impl Inner {
    /// The URL of a path, for generated code.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.transport.url(path)
    }

    /// Credentials are HTTP Basic: the secret as the user name, and no password.
    pub(super) fn new(transport: Transport, secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        let authorization = basic(secret)?;
        Ok(Self::assemble(transport, Some(Arc::new(authorization))))
    }

    /// For a terminal, whose secret is a bearer token.
    pub(super) fn of_terminal(
        transport: Transport,
        secret: &Secret,
    ) -> Result<Self, InvalidHeaderValue> {
        let authorization = bearer(secret)?;
        Ok(Self::assemble(transport, Some(Arc::new(authorization))))
    }

    /// Without credentials.
    #[cfg(feature = "session-tokens")]
    pub(super) fn anonymous(transport: Transport) -> Self {
        Self::assemble(transport, None)
    }

    fn assemble(transport: Transport, authorization: Option<Arc<HeaderValue>>) -> Self {
        Self {
            transport,
            authorization,
            facts: None,
            keyed: false,
            key: None,
            body: None,
        }
    }

    /// The same, keeping what the next call learns in `facts`.
    pub(super) fn keeping(&self, facts: Facts) -> Self {
        Self {
            facts: Some(facts),
            ..self.clone()
        }
    }

    /// The same, for a request that carries a key.
    pub(super) fn keyed(self) -> Self {
        Self {
            keyed: true,
            ..self
        }
    }

    /// The same, for a request of this idempotency key. The body or the path decides; the header is for whatever stands
    /// before the service. A key that cannot be a header is in the body alone.
    pub(super) fn with_key(self, key: &str) -> Self {
        Self {
            key: HeaderValue::from_str(key).ok(),
            ..self
        }
    }

    /// The same, sending this body.
    pub(super) fn sending(self, body: &'static str) -> Self {
        Self {
            body: Some(body),
            ..self
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
        mut request: Request,
        operation: &Operation,
    ) -> reqwest::Result<Response> {
        let mut operation = *operation;
        let mut transport = Cow::Borrowed(&self.transport);
        // The vendor reads the key in the body: without one there, or if the application does not trust it, one in the
        // header does not help.
        if operation.retry == RetryClass::Keyed && !self.keyed {
            operation.retry = RetryClass::Never;
            transport = Cow::Owned(self.transport.distrusting_keys());
        }
        if let Some(body) = self.body {
            *request.body_mut() = Some(Body::from(body));
        }
        if let Some(key) = &self.key {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key.clone());
        }
        let sign = |request: &mut Request| {
            if let Some(authorization) = &self.authorization {
                let authorization = HeaderValue::clone(authorization);
                request.headers_mut().insert(AUTHORIZATION, authorization);
            }
            Ok::<_, Infallible>(())
        };
        let facts = self.facts.clone().unwrap_or_default();
        transport
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
    use crate::error::Reason as _;
    use crate::generated::authsignal_shared::types::ErrorResponse;

    #[test]
    fn an_error_body_in_any_known_form_keeps_its_code_and_its_words() {
        for (body, code, words) in [
            (r#"{"error":"a","errorDescription":"b"}"#, "a", "b"),
            (
                r#"{"error":"a","errorCode":"c","errorDescription":null}"#,
                "c",
                "",
            ),
            (r#"{"errorCode":"c","message":"m"}"#, "c", "m"),
            (
                r#"{"isValid":false,"error":"User is invalid."}"#,
                "User is invalid.",
                "",
            ),
            (r#"{"message":"Not Found"}"#, "", "Not Found"),
            (r#"{"detail":"d"}"#, "", "d"),
            ("no such thing", "", "no such thing"),
            ("<html>502</html>", "", ""),
            ("[1]", "", ""),
            ("", "", ""),
        ] {
            assert!(!(DIALECT.accepts)(body.as_bytes()), "{body}");
            let recast = (DIALECT.recast)(body.as_bytes());
            let read: ErrorResponse = serde_json::from_slice(&recast).unwrap();
            assert_eq!((read.code(), read.reason()), (code, words), "{body}");
        }
    }

    #[test]
    fn the_credentials_are_the_secret_as_user_name_without_password() {
        let inner = Inner::new(Transport::new(DIALECT), &Secret::from("sk+/=")).unwrap();
        let authorization = inner.authorization.as_ref().unwrap();
        assert_eq!(authorization.as_bytes(), b"Basic c2srLz06");
        assert!(authorization.is_sensitive());
        assert!(!format!("{inner:?}").contains("c2s"));
    }
}
