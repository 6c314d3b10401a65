//! The flow documents of a seed. They have the form of the Management API.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::domain::authsignal::Configuration;
use crate::domain::authsignal::flow::{FlowRuleText, FlowText};

/// The flow of an action, to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlantedFlow {
    /// Code of the action.
    pub action: String,
    /// The nodes of the graph.
    pub action_nodes: Vec<Map<String, Value>>,
    /// The rules that its nodes name.
    #[serde(default)]
    pub rules: Vec<PlantedFlowRule>,
}

/// A rule of a flow, to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PlantedFlowRule {
    /// Its id.
    pub rule_id: String,
    /// Its name.
    pub name: String,
    /// The conditions, JsonLogic; without any it always holds.
    pub conditions: Option<Map<String, Value>>,
}

/// Publishes the flows.
///
/// # Errors
/// One is no flow document.
pub(super) fn plant(
    configuration: &mut Configuration,
    flows: &[PlantedFlow],
) -> Result<(), String> {
    let texts = flows.iter().map(|flow| (flow.action.clone(), text(flow)));
    let read = configuration.read_flows(texts.collect(), &configuration.methods)?;
    configuration.flows.replace(read);
    Ok(())
}

/// Publishes the flows of a tenant that exists, which may have changed since they were published.
///
/// # Errors
/// One is no flow document.
pub(super) fn restore(
    configuration: &mut Configuration,
    flows: &[PlantedFlow],
) -> Result<(), String> {
    flows.iter().try_for_each(|flow| {
        let restored = configuration.flows.restore(&flow.action, text(flow), None);
        restored.map_err(|why| format!("flow {}: {why}", flow.action))
    })
}

fn text(flow: &PlantedFlow) -> FlowText {
    let nodes = flow.action_nodes.iter().cloned().map(Value::Object);
    let rules = flow.rules.iter().cloned().map(|rule| FlowRuleText {
        id: rule.rule_id,
        name: rule.name,
        conditions: rule.conditions.map(Value::Object),
    });
    FlowText {
        action_nodes: Value::Array(nodes.collect()).to_string(),
        rules: rules.collect(),
    }
}
