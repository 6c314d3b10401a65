//! [`VerifiedWebhook`]: the extractor of a webhook. Must not know how signatures are made, nor how bodies are read.

use std::fmt;

use axum::RequestExt as _;
use axum::body::to_bytes;
use axum::extract::{FromRef, FromRequest, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::authsignal::webhook::{
    Content, Event, ParseError, SIGNATURE_HEADER, Verifier, VerifyError,
};

/// The longest body that [`VerifiedWebhook`] reads, in bytes: 1 MiB. The longest body that the vendor sends is a batch of
/// 500 log events.
pub const MAX_WEBHOOK_BODY: usize = 1 << 20;

/// A webhook of Authsignal whose signature and age were checked.
///
/// It reads the raw body, up to [`MAX_WEBHOOK_BODY`] and up to the application's own `DefaultBodyLimit`, and verifies it with
/// the [`Verifier`] in the router's state. It must be the last argument of its handler.
///
/// The vendor waits for the answer to some events, and takes a status outside 200 to 299 as a failure: see
/// [`Data`](crate::authsignal::webhook::Data). It delivers log events at least once and in any order, so skip the ids that
/// you know.
///
/// The `derive` of this example needs axum's feature `macros`. Without it, write `impl FromRef<Shop> for Verifier`.
///
/// ```
/// use axum::Router;
/// use axum::extract::FromRef;
/// use axum::http::StatusCode;
/// use axum::routing::post;
/// use stepup_client::authsignal::webhook::{Data, Verifier};
/// use stepup_client::axum::VerifiedWebhook;
///
/// #[derive(Clone, FromRef)]
/// struct Shop {
///     webhooks: Verifier,
/// }
///
/// async fn hook(webhook: VerifiedWebhook) -> StatusCode {
///     for event in webhook.events() {
///         match &event.data {
///             Data::SmsCreated(sms) => send_text_message(&sms.to).await,
///             other => println!("nothing to do for {}", other.kind()),
///         }
///     }
///     StatusCode::NO_CONTENT
/// }
/// # async fn send_text_message(_: &str) {}
///
/// let shop = Shop {
///     webhooks: Verifier::new("MY SERVER API SECRET"),
/// };
/// let app: Router = Router::new().route("/hook", post(hook)).with_state(shop);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedWebhook(pub Content);

impl VerifiedWebhook {
    /// The events: the one that the vendor sent, or those of a batch.
    pub fn events(&self) -> &[Event] {
        match &self.0 {
            Content::Event(event) => std::slice::from_ref(event),
            Content::LogBatch(events) => events,
        }
    }
}

/// Why a request is not a webhook that the handler may see. As an answer, it has a status and a text of one line; the text
/// does not say what is wrong with a signature, because the sender may be an attacker. `Display` says it, and the extractor logs
/// that at the level WARN, with the target `stepup_client`. To answer or log yourself, let the handler take
/// `Result<VerifiedWebhook, WebhookRejection>`.
#[derive(Debug)]
#[non_exhaustive]
pub enum WebhookRejection {
    /// The header `X-Signature-V2` is not there exactly once, or is not text: 401.
    Signature,
    /// The signature is not the vendor's, or is too old: 401.
    NotGenuine(VerifyError),
    /// The body is longer than the bound: 413.
    TooLong,
    /// The connection ended within the body: 400.
    Unreadable(axum::Error),
    /// The body is genuine, but this version of the client cannot read it: 500, so that the vendor sends it again.
    Unknown(ParseError),
}

impl WebhookRejection {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Signature | Self::NotGenuine(_) => StatusCode::UNAUTHORIZED,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unreadable(_) => StatusCode::BAD_REQUEST,
            Self::Unknown(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for WebhookRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature => write!(f, "the request needs one header {SIGNATURE_HEADER}"),
            Self::NotGenuine(error) => write!(f, "the webhook is not genuine: {error}"),
            Self::TooLong => write!(f, "the body is longer than this receiver reads"),
            Self::Unreadable(_) => f.write_str("the body did not arrive as a whole"),
            Self::Unknown(error) => write!(f, "the webhook is genuine, but unknown: {error}"),
        }
    }
}

impl std::error::Error for WebhookRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotGenuine(error) => Some(error),
            Self::Unreadable(error) => Some(error),
            Self::Unknown(error) => Some(error),
            Self::Signature | Self::TooLong => None,
        }
    }
}

impl IntoResponse for WebhookRejection {
    fn into_response(self) -> Response {
        let text = match &self {
            Self::NotGenuine(_) => "the signature of this webhook is not accepted".to_owned(),
            Self::Unknown(_) => "this receiver does not know the form of this webhook".to_owned(),
            other => other.to_string(),
        };
        (self.status(), text).into_response()
    }
}

impl<S> FromRequest<S> for VerifiedWebhook
where
    S: Send + Sync,
    Verifier: FromRef<S>,
{
    type Rejection = WebhookRejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let verified = Self::verified(request, state).await;
        if let Err(rejection) = &verified {
            let hint = match rejection {
                WebhookRejection::NotGenuine(VerifyError::Mismatch) => {
                    " The verifier has another secret than the sender, or something changed the body on its way."
                }
                _ => "",
            };
            tracing::warn!(target: "stepup_client", "a webhook is refused: {rejection}{hint}");
        }
        verified
    }
}

impl VerifiedWebhook {
    async fn verified<S>(request: Request, state: &S) -> Result<Self, WebhookRejection>
    where
        Verifier: FromRef<S>,
    {
        // Before the body, so that a stranger cannot have it read.
        let signature = signature(request.headers())?.to_owned();
        // Bounded by the application's limit, where it has one, and by ours.
        let body = request.into_limited_body();
        let body = to_bytes(body, MAX_WEBHOOK_BODY).await.map_err(unread)?;
        let delivery = Verifier::from_ref(state)
            .verify(&signature, &body)
            .map_err(WebhookRejection::NotGenuine)?;
        delivery
            .parse()
            .map(Self)
            .map_err(WebhookRejection::Unknown)
    }
}

/// The one signature. With two, nobody knows which of them another part of the application has checked.
fn signature(headers: &HeaderMap) -> Result<&str, WebhookRejection> {
    let mut all = headers.get_all(SIGNATURE_HEADER).iter();
    match (all.next().map(|value| value.to_str()), all.next()) {
        (Some(Ok(signature)), None) => Ok(signature),
        _ => Err(WebhookRejection::Signature),
    }
}

/// Why a body could not be read. The error for its length stands somewhere below.
fn unread(error: axum::Error) -> WebhookRejection {
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        if inner.is::<http_body_util::LengthLimitError>() {
            return WebhookRejection::TooLong;
        }
        cause = inner.source();
    }
    WebhookRejection::Unreadable(error)
}

#[cfg(test)]
mod tests;
