//! One-time codes: their life, attempts, and how often they may be sent and tried. Knows no user and no wire format.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::vocabulary::Method;
use super::webhook::Surroundings;
use crate::bounds::{ATTEMPTS, CHALLENGE_BYTES, CHALLENGES as CAPACITY, lengths};
use crate::domain::custom::{self, Custom};
use crate::domain::later;

/// A challenge: by one-time code or link, by a device that approves, or by anything that an anonymous user has.
#[derive(Clone)]
pub struct Challenge {
    /// Its id.
    pub id: String,
    /// How it is passed. One that an anonymous user has started is by passkey until something else passes it.
    pub method: Method,
    /// The action it is about.
    pub action: String,
    /// Key of the action.
    pub idempotency_key: String,
    /// The user, where known.
    pub user_id: Option<String>,
    /// Address that the code goes to; empty if there is none.
    pub address: String,
    /// The chosen authenticator, if there is one; after the challenge, the one that passed it.
    pub authenticator_id: Option<String>,
    /// What a device is asked, and what it has answered, for push and QR code.
    pub approval: Option<Box<Approval>>,
    /// What a claimed token allows.
    pub scope: Option<String>,
    /// Where the user is, if the request that started it says so.
    pub surroundings: Option<Box<Surroundings>>,
    /// When the code expires.
    pub expires: Timestamp,
    /// Whether the right code came.
    pub verified: bool,
    code: String,
    wrong: u32,
    /// Bytes that count against the bound of the tenant.
    counted: usize,
}

/// What a device is asked, and what it has answered.
#[derive(Clone)]
pub struct Approval {
    /// Its state.
    pub stage: Stage,
    /// The secret that the asking page must present; empty if the page has a token.
    pub device_code: String,
    /// What the device shows.
    pub told: Told,
}

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// No device has read it.
    Unclaimed,
    /// A device has read it.
    Claimed,
    /// The user approves.
    Approved,
    /// The user does not.
    Rejected,
}

impl Stage {
    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unclaimed => "unclaimed",
            Self::Claimed => "claimed",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
        }
    }

    /// Whether the user has answered.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::Approved | Self::Rejected)
    }
}

/// What a device shows about the page that asks.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Data of the application.
    pub custom: Option<Custom>,
    /// The browser that asks.
    pub user_agent: Option<String>,
    /// Its address.
    pub ip_address: Option<String>,
    /// Its device.
    pub device_id: Option<String>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The code is right.
    Right,
    /// The code is wrong or expired.
    Wrong,
    /// There were too many wrong ones.
    TooMany,
}

impl Challenge {
    /// A challenge with a code that lives for `life`.
    pub fn new(id: String, method: Method, action: String, key: String, address: String) -> Self {
        Self {
            id,
            method,
            action,
            idempotency_key: key,
            user_id: None,
            address,
            authenticator_id: None,
            approval: None,
            scope: None,
            surroundings: None,
            expires: Timestamp::MIN,
            verified: false,
            code: String::new(),
            wrong: 0,
            counted: 0,
        }
    }

    /// Bytes of its texts.
    fn bytes(&self) -> usize {
        let told = self.approval.as_ref().map_or(0, |approval| {
            let told = &approval.told;
            custom::length(told.custom.as_ref())
                + lengths([&told.user_agent, &told.ip_address, &told.device_id])
        });
        let surroundings = self.surroundings.as_ref().map_or(0, |own| {
            lengths([&own.user_agent, &own.timezone, &own.ip_address, &own.locale])
        });
        self.action.len()
            + self.idempotency_key.len()
            + self.address.len()
            + lengths([&self.user_id, &self.scope])
            + told
            + surroundings
    }

    /// Gives it a new code.
    pub fn send(&mut self, code: String, now: Timestamp, life: SignedDuration) {
        self.code = code;
        // A new code can be used, however the code before it ended.
        self.wrong = 0;
        self.verified = false;
        self.expires = later(now, life);
    }

    /// Ends it: no code is right and no device is asked until it is sent again.
    pub fn withdraw(&mut self) {
        self.code = String::new();
        self.verified = false;
        self.expires = Timestamp::UNIX_EPOCH;
        if let Some(approval) = &mut self.approval {
            approval.stage = Stage::Rejected;
        }
    }

    /// Opens it, without a code, for `life`.
    pub fn open(&mut self, now: Timestamp, life: SignedDuration) {
        self.expires = later(now, life);
    }

    /// Whether it can still be passed.
    pub fn is_open(&self, now: Timestamp) -> bool {
        !self.verified && now < self.expires
    }

    /// Whether it was started for this very action of this user.
    pub fn is_for(&self, user_id: &str, action: &str, key: &str) -> bool {
        self.user_id.as_deref() == Some(user_id)
            && self.action == action
            && self.idempotency_key == key
    }

    /// How many wrong codes came.
    pub fn wrong(&self) -> u32 {
        self.wrong
    }

    /// Whether that is its code, or the secret of its link.
    pub fn has_secret(&self, secret: &str) -> bool {
        let right: bool = self.code.as_bytes().ct_eq(secret.as_bytes()).into();
        right && !self.code.is_empty()
    }

    /// Tries a code. A right one works once.
    pub fn attempt(&mut self, code: &str, now: Timestamp) -> Attempt {
        if self.wrong >= ATTEMPTS {
            return Attempt::TooMany;
        }
        if self.has_secret(code) && self.is_open(now) {
            self.verified = true;
            return Attempt::Right;
        }
        self.wrong += 1;
        Attempt::Wrong
    }
}

/// The challenges of a tenant.
#[derive(Default)]
pub struct Challenges {
    by_id: HashMap<String, Challenge>,
    /// Oldest first.
    order: VecDeque<String>,
    /// Those of each user, oldest first.
    of_user: HashMap<String, Vec<String>>,
    /// Bytes of the texts of all.
    bytes: usize,
}

impl Challenges {
    /// A challenge.
    pub fn get(&self, id: &str) -> Option<&Challenge> {
        self.by_id.get(id)
    }

    /// A challenge, to change.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Challenge> {
        self.by_id.get_mut(id)
    }

    /// Adds a challenge; drops the oldest if the list is full.
    pub fn insert(&mut self, mut challenge: Challenge) {
        challenge.counted = challenge.bytes();
        self.bytes += challenge.counted;
        while (self.order.len() >= CAPACITY || self.bytes > CHALLENGE_BYTES)
            && let Some(oldest) = self.order.pop_front()
        {
            if let Some(challenge) = self.by_id.remove(&oldest) {
                self.bytes -= challenge.counted;
                self.disown(&challenge);
            }
        }
        if let Some(user_id) = &challenge.user_id {
            let own = self.of_user.entry(user_id.clone()).or_default();
            own.push(challenge.id.clone());
        }
        self.order.push_back(challenge.id.clone());
        self.by_id.insert(challenge.id.clone(), challenge);
    }

    /// Makes a challenge that of a user.
    pub fn bind(&mut self, id: &str, user_id: &str) {
        let Some(challenge) = self.by_id.get_mut(id) else {
            return;
        };
        if challenge.user_id.as_deref() == Some(user_id) {
            return;
        }
        let before = challenge.clone();
        challenge.user_id = Some(user_id.to_owned());
        self.disown(&before);
        let own = self.of_user.entry(user_id.to_owned()).or_default();
        own.push(id.to_owned());
    }

    fn disown(&mut self, challenge: &Challenge) {
        if let Some(user_id) = &challenge.user_id
            && let Some(own) = self.of_user.get_mut(user_id)
        {
            own.retain(|id| *id != challenge.id);
            if own.is_empty() {
                self.of_user.remove(user_id);
            }
        }
    }

    /// Those of a user, the newest first.
    pub fn of_user(&self, user_id: &str) -> impl Iterator<Item = &Challenge> {
        let own = self.of_user.get(user_id);
        own.into_iter()
            .flat_map(|own| own.iter().rev())
            .filter_map(|id| self.by_id.get(id))
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Challenge> {
        self.order.iter().rev().filter_map(|id| self.by_id.get(id))
    }

    /// Forgets those of a user.
    pub fn forget(&mut self, user_id: &str) {
        for id in self.of_user.remove(user_id).unwrap_or_default() {
            let gone = self.by_id.remove(&id);
            self.bytes -= gone.map_or(0, |challenge| challenge.counted);
        }
        self.order.retain(|id| self.by_id.contains_key(id));
    }

    /// How many there are.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Bytes of the texts of all.
    #[cfg(test)]
    fn bytes_kept(&self) -> usize {
        self.bytes
    }
}

/// So many within so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// How many.
    pub count: usize,
    /// Within how long.
    pub window: SignedDuration,
}

/// How often something may happen, for each key; exact, by a sliding window.
#[derive(Debug, Default)]
pub struct Windows {
    happened: HashMap<String, VecDeque<Timestamp>>,
    /// The longest window that was asked for.
    longest: SignedDuration,
    /// Keys at which those that are over are thrown away.
    room: usize,
}

/// Whether it happened in the window before now. A clock that went back leaves times that have not come yet: they count
/// no more, or they would count for as long as it went back.
fn within(at: Timestamp, window: SignedDuration, now: Timestamp) -> bool {
    at <= now && now.duration_since(at) < window
}

/// Keys that are kept without looking whether they are over.
const KEYS: usize = 1_024;

impl Windows {
    /// Notes that it happens; returns `false` and notes nothing if it may not.
    pub fn allow(&mut self, key: &str, limit: Limit, now: Timestamp) -> bool {
        self.longest = self.longest.max(limit.window);
        if self.happened.len() >= self.room {
            let longest = self.longest;
            self.happened
                .retain(|_, times| times.back().is_some_and(|at| within(*at, longest, now)));
            // As many again before the next look, so that looking costs nothing on average.
            self.room = KEYS.max(2 * self.happened.len());
        }
        let times = self.happened.entry(key.to_owned()).or_default();
        times.retain(|at| within(*at, limit.window, now));
        let allowed = times.len() < limit.count;
        if allowed {
            times.push_back(now);
        }
        allowed
    }

    /// How long it is until it may happen again.
    pub fn wait(&self, key: &str, limit: Limit, now: Timestamp) -> SignedDuration {
        let own = self.happened.get(key).into_iter().flatten();
        let first = own.copied().find(|first| within(*first, limit.window, now));
        let over = first.map(|first| limit.window - now.duration_since(first));
        // Where none may ever happen, nothing happened.
        over.unwrap_or(limit.window).max(SignedDuration::ZERO)
    }

    /// How many keys are kept.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.happened.len()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{
        ATTEMPTS, Approval, Attempt, CAPACITY, CHALLENGE_BYTES, Challenge, Challenges, Custom,
        KEYS, Limit, Stage, Told, Windows,
    };
    use crate::domain::authsignal::vocabulary::Method;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn challenge(id: &str) -> Challenge {
        let mut challenge =
            Challenge::new(id.into(), Method::Sms, "a".into(), "k".into(), "+1".into());
        challenge.send("123456".into(), at(0), SignedDuration::from_secs(600));
        challenge
    }

    #[test]
    fn a_code_works_once_and_until_it_expires() {
        let mut fresh = challenge("c");
        assert_eq!(fresh.attempt("123457", at(1)), Attempt::Wrong);
        assert_eq!(fresh.attempt("", at(1)), Attempt::Wrong);
        assert_eq!(fresh.attempt("123456", at(599)), Attempt::Right);
        assert_eq!(fresh.attempt("123456", at(599)), Attempt::Wrong);
        assert_eq!(challenge("c").attempt("123456", at(600)), Attempt::Wrong);
    }

    #[test]
    fn a_clock_that_goes_back_neither_closes_a_window_for_long_nor_keeps_its_keys() {
        let limit = Limit {
            count: 2,
            window: SignedDuration::from_secs(60),
        };
        let mut windows = Windows::default();
        for _ in 0..2 {
            assert!(windows.allow("k", limit, at(5_000)));
        }
        assert!(!windows.allow("k", limit, at(5_000)));
        assert!(windows.allow("k", limit, at(1_000)));
        assert!(windows.allow("k", limit, at(1_000)));
        assert!(!windows.allow("k", limit, at(1_001)));
        assert_eq!(
            windows.wait("k", limit, at(1_001)),
            SignedDuration::from_secs(59)
        );
        assert_eq!(windows.wait("k", limit, at(900)), limit.window);
        for key in 0..3 * KEYS {
            windows.allow(&format!("later {key}"), limit, at(5_000));
        }
        for key in 0..10 * KEYS {
            let now = at(key.try_into().unwrap());
            windows.allow(&format!("now {key}"), limit, now);
        }
        assert!(windows.len() <= 3 * KEYS, "{}", windows.len());
    }

    #[test]
    fn too_many_wrong_codes_close_a_challenge_to_the_right_one() {
        let mut challenge = challenge("c");
        for _ in 0..ATTEMPTS {
            assert_eq!(challenge.attempt("000000", at(1)), Attempt::Wrong);
        }
        assert_eq!(challenge.attempt("123456", at(1)), Attempt::TooMany);
        challenge.send("654321".into(), at(2), SignedDuration::from_secs(600));
        assert_eq!(
            challenge.attempt("654321", at(3)),
            Attempt::Right,
            "a code that is sent can be used"
        );
    }

    #[test]
    fn a_window_is_exact() {
        let mut windows = Windows::default();
        let limit = Limit {
            count: 2,
            window: SignedDuration::from_secs(10),
        };
        assert!(windows.allow("a", limit, at(0)));
        assert!(windows.allow("a", limit, at(5)));
        assert!(!windows.allow("a", limit, at(9)));
        assert!(windows.allow("b", limit, at(9)));
        assert!(
            windows.allow("a", limit, at(10)),
            "the first is out of the window"
        );
        assert!(
            !windows.allow("a", limit, at(14)),
            "a refused one does not count, an allowed one does"
        );
        assert!(windows.allow("a", limit, at(15)));
    }

    #[test]
    fn keys_whose_window_is_over_are_thrown_away() {
        let mut windows = Windows::default();
        let limit = |seconds| Limit {
            count: 1,
            window: SignedDuration::from_secs(seconds),
        };
        for second in 0..10_000 {
            assert!(windows.allow(&second.to_string(), limit(100), at(second)));
            assert!(windows.len() <= KEYS, "{}", windows.len());
            // A shorter window of another key throws nothing away that still counts.
            windows.allow("short", limit(1), at(second));
            let before = (second - 99).max(0).to_string();
            assert!(!windows.allow(&before, limit(100), at(second)));
        }
    }

    #[test]
    fn the_oldest_challenge_leaves_first() {
        let mut challenges = Challenges::default();
        for id in 0..=CAPACITY {
            challenges.insert(challenge(&id.to_string()));
        }
        assert!(challenges.get("0").is_none());
        assert_eq!(challenges.len(), CAPACITY);
    }

    #[test]
    fn a_load_of_data_has_a_bound_in_bytes() {
        let mut challenges = Challenges::default();
        let data = serde_json::json!({"data": "x".repeat(16 * 1024)});
        let data = data.as_object().map(Custom::new);
        let count = CHALLENGE_BYTES / (16 * 1024);
        for id in 0..count + 100 {
            let mut challenge = challenge(&id.to_string());
            challenge.user_id = Some("ada".to_owned());
            challenge.approval = Some(Box::new(Approval {
                stage: Stage::Unclaimed,
                device_code: String::new(),
                told: Told {
                    custom: data.clone(),
                    ..Told::default()
                },
            }));
            challenges.insert(challenge);
            assert!(challenges.bytes_kept() <= CHALLENGE_BYTES, "{id}");
        }
        assert!(challenges.len() < count && challenges.len() > count - 100);
        challenges.forget("ada");
        assert_eq!((challenges.bytes_kept(), challenges.len()), (0, 0));
    }

    #[test]
    fn a_users_challenges_are_found_the_newest_first_and_leave_with_the_user() {
        let mut challenges = Challenges::default();
        for (id, user) in [
            ("1", Some("a")),
            ("2", Some("b")),
            ("3", None),
            ("4", Some("a")),
        ] {
            let mut challenge = challenge(id);
            challenge.user_id = user.map(str::to_owned);
            challenges.insert(challenge);
        }
        let ids = |challenges: &Challenges, user: &str| -> Vec<String> {
            let own = challenges.of_user(user);
            own.map(|challenge| challenge.id.clone()).collect()
        };
        assert_eq!(ids(&challenges, "a"), ["4", "1"]);
        challenges.bind("3", "a");
        challenges.bind("4", "b");
        challenges.bind("4", "b");
        assert_eq!(ids(&challenges, "a"), ["3", "1"]);
        assert_eq!(ids(&challenges, "b"), ["4", "2"]);
        challenges.forget("a");
        assert_eq!((ids(&challenges, "a").len(), challenges.len()), (0, 2));
    }

    #[test]
    fn the_index_of_users_has_the_bound_of_the_challenges() {
        let mut challenges = Challenges::default();
        for id in 0..2 * CAPACITY {
            let mut challenge = challenge(&id.to_string());
            challenge.user_id = Some((id / 2).to_string());
            challenges.insert(challenge);
        }
        assert_eq!(challenges.of_user.len(), CAPACITY / 2);
        assert_eq!(challenges.of_user("0").count(), 0);
    }
}
