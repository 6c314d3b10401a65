//! Our client's layer that requires a step-up, in an application on axum, with the hosted pages between. Must not know how the
//! layer remembers.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use axum::extract::Request as AxumRequest;
use axum::middleware::{Next, from_fn};
use axum::routing::get;
use axum::{Extension, Router};
use serde_json::json;
use stepup_client::authsignal::Authsignal;
use stepup_client::tower::{StepUp, StepUpLayer, StepUpLayerBuilder, StepUpUser};
use stepup_mock::Fault;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::Visit;
use crate::tenant::Tenant;
use crate::wire::{self, Answer, Request};
use crate::world::API_SECRET;

const BASE: &str = "https://shop.example";

/// The application, and the cookies that the browser has of it.
struct App {
    address: SocketAddr,
    cookie: String,
    serving: JoinHandle<()>,
}

impl Drop for App {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Who the application has signed in, by a header that stands for its session.
#[derive(Clone)]
struct SignedIn(String);

async fn sign_in(mut request: AxumRequest, next: Next) -> axum::response::Response {
    if let Some(user) = request.headers().get("x-session") {
        let user = user.to_str().unwrap().to_owned();
        request.extensions_mut().insert(SignedIn(user));
    }
    next.run(request).await
}

async fn pay(step_up: Option<Extension<StepUp>>) -> &'static str {
    match step_up {
        Some(Extension(StepUp::Passed { .. })) => "paid, confirmed",
        Some(_) => "paid, allowed",
        None => "paid",
    }
}

impl App {
    async fn of(tenant: &Tenant) -> Self {
        Self::with(tenant, |layer| layer).await
    }

    async fn with(
        tenant: &Tenant,
        change: impl FnOnce(StepUpLayerBuilder) -> StepUpLayerBuilder,
    ) -> Self {
        let authsignal = Authsignal::builder(API_SECRET).api_url(tenant.server.url());
        let authsignal = authsignal.retries(0).build().unwrap();
        let layer = StepUpLayer::builder(authsignal, "signIn", [7; 32])
            .base_url(BASE)
            .user(|request| {
                let SignedIn(user) = request.extensions.get()?;
                Some(StepUpUser::new(user))
            });
        let layer = change(layer).build().unwrap();
        let shop = Router::new()
            .route("/pay", get(pay).post(pay))
            .route_layer(layer);
        // A nested router sees only a part of the path.
        let app = Router::new().nest("/shop", shop).layer(from_fn(sign_in));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            cookie: String::new(),
            serving: tokio::spawn(async { axum::serve(listener, app).await.unwrap() }),
        }
    }

    fn request(&self, method: &str, target: &str) -> Request {
        let request = Request::new(method, target).header("x-session", "ada");
        request.header("Cookie", &self.cookie)
    }

    async fn send(&mut self, request: &Request) -> Answer {
        let answer = wire::send(self.address, request).await;
        if let Some(set) = answer.header("set-cookie") {
            self.cookie = set.split(';').next().unwrap().to_owned();
        }
        answer
    }

    async fn get(&mut self, target: &str) -> Answer {
        let request = self.request("GET", target);
        self.send(&request).await
    }
}

/// The target of a URL, whatever its host.
fn target(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    &rest[rest.find('/').unwrap()..]
}

/// The user asks for a page, and the browser shows where that leads.
async fn redirected(app: &mut App, visit: &mut Visit, page: &str) {
    let answer = app.get(page).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    visit.open(target(answer.header("location").unwrap())).await;
}

/// A user with a phone, and a page that shows the challenge of the application.
async fn challenged() -> (App, Visit) {
    let mut visit = Visit::new().await;
    visit
        .tenant
        .configure(json!({"defaultOutcome": "CHALLENGE"}))
        .await;
    visit.enroll("SMS").await;
    let mut app = App::of(&visit.tenant).await;
    redirected(&mut app, &mut visit, "/shop/pay?order=7").await;
    assert_eq!(visit.heading(), "Check your text messages");
    (app, visit)
}

async fn enter_code(visit: &mut Visit) {
    let code = visit.tenant.code().await;
    visit.submit("/challenge/verify", &[("code", &code)]).await;
}

#[tokio::test]
async fn who_passes_the_challenge_comes_back_and_is_remembered() {
    let (mut app, mut visit) = challenged().await;
    enter_code(&mut visit).await;
    let back = visit.left_to.clone().unwrap();
    assert!(
        back.starts_with("https://shop.example/shop/pay?order=7&token="),
        "{back}"
    );

    let answer = app.get(target(&back)).await;
    let location = answer.header("location");
    assert_eq!(
        (answer.status, location),
        (303, Some("https://shop.example/shop/pay?order=7"))
    );
    for method in ["GET", "POST"] {
        let request = app.request(method, "/shop/pay?order=7");
        let answer = app.send(&request).await;
        assert_eq!(
            (answer.status, answer.text().as_str()),
            (200, "paid, confirmed")
        );
    }
    // Somebody else at the same browser, and the same URL in another one.
    let request = app.request("GET", target(&back)).without("x-session");
    let request = request.header("x-session", "bob");
    assert_eq!(app.send(&request).await.status, 403);
    app.cookie.clear();
    let answer = app.get(target(&back)).await;
    assert_eq!(answer.status, 303);
    assert!(!answer.header("location").unwrap().starts_with(BASE));
    assert_eq!(
        visit
            .tenant
            .server
            .journal()
            .iter()
            .filter(|entry| entry.target == "/v1/validate")
            .count(),
        1
    );
}

#[tokio::test]
async fn who_leaves_the_challenge_does_not_pass_and_can_begin_anew() {
    let (mut app, mut visit) = challenged().await;
    let cancel = visit.link("Cancel").unwrap();
    let answer = app.get(target(&cancel)).await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.text().starts_with("You have not confirmed"),
        "{}",
        answer.text()
    );

    redirected(&mut app, &mut visit, "/shop/pay").await;
    enter_code(&mut visit).await;
    let back = visit.left_to.clone().unwrap();
    assert_eq!(app.get(target(&back)).await.status, 303);
    assert_eq!(app.get("/shop/pay").await.text(), "paid, confirmed");
}

#[tokio::test]
async fn a_token_of_an_older_try_proves_nothing() {
    let (mut app, mut visit) = challenged().await;
    enter_code(&mut visit).await;
    let first = visit.left_to.clone().unwrap();
    // In another window, a second try has begun.
    let answer = app.get("/shop/pay").await;
    assert_eq!(answer.status, 303);
    assert_eq!(app.get(target(&first)).await.status, 403);
}

#[tokio::test]
async fn a_user_without_an_authenticator_is_refused_or_enrols_one() {
    let mut visit = Visit::new().await;
    let mut app = App::of(&visit.tenant).await;
    assert_eq!(app.get("/shop/pay").await.status, 403);

    let mut app = App::with(&visit.tenant, StepUpLayerBuilder::enrol_new_users).await;
    redirected(&mut app, &mut visit, "/shop/pay").await;
    assert_eq!(visit.heading(), "Protect your account");
    visit.follow("Email code").await;
    visit
        .submit("/challenge/enroll", &[("address", super::EMAIL)])
        .await;
    enter_code(&mut visit).await;
    let back = visit.link("I saved my codes").unwrap();
    assert_eq!(app.get(target(&back)).await.status, 303);
    assert_eq!(app.get("/shop/pay").await.text(), "paid, confirmed");
}

#[tokio::test]
async fn a_step_up_is_asked_again_after_its_time() {
    let (mut app, mut visit) = challenged().await;
    enter_code(&mut visit).await;
    app.get(target(visit.left_to.as_deref().unwrap())).await;
    assert_eq!(app.get("/shop/pay").await.status, 200);
    let later = SystemTime::now() + Duration::from_secs(601);
    let cookie = app.cookie.clone();
    let mut app = App::with(&visit.tenant, |layer| layer.clock(move || later)).await;
    app.cookie = cookie;
    assert_eq!(app.get("/shop/pay").await.status, 303);
}

#[tokio::test]
async fn the_vendors_rules_and_failures_decide_where_there_is_no_challenge() {
    let visit = Visit::new().await;
    visit.enroll("SMS").await;
    let mut app = App::of(&visit.tenant).await;
    for (outcome, status, text) in [
        ("ALLOW", 200, "paid, allowed"),
        ("BLOCK", 403, "This action is not allowed."),
        ("REVIEW", 403, "This action must be reviewed first."),
    ] {
        visit
            .tenant
            .configure(json!({"defaultOutcome": outcome}))
            .await;
        let answer = app.get("/shop/pay").await;
        assert_eq!((answer.status, answer.text().as_str()), (status, text));
    }
    let fault = Fault::status(500).operation("track").always();
    visit
        .tenant
        .server
        .authsignal()
        .set_faults([fault])
        .unwrap();
    assert_eq!(app.get("/shop/pay").await.status, 503);
    let request = Request::new("GET", "/shop/pay");
    assert_eq!(app.send(&request).await.status, 401);
}
