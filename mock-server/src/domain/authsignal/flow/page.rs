//! Where a run stops, as a page shows it. Knows no markup.

use super::node::{Kind, StepType};
use super::run::Place;
use super::walk::Around as _;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::factor::Bearer;
use crate::domain::authsignal::vocabulary::Method;

/// What a screen says that has no title.
const TITLE: &str = "Before you go on";
/// What the button of a screen says that has none.
const BUTTON: &str = "Continue";

/// Where a run stops.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// At a step.
    Step {
        /// What it asks of the user.
        step: StepType,
        /// The methods that the user can take.
        methods: Vec<Method>,
    },
    /// At a screen.
    Screen(ShownScreen),
    /// It has ended, or can go no further.
    Over,
}

/// A screen as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownScreen {
    /// Its title.
    pub title: String,
    /// Its texts, in order.
    pub texts: Vec<String>,
    /// The keys of its buttons, and what they say.
    pub buttons: Vec<(String, String)>,
}

impl Authsignal {
    /// Where the run of a token stops, if the token is of a flow.
    pub fn flow_stop(&self, bearer: &Bearer) -> Option<Stop> {
        let (user_id, code, key) = (&bearer.user_id, &bearer.action, &bearer.key);
        let run = self.run(user_id, code, key)?;
        let Place::At(index) = run.place else {
            return Some(Stop::Over);
        };
        let Some(flow) = run.flow() else {
            return Some(Stop::Over);
        };
        let kind = flow.nodes.get(index).map(|node| &node.kind);
        Some(match kind {
            Some(Kind::Screen {
                content, buttons, ..
            }) => {
                let label = |key: &String| {
                    let mut labels = content.labels.iter();
                    let label = labels.find(|(other, _)| other == key);
                    label.map_or(key, |(_, label)| label).clone()
                };
                let mut buttons: Vec<_> = buttons
                    .iter()
                    .map(|(key, _)| (key.clone(), label(key)))
                    .collect();
                if buttons.is_empty() {
                    buttons.push((String::new(), BUTTON.to_owned()));
                }
                Stop::Screen(ShownScreen {
                    title: content.title.clone().unwrap_or_else(|| TITLE.to_owned()),
                    texts: content.texts.clone(),
                    buttons,
                })
            }
            Some(Kind::Step { step, methods, .. }) => {
                let around = self.around(user_id, code, &flow, run, run.last());
                let (step, methods) = (*step, around.offered(*step, methods));
                if methods.is_empty() && step != StepType::EnrollmentOptional {
                    Stop::Over
                } else {
                    Stop::Step { step, methods }
                }
            }
            _ => Stop::Over,
        })
    }
}
