//! Whether a body is valid, by the schemas of a spec. Knows no request.

use std::fmt;
use std::panic::RefUnwindSafe;
use std::sync::OnceLock;

use serde_json::{Map, Number, Value, json};

use super::fault;
use super::rejection::Rejection;
use super::unknown::{TOLD, Unknown, rejection};

/// The schemas of a spec: JSON Schema 2020-12, which is read when it is first used.
pub struct Document {
    text: &'static str,
    read: OnceLock<Value>,
    /// Its component schemas, which every request looks up.
    schemas: OnceLock<&'static Value>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("length", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl Document {
    /// A generated `schemas.json`.
    pub const fn new(text: &'static str) -> Self {
        Self {
            text,
            read: OnceLock::new(),
            schemas: OnceLock::new(),
        }
    }

    /// The document; null if it cannot be read. Then it has no validator either, and a test compiles every one.
    pub fn read(&self) -> &Value {
        self.read
            .get_or_init(|| serde_json::from_str(self.text).unwrap_or_default())
    }

    fn compile(&self, name: &str) -> Result<jsonschema::Validator, String> {
        let mut document = self.read().clone();
        let root = document
            .as_object_mut()
            .ok_or("the document is not an object")?;
        root.insert(
            "$ref".to_owned(),
            json!(format!("#/components/schemas/{name}")),
        );
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&document).map_err(|error| error.to_string())
    }
}

/// Schema of a JSON body; its validator is compiled when it is first used.
pub struct Schema {
    document: &'static Document,
    name: &'static str,
    /// Its own part of the document, so that no request looks it up.
    own: OnceLock<&'static Value>,
    validator: OnceLock<jsonschema::Validator>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.name == other.name
    }
}

impl Eq for Schema {}

// A validator only reads, so a panic leaves none half-changed.
impl RefUnwindSafe for Schema {}

impl Schema {
    /// A component schema of a document.
    pub const fn new(document: &'static Document, name: &'static str) -> Self {
        Self {
            document,
            name,
            own: OnceLock::new(),
            validator: OnceLock::new(),
        }
    }

    /// Checks a value.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong. Quotes no value.
    pub fn check(&self, value: &Value) -> Result<(), Rejection> {
        self.validator().validate(value).map_err(|error| {
            let place = error.instance_path().as_str();
            let place = if place.is_empty() {
                "body".to_owned()
            } else {
                format!("body {place}")
            };
            let wanted = at(self.schemas(), self.own(), error.instance_path().as_str());
            let members = wanted.and_then(|schema| schema["properties"].as_object());
            let members: Vec<&str> = members
                .into_iter()
                .flatten()
                .map(|(name, _)| name.as_str())
                .collect();
            Rejection::malformed(place, fault::reason(&error, &members))
        })
    }

    /// The members, at any depth, that the schema does not name, as many as are told. An object of free form has none.
    pub(super) fn unknown_members(&self, value: &Value) -> Vec<Unknown> {
        let mut found = Vec::new();
        unknown_members(self.schemas(), self.own(), value, &mut found);
        found
    }

    /// What is wrong with a value, for its author: a member that the schema does not name counts, too.
    pub(super) fn fault(&self, value: &Value) -> Option<String> {
        let fault = self.check(value).err();
        let fault = fault.or_else(|| rejection(&self.unknown_members(value)));
        fault.map(|fault| format!("{fault}, by the schema {}", self.name))
    }

    /// Takes away what the schema does not name, at any depth. An object of free form keeps everything.
    ///
    /// # Errors
    ///
    /// The first name that is unknown where the schema refuses such.
    pub fn keep_known(&self, value: &mut Value) -> Result<(), Rejection> {
        keep_known(self.schemas(), self.own(), value)
    }

    /// Reads numbers such as `4.0` as the whole ones that they are, where the schema wants whole ones. JSON Schema does not
    /// tell the two apart, and Rust's types do.
    pub fn read_whole_numbers(&self, value: &mut Value) {
        whole_numbers(self.schemas(), self.own(), value);
    }

    /// Takes away members that are null, at any depth. Within an object of free form, only its own: what such a member holds
    /// is the caller's affair.
    pub fn drop_null_members(&self, value: &mut Value) {
        drop_nulls(self.schemas(), self.own(), value);
    }

    /// The schema itself. Its references are pointers into [`root`](Self::root).
    pub fn own(&self) -> &'static Value {
        self.own.get_or_init(|| &self.schemas()[self.name])
    }

    /// All component schemas of the document.
    fn schemas(&self) -> &'static Value {
        let schemas = &self.document.schemas;
        schemas.get_or_init(|| &self.root()["components"]["schemas"])
    }

    /// The document that holds it.
    pub fn root(&self) -> &'static Value {
        self.document.read()
    }

    /// Compiles the validator without using it; for tests, which prove this way that [`check`](Self::check) always can.
    ///
    /// # Errors
    ///
    /// What is wrong with the schema.
    #[cfg(test)]
    pub fn compile(&self) -> Result<(), String> {
        self.document.compile(self.name)?;
        all_referred(self.schemas(), self.schemas())
    }

    fn validator(&self) -> &jsonschema::Validator {
        self.validator.get_or_init(|| {
            #[expect(
                clippy::expect_used,
                reason = "the document is generated and built in, and a test compiles every schema of it"
            )]
            self.document.compile(self.name).expect("a generated schema compiles")
        })
    }
}

/// Whether [`referred`] finds what each reference in a value names.
#[cfg(test)]
fn all_referred(schemas: &Value, value: &Value) -> Result<(), String> {
    let inner: Vec<&Value> = match value {
        Value::Object(members) => members.values().collect(),
        Value::Array(elements) => elements.iter().collect(),
        _ => Vec::new(),
    };
    let reference = value.get("$ref").and_then(Value::as_str);
    match reference.filter(|reference| referred(schemas, reference).is_none()) {
        Some(reference) => Err(format!("{reference} names no component schema")),
        None => inner
            .into_iter()
            .try_for_each(|value| all_referred(schemas, value)),
    }
}

/// The schema that a reference names: every reference names a component, as [`Schema::compile`] proves.
fn referred<'d>(schemas: &'d Value, reference: &str) -> Option<&'d Value> {
    schemas.get(reference.strip_prefix("#/components/schemas/")?)
}

/// A schema, or the one that it refers to.
fn resolved<'d>(schemas: &'d Value, schema: &'d Value) -> Option<&'d Value> {
    match schema["$ref"].as_str() {
        Some(reference) => referred(schemas, reference),
        None => Some(schema),
    }
}

/// The schema of the part of a value that a JSON pointer names.
fn at<'d>(schemas: &'d Value, schema: &'d Value, pointer: &str) -> Option<&'d Value> {
    let names = pointer.split('/').skip(1);
    names
        .into_iter()
        .try_fold(resolved(schemas, schema)?, |schema, name| {
            let name = name.replace("~1", "/").replace("~0", "~");
            let inner = schema["properties"].get(name).unwrap_or(&schema["items"]);
            resolved(schemas, inner)
        })
}

/// How many objects within one another are searched for a member.
const DEEPEST: usize = 2;

/// Where, in the objects and lists of a schema, an object has a member of that name: `expected/0/pattern`, the nearest first.
fn place_of(schemas: &Value, schema: &Value, name: &str, deepest: usize) -> Option<String> {
    let properties = resolved(schemas, schema)?["properties"].as_object()?;
    let inner = properties.iter().filter_map(|(member, schema)| {
        let schema = resolved(schemas, schema)?;
        match resolved(schemas, &schema["items"])? {
            Value::Null => Some((member.clone(), schema)),
            element => Some((format!("{member}/0"), element)),
        }
    });
    let inner: Vec<_> = inner.collect();
    let here = inner
        .iter()
        .find(|(_, schema)| schema["properties"].get(name).is_some());
    if let Some((place, _)) = here {
        return Some(place.clone());
    }
    inner
        .iter()
        .filter(|_| deepest > 1)
        .find_map(|(place, schema)| {
            let deeper = place_of(schemas, schema, name, deepest - 1)?;
            Some(format!("{place}/{deeper}"))
        })
}

fn unknown_members(schemas: &Value, schema: &Value, value: &Value, found: &mut Vec<Unknown>) {
    // Most members of a body are of neither kind, and have no members themselves.
    if !value.is_object() && !value.is_array() {
        return;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        let target = referred(schemas, reference);
        return target.map_or((), |target| unknown_members(schemas, target, value, found));
    }
    let inner = |name: &str, schema: &Value, value: &Value, found: &mut Vec<Unknown>| {
        let before = found.len();
        unknown_members(schemas, schema, value, found);
        for unknown in &mut found[before..] {
            unknown.enter(name);
        }
    };
    match value {
        Value::Object(members) => {
            let Some(properties) = schema["properties"].as_object() else {
                return;
            };
            for (name, member) in members {
                match properties.get(name) {
                    _ if found.len() >= TOLD => return,
                    Some(schema) => inner(name, schema, member, found),
                    None if schema["additionalProperties"] == true => {}
                    None => {
                        let elsewhere = || place_of(schemas, schema, name, DEEPEST);
                        found.push(Unknown::member(name, properties.keys(), elsewhere));
                    }
                }
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                inner(&index.to_string(), &schema["items"], element, found);
            }
        }
        _ => {}
    }
}

fn keep_known(schemas: &Value, schema: &Value, value: &mut Value) -> Result<(), Rejection> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = referred(schemas, reference);
        return target.map_or(Ok(()), |target| keep_known(schemas, target, value));
    }
    match value {
        Value::Object(members) => {
            let Some(properties) = schema["properties"].as_object() else {
                return Ok(());
            };
            if schema["additionalProperties"] == false
                && let Some(name) = members.keys().find(|name| !properties.contains_key(*name))
            {
                let name = fault::brief(name).into_owned();
                return Err(Rejection::malformed(name, "is not a known field."));
            }
            members.retain(|name, _| properties.contains_key(name));
            let mut emptied = Vec::new();
            for (name, member) in members.iter_mut() {
                let was_empty = is_empty(member);
                keep_known(schemas, &properties[name], member)?;
                if is_empty(member) && !was_empty {
                    emptied.push(name.clone());
                }
            }
            // Nobody has sent an empty object, so none is kept.
            members.retain(|name, _| !emptied.contains(name));
        }
        Value::Array(elements) => {
            for element in elements {
                keep_known(schemas, &schema["items"], element)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

fn whole_numbers(schemas: &Value, schema: &Value, value: &mut Value) {
    if let Some(reference) = schema["$ref"].as_str() {
        if let Some(target) = referred(schemas, reference) {
            whole_numbers(schemas, target, value);
        }
        return;
    }
    match value {
        Value::Number(number) if wants_integer(schema) => {
            if let Some(whole) = whole(number) {
                *number = whole.into();
            }
        }
        Value::Array(elements) => {
            for element in elements.iter_mut().filter(|element| has_point(element)) {
                whole_numbers(schemas, &schema["items"], element);
            }
        }
        Value::Object(members) => {
            // Most members are no such numbers and hold none, and to find their schemas costs more than to look.
            for (name, member) in members.iter_mut().filter(|(_, member)| has_point(member)) {
                let own = schema["properties"].get(name);
                let own = own.unwrap_or(&schema["additionalProperties"]);
                whole_numbers(schemas, own, member);
            }
        }
        _ => {}
    }
}

fn drop_nulls(schemas: &Value, schema: &Value, value: &mut Value) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = referred(schemas, reference);
        return drop_nulls(schemas, target.unwrap_or(&Value::Null), value);
    }
    match (value, schema["properties"].as_object()) {
        (Value::Object(members), Some(properties)) => {
            members.retain(|_, member| !member.is_null());
            for (name, member) in members {
                let schema = properties.get(name).unwrap_or(&Value::Null);
                drop_nulls(schemas, schema, member);
            }
        }
        (Value::Object(members), None) if is_free(schema) => {
            members.retain(|_, member| !member.is_null());
        }
        (Value::Array(elements), _) if schema["items"].is_object() => {
            for element in elements {
                drop_nulls(schemas, &schema["items"], element);
            }
        }
        (value, _) => drop_null_members(value),
    }
}

/// Whether a schema is that of an object with any members.
fn is_free(schema: &Value) -> bool {
    schema["type"] == "object" && schema["additionalProperties"] == true
}

/// Whether a number is not an integer as it is written.
pub(super) fn has_point(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.as_i64().is_none(),
        Value::Array(elements) => elements.iter().any(has_point),
        Value::Object(members) => members.values().any(has_point),
        _ => false,
    }
}

/// Whether anything in it is null.
pub(super) fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(elements) => elements.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        _ => false,
    }
}

/// Takes away members that are null, in objects at any depth. Elements of arrays stay, because they are not members.
pub(super) fn drop_null_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            // Moving the members that stay costs more than looking.
            if members.values().any(Value::is_null) {
                members.retain(|_, member| !member.is_null());
            }
            members.values_mut().for_each(drop_null_members);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_null_members),
        _ => {}
    }
}

fn wants_integer(schema: &Value) -> bool {
    match &schema["type"] {
        Value::Array(types) => types.iter().any(|one| one == "integer"),
        one => one == "integer",
    }
}

/// The whole number that another form of it stands for, if it has 64 bits.
fn whole(number: &Number) -> Option<i64> {
    let read = number.as_f64().filter(|_| number.as_i64().is_none())?;
    // i64::MAX is no f64; the next one above is 2⁶³.
    let edge = 2_f64.powi(63);
    let holds = read.fract() == 0.0 && (-edge..edge).contains(&read);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is whole and within the range"
    )]
    holds.then_some(read as i64)
}
