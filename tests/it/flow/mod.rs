//! The client against the mock: every flow that the README shows, and every way it can end. Must not sign or read
//! messages by itself.

mod phone;
mod sessions;
mod users;

use std::time::Duration;

use stepup_client::Kind;
use stepup_client::activeconnect::{Activeconnect, AddedUser, SessionStatus, WaitOptions};
use stepup_mock::MockServer;

use crate::wire::silent;

async fn mock() -> MockServer {
    MockServer::start().await.unwrap()
}

fn client(mock: &MockServer) -> Activeconnect {
    client_of(mock.url())
}

/// A client with connections of its own.
fn client_of(url: &str) -> Activeconnect {
    Activeconnect::builder("mock-app", "mock-app-secret-24-bytes")
        .server(url)
        .build()
        .unwrap()
}

/// A user who exists and has a phone.
async fn user(mock: &MockServer, client: &Activeconnect, id: &str) {
    assert_eq!(client.add_user(id).await.unwrap(), AddedUser::Created);
    let link = client.registration_link(id, Some("A user")).await.unwrap();
    assert_eq!(
        mock.activeconnect()
            .phone(id)
            .register(link.expose())
            .await
            .unwrap()
            .user_id,
        id
    );
}

fn soon() -> WaitOptions {
    WaitOptions::default()
        .interval(WaitOptions::MIN_INTERVAL)
        .deadline(Duration::from_secs(30))
}

#[tokio::test]
async fn a_user_registers_a_phone_authenticates_and_logs_out() {
    let mock = mock().await;
    let client = client(&mock);

    assert_eq!(
        client.add_user("MY USER").await.unwrap(),
        AddedUser::Created
    );
    assert_eq!(
        client.add_user("MY USER").await.unwrap(),
        AddedUser::Existing
    );
    assert!(
        !client
            .has_registered_mobile_device("MY USER")
            .await
            .unwrap()
    );
    let link = client
        .registration_link("MY USER", Some("MY USER@myapp"))
        .await
        .unwrap();
    mock.activeconnect()
        .phone("MY USER")
        .register(link.expose())
        .await
        .unwrap();
    assert!(
        client
            .has_registered_mobile_device("MY USER")
            .await
            .unwrap()
    );

    let mut session = client.authenticate_user("MY USER", &[]).await.unwrap();
    assert!(session.in_progress() && !session.active() && !session.failed());
    assert_eq!(session.failure_reason(), None);
    let phone = mock.activeconnect().phone("MY USER");
    let (status, approved) = tokio::join!(session.wait(soon()), phone.approve());
    approved.unwrap();
    assert_eq!(*status.unwrap(), SessionStatus::Active);
    assert!(session.active());

    assert!(session.destroy().await.unwrap());
    assert_eq!(*session.session_status(), SessionStatus::Closed);
    assert!(!session.destroy().await.unwrap(), "it has already ended");
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Closed);
    client.delete_user("MY USER").await.unwrap();
    let gone = client
        .has_registered_mobile_device("MY USER")
        .await
        .unwrap_err();
    assert_eq!((gone.kind(), gone.status()), (Kind::NotFound, Some(404)));
}

#[tokio::test]
async fn errors_say_what_went_wrong_and_show_no_secret() {
    let mock = mock().await;
    let client = client(&mock);
    user(&mock, &client, "ada").await;
    let before = mock.state();

    let stranger = Activeconnect::builder("mock-app", "not-the-secret")
        .server(mock.url())
        .build()
        .unwrap();
    let error = stranger.add_user("eve").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.operation()),
        (Kind::Unauthorized, Some(401), Some("add_users"))
    );
    assert!(error.to_string().contains("does not match"), "{error}");
    for text in [
        format!("{error}"),
        format!("{error:?}"),
        format!("{stranger:?}"),
    ] {
        assert!(!text.contains("not-the-secret"), "{text}");
    }

    let elsewhere = Activeconnect::builder("no-such-app", "x")
        .server(mock.url())
        .build()
        .unwrap();
    let error = elsewhere.add_user("eve").await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (Kind::NotFound, Some(404)));
    let error = client
        .authenticate_user("nobody", &[])
        .await
        .map(drop)
        .unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (Kind::NotFound, 1));
    assert_eq!(mock.state(), before);

    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    let forged = session
        .to_json()
        .replace("\"session_secret\":\"", "\"session_secret\":\"x");
    let mut forged = client.session_from_json(&forged).unwrap();
    assert_eq!(
        forged.status().await.unwrap_err().kind(),
        Kind::Unauthorized
    );
    assert_eq!(
        *forged.session_status(),
        SessionStatus::Pending,
        "the kept status stays"
    );
    client.delete_user("ada").await.unwrap();
    assert_eq!(session.status().await.unwrap_err().kind(), Kind::NotFound);

    let (_socket, address) = silent();
    let silent = client_of(&format!("http://{address}"));
    assert_eq!(
        silent.add_user("eve").await.unwrap_err().kind(),
        Kind::Connect
    );
}
