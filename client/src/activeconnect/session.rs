//! [`Session`]: one authentication of one user, on URLs from the server. Must not send anything to
//! another origin than the client's.

use std::fmt;
use std::time::Duration;

use reqwest::{Method, Request};
use serde::{Deserialize, Deserializer};
use tokio::time::Instant;
use url::Url;

use super::client::Activeconnect;
use super::credentials::Credentials;
use super::raw::operations;
use super::raw::types::{Failure, StartedAuthentication};
use super::raw::vocabulary::SessionStatus;
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::transport::{Facts, Operation};

/// One authentication of one user.
///
/// A session keeps the last known status, and asks the server for a new one in
/// [`status`](Self::status) and [`wait`](Self::wait). It holds the session's credentials; `Debug`
/// hides them.
///
/// ```no_run
/// # async fn example(activeconnect: stepup_client::activeconnect::Activeconnect) -> stepup_client::Result<()> {
/// use stepup_client::activeconnect::WaitOptions;
///
/// let mut session = activeconnect.authenticate_user("user-1", &[]).await?;
/// session.wait(WaitOptions::default()).await?;
/// if session.active() {
///     println!("authenticated");
/// } else {
///     println!("{} {:?}", session.session_status(), session.failure_reason());
/// }
/// session.destroy().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Session {
    client: Activeconnect,
    /// The id that the application gave; the saved form has no room for it.
    user_id: Option<String>,
    saved: Saved,
}

/// The six members that the vendor's Python client saves. It needs all of them but the reason, and
/// refuses others.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    #[serde(deserialize_with = "nullable")]
    session_token: Option<Secret>,
    #[serde(deserialize_with = "nullable")]
    session_secret: Option<Secret>,
    #[serde(deserialize_with = "nullable")]
    status_url: Option<Secret>,
    #[serde(deserialize_with = "nullable")]
    logout_url: Option<Secret>,
    #[serde(default)]
    failure_reason: Option<String>,
    session_status: SessionStatus,
}

/// Present, and null or a text. (An `Option` by itself may also be absent.)
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    Option::deserialize(deserializer)
}

impl PartialEq for Session {
    /// Whether all six members of the saved form agree; the client and the user's id do not matter.
    fn eq(&self, other: &Self) -> bool {
        self.saved == other.saved
    }
}

impl Eq for Session {}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("session_status", &self.saved.session_status)
            .field("failure_reason", &self.saved.failure_reason)
            .finish_non_exhaustive()
    }
}

/// How to wait for a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitOptions {
    interval: Duration,
    deadline: Duration,
}

impl WaitOptions {
    /// The shortest interval. A shorter one is raised to it.
    pub const MIN_INTERVAL: Duration = Duration::from_millis(100);

    /// Time between two requests; the default is 2 s.
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Time after which to give up; the default is 120 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl Default for WaitOptions {
    fn default() -> Self {
        // The interval of the vendor's example application.
        Self {
            interval: Duration::from_secs(2),
            deadline: Duration::from_secs(120),
        }
    }
}

/// Keeps a loop to its interval and its deadline.
struct Pace {
    interval: Duration,
    deadline: Instant,
}

/// The deadline has come.
#[derive(Debug, PartialEq, Eq)]
struct Expired;

impl Pace {
    fn start(options: WaitOptions) -> Self {
        Self {
            interval: options.interval.max(WaitOptions::MIN_INTERVAL),
            deadline: after(options.deadline),
        }
    }

    async fn within<T>(&self, future: impl Future<Output = T>) -> Result<T, Expired> {
        tokio::time::timeout_at(self.deadline, future)
            .await
            .map_err(|_| Expired)
    }

    /// Waits for the next turn, or says at once that there is none.
    async fn pause(&self) -> Result<(), Expired> {
        let next = after(self.interval);
        if next >= self.deadline {
            return Err(Expired);
        }
        tokio::time::sleep_until(next).await;
        Ok(())
    }
}

impl Session {
    pub(super) fn started(
        client: Activeconnect,
        user_id: &str,
        answer: StartedAuthentication,
    ) -> Result<Self> {
        for url in [&answer.status_url, &answer.logout_url] {
            own_url(&client, url)?;
        }
        let saved = Saved {
            session_token: Some(answer.session_token.into()),
            session_secret: Some(answer.session_secret),
            status_url: Some(answer.status_url.into()),
            logout_url: Some(answer.logout_url.into()),
            failure_reason: None,
            session_status: answer.session_status,
        };
        Ok(Self {
            client,
            user_id: Some(user_id.to_owned()),
            saved,
        })
    }

    pub(super) fn refused(client: Activeconnect, user_id: &str, reason: String) -> Self {
        let saved = Saved {
            session_token: None,
            session_secret: None,
            status_url: None,
            logout_url: None,
            failure_reason: Some(reason),
            session_status: SessionStatus::Failed,
        };
        Self {
            client,
            user_id: Some(user_id.to_owned()),
            saved,
        }
    }

    pub(super) fn from_json(client: Activeconnect, json: &str) -> Result<Self> {
        // The place only: serde's own text can quote what it found there.
        let saved = serde_json::from_str(json).map_err(|error| {
            let place = format!(
                "not a saved session, at line {}, column {}",
                error.line(),
                error.column()
            );
            Error::new(Kind::InvalidInput).with_detail(place)
        })?;
        Ok(Self {
            client,
            user_id: None,
            saved,
        })
    }

    #[cfg(feature = "sealing")]
    pub(super) fn client(&self) -> &Activeconnect {
        &self.client
    }

    /// The id of the user whom the session is to authenticate, as the application gave it to
    /// [`authenticate_user`](Activeconnect::authenticate_user). A sealed token keeps it (`sealing::SessionSealer`, with
    /// the feature `sealing`).
    ///
    /// `None` for a session of [`session_from_json`](Activeconnect::session_from_json): that form has no room for it. Keep the
    /// id where the browser cannot change it, and give it back with [`with_user_id`](Self::with_user_id). Whoever can change
    /// the id can answer on their own phone, and be signed in as another user.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// The same session, of this user: for one that was saved as JSON. The service is not asked.
    pub fn with_user_id(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// The session as JSON, in the form of the vendor's Python client, which can load it. The user's id is not in it.
    ///
    /// The JSON contains the session's credentials. If others can read it, as in a cookie, seal it
    /// instead (`sealing::SessionSealer`, with the feature `sealing`).
    pub fn to_json(&self) -> String {
        let text =
            |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        serde_json::json!({
            "session_token": text(&self.saved.session_token),
            "session_secret": text(&self.saved.session_secret),
            "logout_url": text(&self.saved.logout_url),
            "status_url": text(&self.saved.status_url),
            "failure_reason": self.saved.failure_reason,
            "session_status": self.saved.session_status.as_str(),
        })
        .to_string()
    }

    /// The last known status. Sends nothing.
    pub fn session_status(&self) -> &SessionStatus {
        &self.saved.session_status
    }

    /// Why the authentication did not start, for example `NO_MOBILE_DEVICE`. An open set.
    pub fn failure_reason(&self) -> Option<&str> {
        self.saved.failure_reason.as_deref()
    }

    /// Whether the phone still has to answer: `pending` or `identifying`.
    pub fn in_progress(&self) -> bool {
        matches!(
            self.saved.session_status,
            SessionStatus::Pending | SessionStatus::Identifying
        )
    }

    /// Whether the user is authenticated now. A user who walked away is not.
    pub fn active(&self) -> bool {
        matches!(self.saved.session_status, SessionStatus::Active)
    }

    /// Whether the authentication failed: `failed`, `cancelled` or `timeout`.
    pub fn failed(&self) -> bool {
        use SessionStatus::{Cancelled, Failed, Timeout};
        matches!(self.saved.session_status, Failed | Cancelled | Timeout)
    }

    /// Asks the server for the status, and keeps it.
    ///
    /// A session that never started sends nothing, and its status stays `failed`.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] and [`Kind::Unauthorized`] when the session is gone,
    /// [`Kind::ForeignOrigin`] when it belongs to another server than the client's, and the kinds
    /// that every call can fail with. The kept status stays as it was.
    pub async fn status(&mut self) -> Result<&SessionStatus> {
        #[derive(Deserialize)]
        struct Standing {
            session_status: Option<SessionStatus>,
        }
        /// The vendor's client reads the wrapped form, its documentation shows the bare one.
        #[derive(Deserialize)]
        struct Answer {
            authentication_status: Option<Standing>,
            session_status: Option<SessionStatus>,
        }

        if let Some(url) = self.saved.status_url.clone() {
            let operation = &operations::SESSION_STATUS;
            let (answer, facts): (Answer, _) = self.call(operation, Method::GET, &url).await?;
            let wrapped = answer
                .authentication_status
                .and_then(|standing| standing.session_status);
            self.saved.session_status = wrapped.or(answer.session_status).ok_or_else(|| {
                Error::new(Kind::Decode)
                    .with_detail("no `session_status`")
                    .with_call(operation.id, &facts)
            })?;
        }
        Ok(&self.saved.session_status)
    }

    /// Waits until the session is no longer in progress, and returns its status.
    ///
    /// Asks at once and then every [`interval`](WaitOptions::interval). A status that this version
    /// does not know ends the wait.
    ///
    /// # Errors
    ///
    /// [`Kind::WaitTimeout`] when the deadline comes first; you can wait for the session again.
    /// Otherwise as [`status`](Self::status): the first failed call ends the wait, after the
    /// repetitions that every call has.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is safe at any time; the session keeps the last known status.
    pub async fn wait(&mut self, options: WaitOptions) -> Result<&SessionStatus> {
        let pace = Pace::start(options);
        let expired =
            |Expired| Error::new(Kind::WaitTimeout).with_call("session_status", &Facts::default());
        while self.in_progress() {
            pace.within(self.status()).await.map_err(expired)??;
            if self.in_progress() {
                pace.pause().await.map_err(expired)?;
            }
        }
        Ok(&self.saved.session_status)
    }

    /// Ends the session, and returns whether this call ended it.
    ///
    /// False for a session that had already ended. Also false, without sending anything, for one
    /// that never started.
    ///
    /// # Errors
    ///
    /// As [`status`](Self::status).
    pub async fn destroy(&mut self) -> Result<bool> {
        #[derive(Deserialize)]
        struct Answer {
            // The vendor's client takes a missing one for false.
            #[serde(default)]
            status: bool,
        }

        let Some(url) = self.saved.logout_url.clone() else {
            return Ok(false);
        };
        let (answer, _): (Answer, _) = self
            .call(&operations::SESSION_LOGOUT, Method::POST, &url)
            .await?;
        if answer.status {
            self.saved.session_status = SessionStatus::Closed;
        }
        Ok(answer.status)
    }

    /// Calls a URL from the server, signed with the session's own credentials.
    async fn call<T>(
        &self,
        operation: &'static Operation,
        method: Method,
        url: &Secret,
    ) -> Result<(T, Facts)>
    where
        T: serde::de::DeserializeOwned,
    {
        let facts = Facts::default();
        let fail = |error: Error| error.with_call(operation.id, &facts);
        let url = own_url(&self.client, url.expose()).map_err(fail)?;
        let (Some(token), Some(secret)) = (&self.saved.session_token, &self.saved.session_secret)
        else {
            return Err(fail(
                Error::new(Kind::InvalidInput).with_detail("the session has no credentials"),
            ));
        };
        let credentials = Credentials {
            id: token.expose().to_owned(),
            secret: secret.clone(),
        };

        let request = Request::new(method, url);
        let raw = self.client.raw();
        let inner = raw.inner.signing_as(credentials).keeping(facts.clone());
        let answer = inner.send(&raw.client, &mut Some(request), operation).await;

        let answer = answer.map_err(|error| Error::unanswered(error, operation.id, &facts))?;
        let status = answer.status();
        if !status.is_success() {
            let error = Error::answered::<Failure>(status.as_u16(), answer.body());
            return Err(fail(error));
        }
        let answer = Error::decode(answer.body()).map_err(fail)?;
        Ok((answer, facts))
    }
}

/// The time after a wait, or decades from now for waits that no clock can hold.
fn after(wait: Duration) -> Instant {
    const DECADES: Duration = Duration::from_secs(1_000_000_000);
    Instant::now() + wait.min(DECADES)
}

/// A URL from the server, if it is the configured server's own: a signature is a credential, and
/// goes nowhere else.
fn own_url(client: &Activeconnect, url: &str) -> Result<Url> {
    let foreign = |detail: &'static str| Error::new(Kind::ForeignOrigin).with_detail(detail);
    let url = Url::parse(url).map_err(|_| foreign("it is not an absolute URL"))?;
    if url.origin() != client.server().origin() {
        return Err(foreign("scheme, host or port differ"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(foreign("it holds credentials"));
    }
    Ok(url)
}

#[cfg(test)]
mod tests;
