//! What an application does with Authsignal around something that matters, a withdrawal say,
//! against a running `stepup-mock`, in which it plays the user.
//!
//! ```sh
//! cargo run -p stepup-mock
//! cargo run -p stepup-client --example authsignal_track --features mock-control
//! ```
//!
//! `AUTHSIGNAL_API_URL` and `AUTHSIGNAL_API_SECRET` point it elsewhere. It resets the mock it finds,
//! and fails when anything is not as it should be.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::error::Error;
use std::time::{Duration, SystemTime};

use stepup_client::Kind;
use stepup_client::authsignal::{
    ActionQuery, Authsignal, ChallengeToClaim, ChallengeToStart, FailureReason, SessionToCreate,
    TokenToValidate, TrackAttributes, TrackOutcome, UserActionState, UserAttributes, UserQuery,
    VerificationMethod, VerifiedAuthenticator,
};
use stepup_client::mock_control::{self, AuthsignalConfiguration, MockControl};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const ALICE: &str = "auth0|alice/example com";
const NUMBER: &str = "+15550100";
const ACTION: &str = "withdraw";

#[tokio::main]
async fn main() -> Outcome {
    let url = setting("AUTHSIGNAL_API_URL", "http://127.0.0.1:4750/v1");
    let secret = setting(
        "AUTHSIGNAL_API_SECRET",
        "mock-authsignal-secret-0123456789abcdef",
    );

    let authsignal = Authsignal::builder(secret).api_url(&url).build()?;
    let mock = MockControl::new(url.trim_end_matches('/').trim_end_matches("/v1"))?;
    println!("mock {} at {url}", mock.health().await?.version);
    mock.reset().await?;
    let challenged = mock_control::Outcome::Challenge;
    let configuration = AuthsignalConfiguration::new().action(ACTION, challenged);
    mock.configure_authsignal(configuration).await?;

    identify(&authsignal).await?;
    not_enrolled(&authsignal).await?;
    enroll(&authsignal).await?;
    challenge(&authsignal, &mock).await?;
    fail(&authsignal, &mock).await?;
    one_time_code(&authsignal, &mock).await?;
    refusals(&authsignal, &url).await?;
    delete(&authsignal).await?;
    println!("all as expected");
    Ok(())
}

async fn identify(authsignal: &Authsignal) -> Outcome {
    let attributes = UserAttributes::new()
        .email("alice@example.com")
        .custom("plan", "gold")
        .custom("branches", vec!["north", "south"]);
    let user = authsignal.identify(ALICE, attributes).await?;
    expect(
        "identified",
        user.email.as_deref(),
        Some("alice@example.com"),
    )?;

    let attributes = UserAttributes::new().email_verified(true);
    authsignal.update_user(ALICE, attributes).await?;
    let query = UserQuery::new().email("alice@example.com");
    let mut pages = authsignal.user_pages(query);
    let mut found = Vec::new();
    while let Some(page) = pages.next_page().await? {
        found.extend(page.users.into_iter().map(|user| user.user_id));
    }
    expect("found by email", found, vec![ALICE.to_owned()])
}

async fn not_enrolled(authsignal: &Authsignal) -> Outcome {
    let tracked = authsignal
        .track(ALICE, ACTION, TrackAttributes::new())
        .await?;
    expect(
        "a user who is not enrolled is not challenged",
        (tracked.is_allowed(), tracked.is_enrolled),
        (true, false),
    )
}

async fn enroll(authsignal: &Authsignal) -> Outcome {
    let phone = VerifiedAuthenticator::sms(NUMBER);
    let enrolled = authsignal
        .enroll_verified_authenticator(ALICE, phone)
        .await?;
    expect(
        "enrolled",
        &enrolled.authenticator.verification_method,
        &VerificationMethod::Sms,
    )?;
    let user = authsignal.get_user(ALICE).await?;
    expect(
        "known as enrolled",
        (user.is_enrolled, user.enrolled_verification_methods()),
        (true, [VerificationMethod::Sms].as_slice()),
    )
}

async fn challenge(authsignal: &Authsignal, mock: &MockControl) -> Outcome {
    let attributes = TrackAttributes::new()
        .redirect_url("https://shop.example/back")
        .email("alice@example.com")
        .ip_address("203.0.113.7")
        .user_agent("Mozilla/5.0")
        .custom("amount", 100.5)
        .custom("first", true);
    let tracked = authsignal.track(ALICE, ACTION, attributes).await?;
    match tracked.outcome() {
        TrackOutcome::ChallengeRequired { .. } => println!("the user goes to the hosted page"),
        other => return Err(format!("expected a challenge, found {other:?}").into()),
    }
    expect(
        "where the user goes",
        tracked.url().expose().is_empty(),
        false,
    )?;

    let validated = authsignal.validate_challenge(tracked.token()).await?;
    expect("valid before the challenge", validated.is_valid, false)?;

    mock.challenge(ALICE).succeed().await?;

    let action = authsignal
        .get_action(ALICE, ACTION, &tracked.idempotency_key)
        .await?;
    expect(
        "succeeded, by the action",
        action.is_challenge_succeeded(),
        true,
    )?;
    let token = TokenToValidate::new(tracked.token())
        .user_id(ALICE)
        .action(ACTION);
    let validated = authsignal.validate_challenge(token).await?;
    expect(
        "succeeded, by the token",
        (validated.is_valid, validated.action()),
        (true, Some(ACTION)),
    )?;
    let token = TokenToValidate::new(tracked.token()).user_id("mallory");
    let validated = authsignal.validate_challenge(token).await?;
    expect("valid for someone else", validated.is_valid, false)?;

    let session = SessionToCreate::new("my-client", tracked.token());
    let session = authsignal.create_session(session).await?;
    let refreshed = authsignal.refresh_session(&session.refresh_token).await?;
    let validated = authsignal.validate_session(&refreshed.access_token).await?;
    expect(
        "user of the session",
        validated.user.user_id.as_str(),
        ALICE,
    )?;
    authsignal.revoke_session(&refreshed.access_token).await?;
    let revoked = authsignal.validate_session(&refreshed.access_token).await;
    expect("a revoked session", kind(revoked), Some(Kind::Unauthorized))
}

async fn fail(authsignal: &Authsignal, mock: &MockControl) -> Outcome {
    let key = "order-4711";
    let attributes = TrackAttributes::new().idempotency_key(key);
    let tracked = authsignal.track(ALICE, ACTION, attributes).await?;
    expect("a challenge", tracked.is_challenge_required(), true)?;
    mock.challenge(ALICE).of_action(ACTION).fail().await?;
    let action = authsignal.get_action(ALICE, ACTION, key).await?;
    expect(
        "a failed challenge",
        &action.state,
        &UserActionState::ChallengeFailed,
    )?;

    let reviewed = UserActionState::ReviewRequired;
    authsignal
        .update_action(ALICE, ACTION, key, reviewed.clone())
        .await?;
    // By the mock's clock, which can stand elsewhere.
    let now = SystemTime::from(mock.clock().await?.now);
    let day = Duration::from_secs(24 * 60 * 60);
    let query = ActionQuery::new()
        .code(ACTION)
        .from_date(now - day)
        .state(reviewed);
    let actions = authsignal.query_user_actions(ALICE, query).await?;
    let keys: Vec<_> = actions
        .iter()
        .map(|action| action.idempotency_key.as_str())
        .collect();
    expect("to be reviewed", keys, vec![key])
}

async fn one_time_code(authsignal: &Authsignal, mock: &MockControl) -> Outcome {
    let challenge = ChallengeToStart::sms("signIn", NUMBER).user_id(ALICE);
    let started = authsignal.challenge(challenge).await?;
    let messages = mock.messages(Some(NUMBER)).await?;
    let code = messages
        .into_iter()
        .find_map(|message| message.code)
        .ok_or("no text message with a code")?;

    let wrong = if code.expose() == "000000" {
        "000001"
    } else {
        "000000"
    };
    let verified = authsignal.verify(&started.challenge_id, wrong).await?;
    expect(
        "a wrong code",
        (verified.is_verified, verified.failure_reason),
        (false, Some(FailureReason::CodeInvalidOrExpired)),
    )?;
    let verified = authsignal.verify(&started.challenge_id, code).await?;
    expect("the right code", verified.is_verified, true)?;

    let claim = ChallengeToClaim::new(&started.challenge_id, ALICE);
    let claimed = authsignal.claim_challenge(claim).await?;
    let attributes = TrackAttributes::new().challenge_id(&started.challenge_id);
    let tracked = authsignal.track(ALICE, "signIn", attributes).await?;
    expect("a blocked sign-in", tracked.is_blocked(), false)?;
    let token = TokenToValidate::new(claimed.token).user_id(ALICE);
    let validated = authsignal.validate_challenge(token).await?;
    expect(
        "user of the token",
        validated.user_id.as_deref(),
        Some(ALICE),
    )
}

async fn refusals(authsignal: &Authsignal, url: &str) -> Outcome {
    let unknown = authsignal.get_action(ALICE, ACTION, "never").await;
    expect("an unknown action", kind(unknown), Some(Kind::NotFound))?;
    let refused = authsignal.get_user("..").await;
    expect(
        "an id that would be another path",
        kind(refused),
        Some(Kind::InvalidInput),
    )?;

    let stranger = Authsignal::builder("another-secret").api_url(url).build()?;
    let Err(error) = stranger.get_user(ALICE).await else {
        return Err("a wrong secret was accepted".into());
    };
    println!("{error}");
    expect(
        "a wrong secret",
        (error.kind(), error.code()),
        (Kind::Unauthorized, Some("unauthorized")),
    )
}

async fn delete(authsignal: &Authsignal) -> Outcome {
    let authenticators = authsignal.get_authenticators(ALICE).await?;
    for authenticator in &authenticators {
        authsignal
            .delete_authenticator(ALICE, &authenticator.user_authenticator_id)
            .await?;
    }
    let user = authsignal.get_user(ALICE).await?;
    expect("still enrolled", user.is_enrolled, false)?;
    authsignal.delete_user_with_actions(ALICE).await?;
    let user = authsignal.get_user(ALICE).await?;
    expect("email of a deleted user", user.email, None)
}

fn kind<T>(result: stepup_client::Result<T>) -> Option<Kind> {
    result.err().map(|error| error.kind())
}

fn setting(variable: &str, default: &str) -> String {
    std::env::var(variable)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found != expected {
        return Err(format!("{what}: expected {expected:?}, found {found:?}").into());
    }
    println!("{what}: {found:?}");
    Ok(())
}
