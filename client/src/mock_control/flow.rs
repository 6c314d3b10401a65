//! Flow documents, as a test publishes them. Must not know how requests are sent.

use serde_json::{Map, Value};

use super::raw::types::{self, Conditions, FlowNode};
use crate::error::{Error, Kind, Result};

/// The flow of an action, in the form of Authsignal's Management API.
///
/// ```
/// use serde_json::json;
/// use stepup_client::mock_control::{AuthsignalConfiguration, Flow};
///
/// let flow = Flow::new("sign-in")
///     .node(json!({"nodeId": "risk", "nodeType": "RULE", "parentNodeIds": [],
///                  "ruleChildNodeIds": [["hidden", "block"]], "elseChildNodeId": "verify"}))
///     .node(json!({"nodeId": "verify", "nodeType": "VERIFICATION", "parentNodeIds": ["risk"],
///                  "methodConfigurations": {"SMS": {"isEnabled": true}}, "childNodeId": "done"}))
///     .node(json!({"nodeId": "done", "nodeType": "COMPLETE", "parentNodeIds": ["verify"]}))
///     .node(json!({"nodeId": "block", "nodeType": "BLOCK", "parentNodeIds": ["risk"]}))
///     .rule("hidden", json!({"var": "ip.isAnonymous"}));
/// let configuration = AuthsignalConfiguration::new().flow(flow);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Flow {
    action: String,
    nodes: Vec<Value>,
    rules: Vec<(String, Value)>,
}

impl Flow {
    /// The flow of this action, without nodes yet.
    pub fn new(action: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            nodes: Vec::new(),
            rules: Vec::new(),
        }
    }

    /// Adds a node: an object.
    pub fn node(mut self, node: Value) -> Self {
        self.nodes.push(node);
        self
    }

    /// Adds a rule that a node names: its id, which is also its name, and its conditions, a JsonLogic
    /// object.
    pub fn rule(mut self, rule_id: impl Into<String>, conditions: Value) -> Self {
        self.rules.push((rule_id.into(), conditions));
        self
    }

    pub(super) fn into_body(self) -> Result<types::FlowDocument> {
        let invalid = |detail| Error::new(Kind::InvalidInput).with_detail(detail);
        let object = |value, detail| match value {
            Value::Object(members) => Ok::<Map<_, _>, Error>(members),
            _ => Err(invalid(detail)),
        };
        let nodes = self.nodes.into_iter().map(|node| {
            let members = object(node, "a node of a flow is not an object")?;
            Ok(FlowNode::from(members))
        });
        let rules = self.rules.into_iter().map(|(id, conditions)| {
            let members = object(
                conditions,
                "the conditions of a flow's rule are not an object",
            )?;
            let conditions = Conditions::from(members);
            Ok(types::FlowRule {
                name: id.clone(),
                rule_id: id
                    .try_into()
                    .map_err(|_| invalid("the id of a flow's rule is empty"))?,
                conditions: Some(conditions),
            })
        });
        Ok(types::FlowDocument {
            action: self
                .action
                .try_into()
                .map_err(|_| invalid("the action of a flow is empty"))?,
            action_nodes: nodes.collect::<Result<_>>()?,
            rules: Some(rules.collect::<Result<_>>()?),
        })
    }
}
