//! What the control API makes of requests that are odd, large, or can be read in two ways.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::bounds::{SEARCH, SEARCH_WORDS};
use crate::domain::authsignal::challenge::Told;
use crate::domain::authsignal::webhook::{Fault, Kind};
use crate::generated::mock_control::operations;
use crate::http::surface::Wreck;
use crate::runtime::journal::Note;
use crate::runtime::seed::Seed;
use crate::runtime::{App, Behaviour};

pub(super) struct Mock {
    pub(super) app: Arc<App>,
    router: Router,
}

impl Mock {
    pub(super) fn of(seed: Value) -> Self {
        Self::with(seed, |_| ())
    }

    pub(super) fn with(seed: Value, set: impl FnOnce(&mut Behaviour)) -> Self {
        let seed = Seed::from_value(seed).unwrap();
        let mut behaviour = Behaviour::default();
        set(&mut behaviour);
        let app = Arc::new(App::new(behaviour, seed).unwrap());
        let router = crate::http::router(&app, &crate::http::phones(&app));
        Self { app, router }
    }

    pub(super) async fn send(&self, method: &str, target: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "mock.test");
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub(super) async fn get(&self, target: &str) -> (StatusCode, Value) {
        self.send("GET", target, "").await
    }

    /// The reason of a 400.
    pub(super) async fn refusal(&self, method: &str, target: &str, body: &str) -> String {
        let (status, answer) = self.send(method, target, body).await;
        assert_eq!(status, 400, "{method} {target} {body}: {answer}");
        assert_eq!(answer["error"], "malformed");
        answer["message"].as_str().unwrap().to_owned()
    }
}

/// A tenant whose names and users have plus signs.
fn plus_signs() -> Mock {
    let app = json!([{"verificationMethod": "AUTHENTICATOR_APP",
        "otpUri": "otpauth://totp/x?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}]);
    let users = json!([
        {"userId": "a+b", "email": "bob+shop@example.com", "authenticators": app},
        {"userId": "c", "phoneNumber": "+15550100"},
        {"userId": "x y"},
    ]);
    Mock::of(json!({"tenants": [
        {"activeconnect": {"id": "shop+1", "secret": "s"}, "authsignal": {"id": "t", "secret": "u", "users": users}},
        {"authsignal": {"id": "other", "secret": "v"}},
    ]}))
}

fn ids(page: &Value) -> Vec<&str> {
    let users = page["users"].as_array().unwrap();
    users
        .iter()
        .map(|user| user["userId"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_plus_sign_in_a_query_may_be_written_as_it_is() {
    let mock = plus_signs();
    for user in ["a+b", "a%2Bb"] {
        for operation in ["user", "totp"] {
            let target = format!("/_mock/{operation}?tenant=t&userId={user}");
            let (status, answer) = mock.get(&target).await;
            assert_eq!(status, 200, "{target}: {answer}");
        }
    }
    for user in ["x+y", "x%20y"] {
        let (status, answer) = mock
            .get(&format!("/_mock/user?tenant=t&userId={user}"))
            .await;
        assert_eq!(
            (status, &answer["user"]["userId"]),
            (StatusCode::OK, &json!("x y"))
        );
    }
    for (search, found) in [
        ("bob+shop", vec!["a+b"]),
        ("bob%2Bshop", vec!["a+b"]),
        ("+1555", vec!["c"]),
        ("x+y", vec!["x y"]),
        ("%20", vec!["a+b", "c", "x y"]),
        ("bob++shop", vec![]),
    ] {
        let (_, page) = mock
            .get(&format!("/_mock/users?tenant=t&search={search}"))
            .await;
        assert_eq!(ids(&page), found, "{search}");
    }
    let (_, page) = mock.get("/_mock/users?tenant=t&after=a+b").await;
    assert_eq!(ids(&page), ["c", "x y"]);
    let (_, state) = mock.get("/_mock/state?tenant=t&after=a+b").await;
    let state = state.to_string();
    assert!(
        state.contains("x y") && !state.contains("bob+shop"),
        "{state}"
    );
    for operation in [
        "GET /_mock/state",
        "GET /_mock/users",
        "GET /_mock/actions",
        "GET /_mock/activeconnect",
        "GET /_mock/messages",
        "GET /_mock/journal",
        "GET /_mock/phone/requests",
        "POST /_mock/reset",
    ] {
        let (method, path) = operation.split_once(' ').unwrap();
        let (status, answer) = mock
            .send(method, &format!("{path}?tenant=shop+1"), "")
            .await;
        assert_eq!(status, 200, "{operation}: {answer}");
    }
}

#[tokio::test]
async fn a_message_is_found_by_an_address_with_a_plus_sign_as_it_is() {
    let mock = plus_signs();
    let part = mock.app.authsignal("t").unwrap();
    for (to, written) in [
        ("Bob+Shop@example.com", "bob+shop@example.com"),
        ("Bob+Shop@example.com", "bob%2Bshop@example.com"),
        ("+15550100", "+15550100"),
        ("a b", "a+b"),
    ] {
        part.transact(|_, turn| {
            turn.outbox.send(crate::domain::outbox::Message {
                channel: crate::domain::outbox::Channel::Email,
                to: to.to_owned(),
                text: "x".to_owned(),
                code: None,
                url: None,
                created_at: turn.now,
                user_id: None,
            });
        });
        let (_, found) = mock.get(&format!("/_mock/messages?to={written}")).await;
        assert_eq!(found["messages"][0]["to"], json!(to), "{written}: {found}");
    }
    let (_, found) = mock.get("/_mock/messages?to=15550100").await;
    assert_eq!(found["messages"], json!([]));
}

#[tokio::test]
async fn a_search_has_a_bound_in_words_and_in_bytes() {
    let mock = plus_signs();
    let most = ["a"; SEARCH_WORDS].join("+");
    let (status, _) = mock.get(&format!("/_mock/journal?search={most}")).await;
    assert_eq!(status, 200);
    let reason = mock
        .refusal("GET", &format!("/_mock/journal?search={most}+a"), "")
        .await;
    assert_eq!(
        reason,
        "query parameter search has 9 words; it must have at most 8"
    );
    for list in ["journal?", "users?tenant=t&"] {
        let of = |length: usize| format!("/_mock/{list}search={}", "a".repeat(length));
        assert_eq!(mock.get(&of(SEARCH)).await.0, 200);
        let reason = mock.refusal("GET", &of(SEARCH + 1), "").await;
        assert_eq!(
            reason,
            "query parameter search is too long: 257 bytes; it must have at most 256"
        );
    }
}

#[tokio::test]
async fn a_search_of_the_journal_lets_other_requests_run() {
    let mock = plus_signs();
    let tenants = mock.app.tenants();
    let ledger = tenants[0].ledger();
    for number in 0..1000 {
        mock.app.record(
            Some(ledger),
            Note {
                reason: Some("No Operation".to_owned()),
                ..Note::new(
                    "authsignal",
                    "GET",
                    format!("/{number}/{}", "x".repeat(1000)),
                    404,
                )
            },
        );
    }
    // It gives way before it ends, and then it holds no lock: a request is recorded, and another search ends.
    let mut search = std::pin::pin!(mock.get("/_mock/journal?search=zzz+xxx"));
    let first = search
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending());
    let recorded = async {
        mock.app
            .record(None, Note::new("pages", "GET", "/challenge", 400));
        mock.get("/_mock/journal?limit=1").await
    };
    let (status, page) = tokio::time::timeout(Duration::from_secs(60), recorded)
        .await
        .unwrap();
    assert_eq!(
        (status, &page["requests"][0]["api"]),
        (StatusCode::OK, &json!("pages"))
    );
    let (_, found) = search.await;
    assert_eq!(found["requests"], json!([]));
    let (_, found) = mock
        .get("/_mock/journal?search=get+/777/+operation+40&limit=9")
        .await;
    assert_eq!(found["requests"].as_array().unwrap().len(), 1, "{found}");
}

#[tokio::test]
async fn a_search_of_users_lets_other_requests_run() {
    let users: Vec<_> = (0..1000)
        .map(|number| json!({"userId": format!("user-{number:03}")}))
        .collect();
    let mock =
        Mock::of(json!({"tenants": [{"authsignal": {"id": "t", "secret": "s", "users": users}}]}));
    let mut search = std::pin::pin!(mock.get("/_mock/users?tenant=t&search=R-99"));
    let first = search
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(first.is_pending());
    let (status, _) = mock.get("/_mock/user?tenant=t&userId=user-999").await;
    assert_eq!(status, 200);
    let (_, page) = search.await;
    assert_eq!((ids(&page).len(), &page["more"]), (10, &json!(false)));
    let (_, page) = mock
        .get("/_mock/users?tenant=t&search=R-99&limit=2&after=user-991")
        .await;
    assert_eq!(ids(&page), ["user-992", "user-993"]);
    assert_eq!(page["more"], true);
}

#[tokio::test]
async fn a_list_of_deliveries_lets_other_requests_run_and_is_written_once_at_a_time() {
    let webhooks = json!([{"url": "http://127.0.0.1:9/", "events": ["email.created"]}]);
    let mock = Mock::of(
        json!({"tenants": [{"authsignal": {"id": "t", "secret": "s", "webhooks": webhooks}}]}),
    );
    mock.app
        .authsignal("t")
        .unwrap()
        .transact(|authsignal, turn| {
            for _ in 0..10 {
                authsignal
                    .events
                    .trigger(turn, Kind::EmailCreated, "ada", Some(Fault::Late));
            }
        });
    let poll = |list: std::pin::Pin<&mut dyn Future<Output = (StatusCode, Value)>>| {
        list.poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    };
    let mut first = std::pin::pin!(mock.get("/_mock/webhooks/deliveries"));
    let mut second = std::pin::pin!(mock.get("/_mock/webhooks/deliveries?limit=1"));
    assert!(poll(first.as_mut()));
    // The second is shorter, and waits nevertheless.
    assert!((0..5).all(|_| poll(second.as_mut())));
    assert_eq!(mock.get("/_mock/health").await.0, 200);
    let count = |page: Value| page["deliveries"].as_array().unwrap().len();
    assert_eq!(count(first.await.1), 10);
    assert_eq!(count(second.await.1), 1);
}

#[tokio::test]
async fn a_member_that_is_given_twice_is_refused_with_its_name() {
    let mock = plus_signs();
    for (path, body, name) in [
        (
            "/_mock/phone/approve",
            r#"{"userId":"a","userId":"b"}"#,
            "userId",
        ),
        (
            "/_mock/clock",
            r#"{"freeze":true,"freeze":false}"#,
            "freeze",
        ),
        (
            "/_mock/authsignal",
            r#"{"tenantId":"t","actions":[{"action":"a","outcome":"ALLOW","outcome":"BLOCK"}]}"#,
            "outcome",
        ),
    ] {
        let reason = mock.refusal("POST", path, body).await;
        let says = format!("body is ambiguous: `{name}` is given twice at line 1 column ");
        assert!(reason.starts_with(&says), "{reason}");
    }
    let long = format!(r#"{{"{0}\n":1,"{0}\n":2}}"#, "x".repeat(5000));
    let reason = mock.refusal("POST", "/_mock/clock", &long).await;
    assert!(reason.len() < 200, "{reason}");
}

#[tokio::test]
async fn a_list_that_names_an_action_twice_is_refused_and_changes_nothing() {
    let mock = plus_signs();
    let url = "http://127.0.0.1:9/hook";
    for (path, list, elements) in [
        (
            "/_mock/authsignal",
            "actions",
            json!([{"action": "a", "outcome": "ALLOW"}, {"action": "b", "outcome": "ALLOW"}, {"action": "a", "outcome": "BLOCK"}]),
        ),
        (
            "/_mock/authsignal",
            "challengeModes",
            json!([{"action": "a", "challengeMode": "abandon"}, {"action": "b", "challengeMode": "abandon"}, {"action": "a", "challengeMode": "interactive"}]),
        ),
        (
            "/_mock/authsignal",
            "verificationMethods",
            json!(["SMS", "PASSKEY", "SMS"]),
        ),
        (
            "/_mock/webhooks",
            "verificationWebhooks",
            json!([{"action": "a", "url": url}, {"action": "b", "url": url}, {"action": "a", "url": url}]),
        ),
    ] {
        let (_, before) = mock.get("/_mock/state?tenant=t").await;
        let body = json!({"tenantId": "t", "defaultOutcome": "REVIEW", list: elements});
        let mut body = body;
        if path == "/_mock/webhooks" {
            body.as_object_mut().unwrap().remove("defaultOutcome");
        }
        let reason = mock.refusal("POST", path, &body.to_string()).await;
        let says = format!("body /{list}/2: ");
        assert!(
            reason.starts_with(&says) && reason.contains(&format!("is also in /{list}/0")),
            "{reason}"
        );
        assert_eq!(mock.get("/_mock/state?tenant=t").await.1, before, "{list}");
    }
}

#[tokio::test]
async fn what_a_get_does_not_have_is_refused() {
    let mock = plus_signs();
    let reason = mock
        .refusal("GET", "/_mock/journal?api=autsignal", "")
        .await;
    assert!(
        reason.contains("`autsignal`") && reason.ends_with("did you mean authsignal?"),
        "{reason}"
    );
    for api in [
        "activeconnect",
        "authsignal",
        "authsignal-client",
        "authsignal-management",
        "pages",
    ] {
        let (status, _) = mock.get(&format!("/_mock/journal?api={api}")).await;
        assert_eq!(status, 200, "{api}");
    }
    let reason = mock.refusal("GET", "/_mock/events?tenant=x", "").await;
    assert!(
        reason.starts_with("query parameter tenant is unknown"),
        "{reason}"
    );
    for target in [
        "/_mock/health",
        "/_mock/journal",
        "/_mock/user?tenant=t&userId=c",
    ] {
        let reason = mock.refusal("GET", target, r#"{"limit":1}"#).await;
        assert_eq!(
            reason, "body must be empty: this operation takes no body",
            "{target}"
        );
    }
}

/// Everything that the mock shows of its state, except the journal.
async fn seen(mock: &Mock) -> Vec<Value> {
    let mut all: Vec<_> = mock
        .app
        .tenants()
        .iter()
        .map(|tenant| tenant.dump(None, usize::MAX))
        .collect();
    for target in [
        "/_mock/tenants",
        "/_mock/messages",
        "/_mock/snapshots",
        "/_mock/webhooks/deliveries",
        "/_mock/phone/requests",
    ] {
        all.push(mock.get(target).await.1);
    }
    all.push(mock.get("/_mock/clock").await.1["frozen"].clone());
    all
}

#[tokio::test]
async fn what_is_refused_changes_nothing() {
    let mock = Mock::of(json!({"tenants": [
        {"activeconnect": {"id": "shop", "secret": "s", "users": [{"id": "ada"}]},
         "authsignal": {"id": "t", "secret": "u", "users": [{"userId": "ada"}]}},
        {"activeconnect": {"id": "other", "secret": "v"}, "authsignal": {"id": "else", "secret": "w"}},
    ]}));
    let part = mock.app.authsignal("t").unwrap();
    let code = || {
        let made = part.transact(|authsignal, turn| {
            authsignal.challenge_qr(turn, None, "signIn", Told::default())
        });
        made.unwrap().id
    };
    // One code is claimed, one answered, and both by a user with a phone.
    let (claimed, answered, open) = (code(), code(), code());
    for (target, id) in [("claim", &claimed), ("approve", &answered)] {
        let body = json!({"tenantId": "t", "userId": "owner", "challengeId": id});
        let target = format!("/_mock/qr/{target}");
        let (status, answer) = mock.send("POST", &target, &body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }
    let push = json!({"tenantId": "t", "userId": "owner"}).to_string();
    let (status, answer) = mock.send("POST", "/_mock/push/register", &push).await;
    assert_eq!(status, 200, "{answer}");

    let hook = "http://127.0.0.1:9/hook";
    let rule = json!({"ruleId": "r", "name": "n", "priority": 1, "outcome": "BLOCK", "conditions": {"no such operator": 1}});
    for operation in operations::ALL {
        if operation.method != "POST" {
            continue;
        }
        let own = match operation.id {
            "reset" => continue,
            "create_tenant" => vec![
                json!({"seed": {"authsignal": {"id": "t"}}}),
                json!({"seed": {"activeconnect": {"id": "else"}}}),
                json!({"seed": {"authsignal": {"secret": "w"}}}),
                json!({"seed": {"tenants": [{}, {}]}}),
                json!({"seed": {"authsignal": {"users": [{"id": "ada"}]}}}),
                json!({"seed": {"authsignal": {"webhooks": [{"url": "http://8.8.8.8/"}]}}}),
                json!({"snapshot": {"name": "none"}}),
            ],
            "change_clock" => vec![
                json!({"freeze": true, "advanceSeconds": -1}),
                json!({"freeze": true, "time": "2030-01-01T00:00:00Z", "advanceSeconds": 1}),
                json!({"freeze": true, "time": "9999-06-01T00:00:00Z"}),
                json!({"freeze": true, "tenant": "none"}),
            ],
            "phone_register" => vec![
                json!({"link": "http://mock.test/register/shop/none"}),
                json!({"link": "http://mock.test/register/none/none"}),
            ],
            "phone_approve" | "phone_deny" | "phone_fail" | "phone_walk_away" | "phone_return"
            | "phone_expire" => vec![
                json!({"applicationId": "shop", "userId": "nobody"}),
                json!({"applicationId": "shop", "userId": "ada"}),
                json!({"applicationId": "none", "userId": "ada"}),
            ],
            "passkey_enroll" | "passkey_approve" => vec![
                json!({"tenantId": "t", "userId": "nobody", "action": "pay"}),
                json!({"tenantId": "t", "userId": "nobody", "origin": "none"}),
                json!({"tenantId": "none", "userId": "nobody"}),
            ],
            "passkey_create" | "passkey_get" => {
                vec![json!({"origin": "http://localhost", "options": {}})]
            }
            "configure_facts" => vec![
                json!({"tenantId": "t", "lists": [{"alias": "a"}], "ip": [{"cidr": "10.0.0.0/33"}]}),
                json!({"tenantId": "t", "device": [{"deviceId": "d"}, {"deviceId": "d"}]}),
                json!({"tenantId": "t", "dataPoints": [{"name": "a"}],
                    "lists": [{"alias": "a", "items": [], "numbers": []}]}),
                json!({"tenantId": "t", "dataPoints": (0..=1000)
                    .map(|number| json!({"name": number.to_string()})).collect::<Vec<_>>()}),
                json!({"tenantId": "none", "lists": [{"alias": "a"}]}),
            ],
            "set_next_facts" => vec![
                json!({"tenantId": "t", "ip": {"countryCode": "NZL", "isAnonymous": true}}),
                json!({"tenantId": "t", "custom": {"a": "x".repeat(17_000)}}),
                json!({"tenantId": "none", "device": {"isNew": true}}),
            ],
            "push_register" => vec![
                json!({"tenantId": "t", "userId": "owner"}),
                json!({"tenantId": "none", "userId": "nobody"}),
            ],
            "push_approve" | "push_deny" => vec![
                json!({"tenantId": "t", "userId": "nobody"}),
                json!({"tenantId": "t", "userId": "owner"}),
                json!({"tenantId": "t", "userId": "owner", "challengeId": "none"}),
                json!({"tenantId": "t", "userId": "owner", "challengeId": open}),
                json!({"tenantId": "none", "userId": "nobody"}),
            ],
            "qr_claim" | "qr_approve" | "qr_deny" => ["nobody", "ada", "owner"]
                .into_iter()
                .flat_map(|user_id| {
                    let mut ids = vec!["none", answered.as_str()];
                    ids.extend((user_id != "owner").then_some(claimed.as_str()));
                    let ids = ids.into_iter();
                    ids.map(
                        move |id| json!({"tenantId": "t", "userId": user_id, "challengeId": id}),
                    )
                })
                .chain([json!({"tenantId": "else", "userId": "nobody", "challengeId": open})])
                .collect(),
            "challenge_succeed" | "challenge_fail" => vec![
                json!({"tenantId": "t", "userId": "nobody"}),
                json!({"tenantId": "t", "userId": "ada", "action": "pay"}),
                json!({"tenantId": "none", "userId": "ada"}),
            ],
            "configure_authsignal" => vec![
                json!({"tenantId": "t", "challengeMode": "auto-fail", "defaultOutcome": "BLOCK", "rules": [rule]}),
                json!({"tenantId": "t", "challengeMode": "auto-fail", "verificationMethods": ["SMS", "NONE"]}),
                json!({"tenantId": "t", "challengeMode": "auto-fail", "clients": [{"clientId": "c", "customClaims": {"sub": "email"}}]}),
                json!({"tenantId": "t", "challengeMode": "auto-fail", "allowedCustomSmsVariables": ["a"],
                    "allowedCustomEmailVariables": vec!["a"; 1001]}),
                json!({"tenantId": "none", "challengeMode": "auto-fail"}),
            ],
            "set_next_outcome" => vec![
                json!({"tenantId": "t", "action": "pay", "outcome": "NONE"}),
                json!({"tenantId": "none", "action": "pay", "outcome": "BLOCK"}),
            ],
            "configure_failures" => vec![
                json!({"tenant": "shop", "failures": [{"status": 503}, {"status": 503, "operation": "none"}]}),
                json!({"tenant": "shop", "failures": [{"status": 503, "headers": {"Content-Length": "1"}}]}),
                json!({"failures": [{"status": 503}]}),
                json!({"tenant": "none", "failures": [{"status": 503}]}),
            ],
            "configure_faults" => vec![
                json!({"tenant": "shop", "faults": [{"status": 503}, {"status": 503, "operation": "none"}]}),
                json!({"tenant": "shop", "add": true, "faults": [{"malformed": true}, {"error": "none"}]}),
                json!({"tenant": "none", "faults": [{"status": 503}]}),
            ],
            "configure_scenarios" => vec![
                json!({"tenant": "shop", "scenarios": [{"delivery": "fails"}, {"phone": "approve", "code": "123456"}]}),
                json!({"tenant": "shop", "add": true, "scenarios": [{"code": "123456"}, {"code": "12345"}]}),
                json!({"tenant": "shop", "scenarios": [{"delivery": "fails"}, {"fault": {"operation": "none", "status": 503}}]}),
                json!({"tenant": "none", "scenarios": [{"delivery": "fails"}]}),
            ],
            "configure_webhooks" => vec![
                json!({"tenantId": "t", "secondSecret": "another", "webhooks": [{"url": hook}, {"url": "http://8.8.8.8/"}]}),
                json!({"tenantId": "t", "webhooks": [{"url": hook}], "verificationWebhooks": [{"action": "pay", "url": "http://8.8.8.8/"}]}),
                json!({"tenantId": "none", "webhooks": [{"url": hook}]}),
            ],
            "load" => vec![
                json!({"version": 2, "tenants": [{"authsignal": {"id": "new"}}]}),
                json!({"tenants": [{"authsignal": {"id": "new"}}, {"authsignal": {"users": [{"id": "ada"}]}}]}),
                json!({"tenants": [{"authsignal": {"id": "new"}}, {"authsignal": {"id": "newer", "secret": "w"}}]}),
                json!({"tenants": [{"activeconnect": {"id": "shop"}, "authsignal": {"id": "else"}}]}),
                json!({"tenants": [{"authsignal": {"id": "t", "webhooks": [{"url": "http://8.8.8.8/"}]}}]}),
                json!({"tenants": [{"authsignal": {"id": "t"}, "state": {"none": 1}}]}),
            ],
            "take_snapshot" | "restore_snapshot" => vec![
                json!({"name": ""}),
                json!({"name": "none", "tenant": "none"}),
            ],
            "search_journal" => vec![
                json!({"pattern": {"target": {"matches": "("}}}),
                json!({"tenant": "none"}),
            ],
            "verify_requests" => vec![
                json!({"expected": [{"pattern": {}, "exactly": 1, "atMost": 1}]}),
                json!({"tenant": "none", "expected": []}),
            ],
            "webhook_send" => vec![json!({"tenantId": "t", "number": 999})],
            "webhook_trigger" => vec![
                json!({"tenantId": "t", "type": "email.created"}),
                json!({"tenantId": "none", "type": "email.created"}),
            ],
            other => panic!("{other} changes something: what does it refuse?"),
        };
        for body in own {
            let before = seen(&mock).await;
            let (status, answer) = mock.send("POST", operation.path, &body.to_string()).await;
            assert!(
                status.is_client_error(),
                "{} {body}: {status} {answer}",
                operation.id
            );
            assert_eq!(
                seen(&mock).await,
                before,
                "{} {body}: {answer}",
                operation.id
            );
        }
    }
    let before = seen(&mock).await;
    let (status, _) = mock.send("POST", "/_mock/reset?tenant=none", "").await;
    assert_eq!((status, seen(&mock).await), (StatusCode::NOT_FOUND, before));
}

#[tokio::test]
async fn every_operation_takes_either_id_of_a_tenant_under_each_of_its_names() {
    let mock = Mock::of(json!({"tenants": [
        {"activeconnect": {"id": "app", "secret": "s"}, "authsignal": {"id": "auth", "secret": "u"}},
        {"activeconnect": {"id": "app-2", "secret": "t"}, "authsignal": {"id": "auth-2", "secret": "v"}},
    ]}));
    let link = r#"{"userId":"ada"}"#;
    for (path, other, rest) in [
        ("/_mock/challenge/succeed", "tenantId", link),
        ("/_mock/challenge/fail", "tenantId", link),
        ("/_mock/push/register", "tenantId", link),
        ("/_mock/push/approve", "tenantId", link),
        ("/_mock/passkey/enroll", "tenantId", link),
        (
            "/_mock/qr/claim",
            "tenantId",
            r#"{"userId":"ada","challengeId":"c"}"#,
        ),
        ("/_mock/webhooks", "tenantId", "{}"),
        ("/_mock/webhooks/send", "tenantId", r#"{"number":1}"#),
        (
            "/_mock/webhooks/trigger",
            "tenantId",
            r#"{"type":"sms.created"}"#,
        ),
        ("/_mock/authsignal/facts", "tenantId", "{}"),
        ("/_mock/authsignal/next-facts", "tenantId", "{}"),
        ("/_mock/authsignal/next-outcome", "tenantId", "{}"),
        ("/_mock/authsignal", "tenantId", "{}"),
        ("/_mock/phone/approve", "applicationId", link),
        ("/_mock/phone/walk-away", "applicationId", link),
    ] {
        let body = |members: &[(&str, &str)]| {
            let mut body: Value = serde_json::from_str(rest).unwrap();
            for (member, id) in members {
                body[*member] = json!(id);
            }
            body.to_string()
        };
        let settings = path == "/_mock/authsignal";
        let names: &[&str] = if settings {
            &[other]
        } else {
            &["tenant", other]
        };
        for member in names {
            for id in ["app", "auth"] {
                let (_, answer) = mock.send("POST", path, &body(&[(member, id)])).await;
                let why = answer["message"].as_str().unwrap_or_default();
                let is_found = !why.starts_with("body")
                    && !why.ends_with("GET /_mock/tenants lists the tenants");
                assert!(is_found, "{path} {member} {id}: {answer}");
            }
            let unknown = body(&[(member, "nobody")]);
            let (status, answer) = mock.send("POST", path, &unknown).await;
            assert_eq!(status, 404, "{path}");
            assert_eq!(
                answer["message"],
                "tenant nobody not found; GET /_mock/tenants lists the tenants"
            );
        }
        let missing = mock.refusal("POST", path, rest).await;
        assert!(
            missing.starts_with("body /tenant is missing"),
            "{path}: {missing}"
        );
        if settings {
            let named = mock
                .refusal("POST", path, &body(&[("tenant", "app")]))
                .await;
            assert!(
                named.ends_with("tenant has settings here, and tenantId names the tenant"),
                "{named}"
            );
        } else {
            let two = mock
                .refusal("POST", path, &body(&[("tenant", "app"), (other, "app-2")]))
                .await;
            assert!(two.contains("is another name of /tenant"), "{two}");
        }
    }
    for id in ["app", "auth"] {
        let (status, answer) = mock
            .get(&format!("/_mock/authsignal/export?tenant={id}"))
            .await;
        assert_eq!(status, 200, "{answer}");
    }
    for (method, target) in [
        ("GET", "/_mock/authsignal/export"),
        ("DELETE", "/_mock/faults/x"),
        ("DELETE", "/_mock/scenarios/x"),
    ] {
        let missing = mock.refusal(method, target, "").await;
        assert!(
            missing.starts_with("query parameter tenant is missing"),
            "{missing}"
        );
    }
}

#[tokio::test]
async fn a_wrong_path_or_method_of_the_control_api_is_told_the_right_one() {
    let mock = plus_signs();
    for path in ["/verify", "/journal/search", "/tenants"] {
        let (status, answer) = mock.send("POST", path, "{}").await;
        assert_eq!(status, 404, "{answer}");
        let why = answer["message"].as_str().unwrap();
        assert!(
            why.ends_with(&format!("begin with /_mock: use /_mock{path}")),
            "{why}"
        );
    }
    let (status, answer) = mock.get("/_mock/journal/search").await;
    assert_eq!(status, 405, "{answer}");
    assert_eq!(
        answer["message"],
        "this path does not support GET; the Allow header lists the methods it supports"
    );
}

#[tokio::test]
async fn the_har_names_the_version_of_http_of_each_request() {
    let mock = plus_signs();
    for version in [
        http::Version::HTTP_10,
        http::Version::HTTP_11,
        http::Version::HTTP_2,
    ] {
        let request = Request::get("/v1/users/c").version(version);
        let request = request.header("host", "mock.test").body(Body::empty());
        mock.router.clone().oneshot(request.unwrap()).await.unwrap();
    }
    let (_, har) = mock.get("/_mock/journal/har").await;
    let entries = har["log"]["entries"].as_array().unwrap();
    let versions = |part: &str| {
        let each = entries.iter().map(|entry| &entry[part]["httpVersion"]);
        each.cloned().collect::<Vec<_>>()
    };
    for part in ["request", "response"] {
        assert_eq!(versions(part), ["HTTP/1.0", "HTTP/1.1", "HTTP/2"], "{part}");
    }
}

#[tokio::test]
async fn the_har_has_every_request_as_it_came_and_what_a_fault_did_to_its_answer() {
    let mock = Mock::of(json!({"tenants": [{
        "authsignal": {"id": "t", "secret": "s"},
        "faults": [{"operation": "get_user", "connection": "reset_before_answer"}],
    }]}));
    for method in ["GET", "HEAD"].into_iter().cycle().take(102) {
        let request = Request::builder().method(method).uri("/v1/users/c");
        let request = request.header("host", "mock.test");
        // The secret `s` as HTTP Basic.
        let request = request.header("authorization", "Basic czo=");
        let request = request.body(Body::empty()).unwrap();
        mock.router.clone().oneshot(request).await.unwrap();
    }
    let (_, har) = mock.get("/_mock/journal/har").await;
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 102);
    assert_eq!(entries[101]["request"]["method"], "HEAD");
    let warning = entries[0]["_warning"].as_str().unwrap();
    assert!(warning.contains("/_mock/faults"), "{warning}");
    assert_eq!(entries[1]["_warning"], Value::Null);
    let (_, newest) = mock.get("/_mock/journal/har?limit=7").await;
    assert_eq!(
        newest["log"]["entries"].as_array().unwrap()[..],
        entries[95..]
    );
}

#[tokio::test]
async fn a_fault_of_a_body_waits_while_only_heads_come() {
    for mut fault in [
        json!({"malformed": true}),
        json!({"truncateAfter": 3}),
        json!({"bytesPerSecond": 1_000_000}),
        json!({"wrongSchema": {"change": "drop", "member": "isEnrolled"}}),
    ] {
        fault["operation"] = "get_user".into();
        let mock = Mock::of(json!({"tenants": [{
            "authsignal": {"id": "t", "secret": "s", "users": [{"userId": "ada"}]},
            "faults": [fault],
        }]}));
        let warning = async |method: &str| {
            let request = Request::builder().method(method).uri("/v1/users/ada");
            let request = request.header("host", "mock.test");
            // The secret `s` as HTTP Basic.
            let request = request.header("authorization", "Basic czo=");
            let request = request.body(Body::empty()).unwrap();
            let response = mock.router.clone().oneshot(request).await.unwrap();
            let is_wrecked = response.extensions().get::<Wreck>().is_some();
            let (_, journal) = mock.get("/_mock/journal?limit=1").await;
            let entry = &journal["requests"][0];
            assert_eq!(entry["method"], method);
            (
                entry["warning"].as_str().unwrap_or_default().to_owned(),
                is_wrecked,
            )
        };
        for _ in 0..2 {
            let (told, is_wrecked) = warning("HEAD").await;
            assert!(!is_wrecked, "{fault}");
            assert_eq!(
                told,
                "planned in /_mock/faults: fault-1 broke nothing: the answer to a HEAD has no body; it stays for \
                 another request"
            );
        }
        let (told, _) = warning("GET").await;
        assert!(told.ends_with(" by fault-1 (for the last time)"), "{told}");
        assert_eq!(warning("GET").await.0, "", "{fault}");
    }
}

#[tokio::test]
async fn the_state_shows_settings_as_json() {
    let mock = Mock::of(json!({"tenants": [{"authsignal": {"id": "t", "secret": "s"}}]}));
    let set = [
        (
            "/_mock/authsignal",
            json!({"passkeys": {"userVerificationRequirement": "required"}, "credentialLifetimeInMinutes": 20,
                "allowedCustomSmsVariables": ["tier"]}),
        ),
        (
            "/_mock/authsignal/facts",
            json!({"ip": [{"cidr": "203.0.113.0/24", "isAnonymous": true}],
                "lists": [{"alias": "vip", "items": ["ada"]}], "dataPoints": [{"name": "tier"}]}),
        ),
        (
            "/_mock/authsignal/next-facts",
            json!({"userId": "ada", "device": {"isBot": true}}),
        ),
        (
            "/_mock/scenarios",
            json!({"add": true, "scenarios": [{"code": "123456"}]}),
        ),
    ];
    for (target, body) in set {
        let (status, answer) = mock.send("POST", target, &body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }
    let (_, state) = mock.get("/_mock/state").await;
    let tenants = state.as_object().unwrap();
    let tenant = tenants.values().next().unwrap();
    let of_tenant = &tenant["authsignal"];
    assert_eq!(
        tenant["scenarios"],
        json!([
            {"id": "scenario-1", "userId": "ada", "times": 1, "facts": {"device": {"isBot": true}}},
            {"id": "scenario-2", "always": true, "code": "***"},
        ])
    );
    for (place, shown) in [
        ("/facts/ips/203.0.113.0~124/isAnonymous", json!(true)),
        ("/lists/vip/items", json!(["ada"])),
        ("/dataPoints/tier/dataType", json!("text")),
        ("/passkeys/userVerificationRequirement", json!("required")),
        ("/allowedCustomSmsVariables", json!(["tier"])),
        ("/credentialLifetimeInMinutes", json!(20)),
    ] {
        assert_eq!(
            of_tenant.pointer(place),
            Some(&shown),
            "{place}: {of_tenant}"
        );
    }
}

#[tokio::test]
async fn no_fault_can_be_planned_for_the_pages_and_the_websocket_and_none_applies() {
    let mock = Mock::of(json!({"tenants": [{"authsignal": {"id": "t", "secret": "s"}}]}));
    let pages = r#"{"faults": [{"api": "pages", "status": 503}]}"#;
    let why = mock.refusal("POST", "/_mock/faults", pages).await;
    assert!(
        why.starts_with("body /faults/0/api has an unknown value"),
        "{why}"
    );
    assert!(
        why.ends_with("no fault applies to the hosted pages and the WebSocket of challenges"),
        "{why}"
    );

    let all = r#"{"faults": [{"times": 1, "status": 503}]}"#;
    let (status, planned) = mock.send("POST", "/_mock/faults", all).await;
    assert_eq!(status, 200, "{planned}");
    for target in ["/challenge?token=x", "/ws-v1-challenge"] {
        let request = Request::get(target).header("host", "mock.test");
        let request = request.body(Body::empty()).unwrap();
        let answer = mock.router.clone().oneshot(request).await.unwrap();
        assert_ne!(answer.status(), 503, "{target}");
    }
    let (_, left) = mock.get("/_mock/faults").await;
    assert_eq!(left["tenants"][0]["faults"][0]["times"], 1, "{left}");
}
