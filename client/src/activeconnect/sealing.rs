//! [`SessionSealer`]: sessions as tokens that others may carry but neither read nor change. Must
//! not know how sessions are used.

use std::fmt;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};

use super::{Activeconnect, Session};

const NONCE: usize = 24;
const EXPIRY: usize = 8;

/// Seals sessions into tokens for cookies and URLs.
///
/// A token is encrypted and authenticated (XChaCha20-Poly1305), bound to the application, and
/// expires. It uses the URL-safe Base64 alphabet without padding, so it needs no escaping in
/// cookies and URLs.
///
/// The id of the session's user is in the token, so nobody can exchange it: sign in
/// [`Session::user_id`] of the session that you open, and not an id from a form or another cookie.
///
/// A token cannot be revoked: its holder can use the session until the token expires or the session
/// ends.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use stepup_client::activeconnect::Activeconnect;
/// use std::time::Duration;
/// use stepup_client::activeconnect::sealing::SessionSealer;
///
/// # let activeconnect = Activeconnect::new("mock-app", "mock-app-secret-24-bytes")?;
/// # let session = activeconnect.session_from_json(r#"{"session_token": null, "session_secret": null,
/// #     "status_url": null, "logout_url": null, "session_status": "failed"}"#)?.with_user_id("user-1");
/// # let (key, last_years_key) = ([1; 32], [2; 32]);
/// let sealer = SessionSealer::new(key).accepting(last_years_key);
/// let token = sealer.seal(&session, Duration::from_secs(3600))?;
/// let opened = sealer.open(&activeconnect, &token)?;
/// assert_eq!(opened.user_id(), Some("user-1"));
/// # Ok(())
/// # }
/// ```
pub struct SessionSealer {
    key: XChaCha20Poly1305,
    older: Vec<XChaCha20Poly1305>,
}

/// Why a session could not be sealed or opened. It gives no details that help an attacker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SealError {
    /// The token was not made with these keys for this application, or was changed.
    Invalid,
    /// The token is genuine, but has expired.
    Expired,
    /// Sealing failed: the operating system gives no random bytes.
    Unsealable,
}

impl fmt::Display for SealError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Invalid => "the session token is not valid",
            Self::Expired => "the session token has expired",
            Self::Unsealable => "the session could not be sealed",
        })
    }
}

impl std::error::Error for SealError {}

/// What is in a token, after the time at which it expires.
#[derive(Serialize, Deserialize)]
struct Sealed {
    user_id: Option<String>,
    /// In the form of the vendor's Python client.
    session: String,
}

impl SessionSealer {
    /// A sealer with a secret key of 32 random bytes.
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key: XChaCha20Poly1305::new(&key.into()),
            older: Vec::new(),
        }
    }

    /// Also opens tokens of this older key. Sealing uses the newest key.
    #[must_use]
    pub fn accepting(mut self, older_key: [u8; 32]) -> Self {
        self.older.push(XChaCha20Poly1305::new(&older_key.into()));
        self
    }

    /// Seals a session, with the id of its user, into a token that expires after `valid_for`.
    ///
    /// # Errors
    ///
    /// [`SealError::Unsealable`].
    pub fn seal(&self, session: &Session, valid_for: Duration) -> Result<String, SealError> {
        self.seal_at(session, valid_for, SystemTime::now())
    }

    /// As [`seal`](Self::seal), at the time `now`.
    ///
    /// # Errors
    ///
    /// [`SealError::Unsealable`].
    pub fn seal_at(
        &self,
        session: &Session,
        valid_for: Duration,
        now: SystemTime,
    ) -> Result<String, SealError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealError::Unsealable)?;

        let valid_for = u64::try_from(valid_for.as_millis()).unwrap_or(u64::MAX);
        let expiry = millis(now).saturating_add(valid_for);
        let mut plain = expiry.to_be_bytes().to_vec();
        let sealed = Sealed {
            user_id: session.user_id().map(str::to_owned),
            session: session.to_json(),
        };
        serde_json::to_writer(&mut plain, &sealed).map_err(|_| SealError::Unsealable)?;

        let aad = aad(session.client());
        let payload = Payload {
            msg: &plain,
            aad: &aad,
        };
        let sealed = self
            .key
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| SealError::Unsealable)?;
        Ok(URL_SAFE_NO_PAD.encode([&nonce[..], &sealed].concat()))
    }

    /// Opens a token, and binds the session to `client`.
    ///
    /// # Errors
    ///
    /// [`SealError::Expired`] for an expired token, [`SealError::Invalid`] for everything else.
    pub fn open(&self, client: &Activeconnect, token: &str) -> Result<Session, SealError> {
        self.open_at(client, token, SystemTime::now())
    }

    /// As [`open`](Self::open), at the time `now`.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_at(
        &self,
        client: &Activeconnect,
        token: &str,
        now: SystemTime,
    ) -> Result<Session, SealError> {
        let bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| SealError::Invalid)?;
        let (nonce, sealed) = bytes
            .split_first_chunk::<NONCE>()
            .ok_or(SealError::Invalid)?;
        let aad = aad(client);
        let plain = std::iter::once(&self.key)
            .chain(&self.older)
            .find_map(|key| {
                key.decrypt(
                    &XNonce::from(*nonce),
                    Payload {
                        msg: sealed,
                        aad: &aad,
                    },
                )
                .ok()
            })
            .ok_or(SealError::Invalid)?;

        let (expiry, json) = plain
            .split_first_chunk::<EXPIRY>()
            .ok_or(SealError::Invalid)?;
        if millis(now) >= u64::from_be_bytes(*expiry) {
            return Err(SealError::Expired);
        }
        let sealed: Sealed = serde_json::from_slice(json).map_err(|_| SealError::Invalid)?;
        let session = client
            .session_from_json(&sealed.session)
            .map_err(|_| SealError::Invalid)?;
        Ok(match sealed.user_id {
            Some(user_id) => session.with_user_id(user_id),
            None => session,
        })
    }
}

impl fmt::Debug for SessionSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSealer").finish_non_exhaustive()
    }
}

/// What a token is for. Authenticated but not sent, so that a token of one use or application is
/// nothing in another.
fn aad(client: &Activeconnect) -> Vec<u8> {
    [
        "stepup-client activeconnect session 2\0",
        client.application_id(),
    ]
    .concat()
    .into_bytes()
}

/// Milliseconds since 1970; times before count as 1970.
fn millis(time: SystemTime) -> u64 {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);
    const KEY: [u8; 32] = [1; 32];

    fn client(application_id: &str) -> Activeconnect {
        Activeconnect::builder(application_id, "secret")
            .server("http://127.0.0.1:1")
            .build()
            .unwrap()
    }

    fn session(client: &Activeconnect) -> Session {
        let json = r#"{"session_token": "MARKED", "session_secret": "MARKED", "status_url": "http://127.0.0.1:1/MARKED",
            "logout_url": "http://127.0.0.1:1/MARKED", "failure_reason": null, "session_status": "active"}"#;
        client.session_from_json(json).unwrap()
    }

    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
    }

    #[test]
    fn a_sealed_session_opens_to_an_equal_one() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let token = sealer.seal(&session(&client), HOUR).unwrap();
        assert_eq!(sealer.open(&client, &token).unwrap(), session(&client));
    }

    #[test]
    fn a_sealed_session_still_knows_its_user() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let user_of = |session: &Session| {
            let token = sealer.seal(session, HOUR).unwrap();
            let opened = sealer.open(&client, &token).unwrap();
            opened.user_id().map(str::to_owned)
        };
        for user in ["ada", "a\"\\\u{e9} \n"] {
            let session = session(&client).with_user_id(user);
            assert_eq!(user_of(&session).as_deref(), Some(user));
        }
        assert_eq!(user_of(&session(&client)), None);
    }

    #[test]
    fn a_token_needs_no_escaping_fits_a_cookie_and_shows_nothing() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let token = sealer.seal(&session(&client), HOUR).unwrap();
        assert!(
            token
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'),
            "{token}"
        );
        assert!(token.len() < 1_000);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        assert!(!bytes.windows(6).any(|window| window == b"MARKED"));
        assert_eq!(format!("{sealer:?}"), "SessionSealer { .. }");
    }

    #[test]
    fn two_tokens_of_one_session_differ() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let seal = || sealer.seal_at(&session(&client), HOUR, now()).unwrap();
        assert_ne!(seal(), seal());
    }

    #[test]
    fn a_token_is_refused_when_any_byte_of_it_is_changed() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let token = sealer.seal_at(&session(&client), HOUR, now()).unwrap();

        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[index] ^= 1 << bit;
                let changed = URL_SAFE_NO_PAD.encode(changed);
                assert_eq!(
                    sealer.open_at(&client, &changed, now()),
                    Err(SealError::Invalid),
                    "{index} {bit}"
                );
            }
        }
        // The text too: no two texts may stand for one token.
        for index in 0..token.len() {
            for other in [b'A', b'B', b'_', b'=', b'+', b' ', b'\n'] {
                let mut changed = token.clone().into_bytes();
                if std::mem::replace(&mut changed[index], other) != other {
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!(
                        sealer.open_at(&client, &changed, now()),
                        Err(SealError::Invalid)
                    );
                }
            }
        }
    }

    #[test]
    fn a_token_is_refused_at_every_other_length() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let token = sealer.seal_at(&session(&client), HOUR, now()).unwrap();
        for length in 0..token.len() {
            assert_eq!(
                sealer.open_at(&client, &token[..length], now()),
                Err(SealError::Invalid),
                "{length}"
            );
        }
        for more in ["A", "AAAA", "=", "\n"] {
            let longer = format!("{token}{more}");
            assert_eq!(
                sealer.open_at(&client, &longer, now()),
                Err(SealError::Invalid)
            );
        }
        assert!(sealer.open_at(&client, &token, now()).is_ok());
    }

    #[test]
    fn a_token_expires_to_the_millisecond() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let open = |valid_for, after: Duration| {
            let token = sealer.seal_at(&session(&client), valid_for, now()).unwrap();
            sealer.open_at(&client, &token, now() + after).map(drop)
        };
        let tick = Duration::from_millis(1);
        assert_eq!(open(HOUR, HOUR - tick), Ok(()));
        assert_eq!(open(HOUR, HOUR), Err(SealError::Expired));
        assert_eq!(
            open(Duration::ZERO, Duration::ZERO),
            Err(SealError::Expired)
        );
        assert_eq!(open(Duration::MAX, 1_000_000 * HOUR), Ok(()));
    }

    #[test]
    fn another_key_or_application_opens_nothing() {
        let (ours, sealer) = (client("app"), SessionSealer::new(KEY));
        let token = sealer.seal_at(&session(&ours), HOUR, now()).unwrap();
        assert_eq!(
            SessionSealer::new([2; 32]).open_at(&ours, &token, now()),
            Err(SealError::Invalid)
        );
        assert_eq!(
            sealer.open_at(&client("other"), &token, now()),
            Err(SealError::Invalid)
        );
    }

    #[test]
    fn an_expired_token_of_another_key_is_not_told_from_any_invalid_one() {
        let (client, sealer) = (client("app"), SessionSealer::new(KEY));
        let token = sealer
            .seal_at(&session(&client), Duration::ZERO, now())
            .unwrap();
        let other = SessionSealer::new([2; 32]);
        assert_eq!(
            other.open_at(&client, &token, now()),
            Err(SealError::Invalid)
        );
    }

    #[test]
    fn keys_rotate() {
        let client = client("app");
        let old = SessionSealer::new(KEY);
        let new = SessionSealer::new([2; 32])
            .accepting([3; 32])
            .accepting(KEY);
        let of_old = old.seal_at(&session(&client), HOUR, now()).unwrap();
        let of_new = new.seal_at(&session(&client), HOUR, now()).unwrap();
        assert!(new.open_at(&client, &of_old, now()).is_ok());
        assert!(new.open_at(&client, &of_new, now()).is_ok());
        assert_eq!(
            old.open_at(&client, &of_new, now()),
            Err(SealError::Invalid)
        );
    }
}
