//! The golden exchanges of Authsignal's flows: those of the Server API, and the steps of the Client API.

use serde_json::json;

use super::whole;
use crate::exchange::{Body, Exchange, call};
use crate::world::{Signer, Stage};

const SMS: Body = Body::Json(r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#);
const START: Body = Body::Json(r#"{"actionCode":"sign-in","user":{"userId":"alice"}}"#);
const NOTHING: Body = Body::Json("{}");
const EMAIL: Body = Body::Json(r#"{"email":"alice@example.com"}"#);
const PHONE: Body = Body::Json(r#"{"phoneNumber":"+64270000000"}"#);
const WRONG_CODE: Body = Body::Json(r#"{"verificationCode":"wrong"}"#);
/// The code that was sent last.
const CODE: Body = Body::Made(|world| json!({"verificationCode": world.code()}));
const VERIFY: Body = Body::Made(
    |world| json!({"actionCode": "sign-in", "challengeToken": world.kept("challengeToken")}),
);
/// A flow of two steps: the user enrols an email address, and may enrol a number.
const TWO_STEPS: Body = Body::Json(
    r#"{"flows":[{"action":"sign-in","actionNodes":[
        {"nodeId":"email","nodeType":"ENROLLMENT","parentNodeIds":[],"methodConfigurations":{"EMAIL_OTP":{"isEnabled":true}},"childNodeId":"phone"},
        {"nodeId":"phone","nodeType":"ENROLLMENT","isOptional":true,"parentNodeIds":["email"],"methodConfigurations":{"SMS":{"isEnabled":true}},"childNodeId":"end"},
        {"nodeId":"end","nodeType":"COMPLETE","parentNodeIds":["phone"]}]}]}"#,
);
/// A flow that lets nobody through.
const BLOCKS: Body = Body::Json(
    r#"{"flows":[{"action":"sign-in","actionNodes":[{"nodeId":"end","nodeType":"BLOCK","parentNodeIds":[]}]}]}"#,
);

fn server(operation: &'static str, body: Body) -> Exchange {
    call("authsignal", operation, Stage::Start, Signer::Tenant, body)
}

fn step(operation: &'static str, body: Body) -> Exchange {
    call(
        "authsignal-client",
        operation,
        Stage::Start,
        Signer::Flow,
        body,
    )
}

fn configured(body: Body) -> Exchange {
    let (api, operation) = ("mock-control", "configure_authsignal");
    call(api, operation, Stage::Start, Signer::Nobody, body).answers(200)
}

fn enrolled() -> Exchange {
    server("enroll_verified_authenticator", SMS).answers(200)
}

fn started() -> Exchange {
    server("start_flow", START).answers(200)
}

pub(super) fn of_server() -> Vec<Exchange> {
    let start = server("start_flow", START);
    let with = |body| start.clone().body(body);
    let mut all = whole(
        &start,
        [
            start.answers(200),
            start.answers(200).case("enrolled").after(&enrolled()),
            with(Body::Json(
                r#"{"actionCode":"sign-in","user":{"email":"ada@example.com"},"clientId":"client-1",
                    "redirectUrl":"https://shop.example/back",
                    "attributes":{"deviceId":"d-1","ipAddress":"192.0.2.7","userAgent":"x","locale":"en","custom":{"tier":"gold"}}}"#,
            ))
            .answers(200)
            .case("everything"),
            with(Body::Json(r#"{"actionCode":"sign-in"}"#))
                .answers(200)
                .case("no_user"),
            start.answers(200).case("blocked").after(&configured(BLOCKS)),
            with(Body::Json(r#"{"actionCode":"no action"}"#))
                .answers(400)
                .case("action"),
            start
                .answers(400)
                .case("classic")
                .after(&configured(Body::Json(
                    r#"{"actions":[{"action":"sign-in","outcome":"CHALLENGE"}]}"#,
                ))),
            with(Body::Json(
                r#"{"actionCode":"sign-in","user":{"userId":"alice","email":"alice@example.com"}}"#,
            ))
            .answers(400)
            .case("two_names"),
            with(Body::Json(
                r#"{"actionCode":"sign-in","user":{"email":"alice"}}"#,
            ))
            .answers(400)
            .case("no_address"),
        ],
    );
    let waiting = server("verify_flow", VERIFY)
        .after(&enrolled())
        .after(&started());
    let passed = waiting
        .clone()
        .after(&step("challenge_flow_sms", NOTHING).answers(200))
        .after(&step("verify_flow_sms", CODE).answers(200));
    let for_client =
        Body::Json(r#"{"actionCode":"sign-in","user":{"userId":"alice"},"clientId":"client-1"}"#);
    let two_steps = server("verify_flow", VERIFY)
        .after(&configured(TWO_STEPS))
        .after(&server("start_flow", for_client).answers(200));
    all.extend(whole(
        &waiting,
        [
            waiting.answers(200).case("waiting"),
            passed.answers(200),
            // The second step is declined by that.
            two_steps
                .clone()
                .answers(200)
                .case("session")
                .after(&step("challenge_flow_email_otp", EMAIL).answers(200))
                .after(&step("verify_flow_email_otp", CODE).answers(200)),
            server("verify_flow", VERIFY)
                .answers(200)
                .case("failed")
                .after(&configured(BLOCKS))
                .after(&started()),
            waiting.answers(400).case("action").body(Body::Made(
                |world| json!({"actionCode": "pay", "challengeToken": world.kept("challengeToken")}),
            )),
            waiting.answers(401).case("expired").later(10 * 60),
            waiting
                .answers(401)
                .case("garbage")
                .body(Body::Json(
                    r#"{"actionCode":"sign-in","challengeToken":"garbage"}"#,
                )),
            server(
                "verify_flow",
                Body::Made(
                    |world| json!({"actionCode": "signIn", "challengeToken": world.kept("token")}),
                ),
            )
            .answers(401)
            .case("token_of_track")
            .after(&server("track", Body::None).answers(200)),
        ],
    ));
    all
}

pub(super) fn of_client() -> Vec<Exchange> {
    [
        emails(),
        phones("challenge_flow_sms", "verify_flow_sms"),
        phones("challenge_flow_whatsapp", "verify_flow_whatsapp"),
    ]
    .concat()
}

fn emails() -> Vec<Exchange> {
    let challenge = step("challenge_flow_email_otp", EMAIL).after(&started());
    let sent = step("challenge_flow_email_otp", EMAIL).answers(200);
    let mut too_often = challenge.answers(429).case("codes").code_limits();
    for _ in 0..12 {
        too_often = too_often.after(&sent);
    }
    let verifying = step("challenge_flow_email_otp", EMAIL)
        .after(&enrolled())
        .after(&started());
    let mut all = whole(
        &challenge,
        [
            challenge.answers(200),
            challenge.answers(200).case("limited").code_limits(),
            challenge
                .answers(200)
                .case("again")
                .after(&sent)
                .body(NOTHING),
            challenge.answers(400).case("no_email").body(NOTHING),
            challenge
                .answers(400)
                .case("no_address")
                .body(Body::Json(r#"{"email":"alice"}"#)),
            verifying.answers(400).case("not_offered").body(NOTHING),
            challenge.answers(401).case("expired").later(10 * 60),
            challenge.answers(401).case("secret").signer(Signer::Tenant),
            too_often,
        ],
    );
    let verify = step("verify_flow_email_otp", CODE)
        .after(&started())
        .after(&sent);
    let first = step("verify_flow_email_otp", CODE)
        .after(&configured(TWO_STEPS))
        .after(&started())
        .after(&sent);
    all.extend(whole(
        &verify,
        [
            verify.answers(200),
            first.answers(200).case("another_step"),
            verify.answers(400).case("wrong").body(WRONG_CODE),
            verify.answers(400).case("no_code").body(NOTHING),
            step("verify_flow_email_otp", WRONG_CODE)
                .answers(400)
                .case("not_challenged")
                .after(&started()),
            verify.answers(401).case("expired").later(10 * 60),
        ],
    ));
    all
}

fn phones(challenge: &'static str, verify: &'static str) -> Vec<Exchange> {
    let own = step(challenge, NOTHING)
        .after(&enrolled())
        .after(&started());
    let enrolling = step(challenge, PHONE).after(&started());
    let mut all = whole(
        &own,
        [
            own.answers(200),
            enrolling.answers(200).case("enrolling"),
            own.answers(400)
                .case("another")
                .body(Body::Json(r#"{"phoneNumber":"+64270000001"}"#)),
        ],
    );
    let good = step(verify, CODE)
        .after(&enrolled())
        .after(&started())
        .after(&step(challenge, NOTHING).answers(200));
    all.extend(whole(
        &good,
        [
            good.answers(200),
            good.answers(400).case("wrong").body(WRONG_CODE),
        ],
    ));
    all
}
