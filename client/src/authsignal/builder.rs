//! [`AuthsignalBuilder`]: settings, their sources and their validation. Must not send anything.

use std::fmt;

use http::header::InvalidHeaderValue;

use super::SECRET_VARIABLE;
use super::client::Authsignal;
use super::credentials::{Credentials, DIALECT, Inner};
use super::raw;
use super::terminal::AuthsignalTerminal;
use crate::authsignal_host::{Place, Region, parsed};
use crate::authsignal_secret::{check, secret_of_environment};
#[cfg(doc)]
use crate::error::Kind;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::settings::{self, Settings};

/// Configures an [`Authsignal`] client.
///
/// | setting | default |
/// | --- | --- |
/// | base URL | [`api_url`](Self::api_url), else the environment variable `AUTHSIGNAL_API_URL`, else that of the region |
/// | region | [`region`](Self::region), else the environment variable `AUTHSIGNAL_REGION`, else [`Region::Us`] |
/// | repeating `track` | yes |
/// | time to connect | 3 s |
/// | time for an attempt | 10 s |
/// | time for a whole call | 20 s |
/// | retries | 2 |
/// | retries of all calls together | 100, and one more for each ten calls that succeed |
#[must_use = "a builder does nothing until `build` is called"]
pub struct AuthsignalBuilder {
    secret: Secret,
    place: Place,
    keyed_retries: bool,
    settings: Settings,
}

impl fmt::Debug for AuthsignalBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: before it is checked, it may hold a password.
        f.debug_struct("AuthsignalBuilder")
            .field("keyed_retries", &self.keyed_retries)
            .field("connect_timeout", &self.settings.connect_timeout)
            .field("limits", &self.settings.limits)
            .finish_non_exhaustive()
    }
}

impl AuthsignalBuilder {
    pub(super) fn new(secret: Secret) -> Self {
        Self {
            secret,
            place: Place::default(),
            keyed_retries: true,
            settings: Settings::default(),
        }
    }

    /// A builder with the secret in the environment variable `AUTHSIGNAL_API_SECRET`. As every builder, it reads the other
    /// variables of [`Authsignal::from_env`] when it builds.
    ///
    /// ```no_run
    /// # fn main() -> stepup_client::Result<()> {
    /// use stepup_client::authsignal::AuthsignalBuilder;
    ///
    /// // For a mock in Docker Compose, such as `http://stepup-mock:4750`.
    /// let client = AuthsignalBuilder::from_env()?.allow_plain_http().build()?;
    /// # drop(client);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] without a secret.
    pub fn from_env() -> Result<Self> {
        let value = std::env::var_os(SECRET_VARIABLE);
        secret_of_environment(SECRET_VARIABLE, value.as_deref()).map(Self::new)
    }

    /// The tenant's region: which of the vendor's servers to call. Of this and [`api_url`](Self::api_url), the last one
    /// counts.
    ///
    /// The environment variable `AUTHSIGNAL_API_URL` counts before it, so that a test can lead the whole application to a
    /// mock. [`Region::Custom`] is a URL, and counts before the variable, as `api_url` does.
    pub fn region(mut self, region: Region) -> Self {
        self.place = region.into();
        self
    }

    /// The base URL of the Server API: http or https, without query, fragment and credentials. It
    /// may end in `/v1`, as the vendor writes it, or go without.
    ///
    /// Counts before the environment variable `AUTHSIGNAL_API_URL`; of this and [`region`](Self::region), the last one
    /// counts.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.place = Place::Url(url.into());
        self
    }

    /// Whether [`Authsignal::track`] may be repeated after a lost answer, 429 and 500 to 599. On by default.
    ///
    /// Every tracked action is sent with an idempotency key, so a repetition names the same action. All newest SDKs of the
    /// vendor repeat it. The vendor does not document what it does with a key that it has seen; turn this off if an action
    /// that your rules count must not be sent twice, whether you or the client chose its key.
    pub fn keyed_retries(mut self, keyed_retries: bool) -> Self {
        self.keyed_retries = keyed_retries;
        self
    }

    settings::setters!();

    /// Builds the client. Reads the environment, sends nothing.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for a secret that is empty or cannot be one; for a URL that is not usable: plain http to another
    /// machine without [`allow_plain_http`](Self::allow_plain_http), or https without a TLS feature; and for a time limit
    /// of zero.
    ///
    /// Also [`Kind::Config`] for an unusable [`app_name`](Self::app_name), and for an [`http_client`](Self::http_client)
    /// together with [`http_builder`](Self::http_builder) or [`connect_timeout`](Self::connect_timeout).
    ///
    /// # Panics
    ///
    /// With the feature `rustls-no-provider`, reqwest panics when the application has not installed
    /// a rustls provider.
    pub fn build(self) -> Result<Authsignal> {
        let keyed_retries = self.keyed_retries;
        let raw = self.raw("the API secret", Credentials::of_server)?;
        Ok(Authsignal::assemble(raw, keyed_retries))
    }

    /// Builds the client of a terminal, from a builder that was given the terminal secret.
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_terminal(self) -> Result<AuthsignalTerminal> {
        let raw = self.raw("the terminal secret", Credentials::of_terminal)?;
        Ok(AuthsignalTerminal::assemble(raw))
    }

    /// The generated client. `what` names the secret.
    fn raw(
        self,
        what: &'static str,
        credentials: fn(&Secret) -> Result<Credentials, InvalidHeaderValue>,
    ) -> Result<raw::Client> {
        check(what, &self.secret)?;
        let server = self.place.server()?;
        let (http, transport) = self.settings.build(&parsed(&server)?, DIALECT)?;
        let credentials =
            credentials(&self.secret).map_err(|error| Error::config(what).with_source(error))?;
        let inner = Inner::new(transport, credentials);
        Ok(raw::Client::new_with_client(http, inner))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::time::Duration;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_secret_from_the_environment_must_be_there() {
        let secret = secret_of_environment(SECRET_VARIABLE, Some(OsStr::new("s"))).unwrap();
        assert_eq!(secret.expose(), "s");
        for value in [None, Some("")] {
            let error = secret_of_environment(SECRET_VARIABLE, value.map(OsStr::new)).unwrap_err();
            assert_eq!(
                error.to_string(),
                "the configuration is not usable: AUTHSIGNAL_API_SECRET is not set"
            );
        }
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused_when_it_is_built() {
        let usable = || Authsignal::builder("secret+/==").api_url("http://127.0.0.1:4750");
        assert!(usable().build().is_ok());
        let with = |secret: &str| Authsignal::builder(secret).region(Region::Us);
        let foreign = "the API secret holds a colon, white space or a control character";
        for (builder, why) in [
            (with(""), "the API secret is empty"),
            (with("MARKED:"), foreign),
            (with("MARKED\n"), foreign),
            (with(" MARKED"), foreign),
            (with("MARKED\0"), foreign),
            (
                usable().api_url("MARKED"),
                "the API URL given to the builder is not a URL",
            ),
            (
                usable().call_timeout(Duration::ZERO),
                "a time limit is zero",
            ),
        ] {
            let shown = format!("{builder:?}");
            let error = builder.build().unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert_eq!(
                error.to_string(),
                format!("the configuration is not usable: {why}")
            );
            assert!(!format!("{error:?} {shown}").contains("MARKED"));
        }
    }
}
