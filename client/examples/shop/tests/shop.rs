//! How an application tests itself against the mock: a tenant for each test, codes from the inbox, a passkey and a phone in
//! software, and the vendor's failures. Knows the shop by its pages.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "all of this is test code, and a panic is how a test fails"
)]

use std::collections::BTreeMap;

use reqwest::{Client, Method, Response, StatusCode, header, redirect};
use serde_json::{Value, json};
use shop::{STEP_UP_OVER, Settings};
use stepup_client::activeconnect::Activeconnect;
use stepup_client::authsignal::webhook::Verifier;
use stepup_client::authsignal::{Authsignal, VerifiedAuthenticator};
use stepup_mock::{
    CreatedTenant, ExpectedRequest, Fault, MockServer, Outcome, SoftwareAuthenticator,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A shop on a free port, with a tenant of its own at both vendors.
struct Shop {
    url: String,
    tenant: CreatedTenant,
    authsignal: Authsignal,
    serving: JoinHandle<()>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shop {
    async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = format!("http://localhost:{}", address.port());
        let seed = json!({
            "activeconnect": {},
            "authsignal": {
                "actions": {"checkout": "CHALLENGE"},
                "webhooks": [{"url": format!("http://{address}/webhooks")}],
            },
        });
        let mock = MockServer::shared().unwrap();
        let tenant = mock.create_tenant_from(seed).unwrap();
        let (at_authsignal, at_activeconnect) = (tenant.authsignal(), tenant.activeconnect());
        let secret = at_authsignal.api_secret();
        let authsignal = Authsignal::builder(secret).api_url(at_authsignal.api_url());
        let authsignal = authsignal.retries(0).build().unwrap();
        let activeconnect = Activeconnect::builder(
            at_activeconnect.application_id(),
            at_activeconnect.application_secret(),
        );
        let settings = Settings {
            base_url: url.clone(),
            authsignal: authsignal.clone(),
            authsignal_url: at_authsignal.api_url().to_owned(),
            tenant_id: at_authsignal.tenant_id().to_owned(),
            activeconnect: activeconnect
                .server(at_activeconnect.server_url())
                .build()
                .unwrap(),
            webhooks: Verifier::new(secret),
            key: [7; 32],
        };
        let app = shop::app(settings).unwrap();
        let serving = tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        Self {
            url,
            tenant,
            authsignal,
            serving,
        }
    }

    /// The id that the shop gave to the account of an address.
    fn user(&self, email: &str) -> String {
        let users = self.tenant.authsignal().users();
        let user = users
            .into_iter()
            .find(|user| user.email.as_deref() == Some(email));
        user.unwrap().user_id
    }

    /// Somebody who has an account and can confirm by email.
    async fn with_ada(&self) -> Browser {
        let mut browser = Browser::new(&self.url);
        browser.post("/sign-up", &[("email", ADA)]).await;
        let email = VerifiedAuthenticator::email_otp(ADA);
        let user = self.user(ADA);
        self.authsignal
            .enroll_verified_authenticator(user, email)
            .await
            .unwrap();
        browser
    }
}

const ADA: &str = "ada@example.com";

/// A browser without scripts. It keeps cookies and follows no redirects, so that a test sees each step.
struct Browser {
    http: Client,
    shop: String,
    cookies: BTreeMap<String, String>,
}

struct Page {
    status: StatusCode,
    location: Option<String>,
    is_html: bool,
    html: String,
}

impl Browser {
    fn new(shop: &str) -> Self {
        let http = Client::builder()
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            shop: shop.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// Cookies go to the shop alone.
    async fn send(&mut self, method: Method, url: &str, form: &[(&str, &str)]) -> Page {
        let is_shop = url.starts_with('/') || url.starts_with(&self.shop);
        let url = if url.starts_with('/') {
            format!("{}{url}", self.shop)
        } else {
            url.to_owned()
        };
        let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        let mut request = self.http.request(method.clone(), &url);
        if is_shop {
            let pairs = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            request = request.header(header::COOKIE, pairs.collect::<Vec<_>>().join("; "));
        }
        if method == Method::POST {
            let pairs = form
                .iter()
                .map(|(name, value)| format!("{name}={}", escaped(value)));
            let kind = "application/x-www-form-urlencoded";
            request = request
                .header(header::ORIGIN, origin)
                .header(header::CONTENT_TYPE, kind);
            request = request.body(pairs.collect::<Vec<_>>().join("&"));
        }
        let answer = request.send().await.unwrap();
        if is_shop {
            self.keep(&answer);
        }
        let location = answer.headers().get(header::LOCATION);
        let kind = answer.headers().get(header::CONTENT_TYPE);
        let is_html = kind.is_some_and(|kind| kind == "text/html; charset=utf-8");
        Page {
            status: answer.status(),
            location: location.map(|location| location.to_str().unwrap().to_owned()),
            is_html,
            html: answer.text().await.unwrap(),
        }
    }

    fn keep(&mut self, answer: &Response) {
        for set in answer.headers().get_all(header::SET_COOKIE) {
            let pair = set.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    async fn get(&mut self, url: &str) -> Page {
        self.send(Method::GET, url, &[]).await
    }

    async fn post(&mut self, url: &str, form: &[(&str, &str)]) -> Page {
        self.send(Method::POST, url, form).await
    }

    async fn take(&mut self, product: &str) {
        assert_eq!(
            self.post("/cart", &[("product", product)]).await.status,
            303
        );
    }
}

/// Percent-encodes all that a form could mistake.
fn escaped(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    });
    encoded.collect()
}

/// The hidden members of the form that goes to this address.
fn hidden(html: &str, action: &str) -> Vec<(String, String)> {
    let form = html
        .split("<form")
        .find(|form| form.contains(&format!("action=\"{action}\"")));
    let form = form.unwrap_or_else(|| panic!("no form for {action} in\n{html}"));
    let inputs = form
        .split("</form>")
        .next()
        .unwrap()
        .split("<input ")
        .skip(1);
    let attribute = |input: &str, name: &str| {
        let value = input.split(&format!("{name}=\"")).nth(1).unwrap();
        value.split('"').next().unwrap().replace("&amp;", "&")
    };
    inputs
        .filter(|input| input.contains("type=\"hidden\""))
        .map(|input| (attribute(input, "name"), attribute(input, "value")))
        .collect()
}

#[tokio::test]
async fn a_small_cart_needs_no_confirmation_and_a_large_one_does() {
    let shop = Shop::start().await;
    let mut ada = shop.with_ada().await;
    ada.take("pen").await;
    assert!(ada.get("/checkout").await.html.contains("Pay $4"));
    assert!(
        ada.post("/checkout", &[])
            .await
            .html
            .contains("You have paid $4.")
    );
    // The vendor has not even been asked.
    let asked = ExpectedRequest::of("track").times(0);
    let came = shop.tenant.verify([asked]).await.unwrap();
    assert!(came.verified, "{}", came.text);

    ada.take("chair").await;
    const { assert!(STEP_UP_OVER < 180) };
    // The form itself is below the layer, too.
    for method in [Method::GET, Method::POST] {
        let page = ada.send(method, "/checkout", &[]).await;
        assert_eq!(page.status, 303);
        assert!(page.location.unwrap().contains("/challenge?"));
    }
}

#[tokio::test]
async fn a_code_from_the_inbox_confirms_one_payment() {
    let shop = Shop::start().await;
    let mut ada = shop.with_ada().await;
    ada.take("chair").await;
    let challenge = ada.get("/checkout").await.location.unwrap();

    // The vendor's page sends the code, and the test reads it from the tenant's inbox.
    let page = ada.get(&challenge).await;
    let code = shop.tenant.newest_message_to(ADA).unwrap().code.unwrap();
    let mut form = hidden(&page.html, "/challenge/verify");
    form.push(("code".to_owned(), code));
    let form: Vec<_> = form
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let vendor = challenge.split("/challenge").next().unwrap();
    let back = ada
        .post(&format!("{vendor}/challenge/verify"), &form)
        .await
        .location
        .unwrap();

    let page = ada.get(&back).await;
    assert_eq!(
        page.location.as_deref(),
        Some(format!("{}/checkout", shop.url).as_str())
    );
    assert!(
        ada.get("/checkout")
            .await
            .html
            .contains("You have confirmed")
    );
    assert!(
        ada.post("/checkout", &[])
            .await
            .html
            .contains("You have paid $180.")
    );
    // The next payment needs a confirmation of its own.
    ada.take("chair").await;
    assert_eq!(ada.post("/checkout", &[]).await.status, 303);
}

#[tokio::test]
async fn who_cannot_confirm_or_does_not_is_told_what_to_do() {
    let shop = Shop::start().await;
    let mut stranger = Browser::new(&shop.url);
    stranger.take("chair").await;
    assert_eq!(
        stranger.get("/checkout").await.location.as_deref(),
        Some("/sign-in")
    );
    // The cart stays.
    stranger
        .post("/sign-up", &[("email", "bob@example.com")])
        .await;
    let page = stranger.get("/checkout").await;
    assert_eq!(page.status, 403);
    assert!(page.is_html && page.html.contains("Add a passkey"));

    let mut ada = shop.with_ada().await;
    ada.take("chair").await;
    let challenge = ada.get("/checkout").await.location.unwrap();
    let user = shop.user(ADA);
    // In place of a person at the vendor's page.
    shop.tenant
        .authsignal()
        .challenge(&user)
        .fail()
        .await
        .unwrap();
    let token = challenge.split("token=").nth(1).unwrap();
    let page = ada.get(&format!("/checkout?token={token}")).await;
    assert_eq!(page.status, 403);
    assert!(page.html.contains("Try again"));
}

#[tokio::test]
async fn nobody_pays_while_the_vendor_fails_or_blocks() {
    let shop = Shop::start().await;
    let mut ada = shop.with_ada().await;
    ada.take("chair").await;
    let vendor = shop.tenant.authsignal();
    vendor
        .set_faults([Fault::status(500).operation("track")])
        .unwrap();
    assert_eq!(ada.post("/checkout", &[]).await.status, 503);
    vendor.set_action_outcome("checkout", Outcome::Block);
    let page = ada.post("/checkout", &[]).await;
    assert_eq!(page.status, 403);
    assert!(page.html.contains("This action is not allowed."));
}

/// Calls the Client API as the script of the page does: with the token of a user, or for somebody who is not known yet.
async fn client_api(shop: &Shop, path: &str, token: Option<&str>, body: &Value) -> Value {
    let authsignal = shop.tenant.authsignal();
    let request = Client::new().post(format!("{}/client/{path}", authsignal.api_url()));
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => request.basic_auth(authsignal.tenant_id(), Some("")),
    };
    let request = request.header(header::ORIGIN, &shop.url).json(body);
    let answer = request.send().await.unwrap().error_for_status().unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_passkey_is_added_and_signs_in_once_for_each_proof() {
    let shop = Shop::start().await;
    let mut ada = Browser::new(&shop.url);
    ada.post("/sign-up", &[("email", ADA)]).await;
    let device = SoftwareAuthenticator::new("laptop");
    let permitted: Value =
        serde_json::from_str(&ada.post("/account/passkey", &[]).await.html).unwrap();
    let token = permitted["token"].as_str();
    let path = "user-authenticators/passkey";
    let options = client_api(
        &shop,
        &format!("{path}/registration-options"),
        token,
        &json!({}),
    )
    .await;
    let made = device.create(&options, &shop.url).unwrap();
    let id = made["id"].as_str().unwrap().to_owned();
    let body = json!({"challengeId": options["challengeId"], "registrationCredential": made});
    client_api(&shop, path, token, &body).await;
    assert!(
        ada.get("/account")
            .await
            .html
            .contains("You can confirm purchases.")
    );

    let mut elsewhere = Browser::new(&shop.url);
    let options = client_api(
        &shop,
        &format!("{path}/authentication-options"),
        None,
        &json!({}),
    )
    .await;
    let used = device.get(&options, &shop.url, &[id]).unwrap();
    let body = json!({"challengeId": options["challengeId"], "authenticationCredential": used});
    let proof = client_api(&shop, "verify/passkey", None, &body).await;
    let proof = [("token", proof["accessToken"].as_str().unwrap())];
    let page = elsewhere.post("/sign-in/passkey", &proof).await;
    assert_eq!(
        (page.status.as_u16(), page.location.as_deref()),
        (303, Some("/")),
        "{}",
        page.html
    );
    assert!(elsewhere.get("/account").await.html.contains(ADA));
    // Neither twice, nor with a token that is for something else.
    assert_eq!(
        Browser::new(&shop.url)
            .post("/sign-in/passkey", &proof)
            .await
            .status,
        422
    );
    let other = [("token", permitted["token"].as_str().unwrap())];
    assert_eq!(
        Browser::new(&shop.url)
            .post("/sign-in/passkey", &other)
            .await
            .status,
        422
    );
}

#[tokio::test]
async fn a_registered_phone_signs_in() {
    let shop = Shop::start().await;
    let mut ada = Browser::new(&shop.url);
    ada.post("/sign-up", &[("email", ADA)]).await;
    let page = ada.post("/account/phone", &[]).await;
    let link = page
        .html
        .split("<code>")
        .nth(1)
        .unwrap()
        .split("</code>")
        .next()
        .unwrap();
    let phone = shop.tenant.activeconnect().phone(&shop.user(ADA));
    phone.register(&link.replace("&amp;", "&")).await.unwrap();

    let mut elsewhere = Browser::new(&shop.url);
    let page = elsewhere.post("/sign-in/phone", &[("email", ADA)]).await;
    assert_eq!(page.location.as_deref(), Some("/sign-in/phone"));
    assert!(
        elsewhere
            .get("/sign-in/phone")
            .await
            .html
            .contains("Look at your phone")
    );
    assert!(!elsewhere.get("/account").await.html.contains(ADA));
    let before = elsewhere.cookies["shop"].clone();
    phone.approve().await.unwrap();
    assert_eq!(
        elsewhere.get("/sign-in/phone").await.location.as_deref(),
        Some("/")
    );
    assert!(elsewhere.get("/account").await.html.contains(ADA));
    assert_ne!(
        elsewhere.cookies["shop"], before,
        "a sign-in has a new session"
    );

    // Who says no, and an address without an account, get the same page.
    for email in [ADA, "nobody@example.com"] {
        let mut other = Browser::new(&shop.url);
        other.post("/sign-in/phone", &[("email", email)]).await;
        if email == ADA {
            phone.deny().await.unwrap();
        }
        assert!(
            other
                .get("/sign-in/phone")
                .await
                .html
                .contains("You are not signed in")
        );
    }
}

#[tokio::test]
async fn the_account_shows_what_the_vendor_told_by_webhooks() {
    let shop = Shop::start().await;
    let mut ada = shop.with_ada().await;
    shop.tenant.authsignal().webhooks_settled().await;
    assert!(
        ada.get("/account")
            .await
            .html
            .contains("A way to confirm was added.")
    );
    let forged = Client::new()
        .post(format!("{}/webhooks", shop.url))
        .body("{}");
    assert_eq!(forged.send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn an_account_that_a_vendor_does_not_take_can_be_opened_again() {
    let shop = Shop::start().await;
    let fault = Fault::status(500).operation("add_users");
    shop.tenant.activeconnect().set_faults([fault]).unwrap();
    let mut ada = Browser::new(&shop.url);
    assert_eq!(ada.post("/sign-up", &[("email", ADA)]).await.status, 503);
    let page = ada.post("/sign-up", &[("email", ADA)]).await;
    assert_eq!(page.location.as_deref(), Some("/account"));
    let page = Browser::new(&shop.url)
        .post("/sign-up", &[("email", ADA)])
        .await;
    assert_eq!(page.status, 422);
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let shop = Shop::start().await;
    let request = Client::new()
        .post(format!("{}/cart", shop.url))
        .body("product=pen");
    let request = request.header(header::ORIGIN, "https://evil.example");
    assert_eq!(request.send().await.unwrap().status(), 403);
}
