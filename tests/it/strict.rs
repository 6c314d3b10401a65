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
