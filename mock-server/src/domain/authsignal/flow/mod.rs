//! Flows: actions whose steps a document describes. Knows no wire format.
//!
//! A flow document is a graph. A run of it is an action: it walks the graph to a step that the user takes, and on from
//! there once they have, until it ends. The steps are passed by the challenges and enrolments of every other action.
//!
//! | file | contents |
//! | --- | --- |
//! | `node` | one node of a document, and how it is read |
//! | `document` | a document, and what it must be |
//! | `published` | the documents of a tenant, their versions and their bounds |
//! | `walk` | from one node to the next stop, as a function |
//! | `run` | where one run stands, and what was done in it |
//! | `around` | what a walk looks at: the facts of its rules, and the methods of its user |
//! | `start` | starting a run |
//! | `progress` | a run goes on: a step was taken, a button pressed, an enrolment declined |
//! | `page` | where a run stops, as a page shows it |
//! | `trail` | how a run came to where it stands, in words |
//! | `steps` | the steps of a client, and the check of a server |
//!
//! The first five know nothing of [`Authsignal`](super::Authsignal).

mod around;
mod document;
mod node;
mod page;
mod progress;
mod published;
mod run;
mod start;
mod steps;
mod trail;
mod walk;

pub use document::{Flow, FlowRuleText, FlowText};
pub use node::StepType;
pub use page::Stop;
pub use published::{Flows, PublishFault};
pub use run::{Place, Run};
pub use start::{FlowToStart, UserOfFlow};
pub use steps::{FlowState, Standing};
