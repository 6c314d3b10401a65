//! The control API's operations on what is planned to happen to the next things of a tenant: scenarios.

use super::admission::ControlApi;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::Tenant;
use crate::runtime::scenario::{self, Scenario};
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn all_scenarios(
        &self,
        request: &api::ListScenariosRequest,
    ) -> Result<wire::AllScenarios, Trouble> {
        let tenants = self.of_tenant(request.tenant.as_deref())?;
        Ok(wire::AllScenarios {
            tenants: tenants.iter().map(|tenant| of_tenant(tenant)).collect(),
        })
    }

    pub(super) fn plan_scenarios(
        &self,
        wanted: wire::ScenarioConfiguration,
    ) -> Result<wire::TenantScenarios, Trouble> {
        let tenant = self.tenant(wanted.tenant.as_ref().map(|name| name.as_str()))?;
        let malformed = |why| Trouble::Malformed(format!("body /scenarios{why}"));
        let list = wanted.scenarios.into_iter().enumerate();
        let list: Result<Vec<Scenario>, _> = list
            .map(|(index, one)| read(one).map_err(|why| malformed(format!("/{index}: {why}"))))
            .collect();
        let add = wanted.add == Some(true);
        tenant.plan_scenarios(list?, add).map_err(malformed)?;
        Ok(of_tenant(&tenant))
    }

    pub(super) fn take_scenario_back(
        &self,
        request: &api::DeleteScenarioRequest,
    ) -> Result<wire::TenantScenarios, Trouble> {
        let tenant = self.in_tenant(request.tenant.as_deref())?;
        let id = request.scenario.as_str();
        let ledger = tenant.ledger();
        if !ledger.change_scenarios(|all, faults| scenario::remove(all, faults, id)) {
            return Err(Trouble::Unknown(format!(
                "no scenario {id} is planned for this tenant; GET /_mock/scenarios lists those that are still to come"
            )));
        }
        Ok(of_tenant(&tenant))
    }
}

/// A scenario of the wire, which has the form of one in a seed. The schema of the request has let through what is read here.
fn read(scenario: wire::Scenario) -> Result<Scenario, String> {
    let value = serde_json::to_value(scenario).map_err(|error| error.to_string())?;
    serde_json::from_value(value).map_err(|error| error.to_string())
}

fn of_tenant(tenant: &Tenant) -> wire::TenantScenarios {
    wire::TenantScenarios {
        tenant: tenant.name().to_owned(),
        scenarios: told(tenant),
    }
}

/// The scenarios of a tenant that are to come, on the wire.
pub(super) fn told(tenant: &Tenant) -> Vec<wire::Scenario> {
    let all = tenant.ledger().plans(scenario::all);
    let told = all.into_iter().filter_map(|one| {
        // The wire has every member of a scenario.
        let value = serde_json::to_value(one).ok()?;
        serde_json::from_value(value).ok()
    });
    told.collect()
}
