//! `proxy`: the command line of the proxy that compares traffic with the specs.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use super::compared;
use crate::program::drift::{self, Proxying};

/// Where requests come from, and where they go.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Base URL of the server, such as https://api.authsignal.com/v1
    #[arg(long, value_name = "URL")]
    to: String,
    /// Address that the proxy listens on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:4760")]
    listen: SocketAddr,
    /// New file that gets the exchanges, without secrets, codes, tokens, users and addresses
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Host name to accept in addition to localhost, IP addresses and names without dots; repeat the flag for several
    #[arg(
        long,
        env = "STEPUP_ALLOW_HOST",
        value_name = "NAME",
        value_delimiter = ','
    )]
    allow_host: Vec<String>,
    /// Send keys in the clear, by http, to a server that is not on this machine
    #[arg(long)]
    allow_http: bool,
    /// PEM file with the authority to trust besides those of this machine [default: for a server on this machine, the mock's
    /// own, if it is where `stepup-mock ca` keeps it]
    #[cfg(feature = "tls")]
    #[arg(long, env = "STEPUP_MOCK_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// The exit code of traffic without drift, of traffic with some, and of a proxy that could not begin.
pub(super) fn run(wanted: Wanted) -> ExitCode {
    compared(drift::proxy(&Proxying {
        to: wanted.to,
        listen: wanted.listen,
        record: wanted.record,
        allow_host: wanted.allow_host,
        allow_http: wanted.allow_http,
        #[cfg(feature = "tls")]
        ca: wanted.ca,
        #[cfg(not(feature = "tls"))]
        ca: None,
    }))
}
