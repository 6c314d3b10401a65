//! Glue for applications on [axum](https://docs.rs/axum): extractors of verified webhooks and of verified sessions. Must not
//! know how requests are sent, nor what the application does with what it gets.
//!
//! | in a handler | in the state |
//! | --- | --- |
//! | [`VerifiedWebhook`] | a [`Verifier`](crate::authsignal::webhook::Verifier) |
#![cfg_attr(
    feature = "session-tokens",
    doc = "| [`VerifiedSession`], or `Option<VerifiedSession>` | [`Sessions`] |"
)]
//!
//! A handler that takes one of them runs only if the check has passed. Otherwise the extractor answers with a status and a
//! short text. The layer that requires a step-up is in the module `tower`, behind the feature of that name.

#[cfg(feature = "session-tokens")]
mod session;
mod webhook;

#[cfg(feature = "session-tokens")]
pub use session::{SessionRejection, Sessions, VerifiedSession};
pub use webhook::{MAX_WEBHOOK_BODY, VerifiedWebhook, WebhookRejection};
