//! One-time codes: their life, attempts, and how often they may be sent and tried. Knows no user and no wire format.

use std::collections::{HashMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::vocabulary::Method;

/// Challenges kept for each tenant; the oldest leaves first.
const CAPACITY: usize = 10_000;
/// Wrong codes after which a challenge takes no more. No source gives the figure.
pub const ATTEMPTS: u32 = 10;

/// A challenge by one-time code.
#[derive(Clone)]
pub struct Challenge {
    /// Its id.
    pub id: String,
    /// What sends the code.
    pub method: Method,
    /// The action it is about.
    pub action: String,
    /// Key of the action.
    pub idempotency_key: String,
    /// The user, where known.
    pub user_id: Option<String>,
    /// Where the code goes.
    pub address: String,
    /// What a claimed token allows.
    pub scope: Option<String>,
    /// When the code expires.
    pub expires: Timestamp,
    /// Whether the right code came.
    pub verified: bool,
    code: String,
    wrong: u32,
}

/// What became of an attempt.
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
            scope: None,
            expires: Timestamp::MIN,
            verified: false,
            code: String::new(),
            wrong: 0,
        }
    }

    /// Gives it a fresh code.
    pub fn send(&mut self, code: String, now: Timestamp, life: SignedDuration) {
        self.code = code;
        // What is sent can be used, whatever became of the code before it.
        self.wrong = 0;
        self.verified = false;
        self.expires = now.checked_add(life).unwrap_or(Timestamp::MAX);
    }

    /// How many wrong codes came.
    pub fn wrong(&self) -> u32 {
        self.wrong
    }

    /// Tries a code. A right one works once.
    pub fn attempt(&mut self, code: &str, now: Timestamp) -> Attempt {
        if self.wrong >= ATTEMPTS {
            return Attempt::TooMany;
        }
        let right: bool = self.code.as_bytes().ct_eq(code.as_bytes()).into();
        if right && !self.code.is_empty() && now < self.expires && !self.verified {
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

    /// Takes a challenge; the oldest leaves when there is no room.
    pub fn insert(&mut self, challenge: Challenge) {
        if self.order.len() >= CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.order.push_back(challenge.id.clone());
        self.by_id.insert(challenge.id.clone(), challenge);
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Challenge> {
        self.order.iter().rev().filter_map(|id| self.by_id.get(id))
    }

    /// Forgets those of a user.
    pub fn forget(&mut self, user_id: &str) {
        self.by_id
            .retain(|_, challenge| challenge.user_id.as_deref() != Some(user_id));
        self.order.retain(|id| self.by_id.contains_key(id));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
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

/// Keys that are kept without looking whether they are over.
const KEYS: usize = 1_024;

impl Windows {
    /// Takes note that it happens; `false` when it may not, and nothing is noted.
    pub fn allow(&mut self, key: &str, limit: Limit, now: Timestamp) -> bool {
        self.longest = self.longest.max(limit.window);
        if self.happened.len() >= self.room {
            let longest = self.longest;
            self.happened.retain(|_, times| {
                times
                    .back()
                    .is_some_and(|at| now.duration_since(*at) < longest)
            });
            // As many again before the next look, so that looking costs nothing on average.
            self.room = KEYS.max(2 * self.happened.len());
        }
        let times = self.happened.entry(key.to_owned()).or_default();
        while times
            .front()
            .is_some_and(|at| now.duration_since(*at) >= limit.window)
        {
            times.pop_front();
        }
        let allowed = times.len() < limit.count;
        if allowed {
            times.push_back(now);
        }
        allowed
    }

    /// How many keys are kept.
    pub fn len(&self) -> usize {
        self.happened.len()
    }

    /// Whether none are.
    pub fn is_empty(&self) -> bool {
        self.happened.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{ATTEMPTS, Attempt, CAPACITY, Challenge, Challenges, KEYS, Limit, Windows};
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
}
