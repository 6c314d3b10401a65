//! Faults that a test has planned for the next requests: which of them apply to a request, and what they come to. Knows
//! how requests are told apart, and not how they are answered.

use std::cell::LazyCell;
use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::fault::{Claims, Connection, Fault, Latency, RateLimit, WrongSchema};
use crate::bounds::{FAILURES, FAULT_DELAY};
use crate::domain::authsignal::challenge::{Limit, Windows};
use crate::domain::ids::Ids;
use crate::domain::whole_seconds;
use crate::hold::Hold;
use crate::wire::errors;

pub use super::fault::Api;

/// Requests that are to fail: the short form of a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The operation, by its id; every one if there is none.
    pub operation: Option<String>,
    /// How many more requests fail.
    pub times: u32,
    /// The status of their answers.
    pub status: u16,
    /// Headers of their answers, by name.
    pub headers: BTreeMap<String, String>,
}

impl Failure {
    fn is_error(&self) -> Result<(), String> {
        let status = self.status;
        match status {
            400..600 => Ok(()),
            _ => Err(format!(
                "/status: {status}; it must be an error, from 400 to 599"
            )),
        }
    }
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        Self {
            operation: failure.operation,
            times: Some(failure.times),
            status: Some(failure.status),
            headers: failure.headers,
            ..Self::default()
        }
    }
}

/// A request, as far as a fault asks about it.
#[derive(Debug)]
pub struct Asked<U> {
    /// Its API.
    pub api: Api,
    /// Id of its operation.
    pub operation: &'static str,
    /// Tells which user it is about.
    pub user: U,
}

/// What breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// The connection.
    Connection(Connection),
    /// The body ends after so many bytes.
    Truncated(u64),
    /// The body takes its time: so many bytes a second.
    Slow(u64),
    /// The body is not JSON.
    Malformed,
    /// The body breaks its schema.
    Schema(WrongSchema),
}

/// An answer in place of that of the operation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Instead {
    /// Its status.
    pub status: u16,
    /// An error of Authsignal by its name.
    pub error: Option<&'static str>,
    /// Its headers.
    pub headers: BTreeMap<String, String>,
    /// Its body as JSON.
    pub body: Option<Map<String, Value>>,
    /// Its body as text.
    pub text: Option<String>,
    /// The media type of its body.
    pub content_type: Option<String>,
    /// What its `Retry-After` says.
    pub retry_after: Option<u64>,
}

/// A fault that applied to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its id.
    pub id: String,
    /// The id of the scenario that it is, if it is one.
    pub scenario: Option<String>,
    /// Whether it has the short form.
    pub is_failure: bool,
    /// How many more requests it applies to; `None` means no end.
    pub left: Option<u32>,
    /// What it decides of the request.
    pub claims: Claims,
    /// Ties it to the request.
    pub hold: Hold,
}

impl Told {
    /// Whether it does nothing but break something.
    pub fn only_breaks(&self) -> bool {
        let Claims {
            delay,
            answer,
            damage,
            time,
        } = self.claims;
        damage && !(delay || answer || time)
    }
}

/// What the faults of a request come to.
#[derive(Clone, Debug, PartialEq)]
pub struct Taken {
    /// How late the answer is.
    pub delay: Duration,
    /// An answer in place of that of the operation.
    pub instead: Option<Instead>,
    /// Whether the request is carried out.
    pub carried_out: bool,
    /// What breaks.
    pub damage: Option<Damage>,
    /// By how many seconds the time of the request is ahead.
    pub ahead: i64,
    /// The faults, in the order of the list.
    pub told: Vec<Told>,
}

impl Default for Taken {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            instead: None,
            carried_out: true,
            damage: None,
            ahead: 0,
            told: Vec::new(),
        }
    }
}

/// A fault, the requests that have passed its rate limit, and what ties it to those that it applied to.
#[derive(Debug)]
struct Planned {
    fault: Fault,
    passed: Windows,
    hold: Hold,
    /// Its place among all that have been planned.
    place: u64,
    /// The scenario that it is, if it is one.
    scenario: Option<OfScenario>,
}

/// The scenario that a fault is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfScenario {
    /// Its id.
    pub id: String,
    /// Its place among all scenarios that have been planned.
    pub place: u64,
}

/// A fault to plan.
#[derive(Debug)]
pub(super) struct ToPlan {
    /// The fault.
    pub(super) fault: Fault,
    /// Where it stands in what is planned with it.
    pub(super) at: String,
    /// The scenario that it is, if it is one.
    pub(super) scenario: Option<OfScenario>,
}

impl Planned {
    /// The same fault, which no request holds.
    fn copied(&self, passed: Windows) -> Self {
        Self {
            fault: self.fault.clone(),
            passed,
            hold: Hold::default(),
            place: self.place,
            scenario: self.scenario.clone(),
        }
    }
}

/// The faults of a tenant that are still to come.
#[derive(Debug, Default)]
pub struct Faults {
    planned: Vec<Planned>,
    /// Those that are used up, while requests hold them.
    spent: Vec<Planned>,
    /// How many have had an id of the mock.
    named: u64,
    /// How many have been planned.
    placed: u64,
}

impl Clone for Faults {
    /// The same faults, of which no request knows yet.
    fn clone(&self) -> Self {
        let planned = self.planned.iter();
        Self {
            planned: planned
                .map(|planned| planned.copied(Windows::default()))
                .collect(),
            spent: Vec::new(),
            named: self.named,
            placed: self.placed,
        }
    }
}

impl Faults {
    /// The same faults, with the requests that they know of.
    pub(super) fn as_they_are(&self) -> Self {
        let planned = self.planned.iter();
        Self {
            planned: planned
                .map(|planned| planned.copied(planned.passed.clone()))
                .collect(),
            spent: Vec::new(),
            named: self.named,
            placed: self.placed,
        }
    }

    /// Faults in the order in which they come.
    ///
    /// # Errors
    /// One of them cannot be; the text begins with its place in the list.
    pub fn new(faults: Vec<Fault>) -> Result<Self, String> {
        let mut all = Self::default();
        all.add(faults)?;
        Ok(all)
    }

    /// Faults in the short form.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn of_failures(failures: Vec<Failure>) -> Result<Self, String> {
        for (index, failure) in failures.iter().enumerate() {
            failure.is_error().map_err(|why| format!("/{index}{why}"))?;
        }
        Self::new(failures.into_iter().map(Fault::from).collect())
    }

    /// Puts more faults after those that are there, all or none.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn add(&mut self, faults: Vec<Fault>) -> Result<(), String> {
        let faults = faults.into_iter().enumerate();
        let faults = faults.map(|(index, fault)| ToPlan {
            fault,
            at: format!("/{index}"),
            scenario: None,
        });
        self.plan(faults.collect())
    }

    /// Plans faults that are scenarios, after those that are there or in their place, all or none.
    ///
    /// # Errors
    /// One of them cannot be.
    pub(super) fn plan_scenarios(&mut self, faults: Vec<ToPlan>, add: bool) -> Result<(), String> {
        if add {
            return self.plan(faults);
        }
        self.settle();
        let is_other = |planned: &Planned| planned.scenario.is_none();
        let (others, before) = std::mem::take(&mut self.planned)
            .into_iter()
            .partition(is_other);
        self.planned = others;
        let planned = self.plan(faults);
        let gone: Vec<Planned> = before;
        match planned {
            Ok(()) => {
                let spent = self
                    .spent
                    .extract_if(.., |planned| planned.scenario.is_some());
                let gone = gone.into_iter().chain(spent);
                gone.for_each(|planned| planned.hold.release());
            }
            Err(_) => {
                self.planned.extend(gone);
                self.planned.sort_by_key(|planned| planned.place);
            }
        }
        planned
    }

    /// As [`add`](Self::add), for faults that may be scenarios.
    fn plan(&mut self, faults: Vec<ToPlan>) -> Result<(), String> {
        let count = self.planned.len() + faults.len();
        if count > FAILURES {
            return Err(format!(
                ": there are {count}; a tenant has at most {FAILURES}"
            ));
        }
        for (index, ToPlan { fault, at, .. }) in faults.iter().enumerate() {
            fault.check().map_err(|why| format!("{at}{why}"))?;
            if let Some(id) = fault.id.as_deref() {
                let named = |other: &Fault| other.id.as_deref() == Some(id);
                let twice = faults.iter().take(index).any(|one| named(&one.fault))
                    || self.planned.iter().any(|planned| named(&planned.fault));
                if twice {
                    return Err(format!(
                        "{at}/id: another fault has this id; take that one back, or leave the id out"
                    ));
                }
            }
        }
        let ids = faults.iter().filter_map(|one| one.fault.id.clone());
        let mut taken: Vec<_> = ids.collect();
        taken.extend(self.all().filter_map(|fault| fault.id.clone()));
        for ToPlan {
            fault, scenario, ..
        } in faults
        {
            let mut fault = fault.completed();
            while fault.id.is_none() {
                self.named += 1;
                let id = format!("fault-{}", self.named);
                fault.id = (!taken.contains(&id)).then_some(id);
            }
            self.placed += 1;
            self.planned.push(Planned {
                fault,
                passed: Windows::default(),
                hold: Hold::default(),
                place: self.placed,
                scenario,
            });
        }
        Ok(())
    }

    /// Takes one back, also if it is used up and a request still waits for it; `false` if there is none with this id. No
    /// request waits for it any more.
    pub fn remove(&mut self, id: &str) -> bool {
        self.remove_all(|planned| planned.fault.id.as_deref() == Some(id))
    }

    /// Takes those back that are scenarios, or the one of this id. Returns whether there was any.
    pub fn remove_scenarios(&mut self, id: Option<&str>) -> bool {
        self.remove_all(|planned| {
            let scenario = planned.scenario.as_ref();
            scenario.is_some_and(|own| id.is_none_or(|id| own.id == id))
        })
    }

    fn remove_all(&mut self, is_it: impl Fn(&Planned) -> bool) -> bool {
        self.settle();
        let mut found = false;
        for all in [&mut self.planned, &mut self.spent] {
            all.retain(|planned| {
                let is_it = is_it(planned);
                if is_it {
                    planned.hold.release();
                }
                found |= is_it;
                !is_it
            });
        }
        found
    }

    /// No request waits any more for one of them.
    pub(super) fn release(&self) {
        for planned in self.planned.iter().chain(&self.spent) {
            planned.hold.release();
        }
    }

    /// Takes requests off the count to which faults could do nothing, and forgets faults that are used up for good.
    fn settle(&mut self) {
        for planned in &mut self.planned {
            let missed = planned.hold.take_missed();
            if let Some(times) = &mut planned.fault.times {
                *times += missed;
            }
        }
        let mut held = Vec::new();
        for mut planned in self.spent.drain(..) {
            // This comes first: a request says that it is missed before it lets go.
            let is_held = planned.hold.is_held();
            match planned.hold.take_missed() {
                0 if is_held => held.push(planned),
                0 => {}
                missed => {
                    planned.fault.times = Some(missed);
                    self.planned.push(planned);
                }
            }
        }
        self.spent = held;
        self.planned.sort_by_key(|planned| planned.place);
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Fault> {
        self.planned.iter().map(|planned| &planned.fault)
    }

    /// Those that are scenarios.
    pub fn of_scenarios(&self) -> impl Iterator<Item = (&OfScenario, &Fault)> {
        let planned = self.planned.iter();
        planned.filter_map(|planned| Some((planned.scenario.as_ref()?, &planned.fault)))
    }

    /// Those that are no scenarios.
    pub fn of_none(&self) -> impl Iterator<Item = &Fault> {
        let planned = self.planned.iter();
        planned
            .filter(|planned| planned.scenario.is_none())
            .map(|planned| &planned.fault)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// Whether no request can meet one, also if one that seems to be used up turns out to have done nothing.
    pub(super) fn is_over(&self) -> bool {
        self.planned.is_empty() && self.spent.is_empty()
    }

    /// The faults that are to come, as they are now.
    pub(super) fn settled(&mut self) -> Self {
        self.settle();
        self.clone()
    }

    /// What goes wrong with a request, if anything does.
    pub fn take<U: FnOnce() -> Option<String>>(
        &mut self,
        asked: Asked<U>,
        now: Timestamp,
        dice: &mut Ids,
    ) -> Option<Taken> {
        self.settle();
        let user = LazyCell::new(asked.user);
        let (mut taken, mut claimed) = (Taken::default(), Claims::default());
        for planned in &mut self.planned {
            let Planned {
                fault,
                passed,
                hold,
                scenario,
                ..
            } = planned;
            if !is_about(fault, asked.api, asked.operation, || user.as_deref())
                || claimed.overlap(fault.claims())
            {
                continue;
            }
            if let Some(skip) = fault.skip {
                fault.skip = skip.checked_sub(1).filter(|skip| *skip > 0);
                continue;
            }
            if fault.probability.is_some_and(|likely| draw(dice) >= likely) {
                continue;
            }
            let wait = match fault.rate_limit.map(|limit| over(limit, passed, now)) {
                Some(None) => continue,
                Some(wait) => wait,
                None => None,
            };
            claimed = claimed.with(fault.claims());
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
            }
            apply(fault, wait, dice, &mut taken);
            taken.told.push(Told {
                id: fault.id.clone().unwrap_or_default(),
                scenario: scenario.as_ref().map(|own| own.id.clone()),
                is_failure: fault.is_failure(),
                left: fault.times,
                claims: fault.claims(),
                hold: hold.clone(),
            });
        }
        let is_spent = |planned: &mut Planned| planned.fault.times == Some(0);
        self.spent.extend(self.planned.extract_if(.., is_spent));
        (!taken.told.is_empty()).then_some(taken)
    }
}

/// Whether a request is one of those of a fault.
fn is_about<'u>(
    fault: &Fault,
    api: Api,
    operation: &str,
    user: impl FnOnce() -> Option<&'u str>,
) -> bool {
    // Errors of Activeconnect have no names.
    let has_error = fault.error.is_none() || api != Api::Activeconnect;
    has_error
        && fault.api.is_none_or(|own| own == api)
        && fault
            .operation
            .as_deref()
            .is_none_or(|own| own == operation)
        && fault
            .user_id
            .as_deref()
            .is_none_or(|own| user() == Some(own))
}

/// The seconds until one more request passes, if this one does not.
fn over(limit: RateLimit, passed: &mut Windows, now: Timestamp) -> Option<u64> {
    let limit = Limit {
        count: usize::try_from(limit.count).unwrap_or(usize::MAX),
        window: SignedDuration::from_secs(i64::try_from(limit.seconds).unwrap_or(i64::MAX)),
    };
    if passed.allow("", limit, now) {
        return None;
    }
    Some(whole_seconds(passed.wait("", limit, now)).max(1))
}

/// Adds what a fault does.
fn apply(fault: &Fault, wait: Option<u64>, dice: &mut Ids, taken: &mut Taken) {
    if let Some(latency) = &fault.latency {
        taken.delay = delay(latency, dice);
    }
    if let Some(instead) = instead(fault, wait) {
        taken.instead = Some(instead);
    }
    if let Some(damage) = damage(fault) {
        taken.damage = Some(damage);
    }
    if let Some(ahead) = fault.skew_seconds {
        taken.ahead = ahead;
    }
    taken.carried_out &= fault.carries_out();
}

fn instead(fault: &Fault, wait: Option<u64>) -> Option<Instead> {
    if wait.is_some() {
        let (error, status) = errors::TOO_MANY_REQUESTS;
        return Some(Instead {
            status,
            error: Some(error),
            retry_after: wait,
            ..Instead::default()
        });
    }
    let named = fault.error.as_deref().and_then(errors::named);
    Some(Instead {
        status: fault.status.or(named.map(|(_, status)| status))?,
        error: named.map(|(error, _)| error),
        headers: fault.headers.clone(),
        body: fault.body.clone(),
        text: fault.text.clone(),
        content_type: fault.content_type.clone(),
        retry_after: None,
    })
}

fn damage(fault: &Fault) -> Option<Damage> {
    let connection = fault.connection.map(Damage::Connection);
    connection
        .or(fault.truncate_after.map(Damage::Truncated))
        .or(fault.bytes_per_second.map(Damage::Slow))
        .or((fault.malformed == Some(true)).then_some(Damage::Malformed))
        .or(fault.wrong_schema.clone().map(Damage::Schema))
}

/// A number that is at least 0 and less than 1.
fn draw(dice: &mut Ids) -> f64 {
    let bits = u32::from_le_bytes(dice.bytes());
    f64::from(bits) / (f64::from(u32::MAX) + 1.0)
}

/// How late an answer is.
fn delay(latency: &Latency, dice: &mut Ids) -> Duration {
    let millis = |delay: u64| Duration::from_millis(delay).as_secs_f64();
    let seconds = match *latency {
        Latency {
            median_milliseconds: Some(median),
            sigma,
            ..
        } => millis(median) * (sigma.unwrap_or(0.5) * normal(dice)).exp(),
        Latency {
            min_milliseconds: Some(least),
            max_milliseconds: Some(most),
            ..
        } => (millis(most) - millis(least)).mul_add(draw(dice), millis(least)),
        Latency { milliseconds, .. } => millis(milliseconds.unwrap_or_default()),
    };
    let delay = Duration::try_from_secs_f64(seconds).unwrap_or(FAULT_DELAY);
    delay.min(FAULT_DELAY)
}

/// A number that is normally distributed around 0, by the method of Box and Muller.
fn normal(dice: &mut Ids) -> f64 {
    // Not 0, whose logarithm is none.
    let (one, two) = (1.0 - draw(dice), draw(dice));
    (-2.0 * one.ln()).sqrt() * (std::f64::consts::TAU * two).cos()
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use serde_json::{Value, json};

    use super::{Api, Asked, Damage, Faults, Taken};
    use crate::domain::ids::Ids;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn planned(faults: Value) -> Faults {
        Faults::new(serde_json::from_value(faults).unwrap()).unwrap()
    }

    fn take(all: &mut Faults, operation: &'static str, user: &str) -> Option<Taken> {
        let asked = Asked {
            api: Api::Authsignal,
            operation,
            user: || Some(user.to_owned()),
        };
        all.take(asked, NOW, &mut Ids::new([1; 32]))
    }

    fn status(all: &mut Faults, operation: &'static str) -> Option<(u16, Option<u32>)> {
        let taken = take(all, operation, "ada")?;
        Some((taken.instead?.status, taken.told[0].left))
    }

    #[test]
    fn failures_come_in_order_and_are_used_up() {
        let mut all = planned(json!([
            {"operation": "track", "times": 2, "status": 503},
            {"status": 500},
            {"operation": "track", "status": 429},
        ]));
        assert_eq!(status(&mut all, "track"), Some((503, Some(1))));
        assert_eq!(status(&mut all, "validate_challenge"), Some((500, Some(0))));
        assert_eq!(status(&mut all, "validate_challenge"), None);
        assert_eq!(status(&mut all, "track"), Some((503, Some(0))));
        assert_eq!(status(&mut all, "track"), Some((429, Some(0))));
        assert_eq!(status(&mut all, "track"), None);
        assert!(all.is_empty());
    }

    #[test]
    fn a_fault_skips_requests_and_is_about_a_user_and_an_api() {
        let mut all = planned(json!([
            {"skip": 2, "userId": "bob", "status": 503},
            {"api": "authsignal-client", "status": 500},
        ]));
        for (user, fails) in [
            ("bob", false),
            ("ada", false),
            ("bob", false),
            ("bob", true),
        ] {
            assert_eq!(take(&mut all, "track", user).is_some(), fails, "{user}");
        }
        assert_eq!(all.all().count(), 1);
    }

    #[test]
    fn faults_that_decide_different_things_apply_together_and_others_wait() {
        let mut all = planned(json!([
            {"id": "slow", "always": true, "latency": {"milliseconds": 5}},
            {"times": 1, "status": 503},
            {"times": 1, "error": "too_many_requests"},
            {"times": 1, "truncateAfter": 3, "skewSeconds": -7},
        ]));
        let first = take(&mut all, "track", "ada").unwrap();
        assert_eq!((first.delay.as_millis(), first.ahead), (5, -7));
        assert_eq!(first.instead.unwrap().status, 503);
        assert_eq!(first.damage, Some(Damage::Truncated(3)));
        assert!(!first.carried_out);
        let ids: Vec<_> = first.told.iter().map(|told| &*told.id).collect();
        assert_eq!(ids, ["slow", "fault-1", "fault-3"]);
        let second = take(&mut all, "track", "ada").unwrap();
        assert_eq!(second.instead.unwrap().error, Some("too_many_requests"));
        let third = take(&mut all, "track", "ada").unwrap();
        assert!(third.carried_out && third.instead.is_none() && third.damage.is_none());
        assert!(all.remove("slow") && !all.remove("slow"));
        assert!(all.is_empty());
    }

    #[test]
    fn a_rate_limit_counts_and_stays() {
        let mut all = planned(json!([{"rateLimit": {"count": 2, "seconds": 60}}]));
        let mut dice = Ids::new([1; 32]);
        let mut waits = |seconds| {
            let asked = Asked {
                api: Api::Authsignal,
                operation: "track",
                user: || None,
            };
            let taken = all.take(asked, NOW + SignedDuration::from_secs(seconds), &mut dice);
            taken.map(|taken| taken.instead.unwrap().retry_after)
        };
        for (at, wait) in [
            (0, None),
            (10, None),
            (20, Some(Some(40))),
            (59, Some(Some(1))),
            (60, None),
            (61, Some(Some(9))),
        ] {
            assert_eq!(waits(at), wait, "{at}");
        }
    }

    #[test]
    fn probability_and_delays_are_drawn_from_the_seed() {
        let run = |seed| {
            let mut all = planned(json!([
                {"always": true, "probability": 0.3, "latency": {"minMilliseconds": 10, "maxMilliseconds": 20}},
                {"always": true, "probability": 0.5, "latency": {"medianMilliseconds": 100}},
            ]));
            let mut dice = Ids::new([seed; 32]);
            let mut each = || {
                let asked = Asked {
                    api: Api::Authsignal,
                    operation: "track",
                    user: || None,
                };
                let taken = all.take(asked, NOW, &mut dice);
                taken.map(|taken| (taken.told[0].id.clone(), taken.delay.as_micros()))
            };
            (0..1000).map(|_| each()).collect::<Vec<_>>()
        };
        let first = run(1);
        assert_eq!(first, run(1));
        assert_ne!(first, run(2));
        let of = |id: &str| {
            let all = first.iter().flatten();
            let all = all.filter(|(own, _)| own == id);
            all.map(|(_, delay)| *delay).collect::<Vec<_>>()
        };
        let (uniform, mut normal) = (of("fault-1"), of("fault-2"));
        assert!((240..360).contains(&uniform.len()), "{}", uniform.len());
        assert!(
            uniform
                .iter()
                .all(|delay| (10_000..=20_000).contains(delay))
        );
        normal.sort_unstable();
        let median = normal[normal.len() / 2];
        assert!((80_000..120_000).contains(&median), "{median}");
    }

    #[test]
    fn ids_are_unique_and_the_list_is_bounded() {
        let why = |faults| {
            let mut all = planned(json!([{"id": "fault-1", "status": 503}, {"status": 500}]));
            let why = all.add(serde_json::from_value(faults).unwrap());
            let ids: Vec<_> = all.all().filter_map(|fault| fault.id.clone()).collect();
            (why, ids)
        };
        let (added, ids) = why(json!([{"id": "mine", "malformed": true}]));
        assert_eq!((added, ids.len()), (Ok(()), 3));
        assert_eq!(ids[..2], ["fault-1", "fault-2"]);
        let (refused, ids) = why(json!([{"status": 500}, {"id": "fault-2", "status": 503}]));
        assert!(refused.unwrap_err().starts_with("/1/id: another fault"));
        assert_eq!(ids.len(), 2, "all or none");
        let many = vec![json!({"status": 503}); 99];
        assert!(why(many.into()).0.unwrap_err().contains("at most 100"));
    }
}
