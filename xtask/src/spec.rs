//! Reads `openapi/*.yaml` into plain JSON and names places in it. Knows nothing of the dialect and of code generation.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

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
    /// The document. Its objects are sorted by key.
    pub document: Value,
    /// The keys of each object, by its pointer, in the order in which they are written.
    order: BTreeMap<String, Vec<String>>,
}

impl Spec {
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

/// Reads all specs below a root, sorted by file name.
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
        Ok(specs)
    } else {
        Err(Findings(findings).into())
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

    #[test]
    fn pointers_escape_slashes_and_tildes() {
        assert_eq!(join("/paths", "/a~b"), "/paths/~1a~0b");
    }
}
