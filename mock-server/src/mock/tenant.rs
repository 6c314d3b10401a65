//! A tenant that a test has created for itself.

use std::fmt;
use std::sync::Arc;

use super::{ActiveconnectApplication, AuthsignalTenant, Clock, Running, newest_to, report};
use crate::domain::outbox::Message;
use crate::runtime::Tenant;
use crate::runtime::journal::Entry;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart};

/// A tenant of its own for a test, with users, rules, messages, failures and a clock that no other tenant touches.
/// Dropping it deletes it. If the test panics, that also prints the requests that the tenant has answered.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stepup_mock::{MockServer, NewUser};
///
/// let mock = MockServer::builder().deterministic().start().await?;
/// let (one, two) = (mock.create_tenant()?, mock.create_tenant()?);
/// // Point your code at `authsignal().api_url()` with `authsignal().api_secret()`.
/// one.authsignal().create_user(NewUser::new("ada"))?;
/// assert!(two.authsignal().user("ada").is_err());
///
/// one.clock().pass(Duration::from_secs(3600)).await?;
/// assert_eq!(one.clock().now().to_string(), "2026-01-01T01:00:00Z");
/// assert_eq!(two.clock().now().to_string(), "2026-01-01T00:00:00Z");
/// # Ok(())
/// # }
/// ```
pub struct CreatedTenant {
    pub(super) mock: Arc<Running>,
    pub(super) tenant: Arc<Tenant>,
    /// The number of the newest request when it was created.
    since: u64,
    activeconnect: Arc<ActiveconnectPart>,
    authsignal: Arc<AuthsignalPart>,
}

impl fmt::Debug for CreatedTenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not its secrets.
        f.debug_struct("CreatedTenant")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl CreatedTenant {
    /// A tenant that has a part at each vendor.
    pub(super) fn new(mock: Arc<Running>, tenant: Arc<Tenant>) -> Option<Self> {
        let activeconnect = tenant.activeconnect().map(Arc::clone)?;
        let authsignal = tenant.authsignal().map(Arc::clone)?;
        Some(Self {
            since: mock.app.newest(),
            mock,
            tenant,
            activeconnect,
            authsignal,
        })
    }

    /// Its name: what the control API takes as `tenant`.
    pub fn id(&self) -> &str {
        self.tenant.name()
    }

    /// Its Authsignal tenant.
    pub fn authsignal(&self) -> AuthsignalTenant {
        AuthsignalTenant::new(Arc::clone(&self.mock), Arc::clone(&self.authsignal))
    }

    /// Its Activeconnect application.
    pub fn activeconnect(&self) -> ActiveconnectApplication {
        ActiveconnectApplication::new(Arc::clone(&self.mock), Arc::clone(&self.activeconnect))
    }

    /// Its clock.
    pub fn clock(&self) -> Clock {
        Clock {
            app: Arc::clone(&self.mock.app),
            tenant: Some(Arc::clone(&self.tenant)),
        }
    }

    /// The messages that the vendors would have sent, newest first.
    pub fn messages(&self) -> Vec<Message> {
        let ledger = self.tenant.ledger();
        ledger.messages(|outbox| outbox.newest_first().cloned().collect())
    }

    /// The newest message to a phone number or an email address.
    pub fn newest_message_to(&self, to: &str) -> Option<Message> {
        newest_to(self.messages(), to)
    }

    /// The requests that the tenant answered, newest first.
    pub fn journal(&self) -> Vec<Entry> {
        let requests = self.mock.app.journal_of(&self.tenant, usize::MAX);
        requests.into_iter().map(|(entry, _)| entry).collect()
    }

    /// Its whole state as JSON with secrets masked, for comparing before and after.
    pub fn state(&self) -> serde_json::Value {
        self.tenant.dump(None, usize::MAX)
    }

    /// Restores the state in which it was created, and its clock.
    pub fn reset(&self) {
        self.mock.app.reset_tenant(&self.tenant);
    }
}

impl Drop for CreatedTenant {
    fn drop(&mut self) {
        report::print_in_panic(|| report::of_tenant(&self.mock.app, &self.tenant, self.since));
        self.mock.app.delete(&self.tenant);
    }
}
