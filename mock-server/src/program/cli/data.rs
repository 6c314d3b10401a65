//! `data`: the data directory of a mock that is stopped. Calls no mock, and knows no record.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::Value;

use crate::program::visible::{visible, visible_document};
use crate::runtime::{App, Missing, Store, read_text};

#[derive(Debug, Subcommand)]
pub(super) enum DataAction {
    /// Read everything, compare every page with its checksum, and say what there is; fail if something is damaged
    Check {
        /// The data directory
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
    /// Print the exact state of tenants as a seed, as `stepup-mock dump` does for a running mock
    Dump {
        /// The data directory
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// The tenant [default: every tenant, and the mock's own clock]
        #[arg(long, value_name = "ID")]
        tenant: Option<String>,
        /// Leave out credentials, and replace codes, links, tokens and keys
        #[arg(long)]
        no_secrets: bool,
    },
    /// Add the tenants of a seed; each replaces the tenant with its ids. Makes the directory if there is none
    Load {
        /// The data directory
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
        /// Path of the seed, such as a file from `dump`
        file: PathBuf,
    },
    /// Give room that is not used any more back to the file system
    Compact {
        /// The data directory
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

pub(super) fn run(action: DataAction) -> anyhow::Result<()> {
    match action {
        DataAction::Check { folder } => check(&folder),
        DataAction::Dump {
            folder,
            tenant,
            no_secrets,
        } => dump(&folder, tenant.as_deref(), !no_secrets),
        DataAction::Load { folder, file } => load(&folder, &file),
        DataAction::Compact { folder } => compact(&folder),
    }
}

fn check(folder: &Path) -> anyhow::Result<()> {
    let (_, found) = App::of_directory(folder, false)?;
    let repaired = match found.is_as_written {
        true => "",
        false => "; it was repaired after a crash",
    };
    writeln!(
        std::io::stdout(),
        "sound: {} tenants, {} records, {} bytes{repaired}",
        found.tenants,
        found.records,
        found.bytes
    )
    .context("stdout")
}

fn dump(folder: &Path, tenant: Option<&str>, with_secrets: bool) -> anyhow::Result<()> {
    let (app, _) = App::of_directory(folder, false)?;
    let tenant = tenant.map(|id| {
        let tenant = app.tenant(id);
        tenant.with_context(|| format!("there is no tenant {id} in {}", folder.display()))
    });
    let dump = Value::Object(app.dump(tenant.transpose()?, with_secrets));
    writeln!(std::io::stdout(), "{}", visible_document(&dump)).context("stdout")
}

fn load(folder: &Path, file: &Path) -> anyhow::Result<()> {
    let seed = read_text(file).with_context(|| format!("cannot read {}", file.display()))?;
    let seed = serde_json::from_str(&seed);
    let seed = seed.with_context(|| format!("{} is no JSON object", file.display()))?;
    let (app, _) = App::of_directory(folder, true)?;
    let loaded = app
        .load(seed)
        .with_context(|| format!("cannot load {}", file.display()));
    if let Some(durable) = &app.durable {
        durable.finish();
        anyhow::ensure!(
            loaded.is_err() || durable.is_all_saved(),
            "{} cannot be written; nothing of {} is in it",
            folder.display(),
            file.display()
        );
    }
    let mut out = std::io::stdout().lock();
    for tenant in loaded? {
        writeln!(out, "loaded {}", visible(tenant.name())).context("stdout")?;
    }
    Ok(())
}

fn compact(folder: &Path) -> anyhow::Result<()> {
    let mut store = Store::open(folder, Missing::Refuse, true)?;
    let (before, after) = store.compact()?;
    writeln!(
        std::io::stdout(),
        "{after} bytes, from {before} bytes before"
    )
    .context("stdout")
}
