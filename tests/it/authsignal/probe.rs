//! The behaviour probe that mock servers were compared by, against both vendors. A vendor gets the rows that its contract
//! has something for:
//!
//! - format of an address: neither contract has one (`9876543210` is a phone number to Authsignal's own suites), so the
//!   row is shown with formats there are, of dates, and of numbers to Activeconnect, which answers 200 with a reason;
//! - unknown user, and user after deletion: 404 at Activeconnect; Authsignal never answers 404 for a user, so there the
//!   rows are an action's;
//! - path parameter against a pattern: Activeconnect has no pattern;
//! - CORS preflight: 204 with the methods there are; no origin is allowed, because neither API is for browsers;
//! - `Prefer: code=404`: an error is given on demand, whether or not the spec lists it, and nothing is done;
//! - SIGTERM ends the program with 0: shown where the program is run.

use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::wire::{Answer, Request};
use crate::world::{Signer, Stage, World};

async fn authsignal(method: &str, target: &str, body: &str) -> (u16, Answer) {
    let tenant = Tenant::new().await;
    let answer = tenant
        .send(&Tenant::request(method, target).json(body))
        .await;
    (answer.status, answer)
}

#[tokio::test]
async fn authsignal_passes_the_probe() {
    let tenant = Tenant::new().await;
    let anonymous = Request::new("GET", "/v1/users/u1");
    assert_eq!(tenant.send(&anonymous).await.status, 401);
    for (row, method, target, body, status) in [
        (
            "a member of another type",
            "PATCH",
            "/v1/users/u1",
            r#"{"email":5}"#,
            400,
        ),
        (
            "a format",
            "PATCH",
            "/v1/users/u1/devices/d1",
            r#"{"rememberedUntil":"soon"}"#,
            400,
        ),
        (
            "malformed JSON",
            "PATCH",
            "/v1/users/u1",
            r#"{"email":"#,
            400,
        ),
        ("no JSON", "PATCH", "/v1/users/u1", "not json", 400),
        (
            "a pattern",
            "POST",
            "/v1/users/u1/actions/sign%20in",
            "{}",
            400,
        ),
        ("a missing member", "POST", "/v1/validate", "{}", 400),
        (
            "a word",
            "POST",
            "/v1/users/u1/authenticators",
            r#"{"verificationMethod":"X"}"#,
            400,
        ),
        (
            "something unknown",
            "GET",
            "/v1/users/u1/actions/signIn/none",
            "",
            404,
        ),
        ("a wrong method", "PUT", "/v1/users/u1", "{}", 405),
    ] {
        let (given, answer) = authsignal(method, target, body).await;
        assert_eq!(given, status, "{row}: {}", answer.text());
        assert!(answer.json()["errorDescription"].is_string(), "{row}");
    }
    tenant
        .patch("/v1/users/u1", json!({"email": "new@example.com"}))
        .await;
    let user = tenant.get("/v1/users/u1").await;
    assert_eq!(user["email"], "new@example.com", "a change is visible");
    let preflight = Request::new("OPTIONS", "/v1/users/u1").header("Origin", "https://example.com");
    let preflight = tenant.answer(204, &preflight).await;
    assert!(preflight.header("allow").unwrap().contains("PATCH"));
    let state = tenant.server.state();
    for status in [404, 418, 500, 503] {
        let prefer = Tenant::request("PATCH", "/v1/users/u1")
            .header("Prefer", &format!("code={status}"))
            .json(r#"{"email":"other@example.com"}"#);
        let asked = tenant.answer(status, &prefer).await;
        assert_eq!(asked.header("retry-after"), None, "{status}");
        assert!(
            asked.json()["errorDescription"]
                .as_str()
                .unwrap()
                .contains("Prefer"),
            "{status}"
        );
    }
    for (wanted, seconds) in [
        ("code=429", "60"),
        ("code=429, retry-after=7", "7"),
        ("retry-after=\"9\"; code=429", "9"),
    ] {
        let prefer = Tenant::request("GET", "/v1/users/u1").header("Prefer", wanted);
        let asked = tenant.answer(429, &prefer).await;
        assert_eq!(asked.header("retry-after"), Some(seconds), "{wanted}");
        assert_eq!(asked.json()["errorCode"], "too_many_requests");
    }
    for impossible in [
        "code=200",
        "code=99",
        "code=600",
        "code=many",
        "code=",
        "retry-after=7",
        "code=429, retry-after=soon",
    ] {
        let prefer = Tenant::request("DELETE", "/v1/users/u1").header("Prefer", impossible);
        let told = tenant.answer(400, &prefer).await.json();
        let why = told["errorDescription"].as_str().unwrap();
        assert!(why.starts_with("header Prefer "), "{impossible}: {why}");
    }
    assert_eq!(tenant.get("/v1/users/u1").await, user);
    let prefer = Tenant::request("DELETE", "/v1/users/u1").header("Prefer", "wait=5, code=\"400\"");
    assert!(tenant.answer(400, &prefer).await.text().contains("Prefer"));
    assert_eq!(tenant.server.state(), state, "nothing is done");
    let (a, b) = (
        tenant.track("u1", "signIn", json!({})).await,
        tenant.track("u1", "signIn", json!({})).await,
    );
    assert_ne!(
        a["idempotencyKey"], b["idempotencyKey"],
        "two actions are two"
    );
    let key = a["idempotencyKey"].as_str().unwrap();
    let action = format!("/v1/users/u1/actions/signIn/{key}");
    tenant.get(&action).await;
    tenant.delete("/v1/users/u1?actions=true").await;
    tenant.answer(404, &Tenant::request("GET", &action)).await;
    assert!(tenant.get("/v1/users/u1").await.get("email").is_none());
}

#[tokio::test]
async fn activeconnect_passes_the_probe() {
    let send = async |world: &World, signer, method: &str, target: &str, body: &str| {
        let request = world.request(signer, method, target).json(body);
        world.send(&request).await
    };
    let world = World::at(Stage::Device).await;
    let app = Signer::Application;
    let has = "/management/has_registered_mobile_device/mock-app";
    let sms = "/management/send_registration_sms/mock-app/alice";
    for (row, signer, method, target, body, status) in [
        (
            "no credentials",
            Signer::Nobody,
            "GET",
            format!("{has}/alice"),
            "",
            401,
        ),
        (
            "a member of another type",
            app,
            "POST",
            "/management/add_users/mock-app".to_owned(),
            r#"{"users":[5]}"#,
            400,
        ),
        (
            "malformed JSON",
            app,
            "POST",
            "/management/add_users/mock-app".to_owned(),
            r#"{"users":"#,
            400,
        ),
        (
            "no JSON",
            app,
            "POST",
            "/management/add_users/mock-app".to_owned(),
            "not json",
            400,
        ),
        ("a missing member", app, "POST", sms.to_owned(), "{}", 400),
        (
            "a word",
            app,
            "POST",
            "/authentication/authenticate_user/mock-app/alice?methods=telepathy".to_owned(),
            "",
            400,
        ),
        (
            "someone unknown",
            app,
            "GET",
            format!("{has}/nobody"),
            "",
            404,
        ),
        (
            "a wrong method",
            app,
            "PUT",
            "/management/add_users/mock-app".to_owned(),
            "{}",
            405,
        ),
    ] {
        let before = world.server.state();
        let answer = send(&world, signer, method, &target, body).await;
        assert_eq!(answer.status, status, "{row}: {}", answer.text());
        let told: Value = answer.json();
        assert_eq!(told["status"], false, "{row}");
        assert!(told["reason"].is_string(), "{row}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{row}");
        assert_eq!(world.server.state(), before, "{row}");
    }
    let preflight = Request::new("OPTIONS", "/management/add_users/mock-app");
    let preflight = world.send(&preflight).await;
    assert_eq!(
        (preflight.status, preflight.header("allow")),
        (204, Some("POST"))
    );
    let odd_number = send(&world, app, "POST", sms, r#"{"phone_number":"5550100"}"#).await;
    assert_eq!(
        (odd_number.status, &odd_number.json()["status"]),
        (200, &json!(false))
    );
    let target = format!("{has}/alice");
    assert_eq!(send(&world, app, "GET", &target, "").await.status, 200);
    let start = "/authentication/authenticate_user/mock-app/alice";
    let (a, b) = (
        send(&world, app, "POST", start, "").await,
        send(&world, app, "POST", start, "").await,
    );
    let session = |answer: &Answer| answer.json()["authentication_status"]["session_token"].clone();
    assert!(session(&a).is_string());
    assert_ne!(session(&a), session(&b), "two authentications are two");
    let delete = send(
        &world,
        app,
        "POST",
        "/management/delete_users/mock-app",
        r#"{"users":["alice"]}"#,
    )
    .await;
    assert_eq!(delete.status, 200);
    assert_eq!(send(&world, app, "GET", &target, "").await.status, 404);
}
