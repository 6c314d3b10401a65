//! The list of a tenant's scenarios: set, added to, taken back, drawn from a seed, kept in snapshots and dumps, and refused
//! where one cannot be.

use serde_json::{Value, json};
use stepup_client::Kind;
use stepup_client::mock_control::MockControl;
use stepup_mock::{NextOutcome, Outcome};

use super::with_phones;
use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::{API_SECRET, APPLICATION, TENANT};

fn ids(scenarios: &Value) -> Vec<&str> {
    let scenarios = scenarios.as_array().unwrap().iter();
    scenarios.map(|one| one["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_client_of_the_control_api_plans_scenarios() {
    let tenant = Tenant::new().await;
    let control = MockControl::new(tenant.server.url()).unwrap();
    let first = json!([{"outcome": "BLOCK"}, {"id": "lost", "delivery": "fails"}]);
    assert_eq!(control.set_scenarios(None, first).await.unwrap().len(), 2);
    let more = json!([{"fault": {"operation": "track", "status": 503}}]);
    assert_eq!(control.add_scenarios(None, more).await.unwrap().len(), 3);
    assert_eq!(
        ids(&tenant.to_come().await),
        ["scenario-1", "lost", "scenario-2"]
    );
    let left = control.delete_scenario(None, "lost").await.unwrap();
    assert_eq!(left.len(), 2);
    let codes = json!([{"id": "codes", "code": "123456"}]);
    control.add_scenarios(None, codes).await.unwrap();
    assert_eq!(tenant.to_come().await[2]["code"], "123456");
    control.delete_scenario(None, "codes").await.unwrap();
    let gone = control.delete_scenario(None, "lost").await.unwrap_err();
    assert_eq!(gone.kind(), Kind::NotFound);
    let unreadable = control
        .set_scenarios(None, json!({"outcome": "BLOCK"}))
        .await;
    assert_eq!(unreadable.unwrap_err().kind(), Kind::InvalidInput);
    let impossible = control
        .set_scenarios(None, json!([{"userId": "ada"}]))
        .await;
    assert_eq!(impossible.unwrap_err().kind(), Kind::Rejected);
    assert_eq!(tenant.to_come().await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn next_outcome_and_next_facts_are_the_short_form_over_the_same_list() {
    let tenant = Tenant::new().await;
    let block = json!({"userId": "ada", "action": "pay", "outcome": "BLOCK"});
    tenant
        .control("/_mock/authsignal/next-outcome", block)
        .await;
    let facts = json!({"action": "pay", "ip": {"isAnonymous": true}});
    tenant.control("/_mock/authsignal/next-facts", facts).await;
    let planned = tenant.to_come().await;
    assert_eq!(
        planned,
        json!([
            {"id": "scenario-1", "userId": "ada", "action": "pay", "times": 1, "outcome": "BLOCK"},
            {"id": "scenario-2", "action": "pay", "times": 1, "facts": {"ip": {"isAnonymous": true}}},
        ])
    );
    let more = json!({"add": true, "scenarios": [{"outcome": "REVIEW"}, {"outcome": "ALLOW", "times": 3}]});
    tenant.control("/_mock/scenarios", more).await;
    let allow = json!({"userId": "ada", "action": "pay", "outcome": "ALLOW"});
    let set = tenant
        .control("/_mock/authsignal/next-outcome", allow)
        .await;
    assert_eq!(
        set["nextOutcomes"],
        json!([{"outcome": "REVIEW"}, {"userId": "ada", "action": "pay", "outcome": "ALLOW"}])
    );
    assert_eq!(
        set["replaced"],
        json!({"userId": "ada", "action": "pay", "outcome": "BLOCK"})
    );
    let other = json!({"action": "pay", "ip": {"isAnonymous": false}});
    let set = tenant.control("/_mock/authsignal/next-facts", other).await;
    assert_eq!(
        set["replaced"],
        json!({"action": "pay", "ip": {"isAnonymous": true}})
    );
    let other = json!({"action": "signIn", "device": {"isBot": true}});
    let set = tenant.control("/_mock/authsignal/next-facts", other).await;
    assert!(set.get("replaced").is_none(), "{set}");
    let back = json!({"action": "signIn"});
    tenant.control("/_mock/authsignal/next-facts", back).await;
    let take_back = json!({"action": "pay"});
    tenant
        .control("/_mock/authsignal/next-facts", take_back)
        .await;
    assert_eq!(
        ids(&tenant.to_come().await),
        ["scenario-3", "scenario-4", "scenario-5"]
    );
}

#[tokio::test]
async fn a_seed_plans_scenarios_and_a_reset_restores_them() {
    let seed = json!({"tenants": [{
        "authsignal": {"id": TENANT, "secret": API_SECRET},
        "scenarios": [
            {"action": "pay", "outcome": "BLOCK"},
            {"fault": {"operation": "track", "skip": 1, "status": 503}},
        ],
    }]});
    let tenant = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    let pay = Tenant::request("POST", "/v1/users/ada/actions/pay").json("{}".to_owned());
    for _ in 0..2 {
        let blocked = tenant.answer(200, &pay).await.json();
        assert_eq!(blocked["state"], "BLOCK");
        tenant.answer(503, &pay).await;
        tenant.answer(200, &pay).await;
        tenant
            .plan(json!([{"always": true, "outcome": "REVIEW"}]))
            .await;
        tenant.server.reset();
    }
    for (scenario, told) in [
        (json!({"outcom": "BLOCK"}), "outcome"),
        (
            json!({"code": "123"}),
            "tenants[0].scenarios[0].code: has 3 digits",
        ),
        (json!({"phone": "aprove"}), "approve"),
        (
            json!({"fault": {"status": 503, "times": 0}}),
            "tenants[0].scenarios[0].fault.times",
        ),
    ] {
        let tenant =
            json!({"authsignal": {"id": TENANT, "secret": API_SECRET}, "scenarios": [scenario]});
        let builder = stepup_mock::MockServer::builder();
        let started = match builder.seed_value(json!({"tenants": [tenant]})) {
            Ok(builder) => builder.start().await.map(drop),
            Err(why) => Err(why),
        };
        let why = started.unwrap_err().to_string();
        assert!(why.contains(told), "{why}");
    }
}

#[tokio::test]
async fn a_snapshot_and_a_dump_carry_scenarios_and_what_is_due() {
    let mock = with_phones(&["ada"]).await;
    mock.plan(json!([
        {"phone": "approve", "afterSeconds": 5},
        {"outcome": "BLOCK", "times": 2},
        {"fault": {"operation": "track", "status": 503}},
    ]))
    .await;
    let session = mock.session("ada").await;
    let snapshot = json!({"name": "waits"});
    mock.control("/_mock/snapshots", snapshot.clone()).await;
    let dump = mock
        .answer(200, &Request::new("GET", "/_mock/dump"))
        .await
        .json();
    let planned = mock.to_come().await;
    assert_eq!(planned.as_array().unwrap().len(), 2, "the phone is used up");
    mock.seconds(5).await;
    assert_eq!(mock.status(&session).await, "active");
    mock.plan(json!([])).await;
    mock.control("/_mock/snapshots/restore", snapshot).await;
    assert_eq!(mock.to_come().await, planned);
    assert_eq!(mock.status(&session).await, "pending");
    mock.seconds(5).await;
    assert_eq!(mock.status(&session).await, "active");

    let other = Tenant::of(|builder| builder.verify_signatures(false)).await;
    let load = Request::new("POST", "/_mock/load").json(dump.to_string());
    other.answer(200, &load).await;
    assert_eq!(other.to_come().await, planned);
    assert_eq!(other.status(&session).await, "pending");
    other.seconds(5).await;
    assert_eq!(other.status(&session).await, "active");
    let track = Tenant::request("POST", "/v1/users/ada/actions/pay").json("{}".to_owned());
    other.answer(503, &track).await;
    assert_eq!(other.answer(200, &track).await.json()["state"], "BLOCK");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_its_place_and_changes_nothing() {
    let tenant = Tenant::new().await;
    tenant
        .plan(json!([{"id": "mine", "outcome": "BLOCK"}]))
        .await;
    let before = tenant.server.state();
    for (scenario, told) in [
        (
            json!({"userId": "ada"}),
            "/scenarios/1: says none of outcome",
        ),
        (
            json!({"outcome": "BLOCK", "delivery": "fails"}),
            "/scenarios/1: says more than one",
        ),
        (json!({"outcome": "BLOK"}), "BLOCK"),
        (json!({"outcom": "BLOCK"}), "did you mean outcome"),
        (json!({"phone": "walkaway"}), "walk_away"),
        (json!({"code": "12345"}), "/scenarios/1/code: has 5 digits"),
        (
            json!({"code": "12345x"}),
            "/scenarios/1/code: character 6 is none of the digits 0 to 9",
        ),
        (
            // Digits of another script.
            json!({"code": "１２３４５６"}),
            "/scenarios/1/code: character 1 is none of the digits 0 to 9, though it may look like one",
        ),
        (
            json!({"id": "..", "outcome": "BLOCK"}),
            "/scenarios/1/id: `.` and `..`",
        ),
        (
            json!({"fault": {"id": ".", "status": 503}}),
            "/scenarios/1/fault/id: `.` and `..`",
        ),
        (json!({"code": ""}), "/scenarios/1/code"),
        (
            json!({"outcome": "BLOCK", "channel": "sms"}),
            "/scenarios/1/channel: only a message",
        ),
        (
            json!({"code": "123456", "afterSeconds": 1}),
            "/scenarios/1/afterSeconds: only a person",
        ),
        (
            json!({"outcome": "BLOCK", "times": 1, "always": true}),
            "/scenarios/1/times",
        ),
        (
            json!({"phone": "deny", "afterSeconds": 31_536_001}),
            "/scenarios/1/afterSeconds",
        ),
        (json!({"facts": {}}), "/scenarios/1/facts: has no fact"),
        (
            json!({"facts": {"ip": {"countryCode": "FRA"}}}),
            "/scenarios/1/facts/ip/countryCode",
        ),
        (json!({"facts": {"ip": {"country": "FR"}}}), "countryCode"),
        (
            json!({"fault": {}}),
            "/scenarios/1/fault: nothing goes wrong",
        ),
        (
            json!({"fault": {"status": 503}, "skip": 1}),
            "/scenarios/1/skip: a fault says",
        ),
        (
            json!({"fault": {"operation": "trak", "status": 503}}),
            "did you mean track?",
        ),
    ] {
        for add in [false, true] {
            let body = json!({"add": add, "scenarios": [{"delivery": "fails"}, scenario]});
            let request = Request::new("POST", "/_mock/scenarios").json(body.to_string());
            let refused = tenant.answer(400, &request).await.json();
            let message = refused["message"].as_str().unwrap();
            assert!(message.contains(told), "{message}");
            assert_eq!(tenant.server.state(), before);
        }
    }
    let twice = json!({"add": true, "scenarios": [{"id": "mine", "outcome": "ALLOW"}]});
    let request = Request::new("POST", "/_mock/scenarios").json(twice.to_string());
    let refused = tenant.answer(400, &request).await.json();
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("/0/id: another scenario has this id"),
        "{message}"
    );
    let many = json!({"add": true, "scenarios": vec![json!({"outcome": "BLOCK"}); 300]});
    let request = Request::new("POST", "/_mock/scenarios").json(many.to_string());
    let refused = tenant.answer(400, &request).await.json();
    let message = refused["message"].as_str().unwrap();
    assert!(
        message.contains("there are 301; a tenant has at most 300"),
        "{message}"
    );
    assert_eq!(ids(&tenant.to_come().await), ["mine"]);
}

#[tokio::test]
async fn an_action_that_can_never_be_is_refused_in_the_words_of_track() {
    let tenant = Tenant::new().await;
    let long = "p".repeat(65);
    let known = json!({"actions": [{"action": "pay now", "outcome": "ALLOW"}]});
    tenant.control("/_mock/authsignal", known).await;
    for (code, words) in [
        (
            "pay%20it",
            "has the wrong form; it must have 1 to 64 letters, digits, `_` or `-`",
        ),
        (&*long, "is too long; it must have at most 64 characters"),
    ] {
        let path = format!("/v1/users/ada/actions/{code}");
        let track = Request::new("POST", &path)
            .basic(API_SECRET)
            .json("{}".to_owned());
        let refused = tenant.answer(400, &track).await.text();
        assert!(refused.contains(&words.replace('"', "\\\"")), "{refused}");
        let action = code.replace("%20", " ");
        for (path, status, member, body) in [
            (
                "/_mock/scenarios",
                400,
                "/scenarios/0/action: ",
                json!({"scenarios": [{"action": &action, "outcome": "BLOCK"}]}),
            ),
            (
                "/_mock/scenarios",
                400,
                "/scenarios/0/action: ",
                json!({"scenarios": [{"action": &action, "phone": "approve"}]}),
            ),
            (
                "/_mock/authsignal/next-outcome",
                404,
                "/action: ",
                json!({"action": &action, "outcome": "BLOCK"}),
            ),
            (
                "/_mock/authsignal/next-facts",
                404,
                "/action: ",
                json!({"action": &action, "device": {"isBot": true}}),
            ),
        ] {
            let request = Request::new("POST", path).json(body.to_string());
            let refused = tenant.answer(status, &request).await.json();
            let message = refused["message"].as_str().unwrap();
            assert!(
                message.contains(&format!("body {member}{words}, so `track`")),
                "{message}"
            );
        }
        let set = tenant
            .server
            .authsignal()
            .set_next_outcome(NextOutcome::new(Outcome::Block).action(&action));
        let refused = set.unwrap_err().to_string();
        assert!(
            refused.starts_with(&format!("action: {words}")),
            "{refused}"
        );
    }
    assert_eq!(tenant.to_come().await, json!([]));
    let known = json!({"scenarios": [{"action": "pay now", "outcome": "BLOCK"}]});
    tenant.control("/_mock/scenarios", known).await;
    let user = json!({"userId": "u".repeat(1025), "outcome": "BLOCK"});
    let request = Request::new("POST", "/_mock/authsignal/next-outcome").json(user.to_string());
    tenant.answer(400, &request).await;
}

#[tokio::test]
async fn tenants_have_scenarios_of_their_own_and_one_without_authsignal_has_fewer() {
    let seed = json!({"tenants": [
        {"activeconnect": {"id": APPLICATION, "secret": "mock-app-secret-24-bytes"},
            "authsignal": {"id": TENANT, "secret": API_SECRET}},
        {"activeconnect": {"id": "phones", "secret": "phones-secret-of-24-bytes"}},
    ]});
    let mock = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    let plan = |body: Value| Request::new("POST", "/_mock/scenarios").json(body.to_string());
    let unnamed = plan(json!({"scenarios": []}));
    mock.answer(400, &unnamed).await;
    for (scenario, place) in [
        (
            json!({"outcome": "BLOCK"}),
            "/0/outcome: the tenant is not at Authsignal",
        ),
        (json!({"code": "123456"}), "/0/code"),
        (json!({"phone": "approve", "action": "pay"}), "/0/action"),
    ] {
        let body = json!({"tenant": "phones", "scenarios": [scenario]});
        let refused = mock.answer(400, &plan(body)).await.json();
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(place), "{message}");
    }
    let planned =
        json!({"tenant": "phones", "scenarios": [{"delivery": "fails"}, {"phone": "deny"}]});
    mock.answer(200, &plan(planned)).await;
    let all = mock
        .answer(200, &Request::new("GET", "/_mock/scenarios"))
        .await
        .json();
    assert_eq!(all["tenants"][0]["scenarios"], json!([]));
    assert_eq!(all["tenants"][1]["scenarios"].as_array().unwrap().len(), 2);
    let tenants = mock
        .answer(200, &Request::new("GET", "/_mock/tenants"))
        .await
        .json();
    assert_eq!(tenants["tenants"][0].get("scenarios"), None);
    assert_eq!(tenants["tenants"][1]["scenarios"][1]["phone"], "deny");
}
