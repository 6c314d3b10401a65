//! Snapshots of tenants, to go back to. Must not know what they hold.

use super::raw::types;
use super::{Error, Kind, MockControl, NewTenant, Result, SnapshotSummary};

impl MockControl {
    /// Keeps the state of a tenant under a name, in the mock's memory; without a tenant, that of each.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a tenant that the mock does not have,
    /// [`Kind::Rejected`] if the tenant keeps too many, and as [`health`](Self::health).
    pub async fn take_snapshot(
        &self,
        name: &str,
        tenant: Option<&str>,
    ) -> Result<Vec<SnapshotSummary>> {
        let call = self.call("take_snapshot");
        let request = call.raw.take_snapshot().body(subject(name, tenant)?);
        Ok(call.answer(request.send().await)?.snapshots)
    }

    /// Puts a tenant back to its state when the snapshot of that name was taken; without a tenant, every one that has such
    /// a snapshot.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a snapshot or a tenant that the mock does not have, and as
    /// [`health`](Self::health).
    pub async fn restore_snapshot(
        &self,
        name: &str,
        tenant: Option<&str>,
    ) -> Result<Vec<SnapshotSummary>> {
        let call = self.call("restore_snapshot");
        let request = call.raw.restore_snapshot().body(subject(name, tenant)?);
        Ok(call.answer(request.send().await)?.snapshots)
    }

    /// Creates a tenant with the users and settings of a snapshot of `tenant`, and with credentials and ids of its own.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a snapshot or a tenant that the mock does not have, and as
    /// [`health`](Self::health).
    pub async fn create_tenant_from_snapshot(
        &self,
        name: &str,
        tenant: Option<&str>,
    ) -> Result<NewTenant> {
        let call = self.call("create_tenant");
        let wanted = types::TenantToCreate {
            snapshot: Some(subject(name, tenant)?),
            ..types::TenantToCreate::default()
        };
        call.answer(call.raw.create_tenant().body(wanted).send().await)
    }

    /// Forgets a snapshot of a tenant; without a tenant, those of that name of all.
    ///
    /// # Errors
    ///
    /// As [`restore_snapshot`](Self::restore_snapshot).
    pub async fn delete_snapshot(&self, name: &str, tenant: Option<&str>) -> Result<()> {
        let call = self.call("delete_snapshot");
        let mut request = call.raw.delete_snapshot().snapshot(name);
        if let Some(tenant) = tenant {
            request = request.tenant(tenant);
        }
        call.answer(request.send().await).map(drop)
    }
}

fn subject(name: &str, tenant: Option<&str>) -> Result<types::SnapshotSubject> {
    Ok(types::SnapshotSubject {
        name: name.parse().map_err(|_| {
            Error::new(Kind::InvalidInput).with_detail("the name of the snapshot is empty")
        })?,
        tenant: tenant.map(str::to_owned),
    })
}
