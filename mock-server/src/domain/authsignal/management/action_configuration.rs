//! Action configurations: what is decided about an action, and with which methods it may pass. Knows no rule.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::message::in_order;
use super::resource::Resource;
use super::{Fault, methods};
use crate::bounds::{
    ACTION_CONFIGURATION_BYTES, ACTION_CONFIGURATIONS, DELETED_ACTION_CONFIGURATIONS, shallow,
};
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::data_point::addressable;
use crate::domain::authsignal::flow::{Flow, FlowRuleText, FlowText, PublishFault};
use crate::domain::authsignal::rule::Rules;
use crate::domain::authsignal::vocabulary::Outcome;

const OUTCOME: &str = "defaultUserActionResult";
const TYPE: &str = "actionType";
const FLOW: &str = "FLOW";
const CLASSIC: &str = "CLASSIC";
const WEBHOOK: &str = "verificationWebhookUrl";
pub(super) const NODES: &str = "actionNodes";
pub(super) const VERSION: &str = "flowVersion";

/// The configuration of an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionConfiguration {
    /// Its members, but for the URL of `action.verify`, which the webhooks hold.
    pub members: Resource,
    /// When the action was last tracked.
    pub last_created: Option<Timestamp>,
}

impl ActionConfiguration {
    /// The outcome where no rule matches.
    pub fn outcome(&self) -> Option<Outcome> {
        self.members.text(OUTCOME).and_then(Outcome::of_word)
    }

    /// Whether a flow decides.
    pub fn is_flow(&self) -> bool {
        self.members.text(TYPE) == Some(FLOW)
    }

    /// What pages say of the action, in a language if there is a text in it, else in English, else in any.
    pub fn message(&self, locale: Option<&str>) -> Option<&str> {
        let texts = self.members.get("messagingTemplates")?.as_object()?;
        let in_order = in_order(texts, locale);
        let text = in_order
            .first()
            .copied()
            .or_else(|| texts.values().next())?;
        text.get("defaultTemplate")?.as_str()
    }
}

/// The action configurations of a tenant, by code.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ActionConfigurations {
    by_code: BTreeMap<String, ActionConfiguration>,
    /// Those that were deleted, oldest first: the vendor brings a code back with the members that it had.
    deleted: VecDeque<(String, Resource)>,
}

impl ActionConfigurations {
    /// The configuration of an action.
    pub fn get(&self, code: &str) -> Option<&ActionConfiguration> {
        self.by_code.get(code)
    }

    /// All configurations, by code.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ActionConfiguration)> {
        let all = self.by_code.iter();
        all.map(|(code, one)| (code.as_str(), one))
    }

    /// The outcome of an action without a matching rule, if it has its own.
    pub fn outcome(&self, code: &str) -> Option<Outcome> {
        self.get(code)?.outcome()
    }

    /// The outcomes of actions that have their own, by code.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, Outcome)> {
        self.iter()
            .filter_map(|(code, one)| Some((code, one.outcome()?)))
    }

    /// Replaces the outcomes of all actions. A configuration that had nothing but its outcome goes with it.
    ///
    /// # Errors
    /// There are too many. Nothing changes then.
    pub fn set_outcomes(&mut self, outcomes: BTreeMap<String, Outcome>) -> Result<(), String> {
        let mut by_code = self.by_code.clone();
        by_code.retain(|code, one| {
            one.members.take(OUTCOME);
            outcomes.contains_key(code) || !one.members.is_empty()
        });
        for (code, outcome) in outcomes {
            let one = by_code.entry(code).or_default();
            one.members.set(OUTCOME, outcome.word());
        }
        within(&by_code)?;
        self.by_code = by_code;
        Ok(())
    }

    /// Sets the outcome of one action.
    ///
    /// # Errors
    /// There are too many configurations. Nothing changes then.
    pub fn set_outcome(&mut self, code: &str, outcome: Outcome) -> Result<(), String> {
        let mut one = self.get(code).cloned().unwrap_or_default();
        one.members.set(OUTCOME, outcome.word());
        self.put(code, one)
    }

    /// Notes that an action was tracked. An action without a configuration gets none by that.
    pub fn tracked(&mut self, code: &str, now: Timestamp) {
        if let Some(one) = self.by_code.get_mut(code) {
            one.last_created = Some(now);
        }
    }

    fn put(&mut self, code: &str, one: ActionConfiguration) -> Result<(), String> {
        let before = self.by_code.insert(code.to_owned(), one);
        let fits = within(&self.by_code);
        if fits.is_err() {
            match before {
                Some(before) => self.by_code.insert(code.to_owned(), before),
                None => self.by_code.remove(code),
            };
        }
        fits
    }

    fn remove(&mut self, code: &str) -> bool {
        let Some(one) = self.by_code.remove(code) else {
            return false;
        };
        self.deleted.push_back((code.to_owned(), one.members));
        let bytes = |deleted: &VecDeque<(String, Resource)>| {
            deleted
                .iter()
                .map(|(_, members)| members.bytes())
                .sum::<usize>()
        };
        while self.deleted.len() > DELETED_ACTION_CONFIGURATIONS
            || bytes(&self.deleted) > ACTION_CONFIGURATION_BYTES
        {
            self.deleted.pop_front();
        }
        true
    }

    fn revive(&mut self, code: &str) -> Resource {
        let at = self.deleted.iter().position(|(deleted, _)| deleted == code);
        let found = at.and_then(|at| self.deleted.remove(at));
        found.map(|(_, members)| members).unwrap_or_default()
    }
}

fn within(by_code: &BTreeMap<String, ActionConfiguration>) -> Result<(), String> {
    for (code, one) in by_code {
        addressable("action", code)?;
        for (name, value) in one.members.members() {
            shallow(value).map_err(|why| format!("action configuration {code}: {name} {why}"))?;
        }
    }
    if by_code.len() > ACTION_CONFIGURATIONS {
        return Err(format!(
            "a tenant has at most {ACTION_CONFIGURATIONS} action configurations; delete one first"
        ));
    }
    let bytes = by_code
        .iter()
        .fold(0, |all, (code, one)| all + code.len() + one.members.bytes());
    if bytes > ACTION_CONFIGURATION_BYTES {
        return Err(format!(
            "all action configurations would take {bytes} bytes; they may take at most {ACTION_CONFIGURATION_BYTES}"
        ));
    }
    Ok(())
}

/// A flow document, from its nodes and from the members of its rules.
pub fn flow_text(nodes: &Value, rules: &[Resource]) -> FlowText {
    let rules = rules.iter().map(|rule| {
        let text = |name: &str| rule.text(name).unwrap_or_default().to_owned();
        FlowRuleText {
            id: text("ruleId"),
            name: text("name"),
            conditions: rule.get("conditions").cloned(),
        }
    });
    FlowText {
        action_nodes: nodes.to_string(),
        rules: rules.collect(),
    }
}

impl Flow {
    /// The members of a request that publishes it.
    pub fn to_publish(&self) -> Resource {
        // It was JSON when it was published.
        let nodes: Value = serde_json::from_str(&self.action_nodes).unwrap_or_default();
        let rules = self.rule_texts.iter().map(|rule| {
            let mut members = Resource::default();
            members.set("ruleId", rule.id.as_str());
            members.set("name", rule.name.as_str());
            if let Some(conditions) = rule.conditions.clone() {
                members.set("conditions", conditions);
            }
            Value::Object(members.into_members())
        });
        let mut flow = Resource::default();
        flow.set(NODES, nodes);
        flow.set("rules", rules.collect::<Value>());
        flow
    }
}

/// Writes the type of an action as newer clients do: older ones have other words for it, or an empty text.
pub fn renew_type(members: &mut Map<String, Value>) {
    let word = match members.get(TYPE).and_then(Value::as_str) {
        Some("" | "LEGACY") => CLASSIC,
        Some("MULTI_STEP_AUTHENTICATION") => FLOW,
        _ => return,
    };
    members.insert(TYPE.to_owned(), word.into());
}

fn unknown(code: &str) -> Fault {
    Fault::NotFound(format!("there is no action configuration {code}"))
}

impl Authsignal {
    /// The configuration of an action, with its members as the vendor names them.
    ///
    /// # Errors
    /// There is none.
    pub fn action_configuration(&self, code: &str) -> Result<Map<String, Value>, Fault> {
        let one = self.configuration.actions.get(code);
        let one = one.ok_or_else(|| unknown(code))?;
        let mut members = one.members.clone();
        if let Some(url) = self.events.verification().get(code) {
            members.set(WEBHOOK, url.as_ref());
        }
        if let Some(flow) = self.published(code) {
            // It was JSON when it was published.
            let nodes: Value = serde_json::from_str(&flow.action_nodes).unwrap_or_default();
            members.set(TYPE, FLOW);
            members.set(NODES, nodes);
            members.set(VERSION, flow.version.unwrap_or_default());
        }
        Ok(members.into_members())
    }

    /// Creates the configuration of an action. One that was deleted comes back.
    ///
    /// # Errors
    /// There is one, or a member is wrong. Nothing changes then.
    pub fn create_action_configuration(
        &mut self,
        code: &str,
        mut members: Map<String, Value>,
    ) -> Result<(), Fault> {
        renew_type(&mut members);
        if self.configuration.actions.get(code).is_some() {
            let why = format!("An action configuration {code} already exists.");
            return Err(Fault::Exists(why));
        }
        let given = Resource::new(members.clone());
        if given.text(OUTCOME).is_none() && given.text(TYPE) != Some(FLOW) {
            let why = format!(
                "body lacks the required member \"{OUTCOME}\"; only an action of the type FLOW has none"
            );
            return Err(Fault::Invalid(why));
        }
        methods::check(&given, &self.configuration.methods)?;
        // Before it is taken from the deleted ones: what is refused changes nothing.
        let mut actions = self.configuration.actions.clone();
        let mut revived = ActionConfiguration {
            members: actions.revive(code),
            last_created: None,
        };
        let url = changed_url(&mut revived.members, members);
        actions.put(code, revived).map_err(Fault::Invalid)?;
        self.configuration.actions = actions;
        self.set_verification_url(code, url);
        Ok(())
    }

    /// Changes the configuration of an action.
    ///
    /// # Errors
    /// There is none, or a member is wrong. Nothing changes then.
    pub fn update_action_configuration(
        &mut self,
        code: &str,
        mut changes: Map<String, Value>,
    ) -> Result<(), Fault> {
        renew_type(&mut changes);
        let one = self.configuration.actions.get(code);
        let mut one = one.ok_or_else(|| unknown(code))?.clone();
        let given = Resource::new(changes.clone());
        methods::check(&given, &self.configuration.methods)?;
        let retyped = changes.contains_key(TYPE);
        let needs_outcome = retyped || changes.contains_key(OUTCOME);
        let url = changed_url(&mut one.members, changes);
        if retyped && !one.is_flow() && self.published(code).is_some() {
            let why = format!(
                "body /{TYPE}: the action {code} has a flow, and nothing unpublishes one; delete the action, and create it again"
            );
            return Err(Fault::Invalid(why));
        }
        let has_rules = |rules: &Rules| {
            let mut rules = rules.iter();
            rules.any(|rule| rule.action.as_deref() == Some(code))
        };
        if has_rules(&self.configuration.rules) && one.is_flow() && !self.is_flow(code) {
            let why = format!(
                "body /{TYPE}: the action {code} has rules, and a {FLOW} has those of its document alone; delete them, or publish a flow, which does"
            );
            return Err(Fault::Invalid(why));
        }
        let is_flow = one.is_flow() || self.published(code).is_some();
        if needs_outcome && !is_flow && one.members.text(OUTCOME).is_none() {
            let why = format!("an action that is no FLOW cannot be without {OUTCOME}");
            return Err(Fault::Invalid(why));
        }
        let actions = &mut self.configuration.actions;
        actions.put(code, one).map_err(Fault::Invalid)?;
        self.set_verification_url(code, url);
        Ok(())
    }

    /// Puts the configuration of an action as a tenant has it. A tenant may have switched a method off since it set the
    /// action, and the control API takes the outcome away alone, so neither is checked.
    ///
    /// # Errors
    /// There are too many. Nothing changes then.
    pub(super) fn put_action_configuration(
        &mut self,
        code: &str,
        members: Map<String, Value>,
    ) -> Result<(), Fault> {
        let one = self.configuration.actions.get(code).cloned();
        let mut one = one.unwrap_or_default();
        let url = changed_url(&mut one.members, members);
        let actions = &mut self.configuration.actions;
        actions.put(code, one).map_err(Fault::Invalid)?;
        self.set_verification_url(code, url);
        Ok(())
    }

    /// Deletes the configuration of an action, with its rules and its URL of `action.verify`.
    ///
    /// # Errors
    /// There is none.
    pub fn delete_action_configuration(&mut self, code: &str) -> Result<(), Fault> {
        if !self.configuration.actions.remove(code) {
            return Err(unknown(code));
        }
        self.delete_rules_of(code);
        self.configuration.flows.remove(code);
        self.set_verification_url(code, Some(None));
        Ok(())
    }

    /// Publishes the flow of an action. The action decides by it from now on, and has no rules but those of the flow.
    ///
    /// # Errors
    /// There is no such configuration, the flow has another version than the publisher has read, or it is none.
    pub fn publish_flow(
        &mut self,
        code: &str,
        text: FlowText,
        expected: Option<i64>,
    ) -> Result<(), Fault> {
        let one = self.configuration.actions.get(code);
        let mut one = one.ok_or_else(|| unknown(code))?.clone();
        one.members.set(TYPE, FLOW);
        // Before the flow is published: what is refused changes nothing.
        let mut actions = self.configuration.actions.clone();
        actions.put(code, one).map_err(Fault::Invalid)?;
        let published = self.configuration.publish_flow(code, text, expected);
        published.map_err(|fault| match fault {
            PublishFault::Malformed(why) => Fault::Invalid(why),
            PublishFault::Stale(why) => Fault::Changed(why),
        })?;
        self.configuration.actions = actions;
        self.delete_rules_of(code);
        Ok(())
    }

    /// Whether the type of an action is a flow, published or not.
    pub(super) fn is_flow(&self, code: &str) -> bool {
        let one = self.configuration.actions.get(code);
        one.is_some_and(ActionConfiguration::is_flow) || self.published(code).is_some()
    }

    /// The flow that is published for an action.
    pub(super) fn published(&self, code: &str) -> Option<&Flow> {
        let mut flows = self.configuration.flows.iter();
        let found = flows.find(|(published, _)| *published == code);
        found.map(|(_, flow)| flow.as_ref())
    }

    fn set_verification_url(&mut self, code: &str, url: Option<Option<Arc<str>>>) {
        let Some(url) = url else { return };
        let mut urls = self.events.verification().clone();
        match url {
            Some(url) => urls.insert(code.to_owned(), url),
            None => urls.remove(code),
        };
        self.events.set_verification(urls);
    }
}

/// Changes the members of a configuration. Returns what the changes make of its URL of `action.verify`, if they name it.
fn changed_url(
    members: &mut Resource,
    mut changes: Map<String, Value>,
) -> Option<Option<Arc<str>>> {
    changes.remove("actionCode");
    let url = changes.remove(WEBHOOK);
    members.change(changes);
    url.map(|url| url.as_str().map(Arc::from))
}
