//! What holds for every request and answer: types, names, nulls, empty bodies, encodings, credentials.

use serde_json::{Value, json};

use super::UNAUTHORIZED;
use crate::spec;
use crate::tenant::{Tenant, assert_refusal};
use crate::wire::{self, Request};
use crate::world::{API_SECRET, TENANT, WRONG_SECRET, basic};

/// Every operation of the API as a request with parameters filled in and no body.
fn every_request() -> Vec<(String, String)> {
    let operations = spec::named("authsignal").operations();
    let fill = |path: &str| {
        let segments = path.split('/').map(|segment| match segment {
            "{action}" => "signIn",
            "{tenantId}" => TENANT,
            "{email}" => "alice@example.com",
            parameter if parameter.starts_with('{') => "some-id",
            literal => literal,
        });
        segments.collect::<Vec<_>>().join("/")
    };
    operations
        .iter()
        .map(|operation| (operation.method.clone(), fill(operation.path)))
        .collect()
}

#[tokio::test]
async fn every_answer_with_a_body_is_exactly_application_json() {
    let tenant = Tenant::new().await;
    for (method, target) in every_request() {
        for request in [
            Tenant::request(&method, &target).json("{}"),
            Request::new(&method, &target).json("{}"),
        ] {
            let answer = tenant.send(&request).await;
            // Python compares the header for equality.
            let types: Vec<_> = answer
                .headers
                .iter()
                .filter(|(name, _)| name == "content-type")
                .map(|(_, value)| value.as_str())
                .collect();
            assert_eq!(types, ["application/json"], "{method} {target}");
            answer.json();
        }
    }
    for target in ["/v1/unknown", "/v1/users/alice/", "/v1/validate"] {
        let answer = tenant.send(&Tenant::request("GET", target)).await;
        assert!([404, 405].contains(&answer.status));
        assert_eq!(answer.header("content-type"), Some("application/json"));
    }
}

#[tokio::test]
async fn the_content_type_of_a_request_is_ignored() {
    let tenant = Tenant::new().await;
    // dotnet names a charset, java sends no type on GET and DELETE, others send one without a body.
    for kind in [
        None,
        Some("application/json; charset=utf-8"),
        Some("text/plain"),
    ] {
        let mut request = Tenant::request("PATCH", "/v1/users/u1");
        request.body = br#"{"displayName":"U"}"#.to_vec();
        let get = Tenant::request("GET", "/v1/users/u1");
        let (request, get) = match kind {
            Some(kind) => (
                request.header("Content-Type", kind),
                get.header("Content-Type", kind),
            ),
            None => (request, get),
        };
        assert_eq!(
            tenant.answer(200, &request).await.json()["displayName"],
            "U"
        );
        assert_eq!(tenant.answer(200, &get).await.json()["displayName"], "U");
    }
}

#[tokio::test]
async fn unknown_and_snake_case_members_are_ignored() {
    let tenant = Tenant::new().await;
    let body = json!({
        "display_name": "snake", "phone_number": "1", "redirect_url": 5, "unknown": {"a": [null]}, "username": "camel",
    });
    assert_eq!(
        tenant.patch("/v1/users/u1", body).await,
        json!({"userId": "u1", "username": "camel", "emailVerified": false, "phoneNumberVerified": false})
    );
    let tracked = tenant
        .track(
            "u1",
            "signIn",
            json!({"idempotency_key": "snake", "redirect_url": "x"}),
        )
        .await;
    assert_ne!(tracked["idempotencyKey"], "snake");
}

/// Whether a null stands anywhere in a value.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

#[tokio::test]
async fn unset_members_are_left_out_and_never_null() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let tracked = tenant
        .track(
            "u1",
            "signIn",
            json!({"idempotencyKey": "k", "deviceId": "d"}),
        )
        .await;
    let mut answers = vec![tracked];
    for target in [
        "/v1/users/u1",
        "/v1/users/nobody",
        "/v1/users?phoneNumber=%2B64270000000",
        "/v1/users/u1/authenticators",
        "/v1/users/u1/actions",
        "/v1/users/u1/actions/signIn/k",
        "/v1/users/u1/devices",
        "/v1/challenges",
        "/v1/authenticators",
    ] {
        answers.push(tenant.get(target).await);
    }
    answers.push(tenant.validate(&answers[0]["token"]).await);
    answers.push(tenant.validate(&json!("garbage")).await);
    for answer in answers {
        assert!(!has_null(&answer), "{answer}");
    }
    // The node suite: a user without an address has no member of that name.
    assert!(tenant.get("/v1/users/u1").await.get("email").is_none());
}

#[tokio::test]
async fn null_members_of_a_request_are_absent_and_nulls_of_the_application_stay() {
    let tenant = Tenant::new().await;
    tenant
        .patch(
            "/v1/users/u1",
            json!({"email": "a@example.com", "custom": {"plan": "free"}}),
        )
        .await;
    let user = tenant
        .patch(
            "/v1/users/u1",
            json!({"email": null, "emailVerified": null, "custom": null, "username": "u"}),
        )
        .await;
    assert_eq!(
        (&user["email"], &user["custom"], &user["username"]),
        (
            &json!("a@example.com"),
            &json!({"plan": "free"}),
            &json!("u")
        )
    );
    // go sends both of these.
    let body = json!({"redirectToSettings": null, "crypto": {"asset": "BTC", "assetAmount": null}});
    tenant.track("u1", "signIn", body).await;
    let nested = json!({"custom": {"plan": null, "kept": {"a": null, "b": 1}}});
    let user = tenant.patch("/v1/users/u1", nested).await;
    assert_eq!(user["custom"], json!({"kept": {"a": null, "b": 1}}));
    // What is required and null is missing.
    tenant
        .refused_body("POST", "/v1/validate", json!({"token": null}), "\"token\"")
        .await;
}

#[tokio::test]
async fn an_absent_empty_or_null_body_is_accepted_where_nothing_is_required() {
    let tenant = Tenant::new().await;
    tenant
        .track("u1", "seen", json!({"deviceId": "device-1"}))
        .await;
    for target in [
        "/v1/users/u1/actions/signIn",
        "/v1/users/email/a@example.com/challenge",
        "/v1/users/u1/devices/device-1/invalidate",
    ] {
        // php: none, with a length of 0 and a type; python 0.1: null; others: an object; dotnet: one member.
        for body in ["", "null", "{}", "{\"redirectToSettings\":false}", " {} "] {
            let request = Tenant::request("POST", target).json(body);
            tenant.answer(200, &request).await;
        }
        tenant.answer(200, &Tenant::request("POST", target)).await;
    }
    let actions = tenant.get("/v1/users/u1/actions?codes=signIn").await;
    assert_eq!(actions.as_array().unwrap().len(), 6, "each made an action");
    for target in [
        "/v1/validate",
        "/v1/users/u1/authenticators",
        "/v1/users/u1",
    ] {
        let empty = Tenant::request("POST", target).json("");
        tenant.refused(&empty, 400, "invalid_request", "body").await;
        let null = Tenant::request("POST", target).json("null");
        tenant.refused(&null, 400, "invalid_request", "body").await;
    }
}

#[tokio::test]
async fn ids_are_percent_decoded_and_a_plus_stays_a_plus() {
    // Per SDK: ruby encodes all, python 4 leaves slashes, php form-encodes, node and the rest send ids as they are.
    let spellings: [(&str, &[&str]); 8] = [
        ("123:test", &["123:test", "123%3Atest", "123%3atest"]),
        ("auth0|abc", &["auth0|abc", "auth0%7Cabc"]),
        ("a@example.com", &["a@example.com", "a%40example.com"]),
        ("a b", &["a%20b"]),
        ("a/b", &["a%2Fb", "a%2fb"]),
        // No SDK but php means a space by it, and the others send `+` as it is: `a+b@example.com`, `+64270000000`. So a
        // user whom php calls `a b` is `a+b`, in each of its calls alike.
        ("a+b", &["a+b", "a%2Bb"]),
        ("é", &["%C3%A9"]),
        ("%2F", &["%252F"]),
    ];
    let tenant = Tenant::new().await;
    for (id, targets) in spellings {
        for spelling in targets {
            let target = format!("/v1/users/{spelling}");
            assert_eq!(tenant.get(&target).await["userId"], id, "{spelling}");
        }
    }
    // Every segment: user, action, idempotency key.
    let key = json!({"idempotencyKey": "k/1 2:3+4"});
    tenant.track("auth0%7Cabc", "sign%49n", key).await;
    let action = tenant
        .get("/v1/users/auth0|abc/actions/signIn/k%2F1%202:3+4")
        .await;
    assert_eq!(action["idempotencyKey"], "k/1 2:3+4");
    // A slash that python 4 leaves is a path of its own.
    let answer = tenant.send(&Tenant::request("GET", "/v1/users/a/b")).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_deletion_answers_200_with_an_object() {
    let tenant = Tenant::new().await;
    let authenticator = tenant.enroll("u1").await["userAuthenticatorId"].clone();
    let id = authenticator.as_str().unwrap();
    tenant
        .delete(&format!("/v1/users/u1/authenticators/{id}"))
        .await;
    tenant.delete("/v1/users/u1").await;
}

#[tokio::test]
async fn a_body_shorter_than_its_content_length_is_answered_once_its_json_is_complete() {
    let tenant = Tenant::new().await;
    // Python 3 and 4 strip nulls after the length was computed, and then wait.
    let mut request = Tenant::request("PATCH", "/v1/users/u1");
    request.body = br#"{"username":"u1"}"#.to_vec();
    let length = request.body.len();
    let head = request.head().replace(
        &format!("Content-Length: {length}\r\nConnection: close\r\n"),
        &format!("Content-Length: {}\r\n", length + 17),
    );
    let bytes = [head.as_bytes(), &request.body].concat();
    let answer = wire::send_bytes(tenant.server.address(), &bytes).await;
    assert_eq!(
        (answer.status, &answer.json()["username"]),
        (200, &json!("u1"))
    );
    assert_eq!(answer.header("connection"), Some("close"));
}

#[tokio::test]
async fn bad_credentials_are_reported_before_any_other_fault_in_the_vendors_words() {
    let tenant = Tenant::new().await;
    let before = tenant.server.state();
    let mut targets: Vec<_> = every_request()
        .into_iter()
        .filter(|(_, target)| !target.contains("/.well-known/"))
        // A terminal has a secret of its own, and a text about it.
        .filter(|(_, target)| !target.starts_with("/v1/terminal/"))
        .collect();
    // The go suite: an empty key, and so a trailing slash, with a bad secret. And whatever else is no operation.
    for target in [
        "/v1/users/u1/actions/signIn/",
        "/v1/users/%zz",
        "/v1/users/",
        "/v1/unknown",
        "/v1",
        "/v1/v1/users/u1",
        "/v1/v1/unknown",
    ] {
        targets.push(("GET".to_owned(), target.to_owned()));
    }
    targets.push(("PUT".to_owned(), "/v1/users/u1".to_owned()));
    targets.push(("PUT".to_owned(), "/v1/v1/users/u1".to_owned()));
    for (method, target) in targets {
        for authorization in [None, Some(basic(WRONG_SECRET))] {
            let request = Request::new(&method, &target).json("{");
            let request = match &authorization {
                Some(value) => request.header("Authorization", value),
                None => request,
            };
            let answer = tenant.answer(401, &request).await;
            assert_refusal(&answer, "unauthorized", UNAUTHORIZED);
            assert_eq!(answer.json()["errorDescription"], UNAUTHORIZED);
        }
    }
    assert_eq!(tenant.server.state(), before);
}

#[tokio::test]
async fn only_the_secret_as_user_name_is_accepted_with_any_password() {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    let tenant = Tenant::new().await;
    let encoded = |text: &str| STANDARD.encode(text);
    let good = encoded(&format!("{API_SECRET}:"));
    for value in [
        String::new(),
        "Basic".to_owned(),
        "Basic ".to_owned(),
        "Basic :".to_owned(),
        format!("Bearer {API_SECRET}"),
        format!("Bearer {good}"),
        format!("Basic {API_SECRET}"),
        format!("Basic {}", encoded(API_SECRET)),
        format!("Basic {}", encoded(&format!(":{API_SECRET}"))),
        format!("Basic {}", encoded(&format!("password:{API_SECRET}"))),
        format!("Basic {}", encoded(&format!("{API_SECRET}x:"))),
        format!("Basic {}", encoded(&format!("{}:", &API_SECRET[1..]))),
        format!("Basic {}", encoded(":")),
        format!("Basic {}", encoded("\u{0}:")),
        format!("Basic {}*", &good[1..]),
    ] {
        let request = Request::new("GET", "/v1/users/u1").header("Authorization", &value);
        tenant
            .refused(&request, 401, "unauthorized", UNAUTHORIZED)
            .await;
    }
    let credentials = [
        format!("Basic {good}"),
        format!("basic {good}"),
        format!("BASIC {good}"),
        format!("Basic {}", encoded(&format!("{API_SECRET}:{API_SECRET}"))),
        format!("Basic {}", encoded(&format!("{API_SECRET}:a:b"))),
    ];
    for value in credentials {
        let request = Request::new("GET", "/v1/users/u1").header("Authorization", &value);
        tenant.answer(200, &request).await;
    }
}

#[tokio::test]
async fn a_doubled_v1_in_the_path_reaches_the_same_operations() {
    let tenant = Tenant::new().await;
    let authenticator = tenant.enroll("u1").await["userAuthenticatorId"].clone();
    // go's challenge, python 0 and 1 with a base that has `/v1`.
    assert_eq!(tenant.get("/v1/v1/challenges?userId=u1").await, json!({}));
    assert_eq!(tenant.get("/v1/v1/users/u1").await["isEnrolled"], true);
    // python 2 and 3 when they delete an authenticator.
    let id = authenticator.as_str().unwrap();
    tenant
        .delete(&format!("/v1/v1/users/u1/authenticators/{id}"))
        .await;
    assert_eq!(tenant.get("/v1/users/u1").await["isEnrolled"], false);
    for (method, target, status) in [
        ("GET", "/v1/v1/v1/users/u1", 404),
        ("GET", "/v1/v1", 404),
        ("GET", "/v1/v1/unknown", 404),
        ("PUT", "/v1/v1/users/u1", 405),
    ] {
        let answer = tenant
            .answer(status, &Tenant::request(method, target))
            .await;
        assert_refusal(&answer, "not_found", "");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{target}");
    }
}

#[tokio::test]
async fn a_wrong_base_url_is_explained_whatever_the_credentials_are() {
    let tenant = Tenant::new().await;
    let right =
        "set the base URL of Authsignal to http://mock.test:4750/v1, without a slash at the end";
    for (method, target, fault) in [
        ("GET", "/users/u1", "lacks /v1"),
        ("POST", "/users/u1/actions/signIn", "lacks /v1"),
        ("POST", "/validate", "lacks /v1"),
        ("GET", "//v1/users/u1", "starts with two slashes"),
        ("GET", "/v1//users/u1", "two slashes follow /v1"),
        ("POST", "/client/init", "lacks /v1"),
        ("POST", "/v1//client/init", "two slashes follow /v1"),
        ("POST", "/v1/client/client/init", "ends in /client"),
    ] {
        for secret in [API_SECRET, WRONG_SECRET] {
            let request = Request::new(method, target).basic(secret).json("{}");
            let answer = tenant.answer(404, &request).await;
            assert_refusal(&answer, "not_found", fault);
            assert_refusal(&answer, "not_found", right);
        }
    }
    let journal = tenant.get("/_mock/journal?search=lacks").await;
    assert_eq!(
        journal["requests"].as_array().unwrap().len(),
        8,
        "{journal}"
    );

    // The path of a page that has no POST.
    let request = Request::new("POST", "/challenge").basic(API_SECRET);
    let answer = tenant.answer(405, &request).await;
    assert_refusal(&answer, "not_found", "lacks /v1");
}

#[tokio::test]
async fn a_redirect_url_that_leads_no_user_back_is_taken_with_a_warning() {
    let tenant = Tenant::new().await;
    for (url, cause) in [
        ("/back", Some("not an absolute URL")),
        (
            "undefined/api/callback",
            Some("setting that it begins with is missing"),
        ),
        ("https://app.test/back", None),
    ] {
        tenant
            .track("u1", "signIn", json!({"redirectUrl": url}))
            .await;
        let target = "/v1/users/email/ada%40example.com/challenge";
        tenant.post(target, json!({"redirectUrl": url})).await;
        let journal = tenant.get("/_mock/journal?api=authsignal").await;
        for entry in [&journal["requests"][0], &journal["requests"][1]] {
            assert_eq!((&entry["status"], entry.get("reason")), (&json!(200), None));
            match cause {
                Some(cause) => {
                    let warning = entry["warning"].as_str().unwrap();
                    assert!(warning.contains(cause), "{warning}");
                }
                None => assert_eq!(entry.get("warning"), None),
            }
        }
    }
}

#[tokio::test]
async fn a_challenge_that_lacks_an_authenticator_is_told_at_the_request() {
    let tenant = Tenant::new().await;
    let plan = json!({"userId": "u1", "action": "pay", "outcome": "CHALLENGE"});
    tenant.control("/_mock/authsignal/next-outcome", plan).await;
    for (action, told) in [("pay", true), ("signIn", false)] {
        let tracked = tenant.track("u1", action, json!({})).await;
        assert_eq!(tracked["state"], "ALLOW");
        let journal = tenant.get("/_mock/journal?api=authsignal").await;
        let warning = journal["requests"][0].get("warning");
        let why = "CHALLENGE was decided, but the user had no authenticator";
        let is_told = warning.is_some_and(|text| text.as_str().unwrap().starts_with(why));
        // By default every new user is let through so.
        assert_eq!(is_told, told, "{action}: {warning:?}");
    }
}

#[tokio::test]
async fn a_user_id_may_equal_a_segment_of_a_path() {
    let tenant = Tenant::new().await;
    for user in ["authenticators", "email", "actions", "validate", "v1"] {
        let target = format!("/v1/users/{user}");
        let patched = tenant.patch(&target, json!({"username": user})).await;
        assert_eq!(patched["userId"], user);
        assert_eq!(tenant.get(&target).await["username"], user);
        let tracked = tenant.track(user, "signIn", json!({})).await;
        assert_eq!(tracked["state"], "ALLOW");
        assert_eq!(
            tenant
                .get(&format!("/v1/users/{user}/authenticators"))
                .await,
            json!([])
        );
        tenant.delete(&target).await;
    }
}
