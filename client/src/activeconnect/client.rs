//! [`Activeconnect`] and its methods. Must not know how requests are signed or repeated.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::builder::ActiveconnectBuilder;
use super::credentials::{Credentials, Inner};
use super::raw;
use super::raw::successes::AddUsersSuccess;
use super::raw::types;
use super::raw::vocabulary::AuthenticationMethod;
use super::session::Session;
use super::users::{AddedUser, RegistrationLink, RegistrationSms, UsersAdded};
use crate::comma_list::CommaList;
use crate::error::{Error, Kind, Result};
use crate::secret::Secret;
use crate::segment::PathSegment;
use crate::transport::{self, Facts};

/// A client of the Activeconnect API, for one application.
///
/// Cloning is cheap and shares the connections. Construction needs no tokio runtime; calls do, with
/// its time driver enabled.
///
/// Every call has limits of time and repetition (see [`ActiveconnectBuilder`]). Dropping a call's
/// future cancels the call; the server may still have carried it out.
///
/// ```no_run
/// # async fn example() -> stepup_client::Result<()> {
/// use stepup_client::activeconnect::Activeconnect;
///
/// let activeconnect = Activeconnect::new("my-application", "my-application-secret")?;
/// activeconnect.add_user("user-1").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Activeconnect {
    shared: Arc<Shared>,
}

struct Shared {
    application_id: PathSegment,
    /// For comparing origins; `raw` holds the same as text.
    server: Url,
    raw: raw::Client,
}

impl fmt::Debug for Activeconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activeconnect")
            .field("application_id", &self.shared.application_id)
            .field("server", &self.shared.server.as_str())
            .finish_non_exhaustive()
    }
}

type Call = transport::Call<raw::Client>;

impl Call {
    /// The documented refusal: an answer of success with `status` false.
    fn accepted(&self, status: bool, reason: Option<&str>) -> Result<()> {
        match status {
            true => Ok(()),
            false => {
                Err(self.fail(Error::new(Kind::Rejected).with_reason(reason.unwrap_or_default())))
            }
        }
    }

    fn acknowledged(&self, answer: &types::Acknowledgement) -> Result<()> {
        self.accepted(answer.status, answer.reason.as_deref())
    }
}

fn user_id(operation: &'static str, id: &str) -> Result<PathSegment> {
    PathSegment::try_from(id).map_err(|error| {
        error
            .of(Kind::InvalidInput, "the user id")
            .with_call(operation, &Facts::default())
    })
}

/// The number of seconds, which must be whole and at least one.
fn whole_seconds(operation: &'static str, duration: Duration) -> Result<NonZeroU64> {
    NonZeroU64::new(duration.as_secs())
        .filter(|_| duration.subsec_nanos() == 0)
        .ok_or_else(|| {
            Error::new(Kind::InvalidInput)
                .with_detail("the duration, which must be whole seconds and at least one")
                .with_call(operation, &Facts::default())
        })
}

fn user_ids(
    operation: &'static str,
    ids: impl IntoIterator<Item = impl AsRef<str>>,
) -> Result<types::UserList> {
    let users = ids
        .into_iter()
        .map(|id| user_id(operation, id.as_ref()))
        .collect::<Result<_>>()?;
    Ok(types::UserList { users })
}

impl Activeconnect {
    /// A client for the application, with default settings.
    ///
    /// The server is the vendor's, unless the environment variable `ACTIVE_CONNECT_SERVER` is set.
    ///
    /// # Errors
    ///
    /// As [`ActiveconnectBuilder::build`].
    pub fn new(application_id: impl Into<String>, secret: impl Into<Secret>) -> Result<Self> {
        Self::builder(application_id, secret).build()
    }

    /// A client for the application, with settings.
    ///
    /// ```
    /// # fn main() -> stepup_client::Result<()> {
    /// use std::time::Duration;
    /// use stepup_client::activeconnect::Activeconnect;
    ///
    /// let activeconnect = Activeconnect::builder("mock-app", "mock-app-secret-24-bytes")
    ///     .server("http://127.0.0.1:4750")
    ///     .call_timeout(Duration::from_secs(5))
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder(
        application_id: impl Into<String>,
        secret: impl Into<Secret>,
    ) -> ActiveconnectBuilder {
        ActiveconnectBuilder::new(application_id.into(), secret.into())
    }

    pub(super) fn assemble(application_id: PathSegment, server: Url, raw: raw::Client) -> Self {
        let shared = Shared {
            application_id,
            server,
            raw,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The id of the application.
    pub fn application_id(&self) -> &str {
        self.shared.application_id.as_str()
    }

    /// The generated client: every operation of the API, in builder style, signed as the
    /// application.
    ///
    /// It shares connections, limits and retries with this one. Its types follow the API's
    /// description and change with it. Its error prints headers and bodies, so turn it into ours
    /// first.
    ///
    /// ```no_run
    /// # async fn example(activeconnect: stepup_client::activeconnect::Activeconnect) -> stepup_client::Result<()> {
    /// let answer = activeconnect
    ///     .raw()
    ///     .has_registered_mobile_device()
    ///     .application_id(activeconnect.application_id())
    ///     .user_id("user-1")
    ///     .send()
    ///     .await?;
    /// assert!(answer.device_registered);
    /// # Ok(())
    /// # }
    /// ```
    pub fn raw(&self) -> &raw::Client {
        &self.shared.raw
    }

    /// The generated client, signing with other credentials than the application's: for example a
    /// device's, for the phone's side of the API.
    pub fn raw_as(&self, client_id: impl Into<String>, secret: impl Into<Secret>) -> raw::Client {
        let credentials = Credentials {
            id: client_id.into(),
            secret: secret.into(),
        };
        let raw = &self.shared.raw;
        raw.carrying(raw.inner.signing_as(credentials))
    }

    pub(super) fn server(&self) -> &Url {
        &self.shared.server
    }

    crate::vendor_client::calls!(types::Failure);

    /// A copy with another state of the generated client.
    fn changed(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut raw = self.shared.raw.clone();
        change(&mut raw.inner);
        let Shared {
            application_id,
            server,
            ..
        } = &*self.shared;
        Self::assemble(application_id.clone(), server.clone(), raw)
    }

    fn raw_client(&self) -> &raw::Client {
        &self.shared.raw
    }

    fn call(&self, operation: &'static str) -> Call {
        let raw = &self.shared.raw;
        Call::new(operation, |facts| raw.carrying(raw.inner.keeping(facts)))
    }

    /// Adds a user. The application chooses user ids; the vendor ignores case when it compares
    /// them.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an id that cannot stand in a path (empty, `.`, `..`, control
    /// characters), [`Kind::Rejected`] with the vendor's reason, and the kinds that every call can
    /// fail with.
    pub async fn add_user(&self, user_id: impl AsRef<str>) -> Result<AddedUser> {
        let (added, call) = self.users_added([user_id]).await?;
        if !added.existing.is_empty() {
            Ok(AddedUser::Existing)
        } else if !added.created.is_empty() {
            Ok(AddedUser::Created)
        } else {
            let error =
                Error::new(Kind::Decode).with_detail("the user is neither created nor existing");
            Err(call.fail(error))
        }
    }

    /// Adds users, and returns which of them are new.
    ///
    /// The client does not repeat the call: after a lost answer it could not tell which users were
    /// new.
    ///
    /// # Errors
    ///
    /// As [`add_user`](Self::add_user). One invalid id refuses the whole list, and nothing is sent.
    pub async fn add_users(
        &self,
        user_ids: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<UsersAdded> {
        Ok(self.users_added(user_ids).await?.0)
    }

    async fn users_added(
        &self,
        ids: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(UsersAdded, Call)> {
        let call = self.call("add_users");
        let users = user_ids(call.operation, ids)?;
        let answer = call
            .raw
            .add_users()
            .application_id(self.shared.application_id.clone())
            .body(users)
            .send()
            .await;
        let status = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
        let body: Value = call.answer(answer)?;
        let success = AddUsersSuccess::decode(status, body)
            .map_err(|error| call.fail(Error::new(Kind::Decode).with_detail(error.to_string())))?;
        let (status, users, reason) = match success {
            AddUsersSuccess::Ok(answer) => (answer.status, answer.users, answer.reason),
            AddUsersSuccess::Created(answer) => (answer.status, answer.users, None),
        };
        call.accepted(status, reason.as_deref())?;
        let added = users.map_or_else(UsersAdded::default, |users| UsersAdded {
            created: users.created.unwrap_or_default(),
            existing: users.existing.unwrap_or_default(),
        });
        Ok((added, call))
    }

    /// Makes a link that registers the user's phone.
    ///
    /// `display_name` is a readable name of the user. The phone's application shows it, and the
    /// vendor does not store it. The client does not send an empty one.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for the id, [`Kind::NotFound`] for an unknown user,
    /// [`Kind::Rejected`], and the kinds that every call can fail with.
    pub async fn registration_link(
        &self,
        user_id: impl AsRef<str>,
        display_name: Option<&str>,
    ) -> Result<RegistrationLink> {
        let call = self.call("device_registration_link");
        let user_id = self::user_id(call.operation, user_id.as_ref())?;
        let mut request = call
            .raw
            .device_registration_link()
            .application_id(self.shared.application_id.clone())
            .user_id(user_id);
        if let Some(display_name) = display_name.filter(|name| !name.is_empty()) {
            request = request.display_name(display_name);
        }
        let answer = request.send().await;
        self.link(&call, call.answer(answer)?)
    }

    /// Disables the user's phone, and makes a link that registers another.
    ///
    /// The client does not repeat the call: a repetition would disable a phone registered in the
    /// meantime.
    ///
    /// # Errors
    ///
    /// As [`registration_link`](Self::registration_link).
    pub async fn lost_user_mobile_device(
        &self,
        user_id: impl AsRef<str>,
    ) -> Result<RegistrationLink> {
        let call = self.call("lost_user_mobile_device");
        let user_id = self::user_id(call.operation, user_id.as_ref())?;
        let answer = call
            .raw
            .lost_user_mobile_device()
            .application_id(self.shared.application_id.clone())
            .user_id(user_id)
            .send()
            .await;
        self.link(&call, call.answer(answer)?)
    }

    fn link(&self, call: &Call, answer: types::RegistrationLink) -> Result<RegistrationLink> {
        call.accepted(answer.status, None)?;
        match answer.register_url {
            Some(link) => Ok(RegistrationLink(link)),
            None => Err(call.fail(Error::new(Kind::Decode).with_detail("no `register_url`"))),
        }
    }

    /// Sends a registration link to a phone as a text message.
    ///
    /// The client does not repeat the call: each repetition would send another message.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for the id or an empty phone number, [`Kind::NotFound`] for an
    /// unknown user, [`Kind::Rejected`] with the vendor's reason, and the kinds that every call can
    /// fail with.
    pub async fn send_registration_sms(
        &self,
        user_id: impl AsRef<str>,
        sms: RegistrationSms,
    ) -> Result<()> {
        let call = self.call("send_registration_sms");
        let user_id = self::user_id(call.operation, user_id.as_ref())?;
        if !sms.has_phone_number() {
            return Err(
                call.fail(Error::new(Kind::InvalidInput).with_detail("the phone number is empty"))
            );
        }
        let answer = call
            .raw
            .send_registration_sms()
            .application_id(self.shared.application_id.clone())
            .user_id(user_id)
            .body(sms.into())
            .send()
            .await;
        call.acknowledged(&call.answer(answer)?)
    }

    /// Returns whether the user has a registered phone.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for the id, [`Kind::NotFound`] for an unknown user, and the kinds
    /// that every call can fail with.
    pub async fn has_registered_mobile_device(&self, user_id: impl AsRef<str>) -> Result<bool> {
        let call = self.call("has_registered_mobile_device");
        let user_id = self::user_id(call.operation, user_id.as_ref())?;
        let answer = call
            .raw
            .has_registered_mobile_device()
            .application_id(self.shared.application_id.clone())
            .user_id(user_id)
            .send()
            .await;
        // The vendor's clients look at this member alone, whatever `status` says.
        Ok(call.answer(answer)?.device_registered)
    }

    /// Deletes a user, with phone and sessions.
    ///
    /// # Errors
    ///
    /// As [`delete_users`](Self::delete_users).
    pub async fn delete_user(&self, user_id: impl AsRef<str>) -> Result<()> {
        self.delete_users([user_id]).await
    }

    /// Deletes users, with phones and sessions. The vendor does not document what happens with
    /// unknown ids.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for an invalid id, without sending anything; [`Kind::Rejected`] with
    /// the vendor's reason, and the kinds that every call can fail with.
    pub async fn delete_users(
        &self,
        user_ids: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<()> {
        let call = self.call("delete_users");
        let users = self::user_ids(call.operation, user_ids)?;
        let answer = call
            .raw
            .delete_users()
            .application_id(self.shared.application_id.clone())
            .body(users)
            .send()
            .await;
        call.acknowledged(&call.answer(answer)?)
    }

    /// Asks the user's phone to authenticate them.
    ///
    /// With no `methods` the service chooses. The vendor recommends this.
    ///
    /// A refusal is not an error: it returns a session that has [`failed`](Session::failed), with a
    /// [`failure_reason`](Session::failure_reason) such as `NO_MOBILE_DEVICE`.
    ///
    /// The client does not repeat the call: each repetition would ask the user again.
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for the id, [`Kind::NotFound`] for an unknown user,
    /// [`Kind::ForeignOrigin`] when the session's URLs belong to another server than the configured
    /// one, and the kinds that every call can fail with.
    pub async fn authenticate_user(
        &self,
        user_id: impl AsRef<str>,
        methods: &[AuthenticationMethod],
    ) -> Result<Session> {
        self.start(user_id.as_ref(), methods, None).await
    }

    /// Asks the user's phone to authenticate them, for a session that lasts at most as long as
    /// `duration` once it is active, in whole seconds.
    ///
    /// Only the clients of IAMPASS 0.0.31 and later send a duration. Their source names an hour as
    /// the default.
    ///
    /// ```no_run
    /// # async fn example(iampass: stepup_client::activeconnect::Activeconnect) -> stepup_client::Result<()> {
    /// use std::time::Duration;
    ///
    /// let quarter = Duration::from_secs(15 * 60);
    /// let session = iampass.authenticate_user_for("user-1", &[], quarter).await?;
    /// # let _ = session;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`authenticate_user`](Self::authenticate_user), and [`Kind::InvalidInput`] for a duration
    /// that is shorter than a second or has a fraction of one.
    pub async fn authenticate_user_for(
        &self,
        user_id: impl AsRef<str>,
        methods: &[AuthenticationMethod],
        duration: Duration,
    ) -> Result<Session> {
        self.start(user_id.as_ref(), methods, Some(duration)).await
    }

    async fn start(
        &self,
        user_id: &str,
        methods: &[AuthenticationMethod],
        duration: Option<Duration>,
    ) -> Result<Session> {
        let call = self.call("authenticate_user");
        let segment = self::user_id(call.operation, user_id)?;
        let mut request = call
            .raw
            .authenticate_user()
            .application_id(self.shared.application_id.clone())
            .user_id(segment);
        if !methods.is_empty() {
            request = request.methods(CommaList(methods.to_vec()));
        }
        if let Some(duration) = duration {
            request = request.duration_seconds(whole_seconds(call.operation, duration)?);
        }
        let answer = request.send().await;
        let body: Value = call.answer(answer)?;

        // The vendor's client looks at this member and not at the status; the documentation's 202
        // and 200 agree with it.
        let started = body
            .pointer("/authentication_status/authenticated")
            .and_then(Value::as_bool);
        if started == Some(true) {
            let answer: types::AuthenticationStarted =
                Error::decode_value(body).map_err(|error| call.fail(error))?;
            Session::started(self.clone(), user_id, answer.authentication_status)
                .map_err(|error| call.fail(error))
        } else {
            let answer: types::AuthenticationRefused =
                Error::decode_value(body).map_err(|error| call.fail(error))?;
            Ok(Session::refused(
                self.clone(),
                user_id,
                answer.authentication_status.reason,
            ))
        }
    }

    /// Restores a session from JSON of [`Session::to_json`] or of the vendor's Python client. It does not know its user until
    /// you call [`Session::with_user_id`].
    ///
    /// # Errors
    ///
    /// [`Kind::InvalidInput`] for anything except the JSON of a session.
    pub fn session_from_json(&self, json: &str) -> Result<Session> {
        Session::from_json(self.clone(), json)
    }
}

#[cfg(test)]
mod tests;
