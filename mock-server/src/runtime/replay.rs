//! Replay protection: which nonces were used, for as long as their signatures could be accepted. Knows no signature.

use std::collections::{HashSet, VecDeque};

use sha2::{Digest as _, Sha256};

use crate::bounds::NONCES;

/// The first half of a hash over client id and nonce.
type Key = [u8; 16];

/// Nonces that were used.
#[derive(Debug, Default)]
pub struct Replays {
    used: HashSet<Key>,
    /// In order of arrival, with the second until which each matters.
    order: VecDeque<(i64, Key)>,
}

impl Replays {
    /// Records a nonce that matters until `until`; `false` if it was recorded before.
    pub fn first_use(&mut self, client_id: &str, nonce: &str, now: i64, until: i64) -> bool {
        while let Some((expires, key)) = self.order.front()
            && (*expires < now || self.order.len() >= NONCES)
        {
            self.used.remove(key);
            self.order.pop_front();
        }
        let key = key(client_id, nonce);
        let first = self.used.insert(key);
        if first {
            self.order.push_back((until, key));
        }
        first
    }
}

fn key(client_id: &str, nonce: &str) -> Key {
    // The length keeps the two parts apart, with any characters.
    let hash = Sha256::new()
        .chain_update(client_id.len().to_le_bytes())
        .chain_update(client_id)
        .chain_update(nonce)
        .finalize();
    let mut key = Key::default();
    key.copy_from_slice(&hash[..16]);
    key
}

#[cfg(test)]
mod tests {
    use super::{NONCES, Replays};

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
        for nonce in 0..NONCES + 10 {
            assert!(replays.first_use("a", &nonce.to_string(), 0, 600));
        }
        assert_eq!((replays.used.len(), replays.order.len()), (NONCES, NONCES));
    }
}
