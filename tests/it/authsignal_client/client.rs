//! Our Rust client of the Client API against the mock, with our client of the Server API beside it, as in an application.
//! Must not read or write messages by itself.

use serde_json::{Value, json};
use stepup_client::authsignal::{Authsignal, TrackAttributes};
use stepup_client::authsignal_client::raw::types::{
    AppChallengeAnswer, AppCredentialToAdd, SignedChallenge,
};
use stepup_client::authsignal_client::{
    AuthsignalClient, FailureReason, PasskeyRegistration, PasskeyToEnroll, PasskeyToVerify,
    VerificationMethod,
};
use stepup_client::{Kind, Secret};
use stepup_mock::MockServer;
use stepup_mock::SoftwareAuthenticator;

use super::{App, SUCCEEDED};
use crate::tenant::Tenant;
use crate::totp_reference::totp;
use crate::world::{API_SECRET, NOW, TENANT};

/// By name and not by address, which no passkey can be made for.
fn origin(tenant: &MockServer) -> String {
    format!("http://localhost:{}", tenant.address().port())
}

fn server(tenant: &Tenant) -> Authsignal {
    Authsignal::builder(API_SECRET)
        .api_url(tenant.server.url())
        .build()
        .unwrap()
}

/// The token of a fresh action of ada's, which may add authenticators.
async fn tracked(tenant: &Tenant) -> Secret {
    let attributes = TrackAttributes::new().scope("read:authenticators add:authenticators");
    let tracked = server(tenant).track("ada", "signIn", attributes).await;
    tracked.unwrap().token().clone()
}

/// What a page and an app of ada's have: her token, and the tenant's id.
async fn ada(tenant: &Tenant) -> AuthsignalClient {
    AuthsignalClient::builder()
        .api_url(origin(&tenant.server))
        .token(tracked(tenant).await)
        .tenant(TENANT)
        .build()
        .unwrap()
}

async fn proves(tenant: &Tenant, token: Option<Secret>) {
    let token = token.expect("a token that proves it");
    let validated = server(tenant).validate_challenge(token).await.unwrap();
    assert!(validated.is_valid);
    assert_eq!(validated.state.unwrap().as_str(), SUCCEEDED);
    assert_eq!(validated.user_id.as_deref(), Some("ada"));
}

fn code(tenant: &Tenant) -> String {
    let mut messages = tenant.server.messages().into_iter();
    messages.find_map(|message| message.code).unwrap()
}

#[tokio::test]
async fn the_client_verifies_codes_from_email_phone_and_app() {
    let tenant = Tenant::new().await;
    let page = ada(&tenant).await;
    page.enroll_email_otp("ada@example.com").await.unwrap();
    let wrong = page.verify_email_otp("wrong").await.unwrap();
    assert_eq!(
        (wrong.is_verified, wrong.failure_reason),
        (false, Some(FailureReason::CodeInvalidOrExpired))
    );
    let verified = page.verify_email_otp(code(&tenant)).await.unwrap();
    let enrolled = verified.user_authenticator.unwrap();
    assert_eq!(enrolled.verification_method, VerificationMethod::EmailOtp);
    // What was proved lets her add another.
    let page = page.with_token(verified.access_token.unwrap()).unwrap();
    page.enroll_sms("+64270000000").await.unwrap();
    assert!(page.verify_sms(code(&tenant)).await.unwrap().is_verified);
    let app = page.enroll_totp().await.unwrap();
    let shown = totp(app.secret.expose(), u64::try_from(NOW).unwrap());
    assert!(page.verify_totp(shown).await.unwrap().is_verified);

    let page = ada(&tenant).await;
    page.challenge_email_otp().await.unwrap();
    let verified = page.verify_email_otp(code(&tenant)).await.unwrap();
    proves(&tenant, verified.access_token).await;
    let page = ada(&tenant).await;
    page.challenge_whatsapp().await.unwrap();
    let verified = page.verify_whatsapp(code(&tenant)).await.unwrap();
    proves(&tenant, verified.access_token).await;
    let page = ada(&tenant).await;
    tenant.later(60);
    let shown = totp(app.secret.expose(), u64::try_from(NOW + 60).unwrap());
    let verified = page.verify_totp(shown).await.unwrap();
    proves(&tenant, verified.access_token).await;

    let all = page.get_user_authenticators().await.unwrap();
    let methods = all.iter().map(|one| one.verification_method.as_str());
    let methods: Vec<&str> = methods.collect();
    assert_eq!(methods, ["EMAIL_OTP", "SMS", "AUTHENTICATOR_APP"]);
    assert_ne!(all[0].email.as_deref(), Some("ada@example.com"), "masked");
    let init = page.init().await.unwrap().challenge_options;
    assert_eq!(init.verification_methods.unwrap().len(), 3);
}

#[tokio::test]
async fn the_client_follows_a_magic_link() {
    let tenant = Tenant::new().await;
    let page = ada(&tenant).await;
    page.enroll_email_magic_link("ada@example.com")
        .await
        .unwrap();
    let waiting = page.finalize_email_magic_link().await.unwrap();
    assert!(!waiting.is_verified);
    let mut messages = tenant.server.messages().into_iter();
    let url = messages.find_map(|message| message.url).unwrap();
    let (_, target) = url.split_once("/magic-link").unwrap();
    let target = format!("/magic-link{target}");
    let open = crate::wire::Request::new("GET", &target);
    tenant.answer(200, &open).await;
    let opened = page.finalize_email_magic_link().await.unwrap();
    proves(&tenant, opened.access_token).await;
}

#[tokio::test]
async fn the_client_uses_passkeys_with_and_without_a_user() {
    let tenant = Tenant::new().await;
    let (page, origin) = (ada(&tenant).await, origin(&tenant.server));
    let authenticator = SoftwareAuthenticator::new("ada's laptop");

    let names = PasskeyRegistration::new().username("ada@example.com");
    let asked = page.passkey_registration_options(names).await.unwrap();
    let options = serde_json::to_value(asked.options).unwrap();
    let made = authenticator.create(&options, &origin).unwrap();
    let held = [made["id"].as_str().unwrap().to_owned()];
    let passkey = PasskeyToEnroll::new(serde_json::from_value(made).unwrap())
        .challenge_id(asked.challenge_id.unwrap());
    let enrolled = page.enroll_passkey(passkey).await.unwrap();
    proves(&tenant, enrolled.access_token).await;

    // Nobody knows yet who it is.
    let anyone = AuthsignalClient::builder()
        .api_url(&origin)
        .tenant(TENANT)
        .build()
        .unwrap();
    let started = anyone.start_challenge("signIn").await.unwrap().challenge_id;
    let asked = anyone
        .passkey_authentication_options_of(&started)
        .await
        .unwrap();
    let options: Value = serde_json::to_value(asked.options).unwrap();
    let signed = authenticator.get(&options, &origin, &held).unwrap();
    let passkey = PasskeyToVerify::new(serde_json::from_value(signed).unwrap())
        .challenge_id(asked.challenge_id.unwrap());
    let verified = anyone.verify_passkey(passkey).await.unwrap();
    assert_eq!(verified.user_id.as_deref(), Some("ada"));
    proves(&tenant, verified.access_token).await;
}

#[tokio::test]
async fn the_client_answers_push_notifications_and_qr_codes() {
    let tenant = Tenant::new().await;
    let (page, app) = (ada(&tenant).await, App::new(3));
    let credential = || serde_json::from_value::<AppCredentialToAdd>(app.credential()).unwrap();
    let raw = page.raw();
    raw.add_push_credential()
        .body(credential())
        .send()
        .await
        .unwrap();
    raw.add_qr_code_credential()
        .body(credential())
        .send()
        .await
        .unwrap();

    let sent = page.challenge_push("signIn").await.unwrap().challenge_id;
    let waiting = page.verify_push(&sent).await.unwrap();
    assert!(!waiting.is_verified && !waiting.is_consumed);
    let answer = |challenge: &str| {
        let answer = json!({
            "publicKey": app.public_key(), "challengeId": challenge, "approved": true,
            "signature": app.sign(challenge),
        });
        serde_json::from_value::<AppChallengeAnswer>(answer).unwrap()
    };
    let request = raw.answer_push_challenge().body(answer(&sent));
    assert!(request.send().await.unwrap().is_verified);
    let approved = page.verify_push(&sent).await.unwrap();
    proves(&tenant, approved.access_token).await;

    let page = ada(&tenant).await;
    let shown = page.challenge_qr_code("signIn").await.unwrap();
    let (id, code) = (shown.challenge_id, shown.device_code.unwrap());
    let claim = json!({
        "publicKey": app.public_key(), "challengeId": id, "signature": app.sign(&id),
    });
    let claim = serde_json::from_value::<SignedChallenge>(claim).unwrap();
    let request = raw.claim_qr_code_challenge().body(claim);
    assert_eq!(
        request.send().await.unwrap().action_code.as_deref(),
        Some("signIn")
    );
    let claimed = page.verify_qr_code(&id, code.clone()).await.unwrap();
    assert!(claimed.is_claimed && !claimed.is_verified);
    let request = raw.answer_qr_code_challenge().body(answer(&id));
    assert!(request.send().await.unwrap().is_verified);
    let approved = page.verify_qr_code(&id, code).await.unwrap();
    proves(&tenant, approved.access_token).await;
}

#[tokio::test]
async fn errors_carry_a_kind_and_the_vendors_code() {
    let tenant = Tenant::new().await;
    let page = ada(&tenant).await;
    let error = page.challenge_sms().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (Kind::Rejected, Some("invalid_request"))
    );
    let error = page.verify_push("no-such-challenge").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (Kind::NotFound, Some("not_found"))
    );
    let error = page.with_token("a.b.c").unwrap().init().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (Kind::Unauthorized, Some("unauthorized"))
    );
    tenant.later(10 * 60);
    let error = page.init().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (Kind::Unauthorized, Some("expired_token"))
    );
}
