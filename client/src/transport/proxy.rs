//! Which proxy stands between a client and its server. Must not read the environment: it is an argument.

use std::ffi::OsString;

use url::{Host, Url};

/// Whether a server is on this machine, so that no proxy can reach it.
pub(crate) fn is_loopback(server: &Url) -> bool {
    match server.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => {
            address.is_loopback()
                || address
                    .to_ipv4_mapped()
                    .is_some_and(|address| address.is_loopback())
        }
        None => false,
    }
}

/// The environment variable that names a proxy for a server. The HTTP client reads the same ones, and `NO_PROXY`, which
/// may overrule them.
pub(crate) fn variable(
    server: &Url,
    value: impl Fn(&str) -> Option<OsString>,
) -> Option<&'static str> {
    if is_loopback(server) {
        return None;
    }
    let names = match server.scheme() {
        "https" => ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"],
        _ => ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"],
    };
    let is_set = |name: &&str| value(name).is_some_and(|value| !value.is_empty());
    names.into_iter().find(is_set)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn loopback_is_known_by_every_name() {
        for own in [
            "http://localhost:4750",
            "http://LOCALHOST.",
            "http://a.localhost",
            "http://127.0.0.1",
            "http://127.9.9.9",
            "http://[::1]:1",
            "http://[::ffff:127.0.0.1]",
        ] {
            assert!(is_loopback(&url(own)), "{own}");
        }
        for other in [
            "http://h.example",
            "http://localhost.example",
            "http://192.168.0.1",
            "http://[::2]",
            "http://0.0.0.0",
            "http://notlocalhost",
        ] {
            assert!(!is_loopback(&url(other)), "{other}");
        }
    }

    #[test]
    fn the_variable_fits_the_scheme_and_loopback_has_none() {
        let only = |set: &'static str| move |name: &str| (name == set).then(|| "http://p:1".into());
        let https = url("https://h.example");
        assert_eq!(variable(&https, only("HTTPS_PROXY")), Some("HTTPS_PROXY"));
        assert_eq!(variable(&https, only("all_proxy")), Some("all_proxy"));
        assert_eq!(variable(&https, only("HTTP_PROXY")), None);
        assert_eq!(variable(&https, |_| Some(OsString::new())), None);
        let http = url("http://h.example");
        assert_eq!(variable(&http, only("http_proxy")), Some("http_proxy"));
        let own = url("http://127.0.0.1:4750");
        assert_eq!(variable(&own, |_| Some("http://p:1".into())), None);
    }
}
