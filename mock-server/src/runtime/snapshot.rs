//! A tenant's states at one moment, to go back to, and the named ones that a tenant keeps. Knows no tenant.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::ledger::Share;
use crate::bounds::{SNAPSHOT_BYTES, SNAPSHOTS};
use crate::domain::Supplies;
use crate::domain::activeconnect::Activeconnect;
use crate::domain::authsignal::Authsignal;

/// A tenant's states at one moment.
pub struct Moment {
    /// Distinguishes the tenant from every other, also from those of another mock.
    pub(super) of: Arc<()>,
    /// When that was, by the tenant's clock.
    pub(super) at: Timestamp,
    /// Name of its application.
    pub(super) name: Option<String>,
    /// Whether its tokens of track and claim are signed with the RSA key.
    pub(super) rs256_tokens: bool,
    pub(super) activeconnect: Option<Activeconnect>,
    pub(super) authsignal: Option<Authsignal>,
    pub(super) share: Share,
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The states hold secrets.
        f.debug_struct("Moment")
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl Moment {
    /// When that was, by the tenant's clock.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// What both vendors share.
    pub(super) fn supplies(&self) -> &Supplies {
        self.share.supplies()
    }

    /// Roughly the bytes that it takes.
    pub fn size(&self) -> usize {
        let activeconnect = self.activeconnect.as_ref().map_or(0, Activeconnect::size);
        let authsignal = self.authsignal.as_ref().map_or(0, Authsignal::size);
        activeconnect + authsignal + self.share.size()
    }
}

/// The snapshots that a tenant keeps, by name.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    kept: BTreeMap<String, Arc<Moment>>,
    /// Roughly the bytes of all.
    bytes: usize,
}

impl Snapshots {
    /// Whether there is room for a snapshot, in place of one of that name if there is such.
    ///
    /// # Errors
    /// There is none; the text says what to do.
    pub(super) fn room_for(&self, name: &str, moment: &Moment) -> Result<(), String> {
        if !self.kept.contains_key(name) && self.kept.len() >= SNAPSHOTS {
            return Err(format!(
                "has {SNAPSHOTS} snapshots, and the mock keeps no more; delete some of them"
            ));
        }
        let bytes = self.bytes_with(name, moment);
        if bytes > SNAPSHOT_BYTES {
            return Err(format!(
                "would have snapshots of {bytes} bytes, and the mock keeps at most {SNAPSHOT_BYTES}; delete some of them"
            ));
        }
        Ok(())
    }

    /// Roughly the bytes of all, with one more of that name.
    fn bytes_with(&self, name: &str, moment: &Moment) -> usize {
        let before = self.kept.get(name).map_or(0, |before| before.size());
        self.bytes - before + moment.size()
    }

    /// Roughly the bytes of all; with this one, if it is one of that name more.
    pub(super) fn bytes(&self, name: &str, more: Option<&Moment>) -> usize {
        more.map_or(self.bytes, |moment| self.bytes_with(name, moment))
    }

    /// Keeps a snapshot, in place of one of that name if there is such.
    pub(super) fn keep(&mut self, name: &str, moment: Arc<Moment>) {
        self.remove(name);
        self.bytes += moment.size();
        self.kept.insert(name.to_owned(), moment);
    }

    /// Removes the snapshot of that name, and returns it.
    pub(super) fn remove(&mut self, name: &str) -> Option<Arc<Moment>> {
        let removed = self.kept.remove(name)?;
        self.bytes -= removed.size();
        Some(removed)
    }

    /// All, by name.
    pub(super) fn all(&self) -> Vec<(String, Arc<Moment>)> {
        let all = self.kept.iter();
        all.map(|(name, moment)| (name.clone(), Arc::clone(moment)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{SNAPSHOT_BYTES, SNAPSHOTS, Snapshots};
    use crate::domain::authsignal::Enrollment;
    use crate::domain::authsignal::vocabulary::Method;
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour};

    #[test]
    fn a_tenant_keeps_so_many_snapshots_of_so_many_bytes() {
        let app = App::new(Behaviour::default(), Seed::default()).unwrap();
        let tenant = app.tenants().remove(0);
        let empty = Arc::new(tenant.moment());
        tenant.authsignal().unwrap().transact(|authsignal, turn| {
            let sms = Enrollment {
                phone_number: Some("+64270000000".into()),
                ..Enrollment::new(Method::Sms)
            };
            authsignal.enroll(turn, "ada", sms).unwrap();
        });
        let with_ada = Arc::new(tenant.moment());
        assert!(empty.size() < with_ada.size());

        let mut kept = Snapshots::default();
        for name in 0..SNAPSHOTS {
            kept.keep(&name.to_string(), Arc::clone(&with_ada));
        }
        assert!(kept.room_for("one more", &with_ada).is_err());
        assert!(kept.room_for("7", &with_ada).is_ok(), "it replaces one");
        kept.remove("7");
        kept.bytes += SNAPSHOT_BYTES - 99 * with_ada.size() - 1;
        let refused = kept.room_for("7", &with_ada).unwrap_err();
        assert!(refused.contains("268435456"), "{refused}");
        assert!(kept.room_for("8", &with_ada).is_ok(), "it replaces one");
        kept.bytes -= SNAPSHOT_BYTES - 99 * with_ada.size() - 1;
        for name in 0..SNAPSHOTS {
            kept.remove(&name.to_string());
        }
        assert_eq!(kept.bytes, 0);
    }
}
