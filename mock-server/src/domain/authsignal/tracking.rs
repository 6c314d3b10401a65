//! Actions: tracking, deciding, asking and changing, and what a token proves of one. Knows no wire format.

use jiff::{SignedDuration, Timestamp};

use super::action::{Action, Actions, Decider, Decision, Known, lacked_authenticator, state_of};
use super::address::Contact;
use super::challenge::Challenge;
use super::evaluation::Evaluation;
use super::one_time::unknown_challenge;
use super::rule::Rule;
use super::token::{Claims, Grant, TokenFault};
use super::user::User;
use super::vocabulary::{Method, Outcome, State};
use super::webhook::{ActionLog, EventKind, Kind, MatchedRule, Passing};
use super::{Authsignal, Refusal};
use crate::domain::Turn;
use crate::domain::scenario::{Deed, Scenarios};

/// How far back a user's actions can be queried; documented.
const ACTIONS_BACK: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What was decided about an action.
#[derive(Debug)]
pub struct Tracked {
    /// Its state.
    pub state: State,
    /// Its key.
    pub key: String,
    /// What a token for it is made of.
    pub grant: Grant,
    /// Whether the user has an authenticator.
    pub is_enrolled: bool,
    /// Methods that the user can enrol.
    pub allowed: Vec<Method>,
    /// Methods that the user has enrolled.
    pub enrolled: Vec<Method>,
    /// The default among them.
    pub default: Option<Method>,
    /// Rules that matched.
    pub rule_ids: Vec<String>,
    /// As [`Action::lacked_authenticator`].
    pub lacked_authenticator: bool,
    /// What the rules have read, and which had no say. Nothing if the action was decided before.
    pub evaluated: Evaluation,
}

/// How a new action is decided.
pub(super) struct Decided {
    /// The outcome, and what decided it.
    pub(super) decision: Decision,
    /// Rules that matched.
    pub(super) rule_ids: Vec<String>,
    /// What the rules have read, and which had no say.
    pub(super) evaluated: Evaluation,
}

/// What a token proves.
#[derive(Debug, PartialEq)]
pub enum Proof {
    /// An action.
    Of {
        /// Its state.
        state: State,
        /// When its state changed last.
        state_updated: Timestamp,
        /// The user.
        user_id: String,
        /// Its code.
        action: String,
        /// Its key.
        key: String,
        /// How its challenge was passed.
        method: Option<Method>,
    },
    /// Nothing, and why.
    Nothing(&'static str),
}

impl Authsignal {
    /// Tracks an action and decides about it. A challenge that it names becomes the user's, and so does what it says of a
    /// user who has no such attribute.
    ///
    /// # Errors
    /// The tenant has no authenticators, there is no room for the user, or the challenge that is named does not exist, is
    /// another user's, has run out, or was started for another action.
    pub fn track(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        code: &str,
        mut known: Known,
    ) -> Result<Tracked, Refusal> {
        if self.configuration.methods.is_empty() {
            return Err(Refusal::AuthenticatorNotFound);
        }
        known.contact = known.contact.filled();
        if known.device_id.is_some() || self.lacks(user_id, &known.contact) {
            self.room_for(user_id)?;
        }
        let mut passed = None;
        if let Some(id) = known.challenge_id.as_deref() {
            let challenge = self.challenge_to_track(id, user_id, code, turn.now)?;
            passed = challenge
                .verified
                .then(|| (challenge.method, challenge.authenticator_id.clone()));
            // As a claim does: what one user has proved proves nothing of another.
            self.challenges.bind(id, user_id, turn.now);
        }
        self.adopt(user_id, &known.contact, turn.now);
        let key = known
            .idempotency_key
            .take()
            .unwrap_or_else(|| turn.ids.uuid());
        let existing = self
            .actions
            .get(user_id)
            .and_then(|actions| actions.get(code, &key));
        let is_new = existing.is_none();
        let (mut state, decision, rule_ids, evaluated) = match existing {
            // The same action, not decided again; the vendor's behaviour is unknown.
            Some(action) => (
                action.state,
                action.decision,
                action.rule_ids.clone(),
                Evaluation::default(),
            ),
            None => {
                known.is_remembered = self.remembers(user_id, &known, turn.now);
                let decided = self.decide(turn.scenarios, user_id, code, &known);
                let enrolled = self.users.get(user_id).is_some_and(User::is_enrolled);
                let state = state_of(decided.decision.outcome, enrolled);
                let decision = Some(decided.decision);
                (state, decision, decided.rule_ids, decided.evaluated)
            }
        };
        if let Some(id) = known
            .challenge_id
            .as_deref()
            .filter(|_| state.awaits_challenge())
        {
            self.challenges.name_at_terminal(id, code, &key, turn.now);
        }
        let scope = known.scope.take();
        if is_new {
            let action = Action {
                decision,
                rule_ids: rule_ids.clone(),
                ..Action::new(code.to_owned(), key.clone(), state, turn.now)
            };
            self.configuration.actions.tracked(code, turn.now);
            self.begin(turn, user_id, action, known);
            if state == State::ChallengeRequired
                && let Some((method, authenticator_id)) = passed
            {
                state = State::ChallengeSucceeded;
                let passing = Passing {
                    user_id: user_id.to_owned(),
                    action: code.to_owned(),
                    key: key.clone(),
                    method: Some(method),
                    authenticator_id,
                    enrolled: false,
                };
                self.pass(turn, passing);
            }
            if state == State::ChallengeRequired {
                self.stage_end(turn, user_id, code, &key);
            }
        } else {
            self.tell_again(user_id, code, &key, known);
        }
        let grant = self.grant(user_id, code, &key, scope.as_deref(), turn.now);
        let allowed = self.told_in(user_id, code, &key);
        let default = self.first_method(user_id, code, &key);
        let user = self.users.get(user_id);
        Ok(Tracked {
            state,
            key,
            grant,
            is_enrolled: user.is_some_and(User::is_enrolled),
            allowed,
            enrolled: user.map(User::enrolled_methods).unwrap_or_default(),
            default,
            rule_ids,
            lacked_authenticator: lacked_authenticator(state, decision),
            evaluated,
        })
    }

    /// How the challenge of a new action ends, if that is planned. The answer to the call says that it waits.
    pub(super) fn stage_end(&mut self, turn: &mut Turn<'_>, user_id: &str, code: &str, key: &str) {
        let Some((passes, after)) = turn.scenarios.end(user_id, code) else {
            return;
        };
        let deed = Deed::Finish {
            user_id: user_id.to_owned(),
            action: code.to_owned(),
            key: key.to_owned(),
            passes,
        };
        self.do_after(turn, after, deed);
    }

    /// The challenge that a track call names.
    fn challenge_to_track(
        &self,
        id: &str,
        user_id: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<&Challenge, Refusal> {
        // A part of the action's attributes, not the subject of the request.
        let unknown = || Refusal::Invalid(unknown_challenge(id).to_string());
        let challenge = self.challenges.get(id).ok_or_else(unknown)?;
        if challenge
            .user_id
            .as_deref()
            .is_some_and(|own| own != user_id)
        {
            return Err(Refusal::ChallengeClaimed(format!(
                "challenge {id} is already claimed by another user; start a new one"
            )));
        }
        if !challenge.verified && !challenge.is_open(now) {
            return Err(Refusal::ChallengeExpired(format!(
                "challenge {id} has expired; start a new one"
            )));
        }
        // One that was started without an action, as at a terminal, may be tracked with any.
        let is_named = !challenge.action.is_empty() && challenge.terminal_code.is_none();
        if is_named && challenge.action != code {
            return Err(Refusal::Invalid(format!(
                "challenge {id} was started for the action {}; track that action, or start a challenge for this one",
                challenge.action
            )));
        }
        Ok(challenge)
    }

    /// Keeps a newly decided action, with its attributes.
    pub(super) fn begin(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        action: Action,
        known: Known,
    ) {
        if let Some(device_id) = known.device_id.as_deref().filter(|id| !id.is_empty()) {
            self.see_device(user_id, device_id, turn.now);
        }
        if self.events.wants(Kind::ActionLogCreated) {
            let log = self.action_log(user_id, &action, &known);
            self.events.push(turn, EventKind::ActionLog(Box::new(log)));
        }
        let action = Action {
            told: kept(known.contact),
            custom: known.custom,
            ip_address: known.ip_address,
            user_agent: known.user_agent,
            device_id: known.device_id,
            redirect_url: known.redirect_url.map(String::into_boxed_str),
            to_settings: known.to_settings,
            locale: tag(known.locale),
            ..action
        };
        self.actions.insert(user_id, action);
    }

    /// Takes what the last track of an action says: where the user goes at the end, which language they read, and who they
    /// are.
    fn tell_again(&mut self, user_id: &str, code: &str, key: &str, known: Known) {
        if let Some(locale) = tag(known.locale) {
            self.actions.change(user_id, code, key, |action| {
                action.locale = Some(locale);
            });
        }
        if let Some(url) = known.redirect_url {
            self.actions.change(user_id, code, key, |action| {
                action.redirect_url = Some(url.into_boxed_str());
                action.to_settings = known.to_settings;
            });
        }
        if !known.contact.is_empty() {
            self.actions.change(user_id, code, key, |action| {
                let before = action.told.take().map(|told| *told).unwrap_or_default();
                action.told = kept(known.contact.or(before));
            });
        }
    }

    /// What is logged of an action that was decided just now.
    fn action_log(&self, user_id: &str, action: &Action, known: &Known) -> ActionLog {
        let user = self.users.get(user_id);
        let attributes = user.map(|user| &user.attributes);
        let rules = self.rules(&action.rule_ids).map(|rule| MatchedRule {
            id: rule.id.clone(),
            name: rule.name.clone(),
            description: rule.description.clone(),
        });
        let or = |given: &Option<String>, own: Option<&Option<String>>| {
            given.clone().or_else(|| own.cloned().flatten())
        };
        ActionLog {
            user_id: user_id.to_owned(),
            action: action.code.clone(),
            key: action.key.clone(),
            created: action.created,
            updated: action.updated,
            state_updated: action.state_updated,
            state: action.state,
            outcome: match action.state {
                State::Block => Outcome::Block,
                State::ReviewRequired => Outcome::Review,
                State::ChallengeRequired => Outcome::Challenge,
                _ => Outcome::Allow,
            },
            method: None,
            allowed: self.told_by(action),
            enrolled: user.map(User::enrolled_methods).unwrap_or_default(),
            rules: rules.collect(),
            ip_address: known.ip_address.clone(),
            country: self.country(known.ip_address.as_deref()),
            email: or(&known.contact.email, attributes.map(|own| &own.email)),
            phone_number: or(
                &known.contact.phone_number,
                attributes.map(|own| &own.phone_number),
            ),
            device_id: known.device_id.clone(),
            custom_variables: self.custom_variables(
                &[Method::Sms, Method::EmailOtp],
                user_id,
                known.custom.as_ref(),
            ),
            custom: known.custom.clone(),
        }
    }

    /// What is decided about a new action. Uses up an outcome and facts that are planned for it.
    pub(super) fn decide(
        &self,
        scenarios: &mut Scenarios,
        user_id: &str,
        code: &str,
        known: &Known,
    ) -> Decided {
        let next = scenarios.facts(user_id, code);
        if let Some(outcome) = scenarios.outcome(user_id, code) {
            let by = Decider::NextOutcome;
            return Decided {
                decision: Decision { by, outcome },
                rule_ids: Vec::new(),
                evaluated: Evaluation::default(),
            };
        }
        let rules = &self.configuration.rules;
        let (matching, evaluated) = if rules.concerns(code) {
            let view = self.view(user_id, code, known, &next, rules);
            let tried = rules.tried(code, &view.known);
            let evaluated = self.evaluation(code, &view, rules, tried.skipped);
            (tried.holding, evaluated)
        } else {
            Default::default()
        };
        let own = self.configuration.actions.outcome(code);
        let (by, outcome) = match (matching.first(), own) {
            (Some(rule), _) => (Decider::Rule, rule.outcome),
            (None, Some(outcome)) => (Decider::ActionOutcome, outcome),
            (None, None) => (Decider::DefaultOutcome, self.configuration.default_outcome),
        };
        Decided {
            decision: Decision { by, outcome },
            rule_ids: matching.iter().map(|rule| rule.id.clone()).collect(),
            evaluated,
        }
    }

    /// The rules of those ids.
    pub fn rules<'a>(&'a self, ids: &'a [String]) -> impl Iterator<Item = &'a Rule> {
        ids.iter().filter_map(|id| self.configuration.rules.get(id))
    }

    /// An action.
    ///
    /// # Errors
    /// There is none.
    pub fn action(&self, user_id: &str, code: &str, key: &str) -> Result<&Action, Refusal> {
        self.actions
            .get(user_id)
            .and_then(|actions| actions.get(code, key))
            .ok_or_else(|| unknown_action(user_id, code, key))
    }

    /// Sets the state of an action.
    ///
    /// # Errors
    /// There is none.
    pub fn update_action(
        &mut self,
        user_id: &str,
        code: &str,
        key: &str,
        state: State,
        now: Timestamp,
    ) -> Result<&Action, Refusal> {
        let action = self
            .actions
            .get_mut(user_id, code, key)
            .ok_or_else(|| unknown_action(user_id, code, key))?;
        action.set(state, now);
        action.decision = None;
        Ok(action)
    }

    /// A user's actions of the last 30 days, the newest first.
    pub fn query_actions<'a>(
        &'a self,
        user_id: &str,
        codes: Option<&'a [String]>,
        state: Option<State>,
        from: Option<Timestamp>,
        now: Timestamp,
    ) -> impl Iterator<Item = &'a Action> {
        let earliest = now.checked_sub(ACTIONS_BACK).unwrap_or(Timestamp::MIN);
        let from = from.map_or(earliest, |from| from.max(earliest));
        self.actions
            .get(user_id)
            .into_iter()
            .flat_map(Actions::newest_first)
            .filter(move |action| {
                action.created >= from
                    && codes.is_none_or(|codes| codes.contains(&action.code))
                    && state.is_none_or(|state| action.state == state)
            })
    }

    /// What a token proves, by what was read in it.
    pub fn validate(
        &self,
        read: Result<Claims<'_>, TokenFault>,
        user_id: Option<&str>,
        action: Option<&str>,
        now: Timestamp,
    ) -> Proof {
        let claims = match self.current(read, now) {
            Ok(claims) => claims,
            Err(TokenFault::Expired) => return Proof::Nothing("Token is expired."),
            Err(TokenFault::Invalid) => return Proof::Nothing("Token is invalid."),
        };
        let is_of_flow = claims.flow.is_some();
        let claims = claims.other;
        if user_id.is_some_and(|user_id| user_id != claims.user_id) {
            return Proof::Nothing("User is invalid.");
        }
        if action.is_some_and(|action| action != claims.action_code) {
            return Proof::Nothing("Action is invalid.");
        }
        if is_of_flow {
            return Proof::Nothing("Token is of a flow. Call verify_flow.");
        }
        match self.action(
            &claims.user_id,
            &claims.action_code,
            &claims.idempotency_key,
        ) {
            Ok(action) => Proof::Of {
                state: action.state,
                state_updated: action.state_updated,
                user_id: claims.user_id.into_owned(),
                action: claims.action_code.into_owned(),
                key: claims.idempotency_key.into_owned(),
                method: action
                    .method
                    .filter(|_| action.state == State::ChallengeSucceeded),
            },
            Err(_) => Proof::Nothing("Action is invalid."),
        }
    }
}

/// What track says of a user, even if the user's attributes say the same: those can change.
fn kept(contact: Contact) -> Option<Box<Contact>> {
    (!contact.is_empty()).then(|| Box::new(contact))
}

/// A language tag; a blank one names no language.
fn tag(locale: Option<String>) -> Option<Box<str>> {
    let locale = locale.filter(|locale| !locale.trim().is_empty());
    locale.map(String::into_boxed_str)
}

pub(super) fn unknown_action(user_id: &str, code: &str, key: &str) -> Refusal {
    Refusal::NotFound(format!(
        "user {user_id} has no action {code} with the idempotency key {key}"
    ))
}
