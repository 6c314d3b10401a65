//! Tokens: JWTs with the vendor's claims. Pure: key, claims and time are arguments.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand_chacha::ChaCha12Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rsa::PrivateKey;
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::address::Contact;

/// The scope of a token for which nobody names one; documented.
pub const READ: &str = "read:authenticators";
/// Every documented scope, in the order of the documentation.
pub const EVERY: &str =
    "read:authenticators add:authenticators remove:authenticators update:authenticators";

/// The header of every token that is signed with HMAC.
const HMAC_HEADER: &str = r#"{"typ":"JWT","alg":"HS256"}"#;
/// Bits of the RSA key: the least that RS256 allows.
const RSA_BITS: usize = 2048;

/// How tokens of track and claim are signed, and the only way that the tenant takes them. Session tokens are always
/// RS256.
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
pub struct Claims<'a> {
    /// The user.
    pub sub: Cow<'a, str>,
    /// Whom it is for. The vendor's value is unknown.
    pub aud: Cow<'a, str>,
    /// Who made it. The vendor's value is unknown.
    pub iss: Cow<'a, str>,
    /// When it was made, in Unix seconds.
    pub iat: i64,
    /// When it expires, in Unix seconds.
    pub exp: i64,
    /// What it allows, separated by spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<Cow<'a, str>>,
    /// How many users the tenant had deleted when it was made. The mock's own claim: a token of before the deletion of its
    /// user is invalid.
    #[serde(default, skip_serializing_if = "is_none")]
    pub deletions: u64,
    /// How many steps of a flow were taken when it was made. The mock's own claim: a challenge token alone has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<u32>,
    /// The vendor's own claims.
    pub other: Other<'a>,
}

/// The vendor's own claims.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Other<'a> {
    /// The tenant.
    pub tenant_id: Cow<'a, str>,
    /// The tenant's publishable key.
    pub publishable_key: Cow<'a, str>,
    /// The user.
    pub user_id: Cow<'a, str>,
    /// The action.
    pub action_code: Cow<'a, str>,
    /// Its key.
    pub idempotency_key: Cow<'a, str>,
    /// The user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<Cow<'a, str>>,
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<Cow<'a, str>>,
    /// The user's phone number. Node's released SDKs 0.0.30 and older read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Cow<'a, str>>,
}

/// Whether nothing was counted.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(count: &u64) -> bool {
    *count == 0
}

/// What a world knows for a token: what it allows, when, and to whom. The rest of its claims names what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What it allows, separated by spaces.
    pub scope: Cow<'static, str>,
    /// How many users the tenant has deleted.
    pub deletions: u64,
    /// How many steps of a flow were taken, for a challenge token.
    pub flow: Option<u32>,
    /// When it is made, in Unix seconds.
    pub issued: i64,
    /// When it expires, in Unix seconds.
    pub expires: i64,
    /// What is known of the user.
    pub contact: Contact,
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
    /// The user's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The claims of the client's own.
    #[serde(flatten)]
    pub custom: Map<String, Value>,
}

/// What a tenant signs with.
pub struct Keys {
    /// Keyed with the API secret; each token takes a copy, which costs less than to key it anew.
    hmac: Hmac<Sha256>,
    /// The header of every token that is signed with it, as it stands in the token.
    hmac_header: String,
    hmac_decoding: DecodingKey,
    algorithm: TokenAlgorithm,
    session: Arc<SessionKey>,
}

/// The RSA key of a tenant. It is made when it is first needed, because that takes longer than a mock takes to start.
pub struct SessionKey {
    seed: [u8; 32],
    made: OnceLock<RsaKey>,
}

struct RsaKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
    modulus: String,
    exponent: String,
    id: String,
}

impl SessionKey {
    /// The key that `seed` decides: who knows the seed has the key.
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            made: OnceLock::new(),
        }
    }

    /// The bytes that the key is made from. Whoever has them has the key.
    pub fn seed(&self) -> [u8; 32] {
        self.seed
    }

    /// Its modulus and its exponent, base64url.
    pub fn public(&self) -> (&str, &str) {
        let key = self.key();
        (&key.modulus, &key.exponent)
    }

    /// Its name in tokens and in the key set. Another key has another name, so that a verifier that keeps the keys of a
    /// mock asks for them again after the mock has started anew.
    pub fn id(&self) -> &str {
        &self.key().id
    }

    fn key(&self) -> &RsaKey {
        self.made.get_or_init(|| {
            let mut random = ChaCha12Rng::from_seed(self.seed);
            loop {
                // A pair of primes that makes no key is one in very many; the next pair makes one.
                if let Some(key) = RsaKey::draw(&mut random) {
                    return key;
                }
            }
        })
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}

impl RsaKey {
    fn draw(random: &mut ChaCha12Rng) -> Option<Self> {
        let key = PrivateKey::new(random, RSA_BITS).ok()?;
        let modulus = URL_SAFE_NO_PAD.encode(key.n_bytes());
        let exponent = URL_SAFE_NO_PAD.encode(key.e_bytes());
        Some(Self {
            encoding: EncodingKey::from_rsa_der(key.to_pkcs1_der().ok()?.as_bytes()),
            decoding: DecodingKey::from_rsa_components(&modulus, &exponent).ok()?,
            id: thumbprint(&modulus, &exponent),
            modulus,
            exponent,
        })
    }
}

/// The thumbprint of an RSA key by RFC 7638.
fn thumbprint(modulus: &str, exponent: &str) -> String {
    let members = format!(r#"{{"e":"{exponent}","kty":"RSA","n":"{modulus}"}}"#);
    URL_SAFE_NO_PAD.encode(Sha256::digest(members))
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// This tenant did not issue it.
    #[error("Token is invalid.")]
    Invalid,
    /// It has expired.
    #[error("Token is expired.")]
    Expired,
}

impl Keys {
    /// The keys of a tenant with this API secret. Its tokens of track and claim have this algorithm.
    pub fn new(api_secret: &str, algorithm: TokenAlgorithm, session: Arc<SessionKey>) -> Self {
        Self {
            hmac: hmac(api_secret),
            hmac_header: URL_SAFE_NO_PAD.encode(HMAC_HEADER),
            hmac_decoding: DecodingKey::from_secret(api_secret.as_bytes()),
            algorithm,
            session,
        }
    }

    /// Keys for tests that are about something else.
    #[cfg(test)]
    pub(super) fn of_test(api_secret: &str) -> Self {
        let session = Arc::new(SessionKey::new([1; 32]));
        Self::new(api_secret, TokenAlgorithm::default(), session)
    }

    /// The key of session tokens, and of other tokens where they are RS256.
    pub fn session(&self) -> &SessionKey {
        &self.session
    }

    /// Whether tokens of track and claim are RS256.
    pub fn signs_with_rs256(&self) -> bool {
        self.algorithm == TokenAlgorithm::Rs256
    }

    /// Writes a token of track or claim.
    pub fn sign(&self, claims: &Claims<'_>) -> String {
        match self.algorithm {
            TokenAlgorithm::Hs256 => self.sign_hs256(claims),
            TokenAlgorithm::Rs256 => self.sign_rs256(claims),
        }
    }

    /// Writes an access token.
    pub fn sign_session(&self, claims: &SessionClaims) -> String {
        self.sign_rs256(claims)
    }

    fn sign_rs256(&self, claims: &impl Serialize) -> String {
        let key = self.session.key();
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(key.id.clone());
        encode(&header, claims, &key.encoding)
    }

    /// Reads a token of track or claim. The caller must check whether it has expired.
    ///
    /// # Errors
    /// It is not one of this tenant's, or its algorithm is not the one that the tenant issues.
    pub fn read(&self, token: &str) -> Result<Claims<'static>, TokenFault> {
        match self.algorithm {
            TokenAlgorithm::Hs256 => {
                if let Some((header, _)) = token.split_once('.')
                    && header == self.hmac_header
                {
                    return self.read_hs256(token).ok_or(TokenFault::Invalid);
                }
                decode(token, &self.hmac_decoding, Algorithm::HS256)
            }
            TokenAlgorithm::Rs256 => self.read_rs256(token),
        }
    }

    fn read_rs256<T: DeserializeOwned + Clone>(&self, token: &str) -> Result<T, TokenFault> {
        // Before the key, which may have to be made: no stranger's text makes it.
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenFault::Invalid)?;
        if header.alg != Algorithm::RS256 {
            return Err(TokenFault::Invalid);
        }
        // A key that was never made has signed nothing.
        let key = self.session.made.get().ok_or(TokenFault::Invalid)?;
        decode(token, &key.decoding, Algorithm::RS256)
    }

    /// As jsonwebtoken does it, byte for byte, which keys the HMAC and writes the header for each token.
    fn sign_hs256(&self, claims: &Claims<'_>) -> String {
        let mut json = Vec::with_capacity(512);
        // Claims are plain data, so this cannot fail.
        let _ = sonic_rs::to_writer(&mut json, claims);
        // A third more for Base64, and the signature.
        let mut token = String::with_capacity(self.hmac_header.len() + json.len() / 3 * 4 + 64);
        token.push_str(&self.hmac_header);
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(json, &mut token);
        let signature = self.hmac.clone().chain_update(&token).finalize();
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.into_bytes(), &mut token);
        token
    }

    /// As jsonwebtoken does it, for tokens with our own header.
    fn read_hs256(&self, token: &str) -> Option<Claims<'static>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // In constant time.
        let checked = self.hmac.clone().chain_update(signed);
        checked.verify_slice(&signature).ok()?;
        let (_, claims) = signed.split_once('.')?;
        let claims = URL_SAFE_NO_PAD.decode(claims).ok()?;
        // To see at once that all of it is text costs less than to see that of each claim.
        serde_json::from_str(std::str::from_utf8(&claims).ok()?).ok()
    }

    /// Reads an access token. The caller must check whether it has expired.
    ///
    /// # Errors
    /// It is not one of this tenant's.
    pub fn read_session(&self, token: &str) -> Result<SessionClaims, TokenFault> {
        self.read_rs256(token)
    }
}

fn hmac(secret: &str) -> Hmac<Sha256> {
    // By the algorithm, a key that is longer than a block is hashed, and a shorter one is padded with zeros.
    let mut block = [0; 64];
    if secret.len() <= block.len() {
        block[..secret.len()].copy_from_slice(secret.as_bytes());
    } else {
        block[..32].copy_from_slice(&Sha256::digest(secret));
    }
    Hmac::new(&block.into())
}

fn encode(header: &Header, claims: &impl Serialize, key: &EncodingKey) -> String {
    // Claims are plain data and the keys fit their algorithms, so this cannot fail.
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "mock-authsignal-secret-0123456789abcdef";

    fn keys(secret: &str, algorithm: TokenAlgorithm) -> Keys {
        Keys::new(secret, algorithm, Arc::new(SessionKey::new([1; 32])))
    }

    fn claims() -> Claims<'static> {
        Claims {
            sub: "u\"1".into(),
            aud: "http://mock.test".into(),
            iss: "http://mock.test".into(),
            iat: 1,
            exp: 601,
            scope: Some(READ.into()),
            deletions: 0,
            flow: None,
            other: Other {
                tenant_id: "t".into(),
                publishable_key: "p".into(),
                user_id: "u\"1".into(),
                action_code: "signIn".into(),
                idempotency_key: "k".into(),
                username: None,
                email: Some("é@example.com".into()),
                phone_number: None,
            },
        }
    }

    #[test]
    fn a_token_is_what_the_library_makes_of_the_same_claims() {
        for secret in [SECRET, "", &"x".repeat(64), &"long ".repeat(20)] {
            let ours = keys(secret, TokenAlgorithm::Hs256).sign(&claims());
            let key = EncodingKey::from_secret(secret.as_bytes());
            assert_eq!(
                ours,
                encode(&Header::new(Algorithm::HS256), &claims(), &key),
                "{secret}"
            );
        }
    }

    #[test]
    fn a_tenant_takes_only_the_algorithm_that_it_issues() {
        let session = Arc::new(SessionKey::new([1; 32]));
        let of = |algorithm| Keys::new(SECRET, algorithm, Arc::clone(&session));
        let (hs, rs) = (of(TokenAlgorithm::Hs256), of(TokenAlgorithm::Rs256));
        assert_eq!(hs.read(&hs.sign(&claims())), Ok(claims()));
        assert_eq!(rs.read(&rs.sign(&claims())), Ok(claims()));
        assert_eq!(hs.read(&rs.sign(&claims())), Err(TokenFault::Invalid));
        assert_eq!(rs.read(&hs.sign(&claims())), Err(TokenFault::Invalid));
    }

    #[test]
    fn a_seed_decides_the_session_key_and_another_seed_another() {
        let session = SessionKey::new([1; 32]);
        assert!(session.made.get().is_none(), "made before it is needed");
        let (modulus, exponent) = session.public();
        assert_eq!(exponent, "AQAB");
        assert_eq!(URL_SAFE_NO_PAD.decode(modulus).unwrap().len(), RSA_BITS / 8);
        assert_eq!(modulus, SessionKey::new([1; 32]).public().0);
        assert_ne!(modulus, SessionKey::new([2; 32]).public().0);
        assert_ne!(session.id(), SessionKey::new([2; 32]).id());
    }

    #[test]
    fn a_key_is_named_by_its_thumbprint() {
        // The example of RFC 7638.
        let modulus = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";
        let named = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
        assert_eq!(thumbprint(modulus, "AQAB"), named);
    }

    #[test]
    fn no_text_of_a_stranger_makes_the_session_key() {
        let keys = keys(SECRET, TokenAlgorithm::Rs256);
        let token = keys.sign_hs256(&claims());
        let others = Arc::new(SessionKey::new([2; 32]));
        let others = Keys::new(SECRET, TokenAlgorithm::Rs256, others).sign(&claims());
        for token in [token.as_str(), &others, "", "a.b.c"] {
            assert_eq!(keys.read(token), Err(TokenFault::Invalid));
            assert_eq!(keys.read_session(token), Err(TokenFault::Invalid));
        }
        assert!(keys.session.made.get().is_none());
    }

    #[test]
    fn a_token_that_was_changed_or_is_anothers_is_invalid() {
        let others = keys("another secret", TokenAlgorithm::Hs256);
        let keys = keys(SECRET, TokenAlgorithm::Hs256);
        let token = keys.sign(&claims());
        for at in 0..token.len() {
            let other = if &token[at..=at] == "x" { "y" } else { "x" };
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(keys.read(&changed), Err(TokenFault::Invalid), "{changed}");
            assert_eq!(keys.read(&token[..at]), Err(TokenFault::Invalid));
        }
        let token = others.sign(&claims());
        assert_eq!(keys.read(&token), Err(TokenFault::Invalid));
        for token in ["", ".", "..", "a.b.c", &format!("{}.", keys.hmac_header)] {
            assert_eq!(keys.read(token), Err(TokenFault::Invalid), "{token}");
        }
    }

    #[test]
    fn a_token_whose_header_is_written_in_another_way_is_read() {
        let keys = keys(SECRET, TokenAlgorithm::Hs256);
        let mut header = Header::new(Algorithm::HS256);
        header.typ = None;
        let token = encode(
            &header,
            &claims(),
            &EncodingKey::from_secret(SECRET.as_bytes()),
        );
        assert_eq!(keys.read(&token), Ok(claims()));
    }

    #[test]
    fn a_token_of_another_algorithm_is_invalid() {
        let keys = keys(SECRET, TokenAlgorithm::Hs256);
        let token = keys.sign(&claims());
        let (_, rest) = token.split_once('.').unwrap();
        for header in [
            r#"{"alg":"none"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":"RS256"}"#,
        ] {
            let forged = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header));
            assert_eq!(keys.read(&forged), Err(TokenFault::Invalid), "{header}");
        }
    }
}
