//! [`AuthsignalManagement`] and its methods. Must not know how requests are sent or repeated.

use std::fmt;
use std::sync::Arc;

use progenitor_client::Error as Generated;

use super::builder::AuthsignalManagementBuilder;
use super::credentials::Inner;
use super::raw::types::{
    ActionConfiguration, CreateActionConfiguration, CreateAuthenticatorConfiguration,
    CreateCustomDataPoint, CreateRule, CreateValueList, CustomDataPoint, Deleted, ErrorResponse,
    ManagedAuthenticatorConfiguration, MessageCatalog, MessageOverrides, PublishFlow, Rule, Tenant,
    Theme, UpdateMessageOverrides, ValueList,
};
use super::raw::{self, ResponseValue};
use crate::authsignal_host::Region;
use crate::changes::Changes;
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::segment::PathSegment;
use crate::transport;

/// A client of the Authsignal Management API, for one tenant.
///
/// Cloning is cheap and shares the connections. Construction needs no tokio runtime; calls do, with its time driver
/// enabled. Every call has limits of time and repetition (see [`AuthsignalManagementBuilder`]).
///
/// Every call can fail with [`Kind::Unauthorized`] (a wrong secret, that of the Server API, or one of another region),
/// [`Kind::RateLimited`], [`Kind::Server`], and the kinds of a broken connection; [`Error::code`] is the vendor's error
/// code. A call about one thing fails with [`Kind::NotFound`] if there is none. An id in a path must not be empty, `.` or
/// `..`, and must not contain control characters; otherwise the call fails with [`Kind::InvalidInput`] and sends nothing.
#[derive(Clone)]
pub struct AuthsignalManagement {
    raw: Arc<raw::Client>,
}

impl fmt::Debug for AuthsignalManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthsignalManagement")
            .field("server", &self.raw.inner.baseurl())
            .finish_non_exhaustive()
    }
}

type Call = transport::Call<raw::Client>;
type Answer<T> = Result<ResponseValue<T>, Generated<ErrorResponse>>;

/// The end of a deletion, which can return that it did not succeed.
async fn deleted(call: &Call, answer: Answer<Deleted>) -> Result<()> {
    let answer = call.answer(answer)?;
    if answer.success {
        return Ok(());
    }
    Err(call.fail(Error::new(Kind::Rejected)))
}

const ACTION: &str = "the action code";
const RULE: &str = "the rule id";
const ALIAS: &str = "the alias";
const POINT: &str = "the id of the custom data point";
const AUTHENTICATOR: &str = "the authenticator";

fn segment(call: &Call, what: &'static str, id: impl AsRef<str>) -> Result<PathSegment> {
    PathSegment::try_from(id.as_ref())
        .map_err(|error| call.fail(error.of(Kind::InvalidInput, what)))
}

impl AuthsignalManagement {
    /// A client for the tenant of a management secret, with default settings.
    ///
    /// The server is that of the region, unless the environment variable `AUTHSIGNAL_API_URL` is set, for example to a
    /// mock's base URL.
    ///
    /// # Errors
    ///
    /// As [`AuthsignalManagementBuilder::build`].
    pub fn new(secret: impl Into<Secret>, region: Region) -> Result<Self> {
        Self::builder(secret).region(region).build()
    }

    /// A client with default settings for what the environment names. [`AuthsignalManagementBuilder::from_env`] lets you
    /// change the settings.
    ///
    /// | variable | holds |
    /// | --- | --- |
    /// | `AUTHSIGNAL_MANAGEMENT_SECRET` | the tenant's management secret |
    /// | `AUTHSIGNAL_REGION` | the tenant's region: a text that [`Region`] reads; without it, `us` |
    /// | `AUTHSIGNAL_API_URL` | the base URL of a server that is not the region's, such as a mock |
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] without a secret, and as [`AuthsignalManagementBuilder::build`].
    pub fn from_env() -> Result<Self> {
        AuthsignalManagementBuilder::from_env()?.build()
    }

    /// A client for the tenant of a management secret, with settings.
    pub fn builder(secret: impl Into<Secret>) -> AuthsignalManagementBuilder {
        AuthsignalManagementBuilder::new(secret.into())
    }

    pub(super) fn assemble(raw: raw::Client) -> Self {
        Self { raw: Arc::new(raw) }
    }

    /// The generated client: every operation of the API, in builder style.
    ///
    /// It shares connections, limits and retries with this one. Its types follow the API's description and change with it.
    /// Its error prints headers and bodies, so turn it into ours first.
    pub fn raw(&self) -> &raw::Client {
        &self.raw
    }

    crate::vendor_client::calls!(ErrorResponse);

    /// A copy with another state of the generated client.
    fn changed(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut raw = raw::Client::clone(&self.raw);
        change(&mut raw.inner);
        Self::assemble(raw)
    }

    fn raw_client(&self) -> &raw::Client {
        &self.raw
    }

    fn call(&self, operation: &'static str) -> Call {
        let raw = &self.raw;
        Call::new(operation, |facts| raw.carrying(raw.inner.keeping(facts)))
    }

    /// Lists the action configurations.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn list_action_configurations(&self) -> Result<Vec<ActionConfiguration>> {
        let call = self.call("list_action_configurations");
        let answer = call.raw.list_action_configurations().send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Creates the configuration of an action.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, or where there is one already, and as every call.
    pub async fn create_action_configuration(
        &self,
        configuration: CreateActionConfiguration,
    ) -> Result<ActionConfiguration> {
        let call = self.call("create_action_configuration");
        let answer = call
            .raw
            .create_action_configuration()
            .body(configuration)
            .send()
            .await;
        call.answer(answer)
    }

    /// Reads the configuration of an action.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_action_configuration(
        &self,
        action_code: impl AsRef<str>,
    ) -> Result<ActionConfiguration> {
        let call = self.call("get_action_configuration");
        let action_code = segment(&call, ACTION, action_code)?;
        let answer = call
            .raw
            .get_action_configuration()
            .action_code(action_code)
            .send()
            .await;
        call.answer(answer)
    }

    /// Changes the configuration of an action. Takes an [`UpdateActionConfiguration`](super::UpdateActionConfiguration)
    /// or [`Changes`].
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_action_configuration(
        &self,
        action_code: impl AsRef<str>,
        changes: impl Into<Changes>,
    ) -> Result<ActionConfiguration> {
        let call = self.call("update_action_configuration");
        let action_code = segment(&call, ACTION, action_code)?;
        let answer = call
            .raw
            .update_action_configuration()
            .action_code(action_code)
            .body::<Changes>(changes.into())
            .send()
            .await;
        call.answer(answer)
    }

    /// Deletes the configuration of an action, with its rules and its flow.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn delete_action_configuration(&self, action_code: impl AsRef<str>) -> Result<()> {
        let call = self.call("delete_action_configuration");
        let action_code = segment(&call, ACTION, action_code)?;
        let answer = call
            .raw
            .delete_action_configuration()
            .action_code(action_code)
            .send()
            .await;
        deleted(&call, answer).await
    }

    /// Publishes the flow of an action. The client does not repeat the call, because each one makes a version.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a flow that the vendor refuses, or for another version than the expected one, and as every call.
    pub async fn publish_flow(
        &self,
        action_code: impl AsRef<str>,
        flow: PublishFlow,
    ) -> Result<ActionConfiguration> {
        let call = self.call("publish_flow");
        let action_code = segment(&call, ACTION, action_code)?;
        let answer = call
            .raw
            .publish_flow()
            .action_code(action_code)
            .body(flow)
            .send()
            .await;
        call.answer(answer)
    }

    /// Lists the rules of an action.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn list_rules(&self, action_code: impl AsRef<str>) -> Result<Vec<Rule>> {
        let call = self.call("list_rules");
        let action_code = segment(&call, ACTION, action_code)?;
        let answer = call.raw.list_rules().action_code(action_code).send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Creates a rule of an action.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn create_rule(
        &self,
        action_code: impl AsRef<str>,
        rule: CreateRule,
    ) -> Result<Rule> {
        let call = self.call("create_rule");
        let action_code = segment(&call, ACTION, action_code)?;
        let answer = call
            .raw
            .create_rule()
            .action_code(action_code)
            .body(rule)
            .send()
            .await;
        call.answer(answer)
    }

    /// Reads a rule of an action.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_rule(
        &self,
        action_code: impl AsRef<str>,
        rule_id: impl AsRef<str>,
    ) -> Result<Rule> {
        let call = self.call("get_rule");
        let action_code = segment(&call, ACTION, action_code)?;
        let rule_id = segment(&call, RULE, rule_id)?;
        let answer = call
            .raw
            .get_rule()
            .action_code(action_code)
            .rule_id(rule_id)
            .send()
            .await;
        call.answer(answer)
    }

    /// Changes a rule of an action. Takes an [`UpdateRule`](super::UpdateRule) or [`Changes`].
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_rule(
        &self,
        action_code: impl AsRef<str>,
        rule_id: impl AsRef<str>,
        changes: impl Into<Changes>,
    ) -> Result<Rule> {
        let call = self.call("update_rule");
        let action_code = segment(&call, ACTION, action_code)?;
        let rule_id = segment(&call, RULE, rule_id)?;
        let answer = call
            .raw
            .update_rule()
            .action_code(action_code)
            .rule_id(rule_id)
            .body::<Changes>(changes.into())
            .send()
            .await;
        call.answer(answer)
    }

    /// Deletes a rule of an action.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn delete_rule(
        &self,
        action_code: impl AsRef<str>,
        rule_id: impl AsRef<str>,
    ) -> Result<()> {
        let call = self.call("delete_rule");
        let action_code = segment(&call, ACTION, action_code)?;
        let rule_id = segment(&call, RULE, rule_id)?;
        let answer = call
            .raw
            .delete_rule()
            .action_code(action_code)
            .rule_id(rule_id)
            .send()
            .await;
        deleted(&call, answer).await
    }

    /// Lists the value lists.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn list_value_lists(&self) -> Result<Vec<ValueList>> {
        let call = self.call("list_value_lists");
        let answer = call.raw.list_value_lists().send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Creates a value list.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, or where there is one already, and as every call.
    pub async fn create_value_list(&self, list: CreateValueList) -> Result<ValueList> {
        let call = self.call("create_value_list");
        let answer = call.raw.create_value_list().body(list).send().await;
        call.answer(answer)
    }

    /// Reads a value list.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_value_list(&self, alias: impl AsRef<str>) -> Result<ValueList> {
        let call = self.call("get_value_list");
        let alias = segment(&call, ALIAS, alias)?;
        let answer = call.raw.get_value_list().alias(alias).send().await;
        call.answer(answer)
    }

    /// Changes a value list. Takes an [`UpdateValueList`](super::UpdateValueList) or [`Changes`].
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_value_list(
        &self,
        alias: impl AsRef<str>,
        changes: impl Into<Changes>,
    ) -> Result<ValueList> {
        let call = self.call("update_value_list");
        let alias = segment(&call, ALIAS, alias)?;
        let answer = call
            .raw
            .update_value_list()
            .alias(alias)
            .body::<Changes>(changes.into())
            .send()
            .await;
        call.answer(answer)
    }

    /// Deletes a value list.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn delete_value_list(&self, alias: impl AsRef<str>) -> Result<()> {
        let call = self.call("delete_value_list");
        let alias = segment(&call, ALIAS, alias)?;
        let answer = call.raw.delete_value_list().alias(alias).send().await;
        deleted(&call, answer).await
    }

    /// Lists the custom data points.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn list_custom_data_points(&self) -> Result<Vec<CustomDataPoint>> {
        let call = self.call("list_custom_data_points");
        let answer = call.raw.list_custom_data_points().send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Creates a custom data point.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, or where there is one already, and as every call.
    pub async fn create_custom_data_point(
        &self,
        point: CreateCustomDataPoint,
    ) -> Result<CustomDataPoint> {
        let call = self.call("create_custom_data_point");
        let answer = call.raw.create_custom_data_point().body(point).send().await;
        call.answer(answer)
    }

    /// Reads a custom data point.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_custom_data_point(
        &self,
        custom_data_point_id: impl AsRef<str>,
    ) -> Result<CustomDataPoint> {
        let call = self.call("get_custom_data_point");
        let custom_data_point_id = segment(&call, POINT, custom_data_point_id)?;
        let answer = call
            .raw
            .get_custom_data_point()
            .custom_data_point_id(custom_data_point_id)
            .send()
            .await;
        call.answer(answer)
    }

    /// Changes a custom data point. Takes an [`UpdateCustomDataPoint`](super::UpdateCustomDataPoint) or
    /// [`Changes`].
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_custom_data_point(
        &self,
        custom_data_point_id: impl AsRef<str>,
        changes: impl Into<Changes>,
    ) -> Result<CustomDataPoint> {
        let call = self.call("update_custom_data_point");
        let custom_data_point_id = segment(&call, POINT, custom_data_point_id)?;
        let answer = call
            .raw
            .update_custom_data_point()
            .custom_data_point_id(custom_data_point_id)
            .body::<Changes>(changes.into())
            .send()
            .await;
        call.answer(answer)
    }

    /// Deletes a custom data point.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn delete_custom_data_point(
        &self,
        custom_data_point_id: impl AsRef<str>,
    ) -> Result<()> {
        let call = self.call("delete_custom_data_point");
        let custom_data_point_id = segment(&call, POINT, custom_data_point_id)?;
        let answer = call
            .raw
            .delete_custom_data_point()
            .custom_data_point_id(custom_data_point_id)
            .send()
            .await;
        deleted(&call, answer).await
    }

    /// Reads how hosted pages look.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_theme(&self) -> Result<Theme> {
        let call = self.call("get_theme");
        let answer = call.raw.get_theme().send().await;
        call.answer(answer)
    }

    /// Changes how hosted pages look. Takes an [`UpdateTheme`](super::UpdateTheme) or [`Changes`], in which null takes
    /// a member away at any depth.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_theme(&self, changes: impl Into<Changes>) -> Result<Theme> {
        let call = self.call("update_theme");
        let answer = call
            .raw
            .update_theme()
            .body::<Changes>(changes.into())
            .send()
            .await;
        call.answer(answer)
    }

    /// Reads the settings of the tenant.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_tenant(&self) -> Result<Tenant> {
        let call = self.call("get_tenant");
        let answer = call.raw.get_tenant().send().await;
        call.answer(answer)
    }

    /// Changes the settings of the tenant. Takes an [`UpdateTenant`](super::UpdateTenant) or [`Changes`].
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_tenant(&self, changes: impl Into<Changes>) -> Result<Tenant> {
        let call = self.call("update_tenant");
        let answer = call
            .raw
            .update_tenant()
            .body::<Changes>(changes.into())
            .send()
            .await;
        call.answer(answer)
    }

    /// Reads the texts that replace those of the hosted pages.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_message_overrides(&self) -> Result<MessageOverrides> {
        let call = self.call("get_message_overrides");
        let answer = call.raw.get_message_overrides().send().await;
        call.answer(answer)
    }

    /// Replaces all texts that replace those of the hosted pages.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_message_overrides(
        &self,
        texts: UpdateMessageOverrides,
    ) -> Result<MessageOverrides> {
        let call = self.call("update_message_overrides");
        let answer = call
            .raw
            .update_message_overrides()
            .body(Changes::from(texts))
            .send()
            .await;
        call.answer(answer)
    }

    /// Reads which texts can be replaced.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_message_catalog(&self) -> Result<MessageCatalog> {
        let call = self.call("get_message_catalog");
        let answer = call.raw.get_message_catalog().send().await;
        call.answer(answer)
    }

    /// Lists the authenticator configurations.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn list_authenticator_configurations(
        &self,
    ) -> Result<Vec<ManagedAuthenticatorConfiguration>> {
        let call = self.call("list_authenticator_configurations");
        let answer = call.raw.list_authenticator_configurations().send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Creates the configuration of `sms`, `email-otp`, `passkey` or `push`.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, or where there is one already, and as every call.
    pub async fn create_authenticator_configuration(
        &self,
        authenticator: impl AsRef<str>,
        configuration: CreateAuthenticatorConfiguration,
    ) -> Result<ManagedAuthenticatorConfiguration> {
        let call = self.call("create_authenticator_configuration");
        let authenticator = segment(&call, AUTHENTICATOR, authenticator)?;
        let answer = call
            .raw
            .create_authenticator_configuration()
            .authenticator(authenticator)
            .body(configuration)
            .send()
            .await;
        call.answer(answer)
    }

    /// Reads an authenticator configuration.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_authenticator_configuration(
        &self,
        authenticator: impl AsRef<str>,
    ) -> Result<ManagedAuthenticatorConfiguration> {
        let call = self.call("get_authenticator_configuration");
        let authenticator = segment(&call, AUTHENTICATOR, authenticator)?;
        let answer = call
            .raw
            .get_authenticator_configuration()
            .authenticator(authenticator)
            .send()
            .await;
        call.answer(answer)
    }

    /// Changes an authenticator configuration. Takes an
    /// [`UpdateAuthenticatorConfiguration`](super::UpdateAuthenticatorConfiguration) or [`Changes`].
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a member that the vendor refuses, and as every call.
    pub async fn update_authenticator_configuration(
        &self,
        authenticator: impl AsRef<str>,
        changes: impl Into<Changes>,
    ) -> Result<ManagedAuthenticatorConfiguration> {
        let call = self.call("update_authenticator_configuration");
        let authenticator = segment(&call, AUTHENTICATOR, authenticator)?;
        let answer = call
            .raw
            .update_authenticator_configuration()
            .authenticator(authenticator)
            .body::<Changes>(changes.into())
            .send()
            .await;
        call.answer(answer)
    }

    /// Deletes an authenticator configuration.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn delete_authenticator_configuration(
        &self,
        authenticator: impl AsRef<str>,
    ) -> Result<()> {
        let call = self.call("delete_authenticator_configuration");
        let authenticator = segment(&call, AUTHENTICATOR, authenticator)?;
        let answer = call
            .raw
            .delete_authenticator_configuration()
            .authenticator(authenticator)
            .send()
            .await;
        deleted(&call, answer).await
    }
}
