//! Faults that a test plans for the next requests.

use std::time::Duration;

use serde_json::Value;

use crate::runtime::fault::{self, Connection, Latency, RateLimit, SchemaChange, WrongSchema};
use crate::runtime::faults::Faults;
use crate::runtime::in_list;

use super::Error;

/// Something that goes wrong with the next request, for
/// [`AuthsignalTenant::set_faults`](crate::AuthsignalTenant::set_faults) and
/// [`ActiveconnectApplication::set_faults`](crate::ActiveconnectApplication::set_faults). Faults that decide different
/// things of a request apply together: one can make it late, and another one refuse it.
///
/// ```
/// use std::time::Duration;
/// use stepup_mock::Fault;
///
/// let slow = Fault::latency(Duration::from_millis(300)).operation("track").always();
/// let limited = Fault::error("too_many_requests").user("ada").times(2).header("Retry-After", "0");
/// let lost = Fault::reset_before_answer().skip(1);
/// # let _ = (slow, limited, lost);
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a fault does nothing until `set_faults` takes it"]
pub struct Fault(fault::Fault);

/// What is wrong with a member of an answer, for [`Fault::wrong_schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WrongMember {
    /// It has another name.
    Renamed,
    /// It is absent.
    Absent,
    /// It is null.
    Null,
    /// It is of another type.
    OtherType,
}

impl Fault {
    fn of(set: impl FnOnce(&mut fault::Fault)) -> Self {
        let mut fault = fault::Fault::default();
        set(&mut fault);
        Self(fault)
    }

    /// The fault as the mock plans it.
    pub(super) fn into_planned(self) -> fault::Fault {
        self.0
    }

    fn with(mut self, set: impl FnOnce(&mut fault::Fault)) -> Self {
        set(&mut self.0);
        self
    }

    /// The answer comes so late, in real time.
    pub fn latency(delay: Duration) -> Self {
        let milliseconds = Some(millis(delay));
        Self::of(|fault| {
            fault.latency = Some(Latency {
                milliseconds,
                ..Latency::default()
            });
        })
    }

    /// The answer comes late by something between the two, drawn from the seed of the mock.
    pub fn latency_between(least: Duration, most: Duration) -> Self {
        Self::of(|fault| {
            fault.latency = Some(Latency {
                min_milliseconds: Some(millis(least)),
                max_milliseconds: Some(millis(most)),
                ..Latency::default()
            });
        })
    }

    /// The answer comes late by a log-normal delay, as networks have it: half of the answers exceed the median, and
    /// `sigma` says how far delays spread.
    pub fn latency_around(median: Duration, sigma: f64) -> Self {
        Self::of(|fault| {
            fault.latency = Some(Latency {
                median_milliseconds: Some(millis(median)),
                sigma: Some(sigma),
                ..Latency::default()
            });
        })
    }

    /// The answer is an error of Authsignal by its name, such as `too_many_requests`.
    pub fn error(name: impl Into<String>) -> Self {
        Self::of(|fault| fault.error = Some(name.into()))
    }

    /// The answer has this status, from 200 to 599. An error has the form of the vendor unless it has a body.
    pub fn status(status: u16) -> Self {
        Self::of(|fault| fault.status = Some(status))
    }

    /// So many requests pass in so long, by the time of the tenant. The others get a 429. It stays.
    pub fn rate_limit(count: u64, window: Duration) -> Self {
        let seconds = window.as_secs();
        Self::of(|fault| fault.rate_limit = Some(RateLimit { count, seconds }))
    }

    /// The connection is reset in place of the answer.
    pub fn reset_before_answer() -> Self {
        Self::of(|fault| fault.connection = Some(Connection::ResetBeforeAnswer))
    }

    /// The connection is reset after the answer.
    pub fn reset_after_answer() -> Self {
        Self::of(|fault| fault.connection = Some(Connection::ResetAfterAnswer))
    }

    /// No answer comes for ten minutes.
    pub fn timeout() -> Self {
        Self::of(|fault| fault.connection = Some(Connection::Timeout))
    }

    /// The connection closes after so many bytes of the body, and always before its last one.
    pub fn truncated_after(bytes: u64) -> Self {
        Self::of(|fault| fault.truncate_after = Some(bytes))
    }

    /// The body takes its time.
    pub fn slow(bytes_per_second: u64) -> Self {
        Self::of(|fault| fault.bytes_per_second = Some(bytes_per_second))
    }

    /// The body is not JSON.
    pub fn malformed() -> Self {
        Self::of(|fault| fault.malformed = Some(true))
    }

    /// A member of the answer, by its name or as a JSON Pointer, is wrong.
    pub fn wrong_schema(member: impl Into<String>, wrong: WrongMember) -> Self {
        let change = match wrong {
            WrongMember::Renamed => SchemaChange::Rename,
            WrongMember::Absent => SchemaChange::Drop,
            WrongMember::Null => SchemaChange::Null,
            WrongMember::OtherType => SchemaChange::Type,
        };
        Self::of(|fault| {
            fault.wrong_schema = Some(WrongSchema {
                change,
                member: Some(member.into()),
            });
        })
    }

    /// The mock carries the request out at a time that is so many seconds ahead of the time of its tenant; behind it, if
    /// negative. With minus the life of a token, a new one has already expired.
    pub fn skew_seconds(seconds: i64) -> Self {
        Self::of(|fault| fault.skew_seconds = Some(seconds))
    }

    /// Names it.
    pub fn id(self, id: impl Into<String>) -> Self {
        self.with(|fault| fault.id = Some(id.into()))
    }

    /// Limits it to an operation, by its id. The journal names the operation of each request.
    pub fn operation(self, id: impl Into<String>) -> Self {
        self.with(|fault| fault.operation = Some(id.into()))
    }

    /// Limits it to requests about a user.
    pub fn user(self, id: impl Into<String>) -> Self {
        self.with(|fault| fault.user_id = Some(id.into()))
    }

    /// Lets so many requests pass first.
    pub fn skip(self, requests: u32) -> Self {
        self.with(|fault| fault.skip = Some(requests))
    }

    /// Sets how many requests it applies to; one, if nothing sets it.
    pub fn times(self, times: u32) -> Self {
        self.with(|fault| (fault.times, fault.always) = (Some(times), None))
    }

    /// It applies until the faults are set anew.
    pub fn always(self) -> Self {
        self.with(|fault| (fault.times, fault.always) = (None, Some(true)))
    }

    /// Sets how likely it applies to a request, drawn from the seed of the mock.
    pub fn probability(self, probability: f64) -> Self {
        self.with(|fault| fault.probability = Some(probability))
    }

    /// Adds a header to the answer of [`error`](Self::error) and [`status`](Self::status).
    pub fn header(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.with(|fault| {
            fault.headers.insert(name.into(), value.into());
        })
    }

    /// Sets the body of the answer of [`status`](Self::status): an object as JSON, and anything else as its text.
    pub fn body(self, body: impl Into<Value>) -> Self {
        self.with(|fault| match body.into() {
            Value::Object(members) => fault.body = Some(members),
            Value::String(text) => fault.text = Some(text),
            other => fault.text = Some(other.to_string()),
        })
    }

    /// Sets the media type of that body.
    pub fn content_type(self, kind: impl Into<String>) -> Self {
        self.with(|fault| fault.content_type = Some(kind.into()))
    }

    /// Sets whether the mock carries the request out. It does unless another answer stands in for its own.
    pub fn carried_out(self, carried_out: bool) -> Self {
        self.with(|fault| fault.carried_out = Some(carried_out))
    }
}

fn millis(delay: Duration) -> u64 {
    u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
}

/// Faults that can be.
pub(super) fn planned(faults: impl IntoIterator<Item = Fault>) -> Result<Faults, Error> {
    let faults = faults.into_iter().map(|Fault(fault)| fault);
    Faults::new(faults.collect()).map_err(|why| Error::Malformed(in_list("faults", &why)))
}
