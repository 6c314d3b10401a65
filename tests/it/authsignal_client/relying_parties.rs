//! What a tenant sets for its passkeys: the relying party that its pages share, the origins of responses, and what options
//! ask for.

use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;

use super::{Page, SUCCEEDED};
use crate::tenant::{Tenant, assert_refusal};
use crate::wire::{Answer, Request};
use crate::world::{API_SECRET, MANAGEMENT_SECRET, TENANT};

const APP: &str = "https://app.example.com";
const SHOP: &str = "https://shop.example.com";
/// It is on the relying party's domain, but no expected origin.
const BLOG: &str = "https://blog.example.com";

fn settings() -> Value {
    json!({
        "relyingParty": "example.com",
        "expectedOrigins": [APP, SHOP],
        "userVerificationRequirement": "required",
        "authenticatorAttachment": "platform",
        "passkeyRegistrationHints": ["client-device", "hybrid"],
        "preventRemovingLastPasskey": true,
    })
}

/// A tenant with these settings, by seed, by control API and by Management API.
async fn tenants(settings: Value) -> [Tenant; 3] {
    let seed = json!({"tenants": [{"authsignal": {
        "id": TENANT, "secret": API_SECRET, "passkeys": settings.clone(),
    }}]});
    let by_seed = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    let by_control = Tenant::new().await;
    by_control.configure(json!({"passkeys": &settings})).await;
    let by_management = Tenant::new().await;
    let target = "/v1/management/authenticator-configurations/passkey";
    let change = Request::new("PATCH", target).basic(MANAGEMENT_SECRET);
    let change = change.json(settings.to_string());
    by_management.answer(200, &change).await;
    [by_seed, by_control, by_management]
}

async fn ask(page: &Page<'_>, origin: &str, target: &str, body: Value) -> Answer {
    let request = page.request("POST", target).json(body.to_string());
    page.tenant.send(&request.header("Origin", origin)).await
}

/// The options that a page of that origin gets.
async fn options(page: &Page<'_>, origin: &str, of: &str) -> Value {
    let target = format!("/user-authenticators/passkey/{of}-options");
    let answer = ask(page, origin, &target, json!({})).await;
    assert_eq!(answer.status, 200);
    answer.json()["options"].clone()
}

async fn enroll(page: &Page<'_>, origin: &str, key: &SoftwareAuthenticator) -> Answer {
    let options = options(page, origin, "registration").await;
    let made = key.create(&options, origin).unwrap();
    let body = json!({"registrationCredential": made});
    ask(page, origin, "/user-authenticators/passkey", body).await
}

async fn sign_in(
    page: &Page<'_>,
    origin: &str,
    key: &SoftwareAuthenticator,
    held: &Value,
) -> Answer {
    let options = options(page, origin, "authentication").await;
    let id = held["userAuthenticator"]["webauthnCredential"]["credentialId"].as_str();
    let signed = key
        .get(&options, origin, &[id.unwrap().to_owned()])
        .unwrap();
    let body = json!({"authenticationCredential": signed});
    ask(page, origin, "/verify/passkey", body).await
}

#[tokio::test]
async fn pages_on_subdomains_share_a_passkey() {
    for tenant in tenants(settings()).await {
        let key = SoftwareAuthenticator::new("ada");
        let enrolled = enroll(&tenant.page("ada").await, APP, &key).await;
        assert_eq!(enrolled.status, 200, "{}", enrolled.text());
        let page = tenant.page("ada").await;
        let verified = sign_in(&page, SHOP, &key, &enrolled.json()).await;
        assert_eq!(verified.status, 200, "{}", verified.text());
        let token = &verified.json()["accessToken"];
        assert_eq!(tenant.state(token).await, SUCCEEDED);
    }
}

#[tokio::test]
async fn an_origin_that_is_not_expected_is_told_which_are() {
    for tenant in tenants(settings()).await {
        let key = SoftwareAuthenticator::new("ada");
        let page = tenant.page("ada").await;
        let refused = enroll(&page, BLOG, &key).await;
        let cause = "https://blog.example.com, but must be one of the tenant's expected origins: https://app.example.com, \
                     https://shop.example.com";
        assert_eq!(refused.status, 400);
        assert_refusal(&refused, "invalid_credential", cause);
        let enrolled = enroll(&page, APP, &key).await.json();
        let page = tenant.page("ada").await;
        let refused = sign_in(&page, BLOG, &key, &enrolled).await;
        assert_eq!(refused.status, 400);
        assert_refusal(&refused, "invalid_credential", cause);
    }
}

#[tokio::test]
async fn options_ask_for_what_is_set() {
    for tenant in tenants(settings()).await {
        let page = tenant.page("ada").await;
        let creation = options(&page, BLOG, "registration").await;
        assert_eq!(creation["rp"]["id"], "example.com");
        assert_eq!(creation["hints"], json!(["client-device", "hybrid"]));
        let selection = &creation["authenticatorSelection"];
        assert_eq!(selection["userVerification"], "required");
        assert_eq!(selection["authenticatorAttachment"], "platform");
        // What the SDK asks for counts.
        let target = "/user-authenticators/passkey/registration-options";
        let body = json!({"authenticatorAttachment": "cross-platform"});
        let creation = ask(&page, APP, target, body).await.json()["options"].clone();
        let selection = &creation["authenticatorSelection"];
        assert_eq!(selection["authenticatorAttachment"], "cross-platform");

        let key = SoftwareAuthenticator::new("ada");
        enroll(&page, APP, &key).await;
        let page = tenant.page("ada").await;
        let request = options(&page, APP, "authentication").await;
        assert_eq!(request["rpId"], "example.com");
        assert_eq!(request["userVerification"], "required");

        // A security key has settings of its own.
        let page = tenant.page("bob").await;
        let target = "/user-authenticators/security-key/registration-options";
        let key = ask(&page, APP, target, json!({})).await.json();
        assert_eq!(key["rp"]["id"], "example.com");
        assert_eq!(
            key["authenticatorSelection"]["userVerification"],
            "discouraged"
        );
        assert_eq!(key.get("hints"), None);
    }
}

#[tokio::test]
async fn settings_replace_all_that_was_set_and_are_shown() {
    let tenant = Tenant::new().await;
    let set = |passkeys: Value| tenant.control("/_mock/authsignal", json!({"passkeys": passkeys}));
    assert_eq!(set(settings()).await["passkeys"], settings());
    let shown = tenant.get("/_mock/tenants").await;
    let shown = shown["tenants"][0]["authsignal"]["passkeys"].clone();
    assert_eq!(shown, settings());
    let unchanged = tenant.control("/_mock/authsignal", json!({})).await;
    assert_eq!(unchanged["passkeys"], settings());
    assert_eq!(set(json!({})).await["passkeys"], json!({}));
    let page = tenant.page("ada").await;
    let creation = options(&page, BLOG, "registration").await;
    assert_eq!(creation["rp"]["id"], "blog.example.com");
    assert_eq!(creation.get("hints"), None);
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused_by_name_and_change_nothing() {
    let tenant = Tenant::new().await;
    tenant.configure(json!({"passkeys": settings()})).await;
    let before = tenant.server.state();
    for (passkeys, cause) in [
        (
            json!({"relyingParty": "https://example.com"}),
            "relyingParty",
        ),
        (
            json!({"expectedOrigins": ["example.com"]}),
            "expectedOrigins",
        ),
        (
            json!({"expectedOrigins": ["https://example.com/"]}),
            "no slash at the end",
        ),
        (
            json!({"expectedOrigins": vec!["https://a"; 101]}),
            "more than 100",
        ),
        (
            json!({"userVerificationRequirement": "always"}),
            "userVerificationRequirement",
        ),
        (
            json!({"authenticatorAttachment": "any"}),
            "authenticatorAttachment",
        ),
        (
            json!({"passkeyRegistrationHints": ["phone"]}),
            "passkeyRegistrationHints",
        ),
        (json!({"relyingPartyId": "example.com"}), "relyingPartyId"),
    ] {
        let body = json!({"passkeys": passkeys});
        let request = Request::new("POST", "/_mock/authsignal").json(body.to_string());
        let answer = tenant.answer(400, &request).await;
        assert!(answer.text().contains(cause), "{body}: {}", answer.text());
        assert_eq!(tenant.server.state(), before, "{body}");
    }
}
