//! Which tenant a request is about: the one that it names, or the only one; and whether that can have an action.

use std::ops::Deref;
use std::sync::Arc;

use super::admission::ControlApi;
use super::readings::Readings;
use crate::domain::Vendor;
use crate::domain::authsignal::Configuration;
use crate::domain::scenario::Selector;
use crate::runtime::Tenant;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart, Part};
use crate::runtime::scenario::{can_be, within_bounds};
use crate::sim::phone::Trouble;

/// The parts of a tenant, for people.
const APPLICATION: &str = "Activeconnect application";
const AUTHSIGNAL: &str = "Authsignal part";

/// What a request lacks that names no tenant, in its body or in its query, if the mock has several tenants.
const NO_MEMBER: &str =
    "body /tenant is missing; it is optional only if the mock has exactly one tenant";
const NO_PARAMETER: &str =
    "query parameter tenant is missing; it is optional only if the mock has exactly one tenant";

/// The tenant that a body names: in `tenant`, or in another member that means the same.
pub(super) fn either<'a, T, U>(
    tenant: &'a Option<T>,
    other: &'a Option<U>,
    member: &str,
) -> Result<Option<&'a str>, Trouble>
where
    T: Deref<Target = String>,
    U: Deref<Target = String>,
{
    let tenant = tenant.as_ref().map(|id| id.as_str());
    let other = other.as_ref().map(|id| id.as_str());
    match (tenant, other) {
        (Some(tenant), Some(other)) if tenant != other => Err(Trouble::Malformed(format!(
            "body /{member} is another name of /tenant, and they differ; leave one of them out"
        ))),
        (tenant, other) => Ok(tenant.or(other)),
    }
}

impl ControlApi {
    /// The Activeconnect application of the tenant that a body names, or the only one.
    pub(super) fn application(&self, id: Option<&str>) -> Result<Arc<ActiveconnectPart>, Trouble> {
        self.in_part(id, NO_MEMBER, Tenant::activeconnect, APPLICATION)
    }

    /// The Authsignal part of the tenant that a body names, or the only one.
    pub(super) fn authsignal(&self, id: Option<&str>) -> Result<Arc<AuthsignalPart>, Trouble> {
        self.in_part(id, NO_MEMBER, Tenant::authsignal, AUTHSIGNAL)
    }

    /// The tenant that a body names, or the only one.
    pub(super) fn tenant(&self, name: Option<&str>) -> Result<Arc<Tenant>, Trouble> {
        self.tenant_or(name, NO_MEMBER)
    }

    /// The tenant that a query names, or the only one.
    pub(super) fn in_tenant(&self, name: Option<&str>) -> Result<Arc<Tenant>, Trouble> {
        self.tenant_or(name, NO_PARAMETER)
    }

    fn tenant_or(&self, name: Option<&str>, missing: &str) -> Result<Arc<Tenant>, Trouble> {
        match name {
            Some(name) => self.named(name),
            None => only(self.app.tenants(), missing),
        }
    }

    /// The tenant that a query names.
    pub(super) fn named(&self, name: &str) -> Result<Arc<Tenant>, Trouble> {
        let readings = Readings::of(name);
        let named = readings.each().find_map(|name| self.app.tenant(name));
        named.ok_or_else(|| {
            let what = match name {
                "" => "the id of the tenant is empty".to_owned(),
                name => format!("tenant {name} not found"),
            };
            Trouble::Unknown(format!("{what}; GET /_mock/tenants lists the tenants"))
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
        self.in_part(name, NO_PARAMETER, Tenant::activeconnect, APPLICATION)
    }

    /// The Authsignal tenant that a request is about.
    pub(super) fn in_authsignal(&self, name: Option<&str>) -> Result<Arc<AuthsignalPart>, Trouble> {
        self.in_part(name, NO_PARAMETER, Tenant::authsignal, AUTHSIGNAL)
    }

    /// The part that a request is about: of the tenant that it names, or of the only tenant with this part.
    fn in_part<V: Vendor>(
        &self,
        name: Option<&str>,
        missing: &str,
        part: fn(&Tenant) -> Option<&Arc<Part<V>>>,
        what: &str,
    ) -> Result<Arc<Part<V>>, Trouble> {
        let Some(name) = name else {
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

/// Whether there can be an action of this user and this code.
///
/// # Errors
/// The user or the code is too long, or the tenant has no action of this code and never will have one. The latter is 404, not
/// 400, because the spec takes every code, as a seed does.
pub(super) fn possible(about: &Selector, configuration: &Configuration) -> Result<(), Trouble> {
    within_bounds(about).map_err(|why| Trouble::Malformed(format!("body {why}")))?;
    let code = about.action.as_deref();
    can_be(code, configuration).map_err(|why| Trouble::Unknown(format!("body {why}")))
}
