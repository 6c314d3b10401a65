//! The operations of the control API.

use super::admission::ControlApi;
use super::refusal::respond;
use crate::domain::activeconnect::session::Event;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::sim::phone::PhoneAnswer;

impl ControlApi {
    fn health() -> wire::Health {
        wire::Health {
            status: "ok".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl api::Api for ControlApi {
    async fn get_health(
        &self,
        _caller: (),
        _request: api::GetHealthRequest,
    ) -> api::GetHealthResponse {
        api::GetHealthResponse::Ok(Self::health())
    }

    async fn list_limits(
        &self,
        _caller: (),
        _request: api::ListLimitsRequest,
    ) -> api::ListLimitsResponse {
        api::ListLimitsResponse::Ok(self.limits())
    }

    async fn reset(&self, _caller: (), request: api::ResetRequest) -> api::ResetResponse {
        let of = request.tenant.as_deref();
        let of = of.map(|name| self.named(name)).transpose();
        respond(of.map(|tenant| {
            match tenant {
                Some(tenant) => self.app.reset_tenant(&tenant),
                None => self.app.reset(),
            }
            api::ResetResponse::Ok(Self::health())
        }))
    }

    async fn get_clock(&self, _caller: (), request: api::GetClockRequest) -> api::GetClockResponse {
        respond(
            self.time(request.tenant.as_deref())
                .map(api::GetClockResponse::Ok),
        )
    }

    async fn change_clock(
        &self,
        _caller: (),
        request: api::ChangeClockRequest,
    ) -> api::ChangeClockResponse {
        respond(
            self.change_time(request.body)
                .await
                .map(api::ChangeClockResponse::Ok),
        )
    }

    async fn list_messages(
        &self,
        _caller: (),
        request: api::ListMessagesRequest,
    ) -> api::ListMessagesResponse {
        respond(
            self.messages(&request)
                .await
                .map(api::ListMessagesResponse::Ok),
        )
    }

    async fn delete_messages(
        &self,
        _caller: (),
        request: api::DeleteMessagesRequest,
    ) -> api::DeleteMessagesResponse {
        respond(
            self.delete_messages(&request)
                .map(api::DeleteMessagesResponse::Ok),
        )
    }

    async fn delete_message(
        &self,
        _caller: (),
        request: api::DeleteMessageRequest,
    ) -> api::DeleteMessageResponse {
        respond(
            self.delete_message(&request.message)
                .map(api::DeleteMessageResponse::Ok),
        )
    }

    async fn list_journal(
        &self,
        _caller: (),
        request: api::ListJournalRequest,
    ) -> api::ListJournalResponse {
        respond(
            self.requests(&request)
                .await
                .map(api::ListJournalResponse::Ok),
        )
    }

    async fn get_journal_entry(
        &self,
        _caller: (),
        request: api::GetJournalEntryRequest,
    ) -> api::GetJournalEntryResponse {
        respond(self.request(&request).map(api::GetJournalEntryResponse::Ok))
    }

    async fn search_journal(
        &self,
        _caller: (),
        request: api::SearchJournalRequest,
    ) -> api::SearchJournalResponse {
        respond(
            self.search_journal(request.body)
                .await
                .map(api::SearchJournalResponse::Ok),
        )
    }

    async fn export_har(
        &self,
        _caller: (),
        request: api::ExportHarRequest,
    ) -> api::ExportHarResponse {
        respond(self.har(&request).await.map(api::ExportHarResponse::Ok))
    }

    async fn verify_requests(
        &self,
        _caller: (),
        request: api::VerifyRequestsRequest,
    ) -> api::VerifyRequestsResponse {
        respond(
            self.verify_requests(request.body)
                .await
                .map(api::VerifyRequestsResponse::Ok),
        )
    }

    async fn list_tenants(
        &self,
        _caller: (),
        request: api::ListTenantsRequest,
    ) -> api::ListTenantsResponse {
        respond(self.tenants(&request).map(api::ListTenantsResponse::Ok))
    }

    async fn create_tenant(
        &self,
        _caller: (),
        request: api::CreateTenantRequest,
    ) -> api::CreateTenantResponse {
        respond(
            self.create_tenant(request.body)
                .map(api::CreateTenantResponse::Created),
        )
    }

    async fn dump(&self, _caller: (), request: api::DumpRequest) -> api::DumpResponse {
        respond(self.dump_of(&request).map(api::DumpResponse::Ok))
    }

    async fn load(&self, _caller: (), request: api::LoadRequest) -> api::LoadResponse {
        respond(self.loaded(request.body).map(api::LoadResponse::Ok))
    }

    async fn list_snapshots(
        &self,
        _caller: (),
        request: api::ListSnapshotsRequest,
    ) -> api::ListSnapshotsResponse {
        respond(self.snapshots(&request).map(api::ListSnapshotsResponse::Ok))
    }

    async fn take_snapshot(
        &self,
        _caller: (),
        request: api::TakeSnapshotRequest,
    ) -> api::TakeSnapshotResponse {
        respond(
            self.take_snapshot(&request.body)
                .map(api::TakeSnapshotResponse::Ok),
        )
    }

    async fn restore_snapshot(
        &self,
        _caller: (),
        request: api::RestoreSnapshotRequest,
    ) -> api::RestoreSnapshotResponse {
        respond(
            self.restore_snapshot(&request.body)
                .map(api::RestoreSnapshotResponse::Ok),
        )
    }

    async fn delete_snapshot(
        &self,
        _caller: (),
        request: api::DeleteSnapshotRequest,
    ) -> api::DeleteSnapshotResponse {
        respond(
            self.delete_snapshot(&request)
                .map(api::DeleteSnapshotResponse::Ok),
        )
    }

    async fn delete_tenant(
        &self,
        _caller: (),
        request: api::DeleteTenantRequest,
    ) -> api::DeleteTenantResponse {
        respond(
            self.delete_tenant(&request.tenant)
                .map(|()| api::DeleteTenantResponse::Ok(Self::health())),
        )
    }

    async fn list_users(
        &self,
        _caller: (),
        request: api::ListUsersRequest,
    ) -> api::ListUsersResponse {
        respond(self.users(&request).await.map(api::ListUsersResponse::Ok))
    }

    async fn show_user(&self, _caller: (), request: api::ShowUserRequest) -> api::ShowUserResponse {
        respond(self.user(&request).map(api::ShowUserResponse::Ok))
    }

    async fn list_actions(
        &self,
        _caller: (),
        request: api::ListActionsRequest,
    ) -> api::ListActionsResponse {
        respond(
            self.actions(&request)
                .await
                .map(api::ListActionsResponse::Ok),
        )
    }

    async fn list_activeconnect_users(
        &self,
        _caller: (),
        request: api::ListActiveconnectUsersRequest,
    ) -> api::ListActiveconnectUsersResponse {
        respond(
            self.activeconnect_users(&request)
                .map(api::ListActiveconnectUsersResponse::Ok),
        )
    }

    async fn list_phone_requests(
        &self,
        _caller: (),
        request: api::ListPhoneRequestsRequest,
    ) -> api::ListPhoneRequestsResponse {
        respond(
            self.phone_requests(&request)
                .await
                .map(api::ListPhoneRequestsResponse::Ok),
        )
    }

    async fn export_authsignal(
        &self,
        _caller: (),
        request: api::ExportAuthsignalRequest,
    ) -> api::ExportAuthsignalResponse {
        respond(self.export(&request).map(api::ExportAuthsignalResponse::Ok))
    }

    async fn set_next_outcome(
        &self,
        _caller: (),
        request: api::SetNextOutcomeRequest,
    ) -> api::SetNextOutcomeResponse {
        respond(self.plan(request.body).map(api::SetNextOutcomeResponse::Ok))
    }

    async fn list_failures(
        &self,
        _caller: (),
        request: api::ListFailuresRequest,
    ) -> api::ListFailuresResponse {
        respond(
            self.all_failures(&request)
                .map(api::ListFailuresResponse::Ok),
        )
    }

    async fn configure_failures(
        &self,
        _caller: (),
        request: api::ConfigureFailuresRequest,
    ) -> api::ConfigureFailuresResponse {
        respond(
            self.plan_failures(request.body)
                .map(api::ConfigureFailuresResponse::Ok),
        )
    }

    async fn list_faults(
        &self,
        _caller: (),
        request: api::ListFaultsRequest,
    ) -> api::ListFaultsResponse {
        respond(self.all_faults(&request).map(api::ListFaultsResponse::Ok))
    }

    async fn configure_faults(
        &self,
        _caller: (),
        request: api::ConfigureFaultsRequest,
    ) -> api::ConfigureFaultsResponse {
        respond(
            self.plan_faults(request.body)
                .map(api::ConfigureFaultsResponse::Ok),
        )
    }

    async fn list_scenarios(
        &self,
        _caller: (),
        request: api::ListScenariosRequest,
    ) -> api::ListScenariosResponse {
        respond(
            self.all_scenarios(&request)
                .map(api::ListScenariosResponse::Ok),
        )
    }

    async fn configure_scenarios(
        &self,
        _caller: (),
        request: api::ConfigureScenariosRequest,
    ) -> api::ConfigureScenariosResponse {
        respond(
            self.plan_scenarios(request.body)
                .map(api::ConfigureScenariosResponse::Ok),
        )
    }

    async fn delete_scenario(
        &self,
        _caller: (),
        request: api::DeleteScenarioRequest,
    ) -> api::DeleteScenarioResponse {
        respond(
            self.take_scenario_back(&request)
                .map(api::DeleteScenarioResponse::Ok),
        )
    }

    async fn delete_fault(
        &self,
        _caller: (),
        request: api::DeleteFaultRequest,
    ) -> api::DeleteFaultResponse {
        respond(
            self.take_fault_back(&request)
                .map(api::DeleteFaultResponse::Ok),
        )
    }

    async fn configure_facts(
        &self,
        _caller: (),
        request: api::ConfigureFactsRequest,
    ) -> api::ConfigureFactsResponse {
        respond(
            self.set_facts(request.body)
                .map(api::ConfigureFactsResponse::Ok),
        )
    }

    async fn set_next_facts(
        &self,
        _caller: (),
        request: api::SetNextFactsRequest,
    ) -> api::SetNextFactsResponse {
        respond(
            self.plan_facts(request.body)
                .map(api::SetNextFactsResponse::Ok),
        )
    }

    async fn get_state(&self, _caller: (), request: api::GetStateRequest) -> api::GetStateResponse {
        respond(self.state(&request).map(api::GetStateResponse::Ok))
    }

    async fn phone_register(
        &self,
        _caller: (),
        request: api::PhoneRegisterRequest,
    ) -> api::PhoneRegisterResponse {
        let wire::PhoneRegistration { link, name } = request.body;
        let registered = self
            .phones
            .register(&self.app, &link, name.as_deref())
            .await;
        respond(
            registered
                .map(|phone| wire::PhoneRegistered {
                    application_id: phone.application_id,
                    user_id: phone.user_id,
                    device_id: phone.device_id,
                })
                .map(api::PhoneRegisterResponse::Ok),
        )
    }

    async fn phone_approve(
        &self,
        _caller: (),
        request: api::PhoneApproveRequest,
    ) -> api::PhoneApproveResponse {
        respond(
            self.answer(request.body, PhoneAnswer::Approve)
                .await
                .map(api::PhoneApproveResponse::Ok),
        )
    }

    async fn phone_deny(
        &self,
        _caller: (),
        request: api::PhoneDenyRequest,
    ) -> api::PhoneDenyResponse {
        respond(
            self.answer(request.body, PhoneAnswer::Deny)
                .await
                .map(api::PhoneDenyResponse::Ok),
        )
    }

    async fn phone_fail(
        &self,
        _caller: (),
        request: api::PhoneFailRequest,
    ) -> api::PhoneFailResponse {
        respond(
            self.answer(request.body, PhoneAnswer::Fail)
                .await
                .map(api::PhoneFailResponse::Ok),
        )
    }

    async fn phone_walk_away(
        &self,
        _caller: (),
        request: api::PhoneWalkAwayRequest,
    ) -> api::PhoneWalkAwayResponse {
        respond(
            self.happen(request.body, Event::WalkAway)
                .map(api::PhoneWalkAwayResponse::Ok),
        )
    }

    async fn phone_return(
        &self,
        _caller: (),
        request: api::PhoneReturnRequest,
    ) -> api::PhoneReturnResponse {
        respond(
            self.happen(request.body, Event::Return)
                .map(api::PhoneReturnResponse::Ok),
        )
    }

    async fn phone_expire(
        &self,
        _caller: (),
        request: api::PhoneExpireRequest,
    ) -> api::PhoneExpireResponse {
        respond(
            self.happen(request.body, Event::RunOut)
                .map(api::PhoneExpireResponse::Ok),
        )
    }

    async fn passkey_enroll(
        &self,
        _caller: (),
        request: api::PasskeyEnrollRequest,
    ) -> api::PasskeyEnrollResponse {
        respond(
            self.enroll_credential(&request.body)
                .await
                .map(api::PasskeyEnrollResponse::Ok),
        )
    }

    async fn passkey_approve(
        &self,
        _caller: (),
        request: api::PasskeyApproveRequest,
    ) -> api::PasskeyApproveResponse {
        respond(
            self.approve_with_credential(&request.body)
                .await
                .map(api::PasskeyApproveResponse::Ok),
        )
    }

    async fn passkey_create(
        &self,
        _caller: (),
        request: api::PasskeyCreateRequest,
    ) -> api::PasskeyCreateResponse {
        respond(Self::create_credential(&request.body).map(api::PasskeyCreateResponse::Ok))
    }

    async fn passkey_get(
        &self,
        _caller: (),
        request: api::PasskeyGetRequest,
    ) -> api::PasskeyGetResponse {
        respond(Self::get_credential(&request.body).map(api::PasskeyGetResponse::Ok))
    }

    async fn push_register(
        &self,
        _caller: (),
        request: api::PushRegisterRequest,
    ) -> api::PushRegisterResponse {
        respond(
            self.register_push(&request.body)
                .await
                .map(api::PushRegisterResponse::Ok),
        )
    }

    async fn push_approve(
        &self,
        _caller: (),
        request: api::PushApproveRequest,
    ) -> api::PushApproveResponse {
        respond(
            self.answer_push(&request.body, true)
                .await
                .map(api::PushApproveResponse::Ok),
        )
    }

    async fn push_deny(&self, _caller: (), request: api::PushDenyRequest) -> api::PushDenyResponse {
        respond(
            self.answer_push(&request.body, false)
                .await
                .map(api::PushDenyResponse::Ok),
        )
    }

    async fn qr_claim(&self, _caller: (), request: api::QrClaimRequest) -> api::QrClaimResponse {
        respond(
            self.read_code(&request.body, None)
                .await
                .map(api::QrClaimResponse::Ok),
        )
    }

    async fn qr_approve(
        &self,
        _caller: (),
        request: api::QrApproveRequest,
    ) -> api::QrApproveResponse {
        respond(
            self.read_code(&request.body, Some(true))
                .await
                .map(api::QrApproveResponse::Ok),
        )
    }

    async fn qr_deny(&self, _caller: (), request: api::QrDenyRequest) -> api::QrDenyResponse {
        respond(
            self.read_code(&request.body, Some(false))
                .await
                .map(api::QrDenyResponse::Ok),
        )
    }

    async fn get_totp(&self, _caller: (), request: api::GetTotpRequest) -> api::GetTotpResponse {
        respond(self.totp(&request).map(api::GetTotpResponse::Ok))
    }

    async fn challenge_succeed(
        &self,
        _caller: (),
        request: api::ChallengeSucceedRequest,
    ) -> api::ChallengeSucceedResponse {
        respond(
            self.finish(request.body, true)
                .await
                .map(api::ChallengeSucceedResponse::Ok),
        )
    }

    async fn challenge_fail(
        &self,
        _caller: (),
        request: api::ChallengeFailRequest,
    ) -> api::ChallengeFailResponse {
        respond(
            self.finish(request.body, false)
                .await
                .map(api::ChallengeFailResponse::Ok),
        )
    }

    async fn configure_webhooks(
        &self,
        _caller: (),
        request: api::ConfigureWebhooksRequest,
    ) -> api::ConfigureWebhooksResponse {
        respond(
            self.set_webhooks(request.body)
                .map(api::ConfigureWebhooksResponse::Ok),
        )
    }

    async fn list_webhook_deliveries(
        &self,
        _caller: (),
        request: api::ListWebhookDeliveriesRequest,
    ) -> api::ListWebhookDeliveriesResponse {
        respond(
            self.deliveries(request)
                .await
                .map(api::ListWebhookDeliveriesResponse::Ok),
        )
    }

    async fn webhook_send(
        &self,
        _caller: (),
        request: api::WebhookSendRequest,
    ) -> api::WebhookSendResponse {
        respond(
            self.send_webhook(request.body)
                .await
                .map(api::WebhookSendResponse::Ok),
        )
    }

    async fn webhook_trigger(
        &self,
        _caller: (),
        request: api::WebhookTriggerRequest,
    ) -> api::WebhookTriggerResponse {
        respond(
            self.trigger_webhook(request.body)
                .await
                .map(api::WebhookTriggerResponse::Ok),
        )
    }

    async fn configure_authsignal(
        &self,
        _caller: (),
        request: api::ConfigureAuthsignalRequest,
    ) -> api::ConfigureAuthsignalResponse {
        respond(
            self.configure(request.body)
                .map(api::ConfigureAuthsignalResponse::Ok),
        )
    }
}
