//! ID tokens of other issuers. The tenant's own session tokens stand in for them, because they are signed as theirs are.

use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::world::TENANT;

/// An ID token of a user with this address, and its issuer with the keys.
async fn token(tenant: &Tenant, user: &str, email: &str) -> (Value, Value) {
    let target = format!("/v1/users/{user}");
    tenant.patch(&target, json!({"email": email})).await;
    let proof = tenant.proof(user).await;
    let body = json!({"clientId": "web", "token": proof, "action": "signIn"});
    let session = tenant.post("/v1/sessions", body).await;
    let public = format!("/v1/client/public/{TENANT}/.well-known");
    let keys = tenant.get(&format!("{public}/jwks")).await["keys"].clone();
    let discovery = tenant.get(&format!("{public}/openid-configuration")).await;
    let issuer = json!({
        "verificationMethod": "GOOGLE_ID_TOKEN", "issuer": discovery["issuer"], "audiences": ["web"], "keys": keys,
    });
    (session["accessToken"].clone(), issuer)
}

async fn validated(tenant: &Tenant, token: &Value, user: Option<&str>) -> Value {
    let mut body = json!({"token": token, "action": "cognitoAuth"});
    if let Some(user) = user {
        body["userId"] = json!(user);
    }
    tenant.post("/v1/validate", body).await
}

#[tokio::test]
async fn an_id_token_of_a_trusted_issuer_proves_who_the_user_is() {
    let tenant = Tenant::new().await;
    let (token, issuer) = token(&tenant, "ada", "ada@example.com").await;
    let invalid = json!({"isValid": false, "error": "Token is invalid."});
    assert_eq!(validated(&tenant, &token, Some("ada")).await, invalid);
    let trust = async |issuer: &Value| {
        tenant.configure(json!({"idTokenIssuers": [issuer]})).await;
    };
    trust(&issuer).await;
    let proof = json!({
        "isValid": true, "userId": "ada", "action": "cognitoAuth", "actionCode": "cognitoAuth",
        "verificationMethod": "GOOGLE_ID_TOKEN",
    });
    assert_eq!(validated(&tenant, &token, Some("ada")).await, proof);
    assert_eq!(validated(&tenant, &token, None).await, proof);
    let refused = async |token: &Value, user: Option<&str>, why: &str| {
        let answer = validated(&tenant, token, user).await;
        assert_eq!(answer, json!({"isValid": false, "error": why}));
    };
    refused(&token, Some("bob"), "User is invalid.").await;
    let forged = json!(format!("{}A", token.as_str().unwrap()));
    refused(&forged, Some("ada"), "Token is invalid.").await;
    let mut other = issuer.clone();
    other["audiences"] = json!(["app"]);
    trust(&other).await;
    refused(&token, None, "Token is for another application (aud).").await;
    trust(&issuer).await;
    tenant.later(900);
    refused(&token, None, "Token is expired.").await;
    tenant.server.reset();
    refused(&token, None, "Token is invalid.").await;
}

#[tokio::test]
async fn a_token_of_google_says_that_its_keys_are_missing() {
    let tenant = Tenant::new().await;
    // {"alg":"RS256"} . {"iss":"https://accounts.google.com"} . x
    let token = json!("eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJodHRwczovL2FjY291bnRzLmdvb2dsZS5jb20ifQ.eA");
    let answer = validated(&tenant, &token, None).await;
    let why = answer["error"].as_str().unwrap();
    assert!(why.contains("idTokenIssuers"), "{why}");
}

#[tokio::test]
async fn an_issuer_has_public_keys_and_a_name_of_its_own() {
    let tenant = Tenant::new().await;
    let (_, issuer) = token(&tenant, "ada", "ada@example.com").await;
    for (keys, place) in [
        (json!([]), "/idTokenIssuers/0/keys: there are 0"),
        (
            json!([{"kty": "oct", "k": "c2VjcmV0"}]),
            "/idTokenIssuers/0/keys/0: is no public key",
        ),
        (
            json!([{"kty": "RSA", "n": "?", "e": "AQAB"}]),
            "/idTokenIssuers/0/keys/0: is no public key",
        ),
    ] {
        let mut wrong = issuer.clone();
        wrong["keys"] = keys;
        let told = refusal(&tenant, json!([wrong])).await;
        assert!(told.contains(place) && !told.contains("c2VjcmV0"), "{told}");
    }
    let told = refusal(&tenant, json!([issuer, issuer])).await;
    assert!(told.contains("/idTokenIssuers/1/issuer"), "{told}");
}

async fn refusal(tenant: &Tenant, issuers: Value) -> String {
    let body = json!({"idTokenIssuers": issuers}).to_string();
    let request = crate::wire::Request::new("POST", "/_mock/authsignal").json(body);
    tenant.answer(400, &request).await.text()
}
