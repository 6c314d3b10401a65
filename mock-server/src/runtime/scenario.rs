//! One scenario that a test plans, in the form that seeds, the control API and Rust share, and whether it can be. Knows no
//! request.

use std::fmt;
use std::str::FromStr;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::fault::Fault;
use super::faults::{Faults, OfScenario, ToPlan};
use super::strict;
use super::word::Word;
use crate::bounds::{FAILURE_TIMES, PARAMETER, SCENARIO_DELAY, SCENARIOS, shallow};
use crate::domain::authsignal::Configuration;
use crate::domain::authsignal::fact::{Fact, Facts, NextFacts, country};
use crate::domain::authsignal::vocabulary::{Method, Outcome};
use crate::domain::outbox::Channel;
use crate::domain::scenario::{self, Effect, PhoneAct, Scenarios, Selector};
use crate::generated::authsignal::types::ActionCode;
use crate::patterns::of_type;

/// How a message fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Delivery {
    Fails,
}

/// How a challenge ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ChallengeEnd {
    Succeed,
    Fail,
}

/// How a message travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ByChannel {
    Sms,
    Email,
    Whatsapp,
}

impl From<ByChannel> for Channel {
    fn from(channel: ByChannel) -> Self {
        match channel {
            ByChannel::Sms => Self::Sms,
            ByChannel::Email => Self::Email,
            ByChannel::Whatsapp => Self::Whatsapp,
        }
    }
}

impl From<Channel> for ByChannel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Sms => Self::Sms,
            Channel::Email => Self::Email,
            Channel::Whatsapp => Self::Whatsapp,
        }
    }
}

/// A code. Its `Debug` leaves it out, because it passes a challenge.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Code(pub String);

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} digits", self.0.len())
    }
}

impl Serialize for Word<Outcome> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

/// What rules read of the address of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AddressFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_anonymous: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country_code_in_ofac_list: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub atypical_travel: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub impossible_travel: Option<bool>,
}

/// What rules read of the device of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_new: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_bot: Option<bool>,
}

/// What rules read of the user of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UserFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub has_previously_verified: Option<bool>,
}

/// What rules read about an action.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ActionFacts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<AddressFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserFacts>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub custom: Map<String, Value>,
}

impl ActionFacts {
    /// The facts themselves, without the custom ones.
    ///
    /// # Errors
    /// One of them cannot be; the text begins with the place in them.
    pub fn read(&self) -> Result<Facts, String> {
        let ip = self.ip.clone().unwrap_or_default();
        let device = self.device.clone().unwrap_or_default();
        let user = self.user.clone().unwrap_or_default();
        let code = ip.country_code.as_deref().map(country).transpose();
        let code = code.map_err(|why| format!("/ip/countryCode: {why}"))?;
        Ok(Facts::default()
            .with(Fact::CountryCode, code)
            .with(Fact::IsAnonymous, ip.is_anonymous)
            .with(Fact::InOfacList, ip.country_code_in_ofac_list)
            .with(Fact::AtypicalTravel, ip.atypical_travel)
            .with(Fact::ImpossibleTravel, ip.impossible_travel)
            .with(Fact::IsNew, device.is_new)
            .with(Fact::IsBot, device.is_bot)
            .with(Fact::HasPreviouslyVerified, user.has_previously_verified))
    }

    fn of(facts: &Facts, custom: &Map<String, Value>) -> Self {
        let ip = AddressFacts {
            country_code: facts.text(Fact::CountryCode).map(str::to_owned),
            is_anonymous: facts.flag(Fact::IsAnonymous),
            country_code_in_ofac_list: facts.flag(Fact::InOfacList),
            atypical_travel: facts.flag(Fact::AtypicalTravel),
            impossible_travel: facts.flag(Fact::ImpossibleTravel),
        };
        let device = DeviceFacts {
            is_new: facts.flag(Fact::IsNew),
            is_bot: facts.flag(Fact::IsBot),
        };
        let user = UserFacts {
            has_previously_verified: facts.flag(Fact::HasPreviouslyVerified),
        };
        Self {
            ip: Some(ip).filter(|ip| *ip != AddressFacts::default()),
            device: Some(device).filter(|device| *device != DeviceFacts::default()),
            user: Some(user).filter(|user| *user != UserFacts::default()),
            custom: custom.clone(),
        }
    }
}

/// Something that happens to the next things of a kind. The members are those of the control API, which describes each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Scenario {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<ByChannel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Word<Outcome>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub facts: Option<ActionFacts>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<PhoneAct>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<ChallengeEnd>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Box<Fault>>,
}

/// What a scenario does, once it is read.
enum Read {
    /// Something in a step.
    Effect(Effect),
    /// A fault of a request.
    Fault(Box<Fault>),
}

impl Scenario {
    /// Whether it can be, and what it does.
    ///
    /// # Errors
    /// It cannot; the text begins with the place in it.
    fn read(&self) -> Result<Read, String> {
        self.check_numbers()?;
        let effects = [
            self.outcome.is_some(),
            self.facts.is_some(),
            self.delivery.is_some(),
            self.code.is_some(),
            self.phone.is_some(),
            self.challenge.is_some(),
            self.fault.is_some(),
        ];
        let count = effects.into_iter().filter(|one| *one).count();
        if count != 1 {
            return Err(format!(
                ": says {} of outcome, facts, delivery, code, phone, challenge and fault; it must say exactly one, so plan \
                 a scenario for each",
                if count == 0 { "none" } else { "more than one" }
            ));
        }
        self.check_together()?;
        let after = SignedDuration::from_secs(self.after_seconds.unwrap_or_default().into());
        Ok(Read::Effect(if let Some(fault) = &self.fault {
            return Ok(Read::Fault(fault.clone()));
        } else if let Some(Word(outcome)) = self.outcome {
            Effect::Outcome(outcome)
        } else if let Some(facts) = &self.facts {
            let read = facts.read().map_err(|why| format!("/facts{why}"))?;
            if read.is_empty() && facts.custom.is_empty() {
                return Err("/facts: has no fact; name one, such as `ip`".to_owned());
            }
            let custom = Value::Object(facts.custom.clone());
            shallow(&custom).map_err(|why| format!("/facts/custom: {why}"))?;
            let next = NextFacts {
                facts: read,
                custom: facts.custom.clone(),
                ..NextFacts::default()
            };
            next.check().map_err(|why| format!("/facts: {why}"))?;
            Effect::Facts(next.facts, next.custom)
        } else if let Some(Code(code)) = &self.code {
            Effect::Code(code.clone())
        } else if let Some(act) = self.phone {
            Effect::Phone(act, after)
        } else if let Some(end) = self.challenge {
            Effect::Challenge(end == ChallengeEnd::Succeed, after)
        } else {
            Effect::Undelivered
        }))
    }

    fn check_numbers(&self) -> Result<(), String> {
        for (place, text) in [
            ("/id", &self.id),
            ("/userId", &self.user_id),
            ("/action", &self.action),
        ] {
            addressed(place, text.as_deref())?;
        }
        strict::addressable(self.id.as_deref()).map_err(|why| format!("/id: {why}"))?;
        let most = u32::try_from(SCENARIO_DELAY.as_secs()).unwrap_or(u32::MAX);
        for (place, number, least, most) in [
            ("/times", self.times, 1, FAILURE_TIMES),
            ("/skip", self.skip, 0, FAILURE_TIMES),
            ("/afterSeconds", self.after_seconds, 0, most),
        ] {
            if let Some(number) = number.filter(|number| !(least..=most).contains(number)) {
                return Err(format!(
                    "{place}: {number}; it must be from {least} to {most}"
                ));
            }
        }
        if self.always == Some(true) && self.times.is_some() {
            return Err(
                "/times: a scenario applies so many times, or always: leave one out".to_owned(),
            );
        }
        Ok(())
    }

    /// Whether its members go together.
    fn check_together(&self) -> Result<(), String> {
        if self.fault.is_some() {
            let own = [
                ("/userId", self.user_id.is_some()),
                ("/action", self.action.is_some()),
                ("/channel", self.channel.is_some()),
                ("/skip", self.skip.is_some()),
                ("/times", self.times.is_some()),
                ("/always", self.always.is_some()),
            ];
            if let Some((place, _)) = own.into_iter().find(|(_, there)| *there) {
                return Err(format!(
                    "{place}: a fault says with which requests it goes; write it in `fault`"
                ));
            }
        }
        if self.channel.is_some() && self.delivery.is_none() && self.code.is_none() {
            return Err(
                "/channel: only a message has a channel; use it with `delivery` or `code`"
                    .to_owned(),
            );
        }
        if self.after_seconds.is_some() && self.phone.is_none() && self.challenge.is_none() {
            return Err(
                "/afterSeconds: only a person takes time; use it with `phone` or `challenge`"
                    .to_owned(),
            );
        }
        let of_session = self.phone.filter(|act| act.is_of_session());
        if let Some(act) = of_session.filter(|_| self.action.is_some()) {
            return Err(format!(
                "/action: {} is about sessions of Activeconnect, which have no action; leave it out",
                act.word()
            ));
        }
        self.check_code()
    }

    /// Whether its code is made of digits, if it has one.
    fn check_code(&self) -> Result<(), String> {
        let Some(Code(code)) = &self.code else {
            return Ok(());
        };
        if code.is_empty() {
            return Err("/code: is empty; write digits, such as 123456".to_owned());
        }
        // Not the character itself: the code passes a challenge.
        match code.chars().position(|one| !one.is_ascii_digit()) {
            Some(before) => Err(format!(
                "/code: character {} is none of the digits 0 to 9, though it may look like one; type the code anew, such as \
                 123456",
                before + 1
            )),
            None => Ok(()),
        }
    }

    /// How often it applies; a chosen code always does, unless it says how often.
    fn count(&self) -> Option<u32> {
        let always = self
            .always
            .unwrap_or(self.code.is_some() && self.times.is_none());
        (!always).then(|| self.times.unwrap_or(1))
    }

    /// Whether it does something that only a tenant of Authsignal has.
    fn is_of_authsignal(&self) -> Option<&'static str> {
        let members = [
            ("/outcome", self.outcome.is_some()),
            ("/facts", self.facts.is_some()),
            ("/code", self.code.is_some()),
            ("/challenge", self.challenge.is_some()),
            ("/action", self.action.is_some()),
        ];
        let mut members = members.into_iter();
        members.find(|(_, there)| *there).map(|(place, _)| place)
    }

    /// Whether a tenant of this configuration of Authsignal can have it; without one, it is not at Authsignal.
    ///
    /// # Errors
    /// It cannot; the text begins with the place in it.
    fn check_at(
        &self,
        at_activeconnect: bool,
        configuration: Option<&Configuration>,
    ) -> Result<(), String> {
        let of_session = self.phone.filter(|act| act.is_of_session());
        if let Some(act) = of_session.filter(|_| !at_activeconnect) {
            return Err(format!(
                "/phone: {} is about sessions of Activeconnect, and the tenant is not there",
                act.word()
            ));
        }
        let Some(configuration) = configuration else {
            return self.is_of_authsignal().map_or(Ok(()), |place| {
                Err(format!("{place}: the tenant is not at Authsignal"))
            });
        };
        can_be(self.action.as_deref(), configuration)?;
        // First, because only then the number of bytes is that of digits.
        self.check_code()?;
        let Some(Code(code)) = &self.code else {
            return Ok(());
        };
        let methods = match self.channel {
            None => &[Method::Sms, Method::EmailOtp, Method::Whatsapp][..],
            Some(ByChannel::Sms) => &[Method::Sms],
            Some(ByChannel::Email) => &[Method::EmailOtp],
            Some(ByChannel::Whatsapp) => &[Method::Whatsapp],
        };
        for method in methods {
            let digits = configuration.authenticators.code_length(*method);
            if code.len() != digits {
                return Err(format!(
                    "/code: has {} digits; codes of {} have {digits} in this tenant",
                    code.len(),
                    method.word()
                ));
            }
        }
        Ok(())
    }

    /// A scenario of the domain in this form.
    fn of(planned: &scenario::Scenario) -> Self {
        let Selector {
            user_id,
            action,
            channel,
        } = planned.about.clone();
        let mut form = Self {
            id: Some(planned.id.clone()),
            user_id,
            action,
            channel: channel.map(ByChannel::from),
            skip: Some(planned.skip).filter(|skip| *skip > 0),
            times: planned.times,
            always: planned.times.is_none().then_some(true),
            ..Self::default()
        };
        let seconds = |after: SignedDuration| {
            let seconds = u32::try_from(after.as_secs()).unwrap_or(u32::MAX);
            Some(seconds).filter(|seconds| *seconds > 0)
        };
        match &planned.effect {
            Effect::Outcome(outcome) => form.outcome = Some(Word(*outcome)),
            Effect::Facts(facts, custom) => form.facts = Some(ActionFacts::of(facts, custom)),
            Effect::Undelivered => form.delivery = Some(Delivery::Fails),
            Effect::Code(code) => form.code = Some(Code(code.clone())),
            Effect::Phone(act, after) => {
                form.phone = Some(*act);
                form.after_seconds = seconds(*after);
            }
            Effect::Challenge(passes, after) => {
                form.challenge = Some(match passes {
                    true => ChallengeEnd::Succeed,
                    false => ChallengeEnd::Fail,
                });
                form.after_seconds = seconds(*after);
            }
        }
        form
    }
}

/// All scenarios that are to come, in the order in which they were planned.
pub fn all(scenarios: &Scenarios, faults: &Faults) -> Vec<Scenario> {
    let planned = scenarios.all().iter();
    let planned = planned.map(|one| (one.place, Scenario::of(one)));
    let of_faults = faults.of_scenarios().map(|(own, fault)| {
        let form = Scenario {
            id: Some(own.id.clone()),
            fault: Some(Box::new(fault.clone())),
            ..Scenario::default()
        };
        (own.place, form)
    });
    let mut all: Vec<_> = planned.chain(of_faults).collect();
    all.sort_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, form)| form).collect()
}

fn addressed(place: &str, text: Option<&str>) -> Result<(), String> {
    match text.map(str::len) {
        Some(length) if !(1..=PARAMETER).contains(&length) => Err(format!(
            "{place}: has {length} bytes; it must have from 1 to {PARAMETER}"
        )),
        _ => Ok(()),
    }
}

/// Whether the user and the code that something is about are as long as they may be.
///
/// # Errors
/// One is not; the text begins with the place.
pub fn within_bounds(about: &Selector) -> Result<(), String> {
    addressed("/userId", about.user_id.as_deref())?;
    addressed("/action", about.action.as_deref())
}

/// Whether a tenant of this configuration of Authsignal can have an action of a code; of none, any.
///
/// # Errors
/// It cannot; the text begins with the place.
pub fn can_be(code: Option<&str>, configuration: &Configuration) -> Result<(), String> {
    let Some(code) = code.filter(|code| configuration.actions.get(code).is_none()) else {
        return Ok(());
    };
    let tracked = ActionCode::from_str(code).map(|_| ());
    tracked.map_err(|why| {
        let why = of_type(&why.to_string());
        format!("/action: {why}, so `track` refuses it, and the tenant has no action of this code")
    })
}

/// Checks that a tenant can have such scenarios: whether it is at Activeconnect, and its configuration at Authsignal, if it is
/// there.
///
/// # Errors
/// It cannot have one; the text begins with the place in the list.
pub fn check_at(
    list: &[Scenario],
    at_activeconnect: bool,
    configuration: Option<&Configuration>,
) -> Result<(), String> {
    for (index, one) in list.iter().enumerate() {
        let fits = one.check_at(at_activeconnect, configuration);
        fits.map_err(|why| format!("/{index}{why}"))?;
    }
    Ok(())
}

/// Plans scenarios in place of those that are there, or after them, all or none.
///
/// # Errors
/// One of them cannot be; the text begins with its place in the list.
pub fn plan(
    scenarios: &mut Scenarios,
    faults: &mut Faults,
    list: Vec<Scenario>,
    add: bool,
) -> Result<(), String> {
    let mut read = Vec::new();
    for (index, one) in list.iter().enumerate() {
        read.push(one.read().map_err(|why| format!("/{index}{why}"))?);
    }
    let there: Vec<_> = match add {
        true => all(scenarios, faults)
            .into_iter()
            .filter_map(|one| one.id)
            .collect(),
        false => Vec::new(),
    };
    let count = there.len() + list.len();
    if count > SCENARIOS {
        return Err(format!(
            ": there are {count}; a tenant has at most {SCENARIOS}"
        ));
    }
    let mut taken = there;
    for (index, one) in list.iter().enumerate() {
        let Some(id) = &one.id else { continue };
        if taken.contains(id) {
            return Err(format!(
                "/{index}/id: another scenario has this id; take that one back, or leave the id out"
            ));
        }
        taken.push(id.clone());
    }
    // On copies, so that nothing has changed if a fault cannot be.
    let mut planned = scenarios.clone();
    if !add {
        planned.clear();
    }
    let mut of_faults = Vec::new();
    for (index, (one, read)) in list.into_iter().zip(read).enumerate() {
        let (times, skip) = (one.count(), one.skip.unwrap_or_default());
        let id = one.id.unwrap_or_else(|| planned.name(&taken));
        let place = planned.place();
        match read {
            Read::Effect(effect) => planned.push(scenario::Scenario {
                id,
                place,
                about: Selector {
                    user_id: one.user_id,
                    action: one.action,
                    channel: one.channel.map(Channel::from),
                },
                skip,
                times,
                effect,
            }),
            Read::Fault(mut fault) => {
                fault.id.get_or_insert_with(|| id.clone());
                of_faults.push(ToPlan {
                    fault: *fault,
                    at: format!("/{index}/fault"),
                    scenario: Some(OfScenario { id, place }),
                });
            }
        }
    }
    faults.plan_scenarios(of_faults, add)?;
    *scenarios = planned;
    Ok(())
}

/// Takes one back; `false` if there is none with this id. What it has brought about goes on.
pub fn remove(scenarios: &mut Scenarios, faults: &mut Faults, id: &str) -> bool {
    scenarios.remove(id) | faults.remove_scenarios(Some(id))
}
