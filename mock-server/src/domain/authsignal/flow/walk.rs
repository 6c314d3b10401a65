//! The walk: from one node to the next stop. A pure function of the document and of what it looks at.

use super::document::Flow;
use super::node::{Kind, StepType};
use super::run::{Place, Visit, Way};
use crate::domain::authsignal::vocabulary::Method;

/// What a walk looks at.
pub(super) trait Around {
    /// Whether the conditions of a rule hold.
    fn holds(&self, rule: &str) -> bool;
    /// The methods of a step that its user can take.
    fn offered(&self, step: StepType, methods: &[Method]) -> Vec<Method>;
    /// The method that was used last.
    fn last(&self) -> Option<Method>;
}

/// What a walk does at a screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Screens {
    /// It stops there: a page shows it.
    Stop,
    /// It takes the first button: no operation has a place for a screen.
    Pass,
}

/// Walks on from a node, `way` being how it got there. Returns where it stops, and how it got there.
pub(super) fn walk(
    flow: &Flow,
    from: Option<usize>,
    way: Way,
    around: &impl Around,
    screens: Screens,
) -> (Place, Vec<Visit>) {
    let (mut at, mut way) = (from, way);
    let mut visits = Vec::new();
    let mut last = None;
    // A walk that meets more nodes than there are goes in a circle.
    for _ in 0..=flow.nodes.len() {
        let Some((index, node)) = at.and_then(|at| Some((at, flow.nodes.get(at)?))) else {
            return (Place::Fault(leads_nowhere(flow, last)), visits);
        };
        visits.push(Visit { node: index, way });
        last = Some(index);
        (at, way) = match &node.kind {
            Kind::Complete => return (Place::Complete, visits),
            Kind::Block => return (Place::Block(index), visits),
            Kind::Step {
                step,
                methods,
                next,
            } => match around.offered(*step, methods).is_empty() {
                false => return (Place::At(index), visits),
                // There is nothing to enrol, so there is nothing to decline.
                true if *step == StepType::EnrollmentOptional => (*next, Way::Declined),
                true => return (Place::Fault(offers_nothing(&node.id, *step)), visits),
            },
            Kind::Screen { .. } if screens == Screens::Stop => return (Place::At(index), visits),
            Kind::Screen { buttons, next, .. } => match buttons.first() {
                Some((_, to)) => (Some(*to), Way::Button(0)),
                None => (*next, Way::Next),
            },
            Kind::Rule { pairs, otherwise } => {
                let found = pairs.iter().position(|(rule, _)| around.holds(rule));
                match found.and_then(|at| Some((at, pairs.get(at)?))) {
                    Some((at, (_, to))) => (Some(*to), Way::Rule(at)),
                    None => (*otherwise, Way::Else),
                }
            }
            Kind::Branch { pairs, otherwise } => {
                let used = around.last().map(Method::word);
                let found = pairs.iter().find(|(word, _)| used == Some(word.as_str()));
                match found {
                    Some((_, to)) => (Some(*to), Way::Next),
                    None => (*otherwise, Way::Else),
                }
            }
            Kind::Other { next, .. } => (*next, Way::Next),
        };
    }
    let why = "the flow goes in a circle without a step".to_owned();
    (Place::Fault(why), visits)
}

/// Where a run stands for a caller that sees no screens. A step whose methods are all gone since the run came to it does not
/// hold it up: it fails, or skips what is optional, as if it came there now.
pub(super) fn beyond_screens(flow: &Flow, place: &Place, around: &impl Around) -> Place {
    let Place::At(index) = place else {
        return place.clone();
    };
    let goes_on = match flow.nodes.get(*index).map(|node| &node.kind) {
        Some(Kind::Screen { .. }) => true,
        Some(Kind::Step { step, methods, .. }) => around.offered(*step, methods).is_empty(),
        _ => false,
    };
    if goes_on {
        walk(flow, Some(*index), Way::Start, around, Screens::Pass).0
    } else {
        place.clone()
    }
}

fn leads_nowhere(flow: &Flow, last: Option<usize>) -> String {
    match last.and_then(|last| flow.nodes.get(last)) {
        Some(node) => format!(
            "node {} ({}) leads nowhere; give it the id of the node that follows",
            node.id,
            node.kind.word()
        ),
        None => "the flow has no first node".to_owned(),
    }
}

fn offers_nothing(id: &str, step: StepType) -> String {
    match step {
        StepType::VerificationRequired => format!(
            "the user has no authenticator of the methods of node {id}, and the application has named no address for them"
        ),
        _ => format!("the tenant has enabled none of the methods of node {id}"),
    }
}

#[cfg(test)]
mod tests;
