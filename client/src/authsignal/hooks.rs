//! What the generated Authsignal client sends through: our transport, and Basic credentials on each
//! attempt. Must not know what operations mean.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Body, Request, Response};

use super::raw::{Client, operations};
use crate::authsignal_host;
use crate::authsignal_secret::{basic, bearer};
use crate::secret::Secret;
use crate::transport::{Dialect, Facts, Limits, Operation, RetryClass, Transport};

const DIALECT: Dialect = Dialect {
    api: "authsignal",
    accepts: authsignal_host::accepts,
    recast: authsignal_host::recast,
};

/// What a generated client carries: limits and credentials. Made by
/// [`Authsignal`](super::Authsignal) only.
#[derive(Clone)]
pub struct Inner {
    transport: Transport,
    /// Value of the `Authorization` header, marked as sensitive; none for operations that need no credentials.
    authorization: Option<Arc<HeaderValue>>,
    /// Where a call of ours keeps what it learns; calls through `raw()` keep nothing.
    facts: Option<Facts>,
    /// Whether the request is known to carry a key that makes repeating it harmless.
    keyed: bool,
    /// What to send instead of the generated body, which cannot say everything.
    body: Option<&'static str>,
}

impl Inner {
    /// Credentials are HTTP Basic: the secret as the user name, and no password.
    pub(super) fn new(limits: Limits, secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        let authorization = basic(secret)?;
        Ok(Self::with(limits, Some(Arc::new(authorization))))
    }

    /// For a terminal, whose secret is a bearer token.
    pub(super) fn of_terminal(limits: Limits, secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        let authorization = bearer(secret)?;
        Ok(Self::with(limits, Some(Arc::new(authorization))))
    }

    /// Without credentials.
    #[cfg(feature = "session-tokens")]
    pub(super) fn anonymous(limits: Limits) -> Self {
        Self::with(limits, None)
    }

    fn with(limits: Limits, authorization: Option<Arc<HeaderValue>>) -> Self {
        Self {
            transport: Transport {
                limits,
                dialect: DIALECT,
            },
            authorization,
            facts: None,
            keyed: false,
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

impl ClientHooks<Inner> for Client {
    async fn exec(&self, mut request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let inner = self.inner();
        let mut operation = *Operation::find(operations::ALL, info.operation_id);
        if operation.retry == RetryClass::Keyed && !inner.keyed {
            operation.retry = RetryClass::Never;
        }
        if let Some(body) = inner.body {
            *request.body_mut() = Some(Body::from(body));
        }
        let sign = |request: &mut Request| {
            if let Some(authorization) = &inner.authorization {
                let authorization = HeaderValue::clone(authorization);
                request.headers_mut().insert(AUTHORIZATION, authorization);
            }
            Ok::<_, Infallible>(())
        };
        let facts = inner.facts.clone().unwrap_or_default();
        inner
            .transport
            .execute(self.client(), request, &operation, &facts, sign)
            .await
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
        let inner = Inner::new(Limits::default(), &Secret::from("sk+/=")).unwrap();
        let authorization = inner.authorization.as_ref().unwrap();
        assert_eq!(authorization.as_bytes(), b"Basic c2srLz06");
        assert!(authorization.is_sensitive());
        assert!(!format!("{inner:?}").contains("c2s"));
    }
}
