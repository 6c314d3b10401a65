//! How the generated client of the Client API signs each attempt: with the credentials that the operation takes. Must not
//! know what operations mean.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::Request;

use crate::authsignal_host;
use crate::secret::Secret;
use crate::transport::inner::{self, Sign};
use crate::transport::{Dialect, Operation};
use crate::vendor_client::raw_call;

pub(super) const DIALECT: Dialect = Dialect {
    api: "authsignal-client",
    accepts: authsignal_host::accepts,
    recast: authsignal_host::recast,
};

/// The header of challenge tokens.
const CHALLENGE_TOKEN: HeaderName = HeaderName::from_static("x-authsignal-challenge-token");

/// What signs the requests of the generated client.
#[derive(Clone, Default)]
pub struct Credentials {
    /// Values of the `Authorization` header, marked as sensitive.
    token: Option<HeaderValue>,
    tenant: Option<HeaderValue>,
    /// The value of the header of challenge tokens, marked as sensitive.
    challenge_token: Option<HeaderValue>,
}

/// What the generated client carries. Made by [`AuthsignalClient`](super::AuthsignalClient) only.
pub(crate) type Inner = inner::Inner<Credentials>;

fn sensitive(text: &Secret) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(text.expose())?;
    value.set_sensitive(true);
    Ok(value)
}

impl Inner {
    /// The same, for the user of a token.
    pub(super) fn with_token(mut self, token: &Secret) -> Result<Self, InvalidHeaderValue> {
        let bearer = Secret::from(format!("Bearer {}", token.expose()));
        self.signer.token = Some(sensitive(&bearer)?);
        Ok(self)
    }

    /// The same, for a tenant: HTTP Basic, its id as the user name, and no password.
    pub(super) fn with_tenant(mut self, id: &str) -> Result<Self, InvalidHeaderValue> {
        let basic = Secret::from(format!("Basic {}", STANDARD.encode(format!("{id}:"))));
        self.signer.tenant = Some(sensitive(&basic)?);
        Ok(self)
    }

    /// The same, for the steps of a flow.
    pub(super) fn with_challenge_token(
        mut self,
        token: &Secret,
    ) -> Result<Self, InvalidHeaderValue> {
        self.signer.challenge_token = Some(sensitive(token)?);
        Ok(self)
    }
}

impl Credentials {
    /// The credentials for an operation, and their header: a token if it accepts one, because a
    /// token also names the user. A step of a flow takes its challenge token and nothing else. An endpoint that no
    /// description lists gets the first that there is.
    pub(super) fn of(&self, operation: &Operation) -> Option<(HeaderName, &HeaderValue)> {
        let unlisted = operation.id == raw_call::OPERATION;
        let takes = |scheme: &str| unlisted || operation.security.contains(&&[scheme][..]);
        let has_other = self.token.is_some() || self.tenant.is_some();
        if takes("challengeToken") && !(unlisted && has_other) {
            let token = self.challenge_token.as_ref()?;
            return Some((CHALLENGE_TOKEN, token));
        }
        let token = self.token.as_ref().filter(|_| takes("bearer"));
        let value = token.or(self.tenant.as_ref().filter(|_| takes("tenant")))?;
        Some((AUTHORIZATION, value))
    }
}

impl Sign for Credentials {
    type Error = Infallible;

    fn sign(&self, operation: &Operation, request: &mut Request) -> Result<(), Infallible> {
        // Without any, the server says what it misses.
        if let Some((name, value)) = self.of(operation) {
            request.headers_mut().insert(name, value.clone());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authsignal_client::raw::operations;
    use crate::error::Reason as _;
    use crate::generated::authsignal_shared::types::ErrorResponse;
    use crate::transport::Transport;

    fn shown(inner: &Inner, operation: &Operation) -> Option<String> {
        let (name, credentials) = inner.signer.of(operation)?;
        assert!(credentials.is_sensitive());
        let value = credentials.to_str().unwrap();
        Some(match name {
            AUTHORIZATION => value.to_owned(),
            name => format!("{name}: {value}"),
        })
    }

    #[test]
    fn an_operation_goes_with_the_credentials_that_it_takes() {
        let none = Inner::new(Transport::new(DIALECT), Credentials::default());
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
