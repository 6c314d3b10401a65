//! A model of actions and of the challenges by text message that let them pass, through both APIs and the control API.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::action::Known;
use super::address::Contact;
use super::challenge::Attempt;
use super::factor::fixture::{BASE, Fixture, at};
use super::factor::{Bearer, Verdict};
use super::vocabulary::{Method, Outcome, State};
use super::{ChallengeRequest, Enrollment, Refusal};
use crate::domain::changes::Follower;
use crate::domain::model;
use crate::domain::scenario::Selector;

const USERS: [&str; 2] = ["ada", "bob"];
const NUMBERS: [&str; 2] = ["+15550100", "+15550101"];
const KEYS: [&str; 2] = ["first", "second"];
const ACTION: &str = "signIn";
/// Seconds that a code lives: 10 minutes.
const LIFE: i64 = 600;
/// Wrong codes that a challenge takes.
const ATTEMPTS: u32 = 10;
/// Text messages to a number, and within how many seconds.
const SENDS: (usize, i64) = (6, 600);
/// Codes that are tried for a number, and within how many seconds.
const TRIES: (usize, i64) = (10, 300);

#[derive(Clone, Copy, Debug)]
enum Code {
    Right,
    /// That of the message before.
    Old,
    Wrong,
}

/// What can be done. Numbers name users, keys, and challenges in the order in which they came up.
#[derive(Clone, Debug)]
enum Step {
    Enroll(usize),
    DeleteUser(usize, bool),
    /// Tracks an action for which that outcome is planned, with a challenge or none.
    Track(usize, usize, Outcome, Option<usize>),
    /// Sends a code through the Server API, for that user or for nobody yet.
    Challenge(Option<usize>, usize, usize),
    Resend(usize),
    Verify(usize, Code),
    Claim(usize, usize),
    /// Sends a code through the Client API.
    Ask(usize, usize),
    /// Tries a code there.
    Try(usize, usize, Code),
    /// The control API ends a challenge.
    Finish(usize, bool),
    Update(usize, usize, State),
    Clock(i64),
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Done,
    State(&'static str),
    Right,
    Wrong,
    TooMany,
    /// The number of a challenge.
    Sent(usize),
    Limited,
    Invalid,
    Claimed,
    Expired,
    NotFound,
}

#[derive(Clone, Debug)]
struct Action {
    state: &'static str,
    /// Whether it was passed by text message.
    by_sms: bool,
}

#[derive(Clone, Debug)]
struct Challenge {
    owner: Option<usize>,
    key: usize,
    number: usize,
    /// The authenticator that it is for, through the Client API.
    authenticator: Option<usize>,
    proved: bool,
    expires: i64,
    wrong: u32,
    gone: bool,
}

#[derive(Clone, Debug)]
struct Model {
    limits: bool,
    now: i64,
    /// The phone number that each user has enrolled, counted over all enrolments.
    enrolled: [Option<usize>; 2],
    enrolments: usize,
    /// By user and key.
    actions: BTreeMap<(usize, usize), Action>,
    /// Oldest first.
    order: Vec<(usize, usize)>,
    challenges: Vec<Challenge>,
    /// When codes were sent to a number, and when they were tried.
    sends: [Vec<i64>; 2],
    tries: [Vec<i64>; 2],
    answer: Answer,
}

fn awaits(state: &str) -> bool {
    matches!(state, "allowed" | "waits")
}

/// Whether a challenge can let it pass, or has let it.
fn can_pass(state: &str) -> bool {
    awaits(state) || state == "passed"
}

/// Whether it may happen once more: of the moments before now, those within the window count.
fn may(moments: &mut Vec<i64>, (count, window): (usize, i64), now: i64) -> bool {
    moments.retain(|then| *then <= now && now - then < window);
    let allowed = moments.len() < count;
    if allowed {
        moments.push(now);
    }
    allowed
}

impl Model {
    fn set(&mut self, user: usize, key: usize, state: &'static str) {
        let action = Action {
            state,
            by_sms: false,
        };
        self.actions.insert((user, key), action);
        self.order.push((user, key));
    }

    fn pass(&mut self, user: usize, key: usize, by_sms: bool) {
        if let Some(action) = self.actions.get_mut(&(user, key))
            && awaits(action.state)
        {
            action.state = "passed";
            action.by_sms = by_sms;
        }
    }

    /// The challenge, where that user may use it.
    fn challenge_of(&self, at: usize, user: usize) -> Result<&Challenge, Answer> {
        match self.challenges.get(at) {
            Some(challenge) if challenge.gone => Err(Answer::NotFound),
            Some(challenge) if challenge.owner.is_some_and(|owner| owner != user) => {
                Err(Answer::Invalid)
            }
            Some(challenge) => Ok(challenge),
            None => Err(Answer::NotFound),
        }
    }

    fn track(&mut self, user: usize, key: usize, outcome: Outcome, with: Option<usize>) -> Answer {
        let mut proved = false;
        if let Some(at) = with {
            match self.challenge_of(at, user) {
                Ok(one) if !one.proved && self.now >= one.expires => {
                    return Answer::Expired;
                }
                Ok(challenge) => proved = challenge.proved,
                Err(Answer::Invalid) => return Answer::Claimed,
                // It is a part of the action.
                Err(_) => return Answer::Invalid,
            }
            self.challenges[at].owner = Some(user);
        }
        if let Some(action) = self.actions.get(&(user, key)) {
            return Answer::State(action.state);
        }
        let state = match outcome {
            Outcome::Allow => "allowed",
            Outcome::Block => "blocked",
            Outcome::Review => "in review",
            Outcome::Challenge if self.enrolled[user].is_some() => "waits",
            Outcome::Challenge => "allowed",
        };
        self.set(user, key, state);
        if proved && state == "waits" {
            self.pass(user, key, true);
        }
        Answer::State(self.actions[&(user, key)].state)
    }

    fn send(&mut self, at: usize) -> Answer {
        let (number, now) = (self.challenges[at].number, self.now);
        if self.limits && !may(&mut self.sends[number], SENDS, now) {
            return Answer::Limited;
        }
        let challenge = &mut self.challenges[at];
        challenge.proved = false;
        challenge.wrong = 0;
        challenge.expires = now + LIFE;
        Answer::Sent(at)
    }

    /// Sends a challenge that is new; one that cannot be sent is not kept.
    fn start(
        &mut self,
        owner: Option<usize>,
        key: usize,
        number: usize,
        authenticator: Option<usize>,
    ) -> Answer {
        self.challenges.push(Challenge {
            owner,
            key,
            number,
            authenticator,
            proved: false,
            expires: 0,
            wrong: 0,
            gone: false,
        });
        let answer = self.send(self.challenges.len() - 1);
        if answer == Answer::Limited {
            self.challenges.pop();
        }
        answer
    }

    /// Whether the action of a challenge can pass no more; no challenge that is gone has one.
    fn is_decided_against(&self, at: usize) -> bool {
        let challenge = self.challenges.get(at).filter(|one| !one.gone);
        let action = challenge.and_then(|one| self.actions.get(&(one.owner?, one.key)));
        action.is_some_and(|action| !can_pass(action.state))
    }

    fn verify(&mut self, at: usize, code: Code) -> Answer {
        let now = self.now;
        if self.is_decided_against(at) {
            return Answer::Invalid;
        }
        let Some(challenge) = self.challenges.get_mut(at).filter(|one| !one.gone) else {
            return Answer::NotFound;
        };
        if self.limits && !may(&mut self.tries[challenge.number], TRIES, now) {
            return Answer::TooMany;
        }
        if challenge.wrong >= ATTEMPTS {
            return Answer::TooMany;
        }
        if matches!(code, Code::Right) && !challenge.proved && now < challenge.expires {
            challenge.proved = true;
            return Answer::Right;
        }
        challenge.wrong += 1;
        Answer::Wrong
    }

    /// The newest challenge of the Client API for an action.
    fn newest(&self, user: usize, key: usize) -> Option<usize> {
        self.challenges.iter().rposition(|one| {
            !one.gone && one.authenticator.is_some() && one.owner == Some(user) && one.key == key
        })
    }

    fn step(&mut self, step: &Step) -> Answer {
        match *step {
            Step::Enroll(user) => {
                self.enrolled[user] = Some(self.enrolments);
                self.enrolments += 1;
                Answer::Done
            }
            Step::DeleteUser(user, with_actions) => {
                self.enrolled[user] = None;
                for challenge in &mut self.challenges {
                    challenge.gone |= challenge.owner == Some(user);
                }
                if with_actions {
                    self.actions.retain(|(owner, _), _| *owner != user);
                    self.order.retain(|(owner, _)| *owner != user);
                }
                Answer::Done
            }
            Step::Track(user, key, outcome, with) => self.track(user, key, outcome, with),
            Step::Challenge(Some(user), key, _)
                if (self.actions.get(&(user, key)))
                    .is_some_and(|action| !can_pass(action.state)) =>
            {
                Answer::Invalid
            }
            Step::Challenge(owner, key, number) => self.start(owner, key, number, None),
            Step::Resend(at) if self.is_decided_against(at) => Answer::Invalid,
            Step::Resend(at) => match self.challenges.get(at) {
                Some(challenge) if !challenge.gone => self.send(at),
                _ => Answer::NotFound,
            },
            Step::Verify(at, code) => self.verify(at, code),
            Step::Claim(at, user) => {
                let (proved, key) = match self.challenge_of(at, user) {
                    Ok(challenge) => (challenge.proved, challenge.key),
                    Err(answer) => return answer,
                };
                let against = self.actions.get(&(user, key));
                if !proved || against.is_some_and(|action| !can_pass(action.state)) {
                    return Answer::Invalid;
                }
                self.challenges[at].owner = Some(user);
                if !self.actions.contains_key(&(user, key)) {
                    self.set(user, key, "waits");
                }
                self.pass(user, key, true);
                Answer::Done
            }
            Step::Ask(user, key) | Step::Try(user, key, _)
                if (self.actions.get(&(user, key)))
                    .is_some_and(|action| !can_pass(action.state)) =>
            {
                Answer::Invalid
            }
            Step::Ask(user, key) => {
                let Some(own) = self.enrolled[user] else {
                    return Answer::Invalid;
                };
                let open = self.newest(user, key).filter(|at| {
                    let one = &self.challenges[*at];
                    !one.proved && self.now < one.expires && one.authenticator == Some(own)
                });
                match open {
                    Some(at) => self.send(at),
                    None => self.start(Some(user), key, user, Some(own)),
                }
            }
            Step::Try(user, key, code) => {
                let Some(at) = self.newest(user, key) else {
                    return Answer::Invalid;
                };
                let answer = self.verify(at, code);
                if answer != Answer::Right {
                    return answer;
                }
                if self.challenges[at].authenticator != self.enrolled[user] {
                    return Answer::Wrong;
                }
                self.pass(user, key, true);
                Answer::Right
            }
            Step::Finish(user, passed) => {
                let waits =
                    |at: &&(usize, usize)| at.0 == user && self.actions[*at].state == "waits";
                let Some((_, key)) = self.order.iter().rev().find(waits).copied() else {
                    return Answer::NotFound;
                };
                if passed {
                    self.pass(user, key, self.enrolled[user].is_some());
                } else if let Some(action) = self.actions.get_mut(&(user, key)) {
                    action.state = "failed";
                    action.by_sms = false;
                }
                Answer::State(self.actions[&(user, key)].state)
            }
            Step::Update(user, key, state) => match self.actions.get_mut(&(user, key)) {
                Some(action) => {
                    action.state = word(state);
                    Answer::State(action.state)
                }
                None => Answer::NotFound,
            },
            Step::Clock(seconds) => {
                self.now = (self.now + seconds).max(0);
                Answer::Done
            }
        }
    }
}

fn word(state: State) -> &'static str {
    match state {
        State::Allow => "allowed",
        State::Block => "blocked",
        State::ChallengeRequired => "waits",
        State::ChallengeSucceeded => "passed",
        State::ChallengeFailed => "failed",
        State::ReviewRequired => "in review",
        State::ReviewSucceeded => "review passed",
        State::ReviewFailed => "review failed",
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let model = |limits| Self {
            limits,
            now: 1_000,
            enrolled: [None; 2],
            enrolments: 0,
            actions: BTreeMap::new(),
            order: Vec::new(),
            challenges: Vec::new(),
            sends: [const { Vec::new() }; 2],
            tries: [const { Vec::new() }; 2],
            answer: Answer::Done,
        };
        any::<bool>().prop_map(model).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        let user = 0..USERS.len();
        let key = 0..KEYS.len();
        let challenge = model.challenges.len().saturating_sub(3)..=model.challenges.len();
        let code = prop_oneof![
            4 => Just(Code::Right),
            1 => Just(Code::Old),
            3 => Just(Code::Wrong),
        ];
        let outcome = prop_oneof![
            5 => Just(Outcome::Challenge),
            1 => Just(Outcome::Allow),
            1 => Just(Outcome::Block),
            1 => Just(Outcome::Review),
        ];
        let state = prop::sample::select(State::ALL.to_vec());
        let seconds = prop_oneof![
            3 => prop::sample::select(vec![1, LIFE - 1, LIFE, TRIES.1]),
            2 => prop::sample::select(vec![-1, -LIFE, -5_000]),
            1 => -2_000..2_000_i64,
        ];
        prop_oneof![
            4 => user.clone().prop_map(Step::Enroll),
            1 => (user.clone(), any::<bool>()).prop_map(|(user, all)| Step::DeleteUser(user, all)),
            6 => (user.clone(), key.clone(), outcome, prop::option::of(challenge.clone()))
                .prop_map(|(user, key, outcome, with)| Step::Track(user, key, outcome, with)),
            4 => (prop::option::of(user.clone()), key.clone(), user.clone())
                .prop_map(|(owner, key, number)| Step::Challenge(owner, key, number)),
            4 => challenge.clone().prop_map(Step::Resend),
            10 => (challenge.clone(), code.clone()).prop_map(|(at, code)| Step::Verify(at, code)),
            4 => (challenge, user.clone()).prop_map(|(at, user)| Step::Claim(at, user)),
            5 => (user.clone(), key.clone()).prop_map(|(user, key)| Step::Ask(user, key)),
            8 => (user.clone(), key.clone(), code)
                .prop_map(|(user, key, code)| Step::Try(user, key, code)),
            3 => (user.clone(), any::<bool>()).prop_map(|(user, passed)| Step::Finish(user, passed)),
            3 => (user, key, state).prop_map(|(user, key, state)| Step::Update(user, key, state)),
            5 => seconds.prop_map(Step::Clock),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.answer = model.step(step);
        model
    }
}

/// The real thing, with the challenges that it has made.
struct Real {
    fixture: Fixture,
    /// What somebody has who asks after each step what has changed.
    copy: Follower,
    challenges: Vec<Sent>,
}

struct Sent {
    id: String,
    code: String,
    /// The code before.
    old: Option<String>,
}

fn refused(refusal: &Refusal) -> Answer {
    match refusal {
        Refusal::NotFound(_) => Answer::NotFound,
        Refusal::TooMany { .. } => Answer::Limited,
        Refusal::Invalid(_) => Answer::Invalid,
        Refusal::ChallengeClaimed(_) => Answer::Claimed,
        Refusal::ChallengeExpired(_) => Answer::Expired,
        other => panic!("no step is refused like this: {other:?}"),
    }
}

fn bearer(user: usize, key: usize) -> Bearer {
    Bearer {
        user_id: USERS[user].into(),
        action: ACTION.into(),
        key: KEYS[key].into(),
        scope: String::new(),
        contact: Contact::default(),
    }
}

impl Real {
    fn code(&self, at: usize, code: Code) -> String {
        let sent = self.challenges.get(at);
        let of = |sent: &Sent| match code {
            Code::Right => Some(sent.code.clone()),
            Code::Old => sent.old.clone(),
            Code::Wrong => None,
        };
        sent.and_then(of).unwrap_or_else(|| "no code".to_owned())
    }

    /// Takes note of a challenge that was sent; the code is in the newest message.
    fn sent(&mut self, given: Result<String, Refusal>) -> Answer {
        let id = match given {
            Ok(id) => id,
            Err(refusal) => return refused(&refusal),
        };
        let message = self.fixture.supplies.outbox.newest_first().next().unwrap();
        let code = message.code.clone().unwrap();
        let number = match self.challenges.iter().position(|sent| sent.id == id) {
            Some(number) => {
                let sent = &mut self.challenges[number];
                sent.old = Some(std::mem::replace(&mut sent.code, code));
                number
            }
            None => {
                self.challenges.push(Sent {
                    id,
                    code,
                    old: None,
                });
                self.challenges.len() - 1
            }
        };
        Answer::Sent(number)
    }

    fn id(&self, at: usize) -> String {
        let sent = self.challenges.get(at);
        sent.map_or_else(|| "no challenge".to_owned(), |sent| sent.id.clone())
    }

    fn track(&mut self, step: (usize, usize, Outcome, Option<usize>), now: i64) -> Answer {
        let (user, key, outcome, with) = step;
        let known = Known {
            idempotency_key: Some(KEYS[key].into()),
            challenge_id: with.map(|at| self.id(at)),
            ..Known::default()
        };
        let Fixture {
            supplies,
            authsignal,
        } = &mut self.fixture;
        let whose = || Selector {
            user_id: Some(USERS[user].to_owned()),
            action: Some(ACTION.to_owned()),
            channel: None,
        };
        let scenarios = &mut supplies.scenarios;
        scenarios.plan_outcome(whose(), Some(outcome)).unwrap();
        let turn = &mut supplies.turn(at(now));
        let tracked = authsignal.track(turn, USERS[user], ACTION, known);
        supplies.scenarios.plan_outcome(whose(), None).unwrap();
        match tracked {
            Ok(tracked) => Answer::State(word(tracked.state)),
            Err(refusal) => refused(&refusal),
        }
    }

    fn step(&mut self, step: &Step, now: i64) -> Answer {
        let (id, code) = match *step {
            Step::Verify(at, code) => (self.id(at), self.code(at, code)),
            Step::Resend(at) | Step::Claim(at, _) => (self.id(at), String::new()),
            Step::Try(user, key, code) => {
                let (authsignal, whose) = (&self.fixture.authsignal, bearer(user, key));
                // The page knows the code of the message that came last for it.
                let of_user = authsignal.challenges.of_user(USERS[user]);
                let newest = of_user
                    .filter(|one| one.authenticator_id.is_some())
                    .find(|one| one.is_for(&whose.user_id, &whose.action, &whose.key));
                let at = newest.and_then(|one| {
                    let mut all = self.challenges.iter();
                    all.position(|sent| sent.id == one.id)
                });
                (String::new(), self.code(at.unwrap_or(usize::MAX), code))
            }
            _ => (String::new(), String::new()),
        };
        if let Step::Track(user, key, outcome, with) = *step {
            return self.track((user, key, outcome, with), now);
        }
        let Fixture {
            supplies,
            authsignal,
        } = &mut self.fixture;
        let turn = &mut supplies.turn(at(now));
        match *step {
            Step::Enroll(user) => {
                let enrollment = Enrollment {
                    phone_number: Some(NUMBERS[user].into()),
                    ..Enrollment::new(Method::Sms)
                };
                authsignal.enroll(turn, USERS[user], enrollment).unwrap();
                Answer::Done
            }
            Step::DeleteUser(user, with_actions) => {
                authsignal.delete_user(turn, USERS[user], with_actions);
                Answer::Done
            }
            Step::Challenge(owner, key, number) => {
                let request = ChallengeRequest {
                    method: Some(Method::Sms),
                    action: Some(ACTION.into()),
                    phone_number: Some(NUMBERS[number].into()),
                    idempotency_key: Some(KEYS[key].into()),
                    user_id: owner.map(|user| USERS[user].into()),
                    ..ChallengeRequest::default()
                };
                let sent = authsignal.challenge(turn, request);
                self.sent(sent.map(|challenge| challenge.id))
            }
            Step::Resend(_) => {
                let request = ChallengeRequest {
                    challenge_id: Some(id),
                    ..ChallengeRequest::default()
                };
                let sent = authsignal.challenge(turn, request);
                self.sent(sent.map(|challenge| challenge.id))
            }
            Step::Verify(..) => match authsignal.verify(turn, &id, &code) {
                Ok((Attempt::Right, _)) => Answer::Right,
                Ok((Attempt::Wrong, _)) => Answer::Wrong,
                Ok((Attempt::TooMany, _)) => Answer::TooMany,
                Err(refusal) => refused(&refusal),
            },
            Step::Claim(_, user) => match authsignal.claim(turn, &id, USERS[user], false, BASE) {
                Ok(_) => Answer::Done,
                Err(refusal) => refused(&refusal),
            },
            Step::Ask(user, key) => {
                let whose = bearer(user, key);
                let sent = authsignal.challenge_message(turn, &whose, Method::Sms, None, BASE);
                self.sent(sent.map(|challenge| challenge.id))
            }
            Step::Try(user, key, _) => {
                let whose = bearer(user, key);
                match authsignal.verify_code(turn, &whose, Method::Sms, &code) {
                    Ok(Verdict::Passed(_)) => Answer::Right,
                    Ok(Verdict::Wrong | Verdict::Used) => Answer::Wrong,
                    Ok(Verdict::TooMany) => Answer::TooMany,
                    Err(refusal) => refused(&refusal),
                }
            }
            Step::Finish(user, passed) => {
                match authsignal.finish(turn, USERS[user], Some(ACTION), passed) {
                    Ok((_, _, state)) => Answer::State(word(state)),
                    Err(refusal) => refused(&refusal),
                }
            }
            Step::Update(user, key, state) => {
                let now = at(now);
                match authsignal.update_action(USERS[user], ACTION, KEYS[key], state, now) {
                    Ok(action) => Answer::State(word(action.state)),
                    Err(refusal) => refused(&refusal),
                }
            }
            // `Track` is above, and the model keeps the time.
            Step::Track(..) | Step::Clock(_) => Answer::Done,
        }
    }

    fn states(&self) -> BTreeMap<(usize, usize), State> {
        let all = (0..USERS.len()).flat_map(|user| (0..KEYS.len()).map(move |key| (user, key)));
        let authsignal = &self.fixture.authsignal;
        all.filter_map(|(user, key)| {
            let action = authsignal.action(USERS[user], ACTION, KEYS[key]);
            Some(((user, key), action.ok()?.state))
        })
        .collect()
    }
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        let mut fixture = Fixture::new();
        fixture.authsignal.configuration.rate_limits = model.limits;
        Self {
            fixture,
            copy: Follower::default(),
            challenges: Vec::new(),
        }
    }

    fn apply(mut real: Self, model: &Model, step: Step) -> Self {
        let before = real.states();
        assert_eq!(real.step(&step, model.now), model.answer, "{step:?}");
        real.fixture.authsignal.check_copy(&mut real.copy);
        let after = real.states();
        let updates = matches!(step, Step::Update(..));
        for (whose, before) in before {
            if let Some(after) = after.get(&whose)
                && !updates
                && !awaits(word(before))
            {
                assert_eq!(*after, before, "{whose:?} left its end: {step:?}");
            }
        }
        real
    }

    fn check_invariants(real: &Self, model: &Model) {
        let authsignal = &real.fixture.authsignal;
        let states: BTreeMap<_, _> = real.states();
        assert_eq!(states.len(), model.actions.len());
        for ((user, key), expected) in &model.actions {
            let action = authsignal.action(USERS[*user], ACTION, KEYS[*key]).unwrap();
            assert_eq!(word(action.state), expected.state);
            if expected.state == "passed" {
                assert_eq!(action.method == Some(Method::Sms), expected.by_sms);
            }
            assert!(action.state_updated <= action.updated.max(action.state_updated));
        }
        assert_eq!(real.challenges.len(), model.challenges.len());
        for (number, expected) in model.challenges.iter().enumerate() {
            let challenge = authsignal.challenges.get(&real.challenges[number].id);
            assert_eq!(challenge.is_some(), !expected.gone, "challenge {number}");
            if let Some(challenge) = challenge {
                let open = !expected.proved && model.now < expected.expires;
                assert_eq!(challenge.is_open(at(model.now)), open, "challenge {number}");
                assert_eq!(challenge.verified, expected.proved, "challenge {number}");
                assert_eq!(challenge.wrong(), expected.wrong, "challenge {number}");
                assert!(challenge.wrong() <= ATTEMPTS);
                let owner = expected.owner.map(|user| USERS[user]);
                assert_eq!(challenge.user_id.as_deref(), owner, "challenge {number}");
            }
        }
        for (user, expected) in model.enrolled.iter().enumerate() {
            let kept = authsignal.user(USERS[user]);
            assert_eq!(
                kept.map_or(0, |user| user.authenticators.len()),
                usize::from(expected.is_some())
            );
        }
    }
}

prop_state_machine! {
    #![proptest_config(model::config())]

    #[test]
    fn actions_and_challenges_do_what_the_contract_says(sequential 1..80 => Real);
}
