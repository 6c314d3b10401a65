//! The control API's operations that create and delete tenants.

use super::admission::ControlApi;
use crate::generated::mock_control::types as wire;
use crate::runtime::{CreateError, Tenant};
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn create_tenant(
        &self,
        wanted: wire::TenantToCreate,
    ) -> Result<wire::NewTenant, Trouble> {
        let seed = wanted.seed.map(|seed| seed.0);
        let created = self.app.create(seed).map_err(|error| match error {
            CreateError::Malformed(why) => Trouble::Malformed(format!("body /seed: {why}")),
            CreateError::Taken(why) => Trouble::Impossible(why),
        })?;
        credentials(&created)
            .ok_or_else(|| Trouble::Impossible("the tenant lacks the part of a vendor".to_owned()))
    }

    pub(super) fn delete_tenant(&self, name: &str) -> Result<(), Trouble> {
        let tenant = self.named(name)?;
        self.app.delete(&tenant);
        Ok(())
    }
}

/// The credentials of a tenant that has a part at each vendor.
fn credentials(tenant: &Tenant) -> Option<wire::NewTenant> {
    let (authsignal, activeconnect) = (tenant.authsignal()?, tenant.activeconnect()?);
    let (account, application) = (authsignal.account(), activeconnect.account());
    Some(wire::NewTenant {
        id: tenant.name().to_owned(),
        authsignal: wire::AuthsignalCredentials {
            tenant_id: account.id.clone(),
            secret_key: account.secret.clone(),
            management_secret_key: account.management_secret.clone(),
            terminal_secret_key: account.terminal_secret.clone(),
        },
        activeconnect: wire::ActiveconnectCredentials {
            application_id: application.id.clone(),
            application_secret: application.secret.clone(),
        },
    })
}
