//! The source of ids and secrets, a part of the world: its position depends on its seed and on what was drawn from it,
//! and on nothing else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::{Deserialize, Serialize};

use super::in_file::counter;

/// A stream of ids and secrets.
#[derive(Clone)]
pub struct Ids {
    stream: ChaCha12Rng,
}

/// Where a stream stands: what it began with, and how many words of 32 bits were drawn. Whoever has it knows every
/// secret of the stream.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Position {
    /// In hexadecimal digits.
    pub seed: String,
    /// How many words were drawn.
    #[serde(deserialize_with = "counter")]
    pub drawn: u64,
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

    /// What the stream began with.
    pub fn seed(&self) -> [u8; 32] {
        self.stream.get_seed()
    }

    /// Where the stream stands.
    pub fn position(&self) -> Position {
        Position {
            seed: hex(&self.seed()),
            // More than a mock draws in its life.
            drawn: u64::try_from(self.stream.get_word_pos()).unwrap_or(u64::MAX),
        }
    }

    /// The stream, from that position on.
    ///
    /// # Errors
    /// It is not a seed.
    pub fn at(position: &Position) -> Result<Self, String> {
        let mut ids = Self::new(seed_of(&position.seed)?);
        ids.stream.set_word_pos(position.drawn.into());
        Ok(ids)
    }

    /// A public id: `prefix`, an underscore, and 96 bits in URL-safe Base64.
    pub fn id(&mut self, prefix: &str) -> String {
        format!("{prefix}_{}", self.text::<12>())
    }

    /// A secret of 192 bits, the length the vendor documents for its own, in URL-safe Base64.
    pub fn secret(&mut self) -> String {
        self.text::<24>()
    }

    /// A random UUID, version 4.
    pub fn uuid(&mut self) -> String {
        let mut bytes = [0; 16];
        self.stream.fill_bytes(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        uuid_text(&bytes)
    }

    /// A secret of 384 bits, in hexadecimal digits.
    pub fn long_secret(&mut self) -> String {
        let mut bytes = [0; 48];
        self.stream.fill_bytes(&mut bytes);
        hex(&bytes)
    }

    /// So many random bytes.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.stream.fill_bytes(&mut bytes);
        bytes
    }

    /// A code of so many digits, at most ten.
    pub fn digits(&mut self, length: usize) -> String {
        // The remainder is uneven by less than one in four thousand, which no test of a mock can feel. More than six digits
        // need more than 32 bits for that.
        let number = match length {
            ..=6 => u64::from(self.stream.next_u32()),
            _ => self.stream.next_u64(),
        };
        let digits = format!("{number:010}");
        digits[digits.len() - length.min(10)..].to_owned()
    }

    /// A recovery code: two groups of five letters and digits.
    pub fn recovery_code(&mut self) -> String {
        let mut bytes = [0; 5];
        self.stream.fill_bytes(&mut bytes);
        let hex = hex(&bytes);
        format!("{}-{}", &hex[..5], &hex[5..])
    }

    fn text<const N: usize>(&mut self) -> String {
        let mut bytes = [0; N];
        self.stream.fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// The text of a UUID.
pub fn uuid_text(bytes: &[u8; 16]) -> String {
    let hex = hex(bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// The seed in hexadecimal digits.
///
/// # Errors
/// It has another form.
pub fn seed_of(text: &str) -> Result<[u8; 32], String> {
    let digits = text.as_bytes().chunks_exact(2);
    let bytes = digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok());
    let bytes: Option<Vec<_>> = bytes.collect();
    let whole = bytes.filter(|_| text.len() == 64);
    let seed = whole.and_then(|bytes| bytes.try_into().ok());
    seed.ok_or_else(|| "a seed must have 64 hexadecimal digits".to_owned())
}

/// Bytes in hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn ids_have_the_form_that_clients_know() {
        let mut ids = Ids::new([3; 32]);
        let uuid = ids.uuid();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
        assert!(["8", "9", "a", "b"].contains(&&uuid[19..20]), "{uuid}");
        for length in [2, 6, 7, 10] {
            let code = ids.digits(length);
            assert!(
                code.len() == length && code.bytes().all(|byte| byte.is_ascii_digit()),
                "{code}"
            );
        }
        assert_eq!(
            (ids.long_secret().len(), ids.recovery_code().len()),
            (96, 11)
        );
    }

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
