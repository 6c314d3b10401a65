//! What holds for every route and for the generated answers of every API.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::{Service, ServiceExt as _};

use super::surface::{Operation, Refusable, RejectionKind, Reply, VisitRefusable};
use crate::generated::{
    activeconnect, authsignal, authsignal_client, authsignal_management, mock_control,
};
use crate::runtime::seed::Seed;
use crate::runtime::{App, Behaviour};

/// Checks that each operation refuses with exactly the statuses that its spec lists.
struct Listed<B> {
    body: B,
    seen: usize,
}

impl<B: Clone> VisitRefusable<B> for Listed<B> {
    fn visit<R: Refusable<Body = B> + Into<Reply>>(&mut self, operation: &'static Operation) {
        for status in 400..600 {
            let code = StatusCode::from_u16(status).unwrap();
            let refused = R::refused(code, self.body.clone()).map(|answer| answer.into().status);
            let listed = operation.statuses.contains(&status).then_some(code);
            assert_eq!(refused, listed, "{}", operation.id);
        }
        let bad = R::bad_request(self.body.clone()).into();
        assert_eq!(bad.status, StatusCode::BAD_REQUEST, "{}", operation.id);
        self.seen += 1;
    }
}

#[test]
fn an_operation_refuses_with_the_statuses_of_its_spec_and_no_others() {
    fn of<B: serde::de::DeserializeOwned>(body: Value) -> Listed<B> {
        let body = serde_json::from_value(body).unwrap();
        Listed { body, seen: 0 }
    }
    fn refusing(all: &[&Operation]) -> usize {
        let refusing = all.iter().filter(|one| one.statuses.contains(&400));
        refusing.count()
    }
    let words = json!({"error": "e", "errorCode": "e", "errorDescription": "e"});
    let mut listed = of(json!({"status": false, "reason": "r"}));
    activeconnect::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(activeconnect::operations::ALL));
    let mut listed = of(words.clone());
    authsignal::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(authsignal::operations::ALL));
    let mut listed = of(words.clone());
    authsignal_client::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(authsignal_client::operations::ALL));
    let mut listed = of(words);
    authsignal_management::routes::visit_refusable(&mut listed);
    assert_eq!(
        listed.seen,
        refusing(authsignal_management::operations::ALL)
    );
    let mut listed = of(json!({"error": "e", "message": "m"}));
    mock_control::routes::visit_refusable(&mut listed);
    assert_eq!(listed.seen, refusing(mock_control::operations::ALL));
}

/// Sends requests to a mock that behaves like this, with one header more or less.
struct Front<S>(S);

fn mock(
    behaviour: Behaviour,
) -> Front<
    impl Service<Request, Response = axum::response::Response, Error = std::convert::Infallible> + Clone,
> {
    let app = Arc::new(App::new(behaviour, Seed::demo()).unwrap());
    let router = super::router(&app, &super::phones(&app));
    Front(super::front(router, &app))
}

impl<S> Front<S>
where
    S: Service<Request, Response = axum::response::Response, Error = std::convert::Infallible>
        + Clone,
{
    async fn ask(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
    ) -> (StatusCode, String, http::HeaderMap) {
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from("{}")).unwrap()).await
    }

    async fn post(&self, target: &str, body: &Value) -> (StatusCode, String, http::HeaderMap) {
        let request = Request::builder()
            .method("POST")
            .uri(target)
            .header("host", "localhost");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    async fn send(&self, request: Request) -> (StatusCode, String, http::HeaderMap) {
        let response = self.0.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        // A stream has no end; its status and headers are what counts here.
        if parts
            .headers
            .get("content-type")
            .is_some_and(|kind| kind == "text/event-stream")
        {
            return (parts.status, String::new(), parts.headers);
        }
        let body = body.collect().await.unwrap().to_bytes();
        (
            parts.status,
            String::from_utf8_lossy(&body).into_owned(),
            parts.headers,
        )
    }
}

/// Method and target of every operation of some APIs.
fn operations(apis: &[&'static [&'static Operation]]) -> Vec<(&'static str, String)> {
    let target = |path: &str| {
        let segments = path.split('/').map(|segment| {
            if segment.starts_with('{') {
                "x"
            } else {
                segment
            }
        });
        segments.collect::<Vec<_>>().join("/")
    };
    let all = apis.iter().flat_map(|api| api.iter());
    all.map(|operation| (operation.method, target(operation.path)))
        .collect()
}

/// Method and target of everything that answers: every operation, pages, files, streams, and what no route matches.
fn everything() -> Vec<(&'static str, String)> {
    let mut all = operations(&[
        activeconnect::operations::ALL,
        authsignal::operations::ALL,
        authsignal_client::operations::ALL,
        authsignal_management::operations::ALL,
        mock_control::operations::ALL,
    ]);
    for target in [
        "/",
        "/challenge",
        "/challenge/wait",
        "/challenge/assets/script.js",
        "/magic-link",
        "/ws-v1-challenge",
        "/_mock/events",
        "/_mock/desk/desk.js",
        "/_mock/desk/desk.css",
        "/_mock",
        "/_mock/nothing",
        "/v1",
        "/v1/nothing",
        "/v1/client/nothing",
        "/v1/v1/users/x",
        "/nothing",
        "//_mock/health",
    ] {
        all.push(("GET", target.to_owned()));
        all.push(("POST", target.to_owned()));
        all.push(("OPTIONS", target.to_owned()));
    }
    for form in [
        "verify",
        "send",
        "enroll",
        "credential",
        "default",
        "remove",
    ] {
        all.push(("POST", format!("/challenge/{form}")));
    }
    all
}

#[tokio::test]
async fn no_route_answers_to_a_name_that_a_stranger_may_control() {
    let mock = mock(Behaviour::default());
    let own = ("host", "localhost:4750");
    for (method, target) in everything() {
        for headers in [
            &[("host", "evil.test:4750")][..],
            &[("host", "evil.test"), ("sec-fetch-site", "same-origin")],
            &[
                ("host", "evil.test"),
                ("origin", "http://evil.test"),
                ("accept", "text/html"),
            ],
            &[own, ("host", "evil.test")],
        ] {
            let (status, text, _) = mock.ask(method, &target, headers).await;
            assert_eq!(status, 403, "{method} {target} {headers:?}: {text}");
            assert!(
                text.contains("evil.test") && text.contains("--allow-host evil.test"),
                "{method} {target}: {text}"
            );
        }
        let absolute = format!("http://evil.test{target}");
        if let Ok(uri) = absolute.parse::<http::Uri>() {
            let (status, text, _) = mock.ask(method, &uri.to_string(), &[own]).await;
            assert_eq!(status, 403, "{method} {uri}: {text}");
        }
        let (_, text, _) = mock.ask(method, &target, &[own]).await;
        assert!(!text.contains("--allow-host"), "{method} {target}: {text}");
    }
}

#[tokio::test]
async fn a_refused_host_is_told_in_the_form_of_the_api_and_kept_in_the_journal() {
    let mock = mock(Behaviour::default());
    let host = [("host", "evil.test")];
    for (target, member) in [
        ("/_mock/health", "message"),
        ("/v1/users/ada", "errorDescription"),
        ("/v1/client/init", "errorDescription"),
        ("/management/add_users/mock-app", "reason"),
    ] {
        let (_, text, _) = mock.ask("GET", target, &host).await;
        let body: Value = serde_json::from_str(&text).unwrap();
        assert!(
            body[member].as_str().unwrap().contains("evil.test"),
            "{target}: {text}"
        );
    }
    mock.ask("GET", "/register/mock-app/the-secret-token", &host)
        .await;
    let (_, journal, _) = mock
        .ask("GET", "/_mock/journal", &[("host", "localhost")])
        .await;
    assert_eq!(
        journal.matches("--allow-host evil.test").count(),
        4,
        "{journal}"
    );
    assert!(!journal.contains("the-secret-token"), "{journal}");
}

#[tokio::test]
async fn a_name_that_is_allowed_is_as_good_as_localhost() {
    let behaviour = Behaviour {
        allow_host: vec!["mock.test".to_owned()],
        ..Behaviour::default()
    };
    let mock = mock(behaviour);
    for host in [
        "mock.test:4750",
        "MOCK.test",
        "stepup-mock:4750",
        "localhost:4750",
        "[::1]:4750",
    ] {
        let origin = format!("http://{host}");
        let own = [
            ("host", host),
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-origin"),
        ];
        for (method, target) in [
            ("GET", "/_mock/messages"),
            ("POST", "/_mock/clock"),
            ("GET", "/_mock/events"),
        ] {
            let (status, text, _) = mock.ask(method, target, &own).await;
            assert_eq!(status, 200, "{host} {target}: {text}");
        }
    }
    let (status, _, _) = mock
        .ask("GET", "/_mock/health", &[("host", "other.test")])
        .await;
    assert_eq!(status, 403);
}

/// What a browser says of requests from pages of other sites, and of this machine at another port.
const FOREIGN: [(&str, &str); 6] = [
    ("origin", "http://evil.test"),
    ("origin", "http://localhost:3000"),
    ("origin", "http://127.0.0.1:4750"),
    ("origin", "null"),
    ("sec-fetch-site", "cross-site"),
    ("sec-fetch-site", "same-site"),
];

/// How every browser names itself.
const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";

#[tokio::test]
async fn an_image_of_a_page_changes_nothing_at_a_name_where_browsers_do_not_say_whose_it_is() {
    let open = Behaviour {
        verify_signatures: false,
        ..Behaviour::default()
    };
    let mock = mock(open);
    for (method, target) in operations(&[activeconnect::operations::ALL]) {
        let host = ("host", "stepup-mock:4750");
        let image = [host, ("user-agent", BROWSER), ("accept", "image/avif,*/*")];
        let (status, text, _) = mock.ask(method, &target, &image).await;
        assert_eq!(status, 403, "{method} {target}: {text}");
        for program in ["curl/8.5.0", "python-requests/2.32.0", "okhttp/4.12.0"] {
            let (status, text, _) = mock
                .ask(method, &target, &[host, ("user-agent", program)])
                .await;
            assert_ne!(status, 403, "{method} {target} {program}: {text}");
        }
    }
}

#[tokio::test]
async fn pages_of_other_sites_are_refused_where_no_secret_of_the_caller_guards() {
    let open = Behaviour {
        verify_signatures: false,
        ..Behaviour::default()
    };
    let mock = mock(open);
    let guarded = operations(&[
        activeconnect::operations::ALL,
        authsignal::operations::ALL,
        mock_control::operations::ALL,
    ]);
    // The public documents are for everybody.
    let guarded = guarded
        .into_iter()
        .filter(|(_, target)| !target.contains("/.well-known/"));
    for (method, target) in guarded.chain([("GET", "/_mock/events".to_owned())]) {
        // The default secret is known to everybody, so it is no secret.
        let good = (
            "authorization",
            "Basic bW9jay1hdXRoc2lnbmFsLXNlY3JldC0wMTIzNDU2Nzg5YWJjZGVmOg==",
        );
        for foreign in FOREIGN {
            let (status, text, _) = mock
                .ask(
                    method,
                    &target,
                    &[("host", "localhost:4750"), good, foreign],
                )
                .await;
            assert_eq!(status, 403, "{method} {target} {foreign:?}: {text}");
            assert!(text.contains("Origin"), "{text}");
        }
        let own = [
            ("host", "localhost:4750"),
            good,
            ("user-agent", BROWSER),
            ("origin", "http://localhost:4750"),
            ("sec-fetch-site", "same-origin"),
        ];
        let (status, text, _) = mock.ask(method, &target, &own).await;
        assert_ne!(status, 403, "{method} {target}: {text}");
    }
    let (_, state, _) = mock
        .ask("GET", "/_mock/activeconnect", &[("host", "localhost")])
        .await;
    assert!(!state.contains("\"x\""), "{state}");
}

#[tokio::test]
async fn pages_of_any_site_may_call_the_client_api_as_the_vendors_browser_sdk_does() {
    let mock = mock(Behaviour::default());
    for (method, target) in operations(&[authsignal_client::operations::ALL]) {
        for foreign in FOREIGN {
            let (status, text, _) = mock
                .ask(method, &target, &[("host", "localhost:4750"), foreign])
                .await;
            assert_ne!(status, 403, "{method} {target} {foreign:?}: {text}");
        }
    }
}

#[tokio::test]
async fn no_answer_is_kept_by_a_cache_or_taken_for_another_type() {
    let mock = mock(Behaviour::default());
    for (method, target) in everything() {
        for host in ["localhost:4750", "evil.test"] {
            let (_, _, headers) = mock.ask(method, &target, &[("host", host)]).await;
            let all = |name| headers.get_all(name).iter().collect::<Vec<_>>();
            assert_eq!(all("cache-control"), ["no-store"], "{method} {target}");
            assert_eq!(
                all("x-content-type-options"),
                ["nosniff"],
                "{method} {target}"
            );
            let policy = all("cross-origin-resource-policy");
            assert_eq!(policy, ["same-origin"], "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_webhook_cannot_control_the_mock() {
    let mock = mock(Behaviour::default());
    let paths = ["/_mock/events", "/_mock", "/_mock/nothing"].map(|path| ("POST", path.to_owned()));
    for (method, target) in operations(&[mock_control::operations::ALL])
        .into_iter()
        .chain(paths)
    {
        let (status, text, _) = mock
            .ask(
                method,
                &target,
                &[("host", "localhost"), ("x-signature-v2", "t=1,v2=a")],
            )
            .await;
        assert_eq!(status, 403, "{method} {target}");
        assert!(text.contains("X-Signature-V2"), "{text}");
    }
}

/// Objects that each have one member that is nearly one that the schema names, at every depth, with the right name.
fn misspelt(document: &Value, schema: &Value) -> Vec<(Value, String)> {
    if let Some(reference) = schema["$ref"].as_str() {
        return misspelt(document, document.pointer(&reference[1..]).unwrap());
    }
    if schema["type"] == "array" {
        let inside = misspelt(document, &schema["items"]).into_iter();
        return inside
            .map(|(value, right)| (json!([value]), right))
            .collect();
    }
    let mut found = Vec::new();
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        found.push((json!({format!("x{name}"): 1}), name.clone()));
        let inside = misspelt(document, member).into_iter();
        found.extend(inside.map(|(value, right)| (json!({name.as_str(): value}), right)));
    }
    found
}

#[tokio::test]
async fn a_misspelt_member_of_the_control_api_is_told_with_the_one_that_was_meant() {
    let mock = mock(Behaviour::default());
    let document = mock_control::routes::SCHEMAS.read();
    let mut nested = 0;
    for operation in mock_control::operations::ALL {
        let Some(body) = operation.body else { continue };
        for (value, right) in misspelt(document, &document["components"]["schemas"][body]) {
            let (status, text, _) = mock.post(operation.path, &value).await;
            assert_eq!(status, 400, "{} {value}: {text}", operation.id);
            let hint = format!("x{right} is unknown");
            assert!(
                text.contains(&hint) && text.contains(&format!("did you mean {right}?")),
                "{} {value}: {text}",
                operation.id
            );
            nested += usize::from(value.to_string().contains('['));
        }
    }
    assert!(nested > 5, "members of elements are checked, too");
    let (_, text, _) = mock
        .post("/_mock/webhooks", &json!({"webhooks": [{"uri": "x"}]}))
        .await;
    assert!(
        text.contains("body /webhooks/0/uri is unknown; the known ones are "),
        "{text}"
    );
    let (_, text, _) = mock
        .post("/_mock/authsignal", &json!({"defaultOutcom": "BLOCK"}))
        .await;
    assert!(text.contains("did you mean defaultOutcome?"), "{text}");
}

#[tokio::test]
async fn an_unknown_query_parameter_of_the_control_api_is_told_and_nothing_is_done() {
    let mock = mock(Behaviour::default());
    let own = [("host", "localhost")];
    let (_, before, _) = mock.ask("GET", "/_mock/state", &own).await;
    for operation in mock_control::operations::ALL {
        let target = operation.path.replace("{number}", "1");
        let (status, text, _) = mock
            .ask(operation.method, &format!("{target}?recipient=a"), &own)
            .await;
        assert_eq!(status, 400, "{}: {text}", operation.id);
        assert!(
            text.contains("query parameter recipient is unknown"),
            "{}: {text}",
            operation.id
        );
        for known in operation.query_parameters {
            let (status, text, _) = mock
                .ask(operation.method, &format!("{target}?{known}x=1"), &own)
                .await;
            assert_eq!(status, 400, "{}: {text}", operation.id);
            assert!(
                text.contains(&format!("did you mean {known}?")),
                "{}: {text}",
                operation.id
            );
        }
    }
    let (_, after, _) = mock.ask("GET", "/_mock/state", &own).await;
    assert_eq!(before, after);
}

#[tokio::test]
async fn any_error_can_be_had_and_what_cannot_be_had_is_told() {
    let mock = mock(Behaviour::default());
    let (_, before, _) = mock
        .ask("GET", "/_mock/state", &[("host", "localhost")])
        .await;
    for (method, target) in operations(&[mock_control::operations::ALL]) {
        for (wanted, expected, seconds) in [
            ("code=418", 418, None),
            ("code=500", 500, None),
            ("code=503, retry-after=3", 503, Some("3")),
            ("code=429", 429, Some("60")),
            ("code=429, retry-after=7", 429, Some("7")),
            ("code=200", 400, None),
            ("code=1", 400, None),
            ("retry-after=7", 400, None),
        ] {
            let headers = [("host", "localhost"), ("prefer", wanted)];
            let (status, text, answer) = mock.ask(method, &target, &headers).await;
            assert_eq!(status, expected, "{method} {target} {wanted}: {text}");
            assert!(text.contains("Prefer"), "{text}");
            let told = answer
                .get("retry-after")
                .map(|value| value.to_str().unwrap());
            assert_eq!(told, seconds, "{method} {target} {wanted}");
        }
    }
    let (_, after, _) = mock
        .ask("GET", "/_mock/state", &[("host", "localhost")])
        .await;
    assert_eq!(before, after);
}

#[tokio::test]
async fn a_body_with_a_coding_is_refused_by_every_operation_that_takes_one() {
    let mock = mock(Behaviour::default());
    let apis = [
        activeconnect::operations::ALL,
        authsignal::operations::ALL,
        authsignal_client::operations::ALL,
        authsignal_management::operations::ALL,
        mock_control::operations::ALL,
    ];
    let with_body = |operation: &&&Operation| operation.body.is_some();
    let all: Vec<_> = apis
        .iter()
        .flat_map(|api| api.iter())
        .filter(with_body)
        .collect();
    let mut targets: Vec<_> = all
        .iter()
        .map(|one| (one.method, one.path.replace(['{', '}'], "")))
        .collect();
    targets.push(("POST", "/_mock/reset".to_owned()));
    for form in [
        "verify",
        "send",
        "enroll",
        "credential",
        "default",
        "remove",
    ] {
        targets.push(("POST", format!("/challenge/{form}")));
    }
    for (method, target) in targets {
        for coding in ["gzip", "br", "identity, gzip"] {
            let headers = [("host", "localhost"), ("content-encoding", coding)];
            let (status, text, _) = mock.ask(method, &target, &headers).await;
            assert_eq!(status, 415, "{method} {target}: {text}");
            assert!(
                text.contains(&format!("Content-Encoding is {coding}")),
                "{target}: {text}"
            );
        }
        let headers = [("host", "localhost"), ("content-encoding", "identity")];
        let (status, text, _) = mock.ask(method, &target, &headers).await;
        assert_ne!(status, 415, "{method} {target}: {text}");
    }
}

#[tokio::test]
async fn a_tenant_that_a_reset_names_must_exist() {
    // With a clock that stands still, a state comes back to the byte.
    let mock = mock(Behaviour {
        deterministic: true,
        ..Behaviour::default()
    });
    let own = [("host", "localhost")];
    let (_, before, _) = mock.ask("GET", "/_mock/state", &own).await;
    for (target, expected) in [
        ("/_mock/reset?tenant=nobody", 404),
        ("/_mock/reset?tenant=", 404),
        ("/_mock/reset?tenant=a&tenant=b", 400),
        ("/_mock/reset?tenannt=mock-app", 400),
        ("/_mock/reset?tenant=mock-app", 200),
    ] {
        let (status, text, _) = mock.ask("POST", target, &own).await;
        assert_eq!(status, expected, "{target}: {text}");
    }
    let (status, text, _) = mock
        .post("/_mock/reset", &json!({"tenant": "mock-app"}))
        .await;
    assert_eq!(status, 400, "{text}");
    assert!(text.contains("takes no body"), "{text}");
    let (_, after, _) = mock.ask("GET", "/_mock/state", &own).await;
    assert_eq!(before, after);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_leaves_stays_until_the_answer_to_its_request_has_gone_out() {
    let app = Arc::new(App::new(Behaviour::default(), Seed::default()).unwrap());
    let _expiring = tokio::spawn(Arc::clone(&app).expire_tenants());
    let service = super::front(super::router(&app, &super::phones(&app)), &app);
    let send = async |method: &str, target: &str, body: &'static str| {
        let request = Request::builder().method(method).uri(target);
        let request = request.header("host", "localhost").body(Body::from(body));
        service.clone().oneshot(request.unwrap()).await.unwrap()
    };
    let created = send("POST", "/_mock/tenants", r#"{"ttlSeconds": 1}"#).await;
    let created = created.into_body().collect().await.unwrap().to_bytes();
    let created: Value = serde_json::from_slice(&created).unwrap();
    let list = format!(
        "/_mock/messages?wait=4s&tenant={}",
        created["id"].as_str().unwrap()
    );
    let answer = send("GET", &list, "").await;
    assert_eq!(answer.status(), StatusCode::OK);
    let pass = async |millis| tokio::time::sleep(std::time::Duration::from_millis(millis)).await;
    pass(5000).await;
    assert_eq!(app.tenants().len(), 2, "its answer has not gone out");
    drop(answer);
    pass(900).await;
    assert_eq!(app.tenants().len(), 2);
    pass(1200).await;
    assert_eq!(app.tenants().len(), 1);
}

#[tokio::test]
async fn the_answer_to_a_wrong_method_lists_the_right_ones() {
    let mock = mock(Behaviour::default());
    let host = [("host", "localhost")];
    let (mut refused, mut wrong) = (0, Vec::new());
    for (_, target) in everything() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let (status, _, headers) = mock.ask(method, &target, &host).await;
            if status != StatusCode::METHOD_NOT_ALLOWED {
                continue;
            }
            let allowed = headers
                .get("allow")
                .and_then(|allowed| allowed.to_str().ok());
            let lists = |allowed: &str| !allowed.split(',').any(|one| one == method);
            if !allowed.is_some_and(lists) {
                wrong.push(format!("{method} {target}: {allowed:?}"));
            }
            refused += 1;
        }
    }
    assert!(wrong.is_empty() && refused > 100, "{refused}: {wrong:#?}");
    let (_, _, headers) = mock.ask("GET", "/_mock/journal/search", &host).await;
    assert_eq!(headers["allow"], "POST");
}

#[tokio::test]
async fn a_path_with_two_slashes_or_capital_letters_is_told_with_the_right_one() {
    let mock = mock(Behaviour::default());
    let slashes = "two slashes follow one another in it: use";
    for (target, says) in [
        ("//_mock/health", format!("{slashes} /_mock/health,")),
        ("/_mock//health", format!("{slashes} /_mock/health,")),
        (
            "/_mock/journal//1",
            format!("{slashes} /_mock/journal/{{number}},"),
        ),
        (
            "/_MOCK/health",
            "paths are in lower case: use /_mock/health".to_owned(),
        ),
        (
            "/V1/users/ada",
            "it begins with /V1, and paths are in lower case".to_owned(),
        ),
        ("/v1//users/ada", "two slashes follow /v1".to_owned()),
        (
            "/management//add_users/app",
            format!("{slashes} /management/add_users/{{"),
        ),
    ] {
        let (status, text, _) = mock.ask("GET", target, &[("host", "localhost")]).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{target}: {text}");
        assert!(text.contains(&says), "{target}: {text}");
    }
}

#[test]
fn the_readme_lists_every_status_that_a_request_to_any_path_may_get() {
    let readme = include_str!("../../README.md");
    let (_, section) = readme.split_once("### Statuses of any request").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let of_rejections = [
        RejectionKind::Malformed,
        RejectionKind::TooLarge,
        RejectionKind::Late,
        RejectionKind::Crowded,
        RejectionKind::Encoded,
        RejectionKind::Head,
    ];
    let of_rejections = of_rejections.map(|kind| kind.status().as_u16());
    // Of the gate, of the router, and of HTTP.
    let others = [400, 403, 404, 405, 408, 431, 501, 503];
    for status in of_rejections.into_iter().chain(others) {
        assert!(section.contains(&format!("\n| {status} | ")), "{status}");
    }
}
