//! The program's lines on stderr. A separate thread writes them, so that a stderr that nobody reads, or that is closed,
//! never stops a request or the program. The log drops and counts lines that it cannot write.

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::debug_fn;

use super::visible::visible;
use crate::bounds;

/// Lines on their way to stderr. Clones share them.
#[derive(Clone)]
pub(super) struct Log(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Vec<u8>>,
    writing: bool,
    /// Lines dropped since the last report.
    lost: u64,
}

impl State {
    fn is_written(&self) -> bool {
        self.waiting.is_empty() && !self.writing
    }
}

/// Makes `CLICOLOR_FORCE=0` mean no. anstream, which decides about colours here and in clap, takes every value for yes.
pub(super) fn heed_unforced_colours() {
    let unforced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value == "0");
    if unforced && !(io::stdout().is_terminal() && io::stderr().is_terminal()) {
        ColorChoice::Never.write_global();
    }
}

impl Log {
    /// A log, and the thread that writes it.
    ///
    /// # Errors
    /// The operating system gives no thread.
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let log = Self(Arc::clone(&shared));
        std::thread::Builder::new()
            .name("stepup-mock:log".to_owned())
            .spawn(move || shared.write_all(&mut io::stderr()))?;
        Ok(log)
    }

    /// Sends the program's tracing events to this log.
    pub(super) fn take_traces(&self, level: LevelFilter) {
        let log = self.clone();
        let fields = debug_fn(|writer, field, value| {
            let text = format!("{value:?}");
            match field.name() {
                "message" => write!(writer, "{}", visible(&text)),
                name => write!(writer, "{name}={}", visible(&text)),
            }
        });
        tracing_subscriber::fmt()
            .with_writer(move || Entry(log.clone()))
            .with_max_level(level)
            .with_target(false)
            .with_ansi(AutoStream::choice(&io::stderr()) != ColorChoice::Never)
            .fmt_fields(fields.delimited(" "))
            .log_internal_errors(false)
            .init();
    }

    /// Adds a line.
    pub(super) fn say(&self, line: &str) {
        self.0.push(format!("{line}\n").into_bytes());
    }

    /// Waits until everything is written, but only for a while, because stderr may be stuck.
    pub(super) fn flush(&self, patience: Duration) {
        let unwritten = |state: &mut State| !state.is_written();
        let state = self.0.state();
        drop(
            self.0
                .changed
                .wait_timeout_while(state, patience, unwritten),
        );
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, mut line: Vec<u8>) {
        if line.len() > bounds::LOG_LINE {
            line.truncate(bounds::LOG_LINE);
            line.extend_from_slice(b" [cut off]\n");
        }
        let mut state = self.state();
        if state.waiting.len() < bounds::LOG_LINES {
            state.waiting.push_back(line);
        } else {
            state.lost += 1;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Writes lines for ever.
    fn write_all(&self, stderr: &mut impl io::Write) {
        loop {
            let idle = |state: &mut State| state.waiting.is_empty();
            let state = self.state();
            let mut state = self
                .changed
                .wait_while(state, idle)
                .unwrap_or_else(PoisonError::into_inner);
            let lost = std::mem::take(&mut state.lost);
            let lines = std::mem::take(&mut state.waiting);
            state.writing = true;
            drop(state);
            let lost = match lost {
                0 => write_lines(stderr, lines),
                lost => {
                    let report = format!(
                        "stepup-mock: {lost} lines of the log were dropped, because stderr did not accept them\n"
                    );
                    let reported = stderr.write_all(report.as_bytes()).is_ok();
                    let lost = if reported { 0 } else { lost };
                    lost + write_lines(stderr, lines)
                }
            };
            let mut state = self.state();
            state.writing = false;
            state.lost += lost;
            drop(state);
            self.changed.notify_all();
        }
    }
}

/// Writes lines and counts those that cannot be written.
fn write_lines(stderr: &mut impl io::Write, lines: VecDeque<Vec<u8>>) -> u64 {
    let mut lost = 0;
    for line in lines {
        lost += u64::from(stderr.write_all(&line).is_err());
    }
    lost
}

/// One entry of the log on its way: a tracing subscriber writes each at once.
struct Entry(Log);

impl io::Write for Entry {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.0.push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
