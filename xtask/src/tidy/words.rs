//! That a vendor's word is written once in a crate: as a text, and in a table of the variants of its generated type. Knows
//! no vendor: the words are the specs' string enums.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{code, finding};
use crate::names;
use crate::spec::{Finding, SCHEMAS, Spec, join};

/// Where the mock's simulated phones and passkeys are.
const SIMULATION: &str = "mock-server/src/sim/";

/// How many variants of one type a file names if it holds a table of them.
const TABLE: usize = 4;

/// The words of the specs.
#[derive(Debug, Default)]
pub(super) struct Vocabularies {
    /// The vendors' words that no other text looks like: capitals.
    words: BTreeSet<String>,
    /// Variants of the types of words.
    types: BTreeMap<String, BTreeSet<String>>,
}

/// The words of some specs.
pub(super) fn vocabularies(specs: &[Spec]) -> Vocabularies {
    let mut found = Vocabularies::default();
    for spec in specs {
        for name in spec.keys(SCHEMAS) {
            let schema = spec.document.pointer(&join(SCHEMAS, name));
            let words: Vec<&str> = schema
                .and_then(|schema| schema.get("enum"))
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let capital = |word: &&&str| word.contains('_') && **word == word.to_uppercase();
            found
                .words
                .extend(words.iter().filter(capital).map(|word| (*word).to_owned()));
            if !words.is_empty() {
                found
                    .types
                    .entry(names::pascal(name))
                    .or_default()
                    .extend(words.iter().map(|word| names::pascal(word)));
            }
        }
    }
    found
}

/// Where words and tables of them stand.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// By crate and word: files with their lines.
    words: BTreeMap<(String, String), BTreeMap<String, usize>>,
    /// By crate and type: files with the lines of their first variant.
    tables: BTreeMap<(String, String), BTreeMap<String, usize>>,
}

impl Tables {
    /// Reads a hand-written file. What only tests compile is free to write words.
    pub(super) fn read(&mut self, file: &str, text: &str, known: &Vocabularies) {
        let Some((package, path)) = file.split_once('/') else {
            return;
        };
        // The simulation calls the mock from outside, so it reads words as any client does.
        let package = if file.starts_with(SIMULATION) {
            SIMULATION
        } else {
            package
        };
        if !path.starts_with("src/") || path.split('/').any(|part| part.starts_with("tests")) {
            return;
        }
        let mut variants: BTreeMap<&str, (usize, BTreeSet<&str>)> = BTreeMap::new();
        for (line, code) in code(text).take_while(|(_, code)| !code.starts_with("#[cfg(test)]")) {
            for quoted in code.split('"').skip(1).step_by(2) {
                if known.words.contains(quoted) {
                    self.words
                        .entry((package.to_owned(), quoted.to_owned()))
                        .or_default()
                        .entry(file.to_owned())
                        .or_insert(line);
                }
            }
            for (name, words) in &known.types {
                let paths = code.match_indices(name.as_str()).filter_map(|(at, _)| {
                    let rest = code.get(at + name.len()..)?.strip_prefix("::")?;
                    let end = rest.find(|c: char| !c.is_alphanumeric());
                    let variant = rest.get(..end.unwrap_or(rest.len()))?;
                    // By a path, `wire::Outcome::Allow`: the domain has types of its own with some of these names.
                    let generated = code.get(..at)?.ends_with("::");
                    (generated && words.contains(variant)).then_some(variant)
                });
                for variant in paths {
                    let seen = variants.entry(name).or_insert((line, BTreeSet::new()));
                    seen.1.insert(variant);
                }
            }
        }
        for (name, (line, seen)) in variants {
            if seen.len() >= TABLE {
                self.tables
                    .entry((package.to_owned(), name.to_owned()))
                    .or_default()
                    .insert(file.to_owned(), line);
            }
        }
    }

    /// Words and tables that stand in several files of a crate.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for ((_, word), files) in self.words.iter().filter(|(_, files)| files.len() > 1) {
            for (file, line) in files {
                let why = format!(
                    "the word `{word}` is also written in {}; write it once, and refer to it",
                    others(files, file)
                );
                found.push(finding(file, *line, "vendor-word", why));
            }
        }
        for ((_, name), files) in self.tables.iter().filter(|(_, files)| files.len() > 1) {
            for (file, line) in files {
                let why = format!(
                    "a table of `{name}` also stands in {}; keep one, and use it",
                    others(files, file)
                );
                found.push(finding(file, *line, "vendor-word", why));
            }
        }
        found
    }
}

fn others(files: &BTreeMap<String, usize>, file: &str) -> String {
    let others: Vec<&str> = files
        .keys()
        .map(String::as_str)
        .filter(|other| *other != file)
        .collect();
    others.join(", ")
}

#[cfg(test)]
mod tests {
    use super::{Tables, vocabularies};
    use crate::spec::parse;

    /// Places that are reported of some files.
    fn said(files: &[(&str, &str)]) -> Vec<String> {
        let spec = "components: {schemas: {Method: {type: string, enum: [SMS, EMAIL_OTP, QR_CODE, IN_APP]}}}";
        let known = vocabularies(&[parse("openapi/x.yaml", spec).unwrap()]);
        let mut tables = Tables::default();
        for (file, text) in files {
            tables.read(file, text, &known);
        }
        let findings = tables.findings();
        let place = |finding: crate::spec::Finding| format!("{}:{}", finding.file, finding.place);
        findings.into_iter().map(place).collect()
    }

    #[test]
    fn a_word_that_two_files_of_a_crate_write_is_reported_in_both() {
        let (first, second) = ("let a = \"EMAIL_OTP\";\n", "\nf(\"EMAIL_OTP\");\n");
        let both = said(&[("mock/src/a.rs", first), ("mock/src/b.rs", second)]);
        assert_eq!(both, ["mock/src/a.rs:line:1", "mock/src/b.rs:line:2"]);
        for allowed in [
            // Of two crates, each has its own.
            [("mock/src/a.rs", first), ("client/src/b.rs", second)],
            [("mock/src/a.rs", first), ("mock/src/a.rs", second)],
            [("mock/src/a.rs", first), ("mock/src/a/tests.rs", second)],
            [("mock/src/a.rs", first), ("mock/tests/b.rs", second)],
            [
                ("mock/src/a.rs", first),
                ("mock/src/b.rs", "// \"EMAIL_OTP\""),
            ],
            [
                ("mock/src/a.rs", first),
                (
                    "mock/src/b.rs",
                    "#[cfg(test)]\nmod tests { f(\"EMAIL_OTP\") }",
                ),
            ],
            [
                ("mock/src/a.rs", first),
                ("mock/src/b.rs", "\"EMAIL_OTP_SENT\""),
            ],
        ] {
            assert_eq!(said(&allowed), [""; 0], "{allowed:?}");
        }
    }

    #[test]
    fn a_table_of_variants_that_two_files_of_a_crate_hold_is_reported_in_both() {
        let table = "\nM::Sms => wire::Method::Sms,\nw::Method::EmailOtp, w::Method::QrCode | w::Method::InApp\n";
        let both = said(&[("mock/src/a.rs", table), ("mock/src/b.rs", table)]);
        assert_eq!(both, ["mock/src/a.rs:line:2", "mock/src/b.rs:line:2"]);
        let few = "w::Method::Sms, w::Method::QrCode, w::Method::Other, w::TheMethod::InApp, Method::EmailOtp";
        assert_eq!(
            said(&[("mock/src/a.rs", table), ("mock/src/b.rs", few)]),
            [""; 0]
        );
    }
}
