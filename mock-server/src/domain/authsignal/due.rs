//! The webhooks and the deeds of people that are due, at a time that is an argument. Knows no network.

use jiff::{SignedDuration, Timestamp};

use super::vocabulary::State;
use super::webhook::{Dispatch, Event, EventKind};
use super::{Authsignal, Refusal};
use crate::domain::Turn;
use crate::domain::scenario::{Deed, Doer};

impl Authsignal {
    /// Does what is planned so long after this step: at once if it is not to take any time, unless receivers of webhooks
    /// have to agree to the step first.
    pub(super) fn do_after(&mut self, turn: &mut Turn<'_>, after: SignedDuration, deed: Deed) {
        if after.is_zero() && !self.events.is_holding() {
            // What cannot be does not happen.
            let _ = self.act(turn, deed);
        } else {
            turn.schedule(after, deed);
        }
    }

    /// Does the first deed that is due, if it is Authsignal's.
    ///
    /// # Errors
    /// It can no longer be done. It waits no more.
    pub fn do_due(&mut self, turn: &mut Turn<'_>) -> Result<(), Refusal> {
        let due = turn.scenarios.take_due(Doer::Authsignal, turn.now);
        due.map_or(Ok(()), |deed| self.act(turn, deed))
    }

    fn act(&mut self, turn: &mut Turn<'_>, deed: Deed) -> Result<(), Refusal> {
        match deed {
            Deed::Finish {
                user_id,
                action,
                key,
                passes,
            } => {
                // The application may have decided it meanwhile.
                let tracked = self.action(&user_id, &action, &key);
                if !tracked.is_ok_and(|action| action.state == State::ChallengeRequired) {
                    return Ok(());
                }
                self.finish_action(turn, &user_id, &action, &key, passes)
                    .map(drop)
            }
            Deed::Answer {
                challenge_id,
                approves,
            } => self.answer_as_planned(turn, &challenge_id, approves),
            // A phone of Activeconnect.
            Deed::Phone { .. } => Ok(()),
        }
    }

    /// When the next webhook is due.
    pub fn next_webhook(&self) -> Option<Timestamp> {
        self.events.next(self.configuration.tenant.token_life())
    }

    /// Whether a webhook is being delivered, or is due at `now`.
    pub fn is_delivering(&self, now: Timestamp) -> bool {
        self.events
            .is_busy(self.configuration.tenant.token_life(), now)
    }

    /// The webhooks that are due at `now` and have a place. From now on they are being delivered.
    pub fn due_webhooks(&mut self, now: Timestamp) -> Vec<Dispatch> {
        let actions = &self.actions;
        // A log event has the action's state at sending, not at tracking.
        let current = |event: &mut Event| {
            if let EventKind::ActionLog(log) = &mut event.what
                && let Some(action) = actions
                    .get(&log.user_id)
                    .and_then(|actions| actions.get(&log.action, &log.key))
            {
                log.updated = action.updated;
                log.state = action.state;
                log.state_updated = action.state_updated;
                log.method = action.method;
            }
        };
        self.events
            .batch(self.configuration.tenant.token_life(), now, current);
        self.events.due(now)
    }
}
