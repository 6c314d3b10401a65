//! Authsignal's base URLs and error bodies, which its APIs share. Must not know their
//! operations.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use url::Url;

use crate::error::{Error, Reason, Result};
use crate::generated::authsignal_shared::types::ErrorResponse;
use crate::transport::{redact, settings};

/// The region of a tenant's data. Credentials work only in their own region; elsewhere they are
/// `unauthorized`.
///
/// A region is also a text, for settings: `us`, `au`, `eu`, `ca`, `uk`, or the URL of another server.
///
/// ```
/// use stepup_client::authsignal::Region;
///
/// # fn main() -> stepup_client::Result<()> {
/// let region: Region = "eu".parse()?;
/// assert_eq!(region, Region::Eu);
/// assert_eq!(region.to_string(), "eu");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Region {
    /// United States: `https://api.authsignal.com/v1`.
    #[default]
    Us,
    /// Australia: `https://au.api.authsignal.com/v1`.
    Au,
    /// Europe: `https://eu.api.authsignal.com/v1`.
    Eu,
    /// Canada: `https://ca.api.authsignal.com/v1`.
    Ca,
    /// United Kingdom: `https://uk.api.authsignal.com/v1`. No documentation of the vendor names it yet, only a README in
    /// its repositories.
    Uk,
    /// Another server, for example a mock: http or https, without query, fragment and credentials.
    Custom(Url),
}

impl Region {
    /// The base URL of the APIs in this region.
    pub fn api_url(&self) -> &str {
        match self {
            Self::Us => "https://api.authsignal.com/v1",
            Self::Au => "https://au.api.authsignal.com/v1",
            Self::Eu => "https://eu.api.authsignal.com/v1",
            Self::Ca => "https://ca.api.authsignal.com/v1",
            Self::Uk => "https://uk.api.authsignal.com/v1",
            Self::Custom(url) => url.as_str(),
        }
    }

    /// The region that a text names. `what` says where the text is from.
    fn named(what: &'static str, text: &str) -> Result<Self> {
        if text.contains("://") {
            return settings::server(what, text).map(Self::Custom);
        }
        Ok(match text.to_ascii_lowercase().as_str() {
            "us" => Self::Us,
            "au" => Self::Au,
            "eu" => Self::Eu,
            "ca" => Self::Ca,
            "uk" => Self::Uk,
            _ => {
                let why = "is not us, au, eu, ca or uk, and not the URL of another server";
                return Err(Error::config(format!("{what} {why}")));
            }
        })
    }
}

impl FromStr for Region {
    type Err = Error;

    /// Reads a region in small or capital letters, or an http or https URL.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`](crate::Kind::Config) for any other text. The error does not repeat the text.
    fn from_str(text: &str) -> Result<Self> {
        Self::named("the region", text)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Us => "us",
            Self::Au => "au",
            Self::Eu => "eu",
            Self::Ca => "ca",
            Self::Uk => "uk",
            Self::Custom(url) => url.as_str(),
        })
    }
}

#[cfg(any(feature = "authsignal", feature = "authsignal-management"))]
pub(crate) use place::{Place, REGION_VARIABLE, URL_VARIABLE};

/// Where a server is, by a builder and the environment. Apart, because the Client API reads no environment.
#[cfg(any(feature = "authsignal", feature = "authsignal-management"))]
mod place {
    use std::ffi::OsString;

    use super::{Region, server};
    use crate::error::Result;
    use crate::transport::settings;

    /// The variable for the base URL.
    pub(crate) const URL_VARIABLE: &str = "AUTHSIGNAL_API_URL";

    /// The variable for the region.
    pub(crate) const REGION_VARIABLE: &str = "AUTHSIGNAL_REGION";

    /// What a builder was told about its server.
    ///
    /// A URL is the most exact: one in the code counts before one in the environment. Either counts before a region, which
    /// only chooses among the vendor's servers. Otherwise, a test that sets the variable to a mock would send the real secret
    /// to the vendor, because somewhere in the application a region stands in the code.
    #[derive(Default)]
    pub(crate) enum Place {
        /// Nothing.
        #[default]
        Untold,
        /// One of the vendor's servers.
        Region(Region),
        /// A base URL, which is not checked yet.
        Url(String),
    }

    impl From<Region> for Place {
        fn from(region: Region) -> Self {
            match region {
                Region::Custom(url) => Self::Url(url.into()),
                region => Self::Region(region),
            }
        }
    }

    impl Place {
        /// The base URL, checked, without its version. Reads the environment.
        pub(crate) fn server(self) -> Result<String> {
            self.server_in(std::env::var_os)
        }

        /// As [`server`](Self::server), in an environment that is an argument.
        pub(crate) fn server_in(
            self,
            value: impl Fn(&'static str) -> Option<OsString>,
        ) -> Result<String> {
            if let Self::Url(url) = self {
                return server("the API URL given to the builder", &url);
            }
            let url = value(URL_VARIABLE);
            if let Some(url) = settings::variable(URL_VARIABLE, url.as_deref())? {
                return server(URL_VARIABLE, url);
            }
            let region = value(REGION_VARIABLE);
            let region = match (
                self,
                settings::variable(REGION_VARIABLE, region.as_deref())?,
            ) {
                (Self::Region(region), _) => region,
                (_, Some(name)) => Region::named(REGION_VARIABLE, name)?,
                (_, None) => Region::default(),
            };
            server("the region", region.api_url())
        }
    }
}

/// Checks a base URL, and takes off its end what the paths of the APIs begin with.
pub(crate) fn server(what: &'static str, url: &str) -> Result<String> {
    let mut url = settings::server(what, url)?;
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A base URL that was checked, as a URL again.
pub(crate) fn parsed(server: &str) -> Result<Url> {
    settings::server("the API URL", server)
}

/// Whether generated code can read an error body unchanged.
pub(crate) fn accepts(body: &[u8]) -> bool {
    serde_json::from_slice::<ErrorResponse>(body).is_ok()
}

/// An error body in the form that generated code requires. The service sends both code members, its
/// documentation sometimes shows only one, and a proxy in front of it sends neither.
pub(crate) fn recast(body: &[u8]) -> Vec<u8> {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |name: &str| json.get(name).and_then(Value::as_str);
    let code = member("errorCode").or(member("error")).unwrap_or_default();
    let description = match member("errorDescription").or(member("message")) {
        Some(description) => description.to_owned(),
        None if code.is_empty() => redact::foreign_reason(body).unwrap_or_default(),
        None => String::new(),
    };
    serde_json::json!({ "error": code, "errorCode": code, "errorDescription": description })
        .to_string()
        .into_bytes()
}

impl Reason for ErrorResponse {
    fn reason(&self) -> &str {
        &self.error_description
    }

    fn code(&self) -> &str {
        match self.error_code.as_str() {
            "" => &self.error,
            code => code,
        }
    }
}

/// For calls through `raw()`: their own error prints headers and bodies. The new error does not
/// know the operation, the number of attempts, or how long to wait.
impl From<progenitor_client::Error<ErrorResponse>> for Error {
    fn from(error: progenitor_client::Error<ErrorResponse>) -> Self {
        Self::untold(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_end_in_the_version_or_not() {
        for (url, base) in [
            ("http://h.example", "http://h.example"),
            ("http://h.example/", "http://h.example"),
            ("http://h.example/v1", "http://h.example"),
            ("http://h.example/v1/", "http://h.example"),
            ("http://h.example:1/v1//", "http://h.example:1"),
            ("http://h.example/prefix/v1", "http://h.example/prefix"),
            ("http://h.example/prefix/", "http://h.example/prefix"),
            ("http://h.example/prefixv1", "http://h.example/prefixv1"),
            ("http://v1/", "http://v1"),
            ("http://v1", "http://v1"),
        ] {
            assert_eq!(server("the URL", url).unwrap(), base, "{url}");
        }
    }

    #[test]
    fn a_region_is_read_from_the_text_that_it_is_shown_as() {
        for region in [Region::Us, Region::Au, Region::Eu, Region::Ca, Region::Uk] {
            let text = region.to_string();
            assert_eq!(text.parse::<Region>().unwrap(), region);
            assert_eq!(text.to_uppercase().parse::<Region>().unwrap(), region);
        }
        let custom: Region = "http://127.0.0.1:4750/v1".parse().unwrap();
        assert_eq!(custom.to_string(), "http://127.0.0.1:4750/v1");
        assert_eq!(custom.api_url(), "http://127.0.0.1:4750/v1");
        for text in [
            "",
            "MARKED",
            " us",
            "ftp://MARKED",
            "https://u:MARKED@h.example",
        ] {
            let error = text.parse::<Region>().unwrap_err();
            assert!(error.to_string().contains(": the region "), "{error}");
            assert!(!format!("{error} {error:?}").contains("MARKED"));
        }
    }

    #[cfg(any(feature = "authsignal", feature = "authsignal-management"))]
    #[test]
    fn each_region_has_a_base_url_of_its_own() {
        for (region, base) in [
            (Region::Us, "https://api.authsignal.com"),
            (Region::Au, "https://au.api.authsignal.com"),
            (Region::Eu, "https://eu.api.authsignal.com"),
            (Region::Ca, "https://ca.api.authsignal.com"),
            (Region::Uk, "https://uk.api.authsignal.com"),
        ] {
            assert_eq!(Place::from(region).server_in(|_| None).unwrap(), base);
        }
    }

    /// A test that points the environment at a mock must not reach the vendor, whatever region the code names.
    #[cfg(any(feature = "authsignal", feature = "authsignal-management"))]
    #[test]
    fn a_url_counts_before_a_region_and_the_code_before_the_environment() {
        let mock = "http://127.0.0.1:4750";
        let custom = || Region::Custom("http://127.0.0.1:1/v1".parse().unwrap());
        for (place, url, region, expected) in [
            (Place::default(), "", "", "https://api.authsignal.com"),
            (Place::default(), "", "eu", "https://eu.api.authsignal.com"),
            (
                Place::default(),
                "",
                "http://127.0.0.1:2/v1",
                "http://127.0.0.1:2",
            ),
            (Place::default(), mock, "eu", mock),
            (Region::Au.into(), "", "eu", "https://au.api.authsignal.com"),
            (Region::Au.into(), mock, "eu", mock),
            (custom().into(), mock, "eu", "http://127.0.0.1:1"),
            (
                Place::Url("http://127.0.0.1:3".to_owned()),
                mock,
                "eu",
                "http://127.0.0.1:3",
            ),
        ] {
            let server = place.server_in(|name| match name {
                URL_VARIABLE => Some(url.into()),
                REGION_VARIABLE => Some(region.into()),
                _ => None,
            });
            assert_eq!(server.unwrap(), expected, "{url} {region}");
        }
    }

    #[cfg(any(feature = "authsignal", feature = "authsignal-management"))]
    #[test]
    fn an_unusable_variable_is_named() {
        for (variable, why) in [
            (URL_VARIABLE, "AUTHSIGNAL_API_URL is not a URL"),
            (
                REGION_VARIABLE,
                "AUTHSIGNAL_REGION is not us, au, eu, ca or uk, and not the URL of another server",
            ),
        ] {
            let set = |name: &str| (name == variable).then(|| "MARKED".into());
            let error = Place::default().server_in(set).unwrap_err();
            let expected = format!("the configuration is not usable: {why}");
            assert_eq!(error.to_string(), expected);
        }
    }
}
