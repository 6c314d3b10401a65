//! Who may call the Management API, how its paths are spelt, and what of it is shown elsewhere.

use serde_json::{Value, json};

use super::{answered, create, get, request, withdraw};
use crate::tenant::{Tenant, assert_refusal};
use crate::wire::Request;
use crate::world::{API_SECRET, MANAGEMENT_SECRET};

#[tokio::test]
async fn each_api_names_the_other_ones_secret() {
    let tenant = Tenant::new().await;
    let served = Request::new("GET", "/v1/management/tenant").basic(API_SECRET);
    tenant
        .refused(&served, 403, "forbidden", "the management secret")
        .await;
    let managed = Request::new("GET", "/v1/users/ada").basic(MANAGEMENT_SECRET);
    tenant
        .refused(&managed, 403, "forbidden", "the server API secret")
        .await;
    let wrong = Request::new("GET", "/v1/management/tenant").basic("wrong");
    tenant.refused(&wrong, 401, "unauthorized", "").await;
    let nowhere = request("GET", "/tenants");
    tenant
        .refused(&nowhere, 404, "not_found", "no operation has this path")
        .await;
}

#[tokio::test]
async fn a_web_page_of_another_origin_is_refused() {
    let tenant = Tenant::new().await;
    let page = request("GET", "/tenant").header("Origin", "https://evil.example");
    tenant
        .refused(&page, 403, "forbidden", "does not belong in a browser")
        .await;
}

#[tokio::test]
async fn action_configurations_are_spelt_with_a_hyphen_or_an_underscore() {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    let rule = json!({"name": "n", "isActive": true, "priority": 0, "type": "ALLOW"});
    let made = create(&tenant, "/action_configurations/withdraw/rules", rule).await;
    let target = |spelt: &str| {
        let id = made["ruleId"].as_str().unwrap();
        format!("/{spelt}/withdraw/rules/{id}")
    };
    assert_eq!(get(&tenant, &target("action-configurations")).await, made);
    assert_eq!(get(&tenant, &target("action_configurations")).await, made);
    let all = get(&tenant, "/action_configurations").await;
    assert_eq!(all, get(&tenant, "/action-configurations").await);
    for other in [
        "/action_configurationsx",
        "/action__configurations",
        "/value_lists",
    ] {
        let answer = answered(&tenant, "GET", other, Value::Null).await;
        assert_eq!(answer.status, 404, "{other}");
        assert_refusal(&answer, "not_found", "no operation has this path");
    }
}

#[tokio::test]
async fn authenticators_are_spelt_as_ids_and_as_slugs() {
    let tenant = Tenant::new().await;
    let wanted = get(&tenant, "/authenticator-configurations/email_otp").await;
    assert_eq!(wanted["authenticatorId"], "email_otp");
    let slug = get(&tenant, "/authenticator-configurations/email-otp").await;
    assert_eq!(slug, wanted);
    let unknown = request("GET", "/authenticator-configurations/carrier-pigeon");
    let code = "authenticator_configuration_not_found";
    let words = "The authenticator configuration was not found.";
    tenant.refused(&unknown, 404, code, words).await;
}

#[tokio::test]
async fn a_credential_is_kept_and_shown_nowhere() {
    const TOKEN: &str = "twilio-token-4711";
    let tenant = Tenant::new().await;
    let sms = json!({"smsProvider": "TWILIO", "twilioCredentials": {"authToken": TOKEN, "accountSid": "AC1"}});
    let target = "/authenticator-configurations/sms";
    let made = create(&tenant, target, sms).await;
    assert_eq!(made["twilioCredentials"], json!({"accountSid": "AC1"}));
    let shown = [
        made,
        get(&tenant, target).await,
        get(&tenant, "/authenticator-configurations").await,
        tenant.server.state(),
        tenant.get("/_mock/journal?limit=10").await,
        tenant.get("/_mock/journal/1").await,
        tenant.get("/_mock/tenants").await,
    ];
    for shown in shown {
        assert!(!shown.to_string().contains(TOKEN), "{shown}");
    }
    let journal = tenant
        .get("/_mock/journal?api=authsignal-management&limit=1")
        .await;
    assert_eq!(
        journal["requests"][0]["operation"],
        "list_authenticator_configurations"
    );
}

#[tokio::test]
async fn what_is_too_large_or_one_too_many_is_refused_and_changes_nothing() {
    let tenant = Tenant::new().await;
    let texts: serde_json::Map<String, Value> = (0..50)
        .map(|number| (format!("l{number}"), json!("x".repeat(2000))))
        .collect();
    let body = json!({"actionCode": "large", "defaultUserActionResult": "ALLOW", "messagingTemplates": texts});
    for number in 0..20 {
        let mut body = body.clone();
        body["actionCode"] = format!("large-{number}").into();
        let answer = answered(&tenant, "POST", "/action-configurations", body).await;
        if answer.status == 400 {
            assert_refusal(&answer, "invalid_request", "at most 1048576");
            let all = get(&tenant, "/action-configurations").await;
            assert_eq!(all.as_array().map(Vec::len), Some(number));
            return;
        }
    }
    panic!("there is no bound");
}

#[tokio::test]
async fn a_wrong_base_url_is_explained_with_that_of_this_api() {
    let tenant = Tenant::new().await;
    let right = "set the base URL of Authsignal's Management API to http://mock.test:4750/v1/management, without a slash";
    for (target, fault) in [
        ("/action-configurations", "lacks /v1/management:"),
        ("/v1/action-configurations", "lacks /management:"),
        ("/management/action-configurations", "lacks /v1:"),
        (
            "/v1/management//action-configurations",
            "two slashes follow /v1/management:",
        ),
    ] {
        for secret in [MANAGEMENT_SECRET, "wrong"] {
            let request = Request::new("POST", target).basic(secret).json("{}");
            let answer = tenant.send(&request).await;
            assert_eq!(answer.status, 404, "{target}");
            let says = answer.text();
            assert!(
                says.contains(fault) && says.contains(right),
                "{target}: {says}"
            );
        }
    }
    let journal = tenant
        .get("/_mock/journal?api=authsignal-management&search=lacks")
        .await;
    assert_eq!(journal["requests"].as_array().map(Vec::len), Some(6));
}
