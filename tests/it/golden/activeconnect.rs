//! The golden exchanges of Activeconnect: every operation with every documented status, and the answers that differ
//! within one status.

use crate::exchange::{Body, Exchange, call};
use crate::world::{Signer, Stage, device_description};

const API: &str = "activeconnect";
const USERS: Body = Body::Json(r#"{"users":["alice","Bob@example.com"]}"#);
const SMS: Body = Body::Json(
    r#"{"phone_number":"+15550100","display_name":"Alice at Example","message":"REGISTER FOR MY APP"}"#,
);
const DEVICE: Body = Body::Made(|_| device_description("Alice's phone", "token-1"));

/// What every operation on a user answers with where the request is at fault.
fn refusals_for_a_user(good: &Exchange) -> [Exchange; 4] {
    [
        good.unsigned(),
        good.unknown_application(),
        good.unknown("user_id"),
        good.bad_escape("user_id"),
    ]
}

fn refusals_for_a_device(good: &Exchange) -> [Exchange; 3] {
    [
        good.unsigned(),
        good.unknown_application(),
        good.unknown("device_id"),
    ]
}

pub(super) fn exchanges() -> Vec<Exchange> {
    [management(), authentication(), phone()].concat()
}

fn management() -> Vec<Exchange> {
    let by_application =
        |operation, stage, body| call(API, operation, stage, Signer::Application, body);
    let mut all = Vec::new();

    let add = by_application("add_users", Stage::Start, USERS);
    all.extend([
        add.answers(201),
        add.answers(201).case("some_exist").stage(Stage::User),
        add.answers(200).case("all_exist").after(&add.answers(201)),
        add.answers(200)
            .case("refused")
            .body(Body::Json(r#"{"users":[]}"#)),
        add.malformed(),
        add.answers(400)
            .case("wrong_type")
            .body(Body::Json(r#"{"users":["alice",2]}"#)),
        add.answers(400)
            .case("empty_id")
            .body(Body::Json(r#"{"users":[""]}"#)),
        add.unsigned(),
        add.unknown_application(),
        add.too_large(),
    ]);

    let delete = by_application("delete_users", Stage::Device, USERS);
    all.extend([
        delete.answers(200),
        delete.malformed(),
        delete.unsigned(),
        delete.unknown_application(),
        delete.too_large(),
    ]);

    let link = by_application("device_registration_link", Stage::User, Body::None);
    all.extend([
        link.answers(200),
        link.answers(200)
            .case("named")
            .query("display_name=Alice+at+Example%21"),
    ]);
    all.extend(refusals_for_a_user(&link));

    let sms = by_application("send_registration_sms", Stage::User, SMS);
    all.extend([
        sms.answers(200),
        sms.answers(200)
            .case("refused")
            .body(Body::Json(r#"{"phone_number":"5550100"}"#)),
        sms.malformed(),
        sms.answers(400)
            .case("no_number")
            .body(Body::Json(r#"{"message":"x"}"#)),
        sms.too_large(),
    ]);
    all.extend(refusals_for_a_user(&sms));

    let has = by_application("has_registered_mobile_device", Stage::User, Body::None);
    all.extend([
        has.answers(200),
        has.answers(200).case("registered").stage(Stage::Device),
    ]);
    all.extend(refusals_for_a_user(&has));

    let lost = by_application("lost_user_mobile_device", Stage::Device, Body::None);
    all.push(lost.answers(200));
    all.extend(refusals_for_a_user(&lost));
    all
}

fn authentication() -> Vec<Exchange> {
    let mut all = Vec::new();

    let authenticate = call(
        API,
        "authenticate_user",
        Stage::Device,
        Signer::Application,
        Body::Json("{}"),
    );
    all.extend([
        authenticate.answers(202),
        authenticate.answers(202).case("no_body").body(Body::None),
        authenticate
            .answers(202)
            .case("methods")
            .query("methods=acceptance,facial"),
        authenticate
            .answers(202)
            .case("empty_methods")
            .query("methods="),
        authenticate
            .answers(202)
            .case("duration")
            .query("methods=acceptance&duration_seconds=90"),
        authenticate
            .answers(200)
            .case("no_device")
            .stage(Stage::User),
        authenticate
            .answers(400)
            .case("method")
            .query("methods=acceptance,telepathy"),
        authenticate
            .answers(400)
            .case("duration")
            .query("duration_seconds=True"),
    ]);
    all.extend(refusals_for_a_user(&authenticate));

    let status = call(
        API,
        "session_status",
        Stage::Pending,
        Signer::Session,
        Body::None,
    );
    all.extend([
        status.answers(200).case("pending"),
        status.answers(200).case("active").stage(Stage::Active),
        status
            .answers(200)
            .case("walkaway")
            .stage(Stage::WalkedAway),
        status.answers(200).case("closed").stage(Stage::Closed),
        status.answers(200).case("timeout").later(60),
        status.unsigned(),
        status.unknown_application(),
        status.unknown("session_token"),
        status.bad_escape("session_token"),
    ]);

    let logout = call(
        API,
        "session_logout",
        Stage::Active,
        Signer::Session,
        Body::None,
    );
    all.extend([
        logout.answers(200),
        logout.answers(200).case("by_phone").signer(Signer::Device),
        logout.answers(200).case("empty_json").body(Body::Json("")),
        logout.answers(200).case("over").stage(Stage::Closed),
        logout.unsigned(),
        logout.unknown_application(),
        logout.unknown("session_token"),
        logout.bad_escape("session_token"),
    ]);
    all
}

fn phone() -> Vec<Exchange> {
    let by_device = |operation, stage, body| call(API, operation, stage, Signer::Device, body);
    let mut all = Vec::new();

    let link = call(
        API,
        "device_registration_link",
        Stage::Device,
        Signer::Application,
        Body::None,
    )
    .answers(200);
    let register = call(API, "register_device", Stage::Link, Signer::Nobody, DEVICE);
    all.extend([
        register.answers(200).case("complete"),
        register
            .answers(200)
            .case("invalid_token")
            .path("registration_token", "no-such-link"),
        register
            .answers(200)
            .case("used_token")
            .stage(Stage::Device),
        register.answers(200).case("expired").later(24 * 60 * 60),
        // A link that was made while a device is there: the same device's, and another's.
        register
            .answers(200)
            .case("duplicate_device")
            .stage(Stage::Device)
            .after(&link),
        register
            .answers(200)
            .case("existing_device")
            .stage(Stage::Device)
            .after(&link)
            .body(Body::Made(|_| {
                device_description("Another phone", "token-2")
            })),
        register.malformed(),
        register
            .answers(400)
            .case("no_device")
            .body(Body::Json("{}")),
        register.unknown_application(),
        register.too_large(),
    ]);

    let update = by_device(
        "update_device",
        Stage::Device,
        Body::Made(|_| device_description("Another phone", "token-2")),
    );
    all.extend([update.answers(200), update.malformed(), update.too_large()]);
    all.extend(refusals_for_a_device(&update));

    let unregister = by_device("unregister_device", Stage::Device, Body::None);
    all.extend([unregister.answers(200), unregister.bad_escape("device_id")]);
    all.extend(refusals_for_a_device(&unregister));

    let train = by_device(
        "send_training_data",
        Stage::Device,
        Body::Json(r#"{"images":["aW1hZ2U="]}"#),
    );
    all.extend([train.answers(200), train.malformed(), train.too_large()]);
    all.extend(refusals_for_a_device(&train));

    let sessions = by_device("active_sessions", Stage::Active, Body::None);
    all.extend([
        sessions.answers(200),
        sessions.answers(200).case("none").stage(Stage::Pending),
        sessions.bad_escape("device_id"),
    ]);
    all.extend(refusals_for_a_device(&sessions));

    let requests = by_device("pending_requests", Stage::Pending, Body::None);
    all.extend([
        requests.answers(200),
        requests.answers(200).case("none").stage(Stage::Active),
        requests.bad_escape("device_id"),
    ]);
    all.extend(refusals_for_a_device(&requests));

    let start = by_device("start_identification", Stage::Pending, Body::None);
    all.extend([
        start.answers(200),
        start.answers(200).case("over").stage(Stage::Active),
        start.bad_escape("auth_request_id"),
        start.unsigned(),
        start.unknown_application(),
        start.unknown("auth_request_id"),
    ]);

    let accepted = Body::Json(
        r#"{"identification_data":{"cancelled":false,"acceptance":{"identified":true,"status":"ok"}}}"#,
    );
    let data = call(
        API,
        "send_identification_data",
        Stage::Pending,
        Signer::AuthRequest,
        accepted,
    );
    all.extend([
        data.answers(200).case("accepted"),
        data.answers(200)
            .case("cancelled")
            .body(Body::Json(r#"{"identification_data":{"cancelled":true}}"#)),
        data.answers(200)
            .case("part_missing")
            .body(Body::Json(r#"{"identification_data":{"cancelled":false}}"#)),
        data.answers(200).case("over").stage(Stage::Active),
        data.malformed(),
        data.unsigned(),
        data.unknown_application(),
        data.unknown("auth_request_id"),
        data.too_large(),
    ]);

    all
}

#[tokio::test]
async fn every_exchange_matches_its_spec_and_its_snapshot() {
    super::all_match(API, exchanges()).await;
}
