//! The other server, and the keys to it. A key comes from the environment or from a file: an argument is seen by every user
//! of the machine. Knows no operation.

use std::error::Error as _;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, LOCATION, RETRY_AFTER,
};
use reqwest::{Client, Method, Response, Url};
use serde_json::Value;

use super::compare::Answer;
use super::private::without_private;
use crate::authorities;
use crate::bounds;
use crate::program::body::{BodyError, body};
#[cfg(feature = "tls")]
use crate::program::tls;
use crate::runtime::seed::Secret;
use crate::runtime::{is_loopback, read_text};

/// How often a request is sent that the server refuses because there are too many.
const ATTEMPTS: usize = 4;
/// The longest time that the server may ask to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The time until the next attempt if the server does not say.
const USUAL_WAIT: Duration = Duration::from_secs(2);

/// Bytes of the longest file that is taken for a key.
const LONGEST_KEY: usize = 4096;

/// Where a key comes from.
#[derive(Clone, Debug)]
pub(in crate::program) struct KeySource {
    /// Name of the environment variable.
    pub(in crate::program) variable: String,
    /// The file, which goes before the variable.
    pub(in crate::program) file: Option<PathBuf>,
}

impl KeySource {
    /// Reads the key.
    ///
    /// # Errors
    ///
    /// There is none. Says where it was looked for.
    pub(super) fn read(&self, what: &str, flag: &str) -> anyhow::Result<Secret> {
        let text = match &self.file {
            Some(file) => read_key(file)?,
            None => std::env::var(&self.variable).unwrap_or_default(),
        };
        let text = text.trim();
        let from = match &self.file {
            Some(file) => format!("the file {}", file.display()),
            None => format!("the environment variable {}", self.variable),
        };
        ensure!(
            !text.is_empty(),
            "{from} holds no {what}; set the variable, name another with --{flag}-env, or a file with --{flag}-file"
        );
        // Also shorter ones than any vendor gives: what hides it in the output must not hide every other word.
        ensure!(
            text.len() >= 8 && !text.chars().any(char::is_control),
            "{from} holds no {what}: one has at least 8 characters, and no control characters"
        );
        Ok(Secret::from(text.to_owned()))
    }
}

fn read_key(file: &Path) -> anyhow::Result<String> {
    let text =
        read_text(file).with_context(|| format!("cannot read the file {}", file.display()))?;
    ensure!(
        text.len() <= LONGEST_KEY,
        "the file {} is too long for a key",
        file.display()
    );
    Ok(text)
}

/// The keys of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    pub(super) secret: Option<Secret>,
    pub(super) management: Option<Secret>,
}

impl Keys {
    /// A text in which no key stands, neither as it is nor as a header has it.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for key in [&self.secret, &self.management].into_iter().flatten() {
            let key = key.expose();
            let encoded = STANDARD.encode(format!("{key}:"));
            for hidden in [key, &encoded] {
                text = text.replace(hidden, "***");
            }
        }
        text
    }
}

/// A base URL, without a slash and `/v1` at its end: the paths of the specs have it.
#[derive(Clone, Debug)]
pub(super) struct Base {
    url: String,
    is_loopback: bool,
}

impl Base {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// It is no URL of a server, or of one to which the key would go in the clear.
    pub(super) fn read(text: &str, allow_http: bool) -> anyhow::Result<Self> {
        let wrong = "is not the URL of a server, such as https://api.authsignal.com/v1";
        // The text may hold a password, so no message repeats it.
        let url: Url = text
            .parse()
            .ok()
            .context(format!("what was given {wrong}"))?;
        ensure!(
            url.username().is_empty() && url.password().is_none(),
            "the URL must not have credentials, because every user of this machine can see it"
        );
        let host = url.host_str().unwrap_or_default();
        ensure!(
            matches!(url.scheme(), "http" | "https")
                && !host.is_empty()
                && url.query().is_none()
                && url.fragment().is_none(),
            // Nor this one: a key can be in a query.
            "what was given {wrong}; a base URL has no query and no fragment"
        );
        let base = url.as_str().trim_end_matches('/');
        let base = base
            .strip_suffix("/v1")
            .unwrap_or(base)
            .trim_end_matches('/');
        let is_loopback = is_loopback(host);
        ensure!(
            url.scheme() == "https" || is_loopback || allow_http,
            "{base} is not on this machine, and with http, every machine on the way can read the key; use https, or add \
             --allow-http"
        );
        Ok(Self {
            url: base.to_owned(),
            is_loopback,
        })
    }

    /// Whether the server runs on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    fn is_https(&self) -> bool {
        self.url.starts_with("https:")
    }

    /// The URL of a target.
    pub(super) fn to(&self, target: &str) -> String {
        format!("{}{target}", self.url)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url)
    }
}

/// A client that follows no redirects, and that asks a proxy of the environment only for servers elsewhere.
///
/// # Errors
///
/// The client cannot be made, or the file of the authority cannot be read or has no certificate.
pub(super) fn client(base: &Base, ca: Option<&Path>) -> anyhow::Result<Client> {
    let builder = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(bounds::COMMAND_TIME)
        .user_agent(concat!("stepup-mock/", env!("CARGO_PKG_VERSION")));
    let builder = if base.is_loopback() {
        builder.no_proxy()
    } else {
        builder
    };
    let builder = authorities::of_machine(trusting(builder, base, ca)?, base.is_https());
    builder.build().context("cannot create the HTTP client")
}

/// With an authority of the user's, or with the mock's own for a server of this machine.
#[cfg(feature = "tls")]
fn trusting(
    http: reqwest::ClientBuilder,
    base: &Base,
    ca: Option<&Path>,
) -> anyhow::Result<reqwest::ClientBuilder> {
    let own = match ca {
        None if base.is_loopback() => tls::own_file(),
        _ => None,
    };
    match ca.or(own.as_deref()) {
        Some(file) => tls::trusting(http, file),
        None => Ok(http),
    }
}

/// A build that speaks no TLS trusts nobody.
#[cfg(not(feature = "tls"))]
fn trusting(
    http: reqwest::ClientBuilder,
    _base: &Base,
    _ca: Option<&Path>,
) -> anyhow::Result<reqwest::ClientBuilder> {
    Ok(http)
}

/// A request.
#[derive(Debug)]
pub(super) struct Sent<'a> {
    pub(super) method: &'static str,
    pub(super) target: &'a str,
    /// Value of the header `Authorization`.
    pub(super) authorization: Option<String>,
    pub(super) body: Option<&'a Value>,
}

/// The server.
#[derive(Debug)]
pub(super) struct Server {
    http: Client,
    base: Base,
    sent: AtomicUsize,
}

impl Server {
    /// # Errors
    ///
    /// As of [`client`].
    pub(super) fn new(base: Base, ca: Option<&Path>) -> anyhow::Result<Self> {
        Ok(Self {
            http: client(&base, ca)?,
            base,
            sent: AtomicUsize::new(0),
        })
    }

    /// How many requests it was sent.
    pub(super) fn sent(&self) -> usize {
        self.sent.load(Ordering::Relaxed)
    }

    /// Sends a request, again if the server asks for time.
    ///
    /// # Errors
    ///
    /// Why there is no answer, without the URL.
    pub(super) async fn send(
        &self,
        sent: &Sent<'_>,
        may_be_too_many: bool,
    ) -> Result<Answer, String> {
        let mut left = ATTEMPTS;
        loop {
            left -= 1;
            let (answer, wait) = self.once(sent).await?;
            if answer.status != 429 || may_be_too_many || left == 0 {
                return Ok(answer);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self, sent: &Sent<'_>) -> Result<(Answer, Duration), String> {
        let method =
            Method::from_bytes(sent.method.as_bytes()).map_err(|error| error.to_string())?;
        let mut request = self
            .http
            .request(method, self.base.to(sent.target))
            .header(ACCEPT, "application/json")
            // Without it, a server may compress.
            .header(ACCEPT_ENCODING, "identity");
        if let Some(authorization) = &sent.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        if let Some(body) = sent.body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_string());
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut response = request.send().await.map_err(|error| why(&error))?;
        let text = |name| {
            let value: Option<&http::HeaderValue> = response.headers().get(name);
            value
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned)
        };
        let wait = text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok());
        let wait = wait
            .map_or(USUAL_WAIT, Duration::from_secs)
            .min(LONGEST_WAIT);
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: text(CONTENT_TYPE),
            body: Vec::new(),
            is_encoded: is_encoded(response.headers()),
            leads_to: text(LOCATION).map(|place| without_query(&place)),
        };
        answer.body = read(&mut response, bounds::COMMAND_ANSWER).await?;
        Ok((answer, wait))
    }
}

/// The body of an answer, up to `most` bytes.
///
/// # Errors
///
/// Why it cannot be read, without the URL.
pub(super) async fn read(response: &mut Response, most: usize) -> Result<Vec<u8>, String> {
    body(response, most).await.map_err(|error| match error {
        BodyError::Broken(error) => why(&error),
        error @ BodyError::TooLarge(_) => error.to_string(),
    })
}

/// Whether the body of an answer is compressed.
pub(super) fn is_encoded(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// A URL without what may be secret in it.
fn without_query(url: &str) -> String {
    let open = without_private(url);
    let end = open.find(['?', '#']).unwrap_or(open.len());
    open.get(..end).unwrap_or_default().to_owned()
}

/// Why there is no answer: the cause at the bottom, without the URL.
pub(super) fn why(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer came within {} s", bounds::COMMAND_TIME.as_secs());
    }
    let mut cause = error.source();
    let mut last = "no answer came".to_owned();
    while let Some(error) = cause {
        last = error.to_string();
        cause = error.source();
    }
    last
}

#[cfg(test)]
mod tests {
    use super::{Base, Keys};

    #[test]
    fn a_base_url_may_end_in_v1_and_names_no_password() {
        for text in [
            "https://api.example.com/v1",
            "https://api.example.com/",
            "https://api.example.com",
        ] {
            let base = Base::read(text, true).unwrap();
            assert_eq!(base.to("/v1/users"), "https://api.example.com/v1/users");
            assert!(!base.is_loopback());
        }
        for text in [
            "http://127.0.0.1:4750",
            "http://[::1]:1/v1",
            "http://localhost",
            "http://a.localhost:2/",
        ] {
            assert!(Base::read(text, true).unwrap().is_loopback(), "{text}");
        }
        for text in [
            "http://localhost.example.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
        ] {
            assert!(!Base::read(text, true).unwrap().is_loopback(), "{text}");
        }
        for text in [
            "",
            "api.example.com",
            "ftp://host",
            "https://ada:SECRET@host",
            "SECRET",
            "http://h/?a=SECRET",
        ] {
            let error = Base::read(text, true).unwrap_err().to_string();
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn a_key_goes_in_the_clear_to_no_other_machine() {
        for text in [
            "http://192.0.2.2:18120/v1",
            "http://api.example.com/v1",
            "http://mock/v1",
        ] {
            let error = Base::read(text, false).unwrap_err().to_string();
            assert!(error.contains("--allow-http"), "{error}");
        }
        for text in [
            "https://api.example.com/v1",
            "http://127.0.0.1:1",
            "http://localhost/v1",
        ] {
            assert!(Base::read(text, false).is_ok(), "{text}");
        }
    }

    #[test]
    fn no_text_has_a_key() {
        let keys = Keys {
            secret: Some("a-secret-of-mine".to_owned().into()),
            management: None,
        };
        let header = "Basic YS1zZWNyZXQtb2YtbWluZTo=";
        assert_eq!(
            keys.hide(&format!("a-secret-of-mine {header}")),
            "*** Basic ***"
        );
        assert!(!format!("{keys:?}").contains("mine"));
    }
}
