//! When tenants are to be looked at again, by the machine's clock. Knows tenants by their numbers alone.

use std::collections::{BTreeSet, HashMap};

use tokio::time::Instant;

/// At most one time for each tenant.
#[derive(Debug, Default)]
pub(super) struct Wakes {
    times: BTreeSet<(Instant, u64)>,
    of_tenant: HashMap<u64, Instant>,
}

impl Wakes {
    /// Sets or forgets the time for a tenant.
    pub(super) fn set(&mut self, number: u64, at: Option<Instant>) {
        if let Some(old) = self.of_tenant.remove(&number) {
            self.times.remove(&(old, number));
        }
        if let Some(at) = at {
            self.times.insert((at, number));
            self.of_tenant.insert(number, at);
        }
    }

    /// The first time.
    pub(super) fn first(&self) -> Option<Instant> {
        self.times.first().map(|(at, _)| *at)
    }

    /// The tenants whose time has come.
    pub(super) fn over(&self, now: Instant) -> impl Iterator<Item = u64> {
        let over = self.times.iter().take_while(move |(at, _)| *at <= now);
        over.map(|(_, number)| *number)
    }
}

/// Sleeps until this time, or for ever.
pub(super) async fn asleep(until: Option<Instant>) {
    match until {
        Some(until) => tokio::time::sleep_until(until).await,
        None => std::future::pending().await,
    }
}
