//! The client against the mock: the flow of the vendor's README, one-time codes, sessions, and failures. Must not read or
//! write messages by itself.

use serde_json::json;
use stepup_client::Kind;
use stepup_client::authsignal::{
    ActionAttributes, ActionQuery, Authsignal, ChallengeToClaim, ChallengeToStart, FailureReason,
    SessionToCreate, SessionToValidate, TokenToValidate, TrackAttributes, UserActionState,
    UserAttributes, VerificationMethod, VerifiedAuthenticator,
};
use stepup_mock::MockServer;

use crate::tenant::Tenant;
use crate::world::{API_SECRET, TENANT, WRONG_SECRET};

fn client_with(mock: &MockServer, secret: &str) -> Authsignal {
    Authsignal::builder(secret)
        .api_url(format!("{}/v1", mock.url()))
        .build()
        .unwrap()
}

fn client(mock: &MockServer) -> Authsignal {
    client_with(mock, API_SECRET)
}

#[tokio::test]
async fn the_flow_in_the_readme_works() {
    let tenant = Tenant::new().await;
    let authsignal = client(&tenant.server);
    let attributes = || {
        TrackAttributes::new()
            .redirect_url("https://www.example.com/")
            .email("test@python.com")
            .device_id("cookie")
            .user_agent("Browser/1.0")
            .ip_address("203.0.113.7")
            .custom("yourOwnCustomBoolean", true)
            .custom("yourOwnCustomString", "Blue")
            .custom("yourOwnCustomDecimal", 100.00)
    };
    // Not enrolled: allowed, and told so.
    let user = authsignal.get_user("python:1").await.unwrap();
    assert!(!user.is_enrolled);
    let tracked = authsignal
        .track("python:1", "testPython", attributes())
        .await
        .unwrap();
    assert!(tracked.is_allowed() && !tracked.is_enrolled);

    let record = authsignal
        .identify("python:1", UserAttributes::new().email("new@email.com"))
        .await
        .unwrap();
    assert_eq!(record.email.as_deref(), Some("new@email.com"));
    let enrolled = authsignal
        .enroll_verified_authenticator("python:1", VerifiedAuthenticator::sms("+64277770770"))
        .await
        .unwrap();
    assert_eq!(
        enrolled.authenticator.verification_method,
        VerificationMethod::Sms
    );
    let user = authsignal.get_user("python:1").await.unwrap();
    assert!(user.is_enrolled);
    assert_eq!(
        user.enrolled_verification_methods(),
        [VerificationMethod::Sms]
    );

    let tracked = authsignal
        .track(
            "python:1",
            "testPython",
            attributes().idempotency_key("order-1"),
        )
        .await
        .unwrap();
    assert!(tracked.is_challenge_required());
    assert!(tracked.url().expose().contains("?token="));
    assert_eq!(tracked.idempotency_key, "order-1");
    let waiting = authsignal
        .get_action("python:1", "testPython", "order-1")
        .await
        .unwrap();
    assert!(!waiting.is_challenge_succeeded());
    // The user takes the challenge.
    tenant.succeed("python:1").await;
    let action = authsignal
        .get_action("python:1", "testPython", "order-1")
        .await
        .unwrap();
    assert!(action.is_challenge_succeeded());
    let validated = authsignal
        .validate_challenge(TokenToValidate::new(tracked.token()).user_id("python:1"))
        .await
        .unwrap();
    assert!(validated.is_valid);
    assert_eq!(validated.action(), Some("testPython"));
    let other = authsignal
        .validate_challenge(TokenToValidate::new(tracked.token()).user_id("python:2"))
        .await
        .unwrap();
    assert!(!other.is_valid);

    let reviewed = authsignal
        .update_action(
            "python:1",
            "testPython",
            "order-1",
            ActionAttributes::new(UserActionState::ReviewRequired),
        )
        .await
        .unwrap();
    assert_eq!(reviewed.state, UserActionState::ReviewRequired);
    let listed = authsignal
        .query_user_actions(
            "python:1",
            ActionQuery::new()
                .code("testPython")
                .state(UserActionState::ReviewRequired),
        )
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    authsignal.delete_user("python:1").await.unwrap();
    assert!(!authsignal.get_user("python:1").await.unwrap().is_enrolled);
}

#[tokio::test]
async fn a_code_becomes_a_session() {
    let tenant = Tenant::new().await;
    let authsignal = client(&tenant.server);
    let start = ChallengeToStart::email_otp("signIn", "a@example.com");
    let challenge = authsignal.challenge(start).await.unwrap();
    let id = challenge.challenge_id.as_str();
    let wrong = authsignal.verify(id, "wrong").await.unwrap();
    assert!(!wrong.is_verified);
    assert_eq!(
        wrong.failure_reason,
        Some(FailureReason::CodeInvalidOrExpired)
    );
    let early = authsignal
        .claim_challenge(ChallengeToClaim::new(id, "u1"))
        .await
        .unwrap_err();
    assert_eq!((early.kind(), early.status()), (Kind::Rejected, Some(400)));
    authsignal
        .challenge(ChallengeToStart::again(id))
        .await
        .unwrap();
    let code = tenant.code().await;
    let verified = authsignal.verify(id, code).await.unwrap();
    assert!(verified.is_verified);
    assert_eq!(verified.email.as_deref(), Some("a@example.com"));
    let claimed = authsignal
        .claim_challenge(ChallengeToClaim::new(id, "u1"))
        .await
        .unwrap();

    let first = authsignal
        .create_session(SessionToCreate::new("client-1", &claimed.token).action("signIn"))
        .await
        .unwrap();
    let held = authsignal
        .validate_session(SessionToValidate::new(&first.access_token).client_id("client-1"))
        .await
        .unwrap();
    assert_eq!(held.user.user_id, "u1");
    let second = authsignal
        .refresh_session(&first.refresh_token)
        .await
        .unwrap();
    let used = authsignal
        .refresh_session(&first.refresh_token)
        .await
        .unwrap_err();
    assert_eq!(used.kind(), Kind::Unauthorized);
    authsignal
        .revoke_session(&second.access_token)
        .await
        .unwrap();
    let revoked = authsignal
        .validate_session(SessionToValidate::new(&second.access_token))
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(revoked.kind(), Kind::Unauthorized);
    authsignal.revoke_user_sessions("u1").await.unwrap();
    let keys = authsignal.jwks(TENANT).await.unwrap();
    assert_eq!(keys.keys.len(), 1);
}

#[tokio::test]
async fn errors_carry_the_vendors_code_and_no_secret() {
    let tenant = Tenant::of(|builder| builder.rate_limit(4)).await;
    let stranger = client_with(&tenant.server, WRONG_SECRET);
    let error = stranger.get_user("u1").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (Kind::Unauthorized, Some(401), Some("unauthorized"))
    );
    for text in [
        format!("{error}"),
        format!("{error:?}"),
        format!("{stranger:?}"),
    ] {
        assert!(!text.contains(WRONG_SECRET), "{text}");
    }
    let authsignal = client(&tenant.server);
    let error = authsignal.get_action("u1", "a", "none").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (Kind::NotFound, Some(404), Some("not_found"))
    );
    let error = authsignal
        .track("u1", "not a code", TrackAttributes::new())
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(error.code(), Some("invalid_request"));
    tenant.configure(json!({"verificationMethods": []})).await;
    let error = authsignal
        .track("u1", "a", TrackAttributes::new())
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (Kind::Rejected, Some("AUTHENTICATOR_NOT_FOUND"))
    );
    authsignal.get_user("u1").await.unwrap();
    let error = authsignal
        .track("u1", "a", TrackAttributes::new())
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (Kind::RateLimited, Some(429), Some("too_many_requests"))
    );
}

#[tokio::test]
async fn a_terminal_shows_a_challenge_and_learns_who_has_passed_it() {
    let tenant = Tenant::new().await;
    tenant.enroll("ada").await;
    let at = |secret: &str| {
        let builder = Authsignal::builder(secret).api_url(tenant.server.authsignal().api_url());
        builder.build_terminal().unwrap()
    };
    let terminal = at(tenant.server.authsignal().terminal_secret());
    let shown = terminal.start_challenge().await.unwrap();
    let (id, code) = (shown.challenge_id, shown.code);
    tenant.track("ada", "pay", json!({"challengeId": id})).await;
    let stands = terminal.verify_challenge(&id, code.clone()).await.unwrap();
    assert!(stands.is_claimed && !stands.is_consumed && stands.access_token.is_none());
    tenant.succeed("ada").await;
    let stands = terminal.verify_challenge(&id, code.clone()).await.unwrap();
    assert!(stands.is_verified && stands.is_consumed);
    let token = stands.access_token.unwrap();
    let server = client(&tenant.server);
    let proof = server.validate_challenge(TokenToValidate::new(token));
    assert_eq!(proof.await.unwrap().user_id.as_deref(), Some("ada"));

    let error = terminal.verify_challenge(&id, "000000").await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotFound);
    let error = at(API_SECRET).start_challenge().await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unauthorized);
    assert!(!format!("{terminal:?}").contains("secret"));
}
