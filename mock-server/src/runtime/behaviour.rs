//! The settings of a mock's behaviour, and their defaults. Knows neither the flags nor the tests that set them.

#[cfg(feature = "tls")]
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;

use super::hosts::PublicUrl;
use super::proxies::Proxy;
use crate::bounds::{self, Bound};
use crate::domain::activeconnect::Limits;
use crate::domain::authsignal::vocabulary::ChallengeMode;

/// The default for how many seconds a signature's timestamp may be from the machine's clock.
const SIGNATURE_WINDOW: u64 = 300;

/// How far a signature's timestamp may be from the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureWindow {
    /// Any distance.
    Off,
    /// At most this many seconds.
    Seconds(u64),
}

/// The settings of a mock's behaviour.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Fixed clock and seeded ids.
    pub deterministic: bool,
    /// Whether request signatures are checked at all.
    pub verify_signatures: bool,
    /// How far a signature's timestamp may be from the machine's clock, if it is set.
    /// [`signature_window`](Self::signature_window) adds the default.
    pub signature_window: Option<SignatureWindow>,
    /// Whether a nonce can be used only once.
    pub refuse_replays: bool,
    /// Time limits and other limits of Activeconnect.
    pub limits: Limits,
    /// Requests kept in a tenant's journal.
    pub journal: usize,
    /// Messages kept in a tenant's outbox.
    pub outbox: usize,
    /// Largest request body, in bytes.
    pub body_limit: usize,
    /// How long a client may take for each part of a request.
    pub times: ConnectionTimes,
    /// How long a tenant that was created stays without a request; `None` means for ever.
    pub tenant_ttl: Option<Duration>,
    /// Whether an unknown API secret creates a tenant of its own.
    pub tenants_on_demand: bool,
    /// Requests per minute for each Authsignal tenant; `None` means no limit.
    pub rate_limit: Option<usize>,
    /// Whether the documented limits on sending and verifying codes are enforced.
    pub code_limits: bool,
    /// Whether the vendors' APIs refuse a member or a query parameter that the spec does not have.
    pub strict: bool,
    /// Whether the Server API admits only addresses of a tenant's `ipWhitelist`.
    pub ip_whitelist: bool,
    /// Whether Authsignal's codes and links go only to addresses that are enrolled.
    pub challenge_enrolled_only: bool,
    /// Whether tokens of track and claim are RS256 rather than HS256.
    pub rs256_tokens: bool,
    /// What happens when a challenge page opens, unless the tenant has its own setting.
    pub challenge_mode: ChallengeMode,
    /// Host names that the mock answers to, in addition to those that no web page can make resolve to this machine.
    pub allow_host: Vec<String>,
    /// The URL by which callers reach the mock. Without it, the URLs in answers name the host of the request.
    pub public_url: Option<Arc<PublicUrl>>,
    /// Reverse proxies whose `Forwarded` and `X-Forwarded-*` headers the mock believes.
    pub trust_forwarded_from: Vec<Proxy>,
    /// How long the receiver of a webhook may take.
    pub webhook_timeout: Duration,
    /// Hosts outside this machine that webhooks may go to.
    pub webhook_allow: Vec<String>,
    /// Whether any certificate of a webhook's receiver will do.
    pub webhook_insecure: bool,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            deterministic: false,
            verify_signatures: true,
            signature_window: None,
            refuse_replays: true,
            limits: Limits::default(),
            journal: bounds::JOURNAL,
            outbox: bounds::OUTBOX,
            body_limit: bounds::BODY,
            times: ConnectionTimes::default(),
            tenant_ttl: None,
            tenants_on_demand: false,
            rate_limit: None,
            code_limits: false,
            strict: false,
            ip_whitelist: false,
            challenge_enrolled_only: false,
            rs256_tokens: false,
            challenge_mode: ChallengeMode::default(),
            allow_host: Vec::new(),
            public_url: None,
            trust_forwarded_from: Vec::new(),
            webhook_timeout: bounds::DELIVERY_TIME,
            webhook_allow: Vec::new(),
            webhook_insecure: false,
        }
    }
}

/// How long a client may take for each part of a request, by the machine's clock. Answers and streams have no limit.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionTimes {
    /// For the line and the headers of a request.
    pub head: Duration,
    /// For the body of a request.
    pub body: Duration,
    /// Between two requests, and for taking the next piece of an answer.
    pub idle: Duration,
}

impl Default for ConnectionTimes {
    fn default() -> Self {
        Self {
            head: bounds::HEADER_TIME,
            body: bounds::BODY_TIME,
            idle: bounds::IDLE_TIME,
        }
    }
}

impl Behaviour {
    /// Every bound, with the value that the settings give it.
    pub fn bounds(&self) -> impl Iterator<Item = Bound> {
        bounds::all().map(|bound| match bound.name {
            "HEADER_TIME" => bound.set_to(self.times.head),
            "BODY_TIME" => bound.set_to(self.times.body),
            "IDLE_TIME" => bound.set_to(self.times.idle),
            "BODY" => bound.set_to(self.body_limit),
            "BODIES" => bound.set_to(self.bodies()),
            "DELIVERY_TIME" => bound.set_to(self.webhook_timeout),
            "JOURNAL" => bound.set_to(self.journal),
            "OUTBOX" => bound.set_to(self.outbox),
            _ => bound,
        })
    }

    /// Bytes of all request bodies together that the mock holds at one time; always enough for one of the largest.
    pub fn bodies(&self) -> usize {
        bounds::BODIES.max(self.body_limit)
    }

    /// The names and IP addresses by which callers may reach a mock at these addresses.
    #[cfg(feature = "tls")]
    pub fn names(&self, addresses: &[SocketAddr]) -> Vec<String> {
        let own = addresses.iter().map(SocketAddr::ip);
        let own = own.filter(|ip| !ip.is_unspecified());
        let own = own.map(|ip| ip.to_string());
        let public = self.public_url.iter();
        let public = public.map(|url| url.host().trim_matches(['[', ']']).to_owned());
        let always = ["localhost", "127.0.0.1", "::1"];
        let mut names: Vec<_> = always.map(str::to_owned).into_iter().collect();
        for name in own.chain(public).chain(self.allow_host.iter().cloned()) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// How far a signature's timestamp may be from the machine's clock, in seconds; `None` accepts any timestamp.
    ///
    /// By default a deterministic mock accepts any: its fixed clock cannot measure the age of a signature from a
    /// running clock.
    pub fn signature_window(&self) -> Option<u64> {
        match self.signature_window {
            Some(SignatureWindow::Off) => None,
            Some(SignatureWindow::Seconds(seconds)) => Some(seconds),
            None if self.deterministic => None,
            None => Some(SIGNATURE_WINDOW),
        }
    }
}

/// A span of the domain's time, as long as it can be.
pub fn span(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Behaviour, ConnectionTimes, SignatureWindow};
    use crate::bounds::Amount as _;

    #[test]
    fn bounds_are_those_of_the_settings() {
        let behaviour = Behaviour {
            times: ConnectionTimes {
                head: Duration::from_millis(1),
                body: Duration::from_millis(2),
                idle: Duration::from_millis(3),
            },
            body_limit: usize::MAX,
            webhook_timeout: Duration::from_millis(5),
            journal: 6,
            outbox: 7,
            ..Behaviour::default()
        };
        let largest = usize::MAX.amount();
        let defaults = Behaviour::default();
        let set: Vec<(&str, u64)> = behaviour
            .bounds()
            .zip(defaults.bounds())
            .filter(|(set, default)| set != default)
            .map(|(set, _)| (set.name, set.value))
            .collect();
        assert_eq!(
            set,
            [
                ("HEADER_TIME", 1),
                ("BODY_TIME", 2),
                ("IDLE_TIME", 3),
                ("BODY", largest),
                ("BODIES", largest),
                ("DELIVERY_TIME", 5),
                ("OUTBOX", 7),
                ("JOURNAL", 6),
            ]
        );
    }

    #[test]
    fn a_deterministic_mock_accepts_signatures_of_any_age_unless_told_otherwise() {
        let mut behaviour = Behaviour::default();
        assert_eq!(behaviour.signature_window(), Some(300));
        behaviour.deterministic = true;
        assert_eq!(behaviour.signature_window(), None);
        behaviour.signature_window = Some(SignatureWindow::Seconds(5));
        assert_eq!(behaviour.signature_window(), Some(5));
        behaviour.deterministic = false;
        behaviour.signature_window = Some(SignatureWindow::Off);
        assert_eq!(behaviour.signature_window(), None);
    }
}
