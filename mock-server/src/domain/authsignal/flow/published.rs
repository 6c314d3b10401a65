//! The flow documents of a tenant: their versions, and their bounds. Knows no run.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{Flow, FlowText};
use crate::bounds::{FLOW_BYTES, FLOWS};
use crate::domain::authsignal::vocabulary::Method;

/// Why a document is not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishFault {
    /// It is not a flow document.
    #[error("{0}")]
    Malformed(String),
    /// Another version was published since.
    #[error("{0}")]
    Stale(String),
}

/// A document, for a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FlowRecord {
    version: Option<u64>,
    text: FlowText,
}

impl FlowRecord {
    fn of(flow: &Flow) -> Self {
        Self {
            version: flow.version,
            text: FlowText {
                action_nodes: flow.action_nodes.to_string(),
                rules: flow.rule_texts.clone(),
            },
        }
    }

    fn flow(self) -> Result<Arc<Flow>, String> {
        // The tenant may have switched a method off since.
        let flow = Flow::read(self.text, &Method::ALL)?;
        Ok(Arc::new(Flow {
            version: self.version,
            ..flow
        }))
    }
}

/// The documents, for a file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct FlowsRecord {
    /// By action.
    current: BTreeMap<String, FlowRecord>,
    replaced: Vec<FlowRecord>,
}

impl From<Flows> for FlowsRecord {
    fn from(flows: Flows) -> Self {
        let current = flows.current.into_iter();
        let replaced = flows.replaced.iter();
        Self {
            current: current
                .map(|(code, flow)| (code, FlowRecord::of(&flow)))
                .collect(),
            replaced: replaced.map(|flow| FlowRecord::of(flow)).collect(),
        }
    }
}

impl TryFrom<FlowsRecord> for Flows {
    type Error = String;

    fn try_from(record: FlowsRecord) -> Result<Self, String> {
        let mut flows = Self::default();
        for (code, own) in record.current {
            let flow = own.flow().map_err(|why| format!("flow {code}: {why}"))?;
            flows.room(&code, &flow)?;
            flows.current.insert(code, flow);
        }
        for own in record.replaced {
            let flow = own
                .flow()
                .map_err(|why| format!("a replaced flow: {why}"))?;
            flows.retire(Some(flow));
        }
        Ok(flows)
    }
}

/// The documents.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "FlowsRecord", into = "FlowsRecord")]
pub struct Flows {
    /// By action.
    current: BTreeMap<String, Arc<Flow>>,
    /// Those that others have replaced, oldest first. Runs that started with them still walk them.
    replaced: VecDeque<Arc<Flow>>,
    /// Of an action for which nobody has published one.
    default: Option<Arc<Flow>>,
}

impl Default for Flows {
    fn default() -> Self {
        Self {
            current: BTreeMap::new(),
            replaced: VecDeque::new(),
            default: Flow::default_one().ok().map(Arc::new),
        }
    }
}

impl Flows {
    /// Publishes a document for an action, in place of the one before. `expected` is the version before, as the caller
    /// knows it. Returns the new version.
    ///
    /// # Errors
    /// Another version was published, or there is no room.
    pub fn publish(
        &mut self,
        code: &str,
        flow: Flow,
        expected: Option<i64>,
    ) -> Result<u64, PublishFault> {
        fresh(code, self.version(code), expected)?;
        self.room(code, &flow).map_err(PublishFault::Malformed)?;
        Ok(self.put(code.to_owned(), flow))
    }

    /// Puts a document as a tenant has it, with its version. The tenant may have switched a method off since it was
    /// published, or deleted a list or a data point, so none of them is checked.
    ///
    /// # Errors
    /// It is not a flow document, or the tenant has no room for it.
    pub fn restore(
        &mut self,
        code: &str,
        text: FlowText,
        version: Option<u64>,
    ) -> Result<(), String> {
        let flow = Flow::read(text, &Method::ALL)?;
        self.room(code, &flow)?;
        let before = version.and_then(|version| version.checked_sub(1));
        self.put_after(before.unwrap_or(0), code.to_owned(), flow);
        Ok(())
    }

    /// Whether there is room for a document in place of that of the same action.
    fn room(&self, code: &str, flow: &Flow) -> Result<(), String> {
        let before = self.current.get(code);
        let freed = before.map_or(0, |flow| flow.bytes);
        let bytes = bytes(self.current.values()) - freed + flow.bytes;
        if bytes > FLOW_BYTES {
            return Err(format!(
                "the tenant's flows would take {bytes} bytes; the mock keeps at most {FLOW_BYTES}"
            ));
        }
        if before.is_none() && self.current.len() >= FLOWS {
            return Err(format!(
                "the tenant has {FLOWS} flows, and the mock keeps no more; remove one"
            ));
        }
        Ok(())
    }

    fn put(&mut self, code: String, flow: Flow) -> u64 {
        let before = self.version(&code).unwrap_or(0);
        self.put_after(before, code, flow)
    }

    fn put_after(&mut self, before: u64, code: String, flow: Flow) -> u64 {
        // No answer could say more.
        let version = before.saturating_add(1).min(i64::MAX.unsigned_abs());
        let flow = Flow {
            version: Some(version),
            ..flow
        };
        let replaced = self.current.insert(code, Arc::new(flow));
        self.retire(replaced);
        version
    }

    /// Removes the document of an action. Runs that have started go on.
    pub fn remove(&mut self, code: &str) {
        let removed = self.current.remove(code);
        self.retire(removed);
    }

    /// Whether there is room for these, and no others.
    ///
    /// # Errors
    /// There is none.
    pub fn fit(flows: &[(String, Flow)]) -> Result<(), String> {
        if flows.len() > FLOWS {
            return Err(format!(
                "there are {} flows; a tenant has at most {FLOWS}",
                flows.len()
            ));
        }
        let bytes: usize = flows.iter().map(|(_, flow)| flow.bytes).sum();
        if bytes > FLOW_BYTES {
            return Err(format!(
                "the flows take {bytes} bytes; the mock keeps at most {FLOW_BYTES} of a tenant"
            ));
        }
        Ok(())
    }

    /// Publishes these, which fit, and removes all others.
    pub fn replace(&mut self, flows: Vec<(String, Flow)>) {
        let codes: Vec<String> = self.current.keys().cloned().collect();
        for code in codes {
            if flows.iter().all(|(other, _)| *other != code) {
                self.remove(&code);
            }
        }
        for (code, flow) in flows {
            self.put(code, flow);
        }
    }

    /// The document of an action.
    pub fn get(&self, code: &str) -> Option<&Arc<Flow>> {
        self.current.get(code)
    }

    /// The version of the document of an action.
    pub fn version(&self, code: &str) -> Option<u64> {
        self.get(code)?.version
    }

    /// The flow of an action for which nobody has published one.
    pub fn default_one(&self) -> Option<&Arc<Flow>> {
        self.default.as_ref()
    }

    /// The actions that have documents, with these.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Arc<Flow>)> {
        self.current
            .iter()
            .map(|(code, flow)| (code.as_str(), flow))
    }

    /// Every document that a run may walk, in the order that a file has.
    fn all(&self) -> impl Iterator<Item = &Arc<Flow>> {
        let others = self.replaced.iter().chain(&self.default);
        self.current.values().chain(others)
    }

    /// The place of a document among all, for a file.
    pub fn place(&self, flow: &Arc<Flow>) -> Option<usize> {
        self.all().position(|own| Arc::ptr_eq(own, flow))
    }

    /// The document at that place.
    pub fn at(&self, place: usize) -> Option<&Arc<Flow>> {
        self.all().nth(place)
    }

    fn retire(&mut self, flow: Option<Arc<Flow>>) {
        self.replaced.extend(flow);
        while self.replaced.len() > FLOWS || bytes(&self.replaced) > FLOW_BYTES {
            self.replaced.pop_front();
        }
    }
}

fn bytes<'a>(flows: impl IntoIterator<Item = &'a Arc<Flow>>) -> usize {
    flows.into_iter().map(|flow| flow.bytes).sum()
}

/// Whether the caller knows the newest version, if they say which one they know.
fn fresh(code: &str, before: Option<u64>, expected: Option<i64>) -> Result<(), PublishFault> {
    let Some(expected) = expected else {
        return Ok(());
    };
    if before.is_some() && u64::try_from(expected).ok() == before {
        return Ok(());
    }
    Err(PublishFault::Stale(match before {
        Some(before) => format!(
            "expectedFlowVersion is {expected}, and the flow of {code} has version {before}; read it again, and publish your change to that version"
        ),
        None => format!(
            "expectedFlowVersion is {expected}, and no flow was published for {code}; leave it out the first time"
        ),
    }))
}
