//! What authenticator configurations change in the Server API, the Client API, the pages and webhooks: one test for each
//! setting that has an effect.

use serde_json::{Value, json};

use super::{change, client, tenant, track};
use crate::tenant::Tenant;
use crate::wire::{HOST, Request};

/// Changes the configuration of a method.
async fn set(tenant: &Tenant, method: &str, changes: Value) -> Value {
    let target = format!("/authenticator-configurations/{method}");
    change(tenant, &target, changes).await
}

/// The page of a tracked action.
async fn page(tenant: &Tenant, tracked: &Value) -> String {
    let url = tracked["url"].as_str().unwrap();
    let target = url.strip_prefix(&format!("http://{HOST}")).unwrap();
    tenant.send(&Request::new("GET", target)).await.text()
}

/// What a Server API asks for to send a code to a number.
fn sms(number: &str) -> Value {
    json!({"verificationMethod": "SMS", "phoneNumber": number, "action": "pay"})
}

#[tokio::test]
async fn a_code_has_as_many_digits_as_the_configuration_of_its_method_says() {
    let tenant = tenant().await;
    for length in [2, 10] {
        set(&tenant, "sms", json!({"verificationCodeLength": length})).await;
        let tracked = track(&tenant).await;
        let page = page(&tenant, &tracked).await;
        assert!(page.contains(&format!("the {length}-digit code")), "{page}");
        let code = tenant.code().await;
        assert_eq!(code.len(), length, "{code}");
        let body = json!({"verificationCode": code});
        let verified = client(&tenant, &tracked, "/verify/sms", body).await.json();
        assert_eq!(verified["isVerified"], true, "{verified}");
    }
    tenant.post("/v1/challenge", sms("+64270000001")).await;
    assert_eq!(tenant.code().await.len(), 10);
    let email =
        json!({"verificationMethod": "EMAIL_OTP", "email": "a@example.com", "action": "pay"});
    tenant.post("/v1/challenge", email).await;
    assert_eq!(tenant.code().await.len(), 6, "it has its own configuration");
}

#[tokio::test]
async fn authenticator_apps_show_the_issuer_that_is_set() {
    let tenant = tenant().await;
    let uri = async || {
        let tracked = tenant.track("bob", "withdraw", json!({})).await;
        let target = "/user-authenticators/totp";
        let app = client(&tenant, &tracked, target, json!({})).await.json();
        app["uri"].as_str().unwrap().to_owned()
    };
    set(
        &tenant,
        "authenticator-app",
        json!({"issuerName": "Shop: EU"}),
    )
    .await;
    let own = uri().await;
    // A colon would end the issuer.
    assert!(own.starts_with("otpauth://totp/Shop_%20EU:bob?"), "{own}");
    assert!(own.ends_with("&issuer=Shop_%20EU"), "{own}");
    set(&tenant, "authenticator-app", json!({"issuerName": null})).await;
    let default = uri().await;
    assert!(default.ends_with("&issuer=stepup-mock"), "{default}");
}

#[tokio::test]
async fn a_user_has_several_addresses_of_a_method_where_it_allows_several() {
    let tenant = tenant().await;
    let number = async |number: &str| {
        let sms = json!({"verificationMethod": "SMS", "phoneNumber": number});
        tenant.enroll_with("ada", sms).await;
        let all = tenant.authenticators("ada").await;
        let numbers = all.as_array().unwrap().iter();
        let numbers = numbers.map(|one| one["phoneNumber"].as_str().unwrap().to_owned());
        numbers.collect::<Vec<_>>()
    };
    assert_eq!(number("+64270000001").await, ["+64270000001"]);
    let several = json!({"allowMultipleUserAuthenticators": true});
    set(&tenant, "sms", several).await;
    for _ in 0..2 {
        // The same number replaces itself.
        let both = number("+64270000002").await;
        assert_eq!(both, ["+64270000001", "+64270000002"]);
    }
    // By default, the newest one is challenged.
    let tracked = track(&tenant).await;
    client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    assert_eq!(tenant.newest_message().await["to"], "+64270000002");
    let several = json!({"allowMultipleUserAuthenticators": false});
    set(&tenant, "sms", several).await;
    assert_eq!(number("+64270000003").await, ["+64270000003"]);
}
