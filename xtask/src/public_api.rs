//! `cargo xtask public-api`: writes down what `stepup-client` offers, an item a line, and refuses a type that has no name of
//! ours. Judges no change: a reader of the diff does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::cargo;

/// The list, relative to the root.
pub const FILE: &str = "client/public-api.txt";

/// The client.
pub(crate) const PACKAGE: &str = "stepup-client";

/// rustdoc writes JSON only if it takes itself for a nightly one. Cargo must not see that, or it builds much again: some build
/// scripts look at this variable.
#[cfg(unix)]
const RUSTDOC: &str = "#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc \"$@\"\n";

/// A diff from the list to what the client offers; nothing where they are the same.
///
/// # Errors
/// The client does not build, rustdoc's JSON has another format than the crate `public-api` reads, or an item names a type
/// that can be reached through the generated APIs alone.
pub fn check(root: &Path, build_folder: &Path) -> Result<Option<String>> {
    // One that is not there is one that says nothing.
    let found = fs::read_to_string(root.join(FILE)).unwrap_or_default();
    let wanted = list(root, build_folder)?;
    Ok((found != wanted).then(|| {
        let diff = similar::TextDiff::from_lines(&found, &wanted);
        let mut diff = diff.unified_diff();
        diff.context_radius(0)
            .header(FILE, "what the client offers")
            .to_string()
    }))
}

/// Writes the list.
///
/// # Errors
/// Those of [`check`], and a file that cannot be written.
pub fn write(root: &Path, build_folder: &Path) -> Result<()> {
    fs::write(root.join(FILE), list(root, build_folder)?).context(FILE)
}

fn list(root: &Path, build_folder: &Path) -> Result<String> {
    let json = document(root, build_folder)?;
    let api = public_api::Builder::from_rustdoc_json(&json)
        // What the compiler derives says nothing new: `Send`, `Into`, `Clone`.
        .omit_auto_derived_impls(true)
        .omit_auto_trait_impls(true)
        .omit_blanket_impls(true)
        .build()
        .with_context(|| json.display().to_string())?;
    let name = PACKAGE.replace('-', "_");
    let mut told = BTreeSet::new();
    let lines = api.items().map(|item| format!("{item}\n"));
    // The generated APIs change with the vendors'. An implementation comes twice: with its type, and with its trait.
    let lines = lines.filter(|line| !is_generated(line, &name) && told.insert(line.clone()));
    let list: String = lines.collect();
    let unnamed: Vec<&str> = list.lines().filter(|line| names_generated(line)).collect();
    ensure!(
        unnamed.is_empty(),
        "public-api: these items name types that only `raw` has; re-export each type in the module of its API:\n{}",
        unnamed.join("\n")
    );
    Ok(list)
}

/// Whether an item of ours names a type of the generated APIs. The error of a generated call becomes ours, and so has to be
/// named.
fn names_generated(line: &str) -> bool {
    let modules = [
        "::raw::types::",
        "::raw::vocabulary::",
        "::raw::successes::",
    ];
    modules.iter().any(|module| line.contains(module)) && !line.contains("progenitor_client::")
}

/// Whether a line of a crate's list is about an item of the generated APIs, rather than one that mentions them.
fn is_generated(line: &str, name: &str) -> bool {
    // The first path names the item; in `impl Trait for Type`, the type.
    let named = line.strip_prefix("impl").map_or(line, |rest| {
        rest.split_once(" for ").map_or(rest, |(_, of)| of)
    });
    let path = named.split_whitespace().find(|word| word.contains("::"));
    let path = path.and_then(|path| path.split(['(', '<']).find(|part| !part.is_empty()));
    let path = path.unwrap_or_default();
    let is_foreign = path.split("::").next() != Some(name);
    path.contains("::raw::")
        || (line.starts_with("pub mod ") && path.ends_with("::raw"))
        || (is_foreign && line.contains("::raw::"))
}

/// Has rustdoc describe the client with all of its features; returns the file.
fn document(root: &Path, build_folder: &Path) -> Result<PathBuf> {
    let status = cargo()
        .current_dir(root)
        .env("RUSTDOC", rustdoc(build_folder)?)
        .args([
            "rustdoc",
            "--quiet",
            "--locked",
            "--lib",
            "--all-features",
            "--package",
            PACKAGE,
        ])
        .args(["--", "-Z", "unstable-options", "--output-format", "json"])
        .status()
        .context("cannot run cargo")?;
    ensure!(
        status.success(),
        "public-api: rustdoc failed; the reason is above"
    );
    let name = PACKAGE.replace('-', "_");
    Ok(build_folder.join("doc").join(name).with_extension("json"))
}

#[cfg(unix)]
fn rustdoc(build_folder: &Path) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = build_folder.join("public-api");
    let program = folder.join("rustdoc");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    fs::write(&program, RUSTDOC).with_context(|| program.display().to_string())?;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755))
        .with_context(|| program.display().to_string())?;
    Ok(program)
}

#[cfg(not(unix))]
fn rustdoc(_: &Path) -> Result<PathBuf> {
    anyhow::bail!("public-api: this task needs a Unix shell")
}

#[cfg(test)]
mod tests {
    use super::{is_generated, names_generated};

    #[test]
    fn the_item_of_a_line_decides_whether_it_is_generated() {
        for generated in [
            "pub mod api::authsignal::raw",
            "pub fn api::raw::Client::new() -> Self",
            "pub api::raw::types::User::name: alloc::string::String",
            "impl api::raw::Client",
            "impl<'a> api::raw::builder::Track<'a>",
            "impl core::convert::From<api::raw::types::Id> for alloc::string::String",
            "impl core::convert::From<api::Query> for api::raw::types::Query",
        ] {
            assert!(is_generated(generated, "api"), "{generated}");
        }
        for ours in [
            "pub mod api::authsignal",
            "pub fn api::Client::raw(&self) -> &api::raw::Client",
            "pub api::Action::user: api::raw::types::User",
            "impl core::convert::From<api::raw::types::Query> for api::Query",
            "impl core::convert::From<api::UserId> for alloc::string::String",
            "impl<T: core::clone::Clone> api::Reply<T>",
        ] {
            assert!(!is_generated(ours, "api"), "{ours}");
        }
    }

    #[test]
    fn an_item_that_names_a_type_of_raw_is_found() {
        for unnamed in [
            "pub fn api::shop::Shop::get(&self) -> api::Result<api::shop::raw::types::Price>",
            "pub api::shop::Price::currency: api::shop::raw::vocabulary::Currency",
        ] {
            assert!(names_generated(unnamed), "{unnamed}");
        }
        for named in [
            "pub fn api::shop::Shop::get(&self) -> api::Result<api::shop::Price>",
            "pub fn api::shop::Shop::raw(&self) -> &api::shop::raw::Client",
            "impl core::convert::From<progenitor_client::progenitor_client::Error<api::shop::raw::types::Failure>> for api::Error",
        ] {
            assert!(!names_generated(named), "{named}");
        }
    }
}
