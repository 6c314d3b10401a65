//! [`AuthsignalClient`] against a double that answers as told.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::{FailureReason, VerificationMethod};
use super::*;

/// Of apps, of pages with cookies, and of what a browser does with its security keys; `raw()` has
/// them.
const RAW_ONLY: [&str; 25] = [
    "add_in_app_credential",
    "add_push_credential",
    "add_qr_code_credential",
    "answer_push_challenge",
    "answer_qr_code_challenge",
    "claim_qr_code_challenge",
    "enroll_security_key",
    "get_in_app_credential",
    "get_passkey_authenticator",
    "get_push_challenge",
    "get_push_credential",
    "get_qr_code_credential",
    "passkey_authentication_options_web",
    "passkey_registration_options_web",
    "remove_in_app_credential",
    "remove_push_credential",
    "remove_qr_code_credential",
    "security_key_authentication_options",
    "security_key_registration_options",
    "sign_push_challenge",
    "sign_push_update",
    "start_challenge_web",
    "update_push_credential",
    "verify_in_app",
    "verify_security_key",
];

const BEARER: &str = "Bearer MARKED-token";
/// `t1:`.
const TENANT: &str = "Basic dDE6";

fn builder(server: &MockServer) -> AuthsignalClientBuilder {
    AuthsignalClient::builder().api_url(format!("{}/v1", server.uri()))
}

fn of_user(server: &MockServer) -> AuthsignalClient {
    builder(server)
        .token("MARKED-token")
        .tenant("t1")
        .build()
        .unwrap()
}

/// A server that gives every request the same answer.
async fn answering(status: u16, body: Value) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(status).set_body_json(body))
        .mount(&server)
        .await;
    server
}

/// What one call sends, and what it makes of an answer.
async fn exchange<T>(
    answer: Value,
    call: impl AsyncFnOnce(AuthsignalClient) -> Result<T>,
) -> (T, String) {
    let server = answering(200, answer).await;
    let result = call(of_user(&server)).await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let [request] = requests.as_slice() else {
        panic!("{} requests", requests.len());
    };
    assert!(!request.headers.contains_key("api-version"));
    let credentials = match request.headers["authorization"].to_str().unwrap() {
        BEARER => "token",
        TENANT => "tenant",
        other => panic!("{other}"),
    };
    let target = &request.url[url::Position::BeforePath..];
    let body = String::from_utf8(request.body.clone()).unwrap();
    let sent = format!("{credentials} {} {target} {body}", request.method);
    (result, sent.trim_end().to_owned())
}

fn enrolled() -> Value {
    json!({"userAuthenticatorId": "a", "userId": "u", "uri": "otpauth://MARKED-uri", "secret": "MARKED-secret"})
}

fn sent() -> Value {
    json!({"challengeId": "c"})
}

fn verified() -> Value {
    json!({"isVerified": true, "accessToken": "MARKED-next", "isConsumed": true, "isClaimed": true})
}

#[test]
fn the_client_can_be_shared_between_threads_and_made_without_a_runtime() {
    fn shared<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn sent<T: Send>(_: T) {}
    let client = AuthsignalClient::builder().tenant("t").build().unwrap();
    shared(&client);
    sent(client.verify_sms("1"));
    sent(client.init());
}

#[tokio::test]
async fn codes_are_enrolled_sent_and_verified() {
    let path = "/v1/client";
    let code = r#"{"verificationCode":"1"}"#;
    let (answer, target) = exchange(enrolled(), async |client| {
        client.enroll_email_otp("e@example.com").await
    })
    .await;
    assert_eq!(answer.user_authenticator_id, "a");
    let email = r#"{"email":"e@example.com"}"#;
    assert_eq!(
        target,
        format!("token POST {path}/user-authenticators/email-otp {email}")
    );
    let (answer, target) =
        exchange(sent(), async |client| client.challenge_email_otp().await).await;
    assert_eq!(answer.challenge_id, "c");
    assert_eq!(
        target,
        format!("token POST {path}/challenge/email-otp {{}}")
    );
    let (answer, target) = exchange(verified(), async |client| {
        client.verify_email_otp("1").await
    })
    .await;
    assert_eq!(
        answer.access_token.as_ref().map(Secret::expose),
        Some("MARKED-next")
    );
    assert!(!format!("{answer:?}").contains("MARKED"));
    assert_eq!(target, format!("token POST {path}/verify/email-otp {code}"));

    let (_, target) = exchange(enrolled(), async |client| client.enroll_sms("+1").await).await;
    let number = r#"{"phoneNumber":"+1"}"#;
    assert_eq!(
        target,
        format!("token POST {path}/user-authenticators/sms {number}")
    );
    let (_, target) = exchange(sent(), async |client| client.challenge_sms().await).await;
    assert_eq!(target, format!("token POST {path}/challenge/sms {{}}"));
    let (_, target) = exchange(verified(), async |client| client.verify_sms("1").await).await;
    assert_eq!(target, format!("token POST {path}/verify/sms {code}"));
    let (_, target) = exchange(sent(), async |client| client.challenge_whatsapp().await).await;
    assert_eq!(target, format!("token POST {path}/challenge/whatsapp"));
    let (_, target) = exchange(verified(), async |client| client.verify_whatsapp("1").await).await;
    assert_eq!(target, format!("token POST {path}/verify/whatsapp {code}"));

    let (answer, target) = exchange(enrolled(), async |client| client.enroll_totp().await).await;
    assert_eq!(answer.secret.expose(), "MARKED-secret");
    assert!(!format!("{answer:?}").contains("MARKED"));
    assert_eq!(
        target,
        format!("token POST {path}/user-authenticators/totp")
    );
    let (_, target) = exchange(verified(), async |client| client.verify_totp("1").await).await;
    assert_eq!(target, format!("token POST {path}/verify/totp {code}"));
}

#[tokio::test]
async fn links_are_enrolled_sent_and_asked_about() {
    let (answer, target) = exchange(enrolled(), async |client| {
        client.enroll_email_magic_link("e").await
    })
    .await;
    assert_eq!(answer.challenge_id, None);
    assert_eq!(
        target,
        r#"token POST /v1/client/user-authenticators/email-magic-link {"email":"e"}"#
    );
    let (_, target) = exchange(sent(), async |client| {
        client.challenge_email_magic_link().await
    })
    .await;
    assert_eq!(target, "token POST /v1/client/challenge/email-magic-link");
    let waiting = json!({"isVerified": false});
    let (answer, target) = exchange(waiting, async |client| {
        client.finalize_email_magic_link().await
    })
    .await;
    assert!(!answer.is_verified);
    assert_eq!(
        target,
        "token POST /v1/client/verify/email-magic-link/finalize {}"
    );
}

#[tokio::test]
async fn passkeys_are_registered_and_used() {
    let path = "/v1/client/user-authenticators/passkey";
    let options = json!({"challengeId": "c", "options": {
        "rp": {"id": "h.example", "name": "h"}, "user": {"id": "dQ", "name": "u", "displayName": "U"},
        "challenge": "Yw", "pubKeyCredParams": [{"type": "public-key", "alg": -7}], "new": {"in": "level 4"},
    }});
    let registration = PasskeyRegistration::new()
        .username("MARKED-n")
        .display_name("N")
        .authenticator_attachment("platform");
    assert!(!format!("{registration:?}").contains("MARKED"));
    let (answer, target) = exchange(options, async |client| {
        client.passkey_registration_options(registration).await
    })
    .await;
    assert_eq!(answer.options.pub_key_cred_params[0].alg, -7);
    let names = r#"{"authenticatorAttachment":"platform","displayName":"N","username":"MARKED-n"}"#;
    let (before, body) = target.split_at(target.find('{').unwrap());
    assert_eq!(before, format!("token POST {path}/registration-options "));
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(json(body), json(names));

    let credential = json!({
        "id": "aQ", "rawId": "aQ", "type": "public-key", "clientExtensionResults": {"credProps": {"rk": true}},
        "response": {"clientDataJSON": "MARKED", "attestationObject": "bw", "transports": ["internal"]},
    });
    let passkey = PasskeyToEnroll::new(serde_json::from_value(credential.clone()).unwrap())
        .challenge_id("c")
        .device_id("d")
        .conditional_create(false);
    assert!(!format!("{passkey:?}").contains("MARKED"));
    let (_, target) = exchange(verified(), async |client| {
        client.enroll_passkey(passkey).await
    })
    .await;
    let (before, body) = target.split_at(target.find('{').unwrap());
    assert_eq!(before, format!("token POST {path} "));
    assert_eq!(
        json(body),
        json!({
            "registrationCredential": credential, "challengeId": "c", "deviceId": "d",
            "conditionalCreate": false,
        })
    );

    let options = json!({"options": {"challenge": "Yw"}});
    let (_, target) = exchange(options.clone(), async |client| {
        client.passkey_authentication_options().await
    })
    .await;
    assert_eq!(
        target,
        format!("token POST {path}/authentication-options {{}}")
    );
    let (_, target) = exchange(options, async |client| {
        client.passkey_authentication_options_of("c").await
    })
    .await;
    assert_eq!(
        target,
        format!(r#"token POST {path}/authentication-options {{"challengeId":"c"}}"#)
    );

    let credential = json!({
        "id": "aQ", "rawId": "aQ", "type": "public-key", "clientExtensionResults": {},
        "response": {"clientDataJSON": "eA", "authenticatorData": "YQ", "signature": "cw", "userHandle": "dQ"},
    });
    let passkey = PasskeyToVerify::new(serde_json::from_value(credential.clone()).unwrap())
        .challenge_id("c")
        .device_id("d");
    let (answer, target) = exchange(verified(), async |client| {
        client.verify_passkey(passkey).await
    })
    .await;
    assert!(answer.is_verified);
    let (before, body) = target.split_at(target.find('{').unwrap());
    assert_eq!(before, "token POST /v1/client/verify/passkey ");
    let expected =
        json!({"authenticationCredential": credential, "challengeId": "c", "deviceId": "d"});
    assert_eq!(json(body), expected);

    let (answer, target) = exchange(sent(), async |client| {
        client.start_challenge("signIn").await
    })
    .await;
    assert_eq!(answer.challenge_id, "c");
    assert_eq!(
        target,
        r#"token POST /v1/client/challenge {"action":"signIn"}"#
    );
}

#[tokio::test]
async fn apps_are_asked_by_notification_and_by_qr_code() {
    let results = json!({"challengeId": "c", "deliveryResults": [{"userAuthenticatorId": "a"}]});
    let (answer, target) =
        exchange(results, async |client| client.challenge_push("pay").await).await;
    assert_eq!(answer.delivery_results.unwrap()[0].error_code, None);
    assert_eq!(
        target,
        r#"token POST /v1/client/challenge/push {"action":"pay"}"#
    );
    let (answer, target) = exchange(verified(), async |client| client.verify_push("c").await).await;
    assert!(answer.is_verified && answer.is_consumed);
    assert_eq!(
        target,
        r#"token POST /v1/client/verify/push {"challengeId":"c"}"#
    );
    let code = json!({"challengeId": "c", "expiresAt": "t", "deviceCode": "MARKED-code"});
    let (answer, target) =
        exchange(code, async |client| client.challenge_qr_code("pay").await).await;
    assert!(!format!("{answer:?}").contains("MARKED"));
    assert_eq!(
        target,
        r#"token POST /v1/client/challenge/qr-code {"action":"pay"}"#
    );
    let (answer, target) = exchange(verified(), async |client| {
        client.verify_qr_code("c", "d").await
    })
    .await;
    assert!(answer.is_claimed);
    assert_eq!(
        target,
        r#"tenant POST /v1/client/verify/qr-code {"challengeId":"c","deviceCode":"d"}"#
    );
}

#[tokio::test]
async fn what_a_user_has_and_a_tenant_offers_is_listed() {
    let authenticators = json!([{"userAuthenticatorId": "a", "verificationMethod": "SMS", "createdAt": "t", "phoneNumber": "*1"}]);
    let (answer, target) = exchange(authenticators, async |client| {
        client.get_user_authenticators().await
    })
    .await;
    assert_eq!(answer[0].verification_method, VerificationMethod::Sms);
    assert_eq!(target, "token GET /v1/client/user-authenticators");
    let configurations =
        json!([{"authenticatorId": "a", "verificationMethod": "TELEPATHY", "isActive": true}]);
    let (answer, target) = exchange(configurations, async |client| {
        client.get_authenticator_configurations().await
    })
    .await;
    assert_eq!(answer[0].verification_method.as_str(), "TELEPATHY");
    assert_eq!(target, "token GET /v1/client/authenticators");
    let options = json!({"challengeOptions": {"token": "MARKED", "verificationMethods": ["PUSH"]}});
    let (answer, target) = exchange(options, async |client| client.init().await).await;
    assert!(!format!("{answer:?}").contains("MARKED"));
    assert_eq!(target, "token POST /v1/client/init");
}

#[tokio::test]
async fn raw_calls_have_the_same_credentials() {
    let credential = json!({"userAuthenticatorId": "a", "userId": "u", "verifiedAt": "t"});
    let (_, target) = exchange(credential, async |client| {
        let request = client.raw().get_push_credential().public_key("k/+=");
        Ok(request.send().await?.into_inner())
    })
    .await;
    assert_eq!(
        target,
        "tenant GET /v1/client/user-authenticators/push?publicKey=k%2F%2B%3D"
    );
    let passkey = json!({"credentialId": "b", "verifiedAt": "t"});
    let (_, target) = exchange(passkey, async |client| {
        let ids = crate::CommaList::from_iter(["a", "b"].map(str::to_owned));
        let request = client.raw().get_passkey_authenticator().credential_ids(ids);
        Ok(request.send().await?.into_inner())
    })
    .await;
    assert_eq!(
        target,
        "tenant GET /v1/client/user-authenticators/passkey?credentialIds=a%2Cb"
    );
}

#[tokio::test]
async fn a_wrong_code_is_an_answer_and_an_expired_token_an_error() {
    let wrong = json!({"isVerified": false, "failureReason": "CODE_INVALID_OR_EXPIRED"});
    let (answer, _) = exchange(wrong, async |client| client.verify_sms("1").await).await;
    assert_eq!(
        answer.failure_reason,
        Some(FailureReason::CodeInvalidOrExpired)
    );
    let expired = json!({"error": "expired_token", "errorCode": "expired_token", "errorDescription": "Too late."});
    let server = answering(401, expired).await;
    let error = of_user(&server).verify_sms("1").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert_eq!(
        error.to_string(),
        r#"verify_sms: credentials or signature not accepted, status 401, code "expired_token", reason "Too late.""#
    );
}

#[tokio::test]
async fn a_token_can_be_replaced_and_shows_nowhere() {
    let server = answering(200, verified()).await;
    let first = builder(&server).token("MARKED-first").build().unwrap();
    let next = first.verify_sms("1").await.unwrap().access_token.unwrap();
    let second = first.with_token(next).unwrap();
    second.verify_sms("1").await.unwrap();
    first.verify_sms("1").await.unwrap();
    let requests = server.received_requests().await.unwrap();
    let tokens: Vec<_> = requests
        .iter()
        .map(|request| request.headers["authorization"].to_str().unwrap())
        .collect();
    let [first_token, next_token] = ["Bearer MARKED-first", "Bearer MARKED-next"];
    assert_eq!(tokens, [first_token, next_token, first_token]);
    assert!(!format!("{first:?} {second:?} {:?}", second.raw()).contains("MARKED"));
    assert_eq!(first.with_token("").unwrap_err().kind(), Kind::Config);
}

#[tokio::test]
async fn calls_that_cannot_be_made_are_refused_before_they_are_sent() {
    let server = answering(200, json!({})).await;
    let of_tenant = builder(&server).tenant("t1").build().unwrap();
    let of_token = builder(&server).token("MARKED").build().unwrap();
    let no_token =
        "the configuration is not usable: the client has no token, which this call takes";
    let no_tenant =
        "the configuration is not usable: the client has no tenant, which this call takes";
    for (error, kind, text) in [
        (
            of_tenant.init().await.unwrap_err(),
            Kind::Config,
            format!("init: {no_token}"),
        ),
        (
            of_token.verify_qr_code("c", "MARKED").await.unwrap_err(),
            Kind::Config,
            format!("verify_qr_code: {no_tenant}"),
        ),
        (
            of_token.enroll_sms("").await.unwrap_err(),
            Kind::InvalidInput,
            "enroll_sms: an argument is not acceptable: the phone number is empty".to_owned(),
        ),
        (
            of_token.challenge_push("").await.unwrap_err(),
            Kind::InvalidInput,
            "challenge_push: an argument is not acceptable: the action is empty".to_owned(),
        ),
    ] {
        assert_eq!((error.kind(), error.to_string()), (kind, text));
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 0);
}

#[test]
fn every_operation_has_a_method_or_is_left_to_raw() {
    let source = include_str!("../client.rs");
    let called = |id: &str| source.contains(&format!("self.call(\"{id}\")"));
    let operations: BTreeSet<&str> = raw::operations::ALL
        .iter()
        .map(|operation| operation.id)
        .collect();
    let left: BTreeSet<&str> = operations.into_iter().filter(|id| !called(id)).collect();
    assert_eq!(left, BTreeSet::from(RAW_ONLY));
}
