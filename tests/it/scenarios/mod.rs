//! Scenarios that a test plans, as clients meet them: the next thing of a kind goes as planned, at its time, and the ones
//! after it as ever; another tenant notices nothing. Must not know how the mock keeps them.

mod list;

use std::time::Duration;

use serde_json::{Value, json};
use stepup_mock::{Outcome, Scenario};

use crate::receiver::{Receiver, Reply};
use crate::tenant::{Tenant, with_body};
use crate::wire::Request;
use crate::world::{APPLICATION, MANAGEMENT_SECRET, mock, path_of};

impl Tenant {
    async fn plan(&self, scenarios: Value) -> Value {
        let body = json!({"scenarios": scenarios});
        self.control("/_mock/scenarios", body).await["scenarios"].clone()
    }

    /// The scenarios that are still to come.
    async fn to_come(&self) -> Value {
        let request = Request::new("GET", "/_mock/scenarios");
        self.answer(200, &request).await.json()["tenants"][0]["scenarios"].clone()
    }

    async fn seconds(&self, seconds: u64) {
        let body = json!({"advanceSeconds": seconds});
        self.control("/_mock/clock", body).await;
    }

    /// Sends a code by text message, and tells what came.
    async fn text_message(&self) -> (Value, Option<String>) {
        let before = self.inbox().await.len();
        let body =
            json!({"verificationMethod": "SMS", "action": "signIn", "phoneNumber": "+64270000000"});
        let challenge = self.post("/v1/challenge", body).await;
        let messages = self.inbox().await;
        let code = messages.first().filter(|_| messages.len() > before);
        let code = code.map(|message| message["code"].as_str().unwrap().to_owned());
        (challenge["challengeId"].clone(), code)
    }

    async fn inbox(&self) -> Vec<Value> {
        let request = Request::new("GET", "/_mock/messages");
        self.answer(200, &request).await.json()["messages"]
            .as_array()
            .unwrap()
            .clone()
    }

    async fn newest_warning(&self) -> Option<String> {
        self.server.journal()[0].warning.clone()
    }

    /// A request of a page with a token of the Client API.
    async fn token_sends(&self, token: &Value, target: &str, body: Value) -> Value {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let request = Request::new("POST", &format!("/v1/client{target}"));
        let request = request.header("Authorization", &bearer);
        self.answer(200, &with_body(request, body)).await.json()
    }

    /// A request to Activeconnect, without a signature.
    async fn ask(&self, target: &str) -> Value {
        let request = Request::new("POST", target).json("{}".to_owned());
        let answer = self.send(&request).await;
        assert!(answer.status < 300, "{}", answer.text());
        answer.json()
    }

    /// Starts a session, and tells where its status is.
    async fn session(&self, user: &str) -> String {
        let target = format!("/authentication/authenticate_user/{APPLICATION}/{user}");
        let started = self.ask(&target).await;
        let status = &started["authentication_status"];
        assert_eq!(status["session_status"], "pending", "{started}");
        path_of(status["status_url"].as_str().unwrap()).to_owned()
    }

    async fn status(&self, target: &str) -> String {
        let request = Request::new("GET", target);
        let told = self.answer(200, &request).await.json();
        told["session_status"].as_str().unwrap().to_owned()
    }
}

/// A mock that takes requests to Activeconnect without a signature, with phones of these users.
async fn with_phones(users: &[&str]) -> Tenant {
    let tenant = Tenant::of(|builder| builder.verify_signatures(false)).await;
    for user in users {
        let application = tenant.server.activeconnect();
        application.create_user(user).unwrap();
        let phone = application.phone(user);
        phone.register_with_new_link().await.unwrap();
    }
    tenant
}

#[tokio::test]
async fn the_next_sign_in_of_ada_is_block() {
    let tenant = Tenant::new().await;
    tenant.configure(json!({"defaultOutcome": "ALLOW"})).await;
    let block = json!({"userId": "ada", "action": "signIn", "outcome": "BLOCK"});
    let planned = tenant.plan(json!([block])).await;
    assert_eq!(planned[0]["id"], "scenario-1");
    for (user, action, state) in [
        ("bob", "signIn", "ALLOW"),
        ("ada", "pay", "ALLOW"),
        ("ada", "signIn", "BLOCK"),
        ("ada", "signIn", "ALLOW"),
    ] {
        let tracked = tenant.track(user, action, json!({})).await;
        assert_eq!(tracked["state"], state, "{user} {action}");
        let warning = tenant.newest_warning().await;
        let told = "planned in /_mock/scenarios: outcome BLOCK by scenario-1 (for the last time)";
        assert_eq!(warning.as_deref(), (state == "BLOCK").then_some(told));
    }
    assert_eq!(tenant.to_come().await, json!([]));
}

#[tokio::test]
async fn sms_delivery_fails_twice() {
    let tenant = Tenant::new().await;
    tenant
        .plan(json!([{"channel": "sms", "times": 2, "delivery": "fails"}]))
        .await;
    // Emails arrive.
    let email =
        json!({"verificationMethod": "EMAIL_OTP", "action": "signIn", "email": "ada@example.com"});
    tenant.post("/v1/challenge", email).await;
    assert_eq!(tenant.inbox().await.len(), 1);
    for left in ["(1 more)", "(for the last time)"] {
        let (challenge, code) = tenant.text_message().await;
        assert!(challenge.is_string() && code.is_none());
        let warning = tenant.newest_warning_of("/v1/challenge").await;
        assert!(warning.contains("does not arrive"), "{warning}");
        assert!(warning.ends_with(left), "{warning}");
    }
    let (challenge, code) = tenant.text_message().await;
    let verify = json!({"challengeId": challenge, "verificationCode": code.unwrap()});
    let verified = tenant.post("/v1/verify", verify).await;
    assert_eq!(verified["isVerified"], true);
}

impl Tenant {
    /// What the journal says of the newest request to a path.
    async fn newest_warning_of(&self, target: &str) -> String {
        let journal = self.server.journal();
        let mut requests = journal.iter().filter(|entry| entry.target == target);
        requests.next().unwrap().warning.clone().unwrap_or_default()
    }
}

#[tokio::test]
async fn the_phone_answers_after_three_seconds_of_virtual_time() {
    let tenant = with_phones(&["Ada", "bob"]).await;
    tenant
        .plan(json!([{"userId": "ada", "phone": "approve", "afterSeconds": 3}]))
        .await;
    let others = tenant.session("bob").await;
    let session = tenant.session("Ada").await;
    tenant.seconds(2).await;
    assert_eq!(tenant.status(&session).await, "pending");
    tenant.seconds(1).await;
    assert_eq!(tenant.status(&session).await, "active");
    assert_eq!(tenant.status(&others).await, "pending");
    // The next one is left to the test.
    let next = tenant.session("Ada").await;
    tenant.seconds(30).await;
    assert_eq!(tenant.status(&next).await, "pending");
}

#[tokio::test]
async fn a_phone_answers_walks_away_and_returns_each_at_its_time_in_one_advance() {
    let tenant = with_phones(&["ada"]).await;
    let day = 86_400;
    tenant
        .plan(json!([
            {"phone": "walk_away", "afterSeconds": 10},
            {"phone": "deny", "afterSeconds": 7, "skip": 1},
            {"phone": "approve"},
            {"phone": "return", "afterSeconds": 20},
        ]))
        .await;
    let session = tenant.session("ada").await;
    assert_eq!(tenant.status(&session).await, "active", "at once");
    for (seconds, status) in [
        (9, "active"),
        (1, "walkaway"),
        (10, "active"),
        (day, "closed"),
    ] {
        tenant.seconds(seconds).await;
        assert_eq!(tenant.status(&session).await, status, "{seconds}");
    }
    let session = tenant.session("ada").await;
    tenant.seconds(7).await;
    assert_eq!(tenant.status(&session).await, "cancelled");
}

#[tokio::test]
async fn a_deed_comes_by_itself_while_the_clock_runs() {
    // Not in deterministic mode, where the clock stands still.
    let server = mock().start().await.unwrap();
    let tenant = Tenant { server };
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"});
    tenant.post("/v1/users/ada/authenticators", email).await;
    tenant
        .plan(json!([{"challenge": "succeed", "afterSeconds": 1}]))
        .await;
    let tracked = tenant.track("ada", "pay", json!({})).await;
    assert_eq!(tracked["state"], "CHALLENGE_REQUIRED");
    // Waits for the change, and not for a time.
    let ended = "/_mock/actions?userId=ada&state=CHALLENGE_SUCCEEDED&wait=30s";
    let ended = tenant.answer(200, &Request::new("GET", ended)).await.json();
    assert_eq!(ended["actions"][0]["action"], "pay");
}

#[tokio::test]
async fn a_user_who_was_deleted_does_nothing_and_nor_does_the_next_one_of_that_name() {
    let tenant = Tenant::new().await;
    for query in ["", "?actions=true"] {
        tenant.enroll("ada").await;
        tenant
            .plan(json!([{"challenge": "succeed", "afterSeconds": 5}]))
            .await;
        let key = json!({"idempotencyKey": format!("key{query}")});
        let before = tenant.track("ada", "pay", key.clone()).await;
        assert_eq!(before["state"], "CHALLENGE_REQUIRED");
        tenant.delete(&format!("/v1/users/ada{query}")).await;
        tenant.enroll("ada").await;
        let again = tenant.track("ada", "pay", key.clone()).await;
        tenant.seconds(10).await;
        let state = tenant.track("ada", "pay", key).await["state"].clone();
        assert_eq!(state, again["state"], "{query}");
        assert_ne!(state, "CHALLENGE_SUCCEEDED", "{query}");
        tenant.delete("/v1/users/ada?actions=true").await;
    }
}

#[tokio::test]
async fn nobody_ends_the_challenge_of_an_action_that_the_application_has_decided() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    tenant
        .plan(json!([{"challenge": "succeed", "afterSeconds": 5}]))
        .await;
    let key = json!({"idempotencyKey": "key"});
    tenant.track("ada", "pay", key.clone()).await;
    let decided = "/v1/users/ada/actions/pay/key";
    tenant.patch(decided, json!({"state": "ALLOW"})).await;
    tenant.seconds(10).await;
    assert_eq!(tenant.get(decided).await["state"], "ALLOW");
}

#[tokio::test]
async fn the_state_shows_what_is_still_to_happen_beside_what_is_planned() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    tenant
        .plan(json!([{"challenge": "succeed", "afterSeconds": 5, "times": 2}]))
        .await;
    tenant.track("ada", "pay", json!({})).await;
    let state = tenant.server.state();
    let state = &state.as_object().unwrap()[APPLICATION];
    assert_eq!(state["scenarios"][0]["times"], 1, "{state}");
    let deeds = json!([{"at": "2026-01-01T00:00:05Z", "deed": "passes"}]);
    assert_eq!(state["deeds"], deeds, "{state}");
}

#[tokio::test]
async fn a_dump_without_secrets_has_another_code_of_the_same_length() {
    let tenant = Tenant::new().await;
    tenant.plan(json!([{"code": "123456"}])).await;
    let request = Request::new("GET", "/_mock/dump?secrets=false");
    let dump = tenant.answer(200, &request).await.json();
    let code = dump["tenants"][0]["scenarios"][0]["code"].as_str().unwrap();
    assert!(code != "123456" && code.len() == 6 && code.bytes().all(|one| one.is_ascii_digit()));
    let load = Request::new("POST", "/_mock/load").json(dump.to_string());
    tenant.answer(200, &load).await;
}

#[tokio::test]
async fn what_is_due_for_a_session_that_is_gone_does_nothing() {
    let tenant = with_phones(&["ada"]).await;
    tenant
        .plan(
            json!([{"phone": "approve", "afterSeconds": 61}, {"phone": "fail", "afterSeconds": 5}]),
        )
        .await;
    let late = tenant.session("ada").await;
    let failed = tenant.session("ada").await;
    tenant.seconds(61).await;
    assert_eq!(tenant.status(&late).await, "timeout");
    assert_eq!(tenant.status(&failed).await, "failed");
    tenant
        .plan(json!([{"phone": "approve", "afterSeconds": 5}]))
        .await;
    tenant.session("ada").await;
    tenant.server.reset();
    tenant.seconds(10).await;
}

#[tokio::test]
async fn the_third_poll_times_out() {
    let tenant = with_phones(&["ada"]).await;
    let poll = json!({"operation": "session_status", "skip": 2, "connection": "timeout"});
    let planned = tenant.plan(json!([{"id": "slow", "fault": poll}])).await;
    assert_eq!(planned[0]["fault"]["id"], "slow");
    let session = tenant.session("ada").await;
    for _ in 0..2 {
        tenant.status(&session).await;
    }
    let third = Request::new("GET", &session);
    let sending = crate::wire::send(tenant.server.address(), &third);
    let waits = tokio::time::timeout(Duration::from_millis(200), sending).await;
    assert!(waits.is_err(), "an answer came");
    assert_eq!(tenant.status(&session).await, "pending");
    assert_eq!(tenant.to_come().await, json!([]));
}

#[tokio::test]
async fn a_scenario_that_is_a_fault_goes_with_it() {
    let tenant = Tenant::new().await;
    let fault = json!({"operation": "track", "status": 503, "times": 2});
    let faults = async || {
        let request = Request::new("GET", "/_mock/faults");
        let list = tenant.answer(200, &request).await.json()["tenants"][0]["faults"].clone();
        list.as_array().unwrap().len()
    };
    tenant
        .control(
            "/_mock/faults",
            json!({"faults": [{"status": 500, "skip": 9}]}),
        )
        .await;
    tenant
        .plan(json!([{"outcome": "BLOCK"}, {"fault": fault}]))
        .await;
    assert_eq!(faults().await, 2);
    let track = Tenant::request("POST", "/v1/users/ada/actions/pay").json("{}".to_owned());
    let failed = tenant.answer(503, &track).await.text();
    let told = "a fault that was planned for this request (/_mock/scenarios)";
    assert!(failed.contains(told), "{failed}");
    let warning = tenant.newest_warning().await.unwrap();
    let told = "planned in /_mock/scenarios: status 503, not carried out by scenario-2 (1 more)";
    assert_eq!(warning, told);
    let left = tenant.to_come().await;
    assert_eq!(
        (&left[1]["id"], &left[1]["fault"]["times"]),
        (&json!("scenario-2"), &json!(1))
    );
    let delete = Request::new("DELETE", "/_mock/scenarios/scenario-2");
    assert_eq!(
        tenant.answer(200, &delete).await.json()["scenarios"][0]["outcome"],
        "BLOCK"
    );
    assert_eq!(faults().await, 1);
    tenant.answer(404, &delete).await;
    tenant.answer(200, &track).await;
}

#[tokio::test]
async fn codes_are_123456_for_this_tenant() {
    let tenant = Tenant::new().await;
    let other = tenant.server.create_tenant().unwrap();
    let body = json!({"tenant": APPLICATION, "scenarios": [{"code": "123456"}]});
    tenant.control("/_mock/scenarios", body).await;
    for _ in 0..3 {
        let (challenge, code) = tenant.text_message().await;
        assert_eq!(code.as_deref(), Some("123456"));
        let verify = json!({"challengeId": challenge, "verificationCode": "123456"});
        let verified = tenant.post("/v1/verify", verify).await;
        assert_eq!(verified["isVerified"], true);
    }
    let warning = tenant.newest_warning_of("/v1/challenge").await;
    assert!(!warning.contains("123456"), "{warning}");
    assert!(warning.contains("a chosen code"), "{warning}");
    // The tenant has longer codes by now, for a reason that has nothing to do with the scenario.
    let target = "/v1/management/authenticator-configurations/sms";
    let longer = Request::new("PATCH", target).basic(MANAGEMENT_SECRET);
    let longer = longer.json(json!({"verificationCodeLength": 8}).to_string());
    tenant.answer(200, &longer).await;
    let (_, code) = tenant.text_message().await;
    assert_eq!(code.unwrap().len(), 8);
    let warning = tenant.newest_warning_of("/v1/challenge").await;
    let told = "a chosen code by scenario-1 not used, because it has 6 digits and this message has a code of 8";
    assert!(warning.contains(told), "{warning}");
    assert!(!warning.contains("123456"), "{warning}");
    // Another tenant draws its own.
    let secret = other.authsignal().api_secret().to_owned();
    let body =
        json!({"verificationMethod": "SMS", "action": "signIn", "phoneNumber": "+64270000000"});
    let request = Request::new("POST", "/v1/challenge").basic(&secret);
    tenant.answer(200, &request.json(body.to_string())).await;
    assert_ne!(other.messages()[0].code.as_deref(), Some("123456"));
}

#[tokio::test]
async fn a_push_notification_is_answered_and_a_qr_code_once_it_is_claimed() {
    let tenant = Tenant::new().await;
    tenant
        .server
        .authsignal()
        .phone("ada")
        .register()
        .await
        .unwrap();
    tenant
        .plan(json!([
            {"phone": "approve", "afterSeconds": 3},
            {"phone": "deny"},
            {"phone": "approve", "afterSeconds": 1},
            {"phone": "walk_away"},
        ]))
        .await;
    for (answers, seconds) in [("approved", 3), ("denied", 0)] {
        let token = tenant.token("ada", "signIn").await;
        let body = json!({"action": "signIn"});
        let started = tenant.token_sends(&token, "/challenge/push", body).await;
        let body = json!({"challengeId": started["challengeId"]});
        if seconds > 0 {
            let waits = tenant
                .token_sends(&token, "/verify/push", body.clone())
                .await;
            assert_eq!(waits["isConsumed"], false);
            tenant.seconds(seconds).await;
        }
        let verified = tenant.token_sends(&token, "/verify/push", body).await;
        assert_eq!(verified["isConsumed"], true);
        assert_eq!(verified["isVerified"], answers == "approved");
    }
    let token = tenant.token("ada", "signIn").await;
    let started = tenant
        .token_sends(&token, "/challenge/qr-code", json!({"action": "signIn"}))
        .await;
    let id = started["challengeId"].as_str().unwrap();
    tenant.seconds(5).await;
    let phone = tenant.server.authsignal().phone("ada");
    phone.claim(id).await.unwrap();
    assert_eq!(tenant.state(&token).await, "CHALLENGE_REQUIRED");
    tenant.seconds(1).await;
    assert_eq!(tenant.state(&token).await, "CHALLENGE_SUCCEEDED");
    // Nothing of Authsignal walks away.
    assert_eq!(tenant.to_come().await[0]["phone"], "walk_away");
}

#[tokio::test]
async fn a_person_ends_the_challenge_of_an_action_at_its_time() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    tenant
        .plan(json!([
            {"userId": "ada", "challenge": "succeed", "afterSeconds": 5},
            {"challenge": "fail", "times": 2},
        ]))
        .await;
    let slow = tenant
        .track("ada", "signIn", json!({"idempotencyKey": "slow"}))
        .await;
    let again = tenant
        .track("ada", "signIn", json!({"idempotencyKey": "slow"}))
        .await;
    assert_eq!(
        again["state"], "CHALLENGE_REQUIRED",
        "it is the same action"
    );
    let failed = tenant.track("ada", "signIn", json!({})).await;
    assert_eq!(failed["state"], "CHALLENGE_REQUIRED");
    assert_eq!(tenant.state(&failed["token"]).await, "CHALLENGE_FAILED");
    tenant.seconds(4).await;
    assert_eq!(tenant.state(&slow["token"]).await, "CHALLENGE_REQUIRED");
    tenant.seconds(1).await;
    assert_eq!(tenant.state(&slow["token"]).await, "CHALLENGE_SUCCEEDED");
    assert_eq!(tenant.to_come().await[0]["times"], 1);
}

#[tokio::test]
async fn a_person_acts_by_the_clock_of_the_tenant_though_the_request_has_a_time_of_its_own() {
    let tenant = with_phones(&["ada"]).await;
    tenant.enroll("ada").await;
    for (key, skew) in [("behind", -30), ("ahead", 30)] {
        let faults = json!([
            {"operation": "track", "skewSeconds": skew},
            {"operation": "authenticate_user", "skewSeconds": skew},
        ]);
        tenant
            .control("/_mock/faults", json!({"faults": faults}))
            .await;
        tenant
            .plan(json!([
                {"challenge": "succeed", "afterSeconds": 10},
                {"phone": "approve", "afterSeconds": 10},
            ]))
            .await;
        tenant
            .track("ada", "pay", json!({"idempotencyKey": key}))
            .await;
        let session = tenant.session("ada").await;
        let action = format!("/v1/users/ada/actions/pay/{key}");
        for (seconds, state, status) in [
            (9, "CHALLENGE_REQUIRED", "pending"),
            (1, "CHALLENGE_SUCCEEDED", "active"),
        ] {
            tenant.seconds(seconds).await;
            assert_eq!(tenant.get(&action).await["state"], state, "{key}");
            assert_eq!(tenant.status(&session).await, status, "{key}");
        }
    }
}

#[tokio::test]
async fn a_webhook_goes_out_by_the_clock_of_the_tenant_though_the_request_has_a_time_of_its_own() {
    let receiver = Receiver::start().await;
    let tenant = Tenant::of(|builder| builder.webhook(&receiver.url())).await;
    let webhook = json!({"url": receiver.url(), "events": ["authenticator.created"]});
    let webhooks = json!({"webhooks": [webhook]});
    tenant.control("/_mock/webhooks", webhooks).await;
    let fault = json!({"operation": "enroll_verified_authenticator", "skewSeconds": 3_600});
    tenant
        .control("/_mock/faults", json!({"faults": [fault]}))
        .await;
    tenant.enroll("ada").await;
    tenant.seconds(1).await;
    assert_eq!(receiver.take().len(), 1);
}

#[tokio::test]
async fn facts_are_read_by_rules_once() {
    let tenant = Tenant::new().await;
    let rule = json!({"ruleId": "r", "name": "Abroad", "priority": 1, "outcome": "REVIEW",
        "conditions": {"==": [{"var": "ip.countryCode"}, "FR"]}});
    tenant
        .configure(json!({"rules": [rule], "defaultOutcome": "ALLOW"}))
        .await;
    tenant
        .plan(json!([{"skip": 1, "facts": {"ip": {"countryCode": "fr"}}}]))
        .await;
    for state in ["ALLOW", "REVIEW_REQUIRED", "ALLOW"] {
        let tracked = tenant.track("ada", "pay", json!({})).await;
        assert_eq!(tracked["state"], state);
    }
}

#[tokio::test]
async fn rust_plans_scenarios_of_a_tenant() {
    let mock = with_phones(&["ada"]).await;
    let application = mock.server.activeconnect();
    application
        .set_scenarios([Scenario::phone_denies().after(Duration::from_secs(1))])
        .unwrap();
    let tenant = mock.server.authsignal();
    tenant
        .add_scenarios([Scenario::outcome(Outcome::Review).user("ada").id("mine")])
        .unwrap();
    let refused = tenant.add_scenarios([Scenario::code("1234")]).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("scenarios[0].code: has 4 digits"),
        "{refused}"
    );
    let planned = mock.to_come().await;
    assert_eq!(
        (&planned[0]["phone"], &planned[1]["id"]),
        (&json!("deny"), &json!("mine"))
    );
    let session = mock.session("ada").await;
    mock.server
        .clock()
        .pass(Duration::from_secs(1))
        .await
        .unwrap();
    assert_eq!(mock.status(&session).await, "cancelled");
    let tracked = mock.track("ada", "pay", json!({})).await;
    assert_eq!(tracked["state"], "REVIEW_REQUIRED");
    tenant.set_scenarios([]).unwrap();
    assert_eq!(mock.to_come().await, json!([]));
}

#[tokio::test]
async fn one_advance_of_the_clock_lets_people_act_and_sends_webhooks_in_the_order_of_their_times() {
    let receiver = Receiver::start().await;
    let tenant = Tenant::of(|builder| builder.webhook(&receiver.url())).await;
    let webhook = json!({"url": receiver.url(), "events": ["action.log_created"]});
    let webhooks = json!({"webhooks": [webhook]});
    tenant.control("/_mock/webhooks", webhooks).await;
    tenant.enroll("ada").await;
    tenant
        .plan(json!([
            {"challenge": "succeed", "afterSeconds": 60},
            {"challenge": "succeed", "afterSeconds": 900},
        ]))
        .await;
    for key in ["early", "late"] {
        let known = json!({"idempotencyKey": key});
        tenant.track("ada", "signIn", known).await;
    }
    tenant.seconds(3600).await;
    // The log goes out after ten minutes, with the state of that time.
    let logged = receiver.take();
    let body = logged[0].json();
    let records = body["records"].as_array().unwrap().iter();
    let states: Vec<_> = records.map(|one| &one["record"]["state"]).collect();
    assert_eq!(states, ["CHALLENGE_SUCCEEDED", "CHALLENGE_REQUIRED"]);
    assert_eq!(logged.len(), 1);
    let actions = tenant.get("/v1/users/ada/actions").await;
    let actions = actions.as_array().unwrap().iter();
    let states: Vec<_> = actions.map(|one| &one["state"]).collect();
    assert_eq!(states, ["CHALLENGE_SUCCEEDED"; 2]);
}

#[tokio::test]
async fn a_message_that_gets_lost_is_in_a_webhook_all_the_same() {
    let receiver = Receiver::start().await;
    let tenant = Tenant::of(|builder| builder.webhook(&receiver.url())).await;
    let webhook = json!({"url": receiver.url(), "events": ["sms.created"]});
    let webhooks = json!({"webhooks": [webhook]});
    tenant.control("/_mock/webhooks", webhooks).await;
    tenant
        .plan(json!([{"delivery": "fails"}, {"code": "654321", "times": 2}]))
        .await;
    for arrives in [false, true] {
        let (challenge, code) = tenant.text_message().await;
        assert_eq!(code.is_some(), arrives);
        let asked = receiver.take();
        assert_eq!(asked[0].json()["data"]["code"], "654321");
        let verify = json!({"challengeId": challenge, "verificationCode": "654321"});
        assert_eq!(tenant.post("/v1/verify", verify).await["isVerified"], true);
    }
}

#[tokio::test]
async fn a_receiver_that_refuses_the_end_of_an_action_is_asked_when_the_person_acts() {
    let receiver = Receiver::that(Reply::Status(500)).await;
    let tenant = Tenant::of(|builder| builder.webhook(&receiver.url())).await;
    let webhook = json!({"url": receiver.url(), "events": ["action.verify"]});
    let webhooks = json!({"webhooks": [webhook]});
    tenant.control("/_mock/webhooks", webhooks).await;
    tenant.enroll("ada").await;
    tenant
        .plan(json!([{"challenge": "succeed", "afterSeconds": 5}]))
        .await;
    let tracked = tenant.track("ada", "signIn", json!({})).await;
    tenant.seconds(5).await;
    assert_eq!(receiver.take().len(), 1);
    let state = tenant.state(&tracked["token"]).await;
    assert_eq!(state, "CHALLENGE_REQUIRED");
}
