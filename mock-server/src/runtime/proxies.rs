//! The reverse proxies that a flag names: which addresses are theirs, and what the mock has warned of. Knows no request.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::hosts::host_or_address;
use super::lock::lock;
use crate::bounds::{LOOKUP_ADDRESSES, LOOKUP_KEPT, LOOKUP_TIME};

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
            return match host.parse::<IpAddr>() {
                Ok(address) => Self::network(address, length(address), text),
                Err(_) => Ok(Self::Name(host)),
            };
        };
        let network = address
            .parse::<IpAddr>()
            .ok()
            .zip(bits.parse().ok())
            .filter(|(address, bits)| *bits <= length(*address));
        let (address, bits) = network.ok_or_else(|| {
            format!("`{text}` is no network; write one as 10.0.0.0/8 or fd00::/8, or name a host")
        })?;
        Self::network(address, bits, text)
    }
}

impl TryFrom<String> for Proxy {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Proxy {
    /// The network of an address, in the family in which its peers connect: an IPv4 address written as IPv6 is one of IPv4.
    ///
    /// # Errors
    /// No connection comes from there.
    fn network(address: IpAddr, bits: u8, text: &str) -> Result<Self, String> {
        let (address, bits) = match (address.to_canonical(), bits.checked_sub(MAPPED)) {
            (IpAddr::V4(inside), Some(rest)) if address.is_ipv6() => (IpAddr::V4(inside), rest),
            _ => (address, bits),
        };
        let nobody = match address {
            IpAddr::V4(address) => {
                let this_network = address.octets()[0] == 0 && bits >= 8;
                this_network || (address.is_multicast() && bits >= 4) || address.is_broadcast()
            }
            IpAddr::V6(address) => {
                (address.is_unspecified() && bits == 128) || (address.is_multicast() && bits >= 8)
            }
        };
        if nobody {
            return Err(format!(
                "`{text}` is no proxy: no connection comes from there; give the address that the proxy connects from, or \
                 0.0.0.0/0 and ::/0 for every address"
            ));
        }
        Ok(Self::Network(address, bits))
    }

    /// Whether an address is one of the network's. `None` if that depends on what a name stands for.
    pub fn has(&self, peer: IpAddr) -> Option<bool> {
        match (self, peer.to_canonical()) {
            // On every machine, and without a look-up.
            (Self::Name(name), peer) if name.eq_ignore_ascii_case("localhost") => {
                Some(peer.is_loopback())
            }
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

/// Bits before the IPv4 address in an IPv6 address that contains one (`::ffff:10.0.0.7`).
const MAPPED: u8 = 96;

/// Bits of an address.
const fn length(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

/// What a look-up has found, and when.
type Found = (Instant, Arc<[IpAddr]>);

/// The last look-up of a name.
struct LookUp {
    began: Instant,
    /// Its result, once there is one.
    found: watch::Receiver<Option<Found>>,
}

impl LookUp {
    /// Whether it is under way, or its result young enough.
    fn holds(&self, now: Instant) -> bool {
        match &*self.found.borrow() {
            Some((found, _)) => now.saturating_duration_since(*found) < LOOKUP_KEPT,
            // A look-up that panicked has dropped the other end.
            None => self.found.has_changed().is_ok(),
        }
    }
}

/// What is known of proxies while the mock runs.
#[derive(Default)]
pub struct Proxies {
    /// By name. Only a flag names any.
    looked_up: Mutex<HashMap<String, LookUp>>,
    /// What was warned of.
    warned: Mutex<BTreeSet<&'static str>>,
}

impl Proxies {
    /// The addresses that a name stands for. A container that starts again has another address, so an answer is kept for a
    /// moment only. One look-up of a name runs at a time, and all who ask meanwhile wait for it together, but not longer
    /// than [`LOOKUP_TIME`] from when it began. `None` if it takes longer.
    pub async fn addresses<L>(
        &self,
        name: &str,
        clock: fn() -> Instant,
        look_up: impl FnOnce(String) -> L,
    ) -> Option<Arc<[IpAddr]>>
    where
        L: Future<Output = Vec<IpAddr>> + Send + 'static,
    {
        let now = clock();
        let (mut found, due) = {
            let mut looked_up = lock(&self.looked_up);
            if !looked_up.get(name).is_some_and(|known| known.holds(now)) {
                let fresh = begin(look_up(name.to_owned()), clock);
                looked_up.insert(name.to_owned(), fresh);
            }
            let known = looked_up.get(name)?;
            (known.found.clone(), known.began + LOOKUP_TIME)
        };
        let wait = due.saturating_duration_since(now);
        let found = timeout(wait, found.wait_for(Option::is_some)).await.ok()?;
        found.ok()?.as_ref().map(|(_, found)| Arc::clone(found))
    }

    /// Whether this is the first time that a cause for a warning comes up.
    pub fn is_first(&self, cause: &'static str) -> bool {
        lock(&self.warned).insert(cause)
    }
}

/// Starts a look-up. It goes on if nobody waits for it any more.
fn begin(
    look_up: impl Future<Output = Vec<IpAddr>> + Send + 'static,
    clock: fn() -> Instant,
) -> LookUp {
    let (sender, found) = watch::channel(None);
    tokio::spawn(async move {
        let mut addresses = look_up.await;
        addresses.truncate(LOOKUP_ADDRESSES);
        sender.send_replace(Some((clock(), addresses.into())));
    });
    LookUp {
        began: clock(),
        found,
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{Instant, advance, sleep};

    use super::{LOOKUP_ADDRESSES, LOOKUP_KEPT, LOOKUP_TIME, Proxies, Proxy};

    const PROXY: IpAddr = IpAddr::V4(Ipv4Addr::new(10, 0, 0, 7));

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
        assert_eq!(has("::ffff:127.0.0.1", "127.0.0.1"), Some(true));
        assert_eq!(has("[::ffff:10.0.0.7]", "::ffff:10.0.0.7"), Some(true));
        assert_eq!(has("::ffff:10.0.0.0/104", "10.255.0.1"), Some(true));
        assert_eq!(has("::ffff:10.0.0.0/104", "11.0.0.1"), Some(false));
        for loopback in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(has("LocalHost", loopback), Some(true), "{loopback}");
        }
        assert_eq!(has("localhost", "10.0.0.7"), Some(false));
        for wrong in [
            "",
            "10.0.0.0/33",
            "traefik/8",
            "10.0.0.0/",
            "http://traefik",
            "*",
            "0.0.0.0",
            "0.0.0.0/32",
            "0.1.0.0/16",
            "::",
            "::/128",
            "::ffff:0.0.0.0",
            "224.0.0.0/4",
            "255.255.255.255",
            "ff00::/8",
        ] {
            assert!(wrong.parse::<Proxy>().is_err(), "{wrong}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_is_looked_up_once_in_a_while_and_once_at_a_time() {
        let (proxies, count) = (Proxies::default(), Arc::new(AtomicUsize::new(0)));
        let find = || {
            let count = Arc::clone(&count);
            proxies.addresses("proxy", Instant::now, move |_| async move {
                count.fetch_add(1, Ordering::Relaxed);
                vec![PROXY; LOOKUP_ADDRESSES + 1]
            })
        };
        let (first, second) = tokio::join!(find(), find());
        assert_eq!(first, second);
        assert_eq!(first.map(|found| found.len()), Some(LOOKUP_ADDRESSES));
        for looked_up in [1, 2, 2, 3] {
            advance(LOOKUP_KEPT / 2).await;
            assert!(find().await.is_some());
            assert_eq!(count.load(Ordering::Relaxed), looked_up);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_longer_for_a_silent_resolver_than_from_when_it_was_asked() {
        let (proxies, count) = (Proxies::default(), Arc::new(AtomicUsize::new(0)));
        let find = || {
            let count = Arc::clone(&count);
            proxies.addresses("proxy", Instant::now, move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                pending()
            })
        };
        let began = Instant::now();
        assert_eq!(find().await, None);
        assert_eq!(began.elapsed(), LOOKUP_TIME);
        let later = Instant::now();
        assert_eq!(find().await, None);
        assert_eq!(later.elapsed(), Duration::ZERO);
        assert_eq!(count.load(Ordering::Relaxed), 1, "one look-up at a time");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_resolver_is_of_use_to_those_who_ask_later() {
        let proxies = Proxies::default();
        let find = || {
            proxies.addresses("proxy", Instant::now, |_| async {
                sleep(2 * LOOKUP_TIME).await;
                vec![PROXY]
            })
        };
        assert_eq!(find().await, None);
        sleep(2 * LOOKUP_TIME).await;
        assert_eq!(find().await.as_deref(), Some(&[PROXY][..]));
    }

    #[test]
    fn a_cause_is_warned_of_once() {
        let proxies = Proxies::default();
        assert!(proxies.is_first("host") && proxies.is_first("peer"));
        assert!(!proxies.is_first("host"));
    }
}
