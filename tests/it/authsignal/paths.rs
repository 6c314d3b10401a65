//! As `paths`, for Authsignal: no id makes the client address anything but the one resource it names.

use std::collections::BTreeMap;

use stepup_client::Kind;
use stepup_client::authsignal::raw::{self, types, vocabulary::UserActionState};
use stepup_client::authsignal::{
    ActionAttributes, ActionQuery, Authsignal, DeviceMemory, TrackAttributes, UserAttributes,
    VerifiedAuthenticator,
};

use crate::paths::{UNADDRESSABLE, each_hostile_id};
use crate::receiver::{Receiver, Reply};

fn client(receiver: &Receiver) -> Authsignal {
    Authsignal::builder("secret")
        .api_url(format!("{}/v1", receiver.base()))
        .build()
        .unwrap()
}

async fn receiver() -> Receiver {
    let body = r#"{"error":"recorded","errorCode":"recorded","errorDescription":"recorded"}"#;
    Receiver::that(Reply::Json(400, body.to_owned())).await
}

/// Calls an operation of the generated client with these path parameters. The outcome does not matter: the answers are
/// all refusals, and what was sent is in the receiver.
async fn call(client: &raw::Client, operation: &str, path: &BTreeMap<&str, &str>) {
    let given = |name: &str| path[name].to_owned();
    let user = || given("userId");
    macro_rules! send {
        ($request:expr) => {
            assert!($request.send().await.is_err())
        };
    }
    match operation {
        "get_user" => send!(client.get_user().user_id(user())),
        "update_user" => {
            let body = types::UserAttributes::default();
            send!(client.update_user().user_id(user()).body(body))
        }
        "identify" => {
            let body = types::UserAttributes::default();
            send!(client.identify().user_id(user()).body(body))
        }
        "delete_user" => send!(client.delete_user().user_id(user())),
        "get_authenticators" => send!(client.get_authenticators().user_id(user())),
        "enroll_verified_authenticator" => {
            let body = types::EnrollVerifiedAuthenticator::default();
            send!(
                client
                    .enroll_verified_authenticator()
                    .user_id(user())
                    .body(body)
            )
        }
        "delete_authenticator" => send!(
            client
                .delete_authenticator()
                .user_id(user())
                .user_authenticator_id(given("userAuthenticatorId"))
        ),
        "track" => {
            let request = client.track().user_id(user()).action(given("action"));
            send!(request.body(types::TrackAttributes::default()))
        }
        "get_action" => send!(
            client
                .get_action()
                .user_id(user())
                .action(given("action"))
                .idempotency_key(given("idempotencyKey"))
        ),
        "update_action" => {
            let body = types::ActionAttributes {
                custom: None,
                state: UserActionState::Block,
            };
            let request = client.update_action().user_id(user());
            let request = request.action(given("action"));
            send!(request.idempotency_key(given("idempotencyKey")).body(body))
        }
        "query_user_actions" => send!(client.query_user_actions().user_id(user())),
        "login_with_email" => {
            let body = types::LoginWithEmail::default();
            send!(client.login_with_email().email(given("email")).body(body))
        }
        "get_devices" => send!(client.get_devices().user_id(user())),
        "update_device" => {
            let request = client.update_device().user_id(user());
            let request = request.device_id(given("deviceId"));
            send!(request.body(types::DeviceAttributes::default()))
        }
        "invalidate_device" => {
            let request = client.invalidate_device().user_id(user());
            send!(request.device_id(given("deviceId")))
        }
        "get_jwks" => send!(client.get_jwks().tenant_id(given("tenantId"))),
        "get_openid_configuration" => send!(
            client
                .get_openid_configuration()
                .tenant_id(given("tenantId"))
        ),
        other => panic!("call {other} here"),
    }
}

#[tokio::test]
async fn every_operation_sends_a_hostile_id_as_one_segment_or_not_at_all() {
    let receiver = receiver().await;
    let client = client(&receiver);
    each_hostile_id(&receiver, "authsignal", async |operation, path| {
        call(client.raw(), operation, path).await;
    })
    .await;
}

#[tokio::test]
async fn every_method_refuses_an_id_that_no_path_can_hold_before_sending() {
    let receiver = receiver().await;
    let client = client(&receiver);
    for id in UNADDRESSABLE {
        let block = || ActionAttributes::new(UserActionState::Block);
        let errors = [
            client.get_user(id).await.map(drop).unwrap_err(),
            client
                .update_user(id, UserAttributes::new())
                .await
                .map(drop)
                .unwrap_err(),
            client
                .identify(id, UserAttributes::new())
                .await
                .map(drop)
                .unwrap_err(),
            client.delete_user(id).await.unwrap_err(),
            client.delete_user_with_actions(id).await.unwrap_err(),
            client.get_authenticators(id).await.map(drop).unwrap_err(),
            client
                .enroll_verified_authenticator(id, VerifiedAuthenticator::sms("+15550100"))
                .await
                .map(drop)
                .unwrap_err(),
            client.delete_authenticator(id, "a").await.unwrap_err(),
            client.delete_authenticator("u", id).await.unwrap_err(),
            client
                .track(id, "a", TrackAttributes::new())
                .await
                .map(drop)
                .unwrap_err(),
            client
                .track("u", id, TrackAttributes::new())
                .await
                .map(drop)
                .unwrap_err(),
            client.get_action(id, "a", "k").await.map(drop).unwrap_err(),
            client.get_action("u", id, "k").await.map(drop).unwrap_err(),
            client.get_action("u", "a", id).await.map(drop).unwrap_err(),
            client
                .update_action("u", "a", id, block())
                .await
                .map(drop)
                .unwrap_err(),
            client
                .query_user_actions(id, ActionQuery::new())
                .await
                .map(drop)
                .unwrap_err(),
            client.get_devices(id).await.map(drop).unwrap_err(),
            client
                .update_device("u", id, DeviceMemory::Forgotten)
                .await
                .map(drop)
                .unwrap_err(),
            client
                .invalidate_device("u", id)
                .await
                .map(drop)
                .unwrap_err(),
            client.jwks(id).await.map(drop).unwrap_err(),
            client.openid_configuration(id).await.map(drop).unwrap_err(),
        ];
        for error in errors {
            assert_eq!(error.kind(), Kind::InvalidInput, "{id:?}: {error}");
            assert_eq!(error.attempts(), 0);
        }
    }
    assert!(receiver.take().is_empty());
}
