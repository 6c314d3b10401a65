//! What a generated client carries beside its HTTP client, and how an API signs its requests. Must not know any API.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

use reqwest::Request;
use url::Url;

use super::answer::Answer;
use super::{Facts, Operation, RetryClass, Transport};

/// How an API signs its requests.
pub trait Sign {
    /// Why a request cannot be signed.
    type Error: StdError + Send + Sync + 'static;

    /// Changes the request of a call, before anything else is added to it.
    fn prepare(&self, _request: &mut Request) {}

    /// Puts the credentials on one attempt.
    fn sign(&self, operation: &Operation, request: &mut Request) -> Result<(), Self::Error>;

    /// When a call may be repeated. `has_key` says whether its options have an idempotency key.
    fn retry(&self, operation: &Operation, has_key: bool) -> RetryClass {
        match operation.retry {
            RetryClass::Never if has_key => RetryClass::Keyed,
            class => class,
        }
    }
}

/// What a generated client carries: how it sends, what it signs with, and where a call keeps what it learns.
#[derive(Clone)]
pub struct Inner<S> {
    pub(crate) transport: Arc<Transport>,
    pub(crate) signer: S,
    /// Where a call of ours keeps what it learns; calls through `raw()` keep nothing.
    facts: Option<Facts>,
}

impl<S> Inner<S> {
    pub(crate) fn new(transport: Transport, signer: S) -> Self {
        Self {
            transport: Arc::new(transport),
            signer,
            facts: None,
        }
    }

    /// The server's base URL, without a slash at its end.
    pub(crate) fn baseurl(&self) -> &str {
        self.transport.server()
    }

    /// The URL of a path, for generated code.
    pub(crate) fn url(&self, path: &str) -> Url {
        self.transport.url(path)
    }
}

impl<S: Clone> Inner<S> {
    /// The same, keeping what the next call learns in `facts`.
    pub(crate) fn keeping(&self, facts: Facts) -> Self {
        Self {
            facts: Some(facts),
            ..self.clone()
        }
    }
}

impl<S: Sign> Inner<S> {
    /// Sends a request of an operation, as often as it may be repeated. It is taken from where it is, because a future keeps
    /// room for each argument, and copies it twice.
    pub(crate) async fn send(
        &self,
        http: &reqwest::Client,
        request: &mut Option<Request>,
        operation: &Operation,
    ) -> reqwest::Result<Answer> {
        let facts = self.facts.clone().unwrap_or_default();
        let sent = self
            .transport
            .execute(http, request, operation, &facts, &self.signer);
        let mut answer = sent.await?;
        if self.facts.is_some() {
            facts.keep_headers(std::mem::take(answer.headers_mut()));
        }
        Ok(answer)
    }
}

impl<S> fmt::Debug for Inner<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("limits", &self.transport.limits)
            .finish_non_exhaustive()
    }
}
