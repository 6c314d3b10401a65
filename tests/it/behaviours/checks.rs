//! Whether what was seen is what a row expects. Must not play anything.

use std::collections::BTreeSet;
use std::fmt::Debug;

use serde_json::Value;
use stepup_client::Error;

use super::play::{Came, Seen};
use super::table::{Expected, Likeness};

/// Collects what differs.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn equal<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<&T>, seen: &T) {
        if let Some(expected) = expected
            && expected != seen
        {
            self.0
                .push(format!("{what}: expected {expected:?}, saw {seen:?}"));
        }
    }

    fn holds(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}

/// The `is_` methods of an error that say yes, in the order of the alphabet.
fn answers(error: &Error) -> Vec<String> {
    let asked = [
        ("connect", error.is_connect()),
        ("not_found", error.is_not_found()),
        ("rate_limited", error.is_rate_limited()),
        ("rejected", error.is_rejected()),
        ("retryable", error.is_retryable()),
        ("server", error.is_server()),
        ("timeout", error.is_timeout()),
        ("unauthorized", error.is_unauthorized()),
    ];
    let yes = asked.into_iter().filter(|(_, yes)| *yes);
    yes.map(|(name, _)| name.to_owned()).collect()
}

/// Whether a value has what is expected: the members of objects, and exactly the elements of lists.
fn has(expected: &Value, seen: &Value) -> bool {
    match (expected, seen) {
        (Value::Object(expected), Value::Object(seen)) => expected
            .iter()
            .all(|(name, expected)| seen.get(name).is_some_and(|seen| has(expected, seen))),
        (Value::Array(expected), Value::Array(seen)) => {
            expected.len() == seen.len()
                && expected
                    .iter()
                    .zip(seen)
                    .all(|(one, other)| has(one, other))
        }
        _ => expected == seen,
    }
}

/// Whether what the requests have, each if it has it, is like that.
fn is_like(likeness: &Likeness, each: &[Option<Value>], requests: &[Came]) -> bool {
    let all: Option<Vec<&Value>> = each.iter().map(Option::as_ref).collect();
    if *likeness == Likeness::Absent {
        return !each.is_empty() && each.iter().all(Option::is_none);
    }
    let Some(all) = all.filter(|all| !all.is_empty()) else {
        return false;
    };
    let texts: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    match likeness {
        Likeness::Same => all.len() > 1 && texts.len() == 1,
        Likeness::Different => all.len() > 1 && texts.len() == all.len(),
        Likeness::Absent => false,
        Likeness::Is(value) => all.iter().all(|one| *one == value),
        Likeness::Begins(text) => all
            .iter()
            .all(|one| one.as_str().is_some_and(|one| one.starts_with(text))),
        Likeness::AsInBody(pointer) => requests
            .iter()
            .zip(all)
            .all(|(request, one)| request.body.pointer(pointer) == Some(one)),
    }
}

/// The last segment of a target's path.
fn last_segment(target: &str) -> Option<&str> {
    target.split('?').next()?.rsplit('/').next()
}

/// What differs between what a row expects and what was seen; nothing if it holds.
pub(super) fn differences(expected: &Expected, seen: &Seen) -> Vec<String> {
    let mut found = Differences::default();
    of_the_outcome(&mut found, expected, seen);
    of_the_requests(&mut found, expected, &seen.requests);
    of_what_is_shown(&mut found, expected, seen);
    found.equal("new_users", expected.new_users.as_ref(), &seen.new_users);
    found.equal(
        "new_actions",
        expected.new_actions.as_ref(),
        &seen.new_actions,
    );
    for fault in &seen.unused_faults {
        found.0.push(format!("this fault met no request: {fault}"));
    }
    found.0
}

fn of_the_outcome(found: &mut Differences, expected: &Expected, seen: &Seen) {
    let error = seen.error.as_ref();
    let kind = error.map(|error| format!("{:?}", error.kind()));
    found.holds(expected.error == kind, || {
        let text = error.map(ToString::to_string);
        format!(
            "error: expected {:?}, saw {kind:?}, {text:?}",
            expected.error
        )
    });
    let last = seen.finished.last().and_then(|call| call.status);
    let status = error.map_or(last, Error::status);
    let text = |text: Option<&str>| text.map(str::to_owned).unwrap_or_default();
    found.equal(
        "status",
        expected.status.as_ref(),
        &status.unwrap_or_default(),
    );
    let is = error.map(answers).unwrap_or_default();
    found.equal("is", expected.is.as_ref(), &is);
    let code = text(error.and_then(Error::code));
    found.equal("code", expected.code.as_ref(), &code);
    let reason = text(error.and_then(Error::reason));
    found.equal("reason", expected.reason.as_ref(), &reason);
    let id = text(error.and_then(Error::request_id));
    found.equal("request_id", expected.request_id.as_ref(), &id);
    let wait = error
        .and_then(Error::retry_after)
        .map(|wait| wait.as_secs());
    let expected_wait = expected.retry_after.map(Some);
    found.equal("retry_after", expected_wait.as_ref(), &wait);
    let message = error.map(ToString::to_string).unwrap_or_default();
    found.equal("message", expected.message.as_ref(), &message);
    let mut attempts: Vec<u32> = seen.finished.iter().map(|call| call.attempts).collect();
    // The mock's client tells its calls to nobody.
    if attempts.is_empty() {
        attempts.extend(error.map(Error::attempts).filter(|attempts| *attempts > 0));
    }
    found.equal("attempts", expected.attempts.as_ref(), &attempts);
    if let Some(value) = &expected.value {
        found.holds(has(value, &seen.value), || {
            format!("value: expected {value}, saw {}", seen.value)
        });
    }
}

fn of_the_requests(found: &mut Differences, expected: &Expected, requests: &[Came]) {
    found.equal("requests", expected.requests.as_ref(), &requests.len());
    let target = |request: &Came| format!("{} {}", request.method, request.target);
    let targets = requests.iter().map(target).collect();
    found.equal("targets", expected.targets.as_ref(), &targets);
    if let Some(segment) = &expected.last_segment {
        let is = |request: &Came| last_segment(&request.target) == Some(segment);
        found.holds(!requests.is_empty() && requests.iter().all(is), || {
            format!("last_segment: expected {segment:?}, saw {targets:?}")
        });
    }
    for (name, likeness) in &expected.headers {
        let header = |request: &Came| request.headers.get(name).map(|value| value.as_str().into());
        let each: Vec<_> = requests.iter().map(header).collect();
        found.holds(is_like(likeness, &each, requests), || {
            format!("header {name}: expected {likeness:?}, saw {each:?}")
        });
    }
    for (pointer, likeness) in &expected.body {
        let member = |request: &Came| request.body.pointer(pointer).cloned();
        let each: Vec<_> = requests.iter().map(member).collect();
        found.holds(is_like(likeness, &each, requests), || {
            format!("body {pointer}: expected {likeness:?}, saw {each:?}")
        });
    }
}

fn of_what_is_shown(found: &mut Differences, expected: &Expected, seen: &Seen) {
    let shown = &seen.shown;
    for text in &expected.shows {
        found.holds(shown.contains(text), || {
            format!("{text:?} is not in {shown}")
        });
    }
    for text in &expected.hides {
        found.holds(!shown.contains(text), || format!("{text:?} is in {shown}"));
    }
    for pointer in &expected.hides_members {
        let text = seen.value.pointer(pointer).and_then(Value::as_str);
        let hidden = text.is_some_and(|text| !text.is_empty() && !shown.contains(text));
        found.holds(hidden, || {
            format!("{pointer} is not there, or is in {shown}")
        });
    }
    for credential in &seen.credentials {
        found.holds(!shown.contains(credential), || {
            format!("a credential is in {shown}")
        });
    }
}
