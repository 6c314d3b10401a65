//! Settings that every client has. Of the environment, it reads only which proxy there is. Must not
//! send anything.

use std::ffi::OsStr;
use std::time::Duration;

use url::Url;

use super::{CONNECT_TIMEOUT, HttpBuilder, Limits, proxy};
use crate::error::{Error, Result};

/// Limits of time and repetition, and changes to the HTTP client.
pub(crate) struct Settings {
    pub(crate) connect_timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) http_builder: Option<HttpBuilder>,
    pub(crate) allow_plain_http: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            limits: Limits::default(),
            http_builder: None,
            allow_plain_http: false,
        }
    }
}

impl Settings {
    /// Builds the HTTP client that calls to a server go out with, and gives the limits of these calls.
    pub(crate) fn build(self, server: &Url) -> Result<(reqwest::Client, Limits)> {
        let is_loopback = proxy::is_loopback(server);
        if server.scheme() == "http" && !is_loopback && !self.allow_plain_http {
            return Err(Error::config(
                "plain http shows the credentials to every machine between; use https, or call allow_plain_http on the \
                 builder",
            ));
        }
        // The application's own changes to the HTTP client may bring TLS along.
        if server.scheme() == "https" && !HAS_TLS && self.http_builder.is_none() {
            return Err(Error::config(
                "https needs TLS, and stepup-client is built without it; enable its feature `rustls`",
            ));
        }
        if self.limits.attempt.is_zero()
            || self.limits.call.is_zero()
            || self.connect_timeout.is_zero()
        {
            return Err(Error::config("a time limit is zero"));
        }
        let http = super::http_client(self.connect_timeout, is_loopback, self.http_builder)
            .map_err(|error| Error::config("the HTTP client").with_source(error.without_url()))?;
        let limits = Limits {
            proxy: proxy::variable(server, |name| std::env::var_os(name)),
            ..self.limits
        };
        Ok((http, limits))
    }
}

/// Whether this crate brings TLS.
const HAS_TLS: bool = cfg!(any(feature = "rustls", feature = "rustls-no-provider"));

/// Refuses an id or a secret that cannot be right: an empty one, and one that holds what a file, a form or a terminal
/// added to it. The server would refuse every call. `what` names it in errors, which do not repeat it.
#[allow(
    dead_code,
    reason = "not every API has credentials, and which are here is for the features to say"
)]
pub(crate) fn credential(what: &'static str, text: &str) -> Result<()> {
    let refused = |why: &str| Err(Error::config(format!("{what} {why}")));
    if text.is_empty() {
        return refused("is empty");
    }
    if text.contains(char::is_control) {
        return refused("holds a control character, a line break perhaps");
    }
    if text.trim() != text {
        return refused("begins or ends with white space");
    }
    Ok(())
}

/// Checks a server's base URL. `what` names it in errors, which do not repeat it, since it may hold
/// a password.
pub(crate) fn server(what: &'static str, url: &str) -> Result<Url> {
    let unusable = |why: &str| Error::config(format!("{what} {why}"));
    let url = Url::parse(url).map_err(|error| unusable("is not a URL").with_source(error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(unusable("must be an http or https URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(unusable("must not hold credentials"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(unusable("must not have a query or a fragment"));
    }
    Ok(url)
}

/// The text of an environment variable; none if it is empty.
#[allow(
    dead_code,
    reason = "not every API is configured by its environment, and which are here is for the features to say"
)]
pub(crate) fn variable<'a>(
    name: &'static str,
    value: Option<&'a OsStr>,
) -> Result<Option<&'a str>> {
    match value.map(OsStr::to_str) {
        None | Some(Some("")) => Ok(None),
        Some(Some(text)) => Ok(Some(text)),
        Some(None) => Err(Error::config(format!("{name} is not Unicode"))),
    }
}

/// The methods of a builder that set [`Settings`], which it has in a field `settings`.
#[allow(
    unused_macros,
    reason = "not every API has a builder, and which are here is for the features to say"
)]
macro_rules! setters {
    () => {
        /// Time to connect.
        pub fn connect_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.connect_timeout = timeout;
            self
        }

        /// Time for one attempt, from connecting to the end of the answer.
        pub fn attempt_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.limits.attempt = timeout;
            self
        }

        /// Time for a whole call: all attempts and the waits between them.
        pub fn call_timeout(mut self, timeout: ::std::time::Duration) -> Self {
            self.settings.limits.call = timeout;
            self
        }

        /// The largest number of repetitions of a call, if repeating it is harmless. 0 turns
        /// retries off.
        pub fn retries(mut self, retries: u32) -> Self {
            self.settings.limits.retries = retries;
            self
        }

        /// Allows plain http to a server on another machine, such as one in a private network. Every machine between reads
        /// the credentials. A server on this machine (`localhost`, `127.0.0.1`, `[::1]`) needs no allowance.
        pub fn allow_plain_http(mut self) -> Self {
            self.settings.allow_plain_http = true;
            self
        }

        /// Changes the HTTP client that is built: proxies, certificates, the user agent.
        ///
        /// It cannot turn on redirects: the client never follows them, because credentials would go
        /// along.
        pub fn http_builder(
            mut self,
            customize: impl FnOnce(::reqwest::ClientBuilder) -> ::reqwest::ClientBuilder
            + Send
            + 'static,
        ) -> Self {
            self.settings.http_builder = Some(Box::new(customize));
            self
        }
    };
}

#[allow(
    unused_imports,
    reason = "not every API has a builder, and which are here is for the features to say"
)]
pub(crate) use setters;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn a_server_url_is_checked_and_never_repeated() {
        for url in [
            "http://127.0.0.1:4750",
            "https://h.example/prefix/",
            "http://[::1]",
        ] {
            assert!(server("the server", url).is_ok(), "{url}");
        }
        for (url, why) in [
            ("", "is not a URL"),
            ("h.example", "is not a URL"),
            ("http://", "is not a URL"),
            ("ftp://SECRET.example", "must be an http or https URL"),
            ("file:///SECRET", "must be an http or https URL"),
            ("http://user:SECRET@h.example", "must not hold credentials"),
            ("http://SECRET@h.example", "must not hold credentials"),
            (
                "http://h.example/?SECRET=1",
                "must not have a query or a fragment",
            ),
            ("http://h.example/?", "must not have a query or a fragment"),
            (
                "http://h.example/#SECRET",
                "must not have a query or a fragment",
            ),
        ] {
            let error = server("the server", url).unwrap_err();
            let text = format!("{error} {error:?}");
            assert!(text.contains(&format!("the server {why}")), "{text}");
            assert!(!text.contains("SECRET"), "{text}");
            assert_eq!(error.kind(), Kind::Config);
        }
    }

    #[test]
    fn an_empty_variable_is_none() {
        assert_eq!(variable("V", None).unwrap(), None);
        assert_eq!(variable("V", Some(OsStr::new(""))).unwrap(), None);
        assert_eq!(variable("V", Some(OsStr::new("x"))).unwrap(), Some("x"));
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_not_unicode_is_refused() {
        use std::os::unix::ffi::OsStrExt as _;
        let error = variable("V", Some(OsStr::from_bytes(b"\xff"))).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the configuration is not usable: V is not Unicode"
        );
    }

    #[test]
    fn plain_http_goes_to_this_machine_or_where_it_is_allowed() {
        let built = |url: &str, allow_plain_http| {
            let settings = Settings {
                allow_plain_http,
                ..Settings::default()
            };
            settings.build(&Url::parse(url).unwrap())
        };
        for own in ["http://localhost:1", "http://127.0.0.1", "http://[::1]:1"] {
            assert!(built(own, false).is_ok(), "{own}");
        }
        let error = built("http://h.example", false).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("allow_plain_http"), "{error}");
        assert!(built("http://h.example", true).is_ok());
    }

    #[test]
    fn https_needs_tls() {
        let server = Url::parse("https://h.example").unwrap();
        if HAS_TLS {
            #[cfg(feature = "rustls")]
            assert!(Settings::default().build(&server).is_ok());
            return;
        }
        let error = Settings::default().build(&server).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("`rustls`"), "{error}");
    }

    #[test]
    fn a_credential_with_what_a_file_added_is_refused() {
        for good in ["a", "a secret of the shop", "é:+/=="] {
            assert!(credential("the secret", good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("", "the secret is empty"),
            ("MARKED\n", "the secret holds a control character"),
            ("MAR\0KED", "the secret holds a control character"),
            ("\u{9b}MARKED", "the secret holds a control character"),
            (" MARKED", "the secret begins or ends with white space"),
            ("MARKED\u{a0}", "the secret begins or ends with white space"),
        ] {
            let error = credential("the secret", bad).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.to_string().contains(why), "{error}");
            assert!(!format!("{error:?}").contains("MARKED"));
        }
    }

    #[test]
    fn a_time_limit_of_zero_is_refused() {
        let server = Url::parse("http://127.0.0.1:4750").unwrap();
        assert!(Settings::default().build(&server).is_ok());
        let zero = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.build(&server).unwrap_err().to_string()
        };
        for error in [
            zero(|settings| settings.connect_timeout = Duration::ZERO),
            zero(|settings| settings.limits.attempt = Duration::ZERO),
            zero(|settings| settings.limits.call = Duration::ZERO),
        ] {
            assert_eq!(
                error,
                "the configuration is not usable: a time limit is zero"
            );
        }
    }
}
