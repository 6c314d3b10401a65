//! [`ActiveconnectBuilder`]: settings, their sources and their validation. Must not send anything.

use std::ffi::OsStr;
use std::fmt;

use url::Url;

use super::client::Activeconnect;
use super::credentials::{Credentials, DIALECT, Inner, Signature};
use super::raw;
use super::service::Service;
use super::signing::Signer;
use crate::error::{Kind, Result};
use crate::secret::Secret;
use crate::segment::PathSegment;
use crate::transport::settings::{self, Settings};

/// Configures an [`Activeconnect`] client.
///
/// | setting | default |
/// | --- | --- |
/// | service | [`Service::Activeconnect`] |
/// | server | the environment variable of the service, else its server; [`Service`] lists both |
/// | time to connect | 3 s |
/// | time for an attempt | 10 s |
/// | time for a whole call | 20 s |
/// | retries | 2 |
/// | retries of all calls together | 100, and one more for each ten calls that succeed |
#[must_use = "a builder does nothing until `build` is called"]
pub struct ActiveconnectBuilder {
    application_id: String,
    secret: Secret,
    server: Option<String>,
    settings: Settings,
    signer: Signer,
}

impl fmt::Debug for ActiveconnectBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the server: before it is checked, it may hold a password.
        f.debug_struct("ActiveconnectBuilder")
            .field("application_id", &self.application_id)
            .field("connect_timeout", &self.settings.connect_timeout)
            .field("limits", &self.settings.limits)
            .finish_non_exhaustive()
    }
}

impl ActiveconnectBuilder {
    pub(super) fn new(application_id: String, secret: Secret) -> Self {
        Self {
            application_id,
            secret,
            server: None,
            settings: Settings::default(),
            signer: Signer::SYSTEM,
        }
    }

    /// The server's base URL: http or https, without query, fragment and credentials.
    ///
    /// Takes precedence over the environment variable of the service.
    pub fn server(mut self, url: impl Into<String>) -> Self {
        self.server = Some(url.into());
        self
    }

    /// Under which of its names the vendor is called: Activeconnect, or its successor IAMPASS.
    pub fn service(mut self, service: Service) -> Self {
        self.signer.service = service;
        self
    }

    settings::setters!();

    #[cfg(test)]
    pub(super) fn signer(mut self, signer: Signer) -> Self {
        self.signer = signer;
        self
    }

    /// Builds the client. Reads the environment, sends nothing.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for an application id or secret that is empty, holds a control character, or
    /// begins or ends with white space; for an unusable server URL: also plain http to another
    /// machine without [`allow_plain_http`](Self::allow_plain_http), and https without a TLS feature;
    /// and for a time limit of zero.
    ///
    /// Also [`Kind::Config`] for an unusable [`app_name`](Self::app_name), and for an [`http_client`](Self::http_client)
    /// together with [`http_builder`](Self::http_builder) or [`connect_timeout`](Self::connect_timeout).
    ///
    /// # Panics
    ///
    /// With the feature `rustls-no-provider`, reqwest panics when the application has not installed
    /// a rustls provider.
    pub fn build(self) -> Result<Activeconnect> {
        settings::credential("the application id", &self.application_id)?;
        settings::credential("the application secret", self.secret.expose())?;
        let application_id = PathSegment::try_from(self.application_id)
            .map_err(|error| error.of(Kind::Config, "the application id"))?;
        let server = match self.server {
            Some(server) => settings::server("the server given to the builder", &server)?,
            None => {
                let service = self.signer.service;
                let value = std::env::var_os(service.server_variable());
                server_of_environment(service, value.as_deref())?
            }
        };
        let (http, transport) = self.settings.build(&server, DIALECT)?;

        let credentials = Credentials {
            id: application_id.to_string(),
            secret: self.secret,
        };
        let inner = Inner::new(transport, Signature::new(self.signer, credentials));
        let raw = raw::Client::new_with_client(http, inner);
        Ok(Activeconnect::assemble(application_id, server, raw))
    }
}

fn server_of_environment(service: Service, value: Option<&OsStr>) -> Result<Url> {
    let variable = service.server_variable();
    match settings::variable(variable, value)? {
        None => settings::server("the default server", service.default_server()),
        Some(value) => settings::server(variable, value),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn the_server_comes_from_the_environment_unless_that_is_empty() {
        for (service, default) in [
            (
                Service::Activeconnect,
                "https://activeconnect.activeapi.ninja/",
            ),
            (Service::Iampass, "https://iam-api.com/"),
        ] {
            for (value, expected) in [
                (None, default),
                (Some(""), default),
                (Some("http://127.0.0.1:4750"), "http://127.0.0.1:4750/"),
            ] {
                let server = server_of_environment(service, value.map(OsStr::new)).unwrap();
                assert_eq!(server.as_str(), expected);
            }
            let error = server_of_environment(service, Some(OsStr::new("nonsense"))).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!(
                    "the configuration is not usable: {} is not a URL",
                    service.server_variable()
                )
            );
        }
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused_when_it_is_built() {
        let usable = || Activeconnect::builder("app", "secret").server("http://127.0.0.1:4750");
        assert!(usable().build().is_ok());
        for (builder, why) in [
            (
                Activeconnect::builder("", "secret").server("http://127.0.0.1:4750"),
                "the application id is empty",
            ),
            (
                Activeconnect::builder("app", "secret\n").server("http://127.0.0.1:4750"),
                "the application secret holds a control character, a line break perhaps",
            ),
            (
                Activeconnect::builder(" app", "secret").server("http://127.0.0.1:4750"),
                "the application id begins or ends with white space",
            ),
            (
                Activeconnect::builder("..", "secret").server("http://127.0.0.1:4750"),
                "the application id must not be `.` or `..`, which would address another resource",
            ),
            (
                Activeconnect::builder("app", "").server("http://127.0.0.1:4750"),
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
