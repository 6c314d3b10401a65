//! How many requests the mock has answered since it started. Unlike the journal, it forgets none, and a reset leaves it.

use std::collections::HashMap;
use std::sync::Mutex;

use super::lock::lock;

/// What requests are counted by. There are as many keys as operations and statuses of an answer, and no caller can add one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counted {
    /// The API that answered: the name of its spec, or `pages`.
    pub api: &'static str,
    /// Operation of the spec, if one matched.
    pub operation: Option<&'static str>,
    /// Status of the answer.
    pub status: u16,
}

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<HashMap<Counted, u64>>);

impl Tally {
    /// Counts a request.
    pub(super) fn count(&self, counted: Counted) {
        *lock(&self.0).entry(counted).or_default() += 1;
    }

    /// What was counted, in order.
    pub(super) fn counts(&self) -> Vec<(Counted, u64)> {
        let mut counts: Vec<_> = lock(&self.0)
            .iter()
            .map(|(counted, count)| (*counted, *count))
            .collect();
        counts.sort_unstable();
        counts
    }
}
