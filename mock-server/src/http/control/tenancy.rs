//! The control API's operations that list, create and delete tenants.

use std::num::NonZeroU64;
use std::time::Duration;

use super::admission::ControlApi;
use super::faults::{faults, told};
use super::listing::{authsignal_summary, searched};
use super::readings::Readings;
use super::scenarios;
use super::words::{count, limit, next_outcomes};
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::{CreateError, Tenant, Wanted, text_fault};
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn tenants(
        &self,
        request: &api::ListTenantsRequest,
    ) -> Result<wire::Tenants, Trouble> {
        let limit = limit(request.limit);
        let after = request.after.and_then(|number| u64::try_from(number).ok());
        let search = Readings::of(searched(request.search.as_deref())?);
        let search: Vec<_> = search.each().map(str::to_lowercase).collect();
        let tenants = self.of_tenant(request.tenant.as_deref())?;
        let mut found = tenants
            .iter()
            .filter(|tenant| after.is_none_or(|after| tenant.ledger().number() > after))
            .filter(|tenant| search.iter().any(|text| contains(tenant, text)));
        let is_brief = request.brief.unwrap_or_default();
        let shown = found.by_ref().take(limit);
        Ok(wire::Tenants {
            tenants: shown.map(|tenant| summary(tenant, is_brief)).collect(),
            more: found.next().is_some(),
        })
    }

    pub(super) fn create_tenant(
        &self,
        wanted: wire::TenantToCreate,
    ) -> Result<wire::NewTenant, Trouble> {
        let name = wanted.name.map(String::from);
        if let Some(fault) = name.as_deref().and_then(text_fault) {
            return Err(Trouble::Malformed(format!("body /name {fault}")));
        }
        if wanted.seed.is_some() && wanted.snapshot.is_some() {
            let why = "body /snapshot takes the place of a seed: send one of them";
            return Err(Trouble::Malformed(why.to_owned()));
        }
        let start = wanted
            .snapshot
            .as_ref()
            .map(|snapshot| self.moment(snapshot));
        let ttl = wanted.ttl_seconds;
        let wanted = Wanted {
            name,
            seed: wanted.seed.map(|seed| seed.0),
            start: start.transpose()?,
            ttl: ttl.map(|seconds| Duration::from_secs(seconds.get())),
        };
        let created = self.app.create_as(wanted).map_err(|error| match error {
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

/// Whether a tenant's ids or its application's name contain a text, which must be in lower case.
fn contains(tenant: &Tenant, text: &str) -> bool {
    let application = tenant.activeconnect().map(|part| part.account());
    let application = application.map(|application| [&application.id, &application.name]);
    let tenant_id = tenant.authsignal().map(|part| &part.account().id);
    let mut names = application.into_iter().flatten().chain(tenant_id);
    names.any(|name| name.to_lowercase().contains(text))
}

/// A tenant in the list; a brief one is made without a look at settings.
pub(super) fn summary(tenant: &Tenant, is_brief: bool) -> wire::TenantSummary {
    let ledger = tenant.ledger();
    let authsignal = tenant.authsignal();
    wire::TenantSummary {
        number: i64::try_from(ledger.number()).unwrap_or(i64::MAX),
        name: tenant.name().to_owned(),
        tenant_id: authsignal.map(|part| part.account().id.clone()),
        ttl_seconds: ledger
            .life()
            .and_then(|life| NonZeroU64::new(life.as_secs())),
        activeconnect: tenant.activeconnect().map(|part| {
            let application = part.account();
            wire::ActiveconnectSummary {
                application_id: application.id.clone(),
                name: application.name.clone(),
                users: part.look(|activeconnect, _| count(activeconnect.population())),
            }
        }),
        authsignal: authsignal.filter(|_| !is_brief).map(|part| {
            let planned = tenant.ledger().scenarios(next_outcomes);
            let id = &part.account().id;
            part.look(|authsignal, _| authsignal_summary(id, authsignal, planned))
        }),
        failures: Some(tenant)
            .filter(|_| !is_brief)
            .map(told)
            .filter(|failures| !failures.is_empty()),
        faults: Some(tenant)
            .filter(|_| !is_brief)
            .map(faults)
            .filter(|faults| !faults.is_empty()),
        scenarios: Some(tenant)
            .filter(|_| !is_brief)
            .map(scenarios::told)
            .filter(|scenarios| !scenarios.is_empty()),
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
