//! Takes snapshots of tenants, and goes back to them. Knows no HTTP.

use std::collections::HashMap;
use std::sync::Arc;

use super::app::App;
use super::lock::lock;
use super::snapshot::Moment;
use super::tenant::Tenant;
use crate::bounds::{SNAPSHOT_BYTES_OF_ALL, SNAPSHOTS};

/// A snapshot that a tenant keeps.
#[derive(Debug)]
pub struct Kept {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub tenant: Arc<Tenant>,
    /// The states.
    pub moment: Arc<Moment>,
}

impl App {
    /// Takes a snapshot of a tenant, or of each and of the mock's own clock. It takes the place of one of that name.
    ///
    /// # Errors
    /// There is no room for it. Nothing is taken then.
    pub fn take_snapshots(&self, of: Option<Arc<Tenant>>, name: &str) -> Result<Vec<Kept>, String> {
        let is_of_all = of.is_none();
        let tenants = self.meant(of);
        let take = |tenant: Arc<Tenant>| Kept {
            name: name.to_owned(),
            moment: Arc::new(tenant.moment()),
            tenant,
        };
        let taken: Vec<_> = tenants.into_iter().map(take).collect();
        for one in &taken {
            let room = one.tenant.snapshots().room_for(name, &one.moment);
            room.map_err(|why| format!("tenant {} {why}", one.tenant.name()))?;
        }
        self.room_for_all(&taken, name)?;
        if is_of_all {
            let mut clocks = lock(&self.clock_snapshots);
            if clocks.len() >= SNAPSHOTS && !clocks.contains_key(name) {
                return Err(format!(
                    "the mock has {SNAPSHOTS} snapshots of all tenants, and keeps no more; delete some of them without a tenant"
                ));
            }
            clocks.insert(name.to_owned(), self.clock.setting());
        }
        for one in &taken {
            let moment = Arc::clone(&one.moment);
            one.tenant.snapshots().keep(name, moment);
        }
        self.announce();
        Ok(taken)
    }

    /// Checks that there is room for more snapshots of that name among those of all tenants.
    fn room_for_all(&self, taken: &[Kept], name: &str) -> Result<(), String> {
        let more: HashMap<_, _> = taken
            .iter()
            .map(|one| (one.tenant.ledger.number(), &*one.moment))
            .collect();
        let tenants = self.tenants();
        let bytes = tenants.iter().map(|tenant| {
            let more = more.get(&tenant.ledger.number()).copied();
            tenant.snapshots().bytes(name, more)
        });
        let bytes: usize = bytes.sum();
        match bytes > SNAPSHOT_BYTES_OF_ALL {
            true => Err(format!(
                "all tenants together would have snapshots of {bytes} bytes, and the mock keeps at most \
                 {SNAPSHOT_BYTES_OF_ALL}; delete some of them"
            )),
            false => Ok(()),
        }
    }

    /// The snapshots of a tenant, or of each: those of that name, or all.
    pub fn snapshots(&self, of: Option<Arc<Tenant>>, name: Option<&str>) -> Vec<Kept> {
        let tenants = self.meant(of);
        let of_tenant = |tenant: Arc<Tenant>| {
            let all = tenant.snapshots().all().into_iter();
            let wanted = all.filter(|(own, _)| name.is_none_or(|name| name == own));
            let kept = wanted.map(move |(name, moment)| Kept {
                name,
                tenant: Arc::clone(&tenant),
                moment,
            });
            kept.collect::<Vec<_>>()
        };
        tenants.into_iter().flat_map(of_tenant).collect()
    }

    /// Puts a tenant, or each and the mock's own clock, back to the snapshot of that name. Returns what there was.
    pub fn restore_snapshots(&self, of: Option<Arc<Tenant>>, name: &str) -> Vec<Kept> {
        let is_of_all = of.is_none();
        let kept = self.snapshots(of, Some(name));
        if is_of_all && let Some(setting) = lock(&self.clock_snapshots).get(name) {
            self.clock.put_back(*setting);
        }
        for one in &kept {
            self.restore(&one.tenant, &one.moment);
        }
        kept
    }

    /// Puts a tenant back to a moment of its own.
    pub fn restore(&self, tenant: &Tenant, moment: &Moment) {
        tenant.resume(moment);
        self.announce();
    }

    /// Forgets the snapshot of that name of a tenant, or of each. Returns what there was.
    pub fn forget_snapshots(&self, of: Option<Arc<Tenant>>, name: &str) -> Vec<Kept> {
        if of.is_none() {
            lock(&self.clock_snapshots).remove(name);
        }
        let kept = self.snapshots(of, Some(name));
        for one in &kept {
            one.tenant.snapshots().remove(name);
        }
        self.announce();
        kept
    }

    /// A tenant, or every one.
    fn meant(&self, of: Option<Arc<Tenant>>) -> Vec<Arc<Tenant>> {
        of.map_or_else(|| self.tenants(), |tenant| vec![tenant])
    }
}
