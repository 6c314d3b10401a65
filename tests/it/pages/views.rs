//! What pages hold and load, as a browser gets them. Hostile texts stay texts.

use serde_json::json;

use super::{Visit, text};
use crate::wire::Request;

#[tokio::test]
async fn a_hostile_user_id_and_redirect_url_are_escaped() {
    let mut visit = Visit::new().await;
    let url = "https://app.test/\"><script>alert(1)</script>?q=<b>'\"&x";
    let target = "/v1/users/%3Cscript%3Ealert(2)%3C%2Fscript%3E/actions/signIn";
    let tracked = visit
        .tenant
        .call("POST", target, json!({"redirectUrl": url}))
        .await;
    for more in [
        "",
        "&enroll=AUTHENTICATOR_APP",
        "&enroll=EMAIL_OTP",
        "&mode=popup",
    ] {
        visit
            .open(&format!("{}{more}", text(&tracked["url"])))
            .await;
        assert_eq!(visit.status, 200);
        assert!(
            !visit.html.contains("<script>") && !visit.html.contains("<b>"),
            "{}",
            visit.html
        );
    }
    let address = "\"><script>alert(3)</script>@x";
    visit
        .open(&format!("{}&enroll=EMAIL_OTP", text(&tracked["url"])))
        .await;
    visit
        .submit("/challenge/enroll", &[("address", address)])
        .await;
    assert!(!visit.html.contains("<script>"), "{}", visit.html);
}

#[tokio::test]
async fn pages_load_only_from_the_mock_are_not_stored_and_can_be_framed() {
    let visit = Visit::challenged(&["SMS"]).await;
    let targets = [
        visit.address.clone(),
        "/challenge".to_owned(),
        "/magic-link?token=x".to_owned(),
        "/challenge/assets/style.css".to_owned(),
        "/challenge/assets/script.js".to_owned(),
        "/challenge/assets/icon.svg".to_owned(),
    ];
    for target in targets {
        let answer = visit.tenant.send(&Request::new("GET", &target)).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{target}");
        // Any application may frame the pages, and a form's answer leads to any.
        for word in ["unsafe", "frame-ancestors", "form-action", "http"] {
            assert!(!policy.contains(word), "{target}: {policy}");
        }
        assert_eq!(answer.header("x-frame-options"), None);
        assert_eq!(answer.header("cross-origin-opener-policy"), None);
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("referrer-policy"), Some("same-origin"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn the_journal_lists_pages_without_their_secrets() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let token = visit.token();
    visit
        .submit("/challenge/verify", &[("code", "111111")])
        .await;
    let journal = visit
        .tenant
        .send(&Request::new("GET", "/_mock/journal"))
        .await
        .text();
    assert!(journal.contains("/challenge?token=***"), "{journal}");
    assert!(journal.contains("/challenge/verify"));
    assert!(journal.contains("wrong"), "why it was refused");
    assert!(
        !journal.contains(&token) && !journal.contains("111111"),
        "{journal}"
    );
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let long = "x".repeat(2 * 1024 * 1024);
    visit.submit("/challenge/verify", &[("code", &long)]).await;
    assert_eq!(visit.status, 413);
}
