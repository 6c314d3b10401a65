//! What the journal keeps of a request and its answer. Knows no operation.
//!
//! - `masking`: the part of a body that may be shown

pub(crate) mod masking;

use http::header::{
    AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
    USER_AGENT,
};
use http::{Method, Version};

use crate::bounds::JOURNAL_HEADERS;
use crate::domain::activeconnect::signature;
use crate::http::faults::user_in_path;
use crate::http::surface::{Incoming, Operation, Reply};
use crate::remark;
use crate::runtime::journal::{HEADERS_LEFT_OUT, HttpVersion, Note, Wire};

/// What is told of an action that was let through instead of challenged.
pub(crate) const LACKED_AUTHENTICATOR: &str = "CHALLENGE was decided, but the user had no authenticator, so the action is ALLOW; enrol one before track";

/// What a request and its answer carried, for the journal. Goes through the headers once, because look-ups of four of them
/// cost each request twice as much.
pub(crate) fn carried<'a>(headers: &'a HeaderMap, request: &'a [u8], answer: &'a [u8]) -> Wire<'a> {
    let (mut user_agent, mut content_type) = (None, None);
    let (mut authorization, mut authentication) = (None, None);
    let mut others = Vec::with_capacity(ORDINARY_HEADERS);
    let mut is_full = false;
    for (name, value) in headers {
        let only = match *name {
            USER_AGENT => &mut user_agent,
            CONTENT_TYPE => &mut content_type,
            AUTHORIZATION => &mut authorization,
            _ if name == signature::AUTHENTICATION => &mut authentication,
            _ if is_full || !is_kept(name) => continue,
            _ => {
                is_full = !keep(&mut others, name, value);
                continue;
            }
        };
        // Of several, the first counts.
        only.get_or_insert_with(|| value.to_str().unwrap_or_default());
    }
    let credentials = [authorization, authentication].into_iter().flatten();
    let mut credentials = credentials.filter(|credentials| !credentials.is_empty());
    Wire {
        user_agent: user_agent.unwrap_or_default(),
        content_type: content_type.unwrap_or_default(),
        scheme: credentials.next().map_or("", scheme),
        headers: others,
        request,
        answer,
    }
}

/// The scheme of credentials.
fn scheme(credentials: &str) -> &'static str {
    let mut known = ["Basic", "Bearer", "hmac"].into_iter();
    let begins = known.find(|scheme| {
        let begins = credentials.split_at_checked(scheme.len());
        begins.is_some_and(|(word, rest)| {
            scheme.eq_ignore_ascii_case(word) && (rest.is_empty() || rest.starts_with(' '))
        })
    });
    // Any other beginning may be the secret itself.
    begins.unwrap_or("unknown scheme")
}

/// The version of HTTP of a request, for the journal.
pub(crate) fn version(version: Version) -> HttpVersion {
    match version {
        Version::HTTP_09 | Version::HTTP_10 => HttpVersion::Http10,
        Version::HTTP_2 => HttpVersion::Http2,
        _ => HttpVersion::Http11,
    }
}

/// Room for the headers that ordinary clients send.
const ORDINARY_HEADERS: usize = 256;

/// Whether the journal keeps the values of a header. It keeps no credentials.
pub(crate) fn is_kept(name: &HeaderName) -> bool {
    !matches!(*name, AUTHORIZATION | PROXY_AUTHORIZATION | COOKIE)
        && name != signature::AUTHENTICATION
}

/// Adds a header to those that the journal keeps as they came, a line each. Says whether it had room.
fn keep(lines: &mut Vec<u8>, name: &HeaderName, value: &HeaderValue) -> bool {
    let parts = [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"];
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let has_room = lines.len() + length <= JOURNAL_HEADERS - HEADERS_LEFT_OUT.len();
    if has_room {
        parts.iter().for_each(|part| lines.extend_from_slice(part));
    } else {
        lines.extend_from_slice(HEADERS_LEFT_OUT);
    }
    has_room
}

/// The note of a request to an operation, and its answer.
pub(crate) fn answered<'a>(
    api: &'static str,
    operation: &'static Operation,
    incoming: &'a Incoming,
    target: String,
    reply: &'a Reply,
    reason: Option<String>,
) -> Note<'a> {
    Note {
        api,
        operation: Some(operation.id),
        user_id: user_in_path(operation, incoming),
        version: version(incoming.parts.version),
        // The router sends HEAD where it sends GET.
        method: match incoming.parts.method {
            Method::HEAD => "HEAD".into(),
            _ => operation.method.into(),
        },
        target,
        status: reply.status.as_u16(),
        reason,
        evaluation: None,
        warning: incoming.broken().or_else(|| {
            let planned = reply.planned.as_ref().map(|planned| planned.told.clone());
            both(planned, incoming.remarks())
        }),
        ignored: incoming.ignored(),
        wire: carried(&incoming.parts.headers, &incoming.body, &reply.body),
    }
}

/// Two warnings as one, if there are both. What both say stands there once: a scenario can have a fault for a request and
/// decide its action, too.
pub(crate) fn both(first: Option<String>, second: Option<String>) -> Option<String> {
    match (first, second) {
        (Some(first), Some(second)) => remark::joined([first, second]),
        (first, second) => first.or(second),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::carried;

    #[test]
    fn of_other_headers_lines_are_kept_and_no_credentials() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Basic c2VjcmV0Og=="),
            ("authentication", "hmac a:b:c"),
            ("proxy-authorization", "secret"),
            ("cookie", "secret"),
            ("user-agent", "agent/1"),
            ("content-type", "application/json"),
            ("x-trace", "7"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        headers.append("x-trace", HeaderValue::from_static("8"));
        assert_eq!(
            carried(&headers, b"", b"").headers,
            b"x-trace: 7\nx-trace: 8\n"
        );
        let long = HeaderValue::from_str(&"x".repeat(3000)).unwrap();
        headers.insert("x-long", long);
        assert!(carried(&headers, b"", b"").headers.len() < 50);
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
}
