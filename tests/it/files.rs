//! Tenants in a file: another mock goes on exactly, with secrets or with others in their place; what is wrong changes nothing.
//! Must not know what a file holds.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::receiver::{Receiver, Reply};
use crate::tenant::Tenant;
use crate::wire::{Answer, Request};
use crate::world::{API_SECRET, MANAGEMENT_SECRET, TENANT};

/// The nodes of a flow that asks for this method.
fn flow(method: &str) -> Value {
    let mut methods = json!({});
    methods[method] = json!({"isEnabled": true});
    let verify = json!({"nodeId": "verify", "nodeType": "VERIFICATION", "parentNodeIds": [], "childNodeId": "done",
        "methodConfigurations": methods});
    let done = json!({"nodeId": "done", "nodeType": "COMPLETE", "parentNodeIds": ["verify"]});
    json!({"flows": [{"action": "login", "actionNodes": [verify, done]}]})
}

impl Tenant {
    async fn dump(&self, query: &str) -> Value {
        let request = Request::new("GET", &format!("/_mock/dump{query}"));
        self.answer(200, &request).await.json()
    }

    async fn load(&self, status: u16, seed: &Value) -> Answer {
        let request = Request::new("POST", "/_mock/load").json(seed.to_string());
        self.answer(status, &request).await
    }

    async fn managed(&self, method: &str, target: &str, body: Value) -> Value {
        let request = Request::new(method, target).basic(MANAGEMENT_SECRET);
        let answer = self.send(&request.json(body.to_string())).await;
        assert!((200..300).contains(&answer.status), "{}", answer.text());
        answer.json()
    }

    /// Uses much of what a tenant keeps.
    async fn lives(&self, receiver: &Receiver) {
        let webhooks = json!({"webhooks": [{"url": receiver.url(), "events": []}]});
        self.control("/_mock/webhooks", webhooks).await;
        let rule = json!({"ruleId": "r", "name": "Large", "priority": 1, "outcome": "REVIEW",
            "conditions": {">": [{"var": "custom.amount"}, 1000]}});
        let configuration = json!({"rules": [rule], "defaultOutcome": "CHALLENGE",
            "actions": [{"action": "pay", "outcome": "ALLOW"}]});
        self.configure(configuration).await;
        let facts = json!({"ip": [{"cidr": "203.0.113.0/24", "countryCode": "NZ"}]});
        self.control("/_mock/authsignal/facts", facts).await;
        let theme = json!({"name": "Ours"});
        self.managed("PATCH", "/v1/management/theme", theme).await;
        self.enroll("ada").await;
        self.configure(flow("SMS")).await;
        let start = json!({"actionCode": "login", "user": {"userId": "ada"}, "clientId": "web"});
        self.post("/v1/flows", start).await;
        // Its run goes on with the document that it began with.
        self.configure(flow("EMAIL_OTP")).await;
        let email = json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"});
        self.enroll_with("ada", email).await;
        let app = json!({"verificationMethod": "AUTHENTICATOR_APP",
            "otpUri": "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP"});
        self.enroll_with("bob", app).await;
        let amount = json!({"custom": {"amount": 5000, "large": 18_446_744_073_709_551_615_u64},
            "deviceId": "phone", "ipAddress": "203.0.113.7"});
        self.track("ada", "pay", amount).await;
        let token = self.token("ada", "signIn").await;
        self.succeed("ada").await;
        let session = json!({"clientId": "web", "token": token, "action": "signIn"});
        self.post("/v1/sessions", session).await;
        self.token("carol", "signIn").await;
        self.delete("/v1/users/carol").await;
        let challenge =
            json!({"verificationMethod": "SMS", "phoneNumber": "+15550100", "action": "call"});
        self.post("/v1/challenge", challenge).await;
        let failures = json!({"failures": [{"status": 503, "operation": "get_user"}]});
        self.control("/_mock/failures", failures).await;
        let clock = json!({"advanceSeconds": 90, "tenant": "mock-app"});
        self.control("/_mock/clock", clock).await;
    }

    /// What comes next: the answers to requests that the state, the clock and the next ids decide.
    async fn next(&self) -> Vec<Value> {
        let failed = Self::request("GET", "/v1/users/ada");
        let failed = self.answer(503, &failed).await.json();
        let mut said = vec![failed];
        let ip = json!({"ipAddress": "203.0.113.8", "custom": {"amount": 2000}});
        said.push(self.track("ada", "pay", ip).await);
        said.push(self.track("dora", "signIn", json!({})).await);
        said.push(self.authenticators("ada").await);
        let app = json!({"verificationMethod": "AUTHENTICATOR_APP",
            "otpUri": "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP"});
        said.push(self.enroll_with("dora", app).await);
        said.push(self.get("/v1/users/ada").await);
        let messages = Request::new("GET", "/_mock/messages");
        said.push(self.answer(200, &messages).await.json());
        let settled = Request::new("GET", "/_mock/webhooks/deliveries?settled=true");
        said.push(unsigned(self.answer(200, &settled).await.json()));
        let exported = Request::new("GET", "/_mock/authsignal/export");
        said.push(self.answer(200, &exported).await.json());
        said.push(self.server.state());
        said
    }
}

/// Without the signatures of webhooks, which have the time of the machine.
fn unsigned(mut value: Value) -> Value {
    match &mut value {
        Value::Array(elements) => elements
            .iter_mut()
            .for_each(|one| *one = unsigned(one.take())),
        Value::Object(members) => {
            members.remove("signature");
            members
                .values_mut()
                .for_each(|one| *one = unsigned(one.take()));
        }
        _ => {}
    }
    value
}

#[tokio::test]
async fn another_mock_goes_on_exactly_as_the_one_that_was_dumped() {
    let mock = Tenant::new().await;
    let receiver = Receiver::start().await;
    mock.lives(&receiver).await;
    let settled = Request::new("GET", "/_mock/webhooks/deliveries?settled=true");
    mock.answer(200, &settled).await;
    let dump = mock.dump("").await;
    assert_eq!(dump["version"], 1);

    let other = Tenant::new().await;
    let loaded = other.load(200, &dump).await.json();
    assert_eq!(loaded["tenants"][0]["name"], "mock-app");
    assert_eq!(other.server.state(), mock.server.state());
    assert_eq!(other.dump("").await, dump);
    let said = mock.next().await;
    assert_eq!(other.next().await, said);
    let later = [other.dump("").await, mock.dump("").await].map(unsigned);
    assert_eq!(later[0], later[1]);

    // A mock can also start with it, and comes back to it.
    let third = Tenant::of(|builder| builder.seed_value(dump.clone()).unwrap()).await;
    assert_eq!(third.next().await, said);
    third.control("/_mock/reset", json!({})).await;
    assert_eq!(third.dump("").await, dump);
}

#[tokio::test]
async fn tokens_sessions_and_passkeys_of_before_work_in_the_other_mock() {
    let mock = Tenant::new().await;
    let session = json!({"clientId": "web", "token": mock.proof("ada").await, "action": "signIn"});
    let session = mock.post("/v1/sessions", session).await;
    let token = mock.token("ada", "pay").await;
    let credential = json!({"verificationMethod": "PASSKEY", "credentialId": "Y3JlZGVudGlhbA",
        "credentialPublicKey": "cHVibGljLWtleQ"});
    mock.enroll_with("ada", credential).await;

    let other = Tenant::of(|builder| builder.seed_value(json!({"tenants": []})).unwrap()).await;
    other.load(200, &mock.dump("?tenant=mock-app").await).await;
    let keys = format!("/v1/client/public/{TENANT}/.well-known/jwks");
    assert_eq!(other.get(&keys).await, mock.get(&keys).await);
    assert_eq!(other.state(&token).await, "CHALLENGE_REQUIRED");
    let refresh = json!({"refreshToken": session["refreshToken"]});
    let refreshed = other.post("/v1/sessions/refresh", refresh.clone()).await;
    assert_eq!(mock.post("/v1/sessions/refresh", refresh).await, refreshed);
    assert_eq!(
        other.authenticators("ada").await,
        mock.authenticators("ada").await
    );
}

#[tokio::test]
async fn a_dump_without_secrets_holds_none_and_can_be_loaded() {
    let mock = Tenant::new().await;
    let receiver = Receiver::start().await;
    mock.lives(&receiver).await;
    let whole = mock.dump("").await;
    let without = mock.dump("?secrets=false").await;
    let text = without.to_string();
    let mut secrets = BTreeSet::from([API_SECRET, MANAGEMENT_SECRET]);
    secrets_in("", &whole["tenants"][0]["state"], &mut secrets);
    assert!(secrets.len() > 20, "{secrets:?}");
    for secret in secrets {
        assert!(!text.contains(secret), "{secret} is still there");
    }
    let users = |dump: &Value| dump["tenants"][0]["state"]["authsignal"]["users"].clone();
    assert_eq!(
        users(&without)["ada"]["attributes"],
        users(&whole)["ada"]["attributes"]
    );

    // Its tenant keeps the credentials that it has there.
    let other = Tenant::new().await;
    other.load(200, &without).await;
    assert_eq!(
        other.get("/v1/users/ada/authenticators").await,
        mock.authenticators("ada").await
    );
    let state = other.server.state();
    assert_eq!(
        state["mock-app"]["authsignal"]["actions"],
        mock.server.state()["mock-app"]["authsignal"]["actions"]
    );
}

/// The texts of a state that nobody may see.
fn secrets_in<'v>(name: &str, value: &'v Value, found: &mut BTreeSet<&'v str>) {
    const NAMES: [&str; 12] = [
        "code",
        "deviceCode",
        "otpUri",
        "recoveryCodes",
        "refreshToken",
        "requestSecret",
        "secondSecret",
        "secret",
        "seed",
        "sessionKey",
        "signature",
        "token",
    ];
    match value {
        Value::String(text) if NAMES.contains(&name) => {
            found.insert(text);
        }
        Value::Array(elements) => elements.iter().for_each(|one| secrets_in(name, one, found)),
        Value::Object(members) => members
            .iter()
            .for_each(|(name, one)| secrets_in(name, one, found)),
        _ => {}
    }
}

#[tokio::test]
async fn one_tenant_is_replaced_and_others_stay() {
    let mock = Tenant::new().await;
    let create = Request::new("POST", "/_mock/tenants").json(r#"{"name":"Other"}"#);
    let other = mock.answer(201, &create).await.json();
    let id = other["id"].as_str().unwrap();
    let before = mock.dump("?tenant=mock-app").await;
    mock.enroll("ada").await;
    let track = Request::new("POST", "/v1/users/eve/actions/pay").json("{}");
    let track = track.basic(other["authsignal"]["secretKey"].as_str().unwrap());
    mock.answer(200, &track).await;
    mock.load(200, &before).await;
    let users = async |tenant: &str| {
        let users = Request::new("GET", &format!("/_mock/users?tenant={tenant}"));
        mock.answer(200, &users).await.json()["users"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!((users("mock-app").await, users(id).await), (0, 1));
    let tenants = Request::new("GET", "/_mock/tenants?brief=true");
    let names = async || {
        let listed = mock.answer(200, &tenants).await.json();
        let names = listed["tenants"].as_array().unwrap().iter();
        names
            .map(|tenant| tenant["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names().await, ["mock-app", id], "in the same place");

    // A reset of the whole mock brings back what it started with.
    let added = json!({"tenants": [{"activeconnect": {"users": [{"id": "bob"}]}}]});
    let added = mock.load(200, &added).await.json();
    assert_eq!(names().await.len(), 3);
    let reset = Request::new("POST", "/_mock/reset?tenant=mock-app");
    mock.answer(200, &reset).await;
    assert_eq!(mock.dump("?tenant=mock-app").await, before);
    mock.control("/_mock/reset", json!({})).await;
    assert_eq!(names().await, ["mock-app"]);
    assert_eq!(added["tenants"][0]["activeconnect"]["users"], 1);
}

#[tokio::test]
async fn what_is_wrong_is_refused_with_its_place_and_changes_nothing() {
    let mock = Tenant::new().await;
    mock.proof("ada").await;
    let create = Request::new("POST", "/_mock/tenants").json(r#"{"name":"Other"}"#);
    let other = mock.answer(201, &create).await.json();
    let dump = mock.dump("?tenant=mock-app").await;
    let state = mock.dump("").await;
    let changed = |place: &str, value: Value| {
        let mut dump = dump.clone();
        *dump.pointer_mut(place).unwrap() = value;
        dump
    };
    let user = "/tenants/0/state/authsignal/users/ada";
    let cases = [
        (
            400,
            changed("/version", json!(2)),
            "version is 2, and this mock reads version 1",
        ),
        (400, changed("/tenants", json!({})), "tenants: must be "),
        (
            400,
            changed(user, json!({})),
            "tenants[0].state.authsignal.users.ada: `attributes` is missing",
        ),
        (
            400,
            changed("/tenants/0/state/ids/seed", json!("xyz")),
            "tenants[0].state: ids: a seed must have 64",
        ),
        (
            400,
            changed("/tenants/0/state/ids/drawn", json!(-1)),
            "tenants[0].state.ids.drawn: must be ",
        ),
        (
            400,
            changed("/tenants/0/state/messages/sent", json!(u64::MAX)),
            "tenants[0].state.messages.sent: must be at most",
        ),
        (
            400,
            changed("/tenants/0/state/activeconnect", Value::Null),
            "`activeconnect` and `state.activeconnect` belong together",
        ),
        (
            400,
            changed(
                "/tenants/0/state/authsignal/configuration/rules",
                json!([1]),
            ),
            "configuration.rules[0]: must be",
        ),
        (
            409,
            changed(
                "/tenants/0/authsignal/secret",
                other["authsignal"]["secretKey"].clone(),
            ),
            "another tenant has one of these secrets",
        ),
        (
            409,
            changed(
                "/tenants/0/authsignal/id",
                other["authsignal"]["tenantId"].clone(),
            ),
            "has the ids of two tenants",
        ),
    ];
    for (status, seed, says) in cases {
        let text = mock.load(status, &seed).await.text();
        let message = serde_json::from_str::<Value>(&text).unwrap();
        let message = message["message"].as_str().unwrap();
        assert!(message.contains(says), "{says}: {message}");
        assert_eq!(mock.dump("").await, state, "{says}");
    }
    // A tenant that is sound does not come without the other.
    let both = json!({"tenants": [{"authsignal": {"id": "new"}}, {"authsignal": {"id": "bad", "users": [{}]}}]});
    mock.load(400, &both).await;
    assert_eq!(mock.dump("").await, state);
}

#[tokio::test]
async fn thousands_of_users_are_dumped_and_loaded() {
    let users: Vec<_> = (0..2000)
        .map(|number| {
            let email = format!("{number}@example.com");
            json!({"userId": number.to_string(), "email": email, "authenticators": [
                {"verificationMethod": "EMAIL_OTP", "email": email}, {"verificationMethod": "SMS", "phoneNumber": "+15550100"}]})
        })
        .collect();
    let seed =
        json!({"tenants": [{"authsignal": {"id": TENANT, "secret": API_SECRET, "users": users}}]});
    let mock = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    let dump = mock.dump("").await;
    assert!(dump.to_string().len() > 1024 * 1024);
    let other = Tenant::new().await;
    other.load(200, &dump).await;
    assert_eq!(
        other.get("/v1/users/999").await,
        mock.get("/v1/users/999").await
    );
}

#[tokio::test]
async fn a_loaded_webhook_goes_on_its_way() {
    let mock = Tenant::new().await;
    let receiver = Receiver::start().await;
    receiver.will([Reply::Status(500)]);
    let webhooks =
        json!({"webhooks": [{"url": receiver.url(), "events": ["authenticator.created"]}]});
    mock.control("/_mock/webhooks", webhooks).await;
    mock.enroll("ada").await;
    receiver.next().await;
    let dump = mock.dump("").await;
    receiver.take();
    let other = Tenant::new().await;
    other.load(200, &dump).await;
    other.later(3600);
    receiver.next().await;
    assert_eq!(receiver.take().len(), 1);
}

/// The places of a value, as JSON Pointers.
fn places(value: &Value, place: &str, found: &mut Vec<String>) {
    found.push(place.to_owned());
    match value {
        Value::Array(elements) => {
            for (index, one) in elements.iter().enumerate() {
                places(one, &format!("{place}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, one) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(one, &format!("{place}/{name}"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn no_change_of_a_state_by_hand_brings_the_mock_down() {
    let mock = Tenant::new().await;
    let receiver = Receiver::start().await;
    mock.lives(&receiver).await;
    let dump = mock.dump("").await;
    let mut all = Vec::new();
    places(&dump["tenants"][0]["state"], "", &mut all);
    let (mut taken, mut refused) = (0, 0);
    // Each run of this test would take minutes with every place.
    for (number, place) in all.iter().enumerate().step_by(3) {
        let odd = [
            json!(null),
            json!(-1),
            json!(9_007_199_254_740_991_u64),
            json!(""),
            json!([]),
            json!({}),
        ];
        let mut seed = dump.clone();
        *seed
            .pointer_mut(&format!("/tenants/0/state{place}"))
            .unwrap() = odd[number % odd.len()].clone();
        let load = Request::new("POST", "/_mock/load").json(seed.to_string());
        let answer = mock.send(&load).await;
        match answer.status {
            200 => {
                taken += 1;
                let track = Tenant::request("POST", "/v1/users/ada/actions/signIn").json("{}");
                let answer = mock.send(&track).await;
                assert!(answer.status < 500, "{place}: {}", answer.text());
                mock.server.state();
                mock.dump("").await;
            }
            status => {
                refused += 1;
                assert_eq!(status, 400, "{place}: {}", answer.text());
            }
        }
    }
    assert!(taken > 5 && refused > 100, "{taken} {refused}");
}
