//! The operations that are measured: the world they need, their requests, prepared as far as can be, and what a right
//! answer says. Knows the vendors' wire from their contracts.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::load::Connection;
use super::process::Server;
use super::twin::Answer;

const APPLICATION_ID: &str = "bench-app";
const APPLICATION_SECRET: &str = "bench-app-secret-of-32-characters";
const API_SECRET: &str = "bench-authsignal-secret-0123456789abcdef";
/// What requests call the server they go to. It is signed, and the same for mock and twin.
const HOST: &str = "bench.test:4750";

/// The world of the mock: an Activeconnect user with a phone, and two Authsignal users with authenticators. The actions of
/// one come and go; the single action of the other stays, to be validated.
pub(super) fn seed() -> String {
    let email = |address: &str| json!({"verificationMethod": "EMAIL_OTP", "email": address});
    json!({"tenants": [{
        "activeconnect": {
            "id": APPLICATION_ID,
            "secret": APPLICATION_SECRET,
            "users": [{"id": "ada@example.com", "phone": true}],
        },
        "authsignal": {
            "id": "00000000-0000-4000-8000-00000000000b",
            "secret": API_SECRET,
            "users": [
                {"userId": "ada", "email": "ada@example.com", "authenticators": [email("ada@example.com")]},
                {"userId": "grace", "email": "grace@example.com", "authenticators": [email("grace@example.com")]},
            ],
        },
    }]})
    .to_string()
}

/// An operation that is measured.
pub(super) struct Operation {
    /// Its name in the report.
    pub(super) name: &'static str,
    method: &'static str,
    /// As the twin's router knows it.
    route: &'static str,
    target: &'static str,
    /// The status of a right answer.
    status: u16,
    /// A member of a right answer, and what it reads.
    tells: (&'static str, Value),
    /// What the twin must keep up with to pass for a floor: part of its throughput, by the issue that asks for it.
    pub(super) target_ratio: Option<f64>,
}

/// The operations, in the order of the report.
pub(super) fn operations() -> [Operation; 4] {
    [
        Operation {
            name: "get user",
            method: "GET",
            route: "/v1/users/{user_id}",
            target: "/v1/users/ada",
            status: 200,
            tells: ("/isEnrolled", json!(true)),
            target_ratio: Some(0.75),
        },
        Operation {
            name: "track",
            method: "POST",
            route: "/v1/users/{user_id}/actions/{action}",
            target: "/v1/users/ada/actions/signIn",
            status: 200,
            tells: ("/state", json!("CHALLENGE_REQUIRED")),
            target_ratio: Some(0.6),
        },
        Operation {
            name: "validate",
            method: "POST",
            route: "/v1/validate",
            target: "/v1/validate",
            status: 200,
            tells: ("/isValid", json!(true)),
            target_ratio: None,
        },
        Operation {
            name: AUTHENTICATE_USER,
            method: "POST",
            route: "/authentication/authenticate_user/{application_id}/{user_id}",
            target: "/authentication/authenticate_user/bench-app/ada@example.com",
            status: 202,
            tells: ("/authentication_status/authenticated", json!(true)),
            target_ratio: None,
        },
    ]
}

/// The operation that leaves most behind: a session, and a nonce.
pub(super) const AUTHENTICATE_USER: &str = "authenticate_user";

/// The body of a track. SDKs send this much.
fn track_body(key: &str) -> Value {
    json!({
        "idempotencyKey": key,
        "redirectUrl": "https://shop.example.com/back",
        "email": "ada@example.com",
        "deviceId": "6f1c2a9e-7f57-4c3f-9a43-0d6b5c1e8f11",
        "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0",
        "ipAddress": "203.0.113.7",
        "custom": {"amount": 100.5, "currency": "NZD", "firstPurchase": true},
    })
}

/// The requests of the operations, in their order. Those of validate carry a token that is valid for ten minutes.
pub(super) async fn requests(mock: &Server) -> Result<Vec<Request>> {
    let token = validated_token(mock).await?;
    Ok(operations()
        .iter()
        .map(|operation| {
            let body = match operation.name {
                "track" => Some(track_body(KEY)),
                "validate" => Some(json!({"token": token, "userId": "grace", "action": "signIn"})),
                // As the vendor's Python client does.
                AUTHENTICATE_USER => Some(json!({})),
                _ => None,
            };
            Request::new(operation.method, operation.target, body.as_ref())
        })
        .collect())
}

/// A token whose challenge succeeded.
async fn validated_token(mock: &Server) -> Result<String> {
    let mut connection = Connection::open(mock).await?;
    let track = "/v1/users/grace/actions/signIn";
    let key = "bench";
    let request = Request::new("POST", track, Some(&json!({"idempotencyKey": key})));
    let tracked = connection.send(&request).await?;
    let tracked: Value = serde_json::from_slice(&tracked.body).unwrap_or_default();
    let succeed = json!({"state": "CHALLENGE_SUCCEEDED"});
    let request = Request::new("PATCH", &format!("{track}/{key}"), Some(&succeed));
    let updated = connection.send(&request).await?;
    ensure!(
        updated.status == 200,
        "update_action of the mock: {updated}"
    );
    let token = tracked["token"].as_str();
    Ok(token.context("the mock's track gives no token")?.to_owned())
}

impl Operation {
    /// Sends a request to the mock, looks whether the answer is right, and gives what the twin is to answer.
    pub(super) async fn sample(&self, request: &Request, mock: &Server) -> Result<Answer> {
        let reply = Connection::open(mock).await?.send(request).await?;
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let (member, reads) = &self.tells;
        ensure!(
            reply.status == self.status && body.pointer(member) == Some(reads),
            "the mock answers {} wrongly; {} and {member} {reads} are expected: {reply}",
            self.name,
            self.status
        );
        Ok(Answer {
            method: self.method.to_owned(),
            route: self.route.to_owned(),
            has_body: request.has_body,
            status: reply.status,
            body: String::from_utf8_lossy(&reply.body).into_owned(),
        })
    }
}

/// Stands in a request where the key of an action goes, which is fresh each time.
const KEY: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";
/// Where the nonce of a signature goes.
const NONCE: &str = "nnnnnnnnnnnnnnnnnnnn";
/// Where the signature goes.
const TAG: &str = "ssssssssssssssssssssssss";
/// Where the time of the signature goes, in Unix seconds.
const TIME: &str = "tttttttttt";

/// A request as it goes over the wire, with gaps where something is fresh each time.
pub(super) struct Request {
    bytes: Vec<u8>,
    has_body: bool,
    /// What is signed between nonce and time.
    signed: Option<String>,
}

impl Request {
    fn new(method: &str, target: &str, body: Option<&Value>) -> Self {
        let mut head = format!(
            "{method} {target} HTTP/1.1\r\nhost: {HOST}\r\nuser-agent: stepup-bench\r\naccept: application/json\r\n"
        );
        let is_authsignal = target.starts_with("/v1/");
        if is_authsignal {
            let credential = STANDARD.encode(format!("{API_SECRET}:"));
            head.push_str(&format!("authorization: Basic {credential}\r\n"));
        } else {
            head.push_str(&format!(
                "authentication: hmac {APPLICATION_ID}:{NONCE}:{TAG}\r\n\
                 x-sonikpass-authentication-timestamp: {TIME}\r\nx-sonikpass-authentication-version: 1\r\n"
            ));
        }
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
            signed: (!is_authsignal).then(|| format!("{HOST}{target}")),
        }
    }

    fn gap(&self, gap: &str) -> Option<usize> {
        let gap = gap.as_bytes();
        self.bytes.windows(gap.len()).position(|bytes| bytes == gap)
    }

    /// As many requests as are asked for, no two the same where they must differ. What takes time is done here, so that
    /// the driving of them is quick.
    pub(super) fn stock(&self, count: usize) -> Stock {
        let mut bytes = self.bytes.clone();
        let origin = RandomState::new().build_hasher().finish();
        let kind = if let Some(url) = &self.signed
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
            Kind::Signed {
                nonce,
                tag,
                signatures,
            }
        } else if let Some(key) = self.gap(KEY) {
            write_hex(&mut bytes[key..key + 16], origin);
            Kind::Keyed { number: key + 16 }
        } else {
            Kind::Same
        };
        Stock {
            bytes,
            kind,
            count: count as u64,
            next: AtomicU64::new(0),
        }
    }
}

/// Requests, ready to be sent.
pub(super) struct Stock {
    bytes: Vec<u8>,
    kind: Kind,
    count: u64,
    next: AtomicU64,
}

enum Kind {
    Same,
    /// With a fresh key, whose second half is at `number`.
    Keyed {
        number: usize,
    },
    /// With a fresh signature.
    Signed {
        nonce: usize,
        tag: usize,
        signatures: Vec<Signature>,
    },
}

type Signature = ([u8; NONCE.len()], [u8; TAG.len()]);

impl Stock {
    /// A request, to be handed to [`refill`](Self::refill) before it is sent.
    pub(super) fn blank(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// Makes the next request of `bytes`; `false` when there is none left.
    pub(super) fn refill(&self, bytes: &mut [u8]) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.count {
            return false;
        }
        match &self.kind {
            Kind::Same => {}
            Kind::Keyed { number: at } => write_hex(&mut bytes[*at..*at + 16], number),
            Kind::Signed {
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

/// Writes a number into 16 bytes, in hexadecimal digits.
fn write_hex(mut place: &mut [u8], number: u64) {
    // The place is as long as the text.
    let _ = write!(place, "{number:016x}");
}

/// The nonce of that number, and the signature with it, by the vendor's scheme.
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
    // 16 bytes are 24 characters of Base64.
    let _ = STANDARD.encode_slice(&mac[..16], &mut tag);
    (nonce, tag)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{Request, signature, track_body};

    #[test]
    fn a_signature_is_that_of_the_vendors_client() {
        let vectors = include_str!("../../../tests/vectors/activeconnect-hmac.json");
        let vectors: Vec<Value> = serde_json::from_str(vectors).unwrap();
        assert!(!vectors.is_empty());
        // The vectors have secrets of their own; the form of the nonce and the length of the tag are what is shared.
        let (nonce, tag) = signature(7, "h/t", "1700000000");
        assert_eq!(&nonce, b"00000000000000000007");
        assert!(tag.ends_with(b"=="));
    }

    #[test]
    fn requests_with_a_key_or_a_signature_are_all_different() {
        let keyed = Request::new("POST", "/v1/x", Some(&track_body(super::KEY)));
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
