//! [`Authsignal`] against a double that answers as told.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use wiremock::matchers::{any, method, path_regex};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::super::{
    AuthsignalTerminal, CallChannel, CallState, FailureReason, SmsChannel, UserActionState,
    UserOfFlow, VerificationMethod,
};
use super::*;
use crate::transport::recording;
use crate::{CallOptions, RetryClass};
use http::Method;

/// Called by SDKs of old; `raw()` has them.
const OF_OLD_SDKS: [&str; 2] = ["login_with_email", "create_token"];

const AUTHORIZATION: &str = "Basic TUFSS0VELWFwaS1zZWNyZXQ6";

fn builder(server: &MockServer) -> AuthsignalBuilder {
    Authsignal::builder("MARKED-api-secret").api_url(format!("{}/v1", server.uri()))
}

fn client(server: &MockServer) -> Authsignal {
    builder(server).build().unwrap()
}

/// A server that gives every request the same answer.
async fn answering(status: u16, body: Value) -> MockServer {
    let template = ResponseTemplate::new(status).set_body_json(body);
    serving(template).await
}

async fn serving(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(template)
        .mount(&server)
        .await;
    server
}

fn sent(request: &Request) -> (String, Value) {
    let target = &request.url[url::Position::BeforePath..];
    let body = match request.body.as_slice() {
        [] => Value::Null,
        body => serde_json::from_slice(body).unwrap(),
    };
    (format!("{} {target}", request.method), body)
}

/// What one call sends, and what it makes of an answer.
async fn exchange<T>(
    answer: Value,
    call: impl AsyncFnOnce(Authsignal) -> Result<T>,
) -> (T, String, Value) {
    let server = answering(200, answer).await;
    let result = call(client(&server)).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let [request] = requests.as_slice() else {
        panic!("{} requests", requests.len());
    };
    assert_eq!(request.headers["authorization"], AUTHORIZATION);
    assert!(!request.headers.contains_key("api-version"));
    let (target, body) = sent(request);
    (result, target, body)
}

fn tracked() -> Value {
    json!({
        "state": "ALLOW", "idempotencyKey": "k", "url": "https://ui.example/?token=MARKED-url",
        "token": "MARKED-token", "isEnrolled": false,
    })
}

fn action() -> Value {
    json!({"state": "ALLOW", "createdAt": "t", "stateUpdatedAt": "t", "output": {}})
}

fn device() -> Value {
    json!({"userId": "u", "deviceId": "d", "createdAt": "t"})
}

fn milliseconds(since_1970: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(since_1970)
}

#[test]
fn the_client_can_be_shared_between_threads_and_made_without_a_runtime() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send>(_: T) {}
    let client = Authsignal::new("secret", Region::Us).unwrap();
    shared(&client);
    sent(client.get_user(String::from("u")));
    sent(client.track("u", "a", TrackAttributes::new()));
    sent(client.query_users(UserQuery::new()));
    sent(client.validate_challenge("t"));
    sent(client.user_pages(UserQuery::new()).next_page());
    sent(client.user_pages(UserQuery::new()).into_stream());
}

#[tokio::test]
async fn users_are_got_set_and_deleted() {
    let (user, target, body) = exchange(json!({"isEnrolled": true}), async |client| {
        client.get_user("auth0|a/b c").await
    })
    .await;
    assert!(user.is_enrolled);
    assert_eq!(
        (target.as_str(), body),
        ("GET /v1/users/auth0%7Ca%2Fb%20c", Value::Null)
    );

    let attributes = UserAttributes::new()
        .email("e")
        .email_verified(true)
        .phone_number("p")
        .phone_number_verified(false)
        .username("n")
        .display_name("d")
        .locale("en")
        .default_verification_method(VerificationMethod::Passkey)
        .custom("text", "t")
        .custom("number", 1.5)
        .custom("flag", true)
        .custom("list", vec!["a", "b"]);
    let expected = json!({
        "email": "e", "emailVerified": true, "phoneNumber": "p", "phoneNumberVerified": false,
        "username": "n", "displayName": "d", "locale": "en", "defaultVerificationMethod": "PASSKEY",
        "custom": {"text": "t", "number": 1.5, "flag": true, "list": ["a", "b"]},
    });
    let record = json!({"userId": "u", "custom": {"text": "t"}});
    let (user, target, body) = exchange(record.clone(), async |client| {
        client.update_user("u", attributes.clone()).await
    })
    .await;
    assert_eq!(user.custom("text"), Some(&json!("t")));
    assert_eq!((target.as_str(), &body), ("PATCH /v1/users/u", &expected));
    let (_, target, body) = exchange(record, async |client| {
        client.identify("u", attributes.clone()).await
    })
    .await;
    assert_eq!((target.as_str(), &body), ("POST /v1/users/u", &expected));

    let (_, target, _) = exchange(json!({"success": true}), async |client| {
        client.delete_user("u").await
    })
    .await;
    assert_eq!(target, "DELETE /v1/users/u");
    let (_, target, _) = exchange(json!({"success": true}), async |client| {
        client.delete_user_with_actions("u").await
    })
    .await;
    assert_eq!(target, "DELETE /v1/users/u?actions=true");
}

#[tokio::test]
async fn users_are_found_by_what_is_set() {
    let found = json!({"users": [
        {"userId": "u", "emailVerified": true, "phoneNumberVerified": false, "phoneNumber": null}
    ]});
    let (page, target, _) = exchange(found, async |client| {
        let query = UserQuery::new()
            .username("n&1")
            .email("e+1@example.com")
            .phone_number("+1")
            .token("t")
            .limit(7)
            .last_evaluated_user_id("v");
        client.query_users(query).await
    })
    .await;
    assert_eq!(page.users[0].user_id, "u");
    let (path, query) = target.split_once('?').unwrap();
    assert_eq!(path, "GET /v1/users");
    let query: BTreeSet<_> = query.split('&').collect();
    let expected = [
        "email=e%2B1%40example.com",
        "lastEvaluatedUserId=v",
        "limit=7",
        "phoneNumber=%2B1",
        "token=t",
        "username=n%261",
    ];
    assert_eq!(query, BTreeSet::from(expected));
}

#[tokio::test]
async fn the_end_of_the_last_page_can_be_kept() {
    let server = answering(200, json!({"users": [], "lastEvaluatedUserId": "u1"})).await;
    let mut pages = client(&server).user_pages(UserQuery::new().email("e"));
    assert_eq!(pages.last_evaluated_user_id(), None);
    pages.next_page().await.unwrap();
    assert_eq!(pages.last_evaluated_user_id(), Some("u1"));
}

#[tokio::test]
async fn authenticators_are_listed_enrolled_and_deleted() {
    let authenticator = json!({
        "userId": "u", "userAuthenticatorId": "a", "verificationMethod": "SMS", "createdAt": "t",
    });
    let (list, target, _) = exchange(json!([authenticator]), async |client| {
        client.get_authenticators("u").await
    })
    .await;
    assert_eq!(list[0].verification_method, VerificationMethod::Sms);
    assert_eq!(target, "GET /v1/users/u/authenticators");

    let answer = json!({"authenticator": authenticator, "recoveryCodes": ["MARKED"]});
    for (enrolled, expected) in [
        (
            VerifiedAuthenticator::sms("+1").is_default(true),
            json!({"verificationMethod": "SMS", "phoneNumber": "+1", "isDefault": true}),
        ),
        (
            VerifiedAuthenticator::whatsapp("+1"),
            json!({"verificationMethod": "WHATSAPP", "phoneNumber": "+1"}),
        ),
        (
            VerifiedAuthenticator::email_otp("e"),
            json!({"verificationMethod": "EMAIL_OTP", "email": "e"}),
        ),
        (
            VerifiedAuthenticator::email_magic_link("e"),
            json!({"verificationMethod": "EMAIL_MAGIC_LINK", "email": "e"}),
        ),
        (
            VerifiedAuthenticator::authenticator_app("otpauth://totp/x"),
            json!({"verificationMethod": "AUTHENTICATOR_APP", "otpUri": "otpauth://totp/x"}),
        ),
        (
            VerifiedAuthenticator::passkey("c", "k").name("n"),
            json!({
                "verificationMethod": "PASSKEY", "credentialId": "c", "credentialPublicKey": "k",
                "name": "n",
            }),
        ),
    ] {
        let (enrolled, target, body) = exchange(answer.clone(), async |client| {
            client.enroll_verified_authenticator("u", enrolled).await
        })
        .await;
        assert_eq!(enrolled.authenticator.user_authenticator_id, "a");
        assert_eq!(enrolled.recovery_codes[0].expose(), "MARKED");
        assert_eq!(
            (target.as_str(), body),
            ("POST /v1/users/u/authenticators", expected)
        );
    }

    let (_, target, _) = exchange(json!({"success": true}), async |client| {
        client.delete_authenticator("u", "a b").await
    })
    .await;
    assert_eq!(target, "DELETE /v1/users/u/authenticators/a%20b");

    let configuration =
        json!([{"authenticatorId": "a", "verificationMethod": "NEW", "isActive": true}]);
    let (list, target, _) = exchange(configuration, async |client| {
        client.get_tenant_authenticators().await
    })
    .await;
    assert!(list[0].is_active);
    assert_eq!(target, "GET /v1/authenticators");
}

#[tokio::test]
async fn passkeys_are_enrolled_in_one_batch() {
    let failure = json!({
        "userId": "u", "credentialId": "d", "errorCode": "conflict", "errorDescription": "taken",
    });
    let answer = json!({"total": 2, "succeeded": 1, "failed": 1, "failures": [failure]});
    let (result, target, body) = exchange(answer, async |client| {
        let first = Passkey::new("u", "c", "k")
            .name("n")
            .transport("usb")
            .transport("nfc")
            .aaguid("g");
        client
            .batch_enroll_passkeys([first, Passkey::new("u", "d", "l")])
            .await
    })
    .await;
    assert_eq!(result.failures[0].error_code, "conflict");
    assert_eq!(target, "POST /v1/users/authenticators");
    let expected = json!({"authenticators": [
        {
            "userId": "u", "verificationMethod": "PASSKEY", "credentialId": "c",
            "credentialPublicKey": "k", "name": "n", "transports": ["usb", "nfc"], "aaguid": "g",
        },
        {
            "userId": "u", "verificationMethod": "PASSKEY", "credentialId": "d",
            "credentialPublicKey": "l",
        },
    ]});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_action_is_tracked_with_all_that_is_known() {
    let (_, target, body) = exchange(tracked(), async |client| {
        let attributes = TrackAttributes::new()
            .idempotency_key("k")
            .redirect_url("r")
            .redirect_to_settings(true)
            .email("e")
            .phone_number("p")
            .username("n")
            .ip_address("i")
            .user_agent("a")
            .device_id("d")
            .scope("s")
            .challenge_id("c")
            .locale("l")
            .custom_domain("h")
            .custom("list", vec!["x"]);
        client.track("u", "sign In", attributes).await
    })
    .await;
    assert_eq!(target, "POST /v1/users/u/actions/sign%20In");
    let expected = json!({
        "idempotencyKey": "k", "redirectUrl": "r", "redirectToSettings": true, "email": "e",
        "phoneNumber": "p", "username": "n", "ipAddress": "i", "userAgent": "a", "deviceId": "d",
        "scope": "s", "challengeId": "c", "locale": "l", "customDomain": "h",
        "custom": {"list": ["x"]},
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn an_action_without_a_key_is_given_one_of_its_own() {
    let mut keys = BTreeSet::new();
    for _ in 0..2 {
        let (_, _, body) = exchange(tracked(), async |client| {
            client.track("u", "a", TrackAttributes::new()).await
        })
        .await;
        assert_eq!(body.as_object().unwrap().len(), 1);
        let key = uuid::Uuid::parse_str(body["idempotencyKey"].as_str().unwrap()).unwrap();
        assert_eq!(key.get_version_num(), 4);
        keys.insert(key);
    }
    assert_eq!(keys.len(), 2);
}

#[tokio::test]
async fn actions_are_got_set_and_listed() {
    let (found, target, _) = exchange(action(), async |client| {
        client.get_action("u/1", "signIn", "k|1").await
    })
    .await;
    assert!(!found.is_challenge_succeeded());
    assert_eq!(target, "GET /v1/users/u%2F1/actions/signIn/k%7C1");

    let (_, target, body) = exchange(action(), async |client| {
        client
            .update_action("u", "signIn", "k", UserActionState::ReviewFailed)
            .await
    })
    .await;
    assert_eq!(target, "PATCH /v1/users/u/actions/signIn/k");
    assert_eq!(body, json!({"state": "REVIEW_FAILED"}));
    let (_, _, body) = exchange(action(), async |client| {
        let attributes = ActionAttributes::new(UserActionState::Allow).custom("by", "ann");
        client.update_action("u", "signIn", "k", attributes).await
    })
    .await;
    assert_eq!(body, json!({"state": "ALLOW", "custom": {"by": "ann"}}));

    let listed = json!([
        {"actionCode": "a", "idempotencyKey": "k", "state": "ALLOW", "createdAt": "t"}
    ]);
    let (list, target, _) = exchange(listed, async |client| {
        let query = ActionQuery::new()
            .code("a")
            .code("b")
            .from_date(milliseconds(1_700_000_000_123))
            .state(UserActionState::Allow);
        client.query_user_actions("u", query).await
    })
    .await;
    assert_eq!(list[0].idempotency_key, "k");
    assert_eq!(
        target,
        "GET /v1/users/u/actions?codes=a%2Cb&fromDate=2023-11-14T22%3A13%3A20.123Z&state=ALLOW"
    );
    let (_, target, _) = exchange(json!([]), async |client| {
        client.query_user_actions("u", ActionQuery::new()).await
    })
    .await;
    assert_eq!(target, "GET /v1/users/u/actions");
}

#[tokio::test]
async fn a_token_is_validated_for_whomever_and_for_someone() {
    let answer = json!({"isValid": false, "error": "User is invalid."});
    let token = Secret::from("t");
    let (validated, target, body) = exchange(answer.clone(), async |client| {
        client.validate_challenge(&token).await
    })
    .await;
    assert!(!validated.is_valid);
    assert_eq!(validated.error.as_deref(), Some("User is invalid."));
    assert_eq!(
        (target.as_str(), body),
        ("POST /v1/validate", json!({"token": "t"}))
    );
    let (_, _, body) = exchange(answer, async |client| {
        let token = TokenToValidate::new("t").user_id("u").action("a");
        client.validate_challenge(token).await
    })
    .await;
    assert_eq!(body, json!({"token": "t", "userId": "u", "action": "a"}));
}

#[tokio::test]
async fn challenges_are_started_verified_claimed_and_found() {
    let answer = json!({"challengeId": "c", "expiresAt": 1_700_000_000});
    for (challenge, expected) in [
        (
            ChallengeToStart::sms("a", "+1")
                .idempotency_key("k")
                .user_id("u")
                .locale("l")
                .device_id("d")
                .ip_address("i")
                .user_agent("b")
                .scope("s")
                .sms_channel(SmsChannel::Default)
                .custom("n", 1),
            json!({
                "verificationMethod": "SMS", "action": "a", "phoneNumber": "+1",
                "idempotencyKey": "k", "userId": "u", "locale": "l", "deviceId": "d",
                "ipAddress": "i", "userAgent": "b", "scope": "s", "smsChannel": "DEFAULT",
                "custom": {"n": 1},
            }),
        ),
        (
            ChallengeToStart::whatsapp("a", "+1"),
            json!({"verificationMethod": "WHATSAPP", "action": "a", "phoneNumber": "+1"}),
        ),
        (
            ChallengeToStart::email_otp("a", "e"),
            json!({"verificationMethod": "EMAIL_OTP", "action": "a", "email": "e"}),
        ),
        (ChallengeToStart::again("c"), json!({"challengeId": "c"})),
    ] {
        let (started, target, body) = exchange(answer.clone(), async |client| {
            client.challenge(challenge).await
        })
        .await;
        assert_eq!(started.expires_at(), Some(milliseconds(1_700_000_000_000)));
        assert_eq!((target.as_str(), body), ("POST /v1/challenge", expected));
    }

    let answer = json!({"isVerified": false, "failureReason": "CODE_INVALID_OR_EXPIRED"});
    let (verified, target, body) =
        exchange(answer, async |client| client.verify("c", "123456").await).await;
    assert_eq!(
        verified.failure_reason,
        Some(FailureReason::CodeInvalidOrExpired)
    );
    assert_eq!(target, "POST /v1/verify");
    assert_eq!(
        body,
        json!({"challengeId": "c", "verificationCode": "123456"})
    );

    for (skip, expected) in [
        (false, json!({"challengeId": "c", "userId": "u"})),
        (
            true,
            json!({"challengeId": "c", "userId": "u", "skipVerificationCheck": true}),
        ),
    ] {
        let (claimed, target, body) = exchange(json!({"token": "MARKED"}), async |client| {
            let mut challenge = ChallengeToClaim::new("c", "u");
            if skip {
                challenge = challenge.skip_verification_check();
            }
            client.claim_challenge(challenge).await
        })
        .await;
        assert_eq!(
            format!("{claimed:?}"),
            "Claimed { token: Secret(..), verification_method: None }"
        );
        assert_eq!((target.as_str(), body), ("POST /v1/claim", expected));
    }

    let (started, target, body) = exchange(
        json!({"messageId": "m", "channel": "SMS"}),
        async |client| {
            let call = CallToStart::by_phone("r", "503 555 0100")
                .country("USA")
                .channel(CallChannel::Sms)
                .user_id("u")
                .username("Ada")
                .locale("en-NZ")
                .action_code("a");
            client.start_call(call).await
        },
    )
    .await;
    assert_eq!(started.message_id.as_deref(), Some("m"));
    assert_eq!(target, "POST /call/start");
    assert_eq!(
        body,
        json!({"referenceId": "r", "phoneNumber": "503 555 0100", "country": "USA", "channel": "SMS",
            "userId": "u", "username": "Ada", "locale": "en-NZ", "actionCode": "a"})
    );
    let (_, _, body) = exchange(json!({}), async |client| {
        client
            .start_call(CallToStart::by_email("r", "a@example.com"))
            .await
    })
    .await;
    let expected = json!({"referenceId": "r", "email": "a@example.com", "channel": "EMAIL"});
    assert_eq!(body, expected);
    let ((), target, body) = exchange(json!({"success": true}), async |client| {
        let ended = CallToFinish::new("r", CallState::ChallengeFailed).user_id("u");
        client.finish_call(ended).await
    })
    .await;
    assert_eq!(target, "POST /call/finish");
    let expected = json!({"referenceId": "r", "state": "CHALLENGE_FAILED", "userId": "u"});
    assert_eq!(body, expected);

    let (found, target, _) = exchange(json!({}), async |client| {
        let query = ChallengeQuery::new()
            .challenge_id("c")
            .user_id("u")
            .action("a")
            .verification_method(VerificationMethod::Sms);
        client.get_challenge(query).await
    })
    .await;
    assert_eq!(found.challenge_id, None);
    assert_eq!(
        target,
        "GET /v1/challenges?action=a&challengeId=c&userId=u&verificationMethod=SMS"
    );
}

#[tokio::test]
async fn sessions_are_created_validated_refreshed_and_revoked() {
    let tokens = json!({"accessToken": "MARKED-access", "refreshToken": "MARKED-refresh"});
    let (session, target, body) = exchange(tokens.clone(), async |client| {
        let session = SessionToCreate::new("c", "t").action("a");
        client.create_session(session).await
    })
    .await;
    assert!(!format!("{session:?}").contains("MARKED"));
    assert_eq!(target, "POST /v1/sessions");
    assert_eq!(body, json!({"clientId": "c", "token": "t", "action": "a"}));

    let answer = json!({"user": {"userId": "u"}, "expiresAt": 1_700_000_000});
    let (validated, target, body) = exchange(answer.clone(), async |client| {
        client.validate_session("a").await
    })
    .await;
    assert_eq!(validated.user.user_id, "u");
    assert_eq!(
        validated.expires_at(),
        Some(milliseconds(1_700_000_000_000))
    );
    assert_eq!(
        (target.as_str(), body),
        ("POST /v1/sessions/validate", json!({"accessToken": "a"}))
    );
    let (_, _, body) = exchange(answer, async |client| {
        let session = SessionToValidate::new("a").client_id("c").client_id("d");
        client.validate_session(session).await
    })
    .await;
    assert_eq!(body, json!({"accessToken": "a", "clientIds": ["c", "d"]}));

    let (_, target, body) = exchange(tokens, async |client| {
        client.refresh_session(&session.refresh_token).await
    })
    .await;
    assert_eq!(target, "POST /v1/sessions/refresh");
    assert_eq!(body, json!({"refreshToken": "MARKED-refresh"}));

    // 204 is documented for the first and assumed for the second; SDKs take every success.
    for status in [204, 200] {
        let server = serving(ResponseTemplate::new(status)).await;
        client(&server).revoke_session("a").await.unwrap();
        client(&server).revoke_user_sessions("u").await.unwrap();
        let requests = server.received_requests().await.unwrap();
        let sent: Vec<_> = requests.iter().map(sent).collect();
        let expected = [
            (
                "POST /v1/sessions/revoke".to_owned(),
                json!({"accessToken": "a"}),
            ),
            (
                "POST /v1/sessions/user/revoke".to_owned(),
                json!({"userId": "u"}),
            ),
        ];
        assert_eq!(sent, expected);
    }

    let key =
        json!({"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k", "n": "n", "e": "AQAB"});
    let (jwks, target, _) = exchange(json!({"keys": [key]}), async |client| {
        client.jwks("tenant").await
    })
    .await;
    assert_eq!(jwks.keys[0].kid.as_deref(), Some("k"));
    assert_eq!(target, "GET /v1/client/public/tenant/.well-known/jwks");

    let document = json!({
        "issuer": "i", "jwks_uri": "j", "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
    });
    let (document, target, _) = exchange(document, async |client| {
        client.openid_configuration("tenant").await
    })
    .await;
    assert_eq!((&*document.issuer, &*document.jwks_uri), ("i", "j"));
    let path = "GET /v1/client/public/tenant/.well-known/openid-configuration";
    assert_eq!(target, path);
}

#[tokio::test]
async fn devices_are_listed_remembered_forgotten_and_invalidated() {
    let (list, target, _) = exchange(json!([device()]), async |client| {
        client.get_devices("u").await
    })
    .await;
    assert_eq!(list[0].device_id, "d");
    assert_eq!(target, "GET /v1/users/u/devices");

    let time = milliseconds(1_700_000_000_000) + Duration::from_nanos(1_234_567);
    for (memory, expected) in [
        (
            DeviceMemory::RememberedUntil(time),
            json!({"rememberedUntil": "2023-11-14T22:13:20.001Z"}),
        ),
        (DeviceMemory::Forgotten, json!({"rememberedUntil": null})),
    ] {
        let (_, target, body) = exchange(device(), async |client| {
            client.update_device("u", "d", memory).await
        })
        .await;
        assert_eq!(
            (target.as_str(), body),
            ("PATCH /v1/users/u/devices/d", expected)
        );
    }

    let (_, target, body) = exchange(device(), async |client| {
        client.invalidate_device("u", "d").await
    })
    .await;
    assert_eq!(
        (target.as_str(), body),
        ("POST /v1/users/u/devices/d/invalidate", Value::Null)
    );
}

#[tokio::test]
async fn any_success_is_one_whatever_its_number() {
    let server = answering(201, tracked()).await;
    let client = client(&server);
    let tracked = client
        .track("u", "a", TrackAttributes::new())
        .await
        .unwrap();
    assert!(tracked.is_allowed());
    let error = client.get_action("u", "a", "k").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Decode, Some(201)));
    assert_eq!(error.operation(), Some("get_action"));
    assert!(!format!("{error} {error:?}").contains("MARKED"));

    let server = serving(ResponseTemplate::new(204)).await;
    self::client(&server).delete_user("u").await.unwrap();

    let server = answering(200, json!({"success": false})).await;
    let error = self::client(&server)
        .delete_authenticator("u", "a")
        .await
        .unwrap_err();
    assert_eq!(error.kind(), Kind::Rejected);
}

#[tokio::test]
async fn ids_that_cannot_be_addressed_are_refused_before_anything_is_sent() {
    let server = answering(200, json!({})).await;
    let client = client(&server);
    for id in ["", ".", "..", "a\0", "a\nb"] {
        let attributes = UserAttributes::new;
        let state = UserActionState::Allow;
        let sms = VerifiedAuthenticator::sms("+1");
        for result in [
            client.get_user(id).await.map(drop),
            client.update_user(id, attributes()).await.map(drop),
            client.identify(id, attributes()).await.map(drop),
            client.delete_user(id).await,
            client.delete_user_with_actions(id).await,
            client.get_authenticators(id).await.map(drop),
            client
                .enroll_verified_authenticator(id, sms)
                .await
                .map(drop),
            client.delete_authenticator(id, "a").await,
            client.delete_authenticator("u", id).await,
            client
                .track(id, "a", TrackAttributes::new())
                .await
                .map(drop),
            client
                .track("u", id, TrackAttributes::new())
                .await
                .map(drop),
            client.get_action(id, "a", "k").await.map(drop),
            client.get_action("u", id, "k").await.map(drop),
            client.get_action("u", "a", id).await.map(drop),
            client
                .update_action(id, "a", "k", state.clone())
                .await
                .map(drop),
            client
                .update_action("u", id, "k", state.clone())
                .await
                .map(drop),
            client.update_action("u", "a", id, state).await.map(drop),
            client
                .query_user_actions(id, ActionQuery::new())
                .await
                .map(drop),
            client
                .challenge(ChallengeToStart::sms(id, "+1"))
                .await
                .map(drop),
            client.get_devices(id).await.map(drop),
            client
                .update_device(id, "d", DeviceMemory::Forgotten)
                .await
                .map(drop),
            client
                .update_device("u", id, DeviceMemory::Forgotten)
                .await
                .map(drop),
            client.invalidate_device(id, "d").await.map(drop),
            client.invalidate_device("u", id).await.map(drop),
            client.jwks(id).await.map(drop),
            client.openid_configuration(id).await.map(drop),
        ] {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidInput, "{id:?}");
            assert!(error.operation().is_some());
            let rule = if id.is_empty() {
                " must not be empty"
            } else {
                " must not "
            };
            assert!(error.to_string().contains(rule), "{error}");
            assert!(
                std::error::Error::source(&error)
                    .unwrap()
                    .is::<crate::InvalidSegment>()
            );
        }
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn without_a_connection_the_error_names_server_and_cause() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let track = async |url: &str| {
        let builder = Authsignal::builder("MARKED-secret").api_url(url).retries(0);
        let client = builder.build().unwrap();
        let tracked = client.track("MARKED-user", "pay", TrackAttributes::new());
        tracked.await.unwrap_err()
    };
    let error = track(&format!("http://127.0.0.1:{port}/MARKED-path/v1")).await;
    let begin = format!("track: no connection to http://127.0.0.1:{port}: Connection refused");
    assert!(error.to_string().starts_with(&begin), "{error}");
    assert_eq!(error.server(), Some(&*format!("http://127.0.0.1:{port}")));
    assert!(!format!("{error} {error:?}").contains("MARKED"));

    #[cfg(feature = "rustls")]
    {
        let server = MockServer::start().await;
        let url = server.uri().replace("http://", "https://");
        let error = track(&url).await;
        let expected = format!(
            "track: no connection to {url}: the server does not speak TLS; is it http instead of https?"
        );
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn a_host_that_nobody_knows_is_named() {
    /// Knows no host.
    struct Unknown;

    impl reqwest::dns::Resolve for Unknown {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(async { Err("Name or service not known".into()) })
        }
    }

    let builder = Authsignal::builder("secret").api_url("http://stepup-mock:4750/v1");
    let builder = builder
        .http_builder(|http| http.no_proxy().dns_resolver(Unknown))
        .allow_plain_http()
        .retries(0);
    let error = builder.build().unwrap().get_user("u").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "get_user: no connection to http://stepup-mock:4750: the host is not known (Name or service not known)"
    );
}

#[tokio::test]
async fn arguments_that_cannot_be_sent_are_refused_by_name() {
    let server = answering(200, json!({})).await;
    let client = client(&server);
    let passkeys = |count| (0..count).map(|_| Passkey::new("u", "c", "k"));
    for (result, told) in [
        (
            client
                .identify("authenticators", UserAttributes::new())
                .await
                .map(drop),
            "identify: an argument is not acceptable: a user of this id is reached by `update_user` only",
        ),
        (
            client
                .query_users(UserQuery::new().limit(0))
                .await
                .map(drop),
            "query_users: an argument is not acceptable: the limit is zero",
        ),
        (
            client
                .batch_enroll_passkeys([Passkey::new("", "c", "k")])
                .await
                .map(drop),
            "batch_enroll_passkeys: an argument is not acceptable: a user id is empty",
        ),
        (
            client.batch_enroll_passkeys(passkeys(1001)).await.map(drop),
            "batch_enroll_passkeys: an argument is not acceptable: more than 1000 passkeys in one call",
        ),
        (
            client
                .track("u", "a", TrackAttributes::new().idempotency_key(""))
                .await
                .map(drop),
            "track: an argument is not acceptable: the idempotency key is empty",
        ),
        (
            client
                .challenge(ChallengeToStart::again("c").idempotency_key(""))
                .await
                .map(drop),
            "challenge: an argument is not acceptable: the idempotency key is empty",
        ),
        (
            client
                .query_user_actions("u", ActionQuery::new().code("a,b"))
                .await
                .map(drop),
            "query_user_actions: an argument is not acceptable: an action code holds a comma, which separates codes",
        ),
        (
            client
                .claim_challenge(ChallengeToClaim::new("c", ""))
                .await
                .map(drop),
            "claim_challenge: an argument is not acceptable: the user id is empty",
        ),
        (
            client
                .create_session(SessionToCreate::new("", "t"))
                .await
                .map(drop),
            "create_session: an argument is not acceptable: the client id is empty",
        ),
        (
            client.revoke_user_sessions("").await,
            "revoke_user_sessions: an argument is not acceptable: the user id is empty",
        ),
    ] {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.to_string().as_str()),
            (Kind::InvalidInput, told)
        );
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn hostile_ids_stay_one_segment_of_the_path() {
    let server = answering(200, json!({"isEnrolled": false})).await;
    for (id, sent) in [
        ("x\\..\\victim", "x%5C..%5Cvictim"),
        ("a/../b", "a%2F..%2Fb"),
        ("%2e%2e", "%252e%252e"),
        ("a+b:c?d#e", "a%2Bb%3Ac%3Fd%23e"),
        ("auth0|a/b c", "auth0%7Ca%2Fb%20c"),
        ("🙂", "%F0%9F%99%82"),
        ("...", "..."),
    ] {
        client(&server).get_user(id).await.unwrap();
        let received = server.received_requests().await.unwrap();
        let expected = format!("/v1/users/{sent}");
        assert_eq!(received.last().unwrap().url.path(), expected);
    }
}

#[tokio::test]
async fn an_error_answer_tells_kind_status_code_and_reason() {
    for (status, kind) in [
        (400, Kind::Rejected),
        (401, Kind::Unauthorized),
        (403, Kind::Unauthorized),
        (404, Kind::NotFound),
        (422, Kind::Rejected),
        (429, Kind::RateLimited),
        (500, Kind::Server),
    ] {
        for body in [
            json!({"error": "a_code", "errorCode": "a_code", "errorDescription": "Because."}),
            json!({"error": "a_code", "errorDescription": "Because."}),
            json!({"errorCode": "a_code", "errorDescription": "Because.", "statusCode": 1}),
            json!({"error": "a_code", "message": "Because."}),
        ] {
            let server = answering(status, body).await;
            let error = client(&server).verify("c", "1").await.unwrap_err();
            assert_eq!(
                (error.kind(), error.status(), error.code(), error.reason()),
                (kind, Some(status), Some("a_code"), Some("Because."))
            );
            assert_eq!((error.operation(), error.attempts()), (Some("verify"), 1));
        }
    }
    let server = answering(
        401,
        json!({"errorCode": "unauthorized", "errorDescription": "No."}),
    )
    .await;
    let error = client(&server).get_user("u").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "get_user: credentials or signature not accepted, status 401, code \"unauthorized\", reason \"No.\""
    );
}

#[tokio::test]
async fn calls_are_repeated_as_the_apis_description_says() {
    let server = serving(ResponseTemplate::new(503)).await;
    let client = client(&server);
    let sms = || VerifiedAuthenticator::sms("+1");
    let error = |result: Result<()>| result.unwrap_err();
    let errors = [
        error(client.get_user("u").await.map(drop)),
        error(
            client
                .update_user("u", UserAttributes::new())
                .await
                .map(drop),
        ),
        error(client.delete_user("u").await),
        error(client.validate_challenge("t").await.map(drop)),
        error(client.revoke_session("t").await),
        error(
            client
                .enroll_verified_authenticator("u", sms())
                .await
                .map(drop),
        ),
        error(
            client
                .challenge(ChallengeToStart::sms("a", "+1"))
                .await
                .map(drop),
        ),
        error(client.verify("c", "1").await.map(drop)),
        error(
            client
                .claim_challenge(ChallengeToClaim::new("c", "u"))
                .await
                .map(drop),
        ),
        error(
            client
                .create_session(SessionToCreate::new("c", "t"))
                .await
                .map(drop),
        ),
        error(client.refresh_session("t").await.map(drop)),
        error(
            client
                .track("u", "a", TrackAttributes::new())
                .await
                .map(drop),
        ),
    ];
    for error in errors {
        let operation = error.operation().unwrap();
        let declared = raw::operations::ALL
            .iter()
            .find(|declared| declared.id == operation)
            .unwrap();
        let expected = match declared.retry {
            RetryClass::Safe | RetryClass::Keyed => 3,
            RetryClass::Never => 1,
        };
        assert_eq!(error.attempts(), expected, "{operation}");
        assert_eq!(error.kind(), Kind::Server);
    }
}

#[tokio::test]
async fn the_generated_client_repeats_no_action_that_has_no_key() {
    let server = serving(ResponseTemplate::new(503)).await;
    let client = client(&server);
    // A key in the header alone is none that the vendor reads.
    let with_header = client.with(CallOptions::new().idempotency_key("order-1"));
    for client in [client, with_header] {
        let raw = client.raw().track().user_id("u").action("a").send().await;
        assert_eq!(Error::from(raw.unwrap_err()).kind(), Kind::Server);
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_takes_no_credentials_along() {
    let elsewhere = answering(200, json!({"isEnrolled": true})).await;
    let template = ResponseTemplate::new(307);
    let location = format!("{}/v1/users/u", elsewhere.uri());
    let server = serving(template.insert_header("location", location)).await;
    let follow =
        |http: reqwest::ClientBuilder| http.redirect(reqwest::redirect::Policy::limited(9));
    let client = builder(&server).http_builder(follow).build().unwrap();
    let error = client.get_user("u").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Redirect, Some(307)));
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[test]
fn every_operation_has_a_method_of_its_own_but_those_of_old_sdks() {
    let source = concat!(include_str!("../client.rs"), include_str!("../terminal.rs"));
    for operation in raw::operations::ALL {
        let called = source.contains(&format!("self.call(\"{}\")", operation.id));
        let old = OF_OLD_SDKS.contains(&operation.id);
        assert!(called != old, "{}", operation.id);
    }
}

#[tokio::test]
async fn no_secret_id_or_query_reaches_a_span_an_error_or_debug_output() {
    recording::start();
    let server = MockServer::start().await;
    let answer = |path: &str, status: u16, body: Value| {
        let template = ResponseTemplate::new(status)
            .set_body_json(body)
            .insert_header("set-cookie", "MARKED-cookie");
        Mock::given(path_regex(path.to_owned()))
            .respond_with(template)
            .mount(&server)
    };
    answer("/actions/a$", 200, tracked()).await;
    answer(
        "^/v1/users/MARKED$",
        503,
        json!({"MARKED": "MARKED", "user": {"message": "MARKED"}}),
    )
    .await;
    answer("/validate$", 200, json!({"isValid": "MARKED"})).await;
    answer("^/v1/users$", 400, json!(["MARKED"])).await;
    answer("/claim$", 200, json!({"token": "MARKED"})).await;
    answer(
        "/sessions$",
        200,
        json!({"accessToken": "MARKED", "refreshToken": "MARKED"}),
    )
    .await;

    let builder = builder(&server);
    let mut shown = format!("{builder:?}");
    let client = builder.build().unwrap();
    let attributes = TrackAttributes::new()
        .email("MARKED")
        .custom("MARKED", "MARKED");
    let challenge = ChallengeToClaim::new("MARKED", "MARKED");
    let session = SessionToCreate::new("MARKED", "MARKED");
    let query = UserQuery::new().email("MARKED").token("MARKED");
    shown += &format!("{client:?} {:?} {attributes:?} {challenge:?}", client.raw());
    shown += &format!(
        "{session:?} {query:?} {:?}",
        client.user_pages(query.clone())
    );
    shown += &format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        UserAttributes::new().phone_number("MARKED"),
        ActionAttributes::new(UserActionState::Allow).custom("a", "MARKED"),
        TokenToValidate::new("MARKED"),
        VerifiedAuthenticator::authenticator_app("MARKED"),
        Passkey::new("MARKED", "MARKED", "MARKED"),
        ChallengeToStart::sms("a", "MARKED"),
        SessionToValidate::new("MARKED"),
    );
    let tracked = client.track("MARKED", "a", attributes).await.unwrap();
    let claimed = client.claim_challenge(challenge).await.unwrap();
    let tokens = client.create_session(session).await.unwrap();
    shown += &format!("{tracked:?} {claimed:?} {tokens:?}");
    for error in [
        client.get_user("MARKED").await.unwrap_err(),
        client.validate_challenge("MARKED").await.unwrap_err(),
        client.query_users(query).await.unwrap_err(),
        client.verify("MARKED\n", "MARKED").await.unwrap_err(),
        Authsignal::builder("s")
            .api_url("http://a:MARKED@h")
            .build()
            .unwrap_err(),
    ] {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        shown += &format!("\n{error} {error:?} {source:?}");
    }

    let log = recording::finish();
    for expected in [
        "otel.name=\"track\"",
        "url.template=\"/v1/users/{userId}/actions/{action}\"",
        "stepup.operation=\"query_users\"",
        "http.response.status_code=503",
        "http.request.resend_count=2",
    ] {
        assert!(log.contains(expected), "{expected} is not in {log}");
    }
    for text in [&log, &shown] {
        assert!(!text.contains("MARKED"), "{text}");
    }
}

/// Every call of this client and of a terminal, with marked arguments.
async fn marked_calls(client: &Authsignal, terminal: &AuthsignalTerminal) -> Vec<Error> {
    let m = "MARKED";
    let user = || UserAttributes::new().email(m).custom(m, m);
    let key = || TrackAttributes::new().idempotency_key(m).email(m);
    let passkey = || Passkey::new(m, m, m);
    let state = UserActionState::Allow;
    let flow = FlowToStart::new(m).user(UserOfFlow::email(m));
    let call = CallToStart::by_phone(m, m).user_id(m);
    let ended = CallToFinish::new(m, CallState::ChallengeSucceeded).user_id(m);
    let session = SessionToCreate::new(m, m).action(m);
    let raw = client.send_raw(Method::POST, "/v1/MARKED?a=MARKED", json!({m: m}));
    let results = [
        client.get_user(m).await.map(drop),
        client
            .query_users(UserQuery::new().email(m).token(m))
            .await
            .map(drop),
        client.update_user(m, user()).await.map(drop),
        client.identify(m, user()).await.map(drop),
        client.delete_user(m).await,
        client.delete_user_with_actions(m).await,
        client.get_authenticators(m).await.map(drop),
        client
            .enroll_verified_authenticator(m, VerifiedAuthenticator::authenticator_app(m))
            .await
            .map(drop),
        client.delete_authenticator(m, m).await,
        client.batch_enroll_passkeys([passkey()]).await.map(drop),
        client.get_tenant_authenticators().await.map(drop),
        client.track(m, m, key()).await.map(drop),
        client.get_action(m, m, m).await.map(drop),
        client.update_action(m, m, m, state).await.map(drop),
        client
            .query_user_actions(m, ActionQuery::new().code(m))
            .await
            .map(drop),
        client
            .validate_challenge(TokenToValidate::new(m).user_id(m))
            .await
            .map(drop),
        client
            .challenge(ChallengeToStart::sms(m, m).idempotency_key(m))
            .await
            .map(drop),
        client.verify(m, m).await.map(drop),
        client
            .claim_challenge(ChallengeToClaim::new(m, m))
            .await
            .map(drop),
        client
            .get_challenge(ChallengeQuery::new().challenge_id(m))
            .await
            .map(drop),
        client.start_flow(flow).await.map(drop),
        client.verify_flow(m, m).await.map(drop),
        client.start_call(call).await.map(drop),
        client.finish_call(ended).await,
        client.create_session(session).await.map(drop),
        client
            .validate_session(SessionToValidate::new(m))
            .await
            .map(drop),
        client.refresh_session(m).await.map(drop),
        client.revoke_session(m).await,
        client.revoke_user_sessions(m).await,
        client.get_devices(m).await.map(drop),
        client
            .update_device(m, m, DeviceMemory::Forgotten)
            .await
            .map(drop),
        client.invalidate_device(m, m).await.map(drop),
        client.jwks(m).await.map(drop),
        client.openid_configuration(m).await.map(drop),
        terminal.start_challenge().await.map(drop),
        terminal.verify_challenge(m, m).await.map(drop),
        raw.await.map(drop),
    ];
    results.into_iter().filter_map(Result::err).collect()
}

#[tokio::test]
async fn no_argument_of_any_operation_reaches_a_log_an_error_or_a_metric() {
    recording::start();
    let told = std::sync::Arc::<std::sync::Mutex<String>>::default();
    let (mut shown, mut reached) = (String::new(), BTreeSet::new());
    // An answer that is refused, one that cannot be read, one that fails, and none.
    let refused = json!({"error": "invalid_request", "errorDescription": "It is refused."});
    for template in [
        ResponseTemplate::new(400).set_body_json(refused),
        ResponseTemplate::new(200).set_body_json(json!({"MARKED": "MARKED"})),
        ResponseTemplate::new(200).set_body_json(json!(["MARKED"])),
        ResponseTemplate::new(502).set_body_string("<html>MARKED</html>"),
        ResponseTemplate::new(302).insert_header("location", "http://127.0.0.1/MARKED"),
    ] {
        let server = serving(template.insert_header("set-cookie", "MARKED")).await;
        let kept = std::sync::Arc::clone(&told);
        let on_call =
            move |call: &crate::FinishedCall| *kept.lock().unwrap() += &format!("{call:?}\n");
        let terminal = builder(&server).retries(0).build_terminal().unwrap();
        let options = CallOptions::new()
            .retries(0)
            .header("x-marked", "MARKED")
            .idempotency_key("MARKED");
        let client = builder(&server).on_call(on_call).build().unwrap();
        let client = client.with(options);
        let errors = marked_calls(&client, &terminal.with(CallOptions::new())).await;
        let mut called = BTreeSet::new();
        for error in errors {
            called.extend(error.operation());
            let text = error.to_string();
            assert!(!text.contains(['\n', '\r']), "{text}");
            let source = std::error::Error::source(&error).map(ToString::to_string);
            shown += &format!("{text} {error:?} {source:?}\n");
        }
        shown += &format!("{client:?} {terminal:?} {:?}\n", client.raw());
        reached.append(&mut called);
    }
    for operation in raw::operations::ALL {
        let old = OF_OLD_SDKS.contains(&operation.id);
        assert!(old || reached.contains(operation.id), "{}", operation.id);
    }
    let log = recording::finish();
    let told = told.lock().unwrap();
    assert!(log.contains("stepup.operation=\"verify_flow\""));
    assert!(told.contains("verify_flow") && shown.contains("verify_flow"));
    for text in [&log, &shown, &*told] {
        let at = text.find("MARKED").map(|at| at.saturating_sub(200));
        assert_eq!(at, None, "{}", &text[at.unwrap_or_default()..][..300]);
    }
}

/// A future that a task can run.
fn sendable<T: Send>(value: T) -> T {
    value
}

#[tokio::test]
async fn a_reply_has_status_headers_request_id_and_attempts() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(429).insert_header("retry-after", "0");
    let well = ResponseTemplate::new(200)
        .set_body_json(json!({"isEnrolled": true}))
        .insert_header("x-request-id", "r-1");
    Mock::given(any())
        .respond_with(busy)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(any()).respond_with(well).mount(&server).await;
    let client = client(&server);
    let call = client.reply(async |client| client.get_user("u").await);
    let reply = sendable(call).await.unwrap();
    assert!(reply.value().is_enrolled);
    assert_eq!((reply.status(), reply.attempts()), (200, 2));
    assert_eq!(reply.request_id(), Some("r-1"));
    assert_eq!(reply.headers()["x-request-id"], "r-1");
    assert!(!format!("{reply:?}").contains("r-1"));

    let none = client.reply(async |_| Ok(())).await.unwrap_err();
    assert_eq!(none.kind(), Kind::InvalidInput);
}

#[tokio::test]
async fn an_error_has_the_id_of_its_request() {
    let template = ResponseTemplate::new(404).set_body_json(json!({"error": "not_found"}));
    let server = serving(template.insert_header("x-amzn-requestid", "r-2")).await;
    let call = async |client: Authsignal| client.get_action("u", "a", "k").await;
    let error = client(&server).reply(call).await.unwrap_err();
    assert_eq!(error.request_id(), Some("r-2"));
    assert!(error.is_not_found() && !error.to_string().contains("r-2"));
}

#[tokio::test]
async fn options_belong_to_the_copy_and_not_to_its_client() {
    let server = serving(ResponseTemplate::new(503).insert_header("retry-after", "0")).await;
    let client = client(&server);
    let once = client.with(CallOptions::new().retries(0).header("x-a", "1"));
    let twice = once.with(CallOptions::new().retries(1));
    for (client, attempts, header) in [(&once, 1, true), (&twice, 2, true), (&client, 3, false)] {
        server.reset().await;
        let template = ResponseTemplate::new(503).insert_header("retry-after", "0");
        Mock::given(any())
            .respond_with(template)
            .mount(&server)
            .await;
        assert_eq!(client.get_user("u").await.unwrap_err().attempts(), attempts);
        let requests = server.received_requests().await.unwrap();
        assert_eq!(requests.len(), attempts as usize);
        for request in requests {
            assert_eq!(request.headers.contains_key("x-a"), header);
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_no_method_calls_is_reached_with_credentials_and_retries() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).insert_header("retry-after", "0");
    Mock::given(any())
        .respond_with(busy)
        .up_to_n_times(1)
        .mount(&server)
        .await;
    let well = ResponseTemplate::new(200).set_body_json(json!({"new": [1]}));
    Mock::given(method("GET"))
        .respond_with(well)
        .mount(&server)
        .await;
    Mock::given(method("DELETE"))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    let refusal = ResponseTemplate::new(400).set_body_json(json!({"error": "new_code"}));
    Mock::given(method("POST"))
        .respond_with(refusal)
        .mount(&server)
        .await;
    let client = client(&server);
    let send = async |client: Authsignal| client.send_raw(Method::GET, "/v1/new?a=b", None).await;
    let reply = client.reply(send).await.unwrap();
    assert_eq!((reply.value(), reply.attempts()), (&json!({"new": [1]}), 2));
    let empty = client.send_raw(Method::DELETE, "/v1/new", None).await;
    assert_eq!(empty.unwrap(), Value::Null);
    let body = json!({"a": 1});
    let error = client
        .send_raw(Method::POST, "/v1/new", body.clone())
        .await
        .unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::Rejected, Some(400)));
    assert_eq!(
        (error.code(), error.operation()),
        (Some("new_code"), Some("send_raw"))
    );

    let requests = server.received_requests().await.unwrap();
    assert!(
        requests
            .iter()
            .all(|request| request.headers["authorization"] == AUTHORIZATION)
    );
    let shown: Vec<_> = requests.iter().map(sent).collect();
    assert_eq!(shown[0], ("GET /v1/new?a=b".to_owned(), Value::Null));
    assert_eq!(shown[3], ("POST /v1/new".to_owned(), body));
    let outside = client.send_raw(Method::GET, "/../x", None).await;
    assert_eq!(outside.unwrap_err().kind(), Kind::InvalidInput);
    assert_eq!(server.received_requests().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_client_of_the_applications_own_sends_the_calls() {
    let server = answering(200, json!({"isEnrolled": true})).await;
    let own = reqwest::Client::builder()
        .user_agent("own/1")
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let plain = builder(&server).http_client(own.clone()).build().unwrap();
    plain.get_user("u").await.unwrap();
    let named = builder(&server).http_client(own).app_name("shop/1.2");
    named.build().unwrap().get_user("u").await.unwrap();
    let ours = builder(&server).app_name("shop").build().unwrap();
    ours.get_user("u").await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let agents = requests
        .iter()
        .map(|request| request.headers["user-agent"].to_str().unwrap());
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(
        agents.collect::<Vec<_>>(),
        [
            "own/1".to_owned(),
            format!("shop/1.2 stepup-client/{version}"),
            format!("shop stepup-client/{version}"),
        ]
    );
    let error = builder(&server).app_name("a b").build().unwrap_err();
    assert_eq!(error.kind(), Kind::Config);
}
