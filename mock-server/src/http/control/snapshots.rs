//! The control API's operations on snapshots of tenants.

use std::sync::Arc;

use super::admission::ControlApi;
use super::words::count;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::{Kept, Moment, Tenant, addressable, text_fault};
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn snapshots(
        &self,
        request: &api::ListSnapshotsRequest,
    ) -> Result<wire::Snapshots, Trouble> {
        let of = self.meant(request.tenant.as_deref())?;
        Ok(told(&self.app.snapshots(of, None)))
    }

    pub(super) fn take_snapshot(
        &self,
        wanted: &wire::SnapshotSubject,
    ) -> Result<wire::Snapshots, Trouble> {
        if let Some(fault) = text_fault(&wanted.name) {
            return Err(Trouble::Malformed(format!("body /name {fault}")));
        }
        addressable(Some(&wanted.name))
            .map_err(|why| Trouble::Malformed(format!("body /name: {why}")))?;
        let of = self.meant(wanted.tenant.as_deref())?;
        let taken = self.app.take_snapshots(of, &wanted.name);
        taken.map(|taken| told(&taken)).map_err(Trouble::Impossible)
    }

    pub(super) fn restore_snapshot(
        &self,
        wanted: &wire::SnapshotSubject,
    ) -> Result<wire::Snapshots, Trouble> {
        let of = self.meant(wanted.tenant.as_deref())?;
        let restored = self.app.restore_snapshots(of.clone(), &wanted.name);
        Ok(told(&found(restored, of.as_deref(), &wanted.name)?))
    }

    pub(super) fn delete_snapshot(
        &self,
        request: &api::DeleteSnapshotRequest,
    ) -> Result<wire::Snapshots, Trouble> {
        let of = self.meant(request.tenant.as_deref())?;
        let gone = self.app.forget_snapshots(of.clone(), &request.snapshot);
        Ok(told(&found(gone, of.as_deref(), &request.snapshot)?))
    }

    /// The states that a new tenant begins with: those of a snapshot of one tenant.
    pub(super) fn moment(&self, wanted: &wire::SnapshotSubject) -> Result<Arc<Moment>, Trouble> {
        let of = self.meant(wanted.tenant.as_deref())?;
        let kept = self.app.snapshots(of.clone(), Some(&wanted.name));
        let mut kept = found(kept, of.as_deref(), &wanted.name)?.into_iter();
        match (kept.next(), kept.next()) {
            (Some(only), None) => Ok(only.moment),
            _ => Err(Trouble::Malformed(format!(
                "body /snapshot/tenant is missing; several tenants have a snapshot {}",
                &*wanted.name
            ))),
        }
    }

    /// The tenant that a request is about, if it names one.
    fn meant(&self, name: Option<&str>) -> Result<Option<Arc<Tenant>>, Trouble> {
        name.map(|name| self.named(name)).transpose()
    }
}

/// The snapshots of that name, of which there must be one.
fn found(kept: Vec<Kept>, of: Option<&Tenant>, name: &str) -> Result<Vec<Kept>, Trouble> {
    if !kept.is_empty() {
        return Ok(kept);
    }
    let nobody = of.map_or_else(
        || "no tenant has a".to_owned(),
        |tenant| format!("tenant {} has no", tenant.name()),
    );
    Err(Trouble::Unknown(format!(
        "{nobody} snapshot {name}; GET /_mock/snapshots lists them"
    )))
}

fn told(kept: &[Kept]) -> wire::Snapshots {
    let snapshots = kept.iter().map(|one| wire::SnapshotSummary {
        name: one.name.clone(),
        tenant: one.tenant.name().to_owned(),
        taken_at: one.moment.at(),
        bytes: count(one.moment.size()),
    });
    wire::Snapshots {
        snapshots: snapshots.collect(),
    }
}
