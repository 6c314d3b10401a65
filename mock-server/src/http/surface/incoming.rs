//! A request with its body: its path, query, headers and body. Knows no API.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Mutex, OnceLock, PoisonError};

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::header::{AsHeaderName, CONTENT_ENCODING};
use http::{HeaderMap, request};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::bounds::{self, FileBounds};
use super::extent::Extent;
use super::fault;
use super::given::Given;
use super::intake::{Fault, is_no_chunk};
use super::operation::Operation;
use super::rejection::{Rejection, RejectionKind};
use super::schema::{Schema, drop_null_members, has_null, has_point};
use super::unknown::{self, Unknown};
use crate::bounds::{CONTAINERS, PARAMETER};
use crate::unambiguous;

/// How the warning of a broken answer begins; tests look for it.
const BROKEN: &str = "the answer breaks the spec";

/// A request, its body read. `Debug` leaves out headers, query and body, which hold credentials.
pub struct Incoming {
    /// Method, target and headers as sent.
    pub parts: request::Parts,
    /// The body; empty if the operation has none.
    pub body: Bytes,
    /// Whether members and query parameters that the spec does not have are refused, and members that are given twice.
    /// Otherwise they are ignored, and the last one counts.
    pub(super) strict: bool,
    /// The bounds of the body, if it is a whole file. What reads the file knows the bounds of what is in it.
    pub(super) file: Option<FileBounds>,
    /// Names that the spec does not have and that were ignored.
    ignored: OnceLock<Mutex<Vec<Unknown>>>,
    /// What is wrong with its answer by the spec.
    broken: OnceLock<String>,
    /// What the steps of its operation have to say of it.
    remarks: OnceLock<String>,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("method", &self.parts.method)
            .field("body_length", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The members of a body in which null takes a member away. `Debug` leaves out their values, which hold credentials.
#[derive(Clone, Default, PartialEq)]
pub struct Members(pub Map<String, Value>);

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

/// How the reading of a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// With the body, or without having begun.
    Reached,
    /// Before the announced length, since what had come was one whole JSON value.
    Early,
}

impl Incoming {
    /// A request whose body is not read yet.
    pub fn new(parts: request::Parts, strict: bool) -> Self {
        Self {
            parts,
            body: Bytes::new(),
            strict,
            file: None,
            ignored: OnceLock::new(),
            broken: OnceLock::new(),
            remarks: OnceLock::new(),
        }
    }

    /// What the mock has ignored of the request because the spec does not have it, as a sentence.
    pub fn ignored(&self) -> Option<String> {
        let ignored = self.ignored.get()?;
        unknown::warning(&ignored.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Keeps what is wrong with the answer, which is a bug of the mock.
    pub(super) fn breaks(&self, fault: String) {
        let _ = self.broken.set(fault);
    }

    /// What is wrong with the answer by the spec, as a sentence.
    pub fn broken(&self) -> Option<String> {
        let fault = self.broken.get()?;
        Some(format!(
            "{BROKEN}: {fault}. This is a bug of the mock: please report it"
        ))
    }

    /// Keeps what the steps of its operation have to say of it.
    pub(super) fn remark(&self, remarks: String) {
        let _ = self.remarks.set(remarks);
    }

    /// What the steps of its operation have to say of it.
    pub fn remarks(&self) -> Option<String> {
        self.remarks.get().cloned()
    }

    /// Refuses names that the spec does not have, or keeps them for [`ignored`](Self::ignored).
    fn judge(&self, all: Vec<Unknown>) -> Result<(), Rejection> {
        if self.strict {
            return unknown::rejection(&all).map_or(Ok(()), Err);
        }
        if !all.is_empty() {
            let ignored = self.ignored.get_or_init(Mutex::default);
            let mut ignored = ignored.lock().unwrap_or_else(PoisonError::into_inner);
            ignored.extend(all);
            ignored.truncate(unknown::TOLD);
        }
        Ok(())
    }

    /// Reads the body. Some clients announce more bytes than they send and then wait for the answer, so the reading
    /// ends as soon as what has come is one whole JSON value.
    pub(super) async fn read(
        &mut self,
        operation: &Operation,
        mut body: Body,
        limit: usize,
    ) -> Result<End, Rejection> {
        if operation.body.is_none() && !self.strict {
            return Ok(End::Reached);
        }
        if let Some(coding) = coding(&self.parts.headers) {
            return Err(Rejection {
                kind: RejectionKind::Encoded,
                place: "header Content-Encoding".to_owned(),
                reason: format!(
                    "is {coding}; the mock reads bodies as they are: send this one without a content coding"
                ),
            });
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
            let frame = match frame {
                Ok(frame) => frame,
                Err(error) => {
                    let fault = Fault::of(&error);
                    let broken = || match is_no_chunk(&error) {
                        true => Rejection::malformed(
                            "body",
                            "is not in chunks as Transfer-Encoding says: each begins with its size in hexadecimal digits, \
                             and ends with a line break",
                        ),
                        false => Rejection::malformed("body", "ended too early"),
                    };
                    return Err(fault.map_or_else(broken, Rejection::from));
                }
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

    /// Looks for what the operation does not have: a query parameter, or a body where it takes none.
    ///
    /// # Errors
    ///
    /// They are unknown, and unknown names are refused. The reason suggests the nearest known name.
    pub(super) fn known(&self, operation: &Operation) -> Result<(), Rejection> {
        let query = self.parts.uri.query().unwrap_or_default();
        let mut unknown = Vec::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            let name = match decode(name, true) {
                Ok(name) => name,
                Err(reason) if self.strict => {
                    return Err(Rejection::malformed("name of a query parameter", reason));
                }
                Err(_) => continue,
            };
            let known = operation.query_parameters;
            if !known.contains(&&*name) && unknown.len() < unknown::TOLD {
                let one = Unknown::query_parameter(&name, known);
                // One that is given twice is told once.
                if !unknown.contains(&one) {
                    unknown.push(one);
                }
            }
        }
        self.judge(unknown)?;
        if !self.strict {
            return Ok(());
        }
        let body = self.body.trim_ascii();
        if operation.body.is_none() && !matches!(body, b"" | b"{}" | b"null") {
            let reason = "must be empty: this operation takes no body";
            return Err(Rejection::malformed("body", reason));
        }
        Ok(())
    }

    /// Path and query as sent.
    pub fn target(&self) -> &str {
        self.parts
            .uri
            .path_and_query()
            .map_or("/", |target| target.as_str())
    }

    /// A header, if it is present and is text. None if there are several: a proxy may go by one, and the mock by another.
    pub fn header(&self, name: impl AsHeaderName) -> Option<&str> {
        only(&self.parts.headers, name)
    }

    /// Whether a header is there more than once.
    pub fn repeats(&self, name: impl AsHeaderName) -> bool {
        repeats(&self.parts.headers, name)
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
            |reason: String| Rejection::malformed(format!("path parameter {name}"), reason);
        let parameter = operation
            .path_parameters
            .iter()
            .find(|(other, _)| *other == name);
        let segment = parameter.and_then(|(_, index)| {
            let path = self.parts.uri.path();
            nth_segment(path.strip_prefix('/').unwrap_or(path), *index)
        });
        match segment {
            None | Some("") => Err(malformed("is empty".to_owned())),
            Some(segment) => decode(segment, operation.plus_is_space)
                .and_then(short)
                .map_err(malformed),
        }
    }

    /// A query parameter, form-decoded; `None` if it is absent.
    ///
    /// # Errors
    ///
    /// A parameter that is given twice, is badly percent-encoded, or is not UTF-8.
    pub fn query(&self, name: &str) -> Result<Option<Cow<'_, str>>, Rejection> {
        let malformed =
            |reason: String| Rejection::malformed(format!("query parameter {name}"), reason);
        let mut found = None;
        for pair in self.parts.uri.query().unwrap_or_default().split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            // A name that cannot be decoded matches no parameter of a spec.
            let same = key == name
                || (key.contains(['%', '+']) && decode(key, true).is_ok_and(|key| key == name));
            if !same {
                continue;
            }
            if found.is_some() {
                return Err(malformed("is given more than once".to_owned()));
            }
            found = Some(decode(value, true).and_then(short).map_err(malformed)?);
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
        Ok(Given::new("path", name, Some(value)))
    }

    /// A query parameter, to be typed.
    ///
    /// # Errors
    ///
    /// Those of [`query`](Self::query).
    pub fn query_value(&self, name: &'static str) -> Result<Given<Cow<'_, str>>, Rejection> {
        Ok(Given::new("query", name, self.query(name)?))
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
                let text = value.to_str().map_err(|_| "is not text".to_owned());
                let text = text.map(Cow::Borrowed).and_then(short);
                let malformed =
                    |reason| Rejection::malformed(format!("header parameter {name}"), reason);
                Some(text.map_err(malformed)?)
            }
            (Some(_), Some(_)) => {
                return Err(Rejection::malformed(
                    format!("header parameter {name}"),
                    "is given more than once",
                ));
            }
        };
        Ok(Given::new("header", name, value))
    }

    /// The JSON body, validated against its schema. The media type is ignored.
    ///
    /// # Errors
    ///
    /// A body that is not JSON or not valid; the reason names the place and never quotes a value.
    pub fn json<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        schema: &Schema,
    ) -> Result<T, Rejection> {
        let value = self.value(operation, schema)?;
        self.judge(schema.unknown_members(&value))?;
        schema.check(&value)?;
        if self.file.is_none() {
            bounds::within(&value)?;
        }
        // Once more in case of an error, which is rare by now, because keeping the path costs every body.
        T::deserialize(value).or_else(|_| typed(self.value(operation, schema)?))
    }

    /// The members of a body in which null takes a member away, validated against its schema and read as its type `T`
    /// without these. Members that the schema does not know are left out, or refused where it says so.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    pub fn members<T: DeserializeOwned>(
        &self,
        operation: &Operation,
        schema: &Schema,
    ) -> Result<Members, Rejection> {
        let mut value = self.value(operation, schema)?;
        bounds::within(&value)?;
        let unknown = schema.unknown_members(&value);
        if !self.strict {
            schema.keep_known(&mut value)?;
        }
        self.judge(unknown)?;
        let mut given = value.clone();
        drop_null_members(&mut given);
        schema.check(&given)?;
        // What is kept is answered by a type like this one, so what it cannot hold is refused before it is kept.
        typed::<T>(given)?;
        match value {
            Value::Object(members) => Ok(Members(members)),
            // The schema of every such body is that of an object.
            _ => Err(Rejection::malformed("body", "is no object")),
        }
    }

    /// The JSON body as its operation reads it.
    fn value(&self, operation: &Operation, schema: &Schema) -> Result<Value, Rejection> {
        let empty = || Value::Object(Map::new());
        if self.body.is_empty() {
            if operation.body_required {
                return Err(Rejection::malformed("body", "is empty; it must be JSON"));
            }
            return Ok(empty());
        }
        let containers = self.file.map_or(CONTAINERS, |file| file.containers);
        bounds::few_containers(&self.body, containers)?;
        // What a vendor makes of a member that is given twice is unknown; serde_json takes the last.
        let read = if self.strict {
            unambiguous::json(&self.body)
        } else {
            // To see at once that all of it is text costs less than to see that of each piece.
            match std::str::from_utf8(&self.body) {
                Ok(text) => serde_json::from_str(text),
                Err(_) => serde_json::from_slice(&self.body),
            }
        };
        let mut value: Value = read.map_err(|error| {
            let reason = if error.is_data() {
                format!("is ambiguous: {error}")
            } else {
                let of_encoding = unambiguous::encoding_fault(&self.body).map(str::to_owned);
                of_encoding.unwrap_or_else(|| unambiguous::syntax_fault(&error))
            };
            Rejection::malformed("body", reason)
        })?;
        if value.is_null() && !operation.body_required {
            return Ok(empty());
        }
        if operation.null_is_absent && has_null(&value) {
            schema.drop_null_members(&mut value);
        }
        // Hardly any body has a number with a point, and only these may stand for whole ones.
        if has_point(&value) {
            schema.read_whole_numbers(&mut value);
        }
        Ok(value)
    }
}

/// A value as its type.
fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Rejection> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        // serde's message quotes the value, so only the place is kept.
        Rejection::malformed(
            format!("body {}", pointer(error.path())),
            "has a value outside the range of its type",
        )
    })
}

/// The coding of a body, where it has one. Pages, which have no operation, ask this too.
pub fn coding(headers: &HeaderMap) -> Option<String> {
    let codings = headers.get_all(CONTENT_ENCODING).iter();
    let codings: Vec<_> = codings
        .map(|coding| String::from_utf8_lossy(coding.as_bytes()))
        .collect();
    let mut each = codings.iter().flat_map(|codings| codings.split(','));
    each.any(|coding| !matches!(coding.trim().to_ascii_lowercase().as_str(), "" | "identity"))
        .then(|| fault::brief(&codings.join(", ")).into_owned())
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

/// Decodes percent-encoding strictly: a stray `%` is an error, and so is text that is not UTF-8.
fn decode(text: &str, plus_is_space: bool) -> Result<Cow<'_, str>, String> {
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
                    let why = "is badly percent-encoded: two hexadecimal digits must follow `%`";
                    return Err(why.to_owned());
                };
                u8::try_from(high * 16 + low).unwrap_or_default()
            }
            byte => byte,
        });
    }
    let decoded = String::from_utf8(decoded);
    decoded
        .map(Cow::Owned)
        .map_err(|_| "is not UTF-8 after percent-decoding".to_owned())
}

/// Whether a header is there more than once. Most requests repeat none at all, and no name is looked up in those.
pub(crate) fn repeats(headers: &HeaderMap, name: impl AsHeaderName) -> bool {
    headers.keys_len() < headers.len() && headers.get_all(name).iter().nth(1).is_some()
}

/// A header, if it is present exactly once and is text.
pub(crate) fn only(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)?.to_str().ok()
}

/// The part of a path between two slashes.
fn nth_segment(path: &str, index: usize) -> Option<&str> {
    let mut slashes = memchr::memchr_iter(b'/', path.as_bytes());
    let start = match index.checked_sub(1) {
        Some(before) => slashes.nth(before)? + 1,
        None => 0,
    };
    path.get(start..slashes.next().unwrap_or(path.len()))
}

/// A parameter that is not too long.
fn short(text: Cow<'_, str>) -> Result<Cow<'_, str>, String> {
    if text.len() > PARAMETER {
        return Err(format!(
            "is too long: {} bytes; it must have at most {PARAMETER}",
            text.len()
        ));
    }
    Ok(text)
}
