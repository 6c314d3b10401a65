//! Actions of a user: their attributes and their states. Knows no token and no wire format.
//!
//! | from | event | to |
//! | --- | --- | --- |
//! | (tracked) | outcome ALLOW, or CHALLENGE for a user without authenticators | `ALLOW` |
//! | (tracked) | outcome BLOCK | `BLOCK` |
//! | (tracked) | outcome CHALLENGE | `CHALLENGE_REQUIRED` |
//! | (tracked) | outcome REVIEW | `REVIEW_REQUIRED` |
//! | `CHALLENGE_REQUIRED` | challenge passed | `CHALLENGE_SUCCEEDED` |
//! | `CHALLENGE_REQUIRED` | challenge failed | `CHALLENGE_FAILED` |
//! | `ALLOW` | challenge passed, or enrolment finished | `CHALLENGE_SUCCEEDED` |
//! | any | update_action | any |
//! | (a challenge without a track) | outcome CHALLENGE | `CHALLENGE_REQUIRED` |
//! | (a challenge without a track) | another outcome | as tracked |
//! | (a flow was started) | the walk stops at a step, or ends | `CHALLENGE_REQUIRED`, `CHALLENGE_SUCCEEDED` or `CHALLENGE_FAILED` |
//! | `CHALLENGE_REQUIRED` | a step of a flow was taken | the same |
//!
//! Documented: a user without authenticators is not challenged, and update_action checks no transition. Assumed: a failed
//! challenge is final, as the contract's drawing has no way out of it.

use std::collections::VecDeque;
use std::sync::Arc;

use ahash::HashMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::address::Contact;
use super::challenge::WrongCodes;
use super::flow::Run;
use super::vocabulary::{Method, Outcome, State};
use crate::bounds::{ACTION_BYTES, ACTIONS as ACTIONS_PER_TENANT, ACTIONS_PER_USER, lengths};
use crate::domain::changes::{Changes, Marks, Table, numbered};
use crate::domain::custom::{self, Custom};

/// What decided about an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Decider {
    /// The first rule that matched.
    Rule,
    /// An outcome that was planned for it.
    NextOutcome,
    /// The outcome of all actions of its code.
    ActionOutcome,
    /// The outcome of all other actions.
    DefaultOutcome,
    /// The walk of a flow, as far as it came at the start.
    Flow,
}

/// What was decided about an action, and by what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    /// What decided.
    pub by: Decider,
    /// The outcome.
    pub outcome: Outcome,
}

/// The attributes of a tracked action. Only those that later answers show are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Known {
    /// Key of the action.
    pub idempotency_key: Option<String>,
    /// Where the hosted page returns to.
    pub redirect_url: Option<String>,
    /// Whether the hosted page is for managing authenticators.
    pub to_settings: bool,
    /// Email address, phone number and user name.
    pub contact: Contact,
    /// Where the user comes from.
    pub ip_address: Option<String>,
    /// Their browser.
    pub user_agent: Option<String>,
    /// Their device.
    pub device_id: Option<String>,
    /// Whether the device was remembered when the action began.
    pub is_remembered: bool,
    /// What the token allows.
    pub scope: Option<String>,
    /// Data of the application.
    pub custom: Option<Custom>,
    /// A challenge that belongs to the action.
    pub challenge_id: Option<String>,
    /// Language tag.
    pub locale: Option<String>,
}

impl Known {
    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        lengths([
            &self.idempotency_key,
            &self.redirect_url,
            &self.ip_address,
            &self.user_agent,
            &self.device_id,
            &self.scope,
            &self.challenge_id,
            &self.locale,
        ]) + self.contact.bytes()
            + custom::length(self.custom.as_ref())
    }
}

/// An action.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Action {
    /// Its code. A file has codes of another kind, which are secrets.
    #[serde(rename = "action")]
    pub code: String,
    /// Its key.
    pub key: String,
    /// Its state.
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
    /// What was decided; nothing once update_action has set the state.
    pub decision: Option<Decision>,
    /// Rules that matched, by priority.
    pub rule_ids: Vec<String>,
    /// Where the user came from.
    pub ip_address: Option<String>,
    /// Their browser.
    pub user_agent: Option<String>,
    /// Their device.
    pub device_id: Option<String>,
    /// Where the hosted page returns to.
    pub redirect_url: Option<Box<str>>,
    /// Whether the hosted page is for managing authenticators.
    pub to_settings: bool,
    /// What track said of the user, the last time that it named each.
    pub told: Option<Box<Contact>>,
    /// The language that track named last.
    pub locale: Option<Box<str>>,
    /// Data of the application.
    pub custom: Option<Custom>,
    /// Wrong codes that were tried to pass it.
    pub wrong: WrongCodes,
    /// The run of a flow that it is.
    pub run: Option<Box<Run>>,
    /// Its place among all actions of the tenant.
    #[serde(skip)]
    pub(super) number: u64,
}

impl Action {
    /// An action of which nothing more is known.
    pub fn new(code: String, key: String, state: State, now: Timestamp) -> Self {
        Self {
            code,
            key,
            state,
            created: now,
            updated: now,
            state_updated: now,
            method: None,
            authenticator_id: None,
            decision: None,
            rule_ids: Vec::new(),
            ip_address: None,
            user_agent: None,
            device_id: None,
            redirect_url: None,
            to_settings: false,
            told: None,
            locale: None,
            custom: None,
            wrong: WrongCodes::default(),
            run: None,
            number: 0,
        }
    }

    /// Bytes of its texts.
    fn bytes(&self) -> usize {
        let Self {
            code,
            key,
            ip_address,
            user_agent,
            device_id,
            redirect_url,
            told,
            locale,
            run,
            custom,
            ..
        } = self;
        // The key is there twice: with the action, and in the list of the user's actions.
        code.len()
            + 2 * key.len()
            + lengths([ip_address, user_agent, device_id])
            + redirect_url.as_ref().map_or(0, |url| url.len())
            + told.as_ref().map_or(0, |told| told.bytes())
            + locale.as_ref().map_or(0, |tag| tag.len())
            + run.as_ref().map_or(0, |run| run.bytes())
            + custom::length(custom.as_ref())
            + self.rule_ids.iter().map(String::len).sum::<usize>()
    }

    /// Sets the state.
    pub fn set(&mut self, state: State, now: Timestamp) {
        self.updated = now;
        if self.state != state {
            self.state = state;
            self.state_updated = now;
        }
    }
}

impl Action {
    /// Whether a challenge was decided on purpose, and left out because the user had no authenticator. By default every
    /// new user is let through so.
    pub fn lacked_authenticator(&self) -> bool {
        lacked_authenticator(self.state, self.decision)
    }
}

/// As [`Action::lacked_authenticator`], of an action in this state.
pub(super) fn lacked_authenticator(state: State, decision: Option<Decision>) -> bool {
    state == State::Allow
        && decision.is_some_and(|decision| {
            decision.outcome == Outcome::Challenge && decision.by != Decider::DefaultOutcome
        })
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

/// The actions of a user.
#[derive(Clone, Debug, Default)]
pub struct Actions {
    /// By code, then by key.
    by_code: HashMap<Arc<str>, HashMap<Arc<str>, Action>>,
    /// Codes and keys, oldest first.
    order: VecDeque<(Arc<str>, Arc<str>)>,
    /// Bytes of the texts of the actions.
    bytes: usize,
}

impl Actions {
    /// An action.
    pub fn get(&self, code: &str, key: &str) -> Option<&Action> {
        self.by_code.get(code)?.get(key)
    }

    /// An action, to change.
    fn get_mut(&mut self, code: &str, key: &str) -> Option<&mut Action> {
        self.by_code.get_mut(code)?.get_mut(key)
    }

    /// Adds an action; drops the oldest if the list is full. Returns the one that leaves.
    fn insert(&mut self, mut action: Action) -> Option<Action> {
        let newest = self.order.back().map(|(code, _)| code);
        let code = shared(&action.code, newest, &self.by_code);
        let key: Arc<str> = action.key.as_str().into();
        let by_key = self.by_code.entry(Arc::clone(&code)).or_default();
        self.bytes += action.bytes();
        if let Some(before) = by_key.get(&key) {
            // It takes the place of the one before.
            action.number = before.number;
        }
        if let Some(before) = by_key.insert(Arc::clone(&key), action) {
            self.bytes -= before.bytes();
            return None;
        }
        self.order.push_back((code, key));
        if self.order.len() > ACTIONS_PER_USER {
            return self.forget_oldest();
        }
        None
    }

    fn forget_oldest(&mut self) -> Option<Action> {
        let (code, key) = self.order.pop_front()?;
        let by_key = self.by_code.get_mut(&code)?;
        let gone = by_key.remove(&key);
        self.bytes -= gone.as_ref().map_or(0, Action::bytes);
        if by_key.is_empty() {
            self.by_code.remove(&code);
        }
        gone
    }

    /// The newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Action> {
        self.order
            .iter()
            .rev()
            .filter_map(|(code, key)| self.get(code, key))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// A text as it is kept already, or kept from now on. Most actions have the code and the user of the newest one, which
/// saves looking the text up.
fn shared<V>(text: &str, newest: Option<&Arc<str>>, known: &HashMap<Arc<str>, V>) -> Arc<str> {
    let kept = newest.filter(|newest| ***newest == *text);
    let kept = kept.or_else(|| known.get_key_value(text).map(|(kept, _)| kept));
    kept.map_or_else(|| text.into(), Arc::clone)
}

/// The actions of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Log {
    by_user: HashMap<Arc<str>, Actions>,
    /// Their users and keys, oldest first.
    order: VecDeque<Arc<str>>,
    /// Bytes of the texts of all.
    bytes: usize,
    /// The number of the next action.
    next: u64,
    /// The numbers of those that have changed, with their users, codes and keys.
    marks: Marks<Mark>,
}

/// The number of an action, its user, its code and its key.
type Mark = (u64, Arc<str>, Arc<str>, Arc<str>);

fn mark(user_id: &str, action: &Action) -> Mark {
    let Action {
        number, code, key, ..
    } = action;
    (
        *number,
        user_id.into(),
        code.as_str().into(),
        key.as_str().into(),
    )
}

impl Log {
    /// The actions of a user.
    pub fn get(&self, user_id: &str) -> Option<&Actions> {
        self.by_user.get(user_id)
    }

    /// An action of a user, to change.
    pub fn get_mut(&mut self, user_id: &str, code: &str, key: &str) -> Option<&mut Action> {
        let action = self.by_user.get_mut(user_id)?.get_mut(code, key)?;
        self.marks.mark(|| mark(user_id, action));
        Some(action)
    }

    /// Changes the texts of an action.
    pub fn change(
        &mut self,
        user_id: &str,
        code: &str,
        key: &str,
        change: impl FnOnce(&mut Action),
    ) {
        let Some(actions) = self.by_user.get_mut(user_id) else {
            return;
        };
        let before = actions.bytes;
        let Some(action) = actions.get_mut(code, key) else {
            return;
        };
        self.marks.mark(|| mark(user_id, action));
        let old = action.bytes();
        change(action);
        let new = action.bytes();
        actions.bytes = before - old + new;
        self.bytes = self.bytes - old + new;
        self.shrink();
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Bytes of the texts of all.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Drops the oldest until nothing is beyond the bounds of a tenant.
    fn shrink(&mut self) {
        while (self.order.len() > ACTIONS_PER_TENANT || self.bytes > ACTION_BYTES)
            && let Some(user) = self.order.pop_front()
        {
            let Some(actions) = self.by_user.get_mut(&user) else {
                continue;
            };
            let before = actions.bytes;
            if let Some(gone) = actions.forget_oldest() {
                self.marks.mark(|| mark(&user, &gone));
            }
            self.bytes -= before - actions.bytes;
            if actions.is_empty() {
                self.by_user.remove(&user);
            }
        }
    }

    /// Adds an action of a user; drops the oldest of the user, or of the tenant, if the list is full.
    pub fn insert(&mut self, user_id: &str, action: Action) {
        let number = self.next;
        self.insert_at(user_id, action, number);
    }

    /// As [`insert`](Self::insert), with the number of that place.
    pub(super) fn insert_at(&mut self, user_id: &str, mut action: Action, number: u64) {
        self.next = number + 1;
        action.number = number;
        let user = shared(user_id, self.order.back(), &self.by_user);
        let actions = self.by_user.entry(Arc::clone(&user)).or_default();
        let (count, bytes) = (actions.len(), actions.bytes);
        let asked = self.marks.are_asked_for();
        let name = asked.then(|| (action.code.clone(), action.key.clone()));
        if let Some(gone) = actions.insert(action) {
            self.marks.mark(|| mark(user_id, &gone));
        }
        let kept = name.and_then(|(code, key)| actions.get(&code, &key));
        if let Some(kept) = kept {
            self.marks.mark(|| mark(user_id, kept));
        }
        self.bytes = self.bytes - bytes + actions.bytes;
        if actions.len() > count {
            self.order.push_back(user);
        }
        self.shrink();
    }

    /// Forgets the actions of a user.
    pub fn remove(&mut self, user_id: &str) {
        if let Some(actions) = self.by_user.remove(user_id) {
            for action in actions.newest_first() {
                self.marks.mark(|| mark(user_id, action));
            }
            self.bytes -= actions.bytes;
            self.order.retain(|user| **user != *user_id);
        }
    }

    /// All actions with their users, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = (&str, &Action)> {
        // Each turn of a user is that of their newest action that had no turn yet.
        let mut turns = HashMap::default();
        self.order.iter().rev().filter_map(move |user| {
            let (user, actions) = self.by_user.get_key_value(user)?;
            let actions = turns
                .entry(&**user)
                .or_insert_with(|| actions.newest_first());
            Some((&**user, actions.next()?))
        })
    }

    /// What has changed, in the form that `form` gives an action of a user.
    pub fn changes<'a, T: Serialize>(
        &'a mut self,
        changes: &mut Changes,
        form: impl Fn(&'a str, &'a Action) -> T,
    ) {
        let (by_user, marks) = (&self.by_user, &mut self.marks);
        let all = by_user.iter().flat_map(|(user, actions)| {
            let actions = actions.newest_first();
            actions.map(|action| (numbered(action.number), form(user, action)))
        });
        changes.of(Table::Action, marks, all, |(number, user, code, key)| {
            let own = by_user.get_key_value(user);
            let own = own.and_then(|(user, actions)| Some((user, actions.get(code, key)?)));
            // Another of that name may have come later.
            let own = own.filter(|(_, action)| action.number == *number);
            (
                numbered(*number),
                own.map(|(user, action)| form(user, action)),
            )
        });
    }

    /// Everything has changed, as far as a copy can tell.
    pub fn mark_all(&mut self) {
        self.marks.mark_all();
    }

    /// The users that have actions, and these, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Actions)> {
        self.by_user
            .iter()
            .map(|(user, actions)| (&**user, actions))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{
        ACTION_BYTES, ACTIONS_PER_TENANT, ACTIONS_PER_USER, Action, Actions, Log, state_of,
    };
    use crate::domain::authsignal::vocabulary::{Outcome, State};

    fn action(key: usize) -> Action {
        Action::new(
            "a".into(),
            key.to_string(),
            State::Allow,
            Timestamp::UNIX_EPOCH,
        )
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
    fn the_actions_of_all_users_are_told_newest_first() {
        let mut log = Log::default();
        for (user, key) in [("a", 0), ("b", 1), ("a", 2), ("c", 3), ("b", 4)] {
            log.insert(user, action(key));
        }
        log.remove("c");
        let told: Vec<_> = log
            .newest_first()
            .map(|(user, action)| format!("{user}{}", action.key))
            .collect();
        assert_eq!(told, ["b4", "a2", "b1", "a0"]);
    }

    #[test]
    fn an_action_that_is_replaced_keeps_its_place() {
        let mut actions = Actions::default();
        for key in [1, 2, 1] {
            actions.insert(action(key));
        }
        let keys: Vec<_> = actions
            .newest_first()
            .map(|action| action.key.as_str())
            .collect();
        assert_eq!((keys, actions.len()), (vec!["2", "1"], 2));
    }

    #[test]
    fn a_code_leaves_with_its_last_action() {
        let mut actions = Actions::default();
        for key in 0..3 * ACTIONS_PER_USER {
            let mut other = action(key);
            other.code = format!("code {key}");
            actions.insert(other);
        }
        assert_eq!(
            (actions.by_code.len(), actions.len()),
            (ACTIONS_PER_USER, ACTIONS_PER_USER)
        );
    }

    #[test]
    fn a_load_of_ever_new_users_has_a_bound() {
        let mut log = Log::default();
        for user in 0..=ACTIONS_PER_TENANT {
            log.insert(&user.to_string(), action(0));
        }
        assert!(log.get("0").is_none() && log.get("1").is_some());
        assert_eq!(
            (log.by_user.len(), log.order.len()),
            (ACTIONS_PER_TENANT, ACTIONS_PER_TENANT)
        );
    }

    #[test]
    fn a_load_of_one_user_has_the_bound_of_a_user() {
        let mut log = Log::default();
        for key in 0..3 * ACTIONS_PER_USER {
            log.insert("u", action(key));
        }
        assert_eq!(log.get("u").map(Actions::len), Some(ACTIONS_PER_USER));
        assert_eq!(log.order.len(), ACTIONS_PER_USER);
    }

    #[test]
    fn a_load_of_long_texts_has_a_bound_in_bytes() {
        let mut log = Log::default();
        let long = "x".repeat(64 * 1024);
        let count = ACTION_BYTES / long.len();
        for key in 0..count + 100 {
            let mut action = action(key);
            action.user_agent = Some(long.clone());
            log.insert(&(key % 7).to_string(), action);
            assert!(log.bytes() <= ACTION_BYTES, "{key}: {}", log.bytes());
        }
        assert!(
            log.len() < count && log.len() > count - 100,
            "{}",
            log.len()
        );
        let (code, key) = ("a".to_owned(), (count + 99).to_string());
        let last = ((count + 99) % 7).to_string();
        let before = log.bytes();
        log.change(&last, &code, &key, |own| {
            own.redirect_url = Some("y".repeat(10).into())
        });
        assert_eq!(log.bytes(), before + 10);
        log.change(&last, &code, &key, |own| own.redirect_url = None);
        assert_eq!(log.bytes(), before);
        for user in 0..7 {
            log.remove(&user.to_string());
        }
        assert_eq!(
            (log.bytes(), log.len(), log.get("6").is_none()),
            (0, 0, true)
        );
    }

    #[test]
    fn a_user_who_leaves_leaves_nothing() {
        let mut log = Log::default();
        for (user, key) in [("u", 0), ("v", 0), ("u", 1)] {
            log.insert(user, action(key));
        }
        log.remove("u");
        assert!(log.get("u").is_none());
        assert_eq!((log.by_user.len(), log.order.len()), (1, 1));
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
