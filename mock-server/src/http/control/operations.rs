//! The operations of the control API.

use std::time::Duration;

use super::admission::ControlApi;
use super::refusal::{device_answer, phone_answer, tenant_answer};
use super::words::limit;
use crate::domain::activeconnect::session::Event;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::sim::phone::Answer;

impl ControlApi {
    fn health() -> wire::Health {
        wire::Health {
            status: "ok".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    fn clock(&self) -> wire::Clock {
        wire::Clock {
            now: self.app.clock.now(),
            frozen: self.app.clock.is_frozen(),
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

    async fn reset(&self, _caller: (), _request: api::ResetRequest) -> api::ResetResponse {
        self.app.reset();
        api::ResetResponse::Ok(Self::health())
    }

    async fn get_clock(
        &self,
        _caller: (),
        _request: api::GetClockRequest,
    ) -> api::GetClockResponse {
        api::GetClockResponse::Ok(self.clock())
    }

    async fn change_clock(
        &self,
        _caller: (),
        request: api::ChangeClockRequest,
    ) -> api::ChangeClockResponse {
        let advance = request
            .body
            .advance_seconds
            .and_then(|seconds| u64::try_from(seconds).ok())
            .unwrap_or(0);
        self.app
            .change_clock(request.body.freeze, Duration::from_secs(advance));
        api::ChangeClockResponse::Ok(self.clock())
    }

    async fn list_messages(
        &self,
        _caller: (),
        request: api::ListMessagesRequest,
    ) -> api::ListMessagesResponse {
        tenant_answer!(ListMessagesResponse, self.messages(&request))
    }

    async fn list_journal(
        &self,
        _caller: (),
        request: api::ListJournalRequest,
    ) -> api::ListJournalResponse {
        tenant_answer!(ListJournalResponse, self.requests(&request))
    }

    async fn get_journal_entry(
        &self,
        _caller: (),
        request: api::GetJournalEntryRequest,
    ) -> api::GetJournalEntryResponse {
        tenant_answer!(GetJournalEntryResponse, self.request(&request))
    }

    async fn list_tenants(
        &self,
        _caller: (),
        _request: api::ListTenantsRequest,
    ) -> api::ListTenantsResponse {
        api::ListTenantsResponse::Ok(self.tenants())
    }

    async fn list_users(
        &self,
        _caller: (),
        request: api::ListUsersRequest,
    ) -> api::ListUsersResponse {
        tenant_answer!(ListUsersResponse, self.users(&request))
    }

    async fn show_user(&self, _caller: (), request: api::ShowUserRequest) -> api::ShowUserResponse {
        tenant_answer!(ShowUserResponse, self.user(&request))
    }

    async fn list_actions(
        &self,
        _caller: (),
        request: api::ListActionsRequest,
    ) -> api::ListActionsResponse {
        tenant_answer!(ListActionsResponse, self.actions(&request))
    }

    async fn list_activeconnect_users(
        &self,
        _caller: (),
        request: api::ListActiveconnectUsersRequest,
    ) -> api::ListActiveconnectUsersResponse {
        tenant_answer!(
            ListActiveconnectUsersResponse,
            self.activeconnect_users(&request)
        )
    }

    async fn list_phone_requests(
        &self,
        _caller: (),
        request: api::ListPhoneRequestsRequest,
    ) -> api::ListPhoneRequestsResponse {
        tenant_answer!(ListPhoneRequestsResponse, self.phone_requests(&request))
    }

    async fn set_next_outcome(
        &self,
        _caller: (),
        request: api::SetNextOutcomeRequest,
    ) -> api::SetNextOutcomeResponse {
        tenant_answer!(SetNextOutcomeResponse, self.plan(request.body))
    }

    async fn get_state(
        &self,
        _caller: (),
        _request: api::GetStateRequest,
    ) -> api::GetStateResponse {
        let state = self.app.dump();
        api::GetStateResponse::Ok(state.into())
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
        phone_answer!(
            PhoneRegisterResponse,
            registered.map(|phone| wire::PhoneRegistered {
                application_id: phone.application_id,
                user_id: phone.user_id,
                device_id: phone.device_id,
            })
        )
    }

    async fn phone_approve(
        &self,
        _caller: (),
        request: api::PhoneApproveRequest,
    ) -> api::PhoneApproveResponse {
        phone_answer!(
            PhoneApproveResponse,
            self.answer(request.body, Answer::Approve).await
        )
    }

    async fn phone_deny(
        &self,
        _caller: (),
        request: api::PhoneDenyRequest,
    ) -> api::PhoneDenyResponse {
        phone_answer!(
            PhoneDenyResponse,
            self.answer(request.body, Answer::Deny).await
        )
    }

    async fn phone_fail(
        &self,
        _caller: (),
        request: api::PhoneFailRequest,
    ) -> api::PhoneFailResponse {
        phone_answer!(
            PhoneFailResponse,
            self.answer(request.body, Answer::Fail).await
        )
    }

    async fn phone_walk_away(
        &self,
        _caller: (),
        request: api::PhoneWalkAwayRequest,
    ) -> api::PhoneWalkAwayResponse {
        phone_answer!(
            PhoneWalkAwayResponse,
            self.happen(request.body, Event::WalkAway)
        )
    }

    async fn phone_return(
        &self,
        _caller: (),
        request: api::PhoneReturnRequest,
    ) -> api::PhoneReturnResponse {
        phone_answer!(
            PhoneReturnResponse,
            self.happen(request.body, Event::Return)
        )
    }

    async fn phone_expire(
        &self,
        _caller: (),
        request: api::PhoneExpireRequest,
    ) -> api::PhoneExpireResponse {
        phone_answer!(
            PhoneExpireResponse,
            self.happen(request.body, Event::RunOut)
        )
    }

    async fn passkey_enroll(
        &self,
        _caller: (),
        request: api::PasskeyEnrollRequest,
    ) -> api::PasskeyEnrollResponse {
        phone_answer!(
            PasskeyEnrollResponse,
            self.enroll_credential(&request.body).await
        )
    }

    async fn passkey_approve(
        &self,
        _caller: (),
        request: api::PasskeyApproveRequest,
    ) -> api::PasskeyApproveResponse {
        phone_answer!(
            PasskeyApproveResponse,
            self.approve_with_credential(&request.body).await
        )
    }

    async fn passkey_create(
        &self,
        _caller: (),
        request: api::PasskeyCreateRequest,
    ) -> api::PasskeyCreateResponse {
        device_answer!(
            PasskeyCreateResponse,
            Self::create_credential(&request.body)
        )
    }

    async fn passkey_get(
        &self,
        _caller: (),
        request: api::PasskeyGetRequest,
    ) -> api::PasskeyGetResponse {
        device_answer!(PasskeyGetResponse, Self::get_credential(&request.body))
    }

    async fn push_register(
        &self,
        _caller: (),
        request: api::PushRegisterRequest,
    ) -> api::PushRegisterResponse {
        phone_answer!(
            PushRegisterResponse,
            self.register_push(&request.body).await
        )
    }

    async fn push_approve(
        &self,
        _caller: (),
        request: api::PushApproveRequest,
    ) -> api::PushApproveResponse {
        phone_answer!(
            PushApproveResponse,
            self.answer_push(&request.body, true).await
        )
    }

    async fn push_deny(&self, _caller: (), request: api::PushDenyRequest) -> api::PushDenyResponse {
        phone_answer!(
            PushDenyResponse,
            self.answer_push(&request.body, false).await
        )
    }

    async fn qr_claim(&self, _caller: (), request: api::QrClaimRequest) -> api::QrClaimResponse {
        phone_answer!(QrClaimResponse, self.read_code(&request.body, None).await)
    }

    async fn qr_approve(
        &self,
        _caller: (),
        request: api::QrApproveRequest,
    ) -> api::QrApproveResponse {
        phone_answer!(
            QrApproveResponse,
            self.read_code(&request.body, Some(true)).await
        )
    }

    async fn qr_deny(&self, _caller: (), request: api::QrDenyRequest) -> api::QrDenyResponse {
        phone_answer!(
            QrDenyResponse,
            self.read_code(&request.body, Some(false)).await
        )
    }

    async fn get_totp(&self, _caller: (), request: api::GetTotpRequest) -> api::GetTotpResponse {
        tenant_answer!(GetTotpResponse, self.totp(&request))
    }

    async fn challenge_succeed(
        &self,
        _caller: (),
        request: api::ChallengeSucceedRequest,
    ) -> api::ChallengeSucceedResponse {
        phone_answer!(
            ChallengeSucceedResponse,
            self.finish(request.body, true).await
        )
    }

    async fn challenge_fail(
        &self,
        _caller: (),
        request: api::ChallengeFailRequest,
    ) -> api::ChallengeFailResponse {
        tenant_answer!(
            ChallengeFailResponse,
            self.finish(request.body, false).await
        )
    }

    async fn configure_webhooks(
        &self,
        _caller: (),
        request: api::ConfigureWebhooksRequest,
    ) -> api::ConfigureWebhooksResponse {
        tenant_answer!(ConfigureWebhooksResponse, self.set_webhooks(request.body))
    }

    async fn list_webhook_deliveries(
        &self,
        _caller: (),
        request: api::ListWebhookDeliveriesRequest,
    ) -> api::ListWebhookDeliveriesResponse {
        let (settled, limit) = (request.settled.unwrap_or(false), limit(request.limit));
        let deliveries = self.deliveries(request.type_, settled, limit).await;
        api::ListWebhookDeliveriesResponse::Ok(deliveries)
    }

    async fn webhook_send(
        &self,
        _caller: (),
        request: api::WebhookSendRequest,
    ) -> api::WebhookSendResponse {
        tenant_answer!(WebhookSendResponse, self.send_webhook(request.body).await)
    }

    async fn webhook_trigger(
        &self,
        _caller: (),
        request: api::WebhookTriggerRequest,
    ) -> api::WebhookTriggerResponse {
        phone_answer!(
            WebhookTriggerResponse,
            self.trigger_webhook(request.body).await
        )
    }

    async fn configure_authsignal(
        &self,
        _caller: (),
        request: api::ConfigureAuthsignalRequest,
    ) -> api::ConfigureAuthsignalResponse {
        tenant_answer!(ConfigureAuthsignalResponse, self.configure(request.body))
    }
}
