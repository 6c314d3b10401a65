//! What the mock does, as pure functions over a [`World`]. Knows no HTTP, clock, operating system or other tenant:
//! the time and the seed of all ids are arguments, so the same calls give the same results.

pub mod activeconnect;
pub mod authsignal;
pub mod ids;
pub mod outbox;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use self::activeconnect::{Activeconnect, Application, Limits};
use self::authsignal::Authsignal;
use self::ids::Ids;
use self::outbox::Outbox;

/// `span` after `now`, or the end of time.
fn later(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// Everything that one tenant's requests can read or change.
#[derive(Debug)]
pub struct World {
    /// Source of every id and secret this world hands out.
    pub ids: Ids,
    /// What would have been sent to people.
    pub outbox: Outbox,
    /// Users, devices and sessions of the tenant's Activeconnect application.
    pub activeconnect: Activeconnect,
    /// Users, actions, challenges and sessions of the tenant at Authsignal.
    pub authsignal: Authsignal,
}

impl World {
    /// An empty world. `seed` decides every id that it will ever hand out.
    pub fn new(
        seed: [u8; 32],
        application: Arc<Application>,
        tenant: Arc<authsignal::Tenant>,
        limits: Limits,
        outbox: usize,
    ) -> Self {
        Self {
            ids: Ids::new(seed),
            outbox: Outbox::new(outbox),
            activeconnect: Activeconnect::new(application, limits),
            authsignal: Authsignal::new(tenant),
        }
    }

    /// The world as JSON with every secret masked, for comparing it before and after a request.
    pub fn dump(&self, now: Timestamp) -> serde_json::Value {
        serde_json::json!({
            "activeconnect": self.activeconnect.dump(now),
            "authsignal": self.authsignal.dump(),
            "messages": self.outbox.len(),
        })
    }
}
