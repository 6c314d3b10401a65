//! Import arrows run down: a module may use the modules of its room that stand on a lower floor, and nothing of the
//! `mod.rs` above it. The list in the docs of each `mod.rs` is the floor plan. Reads text, and understands no Rust.

use std::collections::BTreeMap;

use super::{code, finding};
use crate::spec::Finding;

/// Folders with a floor plan for their rooms, and their names in the crate.
const HOUSES: [(&str, &str); 2] = [
    ("mock-server/src/http/", "crate::http::"),
    ("mock-server/src/runtime/", "crate::runtime::"),
];

/// The modules of a room, each with its floor. The top floor is 0.
type Plan = BTreeMap<String, usize>;

/// What imports say of the files of a tree, each with its text.
pub(super) fn floors(files: &BTreeMap<String, String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (folder, name) in HOUSES {
        let house: BTreeMap<Vec<String>, (&str, &str)> = files
            .iter()
            .filter_map(|(file, text)| {
                let module = module(file.strip_prefix(folder)?)?;
                Some((module, (file.as_str(), text.as_str())))
            })
            .collect();
        let mut plans: BTreeMap<Vec<String>, Plan> = BTreeMap::new();
        for (module, (file, text)) in &house {
            if file.ends_with("/mod.rs") {
                plans.insert(module.clone(), plan(text));
            }
        }
        for module in house.keys().filter(|module| !module.is_empty()) {
            let (own, room) = split(module);
            let Some(plan) = plans.get(room) else {
                continue;
            };
            if !plan.contains_key(own) && own != "tests" {
                let (file, _) = house.get(room).copied().unwrap_or_default();
                let why = format!(
                    "the docs list each module as \"//! - `{own}`: …\", from the top floor down; `{own}` is missing"
                );
                findings.push(finding(file, 1, "floor", why));
            }
        }
        for (module, (file, text)) in &house {
            // Tests look at everything.
            if module.last().is_some_and(|own| own == "tests") {
                continue;
            }
            for (line, target) in targets(text, module, name) {
                if let Some(why) = upward(module, &target, &plans, &house) {
                    findings.push(finding(file, line, "floor", why));
                }
            }
        }
    }
    findings
}

/// The path of a module within its house: `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module(file: &str) -> Option<Vec<String>> {
    let path = file.strip_suffix(".rs")?;
    let path = match path.strip_suffix("mod") {
        Some(room) if room.is_empty() || room.ends_with('/') => room.trim_end_matches('/'),
        _ => path,
    };
    let parts = path.split('/').filter(|part| !part.is_empty());
    Some(parts.map(str::to_owned).collect())
}

fn split(module: &[String]) -> (&str, &[String]) {
    match module {
        [] => ("", &[]),
        [room @ .., own] => (own, room),
    }
}

/// Reads the floor plan from a module's docs: each line `//! - name, name: …`, each name in backquotes, is a floor.
fn plan(text: &str) -> Plan {
    let mut plan = Plan::new();
    let items = text.lines().filter_map(|line| line.strip_prefix("//! - "));
    for (floor, item) in items.enumerate() {
        let names = item.split_once(": ").map_or(item, |(names, _)| names);
        for name in names.split(", ") {
            let name = name.trim_matches('`');
            plan.insert(name.to_owned(), floor);
        }
    }
    plan
}

/// The paths within the house that a file's code names, with their lines.
fn targets(text: &str, module: &[String], house: &str) -> Vec<(usize, Vec<String>)> {
    let mut found = Vec::new();
    let mut statement: Option<(usize, String)> = None;
    for (line, code) in code(text) {
        // Tests stand at the end, and look at everything.
        if code == "mod tests {" {
            break;
        }
        let trimmed = code.trim();
        // An import with braces may go over several lines.
        let (line, whole) = match statement.take() {
            Some((start, begun)) => (start, begun + trimmed),
            None => (line, trimmed.to_owned()),
        };
        if whole.starts_with("use ") && !whole.contains(';') {
            statement = Some((line, whole));
            continue;
        }
        for start in ["super::", house] {
            for (at, _) in whole.match_indices(start) {
                let before = whole.get(..at).and_then(|text| text.chars().next_back());
                // The second of `super::super::` is read with the first.
                if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                    continue;
                }
                let rest = whole.get(at..).unwrap_or_default();
                for path in expand(rest) {
                    if let Some(target) = resolve(&path, module, house) {
                        found.push((line, target));
                    }
                }
            }
        }
    }
    found
}

/// The paths that the beginning of a text stands for: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(text: &str) -> Vec<String> {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    if !(path.ends_with("::") && rest.starts_with('{')) {
        return vec![path.to_owned()];
    }
    let mut depth = 0_usize;
    let mut paths = Vec::new();
    let mut item = String::new();
    for c in rest.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        match c {
            '{' if depth == 1 => {}
            ',' | '}' if depth <= 1 => {
                let inner = std::mem::take(&mut item);
                let inner = inner.trim();
                if !inner.is_empty() {
                    paths.extend(
                        expand(inner)
                            .into_iter()
                            .map(|inner| format!("{path}{inner}")),
                    );
                }
                if depth == 0 {
                    break;
                }
            }
            c => item.push(c),
        }
    }
    paths
}

/// A path as seen from the top of the house. `None` for one that leaves the house.
fn resolve(path: &str, module: &[String], house: &str) -> Option<Vec<String>> {
    let mut base = module.to_vec();
    let mut rest = path;
    if let Some(inner) = rest.strip_prefix(house) {
        base.clear();
        rest = inner;
    }
    while let Some(outer) = rest.strip_prefix("super::") {
        base.pop()?;
        rest = outer;
    }
    let parts = rest.split("::").filter(|part| !part.is_empty());
    base.extend(parts.map(str::to_owned));
    Some(base)
}

/// Why an import runs up or sideways, if it does.
fn upward(
    module: &[String],
    target: &[String],
    plans: &BTreeMap<Vec<String>, Plan>,
    house: &BTreeMap<Vec<String>, (&str, &str)>,
) -> Option<String> {
    let shared = module
        .iter()
        .zip(target)
        .take_while(|(own, other)| own == other)
        .count();
    let (room, own) = (module.get(..shared)?, module.get(shared));
    // Uses within a room's own `mod.rs`, or below the module itself, are not arrows.
    let own = own?;
    let is_module = |part: &String| {
        let path: Vec<String> = room.iter().chain([part]).cloned().collect();
        house.contains_key(&path)
    };
    let Some(other) = target.get(shared).filter(|part| is_module(part)) else {
        return Some(format!(
            "`{}` stands in the `mod.rs` above `{own}`, which only lists rooms; give it a module of its own",
            target.join("::")
        ));
    };
    let plan = plans.get(room)?;
    let (from, to) = (plan.get(own)?, plan.get(other)?);
    (to <= from).then(|| {
        format!(
            "`{own}` may not use `{other}`: the floor plan of the room does not have it on a lower floor"
        )
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::floors;

    const PLAN: &str =
        "//! Rooms.\n//!\n//! - `top`: one\n//! - `left`, `right`: two\n//! - `low`: three\n";

    /// What the rule says of one line of a module.
    fn said(module: &str, line: &str) -> Vec<String> {
        let path = |file: &str| format!("mock-server/src/http/{file}");
        let mut files: BTreeMap<String, String> = ["top", "left", "low"]
            .map(|name| (path(&format!("{name}.rs")), "//! A module.\n".to_owned()))
            .into();
        files.insert(path("mod.rs"), PLAN.to_owned());
        files.insert(
            path("right/mod.rs"),
            "//! A room.\n//!\n//! - `upper`: one\n//! - `lower`: two\n".to_owned(),
        );
        for name in ["upper", "lower"] {
            files.insert(
                path(&format!("right/{name}.rs")),
                "//! A module.\n".to_owned(),
            );
        }
        files.insert(path(module), format!("//! A module.\n{line}\n"));
        let findings = floors(&files).into_iter();
        findings.map(|finding| finding.why).collect()
    }

    #[track_caller]
    fn refused(module: &str, line: &str, word: &str) {
        let said = said(module, line);
        assert!(
            said.len() == 1 && said[0].contains(word),
            "{module}: {line}: {said:?}"
        );
    }

    #[test]
    fn an_import_runs_down() {
        for (module, line) in [
            ("top.rs", "use super::left::Thing;"),
            ("top.rs", "use super::{left, right::lower::Thing};"),
            ("left.rs", "use crate::http::low::{Thing, Other};"),
            ("right/upper.rs", "use super::lower::Thing;"),
            ("right/lower.rs", "use super::super::low::Thing;"),
            ("right/lower.rs", "use crate::http::low::Thing;"),
            ("low.rs", "use crate::runtime::App;"),
            ("low.rs", "// As super::top does."),
            ("low.rs", "mod tests {\n    use super::super::top;\n}"),
        ] {
            assert_eq!(said(module, line), [""; 0], "{module}: {line}");
        }
    }

    #[test]
    fn an_import_that_runs_up_or_sideways_is_refused() {
        for (module, line) in [
            ("low.rs", "use super::top::Thing;"),
            ("low.rs", "use super::{\n    top::Thing,\n};"),
            ("low.rs", "let thing = super::top::thing();"),
            ("left.rs", "use super::right::lower::Thing;"),
            ("right/lower.rs", "use super::upper::Thing;"),
            ("right/lower.rs", "use crate::http::right::upper::Thing;"),
            ("right/lower.rs", "use super::super::left;"),
        ] {
            refused(module, line, "may not use");
        }
    }

    #[test]
    fn nothing_of_the_mod_rs_above_is_used() {
        for (module, line) in [
            ("low.rs", "use super::Thing;"),
            ("low.rs", "use crate::http::Thing;"),
            ("right/lower.rs", "use super::Thing;"),
            ("right/lower.rs", "use super::super::thing;"),
        ] {
            refused(module, line, "only lists rooms");
        }
    }

    #[test]
    fn a_module_is_on_the_floor_plan() {
        refused("cellar.rs", "", "`cellar` is missing");
    }
}
