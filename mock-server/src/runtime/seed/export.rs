//! A tenant's configuration as a seed. Knows no secret and no user: the reader of a seed writes both.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::credentials::{
    DEFAULT_API_SECRET, DEFAULT_MANAGEMENT_SECRET, DEFAULT_TENANT_ID, DEFAULT_TERMINAL_SECRET,
};
use super::management::answers;
use crate::domain::authsignal::fact::{Fact, Facts};
use crate::domain::authsignal::management::document::Document;
use crate::domain::authsignal::management::resource::object;
use crate::domain::authsignal::webhook::{Endpoint, Kind};
use crate::domain::authsignal::{Authsignal, Tenant};

/// What stands where a secret belongs.
const SECRET: &str = "write the API secret of this tenant here";

/// The seed that a document makes, for the tenant of this id.
pub fn imported(id: Option<&str>, document: &Document) -> Value {
    let id = id.unwrap_or(DEFAULT_TENANT_ID);
    let mut tenant = account(id);
    tenant.insert("management".to_owned(), Value::Object(answers(document)));
    json!({"tenants": [{"authsignal": tenant}]})
}

/// The id of a tenant, and its secrets if everybody knows them.
fn account(id: &str) -> Map<String, Value> {
    let members = match id {
        DEFAULT_TENANT_ID => json!({
            "id": id,
            "secret": DEFAULT_API_SECRET,
            "managementSecret": DEFAULT_MANAGEMENT_SECRET,
            "terminalSecret": DEFAULT_TERMINAL_SECRET,
        }),
        _ => json!({"id": id, "secret": SECRET}),
    };
    object(members)
}

/// The seed of a tenant: its configuration, without users.
pub fn seed(tenant: &Tenant, authsignal: &Authsignal) -> Value {
    let configuration = &authsignal.configuration;
    let document = authsignal.document();
    let modes = configuration.challenge_modes.iter();
    let modes: Map<_, _> = modes
        .map(|(code, mode)| (code.clone(), mode.word().into()))
        .collect();
    let members = [
        (
            "defaultOutcome",
            json!(configuration.default_outcome.word()),
        ),
        ("challengeMode", json!(configuration.challenge_mode.word())),
        ("challengeModes", Value::Object(modes)),
        (
            "challengeEnrolledOnly",
            json!(configuration.challenge_enrolled_only),
        ),
        ("rateLimits", json!(configuration.rate_limits)),
        ("rs256Tokens", json!(tenant.keys.signs_with_rs256())),
        ("flows", flows(authsignal, &document)),
        ("clients", clients(authsignal)),
        ("idTokenIssuers", id_token_issuers(authsignal)),
        ("facts", facts(authsignal)),
        ("rules", rules(authsignal, &document)),
        ("webhooks", webhooks(authsignal)),
        ("verificationWebhooks", verification(authsignal, &document)),
        ("management", Value::Object(answers(&document))),
    ];
    let members = members.into_iter().filter(|(_, value)| !is_empty(value));
    let mut tenant = account(&tenant.id);
    tenant.extend(members.map(|(name, value)| (name.to_owned(), value)));
    json!({"tenants": [{"authsignal": tenant}]})
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(set) => !set,
        _ => false,
    }
}

fn clients(authsignal: &Authsignal) -> Value {
    let clients = authsignal.configuration.clients.configured();
    let clients = clients.map(|(id, client)| {
        let claims: BTreeMap<_, _> = client.custom_claims().collect();
        json!({
            "clientId": id,
            "accessTokenSeconds": client.access_token_life.as_secs(),
            "refreshTokenSeconds": client.refresh_token_life.as_secs(),
            "customClaims": claims,
        })
    });
    clients.collect()
}

fn id_token_issuers(authsignal: &Authsignal) -> Value {
    let issuers = authsignal.configuration.id_token_issuers.all().iter();
    let issuers = issuers.map(|issuer| {
        json!({
            "verificationMethod": issuer.method.word(),
            "issuer": issuer.name,
            "audiences": issuer.audiences,
            "keys": issuer.keys,
        })
    });
    issuers.collect()
}

fn facts(authsignal: &Authsignal) -> Value {
    let tables = &authsignal.configuration.facts;
    let ips = tables
        .ips
        .iter()
        .map(|(net, facts)| entry("cidr", &net.to_string(), facts));
    let devices = tables
        .devices
        .iter()
        .map(|(id, facts)| entry("deviceId", id, facts));
    let users = tables
        .users
        .iter()
        .map(|(id, facts)| entry("userId", id, facts));
    let tables = [
        ("ip", ips.collect::<Value>()),
        ("device", devices.collect()),
        ("user", users.collect()),
    ];
    let tables = tables.into_iter().filter(|(_, table)| !is_empty(table));
    tables.collect()
}

fn entry(name: &str, subject: &str, facts: &Facts) -> Value {
    let known = Fact::ALL.into_iter();
    let known = known.filter_map(|fact| Some((fact.place().1, facts.get(fact)?.clone())));
    [(name, json!(subject))].into_iter().chain(known).collect()
}

/// The rules that only the control API sets.
fn rules(authsignal: &Authsignal, document: &Document) -> Value {
    let rules = authsignal.configuration.rules.iter();
    let rules = rules.filter(|rule| !document.has_rule(rule));
    let rules = rules.map(|rule| {
        let mut members = json!({
            "ruleId": rule.id,
            "name": rule.name,
            "priority": rule.priority,
            "outcome": rule.outcome.word(),
        });
        if !rule.is_active {
            members["isActive"] = json!(false);
        }
        if let Some(conditions) = rule.own_conditions() {
            members["conditions"] = json!(conditions);
        }
        if let Some(description) = &rule.description {
            members["description"] = json!(description);
        }
        if let Some(action) = &rule.action {
            members["action"] = json!(action);
        }
        members
    });
    rules.collect()
}

/// The flows of actions without a configuration.
fn flows(authsignal: &Authsignal, document: &Document) -> Value {
    let flows = document.flows_without_action(authsignal);
    let flows = flows.map(|(code, flow)| {
        let mut members = flow.to_publish();
        members.set("action", code);
        Value::Object(members.into_members())
    });
    flows.collect()
}

/// The endpoints that the settings of the tenant do not have.
fn webhooks(authsignal: &Authsignal) -> Value {
    let endpoints = authsignal.events.endpoints().iter();
    let endpoints = endpoints.filter(|endpoint| !authsignal.is_setting(endpoint));
    let endpoints = endpoints.map(|endpoint| {
        let Endpoint {
            url,
            kinds,
            public_key,
        } = endpoint;
        let kinds: Vec<_> = kinds.iter().copied().map(Kind::word).collect();
        let mut members = json!({"url": url.as_ref(), "events": kinds});
        if *public_key {
            members["includeCredentialPublicKey"] = json!(true);
        }
        members
    });
    endpoints.collect()
}

/// The URLs of `action.verify` of actions without a configuration.
fn verification(authsignal: &Authsignal, document: &Document) -> Value {
    let urls = authsignal.events.verification().iter();
    let urls = urls.filter(|(code, _)| !document.actions.contains_key(*code));
    urls.map(|(code, url)| (code.clone(), json!(url.as_ref())))
        .collect()
}
