//! Holds a response back until the state changes. Must not contain markup.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::visitor::{Seen, Visitor};
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::visit::Fields;

/// The longest wait for a change. Browsers and proxies wait longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

impl Visitor {
    /// Holds the response back until the state changes.
    pub(super) async fn wait(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let method = fields.get("method").and_then(Method::of_word);
        if method.is_none() && fields.get("method").is_some() {
            return PageAnswer::Json(StatusCode::BAD_REQUEST, json!({"message": "method?"}));
        }
        let id = fields.get("challenge").unwrap_or_default();
        let (bearer, before) = (&seen.bearer, seen.situation.state);
        // A move of the tenant's clock wakes this, too.
        let mut changed = self.tenant.ledger().changed();
        let mut stopped = self.app.stopped();
        let done = || {
            self.tenant.look(|authsignal, now| {
                let state = authsignal.state_of_bearer(bearer);
                let waits = match method {
                    // The page shows a challenge. It may have ended before the page asked.
                    None => state == Some(State::ChallengeRequired),
                    Some(Method::Push) => authsignal
                        .verify_push(bearer, id, now)
                        .is_ok_and(|answer| !answer.stage.is_answered()),
                    Some(Method::QrCode) => authsignal
                        .watch_qr(id, now)
                        .is_ok_and(|answer| !answer.stage.is_answered()),
                    Some(method) => authsignal.open_challenge(bearer, method, now).is_some(),
                };
                let over = now.as_second() >= self.claims.exp;
                !waits || over || state != before
            })
        };
        let moved = async {
            while !done() {
                if changed.changed().await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            biased;
            () = moved => PageAnswer::Json(StatusCode::OK, json!({"done": true})),
            _ = stopped.wait_for(|stopped| *stopped) => PageAnswer::Nothing,
            () = self.tenant.ledger().closed() => PageAnswer::Nothing,
            () = tokio::time::sleep(PATIENCE) => PageAnswer::Nothing,
        }
    }
}
