//! Replay protection: which nonces were used, for as long as their signatures could be accepted. Knows no signature.

use std::collections::VecDeque;

use ahash::HashMap;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::bounds::{NONCES, NONCES_PER_CLIENT};
use crate::domain::changes::{Changes, Marks, Table, number_of, numbered, thing_of};
use crate::domain::key::{Key, key};

/// A nonce in the order of arrival.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Use {
    /// Its place among all, which is the key of a copy.
    #[serde(skip)]
    number: u64,
    key: Key,
    client: Key,
    /// The second until which it matters.
    until: i64,
}

impl Use {
    /// One of a copy.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn of_copy(key: &[u8], thing: &[u8]) -> Result<Self, String> {
        let one: Self = thing_of(thing)?;
        Ok(Self {
            number: number_of(key)?,
            ..one
        })
    }
}

/// Nonces that were used. Those of one client push out their own, so that nobody makes room to replay what others sent.
#[derive(Clone, Debug, Default)]
pub struct Replays {
    /// With the number of the use.
    used: HashMap<Key, u64>,
    /// In order of arrival; with some that their client has pushed out.
    order: VecDeque<Use>,
    /// The nonces of each client, oldest first.
    of_client: HashMap<Key, VecDeque<Key>>,
    /// How many uses there were.
    count: u64,
    /// The numbers of those that have changed.
    marks: Marks<u64>,
}

impl Replays {
    /// Roughly the bytes that a copy takes.
    pub fn size(&self) -> usize {
        // Three collections hold the keys, each with room to spare.
        self.used.len() * 256
    }

    /// What has changed.
    pub(super) fn changes(&mut self, changes: &mut Changes) {
        let (order, used, marks) = (&self.order, &self.used, &mut self.marks);
        let counts = |one: &&Use| used.get(&one.key) == Some(&one.number);
        let all = order.iter().filter(counts);
        let all = all.map(|one| (numbered(one.number), one));
        changes.of(Table::Nonce, marks, all, |number| {
            let at = order.binary_search_by_key(number, |one| one.number).ok();
            let one = at.and_then(|at| order.get(at)).filter(counts);
            (numbered(*number), one)
        });
    }

    /// Those of a copy, in order of arrival.
    pub(super) fn restored(uses: Vec<Use>) -> Self {
        let mut all = Self::default();
        for one in uses {
            all.count = one.number;
            all.used.insert(one.key, one.number);
            all.of_client
                .entry(one.client)
                .or_default()
                .push_back(one.key);
            all.order.push_back(one);
        }
        all
    }

    /// Records a nonce that matters until `until`; `false` if it was recorded before.
    pub fn first_use(&mut self, client_id: &str, nonce: &str, now: i64, until: i64) -> bool {
        while let Some(oldest) = self.order.front()
            && (oldest.until < now || self.used.len() >= NONCES || !self.counts(oldest))
        {
            self.forget_oldest();
        }
        let (key, client) = (key_of(client_id, nonce), key_of(client_id, ""));
        if self.used.contains_key(&key) {
            return false;
        }
        let own = self.of_client.entry(client).or_default();
        if own.len() >= NONCES_PER_CLIENT
            && let Some(oldest) = own.pop_front()
            && let Some(number) = self.used.remove(&oldest)
        {
            self.marks.mark(|| number);
        }
        own.push_back(key);
        self.count += 1;
        self.marks.mark(|| self.count);
        self.used.insert(key, self.count);
        self.order.push_back(Use {
            number: self.count,
            key,
            client,
            until,
        });
        // Seldom, so that this costs little on average.
        if self.order.len() > NONCES + NONCES / 4 {
            let used = &self.used;
            self.order
                .retain(|one| used.get(&one.key) == Some(&one.number));
        }
        true
    }

    /// Whether a use was not pushed out.
    fn counts(&self, one: &Use) -> bool {
        self.used.get(&one.key) == Some(&one.number)
    }

    fn forget_oldest(&mut self) {
        let Some(oldest) = self.order.pop_front() else {
            return;
        };
        if !self.counts(&oldest) {
            return;
        }
        self.used.remove(&oldest.key);
        self.marks.mark(|| oldest.number);
        if let Some(own) = self.of_client.get_mut(&oldest.client) {
            own.pop_front();
            if own.is_empty() {
                self.of_client.remove(&oldest.client);
            }
        }
    }
}

/// The key of a client's nonce, or of the client if the nonce is empty.
fn key_of(client_id: &str, nonce: &str) -> Key {
    // The length keeps the two parts apart, with any characters.
    let hash = Sha256::new()
        .chain_update(client_id.len().to_le_bytes())
        .chain_update(client_id)
        .chain_update(nonce);
    key(hash)
}

#[cfg(test)]
mod tests {
    use super::{NONCES, NONCES_PER_CLIENT, Replays};

    #[test]
    fn a_nonce_counts_once_for_each_client_while_it_matters() {
        let mut replays = Replays::default();
        assert!(replays.first_use("a", "1", 100, 400));
        assert!(!replays.first_use("a", "1", 400, 700));
        assert!(replays.first_use("b", "1", 100, 400));
        assert!(
            replays.first_use("a1", "", 100, 400),
            "id and nonce do not run together"
        );
        assert!(
            replays.first_use("a", "1", 401, 701),
            "its signature is stale by now"
        );
    }

    #[test]
    fn memory_stays_bounded() {
        let mut replays = Replays::default();
        let clients = NONCES / NONCES_PER_CLIENT + 2;
        for nonce in 0..NONCES + NONCES_PER_CLIENT {
            let client = (nonce % clients).to_string();
            assert!(replays.first_use(&client, &nonce.to_string(), 0, 600));
        }
        assert_eq!((replays.used.len(), replays.order.len()), (NONCES, NONCES));
        assert!(replays.first_use("a", "1", 601, 900));
        let left = (
            replays.used.len(),
            replays.order.len(),
            replays.of_client.len(),
        );
        assert_eq!(left, (1, 1, 1), "nothing of before matters");
    }

    #[test]
    fn one_clients_nonces_push_out_their_own() {
        let mut replays = Replays::default();
        assert!(replays.first_use("ada", "1", 0, 600));
        for nonce in 0..2 * NONCES {
            assert!(replays.first_use("eve", &nonce.to_string(), 0, 600));
        }
        assert!(!replays.first_use("ada", "1", 0, 600));
        assert!(!replays.first_use("eve", &(2 * NONCES - 1).to_string(), 0, 600));
        assert!(
            replays.first_use("eve", "0", 0, 600),
            "her own is forgotten"
        );
        assert_eq!(replays.used.len(), NONCES_PER_CLIENT + 1);
        assert!(replays.order.len() <= NONCES + NONCES / 4);
    }
}
