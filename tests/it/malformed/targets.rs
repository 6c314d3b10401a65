//! Paths and queries: encodings of ids, unknown paths and methods, unknown applications.

use serde_json::json;

use super::add_users;
use crate::spec;
use crate::wire::{self, HOST, Request};
use crate::world::{Signer, Stage, USER, World};

#[tokio::test]
async fn bad_percent_encoding_in_an_id_is_refused_with_its_name() {
    let world = World::at(Stage::User).await;
    for id in [
        "%",
        "%z1",
        "%4",
        "a%",
        "%%41",
        "%+1",
        "%ff",
        "%C3",
        "%c0%af",
        "%ed%a0%80",
    ] {
        let target = format!("/management/device_registration_link/mock-app/{id}");
        let request = world.request(Signer::Application, "GET", &target);
        world
            .refused("device_registration_link", 400, &request, "user_id")
            .await;
        let target =
            format!("/management/device_registration_link/mock-app/{USER}?display_name={id}");
        let request = world.request(Signer::Application, "GET", &target);
        world
            .refused("device_registration_link", 400, &request, "display_name")
            .await;
    }
}

#[tokio::test]
async fn an_empty_id_or_a_repeated_parameter_is_refused() {
    let world = World::at(Stage::User).await;
    let link = |rest: &str| {
        world.request(
            Signer::Application,
            "GET",
            &format!("/management/device_registration_link/mock-app/{rest}"),
        )
    };
    // An empty last segment is no segment to the router, and a slash too many to the caller.
    world
        .refused(
            "device_registration_link",
            404,
            &link(""),
            "ends with a slash",
        )
        .await;
    let target = format!("/management/device_registration_link//{USER}");
    let nobody = world.request(Signer::Application, "GET", &target);
    world
        .refused("device_registration_link", 400, &nobody, "application_id")
        .await;
    let doubled = link(&format!("{USER}?display_name=a&display_name=b"));
    world
        .refused("device_registration_link", 400, &doubled, "display_name")
        .await;
}

#[tokio::test]
async fn an_unknown_authentication_method_is_refused_with_the_known_ones() {
    let world = World::at(Stage::Device).await;
    for methods in [
        "telepathy",
        "acceptance,",
        ",",
        "acceptance,telepathy",
        "Acceptance",
        "acceptance%20",
    ] {
        let target = format!("/authentication/authenticate_user/mock-app/{USER}?methods={methods}");
        let request = world.request(Signer::Application, "POST", &target);
        world
            .refused(
                "authenticate_user",
                400,
                &request,
                "acceptance, device, facial",
            )
            .await;
    }
    let target =
        format!("/authentication/authenticate_user/mock-app/{USER}?methods=acceptance%2Cfacial");
    assert_eq!(
        world
            .send(&world.request(Signer::Application, "POST", &target))
            .await
            .status,
        202
    );
}

/// IAMPASS's client checks only that it is an integer, which `True` is to Python.
#[tokio::test]
async fn a_duration_that_is_not_a_number_of_seconds_is_refused() {
    let world = World::at(Stage::Device).await;
    let target = |query: &str| format!("/authentication/authenticate_user/mock-app/{USER}?{query}");
    for query in [
        "duration_seconds=0",
        "duration_seconds=-5",
        "duration_seconds=True",
        "duration_seconds=",
        "duration_seconds=1.5",
        "duration_seconds=1e3",
        "duration_seconds=31536001",
        "duration_seconds=9223372036854775807",
        "duration_seconds=99999999999999999999",
        "duration_seconds=60&duration_seconds=60",
    ] {
        let request = world.request(Signer::Application, "POST", &target(query));
        world
            .refused("authenticate_user", 400, &request, "duration_seconds")
            .await;
    }
    for query in ["duration_seconds=1", "duration_seconds=31536000"] {
        let request = world.request(Signer::Application, "POST", &target(query));
        assert_eq!(world.send(&request).await.status, 202, "{query}");
    }
}

#[tokio::test]
async fn every_encoding_of_an_id_means_the_same_id() {
    // An id, and spellings of it as one path segment: quote_plus of Python, RFC 3986, and needless escapes.
    let ids: [(&str, &[&str]); 9] = [
        (
            "user one@example.com",
            &[
                "user+one%40example.com",
                "user%20one@example.com",
                "%75ser+one%40example.com",
            ],
        ),
        ("a/b", &["a%2Fb", "a%2fb"]),
        ("a+b", &["a%2Bb", "a%2bb"]),
        ("é", &["%C3%A9", "%c3%a9"]),
        ("50%", &["50%25"]),
        ("%2F", &["%252F"]),
        ("a?b#c&d=e", &["a%3Fb%23c%26d%3De"]),
        ("..", &["..", "%2e%2e", "%2E."]),
        ("a:b", &["a:b", "a%3Ab"]),
    ];
    let world = World::at(Stage::Start).await;
    let all: Vec<&str> = ids.iter().map(|(id, _)| *id).collect();
    let answer = world
        .send(&add_users(&world, json!({"users": all}).to_string()))
        .await;
    assert_eq!(
        (answer.status, &answer.json()["users"]["created"]),
        (201, &json!(all))
    );
    for (id, spellings) in ids {
        for spelling in spellings {
            let target = format!("/management/device_registration_link/mock-app/{spelling}");
            let answer = world
                .send(&world.request(Signer::Application, "GET", &target))
                .await;
            assert_eq!(answer.status, 200, "{id} as {spelling}: {}", answer.text());
        }
        // The last link registers a phone; its user shows which user was meant.
        let target = format!(
            "/management/device_registration_link/mock-app/{}",
            spellings[0]
        );
        let link = world
            .send(&world.request(Signer::Application, "GET", &target))
            .await
            .json();
        let link = link["register_url"].as_str().unwrap();
        let phone =
            Request::new("POST", "/_mock/phone/register").json(json!({"link": link}).to_string());
        assert_eq!(world.send(&phone).await.json()["userId"], id);
    }
}

#[tokio::test]
async fn ids_are_compared_case_insensitively_and_shown_as_they_were_given() {
    let world = World::at(Stage::User).await;
    let answer = world
        .send(&add_users(&world, r#"{"users":["ALICE","Émile"]}"#))
        .await
        .json();
    assert_eq!(
        answer["users"],
        json!({"created": ["Émile"], "existing": ["ALICE"]})
    );
    let target = "/management/has_registered_mobile_device/mock-app/%C3%89MILE";
    assert_eq!(
        world
            .send(&world.request(Signer::Application, "GET", target))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_unknown_path_or_method_is_refused_in_the_vendors_form() {
    let world = World::at(Stage::User).await;
    let before = world.server.state();
    for (method, target, status) in [
        ("GET", "/", 404),
        ("GET", "/management", 404),
        ("GET", "/management/add_user/mock-app", 404),
        ("POST", "/management/add_users/mock-app/", 404),
        ("POST", "//management/add_users/mock-app", 404),
        ("POST", "/management/add_users/mock-app/x", 404),
        ("POST", "/management/../management/add_users/mock-app", 404),
        ("POST", "/MANAGEMENT/add_users/mock-app", 404),
        ("GET", "/management/add_users/mock-app", 405),
        ("DELETE", "/management/add_users/mock-app", 405),
        (
            "POST",
            "/management/device_registration_link/mock-app/alice",
            405,
        ),
    ] {
        let answer = world
            .send(
                &world
                    .request(Signer::Application, method, target)
                    .json("{}"),
            )
            .await;
        let what = format!("{method} {target}: {} {}", answer.status, answer.text());
        assert_eq!(answer.status, status, "{what}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{what}"
        );
        assert_eq!(answer.json()["status"], false, "{what}");
        assert!(answer.json()["reason"].is_string(), "{what}");
        assert_eq!(answer.header("allow").is_some(), status == 405, "{what}");
    }
    assert_eq!(world.server.state(), before);
}

#[tokio::test]
async fn an_unknown_application_is_reported_before_the_signature_is_checked() {
    let world = World::at(Stage::User).await;
    for operation in spec::named("activeconnect").operations() {
        let path = operation.path.replace("{application_id}", "no-such-app");
        let path = path.replace("{user_id}", USER).replace(['{', '}'], "");
        let request = Request::new(&operation.method, &path).json("{}");
        world
            .refused(operation.id, 404, &request, "no-such-app")
            .await;
    }
}

#[tokio::test]
async fn a_request_without_a_host_is_refused() {
    let world = World::at(Stage::User).await;
    let good = world.request(
        Signer::Application,
        "GET",
        "/management/has_registered_mobile_device/mock-app/alice",
    );
    let head = good.head().replace(&format!("Host: {HOST}\r\n"), "");
    let before = world.server.state();
    let answer = wire::send_bytes(world.address(), head.as_bytes()).await;
    assert!(
        (400..500).contains(&answer.status),
        "{} {}",
        answer.status,
        answer.text()
    );
    assert_eq!(world.server.state(), before);
}
