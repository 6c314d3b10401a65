//! How the generated client of the Management API signs each attempt. Must not know what operations mean.

use std::convert::Infallible;

use http::header::{AUTHORIZATION, HeaderValue, InvalidHeaderValue};
use reqwest::Request;

use crate::authsignal_host;
use crate::authsignal_secret::basic;
use crate::secret::Secret;
use crate::transport::inner::{self, Sign};
use crate::transport::{Dialect, Operation, RetryClass};

pub(super) const DIALECT: Dialect = Dialect {
    api: "authsignal-management",
    accepts: authsignal_host::accepts,
    recast: authsignal_host::recast,
};

/// What signs the requests of the generated client.
#[derive(Clone)]
pub struct Credentials {
    /// Value of the `Authorization` header, marked as sensitive.
    authorization: HeaderValue,
}

/// What the generated client carries. Made by [`AuthsignalManagement`](super::AuthsignalManagement) only.
pub(crate) type Inner = inner::Inner<Credentials>;

impl Credentials {
    /// HTTP Basic: the secret as the user name, and no password.
    pub(super) fn new(secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        let authorization = basic(secret)?;
        Ok(Self { authorization })
    }
}

impl Sign for Credentials {
    type Error = Infallible;

    fn sign(&self, _: &Operation, request: &mut Request) -> Result<(), Infallible> {
        let authorization = self.authorization.clone();
        request.headers_mut().insert(AUTHORIZATION, authorization);
        Ok(())
    }

    fn retry(&self, operation: &Operation, has_key: bool) -> RetryClass {
        match operation.retry {
            // No call carries a key of its own.
            RetryClass::Keyed | RetryClass::Never if has_key => RetryClass::Keyed,
            RetryClass::Keyed => RetryClass::Never,
            class => class,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Transport;

    #[test]
    fn the_credentials_are_the_secret_as_user_name_without_password() {
        let credentials = Credentials::new(&Secret::from("sk+/=")).unwrap();
        let inner = Inner::new(Transport::new(DIALECT), credentials);
        let authorization = &inner.signer.authorization;
        assert_eq!(authorization.as_bytes(), b"Basic c2srLz06");
        assert!(authorization.is_sensitive());
        assert!(!format!("{inner:?}").contains("c2s"));
    }
}
