//! One logical call: attempts, waits, a deadline, a span, and answers in a form that generated code
//! can read. Knows reqwest; must not know any API.

pub(crate) mod answer;
mod budget;
mod call;
pub(crate) mod call_options;
pub(crate) mod finished_call;
pub(crate) mod inner;
pub(crate) mod proxy;
#[cfg(test)]
#[allow(
    dead_code,
    reason = "the control API logs nothing that is looked through"
)]
pub(crate) mod recording;
pub(crate) mod redact;
pub(crate) mod reply;
pub(crate) mod retry;
pub(crate) mod settings;
mod telemetry;

use std::borrow::Cow;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Method;
use http::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER, USER_AGENT,
};
use reqwest::{Request, Response};
use tokio::time::Instant;
use tracing::Span;
use url::Url;

use crate::error::{Error, Kind};
use answer::Answer;
use budget::Budget;
pub(crate) use call::Call;
pub use call_options::CallOptions;
pub use finished_call::FinishedCall;
use finished_call::OnCall;
use inner::Sign;
use reply::Capture;
pub use reply::Reply;
use retry::{Decision, Outcome, RetryAfter};

/// An operation of an API, as the API's description declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its `operationId`.
    pub id: &'static str,
    /// The HTTP method, in capitals.
    pub method: &'static str,
    /// The path template, parameters in braces.
    pub path: &'static str,
    /// When it may be repeated.
    pub retry: RetryClass,
    /// Sets of security schemes; each one is enough. No set means that it takes no credentials.
    pub security: &'static [&'static [&'static str]],
}

#[allow(
    dead_code,
    reason = "few APIs look an operation up, and which APIs are here is for the features to say"
)]
impl Operation {
    /// An operation that no description lists. Cannot happen while code and table come from one
    /// description; would it, nothing is repeated.
    const UNLISTED: Self = Self {
        id: "unlisted",
        method: "",
        path: "",
        retry: RetryClass::Never,
        security: &[],
    };

    pub(crate) fn find(table: &'static [&'static Self], id: &str) -> &'static Self {
        table
            .iter()
            .copied()
            .find(|operation| operation.id == id)
            .unwrap_or(&Self::UNLISTED)
    }
}

/// When an operation may be repeated without its caller knowing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryClass {
    /// Repeating changes nothing: after lost connections, 429, and 500 to 599.
    Safe,
    /// A key in the request makes repeating harmless: as `Safe`.
    Keyed,
    /// Each repetition counts or costs: only when nothing was sent, or after a 429 that says when.
    Never,
}

/// Most bytes that are read of an answer with status 400 and more.
const LARGEST_ERROR: usize = 64 * 1024;
/// Most bytes that are read of any other answer.
const LARGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Time and repetition limits of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// For one attempt, from connecting to the last byte of the answer.
    pub(crate) attempt: Duration,
    /// For the whole call, waits included.
    pub(crate) call: Duration,
    /// Attempts after the first.
    pub(crate) retries: u32,
    /// The environment variable that names a proxy for the server, if one does.
    pub(crate) proxy: Option<&'static str>,
}

/// For connecting, within an attempt.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            call: Duration::from_secs(20),
            retries: 2,
            proxy: None,
        }
    }
}

/// The form of an API's error answers, which generated code insists on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    /// Name of the API, for spans.
    pub(crate) api: &'static str,
    /// Whether a body is in that form.
    pub(crate) accepts: fn(&[u8]) -> bool,
    /// A body in that form, with what of another body may be shown.
    pub(crate) recast: fn(&[u8]) -> Vec<u8>,
}

/// What a call learned besides its answer. Generated code has no room for it, so it is kept beside
/// the call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    attempts: u32,
    status: Option<u16>,
    retry_after: Option<Duration>,
    headers: HeaderMap,
    unsendable: Option<Error>,
    proxy: Option<&'static str>,
}

impl Facts {
    fn update(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn read<T>(&self, pick: impl FnOnce(&mut Known) -> T) -> T {
        pick(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Attempts made so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.read(|known| known.attempts)
    }

    /// Status of the last whole answer.
    pub(crate) fn status(&self) -> Option<u16> {
        self.read(|known| known.status)
    }

    /// The wait that the last answer asked for.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.read(|known| known.retry_after)
    }

    /// The environment variable that names a proxy for the server.
    pub(crate) fn proxy(&self) -> Option<&'static str> {
        self.read(|known| known.proxy)
    }

    /// The headers of the answer that the caller gets.
    fn keep_headers(&self, headers: HeaderMap) {
        self.update(|known| known.headers = headers);
    }

    /// The id that the server gave to the last request.
    pub(crate) fn request_id(&self) -> Option<String> {
        self.read(|known| reply::request_id(&known.headers).map(str::to_owned))
    }

    /// Why a request could not be prepared for sending, once.
    pub(crate) fn take_unsendable(&self) -> Option<Error> {
        self.read(|known| known.unsendable.take())
    }
}

/// A caller's changes to the HTTP client.
type HttpBuilder = Box<dyn FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder + Send>;

/// What every API answers with.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Builds the HTTP client that calls go out with. Redirects are never followed: credentials in
/// headers of our own would travel to wherever a redirect points. A server on this machine is called directly, whatever
/// proxy the environment names: that proxy is for the rest of the world.
fn http_client(
    connect_timeout: Duration,
    attempt_timeout: Duration,
    user_agent: &str,
    is_loopback: bool,
    customize: Option<HttpBuilder>,
) -> reqwest::Result<reqwest::Client> {
    let builder = reqwest::Client::builder()
        .user_agent(user_agent)
        .connect_timeout(connect_timeout);
    let builder = if is_loopback {
        builder.no_proxy()
    } else {
        builder
    };
    let builder = match customize {
        Some(customize) => customize(builder),
        None => builder,
    };
    builder
        .timeout(attempt_timeout)
        .default_headers([(ACCEPT, JSON)].into_iter().collect())
        .redirect(reqwest::redirect::Policy::none())
        .build()
}

/// Sends requests of one API.
#[derive(Clone)]
pub(crate) struct Transport {
    pub(crate) limits: Limits,
    /// The server, parsed once: without query and fragment.
    server: Arc<Url>,
    pub(crate) dialect: Dialect,
    /// The time limit of attempts that the HTTP client was built with, as with the header `Accept`; none for one that the
    /// application built. Each costs a request some hundred instructions if it has them of its own.
    built_with: Option<Duration>,
    /// Retries of the whole client, its copies included.
    budget: Arc<Budget>,
    /// In place of the HTTP client's own.
    user_agent: Option<HeaderValue>,
    on_call: Option<OnCall>,
    options: Option<Arc<CallOptions>>,
    capture: Option<Capture>,
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("limits", &self.limits)
            .field("budget", &self.budget)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Transport {
    /// With default limits and nothing else.
    #[cfg(test)]
    pub(crate) fn new(dialect: Dialect) -> Self {
        Self {
            limits: Limits::default(),
            server: Arc::new("http://server.invalid".parse().unwrap()),
            dialect,
            built_with: None,
            budget: Arc::new(Budget::new(budget::RETRIES)),
            user_agent: None,
            on_call: None,
            options: None,
            capture: None,
        }
    }

    /// The same, doing what the options say. They win over earlier ones.
    #[allow(
        dead_code,
        reason = "the control API has no options, and which APIs are here is for the features to say"
    )]
    pub(crate) fn with(&self, options: CallOptions) -> Self {
        let options = match &self.options {
            Some(earlier) => options.over(earlier),
            None => options,
        };
        let limits = Limits {
            attempt: options.attempt_timeout.unwrap_or(self.limits.attempt),
            call: options.timeout.unwrap_or(self.limits.call),
            retries: options.retries.unwrap_or(self.limits.retries),
            ..self.limits
        };
        Self {
            limits,
            options: Some(Arc::new(options)),
            ..self.clone()
        }
    }

    /// The same, leaving what HTTP says about answers in `capture`.
    #[allow(
        dead_code,
        reason = "the control API has no replies, and which APIs are here is for the features to say"
    )]
    pub(crate) fn capturing(&self, capture: Capture) -> Self {
        Self {
            capture: Some(capture),
            ..self.clone()
        }
    }

    /// The server's base URL, without a slash at its end.
    pub(crate) fn server(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    /// The URL of a path of the API, which begins with a slash and is encoded.
    pub(crate) fn url(&self, path: &str) -> Url {
        let mut url = Url::clone(&self.server);
        match self.server.path().trim_end_matches('/') {
            "" => url.set_path(path),
            stem => url.set_path(&format!("{stem}{path}")),
        }
        url
    }

    /// The idempotency key that the options give.
    pub(crate) fn key(&self) -> Option<&str> {
        self.options.as_ref()?.key()
    }

    /// Makes one logical call of `request`.
    ///
    /// The signer prepares each attempt anew, so that no nonce is sent twice. Whatever the outcome, it
    /// is the last attempt's; `facts` knows the rest.
    pub(crate) async fn execute<S: Sign>(
        &self,
        http: &reqwest::Client,
        request: &mut Option<Request>,
        operation: &Operation,
        facts: &Facts,
        signer: &S,
    ) -> reqwest::Result<Answer> {
        let Some(prepared) = request else {
            return unsendable(http).await;
        };
        let span = telemetry::call(self.dialect.api, operation, prepared.url());
        let mut ending = Ending {
            transport: self,
            operation,
            facts,
            span: span.clone(),
            started: Instant::now(),
            error_type: Some(Cow::Borrowed("cancelled")),
        };
        signer.prepare(prepared);
        let result = match self.complete(prepared) {
            Ok(()) => {
                let started = ending.started;
                let attempts = self.attempts(started, http, request, operation, facts, signer);
                let mut attempts = pin!(attempts);
                // `Instrument` would copy the future, which is large.
                poll_fn(|context| span.in_scope(|| attempts.as_mut().poll(context))).await
            }
            Err(error) => {
                facts.update(|known| known.unsendable = Some(error));
                unsendable(http).await
            }
        };
        ending.error_type = error_type(&result);
        if let (Some(capture), Ok(answer)) = (&self.capture, &result) {
            capture.keep(answer.status().as_u16(), answer.headers(), facts.attempts());
        }
        result
    }

    /// Adds what the client's and the call's settings say.
    fn complete(&self, request: &mut Request) -> Result<(), Error> {
        if self.built_with.is_none() {
            request.headers_mut().insert(ACCEPT, JSON);
        }
        // Some servers and gateways answer 411 without it, and the HTTP client leaves it out (RFC 9110, 8.6).
        let has_content = matches!(
            *request.method(),
            Method::POST | Method::PUT | Method::PATCH
        );
        if has_content && request.body().is_none() {
            let none = HeaderValue::from_static("0");
            request.headers_mut().insert(CONTENT_LENGTH, none);
        }
        if let Some(user_agent) = &self.user_agent {
            let user_agent = user_agent.clone();
            request.headers_mut().insert(USER_AGENT, user_agent);
        }
        match &self.options {
            Some(options) => options.apply(request.headers_mut()),
            None => Ok(()),
        }
    }

    async fn attempts<S: Sign>(
        &self,
        started: Instant,
        http: &reqwest::Client,
        spare: &mut Option<Request>,
        operation: &Operation,
        facts: &Facts,
        signer: &S,
    ) -> reqwest::Result<Answer> {
        let class = signer.retry(operation, self.key().is_some());
        // What is left of the call's time: all of it, before the first attempt.
        let mut remaining = self.limits.call;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let timeout = self.limits.attempt.min(remaining);
            let result = match self.start(http, spare, timeout, operation, facts, signer) {
                Some(sending) => self.read(sending).await,
                None => return unsendable(http).await,
            };
            let outcome = outcome(&result);
            facts.update(|known| {
                known.attempts = attempt;
                known.proxy = self.limits.proxy;
                (known.status, known.retry_after) = match outcome {
                    Outcome::Answered {
                        status,
                        retry_after,
                    } => (Some(status), retry_after.said()),
                    Outcome::Unsent | Outcome::Lost => (None, None),
                };
            });
            match outcome {
                Outcome::Answered { status, .. } => telemetry::answered(attempt, status),
                Outcome::Unsent | Outcome::Lost => {
                    telemetry::unanswered(attempt, failure(&result));
                }
            }

            if matches!(outcome, Outcome::Answered { status, .. } if status < 300) {
                self.budget.give();
                return result;
            }
            remaining = self.limits.call.saturating_sub(started.elapsed());
            let retries = if spare.is_some() {
                self.limits.retries
            } else {
                0
            };
            match retry::decide(class, attempt, retries, outcome, remaining, fastrand::f64()) {
                Decision::Stop => return result,
                Decision::Wait(_) if !self.budget.take() => {
                    telemetry::out_of_budget(attempt);
                    return result;
                }
                Decision::Wait(wait) => {
                    telemetry::waiting(attempt, wait);
                    tokio::time::sleep(wait).await;
                    remaining = self.limits.call.saturating_sub(started.elapsed());
                }
            }
        }
    }

    /// Begins to send the request once, and leaves it for the next attempt; nothing if it cannot be sent.
    fn start<S: Sign>(
        &self,
        http: &reqwest::Client,
        spare: &mut Option<Request>,
        timeout: Duration,
        operation: &Operation,
        facts: &Facts,
        signer: &S,
    ) -> Option<impl Future<Output = reqwest::Result<Response>> + use<S>> {
        let again = spare.as_ref().and_then(again);
        let mut this = std::mem::replace(spare, again)?;
        if let Err(error) = signer.sign(operation, &mut this) {
            let error = Error::new(Kind::Signing).with_source(error);
            facts.update(|known| known.unsendable = Some(error));
            return None;
        }
        if self.built_with != Some(timeout) {
            *this.timeout_mut() = Some(timeout);
        }
        Some(http.execute(this))
    }

    /// Reads the whole answer to an attempt, so that one which breaks off counts as lost.
    async fn read(
        &self,
        sending: impl Future<Output = reqwest::Result<Response>>,
    ) -> reqwest::Result<Answer> {
        let response = sending.await?;
        let status = response.status();
        if status.is_redirection() {
            return Ok(Answer::unread(response));
        }
        if !(status.is_client_error() || status.is_server_error()) {
            return Answer::read(response, LARGEST_ANSWER).await;
        }
        let mut answer = Answer::read_failure(response, LARGEST_ERROR).await;
        if !(self.dialect.accepts)(&answer.body) {
            // Generated code would report a gateway's HTML as an undecodable answer without a
            // status.
            answer.headers_mut().insert(CONTENT_TYPE, JSON);
            answer.body = Bytes::from((self.dialect.recast)(&answer.body));
        }
        Ok(answer)
    }
}

/// The same request once more; none of a stream, which is sent once. `Request::try_clone` makes a table of extensions for a
/// time limit that there is not, in 400 instructions.
fn again(request: &Request) -> Option<Request> {
    let mut again = Request::new(request.method().clone(), request.url().clone());
    if let Some(body) = request.body() {
        *again.body_mut() = Some(body.as_bytes()?.to_vec().into());
    }
    request.headers().clone_into(again.headers_mut());
    *again.version_mut() = request.version();
    Some(again)
}

fn outcome(result: &reqwest::Result<Answer>) -> Outcome {
    match result {
        Ok(answer) => Outcome::Answered {
            status: answer.status().as_u16(),
            retry_after: match answer.headers().get(RETRY_AFTER) {
                Some(value) => retry::retry_after(value, SystemTime::now()),
                None => RetryAfter::Unsaid,
            },
        },
        Err(error) if error.is_connect() => Outcome::Unsent,
        Err(_) => Outcome::Lost,
    }
}

/// The word for an attempt without a whole answer. A word of ours, since error texts can hold URLs.
fn failure(result: &reqwest::Result<Answer>) -> &'static str {
    match result {
        Err(error) if error.is_builder() => "unsent",
        Err(error) if error.is_timeout() => "timeout",
        Err(error) if error.is_connect() => "connect",
        _ => "lost",
    }
}

/// OpenTelemetry's `error.type` of a call; none if it got an answer that is not an error.
fn error_type(result: &reqwest::Result<Answer>) -> Option<Cow<'static, str>> {
    match result {
        Ok(answer) => {
            let status = answer.status().as_u16();
            (status >= 400).then(|| Cow::Owned(status.to_string()))
        }
        Err(_) => Some(Cow::Borrowed(failure(result))),
    }
}

/// Tells the span and the application that a call is over, also of one whose future is dropped.
struct Ending<'a> {
    transport: &'a Transport,
    operation: &'a Operation,
    facts: &'a Facts,
    span: Span,
    started: Instant,
    error_type: Option<Cow<'static, str>>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.span.is_disabled() && self.transport.on_call.is_none() {
            return;
        }
        let (status, attempts) = (self.facts.status(), self.facts.attempts());
        let error_type = self.error_type.take();
        telemetry::finished(&self.span, status, attempts, error_type.as_deref());
        if let Some(on_call) = &self.transport.on_call {
            on_call(&FinishedCall {
                api: self.transport.dialect.api,
                operation: self.operation.id,
                method: self.operation.method,
                url_template: self.operation.path,
                server_address: self
                    .transport
                    .server
                    .host_str()
                    .unwrap_or_default()
                    .to_owned(),
                status,
                error_type,
                attempts,
                duration: self.started.elapsed(),
            });
        }
    }
}

/// An error of the only type that generated code takes, made without sending anything.
async fn unsendable(http: &reqwest::Client) -> reqwest::Result<Answer> {
    let response = http.get("").send().await?;
    Ok(Answer::unread(response))
}

#[cfg(test)]
mod tests;
