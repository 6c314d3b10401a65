//! The steps that a client takes with a challenge token, and the check of a server. The challenges and enrolments are
//! those of the Client API. Knows no wire format.

use jiff::{SignedDuration, Timestamp};

use super::node::StepType;
use super::page::Stop;
use super::run::{CompletedStep, Place};
use crate::domain::Turn;
use crate::domain::authsignal::address;
use crate::domain::authsignal::factor::{Bearer, Verdict};
use crate::domain::authsignal::session::SessionTokens;
use crate::domain::authsignal::token::{Claims, TokenFault};
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::{Authsignal, Refusal};

/// That a run has no step for a client, but a screen for its user.
const SCREEN: &str = "the flow waits at a screen, and no step follows it; open challengeUrl, where the user presses a button";

/// Where a run stands, in the vendor's words for flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "these are the vendor's words")]
pub enum FlowState {
    /// The user has something to do.
    ChallengeRequired,
    /// The run has succeeded.
    ChallengeSucceeded,
    /// It has failed.
    ChallengeFailed,
}

/// A run, as a caller sees it that sees no screens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands.
    pub state: FlowState,
    /// The steps that were taken, in order.
    pub done: Vec<CompletedStep>,
    /// What comes next, and by which methods.
    pub next: Option<(StepType, Vec<Method>)>,
}

/// What a server learns of a run.
#[derive(Debug)]
pub struct VerifiedFlow {
    /// The run.
    pub standing: Standing,
    /// The session, if the run has succeeded and was started for an app client.
    pub session: Option<SessionTokens>,
}

impl Authsignal {
    /// Whom a challenge token speaks for, by what was read in it.
    ///
    /// # Errors
    /// It has expired, it is none of a flow, or the run is gone.
    pub fn flow_bearer(
        &self,
        read: Result<Claims<'_>, TokenFault>,
        now: Timestamp,
    ) -> Result<Bearer, Refusal> {
        let refused = |why: &str| Refusal::Unauthorized(why.to_owned());
        let claims = match self.current(read, now) {
            Ok(claims) => claims,
            Err(TokenFault::Expired) => return Err(Refusal::Expired),
            Err(fault) => return Err(Refusal::Unauthorized(fault.to_string())),
        };
        if claims.flow.is_none() {
            return Err(refused(
                "The token is none of a flow. Use the challengeToken of start_flow, or of the newest verify.",
            ));
        }
        let bearer = Bearer::of(claims);
        match self.run(&bearer.user_id, &bearer.action, &bearer.key) {
            Some(_) => Ok(bearer),
            None => Err(refused(
                "The mock no longer keeps the run of this token. Start the flow again.",
            )),
        }
    }

    /// Where a run stands: where its action does. A run that waits has no next step at a screen that leads to none, and
    /// where it can go no further, which [`close_run`](Self::close_run) finds out.
    pub fn standing(&self, bearer: &Bearer) -> Standing {
        let Bearer {
            user_id,
            action: code,
            key,
            ..
        } = bearer;
        let state = match self.state_of_bearer(bearer) {
            // The server can set every state.
            Some(State::Allow | State::ChallengeSucceeded | State::ReviewSucceeded) => {
                FlowState::ChallengeSucceeded
            }
            Some(State::ChallengeRequired) => FlowState::ChallengeRequired,
            _ => FlowState::ChallengeFailed,
        };
        let run = self.run(user_id, code, key);
        let failed = state == FlowState::ChallengeFailed;
        Standing {
            state,
            done: run
                .filter(|_| !failed)
                .map(|run| run.done.clone())
                .unwrap_or_default(),
            next: (state == FlowState::ChallengeRequired)
                .then(|| self.step_of(user_id, code, key))
                .flatten(),
        }
    }

    /// The current step of a run, which must offer a method.
    fn step_with(&self, bearer: &Bearer, method: Method) -> Result<StepType, Refusal> {
        let Bearer {
            user_id,
            action: code,
            key,
            ..
        } = bearer;
        self.open_to_challenges(user_id, code, key)?;
        // The server can have set the state while a step was left.
        let waits = self.state_of_bearer(bearer) == Some(State::ChallengeRequired);
        let step = waits.then(|| self.step_of(user_id, code, key)).flatten();
        let Some((step, methods)) = step else {
            if waits && matches!(self.flow_stop(bearer), Some(Stop::Screen(_))) {
                return Err(Refusal::Invalid(SCREEN.to_owned()));
            }
            let place = waits.then(|| self.place_of(user_id, code, key)).flatten();
            return Err(Refusal::Invalid(no_step(place)));
        };
        if methods.contains(&method) {
            return Ok(step);
        }
        let words: Vec<_> = methods.iter().map(|method| method.word()).collect();
        Err(Refusal::Invalid(format!(
            "the step {} does not offer {}; use one of: {}",
            step.word(),
            method.word(),
            words.join(", ")
        )))
    }

    /// Sends a code for the current step of a run: to the user's own address, or to the one that they enrol. Returns how
    /// long it takes until another can be sent, where that is limited.
    ///
    /// # Errors
    /// The step takes no such code, there is no address or the wrong one, or too many codes were sent there.
    pub fn challenge_flow(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        address: Option<String>,
        base: &str,
    ) -> Result<Option<SignedDuration>, Refusal> {
        let challenge = if self.step_with(bearer, method)?.enrolls() {
            self.room_for_authenticator(&bearer.user_id)?;
            match address.or_else(|| self.address_to_enroll(bearer, method)) {
                Some(address) => self.send_first(turn, bearer, method, address, base)?.1,
                None => {
                    return Err(Refusal::Invalid(format!(
                        "{} is missing: this step enrols an address for {}, and the application has named none",
                        address::member(method),
                        method.word()
                    )));
                }
            }
        } else {
            if let Some(address) = address {
                self.is_own(bearer, method, &address)?;
            }
            self.challenge_message(turn, bearer, method, None, base)?
        };
        let limits = self.configuration.rate_limits;
        Ok(limits.then(|| self.wait_to_send(method, &challenge.address, turn.now)))
    }

    /// The address that a user is enrolling, or else the one that the application has named.
    fn address_to_enroll(&self, bearer: &Bearer, method: Method) -> Option<String> {
        let pending = self.pending(bearer, method);
        let pending = pending
            .and_then(|pending| pending.address())
            .map(str::to_owned);
        let contact = self.contact_of(bearer);
        pending.or_else(|| contact.address(method).map(str::to_owned))
    }

    /// Checks that a verification names no other address than the user's.
    fn is_own(&self, bearer: &Bearer, method: Method, address: &str) -> Result<(), Refusal> {
        let mut own = self
            .users
            .get(&bearer.user_id)
            .into_iter()
            .flat_map(|user| &user.authenticators);
        let contact = self.contact_of(bearer);
        if own.any(|own| own.address() == Some(address)) || contact.address(method) == Some(address)
        {
            return Ok(());
        }
        Err(Refusal::Invalid(format!(
            "{} is not that of the user, and this step verifies; leave it out",
            address::member(method)
        )))
    }

    /// Takes the current step of a run by a code.
    ///
    /// # Errors
    /// The step takes no such code, none was sent, or it is wrong, too late, or one too many.
    pub fn verify_flow_code(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        code: &str,
    ) -> Result<(), Refusal> {
        self.step_with(bearer, method)?;
        match self.verify_code(turn, bearer, method, code)? {
            Verdict::Passed(passed) => {
                self.skip_screens(turn, &passed);
                Ok(())
            }
            Verdict::Wrong | Verdict::Used => Err(Refusal::InvalidCode(
                "The code is wrong or has expired.".to_owned(),
            )),
            Verdict::TooMany => Err(Refusal::InvalidCode(
                "There were too many wrong codes. Send a new one.".to_owned(),
            )),
        }
    }

    /// Checks that a challenge token is one of an action.
    ///
    /// # Errors
    /// It is one of another.
    pub fn is_of_flow(&self, bearer: &Bearer, code: &str) -> Result<(), Refusal> {
        if bearer.action == code {
            return Ok(());
        }
        Err(Refusal::InvalidAction(format!(
            "the challenge token is of the action {}, not of {code}",
            bearer.action
        )))
    }

    /// What a server learns of a run: where it stands, and its session.
    pub fn verified_flow(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        base: &str,
    ) -> VerifiedFlow {
        let standing = self.standing(bearer);
        let run = self.run(&bearer.user_id, &bearer.action, &bearer.key);
        let client_id = run.and_then(|run| run.client_id.clone());
        let client_id = client_id.filter(|_| standing.state == FlowState::ChallengeSucceeded);
        let method = run.and_then(|run| run.last());
        let session = client_id.map(|client_id| {
            let user_id = bearer.user_id.clone();
            self.open_session(turn, client_id, user_id, method, base)
        });
        VerifiedFlow { standing, session }
    }
}

/// That a run has no step for a client, which stands there.
fn no_step(place: Option<Place>) -> String {
    match place {
        Some(Place::Fault(why)) => {
            format!("the flow can go no further, and verify_flow will fail it: {why}")
        }
        _ => "the flow has no step left; call verify_flow on the server".to_owned(),
    }
}

#[cfg(test)]
mod tests;
