//! How the generated client of the Server API signs each attempt, and what a call changes in its request. Must not know what
//! operations mean.

use std::convert::Infallible;

use http::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};
use reqwest::{Body, Request};

use crate::authsignal_host;
use crate::authsignal_secret::{basic, bearer};
use crate::secret::Secret;
use crate::transport::call_options::IDEMPOTENCY_KEY;
use crate::transport::inner::{self, Sign};
use crate::transport::{Dialect, Operation, RetryClass};

pub(super) const DIALECT: Dialect = Dialect {
    api: "authsignal",
    accepts: authsignal_host::accepts,
    recast: authsignal_host::recast,
};

/// What signs the requests of the generated client, and what a call changes in its request.
#[derive(Clone)]
pub struct Credentials {
    /// Value of the `Authorization` header, marked as sensitive; none for operations that need no credentials.
    authorization: Option<HeaderValue>,
    /// Whether the request is known to carry a key that makes repeating it harmless.
    keyed: bool,
    /// The request's key, as the vendor's newest SDKs repeat it in a header.
    key: Option<HeaderValue>,
    /// What to send instead of the generated body, which cannot say everything.
    body: Option<&'static str>,
}

/// What the generated client carries. Made by [`Authsignal`](super::Authsignal) only.
pub(crate) type Inner = inner::Inner<Credentials>;

impl Credentials {
    /// HTTP Basic: the secret as the user name, and no password.
    pub(super) fn of_server(secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        Ok(Self::assemble(Some(basic(secret)?)))
    }

    /// Of a terminal, whose secret is a bearer token.
    pub(super) fn of_terminal(secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        Ok(Self::assemble(Some(bearer(secret)?)))
    }

    /// For operations that need no credentials.
    #[cfg(feature = "session-tokens")]
    pub(super) fn none() -> Self {
        Self::assemble(None)
    }

    fn assemble(authorization: Option<HeaderValue>) -> Self {
        Self {
            authorization,
            keyed: false,
            key: None,
            body: None,
        }
    }
}

impl Inner {
    /// The same, for a request that carries a key.
    pub(super) fn keyed(mut self) -> Self {
        self.signer.keyed = true;
        self
    }

    /// The same, for a request of this idempotency key. The body or the path decides; the header is for whatever stands
    /// before the service. A key that cannot be a header is in the body alone.
    pub(super) fn with_key(mut self, key: &str) -> Self {
        self.signer.key = HeaderValue::from_str(key).ok();
        self
    }

    /// The same, sending this body.
    pub(super) fn sending(mut self, body: &'static str) -> Self {
        self.signer.body = Some(body);
        self
    }
}

impl Sign for Credentials {
    type Error = Infallible;

    fn prepare(&self, request: &mut Request) {
        if let Some(body) = self.body {
            *request.body_mut() = Some(Body::from(body));
        }
        if let Some(key) = &self.key {
            request.headers_mut().insert(IDEMPOTENCY_KEY, key.clone());
        }
    }

    fn sign(&self, _: &Operation, request: &mut Request) -> Result<(), Infallible> {
        if let Some(authorization) = self.authorization.clone() {
            request.headers_mut().insert(AUTHORIZATION, authorization);
        }
        Ok(())
    }

    /// The vendor reads the key of a keyed operation in the body: without one there, or if the application does not trust
    /// it, one in the header does not help.
    fn retry(&self, operation: &Operation, has_key: bool) -> RetryClass {
        match operation.retry {
            RetryClass::Keyed if !self.keyed => RetryClass::Never,
            RetryClass::Never if has_key => RetryClass::Keyed,
            class => class,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Reason as _;
    use crate::generated::authsignal_shared::types::ErrorResponse;
    use crate::transport::Transport;

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
        let credentials = Credentials::of_server(&Secret::from("sk+/=")).unwrap();
        let inner = Inner::new(Transport::new(DIALECT), credentials);
        let authorization = inner.signer.authorization.as_ref().unwrap();
        assert_eq!(authorization.as_bytes(), b"Basic c2srLz06");
        assert!(authorization.is_sensitive());
        assert!(!format!("{inner:?}").contains("c2s"));
    }
}
