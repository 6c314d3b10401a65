//! [`StepUpLayer`]: decides whether a request passes, is redirected, or is refused. Must not know how cookies are sealed.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tower::{Layer, Service};

use super::builder::{Attributes, Clock, Condition, StepUpLayerBuilder, User};
use super::memory::{Memories, Memory};
use super::target::{Base, Target};
use crate::authsignal::requests::random_key;
use crate::authsignal::{
    ActionCode, Authsignal, IdempotencyKey, TokenToValidate, TrackOutcome, Tracked, UserId,
};
use crate::error::Error;

/// Who must pass a step-up.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct StepUpUser {
    id: UserId,
    bound: String,
}

/// Shows nothing: ids can be email addresses.
impl fmt::Debug for StepUpUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StepUpUser(..)")
    }
}

impl StepUpUser {
    /// The user of this id, by which the vendor knows them.
    pub fn new(id: impl Into<UserId>) -> Self {
        Self {
            id: id.into(),
            bound: String::new(),
        }
    }

    /// A passed step-up counts only together with this text, such as the id of the user's session: after a new sign-in, the
    /// user is challenged anew.
    pub fn bound_to(mut self, text: impl Into<String>) -> Self {
        self.bound = text.into();
        self
    }

    pub(super) fn id(&self) -> &UserId {
        &self.id
    }

    pub(super) fn bound(&self) -> &str {
        &self.bound
    }
}

/// Why a request passed: an extension of the request, for the handler.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StepUp {
    /// The user has passed a challenge.
    Passed {
        /// The key of the action, for [`get_action`](crate::authsignal::Authsignal::get_action).
        idempotency_key: IdempotencyKey,
        /// How long it counts.
        until: SystemTime,
    },
    /// The vendor's rules allow the action without a challenge, this time.
    Allowed {
        /// The key of the action.
        idempotency_key: IdempotencyKey,
    },
}

/// Why a request does not pass. It is an extension of the response, so that a layer of yours outside of this one can answer with
/// a page instead. Make a new response for that: this one has the headers of one line of text.
///
/// ```
/// use axum::response::{Html, IntoResponse, Response};
/// use stepup_client::tower::Refusal;
///
/// /// For `axum::middleware::map_response`.
/// async fn show(response: Response) -> Response {
///     match response.extensions().get::<Refusal>() {
///         Some(refusal) => (refusal.status(), Html(format!("<h1>{refusal}</h1>"))).into_response(),
///         None => response,
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Nobody is signed in: 401.
    NotSignedIn,
    /// The user came back without having passed the challenge: 403. To try again, they open the page anew, without the token.
    NotPassed,
    /// A step-up is needed, but this is not a request for a page, so a redirect would not reach the user: 403. Have the browser
    /// open the page.
    NotNavigation,
    /// The user has no authenticator to pass a challenge with: 403.
    NotEnrolled,
    /// The vendor's rules block the action: 403.
    Blocked,
    /// A person must review the action first: 403.
    ReviewRequired,
    /// The vendor did not answer, or with an error, or with what this version does not know: 503. The log has the error.
    Unavailable,
}

impl Refusal {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::FORBIDDEN,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSignedIn => "Sign in first.",
            Self::NotPassed => {
                "You have not confirmed this action. Open the page again to try once more."
            }
            Self::NotNavigation => {
                "This action needs a confirmation. Open its page in the browser."
            }
            Self::NotEnrolled => {
                "This action needs a confirmation, and you have not set up a way to confirm."
            }
            Self::Blocked => "This action is not allowed.",
            Self::ReviewRequired => "This action must be reviewed first.",
            Self::Unavailable => "This action cannot be confirmed at the moment. Try again later.",
        })
    }
}

pub(super) struct Settings {
    pub(super) authsignal: Authsignal,
    pub(super) action: ActionCode,
    pub(super) memories: Memories,
    pub(super) base: Base,
    pub(super) page_after_form: Option<String>,
    pub(super) user: User,
    pub(super) only_if: Condition,
    pub(super) attributes: Attributes,
    pub(super) remember_for: Duration,
    pub(super) challenge_within: Duration,
    pub(super) enrol: bool,
    pub(super) clock: Clock,
}

/// Requires a passed step-up for the routes below it. The [module](crate::tower) says what happens to a request. Cloning is cheap.
#[derive(Clone)]
pub struct StepUpLayer {
    settings: Arc<Settings>,
}

impl fmt::Debug for StepUpLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepUpLayer")
            .field("action", &self.settings.action.as_str())
            .finish_non_exhaustive()
    }
}

impl StepUpLayer {
    /// A layer for an action of the tenant, with a secret key of 32 random bytes that seals the cookies. Every server of the
    /// application needs the same key.
    ///
    /// Two layers with one action share their memory: a step-up for the one counts for the other.
    pub fn builder(
        authsignal: Authsignal,
        action: impl Into<ActionCode>,
        key: [u8; 32],
    ) -> StepUpLayerBuilder {
        StepUpLayerBuilder::new(authsignal, action.into(), key)
    }

    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings: Arc::new(settings),
        }
    }

    /// The header `Set-Cookie` that has the browser forget the step-up: for a sign-out, and after an action that should count
    /// only once. A copy of the cookie still counts until it expires.
    pub fn forget(&self) -> HeaderValue {
        let forget = self.settings.memories.forget();
        // A name and flags of ASCII are always a header.
        forget.unwrap_or_else(|| HeaderValue::from_static(""))
    }
}

impl<S> Layer<S> for StepUpLayer {
    type Service = StepUpService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        StepUpService {
            inner,
            settings: Arc::clone(&self.settings),
        }
    }
}

/// The service of a [`StepUpLayer`].
#[derive(Clone)]
pub struct StepUpService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S: fmt::Debug> fmt::Debug for StepUpService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepUpService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl<S, Asked, Answered> Service<Request<Asked>> for StepUpService<S>
where
    S: Service<Request<Asked>, Response = Response<Answered>> + Clone + Send + 'static,
    S::Future: Send,
    Asked: Send + 'static,
    Answered: From<String>,
{
    type Response = Response<Answered>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Asked>) -> Self::Future {
        // The one that is ready goes along; its copy may not be.
        let copy = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, copy);
        let settings = Arc::clone(&self.settings);
        Box::pin(async move {
            let (mut parts, body) = request.into_parts();
            match settings.decide(&parts).await {
                Decision::NotNeeded => {}
                Decision::Passes(step_up) => drop(parts.extensions.insert(step_up)),
                Decision::Redirect { to, remember } => return Ok(redirect(to, remember)),
                Decision::Refuse(refusal, retry_after) => {
                    let hint = match refusal {
                        Refusal::NotSignedIn => "; is the sign-in outside of this layer?",
                        _ => "",
                    };
                    tracing::debug!(target: "stepup_client", "the step-up layer refuses a request: {refusal:?}{hint}");
                    return Ok(refuse(refusal, retry_after));
                }
            }
            inner.call(Request::from_parts(parts, body)).await
        })
    }
}

enum Decision {
    NotNeeded,
    Passes(StepUp),
    Redirect {
        to: HeaderValue,
        remember: HeaderValue,
    },
    Refuse(Refusal, Option<Duration>),
}

impl From<Refusal> for Decision {
    fn from(refusal: Refusal) -> Self {
        Self::Refuse(refusal, None)
    }
}

impl Settings {
    async fn decide(&self, parts: &Parts) -> Decision {
        if !(self.only_if)(parts) {
            return Decision::NotNeeded;
        }
        let Some(user) = (self.user)(parts) else {
            return Refusal::NotSignedIn.into();
        };
        let target = target(parts);
        match (
            self.memories.read(&parts.headers, &user, (self.clock)()),
            &target.token,
        ) {
            (Some(memory), _) if memory.passed => Decision::Passes(StepUp::Passed {
                idempotency_key: IdempotencyKey::new(&memory.key),
                until: memory.expires(),
            }),
            (Some(memory), Some(token)) if parts.method == Method::GET => {
                self.validate(&user, &memory, token, &target).await
            }
            _ if !is_navigation(parts) => Refusal::NotNavigation.into(),
            (_, token) => {
                if token.is_some() {
                    tracing::warn!(
                        target: "stepup_client",
                        "a user came back from a challenge without the cookie that began it, so the challenge begins anew: is \
                         base_url the address that the browser shows, does the browser keep cookies, and is challenge_within \
                         long enough?"
                    );
                }
                self.track(parts, &user, &target).await
            }
        }
    }

    /// The user comes back: the token must prove the try that the cookie expects.
    async fn validate(
        &self,
        user: &StepUpUser,
        begun: &Memory,
        token: &str,
        target: &Target,
    ) -> Decision {
        let expected = TokenToValidate::new(token)
            .user_id(user.id())
            .action(&self.action);
        let validated = match self.authsignal.validate_challenge(expected).await {
            Ok(validated) => validated,
            // What the vendor does not take for a token.
            Err(error) if error.is_rejected() => return Refusal::NotPassed.into(),
            Err(error) => return unavailable(&error),
        };
        // The vendor compares user and action, too. It does not know which try this browser has begun.
        let proves = validated.is_valid
            && validated.user_id.as_deref() == Some(user.id().as_str())
            && validated.action() == Some(self.action.as_str())
            && validated.idempotency_key.as_deref() == Some(begun.key.as_str());
        if !proves {
            return Refusal::NotPassed.into();
        }
        let lasts = self.remember_for;
        let passed = Memory::new(user, &begun.key, true, (self.clock)(), lasts);
        self.redirect(
            self.base.url(&target.path_and_query).as_deref(),
            &passed,
            lasts,
        )
    }

    async fn track(&self, parts: &Parts, user: &StepUpUser, target: &Target) -> Decision {
        let back = match (&self.page_after_form, &parts.method) {
            (Some(page), method) if !matches!(*method, Method::GET | Method::HEAD) => {
                Some(page.clone())
            }
            _ => self.base.url(&target.path_and_query),
        };
        let (Some(back), Ok(key)) = (back, random_key()) else {
            return Refusal::Unavailable.into();
        };
        let attributes = (self.attributes)(parts)
            .idempotency_key(&key)
            .redirect_url(back);
        let tracked = self.authsignal.track(user.id(), &self.action, attributes);
        match tracked.await {
            Ok(tracked) => self.outcome(user, &key, &tracked),
            Err(error) => unavailable(&error),
        }
    }

    fn outcome(&self, user: &StepUpUser, key: &str, tracked: &Tracked) -> Decision {
        let url = match tracked.outcome() {
            // Without an authenticator, the vendor allows what it would challenge otherwise.
            TrackOutcome::Allowed { is_enrolled: true } => {
                return Decision::Passes(StepUp::Allowed {
                    idempotency_key: IdempotencyKey::new(key),
                });
            }
            TrackOutcome::Allowed { .. } if self.enrol => tracked.url(),
            TrackOutcome::Allowed { .. } => return Refusal::NotEnrolled.into(),
            TrackOutcome::ChallengeRequired { url, .. } => {
                if !tracked.is_enrolled && !self.enrol {
                    return Refusal::NotEnrolled.into();
                }
                url
            }
            TrackOutcome::Blocked => return Refusal::Blocked.into(),
            TrackOutcome::ReviewRequired => return Refusal::ReviewRequired.into(),
            // The key is new, so no state of an older try can come.
            TrackOutcome::Other(_) => return Refusal::Unavailable.into(),
        };
        let lasts = self.challenge_within;
        let begun = Memory::new(user, key, false, (self.clock)(), lasts);
        self.redirect(Some(url.expose()), &begun, lasts)
    }

    fn redirect(&self, to: Option<&str>, memory: &Memory, lasts: Duration) -> Decision {
        let to = to.and_then(|url| HeaderValue::try_from(url).ok());
        match (to, self.memories.write(memory, lasts)) {
            (Some(to), Some(remember)) => Decision::Redirect { to, remember },
            _ => Refusal::Unavailable.into(),
        }
    }
}

/// What the request asks for, with what routers of axum have taken away from its path.
fn target(parts: &Parts) -> Target {
    #[cfg(feature = "axum")]
    if let Some(axum::extract::OriginalUri(uri)) = parts.extensions.get() {
        return Target::of(uri);
    }
    Target::of(&parts.uri)
}

/// Whether a browser shows the answer as a page. Older browsers, and programs, do not say.
fn is_navigation(parts: &Parts) -> bool {
    let mode = parts.headers.get("sec-fetch-mode");
    mode.is_none_or(|mode| mode == "navigate")
}

fn unavailable(error: &Error) -> Decision {
    tracing::warn!(target: "stepup_client", %error, "a step-up cannot be decided, so the request is refused");
    Decision::Refuse(Refusal::Unavailable, error.retry_after())
}

fn answer<Answered: From<String>>(status: StatusCode, text: String) -> Response<Answered> {
    let mut response = Response::new(Answered::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn redirect<Answered: From<String>>(to: HeaderValue, remember: HeaderValue) -> Response<Answered> {
    let mut response = answer(StatusCode::SEE_OTHER, String::new());
    let headers = response.headers_mut();
    headers.insert(LOCATION, to);
    headers.insert(SET_COOKIE, remember);
    response
}

fn refuse<Answered: From<String>>(
    refusal: Refusal,
    retry_after: Option<Duration>,
) -> Response<Answered> {
    let mut response = answer(refusal.status(), refusal.to_string());
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    if let Some(wait) = retry_after {
        let seconds = HeaderValue::from(wait.as_secs());
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response.extensions_mut().insert(refusal);
    response
}

#[cfg(test)]
mod tests;
