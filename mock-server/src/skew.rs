//! The time of a single request, where a test wants it to differ from that of its tenant. Knows no request and no clock.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

tokio::task_local! {
    /// Seconds by which the time of the request is ahead.
    static AHEAD: i64;
}

/// Whether any request has ever had a time of its own. Until then, nobody looks for one.
static USED: AtomicBool = AtomicBool::new(false);

/// Runs a step at a time that is so many seconds ahead.
pub(crate) async fn within<F: Future>(ahead: i64, step: F) -> F::Output {
    USED.store(true, Ordering::Relaxed);
    AHEAD.scope(ahead, step).await
}

/// As [`within`], for what does not wait.
pub(crate) fn during<T>(ahead: i64, step: impl FnOnce() -> T) -> T {
    USED.store(true, Ordering::Relaxed);
    AHEAD.sync_scope(ahead, step)
}

/// By how many milliseconds the time of this request is ahead.
pub(crate) fn millis() -> i64 {
    if !USED.load(Ordering::Relaxed) {
        return 0;
    }
    let ahead = AHEAD.try_with(|ahead| *ahead).unwrap_or_default();
    ahead.saturating_mul(1000)
}
