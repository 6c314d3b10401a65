//! What is held and what is scheduled, and how it ends, on a clock that a test moves.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use serde_json::json;

use super::{
    Answer, ChallengeLog, Delivery, Dispatch, Endpoint, EventKind, Fault, Kind, Passing, Progress,
    Sequel, made_up,
};
use crate::bounds::{
    BATCH, CUSTOM, DELIVERIES, DELIVERIES_TO_RECEIVER, DELIVERY_BYTES, LOG_BYTES, LOGS, RETRIES,
};
use crate::domain::Supplies;
use crate::domain::authsignal::action::Known;
use crate::domain::authsignal::challenge::Attempt;
use crate::domain::authsignal::token::Keys;
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::{Authsignal, ChallengeRequest, Enrollment, Tenant};
use crate::domain::custom::Custom;

const URL: &str = "http://127.0.0.1:1/hook";

struct World {
    supplies: Supplies,
    authsignal: Authsignal,
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// A world with a webhook for these types; for every type if there are none.
fn world(kinds: &[Kind]) -> World {
    let mut authsignal = Authsignal::new(Arc::new(Tenant {
        id: "tenant".into(),
        secret: "secret".into(),
        management_secret: "manager".into(),
        terminal_secret: "terminal".into(),
        publishable_key: "key".into(),
        keys: Keys::of_test("secret"),
    }));
    authsignal.events.set_endpoints(vec![Endpoint {
        url: URL.into(),
        kinds: kinds.to_vec(),
        public_key: true,
    }]);
    World {
        supplies: Supplies::new([1; 32], 10),
        authsignal,
    }
}

fn kinds(due: &[Dispatch]) -> Vec<Kind> {
    due.iter().map(|due| due.kind).collect()
}

fn answer(status: u16) -> Answer {
    Answer::Status(status)
}

impl World {
    fn push(&mut self, kind: Kind, now: Timestamp) {
        self.push_of("u", kind, now);
    }

    fn push_of(&mut self, user_id: &str, kind: Kind, now: Timestamp) {
        let what = made_up::event(&mut self.supplies.turn(now), kind, user_id);
        self.authsignal
            .events
            .push(&mut self.supplies.turn(now), what);
    }

    fn due(&mut self, now: Timestamp) -> Vec<Dispatch> {
        self.authsignal.due_webhooks(now)
    }

    fn record(&mut self, dispatch: &Dispatch, status: u16, now: Timestamp) {
        let events = &mut self.authsignal.events;
        events.record(dispatch, answer(status), None, String::new(), now);
    }

    fn progress(&self, number: u64) -> Progress {
        self.authsignal.events.get(number).unwrap().progress
    }

    fn challenge(&mut self) -> String {
        let request = ChallengeRequest {
            method: Some(Method::Sms),
            action: Some("signIn".into()),
            phone_number: Some("+15550100".into()),
            user_id: Some("u".into()),
            ..ChallengeRequest::default()
        };
        let challenge = self
            .authsignal
            .challenge(&mut self.supplies.turn(at(0)), request);
        challenge.unwrap().id
    }

    fn action(&mut self) {
        let enrollment = Enrollment {
            phone_number: Some("+15550100".into()),
            ..Enrollment::new(Method::Sms)
        };
        self.authsignal
            .enroll(&mut self.supplies.turn(at(0)), "u", enrollment)
            .unwrap();
        let known = Known {
            idempotency_key: Some("k".into()),
            ..Known::default()
        };
        self.authsignal
            .track(&mut self.supplies.turn(at(0)), "u", "signIn", known)
            .unwrap();
    }

    fn pass(&mut self, action: &str) {
        let passing = Passing {
            user_id: "u".into(),
            action: action.into(),
            key: "k".into(),
            method: Some(Method::Sms),
            authenticator_id: None,
            enrolled: false,
        };
        self.authsignal
            .pass(&mut self.supplies.turn(at(1)), passing);
    }

    fn state(&self) -> State {
        self.authsignal.action("u", "signIn", "k").unwrap().state
    }

    fn take_held(&mut self) -> (Vec<Dispatch>, Sequel) {
        self.authsignal.take_held(at(1))
    }

    fn conclude(&mut self, sequel: Sequel, taken: bool) {
        self.concluded(sequel, taken).unwrap();
    }

    fn concluded(&mut self, sequel: Sequel, taken: bool) -> Result<(), String> {
        let turn = &mut self.supplies.turn(at(2));
        let concluded = self.authsignal.conclude(turn, sequel, taken);
        concluded.map_err(|refusal| refusal.to_string())
    }
}

#[test]
fn words_of_types_come_back() {
    for kind in Kind::ALL {
        assert_eq!(Kind::of_word(kind.word()), Some(kind));
        let event = made_up::event(&mut Supplies::new([1; 32], 0).turn(at(0)), kind, "u");
        assert_eq!(event.kind(), kind);
        assert!(!format!("{event:?}").contains("made-up@"), "{event:?}");
    }
    assert_eq!(Kind::of_word("email.sent"), None);
}

#[test]
fn what_nobody_takes_costs_no_id() {
    let mut world = world(&[Kind::SmsCreated]);
    let mut other = Supplies::new([1; 32], 0);
    let what = made_up::event(
        &mut Supplies::new([2; 32], 0).turn(at(0)),
        Kind::EmailCreated,
        "u",
    );
    world
        .authsignal
        .events
        .push(&mut world.supplies.turn(at(0)), what);
    assert_eq!(world.supplies.ids.uuid(), other.ids.uuid());
    assert!(!world.authsignal.events.is_holding());
    assert_eq!(world.authsignal.next_webhook(), None);
}

#[test]
fn a_delivery_is_tried_four_times_thirty_seconds_apart() {
    let mut world = world(&[]);
    world.push(Kind::AuthenticatorCreated, at(0));
    assert!(world.authsignal.events.stirred() && !world.authsignal.events.stirred());
    for retry in 0..=RETRIES {
        let now = at(30 * i64::try_from(retry).unwrap());
        assert_eq!(world.authsignal.next_webhook(), Some(now));
        assert!(world.due(now - SignedDuration::from_millis(1)).is_empty());
        let due = world.due(now);
        assert_eq!(due.len(), 1);
        assert_eq!(world.progress(1), Progress::Sending);
        assert!(world.authsignal.is_delivering(now) && world.due(now).is_empty());
        world.record(&due[0], 500, now);
    }
    assert_eq!(world.progress(1), Progress::GivenUp);
    assert_eq!(world.authsignal.next_webhook(), None);
    let delivery = world.authsignal.events.get(1).unwrap();
    assert_eq!(delivery.attempts.len(), RETRIES + 1);
}

#[test]
fn a_url_gets_the_events_of_a_user_one_after_another() {
    use Kind::{AuthenticatorCreated as Created, AuthenticatorDeleted as Deleted};
    let mut world = world(&[]);
    world.push_of("u", Created, at(0));
    world.push_of("u", Deleted, at(0));
    world.push_of("v", Created, at(0));
    let due = world.due(at(0));
    assert_eq!(due.iter().map(|due| due.number).collect::<Vec<_>>(), [1, 3]);
    world.record(&due[1], 200, at(0));
    assert_eq!(
        world.authsignal.next_webhook(),
        None,
        "the first is under way"
    );
    // One that is refused holds up nothing: its retry comes later than what happened after it.
    world.record(&due[0], 500, at(0));
    let due = world.due(at(0));
    assert_eq!(kinds(&due), [Deleted]);
    assert!(
        world.due(at(30)).is_empty(),
        "nor do two go at one time later"
    );
    world.record(&due[0], 200, at(30));
    assert_eq!(kinds(&world.due(at(30))), [Created]);
}

#[test]
fn what_is_taken_is_not_tried_again_whatever_a_repetition_by_hand_brings() {
    let mut world = world(&[]);
    world.push(Kind::AuthenticatorDeleted, at(0));
    let due = world.due(at(0));
    world.record(&due[0], 204, at(1));
    assert_eq!(world.progress(1), Progress::Taken);
    let again = world.authsignal.events.again(1).unwrap();
    world.record(&again, 500, at(2));
    assert_eq!(world.progress(1), Progress::Taken);
    assert_eq!(world.authsignal.events.get(1).unwrap().attempts.len(), 2);
}

#[test]
fn a_fault_has_no_part_in_the_schedule() {
    let mut world = world(&[]);
    world.push(Kind::AuthenticatorUpdated, at(0));
    let again = world.authsignal.events.again(1).unwrap();
    let (events, fault) = (&mut world.authsignal.events, Some(Fault::Tampered));
    events.record(&again, answer(200), fault, String::new(), at(0));
    assert_eq!(world.progress(1), Progress::Waits(at(0)));
    let (events, supplies) = (&mut world.authsignal.events, &mut world.supplies);
    let made_up = events.trigger(&mut supplies.turn(at(0)), Kind::EmailCreated, "u", fault);
    let (events, number) = (&mut world.authsignal.events, made_up[0].number);
    events.record(&made_up[0], answer(400), fault, String::new(), at(0));
    assert_eq!(world.progress(number), Progress::GivenUp);
}

#[test]
fn a_message_waits_for_its_receiver() {
    let mut world = world(&[Kind::SmsCreated]);
    let challenge_id = world.challenge();
    assert!(
        world.supplies.outbox.is_empty(),
        "not before the receiver has it"
    );
    let (dispatches, sequel) = world.take_held();
    assert_eq!(dispatches.len(), 1);
    assert_eq!(
        (dispatches[0].kind, &*dispatches[0].url),
        (Kind::SmsCreated, URL)
    );
    world.record(&dispatches[0], 200, at(2));
    world.conclude(sequel, true);
    let code = world
        .supplies
        .outbox
        .newest_first()
        .next()
        .unwrap()
        .code
        .clone();
    let (supplies, code) = (&mut world.supplies, code.unwrap());
    let tried = world
        .authsignal
        .verify(&mut supplies.turn(at(3)), &challenge_id, &code);
    assert_eq!(tried.unwrap().0, Attempt::Right);
}

#[test]
fn a_message_that_is_not_taken_is_not_sent_and_its_code_is_no_good() {
    let mut world = world(&[Kind::SmsCreated]);
    let challenge_id = world.challenge();
    let (dispatches, sequel) = world.take_held();
    let EventKind::SmsCreated(sms) = &dispatches[0].events[0].what else {
        panic!("a text message")
    };
    let code = sms.code.clone();
    world.record(&dispatches[0], 500, at(2));
    world.conclude(sequel, false);
    assert!(world.supplies.outbox.is_empty());
    assert_eq!(
        world.progress(1),
        Progress::GivenUp,
        "the answer has gone out"
    );
    let supplies = &mut world.supplies;
    let tried = world
        .authsignal
        .verify(&mut supplies.turn(at(3)), &challenge_id, &code);
    assert_eq!(tried.unwrap().0, Attempt::Wrong);
}

#[test]
fn an_action_passes_when_its_receiver_agrees() {
    let mut world = world(&[Kind::ActionVerify]);
    world.action();
    for (taken, state) in [
        (false, State::ChallengeRequired),
        (true, State::ChallengeSucceeded),
    ] {
        world.pass("signIn");
        assert_eq!(world.state(), State::ChallengeRequired);
        let (dispatches, sequel) = world.take_held();
        assert_eq!(dispatches[0].kind, Kind::ActionVerify);
        world.conclude(sequel, taken);
        assert_eq!(world.state(), state);
    }
    // It awaits nothing any more.
    world.pass("signIn");
    assert!(!world.authsignal.events.is_holding());
}

#[test]
fn what_became_impossible_while_receivers_were_asked_does_not_happen_and_is_refused() {
    type Change = fn(&mut World);
    let changes: [(&str, Change); 3] = [
        ("the action signIn is BLOCK", |world| {
            let authsignal = &mut world.authsignal;
            let (user, code, key) = ("u", "signIn", "k");
            let blocked = authsignal.update_action(user, code, key, State::Block, at(2));
            assert!(blocked.is_ok());
        }),
        ("user u was deleted", |world| {
            let turn = &mut world.supplies.turn(at(2));
            world.authsignal.delete_user(turn, "u", false);
        }),
        ("user u was deleted", |world| {
            let turn = &mut world.supplies.turn(at(2));
            world.authsignal.delete_user(turn, "u", true);
        }),
    ];
    for (why, change) in changes {
        let mut world = world(&[Kind::ActionVerify]);
        world.action();
        world.pass("signIn");
        let (_, sequel) = world.take_held();
        change(&mut world);
        let refused = world.concluded(sequel, true).unwrap_err();
        assert!(refused.contains(why), "{why}: {refused}");
        let mut actions = world.authsignal.actions.newest_first();
        let passed = actions.find(|(_, action)| action.state == State::ChallengeSucceeded);
        assert!(passed.is_none(), "{why}");
    }
}

#[test]
fn a_message_for_a_challenge_that_is_gone_is_not_sent() {
    let mut world = world(&[Kind::SmsCreated]);
    let challenge_id = world.challenge();
    let (_, sequel) = world.take_held();
    let turn = &mut world.supplies.turn(at(2));
    world.authsignal.delete_user(turn, "u", true);
    let refused = world.concluded(sequel, true).unwrap_err();
    assert!(
        refused.contains(&format!("challenge {challenge_id} was deleted")),
        "{refused}"
    );
    assert!(world.supplies.outbox.is_empty());
}

#[test]
fn an_action_passes_at_once_where_nobody_is_asked() {
    let mut world = world(&[Kind::SmsCreated]);
    world.action();
    world.pass("signIn");
    assert_eq!(world.state(), State::ChallengeSucceeded);
}

#[test]
fn the_url_of_an_action_goes_before_those_of_all() {
    let mut world = world(&[Kind::ActionVerify]);
    world.action();
    let own = [("signIn".to_owned(), Arc::from("http://127.0.0.1:2/own"))];
    world.authsignal.events.set_verification(own.into());
    world.pass("signIn");
    let (dispatches, _) = world.take_held();
    let urls: Vec<_> = dispatches.iter().map(|dispatch| &*dispatch.url).collect();
    assert_eq!(urls, ["http://127.0.0.1:2/own"]);
}

#[test]
fn who_does_not_wait_goes_on_and_the_receiver_is_told_afterwards() {
    let mut world = world(&[]);
    world.action();
    world.pass("signIn");
    let supplies = &mut world.supplies;
    world.authsignal.release(&mut supplies.turn(at(1)));
    assert_eq!(world.state(), State::ChallengeSucceeded);
    assert!(!world.authsignal.events.is_holding());
    let due = world.due(at(1));
    assert_eq!(kinds(&due), [Kind::AuthenticatorCreated]);
    world.record(&due[0], 200, at(1));
    assert_eq!(kinds(&world.due(at(1))), [Kind::ActionVerify]);
}

#[test]
fn log_events_come_in_batches_of_one_type_once_the_tokens_life_is_over() {
    let mut world = world(&[]);
    for second in 0..=i64::try_from(BATCH).unwrap() {
        world.push(Kind::ChallengeLogCreated, at(second / 10));
    }
    world.push(Kind::ActionLogCreated, at(50));
    let life = world.authsignal.configuration.tenant.token_life().as_secs();
    assert_eq!(world.authsignal.next_webhook(), Some(at(life)));
    assert!(world.due(at(life - 1)).is_empty());
    let first = world.due(at(life));
    assert_eq!((first.len(), first[0].events.len()), (1, 10));
    let rest = world.due(at(life + 50));
    let sizes: Vec<_> = rest
        .iter()
        .map(|batch| (batch.kind, batch.events.len()))
        .collect();
    let left = BATCH + 1 - 10;
    assert_eq!(
        sizes,
        [
            (Kind::ActionLogCreated, 1),
            (Kind::ChallengeLogCreated, left)
        ]
    );
    for _ in 0..=BATCH {
        world.push(Kind::ChallengeLogCreated, at(1_000));
    }
    let full = world.due(at(1_000 + life));
    let sizes: Vec<_> = full.iter().map(|batch| batch.events.len()).collect();
    assert_eq!(sizes, [BATCH, 1]);
}

#[test]
fn the_log_of_an_action_tells_where_it_stands_when_it_is_sent() {
    let mut world = world(&[Kind::ActionLogCreated]);
    world.action();
    world
        .authsignal
        .update_action("u", "signIn", "k", State::ReviewFailed, at(5))
        .unwrap();
    let due = world.due(at(600));
    let EventKind::ActionLog(log) = &due[0].events[0].what else {
        panic!("the log of an action")
    };
    assert_eq!(
        (log.state, log.created, log.state_updated),
        (State::ReviewFailed, at(0), at(5))
    );
    assert_eq!(log.outcome.word(), "CHALLENGE");
}

#[test]
fn a_repeated_track_logs_nothing() {
    let mut world = world(&[Kind::ActionLogCreated]);
    world.action();
    world.action();
    let due = world.due(at(600));
    assert_eq!((due.len(), due[0].events.len()), (1, 1));
}

#[test]
fn another_worlds_answers_change_nothing() {
    let mut before = world(&[]);
    before.push(Kind::AuthenticatorCreated, at(0));
    let due = before.due(at(0));
    before.action();
    before.pass("signIn");
    let (_, sequel) = before.take_held();

    let mut after = world(&[]);
    after.push(Kind::AuthenticatorCreated, at(0));
    after.action();
    after.record(&due[0], 200, at(1));
    assert_eq!(after.progress(1), Progress::Waits(at(0)));
    let refused = after.concluded(sequel, true).unwrap_err();
    assert!(refused.contains("the mock was reset"), "{refused}");
    assert_eq!(after.state(), State::ChallengeRequired);
}

#[test]
fn a_slow_receiver_delays_only_its_own_deliveries() {
    let mut world = world(&[]);
    let endpoint = |url: &str| Endpoint {
        url: url.into(),
        kinds: Vec::new(),
        public_key: true,
    };
    let quick = "http://127.0.0.1:2/hook";
    let events = &mut world.authsignal.events;
    events.set_endpoints(vec![endpoint(URL), endpoint(quick)]);
    let rounds = 3;
    for user in 0..rounds * DELIVERIES_TO_RECEIVER {
        world.push_of(&format!("u{user}"), Kind::AuthenticatorCreated, at(0));
    }
    let slow = |due: &&Dispatch| &*due.url == URL;
    for round in 0..rounds {
        let due = world.due(at(0));
        let expected = if round == 0 {
            DELIVERIES_TO_RECEIVER
        } else {
            0
        };
        assert_eq!(due.iter().filter(slow).count(), expected, "{round}");
        // Nothing wakes the mock for those that wait for a place.
        assert_eq!(world.authsignal.next_webhook(), None, "{round}");
        let own: Vec<_> = due.iter().filter(|due| !slow(due)).collect();
        assert_eq!(own.len(), DELIVERIES_TO_RECEIVER, "{round}");
        for dispatch in own {
            world.record(dispatch, 200, at(0));
        }
    }
    assert!(world.due(at(0)).is_empty());
}

#[test]
fn the_list_and_the_queue_have_bounds() {
    let mut world = world(&[]);
    for _ in 0..=DELIVERIES {
        world.push(Kind::AuthenticatorCreated, at(0));
    }
    let events = &world.authsignal.events;
    assert!(events.get(1).is_none() && events.get(2).is_some());
    assert_eq!(events.newest_first().count(), DELIVERIES);
    for _ in 0..=LOGS {
        world.push(Kind::ChallengeLogCreated, at(0));
    }
    assert_eq!(world.authsignal.events.logs.len(), LOGS);
}

#[test]
fn a_delivery_that_is_settled_leaves_before_one_that_still_waits() {
    let mut world = world(&[]);
    for user in ["u", "v"] {
        world.push_of(user, Kind::AuthenticatorCreated, at(0));
    }
    let due = world.due(at(0));
    world.record(&due[0], 500, at(0));
    world.record(&due[1], 200, at(0));
    for _ in 0..DELIVERIES - 1 {
        world.push(Kind::AuthenticatorCreated, at(0));
    }
    let events = &world.authsignal.events;
    assert!(events.get(1).is_some(), "it is tried again");
    assert!(events.get(2).is_none(), "it is taken");
    assert_eq!(events.newest_first().count(), DELIVERIES);
}

#[test]
fn the_list_and_the_queue_have_bounds_in_bytes() {
    let data = json!({"text": "x".repeat(CUSTOM - 16)});
    let custom = Custom::new(data.as_object().unwrap());
    // As many as the bound allows, and no more than are allowed in number.
    let most = LOG_BYTES / custom.len();
    assert!(most < LOGS / 2);
    let mut world = world(&[]);
    let wait = SignedDuration::from_mins(10);
    for round in 0..4 {
        let now = at(round * 600);
        for _ in 0..most + 50 {
            let made_up =
                made_up::event(&mut world.supplies.turn(now), Kind::ActionLogCreated, "u");
            let EventKind::ActionLog(mut log) = made_up else {
                panic!("made up another event");
            };
            log.custom = Some(custom.clone());
            let what = EventKind::ActionLog(log);
            let turn = &mut world.supplies.turn(now);
            world.authsignal.events.push(turn, what);
        }
        let events = &world.authsignal.events;
        let bytes: usize = events.logs.iter().map(|log| log.what.bytes()).sum();
        let room = LOG_BYTES - bytes;
        assert!(room < 2 * CUSTOM, "{room} bytes of the queue are free");
        world.due(now + wait);
        let events = &world.authsignal.events;
        assert!(events.logs.is_empty());
        let of = |delivery: &Delivery| -> usize {
            let events = delivery.events.iter();
            events.map(|event| event.what.bytes()).sum()
        };
        let all: usize = events.newest_first().map(of).sum();
        assert!(all <= DELIVERY_BYTES, "{all} bytes of deliveries");
        let first_is_kept = events.get(1).is_some();
        assert_eq!(first_is_kept, round < 2, "round {round}");
    }
    let events = &world.authsignal.events;
    assert!(events.newest_first().count() < DELIVERIES / 2);
}

#[test]
fn a_method_that_sends_nothing_logs_nothing() {
    for word in [
        ChallengeLog::sent,
        ChallengeLog::valid,
        ChallengeLog::invalid,
        ChallengeLog::too_many,
    ] {
        assert!(word(Method::Sms).unwrap().starts_with("SMS_"));
        assert_eq!(word(Method::Passkey), None);
    }
}

#[test]
fn no_url_of_a_receiver_prints() {
    let mut world = world(&[]);
    world.push(Kind::AuthenticatorCreated, at(0));
    let due = world.due(at(0));
    let events = &world.authsignal.events;
    let printed = format!("{due:?} {events:?} {:?}", events.get(1));
    assert!(
        printed.contains("AuthenticatorCreated") && !printed.contains("/hook"),
        "{printed}"
    );
}
