//! The golden exchanges of tenants in a file.

use super::{Body, Exchange, Stage, control, unknown_parameter, unknown_tenant};

/// More than a file may have.
const LARGE: usize = 32 * 1024 * 1024 + 1;

const SHOP: Body = Body::Json(
    r#"{"version":1,"tenants":[{"activeconnect":{"id":"shop","secret":"shop-secret","users":[{"id":"ada"}]},"clock":{"time":"2030-01-01T00:00:00Z","frozen":true}}]}"#,
);

pub(super) fn exchanges() -> Vec<Exchange> {
    let load = control("load", Stage::Start, SHOP).answers(200);
    let with = |body| load.clone().body(Body::Json(body));
    let dump = control("dump", Stage::Start, Body::None);
    vec![
        load.clone(),
        load.malformed(),
        with(r#"{"version":2,"tenants":[]}"#)
            .answers(400)
            .case("version"),
        with(r#"{"tenants":[{"authsignal":{"secert":"x"}}]}"#)
            .answers(400)
            .case("place"),
        with(r#"{"tenants":[{"activeconnect":{"id":"shop","secret":"s","users":[]},"state":{"activeconnect":{}}}]}"#)
            .answers(400)
            .case("beside"),
        with(r#"{"tenants":[{"authsignal":{"id":"bank","secret":"mock-authsignal-secret-0123456789abcdef"}}]}"#)
            .answers(409),
        load.too_large().body(Body::Padding(LARGE)),
        dump.clone()
            .after(&load)
            .answers(200)
            .query("tenant=shop&secrets=false"),
        unknown_parameter("dump"),
        unknown_tenant("dump"),
        dump.answers(400)
            .case("secrets")
            .query("secrets=some"),
    ]
}
