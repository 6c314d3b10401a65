//! `ca`: the authority that clients are to trust which call the mock over HTTPS. Calls no mock.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::program::tls::authority;
use crate::program::visible::visible;

/// Which authority to print, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Folder in which the mock keeps its authority [default: stepup-mock in the folder for your programs' data]
    #[arg(long, env = "STEPUP_TLS_CA_DIR", value_name = "FOLDER")]
    tls_ca_dir: Option<PathBuf>,
    /// Print the path of the file instead
    #[arg(long)]
    path: bool,
}

pub(super) fn run(wanted: &Wanted) -> anyhow::Result<()> {
    let (authority, file) = authority(wanted.tls_ca_dir.as_deref())?;
    let mut out = std::io::stdout().lock();
    if wanted.path {
        writeln!(out, "{}", visible(&file.to_string_lossy())).context("stdout")
    } else {
        write!(out, "{}", authority.certificate()).context("stdout")
    }
}
