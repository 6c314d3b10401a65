//! The golden exchanges of the mock's own control API.

mod desk;
mod devices;
mod export;
mod faults;
mod files;
mod inbox;
mod scenarios;
mod snapshots;
mod verification;
mod webhooks;

use serde_json::json;

use crate::exchange::{Body, Exchange, call};
use crate::world::{Signer, Stage};

const API: &str = "mock-control";
const ALICE: Body = Body::Json(r#"{"userId":"alice"}"#);
const NOBODY: Body = Body::Json(r#"{"userId":"nobody"}"#);

fn control(operation: &'static str, stage: Stage, body: Body) -> Exchange {
    call(API, operation, stage, Signer::Nobody, body)
}

/// A request of the application's server to Authsignal.
fn vendor(operation: &'static str, body: &'static str) -> Exchange {
    call(
        "authsignal",
        operation,
        Stage::Start,
        Signer::Tenant,
        Body::Json(body),
    )
    .answers(200)
}

pub(super) fn exchanges() -> Vec<Exchange> {
    [
        server(),
        tenants(),
        messages_and_journal(),
        inbox::exchanges(),
        verification::exchanges(),
        phone(),
        authsignal(),
        desk::exchanges(),
        devices::exchanges(),
        export::exchanges(),
        faults::exchanges(),
        scenarios::exchanges(),
        files::exchanges(),
        snapshots::exchanges(),
        webhooks::exchanges(),
    ]
    .concat()
}

fn server() -> Vec<Exchange> {
    let change = control(
        "change_clock",
        Stage::Start,
        Body::Json(r#"{"advanceSeconds":90}"#),
    );
    vec![
        control("get_health", Stage::Start, Body::None).answers(200),
        unknown_parameter("get_health"),
        control("list_limits", Stage::Start, Body::None).answers(200),
        unknown_parameter("list_limits"),
        control("reset", Stage::Active, Body::None).answers(200),
        control("reset", Stage::Active, Body::None)
            .answers(200)
            .case("tenant")
            .query("tenant=mock-app"),
        unknown_parameter("reset"),
        control("reset", Stage::Active, Body::None)
            .answers(400)
            .case("body")
            .body(Body::Json(r#"{"tenant":"mock-app"}"#)),
        unknown_tenant("reset"),
        control("get_clock", Stage::Start, Body::None).answers(200),
        control("get_clock", Stage::Start, Body::None)
            .answers(200)
            .case("tenant")
            .query("tenant=mock-app"),
        unknown_parameter("get_clock"),
        unknown_tenant("get_clock"),
        control("get_clock", Stage::Start, Body::None)
            .answers(200)
            .case("later")
            .after(&change.answers(200)),
        change.answers(200),
        change
            .answers(200)
            .case("freeze")
            .body(Body::Json(r#"{"freeze":true}"#)),
        change.answers(200).case("set").body(Body::Json(
            r#"{"tenant":"mock-app","time":"2024-02-29T23:59:59Z"}"#,
        )),
        change
            .answers(404)
            .body(Body::Json(r#"{"tenant":"no-such-tenant"}"#)),
        change.answers(400).case("both").body(Body::Json(
            r#"{"time":"2030-01-01T00:00:00Z","advanceSeconds":1}"#,
        )),
        change.malformed(),
        change
            .answers(400)
            .case("backwards")
            .body(Body::Json(r#"{"advanceSeconds":-1}"#)),
        change.too_large(),
        control("get_state", Stage::Start, Body::None).answers(200),
        control("get_state", Stage::Active, Body::None)
            .answers(200)
            .case("active"),
        unknown_parameter("get_state"),
        unknown_tenant("get_state"),
        unknown_parameter("list_tenants"),
        unknown_tenant("list_tenants"),
    ]
}

fn tenants() -> Vec<Exchange> {
    let create = control("create_tenant", Stage::Start, Body::None).answers(201);
    let seed = |seed| create.clone().body(Body::Json(seed));
    let delete = |tenant| {
        control("delete_tenant", Stage::Start, Body::None)
            .answers(200)
            .path("tenant", tenant)
    };
    vec![
        create.clone(),
        seed(r#"{"seed":{"authsignal":{"id":"bank","users":[{"userId":"ada","email":"ada@example.com"}]}}}"#)
            .case("seed"),
        seed(r#"{"seed":{"authsignal":{"secert":"x"}}}"#)
            .answers(400)
            .case("seed"),
        create.malformed(),
        seed(r#"{"name":"Test of Pay","ttlSeconds":600}"#).case("name"),
        seed(r#"{"name":" Pay"}"#).answers(400).case("name"),
        seed(r#"{"ttlSeconds":0}"#).answers(400).case("ttl"),
        seed(r#"{"seed":{"activeconnect":{"id":"mock-app"}}}"#).answers(409),
        create.too_large(),
        delete("mock-app"),
        delete("no-such-tenant").answers(404),
        delete("mock-app")
            .answers(400)
            .case("parameter")
            .query("tenannt=mock-app")
            .shared("a query parameter that the operation does not have"),
    ]
}

fn unknown_parameter(operation: &'static str) -> Exchange {
    control(operation, Stage::Start, Body::None)
        .answers(400)
        .case("parameter")
        .query("tenannt=mock-app")
        .shared("a query parameter that the operation does not have")
}

fn unknown_tenant(operation: &'static str) -> Exchange {
    control(operation, Stage::Start, Body::None)
        .answers(404)
        .query("tenant=no-such-tenant")
        .shared("a tenant that does not exist")
}

fn messages_and_journal() -> Vec<Exchange> {
    let sms = |body| {
        call(
            "activeconnect",
            "send_registration_sms",
            Stage::User,
            Signer::Application,
            body,
        )
        .answers(200)
    };
    let first = sms(Body::Json(r#"{"phone_number":"+15550100"}"#));
    let second = sms(Body::Json(
        r#"{"phone_number":"+15550101","message":"Hello"}"#,
    ));
    let messages = control("list_messages", Stage::User, Body::None);
    let journal = control("list_journal", Stage::Pending, Body::None);
    vec![
        messages.answers(200).case("none"),
        messages.answers(200).after(&first).after(&second),
        messages
            .answers(200)
            .case("to_one")
            .after(&first)
            .after(&second)
            .query("to=%2B15550100"),
        messages
            .answers(400)
            .query("limit=none")
            .shared("a limit outside its range"),
        journal.answers(200),
        journal.answers(200).case("newest").query("limit=1"),
        journal
            .answers(400)
            .query("limit=0")
            .shared("a limit outside its range"),
    ]
}

fn phone() -> Vec<Exchange> {
    let link = Body::Made(|world| json!({"link": world.link, "name": "Alice's phone"}));
    let unknown_link =
        Body::Json(r#"{"link":"http://mock.test:4750/register/mock-app/no-such-link"}"#);
    let no_link = Body::Json(r#"{"link":"hello"}"#);
    let register = control("phone_register", Stage::Link, link);
    let mut all = vec![
        register.answers(200),
        register.malformed(),
        register.answers(400).case("no_link").body(no_link),
        register.answers(404).body(unknown_link),
        register.answers(409).later(24 * 60 * 60),
        register.too_large(),
    ];
    // Where each action of the phone is possible, and where it is not.
    for (operation, possible, impossible) in [
        ("phone_approve", Stage::Pending, Stage::Device),
        ("phone_deny", Stage::Pending, Stage::Active),
        ("phone_fail", Stage::Pending, Stage::User),
        ("phone_walk_away", Stage::Active, Stage::Pending),
        ("phone_return", Stage::WalkedAway, Stage::Active),
        ("phone_expire", Stage::Pending, Stage::Closed),
    ] {
        let act = control(operation, possible, ALICE);
        all.extend([
            act.answers(200),
            act.malformed(),
            act.answers(404)
                .body(NOBODY)
                .shared("a user that does not exist"),
            act.answers(409).stage(impossible),
            act.too_large(),
        ]);
    }
    all.push(
        control("phone_expire", Stage::Active, ALICE)
            .answers(200)
            .case("active"),
    );
    all
}

fn authsignal() -> Vec<Exchange> {
    let vendor =
        |operation, body| call("authsignal", operation, Stage::Start, Signer::Tenant, body);
    let enrolled = vendor(
        "enroll_verified_authenticator",
        Body::Json(r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#),
    )
    .answers(200);
    let first = vendor("track", Body::Json(r#"{"idempotencyKey":"key-1"}"#)).answers(200);
    let second = first
        .clone()
        .path("action", "pay")
        .body(Body::Json(r#"{"idempotencyKey":"key-2"}"#));
    let mut all = Vec::new();
    for operation in ["challenge_succeed", "challenge_fail"] {
        let act = control(operation, Stage::Start, ALICE)
            .after(&enrolled)
            .after(&first)
            .after(&second);
        all.extend([
            act.answers(200).case("newest"),
            act.answers(200)
                .body(Body::Json(r#"{"userId":"alice","action":"signIn"}"#)),
            act.malformed(),
            act.answers(400).case("no_user").body(Body::Json("{}")),
            act.answers(404)
                .body(NOBODY)
                .shared("a user that does not exist"),
            act.answers(404)
                .case("action")
                .body(Body::Json(r#"{"userId":"alice","action":"other"}"#)),
            act.answers(404)
                .case("tenant")
                .body(Body::Json(
                    r#"{"userId":"alice","tenantId":"no-such-tenant"}"#,
                ))
                .shared("a tenant that does not exist"),
            act.too_large(),
        ]);
    }
    let rules = Body::Json(
        r#"{"defaultOutcome":"ALLOW","actions":[{"action":"pay","outcome":"CHALLENGE"}],"rules":[{"ruleId":"rule-2","name":"Second","priority":2,"outcome":"REVIEW","conditions":{"==":[1,1]}},{"ruleId":"rule-1","name":"First","priority":1,"action":"pay","outcome":"BLOCK","conditions":{">":[{"var":"custom.amount"},100]}}],"verificationMethods":["SMS","EMAIL_OTP"]}"#,
    );
    let configure = control("configure_authsignal", Stage::Start, rules);
    all.extend([
        configure.answers(200),
        configure
            .answers(200)
            .case("nothing")
            .body(Body::Json("{}")),
        configure.answers(200).case("clients").body(Body::Json(
            r#"{"clients":[{"clientId":"web","accessTokenSeconds":60,"refreshTokenSeconds":3600,"customClaims":{"plan":"custom.plan"}}]}"#,
        )),
        configure.answers(200).case("management").body(Body::Json(
            r#"{"verificationMethods":["SMS"],"management":{"authenticator-configurations/sms":{"authenticatorId":"sms","verificationMethod":"SMS","isActive":true,"smsProvider":"WEBHOOK","webhookUrl":"http://127.0.0.1:9/sms"}}}"#,
        )),
        configure.answers(400).case("management").body(Body::Json(
            r#"{"management":{"authenticator-configuration":[]}}"#,
        )),
        configure.answers(200).case("shown").body(Body::Json(
            r#"{"allowedCustomSmsVariables":["amount"],"allowedCustomEmailVariables":["amount","plan"],"credentialLifetimeInMinutes":1440}"#,
        )),
        configure.answers(400).case("client").body(Body::Json(
            r#"{"clients":[{"clientId":"web","customClaims":{"sub":"email"}}]}"#,
        )),
        configure.malformed(),
        configure
            .answers(400)
            .case("outcome")
            .body(Body::Json(r#"{"defaultOutcome":"REFUSE"}"#)),
        configure
            .answers(400)
            .case("method")
            .body(Body::Json(r#"{"verificationMethods":["TELEPATHY"]}"#)),
        configure
            .answers(400)
            .case("priority")
            .body(Body::Json(
                r#"{"rules":[{"ruleId":"a","name":"A","priority":1,"outcome":"BLOCK","conditions":{"==":[1,1]}},{"ruleId":"b","name":"B","priority":1,"outcome":"ALLOW","conditions":{"==":[1,1]}}]}"#,
            )),
        configure
            .answers(400)
            .case("conditions")
            .body(Body::Json(
                r#"{"rules":[{"ruleId":"a","name":"A","priority":1,"outcome":"BLOCK","conditions":{"guess":[1,1]}}]}"#,
            )),
        configure
            .answers(404)
            .body(Body::Json(r#"{"tenantId":"no-such-tenant"}"#)).shared("a tenant that does not exist"),
        configure.too_large(),
    ]);
    all
}

#[tokio::test]
async fn every_exchange_matches_its_spec_and_its_snapshot() {
    super::all_match(API, exchanges()).await;
}
