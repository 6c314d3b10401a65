//! The targets of events, the held steps, and the deliveries with their tries. Knows no network, and no effect of an
//! event on actions and challenges.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::mem;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::made_up;
use super::{AuthenticatorChanged, Event, EventKind, Kind, Passing};
use crate::bounds::{
    BATCH, DELIVERIES, DELIVERIES_AT_ONCE, DELIVERIES_TO_RECEIVER, DELIVERY_ATTEMPTS,
    DELIVERY_BYTES, LOG_BYTES, LOGS, RETRIES, RETRY_AFTER,
};
use crate::domain::Turn;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::in_file::{counter, shared_text, shared_texts, shared_things};
use crate::domain::later;
use crate::domain::outbox::Message;

/// A URL that events go to.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Endpoint {
    /// The URL.
    #[serde(with = "shared_text")]
    pub url: Arc<str>,
    /// Types that it takes; every type where empty.
    pub kinds: Vec<Kind>,
    /// Whether `authenticator.created` has the public key of a passkey.
    pub public_key: bool,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold its owner's secret.
        f.debug_struct("Endpoint")
            .field("kinds", &self.kinds)
            .finish_non_exhaustive()
    }
}

impl Endpoint {
    fn takes(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// A fault that a try has on purpose, to test a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fault {
    /// It comes twice.
    Duplicate,
    /// It was signed ten minutes ago.
    Late,
    /// It is signed with another key.
    WrongKey,
    /// Its body was changed after it was signed.
    Tampered,
}

/// How a try ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Answer {
    /// The receiver answered with this status.
    Status(u16),
    /// It did not answer, and why.
    Nothing(String),
    /// The mock could not ask it, and why.
    Unsent(String),
}

impl Answer {
    /// Whether the event is taken: any status from 200 to 299.
    pub fn is_taken(&self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(f, "answered {status}"),
            Self::Nothing(why) | Self::Unsent(why) => f.write_str(why),
        }
    }
}

/// A try.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// How it ended.
    pub answer: Answer,
    /// The fault that it had on purpose.
    pub fault: Option<Fault>,
    /// The text of the header that it was signed with.
    pub signature: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Progress {
    /// It is tried at that time.
    Waits(Timestamp),
    /// It is under way.
    Sending,
    /// It is taken.
    Taken,
    /// It is not taken, and not tried again.
    GivenUp,
}

impl Progress {
    /// Whether nothing more happens to it.
    fn is_settled(self) -> bool {
        matches!(self, Self::Taken | Self::GivenUp)
    }
}

/// An event, or a batch of log events, on its way to a URL.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// Running number, from 1.
    pub number: u64,
    /// When it came onto the list.
    pub made: Timestamp,
    /// Type of what it holds.
    pub kind: Kind,
    /// Where it goes.
    #[serde(with = "shared_text")]
    pub url: Arc<str>,
    /// The event, or the records of a batch.
    #[serde(with = "shared_things")]
    pub events: Vec<Arc<Event>>,
    /// Tries, oldest first.
    pub attempts: Vec<Attempt>,
    /// Its state.
    pub progress: Progress,
    /// Tries without a fault.
    #[serde(deserialize_with = "counter")]
    tries: usize,
    /// Whether it is tried again.
    retried: bool,
}

impl Delivery {
    /// The user whose events it holds. A batch is of many, and the vendor promises no order of batches.
    fn user_id(&self) -> Option<&str> {
        let event = self.events.first().filter(|_| !self.kind.is_log())?;
        event.what.user_id()
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold its owner's secret.
        f.debug_struct("Delivery")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// A delivery to send now.
#[derive(Clone)]
pub struct Dispatch {
    /// The delivery.
    pub number: u64,
    /// Type of what it holds.
    pub kind: Kind,
    /// Where it goes.
    pub url: Arc<str>,
    /// The event, or the records of a batch.
    pub events: Vec<Arc<Event>>,
    /// The world that it belongs to.
    world: Arc<()>,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold its owner's secret.
        f.debug_struct("Dispatch")
            .field("number", &self.number)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// What happens when a held event is taken.
#[derive(Clone)]
pub enum Then {
    /// The event is all there is.
    Nothing,
    /// The message is sent.
    Send(Message),
    /// The action passes.
    Pass(Passing),
}

/// What waits for its receiver.
#[derive(Clone)]
struct Held {
    event: Event,
    challenge_id: Option<String>,
    then: Then,
}

/// What follows when events that were sent have been answered.
pub struct Sequel {
    steps: Vec<(Option<String>, Then)>,
    /// The world that it belongs to.
    world: Arc<()>,
    /// How many users the tenant had deleted when it began to wait.
    pub(in crate::domain::authsignal) deletions: u64,
}

impl fmt::Debug for Sequel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Messages hold codes.
        f.debug_struct("Sequel").finish_non_exhaustive()
    }
}

/// The places for deliveries under way. A receiver that takes its time fills its own places, and no other receiver's.
#[derive(Default)]
struct Places {
    /// Those of each URL.
    taken: BTreeMap<Arc<str>, Taken>,
    total: usize,
}

/// The deliveries under way to a URL.
#[derive(Default)]
struct Taken {
    count: usize,
    /// The users whose events they hold.
    users: BTreeSet<String>,
}

impl Places {
    /// Whether a delivery can go. Events of one user go one after another, so that a receiver that keeps a copy of
    /// their authenticators sees no deletion before the creation.
    fn has_one_for(&self, delivery: &Delivery) -> bool {
        if self.total >= DELIVERIES_AT_ONCE {
            return false;
        }
        let own = self.taken.get(&delivery.url);
        own.is_none_or(|own| {
            let is_next = |user| !own.users.contains(user);
            own.count < DELIVERIES_TO_RECEIVER && delivery.user_id().is_none_or(is_next)
        })
    }

    fn take(&mut self, delivery: &Delivery) {
        let own = self.taken.entry(Arc::clone(&delivery.url)).or_default();
        own.count += 1;
        own.users.extend(delivery.user_id().map(str::to_owned));
        self.total += 1;
    }
}

/// Where the events of a tenant go.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Targets {
    endpoints: Vec<Endpoint>,
    /// URLs of single actions, for `action.verify`.
    #[serde(with = "shared_texts")]
    verification: BTreeMap<String, Arc<str>>,
    /// URLs that the tenant has its own messages of single methods sent to.
    #[serde(with = "shared_texts")]
    providers: BTreeMap<Method, Arc<str>>,
}

/// The webhooks of a tenant, and what is on its way to them.
#[derive(Clone, Default)]
pub struct Events {
    /// Where they go.
    pub(in crate::domain::authsignal) targets: Targets,
    second_secret: Option<String>,
    held: Vec<Held>,
    pub(super) logs: VecDeque<Event>,
    /// Bytes of the texts of these.
    log_bytes: usize,
    /// Bytes of the texts of all deliveries.
    delivery_bytes: usize,
    deliveries: VecDeque<Delivery>,
    /// How many deliveries there were.
    count: u64,
    /// Whether something came onto the schedule.
    stirred: bool,
    /// Distinguishes this world from one that replaces it during a delivery.
    world: Arc<()>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The second secret, and held codes.
        f.debug_struct("Events")
            .field("endpoints", &self.targets.endpoints)
            .field("deliveries", &self.deliveries.len())
            .finish_non_exhaustive()
    }
}

/// The webhooks of a tenant and what is on its way to them, for a file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EventsRecord {
    targets: Targets,
    second_secret: Option<String>,
    logs: VecDeque<Event>,
    deliveries: VecDeque<Delivery>,
    #[serde(deserialize_with = "counter")]
    count: u64,
}

impl EventsRecord {
    /// Every URL that something goes to.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        let Targets {
            endpoints,
            verification,
            providers,
        } = &self.targets;
        let own = endpoints.iter().map(|endpoint| &endpoint.url);
        let own = own.chain(verification.values()).chain(providers.values());
        let waiting = self.deliveries.iter().map(|delivery| &delivery.url);
        own.chain(waiting).map(|url| &**url)
    }
}

impl Events {
    /// What they are between two steps, for a file.
    pub fn to_record(&self) -> EventsRecord {
        EventsRecord {
            targets: self.targets.clone(),
            second_secret: self.second_secret.clone(),
            logs: self.logs.clone(),
            deliveries: self.deliveries.clone(),
            count: self.count,
        }
    }

    /// Reads what a file has.
    ///
    /// # Errors
    /// There are more than a tenant keeps.
    pub fn restored(record: EventsRecord) -> Result<Self, String> {
        let all = Self {
            log_bytes: record.logs.iter().map(|log| log.what.bytes()).sum(),
            delivery_bytes: record.deliveries.iter().map(|one| bytes(&one.events)).sum(),
            targets: record.targets,
            second_secret: record.second_secret,
            logs: record.logs,
            deliveries: record.deliveries,
            count: record.count,
            ..Self::default()
        };
        let is_full = all.logs.len() > LOGS
            || all.log_bytes > LOG_BYTES
            || all.deliveries.len() > DELIVERIES
            || all.delivery_bytes > DELIVERY_BYTES;
        match is_full {
            true => Err("events: there are more than a tenant may have".to_owned()),
            false => Ok(all),
        }
    }

    /// Replaces the URLs.
    pub fn set_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.targets.endpoints = endpoints;
    }

    /// The URLs.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.targets.endpoints
    }

    /// Replaces the URLs that `action.verify` of single actions goes to.
    pub fn set_verification(&mut self, urls: BTreeMap<String, Arc<str>>) {
        self.targets.verification = urls;
    }

    /// URLs that `action.verify` of single actions goes to, by action.
    pub fn verification(&self) -> &BTreeMap<String, Arc<str>> {
        &self.targets.verification
    }

    /// Sets or takes away the URL that messages of a method go to.
    pub fn set_provider(&mut self, method: Method, url: Option<&str>) {
        match url {
            Some(url) => self.targets.providers.insert(method, Arc::from(url)),
            None => self.targets.providers.remove(&method),
        };
    }

    /// Sets or takes away the second secret that everything is signed with while secrets are being replaced.
    pub fn set_second_secret(&mut self, secret: Option<String>) {
        self.second_secret = secret;
    }

    /// The second secret.
    pub fn second_secret(&self) -> Option<&str> {
        self.second_secret.as_deref()
    }

    /// Whether events of this type go anywhere.
    pub fn wants(&self, kind: Kind) -> bool {
        self.own_urls(kind).next().is_some()
            || self
                .targets
                .endpoints
                .iter()
                .any(|endpoint| endpoint.takes(kind))
    }

    /// Notes an event. Without a URL that takes the event, this does nothing and draws no id.
    ///
    /// An event that the vendor waits for is held until the transaction ends.
    pub fn push(&mut self, turn: &mut Turn<'_>, what: EventKind) {
        if !self.has_receiver(&what) {
            return;
        }
        let kind = what.kind();
        if kind.is_synchronous() {
            let challenge_id = match &what {
                EventKind::PushCreated(push) => Some(push.challenge_id.clone()),
                _ => None,
            };
            self.hold(turn, what, challenge_id, Then::Nothing);
            return;
        }
        let event = event(turn, what);
        self.stirred = true;
        if kind.is_log() {
            self.log_bytes += event.what.bytes();
            self.logs.push_back(event);
            while self.logs.len() > LOGS || self.log_bytes > LOG_BYTES {
                let Some(oldest) = self.logs.pop_front() else {
                    break;
                };
                self.log_bytes -= oldest.what.bytes();
            }
        } else {
            self.schedule(Arc::new(event), turn.tenant_time());
        }
    }

    /// Whether an event goes anywhere.
    pub(in crate::domain::authsignal) fn has_receiver(&self, what: &EventKind) -> bool {
        let mut endpoints = self.targets.endpoints.iter();
        self.own_url(what).is_some() || endpoints.any(|endpoint| endpoint.takes(what.kind()))
    }

    /// The URL that alone gets an event, if there is one: that of the action, or that of the method.
    fn own_url(&self, what: &EventKind) -> Option<&Arc<str>> {
        match what {
            EventKind::ActionVerify(passing) => self.targets.verification.get(&passing.action),
            EventKind::EmailCreated(email) => self.targets.providers.get(&email.method),
            EventKind::SmsCreated(_) => self.targets.providers.get(&Method::Sms),
            EventKind::PushCreated(_) => self.targets.providers.get(&Method::Push),
            _ => None,
        }
    }

    /// The URLs that alone get some events of this type.
    fn own_urls(&self, kind: Kind) -> impl Iterator<Item = &Arc<str>> {
        let verification = self.targets.verification.values();
        let verification = verification.filter(move |_| kind == Kind::ActionVerify);
        let providers = self.targets.providers.iter();
        let providers = providers.filter(move |(method, _)| message(**method) == Some(kind));
        verification.chain(providers.map(|(_, url)| url))
    }

    /// Where an event goes.
    fn urls(&self, what: &EventKind) -> Vec<Arc<str>> {
        let own = self.own_url(what);
        own.map_or_else(|| self.urls_of(what.kind()), |own| vec![Arc::clone(own)])
    }

    /// Where an event goes, and whether the public key of a passkey goes there, too.
    fn receivers(&self, what: &EventKind) -> Vec<(Arc<str>, bool)> {
        let urls = self.urls(what).into_iter();
        // The vendor sends the key only where that is enabled.
        let key = |url: &Arc<str>| {
            let mut own = self.targets.endpoints.iter().filter(|one| one.url == *url);
            own.any(|one| one.public_key && one.takes(what.kind()))
        };
        urls.map(|url| {
            let public_key = key(&url);
            (url, public_key)
        })
        .collect()
    }

    fn urls_of(&self, kind: Kind) -> Vec<Arc<str>> {
        let taking = self
            .targets
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.takes(kind));
        taking.map(|endpoint| Arc::clone(&endpoint.url)).collect()
    }

    /// Holds an event until its receivers have answered. `then` follows, and concerns that challenge.
    pub(in crate::domain::authsignal) fn hold(
        &mut self,
        turn: &mut Turn<'_>,
        what: EventKind,
        challenge_id: Option<String>,
        then: Then,
    ) {
        self.held.push(Held {
            event: event(turn, what),
            challenge_id,
            then,
        });
    }

    fn schedule(&mut self, event: Arc<Event>, now: Timestamp) {
        for (url, public_key) in self.receivers(&event.what) {
            let event = match &event.what {
                EventKind::AuthenticatorCreated(changed) if !public_key => Arc::new(Event {
                    what: EventKind::AuthenticatorCreated(AuthenticatorChanged {
                        public_key,
                        ..changed.clone()
                    }),
                    ..Event::clone(&event)
                }),
                _ => Arc::clone(&event),
            };
            let events = vec![event];
            self.deliver(url, events, Progress::Waits(now), true, now);
        }
    }

    /// Lists a delivery. A full list drops its oldest one, of those that are settled if there are such.
    fn deliver(
        &mut self,
        url: Arc<str>,
        events: Vec<Arc<Event>>,
        progress: Progress,
        retried: bool,
        now: Timestamp,
    ) -> u64 {
        self.delivery_bytes += bytes(&events);
        while self.deliveries.len() >= DELIVERIES || self.delivery_bytes > DELIVERY_BYTES {
            let mut deliveries = self.deliveries.iter();
            let leaves = deliveries.position(|one| one.progress.is_settled());
            let Some(oldest) = self.deliveries.remove(leaves.unwrap_or_default()) else {
                break;
            };
            self.delivery_bytes -= bytes(&oldest.events);
        }
        self.count += 1;
        let kind = events
            .first()
            .map_or(Kind::ActionLogCreated, |event| event.what.kind());
        self.deliveries.push_back(Delivery {
            number: self.count,
            made: now,
            kind,
            url,
            events,
            attempts: Vec::new(),
            progress,
            tries: 0,
            retried,
        });
        self.count
    }

    /// Whether anything is held.
    pub fn is_holding(&self) -> bool {
        !self.held.is_empty()
    }

    /// Forgets what is held: the transaction came to nothing.
    pub fn drop_held(&mut self) {
        self.held.clear();
    }

    /// What is held, to be sent at once, and what follows. `deletions` is how many users the tenant has deleted.
    pub(in crate::domain::authsignal) fn take_held(
        &mut self,
        deletions: u64,
        now: Timestamp,
    ) -> (Vec<Dispatch>, Sequel) {
        let (mut dispatches, mut steps) = (Vec::new(), Vec::new());
        for held in mem::take(&mut self.held) {
            let event = Arc::new(held.event);
            for url in self.urls(&event.what) {
                let events = vec![Arc::clone(&event)];
                let number = self.deliver(url, events, Progress::Sending, false, now);
                dispatches.extend(self.again(number));
            }
            steps.push((held.challenge_id, held.then));
        }
        let world = Arc::clone(&self.world);
        let sequel = Sequel {
            steps,
            world,
            deletions,
        };
        (dispatches, sequel)
    }

    /// The effects of a sequel; `None` if this world has replaced the sequel's world.
    pub(in crate::domain::authsignal) fn steps(
        &self,
        sequel: Sequel,
    ) -> Option<Vec<(Option<String>, Then)>> {
        Arc::ptr_eq(&sequel.world, &self.world).then_some(sequel.steps)
    }

    /// Schedules what is held; returns what follows.
    pub(in crate::domain::authsignal) fn release(&mut self, now: Timestamp) -> Vec<Then> {
        let held = mem::take(&mut self.held);
        self.stirred |= !held.is_empty();
        held.into_iter()
            .map(|held| {
                self.schedule(Arc::new(held.event), now);
                held.then
            })
            .collect()
    }

    /// Whether [`stirred`](Self::stirred) would say so.
    pub fn has_stirred(&self) -> bool {
        self.stirred
    }

    /// Whether something came onto the schedule since this was asked last.
    pub fn stirred(&mut self) -> bool {
        mem::take(&mut self.stirred)
    }

    /// When the next thing is due. Log events wait for `life`.
    pub fn next(&self, life: SignedDuration) -> Option<Timestamp> {
        let batch = self.logs.front().map(|log| later(log.time, life));
        let places = self.places();
        let deliveries = self.deliveries.iter();
        let waiting = deliveries.filter_map(|delivery| match delivery.progress {
            // The end of another delivery to its receiver is what it waits for otherwise.
            Progress::Waits(at) if places.has_one_for(delivery) => Some(at),
            _ => None,
        });
        waiting.chain(batch).min()
    }

    /// The places for deliveries that are under way, as they are taken now.
    fn places(&self) -> Places {
        let mut places = Places::default();
        for delivery in &self.deliveries {
            if delivery.progress == Progress::Sending {
                places.take(delivery);
            }
        }
        places
    }

    /// Whether something is under way, or due at `now`.
    pub fn is_busy(&self, life: SignedDuration, now: Timestamp) -> bool {
        self.next(life).is_some_and(|at| at <= now)
            || self
                .deliveries
                .iter()
                .any(|delivery| delivery.progress == Progress::Sending)
    }

    /// What is due at `now` and has a place; it is under way from now on.
    pub(in crate::domain::authsignal) fn due(&mut self, now: Timestamp) -> Vec<Dispatch> {
        let mut places = self.places();
        let mut due = Vec::new();
        for delivery in &mut self.deliveries {
            let is_due = matches!(delivery.progress, Progress::Waits(at) if at <= now);
            if is_due && places.has_one_for(delivery) {
                places.take(delivery);
                delivery.progress = Progress::Sending;
                due.push(dispatch(delivery, &self.world));
            }
        }
        due
    }

    /// Takes the log events that are due off the queue, and makes batches of them.
    pub(in crate::domain::authsignal) fn batch(
        &mut self,
        life: SignedDuration,
        now: Timestamp,
        current: impl Fn(&mut Event),
    ) {
        let mut batches: BTreeMap<Kind, Vec<Arc<Event>>> = BTreeMap::new();
        let due = |event: &Event| later(event.time, life) <= now;
        while self.logs.front().is_some_and(due)
            && let Some(mut event) = self.logs.pop_front()
        {
            self.log_bytes -= event.what.bytes();
            current(&mut event);
            let events = batches.entry(event.what.kind()).or_default();
            events.push(Arc::new(event));
        }
        for (kind, events) in batches {
            for url in self.urls_of(kind) {
                for records in events.chunks(BATCH) {
                    let (url, records) = (Arc::clone(&url), records.to_vec());
                    self.deliver(url, records, Progress::Waits(now), true, now);
                }
            }
        }
    }

    /// Records how a try ended.
    pub fn record(
        &mut self,
        dispatch: &Dispatch,
        answer: Answer,
        fault: Option<Fault>,
        signature: String,
        now: Timestamp,
    ) {
        if !Arc::ptr_eq(&dispatch.world, &self.world) {
            return;
        }
        let Some(delivery) = self.get_mut(dispatch.number) else {
            // It has left the list.
            return;
        };
        // What was wrong on purpose says nothing about the delivery, and what is taken stays taken.
        if fault.is_none() && delivery.progress != Progress::Taken {
            delivery.tries += 1;
            delivery.progress = if answer.is_taken() {
                Progress::Taken
            } else if delivery.retried && delivery.tries <= RETRIES {
                Progress::Waits(later(now, RETRY_AFTER))
            } else {
                Progress::GivenUp
            };
        }
        if delivery.attempts.len() >= DELIVERY_ATTEMPTS {
            delivery.attempts.remove(0);
        }
        delivery.attempts.push(Attempt {
            at: now,
            answer,
            fault,
            signature,
        });
        self.stirred = true;
    }

    /// The number of the delivery that was made last; 0 before the first.
    pub fn made(&self) -> u64 {
        self.count
    }

    /// A delivery.
    pub fn get(&self, number: u64) -> Option<&Delivery> {
        self.deliveries
            .iter()
            .find(|delivery| delivery.number == number)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Delivery> {
        self.deliveries
            .iter_mut()
            .find(|delivery| delivery.number == number)
    }

    /// Deliveries, the newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Delivery> {
        self.deliveries.iter().rev()
    }

    /// Goes on from here in place of another state, whose deliveries under way are no longer of this one. What was under
    /// way here is sent again, unless a request waited for its answer.
    pub(in crate::domain::authsignal) fn resume(&mut self, now: Timestamp) {
        self.world = Arc::default();
        self.held.clear();
        for delivery in &mut self.deliveries {
            if delivery.progress == Progress::Sending {
                delivery.progress = match delivery.retried {
                    true => Progress::Waits(now),
                    false => Progress::GivenUp,
                };
            }
        }
    }

    /// Forgets what is on its way, and keeps where it goes.
    pub(in crate::domain::authsignal) fn empty(&mut self) {
        *self = Self {
            targets: mem::take(&mut self.targets),
            second_secret: self.second_secret.take(),
            ..Self::default()
        };
    }

    /// Bytes of the texts of what is on its way.
    pub(in crate::domain::authsignal) fn bytes(&self) -> usize {
        self.delivery_bytes + self.log_bytes
    }

    /// A delivery, to be sent once more by hand.
    pub fn again(&self, number: u64) -> Option<Dispatch> {
        let delivery = self.get(number)?;
        Some(dispatch(delivery, &self.world))
    }

    /// Makes an event up and a delivery to each URL that takes its type, to be sent at once, and once.
    pub fn trigger(
        &mut self,
        turn: &mut Turn<'_>,
        kind: Kind,
        user_id: &str,
        fault: Option<Fault>,
    ) -> Vec<Dispatch> {
        let mut urls = self.urls_of(kind);
        urls.extend(self.own_urls(kind).map(Arc::clone));
        if urls.is_empty() {
            return Vec::new();
        }
        let what = made_up::event(turn, kind, user_id);
        let progress = match fault {
            // A faulty try moves nothing on.
            Some(_) => Progress::GivenUp,
            None => Progress::Sending,
        };
        let event = Arc::new(event(turn, what));
        urls.into_iter()
            .filter_map(|url| {
                let events = vec![Arc::clone(&event)];
                let number = self.deliver(url, events, progress, false, turn.now);
                self.again(number)
            })
            .collect()
    }
}

/// The event of a message of a method, if the vendor documents one.
fn message(method: Method) -> Option<Kind> {
    if method.is_email() {
        return Some(Kind::EmailCreated);
    }
    match method {
        Method::Sms => Some(Kind::SmsCreated),
        Method::Push => Some(Kind::PushCreated),
        _ => None,
    }
}

/// Bytes of the texts of events.
fn bytes(events: &[Arc<Event>]) -> usize {
    events.iter().map(|event| event.what.bytes()).sum()
}

fn event(turn: &mut Turn<'_>, what: EventKind) -> Event {
    Event {
        id: turn.ids.uuid(),
        time: turn.now,
        what,
    }
}

fn dispatch(delivery: &Delivery, world: &Arc<()>) -> Dispatch {
    Dispatch {
        number: delivery.number,
        kind: delivery.kind,
        url: Arc::clone(&delivery.url),
        events: delivery.events.clone(),
        world: Arc::clone(world),
    }
}
