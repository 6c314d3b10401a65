//! Replaces `tls` in a build without that feature.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::settings::Settings;
use crate::runtime::Behaviour;
use crate::serve::{Listeners, Ports};

/// Nobody can want TLS.
#[derive(Clone, Copy)]
pub(super) enum Wanted {}

/// Nothing speaks TLS.
pub(super) struct Secured {
    never: Wanted,
    pub(super) ca_file: Option<PathBuf>,
}

pub(super) fn wanted(settings: &Settings) -> anyhow::Result<Option<Wanted>> {
    let asked = settings.tls_listen.is_some() || settings.tls_cert.is_some();
    anyhow::ensure!(
        !settings.tls.unwrap_or(asked),
        "this build of the mock cannot speak TLS; build it with the feature `tls`, which is on by default"
    );
    Ok(None)
}

pub(super) fn secured(
    wanted: Wanted,
    _behaviour: &Behaviour,
    _addresses: &[SocketAddr],
) -> anyhow::Result<Secured> {
    match wanted {}
}

impl Secured {
    pub(super) fn ports(self, _listeners: Listeners, _apart: Option<Listeners>) -> Ports {
        match self.never {}
    }
}
