//! A model of sessions: what their tokens open, and what ends them.

use std::borrow::Cow;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::SessionTokens;
use crate::bounds::{SESSIONS, SESSIONS_PER_USER};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::action::Known;
use crate::domain::authsignal::factor::fixture::{BASE, Fixture, at};
use crate::domain::authsignal::token::{Claims, Other, SessionClaims};
use crate::domain::authsignal::vocabulary::State;
use crate::domain::changes::Follower;
use crate::domain::model;

const USERS: [&str; 2] = ["ada", "bob"];
const CLIENTS: [&str; 2] = ["web", "app"];
/// Seconds that a token of track lives: 10 minutes.
const LIFE: i64 = 600;
/// Seconds that an access token lives: 15 minutes.
const ACCESS_LIFE: i64 = 900;
/// Seconds that a refresh token lives: 30 days.
const REFRESH_LIFE: i64 = 2_592_000;

#[derive(Clone, Debug)]
enum Step {
    /// Sets the state of the user's action: passed, or not.
    Decide(usize, bool),
    /// Exchanges a token of the user that was issued so many seconds ago.
    Create(usize, usize, i64),
    /// Refreshes with any refresh token that was ever given.
    Refresh(usize),
    /// Shows any access token that was ever given; to one client, or to any.
    Validate(usize, Option<usize>),
    Revoke(usize),
    RevokeUser(usize),
    DeleteUser(usize, bool),
    Clock(i64),
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Done,
    /// A pair of tokens.
    Tokens,
    /// The user and the client of a session.
    Session(usize, usize),
    Unauthorized,
}

/// A session.
#[derive(Clone, Debug)]
struct Login {
    user: usize,
    client: usize,
    /// The last pair that was given for it; none once it is revoked.
    pair: Option<usize>,
}

/// An access token and the refresh token that came with it.
#[derive(Clone, Debug)]
struct Pair {
    login: usize,
    expires: i64,
    refreshable_until: i64,
}

#[derive(Clone, Debug)]
struct Model {
    now: i64,
    /// Whether the action of each user is passed; none where it is deleted.
    passed: [Option<bool>; 2],
    logins: Vec<Login>,
    pairs: Vec<Pair>,
    answer: Answer,
}

impl Model {
    fn give(&mut self, login: usize) -> Answer {
        self.logins[login].pair = Some(self.pairs.len());
        self.pairs.push(Pair {
            login,
            expires: self.now + ACCESS_LIFE,
            refreshable_until: self.now + REFRESH_LIFE,
        });
        Answer::Tokens
    }

    /// The session of a pair that is the last one of a session that is not revoked.
    fn current(&self, pair: usize) -> Option<usize> {
        let login = self.pairs.get(pair)?.login;
        (self.logins[login].pair == Some(pair)).then_some(login)
    }

    fn open(&self, pair: usize) -> Option<usize> {
        let login = self.current(pair)?;
        (self.now < self.pairs[pair].expires).then_some(login)
    }

    fn end(&mut self, user: usize) {
        for login in self.logins.iter_mut().filter(|login| login.user == user) {
            login.pair = None;
        }
    }

    fn step(&mut self, step: &Step) -> Answer {
        match *step {
            Step::Decide(user, passed) => {
                self.passed[user] = Some(passed);
                Answer::Done
            }
            Step::Create(user, client, age) => {
                if self.passed[user] != Some(true) || age >= LIFE {
                    return Answer::Unauthorized;
                }
                self.logins.push(Login {
                    user,
                    client,
                    pair: None,
                });
                self.give(self.logins.len() - 1)
            }
            Step::Refresh(pair) => match self.current(pair) {
                Some(login) if self.now < self.pairs[pair].refreshable_until => self.give(login),
                Some(_) | None => Answer::Unauthorized,
            },
            Step::Validate(pair, client) => match self.open(pair) {
                Some(login) if client.is_none_or(|one| one == self.logins[login].client) => {
                    Answer::Session(self.logins[login].user, self.logins[login].client)
                }
                _ => Answer::Unauthorized,
            },
            Step::Revoke(pair) => match self.open(pair) {
                Some(login) => {
                    self.logins[login].pair = None;
                    Answer::Done
                }
                None => Answer::Unauthorized,
            },
            Step::RevokeUser(user) => {
                self.end(user);
                Answer::Done
            }
            Step::DeleteUser(user, with_actions) => {
                self.end(user);
                if with_actions {
                    self.passed[user] = None;
                }
                Answer::Done
            }
            Step::Clock(seconds) => {
                self.now = (self.now + seconds).max(0);
                Answer::Done
            }
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        let model = Self {
            now: 1_000,
            passed: [Some(true), None],
            logins: Vec::new(),
            pairs: Vec::new(),
            answer: Answer::Done,
        };
        Just(model).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        let user = 0..USERS.len();
        let client = 0..CLIENTS.len();
        let pair = model.pairs.len().saturating_sub(6)..=model.pairs.len();
        let age = prop::sample::select(vec![0, 0, LIFE - 1, LIFE, -5]);
        let seconds = prop::sample::select(vec![
            1,
            LIFE - 1,
            LIFE,
            ACCESS_LIFE,
            REFRESH_LIFE - 1,
            5_000,
            -1,
            -ACCESS_LIFE,
            -5_000,
        ]);
        prop_oneof![
            3 => (user.clone(), any::<bool>()).prop_map(|(user, passed)| Step::Decide(user, passed)),
            6 => (user.clone(), client.clone(), age)
                .prop_map(|(user, client, age)| Step::Create(user, client, age)),
            6 => pair.clone().prop_map(Step::Refresh),
            6 => (pair.clone(), prop::option::of(client))
                .prop_map(|(pair, client)| Step::Validate(pair, client)),
            3 => pair.prop_map(Step::Revoke),
            1 => user.clone().prop_map(Step::RevokeUser),
            1 => (user, any::<bool>()).prop_map(|(user, all)| Step::DeleteUser(user, all)),
            4 => seconds.prop_map(Step::Clock),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.answer = model.step(step);
        model
    }
}

/// The real thing, with every token that it has given.
struct Real {
    fixture: Fixture,
    /// What somebody has who asks after each step what has changed.
    copy: Follower,
    pairs: Vec<(SessionClaims, String)>,
}

fn claims(user: usize, issued: i64) -> Claims<'static> {
    let at = at(issued).as_second();
    Claims {
        sub: USERS[user].into(),
        aud: BASE.into(),
        iss: BASE.into(),
        iat: at,
        exp: at + LIFE,
        scope: None,
        // Of after every deletion.
        deletions: u64::MAX,
        flow: None,
        other: Other {
            tenant_id: "t".into(),
            publishable_key: "p".into(),
            user_id: USERS[user].into(),
            action_code: "signIn".into(),
            idempotency_key: Cow::Borrowed("key"),
            username: None,
            email: None,
            phone_number: None,
        },
    }
}

impl Real {
    fn tokens(&mut self, given: Result<SessionTokens, Refusal>) -> Answer {
        match given {
            Ok(tokens) => {
                let refresh_token = tokens.refresh_token;
                assert!(self.pairs.iter().all(|(_, other)| *other != refresh_token));
                self.pairs.push((tokens.access, refresh_token));
                Answer::Tokens
            }
            Err(refusal) => unauthorized(&refusal),
        }
    }

    fn step(&mut self, step: &Step, now: i64) -> Answer {
        let Fixture {
            supplies,
            authsignal,
        } = &mut self.fixture;
        match *step {
            Step::Decide(user, passed) => {
                let known = Known {
                    idempotency_key: Some("key".to_owned()),
                    ..Known::default()
                };
                let turn = &mut supplies.turn(at(now));
                authsignal
                    .track(turn, USERS[user], "signIn", known)
                    .unwrap();
                let state = if passed {
                    State::ChallengeSucceeded
                } else {
                    State::ChallengeFailed
                };
                authsignal
                    .update_action(USERS[user], "signIn", "key", state, at(now))
                    .unwrap();
                Answer::Done
            }
            Step::Create(user, client, age) => {
                let claims = Ok(claims(user, now - age));
                let turn = &mut supplies.turn(at(now));
                let given = authsignal.create_session(turn, CLIENTS[client], claims, None, BASE);
                self.tokens(given)
            }
            Step::Refresh(pair) => {
                let token = self.pairs.get(pair).map_or("none", |(_, token)| token);
                let turn = &mut supplies.turn(at(now));
                let given = authsignal.refresh_session(turn, token, BASE);
                self.tokens(given)
            }
            Step::Validate(pair, client) => {
                let Some((claims, _)) = self.pairs.get(pair) else {
                    return Answer::Unauthorized;
                };
                let clients = client.map(|one| vec![CLIENTS[one].to_owned()]);
                let read = Ok(claims.clone());
                match authsignal.validate_session(read, clients.as_deref(), at(now)) {
                    Ok((session, _)) => {
                        let place = |all: [&str; 2], one: &str| {
                            all.iter().position(|other| *other == one).unwrap()
                        };
                        Answer::Session(
                            place(USERS, &session.user_id),
                            place(CLIENTS, &session.client_id),
                        )
                    }
                    Err(refusal) => unauthorized(&refusal),
                }
            }
            Step::Revoke(pair) => {
                let Some((claims, _)) = self.pairs.get(pair) else {
                    return Answer::Unauthorized;
                };
                match authsignal.revoke_session(Ok(claims.clone()), at(now)) {
                    Ok(()) => Answer::Done,
                    Err(refusal) => unauthorized(&refusal),
                }
            }
            Step::RevokeUser(user) => {
                authsignal.revoke_user_sessions(USERS[user]);
                Answer::Done
            }
            Step::DeleteUser(user, with_actions) => {
                let turn = &mut supplies.turn(at(now));
                authsignal.delete_user(turn, USERS[user], with_actions);
                Answer::Done
            }
            // The model keeps the time.
            Step::Clock(_) => Answer::Done,
        }
    }
}

fn unauthorized(refusal: &Refusal) -> Answer {
    assert!(matches!(refusal, Refusal::Unauthorized(_)), "{refusal:?}");
    Answer::Unauthorized
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        let mut real = Self {
            fixture: Fixture::new(),
            copy: Follower::default(),
            pairs: Vec::new(),
        };
        real.step(&Step::Decide(0, true), model.now);
        real
    }

    fn apply(mut real: Self, model: &Model, step: Step) -> Self {
        assert_eq!(real.step(&step, model.now), model.answer, "{step:?}");
        real.fixture.authsignal.check_copy(&mut real.copy);
        real
    }

    fn check_invariants(real: &Self, model: &Model) {
        let (authsignal, now) = (&real.fixture.authsignal, at(model.now));
        assert_eq!(real.pairs.len(), model.pairs.len());
        for (number, (claims, _)) in real.pairs.iter().enumerate() {
            let open = authsignal.validate_session(Ok(claims.clone()), None, now);
            assert_eq!(open.is_ok(), model.open(number).is_some(), "pair {number}");
        }
        let sessions = &authsignal.sessions;
        let live = model.logins.iter().filter(|login| login.pair.is_some());
        assert_eq!(sessions.kept.len(), live.count());
        assert_eq!(sessions.by_refresh_token.len(), sessions.kept.len());
        assert_eq!(sessions.oldest_first().count(), sessions.kept.len());
    }
}

prop_state_machine! {
    #![proptest_config(model::config())]

    #[test]
    fn sessions_do_what_the_contract_says(sequential 1..60 => Real);
}

/// A tenant in which both users have passed.
fn two_passed() -> Fixture {
    let mut fixture = Fixture::new();
    for user_id in USERS {
        let known = Known {
            idempotency_key: Some("key".to_owned()),
            ..Known::default()
        };
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        authsignal
            .track(&mut supplies.turn(at(0)), user_id, "signIn", known)
            .unwrap();
        authsignal
            .update_action(user_id, "signIn", "key", State::ChallengeSucceeded, at(0))
            .unwrap();
    }
    fixture
}

fn create(fixture: &mut Fixture, user: usize) -> SessionTokens {
    let turn = &mut fixture.supplies.turn(at(0));
    let claims = Ok(claims(user, 0));
    let created = fixture
        .authsignal
        .create_session(turn, "web", claims, None, BASE);
    created.unwrap()
}

/// Sessions that are over do not push out one that is not.
#[test]
fn revoked_sessions_take_no_room() {
    let mut fixture = two_passed();
    let first = create(&mut fixture, 0).access;
    for _ in 0..2 * SESSIONS {
        let token = create(&mut fixture, 0).access;
        fixture.authsignal.revoke_session(Ok(token), at(0)).unwrap();
    }
    let authsignal = &fixture.authsignal;
    assert!(authsignal.validate_session(Ok(first), None, at(0)).is_ok());
    assert_eq!(authsignal.sessions.kept.len(), 1);
}

#[test]
fn one_users_sessions_push_out_their_own() {
    let mut fixture = two_passed();
    let bobs = create(&mut fixture, 1);
    let first = create(&mut fixture, 0);
    for _ in 0..SESSIONS {
        create(&mut fixture, 0);
    }
    let authsignal = &mut fixture.authsignal;
    let open = |token| authsignal.validate_session(Ok(token), None, at(0)).is_ok();
    assert!(open(bobs.access) && !open(first.access));
    let turn = &mut fixture.supplies.turn(at(0));
    let refreshed = authsignal.refresh_session(turn, &first.refresh_token, BASE);
    assert!(matches!(refreshed, Err(Refusal::Unauthorized(_))));
    let sessions = &authsignal.sessions;
    assert_eq!(sessions.kept.len(), SESSIONS_PER_USER + 1);
    assert_eq!(sessions.by_refresh_token.len(), SESSIONS_PER_USER + 1);
}

/// Only the current token opens or ends a session.
#[test]
fn a_token_of_before_a_refresh_ends_nothing() {
    let mut fixture = two_passed();
    let first = create(&mut fixture, 0);
    let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
    let turn = &mut supplies.turn(at(0));
    let second = authsignal.refresh_session(turn, &first.refresh_token, BASE);
    let second = second.unwrap();
    let refused = authsignal.revoke_session(Ok(first.access.clone()), at(0));
    assert!(matches!(refused, Err(Refusal::Unauthorized(_))));
    assert!(
        authsignal
            .validate_session(Ok(first.access), None, at(0))
            .is_err()
    );
    assert!(
        authsignal
            .refresh_session(turn, &first.refresh_token, BASE)
            .is_err()
    );
    let open = |token| authsignal.validate_session(Ok(token), None, at(0)).is_ok();
    assert!(open(second.access.clone()));
    authsignal
        .revoke_session(Ok(second.access.clone()), at(0))
        .unwrap();
    assert!(
        authsignal
            .validate_session(Ok(second.access), None, at(0))
            .is_err()
    );
    assert!(
        authsignal
            .refresh_session(turn, &second.refresh_token, BASE)
            .is_err()
    );
}
