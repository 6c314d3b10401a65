//! The HTTP face: one router over every API, the answers to what no operation matches, and the `Date` header. The only
//! module that knows axum, with the generated routers and `server`.

pub mod activeconnect;
pub mod authsignal;
pub mod authsignal_client;
pub mod control;
mod desk;
mod masking;
pub mod pages;
pub mod surface;
mod websocket;

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, USER_AGENT,
};
use http::{Method, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use jiff::fmt::rfc2822::DateTimePrinter;
use tower::util::MapResponse;
use tower::{Service, ServiceExt as _};

use self::control::Control;
use crate::domain::activeconnect::signature;
use crate::generated::{
    activeconnect as activeconnect_api, authsignal as authsignal_api,
    authsignal_client::routes as client_api_routes, mock_control as control_api,
};
use crate::runtime::App;
use crate::runtime::journal::{Note, Wire};
use crate::sim::phone::{Line, Phones};

/// Why an operation answers with an error that its caller asked for.
const FORCED: &str =
    "asked for by the header Prefer; without it the request would have been carried out";

/// The simulated phones of a mock, writing straight into its router.
pub type MockPhones = Phones<Door>;

/// The vendor's API without a network, for callers inside the process.
#[derive(Clone, Debug)]
pub struct Door(Router);

impl Line for Door {
    async fn send(
        &self,
        method: &str,
        host: &str,
        target: &str,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    ) -> (u16, Bytes) {
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(http::header::HOST, host);
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let Ok(request) = request.body(Body::from(body)) else {
            return (StatusCode::BAD_REQUEST.as_u16(), Bytes::new());
        };
        // The router's error type has no value.
        let Ok(response) = self.0.clone().oneshot(request).await;
        let status = response.status().as_u16();
        // Answers are the mock's own and small; the limit is against a mistake of ours.
        let body = Limited::new(response.into_body(), 16 * 1024 * 1024)
            .collect()
            .await;
        (
            status,
            body.map(http_body_util::Collected::to_bytes)
                .unwrap_or_default(),
        )
    }
}

/// The router over everything, and the phones that write into it.
pub fn router(app: &Arc<App>) -> (Router, Arc<MockPhones>) {
    let activeconnect = activeconnect::Activeconnect::new(Arc::clone(app));
    let authsignal = authsignal::Authsignal::new(Arc::clone(app));
    let vendors = activeconnect_api::routes::router(Arc::new(activeconnect))
        .merge(authsignal_api::routes::router(Arc::new(authsignal)))
        .merge(client_api(app));
    let phones = Arc::new(Phones::new(Door(vendors.clone())));
    let control = Control::new(Arc::clone(app), Arc::clone(&phones));
    let operations = vendors
        .merge(control_api::routes::router(Arc::new(control)))
        .merge(desk::router(app))
        .merge(pages::router(app));

    let wrong_method = {
        let app = Arc::clone(app);
        move |request: Request| {
            std::future::ready(refuse(&app, &request, StatusCode::METHOD_NOT_ALLOWED))
        }
    };
    let operations = operations.method_not_allowed_fallback(wrong_method);
    let unmatched = {
        let (app, operations) = (Arc::clone(app), operations.clone());
        move |mut request: Request| {
            let (app, operations) = (Arc::clone(&app), operations.clone());
            async move {
                if !once_v1(&mut request) {
                    return refuse(&app, &request, StatusCode::NOT_FOUND);
                }
                let app = Arc::clone(&app);
                let again = operations.fallback(move |request: Request| {
                    std::future::ready(refuse(&app, &request, StatusCode::NOT_FOUND))
                });
                // The router's error type has no value.
                let Ok(response) = again.oneshot(request).await;
                response
            }
        }
    };
    let all = operations.fallback(unmatched);
    (all, phones)
}

/// The Client API and its WebSocket. A page of any origin may read every answer below its path, refusals too; of the rest
/// of the mock none may.
fn client_api(app: &Arc<App>) -> Router {
    let refuse_with = |status| {
        let app = Arc::clone(app);
        move |request: Request| std::future::ready(refuse(&app, &request, status))
    };
    let client = authsignal_client::AuthsignalClient::new(Arc::clone(app));
    let mut operations = client_api_routes::router(Arc::new(client))
        .method_not_allowed_fallback(refuse_with(StatusCode::METHOD_NOT_ALLOWED));
    for unknown in ["/v1/client", "/v1/client/", "/v1/client/{*rest}"] {
        operations = operations.route(unknown, any(refuse_with(StatusCode::NOT_FOUND)));
    }
    operations
        .layer(authsignal_client::cors())
        .merge(websocket::router(app))
}

/// Takes one `/v1` off a path that starts with two, which known bugs of clients make: python 2 and 3 when they delete an
/// authenticator, go when it gets a challenge. Tells whether there was one to take.
fn once_v1(request: &mut Request) -> bool {
    let target = request
        .uri()
        .path_and_query()
        .map_or("", http::uri::PathAndQuery::as_str);
    let Some(rest) = target
        .strip_prefix("/v1")
        .filter(|rest| rest.starts_with("/v1/"))
    else {
        return false;
    };
    let Ok(uri) = rest.parse() else { return false };
    *request.uri_mut() = uri;
    true
}

/// A router whose answers are dated by the mock's clock. Around it rather than a layer of it, which would box every request
/// once more.
pub fn dated(
    router: Router,
    app: &Arc<App>,
) -> impl Service<Request, Response = Response, Error = Infallible, Future: Send> + Clone + Send + 'static
{
    let app = Arc::clone(app);
    MapResponse::new(router, move |response: Response| date(&app, response))
}

/// Dates an answer by the mock's clock; hyper dates those that carry no date by the machine's, which is the same while
/// the clock was not moved.
fn date(app: &App, mut response: Response) -> Response {
    if !app.clock.is_system_time()
        && let Ok(text) = DateTimePrinter::new().timestamp_to_rfc9110_string(&app.clock.now())
        && let Ok(value) = HeaderValue::from_str(&text)
    {
        response.headers_mut().insert(DATE, value);
    }
    response
}

/// The answer to a request that is no operation's.
fn refuse(app: &App, request: &Request, status: StatusCode) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    if method == Method::OPTIONS && status == StatusCode::METHOD_NOT_ALLOWED {
        // The router adds Allow. No origin is allowed: API secrets have no business in a browser, and no web page is to
        // steer the mock.
        return StatusCode::NO_CONTENT.into_response();
    }
    let reason = if status == StatusCode::METHOD_NOT_ALLOWED {
        format!("{method} is not a method of this path; the Allow header lists those that are")
    } else if path.starts_with("//") {
        "no operation has this path: it starts with two slashes; end the base URL without one"
            .to_owned()
    } else if path.len() > 1 && path.ends_with('/') {
        "no operation has this path: it ends with a slash; remove it".to_owned()
    } else {
        "no operation has this path; the paths are those of the specs in openapi/".to_owned()
    };
    let client_tenant;
    let (vendor, tenant) = if is_below(path, "/_mock") {
        return control::problem(status, "unknown", &reason).into_response();
    } else if is_below(path, "/v1/client") {
        let authorization = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        client_tenant = authsignal_client::tenant_of(app, authorization);
        // The tenant's public keys are the server's to ask for, and below this path.
        let server_tenant = || authsignal::tenant_of(app, authorization);
        let tenant = client_tenant.as_ref().or_else(server_tenant);
        (Vendor::AuthsignalClient, tenant)
    } else if is_below(path, "/v1") {
        let authorization = request
            .headers()
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        (
            Vendor::Authsignal,
            authsignal::tenant_of(app, authorization),
        )
    } else {
        (Vendor::Activeconnect, None)
    };
    let reply = match (vendor, tenant) {
        (Vendor::Activeconnect, _) => activeconnect::failure(status, reason.as_str()),
        // Go's live suite: a bad secret is told before a path that does not exist.
        (Vendor::Authsignal, None) => authsignal::unauthorized(),
        (Vendor::AuthsignalClient, None) => authsignal_client::unauthorized(),
        (_, Some(_)) => authsignal::failure(status, "not_found", &reason),
    };
    // A path that is nearly an operation's may hold what that operation keeps secret.
    let near = |part: &str| part.eq_ignore_ascii_case("register");
    let target = if path.split('/').any(near) {
        "/register/***"
    } else {
        path
    }
    .to_owned();
    let api = match vendor {
        Vendor::Activeconnect => "activeconnect",
        Vendor::Authsignal => "authsignal",
        Vendor::AuthsignalClient => "authsignal-client",
    };
    app.record(
        tenant,
        Note {
            api,
            operation: None,
            method: method.to_string().into(),
            target,
            status: reply.status.as_u16(),
            reason: Some(reason),
            // The body was not read.
            wire: carried(request.headers(), &[], &reply.body),
        },
    );
    reply.into_response()
}

/// Whether a request comes from a web page of another origin. Such a page can send requests, if not read the answers; it is
/// not to steer the mock. Nor is one whose name was made to stand for this machine's address: only browsers send the headers
/// looked at, and a person's browser has the mock at localhost or at an address.
fn is_foreign(headers: &HeaderMap) -> bool {
    let from_browser = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
    if from_browser && !headers.get(HOST).is_some_and(is_own_name) {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let authority = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    authority.is_none_or(|(_, authority)| host != Some(authority))
}

/// Whether a host is localhost or an IP address, which no name server can make stand for another.
fn is_own_name(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else {
        return false;
    };
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = host.split(':').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<Ipv4Addr>().is_ok()
}

/// What a request and its answer carried, for the journal.
fn carried<'a>(headers: &'a HeaderMap, request: &'a [u8], answer: &'a [u8]) -> Wire<'a> {
    let text = |name| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    };
    let credentials = Some(text(AUTHORIZATION))
        .filter(|credentials| !credentials.is_empty())
        .or_else(|| Some(text(HeaderName::from_static(signature::AUTHENTICATION))))
        .filter(|credentials| !credentials.is_empty());
    let scheme = credentials.map_or("", |credentials| {
        let word = credentials.split(' ').next().unwrap_or_default();
        let mut known = ["Basic", "Bearer", "hmac"].into_iter();
        // Whatever else it begins with may be the secret itself.
        known
            .find(|scheme| scheme.eq_ignore_ascii_case(word))
            .unwrap_or("unknown scheme")
    });
    Wire {
        user_agent: text(USER_AGENT),
        content_type: text(CONTENT_TYPE),
        scheme,
        request,
        answer,
    }
}

/// Whose shape an answer has.
#[derive(Clone, Copy)]
enum Vendor {
    Activeconnect,
    Authsignal,
    AuthsignalClient,
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a `Host` header can stand in a URL.
fn is_host(host: &HeaderValue) -> bool {
    !host.is_empty()
        && host.as_bytes().iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        })
}

/// The URL of this server for who calls it by that host.
fn base(host: &HeaderValue) -> String {
    // Whatever is a host is text.
    ["http://", host.to_str().unwrap_or_default()].concat()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{carried, is_below, is_foreign, is_host};

    #[test]
    fn a_folder_is_more_than_a_prefix() {
        assert!(is_below("/v1", "/v1") && is_below("/v1/users", "/v1"));
        assert!(!is_below("/v10", "/v1") && !is_below("/", "/v1"));
    }

    #[test]
    fn of_credentials_the_scheme_is_kept_and_nothing_else() {
        for (name, sent, kept) in [
            ("authorization", "Basic c2VjcmV0Og==", "Basic"),
            ("authorization", "bearer a.b.c", "Bearer"),
            ("authentication", "hmac client:nonce:tag", "hmac"),
            ("authorization", "secret", "unknown scheme"),
            ("authorization", "secret and more", "unknown scheme"),
            ("cookie", "secret", ""),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, HeaderValue::from_static(sent));
            assert_eq!(carried(&headers, b"", b"").scheme, kept, "{sent}");
        }
    }

    #[test]
    fn a_page_is_foreign_unless_it_is_of_this_very_origin() {
        let foreign = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("127.0.0.1:4750"));
            if let Some(origin) = origin {
                headers.insert("origin", HeaderValue::from_static(origin));
            }
            is_foreign(&headers)
        };
        assert!(!foreign(None) && !foreign(Some("http://127.0.0.1:4750")));
        for origin in ["http://127.0.0.1:4751", "http://localhost:4750", "null", ""] {
            assert!(foreign(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn a_page_is_foreign_whose_name_was_made_to_stand_for_this_machine() {
        let foreign = |host: &'static str, header: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static(host));
            if let Some(header) = header {
                headers.insert(header, HeaderValue::from_static("same-origin"));
            }
            is_foreign(&headers)
        };
        let browser = Some("sec-fetch-site");
        for host in ["evil.test:4750", "127.0.0.1.evil.test", "[evil]:4750", ""] {
            assert!(foreign(host, browser), "{host}");
            assert!(!foreign(host, None), "{host}: a program may call it so");
        }
        for host in [
            "localhost:4750",
            "LOCALHOST",
            "a.localhost:1",
            "127.0.0.1:4750",
            "[::1]:4750",
        ] {
            assert!(!foreign(host, browser), "{host}");
        }
    }

    #[test]
    fn a_host_is_no_place_for_anything_else() {
        for host in ["127.0.0.1:4750", "[::1]:4750", "mock.test"] {
            assert!(is_host(&HeaderValue::from_static(host)), "{host}");
        }
        for host in ["", "a/b", "a@b", "a b", "a?b", "a\"b"] {
            assert!(!is_host(&HeaderValue::from_static(host)), "{host}");
        }
    }
}
