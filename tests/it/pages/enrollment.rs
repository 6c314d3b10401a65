//! Setting up a first method on a page, and what comes of it.

use serde_json::json;

use super::{EMAIL, Visit, text};
use crate::totp_reference;

async fn unenrolled(suffix: &str) -> Visit {
    let mut visit = Visit::new().await;
    let tracked = visit.track(json!({})).await;
    assert_eq!(tracked["state"], "ALLOW");
    visit
        .open(&format!("{}{suffix}", text(&tracked["url"])))
        .await;
    visit
}

/// The recovery codes that a page shows.
fn recovery_codes(visit: &Visit) -> Vec<String> {
    let list = visit.html.split("<ul class=\"codes\">").nth(1).unwrap();
    let list = list.split("</ul>").next().unwrap();
    list.split("<code>")
        .skip(1)
        .map(|code| code.split('<').next().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn enrolling_a_first_method_shows_recovery_codes_once() {
    let mut visit = unenrolled("").await;
    assert_eq!(visit.heading(), "Protect your account");
    visit.follow("Email code").await;
    assert_eq!(visit.heading(), "Add your email address");
    assert_eq!(visit.messages(), 0);
    visit
        .submit("/challenge/enroll", &[("address", "nonsense")])
        .await;
    assert_eq!(visit.status, 422);
    assert_eq!(
        visit.alert().unwrap(),
        "Enter an email address such as ada@example.com."
    );
    assert!(visit.html.contains("value=\"nonsense\""));
    assert_eq!(visit.messages(), 0);
    visit
        .submit("/challenge/enroll", &[("address", EMAIL)])
        .await;
    assert_eq!(visit.heading(), "Check your email");
    assert!(visit.html.contains(EMAIL), "the user wrote it just now");
    let code = visit.tenant.code().await;
    visit
        .submit("/challenge/verify", &[("code", "nothing")])
        .await;
    assert_eq!(
        (visit.status, visit.heading().as_str()),
        (422, "Check your email")
    );
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.heading(), "Save your recovery codes");
    assert_eq!(recovery_codes(&visit).len(), 8);

    let back = visit.link("I saved my codes").unwrap();
    visit.left_to = Some(back);
    let proof = visit.proof().await;
    assert_eq!(proof["state"], "CHALLENGE_SUCCEEDED");
    assert_eq!(proof["verificationMethod"], "EMAIL_OTP");
    let user = visit.tenant.call("GET", "/v1/users/ada", json!({})).await;
    assert_eq!(user["enrolledVerificationMethods"], json!(["EMAIL_OTP"]));
    assert_eq!(user["email"], EMAIL);
}

#[tokio::test]
async fn a_phone_number_is_stored_without_separators() {
    let mut visit = unenrolled("&enroll=SMS").await;
    assert_eq!(visit.heading(), "Add your phone number");
    visit
        .submit("/challenge/enroll", &[("address", "+64 (27) 000-0000")])
        .await;
    assert_eq!(visit.heading(), "Check your text messages");
    assert_eq!(visit.tenant.server.messages()[0].to, super::PHONE);
    visit.submit("/challenge/send", &[]).await;
    assert!(visit.html.contains("We sent a new code."));
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.heading(), "Save your recovery codes");
}

#[tokio::test]
async fn a_magic_link_can_enrol_an_address() {
    let mut visit = unenrolled("&enroll=EMAIL_MAGIC_LINK").await;
    visit
        .submit("/challenge/enroll", &[("address", EMAIL)])
        .await;
    let link = visit.tenant.server.messages()[0].url.clone().unwrap();
    let waiting = visit.address.clone();
    visit.open(&link).await;
    assert_eq!(visit.heading(), "Link opened");
    visit.open(&waiting).await;
    assert_eq!(visit.heading(), "Save your recovery codes");
}

#[tokio::test]
async fn reloading_the_page_keeps_the_secret_of_an_authenticator_app() {
    let mut visit = unenrolled("&enroll=AUTHENTICATOR_APP").await;
    assert_eq!(visit.heading(), "Set up an authenticator app");
    assert!(
        visit
            .html
            .contains("aria-label=\"QR code for the authenticator app\"")
    );
    let secret = super::attribute(&visit.html, "data-copy");
    visit.reload().await;
    assert_eq!(super::attribute(&visit.html, "data-copy"), secret);
    visit
        .submit("/challenge/verify", &[("code", "000000")])
        .await;
    assert_eq!(visit.status, 422);
    assert_eq!(super::attribute(&visit.html, "data-copy"), secret);
    let code = totp_reference::totp(&secret, u64::try_from(crate::world::NOW).unwrap());
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.heading(), "Save your recovery codes");
}

#[tokio::test]
async fn a_code_that_was_used_to_enrol_is_refused_in_these_words() {
    let mut visit = unenrolled("&enroll=AUTHENTICATOR_APP").await;
    let secret = super::attribute(&visit.html, "data-copy");
    let code = totp_reference::totp(&secret, u64::try_from(crate::world::NOW).unwrap());
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    let next = visit.track(json!({})).await;
    visit.open(text(&next["url"])).await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
    assert_eq!(visit.status, 422);
    let alert = visit.alert().unwrap();
    assert_eq!(alert, "This code was already used. Wait for the next one.");
    visit
        .submit("/challenge/verify", &[("code", "000000")])
        .await;
    let alert = visit.alert().unwrap();
    assert_eq!(alert, "The code is wrong or has expired. Try again.");
}

#[tokio::test]
async fn a_user_may_skip_enrolment_unless_the_application_forbids_it() {
    let mut visit = unenrolled("").await;
    visit.left_to = visit.link("Not now");
    assert_eq!(visit.proof().await["state"], "ALLOW");
    let visit = unenrolled("&force_enrollment=true").await;
    assert_eq!(visit.heading(), "Protect your account");
    assert_eq!(visit.link("Not now"), None);
    assert!(visit.link("Cancel").is_some());
}

#[tokio::test]
async fn a_user_cannot_enrol_before_passing_the_challenge() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let address = visit.address.clone();
    for more in ["&enroll=EMAIL_OTP", "&view=enroll", "&view=settings"] {
        visit.open(&format!("{address}{more}")).await;
        assert_eq!(visit.heading(), "Check your text messages", "{more}");
    }
    let token = visit.token();
    let body = format!("token={token}&method=EMAIL_OTP&address=eve%40evil.test");
    let mut request = crate::wire::Request::new("POST", "/challenge/enroll");
    request.body = body.into_bytes();
    visit.go(request).await;
    assert_eq!(
        (visit.status, visit.heading().as_str()),
        (409, "You cannot do this here")
    );
    assert_eq!(visit.messages(), 1);
}

#[tokio::test]
async fn a_token_with_the_scope_may_enrol_before_its_challenge_is_passed() {
    let mut visit = Visit::new().await;
    visit.enroll("SMS").await;
    let tracked = visit.track(json!({"scope": "add:authenticators"})).await;
    visit
        .open(&format!("{}&enroll=EMAIL_OTP", text(&tracked["url"])))
        .await;
    assert_eq!(visit.heading(), "Add your email address");
}

#[tokio::test]
async fn the_form_has_the_address_that_track_names() {
    for (link, told, value) in [
        (
            "Email code",
            json!({"email": "ada@work.example"}),
            "ada@work.example",
        ),
        (
            "Text message",
            json!({"phoneNumber": "+64270000009"}),
            "+64270000009",
        ),
    ] {
        let mut visit = Visit::new().await;
        let known = json!({"email": EMAIL, "phoneNumber": "+64270000000"});
        for own in [json!({}), known] {
            visit.tenant.patch("/v1/users/ada", own).await;
            let tracked = visit.track(told.clone()).await;
            visit.open(text(&tracked["url"])).await;
            visit.follow(link).await;
            let field = format!("value=\"{value}\"");
            assert!(visit.html.contains(&field), "{}", visit.html);
        }
    }
}

#[tokio::test]
async fn a_number_without_its_country_code_is_shown_a_right_one() {
    let mut visit = unenrolled("").await;
    visit.follow("Text message").await;
    visit
        .submit("/challenge/enroll", &[("address", "(027) 000-0000")])
        .await;
    assert_eq!(visit.status, 422);
    assert_eq!(
        visit.alert().unwrap(),
        "Enter a phone number with its country code, such as +64 27 000 0000."
    );
    assert_eq!(visit.messages(), 0);
}

#[tokio::test]
async fn a_page_challenges_no_address_that_is_not_enrolled() {
    let mut visit = Visit::challenged(&["SMS"]).await;
    let sent = visit.messages();
    let own = json!({"email": EMAIL});
    visit.tenant.patch("/v1/users/ada", own).await;
    let body = format!("token={}&method=EMAIL_OTP", visit.token());
    let mut request = crate::wire::Request::new("POST", "/challenge/send");
    request.body = body.into_bytes();
    visit.go(request).await;
    assert_eq!(visit.heading(), "Check your text messages");
    assert_eq!(visit.messages(), sent);
}
