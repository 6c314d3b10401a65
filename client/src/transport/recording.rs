//! What a test's own thread logs, for looking through it. For tests only.

use std::cell::RefCell;
use std::io::{self, Write};
use std::sync::OnceLock;

thread_local! {
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| {
            if let Some(log) = log {
                log.extend_from_slice(bytes);
            }
        });
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Records all spans and events of this thread from now on.
///
/// By one subscriber of the whole process: tracing asks a subscriber of one thread about a span
/// only if that thread happens to be the first to reach it.
pub(crate) fn start() {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    INSTALLED.get_or_init(|| {
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_ansi(false)
            .with_writer(|| Log)
            .finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    // Spans that were reached while the subscriber was being installed.
    tracing::callsite::rebuild_interest_cache();
    LOG.set(Some(Vec::new()));
}

/// All that was recorded.
pub(crate) fn finish() -> String {
    String::from_utf8(LOG.take().unwrap()).unwrap()
}
