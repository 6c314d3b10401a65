//! The claims of an access token: what they must be, and what the application gets. Must not know keys or signatures.

use std::fmt;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use super::SessionTokenError;
use super::jwt::decoded;

/// What a verified access token says.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct SessionClaims {
    /// The user (`sub`).
    pub user_id: String,
    /// The app client that the token is for (`aud`), one of those that the verifier accepts.
    pub client_id: String,
    /// The user's address, if the tenant knows one. It need not be verified.
    pub email: Option<String>,
    /// When the token was made (`iat`).
    pub issued_at: Option<Timestamp>,
    /// When it expires (`exp`), without the clock skew.
    pub expires_at: Timestamp,
    /// Every other claim.
    other: Map<String, Value>,
}

/// Shows nothing of the user: neither ids nor claims.
impl fmt::Debug for SessionClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionClaims")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl SessionClaims {
    /// The claims that every token has: for the tests of an application. Nothing checked them.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use stepup_client::authsignal::session_token::SessionClaims;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let expires_at = SystemTime::now() + Duration::from_secs(600);
    /// let session = SessionClaims::new("ada", "web", expires_at.try_into()?).with_claim("plan", "gold");
    /// assert_eq!(session.claim("plan"), Some(&"gold".into()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(
        user_id: impl Into<String>,
        client_id: impl Into<String>,
        expires_at: Timestamp,
    ) -> Self {
        Self {
            user_id: user_id.into(),
            client_id: client_id.into(),
            email: None,
            issued_at: None,
            expires_at,
            other: Map::new(),
        }
    }

    /// The same, with a claim that has no field here: for tests, as [`new`](Self::new).
    #[must_use]
    pub fn with_claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.other.insert(name.into(), value.into());
        self
    }

    /// A claim that has no field here, such as a custom claim of the app client.
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.other.get(name)
    }

    /// The claims that have no field here, as a type of your own.
    ///
    /// ```
    /// # use stepup_client::authsignal::session_token::{SessionClaims, SessionTokenError};
    /// #[derive(serde::Deserialize)]
    /// struct Custom {
    ///     plan: Option<String>,
    /// }
    ///
    /// # fn example(session: SessionClaims) -> Result<(), SessionTokenError> {
    /// let custom: Custom = session.custom()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SessionTokenError::Malformed`] if a claim is missing or of another type.
    pub fn custom<T: DeserializeOwned>(&self) -> Result<T, SessionTokenError> {
        let read = T::deserialize(Value::Object(self.other.clone()));
        read.map_err(|_| {
            SessionTokenError::Malformed("its custom claims are not the expected ones")
        })
    }
}

/// What claims must be.
pub(super) struct Checks {
    pub(super) issuer: String,
    pub(super) client_ids: Vec<String>,
    pub(super) clock_skew: Duration,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: Number,
    nbf: Option<Number>,
    iat: Option<Number>,
    email: Option<String>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// The vendor sends one client; RFC 7519 also has lists.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// The first that is acceptable.
    fn among(self, accepted: &[String]) -> Option<String> {
        let all = match self {
            Self::One(one) => vec![one],
            Self::Several(all) => all,
        };
        all.into_iter().find(|one| accepted.contains(one))
    }
}

/// A time in seconds, perhaps with a fraction.
fn time(seconds: &Number) -> Result<Timestamp, SessionTokenError> {
    let whole = seconds.as_i64().or_else(|| {
        let seconds = seconds.as_f64()?;
        // The conversion saturates, and no such time passes the next line.
        #[expect(clippy::cast_possible_truncation, reason = "rounds down, on purpose")]
        Some(seconds.floor() as i64)
    });
    whole
        .and_then(|whole| Timestamp::from_second(whole).ok())
        .ok_or(SessionTokenError::Malformed(
            "one of its times is out of range",
        ))
}

/// A time that lies so much later, or the last there is.
fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

impl Checks {
    /// Reads and checks the claims of a token whose signature was verified.
    pub(super) fn claims(
        &self,
        payload: &str,
        now: SystemTime,
    ) -> Result<SessionClaims, SessionTokenError> {
        let claims: Claims = serde_json::from_slice(&decoded(payload)?).map_err(|_| {
            SessionTokenError::Malformed("its claims are not those of an access token")
        })?;
        if claims.iss != self.issuer {
            return Err(SessionTokenError::Issuer {
                expected: self.issuer.clone(),
            });
        }
        let client_id = claims.aud.among(&self.client_ids);
        let client_id = client_id.ok_or(SessionTokenError::Audience)?;
        let now = Timestamp::try_from(now).unwrap_or(Timestamp::MAX);
        let expires_at = time(&claims.exp)?;
        if later(expires_at, self.clock_skew) <= now {
            return Err(SessionTokenError::Expired);
        }
        let issued_at = claims.iat.as_ref().map(time).transpose()?;
        let not_before = claims.nbf.as_ref().map(time).transpose()?;
        let latest = later(now, self.clock_skew);
        if [issued_at, not_before]
            .into_iter()
            .flatten()
            .any(|time| time > latest)
        {
            return Err(SessionTokenError::NotYetValid);
        }
        Ok(SessionClaims {
            user_id: claims.sub,
            client_id,
            email: claims.email,
            issued_at,
            expires_at,
            other: claims.other,
        })
    }
}
