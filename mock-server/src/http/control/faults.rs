//! The control API's operations on what is planned to go wrong for a tenant: faults, and failures as their short form.

use std::num::NonZeroU64;

use super::admission::ControlApi;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::Tenant;
use crate::runtime::fault::Fault;
use crate::runtime::faults::{Failure, Faults};
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
        let failures = Faults::of_failures(failures)
            .map_err(|why| Trouble::Malformed(format!("body /failures{why}")))?;
        tenant.ledger().plan_faults(failures);
        Ok(of_tenant(&tenant))
    }

    pub(super) fn all_faults(
        &self,
        request: &api::ListFaultsRequest,
    ) -> Result<wire::AllFaults, Trouble> {
        let tenants = self.of_tenant(request.tenant.as_deref())?;
        Ok(wire::AllFaults {
            tenants: tenants.iter().map(|tenant| faults_of(tenant)).collect(),
        })
    }

    pub(super) fn plan_faults(
        &self,
        wanted: wire::FaultConfiguration,
    ) -> Result<wire::TenantFaults, Trouble> {
        let tenant = self.tenant(wanted.tenant.as_ref().map(|name| name.as_str()))?;
        let malformed = |why| Trouble::Malformed(format!("body /faults{why}"));
        let faults = wanted.faults.into_iter().enumerate();
        let faults: Result<Vec<Fault>, _> = faults
            .map(|(index, fault)| read(fault).map_err(|why| malformed(format!("/{index}: {why}"))))
            .collect();
        let ledger = tenant.ledger();
        if wanted.add == Some(true) {
            let added = faults?;
            ledger
                .change_faults(|all| all.add(added))
                .map_err(malformed)?;
        } else {
            ledger.plan_faults(Faults::new(faults?).map_err(malformed)?);
        }
        Ok(faults_of(&tenant))
    }

    pub(super) fn take_fault_back(
        &self,
        request: &api::DeleteFaultRequest,
    ) -> Result<wire::TenantFaults, Trouble> {
        let tenant = self.in_tenant(request.tenant.as_deref())?;
        let id = request.fault.as_str();
        if !tenant.ledger().change_faults(|all| all.remove(id)) {
            return Err(Trouble::Unknown(format!(
                "no fault {id} is planned for this tenant; GET /_mock/faults lists those that are still to come"
            )));
        }
        Ok(faults_of(&tenant))
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

/// A fault of the wire, which has the form of one in a seed. The schema of the request has let through what is read here.
fn read(fault: wire::Fault) -> Result<Fault, String> {
    let value = serde_json::to_value(fault).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn of_tenant(tenant: &Tenant) -> wire::TenantFailures {
    wire::TenantFailures {
        tenant: tenant.name().to_owned(),
        failures: told(tenant),
    }
}

fn faults_of(tenant: &Tenant) -> wire::TenantFaults {
    wire::TenantFaults {
        tenant: tenant.name().to_owned(),
        faults: faults(tenant),
    }
}

/// The failures of a tenant that are to come, on the wire.
pub(super) fn told(tenant: &Tenant) -> Vec<wire::Failure> {
    let faults = tenant.ledger().faults();
    let failures = faults.all().filter(|fault| fault.is_failure());
    let told = failures.map(|failure| wire::Failure {
        // An id is never empty.
        operation: failure.operation.as_deref().and_then(|id| id.parse().ok()),
        times: failure
            .times
            .and_then(|times| NonZeroU64::new(times.into())),
        status: failure.status.map_or(0, i32::from),
        headers: Some(&failure.headers)
            .filter(|headers| !headers.is_empty())
            .map(|headers| wire::FailureHeaders(headers.clone())),
    });
    told.collect()
}

/// The faults of a tenant that are to come, on the wire.
pub(super) fn faults(tenant: &Tenant) -> Vec<wire::Fault> {
    let faults = tenant.ledger().faults();
    let told = faults.all().filter_map(|fault| {
        // The wire has every member of a fault.
        let value = serde_json::to_value(fault).ok()?;
        serde_json::from_value(value).ok()
    });
    told.collect()
}
