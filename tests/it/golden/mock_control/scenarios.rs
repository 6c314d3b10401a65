//! The golden exchanges of planned scenarios.

use super::{Body, Exchange, control, unknown_parameter, vendor};
use crate::world::Stage;

pub(super) fn exchanges() -> Vec<Exchange> {
    let set = control(
        "configure_scenarios",
        Stage::Start,
        Body::Json(
            r#"{"scenarios":[
                {"userId":"ada","action":"signIn","outcome":"BLOCK"},
                {"id":"lost","channel":"sms","times":2,"delivery":"fails"},
                {"phone":"approve","afterSeconds":3,"skip":1},
                {"challenge":"succeed","always":true},
                {"facts":{"ip":{"countryCode":"FR"},"custom":{"amount":7}}},
                {"fault":{"operation":"validate_challenge","skip":2,"connection":"timeout"}}
            ]}"#,
        ),
    );
    let planned = set.answers(200);
    let add = planned.clone().body(Body::Json(
        r#"{"add":true,"scenarios":[{"code":"123456"}]}"#,
    ));
    let list = control("list_scenarios", Stage::Start, Body::None);
    let delete = |id| control("delete_scenario", Stage::Start, Body::None).path("scenario", id);
    let block = set.answers(200).body(Body::Json(
        r#"{"scenarios":[{"action":"signIn","outcome":"BLOCK"}]}"#,
    ));
    let track = vendor("track", r#"{"idempotencyKey":"key-1"}"#);
    let entry = control("get_journal_entry", Stage::Start, Body::None).path("number", "1");
    vec![
        planned.clone(),
        add.case("add").after(&planned),
        set.malformed(),
        set.answers(400)
            .case("effect")
            .body(Body::Json(r#"{"scenarios":[{"userId":"ada"}]}"#)),
        set.answers(404)
            .body(Body::Json(r#"{"tenant":"no-such-tenant","scenarios":[]}"#))
            .shared("a tenant that does not exist"),
        set.too_large(),
        list.answers(200).after(&planned),
        list.answers(200).case("none"),
        unknown_parameter("list_scenarios"),
        list.answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        delete("lost").answers(200).after(&planned),
        delete("none").answers(404).after(&planned),
        delete("lost")
            .answers(400)
            .case("parameter")
            .query("tenannt=mock-app")
            .shared("a query parameter that the operation does not have"),
        entry
            .after(&block)
            .after(&track.answers(200))
            .answers(200)
            .case("scenario"),
    ]
}
