//! The mock's behaviour, as pure functions over the state of a vendor in one tenant. Knows no HTTP, clock, operating
//! system or other tenant: the time and the seed of all ids are arguments, so the same calls give the same results.

pub mod activeconnect;
pub mod authsignal;
pub mod changes;
pub mod custom;
pub mod ids;
pub mod in_file;
pub mod key;
pub mod links;
#[cfg(test)]
mod model;
pub mod outbox;
pub mod scenario;
pub mod shares;

use jiff::{SignedDuration, Timestamp};

use self::ids::Ids;
use self::outbox::{Message, Outbox};
use self::scenario::{Deed, Scenarios, Subject};

/// `span` after `now`, or the end of time.
fn later(now: Timestamp, span: SignedDuration) -> Timestamp {
    now.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// A time in whole seconds, so that who waits so long has waited long enough.
pub fn whole_seconds(wait: SignedDuration) -> u64 {
    let seconds = wait.as_secs() + i64::from(wait.subsec_nanos() > 0);
    u64::try_from(seconds).unwrap_or_default()
}

/// What the vendors of a tenant share.
#[derive(Clone, Debug)]
pub struct Supplies {
    /// Source of every id and secret that the tenant hands out.
    pub ids: Ids,
    /// What would have been sent to people.
    pub outbox: Outbox,
    /// What a test has planned.
    pub scenarios: Scenarios,
}

impl Supplies {
    /// Supplies with ids from `seed`, and an outbox for `capacity` messages.
    pub fn new(seed: [u8; 32], capacity: usize) -> Self {
        Self {
            ids: Ids::new(seed),
            outbox: Outbox::new(capacity),
            scenarios: Scenarios::default(),
        }
    }

    /// What a step at `now` needs.
    pub fn turn(&mut self, now: Timestamp) -> Turn<'_> {
        Turn {
            ids: &mut self.ids,
            outbox: &mut self.outbox,
            scenarios: &mut self.scenarios,
            now,
            ahead: SignedDuration::ZERO,
        }
    }
}

/// What a step needs besides the state of its vendor. A step that only needs the time takes a [`Timestamp`].
#[derive(Debug)]
pub struct Turn<'a> {
    /// Source of ids and secrets.
    pub ids: &'a mut Ids,
    /// What would have been sent to people.
    pub outbox: &'a mut Outbox,
    /// What a test has planned.
    pub scenarios: &'a mut Scenarios,
    /// The time of the whole step.
    pub now: Timestamp,
    /// By how much that is ahead of the tenant's time, because a fault says so.
    pub ahead: SignedDuration,
}

impl Turn<'_> {
    /// The tenant's time. What is to happen later is due by it, because no request brings its own time along then.
    pub fn tenant_time(&self) -> Timestamp {
        self.now.saturating_sub(self.ahead).unwrap_or(self.now)
    }

    /// Somebody does this, so long after the step.
    pub fn schedule(&mut self, after: SignedDuration, deed: Deed) {
        let now = self.tenant_time();
        self.scenarios.schedule(now, after, deed);
    }

    /// Sends a message to a person, unless a scenario about its subject loses it.
    pub fn send(&mut self, message: Message, subject: Subject<'_>) {
        let subject = Subject {
            channel: Some(message.channel),
            ..subject
        };
        if !self.scenarios.loses(&subject) {
            self.outbox.send(message);
        }
    }
}

/// The state of a tenant at one vendor. It changes step by step.
pub trait Vendor {
    /// Who may call, and what does not change while the mock runs.
    type Account;

    /// Ends a step that did not wait for receivers of webhooks. Returns whether a webhook came onto the schedule.
    fn end_step(&mut self, turn: &mut Turn<'_>) -> bool;

    /// How many deliveries of webhooks it has made.
    fn deliveries(&self) -> u64;
}

/// A part of all users, by id: those after one and up to another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Page<'a> {
    /// The id that comes before the first; none at the beginning.
    pub after: Option<&'a str>,
    /// The last id; none at the end.
    pub upto: Option<&'a str>,
}

impl Page<'_> {
    /// Whether a user is on it. Whatever belongs to no user is on the first.
    pub fn has(&self, user_id: Option<&str>) -> bool {
        let Some(id) = user_id else {
            return self.after.is_none();
        };
        self.after.is_none_or(|after| id > after) && self.upto.is_none_or(|upto| id <= upto)
    }
}
