//! Tokens as SDKs of 2022 to 2024 checked them by themselves: algorithm, key, claims, life.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::wire::{HOST, Request};
use crate::world::{API_SECRET, NOW, TENANT};

/// The claims, once the signature is right. The time is the mock's, so it is not compared with the machine's.
fn claims(token: &Value, algorithm: Algorithm, key: &DecodingKey) -> Value {
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    let token = token.as_str().unwrap();
    decode::<Value>(token, key, &validation).unwrap().claims
}

/// The key that a token names, out of the tenant's key set, which takes no credentials.
async fn published_key(tenant: &Tenant, token: &Value) -> DecodingKey {
    let kid = decode_header(token.as_str().unwrap()).unwrap().kid.unwrap();
    let target = format!("/v1/client/public/{TENANT}/.well-known/jwks");
    let answer = tenant.answer(200, &Request::new("GET", &target)).await;
    let keys = answer.json()["keys"].as_array().unwrap().clone();
    let key = keys.iter().find(|key| key["kid"] == kid.as_str()).unwrap();
    assert_eq!((&key["kty"], &key["alg"]), (&json!("RSA"), &json!("RS256")));
    let part = |name: &str| key[name].as_str().unwrap().to_owned();
    DecodingKey::from_rsa_components(&part("n"), &part("e")).unwrap()
}

fn assert_claims(claims: &Value, user: &str, key: &Value) {
    assert_eq!(claims["sub"], user);
    assert!(claims["aud"].is_string() && claims["iss"].is_string());
    assert_eq!(
        (&claims["iat"], &claims["exp"]),
        (&json!(NOW), &json!(NOW + 600))
    );
    assert_eq!(claims["scope"], "read:authenticators");
    let other = &claims["other"];
    assert_eq!(other["tenantId"], TENANT);
    let publishable = other["publishableKey"].as_str().unwrap();
    assert!(publishable.len() == 32 && publishable.bytes().all(|byte| byte.is_ascii_hexdigit()));
    assert_eq!(other["userId"], user);
    assert_eq!(other["actionCode"], "signIn");
    assert_eq!(&other["idempotencyKey"], key);
}

#[tokio::test]
async fn a_token_verifies_with_the_api_secret_and_has_the_vendors_claims() {
    let tenant = Tenant::new().await;
    let body =
        json!({"username": "alice", "email": "a@example.com", "phoneNumber": "+64270000000"});
    tenant.patch("/v1/users/auth0%7C1", body).await;
    let tracked = tenant.track("auth0%7C1", "signIn", json!({})).await;
    let header = decode_header(tracked["token"].as_str().unwrap()).unwrap();
    assert_eq!((header.alg, header.kid), (Algorithm::HS256, None));
    // The secret's text is the key, not what it may be base64 of.
    let key = DecodingKey::from_secret(API_SECRET.as_bytes());
    let claims = claims(&tracked["token"], Algorithm::HS256, &key);
    assert_claims(&claims, "auth0|1", &tracked["idempotencyKey"]);
    assert_eq!(claims["other"]["username"], "alice");
    assert_eq!(claims["other"]["email"], "a@example.com");
    assert_eq!(claims["other"]["phoneNumber"], "+64270000000");
    let url = tracked["url"].as_str().unwrap();
    assert!(url.ends_with(&format!("?token={}", tracked["token"].as_str().unwrap())));
}

#[tokio::test]
async fn unknown_attributes_are_left_out_of_the_claims_and_the_scope_is_as_requested() {
    let tenant = Tenant::new().await;
    let scope = "add:authenticators update:authenticators";
    let tracked = tenant.track("u1", "signIn", json!({"scope": scope})).await;
    let key = DecodingKey::from_secret(API_SECRET.as_bytes());
    let claims = claims(&tracked["token"], Algorithm::HS256, &key);
    assert_eq!(claims["scope"], scope);
    for name in ["username", "email", "phoneNumber"] {
        assert!(claims["other"].get(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn what_track_says_of_a_user_is_in_every_token_of_the_action() {
    let tenant = Tenant::new().await;
    let own = json!({"email": "ada@example.com", "phoneNumber": "+64270000000"});
    tenant.patch("/v1/users/ada", own).await;
    let told = json!({"email": "ada@work.example", "redirectUrl": "https://app.test/"});
    let tracked = tenant.track("ada", "signIn", told).await;
    let bearer = format!("Bearer {}", tracked["token"].as_str().unwrap());
    let by_page = |target: &str| {
        Request::new("POST", &format!("/v1/client{target}")).header("Authorization", &bearer)
    };
    tenant.answer(200, &by_page("/challenge/sms")).await;
    let code = json!({"verificationCode": tenant.code().await}).to_string();
    let verify = by_page("/verify/sms").json(code);
    let verified = tenant.answer(200, &verify).await.json();
    let key = DecodingKey::from_secret(API_SECRET.as_bytes());
    for token in [&tracked["token"], &verified["accessToken"]] {
        let other = claims(token, Algorithm::HS256, &key)["other"].clone();
        assert_eq!(other["email"], "ada@work.example", "track's own wins");
        assert_eq!(other["phoneNumber"], "+64270000000");
    }
    // The next action knows nothing of it.
    let tracked = tenant.track("ada", "signIn", json!({})).await;
    let other = claims(&tracked["token"], Algorithm::HS256, &key)["other"].clone();
    assert_eq!(other["email"], "ada@example.com");
}

#[tokio::test]
async fn rs256_tokens_verify_with_the_tenants_key_set() {
    let tenant = Tenant::of(|builder| builder.rs256_tokens(true)).await;
    tenant.enroll("u1").await;
    let tracked = tenant.track("u1", "signIn", json!({})).await;
    let key = published_key(&tenant, &tracked["token"]).await;
    let claims = claims(&tracked["token"], Algorithm::RS256, &key);
    assert_claims(&claims, "u1", &tracked["idempotencyKey"]);
    assert_eq!(
        tenant.validate(&tracked["token"]).await["state"],
        "CHALLENGE_REQUIRED"
    );
}

#[tokio::test]
async fn a_session_token_verifies_with_the_key_set_and_is_for_its_client() {
    let tenant = Tenant::new().await;
    let token = tenant.proof("u1").await;
    let session = json!({"clientId": "client-1", "token": token});
    let access = tenant.post("/v1/sessions", session).await["accessToken"].clone();
    let key = published_key(&tenant, &access).await;
    let mut validation = Validation::new(Algorithm::RS256);
    validation.validate_exp = false;
    validation.set_issuer(&[format!("http://{HOST}/v1/client/public/{TENANT}")]);
    validation.set_audience(&["client-1"]);
    let claims = decode::<Value>(access.as_str().unwrap(), &key, &validation)
        .unwrap()
        .claims;
    assert_eq!(
        (&claims["sub"], &claims["exp"]),
        (&json!("u1"), &json!(NOW + 900))
    );
    // Neither kind of token will do for the other.
    assert_eq!(tenant.validate(&access).await["isValid"], false);
    let swapped = Tenant::request("POST", "/v1/sessions/validate")
        .json(json!({"accessToken": token}).to_string());
    tenant
        .refused(&swapped, 401, "unauthorized", "invalid")
        .await;
}

#[tokio::test]
async fn a_token_expires_after_ten_minutes_on_the_mocks_clock() {
    let tenant = Tenant::new().await;
    let token = tenant.proof("u1").await;
    tenant.later(599);
    assert_eq!(tenant.validate(&token).await["isValid"], true);
    let fresh = tenant.track("u1", "pay", json!({})).await["token"].clone();
    tenant.later(1);
    assert_eq!(
        tenant.validate(&token).await,
        json!({"isValid": false, "error": "Token is expired."})
    );
    assert_eq!(tenant.validate(&fresh).await["state"], "CHALLENGE_REQUIRED");
}

#[tokio::test]
async fn a_token_signed_with_another_secret_algorithm_or_tenant_proves_nothing() {
    let tenant = Tenant::new().await;
    let token = tenant.proof("u1").await;
    let [head, payload, signature] = token.as_str().unwrap().split('.').collect::<Vec<_>>()[..]
    else {
        panic!("{token} has not three parts")
    };
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let signed = |claims: &Value, algorithm, key: &[u8]| {
        let header = jsonwebtoken::Header::new(algorithm);
        let key = jsonwebtoken::EncodingKey::from_secret(key);
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    };
    // What the test makes is what the mock makes, so that the differences below are what counts.
    let mut same = claims.clone();
    let own = signed(&same, Algorithm::HS256, API_SECRET.as_bytes());
    assert_eq!(tenant.validate(&json!(own)).await["isValid"], true);
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let target = format!("/v1/client/public/{TENANT}/.well-known/jwks");
    let keys = tenant
        .answer(200, &Request::new("GET", &target))
        .await
        .json();
    let rs256 = json!({"alg": "RS256", "typ": "JWT", "kid": keys["keys"][0]["kid"]});
    let rs256 = URL_SAFE_NO_PAD.encode(rs256.to_string());
    let modulus = keys["keys"][0]["n"].as_str().unwrap();
    same["other"]["tenantId"] = "another".into();
    for forged in [
        signed(
            &claims,
            Algorithm::HS256,
            b"another secret of at least 32 bytes!",
        ),
        signed(&claims, Algorithm::HS384, API_SECRET.as_bytes()),
        // The public key as a secret: what a verifier falls for that lets the token choose.
        signed(&claims, Algorithm::HS256, modulus.as_bytes()),
        signed(&same, Algorithm::HS256, API_SECRET.as_bytes()),
        format!("{none}.{payload}."),
        format!("{none}.{payload}.{signature}"),
        format!("{rs256}.{payload}.{signature}"),
        format!("{head}.{payload}"),
        format!("{head}.{payload}.{signature}.x"),
    ] {
        assert_eq!(
            tenant.validate(&json!(forged)).await,
            json!({"isValid": false, "error": "Token is invalid."}),
            "{forged}"
        );
    }
}

/// A verifier that keeps keys by their name must not take the key of one run for that of another.
#[tokio::test]
async fn a_session_key_is_that_of_its_run() {
    let key = async |tenant: &Tenant| {
        let target = format!("/v1/client/public/{TENANT}/.well-known/jwks");
        let answer = tenant.answer(200, &Request::new("GET", &target)).await;
        let key = answer.json()["keys"][0].clone();
        (key["n"].clone(), key["kid"].clone())
    };
    let (one, same) = (Tenant::new().await, Tenant::new().await);
    assert_eq!(key(&one).await, key(&same).await);
    let random = Tenant::of(|_| crate::world::mock()).await;
    let other = Tenant::of(|_| crate::world::mock()).await;
    let (random, one, other) = (key(&random).await, key(&one).await, key(&other).await);
    for (one, other) in [(&random, &one), (&random, &other)] {
        assert!(one.0 != other.0 && one.1 != other.1);
    }
}
