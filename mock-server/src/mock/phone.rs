//! The simulated phone of an Activeconnect user, for tests.

use super::MockServer;
use crate::domain::activeconnect::session::{Event, Status};
use crate::runtime::part::ActiveconnectPart;
use crate::sim::phone::{self, Answer, Registered, Trouble};

/// The simulated phone of a user. It speaks the vendor's own phone-side operations.
#[derive(Debug)]
pub struct Phone<'a> {
    pub(super) mock: &'a MockServer,
    pub(super) tenant: &'a ActiveconnectPart,
    pub(super) user_id: String,
}

impl Phone<'_> {
    /// Opens a registration link. The link decides whose phone it becomes.
    ///
    /// # Errors
    /// The link is not one of this mock's, is not open, or the user has a device.
    pub async fn register(&self, link: &str) -> Result<Registered, Trouble> {
        self.mock.phones.register(&self.mock.app, link, None).await
    }

    /// Approves the newest open request.
    ///
    /// # Errors
    /// The user is unknown, has no device, or has no open request.
    pub async fn approve(&self) -> Result<Status, Trouble> {
        self.answer(Answer::Approve).await
    }

    /// Denies the newest open request.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn deny(&self) -> Result<Status, Trouble> {
        self.answer(Answer::Deny).await
    }

    /// Answers the newest open request with data that the mock rejects.
    ///
    /// # Errors
    /// As [`approve`](Self::approve).
    pub async fn fail(&self) -> Result<Status, Trouble> {
        self.answer(Answer::Fail).await
    }

    /// Walks away from the newest active session.
    ///
    /// # Errors
    /// The user is unknown, or no session is active.
    pub async fn walk_away(&self) -> Result<Status, Trouble> {
        phone::happen(self.tenant, &self.user_id, Event::WalkAway)
    }

    /// Comes back to the newest session that was walked away from.
    ///
    /// # Errors
    /// The user is unknown, or no session was walked away from.
    pub async fn come_back(&self) -> Result<Status, Trouble> {
        phone::happen(self.tenant, &self.user_id, Event::Return)
    }

    /// Lets the newest session that is not over run out.
    ///
    /// # Errors
    /// The user is unknown, or every session is over.
    pub async fn expire(&self) -> Result<Status, Trouble> {
        phone::happen(self.tenant, &self.user_id, Event::RunOut)
    }

    async fn answer(&self, answer: Answer) -> Result<Status, Trouble> {
        self.mock
            .phones
            .answer(&self.mock.app, self.tenant, &self.user_id, answer)
            .await
    }
}
