//! The tenants of a mock, found by their ids and secrets. Tenants come and go while it runs. Knows no HTTP.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, HashMap};
use std::hash::BuildHasher as _;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use subtle::ConstantTimeEq as _;

use super::part::Part;
use super::tenant::Tenant;
use crate::bounds::TENANTS;
use crate::domain::Vendor;
use crate::domain::activeconnect::Activeconnect;
use crate::domain::authsignal::{self, Authsignal};

/// The secrets of a tenant at Authsignal.
#[derive(Clone, Copy, Debug)]
pub enum SecretOf {
    /// Of the application's server.
    Server,
    /// Of the Management API.
    Management,
    /// Of terminals.
    Terminals,
}

impl SecretOf {
    const ALL: [Self; 3] = [Self::Server, Self::Management, Self::Terminals];

    /// That secret of a tenant.
    fn of(self, account: &authsignal::Tenant) -> &str {
        match self {
            Self::Server => &account.secret,
            Self::Management => &account.management_secret,
            Self::Terminals => &account.terminal_secret,
        }
    }
}

/// Authsignal's part of a tenant.
type AuthsignalPart = Arc<Part<Authsignal>>;

/// Parts by a keyed hash of a secret, so that the time of a look-up says nothing about the secret. Secrets of the same
/// hash are compared in constant time. Ordered by the hash, because another hash of it would cost every request more.
type BySecret = BTreeMap<u64, Vec<AuthsignalPart>>;

#[derive(Default)]
struct Kept {
    /// In the order in which they came.
    all: BTreeMap<u64, Arc<Tenant>>,
    /// By Activeconnect application id, with their numbers.
    applications: HashMap<String, (u64, Arc<Part<Activeconnect>>)>,
    /// By Authsignal tenant id, with their numbers.
    authsignals: HashMap<String, (u64, AuthsignalPart)>,
    server_secrets: BySecret,
    management_secrets: BySecret,
    terminal_secrets: BySecret,
}

impl Kept {
    fn by_secret(&self, secret: SecretOf) -> &BySecret {
        match secret {
            SecretOf::Server => &self.server_secrets,
            SecretOf::Management => &self.management_secrets,
            SecretOf::Terminals => &self.terminal_secrets,
        }
    }

    fn by_secret_mut(&mut self, secret: SecretOf) -> &mut BySecret {
        match secret {
            SecretOf::Server => &mut self.server_secrets,
            SecretOf::Management => &mut self.management_secrets,
            SecretOf::Terminals => &mut self.terminal_secrets,
        }
    }

    /// The number of the tenant with that id: of its Activeconnect application, or of its Authsignal tenant.
    fn number(&self, name: &str) -> Option<u64> {
        let application = self.applications.get(name).map(|(number, _)| *number);
        application.or_else(|| self.authsignals.get(name).map(|(number, _)| *number))
    }
}

/// The tenants of a mock.
#[derive(Default)]
pub(super) struct Tenants {
    kept: RwLock<Kept>,
    /// Keys that hash secrets. SipHash costs every request less than a hash that needs no key.
    keys: RandomState,
}

impl Tenants {
    fn read(&self) -> RwLockReadGuard<'_, Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Kept> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a tenant.
    ///
    /// # Errors
    /// There is no room, or another tenant has its id or one of its secrets. The text names the id, and no secret.
    pub(super) fn add(&self, tenant: Arc<Tenant>) -> Result<(), String> {
        let mut kept = self.write();
        self.check(&kept, &tenant)?;
        self.insert(&mut kept, tenant);
        Ok(())
    }

    fn insert(&self, kept: &mut Kept, tenant: Arc<Tenant>) {
        let application = tenant.activeconnect().map(Arc::clone);
        let authsignal = tenant.authsignal().map(Arc::clone);
        let number = tenant.ledger().number();
        if let Some(part) = application {
            kept.applications
                .insert(part.account().id.clone(), (number, part));
        }
        if let Some(part) = authsignal {
            for which in SecretOf::ALL {
                let hash = self.keys.hash_one(which.of(part.account()));
                let same = kept.by_secret_mut(which).entry(hash).or_default();
                same.push(Arc::clone(&part));
            }
            kept.authsignals
                .insert(part.account().id.clone(), (number, part));
        }
        kept.all.insert(number, tenant);
    }

    /// Checks that there is room for a tenant, and that it can be told from the others. Its parts may share one id.
    fn check(&self, kept: &Kept, tenant: &Tenant) -> Result<(), String> {
        if kept.all.len() >= TENANTS {
            return Err(format!(
                "the mock has {TENANTS} tenants, and no room for more; delete some of them"
            ));
        }
        let application = tenant.activeconnect().map(|part| &part.account().id);
        let authsignal = tenant.authsignal().map(|part| &part.account().id);
        for id in [application, authsignal].into_iter().flatten() {
            if kept.number(id).is_some() {
                return Err(format!("another tenant has the id {id}"));
            }
        }
        let Some(part) = tenant.authsignal() else {
            return Ok(());
        };
        // Whatever it is for: a secret of one kind opens nothing of another.
        let is_known = |secret: &str| {
            let mut kinds = SecretOf::ALL.into_iter();
            kinds.any(|which| self.found(kept, which, secret).is_some())
        };
        let secrets = SecretOf::ALL.map(|which| which.of(part.account()));
        match secrets.into_iter().any(is_known) {
            true => Err("another tenant has one of these secrets".to_owned()),
            false => Ok(()),
        }
    }

    /// Removes the tenant with that id, and returns it.
    pub(super) fn remove(&self, name: &str) -> Option<Arc<Tenant>> {
        self.remove_from(&mut self.write(), name)
    }

    /// Adds tenants, each in place of those that have an id of it; all or none. Returns what they replace.
    ///
    /// # Errors
    /// One of them has the ids of two others, there is no room, or another tenant has one of its secrets.
    pub(super) fn swap(&self, tenants: &[Arc<Tenant>]) -> Result<Vec<Arc<Tenant>>, String> {
        let mut kept = self.write();
        let (mut left, mut added) = (Vec::new(), Vec::new());
        let mut refusal = None;
        for tenant in tenants {
            let before = left.len();
            for id in tenant.ids() {
                left.extend(self.remove_from(&mut kept, id));
            }
            if left.len() > before + 1 {
                refusal = Some(format!(
                    "tenant {} has the ids of two tenants; delete one of them first",
                    tenant.name()
                ));
            }
        }
        for tenant in tenants {
            refusal = refusal.or_else(|| self.check(&kept, tenant).err());
            if refusal.is_some() {
                break;
            }
            self.insert(&mut kept, Arc::clone(tenant));
            added.push(tenant.name());
        }
        let Some(why) = refusal else {
            return Ok(left);
        };
        for name in added {
            self.remove_from(&mut kept, name);
        }
        for tenant in left {
            self.insert(&mut kept, tenant);
        }
        Err(why)
    }

    fn remove_from(&self, kept: &mut Kept, name: &str) -> Option<Arc<Tenant>> {
        let number = kept.number(name)?;
        let tenant = kept.all.remove(&number)?;
        if let Some(part) = tenant.activeconnect() {
            kept.applications.remove(&part.account().id);
        }
        if let Some(part) = tenant.authsignal() {
            kept.authsignals.remove(&part.account().id);
            for which in SecretOf::ALL {
                let hash = self.keys.hash_one(which.of(part.account()));
                let secrets = kept.by_secret_mut(which);
                if let Some(same) = secrets.get_mut(&hash) {
                    same.retain(|other| !Arc::ptr_eq(other, part));
                    if same.is_empty() {
                        secrets.remove(&hash);
                    }
                }
            }
        }
        Some(tenant)
    }

    /// Keeps these tenants and no others. Returns those that leave.
    pub(super) fn replace(&self, by: &[Arc<Tenant>]) -> Vec<Arc<Tenant>> {
        let mut kept = self.write();
        let mut left = std::mem::take(&mut *kept).all;
        for tenant in by {
            left.remove(&tenant.ledger().number());
            self.insert(&mut kept, Arc::clone(tenant));
        }
        left.into_values().collect()
    }

    /// Every tenant, in the order in which they came.
    pub(super) fn all(&self) -> Vec<Arc<Tenant>> {
        self.read().all.values().map(Arc::clone).collect()
    }

    /// The tenant with that number.
    pub(super) fn numbered(&self, number: u64) -> Option<Arc<Tenant>> {
        self.read().all.get(&number).map(Arc::clone)
    }

    /// The tenant with that id: of its Activeconnect application, or of its Authsignal tenant.
    pub(super) fn named(&self, name: &str) -> Option<Arc<Tenant>> {
        let kept = self.read();
        let number = kept.number(name)?;
        let tenant = kept.all.get(&number)?;
        tenant.ledger().touch();
        Some(Arc::clone(tenant))
    }

    /// The Activeconnect application of that id.
    pub(super) fn application(&self, id: &str) -> Option<Arc<Part<Activeconnect>>> {
        let kept = self.read();
        kept.applications.get(id).map(|(_, part)| used(part))
    }

    /// The Authsignal tenant of that id.
    pub(super) fn authsignal(&self, id: &str) -> Option<AuthsignalPart> {
        let kept = self.read();
        kept.authsignals.get(id).map(|(_, part)| used(part))
    }

    /// The Authsignal tenant of that secret.
    pub(super) fn by_secret(&self, which: SecretOf, secret: &str) -> Option<AuthsignalPart> {
        self.found(&self.read(), which, secret).map(used)
    }

    fn found<'a>(
        &self,
        kept: &'a Kept,
        which: SecretOf,
        secret: &str,
    ) -> Option<&'a AuthsignalPart> {
        let same = kept.by_secret(which).get(&self.keys.hash_one(secret))?;
        same.iter()
            .find(|part| is_same(which.of(part.account()), secret))
    }
}

/// A part of a tenant that somebody uses.
fn used<V: Vendor>(part: &Arc<Part<V>>) -> Arc<Part<V>> {
    part.ledger().touch();
    Arc::clone(part)
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
fn is_same(one: &str, other: &str) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
