//! A call in the making, by a generated client. Must not know any API.

use std::future::Future as _;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use progenitor_client::{Error as Generated, ResponseValue};
use reqwest::Response;
use serde::de::DeserializeOwned;

use super::Facts;
use crate::error::{Error, Reason, Result};

/// A call in the making: the generated client, and what the call learns besides its answer.
pub(crate) struct Call<C> {
    pub(crate) raw: C,
    pub(crate) facts: Facts,
    pub(crate) operation: &'static str,
}

impl<C> Call<C> {
    /// A call of this operation, by a generated client that keeps what it learns in the facts that it gets.
    pub(crate) fn new(operation: &'static str, keeping: impl FnOnce(Facts) -> C) -> Self {
        let facts = Facts::default();
        Self {
            raw: keeping(facts.clone()),
            facts,
            operation,
        }
    }

    /// The call's answer, or its error in our form. A status from 200 to 299 that the API's description does not list is
    /// a success, too (RFC 9110, 15): the call was carried out.
    pub(crate) fn answer<T: DeserializeOwned, E: Reason>(
        &self,
        answer: Result<ResponseValue<T>, Generated<E>>,
    ) -> Result<T> {
        match answer {
            Ok(answer) => Ok(answer.into_inner()),
            Err(Generated::UnexpectedResponse(response)) if response.status().is_success() => {
                Error::decode(&read(response)).map_err(|error| self.fail(error))
            }
            Err(error) => Err(Error::of_generated::<T, _>(
                error,
                self.operation,
                &self.facts,
            )),
        }
    }

    /// Completes an error of ours with what the call learned.
    #[allow(
        dead_code,
        reason = "not every API has calls that fail beside the wire, and which are here is for the features to say"
    )]
    pub(crate) fn fail(&self, error: Error) -> Error {
        error.with_call(self.operation, &self.facts)
    }
}

/// The body of a response that [`Answer`](super::answer::Answer) has made of one that is read. So it is there at once.
fn read(response: Response) -> Bytes {
    let body = pin!(response.bytes());
    match body.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(body)) => body,
        _ => Bytes::new(),
    }
}
