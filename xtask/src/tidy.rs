//! House rules that neither rustc nor clippy can check: which folder may name what, the first line of each module,
//! names, what the manifests of members inherit, and that no table of a vendor's words stands twice. Reads text, and
//! understands no Rust.

mod floors;
mod words;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use toml::{Table, Value};

use crate::codegen::FOLDERS;
use crate::spec::{self, Finding};

/// Folders that hold nothing of ours.
const SKIPPED: [&str; 3] = ["target", ".git", "node_modules"];

/// What is read as text.
const TEXT: [&str; 15] = [
    "rs", "toml", "yaml", "yml", "md", "json", "txt", "sh", "py", "snap", "js", "mjs", "ts", "css",
    "html",
];

/// A folder, or a file, that may not name some things.
struct Boundary {
    path: &'static str,
    /// What in it may.
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const BOUNDARIES: &[Boundary] = &[
    Boundary {
        path: "mock-server/src/domain/",
        except: &[],
        words: &[
            "axum",
            "tokio",
            "hyper",
            "reqwest",
            "tower",
            "crate::http",
            "crate::serve",
            "crate::mock",
        ],
        why: "the domain answers commands and knows no transport",
    },
    Boundary {
        path: "mock-server/src/domain/",
        except: &[],
        words: &[
            "crate::runtime",
            "crate::store",
            "crate::sim",
            "crate::program",
        ],
        why: "the domain is called by these and knows none of them",
    },
    Boundary {
        path: "mock-server/src/domain/",
        except: &[],
        words: &[
            "std::time",
            "SystemTime",
            "Instant",
            "Timestamp::now",
            "Zoned::now",
        ],
        why: "time is an argument of the domain, so that a run can be repeated",
    },
    Boundary {
        path: "mock-server/src/domain/",
        except: &[],
        words: &[
            "rand",
            "thread_rng",
            "getrandom",
            "fastrand",
            "std::env",
            "std::fs",
            "std::net",
            "std::process",
        ],
        why: "the domain is pure: chance and the outside world are arguments",
    },
    Boundary {
        path: "mock-server/src/wire/",
        except: &[],
        words: &[
            "crate::http",
            "crate::runtime",
            "crate::sim",
            "axum",
            "tokio",
        ],
        why: "the HTTP face and the runtime call it, and it knows neither",
    },
    Boundary {
        path: "mock-server/src/runtime/",
        except: &[],
        words: &["crate::http", "crate::sim", "axum"],
        why: "the runtime is called by these and knows none of them",
    },
    Boundary {
        path: "mock-server/src/sim/",
        except: &[],
        words: &["crate::http", "axum"],
        why: "the simulation acts from outside, through the vendor's own operations",
    },
    Boundary {
        path: "mock-server/src/http/surface",
        except: &[],
        words: &[
            "crate::domain",
            "crate::runtime",
            "crate::sim",
            "crate::generated",
        ],
        why: "generated routers of every API lean on it, so it knows none",
    },
    Boundary {
        path: "mock-server/src/http/control/listing",
        except: &[],
        words: &["transact", "transact_delivered"],
        why: "who waits for a change asks it, and would wake themselves",
    },
    Boundary {
        path: "mock-server/",
        except: &[],
        words: &["stepup_client", "stepup-client"],
        why: "client and mock meet in the specs and over HTTP only",
    },
    Boundary {
        path: "client/",
        except: &[SHOP],
        words: &["stepup_mock"],
        why: "client and mock meet in the specs and over HTTP only",
    },
    Boundary {
        path: "client/src/",
        // `lib.rs` declares the two folders, behind their features.
        except: &["client/src/axum/", "client/src/tower/", "client/src/lib.rs"],
        words: &["axum", "tower"],
        why: "a client needs no web framework; the glue for one is in a folder of its own, behind a feature",
    },
    Boundary {
        path: "xtask/",
        except: &[],
        words: &["stepup_client", "stepup_mock"],
        why: "code generation cannot need what it generates",
    },
    Boundary {
        path: "tests/bench/",
        except: &[],
        words: &["stepup_mock"],
        why: "the benchmark knows the mock by its program and its wire format",
    },
    Boundary {
        path: "tests/bench/",
        except: &["tests/bench/src/calls.rs"],
        words: &["stepup_client"],
        why: "the load is bytes that are prepared; only `calls` measures the client",
    },
];

/// The example application. Its tests run against the mock, as those of any application do.
const SHOP: &str = "client/examples/shop/";

/// Folders that must stay free of every API.
const NEUTRAL: [&str; 2] = ["client/src/transport/", "mock-server/src/http/surface"];

/// Where each API has its own module. It must not know the others, except the one that it is a part of.
const PER_API: [&str; 4] = [
    "client/src/",
    "mock-server/src/domain/",
    "mock-server/src/http/",
    "mock-server/src/wire/",
];

/// Where each vendor has one room for all its APIs.
const ROOMS: &str = "mock-server/src/http/";

/// Names that say nothing.
const EMPTY_NAMES: [&str; 4] = ["utils", "common", "helpers", "manager"];

/// Keys of `[package]` that members inherit.
const INHERITED: [&str; 5] = ["version", "edition", "rust-version", "license", "publish"];

/// Checks the house rules below a root. An empty list means that all are kept.
///
/// # Errors
///
/// Files that cannot be read.
pub fn tidy(root: &Path) -> Result<Vec<Finding>> {
    let mut files = Vec::new();
    list(root, "", &mut files)?;
    let apis: Vec<String> = files
        .iter()
        .filter_map(|file| {
            Some(
                file.strip_prefix("openapi/")?
                    .strip_suffix(".yaml")?
                    .replace('-', "_"),
            )
        })
        .collect();
    let vocabularies = words::vocabularies(&spec::load_all(root)?);
    let mut tables = words::Tables::default();
    let mut findings = Vec::new();
    let mut sources = BTreeMap::new();
    for file in files {
        let extension = file.rsplit_once('.').map_or("", |(_, extension)| extension);
        let generated = file.split('/').any(|part| part == "generated");
        if generated
            && !FOLDERS
                .iter()
                .any(|folder| file.starts_with(&format!("{folder}/")))
        {
            let why = "a folder `generated` is written by `cargo xtask codegen`, and it does not write this one";
            findings.push(finding(&file, 0, "generated", why));
        }
        if generated || !TEXT.contains(&extension) {
            continue;
        }
        let text =
            fs::read_to_string(root.join(&file)).with_context(|| format!("cannot read {file}"))?;
        machine_paths(&file, &text, &mut findings);
        // This module and its tests quote what they forbid.
        if extension == "rs" && !file.starts_with("xtask/src/tidy") {
            module(&file, &text, &mut findings);
            boundaries(&file, &text, &apis, &mut findings);
            tables.read(&file, &text, &vocabularies);
        }
        if file.ends_with("Cargo.toml") {
            manifest(&file, &text, &mut findings);
        }
        if extension == "rs" {
            sources.insert(file, text);
        }
    }
    findings.extend(tables.findings());
    findings.extend(floors::floors(&sources));
    findings.sort();
    Ok(findings)
}

fn finding(file: &str, line: usize, rule: &'static str, why: impl Into<String>) -> Finding {
    let place = if line == 0 {
        String::new()
    } else {
        format!("line:{line}")
    };
    Finding {
        file: file.to_owned(),
        place,
        rule,
        why: why.into(),
    }
}

fn list(root: &Path, folder: &str, files: &mut Vec<String>) -> Result<()> {
    let mut entries: Vec<_> = fs::read_dir(root.join(folder))
        .and_then(Iterator::collect)
        .with_context(|| {
            format!(
                "cannot list {}",
                if folder.is_empty() {
                    "the root"
                } else {
                    folder
                }
            )
        })?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if folder.is_empty() {
            name.clone()
        } else {
            format!("{folder}/{name}")
        };
        let kind = entry
            .file_type()
            .with_context(|| format!("cannot look at {path}"))?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            list(root, &path, files)?;
        } else if kind.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// Lines of code with their numbers: comments are free to name what code may not.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| {
        let comment = if line.trim_start().starts_with("//") {
            Some(0)
        } else {
            line.find(" // ")
        };
        (
            index + 1,
            comment.and_then(|at| line.get(..at)).unwrap_or(line),
        )
    })
}

/// Whether a line has a word, or a path, that is not part of a longer one.
fn names(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line
            .get(at + word.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

fn boundaries(file: &str, text: &str, apis: &[String], findings: &mut Vec<Finding>) {
    let within = |boundary: &&Boundary| {
        let is_below = |path: &&str| file.starts_with(*path);
        is_below(&boundary.path) && !boundary.except.iter().any(is_below)
    };
    for Boundary {
        path, words, why, ..
    } in BOUNDARIES.iter().filter(within)
    {
        for (line, code) in code(text) {
            for word in words.iter().filter(|word| names(code, word)) {
                findings.push(finding(
                    file,
                    line,
                    "boundary",
                    format!("`{word}` may not be named in {path}: {why}"),
                ));
            }
        }
    }
    for folder in NEUTRAL.iter().filter(|folder| file.starts_with(**folder)) {
        for (line, code) in code(text) {
            for api in apis.iter().filter(|api| names(code, api)) {
                let why = format!("`{api}` may not be named in {folder}: it serves every API");
                findings.push(finding(file, line, "boundary", why));
            }
        }
    }
    for folder in PER_API {
        let Some(rest) = file.strip_prefix(folder) else {
            continue;
        };
        let own = rest.split('/').next().unwrap_or(rest);
        let own = own.strip_suffix(".rs").unwrap_or(own);
        if !apis.iter().any(|api| api == own) {
            continue;
        }
        let rests_on = |api: &str| may_name(own, api) || (folder == ROOMS && may_name(api, own));
        for (line, code) in code(text) {
            let other = |api: &&String| !rests_on(api) && names(code, api);
            for api in apis.iter().filter(other) {
                let why = format!(
                    "`{api}` may not be named in {folder}{own}: the APIs' modules know nothing of each other"
                );
                findings.push(finding(file, line, "boundary", why));
            }
        }
    }
}

/// Whether an API's module may name another spec: its own, that of an API it rests on (`authsignal_client` rests on
/// `authsignal`), and what its vendor's APIs share.
fn may_name(own: &str, spec: &str) -> bool {
    let is_of = |vendor: &str| {
        own.strip_prefix(vendor)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    };
    is_of(spec) || spec.strip_suffix("_shared").is_some_and(is_of)
}

fn module(file: &str, text: &str, findings: &mut Vec<Finding>) {
    let first = text.lines().next().unwrap_or_default();
    let documented =
        first.starts_with("//! ") || (first.starts_with("#![") && first.contains("doc"));
    if !documented {
        let why = "a module begins with `//!`: what it is for, and what it must not know";
        findings.push(finding(file, 1, "module-doc", why));
    }
    let path = file.strip_suffix(".rs").unwrap_or(file);
    if let Some(name) = path.split('/').find(|part| EMPTY_NAMES.contains(part)) {
        findings.push(finding(
            file,
            0,
            "name",
            format!("`{name}` says nothing; name it after what it does"),
        ));
    }
    for (line, code) in code(text) {
        let mut words = code
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .filter(|word| !word.is_empty());
        while let Some(word) = words.next() {
            if ["mod", "struct", "enum", "trait", "type"].contains(&word)
                && let Some(name) = words
                    .next()
                    .filter(|name| EMPTY_NAMES.contains(&name.to_lowercase().as_str()))
            {
                findings.push(finding(
                    file,
                    line,
                    "name",
                    format!("`{name}` says nothing; name it after what it does"),
                ));
            }
        }
        // Written in two parts, so that this line is not found.
        if code.contains(concat!("#[", "ignore")) {
            let why = "a test that does not run proves nothing; take it away, or make it run";
            findings.push(finding(file, line, "ignored-test", why));
        }
    }
}

fn machine_paths(file: &str, text: &str, findings: &mut Vec<Finding>) {
    for (index, line) in text.lines().enumerate() {
        for folder in ["home", "root", "tmp", "Users"] {
            let path = format!("/{folder}/");
            let alone = |(at, _): (usize, &str)| {
                let before = line.get(..at).and_then(|text| text.chars().next_back());
                // Part of a longer path or of a URL otherwise.
                !before.is_some_and(|c| c.is_alphanumeric() || "._-~/}".contains(c))
            };
            if line.match_indices(&path).any(alone) {
                let why = format!("`{path}` is a path of one machine; others have no such folder");
                findings.push(finding(file, index + 1, "machine-path", why));
            }
        }
    }
}

fn manifest(file: &str, text: &str, findings: &mut Vec<Finding>) {
    let parsed: Table = match text.parse() {
        Ok(parsed) => parsed,
        Err(error) => {
            findings.push(finding(
                file,
                0,
                "manifest",
                format!("is not TOML: {}", error.message()),
            ));
            return;
        }
    };
    let inherits = |value: Option<&Value>| {
        value.and_then(|value| value.get("workspace")) == Some(&Value::Boolean(true))
    };
    if let Some(package) = parsed.get("package") {
        for key in INHERITED.iter().filter(|key| !inherits(package.get(**key))) {
            findings.push(finding(
                file,
                0,
                "manifest",
                format!("needs `{key}.workspace = true`: members do not differ in it"),
            ));
        }
        if !inherits(parsed.get("lints")) {
            findings.push(finding(
                file,
                0,
                "manifest",
                "needs `[lints] workspace = true`: members keep the same rules",
            ));
        }
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (name, value) in parsed
            .get(section)
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
        {
            if !inherits(Some(value)) {
                let why = format!(
                    "`{name}` needs `workspace = true`: versions stand in the workspace's manifest alone"
                );
                findings.push(finding(file, 0, "manifest", why));
            }
            let sides = [
                ("client/", "stepup-mock"),
                ("mock-server/", "stepup-client"),
            ];
            let tests_the_shop = file.starts_with(SHOP) && section == "dev-dependencies";
            if !tests_the_shop
                && sides
                    .iter()
                    .any(|(folder, other)| file.starts_with(folder) && name == other)
            {
                let why = format!(
                    "may not depend on `{name}`: client and mock meet in the specs and over HTTP only"
                );
                findings.push(finding(file, 0, "boundary", why));
            }
        }
    }
}

#[cfg(test)]
mod tests;
