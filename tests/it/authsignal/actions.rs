//! Tracking, the state machine, rules, idempotency, and what a token proves.

use serde_json::{Value, json};

use crate::tenant::{Tenant, with_body};
use crate::wire::Request;
use crate::world::{API_SECRET, basic};

#[tokio::test]
async fn a_user_without_authenticators_is_allowed_and_one_with_them_is_challenged() {
    let tenant = Tenant::new().await;
    let tracked = tenant.track("u1", "signIn", json!({})).await;
    assert_eq!(
        (&tracked["state"], &tracked["isEnrolled"]),
        (&json!("ALLOW"), &json!(false))
    );
    assert!(tracked.get("defaultVerificationMethod").is_none());
    tenant.enroll("u1").await;
    let tracked = tenant.track("u1", "signIn", json!({})).await;
    assert_eq!(
        (&tracked["state"], &tracked["isEnrolled"]),
        (&json!("CHALLENGE_REQUIRED"), &json!(true))
    );
    assert_eq!(tracked["enrolledVerificationMethods"], json!(["SMS"]));
    assert_eq!(tracked["defaultVerificationMethod"], "SMS");
    assert!(
        !tracked["allowedVerificationMethods"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let url = tracked["url"].as_str().unwrap();
    // SDKs append `&mode=popup`, and take the origin.
    assert!(
        url.starts_with("http://mock.test:4750/") && url.contains('?'),
        "{url}"
    );
    assert_eq!(tracked["challengeUrl"], url);
}

#[tokio::test]
async fn an_outcome_set_for_an_action_overrides_the_tenants() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    tenant
        .configure(json!({
            "defaultOutcome": "ALLOW",
            "actions": [
                {"action": "pay", "outcome": "CHALLENGE"},
                {"action": "close", "outcome": "BLOCK"},
                {"action": "look", "outcome": "REVIEW"},
            ],
        }))
        .await;
    for (user, action, state) in [
        ("u1", "signIn", "ALLOW"),
        ("u1", "pay", "CHALLENGE_REQUIRED"),
        ("u1", "close", "BLOCK"),
        ("u1", "look", "REVIEW_REQUIRED"),
        ("nobody", "pay", "ALLOW"),
        ("nobody", "close", "BLOCK"),
        ("nobody", "look", "REVIEW_REQUIRED"),
    ] {
        let tracked = tenant.track(user, action, json!({})).await;
        assert_eq!(tracked["state"], state, "{user} {action}");
    }
    // `actions` replaces what was there; reset undoes all.
    tenant.configure(json!({"actions": []})).await;
    assert_eq!(
        tenant.track("u1", "close", json!({})).await["state"],
        "ALLOW"
    );
    tenant.server.reset();
    tenant.enroll("u1").await;
    assert_eq!(
        tenant.track("u1", "close", json!({})).await["state"],
        "CHALLENGE_REQUIRED"
    );
}

#[tokio::test]
async fn the_matching_rule_with_the_lowest_priority_decides_and_every_match_is_listed() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let rule = |id: &str, priority: i32, action: Option<&str>, outcome: &str, conditions: Value| {
        let mut rule = json!({
            "ruleId": id, "name": format!("Rule {id}"), "priority": priority, "outcome": outcome, "conditions": conditions,
        });
        if let Some(action) = action {
            rule["action"] = action.into();
        }
        rule
    };
    tenant
        .configure(json!({
            "actions": [{"action": "pay", "outcome": "ALLOW"}],
            "rules": [
                rule("every", 9, None, "REVIEW", json!({"==": [1, 1]})),
                rule("large", 1, Some("pay"), "BLOCK", json!({">": [{"var": "custom.amount"}, 100]})),
                rule("abroad", 2, Some("pay"), "CHALLENGE", json!({"!=": [{"var": "ipAddress"}, "203.0.113.7"]})),
                rule("unenrolled", 0, None, "ALLOW", json!({"!": [{"var": "user.isEnrolled"}]})),
            ],
        }))
        .await;
    let pay = async |user: &str, amount: u32, address: &str| {
        let body = json!({"custom": {"amount": amount}, "ipAddress": address});
        let tracked = tenant.track(user, "pay", body).await;
        (tracked["state"].clone(), tracked["ruleIds"].clone())
    };
    let of = |state: &str, rules: &[&str]| (json!(state), json!(rules));
    assert_eq!(
        pay("u1", 101, "203.0.113.7").await,
        of("BLOCK", &["large", "every"])
    );
    assert_eq!(
        pay("u1", 101, "198.51.100.1").await,
        of("BLOCK", &["large", "abroad", "every"])
    );
    assert_eq!(
        pay("u1", 100, "198.51.100.1").await,
        of("CHALLENGE_REQUIRED", &["abroad", "every"])
    );
    assert_eq!(
        pay("u1", 100, "203.0.113.7").await,
        of("REVIEW_REQUIRED", &["every"])
    );
    assert_eq!(
        pay("nobody", 101, "203.0.113.7").await,
        of("ALLOW", &["unenrolled", "large", "every"])
    );
    let tracked = tenant
        .track("u1", "signIn", json!({"idempotencyKey": "k"}))
        .await;
    assert_eq!(tracked["ruleIds"], json!(["every"]));
    let action = tenant.get("/v1/users/u1/actions/signIn/k").await;
    assert_eq!(action["priorityRuleId"], "every");
    assert_eq!(action["rules"][0]["name"], "Rule every");
    tenant.configure(json!({"rules": []})).await;
    assert_eq!(pay("u1", 101, "x").await, of("ALLOW", &[]));
}

#[tokio::test]
async fn an_invalid_configuration_changes_nothing() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let rule = json!({"ruleId": "a", "name": "A", "priority": 1, "outcome": "BLOCK", "conditions": {"==": [1, 1]}});
    for wrong in [
        json!({"defaultOutcome": "BLOCK", "verificationMethods": ["TELEPATHY"]}),
        json!({"defaultOutcome": "BLOCK", "rules": [rule, rule]}),
        json!({"defaultOutcome": "BLOCK", "rules": [{"ruleId": "a"}]}),
        json!({"defaultOutcome": "BLOCK", "actions": [{"action": "", "outcome": "ALLOW"}]}),
    ] {
        let request = Request::new("POST", "/_mock/authsignal").json(wrong.to_string());
        tenant.answer(400, &request).await;
        let tracked = tenant.track("u1", "signIn", json!({})).await;
        assert_eq!(tracked["state"], "CHALLENGE_REQUIRED", "{wrong}");
    }
}

#[tokio::test]
async fn the_body_or_the_path_says_the_key_whatever_the_header_idempotency_key_says() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let send = async |method: &str, target: &str, body: Value| {
        let request = Request::new(method, target).header("Authorization", &basic(API_SECRET));
        let request = with_body(request.header("Idempotency-Key", "of-the-header"), body);
        tenant.answer(200, &request).await.json()
    };
    let body = json!({"idempotencyKey": "of-the-body"});
    let tracked = send("POST", "/v1/users/u1/actions/pay", body.clone()).await;
    assert_eq!(tracked["idempotencyKey"], "of-the-body");
    let target = "/v1/users/u1/actions/pay/of-the-body";
    let updated = send("PATCH", target, json!({"state": "CHALLENGE_SUCCEEDED"})).await;
    assert_eq!(updated["state"], "CHALLENGE_SUCCEEDED");
    let challenge = json!({
        "verificationMethod": "SMS", "action": "pay", "phoneNumber": "+15550100",
        "idempotencyKey": "of-the-challenge"
    });
    let challenge = send("POST", "/v1/challenge", challenge).await;
    assert_eq!(challenge["idempotencyKey"], "of-the-challenge");
    let unnamed = send("POST", "/v1/users/u1/actions/pay", json!({})).await;
    assert_ne!(unnamed["idempotencyKey"], "of-the-header");
}

#[tokio::test]
async fn a_repeated_track_uses_up_no_next_outcome() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let body = json!({"idempotencyKey": "order-1"});
    let first = tenant.track("u1", "pay", body.clone()).await;
    let next = json!({"action": "pay", "outcome": "BLOCK"});
    tenant.control("/_mock/authsignal/next-outcome", next).await;
    let again = tenant.track("u1", "pay", body).await;
    assert_eq!(again["state"], first["state"]);
    let other = tenant.track("u1", "pay", json!({})).await;
    assert_eq!(
        other["state"], "BLOCK",
        "the next outcome still waits for it"
    );
}

#[tokio::test]
async fn the_same_key_is_the_same_action_with_a_new_token() {
    let tenant = Tenant::new().await;
    let body = json!({"idempotencyKey": "order-1", "custom": {"amount": 1}});
    let first = tenant.track("u1", "pay", body.clone()).await;
    assert_eq!(first["state"], "ALLOW");
    // Neither enrolment nor a new outcome decides the action again.
    tenant.enroll("u1").await;
    tenant.configure(json!({"defaultOutcome": "BLOCK"})).await;
    tenant.later(60);
    let again = tenant.track("u1", "pay", body).await;
    assert_eq!(
        (&again["state"], &again["idempotencyKey"]),
        (&json!("ALLOW"), &json!("order-1"))
    );
    assert_ne!(again["token"], first["token"]);
    for token in [&first["token"], &again["token"]] {
        assert_eq!(tenant.validate(token).await["idempotencyKey"], "order-1");
    }
    let action = tenant.get("/v1/users/u1/actions/pay/order-1").await;
    assert_eq!(action["createdAt"], "2026-01-01T00:00:00.000Z");
    let count = async |tenant: &Tenant, user: &str| {
        let actions = tenant.get(&format!("/v1/users/{user}/actions")).await;
        actions.as_array().unwrap().len()
    };
    assert_eq!(count(&tenant, "u1").await, 1);
    // Another action, and another user, with that key are others.
    tenant
        .track("u1", "signIn", json!({"idempotencyKey": "order-1"}))
        .await;
    tenant
        .track("u2", "pay", json!({"idempotencyKey": "order-1"}))
        .await;
    assert_eq!(
        (count(&tenant, "u1").await, count(&tenant, "u2").await),
        (2, 1)
    );
    // Without a key, each is new.
    let (a, b) = (
        tenant.track("u2", "pay", json!({})).await,
        tenant.track("u2", "pay", json!({})).await,
    );
    assert_ne!(a["idempotencyKey"], b["idempotencyKey"]);
    assert_eq!(a["idempotencyKey"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn a_challenge_succeeds_or_fails_once() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    for (target, state, valid) in [
        ("/_mock/challenge/succeed", "CHALLENGE_SUCCEEDED", true),
        ("/_mock/challenge/fail", "CHALLENGE_FAILED", false),
    ] {
        let tracked = tenant
            .track("u1", "signIn", json!({"idempotencyKey": state}))
            .await;
        let waiting = tenant.validate(&tracked["token"]).await;
        assert_eq!(
            (&waiting["isValid"], &waiting["state"]),
            (&json!(false), &json!("CHALLENGE_REQUIRED"))
        );
        tenant.later(5);
        let subject = json!({"userId": "u1"});
        tenant.control(target, subject.clone()).await;
        let validated = tenant.validate(&tracked["token"]).await;
        assert_eq!(
            (&validated["isValid"], &validated["state"]),
            (&json!(valid), &json!(state))
        );
        assert_eq!(validated.get("verificationMethod").is_some(), valid);
        let action = tenant
            .get(&format!("/v1/users/u1/actions/signIn/{state}"))
            .await;
        assert_eq!(action["state"], state);
        assert_eq!(action["stateUpdatedAt"], validated["stateUpdatedAt"]);
        assert!(action["stateUpdatedAt"].as_str() > action["createdAt"].as_str());
        // Nothing waits any longer.
        let again = Request::new("POST", target).json(subject.to_string());
        tenant.answer(404, &again).await;
    }
}

#[tokio::test]
async fn any_state_can_be_set_and_is_read_back() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let tracked = tenant
        .track("u1", "signIn", json!({"idempotencyKey": "k"}))
        .await;
    let target = "/v1/users/u1/actions/signIn/k";
    for state in [
        "BLOCK",
        "REVIEW_REQUIRED",
        "REVIEW_SUCCEEDED",
        "REVIEW_FAILED",
        "CHALLENGE_FAILED",
        "ALLOW",
        "CHALLENGE_SUCCEEDED",
        "CHALLENGE_REQUIRED",
    ] {
        tenant.later(1);
        let before = tenant.get(target).await;
        let updated = tenant.patch(target, json!({"state": state})).await;
        assert_eq!(updated["state"], state);
        let read = tenant.get(target).await;
        assert_eq!(read, updated);
        assert_eq!(read["createdAt"], before["createdAt"]);
        assert_ne!(read["stateUpdatedAt"], before["stateUpdatedAt"]);
        assert_eq!(read["output"], json!({}), "go and python need an object");
        let validated = tenant.validate(&tracked["token"]).await;
        assert_eq!(validated["isValid"], state == "CHALLENGE_SUCCEEDED");
        // A state that stays keeps its time.
        tenant.later(1);
        tenant.patch(target, json!({"state": state})).await;
        assert_eq!(
            tenant.get(target).await["stateUpdatedAt"],
            updated["stateUpdatedAt"]
        );
    }
}

#[tokio::test]
async fn validating_for_another_user_or_action_answers_that_nothing_is_proven() {
    let tenant = Tenant::new().await;
    let token = tenant.proof("u1").await;
    let validate = async |rest: Value| {
        let mut body = rest;
        body["token"] = token.clone();
        tenant.post("/v1/validate", body).await
    };
    let user = json!({"isValid": false, "error": "User is invalid."});
    let action = json!({"isValid": false, "error": "Action is invalid."});
    assert_eq!(validate(json!({"userId": "u2"})).await, user);
    assert_eq!(validate(json!({"userId": "U1"})).await, user);
    assert_eq!(validate(json!({"action": "pay"})).await, action);
    assert_eq!(validate(json!({"actionCode": "pay"})).await, action);
    assert_eq!(
        validate(json!({"userId": "u1", "action": "pay"})).await,
        action
    );
    // It can be asked again, and both names of the action are there, for SDKs that read the one or the other.
    for _ in 0..2 {
        let good = validate(json!({"userId": "u1", "action": "signIn"})).await;
        assert_eq!(
            (&good["isValid"], &good["action"], &good["actionCode"]),
            (&json!(true), &json!("signIn"), &json!("signIn"))
        );
        assert_eq!((&good["userId"], good.get("error")), (&json!("u1"), None));
    }
    // Not a token, another tenant's, a changed one, and none at all.
    let text = token.as_str().unwrap();
    let (head, signature) = text.rsplit_once('.').unwrap();
    for wrong in [
        String::new(),
        "x".to_owned(),
        format!("{head}."),
        format!("{head}.{}", signature.to_ascii_uppercase()),
        format!("x{text}"),
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1MSJ9.".to_owned(),
    ] {
        let answer = tenant.validate(&json!(wrong)).await;
        assert_eq!(
            answer,
            json!({"isValid": false, "error": "Token is invalid."}),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn actions_are_listed_newest_first_and_filters_apply() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    for (action, key) in [
        ("signIn", "1"),
        ("pay", "2"),
        ("signIn", "3"),
        ("close", "4"),
    ] {
        tenant
            .track("u1", action, json!({"idempotencyKey": key}))
            .await;
        tenant.later(24 * 60 * 60);
    }
    tenant
        .track("u2", "signIn", json!({"idempotencyKey": "5"}))
        .await;
    tenant
        .patch("/v1/users/u1/actions/signIn/3", json!({"state": "BLOCK"}))
        .await;
    let keys = async |query: &str| -> Vec<String> {
        let actions = tenant.get(&format!("/v1/users/u1/actions{query}")).await;
        let actions = actions.as_array().unwrap().iter();
        actions
            .map(|action| action["idempotencyKey"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(keys("").await, ["4", "3", "2", "1"]);
    assert_eq!(keys("?codes=signIn").await, ["3", "1"]);
    assert_eq!(keys("?codes=signIn,pay").await, ["3", "2", "1"]);
    assert_eq!(keys("?codes=signIn%2Cpay").await, ["3", "2", "1"]);
    assert_eq!(keys("?codes=other").await, [""; 0]);
    assert_eq!(keys("?state=BLOCK").await, ["3"]);
    assert_eq!(keys("?codes=pay&state=BLOCK").await, [""; 0]);
    assert_eq!(keys("?fromDate=2026-01-03T00:00:00.000Z").await, ["4", "3"]);
    assert_eq!(keys("?fromDate=2026-01-04").await, ["4"]);
    assert_eq!(keys("?fromDate=2025-01-01").await.len(), 4);
    // At most 30 days back, whatever the query asks for.
    tenant.later(27 * 24 * 60 * 60);
    assert_eq!(keys("").await, ["4", "3", "2"]);
    assert_eq!(keys("?fromDate=2025-01-01").await, ["4", "3", "2"]);
}

#[tokio::test]
async fn a_tenant_without_authenticators_cannot_track() {
    let tenant = Tenant::new().await;
    tenant.configure(json!({"verificationMethods": []})).await;
    let request = Tenant::request("POST", "/v1/users/u1/actions/signIn").json("{}");
    tenant
        .refused(
            &request,
            400,
            "AUTHENTICATOR_NOT_FOUND",
            "no authenticators",
        )
        .await;
    tenant
        .configure(json!({"verificationMethods": ["PASSKEY"]}))
        .await;
    let tracked = tenant.track("u1", "signIn", json!({})).await;
    assert_eq!(tracked["allowedVerificationMethods"], json!(["PASSKEY"]));
    assert_eq!(
        tenant.get("/v1/authenticators").await[0]["verificationMethod"],
        "PASSKEY"
    );
}
