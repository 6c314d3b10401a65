//! The specs as the tests read them: the YAML itself, not what any generator made of it. Must not know xtask's reader,
//! the client's or the mock's types, so that a fault of theirs shows.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};

/// Root folder of the workspace.
pub(crate) fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this crate is in a folder of the workspace")
}

pub(crate) struct Spec {
    /// Name of the file without its ending.
    pub(crate) stem: String,
    pub(crate) document: Value,
}

/// One operation of a spec.
pub(crate) struct Operation<'spec> {
    pub(crate) id: &'spec str,
    /// In capitals.
    pub(crate) method: String,
    pub(crate) path: &'spec str,
    node: &'spec Value,
    spec: &'spec Spec,
}

/// Whether members that a schema does not name are accepted.
#[derive(Clone, Copy, PartialEq)]
enum Members {
    /// On every level: how requests are checked.
    Open,
    /// On no level: how answers are checked, because clients can only know what the spec says.
    Closed,
    /// On the levels below; this one belongs to a composition, which closes it as a whole.
    Part,
}

/// The spec of every API. A schema that an API takes from a shared file counts as its own.
pub(crate) fn all() -> &'static [Spec] {
    static SPECS: OnceLock<Vec<Spec>> = OnceLock::new();
    SPECS.get_or_init(|| {
        let mut paths: Vec<PathBuf> = std::fs::read_dir(workspace().join("openapi"))
            .expect("openapi/ is there")
            .map(|entry| entry.expect("openapi/ can be listed").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "yaml"))
            .collect();
        paths.sort();
        let (shared, apis): (Vec<Spec>, Vec<Spec>) = paths
            .iter()
            .map(|path| Spec::read(path))
            .partition(|spec| spec.stem.ends_with("-shared"));
        apis.into_iter()
            .map(|api| api.with_schemas_of(&shared))
            .collect()
    })
}

/// The spec of an API, by the name of its file.
pub(crate) fn named(stem: &str) -> &'static Spec {
    all()
        .iter()
        .find(|spec| spec.stem == stem)
        .unwrap_or_else(|| panic!("there is no openapi/{stem}.yaml"))
}

impl Spec {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the spec can be read");
        let document = yaml_serde::from_str(&text)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            stem: path
                .file_stem()
                .and_then(|stem| stem.to_str())
                .expect("a plain name")
                .to_owned(),
            document,
        }
    }

    /// This spec with the schemas of the shared files that it refers to.
    fn with_schemas_of(mut self, shared: &[Self]) -> Self {
        for file in shared {
            let prefix = format!("./{}.yaml#/", file.stem);
            let text = self.document.to_string();
            if !text.contains(&prefix) {
                continue;
            }
            self.document =
                serde_json::from_str(&text.replace(&prefix, "#/")).expect("it was JSON before");
            let schemas = self.document["components"]["schemas"]
                .as_object_mut()
                .expect("components/schemas");
            for (name, schema) in file.schemas() {
                let own = schemas.insert(name.clone(), schema.clone());
                assert!(own.is_none(), "{}: {name} is defined twice", self.stem);
            }
        }
        self
    }

    pub(crate) fn operations(&self) -> Vec<Operation<'_>> {
        const METHODS: [&str; 8] = [
            "get", "put", "post", "delete", "options", "head", "patch", "trace",
        ];
        let paths = self.document["paths"].as_object().expect("paths");
        paths
            .iter()
            .flat_map(|(path, item)| {
                let methods = METHODS
                    .iter()
                    .filter(move |method| item.get(**method).is_some());
                methods.map(move |method| {
                    let node = &item[*method];
                    let id = node["operationId"].as_str().expect("operationId");
                    Operation {
                        id,
                        method: method.to_uppercase(),
                        path,
                        node,
                        spec: self,
                    }
                })
            })
            .collect()
    }

    pub(crate) fn operation(&self, id: &str) -> Operation<'_> {
        let found = self
            .operations()
            .into_iter()
            .find(|operation| operation.id == id);
        found.unwrap_or_else(|| panic!("openapi/{}.yaml has no operation {id}", self.stem))
    }

    /// The schemas under `components`, by name.
    pub(crate) fn schemas(&self) -> &Map<String, Value> {
        self.document["components"]["schemas"]
            .as_object()
            .expect("components/schemas")
    }

    /// What a node stands for: itself, or what its `$ref` leads to.
    pub(crate) fn resolve<'spec>(&'spec self, node: &'spec Value) -> &'spec Value {
        match node.get("$ref").and_then(Value::as_str) {
            Some(reference) => {
                let pointer = reference
                    .strip_prefix('#')
                    .expect("references stay in the document");
                self.resolve(
                    self.document
                        .pointer(pointer)
                        .unwrap_or_else(|| panic!("{reference} leads nowhere")),
                )
            }
            None => node,
        }
    }

    fn validator(&self, schema: &Value, members: Members) -> Validator {
        let components = |members| -> Map<String, Value> {
            self.schemas()
                .iter()
                .map(|(name, schema)| (name.clone(), to_2020_12(schema, members)))
                .collect()
        };
        let root = json!({
            "$ref": "#/root",
            "root": to_2020_12(schema, members),
            "open": components(Members::Open),
            "closed": components(Members::Closed),
            "part": components(Members::Part),
        });
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .should_validate_formats(true)
            .build(&root)
            .unwrap_or_else(|error| panic!("{schema} is no schema: {error}"))
    }

    /// Validator of a named schema that accepts members the schema does not name.
    pub(crate) fn open_validator(&self, schema: &str) -> Validator {
        self.validator(&self.schemas()[schema], Members::Open)
    }

    /// What is wrong with a message that is no answer, as lines `pointer: fault`: one of a WebSocket or of a window, under
    /// the keyword that lists them and its own name there.
    pub(crate) fn faults_of_message(
        &self,
        keyword: &str,
        name: &str,
        message: &Value,
    ) -> Vec<String> {
        let schema = &self.document[keyword][name];
        assert!(schema.is_object(), "{keyword} has no message {name}");
        faults(&self.validator(schema, Members::Closed), message)
    }
}

impl Operation<'_> {
    /// The documented statuses, in order.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let codes = self.node["responses"]
            .as_object()
            .expect("responses")
            .keys();
        codes
            .map(|code| {
                code.parse()
                    .unwrap_or_else(|_| panic!("{}: status {code} is a range", self.id))
            })
            .collect()
    }

    /// Names of the ways in which a caller may prove who it is.
    pub(crate) fn security(&self) -> Vec<&str> {
        let ways = self.node.get("security");
        let ways = ways.or_else(|| self.spec.document.get("security"));
        let ways = ways.and_then(Value::as_array).into_iter().flatten();
        ways.filter_map(Value::as_object)
            .flat_map(|way| way.keys().map(String::as_str))
            .collect()
    }

    /// Names of the path's parameters, in order.
    pub(crate) fn path_parameters(&self) -> Vec<&str> {
        self.path
            .split('/')
            .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
            .collect()
    }

    /// Whether a raw request target addresses this operation.
    pub(crate) fn matches(&self, method: &str, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        let (template, given): (Vec<_>, Vec<_>) =
            (self.path.split('/').collect(), path.split('/').collect());
        self.method == method
            && template.len() == given.len()
            && template
                .iter()
                .zip(&given)
                .all(|(want, have)| want.starts_with('{') || want == have)
    }

    fn json_schema<'node>(&self, content: &'node Value) -> &'node Value {
        let schema = &content["content"]["application/json"]["schema"];
        assert!(
            schema.is_object(),
            "{}: only application/json bodies are known here",
            self.id
        );
        schema
    }

    pub(crate) fn takes_body(&self) -> bool {
        self.node.get("requestBody").is_some()
    }

    /// Whether a request may leave its body out.
    pub(crate) fn body_is_optional(&self) -> bool {
        self.spec.resolve(&self.node["requestBody"])["required"] != json!(true)
    }

    /// What is wrong with a request body by the spec, as lines `pointer: fault`.
    pub(crate) fn faults_of_request(&self, body: &Value) -> Vec<String> {
        let node = self.spec.resolve(&self.node["requestBody"]);
        let mut body = body.clone();
        if self.spec.document["x-null-members"].is_string() {
            drop_null_members(&mut body);
        }
        let body = &body;
        faults(
            &self.spec.validator(self.json_schema(node), Members::Open),
            body,
        )
    }

    /// Whether an answer of this status has a body.
    pub(crate) fn answers_with_body(&self, status: u16) -> bool {
        let responses = &self.node["responses"];
        self.spec
            .resolve(&responses[status.to_string()])
            .get("content")
            .is_some()
    }

    /// What is wrong with an answer's body by the spec, as lines `pointer: fault`.
    pub(crate) fn faults_of_answer(&self, status: u16, body: &Value) -> Vec<String> {
        let node = self
            .spec
            .resolve(&self.node["responses"][status.to_string()]);
        faults(
            &self.spec.validator(self.json_schema(node), Members::Closed),
            body,
        )
    }
}

fn drop_null_members(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_null_members);
        }
        Value::Array(elements) => elements.iter_mut().for_each(drop_null_members),
        _ => {}
    }
}

/// What is wrong with a value, as lines `pointer: fault`.
pub(crate) fn faults(validator: &Validator, value: &Value) -> Vec<String> {
    validator
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// A schema of OpenAPI 3.0 as JSON Schema 2020-12, with references into the tables that `Spec::validator` makes.
fn to_2020_12(schema: &Value, members: Members) -> Value {
    let Some(schema) = schema.as_object() else {
        return schema.clone();
    };
    let table = match members {
        Members::Open => "open",
        Members::Closed => "closed",
        Members::Part => "part",
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference
            .strip_prefix("#/components/schemas/")
            .expect("a reference to a schema");
        return json!({"$ref": format!("#/{table}/{name}")});
    }
    let below = if members == Members::Open {
        Members::Open
    } else {
        Members::Closed
    };
    let part = if members == Members::Open {
        Members::Open
    } else {
        Members::Part
    };
    let mut out = Map::new();
    for (key, value) in schema {
        match key.as_str() {
            "nullable" | "description" | "title" | "example" | "default" | "discriminator"
            | "xml" | "readOnly" | "writeOnly" | "deprecated" | "externalDocs" => {}
            extension if extension.starts_with("x-") => {}
            "properties" => {
                let properties = value.as_object().expect("properties");
                let converted = properties
                    .iter()
                    .map(|(name, schema)| (name.clone(), to_2020_12(schema, below)));
                out.insert(key.clone(), Value::Object(converted.collect()));
            }
            "items" | "not" | "additionalProperties" => {
                out.insert(key.clone(), to_2020_12(value, below));
            }
            "allOf" | "oneOf" | "anyOf" => {
                let of = value.as_array().expect("a list of schemas");
                out.insert(
                    key.clone(),
                    of.iter().map(|schema| to_2020_12(schema, part)).collect(),
                );
            }
            "exclusiveMinimum" | "exclusiveMaximum" => {
                panic!("boolean bounds are not converted: {value}")
            }
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    let composed = ["allOf", "oneOf", "anyOf"]
        .iter()
        .any(|key| schema.contains_key(*key));
    if members == Members::Closed
        && (composed || schema.contains_key("properties"))
        && !schema.contains_key("additionalProperties")
    {
        out.insert("unevaluatedProperties".to_owned(), json!(false));
    }
    if schema.get("nullable") == Some(&json!(true)) {
        return json!({"anyOf": [out, {"type": "null"}]});
    }
    Value::Object(out)
}

mod tests {
    use serde_json::json;

    use super::{Members, Spec, faults};

    fn spec() -> Spec {
        let document = json!({"components": {"schemas": {
            "Base": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
            "Whole": {"allOf": [
                {"$ref": "#/components/schemas/Base"},
                {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Base"}}},
            ]},
            "Maybe": {"type": "string", "nullable": true, "enum": ["a"]},
            "Moment": {"type": "string", "format": "date-time"},
        }}});
        Spec {
            stem: "test".to_owned(),
            document,
        }
    }

    fn faults_of(name: &str, members: Members, value: serde_json::Value) -> usize {
        let spec = spec();
        faults(&spec.validator(&spec.schemas()[name], members), &value).len()
    }

    #[test]
    fn an_answer_may_not_have_members_that_the_spec_does_not_name() {
        assert_eq!(faults_of("Base", Members::Closed, json!({"id": "1"})), 0);
        assert_eq!(
            faults_of("Base", Members::Closed, json!({"id": "1", "more": 1})),
            1
        );
        assert_eq!(
            faults_of("Base", Members::Open, json!({"id": "1", "more": 1})),
            0
        );
        assert_eq!(faults_of("Base", Members::Open, json!({"more": 1})), 1);
    }

    #[test]
    fn a_composition_is_closed_as_a_whole_and_below() {
        assert_eq!(
            faults_of(
                "Whole",
                Members::Closed,
                json!({"id": "1", "inner": {"id": "2"}})
            ),
            0
        );
        assert_ne!(
            faults_of("Whole", Members::Closed, json!({"id": "1", "more": 1})),
            0
        );
        assert_ne!(
            faults_of(
                "Whole",
                Members::Closed,
                json!({"id": "1", "inner": {"id": "2", "more": 1}})
            ),
            0
        );
        assert_eq!(
            faults_of(
                "Whole",
                Members::Open,
                json!({"id": "1", "inner": {"id": "2", "more": 1}})
            ),
            0
        );
    }

    #[test]
    fn nullable_and_formats_are_checked() {
        assert_eq!(faults_of("Maybe", Members::Open, json!(null)), 0);
        assert_eq!(faults_of("Maybe", Members::Open, json!("b")), 1);
        assert_eq!(
            faults_of("Moment", Members::Open, json!("2026-01-01T00:00:00Z")),
            0
        );
        assert_eq!(faults_of("Moment", Members::Open, json!("yesterday")), 1);
    }
}
