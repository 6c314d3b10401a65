//! The Activeconnect part of a mock inside a test: its addresses and credentials, its users, and their phones.

use std::fmt;
use std::sync::Arc;

use super::failure::planned;
use super::fault::planned as faults_of;
use super::{Error, Failure, Fault, Running, Scenario, scenario};
use crate::domain::activeconnect::session::{Event, Status};
use crate::domain::links;
use crate::generated::activeconnect::operations;
use crate::runtime::part::ActiveconnectPart;
use crate::sim::phone::{self, PhoneAnswer, RegisteredPhone};

/// An Activeconnect application of a [`MockServer`](crate::MockServer).
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mock = stepup_mock::MockServer::start().await?;
/// let application = mock.activeconnect();
/// application.create_user("ada")?;
/// application.phone("ada").register_with_new_link().await?;
/// // Point your own code at `application.server_url()` and let it call `authenticate_user`, then:
/// // application.phone("ada").approve().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct ActiveconnectApplication {
    mock: Arc<Running>,
    application: Arc<ActiveconnectPart>,
}

impl fmt::Debug for ActiveconnectApplication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the secret.
        f.debug_struct("ActiveconnectApplication")
            .field("application_id", &self.application_id())
            .finish_non_exhaustive()
    }
}

impl ActiveconnectApplication {
    pub(super) fn new(mock: Arc<Running>, application: Arc<ActiveconnectPart>) -> Self {
        Self { mock, application }
    }

    /// URL of the server: `ACTIVE_CONNECT_SERVER` of the vendor's Python SDK.
    pub fn server_url(&self) -> &str {
        &self.mock.addresses.mock
    }

    /// Id of the application.
    pub fn application_id(&self) -> &str {
        &self.application.account().id
    }

    /// Secret that requests are signed with.
    pub fn application_secret(&self) -> &str {
        &self.application.account().secret
    }

    /// Creates a user who has no phone yet.
    ///
    /// # Errors
    /// The user exists, or the user id is empty.
    pub fn create_user(&self, user_id: &str) -> Result<(), Error> {
        if user_id.is_empty() {
            return Err(Error::Malformed(
                "the user id is empty; give the user one".to_owned(),
            ));
        }
        let users = vec![user_id.to_owned()];
        let added = self.application.transact(|activeconnect, _| {
            activeconnect.room_for(&users)?;
            Ok(activeconnect.add_users(users))
        });
        let added = added.map_err(Error::NotAllowed)?;
        if added.existing.is_empty() {
            return Ok(());
        }
        Err(Error::NotAllowed(format!(
            "user {user_id} already exists; `reset` empties the mock"
        )))
    }

    /// Whether the user has a registered phone.
    ///
    /// # Errors
    /// The user does not exist.
    pub fn has_phone(&self, user_id: &str) -> Result<bool, Error> {
        self.application
            .look(|activeconnect, _| activeconnect.has_device(user_id))
            .map_err(|refusal| Error::NotFound(refusal.to_string()))
    }

    /// Replaces what is planned of the next requests to this application: those that fail, in this order. With an empty
    /// list, none does. A tenant that is at Authsignal, too, has one list for both.
    ///
    /// # Errors
    /// There is no such operation, or a status or a header cannot be.
    pub fn set_failures(&self, failures: impl IntoIterator<Item = Failure>) -> Result<(), Error> {
        self.application.ledger().plan_faults(planned(failures)?);
        Ok(())
    }

    /// Replaces what is planned of the next requests to this application: what goes wrong with them. With an empty list,
    /// nothing does. A tenant that is at Authsignal, too, has one list for both, and failures are on it.
    ///
    /// # Errors
    /// One of the faults cannot be.
    pub fn set_faults(&self, faults: impl IntoIterator<Item = Fault>) -> Result<(), Error> {
        self.application.ledger().plan_faults(faults_of(faults)?);
        Ok(())
    }

    /// Plans what happens next in this tenant, in place of what was planned before: how actions are decided, whether messages
    /// arrive, what people with phones do. With an empty list, nothing is planned. A tenant that is at Authsignal, too, has one
    /// list for both, and what [`set_next_outcome`](crate::AuthsignalTenant::set_next_outcome) sets is on it.
    ///
    /// # Errors
    /// One of the scenarios cannot be. Nothing has changed then.
    pub fn set_scenarios(
        &self,
        scenarios: impl IntoIterator<Item = Scenario>,
    ) -> Result<(), Error> {
        scenario::plan(&self.mock, self.application.ledger(), scenarios, false)
    }

    /// As [`set_scenarios`](Self::set_scenarios), but the scenarios come after those that are planned already.
    ///
    /// # Errors
    /// As [`set_scenarios`](Self::set_scenarios).
    pub fn add_scenarios(
        &self,
        scenarios: impl IntoIterator<Item = Scenario>,
    ) -> Result<(), Error> {
        scenario::plan(&self.mock, self.application.ledger(), scenarios, true)
    }

    /// The simulated phone of a user.
    pub fn phone(&self, user_id: &str) -> ActiveconnectPhone {
        ActiveconnectPhone {
            mock: Arc::clone(&self.mock),
            application: Arc::clone(&self.application),
            user_id: user_id.to_owned(),
        }
    }
}

/// The simulated phone of an Activeconnect user. It calls the vendor's own operations for phones.
#[derive(Clone, Debug)]
pub struct ActiveconnectPhone {
    mock: Arc<Running>,
    application: Arc<ActiveconnectPart>,
    user_id: String,
}

impl ActiveconnectPhone {
    /// Opens a registration link. The phone then belongs to the link's user.
    ///
    /// # Errors
    /// The link is unknown, used or expired, or the user has another device.
    pub async fn register(&self, link: &str) -> Result<RegisteredPhone, Error> {
        let phones = &self.mock.phones;
        Ok(phones.register(&self.mock.app, link, None).await?)
    }

    /// Makes a registration link for the user and opens it.
    ///
    /// # Errors
    /// The user does not exist, or has another device.
    pub async fn register_with_new_link(&self) -> Result<RegisteredPhone, Error> {
        let token = self
            .application
            .transact(|activeconnect, turn| activeconnect.registration_link(turn, &self.user_id))
            .map_err(|refusal| Error::NotFound(refusal.to_string()))?;
        let template = operations::REGISTER_DEVICE.path;
        let application_id = &self.application.account().id;
        let link = links::url(
            &self.mock.addresses.mock,
            template,
            &[application_id, &token],
        );
        self.register(&link).await
    }

    /// Approves the newest open request. Returns the new status of the session.
    ///
    /// # Errors
    /// The user does not exist, has no phone, or no request is open.
    pub async fn approve(&self) -> Result<Status, Error> {
        self.answer(PhoneAnswer::Approve).await
    }

    /// Denies the newest open request.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn deny(&self) -> Result<Status, Error> {
        self.answer(PhoneAnswer::Deny).await
    }

    /// Answers the newest open request with data that the mock rejects.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn fail(&self) -> Result<Status, Error> {
        self.answer(PhoneAnswer::Fail).await
    }

    /// Moves the phone out of range of the newest active session.
    ///
    /// # Errors
    /// The user does not exist, or no session is active.
    pub async fn walk_away(&self) -> Result<Status, Error> {
        self.happen(Event::WalkAway)
    }

    /// Moves the phone back into range of the newest session that it left.
    ///
    /// # Errors
    /// The user does not exist, or the phone left no session.
    pub async fn come_back(&self) -> Result<Status, Error> {
        self.happen(Event::Return)
    }

    /// Expires the newest open session.
    ///
    /// # Errors
    /// The user does not exist, or every session has ended.
    pub async fn expire(&self) -> Result<Status, Error> {
        self.happen(Event::RunOut)
    }

    async fn answer(&self, answer: PhoneAnswer) -> Result<Status, Error> {
        let phones = &self.mock.phones;
        let app = &self.mock.app;
        Ok(phones
            .answer(app, &self.application, &self.user_id, answer)
            .await?)
    }

    fn happen(&self, event: Event) -> Result<Status, Error> {
        Ok(phone::happen(&self.application, &self.user_id, event)?)
    }
}
