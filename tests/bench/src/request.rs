//! Prepared requests: the bytes of a request with gaps for what must differ each time, and a stock of fillings for the
//! gaps. Knows how each vendor signs a request; knows no operation and no server.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub(crate) const APPLICATION_ID: &str = "bench-app";
pub(crate) const APPLICATION_SECRET: &str = "bench-app-secret-of-32-characters";
pub(crate) const API_SECRET: &str = "bench-authsignal-secret-0123456789abcdef";
/// The host that requests name. Signatures cover it, so it is the same for the mock and the twin.
const HOST: &str = "localhost:4750";

/// Marks the place of an action's key, which is fresh in each request.
pub(crate) const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
/// Marks the place of a signature's nonce.
const NONCE: &str = "nnnnnnnnnnnnnnnnnnnn";
/// Marks the place of a signature.
const TAG: &str = "ssssssssssssssssssssssss";
/// Marks the place of a signature's time, in Unix seconds.
const TIME: &str = "tttttttttt";

/// A request as it goes over the wire, with gaps for what is fresh each time.
pub(crate) struct Request {
    bytes: Vec<u8>,
    has_body: bool,
    /// The part of the signed text between nonce and time.
    signed: Option<String>,
}

impl Request {
    /// A request with the credentials of its API: Authsignal's below `/v1/`, none of the control API, and Activeconnect's
    /// elsewhere.
    pub(crate) fn new(method: &str, target: &str, body: Option<&Value>) -> Self {
        if target.starts_with("/v1/") {
            return Self::with_secret(API_SECRET, method, target, body);
        }
        if target.starts_with("/_mock/") {
            return Self::with("", None, (method, target), body);
        }
        let headers = format!(
            "authentication: hmac {APPLICATION_ID}:{NONCE}:{TAG}\r\n\
             x-sonikpass-authentication-timestamp: {TIME}\r\nx-sonikpass-authentication-version: 1\r\n"
        );
        let signed = Some(format!("{HOST}{target}"));
        Self::with(&headers, signed, (method, target), body)
    }

    /// A request with an API secret of Authsignal.
    pub(crate) fn with_secret(
        secret: &str,
        method: &str,
        target: &str,
        body: Option<&Value>,
    ) -> Self {
        let credential = STANDARD.encode(format!("{secret}:"));
        let headers = format!("authorization: Basic {credential}\r\n");
        Self::with(&headers, None, (method, target), body)
    }

    fn with(
        credentials: &str,
        signed: Option<String>,
        (method, target): (&str, &str),
        body: Option<&Value>,
    ) -> Self {
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {HOST}\r\nuser-agent: stepup-bench\r\naccept: application/json\r\n\
             {credentials}"
        );
        let body_text = body.map(Value::to_string).unwrap_or_default();
        if body.is_some() {
            let length = body_text.len();
            head.push_str(&format!(
                "content-type: application/json\r\ncontent-length: {length}\r\n"
            ));
        }
        Self {
            bytes: format!("{head}\r\n{body_text}").into_bytes(),
            has_body: body.is_some(),
            signed,
        }
    }

    pub(crate) const fn has_body(&self) -> bool {
        self.has_body
    }

    fn gap(&self, gap: &str) -> Option<usize> {
        let gap = gap.as_bytes();
        self.bytes.windows(gap.len()).position(|bytes| bytes == gap)
    }

    /// The given number of requests, each different where it must be. Signing happens here, before anything is measured.
    pub(crate) fn stock(&self, count: usize) -> Stock {
        let mut bytes = self.bytes.clone();
        let origin = RandomState::new().build_hasher().finish();
        let filling = if let Some(url) = &self.signed
            && let (Some(nonce), Some(tag), Some(time)) =
                (self.gap(NONCE), self.gap(TAG), self.gap(TIME))
        {
            let now = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            let now = format!("{:010}", now.as_secs());
            bytes[time..time + TIME.len()].copy_from_slice(now.as_bytes());
            let signatures = (0..count as u64)
                .map(|number| signature(origin.wrapping_add(number), url, &now))
                .collect();
            Filling::Signature {
                nonce,
                tag,
                signatures,
            }
        } else if let Some(key) = self.gap(KEY) {
            write_hex(&mut bytes[key..key + 16], origin);
            Filling::Key { number: key + 16 }
        } else {
            Filling::None
        };
        Stock {
            bytes,
            filling,
            count: count as u64,
            next: AtomicU64::new(0),
        }
    }
}

/// Requests that are ready to be sent.
pub(crate) struct Stock {
    bytes: Vec<u8>,
    filling: Filling,
    count: u64,
    next: AtomicU64,
}

/// What differs between the requests of a stock.
enum Filling {
    None,
    /// The key; its second half is at `number`.
    Key {
        number: usize,
    },
    Signature {
        nonce: usize,
        tag: usize,
        signatures: Vec<Signature>,
    },
}

type Signature = ([u8; NONCE.len()], [u8; TAG.len()]);

impl Stock {
    /// A buffer for [`refill`](Self::refill).
    pub(crate) fn blank(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Turns the buffer into the next request; returns `false` when the stock is used up.
    pub(crate) fn refill(&self, bytes: &mut [u8]) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.count {
            return false;
        }
        match &self.filling {
            Filling::None => {}
            Filling::Key { number: at } => write_hex(&mut bytes[*at..*at + 16], number),
            Filling::Signature {
                nonce,
                tag,
                signatures,
            } => {
                let signature = usize::try_from(number)
                    .ok()
                    .and_then(|number| signatures.get(number));
                let Some((fresh_nonce, fresh_tag)) = signature else {
                    return false;
                };
                bytes[*nonce..*nonce + NONCE.len()].copy_from_slice(fresh_nonce);
                bytes[*tag..*tag + TAG.len()].copy_from_slice(fresh_tag);
            }
        }
        true
    }
}

/// Writes a number into 16 bytes, as hexadecimal digits.
fn write_hex(mut place: &mut [u8], number: u64) {
    // The place is exactly as long as the text.
    let _ = write!(place, "{number:016x}");
}

/// The nonce with this number and its signature, by Activeconnect's scheme.
fn signature(number: u64, url: &str, time: &str) -> Signature {
    let mut nonce = [0; NONCE.len()];
    let _ = write!(&mut nonce[..], "{number:020}");
    let token = Sha256::new()
        .chain_update(nonce)
        .chain_update(APPLICATION_SECRET)
        .finalize();
    let mut key = [0; 64];
    key[..16].copy_from_slice(&token[..16]);
    let mac = Hmac::<Sha256>::new(&key.into())
        .chain_update(nonce)
        .chain_update(url)
        .chain_update(time)
        .finalize()
        .into_bytes();
    let mut tag = [0; TAG.len()];
    // Base64 turns 16 bytes into 24 characters.
    let _ = STANDARD.encode_slice(&mac[..16], &mut tag);
    (nonce, tag)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::{KEY, Request, signature};

    #[test]
    fn a_nonce_has_twenty_digits_and_a_signature_is_sixteen_bytes_of_base64() {
        let (nonce, tag) = signature(7, "h/t", "1700000000");
        assert_eq!(&nonce, b"00000000000000000007");
        assert!(tag.ends_with(b"=="));
    }

    #[test]
    fn requests_with_a_key_or_a_signature_all_differ() {
        let keyed = Request::new("POST", "/v1/x", Some(&json!({"idempotencyKey": KEY})));
        let signed = Request::new("POST", "/x", None);
        for request in [keyed, signed] {
            let stock = request.stock(100);
            let mut bytes = stock.blank();
            let mut seen = BTreeSet::new();
            while stock.refill(&mut bytes) {
                assert_eq!(bytes.len(), request.bytes.len());
                assert!(seen.insert(bytes.clone()));
            }
            assert_eq!(seen.len(), 100);
        }
    }
}
