//! How callers reach the mock through a reverse proxy: by which URL, and below which path. Knows no operation.
//!
//! Anyone can send `Forwarded` and `X-Forwarded-*`, and a mock that believed them would put any host into its links. So
//! it believes only proxies that a flag names. A flag can also say the URL itself, and then no header counts.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use http::header::{FORWARDED, HOST, HeaderMap};
use http::uri::{PathAndQuery, Uri};

use super::origin::{Told, split_port};
use crate::runtime::{App, Proxy, PublicUrl};

/// The address that the connection of a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Notes by which URL a trusted proxy was called, and removes the prefix of that URL from the path. A proxy that has
/// removed the prefix itself is as good: no path of the mock begins as a prefix does.
pub(super) async fn settle(app: &App, request: &mut Request) {
    let behaviour = &app.behaviour;
    let public = match &behaviour.public_url {
        Some(public) => Arc::clone(public),
        None if behaviour.trust_forwarded_from.is_empty() => return,
        None => {
            let Some(told) = told(request.headers()) else {
                return;
            };
            let peer = request.extensions().get::<Peer>().copied();
            if !is_trusted(&behaviour.trust_forwarded_from, peer).await {
                return;
            }
            let told = Arc::new(told);
            request.extensions_mut().insert(Told(Arc::clone(&told)));
            told
        }
    };
    if let Some(below) = below(public.prefix(), request.uri()) {
        *request.uri_mut() = below;
    }
}

/// Whether a peer is one of the proxies that a flag names.
async fn is_trusted(proxies: &[Proxy], peer: Option<Peer>) -> bool {
    let Some(Peer(peer)) = peer else { return false };
    for proxy in proxies {
        let known = match (proxy.has(peer), proxy) {
            (Some(known), _) => known,
            (None, Proxy::Name(name)) => resolves_to(name, peer).await,
            (None, Proxy::Network(..)) => false,
        };
        if known {
            return true;
        }
    }
    false
}

/// Whether a name stands for an address. The name is looked up anew, because a container that starts again has another
/// address.
async fn resolves_to(name: &str, peer: IpAddr) -> bool {
    let found = tokio::net::lookup_host((name, 0)).await;
    let mut found = found.into_iter().flatten();
    found.any(|found| found.ip().to_canonical() == peer.to_canonical())
}

/// The URL that a proxy was called by. `None` if its headers say none, or one that nobody can call.
///
/// Of several values, the last is the nearest proxy's own. The others came from outside.
fn told(headers: &HeaderMap) -> Option<PublicUrl> {
    let (mut host, mut proto) = (None, None);
    for pair in last(headers, FORWARDED.as_str())
        .unwrap_or_default()
        .split(';')
    {
        let (name, value) = pair.split_once('=').unwrap_or_default();
        let value = Some(value.trim().trim_matches('"'));
        match name.trim() {
            name if name.eq_ignore_ascii_case("host") => host = value,
            name if name.eq_ignore_ascii_case("proto") => proto = value,
            _ => {}
        }
    }
    let host = host.or_else(|| last(headers, "x-forwarded-host"));
    let proto = proto.or_else(|| last(headers, "x-forwarded-proto"));
    let port = last(headers, "x-forwarded-port");
    let prefix = last(headers, "x-forwarded-prefix");
    if [host, proto, port, prefix].iter().all(Option::is_none) {
        return None;
    }
    let host = host.or_else(|| headers.get(HOST)?.to_str().ok())?;
    let port = port.filter(|_| split_port(host).1.is_empty());
    let port = port.map_or_else(String::new, |port| format!(":{port}"));
    let (proto, prefix) = (proto.unwrap_or("http"), prefix.unwrap_or_default());
    let url = format!("{proto}://{host}{port}{prefix}").parse();
    url.inspect_err(|error| tracing::debug!(%error, "a proxy's headers name no URL"))
        .ok()
}

/// The last value of a header that is a list.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let value = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    let value = value.rsplit(',').next()?.trim();
    (!value.is_empty()).then_some(value)
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

    use super::{Peer, Proxy, below, is_trusted, told};
    use crate::runtime::OWN_SEGMENTS;

    fn url(headers: &[(&'static str, &'static str)]) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in [("host", "mock:4750")].iter().chain(headers) {
            let name = HeaderName::from_static(name);
            map.append(name, HeaderValue::from_static(value));
        }
        told(&map).map(|url| url.as_str().to_owned())
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
        ] {
            assert_eq!(url(headers).as_deref(), expected, "{headers:?}");
        }
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

    #[tokio::test]
    async fn a_name_is_trusted_at_each_of_its_addresses() {
        let proxies = [Proxy::Name("localhost".to_owned())];
        let peer = |ip: &str| Some(Peer(ip.parse().unwrap()));
        assert!(is_trusted(&proxies, peer("127.0.0.1")).await);
        assert!(!is_trusted(&proxies, peer("192.0.2.1")).await);
        assert!(!is_trusted(&proxies, None).await);
    }
}
