//! [`FinishedCall`]: the facts of a call, for an application's metrics. Must not hold ids, secrets or URLs.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

/// The facts of one call that is over, for metrics. The function that a builder got by `on_call` is given them.
///
/// Only words of the API's description are in it, and no ids, so every text fits a label of a metric.
///
/// ```
/// # #[cfg(feature = "authsignal")]
/// # fn main() -> stepup_client::Result<()> {
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use stepup_client::authsignal::Authsignal;
///
/// let retries = Arc::new(AtomicU64::new(0));
/// let counter = Arc::clone(&retries);
/// let authsignal = Authsignal::builder("my-server-api-secret")
///     .on_call(move |call| {
///         counter.fetch_add(u64::from(call.retries()), Ordering::Relaxed);
///     })
///     .build()?;
/// # let _ = authsignal;
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "authsignal"))]
/// # fn main() {}
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FinishedCall {
    /// The name of the API, such as `authsignal`.
    pub api: &'static str,
    /// The operation, as the API's description names it; `send_raw` for a call by that method.
    pub operation: &'static str,
    /// The HTTP method: OpenTelemetry's `http.request.method`.
    pub method: &'static str,
    /// The path template, parameters in braces: OpenTelemetry's `url.template`. Empty for `send_raw`.
    pub url_template: &'static str,
    /// The host of the server: OpenTelemetry's `server.address`.
    pub server_address: String,
    /// The status of the last answer, if it came whole: OpenTelemetry's `http.response.status_code`.
    pub status: Option<u16>,
    /// What went wrong: OpenTelemetry's `error.type`. The status if it is 400 or more, else `connect`, `timeout`, `lost`,
    /// `unsent`, or `cancelled` if the call's future was dropped. None for a call that got its answer, even one that the
    /// client cannot read.
    pub error_type: Option<Cow<'static, str>>,
    /// How many requests the client sent, or tried to send.
    pub attempts: u32,
    /// From the call's start to its end, all attempts and waits included.
    pub duration: Duration,
}

impl FinishedCall {
    /// How many attempts came after the first: OpenTelemetry's `http.request.resend_count`.
    pub fn retries(&self) -> u32 {
        self.attempts.saturating_sub(1)
    }
}

/// An application's function that is told of each call.
pub(crate) type OnCall = Arc<dyn Fn(&FinishedCall) + Send + Sync>;
