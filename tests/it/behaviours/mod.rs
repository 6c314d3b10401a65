//! What the clients do when servers, networks and callers do not as they should: each row of `table.yaml` is played against
//! the mock with its faults. Must not know what a row is about.
//!
//! `BEHAVIOUR=id cargo test -p conformance --test it behaviours` plays one row.

mod altered;
mod calls;
mod checks;
mod page;
mod play;
mod table;

use std::fs;
use std::process::{Command, Stdio};

use futures_util::{StreamExt as _, stream};
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::spec;
use play::{Seen, Stage};
use table::{ClientType, Expected, Row};

/// The variable that names the only row to be played.
const ONLY: &str = "BEHAVIOUR";
/// The variable of a process that has the environment of its row.
const APART: &str = "BEHAVIOUR_APART";
/// How many calls are under way at a time.
const AT_A_TIME: usize = 16;

fn all_rows() -> Vec<(Value, Row)> {
    let raw = table::raw_rows(&table::text()).unwrap();
    let rows = raw.into_iter().map(|raw| {
        let row = table::row(&raw).unwrap();
        (raw, row)
    });
    rows.collect()
}

/// The rows to be played: all, or the one that the environment names.
fn rows() -> Vec<(Value, Row)> {
    let mut rows = all_rows();
    if let Some(only) = only() {
        rows.retain(|(_, row)| row.id == only);
        assert!(!rows.is_empty(), "{ONLY}: no row is called {only}");
    }
    rows
}

fn only() -> Option<String> {
    std::env::var(ONLY).ok()
}

/// A row of a client, and what it left behind.
struct Played<'a> {
    raw: &'a Value,
    row: &'a Row,
    client: ClientType,
    seen: Result<Seen, String>,
}

impl Played<'_> {
    fn name(&self) -> String {
        format!("{} of {:?}", self.row.id, self.client)
    }

    /// What differs from what the row expects.
    fn differences(&self, expected: &Expected) -> Vec<String> {
        match &self.seen {
            Ok(seen) => checks::differences(expected, seen),
            Err(why) => vec![why.clone()],
        }
    }
}

/// Plays rows, all of them even if some fail: first what comes before their calls, because building a client takes time
/// that a row with a short limit does not have.
async fn played<'a>(
    stage: &'a Stage,
    rows: impl Iterator<Item = &'a (Value, Row)>,
    with_faults: bool,
) -> Vec<Played<'a>> {
    let mut arranged = Vec::new();
    for (raw, row) in rows {
        for client in &row.clients {
            let play = stage.arrange(raw, *client, with_faults).await;
            arranged.push((raw, row, *client, play));
        }
    }
    let plays = stream::iter(arranged).map(async |(raw, row, client, play)| {
        let seen = match play {
            Ok(play) => play.play().await,
            Err(why) => Err(why),
        };
        Played {
            raw,
            row,
            client,
            seen,
        }
    });
    plays.buffered(AT_A_TIME).collect().await
}

/// Whether a row needs a process of its own, and this one is not it.
fn is_apart(row: &Row) -> bool {
    !row.arranged.environment.is_empty() && std::env::var_os(APART).is_none()
}

/// Plays a row in a process with its environment. Returns what that printed if the row does not hold there.
fn failure_apart(stage: &Stage, row: &Row) -> Option<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([
        "--exact",
        "behaviours::every_row_holds_and_none_that_is_altered",
    ]);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    for (name, value) in &row.arranged.environment {
        command.env(name, stage.filled(value));
    }
    command.env(ONLY, &row.id).env(APART, "yes");
    command.stdin(Stdio::null());
    let output = command.output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let holds = output.status.success() && printed.contains("1 passed");
    (!holds).then(|| format!("{}, in a process of its own: {printed}", row.id))
}

/// Where a row holds although its expectation is altered.
fn blind_spots(played: &Played<'_>) -> Vec<String> {
    let Ok(seen) = &played.seen else {
        return Vec::new();
    };
    let expected = &played.raw["expect"];
    let alterations = altered::alterations(expected, &seen.shown);
    assert!(!alterations.is_empty(), "{} expects nothing", played.name());
    let blind = alterations.into_iter().filter(|(place, altered)| {
        let altered = Expected::deserialize(altered);
        let altered = altered.unwrap_or_else(|error| panic!("{}{place}: {error}", played.name()));
        checks::differences(&altered, seen).is_empty()
    });
    let name = played.name();
    let blind = blind.map(|(place, _)| format!("{name}: nothing depends on expect{place}"));
    blind.collect()
}

fn assert_none(failures: &[String]) {
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[tokio::test]
async fn every_row_holds_and_none_that_is_altered() {
    let (stage, rows) = (Stage::new().await, rows());
    let here = rows.iter().filter(|(_, row)| !is_apart(row));
    let mut failures = Vec::new();
    for played in played(&stage, here, true).await {
        let differences = played.differences(&played.row.expect);
        if differences.is_empty() {
            failures.append(&mut blind_spots(&played));
        }
        let name = played.name();
        failures.extend(differences.iter().map(|one| format!("{name}: {one}")));
    }
    for (_, row) in rows.iter().filter(|(_, row)| is_apart(row)) {
        failures.extend(failure_apart(&stage, row));
    }
    assert_none(&failures);
}

#[tokio::test]
async fn rows_depend_on_their_faults() {
    let (stage, rows) = (Stage::new().await, rows());
    let faulty = rows
        .iter()
        .filter(|(_, row)| !row.arranged.faults.is_empty());
    let mut failures = Vec::new();
    for played in played(&stage, faulty, false).await {
        let (name, unnoticed) = (played.name(), played.row.arranged.unnoticed);
        let holds = played.differences(&played.row.expect).is_empty();
        if played.seen.is_err() || holds != unnoticed {
            failures.push(format!(
                "{name}: it is {holds} that it holds without its faults"
            ));
        }
    }
    assert_none(&failures);
}

#[test]
fn each_area_has_rows_and_each_row_a_name_of_its_own() {
    let rows: Vec<Row> = all_rows().into_iter().map(|(_, row)| row).collect();
    assert_none(&table::faults_of(&rows));
    for area in table::Area::ALL {
        let others = rows.iter().filter(|row| row.area != area).cloned();
        let faults = table::faults_of(&others.collect::<Vec<_>>());
        let said = faults
            .iter()
            .any(|fault| fault.starts_with(&format!("{area:?} has 0")));
        assert!(said, "{faults:?}");
    }
    let twice = [&rows[..], &rows[..1]].concat();
    assert_eq!(table::faults_of(&twice).len(), 1);
}

#[test]
fn a_member_that_nothing_reads_is_refused_wherever_it_is() {
    let mut row = all_rows().swap_remove(0).0;
    let parts = json!({"arranged": {}, "options": {"call": {}}, "with": {}});
    for (name, part) in parts.as_object().unwrap() {
        row[name] = part.clone();
    }
    table::row(&row).unwrap();
    for place in [
        "",
        "/arranged",
        "/options",
        "/options/call",
        "/with",
        "/expect",
    ] {
        let mut strange = row.clone();
        strange.pointer_mut(place).unwrap()["strange"] = Value::Null;
        let why = table::row(&strange).unwrap_err();
        assert!(why.contains("strange"), "{place}: {why}");
    }
}

/// `INSTA_UPDATE=always` writes the page, as it writes snapshots.
#[test]
fn the_page_shows_the_table() {
    let file = spec::workspace().join("docs/client/behaviours.md");
    let rows: Vec<Row> = all_rows().into_iter().map(|(_, row)| row).collect();
    let expected = page::render(&rows);
    if std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always") {
        fs::write(&file, &expected).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(written, expected, "run this test with INSTA_UPDATE=always");
}
