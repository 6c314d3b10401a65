//! Writes `docs/coverage.md`, which shows what stands behind each operation of the specs, and the list of operations that no
//! published client sends. Reads everything off the repository, and fails where a mark of `x-evidence` contradicts it.

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

/// Operations of the vendors that no published client has sent to the mock, relative to the root. May only shrink.
pub const OWN_CLIENT_ONLY: &str = "tests/only-our-client.txt";

const HEAD: &str = "\
# Coverage

The evidence for each operation of the specs. `cargo xtask coverage` writes this file; do not edit it.

- **client**: the methods of the hand-written client that send the operation. The generated client, `raw()`, can send
  every operation; `raw` means that only the generated client can.
- **evidence**: how far you can trust the mock's answers, as marks of `x-evidence`. The first mark is that of the
  operation; the others are those of its answers. `ran` means that a published client got the answer from the mock in
  these tests. `read` means that the source of a published client shows it.
  [openapi/README.md](../openapi/README.md) explains the other marks.
- **stability**: whether clients that the vendor has released send the operation (`released`), or only the newest
  sources of its repositories (`git`), or clients that it calls early (`alpha`).
- **golden**: how many of the statuses in the spec have an exchange in `tests/it/snapshots/`.
- **SDKs**: how many published versions of each package get a success for the operation from the mock. The tests in
  `tests/sdk/` call everything that a version can do.
";

/// What `exercised.json` holds: by package and version, the answers that it got.
type Exercised = BTreeMap<String, BTreeMap<String, Answers>>;

/// Pairs of operation and status.
type Answers = BTreeSet<(String, u16)>;

/// Reads `exercised.json`.
fn exercised(root: &Path) -> Result<Exercised> {
    let text = fs::read_to_string(root.join(EXERCISED)).context(EXERCISED)?;
    let written: BTreeMap<String, BTreeMap<String, String>> =
        serde_json::from_str(&text).context(EXERCISED)?;
    let package = |(package, versions): (String, BTreeMap<String, String>)| {
        let versions = versions.into_iter().map(|(version, line)| {
            let answers =
                answers(&line).with_context(|| format!("{EXERCISED}: {package} {version}"))?;
            Ok((version, answers))
        });
        Ok((package.clone(), versions.collect::<Result<_>>()?))
    };
    written.into_iter().map(package).collect()
}

/// A line of answers, each `OPERATION:STATUS`.
fn answers(line: &str) -> Result<Answers> {
    let one = |answer: &str| {
        let (operation, status) = answer.split_once(':')?;
        Some((operation.to_owned(), status.parse().ok()?))
    };
    line.split_whitespace()
        .map(|answer| one(answer).with_context(|| format!("`{answer}` is not OPERATION:STATUS")))
        .collect()
}

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
/// Files that cannot be read or understood, and marks of `x-evidence` that the recorded runs contradict.
pub fn render(root: &Path) -> Result<String> {
    let exercised = exercised(root)?;
    let specs = apis(root)?;
    let faults = contradictions(&specs, &exercised)?;
    anyhow::ensure!(faults.is_empty(), "{}", faults.join("\n"));
    let golden = golden(root)?;
    let mut page = HEAD.to_owned();
    for spec in &specs {
        let api = model::read(spec)?;
        let methods = methods(&root.join("client/src").join(&spec.stem))?;
        let rows = api
            .operations
            .iter()
            .map(|operation| row(spec, operation, &methods, &golden, &exercised));
        let rows: Vec<String> = rows.collect::<Result<_>>()?;
        write!(
            page,
            "\n## {}\n\n{} operations.\n\n| operation | client | evidence | stability | golden | SDKs |\n| --- | --- | --- | --- | --- | --- |\n{}",
            api.title,
            rows.len(),
            rows.concat()
        )?;
    }
    Ok(page)
}

/// The specs that have operations.
fn apis(root: &Path) -> Result<Vec<Spec>> {
    let mut specs = spec::load_all(root)?;
    specs.retain(|spec| !spec.is_shared());
    Ok(specs)
}

/// The mark of the `x-evidence` at a place of a spec, which may be that of a shared response.
fn mark<'a>(spec: &'a Spec, pointer: &str) -> Result<(&'a str, String)> {
    let at = |pointer: &str| spec.document.pointer(pointer);
    let reference = at(pointer).and_then(|node| node.get("$ref")?.as_str());
    let pointer = match reference.and_then(|reference| reference.strip_prefix('#')) {
        Some(shared) => shared.to_owned(),
        None => pointer.to_owned(),
    };
    let mark =
        at(&join(&pointer, "x-evidence")).and_then(|evidence| evidence.get("mark")?.as_str());
    let mark = mark.with_context(|| format!("{}: {pointer} has no evidence", spec.stem))?;
    Ok((mark, pointer))
}

/// The pointer of an operation's response.
fn response(operation: &Operation, status: u16) -> String {
    join(&join(&operation.pointer, "responses"), &status.to_string())
}

/// Where the marks of `x-evidence` and the recorded runs of published clients contradict each other: `ran` needs a run,
/// and what a run has is not only `read`.
fn contradictions(specs: &[Spec], exercised: &Exercised) -> Result<Vec<String>> {
    let ran: Answers = exercised
        .values()
        .flat_map(BTreeMap::values)
        .flatten()
        .cloned()
        .collect();
    // A shared response was run if it was for one of its operations.
    let mut runs: BTreeMap<(&str, String), (&str, bool)> = BTreeMap::new();
    let mut documented = BTreeSet::new();
    for spec in specs {
        for operation in model::read(spec)?.operations {
            let succeeded = |(id, status): &(String, u16)| *id == operation.id && *status < 300;
            let (word, pointer) = mark(spec, &operation.pointer)?;
            runs.insert((&spec.file, pointer), (word, ran.iter().any(succeeded)));
            for answer in &operation.responses {
                let known = (operation.id.clone(), answer.status);
                let (word, pointer) = mark(spec, &response(&operation, answer.status))?;
                let run = runs.entry((&spec.file, pointer)).or_insert((word, false));
                run.1 |= ran.contains(&known);
                documented.insert(known);
            }
        }
    }
    let marks = runs.into_iter().filter_map(|((file, pointer), found)| match found {
        ("ran", false) => Some(format!(
            "{file}#{pointer}: the mark is `ran`, but {EXERCISED} has no run; write `read`, or run a client"
        )),
        ("read", true) => Some(format!(
            "{file}#{pointer}: the mark is `read`, but {EXERCISED} has a run; write `ran`"
        )),
        _ => None,
    });
    let strange = ran.difference(&documented).map(|(operation, status)| {
        format!("{EXERCISED}: no spec has the answer {operation}:{status}; run the SDKs again")
    });
    Ok(marks.chain(strange).collect())
}

/// Operations of the vendors' APIs for which no published client got a success, as lines `API OPERATION`.
fn own_client_only(root: &Path) -> Result<BTreeSet<String>> {
    let exercised = exercised(root)?;
    let mut found = BTreeSet::new();
    for spec in apis(root)? {
        for operation in model::read(&spec)?.operations {
            let (word, _) = mark(&spec, &operation.pointer)?;
            let succeeded = |(id, status): &(String, u16)| *id == operation.id && *status < 300;
            let mut answers = exercised.values().flat_map(BTreeMap::values).flatten();
            if word != "own" && !answers.any(succeeded) {
                found.insert(format!("{} {}", spec.stem, operation.id));
            }
        }
    }
    Ok(found)
}

const OWN_CLIENT_ONLY_HEAD: &str = "\
# Operations of the vendors' APIs that only our own client has sent to the mock, one `API OPERATION` a line. `cargo xtask
# coverage` takes out what a published client sends by now, and adds nothing: a new line is written by hand, on purpose.
";

/// The list as it should be, made of the list as it is.
///
/// # Errors
///
/// An operation that is missing from the list.
fn shrunk(listed: &str, found: &BTreeSet<String>) -> Result<String> {
    let listed: BTreeSet<&str> = listed
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    let new: Vec<&str> = found
        .iter()
        .map(String::as_str)
        .filter(|line| !listed.contains(line))
        .collect();
    anyhow::ensure!(
        new.is_empty(),
        "no published client sends these operations to the mock; let one (tests/sdk/), or add them to {OWN_CLIENT_ONLY}:\n{}",
        new.join("\n")
    );
    let lines = found.iter().map(|line| format!("{line}\n"));
    Ok(format!(
        "{OWN_CLIENT_ONLY_HEAD}{}",
        lines.collect::<String>()
    ))
}

/// The files that this task writes, as they should be.
fn files(root: &Path) -> Result<[(&'static str, String); 2]> {
    // A list that is not there is empty.
    let listed = fs::read_to_string(root.join(OWN_CLIENT_ONLY)).unwrap_or_default();
    let list = shrunk(&listed, &own_client_only(root)?)?;
    Ok([(FILE, render(root)?), (OWN_CLIENT_ONLY, list)])
}

/// A diff from the files as they are to what they should be; nothing where they are the same.
///
/// # Errors
///
/// Those of [`render`], and an operation that is missing from the list of [`OWN_CLIENT_ONLY`].
pub fn check(root: &Path) -> Result<Option<String>> {
    let mut diffs = String::new();
    for (file, wanted) in files(root)? {
        // One that is not there is one that says nothing.
        let found = fs::read_to_string(root.join(file)).unwrap_or_default();
        if found != wanted {
            let diff = similar::TextDiff::from_lines(&found, &wanted);
            let mut diff = diff.unified_diff();
            diffs.push_str(&diff.header(file, "what the repository shows").to_string());
        }
    }
    Ok((!diffs.is_empty()).then_some(diffs))
}

/// Writes the files.
///
/// # Errors
///
/// Those of [`check`], and a file that cannot be written.
pub fn write(root: &Path) -> Result<()> {
    for (file, text) in files(root)? {
        let path = root.join(file);
        fs::create_dir_all(path.parent().context(file)?).context(file)?;
        fs::write(path, text).context(file)?;
    }
    Ok(())
}

fn row(
    spec: &Spec,
    operation: &Operation,
    methods: &[Method],
    golden: &BTreeSet<String>,
    exercised: &Exercised,
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
    let (of_operation, _) = mark(spec, &operation.pointer)?;
    let mut by_mark: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for answer in &operation.responses {
        let (word, _) = mark(spec, &response(operation, answer.status))?;
        by_mark
            .entry(word)
            .or_default()
            .push(answer.status.to_string());
    }
    let by_mark = by_mark
        .iter()
        .map(|(word, statuses)| format!("{word} {}", statuses.join(" ")));
    let by_mark = by_mark.collect::<Vec<_>>().join(", ");
    let seen = operation.responses.iter().filter(|response| {
        let exchange = format!("{}__{id}__{}", spec.stem, response.status);
        golden.contains(&exchange)
    });
    let (seen, all) = (seen.count(), operation.responses.len());
    let sdks = exercised.iter().filter_map(|(package, versions)| {
        let succeeded = |answers: &&Answers| {
            let mut answers = answers.iter();
            answers.any(|(operation, status)| operation == id && *status < 300)
        };
        let count = versions.values().filter(succeeded).count();
        (count > 0).then(|| format!("{package} {count}/{}", versions.len()))
    });
    let sdks: Vec<String> = sdks.collect();
    let Operation {
        method,
        path,
        stability,
        ..
    } = operation;
    Ok(format!(
        "| `{id}`<br>{method} `{path}` | {client} | {of_operation}<br>{by_mark} | {stability} | {seen}/{all} | {} |\n",
        sdks.join("<br>")
    ))
}

/// The golden exchanges, without the suffix that distinguishes those of one status: `activeconnect__add_users__200`.
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
    // A macro makes methods for every client: setters, and calls of endpoints that no spec lists.
    let syn::ImplItem::Fn(method) = item else {
        return None;
    };
    let mut mentions = BTreeSet::new();
    mentioned(method.block.to_token_stream(), &mut mentions);
    Some(Method {
        name: format!("{of}::{}", method.sig.ident),
        public: matches!(method.vis, syn::Visibility::Public(_)),
        mentions,
    })
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
            // The static of an operation: `operations::SESSION_STATUS`.
            TokenTree::Ident(name) => {
                let name = name.to_string();
                if name.contains('_') && name == name.to_uppercase() {
                    found.insert(name.to_lowercase());
                }
            }
            TokenTree::Punct(_) => {}
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
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Method, answers, contradictions, mentioned, refusals, senders, shrunk};

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
    fn an_answer_is_an_operation_and_a_status() {
        let one = BTreeSet::from([("track".to_owned(), 200), ("track".to_owned(), 401)]);
        assert_eq!(answers("track:401 track:200").unwrap(), one);
        assert!(answers("track").is_err());
        assert!(answers("track:good").is_err());
    }

    const EVIDENCE: &str = "\
openapi: 3.0.3
info: {title: Test, version: '1'}
tags: [{name: Test, description: Test.}]
security: []
paths:
  /things:
    get:
      operationId: list_things
      summary: Things
      description: Lists things.
      tags: [Test]
      x-evidence: {mark: OPERATION, source: a test}
      x-retry: safe
      responses:
        '200':
          description: All.
          x-evidence: {mark: SUCCESS, source: a test}
          content: {application/json: {schema: {$ref: '#/components/schemas/Things'}}}
        '400': {$ref: '#/components/responses/Invalid'}
components:
  responses:
    Invalid:
      description: Not a good request.
      x-evidence: {mark: REFUSAL, source: a test}
      content: {application/json: {schema: {$ref: '#/components/schemas/Things'}}}
  schemas:
    Things: {description: Things., type: object, additionalProperties: {type: string}}
";

    /// The contradictions of a spec with these marks and a client that was answered like this.
    fn of(operation: &str, success: &str, refusal: &str, answered: &str) -> Vec<String> {
        let text = EVIDENCE
            .replace("OPERATION", operation)
            .replace("SUCCESS", success)
            .replace("REFUSAL", refusal);
        let spec = crate::spec::parse("openapi/test.yaml", &text).unwrap();
        let versions = BTreeMap::from([("1".to_owned(), answers(answered).unwrap())]);
        contradictions(&[spec], &BTreeMap::from([("package".to_owned(), versions)])).unwrap()
    }

    #[test]
    fn a_mark_that_says_ran_needs_a_run_and_one_that_says_read_has_none() {
        assert!(of("ran", "ran", "read", "list_things:200").is_empty());
        assert!(of("ran", "ran", "ran", "list_things:200 list_things:400").is_empty());
        assert!(of("documented", "assumed", "inferred", "list_things:200").is_empty());
        let [operation, success] = &of("ran", "ran", "read", "list_things:409")[..2] else {
            panic!("two marks without a run");
        };
        assert!(
            operation.contains("#/components") || operation.contains("#/paths"),
            "{operation}"
        );
        assert!(success.contains("has no run"), "{success}");
        let faults = of("read", "ran", "read", "list_things:200 list_things:400");
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults.iter().all(|fault| fault.contains("write `ran`")));
        assert!(of("ran", "ran", "read", "list_things:200 other:200")[0].contains("no spec has"));
    }

    #[test]
    fn the_list_of_operations_that_only_our_client_sends_shrinks_and_never_grows() {
        let found = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let listed = "# why\napi one\napi two\n";
        let less = shrunk(listed, &found(&["api two"])).unwrap();
        assert!(less.ends_with("api two\n") && !less.contains("api one"));
        let trouble = shrunk(listed, &found(&["api three"])).unwrap_err();
        assert!(trouble.to_string().contains("api three"), "{trouble}");
    }

    #[test]
    fn an_operation_is_sent_by_the_public_methods_that_name_it_or_call_one_that_does() {
        let methods = [
            method(
                "Client::users",
                true,
                "{ call.raw.get_users().send().await }",
            ),
            method("Client::end", true, "{ call(&operations::END_SESSION) }"),
            method("Client::change", false, "{ self.call(\"change_clock\") }"),
            method("Client::freeze", true, "{ self.change(true).await }"),
            method(
                "Client::other",
                true,
                "{ json!({\"get_nothing\": self.get_nothing}) }",
            ),
        ];
        assert_eq!(senders("get_users", &methods), ["Client::users"]);
        assert_eq!(senders("end_session", &methods), ["Client::end"]);
        assert_eq!(senders("change_clock", &methods), ["Client::freeze"]);
        assert!(senders("get_nothing", &methods).is_empty());
    }
}
