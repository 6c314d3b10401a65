//! The names of hosts: of the mock, as its callers see it, and of those who speak for callers. Knows no request.

use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;
use url::{Host, Url};

/// Whether a text has the form of a name, without a port.
pub fn is_host_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !text.is_empty() && text.bytes().all(plain)
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
pub const OWN_SEGMENTS: [&str; 10] = [
    "_mock",
    "authentication",
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
        let is_name = parsed.domain().is_none_or(is_host_name);
        if !is_name || is_unspecified(host) {
            return Err(wrong("nobody can call its host"));
        }
        let prefix = parsed.path().trim_end_matches('/');
        let plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        let mut segments = prefix.split('/').skip(1);
        if segments.any(|segment| segment.is_empty() || !segment.bytes().all(plain)) {
            return Err(wrong(
                "its path has an empty segment, or other characters than letters, digits, `-`, `.`, `_` and `~`",
            ));
        }
        let first = prefix.split('/').nth(1).unwrap_or_default();
        if OWN_SEGMENTS.contains(&first) {
            return Err(wrong(&format!(
                "the mock itself has paths that begin with /{first}; leave out the API's part of the URL, or choose another \
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

impl PublicUrl {
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

/// A reverse proxy, or a network of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Proxy {
    /// Every address that begins with these bits.
    Network(IpAddr, u8),
    /// Every address of a name, as it resolves when a request comes.
    Name(String),
}

impl FromStr for Proxy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((address, bits)) = text.split_once('/') else {
            let host = host_or_address(text)?;
            return Ok(match host.parse::<IpAddr>() {
                Ok(address) => Self::Network(address, length(address)),
                Err(_) => Self::Name(host),
            });
        };
        let network = address
            .parse::<IpAddr>()
            .ok()
            .zip(bits.parse().ok())
            .filter(|(address, bits)| *bits <= length(*address));
        network
            .map(|(address, bits)| Self::Network(address, bits))
            .ok_or_else(|| {
                format!(
                    "`{text}` is no network; write one as 10.0.0.0/8 or fd00::/8, or name a host"
                )
            })
    }
}

impl TryFrom<String> for Proxy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Proxy {
    /// Whether an address is one of the network's. `None` if that depends on what a name stands for.
    pub fn has(&self, peer: IpAddr) -> Option<bool> {
        match (self, peer.to_canonical()) {
            (Self::Name(_), _) => None,
            (Self::Network(IpAddr::V4(network), bits), IpAddr::V4(peer)) => {
                let shift = 32 - u32::from(*bits);
                let head = |address: u32| address.checked_shr(shift);
                Some(head(network.to_bits()) == head(peer.to_bits()))
            }
            (Self::Network(IpAddr::V6(network), bits), IpAddr::V6(peer)) => {
                let shift = 128 - u32::from(*bits);
                let head = |address: u128| address.checked_shr(shift);
                Some(head(network.to_bits()) == head(peer.to_bits()))
            }
            _ => Some(false),
        }
    }
}

/// Bits of an address.
const fn length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::{Proxy, PublicUrl, host_name, host_or_address, is_unspecified};

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
            ("http://mock/_mock/x", "/_mock"),
        ] {
            let error = public(given).unwrap_err();
            assert!(error.contains(why) && !error.contains("secret"), "{error}");
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
    fn a_proxy_is_an_address_a_network_or_a_name() {
        let has =
            |proxy: &str, peer: &str| proxy.parse::<Proxy>().unwrap().has(peer.parse().unwrap());
        assert_eq!(has("10.0.0.7", "10.0.0.7"), Some(true));
        assert_eq!(has("10.0.0.7", "::ffff:10.0.0.7"), Some(true));
        assert_eq!(has("10.0.0.7", "10.0.0.8"), Some(false));
        assert_eq!(has("10.0.0.0/8", "10.255.0.1"), Some(true));
        assert_eq!(has("10.0.0.0/8", "11.0.0.1"), Some(false));
        assert_eq!(has("0.0.0.0/0", "192.0.2.1"), Some(true));
        assert_eq!(has("::/0", "192.0.2.1"), Some(false));
        assert_eq!(has("fd00::/8", "fd12::1"), Some(true));
        assert_eq!(has("[::1]", "::1"), Some(true));
        assert_eq!(has("traefik", "10.0.0.7"), None);
        for wrong in [
            "",
            "10.0.0.0/33",
            "traefik/8",
            "10.0.0.0/",
            "http://traefik",
            "*",
        ] {
            assert!(wrong.parse::<Proxy>().is_err(), "{wrong}");
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
