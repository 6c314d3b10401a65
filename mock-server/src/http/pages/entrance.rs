//! The routes of the pages: checks the token, runs the step, and records the request in the journal. Must not contain
//! markup.

use std::sync::Arc;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use axum::routing::{get, post};
use http::header::{HeaderName, ORIGIN, REFERER};
use http::request::Parts;
use http::{Method as Verb, StatusCode};

use super::answer::{PageAnswer, answered, ending, outcome, response};
use super::exit::{Exit, closed};
use super::steps::visitor::{Step, Visitor};
use super::theme::style;
use super::view::{Ending, Looks};
use super::visit::{Fields, Visit};
use crate::bounds::{USER_AGENT, cut};
use crate::domain::Turn;
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::factor::message::LinkFault;
use crate::domain::authsignal::management::tenant::Switch;
use crate::domain::authsignal::token::{Claims, TokenFault};
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::http::authsignal::admission::named_tenant;
use crate::http::note::{carried, version};
use crate::http::origin::{reached, split_origin};
use crate::http::surface::{FORCED, IntakeFault, RejectionKind, coding, preferred};
use crate::runtime::App;
use crate::runtime::journal::{Note, Wire};
use crate::runtime::part::AuthsignalPart;
use crate::traces;

/// Fetch's header for why a browser asks.
const SEC_PURPOSE: HeaderName = HeaderName::from_static("sec-purpose");
/// The answer to a browser that fetches a page before its user asks for it. It asks again when the user does.
const PREFETCHED: &str =
    "this page uses up a link or sends a code, so it is not fetched in advance\n";

const STYLE: &str = include_str!("assets/style.css");
const SCRIPT: &str = include_str!("assets/script.js");
const ICON: &str = include_str!("assets/icon.svg");

/// The pages of every tenant of a mock.
struct Pages {
    app: Arc<App>,
}

/// Whom a request shows, as far as that is known.
#[derive(Default)]
struct Shown {
    tenant: Option<Arc<AuthsignalPart>>,
    /// The claims of its token, if the tenant has made it.
    claims: Option<Box<Claims<'static>>>,
}

impl Shown {
    /// A request without a token of the tenant.
    fn of(tenant: Option<Arc<AuthsignalPart>>) -> Self {
        Self {
            tenant,
            claims: None,
        }
    }

    fn of_token(tenant: Arc<AuthsignalPart>, claims: Claims<'static>) -> Self {
        Self {
            tenant: Some(tenant),
            claims: Some(Box::new(claims)),
        }
    }
}

/// The routes of the pages.
pub(crate) fn router(app: &Arc<App>) -> Router {
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
        move || std::future::ready(response(StatusCode::OK, kind, text.into()))
    };
    // A refused form shows its page at the form's own address, so a reload of that address must show a page, too.
    let form = |step: Step| post(at(step)).get(at(Step::Show));
    Router::new()
        .route("/challenge", get(at(Step::Show)))
        .route("/challenge/wait", get(at(Step::Wait)))
        .route("/challenge/verify", form(Step::Verify))
        .route("/challenge/send", form(Step::Send))
        .route("/challenge/enroll", form(Step::Enroll))
        .route("/challenge/credential", post(at(Step::Credential)))
        .route("/challenge/press", form(Step::Press))
        .route("/challenge/decline", form(Step::Decline))
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
        // No page has a parameter in its path.
        traces::routed(request.uri().path(), None);
        let (parts, body) = request.into_parts();
        if text(&parts, SEC_PURPOSE).is_some_and(|purpose| purpose.contains("prefetch")) {
            return response(
                StatusCode::SERVICE_UNAVAILABLE,
                "text/plain; charset=utf-8",
                PREFETCHED.into(),
            );
        }
        let body = to_bytes(body, self.app.behaviour.body_limit).await;
        let fields = match (&body, &parts.method) {
            (Ok(body), &Verb::POST) => Fields::read(body),
            _ => Fields::read(parts.uri.query().unwrap_or_default().as_bytes()),
        };
        let base = reached(&self.app, &parts.headers, &parts.extensions)
            .map_or_else(|_| "http://localhost".to_owned(), |base| base.url());
        let visit = Visit::of(&fields, text(&parts, REFERER), &base);
        if parts.method == Verb::HEAD && forced(&parts).is_none() {
            return self.glance(step, &parts, visit, base);
        }
        let encoded = coding(&parts.headers).filter(|_| parts.method == Verb::POST);
        let (shown, answer) = if let Some(coding) = encoded {
            let message = format!(
                "header Content-Encoding is {coding}; send the form without a content coding"
            );
            let told = serde_json::json!({"message": message});
            (
                Shown::default(),
                PageAnswer::Json(StatusCode::UNSUPPORTED_MEDIA_TYPE, told),
            )
        } else if let Err(error) = &body {
            let fault = IntakeFault::of(error).map(RejectionKind::from);
            let status = fault.unwrap_or(RejectionKind::TooLarge).status();
            let ending = ending(visit, Exit::Nowhere, Ending::Misdirected);
            (Shown::default(), (status, ending).into())
        } else if let Some(forced) = forced(&parts) {
            let tenant = named_tenant(&self.app, &visit.token);
            (Shown::of(tenant), forced)
        } else if matches!(step, Step::OpenLink) {
            self.open_link(visit)
        } else {
            match self.enter(&parts, visit, base) {
                Err(refused) => refused,
                Ok(visitor) => {
                    let answer = visitor.answer(step, &fields).await;
                    (Shown::of_token(visitor.tenant, visitor.claims), answer)
                }
            }
        };
        // The waiting script repeats its request, so the journal leaves it out.
        if !matches!(step, Step::Wait) {
            let tenant = shown.tenant.as_deref();
            self.record(&parts, tenant, body.as_deref().ok(), outcome(&answer));
        }
        answered(&answer, || looks(shown))
    }

    /// Answers a HEAD request, such as those of mail scanners, which follow every link: with the status that a look at the
    /// state gives, and without the effects of GET.
    fn glance(&self, step: Step, parts: &Parts, visit: Visit, base: String) -> Response {
        let (shown, answer) = if matches!(step, Step::OpenLink) {
            self.link(visit, |tenant, token| {
                tenant.look(|authsignal, now| authsignal.magic_link(token, now))
            })
        } else {
            match self.enter(parts, visit, base) {
                Err(refused) => refused,
                Ok(visitor) => (
                    Shown::of_token(visitor.tenant, visitor.claims),
                    PageAnswer::Head,
                ),
            }
        };
        self.record(parts, shown.tenant.as_deref(), None, outcome(&answer));
        answered(&answer, || looks(shown))
    }

    /// Checks the token, and returns its visitor.
    fn enter(
        &self,
        parts: &Parts,
        visit: Visit,
        base: String,
    ) -> Result<Visitor, (Shown, PageAnswer)> {
        let nobody = |visit: Visit, shown: Shown, why: Ending| {
            let exit = if visit.popup {
                Exit::Message(closed(None))
            } else {
                Exit::Nowhere
            };
            (shown, ending(visit, exit, why).into())
        };
        if visit.token.is_empty() {
            return Err(nobody(visit, Shown::default(), Ending::NoToken));
        }
        let Some(tenant) = named_tenant(&self.app, &visit.token) else {
            return Err(nobody(visit, Shown::default(), Ending::Tampered));
        };
        let read = tenant.account().keys.read(&visit.token);
        let claims = match read {
            Ok(claims) => claims,
            Err(TokenFault::Invalid | TokenFault::Expired) => {
                return Err(nobody(visit, Shown::of(Some(tenant)), Ending::Tampered));
            }
        };
        let current = tenant.look(|authsignal, now| authsignal.bearer(Ok(claims.clone()), now));
        if let Err(refusal) = current {
            if refusal != Refusal::Expired {
                let shown = Shown::of_token(tenant, claims);
                return Err(nobody(visit, shown, Ending::Tampered));
            }
            let bearer = Bearer::of(claims.clone());
            let (redirect_url, leaves) = tenant.look(|authsignal, _| {
                let action = authsignal.action(&bearer.user_id, &bearer.action, &bearer.key);
                let url = action.ok().and_then(|action| action.redirect_url.clone());
                let settings = &authsignal.configuration.tenant;
                (url, settings.has(Switch::RedirectOnSessionExpiry))
            });
            // The application finds out that the token has expired when it validates it.
            let refused = match visit.exit(redirect_url.as_deref()) {
                Exit::Redirect(url) if leaves => PageAnswer::To(url),
                exit => ending(visit, exit, Ending::Expired).into(),
            };
            return Err((Shown::of_token(tenant, claims), refused));
        }
        // This origin grants no access. It is only compared with the origin that the browser signs.
        let origin = text(parts, ORIGIN).filter(|origin| origin.starts_with("http"));
        Ok(Visitor {
            app: Arc::clone(&self.app),
            origin: origin.unwrap_or_else(|| split_origin(&base).0).to_owned(),
            user_agent: text(parts, http::header::USER_AGENT)
                .map(|text| cut(text, USER_AGENT).to_owned()),
            tenant,
            visit,
            base,
            claims,
        })
    }

    /// Opens a magic link of any tenant.
    fn open_link(&self, visit: Visit) -> (Shown, PageAnswer) {
        self.link(visit, |tenant, token| {
            let open = |authsignal: &mut Authsignal, turn: &mut Turn<'_>| {
                authsignal.open_magic_link(token, turn.now)
            };
            tenant.transact(open).map(drop)
        })
    }

    /// What `follow` finds of a magic link, in the tenant that has sent it.
    fn link(
        &self,
        visit: Visit,
        follow: impl Fn(&AuthsignalPart, &str) -> Result<(), LinkFault>,
    ) -> (Shown, PageAnswer) {
        // Most tenants have not sent it. They are only looked at, because a transaction wakes who waits for a change.
        let is_of = |tenant: &Arc<AuthsignalPart>| {
            let found = tenant.look(|authsignal, now| authsignal.magic_link(&visit.token, now));
            !matches!(found, Err(LinkFault::Unknown))
        };
        let tenant = self.app.authsignals().into_iter().find(is_of);
        let followed = tenant.as_ref().map(|tenant| follow(tenant, &visit.token));
        let outcome = match followed {
            Some(Ok(())) => Ending::LinkOpened,
            Some(Err(LinkFault::Used)) => Ending::LinkUsed,
            Some(Err(LinkFault::Expired)) => Ending::LinkExpired,
            None | Some(Err(LinkFault::Unknown)) => Ending::LinkUnknown,
        };
        let ending = ending(visit, Exit::Nowhere, outcome);
        (Shown::of(tenant), ending.into())
    }

    fn record(
        &self,
        parts: &Parts,
        tenant: Option<&AuthsignalPart>,
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
            version: version(parts.version),
            reason,
            wire: Wire {
                request: form.as_bytes(),
                // Each link of a page contains the token, so the journal omits the page.
                answer: &[],
                ..carried(&parts.headers, &[], &[])
            },
            ..Note::new("pages", parts.method.to_string(), target, status.as_u16())
        };
        self.app.record(tenant.map(AuthsignalPart::ledger), note);
    }
}

/// How the tenant words and colours a page, in the user's language.
fn looks(Shown { tenant, claims }: Shown) -> Looks {
    let Some(tenant) = tenant else {
        return Looks::default();
    };
    tenant.look(|authsignal, _| {
        let bearer = claims.map(|claims| Bearer::of(*claims));
        let locale = bearer.and_then(|bearer| authsignal.locale(&bearer));
        Looks {
            words: authsignal.wording(locale),
            style: style(&authsignal.configuration.theme),
            hides_logo: authsignal
                .configuration
                .tenant
                .has(Switch::HideAuthsignalLogo),
        }
    })
}

/// The error that a request asks for by the header `Prefer`, or the refusal if it cannot have that one.
fn forced(parts: &Parts) -> Option<PageAnswer> {
    match preferred(&parts.headers) {
        Ok(None) => None,
        Ok(Some(wanted)) => Some(PageAnswer::Told(
            wanted.status,
            FORCED.to_owned(),
            wanted.retry_after,
        )),
        Err(rejection) => Some(PageAnswer::Told(
            rejection.kind.status(),
            rejection.to_string(),
            None,
        )),
    }
}

/// The fields of a query or a form that are not secret. The journal masks all others.
const PLAIN: [&str; 14] = [
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
    "moved",
    "challenge",
    "authenticator",
];

/// The fields with secret values.
const SECRET: [&str; 5] = ["token", "code", "address", "credential", "state"];

/// A query or a form with its secrets masked, for the journal.
fn masked(text: &[u8]) -> String {
    let pairs = url::form_urlencoded::parse(text).map(|(name, value)| {
        if PLAIN.contains(&name.as_ref()) {
            format!("{name}={value}")
        } else if SECRET.contains(&name.as_ref()) {
            // The journal shows an empty value, because it explains a refusal.
            let mask = if value.is_empty() { "" } else { "***" };
            format!("{name}={mask}")
        } else {
            // A body in another format parses as one long name.
            "***=***".to_owned()
        }
    });
    pairs.collect::<Vec<_>>().join("&")
}

fn text(parts: &Parts, name: HeaderName) -> Option<&str> {
    parts
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::{ICON, SCRIPT, STYLE, masked};
    use crate::http::pages::answer::POLICY;

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
