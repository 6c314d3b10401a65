//! Steps as a file has them: JSON lines, a request each with the answer that is expected. Sends nothing.
//!
//! In texts, `${prefix}` stands for what every user id begins with, and `${2/token}` for the member `token` of the answer to
//! the second step of the same case. `${credential-3}` is the id of a passkey, which no two runs share. `$${` is `${`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context as _, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::operations::{self, MANAGEMENT};
use crate::domain::links;
use crate::http::surface::Operation;

/// The first line of a file.
const HEAD: &str = "stepupExchanges";
/// The version of the format.
const VERSION: u64 = 1;
/// What stands for the beginning of each user id.
pub const PREFIX: &str = "${prefix}";
/// Numbers that nobody has: Ofcom keeps them for drama.
pub(super) const PHONE_NUMBERS: &str = "+447700900";
/// How the name begins of what stands for the id of a passkey.
const CREDENTIAL: &str = "credential-";
/// How a text begins that stands for a value.
const OPENED: &str = "${";

/// Operations that create a user whose id nobody chooses. Nothing could find such a user again to delete it.
const CREATES_UNNAMED: [&str; 1] = ["login_with_email"];
/// Operations that send a message to somebody, which costs, or may.
const SENDS_MESSAGES: [&str; 16] = [
    "challenge",
    "challenge_email_magic_link",
    "challenge_email_otp",
    "challenge_flow_email_otp",
    "challenge_flow_sms",
    "challenge_flow_whatsapp",
    "challenge_push",
    "challenge_sms",
    "challenge_whatsapp",
    "enroll_email_magic_link",
    "enroll_email_otp",
    "enroll_sms",
    "start_call",
    "start_challenge",
    "start_challenge_web",
    "start_flow",
];

/// Why an operation is never replayed.
pub(super) fn objection(api: &str, operation: &Operation) -> Option<&'static str> {
    if api == MANAGEMENT && operation.changes {
        Some(
            "it changes the tenant, and only requests of the Management API that read are replayed",
        )
    } else if CREATES_UNNAMED.contains(&operation.id) {
        Some(
            "it creates a user with an id that the server chooses, so that user could not be deleted again",
        )
    } else if SENDS_MESSAGES.contains(&operation.id) {
        Some("it sends a message")
    } else {
        None
    }
}

/// A request, and the answer that is expected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// The case that it belongs to. The steps of a case follow one another.
    pub case: String,
    /// Name of the spec.
    pub api: String,
    /// Operation of the spec.
    pub operation: String,
    /// Values of the parameters in the path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub path: BTreeMap<String, String>,
    /// Values of the query parameters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Body of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// How the request is admitted.
    #[serde(default, skip_serializing_if = "Credentials::are_plain")]
    pub credentials: Credentials,
    /// Status of the answer.
    pub status: u16,
    /// The body of the answer, without its values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<Value>,
}

/// How a request is admitted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credentials {
    /// By the API secret, or, at the Management API, by the management secret.
    #[default]
    Secret,
    /// Not at all: by a secret that is nobody's.
    Wrong,
    /// Not at all: there are none.
    None,
    /// By the token of an earlier answer.
    Token(String),
}

impl Credentials {
    fn are_plain(&self) -> bool {
        *self == Self::Secret
    }
}

/// The name of the only case of a recording.
pub(super) const RECORDED: &str = "recorded";

/// The steps of a case, in their order.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) steps: Vec<Step>,
}

impl Case {
    /// The operation that the case is about: that of its last step.
    pub(super) fn operation(&self) -> (&str, &str) {
        let last = self.steps.last();
        last.map_or(("", ""), |step| (&step.api, &step.operation))
    }

    /// The ids of the users that its requests name, with the prefix.
    pub(super) fn users(&self, prefix: &str) -> BTreeSet<String> {
        let users = self.steps.iter().flat_map(Step::users);
        users.map(|id| id.replace(PREFIX, prefix)).collect()
    }

    /// Whether it is what `proxy` has recorded, in which each request is an exchange of its own.
    pub(super) fn is_recording(&self) -> bool {
        self.name == RECORDED
    }

    /// Whether all its steps are of the Management API.
    pub(super) fn is_of_management(&self) -> bool {
        self.steps.iter().any(|step| step.api == MANAGEMENT)
    }
}

impl Step {
    /// The operation.
    pub(super) fn spec(&self) -> Option<&'static Operation> {
        operations::named(&self.api, &self.operation)
    }

    /// The user ids of its request, as the file has them.
    fn users(&self) -> Vec<&str> {
        let mut users: Vec<&str> = self
            .path
            .get("userId")
            .into_iter()
            .map(String::as_str)
            .collect();
        if let Some(body) = &self.body {
            user_ids(body, &mut users);
        }
        users
    }

    /// Whether its body has an address or a number that can be somebody's.
    fn names_somebody(&self) -> bool {
        let mut named = Vec::new();
        if let Some(body) = &self.body {
            contacts(body, &mut named);
        }
        let is_nobodys = |(name, text): &(&str, &str)| match *name {
            _ if text.is_empty() || text.starts_with("${") && text.ends_with('}') => true,
            "phoneNumber" => text.starts_with(PHONE_NUMBERS),
            _ => !text.contains('@') || text.to_lowercase().ends_with("@example.com"),
        };
        !named.iter().all(is_nobodys)
    }

    /// What is wrong with it as step `number` of its case, for the author of the file.
    fn fault(&self, number: usize) -> Option<String> {
        let Some(operation) = self.spec() else {
            return Some(format!(
                "no spec has an operation {} {}",
                self.api, self.operation
            ));
        };
        if let Some(objection) = objection(&self.api, operation) {
            return Some(format!("{} is not replayed: {objection}", self.operation));
        }
        let wanted: BTreeSet<_> = operation
            .path_parameters
            .iter()
            .map(|(name, _)| *name)
            .collect();
        if wanted != self.path.keys().map(String::as_str).collect() {
            let wanted = wanted.into_iter().collect::<Vec<_>>().join(", ");
            return Some(format!("its path needs values of: {wanted}"));
        }
        let stranger = |id: &&str| !id.starts_with(PREFIX);
        if self.users().iter().any(stranger) {
            return Some(format!("each user id must begin with {PREFIX}"));
        }
        if self.names_somebody() {
            return Some(
                "it may enrol only addresses of example.com and numbers that begin with +447700900, because others belong to somebody"
                    .to_owned(),
            );
        }
        let mut texts: Vec<&str> = self
            .path
            .values()
            .chain(self.query.values())
            .map(String::as_str)
            .collect();
        if let Credentials::Token(token) = &self.credentials {
            texts.push(token);
        }
        if let Some(body) = &self.body {
            strings(body, &mut texts);
        }
        texts.into_iter().find_map(|text| {
            let placeholders = placeholders(text).err();
            placeholders.or_else(|| {
                let refers = |name: &&str| {
                    *name != "prefix" && !is_credential(name) && !is_earlier(name, number)
                };
                let wrong = self::placeholders(text).ok()?.into_iter().find(refers)?;
                Some(format!("${{{wrong}}} is neither ${{prefix}} nor the number of an earlier step with a JSON pointer"))
            })
        })
    }

    /// The target of its request.
    ///
    /// # Errors
    ///
    /// An earlier answer lacks a value.
    pub(super) fn target(
        &self,
        operation: &Operation,
        values: &Values<'_>,
    ) -> Result<String, String> {
        let filled = operation.path.split('/').filter_map(|segment| {
            let name = segment.strip_prefix('{')?.strip_suffix('}')?;
            Some(values.fill(self.path.get(name).map_or("", String::as_str)))
        });
        let filled: Vec<String> = filled.collect::<Result<_, _>>()?;
        let filled: Vec<&str> = filled.iter().map(String::as_str).collect();
        let mut target = links::url("", operation.path, &filled);
        let pairs = self
            .query
            .iter()
            .map(|(name, value)| Ok((name, values.fill(value)?)));
        let pairs: Vec<_> = pairs.collect::<Result<_, String>>()?;
        if !pairs.is_empty() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.extend_pairs(pairs);
            let _ = write!(target, "?{}", query.finish());
        }
        Ok(target)
    }

    /// Its body.
    ///
    /// # Errors
    ///
    /// An earlier answer lacks a value.
    pub(super) fn filled_body(&self, values: &Values<'_>) -> Result<Option<Value>, String> {
        self.body
            .as_ref()
            .map(|body| values.fill_all(body))
            .transpose()
    }
}

/// What a run gives for the placeholders of a case.
#[derive(Debug)]
pub(super) struct Values<'a> {
    pub(super) prefix: &'a str,
    /// The bodies of the answers to the steps so far.
    pub(super) answers: Vec<Option<Value>>,
}

impl Values<'_> {
    /// A text with the values for its placeholders.
    ///
    /// # Errors
    ///
    /// An earlier answer lacks a value.
    pub(super) fn fill(&self, text: &str) -> Result<String, String> {
        let (mut filled, mut rest) = (String::new(), text);
        while let Some((before, after)) = rest.split_once(OPENED) {
            if let Some(before) = before.strip_suffix('$') {
                filled.push_str(before);
                filled.push_str(OPENED);
                rest = after;
                continue;
            }
            filled.push_str(before);
            let (name, after) = after.split_once('}').ok_or("a placeholder has no end")?;
            filled.push_str(&self.value(name)?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn value(&self, name: &str) -> Result<String, String> {
        if name == "prefix" {
            return Ok(self.prefix.to_owned());
        }
        if is_credential(name) {
            return Ok(URL_SAFE_NO_PAD.encode(format!("{}{name}", self.prefix)));
        }
        let missing = || format!("no earlier answer has ${{{name}}}");
        let at = name.find('/').unwrap_or(name.len());
        let (number, pointer) = name.split_at(at);
        let step = number
            .parse::<usize>()
            .ok()
            .and_then(|number| number.checked_sub(1));
        let answer = step.and_then(|step| self.answers.get(step)?.as_ref());
        match answer.and_then(|answer| answer.pointer(pointer)) {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(Value::Null) | None => Err(missing()),
            Some(other) => Ok(other.to_string()),
        }
    }

    fn fill_all(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.fill(text)?.into(),
            Value::Array(elements) => {
                let elements = elements.iter().map(|element| self.fill_all(element));
                Value::Array(elements.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members = members.iter().map(|(name, member)| {
                    let member = self.fill_all(member)?;
                    Ok((name.clone(), member))
                });
                Value::Object(members.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }
}

/// What stands for the id of a passkey.
pub(super) fn credential(number: usize) -> String {
    format!("${{{CREDENTIAL}{number}}}")
}

fn is_credential(name: &str) -> bool {
    let number = name.strip_prefix(CREDENTIAL);
    number.is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// A text in which nothing is a placeholder.
pub(super) fn escaped(text: &str) -> String {
    text.replace(OPENED, "$${")
}

/// The names of the placeholders of a text.
fn placeholders(text: &str) -> Result<Vec<&str>, String> {
    let (mut names, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once(OPENED) {
        if before.ends_with('$') {
            rest = after;
            continue;
        }
        let (name, after) = after
            .split_once('}')
            .ok_or("a placeholder has no end; write $${ for the text ${")?;
        names.push(name);
        rest = after;
    }
    Ok(names)
}

/// Whether a placeholder names a step before this one.
fn is_earlier(name: &str, number: usize) -> bool {
    let at = name.find('/').unwrap_or(name.len());
    let (step, _) = name.split_at(at);
    step.parse::<usize>()
        .is_ok_and(|step| step > 0 && step < number)
}

fn user_ids<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| user_ids(element, into)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(id) if name == "userId" => into.push(id),
                    other => user_ids(other, into),
                }
            }
        }
        _ => {}
    }
}

/// The members that name an address or a number.
fn contacts<'a>(value: &'a Value, into: &mut Vec<(&'a str, &'a str)>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| contacts(element, into)),
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if matches!(name.as_str(), "email" | "phoneNumber") => {
                        into.push((name.as_str(), text.as_str()));
                    }
                    other => contacts(other, into),
                }
            }
        }
        _ => {}
    }
}

fn strings<'a>(value: &'a Value, into: &mut Vec<&'a str>) {
    match value {
        Value::String(text) => into.push(text),
        Value::Array(elements) => elements.iter().for_each(|element| strings(element, into)),
        Value::Object(members) => members.values().for_each(|member| strings(member, into)),
        _ => {}
    }
}

/// The first line of a file, with its end.
pub fn head() -> String {
    format!("{}\n", json!({HEAD: VERSION}))
}

/// A step as a line, with its end.
pub fn line(step: &Step) -> String {
    let line = serde_json::to_string(step).unwrap_or_default();
    format!("{line}\n")
}

/// The cases of a file.
///
/// # Errors
///
/// A line is none of the format, or its request is not one that `verify` sends.
pub(super) fn read(text: &str) -> anyhow::Result<Vec<Case>> {
    let mut lines = text.lines().enumerate();
    let head = lines.next().map(|(_, line)| line).unwrap_or_default();
    let head: Value = serde_json::from_str(head).unwrap_or_default();
    let version = &head[HEAD];
    ensure!(
        *version == VERSION,
        "line 1: a file of exchanges begins with {}; `stepup-mock proxy --record FILE` writes one",
        json!({HEAD: VERSION})
    );
    let mut cases: Vec<Case> = Vec::new();
    for (at, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        let place = || format!("line {}", at + 1);
        let step: Step = serde_json::from_str(line).with_context(place)?;
        let begins = cases.last().is_none_or(|case| case.name != step.case);
        if begins {
            cases.push(Case {
                name: step.case.clone(),
                steps: Vec::new(),
            });
        }
        let Some(case) = cases.last_mut() else {
            continue;
        };
        if let Some(fault) = step.fault(case.steps.len() + 1) {
            anyhow::bail!("{}: {fault}", place());
        }
        case.steps.push(step);
    }
    Ok(cases)
}
