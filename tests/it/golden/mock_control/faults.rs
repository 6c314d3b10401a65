//! The golden exchanges of planned faults.

use super::{Body, Exchange, control, unknown_parameter, vendor};
use crate::world::Stage;

pub(super) fn exchanges() -> Vec<Exchange> {
    let set = control(
        "configure_faults",
        Stage::Start,
        Body::Json(
            r#"{"faults":[
                {"operation":"track","times":2,"error":"too_many_requests","headers":{"Retry-After":"0"}},
                {"id":"slow","always":true,"latency":{"minMilliseconds":0,"maxMilliseconds":1}},
                {"userId":"ada","skip":2,"wrongSchema":{"change":"drop","member":"state"}}
            ]}"#,
        ),
    );
    let planned = set.answers(200);
    let add = planned.clone().body(Body::Json(
        r#"{"add":true,"faults":[{"api":"authsignal","rateLimit":{"count":10,"seconds":60}}]}"#,
    ));
    let list = control("list_faults", Stage::Start, Body::None);
    let delete = |fault| control("delete_fault", Stage::Start, Body::None).path("fault", fault);
    let track = vendor("track", r#"{"idempotencyKey":"key-1"}"#);
    let entry = control("get_journal_entry", Stage::Start, Body::None).path("number", "1");
    vec![
        planned.clone(),
        add.case("add").after(&planned),
        set.malformed(),
        set.answers(400)
            .case("error")
            .body(Body::Json(r#"{"faults":[{"error":"to_many_requests"}]}"#)),
        set.answers(404)
            .body(Body::Json(r#"{"tenant":"no-such-tenant","faults":[]}"#))
            .shared("a tenant that does not exist"),
        set.too_large(),
        list.answers(200).after(&planned),
        list.answers(200).case("none"),
        unknown_parameter("list_faults"),
        list.answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        delete("slow").answers(200).after(&planned),
        delete("none").answers(404).after(&planned),
        delete("slow")
            .answers(400)
            .case("parameter")
            .query("tenannt=mock-app")
            .shared("a query parameter that the operation does not have"),
        entry
            .after(&planned)
            .after(&track.answers(429))
            .answers(200)
            .case("fault"),
    ]
}
