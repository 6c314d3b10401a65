//! What a tenant has configured: methods, outcomes, lives of codes and tokens. Knows no user and no wire format.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::app_client::AppClients;
use super::data_point::{DataPoints, ValueLists};
use super::fact::FactTables;
use super::flow::{Flow, FlowText, Flows, PublishFault};
use super::id_token::Issuers;
use super::management::action_configuration::ActionConfigurations;
use super::management::authenticator::Authenticators;
use super::management::resource::Resource;
use super::management::tenant::TenantSettings;
use super::passkey_settings::PasskeySettings;
use super::rule::{Rule, RuleText, Rules};
use super::variable::Names;
use super::vocabulary::{ChallengeMode, Method, Outcome};
use crate::bounds::{DATA_POINTS, RULE_WARNINGS, json_length};

/// What a tenant has configured.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Configuration {
    /// Methods that users can enrol. Without any, track refuses.
    pub methods: Vec<Method>,
    /// The outcome of an action without a matching rule and without its own outcome.
    pub default_outcome: Outcome,
    /// What is configured for single actions.
    pub actions: ActionConfigurations,
    /// Rules.
    #[serde(with = "rules_as_texts")]
    pub rules: Arc<Rules>,
    /// How long a code lives. No source gives the figure.
    pub code_life: SignedDuration,
    /// App clients with settings of their own.
    pub clients: AppClients,
    /// What is set for passkeys.
    pub passkeys: PasskeySettings,
    /// Whether somebody has named the methods. Until then, servers are not told of WhatsApp: the vendor's .NET packages
    /// 2.0.1 to 3.7.0 do not know the word, and throw at every user and every action that has it.
    pub methods_named: bool,
    /// Whether the limits of sending and verifying are kept.
    pub rate_limits: bool,
    /// Whether a code or a link goes only to addresses that are enrolled, as the documentation words it.
    pub challenge_enrolled_only: bool,
    /// How a challenge ends when its page is opened.
    pub challenge_mode: ChallengeMode,
    /// The same for single actions.
    pub challenge_modes: BTreeMap<String, ChallengeMode>,
    /// Facts that rules read, of every action.
    pub facts: FactTables,
    /// Value lists that rules read.
    pub lists: ValueLists,
    /// Custom data points that rules read.
    pub data_points: DataPoints,
    /// Flow documents of single actions.
    pub flows: Flows,
    /// Settings of the tenant, but for its webhooks.
    pub tenant: TenantSettings,
    /// How hosted pages look.
    pub theme: Resource,
    /// Texts that replace those of the hosted pages, by language.
    pub messages: Resource,
    /// What is set for methods.
    pub authenticators: Authenticators,
    /// Names of the custom data points that text messages show.
    pub sms_variables: Vec<String>,
    /// Names of the custom data points that emails show.
    pub email_variables: Vec<String>,
    /// Issuers of ID tokens that it trusts.
    pub id_token_issuers: Issuers,
    /// How long an app's key for push notifications lives; `None` means for ever.
    pub credential_life: Option<SignedDuration>,
}

/// Rules in a file: what they are made of.
mod rules_as_texts {
    use std::sync::Arc;

    use serde::{Deserialize, Deserializer, Serializer, de};

    use super::{RuleText, Rules};

    pub(super) fn serialize<S: Serializer>(
        rules: &Rules,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(rules.texts())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<Rules>, D::Error> {
        let texts = Vec::<RuleText>::deserialize(deserializer)?;
        let rules = Rules::new(texts).map_err(de::Error::custom)?;
        Ok(Arc::new(rules))
    }
}

impl Default for Configuration {
    fn default() -> Self {
        Self {
            methods: vec![
                Method::Sms,
                Method::EmailOtp,
                Method::EmailMagicLink,
                Method::AuthenticatorApp,
                Method::Passkey,
                Method::SecurityKey,
                Method::Push,
                Method::Whatsapp,
            ],
            methods_named: false,
            default_outcome: Outcome::Challenge,
            actions: ActionConfigurations::default(),
            rules: Arc::default(),
            code_life: SignedDuration::from_mins(10),
            clients: AppClients::default(),
            passkeys: PasskeySettings::default(),
            rate_limits: false,
            challenge_enrolled_only: false,
            challenge_mode: ChallengeMode::default(),
            challenge_modes: BTreeMap::new(),
            facts: FactTables::default(),
            lists: ValueLists::default(),
            data_points: DataPoints::default(),
            flows: Flows::default(),
            tenant: TenantSettings::default(),
            theme: Resource::default(),
            messages: Resource::default(),
            authenticators: Authenticators::default(),
            sms_variables: Vec::new(),
            email_variables: Vec::new(),
            id_token_issuers: Issuers::default(),
            credential_life: None,
        }
    }
}

impl Configuration {
    /// Replaces the rules.
    ///
    /// # Errors
    /// A rule cannot be.
    pub fn set_rules(&mut self, rules: Vec<RuleText>) -> Result<(), String> {
        self.rules = Arc::new(Rules::new(rules)?);
        Ok(())
    }

    /// The names that rules can use.
    pub fn names(&self) -> Names<'_> {
        Names::new(&self.lists, &self.data_points)
    }

    /// What is wrong with the variables of all rules, those of flows, too: each fault with its rule.
    pub fn warnings(&self) -> Vec<String> {
        // One look-up of names for all, because it bounds the search for suggestions.
        let mut names = self.names();
        let rules = self.rules.iter();
        let mut faults: Vec<_> = rules
            .flat_map(|rule| self.of_rule(rule, &mut names))
            .collect();
        let flows = self.flows.iter();
        faults.extend(flows.flat_map(|(code, flow)| of_flow(code, flow, &mut names)));
        faults.truncate(RULE_WARNINGS);
        faults
    }

    /// What is wrong with the variables of one rule.
    pub fn warnings_of(&self, id: &str) -> Vec<String> {
        let rule = self.rules.get(id);
        rule.map(|rule| self.of_rule(rule, &mut self.names()))
            .unwrap_or_default()
    }

    /// What is wrong with the variables of the rules of the flow that is published for an action.
    pub fn warnings_of_flow(&self, code: &str) -> Vec<String> {
        let flow = self.flows.iter().find(|(published, _)| *published == code);
        flow.map(|(_, flow)| of_flow(code, flow, &mut self.names()))
            .unwrap_or_default()
    }

    fn of_rule(&self, rule: &Rule, names: &mut Names<'_>) -> Vec<String> {
        let faults = self.faults(rule, names).into_iter();
        faults
            .map(|fault| format!("rule {}: {fault}", rule.id))
            .collect()
    }

    /// What is wrong with a rule: with the names of its variables, and with the length of the value lists that it reads.
    pub fn faults(&self, rule: &Rule, names: &mut Names<'_>) -> Vec<String> {
        let mut faults = rule.faults(names);
        faults.extend(self.overload(rule));
        faults
    }

    /// Why a rule has no say, if the value lists that it reads are too long for it.
    fn overload(&self, rule: &Rule) -> Option<String> {
        let size = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let names = || rule.variables.iter();
        let reads = |alias: &str| {
            let mut named = names().filter_map(|name| name.strip_prefix("lists."));
            rule.reaches_further || named.any(|name| name == alias)
        };
        let read = self.lists.iter().filter(|(alias, _)| reads(alias));
        let (bytes, longest) = read.fold((0, 0), |(bytes, longest): (u64, u64), (_, list)| {
            let items = list.items();
            let own = items.iter().map(|item| json_length(item) + 1);
            let own = size(own.sum());
            (bytes.saturating_add(own), longest.max(size(items.len())))
        });
        rule.overload(bytes, longest)
    }

    /// Publishes a flow document for an action, in place of the one before. `expected` is the version before, as the caller
    /// knows it; without one, any will do. Returns the new version.
    ///
    /// # Errors
    /// It is not a flow document, it names a method or a variable that the tenant does not have, the version is stale, or
    /// the tenant has no room for it.
    pub fn publish_flow(
        &mut self,
        code: &str,
        text: FlowText,
        expected: Option<i64>,
    ) -> Result<u64, PublishFault> {
        let flow = self
            .read_flow(text, &self.methods)
            .map_err(PublishFault::Malformed)?;
        self.flows.publish(code, flow, expected)
    }

    /// Reads flow documents, by action, to take the place of all that are published. Their nodes may use these methods.
    ///
    /// # Errors
    /// One of them is not a flow document, or the tenant has no room for all of them.
    pub fn read_flows(
        &self,
        texts: Vec<(String, FlowText)>,
        enabled: &[Method],
    ) -> Result<Vec<(String, Flow)>, String> {
        let read = texts.into_iter().map(|(code, text)| {
            let flow = self.read_flow(text, enabled);
            flow.map_err(|why| format!("flow {code}: {why}"))
                .map(|flow| (code, flow))
        });
        let flows = read.collect::<Result<Vec<_>, _>>()?;
        Flows::fit(&flows)?;
        Ok(flows)
    }

    fn read_flow(&self, text: FlowText, enabled: &[Method]) -> Result<Flow, String> {
        let flow = Flow::read(text, enabled)?;
        let mut names = self.names();
        // Documented for these alone: the lists and the data points that a flow names must be there.
        let of_tenant = |name: &str| name.starts_with("lists.") || name.starts_with("custom.");
        let unknown = flow.variables().find_map(|(rule, name)| {
            let fault = of_tenant(name).then(|| names.fault(name)).flatten()?;
            Some(format!("rule {}: {fault}", rule.id))
        });
        unknown.map_or(Ok(flow), Err)
    }

    /// Names of the custom data points that messages of a method show.
    pub fn variables(&self, method: Method) -> &[String] {
        if method.is_email() {
            &self.email_variables
        } else if method == Method::Sms {
            &self.sms_variables
        } else {
            // No source has a list for WhatsApp.
            &[]
        }
    }

    /// What happens when a challenge page of this action opens.
    pub fn challenge_mode(&self, code: &str) -> ChallengeMode {
        let own = self.challenge_modes.get(code).copied();
        own.unwrap_or(self.challenge_mode)
    }
}

/// Names of the custom data points that messages show, as a member of that name lists them.
///
/// # Errors
/// There are too many.
pub fn shown_variables(member: &str, names: Vec<String>) -> Result<Vec<String>, String> {
    if names.len() > DATA_POINTS {
        return Err(format!(
            "{member}: there are {} names; a tenant has at most {DATA_POINTS} data points",
            names.len()
        ));
    }
    Ok(names)
}

/// The life of an app's key, in minutes; 0 means for ever.
pub fn credential_life(minutes: i64) -> Option<SignedDuration> {
    (minutes > 0).then(|| SignedDuration::from_secs(minutes.saturating_mul(60)))
}

fn of_flow(code: &str, flow: &Flow, names: &mut Names<'_>) -> Vec<String> {
    let faults = flow.variables().filter_map(|(rule, name)| {
        let fault = names.fault(name)?;
        Some(format!("flow {code}, rule {}: {fault}", rule.id))
    });
    faults.take(RULE_WARNINGS).collect()
}

#[cfg(test)]
mod tests {
    use super::Configuration;
    use crate::domain::authsignal::vocabulary::ChallengeMode;

    #[test]
    fn an_action_has_the_challenge_mode_of_its_own_before_that_of_all() {
        let mut configuration = Configuration::default();
        assert_eq!(
            configuration.challenge_mode("pay"),
            ChallengeMode::Interactive
        );
        configuration.challenge_mode = ChallengeMode::AutoFail;
        configuration
            .challenge_modes
            .insert("pay".to_owned(), ChallengeMode::Abandon);
        assert_eq!(configuration.challenge_mode("pay"), ChallengeMode::Abandon);
        assert_eq!(
            configuration.challenge_mode("signIn"),
            ChallengeMode::AutoFail
        );
        for mode in ChallengeMode::ALL {
            assert_eq!(ChallengeMode::of_word(mode.word()), Some(mode));
        }
    }
}
