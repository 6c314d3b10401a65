//! Hosts, origins and URLs: the names of this server, and the origin of a request. Knows no API.

use std::net::IpAddr;

use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN, USER_AGENT};

use super::surface::Rejection;

/// Whether a request comes from a web page of another origin. Such a page can send requests even if it cannot read the
/// answers, so operations that need no secret of the caller refuse it. Only browsers send the headers that this checks.
/// If a request has no `Origin`, such as a navigation or an image, `Sec-Fetch-Site` shows where the page comes from. A
/// page of this machine at another port is `same-site`.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    if sites.any(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let mut origins = headers.get_all(ORIGIN).iter();
    origins.any(|origin| {
        let origin = origin.to_str().ok();
        let authority = origin.and_then(|origin| origin.split_once("://"));
        authority.is_none_or(|(_, authority)| host != Some(authority))
    })
}

/// Whether a request comes from a web page that may be of another origin. Stricter than [`is_foreign`], for operations
/// that no page calls: at a name that is neither localhost nor an IP address of this machine, browsers leave out
/// `Sec-Fetch-Site`, and an image or a link of any page sends a GET without `Origin`. Only its `User-Agent` then shows a
/// browser, and no page can change that.
pub(crate) fn is_from_page(headers: &HeaderMap) -> bool {
    let has = |name: &str| headers.contains_key(name);
    let says_where = has("sec-fetch-site") || has("origin");
    let is_browser = || {
        let agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        agent.is_some_and(|agent| agent.starts_with(b"Mozilla/"))
    };
    is_foreign(headers) || (!says_where && is_browser())
}

/// Why the mock refuses a page of another origin.
pub(crate) const FOREIGN: &str = "the header Origin or Sec-Fetch-Site shows that a web page of another origin sent \
     this request; it needs no credentials, so the mock accepts it only from programs and from its own pages";

/// The host that the caller used. The URLs in the answer start with it.
///
/// # Errors
/// The request names no host.
pub(crate) fn reached(headers: &HeaderMap) -> Result<&HeaderValue, Rejection> {
    let host = headers.get(HOST).filter(|host| is_host(host));
    host.ok_or_else(|| {
        let reason = "is missing or not a host; the mock builds the URLs of its answer from it";
        Rejection::malformed("header Host", reason)
    })
}

/// Whether a `Host` header can stand in a URL.
fn is_host(host: &HeaderValue) -> bool {
    !host.is_empty()
        && host.as_bytes().iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']')
        })
}

/// The URL of this server, from the host that the caller used.
pub(crate) fn base(host: &HeaderValue) -> String {
    // A host is always text: `reached` has checked each byte.
    ["http://", host.to_str().unwrap_or_default()].concat()
}

/// The URL of this server, from the host that the request names. `None` if it names none.
pub(crate) fn base_of(headers: &HeaderMap) -> Option<String> {
    reached(headers).ok().map(base)
}

/// The name in a host, and its port with the colon if it has one.
pub(super) fn split_port(host: &str) -> (&str, &str) {
    match host.rfind([':', ']']) {
        Some(at) if host[at..].starts_with(':') => host.split_at(at),
        _ => (host, ""),
    }
}

/// The URL of this server on localhost, if `base` has a loopback address. A passkey belongs to a domain, and an IP address
/// is not one.
pub(crate) fn on_localhost(base: &str) -> Option<String> {
    let (name, port) = split_port(base.strip_prefix("http://").unwrap_or(base));
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr = bare.parse().ok()?;
    address
        .is_loopback()
        .then(|| ["http://localhost", port].concat())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{is_foreign, is_host, on_localhost};

    #[test]
    fn a_page_is_foreign_unless_it_is_of_this_very_origin() {
        let foreign = |origin: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("127.0.0.1:4750"));
            if let Some(origin) = origin {
                headers.insert("origin", HeaderValue::from_static(origin));
            }
            is_foreign(&headers)
        };
        assert!(!foreign(None) && !foreign(Some("http://127.0.0.1:4750")));
        for origin in ["http://127.0.0.1:4751", "http://localhost:4750", "null", ""] {
            assert!(foreign(Some(origin)), "{origin}");
        }
    }

    #[test]
    fn a_page_is_foreign_that_the_browser_calls_so() {
        let foreign = |site: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("localhost:4750"));
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            is_foreign(&headers)
        };
        assert!(!foreign("same-origin") && !foreign("none"));
        for site in ["cross-site", "same-site", "", "other"] {
            assert!(foreign(site), "{site}");
        }
    }

    #[test]
    fn a_loopback_address_has_localhost_for_a_name() {
        for (base, named) in [
            ("http://127.0.0.1:4750", Some("http://localhost:4750")),
            ("http://127.9.9.9", Some("http://localhost")),
            ("http://[::1]:4750", Some("http://localhost:4750")),
            ("http://[::1]", Some("http://localhost")),
            ("http://localhost:4750", None),
            ("http://192.168.0.7:4750", None),
            ("http://mock.test", None),
        ] {
            assert_eq!(on_localhost(base).as_deref(), named, "{base}");
        }
    }

    #[test]
    fn a_host_is_no_place_for_anything_else() {
        for host in ["127.0.0.1:4750", "[::1]:4750", "mock.test"] {
            assert!(is_host(&HeaderValue::from_static(host)), "{host}");
        }
        for host in ["", "a/b", "a@b", "a b", "a?b", "a\"b"] {
            assert!(!is_host(&HeaderValue::from_static(host)), "{host}");
        }
    }
}
