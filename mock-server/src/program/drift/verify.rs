//! `verify`: replays exchanges on another server, and tells where its answers differ. Safe by default: it tells first what it
//! will create and delete, and goes on without a word only to servers of this machine.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context as _, bail, ensure};

use super::exchange::{self, Case};
use super::operations;
use super::plan::Plan;
use super::replay::{Replay, basic};
use super::report::{Format, Report};
use super::server::{Base, KeySource, Keys, Sent, Server};
use super::{GOLDEN, operations::MANAGEMENT, operations::SERVER};
use crate::bounds;
use crate::program::signals::Signals;
use crate::runtime::seed::Secret;

/// Characters of a prefix.
const LONGEST_PREFIX: usize = 64;

/// What to verify.
#[derive(Clone, Debug)]
pub(in crate::program) struct Verification {
    /// Base URL of the server.
    pub(in crate::program) against: String,
    /// The API secret.
    pub(in crate::program) secret: KeySource,
    /// The management secret, if exchanges of the Management API are wanted.
    pub(in crate::program) management: Option<KeySource>,
    /// The beginning of each user id.
    pub(in crate::program) prefix: String,
    /// A file of exchanges in place of the golden ones.
    pub(in crate::program) exchanges: Option<PathBuf>,
    /// Only exchanges of these operations.
    pub(in crate::program) operations: Vec<String>,
    /// Whether nothing is sent.
    pub(in crate::program) dry_run: bool,
    /// Whether a server of another machine is meant.
    pub(in crate::program) yes: bool,
    /// The form of the report.
    pub(in crate::program) format: Format,
}

/// Verifies, and gives whether all is as expected.
///
/// # Errors
///
/// Nothing can be verified: something is missing or wrong, or the server cannot be reached.
pub(in crate::program) fn verify(wanted: &Verification) -> anyhow::Result<bool> {
    let base = Base::read(&wanted.against)?;
    let prefix = prefix(&wanted.prefix)?;
    let cases = wanted.cases()?;
    let against = base.to_string();
    let plan = Plan {
        cases: &cases,
        prefix,
    };
    let plan = plan.text(&against);
    if wanted.format == Format::Text || wanted.dry_run {
        std::io::stdout()
            .write_all(plan.as_bytes())
            .context("stdout")?;
    } else {
        // A program reads the report on stdout.
        std::io::stderr()
            .write_all(plan.as_bytes())
            .context("stderr")?;
    }
    if wanted.dry_run {
        writeln!(std::io::stdout(), "dry run: nothing was sent").context("stdout")?;
        return Ok(true);
    }
    ensure!(
        base.is_loopback() || wanted.yes,
        "{against} is not on this machine, so nothing was sent; read what the plan creates and deletes, then add --yes"
    );
    let keys = Keys {
        secret: Some(wanted.secret.read("API secret", "secret")?),
        management: match &wanted.management {
            Some(source) => Some(source.read("management secret", "management-secret")?),
            None => None,
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(run(base, &keys, prefix, &cases, wanted.format))
}

/// A prefix with which nobody is deleted but whom this program has created.
fn prefix(text: &str) -> anyhow::Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ensure!(
        (4..=LONGEST_PREFIX).contains(&text.len()) && text.bytes().all(plain),
        "--prefix has 4 to {LONGEST_PREFIX} letters, digits, `-`, `_` or `.`: every user whose id begins with it and that an \
         exchange names is deleted"
    );
    Ok(text)
}

impl Verification {
    /// The cases that are wanted.
    fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let cases = match &self.exchanges {
            None => exchange::read(GOLDEN)?,
            Some(file) => {
                let name = file.display();
                let cannot = || format!("cannot read {name}");
                let length = std::fs::metadata(file).with_context(cannot)?.len();
                ensure!(
                    length <= bounds::FILE as u64,
                    "{name} has more than {} bytes",
                    bounds::FILE
                );
                let text = std::fs::read_to_string(file).with_context(cannot)?;
                exchange::read(&text).with_context(|| name.to_string())?
            }
        };
        for wanted in &self.operations {
            let has_it = |case: &Case| case.operation().1 == wanted;
            ensure!(
                cases.iter().any(has_it),
                "no exchange is of an operation {wanted}"
            );
        }
        let is_wanted = |case: &Case| {
            let (_, operation) = case.operation();
            self.operations.is_empty() || self.operations.iter().any(|one| one == operation)
        };
        let is_allowed = |case: &Case| self.management.is_some() || !case.is_of_management();
        let mut cases = cases;
        cases.retain(|case| is_wanted(case) && is_allowed(case));
        ensure!(
            !cases.is_empty(),
            "no exchange is left; those of the Management API need --with-management"
        );
        Ok(cases)
    }
}

async fn run(
    base: Base,
    keys: &Keys,
    prefix: &str,
    cases: &[Case],
    format: Format,
) -> anyhow::Result<bool> {
    let against = base.to_string();
    let server = Server::new(base)?;
    admitted(&server, &against, keys).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let mut signals = Signals::new(false)?;
    let stopping = Arc::clone(&stop);
    tokio::spawn(async move {
        signals.next().await;
        stopping.store(true, Ordering::Relaxed);
    });
    let replay = Replay {
        server: &server,
        keys,
        prefix,
        stop: &stop,
    };
    let mut outcomes = Vec::new();
    let mut is_gone = false;
    for case in cases {
        let outcome = replay.case(case).await;
        is_gone = outcome.is_gone && !outcome.left.is_empty();
        outcomes.push(outcome);
        if is_gone || stop.load(Ordering::Relaxed) {
            break;
        }
    }
    let report = Report {
        against: &against,
        outcomes: &outcomes,
        keys,
    };
    let text = report.text(format);
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("stdout")?;
    ensure!(
        !is_gone,
        "{against} no longer answers, so the rest was not sent"
    );
    ensure!(
        !stop.load(Ordering::Relaxed),
        "the run was stopped; what it had created is deleted"
    );
    Ok(report.is_clean())
}

/// Whether the server can be reached and takes the keys. Asks for what is always there, and changes nothing.
async fn admitted(server: &Server, against: &str, keys: &Keys) -> anyhow::Result<()> {
    let checks = [
        (
            SERVER,
            "get_tenant_authenticators",
            &keys.secret,
            "API secret",
        ),
        (
            MANAGEMENT,
            "get_tenant",
            &keys.management,
            "management secret",
        ),
    ];
    for (api, id, key, what) in checks {
        let (Some(key), Some(operation)) = (key, operations::named(api, id)) else {
            continue;
        };
        let sent = Sent {
            method: operation.method,
            target: operation.path,
            authorization: Some(basic(Secret::expose(key))),
            body: None,
        };
        match server.send(&sent, false).await {
            Err(why) => bail!("cannot reach {against}: {}", keys.hide(&why)),
            Ok(answer) if matches!(answer.status, 401 | 403) => {
                bail!(
                    "{against} answers {} to the {what}; is it that of another tenant or region?",
                    answer.status
                )
            }
            Ok(_) => {}
        }
    }
    Ok(())
}
