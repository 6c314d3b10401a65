//! Checks what the user submits: a code, a link, an answer from a phone, or a passkey. Must not choose pages.

use serde_json::Value;

use super::visitor::Visitor;
use super::wording::said;
use crate::domain::authsignal::challenge::Stage;
use crate::domain::authsignal::factor::passkey::Answered;
use crate::domain::authsignal::factor::{Bearer, Passed, Verdict};
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::visit::Fields;

const WRONG: &str = "The code is wrong or has expired. Try again.";

const USED: &str = "This code was already used. Wait for the next one.";

const TOO_MANY_HERE: &str = "Too many wrong codes. Use another method, or start again.";

const TOO_MANY: &str = "Too many wrong codes. Send a new code, or use another method.";

/// With limits on attempts, a new code is refused like the one before it until the time is over.
const TOO_MANY_FOR_NOW: &str =
    "Too many wrong codes. Wait a few minutes, then send a new code, or use another method.";

/// The outcome of an attempt.
pub(super) enum Tried {
    Passed(Box<Passed>),
    /// The link or the phone has not answered yet; the text says so.
    Waits(&'static str),
    Problem(String),
}

impl Visitor {
    pub(super) async fn try_code(&self, bearer: &Bearer, method: Method, code: &str) -> Tried {
        let verdict = self
            .tenant
            .transact_delivered(|authsignal, turn| match method {
                Method::AuthenticatorApp => authsignal.verify_totp(turn, bearer, code),
                Method::RecoveryCode => authsignal.verify_recovery_code(turn, bearer, code),
                _ => authsignal.verify_code(turn, bearer, method, code),
            });
        match verdict.await {
            Ok(Verdict::Passed(passed)) => Tried::Passed(passed),
            Ok(Verdict::Wrong) => Tried::Problem(WRONG.to_owned()),
            Ok(Verdict::Used) => Tried::Problem(USED.to_owned()),
            Ok(Verdict::TooMany) => Tried::Problem(match method {
                Method::AuthenticatorApp | Method::RecoveryCode => TOO_MANY_HERE.to_owned(),
                _ if self.limits_attempts() => TOO_MANY_FOR_NOW.to_owned(),
                _ => TOO_MANY.to_owned(),
            }),
            Err(refusal) => Tried::Problem(said(&refusal)),
        }
    }

    fn limits_attempts(&self) -> bool {
        self.tenant
            .look(|authsignal, _| authsignal.configuration.rate_limits)
    }

    pub(super) async fn try_link(&self, bearer: &Bearer) -> Tried {
        let finished = self.tenant.transact_delivered(|authsignal, turn| {
            authsignal.finalize_magic_link(turn, bearer, None)
        });
        match finished.await {
            Ok(Some(passed)) => Tried::Passed(Box::new(passed)),
            Ok(None) => Tried::Waits("You have not opened the link yet."),
            Err(refusal) => Tried::Problem(said(&refusal)),
        }
    }

    pub(super) fn try_approval(&self, bearer: &Bearer, method: Method, fields: &Fields) -> Tried {
        let id = fields.get("challenge").unwrap_or_default();
        let answer = self.tenant.look(|authsignal, now| match method {
            Method::Push => authsignal.verify_push(bearer, id, now),
            _ => authsignal.watch_qr(id, now),
        });
        match answer {
            Ok(answer) => match (answer.passed, answer.stage) {
                // A challenge of another action proves nothing here.
                (Some(passed), _) if is_of(&passed, bearer) => Tried::Passed(Box::new(passed)),
                (_, Stage::Unclaimed | Stage::Claimed) => {
                    Tried::Waits("Your phone has not answered yet.")
                }
                _ => Tried::Problem("Your phone did not approve the request.".to_owned()),
            },
            Err(refusal) => Tried::Problem(said(&refusal)),
        }
    }

    pub(super) async fn try_credential(
        &self,
        bearer: &Bearer,
        method: Method,
        enrolls: bool,
        fields: &Fields,
    ) -> Tried {
        let json = fields.get("credential").unwrap_or_default();
        let Ok(json) = serde_json::from_str::<Value>(json) else {
            return Tried::Problem(
                "Your device sent no answer. This page needs JavaScript.".to_owned(),
            );
        };
        let answered = Answered {
            json: &json,
            challenge_id: None,
            page: self.asking(),
            conditional: false,
            browser: self.user_agent.as_deref(),
            device_id: None,
        };
        let tried = self.tenant.transact_delivered(|authsignal, turn| {
            if enrolls {
                authsignal.register_credential(turn, bearer, method, answered)
            } else {
                authsignal.verify_credential(turn, Some(bearer), method, answered)
            }
        });
        match tried.await {
            Ok(passed) => Tried::Passed(Box::new(passed)),
            Err(refusal) => Tried::Problem(said(&refusal)),
        }
    }
}

/// Whether the user passed the challenge for this action. A challenge of another action proves nothing.
pub(super) fn is_of(passed: &Passed, bearer: &Bearer) -> bool {
    (&passed.user_id, &passed.action, &passed.key) == (&bearer.user_id, &bearer.action, &bearer.key)
}
