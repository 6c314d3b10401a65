//! [`Service`]: under which of its two names the vendor is called. Must not know how requests are made.

use reqwest::header::HeaderName;

use super::{DEFAULT_SERVER, SERVER_VARIABLE};

/// The name under which the vendor runs the service: IAMPASS is the successor of Activeconnect.
///
/// Both speak the same API. The service decides the default server, the environment variable that replaces it, and the
/// names of the headers that carry a signature's time and version.
///
/// | | Activeconnect | IAMPASS |
/// | --- | --- | --- |
/// | default server | `https://activeconnect.activeapi.ninja` | `https://iam-api.com` |
/// | environment variable | `ACTIVE_CONNECT_SERVER` | `IAMPASS_SERVER` |
/// | headers | `X-Sonikpass-Authentication-*` | `X-IAMPASS-Authentication-Timestamp`, `X-IAMOASS-Authentication-Version` |
///
/// ```
/// # fn main() -> stepup_client::Result<()> {
/// use stepup_client::activeconnect::{Activeconnect, Service};
///
/// let iampass = Activeconnect::builder("my-application", "my-application-secret")
///     .service(Service::Iampass)
///     .build()?;
/// # let _ = iampass;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Activeconnect.
    #[default]
    Activeconnect,
    /// IAMPASS.
    Iampass,
}

impl Service {
    /// The server of the vendor's newest Python client.
    #[must_use]
    pub fn default_server(self) -> &'static str {
        match self {
            Self::Activeconnect => DEFAULT_SERVER,
            Self::Iampass => "https://iam-api.com",
        }
    }

    /// Names the environment variable that the vendor's Python client reads the server from.
    #[must_use]
    pub fn server_variable(self) -> &'static str {
        match self {
            Self::Activeconnect => SERVER_VARIABLE,
            Self::Iampass => "IAMPASS_SERVER",
        }
    }

    pub(super) fn timestamp(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::Activeconnect => "x-sonikpass-authentication-timestamp",
            Self::Iampass => "x-iampass-authentication-timestamp",
        })
    }

    /// The misspelling is that of all four releases of the vendor's client.
    pub(super) fn version(self) -> HeaderName {
        HeaderName::from_static(match self {
            Self::Activeconnect => "x-sonikpass-authentication-version",
            Self::Iampass => "x-iamoass-authentication-version",
        })
    }
}
