//! Seeds: the initial states of a mock, by name or from a JSON file. They use the domain's own operations, so a seeded
//! user is like any other.

mod credentials;
pub mod export;
mod facts;
mod failures;
mod flows;
mod id_tokens;
pub mod management;
mod overlap;
pub mod schema;
mod settings;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

pub use self::credentials::{
    DEFAULT_API_SECRET, DEFAULT_MANAGEMENT_SECRET, DEFAULT_TENANT_ID, DEFAULT_TERMINAL_SECRET,
};
use self::facts::{PlantedDataPoint, PlantedFacts, PlantedList};
use self::failures::PlannedFailure;
use self::flows::PlantedFlow;
use self::id_tokens::PlantedIssuer;
use self::overlap::{Answers, Own};
use self::settings::TenantSettings;
pub use self::state::{Sources, State};
use super::fault::Fault;
use super::faults::Faults;
use super::file::read_file;
use super::scenario::{self, Scenario};
use super::strict;
use super::word::{Vocabulary, Word};
use crate::bounds::TENANTS;
use crate::domain::Turn;
use crate::domain::activeconnect::device::Description;
use crate::domain::activeconnect::{Activeconnect, fold};
use crate::domain::authsignal::app_client::{AppClientText, AppClients};
use crate::domain::authsignal::configuration::{credential_life, shown_variables};
use crate::domain::authsignal::data_point::DataType;
use crate::domain::authsignal::management::document::Document;
use crate::domain::authsignal::management::resource::Resource;
use crate::domain::authsignal::passkey_settings::{
    AttachmentSetting, PasskeySettings, RegistrationHint, UserVerification,
};
use crate::domain::authsignal::rule::{ALWAYS, RuleText};
use crate::domain::authsignal::user::Attributes;
use crate::domain::authsignal::vocabulary::{ChallengeMode, Method, Outcome};
use crate::domain::authsignal::webhook::{Endpoint, Kind};
use crate::domain::authsignal::{Authsignal, Enrollment};
use crate::domain::custom::Custom;
use crate::domain::scenario::Scenarios;
use crate::iso8601;

/// Id of the default Activeconnect application.
pub const DEFAULT_APPLICATION_ID: &str = "mock-app";
/// Its secret.
pub const DEFAULT_APPLICATION_SECRET: &str = "mock-app-secret-24-bytes";
/// Default name of a simulated device.
pub const SIMULATED_PHONE: &str = "Simulated phone";

/// Names of the seeds that need no file.
pub const NAMES: [&str; 3] = ["empty", "demo", "sdk-suites"];

/// The user of the passkey that the SDKs' live suites look for.
const PASSKEY_USER: &str = "b60429a1-6288-43dc-80c0-6a3e73dd51b9";
/// Model id of iCloud Keychain, one of the two that the suites accept.
const ICLOUD_KEYCHAIN: &str = "fbfc3007-154e-4ecc-8c0b-6e020557d7bd";

/// The version of the format of seeds.
const VERSION: u64 = 1;

/// What a mock starts with: its tenants. A file of `stepup-mock dump` has this form, too.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Seed {
    /// The schema of this file, for editors.
    #[serde(rename = "$schema")]
    #[expect(dead_code, reason = "editors read it")]
    pub schema: Option<String>,
    /// Version of the format; 1 if it is left out.
    #[expect(dead_code, reason = "it is checked before all else is read")]
    pub version: Option<u64>,
    /// How the mock's own clock is set at the start. Each tenant has its own clock.
    pub clock: Option<PlannedClock>,
    /// Isolated tenants. An empty list gives one tenant with the default credentials.
    pub tenants: Vec<PlannedTenant>,
}

/// A tenant: an isolated state, reached with the credentials of its parts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedTenant {
    /// Its Activeconnect application.
    pub activeconnect: Option<Application>,
    /// Its Authsignal tenant.
    pub authsignal: Option<AuthsignalTenant>,
    /// Which of the first requests fail, of both.
    #[serde(default)]
    pub failures: Vec<PlannedFailure>,
    /// What else goes wrong with the first requests, of both.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// What happens to the first things of a kind: scenarios.
    #[serde(default)]
    pub scenarios: Vec<Scenario>,
    /// How its clock is set at the start.
    pub clock: Option<PlannedClock>,
    /// Its exact state, as `stepup-mock dump` writes it; in place of users, settings and all else of its parts.
    pub state: Option<Box<State>>,
}

/// How a clock is set.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlannedClock {
    /// What it shows at the start; without it, the time of the machine, or 2026-01-01T00:00:00Z in deterministic mode.
    #[serde(default, deserialize_with = "time")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Timestamp>"))]
    pub time: Option<Timestamp>,
    /// By how many milliseconds it is ahead of the machine's time, in place of `time`.
    pub ahead_milliseconds: Option<i64>,
    /// Whether it stands still.
    pub frozen: Option<bool>,
}

/// Reads a time, and says what is wrong with one that is none.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| {
        let fault = iso8601::fault(&text).unwrap_or("has the wrong form");
        D::Error::custom(format!(
            "{fault}; it must be a date and time with an offset, such as 2026-01-01T00:00:00Z"
        ))
    })
}

impl PlannedTenant {
    /// What happens first, and what goes wrong with the first requests.
    ///
    /// # Errors
    /// One of the faults or of the scenarios cannot be; the text begins with its place in the tenant.
    pub fn plans(&self) -> Result<(Scenarios, Faults), String> {
        let failures = failures::read(&self.failures);
        let mut all = failures.map_err(|why| strict::in_list("failures", &why))?;
        let added = all.add(self.faults.clone());
        added.map_err(|why| strict::in_list("faults", &why))?;
        let mut scenarios = Scenarios::default();
        let planned = scenario::plan(&mut scenarios, &mut all, self.scenarios.clone(), true);
        planned.map_err(|why| strict::in_list("scenarios", &why))?;
        Ok((scenarios, all))
    }

    /// Gives its parts a name, where they have none.
    pub(super) fn call(&mut self, name: &str) {
        let named = || name.to_owned();
        if let Some(application) = &mut self.activeconnect {
            application.name.get_or_insert_with(named);
        }
        // `management` may set the name, too, and nobody could tell which of the two counts.
        let authsignal = self.authsignal.as_mut();
        if let Some(tenant) = authsignal.filter(|tenant| tenant.management.is_empty()) {
            tenant.tenant.name.get_or_insert_with(named);
        }
    }

    fn is_empty(&self) -> bool {
        self.activeconnect.is_none() && self.authsignal.is_none()
    }
}

/// An Activeconnect application to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: Secret,
    /// Name that phones show; `None` means the id.
    pub name: Option<String>,
    /// Its users.
    #[serde(default)]
    pub users: Vec<User>,
}

/// An Activeconnect user to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct User {
    /// The id.
    pub id: String,
    /// Whether the user has a phone.
    #[serde(default)]
    pub phone: bool,
}

/// An Authsignal tenant to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthsignalTenant {
    /// Its id.
    pub id: String,
    /// Its server API secret.
    pub secret: Secret,
    /// Its management secret; `None` means one that follows from the server API secret.
    pub management_secret: Option<Secret>,
    /// The secret of its terminals; `None` means one that follows from the server API secret.
    pub terminal_secret: Option<Secret>,
    /// Settings of the tenant, as the Management API names them.
    #[serde(default)]
    pub tenant: TenantSettings,
    /// Outcome when no rule and no single outcome applies; `None` means CHALLENGE.
    pub default_outcome: Option<Word<Outcome>>,
    /// Outcomes of single actions, by action code.
    #[serde(default)]
    pub actions: BTreeMap<String, Word<Outcome>>,
    /// How challenge pages behave; `None` means the mock's `--challenge` setting.
    pub challenge_mode: Option<Word<ChallengeMode>>,
    /// Challenge pages of single actions, by action code.
    #[serde(default)]
    pub challenge_modes: BTreeMap<String, Word<ChallengeMode>>,
    /// Methods that users can enrol.
    pub verification_methods: Option<Vec<Word<Method>>>,
    /// Rules that decide about actions.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// Facts that rules read.
    #[serde(default)]
    pub facts: PlantedFacts,
    /// Value lists that rules read.
    #[serde(default)]
    pub lists: Vec<PlantedList>,
    /// Custom data points that rules read.
    #[serde(default)]
    pub data_points: Vec<PlantedDataPoint>,
    /// Names of the custom data points that text messages show.
    #[serde(default)]
    pub allowed_custom_sms_variables: Vec<String>,
    /// Names of the custom data points that emails show.
    #[serde(default)]
    pub allowed_custom_email_variables: Vec<String>,
    /// How long an app's key for push notifications lives; `None` means for ever.
    pub credential_lifetime_in_minutes: Option<u32>,
    /// Whether tokens are RS256 rather than HS256.
    #[serde(default)]
    pub rs256_tokens: bool,
    /// Whether the mock enforces the limits on sending and verifying codes.
    #[serde(default)]
    pub rate_limits: bool,
    /// Flow documents of single actions.
    #[serde(default)]
    pub flows: Vec<PlantedFlow>,
    /// App clients with settings of their own.
    #[serde(default)]
    pub clients: Vec<AppClient>,
    /// Whether codes and links go only to addresses that are enrolled; `None` means the mock's
    /// `--challenge-enrolled-only` setting.
    pub challenge_enrolled_only: Option<bool>,
    /// What is set for its passkeys.
    #[serde(default)]
    pub passkeys: Passkeys,
    /// Issuers of ID tokens that it trusts.
    #[serde(default)]
    pub id_token_issuers: Vec<PlantedIssuer>,
    /// URLs that its events go to.
    #[serde(default)]
    pub webhooks: Vec<Webhook>,
    /// URLs that `action.verify` of single actions goes to, by action.
    #[serde(default)]
    pub verification_webhooks: BTreeMap<String, String>,
    /// What the Management API answers of a tenant, each answer under its path.
    #[serde(default)]
    pub management: Map<String, Value>,
    /// Its users.
    #[serde(default)]
    pub users: Vec<AuthsignalUser>,
}

/// An app client to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AppClient {
    /// Its id.
    pub client_id: String,
    /// How long an access token lives, in seconds.
    pub access_token_seconds: Option<u32>,
    /// How long a refresh token lives, in seconds.
    pub refresh_token_seconds: Option<u32>,
    /// Custom claims: from the name of the claim to what of the user it shows.
    #[serde(default)]
    pub custom_claims: BTreeMap<String, String>,
}

/// What is set for a tenant's passkeys.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Passkeys {
    /// Domain of the relying party.
    pub relying_party: Option<String>,
    /// Origins from which a response may come.
    #[serde(default)]
    pub expected_origins: Vec<String>,
    /// Whether the authenticator is to make sure who the user is.
    pub user_verification_requirement: Option<Word<UserVerification>>,
    /// How the authenticator is attached.
    pub authenticator_attachment: Option<Word<AttachmentSetting>>,
    /// Kinds of authenticator that a browser offers first.
    #[serde(default)]
    pub passkey_registration_hints: Vec<Word<RegistrationHint>>,
    /// Whether users keep their last passkey.
    pub prevent_removing_last_passkey: Option<bool>,
}

impl Passkeys {
    /// As the tenant has them.
    fn settings(&self) -> PasskeySettings {
        let hints = self.passkey_registration_hints.iter();
        PasskeySettings {
            relying_party: self.relying_party.clone(),
            expected_origins: self.expected_origins.clone(),
            user_verification_requirement: self
                .user_verification_requirement
                .as_ref()
                .map(|Word(requirement)| *requirement),
            authenticator_attachment: self
                .authenticator_attachment
                .as_ref()
                .map(|Word(attachment)| *attachment),
            passkey_registration_hints: hints.map(|Word(hint)| *hint).collect(),
            prevent_removing_last_passkey: self.prevent_removing_last_passkey,
        }
    }
}

/// A URL that events go to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Webhook {
    /// The URL.
    pub url: String,
    /// Event types to send; an empty list means every type.
    #[serde(default)]
    pub events: Vec<Word<Kind>>,
    /// Whether `authenticator.created` has the public key of a passkey.
    #[serde(default)]
    pub include_credential_public_key: bool,
}

/// A rule to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Rule {
    /// Its id.
    pub rule_id: String,
    /// Its name.
    pub name: String,
    /// Its purpose.
    pub description: Option<String>,
    /// Order among the rules: the lowest number decides.
    pub priority: i64,
    /// Code of the action that the rule applies to; `None` means every action.
    pub action: Option<String>,
    /// What it decides.
    pub outcome: Word<Outcome>,
    /// Whether it is tried; `None` means yes.
    pub is_active: Option<bool>,
    /// The condition, JsonLogic; without one it always matches.
    pub conditions: Option<Map<String, Value>>,
}

/// An Authsignal user to plant.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthsignalUser {
    /// The id.
    pub user_id: String,
    /// Email address.
    pub email: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// User name.
    pub username: Option<String>,
    /// Readable name.
    pub display_name: Option<String>,
    /// Data that the application attaches.
    pub custom: Option<Map<String, Value>>,
    /// Authenticators.
    #[serde(default)]
    pub authenticators: Vec<AuthsignalAuthenticator>,
}

/// An authenticator to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuthsignalAuthenticator {
    /// Method, as Authsignal names it.
    pub verification_method: Word<Method>,
    /// Address of an email authenticator.
    pub email: Option<String>,
    /// Number of a phone authenticator.
    pub phone_number: Option<String>,
    /// otpauth URI of an authenticator app.
    pub otp_uri: Option<Secret>,
    /// Credential of a passkey.
    pub credential_id: Option<String>,
    /// Public key of a passkey.
    pub credential_public_key: Option<String>,
    /// Name of a passkey.
    pub name: Option<String>,
    /// Model of a passkey.
    pub aaguid: Option<String>,
    /// Browser that a passkey was made with.
    pub browser: Option<String>,
}

impl Vocabulary for Outcome {
    fn of(word: &str) -> Option<Self> {
        Self::of_word(word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl Vocabulary for UserVerification {
    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl Vocabulary for AttachmentSetting {
    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl Vocabulary for RegistrationHint {
    fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl Vocabulary for Method {
    fn of(word: &str) -> Option<Self> {
        Self::of_word(word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl Vocabulary for ChallengeMode {
    fn of(word: &str) -> Option<Self> {
        Self::of_word(word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

impl Vocabulary for Kind {
    fn of(word: &str) -> Option<Self> {
        Self::of_word(word)
    }

    fn words() -> Vec<&'static str> {
        Self::ALL.into_iter().map(Self::word).collect()
    }
}

/// A secret that prints as dots.
#[derive(Clone, Deserialize, PartialEq, Eq)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Secret(String);

impl Secret {
    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why a seed cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The file cannot be read.
    #[error("seed {name}: {why}; give the path of a JSON file, or one of: {}", NAMES.join(", "))]
    Unreadable {
        /// What was asked for.
        name: String,
        /// Why.
        why: std::io::Error,
    },
    /// The file is not a seed.
    #[error("seed {name}: {why}")]
    Malformed {
        /// What was asked for.
        name: String,
        /// Where and why. Quotes no value.
        why: String,
    },
    /// The seed is contradictory.
    #[error("seed: {0}")]
    Impossible(String),
}

/// Checks each URL that webhooks of planned tenants go to.
///
/// # Errors
/// `check` refuses one.
pub fn check_webhooks<'a>(
    tenants: impl IntoIterator<Item = &'a PlannedTenant>,
    check: impl Fn(&str) -> Result<(), String>,
) -> Result<(), SeedError> {
    for (index, tenant) in tenants.into_iter().enumerate() {
        let Some(authsignal) = &tenant.authsignal else {
            continue;
        };
        if let Some(state) = &tenant.state {
            for url in state.urls() {
                check(url).map_err(|why| {
                    SeedError::Impossible(format!("tenants[{index}].state: webhook: {why}"))
                })?;
            }
        }
        let urls = authsignal.webhooks.iter().map(|webhook| &webhook.url);
        let configured = authsignal.configured().map_err(SeedError::Impossible)?;
        let own = configured
            .iter()
            .flat_map(Document::urls)
            .map(str::to_owned);
        let urls = urls.chain(authsignal.verification_webhooks.values());
        for url in urls.cloned().chain(own) {
            check(&url).map_err(|why| {
                SeedError::Impossible(format!("tenants[{index}].authsignal: webhook: {why}"))
            })?;
        }
    }
    Ok(())
}

/// How the error about an unknown member beside `tenants` ends.
const ONLY_TENANTS: &str = "is unknown; use one of: $schema, version, clock, tenants";
/// Where such a member belongs: examples in the README show parts of a tenant.
const IN_TENANT: &str = r#"; what belongs to a tenant stands in it: {"tenants": [{"authsignal": {"id": ..., "secret": ..., ...}}]}"#;

/// Checks the version first, because everything else may differ in another version.
fn check_version(seed: &Value) -> Result<(), String> {
    let Some(version) = seed.get("version") else {
        return Ok(());
    };
    match version.as_u64() {
        Some(VERSION) => Ok(()),
        Some(version) => Err(format!(
            "version is {version}, and this mock reads version {VERSION}; write the file in that form, or use a release of stepup-mock that reads version {version}"
        )),
        // Anything else is refused with its place when the rest is read.
        None => Ok(()),
    }
}

/// Checks that it is an object, whatever is in it.
fn check_form(seed: &Value) -> Result<(), String> {
    let found = match seed {
        Value::Object(_) => return Ok(()),
        Value::Array(_) => "a list",
        Value::String(_) => "a text",
        Value::Number(_) => "a number",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
    };
    Err(format!(
        "is {found}, and a seed must be an object, such as {SMALLEST}"
    ))
}

/// A seed that says what one has.
const SMALLEST: &str = r#"{"tenants": [{"authsignal": {"id": "shop", "secret": "shop-secret"}}]}"#;

/// Checks what stands beside the states of tenants.
fn check_states(seed: &Value) -> Result<(), String> {
    let tenants = seed.get("tenants").and_then(Value::as_array);
    let tenants = tenants.into_iter().flatten().enumerate();
    for (index, tenant) in tenants {
        if let Value::Object(tenant) = tenant {
            state::check_beside(tenant).map_err(|why| format!("tenants[{index}].{why}"))?;
        }
    }
    Ok(())
}

impl Seed {
    /// The seed of that name, or of the file at that path.
    ///
    /// # Errors
    /// No seed has this name and the file cannot be read, or the file is not a seed.
    pub fn load(name: &str) -> Result<Self, SeedError> {
        match name {
            "empty" => return Ok(Self::default()),
            "demo" => return Ok(Self::demo()),
            "sdk-suites" => return Ok(Self::sdk_suites()),
            _ => {}
        }
        let text = read_file(Path::new(name)).map_err(|why| SeedError::Unreadable {
            name: name.to_owned(),
            why,
        })?;
        Self::from_text(name, &text)
    }

    /// The seed in the text of a file, called `name` in errors.
    ///
    /// # Errors
    /// It is not a seed.
    pub fn from_text(name: &str, text: &[u8]) -> Result<Self, SeedError> {
        Self::read(name, strict::parse(text))
    }

    /// The seed from a JSON value in the form of a seed file.
    ///
    /// # Errors
    /// It is not a seed.
    pub fn from_value(seed: Value) -> Result<Self, SeedError> {
        Self::read("value", Ok(seed))
    }

    fn read(name: &str, value: Result<Value, String>) -> Result<Self, SeedError> {
        let value = value.and_then(|value| {
            check_form(&value)?;
            check_version(&value)?;
            check_states(&value)?;
            Ok(value)
        });
        let seed = value.and_then(strict::read::<Self>).and_then(|seed| {
            match seed.tenants.iter().position(PlannedTenant::is_empty) {
                Some(index) => Err(format!(
                    "tenants[{index}] is empty; give it `activeconnect`, `authsignal` or both"
                )),
                None => Ok(seed),
            }
        });
        seed.map_err(|why| SeedError::Malformed {
            name: name.to_owned(),
            why: match why.ends_with(ONLY_TENANTS) {
                true => why + IN_TENANT,
                false => why,
            },
        })
    }

    /// A small example: users with and without a phone, and actions with each outcome.
    pub fn demo() -> Self {
        let user = |id: &str, phone| User {
            id: id.to_owned(),
            phone,
        };
        let mut application = Application::default_one();
        application.name = Some("Demo shop".to_owned());
        application.users = vec![
            user("ada@example.com", true),
            user("grace", false),
            user("alan turing/1+1", true),
        ];
        let mut authsignal = AuthsignalTenant::default_one();
        authsignal.actions = [
            ("signIn", Outcome::Challenge),
            ("viewBalance", Outcome::Allow),
            ("deleteAccount", Outcome::Review),
            ("exportAll", Outcome::Block),
        ]
        .into_iter()
        .map(|(code, outcome)| (code.to_owned(), Word(outcome)))
        .collect();
        authsignal.rules = vec![Rule {
            rule_id: "11111111-1111-4111-8111-111111111111".to_owned(),
            name: "Large payment".to_owned(),
            description: Some("Payments over 1000 are challenged".to_owned()),
            priority: 1,
            action: Some("pay".to_owned()),
            outcome: Word(Outcome::Challenge),
            is_active: None,
            conditions: Some(Map::from_iter([(
                ">".to_owned(),
                serde_json::json!([{"var": "custom.amount"}, 1000]),
            )])),
        }];
        authsignal.data_points = vec![PlantedDataPoint {
            name: "amount".to_owned(),
            description: Some("What the user pays".to_owned()),
            data_type: Some(Word(DataType::Number)),
            model_type: None,
            is_public: None,
        }];
        authsignal
            .actions
            .insert("pay".to_owned(), Word(Outcome::Allow));
        authsignal.users = vec![
            AuthsignalUser {
                user_id: "ada".to_owned(),
                email: Some("ada@example.com".to_owned()),
                display_name: Some("Ada".to_owned()),
                authenticators: vec![
                    AuthsignalAuthenticator::email(Method::EmailOtp, "ada@example.com"),
                    AuthsignalAuthenticator::phone(Method::Sms, "+15550100"),
                ],
                ..AuthsignalUser::default()
            },
            AuthsignalUser {
                user_id: "grace".to_owned(),
                email: Some("grace@example.com".to_owned()),
                display_name: Some("Grace".to_owned()),
                ..AuthsignalUser::default()
            },
        ];
        Self {
            tenants: vec![PlannedTenant {
                activeconnect: Some(application),
                authsignal: Some(authsignal),
                ..PlannedTenant::default()
            }],
            ..Self::default()
        }
    }

    /// The smallest world in which every official live suite passes.
    pub fn sdk_suites() -> Self {
        let mut authsignal = AuthsignalTenant::default_one();
        authsignal.users = vec![
            AuthsignalUser {
                user_id: "user123".to_owned(),
                authenticators: vec![AuthsignalAuthenticator::email(
                    Method::EmailOtp,
                    "user123@example.com",
                )],
                ..AuthsignalUser::default()
            },
            AuthsignalUser {
                user_id: PASSKEY_USER.to_owned(),
                authenticators: vec![AuthsignalAuthenticator {
                    credential_id: Some("c2RrLXN1aXRlcy1wYXNza2V5".to_owned()),
                    credential_public_key: Some("cHVibGljLWtleQ".to_owned()),
                    name: Some("iCloud Keychain".to_owned()),
                    aaguid: Some(ICLOUD_KEYCHAIN.to_owned()),
                    browser: Some("Chrome".to_owned()),
                    ..AuthsignalAuthenticator::of(Method::Passkey)
                }],
                ..AuthsignalUser::default()
            },
        ];
        Self {
            tenants: vec![PlannedTenant {
                authsignal: Some(authsignal),
                ..PlannedTenant::default()
            }],
            ..Self::default()
        }
    }

    /// Gives the first tenant's application this id and secret. If it has another id, adds another tenant instead.
    pub fn with_application(mut self, id: &str, secret: Secret) -> Self {
        let application = |users| Application {
            id: id.to_owned(),
            secret: secret.clone(),
            name: None,
            users,
        };
        let mut present = self
            .tenants
            .iter_mut()
            .filter_map(|tenant| tenant.activeconnect.as_mut());
        if let Some(same) = present.find(|other| other.id == id) {
            same.secret = secret;
            return self;
        }
        match self
            .tenants
            .iter_mut()
            .find(|tenant| tenant.activeconnect.is_none())
        {
            Some(tenant) => tenant.activeconnect = Some(application(Vec::new())),
            None => self.tenants.push(PlannedTenant {
                activeconnect: Some(application(Vec::new())),
                ..PlannedTenant::default()
            }),
        }
        self
    }

    /// The first tenant, which a seed without any gets.
    fn first(&mut self) -> Option<&mut PlannedTenant> {
        if self.tenants.is_empty() {
            self.tenants.push(PlannedTenant::default());
        }
        self.tenants.first_mut()
    }

    /// With these tenants after its own, as the `[[tenant]]` tables of a config file describe them.
    ///
    /// # Errors
    /// One of them is no tenant of a seed. The text names its place.
    pub fn with_tenants(mut self, tenants: Vec<Value>) -> Result<Self, SeedError> {
        let read = Self::read("in the config file", Ok(json!({"tenants": tenants})));
        let read = read.map_err(|error| match error {
            SeedError::Malformed { name, why } => SeedError::Malformed {
                name,
                why: why.replacen("tenants[", "tenant[", 1),
            },
            error => error,
        })?;
        self.tenants.extend(read.tenants);
        Ok(self)
    }

    /// The first tenant's Authsignal part, which one without it gets.
    fn first_authsignal(&mut self) -> Option<&mut AuthsignalTenant> {
        let authsignal = &mut self.first()?.authsignal;
        Some(authsignal.get_or_insert_with(AuthsignalTenant::default_one))
    }

    /// The first tenant's Authsignal part with this id and secret.
    pub fn with_authsignal(mut self, id: &str, secret: Secret) -> Self {
        if let Some(authsignal) = self.first_authsignal() {
            id.clone_into(&mut authsignal.id);
            if authsignal.secret != secret {
                // The default ones are public, and this tenant has a secret of its own.
                authsignal.management_secret = None;
                authsignal.terminal_secret = None;
            }
            authsignal.secret = secret;
        }
        self
    }

    /// The first tenant's Authsignal part with this management secret.
    pub fn with_management_secret(mut self, secret: Secret) -> Self {
        if let Some(authsignal) = self.first_authsignal() {
            authsignal.management_secret = Some(secret);
        }
        self
    }

    /// The first tenant's Authsignal part with this secret of its terminals.
    pub fn with_terminal_secret(mut self, secret: Secret) -> Self {
        if let Some(authsignal) = self.first_authsignal() {
            authsignal.terminal_secret = Some(secret);
        }
        self
    }

    /// The first tenant's Authsignal part with another URL that every event goes to.
    pub fn with_webhook(mut self, url: &str) -> Self {
        if let Some(authsignal) = self.first_authsignal() {
            authsignal.webhooks.push(Webhook {
                url: url.to_owned(),
                events: Vec::new(),
                include_credential_public_key: false,
            });
        }
        self
    }

    /// Checks every URL that events go to.
    ///
    /// # Errors
    /// `check` refuses one.
    pub fn check_webhooks(
        &self,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<(), SeedError> {
        check_webhooks(&self.tenants, check)
    }

    /// The seed; its first tenant gets the default credentials if it names none.
    ///
    /// # Errors
    /// The seed is contradictory.
    pub fn completed(mut self) -> Result<Self, SeedError> {
        if let Some(first) = self.first() {
            first
                .activeconnect
                .get_or_insert_with(Application::default_one);
            first
                .authsignal
                .get_or_insert_with(AuthsignalTenant::default_one);
        }
        self.checked()
    }

    /// The seed as it is, without the defaults.
    ///
    /// # Errors
    /// The seed is contradictory.
    pub fn checked(self) -> Result<Self, SeedError> {
        self.check().map_err(SeedError::Impossible)?;
        Ok(self)
    }

    fn check(&self) -> Result<(), String> {
        if self.tenants.len() > TENANTS {
            return Err(format!(
                "tenants: there are {}; a mock has at most {TENANTS}",
                self.tenants.len()
            ));
        }
        clear(self.clock.as_ref())?;
        // What the tenants before have.
        let (mut applications, mut authsignals) = (BTreeMap::new(), BTreeMap::new());
        let mut secrets = BTreeSet::new();
        for (index, tenant) in self.tenants.iter().enumerate() {
            let plans = tenant.plans();
            plans.map_err(|why| format!("tenants[{index}].{why}"))?;
            clear(tenant.clock.as_ref()).map_err(|why| format!("tenants[{index}].{why}"))?;
            if let Some(application) = &tenant.activeconnect {
                let place = format!("tenants[{index}].activeconnect");
                sound(&place, &application.id, &application.secret)?;
                let ids: Vec<_> = application
                    .users
                    .iter()
                    .map(|user| fold(&user.id))
                    .collect();
                // Activeconnect takes no notice of case in a user's id.
                let ids = ids.iter().map(String::as_str);
                unique(&format!("{place}.users"), "id (case does not count)", ids)?;
                let id = application.id.as_str();
                if let Some(first) = authsignals.get(id) {
                    return Err(ambiguous(&place, id, *first, "authsignal"));
                }
                if applications.contains_key(id) {
                    return Err(format!(
                        "{place}: another tenant also has the application id {}; each application needs its own",
                        application.id
                    ));
                }
            }
            if let Some(authsignal) = &tenant.authsignal {
                let place = format!("tenants[{index}].authsignal");
                sound(&place, &authsignal.id, &authsignal.secret)?;
                let others = [
                    ("managementSecret", authsignal.management_secret()),
                    ("terminalSecret", authsignal.terminal_secret()),
                ];
                for (member, secret) in &others {
                    if let Some(fault) = strict::text_fault(secret) {
                        return Err(format!("{place}: {member} {fault}"));
                    }
                }
                authsignal.check(&place)?;
                let id = authsignal.id.as_str();
                if let Some(first) = applications.get(id) {
                    return Err(ambiguous(&place, id, *first, "activeconnect"));
                }
                let own = [authsignal.secret.expose().to_owned()].into_iter();
                let mut own = own.chain(others.map(|(_, secret)| secret));
                let is_new = own.all(|secret| secrets.insert(secret));
                if authsignals.insert(id, index).is_some() || !is_new {
                    return Err(format!(
                        "{place}: another tenant has the same id or secret; each tenant needs its own"
                    ));
                }
            }
            // Not before: a tenant may have one id at both vendors.
            if let Some(application) = &tenant.activeconnect {
                applications.insert(application.id.as_str(), index);
            }
        }
        Ok(())
    }
}

/// Checks that a clock is set in one way.
fn clear(clock: Option<&PlannedClock>) -> Result<(), String> {
    match clock {
        Some(clock) if clock.time.is_some() && clock.ahead_milliseconds.is_some() => {
            Err("clock: `time` and `aheadMilliseconds` both set it; leave one out".to_owned())
        }
        _ => Ok(()),
    }
}

/// Checks an id and a secret, which must be what their user reads: a line break at the end of a secret is a mistake that
/// every request would pay for.
fn sound(place: &str, id: &str, secret: &Secret) -> Result<(), String> {
    for (member, text) in [("id", id), ("secret", secret.expose())] {
        if let Some(fault) = strict::text_fault(text) {
            return Err(format!("{place}: {member} {fault}"));
        }
    }
    strict::addressable(Some(id)).map_err(|why| format!("{place}.id: {why}"))
}

/// The refusal of an id that names two tenants: `?tenant=ID` of the control API takes ids of both vendors.
fn ambiguous(place: &str, id: &str, first: usize, vendor: &str) -> String {
    format!(
        "{place}: tenants[{first}].{vendor} also has the id {id}, so the id would name two tenants; give one of them another"
    )
}

/// Checks that no two elements of a list are the same thing.
fn unique<'a>(
    list: &str,
    member: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<(), String> {
    let mut seen = BTreeMap::new();
    for (index, name) in names.enumerate() {
        if let Some(first) = seen.insert(name, index) {
            return Err(format!(
                "{list}[{index}]: has the same {member} as [{first}]; each needs its own"
            ));
        }
    }
    Ok(())
}

impl Application {
    /// The default application.
    pub fn default_one() -> Self {
        Self {
            id: DEFAULT_APPLICATION_ID.to_owned(),
            secret: Secret(DEFAULT_APPLICATION_SECRET.to_owned()),
            name: None,
            users: Vec::new(),
        }
    }

    /// Plants the users.
    pub(super) fn plant(&self, activeconnect: &mut Activeconnect, turn: &mut Turn<'_>) {
        for user in &self.users {
            activeconnect.add_users(vec![user.id.clone()]);
            if !user.phone {
                continue;
            }
            if let Ok(link) = activeconnect.registration_link(turn, &user.id) {
                let notification_token = format!("*{}", turn.ids.id("push"));
                let name = Some(SIMULATED_PHONE.to_owned());
                // A fresh link registers a user's first device; a user named twice keeps the first.
                let description = Description {
                    notification_token,
                    name,
                };
                let _ = activeconnect.register(turn, &link, description);
            }
        }
    }
}

impl AuthsignalTenant {
    /// Checks what no single element shows.
    fn check(&self, place: &str) -> Result<(), String> {
        let document = self.configured()?.unwrap_or_default();
        let mut own = self.own().into_iter();
        own.try_for_each(|own| overlap::check(&own, &document))
            .map_err(|why| format!("{place}.{why}"))?;
        let users = self.users.iter().map(|user| user.user_id.as_str());
        unique(&format!("{place}.users"), "userId", users)?;
        let rules = self.rules.iter().map(|rule| rule.rule_id.as_str());
        unique(&format!("{place}.rules"), "ruleId", rules)?;
        let documents = self.flows.iter().map(|flow| flow.action.as_str());
        unique(&format!("{place}.flows"), "action", documents)?;
        let methods = self.verification_methods.iter().flatten();
        let methods = methods.map(|Word(method)| method.word());
        unique(&format!("{place}.verificationMethods"), "method", methods)?;
        let urls = self.webhooks.iter().map(|webhook| webhook.url.as_str());
        unique(&format!("{place}.webhooks"), "url", urls)?;
        let passkeys = self.passkeys.settings().check();
        passkeys.map_err(|reason| format!("{place}.passkeys: {reason}"))?;
        for (index, user) in self.users.iter().enumerate() {
            let place = format!("{place}.users[{index}].authenticators");
            // The key of a passkey is its own; another authenticator replaces that of the same method.
            let mut seen = BTreeMap::new();
            for (index, authenticator) in user.authenticators.iter().enumerate() {
                let foreign = authenticator.foreign_members();
                if let Some(member) = foreign.first() {
                    return Err(format!(
                        "{place}[{index}]: `{member}` does not belong to {}; leave it out",
                        authenticator.verification_method.0.word()
                    ));
                }
                let Word(method) = authenticator.verification_method;
                let address = document
                    .allows_several(method)
                    .then(|| authenticator.address())
                    .flatten();
                let method = method.word();
                let key = (method, authenticator.credential_id.as_deref(), address);
                if let Some(first) = seen.insert(key, index) {
                    let what = match key {
                        (_, Some(_), _) => format!("{method} with this credentialId"),
                        (_, _, Some(_)) => format!("{method} with this address"),
                        _ => method.to_owned(),
                    };
                    return Err(format!(
                        "{place}[{index}]: would replace [{first}], because a user has only one {what}; leave one out"
                    ));
                }
            }
        }
        Ok(())
    }

    /// What its own members set that `management` can set, too.
    fn own(&self) -> Vec<Own<'_>> {
        let set = |method: Method, is_set: bool| is_set.then(|| method.word()).into_iter();
        let actions = self.actions.keys().map(String::as_str);
        let flows = self.flows.iter().map(|flow| flow.action.as_str());
        let webhooks = self.verification_webhooks.keys().map(String::as_str);
        let rules = self.rules.iter().map(|rule| rule.rule_id.as_str());
        let lists = self.lists.iter().map(|list| list.alias.as_str());
        let points = self.data_points.iter().map(|point| point.name.as_str());
        let methods = self.verification_methods.iter().flatten();
        let passkeys = self.passkeys.settings() != PasskeySettings::default();
        let (sms, email) = (
            !self.allowed_custom_sms_variables.is_empty(),
            !self.allowed_custom_email_variables.is_empty(),
        );
        let life = self.credential_lifetime_in_minutes.is_some();
        vec![
            Own::new("actions", Answers::Actions, actions),
            Own::new("flows", Answers::Flows, flows),
            Own::new("verificationWebhooks", Answers::Webhooks, webhooks),
            Own::new("rules", Answers::Rules, rules),
            Own::new("lists", Answers::Lists, lists),
            Own::new("dataPoints", Answers::DataPoints, points),
            Own::new("tenant", Answers::Tenant, self.tenant.names()),
            Own::new(
                "verificationMethods",
                Answers::Methods,
                methods.map(|Word(method)| method.word()),
            ),
            Own::new(
                "passkeys",
                Answers::Authenticators,
                set(Method::Passkey, passkeys),
            ),
            Own::new(
                "allowedCustomSmsVariables",
                Answers::Authenticators,
                set(Method::Sms, sms),
            ),
            Own::new(
                "allowedCustomEmailVariables",
                Answers::Authenticators,
                set(Method::EmailOtp, email),
            ),
            Own::new(
                "credentialLifetimeInMinutes",
                Answers::Authenticators,
                set(Method::Push, life),
            ),
        ]
    }

    /// The default tenant.
    pub fn default_one() -> Self {
        Self {
            id: DEFAULT_TENANT_ID.to_owned(),
            secret: Secret(DEFAULT_API_SECRET.to_owned()),
            management_secret: Some(Secret(DEFAULT_MANAGEMENT_SECRET.to_owned())),
            terminal_secret: Some(Secret(DEFAULT_TERMINAL_SECRET.to_owned())),
            tenant: TenantSettings::default(),
            default_outcome: None,
            actions: BTreeMap::new(),
            challenge_mode: None,
            challenge_modes: BTreeMap::new(),
            verification_methods: None,
            rules: Vec::new(),
            facts: PlantedFacts::default(),
            lists: Vec::new(),
            data_points: Vec::new(),
            allowed_custom_sms_variables: Vec::new(),
            allowed_custom_email_variables: Vec::new(),
            credential_lifetime_in_minutes: None,
            rs256_tokens: false,
            rate_limits: false,
            flows: Vec::new(),
            clients: Vec::new(),
            challenge_enrolled_only: None,
            passkeys: Passkeys::default(),
            id_token_issuers: Vec::new(),
            webhooks: Vec::new(),
            verification_webhooks: BTreeMap::new(),
            management: Map::new(),
            users: Vec::new(),
        }
    }

    /// What the answers of the Management API configure; `None` without any.
    ///
    /// # Errors
    /// There is something in them that the mock does not know.
    fn configured(&self) -> Result<Option<Document>, String> {
        if self.management.is_empty() {
            return Ok(None);
        }
        let place = format!("authsignal {}: management", self.id);
        let (document, unknown) =
            management::read(&self.management).map_err(|why| format!("{place}: {why}"))?;
        match unknown.first() {
            Some(unknown) => Err(format!(
                "{place}: {unknown} is unknown; take it out, or let `stepup-mock import` make the seed"
            )),
            None => Ok(Some(document)),
        }
    }

    /// The management secret: its own, or one that only who knows the server API secret can know.
    pub(super) fn management_secret(&self) -> String {
        self.own_or_derived(self.management_secret.as_ref(), "management secret of ")
    }

    /// The secret of its terminals, as its management secret.
    pub(super) fn terminal_secret(&self) -> String {
        self.own_or_derived(self.terminal_secret.as_ref(), "terminal secret of ")
    }

    fn own_or_derived(&self, own: Option<&Secret>, purpose: &str) -> String {
        own.map_or_else(
            || {
                let derived = Sha256::new()
                    .chain_update(purpose)
                    .chain_update(self.secret.expose())
                    .finalize();
                let digits = derived[..20].iter().map(|byte| format!("{byte:02x}"));
                digits.collect()
            },
            |own| own.expose().to_owned(),
        )
    }

    /// Plants the configuration and the users.
    ///
    /// # Errors
    /// A rule or an authenticator is invalid.
    pub(super) fn plant(
        &self,
        authsignal: &mut Authsignal,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        authsignal
            .update_tenant(self.tenant.set())
            .map_err(|fault| format!("tenant: {fault}"))?;
        let configuration = &mut authsignal.configuration;
        if let Some(Word(outcome)) = self.default_outcome {
            configuration.default_outcome = outcome;
        }
        let actions = self.actions.iter();
        let outcomes = actions.map(|(code, Word(outcome))| (code.clone(), *outcome));
        configuration.actions.set_outcomes(outcomes.collect())?;
        if let Some(Word(mode)) = self.challenge_mode {
            configuration.challenge_mode = mode;
        }
        configuration.challenge_modes = self
            .challenge_modes
            .iter()
            .map(|(code, Word(mode))| (code.clone(), *mode))
            .collect();
        if let Some(methods) = &self.verification_methods {
            configuration.methods = methods.iter().map(|Word(method)| *method).collect();
            configuration.methods_named = true;
        }
        configuration.rate_limits |= self.rate_limits;
        configuration.clients = AppClients::new(
            self.clients
                .iter()
                .cloned()
                .map(AppClientText::from)
                .collect(),
        )?;
        if let Some(only) = self.challenge_enrolled_only {
            configuration.challenge_enrolled_only = only;
        }
        configuration.passkeys = self.passkeys.settings();
        configuration.id_token_issuers = id_tokens::read(&self.id_token_issuers)?;
        configuration.sms_variables = shown_variables(
            "allowedCustomSmsVariables",
            self.allowed_custom_sms_variables.clone(),
        )?;
        configuration.email_variables = shown_variables(
            "allowedCustomEmailVariables",
            self.allowed_custom_email_variables.clone(),
        )?;
        let minutes = self.credential_lifetime_in_minutes.map_or(0, i64::from);
        configuration.credential_life = credential_life(minutes);
        configuration.set_rules(self.rules.iter().cloned().map(RuleText::from).collect())?;
        facts::plant(
            configuration,
            turn,
            &self.facts,
            &self.lists,
            &self.data_points,
        )
        .map_err(|why| format!("authsignal {}: {why}", self.id))?;
        let endpoint = |webhook: &Webhook| Endpoint {
            url: Arc::from(webhook.url.as_str()),
            kinds: webhook.events.iter().map(|Word(kind)| *kind).collect(),
            public_key: webhook.include_credential_public_key,
        };
        let endpoints = self.webhooks.iter().map(endpoint).collect();
        authsignal.events.set_endpoints(endpoints);
        let own = self.verification_webhooks.iter();
        let own = own.map(|(action, url)| (action.clone(), Arc::from(url.as_str())));
        authsignal.events.set_verification(own.collect());
        let document = self.configured()?;
        let of_tenant = document.is_some();
        document
            .map_or(Ok(()), |document| authsignal.put_document(turn, &document))
            .map_err(|why| format!("authsignal {}: management: {why}", self.id))?;
        // After the lists and the data points that they name.
        let configuration = &mut authsignal.configuration;
        let planted = if of_tenant {
            flows::restore(configuration, &self.flows)
        } else {
            flows::plant(configuration, &self.flows)
        };
        planted.map_err(|why| format!("authsignal {}: {why}", self.id))?;
        // Last, because the settings say what users can have. The seed itself sends no events.
        let endpoints = authsignal.events.endpoints().to_vec();
        authsignal.events.set_endpoints(Vec::new());
        for user in &self.users {
            user.plant(authsignal, turn)?;
        }
        authsignal.events.set_endpoints(endpoints);
        Ok(())
    }
}

impl AuthsignalUser {
    /// Creates the user.
    ///
    /// # Errors
    /// An authenticator cannot be enrolled.
    pub fn plant(&self, authsignal: &mut Authsignal, turn: &mut Turn<'_>) -> Result<(), String> {
        let attributes = Attributes {
            email: self.email.clone(),
            phone_number: self.phone_number.clone(),
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            custom: self.custom.as_ref().map(Custom::new),
            ..Attributes::default()
        };
        authsignal
            .update_user(turn, &self.user_id, attributes)
            .map_err(|refusal| format!("authsignal user {}: {refusal}", self.user_id))?;
        for authenticator in &self.authenticators {
            authsignal
                .enroll(turn, &self.user_id, authenticator.clone().into())
                .map_err(|refusal| format!("authsignal user {}: {refusal}", self.user_id))?;
        }
        Ok(())
    }
}

impl From<AppClient> for AppClientText {
    fn from(client: AppClient) -> Self {
        Self {
            id: client.client_id,
            access_token_seconds: client.access_token_seconds,
            refresh_token_seconds: client.refresh_token_seconds,
            custom_claims: client.custom_claims,
        }
    }
}

impl From<Rule> for RuleText {
    fn from(rule: Rule) -> Self {
        let Rule {
            rule_id,
            name,
            description,
            priority,
            action,
            outcome: Word(outcome),
            is_active,
            conditions,
        } = rule;
        Self {
            id: rule_id,
            name,
            description,
            priority,
            action,
            outcome,
            is_active: is_active.unwrap_or(true),
            methods: Resource::default(),
            conditions: conditions.map_or(ALWAYS, Value::Object),
        }
    }
}

impl AuthsignalAuthenticator {
    fn of(method: Method) -> Self {
        Self {
            verification_method: Word(method),
            email: None,
            phone_number: None,
            otp_uri: None,
            credential_id: None,
            credential_public_key: None,
            name: None,
            aaguid: None,
            browser: None,
        }
    }

    /// The members that are set and that its method does not have.
    fn foreign_members(&self) -> Vec<&'static str> {
        let method = self.verification_method.0;
        let (email, phone) = (
            method.is_email(),
            method.channel().is_some() && !method.is_email(),
        );
        let app = method == Method::AuthenticatorApp;
        let key = matches!(method, Method::Passkey | Method::SecurityKey);
        let members = [
            ("email", self.email.is_some(), email),
            ("phoneNumber", self.phone_number.is_some(), phone),
            ("otpUri", self.otp_uri.is_some(), app),
            ("credentialId", self.credential_id.is_some(), key),
            (
                "credentialPublicKey",
                self.credential_public_key.is_some(),
                key,
            ),
            ("name", self.name.is_some(), key),
            ("aaguid", self.aaguid.is_some(), key),
            ("browser", self.browser.is_some(), key),
        ];
        let foreign = members.into_iter().filter(|(_, set, own)| *set && !own);
        foreign.map(|(member, ..)| member).collect()
    }

    /// The address that it writes to.
    fn address(&self) -> Option<&str> {
        self.email.as_deref().or(self.phone_number.as_deref())
    }

    /// One that writes to an email address.
    pub fn email(method: Method, address: &str) -> Self {
        Self {
            email: Some(address.to_owned()),
            ..Self::of(method)
        }
    }

    /// One that writes to a phone number.
    pub fn phone(method: Method, number: &str) -> Self {
        Self {
            phone_number: Some(number.to_owned()),
            ..Self::of(method)
        }
    }

    /// An authenticator app.
    pub fn app(otp_uri: &str) -> Self {
        Self {
            otp_uri: Some(Secret(otp_uri.to_owned())),
            ..Self::of(Method::AuthenticatorApp)
        }
    }
}

impl From<AuthsignalAuthenticator> for Enrollment {
    fn from(authenticator: AuthsignalAuthenticator) -> Self {
        Self {
            method: authenticator.verification_method.0,
            email: authenticator.email,
            phone_number: authenticator.phone_number,
            otp_uri: authenticator.otp_uri.map(|uri| uri.0),
            credential_id: authenticator.credential_id,
            credential_public_key: authenticator.credential_public_key,
            name: authenticator.name,
            aaguid: authenticator.aaguid,
            browser: authenticator.browser,
            is_default: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Seed, SeedError, TENANTS};

    #[test]
    fn named_seeds_load_and_an_unknown_name_tells_what_there_is() {
        for name in super::NAMES {
            let seed = Seed::load(name).unwrap().completed().unwrap();
            let first = &seed.tenants[0];
            assert_eq!(
                first.activeconnect.as_ref().unwrap().id,
                "mock-app",
                "{name}"
            );
            assert_eq!(
                first.authsignal.as_ref().unwrap().id,
                super::DEFAULT_TENANT_ID,
                "{name}"
            );
        }
        let error = Seed::load("no-such-seed").unwrap_err();
        assert!(error.to_string().contains("empty, demo"), "{error}");
    }

    #[test]
    fn a_mock_has_so_many_tenants() {
        let tenants = |count: usize| {
            let tenants: Vec<_> = (0..count)
                .map(|number| json!({"activeconnect": {"id": number.to_string(), "secret": "s"}}))
                .collect();
            let seed = Seed::from_value(json!({"tenants": tenants})).unwrap();
            seed.completed().map(drop)
        };
        tenants(10).unwrap();
        let refused = tenants(TENANTS + 1).unwrap_err().to_string();
        assert!(
            refused.contains("there are 10001; a mock has at most 10000"),
            "{refused}"
        );
    }

    #[test]
    fn what_is_no_object_is_no_seed_and_an_example_says_what_is_one() {
        for (text, found) in [
            ("[]", "a list"),
            ("\"demo\"", "a text"),
            ("7", "a number"),
            ("true", "a boolean"),
            ("null", "null"),
        ] {
            let refused = Seed::from_text("x.json", text.as_bytes()).unwrap_err();
            let why = format!("seed x.json: is {found}, and a seed must be an object, such as ");
            let refused = refused.to_string();
            let example = refused
                .strip_prefix(&why)
                .unwrap_or_else(|| panic!("{refused}"));
            Seed::from_text("example", example.as_bytes())
                .unwrap()
                .completed()
                .unwrap();
        }
    }

    #[test]
    fn two_that_would_be_one_are_refused() {
        let sms =
            |number: &str| format!(r#"{{"verificationMethod":"SMS","phoneNumber":"{number}"}}"#);
        let passkey = |id: &str| {
            format!(
                r#"{{"verificationMethod":"PASSKEY","credentialId":"{id}","credentialPublicKey":"k"}}"#
            )
        };
        let user = |authenticators: [String; 2]| {
            let authenticators = authenticators.join(",");
            format!(
                r#"{{"authsignal":{{"id":"t","secret":"s","users":[{{"userId":"u","authenticators":[{authenticators}]}}]}}}}"#
            )
        };
        let application = |id: &str, users: &str| {
            format!(r#"{{"activeconnect":{{"id":"{id}","secret":"x","users":[{users}]}}}}"#)
        };
        let tenant = |id: &str| format!(r#"{{"authsignal":{{"id":"{id}","secret":"{id}"}}}}"#);
        let completed = |tenants: &[String]| {
            let text = format!(r#"{{"tenants":[{}]}}"#, tenants.join(","));
            let seed = crate::runtime::strict::parse(text.as_bytes()).unwrap();
            let seed = Seed::from_value(seed).unwrap().completed();
            seed.map(drop).map_err(|error| error.to_string())
        };
        for (tenants, says) in [
            (
                vec![application("a", r#"{"id":"u"},{"id":"U"}"#)],
                "tenants[0].activeconnect.users[1]: has the same id (case does not count) as [0]",
            ),
            (
                vec![user([sms("+15550100"), sms("+15550101")])],
                "users[0].authenticators[1]: would replace [0], because a user has only one SMS; leave one out",
            ),
            (
                vec![user([passkey("c"), passkey("c")])],
                "authenticators[1]: would replace [0], because a user has only one PASSKEY with this credentialId; leave one out",
            ),
            (
                vec![application("t", ""), tenant("t")],
                "tenants[1].authsignal: tenants[0].activeconnect also has the id t",
            ),
            (
                vec![tenant("t"), application("t", "")],
                "tenants[1].activeconnect: tenants[0].authsignal also has the id t",
            ),
        ] {
            let error = completed(&tenants).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
        let email = r#"{"verificationMethod":"EMAIL_OTP","email":"a@b.c"}"#.to_owned();
        let both =
            r#"{"activeconnect":{"id":"t","secret":"x"},"authsignal":{"id":"t","secret":"s"}}"#;
        for tenants in [
            vec![user([sms("+15550100"), email])],
            vec![user([passkey("c"), passkey("d")])],
            // One tenant may have one name.
            vec![both.to_owned()],
        ] {
            assert_eq!(completed(&tenants), Ok(()));
        }
    }

    #[test]
    fn a_user_has_several_addresses_of_a_method_whose_configuration_allows_it() {
        let user = |second: &str| {
            let sms = |number: &str| json!({"verificationMethod": "SMS", "phoneNumber": number});
            json!({"userId": "u", "authenticators": [sms("+15550100"), sms(second)]})
        };
        let completed = |method: &str, second: &str| {
            let several = json!({"verificationMethod": method, "isActive": true,
                "authenticatorId": "a", "allowMultipleUserAuthenticators": true});
            let management = json!({"authenticator-configurations/a": several});
            let tenant = json!({"authsignal": {"id": "t", "secret": "s",
                "users": [user(second)], "management": management}});
            let seed = Seed::from_value(json!({"tenants": [tenant]})).unwrap();
            seed.completed()
                .map(drop)
                .map_err(|error| error.to_string())
        };
        assert_eq!(completed("SMS", "+15550101"), Ok(()));
        for (method, second, says) in [
            ("SMS", "+15550100", "only one SMS with this address;"),
            ("EMAIL_OTP", "+15550101", "only one SMS;"),
        ] {
            let error = completed(method, second).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }

    #[test]
    fn a_seed_that_cannot_be_names_the_place() {
        let twice = r#"{"tenants":[{"activeconnect":{"id":"a","secret":"s"}},{"activeconnect":{"id":"a","secret":"t"}}]}"#;
        let read =
            |text: &str| Seed::from_value(crate::runtime::strict::parse(text.as_bytes()).unwrap());
        let seed = read(twice).unwrap();
        assert!(!format!("{seed:?}").contains("\"s\""));
        let error = seed.completed().unwrap_err().to_string();
        assert!(error.contains("tenants[1].activeconnect"), "{error}");
        let flows = read(r#"{"flows":[]}"#).unwrap_err().to_string();
        assert!(
            flows.contains("`flows` is unknown; use one of: $schema, version, clock, tenants; what belongs to a tenant"),
            "{flows}"
        );
        let unknown = read(r#"{"tenant":[]}"#);
        assert!(unknown.unwrap_err().to_string().contains("tenant"));
        let word =
            r#"{"tenants":[{"authsignal":{"id":"a","secret":"s","defaultOutcome":"MAYBE"}}]}"#;
        let error = read(word).unwrap_err().to_string();
        assert!(error.contains("ALLOW, BLOCK, CHALLENGE, REVIEW"), "{error}");
        for conditions in ["true", "[]", "\"x\""] {
            let rule = format!(
                r#"{{"tenants":[{{"authsignal":{{"id":"a","secret":"s","rules":[{{"ruleId":"r","name":"n","priority":1,"outcome":"ALLOW","conditions":{conditions}}}]}}}}]}}"#
            );
            let error = read(&rule).unwrap_err().to_string();
            let says = "tenants[0].authsignal.rules[0].conditions: must be ";
            assert!(error.contains(says), "{error}");
        }
        for (client, says) in [
            (
                r#"{"clientId":"c","life":1}"#,
                "clients[0]: `life` is unknown",
            ),
            (
                r#"{"accessTokenSeconds":1}"#,
                "clients[0]: `clientId` is missing",
            ),
            (
                r#"{"clientId":"c","customClaims":{"x":1}}"#,
                "clients[0].customClaims.x: must be a string",
            ),
        ] {
            let text = format!(
                r#"{{"tenants":[{{"authsignal":{{"id":"a","secret":"s","clients":[{client}]}}}}]}}"#
            );
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        let empty = read(r#"{"tenants":[{}]}"#).unwrap_err().to_string();
        assert!(empty.contains("tenants[0] is empty"), "{empty}");
        assert!(matches!(
            Seed::load("Cargo.toml"),
            Err(SeedError::Malformed { .. })
        ));
    }
}
