//! The source of ids and secrets, a part of the world: where it stands depends on its seed and on what was drawn
//! from it, and on nothing else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// A stream of ids and secrets.
pub struct Ids {
    stream: ChaCha12Rng,
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state of the stream would tell every later secret.
        f.debug_struct("Ids").finish_non_exhaustive()
    }
}

impl Ids {
    /// A stream that `seed` decides.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            stream: ChaCha12Rng::from_seed(seed),
        }
    }

    /// A public id: `prefix`, an underscore, and 96 bits in URL-safe Base64.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.text::<12>())
    }

    /// A secret of 192 bits, the length the vendor documents for its own, in URL-safe Base64.
    pub fn secret(&mut self) -> String {
        self.text::<24>()
    }

    fn text<const N: usize>(&mut self) -> String {
        let mut bytes = [0; N];
        self.stream.fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (mut a, mut b, mut c) = (Ids::new([1; 32]), Ids::new([1; 32]), Ids::new([2; 32]));
        let first = a.id("session");
        assert_eq!(first, b.id("session"));
        assert_ne!(first, c.id("session"));
        assert_ne!(first, a.id("session"));
        assert_eq!(a.secret().len(), 32);
        assert!(!format!("{a:?}").contains("stream"));
    }
}
