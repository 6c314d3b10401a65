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

impl Tenant {
    /// The tenants that a query finds, and whether there are more.
    async fn tenants(&self, query: &str) -> (Vec<Value>, bool) {
        let request = Request::new("GET", &format!("/_mock/tenants?{query}"));
        let page = self.answer(200, &request).await.json();
        let tenants = page["tenants"].as_array().unwrap().clone();
        (tenants, page["more"].as_bool().unwrap())
    }
}

fn names(tenants: &[Value]) -> Vec<&str> {
    let names = tenants.iter().map(|one| one["name"].as_str().unwrap());
    names.collect()
}

#[tokio::test]
async fn a_thousand_tenants_are_listed_page_by_page_and_found_by_a_part_of_a_name() {
    let mock = Tenant::new().await;
    let mut created = vec!["mock-app".to_owned()];
    for number in 0..1000 {
        let body = json!({"name": format!("Test {number:03} of Pay")});
        created.push(Created::of(&mock, body).await.id().to_owned());
    }
    let (mut listed, mut after) = (Vec::new(), String::new());
    loop {
        let (page, more) = mock.tenants(&format!("brief=true&limit=300{after}")).await;
        after = format!("&after={}", page.last().unwrap()["number"]);
        listed.extend(page);
        if !more {
            break;
        }
    }
    assert_eq!(names(&listed), created);
    let one = &listed[1];
    assert!(one["tenantId"].is_string() && one["activeconnect"]["users"] == 0);
    assert!(one.get("authsignal").is_none(), "{one}");

    let (found, more) = mock.tenants("search=TEST%20042").await;
    assert_eq!((names(&found), more), (vec![&*created[43]], false));
    assert_eq!(found[0]["activeconnect"]["name"], "Test 042 of Pay");
    assert_eq!(found[0]["authsignal"]["defaultOutcome"], "CHALLENGE");
    let target = format!("tenant={}", found[0]["tenantId"].as_str().unwrap());
    let (same, _) = mock.tenants(&target).await;
    assert_eq!(same, found);
    assert_eq!(mock.tenants("").await.0.len(), 100);
}

#[tokio::test]
async fn a_tenant_shows_how_long_it_stays() {
    let mock = Tenant::of(|builder| builder.tenant_ttl(std::time::Duration::from_secs(600))).await;
    let unless_told = Created::of(&mock, json!({})).await;
    let told = Created::of(&mock, json!({"ttlSeconds": 5})).await;
    let (tenants, _) = mock.tenants("brief=true").await;
    let lives: Vec<_> = tenants.iter().map(|one| &one["ttlSeconds"]).collect();
    assert_eq!(lives, [&Value::Null, &json!(600), &json!(5)]);
    assert_eq!(names(&tenants)[1..], [unless_told.id(), told.id()]);
}

fn track(secret: &str) -> Request {
    let target = "/v1/users/ada/actions/pay";
    Request::new("POST", target).basic(secret).json("{}")
}

#[tokio::test]
async fn the_first_request_with_an_unknown_secret_creates_a_tenant_where_the_mock_is_told_to() {
    let mock = Tenant::of(|builder| builder.tenants_on_demand(true)).await;
    for secret in ["secret of one test", "secret of another"] {
        let tracked = mock.answer(200, &track(secret)).await.json();
        assert_eq!(tracked["state"], "ALLOW");
    }
    mock.answer(200, &track("secret of one test")).await;
    let (tenants, _) = mock.tenants("").await;
    assert_eq!(tenants.len(), 3);
    assert!(tenants[1].get("activeconnect").is_none());
    for (tenant, requests) in [(&tenants[1], 2), (&tenants[2], 1)] {
        let target = format!("/_mock/journal?tenant={}", tenant["name"].as_str().unwrap());
        let journal = mock.answer(200, &Request::new("GET", &target)).await.json();
        assert_eq!(journal["requests"].as_array().unwrap().len(), requests);
    }

    // Nobody else makes one: a program that manages a tenant, a terminal, a page, a token.
    let manage = Request::new("GET", "/v1/management/tenant").basic("secret of a third");
    mock.answer(401, &manage).await;
    let page = track("secret of a third").header("Origin", "https://shop.example");
    mock.answer(403, &page).await;
    let bearer = track("").header("Authorization", "Bearer secret of a third");
    mock.answer(401, &bearer).await;
    assert_eq!(mock.tenants("").await.0.len(), 3);
}

#[tokio::test]
async fn a_mock_without_tenants_on_demand_says_how_to_get_a_tenant() {
    let mock = Tenant::new().await;
    mock.answer(401, &track("secret of a test")).await;
    let journal = Request::new("GET", "/_mock/journal?limit=1");
    let journal = mock.answer(200, &journal).await.json();
    let warning = journal["requests"][0]["warning"].as_str().unwrap();
    assert!(warning.contains("--tenants-on-demand"), "{warning}");
    assert!(warning.contains("/_mock/tenants"), "{warning}");
}
