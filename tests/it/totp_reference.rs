//! One-time passwords by time once more, from RFC 6238, RFC 4226 and RFC 2104: what an authenticator app shows. It must
//! not know the mock, nor the crate that it computes with; of SHA-1 alone there is one `sha1`.

use sha1::{Digest as _, Sha1};

/// Length of a block of SHA-1, in bytes.
const BLOCK: usize = 64;
/// How long a password is good, in seconds.
const STEP: u64 = 30;

fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-1 as RFC 2104 writes it: H(K ^ opad, H(K ^ ipad, text)).
fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut block = [0_u8; BLOCK];
    block[..key.len()].copy_from_slice(key);
    let inner = sha1(&[&block.map(|byte| byte ^ 0x36), message]);
    sha1(&[&block.map(|byte| byte ^ 0x5c), &inner])
}

/// Base32 of RFC 4648, without padding.
fn base32(text: &str) -> Vec<u8> {
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            other => panic!("{other} is not of base32"),
        };
        (bits, held) = ((bits << 5) | u32::from(value), held + 5);
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from((bits >> held) & 0xff).unwrap());
        }
    }
    out
}

/// What an app shows for a secret at a time: six digits.
pub(crate) fn totp(secret: &str, seconds: u64) -> String {
    digits(&base32(secret), seconds, 6)
}

fn digits(key: &[u8], seconds: u64, count: u32) -> String {
    let hash = hmac_sha1(key, &(seconds / STEP).to_be_bytes());
    let at = usize::from(hash[19] & 0x0f);
    let four = u32::from_be_bytes(hash[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    let number = four % 10_u32.pow(count);
    format!("{number:0width$}", width = usize::try_from(count).unwrap())
}

mod tests {
    #[test]
    fn totp_agrees_with_rfc_6238() {
        for (seconds, shown) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(super::digits(b"12345678901234567890", seconds, 8), shown);
        }
        // The same key in base32.
        let key = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        assert_eq!(super::totp(key, 59), "287082");
    }
}
