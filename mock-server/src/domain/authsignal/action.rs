//! Actions of a user: what was tracked, and where it stands. Knows no token and no wire format.
//!
//! | from | event | to |
//! | --- | --- | --- |
//! | (tracked) | outcome ALLOW, or CHALLENGE for a user without authenticators | `ALLOW` |
//! | (tracked) | outcome BLOCK | `BLOCK` |
//! | (tracked) | outcome CHALLENGE | `CHALLENGE_REQUIRED` |
//! | (tracked) | outcome REVIEW | `REVIEW_REQUIRED` |
//! | `CHALLENGE_REQUIRED` | challenge passed | `CHALLENGE_SUCCEEDED` |
//! | `CHALLENGE_REQUIRED` | challenge failed | `CHALLENGE_FAILED` |
//! | `ALLOW`, `CHALLENGE_REQUIRED`, `CHALLENGE_FAILED` | verified challenge claimed | `CHALLENGE_SUCCEEDED` |
//! | any | update_action | any |
//!
//! That a user without authenticators is not challenged is documented, and so is that update_action checks no
//! transition.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::vocabulary::{Method, Outcome, State};

/// Actions kept for each user; the oldest leaves first.
const ACTIONS_PER_USER: usize = 1_000;

/// What is known of an action when it is tracked.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Key of the action.
    pub idempotency_key: Option<String>,
    /// Where the hosted page returns to.
    pub redirect_url: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// Where the user comes from.
    pub ip_address: Option<String>,
    /// Their browser.
    pub user_agent: Option<String>,
    /// Their device.
    pub device_id: Option<String>,
    /// What the token allows.
    pub scope: Option<String>,
    /// Data of the application.
    pub custom: Option<Map<String, Value>>,
    /// A challenge that belongs to the action.
    pub challenge_id: Option<String>,
    /// Language tag.
    pub locale: Option<String>,
}

/// An action.
#[derive(Clone, Debug)]
pub struct Action {
    /// Its code.
    pub code: String,
    /// Its key.
    pub key: String,
    /// Where it stands.
    pub state: State,
    /// When it was tracked.
    pub created: Timestamp,
    /// When it changed last.
    pub updated: Timestamp,
    /// When its state changed last.
    pub state_updated: Timestamp,
    /// How the challenge was passed.
    pub method: Option<Method>,
    /// With which authenticator.
    pub authenticator_id: Option<String>,
    /// Rules that matched, by priority.
    pub rule_ids: Vec<String>,
    /// What was known.
    pub known: Known,
}

impl Action {
    /// Sets the state.
    pub fn set(&mut self, state: State, now: Timestamp) {
        self.updated = now;
        if self.state != state {
            self.state = state;
            self.state_updated = now;
        }
    }
}

/// The state that an outcome leads to.
pub fn state_of(outcome: Outcome, enrolled: bool) -> State {
    match outcome {
        Outcome::Allow => State::Allow,
        Outcome::Block => State::Block,
        Outcome::Review => State::ReviewRequired,
        Outcome::Challenge if enrolled => State::ChallengeRequired,
        Outcome::Challenge => State::Allow,
    }
}

/// Code and key in one, so that looking one up and keeping it in two places costs one allocation each.
fn id(code: &str, key: &str) -> String {
    // A code may hold any character, so its length tells where the key begins.
    format!("{} {code}{key}", code.len())
}

/// The actions of a user.
#[derive(Clone, Debug, Default)]
pub struct Actions {
    by_id: HashMap<Arc<str>, Action>,
    /// Oldest first.
    order: VecDeque<Arc<str>>,
}

impl Actions {
    /// An action.
    pub fn get(&self, code: &str, key: &str) -> Option<&Action> {
        self.by_id.get(&*id(code, key))
    }

    /// An action, to change.
    pub fn get_mut(&mut self, code: &str, key: &str) -> Option<&mut Action> {
        self.by_id.get_mut(&*id(code, key))
    }

    /// Takes an action; the oldest leaves when there is no room.
    pub fn insert(&mut self, action: Action) {
        let id: Arc<str> = id(&action.code, &action.key).into();
        if self.by_id.insert(Arc::clone(&id), action).is_some() {
            return;
        }
        if self.order.len() >= ACTIONS_PER_USER
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_id.remove(&oldest);
        }
        self.order.push_back(id);
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Action> {
        self.order.iter().rev().filter_map(|id| self.by_id.get(id))
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{ACTIONS_PER_USER, Action, Actions, Known, state_of};
    use crate::domain::authsignal::vocabulary::{Outcome, State};

    fn action(key: usize) -> Action {
        let now = Timestamp::UNIX_EPOCH;
        Action {
            code: "a".into(),
            key: key.to_string(),
            state: State::Allow,
            created: now,
            updated: now,
            state_updated: now,
            method: None,
            authenticator_id: None,
            rule_ids: Vec::new(),
            known: Known::default(),
        }
    }

    #[test]
    fn a_user_without_authenticators_is_never_challenged() {
        for outcome in Outcome::ALL {
            assert_ne!(state_of(outcome, false), State::ChallengeRequired);
        }
        assert_eq!(state_of(Outcome::Challenge, true), State::ChallengeRequired);
        assert_eq!(state_of(Outcome::Block, false), State::Block);
    }

    #[test]
    fn the_oldest_action_leaves_first() {
        let mut actions = Actions::default();
        for key in 0..=ACTIONS_PER_USER {
            actions.insert(action(key));
        }
        assert_eq!(actions.len(), ACTIONS_PER_USER);
        assert!(actions.get("a", "0").is_none());
        assert_eq!(
            actions
                .newest_first()
                .next()
                .map(|action| action.key.clone()),
            Some(ACTIONS_PER_USER.to_string())
        );
    }

    #[test]
    fn code_and_key_do_not_run_together() {
        let mut actions = Actions::default();
        let mut first = action(0);
        (first.code, first.key) = ("ab".into(), "c".into());
        actions.insert(first);
        assert!(actions.get("ab", "c").is_some());
        assert!(actions.get("a", "bc").is_none());
        assert!(actions.get("", "abc").is_none());
    }

    #[test]
    fn a_state_that_stays_keeps_its_time() {
        let mut action = action(0);
        let later = Timestamp::from_second(5).unwrap();
        action.set(State::Allow, later);
        assert_eq!(
            (action.state_updated, action.updated),
            (Timestamp::UNIX_EPOCH, later)
        );
        action.set(State::Block, later);
        assert_eq!(action.state_updated, later);
    }
}
