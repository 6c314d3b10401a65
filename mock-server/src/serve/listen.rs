//! Listening, at one address or at both addresses of the loopback interface. Knows no connection.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How many connections can wait for the mock to accept them; the same number as in tokio's own listeners.
const BACKLOG: u32 = 1024;

/// How often to look for a port that is free at both loopback addresses.
const TRIES: usize = 16;

/// Where the mock accepts connections.
#[derive(Debug)]
pub struct Listeners {
    first: TcpListener,
    address: SocketAddr,
    other: Other,
}

/// The other loopback address.
#[derive(Debug)]
enum Other {
    /// The mock listens there, too.
    Open(TcpListener, SocketAddr),
    /// The operating system does not give it.
    Closed(SocketAddr, io::Error),
    /// Nobody asked for it.
    Unwanted,
}

/// Why the mock cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address}: {source}")]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// The operating system's reason.
    pub source: io::Error,
}

/// Listens on an address. Call it within a tokio runtime.
///
/// `localhost` stands for 127.0.0.1 and for `[::1]`. Some clients try only the first address that they find, so a mock
/// at the one also listens at the other, at the same port. A machine without IPv6 has the one only.
///
/// # Errors
/// The operating system does not give the address, or another program has the port at the other loopback address:
/// callers of `localhost` would reach that program.
pub fn listen(address: SocketAddr) -> Result<Listeners, ListenError> {
    let at = |address: SocketAddr| move |source| ListenError { address, source };
    let mut tries = if address.port() == 0 { TRIES } else { 1 };
    loop {
        let first = bind(address).map_err(at(address))?;
        let own = first.local_addr().map_err(at(address))?;
        let listeners = |other| Listeners {
            first,
            address: own,
            other,
        };
        let Some(other) = other_loopback(address.ip()) else {
            return Ok(listeners(Other::Unwanted));
        };
        let other = SocketAddr::new(other, own.port());
        tries -= 1;
        match bind(other) {
            Ok(listener) => return Ok(listeners(Other::Open(listener, other))),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                return Ok(listeners(Other::Closed(other, error)));
            }
            Err(error) if tries == 0 => return Err(at(other)(error)),
            // Another port may be free at both.
            Err(_) => {}
        }
    }
}

/// The other address that `localhost` stands for, where the mock listens at the one. A mock at every IPv4 address is at
/// 127.0.0.1, too. One at every IPv6 address has the IPv4 addresses as well, as far as the operating system gives them.
fn other_loopback(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(Ipv4Addr::LOCALHOST | Ipv4Addr::UNSPECIFIED) => Some(Ipv6Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Ipv4Addr::LOCALHOST.into()),
        _ => None,
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() {
        TcpSocket::new_v4()
    } else {
        TcpSocket::new_v6()
    }?;
    // On Windows, this option would let two servers share a port.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl Listeners {
    /// The address that was asked for, with its port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every address at which the mock accepts connections.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let other = match &self.other {
            Other::Open(_, address) => Some(*address),
            Other::Closed(..) | Other::Unwanted => None,
        };
        [self.address].into_iter().chain(other).collect()
    }

    /// The other loopback address and why the mock does not listen there, though it should.
    pub fn missing(&self) -> Option<(SocketAddr, &io::Error)> {
        match &self.other {
            Other::Closed(address, error) => Some((*address, error)),
            Other::Open(..) | Other::Unwanted => None,
        }
    }

    /// The next connection to any of the addresses.
    pub(super) async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match &self.other {
            Other::Open(other, _) => tokio::select! {
                accepted = self.first.accept() => accepted,
                accepted = other.accept() => accepted,
            },
            Other::Closed(..) | Other::Unwanted => self.first.accept().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, TcpListener};

    use super::{listen, other_loopback};

    #[tokio::test]
    async fn a_loopback_address_brings_the_other_one_with_the_same_port() {
        for (asked, other) in [("127.0.0.1:0", "::1"), ("[::1]:0", "127.0.0.1")] {
            let listeners = listen(asked.parse().unwrap()).unwrap();
            let addresses = listeners.addresses();
            assert_eq!(addresses[0], listeners.address());
            match listeners.missing() {
                None => {
                    let port = addresses[0].port();
                    assert_eq!(
                        addresses[1..],
                        [SocketAddr::new(other.parse().unwrap(), port)]
                    );
                }
                // A machine without IPv6.
                Some((address, _)) => assert_eq!(address.ip().to_string(), other),
            }
        }
    }

    #[test]
    fn other_addresses_stand_for_themselves() {
        let other = |ip: &str| other_loopback(ip.parse().unwrap()).map(|ip| ip.to_string());
        assert_eq!(other("0.0.0.0").as_deref(), Some("::1"));
        for alone in ["127.0.0.2", "192.0.2.1", "::", "2001:db8::1"] {
            assert_eq!(other(alone), None, "{alone}");
        }
    }

    #[tokio::test]
    async fn a_port_that_another_program_has_at_the_other_address_is_refused() {
        let Ok(taken) = TcpListener::bind("[::1]:0") else {
            // A machine without IPv6.
            return;
        };
        let address = taken.local_addr().unwrap();
        let wanted = SocketAddr::from(([127, 0, 0, 1], address.port()));
        // If the port is also taken at 127.0.0.1, that is refused.
        let refused = listen(wanted).unwrap_err();
        assert!(
            refused.address == address || refused.address == wanted,
            "{refused}"
        );
    }
}
