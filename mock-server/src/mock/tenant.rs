//! A tenant that a test has created for itself.

use std::fmt;
use std::sync::Arc;

use super::{ActiveconnectApplication, AuthsignalTenant, Clock, MockServer};
use crate::runtime::Tenant;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart};

/// A tenant of its own for a test, with users, rules, messages, failures and a clock that no other tenant touches.
/// Dropping it deletes it.
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
pub struct CreatedTenant<'a> {
    mock: &'a MockServer,
    tenant: Arc<Tenant>,
    activeconnect: Arc<ActiveconnectPart>,
    authsignal: Arc<AuthsignalPart>,
}

impl fmt::Debug for CreatedTenant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not its secrets.
        f.debug_struct("CreatedTenant")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

impl<'a> CreatedTenant<'a> {
    /// A tenant that has a part at each vendor.
    pub(super) fn new(mock: &'a MockServer, tenant: Arc<Tenant>) -> Option<Self> {
        let activeconnect = tenant.activeconnect().map(Arc::clone)?;
        let authsignal = tenant.authsignal().map(Arc::clone)?;
        Some(Self {
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
    pub fn authsignal(&self) -> AuthsignalTenant<'a> {
        AuthsignalTenant::new(self.mock, Arc::clone(&self.authsignal))
    }

    /// Its Activeconnect application.
    pub fn activeconnect(&self) -> ActiveconnectApplication<'a> {
        ActiveconnectApplication::new(self.mock, Arc::clone(&self.activeconnect))
    }

    /// Its clock.
    pub fn clock(&self) -> Clock<'a> {
        self.mock.clock_of(Arc::clone(&self.tenant))
    }

    /// Restores the state in which it was created, and its clock.
    pub fn reset(&self) {
        self.mock.app.reset_tenant(&self.tenant);
    }
}

impl Drop for CreatedTenant<'_> {
    fn drop(&mut self) {
        self.mock.app.delete(&self.tenant);
    }
}
