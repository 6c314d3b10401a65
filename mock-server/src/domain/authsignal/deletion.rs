//! Which tokens outlive no deletion: those that were issued to a user before the user was deleted. Knows no user and no
//! time, because a clock that stands still gives a token of before and one of after the same times.
//!
//! Deletions are counted, and each token says how many there were when it was issued.

use std::collections::VecDeque;

use ahash::HashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::bounds::DELETIONS;
use crate::domain::changes::{Changes, Marks, Table, numbered};
use crate::domain::in_file::counter;
use crate::domain::key::{Key, key};

/// The deletions of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Deletions {
    /// How many there were.
    count: u64,
    /// The count after the last deletion of each user.
    last: HashMap<Key, u64>,
    /// Counts and users, oldest first; with some that were deleted again since.
    order: VecDeque<(u64, Key)>,
    /// A token of before this count is of no user any more.
    floor: u64,
    /// The counts of those that have changed.
    marks: Marks<u64>,
}

/// The deletions of a tenant, for a file.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeletionsRecord {
    #[serde(deserialize_with = "counter")]
    pub(super) count: u64,
    #[serde(deserialize_with = "counter")]
    pub(super) floor: u64,
    /// Counts and users, oldest first.
    pub(super) order: Vec<(u64, Key)>,
}

impl Deletions {
    /// Their form in a file.
    pub fn record(&self) -> DeletionsRecord {
        DeletionsRecord {
            count: self.count,
            floor: self.floor,
            order: self.order.iter().copied().collect(),
        }
    }

    /// Reads what a file has.
    ///
    /// # Errors
    /// There are more than a tenant remembers.
    pub fn restored(record: DeletionsRecord) -> Result<Self, String> {
        let DeletionsRecord {
            count,
            floor,
            order,
        } = record;
        if order.len() > DELETIONS {
            return Err(format!(
                "deletions: there are {}; a tenant remembers at most {DELETIONS}",
                order.len()
            ));
        }
        Ok(Self {
            count,
            floor,
            // The last one of a user counts.
            last: order.iter().map(|(count, key)| (*key, *count)).collect(),
            order: order.into(),
            marks: Marks::default(),
        })
    }

    /// What has changed. The count and the floor are for the copy to keep besides.
    pub fn changes(&mut self, changes: &mut Changes) {
        let (order, marks) = (&self.order, &mut self.marks);
        let all = order.iter().map(|(count, key)| (numbered(*count), key));
        changes.of(Table::Deletion, marks, all, |count| {
            let at = order.binary_search_by_key(count, |(own, _)| *own).ok();
            let key = at.and_then(|at| order.get(at)).map(|(_, key)| key);
            (numbered(*count), key)
        });
    }

    /// How many there were, and the count before which no token is of any user.
    pub fn counts(&self) -> (u64, u64) {
        (self.count, self.floor)
    }

    /// Those of a state that replaces one with these: nothing that was issued before is valid.
    #[must_use]
    pub fn of_successor(&self) -> Self {
        let count = self.count + 1;
        Self {
            count,
            floor: count,
            ..Self::default()
        }
    }

    /// How many there were, for a token that is issued now.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Notes that a user is deleted.
    pub fn note(&mut self, user_id: &str) {
        self.count += 1;
        let key = key_of(user_id);
        self.last.insert(key, self.count);
        self.order.push_back((self.count, key));
        self.marks.mark(|| self.count);
        while self.order.len() > DELETIONS
            && let Some((count, oldest)) = self.order.pop_front()
        {
            self.marks.mark(|| count);
            if self.last.get(&oldest) == Some(&count) {
                self.last.remove(&oldest);
                // Nobody remembers this user, so everything that is as old has to go.
                self.floor = count;
            }
        }
    }

    /// Whether a token of a user, issued at that count, is still the user's.
    pub fn spare(&self, user_id: &str, issued: u64) -> bool {
        issued >= self.floor
            && self
                .last
                .get(&key_of(user_id))
                .is_none_or(|last| issued >= *last)
    }
}

fn key_of(user_id: &str) -> Key {
    key(Sha256::new().chain_update(user_id))
}

#[cfg(test)]
mod tests {
    use super::{DELETIONS, Deletions};

    #[test]
    fn a_token_of_before_the_last_deletion_of_its_user_is_not_spared() {
        let mut deletions = Deletions::default();
        assert!(deletions.spare("ada", 0));
        deletions.note("ada");
        deletions.note("bob");
        deletions.note("ada");
        assert_eq!(deletions.count(), 3);
        let spared = |user_id: &str| (0..=3).filter(|at| deletions.spare(user_id, *at)).count();
        assert_eq!((spared("ada"), spared("bob"), spared("eve")), (1, 2, 4));
    }

    #[test]
    fn what_is_remembered_has_a_bound_and_what_is_forgotten_spares_nobody() {
        let mut deletions = Deletions::default();
        deletions.note("ada");
        for number in 0..DELETIONS {
            assert!(deletions.spare("eve", 0), "{number}");
            deletions.note(&number.to_string());
        }
        assert_eq!(
            (deletions.order.len(), deletions.last.len()),
            (DELETIONS, DELETIONS)
        );
        assert!(!deletions.spare("ada", 0) && !deletions.spare("eve", 0));
        assert!(deletions.spare("ada", 1) && deletions.spare("eve", 1));
    }

    #[test]
    fn one_user_who_is_deleted_again_and_again_ends_nobody_elses_tokens() {
        let mut deletions = Deletions::default();
        for _ in 0..3 * DELETIONS {
            deletions.note("ada");
        }
        assert!(deletions.spare("eve", 0) && !deletions.spare("ada", 0));
        assert_eq!(deletions.last.len(), 1);
    }

    #[test]
    fn nothing_is_spared_by_a_state_that_takes_the_place_of_another() {
        let mut deletions = Deletions::default();
        deletions.note("ada");
        let next = deletions.of_successor();
        assert!(!next.spare("eve", deletions.count()) && next.spare("eve", next.count()));
    }
}
