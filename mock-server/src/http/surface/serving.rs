//! One request, from its first byte to its answer. Knows no API.
//!
//! A request passes these steps in order:
//!
//! 1. The mock reads the body, if the operation has one, and never beyond the limit.
//! 2. [`Surface::admit`] admits the caller.
//! 3. The mock parses path, query and body.
//! 4. The operation answers.
//! 5. [`Surface::answered`] sees the answer.
//!
//! So the mock reports bad credentials before a bad body, and never buffers an oversized body.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONNECTION, DATE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode};

use super::bounds::FileBounds;
use super::damage::{Instead, Planned};
use super::incoming::{End, Incoming};
use super::operation::Operation;
use super::rejection::Rejection;
use super::reply::Reply;
use crate::{remark, skew, traces};

/// The header of an answer that says what the mock has ignored of the request, what will not work as it is set, or that the
/// mock has a bug.
const WARNING: HeaderName = HeaderName::from_static("stepup-mock-warning");

/// The header by which a request asks for an error.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Why an operation answers with an error that its caller asked for.
pub const FORCED: &str =
    "the header Prefer asked for this answer, so the mock did not carry out the request";

/// What an API adds to its generated router: credentials, the form of errors, and what happens after an answer.
pub trait Surface: Send + Sync + 'static {
    /// The admitted caller, for operations that change something. Each request clones it, so a clone must be cheap.
    type Caller: Clone + Send + Into<Self::Reader>;

    /// The caller for operations that only read: the same caller, without a way to change anything.
    type Reader: Send;

    /// Whether a member or a query parameter that the spec does not have is refused, and a member that is given twice.
    /// Otherwise it is ignored with a warning, because nobody knows what the vendor does with it.
    fn strict(&self) -> bool;

    /// Checks the credentials of a request.
    ///
    /// # Errors
    ///
    /// The answer to a request that is not admitted.
    fn admit(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
    ) -> Result<Self::Caller, Reply>;

    /// The answer to a request that cannot be read.
    fn reject(&self, operation: &'static Operation, rejection: Rejection) -> Reply;

    /// The answer with an error that the caller asked for by the header `Prefer: code=STATUS`, whether or not the spec lists
    /// it for the operation: a client must cope with each. So is the answer of a planned fault, for which `why` is another.
    fn forced(&self, operation: &'static Operation, status: StatusCode, why: &str) -> Reply;

    /// The answer with an error by the vendor's name. An API whose errors have no names has none.
    fn named(
        &self,
        operation: &'static Operation,
        status: StatusCode,
        _error: &'static str,
        why: &str,
    ) -> Reply {
        self.forced(operation, status, why)
    }

    /// What is planned for a request of this caller, if anything is.
    fn planned(
        &self,
        _operation: &'static Operation,
        _incoming: &Incoming,
        _caller: &Self::Caller,
    ) -> Option<Arc<Planned>> {
        None
    }

    /// Whether what is carried out for this caller may have something to say in the journal.
    fn has_remarks(&self, _caller: &Self::Caller) -> bool {
        false
    }

    /// What the answer has to say of its request in a header, besides what the mock has ignored.
    fn warning(&self, _operation: &'static Operation, _incoming: &Incoming) -> Option<String> {
        None
    }

    /// The time that the answer to this caller tells, if it is not the machine's.
    fn date(&self, _caller: &Self::Caller) -> Option<HeaderValue> {
        None
    }

    /// Sees each answer before it is sent, with the caller if the request was admitted.
    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Self::Caller>,
        reply: &Reply,
    );

    /// Largest request body, in bytes.
    fn body_limit(&self) -> usize;

    /// How large the body of an operation may be that takes a whole file, if this is one.
    fn file(&self, _operation: &'static Operation) -> Option<FileBounds> {
        None
    }
}

/// Answers one request; what generated handlers call. The compiler makes a copy of this function for each operation. So
/// [`admitted`] and [`sent`] hold what does not depend on the operation: its copies were 0.9 of 27 MiB of code.
pub async fn serve<S, Q, F>(
    surface: &S,
    operation: &'static Operation,
    request: Request,
    decode: impl FnOnce(&Incoming) -> Result<Q, Rejection>,
    act: impl FnOnce(S::Caller, Q) -> F,
) -> Response
where
    S: Surface,
    F: Future<Output: Into<Reply>> + Send,
{
    let (parts, body) = request.into_parts();
    let mut incoming = Incoming::new(parts, surface.strict());
    let entry = admitted(surface, operation, &mut incoming, body).await;
    let reply = match entry.due {
        Due::Answer(reply) => reply,
        Due::Step(caller, planned) => {
            let own = match planned.as_ref().is_none_or(|planned| planned.carried_out) {
                false => None,
                true => {
                    let ahead = planned.as_ref().map_or(0, |planned| planned.ahead);
                    let plain = ahead == 0 && !surface.has_remarks(&caller);
                    let mut refusal = None;
                    // Pinned where it is made, with no other copy of its request. Otherwise the future of track is twice as
                    // large, and axum moves it twice.
                    let step = pin!(
                        match incoming.known(operation).and_then(|()| decode(&incoming)) {
                            Ok(request) => Some(act(caller, request)),
                            Err(rejection) => {
                                refusal = Some(surface.reject(operation, rejection));
                                None
                            }
                        }
                    );
                    match step.as_pin_mut() {
                        None => refusal,
                        Some(step) if plain => Some(step.await.into()),
                        Some(step) => {
                            // On the heap, so that the operations share what observes them.
                            let step = Box::pin(async { step.await.into() });
                            Some(observed(step, ahead, &incoming).await)
                        }
                    }
                }
            };
            let is_head = incoming.parts.method == Method::HEAD;
            with_faults(surface, operation, is_head, planned, own)
        }
    };
    sent(surface, operation, incoming, entry.seen, reply)
}

/// A request whose body is read and whose caller is known.
struct Entry<C> {
    due: Due<C>,
    seen: Seen<C>,
}

/// What comes next for a request.
enum Due<C> {
    /// It has its answer.
    Answer(Reply),
    /// The operation carries it out for this caller, unless what is planned says otherwise.
    Step(C, Option<Arc<Planned>>),
}

/// What the sending of an answer must know of the request.
struct Seen<C> {
    caller: Option<C>,
    /// Whether it came as HEAD to an operation that has no HEAD.
    head: bool,
    /// Whether its body was not read to the end.
    cut_short: bool,
}

/// Reads the body, and admits the caller.
async fn admitted<S: Surface>(
    surface: &S,
    operation: &'static Operation,
    incoming: &mut Incoming,
    body: Body,
) -> Entry<S::Caller> {
    traces::routed(operation.path, Some(operation.id));
    // The router sends HEAD where it sends GET.
    let head = operation.changes && incoming.parts.method == Method::HEAD;
    incoming.file = surface.file(operation);
    let limit = incoming.file.map(|file| file.bytes);
    let limit = limit.unwrap_or_else(|| surface.body_limit());
    let read = incoming.read(operation, body, limit).await;
    let cut_short = !matches!(read, Ok(End::Reached));
    let (due, caller) = match read {
        Err(rejection) => (Due::Answer(surface.reject(operation, rejection)), None),
        Ok(_) if head => (
            Due::Answer(surface.reject(operation, Rejection::head())),
            None,
        ),
        Ok(_) => match surface.admit(operation, incoming) {
            Err(reply) => (Due::Answer(reply), None),
            Ok(caller) => {
                let due = match preferred(&incoming.parts.headers) {
                    Err(rejection) => Due::Answer(surface.reject(operation, rejection)),
                    Ok(Some(Wanted {
                        status,
                        retry_after,
                    })) => {
                        traces::planned("the header Prefer");
                        Due::Answer(Reply {
                            retry_after,
                            ..surface.forced(operation, status, FORCED)
                        })
                    }
                    Ok(None) => {
                        let planned = surface.planned(operation, incoming, &caller);
                        Due::Step(caller.clone(), planned)
                    }
                };
                (due, Some(caller))
            }
        },
    };
    let seen = Seen {
        caller,
        head,
        cut_short,
    };
    Entry { due, seen }
}

/// The answer as it is sent, after the surface has seen it.
fn sent<S: Surface>(
    surface: &S,
    operation: &'static Operation,
    incoming: Incoming,
    seen: Seen<S::Caller>,
    reply: Reply,
) -> Response {
    // Users run optimized builds, which need not pay for this. What somebody has planned may break the spec.
    if cfg!(debug_assertions)
        && reply.planned.is_none()
        && let Some(fault) = operation.fault(reply.status.as_u16(), &reply.body)
    {
        tracing::error!(
            operation = operation.id,
            "the answer breaks the spec: {fault}"
        );
        incoming.breaks(fault);
    }
    if let Some(planned) = &reply.planned {
        traces::planned(&planned.told);
    }
    surface.answered(operation, &incoming, seen.caller.as_ref(), &reply);
    let ahead = reply.planned.as_ref().map_or(0, |planned| planned.ahead);
    let mut response = reply.into_response();
    let warning = incoming.broken().or_else(|| incoming.ignored());
    if let Some(warning) = warning.or_else(|| surface.warning(operation, &incoming)) {
        response.headers_mut().insert(WARNING, in_header(&warning));
    }
    if let Some(date) = seen.caller.and_then(|caller| date(surface, &caller, ahead)) {
        response.headers_mut().insert(DATE, date);
    }
    if seen.head {
        let allowed = HeaderValue::from_static(operation.method);
        response.headers_mut().insert(ALLOW, allowed);
    }
    if seen.cut_short {
        // The next bytes on this connection would count as the rest of the body.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// Runs a step at a time that is so many seconds ahead, and keeps what it has to say. Every operation has a step of its own
/// type, and they share this.
async fn observed(
    step: Pin<Box<dyn Future<Output = Reply> + Send + '_>>,
    ahead: i64,
    incoming: &Incoming,
) -> Reply {
    let (reply, remarks) = match ahead {
        0 => remark::gather(step).await,
        ahead => remark::gather(skew::within(ahead, step)).await,
    };
    if let Some(remarks) = remarks {
        incoming.remark(remarks);
    }
    reply
}

/// A text as a header can hold it.
fn in_header(text: &str) -> HeaderValue {
    let plain: String = text
        .chars()
        .map(|one| {
            if one.is_ascii_graphic() || one == ' ' {
                one
            } else {
                '?'
            }
        })
        .collect();
    // Plain text is always a header's value.
    HeaderValue::from_str(&plain).unwrap_or_else(|_| HeaderValue::from_static("see the journal"))
}

/// The date of an answer.
fn date<S: Surface>(surface: &S, caller: &S::Caller, ahead: i64) -> Option<HeaderValue> {
    match ahead {
        0 => surface.date(caller),
        ahead => skew::during(ahead, || surface.date(caller)),
    }
}

/// The answer to a request, with what is planned for it. `own` is that of the operation, if the request was carried out:
/// once, and before anything happens to its answer.
fn with_faults<S: Surface>(
    surface: &S,
    operation: &'static Operation,
    is_head: bool,
    planned: Option<Arc<Planned>>,
    own: Option<Reply>,
) -> Reply {
    let own = own.unwrap_or(Reply::empty(StatusCode::GATEWAY_TIMEOUT));
    let Some(planned) = planned else {
        return own;
    };
    let mut reply = match &planned.instead {
        Some(instead) => stand_in(surface, operation, instead),
        None => own,
    };
    let left;
    (reply.body, left) = planned.broken(&reply.body, is_head);
    reply.planned = Some(left.map_or(planned, Arc::new));
    reply
}

/// An answer that stands in for that of the operation.
fn stand_in<S: Surface>(surface: &S, operation: &'static Operation, instead: &Instead) -> Reply {
    let Instead { status, why, .. } = instead;
    let reply = match (&instead.body, instead.error) {
        (Some(body), _) => Reply {
            body: body.clone(),
            ..Reply::empty(*status)
        },
        (None, Some(error)) => surface.named(operation, *status, error, why),
        (None, None) if status.as_u16() < 400 => Reply::empty(*status),
        (None, None) => surface.forced(operation, *status, why),
    };
    Reply {
        retry_after: instead.retry_after.or(reply.retry_after),
        ..reply
    }
}

/// An error that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) status: StatusCode,
    /// Seconds that its `Retry-After` says.
    pub(crate) retry_after: Option<u64>,
}

/// The error that a request asks for with `Prefer: code=404`, as other spec-driven mocks understand it.
/// `retry-after=SECONDS` sets the `Retry-After` of the answer. The mock ignores other preferences, as RFC 7240 says.
///
/// # Errors
/// The mock cannot give the answer that the request asks for. If it carried out the request instead, a test would see a
/// success that it did not ask for.
pub(crate) fn preferred(headers: &HeaderMap) -> Result<Option<Wanted>, Rejection> {
    // Few requests have it, and a look-up costs the others more than a glance at their names.
    if !headers.keys().any(|name| name == PREFER) {
        return Ok(None);
    }
    let malformed = |reason: &str| Rejection::malformed("header Prefer", reason);
    let (mut code, mut retry_after) = (None, None);
    for header in headers.get_all(PREFER) {
        let preferences = String::from_utf8_lossy(header.as_bytes());
        for preference in preferences.split([',', ';']) {
            let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
            let kept = match name.trim().to_ascii_lowercase().as_str() {
                "code" => &mut code,
                "retry-after" => &mut retry_after,
                _ => continue,
            };
            // The first one counts, as RFC 7240 says.
            if kept.is_none() {
                *kept = Some(value.trim().trim_matches('"').to_owned());
            }
        }
    }
    let retry_after = retry_after
        .map(|seconds| seconds.parse::<u32>().map(u64::from))
        .transpose();
    let retry_after = retry_after
        .map_err(|_| malformed("has a bad retry-after; it must be a whole number of seconds"))?;
    let Some(code) = code else {
        return match retry_after {
            None => Ok(None),
            Some(_) => Err(malformed(
                "has retry-after without code; send both, such as code=429, retry-after=7",
            )),
        };
    };
    let status = code.parse().ok().filter(|code| (400..600).contains(code));
    let status = status.and_then(|code| StatusCode::from_u16(code).ok());
    let status = status.ok_or_else(|| {
        malformed("asks for a code that the mock cannot give; it must be an error from 400 to 599, such as code=429")
    })?;
    Ok(Some(Wanted {
        status,
        retry_after,
    }))
}
