//! How an answer differs from what its spec says, and from the answer that a step expects. Knows no operation.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use serde_json::{Map, Value};

use super::shape;
use crate::http::is_secret;
use crate::http::surface::{Operation, Schema, brief, kind_of};
use crate::likeness::nearest;
use crate::lookalike::told_apart;
use crate::runtime::journal::without_tokens;

/// An answer, as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: Vec<u8>,
    /// Whether the body is compressed, and cannot be looked at.
    pub(super) is_encoded: bool,
    /// Where a redirect leads.
    pub(super) leads_to: Option<String>,
}

/// The answer that a step expects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected<'a> {
    pub(super) status: u16,
    pub(super) shape: Option<&'a Value>,
}

/// Where an answer differs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Status,
    ContentType,
    /// A JSON pointer into the body.
    Body(String),
    /// One into the body of the request.
    Request(String),
}

impl Place {
    /// The name of the part of the message.
    pub(super) fn part(&self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::ContentType => "header content-type",
            Self::Body(_) => "body",
            Self::Request(_) => "request",
        }
    }

    /// The JSON pointer, for a place in a body.
    pub(super) fn pointer(&self) -> Option<&str> {
        match self {
            Self::Body(pointer) | Self::Request(pointer) => Some(pointer),
            Self::Status | Self::ContentType => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.part())?;
        match self.pointer() {
            Some(pointer) if !pointer.is_empty() => write!(f, " {pointer}"),
            _ => Ok(()),
        }
    }
}

/// Of what kind a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Status,
    UnknownStatus,
    ContentType,
    NoBody,
    AnyBody,
    NotJson,
    Renamed,
    Unknown,
    Missing,
    Null,
    Type,
    Enum,
    Format,
    Rule,
    NoAnswer,
    UnknownOperation,
}

impl Kind {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Status => "other status",
            Self::UnknownStatus => "unknown status",
            Self::ContentType => "other content type",
            Self::NoBody => "no body",
            Self::AnyBody => "unexpected body",
            Self::NotJson => "not JSON",
            Self::Renamed => "renamed member",
            Self::Unknown => "unknown member",
            Self::Missing => "missing member",
            Self::Null => "null",
            Self::Type => "other type",
            Self::Enum => "unknown value",
            Self::Format => "other format",
            Self::Rule => "broken rule",
            Self::NoAnswer => "no answer",
            Self::UnknownOperation => "unknown operation",
        }
    }
}

/// A difference.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Drift {
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) expected: String,
    pub(super) found: String,
}

impl Drift {
    fn new(
        place: Place,
        kind: Kind,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        Self {
            place,
            kind,
            expected: expected.into(),
            found: found.into(),
        }
    }

    /// An answer that never came.
    pub(super) fn no_answer(status: u16, why: String) -> Self {
        Self::new(Place::Status, Kind::NoAnswer, status.to_string(), why)
    }

    /// A request that no operation is for.
    pub(super) fn unknown_operation(request: String) -> Self {
        let expected = "an operation of the specs";
        Self::new(
            Place::Request(String::new()),
            Kind::UnknownOperation,
            expected,
            request,
        )
    }
}

/// How an answer differs from the spec of its operation, and from the expected answer if there is one.
pub(super) fn answer(
    operation: &Operation,
    expected: Option<Expected<'_>>,
    answer: &Answer,
) -> Vec<Drift> {
    let is_known = operation.statuses.contains(&answer.status);
    let statuses = || {
        let all: Vec<_> = operation.statuses.iter().map(u16::to_string).collect();
        format!("one of {}", all.join(", "))
    };
    let mut found = answer.status.to_string();
    if let Some(place) = &answer.leads_to {
        found = format!("{found}, which leads to {}", brief(place));
    }
    let mut drifts = Vec::new();
    match expected {
        _ if !is_known => {
            let wanted = expected.map_or_else(statuses, |expected| expected.status.to_string());
            let drift = Drift::new(Place::Status, Kind::UnknownStatus, wanted, found);
            // What the body would have to be is unknown, too.
            return vec![drift];
        }
        Some(expected) if expected.status != answer.status => {
            let wanted = expected.status.to_string();
            drifts.push(Drift::new(Place::Status, Kind::Status, wanted, found));
        }
        _ => {}
    }
    let mut schemas = operation.answers.iter();
    let schema = schemas.find(|(status, _)| *status == answer.status);
    let expected = expected.filter(|expected| expected.status == answer.status);
    let shape = expected.and_then(|expected| expected.shape);
    body(
        schema.map(|(_, schema)| *schema),
        shape,
        answer,
        &mut drifts,
    );
    drifts
}

fn body(schema: Option<&Schema>, shape: Option<&Value>, answer: &Answer, into: &mut Vec<Drift>) {
    let whole = |kind, expected: &str, found: String| {
        Drift::new(Place::Body(String::new()), kind, expected, found)
    };
    let length = match answer.body.len() {
        0 => "no body".to_owned(),
        1 => "1 byte".to_owned(),
        length => format!("{length} bytes"),
    };
    let Some(schema) = schema else {
        if !answer.body.is_empty() {
            into.push(whole(Kind::AnyBody, "no body", length));
        }
        return;
    };
    if answer.body.is_empty() {
        into.push(whole(Kind::NoBody, "JSON", length));
        return;
    }
    if answer.is_encoded {
        let wanted = "JSON that is not compressed, as the request asks";
        into.push(whole(
            Kind::NotJson,
            wanted,
            format!("{length}, compressed"),
        ));
        return;
    }
    let media_type = answer.content_type.as_deref().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        let found = match media_type {
            "" => "none".to_owned(),
            other => brief(other).into_owned(),
        };
        let wanted = "application/json";
        into.push(Drift::new(
            Place::ContentType,
            Kind::ContentType,
            wanted,
            found,
        ));
    }
    match serde_json::from_slice(&answer.body) {
        Err(_) => into.push(whole(Kind::NotJson, "JSON", length)),
        Ok(value) => into.extend(json(schema, shape, &value, Place::Body)),
    }
}

/// How JSON differs from its schema and from a shape.
pub(super) fn json(
    schema: &Schema,
    shape: Option<&Value>,
    value: &Value,
    place: fn(String) -> Place,
) -> Vec<Drift> {
    let mut walk = Walk {
        root: schema.root(),
        place,
        found: Vec::new(),
        seen: HashSet::new(),
    };
    walk.value(schema.own(), shape, value, &At::default(), false);
    if walk.found.is_empty()
        && let Err(fault) = schema.check(value)
    {
        let at = fault.place.trim_start_matches("body").trim();
        let drift = Drift::new(
            place(at.to_owned()),
            Kind::Rule,
            "what the schema says",
            fault.reason,
        );
        walk.found.push(drift);
    }
    walk.found
}

/// The schema that a reference leads to, or the schema itself.
pub(super) fn resolved<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let mut schema = schema;
    // A document that is generated has no circle of references alone.
    while let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#'));
        schema = target.unwrap_or(&Value::Null);
    }
    schema
}

/// A place in a body: with the numbers of elements, and without, so that what all elements of a list have in common is
/// told once.
#[derive(Clone, Debug, Default)]
struct At {
    exact: String,
    general: String,
    /// The name of the last member.
    name: String,
}

impl At {
    fn member(&self, name: &str) -> Self {
        let part = brief(name).replace('~', "~0").replace('/', "~1");
        Self {
            exact: format!("{}/{part}", self.exact),
            general: format!("{}/{part}", self.general),
            name: name.to_owned(),
        }
    }

    fn element(&self, index: usize) -> Self {
        Self {
            exact: format!("{}/{index}", self.exact),
            general: format!("{}/*", self.general),
            name: self.name.clone(),
        }
    }
}

/// One walk through a body.
struct Walk {
    root: &'static Value,
    place: fn(String) -> Place,
    found: Vec<Drift>,
    seen: HashSet<(String, Kind)>,
}

impl Walk {
    fn add(&mut self, at: &At, kind: Kind, expected: impl Into<String>, found: impl Into<String>) {
        if self.seen.insert((at.general.clone(), kind)) {
            let place = (self.place)(at.exact.clone());
            self.found.push(Drift::new(place, kind, expected, found));
        }
    }

    fn value(
        &mut self,
        schema: &Value,
        shape: Option<&Value>,
        found: &Value,
        at: &At,
        is_optional: bool,
    ) {
        let root = self.root;
        let schema = resolved(root, schema);
        let types = types(schema);
        if !types.is_empty() && !types.iter().any(|word| is_of(found, word)) {
            let kind = if found.is_null() {
                Kind::Null
            } else {
                Kind::Type
            };
            let mut expected = kinds(&types);
            if found.is_null() && is_optional {
                expected.push_str(", or no member");
            }
            self.add(at, kind, expected, kind_of(found));
            return;
        }
        match found {
            Value::Object(members) => self.members(schema, shape, members, at),
            Value::Array(elements) => {
                let shape = shape.and_then(|shape| shape.get(0));
                for (index, element) in elements.iter().enumerate() {
                    self.value(&schema["items"], shape, element, &at.element(index), false);
                }
            }
            Value::String(text) => self.text(schema, shape, text, at),
            _ => {}
        }
    }

    fn text(&mut self, schema: &Value, shape: Option<&Value>, found: &str, at: &At) {
        if let Some(words) = schema["enum"].as_array() {
            let words: Vec<_> = words.iter().filter_map(Value::as_str).collect();
            if !words.contains(&found) {
                let expected = format!("one of {}", words.join(", "));
                let told = words.iter().find_map(|word| told_apart(found, word));
                let found = told.as_ref().map_or(found, |(found, _)| found);
                self.add(at, Kind::Enum, expected, shown(found, &at.name));
            }
            return;
        }
        let wanted = shape.and_then(Value::as_str);
        let wanted = wanted.filter(|form| shape::is_form(form));
        let form = match wanted {
            Some(form) if shape::form(found) != form => form,
            None if schema["format"] == "date-time" && !shape::is_date_time(found) => "date-time",
            _ => return,
        };
        let expected = match form {
            "uuid" => "a UUID",
            "date-time" => "a date and time with an offset",
            "url" => "a URL",
            "token" => "a JSON Web Token",
            _ => return,
        };
        self.add(at, Kind::Format, expected, shown(found, &at.name));
    }

    fn members(
        &mut self,
        schema: &Value,
        shape: Option<&Value>,
        found: &Map<String, Value>,
        at: &At,
    ) {
        let no_members = Map::new();
        let Some(properties) = schema["properties"].as_object() else {
            // A map: each member has the same schema. One of free form has none.
            if schema["additionalProperties"].is_object() {
                for (name, member) in found {
                    let schema = &schema["additionalProperties"];
                    self.value(schema, None, member, &at.member(name), true);
                }
            }
            return;
        };
        let required = schema["required"].as_array().into_iter().flatten();
        let required: BTreeSet<_> = required.filter_map(Value::as_str).collect();
        let shapes = shape.and_then(Value::as_object).unwrap_or(&no_members);
        let wanted: BTreeSet<_> = shapes.keys().map(String::as_str).collect();
        let wanted = required.union(&wanted).copied();
        let mut missing: Vec<_> = wanted
            .filter(|name| properties.contains_key(*name) && !found.contains_key(*name))
            .collect();
        let is_free = schema["additionalProperties"] == true;
        let is_unknown = |name: &&String| !is_free && !properties.contains_key(*name);
        let mut unknown: Vec<_> = found
            .keys()
            .filter(is_unknown)
            .map(String::as_str)
            .collect();
        for (name, other) in self.renamed(&missing, &unknown, properties, found) {
            missing.retain(|one| *one != name);
            unknown.retain(|one| *one != other);
            let told = told_apart(&other, &name);
            let found = format!(
                "a member {}",
                brief(told.as_ref().map_or(&other, |(other, _)| other))
            );
            self.add(
                &at.member(&name),
                Kind::Renamed,
                format!("a member {name}"),
                found,
            );
        }
        for name in missing {
            let schema = resolved(self.root, &properties[name]);
            let why = if required.contains(name) {
                "which the spec requires"
            } else {
                "as in the exchange"
            };
            let expected = format!("{}, {why}", kinds(&types(schema)));
            self.add(&at.member(name), Kind::Missing, expected, "no member");
        }
        for name in unknown {
            let absent = properties
                .keys()
                .filter(|known| !found.contains_key(*known));
            let hint = nearest(name, absent.map(String::as_str));
            let hint = hint.map_or(String::new(), |hint| format!("; did it mean {hint}?"));
            let found = format!("{}{hint}", kind_of(&found[name]));
            self.add(&at.member(name), Kind::Unknown, "no such member", found);
        }
        for (name, member) in found {
            if let Some(schema) = properties.get(name) {
                let optional = !required.contains(name.as_str());
                self.value(schema, shapes.get(name), member, &at.member(name), optional);
            }
        }
    }

    /// Members that probably have another name now: a missing one with the unknown one that is most like it, or the only
    /// missing one with the only unknown one if that can be its value.
    fn renamed(
        &self,
        missing: &[&str],
        unknown: &[&str],
        properties: &Map<String, Value>,
        found: &Map<String, Value>,
    ) -> Vec<(String, String)> {
        let mut left = unknown.to_vec();
        let mut renamed = Vec::new();
        for name in missing {
            let fits = |other: &&str| {
                let types = types(resolved(self.root, &properties[*name]));
                types.is_empty() || types.iter().any(|word| is_of(&found[*other], word))
            };
            let like = nearest(name, left.iter().copied().filter(fits));
            let only = match (missing, unknown) {
                ([_], [other]) => Some(*other).filter(fits),
                _ => None,
            };
            if let Some(other) = like.or(only) {
                left.retain(|one| *one != other);
                renamed.push(((*name).to_owned(), other.to_owned()));
            }
        }
        renamed
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(word) => vec![word.as_str()],
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn is_of(value: &Value, word: &str) -> bool {
    match word {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

fn kinds(types: &[&str]) -> String {
    let words = types.iter().map(|word| match *word {
        "null" => "null",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        "string" => "a string",
        "array" => "an array",
        _ => "an object",
    });
    let words: Vec<_> = words.collect();
    if words.is_empty() {
        return "a value".to_owned();
    }
    words.join(" or ")
}

/// A text in quotes, unless its member is one that holds secrets.
fn shown(text: &str, member: &str) -> String {
    if is_secret(member) {
        return "another text".to_owned();
    }
    format!("\"{}\"", brief(&without_tokens(text)))
}

#[cfg(test)]
mod tests {
    use super::{Answer, answer};
    use crate::program::drift::operations::{SERVER, named};

    #[test]
    fn a_word_and_a_member_that_only_look_known_are_told_apart() {
        let operation = named(SERVER, "track").unwrap();
        let answered = |body: &str| Answer {
            status: 200,
            content_type: Some("application/json".to_owned()),
            body: body.as_bytes().to_vec(),
            ..Answer::default()
        };
        let found = |body: &str| -> Vec<String> {
            let drifts = answer(operation, None, &answered(body));
            drifts.into_iter().map(|drift| drift.found).collect()
        };
        let all = found("{\"state\": \"ALLOW\u{200b}\", \"idempotencyKey\": \"k\"}");
        assert!(all.contains(&r#""ALLOW\u{200b}""#.to_owned()), "{all:?}");
        let all = found("{\"sta\u{200b}te\": \"ALLOW\", \"idempotencyKey\": \"k\"}");
        assert!(
            all.contains(&r"a member sta\u{200b}te".to_owned()),
            "{all:?}"
        );
    }

    #[test]
    fn a_compressed_answer_is_told_as_such_and_a_redirect_says_where_it_leads() {
        let operation = named(SERVER, "get_user").unwrap();
        let mut compressed = Answer {
            status: 200,
            body: vec![0x1f, 0x8b],
            is_encoded: true,
            ..Answer::default()
        };
        let found = &answer(operation, None, &compressed)[0].found;
        assert_eq!(found, "2 bytes, compressed");
        compressed.is_encoded = false;
        assert_ne!(
            answer(operation, None, &compressed)[0].found,
            "2 bytes, compressed"
        );
        let redirect = Answer {
            status: 307,
            leads_to: Some("https://elsewhere.example/".to_owned()),
            ..Answer::default()
        };
        let found = &answer(operation, None, &redirect)[0].found;
        assert_eq!(found, "307, which leads to https://elsewhere.example/");
    }
}
