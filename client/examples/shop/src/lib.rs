//! A shop, as an example of an application with `stepup-client`: sign-in by passkey or by phone, a step-up at checkout, and
//! webhooks. Must not know that a mock of the vendors exists; only its tests and the example `demo` do.
//!
//! | to see | read |
//! | --- | --- |
//! | the layer that requires a step-up | `checkout.rs` |
//! | sign-in by passkey, and by phone with Activeconnect | `sign_in.rs`, `passkey.js` |
//! | a receiver of webhooks | `hooks.rs` |
//! | sessions and carts, in memory | `store.rs` |
//! | how an application tests itself against the mock | `tests/shop.rs` |

mod checkout;
mod hooks;
mod pages;
mod sign_in;
mod store;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, COOKIE, ORIGIN, REFERRER_POLICY, SET_COOKIE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use cookie::{Cookie, SameSite};
use stepup_client::activeconnect::Activeconnect;
use stepup_client::authsignal::Authsignal;
use stepup_client::authsignal::webhook::Verifier;
use stepup_client::tower::Refusal;

pub use checkout::STEP_UP_OVER;
use store::{Store, Visitor};

/// What the shop needs to know.
pub struct Settings {
    /// Where browsers reach the shop, such as `https://shop.example`.
    pub base_url: String,
    /// The client of Authsignal's Server API.
    pub authsignal: Authsignal,
    /// The base URL of Authsignal's API, for the script of the pages: `https://api.authsignal.com/v1`.
    pub authsignal_url: String,
    /// The id of the tenant at Authsignal, for the script of the pages.
    pub tenant_id: String,
    /// The client of Activeconnect's API.
    pub activeconnect: Activeconnect,
    /// The verifier of Authsignal's webhooks.
    pub webhooks: Verifier,
    /// The key that seals the cookie of a passed step-up: 32 random bytes, the same for every server of the shop.
    pub key: [u8; 32],
}

/// What the handlers share.
#[derive(Clone)]
struct Shop {
    settings: Arc<Settings>,
    store: Arc<Store>,
    step_up: stepup_client::tower::StepUpLayer,
}

impl FromRef<Shop> for Verifier {
    fn from_ref(shop: &Shop) -> Self {
        shop.settings.webhooks.clone()
    }
}

/// The shop. Serve it at the base URL of its settings.
///
/// # Errors
///
/// A base URL that is not usable.
pub fn app(settings: Settings) -> stepup_client::Result<Router> {
    let step_up = checkout::step_up(&settings)?;
    let shop = Shop {
        settings: Arc::new(settings),
        store: Arc::default(),
        step_up: step_up.clone(),
    };
    let checkout = Router::new()
        .route("/checkout", get(checkout::page).post(checkout::pay))
        .route_layer(step_up);
    let router = Router::new()
        .route("/", get(checkout::shelf))
        .route("/cart", post(checkout::add))
        .merge(checkout)
        .route("/sign-up", post(sign_in::sign_up))
        .route("/sign-in", get(sign_in::page))
        .route("/sign-in/passkey", post(sign_in::by_passkey))
        .route(
            "/sign-in/phone",
            get(sign_in::wait_for_phone).post(sign_in::by_phone),
        )
        .route("/sign-out", post(sign_in::sign_out))
        .route("/account", get(sign_in::account))
        .route("/account/passkey", post(sign_in::passkey_token))
        .route("/account/phone", post(sign_in::register_phone))
        .route("/passkey.js", get(pages::script))
        .layer(from_fn_with_state(shop.clone(), visit))
        .route("/webhooks", post(hooks::receive));
    Ok(router.with_state(shop))
}

/// Knows the visitor by a cookie, refuses forms of other sites, and shows the refusals of the step-up as pages.
async fn visit(State(shop): State<Shop>, mut request: Request, next: Next) -> Response {
    let is_read = request.method().is_safe();
    let origin = request.headers().get(ORIGIN);
    if !is_read && origin.is_some_and(|origin| origin != shop.settings.base_url.as_str()) {
        return (StatusCode::FORBIDDEN, "This form belongs to another site.").into_response();
    }
    let id = cookie(request.headers(), shop.session_cookie());
    let visitor = id.and_then(|id| shop.store.visitor(&id));
    let (visitor, is_new) = match visitor {
        Some(visitor) => (visitor, false),
        None => match shop.store.begin() {
            Ok(visitor) => (visitor, true),
            Err(error) => return unavailable(&error),
        },
    };
    let session = visitor.session.clone();
    request.extensions_mut().insert(visitor);
    let mut response = next.run(request).await;
    match response.extensions().get::<Refusal>().copied() {
        Some(Refusal::NotSignedIn) => response = Redirect::to("/sign-in").into_response(),
        // A new answer: the old one has the headers of a text.
        Some(refusal) => {
            response = (refusal.status(), pages::refusal(refusal)).into_response();
        }
        None => {}
    }
    // A sign-in has already set another one.
    if is_new && !response.headers().contains_key(SET_COOKIE) {
        shop.set_session(&mut response, &session);
    }
    protect(&shop, &mut response);
    response
}

/// Pages run our script alone, which calls Authsignal's Client API, and stand in no frame.
fn protect(shop: &Shop, response: &mut Response) {
    let api = &shop.settings.authsignal_url;
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; connect-src 'self' {api}/; \
         frame-ancestors 'none'; base-uri 'none'"
    );
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
}

impl Shop {
    fn is_secure(&self) -> bool {
        self.settings.base_url.starts_with("https:")
    }

    fn session_cookie(&self) -> &'static str {
        if self.is_secure() {
            "__Host-shop"
        } else {
            "shop"
        }
    }

    /// Has the browser keep a session.
    fn set_session(&self, response: &mut Response, session: &str) {
        let cookie = Cookie::build((self.session_cookie(), session.to_owned()))
            .path("/")
            .http_only(true)
            .secure(self.is_secure())
            .same_site(SameSite::Lax);
        if let Ok(value) = HeaderValue::try_from(cookie.to_string()) {
            response.headers_mut().append(SET_COOKIE, value);
        }
    }

    /// Signs a visitor in, under a new session, and leads them to a page.
    fn sign_in(&self, visitor: &Visitor, user: &str, to: &str) -> Response {
        match self.store.sign_in(visitor, user) {
            Ok(session) => {
                let mut response = Redirect::to(to).into_response();
                self.set_session(&mut response, &session);
                response
            }
            Err(error) => unavailable(&error),
        }
    }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let texts = headers.get_all(COOKIE).iter();
    texts
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| Cookie::split_parse(text.to_owned()))
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// A vendor does not answer, or with an error: a page without details. An error shows no secret, so it may be printed.
fn unavailable(error: &dyn std::error::Error) -> Response {
    #[expect(clippy::print_stderr, reason = "the log of an example")]
    {
        eprintln!("{error}");
    }
    let page = pages::message("Try again later", "We cannot do that at the moment.");
    (StatusCode::SERVICE_UNAVAILABLE, page).into_response()
}

/// The examples of a guide, which have to work.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/client/testing.md")]
struct TestingGuide;

/// The examples of a guide, which have to work.
#[cfg(doctest)]
#[doc = include_str!("../../../../docs/client/blocking.md")]
struct BlockingGuide;
