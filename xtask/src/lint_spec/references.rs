//! `$ref`s must lead somewhere, and every component must be led to.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Lint;
use crate::model;
use crate::spec::{SCHEMAS, Spec, join};

/// Component kinds by the last key before a `$ref`: what may be referred to from where.
fn expected(pointer: &str) -> &'static str {
    let keys: Vec<&str> = pointer.split('/').collect();
    let last = keys.last().copied().unwrap_or_default();
    let before = keys
        .len()
        .checked_sub(2)
        .and_then(|index| keys.get(index))
        .copied()
        .unwrap_or_default();
    match (before, last) {
        ("parameters", _) => "parameters",
        ("responses", _) => "responses",
        (_, "requestBody") => "requestBodies",
        _ => "schemas",
    }
}

pub(super) fn check(lint: &Lint<'_>) {
    let mut all = Vec::new();
    collect(&lint.spec.document, "", &mut all);
    for (pointer, reference) in &all {
        let kind = expected(pointer);
        let wanted = format!("#/components/{kind}/");
        if !reference.starts_with('#') {
            lint.report(
                pointer,
                "reference",
                format!(
                    "`{reference}` must be `{wanted}<name>`, or `./<vendor>-shared.yaml#/components/schemas/<name>`: a \
                     schema of this vendor's shared file that leads to no schema whose name this file has, too"
                ),
            );
        } else if reference
            .strip_prefix(&wanted)
            .is_none_or(|name| name.contains('/'))
        {
            lint.report(
                pointer,
                "reference",
                format!("`{reference}` must be `{wanted}<name>`"),
            );
        } else if lint.spec.target(reference).is_none() {
            lint.report(
                pointer,
                "reference",
                format!("there is no `{reference}`; progenitor panics on that"),
            );
        }
    }
}

/// Schemas of a shared file that fewer than two APIs lead to.
pub(super) fn unshared(lint: &Lint<'_>, users: &[&Spec]) {
    for (name, pointer) in lint.members(SCHEMAS) {
        let leading: Vec<&str> = users
            .iter()
            .filter(|user| user.shared.get(&name) == Some(&lint.spec.stem))
            .map(|user| user.file.as_str())
            .collect();
        match leading.as_slice() {
            [] => lint.report(pointer, "unused", "no API leads here; remove it, or use it"),
            [only] => {
                let why = format!("only {only} leads here; write it there");
                lint.report(pointer, "unused", why);
            }
            _ => {}
        }
    }
}

/// Components that no operation and no message leads to.
pub(super) fn unused(lint: &Lint<'_>) {
    let mut reached = BTreeSet::new();
    let mut open: Vec<String> = model::MESSAGES
        .map(|keyword| join("", keyword))
        .into_iter()
        .chain(["/paths".to_owned()])
        .collect();
    while let Some(pointer) = open.pop() {
        let mut found = Vec::new();
        if let Some(value) = lint.at(&pointer) {
            collect(value, &pointer, &mut found);
        }
        for (_, reference) in found {
            let target = reference.trim_start_matches('#').to_owned();
            if reached.insert(target.clone()) {
                open.push(target);
            }
        }
    }
    for (kind, components) in lint.members("/components") {
        for (name, pointer) in lint.members(&components) {
            let used = if kind == "securitySchemes" {
                requires(lint, &name)
            } else {
                reached.contains(&pointer)
            };
            if !used {
                lint.report(
                    pointer,
                    "unused",
                    "no operation and no message leads here; take it away, or use it",
                );
            }
        }
    }
}

fn collect(value: &Value, pointer: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, &join(pointer, &index.to_string()), found);
            }
        }
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found.push((pointer.to_owned(), reference.clone()));
            }
            for (key, item) in object {
                // An example is data: a `$ref` in it is a name like any other.
                if key != "example" {
                    collect(item, &join(pointer, key), found);
                }
            }
        }
        _ => {}
    }
}

/// Whether a security requirement names a scheme.
fn requires(lint: &Lint<'_>, scheme: &str) -> bool {
    let operations = lint
        .operations()
        .into_iter()
        .map(|(_, _, pointer)| join(&pointer, "security"));
    operations.chain(["/security".to_owned()]).any(|pointer| {
        let sets = lint.at(&pointer).and_then(Value::as_array);
        sets.is_some_and(|sets| sets.iter().any(|set| set.get(scheme).is_some()))
    })
}
