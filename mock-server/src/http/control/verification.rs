//! The control API's operations that search the journal and check what is in it. They only read.

use std::sync::Arc;

use super::admission::ControlApi;
use super::listing::{journal_detail, journal_entry};
use super::pattern::{Difference, Pattern, Seen};
use super::words::{count, limit};
use crate::bounds::UNEXPECTED;
use crate::generated::mock_control::types as wire;
use crate::runtime::Tenant;
use crate::runtime::journal::Entry;
use crate::runtime::ledger::Ledger;
use crate::sim::phone::Trouble;

/// Requests that are compared before other requests may run.
const COMPARED_AT_ONCE: usize = 16;

/// A request and the tenant that it belongs to.
type Request = (Option<Arc<Ledger>>, Arc<Entry>);

/// A request that a test expects.
struct Expected {
    pattern: Pattern,
    least: usize,
    most: usize,
    /// How many it wants, for people.
    wanted: String,
}

/// What came of an expected request.
#[derive(Default)]
struct Outcome {
    /// Numbers of the requests that fit, oldest first.
    fitting: Vec<u64>,
    /// Place of the request that comes nearest and does not fit, and how many parts fit.
    nearest: Option<(usize, usize)>,
}

impl ControlApi {
    pub(super) async fn search_journal(
        &self,
        search: wire::JournalSearch,
    ) -> Result<wire::FoundRequests, Trouble> {
        let tenant = search.tenant.map(String::from);
        let pattern = search
            .pattern
            .map(|pattern| Pattern::of(pattern, "/pattern"));
        let pattern = pattern.transpose()?.unwrap_or_default();
        let after = search.after.and_then(|after| u64::try_from(after).ok());
        let (limit, wait) = (
            limit(
                search
                    .limit
                    .and_then(|limit| i32::try_from(limit.get()).ok()),
            ),
            search.wait.map(String::from),
        );
        let mut waiting = self.waiting_for_requests(wait.as_deref(), tenant.as_deref())?;
        loop {
            let mut requests = Vec::new();
            let entries = self.entries(tenant.as_deref(), after, usize::MAX)?;
            for some in entries.chunks(COMPARED_AT_ONCE) {
                for (ledger, entry) in some {
                    let carried = self.app.contents(ledger.as_deref(), entry);
                    if requests.len() < limit && pattern.fits(&Seen::new(entry, carried.as_ref())) {
                        requests.push(journal_detail(ledger.as_deref(), entry, carried.as_ref()));
                    }
                }
                if requests.len() == limit {
                    break;
                }
                tokio::task::yield_now().await;
            }
            if !requests.is_empty() || !waiting.changed().await {
                return Ok(wire::FoundRequests { requests });
            }
        }
    }

    /// The newest requests to a tenant or to all, newest first.
    pub(super) fn entries(
        &self,
        tenant: Option<&str>,
        after: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Request>, Trouble> {
        let tenant: Option<Arc<Tenant>> = tenant.map(|name| self.named(name)).transpose()?;
        let wanted = |entry: &Entry| {
            let newer = after.is_none_or(|after| entry.number > after);
            newer.then_some(true)
        };
        Ok(self.app.entries(tenant.as_ref(), limit, wanted))
    }

    pub(super) async fn verify_requests(
        &self,
        wanted: wire::Expectations,
    ) -> Result<wire::Verification, Trouble> {
        let expected: Vec<_> = wanted
            .expected
            .into_iter()
            .enumerate()
            .map(|(index, one)| Expected::of(one, index))
            .collect::<Result<_, _>>()?;
        let tenant = wanted.tenant.map(String::from);
        let after = wanted.after.and_then(|after| u64::try_from(after).ok());
        let mut entries = self.entries(tenant.as_deref(), after, usize::MAX)?;
        entries.reverse();
        let (outcomes, others) = self.compare(&expected, &entries).await;
        let mut unmet = Vec::new();
        let mut last = 0;
        for (index, (expected, outcome)) in expected.iter().zip(&outcomes).enumerate() {
            let number = outcome.fitting.len();
            let mut why = (number < expected.least || number > expected.most)
                .then(|| expected.wanted.clone());
            if wanted.in_order.unwrap_or(false) && why.is_none() {
                let mut later = outcome.fitting.iter().filter(|number| **number > last);
                match later.nth(expected.least.saturating_sub(1)) {
                    Some(number) => last = *number,
                    None if expected.least == 0 => {}
                    None => {
                        why = Some(format!(
                            "{}, after the one before it in the list",
                            expected.wanted
                        ))
                    }
                }
            }
            let Some(why) = why else { continue };
            let nearest = outcome.nearest.filter(|_| number < expected.least);
            let nearest = nearest.and_then(|(at, _)| entries.get(at));
            unmet.push(self.unmet(index, why, number, nearest.map(|entry| (expected, entry))));
        }
        let is_closed = wanted.nothing_else.unwrap_or(false);
        let unexpected = others.iter().take(UNEXPECTED).filter(|_| is_closed);
        let unexpected = unexpected.filter_map(|at| entries.get(*at));
        let unexpected: Vec<_> = unexpected
            .map(|(ledger, entry)| journal_entry(ledger.as_deref(), entry))
            .collect();
        Ok(wire::Verification {
            verified: unmet.is_empty() && unexpected.is_empty(),
            text: text(&unmet, &unexpected, &entries),
            unmet,
            unexpected,
        })
    }

    /// Compares each request with each expectation; also gives the places of those that fit none.
    async fn compare(
        &self,
        expected: &[Expected],
        entries: &[Request],
    ) -> (Vec<Outcome>, Vec<usize>) {
        let mut outcomes: Vec<Outcome> = expected.iter().map(|_| Outcome::default()).collect();
        let mut others = Vec::new();
        let reads = expected.iter().any(|one| one.pattern.reads_contents());
        for (at, (ledger, entry)) in entries.iter().enumerate() {
            let carried = reads
                .then(|| self.app.contents(ledger.as_deref(), entry))
                .flatten();
            let seen = Seen::new(entry, carried.as_ref());
            let mut fits_one = false;
            for (one, outcome) in expected.iter().zip(&mut outcomes) {
                let (fitting, all) = one.pattern.nearness(&seen);
                if fitting == all {
                    outcome.fitting.push(entry.number);
                    fits_one = true;
                } else if fitting > 0 && outcome.nearest.is_none_or(|(_, most)| fitting >= most) {
                    outcome.nearest = Some((at, fitting));
                }
            }
            if !fits_one {
                others.push(at);
            }
            if at % COMPARED_AT_ONCE == COMPARED_AT_ONCE - 1 {
                tokio::task::yield_now().await;
            }
        }
        (outcomes, others)
    }

    fn unmet(
        &self,
        index: usize,
        wanted: String,
        found: usize,
        nearest: Option<(&Expected, &Request)>,
    ) -> wire::UnmetExpectation {
        let differences = nearest.map_or_else(Vec::new, |(expected, (ledger, entry))| {
            let carried = self.app.contents(ledger.as_deref(), entry);
            expected
                .pattern
                .differences(&Seen::new(entry, carried.as_ref()))
        });
        let differences = differences.into_iter().map(|difference| {
            let Difference {
                place,
                wanted,
                found,
            } = difference;
            wire::RequestDifference {
                place,
                wanted,
                found,
            }
        });
        wire::UnmetExpectation {
            index: i32::try_from(index).unwrap_or(i32::MAX),
            wanted,
            found: count(found),
            nearest: nearest.map(|(_, (ledger, entry))| journal_entry(ledger.as_deref(), entry)),
            differences: differences.collect(),
        }
    }
}

impl Expected {
    fn of(expected: wire::ExpectedRequest, index: usize) -> Result<Self, Trouble> {
        let place = format!("/expected/{index}");
        let pattern = Pattern::of(expected.pattern, &format!("{place}/pattern"))?;
        let number = |given: Option<i32>| given.and_then(|given| usize::try_from(given).ok());
        let given = [expected.exactly, expected.at_least, expected.at_most].map(number);
        let (least, most, times) = match given {
            [None, None, None] => (1, usize::MAX, "at least once".to_owned()),
            [Some(exactly), None, None] => (exactly, exactly, times(exactly)),
            [None, Some(least), None] => (least, usize::MAX, format!("at least {}", times(least))),
            [None, None, Some(most)] => (0, most, format!("at most {}", times(most))),
            [None, Some(least), Some(most)] if least <= most => {
                (least, most, format!("from {least} to {}", times(most)))
            }
            [None, Some(_), Some(_)] => {
                let why = format!("body {place}/atMost is less than atLeast");
                return Err(Trouble::Malformed(why));
            }
            [Some(_), ..] => {
                let why =
                    format!("body {place}/exactly stands alone: leave atLeast and atMost out");
                return Err(Trouble::Malformed(why));
            }
        };
        let wanted = format!("{}, {times}", pattern.name());
        Ok(Self {
            pattern,
            least,
            most,
            wanted,
        })
    }
}

fn times(number: usize) -> String {
    match number {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        number => format!("{number} times"),
    }
}

/// A request in one line.
fn line(entry: &wire::JournalEntry) -> String {
    let wire::JournalEntry {
        number,
        method,
        target,
        status,
        ..
    } = entry;
    let operation = entry.operation.as_ref();
    let operation = operation.map_or_else(String::new, |operation| format!(" ({operation})"));
    format!("request {number}, {method} {target}{operation}, answered {status}")
}

/// The newest requests that a report shows, where none comes near.
const NEWEST: usize = 5;

/// What is not as expected, for people.
fn text(
    unmet: &[wire::UnmetExpectation],
    unexpected: &[wire::JournalEntry],
    came: &[Request],
) -> String {
    let mut lines = Vec::new();
    for one in unmet {
        let found = usize::try_from(one.found).unwrap_or_default();
        lines.push(format!("expected {}; it came {}", one.wanted, times(found)));
        let Some(nearest) = &one.nearest else {
            if found == 0 {
                lines.push("  nothing like it came; the newest requests are:".to_owned());
                let newest = came.iter().rev().take(NEWEST);
                let newest = newest.map(|(of, entry)| journal_entry(of.as_deref(), entry));
                lines.extend(newest.map(|entry| format!("    {}", line(&entry))));
                if came.is_empty() {
                    lines.push("    none".to_owned());
                }
            }
            continue;
        };
        lines.push(format!("  nearest: {}", line(nearest)));
        for difference in &one.differences {
            lines.push(format!("    {}", difference.place));
            lines.push(format!("      - wanted  {}", difference.wanted));
            lines.push(format!("      + found   {}", difference.found));
        }
    }
    for entry in unexpected {
        lines.push(format!("not expected: {}", line(entry)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use serde_json::{Value, json};

    use super::super::tests::Mock;
    use crate::runtime::journal::{Note, Wire};

    fn mock() -> Mock {
        Mock::of(json!({"tenants": [
            {"authsignal": {"id": "one", "secret": "s"}},
            {"authsignal": {"id": "two", "secret": "u"}},
        ]}))
    }

    fn track(mock: &Mock, tenant: &str, user: &str, amount: u32) {
        let tenant = mock.app.tenant(tenant).unwrap();
        let body = json!({"custom": {"amount": amount}, "password": "hidden"}).to_string();
        let note = Note {
            api: "authsignal",
            operation: Some("track"),
            user_id: Some(user.to_owned()),
            method: "POST".into(),
            target: format!("/v1/users/{user}/actions/pay"),
            status: 200,
            reason: None,
            evaluation: None,
            warning: None,
            ignored: None,
            wire: Wire {
                content_type: "application/json",
                headers: b"x-trace: 7\nx-api-key: hidden\n".to_vec(),
                request: body.as_bytes(),
                answer: br#"{"state":"ALLOW","token":"hidden"}"#,
                ..Wire::default()
            },
        };
        mock.app.record(Some(tenant.ledger()), note);
    }

    async fn verify(mock: &Mock, body: Value) -> Value {
        let (status, answer) = mock.send("POST", "/_mock/verify", &body.to_string()).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    #[tokio::test]
    async fn what_came_as_expected_is_verified() {
        let mock = mock();
        for amount in [1, 2, 2] {
            track(&mock, "one", "ada", amount);
        }
        track(&mock, "two", "bob", 9);
        let of = |amount: u32| json!({"operation": "track", "userId": "ada", "body": {"custom": {"amount": amount}}});
        for expectations in [
            json!({"tenant": "one", "expected": []}),
            json!({"tenant": "one", "expected": [{"pattern": of(1)}, {"pattern": of(2), "exactly": 2}], "nothingElse": true, "inOrder": true}),
            json!({"tenant": "one", "expected": [{"pattern": {}, "atLeast": 1, "atMost": 3}], "nothingElse": true}),
            json!({"tenant": "one", "expected": [{"pattern": of(3), "exactly": 0}, {"pattern": {"userId": "bob"}, "exactly": 0}]}),
            json!({"tenant": "one", "after": 3, "expected": [], "nothingElse": true}),
            json!({"expected": [{"pattern": {"headers": {"X-Trace": {"equals": "7"}}}, "exactly": 4}]}),
        ] {
            let found = verify(&mock, expectations.clone()).await;
            let verified = json!({"verified": true, "text": "", "unmet": [], "unexpected": []});
            assert_eq!(found, verified, "{expectations}");
        }
    }

    #[tokio::test]
    async fn the_nearest_request_is_shown_with_what_differs() {
        let mock = mock();
        track(&mock, "one", "bob", 5000);
        track(&mock, "one", "ada", 4999);
        track(&mock, "two", "ada", 5000);
        let pattern = json!({"operation": "track", "userId": "ada", "body": {"custom": {"amount": 5000}, "password": "x"},
            "headers": {"x-api-key": {"equals": "k"}}});
        let found = verify(
            &mock,
            json!({"tenant": "one", "expected": [{"pattern": pattern}]}),
        )
        .await;
        assert_eq!(found["verified"], false);
        let text = "\
expected track of ada with these headers or bodies, at least once; it came never
  nearest: request 2, POST /v1/users/ada/actions/pay (track), answered 200
    header x-api-key
      - wanted  k
      + found   ***
    body $.custom.amount
      - wanted  5000
      + found   4999
    body $.password
      - wanted  \"x\"
      + found   \"***\"";
        assert_eq!(found["text"], text, "{}", found["text"].as_str().unwrap());
        assert_eq!(found["unmet"][0]["nearest"]["number"], 2);
        assert_eq!(
            found["unmet"][0]["differences"][1],
            json!({"place": "body $.custom.amount", "wanted": "5000", "found": "4999"})
        );
        assert!(!found.to_string().contains("hidden"), "{found}");
    }

    #[tokio::test]
    async fn numbers_order_and_other_requests_are_checked() {
        let mock = mock();
        track(&mock, "one", "ada", 1);
        track(&mock, "one", "bob", 2);
        let of = |user: &str| json!({"userId": user});
        let text = async |expectations: Value| {
            let found = verify(&mock, expectations).await;
            assert_eq!(found["verified"], false);
            found["text"].as_str().unwrap().to_owned()
        };
        let twice = json!({"tenant": "one", "expected": [{"pattern": {"operation": "track"}, "exactly": 1}]});
        assert_eq!(text(twice).await, "expected track, once; it came 2 times");
        let order = json!({"tenant": "one", "expected": [{"pattern": of("bob")}, {"pattern": of("ada")}], "inOrder": true});
        assert_eq!(
            text(order).await,
            "expected a request of ada, at least once, after the one before it in the list; it came once"
        );
        let closed =
            json!({"tenant": "one", "expected": [{"pattern": of("ada")}], "nothingElse": true});
        assert_eq!(
            text(closed).await,
            "not expected: request 2, POST /v1/users/bob/actions/pay (track), answered 200"
        );
        let none = json!({"tenant": "one", "after": 1, "expected": [{"pattern": of("eve"), "atLeast": 2}]});
        assert_eq!(
            text(none).await,
            "expected a request of eve, at least 2 times; it came never\n  nothing like it came; the newest requests are:\n    \
             request 2, POST /v1/users/bob/actions/pay (track), answered 200"
        );
        let empty = json!({"tenant": "two", "expected": [{"pattern": {}}]});
        assert!(text(empty).await.ends_with("requests are:\n    none"));
        for (wrong, why) in [
            (
                json!({"expected": [{"pattern": {}, "exactly": 1, "atMost": 2}]}),
                "/expected/0/exactly stands alone",
            ),
            (
                json!({"expected": [{"pattern": {}, "atLeast": 3, "atMost": 2}]}),
                "/expected/0/atMost is less",
            ),
            (
                json!({"expected": [{"pattern": {"target": {"matches": "("}}}]}),
                "/expected/0/pattern/target is not",
            ),
            (
                json!({"expected": [{"pattern": {"opration": "track"}}]}),
                "did you mean",
            ),
        ] {
            let refusal = mock
                .refusal("POST", "/_mock/verify", &wrong.to_string())
                .await;
            assert!(refusal.contains(why), "{refusal}");
        }
    }

    #[tokio::test]
    async fn a_search_finds_requests_by_body_and_waits_for_one() {
        let mock = mock();
        track(&mock, "one", "ada", 1);
        let search = json!({"tenant": "one", "wait": "60s", "pattern": {
            "bodyPaths": [{"path": "$.custom[?@ == 2]"}], "answerPaths": [{"path": "$.state", "equals": "ALLOW"}]}});
        let search = search.to_string();
        let mut waiting = pin!(mock.send("POST", "/_mock/journal/search", &search));
        let context = &mut Context::from_waker(Waker::noop());
        while waiting.as_mut().poll(context).is_pending() {
            // It looks through what is there first, and lets others run meanwhile.
            tokio::task::yield_now().await;
            if mock.app.newest() == 1 {
                track(&mock, "two", "ada", 2);
                track(&mock, "one", "ada", 2);
            }
        }
        let (status, found) = mock.send("POST", "/_mock/journal/search", &search).await;
        assert_eq!(status, 200, "{found}");
        let [only] = found["requests"].as_array().unwrap().as_slice() else {
            panic!("{found}");
        };
        assert_eq!(
            (&only["entry"]["number"], &only["entry"]["userId"]),
            (&json!(3), &json!("ada"))
        );
        assert_eq!(
            only["headers"],
            json!([{"name": "x-trace", "value": "7"}, {"name": "x-api-key", "value": "***"}])
        );
        assert!(!found.to_string().contains("hidden"), "{found}");
        let (_, all) = mock
            .send("POST", "/_mock/journal/search", r#"{"limit": 2}"#)
            .await;
        let numbers: Vec<_> = all["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["entry"]["number"].as_i64())
            .collect();
        assert_eq!(numbers, [Some(3), Some(2)]);
    }

    #[tokio::test]
    async fn an_archive_has_every_member_that_the_format_requires() {
        let mock = mock();
        track(&mock, "one", "ada", 1);
        track(&mock, "one", "bob", 2);
        let (_, archive) = mock.get("/_mock/journal/har?tenant=one&limit=1").await;
        let log = &archive["log"];
        assert_eq!(
            (&log["version"], &log["creator"]["name"]),
            (&json!("1.2"), &json!("stepup-mock"))
        );
        let [entry] = log["entries"].as_array().unwrap().as_slice() else {
            panic!("{archive}");
        };
        for (part, members) in [
            (
                "",
                &[
                    "startedDateTime",
                    "time",
                    "request",
                    "response",
                    "cache",
                    "timings",
                ][..],
            ),
            (
                "/request",
                &[
                    "method",
                    "url",
                    "httpVersion",
                    "cookies",
                    "headers",
                    "queryString",
                    "headersSize",
                    "bodySize",
                ],
            ),
            ("/request/postData", &["mimeType", "params", "text"]),
            (
                "/response",
                &[
                    "status",
                    "statusText",
                    "httpVersion",
                    "cookies",
                    "headers",
                    "content",
                    "redirectURL",
                    "headersSize",
                    "bodySize",
                ],
            ),
            ("/response/content", &["size", "mimeType", "text"]),
            ("/timings", &["send", "wait", "receive"]),
        ] {
            let part = entry.pointer(part).unwrap();
            for member in members {
                assert!(part.get(member).is_some(), "{member}: {part}");
            }
        }
        assert_eq!(
            entry["request"]["url"],
            "http://localhost/v1/users/bob/actions/pay"
        );
        assert!(!archive.to_string().contains("hidden"), "{archive}");
    }
}
