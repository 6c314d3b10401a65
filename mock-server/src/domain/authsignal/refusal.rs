//! Why a request is refused, in the words of the vendor and without status codes.

use jiff::SignedDuration;

/// Why a request is refused. The text is for the person who reads the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A member is missing or wrong.
    #[error("{0}")]
    Invalid(String),
    /// The credential is another user's.
    #[error("Credential already exists for a different user.")]
    Conflict,
    /// The tenant has no authenticators configured.
    #[error("The tenant has no authenticators configured.")]
    AuthenticatorNotFound,
    /// It does not exist.
    #[error("{0}")]
    NotFound(String),
    /// A token is not accepted.
    #[error("{0}")]
    Unauthorized(String),
    /// A token has expired.
    #[error("Token is expired.")]
    Expired,
    /// A token does not allow this.
    #[error("{0}")]
    Forbidden(String),
    /// The tenant is not configured for this.
    #[error("{0}")]
    Unconfigured(String),
    /// A passkey or a security key is not accepted.
    #[error("{0}")]
    Credential(String),
    /// The action is no flow, or not that of the token.
    #[error("{0}")]
    InvalidAction(String),
    /// A code of a flow is wrong.
    #[error("{0}")]
    InvalidCode(String),
    /// No user has this passkey or security key.
    #[error("{0}")]
    UnknownCredential(String),
    /// Another user has the challenge.
    #[error("{0}")]
    ChallengeClaimed(String),
    /// The challenge has run out before anybody passed or claimed it.
    #[error("{0}")]
    ChallengeExpired(String),
    /// Too many of these.
    #[error("{why}")]
    TooMany {
        /// Of what, and since when.
        why: String,
        /// How long it is until one more is accepted.
        wait: SignedDuration,
    },
}
