//! The control API of stepup-mock: its clock, its outbox, the simulated phones, and the challenges of
//! users. For tests; must not know what the mock imitates beyond that.
//!
//! ```no_run
//! # async fn example(link: &str) -> stepup_client::Result<()> {
//! use std::time::Duration;
//! use stepup_client::mock_control::MockControl;
//!
//! let mock = MockControl::new("http://127.0.0.1:4750")?;
//! mock.reset().await?;
//! mock.phone("user-1").register(link).await?;
//! mock.phone("user-1").approve().await?;
//! mock.challenge("user-2").succeed().await?;
//! mock.advance_clock(Duration::from_secs(61)).await?;
//! # Ok(())
//! # }
//! ```

use std::sync::Arc;
use std::time::Duration;

mod challenge;
mod file;
mod flow;
mod snapshot;
mod unsigned;

pub use crate::generated::mock_control as raw;
pub use challenge::{AppClient, AuthsignalConfiguration, Challenge, PasskeySettings, Rule};
pub use flow::Flow;
/// The settings of passkeys that a tenant has, as [`MockControl::configure_authsignal`] returns them.
pub use raw::types::PasskeySettings as ConfiguredPasskeys;
/// A text cannot be of the type that it was to become: it is empty, or too long.
pub use raw::types::error::ConversionError;
pub use raw::types::{
    ActiveconnectCredentials, AuthsignalConfigured, AuthsignalCredentials, BodyMembers,
    ChallengeOutcome, Clock, ClockChange, ClockChangeTenant, CustomFacts, DeviceFacts,
    Expectations, ExpectationsTenant, ExpectedRequest, FailureHeaders, Fault, FaultBody,
    FaultContentType, FaultError, FaultId, FaultLatency, FaultOperation, FaultRateLimit,
    FaultSchema, FaultSchemaMember, FaultUserId, FlowVersion, HeaderPatterns, Health, IpFacts,
    JournalEntry, Limit, ManagementAnswers, Message, NewTenant, PathPattern, PathPatternPath,
    PhoneRegistered, PlainValue, RequestDifference, RequestPattern, RequestPatternMethod,
    RequestPatternOperation, RequestPatternUserId, Scenario, ScenarioAction, ScenarioFacts,
    ScenarioId, ScenarioUserId, SnapshotSummary, TenantSettings, TextPattern, UnmetExpectation,
    UserFacts, Verification,
};
pub use raw::vocabulary::{
    AuthenticatorAttachment, ChallengeMode, Channel, FaultApi, FaultConnection, FaultSchemaChange,
    JournalApi, LimitUnit, MessageKind, Outcome, PasskeyRegistrationHint, ScenarioChallenge,
    ScenarioDelivery, ScenarioPhone, SessionStatus, UserVerificationRequirement,
};

use crate::error::{Error, Kind, Reason, Result};
use crate::secret::Secret;
use crate::transport::settings::{self, Settings};
use crate::transport::{self, Dialect, inner, redact};
use raw::types;

const DIALECT: Dialect = Dialect {
    api: "mock-control",
    accepts: |body| serde_json::from_slice::<types::Problem>(body).is_ok(),
    recast: |body| {
        let reason = redact::foreign_reason(body).unwrap_or_default();
        serde_json::json!({ "error": "", "message": reason })
            .to_string()
            .into_bytes()
    },
};

/// What the generated client carries. Made by [`MockControl`] only.
pub(crate) type Inner = inner::Inner<unsigned::Unsigned>;

impl Reason for types::Problem {
    fn reason(&self) -> &str {
        &self.message
    }

    fn code(&self) -> &str {
        &self.error
    }
}

/// For calls through [`MockControl::raw`].
impl From<progenitor_client::Error<types::Problem>> for Error {
    fn from(error: progenitor_client::Error<types::Problem>) -> Self {
        Self::untold(error)
    }
}

/// Controls a mock in another process. Cloning is cheap.
#[derive(Clone, Debug)]
pub struct MockControl {
    raw: raw::Client,
}

type Call = transport::Call<raw::Client>;

impl MockControl {
    /// Controls the mock at this base URL.
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] for an unusable URL.
    pub fn new(url: impl AsRef<str>) -> Result<Self> {
        let server = settings::server("the mock's URL", url.as_ref())?;
        // It carries no credentials, and a mock in a container has another address.
        let settings = Settings {
            allow_plain_http: true,
            ..Settings::default()
        };
        let (http, transport) = settings.build(&server, DIALECT)?;
        let inner = Inner::new(transport, unsigned::Unsigned);
        Ok(Self {
            raw: raw::Client::new_with_client(http, inner),
        })
    }

    /// The generated client: every operation of the control API.
    pub fn raw(&self) -> &raw::Client {
        &self.raw
    }

    fn call(&self, operation: &'static str) -> Call {
        let raw = &self.raw;
        Call::new(operation, |facts| raw.carrying(raw.inner.keeping(facts)))
    }

    /// A call that the mock may take this much longer to answer.
    fn patient_call(&self, operation: &'static str, wait: Duration) -> Call {
        let mut call = self.call(operation);
        let limits = &mut Arc::make_mut(&mut call.raw.inner.transport).limits;
        limits.attempt = limits.attempt.saturating_add(wait);
        limits.call = limits.call.saturating_add(wait);
        call
    }

    /// Checks that the mock is up, and returns its version.
    ///
    /// # Errors
    ///
    /// As every call: the mock cannot be reached, or answers something else.
    pub async fn health(&self) -> Result<Health> {
        let call = self.call("get_health");
        call.answer(call.raw.get_health().send().await)
    }

    /// Every bound on what the mock takes, keeps and waits for.
    ///
    /// # Errors
    ///
    /// As [`health`](Self::health).
    pub async fn limits(&self) -> Result<Vec<Limit>> {
        let call = self.call("list_limits");
        Ok(call.answer(call.raw.list_limits().send().await)?.limits)
    }

    /// Sets the mock back to its state at startup.
    ///
    /// # Errors
    ///
    /// As [`health`](Self::health).
    pub async fn reset(&self) -> Result<()> {
        let call = self.call("reset");
        call.answer(call.raw.reset().send().await).map(drop)
    }

    /// Creates a tenant for a test, with a clock, a journal and messages of its own. `seed` is the tenant in the form of
    /// a seed file, where ids and secrets are optional.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a seed that cannot be used, or an id or a secret that another tenant has, and as
    /// [`health`](Self::health).
    pub async fn create_tenant(
        &self,
        seed: Option<serde_json::Map<String, serde_json::Value>>,
    ) -> Result<NewTenant> {
        let call = self.call("create_tenant");
        let wanted = types::TenantToCreate {
            seed: seed.map(types::TenantSeed),
            ..types::TenantToCreate::default()
        };
        call.answer(call.raw.create_tenant().body(wanted).send().await)
    }

    /// Deletes a tenant, by the id of its application or of its Authsignal tenant.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a tenant that the mock does not have, and as [`health`](Self::health).
    pub async fn delete_tenant(&self, tenant: &str) -> Result<()> {
        let call = self.call("delete_tenant");
        let request = call.raw.delete_tenant().tenant(tenant);
        call.answer(request.send().await).map(drop)
    }

    /// Plans what goes wrong with the next requests to a tenant, in place of what was planned before: a list of faults in
    /// the form of the control API, such as `json!([{"operation": "track", "times": 2, "status": 503}])`. An empty list
    /// takes all faults back. Name the tenant if the mock has several. Returns the faults that are to come.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] if it is not a list of faults, [`Kind::Rejected`] for a fault that cannot be, [`Kind::NotFound`]
    /// for a tenant that the mock does not have, and as [`health`](Self::health).
    pub async fn set_faults(
        &self,
        tenant: Option<&str>,
        faults: serde_json::Value,
    ) -> Result<Vec<Fault>> {
        self.plan_faults(tenant, faults, false).await
    }

    /// As [`set_faults`](Self::set_faults), but the faults come after those that are planned already.
    ///
    /// # Errors
    ///
    /// As [`set_faults`](Self::set_faults).
    pub async fn add_faults(
        &self,
        tenant: Option<&str>,
        faults: serde_json::Value,
    ) -> Result<Vec<Fault>> {
        self.plan_faults(tenant, faults, true).await
    }

    async fn plan_faults(
        &self,
        tenant: Option<&str>,
        faults: serde_json::Value,
        add: bool,
    ) -> Result<Vec<Fault>> {
        let invalid = |detail| Error::new(Kind::InvalidInput).with_detail(detail);
        let tenant = tenant
            .map(str::parse)
            .transpose()
            .map_err(|_| invalid("the tenant is empty"))?;
        let faults = serde_json::from_value(faults)
            .map_err(|error| invalid("this is no list of faults").with_source(error))?;
        let wanted = types::FaultConfiguration {
            tenant,
            add: Some(add),
            faults,
        };
        let call = self.call("configure_faults");
        let answer = call.raw.configure_faults().body(wanted).send().await;
        Ok(call.answer(answer)?.faults)
    }

    /// Takes one fault back, by its id. Returns the faults that are to come.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a fault that is not planned, and as [`health`](Self::health).
    pub async fn delete_fault(&self, tenant: Option<&str>, fault: &str) -> Result<Vec<Fault>> {
        let call = self.call("delete_fault");
        let mut request = call.raw.delete_fault().fault(fault);
        if let Some(tenant) = tenant {
            request = request.tenant(tenant);
        }
        Ok(call.answer(request.send().await)?.faults)
    }

    /// Plans what happens next in a tenant, in place of what was planned before: a list of scenarios in the form of the
    /// control API, such as `json!([{"userId": "ada", "action": "signIn", "outcome": "BLOCK"}])`. An empty list takes all
    /// scenarios back. Name the tenant if the mock has several. Returns the scenarios that are to come.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] if it is not a list of scenarios, [`Kind::Rejected`] for a scenario that cannot be,
    /// [`Kind::NotFound`] for a tenant that the mock does not have, and as [`health`](Self::health).
    pub async fn set_scenarios(
        &self,
        tenant: Option<&str>,
        scenarios: serde_json::Value,
    ) -> Result<Vec<Scenario>> {
        self.plan_scenarios(tenant, scenarios, false).await
    }

    /// As [`set_scenarios`](Self::set_scenarios), but the scenarios come after those that are planned already.
    ///
    /// # Errors
    ///
    /// As [`set_scenarios`](Self::set_scenarios).
    pub async fn add_scenarios(
        &self,
        tenant: Option<&str>,
        scenarios: serde_json::Value,
    ) -> Result<Vec<Scenario>> {
        self.plan_scenarios(tenant, scenarios, true).await
    }

    async fn plan_scenarios(
        &self,
        tenant: Option<&str>,
        scenarios: serde_json::Value,
        add: bool,
    ) -> Result<Vec<Scenario>> {
        let invalid = |detail| Error::new(Kind::InvalidInput).with_detail(detail);
        let tenant = tenant
            .map(str::parse)
            .transpose()
            .map_err(|_| invalid("the tenant is empty"))?;
        let scenarios = serde_json::from_value(scenarios)
            .map_err(|error| invalid("this is no list of scenarios").with_source(error))?;
        let wanted = types::ScenarioConfiguration {
            tenant,
            add: Some(add),
            scenarios,
        };
        let call = self.call("configure_scenarios");
        let answer = call.raw.configure_scenarios().body(wanted).send().await;
        Ok(call.answer(answer)?.scenarios)
    }

    /// Takes one scenario back, by its id. What it has set going goes on. Returns the scenarios that are to come.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a scenario that is not planned, and as [`health`](Self::health).
    pub async fn delete_scenario(
        &self,
        tenant: Option<&str>,
        scenario: &str,
    ) -> Result<Vec<Scenario>> {
        let call = self.call("delete_scenario");
        let mut request = call.raw.delete_scenario().scenario(scenario);
        if let Some(tenant) = tenant {
            request = request.tenant(tenant);
        }
        Ok(call.answer(request.send().await)?.scenarios)
    }

    /// The mock's time.
    ///
    /// # Errors
    ///
    /// As [`health`](Self::health).
    pub async fn clock(&self) -> Result<Clock> {
        let call = self.call("get_clock");
        call.answer(call.raw.get_clock().send().await)
    }

    /// Stops the mock's clock, or lets it run on.
    ///
    /// # Errors
    ///
    /// As [`health`](Self::health).
    pub async fn freeze_clock(&self, freeze: bool) -> Result<Clock> {
        self.change_clock(types::ClockChange {
            freeze: Some(freeze),
            ..types::ClockChange::default()
        })
        .await
    }

    /// Moves the mock's clock forward, by whole seconds. A stopped clock stays stopped.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for more than the mock allows, and as [`health`](Self::health).
    pub async fn advance_clock(&self, by: Duration) -> Result<Clock> {
        let seconds = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.change_clock(types::ClockChange {
            advance_seconds: Some(seconds),
            ..types::ClockChange::default()
        })
        .await
    }

    /// Freezes, releases, sets or advances the clock of a tenant, or those of all. What falls due on the way is sent in
    /// order before this returns.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a tenant that the mock does not have, [`Kind::Rejected`] for a time past the clock's end,
    /// and as [`health`](Self::health).
    pub async fn change_clock(&self, change: types::ClockChange) -> Result<Clock> {
        let call = self.call("change_clock");
        call.answer(call.raw.change_clock().body(change).send().await)
    }

    /// Messages that the mock would have sent, newest first; only those to this phone number or
    /// address if you give one.
    ///
    /// # Errors
    ///
    /// As [`health`](Self::health).
    pub async fn messages(&self, to: Option<&str>) -> Result<Vec<Message>> {
        let call = self.call("list_messages");
        let mut request = call.raw.list_messages();
        if let Some(to) = to {
            request = request.to(to);
        }
        Ok(call.answer(request.send().await)?.messages)
    }

    /// Waits for a message to this phone number or address, and returns the newest one. `after` is the id of a message
    /// that is already known. Nothing if none comes in that time, which is at most a minute.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a longer time or an unknown message, and as [`health`](Self::health).
    pub async fn wait_for_message(
        &self,
        to: &str,
        after: Option<&str>,
        wait: Duration,
    ) -> Result<Option<Message>> {
        let call = self.patient_call("list_messages", wait);
        let wait = format!("{}ms", wait.as_millis());
        let mut request = call.raw.list_messages().to(to).wait(wait).limit(1);
        if let Some(after) = after {
            request = request.after(after);
        }
        let messages = call.answer(request.send().await)?.messages;
        Ok(messages.into_iter().next())
    }

    /// Deletes a message, by its id.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown message, and as [`health`](Self::health).
    pub async fn delete_message(&self, id: &str) -> Result<()> {
        let call = self.call("delete_message");
        call.answer(call.raw.delete_message().message(id).send().await)
            .map(drop)
    }

    /// The requests that the mock has answered, newest first, without bodies and credentials.
    ///
    /// # Errors
    ///
    /// As [`health`](Self::health).
    pub async fn journal(&self) -> Result<Vec<JournalEntry>> {
        let call = self.call("list_journal");
        Ok(call.answer(call.raw.list_journal().send().await)?.requests)
    }

    /// Checks which requests came. The answer says whether all is as expected, and shows what the nearest request has
    /// instead: let the test fail with its `text`.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a pattern that cannot be used, and as [`health`](Self::health).
    pub async fn verify(&self, expected: Expectations) -> Result<Verification> {
        let call = self.call("verify_requests");
        call.answer(call.raw.verify_requests().body(expected).send().await)
    }

    /// The simulated phone of a user.
    pub fn phone(&self, user_id: impl Into<String>) -> Phone<'_> {
        Phone {
            mock: self,
            user_id: user_id.into(),
            application_id: None,
        }
    }
}

/// The simulated phone of a user. Each action returns the status of the session that it changed.
#[derive(Clone, Debug)]
pub struct Phone<'a> {
    mock: &'a MockControl,
    user_id: String,
    application_id: Option<String>,
}

/// An action of the phone, which differ in their operation only.
macro_rules! act {
    ($phone:ident.$operation:ident()) => {{
        let call = $phone.mock.call(stringify!($operation));
        let request = call.raw.$operation().body($phone.subject()?);
        Ok(call.answer(request.send().await)?.session_status)
    }};
}

impl Phone<'_> {
    /// Names the user's application. Needed only if the mock has several.
    #[must_use]
    pub fn of_application(mut self, application_id: impl Into<String>) -> Self {
        self.application_id = Some(application_id.into());
        self
    }

    fn subject(&self) -> Result<types::PhoneSubject> {
        let invalid = |detail| Error::new(Kind::InvalidInput).with_detail(detail);
        let user_id = self.user_id.parse();
        let application_id = self.application_id.as_deref().map(str::parse);
        Ok(types::PhoneSubject {
            user_id: user_id.map_err(|_| invalid("the user id is empty"))?,
            tenant: None,
            application_id: application_id
                .transpose()
                .map_err(|_| invalid("the application id is empty"))?,
        })
    }

    /// Opens a registration link, as the vendor's application does.
    ///
    /// The link decides which user gets the phone. The caller must use this user's link.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] when the link was used or has expired, and as [`MockControl::health`].
    pub async fn register(&self, link: impl Into<Secret>) -> Result<PhoneRegistered> {
        let call = self.mock.call("phone_register");
        let body = types::PhoneRegistration {
            link: link.into(),
            name: None,
        };
        call.answer(call.raw.phone_register().body(body).send().await)
    }

    /// Approves the newest open request; the session becomes `active`.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] without a matching session, [`Kind::NotFound`] for an unknown user,
    /// and as [`MockControl::health`].
    pub async fn approve(&self) -> Result<SessionStatus> {
        act!(self.phone_approve())
    }

    /// Refuses the newest open request; the session becomes `cancelled`.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn deny(&self) -> Result<SessionStatus> {
        act!(self.phone_deny())
    }

    /// Answers the newest open request with data that the mock rejects; the session becomes
    /// `failed`.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn fail(&self) -> Result<SessionStatus> {
        act!(self.phone_fail())
    }

    /// Moves the phone out of range of the newest active session, which becomes `walkaway`.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn walk_away(&self) -> Result<SessionStatus> {
        act!(self.phone_walk_away())
    }

    /// Moves the phone back into range of the newest session that it left, which becomes
    /// `active`.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn return_(&self) -> Result<SessionStatus> {
        act!(self.phone_return())
    }

    /// Expires the newest open session: it becomes `timeout` if it waits for the phone, and
    /// `closed` if it is active.
    ///
    /// # Errors
    ///
    /// As [`approve`](Self::approve).
    pub async fn expire(&self) -> Result<SessionStatus> {
        act!(self.phone_expire())
    }
}

#[cfg(test)]
mod tests;
