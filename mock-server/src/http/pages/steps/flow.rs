//! Chooses the page of a flow's current step or screen, and goes on from there. Must not contain markup.

use super::visitor::{HERE, Seen, Visitor};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::flow::{StepType, Stop};
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::view::{Ending, Screen, View};
use crate::http::pages::visit::{Fields, Visit};

impl Visitor {
    /// The page of the step or the screen at which a run stops.
    pub(super) async fn in_flow(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        match &seen.situation.flow {
            Some(Stop::Screen(screen)) => {
                let screen = Screen {
                    title: screen.title.clone(),
                    texts: screen.texts.clone(),
                    buttons: screen.buttons.clone(),
                };
                self.page(seen, None, View::Screen(screen))
            }
            Some(Stop::Step { step, .. }) if step.enrolls() => {
                match fields.get("enroll").and_then(Method::of_word) {
                    Some(method) => self.enrollment(seen, method, fields, None).await,
                    None => self.enrollable(seen),
                }
            }
            Some(Stop::Step { .. }) => {
                let chosen = fields.get("method").and_then(Method::of_word);
                self.challenge(seen, chosen, fields).await
            }
            // It can go no further: for example, a receiver of `action.verify` has refused its end.
            _ => self.ending(seen, Ending::Failed),
        }
    }

    pub(super) async fn press(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let button = fields.get("button").unwrap_or_default();
        let pressed = self.tenant.transact_delivered(|authsignal, turn| {
            authsignal.press_button(turn, &seen.bearer, button)
        });
        self.moved(&pressed.await)
    }

    pub(super) async fn decline(&self, seen: &Seen) -> PageAnswer {
        let declined = self.tenant.transact_delivered(|authsignal, turn| {
            authsignal.decline_enrollment(turn, &seen.bearer)
        });
        self.moved(&declined.await)
    }

    /// Continues after a button. One that is no longer there was pressed before, so the page shows where the run is now.
    fn moved(&self, outcome: &Result<(), Refusal>) -> PageAnswer {
        match (outcome, self.look()) {
            (Ok(()), Some(now)) => self.onward(&now, self.visit.clone(), Ending::Passed),
            _ => PageAnswer::To(self.link(&[])),
        }
    }

    /// Goes to the next page of a run, or to the application once it has succeeded.
    pub(super) fn onward(&self, now: &Seen, visit: Visit, outcome: Ending) -> PageAnswer {
        match now.situation.state {
            Some(State::ChallengeSucceeded) => self.leave(visit, &now.situation, outcome),
            _ => PageAnswer::To(visit.link(HERE, &[])),
        }
    }
}

/// Whether the user can decline the enrolment at which a run stops; nothing for an action without a run.
pub(super) fn declines(seen: &Seen) -> Option<bool> {
    let stop = seen.situation.flow.as_ref()?;
    let optional = matches!(
        stop,
        Stop::Step {
            step: StepType::EnrollmentOptional,
            ..
        }
    );
    let waits = seen.situation.state == Some(State::ChallengeRequired);
    waits.then_some(optional)
}
