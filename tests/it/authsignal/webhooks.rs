//! Webhooks as a receiver sees them: their order, their signatures, and the result of a request if its receiver does
//! not take it. Must not know how the mock decides.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stepup_client::authsignal::webhook::{Content, SIGNATURE_HEADER, Verifier, VerifyError};
use tokio::sync::Semaphore;

use crate::receiver::{Received, Receiver, Reply};
use crate::spec;
use crate::tenant::{Tenant, assert_refusal};
use crate::wire::{self, Request};
use crate::world::API_SECRET;

const TYPES: [&str; 9] = [
    "email.created",
    "sms.created",
    "push.created",
    "authenticator.created",
    "authenticator.updated",
    "authenticator.deleted",
    "action.verify",
    "action.log_created",
    "challenge.log_created",
];

/// A mock that sends every event to a receiver.
async fn both() -> (Tenant, Receiver) {
    let receiver = Receiver::start().await;
    let tenant = Tenant::of(|builder| {
        builder
            .webhook(&receiver.url())
            .webhook_timeout(Duration::from_millis(500))
    })
    .await;
    (tenant, receiver)
}

/// As [`both`], with some types alone.
async fn taking(types: &[&str]) -> (Tenant, Receiver) {
    let (tenant, receiver) = both().await;
    let webhook = json!({"url": receiver.url(), "events": types});
    tenant
        .control("/_mock/webhooks", json!({"webhooks": [webhook]}))
        .await;
    (tenant, receiver)
}

impl Tenant {
    /// Deliveries, newest first, when nothing is under way or due any more.
    async fn deliveries(&self) -> Vec<Value> {
        let request = Request::new("GET", "/_mock/webhooks/deliveries?settled=true");
        let mut answer = self.answer(200, &request).await.json();
        answer["deliveries"]
            .as_array_mut()
            .map(std::mem::take)
            .unwrap()
    }

    async fn trigger(&self, kind: &str, fault: Option<&str>) -> Value {
        let mut body = json!({"type": kind});
        if let Some(fault) = fault {
            body["fault"] = fault.into();
        }
        self.control("/_mock/webhooks/trigger", body).await["deliveries"][0].clone()
    }

    async fn start_sms(&self) -> Value {
        let body = json!({"verificationMethod": "SMS", "phoneNumber": "+15550100", "action": "pay", "userId": "ada"});
        self.post("/v1/challenge", body).await["challengeId"].clone()
    }

    fn sms() -> Request {
        let body = r#"{"verificationMethod":"SMS","phoneNumber":"+15550100","action":"pay","userId":"ada"}"#;
        Self::request("POST", "/v1/challenge").json(body)
    }

    async fn messages(&self) -> usize {
        let request = Request::new("GET", "/_mock/messages");
        let answer = self.answer(200, &request).await.json();
        answer["messages"].as_array().unwrap().len()
    }
}

/// The next event that comes.
async fn event(receiver: &Receiver) -> Value {
    receiver.next().await;
    receiver.take()[0].json()
}

/// The content of a request, found genuine.
fn genuine(received: &Received) -> Content {
    let header = received.header(SIGNATURE_HEADER).unwrap();
    let delivery = Verifier::new(API_SECRET).verify(header, &received.body);
    delivery.unwrap().parse().unwrap()
}

fn types(received: &[Received]) -> Vec<String> {
    let kinds = received.iter().map(|request| match genuine(request) {
        Content::Event(event) => event.data.kind().to_owned(),
        Content::LogBatch(events) => events[0].data.kind().to_owned(),
        _ => panic!("no other content is known"),
    });
    kinds.collect()
}

/// Faults of a body by the schemas that the spec names for its type.
fn faults(body: &Value) -> Vec<String> {
    let spec = spec::named("authsignal");
    let schema = |kind: &str| {
        let reference = spec.document["x-webhook-events"][kind]["$ref"].as_str();
        let (_, name) = reference.unwrap().rsplit_once('/').unwrap();
        name.to_owned()
    };
    let check = |name: &str, value: &Value| spec::faults(&spec.open_validator(name), value);
    match body["records"].as_array() {
        None => {
            let kind = body["type"].as_str().unwrap();
            let envelope = check(&schema("envelope"), body);
            [envelope, check(&schema(kind), &body["data"])].concat()
        }
        Some(records) => {
            let inner = records.iter().flat_map(|record| {
                let kind = record["type"].as_str().unwrap();
                check(&schema(kind), &record["record"])
            });
            let envelope = check(&schema("logEnvelope"), body);
            envelope.into_iter().chain(inner).collect()
        }
    }
}

#[tokio::test]
async fn every_type_is_signed_as_the_vendor_signs_and_is_what_the_spec_says() {
    let (tenant, receiver) = both().await;
    for kind in TYPES {
        let delivery = tenant.trigger(kind, None).await;
        assert_eq!(delivery["progress"], "taken", "{delivery}");
        let received = receiver.take();
        assert_eq!(types(&received), [kind]);
        let request = &received[0];
        assert_eq!(request.target, "/hook?for=tests");
        assert_eq!(request.header("content-type"), Some("application/json"));
        assert_eq!(faults(&request.json()), Vec::<String>::new(), "{kind}");
        assert_eq!(delivery["body"].as_str().unwrap().as_bytes(), request.body);
        let header = request.header(SIGNATURE_HEADER);
        assert_eq!(delivery["attempts"][0]["signature"].as_str(), header);
    }
}

#[tokio::test]
async fn every_event_is_reported() {
    let (tenant, receiver) = both().await;
    // Before the answers.
    let challenge_id = tenant.start_sms().await;
    let [sms] = &receiver.take()[..] else {
        panic!("one request")
    };
    let event = sms.json();
    let code = tenant.code().await;
    assert_eq!(event["type"], "sms.created");
    assert_eq!(event["tenantId"], crate::world::TENANT);
    assert_eq!(event["time"], "2026-01-01T00:00:00.000Z");
    assert_eq!(event["data"]["to"], "+15550100");
    assert_eq!(event["data"]["code"], code.as_str());
    assert_eq!(event["data"]["actionCode"], "pay");
    let email = json!({
        "verificationMethod": "EMAIL_OTP", "email": "a@example.com", "action": "pay",
        "ipAddress": "203.0.113.7", "userAgent": "Browser/1.0", "locale": "en",
    });
    tenant.post("/v1/challenge", email).await;
    let received = receiver.take();
    assert_eq!(types(&received), ["email.created"]);
    let data = &received[0].json()["data"];
    let known = ["ipAddress", "userAgent", "locale"].map(|member| &data[member]);
    assert_eq!(known, ["203.0.113.7", "Browser/1.0", "en"]);
    let verify = json!({"challengeId": challenge_id, "verificationCode": code});
    tenant.post("/v1/verify", verify).await;
    let claim = json!({"challengeId": challenge_id, "userId": "ada"});
    tenant.post("/v1/claim", claim).await;
    let [verified] = &receiver.take()[..] else {
        panic!("one request")
    };
    assert_eq!(verified.json()["type"], "action.verify");
    assert_eq!(verified.json()["data"]["state"], "CHALLENGE_SUCCEEDED");

    // After them.
    let first = tenant.enroll("ada").await["userAuthenticatorId"].clone();
    let second = tenant.enroll("ada").await["userAuthenticatorId"].clone();
    let id = second.as_str().unwrap();
    tenant
        .delete(&format!("/v1/users/ada/authenticators/{id}"))
        .await;
    tenant.enroll("grace").await;
    tenant.delete("/v1/users/grace").await;
    let deliveries = tenant.deliveries().await;
    assert!(
        deliveries
            .iter()
            .all(|delivery| delivery["progress"] == "taken")
    );
    let mut changes: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for request in receiver.take() {
        assert_eq!(faults(&request.json()), Vec::<String>::new());
        let event = request.json();
        let kind = event["type"].as_str().unwrap().to_owned();
        let id = event["data"]["userAuthenticatorId"].as_str().unwrap();
        changes.entry(kind).or_default().push(id.to_owned());
    }
    let [created, deleted] = ["authenticator.created", "authenticator.deleted"]
        .map(|kind| changes.remove(kind).unwrap_or_default());
    assert_eq!((created.len(), deleted.len(), changes.len()), (3, 3, 0));
    let first = first.as_str().unwrap().to_owned();
    assert!(deleted.contains(&first), "replaced by the second");
    assert!(created.contains(&first) && deleted.contains(&id.to_owned()));
}

#[tokio::test]
async fn logs_arrive_in_batches_when_the_token_expires() {
    let types = ["action.log_created", "challenge.log_created"];
    let (tenant, receiver) = taking(&types).await;
    let challenge_id = tenant.start_sms().await;
    let code = tenant.code().await;
    for code in ["wrong", &code] {
        let verify = json!({"challengeId": challenge_id, "verificationCode": code});
        tenant.post("/v1/verify", verify).await;
    }
    for action in ["one", "two", "three"] {
        let known = json!({"idempotencyKey": "k", "ipAddress": "203.0.113.7", "custom": {"a": 1}});
        tenant.track("ada", action, known).await;
    }
    let patch = json!({"state": "REVIEW_FAILED"});
    tenant.patch("/v1/users/ada/actions/two/k", patch).await;
    tenant.after(599).await_nothing(&receiver).await;
    tenant.later(1);
    let deliveries = tenant.deliveries().await;
    assert_eq!(deliveries.len(), 2);
    let received = receiver.take();
    for request in &received {
        assert_eq!(faults(&request.json()), Vec::<String>::new());
        let Content::LogBatch(events) = genuine(request) else {
            panic!("a batch")
        };
        assert_eq!(events.len(), 3);
    }
    let batch = |kind: &str| {
        let bodies = received.iter().map(Received::json);
        let mut of_kind = bodies.filter(|body| body["records"][0]["type"] == kind);
        of_kind.next().unwrap()["records"].clone()
    };
    let challenges = batch("challenge.log_created");
    let what: Vec<_> = (0..3).map(|at| &challenges[at]["record"]["type"]).collect();
    assert_eq!(
        what,
        ["SMS_SENT", "SMS_CODE_INVALID_OR_EXPIRED", "SMS_CODE_VALID"]
    );
    let actions = batch("action.log_created");
    assert_eq!(
        actions[1]["record"]["state"], "REVIEW_FAILED",
        "as it is now"
    );
    assert_eq!(actions[0]["record"]["ipAddress"], "203.0.113.7");
    assert_eq!(actions[0]["record"]["outcome"], "ALLOW");
    assert_eq!(actions[0]["record"]["countryCode"], "NL", "of the address");
    assert_eq!(actions[0]["record"].get("rules"), None, "none matched");
    let listed = tenant.get("/v1/users/ada/actions").await;
    assert_eq!(listed[0]["countryCode"], "NL", "{listed}");
}

#[tokio::test]
async fn a_webhook_gets_the_public_key_of_a_passkey_only_if_it_says_so() {
    let (tenant, receiver) = taking(&["authenticator.created"]).await;
    let passkey = |user: &str| json!({"verificationMethod": "PASSKEY", "credentialId": user, "credentialPublicKey": "pQECAyYgASFYIA"});
    for (user, includes) in [("ada", None), ("bob", Some(false)), ("cyd", Some(true))] {
        let mut webhook = json!({"url": receiver.url()});
        if let Some(includes) = includes {
            webhook["includeCredentialPublicKey"] = includes.into();
        }
        let set = json!({"webhooks": [webhook]});
        let answer = tenant.control("/_mock/webhooks", set).await;
        let is_on = includes == Some(true);
        let shown = answer["webhooks"][0].get("includeCredentialPublicKey");
        assert_eq!(shown, is_on.then_some(&json!(true)));
        tenant.enroll_with(user, passkey(user)).await;
        let created = event(&receiver).await;
        let key = created["data"].get("credentialPublicKey");
        assert_eq!(key.is_some(), is_on, "{created}");
        let seed = tenant.get("/_mock/authsignal/export").await["seed"].to_string();
        assert_eq!(seed.contains("includeCredentialPublicKey"), is_on);
    }
}

#[tokio::test]
async fn a_receiver_sees_no_deletion_before_the_creation() {
    let types = ["authenticator.created", "authenticator.deleted"];
    let (tenant, receiver) = taking(&types).await;
    let go = Arc::new(Semaphore::new(0));
    receiver.will([Reply::When(Arc::clone(&go))]);
    tenant.enroll("ada").await;
    tenant.delete("/v1/users/ada").await;
    event(&receiver).await;
    tenant.enroll("bob").await;
    // Another user's event waits for nothing, and this user's next one for the first.
    let bobs = event(&receiver).await;
    assert_eq!(bobs["data"]["userId"], "bob");
    go.add_permits(1);
    let next = event(&receiver).await;
    assert_eq!(next["type"], "authenticator.deleted");
}

/// What a message may show is for the tenant to say: the vendor names the data points in the configuration of the method.
#[tokio::test]
async fn messages_and_logs_carry_the_data_points_that_the_tenant_allows_and_no_others() {
    let (tenant, receiver) = taking(&["sms.created", "email.created", "action.log_created"]).await;
    let custom = json!({"amount": "5", "plan": "gold", "secret": "s"});
    let patch =
        json!({"custom": {"plan": "gold", "amount": "of the user"}, "email": "a@example.com"});
    tenant.patch("/v1/users/ada", patch).await;
    let challenge = |method: &str| {
        json!({
            "verificationMethod": method, "action": "pay", "userId": "ada", "idempotencyKey": "k",
            "phoneNumber": "+15550100", "email": "a@example.com", "custom": custom,
        })
    };
    tenant.post("/v1/challenge", challenge("SMS")).await;
    let received = receiver.take();
    assert_eq!(received[0].json()["data"].get("customVariables"), None);

    let names = json!({"allowedCustomSmsVariables": ["amount", "absent"], "allowedCustomEmailVariables": ["plan"]});
    tenant.configure(names).await;
    for (method, shown) in [
        ("SMS", json!({"amount": "5"})),
        ("EMAIL_OTP", json!({"plan": "gold"})),
    ] {
        tenant.post("/v1/challenge", challenge(method)).await;
        let received = receiver.take();
        assert_eq!(
            received[0].json()["data"]["customVariables"],
            shown,
            "{method}"
        );
    }
    // The Client API's challenges show the data of track, and where it has none, the user's.
    let tracked = json!({"custom": {"amount": 7, "secret": "s"}, "email": "a@example.com", "phoneNumber": "+15550100"});
    let tracked = tenant.track("ada", "signIn", tracked).await;
    let bearer = format!("Bearer {}", tracked["token"].as_str().unwrap());
    for (path, shown) in [
        ("/challenge/sms", json!({"amount": 7})),
        ("/challenge/email-otp", json!({"plan": "gold"})),
    ] {
        let request = Request::new("POST", &format!("/v1/client{path}"));
        let request = request.header("Authorization", &bearer).json("{}");
        tenant.answer(200, &request).await;
        let received = receiver.take();
        assert_eq!(
            received[0].json()["data"]["customVariables"],
            shown,
            "{path}"
        );
    }
    tenant.later(601);
    tenant.deliveries().await;
    let received = receiver.take();
    let record = &received[0].json()["records"][0]["record"];
    assert_eq!(
        record["customVariables"],
        json!({"amount": 7, "plan": "gold"})
    );
    assert_eq!(record["custom"], json!({"amount": 7, "secret": "s"}));
}

#[tokio::test]
async fn a_challenge_fails_when_its_receiver_refuses_it() {
    let (tenant, receiver) = taking(&["sms.created"]).await;
    let other = Receiver::start().await;
    for (reply, why) in [
        (Reply::Status(500), "answered 500"),
        (Reply::Status(404), "answered 404"),
        (Reply::Redirect(other.url()), "answered 307"),
        (Reply::HangUp, "connection"),
        (Reply::Silence, "did not answer within 500ms"),
    ] {
        receiver.will([reply]);
        let answer = tenant.answer(400, &Tenant::sms()).await;
        assert_refusal(&answer, "invalid_request", "webhook sms.created");
        if why != "connection" {
            assert!(answer.text().contains(why), "{}", answer.text());
        }
        assert!(!answer.text().contains("for=tests"), "{}", answer.text());
        assert_eq!(tenant.messages().await, 0, "nothing was sent");
        assert_eq!(receiver.take().len(), 1, "and it is not tried again");
    }
    assert!(other.take().is_empty(), "a redirect is not followed");
    let deliveries = tenant.deliveries().await;
    assert!(deliveries.iter().all(|one| one["progress"] == "given_up"));
    tenant.start_sms().await;
    assert_eq!(tenant.messages().await, 1);
}

#[tokio::test]
async fn the_code_of_a_failed_challenge_is_invalid_until_it_is_sent_again() {
    let (tenant, receiver) = taking(&["sms.created"]).await;
    let challenge_id = tenant.start_sms().await;
    receiver.take();
    receiver.will([Reply::Status(503)]);
    let again = json!({"challengeId": challenge_id}).to_string();
    let again = Tenant::request("POST", "/v1/challenge").json(again);
    tenant.answer(400, &again).await;
    let code = receiver.take()[0].json()["data"]["code"].clone();
    let verify = json!({"challengeId": challenge_id, "verificationCode": code});
    let tried = tenant.post("/v1/verify", verify).await;
    assert_eq!(tried["isVerified"], false);
    tenant.answer(200, &again).await;
    let verify = json!({"challengeId": challenge_id, "verificationCode": tenant.code().await});
    let tried = tenant.post("/v1/verify", verify).await;
    assert_eq!(tried["isVerified"], true);
}

#[tokio::test]
async fn an_action_passes_only_when_its_receiver_agrees() {
    let (tenant, receiver) = taking(&["action.verify"]).await;
    tenant.enroll("ada").await;
    let token = tenant.track("ada", "signIn", json!({})).await["token"].clone();
    let succeed = Request::new("POST", "/_mock/challenge/succeed").json(r#"{"userId":"ada"}"#);
    receiver.will([Reply::Status(403)]);
    let answer = tenant.answer(409, &succeed).await;
    assert!(answer.text().contains("answered 403"), "{}", answer.text());
    assert_eq!(tenant.validate(&token).await["state"], "CHALLENGE_REQUIRED");
    tenant.answer(200, &succeed).await;
    assert_eq!(tenant.validate(&token).await["isValid"], true);

    // A challenge that was passed beforehand.
    let challenge_id = tenant.start_sms().await;
    let verify = json!({"challengeId": challenge_id, "verificationCode": tenant.code().await});
    tenant.post("/v1/verify", verify).await;
    let known = json!({"challengeId": challenge_id, "idempotencyKey": "k"}).to_string();
    let track = Tenant::request("POST", "/v1/users/ada/actions/pay").json(known);
    receiver.will([Reply::Status(500)]);
    tenant.answer(400, &track).await;
    let action = tenant.get("/v1/users/ada/actions/pay/k").await;
    assert_eq!(action["state"], "CHALLENGE_REQUIRED");
    let claim = json!({"challengeId": challenge_id, "userId": "ada"});
    tenant.post("/v1/claim", claim).await;
}

#[tokio::test]
async fn the_client_api_waits_for_receivers() {
    let (tenant, receiver) = taking(&["sms.created", "action.verify"]).await;
    tenant.enroll("ada").await;
    let token = tenant.track("ada", "signIn", json!({})).await["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let client = |target: &str, body: Value| {
        Request::new("POST", target)
            .header("Authorization", &bearer)
            .json(body.to_string())
    };
    let challenge = client("/v1/client/challenge/sms", json!({}));
    receiver.will([Reply::Status(500)]);
    let answer = tenant.answer(400, &challenge).await;
    assert_refusal(&answer, "invalid_request", "webhook sms.created");
    assert_eq!(tenant.messages().await, 0);
    for (reply, status, state) in [
        (403, 400, "CHALLENGE_REQUIRED"),
        (204, 200, "CHALLENGE_SUCCEEDED"),
    ] {
        tenant.answer(200, &challenge).await;
        let code = json!({"verificationCode": tenant.code().await});
        receiver.will([Reply::Status(reply)]);
        let verify = client("/v1/client/verify/sms", code);
        tenant.answer(status, &verify).await;
        assert_eq!(tenant.validate(&token).await["state"], state);
    }
}

#[tokio::test]
async fn a_message_comes_with_the_language_that_track_named_and_the_time_zone_of_its_address() {
    let (tenant, receiver) = taking(&["email.created", "sms.created", "push.created"]).await;
    tenant
        .control("/_mock/push/register", json!({"userId": "ada"}))
        .await;
    tenant.enroll("ada").await;
    for method in ["EMAIL_OTP", "EMAIL_MAGIC_LINK"] {
        let email = json!({"verificationMethod": method, "email": "ada@example.com"});
        tenant.enroll_with("ada", email).await;
    }
    tenant.patch("/v1/users/ada", json!({"locale": "en"})).await;
    let told = json!({"locale": "fr", "ipAddress": "198.51.100.3", "idempotencyKey": "k"});
    let send = async |name: &str, told: &Value| {
        let token = tenant.track("ada", "signIn", told.clone()).await["token"].clone();
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let target = format!("/v1/client/challenge/{name}");
        let challenge = Request::new("POST", &target).header("Authorization", &bearer);
        let body = r#"{"action":"signIn"}"#;
        tenant.answer(200, &challenge.json(body)).await;
        let [event] = &receiver.take()[..] else {
            panic!("one event of {name}")
        };
        let data = event.json()["data"].clone();
        [&data["locale"], &data["timezone"]].map(|value| value.as_str().map(str::to_owned))
    };
    let (fr, london) = (Some("fr".to_owned()), Some("Europe/London".to_owned()));
    for name in ["email-otp", "email-magic-link"] {
        assert_eq!(send(name, &told).await, [fr.clone(), london.clone()]);
    }
    // The vendor's events of these methods have less.
    assert_eq!(send("sms", &told).await, [fr.clone(), None]);
    assert_eq!(send("push", &told).await, [None, london.clone()]);
    // The last track of the action counts.
    let again = json!({"locale": "de", "idempotencyKey": "k"});
    let de = Some("de".to_owned());
    assert_eq!(send("email-otp", &again).await, [de, london]);
    // Without one, the user's language counts.
    let en = Some("en".to_owned());
    assert_eq!(send("sms", &json!({})).await, [en, None]);
}

#[tokio::test]
async fn an_approval_counts_once_its_receivers_have_accepted_it() {
    let (tenant, receiver) = taking(&["push.created", "action.verify"]).await;
    let ada = json!({"userId": "ada"});
    tenant.control("/_mock/push/register", ada.clone()).await;
    let token = tenant.track("ada", "signIn", json!({})).await["token"].clone();
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let client = |target: &str, body: Value| {
        Request::new("POST", target)
            .header("Authorization", &bearer)
            .json(body.to_string())
    };
    let challenge = client("/v1/client/challenge/push", json!({"action": "signIn"}));
    let approve = Request::new("POST", "/_mock/push/approve").json(ada.to_string());

    receiver.will([Reply::Status(500)]);
    let refused = tenant.answer(400, &challenge).await;
    assert_refusal(&refused, "invalid_request", "webhook push.created");
    tenant.answer(409, &approve).await;

    for (reply, status, verified, state) in [
        (403, 409, false, "CHALLENGE_REQUIRED"),
        (204, 200, true, "CHALLENGE_SUCCEEDED"),
    ] {
        let started = tenant.answer(200, &challenge).await.json();
        receiver.will([Reply::Status(reply)]);
        tenant.answer(status, &approve).await;
        let id = json!({"challengeId": started["challengeId"]});
        let verify = client("/v1/client/verify/push", id);
        let answer = tenant.answer(200, &verify).await.json();
        assert_eq!(
            (&answer["isVerified"], &answer["isConsumed"]),
            (&json!(verified), &json!(true))
        );
        assert_eq!(tenant.validate(&token).await["state"], state);
    }
}

#[tokio::test]
async fn the_verification_webhook_of_an_action_is_called_for_that_action_only() {
    let (tenant, receiver) = taking(&["action.verify"]).await;
    let own = Receiver::start().await;
    let verification = json!([{"action": "pay", "url": own.url()}]);
    let wanted = json!({"verificationWebhooks": verification});
    tenant.control("/_mock/webhooks", wanted).await;
    tenant.enroll("ada").await;
    for (action, asked) in [("pay", [0, 1]), ("signIn", [1, 0])] {
        tenant.track("ada", action, json!({})).await;
        tenant.succeed("ada").await;
        assert_eq!([receiver.take().len(), own.take().len()], asked, "{action}");
    }
}

#[tokio::test]
async fn a_request_does_not_wait_for_the_receiver_of_another() {
    let (tenant, receiver) = both().await;
    let slow = Tenant::of(|builder| builder.webhook(&receiver.url())).await;
    drop(tenant);
    let go = Arc::new(Semaphore::new(0));
    receiver.will([Reply::When(Arc::clone(&go))]);
    let request = Tenant::sms();
    let waiting = slow.send(&request);
    let meanwhile = async {
        receiver.next().await;
        // Under way: the world is free, and nothing is in it yet.
        assert_eq!(slow.messages().await, 0);
        let request = Request::new("GET", "/_mock/webhooks/deliveries");
        let listed = slow.answer(200, &request).await.json();
        assert_eq!(listed["deliveries"][0]["progress"], "sending");
        slow.get("/v1/users/ada").await;
        go.add_permits(1);
    };
    let (answer, ()) = tokio::join!(waiting, meanwhile);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(slow.messages().await, 1);
}

#[tokio::test]
async fn a_request_completes_even_if_its_client_has_disconnected() {
    let (tenant, receiver) = both().await;
    let go = Arc::new(Semaphore::new(0));
    receiver.will([Reply::When(Arc::clone(&go))]);
    let asked = {
        let (address, request) = (tenant.server.address(), Tenant::sms());
        tokio::spawn(async move { wire::send(address, &request).await })
    };
    receiver.next().await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
    go.add_permits(1);
    let deliveries = tenant.deliveries().await;
    assert_eq!(deliveries[0]["progress"], "taken");
    assert_eq!(tenant.messages().await, 1);
}

#[tokio::test]
async fn a_refused_event_is_tried_three_more_times_on_the_mocks_clock() {
    let (tenant, receiver) = taking(&["authenticator.created"]).await;
    receiver.will([500, 502, 404, 500].map(Reply::Status));
    tenant.enroll("ada").await;
    let mut ids = Vec::new();
    for tries in 1..=4 {
        let deliveries = tenant.deliveries().await;
        let attempts = deliveries[0]["attempts"].as_array().unwrap();
        assert_eq!(attempts.len(), tries);
        let next = deliveries[0]["nextAttemptAt"].as_str();
        let at = ["00:00:30", "00:01:00", "00:01:30"].get(tries - 1);
        let due = at.map(|at| format!("2026-01-01T{at}Z"));
        assert_eq!(next, due.as_deref());
        let [received] = &receiver.take()[..] else {
            panic!("one request for each try")
        };
        genuine(received);
        ids.push(received.json()["id"].clone());
        tenant.after(29).await_nothing(&receiver).await;
        tenant.later(1);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "the same event each time");
    let deliveries = tenant.deliveries().await;
    assert_eq!(deliveries[0]["progress"], "given_up");
    assert!(receiver.take().is_empty());
}

#[tokio::test]
async fn on_a_running_clock_the_next_attempt_follows_by_itself() {
    let receiver = Receiver::start().await;
    let builder = crate::world::mock().webhook(&receiver.url());
    let tenant = Tenant {
        server: builder.start().await.unwrap(),
    };
    receiver.will([Reply::Status(500)]);
    tenant.enroll("ada").await;
    receiver.next().await;
    assert_eq!(tenant.deliveries().await[0]["progress"], "waiting");
    // What is left of the half minute passes for real.
    tenant.server.clock().advance(Duration::from_millis(29_900));
    receiver.next().await;
    assert_eq!(tenant.deliveries().await[0]["progress"], "taken");
    assert_eq!(receiver.take().len(), 2);
}

#[tokio::test]
async fn a_receiver_that_comes_back_gets_the_events_that_it_missed() {
    let (tenant, receiver) = taking(&["authenticator.created"]).await;
    let (socket, silent) = wire::silent();
    let webhooks = json!({"webhooks": [
        {"url": format!("http://{silent}/"), "events": ["authenticator.created"]},
        {"url": receiver.url(), "events": ["authenticator.created"]},
    ]});
    tenant.control("/_mock/webhooks", webhooks).await;
    receiver.will([Reply::HangUp]);
    tenant.enroll("ada").await;
    let errors: Vec<_> = tenant
        .deliveries()
        .await
        .iter()
        .map(|delivery| {
            assert_eq!(delivery["progress"], "waiting");
            delivery["attempts"][0]["error"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(
        errors.contains(&"connection refused".to_owned()),
        "{errors:?}"
    );
    let listener = socket.listen(8).unwrap();
    tenant.later(30);
    // Accepted and closed: nothing was taken.
    let (stream, _) = listener.accept().await.unwrap();
    drop((stream, listener));
    let progress: Vec<_> = tenant
        .deliveries()
        .await
        .iter()
        .map(|delivery| delivery["progress"].clone())
        .collect();
    assert_eq!(progress, ["taken", "waiting"]);
}

#[tokio::test]
async fn a_verifier_finds_every_fault_that_can_be_requested() {
    let (tenant, receiver) = both().await;
    tenant.trigger("email.created", None).await;
    let original = receiver.take()[0].json();
    let verify = |received: &Received| {
        let header = received.header(SIGNATURE_HEADER).unwrap().to_owned();
        let found = Verifier::new(API_SECRET).verify(&header, &received.body);
        found.map(|delivery| delivery.parse().unwrap())
    };
    for (fault, error) in [
        ("late", VerifyError::Timestamp),
        ("wrong_key", VerifyError::Mismatch),
        ("tampered", VerifyError::Mismatch),
    ] {
        receiver.will([Reply::Status(401)]);
        let again = json!({"number": 1, "fault": fault});
        let delivery = tenant.control("/_mock/webhooks/send", again).await;
        assert_eq!(delivery["progress"], "taken", "as it was");
        let attempts = delivery["attempts"].as_array().unwrap();
        let last = attempts.last().unwrap();
        assert_eq!(
            (&last["fault"], &last["status"]),
            (&json!(fault), &json!(401))
        );
        let received = receiver.take();
        assert_eq!(verify(&received[0]).unwrap_err(), error, "{fault}");
        assert_eq!(received[0].json() == original, fault != "tampered");
    }
    let again = json!({"number": 1, "fault": "duplicate"});
    tenant.control("/_mock/webhooks/send", again).await;
    let received = receiver.take();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
    assert!(received.iter().all(|request| verify(request).is_ok()));
}

#[tokio::test]
async fn both_secrets_sign_while_one_replaces_the_other() {
    let (tenant, receiver) = both().await;
    let second = json!({"secondSecret": "the next secret of the tenant"});
    let configured = tenant.control("/_mock/webhooks", second).await;
    assert_eq!(configured["hasSecondSecret"], true);
    assert!(!configured.to_string().contains("the next"));
    tenant.trigger("sms.created", None).await;
    let received = &receiver.take()[0];
    let header = received.header(SIGNATURE_HEADER).unwrap();
    assert_eq!(header.matches("v2=").count(), 2);
    for secret in [API_SECRET, "the next secret of the tenant"] {
        let verifier = Verifier::new(secret);
        assert!(verifier.verify(header, &received.body).is_ok());
    }
    tenant
        .control("/_mock/webhooks", json!({"secondSecret": ""}))
        .await;
    tenant.trigger("sms.created", None).await;
    let header = receiver.take()[0]
        .header(SIGNATURE_HEADER)
        .unwrap()
        .to_owned();
    assert_eq!(header.matches("v2=").count(), 1);
}

#[tokio::test]
async fn webhooks_go_to_this_machine_only() {
    let receiver = Receiver::start().await;
    let tenant = Tenant::new().await;
    for (url, why) in [
        ("http://192.0.2.1/hook", "--webhook-allow 192.0.2.1"),
        ("ftp://127.0.0.1/hook", "http and https only"),
        ("hook", "not a URL"),
    ] {
        let wanted = json!({"webhooks": [{"url": url}]}).to_string();
        let wanted = Request::new("POST", "/_mock/webhooks").json(wanted);
        let answer = tenant.answer(400, &wanted).await;
        assert!(answer.text().contains(why), "{}", answer.text());
        assert!(
            answer.text().contains("/webhooks/0/url"),
            "{}",
            answer.text()
        );
    }
    // Only the sending shows where a name leads.
    let named = json!({"webhooks": [{"url": "http://hooks.shop.example/in"}]}).to_string();
    let named = Request::new("POST", "/_mock/webhooks").json(named);
    let answer = tenant.answer(200, &named).await;
    let warning = answer.header("stepup-mock-warning").unwrap_or_default();
    assert!(
        warning.ends_with("start the mock with --webhook-allow hooks.shop.example"),
        "{warning}"
    );
    // By name, and the name is looked up.
    let localhost = format!("http://localhost:{}/", receiver.port());
    let wanted = json!({"webhooks": [{"url": localhost}]});
    let wanted = Request::new("POST", "/_mock/webhooks").json(wanted.to_string());
    let answer = tenant.answer(200, &wanted).await;
    assert_eq!(answer.header("stepup-mock-warning"), None);
    tenant.trigger("sms.created", None).await;
    assert_eq!(types(&receiver.take()), ["sms.created"]);
}

#[tokio::test]
async fn nothing_is_sent_when_no_webhook_is_configured() {
    let tenant = Tenant::new().await;
    tenant.start_sms().await;
    tenant.enroll("ada").await;
    assert!(tenant.deliveries().await.is_empty());
    let trigger = Request::new("POST", "/_mock/webhooks/trigger").json(r#"{"type":"sms.created"}"#);
    let answer = tenant.answer(409, &trigger).await;
    assert!(answer.text().contains("no webhook receives sms.created"));
}

#[tokio::test]
async fn a_reset_drops_deliveries_and_restores_the_webhooks_of_the_start() {
    let (tenant, receiver) = both().await;
    tenant
        .control("/_mock/webhooks", json!({"webhooks": []}))
        .await;
    tenant.enroll("ada").await;
    assert!(receiver.take().is_empty());
    receiver.will([Reply::Status(500)]);
    tenant.control("/_mock/reset", json!({})).await;
    tenant.enroll("ada").await;
    assert_eq!(tenant.deliveries().await[0]["progress"], "waiting");
    tenant.control("/_mock/reset", json!({})).await;
    receiver.take();
    tenant.after(30).await_nothing(&receiver).await;
    assert!(tenant.deliveries().await.is_empty());
}

#[tokio::test]
async fn webhook_bodies_are_the_same_in_every_deterministic_run() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let (tenant, receiver) = both().await;
        tenant.start_sms().await;
        tenant.enroll("ada").await;
        tenant.deliveries().await;
        let bodies = receiver.take().into_iter().map(|request| request.body);
        runs.push(bodies.collect::<Vec<_>>());
    }
    assert_eq!(runs[0].len(), 2);
    assert_eq!(runs[0], runs[1]);
}

/// A moment at which nothing may have been sent.
struct Quiet<'a>(&'a Tenant);

impl Quiet<'_> {
    async fn await_nothing(&self, receiver: &Receiver) {
        self.0.deliveries().await;
        let came = receiver.take();
        assert!(came.is_empty(), "{came:?}");
    }
}

impl Tenant {
    fn after(&self, seconds: u64) -> Quiet<'_> {
        self.later(seconds);
        Quiet(self)
    }
}
