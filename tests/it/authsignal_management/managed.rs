//! What the Management API sets, set and shown by the control API: its answers, each under its path.

use serde_json::{Value, json};

use super::{answered, client, create, get, tenant, track};
use crate::receiver::Receiver;
use crate::tenant::Tenant;
use crate::wire::Request;

/// What a request to configure the tenant by these answers is told.
async fn managed(tenant: &Tenant, answers: &Value) -> Value {
    let body = json!({"management": answers});
    let configured = tenant.control("/_mock/authsignal", body).await;
    configured["management"].clone()
}

#[tokio::test]
async fn the_control_api_sets_the_webhook_of_a_method() {
    let receiver = Receiver::start().await;
    let tenant = tenant().await;
    let sms = json!({"authenticatorId": "sms", "verificationMethod": "SMS", "isActive": true,
        "smsProvider": "WEBHOOK", "webhookUrl": receiver.url()});
    let answers = json!({"authenticator-configurations/sms": sms});
    let told = managed(&tenant, &answers).await;
    let told = told["authenticator-configurations"].as_array().unwrap();
    assert!(told.contains(&sms) && told.len() > 1, "{told:?}");
    let shown = get(&tenant, "/authenticator-configurations/sms").await;
    assert_eq!(shown["webhookUrl"], receiver.url());
    let tracked = track(&tenant).await;
    client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    let sent = receiver.take().pop().unwrap().json();
    assert_eq!(sent["type"], "sms.created");
}

#[tokio::test]
async fn the_control_api_sets_and_shows_whatever_the_management_api_does() {
    let tenant = Tenant::new().await;
    let texts = json!({"en": {"challenge.heading": "Hello"}});
    let answers = json!({
        "tenant": {"name": "Shop",
            "logEventsWebhookConfig": {"endpointUrl": "http://127.0.0.1:9/logs"}},
        "theme": {"name": "Shop", "primaryColor": "#123456"},
        "message-overrides": {"messageOverrides": texts},
        "value-lists": [{"name": "Blocked", "alias": "blocked", "itemType": "string",
            "isActive": true, "valueListItems": ["XA"]}],
        "custom-data-points": [{"id": "one", "name": "amount", "dataType": "number",
            "modelType": "action", "isPublic": true}],
        "action-configurations": [{"actionCode": "pay", "defaultUserActionResult": "ALLOW",
            "defaultVerificationMethod": "SMS",
            "messagingTemplates": {"en": {"defaultTemplate": "Pay?"}}}],
        "action-configurations/pay/rules": [{"ruleId": "r", "name": "Large",
            "isActive": false, "priority": 0, "type": "BLOCK",
            "conditions": {">": [{"var": "custom.amount"}, 1000]}}],
    });
    for _ in 0..2 {
        let told = managed(&tenant, &answers).await;
        for (path, answer) in answers.as_object().unwrap() {
            assert_eq!(told[path], *answer, "{path}");
        }
    }
    let mut theme = answers["theme"].clone();
    theme["darkMode"] = json!({});
    assert_eq!(get(&tenant, "/theme").await, theme);
    let action = get(&tenant, "/action-configurations/pay").await;
    assert_eq!(
        action["messagingTemplates"]["en"]["defaultTemplate"],
        "Pay?"
    );
    let rules = get(&tenant, "/action-configurations/pay/rules").await;
    assert_eq!(rules[0]["isActive"], false);
    // An id is that of one data point.
    let renamed = json!({"id": "one", "name": "sum", "dataType": "number", "modelType": "action"});
    managed(&tenant, &json!({"custom-data-points/one": renamed})).await;
    let points = get(&tenant, "/custom-data-points").await;
    assert_eq!(points.as_array().unwrap().len(), 1, "{points}");
    let plain = tenant.control("/_mock/authsignal", json!({})).await;
    assert_eq!(plain.get("management"), None);
}

#[tokio::test]
async fn the_answers_of_a_fresh_mock_have_no_effect_on_it() {
    let tenant = Tenant::new().await;
    let paths = ["tenant", "theme", "authenticator-configurations"];
    let mut answers = json!({});
    for path in paths {
        answers[path] = get(&tenant, &format!("/{path}")).await;
    }
    let told = managed(&tenant, &answers).await;
    for path in paths {
        let after = get(&tenant, &format!("/{path}")).await;
        assert_eq!(after, answers[path], "{path}");
    }
    // One that is set would keep pages of other origins from making passkeys.
    assert!(!told.to_string().contains("relyingParty"), "{told}");
}

#[tokio::test]
async fn answers_that_cannot_be_change_nothing() {
    let tenant = tenant().await;
    create(
        &tenant,
        "/value-lists",
        json!({"name": "Kept", "itemType": "string", "isActive": true}),
    )
    .await;
    let theme = json!({"primaryColor": "#123456"});
    let rule = json!({"actionCode": "none", "ruleId": "r", "name": "Large", "isActive": true,
        "priority": 0, "type": "BLOCK", "conditions": {"==": [1, 1]}});
    let webhook = |url: &str| {
        json!({"authenticatorId": "sms", "verificationMethod": "SMS",
        "isActive": true, "smsProvider": "WEBHOOK", "webhookUrl": url})
    };
    let own = json!({"name": "Own", "alias": "own", "itemType": "string", "isActive": true});
    let before = (tenant.server.state(), get(&tenant, "/theme").await);
    for (answers, says) in [
        (
            json!({"themes": {}}),
            "body /management: themes: is no path",
        ),
        (
            json!({"theme": {"primaryColour": "#123456"}}),
            "body /management: theme/primaryColour is unknown; take it out",
        ),
        (
            json!({"authenticator-configurations/sms": webhook("http://198.51.100.1/hook")}),
            "body /management: webhook: ",
        ),
        (
            json!({"theme": theme, "value-lists": [own], "action-configurations/none/rules": [rule],
                "authenticator-configurations": [webhook("http://127.0.0.1:9/own")],
                "tenant": {"logEventsWebhookConfig": {"endpointUrl": "http://127.0.0.1:9/logs"}}}),
            "body /management: action-configurations/none/rules: ",
        ),
    ] {
        let rules = json!([{"ruleId": "own", "name": "n", "priority": 1, "outcome": "BLOCK",
            "conditions": {"==": [1, 1]}}]);
        let body = json!({"defaultOutcome": "BLOCK", "rules": rules, "management": answers});
        let request = Request::new("POST", "/_mock/authsignal").json(body.to_string());
        let refused = tenant.answer(400, &request).await.json();
        let why = refused["message"].as_str().unwrap();
        assert!(why.contains(says), "{why}");
        assert_eq!(tenant.server.state(), before.0, "{says}");
        assert_eq!(get(&tenant, "/theme").await, before.1, "{says}");
        let sms = answered(
            &tenant,
            "GET",
            "/authenticator-configurations/sms",
            Value::Null,
        );
        assert_eq!(sms.await.json().get("webhookUrl"), None, "{says}");
    }
}
