//! The Management API and the control API set one state: what one sets, the other shows.

use serde_json::{Value, json};

use super::{answered, change, create, delete, get, withdraw};
use crate::tenant::Tenant;

/// The name of a tenant that nobody named.
const NAMELESS: &str = "this application";

/// The tenant as the control API lists it.
async fn listed(tenant: &Tenant) -> Value {
    let all = tenant.get("/_mock/tenants").await;
    all["tenants"][0]["authsignal"].clone()
}

#[tokio::test]
async fn outcomes_of_actions_are_one_state() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    let wanted = json!([{"action": "withdraw", "outcome": "CHALLENGE"}]);
    assert_eq!(listed(&tenant).await["actions"], wanted);
    change(
        &tenant,
        "/action-configurations/withdraw",
        json!({"verificationMethods": ["SMS"]}),
    )
    .await;
    tenant
        .configure(json!({"actions": [{"action": "pay", "outcome": "BLOCK"}]}))
        .await;
    let pay = get(&tenant, "/action-configurations/pay").await;
    assert_eq!(pay["defaultUserActionResult"], "BLOCK");
    // The rest of it is not the control API's.
    let rest = get(&tenant, "/action-configurations/withdraw").await;
    assert_eq!(rest["verificationMethods"], json!(["SMS"]));
    assert_eq!(rest.get("defaultUserActionResult"), None);
    tenant.configure(json!({"actions": []})).await;
    let gone = answered(&tenant, "GET", "/action-configurations/pay", Value::Null).await;
    assert_eq!(gone.status, 404);
}

#[tokio::test]
async fn rules_are_one_state() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    let target = "/action-configurations/withdraw/rules";
    let conditions = json!({"==": [{"var": "custom.amount"}, 1]});
    let rule = json!({"name": "one", "isActive": true, "priority": 3, "type": "BLOCK", "conditions": conditions});
    let made = create(&tenant, target, rule).await;
    let shown = listed(&tenant).await;
    assert_eq!(shown["rules"][0]["ruleId"], made["ruleId"]);
    assert_eq!(shown["rules"][0]["action"], "withdraw");
    let rules = json!([
        {"ruleId": "of-all", "name": "of all", "priority": 1, "outcome": "ALLOW", "conditions": {"==": [1, 2]}},
        {"ruleId": "own", "name": "own", "priority": 2, "action": "withdraw", "outcome": "REVIEW", "conditions": {"==": [1, 2]}},
    ]);
    tenant.configure(json!({"rules": rules})).await;
    // A rule of every action is none of this one.
    let wanted = json!([{"tenantId": made["tenantId"], "actionCode": "withdraw", "ruleId": "own", "name": "own",
        "isActive": true, "priority": 2, "type": "REVIEW", "conditions": {"==": [1, 2]}}]);
    assert_eq!(get(&tenant, target).await, wanted);
    delete(&tenant, &format!("{target}/own")).await;
    let left = &listed(&tenant).await["rules"];
    assert_eq!(left[0]["ruleId"], "of-all");
    assert_eq!(left[1], Value::Null);
}

#[tokio::test]
async fn value_lists_and_data_points_are_one_state() {
    let tenant = Tenant::new().await;
    let facts = json!({"lists": [{"alias": "numbers", "numbers": [1.0, 2.5]}],
        "dataPoints": [{"name": "amount", "dataType": "number", "description": "how much"}]});
    tenant.control("/_mock/authsignal/facts", facts).await;
    assert_eq!(
        get(&tenant, "/value-lists/numbers").await,
        json!({"name": "numbers", "alias": "numbers", "itemType": "number", "isActive": true, "valueListItems": [1, 2.5]})
    );
    let points = get(&tenant, "/custom-data-points").await;
    assert_eq!(points[0]["name"], "amount");
    assert_eq!(points[0]["modelType"], "action");
    assert_eq!(points[0].get("isPublic"), None);
    let target = format!("/custom-data-points/{}", points[0]["id"].as_str().unwrap());
    delete(&tenant, &target).await;
    create(
        &tenant,
        "/value-lists",
        json!({"name": "Blocked Countries", "itemType": "string", "isActive": true, "valueListItems": ["XA"]}),
    )
    .await;
    let shown = tenant.control("/_mock/authsignal/facts", json!({})).await;
    assert_eq!(shown["dataPoints"], json!([]));
    assert_eq!(shown["lists"][0]["alias"], "blocked-countries");
    assert_eq!(shown["lists"][0]["items"], json!(["XA"]));
}

#[tokio::test]
async fn methods_and_authenticators_are_one_state() {
    let tenant = Tenant::new().await;
    tenant
        .configure(json!({"verificationMethods": ["EMAIL_OTP"]}))
        .await;
    let all = get(&tenant, "/authenticator-configurations").await;
    assert_eq!(
        all,
        json!([{"authenticatorId": "email_otp", "verificationMethod": "EMAIL_OTP", "isActive": true, "emailProvider": "SMTP"}])
    );
    create(
        &tenant,
        "/authenticator-configurations/sms",
        json!({"smsProvider": "TWILIO"}),
    )
    .await;
    change(
        &tenant,
        "/authenticator-configurations/email-otp",
        json!({"isActive": false}),
    )
    .await;
    assert_eq!(listed(&tenant).await["verificationMethods"], json!(["SMS"]));
    let off = get(&tenant, "/authenticator-configurations/email-otp").await;
    assert_eq!(off["isActive"], false);
    delete(&tenant, "/authenticator-configurations/sms").await;
    let refused = answered(
        &tenant,
        "POST",
        "/action-configurations",
        json!({"actionCode": "pay", "defaultUserActionResult": "ALLOW", "verificationMethods": ["EMAIL_OTP"]}),
    )
    .await;
    assert_eq!(
        refused.json()["errorDescription"],
        "EMAIL_OTP is not an enabled verification method"
    );
}

#[tokio::test]
async fn webhooks_are_one_state() {
    let tenant = Tenant::new().await;
    let url = "http://127.0.0.1:9/hooks";
    let hooks = json!({"authenticatorEventsWebhookConfig": {"url": url, "includeCredentialPublicKey": false}});
    change(&tenant, "/tenant", hooks).await;
    let action = json!({"actionCode": "pay", "defaultUserActionResult": "ALLOW", "verificationWebhookUrl": url});
    create(&tenant, "/action-configurations", action).await;
    let shown = tenant.control("/_mock/webhooks", json!({})).await;
    let events = [
        "authenticator.created",
        "authenticator.updated",
        "authenticator.deleted",
    ];
    assert_eq!(shown["webhooks"], json!([{"url": url, "events": events}]));
    assert_eq!(
        shown["verificationWebhooks"],
        json!([{"action": "pay", "url": url}])
    );
    let logs = json!([{"url": url, "events": ["challenge.log_created", "action.log_created"]}]);
    tenant
        .control(
            "/_mock/webhooks",
            json!({"webhooks": logs, "verificationWebhooks": []}),
        )
        .await;
    let settings = get(&tenant, "/tenant").await;
    assert_eq!(settings.get("authenticatorEventsWebhookConfig"), None);
    assert_eq!(
        settings["logEventsWebhookConfig"],
        json!({"endpointUrl": url})
    );
    let action = get(&tenant, "/action-configurations/pay").await;
    assert_eq!(action.get("verificationWebhookUrl"), None);
}

#[tokio::test]
async fn settings_of_passkeys_are_one_state() {
    let tenant = Tenant::new().await;
    let target = "/authenticator-configurations/passkey";
    let passkey = json!({"relyingParty": "example.com", "expectedOrigins": ["https://a.example.com"],
        "passkeyRegistrationHints": ["hybrid", "client-device"], "userVerificationRequirement": "required"});
    create(&tenant, target, passkey.clone()).await;
    assert_eq!(listed(&tenant).await["passkeys"], passkey);
    let other = json!({"relyingParty": "example.org", "authenticatorAttachment": "platform"});
    tenant.configure(json!({"passkeys": other})).await;
    let wanted = json!({"authenticatorId": "passkey", "verificationMethod": "PASSKEY", "isActive": true,
        "relyingParty": "example.org", "expectedOrigins": ["https://example.org"], "authenticatorAttachment": "platform"});
    assert_eq!(get(&tenant, target).await, wanted);
    let after = change(&tenant, target, json!({"authenticatorAttachment": null})).await;
    assert_eq!(after.get("authenticatorAttachment"), None);
    let left = json!({"relyingParty": "example.org"});
    assert_eq!(listed(&tenant).await["passkeys"], left);
    let wrong = json!({"expectedOrigins": ["example.org"]});
    let refused = answered(&tenant, "PATCH", target, wrong).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    delete(&tenant, target).await;
    assert_eq!(listed(&tenant).await["passkeys"], json!({}));
}

#[tokio::test]
async fn a_reset_takes_everything_back() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    change(&tenant, "/tenant", json!({"name": "Demo"})).await;
    change(&tenant, "/theme", json!({"name": "Demo"})).await;
    tenant.server.reset();
    assert_eq!(get(&tenant, "/action-configurations").await, json!([]));
    assert_eq!(get(&tenant, "/tenant").await["name"], NAMELESS);
    assert_eq!(
        get(&tenant, "/theme").await,
        json!({"name": NAMELESS, "darkMode": {}})
    );
}

#[tokio::test]
async fn what_messages_show_and_how_long_keys_live_is_one_state() {
    let tenant = Tenant::new().await;
    let control = async |body: Value| tenant.control("/_mock/authsignal", body).await;
    let sms = json!({"smsProvider": "TWILIO", "allowedCustomSmsVariables": ["amount"]});
    create(&tenant, "/authenticator-configurations/sms", sms).await;
    let email = json!({"emailProvider": "SMTP", "allowedCustomEmailVariables": ["plan"]});
    create(&tenant, "/authenticator-configurations/email-otp", email).await;
    let push = json!({"pushProvider": "DEFAULT", "credentialLifetimeInMinutes": 60});
    create(&tenant, "/authenticator-configurations/push", push).await;
    let shown = control(json!({})).await;
    assert_eq!(shown["allowedCustomSmsVariables"], json!(["amount"]));
    assert_eq!(shown["allowedCustomEmailVariables"], json!(["plan"]));
    assert_eq!(shown["credentialLifetimeInMinutes"], 60);

    control(json!({"allowedCustomSmsVariables": [], "credentialLifetimeInMinutes": 5})).await;
    let sms = get(&tenant, "/authenticator-configurations/sms").await;
    assert_eq!(sms.get("allowedCustomSmsVariables"), None, "{sms}");
    assert_eq!(sms["smsProvider"], "TWILIO");
    let push = get(&tenant, "/authenticator-configurations/push").await;
    assert_eq!(push["credentialLifetimeInMinutes"], 5);
    delete(&tenant, "/authenticator-configurations/push").await;
    assert_eq!(control(json!({})).await["credentialLifetimeInMinutes"], 0);
}

#[tokio::test]
async fn what_the_mock_shows_of_receivers_has_no_keys() {
    let tenant = Tenant::new().await;
    let url = "http://ada:hunter2@127.0.0.1:9/hooks?key=hunter2";
    let settings = json!({
        "authenticatorEventsWebhookConfig": {"url": url, "includeCredentialPublicKey": false},
        "logEventsWebhookConfig": {"endpointUrl": url},
    });
    change(&tenant, "/tenant", settings).await;
    let action = json!({"actionCode": "pay", "defaultUserActionResult": "ALLOW", "verificationWebhookUrl": url});
    create(&tenant, "/action-configurations", action).await;
    let sms = json!({"smsProvider": "WEBHOOK", "webhookUrl": url});
    create(&tenant, "/authenticator-configurations/sms", sms).await;
    let event = json!({"type": "authenticator.created", "userId": "ada"});
    tenant.control("/_mock/webhooks/trigger", event).await;
    let state = tenant.get("/_mock/state").await.to_string();
    let deliveries = tenant.get("/_mock/webhooks/deliveries").await.to_string();
    for shown in [state, deliveries] {
        assert!(
            shown.contains("http://***@127.0.0.1:9/hooks?***"),
            "{shown}"
        );
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let journal = tenant.get("/_mock/journal").await;
    for entry in journal["requests"].as_array().unwrap() {
        let entry = tenant
            .get(&format!("/_mock/journal/{}", entry["number"]))
            .await;
        assert!(!entry.to_string().contains("hunter2"), "{entry}");
    }
}

#[tokio::test]
async fn what_the_control_api_shows_of_a_rule_it_takes() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    let target = "/action-configurations/withdraw/rules";
    let rule = json!({"name": "always", "isActive": true, "priority": 1, "type": "BLOCK"});
    create(&tenant, target, rule).await;
    let conditions = json!({"==": [{"var": "action.code"}, "withdraw"]});
    let rule = json!({"name": "off", "isActive": false, "priority": 0, "type": "REVIEW", "conditions": conditions});
    create(&tenant, target, rule).await;
    let before = get(&tenant, target).await;
    let shown = listed(&tenant).await["rules"].clone();
    assert_eq!(shown[0]["isActive"], false);
    assert_eq!(shown[0]["conditions"], conditions);
    assert_eq!(
        (shown[1].get("isActive"), shown[1].get("conditions")),
        (None, None)
    );
    // All but the warnings, which are an answer to it.
    let mut rules = shown;
    for rule in rules.as_array_mut().unwrap() {
        rule.as_object_mut().unwrap().remove("warnings");
    }
    tenant.configure(json!({"rules": rules})).await;
    assert_eq!(get(&tenant, target).await, before);
    assert_eq!(
        tenant.track("ada", "withdraw", json!({})).await["state"],
        "BLOCK"
    );
    // A seed says the same.
    let rules = json!([{"ruleId": "r", "name": "n", "priority": 1, "outcome": "BLOCK", "isActive": false}, {"ruleId": "s", "name": "n", "priority": 2, "outcome": "REVIEW"}]);
    tenant.configure(json!({"rules": rules})).await;
    let exported = tenant.get("/_mock/authsignal/export").await;
    assert_eq!(exported["seed"]["tenants"][0]["authsignal"]["rules"], rules);
    let other = Tenant::of(|builder| builder.seed_value(exported["seed"].clone()).unwrap()).await;
    assert_eq!(
        other.get("/_mock/authsignal/export").await["seed"],
        exported["seed"]
    );
}

#[tokio::test]
async fn a_data_point_that_the_control_api_sets_again_keeps_its_id() {
    let tenant = Tenant::new().await;
    let point = json!({"name": "amount", "dataType": "number", "modelType": "action"});
    let made = create(&tenant, "/custom-data-points", point).await;
    let facts = json!({"dataPoints": [{"name": "amount", "dataType": "number"}, {"name": "plan"}]});
    tenant.control("/_mock/authsignal/facts", facts).await;
    let points = get(&tenant, "/custom-data-points").await;
    assert_eq!(points[0]["id"], made["id"]);
    assert_ne!(points[1]["id"], made["id"]);
}
