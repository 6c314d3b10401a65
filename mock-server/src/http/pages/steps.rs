//! What each page and each form does: it asks the domain, and chooses the page that tells the outcome. Knows no markup.
//!
//! A page that needs a challenge sees to it that there is one, so that opening it again sends nothing twice. Forms that
//! did something lead to a page by an address; those that did not show why.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::exit::Exit;
use super::view::{
    Address, App, Approval, Code, Credential, Elsewhere, Ending, Held, MagicLink, Offer, Page,
    Settings, View,
};
use super::visit::{Fields, Visit};
use super::{Answer, ending, markup};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::challenge::{Stage, Told};
use crate::domain::authsignal::factor::page::{Situation, masked_email, masked_phone};
use crate::domain::authsignal::factor::passkey::{Answered, Wanted};
use crate::domain::authsignal::factor::{Bearer, Passed, Verdict};
use crate::domain::authsignal::token::Claims;
use crate::domain::authsignal::vocabulary::{ChallengeMode, Method, State};
use crate::runtime::App as Mock;
use crate::runtime::part::AuthsignalPart;

/// How long an answer to the script that waits is held back. Below what browsers and proxies wait.
const PATIENCE: Duration = Duration::from_secs(20);
/// Address of the page itself.
const HERE: &str = "/challenge";

const WRONG: &str = "That code is wrong, or it has expired. Try again.";
const TOO_MANY: &str = "That was wrong too often. Wait some minutes, or use another way.";

/// What a request to the pages is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To see where things stand.
    Show,
    /// To be told when a link was opened, or a device has answered.
    Wait,
    /// To pass a challenge, or finish an enrolment.
    Verify,
    /// To have a code or a link sent again.
    Send,
    /// To enrol an address or a number.
    Enroll,
    /// To ask a browser for a passkey.
    Credential,
    /// To change the default.
    Default,
    /// To remove an authenticator.
    Remove,
    /// To open the link of an e-mail.
    OpenLink,
}

/// Whoever came with a good token.
pub(super) struct Visitor {
    pub(super) app: Arc<Mock>,
    pub(super) tenant: Arc<AuthsignalPart>,
    pub(super) visit: Visit,
    /// The URL of these pages for who opened them.
    pub(super) base: String,
    /// The origin that the browser tells.
    pub(super) origin: String,
    pub(super) user_agent: Option<String>,
    pub(super) claims: Claims<'static>,
}

/// Where things stand.
struct Seen {
    bearer: Bearer,
    situation: Situation,
    mode: ChallengeMode,
}

/// What became of an attempt.
enum Tried {
    Passed(Box<Passed>),
    /// There is nothing to see yet.
    Waits(&'static str),
    Problem(String),
}

impl Visitor {
    pub(super) async fn answer(&self, step: Step, fields: &Fields) -> Answer {
        let Some(seen) = self.look() else {
            // Its time was over between one look and the next.
            let exit = self.visit.exit(None);
            return ending(self.visit.clone(), exit, Ending::Expired).into();
        };
        if seen.situation.state.is_none() && !seen.bearer.action.is_empty() {
            let exit = self.visit.exit(None);
            return ending(self.visit.clone(), exit, Ending::Gone).into();
        }
        match step {
            Step::Show => self.show(&seen, fields).await,
            Step::Wait => self.wait(&seen, fields).await,
            Step::Verify => self.verify(&seen, fields).await,
            Step::Send => self.send(&seen, fields).await,
            Step::Enroll => self.enroll(&seen, fields).await,
            Step::Credential => self.credential_options(&seen, fields),
            Step::Default => self.set_default(&seen, fields),
            Step::Remove => self.remove(&seen, fields),
            Step::OpenLink => self.misdirected(&seen),
        }
    }

    fn look(&self) -> Option<Seen> {
        self.tenant.look(|authsignal, now| {
            let bearer = authsignal.page_bearer(Ok(self.claims.clone()), now).ok()?;
            Some(Seen {
                situation: authsignal.situation(&bearer),
                mode: authsignal.configuration.challenge_mode(&bearer.action),
                bearer,
            })
        })
    }

    // Pages.

    async fn show(&self, seen: &Seen, fields: &Fields) -> Answer {
        let Seen {
            bearer,
            situation,
            mode,
        } = seen;
        if *mode != ChallengeMode::Interactive && !bearer.action.is_empty() {
            return self.end_at_once(seen).await;
        }
        let view = fields.get("view");
        let enroll = fields.get("enroll").and_then(Method::of_word);
        match situation.state {
            Some(State::Block) => self.ending(seen, Ending::Blocked),
            Some(State::ReviewRequired) => self.ending(seen, Ending::InReview),
            Some(State::ReviewFailed) => self.ending(seen, Ending::Refused),
            Some(State::ChallengeFailed) => self.ending(seen, Ending::Failed),
            Some(State::ChallengeRequired) if !situation.authenticators.is_empty() => {
                if let Some(method) = enroll.filter(|_| situation.may_add) {
                    // A scope of the token allows it before the challenge is passed.
                    return self.enrollment(seen, method, fields, None).await;
                }
                let chosen = fields.get("method").and_then(Method::of_word);
                self.challenge(seen, chosen, fields).await
            }
            Some(State::ChallengeSucceeded)
                if view.is_none() && enroll.is_none() && !situation.to_settings =>
            {
                let (status, mut page) =
                    ending(self.visit.clone(), self.exit(seen), Ending::AlreadyPassed);
                page.back = Some((self.link(&[("view", "settings")]), "Ways to sign in"));
                (status, page).into()
            }
            _ => {
                if let Some(method) = enroll {
                    return self.enrollment(seen, method, fields, None).await;
                }
                let has_some = !situation.authenticators.is_empty();
                let enrolls = !has_some || self.visit.force_enrollment;
                match view {
                    Some("enroll") => self.enrollable(seen),
                    None if enrolls => self.enrollable(seen),
                    _ => self.settings(seen, fields, None),
                }
            }
        }
    }

    /// Ends a visit as the tenant has configured it for who has no person at hand.
    async fn end_at_once(&self, seen: &Seen) -> Answer {
        let (bearer, state) = (&seen.bearer, seen.situation.state);
        let finish = async |success: bool| {
            self.tenant
                .transact_delivered(|authsignal, turn| {
                    let (user_id, code, key) = (&bearer.user_id, &bearer.action, &bearer.key);
                    authsignal
                        .finish_action(turn, user_id, code, key, success)
                        .map(|_| ())
                })
                .await
        };
        let outcome = match (seen.mode, state) {
            (ChallengeMode::AutoSucceed, Some(State::ChallengeRequired)) => {
                match finish(true).await {
                    // A receiver of `action.verify` keeps it from passing.
                    Err(Refusal::Invalid(_)) => Ending::Failed,
                    // An action that is gone since is not finished, and the application learns so.
                    _ => Ending::Passed,
                }
            }
            (ChallengeMode::AutoFail, Some(State::ChallengeRequired)) => {
                // As above.
                let _ = finish(false).await;
                Ending::Failed
            }
            (ChallengeMode::Abandon, _) => Ending::Left,
            _ => Ending::NothingToDo,
        };
        self.leave(self.visit.clone(), &seen.situation, outcome)
    }

    /// The page of a method that the user has, or the choice among them.
    async fn challenge(&self, seen: &Seen, chosen: Option<Method>, fields: &Fields) -> Answer {
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

    async fn method(
        &self,
        seen: &Seen,
        method: Method,
        fields: &Fields,
        again: bool,
        problem: Option<String>,
    ) -> Answer {
        let back = (offered(&seen.situation).len() > 1)
            .then(|| (self.link(&[("view", "methods")]), "Use another way"));
        let view = match method {
            Method::Sms | Method::Whatsapp | Method::EmailOtp | Method::EmailMagicLink => {
                match self.sent_to(seen, method).await {
                    Ok(Sent::To(address)) => self.message(method, &address, false, again, problem),
                    Ok(Sent::Opened(passed)) => return self.passed(seen, *passed),
                    Err(refusal) => {
                        let address = label(&seen.situation, method).unwrap_or_default();
                        let problem = problem.unwrap_or_else(|| said(&refusal));
                        match self.message(method, &address, false, false, Some(problem)) {
                            // Nothing was sent, so there is nothing to wait for.
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

    /// Where the open challenge of a method was sent; one is sent where none is open.
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
            // Opened while nobody looked: a new one would undo that.
            if let Tried::Passed(passed) = self.try_link(bearer).await {
                return Ok(Sent::Opened(passed));
            }
        }
        let challenge = self.dispatch(bearer, method).await?;
        Ok(Sent::To(masked(method, &challenge)))
    }

    /// Sends a code or a link; gives the address that it went to.
    async fn dispatch(&self, bearer: &Bearer, method: Method) -> Result<String, Refusal> {
        let sent = self.tenant.transact_delivered(|authsignal, turn| {
            authsignal.challenge_message(turn, bearer, method, None, &self.base)
        });
        Ok(sent.await?.address)
    }

    fn message(
        &self,
        method: Method,
        address: &str,
        enrolls: bool,
        again: bool,
        problem: Option<String>,
    ) -> View {
        let sent_to = address.to_owned();
        if method == Method::EmailMagicLink {
            let notice = again.then(|| "A new link is on its way.".to_owned());
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
            enrolls,
            notice: again.then(|| "A new code is on its way.".to_owned()),
            problem,
        })
    }

    fn ceremony(&self, method: Method, enrolls: bool, problem: Option<String>) -> View {
        View::Credential(Credential {
            method,
            enrolls,
            elsewhere: self.elsewhere(method, enrolls),
            problem,
        })
    }

    /// Why this address will not do for passkeys: an IP address is no domain, and a credential belongs to one.
    fn elsewhere(&self, method: Method, enrolls: bool) -> Option<Elsewhere> {
        let url = url::Url::parse(&self.base).ok()?;
        let loopback = match url.host()? {
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
            url::Host::Domain(_) => return None,
        };
        let port = url.port().map_or(String::new(), |port| format!(":{port}"));
        let name = if enrolls { "enroll" } else { "method" };
        let here = self.link(&[(name, method.word())]);
        Some(Elsewhere {
            host: format!("{}{port}", url.host_str().unwrap_or_default()),
            // In a frame of the application the origin cannot change: it would hear no message from there.
            href: (loopback && !self.visit.popup).then(|| format!("http://localhost{port}{here}")),
        })
    }

    async fn approval(
        &self,
        seen: &Seen,
        method: Method,
        fields: &Fields,
        problem: Option<String>,
    ) -> Result<View, Answer> {
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
                    _ => Ok(authsignal.challenge_qr(turn, Some(bearer), &bearer.action, told)),
                });
            return match started.await {
                // Its address has the challenge, so that opening the page again rings no phone again.
                Ok(challenge) => {
                    Err(Answer::To(self.link(&[
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

    /// Where an approval stands that is worth waiting for: `None` where there is none, it was not approved, or it was for
    /// another action. A page that waits for such a one would be told so at once, again and again.
    fn stage(&self, bearer: &Bearer, method: Method, id: &str) -> Option<Stage> {
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

    fn enrollable(&self, seen: &Seen) -> Answer {
        let situation = &seen.situation;
        let first = situation.authenticators.is_empty();
        let offers: Vec<_> = enrollable(situation)
            .map(|method| Offer {
                method,
                label: None,
                href: self.link(&[("enroll", method.word())]),
            })
            .collect();
        if offers.is_empty() || !situation.may_add {
            return self.ending(seen, Ending::NoMethods);
        }
        let back = (!first).then(|| (self.link(&[("view", "settings")]), "Back"));
        let offered = offers;
        self.page(seen, back, View::Enrollable { offered, first })
    }

    /// The page that sets up a method.
    async fn enrollment(
        &self,
        seen: &Seen,
        method: Method,
        fields: &Fields,
        problem: Option<String>,
    ) -> Answer {
        let (bearer, situation) = (&seen.bearer, &seen.situation);
        if !situation.may_add || !enrollable(situation).any(|other| other == method) {
            return self.misdirected(seen);
        }
        let view = match method {
            Method::AuthenticatorApp => match self.app(bearer) {
                Ok((uri, secret)) => View::App(App {
                    uri,
                    secret,
                    problem,
                }),
                Err(refusal) => return self.refused(seen, &refusal),
            },
            Method::Passkey | Method::SecurityKey => self.ceremony(method, true, problem),
            _ => {
                let open = self.tenant.look(|authsignal, now| {
                    let open = authsignal.open_challenge(bearer, method, now);
                    open.map(|open| open.address.clone())
                });
                let pending = situation.pending.iter().any(|one| one.method == method);
                if open.is_none() && pending && method == Method::EmailMagicLink {
                    // Opened while nobody looked.
                    if let Tried::Passed(passed) = self.try_link(bearer).await {
                        return self.passed(seen, *passed);
                    }
                }
                match open.filter(|_| fields.get("step") == Some("code")) {
                    Some(address) => {
                        let again = fields.get("sent") == Some("1");
                        self.message(method, &address, true, again, problem)
                    }
                    None => View::Address(Address {
                        method,
                        value: self.known_address(bearer, method),
                        problem,
                    }),
                }
            }
        };
        let back = Some((self.link(&[("view", "enroll")]), "Choose another"));
        self.page(seen, back, view)
    }

    /// The authenticator app that is being set up, or a fresh one.
    fn app(&self, bearer: &Bearer) -> Result<(String, String), Refusal> {
        let method = Method::AuthenticatorApp;
        let pending = self.tenant.look(|authsignal, _| {
            let user = authsignal.user(&bearer.user_id)?;
            let mut own = user.pending.iter().filter(|pending| {
                pending.authenticator.method == method
                    && pending.action == bearer.action
                    && pending.key == bearer.key
            });
            own.find_map(|pending| pending.authenticator.otp_uri.clone())
        });
        let secret = |uri: &str| {
            let url = url::Url::parse(uri).ok()?;
            let mut pairs = url.query_pairs();
            let secret = pairs.find_map(|(name, value)| (name == "secret").then_some(value));
            secret.map(std::borrow::Cow::into_owned)
        };
        if let Some(uri) = pending
            && let Some(secret) = secret(&uri)
        {
            return Ok((uri, secret));
        }
        let made = self
            .tenant
            .transact(|authsignal, turn| authsignal.enroll_totp(turn, bearer))?;
        Ok((made.uri, made.secret))
    }

    fn known_address(&self, bearer: &Bearer, method: Method) -> String {
        let known = self.tenant.look(|authsignal, _| {
            let own = &authsignal.user(&bearer.user_id)?.attributes;
            if method.is_email() {
                own.email.clone()
            } else {
                own.phone_number.clone()
            }
        });
        known.unwrap_or_default()
    }

    fn settings(&self, seen: &Seen, fields: &Fields, problem: Option<String>) -> Answer {
        let situation = &seen.situation;
        let held = situation.authenticators.iter().map(|one| Held {
            id: one.id.clone(),
            method: one.method,
            label: one.label.clone(),
            since: date(one.created),
            is_default: one.is_default,
            may_be_default: situation.may_update && !one.is_default,
            may_be_removed: situation.may_remove,
        });
        let may_add = situation.may_add && enrollable(situation).next().is_some();
        let notice = match fields.get("done") {
            Some("added") => Some("It was added."),
            Some("removed") => Some("It was removed."),
            Some("default") => Some("The default was changed."),
            _ => None,
        };
        let view = View::Settings(Settings {
            held: held.collect(),
            add: may_add.then(|| self.link(&[("view", "enroll")])),
            recovery_codes: situation.recovery_codes,
            notice: notice.map(str::to_owned),
            problem,
        });
        self.page(seen, None, view)
    }

    // Forms.

    async fn verify(&self, seen: &Seen, fields: &Fields) -> Answer {
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
        // A device's answer decides the action by itself, so it is not open any more when the page hears of it.
        if !open && !matches!(method, Method::Push | Method::QrCode) {
            return Answer::To(self.link(&[]));
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

    /// The page of a method once more, and why.
    async fn again(
        &self,
        seen: &Seen,
        method: Method,
        enrolls: bool,
        fields: &Fields,
        why: String,
    ) -> Answer {
        // What was tried may have decided the action.
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
            return Answer::To(self.link(&[]));
        };
        match page {
            Answer::Page(StatusCode::OK, page) => {
                Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, page)
            }
            other => other,
        }
    }

    async fn try_code(&self, bearer: &Bearer, method: Method, code: &str) -> Tried {
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
            Ok(Verdict::TooMany) => Tried::Problem(TOO_MANY.to_owned()),
            Err(refusal) => Tried::Problem(said(&refusal)),
        }
    }

    async fn try_link(&self, bearer: &Bearer) -> Tried {
        let finished = self.tenant.transact_delivered(|authsignal, turn| {
            authsignal.finalize_magic_link(turn, bearer, None)
        });
        match finished.await {
            Ok(Some(passed)) => Tried::Passed(Box::new(passed)),
            Ok(None) => Tried::Waits("The link was not opened yet."),
            Err(refusal) => Tried::Problem(said(&refusal)),
        }
    }

    fn try_approval(&self, bearer: &Bearer, method: Method, fields: &Fields) -> Tried {
        let id = fields.get("challenge").unwrap_or_default();
        let answer = self.tenant.look(|authsignal, now| match method {
            Method::Push => authsignal.verify_push(bearer, id, now),
            _ => authsignal.watch_qr(id, now),
        });
        match answer {
            Ok(answer) => match (answer.passed, answer.stage) {
                // A challenge of another action proves nothing here, whoever's it is.
                (Some(passed), _) if is_of(&passed, bearer) => Tried::Passed(Box::new(passed)),
                (_, Stage::Unclaimed | Stage::Claimed) => {
                    Tried::Waits("There is no answer from your phone yet.")
                }
                _ => Tried::Problem("It was not approved.".to_owned()),
            },
            Err(refusal) => Tried::Problem(said(&refusal)),
        }
    }

    async fn try_credential(
        &self,
        bearer: &Bearer,
        method: Method,
        enrolls: bool,
        fields: &Fields,
    ) -> Tried {
        let json = fields.get("credential").unwrap_or_default();
        let Ok(json) = serde_json::from_str::<Value>(json) else {
            return Tried::Problem(
                "Nothing came from your device. This page needs JavaScript.".to_owned(),
            );
        };
        let answered = Answered {
            json: &json,
            challenge_id: None,
            origin: &self.origin,
            conditional: false,
            browser: self.user_agent.as_deref().and_then(browser),
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

    /// What a browser is asked for, for the script.
    fn credential_options(&self, seen: &Seen, fields: &Fields) -> Answer {
        let method = fields.get("method").and_then(Method::of_word);
        let method = method.unwrap_or(Method::Passkey);
        let enrolls = fields.get("enrolls").is_some();
        let refused = |status, message: String| Answer::Json(status, json!({"message": message}));
        if !enrolls && seen.situation.state != Some(State::ChallengeRequired) {
            let why = "There is nothing to confirm any more. Load the page again.";
            return refused(StatusCode::CONFLICT, why.to_owned());
        }
        let origin = url::Url::parse(&self.origin).ok();
        let rp_id = origin.as_ref().and_then(|origin| origin.host_str());
        let rp_id = rp_id.unwrap_or("localhost");
        let bearer = &seen.bearer;
        let options = self.tenant.transact(|authsignal, turn| {
            if enrolls {
                let wanted = Wanted::default();
                authsignal
                    .registration_options(turn, bearer, method, wanted, rp_id)
                    .map(|started| serde_json::to_value(started.options))
            } else {
                authsignal
                    .authentication_options(turn, Some(bearer), method, None, rp_id)
                    .map(|started| serde_json::to_value(started.options))
            }
        });
        match options {
            Ok(Ok(options)) => Answer::Json(StatusCode::OK, options),
            Ok(Err(error)) => refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
            Err(refusal) => refused(StatusCode::BAD_REQUEST, said(&refusal)),
        }
    }

    async fn send(&self, seen: &Seen, fields: &Fields) -> Answer {
        let Some(method) = fields.get("method").and_then(Method::of_word) else {
            return self.misdirected(seen);
        };
        let enrolls = fields.get("enrolls").is_some();
        if !enrolls && seen.situation.state != Some(State::ChallengeRequired) {
            return Answer::To(self.link(&[]));
        }
        match self.dispatch(&seen.bearer, method).await {
            Ok(_) if enrolls => {
                Answer::To(self.link(&[("enroll", method.word()), ("step", "code"), ("sent", "1")]))
            }
            Ok(_) => Answer::To(self.link(&[("method", method.word()), ("sent", "1")])),
            Err(refusal) => {
                self.again(seen, method, enrolls, fields, said(&refusal))
                    .await
            }
        }
    }

    async fn enroll(&self, seen: &Seen, fields: &Fields) -> Answer {
        let method = fields.get("method").and_then(Method::of_word);
        let method = method.filter(|method| method.is_email() || method.is_phone());
        let Some(method) = method.filter(|_| seen.situation.may_add) else {
            return self.misdirected(seen);
        };
        let entered = fields.filled("address").unwrap_or_default();
        let problem = match address(method, entered) {
            Ok(address) => {
                let bearer = &seen.bearer;
                let sent = self.tenant.transact_delivered(|authsignal, turn| {
                    authsignal.enroll_message(turn, bearer, method, address, &self.base)
                });
                match sent.await {
                    Ok(_) => {
                        let code = [("enroll", method.word()), ("step", "code")];
                        return Answer::To(self.link(&code));
                    }
                    Err(refusal) => said(&refusal),
                }
            }
            Err(problem) => problem.to_owned(),
        };
        let back = Some((self.link(&[("view", "enroll")]), "Choose another"));
        let view = View::Address(Address {
            method,
            value: entered.to_owned(),
            problem: Some(problem),
        });
        match self.page(seen, back, view) {
            Answer::Page(_, page) => Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, page),
            other => other,
        }
    }

    fn set_default(&self, seen: &Seen, fields: &Fields) -> Answer {
        let method = fields.get("method").and_then(Method::of_word);
        let Some(method) = method.filter(|_| seen.situation.may_update) else {
            return self.misdirected(seen);
        };
        let set = self
            .tenant
            .transact(|authsignal, _| authsignal.set_default_method(&seen.bearer, method));
        self.changed(seen, set, "default")
    }

    fn remove(&self, seen: &Seen, fields: &Fields) -> Answer {
        if !seen.situation.may_remove {
            return self.misdirected(seen);
        }
        let id = fields.get("authenticator").unwrap_or_default();
        let removed = self.tenant.transact(|authsignal, turn| {
            authsignal.remove_own_authenticator(turn, &seen.bearer, id)
        });
        self.changed(seen, removed, "removed")
    }

    fn changed(&self, seen: &Seen, outcome: Result<(), Refusal>, done: &str) -> Answer {
        match outcome {
            Ok(()) => Answer::To(self.link(&[("view", "settings"), ("done", done)])),
            Err(refusal) => self.refused(seen, &refusal),
        }
    }

    /// Holds the answer back until there is something to see.
    async fn wait(&self, seen: &Seen, fields: &Fields) -> Answer {
        let Some(method) = fields.get("method").and_then(Method::of_word) else {
            return Answer::Json(StatusCode::BAD_REQUEST, json!({"message": "method?"}));
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
            () = moved => Answer::Json(StatusCode::OK, json!({"done": true})),
            _ = stopped.wait_for(|stopped| *stopped) => Answer::Nothing,
            () = tokio::time::sleep(PATIENCE) => Answer::Nothing,
        }
    }

    // Ends.

    /// Goes on after a challenge was passed, or an enrolment finished.
    fn passed(&self, seen: &Seen, passed: Passed) -> Answer {
        // Signed outside the world, because it takes long.
        let token = passed.token(self.tenant.account(), &self.base);
        let visit = self.visit.with_token(token);
        let situation = &seen.situation;
        let settings = visit.link(HERE, &[("view", "settings")]);
        if let Some(codes) = passed.recovery_codes {
            let exit = if situation.to_settings {
                Exit::Redirect(settings)
            } else {
                visit.exit(situation.redirect_url.as_deref())
            };
            let page = Page {
                visit,
                exit,
                back: None,
                failed: None,
                leaves: false,
                view: View::RecoveryCodes(codes),
            };
            return (StatusCode::OK, page).into();
        }
        let enrolled = passed.enrolled.is_some();
        if enrolled && !self.visit.force_enrollment {
            return Answer::To(visit.link(HERE, &[("view", "settings"), ("done", "added")]));
        }
        if situation.to_settings {
            return Answer::To(settings);
        }
        let outcome = if enrolled {
            Ending::Enrolled
        } else {
            Ending::Passed
        };
        self.leave(visit, situation, outcome)
    }

    /// Back to the application, at once where there is a way: nothing is left to be read.
    fn leave(&self, visit: Visit, situation: &Situation, outcome: Ending) -> Answer {
        match visit.exit(situation.redirect_url.as_deref()) {
            Exit::Redirect(url) => Answer::To(url),
            exit => {
                let (status, mut page) = ending(visit, exit, outcome);
                page.leaves = true;
                (status, page).into()
            }
        }
    }

    fn ending(&self, seen: &Seen, outcome: Ending) -> Answer {
        ending(self.visit.clone(), self.exit(seen), outcome).into()
    }

    fn misdirected(&self, seen: &Seen) -> Answer {
        self.ending(seen, Ending::Misdirected)
    }

    /// The settings page, which tells what was refused.
    fn refused(&self, seen: &Seen, refusal: &Refusal) -> Answer {
        match self.settings(seen, &Fields::default(), Some(said(refusal))) {
            Answer::Page(_, page) => Answer::Page(StatusCode::UNPROCESSABLE_ENTITY, page),
            other => other,
        }
    }

    fn page(&self, seen: &Seen, back: Option<(String, &'static str)>, view: View) -> Answer {
        let page = Page {
            visit: self.visit.clone(),
            exit: self.exit(seen),
            back,
            failed: None,
            leaves: false,
            view,
        };
        (StatusCode::OK, page).into()
    }

    fn exit(&self, seen: &Seen) -> Exit {
        self.visit.exit(seen.situation.redirect_url.as_deref())
    }

    fn link(&self, more: &[(&str, &str)]) -> String {
        self.visit.link(HERE, more)
    }
}

/// Whether a challenge was passed for this very action: that of another proves nothing, whoever's it is.
fn is_of(passed: &Passed, bearer: &Bearer) -> bool {
    (&passed.user_id, &passed.action, &passed.key) == (&bearer.user_id, &bearer.action, &bearer.key)
}

/// Where a challenge was sent, or that its link was opened.
enum Sent {
    To(String),
    Opened(Box<Passed>),
}

/// Methods that a challenge can be passed with on a page, the default first.
fn offered(situation: &Situation) -> Vec<Method> {
    let mut methods: Vec<Method> = situation.default.into_iter().collect();
    for method in &situation.enrolled {
        if !methods.contains(method) {
            methods.push(*method);
        }
    }
    methods.retain(|method| *method != Method::InApp);
    if situation.recovery_codes > 0 && !methods.contains(&Method::RecoveryCode) {
        methods.push(Method::RecoveryCode);
    }
    methods
}

/// Methods that a page can set up. Those of an app on a phone are set up by the app.
fn enrollable(situation: &Situation) -> impl Iterator<Item = Method> {
    situation.allowed.iter().copied().filter(|method| {
        !matches!(
            method,
            Method::Push | Method::QrCode | Method::InApp | Method::RecoveryCode
        )
    })
}

fn label(situation: &Situation, method: Method) -> Option<String> {
    let own = situation.authenticators.iter().rev();
    let mut own = own.filter(|one| one.method == method);
    own.find_map(|one| one.label.clone())
}

fn masked(method: Method, address: &str) -> String {
    if method.is_email() {
        masked_email(address)
    } else {
        masked_phone(address)
    }
}

/// An address as it is enrolled.
fn address(method: Method, entered: &str) -> Result<String, &'static str> {
    if method.is_email() {
        let parts = entered.split_once('@');
        let whole = parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
        return if whole && !entered.contains(char::is_whitespace) {
            Ok(entered.to_owned())
        } else {
            Err("That is no e-mail address.")
        };
    }
    let number: String = entered
        .chars()
        .filter(|one| !matches!(one, ' ' | '-' | '(' | ')' | '.'))
        .collect();
    let digits = number.strip_prefix('+').unwrap_or(&number);
    let numeric = digits.bytes().all(|byte| byte.is_ascii_digit());
    // E.164 has up to fifteen digits; shorter ones than five are no subscriber's.
    if numeric && (5..=15).contains(&digits.len()) {
        Ok(number)
    } else {
        Err("That is no phone number.")
    }
}

/// A refusal in words for the page.
fn said(refusal: &Refusal) -> String {
    markup::sentence(&refusal.to_string())
}

fn date(at: jiff::Timestamp) -> String {
    let day = at.to_zoned(TimeZone::UTC).date();
    day.strftime("%-d %B %Y").to_string()
}

/// The browser that a `User-Agent` names. Each claims to be those that came before it, so the order matters.
fn browser(user_agent: &str) -> Option<&'static str> {
    let known = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    known
        .into_iter()
        .find_map(|(mark, name)| user_agent.contains(mark).then_some(name))
}

#[cfg(test)]
mod tests {
    use super::{address, browser, date};
    use crate::domain::authsignal::vocabulary::Method;

    #[test]
    fn an_address_is_one_before_anything_is_sent_there() {
        for (entered, kept) in [
            ("ada@example.com", Some("ada@example.com")),
            ("@example.com", None),
            ("ada@", None),
            ("ada", None),
            ("ada @example.com", None),
            ("", None),
        ] {
            assert_eq!(
                address(Method::EmailOtp, entered).ok().as_deref(),
                kept,
                "{entered}"
            );
        }
        for (entered, kept) in [
            ("+64 27 000 0000", Some("+64270000000")),
            ("(555) 010-0000", Some("5550100000")),
            ("12", None),
            ("+", None),
            ("call me", None),
            ("1234567890123456", None),
        ] {
            assert_eq!(
                address(Method::Sms, entered).ok().as_deref(),
                kept,
                "{entered}"
            );
        }
    }

    #[test]
    fn a_browser_is_known_by_what_no_other_claims() {
        let chrome = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
        assert_eq!(browser(chrome), Some("Chrome"));
        assert_eq!(browser(&format!("{chrome} Edg/130.0")), Some("Edge"));
        assert_eq!(browser("curl/8.0"), None);
    }

    #[test]
    fn a_date_is_readable() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(date(at), "1 January 2026");
    }
}
