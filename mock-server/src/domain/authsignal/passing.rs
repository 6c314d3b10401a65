//! The end of a challenge: an action passes or fails, and a message goes out. Knows no wire format and no network.
//!
//! [`Authsignal::pass`] is the only way from a passed challenge to `CHALLENGE_SUCCEEDED`, and `fail_action` the only way
//! from a failed one to `CHALLENGE_FAILED`.
//!
//! A receiver of webhooks may have to agree first. Then the step is *held* in the queue of [`webhook`](super::webhook), and
//! one of two functions continues it:
//!
//! | function | when | effect |
//! | --- | --- | --- |
//! | [`Authsignal::conclude`] | the receivers have answered | the step happens, or is given up |
//! | [`Authsignal::release`] | nobody waits for the receivers | the step happens now, the receivers are told later |

use jiff::Timestamp;

use super::action::{Action, Known, state_of};
use super::factor::Bearer;
use super::flow::Place;
use super::user::User;
use super::vocabulary::{Method, State};
use super::webhook::{Dispatch, EventKind, Passing, Sequel, Then};
use super::{Authsignal, Refusal};
use crate::domain::Turn;
use crate::domain::outbox::Message;

impl Authsignal {
    /// The newest action of a user that waits for a challenge; with that code if one is given.
    pub fn waiting(&self, user_id: &str, code: Option<&str>) -> Option<&Action> {
        let actions = self.actions.get(user_id)?;
        actions.newest_first().find(|action| {
            action.state == State::ChallengeRequired && code.is_none_or(|code| action.code == code)
        })
    }

    /// Passes (`true`) or fails the challenge of the action that [`waiting`](Self::waiting) finds. Returns the code and the
    /// key of the action, and its state once every receiver has agreed.
    ///
    /// # Errors
    /// No action of the user waits for a challenge.
    pub fn finish(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        code: Option<&str>,
        success: bool,
    ) -> Result<(String, String, State), Refusal> {
        let waiting = self.waiting(user_id, code).ok_or_else(|| {
            let what = code.map_or_else(
                || "no action".to_owned(),
                |code| format!("no action {code}"),
            );
            Refusal::NotFound(format!(
                "{what} of user {user_id} waits for a challenge; enrol the user and track one first"
            ))
        })?;
        let (code, key) = (waiting.code.clone(), waiting.key.clone());
        self.finish_action(turn, user_id, &code, &key, success)?;
        let state = if self.events.is_holding() {
            // It will be once the receivers have agreed.
            State::ChallengeSucceeded
        } else {
            self.action(user_id, &code, &key)?.state
        };
        Ok((code, key, state))
    }

    /// Passes (`true`) or fails the challenge of one action, with the user's newest authenticator of their default method.
    /// An action that awaits no challenge stays as it is.
    ///
    /// # Errors
    /// The action does not exist.
    pub fn finish_action(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        code: &str,
        key: &str,
        success: bool,
    ) -> Result<&Action, Refusal> {
        self.action(user_id, code, key)?;
        if success && self.run(user_id, code, key).is_some() {
            self.take_every_step(turn, user_id, code, key);
        } else if success {
            let method = self.users.get(user_id).and_then(User::default_method);
            let authenticator = method.and_then(|method| self.enrolled(user_id, method, None));
            let passing = Passing {
                user_id: user_id.to_owned(),
                action: code.to_owned(),
                key: key.to_owned(),
                method,
                authenticator_id: authenticator.map(|own| own.id.clone()),
                enrolled: false,
            };
            self.pass(turn, passing);
        } else {
            self.fail_action(user_id, code, key, turn.now);
        }
        self.action(user_id, code, key)
    }

    /// Whether a challenge can still let an action pass, or has let it. One that does not exist has nothing against it.
    ///
    /// # Errors
    /// The action was blocked, is or was in review, or its challenge failed.
    pub(super) fn open_to_challenges(
        &self,
        user_id: &str,
        code: &str,
        key: &str,
    ) -> Result<(), Refusal> {
        match self.action(user_id, code, key) {
            Ok(action) if action.state.is_closed() => Err(Refusal::Invalid(format!(
                "the action {code} is {}, and no challenge changes that; {}",
                action.state.word(),
                match action.run {
                    Some(_) => "start the flow again",
                    None => "track a new one",
                }
            ))),
            _ => Ok(()),
        }
    }

    /// Creates the action of a challenge that was started without one, as decided by what decides about tracked ones.
    /// Where that is CHALLENGE, the action waits even if its user has no authenticator: its challenge was started already.
    fn open_action(&mut self, turn: &mut Turn<'_>, user_id: &str, code: &str, key: &str) {
        if code.is_empty() || self.action(user_id, code, key).is_ok() {
            return;
        }
        let decided = self.decide(turn.scenarios, user_id, code, &Known::default());
        let state = state_of(decided.decision.outcome, true);
        let action = Action {
            decision: Some(decided.decision),
            rule_ids: decided.rule_ids,
            ..Action::new(code.to_owned(), key.to_owned(), state, turn.now)
        };
        self.actions.insert(user_id, action);
    }

    /// As [`open_action`](Self::open_action), for a proof that passes the action at once.
    ///
    /// # Errors
    /// The action can no longer pass, or was decided against just now: it is kept as it was decided.
    pub(super) fn open_to_pass(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
    ) -> Result<(), Refusal> {
        let Bearer {
            user_id,
            action,
            key,
            ..
        } = bearer;
        self.open_action(turn, user_id, action, key);
        self.open_to_challenges(user_id, action, key)
    }

    /// As [`open_to_pass`](Self::open_to_pass), for a challenge that the proof answers, which is over if its action cannot
    /// pass.
    ///
    /// # Errors
    /// As `open_to_pass`.
    pub(super) fn open_to_answer(
        &mut self,
        turn: &mut Turn<'_>,
        challenge_id: &str,
        bearer: &Bearer,
    ) -> Result<(), Refusal> {
        let open = self.open_to_pass(turn, bearer);
        if open.is_err()
            && let Some(kept) = self.challenges.get_mut(challenge_id)
        {
            kept.withdraw();
        }
        open
    }

    /// Notes a passed challenge at the authenticator and the device, and lets the action pass: when the receivers of
    /// `action.verify` have agreed, or now where no receiver is configured. If a receiver does not agree, the action stays as
    /// it is. So does an action that awaits no challenge.
    pub fn pass(&mut self, turn: &mut Turn<'_>, passing: Passing) {
        self.note_use(&passing, turn.now);
        self.advance(turn, passing);
    }

    /// Lets an action pass; one that is a run of a flow goes on to its next step.
    pub(super) fn advance(&mut self, turn: &mut Turn<'_>, passing: Passing) {
        let awaits = self
            .action(&passing.user_id, &passing.action, &passing.key)
            .is_ok_and(|action| action.state.awaits_challenge());
        if !awaits {
            return;
        }
        let following = self.following(&passing, turn.now);
        if let Some(following) = following
            && following.place != Place::Complete
        {
            // Receivers agree to the end of an action, not to its steps.
            self.follow(&passing, following, turn.now);
            return;
        }
        let what = EventKind::ActionVerify(self.by_its_last_step(&passing));
        if self.events.has_receiver(&what) {
            self.events.hold(turn, what, None, Then::Pass(passing));
        } else {
            self.passed(passing, turn.now);
        }
    }

    /// The same, as receivers read it: a run that ends by no step, but by a screen, passes by the step that it took last.
    fn by_its_last_step(&self, passing: &Passing) -> Passing {
        let run = self.run(&passing.user_id, &passing.action, &passing.key);
        match run.and_then(|run| run.done.last()) {
            Some(last) if passing.method.is_none() => Passing {
                method: Some(last.method),
                authenticator_id: last.authenticator_id.clone(),
                ..passing.clone()
            },
            _ => passing.clone(),
        }
    }

    /// Notes at the authenticator and at the device that they passed a challenge.
    fn note_use(&mut self, passing: &Passing, now: Timestamp) {
        let action = self.action(&passing.user_id, &passing.action, &passing.key);
        let device_id = action.ok().and_then(|action| action.device_id.clone());
        let Some(user) = self.users.get_mut(&passing.user_id) else {
            return;
        };
        let authenticators = user.authenticators.iter_mut();
        for own in authenticators.filter(|own| Some(&own.id) == passing.authenticator_id.as_ref()) {
            own.last_verified = Some(now);
        }
        if let Some(id) = device_id {
            self.authenticated_on(&passing.user_id, &id, passing.method, now);
        }
    }

    /// Notes at a user's device, if it is known, that a challenge was passed on it.
    pub(super) fn authenticated_on(
        &mut self,
        user_id: &str,
        device_id: &str,
        method: Option<Method>,
        now: Timestamp,
    ) {
        let devices = self.users.get_mut(user_id).into_iter();
        let devices = devices.flat_map(|user| user.devices.iter_mut());
        for device in devices.filter(|device| device.id == device_id) {
            device.authenticated = Some(now);
            device.last_method = method;
            device.proven = true;
        }
    }

    /// The transition to `CHALLENGE_SUCCEEDED`.
    fn passed(&mut self, passing: Passing, now: Timestamp) {
        let awaits = self
            .action(&passing.user_id, &passing.action, &passing.key)
            .is_ok_and(|action| action.state.awaits_challenge());
        if let Some(following) = self.following(&passing, now).filter(|_| awaits) {
            self.follow(&passing, following, now);
            return;
        }
        let action = self
            .actions
            .get_mut(&passing.user_id, &passing.action, &passing.key)
            .filter(|action| action.state.awaits_challenge());
        if let Some(action) = action {
            action.set(State::ChallengeSucceeded, now);
            action.method = passing.method;
            action.authenticator_id = passing.authenticator_id;
        }
    }

    /// The transition to `CHALLENGE_FAILED`. An action that is not `CHALLENGE_REQUIRED` stays as it is.
    pub(super) fn fail_action(&mut self, user_id: &str, code: &str, key: &str, now: Timestamp) {
        let action = self
            .actions
            .get_mut(user_id, code, key)
            .filter(|action| action.state == State::ChallengeRequired);
        if let Some(action) = action {
            action.set(State::ChallengeFailed, now);
            action.method = None;
            action.authenticator_id = None;
        }
    }

    /// Sends a message to a person for a challenge: when the receivers of `what` have agreed, or now where no receiver is
    /// configured. One that gets lost on its way is `None`; the receivers are asked all the same. If a receiver does not agree,
    /// the message is not sent, and the challenge has no code.
    pub(super) fn send(
        &mut self,
        turn: &mut Turn<'_>,
        message: Option<Message>,
        challenge_id: &str,
        what: EventKind,
    ) {
        if self.events.has_receiver(&what) {
            let challenge_id = Some(challenge_id.to_owned());
            let then = message.map_or(Then::Nothing, Then::Send);
            self.events.hold(turn, what, challenge_id, then);
        } else if let Some(message) = message {
            turn.outbox.send(message);
        }
    }

    /// Continues what waited for receivers. `taken` says whether every receiver has agreed.
    ///
    /// # Errors
    /// Every receiver has agreed, but what they agreed to can no longer happen: the world changed while they were asked. It
    /// does not happen then.
    pub fn conclude(
        &mut self,
        turn: &mut Turn<'_>,
        sequel: Sequel,
        taken: bool,
    ) -> Result<(), Refusal> {
        let deletions = sequel.deletions;
        let steps = self.events.steps(sequel).ok_or_else(|| {
            Refusal::Invalid("the mock was reset while it waited for webhook receivers".to_owned())
        })?;
        let mut outcome = Ok(());
        for (challenge_id, then) in steps {
            if taken
                && let Err(refusal) = self.still_possible(deletions, challenge_id.as_deref(), &then)
            {
                outcome = Err(refusal);
                continue;
            }
            match then {
                Then::Send(message) if taken => turn.outbox.send(message),
                Then::Pass(passing) if taken => self.passed(passing, turn.now),
                Then::Nothing if taken => {}
                Then::Pass(passing) => self.fail_proofs(&passing),
                Then::Send(_) | Then::Nothing => {
                    // Documented: the challenge fails. Only the receiver knows the code, and may not use it.
                    if let Some(challenge) =
                        challenge_id.and_then(|id| self.challenges.get_mut(&id))
                    {
                        challenge.withdraw();
                    }
                }
            }
        }
        outcome
    }

    /// Whether a step that waited can still happen. `deletions` is the count of deletions when it began to wait.
    ///
    /// # Errors
    /// Its user, its action or its challenge is gone, or its action was decided otherwise.
    fn still_possible(
        &self,
        deletions: u64,
        challenge_id: Option<&str>,
        then: &Then,
    ) -> Result<(), Refusal> {
        const MEANWHILE: &str = "while the mock waited for webhook receivers";
        if let Some(id) = challenge_id.filter(|id| self.challenges.get(id).is_none()) {
            return Err(Refusal::NotFound(format!(
                "challenge {id} was deleted {MEANWHILE}"
            )));
        }
        let Then::Pass(passing) = then else {
            return Ok(());
        };
        let Passing {
            user_id,
            action,
            key,
            ..
        } = passing;
        if !self.deletions.spare(user_id, deletions) {
            return Err(Refusal::NotFound(format!(
                "user {user_id} was deleted {MEANWHILE}"
            )));
        }
        self.action(user_id, action, key)?;
        self.open_to_challenges(user_id, action, key)
    }

    /// What waits for receivers, to be sent at once, and what follows.
    pub fn take_held(&mut self, now: Timestamp) -> (Vec<Dispatch>, Sequel) {
        self.events.take_held(self.deletions.count(), now)
    }

    /// Ends the challenges that proved an action which may not pass, so that the page that polls them learns of it and no
    /// receiver is asked about them again. Codes are used up already.
    fn fail_proofs(&mut self, passing: &Passing) {
        let proofs = self.challenges.of_user(&passing.user_id);
        let ids: Vec<String> = proofs
            .filter(|proof| proof.is_for(&passing.user_id, &passing.action, &passing.key))
            .filter(|proof| proof.approval.is_some() || proof.method == Method::EmailMagicLink)
            .filter(|proof| proof.verified)
            .map(|proof| proof.id.clone())
            .collect();
        for id in ids {
            if let Some(proof) = self.challenges.get_mut(&id) {
                proof.withdraw();
            }
        }
    }

    /// Does now what waits for receivers, and schedules their events: for a caller that does not wait.
    pub fn release(&mut self, turn: &mut Turn<'_>) {
        for then in self.events.release(turn.tenant_time()) {
            match then {
                Then::Nothing => {}
                Then::Send(message) => turn.outbox.send(message),
                Then::Pass(passing) => self.passed(passing, turn.now),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::factor::fixture::{Fixture, at};
    use crate::domain::authsignal::action::Known;
    use crate::domain::authsignal::vocabulary::{Method, State};
    use crate::domain::authsignal::webhook::{Endpoint, Kind};
    use crate::domain::authsignal::{ChallengeRequest, Enrollment};

    /// Enrols a passkey, which leaves the user's other passkeys in place.
    fn enroll_passkey(fixture: &mut Fixture, credential: &str, seconds: i64) -> String {
        let enrollment = Enrollment {
            credential_id: Some(credential.into()),
            credential_public_key: Some("key".into()),
            ..Enrollment::new(Method::Passkey)
        };
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let enrolled = authsignal.enroll(&mut supplies.turn(at(seconds)), "ada", enrollment);
        enrolled.unwrap().0.id
    }

    #[test]
    fn a_challenge_is_finished_with_the_newest_authenticator_of_the_default_method() {
        let mut fixture = Fixture::new();
        let oldest = enroll_passkey(&mut fixture, "one", 0);
        let newest = enroll_passkey(&mut fixture, "two", 1);
        let (first, second) = (fixture.track("ada"), fixture.track("ada"));
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let finished = authsignal
            .finish(&mut supplies.turn(at(2)), "ada", None, true)
            .unwrap();
        assert_eq!(
            finished,
            (
                "signIn".to_owned(),
                second.key.clone(),
                State::ChallengeSucceeded
            )
        );
        let by_page =
            authsignal.finish_action(&mut supplies.turn(at(3)), "ada", "signIn", &first.key, true);
        let by_page = by_page.unwrap().clone();
        let by_control = authsignal.action("ada", "signIn", &second.key).unwrap();
        for action in [by_control, &by_page] {
            assert_eq!(
                (action.method, action.authenticator_id.as_ref()),
                (Some(Method::Passkey), Some(&newest))
            );
        }
        let used = |id: &str| {
            let own = authsignal.user("ada").unwrap().authenticators.iter();
            own.clone().find(|one| one.id == id).unwrap().last_verified
        };
        assert_eq!((used(&oldest), used(&newest)), (None, Some(at(3))));
    }

    #[test]
    fn the_receiver_is_asked_whoever_finishes_the_challenge() {
        let mut fixture = Fixture::new();
        fixture.enroll_sms("ada");
        let first = fixture.track("ada");
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let id = authsignal.user("ada").unwrap().authenticators[0].id.clone();
        authsignal
            .delete_authenticator(&mut supplies.turn(at(1)), "ada", &id)
            .unwrap();
        authsignal.events.set_endpoints(vec![Endpoint {
            url: "http://127.0.0.1:1/".into(),
            kinds: vec![Kind::ActionVerify],
            public_key: true,
        }]);
        let finished =
            authsignal.finish_action(&mut supplies.turn(at(2)), "ada", "signIn", &first.key, true);
        assert_eq!(finished.unwrap().state, State::ChallengeRequired);
        assert!(
            authsignal.events.is_holding(),
            "a user without authenticators is no way around it"
        );
    }

    #[test]
    fn a_challenge_of_nobody_proves_actions_of_the_first_user_alone() {
        let mut fixture = Fixture::new();
        fixture.enroll_sms("ada");
        fixture.enroll_sms("eve");
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let request = ChallengeRequest {
            method: Some(Method::Sms),
            action: Some("signIn".into()),
            phone_number: Some("+64270000000".into()),
            ..ChallengeRequest::default()
        };
        let sent = authsignal
            .challenge(&mut supplies.turn(at(0)), request)
            .unwrap();
        let message = supplies.outbox.newest_first().next().unwrap();
        let code = message.code.clone().unwrap();
        let verified = authsignal.verify(&mut supplies.turn(at(1)), &sent.id, &code);
        assert!(verified.unwrap().1.verified);
        let mut track = |user_id: &str| {
            let known = Known {
                challenge_id: Some(sent.id.clone()),
                ..Known::default()
            };
            let tracked = authsignal.track(&mut supplies.turn(at(2)), user_id, "signIn", known);
            tracked.map(|tracked| tracked.state)
        };
        assert_eq!(track("ada").unwrap(), State::ChallengeSucceeded);
        let refusal = track("eve").unwrap_err().to_string();
        assert!(
            refusal.contains("already claimed by another user"),
            "{refusal}"
        );
    }

    #[test]
    fn a_failed_challenge_leaves_no_method_and_touches_no_other_state() {
        let mut fixture = Fixture::new();
        fixture.enroll_sms("ada");
        let bearer = fixture.track("ada");
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        authsignal
            .finish(&mut supplies.turn(at(1)), "ada", None, true)
            .unwrap();
        let failed = authsignal.finish_action(
            &mut supplies.turn(at(2)),
            "ada",
            "signIn",
            &bearer.key,
            false,
        );
        assert_eq!(failed.unwrap().state, State::ChallengeSucceeded);
        let required = State::ChallengeRequired;
        authsignal
            .update_action("ada", "signIn", &bearer.key, required, at(3))
            .unwrap();
        let failed = authsignal.finish_action(
            &mut supplies.turn(at(4)),
            "ada",
            "signIn",
            &bearer.key,
            false,
        );
        let failed = failed.unwrap();
        assert_eq!(
            (failed.state, failed.method, &failed.authenticator_id),
            (State::ChallengeFailed, None, &None)
        );
    }
}
