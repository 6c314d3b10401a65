//! A run goes on: a step was taken, a button pressed, an enrolment declined. Knows no wire format.
//!
//! A run has succeeded once its action has. Until the receivers of `action.verify` have agreed to that, the run stays where
//! it is, so that the user can try again.

use std::sync::Arc;

use jiff::Timestamp;

use super::around::Surroundings;
use super::document::Flow;
use super::node::{Kind, StepType};
use super::run::{CompletedStep, Place, Run, Visit, Way};
use super::walk::{Around as _, Screens, beyond_screens, walk};
use crate::bounds::FLOW_STEPS;
use crate::domain::Turn;
use crate::domain::authsignal::challenge::Challenge;
use crate::domain::authsignal::factor::{Bearer, Passed};
use crate::domain::authsignal::user::User;
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::webhook::Passing;
use crate::domain::authsignal::{Authsignal, Refusal};

/// Why a run whose document is gone goes no further.
const FORGOTTEN: &str = "the flow was published too often since the run started, and the mock has forgotten its document; start it again";

/// Where a run goes.
pub(in crate::domain::authsignal) struct Following {
    /// Where it stands then.
    pub(in crate::domain::authsignal) place: Place,
    visits: Vec<Visit>,
    done: Option<CompletedStep>,
}

impl Authsignal {
    /// The run of an action, if it is one of a flow.
    pub fn run(&self, user_id: &str, code: &str, key: &str) -> Option<&Run> {
        self.action(user_id, code, key).ok()?.run.as_deref()
    }

    /// The run of an action, and the document that it walks.
    fn run_and_flow(&self, user_id: &str, code: &str, key: &str) -> Option<(&Run, Arc<Flow>)> {
        let run = self.run(user_id, code, key)?;
        Some((run, run.flow()?))
    }

    /// Where the run of an action goes once this has passed; nothing for an action without a run. Without a method it
    /// declines what it can, and shows no screen.
    pub(in crate::domain::authsignal) fn following(
        &self,
        passing: &Passing,
        now: Timestamp,
    ) -> Option<Following> {
        let (user_id, code) = (&passing.user_id, &passing.action);
        let run = self.run(user_id, code, &passing.key)?;
        let stays = |place: Place| Following {
            place,
            visits: Vec::new(),
            done: None,
        };
        let Some(flow) = run.flow() else {
            return Some(stays(Place::Fault(FORGOTTEN.to_owned())));
        };
        let around = self.around(user_id, code, &flow, run, run.last());
        Some(match passing.method {
            Some(method) => {
                let place = beyond_screens(&flow, &run.place, &around);
                let taken = taken(&flow, &place, &around, passing, method);
                taken.map_or_else(
                    || stays(run.place.clone()),
                    |(step, next)| {
                        let around = around.after(method);
                        let (place, visits) = walk(&flow, next, Way::Taken, &around, Screens::Stop);
                        Following {
                            place,
                            visits,
                            done: Some(CompletedStep {
                                step,
                                method,
                                authenticator_id: passing.authenticator_id.clone(),
                                at: now,
                            }),
                        }
                    },
                )
            }
            None => closed(&flow, run, &around),
        })
    }

    /// Takes a run there, and its action with it.
    pub(in crate::domain::authsignal) fn follow(
        &mut self,
        passing: &Passing,
        following: Following,
        now: Timestamp,
    ) {
        let (user_id, code, key) = (&passing.user_id, &passing.action, &passing.key);
        let took_step = following.done.is_some();
        self.actions.change(user_id, code, key, |action| {
            let Some(run) = action.run.as_mut() else {
                return;
            };
            run.done.extend(following.done);
            run.go(following.place, following.visits);
            let last = run.done.last();
            let by = last.map(|step| (step.method, step.authenticator_id.clone()));
            match run.place {
                Place::At(_) => action.updated = now,
                Place::Complete => {
                    action.set(State::ChallengeSucceeded, now);
                    action.method = by.as_ref().map(|(method, _)| *method);
                    action.authenticator_id = by.and_then(|(_, id)| id);
                }
                Place::Block(_) | Place::Fault(_) => action.set(State::ChallengeFailed, now),
            }
        });
        if took_step {
            self.end_step(user_id, code, key);
        }
    }

    /// Ends what was started for a step that was taken: what one step has sent proves nothing of the next.
    fn end_step(&mut self, user_id: &str, code: &str, key: &str) {
        let open = self.challenges.of_user(user_id);
        // A link that was opened stays so until its page asks, as often as it asks.
        let is_open = |one: &Challenge| !one.verified || one.method == Method::EmailMagicLink;
        let open = open.filter(|one| one.is_for(user_id, code, key) && is_open(one));
        let ids: Vec<String> = open.map(|one| one.id.clone()).collect();
        for id in ids {
            if let Some(challenge) = self.challenges.get_mut(&id) {
                challenge.withdraw();
            }
            self.challenges.answered(&id);
        }
        self.unindex(user_id);
        if let Some(user) = self.users.get_mut(user_id) {
            user.pending
                .retain(|pending| pending.action != code || pending.key != key);
        }
        self.index(user_id);
    }

    /// Goes on from a screen by one of its buttons.
    ///
    /// # Errors
    /// The run is at no screen, or the screen has no such button.
    pub fn press_button(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        button: &str,
    ) -> Result<(), Refusal> {
        let there = |flow: &Flow, index: usize| match &flow.nodes.get(index)?.kind {
            Kind::Screen { buttons, next, .. } if buttons.is_empty() => Some((*next, Way::Next)),
            Kind::Screen { buttons, .. } => {
                let at = buttons.iter().position(|(key, _)| key == button)?;
                Some((buttons.get(at).map(|(_, to)| *to), Way::Button(at)))
            }
            _ => None,
        };
        self.leave(turn, bearer, there, || {
            format!("the flow is at no screen with the button {button}")
        })
    }

    /// Goes on from an optional enrolment without it.
    ///
    /// # Errors
    /// The run is at no such step.
    pub fn decline_enrollment(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
    ) -> Result<(), Refusal> {
        let there = |flow: &Flow, index: usize| match &flow.nodes.get(index)?.kind {
            Kind::Step {
                step: StepType::EnrollmentOptional,
                next,
                ..
            } => Some((*next, Way::Declined)),
            _ => None,
        };
        self.leave(turn, bearer, there, || {
            "the flow is at no enrolment that can be declined".to_owned()
        })
    }

    /// Goes on from where a run stands, as `there` says.
    fn leave(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        there: impl FnOnce(&Flow, usize) -> Option<(Option<usize>, Way)>,
        elsewhere: impl FnOnce() -> String,
    ) -> Result<(), Refusal> {
        let Bearer {
            user_id,
            action: code,
            key,
            ..
        } = bearer;
        self.open_to_challenges(user_id, code, key)?;
        let found = self
            .run_and_flow(user_id, code, key)
            .and_then(|(run, flow)| {
                let Place::At(index) = run.place else {
                    return None;
                };
                let (next, way) = there(&flow, index)?;
                let around = self.around(user_id, code, &flow, run, run.last());
                Some(walk(&flow, next, way, &around, Screens::Stop))
            });
        let (place, visits) = found.ok_or_else(|| Refusal::Invalid(elsewhere()))?;
        let is_over = !matches!(place, Place::At(_));
        self.moved((user_id, code, key), place, visits, turn.now);
        if is_over {
            self.close_run(turn, bearer);
        }
        Ok(())
    }

    /// Takes a run to where a walk stopped, and leaves its action as it is.
    fn moved(
        &mut self,
        (user_id, code, key): (&str, &str, &str),
        place: Place,
        visits: Vec<Visit>,
        now: Timestamp,
    ) {
        self.actions.change(user_id, code, key, |action| {
            action.updated = now;
            if let Some(run) = action.run.as_mut() {
                run.go(place, visits);
            }
        });
    }

    /// Takes a run past the screens at which it stands after a step, by the first button of each: who takes steps by the
    /// Client API sees none. Ends a run of which nothing is left then.
    pub fn skip_screens(&mut self, turn: &mut Turn<'_>, passed: &Passed) {
        let (user_id, code, key) = (&passed.user_id, &passed.action, &passed.key);
        if self.pass_screens(user_id, code, key, turn.now) == Some(true) {
            self.close(turn, user_id, code, key);
        }
    }

    /// As [`skip_screens`](Self::skip_screens), and ends nothing. Says whether the run is over; nothing at no screen.
    fn pass_screens(
        &mut self,
        user_id: &str,
        code: &str,
        key: &str,
        now: Timestamp,
    ) -> Option<bool> {
        let (run, flow) = self.run_and_flow(user_id, code, key)?;
        let Place::At(index) = run.place else {
            return None;
        };
        if !is_screen(&flow, index) {
            return None;
        }
        let around = self.around(user_id, code, &flow, run, run.last());
        let (place, visits) = walk(&flow, Some(index), Way::Start, &around, Screens::Pass);
        // It came to the first of them before.
        let visits = visits.into_iter().skip(1).collect();
        let is_over = !matches!(place, Place::At(_));
        self.moved((user_id, code, key), place, visits, now);
        Some(is_over)
    }

    /// Ends a run for which nothing is left but enrolments that the user may decline, and the screens between and after
    /// them. Any other stays as it is: a screen at which it stands waits for a button.
    pub fn close_run(&mut self, turn: &mut Turn<'_>, bearer: &Bearer) {
        self.close(turn, &bearer.user_id, &bearer.action, &bearer.key);
    }

    fn close(&mut self, turn: &mut Turn<'_>, user_id: &str, code: &str, key: &str) {
        let passing = Passing {
            user_id: user_id.to_owned(),
            action: code.to_owned(),
            key: key.to_owned(),
            method: None,
            authenticator_id: None,
            enrolled: false,
        };
        self.advance(turn, passing);
    }

    /// Takes every step of a run, as if the user had: with their default method, or else with the first that the step
    /// offers. Stops where receivers have to agree.
    pub(in crate::domain::authsignal) fn take_every_step(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        code: &str,
        key: &str,
    ) {
        for _ in 0..=FLOW_STEPS {
            let state = self.action(user_id, code, key).map(|action| action.state);
            if state != Ok(State::ChallengeRequired) || self.events.is_holding() {
                return;
            }
            self.pass_screens(user_id, code, key, turn.now);
            let method = self.simplest(user_id, code, key);
            let enrolled = method.and_then(|(method, enrolls)| {
                let own = self.enrolled(user_id, method, None).filter(|_| !enrolls);
                own.map(|own| own.id.clone())
            });
            let passing = Passing {
                user_id: user_id.to_owned(),
                action: code.to_owned(),
                key: key.to_owned(),
                method: method.map(|(method, _)| method),
                authenticator_id: enrolled,
                enrolled: method.is_some_and(|(_, enrolls)| enrolls),
            };
            self.pass(turn, passing);
        }
    }

    /// The method that takes the current step of a run, and whether the step enrols.
    fn simplest(&self, user_id: &str, code: &str, key: &str) -> Option<(Method, bool)> {
        let (step, methods) = self.step_of(user_id, code, key)?;
        let default = self.users.get(user_id).and_then(User::default_method);
        let default = default.filter(|default| methods.contains(default));
        let method = default.or_else(|| methods.first().copied())?;
        Some((method, step.enrolls()))
    }

    /// What the current step of a run asks of the user, for a caller that sees no screens.
    pub(in crate::domain::authsignal) fn step_of(
        &self,
        user_id: &str,
        code: &str,
        key: &str,
    ) -> Option<(StepType, Vec<Method>)> {
        let (run, flow) = self.run_and_flow(user_id, code, key)?;
        let around = self.around(user_id, code, &flow, run, run.last());
        step_at(&flow, &beyond_screens(&flow, &run.place, &around), &around)
    }

    /// Where a run stands for a caller that sees no screens.
    pub(super) fn place_of(&self, user_id: &str, code: &str, key: &str) -> Option<Place> {
        let run = self.run(user_id, code, key)?;
        let Some(flow) = run.flow() else {
            return Some(Place::Fault(FORGOTTEN.to_owned()));
        };
        let around = self.around(user_id, code, &flow, run, run.last());
        Some(beyond_screens(&flow, &run.place, &around))
    }
}

/// The step that a run takes by a method, and where it leads; nothing where the step asks for something else. A step that
/// enrols takes no other proof.
fn taken(
    flow: &Flow,
    place: &Place,
    around: &Surroundings<'_>,
    passing: &Passing,
    method: Method,
) -> Option<(StepType, Option<usize>)> {
    let Place::At(index) = place else { return None };
    let Kind::Step {
        step,
        methods,
        next,
    } = &flow.nodes.get(*index)?.kind
    else {
        return None;
    };
    let takes = around.offered(*step, methods).contains(&method);
    (takes && (passing.enrolled || !step.enrolls())).then_some((*step, *next))
}

/// What the step at a place asks of the user, if there is one.
fn step_at(
    flow: &Flow,
    place: &Place,
    around: &Surroundings<'_>,
) -> Option<(StepType, Vec<Method>)> {
    let Place::At(index) = place else { return None };
    match &flow.nodes.get(*index)?.kind {
        Kind::Step { step, methods, .. } => Some((*step, around.offered(*step, methods))),
        _ => None,
    }
}

fn is_screen(flow: &Flow, index: usize) -> bool {
    let kind = flow.nodes.get(index).map(|node| &node.kind);
    matches!(kind, Some(Kind::Screen { .. }))
}

/// Where a run goes that declines what it can and shows no screen.
fn closed(flow: &Flow, run: &Run, around: &Surroundings<'_>) -> Following {
    let mut place = beyond_screens(flow, &run.place, around);
    let mut visits = Vec::new();
    if let Place::At(index) = run.place
        && is_screen(flow, index)
        && !matches!(place, Place::At(_))
    {
        // Its user decides by a button how the run ends, and there is nothing to decline.
        place = run.place.clone();
    }
    for _ in 0..=flow.nodes.len() {
        let Place::At(index) = place else { break };
        let Some(Kind::Step {
            step: StepType::EnrollmentOptional,
            next,
            ..
        }) = flow.nodes.get(index).map(|node| &node.kind)
        else {
            // A step that must be taken: the run stays before the screens that lead to it.
            place = if visits.is_empty() {
                run.place.clone()
            } else {
                place
            };
            break;
        };
        let (next, more) = walk(flow, *next, Way::Declined, around, Screens::Pass);
        place = next;
        visits.extend(more);
    }
    Following {
        place,
        visits,
        done: None,
    }
}
