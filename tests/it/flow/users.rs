//! Users, links and text messages.

use stepup_client::Kind;
use stepup_client::activeconnect::{AddedUser, RegistrationSms, SessionStatus};

use super::{client, mock, user};

#[tokio::test]
async fn adding_users_distinguishes_new_from_existing_ones() {
    let mock = mock().await;
    let client = client(&mock);
    let added = client.add_users(["one", "two"]).await.unwrap();
    assert_eq!(
        (added.created, added.existing),
        (vec!["one".to_owned(), "two".to_owned()], vec![])
    );
    let added = client.add_users(["TWO", "three"]).await.unwrap();
    assert_eq!(
        (added.created, added.existing),
        (vec!["three".to_owned()], vec!["TWO".to_owned()])
    );
    let added = client.add_users(["one"]).await.unwrap();
    assert_eq!(
        (added.created, added.existing),
        (vec![], vec!["one".to_owned()])
    );

    let nothing: [&str; 0] = [];
    let refused = client.add_users(nothing).await.unwrap_err();
    assert_eq!(refused.kind(), Kind::Rejected);
    assert!(
        refused
            .reason()
            .is_some_and(|reason| reason.contains("users")),
        "{refused}"
    );
    client.delete_users(["one", "nobody"]).await.unwrap();
    assert_eq!(client.add_user("one").await.unwrap(), AddedUser::Created);
}

#[tokio::test]
async fn a_text_message_carries_the_link() {
    let mock = mock().await;
    let client = client(&mock);
    client.add_user("ada").await.unwrap();
    let sms = RegistrationSms::to("+15550100")
        .display_name("Ada at Example")
        .message("Register here:");
    client.send_registration_sms("ada", sms).await.unwrap();
    let [message] = <[_; 1]>::try_from(mock.messages()).unwrap();
    let link = message.url.unwrap();
    assert_eq!(message.text, format!("Register here: {link}"));
    mock.activeconnect()
        .phone("ada")
        .register(&link)
        .await
        .unwrap();
    assert!(client.has_registered_mobile_device("ada").await.unwrap());

    let refused = client
        .send_registration_sms("ada", RegistrationSms::to("5550100"))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), Kind::Rejected);
    assert!(
        refused
            .reason()
            .is_some_and(|reason| reason.contains("phone_number")),
        "{refused}"
    );
    assert_eq!(mock.messages().len(), 1);
}

#[tokio::test]
async fn a_lost_phone_can_be_replaced() {
    let mock = mock().await;
    let client = client(&mock);
    user(&mock, &client, "ada").await;
    let link = client.lost_user_mobile_device("ada").await.unwrap();
    assert!(!client.has_registered_mobile_device("ada").await.unwrap());
    mock.activeconnect()
        .phone("ada")
        .register(link.expose())
        .await
        .unwrap();
    assert!(client.has_registered_mobile_device("ada").await.unwrap());
    let again = mock
        .activeconnect()
        .phone("ada")
        .register(link.expose())
        .await
        .unwrap_err();
    assert!(again.to_string().contains("used"), "{again}");
}

#[tokio::test]
async fn odd_ids_arrive_as_given() {
    let mock = mock().await;
    let client = client(&mock);
    for id in [
        "user one@example.com",
        "a/b",
        "a+b",
        "é",
        "50%25",
        "a?b#c&d=e",
        "x\\y",
        "~*",
        "…",
    ] {
        user(&mock, &client, id).await;
        let mut session = client.authenticate_user(id, &[]).await.unwrap();
        mock.activeconnect().phone(id).approve().await.unwrap();
        assert_eq!(*session.status().await.unwrap(), SessionStatus::Active);
        client.delete_user(id).await.unwrap();
    }
    assert_eq!(
        mock.state()["mock-app"]["activeconnect"]["users"],
        serde_json::json!({})
    );
}
