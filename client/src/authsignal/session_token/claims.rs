//! The claims of an access token: what they must be, and what the application gets. Must not know keys or signatures.

use std::fmt;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Number, Value};

use super::SessionTokenError;
use super::jwt::decoded;
use crate::vendor_time::END;

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
    pub issued_at: Option<SystemTime>,
    /// When it expires (`exp`), without the clock skew.
    pub expires_at: SystemTime,
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
    /// let expires_at = SystemTime::now() + Duration::from_secs(600);
    /// let session = SessionClaims::new("ada", "web", expires_at).with_claim("plan", "gold");
    /// assert_eq!(session.claim("plan"), Some(&"gold".into()));
    /// ```
    pub fn new(
        user_id: impl Into<String>,
        client_id: impl Into<String>,
        expires_at: SystemTime,
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

/// A time in seconds, perhaps with a fraction. No token that anybody made on purpose names one after the year 9999.
fn time(seconds: &Number) -> Result<SystemTime, SessionTokenError> {
    let whole = seconds.as_u64().or_else(|| {
        // The conversion saturates: what is too late stays out of range, and what is before 1970 is long over in 1970, too.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounds down, on purpose"
        )]
        seconds.as_f64().map(|seconds| seconds as u64)
    });
    whole
        .filter(|whole| *whole < END)
        .map(|whole| SystemTime::UNIX_EPOCH + Duration::from_secs(whole))
        .ok_or(SessionTokenError::Malformed(
            "one of its times is out of range",
        ))
}

/// A time that lies so much later, or the last there is.
fn later(time: SystemTime, by: Duration) -> SystemTime {
    let last = || SystemTime::UNIX_EPOCH + Duration::from_secs(END - 1);
    time.checked_add(by).unwrap_or_else(last)
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
