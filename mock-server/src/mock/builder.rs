//! Configures a mock inside a test, and starts it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use tokio::sync::oneshot;

use super::{MockServer, StartError};
use crate::domain::authsignal::vocabulary::ChallengeMode;
use crate::http::router;
use crate::runtime::seed::{Secret, Seed, SeedError};
use crate::runtime::{App, AppError, Behaviour};
use crate::serve;

/// The settings of a [`MockServer`] before it starts.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `start`"]
pub struct Builder {
    behaviour: Behaviour,
    window: Option<Option<u64>>,
    seed: Seed,
    listen: SocketAddr,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::default(),
            window: None,
            seed: Seed::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        }
    }
}

impl Builder {
    /// Fixed clock (2026-01-01T00:00:00Z) and seeded ids: the same requests give the same bytes. The age of signatures
    /// is not checked unless [`signature_window`](Self::signature_window) says so.
    pub fn deterministic(mut self) -> Self {
        self.behaviour.deterministic = true;
        self
    }

    /// Whether signatures are checked at all; `true` by default.
    pub fn verify_signatures(mut self, verify: bool) -> Self {
        self.behaviour.verify_signatures = verify;
        self
    }

    /// How far a signature's timestamp may be from the machine's clock, in whole seconds; `None` accepts any. 300 s by
    /// default.
    pub fn signature_window(mut self, window: Option<Duration>) -> Self {
        self.window = Some(window.map(|window| window.as_secs()));
        self
    }

    /// Whether a nonce may be used once only; `true` by default.
    pub fn refuse_replays(mut self, refuse: bool) -> Self {
        self.behaviour.refuse_replays = refuse;
        self
    }

    /// How long a session waits for the phone; 60 s by default.
    pub fn pending_time(mut self, span: Duration) -> Self {
        self.behaviour.limits.pending = signed(span);
        self
    }

    /// How long an active session lives; an hour by default.
    pub fn session_time(mut self, span: Duration) -> Self {
        self.behaviour.limits.session = signed(span);
        self
    }

    /// How long a registration link is open; a day by default.
    pub fn link_time(mut self, span: Duration) -> Self {
        self.behaviour.limits.link = signed(span);
        self
    }

    /// Largest request body in bytes; 1 MiB by default.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.behaviour.body_limit = bytes;
        self
    }

    /// Requests kept in the journal of each application; 10,000 by default.
    pub fn journal(mut self, capacity: usize) -> Self {
        self.behaviour.journal = capacity;
        self
    }

    /// Messages kept in the outbox of each tenant; 1,000 by default.
    pub fn outbox(mut self, capacity: usize) -> Self {
        self.behaviour.outbox = capacity;
        self
    }

    /// Requests that an Authsignal tenant may make within a minute; any number by default. Those beyond get 429.
    pub fn rate_limit(mut self, requests: usize) -> Self {
        self.behaviour.rate_limit = Some(requests);
        self
    }

    /// Whether Authsignal's documented limits of sending and verifying codes are kept; `false` by default, so that a test
    /// may send as many as it likes.
    pub fn code_limits(mut self, keep: bool) -> Self {
        self.behaviour.code_limits = keep;
        self
    }

    /// Whether Authsignal's tokens of track and claim are RS256, verified by the tenant's key set, rather than HS256 with
    /// the API secret; `false` by default.
    pub fn rs256_tokens(mut self, rs256: bool) -> Self {
        self.behaviour.rs256_tokens = rs256;
        self
    }

    /// What becomes of a challenge whose page is opened; `Interactive` by default, which waits for a person.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::MockServer;
    /// use stepup_mock::domain::authsignal::vocabulary::ChallengeMode;
    ///
    /// // A browser that opens the `url` of track returns to the `redirectUrl` at once, with the challenge passed.
    /// let mock = MockServer::builder()
    ///     .challenge_mode(ChallengeMode::AutoSucceed)
    ///     .start()
    ///     .await?;
    /// # mock.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub fn challenge_mode(mut self, mode: ChallengeMode) -> Self {
        self.behaviour.challenge_mode = mode;
        self
    }

    /// A URL that the first Authsignal tenant's webhooks go to, all types of events; nowhere by default. A target is on
    /// this machine, by plain HTTP, unless [`webhook_allow`](Self::webhook_allow) names its host.
    pub fn webhook(mut self, url: &str) -> Self {
        self.seed = self.seed.with_webhook(url);
        self
    }

    /// How long the receiver of a webhook may take; 10 s by default.
    pub fn webhook_timeout(mut self, timeout: Duration) -> Self {
        self.behaviour.webhook_timeout = timeout;
        self
    }

    /// A host beyond this machine that webhooks may go to.
    pub fn webhook_allow(mut self, host: &str) -> Self {
        self.behaviour.webhook_allow.push(host.to_owned());
        self
    }

    /// Adds an application. Without any there is `mock-app` with the secret `mock-app-secret-24-bytes`.
    pub fn application(mut self, id: &str, secret: &str) -> Self {
        self.seed = self
            .seed
            .with_application(id, Secret::from(secret.to_owned()));
        self
    }

    /// Starts with a seed: `empty`, `demo`, or the path of a JSON file.
    ///
    /// # Errors
    /// The seed does not exist or is invalid.
    pub fn seed(mut self, name: &str) -> Result<Self, StartError> {
        self.seed = Seed::load(name)?;
        Ok(self)
    }

    /// Where to listen; a free port of 127.0.0.1 by default.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Starts the mock; it accepts connections when this returns.
    ///
    /// # Errors
    /// The address cannot be listened on, or the operating system gives no thread or no randomness.
    pub async fn start(self) -> Result<MockServer, StartError> {
        self.start_blocking()
    }

    /// As [`start`](Self::start), for a test without an async runtime.
    ///
    /// # Errors
    /// The address cannot be listened on, or the operating system gives no thread or no randomness.
    pub fn start_blocking(self) -> Result<MockServer, StartError> {
        let mut behaviour = self.behaviour;
        behaviour.signature_window = match self.window {
            Some(window) => window,
            // A fixed clock says nothing about the age of a signature made by a running one.
            None if behaviour.deterministic => None,
            None => behaviour.signature_window,
        };
        let app = Arc::new(App::new(behaviour, self.seed)?);
        // A seed gives its first tenant a part at each vendor.
        let first = app.applications().next().zip(app.authsignals().next());
        let no_tenant =
            || AppError::from(SeedError::Impossible("the seed has no tenant".to_owned()));
        let (activeconnect, authsignal) = first.ok_or_else(no_tenant)?;
        let (activeconnect, authsignal) = (Arc::clone(activeconnect), Arc::clone(authsignal));
        let (router, phones) = router(&app);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let refused = |source| StartError::Listen {
            address: self.listen,
            source,
        };
        let listener = {
            let _entered = runtime.enter();
            serve::listen(self.listen).map_err(refused)?
        };
        let address = listener.local_addr().map_err(refused)?;
        let (stop, stopped) = oneshot::channel::<()>();
        let served = Arc::clone(&app);
        let until_stopped = async move {
            let stop = async {
                // A sender that was dropped means stop, too.
                let _ = stopped.await;
            };
            // A test that ends waits for no request.
            let outcome = serve::serve(&served, router, listener, stop, Duration::ZERO).await;
            if let Err(error) = outcome {
                tracing::error!(%error, "the server stopped with an error");
            }
        };
        let thread = std::thread::Builder::new()
            .name(format!("stepup-mock:{}", address.port()))
            .spawn(move || runtime.block_on(until_stopped))
            .map_err(StartError::Thread)?;
        let url = format!("http://{address}");
        Ok(MockServer {
            app,
            activeconnect,
            authsignal,
            phones,
            address,
            url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}
fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}
