//! Writes the `generated/` folders from `openapi/*.yaml`, and the client's blocking mirrors from its source; or lists the
//! outdated files.

mod blocking;
mod builders;
mod client;
mod constructors;
mod generate;
mod json_schema;
mod lower;
mod polish;
mod requests;
pub(crate) mod reserved;
mod served;
mod server;
mod successes;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use anyhow::{Context, Result};
use proc_macro2::TokenStream;
use progenitor::GenerationSettings;
use quote::{format_ident, quote};

pub use json_schema::bundle as json_schemas;

use crate::model::Api;
use crate::spec::{self, Finding, Findings, Spec, join};
use crate::{lint_spec, model, names};

/// The folders that this module owns: nothing else may be in them.
pub const FOLDERS: [&str; 3] = [
    "client/src/generated",
    "client/src/blocking/generated",
    "mock-server/src/generated",
];

/// A generated file that is not what codegen writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The file, relative to the root.
    pub file: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a generated file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It should not be there.
    Extra,
    /// It says something else; a unified diff from what is there to what should be.
    Differs(String),
}

impl fmt::Display for Stale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, fault } = self;
        match fault {
            Fault::Missing => write!(f, "{file}: is missing"),
            Fault::Extra => write!(f, "{file}: codegen does not write this file"),
            Fault::Differs(diff) => write!(f, "{file}: differs from what codegen writes\n{diff}"),
        }
    }
}

/// Text of each generated file, by its path relative to the root.
///
/// # Errors
///
/// [`Findings`] for specs that break the dialect or that progenitor cannot take; and for a client whose blocking mirror
/// cannot be written.
pub fn generate(root: &Path) -> Result<BTreeMap<String, String>> {
    let files = generate_from(&spec::load_all(root)?)?;
    let mut output = Output { files };
    blocking::emit(root, &mut output)?;
    Ok(output.files)
}

fn generate_from(specs: &[Spec]) -> Result<BTreeMap<String, String>> {
    let findings: Vec<Finding> = lint_spec::lint(specs);
    if !findings.is_empty() {
        return Err(Findings(findings).into());
    }
    let mut output = Output::default();
    let mut apis = Vec::new();
    for spec in specs.iter().filter(|spec| !spec.is_shared()) {
        apis.push((spec, model::read(spec)?));
    }
    let mut shared = Vec::new();
    for file in specs.iter().filter(|spec| spec.is_shared()) {
        shared.push((file, model::read_shared(file, &apis)?));
    }
    let of_each: Vec<Result<Output>> = thread::scope(|scope| {
        let threads: Vec<_> = shared
            .iter()
            .chain(&apis)
            .map(|(spec, api)| scope.spawn(move || generate_one(spec, api)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    for one in of_each {
        output.files.extend(one?.files);
    }
    client::emit_index(specs, &mut output)?;
    server::emit_index(specs, &mut output)?;
    served::emit(specs, &mut output)?;
    Ok(output.files)
}

/// What one file in `openapi/` makes.
fn generate_one(spec: &Spec, api: &Api) -> Result<Output> {
    let mut output = Output::default();
    if spec.is_shared() {
        client::emit_shared(spec, api, &mut output)?;
        server::emit_shared(spec, api, &mut output)?;
    } else {
        client::emit(spec, api, &mut output)?;
        server::emit(spec, api, &mut output)?;
    }
    Ok(output)
}

/// Lists the generated files that do not match the specs, or the client. Writes nothing.
///
/// # Errors
///
/// Those of [`generate()`], and files that cannot be read.
pub fn check(root: &Path) -> Result<Vec<Stale>> {
    check_against(root, &generate(root)?)
}

fn check_against(root: &Path, files: &BTreeMap<String, String>) -> Result<Vec<Stale>> {
    let mut stale = Vec::new();
    for (file, wanted) in files {
        match fs::read(root.join(file)) {
            Ok(found) if found == wanted.as_bytes() => {}
            Ok(found) => {
                let found = String::from_utf8_lossy(&found);
                let diff = similar::TextDiff::from_lines(found.as_ref(), wanted.as_str());
                let diff = diff
                    .unified_diff()
                    .header(file, "what codegen writes")
                    .to_string();
                stale.push(Stale {
                    file: file.clone(),
                    fault: Fault::Differs(diff),
                });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                stale.push(Stale {
                    file: file.clone(),
                    fault: Fault::Missing,
                });
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {file}")),
        }
    }
    for file in present(root)?.difference(&files.keys().cloned().collect()) {
        stale.push(Stale {
            file: file.clone(),
            fault: Fault::Extra,
        });
    }
    stale.sort_by(|a, b| a.file.cmp(&b.file));
    Ok(stale)
}

/// Writes the generated files that are outdated, removes those that nothing makes any more, and returns what it has
/// changed.
///
/// # Errors
///
/// Those of [`check`], and files that cannot be written.
pub fn write(root: &Path) -> Result<Vec<Stale>> {
    let files = generate(root)?;
    let stale = check_against(root, &files)?;
    for Stale { file, fault } in &stale {
        let path = root.join(file);
        let Some(text) = files.get(file).filter(|_| *fault != Fault::Extra) else {
            fs::remove_file(&path).with_context(|| format!("cannot remove {file}"))?;
            continue;
        };
        let folder = path.parent().context("a generated file has a folder")?;
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create the folder of {file}"))?;
        // In the same folder, so that the rename replaces the file in one step.
        let draft = path.with_extension("draft");
        fs::write(&draft, text).with_context(|| format!("cannot write {file}"))?;
        fs::rename(&draft, &path).with_context(|| format!("cannot replace {file}"))?;
    }
    Ok(stale)
}

/// Files in the generated folders, relative to the root.
fn present(root: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = FOLDERS.iter().map(|folder| (*folder).to_owned()).collect();
    while let Some(folder) = open.pop() {
        let entries = match fs::read_dir(root.join(&folder)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error).with_context(|| format!("cannot list {folder}")),
        };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot list {folder}"))?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry
                .file_type()
                .with_context(|| format!("cannot look at {path}"))?
                .is_dir()
            {
                open.push(path);
            } else {
                found.insert(path);
            }
        }
    }
    Ok(found)
}

/// Properties of each named type in the order in which they are written. One that is a `$ref` is described by what it
/// refers to.
fn declared(spec: &Spec) -> BTreeMap<String, Vec<polish::Property>> {
    let mut declared = BTreeMap::new();
    for name in spec.keys("/components/schemas") {
        let at = join(&join("/components/schemas", name), "properties");
        let property = |name: &String| {
            let schema = spec
                .document
                .pointer(&join(&at, name))
                .and_then(|schema| model::resolve(spec, schema));
            let description = schema
                .and_then(|schema| schema.get("description")?.as_str())
                .unwrap_or_default();
            polish::Property {
                name: name.clone(),
                description: description.to_owned(),
            }
        };
        declared.insert(
            names::pascal(name),
            spec.keys(&at).iter().map(property).collect(),
        );
    }
    declared
}

/// `pub use` of what shared files give to one of an API's modules; such a type is made once, and every API that shares it
/// has it under its own path as well.
fn reuse(spec: &Spec, module: &str) -> TokenStream {
    let module = format_ident!("{module}");
    let files: BTreeSet<&String> = spec.shared.values().collect();
    files
        .into_iter()
        .map(|stem| {
            let stem = format_ident!("{stem}");
            quote!(pub use crate::generated::#stem::#module::*;)
        })
        .collect()
}

/// Tells the generator that schemas of shared files already have types.
fn replace_shared(spec: &Spec, settings: &mut GenerationSettings, replaced: impl Fn(&str) -> bool) {
    for (name, stem) in spec.shared.iter().filter(|(name, _)| !replaced(name)) {
        let path = format!("crate::generated::{stem}::types::{}", names::pascal(name));
        settings.with_replacement(name, path, std::iter::empty());
    }
}

/// Collects generated files.
#[derive(Debug, Default)]
struct Output {
    files: BTreeMap<String, String>,
}

impl Output {
    /// Adds a Rust file that one spec makes.
    fn rust(&mut self, spec: &Spec, path: &str, tokens: TokenStream) -> Result<()> {
        self.rust_with(spec, path, tokens, Vec::new())
    }

    /// As [`rust`](Self::rust), with items at the end. They are parsed already, and parsing them again is slow.
    fn rust_with(
        &mut self,
        spec: &Spec,
        path: &str,
        tokens: TokenStream,
        items: Vec<syn::Item>,
    ) -> Result<()> {
        self.format(path, &spec.file, tokens, items)
    }

    /// Adds a Rust file that all specs make.
    fn index(&mut self, path: &str, tokens: TokenStream) -> Result<()> {
        self.format(path, "openapi/", tokens, Vec::new())
    }

    /// Adds a file that cannot carry a comment.
    fn plain(&mut self, path: &str, text: String) {
        self.files.insert(path.to_owned(), text);
    }

    fn format(
        &mut self,
        path: &str,
        source: &str,
        tokens: TokenStream,
        items: Vec<syn::Item>,
    ) -> Result<()> {
        let mut file: syn::File = syn::parse2(tokens)
            .with_context(|| format!("the generated text for {path} is not Rust code"))?;
        file.items.extend(items);
        polish::finish(&mut file);
        let text = prettyplease::unparse(&file);
        let text =
            format!("// @generated by cargo xtask codegen from {source}. Do not edit.\n{text}");
        self.files.insert(path.to_owned(), text);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
