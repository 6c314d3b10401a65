//! Writes `docs/coverage.md`: what stands behind each operation of the specs. Everything in it is read off the
//! repository; nothing is claimed here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;

use crate::model::{self, Operation};
use crate::spec::{self, Spec, join};

/// The table, relative to the root.
pub const FILE: &str = "docs/coverage.md";

const SNAPSHOTS: &str = "tests/it/snapshots";
/// End of the name of the snapshot that holds an API's shared refusals.
const REFUSALS: &str = "__refusals.snap";
const EXERCISED: &str = "tests/sdk/exercised.json";

const HEAD: &str = "\
# Coverage

What stands behind each operation of the specs. Written by `cargo xtask coverage`; do not edit.

- **client**: the methods of the hand-written layer that send it. Every operation can be sent through the generated
  client, `raw()`; where only that can, it says so.
- **mock**: the mark of the operation's `x-evidence`, which says how far the mock's answer can be trusted. The mock
  answers every operation: it does not compile otherwise.
- **golden**: how many of the statuses that the spec lists have an exchange in `tests/it/snapshots/`.
- **SDKs**: how many of the published versions of each package get a success for it from the mock, when all that they can
  do is called (`tests/sdk/`).
";

/// A method of the hand-written client.
#[derive(Debug)]
struct Method {
    /// `Session::status`.
    name: String,
    public: bool,
    /// Names that are called after a dot, and text that stands in quotes.
    mentions: BTreeSet<String>,
}

/// The table as it should be.
///
/// # Errors
///
/// Files that cannot be read or understood.
pub fn render(root: &Path) -> Result<String> {
    let text = fs::read_to_string(root.join(EXERCISED)).context(EXERCISED)?;
    let exercised: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(&text).context(EXERCISED)?;
    let golden = golden(root)?;
    let mut page = HEAD.to_owned();
    let mut known = BTreeSet::new();
    for spec in spec::load_all(root)? {
        if spec.is_shared() {
            continue;
        }
        let api = model::read(&spec)?;
        let methods = methods(&root.join("client/src").join(&spec.stem))?;
        let rows = api
            .operations
            .iter()
            .map(|operation| row(&spec, operation, &methods, &golden, &exercised));
        let rows: Vec<String> = rows.collect::<Result<_>>()?;
        write!(
            page,
            "\n## {}\n\n{} operations.\n\n| operation | client | mock | golden | SDKs |\n| --- | --- | --- | --- | --- |\n{}",
            api.title,
            rows.len(),
            rows.concat()
        )?;
        known.extend(api.operations.into_iter().map(|operation| operation.id));
    }
    for (package, version, sent) in exercised.iter().flat_map(|(package, versions)| {
        versions
            .iter()
            .map(move |(version, sent)| (package, version, sent))
    }) {
        for id in sent.split_whitespace() {
            anyhow::ensure!(
                known.contains(id),
                "{EXERCISED}: {package} {version} sends {id}, which no spec has"
            );
        }
    }
    Ok(page)
}

/// A diff from the table as it is to what it should be; nothing where they are the same.
///
/// # Errors
///
/// Those of [`render`].
pub fn check(root: &Path) -> Result<Option<String>> {
    let wanted = render(root)?;
    // One that is not there is one that says nothing.
    let found = fs::read_to_string(root.join(FILE)).unwrap_or_default();
    if found == wanted {
        return Ok(None);
    }
    let diff = similar::TextDiff::from_lines(&found, &wanted);
    let diff = diff
        .unified_diff()
        .header(FILE, "what the repository shows")
        .to_string();
    Ok(Some(diff))
}

/// Writes the table.
///
/// # Errors
///
/// Those of [`render`], and a file that cannot be written.
pub fn write(root: &Path) -> Result<()> {
    let path = root.join(FILE);
    fs::create_dir_all(path.parent().context(FILE)?).context(FILE)?;
    fs::write(path, render(root)?).context(FILE)
}

fn row(
    spec: &Spec,
    operation: &Operation,
    methods: &[Method],
    golden: &BTreeSet<String>,
    exercised: &BTreeMap<String, BTreeMap<String, String>>,
) -> Result<String> {
    let id = &operation.id;
    let client = match senders(id, methods) {
        names if names.is_empty() => "raw".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    };
    let mark = spec
        .document
        .pointer(&join(&operation.pointer, "x-evidence"))
        .and_then(|evidence| evidence.get("mark")?.as_str())
        .with_context(|| format!("{id} has no evidence"))?;
    let seen = operation.responses.iter().filter(|response| {
        let exchange = format!("{}__{id}__{}", spec.stem, response.status);
        golden.contains(&exchange)
    });
    let (seen, all) = (seen.count(), operation.responses.len());
    let sdks = exercised.iter().filter_map(|(package, versions)| {
        let sent = |sent: &&String| sent.split_whitespace().any(|sent| sent == id);
        let count = versions.values().filter(sent).count();
        (count > 0).then(|| format!("{package} {count}/{}", versions.len()))
    });
    let sdks: Vec<String> = sdks.collect();
    let (method, path) = (&operation.method, &operation.path);
    Ok(format!(
        "| `{id}`<br>{method} `{path}` | {client} | {mark} | {seen}/{all} | {} |\n",
        sdks.join("<br>")
    ))
}

/// The golden exchanges, without what tells apart those of one status: `activeconnect__add_users__200`.
fn golden(root: &Path) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(root.join(SNAPSHOTS)).context(SNAPSHOTS)? {
        let path = entry.context(SNAPSHOTS)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        if let Some(api) = name.strip_suffix(REFUSALS) {
            let table = fs::read_to_string(&path).with_context(|| name.to_owned())?;
            found.extend(refusals(api, &table));
        } else if let Some(name) = name.strip_suffix(".snap")
            && let Some((before, last)) = name.rsplit_once("__")
        {
            let status = last.split('_').next().unwrap_or_default();
            found.insert(format!("{before}__{status}"));
        }
    }
    Ok(found)
}

/// The lines `STATUS OPERATION: REQUEST` of a table of shared refusals.
fn refusals(api: &str, table: &str) -> Vec<String> {
    let lines = table.lines().filter_map(|line| {
        let (status, rest) = line.split_once(' ')?;
        let (operation, _) = rest.split_once(": ")?;
        let is_status = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        is_status.then(|| format!("{api}__{operation}__{status}"))
    });
    lines.collect()
}

/// The public methods that send an operation: those that name it, else those that call one that does.
fn senders<'a>(id: &str, methods: &'a [Method]) -> Vec<&'a str> {
    let mut wanted = BTreeSet::from([id.to_owned()]);
    loop {
        let found: Vec<&Method> = methods
            .iter()
            .filter(|method| !method.mentions.is_disjoint(&wanted))
            .collect();
        if found.is_empty() || found.iter().any(|method| method.public) {
            let public = found.iter().filter(|method| method.public);
            return public.map(|method| method.name.as_str()).collect();
        }
        let callees = found.iter().map(|method| {
            let name = method.name.rsplit("::").next();
            name.unwrap_or_default().to_owned()
        });
        let before = wanted.len();
        wanted.extend(callees);
        if wanted.len() == before {
            return Vec::new();
        }
    }
}

/// Methods of an API's hand-written client, in the order of files and lines.
fn methods(folder: &Path) -> Result<Vec<Method>> {
    let mut methods = Vec::new();
    for path in sources(folder)? {
        let at = || path.display().to_string();
        let text = fs::read_to_string(&path).with_context(at)?;
        for item in syn::parse_file(&text).with_context(at)?.items {
            let syn::Item::Impl(block) = item else {
                continue;
            };
            let syn::Type::Path(of) = &*block.self_ty else {
                continue;
            };
            let of = of.path.segments.last().map(|last| last.ident.to_string());
            let of = of.unwrap_or_default();
            for item in block.items {
                methods.extend(method(&of, item));
            }
        }
    }
    Ok(methods)
}

fn method(of: &str, item: syn::ImplItem) -> Option<Method> {
    match item {
        syn::ImplItem::Fn(method) => {
            let mut mentions = BTreeSet::new();
            mentioned(method.block.to_token_stream(), &mut mentions);
            Some(Method {
                name: format!("{of}::{}", method.sig.ident),
                public: matches!(method.vis, syn::Visibility::Public(_)),
                mentions,
            })
        }
        // A macro that makes a public method: its name, then the operation.
        syn::ImplItem::Macro(makes) => {
            let names = makes
                .mac
                .tokens
                .into_iter()
                .filter_map(|token| match token {
                    TokenTree::Ident(name) => Some(name.to_string()),
                    _ => None,
                });
            let names: Vec<String> = names.collect();
            let (name, operation) = names.split_first()?;
            Some(Method {
                name: format!("{of}::{name}"),
                public: true,
                mentions: operation.iter().cloned().collect(),
            })
        }
        _ => None,
    }
}

/// Rust files below a folder, without those of tests.
fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let at = || folder.display().to_string();
        for entry in fs::read_dir(&folder).with_context(at)? {
            let path = entry.with_context(at)?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && path.file_stem().is_some_and(|stem| stem != "tests")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn mentioned(tokens: TokenStream, found: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => mentioned(group.stream(), found),
            // The key of a JSON object.
            TokenTree::Literal(_) if matches!(tokens.get(index + 1), Some(TokenTree::Punct(colon)) if colon.as_char() == ':') =>
                {}
            TokenTree::Literal(literal) => {
                let text = literal.to_string();
                let text = text
                    .strip_prefix('"')
                    .and_then(|text| text.strip_suffix('"'));
                found.extend(text.map(str::to_owned));
            }
            TokenTree::Ident(_) | TokenTree::Punct(_) => {}
        }
    }
    for three in tokens.windows(3) {
        if let [
            TokenTree::Punct(dot),
            TokenTree::Ident(name),
            TokenTree::Group(_),
        ] = three
            && dot.as_char() == '.'
        {
            found.insert(name.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Method, mentioned, refusals, senders};

    fn method(name: &str, public: bool, body: &str) -> Method {
        let mut mentions = BTreeSet::new();
        mentioned(body.parse().unwrap(), &mut mentions);
        Method {
            name: name.to_owned(),
            public,
            mentions,
        }
    }

    #[test]
    fn a_table_of_refusals_has_an_exchange_on_each_line_that_begins_with_a_status() {
        let table = "# A request with no credentials\n\nHTTP/1.1 401 Unauthorized\n\n{\n  \"status\": false\n}\n\n\
                     401 add_users: POST /management/add_users/mock-app\n";
        assert_eq!(
            refusals("activeconnect", table),
            ["activeconnect__add_users__401"]
        );
    }

    #[test]
    fn an_operation_is_sent_by_the_public_methods_that_name_it_or_call_one_that_does() {
        let methods = [
            method(
                "Client::users",
                true,
                "{ call.raw.get_users().send().await }",
            ),
            method("Client::change", false, "{ self.call(\"change_clock\") }"),
            method("Client::freeze", true, "{ self.change(true).await }"),
            method(
                "Client::other",
                true,
                "{ json!({\"get_nothing\": self.get_nothing}) }",
            ),
        ];
        assert_eq!(senders("get_users", &methods), ["Client::users"]);
        assert_eq!(senders("change_clock", &methods), ["Client::freeze"]);
        assert!(senders("get_nothing", &methods).is_empty());
    }
}
