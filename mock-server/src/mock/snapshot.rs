//! The state of a tenant at one moment, to go back to and to begin others with.

use std::sync::Arc;

use super::{CreatedTenant, Error, MockServer};
use crate::runtime::{Moment, Wanted};

/// The state of a tenant at one moment, without its journal. It is in memory for as long as the test keeps it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use stepup_mock::{MockServer, NewUser};
///
/// let mock = MockServer::start().await?;
/// let tenant = mock.create_tenant()?;
/// tenant.authsignal().create_user(NewUser::new("ada"))?;
/// let with_ada = tenant.snapshot();
///
/// tenant.authsignal().create_user(NewUser::new("bob"))?;
/// tenant.restore(&with_ada)?;
/// assert!(tenant.authsignal().user("bob").is_err());
///
/// // Another tenant that begins alike, with credentials of its own.
/// let other = mock.create_tenant_as(&with_ada)?;
/// assert!(other.authsignal().user("ada").is_ok());
/// assert_ne!(other.id(), tenant.id());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Snapshot {
    moment: Arc<Moment>,
}

impl CreatedTenant {
    /// Its state now, to go back to.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            moment: Arc::new(self.tenant.moment()),
        }
    }

    /// Goes back to one of its own snapshots. Tokens, sessions and codes of then are valid again, and the next ids are the
    /// same as after the snapshot. A webhook that is under way is dropped. The journal stays.
    ///
    /// # Errors
    /// The snapshot is of another tenant.
    pub fn restore(&self, snapshot: &Snapshot) -> Result<(), Error> {
        if !self.tenant.had(&snapshot.moment) {
            return Err(Error::NotAllowed(
                "the snapshot is of another tenant; `create_tenant_as` creates a tenant that begins with it"
                    .to_owned(),
            ));
        }
        self.mock.app.restore(&self.tenant, &snapshot.moment);
        Ok(())
    }
}

impl MockServer {
    /// Creates a tenant that begins with a snapshot of another: with its users, their authenticators and devices, actions,
    /// settings, faults and clock, and with credentials and ids of its own. Messages, challenges and sessions stay with
    /// the other, whose credentials they belong to.
    ///
    /// # Errors
    /// The mock has no room for another tenant.
    pub fn create_tenant_as(&self, snapshot: &Snapshot) -> Result<CreatedTenant, Error> {
        self.created(Wanted {
            start: Some(Arc::clone(&snapshot.moment)),
            ..Wanted::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::{Error, MockServer};

    #[tokio::test]
    async fn a_snapshot_of_another_tenant_is_refused() {
        let mock = MockServer::start().await.unwrap();
        let (one, two) = (mock.create_tenant().unwrap(), mock.create_tenant().unwrap());
        let refused = two.restore(&one.snapshot());
        assert!(matches!(refused, Err(Error::NotAllowed(_))));
    }
}
