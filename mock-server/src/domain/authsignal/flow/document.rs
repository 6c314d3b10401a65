//! A flow document, and what it must be. The vendor's Terraform provider checks the same before it publishes one.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::node::{Kind, Node, Places, Reading, filled, not_enabled};
use crate::bounds::{FLOW, FLOW_RULES, json_length, shallow};
use crate::domain::authsignal::rule::{Rule, RuleText, Rules};
use crate::domain::authsignal::vocabulary::{Method, Outcome};

/// Bytes of the id of a rule.
const RULE_ID: usize = 64;
/// Characters of the name of a rule.
const RULE_NAME: usize = 256;
/// Characters beside letters and digits that the name of a rule can have.
const IN_NAME: &str = "_ !?@#$%^&*(){}:;\"'<>,.+=/-[]";

/// A flow document, as somebody sends it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlowText {
    /// The nodes: a JSON array, as its text, which keeps every number as it was written.
    pub action_nodes: String,
    /// The rules that its nodes name.
    pub rules: Vec<FlowRuleText>,
}

/// A rule of a flow document.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlowRuleText {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The conditions, JsonLogic. Without any it always holds.
    pub conditions: Option<Value>,
}

/// A flow document that a run can walk.
#[derive(Debug)]
pub struct Flow {
    /// The nodes, as they were sent.
    pub action_nodes: Box<str>,
    /// Its version, from 1; none for the default flow.
    pub version: Option<u64>,
    /// The nodes, in the order of the document.
    pub nodes: Vec<Node>,
    /// The rules.
    pub rules: Rules,
    /// What the rules were made of.
    pub rule_texts: Vec<FlowRuleText>,
    /// Where a run starts.
    pub root: usize,
    /// Bytes of its texts.
    pub bytes: usize,
}

/// The flow of an action for which nobody has published one: a user verifies, or enrols if they have nothing to verify
/// with.
static DEFAULT: LazyLock<FlowText> = LazyLock::new(|| {
    let all: Map<String, Value> = Method::ALL
        .into_iter()
        .map(|method| (method.word().to_owned(), json!({"isEnabled": true})))
        .collect();
    let nodes = json!([
        {"nodeId": "enrolled", "nodeType": "RULE", "name": "Has the user an authenticator?", "parentNodeIds": [],
            "ruleChildNodeIds": [["enrolled", "verify"]], "elseChildNodeId": "enroll"},
        {"nodeId": "verify", "nodeType": "VERIFICATION", "parentNodeIds": ["enrolled"],
            "methodConfigurations": all, "childNodeId": "complete"},
        {"nodeId": "enroll", "nodeType": "ENROLLMENT", "isOptional": false, "parentNodeIds": ["enrolled"],
            "methodConfigurations": all, "childNodeId": "complete"},
        {"nodeId": "complete", "nodeType": "COMPLETE", "parentNodeIds": ["verify", "enroll"]},
    ]);
    FlowText {
        action_nodes: nodes.to_string(),
        rules: vec![FlowRuleText {
            id: "enrolled".to_owned(),
            name: "The user has an authenticator".to_owned(),
            conditions: Some(json!({"==": [{"var": "user.isEnrolled"}, true]})),
        }],
    }
});

impl Flow {
    /// The flow of an action for which nobody has published one.
    ///
    /// # Errors
    /// It is none; a test says that it is one.
    pub fn default_one() -> Result<Self, String> {
        Self::read(DEFAULT.clone(), &Method::ALL)
    }

    /// Reads a document, whose nodes may use these methods.
    ///
    /// # Errors
    /// It is none, and why: which node or rule, and what is wrong with it.
    pub fn read(text: FlowText, enabled: &[Method]) -> Result<Self, String> {
        let values = elements(&text.action_nodes)?;
        let places = places(&values)?;
        let mut nodes = Vec::with_capacity(values.len());
        let mut root = None;
        for (index, members) in values.iter().enumerate() {
            let reading = Reading::new(members, &places);
            let node = reading.node().and_then(|node| allowed(node, enabled));
            let node = node.map_err(|why| format!("{}: {why}", place(index, members)))?;
            if reading.is_root() {
                root = root.or(Some(index));
            }
            nodes.push(node);
        }
        let root = root.ok_or(
            "actionNodes has no node with an empty parentNodeIds, where the flow could start",
        )?;
        let rules = rules(&text.rules)?;
        referenced(&nodes, &rules)?;
        let of_rules = text.rules.iter().map(|rule| {
            let conditions = rule.conditions.as_ref().map_or(0, json_length);
            rule.id.len() + rule.name.len() + conditions
        });
        Ok(Self {
            bytes: text.action_nodes.len() + of_rules.sum::<usize>(),
            action_nodes: text.action_nodes.into_boxed_str(),
            version: None,
            nodes,
            rules,
            rule_texts: text.rules,
            root,
        })
    }

    /// The variables that its rules name.
    pub fn variables(&self) -> impl Iterator<Item = (&Rule, &str)> {
        let rules = self.rules.ids().filter_map(|id| self.rules.get(id));
        rules.flat_map(|rule| rule.variables.iter().map(move |name| (rule, name.as_str())))
    }
}

/// The nodes as objects.
fn elements(text: &str) -> Result<Vec<Map<String, Value>>, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("actionNodes is no JSON: {error}"))?;
    let length = json_length(&value);
    if length > FLOW {
        return Err(format!(
            "actionNodes is {length} bytes of JSON; it must be at most {FLOW}"
        ));
    }
    shallow(&value).map_err(|why| format!("actionNodes {why}"))?;
    let Value::Array(values) = value else {
        return Err("actionNodes must be a list of nodes".to_owned());
    };
    if values.is_empty() {
        return Err("actionNodes is empty; a flow has at least one node".to_owned());
    }
    let objects = values
        .into_iter()
        .enumerate()
        .map(|(index, value)| match value {
            Value::Object(members) => Ok(members),
            _ => Err(format!("actionNodes[{index}] must be an object")),
        });
    objects.collect()
}

/// Where each node is, by id.
fn places(values: &[Map<String, Value>]) -> Result<Places<'_>, String> {
    let mut places = HashMap::new();
    for (index, members) in values.iter().enumerate() {
        let id = filled(members, "nodeId");
        let id = id.map_err(|why| format!("actionNodes[{index}]: {why}"))?;
        if let Some(first) = places.insert(id, index) {
            return Err(format!(
                "actionNodes[{index}]: nodeId {id} is that of actionNodes[{first}], too"
            ));
        }
    }
    Ok(places)
}

fn place(index: usize, members: &Map<String, Value>) -> String {
    let id = members.get("nodeId").and_then(Value::as_str);
    format!("actionNodes[{index}] ({})", id.unwrap_or_default())
}

fn allowed(node: Node, enabled: &[Method]) -> Result<Node, String> {
    let Kind::Step { methods, .. } = &node.kind else {
        return Ok(node);
    };
    match methods.iter().find(|method| !enabled.contains(method)) {
        Some(other) => Err(not_enabled(other.word())),
        None => Ok(node),
    }
}

/// Compiles the rules, which keep their order.
fn rules(texts: &[FlowRuleText]) -> Result<Rules, String> {
    if texts.len() > FLOW_RULES {
        return Err(format!(
            "rules has {} elements; a flow has at most {FLOW_RULES}",
            texts.len()
        ));
    }
    let mut rules = Vec::with_capacity(texts.len());
    for (priority, (index, text)) in (0..).zip(texts.iter().enumerate()) {
        rule_fault(text).map_or(Ok(()), |why| Err(format!("rules[{index}]: {why}")))?;
        rules.push(RuleText {
            id: text.id.clone(),
            name: text.name.clone(),
            description: None,
            priority,
            action: None,
            // A flow asks whether it holds, and nothing else.
            outcome: Outcome::Allow,
            is_active: true,
            methods: Default::default(),
            conditions: match &text.conditions {
                None | Some(Value::Null) => Value::Bool(true),
                Some(conditions) => conditions.clone(),
            },
        });
    }
    Rules::new(rules)
}

fn rule_fault(text: &FlowRuleText) -> Option<String> {
    let in_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if text.id.is_empty() || text.id.len() > RULE_ID || !text.id.bytes().all(in_id) {
        return Some(format!(
            "ruleId must be 1 to {RULE_ID} letters, digits, `_` and `-`"
        ));
    }
    if text.name.chars().count() > RULE_NAME {
        return Some(format!("name has more than {RULE_NAME} characters"));
    }
    let in_name = |one: char| one.is_ascii_alphanumeric() || IN_NAME.contains(one);
    if let Some(other) = text.name.chars().find(|one| !in_name(*one)) {
        return Some(format!(
            "name holds {other:?}; it must have letters, digits and {IN_NAME} alone"
        ));
    }
    match &text.conditions {
        None | Some(Value::Null | Value::Object(_)) => None,
        Some(_) => Some("conditions must be an object".to_owned()),
    }
}

/// Checks that the nodes name each rule once, and no other.
fn referenced(nodes: &[Node], rules: &Rules) -> Result<(), String> {
    let mut by: BTreeMap<&str, usize> = rules.ids().map(|id| (id, 0)).collect();
    for (index, node) in nodes.iter().enumerate() {
        let Kind::Rule { pairs, .. } = &node.kind else {
            continue;
        };
        for (rule, _) in pairs {
            let times = by.get_mut(rule.as_str()).ok_or_else(|| {
                format!(
                    "actionNodes[{index}] ({}): ruleChildNodeIds names the rule {rule}, which rules does not have",
                    node.id
                )
            })?;
            *times += 1;
        }
    }
    match by.into_iter().find(|(_, times)| *times != 1) {
        None => Ok(()),
        Some((rule, 0)) => Err(format!(
            "rule {rule}: no node names it in ruleChildNodeIds; exactly one must"
        )),
        Some((rule, times)) => Err(format!(
            "rule {rule}: {times} nodes name it in ruleChildNodeIds; exactly one must"
        )),
    }
}

#[cfg(test)]
mod tests;
