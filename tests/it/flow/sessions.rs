//! Every way a session can go, and sessions that are saved.

use std::time::Duration;

use stepup_client::Kind;
use stepup_client::activeconnect::{AuthenticationMethod, Session, SessionStatus};

use super::{client, mock, soon, user};

#[tokio::test]
async fn a_session_cannot_start_without_a_device() {
    let mock = mock().await;
    let client = client(&mock);
    client.add_user("grace").await.unwrap();
    let mut session = client.authenticate_user("grace", &[]).await.unwrap();
    assert!(session.failed() && !session.in_progress());
    assert_eq!(session.failure_reason(), Some("NO_MOBILE_DEVICE"));
    let requests = mock.journal().len();
    assert_eq!(*session.wait(soon()).await.unwrap(), SessionStatus::Failed);
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Failed);
    assert!(!session.destroy().await.unwrap());
    assert_eq!(
        mock.journal().len(),
        requests,
        "a session that never started sends nothing"
    );
}

#[tokio::test]
async fn every_end_of_a_session_is_reported() {
    let mock = mock().await;
    let client = client(&mock);
    user(&mock, &client, "ada").await;
    let phone = mock.activeconnect().phone("ada");

    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    phone.deny().await.unwrap();
    assert_eq!(
        *session.wait(soon()).await.unwrap(),
        SessionStatus::Cancelled
    );
    assert!(session.failed());

    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    phone.fail().await.unwrap();
    assert_eq!(*session.wait(soon()).await.unwrap(), SessionStatus::Failed);
    assert!(session.failed());

    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    mock.clock().advance(Duration::from_secs(60));
    assert_eq!(*session.wait(soon()).await.unwrap(), SessionStatus::Timeout);
    assert!(session.failed());

    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    phone.approve().await.unwrap();
    assert_eq!(*session.wait(soon()).await.unwrap(), SessionStatus::Active);
    phone.walk_away().await.unwrap();
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Walkaway);
    assert!(!session.active() && !session.failed() && !session.in_progress());
    phone.come_back().await.unwrap();
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Active);
    mock.clock().advance(Duration::from_secs(3600));
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Closed);
}

#[tokio::test]
async fn waiting_stops_at_its_deadline_and_can_be_resumed() {
    let mock = mock().await;
    let client = client(&mock);
    user(&mock, &client, "ada").await;
    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    let gave_up = session
        .wait(soon().deadline(Duration::from_millis(150)))
        .await
        .unwrap_err();
    assert_eq!(gave_up.kind(), Kind::WaitTimeout);
    assert!(gave_up.is_timeout() && session.in_progress());
    mock.activeconnect().phone("ada").approve().await.unwrap();
    assert_eq!(*session.wait(soon()).await.unwrap(), SessionStatus::Active);
}

#[tokio::test]
async fn named_methods_decide_what_the_phone_is_asked() {
    let mock = mock().await;
    let client = client(&mock);
    user(&mock, &client, "ada").await;
    let every = [
        AuthenticationMethod::Acceptance,
        AuthenticationMethod::Device,
        AuthenticationMethod::Facial,
    ];
    let mut session = client.authenticate_user("ada", &every).await.unwrap();
    let target = &mock.journal()[0].target;
    assert!(
        target.contains("?methods=") && !target.contains('&'),
        "one parameter, not one each: {target}"
    );
    let answer = client
        .raw()
        .authenticate_user()
        .application_id(client.application_id())
        .user_id("ada")
        .methods(vec![AuthenticationMethod::Unknown("telepathy".to_owned())])
        .send()
        .await;
    assert_eq!(
        answer.unwrap_err().status().map(|status| status.as_u16()),
        Some(400)
    );
    mock.activeconnect().phone("ada").approve().await.unwrap();
    assert_eq!(*session.wait(soon()).await.unwrap(), SessionStatus::Active);
}

#[tokio::test]
async fn a_saved_session_continues_where_it_stopped() {
    let mock = mock().await;
    let client = client(&mock);
    user(&mock, &client, "ada").await;
    let session = client.authenticate_user("ada", &[]).await.unwrap();
    let saved = session.to_json();
    let mut restored = client.session_from_json(&saved).unwrap();
    assert_eq!(restored, session);
    assert_eq!(restored.to_json(), saved);
    mock.activeconnect().phone("ada").approve().await.unwrap();
    assert_eq!(*restored.wait(soon()).await.unwrap(), SessionStatus::Active);
    assert_ne!(restored, session, "the status is part of a session");
    assert!(restored.destroy().await.unwrap());

    let refused: Session = {
        client.add_user("grace").await.unwrap();
        client.authenticate_user("grace", &[]).await.unwrap()
    };
    let restored = client.session_from_json(&refused.to_json()).unwrap();
    assert_eq!(restored.failure_reason(), Some("NO_MOBILE_DEVICE"));
}

#[tokio::test]
async fn the_client_refuses_a_session_of_another_server() {
    let (mock, other) = (mock().await, mock().await);
    let here = client(&mock);
    user(&mock, &here, "ada").await;
    let session = here.authenticate_user("ada", &[]).await.unwrap();
    let there = client(&other);
    let kind = match there.session_from_json(&session.to_json()) {
        Ok(mut session) => session.status().await.unwrap_err().kind(),
        Err(error) => error.kind(),
    };
    assert_eq!(kind, Kind::ForeignOrigin);
    assert!(other.journal().is_empty());
}
