//! The golden exchanges of Authsignal's Client API: every operation with every documented status, and the answers that
//! differ within one status.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::{flows, whole};
use crate::exchange::{Body, Exchange, call};
use crate::world::{
    NOW, ORIGIN, Signer, Stage, World, app_public_key, app_signature, other_public_key,
};

const API: &str = "authsignal-client";
const EMAIL: Body = Body::Json(r#"{"email":"alice@example.com"}"#);
const PHONE: Body = Body::Json(r#"{"phoneNumber":"+64270000000"}"#);
const NOTHING: Body = Body::Json("{}");
const WRONG_CODE: Body = Body::Json(r#"{"verificationCode":"wrong"}"#);
/// The code that was sent last.
const CODE: Body = Body::Made(|world| json!({"verificationCode": world.code()}));
/// What an authenticator app shows.
const TOTP: Body = Body::Made(|world| json!({"verificationCode": world.totp()}));
const CHALLENGE_ID: Body = Body::Made(|world| json!({"challengeId": kept(world, "challengeId")}));
const NO_CHALLENGE: Body = Body::Json(r#"{"challengeId":"no-such-challenge"}"#);

/// The public key of the app in the query: its text in base64 once more, as iOS and Android write it.
static BY_KEY: LazyLock<String> =
    LazyLock::new(|| format!("publicKey={}", URL_SAFE_NO_PAD.encode(app_public_key())));
static BY_KEY_OF_ANDROID: LazyLock<String> =
    LazyLock::new(|| format!("publicKey={}", STANDARD.encode(app_public_key())));
/// A key that nobody has added.
static BY_OTHER_KEY: LazyLock<String> =
    LazyLock::new(|| format!("publicKey={}", URL_SAFE_NO_PAD.encode(other_public_key())));
/// `no key`.
const BY_NO_KEY: &str = "publicKey=bm8ga2V5";

/// What only an early branch of the browser SDK asks for.
const FOR_PAYMENT: Body =
    Body::Json(r#"{"securePaymentConfirmation":true,"instrumentDisplayName":"Card of Alice"}"#);
/// What a browser has signed for a payment.
const PAID: Body = Body::Made(|world| {
    let mut credential = world.signed_in();
    let data = credential["response"]["clientDataJSON"].as_str();
    let data = URL_SAFE_NO_PAD.decode(data.unwrap()).unwrap();
    let data = String::from_utf8(data)
        .unwrap()
        .replace("webauthn.get", "payment.get");
    credential["response"]["clientDataJSON"] = URL_SAFE_NO_PAD.encode(data).into();
    json!({"authenticationCredential": credential, "challengeId": kept(world, "challengeId")})
});

fn kept(world: &World, name: &str) -> Value {
    world.kept(name).into()
}

fn by(signer: Signer, operation: &'static str, body: Body) -> Exchange {
    call(API, operation, Stage::Start, signer, body)
}

/// By the token of the action that was tracked.
fn by_user(operation: &'static str, body: Body) -> Exchange {
    by(Signer::Bearer, operation, body)
}

/// By the id of the tenant alone.
fn by_anyone(operation: &'static str, body: Body) -> Exchange {
    by(Signer::Anonymous, operation, body)
}

/// As `by_user`, from a page of the mock's own origin, for which passkeys are made.
fn on_page(operation: &'static str, body: Body) -> Exchange {
    by_user(operation, body).header("Origin", |_| ORIGIN.to_owned())
}

fn server(operation: &'static str, body: Body) -> Exchange {
    call("authsignal", operation, Stage::Start, Signer::Tenant, body).answers(200)
}

/// The action of the token in `by_user`.
fn tracked() -> Exchange {
    server("track", Body::Json(r#"{"idempotencyKey":"key-1"}"#))
}

/// As `tracked`, by an application that knows where the user can be reached.
fn tracked_with_address() -> Exchange {
    server(
        "track",
        Body::Json(
            r#"{"idempotencyKey":"key-1","email":"alice@example.com","phoneNumber":"+64270000000"}"#,
        ),
    )
}

/// As `tracked`, with texts that are no addresses.
fn tracked_with_no_address() -> Exchange {
    server(
        "track",
        Body::Json(r#"{"idempotencyKey":"key-1","email":"alice","phoneNumber":"0270000000"}"#),
    )
}

/// As `tracked`, with a token that may add authenticators.
fn tracked_to_add() -> Exchange {
    server(
        "track",
        Body::Json(
            r#"{"idempotencyKey":"key-1","scope":"read:authenticators add:authenticators"}"#,
        ),
    )
}

fn enrolled(body: &'static str) -> Exchange {
    server("enroll_verified_authenticator", Body::Json(body))
}

fn with_sms() -> Exchange {
    enrolled(r#"{"verificationMethod":"SMS","phoneNumber":"+64270000000"}"#)
}

fn with_email() -> Exchange {
    enrolled(r#"{"verificationMethod":"EMAIL_OTP","email":"alice@example.com"}"#)
}

fn with_magic_link() -> Exchange {
    enrolled(r#"{"verificationMethod":"EMAIL_MAGIC_LINK","email":"alice@example.com"}"#)
}

/// The requests of the way to an exchange, in order.
fn after(exchange: Exchange, way: &[Exchange]) -> Exchange {
    way.iter()
        .fold(exchange, |exchange, step| exchange.after(step))
}

pub(super) fn exchanges() -> Vec<Exchange> {
    [
        email_codes(),
        phone_codes(),
        apps_of_codes(),
        links(),
        passkeys(),
        anyones_passkeys(),
        security_keys(),
        push(),
        qr_codes(),
        setup(),
        credentials(),
        in_app(),
        flows::of_client(),
    ]
    .concat()
}

/// 401 for an expired token, and for text that is not a token.
fn bad_tokens(good: &Exchange) -> [Exchange; 2] {
    [
        good.answers(401).case("expired").later(10 * 60),
        good.answers(401).case("secret").signer(Signer::Tenant),
    ]
}

fn email_codes() -> Vec<Exchange> {
    let enroll = after(by_user("enroll_email_otp", EMAIL), &[tracked()]);
    let in_scope = after(
        by_user("enroll_email_otp", EMAIL),
        &[with_sms(), tracked_to_add()],
    );
    let forbidden = after(by_user("enroll_email_otp", EMAIL), &[with_sms(), tracked()]);
    let enrolling = by_user("enroll_email_otp", EMAIL).answers(200);
    let mut too_often = enroll.answers(429).case("codes").code_limits();
    for _ in 0..12 {
        too_often = too_often.after(&enrolling);
    }
    let mut all = whole(
        &enroll,
        [
            enroll.answers(200),
            in_scope.answers(200).case("another"),
            enroll.answers(400).case("no_email").body(NOTHING),
            enroll
                .answers(400)
                .case("no_address")
                .body(Body::Json(r#"{"email":"alice"}"#)),
            forbidden
                .answers(403)
                .shared("a token without the scope for it"),
            too_often,
        ],
    );
    all.extend(bad_tokens(&enroll));

    let challenge = after(
        by_user("challenge_email_otp", Body::None),
        &[with_email(), tracked()],
    );
    let no_such = Body::Json(r#"{"userAuthenticatorId":"no-such-authenticator"}"#);
    let this_one =
        Body::Made(|world| json!({"userAuthenticatorId": kept(world, "userAuthenticatorId")}));
    all.extend(whole(
        &challenge,
        [
            challenge.answers(200),
            challenge.answers(200).case("chosen").body(this_one),
            after(
                by_user("challenge_email_otp", NOTHING).answers(200),
                &[tracked(), enrolling.clone()],
            )
            .case("enrolling"),
            after(
                by_user("challenge_email_otp", NOTHING).answers(400),
                &[tracked()],
            )
            .case("not_enrolled"),
            after(
                by_user("challenge_email_otp", NOTHING).answers(200),
                &[tracked_with_address()],
            )
            .case("named_by_track"),
            after(
                by_user("challenge_email_otp", NOTHING).answers(400),
                &[tracked_with_no_address()],
            )
            .case("no_address"),
            challenge.answers(404).body(no_such),
        ],
    ));

    let sent = by_user("challenge_email_otp", NOTHING).answers(200);
    let verify = after(
        by_user("verify_email_otp", CODE),
        &[with_email(), tracked(), sent.clone()],
    );
    let mut exhausted = verify.answers(200).case("too_many_attempts").code_limits();
    for _ in 0..10 {
        exhausted = exhausted.after(&by_user("verify_email_otp", WRONG_CODE).answers(200));
    }
    all.extend(whole(
        &verify,
        [
            verify.answers(200),
            verify.answers(200).case("wrong").body(WRONG_CODE),
            after(
                by_user("verify_email_otp", CODE).answers(200),
                &[tracked(), enrolling],
            )
            .case("enrolled"),
            after(
                by_user("verify_email_otp", CODE).answers(200),
                &[tracked_with_address(), sent.clone()],
            )
            .case("named_by_track"),
            exhausted,
            verify.answers(400).case("no_code").body(NOTHING),
            after(
                by_user("verify_email_otp", WRONG_CODE).answers(400),
                &[with_email(), tracked()],
            )
            .case("not_challenged"),
        ],
    ));
    all
}

fn phone_codes() -> Vec<Exchange> {
    let enroll = after(by_user("enroll_sms", PHONE), &[tracked()]);
    let enrolling = by_user("enroll_sms", PHONE).answers(200);
    let mut all = whole(
        &enroll,
        [
            enroll.answers(200),
            enroll.answers(400).case("no_number").body(NOTHING),
            enroll
                .answers(400)
                .case("no_address")
                .body(Body::Json(r#"{"phoneNumber":"0270000000"}"#)),
            after(by_user("enroll_sms", PHONE), &[with_email(), tracked()])
                .answers(403)
                .shared("a token without the scope for it"),
        ],
    );
    for (challenge, verify) in [
        ("challenge_sms", "verify_sms"),
        ("challenge_whatsapp", "verify_whatsapp"),
    ] {
        let way = [with_sms(), tracked()];
        let good = after(by_user(challenge, Body::None), &way);
        all.extend(whole(
            &good,
            [
                good.answers(200),
                after(by_user(challenge, Body::None), &[tracked()])
                    .answers(400)
                    .case("not_enrolled"),
                after(by_user(challenge, Body::None), &[tracked_with_address()])
                    .answers(200)
                    .case("named_by_track"),
                after(by_user(challenge, Body::None), &[tracked_with_no_address()])
                    .answers(400)
                    .case("no_address"),
                after(
                    by_user(challenge, Body::None),
                    &[tracked(), enrolling.clone()],
                )
                .answers(200)
                .case("enrolling"),
            ],
        ));
        let sent = by_user(challenge, Body::None).answers(200);
        let good = after(by_user(verify, CODE), &way).after(&sent);
        all.extend(whole(
            &good,
            [
                good.answers(200),
                good.answers(200).case("wrong").body(WRONG_CODE),
                after(by_user(verify, CODE), &[tracked(), enrolling.clone(), sent])
                    .answers(200)
                    .case("enrolled"),
            ],
        ));
    }
    let by_whatsapp = Body::Json(r#"{"smsChannel":"WHATSAPP"}"#);
    all.push(
        after(
            by_user("challenge_sms", by_whatsapp),
            &[with_sms(), tracked()],
        )
        .answers(200)
        .case("channel"),
    );
    all
}

fn apps_of_codes() -> Vec<Exchange> {
    let enroll = after(by_user("enroll_totp", Body::None), &[tracked()]);
    let enrolling = by_user("enroll_totp", Body::None).answers(200);
    let mut all = whole(
        &enroll,
        [
            enroll.answers(200),
            enroll
                .answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
            after(by_user("enroll_totp", Body::None), &[with_sms(), tracked()])
                .answers(403)
                .shared("a token without the scope for it"),
        ],
    );
    let verify = after(by_user("verify_totp", TOTP), &[tracked(), enrolling]);
    let enrolled = by_user("verify_totp", TOTP).answers(200);
    all.extend(whole(
        &verify,
        [
            verify.answers(200).case("enrolled"),
            verify.answers(200).case("wrong").body(WRONG_CODE),
            verify.answers(200).case("again").after(&enrolled),
            verify.answers(200).after(&enrolled).later(30),
            after(by_user("verify_totp", WRONG_CODE), &[tracked()])
                .answers(400)
                .case("not_enrolled"),
        ],
    ));
    all
}

fn links() -> Vec<Exchange> {
    let enroll = after(by_user("enroll_email_magic_link", EMAIL), &[tracked()]);
    let enrolling = by_user("enroll_email_magic_link", EMAIL).answers(200);
    let mut all = whole(
        &enroll,
        [
            enroll.answers(200),
            enroll.answers(400).case("no_email").body(NOTHING),
            after(
                by_user("enroll_email_magic_link", EMAIL),
                &[with_sms(), tracked()],
            )
            .answers(403)
            .shared("a token without the scope for it"),
        ],
    );
    let way = [with_magic_link(), tracked()];
    let challenge = after(by_user("challenge_email_magic_link", Body::None), &way);
    all.extend(whole(
        &challenge,
        [
            challenge.answers(200),
            after(
                by_user("challenge_email_magic_link", Body::None),
                &[tracked()],
            )
            .answers(400)
            .case("not_enrolled"),
        ],
    ));
    let sent = by_user("challenge_email_magic_link", Body::None).answers(200);
    let finalize = after(by_user("finalize_email_magic_link", NOTHING), &way).after(&sent);
    all.extend(whole(
        &finalize,
        [
            finalize.answers(200).after_link(),
            finalize.answers(200).case("waiting"),
            finalize
                .answers(200)
                .case("waiting_by_id")
                .body(CHALLENGE_ID),
            after(
                by_user("finalize_email_magic_link", Body::None),
                &[tracked(), enrolling.clone()],
            )
            .answers(200)
            .case("enrolling"),
            after(
                by_user("finalize_email_magic_link", Body::None),
                &[tracked(), enrolling],
            )
            .answers(200)
            .after_link()
            .case("enrolled"),
            finalize
                .answers(404)
                .body(NO_CHALLENGE)
                .shared("a challenge that does not exist"),
        ],
    ));
    all
}

/// What a browser has made, for the challenge of the options.
const CREATED: Body = Body::Made(
    |world| json!({"registrationCredential": world.created(), "challengeId": kept(world, "challengeId")}),
);
/// What a browser has signed, for the challenge of the options.
const SIGNED_IN: Body = Body::Made(
    |world| json!({"authenticationCredential": world.signed_in(), "challengeId": kept(world, "challengeId")}),
);
/// As `CREATED`, for a challenge that was not asked for.
const FORGED: Body = Body::Made(|world| {
    let mut credential = world.created();
    let elsewhere = URL_SAFE_NO_PAD.encode(format!(
        r#"{{"type":"webauthn.create","challenge":"Zm9yZ2Vk","origin":"{ORIGIN}"}}"#
    ));
    credential["response"]["clientDataJSON"] = elsewhere.into();
    json!({"registrationCredential": credential, "challengeId": kept(world, "challengeId")})
});

/// Registers a passkey of alice.
fn with_passkey() -> [Exchange; 3] {
    [
        tracked(),
        on_page("passkey_registration_options", NOTHING).answers(200),
        on_page("enroll_passkey", CREATED).answers(200),
    ]
}

/// As `with_passkey`, with one that confirms payments; and the token of an action that pays.
fn paying(operation: &'static str) -> Exchange {
    let pays = Body::Json(
        r#"{"idempotencyKey":"key-1","custom":{"amount":12.5,"currency":"EUR","payeeName":"Shop","payeeOrigin":"https://shop.example"}}"#,
    );
    let enrolled = [
        server("track", pays),
        on_page("passkey_registration_options", FOR_PAYMENT).answers(200),
        on_page("enroll_passkey", CREATED).answers(200),
    ];
    after(on_page(operation, FOR_PAYMENT), &enrolled)
}

fn passkeys() -> Vec<Exchange> {
    let mut all = Vec::new();
    let names = Body::Json(
        r#"{"username":"alice@example.com","displayName":"Alice","authenticatorAttachment":null}"#,
    );
    for operation in [
        "passkey_registration_options",
        "passkey_registration_options_web",
    ] {
        let options = after(on_page(operation, NOTHING), &[tracked()]);
        all.extend(whole(
            &options,
            [
                options.answers(200),
                options.answers(200).case("named").body(names),
                options.answers(200).case("payment").body(FOR_PAYMENT),
                after(on_page(operation, NOTHING), &[with_sms(), tracked()])
                    .answers(403)
                    .shared("a token without the scope for it"),
            ],
        ));
    }
    all.push(
        after(
            on_page("passkey_registration_options", NOTHING),
            &with_passkey(),
        )
        .signer(Signer::Verified)
        .answers(200)
        .case("another"),
    );

    let asked = on_page("passkey_registration_options", NOTHING).answers(200);
    let enroll = after(
        on_page("enroll_passkey", CREATED),
        &[tracked(), asked.clone()],
    );
    all.extend(whole(
        &enroll,
        [
            enroll.answers(200),
            enroll.answers(400).case("forged").body(FORGED),
            enroll.answers(400).case("no_credential").body(CHALLENGE_ID),
            after(
                on_page("enroll_passkey", CREATED),
                &[tracked(), asked, with_sms()],
            )
            .answers(403).shared("a token without the scope for it"),
            enroll.answers(400).case("challenge").body(Body::Made(
                |world| json!({"registrationCredential": world.created(), "challengeId": "no-such-challenge"}),
            )),
        ],
    ));

    for operation in [
        "passkey_authentication_options",
        "passkey_authentication_options_web",
    ] {
        let options = after(on_page(operation, NOTHING), &with_passkey());
        let of_anyone = by_anyone(operation, NOTHING).header("Origin", |_| ORIGIN.to_owned());
        all.extend(whole(
            &options,
            [
                options.answers(200),
                paying(operation).answers(200).case("payment"),
                options.answers(404).case("payment").body(FOR_PAYMENT),
                of_anyone.answers(400).case("payment").body(FOR_PAYMENT),
                of_anyone.answers(200).case("anyone"),
                of_anyone
                    .answers(404)
                    .body(NO_CHALLENGE)
                    .shared("a challenge that does not exist"),
            ],
        ));
    }
    let asked = on_page("passkey_authentication_options", NOTHING).answers(200);
    let verify = after(on_page("verify_passkey", SIGNED_IN), &with_passkey()).after(&asked);
    let unknown = Body::Made(|world| {
        let mut credential = world.signed_in();
        credential["id"] = "bm8tc3VjaC1jcmVkZW50aWFs".into();
        credential["rawId"] = credential["id"].clone();
        json!({"authenticationCredential": credential, "challengeId": kept(world, "challengeId")})
    });
    let tampered = Body::Made(|world| {
        let mut credential = world.signed_in();
        let data = credential["response"]["authenticatorData"].as_str();
        let mut data = URL_SAFE_NO_PAD.decode(data.unwrap()).unwrap();
        // The signature counter.
        *data.last_mut().unwrap() ^= 1;
        credential["response"]["authenticatorData"] = URL_SAFE_NO_PAD.encode(data).into();
        json!({"authenticationCredential": credential, "challengeId": kept(world, "challengeId")})
    });
    all.extend(whole(
        &verify,
        [
            verify.answers(200),
            verify.answers(400).case("tampered").body(tampered),
            verify.answers(400).case("payment").body(PAID),
            verify.answers(404).body(unknown),
        ],
    ));
    all
}

/// Who is not known yet: the tenant's id is all there is.
fn anyones_passkeys() -> Vec<Exchange> {
    let on_page =
        |operation, body| by_anyone(operation, body).header("Origin", |_| ORIGIN.to_owned());
    let mut all = Vec::new();
    let action = Body::Json(r#"{"action":"signIn"}"#);
    for operation in ["start_challenge", "start_challenge_web"] {
        let start = on_page(operation, action);
        all.extend(whole(
            &start,
            [
                start.answers(200),
                start.answers(200).case("no_action").body(Body::None),
                after(by_user(operation, NOTHING), &[tracked()])
                    .answers(200)
                    .case("of_user"),
            ],
        ));
    }
    let way: Vec<Exchange> = with_passkey()
        .into_iter()
        .chain([
            on_page("start_challenge", action).answers(200),
            on_page("passkey_authentication_options", CHALLENGE_ID).answers(200),
        ])
        .collect();
    all.push(
        after(on_page("verify_passkey", SIGNED_IN), &way)
            .answers(200)
            .case("anyone"),
    );

    let find = after(
        by_anyone("get_passkey_authenticator", Body::None),
        &with_passkey(),
    )
    .query_of(|world| format!("credentialIds=bm8tc3VjaC1jcmVkZW50aWFs,{}", world.passkey()));
    all.extend(whole(
        &find,
        [
            find.answers(200),
            find.answers(200)
                .case("of_apps")
                .query_of(|world| format!("credentialId={}", world.passkey())),
            find.answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
            find.answers(404).case("no_id").query(""),
            find.answers(404)
                .query("credentialIds=bm8tc3VjaC1jcmVkZW50aWFs"),
        ],
    ));
    all
}

fn security_keys() -> Vec<Exchange> {
    let created = Body::Made(World::created);
    let signed_in = Body::Made(World::signed_in);
    let options = after(
        on_page("security_key_registration_options", Body::None),
        &[tracked()],
    );
    let mut all = whole(
        &options,
        [
            options.answers(200),
            options
                .answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
            after(
                on_page("security_key_registration_options", Body::None),
                &[with_sms(), tracked()],
            )
            .answers(403)
            .shared("a token without the scope for it"),
        ],
    );
    let asked = on_page("security_key_registration_options", NOTHING).answers(200);
    let enroll = after(
        on_page("enroll_security_key", created),
        &[tracked(), asked.clone()],
    );
    all.extend(whole(
        &enroll,
        [
            enroll.answers(200),
            after(
                on_page("enroll_security_key", created),
                &[tracked(), asked.clone(), with_sms()],
            )
            .answers(403)
            .shared("a token without the scope for it"),
        ],
    ));
    let way = [
        tracked(),
        asked,
        on_page("enroll_security_key", created).answers(200),
    ];
    let options = after(
        on_page("security_key_authentication_options", Body::None),
        &way,
    );
    all.extend(whole(
        &options,
        [
            options.answers(200),
            after(
                on_page("security_key_authentication_options", Body::None),
                &[tracked()],
            )
            .answers(400)
            .case("not_enrolled"),
        ],
    ));
    let asked = on_page("security_key_authentication_options", NOTHING).answers(200);
    let verify = after(on_page("verify_security_key", signed_in), &way).after(&asked);
    let unknown = Body::Made(|world| {
        let mut credential = world.signed_in();
        credential["id"] = "bm8tc3VjaC1jcmVkZW50aWFs".into();
        credential["rawId"] = credential["id"].clone();
        credential
    });
    all.extend(whole(
        &verify,
        [verify.answers(200), verify.answers(404).body(unknown)],
    ));
    all
}

/// A credential of an app; `{}` is the token for notifications, where there is one.
fn new_credential(_: &World) -> Value {
    json!({"publicKey": app_public_key(), "deviceName": "Alice's phone", "devicePlatform": "ios"})
}

fn add(operation: &'static str) -> Exchange {
    by_user(operation, Body::Made(new_credential))
}

/// Alice with an app, and an action of hers.
fn with_app(operation: &'static str) -> [Exchange; 2] {
    [tracked(), add(operation).answers(200)]
}

/// A challenge with the app's signature over its id, or over something else.
fn signed(challenge: &str, text: &str) -> Value {
    json!({"publicKey": app_public_key(), "challengeId": challenge, "signature": app_signature(text)})
}

fn signed_challenge(world: &World) -> Value {
    let challenge = world.kept("challengeId").unwrap();
    signed(challenge, challenge)
}

fn forged_challenge(world: &World) -> Value {
    signed(world.kept("challengeId").unwrap(), "something else")
}

fn lost_challenge(_: &World) -> Value {
    signed("no-such-challenge", "no-such-challenge")
}

/// The user's answer to a challenge.
fn answer(mut challenge: Value, approved: bool) -> Value {
    challenge["approved"] = approved.into();
    challenge
}

const SIGNED: Body = Body::Made(signed_challenge);
const FORGED_SIGNED: Body = Body::Made(forged_challenge);
const LOST_SIGNED: Body = Body::Made(lost_challenge);
const APPROVED: Body = Body::Made(|world| answer(signed_challenge(world), true));
const REFUSED: Body = Body::Made(|world| answer(signed_challenge(world), false));
const FORGED_ANSWER: Body = Body::Made(|world| answer(forged_challenge(world), true));
const LOST: Body = Body::Made(|world| answer(lost_challenge(world), true));

fn push() -> Vec<Exchange> {
    let pay = Body::Json(r#"{"action":"signIn"}"#);
    let way = with_app("add_push_credential");
    let challenge = after(by_user("challenge_push", pay), &way);
    let mut all = whole(
        &challenge,
        [
            challenge.answers(200),
            challenge.answers(400).case("no_action").body(NOTHING),
            after(by_user("challenge_push", pay), &[tracked()])
                .answers(400)
                .case("not_enrolled"),
            challenge.answers(404).body(Body::Json(
                r#"{"action":"signIn","userAuthenticatorId":"no-such-authenticator"}"#,
            )),
        ],
    );
    let sent = by_user("challenge_push", pay).answers(200);
    let verify = after(by_user("verify_push", CHALLENGE_ID), &way).after(&sent);
    let approve = by_anyone("answer_push_challenge", APPROVED);
    let refuse = by_anyone("answer_push_challenge", REFUSED);
    all.extend(whole(
        &verify,
        [
            verify.answers(200).case("waiting"),
            verify.answers(200).after(&approve.answers(200)),
            verify
                .answers(200)
                .case("refused")
                .after(&refuse.answers(200)),
            verify
                .answers(404)
                .body(NO_CHALLENGE)
                .shared("a challenge that does not exist"),
        ],
    ));
    let approve = after(approve, &way).after(&sent);
    all.extend(whole(
        &approve,
        [
            approve.answers(200),
            approve.answers(200).case("refused").body(REFUSED),
            approve
                .answers(400)
                .case("forged")
                .body(FORGED_ANSWER)
                .shared("a forged signature"),
            approve
                .answers(400)
                .case("answered")
                .after(&by_anyone("answer_push_challenge", REFUSED).answers(200)),
            approve
                .answers(404)
                .body(LOST)
                .shared("a challenge that does not exist"),
        ],
    ));

    let read = after(by_anyone("get_push_challenge", Body::None), &way).query(&BY_KEY);
    let waiting = read.clone().after(&sent);
    let signed = after(by_anyone("get_push_challenge", Body::None), &way)
        .query(&BY_KEY)
        .after(&sent)
        .after(
            &by_anyone("sign_push_challenge", Body::None)
                .query(&BY_KEY)
                .answers(200),
        );
    all.extend(whole(
        &read,
        [
            read.answers(200).case("none"),
            waiting.answers(200),
            signed
                .answers(200)
                .case("signed")
                .header("X-Authsignal-Signature", |world| {
                    app_signature(world.kept("message").unwrap())
                }),
            signed
                .answers(400)
                .case("forged")
                .header("X-Authsignal-Signature", |_| {
                    app_signature("something else")
                })
                .shared("a forged signature"),
            read.answers(400)
                .query(BY_NO_KEY)
                .shared("a public key of another form"),
            read.answers(404)
                .query(&BY_OTHER_KEY)
                .shared("a public key that no user has added"),
        ],
    ));
    let sign = after(by_anyone("sign_push_challenge", Body::None), &way).query(&BY_KEY);
    all.extend(whole(
        &sign,
        [
            sign.answers(200).case("none"),
            sign.answers(200).after(&sent),
            sign.answers(400).query("").shared("no public key"),
            sign.answers(404)
                .query(&BY_OTHER_KEY)
                .shared("a public key that no user has added"),
        ],
    ));

    let sign = after(by_anyone("sign_push_update", Body::None), &way).query(&BY_KEY);
    all.extend(whole(
        &sign,
        [
            sign.answers(200),
            sign.answers(400).query("").shared("no public key"),
            sign.answers(404)
                .query(&BY_OTHER_KEY)
                .shared("a public key that no user has added"),
        ],
    ));
    let asked = by_anyone("sign_push_update", Body::None)
        .query(&BY_KEY)
        .answers(200);
    let update = after(
        by_anyone(
            "update_push_credential",
            Body::Made(|world| {
                let challenge = world.kept("challengeId").unwrap();
                json!({
                    "publicKey": app_public_key(), "challengeId": challenge, "pushToken": "token-2",
                    "signature": app_signature(challenge), "resetExpiry": true,
                })
            }),
        ),
        &way,
    )
    .after(&asked);
    all.extend(whole(
        &update,
        [
            update.answers(200),
            update
                .answers(400)
                .case("forged")
                .body(FORGED_SIGNED)
                .shared("a forged signature"),
            update
                .answers(404)
                .body(LOST_SIGNED)
                .shared("a challenge that does not exist"),
        ],
    ));
    all
}

fn qr_codes() -> Vec<Exchange> {
    let pay = Body::Json(r#"{"action":"signIn","custom":{"amount":99.5}}"#);
    let challenge = by_anyone("challenge_qr_code", pay);
    let mut all = whole(
        &challenge,
        [
            challenge.answers(200),
            after(by_user("challenge_qr_code", pay), &[tracked()])
                .answers(200)
                .case("of_user"),
            challenge.answers(400).case("no_action").body(NOTHING),
        ],
    );
    let way: Vec<Exchange> = with_app("add_qr_code_credential")
        .into_iter()
        .chain([challenge.answers(200)])
        .collect();
    let code = Body::Made(
        |world| json!({"challengeId": kept(world, "challengeId"), "deviceCode": kept(world, "deviceCode")}),
    );
    let verify = after(by_anyone("verify_qr_code", code), &way);
    let claim = by_anyone("claim_qr_code_challenge", SIGNED).answers(200);
    let approve = by_anyone("answer_qr_code_challenge", APPROVED).answers(200);
    let refuse = by_anyone("answer_qr_code_challenge", REFUSED).answers(200);
    all.extend(whole(
        &verify,
        [
            verify.answers(200).case("unclaimed"),
            verify.answers(200).case("claimed").after(&claim),
            verify.answers(200).after(&claim).after(&approve),
            verify
                .answers(200)
                .case("refused")
                .after(&claim)
                .after(&refuse),
            verify.answers(404).case("code").body(Body::Made(
                |world| json!({"challengeId": kept(world, "challengeId"), "deviceCode": "wrong"}),
            )),
            verify
                .answers(404)
                .body(Body::Json(
                    r#"{"challengeId":"no-such-challenge","deviceCode":"wrong"}"#,
                ))
                .shared("a challenge that does not exist"),
        ],
    ));
    let good = after(by_anyone("claim_qr_code_challenge", SIGNED), &way);
    all.extend(whole(
        &good,
        [
            good.answers(200),
            good.answers(400)
                .case("forged")
                .body(FORGED_SIGNED)
                .shared("a forged signature"),
            good.answers(200).case("again").after(&claim),
            good.answers(404)
                .body(LOST_SIGNED)
                .shared("a challenge that does not exist"),
        ],
    ));
    let good = after(by_anyone("answer_qr_code_challenge", APPROVED), &way);
    let claimed = good.clone().after(&claim);
    all.extend(whole(
        &claimed,
        [
            claimed.answers(200),
            claimed.answers(200).case("refused").body(REFUSED),
            good.answers(400).case("unclaimed"),
            claimed
                .answers(400)
                .case("forged")
                .body(FORGED_ANSWER)
                .shared("a forged signature"),
            claimed
                .answers(404)
                .body(LOST)
                .shared("a challenge that does not exist"),
        ],
    ));
    all
}

fn setup() -> Vec<Exchange> {
    let list = after(
        by_user("get_user_authenticators", Body::None),
        &[with_sms(), with_email(), tracked()],
    );
    let mut all = whole(
        &list,
        [
            list.answers(200),
            after(by_user("get_user_authenticators", Body::None), &[tracked()])
                .answers(200)
                .case("none"),
            list.answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
        ],
    );
    let configured = after(
        by_user("get_authenticator_configurations", Body::None),
        &[tracked()],
    );
    all.extend(whole(
        &configured,
        [
            configured.answers(200),
            configured
                .answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
        ],
    ));
    let init = after(
        by_user("init", NOTHING),
        &[with_sms(), with_email(), tracked()],
    );
    all.extend(whole(
        &init,
        [
            init.answers(200),
            after(by_user("init", Body::None), &[tracked()])
                .answers(200)
                .case("not_enrolled"),
            init.answers(400)
                .case("host")
                .host("")
                .shared("a header Host that is no host"),
        ],
    ));
    all
}

fn credentials() -> Vec<Exchange> {
    let mut all = Vec::new();
    for (add_operation, get, remove) in [
        (
            "add_push_credential",
            "get_push_credential",
            "remove_push_credential",
        ),
        (
            "add_qr_code_credential",
            "get_qr_code_credential",
            "remove_qr_code_credential",
        ),
        (
            "add_in_app_credential",
            "get_in_app_credential",
            "remove_in_app_credential",
        ),
    ] {
        let good = after(add(add_operation), &[tracked()]);
        all.extend(whole(
            &good,
            [
                good.answers(200),
                good.answers(200).case("attested").body(Body::Made(|world| {
                    let mut body = new_credential(world);
                    body["pushToken"] = "token-1".into();
                    body["performAttestation"] =
                        json!({"provider": "APP_ATTEST", "token": "attestation-1", "keyId": "key-1"});
                    body
                })),
                good.answers(400).case("key").body(Body::Json(
                    r#"{"publicKey":"no key","deviceName":"Alice's phone","devicePlatform":"ios"}"#,
                )).shared("a public key of another form"),
                after(add(add_operation), &[with_sms(), tracked()]).answers(403).shared("a token without the scope for it"),
            ],
        ));
        let way = with_app(add_operation);
        let good = after(by_anyone(get, Body::None), &way).query(&BY_KEY);
        all.extend(whole(
            &good,
            [
                good.answers(200),
                good.answers(200).case("android").query(&BY_KEY_OF_ANDROID),
                good.answers(400).query("").shared("no public key"),
                good.answers(400)
                    .case("key")
                    .query(BY_NO_KEY)
                    .shared("a public key of another form"),
                good.answers(404)
                    .query(&BY_OTHER_KEY)
                    .shared("a public key that no user has added"),
            ],
        ));
        let by_time = Body::Made(|_| {
            let signature = app_signature(&(NOW / 600).to_string());
            json!({"publicKey": app_public_key(), "signature": signature})
        });
        let good = after(by_anyone(remove, by_time), &way);
        all.extend(whole(
            &good,
            [
                good.answers(200),
                good.answers(400).case("late").later(20 * 60),
                good.answers(404)
                    .after(&by_anyone(remove, by_time).answers(200)),
            ],
        ));
    }
    all
}

fn in_app() -> Vec<Exchange> {
    let way: Vec<Exchange> = with_app("add_in_app_credential")
        .into_iter()
        .chain([by_user("start_challenge", Body::Json(r#"{"action":"signIn"}"#)).answers(200)])
        .collect();
    let verify = after(by_anyone("verify_in_app", SIGNED), &way);
    whole(
        &verify,
        [
            verify.answers(200),
            verify.answers(200).case("of_user").signer(Signer::Bearer),
            verify
                .answers(400)
                .case("forged")
                .body(FORGED_SIGNED)
                .shared("a forged signature"),
            verify
                .answers(404)
                .body(LOST_SIGNED)
                .shared("a challenge that does not exist"),
        ],
    )
}

#[tokio::test]
async fn every_exchange_matches_its_spec_and_its_snapshot() {
    super::all_match(API, exchanges()).await;
}
