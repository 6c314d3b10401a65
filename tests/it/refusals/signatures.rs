//! Signatures of the right form: wrong, stale, used before, for another request, or another's.

use super::{WINDOW, each_refused, good_requests, refused, world};
use crate::signing_reference::{self, AUTHENTICATION};
use crate::wire::{HOST, Request};
use crate::world::{
    Credentials, NOW, Signer, World, credentials, device_description, path_of, signed,
};

#[tokio::test]
async fn a_wrong_secret_is_refused() {
    each_refused("does not match", |world, good, credentials| {
        let wrong = Credentials {
            secret: format!("{}x", credentials.secret),
            ..credentials.clone()
        };
        signed(good.plain(), &wrong, &world.next_nonce(), NOW)
    })
    .await;
}

#[tokio::test]
async fn a_stale_timestamp_is_refused_and_the_oldest_allowed_is_accepted() {
    each_refused("behind the server's clock", |world, good, credentials| {
        signed(
            good.plain(),
            credentials,
            &world.next_nonce(),
            NOW - WINDOW - 1,
        )
    })
    .await;
    edge(NOW - WINDOW).await;
}

#[tokio::test]
async fn a_timestamp_from_the_future_is_refused_and_the_latest_allowed_is_accepted() {
    each_refused("ahead of the server's clock", |world, good, credentials| {
        signed(
            good.plain(),
            credentials,
            &world.next_nonce(),
            NOW + WINDOW + 1,
        )
    })
    .await;
    edge(NOW + WINDOW).await;
}

/// A signature of that time is accepted.
async fn edge(timestamp: i64) {
    let world = world().await;
    let status = format!(
        "/authentication/session_status/mock-app/{}",
        world.session.id
    );
    let request = signed(
        Request::new("GET", &status),
        &world.session,
        &world.next_nonce(),
        timestamp,
    );
    assert_eq!(world.send(&request).await.status, 200);
}

#[tokio::test]
async fn a_used_nonce_is_refused_and_a_refused_request_uses_up_no_nonce() {
    let world = world().await;
    for good in good_requests(&world)
        .into_iter()
        .filter(|good| good.operation == "session_status")
    {
        let request = signed(good.plain(), &world.session, "nonce-1", NOW);
        assert_eq!(world.send(&request).await.status, 200);
        refused(&world, &good, &request, "nonce nonce-1 was used before").await;
        // The same nonce under another signature is the same nonce.
        refused(
            &world,
            &good,
            &signed(good.plain(), &world.session, "nonce-1", NOW + 1),
            "was used before",
        )
        .await;
        // A caller that cannot sign cannot use up another's nonces.
        let forged = Credentials {
            secret: "wrong".to_owned(),
            ..world.session.clone()
        };
        refused(
            &world,
            &good,
            &signed(good.plain(), &forged, "nonce-2", NOW),
            "does not match",
        )
        .await;
        assert_eq!(
            world
                .send(&signed(good.plain(), &world.session, "nonce-2", NOW))
                .await
                .status,
            200
        );
        // Nonces are each client's own.
        let link = format!(
            "/management/device_registration_link/mock-app/{}",
            crate::world::USER
        );
        let other = signed(
            Request::new("GET", &link),
            &world.application,
            "nonce-1",
            NOW,
        );
        assert_eq!(world.send(&other).await.status, 200);
    }
}

#[tokio::test]
async fn a_replayed_request_does_not_act_again() {
    let world = world().await;
    let authenticate = Request::new("POST", "/authentication/authenticate_user/mock-app/alice");
    let request = signed(authenticate, &world.application, "once", NOW);
    assert_eq!(world.send(&request).await.status, 202);
    let good = good_requests(&world)
        .into_iter()
        .find(|good| good.operation == "authenticate_user")
        .unwrap();
    refused(&world, &good, &request, "was used before").await;
}

#[tokio::test]
async fn a_query_that_was_added_or_changed_after_signing_is_refused() {
    each_refused("does not match", |world, good, credentials| {
        let mut request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
        request.target.push_str(if request.target.contains('?') {
            "x"
        } else {
            "?methods=facial"
        });
        request
    })
    .await;
}

#[tokio::test]
async fn a_signature_does_for_no_request_that_carries_its_own_in_the_query() {
    each_refused("does not match", |world, good, credentials| {
        let harmless = "/management/has_registered_mobile_device/mock-app/alice";
        let asked = Request::new("GET", harmless);
        let mut request = signed(asked, credentials, &world.next_nonce(), NOW);
        let separator = if good.target.contains('?') { '&' } else { '?' };
        request.method = good.method.to_owned();
        request.target = format!("{}{separator}x=://{HOST}{harmless}", good.target);
        request.body = good.plain().body;
        request
    })
    .await;
}

#[tokio::test]
async fn a_signature_that_leaves_out_the_path_does_for_no_other_operation() {
    for parameter in ["x", "methods", "display_name"] {
        each_refused("does not match", |world, good, credentials| {
            let mut request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
            if good.operation == "device_registration_link" && parameter == "display_name" {
                // What Python's client signs for this very request.
                request.target.push('x');
                return request;
            }
            // What Python's client signs for a registration link with this display name.
            let nonce = world.next_nonce();
            let tag = signing_reference::tag_over(&credentials.secret, "x.example/y", &nonce, NOW);
            let authentication = signing_reference::with_tag(&credentials.id, &nonce, &tag);
            let separator = if good.target.contains('?') { '&' } else { '?' };
            request.target = format!("{}{separator}{parameter}=http://x.example/y", good.target);
            for (name, value) in &mut request.headers {
                if name.eq_ignore_ascii_case(AUTHENTICATION) {
                    value.clone_from(&authentication);
                }
            }
            request
        })
        .await;
    }
}

#[tokio::test]
async fn a_path_that_was_changed_after_signing_is_refused() {
    each_refused("does not match", |world, good, credentials| {
        let mut request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
        // Another spelling of the same path: the signature covers the path as it is sent.
        request.target = request.target.replacen("mock-app", "mock%2Dapp", 1);
        request
    })
    .await;
}

#[tokio::test]
async fn another_user_in_a_signed_path_is_refused() {
    let world = world().await;
    let add = world.request(
        Signer::Application,
        "POST",
        "/management/add_users/mock-app",
    );
    assert_eq!(
        world.send(&add.json(r#"{"users":["bob"]}"#)).await.status,
        201
    );
    let good = good_requests(&world)
        .into_iter()
        .find(|good| good.operation == "device_registration_link")
        .unwrap();
    let mut request = signed(good.plain(), &world.application, &world.next_nonce(), NOW);
    request.target = request.target.replacen("/alice", "/bob", 1);
    refused(&world, &good, &request, "does not match").await;
}

#[tokio::test]
async fn a_signature_for_another_host_is_refused() {
    each_refused("does not match", |world, good, credentials| {
        let mut request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
        let host = request
            .headers
            .iter_mut()
            .find(|(name, _)| name == "Host")
            .unwrap();
        HOST.to_uppercase().clone_into(&mut host.1);
        request
    })
    .await;
}

/// Another user's session, device and authentication request in the same world.
async fn second_user(world: &World) -> [Credentials; 3] {
    let add = world.request(
        Signer::Application,
        "POST",
        "/management/add_users/mock-app",
    );
    assert_eq!(
        world.send(&add.json(r#"{"users":["bob"]}"#)).await.status,
        201
    );
    let link = world.request(
        Signer::Application,
        "GET",
        "/management/device_registration_link/mock-app/bob",
    );
    let link = world.send(&link).await.json()["register_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let open = Request::new("POST", path_of(&link))
        .json(device_description("Bob's phone", "token-3").to_string());
    let device = world.send(&open).await.json()["device"]["device"].clone();
    let device = credentials(&device, "device_id", "device_secret");
    let start = world.request(
        Signer::Application,
        "POST",
        "/authentication/authenticate_user/mock-app/bob",
    );
    let session = world.send(&start).await.json()["authentication_status"].clone();
    let session = credentials(&session, "session_token", "session_secret");
    let requests = Request::new(
        "POST",
        &format!("/device/pending_requests/mock-app/{}", device.id),
    );
    let requests = world
        .send(&signed(requests, &device, &world.next_nonce(), NOW))
        .await
        .json();
    let mut request = requests["requests"][0].clone();
    request["secret"] = request["identify"]["identification_data_secret"].clone();
    [
        session,
        device,
        credentials(&request, "auth_request_id", "secret"),
    ]
}

#[tokio::test]
async fn credentials_of_another_kind_or_of_another_user_are_refused() {
    let world = world().await;
    let others = second_user(&world).await;
    for good in good_requests(&world) {
        let own = world.credentials(good.signer).unwrap().clone();
        let own_user = [
            &world.application,
            &world.session,
            &world.device,
            &world.request,
        ];
        for credentials in own_user
            .into_iter()
            .chain(&others)
            .filter(|credentials| credentials.id != own.id)
        {
            if good.operation == "session_logout" && credentials.id == world.device.id {
                // The user's own phone may end the session.
                continue;
            }
            let request = signed(good.plain(), credentials, &world.next_nonce(), NOW);
            refused(
                &world,
                &good,
                &request,
                &format!("signed by {}", credentials.id),
            )
            .await;
            // The right id with another secret.
            let mixed = Credentials {
                id: own.id.clone(),
                secret: credentials.secret.clone(),
            };
            let request = signed(good.plain(), &mixed, &world.next_nonce(), NOW);
            refused(&world, &good, &request, "does not match").await;
        }
    }
}
