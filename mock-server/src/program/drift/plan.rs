//! What a run will create, delete and touch, told before it begins. Sends nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::exchange::Case;
use super::operations::{self, MANAGEMENT, SERVER};
use super::replay::{CHECKS, DELETES};
use crate::http::surface::Retry;

/// Characters of a line of the list.
const WIDTH: usize = 100;

/// The cases of a run, and what they do to the server.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    pub(super) cases: &'a [Case],
    /// What the prefix and the id of the run are in each user id.
    pub(super) prefix: &'a str,
    /// The id of the run.
    pub(super) run: &'a str,
    /// Whether nothing is replayed, and what an earlier run has left is deleted.
    pub(super) only_deletes: bool,
}

impl Plan<'_> {
    /// Every user that is created, and deleted again.
    pub(super) fn users(&self) -> BTreeSet<String> {
        let users = self.cases.iter().flat_map(|case| case.users(self.prefix));
        users.collect()
    }

    /// How often each operation is called, by API and name: in the cases, to delete users, and to check the keys.
    fn calls(&self) -> BTreeMap<(&str, &str), usize> {
        let mut calls: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        let mut add = |api, id, times| *calls.entry((api, id)).or_default() += times;
        let steps = self.cases.iter().flat_map(|case| &case.steps);
        for step in steps.filter(|_| !self.only_deletes) {
            add(&step.api, &step.operation, 1);
        }
        let has_management = self.cases.iter().any(Case::is_of_management);
        for (api, id) in CHECKS {
            add(api, id, usize::from(api != MANAGEMENT || has_management));
        }
        let deletions = if self.only_deletes {
            self.users().len()
        } else {
            let users = self.cases.iter().map(|case| case.users(self.prefix).len());
            users.sum()
        };
        add(SERVER, DELETES, deletions);
        calls.retain(|_, times| *times > 0);
        calls
    }

    /// The plan as text.
    pub(super) fn text(&self, against: &str) -> String {
        let mut users: Vec<String> = self.users().into_iter().collect();
        // `user-2` before `user-10`.
        users.sort_by_key(String::len);
        let cases = if self.only_deletes {
            0
        } else {
            self.cases.len()
        };
        let requests: usize = self.calls().values().sum();
        let run = self.run;
        let mut text =
            format!("plan: run {run}: {cases} exchanges in {requests} requests to {against}\n");
        let mut list = |what: &str, items: &[String]| {
            if !items.is_empty() {
                let _ = writeln!(text, "  {what}:");
                wrap(items, &mut text);
            }
        };
        let (kept, other) = self.operations();
        let count = users.len();
        if self.only_deletes {
            list(
                &format!("deletes these {count} users if they are there"),
                &users,
            );
            list("by", &[kept, other].concat());
            return text;
        }
        let creates = "with what belongs to them, and deletes each after its exchange";
        list(&format!("creates {count} users, {creates}"), &users);
        list(
            "names these actions, which a tenant may list from then on",
            &self.actions(),
        );
        list("changes only what is of these users, by", &kept);
        list("reads, by", &other);
        let prefix = self.prefix;
        let _ = writeln!(
            text,
            "  if the run is killed, users whose id begins with {prefix} can be left; --remove-run {run} deletes them"
        );
        text
    }

    /// The operations that change something, and those that do not, each with the number of its requests.
    fn operations(&self) -> (Vec<String>, Vec<String>) {
        let mut counts: BTreeMap<(bool, &str, bool), usize> = BTreeMap::new();
        for ((api, id), times) in self.calls() {
            if let Some(operation) = operations::named(api, id) {
                let costs = operation.retry == Retry::Never && operation.changes;
                *counts
                    .entry((operation.changes, operation.id, costs))
                    .or_default() += times;
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
