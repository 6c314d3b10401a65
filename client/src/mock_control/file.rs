//! Tenants in a file, to go on with in another mock. Must not know what a file holds.

use super::raw::types;
use super::{Error, Kind, MockControl, Result};

impl MockControl {
    /// A tenant as a seed from which another mock goes on exactly as this one, with every secret; without a tenant, every
    /// one and the mock's own clock.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a tenant that the mock does not have, and as [`health`](Self::health).
    pub async fn dump(&self, tenant: Option<&str>) -> Result<serde_json::Value> {
        let call = self.call("dump");
        let mut request = call.raw.dump();
        if let Some(tenant) = tenant {
            request = request.tenant(tenant);
        }
        let types::SeedDocument(seed) = call.answer(request.send().await)?;
        Ok(serde_json::Value::Object(seed))
    }

    /// Adds the tenants of a seed, such as a dump, in place of those that have their ids; all or none. Returns the names of
    /// the tenants of the seed.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] if it is no object, [`Kind::Rejected`] if it is no seed, or if another tenant has an id or a
    /// secret of it, and as [`health`](Self::health). Nothing has changed then.
    pub async fn load(&self, seed: serde_json::Value) -> Result<Vec<String>> {
        let serde_json::Value::Object(seed) = seed else {
            return Err(Error::new(Kind::InvalidInput).with_detail("a seed is an object"));
        };
        let call = self.call("load");
        let request = call.raw.load().body(types::SeedDocument(seed));
        let loaded = call.answer(request.send().await)?.tenants;
        Ok(loaded.into_iter().map(|tenant| tenant.name).collect())
    }
}
