//! Hosts, origins and URLs: the names of this server, and the origin of a request. Knows no API.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

use super::surface::Rejection;

/// Whether a request comes from a web page of another origin. Such a page can send requests, even if it cannot read the
/// answers, and must not control the mock. The same holds for a page on a domain name that resolves to this machine's
/// address (DNS rebinding). Only browsers send the headers checked here, and a browser reaches the mock at localhost or
/// at an IP address.
pub(crate) fn is_foreign(headers: &HeaderMap) -> bool {
    let from_browser = headers.contains_key(ORIGIN) || headers.contains_key("sec-fetch-site");
    if from_browser && !headers.get(HOST).is_some_and(is_own_name) {
        return true;
    }
    let Some(origin) = headers.get(ORIGIN) else {
        return false;
    };
    let authority = origin
        .to_str()
        .ok()
        .and_then(|origin| origin.split_once("://"));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    authority.is_none_or(|(_, authority)| host != Some(authority))
}

/// Whether a host is localhost or an IP address, which no name server can redirect to another.
fn is_own_name(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else {
        return false;
    };
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let name = host.split(':').next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<Ipv4Addr>().is_ok()
}

/// The host that a caller used. The URLs of the answer start with it.
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

/// The URL of this server, by the host that a caller used.
pub(crate) fn base(host: &HeaderValue) -> String {
    // A host is text: `reached` looked at each byte.
    ["http://", host.to_str().unwrap_or_default()].concat()
}

/// The URL of this server, by the host that a request names, if it names one.
pub(crate) fn base_of(headers: &HeaderMap) -> Option<String> {
    reached(headers).ok().map(base)
}

/// The URL of this server on localhost, if `base` has a loopback address. A passkey belongs to a domain, and an IP address
/// is not one.
pub(crate) fn on_localhost(base: &str) -> Option<String> {
    let host = base.strip_prefix("http://").unwrap_or(base);
    let (name, port) = match host.rfind([':', ']']) {
        Some(at) if host[at..].starts_with(':') => host.split_at(at),
        _ => (host, ""),
    };
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
    fn a_page_is_foreign_whose_name_was_made_to_stand_for_this_machine() {
        let foreign = |host: &'static str, header: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static(host));
            if let Some(header) = header {
                headers.insert(header, HeaderValue::from_static("same-origin"));
            }
            is_foreign(&headers)
        };
        let browser = Some("sec-fetch-site");
        for host in ["evil.test:4750", "127.0.0.1.evil.test", "[evil]:4750", ""] {
            assert!(foreign(host, browser), "{host}");
            assert!(!foreign(host, None), "{host}: a program may call it so");
        }
        for host in [
            "localhost:4750",
            "LOCALHOST",
            "a.localhost:1",
            "127.0.0.1:4750",
            "[::1]:4750",
        ] {
            assert!(!foreign(host, browser), "{host}");
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
