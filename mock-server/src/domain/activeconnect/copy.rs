//! Copies of the state: to go back to it later, and to begin another application with it. Knows no clock.

use std::sync::Arc;

use super::Activeconnect;
use super::roll::Roll;

/// Bytes that a thing takes besides its texts, roughly.
const THING: usize = 512;

impl Activeconnect {
    /// Roughly the bytes that a copy takes.
    pub fn size(&self) -> usize {
        let things = self.users.len() + self.devices.len() + self.links.len() + self.roll.len();
        self.id_bytes + things * THING
    }

    /// This copy begins another application, in place of `own`: with users and their devices, and without sessions and
    /// links, which are the other application's.
    #[must_use]
    pub fn adopted(mut self, own: &Self) -> Self {
        self.application = Arc::clone(&own.application);
        for user in self.users.values_mut() {
            user.links.clear();
            user.sessions.clear();
        }
        self.links.clear();
        self.sessions.clear();
        self.requests.clear();
        self.roll = Roll::default();
        self
    }
}
