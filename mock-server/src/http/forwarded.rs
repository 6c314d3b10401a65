//! How callers reach the mock through a reverse proxy: by which URL, and below which path. Knows no operation.
//!
//! Anyone can send `Forwarded` and `X-Forwarded-*`, and a mock that believed them would put any host into its links. So
//! it believes only proxies that a flag names. A flag can also say the URL itself, and then no header counts.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use http::header::{FORWARDED, HOST, HeaderMap, HeaderName};
use http::uri::{PathAndQuery, Uri};
use tokio::time::Instant;

use super::origin::{Peer, Told, scheme};
use crate::bounds::{PARAMETER, cut};
use crate::runtime::{App, BadPart, Proxy, UrlParts};

/// Notes by which URL a trusted proxy was called, and removes the prefix of that URL from the path. A proxy that has
/// removed the prefix itself is as good: no path of the mock begins as a prefix does.
pub(super) async fn settle(app: &App, request: &mut Request) {
    let behaviour = &app.behaviour;
    let public = match &behaviour.public_url {
        Some(public) => Arc::clone(public),
        None => {
            let Some(told) = Words::of(request.headers()) else {
                return;
            };
            let peer = request.extensions().get::<Peer>().copied();
            // On the heap, so that no other request pays for its size.
            if !Box::pin(is_trusted(app, peer)).await {
                warn_of_stranger(app, peer);
                return;
            }
            let parts = told.parts(request.headers(), scheme(request.extensions()));
            let url = match parts.url() {
                Ok(url) => Arc::new(url),
                Err(bad) => return warn_of_part(app, &bad, &told),
            };
            warn_of_port(app, &parts);
            let told = url;
            request.extensions_mut().insert(Told(Arc::clone(&told)));
            told
        }
    };
    if let Some(below) = below(public.prefix(), request.uri()) {
        *request.uri_mut() = below;
    }
}

/// Whether a peer is one of the proxies that a flag names. A name is looked up only if no address settles it.
async fn is_trusted(app: &App, peer: Option<Peer>) -> bool {
    let Some(Peer(peer)) = peer else { return false };
    let proxies = &app.behaviour.trust_forwarded_from;
    if proxies.iter().any(|proxy| proxy.has(peer) == Some(true)) {
        return true;
    }
    for proxy in proxies {
        if let (None, Proxy::Name(name)) = (proxy.has(peer), proxy)
            && stands_for(app, name, peer).await
        {
            return true;
        }
    }
    false
}

/// Whether a name stands for an address.
async fn stands_for(app: &App, name: &str, peer: IpAddr) -> bool {
    let look_up = async |name: String| {
        let found = tokio::net::lookup_host((name, 0)).await;
        let found = found.into_iter().flatten();
        found.map(|found| found.ip().to_canonical()).collect()
    };
    let found = app.proxies.addresses(name, Instant::now, look_up).await;
    if found.is_none() && app.proxies.is_first("resolver") {
        tracing::warn!(
            "no answer in time to the look-up of {name}, which --trust-forwarded-from names; until there is one, the mock \
             ignores the headers of that proxy: name it by its address or network, or check the resolver"
        );
    }
    found.is_some_and(|found| found.contains(&peer.to_canonical()))
}

/// Says once that headers of someone else than a proxy do not count.
fn warn_of_stranger(app: &App, peer: Option<Peer>) {
    if app.proxies.is_first("peer") {
        let peer = peer.map_or_else(String::new, |Peer(ip)| {
            format!(" from {}", ip.to_canonical())
        });
        tracing::warn!(
            "a request{peer} has Forwarded or X-Forwarded-* headers, and the mock ignores them, because \
             --trust-forwarded-from does not name this address; if it is your proxy, add it there, or set --public-url"
        );
    }
}

/// Says once for each part of a URL that a trusted proxy's headers have none.
fn warn_of_part(app: &App, bad: &BadPart, told: &Words<'_>) {
    let BadPart(part, why) = bad;
    if app.proxies.is_first(part) {
        let headers = told.to_string();
        let headers = cut(&headers, PARAMETER);
        tracing::warn!(
            "the headers of a trusted proxy name no {part} that callers could use, and the mock ignores all of them: {why}; \
             they say {headers}; correct them at the proxy, or set --public-url"
        );
    }
}

/// Says once that a host has another port than `X-Forwarded-Port`, and that its own counts. It is what the caller wrote, and
/// the header is often the port where the proxy itself listens: that of a container or a cluster, which callers cannot reach.
fn warn_of_port(app: &App, parts: &UrlParts<'_>) {
    if let Some(port) = parts.ignored_port()
        && app.proxies.is_first("ignored port")
    {
        tracing::warn!(
            "X-Forwarded-Port of a trusted proxy is {port}, and the mock ignores it, because the host {} has a port of its \
             own; send the host without a port, or the same port in both, or set --public-url",
            parts.host
        );
    }
}

/// What a proxy's headers say of the URL that it was called by.
struct Words<'a> {
    host: Option<Cow<'a, str>>,
    proto: Option<Cow<'a, str>>,
    port: Option<Cow<'a, str>>,
    prefix: Option<Cow<'a, str>>,
}

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            ("host", &self.host),
            ("scheme", &self.proto),
            ("port", &self.port),
            ("prefix", &self.prefix),
        ];
        let said = parts
            .iter()
            .filter_map(|(part, value)| Some((part, value.as_deref()?)));
        for (at, (part, value)) in said.enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            // Whatever a header holds, the log shows one line.
            write!(f, "{comma}{part} `{}`", value.escape_debug())?;
        }
        Ok(())
    }
}

impl<'a> Words<'a> {
    /// `None` if no header says anything. Of several values, the last is the nearest proxy's own. The others came from
    /// outside.
    fn of(headers: &'a HeaderMap) -> Option<Self> {
        // Most requests have none of them, and five look-ups cost twelve times as much: 1,500 of 34,000 instructions.
        if !headers.keys().any(tells) {
            return None;
        }
        let (mut host, mut proto) = (None, None);
        let forwarded = last(headers, FORWARDED.as_str());
        for pair in unquoted(forwarded.as_deref().unwrap_or_default(), ';') {
            let (name, value) = pair.split_once('=').unwrap_or_default();
            let value = value.trim();
            let quoted = value
                .strip_prefix('"')
                .and_then(|value| value.strip_suffix('"'));
            let value = || Some(Cow::Owned(quoted.unwrap_or(value).to_owned()));
            match name.trim() {
                name if name.eq_ignore_ascii_case("host") => host = value(),
                name if name.eq_ignore_ascii_case("proto") => proto = value(),
                _ => {}
            }
        }
        let told = Self {
            host: host.or_else(|| last(headers, "x-forwarded-host")),
            proto: proto.or_else(|| last(headers, "x-forwarded-proto")),
            port: last(headers, "x-forwarded-port"),
            prefix: last(headers, "x-forwarded-prefix"),
        };
        let parts = [&told.host, &told.proto, &told.port, &told.prefix];
        parts.iter().any(|part| part.is_some()).then_some(told)
    }

    /// The parts of the URL. A part that no header says is that of the request itself.
    fn parts<'b>(&'b self, headers: &'b HeaderMap, scheme: &'b str) -> UrlParts<'b> {
        let own = headers.get(HOST);
        // What is no text stays wrong.
        let own = own.map(|own| str::from_utf8(own.as_bytes()).unwrap_or("\u{fffd}"));
        UrlParts {
            scheme: self.proto.as_deref().unwrap_or(scheme),
            host: self.host.as_deref().or(own).unwrap_or_default(),
            port: self.port.as_deref(),
            prefix: self.prefix.as_deref().unwrap_or_default(),
        }
    }
}

/// Whether a header with that name may be one of a proxy's.
fn tells(name: &HeaderName) -> bool {
    name == FORWARDED || name.as_str().starts_with("x-forwarded-")
}

/// The last value of a header that is a list. What is no text stays wrong, so that no other header counts instead.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let value = headers.get_all(name).iter().next_back()?;
    let value = match String::from_utf8_lossy(value.as_bytes()) {
        Cow::Borrowed(text) => Cow::Borrowed(unquoted(text, ',').last()?.trim()),
        Cow::Owned(text) => Cow::Owned(unquoted(&text, ',').last()?.trim().to_owned()),
    };
    (!value.is_empty()).then_some(value)
}

/// The parts of a list. A separator between quotation marks separates nothing.
fn unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |one| {
        let ends = one == separator && !quoted;
        quoted ^= one == '"' && !escaped;
        escaped = one == '\\' && quoted && !escaped;
        ends
    })
}

/// The same target without the prefix. `None` if it is not below the prefix.
fn below(prefix: &str, uri: &Uri) -> Option<Uri> {
    let target = uri.path_and_query()?.as_str();
    let rest = target.strip_prefix(prefix).filter(|_| !prefix.is_empty())?;
    let rest: PathAndQuery = match rest.bytes().next() {
        Some(b'/') => rest.parse().ok()?,
        None | Some(b'?') => format!("/{rest}").parse().ok()?,
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{App, Peer, Words, below, is_trusted, stands_for};
    use crate::runtime::seed::Seed;
    use crate::runtime::{Behaviour, OWN_SEGMENTS};

    fn url(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in [("host", "mock:4750")].iter().chain(headers) {
            let name = HeaderName::from_static(name);
            map.append(name, HeaderValue::from_static(value));
        }
        let url = Words::of(&map)?.parts(&map, "http").url();
        url.ok().map(|url| url.as_str().to_owned())
    }

    #[test]
    fn a_proxys_headers_say_by_which_url_it_was_called() {
        for (headers, expected) in [
            (&[][..], None),
            (&[("x-forwarded-for", "192.0.2.1")], None),
            (&[("x-forwarded-proto", "https")], Some("https://mock:4750")),
            (
                &[
                    ("x-forwarded-proto", "https"),
                    ("x-forwarded-host", "a.test"),
                ],
                Some("https://a.test"),
            ),
            (
                &[("x-forwarded-host", "a.test"), ("x-forwarded-port", "8080")],
                Some("http://a.test:8080"),
            ),
            (
                &[
                    ("x-forwarded-host", "a.test:1"),
                    ("x-forwarded-port", "8080"),
                ],
                Some("http://a.test:1"),
            ),
            (
                &[("x-forwarded-prefix", "/auth/")],
                Some("http://mock:4750/auth"),
            ),
            (
                &[(
                    "forwarded",
                    "for=1;host=evil.test, for=2;Proto=https;host=\"a.test:8443\"",
                )],
                Some("https://a.test:8443"),
            ),
            (
                &[
                    ("x-forwarded-host", "evil.test"),
                    ("x-forwarded-host", "evil.test, a.test"),
                ],
                Some("http://a.test"),
            ),
            (&[("x-forwarded-host", "0.0.0.0:1")], None),
            (&[("x-forwarded-host", "a b")], None),
            (&[("x-forwarded-prefix", "/v1")], None),
            (
                &[("x-forwarded-prefix", "auth")],
                Some("http://mock:4750/auth"),
            ),
            (
                &[
                    ("x-forwarded-host", "localhost:84"),
                    ("x-forwarded-prefix", "43/auth"),
                ],
                Some("http://localhost:84/43/auth"),
            ),
            (&[("x-forwarded-host", "localhost/evil")], None),
            (&[("x-forwarded-host", "local\thost")], None),
            (&[("x-forwarded-port", "84@evil.test")], None),
            (&[("x-forwarded-proto", "http://evil.test/")], None),
            (&[("x-forwarded-proto", "wss")], Some("https://mock:4750")),
            (&[("forwarded", "host=\"local\\host\"")], None),
            (
                &[(
                    "forwarded",
                    "for=\"a, host=evil.test;host=evil\";host=a.test",
                )],
                Some("http://a.test"),
            ),
            (
                &[("forwarded", "for=\"a\\\", host=evil.test\";proto=https")],
                Some("https://mock:4750"),
            ),
        ] {
            assert_eq!(url(headers).as_deref(), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_headers_say_is_said_in_words() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-host", HeaderValue::from_static("a b"));
        headers.insert("x-forwarded-port", HeaderValue::from_static("84\tx"));
        let said = Words::of(&headers).unwrap().to_string();
        assert_eq!(said, "host `a b`, port `84\\tx`");
    }

    #[test]
    fn a_prefix_is_removed_from_what_is_below_it() {
        for (prefix, target, expected) in [
            ("/a", "/a/v1/x?y=/a", Some("/v1/x?y=/a")),
            ("/a", "/a", Some("/")),
            ("/a", "/a?x", Some("/?x")),
            ("/a", "/ab", None),
            ("/a", "/v1/a/x", None),
            ("", "/v1", None),
            ("/a", "http://h:1/a/b", Some("http://h:1/b")),
        ] {
            let found = below(prefix, &target.parse().unwrap());
            assert_eq!(
                found.map(|uri| uri.to_string()).as_deref(),
                expected,
                "{target}"
            );
        }
    }

    #[test]
    fn no_prefix_can_begin_as_a_path_of_the_mock() {
        use crate::generated::{activeconnect, authsignal, authsignal_client, mock_control};
        let operations = [
            activeconnect::operations::ALL,
            authsignal::operations::ALL,
            authsignal_client::operations::ALL,
            mock_control::operations::ALL,
        ];
        let operations = operations.into_iter().flatten();
        let pages = ["/challenge", "/magic-link", "/ws-v1-challenge"];
        let paths = operations.map(|operation| operation.path).chain(pages);
        let first = paths.filter_map(|path| path.split('/').nth(1));
        let first: std::collections::BTreeSet<_> = first.collect();
        assert_eq!(first, OWN_SEGMENTS.into_iter().collect());
    }

    #[test]
    fn what_is_no_text_does_not_let_another_header_count() {
        let mut map = HeaderMap::new();
        map.insert("host", HeaderValue::from_static("mock:4750"));
        let odd = HeaderValue::from_bytes(b"a\xff").unwrap();
        map.insert("x-forwarded-host", odd);
        assert_eq!(
            Words::of(&map)
                .unwrap()
                .parts(&map, "http")
                .url()
                .unwrap_err()
                .0,
            "host"
        );
    }

    #[tokio::test]
    async fn headers_are_warned_of_where_no_proxy_is_named_at_all() {
        let app = app(&[]);
        let mut request = axum::extract::Request::default();
        super::settle(&app, &mut request).await;
        let told = HeaderValue::from_static("mock.example.com");
        request.headers_mut().insert("x-forwarded-host", told);
        request.extensions_mut().insert(Peer([127, 0, 0, 1].into()));
        super::settle(&app, &mut request).await;
        assert!(request.extensions().get::<super::Told>().is_none());
        assert!(!app.proxies.is_first("peer"), "the developer was told");
    }

    #[tokio::test]
    async fn a_port_beside_that_of_the_host_is_warned_of_once() {
        for (host, forwarded, port, warns) in [
            ("mock:4750", None, "443", true),
            ("a.test", Some("a.test:8443"), "443", true),
            ("[::1]:4750", None, "443", true),
            ("mock:4750", None, "4750", false),
            ("mock:4750", Some("a.test"), "443", false),
            ("[::1]", None, "443", false),
        ] {
            let app = app(&["10.0.0.7"]);
            let mut request = axum::extract::Request::default();
            let headers = request.headers_mut();
            headers.insert("host", HeaderValue::from_static(host));
            headers.insert("x-forwarded-port", HeaderValue::from_static(port));
            if let Some(forwarded) = forwarded {
                headers.insert("x-forwarded-host", HeaderValue::from_static(forwarded));
            }
            let peer = "10.0.0.7".parse().unwrap();
            request.extensions_mut().insert(Peer(peer));
            super::settle(&app, &mut request).await;
            assert!(request.extensions().get::<super::Told>().is_some());
            assert_eq!(
                !app.proxies.is_first("ignored port"),
                warns,
                "{host} {forwarded:?}"
            );
        }
    }

    fn app(proxies: &[&str]) -> App {
        let proxies = proxies.iter().map(|proxy| proxy.parse().unwrap());
        let behaviour = Behaviour {
            trust_forwarded_from: proxies.collect(),
            ..Behaviour::default()
        };
        App::new(behaviour, Seed::default()).unwrap()
    }

    #[tokio::test]
    async fn a_name_is_trusted_at_each_of_its_addresses() {
        let ip = |ip: &str| ip.parse().unwrap();
        let app = app(&["10.0.0.0/8", "localhost"]);
        assert!(is_trusted(&app, Some(Peer(ip("127.0.0.1")))).await);
        assert!(!is_trusted(&app, Some(Peer(ip("192.0.2.1")))).await);
        assert!(!is_trusted(&app, None).await);
        // Any other name is looked up, and this is the one that every machine knows.
        assert!(stands_for(&app, "localhost", ip("127.0.0.1")).await);
        assert!(!stands_for(&app, "localhost", ip("192.0.2.1")).await);
    }

    #[tokio::test]
    async fn headers_that_do_not_count_are_warned_of_once() {
        let app = app(&["10.0.0.7"]);
        for (peer, header, cause) in [
            ("192.0.2.1", ("x-forwarded-host", "a"), "peer"),
            ("10.0.0.7", ("x-forwarded-host", "a/b"), "host"),
            ("10.0.0.7", ("x-forwarded-port", "0"), "port"),
            ("10.0.0.7", ("x-forwarded-prefix", "/v1"), "URL"),
        ] {
            let mut request = axum::extract::Request::default();
            let host = HeaderValue::from_static("mock:4750");
            request.headers_mut().insert("host", host);
            let value = HeaderValue::from_static(header.1);
            request.headers_mut().insert(header.0, value);
            request.extensions_mut().insert(Peer(peer.parse().unwrap()));
            super::settle(&app, &mut request).await;
            assert!(request.extensions().get::<super::Told>().is_none());
            assert!(!app.proxies.is_first(cause), "{cause}");
        }
    }
}
