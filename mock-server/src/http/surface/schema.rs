//! Whether a body is valid, by the schemas of a spec. Knows no request.

use std::fmt;
use std::sync::OnceLock;

use serde_json::{Map, Number, Value, json};

use super::fault;
use super::rejection::Rejection;

/// Schema of a JSON body; its validator is compiled when it is first used.
pub struct Schema {
    document: &'static str,
    name: &'static str,
    validator: OnceLock<jsonschema::Validator>,
    read: OnceLock<Value>,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Schema {
    /// A component schema of a generated `schemas.json`.
    pub const fn new(document: &'static str, name: &'static str) -> Self {
        Self {
            document,
            name,
            validator: OnceLock::new(),
            read: OnceLock::new(),
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
            Rejection::malformed(place, fault::reason(&error))
        })
    }

    /// Checks that a value has no member that the schema does not name, at any depth. An object of free form may have any.
    ///
    /// # Errors
    ///
    /// The first member that is unknown, with those that are known. Quotes its name and no value.
    pub fn check_names(&self, value: &Value) -> Result<(), Rejection> {
        let document = self.document();
        names(
            document,
            &document["components"]["schemas"][self.name],
            value,
            &mut String::new(),
        )
    }

    /// Takes away what the schema does not name, at any depth. An object of free form keeps everything.
    ///
    /// # Errors
    ///
    /// The first name that is unknown where the schema refuses such.
    pub fn keep_known(&self, value: &mut Value) -> Result<(), Rejection> {
        let document = self.document();
        keep_known(
            document,
            &document["components"]["schemas"][self.name],
            value,
        )
    }

    /// Reads numbers such as `4.0` as the whole ones that they are, where the schema wants whole ones. JSON Schema does not
    /// tell the two apart, and Rust's types do.
    pub fn read_whole_numbers(&self, value: &mut Value) {
        let document = self.document();
        whole_numbers(
            document,
            &document["components"]["schemas"][self.name],
            value,
        );
    }

    /// Takes away members that are null, at any depth. Within an object of free form, only its own: what such a member holds
    /// is the caller's affair.
    pub fn drop_null_members(&self, value: &mut Value) {
        let document = self.document();
        let schema = &document["components"]["schemas"][self.name];
        drop_nulls(document, schema, value);
    }

    fn document(&self) -> &Value {
        // A document that cannot be read has no validator either, and a test compiles every one.
        self.read
            .get_or_init(|| serde_json::from_str(self.document).unwrap_or_default())
    }

    /// Compiles the validator without using it; for tests, which prove this way that [`check`](Self::check) always can.
    ///
    /// # Errors
    ///
    /// What is wrong with the schema.
    #[cfg(test)]
    pub fn compile(&self) -> Result<(), String> {
        compile(self.document, self.name).map(drop)
    }

    fn validator(&self) -> &jsonschema::Validator {
        self.validator.get_or_init(|| {
            #[expect(
                clippy::expect_used,
                reason = "the document is generated and built in, and a test compiles every schema of it"
            )]
            compile(self.document, self.name).expect("a generated schema compiles")
        })
    }
}

fn names(
    document: &Value,
    schema: &Value,
    value: &Value,
    at: &mut String,
) -> Result<(), Rejection> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return target.map_or(Ok(()), |target| names(document, target, value, at));
    }
    let length = at.len();
    match value {
        Value::Object(members) => {
            let Some(properties) = schema["properties"].as_object() else {
                return Ok(());
            };
            for (name, member) in members {
                at.push('/');
                at.push_str(&fault::brief(name));
                match properties.get(name) {
                    Some(schema) => names(document, schema, member, at)?,
                    None if schema["additionalProperties"] == true => {}
                    None => {
                        let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                        return Err(Rejection::malformed(
                            format!("body {at}"),
                            fault::unknown(name, &known),
                        ));
                    }
                }
                at.truncate(length);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                at.push_str(&format!("/{index}"));
                names(document, &schema["items"], element, at)?;
                at.truncate(length);
            }
        }
        _ => {}
    }
    Ok(())
}

fn keep_known(document: &Value, schema: &Value, value: &mut Value) -> Result<(), Rejection> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return target.map_or(Ok(()), |target| keep_known(document, target, value));
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
                keep_known(document, &properties[name], member)?;
                if is_empty(member) && !was_empty {
                    emptied.push(name.clone());
                }
            }
            // Nobody has sent an empty object, so none is kept.
            members.retain(|name, _| !emptied.contains(name));
        }
        Value::Array(elements) => {
            for element in elements {
                keep_known(document, &schema["items"], element)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

fn whole_numbers(document: &Value, schema: &Value, value: &mut Value) {
    if let Some(reference) = schema["$ref"].as_str() {
        if let Some(target) = document.pointer(reference.trim_start_matches('#')) {
            whole_numbers(document, target, value);
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
            for element in elements {
                whole_numbers(document, &schema["items"], element);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                let own = schema["properties"].get(name);
                let own = own.unwrap_or(&schema["additionalProperties"]);
                whole_numbers(document, own, member);
            }
        }
        _ => {}
    }
}

fn drop_nulls(document: &Value, schema: &Value, value: &mut Value) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#'));
        return drop_nulls(document, target.unwrap_or(&Value::Null), value);
    }
    match (value, schema["properties"].as_object()) {
        (Value::Object(members), Some(properties)) => {
            members.retain(|_, member| !member.is_null());
            for (name, member) in members {
                let schema = properties.get(name).unwrap_or(&Value::Null);
                drop_nulls(document, schema, member);
            }
        }
        (Value::Object(members), None) if is_free(schema) => {
            members.retain(|_, member| !member.is_null());
        }
        (Value::Array(elements), _) if schema["items"].is_object() => {
            for element in elements {
                drop_nulls(document, &schema["items"], element);
            }
        }
        (value, _) => drop_null_members(value),
    }
}

/// Whether a schema is that of an object with any members.
fn is_free(schema: &Value) -> bool {
    schema["type"] == "object" && schema["additionalProperties"] == true
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

fn compile(document: &str, name: &str) -> Result<jsonschema::Validator, String> {
    let mut document: Value = serde_json::from_str(document).map_err(|error| error.to_string())?;
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
