//! Tokens: JWTs with the vendor's claims. Pure: key, claims and time are arguments.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Name of the RSA key in tokens and in the key set.
pub const KEY_ID: &str = "stepup-mock-rsa-1";

/// How tokens of track and claim are signed. Session tokens are always RS256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// HMAC with the API secret: what every SDK version that checks tokens itself accepts.
    #[default]
    Hs256,
    /// RSA, verified by the tenant's key set.
    Rs256,
}

/// Claims of a token of track or claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The user.
    pub sub: String,
    /// Whom it is for. The vendor's value is unknown.
    pub aud: String,
    /// Who made it. The vendor's value is unknown.
    pub iss: String,
    /// When it was made, in Unix seconds.
    pub iat: i64,
    /// When it expires, in Unix seconds.
    pub exp: i64,
    /// What it allows, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The vendor's own claims.
    pub other: Other,
}

/// The vendor's own claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Other {
    /// The tenant.
    pub tenant_id: String,
    /// The tenant's publishable key.
    pub publishable_key: String,
    /// The user.
    pub user_id: String,
    /// The action.
    pub action_code: String,
    /// Its key.
    pub idempotency_key: String,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
}

/// Claims of a session's access token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionClaims {
    /// The user.
    pub sub: String,
    /// The client.
    pub aud: String,
    /// Who made it.
    pub iss: String,
    /// When it was made, in Unix seconds.
    pub iat: i64,
    /// When it expires, in Unix seconds.
    pub exp: i64,
    /// The session.
    pub sid: String,
    /// How often the session was refreshed before.
    pub seq: u64,
}

/// What a tenant signs with.
pub struct Keys {
    hmac_encoding: EncodingKey,
    hmac_decoding: DecodingKey,
    rsa_encoding: EncodingKey,
    rsa_decoding: DecodingKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// Why a token will not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It is no token of this tenant.
    #[error("Token is invalid.")]
    Invalid,
    /// Its time is over.
    #[error("Token is expired.")]
    Expired,
}

/// The public half of the RSA key: modulus and exponent, base64url. The private half lies beside this file: it is a key
/// for mocks, known to everybody, so that tokens are the same in each run.
pub const RSA_MODULUS: &str = "xnJksHRTj9m4RvrvkLAdSPo5IhNuiUvjVzSjBus0_fRbGogD1TzQcsho-PDGaVrQ0IcygeJzVgsj54Zs57oixqF5HIxBONR9eGBNyBkm2vkYV10TNxrTJP_9CZ4uuYZb0w9lIKku7gmJdrB8fJPS4cIgq76WwgMPeeJvAK2cJ3dNoRPmyhaFcI8n7pccSO74BexkQepVBLyrQEmmS-4qNQJZGdVRBjuf0mvQMUzSaJlfPaUhMdcjb9RhrA4sLaqIwDDispZb9Gf07nN6nKhObxsO4_4vmUQMZUJXtqYYtPF86S_H_OxJrwZ6D788m0CInY1izKTmMI8APOpmIG3LiQ";
/// The exponent.
pub const RSA_EXPONENT: &str = "AQAB";

impl Keys {
    /// The keys of a tenant with this API secret.
    ///
    /// # Errors
    /// The RSA key that is part of the program cannot be read.
    pub fn new(api_secret: &str) -> Result<Self, jsonwebtoken::errors::Error> {
        Ok(Self {
            hmac_encoding: EncodingKey::from_secret(api_secret.as_bytes()),
            hmac_decoding: DecodingKey::from_secret(api_secret.as_bytes()),
            rsa_encoding: EncodingKey::from_rsa_pem(include_bytes!("session_key.pem"))?,
            rsa_decoding: DecodingKey::from_rsa_components(RSA_MODULUS, RSA_EXPONENT)?,
        })
    }

    /// Writes a token of track or claim.
    pub fn sign(&self, algorithm: TokenAlgorithm, claims: &Claims) -> String {
        match algorithm {
            TokenAlgorithm::Hs256 => {
                encode(&Header::new(Algorithm::HS256), claims, &self.hmac_encoding)
            }
            TokenAlgorithm::Rs256 => encode(&rsa_header(), claims, &self.rsa_encoding),
        }
    }

    /// Writes an access token.
    pub fn sign_session(&self, claims: &SessionClaims) -> String {
        encode(&rsa_header(), claims, &self.rsa_encoding)
    }

    /// Reads a token of track or claim, whichever way it is signed.
    ///
    /// # Errors
    /// It is not one of this tenant's, or its time is over.
    pub fn read(&self, token: &str, now: i64) -> Result<Claims, TokenFault> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Invalid)?;
        let claims: Claims = match header.alg {
            Algorithm::HS256 => decode(token, &self.hmac_decoding, Algorithm::HS256)?,
            Algorithm::RS256 => decode(token, &self.rsa_decoding, Algorithm::RS256)?,
            _ => return Err(TokenFault::Invalid),
        };
        if now >= claims.exp {
            Err(TokenFault::Expired)
        } else {
            Ok(claims)
        }
    }

    /// Reads an access token.
    ///
    /// # Errors
    /// It is not one of this tenant's, or its time is over.
    pub fn read_session(&self, token: &str, now: i64) -> Result<SessionClaims, TokenFault> {
        let claims: SessionClaims = decode(token, &self.rsa_decoding, Algorithm::RS256)?;
        if now >= claims.exp {
            Err(TokenFault::Expired)
        } else {
            Ok(claims)
        }
    }
}

fn rsa_header() -> Header {
    let mut header = Header::new(Algorithm::RS256);
    header.kid = Some(KEY_ID.to_owned());
    header
}

fn encode(header: &Header, claims: &impl Serialize, key: &EncodingKey) -> String {
    // Claims are plain data and the keys fit their algorithms, so there is nothing that could fail.
    jsonwebtoken::encode(header, claims, key).unwrap_or_default()
}

fn decode<T: DeserializeOwned + Clone>(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Result<T, TokenFault> {
    let mut validation = Validation::new(algorithm);
    // The time is the mock's own, so it is checked by the caller.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    jsonwebtoken::decode::<T>(token, key, &validation)
        .map(|data| data.claims)
        .map_err(|_| TokenFault::Invalid)
}
