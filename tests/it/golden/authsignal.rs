//! The golden exchanges of Authsignal: every operation with every documented status, and the answers that differ within
//! one status.

use serde_json::json;

use super::{flows, whole};
use crate::exchange::{Body, Exchange, call};
use crate::world::{Signer, Stage, World};

const API: &str = "authsignal";
const SMS: Body = Body::Json(r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#);
const EMAIL: Body = Body::Json(r#"{"verificationMethod":"EMAIL_OTP","email":"alice@example.com"}"#);
const PASSKEY: Body = Body::Json(
    r#"{"verificationMethod":"PASSKEY","credentialId":"Y3JlZGVudGlhbC0x","credentialPublicKey":"cHVibGljLWtleS0x","name":"Alice's phone"}"#,
);
const ATTRIBUTES: Body = Body::Json(
    r#"{"email":"alice@example.com","emailVerified":true,"phoneNumber":"9876543210","username":"alice","displayName":"Alice","locale":"en","custom":{"age":41,"vip":true,"tags":["a","b"]}}"#,
);
const KEY_1: Body = Body::Json(r#"{"idempotencyKey":"key-1"}"#);

fn by_tenant(operation: &'static str, body: Body) -> Exchange {
    call(API, operation, Stage::Start, Signer::Tenant, body)
}

fn control(operation: &'static str, body: Body) -> Exchange {
    call(
        "mock-control",
        operation,
        Stage::Start,
        Signer::Nobody,
        body,
    )
    .answers(200)
}

/// A body of members that were answered before, and of fixed ones.
fn kept(world: &World, name: &str) -> serde_json::Value {
    world.kept(name).into()
}

pub(super) fn exchanges() -> Vec<Exchange> {
    [
        users(),
        authenticators(),
        terminals(),
        actions(),
        validation(),
        challenges(),
        calls(),
        sessions(),
        flows::of_server(),
        devices_and_tenant(),
    ]
    .concat()
}

fn users() -> Vec<Exchange> {
    let get = by_tenant("get_user", Body::None);
    let update = by_tenant("update_user", ATTRIBUTES);
    let updated = update.answers(200);
    let enrolled = by_tenant("enroll_verified_authenticator", SMS).answers(200);
    let delete = by_tenant("delete_user", Body::None);
    let mut all = whole(
        &get,
        [
            get.answers(200).case("unknown"),
            get.answers(200).after(&updated).after(&enrolled),
            get.answers(200).case("enrolled").after(&enrolled),
            get.answers(200)
                .case("deleted")
                .after(&updated)
                .after(&enrolled)
                .after(&delete.answers(200)),
            get.answers(200)
                .case("legacy_url")
                .query("redirectUrl=https%3A%2F%2Fexample.com%2Fback"),
            get.answers(401).case("secret").signer(Signer::Stranger),
            get.answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
        ],
    );
    for operation in ["update_user", "identify"] {
        let good = by_tenant(operation, ATTRIBUTES);
        all.extend(whole(
            &good,
            [
                good.answers(200),
                good.answers(200)
                    .case("some")
                    .after(&updated)
                    .body(Body::Json(r#"{"displayName":"Alice B."}"#)),
                good.answers(200).case("nothing").body(Body::Json(
                    r#"{"email":null,"unknown":1,"phone_number":"x"}"#,
                )),
                good.answers(400)
                    .case("wrong_type")
                    .body(Body::Json(r#"{"email":5}"#)),
                good.answers(400)
                    .case("method")
                    .body(Body::Json(r#"{"defaultVerificationMethod":"TELEPATHY"}"#)),
                good.answers(200)
                    .case("method_without_authenticators")
                    .body(Body::Json(r#"{"defaultVerificationMethod":"VERIFF"}"#)),
            ],
        ));
    }
    all.extend(whole(
        &delete,
        [
            delete.answers(200).after(&updated),
            delete.answers(200).case("unknown"),
            delete
                .answers(200)
                .case("with_actions")
                .query("actions=true")
                .after(&updated),
            delete.answers(400).case("flag").query("actions=maybe"),
        ],
    ));
    let query = by_tenant("query_users", Body::None).query("email=alice%40example.com");
    let other = updated.clone().path("userId", "bob");
    let id_token = "token=eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFsaWNlQGV4YW1wbGUuY29tIn0.";
    all.extend(whole(
        &query,
        [
            query.answers(200).after(&updated).after(&enrolled),
            query.answers(200).case("none"),
            query
                .answers(200)
                .case("page")
                .query("username=alice&limit=1")
                .after(&updated)
                .after(&other),
            query
                .answers(200)
                .case("last_page")
                .query("username=alice&limit=1&lastEvaluatedUserId=alice")
                .after(&updated)
                .after(&other),
            query
                .answers(200)
                .case("by_id_token")
                .query(id_token)
                .after(&updated),
            query.answers(400).case("no_filter").query(""),
            query
                .answers(400)
                .case("limit")
                .query("username=alice&limit=0"),
            query.answers(400).query("token=none"),
        ],
    ));
    all
}

fn terminals() -> Vec<Exchange> {
    let at_terminal = |operation, body| call(API, operation, Stage::Start, Signer::Terminal, body);
    let start = at_terminal("start_terminal_challenge", Body::None);
    let started = start.answers(200);
    let verify = at_terminal(
        "verify_terminal_challenge",
        Body::Made(
            |world| json!({"challengeId": world.kept("challengeId"), "code": world.kept("code")}),
        ),
    )
    .after(&started);
    let other_code =
        Body::Made(|world| json!({"challengeId": world.kept("challengeId"), "code": "000000"}));
    let sms = by_tenant("enroll_verified_authenticator", SMS).answers(200);
    let named = Body::Made(|world| json!({"challengeId": world.kept("challengeId")}));
    let claimed = by_tenant("track", named).answers(200);
    let succeed = control("challenge_succeed", Body::Json(r#"{"userId":"alice"}"#));
    let fail = control("challenge_fail", Body::Json(r#"{"userId":"alice"}"#));
    let mut all = whole(&start, [started]);
    all.extend(whole(
        &verify,
        [
            verify.answers(200),
            verify
                .answers(200)
                .case("claimed")
                .after(&sms)
                .after(&claimed),
            verify
                .answers(200)
                .case("verified")
                .after(&sms)
                .after(&claimed)
                .after(&succeed),
            verify
                .answers(200)
                .case("failed")
                .after(&sms)
                .after(&claimed)
                .after(&fail),
            verify.answers(404).case("code").body(other_code),
        ],
    ));
    all
}

fn authenticators() -> Vec<Exchange> {
    let enroll = by_tenant("enroll_verified_authenticator", SMS);
    let (sms, email) = (enroll.answers(200), enroll.answers(200).body(EMAIL));
    let passkey = enroll.answers(200).body(PASSKEY);
    let app = Body::Json(
        r#"{"verificationMethod":"AUTHENTICATOR_APP","otpUri":"otpauth://totp/Example:alice?secret=JBSWY3DPEHPK3PXP"}"#,
    );
    let mut all = whole(
        &enroll,
        [
            sms.clone(),
            email.clone().case("second").after(&sms),
            passkey.clone().case("passkey"),
            enroll.answers(200).case("app").body(app),
            enroll.answers(200).case("legacy_channel").body(Body::Json(
                r#"{"oobChannel":"SMS","phoneNumber":"+64270000000"}"#,
            )),
            enroll
                .answers(400)
                .case("no_number")
                .body(Body::Json(r#"{"verificationMethod":"SMS"}"#)),
            enroll
                .answers(400)
                .case("no_method")
                .body(Body::Json(r#"{"phoneNumber":"+64270000000"}"#)),
            enroll
                .answers(400)
                .case("method")
                .body(Body::Json(r#"{"verificationMethod":"PUSH"}"#)),
            enroll
                .answers(400)
                .case("credential_of_another")
                .after(&passkey)
                .path("userId", "bob")
                .body(PASSKEY),
        ],
    );
    let list = by_tenant("get_authenticators", Body::None);
    all.extend(whole(
        &list,
        [
            list.answers(200).case("none"),
            list.answers(200).after(&sms).after(&email).after(&passkey),
        ],
    ));
    let delete = by_tenant("delete_authenticator", Body::None).after(&sms);
    all.extend(whole(
        &delete,
        [
            delete.answers(200),
            delete.unknown("userAuthenticatorId"),
            delete.unknown("userId"),
        ],
    ));
    let batch = by_tenant(
        "batch_enroll_passkeys",
        Body::Json(
            r#"{"authenticators":[{"userId":"alice","verificationMethod":"PASSKEY","credentialId":"Y3JlZGVudGlhbC0x","credentialPublicKey":"cHVibGljLWtleS0x"},{"userId":"bob","verificationMethod":"PASSKEY","credentialId":"Y3JlZGVudGlhbC0y","credentialPublicKey":"cHVibGljLWtleS0y","name":"Bob's phone","transports":["internal"],"aaguid":"fbfc3007-154e-4ecc-8c0b-6e020557d7bd"}]}"#,
        ),
    );
    all.extend(whole(
        &batch,
        [
            batch.answers(200),
            batch
                .answers(200)
                .case("conflict")
                .after(&passkey.clone().path("userId", "carol")),
            batch
                .answers(400)
                .case("no_user")
                .body(Body::Json(
                    r#"{"authenticators":[{"verificationMethod":"PASSKEY","credentialId":"a","credentialPublicKey":"b"}]}"#,
                )),
        ],
    ));
    all
}

fn actions() -> Vec<Exchange> {
    let sms = by_tenant("enroll_verified_authenticator", SMS).answers(200);
    let track = by_tenant("track", KEY_1);
    let tracked = track.answers(200);
    let rules = control(
        "configure_authsignal",
        Body::Json(
            r#"{"rules":[{"ruleId":"rule-2","name":"Every action","priority":2,"outcome":"REVIEW","conditions":{"==":[1,1]}},{"ruleId":"rule-1","name":"Large","description":"Above 100","priority":1,"action":"signIn","outcome":"BLOCK","conditions":{">":[{"var":"custom.amount"},100]}}]}"#,
        ),
    );
    let large = Body::Json(r#"{"idempotencyKey":"key-1","custom":{"amount":101}}"#);
    let no_methods = control(
        "configure_authsignal",
        Body::Json(r#"{"verificationMethods":[]}"#),
    );
    let everything = Body::Json(
        r#"{"idempotencyKey":"key-1","redirectUrl":"https://example.com/back","redirectToSettings":false,"email":"alice@example.com","phoneNumber":"1234567890","username":"alice","ipAddress":"203.0.113.7","userAgent":"Browser/1.0","deviceId":"device-1","scope":"add:authenticators","custom":{"yourOwnCustomDecimal":100.0},"locale":"en","crypto":{"asset":"BTC","assetAmount":null},"actionCode":"signIn"}"#,
    );
    let mut all = whole(
        &track,
        [
            tracked.clone(),
            tracked.clone().case("enrolled").after(&sms),
            tracked.clone().case("again").after(&sms).after(&tracked),
            tracked.clone().case("blocked").after(&rules).body(large),
            tracked.clone().case("no_body").body(Body::None),
            tracked.clone().case("null").body(Body::Json("null")),
            tracked.clone().case("empty").body(Body::Json("{}")),
            tracked.clone().case("everything").body(everything),
            track
                .answers(400)
                .case("action")
                .path("action", "sign%20in"),
            track
                .answers(400)
                .case("no_authenticators")
                .after(&no_methods),
            track
                .answers(400)
                .case("challenge")
                .body(Body::Json(r#"{"challengeId":"no-such-challenge"}"#)),
            track
                .answers(400)
                .case("wrong_type")
                .body(Body::Json(r#"{"custom":[]}"#)),
        ],
    );

    let succeed = control("challenge_succeed", Body::Json(r#"{"userId":"alice"}"#));
    let fail = control("challenge_fail", Body::Json(r#"{"userId":"alice"}"#));
    let get = by_tenant("get_action", Body::None)
        .after(&sms)
        .after(&tracked);
    all.extend(whole(
        &get,
        [
            get.answers(200),
            get.answers(200).case("succeeded").after(&succeed),
            get.answers(200).case("failed").after(&fail),
            by_tenant("get_action", Body::None)
                .answers(200)
                .case("rules")
                .after(&rules)
                .after(&tracked.clone().body(large)),
            get.unknown("idempotencyKey"),
            get.unknown("userId"),
        ],
    ));
    let update = by_tenant(
        "update_action",
        Body::Json(r#"{"state":"REVIEW_REQUIRED"}"#),
    )
    .after(&sms)
    .after(&tracked);
    all.extend(whole(
        &update,
        [
            update.answers(200),
            update
                .answers(400)
                .case("state")
                .body(Body::Json(r#"{"state":"CHALLENGE"}"#)),
            update
                .answers(400)
                .case("no_state")
                .body(Body::Json(r#"{"state":null}"#)),
            update.unknown("idempotencyKey"),
        ],
    ));
    let query = by_tenant("query_user_actions", Body::None);
    let pay = track.answers(200).path("action", "pay").body(Body::Json(
        r#"{"idempotencyKey":"key-2","userAgent":"Browser/1.0","ipAddress":"203.0.113.7"}"#,
    ));
    let some = query.answers(200).after(&sms).after(&tracked).after(&pay);
    all.extend(whole(
        &query,
        [
            query.answers(200).case("none"),
            some.clone().after(&succeed),
            some.clone().case("codes").query("codes=signIn,other"),
            some.case("state").query("state=BLOCK"),
            query.answers(400).case("date").query("fromDate=yesterday"),
            query.answers(400).case("state").query("state=CHALLENGE"),
        ],
    ));
    all
}

fn validation() -> Vec<Exchange> {
    let sms = by_tenant("enroll_verified_authenticator", SMS).answers(200);
    let tracked = by_tenant("track", KEY_1).answers(200);
    let succeed = control("challenge_succeed", Body::Json(r#"{"userId":"alice"}"#));
    let fail = control("challenge_fail", Body::Json(r#"{"userId":"alice"}"#));
    let token = Body::Made(|world| json!({"token": kept(world, "token")}));
    let validate = by_tenant("validate_challenge", token)
        .after(&sms)
        .after(&tracked);
    whole(
        &validate,
        [
            validate.answers(200).case("required"),
            validate.answers(200).after(&succeed),
            validate.answers(200).case("failed").after(&fail),
            validate
                .answers(200)
                .case("of_user_and_action")
                .after(&succeed)
                .body(Body::Made(|world| {
                    json!({"token": kept(world, "token"), "userId": "alice", "action": "signIn"})
                })),
            validate
                .answers(200)
                .case("null_members")
                .after(&succeed)
                .body(Body::Made(|world| {
                    json!({"token": kept(world, "token"), "userId": null, "action": null})
                })),
            validate
                .answers(200)
                .case("user")
                .after(&succeed)
                .body(Body::Made(|world| {
                    json!({"token": kept(world, "token"), "userId": "bob"})
                })),
            validate
                .answers(200)
                .case("action")
                .after(&succeed)
                .body(Body::Made(|world| {
                    json!({"token": kept(world, "token"), "action": "pay"})
                })),
            validate
                .answers(200)
                .case("legacy_action_code")
                .after(&succeed)
                .body(Body::Made(|world| {
                    json!({"token": kept(world, "token"), "actionCode": "pay"})
                })),
            validate
                .answers(200)
                .case("expired")
                .after(&succeed)
                .later(10 * 60),
            validate
                .answers(200)
                .case("garbage")
                .body(Body::Json(r#"{"token":"garbage"}"#)),
            validate
                .answers(400)
                .case("no_token")
                .body(Body::Json(r#"{"token":null}"#)),
        ],
    )
}

fn challenges() -> Vec<Exchange> {
    const TO_SMS: Body = Body::Json(
        r#"{"verificationMethod":"SMS","action":"signIn","phoneNumber":"+64270000000"}"#,
    );
    const TO_EMAIL: Body = Body::Json(
        r#"{"verificationMethod":"EMAIL_OTP","action":"signIn","email":"alice@example.com","userId":"alice","idempotencyKey":"key-1"}"#,
    );
    let again = Body::Made(|world| json!({"challengeId": kept(world, "challengeId")}));
    let challenge = by_tenant("challenge", TO_SMS);
    let (to_sms, to_email) = (
        challenge.answers(200),
        challenge.answers(200).body(TO_EMAIL),
    );
    let mut seventh = challenge.answers(429).case("codes").code_limits();
    for _ in 0..6 {
        seventh = seventh.after(&to_sms);
    }
    let mut all = whole(
        &challenge,
        [
            to_sms.clone(),
            to_email.clone().case("email"),
            to_sms.clone().case("again").after(&to_sms).body(again),
            challenge.answers(400).case("no_method").body(Body::Json(
                r#"{"action":"signIn","phoneNumber":"+64270000000"}"#,
            )),
            challenge.answers(400).case("no_action").body(Body::Json(
                r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#,
            )),
            challenge.answers(400).case("no_number").body(Body::Json(
                r#"{"verificationMethod":"SMS","action":"signIn"}"#,
            )),
            challenge.answers(400).case("no_email").body(Body::Json(
                r#"{"verificationMethod":"EMAIL_OTP","action":"signIn"}"#,
            )),
            challenge.answers(400).case("method").body(Body::Json(
                r#"{"verificationMethod":"PASSKEY","action":"signIn"}"#,
            )),
            challenge
                .answers(404)
                .body(Body::Json(r#"{"challengeId":"no-such-challenge"}"#)),
            seventh,
        ],
    );

    let right = Body::Made(
        |world| json!({"challengeId": kept(world, "challengeId"), "verificationCode": world.code()}),
    );
    let wrong = Body::Made(
        |world| json!({"challengeId": kept(world, "challengeId"), "verificationCode": "wrong"}),
    );
    let verify = by_tenant("verify", right).after(&to_sms);
    let mut exhausted = verify.answers(200).case("too_many_attempts");
    for _ in 0..10 {
        exhausted = exhausted.after(&by_tenant("verify", wrong).answers(200));
    }
    all.extend(whole(
        &verify,
        [
            verify.answers(200),
            by_tenant("verify", right)
                .answers(200)
                .case("email")
                .after(&to_email),
            verify.answers(200).case("wrong").body(wrong),
            verify.answers(200).case("expired").later(10 * 60),
            exhausted,
            verify
                .answers(400)
                .case("no_code")
                .body(Body::Json(r#"{"challengeId":"no-such-challenge"}"#)),
            verify.answers(404).body(Body::Json(
                r#"{"challengeId":"no-such-challenge","verificationCode":"123456"}"#,
            )),
        ],
    ));

    let of_alice =
        Body::Made(|world| json!({"challengeId": kept(world, "challengeId"), "userId": "alice"}));
    let verified = by_tenant("verify", right).answers(200);
    let claim = by_tenant("claim_challenge", of_alice)
        .after(&to_email)
        .after(&verified);
    let unverified = by_tenant("claim_challenge", of_alice).after(&to_email);
    all.extend(whole(
        &claim,
        [
            claim.answers(200),
            unverified
                .answers(200)
                .case("unverified")
                .body(Body::Made(|world| {
                    json!({"challengeId": kept(world, "challengeId"), "userId": "alice", "skipVerificationCheck": true})
                })),
            unverified.answers(400).case("unverified"),
            claim.answers(400).case("of_another").body(Body::Made(
                |world| json!({"challengeId": kept(world, "challengeId"), "userId": "bob"}),
            )),
            claim.answers(404).body(Body::Json(
                r#"{"challengeId":"no-such-challenge","userId":"alice"}"#,
            )),
        ],
    ));

    let get = by_tenant("get_challenge", Body::None);
    let found = get.answers(200).after(&to_sms).after(&to_email);
    all.extend(whole(
        &get,
        [
            get.answers(200).case("none"),
            found.clone(),
            found
                .case("sms")
                .query("verificationMethod=SMS&action=signIn"),
            get.answers(400).query("verificationMethod=TELEPATHY"),
        ],
    ));

    let login = by_tenant(
        "login_with_email",
        Body::Json(r#"{"email":"alice@example.com","redirectUrl":"https://example.com/back"}"#),
    );
    all.extend(whole(
        &login,
        [
            login.answers(200),
            login.answers(200).case("no_body").body(Body::None),
            login.bad_escape("email"),
        ],
    ));
    let token = by_tenant("create_token", Body::Json(r#"{"userId":"alice"}"#));
    all.extend(whole(
        &token,
        [
            token.answers(200),
            token.answers(400).case("no_user").body(Body::Json("{}")),
        ],
    ));
    all
}

fn calls() -> Vec<Exchange> {
    let start = by_tenant(
        "start_call",
        Body::Json(
            r#"{"referenceId":"call-1","phoneNumber":"+6427123456","userId":"alice","username":"Alice","locale":"en-NZ","actionCode":"support"}"#,
        ),
    );
    let mut all = whole(
        &start,
        [
            start.answers(200),
            start.answers(200).case("email").body(Body::Json(
                r#"{"referenceId":"call-1","email":"alice@example.com"}"#,
            )),
            start.answers(200).case("local").body(Body::Json(
                r#"{"referenceId":"call-1","channel":"SMS","phoneNumber":"(503) 555-0100","country":"USA"}"#,
            )),
            start
                .answers(400)
                .case("no_address")
                .body(Body::Json(r#"{"referenceId":"call-1","channel":"SMS"}"#)),
        ],
    );
    let finish = by_tenant(
        "finish_call",
        Body::Json(
            r#"{"referenceId":"call-1","state":"CHALLENGE_SUCCEEDED","userId":"alice","payload":{"agent":"7"}}"#,
        ),
    );
    let started = start.answers(200);
    all.extend(whole(
        &finish.clone().after(&started),
        [
            finish.answers(200).after(&started),
            finish.answers(404),
            finish
                .answers(404)
                .case("of_another")
                .after(&started)
                .body(Body::Json(
                    r#"{"referenceId":"call-1","state":"CHALLENGE_FAILED","userId":"bob"}"#,
                )),
        ],
    ));
    all
}

fn sessions() -> Vec<Exchange> {
    let sms = by_tenant("enroll_verified_authenticator", SMS).answers(200);
    let tracked = by_tenant("track", KEY_1).answers(200);
    let succeed = control("challenge_succeed", Body::Json(r#"{"userId":"alice"}"#));
    let client = Body::Made(|world| json!({"clientId": "client-1", "token": kept(world, "token")}));
    let waiting = by_tenant("create_session", client)
        .after(&sms)
        .after(&tracked);
    let create = waiting.clone().after(&succeed);
    let mut all = whole(
        &create,
        [
            create.answers(200),
            waiting.answers(401).case("challenge_required"),
            create
                .answers(401)
                .case("garbage")
                .body(Body::Json(r#"{"clientId":"client-1","token":"garbage"}"#)),
            create.answers(401).case("expired").later(10 * 60),
            create.answers(401).case("action").body(Body::Made(
                |world| json!({"clientId": "client-1", "token": kept(world, "token"), "action": "pay"}),
            )),
            create
                .answers(400)
                .case("no_client")
                .body(Body::Json(r#"{"token":"garbage"}"#)),
        ],
    );

    let access = Body::Made(|world| json!({"accessToken": kept(world, "accessToken")}));
    let refresh_with = Body::Made(|world| json!({"refreshToken": kept(world, "refreshToken")}));
    let in_session = |operation, body| {
        by_tenant(operation, body)
            .after(&sms)
            .after(&tracked)
            .after(&succeed)
            .after(&by_tenant("create_session", client).answers(200))
    };
    let revoke = in_session("revoke_session", access);
    let revoked = by_tenant("revoke_session", access).answers(204);
    let validate = in_session("validate_session", access);
    all.extend(whole(
        &validate,
        [
            validate.answers(200),
            validate.answers(200).case("of_client").body(Body::Made(
                |world| json!({"accessToken": kept(world, "accessToken"), "clientIds": ["other", "client-1"]}),
            )),
            validate.answers(401).case("of_another_client").body(Body::Made(
                |world| json!({"accessToken": kept(world, "accessToken"), "clientIds": ["other"]}),
            )),
            validate.answers(401).case("revoked").after(&revoked),
            validate.answers(401).case("expired").later(15 * 60),
            validate
                .answers(401)
                .case("garbage")
                .body(Body::Json(r#"{"accessToken":"garbage"}"#)),
            validate
                .answers(400)
                .case("no_token")
                .body(Body::Json("{}")),
        ],
    ));
    let refresh = in_session("refresh_session", refresh_with);
    all.extend(whole(
        &refresh,
        [
            refresh.answers(200),
            refresh.answers(401).case("revoked").after(&revoked),
            refresh.answers(401).case("expired").later(30 * 24 * 3600),
            refresh
                .answers(401)
                .case("unknown")
                .body(Body::Json(r#"{"refreshToken":"unknown"}"#)),
        ],
    ));
    all.extend(whole(
        &revoke,
        [
            revoke.answers(204),
            revoke.answers(401).case("revoked").after(&revoked),
        ],
    ));
    let revoke_all = in_session("revoke_user_sessions", Body::Json(r#"{"userId":"alice"}"#));
    all.extend(whole(
        &revoke_all,
        [
            revoke_all.answers(204),
            revoke_all
                .answers(204)
                .case("unknown")
                .body(Body::Json(r#"{"userId":"nobody"}"#)),
        ],
    ));
    all
}

fn devices_and_tenant() -> Vec<Exchange> {
    let sms = by_tenant("enroll_verified_authenticator", SMS).answers(200);
    let seen = by_tenant(
        "track",
        Body::Json(r#"{"idempotencyKey":"key-1","deviceId":"device-1"}"#),
    )
    .answers(200);
    let succeed = control("challenge_succeed", Body::Json(r#"{"userId":"alice"}"#));
    let list = by_tenant("get_devices", Body::None);
    let mut all = whole(
        &list,
        [
            list.answers(200).case("none"),
            list.answers(200).after(&sms).after(&seen).after(&succeed),
        ],
    );
    let update = by_tenant(
        "update_device",
        Body::Json(r#"{"rememberedUntil":"2026-02-01T00:00:00.000Z"}"#),
    )
    .after(&seen);
    all.extend(whole(
        &update,
        [
            update.answers(200),
            update
                .answers(200)
                .case("forget")
                .after(&update.answers(200))
                .body(Body::Json(r#"{"rememberedUntil":null}"#)),
            update.answers(400).case("past").body(Body::Json(
                r#"{"rememberedUntil":"2026-01-01T00:00:00.000Z"}"#,
            )),
            update
                .answers(400)
                .case("date")
                .body(Body::Json(r#"{"rememberedUntil":"tomorrow"}"#)),
            update.unknown("deviceId"),
        ],
    ));
    let invalidate = by_tenant("invalidate_device", Body::None).after(&seen);
    all.extend(whole(
        &invalidate,
        [invalidate.answers(200), invalidate.unknown("deviceId")],
    ));
    let tenant = by_tenant("get_tenant_authenticators", Body::None);
    all.extend(whole(
        &tenant,
        [
            tenant.answers(200),
            tenant
                .answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
        ],
    ));
    let keys = call(API, "get_jwks", Stage::Start, Signer::Nobody, Body::None);
    all.extend(whole(&keys, [keys.answers(200), keys.unknown("tenantId")]));
    let discovery = call(
        API,
        "get_openid_configuration",
        Stage::Start,
        Signer::Nobody,
        Body::None,
    );
    all.extend(whole(
        &discovery,
        [discovery.answers(200), discovery.unknown("tenantId")],
    ));
    all
}

#[tokio::test]
async fn every_exchange_matches_its_spec_and_its_snapshot() {
    super::all_match(API, exchanges()).await;
}
