//! The runtime that generated routers lean on: reads a request, hands it to an API, sends the answer. Vendor-neutral; must
//! not know any API, its credentials, or the form of its errors.
//!
//! A request passes, in this order: the body is read (only where the operation has one, and never beyond the limit),
//! the caller is admitted, path, query and body are parsed, the operation answers, [`Surface::answered`] sees the
//! answer. So bad credentials are reported before a bad body, and an oversized body is never buffered.

mod extent;

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::OnceLock;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use http::header::{AsHeaderName, CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{StatusCode, request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use self::extent::Extent;

/// Why an operation answers with an error that its caller asked for.
pub const FORCED: &str =
    "asked for by the header Prefer; without it the request would have been carried out";

/// How an operation may be sent again, as its spec says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Sending it again does no harm.
    Safe,
    /// Sending it again does no harm if it carries the same idempotency key.
    Keyed,
    /// Sending it again does something again.
    Never,
}

/// An operation of a spec.
#[derive(Debug, PartialEq, Eq)]
pub struct Operation {
    /// `operationId`, in snake case.
    pub id: &'static str,
    /// Method in capitals.
    pub method: &'static str,
    /// Path template.
    pub path: &'static str,
    /// Statuses that the spec lists.
    pub statuses: &'static [u16],
    /// How it may be sent again.
    pub retry: Retry,
    /// Sets of security schemes of the spec; each set suffices. No set: it takes no credentials.
    pub security: &'static [&'static [&'static str]],
    /// Path parameters with the index of their segment in the path, from 0.
    pub path_parameters: &'static [(&'static str, usize)],
    /// Whether a plus sign in the path is a space.
    pub plus_is_space: bool,
    /// Name of the schema of the JSON request body.
    pub body: Option<&'static str>,
    /// Whether the request must have its body. Where it need not, an empty one and `null` are `{}`.
    pub body_required: bool,
    /// Whether a member of the body that is null, at any depth, counts as absent.
    pub null_is_absent: bool,
}

/// What an API adds to its generated router: credentials, the form of errors, and what happens after an answer.
pub trait Surface: Send + Sync + 'static {
    /// Whoever has been admitted. Cloned for each request, so it must be cheap to.
    type Caller: Clone + Send;

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

    /// The answer with an error of the spec that the caller asked for by the header `Prefer: code=STATUS`.
    fn forced(&self, operation: &'static Operation, status: StatusCode) -> Reply;

    /// Sees each answer before it is sent, and whose request it answers where they were admitted.
    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Self::Caller>,
        reply: &Reply,
    );

    /// Largest request body, in bytes.
    fn body_limit(&self) -> usize;
}

/// Answers one request; what generated handlers call.
pub async fn serve<S, Q, F>(
    surface: &S,
    operation: &'static Operation,
    request: Request,
    decode: impl FnOnce(&Incoming) -> Result<Q, Rejection>,
    act: impl FnOnce(S::Caller, Q) -> F,
) -> Response
where
    S: Surface,
    F: Future<Output: Into<Reply>>,
{
    let (parts, body) = request.into_parts();
    let mut incoming = Incoming {
        parts,
        body: Bytes::new(),
    };
    let read = incoming.read(operation, body, surface.body_limit()).await;
    let cut_short = matches!(read, Ok(End::Early));
    let (caller, reply) = match read {
        Err(rejection) => (None, surface.reject(operation, rejection)),
        Ok(_) => match surface.admit(operation, &incoming) {
            Err(reply) => (None, reply),
            Ok(caller) => {
                let reply = match preferred(operation, &incoming) {
                    Some(status) => surface.forced(operation, status),
                    None => match decode(&incoming) {
                        Err(rejection) => surface.reject(operation, rejection),
                        Ok(request) => act(caller.clone(), request).await.into(),
                    },
                };
                (Some(caller), reply)
            }
        },
    };
    surface.answered(operation, &incoming, caller.as_ref(), &reply);
    let mut response = reply.into_response();
    if cut_short {
        // Whatever came next on this connection would be taken for the rest of the body.
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

/// The error that a request asks for: `Prefer: code=404`, a custom that spec-driven mocks share. Statuses that the spec
/// does not list for the operation, and those of success, cannot be asked for.
fn preferred(operation: &Operation, incoming: &Incoming) -> Option<StatusCode> {
    let preferences = incoming.header("prefer")?.split([',', ';']);
    let code = preferences
        .filter_map(|one| one.trim().strip_prefix("code="))
        .next()?;
    let code = code.trim_matches('"').parse().ok()?;
    if code < 400 || !operation.statuses.contains(&code) {
        return None;
    }
    StatusCode::from_u16(code).ok()
}

/// A request, its body read. `Debug` leaves out headers, query and body, which hold credentials.
pub struct Incoming {
    /// Method, target and headers as sent.
    pub parts: request::Parts,
    /// The body; empty where the operation has none.
    pub body: Bytes,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("method", &self.parts.method)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// How the reading of a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// With the body, or without having begun.
    Reached,
    /// Before the announced length, since what had come was one whole JSON value.
    Early,
}

impl Incoming {
    /// Reads the body. Some clients announce more bytes than they send and then wait for the answer, so the reading
    /// ends as soon as what has come is one whole JSON value.
    async fn read(
        &mut self,
        operation: &Operation,
        mut body: Body,
        limit: usize,
    ) -> Result<End, Rejection> {
        if operation.body.is_none() {
            return Ok(End::Reached);
        }
        let too_large = || Rejection {
            kind: RejectionKind::TooLarge,
            place: "body".to_owned(),
            reason: format!("is larger than {limit} bytes"),
        };
        let announced = HttpBody::size_hint(&body);
        if announced.lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(too_large());
        }
        let announced = announced
            .exact()
            .and_then(|length| usize::try_from(length).ok());
        // Most bodies come in one piece, which is then not copied.
        let mut pieces = BytesMut::new();
        let mut extent = Extent::default();
        while let Some(frame) = body.frame().await {
            let Ok(frame) = frame else {
                return Err(Rejection::malformed("body", "broke off before its end"));
            };
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            let length = self.body.len() + pieces.len() + piece.len();
            if length > limit {
                return Err(too_large());
            }
            let short = announced.is_some_and(|announced| length < announced);
            if short {
                extent.feed(&piece);
            }
            if self.body.is_empty() {
                self.body = piece;
            } else {
                pieces.extend_from_slice(&piece);
            }
            if short && extent.is_whole() {
                self.join(pieces);
                return Ok(End::Early);
            }
        }
        self.join(pieces);
        Ok(End::Reached)
    }

    fn join(&mut self, rest: BytesMut) {
        if !rest.is_empty() {
            self.body = [&self.body[..], &rest[..]].concat().into();
        }
    }

    /// Path and query as sent.
    pub fn target(&self) -> &str {
        self.parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str())
    }

    /// A header, if it is there and is text. The first where there are several.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// A path parameter, decoded exactly once. Taken from the raw path: axum's own extractors cannot tell `+` from
    /// `%2B`.
    ///
    /// # Errors
    ///
    /// A segment that is empty, is badly percent-encoded, or is not UTF-8.
    pub fn path_parameter(&self, operation: &Operation, name: &str) -> Result<String, Rejection> {
        self.segment(operation, name).map(Cow::into_owned)
    }

    fn segment(&self, operation: &Operation, name: &str) -> Result<Cow<'_, str>, Rejection> {
        let malformed =
            |reason: &str| Rejection::malformed(format!("path parameter {name}"), reason);
        let parameter = operation
            .path_parameters
            .iter()
            .find(|(other, _)| *other == name);
        let segment = parameter.and_then(|(_, index)| {
            let path = self.parts.uri.path();
            path.strip_prefix('/')
                .unwrap_or(path)
                .split('/')
                .nth(*index)
        });
        match segment {
            None | Some("") => Err(malformed("is empty")),
            Some(segment) => decode(segment, operation.plus_is_space).map_err(malformed),
        }
    }

    /// A query parameter, form-decoded; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// A parameter that is given twice, is badly percent-encoded, or is not UTF-8.
    pub fn query(&self, name: &str) -> Result<Option<Cow<'_, str>>, Rejection> {
        let malformed =
            |reason: &str| Rejection::malformed(format!("query parameter {name}"), reason);
        let mut found = None;
        for pair in self.parts.uri.query().unwrap_or_default().split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A name that cannot be decoded is no parameter of ours.
            let same = key == name
                || (key.contains(['%', '+']) && decode(key, true).is_ok_and(|key| key == name));
            if !same {
                continue;
            }
            if found.is_some() {
                return Err(malformed("is given more than once"));
            }
            found = Some(decode(value, true).map_err(malformed)?);
        }
        Ok(found)
    }

    /// A path parameter, to be typed.
    ///
    /// # Errors
    ///
    /// Those of [`path_parameter`](Self::path_parameter).
    pub fn path_value(
        &self,
        operation: &Operation,
        name: &'static str,
    ) -> Result<Given<Cow<'_, str>>, Rejection> {
        let value = self.segment(operation, name)?;
        Ok(Given {
            kind: "path",
            name,
            value: Some(value),
        })
    }

    /// A query parameter, to be typed.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    pub fn query_value(&self, name: &'static str) -> Result<Given<Cow<'_, str>>, Rejection> {
        Ok(Given {
            kind: "query",
            name,
            value: self.query(name)?,
        })
    }

    /// A header that is a parameter of the operation, to be typed.
    ///
    /// # Errors
    ///
    /// A header that is given twice, or is not text.
    pub fn header_value(&self, name: &'static str) -> Result<Given<Cow<'_, str>>, Rejection> {
        let mut values = self.parts.headers.get_all(name).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => None,
            (Some(value), None) => {
                let text = value.to_str().map_err(|_| "is not text");
                let malformed =
                    |reason| Rejection::malformed(format!("header parameter {name}"), reason);
                Some(Cow::Borrowed(text.map_err(malformed)?))
            }
            (Some(_), Some(_)) => {
                return Err(Rejection::malformed(
                    format!("header parameter {name}"),
                    "is given more than once",
                ));
            }
        };
        Ok(Given {
            kind: "header",
            name,
            value,
        })
    }

    /// The JSON body, validated against its schema. The media type is not looked at.
    ///
    /// # Errors
    ///
    /// A body that is not JSON or not valid; the reason tells where, and never quotes a value.
    pub fn json<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        schema: &Schema,
    ) -> Result<T, Rejection> {
        let value = self.value(operation)?;
        schema.check(&value)?;
        // Once more in case of an error, which is rare by now, because keeping the path costs every body.
        T::deserialize(value).or_else(|_| {
            serde_path_to_error::deserialize(self.value(operation)?).map_err(|error| {
                // serde's message quotes the value, so only the place is kept.
                Rejection::malformed(
                    format!("body {}", pointer(error.path())),
                    "has a value that no type here can hold",
                )
            })
        })
    }

    /// The JSON body as its operation reads it.
    fn value(&self, operation: &Operation) -> Result<Value, Rejection> {
        let empty = || Value::Object(Map::new());
        if self.body.is_empty() {
            if operation.body_required {
                return Err(Rejection::malformed("body", "is empty; it must be JSON"));
            }
            return Ok(empty());
        }
        let mut value: Value = serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Rejection::malformed(
                "body",
                format!("is not JSON, from line {line} column {column} on"),
            )
        })?;
        if value.is_null() && !operation.body_required {
            return Ok(empty());
        }
        if operation.null_is_absent {
            drop_null_members(&mut value);
        }
        Ok(value)
    }
}

/// Takes away members that are null, in objects at any depth. Elements of arrays stay: they are no members.
fn drop_null_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // Moving the members that stay costs more than looking.
            if members.values().any(Value::is_null) {
                members.retain(|_, member| !member.is_null());
            }
            members.values_mut().for_each(drop_null_members);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_null_members),
        _ => {}
    }
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{key}")),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// Decodes percent-encoding strictly: a stray `%` is an error, and so is what is not UTF-8.
fn decode(text: &str, plus_is_space: bool) -> Result<Cow<'_, str>, &'static str> {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| *byte != b'%' && !(plus_is_space && *byte == b'+');
    if bytes.iter().all(plain) {
        return Ok(Cow::Borrowed(text));
    }
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter();
    while let Some(&byte) = rest.next() {
        decoded.push(match byte {
            b'+' if plus_is_space => b' ',
            b'%' => {
                let mut digit = || {
                    rest.next()
                        .and_then(|digit| char::from(*digit).to_digit(16))
                };
                let (Some(high), Some(low)) = (digit(), digit()) else {
                    return Err(
                        "is badly percent-encoded: `%` stands before two hexadecimal digits",
                    );
                };
                u8::try_from(high * 16 + low).unwrap_or_default()
            }
            byte => byte,
        });
    }
    let decoded = String::from_utf8(decoded);
    decoded
        .map(Cow::Owned)
        .map_err(|_| "is not UTF-8 once it is percent-decoded")
}

/// A parameter on its way to its type.
#[derive(Debug)]
pub struct Given<T> {
    kind: &'static str,
    name: &'static str,
    value: Option<T>,
}

impl<T> Given<T> {
    /// The value, which must be there.
    ///
    /// # Errors
    ///
    /// It is absent.
    pub fn required(self) -> Result<T, Rejection> {
        let Self { kind, name, value } = self;
        value.ok_or_else(|| Rejection::malformed(format!("{kind} parameter {name}"), "is missing"))
    }

    /// The value, if it is there.
    pub fn optional(self) -> Option<T> {
        self.value
    }

    fn map<U>(
        self,
        change: impl FnOnce(T) -> Result<Option<U>, String>,
    ) -> Result<Given<U>, Rejection> {
        let Self { kind, name, value } = self;
        let value = match value {
            None => None,
            Some(value) => change(value).map_err(|reason| {
                Rejection::malformed(format!("{kind} parameter {name}"), reason)
            })?,
        };
        Ok(Given { kind, name, value })
    }
}

impl Given<Cow<'_, str>> {
    /// Any text.
    pub fn text(self) -> Given<String> {
        let Self { kind, name, value } = self;
        let value = value.map(Cow::into_owned);
        Given { kind, name, value }
    }

    /// Text with a form of its own. The type's own message must not quote the value.
    ///
    /// # Errors
    ///
    /// Text of another form.
    pub fn parse<T: FromStr<Err: fmt::Display>>(self) -> Result<Given<T>, Rejection> {
        self.map(|text| {
            text.parse()
                .map(Some)
                .map_err(|error: T::Err| error.to_string())
        })
    }

    /// `true` or `false`.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn boolean(self) -> Result<Given<bool>, Rejection> {
        self.map(|text| match &*text {
            "true" => Ok(Some(true)),
            "false" => Ok(Some(false)),
            _ => Err("must be `true` or `false`".to_owned()),
        })
    }

    /// A point in time: ISO 8601 with an offset, or a plain date, which is its midnight in UTC.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn timestamp(self) -> Result<Given<Timestamp>, Rejection> {
        self.map(|text| {
            let midnight = |date: Date| Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp());
            // A date and time without an offset is a date to jiff, which then leaves the time out.
            let date = || (text.len() == "2024-05-13".len()).then(|| text.parse::<Date>().ok())?;
            let time = text.parse().ok().or_else(|| midnight(date()?));
            time.map(Some).ok_or_else(|| {
                "must be an ISO 8601 time such as `2024-05-13T04:59:02.640Z`, or a date such as `2024-05-13`".to_owned()
            })
        })
    }

    /// A whole number within a range.
    ///
    /// # Errors
    ///
    /// Anything else.
    pub fn integer<T: TryFrom<i64>>(
        self,
        range: RangeInclusive<i64>,
    ) -> Result<Given<T>, Rejection> {
        self.map(|text| {
            let number = text
                .parse::<i64>()
                .ok()
                .filter(|number| range.contains(number));
            match number.and_then(|number| T::try_from(number).ok()) {
                Some(number) => Ok(Some(number)),
                None => Err(format!(
                    "must be a whole number from {} to {}",
                    range.start(),
                    range.end()
                )),
            }
        })
    }

    /// One of some words.
    ///
    /// # Errors
    ///
    /// Another word.
    pub fn word<T: FromStr>(self, allowed: &[&str]) -> Result<Given<T>, Rejection> {
        self.map(|text| known(&text, allowed).map(Some))
    }

    /// Some words, separated by commas. Empty text counts as absent.
    ///
    /// # Errors
    ///
    /// Another word.
    pub fn words<T: FromStr>(self, allowed: &[&str]) -> Result<Given<Vec<T>>, Rejection> {
        self.map(|text| {
            if text.is_empty() {
                return Ok(None);
            }
            let words = text.split(',').map(|word| known(word, allowed));
            words.collect::<Result<_, _>>().map(Some)
        })
    }

    /// Texts, separated by commas. Empty text counts as absent.
    pub fn texts(self) -> Given<Vec<String>> {
        let Self { kind, name, value } = self;
        let value = value.filter(|text| !text.is_empty());
        let value = value.map(|text| text.split(',').map(str::to_owned).collect());
        Given { kind, name, value }
    }
}

fn known<T: FromStr>(word: &str, allowed: &[&str]) -> Result<T, String> {
    let found = allowed.contains(&word).then(|| word.parse().ok()).flatten();
    found.ok_or_else(|| {
        format!(
            "has the unknown value `{word}`; known are {}",
            allowed.join(", ")
        )
    })
}

/// Why a request cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Of what kind.
    pub kind: RejectionKind,
    /// Where: `body /users/1`, `path parameter user_id`, `query parameter limit`.
    pub place: String,
    /// What is wrong there, as the rest of a sentence that begins with the place.
    pub reason: String,
}

/// Kinds of [`Rejection`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionKind {
    /// It has not the form that the spec asks for.
    Malformed,
    /// Its body is larger than the limit.
    TooLarge,
}

impl Rejection {
    /// A rejection of a form that the spec does not allow.
    pub fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind: RejectionKind::Malformed,
            place: place.into(),
            reason: reason.into(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.reason)
    }
}

impl std::error::Error for Rejection {}

/// Schema of a JSON body; its validator is compiled when it is first used.
pub struct Schema {
    document: &'static str,
    name: &'static str,
    validator: OnceLock<jsonschema::Validator>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Schema {
    /// A component schema of a generated `schemas.json`.
    pub const fn new(document: &'static str, name: &'static str) -> Self {
        Self {
            document,
            name,
            validator: OnceLock::new(),
        }
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong. Quotes no value.
    pub fn check(&self, value: &Value) -> Result<(), Rejection> {
        self.validator().validate(value).map_err(|error| {
            let place = error.instance_path().as_str();
            let place = if place.is_empty() {
                "body".to_owned()
            } else {
                format!("body {place}")
            };
            let (reason, rule) = (
                error.masked().to_string(),
                error.kind().keyword().to_owned(),
            );
            Rejection::malformed(place, format!("is not valid: {reason} (rule `{rule}`)"))
        })
    }

    /// Compiles the validator without using it; for tests, which thereby prove that [`check`](Self::check) always can.
    ///
    /// # Errors
    ///
    /// What is wrong with the schema.
    pub fn compile(&self) -> Result<(), String> {
        compile(self.document, self.name).map(drop)
    }

    fn validator(&self) -> &jsonschema::Validator {
        self.validator.get_or_init(|| {
            #[expect(
                clippy::expect_used,
                reason = "the document is generated and built in, and a test compiles every schema of it"
            )]
            compile(self.document, self.name).expect("a generated schema compiles")
        })
    }
}

fn compile(document: &str, name: &str) -> Result<jsonschema::Validator, String> {
    let mut document: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
    let root = document
        .as_object_mut()
        .ok_or("the document is no object")?;
    root.insert(
        "$ref".to_owned(),
        json!(format!("#/components/schemas/{name}")),
    );
    let options = jsonschema::options().should_validate_formats(true);
    options.build(&document).map_err(|error| error.to_string())
}

/// Largest [`SCRATCH`] that is kept.
const SCRATCH_LIMIT: usize = 64 * 1024;

thread_local! {
    /// Where answers are written before they are copied out at their very size, which costs less than to let each grow.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Status.
    pub status: StatusCode,
    /// Body, which is JSON. Empty where the answer has none.
    pub body: Bytes,
}

impl Reply {
    /// An answer without a body.
    pub const fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: Bytes::new(),
        }
    }

    /// An answer with a JSON body.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let mut written = SCRATCH.take();
        written.clear();
        let reply = match serde_json::to_writer(&mut written, body) {
            Ok(()) => Self {
                status,
                body: Bytes::copy_from_slice(&written),
            },
            // Only a map whose keys are no strings gets here, and no spec can describe one.
            Err(_) => Self {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                body: Bytes::from_static(br#"{"error":"an answer could not be written as JSON"}"#),
            },
        };
        if written.capacity() <= SCRATCH_LIMIT {
            SCRATCH.set(written);
        }
        reply
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let empty = self.body.is_empty();
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        if !empty {
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
        }
        response
    }
}

#[cfg(test)]
mod tests;
