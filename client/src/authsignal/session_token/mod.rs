//! Access tokens of sessions, verified on this machine: signature, issuer, client and times. Must not know other tokens,
//! nor how requests are sent.
//!
//! A [`SessionVerifier`] fetches the tenant's public keys once and keeps them, so most tokens cost no request. It does not
//! need the API secret. It cannot know that a session was revoked: ask [`Authsignal::validate_session`] where that matters.
//!
//! ```no_run
//! # async fn example(access_token: &str) -> Result<(), Box<dyn std::error::Error>> {
//! use stepup_client::authsignal::Region;
//! use stepup_client::authsignal::session_token::SessionVerifier;
//!
//! // Once, when your application starts:
//! let verifier = SessionVerifier::builder("MY TENANT ID")
//!     .region(Region::Us)
//!     .client_id("MY APP CLIENT ID")
//!     .build()?;
//!
//! // For each request, with the token of its header `Authorization: Bearer`:
//! match verifier.verify(access_token).await {
//!     Ok(session) => println!("{} is signed in", session.user_id),
//!     // Answer 401.
//!     Err(error) if error.is_tokens_fault() => println!("refused: {error}"),
//!     // Answer 503: the keys could not be fetched, so nobody can tell.
//!     Err(error) => println!("try again later: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`Authsignal::validate_session`]: super::Authsignal::validate_session

mod builder;
mod claims;
mod jwt;
mod keys;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use self::builder::SessionVerifierBuilder;
use self::claims::Checks;
pub use self::claims::SessionClaims;
use self::jwt::Signed;
use self::keys::{Key, Keys};
use super::raw;
use crate::error::Error;
use crate::segment::PathSegment;

/// The default for how far this machine's clock may be from the server's.
pub const DEFAULT_CLOCK_SKEW: Duration = Duration::from_secs(60);

/// The default for the shortest time between two requests for keys.
pub const DEFAULT_REFETCH_INTERVAL: Duration = Duration::from_secs(10);

/// Why a token is refused. No variant repeats any part of the token, so an error is safe to log.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionTokenError {
    /// It does not have the form of an access token.
    Malformed(&'static str),
    /// Its header names another algorithm than RS256, or none.
    Algorithm,
    /// The tenant has no key of the `kid` in its header. Perhaps it is another tenant's, or another region's.
    UnknownKey,
    /// It was changed, or somebody else signed it.
    Signature,
    /// Its `iss` is another than the expected one.
    Issuer {
        /// The issuer that the verifier accepts.
        expected: String,
    },
    /// Its `aud` is none of the app clients that the verifier accepts.
    Audience,
    /// It has expired.
    Expired,
    /// Its `nbf` or `iat` is in the future: the clocks differ by more than the allowed skew.
    NotYetValid,
    /// The tenant's keys could not be fetched, so the token could not be checked. Without a source, the last attempt was
    /// too recent for another one.
    Keys {
        /// What failed.
        source: Option<Error>,
    },
}

impl fmt::Display for SessionTokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "the token is malformed: {why}"),
            Self::Algorithm => f.write_str("the token is not signed with RS256"),
            Self::UnknownKey => f.write_str("the tenant has no key with the `kid` of the token"),
            Self::Signature => f.write_str("the signature of the token does not match"),
            Self::Issuer { expected } => write!(f, "the token has another issuer than {expected}"),
            Self::Audience => f.write_str("the token is for another app client"),
            Self::Expired => f.write_str("the token is expired"),
            Self::NotYetValid => f.write_str(
                "the token is not valid yet; compare the clock of this machine with the server's",
            ),
            Self::Keys { .. } => f.write_str("the tenant's keys cannot be fetched"),
        }
    }
}

impl std::error::Error for SessionTokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Keys {
                source: Some(error),
            } => Some(error),
            _ => None,
        }
    }
}

impl SessionTokenError {
    /// Whether the token is to blame. Otherwise it may be good: the keys could not be fetched.
    pub fn is_tokens_fault(&self) -> bool {
        !matches!(self, Self::Keys { .. })
    }
}

/// Verifies access tokens of a tenant's sessions. Cloning is cheap and shares the keys.
///
/// It accepts a token that RS256 and one of the tenant's keys sign, whose issuer is the tenant, whose audience is one of the
/// configured app clients, and which is valid now. It asks the server for keys when it has none, when a token names a key
/// that it does not know, and every hour; never more often than the
/// [refetch interval](SessionVerifierBuilder::refetch_interval), so that forged tokens cannot make it flood the server.
/// If the server does not answer, the keys that are known work for a day.
#[derive(Clone)]
pub struct SessionVerifier {
    shared: Arc<Shared>,
}

struct Shared {
    raw: raw::Client,
    tenant_id: PathSegment,
    checks: Checks,
    keys: Keys,
}

/// Shows no key and no id.
impl fmt::Debug for SessionVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionVerifier")
            .field("clock_skew", &self.shared.checks.clock_skew)
            .finish_non_exhaustive()
    }
}

impl SessionVerifier {
    /// A verifier for a tenant. Name at least one app client.
    pub fn builder(tenant_id: impl Into<String>) -> SessionVerifierBuilder {
        SessionVerifierBuilder::new(tenant_id.into())
    }

    /// The issuer that tokens must have: the base URL, `/v1/client/public/` and the tenant's id, unless
    /// [`SessionVerifierBuilder::issuer`] says otherwise.
    pub fn issuer(&self) -> &str {
        &self.shared.checks.issuer
    }

    /// Verifies an access token, and returns its claims.
    ///
    /// # Errors
    ///
    /// [`SessionTokenError`]. Do not trust anything of the token then.
    pub async fn verify(&self, access_token: &str) -> Result<SessionClaims, SessionTokenError> {
        self.verify_at(access_token, SystemTime::now()).await
    }

    /// As [`verify`](Self::verify), at the time `now`: for tests, and for a server whose clock is not this machine's.
    ///
    /// # Errors
    ///
    /// As [`verify`](Self::verify).
    pub async fn verify_at(
        &self,
        access_token: &str,
        now: SystemTime,
    ) -> Result<SessionClaims, SessionTokenError> {
        let signed = Signed::read(access_token)?;
        let key = self.key(&signed.kid).await?;
        if !key.verifies(signed.message, &signed.signature) {
            return Err(SessionTokenError::Signature);
        }
        self.shared.checks.claims(signed.payload, now)
    }

    async fn key(&self, kid: &str) -> Result<Arc<Key>, SessionTokenError> {
        let shared = &self.shared;
        let fetch = async || {
            let request = shared.raw.get_jwks().tenant_id(shared.tenant_id.clone());
            let answer = request.send().await.map_err(Error::from)?;
            Ok(answer.into_inner())
        };
        shared.keys.find(kid, fetch).await
    }
}
