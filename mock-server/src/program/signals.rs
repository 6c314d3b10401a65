//! What asks the process to stop: signals, and the end of stdin. Knows no server.

use std::io;

use anyhow::Context as _;
#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

/// What asks the process to stop.
pub(super) struct Signals {
    caught: Caught,
    /// Until stdin has ended, if its end counts.
    stdin: Option<oneshot::Receiver<()>>,
}

impl Signals {
    /// Catches signals from now on, and the end of stdin if it counts.
    pub(super) fn new(with_stdin: bool) -> anyhow::Result<Self> {
        Ok(Self {
            caught: Caught::new()?,
            stdin: with_stdin.then(end_of_stdin).transpose()?,
        })
    }

    /// Catches signals from now on, also that of a terminal that closes. A server lives on without its terminal; a command
    /// that has something to clean up does not.
    pub(super) fn of_command() -> anyhow::Result<Self> {
        let mut signals = Self::new(false)?;
        signals.caught.catch_hangup()?;
        Ok(signals)
    }

    /// Waits for the next one and names it.
    pub(super) async fn next(&mut self) -> &'static str {
        let Some(stdin) = &mut self.stdin else {
            return self.caught.next().await;
        };
        tokio::select! {
            _ = stdin => {}
            signal = self.caught.next() => return signal,
        }
        self.stdin = None;
        "end of stdin"
    }
}

#[cfg(unix)]
struct Caught {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
}

#[cfg(unix)]
impl Caught {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("SIGTERM")?,
            hangup: None,
        })
    }

    fn catch_hangup(&mut self) -> anyhow::Result<()> {
        self.hangup = Some(signal(SignalKind::hangup()).context("SIGHUP")?);
        Ok(())
    }

    async fn next(&mut self) -> &'static str {
        let hangup = &mut self.hangup;
        let hung_up = async {
            match hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
            _ = hung_up => "SIGHUP",
        }
    }
}

#[cfg(not(unix))]
struct Caught {}

#[cfg(not(unix))]
impl Caught {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    fn catch_hangup(&mut self) -> anyhow::Result<()> {
        Ok(())
    }

    async fn next(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}

/// Reads stdin to its end on a thread of its own. tokio would read it on one that the process then waits for.
fn end_of_stdin() -> anyhow::Result<oneshot::Receiver<()>> {
    let (ended, end) = oneshot::channel();
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || {
            // One that cannot be read has ended, too.
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            let _ = ended.send(());
        })
        .context("stdin")?;
    Ok(end)
}
