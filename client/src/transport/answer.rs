//! An answer whose body is read already, as generated code takes it. Must not know any API.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HeaderMap, TRANSFER_ENCODING};
use progenitor_client::{Error as Generated, ResponseValue};
use reqwest::{Response, ResponseBuilderExt as _};
use serde::de::DeserializeOwned;

/// An answer. progenitor's own code takes a `Response`, whose body it reads itself: making one anew for it took 3,700 of
/// 78,200 instructions of a call.
#[derive(Debug)]
pub(crate) struct Answer {
    /// Its body is in `body`.
    response: Response,
    pub(super) body: Bytes,
}

impl Answer {
    /// Reads an answer up to so many bytes, and leaves the rest.
    pub(super) async fn read(mut response: Response, limit: usize) -> reqwest::Result<Self> {
        let body = body(&mut response, limit).await?;
        Ok(Self { response, body })
    }

    /// As [`read`](Self::read), for a status that is an error: it is news enough without a body that breaks off.
    pub(super) async fn read_failure(mut response: Response, limit: usize) -> Self {
        let body = body(&mut response, limit).await.unwrap_or_default();
        Self { response, body }
    }

    /// An answer whose body nobody reads.
    pub(super) fn unread(response: Response) -> Self {
        Self {
            response,
            body: Bytes::new(),
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    pub(super) fn headers_mut(&mut self) -> &mut HeaderMap {
        self.response.headers_mut()
    }

    #[allow(
        dead_code,
        reason = "the control API has no answers outside of generated code, and which APIs are here is for the features to say"
    )]
    pub(crate) fn body(&self) -> &[u8] {
        &self.body
    }

    /// The answer as this type, for generated code.
    #[allow(clippy::result_large_err, reason = "generated code returns this error")]
    pub(crate) fn decode<T: DeserializeOwned, E>(self) -> Result<ResponseValue<T>, Generated<E>> {
        // Checked as a whole, the text of a user takes 800 instructions less to read than string by string.
        let value = match std::str::from_utf8(&self.body) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(&self.body),
        };
        match value {
            Ok(value) => Ok(self.having(value)),
            Err(error) => Err(Generated::InvalidResponsePayload(self.body, error)),
        }
    }

    /// The answer as an error of this type, for generated code.
    pub(crate) fn failure<E: DeserializeOwned>(self) -> Generated<E> {
        match self.decode() {
            Ok(answer) => Generated::ErrorResponse(answer),
            Err(error) => error,
        }
    }

    /// The answer without its body, for generated code.
    #[allow(
        dead_code,
        reason = "few APIs have answers without a body, and which APIs are here is for the features to say"
    )]
    pub(crate) fn empty(self) -> ResponseValue<()> {
        self.having(())
    }

    /// The answer as one whose status the description does not list, for generated code.
    pub(crate) fn unexpected<E>(self) -> Generated<E> {
        // Without a URL, reqwest parses a made-up one.
        let url = self.response.url().clone();
        let with_url = http::Response::builder().url(url).body(());
        let mut rebuilt = with_url.unwrap_or_default().map(|()| self.body.clone());
        *rebuilt.status_mut() = self.status();
        let answer = self.having(());
        answer.headers().clone_into(rebuilt.headers_mut());
        Generated::UnexpectedResponse(Response::from(rebuilt))
    }

    fn having<T>(mut self, value: T) -> ResponseValue<T> {
        let mut headers = std::mem::take(self.response.headers_mut());
        without_framing(&mut headers);
        ResponseValue::new(value, self.status(), headers)
    }
}

/// Takes out the headers of the connection, which tell nothing about a body that is read.
pub(super) fn without_framing(headers: &mut HeaderMap) {
    headers.remove(CONTENT_LENGTH);
    headers.remove(TRANSFER_ENCODING);
}

async fn body(response: &mut Response, limit: usize) -> reqwest::Result<Bytes> {
    // Most answers come in one piece, which needs no copy.
    let Some(first) = response.chunk().await? else {
        return Ok(Bytes::new());
    };
    if first.len() >= limit {
        return Ok(first.slice(..limit));
    }
    let Some(second) = response.chunk().await? else {
        return Ok(first);
    };
    let mut body = BytesMut::from(first);
    let mut next = Some(second);
    while let Some(chunk) = next {
        let room = limit - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() >= room {
            break;
        }
        next = response.chunk().await?;
    }
    Ok(body.freeze())
}
