//! Requests that cannot be read or that no operation takes: refused in the vendor's form with the place named, and
//! without any effect.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::spec;
use crate::tenant::{Tenant, assert_refusal};
use crate::wire::{self, Request};
use crate::world::{TENANT, TERMINAL_SECRET};

const INVALID: &str = "invalid_request";

/// A path of the spec with its parameters filled in; one of them as given.
fn target(path: &str, odd: Option<(&str, &str)>) -> String {
    let segments = path.split('/').map(|segment| {
        let name = segment
            .strip_prefix('{')
            .and_then(|name| name.strip_suffix('}'));
        match (name, odd) {
            (None, _) => segment,
            (Some(name), Some((odd, value))) if name == odd => value,
            (Some("action"), _) => "signIn",
            (Some("tenantId"), _) => TENANT,
            (Some(_), _) => "some-id",
        }
    });
    segments.collect::<Vec<_>>().join("/")
}

/// A world in which a refused request would have something to change.
async fn peopled() -> Tenant {
    let tenant = Tenant::new().await;
    tenant.enroll("some-id").await;
    let body = json!({"idempotencyKey": "some-id", "deviceId": "some-id"});
    tenant.track("some-id", "signIn", body).await;
    let challenge = json!({"verificationMethod": "SMS", "action": "a", "phoneNumber": "+15550100"});
    tenant.post("/v1/challenge", challenge).await;
    tenant
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_refused_by_every_operation() {
    let tenant = peopled().await;
    let deep = format!("{}1{}", "[".repeat(4000), "]".repeat(4000));
    let deep_member = format!("{{\"custom\":{}}}", "{\"a\":".repeat(4000));
    let bodies: [&[u8]; 16] = [
        b"{",
        b"}",
        b"{\"a\":1,}",
        b"{'a':1}",
        b"{\"a\":1}{\"b\":2}",
        b"a=1&b=2",
        b"<xml/>",
        b"\xef\xbb\xbf{}",
        b"{\"userId\":\"\xff\xfe\"}",
        b"{\"userId\":\"\\ud800\"}",
        b"\0",
        b"[]",
        b"\"text\"",
        b"17",
        deep.as_bytes(),
        deep_member.as_bytes(),
    ];
    for operation in spec::named("authsignal").operations() {
        if !operation.takes_body() {
            continue;
        }
        for body in bodies {
            let (method, target) = (&operation.method, &target(operation.path, None));
            let request = if target.starts_with("/v1/terminal/") {
                let secret = format!("Bearer {TERMINAL_SECRET}");
                Request::new(method, target).header("Authorization", &secret)
            } else {
                Tenant::request(method, target)
            };
            tenant
                .refused(&request.json(body), 400, INVALID, "body")
                .await;
        }
    }
}

#[tokio::test]
async fn bad_percent_encoding_is_refused_in_every_path_parameter_by_name() {
    let tenant = peopled().await;
    let mut seen = 0;
    for operation in spec::named("authsignal").operations() {
        for name in operation.path_parameters() {
            for bad in ["%", "%4", "%zz", "a%", "%ff", "%C3", "%c0%af", "%ed%a0%80"] {
                let target = target(operation.path, Some((name, bad)));
                let request = Tenant::request(&operation.method, &target).json("{}");
                tenant
                    .refused(&request, 400, INVALID, &format!("path parameter {name}"))
                    .await;
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

#[tokio::test]
async fn an_action_code_of_another_form_is_refused() {
    let tenant = peopled().await;
    let long = "a".repeat(65);
    for code in [
        "sign%20in",
        "a%2Fb",
        "a.b",
        "a:b",
        "%C3%A9",
        "%00",
        "a%0A",
        long.as_str(),
    ] {
        let path = format!("/v1/users/some-id/actions/{code}");
        let track = Tenant::request("POST", &path).json("{}");
        tenant
            .refused(&track, 400, INVALID, "path parameter action")
            .await;
        let get = Tenant::request("GET", &format!("{path}/key"));
        tenant
            .refused(&get, 400, INVALID, "path parameter action")
            .await;
    }
    for code in ["a", "A-1_b", &"a".repeat(64)] {
        tenant.track("some-id", code, json!({})).await;
    }
}

#[tokio::test]
async fn a_malformed_query_parameter_is_refused_by_name() {
    let tenant = peopled().await;
    for (method, target, name) in [
        ("GET", "/v1/users?username=a&limit=0", "limit"),
        ("GET", "/v1/users?username=a&limit=1001", "limit"),
        ("GET", "/v1/users?username=a&limit=-1", "limit"),
        ("GET", "/v1/users?username=a&limit=1.5", "limit"),
        ("GET", "/v1/users?username=a&limit=", "limit"),
        (
            "GET",
            "/v1/users?username=a&limit=99999999999999999999",
            "limit",
        ),
        ("GET", "/v1/users?username=a&limit=1&limit=2", "limit"),
        ("GET", "/v1/users?username=a&username=b", "username"),
        ("GET", "/v1/users?username=%", "username"),
        ("GET", "/v1/users?username=%ff", "username"),
        ("GET", "/v1/users?token=none", "token"),
        ("GET", "/v1/users?token=a.b.c", "token"),
        ("GET", "/v1/users?token=e30.e30.", "token"),
        ("GET", "/v1/users", "username"),
        ("GET", "/v1/users?limit=1", "username"),
        ("GET", "/v1/users/some-id/actions?state=allow", "state"),
        ("GET", "/v1/users/some-id/actions?state=", "state"),
        (
            "GET",
            "/v1/users/some-id/actions?fromDate=yesterday",
            "fromDate",
        ),
        (
            "GET",
            "/v1/users/some-id/actions?fromDate=2026-13-01",
            "fromDate",
        ),
        (
            "GET",
            "/v1/users/some-id/actions?fromDate=2026-01-01T00:00:00",
            "fromDate",
        ),
        (
            "GET",
            "/v1/challenges?verificationMethod=sms",
            "verificationMethod",
        ),
        ("DELETE", "/v1/users/some-id?actions=1", "actions"),
        ("DELETE", "/v1/users/some-id?actions=TRUE", "actions"),
        ("DELETE", "/v1/users/some-id?actions=", "actions"),
        (
            "DELETE",
            "/v1/users/some-id?actions=true&actions=true",
            "actions",
        ),
    ] {
        let request = Tenant::request(method, target);
        tenant.refused(&request, 400, INVALID, name).await;
    }
}

#[tokio::test]
async fn a_member_of_the_wrong_type_or_with_an_unknown_word_is_refused_by_its_place() {
    let tenant = peopled().await;
    let user = "/v1/users/some-id";
    let key = "/v1/users/some-id/actions/signIn/some-id";
    for (method, target, body, place) in [
        ("PATCH", user, json!({"email": 5}), "/email"),
        ("POST", user, json!({"email": ["a"]}), "/email"),
        (
            "PATCH",
            user,
            json!({"emailVerified": "true"}),
            "/emailVerified",
        ),
        ("PATCH", user, json!({"custom": "x"}), "/custom"),
        (
            "PATCH",
            user,
            json!({"defaultVerificationMethod": "sms"}),
            "/defaultVerificationMethod",
        ),
        ("PATCH", key, json!({"state": "REVIEW"}), "/state"),
        ("PATCH", key, json!({"state": 1}), "/state"),
        ("PATCH", key, json!({}), "\"state\""),
        (
            "POST",
            "/v1/users/some-id/actions/signIn",
            json!({"idempotencyKey": ""}),
            "/idempotencyKey",
        ),
        (
            "POST",
            "/v1/users/some-id/actions/signIn",
            json!({"idempotencyKey": 1}),
            "/idempotencyKey",
        ),
        (
            "POST",
            "/v1/users/some-id/actions/signIn",
            json!({"crypto": {"assetAmount": "1"}}),
            "/crypto/assetAmount",
        ),
        (
            "POST",
            "/v1/users/some-id/actions/signIn",
            json!({"redirectToSettings": "no"}),
            "/redirectToSettings",
        ),
        ("POST", "/v1/validate", json!({}), "\"token\""),
        ("POST", "/v1/validate", json!({"token": {}}), "/token"),
        (
            "POST",
            "/v1/verify",
            json!({"challengeId": "x"}),
            "\"verificationCode\"",
        ),
        (
            "POST",
            "/v1/verify",
            json!({"challengeId": "x", "verificationCode": 123_456}),
            "/verificationCode",
        ),
        (
            "POST",
            "/v1/claim",
            json!({"challengeId": "x", "userId": ""}),
            "/userId",
        ),
        (
            "POST",
            "/v1/claim",
            json!({"challengeId": "x", "userId": "u", "skipVerificationCheck": 1}),
            "/skipVerificationCheck",
        ),
        (
            "POST",
            "/v1/sessions",
            json!({"clientId": "", "token": "t"}),
            "/clientId",
        ),
        (
            "POST",
            "/v1/sessions/validate",
            json!({"accessToken": "t", "clientIds": "c"}),
            "/clientIds",
        ),
        (
            "POST",
            "/v1/sessions/validate",
            json!({"accessToken": "t", "clientIds": [null]}),
            "/clientIds/0",
        ),
        (
            "POST",
            "/v1/sessions/user/revoke",
            json!({"userId": ""}),
            "/userId",
        ),
        ("POST", "/v1/token", json!({"userId": 1}), "/userId"),
        (
            "PATCH",
            "/v1/users/some-id/devices/some-id",
            json!({"rememberedUntil": "soon"}),
            "/rememberedUntil",
        ),
        (
            "PATCH",
            "/v1/users/some-id/devices/some-id",
            json!({"rememberedUntil": 1_800_000_000}),
            "/rememberedUntil",
        ),
    ] {
        tenant.refused_body(method, target, body, place).await;
    }
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_was_sent() {
    let tenant = peopled().await;
    for body in [
        json!({"token": {"hunter2": 1}}),
        json!({"token": ["hunter2"]}),
        json!("hunter2"),
        json!({"hunter2": 1}),
    ] {
        let request = Tenant::request("POST", "/v1/validate").json(body.to_string());
        let answer = tenant.answer(400, &request).await;
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_however_it_is_announced() {
    let tenant = Tenant::of(|builder| builder.body_limit(1000)).await;
    let padded = |length: usize| {
        let mut body = json!({"username": "u"}).to_string();
        body.push_str(&" ".repeat(length - body.len()));
        Tenant::request("PATCH", "/v1/users/u1").json(body)
    };
    tenant.refused(&padded(1001), 413, INVALID, "1000").await;
    tenant.answer(200, &padded(1000)).await;
    let before = tenant.server.state();
    let request = Tenant::request("POST", "/v1/users/u1/actions/signIn");
    let announced = request
        .head()
        .replace("Content-Length: 0", "Content-Length: 1000000000000");
    let chunked = request
        .head()
        .replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let chunks = format!("{chunked}7d0\r\n{}\r\n0\r\n\r\n", " ".repeat(2000));
    for bytes in [announced, chunks] {
        let answer = wire::send_bytes(tenant.server.address(), bytes.as_bytes()).await;
        assert_eq!(answer.status, 413);
        assert_refusal(&answer, INVALID, "1000");
    }
    assert_eq!(tenant.server.state(), before);
}

#[tokio::test]
async fn a_method_that_a_path_lacks_is_405_with_the_allowed_methods() {
    let tenant = peopled().await;
    let operations = spec::named("authsignal").operations();
    let targets: BTreeSet<String> = operations
        .iter()
        .map(|operation| target(operation.path, None))
        .collect();
    for target in targets {
        // One target can be several paths': `/v1/users/authenticators` is also a user's.
        let mut methods: BTreeSet<&str> = operations
            .iter()
            .filter(|operation| operation.matches(&operation.method, &target))
            .map(|operation| operation.method.as_str())
            .collect();
        if methods.contains("GET") {
            methods.insert("HEAD");
        }
        for method in [
            "GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", "OPTIONS",
        ] {
            // Pages may read the public documents, so the front answers their preflights.
            let is_public = target.contains("/.well-known/");
            if methods.contains(method) || (method == "OPTIONS" && is_public) {
                continue;
            }
            let request = Tenant::request(method, &target);
            if method == "OPTIONS" {
                // Not refused, and no browser gets leave: it has no business with an API secret.
                let preflight = request
                    .clone()
                    .without("Authorization")
                    .header("Origin", "https://example.com")
                    .header("Access-Control-Request-Method", "POST");
                let answer = tenant.answer(204, &preflight).await;
                assert_eq!(answer.header("access-control-allow-origin"), None);
            } else {
                tenant.refused(&request, 405, "not_found", method).await;
            }
            let answer = tenant.send(&request).await;
            let allow = answer.header("allow").unwrap();
            let allowed: BTreeSet<&str> = allow.split(',').map(str::trim).collect();
            assert_eq!(allowed, methods, "{target}");
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_404_and_the_message_says_why() {
    let tenant = peopled().await;
    for (method, target, cause) in [
        ("GET", "/v1", "no operation"),
        ("GET", "/v1/", "slash"),
        ("GET", "/v1/user/some-id", "no operation"),
        ("GET", "/v1/users/", "slash"),
        ("POST", "/v1/users/some-id/", "slash"),
        ("GET", "/v1/users/some-id/actions/signIn/", "slash"),
        ("POST", "/v1/users/some-id/actions/a/b/c", "no operation"),
        ("POST", "/v1/action/track", "no operation"),
        ("POST", "/V1/validate", ""),
        ("GET", "/v1/users/some-id/../some-id", "no operation"),
    ] {
        let request = Tenant::request(method, target).json("{}");
        if target.starts_with("/V1") {
            // Not below `/v1`, and so not Authsignal's.
            assert_eq!(tenant.send(&request).await.status, 404);
            continue;
        }
        tenant.refused(&request, 404, "not_found", cause).await;
    }
    // An empty segment in the middle is a parameter that is empty.
    let empty = Tenant::request("GET", "/v1/users//authenticators");
    tenant
        .refused(&empty, 400, INVALID, "path parameter userId")
        .await;
}

/// Two SDKs send what the vendor's documentation does not have. The refusal says so, because neither says what it sent.
#[tokio::test]
async fn what_the_sdks_for_java_and_dotnet_send_to_find_a_challenge_is_explained() {
    let tenant = peopled().await;
    for (target, status) in [
        ("/v1/challenges", 405),
        ("/v1/challenges?userId=some-id", 405),
        ("/v1/challengeschallengeId=some-id&userId=some-id", 404),
        ("/v1/v1/challengeschallengeId=some-id", 404),
    ] {
        let request = Tenant::request("POST", target).json("{}");
        tenant
            .refused(&request, status, "not_found", "send GET /v1/challenges?")
            .await;
    }
}

#[tokio::test]
async fn a_header_that_decides_who_calls_is_refused_if_it_is_there_twice() {
    let tenant = peopled().await;
    let request = Tenant::request("GET", "/v1/users/some-id");
    let (_, good) = &request.headers[1];
    let good = good.clone();
    for other in [good.as_str(), "Basic eDo=", ""] {
        for [first, second] in [[&good, other], [other, &good]] {
            let twice = request.clone().without("Authorization");
            let twice = twice
                .header("Authorization", first)
                .header("authorization", second);
            tenant
                .refused(
                    &twice,
                    401,
                    "unauthorized",
                    "Authorization is given more than once",
                )
                .await;
        }
    }
    let hosts = request.header("Host", "127.0.0.1");
    tenant
        .refused(&hosts, 400, INVALID, "Host is given more than once")
        .await;
}

/// The head and the body of an answer, as they came.
async fn raw(tenant: &Tenant, request: &Request) -> (String, String) {
    let mut stream = TcpStream::connect(tenant.server.address()).await.unwrap();
    stream.write_all(request.head().as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

#[tokio::test]
async fn head_answers_like_get_without_a_body() {
    let tenant = peopled().await;
    let before = tenant.server.state();
    for (target, status) in [
        ("/v1/users/some-id", "200"),
        ("/v1/users/some-id/authenticators", "200"),
        ("/v1/users/some-id/actions/signIn/none", "404"),
        ("/v1/users", "400"),
        ("/v1/users/%zz", "400"),
        ("/v1/validate", "405"),
        ("/v1/unknown", "404"),
    ] {
        let (head, body) = raw(&tenant, &Tenant::request("HEAD", target)).await;
        assert!(
            head.starts_with(&format!("http/1.1 {status}")),
            "{target}: {head}"
        );
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(body, "", "{target}");
    }
    let (head, _) = raw(&tenant, &Request::new("HEAD", "/v1/users/some-id")).await;
    assert!(head.starts_with("http/1.1 401"), "{head}");
    assert_eq!(tenant.server.state(), before);
}

#[tokio::test]
async fn a_refused_request_does_not_change_the_ids_of_later_answers() {
    let (calm, pestered) = (peopled().await, peopled().await);
    let wrong: [(&str, Value); 5] = [
        (
            "/v1/users/some-id/authenticators",
            json!({"verificationMethod": "SMS"}),
        ),
        (
            "/v1/users/some-id/actions/signIn",
            json!({"challengeId": "none"}),
        ),
        (
            "/v1/challenge",
            json!({"verificationMethod": "SMS", "action": "a"}),
        ),
        ("/v1/challenge", json!({"challengeId": "none"})),
        ("/v1/sessions", json!({"clientId": "c", "token": "x"})),
    ];
    for (target, body) in wrong {
        let request = Tenant::request("POST", target).json(body.to_string());
        let answer = pestered.send(&request).await;
        assert!((400..500).contains(&answer.status));
    }
    let track = Tenant::request("POST", "/v1/users/u1/actions/signIn").json("{}");
    let (a, b) = (calm.send(&track).await, pestered.send(&track).await);
    assert_eq!(a.text(), b.text());
}

#[tokio::test]
async fn a_request_without_a_host_is_refused() {
    let tenant = peopled().await;
    let head = Tenant::request("GET", "/v1/users/some-id")
        .without("Host")
        .head();
    let answer = wire::send_bytes(tenant.server.address(), head.as_bytes()).await;
    assert!((400..500).contains(&answer.status), "{}", answer.text());
    for host in ["", "a b", "a/b", "a?b", "user@host"] {
        let request = Tenant::request("GET", "/v1/users/some-id")
            .without("Host")
            .header("Host", host);
        let answer = tenant.send(&request).await;
        // One that is named must be the mock's.
        let refused = if host.is_empty() { 400 } else { 403 };
        assert_eq!(answer.status, refused, "{host:?}");
    }
}
