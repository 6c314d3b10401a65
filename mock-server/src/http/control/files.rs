//! The control API's operations that write tenants into a file, and load one.

use super::admission::ControlApi;
use super::tenancy::summary;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::LoadError;
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn dump_of(
        &self,
        request: &api::DumpRequest,
    ) -> Result<wire::SeedDocument, Trouble> {
        let of = request.tenant.as_deref();
        let of = of.map(|name| self.named(name)).transpose()?;
        let with_secrets = request.secrets.unwrap_or(true);
        Ok(wire::SeedDocument(self.app.dump(of, with_secrets)))
    }

    pub(super) fn loaded(&self, seed: wire::SeedDocument) -> Result<wire::Tenants, Trouble> {
        let loaded = self.app.load(seed.0).map_err(|error| match error {
            LoadError::Malformed(why) => Trouble::Malformed(format!("body: {why}")),
            LoadError::Taken(why) => Trouble::Impossible(why),
        })?;
        let tenants = loaded.iter().map(|tenant| summary(tenant, true));
        Ok(wire::Tenants {
            tenants: tenants.collect(),
            more: false,
        })
    }
}
