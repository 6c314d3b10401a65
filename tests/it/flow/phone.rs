//! The phone's side, by the generated client and by the control API's client.

use std::time::Duration;

use serde_json::json;
use stepup_client::Kind;
use stepup_client::activeconnect::{RegistrationSms, SessionStatus};

use super::{client, mock};

#[tokio::test]
async fn the_generated_client_can_play_the_phone() {
    use stepup_client::activeconnect::raw::types::{
        DeviceDescription, DeviceEnvelope, IdentificationAnswer,
    };
    let mock = mock().await;
    let client = client(&mock);
    client.add_user("ada").await.unwrap();
    let link = client.registration_link("ada", None).await.unwrap();
    let token = link.expose().rsplit('/').next().unwrap().to_owned();
    let app = client.application_id();
    let description = || {
        let device: DeviceDescription =
            serde_json::from_value(json!({"notification_token": "token"})).unwrap();
        DeviceEnvelope { device }
    };
    let registered = client
        .raw()
        .register_device()
        .application_id(app)
        .registration_token(&token)
        .body(description())
        .send()
        .await
        .unwrap()
        .into_inner();
    let device = registered.device.unwrap().device.unwrap();
    let phone = client.raw_as(device.device_id.as_str(), device.device_secret.clone());
    let id = device.device_id.as_str();

    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    let open = phone
        .pending_requests()
        .application_id(app)
        .device_id(id)
        .send()
        .await
        .unwrap()
        .into_inner();
    let [request] = <[_; 1]>::try_from(open.requests).unwrap();
    let request_id = request.auth_request_id.as_str();
    let started = phone
        .start_identification()
        .application_id(app)
        .auth_request_id(request_id)
        .send()
        .await
        .unwrap();
    assert!(started.status);
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Identifying);
    assert!(session.in_progress());

    let answering = client.raw_as(
        request_id,
        request.identify.identification_data_secret.clone(),
    );
    let answer: IdentificationAnswer = serde_json::from_value(json!({
        "identification_data": {"cancelled": false, "acceptance": {"identified": true}}
    }))
    .unwrap();
    let taken = answering
        .send_identification_data()
        .application_id(app)
        .auth_request_id(request_id)
        .body(answer)
        .send()
        .await
        .unwrap();
    assert!(taken.status);
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Active);
    let sessions = phone
        .active_sessions()
        .application_id(app)
        .device_id(id)
        .send()
        .await
        .unwrap()
        .into_inner();
    assert_eq!(sessions.sessions.len(), 1);
    let updated = phone
        .update_device()
        .application_id(app)
        .device_id(id)
        .body(description())
        .send()
        .await
        .unwrap();
    assert!(updated.status);
    assert!(
        phone
            .unregister_device()
            .application_id(app)
            .device_id(id)
            .send()
            .await
            .unwrap()
            .status
    );
    assert!(!client.has_registered_mobile_device("ada").await.unwrap());
}

#[tokio::test]
async fn the_control_client_drives_a_mock_over_http() {
    use stepup_client::mock_control::{self, MockControl};
    let mock = mock().await;
    let client = client(&mock);
    let control = MockControl::new(mock.url()).unwrap();
    assert_eq!(control.health().await.unwrap().status, "ok");
    let limits = control.limits().await.unwrap();
    let body = limits.iter().find(|limit| limit.name == "BODY").unwrap();
    assert_eq!(body.value, 1024 * 1024);
    assert_eq!(body.unit, mock_control::LimitUnit::Bytes);

    client.add_user("ada").await.unwrap();
    client
        .send_registration_sms("ada", RegistrationSms::to("+15550100"))
        .await
        .unwrap();
    client
        .send_registration_sms("ada", RegistrationSms::to("+15550101"))
        .await
        .unwrap();
    assert_eq!(control.messages(None).await.unwrap().len(), 2);
    let [message] = <[_; 1]>::try_from(control.messages(Some("+15550101")).await.unwrap()).unwrap();
    let phone = control.phone("ada");
    assert_eq!(
        phone.register(&message.url.unwrap()).await.unwrap().user_id,
        "ada"
    );

    let mut session = client.authenticate_user("ada", &[]).await.unwrap();
    assert_eq!(
        phone.approve().await.unwrap(),
        mock_control::SessionStatus::Active
    );
    assert_eq!(
        phone.walk_away().await.unwrap(),
        mock_control::SessionStatus::Walkaway
    );
    assert_eq!(
        phone.return_().await.unwrap(),
        mock_control::SessionStatus::Active
    );
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Active);
    let nothing = phone.deny().await.unwrap_err();
    assert_eq!(
        (nothing.kind(), nothing.status()),
        (Kind::Rejected, Some(409))
    );
    assert!(
        nothing
            .reason()
            .is_some_and(|reason| reason.contains("authenticate_user")),
        "{nothing}"
    );

    assert!(control.freeze_clock(true).await.unwrap().frozen);
    let before = control.clock().await.unwrap().now;
    let after = control
        .advance_clock(Duration::from_secs(3600))
        .await
        .unwrap()
        .now;
    assert_eq!(after.as_second() - before.as_second(), 3600);
    assert_eq!(*session.status().await.unwrap(), SessionStatus::Closed);
    let newest = control.journal().await.unwrap().swap_remove(0);
    assert_eq!(newest.operation.as_deref(), Some("session_status"));
    control.reset().await.unwrap();
    assert!(control.journal().await.unwrap().is_empty());
    assert_eq!(
        client
            .has_registered_mobile_device("ada")
            .await
            .unwrap_err()
            .kind(),
        Kind::NotFound
    );
}
