//! The golden exchanges of all APIs. Every operation of every spec has one for every documented status, or a line in
//! `uncovered-operations.txt`, which may only shrink. Must not know how an exchange is sent.
//!
//! Most exchanges are a snapshot each. A refusal that many operations share is a line of its API's table, `API__refusals`:
//! each different answer stands there once, followed by the requests that get it.

mod activeconnect;
mod authsignal;
mod authsignal_client;
mod authsignal_management;
mod flows;
mod mock_control;

use std::collections::BTreeSet;
use std::path::Path;

use crate::exchange::{Exchange, Ran};
use crate::spec;

pub(crate) fn exchanges() -> Vec<Exchange> {
    [
        activeconnect::exchanges(),
        authsignal::exchanges(),
        authsignal_client::exchanges(),
        authsignal_management::exchanges(),
        mock_control::exchanges(),
    ]
    .concat()
}

/// The refusals that an operation of Authsignal shares with others, made from a good request by what the spec lists.
fn refusals(good: &Exchange) -> Vec<Exchange> {
    let operation = spec::named(good.api).operation(good.operation);
    let mut all = Vec::new();
    for status in operation.statuses() {
        match status {
            400 if operation.takes_body() => all.push(good.malformed()),
            400 => {
                let parameter = operation.path_parameters().first().map(|name| match *name {
                    "userId" => "userId",
                    "tenantId" => "tenantId",
                    "email" => "email",
                    "actionCode" => "actionCode",
                    "alias" => "alias",
                    "customDataPointId" => "customDataPointId",
                    "authenticator" => "authenticator",
                    other => panic!("write {other} here"),
                });
                all.extend(parameter.map(|name| good.bad_escape(name)));
            }
            401 => all.push(good.unsigned()),
            413 => all.push(good.too_large()),
            429 => all.push(good.over_the_rate()),
            _ => {}
        }
    }
    all
}

/// The exchanges of an operation of Authsignal: the refusals that it shares with others, and its own.
fn whole(good: &Exchange, own: impl IntoIterator<Item = Exchange>) -> Vec<Exchange> {
    refusals(good).into_iter().chain(own).collect()
}

/// Name of the snapshot that holds an API's shared refusals.
fn table_name(api: &str) -> String {
    format!("{}__refusals", api.replace('-', "_"))
}

/// Sends the exchanges of an API, and compares each with what a person has read.
async fn all_match(api: &'static str, exchanges: Vec<Exchange>) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path("../snapshots");
    // All of them: the first that fails does not hide the others.
    let mut failed = Vec::new();
    let mut refusals = Refusals::default();
    for exchange in exchanges {
        let (name, settings) = (exchange.name(), settings.clone());
        let ran = tokio::spawn(async move {
            let ran = exchange.run().await;
            if exchange.fault().is_none() {
                settings.bind(|| insta::assert_snapshot!(exchange.name(), ran.whole()));
            }
            (exchange, ran)
        });
        match ran.await {
            Ok((exchange, ran)) => refusals.add(&exchange, &ran),
            Err(_) => failed.push(name),
        }
    }
    assert!(
        failed.is_empty(),
        "exchanges that failed, each with its reason above: {failed:#?}"
    );
    settings.bind(|| insta::assert_snapshot!(table_name(api), refusals.table()));
}

/// A kind of refusal: what is wrong with the request, and the answer to it.
type Kind = (&'static str, String);

/// The shared refusals of an API: kinds in the order of their first exchange, each with the requests that it answers.
#[derive(Default)]
struct Refusals(Vec<(Kind, Vec<String>)>);

impl Refusals {
    /// Adds an exchange, if it is one of them.
    fn add(&mut self, exchange: &Exchange, ran: &Ran) {
        let Some(fault) = exchange.fault() else {
            return;
        };
        let kind = (fault, ran.answer());
        let line = format!(
            "{} {}: {}",
            exchange.status,
            exchange.operation,
            ran.request_line()
        );
        match self.0.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, lines)) => lines.push(line),
            None => self.0.push((kind, vec![line])),
        }
    }

    /// Each fault once, in the order of their first exchange; below it the answers to it, and the requests that get them.
    fn table(&self) -> String {
        let mut table = String::new();
        let mut faults: Vec<&str> = Vec::new();
        for ((fault, _), _) in &self.0 {
            if !faults.contains(fault) {
                faults.push(fault);
            }
        }
        for fault in faults {
            table.push_str(&format!("# Refused: {fault}\n\n"));
            for ((of, answer), lines) in &self.0 {
                if *of == fault {
                    table.push_str(&format!("{answer}\n{}\n\n", lines.join("\n")));
                }
            }
        }
        table
    }
}

/// `API OPERATION STATUS`.
fn documented() -> BTreeSet<String> {
    let operations = spec::all()
        .iter()
        .flat_map(|spec| spec.operations().into_iter().map(|op| (&spec.stem, op)));
    operations
        .flat_map(|(stem, operation)| {
            let statuses = operation.statuses();
            statuses
                .into_iter()
                .map(move |status| format!("{stem} {} {status}", operation.id))
        })
        .collect()
}

/// What keeps the three from agreeing. `listed` is the text of `uncovered-operations.txt`.
fn disagreements(
    documented: &BTreeSet<String>,
    exercised: &BTreeSet<String>,
    listed: &str,
) -> Vec<String> {
    let listed: BTreeSet<String> = listed
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim().to_owned())
        .filter(|line| !line.is_empty())
        .collect();
    let missing = documented
        .difference(exercised)
        .filter(|row| !listed.contains(*row));
    let covered = listed.intersection(exercised);
    let unknown = listed.difference(documented);
    let strange = exercised.difference(documented);
    missing
        .map(|row| format!("{row}: has no golden exchange; write one in tests/it/golden/"))
        .chain(covered.map(|row| {
            format!("{row}: has a golden exchange; take the line out of uncovered-operations.txt")
        }))
        .chain(unknown.map(|row| {
            format!("{row}: no spec has it; take the line out of uncovered-operations.txt")
        }))
        .chain(strange.map(|row| format!("{row}: has a golden exchange, and no spec has it")))
        .collect()
}

#[test]
fn every_operation_has_a_golden_exchange_for_every_documented_status() {
    let exercised = exchanges()
        .iter()
        .map(|row| format!("{} {} {}", row.api, row.operation, row.status))
        .collect();
    let listed =
        std::fs::read_to_string(spec::workspace().join("tests/uncovered-operations.txt")).unwrap();
    let disagreements = disagreements(&documented(), &exercised, &listed);
    assert!(disagreements.is_empty(), "{}", disagreements.join("\n"));
    // The list was needed while APIs came in; every one is covered whole now.
    let left = listed
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    assert_eq!(left.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn every_snapshot_belongs_to_an_exchange_and_every_exchange_has_one() {
    let exchanges = exchanges();
    let names: Vec<String> = exchanges
        .iter()
        .filter(|exchange| exchange.fault().is_none())
        .map(Exchange::name)
        .chain(spec::all().iter().map(|spec| table_name(&spec.stem)))
        .collect();
    let wanted: BTreeSet<String> = names.iter().map(|name| format!("{name}.snap")).collect();
    assert_eq!(wanted.len(), names.len(), "two exchanges have one name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/snapshots");
    let found = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // A rejected snapshot is insta's to report.
    let found: BTreeSet<String> = found.filter(|name| !name.ends_with(".snap.new")).collect();
    let missing: Vec<_> = wanted.difference(&found).collect();
    let unused: Vec<_> = found.difference(&wanted).collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "missing: {missing:#?}\nbelongs to no exchange: {unused:#?}"
    );
}

#[test]
fn the_coverage_list_must_name_what_is_missing_and_nothing_else() {
    let set = |rows: &[&str]| {
        rows.iter()
            .map(|row| (*row).to_owned())
            .collect::<BTreeSet<_>>()
    };
    let (a, b) = ("api a 200", "api b 404");
    assert_eq!(
        disagreements(&set(&[a, b]), &set(&[a, b]), "# none\n"),
        [""; 0]
    );
    assert_eq!(
        disagreements(&set(&[a, b]), &set(&[a]), "api b 404 # not yet\n"),
        [""; 0]
    );
    // A new operation or status; a line that is done; a line, and an exchange, that no spec has.
    assert!(
        disagreements(&set(&[a, b]), &set(&[a]), "")[0]
            .starts_with("api b 404: has no golden exchange")
    );
    assert!(disagreements(&set(&[a, b]), &set(&[a, b]), b)[0].contains("take the line out"));
    assert!(disagreements(&set(&[a]), &set(&[a]), b)[0].contains("no spec has it"));
    assert!(disagreements(&set(&[a]), &set(&[a, b]), "")[0].contains("no spec has it"));
}
