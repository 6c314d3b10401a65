//! One-time codes: their life, attempts, and how often they may be sent and tried. Knows no user and no wire format.

use std::cmp::Reverse;
use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound::{Excluded, Unbounded};

use ahash::HashMap;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use super::vocabulary::Method;
use super::webhook::Surroundings;
use crate::bounds::{
    ATTEMPTS, CHALLENGE_BYTES, CHALLENGE_BYTES_OF_STRANGERS, CHALLENGES, CHALLENGES_OF_STRANGERS,
    CHALLENGES_PER_USER, RATES, TEXT, lengths,
};
use crate::domain::changes::{Changes, Marks, Table};
use crate::domain::custom::{self, Custom};
use crate::domain::in_file::{LARGEST, counter};
use crate::domain::later;
use crate::domain::shares::{Kept, Owner, Room, Share, Shares};

/// A challenge: by one-time code or link, by a device that approves, or by anything that an anonymous user has.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    /// The code of the terminal that shows it, if one does.
    pub terminal_code: Option<Box<str>>,
    /// What a claimed token allows, and what its code does to the user's authenticators.
    pub scope: Option<String>,
    /// Where the user is, if the request that started it says so.
    pub surroundings: Option<Box<Surroundings>>,
    /// Data of the application, if the request that started it says so.
    pub custom: Option<Custom>,
    /// When the code expires.
    pub expires: Timestamp,
    /// Whether the right code came.
    pub verified: bool,
    code: String,
    wrong: u32,
    /// Its place among the push challenges that ring, while nobody has answered it.
    ring: Option<Ring>,
}

/// What a device is asked, and what it has answered.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// Its state.
    pub stage: Stage,
    /// The secret that the asking page must present; empty if the page has a token.
    pub device_code: String,
    /// What the device shows.
    pub told: Told,
}

/// Where an approval stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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

/// Wrong codes by methods that have no challenge of their own, since the last right one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WrongCodes {
    /// Of the authenticator app.
    pub totp: u32,
    /// Recovery codes.
    pub recovery: u32,
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
            terminal_code: None,
            scope: None,
            surroundings: None,
            custom: None,
            expires: Timestamp::MIN,
            verified: false,
            code: String::new(),
            wrong: 0,
            ring: None,
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
            + self.terminal_code.as_ref().map_or(0, |_| NAMES_OF_TERMINAL)
            + told
            + surroundings
            + custom::length(self.custom.as_ref())
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

/// What a terminal's challenge takes, because a track names its action and key later.
const NAMES_OF_TERMINAL: usize = 2 * TEXT;

/// The room of a tenant's challenges.
const ROOM: Room = Room {
    strangers: Share {
        count: CHALLENGES_OF_STRANGERS,
        bytes: CHALLENGE_BYTES_OF_STRANGERS,
    },
    application: Share {
        count: CHALLENGES,
        bytes: CHALLENGE_BYTES,
    },
    users: Share {
        count: CHALLENGES,
        bytes: CHALLENGE_BYTES,
    },
    per_user: CHALLENGES_PER_USER,
};

/// When a push challenge expires, and how many came before it, the newest first.
type Ring = (Timestamp, Reverse<u64>);

/// The challenges of a tenant.
#[derive(Clone)]
pub struct Challenges {
    kept: Shares<Challenge>,
    /// The push challenges that nobody has answered.
    ringing: BTreeMap<Ring, String>,
    /// How many push challenges there were.
    rung: u64,
}

impl Default for Challenges {
    fn default() -> Self {
        Self {
            kept: Shares::new(ROOM),
            ringing: BTreeMap::new(),
            rung: 0,
        }
    }
}

/// The challenges of a tenant, for a file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChallengesRecord {
    /// Oldest first.
    pub(super) kept: Vec<Kept<Challenge>>,
    #[serde(deserialize_with = "counter")]
    pub(super) rung: u64,
}

impl Challenges {
    /// Their form in a file.
    pub fn record(&self) -> ChallengesRecord {
        ChallengesRecord {
            kept: self.kept.kept(),
            rung: self.rung,
        }
    }

    /// What has changed. How many rang is for the copy to keep besides.
    pub fn changes(&mut self, changes: &mut Changes) {
        self.kept.changes(changes, Table::Challenge);
    }

    /// How many push challenges there were.
    pub fn rung(&self) -> u64 {
        self.rung
    }

    /// Reads what a file has.
    pub fn restored(record: ChallengesRecord) -> Self {
        let kept = Shares::restored(ROOM, record.kept, Challenge::bytes);
        let rings = kept.oldest_first();
        let is_sound = |(_, Reverse(number)): &Ring| *number <= LARGEST;
        let rings = rings.filter_map(|own| Some((own.ring.filter(is_sound)?, own.id.clone())));
        let ringing: BTreeMap<_, _> = rings.collect();
        let newest = ringing.keys().map(|(_, Reverse(number))| *number + 1).max();
        Self {
            rung: record.rung.max(newest.unwrap_or_default()),
            ringing,
            kept,
        }
    }

    /// A challenge.
    pub fn get(&self, id: &str) -> Option<&Challenge> {
        self.kept.get(id)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Bytes of the texts of all.
    pub fn bytes(&self) -> usize {
        self.kept.bytes()
    }

    /// A challenge, to change.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Challenge> {
        self.kept.get_mut(id)
    }

    /// Adds a challenge that its user has started with a token, or else the application.
    pub fn insert(&mut self, challenge: Challenge, now: Timestamp) {
        let owner = match &challenge.user_id {
            Some(user_id) => Owner::User(user_id.clone()),
            None => Owner::Application,
        };
        self.add(challenge, owner, now);
    }

    /// Adds a challenge that somebody has started who has shown nothing but what is public: the tenant's id, or the
    /// public key of a user's device.
    pub fn insert_of_stranger(&mut self, challenge: Challenge, now: Timestamp) {
        self.add(challenge, Owner::Stranger, now);
    }

    fn add(&mut self, mut challenge: Challenge, owner: Owner, now: Timestamp) {
        let (id, bytes) = (challenge.id.clone(), challenge.bytes());
        if challenge.method == Method::Push && challenge.approval.is_some() {
            let ring = (challenge.expires, Reverse(self.rung));
            self.rung += 1;
            challenge.ring = Some(ring);
            self.ringing.insert(ring, id.clone());
        }
        let over = |own: &Challenge| own.expires <= now;
        let gone = self.kept.insert(id, owner, bytes, challenge, over);
        self.silence(gone);
    }

    /// Notes that a device has answered a challenge.
    pub fn answered(&mut self, id: &str) {
        let ring = self.kept.get_mut(id).and_then(|own| own.ring.take());
        if let Some(ring) = ring {
            self.ringing.remove(&ring);
        }
    }

    /// The push challenges that nobody has answered and that have not expired: those that expire first, and of one time
    /// the newest first.
    pub fn ringing(&self, now: Timestamp) -> impl Iterator<Item = &Challenge> {
        let after = (Excluded((now, Reverse(0))), Unbounded);
        self.ringing.range(after).filter_map(|(_, id)| self.get(id))
    }

    fn silence(&mut self, gone: impl IntoIterator<Item = Challenge>) {
        for ring in gone.into_iter().filter_map(|own| own.ring) {
            self.ringing.remove(&ring);
        }
    }

    /// Makes a challenge that of a user.
    pub fn bind(&mut self, id: &str, user_id: &str, now: Timestamp) {
        if let Some(challenge) = self.kept.get_mut(id) {
            challenge.user_id = Some(user_id.to_owned());
        }
        let gone = self.kept.give(id, user_id, |own| own.expires <= now);
        self.silence(gone);
    }

    /// Makes an open challenge of a terminal one for an action.
    pub fn name_at_terminal(&mut self, id: &str, action: &str, key: &str, now: Timestamp) {
        let open = |own: &&mut Challenge| own.terminal_code.is_some() && own.is_open(now);
        if let Some(challenge) = self.kept.get_mut(id).filter(open) {
            action.clone_into(&mut challenge.action);
            key.clone_into(&mut challenge.idempotency_key);
        }
    }

    /// Those of a user, the newest first.
    pub fn of_user(&self, user_id: &str) -> impl Iterator<Item = &Challenge> {
        self.kept.of_user(user_id)
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Challenge> {
        self.kept.oldest_first().rev()
    }

    /// Forgets those of a user.
    pub fn forget(&mut self, user_id: &str) {
        let gone = self.kept.forget(user_id);
        self.silence(gone);
        // A stranger can start one that only a user's device can answer.
        let others = self.kept.of_strangers();
        let theirs = others.filter(|one| one.user_id.as_deref() == Some(user_id));
        let ids: Vec<String> = theirs.map(|one| one.id.clone()).collect();
        for id in ids {
            self.kept.remove(&id);
        }
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
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Windows {
    pub(super) happened: HashMap<String, VecDeque<Timestamp>>,
    /// The longest window that was asked for.
    longest: SignedDuration,
    /// Keys at which those that are over are thrown away.
    room: usize,
    /// The keys of those that have changed.
    #[serde(skip)]
    marks: Marks<String>,
}

/// Whether it happened in the window before now. A clock that went back leaves times that have not come yet: they count
/// no more, or they would count for as long as it went back.
fn within(at: Timestamp, window: SignedDuration, now: Timestamp) -> bool {
    at <= now && now.duration_since(at) < window
}

/// Keys that are kept without looking whether they are over.
const KEYS: usize = 1_024;

impl Windows {
    /// Whether a tenant may have so many.
    pub fn fits(&self) -> bool {
        self.happened.len() <= RATES && self.room <= RATES
    }

    /// What has changed. The window and the room are for the copy to keep besides.
    pub fn changes(&mut self, changes: &mut Changes) {
        let (happened, marks) = (&self.happened, &mut self.marks);
        let bytes = |key: &String| key.as_bytes().to_vec();
        let all = happened.iter().map(|(key, times)| (bytes(key), times));
        let of_key = |key: &String| (bytes(key), happened.get(key));
        changes.of(Table::Window, marks, all, of_key);
    }

    /// The longest window that was asked for, and at how many keys those that are over are thrown away.
    pub fn measures(&self) -> (SignedDuration, usize) {
        (self.longest, self.room)
    }

    /// As a copy has them.
    pub(super) fn measured(&mut self, longest: SignedDuration, room: usize) {
        (self.longest, self.room) = (longest, room);
    }

    /// Notes that it happens; returns `false` and notes nothing if it may not.
    pub fn allow(&mut self, key: &str, limit: Limit, now: Timestamp) -> bool {
        self.longest = self.longest.max(limit.window);
        if self.happened.len() >= self.room {
            self.marks.mark_all();
            let longest = self.longest;
            self.happened
                .retain(|_, times| times.back().is_some_and(|at| within(*at, longest, now)));
            self.forget_older_half();
            // As many again before the next look, so that looking costs nothing on average.
            self.room = KEYS.max(2 * self.happened.len()).min(RATES);
        }
        self.marks.mark(|| key.to_owned());
        let times = self.happened.entry(key.to_owned()).or_default();
        times.retain(|at| within(*at, limit.window, now));
        let allowed = times.len() < limit.count;
        if allowed {
            times.push_back(now);
        }
        allowed
    }

    /// Throws the keys away that were used longest ago, if there are as many as there may be: half of them, so that this
    /// costs little on average.
    fn forget_older_half(&mut self) {
        if self.happened.len() < RATES {
            return;
        }
        let used =
            |(key, times): (&String, &VecDeque<Timestamp>)| (times.back().copied(), key.clone());
        let mut keys: Vec<_> = self.happened.iter().map(used).collect();
        // Of those used at one time the key decides, so that the same requests have the same effect.
        keys.select_nth_unstable(RATES / 2);
        for (_, key) in keys.drain(..RATES / 2) {
            self.happened.remove(&key);
        }
    }

    /// How long it is until it may happen again.
    pub fn wait(&self, key: &str, limit: Limit, now: Timestamp) -> SignedDuration {
        let own = self.happened.get(key).into_iter().flatten();
        let first = own.copied().find(|first| within(*first, limit.window, now));
        let over = first.map(|first| limit.window - now.duration_since(first));
        // Where none may ever happen, nothing happened.
        over.unwrap_or(limit.window).max(SignedDuration::ZERO)
    }

    /// How long it is until it may happen again: no time if it may now.
    pub fn until_free(&self, key: &str, limit: Limit, now: Timestamp) -> SignedDuration {
        let own = self.happened.get(key).into_iter().flatten();
        let counted = own.filter(|at| within(**at, limit.window, now)).count();
        if counted < limit.count {
            return SignedDuration::ZERO;
        }
        self.wait(key, limit, now)
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
        ATTEMPTS, Approval, Attempt, CHALLENGE_BYTES, CHALLENGE_BYTES_OF_STRANGERS, CHALLENGES,
        CHALLENGES_OF_STRANGERS, CHALLENGES_PER_USER, Challenge, Challenges, Custom, KEYS, Limit,
        RATES, Stage, Told, Windows,
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
    fn what_may_happen_now_waits_for_nothing() {
        let limit = Limit {
            count: 2,
            window: SignedDuration::from_secs(60),
        };
        let mut windows = Windows::default();
        let wait = |windows: &Windows, second| windows.until_free("k", limit, at(second)).as_secs();
        assert_eq!(wait(&windows, 0), 0);
        for (second, then) in [(0, 0), (10, 50)] {
            assert!(windows.allow("k", limit, at(second)));
            assert_eq!(wait(&windows, second), then);
        }
        assert_eq!((wait(&windows, 59), wait(&windows, 60)), (1, 0));
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

    /// A challenge of that user, or of nobody.
    fn of(id: usize, user_id: Option<&str>) -> Challenge {
        let mut challenge = challenge(&id.to_string());
        challenge.user_id = user_id.map(str::to_owned);
        challenge
    }

    #[test]
    fn what_strangers_start_pushes_out_no_challenge_of_anybody_else() {
        let mut challenges = Challenges::default();
        challenges.insert(of(1, Some("ada")), at(0));
        challenges.insert(of(2, None), at(0));
        for id in 3..=CHALLENGES_OF_STRANGERS + 3 {
            challenges.insert_of_stranger(of(id, None), at(0));
        }
        assert!(challenges.get("1").is_some() && challenges.get("2").is_some());
        assert!(challenges.get("3").is_none() && challenges.get("4").is_some());
        for id in 0..CHALLENGES {
            challenges.insert(of(100_000 + id, None), at(0));
        }
        assert!(challenges.get("1").is_some() && challenges.get("2").is_none());
        assert!(challenges.get("4").is_some());
    }

    #[test]
    fn what_one_user_starts_pushes_out_their_own_challenges_expired_ones_first() {
        let mut challenges = Challenges::default();
        challenges.insert(of(0, Some("bob")), at(0));
        for id in 1..=CHALLENGES_PER_USER {
            challenges.insert(of(id, Some("ada")), at(0));
        }
        challenges.get_mut("7").unwrap().withdraw();
        let next = CHALLENGES_PER_USER + 1;
        challenges.insert(of(next, Some("ada")), at(1));
        assert!(challenges.get("7").is_none() && challenges.get("1").is_some());
        for id in 1..=CHALLENGES {
            challenges.insert(of(next + id, Some("ada")), at(1));
        }
        assert_eq!(challenges.of_user("ada").count(), CHALLENGES_PER_USER);
        assert!(challenges.get("0").is_some(), "bob's");
    }

    #[test]
    fn a_load_of_ever_new_users_has_a_bound() {
        let mut challenges = Challenges::default();
        for id in 0..=CHALLENGES {
            challenges.insert(of(id, Some(&id.to_string())), at(0));
        }
        assert!(challenges.get("0").is_none() && challenges.get("1").is_some());
        assert_eq!(
            (challenges.kept.len(), challenges.kept.owners()),
            (CHALLENGES, CHALLENGES)
        );
    }

    #[test]
    fn a_load_of_data_has_a_bound_in_bytes() {
        let mut challenges = Challenges::default();
        let data = serde_json::json!({"data": "x".repeat(16 * 1024)});
        let data = data.as_object().map(Custom::new);
        let with_data = |id: usize, user_id: Option<&str>| {
            let mut challenge = of(id, user_id);
            challenge.approval = Some(Box::new(Approval {
                stage: Stage::Unclaimed,
                device_code: String::new(),
                told: Told {
                    custom: data.clone(),
                    ..Told::default()
                },
            }));
            challenge
        };
        let count = CHALLENGE_BYTES / (16 * 1024);
        for id in 0..count + 100 {
            let user_id = format!("user {}", id / 50);
            challenges.insert(with_data(id, Some(&user_id)), at(0));
            assert!(challenges.kept.bytes() <= CHALLENGE_BYTES, "{id}");
        }
        assert!(challenges.kept.len() < count && challenges.kept.len() > count - 100);
        let kept = (challenges.kept.len(), challenges.kept.bytes());
        let (mut strangers, count) = (0, CHALLENGE_BYTES_OF_STRANGERS / (16 * 1024));
        for id in 10_000..10_000 + count + 100 {
            challenges.insert_of_stranger(with_data(id, None), at(0));
            strangers = challenges.kept.bytes() - kept.1;
            assert!(strangers <= CHALLENGE_BYTES_OF_STRANGERS, "{id}");
        }
        assert!(strangers > CHALLENGE_BYTES_OF_STRANGERS / 2);
        assert_eq!(
            challenges
                .newest_first()
                .filter(|one| one.user_id.is_some())
                .count(),
            kept.0
        );
    }

    #[test]
    fn a_users_challenges_are_found_the_newest_first_and_leave_with_the_user() {
        let mut challenges = Challenges::default();
        for (id, user) in [(1, Some("a")), (2, Some("b")), (3, None), (4, Some("a"))] {
            challenges.insert(of(id, user), at(0));
        }
        challenges.insert_of_stranger(of(5, Some("a")), at(0));
        let ids = |challenges: &Challenges, user: &str| -> Vec<String> {
            let own = challenges.of_user(user);
            own.map(|challenge| challenge.id.clone()).collect()
        };
        assert_eq!(ids(&challenges, "a"), ["4", "1"]);
        challenges.bind("3", "a", at(0));
        challenges.bind("4", "b", at(0));
        challenges.bind("4", "b", at(0));
        assert_eq!(ids(&challenges, "a"), ["3", "1"]);
        assert_eq!(ids(&challenges, "b"), ["4", "2"]);
        challenges.forget("a");
        assert_eq!((ids(&challenges, "a").len(), challenges.kept.len()), (0, 2));
    }

    #[test]
    fn only_push_challenges_that_wait_ring() {
        let mut challenges = Challenges::default();
        let push = |id: usize, user_id: &str, seconds: i64| {
            let mut challenge = of(id, Some(user_id));
            challenge.method = Method::Push;
            challenge.expires = at(seconds);
            challenge.approval = Some(Box::new(Approval {
                stage: Stage::Unclaimed,
                device_code: String::new(),
                told: Told::default(),
            }));
            challenge
        };
        challenges.insert(of(1, Some("ada")), at(0));
        for (id, user_id, expires) in [
            (2, "ada", 20),
            (3, "ada", 10),
            (4, "bob", 20),
            (5, "ada", 20),
        ] {
            challenges.insert(push(id, user_id, expires), at(0));
        }
        let ringing = |challenges: &Challenges, seconds: i64| -> String {
            challenges
                .ringing(at(seconds))
                .map(|one| one.id.as_str())
                .collect()
        };
        assert_eq!(ringing(&challenges, 9), "3542");
        assert_eq!(ringing(&challenges, 10), "542");
        challenges.answered("4");
        assert_eq!(ringing(&challenges, 10), "52");
        for id in 0..CHALLENGES_PER_USER {
            challenges.insert(of(100 + id, Some("ada")), at(0));
        }
        assert_eq!(
            (ringing(&challenges, 0).as_str(), challenges.ringing.len()),
            ("", 0)
        );
        challenges.insert(push(6, "bob", 20), at(0));
        challenges.forget("bob");
        assert_eq!(challenges.ringing.len(), 0);
    }

    #[test]
    fn a_load_of_ever_new_keys_has_a_bound_and_the_newest_still_count() {
        let mut windows = Windows::default();
        let limit = Limit {
            count: 1,
            window: SignedDuration::from_secs(600),
        };
        for key in 0..2 * RATES {
            assert!(windows.allow(&key.to_string(), limit, at(0)));
            assert!(windows.len() <= RATES, "{key}");
        }
        for second in 1..=2 {
            for key in 0..RATES / 4 {
                assert_eq!(
                    windows.allow(&format!("now {key}"), limit, at(second)),
                    second == 1
                );
            }
        }
    }
}
