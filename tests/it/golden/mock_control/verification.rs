//! The golden exchanges of searches of the journal, and of checks of what is in it.

use super::{Body, Exchange, Stage, control, vendor};

fn tracked(exchange: Exchange) -> Exchange {
    let pay = r#"{"idempotencyKey":"key-1","custom":{"amount":4999}}"#;
    exchange
        .after(&vendor("track", pay).path("action", "pay"))
        .after(&vendor("track", r#"{"idempotencyKey":"key-2"}"#).path("userId", "bob"))
}

pub(super) fn exchanges() -> Vec<Exchange> {
    let search = control(
        "search_journal",
        Stage::Start,
        Body::Json(
            r#"{"tenant":"mock-app","after":0,"limit":5,"wait":"10s","pattern":{"operation":"track","userId":"alice","bodyPaths":[{"path":"$.custom.amount","equals":4999}]}}"#,
        ),
    );
    let verify = control(
        "verify_requests",
        Stage::Start,
        Body::Json(
            r#"{"tenant":"mock-app","expected":[{"pattern":{"operation":"track"},"exactly":2}],"nothingElse":true}"#,
        ),
    );
    let wrong = verify.clone().body(Body::Json(
        r#"{"expected":[{"pattern":{"userId":"alice","body":{"custom":{"amount":5000}}}}],"inOrder":true,"nothingElse":true}"#,
    ));
    let har = control("export_har", Stage::Start, Body::None);
    vec![
        tracked(search.clone()).answers(200),
        search.clone().body(Body::None).answers(200).case("none"),
        search.malformed(),
        search
            .clone()
            .body(Body::Json(
                r#"{"pattern":{"bodyPaths":[{"path":"$..a..b"}]}}"#,
            ))
            .answers(400)
            .case("path"),
        search
            .answers(404)
            .body(Body::Json(r#"{"tenant":"no-such-tenant"}"#))
            .shared("a tenant that does not exist"),
        search.too_large(),
        tracked(verify.clone()).answers(200),
        tracked(wrong).answers(200).case("unmet"),
        verify.malformed(),
        verify
            .clone()
            .body(Body::Json(
                r#"{"expected":[{"pattern":{},"exactly":1,"atLeast":1}]}"#,
            ))
            .answers(400)
            .case("number"),
        verify
            .answers(404)
            .body(Body::Json(r#"{"tenant":"no-such-tenant","expected":[]}"#))
            .shared("a tenant that does not exist"),
        verify.too_large(),
        tracked(har.clone()).answers(200),
        har.clone()
            .answers(400)
            .case("parameter")
            .query("tenannt=mock-app")
            .shared("a query parameter that the operation does not have"),
        har.answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
    ]
}
