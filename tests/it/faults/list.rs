//! The list of a tenant's faults: set, added to, taken back, drawn from a seed, and gone with a reset.

use serde_json::{Value, json};
use stepup_client::Kind;
use stepup_client::mock_control::MockControl;

use super::Pair;
use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::API_SECRET;

fn ids(faults: &Value) -> Vec<&str> {
    let faults = faults.as_array().unwrap().iter();
    faults.map(|fault| fault["id"].as_str().unwrap()).collect()
}

fn of(user: &str) -> Request {
    Tenant::request("POST", &format!("/v1/users/{user}/actions/pay")).json("{}")
}

#[tokio::test]
async fn faults_are_added_and_taken_back_one_by_one() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    pair.plan(json!([{"status": 503, "always": true}])).await;
    let more = json!({"tenant": pair.faulty.id(), "add": true, "faults": [
        {"id": "slow", "latency": {"milliseconds": 1}},
        {"status": 500, "times": 2},
    ]});
    let all = mock.control("/_mock/faults", more.clone()).await;
    assert_eq!(ids(&all["faults"]), ["fault-1", "slow", "fault-2"]);
    let twice = Request::new("POST", "/_mock/faults").json(more.to_string());
    let why = mock.answer(400, &twice).await.json()["message"].to_string();
    assert!(
        why.contains("body /faults/0/id: another fault has this id"),
        "{why}"
    );
    let target = |id| format!("/_mock/faults/{id}?tenant={}", pair.faulty.id());
    let delete = |id| Request::new("DELETE", &target(id));
    let left = mock.answer(200, &delete("fault-1")).await.json();
    assert_eq!(ids(&left["faults"]), ["slow", "fault-2"]);
    mock.answer(404, &delete("fault-1")).await;
    assert!(pair.track("one").await.is_err());
    let left = pair.waiting().await;
    assert_eq!(
        (ids(&left), &left[0]["times"]),
        (vec!["fault-2"], &json!(1))
    );
    pair.plan(json!([])).await;
    drop(pair.track("two").await.unwrap());
}

#[tokio::test]
async fn a_client_of_the_control_api_plans_faults() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    let control = MockControl::new(mock.server.url()).unwrap();
    let of = Some(pair.faulty.id());
    let planned = control
        .set_faults(of, json!([{"status": 503}]))
        .await
        .unwrap();
    assert_eq!(planned.len(), 1);
    let more = json!([{"id": "slow", "latency": {"milliseconds": 1}}]);
    assert_eq!(control.add_faults(of, more).await.unwrap().len(), 2);
    assert_eq!(ids(&pair.waiting().await), ["fault-1", "slow"]);
    assert_eq!(control.delete_fault(of, "slow").await.unwrap().len(), 1);
    let gone = control.delete_fault(of, "slow").await.unwrap_err();
    assert_eq!(gone.kind(), Kind::NotFound);
    let unreadable = control.set_faults(of, json!({"status": 503})).await;
    assert_eq!(unreadable.unwrap_err().kind(), Kind::InvalidInput);
    let impossible = control.set_faults(of, json!([{"error": "none"}])).await;
    assert_eq!(impossible.unwrap_err().kind(), Kind::Rejected);
    assert!(pair.track("one").await.is_err());
    drop(pair.track("two").await.unwrap());
}

#[tokio::test]
async fn failures_are_the_short_form_over_the_same_list() {
    let tenant = Tenant::new().await;
    let failures = json!({"failures": [{"operation": "track", "status": 503}]});
    tenant.control("/_mock/failures", failures).await;
    let list = |path| {
        let request = Request::new("GET", path);
        let tenant = &tenant;
        async move { tenant.answer(200, &request).await.json()["tenants"][0].clone() }
    };
    let faults = list("/_mock/faults").await;
    let short = json!({"id": "fault-1", "operation": "track", "times": 1, "status": 503});
    assert_eq!(faults["faults"], json!([short]));
    let more = json!({"add": true, "faults": [{"status": 500, "times": 3}, {"malformed": true}]});
    tenant.control("/_mock/faults", more).await;
    let failures = list("/_mock/failures").await["failures"].clone();
    assert_eq!(
        failures,
        json!([{"operation": "track", "times": 1, "status": 503}, {"times": 3, "status": 500}])
    );
    tenant
        .control("/_mock/failures", json!({"failures": []}))
        .await;
    assert_eq!(list("/_mock/faults").await["faults"], json!([]));
}

#[tokio::test]
async fn a_fault_is_about_a_user_after_some_requests() {
    let tenant = Tenant::new().await;
    let fault = json!({"userId": "bob", "skip": 1, "status": 503});
    tenant
        .control("/_mock/faults", json!({"faults": [fault]}))
        .await;
    for (user, status) in [("bob", 200), ("ada", 200), ("bob", 503), ("bob", 200)] {
        tenant.answer(status, &of(user)).await;
    }
    // The token of the Client API names the user, and so does a body.
    tenant.enroll("bob").await;
    let token = tenant.token("bob", "signIn").await;
    let fault = json!({"userId": "bob", "times": 2, "status": 503});
    tenant
        .control("/_mock/faults", json!({"faults": [fault]}))
        .await;
    let client = Request::new("GET", "/v1/client/user-authenticators").header(
        "Authorization",
        &format!("Bearer {}", token.as_str().unwrap()),
    );
    tenant.answer(503, &client).await;
    let body = json!({"userId": "bob", "token": token}).to_string();
    let validate = Tenant::request("POST", "/v1/validate").json(body);
    tenant.answer(503, &validate).await;
    tenant.answer(200, &validate).await;
}

#[tokio::test]
async fn probability_repeats_with_the_seed_and_changes_no_id() {
    let pattern = async |faults: Value| {
        let tenant = Tenant::new().await;
        tenant
            .control("/_mock/faults", json!({"faults": faults}))
            .await;
        let mut statuses = Vec::new();
        for _ in 0..60 {
            statuses.push(tenant.send(&of("ada")).await.status);
        }
        tenant.control("/_mock/faults", json!({"faults": []})).await;
        let next = tenant.post("/v1/users/ada/actions/pay", json!({})).await;
        (statuses, next["idempotencyKey"].clone())
    };
    let likely = json!([{"status": 503, "always": true, "probability": 0.3, "carriedOut": true}]);
    let (first, id) = pattern(likely.clone()).await;
    let failed = first.iter().filter(|status| **status == 503).count();
    assert!((9..28).contains(&failed), "{failed}");
    assert_eq!(pattern(likely).await, (first, id.clone()));
    let (well, same) = pattern(json!([])).await;
    assert!(well.iter().all(|status| *status == 200));
    assert_eq!(same, id);
}

#[tokio::test]
async fn a_seed_plans_faults_and_a_reset_restores_them() {
    let id = "00000000-0000-4000-8000-000000000001";
    let seed = json!({"tenants": [{
        "authsignal": {"id": id, "secret": API_SECRET},
        "failures": [{"operation": "track", "status": 500}],
        "faults": [{"operation": "track", "error": "too_many_requests"}],
    }]});
    let tenant = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    for _ in 0..2 {
        for status in [500, 429, 200] {
            tenant.answer(status, &of("ada")).await;
        }
        let more = json!({"faults": [{"status": 502, "always": true}]});
        tenant.control("/_mock/faults", more).await;
        tenant.server.reset();
    }
    let seed = |faults: Value| {
        let tenant = json!({"authsignal": {"id": id, "secret": API_SECRET}, "faults": faults});
        let builder = stepup_mock::MockServer::builder();
        let refused = builder.seed_value(json!({"tenants": [tenant]}));
        refused.err().map(|why| why.to_string()).unwrap_or_default()
    };
    let why = seed(json!([{"status": 503}, {"status": 503, "tims": 2}]));
    assert!(why.contains("tims") && why.contains("times"), "{why}");
}

#[tokio::test]
async fn the_simulated_phone_is_spared_and_the_journal_says_what_was_planned() {
    let tenant = Tenant::new().await;
    let link = tenant.server.activeconnect();
    for user in ["ada", "bob"] {
        link.create_user(user).unwrap();
    }
    link.phone("ada").register_with_new_link().await.unwrap();
    let faults = json!([
        {"id": "mine", "latency": {"milliseconds": 1}, "times": 2},
        {"error": "conflict", "always": true},
        {"wrongSchema": {"change": "drop"}},
    ]);
    tenant
        .control("/_mock/faults", json!({"faults": faults}))
        .await;
    link.phone("bob").register_with_new_link().await.unwrap();
    tenant.answer(400, &of("ada")).await;
    let warning = tenant.server.journal()[0].warning.clone();
    assert_eq!(
        warning.as_deref(),
        Some(
            "planned in /_mock/faults: 1 ms late, status 400 conflict, an answer against its schema, not carried out by \
             mine (1 more), fault-1 (until it is taken back), fault-2 (for the last time)"
        )
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_and_changes_nothing() {
    let tenant = Tenant::new().await;
    let good = json!({"faults": [{"status": 503}]});
    tenant.control("/_mock/faults", good).await;
    for (fault, told) in [
        (
            json!({"status": 503, "operation": "trak"}),
            "/faults/1/operation",
        ),
        (json!({"error": "nothing"}), "/faults/1/error"),
        (json!({}), "/faults/1: nothing goes wrong"),
        (json!({"latency": {"seconds": 1}}), "seconds"),
        (json!({"staus": 503}), "status"),
        (
            json!({"status": 503, "probability": 0}),
            "/faults/1/probability",
        ),
        (json!({"connection": "burnt"}), "/faults/1/connection"),
    ] {
        let body = json!({"faults": [{"status": 500}, fault]}).to_string();
        let refused = tenant
            .answer(400, &Request::new("POST", "/_mock/faults").json(body))
            .await;
        let message = refused.json()["message"].to_string();
        assert!(message.contains(told), "{message}");
    }
    tenant.answer(503, &of("ada")).await;
    tenant.answer(200, &of("ada")).await;
}
