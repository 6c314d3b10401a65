//! The keys of a tenant: which there are, and when to fetch them again. Must not know tokens, nor how keys are fetched.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rsa::BoxedUint;
use sha2::Sha256;
use tokio::time::Instant;

use super::SessionTokenError;
use crate::authsignal::{Jwk, Jwks};
use crate::error::Error;

/// How old keys may become before they are fetched again, so that a key that the tenant withdraws stops working.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// How old they may become while the server does not answer.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// Keys of a set that are kept; a tenant has one, or two during a rotation.
const MOST: usize = 32;
/// Bits of a modulus. RS256 allows no fewer (RFC 7518, section 3.3), and longer ones cost too much time.
const BITS: RangeInclusive<usize> = 2048..=8192;

/// A public key of RS256.
pub(super) struct Key(rsa::PublicKey);

impl Key {
    /// The key of an entry of a key set, if it is one that signs with RS256.
    fn of(jwk: &Jwk) -> Option<Self> {
        let is = |member: &Option<String>, value| member.as_deref().is_none_or(|own| own == value);
        if jwk.kty != "RSA" || !is(&jwk.use_, "sig") || !is(&jwk.alg, "RS256") {
            return None;
        }
        let number = |text: &str| {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            // Before the number is made, which takes time for a long one.
            (bytes.len() <= *BITS.end() / 8).then(|| BoxedUint::from_be_slice_vartime(&bytes))
        };
        let (modulus, exponent) = (number(jwk.n.as_deref()?)?, number(jwk.e.as_deref()?)?);
        let key = rsa::PublicKey::new_with_size_limits(modulus, exponent, BITS);
        key.ok().map(Self)
    }

    /// Whether this key has signed a message.
    pub(super) fn verifies(&self, message: &str, signature: &[u8]) -> bool {
        let verified = self
            .0
            .pkcs1v15_verify::<Sha256>(message.as_bytes(), signature);
        verified.is_ok()
    }
}

/// The keys of a tenant.
pub(super) struct Keys {
    known: Mutex<Known>,
    /// Held while keys are fetched: one request does for every token that waits for it.
    fetching: tokio::sync::Mutex<()>,
    /// The shortest time between two requests.
    interval: Duration,
}

#[derive(Default)]
struct Known {
    by_id: HashMap<String, Arc<Key>>,
    /// When these came.
    fetched: Option<Instant>,
    /// When somebody asked for them last.
    asked: Option<Instant>,
    /// Whether that brought none, so that nobody knows which there are now.
    unanswered: bool,
}

impl Known {
    /// A key that is not older than that.
    fn get(&self, kid: &str, age: Duration) -> Option<Arc<Key>> {
        let fetched = self.fetched.filter(|at| at.elapsed() < age);
        fetched.and_then(|_| self.by_id.get(kid).map(Arc::clone))
    }
}

impl Keys {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            known: Mutex::default(),
            fetching: tokio::sync::Mutex::default(),
            interval,
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it holds the lock.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key of that id. Fetches the keys if it is unknown or old, unless that was done a moment ago.
    pub(super) async fn find(
        &self,
        kid: &str,
        fetch: impl AsyncFnOnce() -> Result<Jwks, Error>,
    ) -> Result<Arc<Key>, SessionTokenError> {
        let fresh = || self.known().get(kid, FRESH);
        if let Some(key) = fresh() {
            return Ok(key);
        }
        let usable = || self.known().get(kid, USABLE);
        let _turn = match self.fetching.try_lock() {
            Ok(turn) => turn,
            Err(_) => match usable() {
                // Somebody else sees to it that it gets younger.
                Some(key) => return Ok(key),
                None => self.fetching.lock().await,
            },
        };
        if let Some(key) = fresh() {
            return Ok(key);
        }
        if !self.may_ask() {
            let unanswered = self.known().unanswered;
            return usable().ok_or(match unanswered {
                true => SessionTokenError::Keys { source: None },
                false => SessionTokenError::UnknownKey,
            });
        }
        match fetch().await {
            Ok(set) => self.replace(&set),
            Err(error) => {
                let mut known = self.known();
                (known.asked, known.unanswered) = (Some(Instant::now()), true);
                drop(known);
                let source = Some(error);
                return usable().ok_or(SessionTokenError::Keys { source });
            }
        }
        fresh().ok_or(SessionTokenError::UnknownKey)
    }

    /// Whether the last request is long enough ago. Counts the one that follows, even if its caller does not wait for its
    /// end; but without any key, a caller that left early must not keep out the others.
    fn may_ask(&self) -> bool {
        let mut known = self.known();
        let waited = known.asked.is_none_or(|at| at.elapsed() >= self.interval);
        if waited && known.fetched.is_some() {
            (known.asked, known.unanswered) = (Some(Instant::now()), true);
        }
        waited
    }

    /// Replaces the old keys with a new set. Leaves out keys that are not for RS256, and keys that no token can name.
    fn replace(&self, set: &Jwks) {
        let keys = set.keys.iter().filter_map(|jwk| {
            let key = Key::of(jwk)?;
            Some((jwk.kid.clone()?, Arc::new(key)))
        });
        let by_id = keys.take(MOST).collect();
        let now = Some(Instant::now());
        *self.known() = Known {
            by_id,
            fetched: now,
            asked: now,
            unanswered: false,
        };
    }
}
