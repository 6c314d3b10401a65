//! The hosted pages: what a user sees at the `url` of track, and at the link of an e-mail. Knows forms and pages; what is
//! decided is the domain's.
//!
//! The token in the address or in a form's hidden field is the capability: whoever has it may act, and nobody else can.
//! There are no cookies, so there is nothing that a form of another site could borrow, and no further token against that.
//! Any site may frame the pages, because the vendor's popup is a frame of the application.

pub mod exit;
pub mod markup;
pub mod qr;
mod steps;
pub mod view;
pub mod visit;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HOST, HeaderName, HeaderValue, LOCATION,
    ORIGIN, REFERER, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::request::Parts;
use http::{Method as Verb, StatusCode};
use serde_json::Value;

use self::exit::{Exit, closed};
use self::steps::{Step, Visitor};
use self::view::{Ending, Page, View};
use self::visit::{Fields, Visit};
use super::note::carried;
use super::origin::{base, is_host};
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::token::TokenFault;
use crate::runtime::App;
use crate::runtime::journal::{Note, Wire};
use crate::runtime::part::AuthsignalPart;

/// What pages may load and do. `form-action` is not among it: browsers apply it to where a form's answer redirects, too,
/// and that is the application. Nor is `frame-ancestors`: any application may frame them.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'";
const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
const ICON: &str = include_str!("assets/icon.svg");

/// The pages of every tenant of a mock.
struct Pages {
    app: Arc<App>,
}

/// What a step answers.
enum Answer {
    /// A page.
    Page(StatusCode, Box<Page>),
    /// Another address.
    To(String),
    /// Data for the script.
    Json(StatusCode, Value),
    /// Nothing yet, for the script that waits.
    Nothing,
}

/// The routes of the pages.
pub fn router(app: &Arc<App>) -> Router {
    let pages = Arc::new(Pages {
        app: Arc::clone(app),
    });
    let at = |step: Step| {
        let pages = Arc::clone(&pages);
        move |request: Request| {
            let pages = Arc::clone(&pages);
            async move { pages.serve(step, request).await }
        }
    };
    let asset = |kind: &'static str, text: &'static str| {
        move || std::future::ready(response(StatusCode::OK, kind, "no-cache", text.into()))
    };
    // What shows why a form was refused has the form's address: opened again, it lacks what the form had.
    let form = |step: Step| post(at(step)).get(at(Step::Show));
    Router::new()
        .route("/challenge", get(at(Step::Show)))
        .route("/challenge/wait", get(at(Step::Wait)))
        .route("/challenge/verify", form(Step::Verify))
        .route("/challenge/send", form(Step::Send))
        .route("/challenge/enroll", form(Step::Enroll))
        .route("/challenge/credential", post(at(Step::Credential)))
        .route("/challenge/default", form(Step::Default))
        .route("/challenge/remove", form(Step::Remove))
        .route("/magic-link", get(at(Step::OpenLink)))
        .route(
            "/challenge/assets/style.css",
            get(asset("text/css; charset=utf-8", STYLE)),
        )
        .route(
            "/challenge/assets/script.js",
            get(asset("text/javascript; charset=utf-8", SCRIPT)),
        )
        .route(
            "/challenge/assets/icon.svg",
            get(asset("image/svg+xml", ICON)),
        )
}

impl Pages {
    async fn serve(&self, step: Step, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, self.app.behaviour.body_limit).await;
        let fields = match (&body, &parts.method) {
            (Ok(body), &Verb::POST) => Fields::read(body),
            _ => Fields::read(parts.uri.query().unwrap_or_default().as_bytes()),
        };
        let base = own_base(&parts);
        let visit = Visit::of(&fields, text(&parts, REFERER), &base);
        let (tenant, answer) = if body.is_err() {
            let ending = ending(visit, Exit::Nowhere, Ending::Misdirected);
            (None, (StatusCode::PAYLOAD_TOO_LARGE, ending).into())
        } else if matches!(step, Step::OpenLink) {
            self.open_link(visit)
        } else {
            match self.enter(&parts, visit, base) {
                Err(refused) => refused,
                Ok(visitor) => {
                    let answer = visitor.answer(step, &fields).await;
                    (Some(visitor.tenant), answer)
                }
            }
        };
        // What waits asks again and again, and says nothing new.
        if !matches!(step, Step::Wait) {
            let shown = shown(&answer);
            self.record(&parts, tenant.as_ref(), body.as_deref().ok(), shown);
        }
        answered(&answer)
    }

    /// The visitor whom a token lets in.
    fn enter(
        &self,
        parts: &Parts,
        visit: Visit,
        base: String,
    ) -> Result<Visitor, (Option<Arc<AuthsignalPart>>, Answer)> {
        let nobody = |visit: Visit, tenant: Option<Arc<AuthsignalPart>>, why: Ending| {
            let exit = if visit.popup {
                Exit::Message(closed(None))
            } else {
                Exit::Nowhere
            };
            (tenant, ending(visit, exit, why).into())
        };
        if visit.token.is_empty() {
            return Err(nobody(visit, None, Ending::NoToken));
        }
        let Some(tenant) = self.tenant_of(&visit.token) else {
            return Err(nobody(visit, None, Ending::Tampered));
        };
        let read = tenant.account().keys.read(&visit.token);
        let claims = match read {
            Ok(claims) => claims,
            Err(TokenFault::Invalid | TokenFault::Expired) => {
                return Err(nobody(visit, Some(tenant), Ending::Tampered));
            }
        };
        if tenant.look(|_, now| now.as_second() >= claims.exp) {
            let bearer = Bearer::of(claims);
            let redirect_url = tenant.look(|authsignal, _| {
                let action = authsignal.action(&bearer.user_id, &bearer.action, &bearer.key);
                action.ok().and_then(|action| action.redirect_url.clone())
            });
            // The application learns from its own validation that the time is over.
            let exit = visit.exit(redirect_url.as_deref());
            let refused = ending(visit, exit, Ending::Expired).into();
            return Err((Some(tenant), refused));
        }
        // Tells a page's script at another port or host nothing: it only has to be the one that browsers put into what
        // they sign.
        let origin = text(parts, ORIGIN).filter(|origin| origin.starts_with("http"));
        Ok(Visitor {
            app: Arc::clone(&self.app),
            origin: origin.map_or_else(|| base.clone(), str::to_owned),
            user_agent: text(parts, http::header::USER_AGENT).map(str::to_owned),
            tenant,
            visit,
            base,
            claims,
        })
    }

    /// The tenant that a token names, whoever signed it.
    fn tenant_of(&self, token: &str) -> Option<Arc<AuthsignalPart>> {
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        let claims: Value = serde_json::from_slice(&payload).ok()?;
        let id = claims["other"]["tenantId"].as_str()?;
        self.app.authsignal(id).map(Arc::clone)
    }

    /// Opens the link of an e-mail, whichever tenant sent it.
    fn open_link(&self, visit: Visit) -> (Option<Arc<AuthsignalPart>>, Answer) {
        use crate::domain::authsignal::factor::message::LinkFault;
        let mut found = (None, Ending::LinkUnknown);
        for tenant in self.app.authsignals() {
            let opened = tenant
                .transact(|authsignal, turn| authsignal.open_magic_link(&visit.token, turn.now));
            let outcome = match opened {
                Ok(_) => Ending::LinkOpened,
                Err(LinkFault::Used) => Ending::LinkUsed,
                Err(LinkFault::Expired) => Ending::LinkExpired,
                Err(LinkFault::Unknown) => continue,
            };
            found = (Some(Arc::clone(tenant)), outcome);
            break;
        }
        let (tenant, outcome) = found;
        (tenant, ending(visit, Exit::Nowhere, outcome).into())
    }

    fn record(
        &self,
        parts: &Parts,
        tenant: Option<&Arc<AuthsignalPart>>,
        body: Option<&[u8]>,
        (status, reason): (StatusCode, Option<String>),
    ) {
        let path = parts.uri.path();
        let target = match parts.uri.query() {
            Some(query) => format!("{path}?{}", masked(query.as_bytes())),
            None => path.to_owned(),
        };
        let form = masked(body.unwrap_or_default());
        let note = Note {
            api: "pages",
            operation: None,
            method: parts.method.to_string().into(),
            target,
            status: status.as_u16(),
            reason,
            wire: Wire {
                request: form.as_bytes(),
                // A page holds the token in each of its links.
                answer: &[],
                ..carried(&parts.headers, &[], &[])
            },
        };
        self.app.record(tenant.map(|tenant| tenant.ledger()), note);
    }
}

/// Members of a query or of a form that say nothing secret; all others are masked.
const PLAIN: [&str; 13] = [
    "mode",
    "force_enrollment",
    "nativeScheme",
    "opener",
    "view",
    "method",
    "enroll",
    "enrolls",
    "step",
    "done",
    "sent",
    "challenge",
    "authenticator",
];

/// Fields whose values are not.
const SECRET: [&str; 4] = ["token", "code", "address", "credential"];

/// A query or a form as the journal may keep it.
fn masked(text: &[u8]) -> String {
    let pairs = url::form_urlencoded::parse(text).map(|(name, value)| {
        if PLAIN.contains(&name.as_ref()) {
            format!("{name}={value}")
        } else if SECRET.contains(&name.as_ref()) {
            // An empty one is told: it is why something is refused.
            let mask = if value.is_empty() { "" } else { "***" };
            format!("{name}={mask}")
        } else {
            // A body that is no form is one long name.
            "***=***".to_owned()
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// The status of an answer, and why it refuses, where it does.
fn shown(answer: &Answer) -> (StatusCode, Option<String>) {
    match answer {
        Answer::Page(status, page) => {
            let refused = status.is_client_error();
            (*status, refused.then(|| markup::summary(&page.view)))
        }
        Answer::To(_) => (StatusCode::SEE_OTHER, None),
        Answer::Json(status, json) => {
            let message = json["message"].as_str().map(str::to_owned);
            (*status, message.filter(|_| status.is_client_error()))
        }
        Answer::Nothing => (StatusCode::NO_CONTENT, None),
    }
}

fn answered(answer: &Answer) -> Response {
    match answer {
        Answer::Page(status, page) => {
            let text = markup::document(page).into_string();
            response(*status, "text/html; charset=utf-8", "no-store", text.into())
        }
        Answer::To(address) => {
            let mut redirect = response(
                StatusCode::SEE_OTHER,
                "text/plain; charset=utf-8",
                "no-store",
                Bytes::new(),
            );
            // A URL that was parsed, or one of our own, is visible ASCII.
            if let Ok(address) = HeaderValue::from_str(address) {
                redirect.headers_mut().insert(LOCATION, address);
            }
            redirect
        }
        Answer::Json(status, json) => response(
            *status,
            "application/json",
            "no-store",
            json.to_string().into(),
        ),
        Answer::Nothing => response(
            StatusCode::NO_CONTENT,
            "text/plain; charset=utf-8",
            "no-store",
            Bytes::new(),
        ),
    }
}

fn response(status: StatusCode, kind: &'static str, cache: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, cache),
        (CONTENT_SECURITY_POLICY, POLICY),
        // Addresses hold the token, which no other site is to see. Our own forms tell their origin.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

fn text(parts: &Parts, name: HeaderName) -> Option<&str> {
    parts
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
}

/// The URL of these pages for who opened them.
fn own_base(parts: &Parts) -> String {
    let host = parts.headers.get(HOST).filter(|host| is_host(host));
    host.map_or_else(|| "http://localhost".to_owned(), base)
}

impl Visit {
    /// The way back to the application, with the visit's own token.
    fn exit(&self, redirect_url: Option<&str>) -> Exit {
        let scheme = self.native_scheme.as_deref();
        Exit::new(self.popup, redirect_url, scheme, &self.token)
    }
}

/// A page that says how it ended, and its status.
fn ending(visit: Visit, exit: Exit, ending: Ending) -> (StatusCode, Page) {
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
        view: View::Ending(ending),
    };
    (status, page)
}

impl From<(StatusCode, Page)> for Answer {
    fn from((status, page): (StatusCode, Page)) -> Self {
        Self::Page(status, Box::new(page))
    }
}

impl From<(StatusCode, (StatusCode, Page))> for Answer {
    fn from((status, (_, page)): (StatusCode, (StatusCode, Page))) -> Self {
        Self::Page(status, Box::new(page))
    }
}

#[cfg(test)]
mod tests {
    use super::{ICON, POLICY, SCRIPT, STYLE, masked};

    #[test]
    fn what_is_not_known_to_be_harmless_is_masked() {
        let query = b"token=a.b.c&mode=popup&method=SMS&code=123456&address=ada%40x.test&credential=%7B%7D&to%6ben=x";
        assert_eq!(
            masked(query),
            "token=***&mode=popup&method=SMS&code=***&address=***&credential=***&token=***"
        );
        assert_eq!(masked(b"code=&step=2"), "code=&step=2");
        for form in [r#"{"token":"a.b","code":"123456"}"#, "eyJhbGciOi", "a.b.c="] {
            assert_eq!(masked(form.as_bytes()), "***=***", "{form}");
        }
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for asset in [STYLE, SCRIPT, ICON] {
            let elsewhere = asset.replace("http://www.w3.org/2000/svg", "");
            assert!(!elsewhere.contains("http:") && !elsewhere.contains("url("));
            assert!(!elsewhere.contains("@import") && !elsewhere.contains("//cdn"));
        }
        assert!(!POLICY.contains("unsafe") && !POLICY.contains("frame-ancestors"));
    }
}
