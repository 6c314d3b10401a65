//! The form of a signed token: three parts of base64url, the first a JSON header. Must not know claims or keys.
//!
//! No JWT library takes part, because the Rust ones that verify RS256 without OpenSSL choose their cryptography for the
//! whole process, by features that an application with such a library of its own may not enable twice. The form is small;
//! `rsa` verifies the signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::SessionTokenError;

/// Bytes of the longest token: HTTP servers accept no longer headers.
pub(super) const LONGEST: usize = 16 * 1024;

/// A token whose header is in order. Nothing else was checked.
pub(super) struct Signed<'a> {
    /// Names the key.
    pub(super) kid: String,
    /// What is signed.
    pub(super) message: &'a str,
    /// The claims, in base64url.
    pub(super) payload: &'a str,
    pub(super) signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that a verifier must know, or else refuse the token (RFC 7515, section 4.1.11). This one knows none.
    crit: Option<IgnoredAny>,
}

/// The bytes of a part of a token.
pub(super) fn decoded(part: &str) -> Result<Vec<u8>, SessionTokenError> {
    let bytes = URL_SAFE_NO_PAD.decode(part);
    bytes.map_err(|_| SessionTokenError::Malformed("a part of it is not base64url"))
}

impl<'a> Signed<'a> {
    /// Reads a token.
    ///
    /// # Errors
    /// It is too long, has not three parts, or its header is not one of RS256.
    pub(super) fn read(token: &'a str) -> Result<Self, SessionTokenError> {
        use SessionTokenError::{Algorithm, Malformed};

        if token.len() > LONGEST {
            return Err(Malformed("it is longer than 16 KiB"));
        }
        let parts = token
            .rsplit_once('.')
            .and_then(|(message, signature)| Some((message, message.split_once('.')?, signature)));
        let (message, (header, payload), signature) =
            parts.ok_or(Malformed("it has not three parts"))?;
        if payload.contains('.') {
            return Err(Malformed("it has not three parts"));
        }
        let header: Header = serde_json::from_slice(&decoded(header)?)
            .map_err(|_| Malformed("its header is not that of a signed token"))?;
        if header.alg != "RS256" {
            return Err(Algorithm);
        }
        if header.crit.is_some() {
            return Err(Malformed("its header has a critical extension"));
        }
        Ok(Self {
            kid: header.kid.ok_or(Malformed("its header has no `kid`"))?,
            message,
            payload,
            signature: decoded(signature)?,
        })
    }
}
