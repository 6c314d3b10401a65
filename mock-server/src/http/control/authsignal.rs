//! The control API's operations on an Authsignal tenant: how it decides, and how a challenge ends.

use std::num::NonZeroU64;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::admission::ControlApi;
use super::managed::{put_managed, told_managed};
use super::repeated::unique;
use super::tenants::{either, possible};
use super::words::{
    challenge_mode, chosen_mode, decided, next_outcome, next_outcomes, outcome as told,
    passkeys as told_passkeys, set_passkeys,
};
use crate::domain::Turn;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::app_client::{AppClientText, AppClients};
use crate::domain::authsignal::configuration::{credential_life, shown_variables};
use crate::domain::authsignal::flow::{Flow, FlowRuleText, FlowText};
use crate::domain::authsignal::id_token::{Issuer, Issuers};
use crate::domain::authsignal::management::resource::{Resource, object};
use crate::domain::authsignal::management::tenant::TenantSettings;
use crate::domain::authsignal::rule::{ALWAYS, RuleText};
use crate::domain::authsignal::user::User;
use crate::domain::authsignal::vocabulary::{Method, Outcome};
use crate::domain::scenario::Selector;
use crate::generated::mock_control::types as wire;
use crate::sim::person;
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) async fn finish(
        &self,
        subject: wire::ChallengeSubject,
        success: bool,
    ) -> Result<wire::ChallengeOutcome, Trouble> {
        let tenant = self.authsignal(either(&subject.tenant, &subject.tenant_id, "tenantId")?)?;
        let user_id = String::from(subject.user_id);
        let action = subject.action.map(String::from);
        let finished = person::finish(&tenant, &user_id, action.as_deref(), success).await?;
        Ok(wire::ChallengeOutcome {
            tenant_id: tenant.account().id.clone(),
            user_id,
            action: finished.action,
            idempotency_key: finished.idempotency_key,
            state: finished.state.word().to_owned(),
        })
    }

    pub(super) fn plan(
        &self,
        wanted: wire::NextOutcomeChange,
    ) -> Result<wire::NextOutcomes, Trouble> {
        let tenant = self.authsignal(either(&wanted.tenant, &wanted.tenant_id, "tenantId")?)?;
        let user_id = wanted.user_id.map(String::from);
        let outcome = wanted.outcome.map(decided);
        tenant.transact(|authsignal, turn| {
            let warning = (outcome == Some(Outcome::Challenge))
                .then(|| unchallengeable(authsignal, user_id.as_deref()))
                .flatten();
            let about = Selector {
                user_id,
                action: wanted.action.map(String::from),
                channel: None,
            };
            let scenarios = &mut *turn.scenarios;
            possible(&about, &authsignal.configuration)?;
            let planned = scenarios.plan_outcome(about, outcome);
            let replaced =
                planned.map_err(|why| Trouble::Malformed(format!("body /outcome: {why}")))?;
            Ok(wire::NextOutcomes {
                replaced: replaced.as_ref().and_then(next_outcome),
                warning,
                next_outcomes: next_outcomes(scenarios),
            })
        })
    }

    pub(super) fn configure(
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
                        "body /verificationMethods: `{word}` is unknown; use one of: {}",
                        all.join(", ")
                    ))
                })
            };
            methods = Some(words.iter().map(known).collect::<Result<Vec<_>, _>>()?);
            unique("verificationMethods", words.iter().map(String::as_str))?;
        }
        let actions = wanted.actions.iter().flatten();
        unique("actions", actions.map(|one| one.action.as_str()))?;
        let clients = wanted.clients.map(|clients| {
            let texts = clients.into_iter().map(client).collect();
            AppClients::new(texts)
                .map_err(|reason| Trouble::Malformed(format!("body /clients: {reason}")))
        });
        let clients = clients.transpose()?;
        let passkeys = wanted.passkeys.map(set_passkeys).transpose();
        let passkeys =
            passkeys.map_err(|reason| Trouble::Malformed(format!("body /passkeys: {reason}")))?;
        let named = |names: Option<Vec<String>>, member: &str| {
            let names = names
                .map(|names| shown_variables(member, names))
                .transpose();
            names.map_err(|reason| Trouble::Malformed(format!("body /{reason}")))
        };
        let sms = named(
            wanted.allowed_custom_sms_variables,
            "allowedCustomSmsVariables",
        )?;
        let email = named(
            wanted.allowed_custom_email_variables,
            "allowedCustomEmailVariables",
        )?;
        let issuers = wanted.id_token_issuers.map(issuers).transpose()?;
        let modes = wanted.challenge_modes.iter().flatten();
        unique("challengeModes", modes.map(|one| one.action.as_str()))?;
        let documents = wanted.flows.iter().flatten();
        unique("flows", documents.map(|one| one.action.as_str()))?;
        let settings = wanted.tenant.as_ref().map(settings);
        let managed = wanted.management.as_ref();
        let managed = managed.map(|answers| self.managed(answers)).transpose()?;
        let set = |authsignal: &mut Authsignal, turn: &mut Turn<'_>| {
            let configuration = &mut authsignal.configuration;
            let documents = wanted.flows.map(|flows| {
                let offered = methods.as_ref().unwrap_or(&configuration.methods);
                let texts = flows.into_iter().map(flow).collect();
                configuration
                    .read_flows(texts, offered)
                    .map_err(|reason| Trouble::Malformed(format!("body /flows: {reason}")))
            });
            let documents = documents.transpose()?;
            let settings = settings.map(|settings| configuration.tenant.changed(settings));
            let settings = settings.transpose();
            let settings =
                settings.map_err(|fault| Trouble::Malformed(format!("in tenant: {fault}")))?;
            let mut configured = configuration.actions.clone();
            if let Some(actions) = wanted.actions {
                let outcomes = actions.into_iter();
                let outcomes = outcomes.map(|one| (String::from(one.action), decided(one.outcome)));
                configured
                    .set_outcomes(outcomes.collect())
                    .map_err(|reason| Trouble::Malformed(format!("body /actions: {reason}")))?;
            }
            if let Some(rules) = wanted.rules {
                configuration
                    .set_rules(rules.into_iter().map(rule).collect())
                    .map_err(|reason| Trouble::Malformed(format!("body /rules: {reason}")))?;
            }
            configuration.actions = configured;
            if let Some(settings) = settings {
                configuration.tenant = settings;
            }
            if let Some(documents) = documents {
                configuration.flows.replace(documents);
            }
            if let Some(outcome) = wanted.default_outcome {
                configuration.default_outcome = decided(outcome);
            }
            if let Some(methods) = methods {
                configuration.methods = methods;
                configuration.methods_named = true;
            }
            if let Some(only) = wanted.challenge_enrolled_only {
                configuration.challenge_enrolled_only = only;
            }
            if let Some(clients) = clients {
                configuration.clients = clients;
            }
            if let Some(passkeys) = passkeys {
                configuration.passkeys = passkeys;
            }
            if let Some(names) = sms {
                configuration.sms_variables = names;
            }
            if let Some(names) = email {
                configuration.email_variables = names;
            }
            if let Some(minutes) = wanted.credential_lifetime_in_minutes {
                configuration.credential_life = credential_life(minutes);
            }
            if let Some(issuers) = issuers {
                configuration.id_token_issuers = issuers;
            }
            if let Some(mode) = wanted.challenge_mode {
                configuration.challenge_mode = chosen_mode(mode);
            }
            if let Some(modes) = wanted.challenge_modes {
                configuration.challenge_modes = modes
                    .into_iter()
                    .map(|one| (String::from(one.action), chosen_mode(one.challenge_mode)))
                    .collect();
            }
            if let Some(document) = &managed {
                put_managed(authsignal, turn, document)?;
            }
            let configuration = &authsignal.configuration;
            Ok(wire::AuthsignalConfigured {
                tenant_id: tenant.account().id.clone(),
                default_outcome: told(configuration.default_outcome),
                rule_ids: configuration.rules.ids().map(str::to_owned).collect(),
                verification_methods: configuration
                    .methods
                    .iter()
                    .map(|method| method.word().to_owned())
                    .collect(),
                challenge_mode: challenge_mode(configuration.challenge_mode),
                flows: configuration.flows.iter().map(version).collect(),
                client_ids: configuration.clients.ids().map(str::to_owned).collect(),
                challenge_enrolled_only: configuration.challenge_enrolled_only,
                tenant: told_settings(&configuration.tenant),
                allowed_custom_sms_variables: configuration.sms_variables.clone(),
                allowed_custom_email_variables: configuration.email_variables.clone(),
                credential_lifetime_in_minutes: configuration
                    .credential_life
                    .map_or(0, |life| life.as_mins()),
                warnings: Some(configuration.warnings()).filter(|all| !all.is_empty()),
                passkeys: told_passkeys(&configuration.passkeys),
                id_token_issuers: told_issuers(&configuration.id_token_issuers),
                management: managed.is_some().then(|| told_managed(authsignal)),
            })
        };
        tenant.transact(|authsignal, turn| {
            authsignal.all_or_nothing(|authsignal| set(authsignal, turn))
        })
    }
}

fn issuers(wanted: Vec<wire::IdTokenIssuer>) -> Result<Issuers, Trouble> {
    let read = wanted.into_iter().map(|one| {
        Issuer::read(
            one.verification_method.into(),
            one.issuer.map(String::from),
            one.audiences.unwrap_or_default(),
            one.keys.into_iter().map(|key| key.0),
        )
    });
    Issuers::new(read).map_err(|why| Trouble::Malformed(format!("body /idTokenIssuers{why}")))
}

/// The names of the issuers that are trusted, if there are any.
fn told_issuers(issuers: &Issuers) -> Option<Vec<String>> {
    let names = issuers.all().iter().map(|issuer| issuer.name.clone());
    Some(names.collect()).filter(|names: &Vec<String>| !names.is_empty())
}

fn flow(wire: wire::FlowDocument) -> (String, FlowText) {
    let nodes = wire
        .action_nodes
        .into_iter()
        .map(|node| Value::Object(node.0));
    let rules = wire.rules.into_iter().flatten().map(|rule| FlowRuleText {
        id: String::from(rule.rule_id),
        name: rule.name,
        conditions: rule
            .conditions
            .map(|conditions| Value::Object(conditions.0)),
    });
    let text = FlowText {
        action_nodes: Value::Array(nodes.collect()).to_string(),
        rules: rules.collect(),
    };
    (String::from(wire.action), text)
}

fn version((action, flow): (&str, &Arc<Flow>)) -> wire::FlowVersion {
    wire::FlowVersion {
        action: action.to_owned(),
        flow_version: flow
            .version
            .map_or(0, |version| i64::try_from(version).unwrap_or(i64::MAX)),
    }
}

/// The settings of a tenant that are set, by the vendor's names.
fn settings(wire: &wire::TenantSettings) -> Map<String, Value> {
    // A generated struct becomes an object.
    serde_json::to_value(wire).map(object).unwrap_or_default()
}

/// The settings of a tenant, if any are set.
fn told_settings(settings: &TenantSettings) -> Option<wire::TenantSettings> {
    let members = settings.members().clone();
    let told = serde_json::from_value(Value::Object(members)).ok();
    told.filter(|told| *told != wire::TenantSettings::default())
}

fn client(wire: wire::AppClient) -> AppClientText {
    // The spec keeps it within 32 bits.
    let seconds = |seconds: NonZeroU64| u32::try_from(seconds.get()).unwrap_or(u32::MAX);
    AppClientText {
        id: String::from(wire.client_id),
        access_token_seconds: wire.access_token_seconds.map(seconds),
        refresh_token_seconds: wire.refresh_token_seconds.map(seconds),
        custom_claims: wire
            .custom_claims
            .into_iter()
            .flat_map(|claims| claims.0)
            .collect(),
    }
}

/// Why no action of that user can be challenged now.
fn unchallengeable(authsignal: &Authsignal, user_id: Option<&str>) -> Option<String> {
    let user_id = user_id?;
    let enrolled = authsignal.user(user_id).is_some_and(User::is_enrolled);
    (!enrolled).then(|| {
        format!(
            "user {user_id} has no authenticator, so the action will be ALLOW, not CHALLENGE; enrol one before track"
        )
    })
}

fn rule(wire: wire::RuleText) -> RuleText {
    RuleText {
        id: String::from(wire.rule_id),
        name: wire.name,
        description: wire.description,
        priority: i64::from(wire.priority),
        action: wire.action.map(String::from),
        outcome: decided(wire.outcome),
        is_active: wire.is_active.unwrap_or(true),
        methods: Resource::default(),
        conditions: wire
            .conditions
            .map_or(ALWAYS, |conditions| Value::Object(conditions.0)),
    }
}
