//! [`SessionVerifierBuilder`]: settings, their sources and their validation. Must not send anything.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::claims::Checks;
use super::keys::Keys;
use super::{DEFAULT_CLOCK_SKEW, DEFAULT_REFETCH_INTERVAL, SessionVerifier, Shared};
use crate::authsignal::credentials::{Credentials, DIALECT, Inner};
use crate::authsignal::raw;
use crate::authsignal_host::{Place, Region, parsed};
use crate::error::{Error, Kind, Result};
use crate::segment::{PathSegment, encode_path};
use crate::transport::settings::{self, Settings};

/// Configures a [`SessionVerifier`].
///
/// | setting | default |
/// | --- | --- |
/// | app clients | none: name at least one |
/// | base URL | [`api_url`](Self::api_url), else the environment variable `AUTHSIGNAL_API_URL`, else that of the region |
/// | region | [`region`](Self::region), else the environment variable `AUTHSIGNAL_REGION`, else [`Region::Us`] |
/// | issuer | base URL, `/v1/client/public/`, tenant id |
/// | clock skew | 60 s |
/// | refetch interval | 10 s |
/// | time to connect | 3 s |
/// | time for an attempt to fetch the keys | 10 s |
/// | time for all attempts | 20 s |
/// | retries | 2 |
#[must_use = "a builder does nothing until `build` is called"]
pub struct SessionVerifierBuilder {
    tenant_id: String,
    client_ids: Vec<String>,
    place: Place,
    issuer: Option<String>,
    clock_skew: Duration,
    refetch_interval: Duration,
    settings: Settings,
}

impl fmt::Debug for SessionVerifierBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without URLs: before they are checked, they may hold a password.
        f.debug_struct("SessionVerifierBuilder")
            .field("clock_skew", &self.clock_skew)
            .field("refetch_interval", &self.refetch_interval)
            .finish_non_exhaustive()
    }
}

impl SessionVerifierBuilder {
    pub(super) fn new(tenant_id: String) -> Self {
        Self {
            tenant_id,
            client_ids: Vec::new(),
            place: Place::default(),
            issuer: None,
            clock_skew: DEFAULT_CLOCK_SKEW,
            refetch_interval: DEFAULT_REFETCH_INTERVAL,
            settings: Settings::default(),
        }
    }

    /// Accepts tokens for this app client. Call it again for each further one.
    pub fn client_id(mut self, client_id: impl Into<String>) -> Self {
        self.client_ids.push(client_id.into());
        self
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

    /// The base URL of the API, with or without `/v1` at its end: where the keys are, and what the issuer begins with. Use
    /// the same one as the server that creates the sessions, to the letter. Counts before the environment variable
    /// `AUTHSIGNAL_API_URL`.
    pub fn api_url(mut self, url: impl Into<String>) -> Self {
        self.place = Place::Url(url.into());
        self
    }

    /// Accepts this issuer instead of the one that follows from the base URL. Needed where the server that creates the
    /// sessions reaches the API by another address than this machine. It is compared as it is.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// How far this machine's clock may be from the server's.
    pub fn clock_skew(mut self, skew: Duration) -> Self {
        self.clock_skew = skew;
        self
    }

    /// The shortest time between two requests for keys. Right after a rotation, tokens with the new key are refused for up
    /// to this long if somebody has just shown a token with an unknown key.
    pub fn refetch_interval(mut self, interval: Duration) -> Self {
        self.refetch_interval = interval;
        self
    }

    settings::setters!();

    /// Builds the verifier. Reads the environment, sends nothing.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] without an app client; for an empty id; for a URL that is not usable: plain http to another machine
    /// without [`allow_plain_http`](Self::allow_plain_http), or https without a TLS feature; and for a time limit of zero.
    pub fn build(self) -> Result<SessionVerifier> {
        if self.client_ids.is_empty() {
            return Err(Error::config(
                "no app client is named; call client_id on the builder",
            ));
        }
        for client_id in &self.client_ids {
            settings::credential("an app client id", client_id)?;
        }
        settings::credential("the tenant id", &self.tenant_id)?;
        let tenant_id = PathSegment::try_from(self.tenant_id)
            .map_err(|error| error.of(Kind::Config, "the tenant id"))?;
        let server = self.place.server()?;
        let (http, transport) = self.settings.build(&parsed(&server)?, DIALECT)?;
        let issuer = self.issuer.unwrap_or_else(|| {
            format!(
                "{server}/v1/client/public/{}",
                encode_path(tenant_id.as_str())
            )
        });
        let raw = raw::Client::new_with_client(http, Inner::new(transport, Credentials::none()));
        Ok(SessionVerifier {
            shared: Arc::new(Shared {
                raw,
                tenant_id,
                checks: Checks {
                    issuer,
                    client_ids: self.client_ids,
                    clock_skew: self.clock_skew,
                },
                keys: Keys::new(self.refetch_interval),
            }),
        })
    }
}
