//! How a run came to where it stands, in words for developers. Knows no page.

use super::document::Flow;
use super::node::{Kind, Node};
use super::run::{Place, Run, Way};
use crate::bounds::{SHOWN_VALUE, cut};

/// How a run came to where it stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    /// The version of its document; none for the default flow.
    pub version: Option<u64>,
    /// The id of the node at which it waits.
    pub at: Option<String>,
    /// The nodes that it came to, the newest last.
    pub path: Vec<Stage>,
    /// Why it can go no further.
    pub fault: Option<String>,
}

/// A node that a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Its id.
    pub node_id: String,
    /// Its type.
    pub node_type: String,
    /// Its name.
    pub name: Option<String>,
    /// Why the run came there.
    pub because: String,
}

impl Run {
    /// How it came to where it stands.
    pub fn trail(&self) -> Trail {
        let fault = match &self.place {
            Place::Fault(why) => Some(why.clone()),
            _ => None,
        };
        let Some(flow) = self.flow() else {
            return Trail {
                fault,
                ..Trail::default()
            };
        };
        let at = match self.place {
            Place::At(index) => flow.nodes.get(index).map(|node| short(&node.id)),
            _ => None,
        };
        let mut before = None;
        let mut path = Vec::with_capacity(self.visits.len());
        for visit in &self.visits {
            let Some(node) = flow.nodes.get(visit.node) else {
                continue;
            };
            path.push(Stage {
                node_id: short(&node.id),
                node_type: short(node.kind.word()),
                name: node.name.as_deref().map(short),
                because: because(&flow, before, visit.way),
            });
            before = Some(node);
        }
        Trail {
            version: flow.version,
            at,
            path,
            fault,
        }
    }
}

/// As much of a text of a document as is shown.
fn short(text: &str) -> String {
    cut(text, SHOWN_VALUE).to_owned()
}

fn because(flow: &Flow, before: Option<&Node>, way: Way) -> String {
    let kind = before.map(|node| &node.kind);
    match (way, kind) {
        (Way::Start, _) => "the flow starts there".to_owned(),
        (Way::Rule(at), Some(Kind::Rule { pairs, .. })) => {
            let id = pairs.get(at).map_or("", |(id, _)| id.as_str());
            match flow.rules.get(id).filter(|rule| !rule.name.is_empty()) {
                Some(rule) => format!("rule {id} held ({})", short(&rule.name)),
                None => format!("rule {id} held"),
            }
        }
        (Way::Rule(_), _) => "a rule held".to_owned(),
        (Way::Else, Some(Kind::Branch { .. })) => "no branch is for the method".to_owned(),
        (Way::Else, _) => "no rule held".to_owned(),
        (Way::Button(at), Some(Kind::Screen { buttons, .. })) => {
            let key = buttons.get(at).map_or("", |(key, _)| key.as_str());
            format!("button {} was pressed", short(key))
        }
        (Way::Button(_), _) => "a button was pressed".to_owned(),
        (Way::Taken, _) => "the step before was taken".to_owned(),
        (Way::Declined, _) => "the step before was declined".to_owned(),
        (Way::Next, Some(Kind::Branch { .. })) => "the branch is for the method".to_owned(),
        (Way::Next, _) => "the node before leads there".to_owned(),
    }
}
