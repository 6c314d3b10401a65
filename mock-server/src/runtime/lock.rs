//! Takes locks.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Takes a lock. A thread that panicked with a lock leaves a consistent state: the domain changes maps one entry at a
/// time and never panics on purpose.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
