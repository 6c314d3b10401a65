//! How the generated Activeconnect client signs each attempt. Must not know what operations mean.

use std::sync::Arc;

use reqwest::Request;

use super::raw::types::Failure;
use super::signing::{Signer, SigningError};
use crate::error::{Error, Reason};
use crate::secret::Secret;
use crate::transport::inner::{self, Sign};
use crate::transport::{Dialect, Operation, redact};

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

/// What signs the requests of the generated client.
#[derive(Clone)]
pub struct Signature {
    signer: Signer,
    credentials: Arc<Credentials>,
}

/// What the generated client carries. Made by [`Activeconnect`](super::Activeconnect) only.
pub(crate) type Inner = inner::Inner<Signature>;

impl Signature {
    pub(super) fn new(signer: Signer, credentials: Credentials) -> Self {
        Self {
            signer,
            credentials: Arc::new(credentials),
        }
    }
}

impl Inner {
    /// The same, with other credentials.
    pub(super) fn signing_as(&self, credentials: Credentials) -> Self {
        let mut other = self.clone();
        other.signer.credentials = Arc::new(credentials);
        other
    }
}

impl Sign for Signature {
    type Error = SigningError;

    fn sign(&self, _: &Operation, request: &mut Request) -> Result<(), SigningError> {
        let Credentials { id, secret } = &*self.credentials;
        self.signer.sign(request, id, secret)
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
