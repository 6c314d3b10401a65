//! A model of users, phones, registration links and sessions of an application.
//!
//! An expiry is read off the clock, so it comes and goes with it. What an event has ended stays ended.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::device::{Description, Registration};
use super::session::{Event, Findings, Requested, Status};
use super::{Activeconnect, Application, Limits, Refusal};
use crate::domain::changes::Follower;
use crate::domain::{Supplies, model};

const USERS: [&str; 2] = ["ada", "Bob"];
const WAIT: i64 = 60;
const LIFE: i64 = 600;
const LINK: i64 = 300;
const SESSIONS_PER_USER: usize = 3;
const LINKS_PER_USER: usize = 2;

/// What can be done. Numbers name users, links and sessions in the order in which they came up.
#[derive(Clone, Debug)]
enum Step {
    Add(usize),
    Delete(usize),
    Link(usize),
    Register(usize, u8),
    Lose(usize),
    Unregister(usize),
    Authenticate(usize, bool),
    Open(usize),
    Reply(usize, Reply),
    Act(usize, Act),
    Logout(usize),
    Clock(i64),
}

/// What the phone sends.
#[derive(Clone, Copy, Debug)]
enum Reply {
    Yes,
    No,
    /// Less than was asked for.
    Little,
}

/// What the control API lets a phone do.
#[derive(Clone, Copy, Debug)]
enum Act {
    Approve,
    Deny,
    Fail,
    WalkAway,
    Return,
    Expire,
}

#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Done,
    Is(bool),
    Status(&'static str),
    Nothing,
    Unknown,
    Invalid,
    Expired,
    Duplicate,
    Existing,
}

#[derive(Clone, Debug, Default)]
struct Person {
    phone: Option<u8>,
    links: VecDeque<usize>,
    sessions: VecDeque<usize>,
}

#[derive(Clone, Debug)]
struct Login {
    facial: bool,
    word: &'static str,
    deadline: i64,
    gone: bool,
}

#[derive(Clone, Debug)]
struct Invitation {
    user: usize,
    expires: i64,
    used: bool,
    gone: bool,
}

#[derive(Clone, Debug)]
struct Model {
    now: i64,
    people: [Option<Person>; 2],
    logins: Vec<Login>,
    links: Vec<Invitation>,
    answer: Answer,
}

fn waits(word: &str) -> bool {
    matches!(word, "pending" | "identifying")
}

fn runs(word: &str) -> bool {
    matches!(word, "active" | "walkaway")
}

impl Login {
    fn word(&self, now: i64) -> &'static str {
        match self.word {
            word if now < self.deadline => word,
            word if waits(word) => "timeout",
            word if runs(word) => "closed",
            word => word,
        }
    }

    /// The word after something that happens now; `None` if it cannot happen.
    fn after(&self, what: &str, now: i64) -> Option<&'static str> {
        let word = self.word(now);
        match what {
            "open" if word == "pending" => Some("identifying"),
            "approve" if waits(word) => Some("active"),
            "fail" if waits(word) => Some("failed"),
            "deny" if waits(word) => Some("cancelled"),
            "expire" if waits(word) => Some("timeout"),
            "walk away" if word == "active" => Some("walkaway"),
            "return" if word == "walkaway" => Some("active"),
            "expire" if runs(word) => Some("closed"),
            "log out" if waits(word) || runs(word) => Some("closed"),
            _ => None,
        }
    }

    fn happen(&mut self, what: &str, now: i64) -> Option<&'static str> {
        let after = self.after(what, now)?;
        if what == "approve" {
            self.deadline = now + LIFE;
        }
        self.word = after;
        Some(after)
    }
}

impl Model {
    fn login(&mut self, at: usize) -> Option<&mut Login> {
        self.logins.get_mut(at).filter(|login| !login.gone)
    }

    fn invite(&mut self, user: usize) {
        let number = self.links.len();
        let Some(person) = &mut self.people[user] else {
            return;
        };
        if person.links.len() == LINKS_PER_USER
            && let Some(oldest) = person.links.pop_front()
        {
            self.links[oldest].gone = true;
        }
        person.links.push_back(number);
        self.links.push(Invitation {
            user,
            expires: self.now + LINK,
            used: false,
            gone: false,
        });
    }

    fn register(&mut self, at: usize, phone: u8) -> Answer {
        let now = self.now;
        let Some(link) = self.links.get_mut(at) else {
            return Answer::Invalid;
        };
        if link.gone || link.used {
            return Answer::Invalid;
        }
        if now >= link.expires {
            return Answer::Expired;
        }
        let Some(person) = &mut self.people[link.user] else {
            return Answer::Invalid;
        };
        match person.phone {
            Some(own) if own == phone => return Answer::Duplicate,
            Some(_) => return Answer::Existing,
            None => {}
        }
        person.phone = Some(phone);
        link.used = true;
        Answer::Done
    }

    fn authenticate(&mut self, user: usize, facial: bool) -> Answer {
        let now = self.now;
        let Some(person) = &mut self.people[user] else {
            return Answer::Unknown;
        };
        if person.phone.is_none() {
            return Answer::Nothing;
        }
        if person.sessions.len() == SESSIONS_PER_USER {
            let over = |at: &usize| {
                let word = self.logins[*at].word(now);
                !waits(word) && !runs(word)
            };
            let leaves = person.sessions.iter().position(over).unwrap_or(0);
            if let Some(number) = person.sessions.remove(leaves) {
                self.logins[number].gone = true;
            }
        }
        person.sessions.push_back(self.logins.len());
        self.logins.push(Login {
            facial,
            word: "pending",
            deadline: now + WAIT,
            gone: false,
        });
        Answer::Status("pending")
    }

    fn act(&mut self, user: usize, what: &str) -> Answer {
        let now = self.now;
        let Some(person) = &self.people[user] else {
            return Answer::Unknown;
        };
        for at in person.sessions.iter().rev() {
            if let Some(word) = self.logins[*at].happen(what, now) {
                return Answer::Status(word);
            }
        }
        Answer::Nothing
    }

    fn step(&mut self, step: &Step) -> Answer {
        let now = self.now;
        match *step {
            Step::Add(user) => {
                let is_new = self.people[user].is_none();
                self.people[user].get_or_insert_default();
                Answer::Is(is_new)
            }
            Step::Delete(user) => {
                if let Some(person) = self.people[user].take() {
                    for at in person.links {
                        self.links[at].gone = true;
                    }
                    for at in person.sessions {
                        self.logins[at].gone = true;
                    }
                }
                Answer::Done
            }
            Step::Link(user) | Step::Lose(user) => {
                let lost = matches!(step, Step::Lose(_));
                let Some(person) = &mut self.people[user] else {
                    return Answer::Unknown;
                };
                if lost {
                    person.phone = None;
                }
                self.invite(user);
                Answer::Done
            }
            Step::Register(at, phone) => self.register(at, phone),
            Step::Unregister(user) => {
                let phone = self.people[user]
                    .as_mut()
                    .and_then(|person| person.phone.take());
                phone.map_or(Answer::Unknown, |_| Answer::Done)
            }
            Step::Authenticate(user, facial) => self.authenticate(user, facial),
            Step::Open(at) => self.login(at).map_or(Answer::Unknown, |login| {
                login.happen("open", now);
                Answer::Is(login.word(now) == "identifying")
            }),
            Step::Reply(at, reply) => self.login(at).map_or(Answer::Unknown, |login| {
                let what = match reply {
                    Reply::Yes => "approve",
                    Reply::No => "deny",
                    // Nothing was asked for beyond the face.
                    Reply::Little if !login.facial => "approve",
                    Reply::Little => "fail",
                };
                let word = login.happen(what, now);
                word.map_or(Answer::Nothing, Answer::Status)
            }),
            Step::Act(user, act) => {
                let what = match act {
                    Act::Approve => "approve",
                    Act::Deny => "deny",
                    Act::Fail => "fail",
                    Act::WalkAway => "walk away",
                    Act::Return => "return",
                    Act::Expire => "expire",
                };
                self.act(user, what)
            }
            Step::Logout(at) => self.login(at).map_or(Answer::Unknown, |login| {
                Answer::Is(login.happen("log out", now).is_some())
            }),
            Step::Clock(seconds) => {
                self.now = (now + seconds).max(0);
                Answer::Done
            }
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        // Most runs are about sessions, so they start with a phone that is as good as registered.
        let model = Self {
            now: 1_000,
            people: [const { None }; 2],
            logins: Vec::new(),
            links: Vec::new(),
            answer: Answer::Done,
        };
        Just(model).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        let user = 0..USERS.len();
        let link = model.links.len().saturating_sub(3)..=model.links.len();
        let login = model.logins.len().saturating_sub(5)..=model.logins.len();
        let reply = prop_oneof![Just(Reply::Yes), Just(Reply::No), Just(Reply::Little)];
        let act = prop_oneof![
            2 => Just(Act::Approve),
            1 => Just(Act::Deny),
            1 => Just(Act::Fail),
            2 => Just(Act::WalkAway),
            2 => Just(Act::Return),
            1 => Just(Act::Expire),
        ];
        let seconds = prop_oneof![
            4 => prop::sample::select(vec![1, WAIT - 1, WAIT, LIFE - 1, LIFE, LINK]),
            2 => prop::sample::select(vec![-1, -WAIT, -LIFE, -LINK]),
            1 => -2_000..2_000_i64,
        ];
        prop_oneof![
            3 => user.clone().prop_map(Step::Add),
            1 => user.clone().prop_map(Step::Delete),
            3 => user.clone().prop_map(Step::Link),
            6 => (link, 0..2_u8).prop_map(|(link, phone)| Step::Register(link, phone)),
            1 => user.clone().prop_map(Step::Lose),
            1 => user.clone().prop_map(Step::Unregister),
            8 => (user.clone(), any::<bool>()).prop_map(|(user, facial)| Step::Authenticate(user, facial)),
            3 => login.clone().prop_map(Step::Open),
            5 => (login.clone(), reply).prop_map(|(login, reply)| Step::Reply(login, reply)),
            5 => (user, act).prop_map(|(user, act)| Step::Act(user, act)),
            3 => login.prop_map(Step::Logout),
            6 => seconds.prop_map(Step::Clock),
        ]
        .boxed()
    }

    fn apply(mut model: Self, step: &Step) -> Self {
        model.answer = model.step(step);
        model
    }
}

/// The real thing, with the names of what it has handed out.
struct Real {
    supplies: Supplies,
    /// What somebody has who asks after each step what has changed.
    copy: Follower,
    app: Activeconnect,
    now: Timestamp,
    links: Vec<String>,
    /// The token of each session, and its request.
    logins: Vec<(String, String)>,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_767_225_600 + seconds).unwrap()
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pending => "pending",
        Status::Identifying => "identifying",
        Status::Active => "active",
        Status::Walkaway => "walkaway",
        Status::Timeout => "timeout",
        Status::Cancelled => "cancelled",
        Status::Failed => "failed",
        Status::Closed => "closed",
    }
}

/// The answer, with "unknown" for every refusal: the domain refuses nothing else.
fn answer<T>(result: Result<T, Refusal>, of: impl FnOnce(T) -> Answer) -> Answer {
    result.map_or(Answer::Unknown, of)
}

impl Real {
    fn token(&self, at: usize) -> (&str, &str) {
        let names = self.logins.get(at);
        names.map_or(("no session", "no request"), |(token, request)| {
            (token, request)
        })
    }

    fn step(&mut self, step: &Step) -> Answer {
        let now = self.now;
        match *step {
            Step::Add(user) => {
                let added = self.app.add_users(vec![USERS[user].to_owned()]);
                assert_eq!(added.created.len() + added.existing.len(), 1);
                Answer::Is(added.existing.is_empty())
            }
            Step::Delete(user) => {
                self.app.delete_users(&[USERS[user].to_uppercase()]);
                Answer::Done
            }
            Step::Link(user) => {
                let link = self
                    .app
                    .registration_link(&mut self.supplies.turn(now), USERS[user]);
                answer(link, |link| {
                    self.links.push(link);
                    Answer::Done
                })
            }
            Step::Lose(user) => {
                let link = self
                    .app
                    .lost_device(&mut self.supplies.turn(now), USERS[user]);
                answer(link, |link| {
                    self.links.push(link);
                    Answer::Done
                })
            }
            Step::Register(at, phone) => {
                let link = self.links.get(at).map_or("no link", String::as_str);
                let description = Description {
                    notification_token: phone.to_string(),
                    name: None,
                };
                let turn = &mut self.supplies.turn(now);
                match self.app.register(turn, link, description) {
                    Ok(_) => Answer::Done,
                    Err(Registration::InvalidToken) => Answer::Invalid,
                    Err(Registration::Expired) => Answer::Expired,
                    Err(Registration::DuplicateDevice) => Answer::Duplicate,
                    Err(Registration::ExistingMobileDevice) => Answer::Existing,
                }
            }
            Step::Unregister(user) => {
                let device = self.app.device_of(USERS[user]).ok().flatten();
                let id = device.map_or_else(|| "no device".to_owned(), |device| device.id);
                answer(self.app.unregister_device(&id), |()| Answer::Done)
            }
            Step::Authenticate(user, facial) => {
                let requested = Requested {
                    facial,
                    ..Requested::default()
                };
                let turn = &mut self.supplies.turn(now);
                let started = self.app.authenticate(turn, USERS[user], requested);
                answer(started, |started| {
                    let Some(started) = started else {
                        return Answer::Nothing;
                    };
                    let device = self.app.device_of(USERS[user]).unwrap().unwrap();
                    let requests = self.app.pending_requests(&device.id, now).unwrap();
                    let request = requests.last().unwrap().id.clone();
                    self.logins.push((started.token, request));
                    Answer::Status(word(started.status))
                })
            }
            Step::Open(at) => {
                let request = self.token(at).1.to_owned();
                answer(self.app.start_identification(&request, now), Answer::Is)
            }
            Step::Reply(at, reply) => {
                let request = self.token(at).1.to_owned();
                let findings = Findings {
                    cancelled: matches!(reply, Reply::No),
                    images: usize::from(matches!(reply, Reply::Yes)),
                    ..Findings::default()
                };
                answer(self.app.answer(&request, findings, now), status)
            }
            Step::Act(user, act) => {
                let event = match act {
                    Act::Approve => Event::Accept,
                    Act::Deny => Event::Cancel,
                    Act::Fail => Event::Reject,
                    Act::WalkAway => Event::WalkAway,
                    Act::Return => Event::Return,
                    Act::Expire => Event::RunOut,
                };
                answer(self.app.happen(USERS[user], event, now), status)
            }
            Step::Logout(at) => {
                let token = self.token(at).0.to_owned();
                answer(self.app.close_session(&token, now), Answer::Is)
            }
            // The model keeps the time.
            Step::Clock(_) => Answer::Done,
        }
    }

    /// What the status of each session is, `None` for one that is not kept.
    fn statuses(&self) -> Vec<Option<Status>> {
        let tokens = self.logins.iter();
        tokens
            .map(|(token, _)| self.app.session_status(token, self.now).ok())
            .collect()
    }
}

fn status(status: Option<Status>) -> Answer {
    status.map_or(Answer::Nothing, |status| Answer::Status(word(status)))
}

impl StateMachineTest for Real {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        let application = Application {
            id: "app".into(),
            secret: "secret".into(),
            name: "App".into(),
        };
        let limits = Limits {
            pending: SignedDuration::from_secs(WAIT),
            session: SignedDuration::from_secs(LIFE),
            link: SignedDuration::from_secs(LINK),
            sessions_per_user: SESSIONS_PER_USER,
            sessions: usize::MAX,
            links_per_user: LINKS_PER_USER,
        };
        Self {
            supplies: Supplies::new([7; 32], 4),
            copy: Follower::default(),
            app: Activeconnect::new(Arc::new(application), limits),
            now: at(model.now),
            links: Vec::new(),
            logins: Vec::new(),
        }
    }

    fn apply(mut real: Self, model: &Model, step: Step) -> Self {
        let (before, then) = (real.statuses(), real.now);
        real.now = at(model.now);
        assert_eq!(real.step(&step), model.answer, "{step:?}");
        real.app.check_copy(&mut real.copy);
        let after = real.statuses();
        for (number, before) in before.into_iter().enumerate() {
            if let (Some(before), Some(after)) = (before, after[number])
                && before.over()
                && then <= real.now
            {
                assert_eq!(before, after, "session {number} left its end: {step:?}");
            }
        }
        real
    }

    fn check_invariants(real: &Self, model: &Model) {
        let now = real.now;
        for (number, login) in model.logins.iter().enumerate() {
            let (token, request) = real.token(number);
            let expected = (!login.gone).then(|| login.word(model.now));
            let status = real.app.session_status(token, now).ok().map(word);
            assert_eq!(status, expected, "session {number}");
            let status = real.app.request_status(request, now).ok().map(word);
            assert_eq!(status, expected, "request of session {number}");
        }
        for (user, person) in model.people.iter().enumerate() {
            let device = real.app.device_of(USERS[user]);
            assert_eq!(device.is_ok(), person.is_some(), "{}", USERS[user]);
            let Some(person) = person else { continue };
            let device = device.unwrap();
            assert_eq!(device.is_some(), person.phone.is_some());
            let Some(device) = device else { continue };
            let those = |is: fn(&str) -> bool| -> Vec<&str> {
                let own = person.sessions.iter();
                own.filter(|at| is(model.logins[**at].word(model.now)))
                    .map(|at| real.token(*at).0)
                    .collect()
            };
            let running = real.app.active_sessions(&device.id, now).unwrap();
            let running: Vec<_> = running.iter().map(|one| one.token.as_str()).collect();
            assert_eq!(running, those(runs));
            let open = real.app.pending_requests(&device.id, now).unwrap();
            assert_eq!(open.len(), those(waits).len());
        }
        // Nothing is kept that belongs to nobody, and nothing beyond its bound.
        let app = &real.app;
        let users = || app.users.values();
        assert_eq!(app.numbers.len(), app.users.len());
        let sessions: usize = users().map(|user| user.sessions.len()).sum();
        assert_eq!(
            (app.sessions.len(), app.requests.len()),
            (sessions, sessions)
        );
        let links: usize = users().map(|user| user.links.len()).sum();
        assert_eq!(app.links.len(), links);
        let devices = users().filter(|user| user.device.is_some()).count();
        assert_eq!(app.devices.len(), devices);
        let all = app.users.iter().flat_map(|(number, user)| {
            let own = user.sessions.iter();
            own.map(|session| (*number, session))
        });
        app.roll.check(all);
        let waiting = app.waiting(now).len();
        let of_phones = users().filter(|user| user.device.is_some());
        let of_phones = of_phones.flat_map(|user| user.sessions.iter());
        let scanned = of_phones.filter(|session| session.status(now).awaits_phone());
        assert_eq!(waiting, scanned.count());
        for user in users() {
            assert!(user.sessions.len() <= SESSIONS_PER_USER);
            assert!(user.links.len() <= LINKS_PER_USER);
        }
    }
}

prop_state_machine! {
    #![proptest_config(model::config())]

    #[test]
    fn an_application_does_what_the_contract_says(sequential 1..60 => Real);
}
