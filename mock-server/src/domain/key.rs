//! Keys of a fixed size for texts that a caller may have made long. Knows nothing of what they name.

use sha2::{Digest as _, Sha256};

/// The first half of a hash.
pub type Key = [u8; 16];

/// The key of what was hashed.
pub fn key(hash: Sha256) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(&hash.finalize()[..16]);
    key
}
