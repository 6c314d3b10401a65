//! The table of golden exchanges, and the ratchet: every operation of every spec with every documented status has one,
//! or stands in `uncovered-operations.txt`, which may only shrink. Must not know how an exchange is run.

mod activeconnect;
mod authsignal;
mod authsignal_client;
mod mock_control;

use std::collections::BTreeSet;
use std::path::Path;

use crate::exchange::Exchange;
use crate::spec;

fn exchanges() -> Vec<Exchange> {
    [
        activeconnect::exchanges(),
        authsignal::exchanges(),
        authsignal_client::exchanges(),
        mock_control::exchanges(),
    ]
    .concat()
}

#[tokio::test]
async fn every_exchange_is_as_the_spec_and_the_snapshot_say() {
    all_run([activeconnect::exchanges(), mock_control::exchanges()].concat()).await;
}

async fn all_run(exchanges: Vec<Exchange>) {
    // All of them: the first that fails does not hide the others.
    let mut failed = Vec::new();
    for exchange in exchanges {
        let name = exchange.name();
        if tokio::spawn(async move { exchange.run().await })
            .await
            .is_err()
        {
            failed.push(name);
        }
    }
    assert!(
        failed.is_empty(),
        "exchanges that failed, each with its reason above: {failed:#?}"
    );
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
fn every_snapshot_belongs_to_an_exchange_and_every_exchange_has_its_own() {
    let names: Vec<String> = exchanges().iter().map(Exchange::name).collect();
    let wanted: BTreeSet<String> = names.iter().map(|name| format!("{name}.snap")).collect();
    assert_eq!(wanted.len(), names.len(), "two exchanges have one name");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/snapshots");
    let found = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    // A rejected snapshot is insta's to report.
    let found: BTreeSet<String> = found.filter(|name| !name.ends_with(".snap.new")).collect();
    assert_eq!(found, wanted);
}

#[test]
fn the_ratchet_notices_what_is_new_and_what_is_done() {
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
