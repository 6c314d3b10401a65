//! What the generated client of the Client API sends through: our transport, and on each attempt the
//! credentials that the operation takes. Must not know what operations mean.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderValue};
use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::{Request, Response, Url};

use super::raw::{Client, operations};
use crate::authsignal_host;
use crate::secret::Secret;
use crate::transport::{Dialect, Facts, Operation, Transport};
use crate::vendor_client::raw_call;

pub(super) const DIALECT: Dialect = Dialect {
    api: "authsignal-client",
    accepts: authsignal_host::accepts,
    recast: authsignal_host::recast,
};

/// The header of challenge tokens.
const CHALLENGE_TOKEN: HeaderName = HeaderName::from_static("x-authsignal-challenge-token");

/// State of a generated client: limits and credentials. Made by
/// [`AuthsignalClient`](super::AuthsignalClient) only.
#[derive(Clone)]
pub struct Inner {
    pub(super) transport: Transport,
    /// Values of the `Authorization` header, marked as sensitive.
    token: Option<Arc<HeaderValue>>,
    tenant: Option<Arc<HeaderValue>>,
    /// The value of the header of challenge tokens, marked as sensitive.
    challenge_token: Option<Arc<HeaderValue>>,
    /// Where a call of ours keeps what it learns; calls through `raw()` keep nothing.
    facts: Option<Facts>,
}

fn sensitive(text: &Secret) -> Result<Arc<HeaderValue>, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text.expose())?;
    value.set_sensitive(true);
    Ok(Arc::new(value))
}

impl Inner {
    /// The URL of a path, for generated code.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.transport.url(path)
    }

    /// Without credentials.
    pub(super) fn new(transport: Transport) -> Self {
        Self {
            transport,
            token: None,
            tenant: None,
            challenge_token: None,
            facts: None,
        }
    }

    /// The same, for the user of a token.
    pub(super) fn with_token(self, token: &Secret) -> Result<Self, InvalidHeaderValue> {
        let bearer = Secret::from(format!("Bearer {}", token.expose()));
        Ok(Self {
            token: Some(sensitive(&bearer)?),
            ..self
        })
    }

    /// The same, for a tenant: HTTP Basic, its id as the user name, and no password.
    pub(super) fn with_tenant(self, id: &str) -> Result<Self, InvalidHeaderValue> {
        let basic = Secret::from(format!("Basic {}", STANDARD.encode(format!("{id}:"))));
        Ok(Self {
            tenant: Some(sensitive(&basic)?),
            ..self
        })
    }

    /// The same, for the steps of a flow.
    pub(super) fn with_challenge_token(self, token: &Secret) -> Result<Self, InvalidHeaderValue> {
        Ok(Self {
            challenge_token: Some(sensitive(token)?),
            ..self
        })
    }

    /// The same, keeping what the next call learns in `facts`.
    pub(super) fn keeping(&self, facts: Facts) -> Self {
        Self {
            facts: Some(facts),
            ..self.clone()
        }
    }

    /// The credentials for an operation, and their header: a token if it accepts one, because a
    /// token also names the user. A step of a flow takes its challenge token and nothing else. An endpoint that no
    /// description lists gets the first that there is.
    pub(super) fn credentials(&self, operation: &Operation) -> Option<(HeaderName, &HeaderValue)> {
        let unlisted = operation.id == raw_call::OPERATION;
        let takes = |scheme: &str| unlisted || operation.security.contains(&&[scheme][..]);
        let has_other = self.token.is_some() || self.tenant.is_some();
        if takes("challengeToken") && !(unlisted && has_other) {
            let token = self.challenge_token.as_deref()?;
            return Some((CHALLENGE_TOKEN, token));
        }
        let token = self.token.as_deref().filter(|_| takes("bearer"));
        let value = token.or(self.tenant.as_deref().filter(|_| takes("tenant")))?;
        Some((AUTHORIZATION, value))
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
        let credentials = self.credentials(operation);
        let sign = |request: &mut Request| {
            // Without any, the server says what it misses.
            if let Some((name, credentials)) = credentials.clone() {
                request.headers_mut().insert(name, credentials.clone());
            }
            Ok::<_, Infallible>(())
        };
        let facts = self.facts.clone().unwrap_or_default();
        self.transport
            .execute(http, request, operation, &facts, sign)
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

    fn shown(inner: &Inner, operation: &Operation) -> Option<String> {
        let (name, credentials) = inner.credentials(operation)?;
        assert!(credentials.is_sensitive());
        let value = credentials.to_str().unwrap();
        Some(match name {
            AUTHORIZATION => value.to_owned(),
            name => format!("{name}: {value}"),
        })
    }

    #[test]
    fn an_operation_goes_with_the_credentials_that_it_takes() {
        let none = Inner::new(Transport::new(DIALECT));
        let tenant = none.clone().with_tenant("t1").unwrap();
        let token = none.clone().with_token(&Secret::from("MARKED")).unwrap();
        let both = tenant.clone().with_token(&Secret::from("MARKED")).unwrap();
        let flow = both.clone().with_challenge_token(&Secret::from("MARKED"));
        let flow = flow.unwrap();
        assert!(!format!("{flow:?}").contains("MARKED"));
        assert!(!format!("{both:?}").contains("MARKED"));

        let (basic, bearer) = (
            Some("Basic dDE6".to_owned()),
            Some("Bearer MARKED".to_owned()),
        );
        let step = Some("x-authsignal-challenge-token: MARKED".to_owned());
        // Of a user; of a tenant; of either; of a flow.
        let taking = [
            &operations::CHALLENGE_SMS,
            &operations::VERIFY_QR_CODE,
            &operations::VERIFY_PASSKEY,
            &operations::VERIFY_FLOW_SMS,
        ];
        for (inner, expected) in [
            (&none, [&None, &None, &None, &None]),
            (&tenant, [&None, &basic, &basic, &None]),
            (&token, [&bearer, &None, &bearer, &None]),
            (&both, [&bearer, &basic, &bearer, &None]),
            (&flow, [&bearer, &basic, &bearer, &step]),
        ] {
            let shown = taking.map(|operation| shown(inner, operation));
            assert_eq!(shown.each_ref(), expected);
        }
    }

    #[test]
    fn every_operation_takes_a_token_or_a_tenant() {
        let known: [&[&[&str]]; 4] = [
            &[&["bearer"]],
            &[&["tenant"]],
            &[&["bearer"], &["tenant"]],
            &[&["challengeToken"]],
        ];
        for operation in operations::ALL {
            assert!(known.contains(&operation.security), "{operation:?}");
        }
    }

    #[test]
    fn an_error_body_keeps_its_code_and_its_words() {
        for (body, code, words) in [
            (
                r#"{"error":"expired_token","errorDescription":"b"}"#,
                "expired_token",
                "b",
            ),
            (r#"{"message":"Not Found"}"#, "", "Not Found"),
            ("<html>502</html>", "", ""),
        ] {
            assert!(!(DIALECT.accepts)(body.as_bytes()), "{body}");
            let recast = (DIALECT.recast)(body.as_bytes());
            let read: ErrorResponse = serde_json::from_slice(&recast).unwrap();
            assert_eq!((read.code(), read.reason()), (code, words), "{body}");
        }
    }
}
