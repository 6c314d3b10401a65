//! The webhooks that are due, at a time that is an argument. Knows no network.

use jiff::Timestamp;

use super::Authsignal;
use super::webhook::{Dispatch, Event, EventKind};

impl Authsignal {
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
