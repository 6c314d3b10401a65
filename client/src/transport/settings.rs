//! Settings that every client has. Of the environment, it reads only which proxy there is. Must not
//! send anything.

use std::ffi::OsStr;
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use url::Url;

use super::budget::{self, Budget};
use super::finished_call::OnCall;
use super::{CONNECT_TIMEOUT, Dialect, HttpBuilder, Limits, Transport, proxy};
use crate::error::{Error, Result};

/// Limits of time and repetition, and changes to the HTTP client.
pub(crate) struct Settings {
    pub(crate) connect_timeout: Duration,
    pub(crate) limits: Limits,
    pub(crate) http_builder: Option<HttpBuilder>,
    pub(crate) http_client: Option<reqwest::Client>,
    pub(crate) app_name: Option<String>,
    pub(crate) retry_budget: u32,
    pub(crate) on_call: Option<OnCall>,
    pub(crate) allow_plain_http: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: CONNECT_TIMEOUT,
            limits: Limits::default(),
            http_builder: None,
            http_client: None,
            app_name: None,
            retry_budget: budget::RETRIES,
            on_call: None,
            allow_plain_http: false,
        }
    }
}

impl Settings {
    /// Builds the HTTP client that calls to a server go out with, and the transport that sends them.
    pub(crate) fn build(
        self,
        server: &Url,
        dialect: Dialect,
    ) -> Result<(reqwest::Client, Transport)> {
        let is_loopback = proxy::is_loopback(server);
        if server.scheme() == "http" && !is_loopback && !self.allow_plain_http {
            return Err(Error::config(format!(
                "plain http to {} shows the credentials to every machine between; use https, or call allow_plain_http on \
                 the builder, which reads the same environment",
                origin(server)
            )));
        }
        // The application's own changes to the HTTP client may bring TLS along.
        let own_tls = self.http_builder.is_some() || self.http_client.is_some();
        if server.scheme() == "https" && !HAS_TLS && !own_tls {
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
        let user_agent = user_agent(self.app_name.as_deref())?;
        let transport = Transport {
            limits: Limits {
                proxy: proxy::variable(server, |name| std::env::var_os(name)),
                ..self.limits
            },
            server: Arc::new(server.clone()),
            dialect,
            built_with: self.http_client.is_none().then_some(self.limits.attempt),
            budget: Arc::new(Budget::new(self.retry_budget)),
            // What an application builds has a user agent of its own, unless it names itself here.
            user_agent: match self.app_name {
                Some(_) => HeaderValue::from_str(&user_agent).ok(),
                None => None,
            },
            on_call: self.on_call,
            options: None,
            capture: None,
        };
        let Some(own) = self.http_client else {
            let built = super::http_client(
                self.connect_timeout,
                self.limits.attempt,
                &user_agent,
                is_loopback,
                self.http_builder,
            );
            let http = built.map_err(|error| {
                Error::config("the HTTP client").with_source(error.without_url())
            })?;
            return Ok((http, transport));
        };
        if self.http_builder.is_some() || self.connect_timeout != CONNECT_TIMEOUT {
            return Err(Error::config(
                "http_client takes a client that is built already, so http_builder and connect_timeout cannot change it; \
                 leave them out, or leave out http_client",
            ));
        }
        Ok((own, transport))
    }
}

/// Scheme, host and port of a server, for messages: the rest of its URL may hold ids and credentials.
pub(crate) fn origin(server: &Url) -> String {
    server.origin().ascii_serialization()
}

/// The longest name of an application, in bytes.
const LONGEST_APP_NAME: usize = 100;

/// The value of `User-Agent`: the application's name, if it gave one, and this crate's.
fn user_agent(app_name: Option<&str>) -> Result<String> {
    const OURS: &str = concat!("stepup-client/", env!("CARGO_PKG_VERSION"));
    let Some(app_name) = app_name else {
        return Ok(OURS.to_owned());
    };
    // A token of RFC 9110, 5.6.2.
    let is_token = |text: &str| {
        let is_sign = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || is_sign(byte))
    };
    let (name, version) = match app_name.split_once('/') {
        Some((name, version)) => (name, Some(version)),
        None => (app_name, None),
    };
    if !is_token(name) || !version.is_none_or(is_token) || app_name.len() > LONGEST_APP_NAME {
        return Err(Error::config(
            "the app's name must be like `shop` or `shop/1.2`: letters, digits and signs such as `-`, up to 100 bytes",
        ));
    }
    Ok(format!("{app_name} {OURS}"))
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

        /// How many retries the client may make in all, its copies included, before calls must succeed again: 100 by default.
        ///
        /// Each retry takes one out of the budget, and each ten calls that succeed put one back, up to this number. With an
        /// empty budget a call is sent once. So a server in trouble gets at most a tenth more requests than usual, instead
        /// of three times as many. 0 turns retries off.
        pub fn retry_budget(mut self, retries: u32) -> Self {
            self.settings.retry_budget = retries;
            self
        }

        /// The name of your application, with or without its version, such as `shop/1.2`. The client puts it before its own
        /// in the header `User-Agent`. It is a token of RFC 9110, or two with a slash between; another makes building the
        /// client fail.
        pub fn app_name(mut self, name: impl Into<String>) -> Self {
            self.settings.app_name = Some(name.into());
            self
        }

        /// Sends through an HTTP client of yours: for connections that several clients share, or settings that
        /// [`http_builder`](Self::http_builder) does not reach.
        ///
        /// It leaves to you what is fixed when an HTTP client is built:
        ///
        /// - **redirects**: build it with `redirect::Policy::none()`. Otherwise it follows redirects, and takes along
        ///   credentials whose headers it does not know;
        /// - **proxies**, also for a server on this machine: only `no_proxy()` keeps `HTTP_PROXY` away from it;
        /// - the **time to connect**, TLS and certificates, and the user agent unless [`app_name`](Self::app_name) is set.
        ///
        /// The time limits of attempts and calls, retries, credentials and spans stay with this client. Together with
        /// `http_builder` or `connect_timeout`, building the client fails.
        pub fn http_client(mut self, client: ::reqwest::Client) -> Self {
            self.settings.http_client = Some(client);
            self
        }

        /// A function for metrics. It is told of each call that is over, failed and cancelled ones included, in the task
        /// that made the call: it must be quick, must not panic, and must not make a blocking call.
        /// [`FinishedCall`](crate::FinishedCall) has an example.
        pub fn on_call(
            mut self,
            observe: impl Fn(&$crate::FinishedCall) + Send + Sync + 'static,
        ) -> Self {
            self.settings.on_call = Some(::std::sync::Arc::new(observe));
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
        /// along. [`attempt_timeout`](Self::attempt_timeout) replaces its `timeout`, and the client's header `Accept` its own.
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

    const DIALECT: Dialect = Dialect {
        api: "test",
        accepts: |_| true,
        recast: <[u8]>::to_vec,
    };

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
            settings.build(&Url::parse(url).unwrap(), DIALECT)
        };
        for own in ["http://localhost:1", "http://127.0.0.1", "http://[::1]:1"] {
            assert!(built(own, false).is_ok(), "{own}");
        }
        let error = built("http://h.example", false).unwrap_err();
        assert_eq!(error.kind(), Kind::Config);
        assert!(error.to_string().contains("allow_plain_http"), "{error}");
        assert!(
            error
                .to_string()
                .contains("plain http to http://h.example "),
            "{error}"
        );
        assert!(built("http://h.example", true).is_ok());
    }

    #[test]
    fn https_needs_tls() {
        let server = Url::parse("https://h.example").unwrap();
        if HAS_TLS {
            #[cfg(feature = "rustls")]
            assert!(Settings::default().build(&server, DIALECT).is_ok());
            return;
        }
        let error = Settings::default().build(&server, DIALECT).unwrap_err();
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
        assert!(Settings::default().build(&server, DIALECT).is_ok());
        let zero = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.build(&server, DIALECT).unwrap_err().to_string()
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

    #[test]
    fn an_apps_name_is_a_token_with_or_without_a_version() {
        let ours = concat!("stepup-client/", env!("CARGO_PKG_VERSION"));
        assert_eq!(user_agent(None).unwrap(), ours);
        for name in ["shop", "shop/1.2", "my-shop_2/1.0.0+build"] {
            assert_eq!(user_agent(Some(name)).unwrap(), format!("{name} {ours}"));
        }
        let long = "x".repeat(LONGEST_APP_NAME + 1);
        for name in [
            "",
            "/",
            "shop/",
            "/1",
            "a/b/c",
            "a b",
            "a\nx: y",
            "caf\u{e9}",
            "(a)",
            &long,
        ] {
            let error = user_agent(Some(name)).unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{name:?}");
            assert!(error.to_string().contains("`shop/1.2`"), "{error}");
        }
    }

    #[test]
    fn a_client_that_is_built_already_cannot_be_changed() {
        let server = Url::parse("http://127.0.0.1:1").unwrap();
        let own = || Settings {
            http_client: Some(reqwest::Client::new()),
            ..Settings::default()
        };
        assert!(own().build(&server, DIALECT).is_ok());
        for settings in [
            Settings {
                http_builder: Some(Box::new(|builder| builder)),
                ..own()
            },
            Settings {
                connect_timeout: Duration::from_secs(1),
                ..own()
            },
        ] {
            let error = settings.build(&server, DIALECT).unwrap_err();
            assert_eq!(error.kind(), Kind::Config);
            assert!(error.to_string().contains("leave them out"), "{error}");
        }
    }
}
