//! Configures a mock inside a test, and starts it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Error, MockServer, Running};
use crate::addresses::Addresses;
use crate::domain::authsignal::vocabulary::ChallengeMode;
use crate::http::{phones, router};
use crate::runtime::seed::{Secret, Seed};
use crate::runtime::{
    App, Behaviour, Proxy, PublicUrl, SignatureWindow, host_name, host_or_address, span,
};
#[cfg(feature = "tls")]
use crate::serve::tls::{Authority, Tls, TlsError};
use crate::serve::{self, Listeners, Ports};

/// The settings of a [`MockServer`] before it starts. The defaults are those of the program.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `start`"]
pub struct MockServerBuilder {
    behaviour: Behaviour,
    seed: Seed,
    listen: SocketAddr,
    tls: bool,
}

impl Default for MockServerBuilder {
    fn default() -> Self {
        Self {
            behaviour: Behaviour::default(),
            seed: Seed::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: false,
        }
    }
}

impl MockServerBuilder {
    /// Stops the clock at 2026-01-01T00:00:00Z and derives ids from a fixed seed: the same requests give the same
    /// bytes. The mock then does not check the age of signatures unless [`signature_window`](Self::signature_window)
    /// sets a window.
    pub fn deterministic(mut self) -> Self {
        self.behaviour.deterministic = true;
        self
    }

    /// Whether the mock checks signatures at all; `true` by default.
    pub fn verify_signatures(mut self, verify: bool) -> Self {
        self.behaviour.verify_signatures = verify;
        self
    }

    /// How far a signature's timestamp may be from the machine's clock, in whole seconds; 300 s by default. `None` accepts
    /// any timestamp.
    pub fn signature_window(mut self, window: Option<Duration>) -> Self {
        self.behaviour.signature_window = Some(match window {
            Some(window) => SignatureWindow::Seconds(window.as_secs()),
            None => SignatureWindow::Off,
        });
        self
    }

    /// Whether a nonce can be used only once; `true` by default.
    pub fn refuse_replays(mut self, refuse: bool) -> Self {
        self.behaviour.refuse_replays = refuse;
        self
    }

    /// How long an Activeconnect session waits for the phone; 60 s by default.
    pub fn pending_time(mut self, time: Duration) -> Self {
        self.behaviour.limits.pending = span(time);
        self
    }

    /// How long an active Activeconnect session lasts; one hour by default.
    pub fn session_time(mut self, time: Duration) -> Self {
        self.behaviour.limits.session = span(time);
        self
    }

    /// How long an Activeconnect registration link stays valid; one day by default.
    pub fn link_time(mut self, time: Duration) -> Self {
        self.behaviour.limits.link = span(time);
        self
    }

    /// Largest request body in bytes; 1 MiB by default.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.behaviour.body_limit = bytes;
        self
    }

    /// How long a client may take for the line and the headers of a request, on the machine's clock; 10 s by default. The
    /// mock then answers 408 and closes the connection.
    pub fn header_time(mut self, time: Duration) -> Self {
        self.behaviour.times.head = time;
        self
    }

    /// How long a client may take for the body of a request, on the machine's clock; 30 s by default. The mock then answers
    /// 408 and closes the connection.
    pub fn body_time(mut self, time: Duration) -> Self {
        self.behaviour.times.body = time;
        self
    }

    /// How long a connection stays open without a request, on the machine's clock; 120 s by default.
    pub fn idle_time(mut self, time: Duration) -> Self {
        self.behaviour.times.idle = time;
        self
    }

    /// How many requests the journal of each tenant keeps; 10,000 by default.
    pub fn journal(mut self, capacity: usize) -> Self {
        self.behaviour.journal = capacity;
        self
    }

    /// How many messages the outbox of each tenant keeps; 1,000 by default.
    pub fn outbox(mut self, capacity: usize) -> Self {
        self.behaviour.outbox = capacity;
        self
    }

    /// Whether the first request of the Server API with an API secret that no tenant has creates a tenant of Authsignal.
    pub fn tenants_on_demand(mut self, on_demand: bool) -> Self {
        self.behaviour.tenants_on_demand = on_demand;
        self
    }

    /// How long a tenant that was created while the mock runs stays without a request. Without this, it stays.
    pub fn tenant_ttl(mut self, ttl: Duration) -> Self {
        self.behaviour.tenant_ttl = Some(ttl);
        self
    }

    /// How many requests each Authsignal tenant may receive in a minute; no limit by default. The mock answers 429 to
    /// the rest.
    pub fn rate_limit(mut self, requests: usize) -> Self {
        self.behaviour.rate_limit = Some(requests);
        self
    }

    /// Whether the mock enforces Authsignal's documented limits on sending and verifying codes; `false` by default, so
    /// that a test can send any number.
    pub fn code_limits(mut self, keep: bool) -> Self {
        self.behaviour.code_limits = keep;
        self
    }

    /// Whether the vendors' APIs refuse a member or a query parameter that the spec does not have; `false` by default, so
    /// that the mock ignores it with a warning.
    pub fn strict(mut self, strict: bool) -> Self {
        self.behaviour.strict = strict;
        self
    }

    /// Whether only addresses of a tenant's `ipWhitelist` may call Authsignal's Server API. By default the list has no
    /// effect.
    pub fn ip_whitelist(mut self, heed: bool) -> Self {
        self.behaviour.ip_whitelist = heed;
        self
    }

    /// Whether Authsignal's codes and links go only to addresses that the user has enrolled, as the documentation words
    /// it; `false` by default, so that they also go to addresses that the application has named.
    pub fn challenge_enrolled_only(mut self, only: bool) -> Self {
        self.behaviour.challenge_enrolled_only = only;
        self
    }

    /// Whether the tokens of track and claim are signed with RS256 and verified by the tenant's key set; `false` by default,
    /// which means HS256 with the API secret.
    pub fn rs256_tokens(mut self, rs256: bool) -> Self {
        self.behaviour.rs256_tokens = rs256;
        self
    }

    /// What happens when a challenge page opens; by default the page waits for a person.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::{ChallengeMode, MockServer};
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

    /// Adds a URL that receives every event of the first Authsignal tenant. The URL must be on this machine, unless
    /// [`webhook_allow`](Self::webhook_allow) names its host. HTTPS needs the feature `https`.
    pub fn webhook(mut self, url: &str) -> Self {
        self.seed = self.seed.with_webhook(url);
        self
    }

    /// Accepts any certificate of a webhook's receiver, such as a self-signed one.
    pub fn webhook_insecure(mut self) -> Self {
        self.behaviour.webhook_insecure = true;
        self
    }

    /// How long the receiver of a webhook may take; 10 s by default.
    pub fn webhook_timeout(mut self, timeout: Duration) -> Self {
        self.behaviour.webhook_timeout = timeout;
        self
    }

    /// Allows requests for this host name, given without a port. A mock answers to IP addresses, localhost and names
    /// without dots. It refuses any other name, because a web page may have made it resolve to this machine.
    ///
    /// ```
    /// use stepup_mock::MockServer;
    ///
    /// # fn main() -> Result<(), stepup_mock::Error> {
    /// let builder = MockServer::builder().allow_host("host.docker.internal")?;
    /// assert!(MockServer::builder().allow_host("*.internal").is_err());
    /// # let _ = builder;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Malformed`] if this is not the name of a host alone: it has a scheme, a port or a `*`.
    pub fn allow_host(mut self, name: &str) -> Result<Self, Error> {
        let name = host_name(name).map_err(Error::Malformed)?;
        self.behaviour.allow_host.push(name);
        Ok(self)
    }

    /// Sets the URL by which callers reach the mock, such as `https://localhost:8443/auth` behind a reverse proxy. Every URL
    /// that the mock gives out begins with it, also [`MockServer::url`]. A path before the mock's own paths may arrive with
    /// the requests or not.
    ///
    /// # Errors
    /// [`Error::Malformed`] if this is not an HTTP or HTTPS URL that somebody can call, or if its path begins as a path of
    /// the mock does.
    pub fn public_url(mut self, url: &str) -> Result<Self, Error> {
        let url: PublicUrl = url.parse().map_err(Error::Malformed)?;
        self.behaviour.public_url = Some(Arc::new(url));
        Ok(self)
    }

    /// Believes the headers `Forwarded` and `X-Forwarded-*` of a reverse proxy, given by its address, its network such as
    /// `10.0.0.0/8`, or its name. They say by which URL callers reach the mock, unless [`public_url`](Self::public_url) does.
    ///
    /// # Errors
    /// [`Error::Malformed`] if this is none of the three.
    pub fn trust_forwarded_from(mut self, proxy: &str) -> Result<Self, Error> {
        let proxy: Proxy = proxy.parse().map_err(Error::Malformed)?;
        self.behaviour.trust_forwarded_from.push(proxy);
        Ok(self)
    }

    /// Allows webhooks to a host outside this machine, by its name or its IP address.
    ///
    /// # Errors
    /// [`Error::Malformed`] if this is neither: it has a scheme, a port or a `*`.
    pub fn webhook_allow(mut self, host: &str) -> Result<Self, Error> {
        let host = host_or_address(host).map_err(Error::Malformed)?;
        self.behaviour.webhook_allow.push(host);
        Ok(self)
    }

    /// Adds an Activeconnect application, or sets the secret of the application with this id. Without one, the mock has
    /// `mock-app` with the secret `mock-app-secret-24-bytes`.
    pub fn application(mut self, id: &str, secret: &str) -> Self {
        self.seed = self
            .seed
            .with_application(id, Secret::from(secret.to_owned()));
        self
    }

    /// Sets the id and the server API secret of the first Authsignal tenant.
    pub fn authsignal_tenant(mut self, id: &str, api_secret: &str) -> Self {
        let secret = Secret::from(api_secret.to_owned());
        self.seed = self.seed.with_authsignal(id, secret);
        self
    }

    /// Sets the management secret of the first Authsignal tenant.
    pub fn authsignal_management_secret(mut self, secret: &str) -> Self {
        let secret = Secret::from(secret.to_owned());
        self.seed = self.seed.with_management_secret(secret);
        self
    }

    /// Sets the secret of the terminals of the first Authsignal tenant.
    pub fn authsignal_terminal_secret(mut self, secret: &str) -> Self {
        let secret = Secret::from(secret.to_owned());
        self.seed = self.seed.with_terminal_secret(secret);
        self
    }

    /// Starts with a seed: `empty`, `demo`, `sdk-suites`, or the path of a JSON file. It replaces what
    /// [`application`](Self::application), [`authsignal_tenant`](Self::authsignal_tenant) and [`webhook`](Self::webhook)
    /// set before.
    ///
    /// # Errors
    /// The seed does not exist, or is malformed.
    pub fn seed(mut self, name: &str) -> Result<Self, Error> {
        self.seed = Seed::load(name)?;
        Ok(self)
    }

    /// Starts with a seed from the test, in the form of a seed file.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use serde_json::json;
    /// use stepup_mock::MockServer;
    ///
    /// let seed = json!({"tenants": [{
    ///     "authsignal": {"id": "my-tenant", "secret": "my-api-secret",
    ///                    "users": [{"userId": "ada", "email": "ada@example.com"}]}
    /// }]});
    /// let mock = MockServer::builder().seed_value(seed)?.start().await?;
    /// assert_eq!(mock.authsignal().tenant_id(), "my-tenant");
    /// assert_eq!(mock.authsignal().user("ada")?.email.as_deref(), Some("ada@example.com"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The seed is malformed.
    pub fn seed_value(mut self, seed: serde_json::Value) -> Result<Self, Error> {
        self.seed = Seed::from_value(seed)?;
        Ok(self)
    }

    /// Sets the address to listen on; by default a free port of 127.0.0.1. A mock at 127.0.0.1 or `[::1]` also listens at
    /// the same port of the other, if the machine has it, because `localhost` can stand for either.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Speaks TLS, too, at the same port, with a certificate of an authority that this mock alone has:
    /// [`MockServer::ca_pem`]. Every URL that the mock gives out then begins with `https`. Needs the feature `tls`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use stepup_mock::MockServer;
    ///
    /// let mock = MockServer::builder().tls().start().await?;
    /// assert!(mock.authsignal().api_url().starts_with("https://127.0.0.1:"));
    ///
    /// // The code under test trusts the authority.
    /// let authority = reqwest::Certificate::from_pem(mock.ca_pem().unwrap_or_default().as_bytes())?;
    /// let http = reqwest::Client::builder().tls_certs_only([authority]).build()?;
    /// let health = http.get(format!("{}/health", mock.control_url())).send().await?;
    /// assert!(health.status().is_success());
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "tls")]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Starts the mock. It accepts connections when this returns.
    ///
    /// # Errors
    /// The seed is contradictory, the mock cannot listen on the address, or the operating system gives no thread or no
    /// random bytes.
    pub async fn start(self) -> Result<MockServer, Error> {
        self.start_blocking()
    }

    /// As [`start`](Self::start), for a test without an async runtime.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub fn start_blocking(self) -> Result<MockServer, Error> {
        let app = Arc::new(App::new(self.behaviour, self.seed)?);
        let activeconnect = first(app.applications(), "activeconnect")?;
        let authsignal = first(app.authsignals(), "authsignal")?;
        let phones = phones(&app);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::Thread)?;
        let handle = runtime.handle().clone();
        let listeners = {
            let _entered = runtime.enter();
            serve::listen(self.listen)?
        };
        let address = listeners.address();
        app.listens_at(&[address])?;
        let scheme = if self.tls { "https" } else { "http" };
        let addresses = Addresses::new(scheme, address, app.behaviour.public_url.as_deref());
        let (ports, ca_pem) = if self.tls {
            secured(&app, listeners)?
        } else {
            (Ports::plain(listeners), None)
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = (Arc::clone(&app), Arc::clone(&phones));
        let until_stopped = async move {
            let (app, phones) = served;
            // Here, so that a test goes on meanwhile.
            let router = router(&app, &phones);
            #[expect(
                clippy::async_yields_async,
                reason = "the patience begins when the mock is told to stop"
            )]
            let stop = async {
                // A sender that was dropped means stop, too.
                let _ = stopped.await;
                // A test that ends waits for no request.
                std::future::ready(())
            };
            serve::serve(&app, router, ports, stop).await;
        };
        let thread = std::thread::Builder::new()
            .name(format!("stepup-mock:{}", address.port()))
            .spawn(move || runtime.block_on(until_stopped))
            .map_err(Error::Thread)?;
        Ok(MockServer {
            running: Arc::new(Running {
                app,
                phones,
                addresses,
                runtime: handle,
            }),
            activeconnect,
            authsignal,
            address,
            ca_pem,
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

/// A port for plain HTTP and TLS, and the authority that clients are to trust.
#[cfg(feature = "tls")]
fn secured(app: &App, listeners: Listeners) -> Result<(Ports, Option<String>), Error> {
    let malformed = |error: TlsError| Error::Malformed(error.to_string());
    let names = app.behaviour.names(&[listeners.address()]);
    let authority = Authority::new(&names).map_err(malformed)?;
    let ca_pem = authority.certificate().to_owned();
    let tls = Tls::of_authority(authority, names).map_err(malformed)?;
    Ok((Ports::with_tls(listeners, None, tls), Some(ca_pem)))
}

/// Without TLS, nobody can ask for it.
#[cfg(not(feature = "tls"))]
fn secured(_app: &App, listeners: Listeners) -> Result<(Ports, Option<String>), Error> {
    Ok((Ports::plain(listeners), None))
}

/// The first part at a vendor. A seed without one gets the default, so that a mock never serves another tenant instead.
fn first<Part>(parts: Vec<Arc<Part>>, member: &str) -> Result<Arc<Part>, Error> {
    parts.into_iter().next().ok_or_else(|| {
        Error::Seed(format!(
            "no tenant of the seed has the member `{member}`; give one of them `{member}` with `id` and `secret`"
        ))
    })
}
