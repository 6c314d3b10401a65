//! `ca`: the authority that clients are to trust which call the mock over HTTPS. Calls no mock.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::program::settings::{Several, all, several};
use crate::program::tls::authority;
use crate::program::visible::visible;
use crate::runtime::host_or_address;

/// Which authority to print, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Folder in which the mock keeps its authority [default: stepup-mock in the folder for your programs' data]
    #[arg(long, env = "STEPUP_TLS_CA_DIR", value_name = "FOLDER")]
    tls_ca_dir: Option<PathBuf>,
    /// Host name or IP address that the mock is to have, too; a new authority may sign for it. As the mock's own flag
    #[arg(long, env = "STEPUP_ALLOW_HOST", value_name = "NAME", value_parser = several(host_or_address))]
    allow_host: Vec<Several<String>>,
    /// Print the path of the file instead
    #[arg(long)]
    path: bool,
}

pub(super) fn run(wanted: &Wanted) -> anyhow::Result<()> {
    let (authority, file) =
        authority(wanted.tls_ca_dir.as_deref(), &all(Some(&wanted.allow_host)))?;
    let mut out = std::io::stdout().lock();
    if wanted.path {
        writeln!(out, "{}", visible(&file.to_string_lossy())).context("stdout")
    } else {
        write!(out, "{}", authority.certificate()).context("stdout")
    }
}
