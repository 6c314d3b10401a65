//! Authsignal: users, authenticators, actions, challenges and sessions, by its Server API. Must not
//! know other vendors.

mod hooks;

pub use crate::generated::authsignal as raw;
pub use hooks::Inner;

use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::{self, Limits};

/// A client of the Server API. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct Authsignal {
    raw: raw::Client,
}

impl Authsignal {
    /// A client with a server API secret, of the server at a base URL without `/v1`.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) for a URL or a secret that is not usable.
    pub fn new(secret: impl Into<Secret>, server: impl AsRef<str>) -> Result<Self> {
        let server = transport::server("the server", server.as_ref())?;
        let inner = Inner::new(Limits::default(), &secret.into())
            .map_err(|error| Error::config("the secret").with_source(error))?;
        let http = transport::http_client(transport::CONNECT_TIMEOUT, None)
            .map_err(|error| Error::config("the HTTP client").with_source(error.without_url()))?;
        let raw = raw::Client::new_with_client(server.as_str().trim_end_matches('/'), http, inner);
        Ok(Self { raw })
    }

    /// The generated client: every operation of the API.
    pub fn raw(&self) -> &raw::Client {
        &self.raw
    }
}
