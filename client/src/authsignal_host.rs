//! Authsignal's base URLs and error bodies, which its APIs share. Must not know their
//! operations.

use serde_json::Value;
use url::Url;

use crate::error::{Error, Reason, Result};
use crate::generated::authsignal_shared::types::ErrorResponse;
use crate::transport::{redact, settings};

/// The region of a tenant's data. Credentials work only in their own region; elsewhere they are
/// `unauthorized`.
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
}

/// Checks a base URL, and takes off its end what the paths of the APIs begin with.
pub(crate) fn server(what: &'static str, url: &str) -> Result<String> {
    let mut url = settings::server(what, url)?;
    let path = url.path().trim_end_matches('/');
    let path = path.strip_suffix("/v1").unwrap_or(path).to_owned();
    url.set_path(&path);
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// The base URL in an environment variable of this name and value, or else the default one.
#[cfg(any(feature = "authsignal", feature = "authsignal-management"))]
pub(crate) fn server_of_environment(
    variable: &'static str,
    value: Option<&std::ffi::OsStr>,
) -> Result<String> {
    match settings::variable(variable, value)? {
        None => server("the default API URL", Region::default().api_url()),
        Some(url) => server(variable, url),
    }
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
}
