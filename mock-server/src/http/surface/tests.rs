//! The guarantees of the generated routers' runtime, tested with a small API.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt as _, Full};
use serde::Deserialize;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::given::Given;
use super::incoming::End;
use super::*;

static SCHEMAS: Document = Document::new(
    r##"{"components": {"schemas": {
    "Order": {
        "type": "object",
        "required": ["users", "count"],
        "additionalProperties": false,
        "properties": {
            "users": {"type": "array", "items": {"type": "string", "minLength": 1}},
            "count": {"type": "integer"},
            "at": {"type": "string", "format": "date-time"}
        }
    },
    "Note": {"type": "object", "properties": {
        "text": {"type": "string"},
        "own": {"$ref": "#/components/schemas/Own"},
        "notes": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}}
    }},
    "Own": {"type": "object", "additionalProperties": true},
    "Checks": {"type": "object", "properties": {
        "expected": {"type": "array", "items": {"$ref": "#/components/schemas/Check"}}
    }},
    "Check": {"type": "object", "properties": {
        "pattern": {"type": "object", "properties": {"operation": {"type": "string"}}}
    }},
    "Broken": {"type": 7}
}}}"##,
);

static ORDER: Schema = Schema::new(&SCHEMAS, "Order");

static OPERATION: Operation = Operation {
    id: "order",
    method: "POST",
    path: "/orders/{application}/{user}",
    statuses: &[200, 204, 400],
    answers: &[(200, &NOTE)],
    retry: Retry::Never,
    changes: true,
    security: &[],
    path_parameters: &[("application", 1), ("user", 2)],
    query_parameters: &["limit", "tenant"],
    plus_is_space: true,
    body: Some("Order"),
    body_required: true,
    null_is_absent: false,
};

#[derive(Debug, Deserialize)]
struct Order {
    users: Vec<String>,
    count: i32,
}

fn incoming(target: &str, body: &str) -> Incoming {
    let (parts, ()) = http::Request::builder()
        .uri(target)
        .body(())
        .unwrap()
        .into_parts();
    let mut incoming = Incoming::new(parts, false);
    incoming.body = Bytes::copy_from_slice(body.as_bytes());
    incoming
}

fn rejected<T: fmt::Debug>(outcome: Result<T, Rejection>) -> String {
    outcome.unwrap_err().to_string()
}

#[test]
fn a_path_parameter_is_decoded_exactly_once() {
    let user = |path: &str| {
        incoming(&format!("/orders/app/{path}"), "").path_parameter(&OPERATION, "user")
    };
    assert_eq!(user("ada").unwrap(), "ada");
    assert_eq!(user("a%2Fb").unwrap(), "a/b");
    assert_eq!(user("a%252Fb").unwrap(), "a%2Fb");
    assert_eq!(user("k%252B1").unwrap(), "k%2B1");
    assert_eq!(user("%C3%A9").unwrap(), "é");
}

#[test]
fn a_plus_in_a_path_is_a_space_only_where_the_spec_says_so() {
    let incoming = incoming("/orders/app/a+b%2Bc?user=x", "");
    assert_eq!(
        incoming.path_parameter(&OPERATION, "user").unwrap(),
        "a b+c"
    );
    let literal = Operation {
        plus_is_space: false,
        ..OPERATION
    };
    assert_eq!(incoming.path_parameter(&literal, "user").unwrap(), "a+b+c");
}

#[test]
fn a_path_parameter_that_cannot_be_read_is_refused_by_name() {
    let user = |path: &str| rejected(incoming(path, "").path_parameter(&OPERATION, "user"));
    assert_eq!(user("/orders/app/"), "path parameter user is empty");
    assert_eq!(user("/orders/app"), "path parameter user is empty");
    let badly =
        "path parameter user is badly percent-encoded: two hexadecimal digits must follow `%`";
    assert_eq!(user("/orders/app/%zz"), badly);
    assert_eq!(user("/orders/app/a%4"), badly);
    assert_eq!(user("/orders/app/a%"), badly);
    assert_eq!(user("/orders/app/%+1"), badly);
    assert_eq!(
        user("/orders/app/%C3"),
        "path parameter user is not UTF-8 after percent-decoding"
    );
    assert_eq!(
        rejected(incoming("/orders//ada", "").path_parameter(&OPERATION, "application")),
        "path parameter application is empty"
    );
}

#[test]
fn a_query_parameter_is_form_decoded() {
    let query = |target: &str| {
        let incoming = incoming(target, "");
        incoming.query("name").unwrap().map(Cow::into_owned)
    };
    assert_eq!(query("/?name=J+D%2F%C3%A9%2B%26&x=1").unwrap(), "J D/é+&");
    assert_eq!(query("/?x=1&na%6De=a=b").unwrap(), "a=b");
    assert_eq!(query("/?name").unwrap(), "");
    assert_eq!(query("/?names=1&%zz=2"), None);
    assert_eq!(query("/"), None);
}

#[test]
fn a_query_parameter_that_cannot_be_read_is_refused_by_name() {
    let query = |target: &str| rejected(incoming(target, "").query("name"));
    assert_eq!(
        query("/?name=1&name=1"),
        "query parameter name is given more than once"
    );
    assert_eq!(
        query("/?name=%FF"),
        "query parameter name is not UTF-8 after percent-decoding"
    );
    assert!(query("/?name=%G0").contains("badly percent-encoded"));
}

#[test]
fn the_target_is_kept_as_sent() {
    assert_eq!(incoming("/a%2fb?q=%2f+a", "").target(), "/a%2fb?q=%2f+a");
    assert_eq!(incoming("http://host/a?b", "").target(), "/a?b");
}

#[test]
fn numbers_are_checked_against_their_range() {
    let limit = |text: &str| {
        let incoming = incoming(&format!("/?limit={text}"), "");
        let given = incoming.query_value("limit").unwrap();
        given.integer::<i32>(1..=100).and_then(Given::required)
    };
    assert_eq!(limit("100").unwrap(), 100);
    for text in ["0", "101", "1.5", "", "ten", "99999999999999999999", "%201"] {
        assert_eq!(
            rejected(limit(text)),
            "query parameter limit must be a whole number from 1 to 100",
            "{text}"
        );
    }
    let incoming = incoming("/", "");
    let absent = incoming.query_value("limit").unwrap();
    assert_eq!(absent.integer::<i32>(1..=100).unwrap().optional(), None);
}

#[test]
fn flags_are_true_or_false() {
    let flag = |text: &str| {
        let incoming = incoming(&format!("/?all={text}"), "");
        incoming.query_value("all").unwrap().boolean()
    };
    assert_eq!(flag("true").unwrap().optional(), Some(true));
    assert_eq!(flag("false").unwrap().optional(), Some(false));
    assert_eq!(
        rejected(flag("1")),
        "query parameter all must be `true` or `false`"
    );
}

#[test]
fn a_list_of_words_names_the_unknown_one_and_takes_empty_for_absent() {
    let words = |query: &str| {
        let incoming = incoming(&format!("/?{query}"), "");
        let given = incoming.query_value("methods").unwrap();
        given
            .words::<String>(&["device", "facial"])
            .map(Given::optional)
    };
    assert_eq!(
        words("methods=device%2Cfacial").unwrap().unwrap(),
        ["device", "facial"]
    );
    assert_eq!(words("methods=").unwrap(), None);
    assert_eq!(words("").unwrap(), None);
    let unknown =
        "query parameter methods has the unknown value `voice`; it must be one of device, facial";
    assert_eq!(rejected(words("methods=device,voice")), unknown);
    assert!(rejected(words("methods=device,")).contains("unknown value ``"));
}

#[test]
fn a_required_parameter_that_is_absent_is_named() {
    let incoming = incoming("/", "");
    let given = incoming.query_value("name").unwrap();
    assert_eq!(
        rejected(given.required()),
        "query parameter name is missing"
    );
}

#[test]
fn a_header_parameter_is_given_once() {
    let header = |values: &[&str]| {
        let request = values
            .iter()
            .fold(http::Request::builder(), |request, value| {
                request.header("x-key", *value)
            });
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let incoming = Incoming::new(parts, false);
        let given = incoming.header_value("X-Key");
        given.map(|given| given.text().optional())
    };
    assert_eq!(header(&[]).unwrap(), None);
    assert_eq!(header(&["k"]).unwrap().unwrap(), "k");
    assert_eq!(
        rejected(header(&["k", "k"])),
        "header parameter X-Key is given more than once"
    );
}

#[test]
fn a_valid_body_is_decoded() {
    let order: Order = incoming("/", r#"{"users": ["ada"], "count": 2}"#)
        .json(&OPERATION, &ORDER)
        .unwrap();
    assert_eq!((order.users, order.count), (vec!["ada".to_owned()], 2));
}

#[test]
fn an_invalid_body_is_refused_with_its_place_and_without_its_value() {
    let body = |body: &str| rejected(incoming("/", body).json::<Order>(&OPERATION, &ORDER));
    assert_eq!(body(""), "body is empty; it must be JSON");
    assert_eq!(
        body("{\n\"users\": ?"),
        "body is not valid JSON at line 2, column 10"
    );
    assert_eq!(
        body("\u{feff}{\"users\": [\"ada\"], \"count\": 1}"),
        "body begins with a byte order mark, which JSON in a request must not have; save or send it as UTF-8 without one"
    );
    assert_eq!(
        body(r#"{"users": ["ada", ""], "count": 1}"#),
        "body /users/1 is too short; it must have at least 1 character"
    );
    assert_eq!(
        body(r#"{"users": []}"#),
        "body lacks the required member \"count\""
    );
    let secret = body(r#"{"users": [{"secret": "hunter2"}], "count": 1}"#);
    assert!(
        secret.starts_with("body /users/0 ") && !secret.contains("hunter2"),
        "{secret}"
    );
    let format = body(r#"{"users": [], "count": 1, "at": "yesterday"}"#);
    assert!(
        format.starts_with("body /at ") && !format.contains("yesterday"),
        "{format}"
    );
    let large = body(r#"{"users": [], "count": 5000000000}"#);
    assert_eq!(
        large,
        "body /count has a value outside the range of its type"
    );
}

#[test]
fn a_whole_number_may_be_written_with_a_point_or_an_exponent() {
    for (count, read) in [("2.0", 2), ("2e1", 20), ("-0.0", 0), ("1.0E+2", 100)] {
        let body = incoming("/", &format!(r#"{{"users": [], "count": {count}}}"#));
        let order: Order = body.json(&OPERATION, &ORDER).unwrap();
        assert_eq!(order.count, read, "{count}");
        // Free members stay as they came.
        let note = incoming("/", &format!(r#"{{"text": "", "count": {count}}}"#));
        let note: Value = note.json(&OPERATION, &NOTE).unwrap();
        assert!(note["count"].is_f64(), "{count}");
    }
    for count in ["2.5", "1e300", "1e19", "9223372036854775808"] {
        let body = incoming("/", &format!(r#"{{"users": [], "count": {count}}}"#));
        let refused = rejected(body.json::<Order>(&OPERATION, &ORDER));
        assert!(refused.starts_with("body /count "), "{refused}");
        let refused = rejected(body.members::<Order>(&OPERATION, &ORDER));
        assert!(refused.starts_with("body /count "), "{refused}");
    }
    let kept = incoming("/", r#"{"users": [], "count": 2.0}"#).members::<Order>(&OPERATION, &ORDER);
    assert_eq!(kept.unwrap().0["count"], json!(2));
}

/// Its body is optional, and null members count as absent.
static LENIENT: Operation = Operation {
    body_required: false,
    null_is_absent: true,
    ..OPERATION
};

static NOTE: Schema = Schema::new(&SCHEMAS, "Note");
static CHECKS: Schema = Schema::new(&SCHEMAS, "Checks");

#[test]
fn a_member_that_belongs_elsewhere_is_told_where() {
    let strict = |body: &str| {
        let mut incoming = incoming("/", body);
        incoming.strict = true;
        rejected(incoming.json::<Value>(&LENIENT, &CHECKS))
    };
    assert_eq!(
        strict(r#"{"operation": "track"}"#),
        "body /operation is unknown; the known ones are expected; did you mean /expected/0/pattern/operation?"
    );
    assert_eq!(
        strict(r#"{"expected": [{"operation": "track"}]}"#),
        "body /expected/0/operation is unknown; the known ones are pattern; did you mean /expected/0/pattern/operation?"
    );
    assert_eq!(
        strict(r#"{"expected": [{"pattern": "track"}]}"#),
        "body /expected/0/pattern is a string; it must be an object with the member operation"
    );
}

#[test]
fn a_body_that_need_not_be_there_is_an_empty_object_where_it_is_empty_or_null() {
    let note = |body: &str| incoming("/", body).json::<Value>(&LENIENT, &NOTE);
    for body in ["", "null", " null\n", "{}", r#"{"text": null}"#] {
        assert_eq!(note(body).unwrap(), json!({}), "{body}");
    }
    for body in ["[]", "\"\"", "0", "false"] {
        assert!(
            rejected(note(body))
                .ends_with("; it must be an object with members such as notes, own, text"),
            "{body}"
        );
    }
    for body in [" ", "nul", "{"] {
        assert!(
            rejected(note(body)).starts_with("body is not valid JSON"),
            "{body}"
        );
    }
    let deep = format!(r#"{{"text": {}{}}}"#, "[".repeat(200), "]".repeat(200));
    assert_eq!(
        rejected(note(&deep)),
        "body is nested too deeply; at most 127 levels are allowed"
    );
    let must = |body: &str| rejected(incoming("/", body).json::<Value>(&OPERATION, &NOTE));
    assert_eq!(must(""), "body is empty; it must be JSON");
    assert_eq!(
        must("null"),
        "body is null; it must be an object with members such as notes, own, text"
    );
}

#[test]
fn null_members_are_absent_at_any_depth_where_the_spec_says_so() {
    let body =
        r#"{"text": null, "more": {"a": null, "b": [null, {"c": null, "d": 0}], "e": {}}, "f": 1}"#;
    let incoming = incoming("/", body);
    assert_eq!(
        incoming.json::<Value>(&LENIENT, &NOTE).unwrap(),
        json!({"more": {"b": [null, {"d": 0}], "e": {}}, "f": 1})
    );
    let literal = Operation {
        null_is_absent: false,
        ..LENIENT
    };
    assert_eq!(
        rejected(incoming.json::<Value>(&literal, &NOTE)),
        "body /text is null; it must be a string"
    );
}

#[test]
fn within_an_object_of_free_form_a_null_stays() {
    let body = r#"{"own": {"a": null, "b": {"c": null, "d": [{"e": null}]}},
        "notes": [{"text": null, "own": {"f": [null], "g": {"h": null}}}]}"#;
    assert_eq!(
        incoming("/", body).json::<Value>(&LENIENT, &NOTE).unwrap(),
        json!({"own": {"b": {"c": null, "d": [{"e": null}]}}, "notes": [{"own": {"f": [null], "g": {"h": null}}}]})
    );
}

#[test]
fn a_required_member_that_is_null_is_missing() {
    let body = incoming("/", r#"{"users": [], "count": null}"#);
    let missing = rejected(body.json::<Order>(&LENIENT, &ORDER));
    assert_eq!(missing, "body lacks the required member \"count\"");
}

#[test]
fn a_time_has_an_offset_or_is_a_date() {
    let since = |text: &str| {
        let incoming = incoming(&format!("/?since={text}"), "");
        let given = incoming.query_value("since").unwrap().timestamp();
        given.map(|given| given.optional().unwrap().to_string())
    };
    for (text, time) in [
        ("2024-05-13T04:59:02.640Z", "2024-05-13T04:59:02.64Z"),
        ("2024-05-13T04:59:02%2B02:00", "2024-05-13T02:59:02Z"),
        ("2024-05-13", "2024-05-13T00:00:00Z"),
    ] {
        assert_eq!(since(text).unwrap(), time, "{text}");
    }
    let dateless = "must be an ISO 8601 time such as `2024-05-13T04:59:02.640Z`, or a date such as `2024-05-13`";
    for (text, fault) in [
        ("", ""),
        ("yesterday", ""),
        ("1715576342", ""),
        ("2024-05-13T04:59:02", "has no offset; it "),
        ("2024-13-05", "names a month that does not exist; it "),
        ("2023-02-29", "names a day that does not exist; it "),
        ("2024-05", ""),
        ("2024-05-13T04:59:02+02:00", ""),
    ] {
        assert_eq!(
            rejected(since(text)),
            format!("query parameter since {fault}{dateless}"),
            "{text}"
        );
    }
}

/// A text with a pattern, with the message of generated ones.
#[derive(Debug)]
struct Code;

impl FromStr for Code {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fits = text.bytes().all(|byte| byte.is_ascii_lowercase());
        fits.then_some(Self)
            .ok_or("doesn't match pattern \"^[a-z]*$\"")
    }
}

#[test]
fn a_text_that_does_not_match_its_pattern_is_refused_with_its_name_and_the_pattern() {
    let code = |path: &str| {
        let incoming = incoming(path, "");
        let given = incoming.path_value(&OPERATION, "user").unwrap();
        given.parse::<Code>().and_then(Given::required)
    };
    assert!(code("/orders/app/%61b").is_ok());
    assert_eq!(
        rejected(code("/orders/app/a%20b")),
        "path parameter user has the wrong form; it must match the pattern ^[a-z]*$"
    );
}

#[test]
fn a_body_that_is_no_utf_8_is_refused() {
    let mut incoming = incoming("/", "");
    incoming.body = Bytes::from_static(b"{\"users\": [\"\xff\"]}");
    assert!(
        rejected(incoming.json::<Order>(&OPERATION, &ORDER))
            .starts_with("body is not valid JSON at line 1")
    );
}

#[test]
fn a_name_that_the_spec_does_not_have_is_ignored_with_a_warning_or_refused() {
    let body = r#"{"text": "x", "notes": [{}, {"txet": "secret"}], "own": {"any": 1}}"#;
    let read = |strict: bool, target: &str, body: &str| {
        let mut incoming = incoming(target, body);
        incoming.strict = strict;
        let known = incoming.known(&LENIENT);
        let read = known.and_then(|()| incoming.json::<Value>(&LENIENT, &NOTE));
        (read, incoming.ignored())
    };
    let (taken, ignored) = read(false, "/", body);
    assert_eq!(taken.unwrap(), serde_json::from_str::<Value>(body).unwrap());
    assert_eq!(
        ignored.unwrap(),
        "the spec has no body /notes/1/txet, so the mock has ignored it; did you mean text?"
    );
    let (refused, _) = read(true, "/", body);
    assert_eq!(
        rejected(refused),
        "body /notes/1/txet is unknown; the known ones are notes, own, text; did you mean text?"
    );

    let (taken, ignored) = read(false, "/?tenant=a&limti=secret&%zz=1&limti=again", "");
    assert_eq!(taken.unwrap(), json!({}));
    assert_eq!(
        ignored.unwrap(),
        "the spec has no query parameter limti, so the mock has ignored it; did you mean limit?"
    );
    let (refused, _) = read(true, "/?tenant=a&limti=secret&limti=again", "");
    assert!(rejected(refused).starts_with("query parameter limti is unknown"));

    let (taken, ignored) = read(false, "/?tenant=a", r#"{"own": {"any": 1}}"#);
    assert!(taken.is_ok() && ignored.is_none());
}

#[test]
fn an_answer_that_breaks_the_spec_is_found() {
    let fault = |status, body: &str| OPERATION.fault(status, body.as_bytes());
    assert_eq!(fault(200, r#"{"text": "x", "own": {"any": 1}}"#), None);
    assert_eq!(fault(204, ""), None);
    // What applies to every request is in no spec.
    assert_eq!(fault(413, "too large"), None);
    let broken = [
        (
            200,
            r#"{"text": 5}"#,
            "body /text is a number; it must be a string",
        ),
        (
            200,
            r#"{"notes": [{"txet": "x"}]}"#,
            "body /notes/0/txet is unknown",
        ),
        (200, "", "its body is not JSON"),
        (204, "{}", "it has a body, and none is allowed"),
    ];
    for (status, body, why) in broken {
        let found = fault(status, body).unwrap();
        assert!(found.starts_with(why), "{body}: {found}");
    }
}

#[test]
fn a_schema_tells_whether_it_compiles() {
    assert_eq!(ORDER.compile(), Ok(()));
    assert!(Schema::new(&SCHEMAS, "Broken").compile().is_err());
}

/// Records what it is asked; admits a request that says `open`.
#[derive(Default)]
struct Shop(Mutex<Vec<String>>);

impl Shop {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }
}

impl Surface for Shop {
    type Caller = ();
    type Reader = ();

    fn strict(&self) -> bool {
        false
    }

    fn admit(&self, _: &'static Operation, incoming: &Incoming) -> Result<(), Reply> {
        self.note(format!("admit, body of {}", incoming.body.len()));
        match incoming.header("key") {
            Some("open") => Ok(()),
            _ => Err(Reply::json(StatusCode::UNAUTHORIZED, &"who are you")),
        }
    }

    fn reject(&self, _: &'static Operation, rejection: Rejection) -> Reply {
        self.note("reject");
        Reply::json(rejection.kind.status(), &rejection.to_string())
    }

    fn forced(&self, _: &'static Operation, status: StatusCode, _: &str) -> Reply {
        self.note("forced");
        Reply::json(status, &"as asked")
    }

    fn answered(&self, _: &'static Operation, _: &Incoming, caller: Option<&()>, reply: &Reply) {
        let whom = if caller.is_some() { "" } else { " to nobody" };
        self.note(format!("answered {}{whom}", reply.status.as_u16()));
    }

    fn body_limit(&self) -> usize {
        40
    }
}

async fn order(State(shop): State<Arc<Shop>>, request: Request) -> Response {
    let decode = |incoming: &Incoming| incoming.json::<Order>(&OPERATION, &ORDER);
    serve(
        &*shop,
        &OPERATION,
        request,
        decode,
        async |(), order: Order| Reply::json(StatusCode::OK, &order.users),
    )
    .await
}

async fn send(key: &str, body: Body) -> (Response, Vec<String>) {
    let shop = Arc::new(Shop::default());
    let router = Router::new()
        .route("/orders/{application}/{user}", post(order))
        .with_state(Arc::clone(&shop));
    let request = Request::post("/orders/app/ada")
        .header("key", key)
        .body(body)
        .unwrap();
    let Ok::<_, Infallible>(response) = router.oneshot(request).await;
    let notes = shop.0.lock().unwrap().clone();
    (response, notes)
}

#[tokio::test]
async fn an_answer_is_json_without_charset() {
    let (response, notes) = send("open", r#"{"users": ["ada"], "count": 2}"#.into()).await;
    assert_eq!(response.status(), 200);
    let kinds: Vec<_> = response.headers().get_all(CONTENT_TYPE).iter().collect();
    assert_eq!(kinds, ["application/json"]);
    assert_eq!(
        to_bytes(response.into_body(), 100).await.unwrap(),
        r#"["ada"]"#
    );
    assert_eq!(notes, ["admit, body of 30", "answered 200"]);
}

#[tokio::test]
async fn bad_credentials_are_reported_before_a_bad_body() {
    let (response, notes) = send("shut", "?".into()).await;
    assert_eq!(response.status(), 401);
    assert_eq!(notes, ["admit, body of 1", "answered 401 to nobody"]);
    let (response, notes) = send("open", "?".into()).await;
    assert_eq!(response.status(), 400);
    assert_eq!(notes, ["admit, body of 1", "reject", "answered 400"]);
}

#[tokio::test]
async fn an_oversized_body_is_refused_whether_its_size_is_announced_or_not() {
    let announced = Body::from(vec![b'x'; 41]);
    // A mapped body does not tell its size.
    let unannounced = Body::new(Full::new(Bytes::from(vec![b'x'; 41])).map_frame(|frame| frame));
    assert_eq!(unannounced.size_hint().exact(), None);
    for body in [announced, unannounced] {
        let (response, notes) = send("shut", body).await;
        assert_eq!(response.status(), 413);
        assert_eq!(notes, ["reject", "answered 413 to nobody"]);
    }
}

#[test]
fn debug_tells_nothing_that_was_sent() {
    let request = http::Request::builder()
        .uri("/secret?secret")
        .header("key", "secret")
        .body(())
        .unwrap();
    let (parts, ()) = request.into_parts();
    let mut incoming = Incoming::new(parts, false);
    incoming.body = Bytes::from_static(b"secret");
    let text = format!("{incoming:?}");
    assert_eq!(text, "Incoming { method: GET, body_length: 6, .. }");
}

/// A body that comes in pieces and announces a length; asked for more than it has, it fails the test.
struct Pieces {
    announced: Option<u64>,
    pieces: VecDeque<&'static str>,
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.pieces.pop_front() {
            Some("end") => Poll::Ready(None),
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece.into())))),
            None => panic!("more is asked for after a whole value"),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.announced
            .map_or_else(SizeHint::new, SizeHint::with_exact)
    }
}

async fn read(
    announced: impl Into<Option<u64>>,
    pieces: &[&'static str],
) -> (Result<End, Rejection>, String) {
    let body = Body::new(Pieces {
        announced: announced.into(),
        pieces: pieces.iter().copied().collect(),
    });
    let mut incoming = incoming("/", "");
    let end = incoming.read(&OPERATION, body, 40).await;
    (end, String::from_utf8(incoming.body.to_vec()).unwrap())
}

#[tokio::test]
async fn a_body_shorter_than_announced_ends_with_its_value() {
    for pieces in [
        &[r#"{"a": {}}"#][..],
        &[r#"{"a""#, r#": {}"#, "}"],
        &["", "[", "]\n"],
        &[r#"{"a": "}"#, r#"\"}"#, r#""}"#],
        &["nul", "l"],
        &["-1"],
    ] {
        let (end, body) = read(40, pieces).await;
        assert_eq!((end, body), (Ok(End::Early), pieces.concat()));
    }
}

#[tokio::test]
async fn a_body_is_read_to_its_end_while_its_value_is_not_whole_or_its_length_not_announced() {
    for pieces in [
        &[r#"{"a": "#, "end"][..],
        &[r#"{"a": "}"#, "end"],
        &["?", "{}", "end"],
        &["", "end"],
    ] {
        let (end, body) = read(40, pieces).await;
        assert_eq!(end, Ok(End::Reached), "{pieces:?}");
        assert_eq!(body, pieces[..pieces.len() - 1].concat());
    }
    let (end, body) = read(None, &["{}", " ", "end"]).await;
    assert_eq!((end, body.as_str()), (Ok(End::Reached), "{} "));
    let (end, body) = read(4, &["{}", " \n", "end"]).await;
    assert_eq!((end, body.as_str()), (Ok(End::Early), "{}"));
}

#[tokio::test]
async fn a_body_in_pieces_keeps_to_the_limit() {
    let piece = "[ 1, 2, 3, 4, 5, 6, ";
    let (end, _) = read(None, &[piece, piece, "]"]).await;
    assert_eq!(rejected(end), "body is larger than 40 bytes");
    let (end, body) = read(None, &[piece, piece, "end"]).await;
    assert_eq!((end, body.len()), (Ok(End::Reached), 40));
}

/// What comes back for a request written to a socket, up to the end of the connection.
async fn over_a_socket(router: Router, request: &'static str) -> String {
    use std::io::{Read as _, Write as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async { axum::serve(listener, router).await });
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    server.abort();
    answer
}

#[tokio::test]
async fn a_client_that_sends_less_than_it_announces_is_answered_at_once() {
    let router = Router::new()
        .route("/orders/{application}/{user}", post(order))
        .with_state(Arc::new(Shop::default()));
    let request = "POST /orders/app/ada HTTP/1.1\r\nhost: h\r\nkey: open\r\ncontent-length: 38\r\n\r\n\
                   {\"users\": [\"a}\"], \"count\": 2}";
    let answer = over_a_socket(router, request).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n[\"a}\"]"), "{answer}");
}

#[tokio::test]
async fn an_answer_without_a_body_has_no_media_type_and_no_length() {
    let empty = || async { Reply::empty(StatusCode::NO_CONTENT).into_response() };
    let router = Router::new().route("/", post(empty));
    let request = "POST / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    let answer = over_a_socket(router, request).await;
    assert!(
        answer.starts_with("HTTP/1.1 204 No Content\r\n"),
        "{answer}"
    );
    assert!(!answer.contains("content-"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
}
