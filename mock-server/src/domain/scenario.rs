//! Scenarios: what a test has planned for the next things of a kind, and the deeds of people that wait for their time. Knows
//! no request and no clock. Steps ask here what is planned, and do it.

use std::collections::BTreeMap;
use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::authsignal::fact::{Facts, NextFacts};
use super::authsignal::vocabulary::Outcome;
use super::in_file::counter;
use super::later;
use super::outbox::Channel;
use crate::bounds::{DEEDS, SCENARIOS};

/// What somebody with a phone does about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PhoneAct {
    /// The person agrees.
    Approve,
    /// The person refuses.
    Deny,
    /// The person agrees, and the phone finds nothing that was asked for.
    Fail,
    /// The phone goes out of range.
    WalkAway,
    /// The phone comes back into range.
    Return,
}

impl PhoneAct {
    /// Whether it answers the request.
    pub fn answers(self) -> bool {
        matches!(self, Self::Approve | Self::Deny | Self::Fail)
    }

    /// Whether only a session of Activeconnect knows it.
    pub fn is_of_session(self) -> bool {
        !matches!(self, Self::Approve | Self::Deny)
    }

    /// The word for it in scenarios.
    pub fn word(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Fail => "fail",
            Self::WalkAway => "walk_away",
            Self::Return => "return",
        }
    }

    fn told(self) -> &'static str {
        match self {
            Self::Approve => "approves",
            Self::Deny => "denies",
            Self::Fail => "fails",
            Self::WalkAway => "walks away",
            Self::Return => "returns",
        }
    }
}

/// What a scenario does.
#[derive(Clone, PartialEq)]
pub enum Effect {
    /// An action is decided so.
    Outcome(Outcome),
    /// Rules read this about an action.
    Facts(Facts, Map<String, Value>),
    /// A message does not arrive.
    Undelivered,
    /// A message has this code.
    Code(String),
    /// Somebody with a phone does this, so long after the request.
    Phone(PhoneAct, SignedDuration),
    /// A person passes (`true`) or fails the challenge, so long after the action was tracked.
    Challenge(bool, SignedDuration),
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name leaves out the code, which passes a challenge.
        f.write_str(&self.told())
    }
}

impl Effect {
    fn told(&self) -> String {
        let after = |span: &SignedDuration| match span.as_secs() {
            0 => String::new(),
            seconds => format!(" after {seconds} s"),
        };
        match self {
            Self::Outcome(outcome) => format!("outcome {}", outcome.word()),
            Self::Facts(..) => "facts".to_owned(),
            Self::Undelivered => "a message that does not arrive".to_owned(),
            Self::Code(_) => "a chosen code".to_owned(),
            Self::Phone(act, span) => format!("the phone {}{}", act.told(), after(span)),
            Self::Challenge(true, span) => format!("the challenge succeeds{}", after(span)),
            Self::Challenge(false, span) => format!("the challenge fails{}", after(span)),
        }
    }
}

/// What a scenario is about; `None` matches any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// The user.
    pub user_id: Option<String>,
    /// The action.
    pub action: Option<String>,
    /// How the message travels.
    pub channel: Option<Channel>,
}

impl Selector {
    fn matches(&self, subject: &Subject<'_>) -> bool {
        let same = |own: &Option<String>, other: Option<&str>| {
            own.as_deref().is_none_or(|own| other == Some(own))
        };
        let user = match subject.user_without_case {
            None => same(&self.user_id, subject.user_id),
            Some(folded) => {
                let own = self.user_id.as_deref();
                own.is_none_or(|own| own.to_lowercase() == folded)
            }
        };
        let channel = self.channel.is_none_or(|own| subject.channel == Some(own));
        user && channel && same(&self.action, subject.action)
    }

    /// Whether it takes a user, whatever the action.
    pub fn has_user(&self, user_id: &str) -> bool {
        self.user_id.as_deref().is_none_or(|own| own == user_id)
    }
}

/// Something that a scenario can be about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// Its user.
    pub user_id: Option<&'a str>,
    /// Its user in lower case, where case does not count.
    pub user_without_case: Option<&'a str>,
    /// Its action.
    pub action: Option<&'a str>,
    /// How the message travels.
    pub channel: Option<Channel>,
}

impl<'a> Subject<'a> {
    /// An action of a user.
    pub fn action(user_id: &'a str, action: &'a str) -> Self {
        Self {
            user_id: Some(user_id),
            action: Some(action).filter(|action| !action.is_empty()),
            ..Self::default()
        }
    }
}

/// A scenario that is still to come.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its id in the tenant.
    pub id: String,
    /// Its place among all that have been planned.
    pub place: u64,
    /// What it is about.
    pub about: Selector,
    /// How many of those it lets pass first.
    pub skip: u32,
    /// How many more it applies to; `None` means no end.
    pub times: Option<u32>,
    /// What it does.
    pub effect: Effect,
}

impl Scenario {
    /// Whether it is about the very next one, and so has a short form.
    fn is_next(&self) -> bool {
        self.skip == 0 && self.times == Some(1)
    }

    /// The outcome of the next action, if it is that.
    pub fn next_outcome(&self) -> Option<Outcome> {
        match self.effect {
            Effect::Outcome(outcome) if self.is_next() => Some(outcome),
            _ => None,
        }
    }

    /// The facts of the next action, if it is that.
    pub fn next_facts(&self) -> Option<NextFacts> {
        match &self.effect {
            Effect::Facts(facts, custom) if self.is_next() => {
                Some(of_action(&self.about, facts, custom))
            }
            _ => None,
        }
    }
}

impl NextFacts {
    /// What they are about.
    pub fn about(&self) -> Selector {
        Selector {
            user_id: self.user_id.clone(),
            action: self.action.clone(),
            channel: None,
        }
    }
}

fn of_action(about: &Selector, facts: &Facts, custom: &Map<String, Value>) -> NextFacts {
    NextFacts {
        user_id: about.user_id.clone(),
        action: about.action.clone(),
        facts: facts.clone(),
        custom: custom.clone(),
    }
}

/// What is done at its time.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Deed {
    /// Somebody with a phone acts on a session of Activeconnect.
    Phone {
        /// Names the session.
        session: String,
        /// What they do.
        act: PhoneAct,
    },
    /// Somebody with an app answers a push notification or a QR code of Authsignal.
    Answer {
        /// The challenge.
        challenge_id: String,
        /// Whether they approve.
        approves: bool,
    },
    /// A person passes or fails the challenge of an action of Authsignal.
    Finish {
        /// The user.
        user_id: String,
        /// Code of the action.
        action: String,
        /// Its key.
        key: String,
        /// Whether they pass.
        passes: bool,
    },
}

impl fmt::Debug for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The token of a session stands in the URLs that show and end it.
        f.write_str(match self {
            Self::Phone { act, .. } => act.told(),
            Self::Answer { approves: true, .. } => "approves",
            Self::Answer { .. } => "denies",
            Self::Finish { passes: true, .. } => "passes",
            Self::Finish { .. } => "fails",
        })
    }
}

/// Whose step does a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doer {
    /// Activeconnect.
    Activeconnect,
    /// Authsignal.
    Authsignal,
}

impl Deed {
    fn doer(&self) -> Doer {
        match self {
            Self::Phone { .. } => Doer::Activeconnect,
            Self::Answer { .. } | Self::Finish { .. } => Doer::Authsignal,
        }
    }
}

/// A deed that waits, as a file holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Due {
    /// When it is done.
    pub at: Timestamp,
    /// What is done.
    pub deed: Deed,
}

/// What a file holds besides the scenarios themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// How many have had an id of the mock.
    #[serde(deserialize_with = "counter")]
    pub named: u64,
    /// The deeds that wait, in their order.
    pub due: Vec<Due>,
}

impl Record {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The scenarios of a tenant that are still to come, and the deeds that they have brought about.
#[derive(Clone, Debug, Default)]
pub struct Scenarios {
    /// In the order in which they come.
    planned: Vec<Scenario>,
    /// How many have had an id of the mock.
    named: u64,
    /// How many have been planned.
    placed: u64,
    /// By time, and of one time by their order.
    due: BTreeMap<(Timestamp, u64), Deed>,
    /// How many deeds there have been.
    deeds: u64,
    /// Whether there is a new deed, since somebody last asked.
    stirred: bool,
    /// What the present step has used up.
    told: Vec<String>,
}

impl Scenarios {
    /// All that are to come.
    pub fn all(&self) -> &[Scenario] {
        &self.planned
    }

    /// Whether none is to come.
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// The place of one more.
    pub fn place(&mut self) -> u64 {
        self.placed += 1;
        self.placed
    }

    /// Puts one more after those that are there.
    pub fn push(&mut self, scenario: Scenario) {
        self.planned.push(scenario);
    }

    /// Takes one back; `false` if there is none with this id. What it has brought about goes on.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.planned.len();
        self.planned.retain(|one| one.id != id);
        self.planned.len() < before
    }

    /// Takes all back. What they have brought about goes on.
    pub fn clear(&mut self) {
        self.planned.clear();
        self.named = 0;
    }

    /// Plans the outcome of the next action of a user and an action, or takes it back: the short form of a scenario. One for
    /// the same two is replaced by a new one, and returned then.
    ///
    /// # Errors
    /// The tenant has no room for another scenario. Nothing has changed then.
    pub fn plan_outcome(
        &mut self,
        about: Selector,
        outcome: Option<Outcome>,
    ) -> Result<Option<Scenario>, String> {
        let is_one = |one: &Scenario| one.next_outcome().is_some();
        self.plan_next(about, outcome.map(Effect::Outcome), is_one)
    }

    /// As [`plan_outcome`](Self::plan_outcome), for facts. Empty ones take those back that are there.
    ///
    /// # Errors
    /// As `plan_outcome`, or the custom data points are too long.
    pub fn plan_facts(&mut self, next: NextFacts) -> Result<Option<Scenario>, String> {
        next.check()?;
        let about = next.about();
        let has_any = !next.facts.is_empty() || !next.custom.is_empty();
        let effect = has_any.then_some(Effect::Facts(next.facts, next.custom));
        let is_one = |one: &Scenario| one.next_facts().is_some();
        self.plan_next(about, effect, is_one)
    }

    fn plan_next(
        &mut self,
        about: Selector,
        effect: Option<Effect>,
        is_one: impl Fn(&Scenario) -> bool,
    ) -> Result<Option<Scenario>, String> {
        let goes = |one: &Scenario| is_one(one) && one.about == about;
        let staying = self.planned.iter().filter(|one| !goes(one)).count();
        // What has been planned stays: a test that plans it counts on it.
        if effect.is_some() && staying >= SCENARIOS {
            return Err(format!(
                "the tenant has {SCENARIOS} scenarios, and the mock keeps no more; GET /_mock/scenarios lists those that are \
                 still to come: take some of them back"
            ));
        }
        let replaced = self.planned.extract_if(.., |one| goes(one)).last();
        let Some(effect) = effect else {
            return Ok(None);
        };
        let taken: Vec<_> = self.planned.iter().map(|one| one.id.clone()).collect();
        let scenario = Scenario {
            id: self.name(&taken),
            place: self.place(),
            about,
            skip: 0,
            times: Some(1),
            effect,
        };
        self.push(scenario);
        Ok(replaced)
    }

    /// An id that none of those has.
    pub fn name(&mut self, taken: &[String]) -> String {
        loop {
            self.named += 1;
            let id = format!("scenario-{}", self.named);
            if !taken.contains(&id) {
                return id;
            }
        }
    }

    /// What the first scenario does that is about a subject and does something of this kind. It is used up by one.
    fn take<T>(&mut self, subject: &Subject<'_>, of: impl Fn(&Effect) -> Option<T>) -> Option<T> {
        if self.planned.is_empty() {
            return None;
        }
        let (mut taken, mut spent) = (None, None);
        for (at, one) in self.planned.iter_mut().enumerate() {
            let Some(effect) = of(&one.effect).filter(|_| one.about.matches(subject)) else {
                continue;
            };
            if one.skip > 0 {
                one.skip -= 1;
                continue;
            }
            let left = one.times.map(|times| times.saturating_sub(1));
            one.times = left;
            spent = (left == Some(0)).then_some(at);
            taken = Some(effect);
            let left = match left {
                None => "until it is taken back".to_owned(),
                Some(0) => "for the last time".to_owned(),
                Some(left) => format!("{left} more"),
            };
            let (what, id) = (one.effect.told(), &one.id);
            self.told.push(format!("{what} by {id} ({left})"));
            break;
        }
        if let Some(at) = spent {
            self.planned.remove(at);
        }
        taken
    }

    /// The outcome of an action.
    pub fn outcome(&mut self, user_id: &str, action: &str) -> Option<Outcome> {
        self.take(&Subject::action(user_id, action), |effect| match effect {
            Effect::Outcome(outcome) => Some(*outcome),
            _ => None,
        })
    }

    /// The facts of an action; none if there are none.
    pub fn facts(&mut self, user_id: &str, action: &str) -> NextFacts {
        let taken = self.take(&Subject::action(user_id, action), |effect| match effect {
            Effect::Facts(facts, custom) => Some((facts.clone(), custom.clone())),
            _ => None,
        });
        let Some((facts, custom)) = taken else {
            return NextFacts::default();
        };
        let about = Selector {
            user_id: Some(user_id.to_owned()),
            action: Some(action.to_owned()),
            channel: None,
        };
        of_action(&about, &facts, &custom)
    }

    /// Whether a message gets lost.
    pub fn loses(&mut self, subject: &Subject<'_>) -> bool {
        let is_it = |effect: &Effect| matches!(effect, Effect::Undelivered).then_some(());
        self.take(subject, is_it).is_some()
    }

    /// The code of a message, of so many digits. A chosen one of another length stays unused, which the journal says.
    pub fn code(&mut self, subject: &Subject<'_>, digits: usize) -> Option<String> {
        let about = self.planned.iter().filter(|one| one.about.matches(subject));
        let unfit = about.filter_map(|one| match &one.effect {
            Effect::Code(code) if code.len() != digits => Some(format!(
                "{} by {} not used, because it has {} digits and this message has a code of {digits}",
                one.effect.told(),
                one.id,
                code.len(),
            )),
            _ => None,
        });
        self.told.extend(unfit);
        self.take(subject, |effect| match effect {
            Effect::Code(code) if code.len() == digits => Some(code.clone()),
            _ => None,
        })
    }

    /// What somebody with a phone does about a request, of what `does` takes, and how long after it.
    pub fn phone(
        &mut self,
        subject: &Subject<'_>,
        does: impl Fn(PhoneAct) -> bool,
    ) -> Option<(PhoneAct, SignedDuration)> {
        self.take(subject, |effect| match effect {
            Effect::Phone(act, after) if does(*act) => Some((*act, *after)),
            _ => None,
        })
    }

    /// How a challenge ends, and how long after the action was tracked.
    pub fn end(&mut self, user_id: &str, action: &str) -> Option<(bool, SignedDuration)> {
        self.take(&Subject::action(user_id, action), |effect| match effect {
            Effect::Challenge(passes, after) => Some((*passes, *after)),
            _ => None,
        })
    }

    /// A deed for later. One that the tenant has no room for is not done.
    pub fn schedule(&mut self, now: Timestamp, after: SignedDuration, deed: Deed) {
        if self.due.len() >= DEEDS {
            self.told
                .push(format!("nothing, because {DEEDS} deeds wait already"));
            return;
        }
        self.deeds += 1;
        self.due.insert((later(now, after), self.deeds), deed);
        self.stirred = true;
    }

    /// A user is deleted, and does nothing any more.
    pub fn forget(&mut self, user: &str) {
        self.due
            .retain(|_, deed| !matches!(deed, Deed::Finish { user_id, .. } if user_id == user));
    }

    /// When the next deed is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Who has the deed to do that is the first of those that are due.
    pub fn doer(&self, now: Timestamp) -> Option<Doer> {
        let ((at, _), deed) = self.due.first_key_value()?;
        (*at <= now).then(|| deed.doer())
    }

    /// The deed that is the first of those that are due, if it is that one's. It waits no more.
    pub fn take_due(&mut self, doer: Doer, now: Timestamp) -> Option<Deed> {
        let first = self.due.first_entry()?;
        (first.key().0 <= now && first.get().doer() == doer).then(|| first.remove())
    }

    /// What a file holds besides the scenarios themselves.
    pub fn record(&self) -> Record {
        Record {
            named: self.named,
            due: self.due().collect(),
        }
    }

    /// All deeds that wait, in their order.
    pub fn due(&self) -> impl Iterator<Item = Due> {
        let due = self.due.iter();
        due.map(|((at, _), deed)| Due {
            at: *at,
            deed: deed.clone(),
        })
    }

    /// Goes on with what a file holds.
    ///
    /// # Errors
    /// There are too many deeds.
    pub fn restore(&mut self, Record { named, due }: Record) -> Result<(), String> {
        self.named = named;
        if due.len() > DEEDS {
            let count = due.len();
            return Err(format!(
                "scenarios: {count} deeds wait; a tenant has at most {DEEDS}"
            ));
        }
        for Due { at, deed } in due {
            self.deeds += 1;
            self.due.insert((at, self.deeds), deed);
        }
        Ok(())
    }

    /// The same scenarios for another tenant, in which nothing has begun.
    #[must_use]
    pub fn adopted(&self) -> Self {
        Self {
            planned: self.planned.clone(),
            named: self.named,
            placed: self.placed,
            ..Self::default()
        }
    }

    /// Whether there is a new deed, since somebody last asked.
    pub fn stirred(&mut self) -> bool {
        std::mem::take(&mut self.stirred)
    }

    /// What the present step has used up, in words. The next step begins with nothing.
    pub fn take_told(&mut self) -> Option<String> {
        if self.told.is_empty() {
            return None;
        }
        let told = std::mem::take(&mut self.told);
        Some(format!("planned in /_mock/scenarios: {}", told.join(", ")))
    }

    /// Roughly the bytes that a copy takes.
    pub fn size(&self) -> usize {
        let planned = self.planned.iter().map(|one| match &one.effect {
            Effect::Facts(facts, custom) => 512 + of_action(&one.about, facts, custom).bytes(),
            _ => 512,
        });
        planned.sum::<usize>() + 256 * self.due.len()
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;
    use serde_json::Map;

    use super::{Deed, Doer, Effect, PhoneAct, Record, Scenario, Scenarios, Selector, Subject};
    use crate::bounds::{DEEDS, SCENARIOS};
    use crate::domain::authsignal::fact::{Fact, Facts, NextFacts};
    use crate::domain::authsignal::vocabulary::Outcome;
    use crate::domain::outbox::Channel;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn of(user: Option<&str>, action: Option<&str>) -> Selector {
        Selector {
            user_id: user.map(str::to_owned),
            action: action.map(str::to_owned),
            channel: None,
        }
    }

    fn push(all: &mut Scenarios, about: Selector, skip: u32, times: Option<u32>, effect: Effect) {
        let (id, place) = (all.name(&[]), all.place());
        all.push(Scenario {
            id,
            place,
            about,
            skip,
            times,
            effect,
        });
    }

    fn told(all: &mut Scenarios) -> String {
        all.take_told().unwrap_or_default()
    }

    #[test]
    fn the_first_that_is_about_something_counts_until_it_is_used_up() {
        let mut all = Scenarios::default();
        let (block, review) = (
            Effect::Outcome(Outcome::Block),
            Effect::Outcome(Outcome::Review),
        );
        push(&mut all, of(Some("ada"), Some("pay")), 1, Some(2), block);
        push(&mut all, of(None, Some("pay")), 0, None, review);
        for (user, action, outcome, left) in [
            ("bob", "signIn", None, ""),
            (
                "ada",
                "pay",
                Some(Outcome::Review),
                "until it is taken back",
            ),
            ("ada", "pay", Some(Outcome::Block), "1 more"),
            (
                "bob",
                "pay",
                Some(Outcome::Review),
                "until it is taken back",
            ),
            ("ada", "pay", Some(Outcome::Block), "for the last time"),
            (
                "ada",
                "pay",
                Some(Outcome::Review),
                "until it is taken back",
            ),
        ] {
            assert_eq!(all.outcome(user, action), outcome, "{user} {action}");
            assert!(told(&mut all).contains(left));
        }
        assert!(!all.remove("scenario-1") && all.remove("scenario-2") && all.is_empty());
    }

    #[test]
    fn kinds_do_not_use_each_other_up_and_a_channel_tells_messages_apart() {
        let mut all = Scenarios::default();
        let by_sms = Selector {
            channel: Some(Channel::Sms),
            ..Selector::default()
        };
        push(&mut all, by_sms.clone(), 0, Some(1), Effect::Undelivered);
        push(&mut all, by_sms, 0, None, Effect::Code("123456".to_owned()));
        let message = |channel| Subject {
            channel: Some(channel),
            ..Subject::action("ada", "signIn")
        };
        let (sms, email) = (message(Channel::Sms), message(Channel::Email));
        assert!(!all.loses(&email) && all.code(&email, 6).is_none());
        assert_eq!(
            all.code(&sms, 7),
            None,
            "the tenant has longer codes by now"
        );
        let unused = "planned in /_mock/scenarios: a chosen code by scenario-2 not used, because it has 6 digits and this \
                      message has a code of 7";
        assert_eq!(told(&mut all), unused);
        assert_eq!(all.code(&sms, 6).as_deref(), Some("123456"));
        assert!(all.loses(&sms) && !all.loses(&sms));
        let told = told(&mut all);
        assert!(
            !told.contains("123456") && !format!("{all:?}").contains("123456"),
            "{told}"
        );
        let folded = Subject {
            user_id: Some("ada"),
            user_without_case: Some("ada"),
            ..Subject::default()
        };
        let denies = Effect::Phone(PhoneAct::Deny, SignedDuration::ZERO);
        push(&mut all, of(Some("ADA"), None), 0, Some(2), denies);
        assert_eq!(
            all.phone(&Subject::action("ada", ""), PhoneAct::answers),
            None
        );
        assert_eq!(all.phone(&folded, |act| act == PhoneAct::Return), None);
        assert!(all.phone(&folded, PhoneAct::answers).is_some());
    }

    #[test]
    fn the_outcome_and_the_facts_of_the_next_action_replace_those_for_the_same_two() {
        let mut all = Scenarios::default();
        let ada = || of(Some("ada"), Some("pay"));
        let plan = |all: &mut Scenarios, about, outcome| all.plan_outcome(about, outcome).unwrap();
        let replaced = |one: Option<Scenario>| one.and_then(|one| one.next_outcome());
        assert_eq!(plan(&mut all, ada(), Some(Outcome::Block)), None);
        assert_eq!(
            plan(&mut all, Selector::default(), Some(Outcome::Review)),
            None
        );
        let second = plan(&mut all, ada(), Some(Outcome::Allow));
        assert_eq!(replaced(second), Some(Outcome::Block));
        let facts = |user: &str, fact| NextFacts {
            user_id: Some(user.to_owned()),
            action: None,
            facts: Facts::default().with(fact, Some(true)),
            custom: Map::new(),
        };
        all.plan_facts(facts("ada", Fact::IsBot)).unwrap();
        let second = all.plan_facts(facts("ada", Fact::IsNew)).unwrap();
        let replaced = second.and_then(|one| one.next_facts()).unwrap();
        assert_eq!(replaced, facts("ada", Fact::IsBot));
        assert_eq!(all.outcome("bob", "pay"), Some(Outcome::Review));
        assert_eq!(all.outcome("bob", "pay"), None);
        assert_eq!(all.outcome("ada", "signIn"), None);
        assert_eq!(all.outcome("ada", "pay"), Some(Outcome::Allow));
        assert_eq!(all.facts("bob", "pay"), NextFacts::default());
        assert_eq!(all.facts("ada", "pay").facts.flag(Fact::IsNew), Some(true));
        plan(&mut all, ada(), Some(Outcome::Block));
        plan(&mut all, ada(), None);
        assert!(all.is_empty());
        let long = Map::from_iter([("x".to_owned(), "x".repeat(20_000).into())]);
        let long = NextFacts {
            custom: long,
            ..NextFacts::default()
        };
        assert!(all.plan_facts(long).unwrap_err().contains("at most 16384"));
    }

    #[test]
    fn what_is_planned_for_the_next_action_never_leaves_for_more() {
        let mut all = Scenarios::default();
        let block = |user: &str| (of(Some(user), None), Some(Outcome::Block));
        let facts = |user: &str| NextFacts {
            user_id: Some(user.to_owned()),
            facts: Facts::default().with(Fact::IsBot, Some(true)),
            ..NextFacts::default()
        };
        for number in 0..SCENARIOS / 2 {
            let (about, outcome) = block(&number.to_string());
            all.plan_outcome(about, outcome).unwrap();
            all.plan_facts(facts(&number.to_string())).unwrap();
        }
        let before = all.all().to_vec();
        let (about, outcome) = block("more");
        let refused = all.plan_outcome(about, outcome).unwrap_err();
        assert!(refused.contains("300 scenarios"), "{refused}");
        assert!(all.plan_facts(facts("more")).is_err());
        assert_eq!(all.all(), before);
        // One for the same two is replaced, and one can be taken back.
        all.plan_outcome(block("7").0, Some(Outcome::Review))
            .unwrap();
        assert_eq!(all.all().len(), SCENARIOS);
        all.plan_outcome(block("7").0, None).unwrap();
        assert_eq!(all.outcome("0", "pay"), Some(Outcome::Block));
        assert_eq!(all.outcome("7", "pay"), None);
    }

    #[test]
    fn deeds_have_a_bound_and_go_on_in_a_file() {
        let deed = |number: usize| Deed::Phone {
            session: format!("secret-{number}"),
            act: PhoneAct::Approve,
        };
        let mut all = Scenarios::default();
        for number in 0..=DEEDS {
            let after = SignedDuration::from_secs(i64::try_from(number).unwrap());
            all.schedule(NOW, after, deed(DEEDS - number));
        }
        assert!(told(&mut all).contains("1000 deeds wait already"));
        assert!(all.stirred() && !all.stirred());
        assert!(!format!("{all:?}").contains("secret"));
        let waiting: Vec<_> = all.due().collect();
        assert_eq!((waiting.len(), waiting[0].at), (DEEDS, NOW));
        let mut other = Scenarios::default();
        other.restore(all.record()).unwrap();
        assert_eq!(other.record(), all.record());
        let too_many = [&waiting[..], &waiting[..1]].concat();
        let too_many = Record {
            named: 0,
            due: too_many,
        };
        assert!(Scenarios::default().restore(too_many).is_err());
        assert_eq!(all.take_due(Doer::Authsignal, NOW), None, "it is another's");
        assert_eq!(all.take_due(Doer::Activeconnect, NOW), Some(deed(DEEDS)));
        assert_eq!(all.doer(NOW), None);
        assert_eq!(all.adopted().due().count(), 0);
    }

    proptest! {
        /// However deeds are scheduled, they come by their time, and of one time by their order.
        #[test]
        fn deeds_come_by_time_then_by_order(delays in proptest::collection::vec(0_i64..5, 0..40)) {
            let mut all = Scenarios::default();
            for (number, delay) in delays.iter().enumerate() {
                let deed = Deed::Answer { challenge_id: number.to_string(), approves: true };
                all.schedule(NOW, SignedDuration::from_secs(*delay), deed);
            }
            let mut expected: Vec<_> = delays.iter().copied().enumerate().collect();
            expected.sort_by_key(|(_, delay)| *delay);
            for (number, delay) in expected {
                let at = NOW + SignedDuration::from_secs(delay);
                prop_assert_eq!(all.next(), Some(at));
                prop_assert_eq!(all.doer(at - SignedDuration::from_millis(1)), None);
                let deed = Deed::Answer { challenge_id: number.to_string(), approves: true };
                prop_assert_eq!(all.take_due(Doer::Authsignal, at), Some(deed));
            }
            prop_assert_eq!(all.next(), None);
        }

        /// A scenario applies to as many as it says, after as many as it lets pass, and to no more.
        #[test]
        fn a_scenario_applies_as_often_as_it_says(skip in 0_u32..4, times in 1_u32..4, asked in 0_u32..12) {
            let mut all = Scenarios::default();
            push(&mut all, Selector::default(), skip, Some(times), Effect::Undelivered);
            let lost = (0..asked).filter(|_| all.loses(&Subject::default())).count();
            let expected = asked.saturating_sub(skip).min(times);
            prop_assert_eq!(u32::try_from(lost).unwrap(), expected);
            prop_assert_eq!(all.is_empty(), asked >= skip + times);
        }
    }
}
