//! A mock inside a test: [`MockServer`], and what it returns. Knows no command line.

mod builder;
mod clock;
mod device;
mod phone;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

pub use self::builder::Builder;
pub use self::clock::ClockHandle;
pub use self::device::{AppPhone, Passkey};
pub use self::phone::Phone;
use crate::domain::activeconnect::Application;
use crate::domain::outbox::Message;
use crate::http::MockPhones;
use crate::runtime::journal::Entry;
use crate::runtime::part::{ActiveconnectPart, AuthsignalPart};
use crate::runtime::seed::SeedError;
use crate::runtime::{App, AppError};
use crate::sim::phone::Trouble;

/// Why a mock did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {source}; port 0 takes a free port")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The operating system gives no thread or no event queue.
    #[error("cannot start the server's thread: {0}")]
    Thread(std::io::Error),
    /// The seed cannot be used, or the operating system gives no randomness.
    #[error(transparent)]
    App(#[from] AppError),
    /// The seed cannot be read.
    #[error(transparent)]
    Seed(#[from] SeedError),
}

/// A mock inside a test: on a free port of the loopback interface, with a world of its own. Dropped means stopped.
///
/// It runs on a thread of its own, so it answers while the test's thread blocks, and as many can run at once as there
/// are ports.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use stepup_mock::MockServer;
///
/// let mock = MockServer::builder().deterministic().start().await?;
/// assert_eq!(mock.clock().now().to_string(), "2026-01-01T00:00:00Z");
/// mock.clock().advance(Duration::from_secs(60));
/// assert_eq!(mock.clock().now().to_string(), "2026-01-01T00:01:00Z");
///
/// // Nobody has asked for an authentication yet, and there is no such user.
/// let trouble = mock.phone("ada").approve().await.unwrap_err();
/// assert!(trouble.to_string().contains("add_users"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MockServer {
    app: Arc<App>,
    activeconnect: Arc<ActiveconnectPart>,
    authsignal: Arc<AuthsignalPart>,
    phones: Arc<MockPhones>,
    address: SocketAddr,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}
impl MockServer {
    /// Starts a mock with the defaults.
    ///
    /// # Errors
    /// No port is free, or the operating system gives no thread or no randomness.
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// A mock that is not quite the default.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Its URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its application; the first of the seed where there are several.
    pub fn application(&self) -> &Application {
        self.activeconnect.account()
    }

    /// The simulated phone of a user of the first application.
    pub fn phone(&self, user_id: &str) -> Phone<'_> {
        Phone {
            mock: self,
            tenant: &self.activeconnect,
            user_id: user_id.to_owned(),
        }
    }

    /// The software passkey of a user of the first Authsignal tenant.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mock = stepup_mock::MockServer::start().await?;
    /// let enrolled = mock.passkey("ada").enroll().await?;
    /// assert!(enrolled.authenticator_id.is_some());
    /// // ... track an action of `ada` with your own code, then:
    /// // let done = mock.passkey("ada").approve().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn passkey(&self, user_id: &str) -> Passkey<'_> {
        Passkey {
            phones: &self.phones,
            tenant: &self.authsignal,
            user_id: user_id.to_owned(),
            kind: None,
            device: None,
            origin: None,
        }
    }

    /// The software phone of a user of the first Authsignal tenant, for push notifications and QR codes.
    pub fn app_phone(&self, user_id: &str) -> AppPhone<'_> {
        AppPhone {
            phones: &self.phones,
            tenant: &self.authsignal,
            user_id: user_id.to_owned(),
        }
    }

    /// The code that the authenticator app of a user of the first Authsignal tenant shows now.
    ///
    /// # Errors
    /// The user has none.
    pub fn totp(&self, user_id: &str) -> Result<String, Trouble> {
        let shown = self
            .authsignal
            .look(|authsignal, now| authsignal.current_totp(user_id, now));
        shown
            .map(|shown| shown.code)
            .map_err(|refusal| Trouble::Unknown(refusal.to_string()))
    }

    /// Its clock.
    pub fn clock(&self) -> ClockHandle<'_> {
        ClockHandle { app: &self.app }
    }

    /// Every message that would have been sent, newest first.
    pub fn messages(&self) -> Vec<Message> {
        let mut messages: Vec<Message> = self
            .app
            .tenants()
            .flat_map(|tenant| {
                let ledger = tenant.ledger();
                ledger.messages(|outbox| outbox.newest_first().cloned().collect::<Vec<_>>())
            })
            .collect();
        messages.sort_by_key(|message| std::cmp::Reverse(message.created_at));
        messages
    }

    /// The requests that the mock has answered, newest first.
    pub fn journal(&self) -> Vec<Entry> {
        self.app.journal(usize::MAX)
    }

    /// Every world as JSON, secrets masked, for comparing before and after.
    pub fn state(&self) -> serde_json::Value {
        self.app.dump().into()
    }

    /// Puts everything back to the start.
    pub fn reset(&self) {
        self.app.reset();
    }

    /// Stops the mock; its port is free when this returns. Dropping it does the same.
    pub async fn stop(self) {
        drop(self);
    }
}

impl Drop for MockServer {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // A server that has ended already needs no telling.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
