//! The configuration of a tenant as a whole, as the Management API answers it: read from one tenant, put into another, or
//! turned into the calls that make a third the same. Knows no file and no secret.

use std::collections::{BTreeMap, BTreeSet};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::action_configuration::{NODES, VERSION, flow_text};
use super::authenticator::{CREATABLE, leave_unset, provider_url, slug};
use super::method_settings::allows_several;
use super::resource::{Resource, object};
use super::rule::{check_priority, is_settable, text};
use super::tenant::{WRITABLE, urls};
use super::{Fault, value_list};
use crate::domain::Turn;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::fact::FactTables;
use crate::domain::authsignal::flow::Flow;
use crate::domain::authsignal::rule::{Rule, RuleText};
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::webhook::Kind;

/// Members that only answers have.
const ANSWERED: [&str; 5] = [
    "tenantId",
    "lastActionCreatedAt",
    "authenticatorId",
    "verificationMethod",
    "actionCode",
];

/// What the Management API answers of a tenant, resource by resource. What is absent is not to be changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The settings of the tenant.
    pub tenant: Option<Resource>,
    /// How hosted pages look.
    pub theme: Option<Resource>,
    /// Texts of the hosted pages, by language.
    pub messages: Option<Resource>,
    /// Action configurations, by code.
    pub actions: BTreeMap<String, Resource>,
    /// Rules, by the code of their action.
    pub rules: BTreeMap<String, Vec<Resource>>,
    /// Value lists.
    pub lists: Vec<Resource>,
    /// Custom data points.
    pub data_points: Vec<Resource>,
    /// Authenticator configurations.
    pub authenticators: Vec<Resource>,
    /// Whether `authenticators` has all of them, so that methods without one are not offered.
    pub all_authenticators: bool,
}

/// A call of the Management API.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its method.
    pub method: &'static str,
    /// Its path, after `/v1/management`.
    pub path: String,
    /// Its body.
    pub body: Map<String, Value>,
    /// Secrets that the body lacks, because no answer has them: JSON pointers.
    pub lacks: Vec<String>,
    /// What changes the resource if the call would create it and it is there already.
    pub if_exists: Option<Change>,
}

/// A change of a resource, by PATCH.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its path, after `/v1/management`.
    pub path: String,
    /// Its body.
    pub body: Map<String, Value>,
}

const ACTIONS: &str = "/action-configurations";

/// What cannot be in a segment of a path.
const IN_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The path of one resource.
fn path_of(collection: &str, name: &str) -> String {
    format!("{collection}/{}", utf8_percent_encode(name, IN_SEGMENT))
}

/// The calls that configure another tenant alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    /// The calls, in the order to make them.
    pub calls: Vec<Call>,
    /// What no call can do, for the reader.
    pub notes: Vec<String>,
}

impl Calls {
    fn add(&mut self, method: &'static str, path: impl Into<String>, body: Resource) {
        let (path, body) = (path.into(), body.into_members());
        self.calls.push(Call {
            method,
            path,
            body,
            lacks: Vec::new(),
            if_exists: None,
        });
    }

    /// As [`add`](Self::add), for a resource that this changes if it is there.
    fn create(&mut self, collection: &str, body: Resource, path: String, changes: Resource) {
        self.add("POST", collection, body);
        if let Some(call) = self.calls.last_mut() {
            let body = changes.into_members();
            call.if_exists = Some(Change { path, body });
        }
    }
}

/// The members of a resource, but for those that only answers have.
fn settable(resource: &Resource) -> Resource {
    let mut members = resource.clone();
    for name in ANSWERED {
        members.take(name);
    }
    members
}

/// Whether a flow decides about the action.
pub(super) fn is_flow(action: &Resource) -> bool {
    action.get(NODES).is_some()
}

/// Adds the place of a fault.
fn at(place: &str, outcome: Result<(), Fault>) -> Result<(), String> {
    outcome.map_err(|fault| {
        let why = fault.to_string();
        format!("{place}: {}", why.strip_prefix("body ").unwrap_or(&why))
    })
}

/// Checks that a rule takes the place of one of its own action.
fn of_same_action(rule: &RuleText, other: &RuleText) -> Result<(), String> {
    if rule.action == other.action {
        return Ok(());
    }
    let about = other.action.as_deref().unwrap_or("every action");
    Err(format!(
        "the rule of {about} has the same ruleId; each rule has its own"
    ))
}

impl Authsignal {
    /// The configuration of the tenant, without secrets.
    pub fn document(&self) -> Document {
        let configuration = &self.configuration;
        let codes = configuration.actions.iter().map(|(code, _)| code);
        let own = |all: Vec<Map<String, Value>>| all.into_iter().map(Resource::new).collect();
        let mut document = Document {
            tenant: Some(Resource::new(self.tenant_settings())),
            theme: Some(Resource::new(self.theme())),
            messages: Some(Resource::new(self.messages())),
            lists: own(self.value_lists()),
            data_points: own(self.custom_data_points()),
            authenticators: own(self.authenticators()),
            all_authenticators: true,
            ..Document::default()
        };
        for code in codes {
            let members = self.action_configuration(code).map(Resource::new);
            document
                .actions
                .extend(members.ok().map(|members| (code.to_owned(), members)));
            let mut rules = self.rules_of(code).unwrap_or_default();
            let priority = |rule: &Map<String, Value>| rule.get("priority").and_then(Value::as_i64);
            rules.retain(|rule| priority(rule).is_none_or(is_settable));
            if !rules.is_empty() {
                document.rules.insert(code.to_owned(), own(rules));
            }
        }
        document
    }

    /// What a step changes of the configuration and of where events go; nothing if it fails.
    ///
    /// # Errors
    /// The step fails.
    pub fn all_or_nothing<T, E>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let (configuration, targets) = (self.configuration.clone(), self.events.targets.clone());
        let outcome = step(self);
        if outcome.is_err() {
            self.configuration = configuration;
            self.events.targets = targets;
        }
        outcome
    }

    /// Configures the tenant as a document says. What the document does not name stays.
    ///
    /// # Errors
    /// A resource cannot be. Those before it have changed then.
    pub fn put_document(&mut self, turn: &mut Turn<'_>, document: &Document) -> Result<(), String> {
        self.put_authenticators(document)?;
        for list in &document.lists {
            let alias = list.text("alias").unwrap_or_default();
            at(
                &format!("value-lists/{alias}"),
                self.put_value_list(alias, list),
            )?;
        }
        for point in &document.data_points {
            let id = point
                .text("id")
                .map_or_else(|| turn.ids.uuid(), str::to_owned);
            at(
                &format!("custom-data-points/{id}"),
                self.put_data_point(id, point),
            )?;
        }
        if let Some(tenant) = &document.tenant {
            at(
                "tenant",
                self.update_tenant(settable(tenant).into_members()),
            )?;
        }
        if let Some(theme) = &document.theme {
            at("theme", self.update_theme(theme.clone().into_members()))?;
        }
        if let Some(messages) = &document.messages {
            at(
                "message-overrides",
                self.update_messages(messages.clone().into_members()),
            )?;
        }
        for (code, action) in &document.actions {
            at(
                &format!("action-configurations/{code}"),
                self.put_action(code, action, document.rules_of(code)),
            )?;
        }
        self.put_rules(document)
    }

    fn put_authenticators(&mut self, document: &Document) -> Result<(), String> {
        if document.all_authenticators {
            self.configuration.methods.clear();
        }
        for configuration in &document.authenticators {
            let word = configuration.text("verificationMethod").unwrap_or_default();
            let place = format!("authenticator-configurations/{word}");
            let method = Method::of_word(word)
                .ok_or_else(|| format!("{place}: the mock knows no such method; leave it out"))?;
            let active = configuration.get("isActive").and_then(Value::as_bool);
            let mut members = settable(configuration).into_members();
            leave_unset(&self.configuration, method, &mut members);
            at(
                &place,
                self.put_authenticator(method, Resource::new(members), active),
            )?;
        }
        Ok(())
    }

    fn put_action(
        &mut self,
        code: &str,
        action: &Resource,
        rules: &[Resource],
    ) -> Result<(), Fault> {
        let mut members = settable(action);
        let nodes = members.take(NODES);
        let version = members.count(VERSION);
        members.take(VERSION);
        self.put_action_configuration(code, members.into_members())?;
        let Some(nodes) = nodes else {
            return Ok(());
        };
        let version = version.and_then(|version| u64::try_from(version).ok());
        let text = flow_text(&nodes, rules);
        let flows = &mut self.configuration.flows;
        flows.restore(code, text, version).map_err(Fault::Invalid)
    }

    /// Puts all rules at once: single ones would clash with those that they replace.
    fn put_rules(&mut self, document: &Document) -> Result<(), String> {
        let mut all: Vec<RuleText> = self.configuration.rules.texts().collect();
        let of_flow = |code: &String| document.actions.get(code).is_some_and(is_flow);
        for (code, rules) in document.rules.iter().filter(|(code, _)| !of_flow(code)) {
            let place = format!("action-configurations/{code}/rules");
            at(&place, self.action_configuration(code).map(drop))?;
            for rule in rules {
                let id = rule.text("ruleId").unwrap_or_default().to_owned();
                let rule = text(id, code, settable(rule));
                let place = format!("{place}/{}", rule.id);
                at(&place, check_priority(rule.priority))?;
                if let Some(other) = all.iter().find(|other| other.id == rule.id) {
                    of_same_action(&rule, other).map_err(|why| format!("{place}: {why}"))?;
                }
                all.retain(|other| other.id != rule.id);
                all.push(rule);
            }
        }
        self.configuration.set_rules(all)
    }

    /// The calls that configure another tenant as this one is.
    pub fn calls(&self) -> Calls {
        let document = self.document();
        let mut calls = Calls::default();
        document.call_tenant(&mut calls);
        document.call_lists(&mut calls);
        self.call_authenticators(&document, &mut calls);
        document.call_actions(&mut calls);
        for (code, flow) in document.flows_without_action(self) {
            let action = json!({"actionCode": code, "actionType": "FLOW"});
            let mut changes = Resource::new(object(action));
            let action = changes.clone();
            changes.take("actionCode");
            let path = path_of(ACTIONS, code);
            calls.create(ACTIONS, action, path, changes);
            let path = path_of(ACTIONS, code);
            calls.add("PUT", format!("{path}/flow"), flow.to_publish());
        }
        for rule in self.configuration.rules.iter() {
            let id = &rule.id;
            let code = rule.action.as_deref();
            if code.is_none_or(|code| !document.actions.contains_key(code)) {
                let about = code.unwrap_or("every action");
                calls.notes.push(format!(
                    "rule {id} is about {about}, which has no action configuration: the Management API has no place for it"
                ));
            } else if !is_settable(rule.priority) {
                let priority = rule.priority;
                calls.notes.push(format!(
                    "rule {id} has the priority {priority}, which the Management API does not take: give it one from 0 to 99"
                ));
            }
        }
        self.note_own(&document, &mut calls.notes);
        calls
    }

    /// Notes what the Management API has no place for.
    fn note_own(&self, document: &Document, notes: &mut Vec<String>) {
        for endpoint in self.events.endpoints() {
            if self.is_setting(endpoint) {
                continue;
            }
            let kinds: Vec<_> = endpoint.kinds.iter().copied().map(Kind::word).collect();
            let events = if kinds.is_empty() {
                "every event".to_owned()
            } else {
                kinds.join(", ")
            };
            let url = &endpoint.url;
            notes.push(format!(
                "webhook {url} for {events}: set it up in the portal"
            ));
        }
        let verification = self.events.verification().iter();
        let own = verification.filter(|(code, _)| !document.actions.contains_key(*code));
        notes.extend(own.map(|(code, url)| {
            format!(
                "webhook {url} for action.verify of {code}, which has no action configuration: create it"
            )
        }));
        let configuration = &self.configuration;
        let clients = configuration.clients.configured();
        notes.extend(clients.map(|(id, _)| format!("app client {id}: set it up in the portal")));
        let own = [
            ("challenge modes", !configuration.challenge_modes.is_empty()),
            ("facts", configuration.facts != FactTables::default()),
        ];
        for (what, _) in own.into_iter().filter(|(_, set)| *set) {
            notes.push(format!("{what}: only the mock has them"));
        }
    }

    fn call_authenticators(&self, document: &Document, calls: &mut Calls) {
        for configuration in &document.authenticators {
            let word = configuration.text("verificationMethod").unwrap_or_default();
            let Some(method) = Method::of_word(word) else {
                continue;
            };
            let path = format!("/authenticator-configurations/{}", slug(method));
            let required = CREATABLE
                .iter()
                .find(|(creatable, ..)| *creatable == method);
            let has = |name: &&str| configuration.get(name).is_some();
            let verb = match required {
                Some((_, required, _)) if required.iter().all(has) => "POST",
                Some(_) => {
                    calls.notes.push(format!(
                        "{word} is offered and nothing is set for it here: set it up in the portal, or by POST {path}"
                    ));
                    continue;
                }
                // The vendor creates the others itself.
                None => "PATCH",
            };
            let members = settable(configuration);
            match verb {
                "POST" => calls.create(&path, members.clone(), path.clone(), members),
                verb => calls.add(verb, path, members),
            }
            if let Some(call) = calls.calls.last_mut() {
                call.lacks = self.configuration.authenticators.secrets(method);
            }
        }
    }
}

impl Document {
    fn rules_of(&self, code: &str) -> &[Resource] {
        let rules = self.rules.get(code);
        rules.map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether a rule of a tenant is in the document.
    pub fn has_rule(&self, rule: &Rule) -> bool {
        let code = rule.action.as_deref();
        is_settable(rule.priority) && code.is_some_and(|code| self.actions.contains_key(code))
    }

    /// The flows of a tenant that belong to no action configuration.
    pub fn flows_without_action<'a>(
        &'a self,
        of: &'a Authsignal,
    ) -> impl Iterator<Item = (&'a str, &'a Flow)> {
        let flows = of.configuration.flows.iter();
        let flows = flows.filter(|(code, _)| !self.actions.contains_key(*code));
        flows.map(|(code, flow)| (code, flow.as_ref()))
    }

    /// Whether a user may have several addresses of a method.
    pub fn allows_several(&self, method: Method) -> bool {
        let mut all = self.authenticators.iter();
        let own = all.find(|one| one.text("verificationMethod") == Some(method.word()));
        own.is_some_and(allows_several)
    }

    /// The URLs that events go to.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        let tenant = self.tenant.iter();
        let tenant = tenant.flat_map(|tenant| urls(tenant.members()).map(|(_, url)| url));
        let actions = self.actions.values();
        let actions = actions.filter_map(|action| action.text("verificationWebhookUrl"));
        let authenticators = self.authenticators.iter();
        tenant
            .chain(actions)
            .chain(authenticators.filter_map(provider_url))
    }

    fn call_tenant(&self, calls: &mut Calls) {
        let tenant = self.tenant.clone().unwrap_or_default();
        let (mut settings, mut fixed) = (Resource::default(), BTreeSet::new());
        for (name, value) in tenant.into_members() {
            if WRITABLE.contains(&&*name) {
                settings.set(&name, value);
            } else if name != "tenantId" {
                fixed.insert(name);
            }
        }
        if !settings.is_empty() {
            calls.add("PATCH", "/tenant", settings);
        }
        for name in fixed {
            calls
                .notes
                .push(format!("tenant: only the portal sets {name}"));
        }
        let theme = self.theme.clone().unwrap_or_default();
        if !theme.is_empty() {
            calls.add("PATCH", "/theme", theme);
        }
        let messages = self.messages.clone().unwrap_or_default();
        if !messages.is_empty() {
            let mut body = Resource::default();
            body.set("messageOverrides", json!(messages.members()));
            calls.add("PATCH", "/message-overrides", body);
        }
    }

    fn call_lists(&self, calls: &mut Calls) {
        for point in &self.data_points {
            let mut point = point.clone();
            point.take("id");
            calls.add("POST", "/custom-data-points", point);
        }
        for list in &self.lists {
            let mut list = list.clone();
            let alias = list.take("alias");
            let (alias, name) = (alias.as_ref().and_then(Value::as_str), list.text("name"));
            let made = name.map(value_list::alias).unwrap_or_default();
            if let Some(alias) = alias
                && alias != made
            {
                calls.notes.push(format!(
                    "value list {alias}: the vendor makes the alias of the name, which gives {made}; rules must read lists.{made} there"
                ));
            }
            let mut changes = list.clone();
            // The Terraform provider changes nothing else.
            changes.take("name");
            changes.take("itemType");
            let path = path_of("/value-lists", &made);
            calls.create("/value-lists", list, path, changes);
        }
    }

    fn call_actions(&self, calls: &mut Calls) {
        for (code, action) in &self.actions {
            let mut members = settable(action);
            let nodes = members.take(NODES);
            members.take(VERSION);
            let changes = members.clone();
            members.set("actionCode", code.as_str());
            let path = path_of(ACTIONS, code);
            calls.create(ACTIONS, members, path.clone(), changes);
            if let Some(nodes) = nodes {
                let rules = self.rules_of(code).iter().map(|rule| {
                    let told = ["ruleId", "name", "conditions"].into_iter();
                    told.filter_map(|name| Some((name, rule.get(name)?.clone())))
                        .collect::<Value>()
                });
                let version = action.count(VERSION).filter(|version| *version > 1);
                calls.notes.extend(version.map(|version| format!(
                    "flow of {code}: it has version {version} here, and the vendor counts its own; whoever sends expectedFlowVersion must read it again"
                )));
                let mut flow = Resource::default();
                flow.set(NODES, nodes);
                flow.set("rules", rules.collect::<Value>());
                calls.add("PUT", format!("{path}/flow"), flow);
                continue;
            }
            let mut taken = BTreeSet::new();
            for rule in self.rules_of(code) {
                let mut rule = settable(rule);
                let id = rule.take("ruleId").unwrap_or_default();
                let priority = rule.count("priority").unwrap_or_default();
                if !taken.insert(priority) {
                    calls.notes.push(format!(
                        "rule {} of {code}: another rule has the priority {priority}, so the vendor refuses it",
                        id.as_str().unwrap_or_default()
                    ));
                }
                calls.add("POST", format!("{path}/rules"), rule);
            }
        }
    }
}
