//! Access tokens of sessions at the JWT authorizer of a cloud gateway. It knows only an issuer and an audience, and finds
//! the keys by the issuer's discovery document. Written here from what such authorizers document; no product's code runs.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Value, json};

use crate::tenant::Tenant;
use crate::wire::{self, Request};
use crate::world::{NOW, TENANT};

/// A gateway as its operator configures it.
struct Gateway {
    issuer: String,
    audience: &'static str,
}

/// The part of a token, decoded.
fn decoded(part: &str) -> Result<Vec<u8>, &'static str> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| "not base64url")
}

fn object(part: &str) -> Result<Value, &'static str> {
    serde_json::from_slice(&decoded(part)?).map_err(|_| "not JSON")
}

/// Gets a public document, with no credentials.
async fn document(url: &str) -> Result<Value, &'static str> {
    let rest = url.strip_prefix("http://").ok_or("not http")?;
    let (host, path) = rest.split_once('/').ok_or("no path")?;
    let port = host.rsplit_once(':').ok_or("no port")?.1;
    let port = port.parse().map_err(|_| "no port")?;
    let request = Request::new("GET", &format!("/{path}")).without("host");
    let request = request.header("Host", host);
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let answer = wire::send(address, &request).await;
    (answer.status == 200)
        .then(|| answer.json())
        .ok_or("no such document")
}

impl Gateway {
    async fn keys(&self) -> Result<Value, &'static str> {
        let discovery = format!("{}/.well-known/openid-configuration", self.issuer);
        let discovery = document(&discovery).await?;
        if discovery["issuer"] != self.issuer.as_str() {
            return Err("the issuer of the discovery document is another");
        }
        document(discovery["jwks_uri"].as_str().ok_or("no jwks_uri")?).await
    }

    /// The claims of a token that may pass at that time.
    async fn authorize(&self, token: &str, now: i64) -> Result<Value, &'static str> {
        let [header, payload, signature] = token.split('.').collect::<Vec<_>>()[..] else {
            return Err("not a JWT");
        };
        let (head, claims) = (object(header)?, object(payload)?);
        if head["alg"] != "RS256" {
            return Err("alg");
        }
        let keys = self.keys().await?;
        let keys = keys["keys"].as_array().ok_or("no keys")?;
        let key = keys.iter().find(|key| key["kid"] == head["kid"]);
        let key = key.ok_or("kid")?;
        let part = |name: &str| key[name].as_str().unwrap_or_default();
        let key = DecodingKey::from_rsa_components(part("n"), part("e")).map_err(|_| "key")?;
        let message = format!("{header}.{payload}");
        let algorithm = Algorithm::RS256;
        let genuine = jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm);
        if genuine != Ok(true) {
            return Err("signature");
        }
        if claims["iss"] != self.issuer.as_str() {
            return Err("iss");
        }
        let audience = match &claims["aud"] {
            Value::Array(all) => all.contains(&json!(self.audience)),
            one => one == self.audience,
        };
        if !audience {
            return Err("aud");
        }
        if claims["exp"].as_i64().is_none_or(|expires| now >= expires) {
            return Err("exp");
        }
        let later = |name: &str| claims[name].as_i64().is_some_and(|time| time > now);
        if later("nbf") || later("iat") {
            return Err("nbf or iat");
        }
        Ok(claims)
    }
}

/// An access token that a server gets which reaches the mock by this host.
async fn access_token(tenant: &Tenant, host: &str) -> String {
    let token = tenant.proof("u1").await;
    let body = json!({"clientId": "app", "token": token}).to_string();
    let request = Tenant::request("POST", "/v1/sessions").without("host");
    let request = request.header("Host", host).json(body);
    let answer = tenant.answer(200, &request).await.json();
    answer["accessToken"].as_str().unwrap().to_owned()
}

fn issuer(host: &str) -> String {
    format!("http://{host}/v1/client/public/{TENANT}")
}

#[tokio::test]
async fn a_gateway_that_knows_issuer_and_audience_lets_a_session_pass() {
    let tenant = Tenant::new().await;
    let attributes = json!({"email": "ada@example.com"});
    tenant.patch("/v1/users/u1", attributes).await;
    let port = tenant.server.address().port();
    // Whatever name server and gateway share.
    for host in [
        format!("127.0.0.1:{port}"),
        format!("localhost:{port}"),
        format!("stepup-mock:{port}"),
    ] {
        let gateway = Gateway {
            issuer: issuer(&host),
            audience: "app",
        };
        let token = access_token(&tenant, &host).await;
        let claims = gateway.authorize(&token, NOW).await.unwrap();
        assert_eq!(claims["iss"], issuer(&host));
        assert_eq!(
            (&claims["sub"], &claims["aud"], &claims["email"]),
            (&json!("u1"), &json!("app"), &json!("ada@example.com"))
        );
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(NOW), &json!(NOW + 900))
        );
    }
}

#[tokio::test]
async fn a_gateway_stops_what_is_not_for_it() {
    let tenant = Tenant::new().await;
    let host = tenant.server.address().to_string();
    let token = access_token(&tenant, &host).await;
    let gateway = |issuer: String, audience| Gateway { issuer, audience };
    let own = gateway(issuer(&host), "app");
    let at = async |gateway: &Gateway, token: &str, now| {
        let authorized = gateway.authorize(token, now).await;
        authorized.expect_err("the gateway let it pass")
    };

    assert!(own.authorize(&token, NOW + 899).await.is_ok());
    assert_eq!(at(&own, &token, NOW + 900).await, "exp");
    assert_eq!(at(&own, &token, NOW - 1).await, "nbf or iat");
    let other = gateway(issuer(&host), "another");
    assert_eq!(at(&other, &token, NOW).await, "aud");
    // The mock is reached all the same, but the names differ.
    let localhost = format!("localhost:{}", tenant.server.address().port());
    let other = gateway(issuer(&localhost), "app");
    assert_eq!(at(&other, &token, NOW).await, "iss");
    let other = gateway(format!("{}x", issuer(&host)), "app");
    assert_eq!(at(&other, &token, NOW).await, "no such document");

    let parts: Vec<_> = token.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        panic!("not a JWT")
    };
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut claims = object(payload).unwrap();
    claims["sub"] = "u2".into();
    let forged = format!("{header}.{}.{signature}", encoded(&claims));
    assert_eq!(at(&own, &forged, NOW).await, "signature");
    let kid = object(header).unwrap()["kid"].clone();
    for (head, why) in [
        (json!({"alg": "none", "kid": kid}), "alg"),
        (json!({"alg": "HS256", "kid": kid}), "alg"),
        (json!({"alg": "RS256", "kid": "another"}), "kid"),
        (json!({"alg": "RS256"}), "kid"),
    ] {
        let forged = format!("{}.{payload}.{signature}", encoded(&head));
        assert_eq!(at(&own, &forged, NOW).await, why);
    }
}

#[tokio::test]
async fn a_page_of_any_origin_may_read_the_public_documents_and_nothing_else_of_the_server_api() {
    let tenant = Tenant::new().await;
    let from_page = |method: &str, target: &str| {
        let request = Request::new(method, target);
        let request = request.header("Origin", "https://app.example.com");
        request.header("Sec-Fetch-Site", "cross-site")
    };
    for name in ["openid-configuration", "jwks"] {
        let target = format!("/v1/client/public/{TENANT}/.well-known/{name}");
        let got = tenant.answer(200, &from_page("GET", &target)).await;
        let asked = from_page("OPTIONS", &target).header("Access-Control-Request-Method", "GET");
        let asked = asked.header("Access-Control-Request-Headers", "accept");
        let asked = tenant.answer(200, &asked).await;
        let unknown = target.replace(TENANT, "unknown");
        let unknown = tenant.answer(404, &from_page("GET", &unknown)).await;
        for answer in [got, asked, unknown] {
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, Some("https://app.example.com"), "{name}");
        }
    }
    let users = from_page("GET", "/v1/users/u1");
    let answer = tenant.answer(403, &users).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
}
