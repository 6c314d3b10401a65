//! The configuration of a tenant leaves the mock, and comes into another: as a seed, as calls of the Management API, as
//! what a real tenant answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{answered, change, create, get, manage};
use crate::tenant::Tenant;

/// A tenant with something of every resource.
async fn configured() -> Tenant {
    let tenant = Tenant::new().await;
    let tenant_settings = json!({
        "name": "Shop",
        "tokenDurationInMinutes": 5,
        "ipWhitelist": ["127.0.0.0/8"],
        "authenticatorEventsWebhookConfig": {"url": "http://127.0.0.1:9/events", "includeCredentialPublicKey": false},
    });
    change(&tenant, "/tenant", tenant_settings).await;
    change(
        &tenant,
        "/theme",
        json!({"primaryColor": "#123456", "darkMode": {"primaryColor": "#654321"}}),
    )
    .await;
    let texts = json!({"messageOverrides": {"en": {"challenge.heading": "Hello"}}});
    change(&tenant, "/message-overrides", texts).await;
    let list = json!({"name": "Blocked Countries", "itemType": "string", "isActive": true, "valueListItems": ["XB", "XA"]});
    create(&tenant, "/value-lists", list).await;
    let point =
        json!({"name": "amount", "dataType": "number", "modelType": "action", "isPublic": true});
    create(&tenant, "/custom-data-points", point).await;
    let sms = json!({
        "smsProvider": "TWILIO",
        "smsCountryCodes": ["NZ"],
        "twilioCredentials": {"authToken": "hunter2", "messagingServiceSid": "MG1", "accountSid": "AC1"},
    });
    create(&tenant, "/authenticator-configurations/sms", sms).await;
    let action = json!({
        "actionCode": "withdraw",
        "defaultUserActionResult": "ALLOW",
        "verificationMethods": ["SMS", "PASSKEY"],
        "verificationWebhookUrl": "http://127.0.0.1:9/verify",
        "messagingTemplates": {"en": {"defaultTemplate": "Hi"}},
    });
    create(&tenant, "/action-configurations", action).await;
    let rule = json!({
        "name": "risky",
        "isActive": true,
        "priority": 0,
        "type": "BLOCK",
        "conditions": {"in": [{"var": "ip.countryCode"}, {"var": "lists.blocked-countries"}]},
    });
    create(&tenant, "/action-configurations/withdraw/rules", rule).await;
    // What only this mock has.
    let facts = json!({"ip": [{"cidr": "198.51.100.0/24", "countryCode": "XA"}], "user": [{"userId": "ada", "hasPreviouslyVerified": true}]});
    tenant.control("/_mock/authsignal/facts", facts).await;
    let own = json!({
        "challengeModes": [{"action": "pay", "challengeMode": "auto-fail"}],
        "clients": [{"clientId": "web", "accessTokenSeconds": 60, "customClaims": {"phone": "phoneNumber"}}],
        "challengeEnrolledOnly": true,
        "defaultOutcome": "REVIEW",
    });
    tenant.configure(own).await;
    tenant
}

async fn export(tenant: &Tenant) -> Value {
    tenant.get("/_mock/authsignal/export").await
}

async fn seeded(seed: &Value) -> Tenant {
    Tenant::of(|builder| builder.seed_value(seed.clone()).expect("a seed")).await
}

/// A new tenant, configured by the calls of an export.
async fn called(exported: &Value) -> Tenant {
    let tenant = Tenant::new().await;
    for call in exported["calls"].as_array().expect("calls") {
        let text = |name: &str| call[name].as_str().expect("a text").to_owned();
        let body = call["body"].clone();
        manage(&tenant, &text("method"), &text("path"), body).await;
    }
    tenant
}

#[tokio::test]
async fn an_exported_seed_gives_another_mock_the_same_configuration() {
    let tenant = configured().await;
    let exported = export(&tenant).await;
    let other = seeded(&exported["seed"]).await;
    assert_eq!(export(&other).await["seed"], exported["seed"]);
    for resource in [
        "/tenant",
        "/theme",
        "/message-overrides",
        "/value-lists",
        "/custom-data-points",
        "/action-configurations",
        "/action-configurations/withdraw/rules",
    ] {
        assert_eq!(
            get(&other, resource).await,
            get(&tenant, resource).await,
            "{resource}"
        );
    }
    // It has its effect, and a reset keeps it.
    other.server.reset();
    let tracked = other
        .track("ada", "withdraw", json!({"ipAddress": "198.51.100.7"}))
        .await;
    assert_eq!(tracked["state"], "BLOCK");
}

#[tokio::test]
async fn an_export_has_no_secret() {
    let tenant = configured().await;
    let exported = export(&tenant).await;
    assert!(!exported.to_string().contains("hunter2"), "{exported}");
    let calls = exported["calls"].as_array().expect("calls");
    let sms = calls
        .iter()
        .find(|call| call["path"] == "/authenticator-configurations/sms")
        .expect("a call for SMS");
    assert_eq!(sms["lacks"], json!(["/twilioCredentials/authToken"]));
}

#[tokio::test]
async fn exported_calls_configure_another_tenant_alike() {
    let tenant = configured().await;
    let other = called(&export(&tenant).await).await;
    let without_ids = |mut value: Value| {
        let items = value.as_array_mut().into_iter().flatten();
        for members in items.filter_map(Value::as_object_mut) {
            members.remove("ruleId");
            members.remove("id");
        }
        value
    };
    for resource in [
        "/tenant",
        "/theme",
        "/message-overrides",
        "/value-lists",
        "/custom-data-points",
        "/authenticator-configurations",
        "/action-configurations",
        "/action-configurations/withdraw/rules",
    ] {
        let (copy, original) = (get(&other, resource).await, get(&tenant, resource).await);
        assert_eq!(without_ids(copy), without_ids(original), "{resource}");
    }
}

#[tokio::test]
async fn a_flow_goes_with_its_action() {
    let tenant = Tenant::new().await;
    let action = json!({"actionCode": "sign-up", "actionType": "FLOW"});
    create(&tenant, "/action-configurations", action).await;
    let flow = json!({
        "actionNodes": [
            {"nodeId": "root", "nodeType": "RULE", "parentNodeIds": [], "ruleChildNodeIds": [["bot", "end"]], "elseChildNodeId": "done"},
            {"nodeId": "end", "nodeType": "BLOCK", "parentNodeIds": ["root"]},
            {"nodeId": "done", "nodeType": "COMPLETE", "parentNodeIds": ["root"]},
        ],
        "rules": [{"ruleId": "bot", "name": "Bot", "conditions": {"==": [{"var": "device.isBot"}, true]}}],
    });
    manage(&tenant, "PUT", "/action-configurations/sign-up/flow", flow).await;
    let exported = export(&tenant).await;
    let by_seed = seeded(&exported["seed"]).await;
    let by_calls = called(&exported).await;
    for resource in [
        "/action-configurations/sign-up",
        "/action-configurations/sign-up/rules",
    ] {
        let original = get(&tenant, resource).await;
        assert_eq!(get(&by_seed, resource).await, original, "{resource}");
        assert_eq!(get(&by_calls, resource).await, original, "{resource}");
    }
}

/// A flow of these nodes behind a rule.
fn flow(nodes: Value, conditions: Value) -> Value {
    let mut all = vec![
        json!({"nodeId": "root", "nodeType": "RULE", "parentNodeIds": [], "ruleChildNodeIds": [["r", "done"]], "elseChildNodeId": "next"}),
        json!({"nodeId": "done", "nodeType": "COMPLETE", "parentNodeIds": ["root"]}),
    ];
    all.extend(nodes.as_array().unwrap().clone());
    json!({"actionNodes": all, "rules": [{"ruleId": "r", "name": "", "conditions": conditions}]})
}

/// Calls after which the tenant has what a person would not write in a seed, or what it could not set again.
fn odd() -> Vec<(&'static str, &'static str, Value)> {
    let odd = ["", " a ", "a\nb\t", "\u{202e}x"];
    let mut calls = Vec::new();
    for (at, text) in odd.into_iter().enumerate() {
        let body = json!({"name": text, "template": text, "colors": {"link": text}});
        calls.push(("PATCH", "/theme", body));
        calls.push(("PATCH", "/tenant", json!({"name": text})));
        let point = json!({"name": format!("p{at}"), "dataType": "text", "modelType": "user", "description": text});
        calls.push(("POST", "/custom-data-points", point));
        let list = json!({"name": format!("{text}l{at}"), "itemType": "string", "isActive": true, "valueListItems": [text]});
        calls.push(("POST", "/value-lists", list));
        let action = json!({"actionCode": format!("a{at}"), "defaultUserActionResult": "ALLOW", "messagingTemplates": {text: text, "x": null}});
        calls.push(("POST", "/action-configurations", action));
        let target = [
            "/action-configurations/a0/rules",
            "/action-configurations/a1/rules",
            "/action-configurations/a2/rules",
            "/action-configurations/a3/rules",
        ][at];
        let name = format!("{text}r");
        let rule = json!({"name": name, "description": text, "isActive": true, "priority": 0, "type": "BLOCK",
            "conditions": {"==": [{"var": "custom.x"}, null, text]}, "verificationMethods": ["SMS"]});
        calls.push(("POST", target, rule));
        let apps = json!({"issuerName": text});
        calls.push((
            "PATCH",
            "/authenticator-configurations/authenticator-app",
            apps,
        ));
    }
    let texts = json!({"messageOverrides": {"": {"challenge.heading": "a\nb"}, "en": {"challenge.heading": ""}}});
    calls.push(("PATCH", "/message-overrides", texts));
    let pay = json!({"actionCode": "pay", "defaultUserActionResult": "ALLOW", "verificationMethods": ["SMS"], "defaultVerificationMethod": "SMS"});
    calls.push(("POST", "/action-configurations", pay));
    let sign_up = json!({"actionCode": "sign-up", "actionType": "FLOW"});
    calls.push(("POST", "/action-configurations", sign_up));
    let steps = json!([
        {"nodeId": "next", "nodeType": "VERIFICATION", "parentNodeIds": ["root"], "methodConfigurations": {"SMS": {"isEnabled": true}},
            "childNodeId": "end", "note": null, "text": "a\nb"},
        {"nodeId": "end", "nodeType": "COMPLETE", "parentNodeIds": ["next"]},
    ]);
    let listed = json!({"in": [null, {"var": "lists.l0"}]});
    for _ in 0..3 {
        let flow = flow(steps.clone(), listed.clone());
        calls.push(("PUT", "/action-configurations/sign-up/flow", flow));
    }
    // Gone since.
    calls.push(("DELETE", "/value-lists/l0", Value::Null));
    calls.push((
        "PATCH",
        "/authenticator-configurations/sms",
        json!({"isActive": false}),
    ));
    calls.push((
        "PATCH",
        "/authenticator-configurations/whatsapp",
        json!({"isActive": false}),
    ));
    calls.push(("DELETE", "/authenticator-configurations/push", Value::Null));
    calls
}

#[tokio::test]
async fn whatever_the_management_api_has_taken_comes_back_with_the_exported_seed() {
    let tenant = Tenant::new().await;
    // What the control API takes besides. It comes first, because it takes the place of all rules and lists.
    let end = json!([{"nodeId": "a", "nodeType": "COMPLETE", "x": null}]);
    let own = json!({
        "actions": [{"action": "sign/in 100%", "outcome": "BLOCK"}],
        "rules": [{"ruleId": "r", "name": " \n", "description": "", "priority": -1, "action": "sign/in 100%", "outcome": "BLOCK", "conditions": {"==": [1, 1]}}],
        "challengeModes": [{"action": " a\n", "challengeMode": "auto-fail"}],
        "flows": [{"action": "bare/flow", "actionNodes": end}],
        "clients": [{"clientId": "a\tb"}],
    });
    tenant.configure(own).await;
    let facts = json!({"user": [{"userId": "a\nb", "hasPreviouslyVerified": true}], "lists": [{"alias": "unnamed", "name": "", "items": [""]}]});
    tenant.control("/_mock/authsignal/facts", facts).await;
    for (method, target, body) in odd() {
        manage(&tenant, method, target, body).await;
    }
    let exported = export(&tenant).await;
    let text = exported["seed"].to_string();
    let other = seeded(&serde_json::from_str(&text).expect("a seed")).await;
    assert_eq!(export(&other).await["seed"], exported["seed"]);
    let flow = get(&other, "/action-configurations/sign-up").await;
    let rules = get(&other, "/action-configurations/sign-up/rules").await;
    assert_eq!(flow, get(&tenant, "/action-configurations/sign-up").await);
    assert_eq!(
        rules,
        get(&tenant, "/action-configurations/sign-up/rules").await
    );
}

#[tokio::test]
async fn json_that_is_kept_is_not_deeper_than_an_export_can_print() {
    let tenant = Tenant::new().await;
    let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner]));
    create(
        &tenant,
        "/action-configurations",
        json!({"actionCode": "f", "actionType": "FLOW"}),
    )
    .await;
    let classic = json!({"actionCode": "c", "defaultUserActionResult": "ALLOW"});
    create(&tenant, "/action-configurations", classic).await;
    let flow = |levels: usize| {
        let node = json!({"nodeId": "a", "nodeType": "COMPLETE", "parentNodeIds": [], "deep": nested(levels)});
        json!({"actionNodes": [node], "rules": []})
    };
    let templates = |levels: usize| json!({"messagingTemplates": {"en": nested(levels)}});
    let rule = |levels: usize| json!({"name": "r", "isActive": true, "priority": levels % 100, "type": "BLOCK", "conditions": {"==": [1, nested(levels)]}});
    // The list of nodes and its node are two levels, as are templates, a condition and its operands.
    for (method, target, body) in [
        (
            "PUT",
            "/action-configurations/f/flow",
            &flow as &dyn Fn(usize) -> Value,
        ),
        ("PATCH", "/action-configurations/f", &|levels| {
            templates(levels + 1)
        }),
        ("POST", "/action-configurations/c/rules", &rule),
    ] {
        manage(&tenant, method, target, body(62)).await;
        for levels in [63, 100, 118, 120] {
            let refused = answered(&tenant, method, target, body(levels)).await;
            assert_eq!(refused.status, 400, "{target}");
            assert!(
                refused.text().contains("nested too deeply"),
                "{}",
                refused.text()
            );
        }
    }
    let exported = export(&tenant).await;
    let other = seeded(&exported["seed"]).await;
    assert_eq!(export(&other).await["seed"], exported["seed"]);
}

#[tokio::test]
async fn a_flow_of_an_action_without_a_configuration_goes_along() {
    let tenant = Tenant::new().await;
    let flows = json!([{
        "action": "sign-up",
        "actionNodes": [
            {"nodeId": "root", "nodeType": "RULE", "parentNodeIds": [], "ruleChildNodeIds": [["bot", "end"]], "elseChildNodeId": "end"},
            {"nodeId": "end", "nodeType": "BLOCK", "parentNodeIds": ["root"]},
        ],
        "rules": [{"ruleId": "bot", "name": "Bot", "conditions": {"==": [{"var": "device.isBot"}, true]}}],
    }]);
    tenant.configure(json!({"flows": flows})).await;
    let exported = export(&tenant).await;
    let seed = &exported["seed"]["tenants"][0]["authsignal"];
    assert_eq!(seed["flows"], flows);
    let by_seed = seeded(&exported["seed"]).await;
    assert_eq!(export(&by_seed).await["seed"], exported["seed"]);
    let by_calls = called(&exported).await;
    let start = json!({"actionCode": "sign-up", "user": {"userId": "ada"}});
    for other in [by_seed, by_calls] {
        let started = other.post("/v1/flows", start.clone()).await;
        assert_eq!(started["action"]["state"], "CHALLENGE_FAILED", "{started}");
    }
}

#[tokio::test]
async fn how_tokens_are_signed_goes_along() {
    let tenant = Tenant::of(|builder| builder.rs256_tokens(true)).await;
    let exported = export(&tenant).await;
    let other = seeded(&exported["seed"]).await;
    let token = other.token("ada", "pay").await;
    let header = token.as_str().unwrap().split('.').next().unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    assert_eq!(header["alg"], "RS256");
    let plain = export(&Tenant::new().await).await;
    let plain = &plain["seed"]["tenants"][0]["authsignal"];
    assert_eq!(plain["rs256Tokens"], Value::Null);
}

#[tokio::test]
async fn what_no_call_can_do_is_noted() {
    let tenant = Tenant::new().await;
    let rules = json!({"rules": [{"ruleId": "everywhere", "name": "r", "priority": 1, "outcome": "BLOCK", "conditions": {"==": [1, 1]}}]});
    tenant.configure(rules).await;
    let own = json!({
        "clients": [{"clientId": "web"}],
        "challengeModes": [{"action": "pay", "challengeMode": "auto-fail"}],
        "flows": [{"action": "bare", "actionNodes": [{"nodeId": "a", "nodeType": "COMPLETE"}]}],
    });
    tenant.configure(own).await;
    let facts = json!({"user": [{"userId": "ada", "hasPreviouslyVerified": true}]});
    tenant.control("/_mock/authsignal/facts", facts).await;
    let url = "http://127.0.0.1:9/own";
    let webhooks = json!({
        "webhooks": [{"url": url, "events": ["sms.created"]}],
        "verificationWebhooks": [{"action": "pay", "url": url}],
    });
    tenant.control("/_mock/webhooks", webhooks).await;
    create(
        &tenant,
        "/action-configurations",
        json!({"actionCode": "f", "actionType": "FLOW"}),
    )
    .await;
    for _ in 0..2 {
        let flow = json!({"actionNodes": [{"nodeId": "a", "nodeType": "COMPLETE"}], "rules": []});
        manage(&tenant, "PUT", "/action-configurations/f/flow", flow).await;
    }
    let notes = export(&tenant).await["notes"].to_string();
    for says in [
        "rule everywhere is about every action",
        "EMAIL_OTP is offered",
        "app client web: ",
        "flow of f: it has version 2 here",
        "webhook http://127.0.0.1:9/own for sms.created: ",
        "webhook http://127.0.0.1:9/own for action.verify of pay",
        "challenge modes: only the mock has them",
        "facts: only the mock has them",
    ] {
        assert!(notes.contains(says), "{says}: {notes}");
    }
}

#[tokio::test]
async fn a_seed_that_no_tenant_answered_is_refused_with_its_place() {
    for (management, says) in [
        (json!({"value-list": []}), "did you mean value-lists?"),
        (
            json!({"theme": {"primaryColour": "#123456"}}),
            "theme/primaryColour is unknown",
        ),
        (
            json!({"tenant": {"tokenDurationInMinutes": "5"}}),
            "management: tenant/tokenDurationInMinutes: must be ",
        ),
    ] {
        let seed = json!({"tenants": [{"authsignal": {"id": "t", "secret": "s", "management": management}}]});
        let builder = stepup_mock::MockServer::builder().seed_value(seed);
        let refused = builder.expect("a seed in form").start().await;
        let refused = refused.expect_err("no such tenant").to_string();
        assert!(refused.contains(says), "{refused}");
    }
}

#[tokio::test]
async fn what_a_seed_says_twice_is_refused_with_its_place() {
    let rule = |id: &str, name: &str| json!({"ruleId": id, "name": name, "isActive": true, "priority": 1, "type": "BLOCK"});
    let action = |code: &str| json!({"actionCode": code, "defaultUserActionResult": "ALLOW"});
    let point =
        |name: &str| json!({"id": "p", "name": name, "dataType": "text", "modelType": "user"});
    let passkey =
        json!({"authenticatorId": "passkey", "verificationMethod": "PASSKEY", "isActive": true});
    let whole = json!({
        "tenant": {"name": "Shop"},
        "value-lists": [{"name": "L", "alias": "l", "itemType": "string", "isActive": true}],
        "custom-data-points": [point("z")],
        "authenticator-configurations": [passkey],
        "action-configurations": [action("pay"), action("look")],
        "action-configurations/pay/rules": [rule("r", "a")],
    });
    let with = |path: &str, answer: Value| {
        let mut management = whole.clone();
        management[path] = answer;
        json!({"management": management})
    };
    let beside = |member: &str, value: Value| json!({"management": whole, member: value});
    let own_rule = json!([{"ruleId": "r", "name": "n", "priority": 2, "action": "pay", "outcome": "ALLOW", "conditions": {}}]);
    for (members, says) in [
        (
            with(
                "action-configurations/pay/rules",
                json!([rule("r", "a"), rule("r", "b")]),
            ),
            "action-configurations/pay/rules/1: has the same ruleId as another",
        ),
        (
            with("action-configurations/look/rules", json!([rule("r", "b")])),
            "management: action-configurations/pay/rules/r: the rule of look has the same ruleId",
        ),
        (
            with(
                "action-configurations",
                json!([action("pay"), {"actionCode": "pay"}]),
            ),
            "action-configurations/1: has the same actionCode as another",
        ),
        (
            with("custom-data-points", json!([point("z"), point("y")])),
            "custom-data-points/1: has the same id as another",
        ),
        (
            with(
                "action-configurations/pay/rules",
                json!([{"ruleId": "r", "name": "a", "isActive": true, "priority": 100, "type": "BLOCK"}]),
            ),
            "management: action-configurations/pay/rules/r: /priority: is 100; it must be from 0 to 99",
        ),
        (
            beside("rules", own_rule),
            "authsignal.rules: r is also in management, under action-configurations/CODE/rules; leave it out in one of them",
        ),
        (
            beside("actions", json!({"pay": "BLOCK"})),
            "authsignal.actions: pay is also in management",
        ),
        (
            beside("lists", json!([{"alias": "l"}])),
            "authsignal.lists: l is also in management",
        ),
        (
            beside("dataPoints", json!([{"name": "z"}])),
            "authsignal.dataPoints: z is also in management",
        ),
        (
            beside("tenant", json!({"name": "Other"})),
            "authsignal.tenant: name is also in management",
        ),
        (
            beside("passkeys", json!({"relyingParty": "example.com"})),
            "authsignal.passkeys: PASSKEY is also in management",
        ),
        (
            beside("verificationMethods", json!(["SMS"])),
            "authsignal.verificationMethods: SMS is also in management",
        ),
    ] {
        let mut tenant = json!({"id": "t", "secret": "s"});
        tenant
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let seed = json!({"tenants": [{"authsignal": tenant}]});
        let builder = stepup_mock::MockServer::builder().seed_value(seed);
        let refused = builder.expect("a seed in form").start().await;
        let refused = refused.expect_err("two of one").to_string();
        assert!(refused.contains(says), "{says}: {refused}");
    }
    // Each says something else.
    let apart = beside("actions", json!({"buy": "BLOCK"}));
    let mut tenant =
        json!({"id": "t", "secret": "s", "tenant": {"customDomain": "auth.example.com"}});
    tenant
        .as_object_mut()
        .unwrap()
        .extend(apart.as_object().unwrap().clone());
    seeded(&json!({"tenants": [{"authsignal": tenant}]})).await;
}

#[tokio::test]
async fn a_priority_of_the_control_api_goes_along_and_the_management_api_sets_none() {
    let tenant = Tenant::new().await;
    let actions = json!([{"action": "pay", "outcome": "ALLOW"}]);
    let rules = json!([{"ruleId": "r", "name": "n", "priority": 1000, "action": "pay", "outcome": "BLOCK", "conditions": {"==": [1, 1]}}]);
    tenant
        .configure(json!({"actions": actions, "rules": rules}))
        .await;
    let exported = export(&tenant).await;
    let other = seeded(&exported["seed"]).await;
    assert_eq!(export(&other).await["seed"], exported["seed"]);
    let note = "rule r has the priority 1000, which the Management API does not take";
    assert!(exported["notes"].to_string().contains(note), "{exported}");
    let target = "/action-configurations/pay/rules/r";
    let refused = answered(&other, "PATCH", target, json!({"name": "other"})).await;
    assert_eq!(
        refused.json()["errorDescription"],
        "body /priority: is 1000; it must be from 0 to 99"
    );
    let changed = change(&other, target, json!({"name": "other", "priority": 99})).await;
    assert_eq!(changed["priority"], 99);
}
