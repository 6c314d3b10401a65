//! Tenants in a file: their state, to go on with in another mock.

use serde_json::{Map, Value};

use super::{CreatedTenant, Error, MockServer};
use crate::runtime::LoadError;

impl MockServer {
    /// Every tenant and the mock's own clock, as a seed from which another mock goes on exactly as this one. It holds every
    /// secret of the tenants.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::{MockServer, NewUser};
    ///
    /// let mock = MockServer::start().await?;
    /// mock.authsignal().create_user(NewUser::new("ada"))?;
    ///
    /// let other = MockServer::builder().seed_value(mock.dump())?.start().await?;
    /// assert_eq!(other.state(), mock.state());
    ///
    /// other.authsignal().create_user(NewUser::new("bob"))?;
    /// mock.load(other.dump())?;
    /// assert!(mock.authsignal().user("bob").is_ok());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn dump(&self) -> Value {
        Value::Object(self.running.app.dump(None, true))
    }

    /// Adds the tenants of a seed, such as a dump, in place of those that have their ids; all or none. Journals and snapshots
    /// of what is replaced go. A handle from before belongs to the tenant that left: ask for a new one.
    ///
    /// # Errors
    /// It is no seed, or another tenant has an id or a secret of it. Nothing has changed then.
    pub fn load(&self, seed: Value) -> Result<(), Error> {
        let seed = match seed {
            Value::Object(seed) => seed,
            // The reader of seeds says what is wrong with it.
            _ => Map::new(),
        };
        match self.running.app.load(seed) {
            Ok(_) => Ok(()),
            Err(LoadError::Malformed(why)) => Err(Error::Seed(format!("seed: {why}"))),
            Err(LoadError::Taken(why)) => Err(Error::NotAllowed(why)),
        }
    }
}

impl CreatedTenant {
    /// The tenant as a seed, as [`MockServer::dump`].
    #[must_use]
    pub fn dump(&self) -> Value {
        let of = Some(std::sync::Arc::clone(&self.tenant));
        Value::Object(self.mock.app.dump(of, true))
    }
}
