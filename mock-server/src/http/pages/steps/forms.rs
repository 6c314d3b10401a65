//! Handles the forms: verify, send again, enrol, and ask a browser for a passkey. Must not contain markup.

use http::StatusCode;
use serde_json::json;

use super::attempt::Tried;
use super::visitor::{Seen, Visitor, offered};
use super::wording::{address, said};
use crate::domain::authsignal::factor::passkey::Wanted;
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::view::{Address, View};
use crate::http::pages::visit::Fields;

impl Visitor {
    pub(super) async fn verify(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let Some(method) = fields.get("method").and_then(Method::of_word) else {
            return self.misdirected(seen);
        };
        let (bearer, situation) = (&seen.bearer, &seen.situation);
        let enrolls = fields.get("enrolls").is_some();
        let open = if enrolls {
            situation.may_add
        } else {
            situation.state == Some(State::ChallengeRequired)
                && offered(situation).contains(&method)
        };
        // The phone's answer decides the action before the page learns of it, so the action is no longer open.
        if !open && !matches!(method, Method::Push | Method::QrCode) {
            return PageAnswer::To(self.link(&[]));
        }
        let code = fields.get("code").unwrap_or_default();
        let code: String = code.chars().filter(|one| !one.is_whitespace()).collect();
        let tried = match method {
            Method::Passkey | Method::SecurityKey => {
                self.try_credential(bearer, method, enrolls, fields).await
            }
            Method::Push | Method::QrCode => self.try_approval(bearer, method, fields),
            Method::EmailMagicLink => self.try_link(bearer).await,
            _ => self.try_code(bearer, method, &code).await,
        };
        match tried {
            Tried::Passed(passed) => self.passed(seen, *passed),
            Tried::Waits(why) => {
                self.again(seen, method, enrolls, fields, why.to_owned())
                    .await
            }
            Tried::Problem(why) => self.again(seen, method, enrolls, fields, why).await,
        }
    }

    /// Shows the page of a method again, with the reason.
    pub(super) async fn again(
        &self,
        seen: &Seen,
        method: Method,
        enrolls: bool,
        fields: &Fields,
        why: String,
    ) -> PageAnswer {
        // The attempt may have decided the action.
        let now = self.look();
        let seen = now.as_ref().unwrap_or(seen);
        let required = seen.situation.state == Some(State::ChallengeRequired);
        let page = if enrolls {
            let mut fields = fields.clone();
            fields.set("step", "code");
            self.enrollment(seen, method, &fields, Some(why)).await
        } else if required {
            self.method(seen, method, fields, false, Some(why)).await
        } else {
            return PageAnswer::To(self.link(&[]));
        };
        match page {
            PageAnswer::Page(StatusCode::OK, page) => {
                PageAnswer::Page(StatusCode::UNPROCESSABLE_ENTITY, page)
            }
            other => other,
        }
    }

    /// The WebAuthn options for the page's script.
    pub(super) fn credential_options(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let method = fields.get("method").and_then(Method::of_word);
        let method = method.unwrap_or(Method::Passkey);
        let enrolls = fields.get("enrolls").is_some();
        let refused =
            |status, message: String| PageAnswer::Json(status, json!({"message": message}));
        if !enrolls && seen.situation.state != Some(State::ChallengeRequired) {
            let why = "There is nothing left to confirm. Reload the page.";
            return refused(StatusCode::CONFLICT, why.to_owned());
        }
        let page = self.asking();
        let bearer = &seen.bearer;
        let options = self.tenant.transact(|authsignal, turn| {
            if enrolls {
                let wanted = Wanted::default();
                authsignal
                    .registration_options(turn, bearer, method, wanted, page)
                    .map(|started| serde_json::to_value(started.options))
            } else {
                authsignal
                    .authentication_options(turn, Some(bearer), method, None, page)
                    .map(|started| serde_json::to_value(started.options))
            }
        });
        match options {
            Ok(Ok(options)) => PageAnswer::Json(StatusCode::OK, options),
            Ok(Err(error)) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            Err(refusal) => refused(StatusCode::BAD_REQUEST, said(&refusal)),
        }
    }

    pub(super) async fn send(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let Some(method) = fields.get("method").and_then(Method::of_word) else {
            return self.misdirected(seen);
        };
        let enrolls = fields.get("enrolls").is_some();
        let situation = &seen.situation;
        let open = enrolls
            || (situation.state == Some(State::ChallengeRequired)
                && offered(situation).contains(&method));
        if !open {
            return PageAnswer::To(self.link(&[]));
        }
        match self.dispatch(&seen.bearer, method).await {
            Ok(_) if enrolls => PageAnswer::To(self.link(&[
                ("enroll", method.word()),
                ("step", "code"),
                ("sent", "1"),
            ])),
            Ok(_) => PageAnswer::To(self.link(&[("method", method.word()), ("sent", "1")])),
            Err(refusal) => {
                self.again(seen, method, enrolls, fields, said(&refusal))
                    .await
            }
        }
    }

    pub(super) async fn enroll(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let method = fields.get("method").and_then(Method::of_word);
        let method = method.filter(|method| method.is_email() || method.is_phone());
        let Some(method) = method.filter(|_| seen.situation.may_add) else {
            return self.misdirected(seen);
        };
        let entered = fields.filled("address").unwrap_or_default();
        let calling_code = self.calling_code(method);
        let problem = match address(method, entered, calling_code) {
            Ok(address) => {
                let bearer = &seen.bearer;
                let sent = self.tenant.transact_delivered(|authsignal, turn| {
                    authsignal.enroll_message(turn, bearer, method, address, &self.base)
                });
                match sent.await {
                    Ok(_) => {
                        let code = [("enroll", method.word()), ("step", "code")];
                        return PageAnswer::To(self.link(&code));
                    }
                    Err(refusal) => said(&refusal),
                }
            }
            Err(problem) => problem.to_owned(),
        };
        let back = Some((self.link(&[("view", "enroll")]), "Use another method"));
        let view = View::Address(Address {
            method,
            value: entered.to_owned(),
            calling_code,
            problem: Some(problem),
        });
        match self.page(seen, back, view) {
            PageAnswer::Page(_, page) => PageAnswer::Page(StatusCode::UNPROCESSABLE_ENTITY, page),
            other => other,
        }
    }
}
