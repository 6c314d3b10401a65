//! A login with Activeconnect, from adding a user to deleting them, against a running
//! `stepup-mock`. The example also plays the phones.
//!
//! ```sh
//! cargo run -p stepup-mock
//! cargo run -p stepup-client --example activeconnect_login --features mock-control
//! ```
//!
//! `ACTIVE_CONNECT_SERVER`, `ACTIVE_CONNECT_APPLICATION_ID` and `ACTIVE_CONNECT_APPLICATION_SECRET`
//! point it elsewhere. It resets the mock it finds, and fails when anything is not as it should be.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::error::Error;
use std::time::Duration;

use stepup_client::Kind;
use stepup_client::activeconnect::sealing::SessionSealer;
use stepup_client::activeconnect::{
    Activeconnect, AddedUser, AuthenticationMethod, RegistrationSms, Session, SessionStatus,
    WaitOptions,
};
use stepup_client::mock_control::MockControl;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob/unusual+id";

#[tokio::main]
async fn main() -> Outcome {
    let server = setting("ACTIVE_CONNECT_SERVER", "http://127.0.0.1:4750");
    let id = setting("ACTIVE_CONNECT_APPLICATION_ID", "mock-app");
    let secret = setting(
        "ACTIVE_CONNECT_APPLICATION_SECRET",
        "mock-app-secret-24-bytes",
    );

    let activeconnect = Activeconnect::builder(id, secret).server(&server).build()?;
    let mock = MockControl::new(&server)?;
    println!("mock {} at {server}", mock.health().await?.version);
    mock.reset().await?;

    users(&activeconnect).await?;
    no_device(&activeconnect).await?;
    register(&activeconnect, &mock).await?;
    approve(&activeconnect, &mock).await?;
    deny(&activeconnect, &mock).await?;
    time_out(&activeconnect, &mock).await?;
    lose_and_delete(&activeconnect).await?;
    println!("all as expected");
    Ok(())
}

async fn users(activeconnect: &Activeconnect) -> Outcome {
    let first = activeconnect.add_user(ALICE).await?;
    let again = activeconnect.add_user(ALICE).await?;
    expect(
        "adding a user twice",
        (first, again),
        (AddedUser::Created, AddedUser::Existing),
    )?;

    let added = activeconnect.add_users([ALICE, BOB]).await?;
    expect("users that are new", added.created, vec![BOB.to_owned()])?;
    expect(
        "users that were there",
        added.existing,
        vec![ALICE.to_owned()],
    )
}

async fn no_device(activeconnect: &Activeconnect) -> Outcome {
    let session = activeconnect.authenticate_user(ALICE, &[]).await?;
    expect(
        "without a phone",
        (session.failed(), session.failure_reason()),
        (true, Some("NO_MOBILE_DEVICE")),
    )?;

    let unknown = activeconnect.authenticate_user("nobody", &[]).await;
    expect(
        "an unknown user",
        unknown.map_err(|error| error.kind()).err(),
        Some(Kind::NotFound),
    )
}

async fn register(activeconnect: &Activeconnect, mock: &MockControl) -> Outcome {
    expect(
        "a phone before",
        activeconnect.has_registered_mobile_device(ALICE).await?,
        false,
    )?;
    let link = activeconnect
        .registration_link(ALICE, Some("Alice"))
        .await?;
    mock.phone(ALICE).register(link.expose()).await?;
    expect(
        "a phone after",
        activeconnect.has_registered_mobile_device(ALICE).await?,
        true,
    )?;

    let number = "+15550100";
    let sms = RegistrationSms::to(number)
        .display_name("Bob")
        .message("Register:");
    activeconnect.send_registration_sms(BOB, sms).await?;
    let messages = mock.messages(Some(number)).await?;
    let link = messages
        .first()
        .and_then(|message| message.url.clone())
        .ok_or("no text message with a link")?;
    mock.phone(BOB).register(&link).await?;
    expect(
        "a phone by text message",
        activeconnect.has_registered_mobile_device(BOB).await?,
        true,
    )
}

async fn approve(activeconnect: &Activeconnect, mock: &MockControl) -> Outcome {
    let mut session = activeconnect
        .authenticate_user(ALICE, &[AuthenticationMethod::Acceptance])
        .await?;
    expect(
        "a started session",
        session.session_status(),
        &SessionStatus::Pending,
    )?;
    let phone = mock.phone(ALICE);
    let (approved, waited) = tokio::join!(phone.approve(), wait(&mut session));
    approved?;
    waited?;
    expect("approved", session.active(), true)?;

    // What a web application does between two of its requests.
    let sealer = SessionSealer::new([7; 32]);
    let cookie = sealer.seal(&session, Duration::from_secs(3600))?;
    let mut session = sealer.open(activeconnect, &cookie)?;

    phone.walk_away().await?;
    expect(
        "walked away",
        session.status().await?,
        &SessionStatus::Walkaway,
    )?;
    phone.return_().await?;
    expect(
        "back again",
        session.status().await?,
        &SessionStatus::Active,
    )?;

    expect("logged out", session.destroy().await?, true)?;
    expect("logged out twice", session.destroy().await?, false)
}

async fn deny(activeconnect: &Activeconnect, mock: &MockControl) -> Outcome {
    let mut session = activeconnect.authenticate_user(BOB, &[]).await?;
    mock.phone(BOB).deny().await?;
    wait(&mut session).await?;
    expect(
        "denied",
        session.session_status(),
        &SessionStatus::Cancelled,
    )?;

    let mut session = activeconnect.authenticate_user(BOB, &[]).await?;
    mock.phone(BOB).fail().await?;
    wait(&mut session).await?;
    expect(
        "not recognised",
        session.session_status(),
        &SessionStatus::Failed,
    )
}

async fn time_out(activeconnect: &Activeconnect, mock: &MockControl) -> Outcome {
    let mut session = activeconnect.authenticate_user(ALICE, &[]).await?;
    mock.advance_clock(Duration::from_secs(61)).await?;
    wait(&mut session).await?;
    expect(
        "not answered for 61 s",
        session.session_status(),
        &SessionStatus::Timeout,
    )?;

    let mut session = activeconnect.authenticate_user(ALICE, &[]).await?;
    mock.phone(ALICE).approve().await?;
    wait(&mut session).await?;
    mock.phone(ALICE).expire().await?;
    expect(
        "an active session that ran out",
        session.status().await?,
        &SessionStatus::Closed,
    )
}

async fn lose_and_delete(activeconnect: &Activeconnect) -> Outcome {
    activeconnect.lost_user_mobile_device(ALICE).await?;
    expect(
        "a lost phone",
        activeconnect.has_registered_mobile_device(ALICE).await?,
        false,
    )?;
    activeconnect.delete_user(ALICE).await?;
    activeconnect.delete_users([BOB]).await?;
    let gone = activeconnect.has_registered_mobile_device(ALICE).await;
    expect(
        "a deleted user",
        gone.map_err(|error| error.kind()).err(),
        Some(Kind::NotFound),
    )
}

async fn wait(session: &mut Session) -> stepup_client::Result<()> {
    let options = WaitOptions::default()
        .interval(WaitOptions::MIN_INTERVAL)
        .deadline(Duration::from_secs(10));
    session.wait(options).await.map(drop)
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
