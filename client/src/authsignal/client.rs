//! [`Authsignal`] and its methods. Must not know how requests are sent or repeated.

use std::fmt;
use std::sync::Arc;

use progenitor_client::Error as Generated;
use serde::de::DeserializeOwned;

use super::MOST_PASSKEYS;
use super::answers::EnrolledAuthenticator;
use super::builder::AuthsignalBuilder;
use super::calls::{CallToFinish, CallToStart};
use super::credentials::Inner;
use super::ids::{ActionCode, IdempotencyKey, UserId};
use super::pages::UserPages;
use super::raw::types::{
    self, Action, AuthenticatorConfiguration, BatchResult, CallFinished, CallStarted, Challenge,
    ChallengeStarted, Claimed, Device, ErrorResponse, Jwks, OpenidConfiguration, SessionTokens,
    StartedFlow, Tracked, UpdatedAction, User, UserAction, UserAuthenticator, UserPage, UserRecord,
    Validated, ValidatedSession, Verified, VerifiedFlow,
};
use super::raw::{self, ResponseValue};
use super::requests::{
    ActionAttributes, ActionQuery, ChallengeQuery, ChallengeToClaim, ChallengeToStart,
    DeviceMemory, FlowToStart, Passkey, SessionToCreate, SessionToValidate, TokenToValidate,
    TrackAttributes, UserAttributes, UserQuery, VerifiedAuthenticator,
};
use crate::authsignal_host::Region;
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::segment::PathSegment;
use crate::transport;

/// A client of the Authsignal Server API, for one tenant.
///
/// Methods have the names of the vendor's SDKs. Cloning is cheap and shares the connections.
/// Construction needs no tokio runtime; calls do, with its time driver enabled.
///
/// Every call has limits of time and repetition (see [`AuthsignalBuilder`]). Dropping a call's
/// future cancels the call; the server may still have carried it out.
///
/// Every call can fail with [`Kind::Unauthorized`] (a wrong secret, or one of another region),
/// [`Kind::RateLimited`], [`Kind::Server`], and the kinds of a broken connection; [`Error::code`]
/// is the vendor's error code. An id in a path must not be empty, `.` or `..`, and must not contain
/// control characters; otherwise the call fails with [`Kind::InvalidInput`] and sends nothing.
///
/// ```no_run
/// # async fn example() -> stepup_client::Result<()> {
/// use stepup_client::authsignal::{Authsignal, Region, TrackAttributes};
///
/// let authsignal = Authsignal::new("MY SERVER API SECRET", Region::Us)?;
/// let tracked = authsignal.track("user-1", "signIn", TrackAttributes::new()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Authsignal {
    shared: Arc<Shared>,
}

struct Shared {
    raw: raw::Client,
    keyed_retries: bool,
}

impl fmt::Debug for Authsignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authsignal")
            .field("server", &self.shared.raw.inner.baseurl())
            .field("keyed_retries", &self.shared.keyed_retries)
            .finish_non_exhaustive()
    }
}

pub(super) type Call = transport::Call<raw::Client>;
type Answer<T> = Result<ResponseValue<T>, Generated<ErrorResponse>>;

/// The end of a call that returns only success.
async fn done<T: DeserializeOwned>(call: &Call, answer: Answer<T>) -> Result<()> {
    match answer {
        Err(Generated::UnexpectedResponse(response)) if response.status().is_success() => Ok(()),
        Err(Generated::InvalidResponsePayload(body, _)) if body.is_empty() => Ok(()),
        answer => call.answer(answer).map(drop),
    }
}

/// As [`done`], for deletions, which can return that they did not succeed.
async fn deleted(call: &Call, answer: Answer<types::Success>) -> Result<()> {
    match answer {
        Ok(answer) if !answer.success => Err(call.fail(Error::new(Kind::Rejected))),
        answer => done(call, answer).await,
    }
}

const DEVICE: &str = "the device id";

fn segment(call: &Call, what: &'static str, id: impl Into<String>) -> Result<PathSegment> {
    PathSegment::try_from(id.into()).map_err(|error| call.fail(error.of(Kind::InvalidInput, what)))
}

fn user_segment(call: &Call, id: impl Into<UserId>) -> Result<PathSegment> {
    segment(call, "the user id", id.into().0)
}

fn action_segment(call: &Call, code: impl Into<ActionCode>) -> Result<PathSegment> {
    segment(call, "the action code", code.into().0)
}

fn key_segment(call: &Call, key: impl Into<IdempotencyKey>) -> Result<PathSegment> {
    segment(call, "the idempotency key", key.into().0)
}

impl Authsignal {
    /// A client for the tenant of a server API secret, with default settings.
    ///
    /// The server is that of the region, unless the environment variable `AUTHSIGNAL_API_URL` is set, for example to a
    /// mock's base URL.
    ///
    /// # Errors
    ///
    /// As [`AuthsignalBuilder::build`].
    pub fn new(secret: impl Into<Secret>, region: Region) -> Result<Self> {
        Self::builder(secret).region(region).build()
    }

    /// A client with default settings for what the environment names. [`AuthsignalBuilder::from_env`] lets you change the
    /// settings.
    ///
    /// | variable | holds |
    /// | --- | --- |
    /// | `AUTHSIGNAL_API_SECRET` | the tenant's server API secret |
    /// | `AUTHSIGNAL_REGION` | the tenant's region: a text that [`Region`] reads; without it, `us` |
    /// | `AUTHSIGNAL_API_URL` | the base URL of a server that is not the region's, such as a mock |
    ///
    /// # Errors
    ///
    /// [`Kind::Config`] without a secret, and as [`AuthsignalBuilder::build`].
    pub fn from_env() -> Result<Self> {
        AuthsignalBuilder::from_env()?.build()
    }

    /// A client for the tenant of a server API secret, with settings.
    ///
    /// ```
    /// # fn main() -> stepup_client::Result<()> {
    /// use std::time::Duration;
    /// use stepup_client::authsignal::Authsignal;
    ///
    /// let authsignal = Authsignal::builder("mock-authsignal-secret-0123456789abcdef")
    ///     .api_url("http://127.0.0.1:4750/v1")
    ///     .call_timeout(Duration::from_secs(5))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(secret: impl Into<Secret>) -> AuthsignalBuilder {
        AuthsignalBuilder::new(secret.into())
    }

    pub(super) fn assemble(raw: raw::Client, keyed_retries: bool) -> Self {
        Self {
            shared: Arc::new(Shared { raw, keyed_retries }),
        }
    }

    /// The generated client: every operation of the API, in builder style.
    ///
    /// It shares connections, limits and retries with this one, except that it never repeats
    /// `track`. Its types follow the API's description and change with it. Its error prints headers
    /// and bodies, so turn it into ours first.
    ///
    /// ```no_run
    /// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
    /// let user = authsignal.raw().get_user().user_id("user-1").send().await?;
    /// assert!(user.is_enrolled);
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self) -> &raw::Client {
        &self.shared.raw
    }

    crate::vendor_client::calls!(ErrorResponse);

    /// A copy with another state of the generated client.
    fn changed(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut raw = self.shared.raw.clone();
        change(&mut raw.inner);
        Self::assemble(raw, self.shared.keyed_retries)
    }

    fn raw_client(&self) -> &raw::Client {
        &self.shared.raw
    }

    fn call(&self, operation: &'static str) -> Call {
        let raw = &self.shared.raw;
        Call::new(operation, |facts| raw.carrying(raw.inner.keeping(facts)))
    }

    /// Reads a user. An unknown or deleted user is not an error: `is_enrolled` is false.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_user(&self, user_id: impl Into<UserId>) -> Result<User> {
        let call = self.call("get_user");
        let user_id = user_segment(&call, user_id)?;
        let answer = call.raw.get_user().user_id(user_id).send().await;
        call.answer(answer)
    }

    /// Finds users by exact match, and returns one page. [`user_pages`](Self::user_pages) returns
    /// all pages.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for a limit of zero, [`Kind::Rejected`] for a query without a filter,
    /// and as every call.
    pub async fn query_users(&self, query: UserQuery) -> Result<UserPage> {
        let call = self.call("query_users");
        let limit = query.checked_limit().map_err(|error| call.fail(error))?;
        let mut request = call.raw.query_users();
        if let Some(username) = query.username {
            request = request.username(username);
        }
        if let Some(email) = query.email {
            request = request.email(email);
        }
        if let Some(phone_number) = query.phone_number {
            request = request.phone_number(phone_number);
        }
        if let Some(token) = query.token {
            request = request.token(token.expose());
        }
        if let Some(limit) = limit {
            request = request.limit(limit);
        }
        if let Some(user_id) = query.last_evaluated_user_id {
            request = request.last_evaluated_user_id(user_id);
        }
        call.answer(request.send().await)
    }

    /// Finds users by exact match, page after page. Sends nothing yet.
    pub fn user_pages(&self, query: UserQuery) -> UserPages {
        UserPages::new(self.clone(), query)
    }

    /// Sets attributes of a user, and creates the user if there is none. Returns all attributes, or
    /// only those that the call set: the vendor does not say which.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for attributes that the vendor refuses, and as every call.
    pub async fn update_user(
        &self,
        user_id: impl Into<UserId>,
        attributes: UserAttributes,
    ) -> Result<UserRecord> {
        let call = self.call("update_user");
        let user_id = user_segment(&call, user_id)?;
        let request = call.raw.update_user().user_id(user_id);
        call.answer(request.body(attributes.body).send().await)
    }

    /// As [`update_user`](Self::update_user), with the request of older SDKs.
    ///
    /// # Errors
    ///
    /// As [`update_user`](Self::update_user); also [`Kind::InvalidInput`] for the user id
    /// `authenticators`, because that request enrols passkeys.
    pub async fn identify(
        &self,
        user_id: impl Into<UserId>,
        attributes: UserAttributes,
    ) -> Result<UserRecord> {
        let call = self.call("identify");
        let user_id = user_segment(&call, user_id)?;
        if user_id.as_str() == "authenticators" {
            let why = "a user of this id is reached by `update_user` only";
            return Err(call.fail(Error::new(Kind::InvalidInput).with_detail(why)));
        }
        let request = call.raw.identify().user_id(user_id);
        call.answer(request.body(attributes.body).send().await)
    }

    /// Deletes a user with their authenticators. Their actions stay.
    ///
    /// # Errors
    ///
    /// As every call. The vendor does not document what happens with an unknown user.
    pub async fn delete_user(&self, user_id: impl Into<UserId>) -> Result<()> {
        self.delete(user_id.into(), false).await
    }

    /// Deletes a user with their authenticators and actions.
    ///
    /// # Errors
    ///
    /// As [`delete_user`](Self::delete_user).
    pub async fn delete_user_with_actions(&self, user_id: impl Into<UserId>) -> Result<()> {
        self.delete(user_id.into(), true).await
    }

    async fn delete(&self, user_id: UserId, with_actions: bool) -> Result<()> {
        let call = self.call("delete_user");
        let user_id = user_segment(&call, user_id)?;
        let mut request = call.raw.delete_user().user_id(user_id);
        if with_actions {
            request = request.actions(true);
        }
        deleted(&call, request.send().await).await
    }

    /// Lists the authenticators of a user. An unknown user has none.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_authenticators(
        &self,
        user_id: impl Into<UserId>,
    ) -> Result<Vec<UserAuthenticator>> {
        let call = self.call("get_authenticators");
        let user_id = user_segment(&call, user_id)?;
        let answer = call.raw.get_authenticators().user_id(user_id).send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Enrols an authenticator that the application has verified itself, for example a phone
    /// number. Creates the user if there is none.
    ///
    /// The client does not repeat the call, because only the first answer contains recovery codes.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] when something that the method needs is missing or refused, and as every
    /// call.
    pub async fn enroll_verified_authenticator(
        &self,
        user_id: impl Into<UserId>,
        authenticator: VerifiedAuthenticator,
    ) -> Result<EnrolledAuthenticator> {
        let call = self.call("enroll_verified_authenticator");
        let user_id = user_segment(&call, user_id)?;
        let request = call.raw.enroll_verified_authenticator().user_id(user_id);
        let answer = call.answer(request.body(authenticator.body).send().await)?;
        Ok(EnrolledAuthenticator::of(answer))
    }

    /// Deletes an authenticator. A user without authenticators is not enrolled.
    ///
    /// # Errors
    ///
    /// As every call. The vendor does not document what happens with an unknown authenticator.
    pub async fn delete_authenticator(
        &self,
        user_id: impl Into<UserId>,
        user_authenticator_id: impl AsRef<str>,
    ) -> Result<()> {
        let call = self.call("delete_authenticator");
        let user_id = user_segment(&call, user_id)?;
        let id = segment(
            &call,
            "the authenticator id",
            user_authenticator_id.as_ref(),
        )?;
        let request = call.raw.delete_authenticator().user_id(user_id);
        deleted(&call, request.user_authenticator_id(id).send().await).await
    }

    /// Enrols up to 1000 passkeys of any users. Each one can succeed or fail by itself.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty user id and for more than 1000 passkeys, without sending
    /// anything; and as every call.
    pub async fn batch_enroll_passkeys(
        &self,
        passkeys: impl IntoIterator<Item = Passkey>,
    ) -> Result<BatchResult> {
        let call = self.call("batch_enroll_passkeys");
        let authenticators = passkeys
            .into_iter()
            .map(Passkey::into_body)
            .collect::<Result<Vec<_>>>()
            .map_err(|error| call.fail(error))?;
        if authenticators.len() > MOST_PASSKEYS {
            let why = "more than 1000 passkeys in one call";
            return Err(call.fail(Error::new(Kind::InvalidInput).with_detail(why)));
        }
        let request = call.raw.batch_enroll_passkeys();
        let answer = request.body(types::PasskeyBatch { authenticators });
        call.answer(answer.send().await)
    }

    /// Lists the authenticators that the tenant has configured.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_tenant_authenticators(&self) -> Result<Vec<AuthenticatorConfiguration>> {
        let call = self.call("get_tenant_authenticators");
        let answer = call.raw.get_tenant_authenticators().send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Records an action of a user, and returns what to do: allow it, refuse it, or let the user
    /// take a challenge. The vendor does not challenge a user who is not enrolled.
    ///
    /// An action code has up to 64 letters, digits, `_` and `-`; the server refuses another one ([`Kind::Rejected`]).
    ///
    /// The client repeats the call with the same idempotency key, unless
    /// [`keyed_retries`](AuthsignalBuilder::keyed_retries) is off.
    ///
    /// ```no_run
    /// # async fn example(authsignal: stepup_client::authsignal::Authsignal) -> stepup_client::Result<()> {
    /// use stepup_client::authsignal::{TrackAttributes, TrackOutcome};
    ///
    /// let attributes = TrackAttributes::new().redirect_url("https://shop.example/back");
    /// let tracked = authsignal.track("user-1", "withdraw", attributes).await?;
    /// match tracked.outcome() {
    ///     TrackOutcome::Allowed { is_enrolled: true } => println!("go on"),
    ///     // A user without an authenticator is allowed, too. Decide yourself whether that is enough.
    ///     TrackOutcome::Allowed { is_enrolled: false } => println!("enrol first"),
    ///     TrackOutcome::ChallengeRequired { url, .. } => redirect_to(url.expose()),
    ///     TrackOutcome::Blocked | TrackOutcome::ReviewRequired | TrackOutcome::Other(_) => println!("refuse"),
    /// }
    /// # Ok(())
    /// # }
    /// # fn redirect_to(_: &str) {}
    /// ```
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty idempotency key, [`Kind::Rejected`] for an invalid
    /// action code and for a tenant without authenticators, [`Kind::Signing`] when the system gives
    /// no random bytes for a key, and as every call.
    pub async fn track(
        &self,
        user_id: impl Into<UserId>,
        action: impl Into<ActionCode>,
        attributes: TrackAttributes,
    ) -> Result<Tracked> {
        let mut call = self.call("track");
        let user_id = user_segment(&call, user_id)?;
        let action = action_segment(&call, action)?;
        let key = call.raw.inner.transport.key();
        // In a block, because a future keeps room for what is in scope while it waits.
        let sending = {
            let body = attributes
                .into_body(key)
                .map_err(|error| call.fail(error))?;
            if let Some(key) = &body.idempotency_key {
                call.raw.inner = call.raw.inner.with_key(key);
            }
            if self.shared.keyed_retries {
                call.raw.inner = call.raw.inner.keyed();
            }
            let request = call.raw.track().user_id(user_id).action(action);
            request.body(body).send()
        };
        call.answer(sending.await)
    }

    /// Returns an action and its state. With `CHALLENGE_SUCCEEDED` the application can go on.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown action, and as every call.
    pub async fn get_action(
        &self,
        user_id: impl Into<UserId>,
        action: impl Into<ActionCode>,
        idempotency_key: impl Into<IdempotencyKey>,
    ) -> Result<Action> {
        let call = self.call("get_action");
        let user_id = user_segment(&call, user_id)?;
        let action = action_segment(&call, action)?;
        let key = key_segment(&call, idempotency_key)?;
        let request = call.raw.get_action().user_id(user_id).action(action);
        call.answer(request.idempotency_key(key).send().await)
    }

    /// Sets the state of an action, for example after a review. The vendor allows any state after
    /// any other.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown action, [`Kind::Rejected`] for a state that the vendor does
    /// not know, and as every call.
    pub async fn update_action(
        &self,
        user_id: impl Into<UserId>,
        action: impl Into<ActionCode>,
        idempotency_key: impl Into<IdempotencyKey>,
        attributes: impl Into<ActionAttributes>,
    ) -> Result<UpdatedAction> {
        let mut call = self.call("update_action");
        let user_id = user_segment(&call, user_id)?;
        let action = action_segment(&call, action)?;
        let key = key_segment(&call, idempotency_key)?;
        let body = attributes.into().body;
        call.raw.inner = call.raw.inner.with_key(key.as_str());
        let request = call.raw.update_action().user_id(user_id).action(action);
        let request = request.idempotency_key(key).body(body);
        call.answer(request.send().await)
    }

    /// Lists the actions of a user in the last 30 days.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an action code with a comma and for a time outside the
    /// representable range, and as every call.
    pub async fn query_user_actions(
        &self,
        user_id: impl Into<UserId>,
        query: ActionQuery,
    ) -> Result<Vec<UserAction>> {
        let call = self.call("query_user_actions");
        let user_id = user_segment(&call, user_id)?;
        let codes = query.joined_codes().map_err(|error| call.fail(error))?;
        let from = query.earliest().map_err(|error| call.fail(error))?;
        let mut request = call.raw.query_user_actions().user_id(user_id);
        if let Some(codes) = codes {
            request = request.codes(codes);
        }
        if let Some(from) = from {
            request = request.from_date(from);
        }
        if let Some(state) = query.state {
            request = request.state(state);
        }
        Ok(call.answer(request.send().await)?.0)
    }

    /// Validates a token: from the redirect of the hosted page, from a client SDK, or from
    /// [`claim_challenge`](Self::claim_challenge).
    ///
    /// A token that proves nothing is not an error: `is_valid` is false, and `error` says why. The mock
    /// answers so to a text that is no token, to an expired token, and to one of another tenant, user or action.
    ///
    /// The vendor does not document every refusal, and some SDKs raise. So treat an error with
    /// [`is_rejected`](Error::is_rejected) as a token that proves nothing, too. A test brings it about with a fault of status
    /// 400 for the operation `validate_challenge`.
    ///
    /// A token stays valid until it expires, however often it is validated. Where it must count once, remember its
    /// `idempotency_key`.
    ///
    /// ```no_run
    /// # async fn example(authsignal: stepup_client::authsignal::Authsignal, token: &str) -> stepup_client::Result<()> {
    /// use stepup_client::authsignal::TokenToValidate;
    ///
    /// let token = TokenToValidate::new(token).user_id("user-1").action("withdraw");
    /// if authsignal.validate_challenge(token).await?.is_valid {
    ///     println!("go on");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn validate_challenge(&self, token: impl Into<TokenToValidate>) -> Result<Validated> {
        let body = token.into().body;
        let call = self.call("validate_challenge");
        let answer = call.raw.validate_challenge().body(body).send().await;
        call.answer(answer)
    }

    /// Sends a one-time code.
    ///
    /// The client does not repeat the call: each repetition would send another message.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an action code that cannot stand in a path and for an empty
    /// idempotency key, [`Kind::Rejected`] when something that the method needs is missing, and as
    /// every call.
    pub async fn challenge(&self, challenge: ChallengeToStart) -> Result<ChallengeStarted> {
        let mut call = self.call("challenge");
        let body = challenge.into_body().map_err(|error| call.fail(error))?;
        if let Some(key) = &body.idempotency_key {
            call.raw.inner = call.raw.inner.with_key(key);
        }
        let answer = call.raw.challenge().body(body).send().await;
        call.answer(answer)
    }

    /// Checks the one-time code of a challenge. A wrong code is not an error: `is_verified` is
    /// false, and `failure_reason` is the reason.
    ///
    /// The client does not repeat the call: each repetition would count as an attempt.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn verify(
        &self,
        challenge_id: impl Into<String>,
        verification_code: impl Into<Secret>,
    ) -> Result<Verified> {
        let body = types::CodeToVerify {
            challenge_id: challenge_id.into(),
            verification_code: verification_code.into(),
        };
        let call = self.call("verify");
        let answer = call.raw.verify().body(body).send().await;
        call.answer(answer)
    }

    /// Assigns a verified challenge to a user, and returns a token that proves it.
    ///
    /// The client does not repeat the call.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty user id, [`Kind::Rejected`] when the challenge is not
    /// verified, and as every call.
    pub async fn claim_challenge(&self, challenge: ChallengeToClaim) -> Result<Claimed> {
        let call = self.call("claim_challenge");
        let body = challenge.into_body().map_err(|error| call.fail(error))?;
        let answer = call.raw.claim_challenge().body(body).send().await;
        call.answer(answer)
    }

    /// Finds a challenge. If there is none, the answer is empty.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_challenge(&self, query: ChallengeQuery) -> Result<Challenge> {
        let call = self.call("get_challenge");
        let mut request = call.raw.get_challenge();
        if let Some(challenge_id) = query.challenge_id {
            request = request.challenge_id(challenge_id);
        }
        if let Some(user_id) = query.user_id {
            request = request.user_id(user_id);
        }
        if let Some(action) = query.action {
            request = request.action(action);
        }
        if let Some(method) = query.verification_method {
            request = request.verification_method(method);
        }
        call.answer(request.send().await)
    }

    /// Starts a flow, and returns its first step with the token for it. Versions of the vendor's
    /// SDKs that are not released yet have this call.
    ///
    /// The client does not repeat the call.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty member, [`Kind::Rejected`] for an action that is no flow
    /// ([`Error::code`] is `invalid_action`), and as every call.
    pub async fn start_flow(&self, flow: FlowToStart) -> Result<StartedFlow> {
        let call = self.call("start_flow");
        let body = flow.into_body().map_err(|error| call.fail(error))?;
        call.answer(call.raw.start_flow().body(body).send().await)
    }

    /// Verifies a flow by its newest challenge token. Grant access only if
    /// [`is_succeeded`](super::FlowAction::is_succeeded), whatever the client says. Versions of the
    /// vendor's SDKs that are not released yet have this call.
    ///
    /// The client does not repeat the call: it may open a session.
    ///
    /// # Errors
    ///
    /// [`Kind::Rejected`] for a token of another action, [`Kind::Unauthorized`] for an invalid or
    /// expired one, and as every call.
    pub async fn verify_flow(
        &self,
        action: impl Into<ActionCode>,
        challenge_token: impl Into<Secret>,
    ) -> Result<VerifiedFlow> {
        let call = self.call("verify_flow");
        let body = types::FlowToVerify {
            action_code: action_segment(&call, action)?,
            challenge_token: challenge_token.into(),
        };
        call.answer(call.raw.verify_flow().body(body).send().await)
    }

    /// Call Connect: sends a caller a message with which they prove who they are. The vendor has this API at a base URL
    /// of its own (`https://us-connect.authsignal.com`), with a secret of its own, so build a client for it.
    ///
    /// The client does not repeat the call.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty reference, and as every call.
    pub async fn start_call(&self, caller: CallToStart) -> Result<CallStarted> {
        let call = self.call("start_call");
        let body = caller.into_body().map_err(|error| call.fail(error))?;
        let answer = call.raw.start_call().body(body).send().await;
        call.answer(answer)
    }

    /// Call Connect: says how a call ended.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty reference, and as every call.
    pub async fn finish_call(&self, ended: CallToFinish) -> Result<()> {
        let call = self.call("finish_call");
        let body = ended.into_body().map_err(|error| call.fail(error))?;
        let answer = call.raw.finish_call().body(body).send().await;
        let _: CallFinished = call.answer(answer)?;
        Ok(())
    }

    /// Exchanges a token for a session. The token's action must be `CHALLENGE_SUCCEEDED`.
    ///
    /// The client does not repeat the call.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty client id, [`Kind::Unauthorized`] or [`Kind::Rejected`]
    /// for a token that gives no session, and as every call.
    pub async fn create_session(&self, session: SessionToCreate) -> Result<SessionTokens> {
        let call = self.call("create_session");
        let body = session.into_body().map_err(|error| call.fail(error))?;
        let answer = call.raw.create_session().body(body).send().await;
        call.answer(answer)
    }

    /// Validates an access token, and returns the user and the session.
    ///
    /// # Errors
    ///
    /// [`Kind::Unauthorized`] for an access token that is invalid, expired or revoked, and as every
    /// call.
    pub async fn validate_session(
        &self,
        session: impl Into<SessionToValidate>,
    ) -> Result<ValidatedSession> {
        let body = session.into().body;
        let call = self.call("validate_session");
        let answer = call.raw.validate_session().body(body).send().await;
        call.answer(answer)
    }

    /// Exchanges a refresh token for new tokens, and revokes the old ones.
    ///
    /// The client does not repeat the call: a refresh token works once.
    ///
    /// # Errors
    ///
    /// [`Kind::Unauthorized`] for a refresh token that does not work, and as every call.
    pub async fn refresh_session(&self, refresh_token: impl Into<Secret>) -> Result<SessionTokens> {
        let body = types::SessionToRefresh {
            refresh_token: refresh_token.into(),
        };
        let call = self.call("refresh_session");
        let answer = call.raw.refresh_session().body(body).send().await;
        call.answer(answer)
    }

    /// Revokes the session of an access token.
    ///
    /// The client repeats the call. If the answer of the first request was lost, the session is over, and the repetition
    /// fails with [`Kind::Unauthorized`] and [`attempts`](Error::attempts) of more than one.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn revoke_session(&self, access_token: impl Into<Secret>) -> Result<()> {
        let body = types::SessionToRevoke {
            access_token: access_token.into(),
        };
        let call = self.call("revoke_session");
        done(&call, call.raw.revoke_session().body(body).send().await).await
    }

    /// Revokes every session of a user.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an empty user id, and as every call.
    pub async fn revoke_user_sessions(&self, user_id: impl Into<UserId>) -> Result<()> {
        let call = self.call("revoke_user_sessions");
        let user_id = types::UserToRevokeUserId::try_from(user_id.into().0).map_err(|_| {
            call.fail(Error::new(Kind::InvalidInput).with_detail("the user id is empty"))
        })?;
        let request = call.raw.revoke_user_sessions();
        let answer = request.body(types::UserToRevoke { user_id }).send().await;
        done(&call, answer).await
    }

    /// Lists the devices of a user.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn get_devices(&self, user_id: impl Into<UserId>) -> Result<Vec<Device>> {
        let call = self.call("get_devices");
        let user_id = user_segment(&call, user_id)?;
        let answer = call.raw.get_devices().user_id(user_id).send().await;
        Ok(call.answer(answer)?.0)
    }

    /// Remembers or forgets a device of a user.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for a time outside the representable range, [`Kind::NotFound`] for an
    /// unknown device, [`Kind::Rejected`] for a time in the past, and as every call.
    pub async fn update_device(
        &self,
        user_id: impl Into<UserId>,
        device_id: impl AsRef<str>,
        memory: DeviceMemory,
    ) -> Result<Device> {
        let mut call = self.call("update_device");
        let user_id = user_segment(&call, user_id)?;
        let device_id = segment(&call, DEVICE, device_id.as_ref())?;
        let body = memory.body().map_err(|error| call.fail(error))?;
        if memory == DeviceMemory::Forgotten {
            // The vendor documents an explicit null; the generated type can only leave it out.
            call.raw.inner = call.raw.inner.sending(r#"{"rememberedUntil":null}"#);
        }
        let request = call.raw.update_device().user_id(user_id);
        let request = request.device_id(device_id).body(body);
        call.answer(request.send().await)
    }

    /// Invalidates a device of a user: a challenge passed on it no longer counts.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown device, and as every call.
    pub async fn invalidate_device(
        &self,
        user_id: impl Into<UserId>,
        device_id: impl AsRef<str>,
    ) -> Result<Device> {
        let call = self.call("invalidate_device");
        let user_id = user_segment(&call, user_id)?;
        let device_id = segment(&call, DEVICE, device_id.as_ref())?;
        let request = call.raw.invalidate_device().user_id(user_id);
        call.answer(request.device_id(device_id).send().await)
    }

    /// The public keys that verify a tenant's RS256 tokens, such as access tokens of sessions.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown tenant, and as every call.
    pub async fn jwks(&self, tenant_id: impl AsRef<str>) -> Result<Jwks> {
        let call = self.call("get_jwks");
        let tenant_id = segment(&call, "the tenant id", tenant_id.as_ref())?;
        let answer = call.raw.get_jwks().tenant_id(tenant_id).send().await;
        call.answer(answer)
    }

    /// The discovery document of a tenant: the issuer of its sessions' access tokens, and where the keys are.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for an unknown tenant, and as every call.
    pub async fn openid_configuration(
        &self,
        tenant_id: impl AsRef<str>,
    ) -> Result<OpenidConfiguration> {
        let call = self.call("get_openid_configuration");
        let tenant_id = segment(&call, "the tenant id", tenant_id.as_ref())?;
        let request = call.raw.get_openid_configuration().tenant_id(tenant_id);
        call.answer(request.send().await)
    }
}

#[cfg(test)]
mod tests;
