//! Rules for paths, operations, parameters, bodies and responses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Lint, text};
use crate::codegen::reserved;
use crate::spec::join;
use crate::{model, names};

/// Methods and variables that generated request builders have already.
const RESERVED_PARAMETERS: [&str; 5] = ["body", "body_map", "header_map", "new", "send"];

pub(super) fn check(lint: &Lint<'_>) {
    version(lint);
    if !lint.spec.is_shared() {
        document(lint);
    }
    let none = BTreeSet::new();
    let reserved = reserved::operation_names().unwrap_or_else(|why| {
        lint.report("", "generator", why);
        &none
    });
    let mut ids = BTreeMap::new();
    let mut templates: BTreeMap<String, String> = BTreeMap::new();
    for (path, at) in lint.members("/paths") {
        path_template(lint, &path, &at);
        let shape: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "{}" } else { part })
            .collect();
        if let Some(other) = templates.insert(shape.join("/"), path.clone()) {
            lint.report(
                &at,
                "path",
                format!("is the same path as `{other}` for a router"),
            );
        }
        if lint.spec.keys(&at).iter().all(|key| key == "parameters") {
            lint.report(&at, "path", "a path needs an operation");
        }
    }
    for (path, method, at) in lint.operations() {
        let Some(operation) = lint.at(&at) else {
            continue;
        };
        operation_id(
            lint,
            &at,
            text(operation, "operationId"),
            reserved,
            &mut ids,
        );
        tags(lint, &at);
        word(
            lint,
            &join(&at, "x-retry"),
            "x-retry",
            &["safe", "keyed", "never"],
        );
        stability(lint, &at);
        if operation.get("x-changes") == Some(&Value::Bool(method != "get")) {
            let why = "says what the method says; leave it out";
            lint.report(join(&at, "x-changes"), "x-changes", why);
        }
        evidence(lint, &join(&at, "x-evidence"));
        if operation.get("security").is_none() && lint.at("/security").is_none() {
            let why =
                "must say which credentials it takes, here or for the whole API; `[]` is none";
            lint.report(&at, "security", why);
        }
        parameters(lint, &path, &at);
        request_body(lint, method, &at);
        responses(lint, &at);
    }
    for (_, at) in lint.members("/components/responses") {
        evidence(lint, &join(&at, "x-evidence"));
    }
}

fn version(lint: &Lint<'_>) {
    let version = text(&lint.spec.document, "openapi");
    let patch = version.strip_prefix("3.0.");
    if !patch.is_some_and(|patch| !patch.is_empty() && patch.chars().all(|c| c.is_ascii_digit())) {
        lint.report(
            "/openapi",
            "openapi-version",
            "must be 3.0.x: progenitor refuses every other version",
        );
    }
}

fn document(lint: &Lint<'_>) {
    word(lint, "/x-path-plus", "x-path-plus", &["space"]);
    word(
        lint,
        "/x-null-members",
        "x-null-members",
        &["absent", "removes"],
    );
    for keyword in model::MESSAGES {
        for (_, at) in lint.members(&join("", keyword)) {
            if lint.schema_name(&at).is_none() {
                let why = "must be a `$ref` to a component: both sides need one name for its type";
                lint.report(&at, keyword, why);
            }
        }
    }
    if lint.elements("/servers").is_empty() {
        lint.report("/servers", "server", "an API needs a server");
    }
    for server in lint.elements("/servers") {
        let url = lint.at(&server).map_or("", |server| text(server, "url"));
        if url.ends_with('/') || !url.contains("://") {
            lint.report(
                join(&server, "url"),
                "server",
                "must be an absolute URL without a slash at its end",
            );
        }
    }
    for (name, at) in lint.members("/components/securitySchemes") {
        let Some(scheme) = lint.at(&at) else { continue };
        let complete = match text(scheme, "type") {
            "apiKey" => text(scheme, "in") == "header" && !text(scheme, "name").is_empty(),
            "http" => !text(scheme, "scheme").is_empty(),
            _ => false,
        };
        if !complete {
            let why = format!(
                "`{name}` must be an apiKey `in: header` with a name, or of type http with a scheme"
            );
            lint.report(&at, "security", why);
        }
    }
}

/// A keyword with few values; absent is a matter of its shape.
fn word(lint: &Lint<'_>, pointer: &str, rule: &'static str, known: &[&str]) {
    let value = lint.at(pointer).and_then(Value::as_str);
    if let Some(value) = value.filter(|value| !known.contains(value)) {
        lint.report(
            pointer,
            rule,
            format!("`{value}` is none of {}", known.join(", ")),
        );
    }
}

/// Whether the vendor has released an operation or a schema.
pub(super) fn stability(lint: &Lint<'_>, pointer: &str) {
    let known = &["released", "git", "alpha"];
    word(lint, &join(pointer, "x-stability"), "x-stability", known);
}

fn evidence(lint: &Lint<'_>, pointer: &str) {
    let known: &[&str] = match lint.spec.is_own() {
        true => &["own"],
        false => &["ran", "read", "documented", "inferred", "assumed"],
    };
    word(lint, &join(pointer, "mark"), "x-evidence", known);
}

fn path_template(lint: &Lint<'_>, path: &str, at: &str) {
    let fixed = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    let Some(rest) = path.strip_prefix('/') else {
        lint.report(at, "path", "must start with a slash");
        return;
    };
    for segment in rest.split('/') {
        if segment.is_empty() || segment == "." || segment == ".." {
            lint.report(
                at,
                "path",
                "has a segment that no client can send; a path ends without a slash",
            );
        } else if segment.contains(['{', '}']) {
            let name = segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            if name.is_none_or(|name| name.is_empty() || name.contains(['{', '}', '*'])) {
                lint.report(
                    at,
                    "path",
                    format!(
                        "`{segment}`: a parameter is a whole segment; the router has no others"
                    ),
                );
            }
        } else if !segment.chars().all(fixed) {
            lint.report(
                at,
                "path",
                format!("`{segment}` has characters that clients encode differently"),
            );
        }
    }
}

fn operation_id(
    lint: &Lint<'_>,
    at: &str,
    id: &str,
    reserved: &BTreeSet<String>,
    ids: &mut BTreeMap<String, String>,
) {
    let place = join(at, "operationId");
    if names::snake(id) != id {
        let why = format!(
            "`{id}` must be `{}`: it names a method on both sides",
            names::snake(id)
        );
        lint.report(&place, "operation-id", why);
    }
    if reserved.contains(id) || names::screaming(id) == "ALL" {
        lint.report(
            &place,
            "operation-id",
            format!("generated code has a method `{id}` already"),
        );
    }
    if let Some(other) = ids.insert(names::pascal(id), at.to_owned()) {
        lint.report(
            &place,
            "operation-id",
            format!("`{id}` is the operation at {other} too"),
        );
    }
}

fn tags(lint: &Lint<'_>, at: &str) {
    let known: BTreeSet<&str> = lint
        .elements("/tags")
        .iter()
        .filter_map(|tag| lint.at(tag))
        .map(|tag| text(tag, "name"))
        .collect();
    let at = join(at, "tags");
    let used = lint.elements(&at);
    if used.is_empty() {
        lint.report(&at, "tags", "needs a tag");
    }
    for tag in used {
        let name = lint.at(&tag).and_then(Value::as_str).unwrap_or_default();
        if !known.contains(name) {
            lint.report(
                tag,
                "tags",
                format!("the document describes no tag `{name}`"),
            );
        }
    }
}

fn parameters(lint: &Lint<'_>, path: &str, at: &str) {
    let item = at.rsplit_once('/').map_or("", |(item, _)| item);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut in_path = BTreeSet::new();
    let lists = [join(item, "parameters"), join(at, "parameters")];
    for place in lists.iter().flat_map(|list| lint.elements(list)) {
        let target = lint.follow(&place);
        let Some(parameter) = lint.at(&target) else {
            continue;
        };
        let name = text(parameter, "name");
        let field = names::snake(name);
        if RESERVED_PARAMETERS.contains(&field.as_str()) {
            lint.report(
                &place,
                "parameter",
                format!("generated request builders have a method `{field}` already"),
            );
        }
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            lint.report(
                &place,
                "parameter",
                format!("`{name}` must start with a letter"),
            );
        }
        if let Some(other) = seen.insert(field.clone(), name.to_owned()) {
            let why = format!(
                "`{name}` and `{other}` are both `{field}` in Rust; progenitor panics on that"
            );
            lint.report(&place, "parameter", why);
        }
        if text(parameter, "in") == "path" {
            in_path.insert(name.to_owned());
        }
        let style = parameter.get("style").and_then(Value::as_str);
        let explode = parameter.get("explode").and_then(Value::as_bool);
        parameter_schema(
            lint,
            &target,
            text(parameter, "in"),
            parameter,
            style,
            explode,
        );
    }
    let mut in_template = BTreeSet::new();
    for name in path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    {
        if !in_template.insert(name.to_owned()) {
            lint.report(
                at,
                "parameter",
                format!("`{{{name}}}` is in the path twice"),
            );
        }
    }
    for name in in_template.difference(&in_path) {
        let why = format!(
            "the path has `{{{name}}}` and no parameter describes it; progenitor panics on that"
        );
        lint.report(at, "parameter", why);
    }
    for name in in_path.difference(&in_template) {
        let why = format!(
            "`{name}` is described as a path parameter and the path has none; progenitor panics on that"
        );
        lint.report(at, "parameter", why);
    }
}

fn parameter_schema(
    lint: &Lint<'_>,
    at: &str,
    location: &str,
    parameter: &Value,
    style: Option<&str>,
    explode: Option<bool>,
) {
    let place = join(at, "schema");
    let named = lint.schema_name(&place).is_some();
    let target = lint.follow(&place);
    let Some(schema) = lint.at(&target) else {
        return;
    };
    let kind = text(schema, "type");
    let list = kind == "array";
    match location {
        "path" => {
            if parameter.get("required") != Some(&Value::Bool(true)) {
                lint.report(
                    at,
                    "parameter",
                    "a path parameter is always required; progenitor panics otherwise",
                );
            }
            if !named || kind != "string" {
                let why = "a path parameter must be a `$ref` to a named string: only a named one can be replaced by a type \
                           that keeps `..` and `\\` from leading to another resource";
                lint.report(&place, "parameter", why);
            } else if schema.get("enum").is_some() {
                let why =
                    "the client's enums take any text, and `..` would lead to another resource";
                lint.report(&place, "parameter", why);
            } else if schema.get("format").is_some() || schema.get("nullable").is_some() {
                lint.report(
                    &place,
                    "parameter",
                    "a path parameter is plain text: no format, never null",
                );
            }
        }
        "query" if list => {
            if style != Some("form") || explode != Some(false) {
                let why = "a list must say `style: form` and `explode: false`: progenitor ignores both, so the client has \
                           its own type for comma lists, and none for repeated parameters";
                lint.report(at, "parameter", why);
            }
            if !named {
                lint.report(
                    &place,
                    "parameter",
                    "a list must be a `$ref`: only a named one can be replaced",
                );
            }
            let items = lint.follow(&join(&target, "items"));
            let items = lint.at(&items);
            let string = items.is_some_and(|items| text(items, "type") == "string");
            let closed = items.is_some_and(|items| items.get("enum").is_some());
            let reference = lint.schema_name(&join(&target, "items")).is_some();
            if !string || reference != closed {
                lint.report(
                    &place,
                    "parameter",
                    "the items of a list must be a `$ref` to an enum, or plain strings",
                );
            }
            if parameter.get("required") == Some(&Value::Bool(true)) {
                lint.report(
                    at,
                    "parameter",
                    "a list cannot be required: an empty one is sent as absent",
                );
            }
        }
        "query" => {
            if !["string", "integer", "boolean"].contains(&kind) {
                let why = format!(
                    "a query parameter of type `{kind}`: progenitor panics on objects, and the rest is unproved"
                );
                lint.report(&place, "parameter", why);
            }
        }
        "header" => {
            if kind != "string" || named {
                lint.report(
                    &place,
                    "parameter",
                    "a header is a plain string, written here",
                );
            }
        }
        other => {
            let why =
                format!("`in: {other}`: must be path, query or header; progenitor refuses cookies");
            lint.report(at, "parameter", why);
        }
    }
    if !list && (style.is_some() || explode.is_some()) {
        lint.report(
            at,
            "parameter",
            "`style` and `explode` are for lists in the query",
        );
    }
    if !named {
        if schema.get("enum").is_some() {
            let why = "an enum needs a name of its own: make it a component and refer to it";
            lint.report(&place, "anonymous", why);
        }
        for bound in [
            "minLength",
            "maxLength",
            "pattern",
            "format",
            "nullable",
            "exclusiveMinimum",
            "exclusiveMaximum",
        ] {
            let known_format = bound == "format"
                && (kind == "integer"
                    || (location == "query"
                        && ["date-time", "password"].contains(&text(schema, "format"))));
            if schema.get(bound).is_some() && !known_format {
                let why = "the server does not check this on a parameter that has no named schema";
                lint.report(join(&place, bound), "parameter", why);
            }
        }
    }
}

/// The one media type, and the name of its schema.
fn json_content(lint: &Lint<'_>, at: &str) -> Option<String> {
    let content = join(at, "content");
    let kinds = lint.spec.keys(&content).to_vec();
    if kinds != ["application/json"] {
        let why = "needs exactly `application/json`: progenitor panics on two media types, and makes a byte stream of \
                   others";
        lint.report(&content, "media-type", why);
        return None;
    }
    let schema = format!("{content}/application~1json/schema");
    let name = lint.schema_name(&schema).map(str::to_owned);
    if name.is_none() {
        lint.report(
            &schema,
            "anonymous",
            "a body must be a `$ref` to a component: both sides need one name for its type",
        );
    }
    name
}

fn request_body(lint: &Lint<'_>, method: &str, at: &str) {
    let place = join(at, "requestBody");
    if lint.at(&place).is_none() {
        return;
    }
    if ["get", "head"].contains(&method) {
        lint.report(
            &place,
            "request-body",
            "a request with this method has no body",
        );
    }
    let target = lint.follow(&place);
    if let Some(name) = json_content(lint, &target) {
        let schema = lint.at(&join("/components/schemas", &name));
        let optional = lint.at(&join(&target, "required")) == Some(&Value::Bool(false));
        if optional
            && schema.is_some_and(|schema| {
                text(schema, "type") != "object"
                    || ["required", "minProperties"]
                        .iter()
                        .any(|bound| schema.get(*bound).is_some())
            })
        {
            let why = "`required: false` is for objects that may be empty: an empty body and null stand for `{}`; where a \
                       server ignores bodies, describe none";
            lint.report(&target, "request-body", why);
        }
        if schema
            .is_some_and(|schema| text(schema, "type") != "object" && schema.get("oneOf").is_none())
        {
            lint.report(
                &target,
                "request-body",
                "must be an object: only objects can take a new member later",
            );
        }
    }
}

fn responses(lint: &Lint<'_>, at: &str) {
    let place = join(at, "responses");
    let (mut successes, mut failures, mut errors) = (0, 0, BTreeSet::new());
    let mut empty = None;
    for (status, at) in lint.members(&place) {
        let target = lint.follow(&at);
        let schema = if status == "204" {
            empty = Some(at.clone());
            if lint.at(&join(&target, "content")).is_some() {
                let why = "has no body, as HTTP has it: take `content` away";
                lint.report(&at, "status", why);
            }
            None
        } else if lint.at(&join(&target, "content")).is_none() {
            let why = "a response needs `content`: only 204 is an answer without a body";
            lint.report(&target, "value", why);
            None
        } else {
            json_content(lint, &target)
        };
        if target == at {
            evidence(lint, &join(&at, "x-evidence"));
        }
        let known = status
            .parse::<u16>()
            .ok()
            .filter(|status| names::status(*status).is_some());
        let Some(code) = known else {
            let why = "must be a plain status code with a name (2xx, 4xx, 5xx): the server answers exactly what is listed \
                       here; ranges and `default` are made for the client when it is generated";
            lint.report(&at, "status", why);
            continue;
        };
        if code < 300 {
            successes += 1;
        } else {
            failures += 1;
            errors.extend(schema);
        }
    }
    if failures == 0 && !lint.spec.is_own() {
        let why = "needs an error: a vendor's operation can always be refused, and the mock must be able to say so";
        lint.report(&place, "status", why);
    }
    if let Some(empty) = empty.filter(|_| successes > 1) {
        let why = "cannot stand beside another success: progenitor has one success type per operation, and panics";
        lint.report(empty, "status", why);
    }
    if successes == 0 {
        lint.report(
            &place,
            "status",
            "needs a success: progenitor would make a byte stream of it",
        );
    }
    if errors.len() > 1 {
        let names: Vec<String> = errors.into_iter().collect();
        let why = format!(
            "errors have the schemas {}; progenitor panics on more than one: make one schema with optional members",
            names.join(" and ")
        );
        lint.report(&place, "error-schema", why);
    }
}
