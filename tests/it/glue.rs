//! Our client's extractors in an application on axum, with webhooks and session tokens of the mock. Must not know how either is
//! signed.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRef, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use stepup_client::authsignal::session_token::SessionVerifier;
use stepup_client::authsignal::webhook::Verifier;
use stepup_client::authsignal::{Authsignal, ChallengeToStart, SessionToCreate, TrackAttributes};
use stepup_client::axum::{Sessions, VerifiedSession, VerifiedWebhook};
use stepup_mock::{Fault, NewAuthenticator, NewUser};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::wire::{self, Answer, Request};
use crate::world::{API_SECRET, TENANT, mock};

/// An application that serves until it is dropped.
struct Serving {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Serving {
    async fn of(app: Router) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        Self {
            address: listener.local_addr().unwrap(),
            task: tokio::spawn(async { axum::serve(listener, app).await.unwrap() }),
        }
    }

    async fn get(&self, target: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::new("GET", target);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        wire::send(self.address, &request).await
    }
}

/// The state of an application that keeps the kinds of the events that it gets.
#[derive(Clone)]
struct Receiving {
    verifier: Verifier,
    seen: Arc<Mutex<Vec<String>>>,
}

impl FromRef<Receiving> for Verifier {
    fn from_ref(receiving: &Receiving) -> Self {
        receiving.verifier.clone()
    }
}

async fn hook(State(receiving): State<Receiving>, webhook: VerifiedWebhook) -> StatusCode {
    let kinds = webhook
        .events()
        .iter()
        .map(|event| event.data.kind().to_owned());
    receiving.seen.lock().unwrap().extend(kinds);
    StatusCode::NO_CONTENT
}

#[tokio::test]
async fn webhooks_of_the_mock_reach_the_handler_and_those_of_another_secret_do_not() {
    for (secret, delivered) in [(API_SECRET, true), ("another", false)] {
        let state = Receiving {
            verifier: Verifier::new(secret),
            seen: Arc::default(),
        };
        let app = Router::new()
            .route("/hook", post(hook))
            .with_state(state.clone());
        let app = Serving::of(app).await;
        let url = format!("http://{}/hook", app.address);
        let mock = mock().deterministic().webhook(&url).start().await.unwrap();
        let authsignal = Authsignal::builder(API_SECRET)
            .api_url(mock.url())
            .build()
            .unwrap();
        let sms = ChallengeToStart::sms("pay", "+15550100");
        let started = authsignal.challenge(sms.user_id("ada")).await;
        assert_eq!(started.is_ok(), delivered, "{started:?}");
        let seen = state.seen.lock().unwrap().clone();
        assert_eq!(
            seen.contains(&"sms.created".to_owned()),
            delivered,
            "{seen:?}"
        );
    }
}

async fn account(VerifiedSession(session): VerifiedSession) -> String {
    session.user_id
}

async fn greeting(session: Option<VerifiedSession>) -> &'static str {
    if session.is_some() {
        "known"
    } else {
        "unknown"
    }
}

#[tokio::test]
async fn a_session_of_the_mock_is_taken_from_the_header_or_the_cookie() {
    // By the machine's clock, as the application has it.
    let mock = mock().start().await.unwrap();
    let authsignal = Authsignal::builder(API_SECRET)
        .api_url(mock.url())
        .build()
        .unwrap();
    let phone = NewAuthenticator::sms("+15550100");
    let tenant = mock.authsignal();
    tenant
        .create_user(NewUser::new("ada").authenticator(phone))
        .unwrap();
    let tracked = authsignal
        .track("ada", "signIn", TrackAttributes::new())
        .await
        .unwrap();
    tenant.challenge("ada").succeed().await.unwrap();
    let session = SessionToCreate::new("app", tracked.token());
    let session = authsignal.create_session(session).await.unwrap();
    let token = session.access_token.expose();

    let verifier = SessionVerifier::builder(TENANT)
        .api_url(mock.url())
        .retries(0);
    let verifier = verifier
        .client_id("app")
        .refetch_interval(Duration::ZERO)
        .build()
        .unwrap();
    let app = Router::new()
        .route("/account", get(account))
        .route("/", get(greeting));
    let app = Serving::of(app.with_state(Sessions::new(verifier).cookie("session"))).await;
    let bearer = format!("Bearer {token}");
    let cookie = format!("theme=dark; session={token}");
    let changed = format!("{bearer}A");

    // The keys cannot be fetched yet, so nobody can tell.
    tenant
        .set_faults([Fault::status(500).operation("get_jwks")])
        .unwrap();
    assert_eq!(
        app.get("/account", &[("Authorization", &bearer)])
            .await
            .status,
        503
    );
    for (headers, status, text) in [
        (&[("Authorization", bearer.as_str())][..], 200, "ada"),
        (&[("Cookie", cookie.as_str())], 200, "ada"),
        (&[], 401, "the request has no session token"),
        (
            &[("Authorization", changed.as_str())],
            401,
            "the signature of the token does not match",
        ),
    ] {
        let answer = app.get("/account", headers).await;
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().starts_with(text), "{}", answer.text());
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
        let text = if headers.is_empty() {
            "unknown"
        } else {
            "known"
        };
        let expected = (status == 200 || headers.is_empty()).then_some(text);
        let answer = app.get("/", headers).await;
        assert_eq!(
            (answer.status == 200).then(|| answer.text()).as_deref(),
            expected
        );
    }
}
