//! The pages of the reference, from the documents alone.

use maud::{DOCTYPE, Markup, html};
use serde_json::{Map, Value};

use super::prose::{inline, prose};

/// The methods that a path of OpenAPI can have, in the order in which the page shows them.
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// An operation of a document.
struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    about: &'a Value,
}

/// The page that lists the operations of every API.
pub(super) fn overview(documents: &[(&str, Value)]) -> Markup {
    let content = html! {
        h1 { "API reference" }
        p {
            "The APIs that this mock answers. Tools read " a href="specs/index.json" { code { "index.json" } }
            "; every document is complete in itself. A seed has "
            a href="specs/seed.schema.json" { "a JSON Schema" } ", for editors."
        }
        @for (name, document) in documents {
            h2 id=(name) { a href={ "specs/" (name) } { (text(&document["info"]["title"])) } }
            ul .operations {
                @for operation in operations(document) { (line(&operation, &format!("specs/{name}"))) }
            }
        }
    };
    page("API reference", "specs/specs.css", &content)
}

/// The page of one API.
pub(super) fn reference(name: &str, document: &Value) -> Markup {
    let title = text(&document["info"]["title"]);
    let operations = operations(document);
    let content = html! {
        nav { a href="../specs" { "All APIs" } " · " a href={ (name) ".json" } { "OpenAPI document" } }
        h1 { (title) }
        (prose(text(&document["info"]["description"])))
        @for tag in document["tags"].as_array().into_iter().flatten() {
            @let of_tag: Vec<&Operation<'_>> = operations.iter().filter(|operation| has_tag(operation, tag)).collect();
            @if !of_tag.is_empty() {
                h2 { (text(&tag["name"])) }
                p { (inline(text(&tag["description"]))) }
                ul .operations { @for operation in &of_tag { (line(operation, "")) } }
                @for operation in &of_tag { (section(document, operation)) }
            }
        }
        h2 { "Schemas" }
        @for (name, schema) in members(&document["components"]["schemas"]) { (described(name, schema)) }
    };
    page(title, "specs.css", &content)
}

fn page(title: &str, style: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " - stepup-mock" }
                link rel="stylesheet" href=(style);
            }
            body { main { (content) } }
        }
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    members(&document["paths"])
        .flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let about = item.get(method)?;
                Some(Operation {
                    method,
                    path,
                    about,
                })
            })
        })
        .collect()
}

fn has_tag(operation: &Operation<'_>, tag: &Value) -> bool {
    let tags = operation.about["tags"].as_array();
    tags.is_some_and(|tags| tags.contains(&tag["name"]))
}

/// An operation in a list.
fn line(operation: &Operation<'_>, page: &str) -> Markup {
    let id = text(&operation.about["operationId"]);
    html! {
        li {
            a href={ (page) "#" (id) } { code { (id) } } " "
            code .method { (operation.method.to_uppercase()) " " (operation.path) } " "
            (inline(text(&operation.about["summary"])))
        }
    }
}

fn section(document: &Value, operation: &Operation<'_>) -> Markup {
    let about = operation.about;
    let parameters: Vec<&Value> = about["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| resolved(document, parameter))
        .collect();
    let body = resolved(document, &about["requestBody"]);
    html! {
        section id=(text(&about["operationId"])) {
            h3 { code .method { (operation.method.to_uppercase()) " " (operation.path) } }
            p { (inline(text(&about["summary"]))) ". Operation " code { (text(&about["operationId"])) } "." }
            (prose(text(&about["description"])))
            (evidence(about))
            @if !parameters.is_empty() {
                table {
                    caption { "Parameters" }
                    @for parameter in parameters {
                        tr {
                            th scope="row" { code { (text(&parameter["name"])) } }
                            td { (text(&parameter["in"])) @if parameter["required"] == true { ", required" } }
                            td { (kind(&parameter["schema"])) }
                            td { (prose(text(&parameter["description"]))) }
                        }
                    }
                }
            }
            @if let Some(schema) = body.pointer("/content/application~1json/schema") {
                p { "Body" @if body["required"] != true { ", optional" } ": " (kind(schema)) }
            }
            table {
                caption { "Answers" }
                @for (status, answer) in members(&about["responses"]) {
                    @let answer = resolved(document, answer);
                    tr {
                        th scope="row" { code { (status) } }
                        td {
                            @if let Some(schema) = answer.pointer("/content/application~1json/schema") { (kind(schema)) }
                        }
                        td { (prose(text(&answer["description"]))) (evidence(answer)) }
                    }
                }
            }
        }
    }
}

/// How far a statement can be trusted.
fn evidence(about: &Value) -> Markup {
    let [mark, source] = ["mark", "source"].map(|key| text(&about["x-evidence"][key]));
    html! {
        @if !mark.is_empty() { p .evidence { "Evidence: " (mark) @if !source.is_empty() { ", " (inline(source)) } } }
    }
}

/// A schema of its own.
fn described(name: &str, schema: &Value) -> Markup {
    let required = schema["required"].as_array();
    html! {
        section id={ "schema-" (name) } {
            h3 { (name) }
            (prose(text(&schema["description"])))
            @if schema["properties"].is_object() {
                table {
                    caption .visually-hidden { "Members of " (name) }
                    @for (member, schema) in members(&schema["properties"]) {
                        tr {
                            th scope="row" { code { (member) } }
                            td { (kind(schema)) }
                            td {
                                @if required.is_some_and(|required| required.iter().any(|name| name == member)) { "required" }
                            }
                            td { (prose(text(&schema["description"]))) }
                        }
                    }
                }
            } @else {
                p { (kind(schema)) }
            }
        }
    }
}

/// The type of a value: a link, or words.
fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.rsplit('/').next())
    {
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    let either = schema["oneOf"]
        .as_array()
        .or_else(|| schema["allOf"].as_array());
    let words = schema["enum"].as_array();
    html! {
        @if let Some(either) = either {
            @for (index, schema) in either.iter().enumerate() { @if index > 0 { " or " } (kind(schema)) }
        } @else if let Some(words) = words {
            @for (index, word) in words.iter().enumerate() { @if index > 0 { " · " } code { (plain(word)) } }
        } @else if schema["type"] == "array" {
            "array of " (kind(&schema["items"]))
        } @else {
            (text(&schema["type"]))
            @if let Some(format) = schema["format"].as_str() { " (" (format) ")" }
        }
        @if schema["nullable"] == true { " or null" }
        @for (bound, words) in BOUNDS {
            @if let Some(value) = schema.get(bound) { ", " (words) " " (plain(value)) }
        }
    }
}

/// The limits that a schema can set, and how the page says them.
const BOUNDS: [(&str, &str); 9] = [
    ("default", "by default"),
    ("minimum", "at least"),
    ("maximum", "at most"),
    ("minLength", "length at least"),
    ("maxLength", "length at most"),
    ("minItems", "items at least"),
    ("maxItems", "items at most"),
    ("multipleOf", "a multiple of"),
    ("pattern", "matches"),
];

fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    target
        .and_then(|pointer| document.pointer(pointer))
        .unwrap_or(value)
}

fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    value
        .as_object()
        .into_iter()
        .flat_map(Map::iter)
        .map(|(name, value)| (name.as_str(), value))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value as a reader writes it: a text without quotes.
fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}
