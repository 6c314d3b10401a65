//! [`Reply`]: an answer with what HTTP says about it. Must not know any API.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{HeaderMap, HeaderName};

use super::answer::without_framing;
use crate::error::{Error, Kind, Result};

/// The headers that hold a request's id, the likeliest first. No vendor documents one; these are the names of the
/// gateways that stand before such services.
static REQUEST_IDS: [HeaderName; 4] = [
    HeaderName::from_static("x-request-id"),
    HeaderName::from_static("x-amzn-requestid"),
    HeaderName::from_static("apigw-requestid"),
    HeaderName::from_static("x-amz-request-id"),
];

/// The longest id of a request that is kept, in bytes.
const LONGEST_REQUEST_ID: usize = 200;

/// The id that a server gave to a request.
pub(crate) fn request_id(headers: &HeaderMap) -> Option<&str> {
    REQUEST_IDS
        .iter()
        .filter_map(|name| headers.get(name)?.to_str().ok())
        .find(|id| !id.is_empty() && id.len() <= LONGEST_REQUEST_ID)
}

/// An answer, with its status, its headers and the number of attempts. The method `reply` of each client returns it.
///
/// A closure names the call, because every method of every client then works, and the compiler knows the type of the
/// answer. A failed call tells the same in its [`Error`]: [`status`](Error::status), [`request_id`](Error::request_id)
/// and [`attempts`](Error::attempts).
///
/// ```no_run
/// # #[cfg(feature = "authsignal")]
/// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
/// let reply = authsignal.reply(async |authsignal| authsignal.get_user("user-1").await).await?;
/// println!("{} after {} attempts, request {:?}", reply.status(), reply.attempts(), reply.request_id());
/// let user = reply.into_value();
/// # let _ = user;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Reply<T> {
    value: T,
    seen: Seen,
}

/// What HTTP says about an answer.
#[derive(Clone)]
struct Seen {
    status: u16,
    headers: HeaderMap,
    attempts: u32,
}

impl<T: fmt::Debug> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of headers without their values: some set cookies.
        f.debug_struct("Reply")
            .field("status", &self.seen.status)
            .field("attempts", &self.seen.attempts)
            .field("headers", &self.seen.headers.keys().collect::<Vec<_>>())
            .field("value", &self.value)
            .finish()
    }
}

impl<T> Reply<T> {
    /// The answer.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The answer, without the rest.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The status, 200 to 299.
    pub fn status(&self) -> u16 {
        self.seen.status
    }

    /// The headers, without those of the connection: the length and the coding of the body.
    pub fn headers(&self) -> &HeaderMap {
        &self.seen.headers
    }

    /// The id that the server gave to the request, for the vendor's support: `x-request-id`, or the header of a common
    /// gateway.
    pub fn request_id(&self) -> Option<&str> {
        request_id(&self.seen.headers)
    }

    /// How many requests the client sent, or tried to send.
    pub fn attempts(&self) -> u32 {
        self.seen.attempts
    }
}

/// Where the calls of a client leave what a [`Reply`] needs. The last call counts.
#[derive(Clone, Default)]
pub(crate) struct Capture(Arc<Mutex<Option<Seen>>>);

impl Capture {
    pub(crate) fn keep(&self, status: u16, headers: &HeaderMap, attempts: u32) {
        let mut headers = headers.clone();
        without_framing(&mut headers);
        let seen = Seen {
            status,
            headers,
            attempts,
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
    }

    #[allow(
        dead_code,
        reason = "the control API has no replies, and which APIs are here is for the features to say"
    )]
    pub(crate) fn reply<T>(&self, value: T) -> Result<Reply<T>> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let nothing = "the closure made no call with the client that it got";
        let seen = seen.ok_or_else(|| Error::new(Kind::InvalidInput).with_detail(nothing))?;
        Ok(Reply { value, seen })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_request_id_is_that_of_the_first_known_header() {
        let id = |pairs: &[(&'static str, &'static str)]| {
            let pairs = pairs.iter().map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            request_id(&pairs.collect()).map(str::to_owned)
        };
        assert_eq!(id(&[]), None);
        assert_eq!(id(&[("x-other", "1")]), None);
        assert_eq!(id(&[("x-request-id", "")]), None);
        let behind = [("x-request-id", ""), ("apigw-requestid", "b")];
        assert_eq!(id(&behind).as_deref(), Some("b"));
        assert_eq!(id(&[("apigw-requestid", "b")]).as_deref(), Some("b"));
        let both = [("apigw-requestid", "b"), ("x-request-id", "a")];
        assert_eq!(id(&both).as_deref(), Some("a"));
    }

    #[test]
    fn a_reply_shows_no_value_of_a_header() {
        let mut headers = HeaderMap::new();
        headers.insert("set-cookie", HeaderValue::from_static("MARKED"));
        let capture = Capture::default();
        assert_eq!(capture.reply(()).unwrap_err().kind(), Kind::InvalidInput);
        capture.keep(200, &headers, 2);
        let reply = capture.reply("the answer").unwrap();
        assert_eq!((reply.status(), reply.attempts()), (200, 2));
        assert_eq!(reply.headers()["set-cookie"], "MARKED");
        let shown = format!("{reply:?}");
        assert!(shown.contains("set-cookie") && shown.contains("the answer"));
        assert!(!shown.contains("MARKED"), "{shown}");
        assert_eq!(reply.into_value(), "the answer");
    }
}
