//! The twin: axum, a JSON parser and constant answers. It is the lower bound that the mock is compared with, so it does
//! nothing else. It serves with the same runtime and socket options as the mock. Knows no operation and no load.

use std::fs;
use std::future::ready;
use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use axum::serve::ListenerExt as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;

/// The constant answer of a route.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    pub(crate) method: String,
    /// The path, in axum's syntax.
    pub(crate) route: String,
    /// Whether requests carry a JSON body, which the twin parses.
    pub(crate) has_body: bool,
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Serves the answers that a file lists until the process is killed.
pub(crate) fn serve(answers: &Path) -> Result<()> {
    let answers =
        fs::read(answers).with_context(|| format!("cannot read {}", answers.display()))?;
    let answers: Vec<Answer> =
        serde_json::from_slice(&answers).context("the file is not a list of answers")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(async {
        let router = router(answers)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        writeln!(std::io::stdout(), "{}", serde_json::json!({ "url": url }))?;
        let listener = listener.tap_io(|stream| {
            // As the mock does.
            let _ = stream.set_nodelay(true);
        });
        Ok(axum::serve(listener, router).await?)
    })
}

fn router(answers: Vec<Answer>) -> Result<Router> {
    let mut router = Router::new();
    for answer in answers {
        let Answer {
            method,
            route,
            has_body,
            status,
            body,
        } = answer;
        let (status, body) = (StatusCode::from_u16(status)?, Bytes::from(body));
        let method: Method = method.parse()?;
        let filter = MethodFilter::try_from(method)?;
        let methods = if has_body {
            on(filter, move |request: Bytes| {
                ready(match serde_json::from_slice::<Value>(&request) {
                    Ok(_) => respond(status, body.clone()),
                    Err(_) => respond(StatusCode::BAD_REQUEST, Bytes::new()),
                })
            })
        } else {
            on(filter, move || ready(respond(status, body.clone())))
        };
        router = router.route(&route, methods);
    }
    Ok(router)
}

fn respond(status: StatusCode, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
