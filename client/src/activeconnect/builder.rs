//! [`ActiveconnectBuilder`]: settings, where they come from, and what of them is refused. Must not
//! send anything.

use std::ffi::OsStr;
use std::fmt;
use std::time::Duration;

use url::Url;

use super::client::Activeconnect;
use super::hooks::{Credentials, Inner};
use super::raw;
use super::signing::Signer;
use super::{DEFAULT_SERVER, SERVER_VARIABLE};
#[cfg(doc)]
use crate::error::Kind;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::segment::PathSegment;
use crate::transport::{self, HttpBuilder, Limits};

/// Configures an [`Activeconnect`] client.
///
/// | setting | default |
/// | --- | --- |
/// | server | environment variable `ACTIVE_CONNECT_SERVER`, else `https://activeconnect.activeapi.ninja` |
/// | time to connect | 3 s |
/// | time for an attempt | 10 s |
/// | time for a whole call | 20 s |
/// | retries | 2 |
#[must_use = "a builder does nothing until `build` is called"]
pub struct ActiveconnectBuilder {
    application_id: String,
    secret: Secret,
    server: Option<String>,
    connect_timeout: Duration,
    limits: Limits,
    http_builder: Option<HttpBuilder>,
    signer: Signer,
}

impl fmt::Debug for ActiveconnectBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the server: before it is checked, it may hold a password.
        f.debug_struct("ActiveconnectBuilder")
            .field("application_id", &self.application_id)
            .field("connect_timeout", &self.connect_timeout)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl ActiveconnectBuilder {
    pub(super) fn new(application_id: String, secret: Secret) -> Self {
        Self {
            application_id,
            secret,
            server: None,
            connect_timeout: transport::CONNECT_TIMEOUT,
            limits: Limits::default(),
            http_builder: None,
            signer: Signer::SYSTEM,
        }
    }

    /// The server's base URL: http or https, without query, fragment and credentials.
    ///
    /// Takes precedence over the environment variable `ACTIVE_CONNECT_SERVER`.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Time for making a connection.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Time for one attempt, from connecting to the end of the answer.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.limits.attempt = timeout;
        self
    }

    /// Time for a whole call: all attempts and the waits between them.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.limits.call = timeout;
        self
    }

    /// How often a call is repeated at the most, where repeating it is harmless. 0 turns retries
    /// off.
    pub fn retries(mut self, retries: u32) -> Self {
        self.limits.retries = retries;
        self
    }

    /// Changes the HTTP client that is built: proxies, certificates, the user agent.
    ///
    /// Whatever it says about redirects is overruled: they are never followed, because credentials
    /// would follow them.
    pub fn http_builder(
        mut self,
        customize: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send + 'static,
    ) -> Self {
        self.http_builder = Some(Box::new(customize));
        self
    }

    #[cfg(test)]
    pub(super) fn signer(mut self, signer: Signer) -> Self {
        self.signer = signer;
        self
    }

    /// Builds the client. Reads the environment, sends nothing.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for an empty application id or secret, a server URL that is not usable, or
    /// a time limit of zero.
    ///
    /// # Panics
    ///
    /// With the feature `rustls-no-provider`, reqwest panics when the application has not installed
    /// a rustls provider.
    pub fn build(self) -> Result<Activeconnect> {
        let application_id = PathSegment::try_from(self.application_id)
            .map_err(|error| Error::config("the application id").with_source(error))?;
        if self.secret.expose().is_empty() {
            return Err(Error::config("the application secret is empty"));
        }
        if self.limits.attempt.is_zero()
            || self.limits.call.is_zero()
            || self.connect_timeout.is_zero()
        {
            return Err(Error::config("a time limit is zero"));
        }
        let server = match self.server {
            Some(server) => transport::server("the server given to the builder", &server)?,
            None => server_of_environment(std::env::var_os(SERVER_VARIABLE).as_deref())?,
        };
        let http = transport::http_client(self.connect_timeout, self.http_builder)
            .map_err(|error| Error::config("the HTTP client").with_source(error.without_url()))?;

        let credentials = Credentials {
            id: application_id.to_string(),
            secret: self.secret,
        };
        let inner = Inner::new(self.limits, self.signer, credentials);
        let raw = raw::Client::new_with_client(server.as_str().trim_end_matches('/'), http, inner);
        Ok(Activeconnect::assemble(application_id, server, raw))
    }
}

fn server_of_environment(value: Option<&OsStr>) -> Result<Url> {
    match value.map(OsStr::to_str) {
        None | Some(Some("")) => transport::server("the default server", DEFAULT_SERVER),
        Some(Some(value)) => transport::server(SERVER_VARIABLE, value),
        Some(None) => Err(Error::config("ACTIVE_CONNECT_SERVER is not Unicode")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn the_server_comes_from_the_environment_unless_that_is_empty() {
        for (value, expected) in [
            (None, "https://activeconnect.activeapi.ninja/"),
            (Some(""), "https://activeconnect.activeapi.ninja/"),
            (Some("http://127.0.0.1:4750"), "http://127.0.0.1:4750/"),
        ] {
            assert_eq!(
                server_of_environment(value.map(OsStr::new))
                    .unwrap()
                    .as_str(),
                expected
            );
        }
        let error = server_of_environment(Some(OsStr::new("nonsense"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the configuration is not usable: ACTIVE_CONNECT_SERVER is not a URL"
        );
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused_when_it_is_built() {
        let usable = || Activeconnect::builder("app", "secret").server("http://h.example");
        assert!(usable().build().is_ok());
        for (builder, why) in [
            (
                Activeconnect::builder("", "secret").server("http://h.example"),
                "the application id",
            ),
            (
                Activeconnect::builder("..", "secret").server("http://h.example"),
                "the application id",
            ),
            (
                Activeconnect::builder("app", "").server("http://h.example"),
                "the application secret is empty",
            ),
            (
                usable().server(""),
                "the server given to the builder is not a URL",
            ),
            (
                usable().attempt_timeout(Duration::ZERO),
                "a time limit is zero",
            ),
            (
                usable().call_timeout(Duration::ZERO),
                "a time limit is zero",
            ),
            (
                usable().connect_timeout(Duration::ZERO),
                "a time limit is zero",
            ),
        ] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert_eq!(
                error.to_string(),
                format!("the configuration is not usable: {why}")
            );
        }
    }
}
