//! Hosts, origins and URLs: the names of this server, and the origin of a request. Knows no API.

use std::net::IpAddr;
use std::sync::Arc;

use http::Extensions;
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, USER_AGENT};

use super::surface::Rejection;
use crate::runtime::{App, PublicUrl};

/// The header by which a browser says which page a request comes from.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The address that the connection of a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// A request that came over TLS.
#[derive(Clone, Copy, Debug)]
pub struct Secure;

/// The scheme of the URL that a request was sent to, as far as this server sees.
pub(super) fn scheme(extensions: &Extensions) -> &'static str {
    match extensions.get::<Secure>() {
        Some(Secure) => "https",
        None => "http",
    }
}

/// The URL by which a trusted proxy was called, as its headers say.
#[derive(Clone, Debug)]
pub(super) struct Told(pub(super) Arc<PublicUrl>);

/// The URL of this server, as the caller of a request reached it. The URLs in the answer start with it.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// The scheme that the connection speaks, and the host that the request names.
    Host(&'static str, HeaderValue),
    /// The URL that a flag sets, or that a trusted proxy was called by.
    Public(Arc<PublicUrl>),
}

impl Base {
    /// It as a text, without a slash at the end.
    pub(crate) fn url(&self) -> String {
        match self {
            // A host is always text: `reached` has checked each byte.
            Self::Host(scheme, host) => [scheme, "://", host.to_str().unwrap_or_default()].concat(),
            Self::Public(public) => public.as_str().to_owned(),
        }
    }

    /// The same for a browser: on localhost if the caller used a loopback address, because passkeys work there. A URL that
    /// somebody set stays as it is.
    pub(crate) fn for_browser(&self) -> String {
        let url = self.url();
        match self {
            Self::Host(..) => on_localhost(&url).unwrap_or(url),
            Self::Public(_) => url,
        }
    }

    /// Its host and its port, which a signature covers.
    pub(crate) fn authority(&self) -> &str {
        match self {
            Self::Host(_, host) => host.to_str().unwrap_or_default(),
            Self::Public(public) => public.authority(),
        }
    }

    /// The path before the mock's own paths.
    pub(crate) fn prefix(&self) -> &str {
        match self {
            Self::Host(..) => "",
            Self::Public(public) => public.prefix(),
        }
    }
}

/// A base URL with another host: its scheme, its port and its path stay.
pub(crate) fn at_host(base: &str, host: &str) -> String {
    let (origin, path) = split_origin(base);
    let (scheme, authority) = origin.split_once("://").unwrap_or(("http", origin));
    let port = authority.rsplit_once(':').map(|(_, port)| port);
    let port = port.filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    format!("{scheme}://{host}{port}{path}")
}

/// The scheme, the host and the port of a base URL, and the path after them.
pub(crate) fn split_origin(base: &str) -> (&str, &str) {
    let start = base.find("://").map_or(0, |at| at + "://".len());
    let end = base[start..].find('/').map_or(base.len(), |at| start + at);
    base.split_at(end)
}

/// The URL that a flag sets or that a trusted proxy was called by.
pub(super) fn public<'a>(app: &'a App, extensions: &'a Extensions) -> Option<&'a Arc<PublicUrl>> {
    let set = app.behaviour.public_url.as_ref();
    set.or_else(|| extensions.get().map(|Told(told)| told))
}

/// Whether a request says which page it comes from. Programs send none of these headers, and two look-ups cost them nine
/// times as much.
fn says_where(headers: &HeaderMap) -> bool {
    let mut names = headers.keys();
    names.any(|name| name == ORIGIN || name == SEC_FETCH_SITE)
}

/// Whether a request comes from a web page of another origin. Such a page can send requests even if it cannot read the
/// answers, so operations that need no secret of the caller refuse it. Only browsers send the headers that this checks.
/// If a request has no `Origin`, such as a navigation or an image, `Sec-Fetch-Site` shows where the page comes from. A
/// page of this machine at another port is `same-site`. A proxy may change the host, but not the origin: that of the
/// public URL is this server's, too.
pub(crate) fn is_foreign(app: &App, headers: &HeaderMap, extensions: &Extensions) -> bool {
    if !says_where(headers) {
        return false;
    }
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    if sites.any(|site| site != "same-origin" && site != "none") {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let mut origins = headers.get_all(ORIGIN).iter();
    origins.any(|origin| {
        let origin = origin.to_str().ok();
        let authority = origin.and_then(|origin| origin.split_once("://"));
        let is_own = authority.is_some_and(|(_, authority)| host == Some(authority));
        let is_public =
            || public(app, extensions).is_some_and(|public| origin == Some(public.origin()));
        !is_own && !is_public()
    })
}

/// Whether a request comes from a web page that may be of another origin. Stricter than [`is_foreign`], for operations
/// that no page calls: at a name that is neither localhost nor an IP address of this machine, browsers leave out
/// `Sec-Fetch-Site`, and an image or a link of any page sends a GET without `Origin`. Only its `User-Agent` then shows a
/// browser, and no page can change that.
pub(crate) fn is_from_page(app: &App, headers: &HeaderMap, extensions: &Extensions) -> bool {
    if says_where(headers) {
        return is_foreign(app, headers, extensions);
    }
    let agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes);
    agent.is_some_and(|agent| agent.starts_with(b"Mozilla/"))
}

/// Why the mock refuses a page of another origin.
pub(crate) const FOREIGN: &str = "the header Origin or Sec-Fetch-Site shows that a web page of another origin sent \
     this request; it needs no credentials, so the mock accepts it only from programs and from its own pages";

/// How the caller reached this server.
///
/// # Errors
/// The request names no host.
pub(crate) fn reached(
    app: &App,
    headers: &HeaderMap,
    extensions: &Extensions,
) -> Result<Base, Rejection> {
    if let Some(public) = public(app, extensions) {
        return Ok(Base::Public(Arc::clone(public)));
    }
    let host = headers.get(HOST).filter(|host| is_host(host));
    let named = host
        .cloned()
        .map(|host| Base::Host(scheme(extensions), host));
    named.ok_or_else(|| {
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
    let (scheme, authority) = base.split_once("://").unwrap_or(("http", base));
    let (name, port) = split_port(authority);
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    let address: IpAddr = bare.parse().ok()?;
    address
        .is_loopback()
        .then(|| [scheme, "://localhost", port].concat())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{HeaderMap, HeaderValue};

    use super::{is_host, on_localhost, split_origin};
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour};

    fn is_foreign(headers: &HeaderMap) -> bool {
        super::is_foreign(&app(None), headers, &http::Extensions::new())
    }

    fn app(public_url: Option<&str>) -> App {
        let public_url = public_url.map(|url| Arc::new(url.parse().unwrap()));
        let behaviour = Behaviour {
            public_url,
            ..Behaviour::default()
        };
        App::new(behaviour, Seed::default()).unwrap()
    }

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
    fn a_page_of_the_public_url_is_the_mocks_own_whatever_host_a_proxy_names() {
        let app = app(Some("https://mock.test/auth"));
        let foreign = |origin: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("host", HeaderValue::from_static("127.0.0.1:4750"));
            headers.insert("origin", HeaderValue::from_static(origin));
            super::is_foreign(&app, &headers, &http::Extensions::new())
        };
        assert!(!foreign("https://mock.test") && !foreign("http://127.0.0.1:4750"));
        for origin in [
            "http://mock.test",
            "https://mock.test:1",
            "https://a.test",
            "null",
        ] {
            assert!(foreign(origin), "{origin}");
        }
    }

    #[test]
    fn an_origin_ends_where_the_path_begins() {
        for (base, origin, path) in [
            ("https://mock.test/auth/x", "https://mock.test", "/auth/x"),
            ("http://mock:1", "http://mock:1", ""),
            ("", "", ""),
        ] {
            assert_eq!(split_origin(base), (origin, path));
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
            ("https://127.0.0.1:4750", Some("https://localhost:4750")),
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
