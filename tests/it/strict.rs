//! Members and query parameters that the specs do not have: ignored with a warning, or refused. Must not know the client.

use serde_json::json;

use crate::tenant::{Tenant, assert_refusal};
use crate::wire::{Answer, Request};
use crate::world::{MANAGEMENT_SECRET, Signer, Stage, World, mock};

const WARNING: &str = "Stepup-Mock-Warning";

/// Requests with a name that no spec has, each with the one that was meant, as the warning names both.
async fn astray(tenant: &Tenant) -> Vec<(Request, &'static str)> {
    tenant.enroll("ada").await;
    let token = tenant.token("ada", "pay").await;
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let server = |method, target| Tenant::request(method, target);
    vec![
        (
            server("POST", "/v1/users/ada/actions/pay")
                .json(json!({"redirectURL": "https://app.example.com/"}).to_string()),
            "body /redirectURL, so the mock has ignored it; did you mean redirectUrl?",
        ),
        (
            server("GET", "/v1/users/ada?redirect_url=x"),
            "query parameter redirect_url, so the mock has ignored it; did you mean redirectUrl?",
        ),
        (
            Request::new("POST", "/v1/client/challenge/sms")
                .header("Authorization", &bearer)
                .json(json!({"smsChanel": "DEFAULT"}).to_string()),
            "body /smsChanel, so the mock has ignored it; did you mean smsChannel?",
        ),
        (
            Request::new("PATCH", "/v1/management/tenant")
                .basic(MANAGEMENT_SECRET)
                .json(json!({"nmae": "Shop"}).to_string()),
            "body /nmae, so the mock has ignored it; did you mean name?",
        ),
    ]
}

#[tokio::test]
async fn what_no_spec_has_is_ignored_with_a_warning() {
    let tenant = Tenant::new().await;
    for (request, warning) in astray(&tenant).await {
        let answer = tenant.answer(200, &request).await;
        let warned = answer.header(WARNING).unwrap_or_default();
        let wanted = format!("the spec has no {warning}");
        assert_eq!(warned, wanted, "{}", request.target);
        let noted = &tenant.server.journal()[0];
        assert_eq!(
            noted.warning.as_deref(),
            Some(&*wanted),
            "{}",
            request.target
        );
    }
    let plain = tenant
        .answer(200, &Tenant::request("GET", "/v1/users/ada"))
        .await;
    assert_eq!(plain.header(WARNING), None);
}

#[tokio::test]
async fn a_strict_mock_refuses_what_no_spec_has() {
    let tenant = Tenant::of(|builder| builder.strict(true)).await;
    for (request, warning) in astray(&tenant).await {
        let (place, _) = warning.split_once(',').unwrap();
        let (_, meant) = warning.split_once("; ").unwrap();
        let before = tenant.server.state();
        let answer = tenant.answer(400, &request).await;
        assert_refusal(&answer, "invalid_request", &format!("{place} is unknown"));
        assert!(answer.text().contains(meant), "{}", answer.text());
        assert_eq!(answer.header(WARNING), None);
        assert_eq!(tenant.server.state(), before, "{}", request.target);
    }
}

/// The answer to a request of the application with a query parameter that the spec does not have.
async fn misspelt(world: &World) -> Answer {
    let target = "/management/device_registration_link/mock-app/alice?displayname=Bob";
    world
        .send(&world.request(Signer::Application, "GET", target))
        .await
}

#[tokio::test]
async fn activeconnect_is_as_strict_as_authsignal() {
    let world = World::at(Stage::User).await;
    let answer = misspelt(&world).await;
    let warning = "the spec has no query parameter displayname, so the mock has ignored it; did you mean display_name?";
    assert_eq!(
        (answer.status, answer.header(WARNING)),
        (200, Some(warning))
    );
    let strict = mock().deterministic().strict(true).start().await.unwrap();
    let mut world = World::on(strict);
    world.advance_to(Stage::User).await;
    let answer = misspelt(&world).await;
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("displayname is unknown"),
        "{}",
        answer.text()
    );
}

#[tokio::test]
async fn each_of_several_unknown_names_is_named() {
    let several = || {
        Tenant::request("POST", "/v1/users/ada/actions/pay?q=1&r=2")
            .json(json!({"aaa": 1, "bbb": 2, "custom": {"free": 1}}).to_string())
    };
    let tenant = Tenant::new().await;
    let answer = tenant.answer(200, &several()).await;
    let warned = answer.header(WARNING).unwrap_or_default();
    for name in [
        "query parameter q,",
        "query parameter r,",
        "body /aaa,",
        "body /bbb,",
    ] {
        assert!(
            warned.contains(&format!("the spec has no {name}")),
            "{warned}"
        );
    }
    let many: serde_json::Map<_, _> = (0..50).map(|at| (format!("x{at}"), json!(1))).collect();
    let many = Tenant::request("POST", "/v1/users/ada/actions/pay").json(json!(many).to_string());
    let answer = tenant.answer(200, &many).await;
    let warned = answer.header(WARNING).unwrap_or_default();
    assert_eq!(warned.matches("the spec has no").count(), 8, "{warned}");
    let strict = Tenant::of(|mock| mock.strict(true)).await;
    let refused = strict.answer(400, &several()).await.text();
    assert!(
        refused.contains("query parameter q is unknown")
            && refused.contains("these are unknown, too: query parameter r"),
        "{refused}"
    );
    let body = json!({"users": [], "aaa": 1, "bbb": {"ccc": 2}});
    let control = Request::new("POST", "/_mock/clock").json(body.to_string());
    let refused = strict.answer(400, &control).await.text();
    assert!(
        refused.contains("body /aaa is unknown")
            && refused.contains("these are unknown, too: body /bbb, body /users"),
        "{refused}"
    );
}
