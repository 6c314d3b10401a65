//! Behaviour of the Activeconnect domain, without a server.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::device::{Description, Registration};
use super::session::{Event, Findings, Requested, Status};
use super::{Activeconnect, Added, Application, Limits, Refusal, RegistrationSms};
use crate::domain::Supplies;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

fn world() -> (Supplies, Activeconnect) {
    let application = Application {
        id: "app".into(),
        secret: "application secret".into(),
        name: "App".into(),
    };
    (
        Supplies::new([7; 32], 10),
        Activeconnect::new(Arc::new(application), Limits::default()),
    )
}

fn phone(token: &str) -> Description {
    Description {
        notification_token: token.into(),
        name: None,
    }
}

/// A world with the user `ada` and her phone.
fn with_phone() -> (Supplies, Activeconnect) {
    let (mut supplies, mut app) = world();
    app.add_users(vec!["ada".into()]);
    let link = app
        .registration_link(&mut supplies.turn(at(0)), "ada")
        .unwrap();
    assert!(
        app.register(&mut supplies.turn(at(0)), &link, phone("push-1"))
            .is_ok()
    );
    (supplies, app)
}

#[test]
fn users_are_told_apart_without_regard_to_case() {
    let (_, mut app) = world();
    let added = app.add_users(vec!["Ada".into(), "ADA".into(), "bob".into()]);
    assert_eq!(
        added,
        Added {
            created: vec!["Ada".into(), "bob".into()],
            existing: vec!["ADA".into()]
        }
    );
    assert_eq!(app.has_device("aDa"), Ok(false));
    app.delete_users(&["ada".into(), "nobody".into()]);
    assert!(matches!(
        app.has_device("Ada"),
        Err(Refusal::UnknownUser { .. })
    ));
}

#[test]
fn a_link_works_once_and_until_its_time_is_over() {
    let (mut supplies, mut app) = world();
    app.add_users(vec!["ada".into()]);
    let old = app
        .registration_link(&mut supplies.turn(at(0)), "ada")
        .unwrap();
    let new = app
        .registration_link(&mut supplies.turn(at(0)), "ada")
        .unwrap();
    let day = 24 * 3600;
    assert!(matches!(
        app.register(&mut supplies.turn(at(day)), &old, phone("p")),
        Err(Registration::Expired)
    ));
    assert!(
        app.register(&mut supplies.turn(at(day - 1)), &new, phone("p"))
            .is_ok()
    );
    assert!(matches!(
        app.register(&mut supplies.turn(at(day - 1)), &new, phone("p")),
        Err(Registration::InvalidToken)
    ));
    assert!(matches!(
        app.register(&mut supplies.turn(at(0)), "no such", phone("p")),
        Err(Registration::InvalidToken)
    ));
    assert!(matches!(
        app.register(&mut supplies.turn(at(0)), &old, phone("p")),
        Err(Registration::DuplicateDevice)
    ));
    assert!(matches!(
        app.register(&mut supplies.turn(at(0)), &old, phone("q")),
        Err(Registration::ExistingMobileDevice)
    ));
}

#[test]
fn a_lost_device_is_gone_and_its_link_registers_another() {
    let (mut supplies, mut app) = with_phone();
    let device = app.device_of("ada").unwrap().unwrap().id;
    let link = app.lost_device(&mut supplies.turn(at(1)), "ada").unwrap();
    assert_eq!(app.has_device("ada"), Ok(false));
    assert_eq!(
        app.device_secret(&device),
        Err(Refusal::UnknownDevice(device.clone()))
    );
    assert!(
        app.register(&mut supplies.turn(at(2)), &link, phone("push-2"))
            .is_ok()
    );
    assert_ne!(app.device_of("ada").unwrap().unwrap().id, device);
}

#[test]
fn a_user_without_a_device_is_not_authenticated() {
    let (mut supplies, mut app) = world();
    app.add_users(vec!["ada".into()]);
    assert!(
        app.authenticate(&mut supplies.turn(at(0)), "ada", Requested::default())
            .unwrap()
            .is_none()
    );
    assert!(
        app.authenticate(&mut supplies.turn(at(0)), "bob", Requested::default())
            .is_err()
    );
}

#[test]
fn a_request_goes_from_pending_to_active_to_closed() {
    let (mut supplies, mut app) = with_phone();
    let asked = Requested {
        acceptance: true,
        ..Requested::default()
    };
    let started = app
        .authenticate(&mut supplies.turn(at(10)), "ADA", asked)
        .unwrap()
        .unwrap();
    assert_eq!(started.status, Status::Pending);
    let device = app.device_of("ada").unwrap().unwrap().id;
    let request = app.pending_requests(&device, at(11)).unwrap().remove(0).id;
    assert_eq!(app.start_identification(&request, at(12)), Ok(true));
    assert_eq!(
        app.session_status(&started.token, at(12)),
        Ok(Status::Identifying)
    );
    let yes = Findings {
        acceptance: true,
        ..Findings::default()
    };
    assert_eq!(app.answer(&request, yes, at(13)), Ok(Some(Status::Active)));
    assert_eq!(
        app.answer(&request, yes, at(14)),
        Ok(None),
        "already answered"
    );
    assert!(app.pending_requests(&device, at(14)).unwrap().is_empty());
    assert_eq!(app.active_sessions(&device, at(14)).unwrap().len(), 1);
    assert_eq!(
        app.happen("ada", Event::WalkAway, at(15)),
        Ok(Some(Status::Walkaway))
    );
    assert_eq!(app.happen("ada", Event::WalkAway, at(15)), Ok(None));
    assert_eq!(
        app.happen("ada", Event::Return, at(16)),
        Ok(Some(Status::Active))
    );
    assert_eq!(app.close_session(&started.token, at(17)), Ok(true));
    assert_eq!(app.close_session(&started.token, at(18)), Ok(false));
    assert_eq!(
        app.session_status(&started.token, at(18)),
        Ok(Status::Closed)
    );
}

#[test]
fn sessions_of_a_user_are_bounded_and_ended_ones_leave_first() {
    let (mut supplies, mut app) = with_phone();
    let first = app
        .authenticate(&mut supplies.turn(at(0)), "ada", Requested::default())
        .unwrap()
        .unwrap();
    let second = app
        .authenticate(&mut supplies.turn(at(0)), "ada", Requested::default())
        .unwrap()
        .unwrap();
    app.close_session(&second.token, at(0)).unwrap();
    for _ in 0..99 {
        app.authenticate(&mut supplies.turn(at(1)), "ada", Requested::default())
            .unwrap();
    }
    assert_eq!(app.session_status(&first.token, at(1)), Ok(Status::Pending));
    assert!(app.session_status(&second.token, at(1)).is_err());
    assert_eq!((app.sessions.len(), app.requests.len()), (100, 100));
}

#[test]
fn a_text_message_carries_the_link_behind_the_text() {
    let (mut supplies, mut app) = with_phone();
    let mut send = |number: &str, message: Option<&str>| {
        let sms = RegistrationSms {
            phone_number: number.into(),
            message: message.map(Into::into),
        };
        app.send_registration_sms(&mut supplies.turn(at(0)), "ada", sms, |token| {
            format!("link:{}", token.len())
        })
        .unwrap()
    };
    assert_eq!(send("+1XXXYYYY", Some("REGISTER")), Ok(()));
    assert_eq!(send("+1XXXYYYY", None), Ok(()));
    assert!(send("0555", None).unwrap_err().contains("phone_number"));
    let texts: Vec<_> = supplies
        .outbox
        .newest_first()
        .map(|message| message.text.as_str())
        .collect();
    assert_eq!(
        texts,
        ["Register your device with App: link:32", "REGISTER link:32"]
    );
}

#[test]
fn a_session_lives_as_long_as_its_request_says() {
    let (mut supplies, mut app) = with_phone();
    for (life, seconds) in [(None, 3600), (Some(1), 1), (Some(i64::MAX), i64::MAX)] {
        let asked = Requested {
            acceptance: true,
            life: life.map(SignedDuration::from_secs),
            ..Requested::default()
        };
        let started = app
            .authenticate(&mut supplies.turn(at(10)), "ada", asked)
            .unwrap()
            .unwrap();
        let device = app.device_of("ada").unwrap().unwrap().id;
        let request = app.pending_requests(&device, at(11)).unwrap().remove(0).id;
        let found = Findings {
            acceptance: true,
            ..Findings::default()
        };
        assert_eq!(app.start_identification(&request, at(12)), Ok(true));
        app.answer(&request, found, at(20)).unwrap();
        let at_the_end = |app: &Activeconnect, now| app.session_status(&started.token, now);
        let last = at(20_i64.saturating_add(seconds).min(100_000));
        let before = last - SignedDuration::from_secs(1);
        assert_eq!(at_the_end(&app, before), Ok(Status::Active), "{life:?}");
        let over = if seconds == i64::MAX {
            Status::Active
        } else {
            Status::Closed
        };
        assert_eq!(at_the_end(&app, last), Ok(over), "{life:?}");
    }
}

#[test]
fn deleting_a_user_leaves_no_way_in() {
    let (mut supplies, mut app) = with_phone();
    let started = app
        .authenticate(&mut supplies.turn(at(0)), "ada", Requested::default())
        .unwrap()
        .unwrap();
    app.registration_link(&mut supplies.turn(at(0)), "ada")
        .unwrap();
    app.delete_users(&["Ada".into()]);
    assert!(app.session_status(&started.token, at(0)).is_err());
    let left = [
        app.users.len(),
        app.numbers.len(),
        app.devices.len(),
        app.links.len(),
        app.sessions.len(),
    ];
    assert_eq!((left, app.requests.len()), ([0; 5], 0));
}

#[test]
fn the_dump_shows_no_secret() {
    let (mut supplies, mut app) = with_phone();
    let started = app
        .authenticate(&mut supplies.turn(at(0)), "ada", Requested::default())
        .unwrap()
        .unwrap();
    let link = app
        .registration_link(&mut supplies.turn(at(0)), "ada")
        .unwrap();
    let device = app.device_of("ada").unwrap().unwrap();
    let dump = format!("{} {app:?}", app.dump_user("ada", at(0)).unwrap());
    assert!(dump.contains(&started.token), "{dump}");
    for secret in [
        &started.secret,
        &link,
        &device.secret,
        &device.service_secret,
        &app.application.secret,
    ] {
        assert!(!dump.contains(secret.as_str()), "{dump}");
    }
}

#[test]
fn who_looks_on_sees_devices_sessions_and_what_waits() {
    let (mut supplies, mut app) = with_phone();
    app.add_users(vec!["bob".into()]);
    let requested = Requested {
        facial: true,
        ..Requested::default()
    };
    for second in [1, 2] {
        app.authenticate(&mut supplies.turn(at(second)), "ada", requested)
            .unwrap();
    }
    let seen = app.seen_users(9, at(2));
    let ids: Vec<_> = seen.iter().map(|seen| seen.id).collect();
    assert_eq!(ids, ["bob", "ada"], "those added last first");
    assert!(seen[0].device.is_none() && seen[1].device.is_some());
    let sessions: Vec<_> = seen[1]
        .sessions
        .iter()
        .map(|(_, status, _)| *status)
        .collect();
    assert_eq!(sessions, [Status::Pending; 2]);
    assert_eq!(app.seen_users(1, at(2)).len(), 1);

    let waiting = app.waiting(at(2));
    let times: Vec<_> = waiting
        .iter()
        .map(|one| (one.started, one.deadline))
        .collect();
    assert_eq!(times, [(at(1), at(61)), (at(2), at(62))], "oldest first");
    assert_eq!(
        (waiting[0].user_id, waiting[0].requested),
        ("ada", requested)
    );
    let request = waiting[0].request_id.to_owned();
    let refused = Findings {
        cancelled: true,
        ..Findings::default()
    };
    app.answer(&request, refused, at(3)).unwrap();
    assert_eq!(app.waiting(at(3)).len(), 1);
    assert!(app.waiting(at(62)).is_empty(), "its time is over");
}

#[test]
fn the_ids_of_users_have_a_bound_in_bytes() {
    let (_, mut app) = world();
    let long = |number: usize| format!("{number:02048}");
    let most = crate::bounds::USER_ID_BYTES / 2048;
    let ids: Vec<String> = (0..=most).map(long).collect();
    assert!(app.room_for(&ids).unwrap_err().contains("16777216 bytes"));
    assert_eq!(app.room_for(&ids[1..]), Ok(()));
    app.add_users(ids[1..].to_vec());
    assert!(app.room_for(&ids[..1]).is_err());
    assert_eq!(app.room_for(&ids[1..]), Ok(()), "they are there");
    app.delete_users(&ids[1..2]);
    assert_eq!(app.room_for(&ids[..1]), Ok(()));
}

#[test]
fn a_user_too_many_has_no_room_and_one_that_there_is_has() {
    let (_, mut app) = world();
    let most = crate::bounds::USERS;
    app.add_users((1..most).map(|number| number.to_string()).collect());
    let room = |app: &super::Activeconnect, ids: &[&str]| {
        app.room_for(&ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(room(&app, &["ada"]), Ok(()));
    assert!(
        room(&app, &["ada", "bob"])
            .unwrap_err()
            .contains("100000 users")
    );
    app.add_users(vec!["Ada".into()]);
    assert_eq!(room(&app, &["ada", "7"]), Ok(()));
    assert!(room(&app, &["bob"]).is_err());
}

/// An application that keeps so many sessions, with these users and their phones.
fn small(sessions: usize, users: &[&str]) -> (Supplies, Activeconnect) {
    let limits = Limits {
        sessions,
        ..Limits::default()
    };
    let (mut supplies, mut app) = (
        Supplies::new([7; 32], 10),
        Activeconnect::new(Arc::new(Application::default()), limits),
    );
    for user in users {
        app.add_users(vec![(*user).to_owned()]);
        let turn = &mut supplies.turn(at(0));
        let link = app.registration_link(turn, user).unwrap();
        assert!(app.register(turn, &link, phone(user)).is_ok());
    }
    (supplies, app)
}

#[test]
fn an_application_keeps_so_many_sessions_and_what_has_ended_leaves_first() {
    let (mut supplies, mut app) = small(4, &["ada", "bob", "eve"]);
    let mut start = |app: &mut Activeconnect, user: &str, seconds: i64| {
        let turn = &mut supplies.turn(at(seconds));
        let started = app.authenticate(turn, user, Requested::default());
        started.unwrap().unwrap().token
    };
    let oldest = start(&mut app, "ada", 0);
    let timed_out = start(&mut app, "bob", 1);
    let closed = start(&mut app, "eve", 50);
    let active = start(&mut app, "ada", 50);
    app.happen("ada", Event::Accept, at(51)).unwrap();
    app.happen("ada", Event::Accept, at(51)).unwrap();
    app.close_session(&closed, at(52)).unwrap();
    let known = |app: &Activeconnect| {
        [&oldest, &timed_out, &closed, &active]
            .map(|token| app.session_status(token, at(62)).is_ok())
    };
    assert_eq!(known(&app), [true; 4]);
    start(&mut app, "eve", 62);
    assert_eq!(known(&app), [true, true, false, true], "one that was ended");
    start(&mut app, "eve", 62);
    assert_eq!(
        known(&app),
        [true, false, false, true],
        "one whose time is over"
    );
    start(&mut app, "eve", 62);
    assert_eq!(known(&app), [false, false, false, true], "the oldest");
    assert_eq!(
        (app.sessions.len(), app.requests.len(), app.roll.len()),
        (4, 4, 4)
    );
}

#[test]
fn the_list_of_open_requests_is_that_of_those_that_wait() {
    let (mut supplies, mut app) = small(100, &["ada", "bob"]);
    for (user, seconds) in [("ada", 0), ("bob", 0), ("ada", 30)] {
        let turn = &mut supplies.turn(at(seconds));
        app.authenticate(turn, user, Requested::default()).unwrap();
    }
    let waiting = |app: &Activeconnect, seconds: i64| -> Vec<(String, i64)> {
        let waiting = app.waiting(at(seconds)).into_iter();
        waiting
            .map(|one| (one.user_id.to_owned(), one.started.as_second()))
            .collect()
    };
    assert_eq!(waiting(&app, 59).len(), 3);
    assert_eq!(waiting(&app, 60), [("ada".to_owned(), 30)]);
    assert_eq!(waiting(&app, 1).len(), 3, "the clock went back");
    app.happen("bob", Event::Cancel, at(31)).unwrap();
    assert_eq!(waiting(&app, 31).len(), 2);
    app.lost_device(&mut supplies.turn(at(32)), "ada").unwrap();
    assert!(waiting(&app, 32).is_empty(), "nobody has a phone for them");
    app.delete_users(&["ada".into(), "bob".into()]);
    assert_eq!(app.roll.len(), 0);
}

#[test]
fn a_copy_begins_another_application_with_devices_and_without_sessions() {
    let (mut supplies, mut app) = with_phone();
    let started = app.authenticate(&mut supplies.turn(at(10)), "ada", Requested::default());
    let token = started.unwrap().unwrap().token;
    let other = Application {
        id: "other".into(),
        ..Application::default()
    };
    let own = Activeconnect::new(Arc::new(other), Limits::default());
    let mut copy = app.clone().adopted(&own);
    assert!(app.session_status(&token, at(11)).is_ok());
    assert!(copy.session_status(&token, at(11)).is_err());
    assert_eq!(copy.has_device("ada"), Ok(true));
    assert!(0 < copy.size() && copy.size() < app.size());
    let again = copy.authenticate(&mut supplies.turn(at(12)), "ada", Requested::default());
    assert!(again.unwrap().is_some());
    copy.add_users(vec!["bob".into()]);
    assert_eq!((copy.population(), app.population()), (2, 1));
    assert!(format!("{:?}", copy.has_device("eve")).contains("other"));
}
