//! What the Management API makes of a body before it keeps it: numbers in another form, members that it does not know,
//! and what it cannot hold. What it refuses changes nothing.

use serde_json::{Value, json};

use super::{answered, change, create, get, manage, withdraw};
use crate::tenant::Tenant;
use crate::wire::Request;

/// A flow of one node, for the version that the publisher has read.
fn complete(expected: Option<Value>) -> Value {
    let mut flow = json!({
        "actionNodes": [{"nodeId": "a", "nodeType": "COMPLETE", "parentNodeIds": []}],
        "rules": [],
    });
    if let Some(expected) = expected {
        flow["expectedFlowVersion"] = expected;
    }
    flow
}

#[tokio::test]
async fn a_whole_number_with_a_point_is_kept_as_the_whole_number_that_it_is() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    for (target, given, kept) in [
        (
            "/theme",
            json!({"borders": {"buttonBorderRadius": 4.0}, "darkMode": {"container": {"padding": -0.0}}}),
            json!({"borders": {"buttonBorderRadius": 4}, "darkMode": {"container": {"padding": 0}}}),
        ),
        (
            "/tenant",
            json!({"tokenDurationInMinutes": 20.0}),
            json!({"tokenDurationInMinutes": 20}),
        ),
        (
            "/authenticator-configurations/sms",
            json!({"verificationCodeLength": 8.0, "prefixRateLimitConfigurations": [
                {"blockSize": 3.0, "rateLimit": 2.0, "windowInMinutes": 0.5}]}),
            json!({"verificationCodeLength": 8, "prefixRateLimitConfigurations": [
                {"blockSize": 3, "rateLimit": 2, "windowInMinutes": 0.5}]}),
        ),
        (
            "/authenticator-configurations/push",
            json!({"credentialLifetimeInMinutes": 60.0}),
            json!({"credentialLifetimeInMinutes": 60}),
        ),
    ] {
        change(&tenant, target, given).await;
        let now = get(&tenant, target).await;
        for (name, value) in kept.as_object().unwrap() {
            assert_eq!(&now[name], value, "{target}");
        }
    }
    let rule = json!({"name": "n", "isActive": true, "priority": 9.0, "type": "BLOCK"});
    let made = create(&tenant, "/action-configurations/withdraw/rules", rule).await;
    assert_eq!(made["priority"], 9);
}

#[tokio::test]
async fn the_expected_version_of_a_flow_is_compared_in_every_form_of_a_number() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    let target = "/action-configurations/withdraw/flow";
    manage(&tenant, "PUT", target, complete(None)).await;
    manage(&tenant, "PUT", target, complete(Some(json!(1.0)))).await;
    for (expected, status) in [
        (json!(1), 409),
        (json!(1.0), 409),
        (json!(-1), 409),
        (json!(-0.0), 409),
        (json!(i64::MAX), 409),
        (json!(1e300), 400),
        (json!(2.5), 400),
        (json!("2"), 400),
    ] {
        let refused = answered(&tenant, "PUT", target, complete(Some(expected.clone()))).await;
        assert_eq!(refused.status, status, "{expected}: {}", refused.text());
    }
    let action = get(&tenant, "/action-configurations/withdraw").await;
    assert_eq!(action["flowVersion"], 2);
}

#[tokio::test]
async fn a_number_that_no_type_holds_is_refused_and_changes_nothing() {
    let tenant = Tenant::new().await;
    change(&tenant, "/theme", json!({"name": "Before"})).await;
    let before = get(&tenant, "/theme").await;
    for radius in [json!(1e300), json!(u64::MAX), json!(4.5), json!("4")] {
        let body = json!({"borders": {"buttonBorderRadius": radius}});
        let refused = answered(&tenant, "PATCH", "/theme", body).await;
        assert_eq!(refused.status, 400, "{radius}");
        assert!(
            refused.text().contains("/borders/buttonBorderRadius"),
            "{}",
            refused.text()
        );
        assert_eq!(get(&tenant, "/theme").await, before);
    }
}

#[tokio::test]
async fn an_object_of_unknown_members_alone_is_left_out() {
    let tenant = Tenant::new().await;
    let before = get(&tenant, "/theme").await;
    let unknown = json!({"borders": {"foo": 1}, "typography": {"text": {"foo": 1}}, "bar": 2});
    change(&tenant, "/theme", unknown).await;
    assert_eq!(get(&tenant, "/theme").await, before);
    // The vendor refuses fonts of the dark mode, so it knows its members.
    for dark in [
        json!({"foo": 1}),
        json!({"typography": {}}),
        json!({"container": {"exitPosition": "top"}}),
    ] {
        let refused = answered(&tenant, "PATCH", "/theme", json!({"darkMode": dark})).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert_eq!(get(&tenant, "/theme").await, before);
    }
}

#[tokio::test]
async fn what_the_terraform_provider_sends_is_taken() {
    let tenant = Tenant::new().await;
    let hook = |more: Value| {
        let mut config = json!({"url": "http://127.0.0.1:9/x"});
        config
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"authenticatorEventsWebhookConfig": config})
    };
    let has_key = async |more: Value| {
        let changed = change(&tenant, "/tenant", hook(more)).await;
        changed["authenticatorEventsWebhookConfig"]["includeCredentialPublicKey"].clone()
    };
    assert_eq!(has_key(json!({})).await, false);
    assert_eq!(
        has_key(json!({"includeCredentialPublicKey": true})).await,
        true
    );
    assert_eq!(has_key(json!({})).await, true);
    let target = "/authenticator-configurations/sms";
    let both = json!({"smsCountryCodes": ["NZ", "AU"], "defaultCountryCode": "NZ"});
    change(&tenant, target, both).await;
    let kept = change(&tenant, target, json!({"smsCountryCodes": ["NZ"]})).await;
    assert_eq!(kept["defaultCountryCode"], "NZ");
    let gone = change(&tenant, target, json!({"smsCountryCodes": ["AU"]})).await;
    assert_eq!(gone.get("defaultCountryCode"), None);
    let foreign = json!({"smsCountryCodes": ["AU"], "defaultCountryCode": "NZ"});
    assert_eq!(
        answered(&tenant, "PATCH", target, foreign).await.status,
        400
    );
    let limits = json!([{"enabled": true}, {"rateLimit": 5}, {}]);
    let limited = json!({"prefixRateLimitConfigurations": limits});
    let limited = change(&tenant, target, limited).await;
    assert_eq!(limited["prefixRateLimitConfigurations"], limits);
}

#[tokio::test]
async fn a_file_in_a_text_is_bounded_by_its_resource() {
    let tenant = Tenant::new().await;
    let long = |length: usize| "x".repeat(length);
    let key = |length: usize| {
        let file = json!({"project_id": "p", "client_email": "e", "private_key": long(length)});
        json!({"pushProvider": "FIREBASE", "fcmCredentials": {"serviceAccountKey": file.to_string()}})
    };
    let push = "/authenticator-configurations/push";
    let set = change(&tenant, push, key(2_300)).await;
    assert_eq!(
        set["fcmCredentials"],
        json!({"projectId": "p", "clientEmail": "e"})
    );
    change(&tenant, "/theme", json!({"template": long(60_000)})).await;
    for (target, body) in [
        (push, key(70_000)),
        ("/theme", json!({"template": long(70_000)})),
        ("/theme", json!({"name": long(2_049)})),
    ] {
        let refused = answered(&tenant, "PATCH", target, body).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
}

#[tokio::test]
async fn a_list_has_an_alias_that_a_path_can_carry() {
    let tenant = Tenant::new().await;
    let list =
        |length: usize| json!({"name": "x".repeat(length), "itemType": "string", "isActive": true});
    let made = create(&tenant, "/value-lists", list(1024)).await;
    let target = format!("/value-lists/{}", made["alias"].as_str().unwrap());
    manage(&tenant, "DELETE", &target, Value::Null).await;
    let refused = answered(&tenant, "POST", "/value-lists", list(1025)).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_eq!(get(&tenant, "/value-lists").await, json!([]));
}

#[tokio::test]
async fn a_custom_domain_is_the_name_of_a_host() {
    let tenant = Tenant::new().await;
    let configure = async |domain: &str| {
        let body = json!({"tenant": {"customDomain": domain}}).to_string();
        let request = Request::new("POST", "/_mock/authsignal").json(body);
        tenant.send(&request).await
    };
    assert_eq!(configure("auth.example.com").await.status, 200);
    for domain in [
        "",
        "http://x",
        "x/path",
        "x:1",
        "a\"><script>",
        "a b",
        "127.0.0.1",
    ] {
        let refused = configure(domain).await;
        assert_eq!(refused.status, 400, "{domain}");
        assert!(
            refused.text().contains("customDomain"),
            "{}",
            refused.text()
        );
    }
    assert_eq!(
        get(&tenant, "/tenant").await["customDomain"],
        "auth.example.com"
    );
}

#[tokio::test]
async fn the_weight_of_a_font_is_one_that_fonts_have() {
    let tenant = Tenant::new().await;
    let font = |weight: Value| json!({"typography": {"text": {"faces": [{"url": "https://x.example/f", "weight": weight}]}}});
    for weight in [json!(400), json!("400"), json!(400.0)] {
        let changed = change(&tenant, "/theme", font(weight)).await;
        assert_eq!(changed["typography"]["text"]["faces"][0]["weight"], 400);
    }
    for weight in [json!(0), json!(-1), json!(1001), json!("0"), json!("1001")] {
        let refused = answered(&tenant, "PATCH", "/theme", font(weight)).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
    }
}

#[tokio::test]
async fn each_action_can_have_as_many_rules_as_priorities_and_lists_are_long() {
    let tenant = Tenant::new().await;
    let address = |at: usize| format!("10.0.{}.{}", at / 256, at % 256);
    let addresses: Vec<_> = (0..5_000).map(address).collect();
    let list = json!({"name": "known", "itemType": "string", "isActive": true, "valueListItems": addresses});
    create(&tenant, "/value-lists", list).await;
    for code in ["pay", "withdraw"] {
        let action = json!({"actionCode": code, "defaultUserActionResult": "ALLOW"});
        create(&tenant, "/action-configurations", action).await;
        for priority in 0..60 {
            let last = priority == 59;
            let values = if last {
                json!({"var": "lists.known"})
            } else {
                json!([address(priority + 6_000)])
            };
            let conditions = json!({"in": [{"var": "custom.address"}, values]});
            let outcome = if last { "REVIEW" } else { "BLOCK" };
            let name = priority.to_string();
            let rule = json!({"name": name, "isActive": true, "priority": priority, "type": outcome, "conditions": conditions});
            let target = format!("/action-configurations/{code}/rules");
            create(&tenant, &target, rule).await;
        }
    }
    for (at, state) in [
        (4_999, "REVIEW_REQUIRED"),
        (6_010, "BLOCK"),
        (5_000, "ALLOW"),
    ] {
        let custom = json!({"custom": {"address": address(at)}});
        let tracked = tenant.track("ada", "withdraw", custom).await;
        assert_eq!(tracked["state"], state, "{at}");
    }
}
