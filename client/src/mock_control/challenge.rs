//! Challenges of Authsignal's users, and the settings by which a tenant decides. Must not know how
//! requests are sent.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::time::Duration;

use serde_json::{Map, Value};

use super::flow::Flow;
use super::raw::types::{
    self, ActionChallengeMode, ActionOutcome, AuthsignalConfigured, ChallengeOutcome,
    ChallengeSubject, Conditions, CustomClaims, RuleText,
};
use super::raw::vocabulary::{
    AuthenticatorAttachment, ChallengeMode, Outcome, PasskeyRegistrationHint,
    UserVerificationRequirement,
};
use super::{Call, MockControl};
use crate::error::{Error, Kind, Result};

/// A text that must not be empty.
fn filled<T: TryFrom<String>>(text: String, empty: &'static str) -> Result<T> {
    T::try_from(text).map_err(|_| Error::new(Kind::InvalidInput).with_detail(empty))
}

/// The challenge of a user. Made by [`MockControl::challenge`].
#[derive(Clone, Debug)]
pub struct Challenge<'a> {
    mock: &'a MockControl,
    user_id: String,
    action: Option<String>,
    tenant_id: Option<String>,
}

impl Challenge<'_> {
    /// Selects the user's newest action with this code, instead of the newest that waits.
    #[must_use]
    pub fn of_action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    /// Names the user's tenant. Needed only if the mock has several.
    #[must_use]
    pub fn of_tenant(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    fn subject(&self, call: &Call) -> Result<ChallengeSubject> {
        let read = || {
            let action = self.action.clone();
            let tenant_id = self.tenant_id.clone();
            Ok(ChallengeSubject {
                user_id: filled(self.user_id.clone(), "the user id is empty")?,
                action: action
                    .map(|action| filled(action, "the action is empty"))
                    .transpose()?,
                tenant: None,
                tenant_id: tenant_id
                    .map(|id| filled(id, "the tenant id is empty"))
                    .transpose()?,
            })
        };
        read().map_err(|error| call.fail(error))
    }

    /// Completes the challenge.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] when nothing waits for a challenge, and as [`MockControl::health`].
    pub async fn succeed(&self) -> Result<ChallengeOutcome> {
        let call = self.mock.call("challenge_succeed");
        let request = call.raw.challenge_succeed().body(self.subject(&call)?);
        call.answer(request.send().await)
    }

    /// Fails the challenge.
    ///
    /// # Errors
    ///
    /// As [`succeed`](Self::succeed).
    pub async fn fail(&self) -> Result<ChallengeOutcome> {
        let call = self.mock.call("challenge_fail");
        let request = call.raw.challenge_fail().body(self.subject(&call)?);
        call.answer(request.send().await)
    }
}

/// The settings by which a tenant decides. Settings that you leave out stay unchanged. Outcomes of
/// single actions, and rules, replace all earlier ones.
///
/// ```
/// use serde_json::json;
/// use stepup_client::mock_control::{AuthsignalConfiguration, Outcome, Rule};
///
/// let configuration = AuthsignalConfiguration::new()
///     .default_outcome(Outcome::Allow)
///     .action("withdraw", Outcome::Challenge)
///     .rule(Rule::new("too-much", Outcome::Review, json!({">": [{"var": "custom.amount"}, 1000]})));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct AuthsignalConfiguration {
    tenant_id: Option<String>,
    default_outcome: Option<Outcome>,
    actions: Option<Vec<(String, Outcome)>>,
    rules: Option<Vec<Rule>>,
    verification_methods: Option<Vec<String>>,
    challenge_mode: Option<ChallengeMode>,
    challenge_modes: Option<Vec<(String, ChallengeMode)>>,
    clients: Option<Vec<AppClient>>,
    flows: Option<Vec<Flow>>,
    challenge_enrolled_only: Option<bool>,
    passkeys: Option<PasskeySettings>,
    sms_variables: Option<Vec<String>>,
    email_variables: Option<Vec<String>>,
    credential_lifetime_in_minutes: Option<i64>,
}

impl AuthsignalConfiguration {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the tenant. Needed only if the mock has several.
    pub fn tenant_id(mut self, tenant_id: impl Into<String>) -> Self {
        self.tenant_id = Some(tenant_id.into());
        self
    }

    /// The outcome of an action that no other setting or rule decides.
    pub fn default_outcome(mut self, outcome: Outcome) -> Self {
        self.default_outcome = Some(outcome);
        self
    }

    /// Adds the outcome of this action.
    pub fn action(mut self, action: impl Into<String>, outcome: Outcome) -> Self {
        let actions = self.actions.get_or_insert_default();
        actions.push((action.into(), outcome));
        self
    }

    /// Adds a rule.
    pub fn rule(mut self, rule: Rule) -> Self {
        self.rules.get_or_insert_default().push(rule);
        self
    }

    /// Adds a method that users can enrol, as Authsignal names it (`SMS`).
    pub fn verification_method(mut self, method: impl Into<String>) -> Self {
        let methods = self.verification_methods.get_or_insert_default();
        methods.push(method.into());
        self
    }

    /// What happens when a challenge page opens, unless its action has another mode.
    pub fn challenge_mode(mut self, mode: ChallengeMode) -> Self {
        self.challenge_mode = Some(mode);
        self
    }

    /// Adds what happens when a challenge page of this action opens.
    pub fn challenge_mode_of(mut self, action: impl Into<String>, mode: ChallengeMode) -> Self {
        let modes = self.challenge_modes.get_or_insert_default();
        modes.push((action.into(), mode));
        self
    }

    /// Whether codes and links go only to addresses that the user has enrolled, not to those that the application has named.
    pub fn challenge_enrolled_only(mut self, only: bool) -> Self {
        self.challenge_enrolled_only = Some(only);
        self
    }

    /// Sets how passkeys work; it replaces all that was set for them.
    pub fn passkeys(mut self, passkeys: PasskeySettings) -> Self {
        self.passkeys = Some(passkeys);
        self
    }

    /// Adds a custom data point that text messages show, as `customVariables` of `sms.created`.
    pub fn custom_sms_variable(mut self, name: impl Into<String>) -> Self {
        let names = self.sms_variables.get_or_insert_default();
        names.push(name.into());
        self
    }

    /// Adds a custom data point that emails show, as `customVariables` of `email.created`.
    pub fn custom_email_variable(mut self, name: impl Into<String>) -> Self {
        let names = self.email_variables.get_or_insert_default();
        names.push(name.into());
        self
    }

    /// How many minutes an app's key for push notifications works. 0 means for ever.
    pub fn credential_lifetime_in_minutes(mut self, minutes: u32) -> Self {
        self.credential_lifetime_in_minutes = Some(minutes.into());
        self
    }

    /// Adds settings of an app client.
    pub fn client(mut self, client: AppClient) -> Self {
        self.clients.get_or_insert_default().push(client);
        self
    }

    /// Adds the flow of an action. All flows replace all earlier ones.
    pub fn flow(mut self, flow: Flow) -> Self {
        self.flows.get_or_insert_default().push(flow);
        self
    }

    fn into_body(self) -> Result<types::AuthsignalConfiguration> {
        let modes = self.challenge_modes.map(|modes| {
            let mode = |(action, challenge_mode)| {
                Ok(ActionChallengeMode {
                    action: filled(action, "an action is empty")?,
                    challenge_mode,
                })
            };
            modes.into_iter().map(mode).collect::<Result<_>>()
        });
        let outcomes = self.actions.map(|actions| {
            let outcome = |(action, outcome)| {
                let action = filled(action, "an action is empty")?;
                Ok(ActionOutcome { action, outcome })
            };
            actions.into_iter().map(outcome).collect::<Result<_>>()
        });
        let rules = self.rules.map(|rules| {
            rules
                .into_iter()
                .map(Rule::into_body)
                .collect::<Result<_>>()
        });
        let clients = self.clients.map(|clients| {
            let bodies = clients.into_iter().map(AppClient::into_body);
            bodies.collect::<Result<_>>()
        });
        let flows = self.flows.map(|flows| {
            let bodies = flows.into_iter().map(Flow::into_body);
            bodies.collect::<Result<_>>()
        });
        let tenant_id = self
            .tenant_id
            .map(|id| filled(id, "the tenant id is empty"));
        Ok(types::AuthsignalConfiguration {
            tenant_id: tenant_id.transpose()?,
            default_outcome: self.default_outcome,
            actions: outcomes.transpose()?,
            rules: rules.transpose()?,
            verification_methods: self.verification_methods,
            challenge_mode: self.challenge_mode,
            challenge_modes: modes.transpose()?,
            challenge_enrolled_only: self.challenge_enrolled_only,
            allowed_custom_sms_variables: self.sms_variables,
            allowed_custom_email_variables: self.email_variables,
            credential_lifetime_in_minutes: self.credential_lifetime_in_minutes,
            clients: clients.transpose()?,
            passkeys: self.passkeys.map(PasskeySettings::into_body),
            flows: flows.transpose()?,
            tenant: None,
            id_token_issuers: None,
            management: None,
        })
    }
}

/// How the passkeys of a tenant work. Without any setting, the relying party is the domain of the page that asks.
///
/// ```
/// use stepup_client::mock_control::PasskeySettings;
///
/// // Pages on two subdomains share passkeys.
/// let passkeys = PasskeySettings::new()
///     .relying_party("example.com")
///     .expected_origin("https://app.example.com")
///     .expected_origin("https://shop.example.com");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct PasskeySettings {
    relying_party: Option<String>,
    expected_origins: Vec<String>,
    user_verification: Option<UserVerificationRequirement>,
    attachment: Option<AuthenticatorAttachment>,
    hints: Vec<PasskeyRegistrationHint>,
    keep_last: Option<bool>,
}

impl PasskeySettings {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The domain of the relying party.
    pub fn relying_party(mut self, domain: impl Into<String>) -> Self {
        self.relying_party = Some(domain.into());
        self
    }

    /// Adds an origin from which a response may come. Without any, it comes from the page that asks.
    pub fn expected_origin(mut self, origin: impl Into<String>) -> Self {
        self.expected_origins.push(origin.into());
        self
    }

    /// Whether the authenticator is to make sure who the user is.
    pub fn user_verification_requirement(
        mut self,
        requirement: UserVerificationRequirement,
    ) -> Self {
        self.user_verification = Some(requirement);
        self
    }

    /// How the authenticator of a new passkey is attached, unless the request says it.
    pub fn authenticator_attachment(mut self, attachment: AuthenticatorAttachment) -> Self {
        self.attachment = Some(attachment);
        self
    }

    /// Adds a kind of authenticator that a browser offers, after those that were added before.
    pub fn passkey_registration_hint(mut self, hint: PasskeyRegistrationHint) -> Self {
        self.hints.push(hint);
        self
    }

    /// Whether users cannot remove their last passkey.
    pub fn prevent_removing_last_passkey(mut self, prevent: bool) -> Self {
        self.keep_last = Some(prevent);
        self
    }

    fn into_body(self) -> types::PasskeySettings {
        types::PasskeySettings {
            relying_party: self.relying_party,
            expected_origins: Some(self.expected_origins).filter(|all| !all.is_empty()),
            user_verification_requirement: self.user_verification,
            authenticator_attachment: self.attachment,
            passkey_registration_hints: Some(self.hints).filter(|all| !all.is_empty()),
            prevent_removing_last_passkey: self.keep_last,
        }
    }
}

/// How the mock makes the tokens of the sessions of an app client.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct AppClient {
    client_id: String,
    access_token_life: Option<Duration>,
    refresh_token_life: Option<Duration>,
    custom_claims: BTreeMap<String, String>,
}

impl AppClient {
    /// The client with this id, with the defaults: 15 minutes, 30 days, and no custom claims.
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            access_token_life: None,
            refresh_token_life: None,
            custom_claims: BTreeMap::new(),
        }
    }

    /// How long an access token is valid, in whole seconds.
    pub fn access_token_life(mut self, life: Duration) -> Self {
        self.access_token_life = Some(life);
        self
    }

    /// How long a refresh token works, in whole seconds.
    pub fn refresh_token_life(mut self, life: Duration) -> Self {
        self.refresh_token_life = Some(life);
        self
    }

    /// Adds a claim that shows an attribute of the user (`displayName`) or a custom data point (`custom.plan`).
    pub fn custom_claim(mut self, name: impl Into<String>, source: impl Into<String>) -> Self {
        self.custom_claims.insert(name.into(), source.into());
        self
    }

    fn into_body(self) -> Result<types::AppClient> {
        let seconds = |life: Option<Duration>| {
            let seconds = life.map(|life| NonZeroU64::try_from(life.as_secs()));
            let seconds = seconds.transpose();
            seconds.map_err(|_| {
                Error::new(Kind::InvalidInput).with_detail("the life of a token is zero")
            })
        };
        let claims = self.custom_claims;
        Ok(types::AppClient {
            client_id: filled(self.client_id, "a client id is empty")?,
            access_token_seconds: seconds(self.access_token_life)?,
            refresh_token_seconds: seconds(self.refresh_token_life)?,
            custom_claims: (!claims.is_empty()).then(|| CustomClaims(claims.into_iter().collect())),
        })
    }
}

/// A rule of a tenant.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Rule {
    rule_id: String,
    priority: i32,
    action: Option<String>,
    outcome: Outcome,
    conditions: Value,
}

impl Rule {
    /// A rule with this id and this outcome. It matches if its conditions, a
    /// [JsonLogic](https://jsonlogic.com) object, are true.
    pub fn new(rule_id: impl Into<String>, outcome: Outcome, conditions: Value) -> Self {
        Self {
            rule_id: rule_id.into(),
            priority: 0,
            action: None,
            outcome,
            conditions,
        }
    }

    /// Its priority: the matching rule with the lowest number decides. The default is 0.
    pub fn priority(mut self, priority: i32) -> Self {
        self.priority = priority;
        self
    }

    /// The action that it applies to; the default is every action.
    pub fn action(mut self, action: impl Into<String>) -> Self {
        self.action = Some(action.into());
        self
    }

    fn into_body(self) -> Result<RuleText> {
        let conditions: Map<_, _> = match self.conditions {
            Value::Object(conditions) => conditions,
            _ => {
                let why = "the conditions of a rule are not an object";
                return Err(Error::new(Kind::InvalidInput).with_detail(why));
            }
        };
        let action = self
            .action
            .map(|action| filled(action, "the action of a rule is empty"));
        Ok(RuleText {
            name: self.rule_id.clone(),
            rule_id: filled(self.rule_id, "the id of a rule is empty")?,
            description: None,
            priority: self.priority,
            action: action.transpose()?,
            outcome: self.outcome,
            is_active: None,
            conditions: Some(Conditions::from(conditions)),
        })
    }
}

impl MockControl {
    /// The challenge of a user of Authsignal: of the newest action that waits for one.
    pub fn challenge(&self, user_id: impl Into<String>) -> Challenge<'_> {
        Challenge {
            mock: self,
            user_id: user_id.into(),
            action: None,
            tenant_id: None,
        }
    }

    /// Changes the settings by which an Authsignal tenant decides, and returns the new ones.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty name and for conditions that are not an object, without
    /// sending anything; [`Kind::Rejected`] for conditions that the mock cannot read, and as
    /// [`health`](Self::health).
    pub async fn configure_authsignal(
        &self,
        configuration: AuthsignalConfiguration,
    ) -> Result<AuthsignalConfigured> {
        let call = self.call("configure_authsignal");
        let body = configuration
            .into_body()
            .map_err(|error| call.fail(error))?;
        call.answer(call.raw.configure_authsignal().body(body).send().await)
    }
}
