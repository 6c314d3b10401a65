//! Public keys as COSE in base64url (RFC 9052, 9053, 8230, 8812), written and read. Knows no ceremony.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ciborium::Value as Cbor;
use webauthn_rp::response::register::{
    CompressedP256PubKey, CompressedP384PubKey, CompressedPubKey, Ed25519PubKey, RsaPubKey,
    UncompressedPubKey,
};

use super::Fault;

/// Writes a public key.
pub(super) fn public_key_text(key: UncompressedPubKey<'_>) -> Result<String, Fault> {
    let point = |algorithm: i64, curve: i64, x: &[u8], y: &[u8]| {
        vec![
            (1, Cbor::from(2)),
            (3, Cbor::from(algorithm)),
            (-1, Cbor::from(curve)),
            (-2, Cbor::from(x)),
            (-3, Cbor::from(y)),
        ]
    };
    let entries = match key {
        UncompressedPubKey::Ed25519(key) => vec![
            (1, Cbor::from(1)),
            (3, Cbor::from(-8)),
            (-1, Cbor::from(6)),
            (-2, Cbor::from(*key.inner())),
        ],
        UncompressedPubKey::P256(key) => point(-7, 1, key.x(), key.y()),
        UncompressedPubKey::P384(key) => point(-35, 2, key.x(), key.y()),
        UncompressedPubKey::Rsa(key) => vec![
            (1, Cbor::from(3)),
            (3, Cbor::from(-257)),
            (-1, Cbor::from(*key.n())),
            (-2, Cbor::from(exponent(key.e()))),
        ],
    };
    let map = Cbor::Map(
        entries
            .into_iter()
            .map(|(key, value)| (Cbor::from(key), value))
            .collect(),
    );
    let mut written = Vec::new();
    ciborium::into_writer(&map, &mut written)
        .map_err(|error| Fault::Malformed(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(written))
}

/// A number without leading zeros.
fn exponent(number: u32) -> Vec<u8> {
    let bytes = number.to_be_bytes();
    bytes[(number.leading_zeros() / 8) as usize..].to_vec()
}

/// A public key that the crate verifies with.
pub(super) type PublicKey = CompressedPubKey<[u8; 32], [u8; 32], [u8; 48], Vec<u8>>;

/// Reads a public key, with or without padding.
pub(super) fn public_key(text: &str) -> Option<PublicKey> {
    let cose = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let cose: Cbor = ciborium::from_reader(cose.as_slice()).ok()?;
    let entries = cose.as_map()?;
    let member = |label: i64| {
        let is_it = |key: &Cbor| key.as_integer() == Some(label.into());
        let found = entries.iter().find(|(key, _)| is_it(key));
        found.map(|(_, value)| value)
    };
    let number = |label| member(label)?.as_integer().map(i128::from);
    let bytes = |label| member(label)?.as_bytes().map(Vec::as_slice);
    // A point is kept as one coordinate and the last bit of the other.
    let is_odd = |y: &[u8]| y.last().is_some_and(|last| last & 1 == 1);
    let key = match (number(1)?, number(3)?) {
        (1, -8) => {
            CompressedPubKey::Ed25519(Ed25519PubKey::from(<[u8; 32]>::try_from(bytes(-2)?).ok()?))
        }
        (2, -7) => CompressedPubKey::P256(CompressedP256PubKey::from((
            <[u8; 32]>::try_from(bytes(-2)?).ok()?,
            is_odd(bytes(-3)?),
        ))),
        (2, -35) => CompressedPubKey::P384(CompressedP384PubKey::from((
            <[u8; 48]>::try_from(bytes(-2)?).ok()?,
            is_odd(bytes(-3)?),
        ))),
        (3, -257) => {
            let exponent = bytes(-2)?.iter().try_fold(0_u32, |all, byte| {
                Some(all.checked_mul(256)? + u32::from(*byte))
            })?;
            CompressedPubKey::Rsa(RsaPubKey::try_from((bytes(-1)?.to_vec(), exponent)).ok()?)
        }
        _ => return None,
    };
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_key_of_each_algorithm_is_read_as_it_is_written() {
        use webauthn_rp::response::register::{UncompressedP256PubKey, UncompressedP384PubKey};
        let rsa = [&[0xff; 255][..], &[1]].concat();
        let text = |key| public_key_text(key).unwrap();
        let ed25519 = Ed25519PubKey::try_from(&[1; 32][..]).unwrap();
        let key = text(UncompressedPubKey::Ed25519(ed25519));
        assert!(matches!(
            public_key(&key),
            Some(CompressedPubKey::Ed25519(key)) if key.inner() == &[1; 32]
        ));
        let point = UncompressedP256PubKey::try_from((&[1; 32][..], &[3; 32][..]));
        let key = text(UncompressedPubKey::P256(point.unwrap()));
        assert!(matches!(
            public_key(&key),
            Some(CompressedPubKey::P256(key)) if key.x() == &[1; 32] && key.y_is_odd()
        ));
        let point = UncompressedP384PubKey::try_from((&[1; 48][..], &[2; 48][..]));
        let key = text(UncompressedPubKey::P384(point.unwrap()));
        assert!(matches!(
            public_key(&key),
            Some(CompressedPubKey::P384(key)) if key.x() == &[1; 48] && !key.y_is_odd()
        ));
        for number in [3, 65_537, u32::MAX] {
            let key = RsaPubKey::try_from((rsa.as_slice(), number)).unwrap();
            let key = text(UncompressedPubKey::Rsa(key));
            assert!(matches!(
                public_key(&key),
                Some(CompressedPubKey::Rsa(key)) if key.n() == &rsa && key.e() == number
            ));
        }
        for none in ["", "AAAA", "oQE", "!", &"oQ".repeat(500)] {
            assert!(public_key(none).is_none(), "{none}");
        }
    }
}
