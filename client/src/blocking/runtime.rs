//! The runtime of blocking calls, and waiting for one. Must not know any API.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::{future, io, thread};

use tokio::runtime::{Builder, Handle};

use crate::error::Error;

/// An error that can say that the thread did not start.
pub(crate) trait Unstarted {
    fn unstarted(error: io::Error) -> Self;
}

impl Unstarted for Error {
    fn unstarted(error: io::Error) -> Self {
        Self::config("the thread of blocking calls cannot be started").with_source(error)
    }
}

#[cfg(feature = "session-tokens")]
impl Unstarted for crate::authsignal::session_token::SessionTokenError {
    fn unstarted(error: io::Error) -> Self {
        let source = Some(Error::unstarted(error));
        Self::Keys { source }
    }
}

/// Waits for a call on this thread, while the runtime's thread serves its connections and timers.
///
/// # Panics
///
/// In async code.
#[track_caller]
pub(crate) fn wait<T, E: Unstarted>(call: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    runtime().map_err(E::unstarted)?.block_on(call)
}

/// The runtime of this process. It never stops, so a client may be dropped in async code.
fn runtime() -> io::Result<&'static Handle> {
    static RUNTIME: OnceLock<Handle> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());

    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let _starting = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    // A thread of ours, because tokio panics when the system gives it none.
    thread::Builder::new()
        .name("stepup-client".to_owned())
        .spawn(move || runtime.block_on(future::pending::<()>()))?;
    Ok(RUNTIME.get_or_init(|| handle))
}
