//! Where one run of a flow stands, and what was done in it. Knows no document but by reference.

use std::fmt;
use std::sync::{Arc, Weak};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::document::Flow;
use super::node::StepType;
use crate::bounds::{FLOW_STEPS, FLOW_VISITS};
use crate::domain::authsignal::action::Known;
use crate::domain::authsignal::fact::NextFacts;
use crate::domain::authsignal::vocabulary::Method;

/// Where a run stands. Nodes are named by their place in the document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// At a step or at a screen.
    At(usize),
    /// It has ended in success.
    Complete,
    /// It has ended at a node that blocks.
    Block(usize),
    /// It can go no further, and why.
    Fault(String),
}

/// How a run came to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Way {
    /// It started there.
    Start,
    /// The rule of that place among those of the node before held.
    Rule(usize),
    /// No rule held, or no branch was that of the method.
    Else,
    /// The button of that place was pressed.
    Button(usize),
    /// The user took a step.
    Taken,
    /// The user declined a step, or could not take it.
    Declined,
    /// The node before leads there.
    Next,
}

/// A node that a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Visit {
    /// The node.
    pub node: usize,
    /// How the run came there.
    pub way: Way,
}

/// A step that was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CompletedStep {
    /// What it asked of the user.
    pub step: StepType,
    /// The method that the user used.
    pub method: Method,
    /// The authenticator that they used.
    pub authenticator_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A run of a flow. It belongs to an action.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Run {
    /// The document that it walks. The tenant keeps it, as long as there is room.
    #[serde(skip)]
    flow: Weak<Flow>,
    /// Where it stands.
    pub place: Place,
    /// The steps that were taken, in order.
    pub done: Vec<CompletedStep>,
    /// The nodes that it came to, the newest ones.
    pub visits: Vec<Visit>,
    /// The app client that a session is for.
    pub client_id: Option<String>,
    /// What the request that started it says.
    pub known: Known,
    /// Facts that were set for it.
    pub next: NextFacts,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("place", &self.place)
            .field("done", &self.done.len())
            .finish_non_exhaustive()
    }
}

impl Run {
    /// A run that stands nowhere yet.
    pub(super) fn new(
        flow: &Arc<Flow>,
        client_id: Option<String>,
        known: Known,
        next: NextFacts,
    ) -> Self {
        Self {
            flow: Arc::downgrade(flow),
            place: Place::At(flow.root),
            done: Vec::new(),
            visits: Vec::new(),
            client_id,
            known,
            next,
        }
    }

    /// The document that it walks, if the tenant still keeps it.
    pub fn flow(&self) -> Option<Arc<Flow>> {
        self.flow.upgrade()
    }

    /// Gives the run its document. A run from a file has none.
    pub fn walk(&mut self, flow: &Arc<Flow>) {
        self.flow = Arc::downgrade(flow);
    }

    /// The method that was used last.
    pub fn last(&self) -> Option<Method> {
        self.done.last().map(|step| step.method)
    }

    /// Goes where a walk stopped.
    pub(super) fn go(&mut self, place: Place, visits: Vec<Visit>) {
        self.visits.extend(visits);
        let over = self.visits.len().saturating_sub(FLOW_VISITS);
        self.visits.drain(..over);
        self.place = place;
        if self.done.len() >= FLOW_STEPS && matches!(self.place, Place::At(_)) {
            self.place = Place::Fault(format!(
                "the run has taken {FLOW_STEPS} steps, and the mock follows it no further"
            ));
        }
    }

    /// About how many bytes it takes.
    pub fn bytes(&self) -> usize {
        let fault = match &self.place {
            Place::Fault(why) => why.len(),
            _ => 0,
        };
        let steps = self.done.iter().map(|step| {
            size_of::<CompletedStep>() + step.authenticator_id.as_ref().map_or(0, String::len)
        });
        size_of::<Self>()
            + fault
            + steps.sum::<usize>()
            + self.visits.len() * size_of::<Visit>()
            + self.client_id.as_ref().map_or(0, String::len)
            + self.known.bytes()
            + self.next.bytes()
    }
}
