//! `snapshot`: states of a running mock's tenants, to go back to. Knows no operation.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::{RunningMock, path_segment, text};
use crate::domain::links;
use crate::program::visible::{visible, visible_json};

/// What to do with snapshots.
#[derive(Debug, Subcommand)]
pub(super) enum SnapshotAction {
    /// Keep the state under a name, in the mock's memory
    Take(Wanted),
    /// Go back to the state that was kept under a name
    Restore(Wanted),
    /// Show what is kept
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Forget the state that was kept under a name
    Delete(Wanted),
}

/// A snapshot.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Name of the snapshot
    #[arg(value_parser = path_segment)]
    name: String,
    #[command(flatten)]
    of: OfTenant,
}

impl Wanted {
    fn body(&self) -> Value {
        let mut body = json!({"name": self.name});
        if let Some(tenant) = &self.of.tenant {
            body["tenant"] = tenant.as_str().into();
        }
        body
    }
}

/// Whose state it is.
#[derive(Debug, clap::Args)]
pub(super) struct OfTenant {
    /// The tenant [default: every tenant]
    #[arg(long, value_name = "ID")]
    tenant: Option<String>,
}

pub(super) fn run(mock: &RunningMock, action: SnapshotAction) -> anyhow::Result<()> {
    let (said, answer) = match action {
        SnapshotAction::Take(wanted) => {
            let body = wanted.body();
            let answer =
                mock.call(|http, url| http.post(format!("{url}/_mock/snapshots")).json(&body))?;
            ("taken ", answer)
        }
        SnapshotAction::Restore(wanted) => {
            let body = wanted.body();
            let answer = mock.call(|http, url| {
                http.post(format!("{url}/_mock/snapshots/restore"))
                    .json(&body)
            })?;
            ("restored ", answer)
        }
        SnapshotAction::List { of } => {
            let answer = mock.call(|http, url| {
                http.get(format!("{url}/_mock/snapshots"))
                    .query(&[("tenant", &of.tenant)])
            })?;
            ("", answer)
        }
        SnapshotAction::Delete(wanted) => {
            let answer = mock.call(|http, url| {
                let path = "/_mock/snapshots/{snapshot}";
                http.delete(links::url(url, path, &[&wanted.name]))
                    .query(&[("tenant", &wanted.of.tenant)])
            })?;
            ("deleted ", answer)
        }
    };
    show(said, &answer)
}

fn show(said: &str, answer: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let snapshots = answer["snapshots"].as_array();
    let snapshots = snapshots.map_or(&[][..], Vec::as_slice);
    if snapshots.is_empty() {
        writeln!(out, "no snapshots").context("stdout")?;
    }
    for one in snapshots {
        let [name, tenant, at] = ["name", "tenant", "takenAt"].map(|key| visible(text(&one[key])));
        let bytes = visible_json(&one["bytes"]);
        writeln!(out, "{tenant}: {said}{name}, of {at}, {bytes} bytes").context("stdout")?;
    }
    Ok(())
}
