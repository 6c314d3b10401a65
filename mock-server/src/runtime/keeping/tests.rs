//! A mock that goes on with a data directory, beside the one that has written it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::domain::activeconnect::session::Requested;
use crate::domain::authsignal::action::Known;
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::user::Attributes;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{ChallengeRequest, Enrollment};
use crate::runtime::journal::{Note, Wire};
use crate::runtime::lock::lock;
use crate::runtime::seed::Seed;
use crate::runtime::{App, Behaviour, DataDirectory, Durability, Tenant, Wanted};

fn behaviour() -> Behaviour {
    Behaviour {
        deterministic: true,
        code_limits: true,
        ..Behaviour::default()
    }
}

fn open(directory: &Path, seed: Seed) -> Arc<App> {
    let data = DataDirectory {
        path: directory.to_owned(),
        durability: Durability::Os,
    };
    App::kept(behaviour(), seed, &data).unwrap()
}

/// Stops a mock as the program does, and starts it again.
fn restarted(app: Arc<App>, directory: &Path) -> Arc<App> {
    app.durable.as_ref().unwrap().finish();
    drop(app);
    open(directory, Seed::demo())
}

fn object(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

/// Everything of a mock.
fn told(app: &App) -> Value {
    let snapshots = app.snapshots(None, None).into_iter();
    let snapshots = snapshots.map(|kept| {
        let moment = &kept.moment;
        (
            kept.tenant.name().to_owned(),
            kept.name.clone(),
            moment.at(),
        )
    });
    let tenants = app.tenants();
    let tenants = tenants.iter().map(|tenant| {
        let ledger = tenant.ledger();
        (ledger.number(), tenant.name().to_owned(), ledger.life())
    });
    let journals = app.tenants();
    let journals = journals.iter().map(|tenant| {
        let journal = lock(&tenant.ledger().journal);
        let entries = journal.newest_first().map(|entry| {
            let carried = journal.carried(entry).unwrap();
            let told = (entry.number, entry.api, entry.operation, &entry.target);
            let bodies = (carried.request(), carried.answer());
            format!("{told:?} {} {:?} {bodies:?}", entry.at, carried.headers())
        });
        entries.collect::<Vec<_>>()
    });
    json!({
        "journals": journals.collect::<Vec<_>>(),
        "dump": app.dump(None, true),
        "snapshots": snapshots.collect::<Vec<_>>(),
        "tenants": tenants.collect::<Vec<_>>(),
        "newest": app.newest(),
        "resets": app.resets(),
        "clock": app.clock.setting(),
    })
}

fn sms(number: &str) -> Enrollment {
    Enrollment {
        phone_number: Some(number.to_owned()),
        ..Enrollment::new(Method::Sms)
    }
}

/// Changes a little of everything at Authsignal.
fn live(app: &App, tenant: &Tenant, user_id: &str) {
    let part = tenant.authsignal().unwrap();
    part.transact(|authsignal, turn| {
        let attributes = Attributes {
            email: Some(format!("{user_id}@example.com")),
            ..Attributes::default()
        };
        authsignal.update_user(turn, user_id, attributes).unwrap();
        authsignal
            .enroll(turn, user_id, sms("+64270000001"))
            .unwrap();
        authsignal.see_device_for_tests(user_id, "a device", turn.now);
        for key in ["1", "2"] {
            let known = Known {
                idempotency_key: Some(key.to_owned()),
                ..Known::default()
            };
            authsignal.track(turn, user_id, "signIn", known).unwrap();
        }
        let bearer = Bearer {
            user_id: user_id.to_owned(),
            action: "signIn".to_owned(),
            key: "1".to_owned(),
            scope: String::new(),
            contact: Default::default(),
        };
        let sent = authsignal.challenge_message(turn, &bearer, Method::Sms, None, "http://mock");
        sent.unwrap();
        let wrong = authsignal.verify_code(turn, &bearer, Method::Sms, "no code");
        assert!(wrong.is_ok());
        let request = ChallengeRequest {
            method: Some(Method::Sms),
            action: Some("signIn".into()),
            phone_number: Some("+15550199".into()),
            ..ChallengeRequest::default()
        };
        authsignal.challenge(turn, request).unwrap();
        authsignal
            .update_user(turn, "gone", Attributes::default())
            .unwrap();
        authsignal.delete_user(turn, "gone", true);
        let client = authsignal.open_session_for_tests(turn, user_id);
        assert!(!client.refresh_token.is_empty());
    });
    let part = tenant.activeconnect().unwrap();
    part.transact(|activeconnect, turn| {
        activeconnect.add_users(vec![user_id.to_owned(), "gone".to_owned()]);
        activeconnect.registration_link(turn, user_id).unwrap();
        activeconnect.delete_users(&["gone".to_owned()]);
        let started = activeconnect.authenticate(turn, "ada@example.com", Requested::default());
        drop(started);
    });
    let ledger = tenant.ledger();
    let note = Note {
        operation: Some("track"),
        user_id: Some(user_id.to_owned()),
        wire: Wire {
            user_agent: "agent",
            headers: b"x-trace: 7\n".to_vec(),
            request: b"{\"a\": 1}",
            answer: b"[]",
            ..Wire::default()
        },
        ..Note::new("authsignal", "POST", format!("/v1/users/{user_id}"), 200)
    };
    app.record(Some(ledger), note);
    assert!(ledger.first_use("app", user_id, 0, 1 << 40));
    ledger.within_rate(100).unwrap();
}

#[test]
fn a_mock_that_starts_again_goes_on_with_everything() {
    let directory = tempfile::tempdir().unwrap();
    let app = open(directory.path(), Seed::demo());
    let demo = app.tenants().remove(0);
    live(&app, &demo, "bob");
    let scenarios = json!([{"userId": "bob", "outcome": "BLOCK"}, {"fault": {"status": 503}}]);
    let scenarios = serde_json::from_value(scenarios).unwrap();
    demo.plan_scenarios(scenarios, false).unwrap();
    app.change_clock_of(&demo, None, Duration::from_secs(90));
    app.take_snapshots(Some(Arc::clone(&demo)), "before")
        .unwrap();
    app.take_snapshots(None, "of all").unwrap();
    live(&app, &demo, "eve");
    let named = Wanted {
        name: Some("Named".to_owned()),
        ttl: Some(Duration::from_secs(1_000)),
        ..Wanted::default()
    };
    let named = app.create_as(named).unwrap();
    live(&app, &named, "carol");
    let like = Wanted {
        start: Some(Arc::new(demo.moment())),
        ..Wanted::default()
    };
    let like = app.create_as(like).unwrap();
    live(&app, &like, "dora");
    let of_seed = json!({"authsignal": {"users": [{"userId": "of the seed"}]}});
    let of_seed = app.create(Some(object(of_seed))).unwrap();
    let gone = app.create(None).unwrap();
    live(&app, &gone, "gone");
    app.delete(&gone);
    app.clock.change(Some(true), Duration::from_secs(7));
    app.restore_snapshots(Some(Arc::clone(&demo)), "before");
    live(&app, &demo, "fay");
    drop((demo, named, like, of_seed, gone));
    let before = told(&app);

    let app = restarted(app, directory.path());
    assert_eq!(told(&app), before);
    // Nothing that goes on from here is another than without the restart.
    let app = restarted(app, directory.path());
    assert_eq!(told(&app), before, "twice");
    let demo = app.tenants().remove(0);
    assert!(!demo.ledger().first_use("app", "fay", 0, 1 << 40));
    let refused = (0..5).find_map(|_| demo.ledger().within_rate(5).err());
    assert!(refused.is_some(), "requests that were counted still count");
    for name in ["Named", "of the seed"] {
        assert!(before.to_string().contains(name), "{name}");
    }
    for tenant in app.tenants() {
        live(&app, &tenant, "after");
        let changed = told(&app);
        app.reset_tenant(&tenant);
        assert_ne!(told(&app), changed);
    }
    let before = told(&app);
    let app = restarted(app, directory.path());
    assert_eq!(told(&app), before, "after resets");
    app.reset();
    let fresh = App::new(behaviour(), Seed::demo()).unwrap();
    assert_eq!(app.dump(None, true), fresh.dump(None, true));
    let app = restarted(app, directory.path());
    assert_eq!(app.dump(None, true), fresh.dump(None, true));
}

#[test]
fn a_tenant_of_the_seed_that_was_deleted_stays_deleted_until_a_reset_and_a_new_one_is_added() {
    let directory = tempfile::tempdir().unwrap();
    let seed = |ids: &[&str]| {
        let tenants = ids.iter().map(|id| {
            let secret = format!("secret of {id}");
            json!({"authsignal": {"id": id, "secret": secret, "users": [{"userId": "seeded"}]}})
        });
        Seed::from_value(json!({"tenants": tenants.collect::<Vec<_>>()})).unwrap()
    };
    let names = |app: &App| {
        let all = app.authsignals();
        all.iter()
            .map(|part| part.account().id.clone())
            .collect::<Vec<_>>()
    };
    let app = open(directory.path(), seed(&["a", "b"]));
    app.delete(&app.tenant("b").unwrap());
    let part = app.authsignal("a").unwrap();
    part.transact(|authsignal, turn| authsignal.delete_user(turn, "seeded", true));
    drop(part);
    app.durable.as_ref().unwrap().finish();
    drop(app);
    let app = open(directory.path(), seed(&["a", "b", "c"]));
    assert_eq!(names(&app), ["a", "c"]);
    let knows = |id: &str| {
        let part = app.authsignal(id).unwrap();
        part.look(|authsignal, _| authsignal.user("seeded").is_some())
    };
    assert!(!knows("a") && knows("c"));
    app.reset();
    assert_eq!(names(&app), ["a", "b", "c"]);
    assert!(knows("a") && knows("b"));
    app.durable.as_ref().unwrap().finish();
    drop(app);
    let app = open(directory.path(), seed(&["c"]));
    assert_eq!(names(&app), ["a", "b", "c"], "what is there goes on");
    app.reset();
    assert_eq!(names(&app), ["c"], "a reset goes back to the seed");
    app.durable.as_ref().unwrap().finish();
}

#[test]
fn a_loaded_tenant_and_a_replaced_one_go_on() {
    let directory = tempfile::tempdir().unwrap();
    let app = open(directory.path(), Seed::demo());
    let dump = app.dump(None, true);
    live(&app, &app.tenants().remove(0), "bob");
    app.load(dump).unwrap();
    live(&app, &app.tenants().remove(0), "eve");
    let before = told(&app);
    let app = restarted(app, directory.path());
    assert_eq!(told(&app), before);
    app.reset_tenant(&app.tenants().remove(0));
    let fresh = App::new(behaviour(), Seed::demo()).unwrap();
    assert_eq!(app.dump(None, true), fresh.dump(None, true));
    app.durable.as_ref().unwrap().finish();
}

#[test]
fn a_directory_of_the_other_mode_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let app = open(directory.path(), Seed::default());
    app.durable.as_ref().unwrap().finish();
    drop(app);
    let data = DataDirectory {
        path: directory.path().to_owned(),
        durability: Durability::Os,
    };
    let refused = App::kept(Behaviour::default(), Seed::default(), &data).unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("with --deterministic"), "{refused}");
}
