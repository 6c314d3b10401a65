//! The control API over HTTP: translates between its wire types, the simulated phones, and the running mock.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use super::FORCED;
use super::MockPhones;
use super::surface::{Incoming, Operation, Rejection, RejectionKind, Reply, Surface};
use crate::domain::activeconnect::session::{Event, Status};
use crate::domain::authsignal::rule::RuleText;
use crate::domain::authsignal::vocabulary::{Method, Outcome};
use crate::domain::outbox::{Channel, Message};
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::runtime::journal::Entry;
use crate::runtime::{App, Tenant};
use crate::sim::phone::{self, Answer, Trouble};

/// Entries of a listing that names no limit.
const DEFAULT_LIMIT: usize = 100;

/// The control API of a mock.
#[derive(Debug)]
pub struct Control {
    app: Arc<App>,
    phones: Arc<MockPhones>,
}

/// An answer that tells why a request failed.
pub fn problem(status: StatusCode, error: &str, message: &str) -> Reply {
    Reply::json(status, &problem_body(error, message))
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
    pub fn new(app: Arc<App>, phones: Arc<MockPhones>) -> Self {
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

    /// The tenant that a request is about.
    fn tenant(&self, application_id: Option<&str>) -> Result<&Arc<Tenant>, Trouble> {
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
        let tenant = self.tenant(subject.application_id.as_ref().map(|id| id.as_str()))?;
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
        let tenant = self.tenant(subject.application_id.as_ref().map(|id| id.as_str()))?;
        let user_id = String::from(subject.user_id);
        let status = phone::happen(tenant, &user_id, event)?;
        Ok(outcome(tenant, user_id, status))
    }
}

impl Control {
    /// The Authsignal tenant that a request is about.
    fn authsignal(&self, tenant_id: Option<&str>) -> Result<&Arc<Tenant>, Trouble> {
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

    fn finish(
        &self,
        subject: wire::ChallengeSubject,
        success: bool,
    ) -> Result<wire::ChallengeOutcome, Trouble> {
        let tenant = self.authsignal(subject.tenant_id.as_ref().map(|id| id.as_str()))?;
        let user_id = String::from(subject.user_id);
        let action = subject.action.map(String::from);
        tenant.transact(|world, now| {
            let finished = world
                .authsignal
                .finish(&user_id, action.as_deref(), success, now)
                .map_err(|refusal| Trouble::Unknown(refusal.to_string()))?;
            Ok(wire::ChallengeOutcome {
                tenant_id: tenant.authsignal().id.clone(),
                user_id: user_id.clone(),
                action: finished.code.clone(),
                idempotency_key: finished.key.clone(),
                state: finished.state.word().to_owned(),
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
        tenant.transact(|world, _| {
            let configuration = &mut world.authsignal.configuration;
            if let Some(rules) = wanted.rules {
                configuration
                    .set_rules(rules.into_iter().map(rule).collect())
                    .map_err(|reason| Trouble::Malformed(format!("body /rules: {reason}")))?;
            }
            if let Some(actions) = wanted.actions {
                let outcomes = actions.into_iter();
                configuration.outcomes = outcomes
                    .map(|one| (String::from(one.action), decided(one.outcome)))
                    .collect();
            }
            if let Some(outcome) = wanted.default_outcome {
                configuration.default_outcome = decided(outcome);
            }
            if let Some(methods) = methods {
                configuration.methods = methods;
            }
            Ok(wire::AuthsignalConfigured {
                tenant_id: tenant.authsignal().id.clone(),
                default_outcome: match configuration.default_outcome {
                    Outcome::Allow => wire::Outcome::Allow,
                    Outcome::Block => wire::Outcome::Block,
                    Outcome::Challenge => wire::Outcome::Challenge,
                    Outcome::Review => wire::Outcome::Review,
                },
                rule_ids: configuration.rules.ids().map(str::to_owned).collect(),
                verification_methods: configuration
                    .methods
                    .iter()
                    .map(|method| method.word().to_owned())
                    .collect(),
            })
        })
    }
}

fn decided(outcome: wire::Outcome) -> Outcome {
    match outcome {
        wire::Outcome::Allow => Outcome::Allow,
        wire::Outcome::Block => Outcome::Block,
        wire::Outcome::Challenge => Outcome::Challenge,
        wire::Outcome::Review => Outcome::Review,
    }
}

fn rule(wire: wire::RuleText) -> RuleText {
    RuleText {
        id: String::from(wire.rule_id),
        name: wire.name,
        description: wire.description,
        priority: i64::from(wire.priority),
        action: wire.action.map(String::from),
        outcome: decided(wire.outcome),
        conditions: serde_json::Value::Object(wire.conditions.0),
    }
}

fn outcome(tenant: &Tenant, user_id: String, status: Status) -> wire::PhoneOutcome {
    let session_status = match status {
        Status::Pending => wire::SessionStatus::Pending,
        Status::Identifying => wire::SessionStatus::Identifying,
        Status::Active => wire::SessionStatus::Active,
        Status::Walkaway => wire::SessionStatus::Walkaway,
        Status::Timeout => wire::SessionStatus::Timeout,
        Status::Cancelled => wire::SessionStatus::Cancelled,
        Status::Failed => wire::SessionStatus::Failed,
        Status::Closed => wire::SessionStatus::Closed,
    };
    wire::PhoneOutcome {
        application_id: tenant.application().id.clone(),
        user_id,
        session_status,
    }
}

fn message(message: &Message) -> wire::Message {
    wire::Message {
        channel: match message.channel {
            Channel::Sms => wire::Channel::Sms,
            Channel::Email => wire::Channel::Email,
            Channel::Whatsapp => wire::Channel::Whatsapp,
        },
        to: message.to.clone(),
        text: message.text.clone(),
        code: message.code.clone(),
        url: message.url.clone(),
        created_at: message.created_at,
    }
}

fn journal_entry(entry: Entry) -> wire::JournalEntry {
    wire::JournalEntry {
        number: i64::try_from(entry.number).unwrap_or(i64::MAX),
        at: entry.at,
        operation: entry.operation.map(str::to_owned),
        method: entry.method.into_owned(),
        target: entry.target,
        status: i32::from(entry.status),
        reason: entry.reason,
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
        // A page of another origin can send requests, if not read the answers; it is not to steer the mock.
        let foreign = incoming.header("origin").is_some_and(|origin| {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            authority.is_none() || authority != incoming.header("host")
        });
        if foreign {
            let message = "the header Origin names another site: web pages may not steer the mock";
            return Err(problem(StatusCode::FORBIDDEN, "forbidden", message));
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
            .clock
            .change(request.body.freeze, Duration::from_secs(advance));
        api::ChangeClockResponse::Ok(self.clock())
    }

    async fn list_messages(
        &self,
        _caller: (),
        request: api::ListMessagesRequest,
    ) -> api::ListMessagesResponse {
        let limit = limit(request.limit);
        let mut messages: Vec<wire::Message> = Vec::new();
        for tenant in self.app.tenants() {
            tenant.transact(|world, _| {
                let wanted = |sent: &&Message| request.to.as_ref().is_none_or(|to| *to == sent.to);
                messages.extend(
                    world
                        .outbox
                        .newest_first()
                        .filter(wanted)
                        .take(limit)
                        .map(message),
                );
            });
        }
        // Stable, so messages of one tenant and one moment keep their order.
        messages.sort_by_key(|message| std::cmp::Reverse(message.created_at));
        messages.truncate(limit);
        api::ListMessagesResponse::Ok(wire::Messages { messages })
    }

    async fn list_journal(
        &self,
        _caller: (),
        request: api::ListJournalRequest,
    ) -> api::ListJournalResponse {
        let requests = self
            .app
            .journal(limit(request.limit))
            .into_iter()
            .map(journal_entry)
            .collect();
        api::ListJournalResponse::Ok(wire::Journal { requests })
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

    async fn challenge_succeed(
        &self,
        _caller: (),
        request: api::ChallengeSucceedRequest,
    ) -> api::ChallengeSucceedResponse {
        tenant_answer!(ChallengeSucceedResponse, self.finish(request.body, true))
    }

    async fn challenge_fail(
        &self,
        _caller: (),
        request: api::ChallengeFailRequest,
    ) -> api::ChallengeFailResponse {
        tenant_answer!(ChallengeFailResponse, self.finish(request.body, false))
    }

    async fn configure_authsignal(
        &self,
        _caller: (),
        request: api::ConfigureAuthsignalRequest,
    ) -> api::ConfigureAuthsignalResponse {
        tenant_answer!(ConfigureAuthsignalResponse, self.configure(request.body))
    }
}
