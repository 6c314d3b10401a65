//! The twin: axum, a JSON parser, and constant answers. It is the floor that the mock is compared with, so it must do
//! nothing else, and serve as the mock's program does: the same runtime, the same socket options.

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

use super::load::Expected;

/// How a route is answered, always.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    /// Method.
    pub(super) method: String,
    /// Route, in axum's form.
    pub(super) route: String,
    /// Whether requests have a JSON body, which is parsed.
    pub(super) has_body: bool,
    /// Status.
    pub(super) status: u16,
    /// Body.
    pub(super) body: String,
}

impl Answer {
    /// What every answer to the same request is like.
    pub(super) fn expected(&self) -> Expected {
        Expected {
            status: self.status,
            length: self.body.len(),
        }
    }
}

/// Serves the answers that a file lists, until the process is killed.
///
/// # Errors
///
/// The file cannot be read, or no port is to be had.
pub fn serve(answers: &Path) -> Result<()> {
    let answers = fs::read(answers).with_context(|| format!("{}", answers.display()))?;
    let answers: Vec<Answer> = serde_json::from_slice(&answers).context("no list of answers")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("no async runtime")?;
    runtime.block_on(async {
        let router = router(answers)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        writeln!(std::io::stdout(), "{}", serde_json::json!({ "url": url }))?;
        let listener = listener.tap_io(|stream| {
            // The mock does so too.
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
