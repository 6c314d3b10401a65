//! Challenges that a device approves: push notifications and QR codes, from the page's side and from the device's. Knows
//! no wire format.

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::app_credential::not_open;
use super::message::no_authenticator;
use super::{Bearer, Passed};
use crate::domain::Turn;
use crate::domain::authsignal::action::Action;
use crate::domain::authsignal::challenge::{Approval, Challenge, Stage, Told};
use crate::domain::authsignal::data_point::ModelType;
use crate::domain::authsignal::one_time::unknown_challenge;
use crate::domain::authsignal::user::Authenticator;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::webhook::{EventKind, Kind, PushCreated, Surroundings};
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::domain::custom::Custom;
use crate::domain::scenario::{Deed, PhoneAct, Subject};

/// Where an approval stands, for the page that asks.
#[derive(Debug)]
pub struct Answer {
    /// The stage.
    pub stage: Stage,
    /// The proof, if it was approved.
    pub passed: Option<Passed>,
}

impl Answer {
    /// Whether a device has read it.
    pub fn is_claimed(&self) -> bool {
        self.stage != Stage::Unclaimed
    }

    /// Whether the user approved.
    pub fn is_verified(&self) -> bool {
        self.stage == Stage::Approved
    }

    /// Whether the user answered.
    pub fn is_consumed(&self) -> bool {
        self.stage.is_answered()
    }
}

impl Authsignal {
    /// Sends a push notification to the bearer's devices, or to the one named. `action` is what the device shows; what
    /// passes is the action of the token.
    ///
    /// # Errors
    /// The action can no longer pass, the user has no such device, or too many notifications were sent.
    pub fn challenge_push(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        action: Option<&str>,
        authenticator_id: Option<&str>,
        told: Told,
    ) -> Result<Challenge, Refusal> {
        self.can_pass_by(bearer, Method::Push)?;
        self.enrolled(&bearer.user_id, Method::Push, authenticator_id)
            .ok_or_else(|| no_authenticator(&bearer.user_id, Method::Push, authenticator_id))?;
        self.may_send(Method::Push, &bearer.user_id, turn.now)?;
        let mut challenge = Challenge::new(
            turn.ids.uuid(),
            Method::Push,
            bearer.action.clone(),
            bearer.key.clone(),
            String::new(),
        );
        if bearer.action.is_empty()
            && let Some(action) = action
        {
            challenge.action = action.to_owned();
            challenge.idempotency_key = turn.ids.uuid();
        }
        challenge.user_id = Some(bearer.user_id.clone());
        challenge.authenticator_id = authenticator_id.map(str::to_owned);
        challenge.approval = Some(Box::new(Approval {
            stage: Stage::Unclaimed,
            device_code: String::new(),
            told: self.told(bearer, told),
        }));
        challenge.open(turn.now, self.configuration.code_life);
        self.challenges.insert(challenge.clone(), turn.now);
        if self.events.wants(Kind::PushCreated) {
            let told = challenge.approval.as_ref().map(|own| own.told.clone());
            let told = told.unwrap_or_default();
            let created = PushCreated {
                challenge_id: challenge.id.clone(),
                user_id: bearer.user_id.clone(),
                action: challenge.action.clone(),
                key: challenge.idempotency_key.clone(),
                surroundings: Surroundings {
                    user_agent: told.user_agent,
                    timezone: told
                        .ip_address
                        .as_deref()
                        .and_then(|own| self.timezone(own)),
                    ip_address: told.ip_address,
                    locale: None,
                },
            };
            self.events.push(turn, EventKind::PushCreated(created));
        }
        self.stage_answer(turn, &challenge);
        Ok(challenge)
    }

    /// Where a push challenge of the bearer stands. One that has expired is rejected.
    ///
    /// # Errors
    /// There is none of that id, it is another user's, or it was approved and its action can no longer pass.
    pub fn verify_push(
        &self,
        bearer: &Bearer,
        challenge_id: &str,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        let challenge = self.challenge_of(challenge_id, &bearer.user_id)?;
        self.answer(challenge, Method::Push, now)
    }

    /// Creates a challenge to show as a QR code, for a bearer or for anybody who reads it.
    ///
    /// # Errors
    /// The action of the bearer can no longer pass.
    pub fn challenge_qr(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: Option<&Bearer>,
        action: &str,
        told: Told,
    ) -> Result<Challenge, Refusal> {
        if let Some(bearer) = bearer {
            self.can_pass_by(bearer, Method::QrCode)?;
        }
        let id = turn.ids.uuid();
        let tracked = bearer.filter(|bearer| !bearer.action.is_empty());
        let (code, key) = match tracked {
            Some(bearer) => (bearer.action.clone(), bearer.key.clone()),
            None => (action.to_owned(), turn.ids.uuid()),
        };
        let mut challenge = Challenge::new(id, Method::QrCode, code, key, String::new());
        challenge.user_id = bearer.map(|bearer| bearer.user_id.clone());
        let told = match bearer {
            Some(bearer) => self.told(bearer, told),
            None => told,
        };
        challenge.approval = Some(Box::new(Approval {
            stage: Stage::Unclaimed,
            device_code: turn.ids.secret(),
            told,
        }));
        challenge.open(turn.now, self.configuration.code_life);
        self.keep_started(bearer, challenge.clone(), turn.now);
        Ok(challenge)
    }

    /// Where a QR code stands, for a page that knows its device code. One that has expired is rejected.
    ///
    /// # Errors
    /// There is none of that id and device code, or it was approved and its action can no longer pass.
    pub fn verify_qr(
        &self,
        challenge_id: &str,
        device_code: &str,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        let challenge = self
            .challenges
            .get(challenge_id)
            .filter(|challenge| {
                challenge.approval.as_ref().is_some_and(|approval| {
                    let own = approval.device_code.as_bytes();
                    !own.is_empty() && own.ct_eq(device_code.as_bytes()).into()
                })
            })
            .ok_or_else(|| unknown_challenge(challenge_id))?;
        self.answer(challenge, Method::QrCode, now)
    }

    /// Where a QR code stands, for the page that asked for it.
    ///
    /// # Errors
    /// There is none of that id, or it was approved and its action can no longer pass.
    pub fn watch_qr(&self, challenge_id: &str, now: Timestamp) -> Result<Answer, Refusal> {
        let challenge = self
            .challenges
            .get(challenge_id)
            .ok_or_else(|| unknown_challenge(challenge_id))?;
        self.answer(challenge, Method::QrCode, now)
    }

    fn still_awaits(&self, challenge: &Challenge) -> bool {
        let user_id = challenge.user_id.as_deref().unwrap_or_default();
        self.action(user_id, &challenge.action, &challenge.idempotency_key)
            .is_ok_and(|action| action.state.awaits_challenge())
    }

    fn answer(
        &self,
        challenge: &Challenge,
        method: Method,
        now: Timestamp,
    ) -> Result<Answer, Refusal> {
        let approval = challenge
            .approval
            .as_ref()
            .filter(|_| challenge.method == method)
            .ok_or_else(|| unknown_challenge(&challenge.id))?;
        let expired = now >= challenge.expires;
        let stage = match approval.stage {
            Stage::Approved if expired => return Err(not_open()),
            Stage::Unclaimed | Stage::Claimed if expired => Stage::Rejected,
            // While receivers of action.verify are asked, the action still waits.
            Stage::Approved if self.still_awaits(challenge) => Stage::Claimed,
            stage => stage,
        };
        let passed = match (&challenge.user_id, stage) {
            (Some(user_id), Stage::Approved) => {
                let bearer = Bearer::of_challenge(challenge, user_id);
                self.can_pass_by(&bearer, method)?;
                let mut passed = self.passed_by(&bearer, method, now);
                passed
                    .authenticator_id
                    .clone_from(&challenge.authenticator_id);
                Some(passed)
            }
            _ => None,
        };
        Ok(Answer { stage, passed })
    }

    /// The device of that key, its user, and the newest push challenge that waits for it. A signature is one over the
    /// challenge's id; older apps send none.
    ///
    /// # Errors
    /// Nobody has the key, or it has signed something else.
    pub fn waiting_push(
        &self,
        public_key: &str,
        signature: Option<&str>,
        now: Timestamp,
    ) -> Result<(&str, &Authenticator, Option<&Challenge>), Refusal> {
        let (user_id, authenticator) = self.app_credential(Method::Push, public_key)?;
        let waiting = self
            .challenges
            .of_user(user_id)
            .find(|challenge| waits_for(challenge, authenticator, now));
        if let (Some(waiting), Some(signature)) = (waiting, signature) {
            self.signer(Method::Push, public_key, &waiting.id, signature)?;
        }
        Ok((user_id, authenticator, waiting))
    }

    /// The push challenges of every user that wait for an answer: those that expire first, and of one time the newest first.
    pub fn pushes_waiting(&self, now: Timestamp) -> impl Iterator<Item = &Challenge> {
        self.challenges
            .ringing(now)
            .filter(move |challenge| is_waiting(challenge, Method::Push, now))
    }

    /// Claims a QR code for the user of that key, which has signed the challenge's id.
    ///
    /// # Errors
    /// Nobody has the key, it has signed something else, the challenge is another user's, claimed by another device, or not
    /// open, or its action can no longer pass.
    pub fn claim_qr(
        &mut self,
        turn: &mut Turn<'_>,
        public_key: &str,
        challenge_id: &str,
        signature: &str,
    ) -> Result<Challenge, Refusal> {
        let kind = Method::QrCode;
        let (user_id, authenticator) = self.signer(kind, public_key, challenge_id, signature)?;
        let (user_id, id) = (user_id.to_owned(), authenticator.id.clone());
        let was_claimed = self.challenges.get(challenge_id).is_some_and(is_claimed);
        let claimed = self.claim_approval(kind, challenge_id, &user_id, &id, true, turn.now)?;
        // Who reads the code again has set the answer going before.
        if !was_claimed {
            self.stage_answer(turn, &claimed);
        }
        Ok(claimed)
    }

    /// Whether the user can claim a QR code with that authenticator; `None` means one that is not enrolled yet.
    ///
    /// # Errors
    /// The challenge is another user's, claimed by another device, or not open, or its action can no longer pass.
    pub fn can_claim_qr(
        &self,
        challenge_id: &str,
        user_id: &str,
        authenticator_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let kind = Method::QrCode;
        self.claimable(kind, challenge_id, user_id, authenticator_id, true, now)
    }

    fn claimable(
        &self,
        kind: Method,
        challenge_id: &str,
        user_id: &str,
        authenticator_id: Option<&str>,
        to_pass: bool,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let challenge = self.challenge_of(challenge_id, user_id)?;
        let meant = challenge.authenticator_id.as_deref();
        if !is_waiting(challenge, kind, now) || meant.is_some_and(|id| Some(id) != authenticator_id)
        {
            return Err(not_open());
        }
        if to_pass {
            self.can_pass(&Bearer::of_challenge(challenge, user_id))?;
        }
        Ok(())
    }

    /// Notes that a device has read a challenge; `to_pass` says that its action may still have to pass.
    fn claim_approval(
        &mut self,
        kind: Method,
        challenge_id: &str,
        user_id: &str,
        authenticator_id: &str,
        to_pass: bool,
        now: Timestamp,
    ) -> Result<Challenge, Refusal> {
        self.claimable(
            kind,
            challenge_id,
            user_id,
            Some(authenticator_id),
            to_pass,
            now,
        )?;
        self.challenges.bind(challenge_id, user_id, now);
        let challenge = self.challenges.get_mut(challenge_id).ok_or_else(not_open)?;
        challenge.authenticator_id = Some(authenticator_id.to_owned());
        if let Some(approval) = &mut challenge.approval {
            approval.stage = Stage::Claimed;
        }
        Ok(challenge.clone())
    }

    /// Takes a device's answer, which has signed the challenge's id. An approval lets the action pass. A rejection fails
    /// it; this is assumed, because no source says what fails an action.
    ///
    /// # Errors
    /// Nobody has the key, it has signed something else, the challenge is another user's, another device's, or not open, or
    /// it is approved and its action can no longer pass or is decided against. The challenge is over then.
    pub fn answer_approval(
        &mut self,
        turn: &mut Turn<'_>,
        kind: Method,
        public_key: &str,
        challenge_id: &str,
        approved: bool,
        signature: &str,
    ) -> Result<(), Refusal> {
        let (user_id, authenticator) =
            self.live_signer(kind, public_key, challenge_id, signature, turn.now)?;
        let (user_id, id) = (user_id.to_owned(), authenticator.id.clone());
        self.take_answer(turn, kind, challenge_id, &user_id, &id, approved)
    }

    /// As [`answer_approval`](Self::answer_approval), from the device of that authenticator.
    ///
    /// # Errors
    /// Those of the challenge.
    fn take_answer(
        &mut self,
        turn: &mut Turn<'_>,
        kind: Method,
        challenge_id: &str,
        user_id: &str,
        id: &str,
        approved: bool,
    ) -> Result<(), Refusal> {
        if kind == Method::QrCode && !is_claimed(self.challenge_of(challenge_id, user_id)?) {
            return Err(Refusal::Invalid(
                "the challenge is not claimed; claim it first".to_owned(),
            ));
        }
        let challenge = self.claim_approval(kind, challenge_id, user_id, id, approved, turn.now)?;
        let life = self.configuration.code_life;
        self.challenges.answered(challenge_id);
        let bearer = Bearer::of_challenge(&challenge, user_id);
        if approved {
            self.open_to_answer(turn, challenge_id, &bearer)?;
        }
        if let Some(kept) = self.challenges.get_mut(challenge_id) {
            kept.verified = approved;
            // The page has as long to ask as the user had to answer.
            kept.open(turn.now, life);
            if let Some(approval) = &mut kept.approval {
                approval.stage = if approved {
                    Stage::Approved
                } else {
                    Stage::Rejected
                };
            }
        }
        if approved {
            self.pass_by(turn, &bearer, kind, id);
        } else {
            self.fail_action(user_id, &bearer.action, &bearer.key, turn.now);
        }
        Ok(())
    }

    /// Somebody with the app of a challenge answers it, as is planned: with the device that it is for, or else with the one
    /// that the user enrolled last.
    ///
    /// # Errors
    /// The challenge is gone or not open, its user has no such device, or it is approved and its action can no longer pass.
    pub(in crate::domain::authsignal) fn answer_as_planned(
        &mut self,
        turn: &mut Turn<'_>,
        challenge_id: &str,
        approved: bool,
    ) -> Result<(), Refusal> {
        let challenge = self.challenges.get(challenge_id);
        let challenge = challenge.ok_or_else(|| unknown_challenge(challenge_id))?;
        let (kind, user_id) = (challenge.method, challenge.user_id.clone());
        let user_id = user_id.unwrap_or_default();
        let meant = challenge.authenticator_id.as_deref();
        let device = self.enrolled(&user_id, kind, meant);
        let device = device.ok_or_else(|| no_authenticator(&user_id, kind, meant))?;
        let id = device.id.clone();
        self.take_answer(turn, kind, challenge_id, &user_id, &id, approved)
    }

    /// What somebody with an app does about a challenge, if that is planned.
    fn stage_answer(&mut self, turn: &mut Turn<'_>, challenge: &Challenge) {
        let user_id = challenge.user_id.as_deref().unwrap_or_default();
        let subject = Subject::action(user_id, &challenge.action);
        let answers = |act| matches!(act, PhoneAct::Approve | PhoneAct::Deny);
        let Some((act, after)) = turn.scenarios.phone(&subject, answers) else {
            return;
        };
        let deed = Deed::Answer {
            challenge_id: challenge.id.clone(),
            approves: act == PhoneAct::Approve,
        };
        self.do_after(turn, after, deed);
    }

    /// What an app sees of a challenge. Of the application's data it sees the public data points.
    pub fn shown(&self, challenge: &Challenge) -> Told {
        let approval = challenge.approval.as_ref();
        let mut told = approval.map(|own| own.told.clone()).unwrap_or_default();
        let points = &self.configuration.data_points;
        told.custom = told
            .custom
            .and_then(|data| points.public(ModelType::Action, &data));
        told
    }

    /// What an app sees of the data of its user: the public data points.
    pub fn shown_of_user(&self, user_id: &str) -> Option<Custom> {
        let data = self.users.get(user_id)?.attributes.custom.as_ref()?;
        self.configuration.data_points.public(ModelType::User, data)
    }

    /// What a device is shown: what the action was tracked with, or else what the request says. Data comes from both; of a
    /// data point that both have, the request's value.
    fn told(&self, bearer: &Bearer, told: Told) -> Told {
        let action = self.action(&bearer.user_id, &bearer.action, &bearer.key);
        let action = action.ok();
        let of =
            |value: fn(&Action) -> &Option<String>| action.and_then(|action| value(action).clone());
        Told {
            custom: Custom::and(
                action.and_then(|action| action.custom.as_ref()),
                told.custom.as_ref(),
            ),
            user_agent: of(|action| &action.user_agent).or(told.user_agent),
            ip_address: of(|action| &action.ip_address).or(told.ip_address),
            device_id: of(|action| &action.device_id).or(told.device_id),
        }
    }
}

/// Whether a device has read a challenge and not answered it.
fn is_claimed(challenge: &Challenge) -> bool {
    let approval = challenge.approval.as_ref();
    approval.is_some_and(|approval| approval.stage == Stage::Claimed)
}

/// Whether a challenge of that kind can be answered.
fn is_waiting(challenge: &Challenge, kind: Method, now: Timestamp) -> bool {
    challenge.method == kind
        && challenge.is_open(now)
        && challenge
            .approval
            .as_ref()
            .is_some_and(|approval| !approval.stage.is_answered())
}

fn waits_for(challenge: &Challenge, authenticator: &Authenticator, now: Timestamp) -> bool {
    is_waiting(challenge, Method::Push, now)
        && challenge
            .authenticator_id
            .as_ref()
            .is_none_or(|id| *id == authenticator.id)
}
