//! One node of a flow document, and how it is read. Knows no other node but by its place.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::authsignal::vocabulary::{Method, Named};

/// What a step asks of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum StepType {
    /// To verify with an authenticator that they have.
    VerificationRequired,
    /// To enrol one.
    EnrollmentRequired,
    /// To enrol one, or to leave it.
    EnrollmentOptional,
}

impl StepType {
    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::VerificationRequired => "VERIFICATION_REQUIRED",
            Self::EnrollmentRequired => "ENROLLMENT_REQUIRED",
            Self::EnrollmentOptional => "ENROLLMENT_OPTIONAL",
        }
    }

    /// Whether the user enrols an authenticator.
    pub fn enrolls(self) -> bool {
        self != Self::VerificationRequired
    }
}

/// A node.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: Option<String>,
    /// What it does.
    pub kind: Kind,
}

/// What a node does. Other nodes are named by their place in the document.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Goes on by the first rule whose conditions hold.
    Rule {
        /// Rules, and where they lead.
        pairs: Vec<(String, usize)>,
        /// Where it leads if none holds.
        otherwise: Option<usize>,
    },
    /// Waits for the user.
    Step {
        /// What it asks of them.
        step: StepType,
        /// Methods that it takes.
        methods: Vec<Method>,
        /// Where it leads.
        next: Option<usize>,
    },
    /// Goes on by the method that was used last.
    Branch {
        /// Methods, and where they lead.
        pairs: Vec<(String, usize)>,
        /// Where it leads after another method.
        otherwise: Option<usize>,
    },
    /// Shows a text with buttons, on a page.
    Screen {
        /// Title and text, as the page shows them.
        content: Screen,
        /// Buttons, and where they lead.
        buttons: Vec<(String, usize)>,
        /// Where it leads without a button.
        next: Option<usize>,
    },
    /// Ends in failure.
    Block,
    /// Ends in success.
    Complete,
    /// Something that the mock does not know. It goes on.
    Other {
        /// The type of the node.
        word: String,
        /// Where it leads.
        next: Option<usize>,
    },
}

/// What a screen shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Screen {
    /// Its title.
    pub title: Option<String>,
    /// The texts of its blocks, in order.
    pub texts: Vec<String>,
    /// What its buttons say, by key.
    pub labels: Vec<(String, String)>,
}

/// Types of nodes, as the vendor names them.
const RULE: &str = "RULE";
const VERIFICATION: &str = "VERIFICATION";
const ENROLLMENT: &str = "ENROLLMENT";
const BRANCH: &str = "VERIFICATION_METHOD_BRANCH";
const SCREEN: &str = "CUSTOM_SCREEN";
const BLOCK: &str = "BLOCK";
const COMPLETE: &str = "COMPLETE";

impl Kind {
    /// The vendor's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Rule { .. } => RULE,
            Self::Step { step, .. } if step.enrolls() => ENROLLMENT,
            Self::Step { .. } => VERIFICATION,
            Self::Branch { .. } => BRANCH,
            Self::Screen { .. } => SCREEN,
            Self::Block => BLOCK,
            Self::Complete => COMPLETE,
            Self::Other { word, .. } => word,
        }
    }
}

/// The places of nodes, by id.
pub(super) type Places<'a> = HashMap<&'a str, usize>;

/// A node as it is read.
pub(super) struct Reading<'a> {
    members: &'a Map<String, Value>,
    places: &'a Places<'a>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(members: &'a Map<String, Value>, places: &'a Places<'a>) -> Self {
        Self { members, places }
    }

    /// The node.
    ///
    /// # Errors
    /// A member is missing or wrong.
    pub(super) fn node(&self) -> Result<Node, String> {
        let id = filled(self.members, "nodeId")?.to_owned();
        let name = self.members.get("name").and_then(Value::as_str);
        Ok(Node {
            id,
            name: name.map(str::to_owned),
            kind: self.kind()?,
        })
    }

    /// Whether no other node leads to it.
    pub(super) fn is_root(&self) -> bool {
        let parents = self.members.get("parentNodeIds").and_then(Value::as_array);
        parents.is_none_or(Vec::is_empty)
    }

    fn kind(&self) -> Result<Kind, String> {
        // Every pointer must lead somewhere, on nodes that do not use it, too.
        let [rules, methods, buttons] = [
            "ruleChildNodeIds",
            "verificationMethodChildNodeIds",
            "buttonChildNodeIds",
        ]
        .map(|member| self.pairs(member));
        let (rules, methods, buttons) = (rules?, methods?, buttons?);
        let (next, otherwise) = (
            self.pointer("childNodeId")?,
            self.pointer("elseChildNodeId")?,
        );
        Ok(match filled(self.members, "nodeType")? {
            RULE => Kind::Rule {
                pairs: rules.ok_or("ruleChildNodeIds is missing; a RULE node needs it")?,
                otherwise,
            },
            VERIFICATION => self.step(StepType::VerificationRequired, next)?,
            ENROLLMENT if self.flag("isOptional")? => {
                self.step(StepType::EnrollmentOptional, next)?
            }
            ENROLLMENT => self.step(StepType::EnrollmentRequired, next)?,
            BRANCH => Kind::Branch {
                pairs: methods.unwrap_or_default(),
                otherwise,
            },
            SCREEN => {
                let buttons = buttons.unwrap_or_default();
                let content = self.members.get("content");
                Kind::Screen {
                    content: content.map_or_else(Screen::default, |own| screen(own, &buttons)),
                    buttons,
                    next,
                }
            }
            BLOCK => Kind::Block,
            COMPLETE => Kind::Complete,
            word => Kind::Other {
                word: word.to_owned(),
                next,
            },
        })
    }

    fn step(&self, step: StepType, next: Option<usize>) -> Result<Kind, String> {
        let configured = match self.members.get("methodConfigurations") {
            None | Some(Value::Null) => {
                return Ok(Kind::Step {
                    step,
                    methods: Vec::new(),
                    next,
                });
            }
            Some(Value::Object(configured)) => configured,
            Some(_) => return Err("methodConfigurations must be an object".to_owned()),
        };
        let mut methods = Vec::new();
        for (word, settings) in configured {
            let enabled = settings.get("isEnabled").and_then(Value::as_bool);
            if enabled != Some(true) {
                continue;
            }
            let named = Named::of_word(word).ok_or_else(|| not_enabled(word))?;
            // One that only the vendor has stays in the document, and the step does not offer it.
            methods.extend(named.here());
        }
        Ok(Kind::Step {
            step,
            methods,
            next,
        })
    }

    fn flag(&self, member: &str) -> Result<bool, String> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(format!("{member} must be true or false")),
        }
    }

    fn pointer(&self, member: &str) -> Result<Option<usize>, String> {
        match self.members.get(member) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(id)) => self.place(member, id).map(Some),
            Some(_) => Err(format!("{member} must be the id of a node")),
        }
    }

    fn pairs(&self, member: &str) -> Result<Option<Vec<(String, usize)>>, String> {
        let pairs = match self.members.get(member) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(pairs)) => pairs,
            Some(_) => return Err(format!("{member} must be a list")),
        };
        let read = pairs.iter().enumerate().map(|(index, pair)| {
            let pair = pair.as_array().map(Vec::as_slice);
            let Some([Value::String(key), Value::String(id)]) = pair else {
                return Err(format!(
                    "{member}[{index}] must be a list of two texts: a key, and the id of a node"
                ));
            };
            Ok((key.clone(), self.place(member, id)?))
        });
        read.collect::<Result<_, _>>().map(Some)
    }

    fn place(&self, member: &str, id: &str) -> Result<usize, String> {
        let place = self.places.get(id).copied();
        place.ok_or_else(|| format!("{member} names the node {id}, and there is none"))
    }
}

/// That the tenant does not offer a method.
pub(super) fn not_enabled(word: &str) -> String {
    format!(
        "{word} is not an enabled verification method; enable it, or set its isEnabled to false"
    )
}

/// A text that must be there.
pub(super) fn filled<'a>(members: &'a Map<String, Value>, member: &str) -> Result<&'a str, String> {
    let text = members.get(member).and_then(Value::as_str);
    text.filter(|text| !text.is_empty())
        .ok_or_else(|| format!("{member} must be a text that is not empty"))
}

/// The title and the texts of a screen. The vendor's blocks are known from examples alone, so this takes every text that a
/// block holds under one of these names; that of a block with the key of a button is what the button says.
fn screen(content: &Value, buttons: &[(String, usize)]) -> Screen {
    const TEXTS: [&str; 4] = ["title", "text", "content", "label"];
    let mut screen = Screen {
        title: content.get("title").and_then(localized),
        ..Screen::default()
    };
    let blocks = content.get("blocks").and_then(Value::as_array);
    for block in blocks.into_iter().flatten() {
        let mut texts: Vec<String> = TEXTS
            .iter()
            .filter_map(|name| block.get(name).and_then(localized))
            .collect();
        let holds = |key: &str| {
            let mut members = block.as_object().into_iter().flatten();
            members.any(|(_, value)| value.as_str() == Some(key))
        };
        match buttons.iter().find(|(key, _)| holds(key)) {
            Some((key, _)) => screen
                .labels
                .extend(texts.pop().map(|text| (key.clone(), text))),
            None => screen.texts.append(&mut texts),
        }
    }
    screen
}

/// A text, or that of English or else the first of a text by locale.
fn localized(text: &Value) -> Option<String> {
    let text = match text {
        Value::Object(by_locale) => by_locale.get("en").or_else(|| by_locale.values().next())?,
        other => other,
    };
    text.as_str().map(str::to_owned)
}
