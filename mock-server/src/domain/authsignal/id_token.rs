//! ID tokens of Apple and Google: whose keys the tenant trusts, and what a token proves. Pure: keys, token and time are
//! arguments. Knows no wire format.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::vocabulary::IdTokenMethod;
use super::{Authsignal, UserFilter};
use crate::bounds::{ID_TOKEN_AUDIENCES, ID_TOKEN_ISSUERS, ID_TOKEN_KEYS, TEXT};

/// Who issues ID tokens that the tenant trusts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Issuer {
    /// The method that its tokens stand for.
    pub method: IdTokenMethod,
    /// Its name, the claim `iss`.
    pub name: String,
    /// The application's ids there, one of which is the claim `aud`. Without any, it may be anyone's.
    pub audiences: Vec<String>,
    /// Its public keys.
    pub keys: Vec<Jwk>,
}

/// The issuers of ID tokens that a tenant trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuers(Vec<Issuer>);

impl Issuer {
    /// An issuer as a seed and the control API have it. Without a name, it is the real one.
    ///
    /// # Errors
    /// A key is none.
    pub fn read(
        method: IdTokenMethod,
        name: Option<String>,
        audiences: Vec<String>,
        keys: impl IntoIterator<Item = Map<String, Value>>,
    ) -> Result<Self, String> {
        let keys = keys.into_iter().enumerate();
        let keys =
            keys.map(|(at, key)| public_key(key).map_err(|why| format!("/keys/{at}: {why}")));
        Ok(Self {
            method,
            name: name.unwrap_or_else(|| method.issuer().to_owned()),
            audiences,
            keys: keys.collect::<Result<_, _>>()?,
        })
    }
}

/// A public key of the two kinds that issuers use. The reason repeats nothing of it.
fn public_key(key: Map<String, Value>) -> Result<Jwk, String> {
    let wrong = || "is no public key of RSA or of an elliptic curve, as JSON (RFC 7517)".to_owned();
    let key: Jwk = serde_json::from_value(Value::Object(key)).map_err(|_| wrong())?;
    let is_pair = matches!(
        key.algorithm,
        AlgorithmParameters::RSA(_) | AlgorithmParameters::EllipticCurve(_)
    );
    if !is_pair || DecodingKey::from_jwk(&key).is_err() {
        return Err(wrong());
    }
    Ok(key)
}

impl Issuers {
    /// Issuers that a tenant trusts, as [`Issuer::read`] reads them.
    ///
    /// # Errors
    /// One cannot be read, two have one name, or there are too many. The text begins with the place in the list.
    pub fn new(read: impl IntoIterator<Item = Result<Issuer, String>>) -> Result<Self, String> {
        let read = read.into_iter().enumerate();
        let issuers = read
            .map(|(at, issuer)| issuer.map_err(|why| format!("/{at}{why}")))
            .collect::<Result<Vec<_>, _>>()?;
        if issuers.len() > ID_TOKEN_ISSUERS {
            let count = issuers.len();
            return Err(format!(
                ": there are {count}; a tenant has at most {ID_TOKEN_ISSUERS}"
            ));
        }
        for (at, issuer) in issuers.iter().enumerate() {
            let (keys, audiences) = (issuer.keys.len(), issuer.audiences.len());
            if !(1..=ID_TOKEN_KEYS).contains(&keys) {
                return Err(format!(
                    "/{at}/keys: there are {keys}; give 1 to {ID_TOKEN_KEYS}"
                ));
            }
            if audiences > ID_TOKEN_AUDIENCES {
                return Err(format!(
                    "/{at}/audiences: there are {audiences}; give at most {ID_TOKEN_AUDIENCES}"
                ));
            }
            let mut texts = issuer.audiences.iter().chain([&issuer.name]);
            if texts.any(|text| text.is_empty() || text.len() > TEXT) {
                return Err(format!("/{at}: a text has from 1 to {TEXT} bytes"));
            }
            if issuers
                .iter()
                .take(at)
                .any(|other| other.name == issuer.name)
            {
                return Err(format!(
                    "/{at}/issuer: it is in the list twice; name it once"
                ));
            }
        }
        Ok(Self(issuers))
    }

    /// All of them.
    pub fn all(&self) -> &[Issuer] {
        &self.0
    }
}

/// Who a user is, by the word of an issuer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The user.
    pub user_id: String,
    /// Whose word it is.
    pub method: IdTokenMethod,
}

/// What an ID token says.
#[derive(Clone, Debug, Deserialize)]
struct Claims {
    exp: i64,
    #[serde(default)]
    aud: Audience,
    email: Option<String>,
    /// Apple writes it as a text.
    #[serde(default)]
    email_verified: Value,
}

/// Whom a token is for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(untagged)]
enum Audience {
    #[default]
    Nobody,
    One(String),
    Several(Vec<String>),
}

impl Audience {
    fn is_one_of(&self, accepted: &[String]) -> bool {
        let is = |own: &String| accepted.contains(own);
        match self {
            Self::Nobody => false,
            Self::One(own) => is(own),
            Self::Several(all) => all.iter().any(is),
        }
    }
}

/// The claim `iss` of a token, whatever it is worth.
fn named(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        iss: String,
    }
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let named: Named = serde_json::from_slice(&payload).ok()?;
    Some(named.iss)
}

/// What a token says, if its issuer has signed it with one of its keys.
fn signed(token: &str, issuer: &Issuer) -> Option<Claims> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    let algorithms = [Algorithm::RS256, Algorithm::ES256];
    let algorithm = algorithms.into_iter().find(|known| *known == header.alg)?;
    let mut validation = Validation::new(algorithm);
    // The time is the mock's own, and the audience is checked apart, to tell what is wrong.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    issuer.keys.iter().find_map(|key| {
        let named = (key.common.key_id.as_deref(), header.kid.as_deref());
        if matches!(named, (Some(own), Some(other)) if own != other) {
            return None;
        }
        let key = DecodingKey::from_jwk(key).ok()?;
        let read = jsonwebtoken::decode::<Claims>(token, &key, &validation);
        read.ok().map(|read| read.claims)
    })
}

impl Authsignal {
    /// What an ID token of Apple or Google proves: that its user has the address that it names, or why it proves nothing.
    /// `None` if it is none.
    pub fn validate_id_token(
        &self,
        token: &str,
        user_id: Option<&str>,
        now: Timestamp,
    ) -> Option<Result<Identity, &'static str>> {
        let name = named(token)?;
        let issuers = self.configuration.id_token_issuers.all();
        let Some(issuer) = issuers.iter().find(|issuer| issuer.name == name) else {
            let mut real = IdTokenMethod::ALL.into_iter();
            let is_real = real.any(|method| method.issuer() == name);
            return is_real.then_some(Err(
                "Token is an ID token of an issuer that the tenant does not trust; name its keys in idTokenIssuers.",
            ));
        };
        Some(self.identity(token, issuer, user_id, now))
    }

    fn identity(
        &self,
        token: &str,
        issuer: &Issuer,
        user_id: Option<&str>,
        now: Timestamp,
    ) -> Result<Identity, &'static str> {
        let Some(claims) = signed(token, issuer) else {
            return Err("Token is invalid.");
        };
        if claims.exp <= now.as_second() {
            return Err("Token is expired.");
        }
        if !issuer.audiences.is_empty() && !claims.aud.is_one_of(&issuer.audiences) {
            return Err("Token is for another application (aud).");
        }
        let unverified = [Value::Bool(false), Value::from("false")];
        let email = claims
            .email
            .filter(|_| !unverified.contains(&claims.email_verified));
        let Some(email) = email else {
            return Err("Token has no verified email.");
        };
        let owner = match user_id {
            Some(id) => {
                let user = self.users.get(id);
                let own = user.and_then(|user| user.attributes.email.as_deref());
                (own == Some(email.as_str())).then(|| id.to_owned())
            }
            None => self.owner(email),
        };
        match owner {
            Some(user_id) => Ok(Identity {
                user_id,
                method: issuer.method,
            }),
            None => Err("User is invalid."),
        }
    }

    /// The first user with an address.
    fn owner(&self, email: String) -> Option<String> {
        let filter = UserFilter {
            username: None,
            email: Some(email),
            phone_number: None,
        };
        let (found, _) = self.query_users(&filter, None, 1).ok()?;
        found.into_iter().next().map(|(id, _)| id)
    }
}
