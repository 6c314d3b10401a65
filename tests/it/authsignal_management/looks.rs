//! What a theme and texts change on the hosted pages. Must not know how a page is made.

use serde_json::json;

use super::{change, withdraw};
use crate::tenant::Tenant;
use crate::wire::{Answer, Request};

/// The hosted page of a withdrawal of ada, who has two methods, so that it lists them.
async fn page(tenant: &Tenant) -> Answer {
    opened(tenant, "view=methods").await
}

/// The page for the code that was sent to her phone.
async fn code_page(tenant: &Tenant) -> Answer {
    opened(tenant, "method=SMS").await
}

async fn opened(tenant: &Tenant, at: &str) -> Answer {
    let tracked = tenant.track("ada", "withdraw", json!({})).await;
    let url = tracked["url"].as_str().unwrap();
    let (_, path) = url.split_once("/challenge").unwrap();
    let answer = tenant
        .send(&Request::new("GET", &format!("/challenge{path}&{at}")))
        .await;
    assert_eq!(answer.status, 200);
    answer
}

async fn tenant() -> Tenant {
    let tenant = Tenant::new().await;
    withdraw(&tenant).await;
    tenant.enroll("ada").await;
    let email = json!({"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"});
    tenant
        .call("POST", "/v1/users/ada/authenticators", email)
        .await;
    tenant
}

#[tokio::test]
async fn the_theme_colors_the_pages_and_loads_nothing() {
    let tenant = tenant().await;
    let plain = page(&tenant).await;
    assert!(!plain.text().contains("<style>"), "nothing is set yet");
    let theme = json!({
        "primaryColor": "#7f1d1d",
        "logoUrl": "https://cdn.example.com/logo.svg",
        "typography": {"text": {"faces": [{"url": "https://cdn.example.com/font.woff2"}]}},
        "colors": {"link": "red;}</style><script>alert(1)</script>"},
        "darkMode": {"colors": {"headingText": "gold"}},
    });
    change(&tenant, "/theme", theme).await;
    let themed = page(&tenant).await;
    let html = themed.text();
    assert!(html.contains("--accent:#7f1d1d;"), "{html}");
    assert!(html.contains("(prefers-color-scheme:dark){:root{--heading:gold;}}"));
    assert!(
        !html.contains("cdn.example.com") && !html.contains("alert(1)"),
        "{html}"
    );
    let policy = themed.header("content-security-policy").unwrap();
    assert!(policy.contains("style-src 'self' 'sha256-"), "{policy}");
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    let without = json!({"primaryColor": null, "colors": null, "darkMode": null});
    change(&tenant, "/theme", without).await;
    assert!(!page(&tenant).await.text().contains("<style>"));
}

#[tokio::test]
async fn texts_replace_those_of_the_pages_in_the_language_of_the_user() {
    let tenant = tenant().await;
    change(&tenant, "/theme", json!({"name": "Q & A Bank"})).await;
    let texts = json!({"messageOverrides": {
        "en": {"challenge.heading": "Hello from {tenantName}", "challenge.description": "How?"},
        "de": {"challenge.heading": "Hallo von {tenantName}"},
        "de-CH": {"challenge.description": "Wie denn?"},
    }});
    change(&tenant, "/message-overrides", texts).await;
    for (locale, heading, description) in [
        (None, "Hello from Q &amp; A Bank", "How?"),
        (Some("fr"), "Hello from Q &amp; A Bank", "How?"),
        (Some("de"), "Hallo von Q &amp; A Bank", "How?"),
        (Some("de-CH"), "Hallo von Q &amp; A Bank", "Wie denn?"),
    ] {
        if let Some(locale) = locale {
            let body = json!({"locale": locale});
            tenant.call("PATCH", "/v1/users/ada", body).await;
        }
        let html = page(&tenant).await.text().to_owned();
        assert!(
            html.contains(&format!("<h1>{heading}</h1>")),
            "{locale:?}: {html}"
        );
        assert!(
            html.contains(&format!("<title>{heading} · ")),
            "{locale:?}: {html}"
        );
        assert!(
            html.contains(&format!(">{description}</p>")),
            "{locale:?}: {html}"
        );
    }
    let of_provider =
        json!({"messageOverrides": {"en": {"sms-code-entry.heading": "Enter your code"}}});
    change(&tenant, "/message-overrides", of_provider).await;
    let html = code_page(&tenant).await.text().to_owned();
    assert!(html.contains("<h1>Enter your code</h1>"), "{html}");
    change(
        &tenant,
        "/message-overrides",
        json!({"messageOverrides": {}}),
    )
    .await;
    let html = page(&tenant).await.text().to_owned();
    assert!(html.contains("<h1>Confirm it’s you</h1>"), "{html}");
}
