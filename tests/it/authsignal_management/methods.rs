//! What authenticator configurations change in the Server API, the Client API, the pages and webhooks: one test for each
//! setting that has an effect.

use serde_json::{Value, json};

use super::{answered, change, client, create, get, received, tenant, track, withdraw};
use crate::authsignal_client::App;
use crate::receiver::{Receiver, Reply};
use crate::tenant::{Tenant, assert_refusal};
use crate::wire::{HOST, Request};
use crate::world::API_SECRET;

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
async fn numbers_of_other_countries_are_refused() {
    let tenant = tenant().await;
    let countries = json!({"smsCountryCodes": ["AU", "CA"], "defaultCountryCode": "AU"});
    set(&tenant, "sms", countries).await;
    let enroll = |number: &str| json!({"verificationMethod": "SMS", "phoneNumber": number});
    let enrolling = "/v1/users/bob/authenticators";
    for number in ["+61400000000", "+14165550100"] {
        tenant.post("/v1/challenge", sms(number)).await;
        tenant.post(enrolling, enroll(number)).await;
    }
    // The United States share the calling code of Canada.
    for (number, cause) in [
        ("+64270000000", "of NZ"),
        ("+12125550100", "of US"),
        ("+21000000", "of no country"),
    ] {
        let cause = format!("{cause}, and for SMS the tenant accepts numbers of AU, CA alone");
        tenant
            .refused_body("POST", "/v1/challenge", sms(number), &cause)
            .await;
        tenant
            .refused_body("POST", enrolling, enroll(number), &cause)
            .await;
    }
    // The number of ada was enrolled before.
    let tracked = track(&tenant).await;
    let refused = client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert_refusal(&refused, "invalid_request", "smsCountryCodes");
    let scope = json!({"scope": "add:authenticators"});
    let tracked = tenant.track("ada", "withdraw", scope).await;
    let target = "/user-authenticators/sms";
    let number = json!({"phoneNumber": "+12125550100"});
    let refused = client(&tenant, &tracked, target, number).await;
    assert_refusal(&refused, "invalid_request", "smsCountryCodes");
    // A list without countries is none.
    set(&tenant, "sms", json!({"smsCountryCodes": []})).await;
    tenant.post("/v1/challenge", sms("+64270000000")).await;
}

#[tokio::test]
async fn limits_of_a_method_take_the_place_of_the_documented_ones() {
    let tenant = Tenant::of(|builder| builder.code_limits(true)).await;
    let limit = |count: u8, minutes: f64| json!({"rateLimit": count, "windowInMinutes": minutes});
    let sending = json!({"sendingRateLimitConfigurations": [limit(2, 1.5), limit(3, 10.0)],
        "submissionRateLimitConfiguration": limit(2, 5.0)});
    set(&tenant, "sms", sending).await;
    let send = async |number: &str| {
        let request = Tenant::request("POST", "/v1/challenge").json(sms(number).to_string());
        tenant.send(&request).await
    };
    let sent = async |number: &str| {
        let answer = send(number).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()["challengeId"].clone()
    };
    let refused = async |number: &str, cause: &str| {
        let answer = send(number).await;
        assert_eq!(answer.status, 429, "{}", answer.text());
        assert_refusal(&answer, "too_many_requests", cause);
    };
    sent("+64270000000").await;
    sent("+64270000000").await;
    refused(
        "+64270000000",
        "2 codes were sent to this address within 90 seconds",
    )
    .await;
    sent("+64270000001").await;
    tenant.later(90);
    let challenge = sent("+64270000000").await;
    tenant.later(90);
    refused(
        "+64270000000",
        "3 codes were sent to this address within 10 minutes",
    )
    .await;

    let code = tenant.code().await;
    let verify = async |code: &str| {
        let body = json!({"challengeId": challenge, "verificationCode": code});
        tenant.post("/v1/verify", body).await
    };
    for _ in 0..2 {
        assert_eq!(verify("wrong").await["isVerified"], false);
    }
    let late = verify(&code).await;
    assert_eq!(late["failureReason"], "MAX_ATTEMPTS_EXCEEDED", "{late}");
}

#[tokio::test]
async fn a_method_limits_messages_to_numbers_that_begin_alike() {
    let tenant = Tenant::of(|builder| builder.code_limits(true)).await;
    let limit = |more: Value| {
        let mut limit = json!({"rateLimit": 1, "windowInMinutes": 1});
        limit
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        limit
    };
    let prefixes = json!([
        limit(json!({"enabled": true, "blockSize": 4, "countryCodes": ["NZ"]})),
        limit(json!({"enabled": true, "blockSize": "country", "rateLimit": 2})),
        limit(json!({"enabled": false, "blockSize": 1})),
    ]);
    set(
        &tenant,
        "sms",
        json!({"prefixRateLimitConfigurations": prefixes}),
    )
    .await;
    for (number, status) in [
        ("+64270000000", 200),
        ("+64271000000", 429),
        ("+64210000000", 200),
        ("+64220000000", 429),
        ("+61400000000", 200),
        ("+61400000001", 200),
        ("+61300000001", 429),
        // Canada has the calling code of the United States.
        ("+14165550100", 200),
        ("+12125550100", 200),
    ] {
        let request = Tenant::request("POST", "/v1/challenge").json(sms(number).to_string());
        let answer = tenant.answer(status, &request).await;
        if status == 429 {
            assert_refusal(
                &answer,
                "too_many_requests",
                "numbers that begin like this one",
            );
        }
    }
}

#[tokio::test]
async fn limits_have_an_effect_only_on_demand() {
    let tenant = tenant().await;
    let limit = json!({"rateLimit": 1, "windowInMinutes": 10});
    let limits = json!({"sendingRateLimitConfiguration": limit, "rateLimitConfiguration": limit});
    set(&tenant, "sms", limits).await;
    for _ in 0..3 {
        tenant.post("/v1/challenge", sms("+64270000000")).await;
    }
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

#[tokio::test]
async fn a_seed_whose_configuration_allows_several_numbers_has_a_user_with_several_and_sends_nothing()
 {
    let receiver = Receiver::start().await;
    let sms = json!({"authenticatorId": "sms", "verificationMethod": "SMS", "isActive": true,
        "allowMultipleUserAuthenticators": true});
    let number = |number: &str| json!({"verificationMethod": "SMS", "phoneNumber": number});
    let ada = json!({"userId": "ada",
        "authenticators": [number("+64270000001"), number("+64270000002")]});
    let management = json!({"authenticator-configurations/sms": sms,
        "tenant": {"authenticatorEventsWebhookConfig": {"url": receiver.url()}}});
    let tenant = json!({"id": "t", "secret": API_SECRET, "users": [ada], "management": management});
    let seed = json!({"tenants": [{"authsignal": tenant}]});
    let tenant = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    let own = tenant.authenticators("ada").await;
    let numbers: Vec<_> = own
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["phoneNumber"])
        .collect();
    assert_eq!(numbers, ["+64270000001", "+64270000002"]);
    tenant.get("/_mock/webhooks/deliveries?settled=true").await;
    assert_eq!(taken(&receiver), []);
    // The URL is there for whatever follows.
    tenant.enroll("bob").await;
    tenant.get("/_mock/webhooks/deliveries?settled=true").await;
    assert_eq!(taken(&receiver)[0].0, "authenticator.created");
}

/// What came to a receiver, as the type of each event and where it goes.
fn taken(receiver: &Receiver) -> Vec<(String, Value)> {
    let events = receiver.take().into_iter().map(|request| request.json());
    let told = |event: Value| {
        let kind = event["type"].as_str().unwrap().to_owned();
        (kind, event["data"]["to"].clone())
    };
    events.map(told).collect()
}

#[tokio::test]
async fn messages_of_a_method_go_to_its_own_webhook_and_fail_with_it() {
    let (own, all) = (Receiver::start().await, Receiver::start().await);
    let tenant = Tenant::of(|builder| builder.webhook(&all.url())).await;
    withdraw(&tenant).await;
    tenant.enroll("ada").await;
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"});
    tenant.enroll_with("ada", email).await;
    tenant.later(60);
    tenant.get("/_mock/webhooks/deliveries?settled=true").await;
    all.take();

    let webhook = |provider: &str| json!({provider: "WEBHOOK", "webhookUrl": own.url()});
    set(&tenant, "sms", webhook("smsProvider")).await;
    set(&tenant, "email-otp", webhook("emailProvider")).await;
    let tracked = track(&tenant).await;
    let sms = client(&tenant, &tracked, "/challenge/sms", json!({})).await;
    assert_eq!(sms.status, 200, "{}", sms.text());
    let to_number = ("sms.created".to_owned(), json!("+64270000000"));
    assert_eq!(taken(&own), [to_number]);
    let to_email = ("email.created".to_owned(), json!("ada@example.com"));
    let target = "/challenge/email-otp";
    client(&tenant, &tracked, target, json!({})).await;
    assert_eq!(taken(&own), std::slice::from_ref(&to_email));
    assert_eq!(taken(&all), []);

    own.will([Reply::Status(500)]);
    let failed = client(&tenant, &tracked, target, json!({})).await;
    assert_eq!(failed.status, 400, "{}", failed.text());
    assert_refusal(&failed, "invalid_request", "webhook email.created");
    own.take();
    // Another provider takes the URL away.
    set(&tenant, "email-otp", json!({"emailProvider": "SMTP"})).await;
    client(&tenant, &tracked, target, json!({})).await;
    assert_eq!((taken(&own), taken(&all)), (vec![], vec![to_email]));
}

#[tokio::test]
async fn a_push_notification_goes_to_the_webhook_of_push() {
    let own = Receiver::start().await;
    let tenant = tenant().await;
    let push = json!({"pushProvider": "WEBHOOK", "webhookUrl": own.url()});
    set(&tenant, "push", push).await;
    let scope = json!({"scope": "add:authenticators"});
    let tracked = tenant.track("ada", "withdraw", scope).await;
    let target = "/user-authenticators/push";
    let added = client(&tenant, &tracked, target, App::new(1).credential()).await;
    assert_eq!(added.status, 200, "{}", added.text());
    let tracked = track(&tenant).await;
    let target = "/challenge/push";
    let asked = client(&tenant, &tracked, target, json!({"action": "withdraw"})).await;
    assert_eq!(asked.status, 200, "{}", asked.text());
    assert_eq!(taken(&own)[0].0, "push.created");
    own.will([Reply::Status(404)]);
    let failed = client(&tenant, &tracked, target, json!({"action": "withdraw"})).await;
    assert_refusal(&failed, "invalid_request", "webhook push.created");
    own.take();
    // Without a URL of its own, it goes nowhere.
    change(
        &tenant,
        "/authenticator-configurations/push",
        json!({"webhookUrl": null}),
    )
    .await;
    client(&tenant, &tracked, target, json!({"action": "withdraw"})).await;
    assert_eq!(taken(&own), []);
}

#[tokio::test]
async fn the_webhook_of_a_method_keeps_the_rules_of_all_webhooks() {
    let tenant = tenant().await;
    let body = json!({"smsProvider": "WEBHOOK", "webhookUrl": "http://198.51.100.1/hook"});
    let refused = answered(&tenant, "PATCH", "/authenticator-configurations/sms", body).await;
    assert_eq!(refused.status, 400, "{}", refused.text());
}

#[tokio::test]
async fn messages_show_the_data_points_that_their_method_allows() {
    let receiver = Receiver::start().await;
    let tenant = tenant().await;
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"});
    tenant.enroll_with("ada", email).await;
    let sms = json!({"smsProvider": "WEBHOOK", "webhookUrl": receiver.url(),
        "allowedCustomSmsVariables": ["amount"]});
    set(&tenant, "sms", sms).await;
    let email = json!({"emailProvider": "WEBHOOK", "webhookUrl": receiver.url(),
        "allowedCustomEmailVariables": ["plan"]});
    set(&tenant, "email-otp", email).await;
    let custom = json!({"custom": {"amount": 5, "plan": "gold", "secret": "s"}});
    let tracked = tenant.track("ada", "withdraw", custom).await;
    for (target, shown) in [
        ("/challenge/sms", json!({"amount": 5})),
        ("/challenge/email-otp", json!({"plan": "gold"})),
    ] {
        client(&tenant, &tracked, target, json!({})).await;
        let event = received(&receiver).await;
        assert_eq!(event["data"]["customVariables"], shown, "{target}");
    }
}

#[tokio::test]
async fn the_key_of_an_app_lives_as_long_as_the_configuration_of_push_says() {
    let tenant = Tenant::new().await;
    set(&tenant, "push", json!({"credentialLifetimeInMinutes": 60})).await;
    let tracked = tenant.track("bob", "withdraw", json!({})).await;
    let target = "/user-authenticators/push";
    let added = client(&tenant, &tracked, target, App::new(1).credential()).await;
    assert_eq!(added.json()["expiresAt"], "2026-01-01T01:00:00.000Z");
    set(&tenant, "push", json!({"credentialLifetimeInMinutes": 0})).await;
    let added = client(&tenant, &tracked, target, App::new(2).credential()).await;
    assert_eq!(added.json().get("expiresAt"), None);
}

#[tokio::test]
async fn a_configuration_has_its_provider_from_the_start_and_it_has_no_effect() {
    let tenant = Tenant::new().await;
    let before = tenant.get("/_mock/state").await;
    let all = get(&tenant, "/authenticator-configurations").await;
    let of = |method: &str| {
        let mut all = all.as_array().unwrap().iter();
        let found = all.find(|one| one["verificationMethod"] == method);
        found.unwrap_or_else(|| panic!("{method}: {all:?}")).clone()
    };
    assert_eq!(of("SMS")["smsProvider"], "TWILIO");
    assert_eq!(of("EMAIL_OTP")["emailProvider"], "SMTP");
    assert_eq!(of("PUSH")["pushProvider"], "DEFAULT");
    assert_eq!(of("PASSKEY")["relyingParty"], "localhost");
    assert_eq!(
        of("PASSKEY")["expectedOrigins"],
        json!(["http://localhost"])
    );
    for (slug, member) in [
        ("sms", "smsProvider"),
        ("email-otp", "emailProvider"),
        ("push", "pushProvider"),
    ] {
        let target = format!("/authenticator-configurations/{slug}");
        assert!(get(&tenant, &target).await[member].is_string(), "{slug}");
    }
    assert_eq!(tenant.get("/_mock/state").await, before);
    // What is only shown is no part of what is set.
    let exported = tenant.get("/_mock/authsignal/export").await.to_string();
    for shown in ["TWILIO", "relyingParty", "this application"] {
        assert!(!exported.contains(shown), "{shown}");
    }
    // Nor does it become so when a client sends an answer back.
    for slug in ["sms", "email-otp", "push", "passkey"] {
        let target = format!("/authenticator-configurations/{slug}");
        let mut answer = get(&tenant, &target).await;
        answer.as_object_mut().unwrap().remove("authenticatorId");
        let before = get(&tenant, &target).await;
        assert_eq!(change(&tenant, &target, answer).await, before, "{slug}");
    }
    // A page of any origin still gets a passkey of its own.
    let token = tenant.token("ada", "pay").await;
    let target = "/v1/client/user-authenticators/passkey/registration-options";
    let request = Request::new("POST", target)
        .header(
            "authorization",
            &format!("Bearer {}", token.as_str().unwrap()),
        )
        .header("origin", "https://app.example.com")
        .json("{}");
    let options = tenant.send(&request).await;
    assert_eq!(options.json()["options"]["rp"]["id"], "app.example.com");
    // Creating it once still works.
    tenant.server.reset();
    create(
        &tenant,
        "/authenticator-configurations/sms",
        json!({"smsProvider": "TNZ"}),
    )
    .await;
    let sms = get(&tenant, "/authenticator-configurations/sms").await;
    assert_eq!(sms["smsProvider"], "TNZ");
}

#[tokio::test]
async fn what_nothing_could_create_again_is_not_deleted() {
    let tenant = Tenant::new().await;
    for slug in [
        "whatsapp",
        "authenticator-app",
        "email-magic-link",
        "security-key",
    ] {
        let target = format!("/authenticator-configurations/{slug}");
        let refused = answered(&tenant, "DELETE", &target, Value::Null).await;
        assert_eq!(refused.status, 400, "{slug}");
        let says = refused.text();
        assert!(says.contains("PATCH isActive false"), "{says}");
    }
    // The control API takes one from the tenant, and gives it back.
    tenant
        .configure(json!({"verificationMethods": ["SMS"]}))
        .await;
    let target = "/authenticator-configurations/whatsapp";
    let gone = answered(&tenant, "PATCH", target, json!({"isActive": true})).await;
    assert_eq!(gone.status, 404);
    let says = gone.text();
    let back = "`verificationMethods` of POST /_mock/authsignal brings it back";
    assert!(says.contains(back), "{says}");
    tenant
        .configure(json!({"verificationMethods": ["SMS", "WHATSAPP"]}))
        .await;
    let off = change(&tenant, target, json!({"isActive": false})).await;
    assert_eq!(off["isActive"], false);
}
