//! A step-up for one order, whatever the framework. Must not know HTTP.

use serde::Deserialize;
use stepup_client::authsignal::{Authsignal, TokenToValidate, TrackAttributes, TrackOutcome};

const ACTION: &str = "pay";

/// What the vendor adds to the redirect URL.
#[derive(Deserialize)]
pub(crate) struct Back {
    pub(crate) token: String,
}

/// What to do with an order.
pub(crate) enum Next {
    GoOn,
    Redirect(String),
    Refuse,
}

/// Asks the vendor what the order needs. The order's id is the idempotency key, so asking again is the same action.
pub(crate) async fn begin(authsignal: &Authsignal, user: &str, order: &str) -> Next {
    let attributes = TrackAttributes::new()
        .idempotency_key(order)
        .redirect_url(format!("http://localhost:3000/orders/{order}/back"));
    // Without an answer, nobody pays.
    let Ok(tracked) = authsignal.track(user, ACTION, attributes).await else {
        return Next::Refuse;
    };
    match tracked.outcome() {
        // Without an authenticator, the vendor allows what it would challenge otherwise.
        TrackOutcome::Allowed { is_enrolled: true } => Next::GoOn,
        TrackOutcome::ChallengeRequired { url, .. } => Next::Redirect(url.expose().to_owned()),
        _ => Next::Refuse,
    }
}

/// Whether a token proves that the user has passed the challenge of this order.
pub(crate) async fn end(authsignal: &Authsignal, user: &str, order: &str, token: &str) -> bool {
    let token = TokenToValidate::new(token).user_id(user).action(ACTION);
    let validated = authsignal.validate_challenge(token).await;
    validated.is_ok_and(|validated| {
        validated.is_valid && validated.idempotency_key.as_deref() == Some(order)
    })
}
