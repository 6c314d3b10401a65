//! A step-up and a one-time code in a program without async, against a running `stepup-mock`, in which it plays the user.
//!
//! ```sh
//! cargo run -p stepup-mock
//! cargo run -p stepup-client --example authsignal_blocking --features blocking,mock-control
//! ```
//!
//! `AUTHSIGNAL_API_URL` and `AUTHSIGNAL_API_SECRET` point it elsewhere. It resets the mock it finds, and fails when anything
//! is not as it should be.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::error::Error;

use stepup_client::authsignal::{
    ChallengeToStart, TokenToValidate, TrackAttributes, TrackOutcome, VerifiedAuthenticator,
};
use stepup_client::blocking::authsignal::Authsignal;
use stepup_client::blocking::mock_control::MockControl;
use stepup_client::mock_control::{AuthsignalConfiguration, Outcome};

const NUMBER: &str = "+15550100";

fn main() -> Result<(), Box<dyn Error>> {
    let url = setting("AUTHSIGNAL_API_URL", "http://127.0.0.1:4750/v1");
    let secret = setting(
        "AUTHSIGNAL_API_SECRET",
        "mock-authsignal-secret-0123456789abcdef",
    );
    let authsignal = Authsignal::builder(secret).api_url(&url).build()?;
    let mock = MockControl::new(url.trim_end_matches('/').trim_end_matches("/v1"))?;
    mock.reset()?;
    mock.configure_authsignal(AuthsignalConfiguration::new().action("pay", Outcome::Challenge))?;
    authsignal.enroll_verified_authenticator("ada", VerifiedAuthenticator::sms(NUMBER))?;

    let tracked = authsignal.track("ada", "pay", TrackAttributes::new())?;
    match tracked.outcome() {
        TrackOutcome::ChallengeRequired { .. } => println!("the user goes to the hosted page"),
        other => return Err(format!("expected a challenge, found {other:?}").into()),
    }
    mock.challenge("ada").succeed()?;
    let token = TokenToValidate::new(tracked.token()).user_id("ada");
    if !authsignal.validate_challenge(token)?.is_valid {
        return Err("the challenge was passed, and is not valid".into());
    }
    println!("the user may pay");

    let started = authsignal.challenge(ChallengeToStart::sms("signIn", NUMBER).user_id("ada"))?;
    let messages = mock.messages(Some(NUMBER))?;
    let code = messages.into_iter().find_map(|message| message.code);
    let code = code.ok_or("no text message with a code")?;
    if !authsignal.verify(&started.challenge_id, code)?.is_verified {
        return Err("the code of the message is not the right one".into());
    }
    println!("the user may sign in");
    Ok(())
}

fn setting(variable: &str, default: &str) -> String {
    std::env::var(variable)
        .ok()
        .filter(|value| !value.is_empty())
        .unwrap_or_else(|| default.to_owned())
}
