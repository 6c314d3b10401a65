//! [`VerifiedSession`]: the extractor of a session. Must not know how tokens are verified, nor who creates sessions.

use std::fmt;

use axum::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::authsignal::session_token::{SessionClaims, SessionTokenError, SessionVerifier};
use crate::cookies;

/// Where requests carry the access token of a session, and who verifies it. Put one into the router's state.
///
/// The token stands in the header `Authorization: Bearer`, or in the cookie that [`cookie`](Self::cookie) names. If both are
/// there, the header counts. A browser sends a cookie by itself, so set it with `HttpOnly`, `Secure` and a `SameSite` of
/// `Lax` or `Strict`.
///
/// ```no_run
/// use axum::Router;
/// use axum::routing::get;
/// use stepup_client::authsignal::Region;
/// use stepup_client::authsignal::session_token::SessionVerifier;
/// use stepup_client::axum::{Sessions, VerifiedSession};
///
/// async fn account(VerifiedSession(session): VerifiedSession) -> String {
///     format!("You are {}.", session.user_id)
/// }
///
/// async fn greeting(session: Option<VerifiedSession>) -> &'static str {
///     if session.is_some() { "Welcome back!" } else { "Welcome!" }
/// }
///
/// # fn main() -> stepup_client::Result<()> {
/// let verifier = SessionVerifier::builder("MY TENANT ID")
///     .region(Region::Us)
///     .client_id("MY APP CLIENT ID")
///     .build()?;
/// let sessions = Sessions::new(verifier).cookie("__Host-session");
/// let app: Router = Router::new()
///     .route("/", get(greeting))
///     .route("/account", get(account))
///     .with_state(sessions);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Sessions {
    verifier: SessionVerifier,
    cookie: Option<String>,
}

impl Sessions {
    /// Takes tokens from the header `Authorization`.
    pub fn new(verifier: SessionVerifier) -> Self {
        Self {
            verifier,
            cookie: None,
        }
    }

    /// Takes tokens from the cookie of this name, too.
    pub fn cookie(mut self, name: impl Into<String>) -> Self {
        self.cookie = Some(name.into());
        self
    }

    /// The token of a request; none if it has neither header nor cookie.
    fn token(&self, headers: &HeaderMap) -> Result<Option<String>, SessionRejection> {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        if let Some(value) = given.next() {
            let text = value.to_str().ok().filter(|_| given.next().is_none());
            let token = text.and_then(bearer).ok_or(SessionRejection::NotBearer)?;
            return Ok(Some(token.to_owned()));
        }
        let Some(name) = &self.cookie else {
            return Ok(None);
        };
        let mut found = cookies::of_name(headers, name);
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(SessionRejection::TwoCookies),
            (found, _) => Ok(found.filter(|value| !value.is_empty())),
        }
    }
}

/// The token of `Bearer TOKEN`. RFC 9110 compares the scheme without case.
fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The session of a request, whose access token was verified on this machine: signature, issuer, app client and times.
///
/// `Option<VerifiedSession>` takes requests without a token, too. A token that is there must be valid in both.
///
/// Whether the session was revoked in the meantime, only
/// [`Authsignal::validate_session`](crate::authsignal::Authsignal::validate_session) knows.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedSession(pub SessionClaims);

/// Why a request has no session. As an answer, it has a status, a text of one line, and for 401 the header
/// `WWW-Authenticate`.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionRejection {
    /// The request has no token: 401.
    Missing,
    /// The header `Authorization` is not one bearer token: 401.
    NotBearer,
    /// The cookie is there twice, and nobody can tell which of them is right: 401.
    TwoCookies,
    /// The token is not valid: 401. Or the tenant's keys could not be fetched, so nobody can tell: 503.
    Token(SessionTokenError),
}

impl SessionRejection {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Token(error) if !error.is_tokens_fault() => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNAUTHORIZED,
        }
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("the request has no session token"),
            Self::NotBearer => f.write_str("the header Authorization is not one bearer token"),
            Self::TwoCookies => f.write_str("the session cookie is there twice"),
            Self::Token(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for SessionRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Token(error) => Some(error),
            _ => None,
        }
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        let status = self.status();
        let text = self.to_string();
        // RFC 6750, section 3: an error is named only where a token was there.
        let challenge = match self {
            Self::Missing => "Bearer",
            _ => "Bearer error=\"invalid_token\"",
        };
        match status {
            StatusCode::UNAUTHORIZED => {
                (status, [(WWW_AUTHENTICATE, challenge)], text).into_response()
            }
            _ => (status, text).into_response(),
        }
    }
}

async fn session(
    headers: &HeaderMap,
    sessions: Sessions,
) -> Result<Option<VerifiedSession>, SessionRejection> {
    let Some(token) = sessions.token(headers)? else {
        return Ok(None);
    };
    let claims = sessions.verifier.verify(&token).await;
    claims
        .map(|claims| Some(VerifiedSession(claims)))
        .map_err(SessionRejection::Token)
}

impl<S> FromRequestParts<S> for VerifiedSession
where
    S: Send + Sync,
    Sessions: FromRef<S>,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let session = session(&parts.headers, Sessions::from_ref(state)).await?;
        session.ok_or(SessionRejection::Missing)
    }
}

impl<S> OptionalFromRequestParts<S> for VerifiedSession
where
    S: Send + Sync,
    Sessions: FromRef<S>,
{
    type Rejection = SessionRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        session(&parts.headers, Sessions::from_ref(state)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        let verifier = SessionVerifier::builder("tenant").api_url("http://127.0.0.1:9");
        Sessions::new(verifier.client_id("app").build().unwrap()).cookie("session")
    }

    fn headers(given: &[(&str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in given {
            let name: axum::http::HeaderName = name.parse().unwrap();
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    fn token(given: &[(&str, &str)]) -> Option<String> {
        sessions().token(&headers(given)).unwrap()
    }

    #[test]
    fn a_token_comes_from_the_header_or_else_from_the_cookie() {
        assert_eq!(token(&[]), None);
        assert_eq!(token(&[("authorization", "Bearer a")]).unwrap(), "a");
        assert_eq!(token(&[("authorization", "bearer  a")]).unwrap(), "a");
        let other = ("cookie", "theme=dark; other=x");
        assert_eq!(token(&[other, ("cookie", "session=b")]).unwrap(), "b");
        assert_eq!(token(&[("cookie", "session=")]), None);
        let both = [("cookie", "session=b"), ("authorization", "Bearer a")];
        assert_eq!(token(&both).unwrap(), "a");
    }

    #[test]
    fn a_header_or_cookies_that_name_no_one_token_are_refused() {
        for given in [
            &[("authorization", "Basic a")][..],
            &[("authorization", "Bearer ")],
            &[("authorization", "Bearer"), ("cookie", "session=b")],
            &[("authorization", "Bearer a"), ("authorization", "Bearer b")],
        ] {
            let refused = sessions().token(&headers(given));
            assert!(
                matches!(refused, Err(SessionRejection::NotBearer)),
                "{given:?}"
            );
        }
        let twice = headers(&[("cookie", "session=a; session=b")]);
        let refused = sessions().token(&twice);
        assert!(matches!(refused, Err(SessionRejection::TwoCookies)));
    }

    #[test]
    fn a_cookie_counts_only_where_the_application_names_one() {
        let mut sessions = sessions();
        sessions.cookie = None;
        let given = headers(&[("cookie", "session=b")]);
        assert_eq!(sessions.token(&given).unwrap(), None);
    }

    #[test]
    fn the_answer_says_whether_a_token_was_there() {
        let keys = SessionTokenError::Keys { source: None };
        for (rejection, status, challenge) in [
            (SessionRejection::Missing, 401, Some("Bearer")),
            (
                SessionRejection::Token(SessionTokenError::Expired),
                401,
                Some("Bearer error=\"invalid_token\""),
            ),
            (SessionRejection::Token(keys), 503, None),
        ] {
            let response = rejection.into_response();
            let found = response.headers().get(WWW_AUTHENTICATE);
            assert_eq!(response.status(), status);
            assert_eq!(found.map(|value| value.to_str().unwrap()), challenge);
        }
    }
}
