//! Where each API of a mock is. Knows no listener.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::runtime::PublicUrl;

/// The URLs of a mock, each without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The mock itself, which is also what Activeconnect's SDKs take as their server.
    pub mock: String,
    /// The same for a browser. A passkey belongs to a domain name, and an IP address cannot own one, so this names
    /// localhost if the mock listens on a loopback address.
    pub browser: String,
}

impl Addresses {
    /// The URLs of a mock that callers reach at an address, or by the URL that was set.
    pub fn new(scheme: &str, address: SocketAddr, public: Option<&PublicUrl>) -> Self {
        match public {
            None => Self::of(scheme, address),
            Some(public) => Self {
                mock: public.as_str().to_owned(),
                browser: public.as_str().to_owned(),
            },
        }
    }

    /// The URLs of the mock at an address. The unspecified address stands for all addresses, and is itself no address to
    /// call, so the URLs name this machine instead.
    pub fn of(scheme: &str, mut address: SocketAddr) -> Self {
        match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
            IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
            _ => {}
        }
        let mock = format!("{scheme}://{address}");
        let host = format!("{scheme}://localhost:{}", address.port());
        let browser = if address.ip().is_loopback() {
            host
        } else {
            mock.clone()
        };
        Self { mock, browser }
    }

    /// The control API.
    pub fn control(&self) -> String {
        format!("{}/_mock", self.mock)
    }

    /// Authsignal's Server API.
    pub fn authsignal(&self) -> String {
        format!("{}/v1", self.mock)
    }

    /// Authsignal's Client API for pages in a browser.
    pub fn authsignal_browser(&self) -> String {
        format!("{}/v1", self.browser)
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::Addresses;

    #[test]
    fn a_browser_gets_a_name_that_can_own_a_passkey() {
        let addresses = |address: [u8; 4]| Addresses::of("http", SocketAddr::from((address, 4750)));
        let loopback = addresses([127, 0, 0, 1]);
        assert_eq!(loopback.authsignal(), "http://127.0.0.1:4750/v1");
        assert_eq!(loopback.authsignal_browser(), "http://localhost:4750/v1");
        let elsewhere = addresses([192, 0, 2, 1]);
        assert_eq!(addresses([0, 0, 0, 0]), loopback);
        let v6 = |address: &str| Addresses::of("http", address.parse().unwrap());
        assert_eq!(v6("[::]:1").mock, "http://[::1]:1");
        assert_eq!(v6("[::1]:1").browser, "http://localhost:1");
        let secure = Addresses::of("https", SocketAddr::from(([127, 0, 0, 1], 443)));
        assert_eq!(secure.mock, "https://127.0.0.1:443");
        assert_eq!(secure.browser, "https://localhost:443");
        assert_eq!(elsewhere.browser, elsewhere.mock);
        let public = "https://mock.test/auth".parse().unwrap();
        let public = Addresses::new(
            "http",
            SocketAddr::from(([0, 0, 0, 0], 4750)),
            Some(&public),
        );
        assert_eq!(public.authsignal(), "https://mock.test/auth/v1");
        assert_eq!(public.authsignal_browser(), public.authsignal());
    }
}
