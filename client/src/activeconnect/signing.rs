//! Activeconnect's request signature, HMAC version 1. Pure but for [`Signer`], which adds clock and
//! randomness; must not know HTTP clients or configuration.

use std::error::Error as StdError;
use std::fmt;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac_sha256::{HMAC, Hash};
use reqwest::Request;
use reqwest::header::HeaderValue;
use url::Position;

use super::service::Service;
use crate::secret::Secret;

/// Not `Authorization`: HTTP clients do not know that it is a credential.
pub(crate) const AUTHENTICATION: &str = "Authentication";

/// The key, and the signature, are this many bytes of their digests.
const HALF: usize = 16;

/// Makes the value of the `Authentication` header.
///
/// `url` is the request's as sent, without fragment; `nonce` must not be used twice; `timestamp` is
/// Unix time in whole seconds.
fn authentication(
    client_id: &str,
    secret: &Secret,
    url: &str,
    nonce: &str,
    timestamp: u64,
) -> String {
    let mut key = Hash::new();
    key.update(nonce);
    key.update(secret.expose());
    let key = key.finalize();

    // The vendor's client removes everything up to the last `://`, even one inside the query.
    let signed = url.rsplit("://").next().unwrap_or(url);
    let mut mac = HMAC::new(&key[..HALF]);
    mac.update(nonce);
    mac.update(signed);
    mac.update(timestamp.to_string());
    let digest = mac.finalize();
    format!(
        "hmac {client_id}:{nonce}:{}",
        STANDARD.encode(&digest[..HALF])
    )
}

/// Why a request could not be signed.
#[derive(Debug)]
pub enum SigningError {
    Randomness(getrandom::Error),
    Clock,
    Id,
}

impl fmt::Display for SigningError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Randomness(_) => "the operating system gives no randomness",
            Self::Clock => "the clock stands before 1970",
            Self::Id => "the id does not fit into a header",
        })
    }
}

impl StdError for SigningError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Randomness(error) => Some(error),
            Self::Clock | Self::Id => None,
        }
    }
}

/// Signs requests by a clock and a source of nonces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signer {
    /// Whose names the headers have.
    pub(crate) service: Service,
    now: fn() -> SystemTime,
    nonce: fn() -> Result<u64, getrandom::Error>,
}

impl Signer {
    /// The system's clock and randomness.
    pub(crate) const SYSTEM: Self = Self {
        service: Service::Activeconnect,
        now: SystemTime::now,
        nonce: getrandom::u64,
    };

    /// A clock that stands and a nonce that repeats.
    #[cfg(test)]
    pub(crate) const FIXED: Self = Self {
        service: Service::Activeconnect,
        now: || SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000),
        nonce: || Ok(42),
    };

    /// Puts a fresh signature over the request's URL into its headers.
    pub(crate) fn sign(
        self,
        request: &mut Request,
        client_id: &str,
        secret: &Secret,
    ) -> Result<(), SigningError> {
        let nonce = (self.nonce)()
            .map_err(SigningError::Randomness)?
            .to_string();
        let since = (self.now)().duration_since(SystemTime::UNIX_EPOCH);
        let timestamp = since.map_err(|_| SigningError::Clock)?.as_secs();
        let url = &request.url()[..Position::AfterQuery];

        let value = authentication(client_id, secret, url, &nonce, timestamp);
        // From bytes, since ids need not be ASCII.
        let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| SigningError::Id)?;
        value.set_sensitive(true);
        let headers = request.headers_mut();
        headers.insert(AUTHENTICATION, value);
        headers.insert(self.service.timestamp(), HeaderValue::from(timestamp));
        headers.insert(self.service.version(), HeaderValue::from_static("1"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use std::time::Duration;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Vector {
        name: String,
        client_id: String,
        secret: Secret,
        request_uri: String,
        nonce: String,
        timestamp: u64,
        headers: std::collections::BTreeMap<String, String>,
    }

    fn vectors() -> Vec<Vector> {
        serde_json::from_str(include_str!(
            "../../../tests/vectors/activeconnect-hmac.json"
        ))
        .unwrap()
    }

    fn get(url: &str) -> Request {
        Request::new(reqwest::Method::GET, url.parse().unwrap())
    }

    #[test]
    fn every_vector_of_the_vendors_own_client_is_reproduced() {
        let vectors = vectors();
        assert_eq!(vectors.len(), 7);
        for v in vectors {
            let value = authentication(
                &v.client_id,
                &v.secret,
                &v.request_uri,
                &v.nonce,
                v.timestamp,
            );
            assert_eq!(value, v.headers[AUTHENTICATION], "{}", v.name);
        }
    }

    #[test]
    fn the_signature_covers_the_url_as_it_is_sent() {
        for (url, signed) in [
            ("http://h.example:80/a?b=c", "h.example/a?b=c"),
            ("https://H.EXAMPLE:443/%7e", "h.example/%7e"),
            ("http://127.0.0.1:4750/a%2Fb", "127.0.0.1:4750/a%2Fb"),
            ("http://[::1]:4750/?", "[::1]:4750/?"),
            ("http://h.example/a#fragment", "h.example/a"),
        ] {
            let mut request = get(url);
            Signer::FIXED
                .sign(&mut request, "id", &Secret::from("s"))
                .unwrap();
            let expected = authentication("id", &Secret::from("s"), signed, "42", 1_700_000_000);
            assert_eq!(request.headers()[AUTHENTICATION], expected, "{url}");
            assert_eq!(
                request.headers()[Service::Activeconnect.timestamp()],
                "1700000000"
            );
            assert_eq!(request.headers()[Service::Activeconnect.version()], "1");
        }
    }

    #[test]
    fn each_signature_has_a_nonce_of_its_own() {
        let mut request = get("http://h.example/");
        let values: HashSet<_> = (0..100)
            .map(|_| {
                Signer::SYSTEM
                    .sign(&mut request, "id", &Secret::from("s"))
                    .unwrap();
                request.headers()[AUTHENTICATION]
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(values.len(), 100);
        for value in values {
            let nonce = value
                .strip_prefix("hmac id:")
                .unwrap()
                .split(':')
                .next()
                .unwrap();
            assert_eq!(nonce.parse::<u64>().unwrap().to_string(), nonce);
        }
    }

    #[test]
    fn signing_replaces_an_older_signature_and_debug_hides_it() {
        let mut request = get("http://h.example/");
        Signer::SYSTEM
            .sign(&mut request, "id", &Secret::from("s"))
            .unwrap();
        Signer::FIXED
            .sign(&mut request, "id", &Secret::from("s"))
            .unwrap();
        assert_eq!(request.headers().get_all(AUTHENTICATION).iter().count(), 1);
        assert!(!format!("{request:?}").contains("hmac id"), "{request:?}");
    }

    #[test]
    fn a_request_is_not_signed_without_randomness_a_clock_or_a_sendable_id() {
        let no_clock = Signer {
            now: || SystemTime::UNIX_EPOCH - Duration::from_secs(1),
            ..Signer::FIXED
        };
        let no_randomness = Signer {
            nonce: || Err(getrandom::Error::UNSUPPORTED),
            ..Signer::FIXED
        };
        for (signer, id, expected) in [
            (no_clock, "id", "the clock stands before 1970"),
            (
                no_randomness,
                "id",
                "the operating system gives no randomness",
            ),
            (Signer::FIXED, "i\nd", "the id does not fit into a header"),
        ] {
            let mut request = get("http://h.example/");
            let error = signer
                .sign(&mut request, id, &Secret::from("s"))
                .unwrap_err();
            assert_eq!(error.to_string(), expected);
            assert!(request.headers().is_empty());
        }
    }
}
