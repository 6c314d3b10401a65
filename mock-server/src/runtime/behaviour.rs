//! How a mock behaves where there is a choice.

use std::time::Duration;

use super::delivery;
use crate::domain::activeconnect::Limits;
use crate::domain::authsignal::vocabulary::ChallengeMode;

/// How a mock behaves where there is a choice.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// Fixed clock and seeded ids.
    pub deterministic: bool,
    /// Whether request signatures are checked at all.
    pub verify_signatures: bool,
    /// How far a signature's timestamp may be from the machine's clock, in seconds; `None` accepts any.
    pub signature_window: Option<u64>,
    /// Whether a nonce may be used once only.
    pub refuse_replays: bool,
    /// Spans and bounds of Activeconnect.
    pub limits: Limits,
    /// Requests kept in a tenant's journal.
    pub journal: usize,
    /// Messages kept in a tenant's outbox.
    pub outbox: usize,
    /// Largest request body, in bytes.
    pub body_limit: usize,
    /// Requests per minute for each Authsignal tenant; `None` means no limit.
    pub rate_limit: Option<usize>,
    /// Whether the documented limits of sending and verifying codes are kept.
    pub code_limits: bool,
    /// Whether tokens of track and claim are RS256 rather than HS256.
    pub rs256_tokens: bool,
    /// What becomes of a challenge whose page is opened, unless the tenant says something else.
    pub challenge_mode: ChallengeMode,
    /// How long the receiver of a webhook may take.
    pub webhook_timeout: Duration,
    /// Hosts beyond this machine that webhooks may go to.
    pub webhook_allow: Vec<String>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            deterministic: false,
            verify_signatures: true,
            signature_window: Some(300),
            refuse_replays: true,
            limits: Limits::default(),
            journal: 10_000,
            outbox: 1_000,
            body_limit: 1024 * 1024,
            rate_limit: None,
            code_limits: false,
            rs256_tokens: false,
            challenge_mode: ChallengeMode::default(),
            webhook_timeout: delivery::TIMEOUT,
            webhook_allow: Vec::new(),
        }
    }
}
