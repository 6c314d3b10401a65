//! Holds an answer back until there is something to see.

use std::time::Duration;

use http::StatusCode;
use serde_json::json;

use super::visitor::{Seen, Visitor};
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::visit::Fields;

/// How long an answer to the script that waits is held back. Below what browsers and proxies wait.
const PATIENCE: Duration = Duration::from_secs(20);

impl Visitor {
    /// Holds the answer back until there is something to see.
    pub(super) async fn wait(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let Some(method) = fields.get("method").and_then(Method::of_word) else {
            return PageAnswer::Json(StatusCode::BAD_REQUEST, json!({"message": "method?"}));
        };
        let id = fields.get("challenge").unwrap_or_default();
        let (bearer, before) = (&seen.bearer, seen.situation.state);
        // Of anything, because time moves, too.
        let mut changed = self.app.changed();
        let mut stopped = self.app.stopped();
        let done = || {
            self.tenant.look(|authsignal, now| {
                let waits = match method {
                    Method::Push => authsignal
                        .verify_push(bearer, id, now)
                        .is_ok_and(|answer| !answer.stage.is_answered()),
                    Method::QrCode => authsignal
                        .watch_qr(id, now)
                        .is_ok_and(|answer| !answer.stage.is_answered()),
                    _ => authsignal.open_challenge(bearer, method, now).is_some(),
                };
                let over = now.as_second() >= self.claims.exp;
                !waits || over || authsignal.state_of_bearer(bearer) != before
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
            () = tokio::time::sleep(PATIENCE) => PageAnswer::Nothing,
        }
    }
}
