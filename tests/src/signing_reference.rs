//! HMAC version 1 once more, from the block definition of HMAC and the contract alone: the measure that client and mock
//! are held against. It must not know either, nor the crates they compute with; of SHA-256 alone there is one `sha2`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::wire::Request;

/// Length of a block of SHA-256, in bytes.
const BLOCK: usize = 64;

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HMAC-SHA-256 as RFC 2104 writes it: H(K ^ opad, H(K ^ ipad, text)).
fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&sha256(&[key]));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = sha256(&[&block.map(|byte| byte ^ 0x36), message]);
    sha256(&[&block.map(|byte| byte ^ 0x5c), &inner])
}

/// The first 16 bytes of the signature's HMAC, over a URL as Python shortens it: without everything up to the last
/// `://`.
pub fn tag(secret: &str, url: &str, nonce: &str, timestamp: i64) -> [u8; 16] {
    let shortened = url.rsplit_once("://").map_or(url, |(_, rest)| rest);
    tag_over(secret, shortened, nonce, timestamp)
}

/// The first 16 bytes of the signature's HMAC, over a URL that is shortened already.
pub fn tag_over(secret: &str, shortened: &str, nonce: &str, timestamp: i64) -> [u8; 16] {
    let token = sha256(&[nonce.as_bytes(), secret.as_bytes()]);
    let message = format!("{nonce}{shortened}{timestamp}");
    let mut tag = [0; 16];
    tag.copy_from_slice(&hmac_sha256(&token[..16], message.as_bytes())[..16]);
    tag
}

/// Value of the `Authentication` header.
pub fn authentication(id: &str, secret: &str, url: &str, nonce: &str, timestamp: i64) -> String {
    with_tag(id, nonce, &tag(secret, url, nonce, timestamp))
}

/// Value of the `Authentication` header with any tag, right or wrong.
pub fn with_tag(id: &str, nonce: &str, tag: &[u8]) -> String {
    format!("hmac {id}:{nonce}:{}", STANDARD.encode(tag))
}

/// Id and secret of an application, session, device or request.
#[derive(Clone, Debug, Default)]
pub struct Credentials {
    /// What the header names.
    pub id: String,
    /// What signs.
    pub secret: String,
}

/// Header with the signature.
pub const AUTHENTICATION: &str = "Authentication";
/// Header with the time of the signature, in seconds since 1970.
pub const TIMESTAMP: &str = "X-Sonikpass-Authentication-Timestamp";
/// Header with the version of the scheme.
pub const VERSION: &str = "X-Sonikpass-Authentication-Version";

/// Puts a signature into the headers, over `http://` + the request's own `Host` + its target.
pub fn signed(request: Request, by: &Credentials, nonce: &str, timestamp: i64) -> Request {
    let host = request
        .headers
        .iter()
        .find(|(name, _)| name == "Host")
        .map(|(_, value)| value.as_str());
    let url = format!(
        "http://{}{}",
        host.expect("requests name a host"),
        request.target
    );
    let value = authentication(&by.id, &by.secret, &url, nonce, timestamp);
    request
        .header(AUTHENTICATION, &value)
        .header(TIMESTAMP, &timestamp.to_string())
        .header(VERSION, "1")
}

#[cfg(test)]
mod tests {
    use super::hmac_sha256;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn hmac_agrees_with_rfc_4231() {
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        let long = hmac_sha256(
            &[0xaa; 131],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(
            hex(&long),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        );
    }
}
