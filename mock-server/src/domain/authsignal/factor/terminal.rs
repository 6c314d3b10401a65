//! Challenges that a terminal shows, and a user passes on a phone. Knows no wire format.

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::{Bearer, Passed, UNNAMED};
use crate::domain::Turn;
use crate::domain::authsignal::challenge::Challenge;
use crate::domain::authsignal::one_time::unknown_challenge;
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::{Authsignal, Refusal};

/// Digits of the code of a terminal. The vendor's figure is unknown.
const DIGITS: usize = 6;

/// Where the challenge of a terminal stands.
#[derive(Debug)]
pub enum AtTerminal {
    /// Nobody has passed it yet.
    Waiting {
        /// Whether its user is known.
        claimed: bool,
    },
    /// Its user has passed it.
    Passed(Box<Passed>),
    /// It has run out.
    Expired {
        /// Whether its user is known.
        claimed: bool,
    },
    /// Its action can no longer succeed.
    Failed,
}

impl Authsignal {
    /// Starts a challenge for the person at a terminal. Returns its id and its code.
    pub fn start_at_terminal(&mut self, turn: &mut Turn<'_>) -> (String, String) {
        let (id, key) = (turn.ids.uuid(), turn.ids.uuid());
        let code = turn.ids.digits(DIGITS);
        let action = UNNAMED.to_owned();
        let mut challenge = Challenge::new(id.clone(), Method::Passkey, action, key, String::new());
        challenge.terminal_code = Some(code.as_str().into());
        challenge.open(turn.now, self.configuration.code_life);
        self.challenges.insert(challenge, turn.now);
        (id, code)
    }

    /// Where the challenge of a terminal stands.
    ///
    /// # Errors
    /// No terminal shows one of this id and code.
    pub fn watch_at_terminal(
        &self,
        id: &str,
        code: &str,
        now: Timestamp,
    ) -> Result<AtTerminal, Refusal> {
        let challenge = self.challenges.get(id).filter(|challenge| {
            let own = challenge.terminal_code.as_deref();
            own.is_some_and(|own| own.as_bytes().ct_eq(code.as_bytes()).into())
        });
        let challenge = challenge.ok_or_else(|| unknown_challenge(id))?;
        let claimed = challenge.user_id.is_some();
        if now >= challenge.expires {
            return Ok(AtTerminal::Expired { claimed });
        }
        let Some(user_id) = challenge.user_id.as_deref() else {
            return Ok(AtTerminal::Waiting { claimed });
        };
        let action = self.action(user_id, &challenge.action, &challenge.idempotency_key);
        // While receivers of action.verify are asked, the action still waits.
        Ok(match action.map(|action| (action.state, action.method)) {
            Ok((State::ChallengeSucceeded, method)) => {
                let bearer = Bearer::of_challenge(challenge, user_id);
                let method = method.unwrap_or(challenge.method);
                AtTerminal::Passed(Box::new(self.passed_by(&bearer, method, now)))
            }
            Ok((state, _)) if state.is_closed() => AtTerminal::Failed,
            _ => AtTerminal::Waiting { claimed },
        })
    }
}
