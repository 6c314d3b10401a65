//! The golden exchanges of software devices.

use serde_json::{Value, json};
use stepup_mock::SoftwareAuthenticator;

use super::{ALICE, Body, Exchange, NOBODY, Signer, Stage, call, control, vendor};
use crate::world::World;

const NO_TENANT: Body = Body::Json(r#"{"userId":"alice","tenantId":"no-such-tenant"}"#);
const ORIGIN: &str = "http://localhost:3000";

pub(super) fn exchanges() -> Vec<Exchange> {
    [ceremonies(), options(), push(), qr_codes(), totp()].concat()
}

fn device(operation: &'static str, body: Body) -> Exchange {
    control(operation, Stage::Start, body)
}

/// By the token of the action that was tracked.
fn page(operation: &'static str, body: &'static str) -> Exchange {
    let (api, signer) = ("authsignal-client", Signer::Bearer);
    call(api, operation, Stage::Start, signer, Body::Json(body)).answers(200)
}

fn tracked() -> Exchange {
    vendor("track", r#"{"idempotencyKey":"key-1"}"#)
}

fn ceremonies() -> Vec<Exchange> {
    let enroll = device("passkey_enroll", ALICE);
    let enrolled = enroll.answers(200);
    let by_sms = vendor(
        "enroll_verified_authenticator",
        r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#,
    );
    let approve = device("passkey_approve", ALICE)
        .after(&enrolled)
        .after(&tracked());
    vec![
        enrolled.clone(),
        enroll.answers(200).case("security_key").body(Body::Json(
            r#"{"userId":"alice","verificationMethod":"SECURITY_KEY","origin":"https://app.example.com","device":"a key"}"#,
        )),
        enroll
            .answers(200)
            .case("action")
            .after(&by_sms)
            .after(&tracked())
            .body(Body::Json(r#"{"userId":"alice","action":"signIn"}"#)),
        enroll.malformed(),
        enroll
            .answers(400)
            .case("origin")
            .body(Body::Json(r#"{"userId":"alice","origin":"nowhere"}"#)),
        enroll.answers(404).body(NO_TENANT).shared("a tenant that does not exist"),
        enroll
            .answers(404)
            .case("action")
            .body(Body::Json(r#"{"userId":"alice","action":"signIn"}"#)),
        enroll.answers(409).after(&enrolled),
        enroll.too_large(),
        approve.answers(200),
        approve.malformed(),
        approve.answers(404).body(NOBODY).shared("a user that does not exist"),
        approve
            .answers(409)
            .body(Body::Json(r#"{"userId":"alice","device":"another"}"#)),
        device("passkey_approve", ALICE)
            .answers(409)
            .case("no_passkey")
            .after(&by_sms)
            .after(&tracked()),
        approve.too_large(),
    ]
}

/// Creation options as the Client API gives them.
fn creation() -> Value {
    json!({
        "rp": {"id": "localhost", "name": "Example"},
        "user": {"id": "YWxpY2U", "name": "alice", "displayName": "Alice"},
        "challenge": "Y2hhbGxlbmdlLW9mLTE2Lg",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "preferred"},
        "attestation": "none",
    })
}

/// Request options that allow any discoverable credential.
fn request() -> Value {
    json!({"challenge": "Y2hhbGxlbmdlLW9mLTE2Lg", "rpId": "localhost"})
}

fn created(_: &World) -> Value {
    json!({"options": creation(), "origin": ORIGIN})
}

fn options() -> Vec<Exchange> {
    let create = device("passkey_create", Body::Made(created));
    let get = device(
        "passkey_get",
        Body::Made(|_| {
            let made = SoftwareAuthenticator::default().create(&creation(), ORIGIN);
            let id = made.expect("the options are good")["id"].clone();
            json!({"options": request(), "origin": ORIGIN, "credentialIds": [id]})
        }),
    );
    vec![
        create.answers(200),
        create.malformed(),
        create
            .answers(400)
            .case("options")
            .body(Body::Json(r#"{"options":{},"origin":"http://localhost"}"#)),
        create.answers(409).body(Body::Made(
            |_| json!({"options": creation(), "origin": "https://example.com"}),
        )),
        create.too_large(),
        get.answers(200),
        get.malformed(),
        get.answers(409).body(Body::Made(
            |_| json!({"options": request(), "origin": ORIGIN}),
        )),
        get.too_large(),
    ]
}

fn push() -> Vec<Exchange> {
    let register = device("push_register", ALICE);
    let registered = register.answers(200);
    let mut all = vec![
        registered.clone(),
        register.malformed(),
        register
            .answers(404)
            .body(NO_TENANT)
            .shared("a tenant that does not exist"),
        register.answers(409).after(&registered),
        register.too_large(),
    ];
    let named =
        Body::Made(|world| json!({"userId": "alice", "challengeId": world.kept("challengeId")}));
    let challenge = page("challenge_push", r#"{"action":"signIn"}"#);
    for operation in ["push_approve", "push_deny"] {
        let answer = device(operation, ALICE)
            .after(&registered)
            .after(&tracked())
            .after(&challenge);
        all.extend([
            answer.answers(200),
            answer.answers(200).case("named").body(named),
            answer.malformed(),
            answer
                .answers(404)
                .body(NO_TENANT)
                .shared("a tenant that does not exist"),
            answer.answers(404).case("challenge").body(Body::Json(
                r#"{"userId":"alice","challengeId":"no-such-challenge"}"#,
            )),
            answer.answers(409).body(NOBODY),
            device(operation, ALICE)
                .answers(409)
                .case("nothing_waits")
                .after(&registered),
            answer.too_large(),
        ]);
    }
    all
}

fn qr_codes() -> Vec<Exchange> {
    let read =
        Body::Made(|world| json!({"userId": "alice", "challengeId": world.kept("challengeId")}));
    let by_bob =
        Body::Made(|world| json!({"userId": "bob", "challengeId": world.kept("challengeId")}));
    let unknown = Body::Json(r#"{"userId":"alice","challengeId":"no-such-challenge"}"#);
    let challenge = page("challenge_qr_code", r#"{"action":"signIn"}"#);
    let mut all = Vec::new();
    for operation in ["qr_claim", "qr_approve", "qr_deny"] {
        let read = device(operation, read).after(&tracked()).after(&challenge);
        all.extend([
            read.answers(200),
            read.malformed(),
            read.answers(404).body(unknown),
            read.answers(409).body(by_bob),
            read.too_large(),
        ]);
    }
    all
}

fn totp() -> Vec<Exchange> {
    let told = device("get_totp", Body::None)
        .after(&tracked())
        .after(&page("enroll_totp", "{}"))
        .query("userId=alice");
    vec![
        told.answers(200),
        told.answers(400).query("tenant=x"),
        told.answers(404).query("userId=nobody"),
    ]
}
