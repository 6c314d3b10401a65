//! The control API's operations on failures that are planned for a tenant.

use std::num::NonZeroU64;

use super::admission::ControlApi;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::Tenant;
use crate::runtime::failures::{Failure, Failures};
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn all_failures(
        &self,
        request: &api::ListFailuresRequest,
    ) -> Result<wire::AllFailures, Trouble> {
        let tenants = self.of_tenant(request.tenant.as_deref())?;
        Ok(wire::AllFailures {
            tenants: tenants.iter().map(|tenant| of_tenant(tenant)).collect(),
        })
    }

    pub(super) fn plan_failures(
        &self,
        wanted: wire::FailureConfiguration,
    ) -> Result<wire::TenantFailures, Trouble> {
        let tenant = self.tenant(wanted.tenant.as_ref().map(|name| name.as_str()))?;
        let failures = wanted.failures.into_iter().map(planned).collect();
        let failures = Failures::new(failures)
            .map_err(|why| Trouble::Malformed(format!("body /failures{why}")))?;
        tenant.ledger().plan_failures(failures);
        Ok(of_tenant(&tenant))
    }
}

fn planned(failure: wire::Failure) -> Failure {
    Failure {
        operation: failure.operation.map(String::from),
        times: failure
            .times
            .map_or(1, |times| u32::try_from(times.get()).unwrap_or(u32::MAX)),
        // The schema of the request lets no other number through.
        status: u16::try_from(failure.status).unwrap_or_default(),
        headers: failure.headers.map(|headers| headers.0).unwrap_or_default(),
    }
}

fn of_tenant(tenant: &Tenant) -> wire::TenantFailures {
    wire::TenantFailures {
        tenant: tenant.name().to_owned(),
        failures: told(tenant),
    }
}

/// The failures of a tenant that are to come, on the wire.
pub(super) fn told(tenant: &Tenant) -> Vec<wire::Failure> {
    let failures = tenant.ledger().failures();
    let failures = failures.all().iter().cloned();
    let told = failures.map(|failure| wire::Failure {
        // An id is never empty.
        operation: failure.operation.and_then(|id| id.parse().ok()),
        times: NonZeroU64::new(failure.times.into()),
        status: i32::from(failure.status),
        headers: Some(failure.headers)
            .filter(|headers| !headers.is_empty())
            .map(wire::FailureHeaders),
    });
    told.collect()
}
