//! What the settings of the Management API change in the Server API, the Client API and webhooks: one test for each setting
//! that has an effect.

use serde_json::{Value, json};

use super::{answered, change, client, create, get, manage, received, tenant, track};
use crate::authsignal_client::App;
use crate::receiver::{Receiver, Reply};
use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::TENANT;

async fn rule(tenant: &Tenant, priority: u8, type_: &str, more: Value) -> Value {
    let mut rule = json!({"name": type_, "isActive": true, "priority": priority, "type": type_});
    rule.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    create(tenant, "/action-configurations/withdraw/rules", rule).await
}

/// The claims of a token.
fn claims(token: &Value) -> Value {
    use base64::Engine as _;
    let payload = token.as_str().unwrap().split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&payload.unwrap()).unwrap()
}

#[tokio::test]
async fn the_default_result_decides_where_no_rule_holds() {
    let tenant = tenant().await;
    for (result, state) in [
        ("ALLOW", "ALLOW"),
        ("BLOCK", "BLOCK"),
        ("CHALLENGE", "CHALLENGE_REQUIRED"),
        ("REVIEW", "REVIEW_REQUIRED"),
    ] {
        let body = json!({"defaultUserActionResult": result});
        change(&tenant, "/action-configurations/withdraw", body).await;
        assert_eq!(track(&tenant).await["state"], state);
    }
    change(
        &tenant,
        "/action-configurations/withdraw",
        json!({"defaultUserActionResult": "CHALLENGE"}),
    )
    .await;
    let of_bob = tenant.track("bob", "withdraw", json!({})).await;
    assert_eq!(of_bob["state"], "ALLOW", "bob has no authenticator");
}

#[tokio::test]
async fn the_first_active_rule_that_holds_decides() {
    let tenant = tenant().await;
    let off = rule(&tenant, 0, "BLOCK", json!({"isActive": false})).await;
    let never = json!({"conditions": {"==": [1, 2]}});
    rule(&tenant, 1, "BLOCK", never).await;
    let second = rule(&tenant, 5, "ALLOW", json!({})).await;
    let first = rule(&tenant, 3, "REVIEW", json!({})).await;
    let tracked = track(&tenant).await;
    assert_eq!(tracked["state"], "REVIEW_REQUIRED");
    assert_eq!(
        tracked["ruleIds"],
        json!([first["ruleId"], second["ruleId"]])
    );
    let key = tracked["idempotencyKey"].as_str().unwrap();
    let action = tenant
        .get(&format!("/v1/users/ada/actions/withdraw/{key}"))
        .await;
    assert_eq!(action["priorityRuleId"], first["ruleId"], "{action}");
    let target = format!(
        "/action-configurations/withdraw/rules/{}",
        off["ruleId"].as_str().unwrap()
    );
    change(&tenant, &target, json!({"isActive": true})).await;
    assert_eq!(track(&tenant).await["state"], "BLOCK");
}

#[tokio::test]
async fn an_action_permits_the_methods_that_it_names_and_a_rule_names_others() {
    let tenant = tenant().await;
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"});
    tenant.enroll_with("ada", email).await;
    let body = json!({"verificationMethods": ["EMAIL_OTP", "PASSKEY", "VERIFF"]});
    change(&tenant, "/action-configurations/withdraw", body).await;
    let tracked = track(&tenant).await;
    assert_eq!(
        tracked["allowedVerificationMethods"],
        json!(["EMAIL_OTP", "PASSKEY"])
    );
    let refused = client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(refused.json()["error"], "invalid_configuration");
    let sent = client(&tenant, &tracked, "/challenge/email-otp", json!({})).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let scoped = tenant
        .track("ada", "withdraw", json!({"scope": "add:authenticators"}))
        .await;
    let phone = json!({"phoneNumber": "+15550100"});
    let refused = client(&tenant, &scoped, "/user-authenticators/sms", phone).await;
    assert_eq!(refused.json()["error"], "invalid_configuration");
    // Another action of the user permits everything.
    let other = tenant.track("ada", "signIn", json!({})).await;
    let sent = client(&tenant, &other, "/challenge/sms", json!({})).await;
    assert_eq!(sent.status, 200, "{}", sent.text());

    rule(
        &tenant,
        1,
        "CHALLENGE",
        json!({"verificationMethods": ["SMS"]}),
    )
    .await;
    let tracked = track(&tenant).await;
    assert_eq!(tracked["allowedVerificationMethods"], json!(["SMS"]));
    let sent = client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
}

#[tokio::test]
async fn the_default_method_is_that_of_the_rule_or_the_action_if_the_user_has_it() {
    let tenant = tenant().await;
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"});
    tenant.enroll_with("ada", email).await;
    let own = track(&tenant).await["defaultVerificationMethod"].clone();
    let body = json!({"defaultVerificationMethod": "SMS"});
    change(&tenant, "/action-configurations/withdraw", body).await;
    let tracked = track(&tenant).await;
    assert_eq!(tracked["defaultVerificationMethod"], "SMS");
    let init = client(&tenant, &tracked, "/init", json!({})).await.json();
    assert_eq!(init["challengeOptions"]["defaultVerificationMethod"], "SMS");
    rule(
        &tenant,
        1,
        "CHALLENGE",
        json!({"defaultVerificationMethod": "EMAIL_OTP"}),
    )
    .await;
    assert_eq!(
        track(&tenant).await["defaultVerificationMethod"],
        "EMAIL_OTP"
    );
    let body = json!({"defaultVerificationMethod": "PASSKEY"});
    let rules = get(&tenant, "/action-configurations/withdraw/rules").await;
    let target = format!(
        "/action-configurations/withdraw/rules/{}",
        rules[0]["ruleId"].as_str().unwrap()
    );
    change(&tenant, &target, body).await;
    assert_eq!(
        track(&tenant).await["defaultVerificationMethod"],
        own,
        "ada has no passkey"
    );
}

#[tokio::test]
async fn the_receiver_of_an_action_agrees_before_it_passes() {
    let receiver = Receiver::that(Reply::Status(500)).await;
    let tenant = tenant().await;
    let body = json!({"verificationWebhookUrl": receiver.url()});
    change(&tenant, "/action-configurations/withdraw", body).await;
    let token = track(&tenant).await["token"].clone();
    let subject = json!({"userId": "ada"}).to_string();
    let request = Request::new("POST", "/_mock/challenge/succeed").json(subject);
    let _ = tenant.send(&request).await;
    assert_eq!(tenant.state(&token).await, "CHALLENGE_REQUIRED");
    receiver.take();
    receiver.will([Reply::Status(200)]);
    tenant.succeed("ada").await;
    let event = receiver.take()[0].json();
    assert_eq!(event["type"], "action.verify", "{event}");
    assert_eq!(tenant.state(&token).await, "CHALLENGE_SUCCEEDED");
    let body = json!({"verificationWebhookUrl": null});
    change(&tenant, "/action-configurations/withdraw", body).await;
    let token = track(&tenant).await["token"].clone();
    tenant.succeed("ada").await;
    assert_eq!(tenant.state(&token).await, "CHALLENGE_SUCCEEDED");
}

#[tokio::test]
async fn the_older_name_of_the_receiver_of_an_action_means_the_same() {
    let receiver = Receiver::that(Reply::Status(200)).await;
    let tenant = tenant().await;
    let target = "/action-configurations/withdraw";
    let older = json!({"postVerificationWebhookUrl": receiver.url()});
    let changed = change(&tenant, target, older.clone()).await;
    assert_eq!(changed["verificationWebhookUrl"], json!(receiver.url()));
    assert_eq!(changed.get("postVerificationWebhookUrl"), None);
    track(&tenant).await;
    tenant.succeed("ada").await;
    assert_eq!(receiver.take()[0].json()["type"], "action.verify");

    let mut made = older.clone();
    made["actionCode"] = json!("pay");
    made["defaultUserActionResult"] = json!("CHALLENGE");
    let made = answered(&tenant, "POST", "/action-configurations", made).await;
    assert_eq!(made.json()["verificationWebhookUrl"], json!(receiver.url()));

    let both =
        json!({"verificationWebhookUrl": null, "postVerificationWebhookUrl": receiver.url()});
    let refused = answered(&tenant, "PATCH", target, both).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let elsewhere = json!({"postVerificationWebhookUrl": "http://192.0.2.1/verify"});
    let refused = answered(&tenant, "PATCH", target, elsewhere).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let gone = change(&tenant, target, json!({"postVerificationWebhookUrl": null})).await;
    assert_eq!(gone.get("verificationWebhookUrl"), None);
}

#[tokio::test]
async fn an_action_tells_when_it_was_last_tracked_and_an_unknown_one_stays_unknown() {
    let tenant = tenant().await;
    let target = "/action-configurations/withdraw";
    assert_eq!(get(&tenant, target).await.get("lastActionCreatedAt"), None);
    track(&tenant).await;
    let first = get(&tenant, target).await["lastActionCreatedAt"].clone();
    assert_eq!(first, "2026-01-01T00:00:00.000Z");
    tenant.later(60);
    track(&tenant).await;
    let second = get(&tenant, target).await["lastActionCreatedAt"].clone();
    assert_eq!(second, "2026-01-01T00:01:00.000Z");
    tenant.track("ada", "unknown", json!({})).await;
    let unknown = answered(
        &tenant,
        "GET",
        "/action-configurations/unknown",
        Value::Null,
    )
    .await;
    assert_eq!(unknown.status, 404);
}

#[tokio::test]
async fn conditions_read_value_lists_and_custom_data_points() {
    let tenant = tenant().await;
    let list = json!({"name": "Blocked Users", "itemType": "string", "isActive": true, "valueListItems": ["VIP"]});
    create(&tenant, "/value-lists", list).await;
    let conditions = json!({"in": [{"var": "custom.tier"}, {"var": "lists.blocked-users"}]});
    rule(&tenant, 1, "BLOCK", json!({"conditions": conditions})).await;
    let warnings = tenant.control("/_mock/authsignal/facts", json!({})).await;
    assert!(
        warnings["warnings"][0]
            .as_str()
            .unwrap()
            .contains("custom.tier"),
        "{warnings}"
    );
    let point = json!({"name": "tier", "dataType": "text", "modelType": "action"});
    create(&tenant, "/custom-data-points", point).await;
    let warnings = tenant.control("/_mock/authsignal/facts", json!({})).await;
    assert_eq!(warnings["warnings"], json!([]));
    let of = |tier: &str| json!({"custom": {"tier": tier}});
    let blocked = tenant.track("ada", "withdraw", of("VIP")).await;
    assert_eq!(blocked["state"], "BLOCK");
    let items = json!({"valueListItems": ["other"]});
    change(&tenant, "/value-lists/blocked-users", items).await;
    let asked = tenant.track("ada", "withdraw", of("VIP")).await;
    assert_eq!(asked["state"], "CHALLENGE_REQUIRED");
}

/// A flow that a rule ends: whoever is on the list is blocked.
fn flow() -> Value {
    json!({
        "actionNodes": [
            {"nodeId": "root", "nodeType": "RULE", "parentNodeIds": [],
                "ruleChildNodeIds": [["blocked", "end"]], "elseChildNodeId": "done"},
            {"nodeId": "end", "nodeType": "BLOCK", "parentNodeIds": ["root"]},
            {"nodeId": "done", "nodeType": "COMPLETE", "parentNodeIds": ["root"]},
        ],
        "rules": [{"ruleId": "blocked", "name": "Blocked", "conditions":
            {"in": [{"var": "custom.tier"}, {"var": "lists.blocked-tiers"}]}}],
    })
}

#[tokio::test]
async fn an_action_with_a_flow_answers_by_it_and_its_rules_read_lists_and_data_points() {
    let tenant = Tenant::new().await;
    let target = "/action-configurations/sign-up/flow";
    let action = json!({"actionCode": "sign-up", "actionType": "FLOW"});
    create(&tenant, "/action-configurations", action).await;
    // What its rules name must be there.
    let refused = answered(&tenant, "PUT", target, flow()).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    let list = json!({"name": "Blocked Tiers", "itemType": "string", "isActive": true, "valueListItems": ["VIP"]});
    create(&tenant, "/value-lists", list).await;
    let point = json!({"name": "tier", "dataType": "text", "modelType": "action"});
    create(&tenant, "/custom-data-points", point).await;
    manage(&tenant, "PUT", target, flow()).await;
    let shown = get(&tenant, "/action-configurations/sign-up").await;
    assert_eq!(shown["actionType"], "FLOW");
    for (tier, state) in [
        ("VIP", "CHALLENGE_FAILED"),
        ("other", "CHALLENGE_SUCCEEDED"),
    ] {
        let start = json!({"actionCode": "sign-up", "user": {"userId": "bob"}, "attributes": {"custom": {"tier": tier}}});
        let started = tenant.post("/v1/flows", start).await;
        assert_eq!(started["action"]["state"], state, "{started}");
    }
}

#[tokio::test]
async fn apps_see_the_data_points_that_are_public() {
    let (tenant, app) = (tenant().await, App::new(1));
    for (name, model, public) in [
        ("amount", "action", true),
        ("tier", "user", true),
        ("secret", "action", false),
    ] {
        let point =
            json!({"name": name, "dataType": "text", "modelType": model, "isPublic": public});
        create(&tenant, "/custom-data-points", point).await;
    }
    let own = json!({"custom": {"tier": "gold", "risk": "high"}});
    tenant.patch("/v1/users/ada", own).await;
    let scope = json!({"scope": "add:authenticators"});
    let tracked = tenant.track("ada", "withdraw", scope).await;
    client(
        &tenant,
        &tracked,
        "/user-authenticators/push",
        app.credential(),
    )
    .await;
    let custom = json!({"custom": {"amount": "5", "secret": "s"}});
    let tracked = tenant.track("ada", "withdraw", custom).await;
    let body = json!({"action": "withdraw"});
    client(&tenant, &tracked, "/challenge/push", body).await;
    let target = "/v1/client/user-authenticators/push/challenge";
    let key = app.in_query();
    let sign = format!("{target}/sign?publicKey={key}");
    let sign = tenant
        .answer(200, &Request::new("POST", &sign).basic(TENANT))
        .await;
    let signature = app.sign(sign.json()["message"].as_str().unwrap());
    let read = Request::new("GET", &format!("{target}?publicKey={key}")).basic(TENANT);
    let read = read.header("X-Authsignal-Signature", &signature);
    let shown = tenant.answer(200, &read).await.json();
    assert_eq!(shown["custom"], json!({"amount": "5"}), "{shown}");
    assert_eq!(
        shown["user"],
        json!({"custom": {"tier": "gold"}}),
        "{shown}"
    );
}

#[tokio::test]
async fn a_token_lives_as_long_as_the_tenant_says() {
    let tenant = tenant().await;
    let life = |tracked: &Value| {
        let claims = claims(&tracked["token"]);
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
    };
    assert_eq!(life(&track(&tenant).await), 600);
    change(&tenant, "/tenant", json!({"tokenDurationInMinutes": 1})).await;
    let tracked = track(&tenant).await;
    assert_eq!(life(&tracked), 60);
    tenant.later(61);
    let late = client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    assert_eq!(late.json()["error"], "expired_token");
    change(&tenant, "/tenant", json!({"tokenDurationInMinutes": null})).await;
    assert_eq!(life(&track(&tenant).await), 600);
}

#[tokio::test]
async fn a_tenant_without_recovery_codes_gives_none() {
    let tenant = Tenant::new().await;
    let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+64270000000"});
    let enroll = async |user: &str| {
        let target = format!("/v1/users/{user}/authenticators");
        tenant.post(&target, sms.clone()).await
    };
    assert_eq!(
        enroll("ada").await["recoveryCodes"]
            .as_array()
            .map(Vec::len),
        Some(8)
    );
    change(&tenant, "/tenant", json!({"disableRecoveryCodes": true})).await;
    assert_eq!(enroll("bob").await.get("recoveryCodes"), None);
    change(&tenant, "/tenant", json!({"disableRecoveryCodes": null})).await;
    tenant
        .configure(json!({"tenant": {"skipRecoveryCodesOnProgrammaticEnrollment": true}}))
        .await;
    assert_eq!(enroll("eve").await.get("recoveryCodes"), None);
    let settings = get(&tenant, "/tenant").await;
    assert_eq!(settings["skipRecoveryCodesOnProgrammaticEnrollment"], true);
}

#[tokio::test]
async fn a_custom_domain_is_the_host_of_pages() {
    let tenant = tenant().await;
    let own = track(&tenant).await;
    assert!(
        own["url"]
            .as_str()
            .unwrap()
            .starts_with("http://mock.test:4750/challenge?token="),
        "{own}"
    );
    tenant
        .configure(json!({"tenant": {"customDomain": "auth.example.com"}}))
        .await;
    let tracked = track(&tenant).await;
    let url = tracked["url"].as_str().unwrap();
    assert!(
        url.starts_with("http://auth.example.com:4750/challenge?token="),
        "{url}"
    );
}

#[tokio::test]
async fn the_list_of_addresses_has_an_effect_only_on_demand() {
    let away = json!({"ipWhitelist": ["203.0.113.0/24"]});
    let tenant = Tenant::new().await;
    change(&tenant, "/tenant", away.clone()).await;
    tenant.get("/v1/users/ada").await;
    let strict = Tenant::of(|builder| builder.ip_whitelist(true)).await;
    strict.get("/v1/users/ada").await;
    change(&strict, "/tenant", away).await;
    let request = Tenant::request("GET", "/v1/users/ada");
    strict
        .refused(&request, 403, "forbidden", "ipWhitelist")
        .await;
    change(
        &strict,
        "/tenant",
        json!({"ipWhitelist": ["203.0.113.0/24", "127.0.0.0/8"]}),
    )
    .await;
    strict.get("/v1/users/ada").await;
    change(&strict, "/tenant", json!({"ipWhitelist": []})).await;
    strict.get("/v1/users/ada").await;
}

#[tokio::test]
async fn events_about_authenticators_go_where_the_tenant_says_with_the_public_key_if_it_says_so() {
    let receiver = Receiver::that(Reply::Status(200)).await;
    let tenant = Tenant::new().await;
    let passkey = |user: &str| json!({"verificationMethod": "PASSKEY", "credentialId": user, "credentialPublicKey": "pQECAyYgASFYIA"});
    for (user, includes) in [("ada", false), ("bob", true)] {
        let config = json!({"url": receiver.url(), "includeCredentialPublicKey": includes});
        change(
            &tenant,
            "/tenant",
            json!({"authenticatorEventsWebhookConfig": config}),
        )
        .await;
        let enrolled = tenant.enroll_with(user, passkey(user)).await;
        let event = received(&receiver).await;
        assert_eq!(event["type"], "authenticator.created");
        assert_eq!(
            event["data"].get("credentialPublicKey").is_some(),
            includes,
            "{event}"
        );
        let id = enrolled["userAuthenticatorId"].as_str().unwrap();
        let target = format!("/v1/users/{user}/authenticators/{id}");
        tenant.delete(&target).await;
        let event = received(&receiver).await;
        assert_eq!(event["type"], "authenticator.deleted");
    }
}

#[tokio::test]
async fn log_events_go_where_the_tenant_says() {
    let receiver = Receiver::that(Reply::Status(200)).await;
    let tenant = tenant().await;
    let config = json!({"logEventsWebhookConfig": {"endpointUrl": receiver.url()}});
    change(&tenant, "/tenant", config).await;
    // Log events wait for the end of the token.
    change(&tenant, "/tenant", json!({"tokenDurationInMinutes": 2})).await;
    let tracked = track(&tenant).await;
    client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    tenant.later(119);
    tenant.get("/_mock/webhooks/deliveries?settled=true").await;
    assert!(receiver.take().is_empty());
    tenant.later(1);
    let mut types = Vec::new();
    for _ in 0..2 {
        receiver.next().await;
    }
    for batch in receiver.take() {
        types.push(batch.json()["records"][0]["type"].clone());
    }
    types.sort_by_key(Value::to_string);
    assert_eq!(types, ["action.log_created", "challenge.log_created"]);
}

#[tokio::test]
async fn an_authenticator_that_is_off_is_not_offered() {
    let tenant = tenant().await;
    let target = "/authenticator-configurations/sms";
    change(&tenant, target, json!({"isActive": false})).await;
    let tracked = track(&tenant).await;
    let allowed = tracked["allowedVerificationMethods"].as_array().unwrap();
    assert!(!allowed.contains(&json!("SMS")), "{tracked}");
    let offered = tenant.get("/v1/authenticators").await.to_string();
    assert!(
        !offered.contains("SMS") && offered.contains("EMAIL_OTP"),
        "{offered}"
    );
    let all = get(&tenant, "/authenticator-configurations").await;
    for one in all.as_array().unwrap() {
        let target = format!(
            "/authenticator-configurations/{}",
            one["authenticatorId"].as_str().unwrap()
        );
        change(&tenant, &target, json!({"isActive": false})).await;
    }
    let request = Tenant::request("POST", "/v1/users/ada/actions/withdraw").json("{}");
    tenant
        .refused(&request, 400, "AUTHENTICATOR_NOT_FOUND", "")
        .await;
}
