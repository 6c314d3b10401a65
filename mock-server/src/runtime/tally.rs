//! How many requests the mock has answered since it started. Unlike the journal, it forgets none, and a reset leaves it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

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

/// How many threads can count at once without waiting for one another.
const SHARES: usize = 16;

thread_local! {
    /// The share that a thread counts in. Threads take the shares in turn.
    static SHARE: Cell<usize> = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Cell::new(NEXT.fetch_add(1, Ordering::Relaxed) % SHARES)
    };
}

/// The counts of some threads, on cache lines of its own: no other thread then waits for them.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Share(Mutex<BTreeMap<Counted, u64>>);

/// The counts.
#[derive(Debug, Default)]
pub(super) struct Tally([Share; SHARES]);

impl Tally {
    /// Counts a request.
    pub(super) fn count(&self, counted: Counted) {
        let Share(counts) = &self.0[SHARE.get() % SHARES];
        *lock(counts).entry(counted).or_default() += 1;
    }

    /// What was counted, in order.
    pub(super) fn counts(&self) -> Vec<(Counted, u64)> {
        let mut sums = BTreeMap::new();
        for Share(counts) in &self.0 {
            for (counted, count) in lock(counts).iter() {
                *sums.entry(*counted).or_default() += count;
            }
        }
        sums.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Counted, SHARE, SHARES, Tally};

    #[test]
    fn what_many_threads_count_is_one_sum_in_order() {
        let tally = Tally::default();
        let counted = |status| Counted {
            api: "authsignal",
            operation: Some("track"),
            status,
        };
        let shares = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..2 * SHARES)
                .map(|_| {
                    scope.spawn(|| {
                        (0..100).for_each(|_| tally.count(counted(200)));
                        tally.count(counted(400));
                        SHARE.get()
                    })
                })
                .collect();
            let shares = threads.into_iter().map(|thread| thread.join().unwrap());
            shares.collect::<std::collections::BTreeSet<_>>()
        });
        assert!(shares.len() > 1, "threads count apart");
        let threads = 2 * u64::try_from(SHARES).unwrap();
        assert_eq!(
            tally.counts(),
            [(counted(200), 100 * threads), (counted(400), threads)]
        );
    }
}
