//! `verify`: the command line of the comparison with another server. What the control API verifies, the requests that a mock
//! got, is another thing.

use std::path::PathBuf;

use super::compared;
use crate::program::drift::{self, Format, KeySource, Verification};

/// The server, the keys to it, and what is sent.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Base URL of the server, such as https://api.authsignal.com/v1
    #[arg(long, value_name = "URL")]
    against: String,
    /// Environment variable that holds the API secret of the tenant
    #[arg(long, value_name = "NAME", default_value = "AUTHSIGNAL_SECRET")]
    secret_env: String,
    /// File that holds it
    #[arg(long, value_name = "FILE", conflicts_with = "secret_env")]
    secret_file: Option<PathBuf>,
    /// Also replay the exchanges of the Management API that only read
    #[arg(long)]
    with_management: bool,
    /// Environment variable that holds the management secret
    #[arg(
        long,
        value_name = "NAME",
        default_value = "AUTHSIGNAL_MANAGEMENT_SECRET"
    )]
    management_secret_env: String,
    /// File that holds it
    #[arg(long, value_name = "FILE", conflicts_with = "management_secret_env")]
    management_secret_file: Option<PathBuf>,
    /// Prefix of the ids of all users that are created and deleted; the id of the run follows it
    #[arg(long, value_name = "TEXT", default_value = "stepup-drift-")]
    prefix: String,
    /// Id of the run, to be used once [default: a random one]
    #[arg(long, value_name = "ID")]
    run_id: Option<String>,
    /// Only delete the users that a killed run has left
    #[arg(long, value_name = "ID", conflicts_with = "run_id")]
    remove_run: Option<String>,
    /// Replay the exchanges of this file, such as one that `proxy --record` has written [default: the golden exchanges]
    #[arg(long, value_name = "FILE")]
    exchanges: Option<PathBuf>,
    /// Replay only exchanges of this operation, with the requests that they need first; repeat the flag for several
    #[arg(long, value_name = "OPERATION")]
    operation: Vec<String>,
    /// Show what would be created and deleted, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// Go on although the server is not on this machine
    #[arg(long)]
    yes: bool,
    /// Send the key in the clear, by http, to a server that is not on this machine
    #[arg(long)]
    allow_http: bool,
    /// PEM file with the authority to trust besides those of this machine [default: for a server on this machine, the mock's
    /// own, if it is where `stepup-mock ca` keeps it]
    #[cfg(feature = "tls")]
    #[arg(long, env = "STEPUP_MOCK_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Form of the report
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    format: Format,
}

/// The exit code of a run that found no drift, of one that did, and of one that could not be made.
pub(super) fn run(wanted: Wanted) -> std::process::ExitCode {
    let management = KeySource {
        variable: wanted.management_secret_env,
        file: wanted.management_secret_file,
    };
    let outcome = drift::verify(&Verification {
        against: wanted.against,
        secret: KeySource {
            variable: wanted.secret_env,
            file: wanted.secret_file,
        },
        management: wanted.with_management.then_some(management),
        prefix: wanted.prefix,
        run_id: wanted.run_id,
        remove_run: wanted.remove_run,
        exchanges: wanted.exchanges,
        operations: wanted.operation,
        dry_run: wanted.dry_run,
        yes: wanted.yes,
        allow_http: wanted.allow_http,
        #[cfg(feature = "tls")]
        ca: wanted.ca,
        #[cfg(not(feature = "tls"))]
        ca: None,
        format: wanted.format,
    });
    compared(outcome)
}
