//! [`AuthsignalClientBuilder`]: settings, and their validation. Must not send anything.

use std::fmt;

use super::client::AuthsignalClient;
use super::credentials::{Credentials, DIALECT, Inner};
use super::raw;
use crate::authsignal_host::{Region, parsed, server};
#[cfg(doc)]
use crate::error::Kind;
use crate::error::{Error, Result};
use crate::secret::Secret;
use crate::transport::settings::{self, Settings};

/// Configures an [`AuthsignalClient`].
///
/// | setting | default |
/// | --- | --- |
/// | base URL | [`Region::Us`] |
/// | token, tenant, challenge token | none; one of them is needed |
/// | time to connect | 3 s |
/// | time for an attempt | 10 s |
/// | time for a whole call | 20 s |
/// | retries | 2 |
/// | retries of all calls together | 100, and one more for each ten calls that succeed |
#[must_use = "a builder does nothing until `build` is called"]
pub struct AuthsignalClientBuilder {
    token: Option<Secret>,
    tenant: Option<String>,
    challenge_token: Option<Secret>,
    api_url: String,
    settings: Settings,
}

impl fmt::Debug for AuthsignalClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URL: before it is checked, it may hold a password.
        f.debug_struct("AuthsignalClientBuilder")
            .field("connect_timeout", &self.settings.connect_timeout)
            .field("limits", &self.settings.limits)
            .finish_non_exhaustive()
    }
}

impl AuthsignalClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            token: None,
            tenant: None,
            challenge_token: None,
            api_url: Region::default().api_url().to_owned(),
            settings: Settings::default(),
        }
    }

    /// The tenant's region. If you also set [`api_url`](Self::api_url), the last call counts.
    pub fn region(self, region: Region) -> Self {
        self.api_url(region.api_url())
    }

    /// The base URL: http or https, without query, fragment and credentials. It may end in `/v1`,
    /// as the vendor writes it; the client adds `/client`. If you also set
    /// [`region`](Self::region), the last call counts.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.api_url = url.into();
        self
    }

    /// The token of a user and an action: from track, a claim, or an earlier verify call.
    pub fn token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The id of the tenant, for calls before the user is known. If the client also has a token,
    /// calls that accept a token use it.
    pub fn tenant(mut self, id: impl Into<String>) -> Self {
        self.tenant = Some(id.into());
        self
    }

    /// The challenge token of a flow: from
    /// [`start_flow`](crate::authsignal::Authsignal::start_flow) on the server, or from an earlier
    /// step. Only the steps of a flow use it.
    pub fn challenge_token(mut self, token: impl Into<Secret>) -> Self {
        self.challenge_token = Some(token.into());
        self
    }

    settings::setters!();

    /// Builds the client. Sends nothing.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] without any of token, tenant and challenge token, for an invalid token or tenant, for an unusable URL:
    /// also plain http to another machine without [`allow_plain_http`](Self::allow_plain_http), and
    /// https without a TLS feature; and for a time limit of zero.
    ///
    /// Also [`Kind::Config`] for an unusable [`app_name`](Self::app_name), and for an [`http_client`](Self::http_client)
    /// together with [`http_builder`](Self::http_builder) or [`connect_timeout`](Self::connect_timeout).
    ///
    /// # Panics
    ///
    /// With the feature `rustls-no-provider`, reqwest panics when the application has not installed
    /// a rustls provider.
    pub fn build(self) -> Result<AuthsignalClient> {
        if self.token.is_none() && self.tenant.is_none() && self.challenge_token.is_none() {
            let why = "there is no token, no tenant and no challenge token";
            return Err(Error::config(why));
        }
        let server = server("the API URL given to the builder", &self.api_url)?;
        let (http, transport) = self.settings.build(&parsed(&server)?, DIALECT)?;
        let mut inner = Inner::new(transport, Credentials::default());
        if let Some(token) = &self.token {
            inner = with_token(inner, token)?;
        }
        if let Some(token) = &self.challenge_token {
            inner = with_challenge_token(inner, token)?;
        }
        if let Some(id) = &self.tenant {
            check("the tenant id", id, |c| c == ':')?;
            let unusable = |error| Error::config("the tenant id").with_source(error);
            inner = inner.with_tenant(id).map_err(unusable)?;
        }
        let raw = raw::Client::new_with_client(http, inner);
        Ok(AuthsignalClient::assemble(raw))
    }
}

/// The same, with a token that is checked.
pub(super) fn with_token(inner: Inner, token: &Secret) -> Result<Inner> {
    check("the token", token.expose(), |_| false)?;
    inner
        .with_token(token)
        .map_err(|error| Error::config("the token").with_source(error))
}

/// The same, with a challenge token that is checked.
pub(super) fn with_challenge_token(inner: Inner, token: &Secret) -> Result<Inner> {
    check("the challenge token", token.expose(), |_| false)?;
    inner
        .with_challenge_token(token)
        .map_err(|error| Error::config("the challenge token").with_source(error))
}

/// Refuses text that cannot be a credential, such as one with a line end from a file.
fn check(what: &'static str, text: &str, foreign: impl Fn(char) -> bool) -> Result<()> {
    if text.is_empty() {
        return Err(Error::config(format!("{what} is empty")));
    }
    if text.contains(|c: char| c.is_whitespace() || c.is_control() || foreign(c)) {
        let why =
            format!("{what} holds white space, a control character or another that it cannot");
        return Err(Error::config(why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use progenitor_client::ClientInfo as _;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn each_region_has_a_base_url_of_its_own() {
        for (region, base) in [
            (Region::Us, "https://api.authsignal.com"),
            (Region::Au, "https://au.api.authsignal.com"),
            (Region::Eu, "https://eu.api.authsignal.com"),
            (Region::Ca, "https://ca.api.authsignal.com"),
            (Region::Uk, "https://uk.api.authsignal.com"),
            (
                Region::Custom("http://127.0.0.1:4750/v1".parse().unwrap()),
                "http://127.0.0.1:4750",
            ),
        ] {
            let builder = AuthsignalClient::builder().tenant("t").region(region);
            assert_eq!(builder.build().unwrap().raw().baseurl(), base);
        }
    }

    #[test]
    fn a_configuration_that_cannot_work_is_refused_when_it_is_built() {
        let empty = AuthsignalClient::builder;
        assert!(empty().token("a.b-c_d").tenant("t-1").build().is_ok());
        let foreign = |what| {
            format!("{what} holds white space, a control character or another that it cannot")
        };
        for (builder, why) in [
            (
                empty(),
                "there is no token, no tenant and no challenge token".to_owned(),
            ),
            (
                empty().challenge_token("MARKED\n"),
                foreign("the challenge token"),
            ),
            (empty().token(""), "the token is empty".to_owned()),
            (empty().token("MARKED\n"), foreign("the token")),
            (empty().tenant(""), "the tenant id is empty".to_owned()),
            (empty().tenant("MARKED:"), foreign("the tenant id")),
            (
                empty().token("MARKED").api_url("MARKED"),
                "the API URL given to the builder is not a URL".to_owned(),
            ),
            (
                empty().token("MARKED").call_timeout(Duration::ZERO),
                "a time limit is zero".to_owned(),
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
