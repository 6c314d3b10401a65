//! The golden exchanges of webhooks, and of requests that depend on their receivers. Nobody listens at any target.

use super::{ALICE, Body, Exchange, Stage, control, vendor};

const EVERYTHING: Body = Body::Json(r#"{"webhooks":[{"url":"http://127.0.0.1:1/hook"}]}"#);
const TRIGGER: Body = Body::Json(r#"{"type":"authenticator.created","userId":"alice"}"#);

pub(super) fn exchanges() -> Vec<Exchange> {
    [configuration(), deliveries(), refused()].concat()
}

fn configuration() -> Vec<Exchange> {
    let configure = control(
        "configure_webhooks",
        Stage::Start,
        Body::Json(
            r#"{"webhooks":[{"url":"http://127.0.0.1:1/hook"},{"url":"http://localhost:1/logs","events":["action.log_created","challenge.log_created"]}],"verificationWebhooks":[{"action":"pay","url":"http://[::1]:1/verify"}],"secondSecret":"the next secret of the tenant"}"#,
        ),
    );
    vec![
        configure.answers(200),
        configure
            .answers(200)
            .case("nothing")
            .after(&configure.answers(200))
            .body(Body::Json("{}")),
        configure.malformed(),
        configure.answers(400).case("far").body(Body::Json(
            r#"{"webhooks":[{"url":"http://192.0.2.1/hook"}]}"#,
        )),
        configure.answers(400).case("scheme").body(Body::Json(
            r#"{"verificationWebhooks":[{"action":"pay","url":"ftp://127.0.0.1/verify"}]}"#,
        )),
        configure.answers(400).case("type").body(Body::Json(
            r#"{"webhooks":[{"url":"http://127.0.0.1:1/hook","events":["email.sent"]}]}"#,
        )),
        configure
            .answers(404)
            .body(Body::Json(r#"{"tenantId":"no-such-tenant"}"#))
            .shared("a tenant that does not exist"),
        configure.too_large(),
    ]
}

fn deliveries() -> Vec<Exchange> {
    let configured = control("configure_webhooks", Stage::Start, EVERYTHING).answers(200);
    let list = control("list_webhook_deliveries", Stage::Start, Body::None);
    let trigger = control("webhook_trigger", Stage::Start, TRIGGER).after(&configured);
    let triggered = control("webhook_trigger", Stage::Start, TRIGGER).answers(200);
    let enrolled = vendor(
        "enroll_verified_authenticator",
        r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#,
    );
    let number = Body::Json(r#"{"number":1}"#);
    let send = control("webhook_send", Stage::Start, number)
        .after(&configured)
        .after(&triggered);
    let mut all = vec![
        list.answers(200).case("none"),
        list.answers(200)
            .after(&configured)
            .after(&enrolled)
            .after(&triggered)
            .query("settled=true"),
        list.answers(200)
            .case("of_a_type")
            .after(&configured)
            .after(&enrolled)
            .query("settled=true&type=sms.created"),
        list.answers(400)
            .query("limit=0")
            .shared("a limit outside its range"),
        list.answers(400).case("type").query("type=email.sent"),
        list.answers(404)
            .query("tenant=no-such-tenant")
            .shared("a tenant that does not exist"),
        trigger.answers(200),
        trigger
            .answers(200)
            .case("log")
            .body(Body::Json(r#"{"type":"challenge.log_created"}"#)),
        trigger.malformed(),
        trigger
            .answers(400)
            .case("type")
            .body(Body::Json(r#"{"type":"email.sent"}"#)),
        trigger
            .answers(404)
            .body(Body::Json(
                r#"{"type":"email.created","tenantId":"no-such-tenant"}"#,
            ))
            .shared("a tenant that does not exist"),
        control("webhook_trigger", Stage::Start, TRIGGER).answers(409),
        trigger.too_large(),
        send.answers(200),
        send.malformed(),
        send.answers(404).body(Body::Json(r#"{"number":2}"#)),
        send.answers(404)
            .case("tenant")
            .body(Body::Json(r#"{"number":1,"tenantId":"no-such-tenant"}"#))
            .shared("a tenant that does not exist"),
        send.too_large(),
    ];
    all.push(
        send.answers(200)
            .case("tampered")
            .body(Body::Json(r#"{"number":1,"fault":"tampered"}"#)),
    );
    all
}

/// What a receiver that does not take an event keeps from happening.
fn refused() -> Vec<Exchange> {
    let configured = control("configure_webhooks", Stage::Start, EVERYTHING).answers(200);
    let silenced = control(
        "configure_webhooks",
        Stage::Start,
        Body::Json(
            r#"{"webhooks":[{"url":"http://127.0.0.1:1/hook","events":["action.verify"]}]}"#,
        ),
    )
    .answers(200);
    let challenge = r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000","action":"signIn","userId":"alice"}"#;
    let enrolled = vendor(
        "enroll_verified_authenticator",
        r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#,
    );
    let tracked = vendor("track", r#"{"idempotencyKey":"key-1"}"#);
    vec![
        vendor("challenge", challenge)
            .answers(400)
            .case("webhook")
            .after(&configured),
        control("challenge_succeed", Stage::Start, ALICE)
            .answers(409)
            .after(&silenced)
            .after(&enrolled)
            .after(&tracked),
    ]
}
