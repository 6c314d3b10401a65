//! Sessions: rotation, revocation, life.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::tenant::Tenant;

async fn session(tenant: &Tenant, user: &str, client: &str) -> Value {
    let token = tenant.proof(user).await;
    let body = json!({"clientId": client, "token": token, "action": "signIn"});
    tenant.post("/v1/sessions", body).await
}

async fn holds(tenant: &Tenant, session: &Value) -> Value {
    let body = json!({"accessToken": session["accessToken"]});
    tenant.post("/v1/sessions/validate", body).await
}

async fn refused(tenant: &Tenant, target: &str, body: Value, cause: &str) {
    let request = Tenant::request("POST", target).json(body.to_string());
    tenant.refused(&request, 401, "unauthorized", cause).await;
}

async fn is_over(tenant: &Tenant, session: &Value) {
    let access = json!({"accessToken": session["accessToken"]});
    refused(tenant, "/v1/sessions/validate", access, "revoked").await;
    let refresh = json!({"refreshToken": session["refreshToken"]});
    refused(tenant, "/v1/sessions/refresh", refresh, "revoked").await;
}

#[tokio::test]
async fn only_a_successful_challenge_creates_a_session() {
    let tenant = Tenant::new().await;
    tenant.enroll("u1").await;
    let token = tenant.track("u1", "signIn", json!({})).await["token"].clone();
    let create = |token: &Value| json!({"clientId": "c", "token": token});
    refused(
        &tenant,
        "/v1/sessions",
        create(&token),
        "CHALLENGE_REQUIRED",
    )
    .await;
    tenant
        .control("/_mock/challenge/fail", json!({"userId": "u1"}))
        .await;
    refused(&tenant, "/v1/sessions", create(&token), "CHALLENGE_FAILED").await;
    refused(&tenant, "/v1/sessions", create(&json!("x")), "invalid").await;
    let token = tenant.proof("u1").await;
    let of_another = json!({"clientId": "c", "token": token, "action": "pay"});
    refused(&tenant, "/v1/sessions", of_another, "Action").await;
    let made = tenant.post("/v1/sessions", create(&token)).await;
    let held = holds(&tenant, &made).await;
    assert_eq!(held["user"]["userId"], "u1");
    assert_eq!(held["user"]["phoneNumber"], "+64270000000");
    assert_eq!(held["verificationMethod"], "SMS");
    assert_eq!(held["expiresAt"], crate::world::NOW + 900);
}

#[tokio::test]
async fn refreshing_a_session_rotates_both_tokens() {
    let tenant = Tenant::new().await;
    let first = session(&tenant, "u1", "c").await;
    tenant.later(300);
    let refresh = json!({"refreshToken": first["refreshToken"]});
    let second = tenant.post("/v1/sessions/refresh", refresh).await;
    assert_ne!(first["accessToken"], second["accessToken"]);
    assert_ne!(first["refreshToken"], second["refreshToken"]);
    is_over(&tenant, &first).await;
    let held = holds(&tenant, &second).await;
    assert_eq!(held["expiresAt"], crate::world::NOW + 1200);
    let refresh = json!({"refreshToken": second["refreshToken"]});
    let third = tenant.post("/v1/sessions/refresh", refresh).await;
    is_over(&tenant, &second).await;
    holds(&tenant, &third).await;
}

#[tokio::test]
async fn an_access_token_expires_and_its_session_can_still_be_refreshed() {
    let tenant = Tenant::new().await;
    let first = session(&tenant, "u1", "c").await;
    tenant.later(899);
    holds(&tenant, &first).await;
    tenant.later(1);
    let access = json!({"accessToken": first["accessToken"]});
    refused(&tenant, "/v1/sessions/validate", access.clone(), "expired").await;
    refused(&tenant, "/v1/sessions/revoke", access, "expired").await;
    let refresh = json!({"refreshToken": first["refreshToken"]});
    let second = tenant.post("/v1/sessions/refresh", refresh).await;
    holds(&tenant, &second).await;
}

#[tokio::test]
async fn revoking_a_session_ends_that_session_only() {
    let tenant = Tenant::new().await;
    let (a, b) = (
        session(&tenant, "u1", "c").await,
        session(&tenant, "u1", "c").await,
    );
    let revoke = json!({"accessToken": a["accessToken"]}).to_string();
    let revoke = Tenant::request("POST", "/v1/sessions/revoke").json(revoke);
    let answer = tenant.answer(204, &revoke).await;
    assert_eq!(
        (answer.body.len(), answer.header("content-type")),
        (0, None)
    );
    is_over(&tenant, &a).await;
    holds(&tenant, &b).await;
    tenant
        .refused(&revoke, 401, "unauthorized", "revoked")
        .await;
}

#[tokio::test]
async fn revoking_a_users_sessions_ends_all_of_theirs_and_no_others() {
    let tenant = Tenant::new().await;
    let of_u1 = [
        session(&tenant, "u1", "c1").await,
        session(&tenant, "u1", "c2").await,
    ];
    let of_u2 = session(&tenant, "u2", "c1").await;
    for _ in 0..2 {
        let body = json!({"userId": "u1"}).to_string();
        let revoke = Tenant::request("POST", "/v1/sessions/user/revoke").json(body);
        tenant.answer(204, &revoke).await;
    }
    for session in &of_u1 {
        is_over(&tenant, session).await;
    }
    holds(&tenant, &of_u2).await;
}

#[tokio::test]
async fn a_session_belongs_to_one_client() {
    let tenant = Tenant::new().await;
    let session = session(&tenant, "u1", "c1").await;
    let validate =
        |clients: Value| json!({"accessToken": session["accessToken"], "clientIds": clients});
    for clients in [json!(["c1"]), json!(["c2", "c1"]), json!(null)] {
        tenant
            .post("/v1/sessions/validate", validate(clients))
            .await;
    }
    for clients in [json!(["c2"]), json!([]), json!(["C1"])] {
        refused(
            &tenant,
            "/v1/sessions/validate",
            validate(clients),
            "client",
        )
        .await;
    }
}

/// The claims of a session's access token.
fn claims(session: &Value) -> Value {
    let token = session["accessToken"].as_str().unwrap();
    let payload = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

async fn refreshed(tenant: &Tenant, session: &Value) -> Value {
    let body = json!({"refreshToken": session["refreshToken"]});
    tenant.post("/v1/sessions/refresh", body).await
}

#[tokio::test]
async fn a_client_decides_how_long_its_tokens_live() {
    let tenant = Tenant::new().await;
    let short = json!({"clientId": "short", "accessTokenSeconds": 60, "refreshTokenSeconds": 120});
    tenant.configure(json!({"clients": [short]})).await;
    let first = session(&tenant, "u1", "short").await;
    let other = session(&tenant, "u1", "other").await;
    assert_eq!(claims(&first)["exp"], crate::world::NOW + 60);
    assert_eq!(claims(&other)["exp"], crate::world::NOW + 900);
    tenant.later(119);
    let second = refreshed(&tenant, &first).await;
    // Each refresh token has a life of its own.
    tenant.later(119);
    let third = refreshed(&tenant, &second).await;
    tenant.later(120);
    let expired = json!({"refreshToken": third["refreshToken"]});
    refused(&tenant, "/v1/sessions/refresh", expired, "expired").await;
    let thirty_days = 30 * 24 * 3600;
    tenant.later(thirty_days - 119 - 119 - 120 - 1);
    let other = refreshed(&tenant, &other).await;
    tenant.later(thirty_days);
    let expired = json!({"refreshToken": other["refreshToken"]});
    refused(&tenant, "/v1/sessions/refresh", expired, "expired").await;
}

#[tokio::test]
async fn a_token_has_the_users_address_and_the_claims_of_its_client() {
    let tenant = Tenant::new().await;
    let mapped = json!({"name": "displayName", "plan": "custom.plan", "absent": "custom.absent"});
    let web = json!({"clientId": "web", "customClaims": mapped});
    tenant.configure(json!({"clients": [web]})).await;
    let plain = claims(&session(&tenant, "u1", "web").await);
    for absent in ["email", "name", "plan", "absent", "nbf"] {
        assert!(plain.get(absent).is_none(), "{absent}");
    }
    let ada = json!({
        "email": "ada@example.com", "displayName": "Ada", "custom": {"plan": {"tier": 2}, "note": "n"},
    });
    tenant.patch("/v1/users/u1", ada).await;
    let first = session(&tenant, "u1", "web").await;
    let own = claims(&first);
    assert_eq!(own["email"], "ada@example.com");
    assert_eq!(
        (&own["name"], &own["plan"]),
        (&json!("Ada"), &json!({"tier": 2}))
    );
    assert!(own.get("absent").is_none() && own.get("note").is_none());
    let other = claims(&session(&tenant, "u1", "other").await);
    assert!(other["email"] == "ada@example.com" && other.get("name").is_none());
    // A refresh shows what the user is by then, and the mock takes what it has issued.
    tenant
        .patch("/v1/users/u1", json!({"displayName": "Ada L."}))
        .await;
    let second = refreshed(&tenant, &first).await;
    assert_eq!(claims(&second)["name"], "Ada L.");
    holds(&tenant, &second).await;
}

#[tokio::test]
async fn settings_of_a_client_that_cannot_be_are_refused_and_change_nothing() {
    let tenant = Tenant::new().await;
    let configured = json!({"clients": [{"clientId": "web", "accessTokenSeconds": 60}]});
    let answer = tenant.control("/_mock/authsignal", configured).await;
    assert_eq!(answer["clientIds"], json!(["web"]));
    for (client, cause) in [
        (
            json!({"clientId": "web", "accessTokenLife": 60}),
            "accessTokenLife",
        ),
        (json!({"accessTokenSeconds": 60}), "clientId"),
        (json!({"clientId": ""}), "clientId"),
        (
            json!({"clientId": "web", "accessTokenSeconds": 0}),
            "accessTokenSeconds",
        ),
        (
            json!({"clientId": "web", "accessTokenSeconds": 4_294_967_296_u64}),
            "accessTokenSeconds",
        ),
        (
            json!({"clientId": "web", "refreshTokenSeconds": "60"}),
            "refreshTokenSeconds",
        ),
        (
            json!({"clientId": "web", "customClaims": {"sub": "email"}}),
            "choose another name",
        ),
        (
            json!({"clientId": "web", "customClaims": {"x": "password"}}),
            "nothing of a user",
        ),
        (
            json!({"clientId": "web", "customClaims": {"x": 1}}),
            "customClaims",
        ),
    ] {
        let body = json!({"defaultOutcome": "BLOCK", "clients": [client]}).to_string();
        let request = crate::wire::Request::new("POST", "/_mock/authsignal").json(body);
        let answer = tenant.answer(400, &request).await;
        assert!(answer.text().contains(cause), "{cause}: {}", answer.text());
    }
    // As before, with the first settings.
    let made = session(&tenant, "u1", "web").await;
    assert_eq!(claims(&made)["exp"], crate::world::NOW + 60);
    tenant.server.reset();
    let made = session(&tenant, "u1", "web").await;
    assert_eq!(claims(&made)["exp"], crate::world::NOW + 900);
}
