//! Tenants that a test creates for itself: nothing of one reaches another, and each has its own time. Must not know how the
//! mock keeps them.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::receiver::{Receiver, Reply};
use crate::tenant::Tenant;
use crate::wire::{Answer, Request};

/// The credentials of a tenant that was created.
struct Created(Value);

impl Created {
    async fn of(mock: &Tenant, body: Value) -> Self {
        let request = Request::new("POST", "/_mock/tenants").json(body.to_string());
        Self(mock.answer(201, &request).await.json())
    }

    fn id(&self) -> &str {
        self.0["id"].as_str().unwrap()
    }

    fn secret(&self) -> &str {
        self.0["authsignal"]["secretKey"].as_str().unwrap()
    }

    fn request(&self, method: &str, target: &str) -> Request {
        Request::new(method, target).basic(self.secret())
    }

    async fn track(&self, mock: &Tenant, user: &str) -> Answer {
        let target = format!("/v1/users/{user}/actions/pay");
        let request = self.request("POST", &target).json("{}");
        mock.answer(200, &request).await
    }
}

impl Tenant {
    async fn clock_of(&self, tenant: &str) -> Value {
        let request = Request::new("GET", &format!("/_mock/clock?tenant={tenant}"));
        self.answer(200, &request).await.json()
    }
}

#[tokio::test]
async fn a_created_tenant_answers_until_it_is_deleted_and_touches_no_other() {
    let mock = Tenant::new().await;
    let seed = json!({"authsignal": {"defaultOutcome": "REVIEW", "users": [{"userId": "ada"}]}});
    let one = Created::of(&mock, json!({"seed": seed})).await;
    let two = Created::of(&mock, json!({})).await;
    assert_eq!(
        one.track(&mock, "ada").await.json()["state"],
        "REVIEW_REQUIRED"
    );
    assert_eq!(two.track(&mock, "ada").await.json()["state"], "ALLOW");

    for (tenant, requests) in [(one.id(), 1), (two.id(), 1), ("mock-app", 0)] {
        let journal = Request::new("GET", &format!("/_mock/journal?tenant={tenant}"));
        let journal = mock.answer(200, &journal).await.json();
        assert_eq!(journal["requests"].as_array().unwrap().len(), requests);
    }
    let reset = Request::new("POST", &format!("/_mock/reset?tenant={}", one.id()));
    mock.answer(200, &reset).await;
    let actions = Request::new("GET", &format!("/_mock/actions?tenant={}", two.id()));
    let actions = mock.answer(200, &actions).await.json();
    assert_eq!(actions["actions"].as_array().unwrap().len(), 1);

    let delete = Request::new("DELETE", &format!("/_mock/tenants/{}", one.id()));
    mock.answer(200, &delete).await;
    let request = one.request("GET", "/v1/users/ada");
    mock.answer(401, &request).await;
    mock.answer(404, &delete).await;
    assert_eq!(two.track(&mock, "bob").await.json()["state"], "ALLOW");
}

#[tokio::test]
async fn many_tests_share_a_mock_and_none_sees_another() {
    let mock = std::sync::Arc::new(Tenant::new().await);
    let mut tests = JoinSet::new();
    for number in 0..100 {
        let mock = std::sync::Arc::clone(&mock);
        tests.spawn(async move {
            let own = Created::of(&mock, json!({})).await;
            let user = format!("user-{number}");
            let body = json!({"tenant": own.id(), "advanceSeconds": number}).to_string();
            let moved = Request::new("POST", "/_mock/clock").json(body);
            mock.answer(200, &moved).await;
            let body = json!({"tenant": own.id(), "failures": [{"status": 503}]}).to_string();
            let planned = Request::new("POST", "/_mock/failures").json(body);
            mock.answer(200, &planned).await;
            let target = format!("/v1/users/{user}");
            mock.answer(503, &own.request("GET", &target)).await;
            own.track(&mock, &user).await;
            // The user of each other test has another number.
            for other in [number + 1, number + 99] {
                let target = format!("/v1/users/user-{}/actions/pay/none", other % 100);
                mock.answer(404, &own.request("GET", &target)).await;
            }
            let now = mock.clock_of(own.id()).await["now"].clone();
            let delete = Request::new("DELETE", &format!("/_mock/tenants/{}", own.id()));
            mock.answer(200, &delete).await;
            (own.id().to_owned(), now)
        });
    }
    let ended = tests.join_all().await;
    let (ids, times): (BTreeSet<_>, BTreeSet<_>) = ended
        .into_iter()
        .map(|(id, now)| (id, now.to_string()))
        .unzip();
    assert_eq!((ids.len(), times.len()), (100, 100));
}

#[tokio::test]
async fn the_time_of_a_tenant_is_its_own_to_the_date_and_the_token() {
    let mock = Tenant::new().await;
    let (one, two) = (
        Created::of(&mock, json!({})).await,
        Created::of(&mock, json!({})).await,
    );
    let set = json!({"tenant": one.id(), "time": "2030-02-03T04:05:06Z"});
    let clock = mock.control("/_mock/clock", set).await;
    assert_eq!(clock["now"], "2030-02-03T04:05:06Z");
    assert_eq!(clock["tenant"], one.id());
    let tracked = one.track(&mock, "ada").await;
    assert_eq!(
        tracked.header("date"),
        Some("Sun, 03 Feb 2030 04:05:06 GMT")
    );
    let tracked = two.track(&mock, "ada").await;
    assert_eq!(
        tracked.header("date"),
        Some("Thu, 01 Jan 2026 00:00:00 GMT")
    );

    // Ten minutes later, the token of one has run out, and that of the other has not.
    let (first, second) = (
        one.track(&mock, "ada").await.json()["token"].clone(),
        tracked.json()["token"].clone(),
    );
    let by = json!({"tenant": one.id(), "advanceSeconds": 599, "advanceMilliseconds": 2000});
    mock.control("/_mock/clock", by).await;
    for (tenant, token, valid) in [(&one, first, false), (&two, second, true)] {
        let body = json!({"token": token}).to_string();
        let request = tenant.request("POST", "/v1/validate").json(body);
        let answer = mock.send(&request).await;
        let expired = answer.json()["error"] == "Token is expired.";
        assert_eq!(expired, !valid, "{}", answer.text());
    }
    let reset = Request::new("POST", &format!("/_mock/reset?tenant={}", one.id()));
    mock.answer(200, &reset).await;
    assert_eq!(mock.clock_of(one.id()).await["now"], "2026-01-01T00:00:00Z");
}

#[tokio::test]
async fn a_virtual_hour_sends_what_falls_due_in_order_before_it_answers() {
    let mock = Tenant::new().await;
    let receiver = Receiver::start().await;
    let seed = json!({"authsignal": {"webhooks": [{"url": receiver.url(), "events": ["authenticator.created"]}]}});
    let own = Created::of(&mock, json!({"seed": seed})).await;
    receiver.will([Reply::Status(500), Reply::Status(500), Reply::Status(500)]);
    let body = r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#;
    let enrol = own
        .request("POST", "/v1/users/ada/authenticators")
        .json(body);
    mock.answer(200, &enrol).await;

    let hour = json!({"tenant": own.id(), "advanceSeconds": 3600});
    let clock = mock.control("/_mock/clock", hour).await;
    assert_eq!(clock["now"], "2026-01-01T01:00:00Z");
    assert_eq!(
        receiver.take().len(),
        4,
        "the first attempt and three retries"
    );
    let target = format!("/_mock/webhooks/deliveries?tenant={}", own.id());
    let deliveries = mock.answer(200, &Request::new("GET", &target)).await.json();
    let attempts = deliveries["deliveries"][0]["attempts"].as_array().unwrap();
    let times: Vec<_> = attempts
        .iter()
        .map(|one| one["at"].as_str().unwrap())
        .collect();
    assert_eq!(
        times,
        [
            "2026-01-01T00:00:00Z",
            "2026-01-01T00:00:30Z",
            "2026-01-01T00:01:00Z",
            "2026-01-01T00:01:30Z"
        ]
    );
    assert_eq!(deliveries["deliveries"][0]["progress"], "taken");
}
