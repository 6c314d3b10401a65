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

    /// Adds all tenants of a seed, such as a dump, or none. A tenant replaces the one that has its ids, and with it that one's
    /// journal and snapshots. Older handles belong to the replaced tenant: ask for new ones.
    ///
    /// # Errors
    /// It is not a seed, or another tenant has one of its ids or secrets. Nothing has changed then.
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
