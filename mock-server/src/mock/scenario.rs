//! Scenarios that a test plans for the next things of a kind.

use std::time::Duration;

use serde_json::Value;

use super::{Error, Facts, Fault, Running};
use crate::domain::authsignal::vocabulary::Outcome;
use crate::domain::outbox::Channel;
use crate::domain::scenario::PhoneAct;
use crate::runtime::in_list;
use crate::runtime::ledger::Ledger;
use crate::runtime::scenario::{self, ByChannel, ChallengeEnd, Code, Delivery};
use crate::runtime::word::Word;

/// Something that happens to the next action, message or request, for
/// [`AuthsignalTenant::set_scenarios`](crate::AuthsignalTenant::set_scenarios) and
/// [`ActiveconnectApplication::set_scenarios`](crate::ActiveconnectApplication::set_scenarios).
///
/// ```
/// use std::time::Duration;
/// use stepup_mock::{Channel, Fault, Outcome, Scenario};
///
/// let blocked = Scenario::outcome(Outcome::Block).user("ada").action("signIn");
/// let lost = Scenario::undelivered().channel(Channel::Sms).times(2);
/// let answered = Scenario::phone_approves().after(Duration::from_secs(3));
/// let fixed = Scenario::code("123456");
/// let third_poll = Scenario::fault(Fault::timeout().operation("session_status").skip(2));
/// # let _ = (blocked, lost, answered, fixed, third_poll);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a scenario does nothing until `set_scenarios` or `add_scenarios` takes it"]
pub struct Scenario(scenario::Scenario);

impl Scenario {
    fn of(set: impl FnOnce(&mut scenario::Scenario)) -> Self {
        let mut scenario = scenario::Scenario::default();
        set(&mut scenario);
        Self(scenario)
    }

    fn with(mut self, set: impl FnOnce(&mut scenario::Scenario)) -> Self {
        set(&mut self.0);
        self
    }

    fn phone(act: PhoneAct) -> Self {
        Self::of(|scenario| scenario.phone = Some(act))
    }

    fn challenge(end: ChallengeEnd) -> Self {
        Self::of(|scenario| scenario.challenge = Some(end))
    }

    /// The next action is decided so, whatever the rules say.
    pub fn outcome(outcome: Outcome) -> Self {
        Self::of(|scenario| scenario.outcome = Some(Word(outcome)))
    }

    /// The next message does not arrive: it is in no inbox. The API answers as ever.
    pub fn undelivered() -> Self {
        Self::of(|scenario| scenario.delivery = Some(Delivery::Fails))
    }

    /// Messages have this code, in place of a drawn one: always, unless [`times`](Self::times) says how often.
    pub fn code(code: impl Into<String>) -> Self {
        Self::of(|scenario| scenario.code = Some(Code(code.into())))
    }

    /// Somebody with a phone approves the next session of Activeconnect, or the next push notification or claimed QR code of
    /// Authsignal.
    pub fn phone_approves() -> Self {
        Self::phone(PhoneAct::Approve)
    }

    /// As [`phone_approves`](Self::phone_approves), but denies it.
    pub fn phone_denies() -> Self {
        Self::phone(PhoneAct::Deny)
    }

    /// The phone agrees to the next session of Activeconnect, and finds nothing that was asked for.
    pub fn phone_fails() -> Self {
        Self::phone(PhoneAct::Fail)
    }

    /// The phone goes out of range of the next session of Activeconnect, if that is active then.
    pub fn phone_walks_away() -> Self {
        Self::phone(PhoneAct::WalkAway)
    }

    /// The phone comes back into range of the next session of Activeconnect, if it walked away.
    pub fn phone_returns() -> Self {
        Self::phone(PhoneAct::Return)
    }

    /// A person passes the challenge of the next action that asks for one.
    pub fn challenge_succeeds() -> Self {
        Self::challenge(ChallengeEnd::Succeed)
    }

    /// A person fails the challenge of the next action that asks for one.
    pub fn challenge_fails() -> Self {
        Self::challenge(ChallengeEnd::Fail)
    }

    /// This goes wrong with some of the next requests. The fault says with which.
    pub fn fault(fault: Fault) -> Self {
        Self::of(|scenario| scenario.fault = Some(Box::new(fault.into_planned())))
    }

    /// Rules read these facts about the next action.
    pub fn facts(facts: Facts) -> Self {
        Self::of(|scenario| scenario.facts = Some(facts.0))
    }

    /// A scenario in the form of the control API.
    ///
    /// # Errors
    /// It is none; the text names the member.
    pub fn from_value(scenario: Value) -> Result<Self, Error> {
        let read = serde_json::from_value(scenario);
        read.map(Self)
            .map_err(|why| Error::Malformed(format!("scenario: {why}")))
    }

    /// Names it.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with(|scenario| scenario.id = Some(id.into()))
    }

    /// Limits it to what is about a user.
    pub fn user(self, id: impl Into<String>) -> Self {
        self.with(|scenario| scenario.user_id = Some(id.into()))
    }

    /// Limits it to what is about an action of this code.
    pub fn action(self, code: impl Into<String>) -> Self {
        self.with(|scenario| scenario.action = Some(code.into()))
    }

    /// Limits it to messages that travel so.
    pub fn channel(self, channel: Channel) -> Self {
        self.with(|scenario| scenario.channel = Some(ByChannel::from(channel)))
    }

    /// Lets so many pass first.
    pub fn skip(self, count: u32) -> Self {
        self.with(|scenario| scenario.skip = Some(count))
    }

    /// Sets to how many it happens; one, if nothing sets it.
    pub fn times(self, times: u32) -> Self {
        self.with(|scenario| (scenario.times, scenario.always) = (Some(times), None))
    }

    /// It happens until the scenarios are set anew.
    pub fn always(self) -> Self {
        self.with(|scenario| (scenario.times, scenario.always) = (None, Some(true)))
    }

    /// Sets how long after the request the phone or the challenge acts, by the clock of the tenant; in whole seconds.
    pub fn after(self, delay: Duration) -> Self {
        let seconds = u32::try_from(delay.as_secs()).unwrap_or(u32::MAX);
        self.with(|scenario| scenario.after_seconds = Some(seconds))
    }
}

/// Plans scenarios of the tenant of a ledger.
pub(super) fn plan(
    mock: &Running,
    ledger: &Ledger,
    scenarios: impl IntoIterator<Item = Scenario>,
    add: bool,
) -> Result<(), Error> {
    let list = scenarios.into_iter().map(|Scenario(scenario)| scenario);
    let tenant = mock
        .app
        .numbered(ledger.number())
        .ok_or_else(|| Error::NotFound(format!("the tenant {} was deleted", ledger.name())))?;
    tenant
        .plan_scenarios(list.collect(), add)
        .map_err(|why| Error::Malformed(in_list("scenarios", &why)))
}
