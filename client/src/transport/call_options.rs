//! [`CallOptions`]: what one call does otherwise than its client. Must not send anything.

use std::fmt;
use std::time::Duration;

use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};

use crate::error::{Error, Kind, Result};

/// The header of idempotency keys. The vendor's newest SDKs send it.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Settings of single calls, in place of those of the client.
///
/// Every client has a method `with`. It returns a cheap copy of the client, whose calls all use the options; so options
/// need no second set of methods.
///
/// ```no_run
/// # #[cfg(feature = "authsignal")]
/// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
/// use std::time::Duration;
/// use stepup_client::CallOptions;
///
/// let patient = CallOptions::new().timeout(Duration::from_secs(60)).retries(5);
/// let user = authsignal.with(patient).get_user("user-1").await?;
/// # let _ = user;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "options do nothing until a client gets them by `with`"]
pub struct CallOptions {
    pub(crate) timeout: Option<Duration>,
    pub(crate) attempt_timeout: Option<Duration>,
    pub(crate) retries: Option<u32>,
    key: Option<String>,
    headers: HeaderMap,
    /// What is wrong with them. A call says so, because a builder cannot.
    invalid: Option<&'static str>,
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names of headers without their values, which may be credentials.
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("retries", &self.retries)
            .field("has_idempotency_key", &self.key.is_some())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl CallOptions {
    /// No options: calls do as their client does.
    pub fn new() -> Self {
        Self::default()
    }

    /// Time for the whole call: all attempts and the waits between them. Zero makes the call fail with
    /// [`Kind::InvalidInput`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.check(!timeout.is_zero(), "a time limit is zero");
        self.timeout = Some(timeout);
        self
    }

    /// Time for one attempt, from connecting to the end of the answer. Zero makes the call fail with
    /// [`Kind::InvalidInput`].
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.check(!timeout.is_zero(), "a time limit is zero");
        self.attempt_timeout = Some(timeout);
        self
    }

    /// The largest number of repetitions, if repeating the call is harmless. 0 turns retries off.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = Some(retries);
        self
    }

    /// A key that makes repeating the call harmless. The client sends it as the header `Idempotency-Key`, and repeats
    /// the call like one that only reads.
    ///
    /// `track` takes it as the key of the action if its attributes have none, and is sent once all the same if the client
    /// was built with `keyed_retries(false)`. The vendor's SDKs send the header with `track`, `update_action` and
    /// `challenge`. Give a key to another call only if you know that its server reads it.
    ///
    /// A key is one visible ASCII text, spaces inside it included. Anything else makes the call fail with
    /// [`Kind::InvalidInput`].
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        let key = key.into();
        let is_text = !key.is_empty() && HeaderValue::from_str(&key).is_ok() && key.trim() == key;
        self.check(
            is_text && key.is_ascii(),
            "the idempotency key cannot be a header",
        );
        self.key = Some(key);
        self
    }

    /// A header of the request, such as one that a gateway asks for. A second value of a name takes the place of the first.
    ///
    /// The client sets `Authorization`, `Host`, `Content-Length`, `Transfer-Encoding` and `Connection` itself, and
    /// [`idempotency_key`](Self::idempotency_key) sets its own. One of these, or a name or a value that cannot be a
    /// header, makes the call fail with [`Kind::InvalidInput`].
    pub fn header(
        mut self,
        name: impl TryInto<HeaderName>,
        value: impl TryInto<HeaderValue>,
    ) -> Self {
        let (Ok(name), Ok(mut value)) = (name.try_into(), value.try_into()) else {
            self.check(
                false,
                "a header has a name or a value that a header cannot have",
            );
            return self;
        };
        let reserved = [
            AUTHORIZATION,
            CONNECTION,
            CONTENT_LENGTH,
            HOST,
            IDEMPOTENCY_KEY,
            TRANSFER_ENCODING,
        ];
        self.check(
            !reserved.contains(&name),
            "a header is one that the client sets itself",
        );
        value.set_sensitive(true);
        self.headers.insert(name, value);
        self
    }

    fn check(&mut self, holds: bool, why: &'static str) {
        if !holds && self.invalid.is_none() {
            self.invalid = Some(why);
        }
    }

    /// These options, and of `earlier` what these leave open.
    pub(crate) fn over(mut self, earlier: &Self) -> Self {
        self.timeout = self.timeout.or(earlier.timeout);
        self.attempt_timeout = self.attempt_timeout.or(earlier.attempt_timeout);
        self.retries = self.retries.or(earlier.retries);
        self.key = self.key.or_else(|| earlier.key.clone());
        self.invalid = self.invalid.or(earlier.invalid);
        for (name, value) in &earlier.headers {
            self.headers
                .entry(name)
                .or_insert_with(|| HeaderValue::clone(value));
        }
        self
    }

    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    /// Puts the headers into a request. What the request has already, stays.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) -> Result<()> {
        if let Some(why) = self.invalid {
            return Err(Error::new(Kind::InvalidInput).with_detail(why));
        }
        for (name, value) in &self.headers {
            headers.insert(name, value.clone());
        }
        if let Some(key) = &self.key
            && !headers.contains_key(IDEMPOTENCY_KEY)
            && let Ok(value) = HeaderValue::from_str(key)
        {
            headers.insert(IDEMPOTENCY_KEY, value);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(options: &CallOptions) -> Result<HeaderMap> {
        let mut headers = HeaderMap::new();
        options.apply(&mut headers).map(|()| headers)
    }

    #[test]
    fn later_options_win_and_leave_the_others() {
        let earlier = CallOptions::new()
            .timeout(Duration::from_secs(1))
            .retries(1)
            .header("x-a", "1")
            .header("x-b", "1");
        let both = CallOptions::new()
            .retries(2)
            .header("x-b", "2")
            .over(&earlier);
        assert_eq!(
            (both.timeout, both.retries),
            (Some(Duration::from_secs(1)), Some(2))
        );
        let headers = applied(&both).unwrap();
        assert_eq!(headers["x-a"], "1");
        assert_eq!(headers["x-b"], "2");
    }

    #[test]
    fn options_that_cannot_be_sent_are_refused_without_repeating_them() {
        let new = CallOptions::new;
        for (options, why) in [
            (new().timeout(Duration::ZERO), "a time limit is zero"),
            (
                new().attempt_timeout(Duration::ZERO),
                "a time limit is zero",
            ),
            (
                new().idempotency_key(""),
                "the idempotency key cannot be a header",
            ),
            (
                new().idempotency_key("MARKED\r\nx: y"),
                "the idempotency key cannot be a header",
            ),
            (
                new().idempotency_key("MARKED\u{e9}"),
                "the idempotency key cannot be a header",
            ),
            (
                new().header("MARKED name", "v"),
                "a header has a name or a value that a header cannot have",
            ),
            (
                new().header("x-a", "MARKED\n"),
                "a header has a name or a value that a header cannot have",
            ),
            (
                new().header("Authorization", "MARKED"),
                "a header is one that the client sets itself",
            ),
            (
                new().header("host", "MARKED"),
                "a header is one that the client sets itself",
            ),
        ] {
            let error = applied(&options).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidInput);
            let expected = format!("an argument is not acceptable: {why}");
            assert_eq!(error.to_string(), expected);
            assert!(!format!("{error:?} {options:?}").contains("MARKED"));
        }
    }

    #[test]
    fn a_key_is_a_header_unless_the_request_has_one() {
        let options = CallOptions::new().idempotency_key("order 4711");
        assert_eq!(applied(&options).unwrap()[IDEMPOTENCY_KEY], "order 4711");
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_KEY, HeaderValue::from_static("its own"));
        options.apply(&mut headers).unwrap();
        assert_eq!(headers[IDEMPOTENCY_KEY], "its own");
        let secret = CallOptions::new().header("x-key", "MARKED");
        assert!(applied(&secret).unwrap()["x-key"].is_sensitive());
        assert!(!format!("{secret:?} {options:?}").contains("MARKED"));
    }
}
