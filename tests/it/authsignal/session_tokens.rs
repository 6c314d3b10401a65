//! Our client's verifier of session tokens, on tokens that the mock issues.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stepup_client::authsignal::session_token::{
    SessionTokenError, SessionVerifier, SessionVerifierBuilder,
};

use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::{API_SECRET, NOW, TENANT};

fn verifier(tenant: &Tenant) -> SessionVerifierBuilder {
    let url = format!("http://{}", tenant.server.address());
    SessionVerifier::builder(TENANT).api_url(url)
}

/// A session that a server creates which reaches the mock by the same address as the verifier.
async fn session(tenant: &Tenant, client: &str) -> Value {
    let token = tenant.proof("u1").await;
    call(
        tenant,
        "/v1/sessions",
        json!({"clientId": client, "token": token}),
    )
    .await
}

async fn call(tenant: &Tenant, target: &str, body: Value) -> Value {
    let request = Tenant::request("POST", target).without("host");
    let request = request.header("Host", &tenant.server.address().to_string());
    let request = request.json(body.to_string());
    tenant.answer(200, &request).await.json()
}

fn access_token(session: &Value) -> &str {
    session["accessToken"].as_str().unwrap()
}

fn at(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.try_into().unwrap())
}

#[tokio::test]
async fn the_clients_verifier_accepts_what_the_mock_issues() {
    let tenant = Tenant::new().await;
    let claims = json!({"plan": "custom.plan"});
    let clients = json!([{"clientId": "app", "customClaims": claims, "accessTokenSeconds": 120}]);
    tenant.configure(json!({"clients": clients})).await;
    let tenants = Request::new("GET", "/_mock/tenants");
    let tenants = tenant.answer(200, &tenants).await.json();
    assert_eq!(
        tenants["tenants"][0]["authsignal"]["clients"],
        json!([{
            "clientId": "app", "customClaims": claims, "accessTokenSeconds": 120,
            "refreshTokenSeconds": 2_592_000,
        }])
    );
    let user = json!({"email": "ada@example.com", "custom": {"plan": "gold"}});
    tenant.patch("/v1/users/u1", user).await;
    let verifier = verifier(&tenant).client_id("web").client_id("app").build();
    let verifier = verifier.unwrap();

    let first = session(&tenant, "app").await;
    let verified = verifier.verify_at(access_token(&first), at(NOW)).await;
    let verified = verified.unwrap();
    assert_eq!((&*verified.user_id, &*verified.client_id), ("u1", "app"));
    assert_eq!(verified.email.as_deref(), Some("ada@example.com"));
    assert_eq!(verified.expires_at, at(NOW + 120));
    assert_eq!(verified.claim("plan"), Some(&json!("gold")));

    // A refreshed session, and another client's. The keys are known by now.
    tenant.later(60);
    let refresh = json!({"refreshToken": first["refreshToken"]});
    let second = call(&tenant, "/v1/sessions/refresh", refresh).await;
    let web = session(&tenant, "web").await;
    for session in [&second, &web] {
        let verified = verifier
            .verify_at(access_token(session), at(NOW + 60))
            .await;
        assert!(verified.is_ok(), "{verified:?}");
    }
    let asked = tenant.server.journal();
    let asked = asked.iter().filter(|entry| entry.target.ends_with("/jwks"));
    assert_eq!(asked.count(), 1);
}

#[tokio::test]
async fn the_clients_verifier_refuses_what_is_not_for_it() {
    let tenant = Tenant::new().await;
    let session = session(&tenant, "app").await;
    let token = access_token(&session);
    let web = verifier(&tenant).client_id("web").build().unwrap();
    let refused = web.verify_at(token, at(NOW)).await;
    assert!(matches!(refused, Err(SessionTokenError::Audience)));
    let app = || verifier(&tenant).client_id("app");
    let verifier = app().build().unwrap();
    let refused = verifier.verify_at(token, at(NOW + 960)).await;
    assert!(matches!(refused, Err(SessionTokenError::Expired)));
    // By another name of the same machine, it is another issuer.
    let localhost = format!("http://localhost:{}", tenant.server.address().port());
    let other = app().api_url(localhost).build().unwrap();
    let refused = other.verify_at(token, at(NOW)).await;
    assert!(
        matches!(refused, Err(SessionTokenError::Issuer { .. })),
        "{refused:?}"
    );
    let issuer = verifier.issuer();
    let localhost = format!("http://localhost:{}", tenant.server.address().port());
    let told = app().api_url(localhost).issuer(issuer).build().unwrap();
    assert!(told.verify_at(token, at(NOW)).await.is_ok());
    // A token of track, which the API secret signs, and one of another mock.
    let tracked = tenant.proof("u1").await;
    let refused = verifier.verify_at(tracked.as_str().unwrap(), at(NOW)).await;
    assert!(matches!(refused, Err(SessionTokenError::Algorithm)));
    let elsewhere = Tenant::of(|_| crate::world::mock()).await;
    let foreign = self::session(&elsewhere, "app").await;
    let refused = verifier.verify_at(access_token(&foreign), at(NOW)).await;
    assert!(matches!(refused, Err(SessionTokenError::UnknownKey)));
}

#[tokio::test]
async fn the_clients_verifier_says_that_a_tenant_has_no_keys() {
    let tenant = Tenant::new().await;
    let session = session(&tenant, "app").await;
    let url = format!("http://{}", tenant.server.address());
    let unknown = SessionVerifier::builder("unknown").api_url(url);
    let unknown = unknown.client_id("app").build().unwrap();
    let refused = unknown.verify_at(access_token(&session), at(NOW)).await;
    let Err(SessionTokenError::Keys {
        source: Some(source),
    }) = refused
    else {
        panic!("{refused:?}")
    };
    assert_eq!(source.kind(), stepup_client::Kind::NotFound);
}

#[tokio::test]
async fn a_tenant_has_a_key_of_its_own_and_takes_no_token_of_another() {
    let other = "00000000-0000-4000-8000-0000000000bb";
    let seed = json!({"tenants": [
        {"authsignal": {"id": TENANT, "secret": API_SECRET}},
        {"authsignal": {"id": other, "secret": "the other secret"}},
    ]});
    let tenant = Tenant::of(|builder| builder.seed_value(seed).unwrap()).await;
    let challenge = json!({
        "verificationMethod": "SMS", "action": "signIn", "phoneNumber": "+64270000000",
    });
    let challenge = tenant.post("/v1/challenge", challenge).await;
    let id = &challenge["challengeId"];
    let code = tenant.server.messages()[0].code.clone();
    let code = json!({"challengeId": id, "verificationCode": code});
    tenant.post("/v1/verify", code).await;
    let claim = json!({"challengeId": id, "userId": "u1"});
    let proof = tenant.post("/v1/claim", claim).await;
    let session = json!({"clientId": "app", "token": proof["token"]});
    let token = call(&tenant, "/v1/sessions", session).await["accessToken"].clone();
    let mut ids = Vec::new();
    for id in [TENANT, other] {
        let target = format!("/v1/client/public/{id}/.well-known/jwks");
        let keys = tenant.answer(200, &Request::new("GET", &target)).await;
        ids.push(keys.json()["keys"][0]["kid"].clone());
    }
    assert_ne!(ids[0], ids[1]);
    let basic = STANDARD.encode("the other secret:");
    for target in ["/v1/sessions/validate", "/v1/sessions/revoke"] {
        let request = Request::new("POST", target)
            .header("Authorization", &format!("Basic {basic}"))
            .json(json!({"accessToken": token}).to_string());
        let refused = tenant.answer(401, &request).await.json();
        assert_eq!(refused["errorDescription"], "Token is invalid.", "{target}");
    }
    let verifier = verifier(&tenant).client_id("app").build().unwrap();
    assert!(
        verifier
            .verify_at(token.as_str().unwrap(), at(NOW))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_wrong_path_of_a_public_document_names_the_right_ones() {
    let tenant = Tenant::new().await;
    for wrong in ["jwks.json", "jwks/", "openid-configuration/", "keys"] {
        let target = format!("/v1/client/public/{TENANT}/.well-known/{wrong}");
        let refused = tenant
            .answer(404, &Request::new("GET", &target))
            .await
            .json();
        let told = refused["errorDescription"].as_str().unwrap();
        for right in [
            "TENANT/.well-known/openid-configuration",
            "TENANT/.well-known/jwks,",
        ] {
            assert!(told.contains(right), "{wrong}: {told}");
        }
    }
}
