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

use std::error::Error as _;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use sha2::Sha256;
use tokio::sync::{Notify, Semaphore, SemaphorePermit};

use crate::bounds::DELIVERIES_OF_ALL;
use crate::domain::authsignal::webhook::Answer;

/// The header that holds the signatures.
pub const SIGNATURE: &str = "X-Signature-V2";

/// Sends webhooks.
pub struct Courier {
    timeout: Duration,
    /// Allowed hosts outside this machine, in lower case.
    allowed: Arc<[String]>,
    /// Where the mock itself listens, once it does.
    own: OnceLock<SocketAddr>,
    /// Places for deliveries, so that they take no more descriptors than the mock has for them.
    places: Semaphore,
    /// Made for the first delivery.
    http: OnceLock<Result<reqwest::Client, String>>,
    /// Rings when something may be due.
    pub(super) alarm: Notify,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Courier")
            .field("timeout", &self.timeout)
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
            allowed: allowed
                .iter()
                .map(|host| host.to_ascii_lowercase())
                .collect(),
            own: OnceLock::new(),
            places: Semaphore::new(DELIVERIES_OF_ALL),
            http: OnceLock::new(),
            alarm: Notify::new(),
        }
    }

    /// How long a receiver may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Sends everything that is due.
    pub fn ring(&self) {
        self.alarm.notify_one();
    }

    /// Notes where the mock itself listens, which can be no target: a delivery that changes the mock would cause the next,
    /// without end.
    pub fn listens_at(&self, address: SocketAddr) {
        // A mock listens once.
        let _ = self.own.set(address);
    }

    /// Where the mock listens, if it has the port of a target.
    fn at_port_of(&self, url: &Url) -> Option<IpAddr> {
        let own = self.own.get();
        let own = own.filter(|own| url.port_or_known_default() == Some(own.port()));
        own.map(|own| own.ip().to_canonical())
    }

    /// Whether a target is the mock itself. A name that is not allowed can only be one of this machine; the addresses of
    /// one that is allowed are checked at sending.
    fn is_own(&self, url: &Url, host: &str) -> bool {
        self.at_port_of(url)
            .is_some_and(|own| match host.parse::<IpAddr>() {
                Ok(address) => is_at(address, own),
                Err(_) => !is_allowed(&self.allowed, host),
            })
    }

    /// Checks that the name of a target does not stand for the mock itself.
    async fn check_name(&self, url: &Url) -> Result<(), String> {
        let (Some(own), Some(host)) = (self.at_port_of(url), url.host_str()) else {
            return Ok(());
        };
        // If nobody knows the name, the sending says so.
        let mut found = tokio::net::lookup_host((host, 0))
            .await
            .into_iter()
            .flatten();
        match found.any(|address| is_at(address.ip(), own)) {
            true => Err(the_mock_itself(url, host)),
            false => Ok(()),
        }
    }

    /// Checks a target. The addresses of its name are checked at sending.
    ///
    /// # Errors
    /// It is not a URL, does not use plain HTTP, is not on this machine, or is the mock itself.
    pub fn check(&self, url: &str) -> Result<(), String> {
        self.target(url).map(drop)
    }

    fn target(&self, url: &str) -> Result<Url, String> {
        let url: Url = url.parse().map_err(|error| format!("not a URL: {error}"))?;
        if url.scheme() != "http" {
            return Err(format!(
                "{} is not supported: the mock sends webhooks by plain HTTP only",
                url.scheme()
            ));
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

    fn http(&self) -> Result<&reqwest::Client, String> {
        let made = self.http.get_or_init(|| {
            let resolver = Near {
                allowed: Arc::clone(&self.allowed),
            };
            reqwest::Client::builder()
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

    pub(super) async fn post(&self, url: &str, body: Vec<u8>, signature: String) -> Answer {
        let _place = match place(&self.places, self.timeout).await {
            Ok(place) => place,
            Err(unsent) => return unsent,
        };
        let sent = async {
            let url = self.target(url).map_err(Answer::Unsent)?;
            self.check_name(&url).await.map_err(Answer::Unsent)?;
            let http = self.http().map_err(Answer::Unsent)?;
            let request = http
                .post(url)
                .header("Content-Type", "application/json")
                .header(SIGNATURE, signature)
                .body(body);
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::dns::Resolve as _;

    use super::{Courier, Near, of_system, origin, signature};
    use crate::bounds::DELIVERIES_OF_ALL;
    use crate::domain::authsignal::webhook::Answer;

    const BODY: &[u8] = br#"{"version":1,"id":"00000000-0000-4000-8000-000000000001","source":"https://authsignal.com","time":"2025-01-01T00:00:00.000Z","tenantId":"00000000-0000-4000-8000-0000000000aa","type":"email.created","data":{"to":"a@example.com","code":"123456","userId":"u1","actionCode":"signIn","idempotencyKey":"k1","verificationMethod":"EMAIL_OTP"}}"#;

    #[test]
    fn a_signature_is_the_one_that_the_vendors_verifiers_accept() {
        let one = "55KT0O9oZzSMKBZ9SPsIKof1l94OLidXw/dHDAjtUcc";
        let text = signature(&["test-secret-key-123"], BODY, 1_735_689_600);
        assert_eq!(text, format!("t=1735689600,v2={one}"));
        let two = signature(
            &["test-secret-key-123", "the next one"],
            BODY,
            1_735_689_600,
        );
        assert!(two.starts_with(&format!("{text},v2=")), "{two}");
        assert_eq!(two.len(), text.len() + ",v2=".len() + one.len());
    }

    #[test]
    fn a_target_is_on_this_machine_unless_it_is_allowed() {
        let courier = Courier::new(
            Duration::from_secs(1),
            &["Receiver.Test".into(), "10.0.0.7".into()],
        );
        for near in [
            "http://127.0.0.1:1/hook",
            "http://127.1.2.3/",
            "http://[::1]:80/a?b=c",
            "http://localhost:9/",
            // Names are checked by what they resolve to.
            "http://anything.example/",
            "http://receiver.test/",
            "http://10.0.0.7/",
        ] {
            assert_eq!(courier.check(near), Ok(()), "{near}");
        }
        for (far, why) in [
            ("http://10.0.0.8/", "--webhook-allow 10.0.0.8"),
            ("http://0.0.0.0/", "0.0.0.0 is not on this machine"),
            ("http://[::ffff:8.8.8.8]/", "is not on this machine"),
            ("http://134744072/", "8.8.8.8 is not on this machine"),
            ("https://127.0.0.1/", "plain HTTP only"),
            ("file:///etc/passwd", "plain HTTP only"),
            ("127.0.0.1:80", "not a URL"),
            ("", "not a URL"),
        ] {
            let error = courier.check(far).unwrap_err();
            assert!(error.contains(why), "{far}: {error}");
        }
        let mapped = courier.check("http://[::ffff:127.0.0.1]/");
        assert_eq!(mapped, Ok(()), "the same address in another form");
    }

    #[test]
    fn a_target_is_never_the_mock_itself() {
        let courier = Courier::new(
            Duration::from_secs(1),
            &["far.test".into(), "192.0.2.7".into()],
        );
        assert_eq!(
            courier.check("http://127.0.0.1:4750/"),
            Ok(()),
            "it does not listen yet"
        );
        courier.listens_at(([192, 0, 2, 7], 4750).into());
        for own in [
            "http://127.0.0.1:4750/_mock/webhooks/trigger",
            "http://localhost:4750/",
            "http://[::1]:4750/",
            "http://[::ffff:127.0.0.1]:4750/",
            "http://192.0.2.7:4750/",
            "http://any.name.example:4750/v1",
        ] {
            let error = courier.check(own).unwrap_err();
            assert!(error.contains(":4750 is the mock itself"), "{own}: {error}");
        }
        for other in [
            "http://127.0.0.1:4751/",
            "http://localhost/",
            "http://far.test:4750/",
            "http://192.0.2.7:1/",
        ] {
            assert_eq!(courier.check(other), Ok(()), "{other}");
        }
    }

    /// An address of this machine that is not loopback, if it has one. Connecting a datagram socket sends nothing.
    fn address_of_this_machine() -> Option<std::net::IpAddr> {
        let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
        socket.connect("192.0.2.1:9").ok()?;
        let address = socket.local_addr().ok()?.ip();
        (!address.is_loopback() && !address.is_unspecified()).then_some(address)
    }

    #[tokio::test]
    async fn a_mock_that_listens_everywhere_is_no_target_at_any_address_of_this_machine() {
        let own = address_of_this_machine();
        let own = own.map_or_else(|| "0.0.0.0".to_owned(), |own| own.to_string());
        let courier = Courier::new(
            Duration::from_secs(1),
            &[
                own.clone(),
                "0.0.0.0".into(),
                "192.0.2.7".into(),
                "localhost".into(),
            ],
        );
        courier.listens_at(([0, 0, 0, 0], 4750).into());
        for own in [&*own, "0.0.0.0", "127.0.0.1"] {
            let error = courier.check(&format!("http://{own}:4750/")).unwrap_err();
            assert!(error.contains(":4750 is the mock itself"), "{own}: {error}");
        }
        for other in [
            format!("http://{own}:4751/"),
            "http://192.0.2.7:4750/".to_owned(),
        ] {
            assert_eq!(courier.check(&other), Ok(()), "{other}");
        }
        // An allowed name is checked by what it resolves to.
        let answer = courier
            .post("http://localhost:4750/", Vec::new(), String::new())
            .await;
        assert_eq!(
            answer,
            Answer::Unsent(
                "localhost:4750 is the mock itself; give the URL of a server of your application"
                    .to_owned()
            )
        );
    }

    #[tokio::test]
    async fn a_name_stands_for_addresses_of_this_machine_unless_it_is_allowed() {
        let near = |allowed: &str| Near {
            allowed: [allowed.to_owned()].into(),
        };
        let mut found = near("")
            .resolve("localhost".parse().unwrap())
            .await
            .unwrap();
        assert!(found.all(|address| address.ip().is_loopback()));
        // What is an address already needs no server of names.
        let far = near("other").resolve("192.0.2.1".parse().unwrap()).await;
        let error = far.err().unwrap().to_string();
        assert!(error.contains("--webhook-allow 192.0.2.1"), "{error}");
        let far = near("192.0.2.1")
            .resolve("192.0.2.1".parse().unwrap())
            .await;
        assert_eq!(far.unwrap().count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_delivery_waits_for_a_place_as_long_as_a_receiver_may_take() {
        let courier = Courier::new(Duration::from_secs(10), &[]);
        let all = u32::try_from(DELIVERIES_OF_ALL).unwrap();
        let taken = courier.places.acquire_many(all).await.unwrap();
        let began = tokio::time::Instant::now();
        let answer = courier.post("http://127.0.0.1:9/", Vec::new(), String::new());
        let Answer::Unsent(why) = answer.await else {
            panic!("there was no place");
        };
        assert!(
            why.ends_with("no place for it became free within 10s"),
            "{why}"
        );
        assert_eq!(began.elapsed(), Duration::from_secs(10));
        drop(taken);
        let answer = courier.post("https://127.0.0.1:9/", Vec::new(), String::new());
        assert!(answer.await.to_string().contains("plain HTTP only"));
        assert_eq!(courier.places.available_permits(), DELIVERIES_OF_ALL);
    }

    #[cfg(unix)]
    #[test]
    fn an_error_of_the_system_is_told_by_its_own_name_and_its_own_party() {
        let told = |code: i32| of_system(&std::io::Error::from_raw_os_error(code));
        for exhausted in [23, 24] {
            let Answer::Unsent(why) = told(exhausted) else {
                panic!("no receiver is to blame for {exhausted}");
            };
            assert!(why.contains("ulimit -n"), "{why}");
        }
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        assert_eq!(
            of_system(&refused),
            Answer::Nothing("connection refused".to_owned())
        );
        // ENOTTY has no kind.
        let Answer::Nothing(why) = told(25) else {
            panic!("the mock is not to blame");
        };
        assert!(why.contains("os error 25"), "{why}");
    }

    #[test]
    fn what_is_told_of_a_target_is_its_origin() {
        assert_eq!(
            origin("http://127.0.0.1:80/hook?key=secret"),
            "http://127.0.0.1"
        );
        assert_eq!(origin("nonsense"), "its URL");
    }
}
