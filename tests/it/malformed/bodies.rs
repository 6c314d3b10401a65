//! Bodies that are not JSON, of another type, too large, or not wanted.

use serde_json::{Value, json};

use super::add_users;
use crate::wire::{self, Request};
use crate::world::{NOW, Signer, Stage, USER, World, assert_refusal, credentials, signed};

#[tokio::test]
async fn a_body_that_is_not_json_is_refused() {
    let world = World::at(Stage::User).await;
    let deep = format!(
        "{{\"users\":{}1{}}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let bodies: [&[u8]; 12] = [
        b"",
        b" ",
        b"{",
        b"{\"users\": [\"bob\"]",
        b"{\"users\": [\"bob\"]} x",
        b"{'users': ['bob']}",
        b"{\"users\": [bob]}",
        b"{\"users\": [\"bob\",]}",
        b"users=bob",
        // Not UTF-8, inside a text and outside.
        b"{\"users\": [\"b\xffb\"]}",
        b"\xff\xfe{\x00}\x00",
        deep.as_bytes(),
    ];
    for body in bodies {
        world
            .refused("add_users", 400, &add_users(&world, body), "body")
            .await;
    }
}

#[tokio::test]
async fn a_body_of_the_wrong_type_is_refused_with_the_place() {
    let world = World::at(Stage::User).await;
    for (body, place) in [
        (json!(null), "body"),
        (json!([]), "body"),
        (json!("users"), "body"),
        (json!({}), "users"),
        (json!({"Users": ["bob"]}), "users"),
        (json!({"users": null}), "/users"),
        (json!({"users": "bob"}), "/users"),
        (json!({"users": {"0": "bob"}}), "/users"),
        (json!({"users": [1]}), "/users/0"),
        (json!({"users": ["bob", null]}), "/users/1"),
        (json!({"users": ["bob", "carol", ["dave"]]}), "/users/2"),
        (json!({"users": ["bob", ""]}), "/users/1"),
    ] {
        world
            .refused(
                "add_users",
                400,
                &add_users(&world, body.to_string()),
                place,
            )
            .await;
    }
    let sms = |body: Value| {
        let target = format!("/management/send_registration_sms/mock-app/{USER}");
        world
            .request(Signer::Application, "POST", &target)
            .json(body.to_string())
    };
    for (body, place) in [
        (json!({}), "phone_number"),
        (json!({"phone_number": 15_550_100}), "/phone_number"),
        (
            json!({"phone_number": "+15550100", "message": null}),
            "/message",
        ),
        (
            json!({"phone_number": "+15550100", "display_name": ["Alice"]}),
            "/display_name",
        ),
    ] {
        world
            .refused("send_registration_sms", 400, &sms(body), place)
            .await;
    }
    assert!(world.server.messages().is_empty());
}

#[tokio::test]
async fn a_reason_does_not_repeat_what_was_sent() {
    let world = World::at(Stage::User).await;
    for body in [
        json!({"users": {"hunter2": 1}}),
        json!({"users": [["hunter2"]]}),
        json!("hunter2"),
    ] {
        let answer = world.send(&add_users(&world, body.to_string())).await;
        assert_eq!(answer.status, 400);
        assert!(!answer.text().contains("hunter2"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_however_it_is_announced() {
    let world = World::at(Stage::User).await;
    let limit = 1024 * 1024;
    // As large as allowed: read, and found not to be JSON.
    world
        .refused(
            "add_users",
            400,
            &add_users(&world, vec![b' '; limit]),
            "body",
        )
        .await;
    world
        .refused(
            "add_users",
            413,
            &add_users(&world, vec![b' '; limit + 1]),
            "1048576",
        )
        .await;

    // Announced by its length alone: refused before it is there.
    let announced = world.request(
        Signer::Application,
        "POST",
        "/management/add_users/mock-app",
    );
    let head = announced
        .head()
        .replace("Content-Length: 0", "Content-Length: 1000000000000");
    assert_refusal(
        &wire::send_bytes(world.address(), head.as_bytes()).await,
        "add_users",
        413,
        "1048576",
    );

    // Not announced at all.
    let chunked = world.request(
        Signer::Application,
        "POST",
        "/management/add_users/mock-app",
    );
    let mut bytes = chunked
        .head()
        .replace("Content-Length: 0", "Transfer-Encoding: chunked")
        .into_bytes();
    for _ in 0..=limit / 65_536 {
        bytes.extend_from_slice(b"10000\r\n");
        bytes.extend(vec![b' '; 65_536]);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    assert_refusal(
        &wire::send_bytes(world.address(), &bytes).await,
        "add_users",
        413,
        "1048576",
    );
}

#[tokio::test]
async fn a_chunked_body_is_read_like_any_other() {
    let world = World::at(Stage::Start).await;
    let chunked = world.request(
        Signer::Application,
        "POST",
        "/management/add_users/mock-app",
    );
    let head = chunked
        .head()
        .replace("Content-Length: 0", "Transfer-Encoding: chunked");
    let bytes = format!("{head}9\r\n{{\"users\":\r\n8\r\n[\"bob\"]}}\r\n0\r\n\r\n");
    let answer = wire::send_bytes(world.address(), bytes.as_bytes()).await;
    assert_eq!(
        (answer.status, &answer.json()["users"]["created"]),
        (201, &json!(["bob"]))
    );
}

#[tokio::test]
async fn an_unexpected_body_is_ignored() {
    let world = World::at(Stage::Device).await;
    let target = format!("/authentication/authenticate_user/mock-app/{USER}");
    // The Python client's, the documentation's, and what neither sends; the logout's is empty and called JSON.
    for body in ["{}", "", "{", "\u{0}", "{\"methods\": 1}"] {
        let request = world
            .request(Signer::Application, "POST", &target)
            .json(body);
        assert_eq!(world.send(&request).await.status, 202, "{body:?}");
    }
    let without_type = world.request(Signer::Application, "POST", &target);
    let session = world.send(&without_type).await.json()["authentication_status"].clone();
    let session = credentials(&session, "session_token", "session_secret");
    let logout = Request::new(
        "POST",
        &format!("/authentication/logout/mock-app/{}", session.id),
    )
    .json("");
    let answer = world
        .send(&signed(logout, &session, &world.next_nonce(), NOW))
        .await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"status": true}))
    );
    let status = Request::new(
        "GET",
        &format!("/authentication/session_status/mock-app/{}", session.id),
    );
    let status = signed(
        status.header("Content-Type", "application/json"),
        &session,
        &world.next_nonce(),
        NOW,
    );
    assert_eq!(world.send(&status).await.json()["session_status"], "closed");
}
