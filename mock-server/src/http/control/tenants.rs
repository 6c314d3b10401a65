//! Which tenant a request is about: the one that it names, or the only one.

use std::sync::Arc;

use super::admission::ControlApi;
use super::readings::Readings;
use crate::domain::Vendor;
use crate::runtime::Tenant;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart, Part};
use crate::sim::phone::Trouble;

impl ControlApi {
    /// The Activeconnect application that a body names, or the only one.
    pub(super) fn application(&self, id: Option<&str>) -> Result<Arc<ActiveconnectPart>, Trouble> {
        let Some(id) = id else {
            let missing = "body /applicationId is missing; the mock has several applications";
            return only(self.app.applications(), missing);
        };
        self.app.application(id).ok_or_else(|| {
            Trouble::Unknown(format!(
                "application {id} not found; the mock prints its ids when it starts"
            ))
        })
    }

    /// The Authsignal tenant that a body names, or the only one.
    pub(super) fn authsignal(&self, id: Option<&str>) -> Result<Arc<AuthsignalPart>, Trouble> {
        let Some(id) = id else {
            let missing = "body /tenantId is missing; the mock has several tenants";
            return only(self.app.authsignals(), missing);
        };
        self.app.authsignal(id).ok_or_else(|| {
            Trouble::Unknown(format!(
                "tenant {id} not found; the mock prints its ids when it starts"
            ))
        })
    }

    /// The tenant that a body names, or the only one.
    pub(super) fn tenant(&self, name: Option<&str>) -> Result<Arc<Tenant>, Trouble> {
        let Some(name) = name else {
            let missing = "body /tenant is missing; the mock has several tenants";
            return only(self.app.tenants(), missing);
        };
        self.named(name)
    }

    /// The tenant that a query names.
    pub(super) fn named(&self, name: &str) -> Result<Arc<Tenant>, Trouble> {
        let readings = Readings::of(name);
        let named = readings.each().find_map(|name| self.app.tenant(name));
        named.ok_or_else(|| {
            Trouble::Unknown(format!(
                "tenant {name} not found; list_tenants lists the tenants"
            ))
        })
    }

    /// The tenants that a request is about: the one that it names, or all.
    pub(super) fn of_tenant(&self, name: Option<&str>) -> Result<Vec<Arc<Tenant>>, Trouble> {
        match name {
            Some(name) => Ok(vec![self.named(name)?]),
            None => Ok(self.app.tenants()),
        }
    }

    /// The application that a request is about.
    pub(super) fn in_activeconnect(
        &self,
        name: Option<&str>,
    ) -> Result<Arc<ActiveconnectPart>, Trouble> {
        self.in_part(name, Tenant::activeconnect, "Activeconnect application")
    }

    /// The Authsignal tenant that a request is about.
    pub(super) fn in_authsignal(&self, name: Option<&str>) -> Result<Arc<AuthsignalPart>, Trouble> {
        self.in_part(name, Tenant::authsignal, "Authsignal part")
    }

    /// The part that a request is about: of the tenant that it names, or of the only tenant with this part.
    fn in_part<V: Vendor>(
        &self,
        name: Option<&str>,
        part: fn(&Tenant) -> Option<&Arc<Part<V>>>,
        what: &str,
    ) -> Result<Arc<Part<V>>, Trouble> {
        let Some(name) = name else {
            let missing = "query parameter tenant is missing; it is optional only if the mock has exactly one tenant";
            let tenants = self.app.tenants();
            let parts = tenants
                .iter()
                .filter_map(|tenant| part(tenant))
                .map(Arc::clone);
            return only(parts, missing);
        };
        part(&*self.named(name)?)
            .map(Arc::clone)
            .ok_or_else(|| Trouble::Unknown(format!("tenant {name} has no {what}")))
    }
}

/// The only one of some parts or tenants.
fn only<P>(parts: impl IntoIterator<Item = P>, missing: &str) -> Result<P, Trouble> {
    let mut parts = parts.into_iter();
    match (parts.next(), parts.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(Trouble::Malformed(missing.to_owned())),
    }
}
