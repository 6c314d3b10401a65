//! Serves the desk, the page for developers, and the event stream that keeps it up to date. The page gets its data from
//! the control API, so this module must not know worlds or operations.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use http_body_util::channel::{Channel, Sender};
use tokio::sync::{Semaphore, watch};

use super::asset::asset;
use super::control::refusal::{error_of, foreign, problem};
use super::origin::{is_foreign, public};
use super::surface::{FORCED, Reply, brief, preferred};
use super::unmatched::refuse;
use crate::bounds::EVENT_STREAMS;
use crate::runtime::App;

/// The shortest time between two ticks.
const PAUSE: Duration = Duration::from_millis(100);
/// The longest silence on a stream. A write shows whether the reader is still connected.
const SILENCE: Duration = Duration::from_secs(15);

const PAGE: &str = include_str!("desk.html");
const STYLE: &str = include_str!("desk.css");
const ICON: &str = include_str!("desk.svg");

/// Lists modules by their path in this folder, each with its text.
macro_rules! scripts {
    ($($path:literal),* $(,)?) => {
        &[$((concat!("/_mock/desk/", $path), include_str!($path))),*]
    };
}

/// The page's modules: the path and the text of each. `desk.js` runs first and imports the others.
const SCRIPTS: &[(&str, &str)] = scripts![
    "act.js",
    "control.js",
    "desk.js",
    "events.js",
    "live.js",
    "refresh.js",
    "shared.js",
    "model/curl.js",
    "model/faults.js",
    "model/phone.js",
    "model/request-list.js",
    "model/rows.js",
    "model/scenarios.js",
    "model/schedule.js",
    "model/tenants.js",
    "model/time.js",
    "model/timeline.js",
    "model/words.js",
    "view/action-cells.js",
    "view/actions.js",
    "view/clock.js",
    "view/connection.js",
    "view/decisions.js",
    "view/dom.js",
    "view/faults.js",
    "view/feedback.js",
    "view/inbox.js",
    "view/navigation.js",
    "view/phone.js",
    "view/planning.js",
    "view/request-detail.js",
    "view/requests.js",
    "view/scenarios.js",
    "view/sessions.js",
    "view/snapshots.js",
    "view/tenant-field.js",
    "view/tenants.js",
    "view/timeline.js",
    "view/users.js",
    "view/webhooks.js",
];

/// The desk of `app`.
pub(super) fn router(app: &Arc<App>) -> Router {
    let page = {
        let app = Arc::clone(app);
        move |request: Request| std::future::ready(front(&app, &request))
    };
    let ticks = {
        let app = Arc::clone(app);
        let places = Arc::new(Semaphore::new(EVENT_STREAMS));
        move |request: Request| std::future::ready(events(&app, &places, &request))
    };
    let style = || std::future::ready(asset("text/css; charset=utf-8", STYLE));
    let icon = || std::future::ready(asset("image/svg+xml", ICON));
    let mut router = Router::new();
    for &(path, text) in SCRIPTS {
        let script = move || std::future::ready(asset("text/javascript; charset=utf-8", text));
        router = router.route(path, get(script));
    }
    router
        .route("/", any(page))
        .route("/_mock/desk/desk.css", get(style))
        .route("/_mock/desk/desk.svg", get(icon))
        .route("/_mock/events", get(ticks))
}

/// Serves the page to a browser. A program gets 404, because it only gets here with a wrong base URL.
fn front(app: &App, request: &Request) -> Response {
    let accepts = request.headers().get_all(ACCEPT).iter();
    let a_person = accepts
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"));
    if a_person && matches!(*request.method(), Method::GET | Method::HEAD) {
        let prefix = public(app, request.extensions()).map_or("", |public| public.prefix());
        return asset("text/html; charset=utf-8", below(prefix));
    }
    refuse(app, request, StatusCode::NOT_FOUND)
}

/// The page, its files below a prefix. The page has no slash at its end there, so it cannot name them by where it is.
fn below(prefix: &str) -> Cow<'static, str> {
    match prefix {
        "" => Cow::Borrowed(PAGE),
        prefix => Cow::Owned(PAGE.replace("=\"/_mock/", &format!("=\"{prefix}/_mock/"))),
    }
}

/// Sends ticks as server-sent events: the first at once, then one after each change. Quick changes share one tick.
fn events(app: &Arc<App>, places: &Arc<Semaphore>, request: &Request) -> Response {
    if is_foreign(app, request.headers(), request.extensions()) {
        return foreign().into_response();
    }
    if let Some(query) = request.uri().query().filter(|query| !query.is_empty()) {
        let reason = format!(
            "query parameter {} is unknown; there is none here: the stream is that of the whole mock",
            brief(query.split(['=', '&']).next().unwrap_or_default())
        );
        return problem(StatusCode::BAD_REQUEST, "malformed", &reason).into_response();
    }
    match preferred(request.headers()) {
        Ok(None) => {}
        Ok(Some(wanted)) => {
            let reply = problem(wanted.status, error_of(wanted.status), FORCED);
            let retry_after = wanted.retry_after;
            return Reply {
                retry_after,
                ..reply
            }
            .into_response();
        }
        Err(rejection) => {
            let reason = rejection.to_string();
            return problem(rejection.kind.status(), "malformed", &reason).into_response();
        }
    }
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        let reason = format!(
            "{EVENT_STREAMS} streams of events are open, as many as the mock allows; close desks or programs that read \
             them"
        );
        return problem(StatusCode::SERVICE_UNAVAILABLE, "crowded", &reason).into_response();
    };
    let (sender, body) = Channel::<Bytes>::new(1);
    // The task ends when the reader disconnects or the server stops.
    let app = Arc::clone(app);
    tokio::spawn(async move {
        tick(app, sender).await;
        drop(place);
    });
    let mut response = Response::new(Body::new(body));
    let stream = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(CONTENT_TYPE, stream);
    response
}

/// Waits until the mock stops.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    // If the sender is gone, the mock has stopped, too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

async fn tick(app: Arc<App>, mut reader: Sender<Bytes>) {
    let mut changed = app.changed();
    let mut stopped = app.stopped();
    // A browser connects again a second after its stream breaks.
    let mut lead = "retry: 1000\n";
    loop {
        let revision = *changed.borrow_and_update();
        let (journal, resets) = (app.newest(), app.resets());
        let tick = format!(
            "{lead}data: {{\"journal\":{journal},\"revision\":{revision},\"resets\":{resets}}}\n\n"
        );
        lead = "";
        tokio::select! {
            biased;
            () = stop(&mut stopped) => return,
            sent = reader.send_data(tick.into()) => if sent.is_err() { return },
        }
        tokio::select! {
            biased;
            () = stop(&mut stopped) => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
        loop {
            tokio::select! {
                biased;
                () = stop(&mut stopped) => return,
                change = changed.changed() => match change {
                    Ok(()) => break,
                    Err(_) => return,
                },
                () = tokio::time::sleep(SILENCE) => {
                    if reader.send_data(Bytes::from_static(b":\n\n")).await.is_err() {
                        return;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::Router;
    use axum::body::Body;
    use axum::extract::Request;
    use axum::response::Response;
    use http::StatusCode;
    use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
    use http_body_util::BodyExt as _;
    use tower::ServiceExt as _;

    use super::super::asset::POLICY;
    use super::{PAGE, SCRIPTS, STYLE};
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour};

    fn mock() -> (Arc<App>, Router) {
        let app = Arc::new(App::new(Behaviour::default(), Seed::demo()).unwrap());
        let router = crate::http::router(&app, &crate::http::phones(&app));
        (app, router)
    }

    async fn send(router: &Router, method: &str, target: &str, body: &'static str) -> Response {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "mock.test");
        let request = request.body(Body::from(body)).unwrap();
        router.clone().oneshot(request).await.unwrap()
    }

    async fn ask(router: &Router, method: &str, target: &str, body: &'static str) -> StatusCode {
        let response = send(router, method, target, body).await;
        let status = response.status();
        response.into_body().collect().await.unwrap();
        status
    }

    #[tokio::test]
    async fn reading_changes_nothing_or_the_desk_would_wake_itself_for_ever() {
        let (app, router) = mock();
        ask(&router, "GET", "/v1/users/ada", "").await;
        let changed = app.changed();
        for target in [
            "/_mock/clock",
            "/_mock/tenants",
            "/_mock/users",
            "/_mock/user?userId=ada",
            "/_mock/actions",
            "/_mock/activeconnect",
            "/_mock/phone/requests",
            "/_mock/messages",
            "/_mock/journal",
            "/_mock/journal/1",
            "/_mock/state",
            "/_mock/webhooks/deliveries",
        ] {
            assert_eq!(ask(&router, "GET", target, "").await, 200, "{target}");
            assert!(!changed.has_changed().unwrap(), "{target}");
        }
    }

    #[tokio::test]
    async fn everything_that_the_desk_shows_counts_as_a_change() {
        let (app, router) = mock();
        for (method, target, body) in [
            ("GET", "/no/operation", ""),
            ("POST", "/_mock/clock", r#"{"advanceSeconds":1}"#),
            ("POST", "/_mock/authsignal", r#"{"defaultOutcome":"BLOCK"}"#),
            ("POST", "/_mock/reset", ""),
        ] {
            let changed = app.changed();
            ask(&router, method, target, body).await;
            assert!(changed.has_changed().unwrap(), "{target}");
        }
    }

    #[tokio::test]
    async fn a_stream_ends_with_the_mock() {
        let (app, router) = mock();
        let request = Request::builder().uri("/_mock/events");
        let request = request.body(Body::empty()).unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut body = response.into_body();
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!(
            first,
            "retry: 1000\ndata: {\"journal\":0,\"revision\":0,\"resets\":0}\n\n"
        );
        app.stop();
        assert!(body.frame().await.is_none());
    }

    /// The modules that a module imports or runs as a worker, as paths on the server.
    fn imports(path: &str, text: &str) -> Vec<String> {
        let base = url::Url::parse("http://mock.test")
            .and_then(|server| server.join(path))
            .unwrap();
        text.lines()
            .filter_map(|line| match line.split_once(" from \"") {
                Some((_, module)) => module.strip_suffix("\";"),
                None => line
                    .split_once("new SharedWorker(new URL(\"")?
                    .1
                    .split('"')
                    .next(),
            })
            .map(|module| base.join(module).unwrap().path().to_owned())
            .collect()
    }

    #[tokio::test]
    async fn the_mock_serves_exactly_the_modules_that_the_page_imports() {
        let (_app, router) = mock();
        let mut reached = vec!["/_mock/desk/desk.js".to_owned()];
        let mut next = 0;
        while let Some(path) = reached.get(next).cloned() {
            next += 1;
            let response = send(&router, "GET", &path, "").await;
            assert_eq!(response.status(), 200, "{path}");
            for (name, value) in [
                (CONTENT_TYPE, "text/javascript; charset=utf-8"),
                (CONTENT_SECURITY_POLICY, POLICY),
            ] {
                assert_eq!(response.headers()[&name], value, "{path}: {name}");
            }
            let served = SCRIPTS.iter().find(|(served, _)| *served == path);
            let (_, text) =
                served.unwrap_or_else(|| panic!("{path} is not in the list of scripts"));
            for module in imports(&path, text) {
                if !reached.contains(&module) {
                    reached.push(module);
                }
            }
        }
        reached.sort();
        let mut served: Vec<&str> = SCRIPTS.iter().map(|(path, _)| *path).collect();
        served.sort_unstable();
        assert_eq!(reached, served);
    }

    #[test]
    fn the_page_keeps_its_policy_and_data_never_becomes_markup() {
        for inline in ["<script>", "<style", "style=", "onclick=", "javascript:"] {
            assert!(!PAGE.contains(inline), "{inline}");
        }
        for outside in ["http://", "https://", "//cdn", "@import"] {
            assert!(
                !PAGE.contains(outside) && !STYLE.contains(outside),
                "{outside}"
            );
        }
        for markup in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "createContextualFragment",
            "srcdoc",
            "eval(",
            "new Function",
        ] {
            for (path, text) in SCRIPTS {
                assert!(!text.contains(markup), "{path}: {markup}");
            }
        }
    }
}
