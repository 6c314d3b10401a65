//! Running a mock: as the program, and inside a test by [`MockServer`].

mod device;

use std::future::IntoFuture as _;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::Context as _;
use axum::serve::ListenerExt as _;
use axum::{Router, ServiceExt as _};
use jiff::{SignedDuration, Timestamp};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

pub use self::device::{AppPhone, Passkey};
use crate::config::Settings;
use crate::domain::activeconnect::Application;
use crate::domain::activeconnect::session::{Event, Status};
use crate::domain::authsignal::vocabulary::ChallengeMode;
use crate::domain::outbox::Message;
use crate::http::{MockPhones, dated, router};
use crate::runtime::journal::Entry;
use crate::runtime::seed::{
    DEFAULT_API_SECRET, DEFAULT_APPLICATION_SECRET, Secret, Seed, SeedError,
};
use crate::runtime::{App, AppError, Behaviour, Tenant};
use crate::sim::phone::{self, Answer, Registered, Trouble};

/// How long requests may take to end after a signal to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Serves until the process is told to stop.
///
/// # Errors
/// A setting cannot be used, or the address cannot be listened on.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let level = settings.log.unwrap_or(crate::config::Level::Info);
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing_subscriber::filter::LevelFilter::from(level))
        .with_target(false)
        .init();
    let app = Arc::new(App::new(settings.behaviour(), settings.seed()?)?);
    // Before the ready line, so that a signal right after it is caught.
    let mut stop = Stop::new()?;
    let listen = settings.listen();
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("cannot listen on {listen}; is another mock running? --listen 127.0.0.1:0 takes a free port")
    })?;
    let address = listener
        .local_addr()
        .context("the listener has no address")?;
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "listening beyond loopback: whoever reaches this address can steer the mock");
    }
    let (router, _phones) = router(&app);
    announce(&app, address, settings.ready_json.unwrap_or(false)).context("stdout")?;

    // Ends with this function, and with it whatever is under way.
    let mut webhooks = JoinSet::new();
    webhooks.spawn(Arc::clone(&app).deliver_webhooks());

    let (drain, draining) = oneshot::channel::<()>();
    let service = dated(router, &app).into_make_service();
    let served = axum::serve(nodelay(listener), service).with_graceful_shutdown(async {
        // A sender that is gone is a server that is told to stop, too.
        let _ = draining.await;
    });
    let mut served = tokio::spawn(served.into_future());
    tokio::select! {
        outcome = &mut served => return outcome.context("the server broke off")?.context("the server broke off"),
        signal = stop.wait() => tracing::info!(signal, "stopping"),
    }
    app.stop();
    let _ = drain.send(());
    match tokio::time::timeout(DRAIN, served).await {
        Ok(outcome) => outcome
            .context("the server broke off")?
            .context("the server broke off"),
        Err(_) => {
            tracing::warn!(
                seconds = DRAIN.as_secs(),
                "some requests did not end in time and were cut off"
            );
            Ok(())
        }
    }
}

fn nodelay(listener: TcpListener) -> impl axum::serve::Listener<Addr = SocketAddr, Io: Unpin> {
    listener.tap_io(|stream| {
        // Without it, answers to keep-alive clients wait for Nagle's algorithm.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY");
        }
    })
}

/// Signals that ask the process to stop.
struct Stop {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    #[cfg(unix)]
    fn new() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt()).context("SIGINT")?,
            terminate: signal(SignalKind::terminate()).context("SIGTERM")?,
        })
    }

    #[cfg(not(unix))]
    fn new() -> anyhow::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn wait(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) -> &'static str {
        let _ = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}

/// Tells programs (on stdout) and people (on stderr) where the mock is.
fn announce(app: &App, address: SocketAddr, as_json: bool) -> std::io::Result<()> {
    let url = format!("http://{address}");
    let mut out = std::io::stdout().lock();
    if as_json {
        let applications: Vec<_> = app
            .applications()
            .map(|tenant| {
                let application = tenant.application();
                serde_json::json!({"applicationId": application.id, "applicationSecret": application.secret})
            })
            .collect();
        let tenants: Vec<_> = app
            .authsignals()
            .map(|tenant| {
                let tenant = tenant.authsignal();
                serde_json::json!({"tenantId": tenant.id, "apiSecret": tenant.secret})
            })
            .collect();
        let ready = serde_json::json!({
            "url": url,
            "controlUrl": format!("{url}/_mock"),
            "activeconnect": {"url": url, "applications": applications},
            "authsignal": {"url": format!("{url}/v1"), "tenants": tenants},
        });
        writeln!(out, "{ready}")?;
    } else {
        writeln!(out, "listening on {url}")?;
    }
    out.flush()?;

    // Browsers take names, and no addresses, for what a passkey belongs to.
    let named = url.replacen("//127.0.0.1:", "//localhost:", 1);
    let mut err = std::io::stderr().lock();
    for tenant in app.applications() {
        let application = tenant.application();
        // The default is public; any other secret is its owner's.
        let secret = match application.secret.as_str() {
            DEFAULT_APPLICATION_SECRET => DEFAULT_APPLICATION_SECRET,
            _ => "<as configured>",
        };
        writeln!(
            err,
            "Activeconnect: application id {}, secret {secret}",
            application.id
        )?;
    }
    writeln!(
        err,
        "  Python SDK   export ACTIVE_CONNECT_SERVER={url}    # before Activeconnect is imported"
    )?;
    writeln!(
        err,
        "  Rust client  export ACTIVE_CONNECT_SERVER={url}    # or Activeconnect::builder(..).server(\"{url}\")"
    )?;
    for tenant in app.authsignals() {
        let tenant = tenant.authsignal();
        let secret = match tenant.secret.as_str() {
            DEFAULT_API_SECRET => DEFAULT_API_SECRET,
            _ => "<as configured>",
        };
        writeln!(
            err,
            "Authsignal: tenant id {}, server API secret {secret}",
            tenant.id
        )?;
    }
    writeln!(
        err,
        "  Python SDK   AuthsignalClient(api_secret_key=..., api_url=\"{url}/v1\")"
    )?;
    writeln!(
        err,
        "  Node SDK     new Authsignal({{ apiSecretKey: ..., apiUrl: \"{url}/v1\" }})"
    )?;
    writeln!(
        err,
        "  Browser SDK  new Authsignal({{ tenantId: ..., baseUrl: \"{named}/v1\" }})"
    )?;
    writeln!(
        err,
        "  Any SDK      export AUTHSIGNAL_API_URL={url}/v1 AUTHSIGNAL_API_SECRET=...    # as their test suites read them"
    )?;
    writeln!(
        err,
        "Desk:    {named}    # phone, inbox and requests, in a browser"
    )?;
    writeln!(err, "Control: curl {url}/_mock/health")?;
    writeln!(
        err,
        "Phone:   stepup-mock phone --url {url} register LINK, then approve USER"
    )?;
    Ok(())
}

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
    first: Arc<Tenant>,
    phones: Arc<MockPhones>,
    address: SocketAddr,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a [`MockServer`] is to be like.
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
    /// // Whoever opens the `url` of track comes back to the `redirectUrl` at once, the challenge passed.
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
    /// There is no such seed, or it cannot be used.
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
        let no_tenant = || AppError::from(SeedError::Impossible("there is no tenant".to_owned()));
        let first = app.tenants().next().map(Arc::clone).ok_or_else(no_tenant)?;
        let (router, phones) = router(&app);
        let refused = |source| StartError::Listen {
            address: self.listen,
            source,
        };
        let listener = StdListener::bind(self.listen).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Thread)?;
        let listener = {
            let _entered = runtime.enter();
            TcpListener::from_std(listener).map_err(refused)?
        };
        let (stop, stopped) = oneshot::channel();
        let served = Arc::clone(&app);
        let thread = std::thread::Builder::new()
            .name(format!("stepup-mock:{}", address.port()))
            .spawn(move || runtime.block_on(serve_until(listener, router, &served, stopped)))
            .map_err(StartError::Thread)?;
        let url = format!("http://{address}");
        Ok(MockServer {
            app,
            first,
            phones,
            address,
            url,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

async fn serve_until(
    listener: TcpListener,
    router: Router,
    app: &Arc<App>,
    stopped: oneshot::Receiver<()>,
) {
    let service = dated(router, app).into_make_service();
    tokio::select! {
        outcome = axum::serve(nodelay(listener), service).into_future() => {
            if let Err(error) = outcome {
                tracing::error!(%error, "the server broke off");
            }
        }
        () = Arc::clone(app).deliver_webhooks() => {}
        // Dropping the server, and with the runtime its connections, is the stop.
        _ = stopped => {}
    }
}

fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
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
        self.first.application()
    }

    /// The simulated phone of a user of the first application.
    pub fn phone(&self, user_id: &str) -> Phone<'_> {
        Phone {
            mock: self,
            tenant: &self.first,
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
            tenant: self.authsignal(),
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
            tenant: self.authsignal(),
            user_id: user_id.to_owned(),
        }
    }

    /// The code that the authenticator app of a user of the first Authsignal tenant shows now.
    ///
    /// # Errors
    /// The user has none.
    pub fn totp(&self, user_id: &str) -> Result<String, Trouble> {
        let shown = self
            .authsignal()
            .look(|world, now| world.authsignal.current_totp(user_id, now));
        shown
            .map(|shown| shown.code)
            .map_err(|refusal| Trouble::Unknown(refusal.to_string()))
    }

    fn authsignal(&self) -> &Tenant {
        self.app.authsignals().next().unwrap_or(&self.first)
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
                tenant.transact(|world, _| world.outbox.newest_first().cloned().collect::<Vec<_>>())
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

/// The simulated phone of a user. It speaks the vendor's own phone-side operations.
#[derive(Debug)]
pub struct Phone<'a> {
    mock: &'a MockServer,
    tenant: &'a Tenant,
    user_id: String,
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

    /// Answers the newest open request with data that is not accepted.
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

/// The clock of a mock. Everything the mock times moves with it, except the age of request signatures.
#[derive(Clone, Copy, Debug)]
pub struct ClockHandle<'a> {
    app: &'a App,
}

impl ClockHandle<'_> {
    /// The time.
    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Stops the clock.
    pub fn freeze(&self) {
        self.app.change_clock(Some(true), Duration::ZERO);
    }

    /// Lets the clock run from where it stands.
    pub fn release(&self) {
        self.app.change_clock(Some(false), Duration::ZERO);
    }

    /// Moves the clock forward, to the millisecond.
    pub fn advance(&self, by: Duration) {
        self.app.change_clock(None, by);
    }
}
