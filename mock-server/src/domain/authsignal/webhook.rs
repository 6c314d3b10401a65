//! Webhooks: what the vendor tells the application of its own accord, to which URLs, when, and how often. Knows no
//! network, no signature and no wire format.
//!
//! | events | how |
//! | --- | --- |
//! | `email.created`, `sms.created`, `push.created` | before the answer: the challenge fails where they are not taken |
//! | `action.verify` | before the answer: the action does not pass where it is not taken |
//! | `authenticator.*` | afterwards, again up to three times, 30 s apart |
//! | `action.log_created`, `challenge.log_created` | in batches once the token's life is over, then as above |
//!
//! What has to be taken before the answer is *held*: the message, or the passing of the action, happens when the
//! receiver has agreed, and in a transaction of its own. Nothing of all this costs anything where no URL is configured.

pub mod made_up;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::mem;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::Authsignal;
use super::user::Authenticator;
use super::vocabulary::{Method, Outcome, State};
use crate::domain::ids::Ids;
use crate::domain::outbox::{Message, Outbox};

/// How often a delivery is tried again; documented.
pub const RETRIES: usize = 3;
/// How long the next try waits at least; documented.
pub const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// Records of a batch at the most; documented.
pub const BATCH: usize = 500;
/// Deliveries kept for each tenant; the oldest leaves first.
pub const DELIVERIES: usize = 1_000;
/// Log events that wait for their batch; the oldest leaves first.
const LOGS: usize = 10_000;

/// The types of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An e-mail is to be sent.
    EmailCreated,
    /// A text message is to be sent.
    SmsCreated,
    /// A push notification is to be sent.
    PushCreated,
    /// An authenticator was enrolled.
    AuthenticatorCreated,
    /// An authenticator changed.
    AuthenticatorUpdated,
    /// An authenticator was deleted.
    AuthenticatorDeleted,
    /// An action is about to pass.
    ActionVerify,
    /// What became of an action.
    ActionLogCreated,
    /// What became of a challenge.
    ChallengeLogCreated,
}

impl Kind {
    /// Every type.
    pub const ALL: [Self; 9] = [
        Self::EmailCreated,
        Self::SmsCreated,
        Self::PushCreated,
        Self::AuthenticatorCreated,
        Self::AuthenticatorUpdated,
        Self::AuthenticatorDeleted,
        Self::ActionVerify,
        Self::ActionLogCreated,
        Self::ChallengeLogCreated,
    ];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::EmailCreated => "email.created",
            Self::SmsCreated => "sms.created",
            Self::PushCreated => "push.created",
            Self::AuthenticatorCreated => "authenticator.created",
            Self::AuthenticatorUpdated => "authenticator.updated",
            Self::AuthenticatorDeleted => "authenticator.deleted",
            Self::ActionVerify => "action.verify",
            Self::ActionLogCreated => "action.log_created",
            Self::ChallengeLogCreated => "challenge.log_created",
        }
    }

    /// The type of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// Whether the vendor waits for the receiver.
    pub fn is_synchronous(self) -> bool {
        matches!(
            self,
            Self::EmailCreated | Self::SmsCreated | Self::PushCreated | Self::ActionVerify
        )
    }

    /// Whether it comes in batches.
    pub fn is_log(self) -> bool {
        matches!(self, Self::ActionLogCreated | Self::ChallengeLogCreated)
    }
}

/// Where the user is.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// Their browser.
    pub user_agent: Option<String>,
    /// Their time zone.
    pub timezone: Option<String>,
    /// Their address.
    pub ip_address: Option<String>,
    /// Their language tag.
    pub locale: Option<String>,
}

/// What an e-mail is sent for.
#[derive(Clone)]
pub enum EmailSecret {
    /// A code.
    Code(String),
    /// A link.
    Link(String),
}

/// An e-mail is to be sent.
#[derive(Clone)]
pub struct EmailCreated {
    /// Address.
    pub to: String,
    /// The code or the link.
    pub secret: EmailSecret,
    /// The user, where known.
    pub user_id: Option<String>,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// The method.
    pub method: Method,
    /// Where the user is.
    pub surroundings: Surroundings,
}

/// A text message is to be sent.
#[derive(Clone)]
pub struct SmsCreated {
    /// Number.
    pub to: String,
    /// The code.
    pub code: String,
    /// The user, where known.
    pub user_id: Option<String>,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// Language tag.
    pub locale: Option<String>,
}

/// A push notification is to be sent.
#[derive(Clone)]
pub struct PushCreated {
    /// The challenge.
    pub challenge_id: String,
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// Where the user is.
    pub surroundings: Surroundings,
}

/// An authenticator was enrolled, changed or deleted, when the event says.
#[derive(Clone)]
pub struct AuthenticatorChanged {
    /// The user.
    pub user_id: String,
    /// The authenticator, as it is, or as it was.
    pub authenticator: Authenticator,
}

/// An action that is about to pass.
#[derive(Clone)]
pub struct Passing {
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// How its challenge was passed.
    pub method: Option<Method>,
    /// With which authenticator.
    pub authenticator_id: Option<String>,
}

/// What became of an action.
#[derive(Clone)]
pub struct ActionLog {
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// When it was tracked.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// When its state changed last.
    pub state_updated: Timestamp,
    /// Where it stands.
    pub state: State,
    /// What was decided.
    pub outcome: Outcome,
    /// How its challenge was passed.
    pub method: Option<Method>,
    /// Methods that the user could enrol.
    pub allowed: Vec<Method>,
    /// Methods that the user had enrolled.
    pub enrolled: Vec<Method>,
    /// Rules that matched, by priority.
    pub rules: Vec<MatchedRule>,
    /// Where the user came from.
    pub ip_address: Option<String>,
    /// E-mail address of the user.
    pub email: Option<String>,
    /// Phone number of the user.
    pub phone_number: Option<String>,
    /// Their device.
    pub device_id: Option<String>,
    /// Data of the application.
    pub custom: Option<Map<String, Value>>,
}

/// A rule that matched an action.
#[derive(Clone)]
pub struct MatchedRule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
}

/// What became of a challenge.
#[derive(Clone)]
pub struct ChallengeLog {
    /// The user.
    pub user_id: String,
    /// The action.
    pub action: String,
    /// Its key.
    pub key: String,
    /// What happened, in the vendor's words, such as `SMS_SENT`.
    pub what: &'static str,
    /// The method.
    pub method: Method,
    /// Where the code went.
    pub address: Option<String>,
}

impl ChallengeLog {
    /// A code or a link was sent; a method that sends nothing logs nothing.
    pub fn sent(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_SENT"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_SENT"),
            Method::Sms => Some("SMS_SENT"),
            Method::Whatsapp => Some("WHATSAPP_SENT"),
            _ => None,
        }
    }

    /// The right code came. No source has the whole list: the words of WhatsApp and links are made after the others.
    pub fn valid(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_CODE_VALID"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_VALID"),
            Method::Sms => Some("SMS_CODE_VALID"),
            Method::Whatsapp => Some("WHATSAPP_CODE_VALID"),
            _ => None,
        }
    }

    /// A code came that is wrong or too old.
    pub fn invalid(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_INVALID_OR_EXPIRED"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_INVALID_OR_EXPIRED"),
            Method::Sms => Some("SMS_CODE_INVALID_OR_EXPIRED"),
            Method::Whatsapp => Some("WHATSAPP_CODE_INVALID_OR_EXPIRED"),
            _ => None,
        }
    }

    /// There were too many wrong codes.
    pub fn too_many(method: Method) -> Option<&'static str> {
        match method {
            Method::EmailOtp => Some("EMAIL_OTP_MAX_ATTEMPTS_EXCEEDED"),
            Method::EmailMagicLink => Some("EMAIL_MAGIC_LINK_MAX_ATTEMPTS_EXCEEDED"),
            Method::Sms => Some("SMS_MAX_ATTEMPTS_EXCEEDED"),
            Method::Whatsapp => Some("WHATSAPP_MAX_ATTEMPTS_EXCEEDED"),
            _ => None,
        }
    }
}

/// What happened.
#[derive(Clone)]
pub enum EventKind {
    /// An e-mail is to be sent.
    EmailCreated(EmailCreated),
    /// A text message is to be sent.
    SmsCreated(SmsCreated),
    /// A push notification is to be sent.
    PushCreated(PushCreated),
    /// An authenticator was enrolled.
    AuthenticatorCreated(AuthenticatorChanged),
    /// An authenticator changed.
    AuthenticatorUpdated(AuthenticatorChanged),
    /// An authenticator was deleted.
    AuthenticatorDeleted(AuthenticatorChanged),
    /// An action is about to pass.
    ActionVerify(Passing),
    /// What became of an action.
    ActionLog(Box<ActionLog>),
    /// What became of a challenge.
    ChallengeLog(ChallengeLog),
}

impl EventKind {
    /// Its type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::EmailCreated(_) => Kind::EmailCreated,
            Self::SmsCreated(_) => Kind::SmsCreated,
            Self::PushCreated(_) => Kind::PushCreated,
            Self::AuthenticatorCreated(_) => Kind::AuthenticatorCreated,
            Self::AuthenticatorUpdated(_) => Kind::AuthenticatorUpdated,
            Self::AuthenticatorDeleted(_) => Kind::AuthenticatorDeleted,
            Self::ActionVerify(_) => Kind::ActionVerify,
            Self::ActionLog(_) => Kind::ActionLogCreated,
            Self::ChallengeLog(_) => Kind::ChallengeLogCreated,
        }
    }
}

impl fmt::Debug for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Codes, links and addresses.
        f.write_str(self.kind().word())
    }
}

/// Something that happened.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its id, for telling repetitions.
    pub id: String,
    /// When it happened.
    pub time: Timestamp,
    /// What.
    pub what: EventKind,
}

/// A URL that events go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL.
    pub url: Arc<str>,
    /// Types that it takes; every type where empty.
    pub kinds: Vec<Kind>,
}

impl Endpoint {
    fn takes(&self, kind: Kind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// What is wrong on purpose with a try, for whoever tests a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The receiver answered with this status.
    Status(u16),
    /// It did not answer, and why.
    Nothing(String),
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
            Self::Nothing(why) => f.write_str(why),
        }
    }
}

/// A try.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it ended.
    pub at: Timestamp,
    /// What became of it.
    pub answer: Answer,
    /// What was wrong with it on purpose.
    pub fault: Option<Fault>,
    /// The text of the header that it was signed with.
    pub signature: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// An event, or a batch of log events, on its way to a URL.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Running number, from 1.
    pub number: u64,
    /// When it came onto the list.
    pub made: Timestamp,
    /// Type of what it holds.
    pub kind: Kind,
    /// Where it goes.
    pub url: Arc<str>,
    /// The event, or the records of a batch.
    pub events: Vec<Arc<Event>>,
    /// Tries, oldest first.
    pub attempts: Vec<Attempt>,
    /// Where it stands.
    pub progress: Progress,
    /// Tries without a fault.
    tries: usize,
    /// Whether it is tried again.
    retried: bool,
}

/// Tries kept of a delivery; the oldest leaves first.
const ATTEMPTS: usize = 100;

/// What is to be sent now.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The delivery.
    pub number: u64,
    /// Type of what it holds.
    pub kind: Kind,
    /// Where it goes.
    pub url: Arc<str>,
    /// The event, or the records of a batch.
    pub events: Vec<Arc<Event>>,
    /// The world that it is of.
    world: Arc<()>,
}

/// What happens when a held event is taken.
#[derive(Clone)]
enum Then {
    Nothing,
    Send(Message),
    Pass(Passing),
}

/// What waits for its receiver.
struct Held {
    event: Event,
    challenge_id: Option<String>,
    then: Then,
}

/// What follows when events that were sent have been answered.
pub struct Sequel {
    steps: Vec<(Option<String>, Then)>,
    /// The world that it is of.
    world: Arc<()>,
}

impl fmt::Debug for Sequel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Messages hold codes.
        f.debug_struct("Sequel").finish_non_exhaustive()
    }
}

/// The webhooks of a tenant, and what is on its way to them.
#[derive(Default)]
pub struct Events {
    endpoints: Vec<Endpoint>,
    /// URLs of single actions, for `action.verify`.
    verification: BTreeMap<String, Arc<str>>,
    second_secret: Option<String>,
    held: Vec<Held>,
    logs: VecDeque<Event>,
    deliveries: VecDeque<Delivery>,
    /// How many deliveries there were.
    count: u64,
    /// Whether something came onto the schedule.
    stirred: bool,
    /// Tells this world from one that takes its place while something is under way.
    world: Arc<()>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The second secret, and held codes.
        f.debug_struct("Events")
            .field("endpoints", &self.endpoints)
            .field("deliveries", &self.deliveries.len())
            .finish_non_exhaustive()
    }
}

impl Events {
    /// Replaces the URLs.
    pub fn set_endpoints(&mut self, endpoints: Vec<Endpoint>) {
        self.endpoints = endpoints;
    }

    /// The URLs.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// Replaces the URLs that `action.verify` of single actions goes to.
    pub fn set_verification(&mut self, urls: BTreeMap<String, Arc<str>>) {
        self.verification = urls;
    }

    /// URLs that `action.verify` of single actions goes to, by action.
    pub fn verification(&self) -> &BTreeMap<String, Arc<str>> {
        &self.verification
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
        (kind == Kind::ActionVerify && !self.verification.is_empty())
            || self.endpoints.iter().any(|endpoint| endpoint.takes(kind))
    }

    /// Tells that something happened. Does nothing, and takes nothing from `ids`, where no URL is configured for it.
    ///
    /// An event that the vendor waits for is held for whoever ends the transaction; [`Authsignal::send`] and
    /// [`Authsignal::pass`] make what follows wait for it, too.
    pub fn push(&mut self, ids: &mut Ids, now: Timestamp, what: EventKind) {
        if self.urls(&what).is_empty() {
            return;
        }
        let kind = what.kind();
        if kind.is_synchronous() {
            let challenge_id = match &what {
                EventKind::PushCreated(push) => Some(push.challenge_id.clone()),
                _ => None,
            };
            self.hold(ids, now, what, challenge_id, Then::Nothing);
            return;
        }
        let event = event(ids, now, what);
        self.stirred = true;
        if kind.is_log() {
            if self.logs.len() >= LOGS {
                self.logs.pop_front();
            }
            self.logs.push_back(event);
        } else {
            self.schedule(Arc::new(event), now);
        }
    }

    /// Where an event goes.
    fn urls(&self, what: &EventKind) -> Vec<Arc<str>> {
        if let EventKind::ActionVerify(passing) = what
            && let Some(own) = self.verification.get(&passing.action)
        {
            return vec![Arc::clone(own)];
        }
        self.urls_of(what.kind())
    }

    fn urls_of(&self, kind: Kind) -> Vec<Arc<str>> {
        let taking = self
            .endpoints
            .iter()
            .filter(|endpoint| endpoint.takes(kind));
        taking.map(|endpoint| Arc::clone(&endpoint.url)).collect()
    }

    fn hold(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        what: EventKind,
        challenge_id: Option<String>,
        then: Then,
    ) {
        self.held.push(Held {
            event: event(ids, now, what),
            challenge_id,
            then,
        });
    }

    fn schedule(&mut self, event: Arc<Event>, now: Timestamp) {
        for url in self.urls(&event.what) {
            let events = vec![Arc::clone(&event)];
            self.deliver(url, events, Progress::Waits(now), true, now);
        }
    }

    /// Takes a delivery onto the list; the oldest leaves when there is no room.
    fn deliver(
        &mut self,
        url: Arc<str>,
        events: Vec<Arc<Event>>,
        progress: Progress,
        retried: bool,
        now: Timestamp,
    ) -> u64 {
        if self.deliveries.len() >= DELIVERIES {
            self.deliveries.pop_front();
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

    /// What is held, to be sent at once, and what follows.
    pub fn take_held(&mut self, now: Timestamp) -> (Vec<Dispatch>, Sequel) {
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
        (dispatches, Sequel { steps, world })
    }

    /// Whether something came onto the schedule since this was asked last.
    pub fn stirred(&mut self) -> bool {
        mem::take(&mut self.stirred)
    }

    /// When the next thing is due. Log events wait for `life`.
    pub fn next(&self, life: SignedDuration) -> Option<Timestamp> {
        let batch = self.logs.front().map(|log| later(log.time, life));
        let deliveries = self.deliveries.iter();
        let waiting = deliveries.filter_map(|delivery| match delivery.progress {
            Progress::Waits(at) => Some(at),
            _ => None,
        });
        waiting.chain(batch).min()
    }

    /// Whether something is under way, or due at `now`.
    pub fn is_busy(&self, life: SignedDuration, now: Timestamp) -> bool {
        self.next(life).is_some_and(|at| at <= now)
            || self
                .deliveries
                .iter()
                .any(|delivery| delivery.progress == Progress::Sending)
    }

    /// What is due at `now`, at most `room`; it is under way from now on.
    fn due(&mut self, now: Timestamp, room: usize) -> Vec<Dispatch> {
        let due = self
            .deliveries
            .iter_mut()
            .filter(|delivery| matches!(delivery.progress, Progress::Waits(at) if at <= now));
        due.take(room)
            .map(|delivery| {
                delivery.progress = Progress::Sending;
                dispatch(delivery, &self.world)
            })
            .collect()
    }

    /// Takes the log events whose time has come off the queue, and makes batches of them.
    fn batch(&mut self, life: SignedDuration, now: Timestamp, current: impl Fn(&mut Event)) {
        let mut batches: BTreeMap<Kind, Vec<Arc<Event>>> = BTreeMap::new();
        let due = |event: &Event| later(event.time, life) <= now;
        while self.logs.front().is_some_and(due)
            && let Some(mut event) = self.logs.pop_front()
        {
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

    /// Writes down what became of a try.
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
        if delivery.attempts.len() >= ATTEMPTS {
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

    /// A delivery, to be sent once more by hand.
    pub fn again(&self, number: u64) -> Option<Dispatch> {
        let delivery = self.get(number)?;
        Some(dispatch(delivery, &self.world))
    }

    /// Makes an event up: a delivery to each URL that takes its type, to be sent at once, and once.
    pub fn trigger(
        &mut self,
        ids: &mut Ids,
        now: Timestamp,
        kind: Kind,
        user_id: &str,
        fault: Option<Fault>,
    ) -> Vec<Dispatch> {
        let mut urls = self.urls_of(kind);
        if kind == Kind::ActionVerify {
            urls.extend(self.verification.values().map(Arc::clone));
        }
        if urls.is_empty() {
            return Vec::new();
        }
        let what = made_up::event(kind, user_id, ids, now);
        let progress = match fault {
            // A faulty try moves nothing on.
            Some(_) => Progress::GivenUp,
            None => Progress::Sending,
        };
        let event = Arc::new(event(ids, now, what));
        urls.into_iter()
            .filter_map(|url| {
                let events = vec![Arc::clone(&event)];
                let number = self.deliver(url, events, progress, false, now);
                self.again(number)
            })
            .collect()
    }
}

fn event(ids: &mut Ids, now: Timestamp, what: EventKind) -> Event {
    Event {
        id: ids.uuid(),
        time: now,
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

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Authsignal {
    /// Sends a message to a person for a challenge: when the receivers of `what` have taken it, at once where there are
    /// none. Where it is not taken, the message is not sent, and the challenge has no code.
    pub fn send(
        &mut self,
        ids: &mut Ids,
        outbox: &mut Outbox,
        message: Message,
        challenge_id: &str,
        what: EventKind,
        now: Timestamp,
    ) {
        if self.events.urls(&what).is_empty() {
            outbox.send(message);
            return;
        }
        let challenge_id = Some(challenge_id.to_owned());
        self.events
            .hold(ids, now, what, challenge_id, Then::Send(message));
    }

    /// Lets an action pass: when the receivers of `action.verify` have taken it, at once where there are none. Where it
    /// is not taken, the action stays as it is. An action that awaits no challenge stays as it is in any case.
    pub fn pass(&mut self, ids: &mut Ids, passing: Passing, now: Timestamp) {
        let awaits = self
            .action(&passing.user_id, &passing.action, &passing.key)
            .is_ok_and(|action| action.state.awaits_challenge());
        if !awaits {
            return;
        }
        let what = EventKind::ActionVerify(passing.clone());
        if self.events.urls(&what).is_empty() {
            self.passed(passing, now);
        } else {
            self.events.hold(ids, now, what, None, Then::Pass(passing));
        }
    }

    fn passed(&mut self, passing: Passing, now: Timestamp) {
        let action = self
            .actions
            .get_mut(&passing.user_id)
            .and_then(|actions| actions.get_mut(&passing.action, &passing.key))
            .filter(|action| action.state.awaits_challenge());
        if let Some(action) = action {
            action.set(State::ChallengeSucceeded, now);
            action.method = passing.method;
            action.authenticator_id = passing.authenticator_id;
        }
    }

    /// Does what waited for receivers, who have taken what they were sent (`true`) or have not.
    pub fn conclude(&mut self, outbox: &mut Outbox, sequel: Sequel, taken: bool, now: Timestamp) {
        if !Arc::ptr_eq(&sequel.world, &self.events.world) {
            return;
        }
        for (challenge_id, then) in sequel.steps {
            match then {
                Then::Send(message) if taken => outbox.send(message),
                Then::Pass(passing) if taken => self.passed(passing, now),
                Then::Nothing if taken => {}
                Then::Pass(passing) => self.fail_proofs(&passing),
                _ => {
                    // Documented: the challenge fails. The code is known to the receiver alone, who may not use it.
                    if let Some(challenge) =
                        challenge_id.and_then(|id| self.challenges.get_mut(&id))
                    {
                        challenge.withdraw();
                    }
                }
            }
        }
    }

    /// Ends the challenges that proved an action which may not pass: whoever asks what became of them is told, and no
    /// receiver is asked about them again. Codes are used up already.
    fn fail_proofs(&mut self, passing: &Passing) {
        let proofs = self.challenges.of_user(&passing.user_id);
        let ids: Vec<String> = proofs
            .filter(|proof| proof.is_for(&passing.user_id, &passing.action, &passing.key))
            .filter(|proof| proof.approval.is_some() || proof.method == Method::EmailMagicLink)
            .filter(|proof| proof.verified)
            .map(|proof| proof.id.clone())
            .collect();
        for id in ids {
            if let Some(proof) = self.challenges.get_mut(&id) {
                proof.withdraw();
            }
        }
    }

    /// Does at once what waits for receivers, and tells them afterwards: for whoever does not wait.
    pub fn release(&mut self, outbox: &mut Outbox, now: Timestamp) {
        for held in mem::take(&mut self.events.held) {
            match held.then {
                Then::Nothing => {}
                Then::Send(message) => outbox.send(message),
                Then::Pass(passing) => self.passed(passing, now),
            }
            self.events.schedule(Arc::new(held.event), now);
            self.events.stirred = true;
        }
    }

    /// When the next webhook is due.
    pub fn next_webhook(&self) -> Option<Timestamp> {
        self.events.next(self.configuration.token_life)
    }

    /// Whether a webhook is under way, or due at `now`.
    pub fn is_delivering(&self, now: Timestamp) -> bool {
        self.events.is_busy(self.configuration.token_life, now)
    }

    /// The webhooks that are due at `now`, at most `room`; they are under way from now on.
    pub fn due_webhooks(&mut self, now: Timestamp, room: usize) -> Vec<Dispatch> {
        let actions = &self.actions;
        // A log event tells where the action stands when it is sent, not when it was tracked.
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
            .batch(self.configuration.token_life, now, current);
        self.events.due(now, room)
    }
}

#[cfg(test)]
mod tests;
