//! Delivers webhooks: signs them, sends them to allowed targets, and records the result. The domain decides what to send
//! and when. This module must not know the server.
//!
//! A target must be on this machine unless its host is allowed by name. Otherwise anyone who can configure the mock could
//! make it send codes and addresses to other machines. The check uses the address that a name resolves to at the moment
//! of connecting. Redirects are not followed, and no proxy from the environment is used.
//!
//! The time in a signature is the machine's, not the mock's, even in deterministic mode: receivers compare it with
//! their own clock, and one that is five minutes off refuses everything. So bodies are the same in every run of that
//! mode, and signatures are not.
//!
//! - `body`: what a webhook says

pub mod body;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use sha2::Sha256;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use super::hosts::is_loopback;
use super::lock::lock;
use crate::authorities;
use crate::bounds::DELIVERIES_OF_ALL;
use crate::domain::authsignal::webhook::Answer;
use crate::traces::{Sent, Traces};

/// The header that holds the signatures.
pub const SIGNATURE: &str = "X-Signature-V2";

/// Why a mock without TLS takes no such target.
const WITHOUT_TLS: &str = "https is not supported by this build of the mock; build it with its feature `https`, which is a default";

/// What to do about a certificate.
const UNTRUSTED: &str = "; add the certificate's authority to those that this machine trusts, or start the mock with \
     --webhook-insecure to accept any certificate";

/// Sends webhooks.
pub struct Courier {
    timeout: Duration,
    /// Whether any certificate of a receiver will do.
    trusts_anyone: bool,
    /// The spans of what it sends.
    pub(super) traces: Traces,
    /// Allowed hosts outside this machine, in lower case.
    allowed: Arc<[String]>,
    /// Where the mock itself listens, once it does.
    own: OnceLock<Vec<SocketAddr>>,
    /// Places for deliveries, so that they take no more descriptors than the mock has for them.
    places: Semaphore,
    /// Each made for its first delivery.
    http: OnceLock<Result<reqwest::Client, String>>,
    https: OnceLock<Result<reqwest::Client, String>>,
    /// Rings when something may be due.
    pub(super) alarm: Notify,
    /// The numbers of tenants that something may be due for.
    stirred: Mutex<BTreeSet<u64>>,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("timeout", &self.timeout)
            .field("trusts_anyone", &self.trusts_anyone)
            .field("allowed", &self.allowed)
            .finish_non_exhaustive()
    }
}

/// Resolves a name to addresses of this machine only, or to any address if the name is allowed.
struct Near {
    allowed: Arc<[String]>,
}

impl Resolve for Near {
    fn resolve(&self, name: Name) -> Resolving {
        let anywhere = is_allowed(&self.allowed, name.as_str());
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let near: Vec<SocketAddr> = found
                .filter(|address| anywhere || is_near(address.ip()))
                .collect();
            if near.is_empty() {
                return Err(far(name.as_str()).into());
            }
            Ok(Box::new(near.into_iter()) as Addrs)
        })
    }
}

fn is_near(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether a server at the address `own` is reached at `address`. One that listens at every address of this machine is
/// reached at each.
fn is_at(address: IpAddr, own: IpAddr) -> bool {
    let address = address.to_canonical();
    is_near(address) || address == own || (own.is_unspecified() && is_of_this_machine(address))
}

/// Whether an address is one of this machine: the operating system lets a program listen only at those.
fn is_of_this_machine(address: IpAddr) -> bool {
    UdpSocket::bind((address, 0)).is_ok()
}

fn the_mock_itself(url: &Url, host: &str) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    format!("{host}:{port} is the mock itself; give the URL of a server of your application")
}

fn is_allowed(allowed: &[String], host: &str) -> bool {
    let host = host.trim_end_matches('.');
    allowed.iter().any(|other| other.eq_ignore_ascii_case(host))
}

fn far(host: &str) -> String {
    format!("{host} is not on this machine; start the mock with --webhook-allow {host} to allow it")
}

impl Courier {
    /// A courier with this timeout for receivers and these allowed hosts.
    pub fn new(timeout: Duration, allowed: &[String]) -> Self {
        Self {
            timeout,
            trusts_anyone: false,
            traces: Traces::default(),
            allowed: allowed
                .iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            own: OnceLock::new(),
            places: Semaphore::new(DELIVERIES_OF_ALL),
            http: OnceLock::new(),
            https: OnceLock::new(),
            alarm: Notify::new(),
            stirred: Mutex::default(),
        }
    }

    /// Accepts any certificate of a receiver, such as one that it has signed itself.
    pub fn trusting_anyone(mut self) -> Self {
        self.trusts_anyone = true;
        self
    }

    /// Makes spans of what it sends there.
    pub fn tracing(mut self, traces: Traces) -> Self {
        self.traces = traces;
        self
    }

    /// How long a receiver may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Asks for a look at what is due for the tenant with this number.
    pub(super) fn ring(&self, number: u64) {
        lock(&self.stirred).insert(number);
        self.alarm.notify_one();
    }

    /// The numbers of the tenants that something may be due for, which are asked for no more.
    pub(super) fn stirred(&self) -> BTreeSet<u64> {
        std::mem::take(&mut *lock(&self.stirred))
    }

    /// Notes where the mock itself listens, which can be no target: a delivery that changes the mock would cause the next,
    /// without end.
    pub fn listens_at(&self, addresses: &[SocketAddr]) {
        // A mock begins to listen once.
        let _ = self.own.set(addresses.to_vec());
    }

    /// Where the mock listens at the port of a target.
    fn at_port_of(&self, url: &Url) -> impl Iterator<Item = IpAddr> {
        let port = url.port_or_known_default();
        let own = self.own.get().into_iter().flatten();
        own.filter(move |own| port == Some(own.port()))
            .map(|own| own.ip().to_canonical())
    }

    /// Whether a target is the mock itself. A name that is not allowed can only be one of this machine; the addresses of
    /// one that is allowed are checked at sending.
    fn is_own(&self, url: &Url, host: &str) -> bool {
        self.at_port_of(url)
            .any(|own| match host.parse::<IpAddr>() {
                Ok(address) => is_at(address, own),
                Err(_) => !is_allowed(&self.allowed, host),
            })
    }

    /// Checks that the name of a target does not stand for the mock itself.
    async fn check_name(&self, url: &Url) -> Result<(), String> {
        let own: Vec<_> = self.at_port_of(url).collect();
        let Some(host) = url.host_str().filter(|_| !own.is_empty()) else {
            return Ok(());
        };
        // If nobody knows the name, the sending says so.
        let mut found = tokio::net::lookup_host((host, 0))
            .await
            .into_iter()
            .flatten();
        match found.any(|address| own.iter().any(|own| is_at(address.ip(), *own))) {
            true => Err(the_mock_itself(url, host)),
            false => Ok(()),
        }
    }

    /// Checks a target. The addresses of its name are checked at sending.
    ///
    /// # Errors
    /// It is not a URL, does not use HTTP or HTTPS, is not on this machine, or is the mock itself.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.target(url).map(drop)
    }

    /// What may be wrong with a target that [`check`](Self::check) has let pass: only the sending shows where a name leads.
    pub fn doubt(&self, url: &str) -> Option<String> {
        let url = Url::parse(url).ok()?;
        let name = url.domain()?;
        let is_sure = is_loopback(name.trim_end_matches('.')) || is_allowed(&self.allowed, name);
        (!is_sure).then(|| {
            format!(
                "the mock sends webhooks to {name} only if this name leads to this machine; to send to another, start the mock \
                 with --webhook-allow {name}"
            )
        })
    }

    fn target(&self, url: &str) -> Result<Url, String> {
        let url: Url = url.parse().map_err(|error| format!("not a URL: {error}"))?;
        match url.scheme() {
            "http" => {}
            "https" if cfg!(feature = "https") => {}
            "https" => return Err(WITHOUT_TLS.to_owned()),
            scheme => {
                return Err(format!(
                    "{scheme} is not supported: the mock sends webhooks by http and https only"
                ));
            }
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if self.is_own(&url, host) {
            return Err(the_mock_itself(&url, host));
        }
        match host.parse() {
            Ok(address) if !is_near(address) && !is_allowed(&self.allowed, host) => Err(far(host)),
            _ => Ok(url),
        }
    }

    /// The client for receivers over HTTPS, or over HTTP.
    fn client(&self, is_https: bool) -> Result<&reqwest::Client, String> {
        let client = if is_https { &self.https } else { &self.http };
        let made = client.get_or_init(|| {
            let resolver = Near {
                allowed: Arc::clone(&self.allowed),
            };
            authorities::of_machine(self.certified(reqwest::Client::builder()), is_https)
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .dns_resolver(resolver)
                // A receiver that is stopped and started again in a test gets no broken connection.
                .pool_max_idle_per_host(0)
                .timeout(self.timeout)
                .user_agent(concat!("stepup-mock/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| format!("cannot create the HTTP client: {error}"))
        });
        made.as_ref().map_err(Clone::clone)
    }

    /// With the check of certificates that the settings ask for.
    fn certified(&self, builder: reqwest::ClientBuilder) -> reqwest::ClientBuilder {
        #[cfg(feature = "https")]
        return builder.tls_danger_accept_invalid_certs(self.trusts_anyone);
        #[cfg(not(feature = "https"))]
        builder
    }

    /// Sends a webhook, which is in this span.
    pub(super) async fn post(
        &self,
        url: &str,
        body: Vec<u8>,
        signature: String,
        span: &Sent,
    ) -> Answer {
        let answer = self.posted(url, body, signature, span).await;
        span.answered(match answer {
            Answer::Status(status) => Some(status),
            Answer::Nothing(_) | Answer::Unsent(_) => None,
        });
        answer
    }

    async fn posted(&self, url: &str, body: Vec<u8>, signature: String, span: &Sent) -> Answer {
        let _place = match place(&self.places, self.timeout).await {
            Ok(place) => place,
            Err(unsent) => return unsent,
        };
        let sent = async {
            let url = self.target(url).map_err(Answer::Unsent)?;
            self.check_name(&url).await.map_err(Answer::Unsent)?;
            let http = self
                .client(url.scheme() == "https")
                .map_err(Answer::Unsent)?;
            let mut request = http
                .post(url)
                .header("Content-Type", "application/json")
                .header(SIGNATURE, signature)
                .body(body);
            if let Some((name, value)) = span.traceparent() {
                request = request.header(name, value);
            }
            request.send().await.map_err(|error| self.why(&error))
        };
        match sent.await {
            Ok(response) => Answer::Status(response.status().as_u16()),
            Err(answer) => answer,
        }
    }

    /// Why no answer came, without the URL, which may contain private data.
    fn why(&self, error: &reqwest::Error) -> Answer {
        if error.is_timeout() {
            return Answer::Nothing(format!("did not answer within {:?}", self.timeout));
        }
        let mut cause = error.source();
        let mut last = "the connection closed before an answer came".to_owned();
        while let Some(error) = cause {
            if let Some(io) = error.downcast_ref::<io::Error>()
                && io.raw_os_error().is_some()
            {
                return of_system(io);
            }
            last = error.to_string();
            cause = error.source();
        }
        // How rustls begins what it says of a certificate; it is the innermost cause, without a type that reqwest shows.
        if last.contains("invalid peer certificate") {
            last.push_str(UNTRUSTED);
        }
        Answer::Nothing(last)
    }
}

/// A place for a delivery.
///
/// # Errors
/// None became free in as much time as a receiver may take.
pub(super) async fn place(
    places: &Semaphore,
    time: Duration,
) -> Result<SemaphorePermit<'_>, Answer> {
    match tokio::time::timeout(time, places.acquire()).await {
        Ok(Ok(place)) => Ok(place),
        _ => Err(Answer::Unsent(format!(
            "the mock did not send it, because receivers took so long that no place for it became free within {time:?}"
        ))),
    }
}

/// Why the operating system made no connection.
fn of_system(error: &io::Error) -> Answer {
    // ENFILE and EMFILE, or WSAEMFILE.
    let exhausted: &[i32] = if cfg!(windows) { &[10024] } else { &[23, 24] };
    if error
        .raw_os_error()
        .is_some_and(|code| exhausted.contains(&code))
    {
        return Answer::Unsent(
            "the mock could not send it, because it has too many open files; raise the limit on descriptors (ulimit -n)"
                .to_owned(),
        );
    }
    // An error without a kind has the kind of an error that does not exist.
    let unnamed = io::Error::from_raw_os_error(i32::MAX).kind();
    Answer::Nothing(if error.kind() == unnamed {
        error.to_string()
    } else {
        // The same words on every system.
        error.kind().to_string()
    })
}

/// The text of the header for a body that is signed at `at` (Unix seconds) with each of the keys.
pub fn signature(keys: &[&str], body: &[u8], at: i64) -> String {
    let mut text = format!("t={at}");
    for key in keys {
        text.push_str(",v2=");
        text.push_str(&STANDARD_NO_PAD.encode(mac(key, body, at)));
    }
    text
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of every length")]
fn mac(key: &str, body: &[u8], at: i64) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .expect("HMAC takes keys of every length")
        .chain_update(at.to_string())
        .chain_update(".")
        .chain_update(body)
        .finalize()
        .into_bytes()
        .into()
}

/// A target without path and query, which may contain private data.
pub(super) fn origin(url: &str) -> String {
    let url = url.parse().ok();
    url.map_or_else(
        || "its URL".to_owned(),
        |url: Url| url.origin().ascii_serialization(),
    )
}
