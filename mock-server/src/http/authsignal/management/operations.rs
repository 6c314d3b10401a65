//! The operations of the Management API.

use serde_json::{Map, Value};

use super::admission::{ManagementApi, ManagementCaller};
use super::convert::{
    OLDER_WEBHOOK, WEBHOOK, action_configuration, by_current_name, catalog, flow, messages,
    respond, rule, tenant, told, told_all,
};
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::management::resource::object;
use crate::domain::authsignal::management::{Fault, tenant as settings};
use crate::generated::authsignal_management::routes as api;
use crate::generated::authsignal_management::types as wire;
use crate::http::access::Writer;
use crate::patterns::of_type;

type Caller = Writer<ManagementCaller, Authsignal>;

const DELETED: wire::Deleted = wire::Deleted { success: true };

/// Logs what is wrong with the variables of rules that were set just now: the vendor's answer has no place for it.
fn warn(tenant_id: &str, warnings: Vec<String>) {
    for warning in warnings {
        tracing::warn!(tenant = tenant_id, "{warning}");
    }
}

impl ManagementApi {
    /// Checks a URL that a member of a body names.
    fn check_url(&self, place: &str, url: &str) -> Result<(), Fault> {
        let checked = self.app.courier.check(url);
        checked.map_err(|why| Fault::Invalid(format!("body /{place}: {why}")))
    }

    /// Checks a member that is a URL, if it is there.
    fn check_member(&self, members: &Map<String, Value>, name: &str) -> Result<(), Fault> {
        let url = members.get(name).and_then(Value::as_str);
        url.map_or(Ok(()), |url| self.check_url(name, url))
    }

    /// The members of an action configuration by their current names.
    fn action_members(&self, body: Map<String, Value>) -> Result<Map<String, Value>, Fault> {
        for name in [WEBHOOK, OLDER_WEBHOOK] {
            self.check_member(&body, name)?;
        }
        by_current_name(body)
    }
}

impl api::Api for ManagementApi {
    async fn list_action_configurations(
        &self,
        caller: ManagementCaller,
        _request: api::ListActionConfigurationsRequest,
    ) -> api::ListActionConfigurationsResponse {
        let id = &caller.tenant.account().id;
        let all = caller.tenant.look(|authsignal, _| {
            let codes = authsignal
                .configuration
                .actions
                .iter()
                .map(|(code, _)| code);
            let all = codes.filter_map(|code| action_configuration(authsignal, id, code).ok());
            all.collect()
        });
        api::ListActionConfigurationsResponse::Ok(wire::ActionConfigurations(all))
    }

    async fn create_action_configuration(
        &self,
        caller: Caller,
        request: api::CreateActionConfigurationRequest,
    ) -> api::CreateActionConfigurationResponse {
        let id = &caller.tenant.account().id;
        respond(self.action_members(request.body.0).and_then(|members| {
            caller.tenant.transact(|authsignal, _| {
                let code = members.get("actionCode").and_then(Value::as_str);
                let code: wire::ActionCode = code.unwrap_or_default().parse().map_err(
                    |why: wire::error::ConversionError| {
                        let why = of_type(&why.to_string());
                        Fault::Invalid(format!("body /actionCode {why}"))
                    },
                )?;
                authsignal.create_action_configuration(&code, members)?;
                action_configuration(authsignal, id, &code)
                    .map(api::CreateActionConfigurationResponse::Ok)
            })
        }))
    }

    async fn get_action_configuration(
        &self,
        caller: ManagementCaller,
        request: api::GetActionConfigurationRequest,
    ) -> api::GetActionConfigurationResponse {
        let (id, code) = (&caller.tenant.account().id, request.action_code);
        let found = caller
            .tenant
            .look(|authsignal, _| action_configuration(authsignal, id, &code));
        respond(found.map(api::GetActionConfigurationResponse::Ok))
    }

    async fn update_action_configuration(
        &self,
        caller: Caller,
        request: api::UpdateActionConfigurationRequest,
    ) -> api::UpdateActionConfigurationResponse {
        let code = request.action_code;
        let id = &caller.tenant.account().id;
        respond(self.action_members(request.body.0).and_then(|changes| {
            caller.tenant.transact(|authsignal, _| {
                authsignal.update_action_configuration(&code, changes)?;
                action_configuration(authsignal, id, &code)
                    .map(api::UpdateActionConfigurationResponse::Ok)
            })
        }))
    }

    async fn delete_action_configuration(
        &self,
        caller: Caller,
        request: api::DeleteActionConfigurationRequest,
    ) -> api::DeleteActionConfigurationResponse {
        let deleted = caller
            .tenant
            .transact(|authsignal, _| authsignal.delete_action_configuration(&request.action_code));
        respond(deleted.map(|()| api::DeleteActionConfigurationResponse::Ok(DELETED)))
    }

    async fn publish_flow(
        &self,
        caller: Caller,
        request: api::PublishFlowRequest,
    ) -> api::PublishFlowResponse {
        let (code, mut document) = (request.action_code, request.body.0);
        let id = &caller.tenant.account().id;
        let text = flow(&mut document);
        let expected = document.get("expectedFlowVersion").and_then(Value::as_i64);
        respond(caller.tenant.transact(|authsignal, _| {
            authsignal.publish_flow(&code, text, expected)?;
            warn(id, authsignal.configuration.warnings_of_flow(&code));
            action_configuration(authsignal, id, &code).map(api::PublishFlowResponse::Ok)
        }))
    }

    async fn list_rules(
        &self,
        caller: ManagementCaller,
        request: api::ListRulesRequest,
    ) -> api::ListRulesResponse {
        let (id, code) = (&caller.tenant.account().id, request.action_code);
        let found = caller
            .tenant
            .look(|authsignal, _| authsignal.rules_of(&code));
        respond(found.map(|rules| {
            let rules = rules.into_iter().map(|members| rule(id, &code, members));
            api::ListRulesResponse::Ok(wire::Rules(told_all(rules)))
        }))
    }

    async fn create_rule(
        &self,
        caller: Caller,
        request: api::CreateRuleRequest,
    ) -> api::CreateRuleResponse {
        let (id, code) = (&caller.tenant.account().id, request.action_code);
        respond(caller.tenant.transact(|authsignal, turn| {
            let rule_id = authsignal.create_rule(turn, &code, request.body.0)?;
            warn(id, authsignal.configuration.warnings_of(&rule_id));
            let members = authsignal.rule_of(&code, &rule_id)?;
            told(rule(id, &code, members)).map(api::CreateRuleResponse::Ok)
        }))
    }

    async fn get_rule(
        &self,
        caller: ManagementCaller,
        request: api::GetRuleRequest,
    ) -> api::GetRuleResponse {
        let (id, code) = (&caller.tenant.account().id, request.action_code);
        let found = caller
            .tenant
            .look(|authsignal, _| authsignal.rule_of(&code, &request.rule_id));
        let found = found.and_then(|members| told(rule(id, &code, members)));
        respond(found.map(api::GetRuleResponse::Ok))
    }

    async fn update_rule(
        &self,
        caller: Caller,
        request: api::UpdateRuleRequest,
    ) -> api::UpdateRuleResponse {
        let (id, code) = (&caller.tenant.account().id, request.action_code);
        respond(caller.tenant.transact(|authsignal, _| {
            authsignal.update_rule(&code, &request.rule_id, request.body.0)?;
            warn(id, authsignal.configuration.warnings_of(&request.rule_id));
            let members = authsignal.rule_of(&code, &request.rule_id)?;
            told(rule(id, &code, members)).map(api::UpdateRuleResponse::Ok)
        }))
    }

    async fn delete_rule(
        &self,
        caller: Caller,
        request: api::DeleteRuleRequest,
    ) -> api::DeleteRuleResponse {
        let deleted = caller.tenant.transact(|authsignal, _| {
            authsignal.delete_rule(&request.action_code, &request.rule_id)
        });
        respond(deleted.map(|()| api::DeleteRuleResponse::Ok(DELETED)))
    }

    async fn list_value_lists(
        &self,
        caller: ManagementCaller,
        _request: api::ListValueListsRequest,
    ) -> api::ListValueListsResponse {
        let all = caller.tenant.look(|authsignal, _| authsignal.value_lists());
        api::ListValueListsResponse::Ok(wire::ValueLists(told_all(all)))
    }

    async fn create_value_list(
        &self,
        caller: Caller,
        request: api::CreateValueListRequest,
    ) -> api::CreateValueListResponse {
        respond(caller.tenant.transact(|authsignal, _| {
            let id = authsignal.create_value_list(request.body.0)?;
            authsignal
                .value_list(&id)
                .and_then(told)
                .map(api::CreateValueListResponse::Ok)
        }))
    }

    async fn get_value_list(
        &self,
        caller: ManagementCaller,
        request: api::GetValueListRequest,
    ) -> api::GetValueListResponse {
        let found = caller
            .tenant
            .look(|authsignal, _| authsignal.value_list(&request.alias));
        respond(found.and_then(told).map(api::GetValueListResponse::Ok))
    }

    async fn update_value_list(
        &self,
        caller: Caller,
        request: api::UpdateValueListRequest,
    ) -> api::UpdateValueListResponse {
        let id = request.alias;
        respond(caller.tenant.transact(|authsignal, _| {
            authsignal.update_value_list(&id, request.body.0)?;
            authsignal
                .value_list(&id)
                .and_then(told)
                .map(api::UpdateValueListResponse::Ok)
        }))
    }

    async fn delete_value_list(
        &self,
        caller: Caller,
        request: api::DeleteValueListRequest,
    ) -> api::DeleteValueListResponse {
        let deleted = caller
            .tenant
            .transact(|authsignal, _| authsignal.delete_value_list(&request.alias));
        respond(deleted.map(|()| api::DeleteValueListResponse::Ok(DELETED)))
    }

    async fn list_custom_data_points(
        &self,
        caller: ManagementCaller,
        _request: api::ListCustomDataPointsRequest,
    ) -> api::ListCustomDataPointsResponse {
        let all = caller
            .tenant
            .look(|authsignal, _| authsignal.custom_data_points());
        api::ListCustomDataPointsResponse::Ok(wire::CustomDataPoints(told_all(all)))
    }

    async fn create_custom_data_point(
        &self,
        caller: Caller,
        request: api::CreateCustomDataPointRequest,
    ) -> api::CreateCustomDataPointResponse {
        respond(caller.tenant.transact(|authsignal, turn| {
            let id = authsignal.create_data_point(turn, request.body.0)?;
            authsignal
                .custom_data_point(&id)
                .and_then(told)
                .map(api::CreateCustomDataPointResponse::Ok)
        }))
    }

    async fn get_custom_data_point(
        &self,
        caller: ManagementCaller,
        request: api::GetCustomDataPointRequest,
    ) -> api::GetCustomDataPointResponse {
        let found = caller
            .tenant
            .look(|authsignal, _| authsignal.custom_data_point(&request.custom_data_point_id));
        respond(
            found
                .and_then(told)
                .map(api::GetCustomDataPointResponse::Ok),
        )
    }

    async fn update_custom_data_point(
        &self,
        caller: Caller,
        request: api::UpdateCustomDataPointRequest,
    ) -> api::UpdateCustomDataPointResponse {
        let id = request.custom_data_point_id;
        respond(caller.tenant.transact(|authsignal, _| {
            authsignal.update_data_point(&id, &request.body.0)?;
            authsignal
                .custom_data_point(&id)
                .and_then(told)
                .map(api::UpdateCustomDataPointResponse::Ok)
        }))
    }

    async fn delete_custom_data_point(
        &self,
        caller: Caller,
        request: api::DeleteCustomDataPointRequest,
    ) -> api::DeleteCustomDataPointResponse {
        let deleted = caller
            .tenant
            .transact(|authsignal, _| authsignal.delete_data_point(&request.custom_data_point_id));
        respond(deleted.map(|()| api::DeleteCustomDataPointResponse::Ok(DELETED)))
    }

    async fn get_theme(
        &self,
        caller: ManagementCaller,
        _request: api::GetThemeRequest,
    ) -> api::GetThemeResponse {
        let found = caller
            .tenant
            .look(|authsignal, _| told::<wire::Theme>(authsignal.shown_theme()));
        // What is kept can be written; the operation has no refusal.
        api::GetThemeResponse::Ok(found.unwrap_or_default())
    }

    async fn update_theme(
        &self,
        caller: Caller,
        request: api::UpdateThemeRequest,
    ) -> api::UpdateThemeResponse {
        respond(caller.tenant.transact(|authsignal, _| {
            authsignal.update_theme(request.body.0)?;
            told(authsignal.shown_theme()).map(api::UpdateThemeResponse::Ok)
        }))
    }

    async fn get_tenant(
        &self,
        caller: ManagementCaller,
        _request: api::GetTenantRequest,
    ) -> api::GetTenantResponse {
        let id = &caller.tenant.account().id;
        let members = caller.tenant.look(|authsignal, _| tenant(authsignal, id));
        api::GetTenantResponse::Ok(members)
    }

    async fn update_tenant(
        &self,
        caller: Caller,
        request: api::UpdateTenantRequest,
    ) -> api::UpdateTenantResponse {
        let (id, changes) = (&caller.tenant.account().id, request.body.0);
        let mut urls = settings::urls(&changes);
        let checked = urls.try_for_each(|(place, url)| self.check_url(place, url));
        drop(urls);
        respond(checked.and_then(|()| {
            caller.tenant.transact(|authsignal, _| {
                authsignal.update_tenant(changes)?;
                Ok(api::UpdateTenantResponse::Ok(tenant(authsignal, id)))
            })
        }))
    }

    async fn get_message_overrides(
        &self,
        caller: ManagementCaller,
        _request: api::GetMessageOverridesRequest,
    ) -> api::GetMessageOverridesResponse {
        let found = caller.tenant.look(|authsignal, _| messages(authsignal));
        api::GetMessageOverridesResponse::Ok(found)
    }

    async fn update_message_overrides(
        &self,
        caller: Caller,
        request: api::UpdateMessageOverridesRequest,
    ) -> api::UpdateMessageOverridesResponse {
        let mut body = request.body.0;
        let texts = object(body.remove("messageOverrides").unwrap_or_default());
        respond(caller.tenant.transact(|authsignal, _| {
            authsignal.update_messages(texts)?;
            Ok(api::UpdateMessageOverridesResponse::Ok(messages(
                authsignal,
            )))
        }))
    }

    async fn get_message_catalog(
        &self,
        caller: ManagementCaller,
        _request: api::GetMessageCatalogRequest,
    ) -> api::GetMessageCatalogResponse {
        drop(caller);
        api::GetMessageCatalogResponse::Ok(catalog())
    }

    async fn list_authenticator_configurations(
        &self,
        caller: ManagementCaller,
        _request: api::ListAuthenticatorConfigurationsRequest,
    ) -> api::ListAuthenticatorConfigurationsResponse {
        let all = caller
            .tenant
            .look(|authsignal, _| authsignal.answered_authenticators());
        api::ListAuthenticatorConfigurationsResponse::Ok(wire::ManagedAuthenticatorConfigurations(
            told_all(all),
        ))
    }

    async fn create_authenticator_configuration(
        &self,
        caller: Caller,
        request: api::CreateAuthenticatorConfigurationRequest,
    ) -> api::CreateAuthenticatorConfigurationResponse {
        let (name, members) = (request.authenticator, request.body.0);
        respond(self.check_member(&members, "webhookUrl").and_then(|()| {
            caller.tenant.transact(|authsignal, _| {
                authsignal.create_authenticator(&name, members)?;
                authsignal
                    .authenticator(&name)
                    .and_then(told)
                    .map(api::CreateAuthenticatorConfigurationResponse::Ok)
            })
        }))
    }

    async fn get_authenticator_configuration(
        &self,
        caller: ManagementCaller,
        request: api::GetAuthenticatorConfigurationRequest,
    ) -> api::GetAuthenticatorConfigurationResponse {
        let found = caller
            .tenant
            .look(|authsignal, _| authsignal.authenticator(&request.authenticator));
        respond(
            found
                .and_then(told)
                .map(api::GetAuthenticatorConfigurationResponse::Ok),
        )
    }

    async fn update_authenticator_configuration(
        &self,
        caller: Caller,
        request: api::UpdateAuthenticatorConfigurationRequest,
    ) -> api::UpdateAuthenticatorConfigurationResponse {
        let (name, changes) = (request.authenticator, request.body.0);
        respond(self.check_member(&changes, "webhookUrl").and_then(|()| {
            caller.tenant.transact(|authsignal, _| {
                authsignal.update_authenticator(&name, changes)?;
                authsignal
                    .authenticator(&name)
                    .and_then(told)
                    .map(api::UpdateAuthenticatorConfigurationResponse::Ok)
            })
        }))
    }

    async fn delete_authenticator_configuration(
        &self,
        caller: Caller,
        request: api::DeleteAuthenticatorConfigurationRequest,
    ) -> api::DeleteAuthenticatorConfigurationResponse {
        let deleted = caller.tenant.transact(|authsignal, _| {
            authsignal.delete_authenticator_configuration(&request.authenticator)
        });
        respond(deleted.map(|()| api::DeleteAuthenticatorConfigurationResponse::Ok(DELETED)))
    }
}
