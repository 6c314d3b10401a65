//! Turns the docs of methods into those of their blocking mirrors. Knows no API.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

/// A section about futures, which mirrors do not have.
const CANCEL_SAFETY: &str = "# Cancel safety";

/// Words that say nothing about a call that waits.
const FOREIGN: [&str; 4] = ["future", "await", "async", "Stream"];

/// The mirrors of each module, by its path: `authsignal::session_token`.
pub(super) type Mirrors = BTreeMap<String, BTreeSet<String>>;

/// The docs of a mirror.
///
/// # Errors
/// Docs that speak of futures, outside of the section that goes.
pub(super) fn blocking(docs: &str, krate: &str, mirrors: &Mirrors) -> Result<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_code = false;
    let mut is_cancel_safety = false;
    for line in docs.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code && line.trim_start().starts_with("# ") {
            is_cancel_safety = line.trim() == CANCEL_SAFETY;
        }
        if is_cancel_safety {
            continue;
        }
        if is_code {
            lines.extend(code(line, krate, mirrors));
        } else {
            lines.push(line.to_owned());
        }
    }
    let text = lines.join("\n");
    if let Some(word) = FOREIGN.iter().find(|word| text.contains(**word)) {
        bail!(
            "the docs of a method with a blocking mirror say `{word}`; move that into a section `{CANCEL_SAFETY}`, which the \
             mirror does not have:\n{text}"
        );
    }
    Ok(text.trim_end().to_owned())
}

/// A line of an example.
fn code(line: &str, krate: &str, mirrors: &Mirrors) -> Vec<String> {
    let line = line
        .replace("async fn ", "fn ")
        .replace("async |", "|")
        .replace(".await", "");
    if let Some(lines) = split_import(&line, krate, mirrors) {
        return lines;
    }
    let mut line = line;
    for (module, names) in mirrors {
        for name in names {
            let path = format!("{krate}::{module}::{name}");
            let mirror = format!("{krate}::blocking::{module}::{name}");
            line = replace_path(&line, &path, &mirror);
        }
    }
    vec![line]
}

/// Replaces a path where it ends there.
fn replace_path(line: &str, path: &str, mirror: &str) -> String {
    let mut rest = line;
    let mut text = String::new();
    while let Some(at) = rest.find(path) {
        let (before, after) = rest.split_at(at);
        let after = &after[path.len()..];
        let goes_on = after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        text.push_str(before);
        text.push_str(if goes_on { path } else { mirror });
        rest = after;
    }
    text + rest
}

/// `use krate::module::{Mirror, Other};` as an import of each kind.
fn split_import(line: &str, krate: &str, mirrors: &Mirrors) -> Option<Vec<String>> {
    let (before, rest) = line.split_once("use ")?;
    let (path, names) = rest.strip_suffix("};")?.split_once("::{")?;
    let module = path.strip_prefix(krate)?.strip_prefix("::")?;
    let mirrors = mirrors.get(module)?;
    let (ours, others): (Vec<&str>, Vec<&str>) = names
        .split(',')
        .map(str::trim)
        .partition(|name| mirrors.contains(*name));
    let import = |path: String, names: Vec<&str>| match names.as_slice() {
        [] => None,
        [name] => Some(format!("{before}use {path}::{name};")),
        names => Some(format!("{before}use {path}::{{{}}};", names.join(", "))),
    };
    let lines = [
        import(path.to_owned(), others),
        import(format!("{krate}::blocking::{module}"), ours),
    ];
    Some(lines.into_iter().flatten().collect())
}

/// The names that links in docs begin with.
pub(super) fn linked(docs: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for marker in ["[`", "]("] {
        for (at, _) in docs.match_indices(marker) {
            let rest = &docs[at + marker.len()..];
            let name: String = rest
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            // Not a link with a target of its own.
            let is_shown = marker == "[`"
                && rest
                    .split_once("`]")
                    .is_some_and(|(_, after)| after.starts_with('('));
            if !is_shown && !name.is_empty() {
                names.insert(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirrors() -> Mirrors {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Mirrors::from([
            ("shop".to_owned(), names(&["Shop", "ShopBuilder"])),
            ("shop::till".to_owned(), names(&["Till"])),
        ])
    }

    #[test]
    fn an_example_loses_its_futures_and_gets_the_mirrors() {
        let docs = "Buys. See [`Shop::sell`].\n\n```no_run\n\
            # async fn example(shop: krate::shop::Shop, till: krate::shop::till::Till) -> krate::Result<()> {\n\
            use krate::shop::{Basket, Shop, ShopBuilder};\nuse krate::shop::Basket;\nuse krate::shop::Shopping;\n\
            shop.buy().await?.pay().await?;\n# Ok(())\n# }\n```\n\n# Errors\n\nNone.\n\n# Cancel safety\n\n\
            Dropping the future is safe.\n\n# Panics\n\nNever.";
        let expected = "Buys. See [`Shop::sell`].\n\n```no_run\n\
            # fn example(shop: krate::blocking::shop::Shop, till: krate::blocking::shop::till::Till) -> krate::Result<()> {\n\
            use krate::shop::Basket;\nuse krate::blocking::shop::{Shop, ShopBuilder};\nuse krate::shop::Basket;\n\
            use krate::shop::Shopping;\n\
            shop.buy()?.pay()?;\n# Ok(())\n# }\n```\n\n# Errors\n\nNone.\n\n# Panics\n\nNever.";
        assert_eq!(blocking(docs, "krate", &mirrors()).unwrap(), expected);
    }

    #[test]
    fn docs_that_speak_of_futures_are_refused() {
        for docs in [
            "Returns a future.",
            "For async code.",
            "```\nasync move {}\n```",
        ] {
            let error = blocking(docs, "krate", &mirrors()).unwrap_err().to_string();
            assert!(error.contains("# Cancel safety"), "{error}");
        }
    }

    #[test]
    fn a_link_is_known_by_its_target_or_else_by_its_text() {
        let docs = "[`A::b`], [`c`](D::c), [`e`](Self::e), [here](crate::F) and `G`";
        let names = linked(docs);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert_eq!(names, ["A", "D", "Self", "crate"]);
    }
}
