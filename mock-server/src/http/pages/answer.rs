//! The answers of a step as HTTP responses: a page, a redirect, or data for the script. Must not read the world.

use axum::body::Body;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY, RETRY_AFTER,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::exit::Exit;
use super::markup;
use super::view::{Ending, Looks, Page, View};
use super::visit::Visit;
use crate::http::surface::retry_after;

/// What pages may load and do. `form-action` is left out, because browsers also apply it to redirects, and forms
/// redirect to the application. `frame-ancestors` is left out, because any application may frame the pages.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'";

/// The policy of a page with a stylesheet of its own, which it names by its hash; `None` for a page without one.
fn policy_with(style: &str) -> Option<HeaderValue> {
    if style.is_empty() {
        return None;
    }
    let hash = STANDARD.encode(Sha256::digest(style));
    let allowed = format!("style-src 'self' 'sha256-{hash}'");
    HeaderValue::from_str(&POLICY.replace("style-src 'self'", &allowed)).ok()
}

/// The answer of a step.
pub(super) enum PageAnswer {
    /// A page.
    Page(StatusCode, Box<Page>),
    /// A redirect.
    To(String),
    /// Data for the script.
    Json(StatusCode, Value),
    /// Nothing yet: the script asks again.
    Nothing,
    /// The head of a page that is not made.
    Head,
    /// A refusal in words, which has no page. A known time to wait is in seconds.
    Told(StatusCode, String, Option<u64>),
}

/// The status of an answer, and the reason if it is a refusal.
pub(super) fn outcome(answer: &PageAnswer) -> (StatusCode, Option<String>) {
    match answer {
        PageAnswer::Page(status, page) => {
            let refused = status.is_client_error();
            (*status, refused.then(|| markup::summary(&page.view)))
        }
        PageAnswer::To(_) => (StatusCode::SEE_OTHER, None),
        PageAnswer::Json(status, json) => {
            let message = json["message"].as_str().map(str::to_owned);
            (*status, message.filter(|_| status.is_client_error()))
        }
        PageAnswer::Nothing => (StatusCode::NO_CONTENT, None),
        PageAnswer::Head => (StatusCode::OK, None),
        PageAnswer::Told(status, reason, _) => (*status, Some(reason.clone())),
    }
}

/// An answer as a response. `looks` says how the tenant words and colours a page; other answers do not need it.
pub(super) fn answered(answer: &PageAnswer, looks: impl FnOnce() -> Looks) -> Response {
    match answer {
        PageAnswer::Page(status, page) => {
            let looks = looks();
            let text = markup::document(page, &looks).into_string();
            let mut response = response(*status, "text/html; charset=utf-8", text.into());
            if let Some(policy) = policy_with(&looks.style) {
                let headers = response.headers_mut();
                headers.insert(CONTENT_SECURITY_POLICY, policy);
            }
            response
        }
        PageAnswer::To(address) => {
            let mut redirect = response(
                StatusCode::SEE_OTHER,
                "text/plain; charset=utf-8",
                Bytes::new(),
            );
            // Parsed URLs and the mock's own addresses contain only visible ASCII.
            if let Ok(address) = HeaderValue::from_str(address) {
                redirect.headers_mut().insert(LOCATION, address);
            }
            redirect
        }
        PageAnswer::Json(status, json) => {
            response(*status, "application/json", json.to_string().into())
        }
        PageAnswer::Nothing => response(
            StatusCode::NO_CONTENT,
            "text/plain; charset=utf-8",
            Bytes::new(),
        ),
        PageAnswer::Head => response(StatusCode::OK, "text/html; charset=utf-8", Bytes::new()),
        PageAnswer::Told(status, reason, known) => {
            let text = format!("{reason}\n").into();
            let mut told = response(*status, "text/plain; charset=utf-8", text);
            if let Some(seconds) = retry_after(*status, *known) {
                told.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            told
        }
    }
}

pub(super) fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        // Addresses contain the token, which other sites must not see. The mock's own forms need to send their origin.
        (REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The page of an ending, and its status.
pub(super) fn ending(visit: Visit, exit: Exit, ending: Ending) -> (StatusCode, Page) {
    let (status, failed) = match ending {
        Ending::NoToken => (StatusCode::BAD_REQUEST, Some(("token_not_set", 400))),
        Ending::Tampered => (StatusCode::FORBIDDEN, Some(("unauthorized", 401))),
        Ending::Expired => (StatusCode::GONE, Some(("expired_token", 401))),
        Ending::Gone => (StatusCode::NOT_FOUND, Some(("not_found", 404))),
        Ending::LinkUnknown => (StatusCode::NOT_FOUND, None),
        Ending::LinkUsed | Ending::LinkExpired => (StatusCode::GONE, None),
        Ending::Misdirected => (StatusCode::CONFLICT, None),
        _ => (StatusCode::OK, None),
    };
    let page = Page {
        visit,
        exit,
        back: None,
        failed,
        leaves: false,
        watch: None,
        because: String::new(),
        message: None,
        view: View::Ending(ending),
    };
    (status, page)
}

impl From<(StatusCode, Page)> for PageAnswer {
    fn from((status, page): (StatusCode, Page)) -> Self {
        Self::Page(status, Box::new(page))
    }
}

impl From<(StatusCode, (StatusCode, Page))> for PageAnswer {
    fn from((status, (_, page)): (StatusCode, (StatusCode, Page))) -> Self {
        Self::Page(status, Box::new(page))
    }
}
