//! Chooses the page that challenges the user, by method. Must not contain markup.

use super::attempt::{Tried, is_of};
use super::visitor::{Seen, Visitor, label, offered};
use super::wording::{masked, said};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::challenge::{Stage, Told};
use crate::domain::authsignal::factor::{Bearer, Passed};
use crate::domain::authsignal::vocabulary::Method;
use crate::http::origin::{on_localhost, split_origin};
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::view::{
    Approval, Code, Credential, Elsewhere, Ending, MagicLink, Offer, View,
};
use crate::http::pages::visit::Fields;

/// A challenge is sent to an address, or the user has already opened its link.
enum Sent {
    To(String),
    Opened(Box<Passed>),
}

impl Visitor {
    /// The page of one of the user's methods, or the list to choose from.
    pub(super) async fn challenge(
        &self,
        seen: &Seen,
        chosen: Option<Method>,
        fields: &Fields,
    ) -> PageAnswer {
        let offered = offered(&seen.situation);
        let first = offered.first().copied();
        let usable = chosen.filter(|method| offered.contains(method));
        match usable.or(first) {
            None => self.ending(seen, Ending::NoMethods),
            Some(_) if fields.get("view") == Some("methods") => {
                let offers = offered.iter().map(|method| Offer {
                    method: *method,
                    label: label(&seen.situation, *method),
                    href: self.link(&[("method", method.word())]),
                });
                self.page(seen, None, View::Methods(offers.collect()))
            }
            Some(method) => {
                let again = fields.get("sent") == Some("1");
                self.method(seen, method, fields, again, None).await
            }
        }
    }

    pub(super) async fn method(
        &self,
        seen: &Seen,
        method: Method,
        fields: &Fields,
        again: bool,
        problem: Option<String>,
    ) -> PageAnswer {
        let back = (offered(&seen.situation).len() > 1)
            .then(|| (self.link(&[("view", "methods")]), "Use another method"));
        let view = match method {
            Method::Sms | Method::Whatsapp | Method::EmailOtp | Method::EmailMagicLink => {
                match self.sent_to(seen, method).await {
                    Ok(Sent::To(address)) => self.message(method, &address, false, again, problem),
                    Ok(Sent::Opened(passed)) => return self.passed(seen, *passed),
                    Err(refusal) => {
                        let address = label(&seen.situation, method).unwrap_or_default();
                        let problem = problem.unwrap_or_else(|| said(&refusal));
                        match self.message(method, &address, false, false, Some(problem)) {
                            // The mock sent nothing, so there is nothing to wait for.
                            View::MagicLink(link) => {
                                View::MagicLink(MagicLink { wait: None, ..link })
                            }
                            view => view,
                        }
                    }
                }
            }
            Method::AuthenticatorApp | Method::RecoveryCode => View::Code(Code {
                method: Some(method),
                clock: self.other_time(),
                problem,
                ..Code::default()
            }),
            Method::Passkey | Method::SecurityKey => self.ceremony(method, false, problem),
            Method::Push | Method::QrCode => {
                match self.approval(seen, method, fields, problem).await {
                    Ok(view) => view,
                    Err(answer) => return answer,
                }
            }
            Method::InApp => return self.misdirected(seen),
        };
        self.page(seen, back, view)
    }

    /// The address of the method's open challenge. If none is open, sends one.
    async fn sent_to(&self, seen: &Seen, method: Method) -> Result<Sent, Refusal> {
        let bearer = &seen.bearer;
        let open = self.tenant.look(|authsignal, now| {
            let open = authsignal.open_challenge(bearer, method, now);
            open.map(|open| masked(method, &open.address))
        });
        if let Some(address) = open {
            return Ok(Sent::To(address));
        }
        if method == Method::EmailMagicLink {
            // The user may have opened the link while no page was waiting. A new link would undo that.
            if let Tried::Passed(passed) = self.try_link(bearer).await {
                return Ok(Sent::Opened(passed));
            }
        }
        let challenge = self.dispatch(bearer, method).await?;
        Ok(Sent::To(masked(method, &challenge)))
    }

    /// Sends a code or a link, and returns the address.
    pub(super) async fn dispatch(
        &self,
        bearer: &Bearer,
        method: Method,
    ) -> Result<String, Refusal> {
        let sent = self.tenant.transact_delivered(|authsignal, turn| {
            authsignal.challenge_message(turn, bearer, method, None, &self.base)
        });
        Ok(sent.await?.address)
    }

    pub(super) fn message(
        &self,
        method: Method,
        address: &str,
        enrolls: bool,
        again: bool,
        problem: Option<String>,
    ) -> View {
        let sent_to = address.to_owned();
        if method == Method::EmailMagicLink {
            let notice = again.then(|| "We sent a new link.".to_owned());
            return View::MagicLink(MagicLink {
                sent_to,
                enrolls,
                wait: Some(
                    self.visit
                        .link("/challenge/wait", &[("method", method.word())]),
                ),
                notice,
                problem,
            });
        }
        View::Code(Code {
            method: Some(method),
            sent_to: Some(sent_to),
            digits: self.tenant.look(|authsignal, _| {
                let configured = &authsignal.configuration.authenticators;
                configured.code_length(method)
            }),
            enrolls,
            clock: None,
            notice: again.then(|| "We sent a new code.".to_owned()),
            problem,
        })
    }

    pub(super) fn ceremony(&self, method: Method, enrolls: bool, problem: Option<String>) -> View {
        View::Credential(Credential {
            method,
            enrolls,
            elsewhere: self.elsewhere(method, enrolls),
            problem,
        })
    }

    /// Why a passkey cannot be used at this address: it belongs to a domain, and an IP address is not one.
    pub(super) fn elsewhere(&self, method: Method, enrolls: bool) -> Option<Elsewhere> {
        let url = url::Url::parse(&self.base).ok()?;
        if matches!(url.host()?, url::Host::Domain(_)) {
            return None;
        }
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        let name = if enrolls { "enroll" } else { "method" };
        let here = self.link(&[(name, method.word())]);
        Some(Elsewhere {
            host: format!("{}{port}", url.host_str().unwrap_or_default()),
            // In a frame, the link would change the origin, and the application would get no more messages.
            href: on_localhost(split_origin(&self.base).0)
                .filter(|_| !self.visit.popup)
                .map(|base| [base.as_str(), here.as_str()].concat()),
        })
    }

    pub(super) async fn approval(
        &self,
        seen: &Seen,
        method: Method,
        fields: &Fields,
        problem: Option<String>,
    ) -> Result<View, PageAnswer> {
        let bearer = &seen.bearer;
        let standing = fields
            .filled("challenge")
            .and_then(|id| Some((id, self.stage(bearer, method, id)?)));
        let Some((id, stage)) = standing else {
            let told = Told {
                user_agent: self.user_agent.clone(),
                ..Told::default()
            };
            let started = self
                .tenant
                .transact_delivered(|authsignal, turn| match method {
                    Method::Push => authsignal.challenge_push(turn, bearer, None, None, told),
                    _ => authsignal.challenge_qr(turn, Some(bearer), &bearer.action, told),
                });
            return match started.await {
                // The address contains the challenge, so reloading the page does not ring the phone again.
                Ok(challenge) => {
                    Err(PageAnswer::To(self.link(&[
                        ("method", method.word()),
                        ("challenge", &challenge.id),
                    ])))
                }
                Err(_) => Err(self.ending(seen, Ending::NoMethods)),
            };
        };
        Ok(View::Approval(Approval {
            method,
            challenge_id: id.to_owned(),
            device: label(&seen.situation, method),
            wait: self.visit.link(
                "/challenge/wait",
                &[("method", method.word()), ("challenge", id)],
            ),
            claimed: stage == Stage::Claimed,
            problem,
        }))
    }

    /// The stage of an approval that a page can wait for. `None` if the approval does not exist, was refused, or is for
    /// another action: waiting for it would end at once, again and again.
    pub(super) fn stage(&self, bearer: &Bearer, method: Method, id: &str) -> Option<Stage> {
        let answer = self.tenant.look(|authsignal, now| {
            let answer = match method {
                Method::Push => authsignal.verify_push(bearer, id, now),
                _ => authsignal.watch_qr(id, now),
            };
            answer.ok()
        })?;
        let passed = answer.passed.as_ref();
        let elsewhere = passed.is_some_and(|passed| !is_of(passed, bearer));
        (answer.stage != Stage::Rejected && !elsewhere).then_some(answer.stage)
    }
}
