//! The configuration of a tenant leaves the mock, and comes into another: as a seed, as calls of the Management API, as
//! what a real tenant answered.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{change, create, get, manage};
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
    let notes = export(&tenant).await["notes"].to_string();
    assert!(
        notes.contains("rule everywhere is about every action"),
        "{notes}"
    );
    assert!(notes.contains("EMAIL_OTP is offered"), "{notes}");
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
            "management: tenant: invalid type",
        ),
    ] {
        let seed = json!({"tenants": [{"authsignal": {"id": "t", "secret": "s", "management": management}}]});
        let builder = stepup_mock::MockServer::builder().seed_value(seed);
        let refused = builder.expect("a seed in form").start().await;
        let refused = refused.expect_err("no such tenant").to_string();
        assert!(refused.contains(says), "{refused}");
    }
}
