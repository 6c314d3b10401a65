//! `proxy`: passes requests on to another server, and tells where a request or an answer differs from the specs. It changes
//! neither. It can record what passes as exchanges that `verify` replays.

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST,
    HeaderMap, HeaderName, ORIGIN, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::compare::{self, Answer, Drift, Kind, Place};
use super::gate::Gate;
use super::operations::{self, Matched};
use super::record::Seen;
use super::recording::Recording;
use super::replay::Found;
use super::report::told;
use super::server::{Base, client, is_encoded, read, why};
use crate::bounds::{BODY_TIME, PROXY_BODY, PROXY_DRIFTS, PROXY_REQUESTS};
use crate::http::surface::{Operation, Schema, brief};
use crate::likeness::nearest;
use crate::program::signals::Signals;

/// Segments of a path that no operation has, of which a drift tells.
const SEGMENTS: usize = 9;

/// What to pass on, and where.
#[derive(Clone, Debug)]
pub(in crate::program) struct Proxying {
    /// Base URL of the server.
    pub(in crate::program) to: String,
    /// Where the proxy listens.
    pub(in crate::program) listen: SocketAddr,
    /// The file that gets the exchanges.
    pub(in crate::program) record: Option<PathBuf>,
    /// Names of the proxy that no web page controls, besides those of the mock.
    pub(in crate::program) allow_host: Vec<String>,
    /// Whether keys may go in the clear to another machine.
    pub(in crate::program) allow_http: bool,
    /// The file of an authority to trust, too.
    pub(in crate::program) ca: Option<PathBuf>,
}

/// Passes requests on until a signal arrives, and gives whether none of them drifted.
///
/// # Errors
///
/// The proxy cannot begin.
pub(in crate::program) fn proxy(wanted: &Proxying) -> anyhow::Result<bool> {
    let base = Base::read(&wanted.to, wanted.allow_http)?;
    let recording = wanted.record.as_deref().map(Recording::new).transpose()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(run(base, wanted, recording))
}

async fn run(base: Base, wanted: &Proxying, recording: Option<Recording>) -> anyhow::Result<bool> {
    let listen = wanted.listen;
    let mut signals = Signals::new(false)?;
    let listener = TcpListener::bind(listen).await;
    let listener = listener.with_context(|| {
        format!("cannot listen on {listen}; --listen 127.0.0.1:0 picks a free port")
    })?;
    let address = listener.local_addr().context("no address")?;
    let to = base.to_string();
    let passing = Arc::new(Passing {
        http: client(&base, wanted.ca.as_deref())?,
        base,
        gate: Gate::new(&wanted.allow_host),
        places: Semaphore::new(PROXY_REQUESTS),
        watch: Mutex::new(Watch {
            recording,
            ..Watch::default()
        }),
    });
    say(&format!("listening on http://{address}\n"))?;
    say(&format!(
        "give your application the base URL http://{address}/v1 in place of {to}/v1\n"
    ))?;
    let router = Router::new()
        .fallback(pass)
        .with_state(Arc::clone(&passing));
    let stop = async move {
        signals.next().await;
    };
    // Open connections need not end: what is under way is lost with the proxy.
    tokio::select! {
        served = axum::serve(listener, router) => served.context("cannot serve")?,
        () = stop => {}
    }
    let watch = passing.watch();
    say(&watch.summary())?;
    Ok(watch.shown.is_empty())
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .context("stdout")
}

/// What passes.
struct Passing {
    http: reqwest::Client,
    base: Base,
    gate: Gate,
    places: Semaphore,
    watch: Mutex<Watch>,
}

/// What was seen so far.
#[derive(Default)]
struct Watch {
    requests: u64,
    /// The drifts that were told, so that each is told once.
    shown: HashSet<Found>,
    /// The schemas of requests, by API and name.
    schemas: HashMap<(&'static str, &'static str), Arc<Schema>>,
    recording: Option<Recording>,
}

impl Passing {
    fn watch(&self) -> std::sync::MutexGuard<'_, Watch> {
        // A panic leaves no half of anything that counts.
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn pass(State(passing): State<Arc<Passing>>, request: Request) -> Response {
    let Ok(_place) = passing.places.acquire().await else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "it stops");
    };
    if let Some((status, why)) = passing.gate.objection(&request) {
        return refusal(status, &why);
    }
    let (parts, body) = request.into_parts();
    let Ok(read) = timeout(BODY_TIME, to_bytes(body, PROXY_BODY)).await else {
        let why = format!(
            "the body of the request did not come within {} s",
            BODY_TIME.as_secs()
        );
        return refusal(StatusCode::REQUEST_TIMEOUT, &why);
    };
    let Ok(body) = read else {
        let why =
            format!("the body of the request has more than {PROXY_BODY} bytes, or ended early");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, &why);
    };
    let (headers, answer) = match passing.forwarded(&parts, body.clone()).await {
        Ok(answered) => answered,
        Err(why) => return refusal(StatusCode::BAD_GATEWAY, &format!("{}: {why}", passing.base)),
    };
    let lines = passing.watch().see(&parts, &body, &answer);
    for line in lines {
        // Whoever has closed stdout wants no drifts; the traffic goes on.
        let _ = say(&line);
    }
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn refusal(status: StatusCode, why: &str) -> Response {
    (status, format!("stepup-mock proxy: {why}\n")).into_response()
}

/// Headers of a connection, not of a message, and those that the next connection has of its own.
fn is_of_connection(name: &HeaderName) -> bool {
    let of_connection = [
        CONNECTION,
        CONTENT_LENGTH,
        EXPECT,
        HOST,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    of_connection.contains(name) || name == "keep-alive"
}

impl Passing {
    async fn forwarded(&self, parts: &Parts, body: Bytes) -> Result<(HeaderMap, Answer), String> {
        let target = parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str());
        let mut headers = parts.headers.clone();
        // A compressed answer could not be looked at.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let headers = kept(&headers);
        let request = self
            .http
            .request(parts.method.clone(), self.base.to(target));
        let request = request.headers(headers).body(body);
        let mut response = request.send().await.map_err(|error| why(&error))?;
        let mut headers = kept(response.headers());
        // The length of a body that does not come is a header like others.
        if parts.method == Method::HEAD
            && let Some(length) = response.headers().get(CONTENT_LENGTH)
        {
            headers.insert(CONTENT_LENGTH, length.clone());
        }
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let mut answer = Answer {
            status: response.status().as_u16(),
            content_type: content_type.map(str::to_owned),
            body: Vec::new(),
            is_encoded: is_encoded(&headers),
            // It may name a user, and each would be a drift of its own.
            leads_to: None,
        };
        answer.body = read(&mut response, PROXY_BODY).await?;
        Ok((headers, answer))
    }
}

fn kept(headers: &HeaderMap) -> HeaderMap {
    // RFC 9110, 7.6.1: what `Connection` names is of the connection, too.
    let named = headers.get_all(CONNECTION).iter();
    let named = named.filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = named
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .collect();
    let is_named = |name: &HeaderName| {
        named
            .iter()
            .any(|one| name.as_str().eq_ignore_ascii_case(one))
    };
    let kept = headers
        .iter()
        .filter(|(name, _)| !is_of_connection(name) && !is_named(name));
    kept.map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

impl Watch {
    /// Looks at a request and its answer, and gives what is new to tell.
    fn see(&mut self, parts: &Parts, body: &[u8], answer: &Answer) -> Vec<String> {
        self.requests += 1;
        // A question of a browser, not of the application; or one for the headers alone, which no spec describes.
        if matches!(parts.method, Method::OPTIONS | Method::HEAD) {
            return Vec::new();
        }
        let matched = operations::matching(parts.method.as_str(), parts.uri.path());
        let found: Vec<Found> = match &matched {
            Some(matched) => {
                let mut drifts = self.of_request(matched, parts, body);
                drifts.extend(compare::answer(matched.operation, None, answer));
                drifts
                    .into_iter()
                    .map(|drift| found(matched, answer.status, drift))
                    .collect()
            }
            None => {
                let drift = Drift::unknown_operation(shown_request(parts));
                vec![Found {
                    api: String::new(),
                    operation: "none".to_owned(),
                    status: answer.status,
                    drift,
                }]
            }
        };
        let mut lines = Vec::new();
        for found in found {
            if self.shown.len() < PROXY_DRIFTS && self.shown.insert(found.clone()) {
                lines.push(told(&found));
            }
        }
        // A page of another site is told by headers that a replay does not send.
        if answer.status == 403 && parts.headers.contains_key(ORIGIN) {
            if let Some(recording) = &mut self.recording {
                recording.leave_out("a web page of another site may have sent it".to_owned());
            }
            return lines;
        }
        if let (Some(recording), Some(_)) = (&mut self.recording, &matched) {
            let authorization = parts.headers.get(AUTHORIZATION);
            let target = parts
                .uri
                .path_and_query()
                .map_or("/", |target| target.as_str());
            let said = recording.take(&Seen {
                method: parts.method.as_str(),
                target,
                authorization: authorization.and_then(|value| value.to_str().ok()),
                body,
                status: answer.status,
                answer: &answer.body,
            });
            lines.extend(said);
        }
        lines
    }

    fn of_request(&mut self, matched: &Matched, parts: &Parts, body: &[u8]) -> Vec<Drift> {
        let operation = matched.operation;
        let mut drifts = of_query(operation, parts.uri.query().unwrap_or_default());
        let Some(name) = operation.body else {
            return drifts;
        };
        let Ok(mut value) = serde_json::from_slice::<Value>(body) else {
            return drifts;
        };
        if !operation.body_required && value.is_null() {
            return drifts;
        }
        let api = matched.api;
        let schema = self.schemas.entry((api.name, name));
        let schema = schema.or_insert_with(|| Arc::new(Schema::new(api.schemas, name)));
        if operation.null_is_absent {
            schema.drop_null_members(&mut value);
        }
        drifts.extend(compare::json(schema, None, &value, Place::Request));
        drifts
    }

    fn summary(&self) -> String {
        let (requests, drifts) = (self.requests, self.shown.len());
        let recorded = self
            .recording
            .as_ref()
            .map_or(String::new(), Recording::summary);
        format!("{drifts} drifts in {requests} requests\n{recorded}")
    }
}

fn found(matched: &Matched, status: u16, drift: Drift) -> Found {
    Found {
        api: matched.api.name.to_owned(),
        operation: matched.operation.id.to_owned(),
        status,
        drift,
    }
}

fn of_query(operation: &Operation, query: &str) -> Vec<Drift> {
    let names = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name);
    let known = operation.query_parameters;
    let unknown = names.filter(|name| !known.contains(&name.as_ref()));
    let drift = |name: std::borrow::Cow<'_, str>| {
        let hint = nearest(&name, known.iter().copied());
        let hint = hint.map_or(String::new(), |hint| format!("; did it mean {hint}?"));
        Drift {
            place: Place::Request(String::new()),
            kind: Kind::Unknown,
            expected: "no such query parameter".to_owned(),
            found: format!("{}{hint}", brief(&name)),
        }
    };
    unknown.map(drift).collect()
}

/// A request that no operation is for: only what is literal in a path of the specs, for all else may be of somebody. So the
/// paths of many users are one, too.
fn shown_request(parts: &Parts) -> String {
    let shown = |segment| match segment {
        "" => "",
        segment => operations::literal(segment).unwrap_or("***"),
    };
    let path = parts.uri.path();
    let mut segments: Vec<&str> = path.split('/').take(SEGMENTS).map(shown).collect();
    if path.split('/').nth(SEGMENTS).is_some() {
        segments.push("…");
    }
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
    ];
    let method = known.iter().find(|known| **known == parts.method);
    let method = method.map_or("another method", Method::as_str);
    format!("{method} {}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::body::Body;
    use axum::extract::{Request, State};
    use bytes::Bytes;
    use http::{HeaderMap, HeaderValue, StatusCode};
    use http_body_util::Channel;
    use tokio::sync::Semaphore;
    use tokio::time::Instant;

    use super::{Base, Gate, Passing, Watch, client, kept, pass};
    use crate::bounds::BODY_TIME;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_short_is_answered_after_its_time_and_passed_on_to_nobody() {
        let base = Base::read("http://127.0.0.1:9", false).unwrap();
        let passing = Passing {
            http: client(&base, None).unwrap(),
            base,
            gate: Gate::new(&[]),
            places: Semaphore::new(1),
            watch: Mutex::new(Watch::default()),
        };
        let (mut sender, body) = Channel::<Bytes>::new(1);
        sender.send_data(Bytes::from_static(b"{")).await.unwrap();
        let request = Request::post("/v1/users/ada").body(Body::new(body));
        let began = Instant::now();
        let passing = Arc::new(passing);
        let answer = pass(State(Arc::clone(&passing)), request.unwrap()).await;
        assert_eq!(answer.status(), StatusCode::REQUEST_TIMEOUT);
        assert_eq!(began.elapsed(), BODY_TIME);
        assert_eq!(passing.watch().requests, 0);
        // Its place is another's.
        assert_eq!(passing.places.available_permits(), 1);
        drop(sender);
    }

    #[test]
    fn headers_of_a_connection_are_not_passed_on() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "X-Hop, close"),
            ("connection", "x-other"),
            ("x-hop", "1"),
            ("x-other", "1"),
            ("expect", "100-continue"),
            ("keep-alive", "5"),
            ("x-mine", "1"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        let names: Vec<_> = kept(&headers).keys().map(ToString::to_string).collect();
        assert_eq!(names, ["x-mine"]);
    }
}
