//! The control API's operation that exports the configuration of an Authsignal tenant.

use super::admission::ControlApi;
use crate::domain::authsignal::management::document::{Call, Calls};
use crate::domain::authsignal::management::resource::object;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::seed::export;
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) fn export(
        &self,
        request: &api::ExportAuthsignalRequest,
    ) -> Result<wire::ExportedConfiguration, Trouble> {
        let tenant = self.in_authsignal(request.tenant.as_deref())?;
        let (seed, Calls { calls, notes }) = tenant.look(|authsignal, _| {
            let seed = export::seed(tenant.account(), authsignal);
            (seed, authsignal.calls())
        });
        Ok(wire::ExportedConfiguration {
            seed: wire::SeedDocument(object(seed)),
            calls: calls.into_iter().map(call).collect(),
            notes,
        })
    }
}

fn call(call: Call) -> wire::ManagementCall {
    wire::ManagementCall {
        method: call.method.to_owned(),
        path: call.path,
        body: wire::ManagementBody(call.body),
        lacks: call.lacks,
        if_exists: call.if_exists.map(|change| wire::ManagementChange {
            path: change.path,
            body: wire::ManagementBody(change.body),
        }),
    }
}
