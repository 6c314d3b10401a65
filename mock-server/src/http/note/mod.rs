//! What the journal keeps of a request and its answer. Knows no operation.
//!
//! - `masking`: the part of a body that may be shown

pub(crate) mod masking;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, USER_AGENT};

use crate::domain::activeconnect::signature;
use crate::http::surface::{Incoming, Operation, Reply};
use crate::runtime::journal::{Note, Wire};

/// What a request and its answer carried, for the journal.
pub(crate) fn carried<'a>(headers: &'a HeaderMap, request: &'a [u8], answer: &'a [u8]) -> Wire<'a> {
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
        // Any other beginning may be the secret itself.
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
        method: operation.method.into(),
        target,
        status: reply.status.as_u16(),
        reason,
        evaluation: None,
        warning: incoming
            .broken()
            .or_else(|| reply.planned.as_ref().map(|planned| planned.told.clone())),
        ignored: incoming.ignored(),
        wire: carried(&incoming.parts.headers, &incoming.body, &reply.body),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::carried;

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
