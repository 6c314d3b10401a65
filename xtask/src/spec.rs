//! Reads `openapi/*.yaml` into plain JSON, links the files to each other, and names places in them. Knows nothing of the
//! dialect or of code generation.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

/// Where a document has its schemas.
pub const SCHEMAS: &str = "/components/schemas";

/// How the stem of a shared file ends.
const SHARED: &str = "-shared";

/// A rule of the project that a file breaks, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// The file, relative to the root.
    pub file: String,
    /// The place in it: a JSON pointer for a spec, `line:<number>` for other text, empty for the whole file.
    pub place: String,
    /// Id of the rule, as `openapi/README.md` lists it.
    pub rule: &'static str,
    /// What is wrong, and why it matters.
    pub why: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            file,
            place,
            rule,
            why,
        } = self;
        match place.strip_prefix("line:") {
            Some(line) => write!(f, "{file}:{line}: [{rule}] {why}"),
            None if place.is_empty() => write!(f, "{file}: [{rule}] {why}"),
            None => write!(f, "{file}#{place}: [{rule}] {why}"),
        }
    }
}

/// Findings as an error: one per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Findings(pub Vec<Finding>);

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

/// One spec, as written.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The file, relative to the root: `openapi/mock-control.yaml`.
    pub file: String,
    /// Name of the cargo feature: the file's stem, `mock-control`.
    pub feature: String,
    /// Name of the modules: `mock_control`.
    pub stem: String,
    /// The document. Its objects are sorted by key. It holds a copy of each schema that it takes from another file.
    pub document: Value,
    /// Schemas that the document takes from other files: the name of the schema, and the `stem` of its file.
    pub shared: BTreeMap<String, String>,
    /// The keys of each object, by its pointer, in the order in which they are written.
    order: BTreeMap<String, Vec<String>>,
}

/// Name of the spec that describes this project, not a vendor.
const OWN: &str = "mock-control";

impl Spec {
    /// Whether this file describes this project, not a vendor.
    pub fn is_own(&self) -> bool {
        self.feature == OWN
    }

    /// Whether this file describes no API: it holds schemas that the APIs of one vendor share.
    pub fn is_shared(&self) -> bool {
        self.feature.ends_with(SHARED)
    }

    /// Whether this API may take schemas from a file: its vendor's shared file.
    fn may_use(&self, file: &Self) -> bool {
        let rest = file
            .feature
            .strip_suffix(SHARED)
            .and_then(|vendor| self.feature.strip_prefix(vendor));
        file.is_shared()
            && !self.is_shared()
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Keys of the object at a pointer in the order in which they are written; none if there is no such object.
    pub fn keys(&self, pointer: &str) -> &[String] {
        self.order.get(pointer).map_or(&[], Vec::as_slice)
    }

    /// A finding in this spec.
    pub fn finding(
        &self,
        pointer: impl Into<String>,
        rule: &'static str,
        why: impl Into<String>,
    ) -> Finding {
        Finding {
            file: self.file.clone(),
            place: pointer.into(),
            rule,
            why: why.into(),
        }
    }

    /// The value a `$ref` of this document points at.
    pub fn target(&self, reference: &str) -> Option<&Value> {
        self.document.pointer(reference.strip_prefix('#')?)
    }
}

/// Appends a key to a JSON pointer.
pub fn join(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Reads all specs below a root, sorted by file name, and links them.
///
/// # Errors
///
/// A file that cannot be read, and [`Findings`] (rule `yaml`) for one that is not YAML, has the same key twice, or uses
/// what JSON cannot say.
pub fn load_all(root: &Path) -> Result<Vec<Spec>> {
    let folder = root.join("openapi");
    let entries = fs::read_dir(&folder).context("cannot list openapi/ below the root")?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.context("cannot list openapi/")?.file_name();
        let name = name.to_string_lossy().into_owned();
        if name.ends_with(".yaml") || name.ends_with(".yml") {
            names.push(name);
        }
    }
    names.sort();
    let mut specs = Vec::new();
    let mut findings = Vec::new();
    for name in names {
        let file = format!("openapi/{name}");
        let text = fs::read_to_string(folder.join(&name))
            .with_context(|| format!("cannot read {file}"))?;
        match parse(&file, &text) {
            Ok(spec) => specs.push(spec),
            Err(finding) => findings.push(finding),
        }
    }
    if findings.is_empty() {
        Ok(link(specs))
    } else {
        Err(Findings(findings).into())
    }
}

/// Copies the schemas that an API shares with others into its document, and makes references to them local. After that, a
/// document is complete. A reference that cannot be followed stays as it is; the lint reports it.
pub fn link(mut specs: Vec<Spec>) -> Vec<Spec> {
    let files: Vec<Spec> = specs
        .iter()
        .filter(|spec| spec.is_shared())
        .cloned()
        .collect();
    for spec in &mut specs {
        for file in &files {
            if spec.may_use(file) {
                take_schemas(spec, file);
            }
        }
    }
    specs
}

fn take_schemas(spec: &mut Spec, file: &Spec) {
    let name = file.file.rsplit('/').next().unwrap_or_default();
    let prefix = format!("./{name}#{SCHEMAS}/");
    let mut wanted = BTreeSet::new();
    references(&spec.document, &mut |reference| {
        wanted.extend(reference.strip_prefix(&prefix).map(str::to_owned));
    });
    let own: BTreeSet<&String> = spec.keys(SCHEMAS).iter().collect();
    let mut taken = BTreeSet::new();
    for name in wanted {
        let needed = needed(file, &name);
        let clash = needed
            .iter()
            .any(|name| own.contains(name) || spec.shared.contains_key(name));
        if !clash && !needed.is_empty() {
            taken.extend(needed);
        }
    }
    localise(&mut spec.document, &prefix, &taken);
    let order = spec.order.entry(SCHEMAS.to_owned()).or_default();
    // First, so that the lint reports a clash of names at this file's schema, not at the shared one.
    let mut names: Vec<String> = file
        .keys(SCHEMAS)
        .iter()
        .filter(|name| taken.contains(*name))
        .cloned()
        .collect();
    names.append(order);
    *order = names;
    for name in taken {
        let at = join(SCHEMAS, &name);
        let within = format!("{at}/");
        let copied = file
            .order
            .iter()
            .filter(|(pointer, _)| **pointer == at || pointer.starts_with(&within));
        spec.order
            .extend(copied.map(|(pointer, keys)| (pointer.clone(), keys.clone())));
        let schema = file.document.pointer(&at).cloned();
        if let (Some(schemas), Some(schema)) = (
            spec.document
                .pointer_mut(SCHEMAS)
                .and_then(Value::as_object_mut),
            schema,
        ) {
            schemas.insert(name.clone(), schema);
        }
        spec.shared.insert(name, file.stem.clone());
    }
}

/// A schema of a file and all that it leads to; nothing if the file has no such schema.
fn needed(file: &Spec, name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![name.to_owned()];
    while let Some(name) = open.pop() {
        if let Some(schema) = file.document.pointer(&join(SCHEMAS, &name))
            && found.insert(name)
        {
            references(schema, &mut |reference| {
                let local = reference
                    .strip_prefix('#')
                    .and_then(|pointer| pointer.strip_prefix(SCHEMAS)?.strip_prefix('/'));
                open.extend(local.map(str::to_owned));
            });
        }
    }
    found
}

/// Visits the target of each `$ref` in a value.
fn references(value: &Value, visit: &mut impl FnMut(&str)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, visit)),
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                visit(reference);
            }
            object.values().for_each(|item| references(item, visit));
        }
        _ => {}
    }
}

/// Makes references to schemas that were taken from another file local.
fn localise(value: &mut Value, prefix: &str, taken: &BTreeSet<String>) {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| localise(item, prefix, taken)),
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(name) = reference
                    .strip_prefix(prefix)
                    .filter(|name| taken.contains(*name))
            {
                *reference = format!("#{SCHEMAS}/{name}");
            }
            object
                .values_mut()
                .for_each(|item| localise(item, prefix, taken));
        }
        _ => {}
    }
}

/// Reads one spec from its text. `file` names it, relative to the root.
///
/// # Errors
///
/// A finding of the rule `yaml` or `file-name`.
pub fn parse(file: &str, text: &str) -> Result<Spec, Finding> {
    let finding = |place: String, rule: &'static str, why: String| Finding {
        file: file.to_owned(),
        place,
        rule,
        why,
    };
    let name = file.rsplit('/').next().unwrap_or(file);
    let feature = name.strip_suffix(".yaml").unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if !feature.starts_with(|c: char| c.is_ascii_lowercase()) || !feature.chars().all(plain) {
        let why = "the stem is a cargo feature and a module name: a-z, 0-9 and `-`, then `.yaml`";
        return Err(finding(String::new(), "file-name", why.into()));
    }
    // Deserialising into anything but `yaml_serde::Value` would silently keep the last of two equal keys.
    let value: yaml_serde::Value = yaml_serde::from_str(text).map_err(|error| {
        let place = error
            .location()
            .map_or(String::new(), |at| format!("line:{}", at.line()));
        finding(place, "yaml", error.to_string())
    })?;
    let mut order = BTreeMap::new();
    let document =
        to_json(&value, "", &mut order).map_err(|(pointer, why)| finding(pointer, "yaml", why))?;
    Ok(Spec {
        file: file.to_owned(),
        feature: feature.to_owned(),
        stem: feature.replace('-', "_"),
        document,
        shared: BTreeMap::new(),
        order,
    })
}

fn to_json(
    value: &yaml_serde::Value,
    pointer: &str,
    order: &mut BTreeMap<String, Vec<String>>,
) -> Result<Value, (String, String)> {
    use yaml_serde::Value as Yaml;
    Ok(match value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(*value),
        Yaml::String(value) => Value::String(value.clone()),
        Yaml::Number(number) => {
            let number = if let Some(value) = number.as_u64() {
                Some(value.into())
            } else if let Some(value) = number.as_i64() {
                Some(value.into())
            } else {
                number.as_f64().and_then(serde_json::Number::from_f64)
            };
            Value::Number(
                number.ok_or_else(|| (pointer.to_owned(), "JSON has no such number".to_owned()))?,
            )
        }
        Yaml::Sequence(items) => {
            let mut array = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                array.push(to_json(item, &join(pointer, &index.to_string()), order)?);
            }
            Value::Array(array)
        }
        Yaml::Mapping(mapping) => {
            let mut object = serde_json::Map::new();
            let mut keys = Vec::with_capacity(mapping.len());
            for (key, item) in mapping {
                let Yaml::String(key) = key else {
                    let why = format!("the key {key:?} is not a string; put it in quotes");
                    return Err((pointer.to_owned(), why));
                };
                object.insert(key.clone(), to_json(item, &join(pointer, key), order)?);
                keys.push(key.clone());
            }
            order.insert(pointer.to_owned(), keys);
            Value::Object(object)
        }
        Yaml::Tagged(tagged) => {
            return Err((
                pointer.to_owned(),
                format!("the tag {} means nothing in JSON", tagged.tag),
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_keep_the_order_in_which_they_are_written() {
        let spec = parse("openapi/x.yaml", "b: 1\na: {d: 1, c: 2}\n").unwrap();
        assert_eq!(spec.keys(""), ["b", "a"]);
        assert_eq!(spec.keys("/a"), ["d", "c"]);
    }

    #[test]
    fn a_key_that_occurs_twice_is_refused_with_its_line() {
        let finding = parse("openapi/x.yaml", "a: 1\nb: 2\na: 3\n").unwrap_err();
        assert_eq!(finding.rule, "yaml");
        assert!(finding.to_string().contains("duplicate"), "{finding}");
    }

    #[test]
    fn a_key_that_is_not_a_string_is_refused_with_its_place() {
        let finding = parse("openapi/x.yaml", "responses: {200: ok}\n").unwrap_err();
        assert_eq!(
            (finding.rule, finding.place.as_str()),
            ("yaml", "/responses")
        );
    }

    #[test]
    fn a_file_name_that_is_no_feature_name_is_refused() {
        assert_eq!(
            parse("openapi/My_Api.yaml", "{}").unwrap_err().rule,
            "file-name"
        );
        assert_eq!(parse("openapi/9.yaml", "{}").unwrap_err().rule, "file-name");
        assert_eq!(parse("openapi/x.yml", "{}").unwrap_err().rule, "file-name");
    }

    const API: &str = "components: {schemas: {Own: {properties: {a: {$ref: \
                       './x-shared.yaml#/components/schemas/Outer'}}}}}";
    const FILE: &str = "components: {schemas: {Inner: {type: string}, Outer: {items: {$ref: \
                        '#/components/schemas/Inner'}}, Unused: {type: string}}}";

    /// An API as it is linked to another file.
    fn linked(api: (&str, &str), file: (&str, &str)) -> Spec {
        let parsed = [api, file].map(|(name, text)| parse(name, text).unwrap());
        link(parsed.to_vec()).remove(0)
    }

    #[test]
    fn a_linked_document_is_complete_and_says_which_schemas_it_shares() {
        let spec = linked(("openapi/x-one.yaml", API), ("openapi/x-shared.yaml", FILE));
        assert_eq!(spec.keys(SCHEMAS), ["Inner", "Outer", "Own"]);
        assert_eq!(spec.keys("/components/schemas/Outer"), ["items"]);
        let reference = spec
            .document
            .pointer("/components/schemas/Own/properties/a/$ref");
        assert_eq!(reference.unwrap(), "#/components/schemas/Outer");
        assert_eq!(
            spec.document["components"]["schemas"]["Inner"]["type"],
            "string"
        );
        let shared: Vec<(&str, &str)> = spec
            .shared
            .iter()
            .map(|(name, stem)| (name.as_str(), stem.as_str()))
            .collect();
        assert_eq!(shared, [("Inner", "x_shared"), ("Outer", "x_shared")]);
    }

    #[test]
    fn nothing_is_taken_from_another_vendors_file_or_over_a_schema_of_the_same_name() {
        let other = API.replace("x-shared", "y-shared");
        let clash = API.replace("{Own:", "{Inner: {type: string}, Own:");
        let cases = [
            linked(("openapi/x.yaml", &other), ("openapi/y-shared.yaml", FILE)),
            linked(("openapi/x.yaml", &clash), ("openapi/x-shared.yaml", FILE)),
            linked(("openapi/xy.yaml", API), ("openapi/x-shared.yaml", FILE)),
        ];
        for spec in cases {
            assert!(spec.shared.is_empty(), "{}", spec.file);
            let reference = spec
                .document
                .pointer("/components/schemas/Own/properties/a/$ref");
            assert!(
                reference.unwrap().as_str().unwrap().starts_with("./"),
                "{}",
                spec.file
            );
        }
    }

    #[test]
    fn pointers_escape_slashes_and_tildes() {
        assert_eq!(join("/paths", "/a~b"), "/paths/~1a~0b");
    }
}
