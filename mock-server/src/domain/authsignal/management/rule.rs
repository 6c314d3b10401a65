//! Rules of an action, one at a time. Evaluates none.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::resource::Resource;
use super::{Fault, methods};
use crate::domain::Turn;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::flow::FlowRuleText;
use crate::domain::authsignal::rule::{ALWAYS, Rule, RuleText};
use crate::domain::authsignal::vocabulary::Outcome;

/// The priorities that the Management API sets. The control API sets any.
const PRIORITIES: RangeInclusive<i64> = 0..=99;

/// Whether the Management API can set a priority.
pub(super) fn is_settable(priority: i64) -> bool {
    PRIORITIES.contains(&priority)
}

/// Checks that the Management API can set the priority of a rule.
///
/// # Errors
/// It cannot.
pub(super) fn check_priority(priority: i64) -> Result<(), Fault> {
    let (least, most) = (PRIORITIES.start(), PRIORITIES.end());
    let why = || format!("body /priority: is {priority}; it must be from {least} to {most}");
    is_settable(priority)
        .then_some(())
        .ok_or_else(|| Fault::Invalid(why()))
}

impl Authsignal {
    /// The rules of an action in the order in which they are tried, as the vendor names their members.
    ///
    /// # Errors
    /// The action has no configuration.
    pub fn rules_of(&self, code: &str) -> Result<Vec<Map<String, Value>>, Fault> {
        self.action_configuration(code)?;
        if let Some(flow) = self.published(code) {
            return Ok(flow.rule_texts.iter().map(flow_rule).collect());
        }
        let rules = self.configuration.rules.iter();
        let own = rules.filter(|rule| rule.action.as_deref() == Some(code));
        Ok(own.map(members).collect())
    }

    /// A rule of an action, as the vendor names its members.
    ///
    /// # Errors
    /// There is none.
    pub fn rule_of(&self, code: &str, id: &str) -> Result<Map<String, Value>, Fault> {
        if self.published(code).is_some() {
            let own = self.rules_of(code)?.into_iter();
            let mut own = own.filter(|rule| rule.get("ruleId").and_then(Value::as_str) == Some(id));
            return own.next().ok_or_else(|| unknown(code, id));
        }
        self.find_rule(code, id).map(members)
    }

    /// Creates a rule of an action. Returns its id.
    ///
    /// # Errors
    /// The action has no configuration, or a member is wrong. Nothing changes then.
    pub fn create_rule(
        &mut self,
        turn: &mut Turn<'_>,
        code: &str,
        given: Map<String, Value>,
    ) -> Result<String, Fault> {
        self.action_configuration(code)?;
        if self.is_flow(code) {
            return Err(of_flow(code));
        }
        let id = turn.ids.uuid();
        let given = Resource::new(given);
        super::name(&given)?;
        let text = text(id.clone(), code, given);
        self.put_rule(text)?;
        Ok(id)
    }

    /// Changes a rule of an action.
    ///
    /// # Errors
    /// There is none, or a member is wrong. Nothing changes then.
    pub fn update_rule(
        &mut self,
        code: &str,
        id: &str,
        changes: Map<String, Value>,
    ) -> Result<(), Fault> {
        self.not_of_flow(code, id)?;
        let rule = self.find_rule(code, id)?;
        let mut changed = Resource::new(members(rule));
        changed.change(changes);
        for required in ["name", "isActive", "priority", "type"] {
            if changed.get(required).is_none() {
                let why = format!("body /{required}: a rule cannot be without it");
                return Err(Fault::Invalid(why));
            }
        }
        super::name(&changed)?;
        self.put_rule(text(id.to_owned(), code, changed))
    }

    /// Deletes a rule of an action.
    ///
    /// # Errors
    /// There is none.
    pub fn delete_rule(&mut self, code: &str, id: &str) -> Result<(), Fault> {
        self.not_of_flow(code, id)?;
        self.find_rule(code, id)?;
        let rules = self.configuration.rules.texts();
        let rest = rules.filter(|rule| rule.id != id).collect();
        self.configuration.set_rules(rest).map_err(Fault::Invalid)
    }

    pub(super) fn delete_rules_of(&mut self, code: &str) {
        let rules = self.configuration.rules.texts();
        let rest = rules
            .filter(|rule| rule.action.as_deref() != Some(code))
            .collect();
        // The rest could be before, and fewer rules can be, too.
        let _ = self.configuration.set_rules(rest);
    }

    /// Checks that a rule is none of a published flow.
    fn not_of_flow(&self, code: &str, id: &str) -> Result<(), Fault> {
        if self.published(code).is_none() {
            return Ok(());
        }
        Err(self
            .rule_of(code, id)
            .map_or_else(|none| none, |_| of_flow(code)))
    }

    fn find_rule(&self, code: &str, id: &str) -> Result<&Rule, Fault> {
        self.action_configuration(code)?;
        let rule = self.configuration.rules.get(id);
        let own = rule.filter(|rule| rule.action.as_deref() == Some(code));
        own.ok_or_else(|| unknown(code, id))
    }

    fn put_rule(&mut self, text: RuleText) -> Result<(), Fault> {
        methods::check(&text.methods, &self.configuration.methods)?;
        check_priority(text.priority)?;
        let mut all: Vec<RuleText> = self.configuration.rules.texts().collect();
        let mut others = all.iter().filter(|other| other.id != text.id);
        if others.any(|other| other.action == text.action && other.priority == text.priority) {
            let why = format!(
                "There is already another rule with priority: {}",
                text.priority
            );
            return Err(Fault::Invalid(why));
        }
        match all.iter_mut().find(|other| other.id == text.id) {
            Some(own) => *own = text,
            None => all.push(text),
        }
        self.configuration.set_rules(all).map_err(Fault::Invalid)
    }
}

pub(super) fn text(id: String, code: &str, mut given: Resource) -> RuleText {
    let outcome = given.text("type").and_then(Outcome::of_word);
    RuleText {
        id,
        name: given.text("name").unwrap_or_default().to_owned(),
        description: given.text("description").map(str::to_owned),
        priority: given.count("priority").unwrap_or_default(),
        action: Some(code.to_owned()),
        // The schema lets no other word through.
        outcome: outcome.unwrap_or(Outcome::Challenge),
        is_active: given.flag("isActive"),
        methods: methods::take(&mut given),
        conditions: given.take("conditions").unwrap_or(ALWAYS),
    }
}

fn unknown(code: &str, id: &str) -> Fault {
    Fault::NotFound(format!("the action {code} has no rule {id}"))
}

/// That the rules of an action are those of its flow.
fn of_flow(code: &str) -> Fault {
    Fault::Invalid(format!(
        "the action {code} is a FLOW: its rules are those of its document; publish the document with them"
    ))
}

/// A rule of a flow as the vendor lists it: it allows, and has no place of its own.
fn flow_rule(rule: &FlowRuleText) -> Map<String, Value> {
    let mut members = Resource::default();
    members.set("ruleId", rule.id.as_str());
    members.set("name", rule.name.as_str());
    members.set("isActive", true);
    members.set("priority", 0);
    members.set("type", Outcome::Allow.word());
    if let Some(conditions) = &rule.conditions {
        members.set("conditions", conditions.clone());
    }
    members.into_members()
}

fn members(rule: &Rule) -> Map<String, Value> {
    let mut members = rule.methods.clone();
    members.set("ruleId", rule.id.as_str());
    members.set("name", rule.name.as_str());
    members.set("isActive", rule.is_active);
    members.set("priority", rule.priority);
    members.set("type", rule.outcome.word());
    if let Some(description) = &rule.description {
        members.set("description", description.as_str());
    }
    if let Some(conditions) = rule.own_conditions() {
        members.set("conditions", conditions);
    }
    members.into_members()
}
