//! The control API over HTTP: translates between its wire types, the simulated phones, and the running mock.

mod device;
mod listing;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::door::MockPhones;
use super::origin::is_foreign;
use super::surface::{FORCED, Incoming, Operation, Rejection, RejectionKind, Reply, Surface};
use crate::domain::activeconnect::session::{Event, Status};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::rule::RuleText;
use crate::domain::authsignal::vocabulary::Method;
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::App;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart};
use crate::sim::phone::{self, Answer, Trouble};

/// Entries of a listing that names no limit.
const DEFAULT_LIMIT: usize = 100;

/// The control API of a mock.
#[derive(Debug)]
pub(crate) struct Control {
    app: Arc<App>,
    phones: Arc<MockPhones>,
}

/// An answer that tells why a request failed.
pub(crate) fn problem(status: StatusCode, error: &str, message: &str) -> Reply {
    Reply::json(status, &problem_body(error, message))
}

/// The answer to a web page of another origin.
pub(crate) fn foreign() -> Reply {
    let message = "the header Origin names another site: web pages may not steer the mock";
    problem(StatusCode::FORBIDDEN, "forbidden", message)
}

fn problem_body(error: &str, message: &str) -> wire::Problem {
    wire::Problem {
        error: error.to_owned(),
        message: message.to_owned(),
    }
}

/// A refusal in the status it is told with; each operation has its own type for the answer.
enum Refused {
    Malformed(wire::Problem),
    Unknown(wire::Problem),
    Impossible(wire::Problem),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        let message = trouble.to_string();
        match trouble {
            Trouble::Malformed(_) => Self::Malformed(problem_body("malformed", &message)),
            Trouble::Unknown(_) => Self::Unknown(problem_body("unknown", &message)),
            Trouble::Impossible(_) => Self::Impossible(problem_body("impossible", &message)),
        }
    }
}

/// The answer of a phone operation: the outcome, or the refusal in its status.
macro_rules! phone_answer {
    ($response:ident, $outcome:expr) => {
        match $outcome {
            Ok(outcome) => api::$response::Ok(outcome),
            Err(trouble) => match Refused::from(trouble) {
                Refused::Malformed(problem) => api::$response::BadRequest(problem),
                Refused::Unknown(problem) => api::$response::NotFound(problem),
                Refused::Impossible(problem) => api::$response::Conflict(problem),
            },
        }
    };
}

/// The answer of an operation that is about no user: the outcome, or the refusal in its status.
macro_rules! device_answer {
    ($response:ident, $outcome:expr) => {
        match $outcome {
            Ok(outcome) => api::$response::Ok(outcome),
            Err(trouble @ Trouble::Malformed(_)) => {
                api::$response::BadRequest(problem_body("malformed", &trouble.to_string()))
            }
            Err(trouble) => {
                api::$response::Conflict(problem_body("impossible", &trouble.to_string()))
            }
        }
    };
}

/// The answer of an operation on an Authsignal tenant: the outcome, or the refusal in its status.
macro_rules! tenant_answer {
    ($response:ident, $outcome:expr) => {
        match $outcome {
            Ok(outcome) => api::$response::Ok(outcome),
            Err(trouble @ Trouble::Malformed(_)) => {
                api::$response::BadRequest(problem_body("malformed", &trouble.to_string()))
            }
            Err(trouble) => api::$response::NotFound(problem_body("unknown", &trouble.to_string())),
        }
    };
}

impl Control {
    /// The control API of `app`, whose phones are `phones`.
    pub(crate) fn new(app: Arc<App>, phones: Arc<MockPhones>) -> Self {
        Self { app, phones }
    }

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

    /// The application that a request is about.
    fn application(
        &self,
        application_id: Option<&str>,
    ) -> Result<&Arc<ActiveconnectPart>, Trouble> {
        if let Some(id) = application_id {
            let unknown = || {
                Trouble::Unknown(format!(
                    "application {id} not found; the mock's start prints those it has"
                ))
            };
            return self.app.application(id).ok_or_else(unknown);
        }
        let mut tenants = self.app.applications();
        match (tenants.next(), tenants.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Trouble::Malformed(
                "body /applicationId is missing; the mock has several applications".to_owned(),
            )),
        }
    }

    async fn answer(
        &self,
        subject: wire::PhoneSubject,
        answer: Answer,
    ) -> Result<wire::PhoneOutcome, Trouble> {
        let tenant = self.application(subject.application_id.as_ref().map(|id| id.as_str()))?;
        let user_id = String::from(subject.user_id);
        let status = self
            .phones
            .answer(&self.app, tenant, &user_id, answer)
            .await?;
        Ok(outcome(tenant, user_id, status))
    }

    fn happen(
        &self,
        subject: wire::PhoneSubject,
        event: Event,
    ) -> Result<wire::PhoneOutcome, Trouble> {
        let tenant = self.application(subject.application_id.as_ref().map(|id| id.as_str()))?;
        let user_id = String::from(subject.user_id);
        let status = phone::happen(tenant, &user_id, event)?;
        Ok(outcome(tenant, user_id, status))
    }
}

impl Control {
    /// The Authsignal tenant that a request is about.
    fn authsignal(&self, tenant_id: Option<&str>) -> Result<&Arc<AuthsignalPart>, Trouble> {
        if let Some(id) = tenant_id {
            let unknown = || {
                Trouble::Unknown(format!(
                    "tenant {id} not found; the mock's start prints those it has"
                ))
            };
            return self.app.authsignal(id).ok_or_else(unknown);
        }
        let mut tenants = self.app.authsignals();
        match (tenants.next(), tenants.next()) {
            (Some(only), None) => Ok(only),
            _ => Err(Trouble::Malformed(
                "body /tenantId is missing; the mock has several tenants".to_owned(),
            )),
        }
    }

    async fn finish(
        &self,
        subject: wire::ChallengeSubject,
        success: bool,
    ) -> Result<wire::ChallengeOutcome, Trouble> {
        let tenant = self.authsignal(subject.tenant_id.as_ref().map(|id| id.as_str()))?;
        let user_id = String::from(subject.user_id);
        let action = subject.action.map(String::from);
        let finished = tenant.transact_delivered(|authsignal, turn| {
            authsignal.finish(turn, &user_id, action.as_deref(), success)
        });
        match finished.await {
            Ok((action, idempotency_key, state)) => Ok(wire::ChallengeOutcome {
                tenant_id: tenant.account().id.clone(),
                user_id,
                action,
                idempotency_key,
                state: state.word().to_owned(),
            }),
            Err(Refusal::NotFound(why)) => Err(Trouble::Unknown(why)),
            Err(other) => Err(Trouble::Impossible(other.to_string())),
        }
    }

    fn plan(&self, wanted: wire::NextOutcomeChange) -> Result<wire::NextOutcomes, Trouble> {
        let tenant = self.authsignal(wanted.tenant_id.as_ref().map(|id| id.as_str()))?;
        tenant.transact(|authsignal, _| {
            let configuration = &mut authsignal.configuration;
            configuration.plan(
                wanted.user_id.map(String::from),
                wanted.action.map(String::from),
                wanted.outcome.map(listing::decided),
            );
            Ok(wire::NextOutcomes {
                next_outcomes: listing::next_outcomes(&configuration.next_outcomes),
            })
        })
    }

    fn configure(
        &self,
        wanted: wire::AuthsignalConfiguration,
    ) -> Result<wire::AuthsignalConfigured, Trouble> {
        let tenant = self.authsignal(wanted.tenant_id.as_ref().map(|id| id.as_str()))?;
        let mut methods = None;
        if let Some(words) = &wanted.verification_methods {
            let known = |word: &String| {
                Method::of_word(word).ok_or_else(|| {
                    let all: Vec<_> = Method::ALL.into_iter().map(Method::word).collect();
                    Trouble::Malformed(format!(
                        "body /verificationMethods: `{word}` is none of {}",
                        all.join(", ")
                    ))
                })
            };
            methods = Some(words.iter().map(known).collect::<Result<Vec<_>, _>>()?);
        }
        tenant.transact(|authsignal, _| {
            let configuration = &mut authsignal.configuration;
            if let Some(rules) = wanted.rules {
                configuration
                    .set_rules(rules.into_iter().map(rule).collect())
                    .map_err(|reason| Trouble::Malformed(format!("body /rules: {reason}")))?;
            }
            if let Some(actions) = wanted.actions {
                let outcomes = actions.into_iter();
                configuration.outcomes = outcomes
                    .map(|one| (String::from(one.action), listing::decided(one.outcome)))
                    .collect();
            }
            if let Some(outcome) = wanted.default_outcome {
                configuration.default_outcome = listing::decided(outcome);
            }
            if let Some(methods) = methods {
                configuration.methods = methods;
            }
            if let Some(mode) = wanted.challenge_mode {
                configuration.challenge_mode = listing::chosen_mode(mode);
            }
            if let Some(modes) = wanted.challenge_modes {
                configuration.challenge_modes = modes
                    .into_iter()
                    .map(|one| {
                        (
                            String::from(one.action),
                            listing::chosen_mode(one.challenge_mode),
                        )
                    })
                    .collect();
            }
            Ok(wire::AuthsignalConfigured {
                tenant_id: tenant.account().id.clone(),
                default_outcome: listing::outcome(configuration.default_outcome),
                rule_ids: configuration.rules.ids().map(str::to_owned).collect(),
                verification_methods: configuration
                    .methods
                    .iter()
                    .map(|method| method.word().to_owned())
                    .collect(),
                challenge_mode: listing::challenge_mode(configuration.challenge_mode),
            })
        })
    }
}

fn rule(wire: wire::RuleText) -> RuleText {
    RuleText {
        id: String::from(wire.rule_id),
        name: wire.name,
        description: wire.description,
        priority: i64::from(wire.priority),
        action: wire.action.map(String::from),
        outcome: listing::decided(wire.outcome),
        conditions: serde_json::Value::Object(wire.conditions.0),
    }
}

fn outcome(tenant: &ActiveconnectPart, user_id: String, status: Status) -> wire::PhoneOutcome {
    wire::PhoneOutcome {
        application_id: tenant.account().id.clone(),
        user_id,
        session_status: status.into(),
    }
}

fn limit(limit: Option<i32>) -> usize {
    limit
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(DEFAULT_LIMIT)
}

impl Surface for Control {
    type Caller = ();

    fn admit(&self, _operation: &'static Operation, incoming: &Incoming) -> Result<(), Reply> {
        if is_foreign(&incoming.parts.headers) {
            return Err(foreign());
        }
        Ok(())
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        match rejection.kind {
            RejectionKind::Malformed => {
                problem(StatusCode::BAD_REQUEST, "malformed", &rejection.to_string())
            }
            RejectionKind::TooLarge => problem(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                &rejection.to_string(),
            ),
        }
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode) -> Reply {
        let error = match status {
            StatusCode::NOT_FOUND => "unknown",
            StatusCode::CONFLICT => "impossible",
            StatusCode::PAYLOAD_TOO_LARGE => "too_large",
            _ => "malformed",
        };
        problem(status, error, FORCED)
    }

    fn answered(
        &self,
        _operation: &'static Operation,
        _incoming: &Incoming,
        _caller: Option<&()>,
        _reply: &Reply,
    ) {
        // The journal is of the vendor's APIs; who steers the mock knows what they did.
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}

impl api::Api for Control {
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
