//! The Authsignal part of a mock inside a test: its addresses and credentials, and what a test does there instead of
//! the vendor's dashboard and of people.

use std::fmt;
use std::sync::Arc;

use super::failure::planned;
use super::fault::planned as faults_of;
use super::user::{NewUser, User};
use super::{
    AuthsignalPhone, Error, FactTables, Failure, Fault, NextFacts, NextOutcome, Passkey, Rule,
    Running, Scenario, WebhookDelivery, scenario,
};
use crate::domain::authsignal::vocabulary::{ChallengeMode, Outcome};
use crate::domain::authsignal::{Authsignal, Configuration};
use crate::domain::scenario::Selector;
use crate::runtime::part::AuthsignalPart;
use crate::runtime::scenario::{can_be, within_bounds};
use crate::sim::client::ActionStatus;
use crate::sim::person;

/// An Authsignal tenant of a [`MockServer`](crate::MockServer).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use serde_json::{Value, json};
/// use stepup_mock::{ActionState, MockServer, NewAuthenticator, NewUser};
///
/// let mock = MockServer::start().await?;
/// let authsignal = mock.authsignal();
///
/// // 1. Create a user who can be challenged.
/// let ada = NewUser::new("ada").authenticator(NewAuthenticator::email_otp("ada@example.com"));
/// authsignal.create_user(ada)?;
///
/// // 2. Track an action. Your own code does this, with `authsignal.api_url()` and `authsignal.api_secret()`.
/// let http = reqwest::Client::new();
/// let call = |path: &str, body: Value| {
///     let request = http.post(format!("{}{path}", authsignal.api_url()));
///     let request = request.basic_auth(authsignal.api_secret(), Some(""));
///     async move { request.json(&body).send().await?.json::<Value>().await }
/// };
/// let tracked = call("/users/ada/actions/signIn", json!({})).await?;
/// assert_eq!(tracked["state"], "CHALLENGE_REQUIRED");
///
/// // 3. Finish the challenge in place of the user.
/// let finished = authsignal.challenge("ada").succeed().await?;
/// assert_eq!(finished.state, ActionState::ChallengeSucceeded);
///
/// // 4. Validate the token. Your own code does this, too.
/// let validated = call("/validate", json!({"token": tracked["token"]})).await?;
/// assert_eq!(validated["state"], "CHALLENGE_SUCCEEDED");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthsignalTenant {
    mock: Arc<Running>,
    tenant: Arc<AuthsignalPart>,
}

impl fmt::Debug for AuthsignalTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the API secret.
        f.debug_struct("AuthsignalTenant")
            .field("tenant_id", &self.tenant_id())
            .finish_non_exhaustive()
    }
}

impl AuthsignalTenant {
    pub(super) fn new(mock: Arc<Running>, tenant: Arc<AuthsignalPart>) -> Self {
        Self { mock, tenant }
    }

    /// URL of the Server API: `apiUrl` of Authsignal's server SDKs.
    pub fn api_url(&self) -> String {
        self.mock.addresses.authsignal()
    }

    /// Secret of the Server API: `apiSecretKey` of Authsignal's server SDKs.
    pub fn api_secret(&self) -> &str {
        &self.tenant.account().secret
    }

    /// Secret of the Management API.
    pub fn management_secret(&self) -> &str {
        &self.tenant.account().management_secret
    }

    /// Secret of the tenant's terminals.
    pub fn terminal_secret(&self) -> &str {
        &self.tenant.account().terminal_secret
    }

    /// Id of the tenant, which is public: `tenantId` of Authsignal's browser and mobile SDKs.
    pub fn tenant_id(&self) -> &str {
        &self.tenant.account().id
    }

    /// URL of the Client API: `baseUrl` of Authsignal's browser SDK. It names localhost, because a passkey belongs to a
    /// domain name and an IP address cannot own one.
    pub fn browser_url(&self) -> String {
        self.mock.addresses.authsignal_browser()
    }

    /// Creates a user. Enrolling the authenticators sends the same webhooks as the Server API.
    ///
    /// # Errors
    /// The user exists, the user id is empty, or an authenticator has no address.
    pub fn create_user(&self, user: NewUser) -> Result<User, Error> {
        let NewUser(user) = user;
        let user_id = user.user_id.as_str();
        if user_id.is_empty() {
            return Err(Error::Malformed(
                "the user id is empty; give the user one".to_owned(),
            ));
        }
        self.tenant.transact(|authsignal, turn| {
            if authsignal.user(user_id).is_some() {
                return Err(Error::NotAllowed(format!(
                    "user {user_id} already exists; `user` reads the user, and `reset` empties the mock"
                )));
            }
            user.plant(authsignal, turn).map_err(Error::Malformed)?;
            read(authsignal, user_id)
        })
    }

    /// Reads a user.
    ///
    /// # Errors
    /// The user does not exist.
    pub fn user(&self, user_id: &str) -> Result<User, Error> {
        self.tenant.look(|authsignal, _| read(authsignal, user_id))
    }

    /// Reads all users, by id.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::{MockServer, NewUser};
    ///
    /// let authsignal = MockServer::shared()?.create_tenant()?;
    /// let authsignal = authsignal.authsignal();
    /// authsignal.create_user(NewUser::new("bob"))?;
    /// authsignal.create_user(NewUser::new("ada").email("ada@example.com"))?;
    /// let users = authsignal.users();
    /// let ids: Vec<_> = users.iter().map(|user| user.user_id.as_str()).collect();
    /// assert_eq!(ids, ["ada", "bob"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn users(&self) -> Vec<User> {
        self.tenant.look(|authsignal, _| {
            let (seen, _) = authsignal.seen_users(None, usize::MAX);
            let users = seen.into_iter();
            let users = users.filter_map(|seen| Some(User::new(seen.id, seen.user?)));
            users.collect()
        })
    }

    /// The actions of a user, newest first.
    pub fn actions(&self, user_id: &str) -> Vec<ActionStatus> {
        self.tenant.look(|authsignal, now| {
            let actions = authsignal.query_actions(user_id, None, None, None, now);
            actions.map(ActionStatus::of).collect()
        })
    }

    /// The challenge of the user's newest action that waits for one. A test can finish it in place of the user.
    pub fn challenge(&self, user_id: &str) -> Challenge {
        Challenge {
            tenant: Arc::clone(&self.tenant),
            user_id: user_id.to_owned(),
            action: None,
        }
    }

    /// Replaces the rules. The first rule that matches decides.
    ///
    /// # Errors
    /// A condition is not JsonLogic, or two rules have the same id.
    pub fn set_rules(&self, rules: impl IntoIterator<Item = Rule>) -> Result<(), Error> {
        let rules = (1..).zip(rules).map(|(place, rule)| rule.at(place));
        let rules = rules.collect();
        let warnings = self.tenant.transact(|authsignal, _| {
            authsignal.configuration.set_rules(rules)?;
            Ok(authsignal.configuration.warnings())
        });
        for warning in warnings.map_err(Error::Malformed)? {
            tracing::warn!("{warning}");
        }
        Ok(())
    }

    /// Sets the outcome of actions without a matching rule and without their own outcome. The default is a challenge.
    pub fn set_default_outcome(&self, outcome: Outcome) {
        self.tenant
            .transact(|authsignal, _| authsignal.configuration.default_outcome = outcome);
    }

    /// Sets the outcome of an action that no rule matches.
    pub fn set_action_outcome(&self, action: &str, outcome: Outcome) {
        let set = self.tenant.transact(|authsignal, _| {
            let actions = &mut authsignal.configuration.actions;
            actions.set_outcome(action, outcome)
        });
        if let Err(why) = set {
            tracing::warn!("{why}");
        }
    }

    /// Sets the outcome of the next matching action, once. It overrides the rules. It replaces an earlier one of the same user
    /// and action; [`add_scenarios`](Self::add_scenarios) plans one after the other.
    ///
    /// # Errors
    /// No action can have that code, or the tenant has as many scenarios as it keeps. Those stay.
    pub fn set_next_outcome(&self, next: NextOutcome) -> Result<(), Error> {
        let NextOutcome {
            outcome,
            user_id,
            action,
        } = next;
        let about = Selector {
            user_id,
            action,
            channel: None,
        };
        self.tenant.transact(|authsignal, turn| {
            possible(&about, &authsignal.configuration)?;
            let planned = turn.scenarios.plan_outcome(about, Some(outcome));
            planned.map(|_| ()).map_err(Error::NotAllowed)
        })
    }

    /// Sets what rules read about the next matching action, once, whatever the tables say. It replaces what was set for the same
    /// user and action.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::{Facts, MockServer, NextFacts};
    ///
    /// let mock = MockServer::start().await?;
    /// let abroad = Facts::new().country_code("FR").impossible_travel(true);
    /// mock.authsignal().set_next_facts(NextFacts::new(abroad).user("ada"))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A fact cannot be, no action can have that code, or the tenant has as many scenarios as it keeps. Those stay.
    pub fn set_next_facts(&self, next: NextFacts) -> Result<(), Error> {
        let next = next.into_domain()?;
        next.check().map_err(Error::Malformed)?;
        self.tenant.transact(|authsignal, turn| {
            possible(&next.about(), &authsignal.configuration)?;
            let planned = turn.scenarios.plan_facts(next);
            planned.map(|_| ()).map_err(Error::NotAllowed)
        })
    }

    /// Replaces what rules read about addresses, devices and users, and the value lists. A table that nothing was added to
    /// stays as it is.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::{FactTables, Facts, MockServer};
    ///
    /// let mock = MockServer::start().await?;
    /// let tables = FactTables::new()
    ///     .addresses("203.0.113.0/24", Facts::new().country_code("FR"))
    ///     .user("ada", Facts::new().has_previously_verified(true))
    ///     .list("embargo", ["FR"]);
    /// mock.authsignal().set_facts(tables)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A range or a fact cannot be, something is there twice, or there is more than a tenant keeps. Nothing has changed then.
    pub fn set_facts(&self, tables: FactTables) -> Result<(), Error> {
        self.tenant
            .transact(|authsignal, _| tables.put(&mut authsignal.configuration))
    }

    /// The deliveries of webhooks that the mock keeps, newest first.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::MockServer;
    ///
    /// let mock = MockServer::start().await?;
    /// let authsignal = mock.authsignal();
    /// authsignal.webhooks_settled().await;
    /// assert!(authsignal.webhook_deliveries().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn webhook_deliveries(&self) -> Vec<WebhookDelivery> {
        let deliveries = self.tenant.look(|authsignal, _| {
            let newest = authsignal.events.newest_first();
            newest.cloned().collect::<Vec<_>>()
        });
        let deliveries = deliveries.into_iter();
        let told = deliveries.map(|one| WebhookDelivery::of(&self.tenant, one));
        told.collect()
    }

    /// Waits until no webhook is under way or due, for at most a minute. A retry that is due later is not waited for: the clock
    /// of the tenant brings it.
    pub async fn webhooks_settled(&self) {
        let (app, number) = (&self.mock.app, self.tenant.ledger().number());
        app.webhooks_delivered(|| Vec::from_iter(app.numbered(number)))
            .await;
    }

    /// Replaces what is planned of the next requests to the APIs of this tenant: those that fail, in this order. With an
    /// empty list, none does. A tenant that is at Activeconnect, too, has one list for both.
    ///
    /// # Errors
    /// There is no such operation, or a status or a header cannot be.
    pub fn set_failures(&self, failures: impl IntoIterator<Item = Failure>) -> Result<(), Error> {
        self.tenant.ledger().plan_faults(planned(failures)?);
        Ok(())
    }

    /// Replaces what is planned of the next requests to the APIs of this tenant: what goes wrong with them. With an empty list,
    /// nothing does. A tenant that is at Activeconnect, too, has one list for both, and failures are on it.
    ///
    /// # Errors
    /// One of the faults cannot be.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), Error> {
        self.tenant.ledger().plan_faults(faults_of(faults)?);
        Ok(())
    }

    /// Plans what happens next in this tenant, in place of what was planned before: how actions are decided, whether messages
    /// arrive, what people with phones do. With an empty list, nothing is planned. A tenant that is at Activeconnect, too, has one
    /// list for both, and what [`set_next_outcome`](crate::AuthsignalTenant::set_next_outcome) sets is on it.
    ///
    /// # Errors
    /// One of the scenarios cannot be. Nothing has changed then.
    pub fn set_scenarios(
        &self,
        scenarios: impl IntoIterator<Item = Scenario>,
    ) -> Result<(), Error> {
        scenario::plan(&self.mock, self.tenant.ledger(), scenarios, false)
    }

    /// As [`set_scenarios`](Self::set_scenarios), but the scenarios come after those that are planned already.
    ///
    /// # Errors
    /// As [`set_scenarios`](Self::set_scenarios).
    pub fn add_scenarios(
        &self,
        scenarios: impl IntoIterator<Item = Scenario>,
    ) -> Result<(), Error> {
        scenario::plan(&self.mock, self.tenant.ledger(), scenarios, true)
    }

    /// Sets what happens when a challenge page opens.
    pub fn set_challenge_mode(&self, mode: ChallengeMode) {
        self.tenant
            .transact(|authsignal, _| authsignal.configuration.challenge_mode = mode);
    }

    /// A software passkey of a user, which passes challenges with real keys and signatures.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mock = stepup_mock::MockServer::start().await?;
    /// let passkey = mock.authsignal().passkey("ada");
    /// let enrolled = passkey.enroll().await?;
    /// assert!(enrolled.authenticator_id.is_some());
    /// // Track an action of `ada` with your own code, then pass its challenge:
    /// // passkey.approve().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn passkey(&self, user_id: &str) -> Passkey {
        Passkey::new(
            Arc::clone(&self.mock.phones),
            Arc::clone(&self.tenant),
            user_id,
        )
    }

    /// The software phone of a user, which answers push notifications and QR codes.
    pub fn phone(&self, user_id: &str) -> AuthsignalPhone {
        AuthsignalPhone::new(
            Arc::clone(&self.mock.phones),
            Arc::clone(&self.tenant),
            user_id,
        )
    }

    /// The code that the user's authenticator app shows now.
    ///
    /// # Errors
    /// The user has no authenticator app.
    pub fn totp(&self, user_id: &str) -> Result<String, Error> {
        self.tenant
            .look(|authsignal, now| authsignal.current_totp(user_id, now))
            .map(|shown| shown.code)
            .map_err(|refusal| Error::NotFound(refusal.to_string()))
    }
}

/// Whether there can be an action of this user and this code.
fn possible(about: &Selector, configuration: &Configuration) -> Result<(), Error> {
    let code = about.action.as_deref();
    let can_be = within_bounds(about).and_then(|()| can_be(code, configuration));
    can_be.map_err(|why| Error::Malformed(why.trim_start_matches('/').to_owned()))
}

fn read(authsignal: &Authsignal, user_id: &str) -> Result<User, Error> {
    match authsignal.user(user_id) {
        Some(user) => Ok(User::new(user_id, user)),
        None => Err(Error::NotFound(format!(
            "user {user_id} does not exist; `create_user` creates one"
        ))),
    }
}

/// A challenge that waits for a user. A test can finish it in place of the user.
#[derive(Clone, Debug)]
#[must_use = "a challenge waits until `succeed` or `fail`"]
pub struct Challenge {
    tenant: Arc<AuthsignalPart>,
    user_id: String,
    action: Option<String>,
}

impl Challenge {
    /// The challenge of the newest action of this code.
    pub fn action(mut self, action: &str) -> Self {
        self.action = Some(action.to_owned());
        self
    }

    /// Passes the challenge with the user's default authenticator.
    ///
    /// # Errors
    /// The user or the action does not exist, no action waits for a challenge, or a webhook for `action.verify` refused.
    pub async fn succeed(&self) -> Result<ActionStatus, Error> {
        self.finish(true).await
    }

    /// Fails the challenge.
    ///
    /// # Errors
    /// The user or the action does not exist, or no action waits for a challenge.
    pub async fn fail(&self) -> Result<ActionStatus, Error> {
        self.finish(false).await
    }

    async fn finish(&self, passes: bool) -> Result<ActionStatus, Error> {
        let action = self.action.as_deref();
        Ok(person::finish(&self.tenant, &self.user_id, action, passes).await?)
    }
}
