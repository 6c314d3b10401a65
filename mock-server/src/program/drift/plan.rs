//! What a run will create, delete and touch, told before it begins. Sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::exchange::Case;
use super::operations::SERVER;
use crate::http::surface::Retry;

/// Characters of a line of the list.
const WIDTH: usize = 100;

/// The cases of a run, and what they do to the server.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) cases: &'a [Case],
    pub(super) prefix: &'a str,
}

impl Plan<'_> {
    /// Every user that is created, and deleted again.
    pub(super) fn users(&self) -> BTreeSet<String> {
        let users = self.cases.iter().flat_map(|case| case.users(self.prefix));
        users.collect()
    }

    /// How many requests the cases have, without those that delete the users.
    pub(super) fn requests(&self) -> usize {
        self.cases.iter().map(|case| case.steps.len()).sum()
    }

    /// The plan as text.
    pub(super) fn text(&self, against: &str) -> String {
        let mut users: Vec<String> = self.users().into_iter().collect();
        // `user-2` before `user-10`.
        users.sort_by_key(String::len);
        let (cases, requests) = (self.cases.len(), self.requests());
        let mut text = format!("plan: {cases} exchanges in {requests} requests to {against}\n");
        let mut list = |what: &str, items: &[String]| {
            if !items.is_empty() {
                let _ = writeln!(text, "  {what}:");
                wrap(items, &mut text);
            }
        };
        let (kept, other) = self.operations();
        list(
            &format!(
                "creates {} users, with what belongs to them, and deletes each after its exchange",
                users.len()
            ),
            &users,
        );
        list(
            "names these actions, which a tenant may list from then on",
            &self.actions(),
        );
        list("changes only what is of these users, by", &kept);
        list("reads, by", &other);
        text
    }

    /// The operations that change something, and those that do not, each with the number of its requests.
    fn operations(&self) -> (Vec<String>, Vec<String>) {
        let mut counts: BTreeMap<(bool, &str, bool), usize> = BTreeMap::new();
        for step in self.cases.iter().flat_map(|case| &case.steps) {
            if let Some(operation) = step.spec() {
                let costs = operation.retry == Retry::Never && operation.changes;
                *counts
                    .entry((operation.changes, operation.id, costs))
                    .or_default() += 1;
            }
        }
        let of = |wanted: bool| {
            let counts = counts
                .iter()
                .filter(|((changes, ..), _)| *changes == wanted);
            let line = |((_, id, costs), count): (&(bool, &str, bool), &usize)| {
                let cost = if *costs {
                    " (each counts or costs)"
                } else {
                    ""
                };
                format!("{id} ×{count}{cost}")
            };
            counts.map(line).collect()
        };
        (of(true), of(false))
    }

    fn actions(&self) -> Vec<String> {
        let steps = self.cases.iter().flat_map(|case| &case.steps);
        let tracked = steps.filter(|step| step.api == SERVER && step.status < 400);
        let named = tracked.filter_map(|step| step.path.get("action"));
        let named: BTreeSet<_> = named.collect();
        named.into_iter().cloned().collect()
    }
}

fn wrap(items: &[String], into: &mut String) {
    let mut line = String::new();
    for (at, item) in items.iter().enumerate() {
        let comma = if at + 1 == items.len() { "" } else { "," };
        if !line.is_empty() && line.chars().count() + item.chars().count() + 2 > WIDTH {
            let _ = writeln!(into, "   {line}");
            line.clear();
        }
        let _ = write!(line, " {item}{comma}");
    }
    let _ = writeln!(into, "   {line}");
}
