//! Who may call, from where, and what a browser may read.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::json;

use crate::tenant::{Tenant, assert_refusal};
use crate::wire::{Answer, Request};
use crate::world::{API_SECRET, TENANT, basic};

const APP: &str = "http://localhost:3000";

fn basic_of(text: &str) -> String {
    format!("Basic {text}")
}

#[tokio::test]
async fn a_tenant_is_admitted_in_every_encoding() {
    let tenant = Tenant::new().await;
    for credential in [
        STANDARD.encode(format!("{TENANT}:")),
        URL_SAFE.encode(format!("{TENANT}:")),
        STANDARD.encode(TENANT),
    ] {
        let request = Request::new("POST", "/v1/client/challenge")
            .header("Authorization", &basic_of(&credential))
            .json("{}");
        tenant.answer(200, &request).await;
    }
}

#[tokio::test]
async fn bad_credentials_are_refused_in_the_vendors_form() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    let mut forged = page.token.clone();
    forged.replace_range(forged.len() - 2.., "xx");
    let unknown = STANDARD.encode("00000000-0000-4000-8000-00000000ffff:");
    for (target, authorization, cause) in [
        ("/v1/client/init", None, "Bearer"),
        ("/v1/client/init", Some("Bearer".to_owned()), "Bearer"),
        (
            "/v1/client/init",
            Some("Bearer x.y.z".to_owned()),
            "Token is invalid.",
        ),
        (
            "/v1/client/init",
            Some(format!("Bearer {forged}")),
            "Token is invalid.",
        ),
        (
            "/v1/client/init",
            Some(basic_of(&STANDARD.encode(TENANT))),
            "Bearer",
        ),
        ("/v1/client/init", Some(basic(API_SECRET)), "Bearer"),
        (
            "/v1/client/challenge",
            Some(basic_of(&unknown)),
            "tenant's id",
        ),
        (
            "/v1/client/challenge",
            Some(basic(API_SECRET)),
            "tenant's id",
        ),
    ] {
        let mut request = Request::new("POST", target).json("{}");
        if let Some(authorization) = authorization {
            request = request.header("Authorization", &authorization);
        }
        assert_refusal(&tenant.answer(401, &request).await, "unauthorized", cause);
    }
}

#[tokio::test]
async fn two_credentials_are_none() {
    let tenant = Tenant::new().await;
    let bearer = format!("Bearer {}", tenant.page("ada").await.token);
    let page = basic_of(&STANDARD.encode(format!("{TENANT}:")));
    for [first, second] in [[&bearer, &bearer], [&bearer, &page], [&page, &bearer]] {
        let request = Request::new("POST", "/v1/client/challenge")
            .header("Authorization", first)
            .header("Authorization", second)
            .json("{}");
        let refused = tenant.answer(401, &request).await;
        assert_refusal(&refused, "unauthorized", "more than once");
    }
}

#[tokio::test]
async fn an_expired_token_has_a_code_of_its_own() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    tenant.later(600);
    page.refused(401, "expired_token", "expired", "/init", json!({}))
        .await;
}

#[tokio::test]
async fn a_client_token_is_refused_by_the_server_api() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    let request = Request::new("GET", "/v1/users/ada")
        .header("Authorization", &format!("Bearer {}", page.token));
    tenant.answer(401, &request).await;
}

/// Browser SDKs before version 0.3 ask for these below the same base URL.
#[tokio::test]
async fn paths_without_client_reach_the_same_operations() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    let user = |method: &str, target: &str| {
        Request::new(method, target).header("Authorization", &format!("Bearer {}", page.token))
    };
    let enroll = user("POST", "/v1/user-authenticators/email-otp");
    let enroll = enroll.json(r#"{"email":"ada@example.com"}"#);
    tenant.answer(200, &enroll).await;
    let code = tenant.code().await;
    let verify = user("POST", "/v1/verify/email-otp");
    let verify = verify.json(json!({"verificationCode": code}).to_string());
    let verified = tenant.answer(200, &verify).await.json();
    assert_eq!(verified["isVerified"], true);
    let enrolled = user("GET", "/v1/user-authenticators?any=thing");
    let enrolled = tenant.answer(200, &enrolled).await.json();
    assert_eq!(enrolled.as_array().unwrap().len(), 1);
    tenant
        .answer(200, &user("POST", "/v1/challenge/email-otp").json("{}"))
        .await;
    let options = "/v1/user-authenticators/passkey/authentication-options";
    let anonymous = Request::new("POST", options)
        .header("Authorization", &basic_of(&STANDARD.encode(TENANT)))
        .json("{}");
    let options = tenant.answer(200, &anonymous).await.json();
    assert!(options["challengeId"].is_string(), "{options}");

    // The Server API keeps the paths that it has.
    for target in ["/v1/challenge", "/v1/verify"] {
        let answer = tenant.answer(401, &user("POST", target).json("{}")).await;
        assert_refusal(&answer, "unauthorized", "region base URL");
    }
}

fn assert_readable(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(APP));
    assert_eq!(
        answer.header("access-control-allow-credentials"),
        Some("true")
    );
    assert!(
        answer
            .header("vary")
            .is_some_and(|vary| vary.contains("origin"))
    );
}

#[tokio::test]
async fn a_preflight_allows_every_method_and_header_that_it_names() {
    let tenant = Tenant::new().await;
    for (method, target) in [
        ("POST", "/v1/client/init"),
        ("GET", "/v1/client/user-authenticators"),
        ("PATCH", "/v1/client/user-authenticators/push"),
        ("POST", "/v1/client/unknown"),
        ("POST", "/v1/v1/client/init"),
        ("POST", "/v1/verify/passkey"),
        ("GET", "/v1/user-authenticators"),
        ("POST", "/v1/challenge/unknown"),
        // With a wrong base URL.
        ("POST", "/client/init"),
        ("POST", "//v1/client/init"),
        ("POST", "/v1//user-authenticators/sms"),
    ] {
        let request = Request::new("OPTIONS", target)
            .header("Origin", APP)
            .header("Access-Control-Request-Method", method)
            .header(
                "Access-Control-Request-Headers",
                "authorization,content-type,idempotency-key",
            );
        let answer = tenant.answer(200, &request).await;
        assert_readable(&answer);
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(methods.split(',').any(|one| one == method), "{methods}");
        let headers = answer.header("access-control-allow-headers").unwrap();
        for name in ["authorization", "content-type", "idempotency-key"] {
            assert!(headers.split(',').any(|one| one == name), "{headers}");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_machine_may_reach_the_local_network_if_its_browser_asks() {
    let tenant = Tenant::new().await;
    let request = || {
        Request::new("OPTIONS", "/v1/client/init")
            .header("Origin", APP)
            .header("Access-Control-Request-Method", "POST")
    };
    let allowed = "access-control-allow-private-network";
    assert_eq!(tenant.answer(200, &request()).await.header(allowed), None);
    let asked = request().header("Access-Control-Request-Private-Network", "true");
    let answer = tenant.answer(200, &asked).await;
    assert_eq!(answer.header(allowed), Some("true"));
}

#[tokio::test]
async fn a_browser_may_read_refusals() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    for (status, request) in [
        (200, page.request("POST", "/init")),
        (401, Request::new("POST", "/v1/client/init")),
        (400, page.request("POST", "/verify/sms").json("{")),
        (404, page.request("POST", "/unknown")),
        (405, page.request("DELETE", "/init")),
        (401, Request::new("POST", "/v1/verify/passkey")),
        (
            405,
            Request::new("DELETE", "/v1/user-authenticators/totp")
                .header("Authorization", &format!("Bearer {}", page.token)),
        ),
        (404, Request::new("POST", "/client/init")),
        (404, Request::new("POST", "/v1//client/init")),
    ] {
        let answer = tenant.answer(status, &request.header("Origin", APP)).await;
        assert_readable(&answer);
    }
}

#[tokio::test]
async fn no_page_may_read_the_rest_of_the_mock() {
    let tenant = Tenant::new().await;
    for target in [
        "/v1/users/ada",
        "/v1/clients",
        "/v1/challenge",
        "/v1/verify",
        "/_mock/messages",
        "/nonsense",
    ] {
        for method in ["GET", "OPTIONS"] {
            let request = Request::new(method, target)
                .header("Authorization", &basic(API_SECRET))
                .header("Origin", APP)
                .header("Access-Control-Request-Method", "GET");
            let answer = tenant.send(&request).await;
            let allowed = answer.header("access-control-allow-origin");
            assert_eq!(allowed, None, "{method} {target}");
        }
    }
}

#[tokio::test]
async fn a_request_with_an_expired_token_belongs_to_the_tenant_that_made_the_token() {
    let tenant = Tenant::new().await;
    let token = tenant.token("ada", "pay").await;
    tenant.later(3600);
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let late =
        Request::new("GET", "/v1/client/user-authenticators").header("Authorization", &bearer);
    tenant.answer(401, &late).await;
    let forged = format!("{bearer}x");
    let forged =
        Request::new("GET", "/v1/client/user-authenticators").header("Authorization", &forged);
    tenant.answer(401, &forged).await;
    let journal = tenant
        .answer(200, &Request::new("GET", "/_mock/journal?search=401"))
        .await
        .json();
    let of = |at: usize| journal["requests"][at]["tenant"].as_str();
    assert_eq!((of(0), of(1).is_some()), (None, true), "{journal}");
}
