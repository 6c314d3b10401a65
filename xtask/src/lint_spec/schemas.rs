//! Rules for schemas: what typify can take, what it gets wrong, and what names may be.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Lint, Uses, operations, text};
use crate::names;
use crate::spec::{SCHEMAS, join};

/// Names that generated code uses without a path.
const RESERVED: [&str; 14] = [
    "Box", "Clone", "Debug", "Default", "Err", "From", "Into", "None", "Ok", "Option", "Result",
    "Some", "String", "Vec",
];

pub(super) fn check(lint: &Lint<'_>, uses: &Uses) {
    let mut seen = BTreeMap::new();
    for (name, pointer) in lint.members(SCHEMAS) {
        component_name(lint, &name, &pointer);
        if let Some(other) = seen.insert(name.to_lowercase(), name.clone()) {
            lint.report(
                &pointer,
                "name",
                format!("differs from `{other}` in case alone"),
            );
        }
        let Some(schema) = lint.at(&pointer) else {
            continue;
        };
        if text(schema, "description").is_empty() {
            lint.report(
                &pointer,
                "description",
                "a schema needs a description: it becomes documentation on both sides",
            );
        }
        if schema.get("enum").is_some() {
            vocabulary(lint, &pointer, schema);
        }
        only_properties_are_secret(lint, &pointer, schema);
        pattern(lint, &pointer, schema);
        one_of(lint, &pointer, schema);
        any_of(lint, &pointer, schema);
        typed(lint, &pointer, schema);
        properties(lint, &pointer, schema);
        if let Some(items) = items(lint, &pointer, schema) {
            nested(lint, &items, "an item");
        }
        additional(lint, &name, &pointer, schema, uses);
    }
}

fn component_name(lint: &Lint<'_>, name: &str, pointer: &str) {
    let plain = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric());
    if !plain || names::pascal(name) != name {
        lint.report(
            pointer,
            "name",
            format!(
                "must be `{}`: it names a type on both sides",
                names::pascal(name)
            ),
        );
    }
    if RESERVED.contains(&name) {
        lint.report(
            pointer,
            "name",
            "generated code uses this name for something else",
        );
    }
    for (_, _, operation) in lint.operations() {
        let id = lint
            .at(&operation)
            .map_or("", |value| text(value, "operationId"));
        let place = if lint.spec.shared.contains_key(name) {
            join(&operation, "operationId")
        } else {
            pointer.to_owned()
        };
        let id = names::pascal(id);
        // progenitor gives inline schemas these names, and silently takes the component instead.
        if ["Response", "Body"]
            .iter()
            .any(|suffix| format!("{id}{suffix}") == name)
        {
            let why =
                "progenitor uses this name for the operation's own types, and mixes the two up";
            lint.report(place, "name", why);
        }
    }
}

fn vocabulary(lint: &Lint<'_>, pointer: &str, schema: &Value) {
    if text(schema, "type") != "string" {
        lint.report(
            pointer,
            "enum",
            "only strings have enums here: other values would not be open to new ones",
        );
    }
    for bound in ["minLength", "maxLength", "pattern"] {
        if schema.get(bound).is_some() {
            let why = "an enum's values are all it takes; a bound beside them says nothing";
            lint.report(join(pointer, bound), "enum", why);
        }
    }
    if schema.get("nullable").is_some() {
        lint.report(
            pointer,
            "enum",
            "an enum cannot be null; leave the property out instead",
        );
    }
    let at = join(pointer, "enum");
    let values = schema
        .get("enum")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    if values.is_empty() {
        lint.report(&at, "enum", "an enum needs values");
    }
    let mut seen = BTreeMap::new();
    for (index, value) in values.iter().enumerate() {
        let at = join(&at, &index.to_string());
        let value = value.as_str().unwrap_or_default();
        let variant = names::pascal(value);
        if !value.chars().any(|c| c.is_ascii_alphanumeric()) {
            lint.report(
                &at,
                "enum",
                format!("`{value}` has neither letter nor digit; progenitor panics on that"),
            );
        } else if variant == "Unknown" {
            lint.report(
                &at,
                "enum",
                "the client's enums call values that they do not know `Unknown`",
            );
        } else if let Some(other) = seen.insert(variant, value) {
            lint.report(
                &at,
                "enum",
                format!("`{value}` and `{other}` have one name in Rust; progenitor panics on that"),
            );
        }
    }
}

/// What `nested` calls the items of a property that is a list.
const ITEM_OF_A_PROPERTY: &str = "an item of a property";

/// The mock's `Debug` leaves out properties that are secret, and those that list secrets. It knows no other secrets.
fn only_properties_are_secret(lint: &Lint<'_>, pointer: &str, schema: &Value) {
    if text(schema, "format") == "password" {
        let why = "a secret must be a property of an object: nothing else is kept out of what the mock prints";
        lint.report(join(pointer, "format"), "format", why);
    }
}

/// A pattern says what the whole text is like, and typify's code compiles it without asking whether it can be.
fn pattern(lint: &Lint<'_>, pointer: &str, schema: &Value) {
    let Some(pattern) = schema.get("pattern").and_then(Value::as_str) else {
        return;
    };
    let at = join(pointer, "pattern");
    if let Err(error) = regress::Regex::new(pattern) {
        lint.report(
            &at,
            "pattern",
            format!("is not a JavaScript regular expression: {error}"),
        );
    }
    if !pattern.starts_with('^') || !pattern.ends_with('$') {
        let why = "must start with `^` and end with `$`: otherwise any text that contains a match would do";
        lint.report(&at, "pattern", why);
    }
}

/// A union: every member is a named object with a tag of its own, since typify ignores the discriminator and takes
/// the first member that fits.
fn one_of(lint: &Lint<'_>, pointer: &str, schema: &Value) {
    if schema.get("oneOf").is_none() {
        if schema.get("discriminator").is_some() {
            lint.report(pointer, "one-of", "a discriminator belongs to `oneOf`");
        }
        return;
    }
    if schema.get("type").is_some() || schema.get("properties").is_some() {
        lint.report(
            pointer,
            "one-of",
            "`oneOf` stands alone: what is beside it is not merged into the members",
        );
    }
    let tag = schema
        .get("discriminator")
        .map(|discriminator| text(discriminator, "propertyName"));
    let Some(tag) = tag else {
        lint.report(
            pointer,
            "one-of",
            "needs a discriminator: without one nobody can tell the members apart",
        );
        return;
    };
    for member in lint.elements(&join(pointer, "oneOf")) {
        if lint.schema_name(&member).is_none() {
            lint.report(
                &member,
                "one-of",
                "a member must be a `$ref` to a named object",
            );
            continue;
        }
        let target = lint.follow(&member);
        let constant = lint.at(&format!("{}/enum", join(&join(&target, "properties"), tag)));
        let constant = constant
            .and_then(Value::as_array)
            .is_some_and(|values| values.len() == 1);
        let required = lint
            .at(&join(&target, "required"))
            .and_then(Value::as_array);
        if !constant || !required.is_some_and(|names| names.iter().any(|name| name == tag)) {
            let why = format!(
                "typify takes the first member that fits, whatever the discriminator says: `{target}` needs a required \
                 property `{tag}` with an enum of one value"
            );
            lint.report(&member, "one-of", why);
        }
    }
}

/// A value of several plain types. typify would make a struct of flattened options of it, so codegen makes any JSON of it
/// and the schemas of the mock check the types.
fn any_of(lint: &Lint<'_>, pointer: &str, schema: &Value) {
    if schema.get("anyOf").is_none() {
        return;
    }
    if schema.get("type").is_some() || schema.get("oneOf").is_some() {
        let why = "`anyOf` stands alone: its members say the types";
        lint.report(pointer, "any-of", why);
    }
    for at in lint.elements(&join(pointer, "anyOf")) {
        let plain = lint.at(&at).is_some_and(|member| {
            let only = member.as_object().is_some_and(|keys| keys.len() == 1);
            only && ["string", "integer", "number", "boolean"].contains(&text(member, "type"))
        });
        if !plain {
            let why = "a member must be a plain type and nothing else, such as `{type: string}`; a union of objects is a \
                       `oneOf`";
            lint.report(&at, "any-of", why);
        }
    }
}

/// Type and format, and the bounds that go with them.
fn typed(lint: &Lint<'_>, pointer: &str, schema: &Value) {
    if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
        return;
    }
    let kind = text(schema, "type");
    let format = schema.get("format").and_then(Value::as_str);
    let (formats, bounds): (&[&str], &[&str]) = match kind {
        "string" => (
            &["date-time", "password", "uri", "email"],
            &["minLength", "maxLength", "pattern", "enum"],
        ),
        "integer" => (
            &["int32", "int64"],
            &[
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
            ],
        ),
        "number" => (
            &["float", "double"],
            &[
                "minimum",
                "maximum",
                "exclusiveMinimum",
                "exclusiveMaximum",
                "multipleOf",
            ],
        ),
        "boolean" => (&[], &[]),
        "array" => (&[], &["items", "minItems", "maxItems"]),
        "object" => (
            &[],
            &[
                "properties",
                "required",
                "additionalProperties",
                "minProperties",
                "maxProperties",
            ],
        ),
        _ => {
            let why = "needs a type: string, integer, number, boolean, array or object";
            lint.report(pointer, "type", why);
            return;
        }
    };
    if let Some(format) = format {
        if !formats.contains(&format) {
            let why = match format {
                "uuid" | "ip" | "ipv4" | "ipv6" | "date" => {
                    "typify makes a strict type of it, so that one odd value fails a whole answer, or needs a crate that \
                     is not there"
                }
                _ => "it means nothing for this type",
            };
            let known = if formats.is_empty() {
                "no format"
            } else {
                &formats.join(", ")
            };
            lint.report(
                join(pointer, "format"),
                "format",
                format!("`{format}`: {why}; known are {known}"),
            );
        }
        if ["password", "date-time"].contains(&format) {
            for bound in ["minLength", "maxLength", "pattern", "enum"]
                .iter()
                .filter(|bound| schema.get(**bound).is_some())
            {
                let why = format!(
                    "beside the format `{format}` the generator would not know the type any more"
                );
                lint.report(join(pointer, bound), "format", why);
            }
        }
    }
    if let Some(lenient) = schema.get("x-lenient")
        && (format != Some("date-time") || lenient != true)
    {
        let why = "it is `true`, beside `format: date-time`, or not there";
        lint.report(join(pointer, "x-lenient"), "lenient", why);
    }
    let is_named =
        pointer.rsplit_once('/').map(|(parent, _)| parent) == Some("/components/schemas");
    if schema.get("x-must-use").is_some() && !(is_named && kind == "object") {
        let why = "only the type of an object in `components` can ask its caller for a look";
        lint.report(join(pointer, "x-must-use"), "must-use", why);
    }
    operations::stability(lint, pointer);
    let plain = [
        "type",
        "format",
        "description",
        "nullable",
        "deprecated",
        "example",
        "discriminator",
        "oneOf",
        "x-lenient",
        "x-must-use",
        "x-not-secret",
        "x-stability",
    ];
    for (key, at) in lint.members(pointer) {
        if !plain.contains(&key.as_str()) && !bounds.contains(&key.as_str()) {
            lint.report(
                at,
                "type",
                format!("`{key}` means nothing for the type `{kind}`"),
            );
        }
    }
    for (least, most) in [
        ("minLength", "maxLength"),
        ("minItems", "maxItems"),
        ("minProperties", "maxProperties"),
        ("minimum", "maximum"),
    ] {
        let number = |key| schema.get(key).and_then(Value::as_f64);
        if let (Some(low), Some(high)) = (number(least), number(most))
            && low > high
        {
            lint.report(
                pointer,
                "type",
                format!("nothing is at least `{least}` and at most `{most}`"),
            );
        }
    }
    if kind == "integer" && format == Some("int32") {
        for bound in ["minimum", "maximum"] {
            let value = schema.get(bound).and_then(Value::as_i64);
            if value.is_some_and(|value| i32::try_from(value).is_err()) {
                lint.report(join(pointer, bound), "type", "is beyond 32 bits");
            }
        }
    }
}

fn properties(lint: &Lint<'_>, pointer: &str, schema: &Value) {
    let at = join(pointer, "properties");
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (index, name) in required.iter().enumerate() {
        let place = join(&join(pointer, "required"), &index.to_string());
        if lint.at(&join(&at, name)).is_none() {
            lint.report(&place, "required", format!("there is no property `{name}`"));
        }
        if required.iter().filter(|other| *other == name).count() > 1 {
            lint.report(&place, "required", format!("`{name}` is named twice"));
        }
    }
    let mut seen = BTreeMap::new();
    for (name, at) in lint.members(&at) {
        let field = names::snake(&name);
        if !name.chars().any(|c| c.is_ascii_alphabetic()) {
            lint.report(
                &at,
                "name",
                format!("`{name}` has no letter and makes no field name"),
            );
        } else if let Some(other) = seen.insert(field.clone(), name.clone()) {
            let why = format!(
                "`{name}` and `{other}` are both `{field}` in Rust, which would not compile"
            );
            lint.report(&at, "name", why);
        }
        let Some(property) = lint.at(&at) else {
            continue;
        };
        if property.get("$ref").is_some() {
            continue;
        }
        if text(property, "description").is_empty() {
            lint.report(
                &at,
                "description",
                "a property needs a description: it becomes documentation on both sides",
            );
        }
        if property.get("nullable") == Some(&Value::Bool(true))
            && !required.contains(&name.as_str())
        {
            let why = "optional and nullable are one `Option` in Rust, so null could be neither sent nor seen; make it \
                       required, or teach `xtask/src/codegen/lower.rs` a type that distinguishes null from absent";
            lint.report(&at, "nullable", why);
        }
        nested(lint, &at, "a property");
    }
}

/// A schema without a name: a property, an item, the value of a map.
fn nested(lint: &Lint<'_>, pointer: &str, what: &str) {
    let Some(schema) = lint.at(pointer) else {
        return;
    };
    if schema.get("$ref").is_some() {
        return;
    }
    typed(lint, pointer, schema);
    if what != "a property" && what != ITEM_OF_A_PROPERTY {
        only_properties_are_secret(lint, pointer, schema);
    }
    let refuse = |lint: &Lint<'_>, thing: &str| {
        let why = format!(
            "{what} that is {thing} needs a name of its own: make it a component and refer to it"
        );
        lint.report(pointer, "anonymous", why);
    };
    if schema.get("oneOf").is_some() || schema.get("anyOf").is_some() {
        refuse(lint, "a union");
    }
    if schema.get("pattern").is_some() {
        refuse(lint, "a text with a pattern");
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        // One value is a constant: the tag of a union's member.
        let constant = values.len() == 1 && what == "a property";
        if constant {
            vocabulary(lint, pointer, schema);
        } else {
            refuse(lint, "an enum");
        }
    }
    match text(schema, "type") {
        "object" => match schema.get("additionalProperties") {
            _ if schema.get("properties").is_some() => refuse(lint, "an object"),
            Some(Value::Object(_)) => nested(
                lint,
                &join(pointer, "additionalProperties"),
                "a map's value",
            ),
            Some(Value::Bool(true)) => {}
            _ => lint.report(
                pointer,
                "object",
                "needs `additionalProperties`: true for free form, or a schema",
            ),
        },
        "array" if what == "a property" => {
            if let Some(items) = items(lint, pointer, schema) {
                nested(lint, &items, ITEM_OF_A_PROPERTY);
            }
        }
        "array" => refuse(lint, "a list"),
        _ => {}
    }
}

/// Pointer of an array's items, which it must have.
fn items(lint: &Lint<'_>, pointer: &str, schema: &Value) -> Option<String> {
    let array = text(schema, "type") == "array";
    if array && schema.get("items").is_none() {
        lint.report(pointer, "type", "an array needs `items`");
    }
    (array && schema.get("items").is_some()).then(|| join(pointer, "items"))
}

fn additional(lint: &Lint<'_>, name: &str, pointer: &str, schema: &Value, uses: &Uses) {
    if text(schema, "type") != "object" {
        return;
    }
    let at = join(pointer, "additionalProperties");
    match (
        schema.get("properties").is_some(),
        schema.get("additionalProperties"),
    ) {
        (true, None) | (false, Some(Value::Bool(true))) => {}
        (false, Some(Value::Object(_))) => nested(lint, &at, "a map's value"),
        (true, Some(Value::Bool(false))) => {
            if uses.in_responses.contains(name) || !uses.in_requests.contains(name) {
                let why = "the client would fail on any member that the server adds later; only what occurs in requests \
                           alone may refuse members";
                lint.report(at, "additional-properties", why);
            }
        }
        (true, Some(_)) => {
            let why = "members that are not listed are taken and dropped anyway; list them, or put them into a map of \
                       their own";
            lint.report(at, "additional-properties", why);
        }
        (false, _) => {
            let why = "an object needs `properties`, or `additionalProperties`: true for free form";
            lint.report(pointer, "object", why);
        }
    }
}
