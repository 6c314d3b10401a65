//! The operations of terminals: showing a challenge, and asking where it stands.

use super::admission::ServerCaller;
use crate::domain::authsignal::factor::terminal::AtTerminal;
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::generated::authsignal::types as wire;
use crate::http::access::Writer;

/// Why a challenge is over and not verified. The vendor's words are unknown.
const EXPIRED: &str = "challenge_expired";
const FAILED: &str = "challenge_failed";

pub(super) fn start(caller: &Writer<ServerCaller, Authsignal>) -> wire::TerminalChallenge {
    let (challenge_id, code) = caller
        .tenant
        .transact(|authsignal, turn| authsignal.start_at_terminal(turn));
    wire::TerminalChallenge { challenge_id, code }
}

pub(super) fn verified(
    caller: &ServerCaller,
    asked: &wire::TerminalChallengeToVerify,
) -> Result<wire::TerminalVerified, Refusal> {
    let stands = caller.tenant.look(|authsignal, now| {
        authsignal.watch_at_terminal(&asked.challenge_id, &asked.code, now)
    })?;
    let over = |is_claimed, error: &str| wire::TerminalVerified {
        is_claimed,
        is_consumed: true,
        is_verified: false,
        access_token: None,
        error: Some(error.to_owned()),
    };
    Ok(match stands {
        AtTerminal::Waiting { claimed } => wire::TerminalVerified {
            is_claimed: claimed,
            is_consumed: false,
            is_verified: false,
            access_token: None,
            error: None,
        },
        AtTerminal::Passed(passed) => wire::TerminalVerified {
            is_claimed: true,
            is_consumed: true,
            is_verified: true,
            access_token: Some(passed.token(caller.tenant.account(), &caller.base())),
            error: None,
        },
        AtTerminal::Expired { claimed } => over(claimed, EXPIRED),
        AtTerminal::Failed => over(true, FAILED),
    })
}
