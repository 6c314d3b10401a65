//! The golden exchanges of snapshots of tenants.

use super::{Body, Exchange, Stage, control, unknown_parameter, unknown_tenant};

const DAY_ONE: Body = Body::Json(r#"{"name":"day one"}"#);
const NO_TENANT: Body = Body::Json(r#"{"name":"day one","tenant":"no-such-tenant"}"#);

pub(super) fn exchanges() -> Vec<Exchange> {
    let take = control("take_snapshot", Stage::Active, DAY_ONE).answers(200);
    let restore = control("restore_snapshot", Stage::Active, DAY_ONE);
    let delete = control("delete_snapshot", Stage::Active, Body::None);
    let day_one = delete.path("snapshot", "day%20one");
    let list = control("list_snapshots", Stage::Active, Body::None);
    let full = (0..100).fold(take.clone(), |full, number| {
        let name = format!(r#"{{"name":"{number}"}}"#);
        full.after(&take.clone().body(Body::Json(name.leak())))
    });
    let create = control("create_tenant", Stage::Active, Body::None);
    vec![
        take.clone(),
        take.clone()
            .case("tenant")
            .body(Body::Json(r#"{"name":"day one","tenant":"mock-app"}"#)),
        take.malformed(),
        take.answers(400)
            .case("name")
            .body(Body::Json(r#"{"name":"line\nbreak"}"#)),
        take.answers(404).body(NO_TENANT),
        full.answers(409),
        take.too_large(),
        restore.clone().after(&take).answers(200),
        restore.malformed(),
        restore.answers(404),
        restore.answers(404).case("tenant").body(NO_TENANT),
        restore.too_large(),
        list.clone().answers(200).case("none"),
        list.after(&take).answers(200),
        unknown_parameter("list_snapshots"),
        unknown_tenant("list_snapshots"),
        day_one.clone().after(&take).answers(200),
        day_one
            .answers(400)
            .case("parameter")
            .query("tenannt=mock-app")
            .shared("a query parameter that the operation does not have"),
        day_one.answers(404),
        create
            .clone()
            .after(&take)
            .answers(201)
            .case("snapshot")
            .body(Body::Json(
                r#"{"snapshot":{"name":"day one","tenant":"mock-app"}}"#,
            )),
        create
            .answers(404)
            .body(Body::Json(r#"{"snapshot":{"name":"day one"}}"#)),
        create
            .answers(400)
            .case("snapshot")
            .body(Body::Json(r#"{"seed":{},"snapshot":{"name":"day one"}}"#)),
    ]
}
