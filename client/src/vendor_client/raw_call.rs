//! Calls of endpoints that no description lists: their target, and their answer. Must not know any API.

use http::header::HeaderValue;
use http::{Method, header};
use reqwest::{Body, Request};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use crate::error::{Error, Kind, Reason, Result};
use crate::transport::answer::Answer;
use crate::transport::{Facts, Operation, RetryClass};

/// The name of such calls in errors, spans and metrics.
pub(crate) const OPERATION: &str = "send_raw";

/// A request of an endpoint, and what may be said of it: never its path, which can hold ids.
pub(crate) fn request(
    server: &str,
    method: Method,
    path: &str,
    body: Option<Value>,
) -> Result<(Operation, Request)> {
    let url = target(server, path)?;
    if method == Method::CONNECT {
        let error = Error::new(Kind::InvalidInput)
            .with_detail("CONNECT asks a proxy for a tunnel, and no API for anything");
        return Err(error.with_call(OPERATION, &Facts::default()));
    }
    let operation = Operation {
        id: OPERATION,
        // The names of OpenTelemetry's `http.request.method`.
        method: match method.as_str() {
            "GET" => "GET",
            "HEAD" => "HEAD",
            "OPTIONS" => "OPTIONS",
            "POST" => "POST",
            "PUT" => "PUT",
            "PATCH" => "PATCH",
            "DELETE" => "DELETE",
            _ => "_OTHER",
        },
        path: "",
        retry: match method {
            Method::GET | Method::HEAD | Method::OPTIONS => RetryClass::Safe,
            _ => RetryClass::Never,
        },
        security: &[],
    };
    let mut request = Request::new(method, url);
    if let Some(body) = body {
        let json = HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        *request.body_mut() = Some(Body::from(body.to_string()));
    }
    Ok((operation, request))
}

/// The URL of a path at a server, if it stays below the server's base URL: credentials go nowhere else.
fn target(server: &str, path: &str) -> Result<Url> {
    let refused = |why: &'static str| {
        Error::new(Kind::InvalidInput)
            .with_detail(why)
            .with_call(OPERATION, &Facts::default())
    };
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(refused("the path does not begin with one `/`"));
    }
    if path.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '#' | '\\')) {
        let why = "the path holds white space, a control character, `#` or `\\`; percent-encode it";
        return Err(refused(why));
    }
    let is_dots = |segment: &str| {
        let segment = segment.to_ascii_lowercase().replace("%2e", ".");
        matches!(segment.as_str(), "." | "..")
    };
    let only_path = path.split('?').next().unwrap_or_default();
    if only_path.split('/').any(is_dots) {
        return Err(refused("the path holds a segment `.` or `..`"));
    }
    Url::parse(&format!("{server}{path}")).map_err(|_| refused("the path cannot be part of a URL"))
}

/// The answer to such a request. `E` is the API's form of errors.
pub(crate) fn answer<E: Reason + DeserializeOwned>(
    answer: reqwest::Result<Answer>,
    facts: &Facts,
) -> Result<Value> {
    let fail = |error: Error| error.with_call(OPERATION, facts);
    let answer = answer.map_err(|error| Error::unanswered(error, OPERATION, facts))?;
    let (status, body) = (answer.status(), answer.body());
    if !status.is_success() {
        return Err(fail(Error::answered::<E>(status.as_u16(), body)));
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    Error::decode(body).map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_below_the_base_url() {
        for (path, url) in [
            ("/v1/x", "https://h.example/base/v1/x"),
            ("/v1/x?a=../b", "https://h.example/base/v1/x?a=../b"),
            ("/a%2Fb/@", "https://h.example/base/a%2Fb/@"),
        ] {
            let target = target("https://h.example/base", path).unwrap();
            assert_eq!(target.as_str(), url);
        }
        for path in [
            "",
            "MARKED",
            "//MARKED",
            "@MARKED",
            ":1/MARKED",
            "https://MARKED/",
            "/..",
            "/../MARKED",
            "/MARKED/.%2E/b",
            "/%2e/MARKED",
            "/MARKED#",
            "/MARKED\\..",
            "/MARKED\n",
            "/MARKED b",
        ] {
            let error = target("https://h.example/base", path).unwrap_err();
            assert_eq!(error.kind(), Kind::InvalidInput, "{path}");
            assert!(!format!("{error} {error:?}").contains("MARKED"));
        }
    }

    #[test]
    fn verbs_that_only_read_may_be_repeated() {
        for (method, retry, name) in [
            (Method::GET, RetryClass::Safe, "GET"),
            (Method::HEAD, RetryClass::Safe, "HEAD"),
            (Method::OPTIONS, RetryClass::Safe, "OPTIONS"),
            (Method::POST, RetryClass::Never, "POST"),
            (Method::PUT, RetryClass::Never, "PUT"),
            (Method::PATCH, RetryClass::Never, "PATCH"),
            (Method::DELETE, RetryClass::Never, "DELETE"),
            ("PURGE".parse().unwrap(), RetryClass::Never, "_OTHER"),
        ] {
            let (operation, _) = request("http://h", method, "/x", None).unwrap();
            assert_eq!((operation.retry, operation.method), (retry, name));
        }
    }
}
