//! [`AuthsignalTerminal`]: what a terminal calls. Must not know how requests are sent or repeated.

use std::fmt;
use std::sync::Arc;

use super::builder::AuthsignalBuilder;
use super::client::Call;
use super::credentials::Inner;
use super::raw;
use super::raw::types::{
    ErrorResponse, TerminalChallenge, TerminalChallengeToVerify, TerminalVerified,
};
use crate::authsignal_host::Region;
#[cfg(doc)]
use crate::error::Kind;
use crate::error::Result;
use crate::secret::Secret;

/// A client for a terminal of a tenant, such as a kiosk: it shows a challenge that a user passes on their phone.
///
/// Only a demo of the vendor calls this API, and says that it is not final (`x-stability: alpha` in the spec). Cloning is
/// cheap and shares the connections.
///
/// Every call can fail with [`Kind::Unauthorized`] (a wrong terminal secret), and as the calls of
/// [`Authsignal`](super::Authsignal).
///
/// ```no_run
/// # async fn example() -> stepup_client::Result<()> {
/// use stepup_client::authsignal::{AuthsignalTerminal, Region};
///
/// let terminal = AuthsignalTerminal::new("MY TERMINAL SECRET", Region::Us)?;
/// let challenge = terminal.start_challenge().await?;
/// let stands = terminal.verify_challenge(&challenge.challenge_id, challenge.code).await?;
/// assert!(!stands.is_verified);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AuthsignalTerminal {
    raw: Arc<raw::Client>,
}

impl fmt::Debug for AuthsignalTerminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthsignalTerminal")
            .field("server", &self.raw.inner.baseurl())
            .finish_non_exhaustive()
    }
}

impl AuthsignalTerminal {
    /// A client for a terminal secret, with default settings. [`AuthsignalBuilder::build_terminal`] makes one with others.
    ///
    /// The server is that of the region, unless the environment variable `AUTHSIGNAL_API_URL` is set.
    ///
    /// # Errors
    ///
    /// As [`AuthsignalBuilder::build`].
    pub fn new(secret: impl Into<Secret>, region: Region) -> Result<Self> {
        let builder = AuthsignalBuilder::new(secret.into());
        builder.region(region).build_terminal()
    }

    pub(super) fn assemble(raw: raw::Client) -> Self {
        Self { raw: Arc::new(raw) }
    }

    crate::vendor_client::calls!(ErrorResponse);

    /// A copy with another state of the generated client.
    fn changed(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut raw = raw::Client::clone(&self.raw);
        change(&mut raw.inner);
        Self::assemble(raw)
    }

    fn raw_client(&self) -> &raw::Client {
        &self.raw
    }

    fn call(&self, operation: &'static str) -> Call {
        let raw = &self.raw;
        Call::new(operation, |facts| raw.carrying(raw.inner.keeping(facts)))
    }

    /// Starts a challenge. Show its id to the user, for example as a QR code, and keep its code.
    ///
    /// # Errors
    ///
    /// As every call.
    pub async fn start_challenge(&self) -> Result<TerminalChallenge> {
        let call = self.call("start_terminal_challenge");
        let answer = call.raw.start_terminal_challenge().send().await;
        call.answer(answer)
    }

    /// Returns where a challenge stands. Ask again until it is consumed.
    ///
    /// # Errors
    ///
    /// [`Kind::NotFound`] for a challenge that the server does not know, or another code (assumed), and as every call.
    pub async fn verify_challenge(
        &self,
        challenge_id: impl Into<String>,
        code: impl Into<Secret>,
    ) -> Result<TerminalVerified> {
        let call = self.call("verify_terminal_challenge");
        let request = call.raw.verify_terminal_challenge();
        let answer = request.body(TerminalChallengeToVerify {
            challenge_id: challenge_id.into(),
            code: code.into(),
        });
        call.answer(answer.send().await)
    }
}
