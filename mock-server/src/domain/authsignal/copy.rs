//! Copies of the state: to go back to it later, and to begin another tenant with it. Knows no clock.

use std::sync::Arc;

use jiff::Timestamp;

use super::Authsignal;
use super::challenge::{Challenges, Windows};
use super::session::Sessions;

/// Bytes that a thing takes besides its texts, roughly.
const THING: usize = 512;

impl Authsignal {
    /// Roughly the bytes that a copy takes.
    pub fn size(&self) -> usize {
        let things = [
            self.users.len(),
            self.actions.len(),
            self.challenges.len(),
            self.sessions.len(),
        ];
        let texts = [
            self.user_bytes,
            self.actions.bytes(),
            self.challenges.bytes(),
            self.events.bytes(),
        ];
        let things: usize = things.into_iter().sum();
        texts.into_iter().sum::<usize>() + things * THING
    }

    /// This copy takes the place of the state that it was made of: it goes on where it was, and webhooks that are under way
    /// meanwhile are none of its own.
    pub fn resume(&mut self, now: Timestamp) {
        self.events.resume(now);
    }

    /// This copy begins another tenant, in place of `own`: with users, actions and settings, and without what belongs to
    /// the other tenant's tokens: challenges, sessions, and webhooks on their way.
    #[must_use]
    pub fn adopted(mut self, own: &Self) -> Self {
        self.tenant = Arc::clone(&own.tenant);
        // Tokens of before a reset stay invalid.
        self.deletions = own.deletions.clone();
        self.ceremonies = self.ceremonies.closed();
        self.challenges = Challenges::default();
        self.sessions = Sessions::default();
        self.windows = Windows::default();
        self.events.empty();
        self
    }
}
