//! Authenticator apps, by an implementation of RFC 6238 that is not the mock's.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::{SUCCEEDED, failed};
use crate::tenant::Tenant;
use crate::totp_reference::totp;
use crate::world::NOW;

fn at(seconds: i64) -> u64 {
    u64::try_from(NOW + seconds).unwrap()
}

async fn enrolled(tenant: &Tenant) -> String {
    let page = tenant.page("ada").await;
    let app = page.post_nothing("/user-authenticators/totp").await;
    let secret = app["secret"].as_str().unwrap().to_owned();
    let verified = page.verify("/verify/totp", &totp(&secret, at(0))).await;
    assert_eq!(verified["isVerified"], true);
    secret
}

#[tokio::test]
async fn an_app_is_enrolled_by_its_first_code() {
    let tenant = Tenant::new().await;
    let page = tenant.page("ada").await;
    let app = page.post_nothing("/user-authenticators/totp").await;
    let (secret, uri) = (
        app["secret"].as_str().unwrap(),
        app["uri"].as_str().unwrap(),
    );
    assert_eq!(secret.len(), 32, "160 bits, as RFC 4226 recommends");
    assert_eq!(
        uri,
        format!("otpauth://totp/stepup-mock:ada?secret={secret}&issuer=stepup-mock")
    );
    assert_eq!(tenant.authenticators("ada").await, json!([]));
    let verified = page.verify("/verify/totp", &totp(secret, at(0))).await;
    assert_eq!(
        verified["userAuthenticator"]["verificationMethod"],
        "AUTHENTICATOR_APP"
    );
    assert_eq!(tenant.state(&verified["accessToken"]).await, SUCCEEDED);
    assert!(
        !tenant
            .authenticators("ada")
            .await
            .to_string()
            .contains(secret)
    );
}

#[tokio::test]
async fn a_code_is_accepted_one_step_early_or_late_and_only_once() {
    let tenant = Tenant::new().await;
    let secret = enrolled(&tenant).await;
    tenant.later(90);
    let page = tenant.page("ada").await;
    for seconds in [0, 30, 150, 180] {
        let answer = page
            .verify("/verify/totp", &totp(&secret, at(seconds)))
            .await;
        assert_eq!(answer, failed("CODE_INVALID_OR_EXPIRED"), "{seconds}");
    }
    for seconds in [60, 90, 120] {
        let code = totp(&secret, at(seconds));
        assert_eq!(
            page.verify("/verify/totp", &code).await["isVerified"],
            true,
            "{seconds}"
        );
        let again = page.verify("/verify/totp", &code).await;
        assert_eq!(
            again,
            failed("CODE_INVALID_OR_EXPIRED"),
            "{seconds} once more"
        );
    }
    let older = page.verify("/verify/totp", &totp(&secret, at(90))).await;
    assert_eq!(older, failed("CODE_INVALID_OR_EXPIRED"), "nor an older one");
}

#[tokio::test]
async fn the_journal_tells_a_code_of_the_machines_clock_from_a_wrong_one() {
    let tenant = Tenant::new().await;
    let secret = enrolled(&tenant).await;
    let page = tenant.page("ada").await;
    let machine = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for (code, warns) in [
        (totp(&secret, machine.as_secs()), true),
        (totp(&secret, at(3_600)), false),
    ] {
        let answer = page.verify("/verify/totp", &code).await;
        assert_eq!(answer, failed("CODE_INVALID_OR_EXPIRED"));
        let warning = tenant.server.journal()[0].warning.clone();
        let warning = warning.unwrap_or_default();
        assert_eq!(
            warning.contains("the mock's clock is at 2026-01-01T00:00:00.000Z"),
            warns,
            "{warning}"
        );
        assert!(!warning.contains(&code), "no code");
    }
}

#[tokio::test]
async fn the_code_that_enrols_an_app_cannot_be_used_again() {
    let tenant = Tenant::new().await;
    let secret = enrolled(&tenant).await;
    let page = tenant.page("ada").await;
    let again = page.verify("/verify/totp", &totp(&secret, at(0))).await;
    assert_eq!(again, failed("CODE_INVALID_OR_EXPIRED"));
}

#[tokio::test]
async fn an_app_enrolled_by_the_server_works_with_any_valid_otp_uri() {
    let tenant = Tenant::new().await;
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    for uri in [
        format!("otpauth://totp/Example:ada@example.com?secret={secret}&issuer=Example"),
        format!("otpauth://totp/ada?secret={secret}"),
        format!("otpauth://totp/ada?secret={secret}&algorithm=SHA1&digits=6&period=30"),
        format!(
            "otpauth://totp/One:ada?secret={}%3D&issuer=Another",
            secret.to_lowercase()
        ),
    ] {
        let body = json!({"verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri});
        tenant.enroll_with("ada", body).await;
        let page = tenant.page("ada").await;
        let verified = page.verify("/verify/totp", &totp(secret, at(0))).await;
        assert_eq!(verified["isVerified"], true, "{uri}");
    }
}

#[tokio::test]
async fn an_unusable_otp_uri_is_refused_when_it_is_enrolled() {
    let tenant = Tenant::new().await;
    for uri in [
        "nonsense",
        "otpauth://hotp/ada?secret=JBSWY3DPEHPK3PXP",
        "otpauth://totp/ada",
        "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP&digits=10",
        "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP&digits=0",
        "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP&period=0",
        "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP&period=18446744073709551615",
        "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP&digits=7",
        "otpauth://totp/ada?secret=JBSWY3DPEHPK3PXP&algorithm=MD5",
    ] {
        let body = json!({"verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri});
        tenant
            .refused_body("POST", "/v1/users/ada/authenticators", body, "otpUri")
            .await;
    }
}

#[tokio::test]
async fn a_code_does_not_finish_the_enrolment_of_another_action() {
    let tenant = Tenant::new().await;
    let (page, other) = (tenant.page("ada").await, tenant.page("ada").await);
    let app = page.post_nothing("/user-authenticators/totp").await;
    let code = totp(app["secret"].as_str().unwrap(), at(0));
    let body = json!({"verificationCode": code});
    let cause = "has no authenticator app";
    other
        .refused(400, "invalid_request", cause, "/verify/totp", body.clone())
        .await;
    let verified: Value = page.post("/verify/totp", body).await;
    assert_eq!(verified["isVerified"], true);
}
