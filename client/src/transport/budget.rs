//! [`Budget`]: how many retries a whole client may make, so that many failing calls do not multiply the load of a server
//! in trouble. Must not know what a call is.

use std::sync::atomic::{AtomicU32, Ordering};

/// How many retries a client has at first, and at most.
pub(crate) const RETRIES: u32 = 100;

/// What a retry costs, in parts. A call that succeeds gives back one part.
const PARTS: u32 = 10;

/// A bucket of retries: each retry takes one out, and ten calls that succeed put one back.
#[derive(Debug)]
pub(crate) struct Budget {
    capacity: u32,
    parts: AtomicU32,
}

impl Budget {
    /// Full, with room for this many retries.
    pub(crate) fn new(retries: u32) -> Self {
        let capacity = retries.saturating_mul(PARTS);
        Self {
            capacity,
            parts: AtomicU32::new(capacity),
        }
    }

    /// Takes a retry out, if there is one.
    pub(crate) fn take(&self) -> bool {
        self.change(|parts| parts.checked_sub(PARTS))
    }

    /// Puts back what a success is worth.
    pub(crate) fn give(&self) {
        self.change(|parts| (parts < self.capacity).then(|| parts + 1));
    }

    fn change(&self, next: impl FnMut(u32) -> Option<u32>) -> bool {
        let order = Ordering::Relaxed;
        self.parts.fetch_update(order, order, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_are_taken_until_there_are_none_and_ten_successes_give_one_back() {
        let budget = Budget::new(2);
        assert!(budget.take() && budget.take() && !budget.take());
        for _ in 0..9 {
            budget.give();
        }
        assert!(!budget.take());
        budget.give();
        assert!(budget.take() && !budget.take());
    }

    #[test]
    fn a_full_budget_stays_full_and_the_extremes_hold() {
        let budget = Budget::new(1);
        for _ in 0..100 {
            budget.give();
        }
        assert!(budget.take() && !budget.take());
        let none = Budget::new(0);
        none.give();
        assert!(!none.take());
        assert!(Budget::new(u32::MAX).take());
    }
}
