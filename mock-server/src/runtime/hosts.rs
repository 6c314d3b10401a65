//! The names of hosts: of the mock, as its callers see it, and of those who speak for callers. Knows no request.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use serde::Deserialize;
use url::{Host, Url};

/// Whether a text has the form of a name, without a port.
pub fn is_host_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && text.bytes().all(plain)
}

/// Whether a host, as a URL has it, is this machine.
pub fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host == "localhost" || host.ends_with(".localhost"),
    }
}

/// Whether a host, without a port, is the unspecified address, however it is written: `0.0.0.0`, `0x0` or `[::]`. It stands
/// for every address of a machine, so nobody can call it, and it must not get into a URL.
pub fn is_unspecified(host: &str) -> bool {
    // Most hosts are not numbers, and every request names one.
    if !host.starts_with(['0', '[']) {
        return false;
    }
    let address = match Host::parse(host) {
        Ok(Host::Ipv4(address)) => IpAddr::V4(address),
        Ok(Host::Ipv6(address)) => IpAddr::V6(address),
        Ok(Host::Domain(_)) | Err(_) => return false,
    };
    address.to_canonical().is_unspecified()
}

/// A host's name alone, as it stands in `Host` before the port. A dot at its end means nothing and is left out.
///
/// # Errors
/// The text is no such name; it says why.
pub fn host_name(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('.').unwrap_or(text);
    // A name in a header may be odd; one that a person gives is a slip.
    if !is_host_name(name) || name.split('.').any(str::is_empty) {
        return Err(format!(
            "`{text}` is not a host name; give the whole name alone, without scheme, port or `*`"
        ));
    }
    if is_unspecified(name) {
        return Err(format!(
            "`{text}` is not a host name that anyone can call; give the name or the address that callers use"
        ));
    }
    Ok(name.to_owned())
}

/// A host's name alone, or an IP address; brackets around an IPv6 address are left out.
///
/// # Errors
/// The text is neither; it says why.
pub fn host_or_address(text: &str) -> Result<String, String> {
    let inside = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'));
    match inside.unwrap_or(text).parse::<IpAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) => host_name(text),
    }
}

/// The URL by which callers reach the mock, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PublicUrl {
    url: String,
    host: String,
    /// Where the host begins, and where the path does.
    authority: std::ops::Range<usize>,
}

/// The first segments of the mock's own paths. With one of them as its prefix, nobody could tell whether a proxy has
/// removed the prefix of a path.
pub const OWN_SEGMENTS: [&str; 11] = [
    "_mock",
    "authentication",
    "call",
    "challenge",
    "device",
    "identification",
    "magic-link",
    "management",
    "register",
    "v1",
    "ws-v1-challenge",
];

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| {
            // What a URL begins with may be a user's password.
            let shown = text.rsplit_once('@').map_or(text, |(_, rest)| rest);
            format!(
                "`{shown}` is not a public URL: {why}; give the URL that callers use, such as https://mock.example.com or \
                 http://mock:4750/prefix"
            )
        };
        // A URL parser leaves out the one and reads the other as a slash.
        if text.contains(|one: char| one.is_whitespace() || one.is_control() || one == '\\') {
            return Err(wrong(
                "it has white space, a control character or a backslash",
            ));
        }
        let parsed = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(wrong("its scheme is neither http nor https"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("it contains credentials"));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("it has a query or a fragment"));
        }
        let host = parsed.host_str().unwrap_or_default();
        // Every other host than a name is a number, or has brackets.
        let is_name = parsed.domain().is_none_or(|name| host_name(name).is_ok());
        if !is_name || is_unspecified(host) {
            return Err(wrong("nobody can call its host"));
        }
        if parsed.port() == Some(0) {
            return Err(wrong("nobody can call port 0"));
        }
        let prefix = parsed.path().trim_end_matches('/');
        let mut segments = prefix.split('/').skip(1);
        if segments.any(|segment| segment.is_empty() || !segment.bytes().all(is_plain)) {
            return Err(wrong(
                "its path has an empty segment, or other characters than letters, digits, `-`, `.`, `_` and `~`",
            ));
        }
        let first = prefix.split('/').nth(1).unwrap_or_default();
        // A proxy may take capital letters for small ones.
        if let Some(own) = OWN_SEGMENTS
            .iter()
            .find(|own| first.eq_ignore_ascii_case(own))
        {
            return Err(wrong(&format!(
                "the mock itself has paths that begin with /{own}; leave out the API's part of the URL, or choose another \
                 prefix"
            )));
        }
        let origin = parsed.origin().ascii_serialization();
        let start = parsed.scheme().len() + "://".len();
        Ok(Self {
            authority: start..origin.len(),
            host: host.strip_suffix('.').unwrap_or(host).to_owned(),
            url: [&origin, prefix].concat(),
        })
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Whether a text is a host as it stands in a URL: a name or an address in brackets, and perhaps a port.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rfind([':', ']']) {
        Some(at) if text[at..].starts_with(':') => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    };
    let inside = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match inside {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host_name(host).is_ok(),
    };
    is_host && port.is_none_or(is_port)
}

/// Whether a text is the number of a port that somebody can call.
fn is_port(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits && text.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The parts of a URL, as someone tells them one by one.
#[derive(Clone, Debug)]
pub struct UrlParts<'a> {
    /// `http` or `https`; a proxy may call a WebSocket `ws` or `wss`.
    pub scheme: &'a str,
    /// The host, with or without its port.
    pub host: &'a str,
    /// The port, if it is told apart from the host. That of the host counts.
    pub port: Option<&'a str>,
    /// The path before the mock's own paths.
    pub prefix: &'a str,
}

/// Which part of a URL cannot be one, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct BadPart(pub &'static str, pub String);

impl UrlParts<'_> {
    /// The URL of these parts. Each is checked alone: put together first, the end of one could become the beginning of the
    /// next.
    ///
    /// # Errors
    /// A part is none.
    pub fn url(&self) -> Result<PublicUrl, BadPart> {
        let bad = |part, why: &str| Err(BadPart(part, why.to_owned()));
        let scheme = match &*self.scheme.to_ascii_lowercase() {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            _ => return bad("scheme", "it is neither http nor https"),
        };
        if !is_authority(self.host) {
            return bad(
                "host",
                "it is not a host name or an address with at most a port",
            );
        }
        if !self.port.is_none_or(is_port) {
            return bad("port", "it is not a number from 1 to 65535");
        }
        let segments = self.prefix.split('/');
        let (mut dots, plain) = (
            segments.filter(|one| matches!(*one, "." | "..")),
            |byte: u8| is_plain(byte) || byte == b'/',
        );
        if dots.next().is_some() || !self.prefix.bytes().all(plain) {
            return bad(
                "prefix",
                "it is not a path of letters, digits, `-`, `.`, `_` and `~`",
            );
        }
        let port = self.port.filter(|_| self.port_of_host().is_none());
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        let slash = if self.prefix.is_empty() || self.prefix.starts_with('/') {
            ""
        } else {
            "/"
        };
        let url = [scheme, "://", self.host, &port, slash, self.prefix].concat();
        url.parse().map_err(|why| BadPart("URL", why))
    }

    /// The port that the host names.
    fn port_of_host(&self) -> Option<&str> {
        let at = self.host.rfind([':', ']'])?;
        self.host[at..].strip_prefix(':')
    }

    /// The port that is told apart from the host, if the host names another, which counts.
    pub fn ignored_port(&self) -> Option<&str> {
        let of_host = self.port_of_host()?;
        self.port.filter(|port| *port != of_host)
    }
}

/// Whether a byte can stand in a segment of a public URL's path.
const fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

impl PublicUrl {
    /// The part of it that misleads the vendor's browser SDK: it finds the WebSocket of the QR code by replacing the first
    /// `v1` of its base URL with `ws-v1-challenge`, and the first `api` with `api-ws`.
    pub fn misleading_part(&self) -> Option<&'static str> {
        ["api", "v1"]
            .into_iter()
            .find(|part| self.url.contains(part))
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Its scheme, its host and its port.
    pub fn origin(&self) -> &str {
        &self.url[..self.authority.end]
    }

    /// Its host, and its port if that is not the scheme's own: what a `Host` header says.
    pub fn authority(&self) -> &str {
        &self.url[self.authority.clone()]
    }

    /// Its host alone, without a dot at its end; an IPv6 address is in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The path before the mock's own paths; empty if there is none.
    pub fn prefix(&self) -> &str {
        &self.url[self.authority.end..]
    }
}

#[cfg(test)]
mod tests {
    use super::{PublicUrl, UrlParts, host_name, host_or_address, is_unspecified};

    fn public(text: &str) -> Result<PublicUrl, String> {
        text.parse()
    }

    #[test]
    fn a_public_url_has_no_slash_at_the_end_and_no_default_port() {
        for (given, kept, authority, prefix) in [
            ("http://mock:4750", "http://mock:4750", "mock:4750", ""),
            ("http://mock:4750/", "http://mock:4750", "mock:4750", ""),
            (
                "https://Mock.Example.com:443/auth/",
                "https://mock.example.com/auth",
                "mock.example.com",
                "/auth",
            ),
            (
                "http://a.test:80/b/c-1",
                "http://a.test/b/c-1",
                "a.test",
                "/b/c-1",
            ),
            ("https://[::1]:8443", "https://[::1]:8443", "[::1]:8443", ""),
        ] {
            let url = public(given).unwrap();
            assert_eq!(url.as_str(), kept);
            assert_eq!((url.authority(), url.prefix()), (authority, prefix));
            assert_eq!(format!("{}{}", url.origin(), url.prefix()), kept);
        }
    }

    #[test]
    fn what_nobody_can_call_is_no_public_url() {
        for (given, why) in [
            ("mock:4750", "scheme"),
            ("mock.test", "relative URL"),
            ("ftp://mock", "scheme"),
            ("http://0.0.0.0:4750", "nobody can call"),
            ("http://0:4750", "nobody can call"),
            ("http://[::]:4750", "nobody can call"),
            ("http://[::ffff:0.0.0.0]", "nobody can call"),
            ("http://0x0/", "nobody can call"),
            ("http://a!b", "nobody can call"),
            ("http://", "empty host"),
            ("http://ada:secret@mock", "credentials"),
            ("http://mock/?x", "query"),
            ("http://mock/#x", "fragment"),
            ("http://mock//a", "empty segment"),
            ("http://mock/a%20b", "other characters"),
            ("http://mock/v1", "/v1"),
            ("http://mock/V1/x", "/v1"),
            ("http://mock:0", "port 0"),
            ("http://a..b", "nobody can call"),
            ("http://.a", "nobody can call"),
            ("http://a\tb", "white space"),
            ("http://mock ", "white space"),
            ("http:\\\\mock\\a", "backslash"),
            ("http://mock/_mock/x", "/_mock"),
        ] {
            let error = public(given).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn no_part_of_a_url_becomes_another() {
        let url = |scheme, host, port, prefix| {
            let parts = UrlParts {
                scheme,
                host,
                port,
                prefix,
            };
            parts
                .url()
                .map(|url| url.as_str().to_owned())
                .map_err(|bad| bad.0)
        };
        for (scheme, host, port, prefix, expected) in [
            ("https", "a.test", None, "auth", Ok("https://a.test/auth")),
            (
                "HTTPS",
                "a.test:443",
                None,
                "/auth/",
                Ok("https://a.test/auth"),
            ),
            ("wss", "[::1]", Some("84"), "", Ok("https://[::1]:84")),
            (
                "http",
                "localhost:84",
                None,
                "43/auth",
                Ok("http://localhost:84/43/auth"),
            ),
            (
                "http",
                "localhost",
                None,
                ".evil/auth",
                Ok("http://localhost/.evil/auth"),
            ),
            ("http", "a:1", Some("2"), "/", Ok("http://a:1")),
            ("ftp", "a", None, "", Err("scheme")),
            ("http://a/", "b", None, "", Err("scheme")),
            ("http", "", None, "", Err("host")),
            ("http", "localhost/evil", None, "", Err("host")),
            ("http", "local\\host", None, "", Err("host")),
            ("http", "local\thost", None, "", Err("host")),
            ("http", "a@b", None, "", Err("host")),
            ("http", "a?b", None, "", Err("host")),
            ("http", "a:", None, "", Err("host")),
            ("http", "a:0", None, "", Err("host")),
            ("http", "a:65536", None, "", Err("host")),
            ("http", "a:1:2", None, "", Err("host")),
            ("http", "a..b", None, "", Err("host")),
            ("http", "0.0.0.0", None, "", Err("host")),
            ("http", "[::1", None, "", Err("host")),
            ("http", "a", Some("+84"), "", Err("port")),
            ("http", "a", Some("84/x"), "", Err("port")),
            ("http", "a:1", Some("x"), "", Err("port")),
            ("http", "a", None, "/x?y", Err("prefix")),
            ("http", "a", None, "/x#y", Err("prefix")),
            ("http", "a", None, "/x/../y", Err("prefix")),
            ("http", "a", None, "//evil.test", Err("URL")),
            ("http", "a", None, "/v1", Err("URL")),
        ] {
            let found = url(scheme, host, port, prefix);
            let found = found.as_deref().map_err(|part| *part);
            assert_eq!(found, expected, "{scheme} {host} {port:?} {prefix}");
        }
    }

    #[test]
    fn a_public_url_that_misleads_the_browser_sdk_is_known() {
        for (url, part) in [
            ("http://api.mock", Some("api")),
            ("http://mock/rapid", Some("api")),
            ("http://dev1.test", Some("v1")),
            ("https://mock.test/auth", None),
        ] {
            assert_eq!(public(url).unwrap().misleading_part(), part, "{url}");
        }
    }

    #[test]
    fn the_unspecified_address_is_known_however_it_is_written() {
        for host in [
            "0.0.0.0",
            "0.0.0.0.",
            "0",
            "0x0",
            "00.0",
            "[::]",
            "[::ffff:0:0]",
        ] {
            assert!(is_unspecified(host), "{host}");
        }
        for host in [
            "0.0.0.1",
            "127.0.0.1",
            "[::1]",
            "0a.test",
            "localhost",
            "[",
            "",
        ] {
            assert!(!is_unspecified(host), "{host}");
        }
    }

    #[test]
    fn what_is_given_as_a_host_is_one() {
        for (given, read) in [
            ("hooks.example.com", "hooks.example.com"),
            ("hooks.example.com.", "hooks.example.com"),
            ("10.0.0.7", "10.0.0.7"),
            ("::1", "::1"),
            ("[FE80::1]", "fe80::1"),
        ] {
            assert_eq!(host_or_address(given).as_deref(), Ok(read));
        }
        for given in [
            "",
            ".com",
            "a..b",
            "https://a.b",
            "a.b:80",
            "*.a.b",
            "[a.b]",
            "a b",
        ] {
            assert!(host_or_address(given).is_err(), "{given}");
            assert!(host_name(given).is_err(), "{given}");
        }
        assert!(host_name("0.0.0.0").is_err() && host_name("0").is_err());
    }
}
