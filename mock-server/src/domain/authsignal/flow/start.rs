//! Starting a run of a flow. Knows no wire format.

use std::sync::Arc;

use super::document::Flow;
use super::run::{Place, Run, Way};
use super::walk::{Screens, walk};
use crate::domain::Turn;
use crate::domain::authsignal::action::{Action, Decider, Decision, Known};
use crate::domain::authsignal::address::{self, Contact};
use crate::domain::authsignal::evaluation::Evaluation;
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::vocabulary::{Method, Outcome, State};
use crate::domain::authsignal::{Authsignal, Refusal};

/// A flow to start.
#[derive(Debug, Default)]
pub struct FlowToStart {
    /// The action.
    pub code: String,
    /// The user; without one, the run is for a new user.
    pub user: Option<UserOfFlow>,
    /// What is known of the user's device, and where the hosted page returns to.
    pub known: Known,
    /// The app client that a session is for.
    pub client_id: Option<String>,
}

/// How a flow names its user.
#[derive(Clone, Debug)]
pub enum UserOfFlow {
    /// By id.
    Id(String),
    /// By an attribute: exactly one of these.
    By(Contact),
}

/// A run that was started.
#[derive(Debug)]
pub struct StartedFlow {
    /// Whom and what its token speaks for.
    pub bearer: Bearer,
    /// Whether the application named the user.
    pub is_known: bool,
    /// Why the run could go no further, if it has ended so.
    pub fault: Option<String>,
    /// What the rules of the flow read, with the values at the start, and which had no say.
    pub evaluated: Evaluation,
}

impl Authsignal {
    /// Starts a run of an action's flow, and walks it to its first step.
    ///
    /// # Errors
    /// The action has no flow, the user is not named by exactly one thing, or there is no room for the user.
    pub fn start_flow(
        &mut self,
        turn: &mut Turn<'_>,
        wanted: FlowToStart,
    ) -> Result<StartedFlow, Refusal> {
        let flow = self.flow_for(&wanted.code)?;
        let is_known = wanted.user.is_some();
        let (user_id, contact) = self.user_of_flow(turn, wanted.user)?;
        let mut known = Known {
            contact,
            ..wanted.known
        };
        known.is_remembered = self.remembers(&user_id, &known, turn.now);
        if known.device_id.is_some() || self.lacks(&user_id, &known.contact) {
            self.room_for(&user_id)?;
        }
        self.adopt(&user_id, &known.contact, turn.now);
        let (code, key) = (wanted.code, turn.ids.uuid());
        let next = turn.scenarios.facts(&user_id, &code);
        let mut run = Run::new(&flow, wanted.client_id, known.clone(), next);
        let ((place, visits), skipped) = {
            let around = self.around(&user_id, &code, &flow, &run, None);
            let walked = walk(&flow, Some(flow.root), Way::Start, &around, Screens::Stop);
            (walked, around.skipped)
        };
        run.go(place, visits);
        let evaluated = if flow.rule_texts.is_empty() {
            Evaluation::default()
        } else {
            let view = self.view(&user_id, &code, &run.known, &run.next, &flow.rules);
            self.evaluation(&code, &view, &flow.rules, skipped)
        };
        let (state, outcome) = match run.place {
            Place::At(_) => (State::ChallengeRequired, Outcome::Challenge),
            Place::Complete => (State::ChallengeSucceeded, Outcome::Allow),
            Place::Block(_) | Place::Fault(_) => (State::ChallengeFailed, Outcome::Block),
        };
        let fault = match &run.place {
            Place::Fault(why) => Some(why.clone()),
            _ => None,
        };
        let by = Decider::Flow;
        let action = Action {
            run: Some(Box::new(run)),
            decision: Some(Decision { by, outcome }),
            ..Action::new(code.clone(), key.clone(), state, turn.now)
        };
        self.begin(turn, &user_id, action, known);
        if state == State::ChallengeRequired {
            self.stage_end(turn, &user_id, &code, &key);
        }
        let contact = self.contact(&user_id, &code, &key);
        Ok(StartedFlow {
            bearer: Bearer {
                user_id,
                action: code,
                key,
                scope: String::new(),
                contact,
            },
            is_known,
            fault,
            evaluated,
        })
    }

    /// The flow of an action: the one that was published, or else the default.
    fn flow_for(&self, code: &str) -> Result<Arc<Flow>, Refusal> {
        let configuration = &self.configuration;
        if let Some(flow) = configuration.flows.get(code) {
            return Ok(Arc::clone(flow));
        }
        let mut rules = configuration.rules.about(code);
        let is_classic = configuration.actions.outcome(code).is_some()
            || rules.any(|rule| rule.action.as_deref() == Some(code));
        let default = configuration.flows.default_one();
        match default.filter(|_| !is_classic) {
            Some(default) => Ok(Arc::clone(default)),
            None => Err(Refusal::InvalidAction(format!(
                "the action {code} has rules or an outcome of its own, so it is not a flow: publish a flow for it, or track it"
            ))),
        }
    }

    /// The user whom a request names, and what it says of them. A user whom nothing names, or only an attribute that nobody
    /// has, is a new one.
    fn user_of_flow(
        &self,
        turn: &mut Turn<'_>,
        user: Option<UserOfFlow>,
    ) -> Result<(String, Contact), Refusal> {
        let contact = match user {
            None => return Ok((turn.ids.uuid(), Contact::default())),
            Some(UserOfFlow::Id(id)) => return Ok((id, Contact::default())),
            Some(UserOfFlow::By(contact)) => contact.filled(),
        };
        let (index, value) = match &contact {
            Contact {
                email: Some(email), ..
            } => {
                address::check(Method::EmailOtp, email)?;
                (&self.emails, email)
            }
            Contact {
                phone_number: Some(number),
                ..
            } => {
                address::check(Method::Sms, number)?;
                (&self.phone_numbers, number)
            }
            Contact {
                username: Some(name),
                ..
            } => (&self.usernames, name),
            _ => {
                return Err(Refusal::Invalid(
                    "body /user: the user has no name; give userId, email, phoneNumber or username"
                        .to_owned(),
                ));
            }
        };
        let found = index.get(value).and_then(|ids| ids.first().cloned());
        let user_id = found.unwrap_or_else(|| turn.ids.uuid());
        Ok((user_id, contact))
    }
}
