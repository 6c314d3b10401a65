//! The one error type of this crate. Must never hold or show secrets, headers, URLs or bodies.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

/// The result of this crate's operations.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed. One pointer wide.
///
/// Its `Display` is one line with the operation, the status, the server's own reason and the number
/// of attempts. If there was no connection, the line names the server and the cause:
/// `track: no connection to http://127.0.0.1:4750: Connection refused (os error 111), after 3 attempts`.
///
/// It is safe to log: it holds no credentials, headers or bodies, and of URLs at most scheme, host and port. `Debug` adds the
/// kind and the chain of causes.
///
/// ```
/// use stepup_client::{Error, Kind};
///
/// fn worth_telling_the_user_to_try_later(error: &Error) -> bool {
///     error.is_timeout() || matches!(error.kind(), Kind::Connect | Kind::RateLimited | Kind::Server)
/// }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    operation: Option<&'static str>,
    status: Option<u16>,
    code: Option<String>,
    reason: Option<String>,
    detail: Option<Cow<'static, str>>,
    server: Option<String>,
    attempts: u32,
    retry_after: Option<Duration>,
    request_id: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The kind of failure of an [`Error`]. Decide what to do by this, not by the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// The client was configured with something unusable. Nothing was sent.
    Config,
    /// An argument is not acceptable. Nothing was sent.
    InvalidInput,
    /// The request could not get a signature or a key: the system gives no random bytes, or its
    /// clock is wrong. Nothing was sent.
    Signing,
    /// No connection could be made. Nothing was sent.
    Connect,
    /// The connection broke before the whole answer came. The request may have been carried out.
    Interrupted,
    /// No answer came in time. The request may have been carried out.
    Timeout,
    /// The server answered with a redirect. The client does not follow it, because it would send
    /// credentials there.
    Redirect,
    /// Too many requests; [`Error::retry_after`] may say how long to wait.
    RateLimited,
    /// The server does not accept the credentials or the signature.
    Unauthorized,
    /// What the request names does not exist, or no longer does.
    NotFound,
    /// The server understood the request and refused it; [`Error::reason`] may say why.
    Rejected,
    /// The server, or something in front of it, failed.
    Server,
    /// The answer is not one that the API describes.
    Decode,
    /// The server returned a URL of another origin than the configured one. Nothing was sent to it.
    ForeignOrigin,
    /// The wait ended before the expected event.
    WaitTimeout,
}

impl Kind {
    fn phrase(self) -> &'static str {
        match self {
            Self::Config => "the configuration is not usable",
            Self::InvalidInput => "an argument is not acceptable",
            Self::Signing => "the request could not be signed",
            Self::Connect => "no connection to",
            Self::Interrupted => "the connection broke before the answer was complete",
            Self::Timeout => "no answer in time",
            Self::Redirect => "the server redirects, which is not followed",
            Self::RateLimited => "too many requests",
            Self::Unauthorized => "credentials or signature not accepted",
            Self::NotFound => "not found",
            Self::Rejected => "refused",
            Self::Server => "the server failed",
            Self::Decode => "the answer is not one that the API describes",
            Self::ForeignOrigin => {
                "the server handed out a URL of another origin than the configured one"
            }
            Self::WaitTimeout => "still in progress when the time for waiting was over",
        }
    }
}

impl Error {
    /// What sort of failure this is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Status of the answer, if a whole answer arrived.
    pub fn status(&self) -> Option<u16> {
        self.0.status
    }

    /// The server's error code, such as `unauthorized`, if its API has error codes. An open set.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The server's own message: one line, shortened if it is long.
    pub fn reason(&self) -> Option<&str> {
        self.0.reason.as_deref()
    }

    /// The operation that failed, as the API's description names it; `None` for failures outside
    /// operations.
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// The server that the client had no connection to, or lost it: scheme, host and port, such as
    /// `https://api.authsignal.com`. For [`Kind::Connect`], [`Kind::Interrupted`] and [`Kind::Timeout`].
    pub fn server(&self) -> Option<&str> {
        self.0.server.as_deref()
    }

    /// How many requests the client sent, or tried to send, for this operation.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// How long the server asks its callers to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The id that the server gave to the request, for the vendor's support, if it sent one: `x-request-id`, or the header
    /// of a common gateway. Shown by `Debug`, and not by `Display`.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Whether the same call may succeed later: [`Kind::Connect`], [`Kind::Interrupted`], [`Kind::Timeout`],
    /// [`Kind::RateLimited`] and [`Kind::Server`].
    ///
    /// It does not say that repeating is harmless: after all of them but [`Kind::Connect`] and [`Kind::RateLimited`], the
    /// server may have carried the request out.
    pub fn is_retryable(&self) -> bool {
        use Kind::{Connect, Interrupted, RateLimited, Server, Timeout};
        matches!(
            self.0.kind,
            Connect | Interrupted | Timeout | RateLimited | Server
        )
    }

    /// Whether no connection could be made: [`Kind::Connect`].
    pub fn is_connect(&self) -> bool {
        self.0.kind == Kind::Connect
    }

    /// Whether there were too many requests: [`Kind::RateLimited`]. [`retry_after`](Self::retry_after) may say how long to
    /// wait.
    pub fn is_rate_limited(&self) -> bool {
        self.0.kind == Kind::RateLimited
    }

    /// Whether the server does not accept the credentials: [`Kind::Unauthorized`].
    pub fn is_unauthorized(&self) -> bool {
        self.0.kind == Kind::Unauthorized
    }

    /// Whether what the request names does not exist: [`Kind::NotFound`].
    pub fn is_not_found(&self) -> bool {
        self.0.kind == Kind::NotFound
    }

    /// Whether the server understood the request and refused it: [`Kind::Rejected`].
    pub fn is_rejected(&self) -> bool {
        self.0.kind == Kind::Rejected
    }

    /// Whether the server failed: [`Kind::Server`].
    pub fn is_server(&self) -> bool {
        self.0.kind == Kind::Server
    }

    /// Whether time ran out: for connecting, for an answer, or for a wait.
    pub fn is_timeout(&self) -> bool {
        let in_http = StdError::source(self).and_then(|source| source.downcast_ref());
        matches!(self.0.kind, Kind::Timeout | Kind::WaitTimeout)
            || in_http.is_some_and(reqwest::Error::is_timeout)
    }

    /// An error of this kind and nothing else: for the tests of an application, and for code that stands in for a client.
    ///
    /// ```
    /// use stepup_client::{Error, Kind};
    ///
    /// let wrong_code = Error::new(Kind::Rejected).with_code("invalid_code");
    /// assert_eq!((wrong_code.is_rejected(), wrong_code.code()), (true, Some("invalid_code")));
    /// ```
    pub fn new(kind: Kind) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: None,
            status: None,
            code: None,
            reason: None,
            detail: None,
            server: None,
            attempts: 0,
            retry_after: None,
            request_id: None,
            source: None,
        }))
    }

    /// The same, with the server's error code: for tests, as [`new`](Self::new).
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = Some(code.into());
        self
    }

    pub(crate) fn config(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::Config).with_detail(detail)
    }

    /// Our own words on what exactly was wrong. Must not repeat values.
    pub(crate) fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        if let Some(operation) = inner.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(inner.kind.phrase())?;
        if inner.kind == Kind::Connect {
            write!(f, " {}", inner.server.as_deref().unwrap_or("the server"))?;
        }
        if let Some(detail) = &inner.detail {
            write!(f, ": {detail}")?;
        }
        if let Some(status) = inner.status {
            write!(f, ", status {status}")?;
        }
        if let Some(code) = &inner.code {
            write!(f, ", code {code:?}")?;
        }
        if let Some(reason) = &inner.reason {
            write!(f, ", reason {reason:?}")?;
        }
        if inner.attempts > 1 {
            write!(f, ", after {} attempts", inner.attempts)?;
        }
        if let Some(wait) = inner.retry_after {
            write!(
                f,
                ", to be tried again after {} s",
                wait.as_secs_f64().ceil()
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The line of `Display` has the other members.
        let mut shown = f.debug_struct("Error");
        shown.field("message", &format_args!("{self}"));
        shown.field("kind", &self.0.kind);
        if let (Some(server), true) = (&self.0.server, self.0.kind != Kind::Connect) {
            shown.field("server", server);
        }
        if let Some(id) = &self.0.request_id {
            shown.field("request_id", id);
        }
        if let Some(source) = &self.0.source {
            shown.field("source", source);
        }
        shown.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0
            .source
            .as_deref()
            .map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(any(
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management",
    feature = "mock-control"
))]
pub(crate) use of_calls::Reason;

/// Failures of calls. Apart, because without any API there are none.
#[cfg(any(
    feature = "activeconnect",
    feature = "authsignal",
    feature = "authsignal-client",
    feature = "authsignal-management",
    feature = "mock-control"
))]
mod of_calls {
    use std::borrow::Cow;
    use std::error::Error as StdError;

    use progenitor_client::Error as Generated;
    use serde::de::DeserializeOwned;

    use super::{Error, Kind};
    use crate::transport::settings::origin;
    use crate::transport::{Facts, redact};

    /// Why there is no connection: what the system or TLS said, which is the last in the chain of causes.
    fn innermost_cause(error: &(dyn StdError + 'static)) -> Option<String> {
        let mut cause = error;
        let mut resolving = false;
        while let Some(next) = cause.source() {
            cause = next;
            resolving |= cause.to_string() == "dns error";
        }
        let said = cause.to_string();
        // rustls says this to a server that answers in plain text.
        if said.starts_with("received corrupt message of type InvalidContentType") {
            return Some("the server does not speak TLS; is it http instead of https?".to_owned());
        }
        let said = redact::reason(&said)?;
        Some(if resolving {
            format!("the host is not known ({said})")
        } else {
            said
        })
    }

    /// The error body of an API.
    pub(crate) trait Reason {
        /// The server's own words in it.
        fn reason(&self) -> &str;

        /// The server's error code; empty if there is none.
        fn code(&self) -> &str {
            ""
        }
    }

    impl Error {
        fn of_status(status: u16) -> Self {
            let kind = match status {
                300..=399 => Kind::Redirect,
                401 | 403 => Kind::Unauthorized,
                404 | 410 => Kind::NotFound,
                429 => Kind::RateLimited,
                400..=499 => Kind::Rejected,
                500..=599 => Kind::Server,
                _ => {
                    return Self::new(Kind::Decode)
                        .with_status(status)
                        .with_detail("a status that it does not know");
                }
            };
            Self::new(kind).with_status(status)
        }

        fn with_status(mut self, status: u16) -> Self {
            self.0.status = Some(status);
            self
        }

        /// The server's own words, as it sent them.
        pub(crate) fn with_reason(mut self, reason: &str) -> Self {
            self.0.reason = redact::reason(reason);
            self
        }

        /// Says that a proxy may be at fault where it may be.
        fn with_proxy(self, proxy: Option<&'static str>) -> Self {
            let (kind, status) = (self.0.kind, self.0.status);
            match proxy {
                Some(variable) if status == Some(407) => self.with_detail(format!(
                    "the proxy that {variable} names asks for credentials"
                )),
                Some(variable) if kind == Kind::Connect => {
                    let cause = self.0.detail.as_deref().map(|cause| format!("{cause}; "));
                    let cause = cause.unwrap_or_default();
                    self.with_detail(format!(
                        "{cause}{variable} is set, so the connection goes through that proxy unless NO_PROXY names the host"
                    ))
                }
                _ => self,
            }
        }

        fn with_words(mut self, body: &impl Reason) -> Self {
            self.0.code = redact::reason(body.code());
            self.with_reason(body.reason())
        }

        /// Completes the error of a call with what the call learned.
        pub(crate) fn with_call(mut self, operation: &'static str, facts: &Facts) -> Self {
            self.0.operation = Some(operation);
            self.0.attempts = facts.attempts();
            self.0.retry_after = facts.retry_after();
            self.0.request_id = facts.request_id();
            self.0.status = self.0.status.or(facts.status());
            self.with_proxy(facts.proxy())
        }

        /// An error of the HTTP client. URLs hold ids and tokens, so they are taken out, but for the server.
        pub(crate) fn of_http(error: reqwest::Error) -> Self {
            let server = error.url().map(origin);
            let error = error.without_url();
            let kind = if error.is_builder() {
                Kind::InvalidInput
            } else if error.is_connect() {
                Kind::Connect
            } else if error.is_timeout() {
                Kind::Timeout
            } else {
                Kind::Interrupted
            };
            let cause = (kind == Kind::Connect).then(|| innermost_cause(&error));
            let mut told = Self::new(kind);
            if kind != Kind::InvalidInput {
                told.0.server = server;
            }
            told.0.detail = cause.flatten().map(Cow::Owned);
            told.with_source(error)
        }

        /// Reads an answer, and reports where it cannot be read. serde's own text can quote the
        /// value, so the error names only its place.
        pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, Self> {
            crate::json::read(body)
                .map_err(|place| Self::new(Kind::Decode).with_detail(format!("at {place}")))
        }

        /// As [`decode`](Self::decode), of JSON that was read already.
        #[cfg(feature = "activeconnect")]
        pub(crate) fn decode_value<T: DeserializeOwned>(
            body: serde_json::Value,
        ) -> Result<T, Self> {
            serde_path_to_error::deserialize(body).map_err(|error| {
                let place = crate::json::place(error.path());
                Self::new(Kind::Decode).with_detail(format!("at `{place}`"))
            })
        }

        /// A call that did not get past the HTTP client.
        pub(crate) fn unanswered(
            error: reqwest::Error,
            operation: &'static str,
            facts: &Facts,
        ) -> Self {
            match facts.take_unsendable() {
                Some(error) => error,
                None => Self::of_http(error),
            }
            .with_call(operation, facts)
        }

        /// An answer outside of generated code that is not a success, its body in the API's form.
        #[allow(
            dead_code,
            reason = "the control API has no such answers, and which APIs are here is for the features to say"
        )]
        pub(crate) fn answered<E: Reason + DeserializeOwned>(status: u16, body: &[u8]) -> Self {
            let error = Self::of_status(status);
            match serde_json::from_slice::<E>(body) {
                Ok(body) => error.with_words(&body),
                Err(_) => error,
            }
        }

        /// The error of a generated client. `T` is the answer it was to read.
        pub(crate) fn of_generated<T: DeserializeOwned, E: Reason>(
            error: Generated<E>,
            operation: &'static str,
            facts: &Facts,
        ) -> Self {
            match error {
                Generated::CommunicationError(error) => {
                    return Self::unanswered(error, operation, facts);
                }
                Generated::InvalidResponsePayload(body, _) => match Self::decode::<T>(&body) {
                    Ok(_) => Self::new(Kind::Decode),
                    Err(error) => error,
                },
                error => Self::untold(error),
            }
            .with_call(operation, facts)
        }

        /// The error of a generated client, called without our keeping book.
        pub(crate) fn untold<E: Reason>(error: Generated<E>) -> Self {
            match error {
                // The generator's own sentence: names the parameter, not its value.
                Generated::InvalidRequest(text) => Self::new(Kind::InvalidInput).with_detail(text),
                Generated::Custom(_) => Self::new(Kind::InvalidInput),
                Generated::CommunicationError(error)
                | Generated::ResponseBodyError(error)
                | Generated::InvalidUpgrade(error) => Self::of_http(error),
                Generated::ErrorResponse(answer) => {
                    Self::of_status(answer.status().as_u16()).with_words(&*answer)
                }
                Generated::InvalidResponsePayload(..) => Self::new(Kind::Decode),
                Generated::UnexpectedResponse(answer) => Self::of_status(answer.status().as_u16()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide_and_can_cross_threads() {
        fn crosses_threads<T: Send + Sync + 'static>() {}
        crosses_threads::<Error>();
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn each_question_is_answered_by_the_kind() {
        type Asked = fn(&Error) -> bool;
        let questions: [(Asked, &[Kind]); 8] = [
            (Error::is_connect, &[Kind::Connect]),
            (Error::is_rate_limited, &[Kind::RateLimited]),
            (Error::is_unauthorized, &[Kind::Unauthorized]),
            (Error::is_not_found, &[Kind::NotFound]),
            (Error::is_rejected, &[Kind::Rejected]),
            (Error::is_server, &[Kind::Server]),
            (Error::is_timeout, &[Kind::Timeout, Kind::WaitTimeout]),
            (
                Error::is_retryable,
                &[
                    Kind::Connect,
                    Kind::Interrupted,
                    Kind::Timeout,
                    Kind::RateLimited,
                    Kind::Server,
                ],
            ),
        ];
        for kind in [
            Kind::Config,
            Kind::InvalidInput,
            Kind::Signing,
            Kind::Connect,
            Kind::Interrupted,
            Kind::Timeout,
            Kind::Redirect,
            Kind::RateLimited,
            Kind::Unauthorized,
            Kind::NotFound,
            Kind::Rejected,
            Kind::Server,
            Kind::Decode,
            Kind::ForeignOrigin,
            Kind::WaitTimeout,
        ] {
            for (index, (asked, kinds)) in questions.iter().enumerate() {
                let answer = asked(&Error::new(kind));
                assert_eq!(answer, kinds.contains(&kind), "{kind:?}, question {index}");
            }
        }
    }

    #[test]
    fn debug_begins_with_the_line_of_display_and_has_no_empty_members() {
        let error = Error::new(Kind::Rejected).with_code("invalid_code");
        assert_eq!(
            format!("{error:?}"),
            r#"Error { message: refused, code "invalid_code", kind: Rejected }"#
        );
        let error = error.with_source(std::fmt::Error);
        assert!(format!("{error:?}").ends_with("kind: Rejected, source: Error }"));
    }

    #[test]
    fn without_a_server_there_is_still_a_sentence() {
        let error = Error::new(Kind::Connect);
        assert_eq!(error.to_string(), "no connection to the server");
    }

    #[test]
    fn display_is_one_line_in_a_fixed_order() {
        let mut error = Error::new(Kind::RateLimited).with_detail("told twice");
        assert_eq!(error.to_string(), "too many requests: told twice");
        error.0.operation = Some("add_users");
        error.0.status = Some(429);
        error.0.code = Some("too_many".to_owned());
        error.0.reason = Some("slow \"down\"".to_owned());
        error.0.attempts = 3;
        error.0.retry_after = Some(Duration::from_millis(29_500));
        assert_eq!(
            error.to_string(),
            "add_users: too many requests: told twice, status 429, code \"too_many\", reason \"slow \\\"down\\\"\", \
             after 3 attempts, to be tried again after 30 s"
        );
    }

    #[cfg(feature = "activeconnect")]
    #[test]
    fn an_undecodable_answer_is_reported_by_place_and_never_by_value() {
        let error = Error::decode::<std::collections::BTreeMap<String, Vec<u8>>>(
            br#"{"a": [1, "SECRET"]}"#,
        )
        .unwrap_err();
        assert_eq!(error.kind(), Kind::Decode);
        let text = format!("{error} {error:?}");
        assert!(text.contains("at `a[1]`, line 1, column 18"), "{text}");
        assert!(!text.contains("SECRET"), "{text}");
    }
}
