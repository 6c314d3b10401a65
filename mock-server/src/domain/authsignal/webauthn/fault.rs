//! Why a response proves nothing, in words for the person who reads the answer. Knows no ceremony.

use webauthn_rp::response::auth::error::AuthCeremonyErr;
use webauthn_rp::response::register::error::RegCeremonyErr;

use super::Origins;

/// Why a response proves nothing. The text is for the person who reads the answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// It breaks the standard.
    #[error("the credential cannot be read: {0}")]
    Malformed(String),
    /// No ceremony has that challenge.
    #[error(
        "the challenge in clientDataJSON is not open: this mock did not issue it, or it was already answered"
    )]
    UnknownChallenge,
    /// The ceremony took too long.
    #[error("the challenge has expired; ask for new options")]
    ExpiredChallenge,
    /// The request names one challenge, the response holds another.
    #[error("challengeId does not match the challenge in clientDataJSON")]
    OtherChallenge,
    /// The ceremony was started for something else.
    #[error("the challenge was issued for {0}")]
    OtherCeremony(&'static str),
    /// Nobody has enrolled the credential.
    #[error("no user has enrolled the credential {0}")]
    UnknownCredential(String),
    /// Somebody else has, or the options did not name it.
    #[error("the options do not allow the credential {0}")]
    NotAllowed(String),
    /// It comes from a page that it must not come from.
    #[error("the origin in clientDataJSON is {got}, but must be {expected}")]
    Origin {
        /// The one in it.
        got: String,
        /// The one that has to be.
        expected: String,
    },
    /// It is for another relying party.
    #[error("the authenticator answered for a relying party other than {0}")]
    RelyingParty(String),
    /// The user handle is not that of the credential's user.
    #[error("userHandle is missing or names another user")]
    UserHandle,
    /// The signature is wrong.
    #[error("the signature is wrong: the credential did not sign this challenge")]
    Signature,
    /// The counter did not go forward.
    #[error("the signature counter did not increase: someone may have copied the credential")]
    Counter,
    /// The credential was enrolled with something that is not a key.
    #[error(
        "the credential's enrolled public key is not a COSE key for EdDSA, ES256, ES384 or RS256 in base64url"
    )]
    PublicKey,
    /// It was signed for a payment: `webauthn_rp` verifies `webauthn.get` alone.
    #[error(
        "clientDataJSON is of the type payment.get, which the mock cannot verify; confirm the payment with `passkey.signIn`, \
         which signs webauthn.get, or end the challenge through the control API"
    )]
    Payment,
    /// The authenticator does not do what the options ask for.
    #[error("the authenticator does not meet the options: {0}")]
    Unfit(String),
}

impl Fault {
    /// The vendor's word.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Payment => "invalid_request",
            Self::UnknownCredential(_) => "unknown_credential",
            _ => "invalid_credential",
        }
    }
}

/// What a fault can say beyond the error of the crate.
pub(super) struct Circumstances<'a> {
    /// The origin in `clientDataJSON`.
    pub(super) origin: &'a str,
    /// The origins that may be there.
    pub(super) expected: Origins<'a>,
    /// Domain of the relying party.
    pub(super) rp_id: &'a str,
}

impl Circumstances<'_> {
    fn other_origin(&self) -> Fault {
        Fault::Origin {
            got: self.origin.to_owned(),
            expected: self.expected.words(),
        }
    }

    /// Why a registration failed.
    pub(super) fn of_registration(&self, error: &RegCeremonyErr) -> Fault {
        match error {
            RegCeremonyErr::OriginMismatch => self.other_origin(),
            RegCeremonyErr::RpIdHashMismatch => Fault::RelyingParty(self.rp_id.to_owned()),
            RegCeremonyErr::AttestationSignature => Fault::Signature,
            RegCeremonyErr::CollectedClientData(_)
            | RegCeremonyErr::CollectedClientDataRelaxed(_)
            | RegCeremonyErr::AttestationObject(_)
            | RegCeremonyErr::PubKey(_) => Fault::Malformed(error.to_string()),
            _ => Fault::Unfit(error.to_string()),
        }
    }

    /// Why an authentication failed.
    pub(super) fn of_authentication(&self, error: &AuthCeremonyErr) -> Fault {
        match error {
            AuthCeremonyErr::OriginMismatch => self.other_origin(),
            AuthCeremonyErr::RpIdHashMismatch => Fault::RelyingParty(self.rp_id.to_owned()),
            AuthCeremonyErr::AssertionSignature => Fault::Signature,
            AuthCeremonyErr::SignatureCounter => Fault::Counter,
            AuthCeremonyErr::UserHandleMismatch | AuthCeremonyErr::MissingUserHandle => {
                Fault::UserHandle
            }
            AuthCeremonyErr::PubKey(_) => Fault::PublicKey,
            AuthCeremonyErr::CollectedClientData(_)
            | AuthCeremonyErr::CollectedClientDataRelaxed(_)
            | AuthCeremonyErr::AuthenticatorData(_) => Fault::Malformed(error.to_string()),
            _ => Fault::Unfit(error.to_string()),
        }
    }
}
