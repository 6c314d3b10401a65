//! What the emitters need to know of a spec that has passed the lint. Knows nothing of Rust code.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, anyhow};
use serde_json::Value;

use crate::spec::{SCHEMAS, Spec, join};

/// The HTTP methods a path item can have, in the order in which they are emitted.
pub const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// Keywords of a document that name the schemas of messages for which OpenAPI 3.0 has no place: what the vendor posts to
/// the application's own URLs, what passes over a WebSocket, and what one window posts to another.
pub const MESSAGES: [&str; 3] = [
    "x-webhook-events",
    "x-websocket-messages",
    "x-window-messages",
];

/// An API, as its spec describes it.
#[derive(Debug)]
pub struct Api {
    /// Title of the API.
    pub title: String,
    /// Operations in the order in which they are written.
    pub operations: Vec<Operation>,
    /// `x-path-plus: space`: a plus sign in a path is a space.
    pub plus_is_space: bool,
    /// `x-null-members: absent`: a member of a request that is null counts as absent.
    pub null_is_absent: bool,
    /// `x-null-members: removes`: a member of a change that is null is taken away.
    pub null_removes: bool,
    /// String enums: name, description, values.
    pub vocabularies: Vec<Vocabulary>,
    /// Names of the schemas that type a path parameter.
    pub path_schemas: BTreeSet<String>,
    /// Comma lists, by name of the array's schema: name of the schema of the items, `None` for plain strings.
    pub comma_lists: BTreeMap<String, Option<String>>,
    /// Names of the schemas that occur in responses or messages and in no request.
    pub response_only: BTreeSet<String>,
}

/// A string enum.
#[derive(Debug)]
pub struct Vocabulary {
    /// Name of the schema.
    pub name: String,
    /// What it means.
    pub description: String,
    /// The known values.
    pub values: Vec<String>,
}

/// An operation.
#[derive(Debug)]
pub struct Operation {
    /// `operationId`.
    pub id: String,
    /// Method in capitals.
    pub method: String,
    /// Path template.
    pub path: String,
    /// JSON pointer of the operation.
    pub pointer: String,
    /// One line.
    pub summary: String,
    /// The whole truth.
    pub description: String,
    /// `x-stability`; without it, `released`.
    pub stability: String,
    /// `x-retry`.
    pub retry: String,
    /// Whether it changes something: `x-changes`, and without it, whether the method is another than GET.
    pub changes: bool,
    /// Sets of security schemes, each of which suffices.
    pub security: Vec<Vec<String>>,
    /// Parameters in the order in which they are written.
    pub parameters: Vec<Parameter>,
    /// Name of the schema of the JSON request body.
    pub body: Option<Body>,
    /// Responses by status.
    pub responses: Vec<Response>,
}

/// A request body.
#[derive(Debug)]
pub struct Body {
    /// Name of its schema.
    pub schema: String,
    /// What it is.
    pub description: String,
    /// Whether it must be there; one that need not be stands for `{}` where it is empty or null.
    pub required: bool,
}

/// A response.
#[derive(Debug)]
pub struct Response {
    /// Status.
    pub status: u16,
    /// Name of the schema of the JSON body; `None` for an answer without one.
    pub schema: Option<String>,
    /// When it is given.
    pub description: String,
}

/// Where a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// A segment of the path.
    Path,
    /// The query.
    Query,
    /// A header.
    Header,
}

/// A parameter.
#[derive(Debug)]
pub struct Parameter {
    /// Name on the wire.
    pub name: String,
    /// Where it is.
    pub location: Location,
    /// Whether it must be there.
    pub required: bool,
    /// What it means.
    pub description: String,
    /// What values it takes.
    pub kind: ParameterKind,
    /// The pattern of its texts, if they have one.
    pub pattern: Option<String>,
}

/// What values a parameter takes.
#[derive(Debug)]
pub enum ParameterKind {
    /// Any text.
    Text,
    /// A named string schema.
    Named(String),
    /// A named string enum.
    Vocabulary(String),
    /// A whole number.
    Integer {
        /// 64 bits, otherwise 32.
        wide: bool,
        /// Smallest value.
        minimum: Option<i64>,
        /// Largest value.
        maximum: Option<i64>,
    },
    /// `true` or `false`.
    Boolean,
    /// A point in time.
    Timestamp,
    /// Values separated by commas; the name of the items' schema, which is an enum, `None` for plain strings.
    CommaList(Option<String>),
}

impl Operation {
    /// Whether success has several forms, so that the status decides which one a body has.
    pub fn has_several_successes(&self) -> bool {
        let schemas: BTreeSet<_> = self.successes().map(|response| &response.schema).collect();
        schemas.len() > 1
    }

    /// Responses with a 2xx status.
    pub fn successes(&self) -> impl Iterator<Item = &Response> {
        self.responses
            .iter()
            .filter(|response| response.status < 300)
    }

    /// Name of the schema of every error, if the operation has one.
    pub fn error_schema(&self) -> Option<&str> {
        let error = self
            .responses
            .iter()
            .find(|response| response.status >= 400)?;
        error.schema.as_deref()
    }
}

/// Name of the schema a `$ref` points at.
pub fn component(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/components/schemas/")
}

/// A value, or what its `$ref` points at.
pub fn resolve<'a>(spec: &'a Spec, value: &'a Value) -> Option<&'a Value> {
    match value.get("$ref") {
        Some(reference) => spec.target(reference.as_str()?),
        None => Some(value),
    }
}

/// Reads a spec that has passed the lint.
///
/// # Errors
///
/// A spec that has not, with the place.
pub fn read(spec: &Spec) -> Result<Api> {
    let document = &spec.document;
    let mut operations = Vec::new();
    for path in spec.keys("/paths") {
        let at = join("/paths", path);
        let item = document.pointer(&at).context("a path item vanished")?;
        for method in METHODS {
            if let Some(value) = item.get(method) {
                let pointer = join(&at, method);
                let operation =
                    operation(spec, path, method, value, item.get("parameters"), &pointer)
                        .with_context(|| format!("{}#{pointer}", spec.file))?;
                operations.push(operation);
            }
        }
    }
    let mut path_schemas = BTreeSet::new();
    let mut comma_lists = BTreeMap::new();
    for parameter in all_parameters(spec) {
        let schema = parameter.get("schema").unwrap_or(&Value::Null);
        let named = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(component);
        let Some(named) = named else { continue };
        if parameter.get("in").and_then(Value::as_str) == Some("path") {
            path_schemas.insert(named.to_owned());
        }
        let schema = resolve(spec, schema).context("a missing schema passed the lint")?;
        if schema.get("type").and_then(Value::as_str) == Some("array") {
            let item = schema
                .pointer("/items/$ref")
                .and_then(Value::as_str)
                .and_then(component);
            comma_lists.insert(named.to_owned(), item.map(str::to_owned));
        }
    }
    let mut vocabularies = Vec::new();
    for name in spec.keys("/components/schemas") {
        let schema = document
            .pointer(&join("/components/schemas", name))
            .context("a schema vanished")?;
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            vocabularies.push(Vocabulary {
                name: name.clone(),
                description: text(schema, "description"),
                values: values
                    .iter()
                    .filter_map(|value| value.as_str().map(str::to_owned))
                    .collect(),
            });
        }
    }
    let requests = reachable(
        spec,
        operations
            .iter()
            .filter_map(|operation| operation.body.as_ref().map(|body| body.schema.as_str())),
    );
    let answers = reachable(
        spec,
        operations
            .iter()
            .flat_map(|operation| &operation.responses)
            .filter_map(|response| response.schema.as_deref())
            .chain(messages(spec)),
    );
    let null_members = document.get("x-null-members").and_then(Value::as_str);
    Ok(Api {
        title: text(document.get("info").unwrap_or(&Value::Null), "title"),
        operations,
        plus_is_space: document.get("x-path-plus").and_then(Value::as_str) == Some("space"),
        null_is_absent: null_members == Some("absent"),
        null_removes: null_members == Some("removes"),
        vocabularies,
        path_schemas,
        comma_lists,
        response_only: answers.difference(&requests).cloned().collect(),
    })
}

/// What the emitters need to know of a file of shared schemas: what is true of them in every API that uses them.
pub fn read_shared(file: &Spec, users: &[(&Spec, Api)]) -> Result<Api> {
    let mut shared = read(file)?;
    let users: Vec<&(&Spec, Api)> = users
        .iter()
        .filter(|(spec, _)| spec.shared.values().any(|stem| *stem == file.stem))
        .collect();
    for name in file.keys(SCHEMAS) {
        let mut apis = users
            .iter()
            .filter(|(spec, _)| spec.shared.get(name) == Some(&file.stem))
            .map(|(_, api)| api);
        if apis.clone().any(|api| api.path_schemas.contains(name)) {
            shared.path_schemas.insert(name.clone());
        }
        if let Some(item) = apis.clone().find_map(|api| api.comma_lists.get(name)) {
            shared.comma_lists.insert(name.clone(), item.clone());
        }
        if apis.clone().count() > 0 && apis.all(|api| api.response_only.contains(name)) {
            shared.response_only.insert(name.clone());
        }
    }
    Ok(shared)
}

/// Names of the schemas of messages that are neither requests nor answers of the API.
pub fn messages(spec: &Spec) -> impl Iterator<Item = &str> {
    MESSAGES
        .into_iter()
        .filter_map(|keyword| spec.document.get(keyword)?.as_object())
        .flat_map(|messages| messages.values())
        .filter_map(|schema| component(schema.get("$ref")?.as_str()?))
}

/// Names of the schemas that can be reached from some schemas, themselves included.
pub fn reachable<'a>(spec: &Spec, from: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<String> = from.map(str::to_owned).collect();
    while let Some(name) = open.pop() {
        if let Some(schema) = spec.document.pointer(&join("/components/schemas", &name))
            && seen.insert(name)
        {
            references(schema, &mut open);
        }
    }
    seen
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(object) => {
            if let Some(name) = object
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(component)
            {
                found.push(name.to_owned());
            }
            object.values().for_each(|item| references(item, found));
        }
        _ => {}
    }
}

fn all_parameters(spec: &Spec) -> Vec<&Value> {
    let mut found = Vec::new();
    if let Some(components) = spec
        .document
        .pointer("/components/parameters")
        .and_then(Value::as_object)
    {
        found.extend(components.values());
    }
    for path in spec.keys("/paths") {
        let Some(item) = spec.document.pointer(&join("/paths", path)) else {
            continue;
        };
        let holders = METHODS
            .iter()
            .filter_map(|method| item.get(method))
            .chain([item]);
        for list in holders.filter_map(|holder| holder.get("parameters").and_then(Value::as_array))
        {
            found.extend(
                list.iter()
                    .filter(|parameter| parameter.get("$ref").is_none()),
            );
        }
    }
    found
}

/// What an operation says of its release; the vendor has released one that says nothing.
fn stability(value: &Value) -> String {
    match text(value, "x-stability") {
        said if said.is_empty() => "released".to_owned(),
        said => said,
    }
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .trim()
        .to_owned()
}

fn operation(
    spec: &Spec,
    path: &str,
    method: &str,
    value: &Value,
    shared: Option<&Value>,
    pointer: &str,
) -> Result<Operation> {
    let security = value
        .get("security")
        .or_else(|| spec.document.get("security"));
    let security = security
        .and_then(Value::as_array)
        .map_or(Vec::new(), |alternatives| {
            let set = |set: &Value| {
                set.as_object()
                    .map_or(Vec::new(), |set| set.keys().cloned().collect())
            };
            alternatives.iter().map(set).collect()
        });
    let mut parameters: Vec<Parameter> = Vec::new();
    for list in [shared, value.get("parameters")].into_iter().flatten() {
        for item in list.as_array().into_iter().flatten() {
            let item = resolve(spec, item).context("a missing parameter passed the lint")?;
            parameters.push(parameter(spec, item)?);
        }
    }
    let body = match value.get("requestBody") {
        None => None,
        Some(body) => {
            let body = resolve(spec, body).context("a missing request body passed the lint")?;
            Some(Body {
                schema: json_schema_of(body)?,
                description: text(body, "description"),
                required: body.get("required") != Some(&Value::Bool(false)),
            })
        }
    };
    let mut responses = Vec::new();
    for (status, response) in value
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let response = resolve(spec, response).context("a missing response passed the lint")?;
        responses.push(Response {
            status: status
                .parse()
                .with_context(|| format!("`{status}` is not a status"))?,
            schema: match response.get("content") {
                Some(_) => Some(json_schema_of(response)?),
                None => None,
            },
            description: text(response, "description"),
        });
    }
    Ok(Operation {
        id: text(value, "operationId"),
        method: method.to_uppercase(),
        path: path.to_owned(),
        pointer: pointer.to_owned(),
        summary: text(value, "summary"),
        description: text(value, "description"),
        stability: stability(value),
        retry: text(value, "x-retry"),
        changes: value
            .get("x-changes")
            .and_then(Value::as_bool)
            .unwrap_or(!method.eq_ignore_ascii_case("get")),
        security,
        parameters,
        body,
        responses,
    })
}

fn json_schema_of(holder: &Value) -> Result<String> {
    holder
        .pointer("/content/application~1json/schema/$ref")
        .and_then(Value::as_str)
        .and_then(component)
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("a body without a named JSON schema passed the lint"))
}

fn parameter(spec: &Spec, value: &Value) -> Result<Parameter> {
    let schema = value
        .get("schema")
        .context("a parameter without a schema passed the lint")?;
    let named = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(component)
        .map(str::to_owned);
    let schema = resolve(spec, schema).context("a missing schema passed the lint")?;
    let kind = match (schema.get("type").and_then(Value::as_str), named) {
        (Some("string"), Some(named)) if schema.get("enum").is_some() => {
            ParameterKind::Vocabulary(named)
        }
        (Some("string"), Some(named)) => ParameterKind::Named(named),
        (Some("string"), None)
            if schema.get("format").and_then(Value::as_str) == Some("date-time") =>
        {
            ParameterKind::Timestamp
        }
        (Some("string"), None) => ParameterKind::Text,
        (Some("boolean"), _) => ParameterKind::Boolean,
        (Some("integer"), _) => ParameterKind::Integer {
            wide: schema.get("format").and_then(Value::as_str) == Some("int64"),
            minimum: schema.get("minimum").and_then(Value::as_i64),
            maximum: schema.get("maximum").and_then(Value::as_i64),
        },
        (Some("array"), Some(_)) => {
            let item = schema
                .pointer("/items/$ref")
                .and_then(Value::as_str)
                .and_then(component);
            ParameterKind::CommaList(item.map(str::to_owned))
        }
        _ => {
            return Err(anyhow!(
                "a parameter of an unsupported type passed the lint"
            ));
        }
    };
    Ok(Parameter {
        name: text(value, "name"),
        location: match value.get("in").and_then(Value::as_str) {
            Some("path") => Location::Path,
            Some("query") => Location::Query,
            Some("header") => Location::Header,
            _ => {
                return Err(anyhow!(
                    "a parameter at an unsupported place passed the lint"
                ));
            }
        },
        required: value
            .get("required")
            .and_then(Value::as_bool)
            .unwrap_or_default(),
        description: text(value, "description"),
        kind,
        pattern: schema
            .get("pattern")
            .and_then(Value::as_str)
            .map(str::to_owned),
    })
}
