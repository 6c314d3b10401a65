//! The test library: a mock inside a test, and what it returns. Knows no command line.

mod activeconnect;
mod authsignal;
mod builder;
mod clock;
mod decision;
mod device;
mod error;
mod failure;
mod tenant;
mod user;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use self::activeconnect::{ActiveconnectApplication, ActiveconnectPhone};
pub use self::authsignal::{AuthsignalTenant, Challenge};
pub use self::builder::MockServerBuilder;
pub use self::clock::Clock;
pub use self::decision::{NextOutcome, Rule};
pub use self::device::{AuthsignalPhone, Passkey, SoftwareAuthenticator};
pub use self::error::Error;
pub use self::failure::Failure;
pub use self::tenant::CreatedTenant;
pub use self::user::{Authenticator, NewAuthenticator, NewUser, User};
use crate::addresses::Addresses;
use crate::domain::outbox::Message;
use crate::http::MockPhones;
use crate::runtime::journal::Entry;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart};
use crate::runtime::{App, CreateError, Tenant};

/// A mock inside a test: on a free port of the loopback interface, with its own state. Dropping it stops it.
///
/// It runs on its own thread, so it answers while the test's thread blocks, and many can run at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stepup_mock::MockServer;
///
/// let mock = MockServer::builder().deterministic().start().await?;
/// assert_eq!(mock.clock().now().to_string(), "2026-01-01T00:00:00Z");
///
/// // Move time on: sessions, codes and tokens expire by this clock.
/// mock.clock().advance(Duration::from_secs(60));
/// assert_eq!(mock.clock().now().to_string(), "2026-01-01T00:01:00Z");
///
/// // An error says what to do: this user does not exist yet.
/// let error = mock.activeconnect().phone("ada").approve().await.unwrap_err();
/// assert!(error.to_string().contains("add_users"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MockServer {
    app: Arc<App>,
    /// The first application.
    activeconnect: Arc<ActiveconnectPart>,
    /// The first Authsignal tenant.
    authsignal: Arc<AuthsignalPart>,
    phones: Arc<MockPhones>,
    address: SocketAddr,
    addresses: Addresses,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl MockServer {
    /// Starts a mock with the defaults.
    ///
    /// # Errors
    /// No port is free, or the operating system gives no thread or no random bytes.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// A mock with other settings than the defaults.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }

    /// Its URL, without a slash at the end: the public URL if one is set. A browser gets the desk there.
    pub fn url(&self) -> &str {
        &self.addresses.mock
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of the control API, which controls the mock over HTTP.
    pub fn control_url(&self) -> String {
        self.addresses.control()
    }

    /// The first Activeconnect application of the seed: by default the only one.
    pub fn activeconnect(&self) -> ActiveconnectApplication<'_> {
        ActiveconnectApplication::new(self, Arc::clone(&self.activeconnect))
    }

    /// The Activeconnect application of this id.
    ///
    /// # Errors
    /// The mock has no such application.
    pub fn activeconnect_application(
        &self,
        application_id: &str,
    ) -> Result<ActiveconnectApplication<'_>, Error> {
        match self.app.application(application_id) {
            Some(tenant) => Ok(ActiveconnectApplication::new(self, tenant)),
            None => {
                let known = self.app.applications();
                let known: Vec<_> = known.iter().map(|tenant| &*tenant.account().id).collect();
                Err(Error::NotFound(format!(
                    "application {application_id} is not in this mock, which has {}; add it with `application` or in the seed",
                    known.join(", ")
                )))
            }
        }
    }

    /// The first Authsignal tenant of the seed: by default the only one.
    pub fn authsignal(&self) -> AuthsignalTenant<'_> {
        AuthsignalTenant::new(self, Arc::clone(&self.authsignal))
    }

    /// The Authsignal tenant of this id.
    ///
    /// # Errors
    /// The mock has no such tenant.
    pub fn authsignal_tenant(&self, tenant_id: &str) -> Result<AuthsignalTenant<'_>, Error> {
        match self.app.authsignal(tenant_id) {
            Some(tenant) => Ok(AuthsignalTenant::new(self, tenant)),
            None => {
                let known = self.app.authsignals();
                let known: Vec<_> = known.iter().map(|tenant| &*tenant.account().id).collect();
                Err(Error::NotFound(format!(
                    "Authsignal tenant {tenant_id} is not in this mock, which has {}; add it in the seed",
                    known.join(", ")
                )))
            }
        }
    }

    /// Its clock, and that of all tenants.
    pub fn clock(&self) -> Clock<'_> {
        Clock {
            app: &self.app,
            tenant: None,
        }
    }

    fn clock_of(&self, tenant: Arc<Tenant>) -> Clock<'_> {
        Clock {
            app: &self.app,
            tenant: Some(tenant),
        }
    }

    /// Creates a tenant for a test, without users.
    ///
    /// # Errors
    /// The mock has no room for another tenant.
    pub fn create_tenant(&self) -> Result<CreatedTenant<'_>, Error> {
        self.created(None)
    }

    /// Creates a tenant from a seed: a tenant in the form of a seed file, where ids and secrets are optional.
    ///
    /// # Errors
    /// The seed is malformed or contradictory, another tenant has its id or a secret, or the mock has no room.
    pub fn create_tenant_from(&self, seed: serde_json::Value) -> Result<CreatedTenant<'_>, Error> {
        match seed {
            serde_json::Value::Object(seed) => self.created(Some(seed)),
            _ => Err(Error::Seed("the seed must be an object".to_owned())),
        }
    }

    fn created(
        &self,
        seed: Option<serde_json::Map<String, serde_json::Value>>,
    ) -> Result<CreatedTenant<'_>, Error> {
        let tenant = self.app.create(seed).map_err(|error| match error {
            CreateError::Malformed(why) => Error::Seed(why),
            CreateError::Taken(why) => Error::NotAllowed(why),
        })?;
        let created = CreatedTenant::new(self, tenant);
        created.ok_or_else(|| Error::Seed("the tenant lacks the part of a vendor".to_owned()))
    }

    /// Every message that a vendor would have sent, newest first.
    pub fn messages(&self) -> Vec<Message> {
        let tenants = self.app.tenants();
        let mut messages: Vec<Message> = tenants
            .iter()
            .flat_map(|tenant| {
                let ledger = tenant.ledger();
                ledger.messages(|outbox| outbox.newest_first().cloned().collect::<Vec<_>>())
            })
            .collect();
        messages.sort_by_key(|message| std::cmp::Reverse(message.created_at));
        messages
    }

    /// The newest message to a phone number or an email address.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::json;
    /// use stepup_mock::{MockServer, NewAuthenticator, NewUser};
    ///
    /// let mock = MockServer::start().await?;
    /// let authsignal = mock.authsignal();
    /// let ada = NewUser::new("ada").authenticator(NewAuthenticator::sms("+15550100"));
    /// authsignal.create_user(ada)?;
    /// // Your own code makes Authsignal send a code. Here the test opens the page of a challenge, which sends one.
    /// let http = reqwest::Client::new();
    /// let tracked: serde_json::Value = http
    ///     .post(format!("{}/users/ada/actions/signIn", authsignal.api_url()))
    ///     .basic_auth(authsignal.api_secret(), Some(""))
    ///     .json(&json!({"redirectUrl": "https://app.example.com/"}))
    ///     .send()
    ///     .await?
    ///     .json()
    ///     .await?;
    /// http.get(tracked["url"].as_str().unwrap_or_default()).send().await?;
    ///
    /// let message = mock.newest_message_to("+15550100").ok_or("no message was sent")?;
    /// let code = message.code.ok_or("the message holds no code")?;
    /// assert_eq!(code.len(), 6);
    /// # Ok(())
    /// # }
    /// ```
    pub fn newest_message_to(&self, to: &str) -> Option<Message> {
        let to = [to.to_lowercase()];
        let messages = self.messages();
        messages.into_iter().find(|message| message.is_to(&to))
    }

    /// The requests that the mock answered, newest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.app.journal(usize::MAX)
    }

    /// The whole state as JSON with secrets masked, for comparing before and after.
    pub fn state(&self) -> serde_json::Value {
        let tenants = self.app.tenants();
        let states = tenants
            .iter()
            .map(|tenant| (tenant.name().to_owned(), tenant.dump(None, usize::MAX)));
        serde_json::Value::Object(states.collect())
    }

    /// Resets everything to the state at startup.
    pub fn reset(&self) {
        self.app.reset();
    }

    /// Stops the mock. Its port is free when this returns. Dropping the mock does the same.
    pub async fn stop(self) {
        drop(self);
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that has ended already does not listen.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
