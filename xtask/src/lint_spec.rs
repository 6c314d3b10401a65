//! The dialect of `openapi/*.yaml`: what a spec must say, and what it must not say because a generator would panic on it,
//! emit code that does not compile, or get it wrong without a word. `openapi/README.md` lists the rules for writers.
//! Knows nothing of Rust code beyond names.

mod operations;
mod references;
mod schemas;
mod secrets;
mod shape;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::iter::Sum;

use serde_json::Value;

pub use self::secrets::{is_marked, names_a_secret};
use crate::model;
use crate::spec::{Finding, SCHEMAS, Spec, join};

/// Checks specs. An empty list means that they can be generated from.
pub fn lint(specs: &[Spec]) -> Vec<Finding> {
    specs
        .iter()
        .flat_map(|spec| lint_one(spec, specs))
        .collect()
}

/// Checks one spec. A file of shared schemas is judged by the APIs that use it.
fn lint_one(spec: &Spec, specs: &[Spec]) -> Vec<Finding> {
    let lint = Lint::new(spec);
    shape::check(&lint);
    // The other rules read what has the right shape only; a reference that leads nowhere would have them guess.
    if lint.findings.borrow().is_empty() {
        references::check(&lint);
    }
    if lint.findings.borrow().is_empty() {
        let users: Vec<&Spec> = specs
            .iter()
            .filter(|user| user.shared.values().any(|stem| *stem == spec.stem))
            .collect();
        let uses = if spec.is_shared() {
            references::unshared(&lint, &users);
            users.iter().map(|user| Uses::of(&Lint::new(user))).sum()
        } else {
            references::unused(&lint);
            Uses::of(&lint)
        };
        schemas::check(&lint, &uses);
        operations::check(&lint);
        secrets::check(&lint);
    }
    let mut findings = lint.findings.into_inner();
    findings.sort();
    findings.dedup();
    findings
}

struct Lint<'a> {
    spec: &'a Spec,
    findings: RefCell<Vec<Finding>>,
}

impl<'a> Lint<'a> {
    fn new(spec: &'a Spec) -> Self {
        Self {
            spec,
            findings: RefCell::default(),
        }
    }

    fn report(&self, pointer: impl Into<String>, rule: &'static str, why: impl Into<String>) {
        let pointer = pointer.into();
        // A shared schema is checked in the file that it stands in.
        if !self.is_of_shared(&pointer) {
            let finding = self.spec.finding(pointer, rule, why);
            self.findings.borrow_mut().push(finding);
        }
    }

    /// Whether a place is within a schema of another file.
    fn is_of_shared(&self, pointer: &str) -> bool {
        let name = pointer
            .strip_prefix(SCHEMAS)
            .and_then(|rest| rest.strip_prefix('/')?.split('/').next());
        name.is_some_and(|name| self.spec.shared.contains_key(name))
    }

    fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.spec.document.pointer(pointer)
    }

    /// Pointers of the members of the object at a pointer, in the order in which they are written.
    fn members(&self, pointer: &str) -> Vec<(String, String)> {
        self.spec
            .keys(pointer)
            .iter()
            .map(|key| (key.clone(), join(pointer, key)))
            .collect()
    }

    /// Pointers of the elements of the array at a pointer.
    fn elements(&self, pointer: &str) -> Vec<String> {
        let count = self
            .at(pointer)
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        (0..count)
            .map(|index| join(pointer, &index.to_string()))
            .collect()
    }

    /// Pointers of all operations: path, method, pointer.
    fn operations(&self) -> Vec<(String, &'static str, String)> {
        let mut found = Vec::new();
        for (path, at) in self.members("/paths") {
            for method in model::METHODS {
                let pointer = join(&at, method);
                if self.at(&pointer).is_some() {
                    found.push((path.clone(), method, pointer));
                }
            }
        }
        found
    }

    /// The pointer itself, or that of what its `$ref` leads to.
    fn follow(&self, pointer: &str) -> String {
        let reference = self
            .at(pointer)
            .and_then(|value| value.get("$ref"))
            .and_then(Value::as_str);
        reference
            .and_then(|reference| reference.strip_prefix('#'))
            .unwrap_or(pointer)
            .to_owned()
    }

    /// Name of the component schema that the `$ref` at a pointer leads to.
    fn schema_name(&self, pointer: &str) -> Option<&'a str> {
        model::component(self.at(pointer)?.get("$ref")?.as_str()?)
    }
}

/// Which schemas occur where. What a vendor posts to the application is read as responses are.
struct Uses {
    in_requests: BTreeSet<String>,
    in_responses: BTreeSet<String>,
}

impl Sum for Uses {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        let mut sum = Self {
            in_requests: BTreeSet::new(),
            in_responses: BTreeSet::new(),
        };
        for uses in all {
            sum.in_requests.extend(uses.in_requests);
            sum.in_responses.extend(uses.in_responses);
        }
        sum
    }
}

impl Uses {
    fn of(lint: &Lint<'_>) -> Self {
        let (mut requests, mut responses) = (Vec::new(), Vec::new());
        for (_, _, operation) in lint.operations() {
            let body = lint.follow(&join(&operation, "requestBody"));
            requests.extend(lint.schema_name(&format!("{body}/content/application~1json/schema")));
            for (_, response) in lint.members(&join(&operation, "responses")) {
                let response = lint.follow(&response);
                responses.extend(
                    lint.schema_name(&format!("{response}/content/application~1json/schema")),
                );
            }
        }
        Self {
            in_requests: model::reachable(lint.spec, requests.into_iter()),
            in_responses: model::reachable(
                lint.spec,
                responses.into_iter().chain(model::messages(lint.spec)),
            ),
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests;
