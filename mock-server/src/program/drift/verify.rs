//! `verify`: replays exchanges on another server, and tells where its answers differ. Safe by default: it tells first what it
//! will create and delete, and goes on without a word only to servers of this machine.

use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, bail, ensure};
use serde::de::IgnoredAny;

use super::compare::Answer;
use super::exchange::{self, Case};
use super::operations;
use super::plan::Plan;
use super::replay::{CHECKS, Outcome, Replay, basic};
use super::report::{self, Format, Report};
use super::server::{Base, KeySource, Keys, Sent, Server};
use super::stop::Stop;
use super::{GOLDEN, operations::MANAGEMENT};
use crate::runtime::read_text;
use crate::runtime::seed::Secret;

/// Characters of a prefix. With a run, a dash and the name of a person, it is the first part of an address, which has at most
/// 64 (RFC 5321, 4.5.3.1.1).
const LONGEST_PREFIX: usize = 32;
/// Characters of the id of a run.
const LONGEST_RUN: usize = 16;
/// Random bytes of the id of a run.
const RUN_BYTES: usize = 5;

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
    /// What follows it, a random one if there is none.
    pub(in crate::program) run_id: Option<String>,
    /// A run of which only the users are deleted.
    pub(in crate::program) remove_run: Option<String>,
    /// A file of exchanges in place of the golden ones.
    pub(in crate::program) exchanges: Option<PathBuf>,
    /// Only exchanges of these operations.
    pub(in crate::program) operations: Vec<String>,
    /// Whether nothing is sent.
    pub(in crate::program) dry_run: bool,
    /// Whether a server of another machine is meant.
    pub(in crate::program) yes: bool,
    /// Whether the key may go in the clear to another machine.
    pub(in crate::program) allow_http: bool,
    /// The file of an authority to trust, too.
    pub(in crate::program) ca: Option<PathBuf>,
    /// The form of the report.
    pub(in crate::program) format: Format,
}

/// Verifies, and gives whether all is as expected.
///
/// # Errors
///
/// Nothing can be verified: something is missing or wrong, or the server cannot be reached.
pub(in crate::program) fn verify(wanted: &Verification) -> anyhow::Result<bool> {
    match verified(wanted) {
        Ok(reported) => reported,
        Err(error) if wanted.dry_run => Err(error),
        Err(error) => {
            // A program that reads the report finds out why there is none.
            let report = report::failure(wanted.format, &format!("{error:#}"));
            std::io::stdout()
                .write_all(report.as_bytes())
                .context("stdout")?;
            Err(error)
        }
    }
}

/// What a report has told: whether all is as expected, or why the run ended early.
type Reported = anyhow::Result<bool>;

/// Verifies up to the report.
fn verified(wanted: &Verification) -> anyhow::Result<Reported> {
    let base = Base::read(&wanted.against, wanted.allow_http)?;
    let run = wanted.run()?;
    let prefix = format!("{}{run}-", prefix(&wanted.prefix)?);
    let cases = wanted.cases()?;
    let against = base.to_string();
    let plan = Plan {
        cases: &cases,
        prefix: &prefix,
        run: &run,
        only_deletes: wanted.remove_run.is_some(),
    };
    let is_meant = base.is_loopback() || wanted.yes;
    // Before the plan, which nobody needs who has no key.
    let keys = match is_meant && !wanted.dry_run {
        true => wanted.keys()?,
        false => Keys::default(),
    };
    let server = Server::new(base, wanted.ca.as_deref())?;
    let text = plan.text(&against);
    if wanted.format == Format::Text || wanted.dry_run {
        std::io::stdout()
            .write_all(text.as_bytes())
            .context("stdout")?;
    } else {
        // A program reads the report on stdout.
        std::io::stderr()
            .write_all(text.as_bytes())
            .context("stderr")?;
    }
    if wanted.dry_run {
        writeln!(std::io::stdout(), "dry run: nothing was sent").context("stdout")?;
        return Ok(Ok(true));
    }
    ensure!(
        is_meant,
        "{against} is not on this machine, so nothing was sent; read what the plan creates and deletes, then add --yes"
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start the async runtime")?;
    runtime.block_on(self::run(&server, &against, &keys, &plan, wanted.format))
}

/// A prefix with which nobody is deleted but whom this program has created.
fn prefix(text: &str) -> anyhow::Result<&str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    ensure!(
        (4..=LONGEST_PREFIX).contains(&text.len()) && text.bytes().all(plain),
        "--prefix has 4 to {LONGEST_PREFIX} letters, digits, `-`, `_` or `.`: the id of every user that is created and deleted \
         begins with it"
    );
    Ok(text)
}

/// An id of a run that no other has.
fn random_run() -> anyhow::Result<String> {
    let mut bytes = [0; RUN_BYTES];
    getrandom::fill(&mut bytes).context("the operating system gives no random bytes")?;
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    Ok(digits.collect())
}

impl Verification {
    /// The id of the run.
    fn run(&self) -> anyhow::Result<String> {
        let (flag, given) = match (&self.remove_run, &self.run_id) {
            (Some(run), _) => ("--remove-run", run),
            (None, Some(run)) => ("--run-id", run),
            (None, None) => return random_run(),
        };
        ensure!(
            (1..=LONGEST_RUN).contains(&given.len())
                && given.bytes().all(|byte| byte.is_ascii_alphanumeric()),
            "{flag} has 1 to {LONGEST_RUN} letters or digits; a plan names the id of its run"
        );
        Ok(given.clone())
    }

    fn keys(&self) -> anyhow::Result<Keys> {
        let management = self.management.as_ref();
        let management = management.map(|key| key.read("management secret", "management-secret"));
        Ok(Keys {
            secret: Some(self.secret.read("API secret", "secret")?),
            management: management.transpose()?,
        })
    }

    /// The cases that are wanted.
    fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let cases = match &self.exchanges {
            None => exchange::read(GOLDEN)?,
            Some(file) => {
                let name = file.display();
                let cannot = || format!("cannot read {name}");
                let text = read_text(file).with_context(cannot)?;
                exchange::read(&text).with_context(|| name.to_string())?
            }
        };
        for wanted in &self.operations {
            let has_it = |case: &Case| case.operation().1 == wanted;
            ensure!(
                cases.iter().any(has_it),
                "there is no exchange of an operation {wanted}"
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

/// Runs what is planned, and tells what came of it.
async fn run(
    server: &Server,
    against: &str,
    keys: &Keys,
    plan: &Plan<'_>,
    format: Format,
) -> anyhow::Result<Reported> {
    let stop = Stop::on_signals()?;
    tokio::select! {
        admitted = admitted(server, against, keys, plan) => admitted?,
        () = stop.asked() => bail!("the run was stopped before it had created anything"),
    }
    let replay = Replay {
        server,
        keys,
        prefix: plan.prefix,
        stop: &stop,
    };
    let (outcomes, ended) = replayed(&replay, plan, against).await;
    let report = Report {
        against,
        outcomes: &outcomes,
        keys,
        requests: server.sent(),
        ended: ended.as_deref(),
    };
    let text = report.text(format);
    std::io::stdout()
        .write_all(text.as_bytes())
        .context("stdout")?;
    let left = report.left().count();
    let Some(ended) = &ended else {
        return Ok(Ok(report.is_clean()));
    };
    let rest = match left {
        0 => "every user that it had created is deleted".to_owned(),
        1 => "1 user may still be on the server, which the report names".to_owned(),
        _ => format!("{left} users may still be on the server, which the report names"),
    };
    if report.is_clean() {
        return Ok(Err(anyhow::anyhow!("{ended}; {rest}")));
    }
    let words = keys.hide(&format!("stepup-mock: {ended}; {rest}\n"));
    std::io::stderr()
        .write_all(words.as_bytes())
        .context("stderr")?;
    Ok(Ok(false))
}

/// What came of each exchange, and why the run ended before the last.
async fn replayed(
    replay: &Replay<'_>,
    plan: &Plan<'_>,
    against: &str,
) -> (Vec<Outcome>, Option<String>) {
    let stopped = || Some("the run was stopped".to_owned());
    if plan.only_deletes {
        let outcome = replay.removal(plan.users()).await;
        let ended = replay.stop.is_asked().then(stopped).flatten();
        return (vec![outcome], ended);
    }
    let mut outcomes = Vec::new();
    for case in plan.cases {
        let outcome = replay.case(case).await;
        let is_gone = outcome.is_gone && !outcome.left.is_empty();
        outcomes.push(outcome);
        if replay.stop.is_asked() {
            return (outcomes, stopped());
        }
        if is_gone {
            let ended = format!("{against} no longer answers, so the other requests were not sent");
            return (outcomes, Some(ended));
        }
    }
    (outcomes, None)
}

/// Why an answer is none of this vendor, rather than one that has changed.
fn strange(answer: &Answer) -> Option<String> {
    let status = answer.status;
    match (status, &answer.leads_to) {
        (300..=399, Some(place)) => Some(format!("answers {status}, which leads to {place},")),
        (300..=399, None) | (404 | 429 | 500.., _) => Some(format!("answers {status}")),
        _ if serde_json::from_slice::<IgnoredAny>(&answer.body).is_err() => {
            Some(format!("answers {status} without JSON"))
        }
        _ => None,
    }
}

/// Whether the server can be reached and takes the keys. Asks for what is always there, and changes nothing.
async fn admitted(
    server: &Server,
    against: &str,
    keys: &Keys,
    plan: &Plan<'_>,
) -> anyhow::Result<()> {
    for (api, id) in CHECKS {
        let (key, what) = match api {
            MANAGEMENT => (&keys.management, "management secret"),
            _ => (&keys.secret, "API secret"),
        };
        let (Some(key), Some(operation)) = (key, operations::named(api, id)) else {
            continue;
        };
        if api == MANAGEMENT && !plan.cases.iter().any(Case::is_of_management) {
            continue;
        }
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
            Ok(answer) => {
                if let Some(why) = strange(&answer) {
                    let asked = format!("{} {}", operation.method, operation.path);
                    let told = format!("{against} {why} to {asked}, as no Authsignal does");
                    bail!(
                        "{}; nothing else was sent; is the URL right?",
                        keys.hide(&told)
                    );
                }
            }
        }
    }
    Ok(())
}
