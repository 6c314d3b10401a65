//! The test library: a mock inside a test, and what it returns. Knows no command line.

mod activeconnect;
mod authsignal;
mod builder;
mod clock;
mod decision;
mod device;
mod error;
mod facts;
mod failure;
mod fault;
mod file;
mod report;
mod scenario;
mod snapshot;
mod tenant;
mod user;
mod verification;
mod webhook;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

pub use self::activeconnect::{ActiveconnectApplication, ActiveconnectPhone};
pub use self::authsignal::{AuthsignalTenant, Challenge};
pub use self::builder::MockServerBuilder;
pub use self::clock::Clock;
pub use self::decision::{NextOutcome, Rule};
pub use self::device::{AuthsignalPhone, Passkey, SoftwareAuthenticator};
pub use self::error::Error;
pub use self::facts::{FactTables, Facts, NextFacts};
pub use self::failure::Failure;
pub use self::fault::{Fault, WrongMember};
pub use self::scenario::Scenario;
pub use self::snapshot::Snapshot;
pub use self::tenant::CreatedTenant;
pub use self::user::{Authenticator, NewAuthenticator, NewUser, User};
pub use self::verification::{Expectations, ExpectedRequest, Verification};
pub use self::webhook::{DeliveryAttempt, DeliveryProgress, WebhookDelivery};
use crate::addresses::Addresses;
use crate::domain::outbox::Message;
use crate::http::MockPhones;
use crate::runtime::journal::Entry;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart};
use crate::runtime::{App, CreateError, Wanted};

/// A mock inside a test: on a free port of the loopback interface, with its own state. Dropping it stops it. If the
/// test panics, that also prints the requests that the mock has answered.
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
    running: Arc<Running>,
    /// The first application.
    activeconnect: Arc<ActiveconnectPart>,
    /// The first Authsignal tenant.
    authsignal: Arc<AuthsignalPart>,
    address: SocketAddr,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a mock shares with the handles of its tenants, which may outlive it.
#[derive(Debug)]
struct Running {
    app: Arc<App>,
    phones: Arc<MockPhones>,
    addresses: Addresses,
    /// The runtime on the mock's thread.
    runtime: Handle,
}

impl MockServer {
    /// Starts a mock with the defaults.
    ///
    /// # Errors
    /// No port is free, or the operating system gives no thread or no random bytes.
    pub async fn start() -> Result<Self, Error> {
        Self::builder().start().await
    }

    /// The mock that all tests of this process share, with the defaults. The first call starts it, and it runs until the
    /// process ends. Give each test its own tenant with [`create_tenant`](Self::create_tenant), and leave its first tenant
    /// alone.
    ///
    /// `cargo test` runs the tests of a file in one process; nextest gives each test a process, so each starts a mock, which
    /// takes milliseconds. For other settings, keep a mock in a `static` with a `LazyLock`.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::{MockServer, NewUser};
    ///
    /// let tenant = MockServer::shared()?.create_tenant()?;
    /// tenant.authsignal().create_user(NewUser::new("ada"))?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`start`](Self::start). The next call tries again.
    pub fn shared() -> Result<&'static Self, Error> {
        static SHARED: Mutex<Option<&'static MockServer>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(mock) = *shared {
            return Ok(mock);
        }
        let mock: &'static Self = Box::leak(Box::new(Self::builder().start_blocking()?));
        *shared = Some(mock);
        Ok(mock)
    }

    /// Runs a future of this library to its end, for a test without an async runtime.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use stepup_mock::MockServer;
    ///
    /// let mock = MockServer::shared()?;
    /// let tenant = mock.create_tenant()?;
    /// mock.block_on(tenant.clock().pass(Duration::from_secs(3600)))?;
    /// mock.block_on(tenant.authsignal().passkey("ada").enroll())?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    /// The caller is in an async runtime, as in `#[tokio::test]`, where `.await` does the same.
    #[track_caller]
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.running.runtime.block_on(future)
    }

    /// A mock with other settings than the defaults.
    pub fn builder() -> MockServerBuilder {
        MockServerBuilder::default()
    }

    /// Its URL, without a slash at the end: the public URL if one is set. A browser gets the desk there.
    pub fn url(&self) -> &str {
        &self.running.addresses.mock
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The authority that clients of the mock trust for HTTPS: a certificate in PEM form. Only this mock has its key. `None` unless the mock was started with `MockServerBuilder::tls`.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// URL of the control API, which controls the mock over HTTP.
    pub fn control_url(&self) -> String {
        self.running.addresses.control()
    }

    /// The first Activeconnect application of the seed: by default the only one.
    pub fn activeconnect(&self) -> ActiveconnectApplication {
        // A file that was loaded may have put another tenant in its place.
        let present = self
            .running
            .app
            .application(&self.activeconnect.account().id);
        let application = present.unwrap_or_else(|| Arc::clone(&self.activeconnect));
        ActiveconnectApplication::new(Arc::clone(&self.running), application)
    }

    /// The Activeconnect application of this id.
    ///
    /// # Errors
    /// The mock has no such application.
    pub fn activeconnect_application(
        &self,
        application_id: &str,
    ) -> Result<ActiveconnectApplication, Error> {
        match self.running.app.application(application_id) {
            Some(tenant) => Ok(ActiveconnectApplication::new(
                Arc::clone(&self.running),
                tenant,
            )),
            None => {
                let known = self.running.app.applications();
                let known: Vec<_> = known.iter().map(|tenant| &*tenant.account().id).collect();
                Err(Error::NotFound(format!(
                    "application {application_id} is not in this mock, which has {}; add it with `application` or in the seed",
                    known.join(", ")
                )))
            }
        }
    }

    /// The first Authsignal tenant of the seed: by default the only one.
    pub fn authsignal(&self) -> AuthsignalTenant {
        // A file that was loaded may have put another tenant in its place.
        let present = self.running.app.authsignal(&self.authsignal.account().id);
        let tenant = present.unwrap_or_else(|| Arc::clone(&self.authsignal));
        AuthsignalTenant::new(Arc::clone(&self.running), tenant)
    }

    /// The Authsignal tenant of this id.
    ///
    /// # Errors
    /// The mock has no such tenant.
    pub fn authsignal_tenant(&self, tenant_id: &str) -> Result<AuthsignalTenant, Error> {
        match self.running.app.authsignal(tenant_id) {
            Some(tenant) => Ok(AuthsignalTenant::new(Arc::clone(&self.running), tenant)),
            None => {
                let known = self.running.app.authsignals();
                let known: Vec<_> = known.iter().map(|tenant| &*tenant.account().id).collect();
                Err(Error::NotFound(format!(
                    "Authsignal tenant {tenant_id} is not in this mock, which has {}; add it in the seed",
                    known.join(", ")
                )))
            }
        }
    }

    /// Its clock, and that of all tenants.
    pub fn clock(&self) -> Clock {
        Clock {
            app: Arc::clone(&self.running.app),
            tenant: None,
        }
    }

    /// Creates a tenant for a test, without users.
    ///
    /// # Errors
    /// The mock has no room for another tenant.
    pub fn create_tenant(&self) -> Result<CreatedTenant, Error> {
        self.created(Wanted::default())
    }

    /// Creates a tenant from a seed: a tenant in the form of a seed file, where ids and secrets are optional.
    ///
    /// # Errors
    /// The seed is malformed or contradictory, another tenant has its id or a secret, or the mock has no room.
    pub fn create_tenant_from(&self, seed: serde_json::Value) -> Result<CreatedTenant, Error> {
        match seed {
            serde_json::Value::Object(seed) => self.created(Wanted {
                seed: Some(seed),
                ..Wanted::default()
            }),
            _ => Err(Error::Seed("the seed must be an object".to_owned())),
        }
    }

    fn created(&self, wanted: Wanted) -> Result<CreatedTenant, Error> {
        let created = self.running.app.create_as(wanted);
        let tenant = created.map_err(|error| match error {
            CreateError::Malformed(why) => Error::Seed(why),
            CreateError::Taken(why) => Error::NotAllowed(why),
        })?;
        let created = CreatedTenant::new(Arc::clone(&self.running), tenant);
        created.ok_or_else(|| Error::Seed("the tenant lacks the part of a vendor".to_owned()))
    }

    /// Every message that a vendor would have sent, newest first.
    pub fn messages(&self) -> Vec<Message> {
        let tenants = self.running.app.tenants();
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
        newest_to(self.messages(), to)
    }

    /// The requests that the mock answered, newest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.running.app.journal(usize::MAX)
    }

    /// The whole state as JSON with secrets masked, for comparing before and after.
    pub fn state(&self) -> serde_json::Value {
        let tenants = self.running.app.tenants();
        let states = tenants
            .iter()
            .map(|tenant| (tenant.name().to_owned(), tenant.dump(None, usize::MAX)));
        serde_json::Value::Object(states.collect())
    }

    /// Resets everything to the state at startup.
    pub fn reset(&self) {
        self.running.app.reset();
    }

    /// Stops the mock. Its port is free when this returns. Dropping the mock does the same.
    pub async fn stop(self) {
        drop(self);
    }
}

/// The first of the messages to a phone number or an email address.
fn newest_to(messages: Vec<Message>, to: &str) -> Option<Message> {
    let to = [to.to_lowercase()];
    messages.into_iter().find(|message| message.is_to(&to))
}

impl Drop for MockServer {
    fn drop(&mut self) {
        report::print_in_panic(|| report::of_mock(&self.running.app));
        if let Some(stop) = self.stop.take() {
            // A server that has ended already does not listen.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
