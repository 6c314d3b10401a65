//! What was found, as text, as JSON and as JUnit. Hides every key, and sends nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::ValueEnum;
use maud::{PreEscaped, html};
use serde_json::{Value, json};

use super::replay::{Found, Outcome};
use super::server::Keys;
use crate::program::visible::{visible, visible_document};

/// The form of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::program) enum Format {
    /// For people
    #[default]
    Text,
    /// One document with all drifts
    Json,
    /// For CI systems that read JUnit's XML: a test case for each exchange
    Junit,
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) against: &'a str,
    pub(super) outcomes: &'a [Outcome],
    pub(super) keys: &'a Keys,
    /// How many requests the server was sent.
    pub(super) requests: usize,
    /// Why the run ended before all was sent.
    pub(super) ended: Option<&'a str>,
}

impl Report<'_> {
    /// The report in that form.
    pub(super) fn text(&self, format: Format) -> String {
        let text = match format {
            Format::Text => self.plain(),
            Format::Json => visible_document(&self.json()) + "\n",
            Format::Junit => self.junit(),
        };
        self.keys.hide(&text)
    }

    /// Whether the server answers as expected, and has nothing left of the run.
    pub(super) fn is_clean(&self) -> bool {
        let clean = |outcome: &Outcome| outcome.found.is_empty() && outcome.left.is_empty();
        self.outcomes.iter().all(clean)
    }

    /// Each drift once, with the exchanges that show it.
    fn drifts(&self) -> Vec<(&Found, Vec<String>)> {
        let mut order: Vec<&Found> = Vec::new();
        let mut cases: BTreeMap<&Found, Vec<String>> = BTreeMap::new();
        for outcome in self.outcomes {
            for (number, found) in &outcome.found {
                let shown = cases.entry(found).or_default();
                if shown.is_empty() {
                    order.push(found);
                }
                let place = outcome.place(*number);
                if shown.last() != Some(&place) {
                    shown.push(place);
                }
            }
        }
        let with_cases = |found| (found, cases.remove(found).unwrap_or_default());
        order.into_iter().map(with_cases).collect()
    }

    fn not_sent(&self) -> impl Iterator<Item = (&str, &str)> {
        let cases = self.outcomes.iter();
        cases.filter_map(|outcome| Some((outcome.case.as_str(), outcome.not_sent.as_deref()?)))
    }

    pub(super) fn left(&self) -> impl Iterator<Item = &str> {
        let left = self.outcomes.iter().flat_map(|outcome| &outcome.left);
        left.map(String::as_str)
    }

    fn plain(&self) -> String {
        let mut text = String::new();
        let drifts = self.drifts();
        for (found, cases) in &drifts {
            text.push_str(&told(found));
            let others = match cases.len() {
                0 | 1 => String::new(),
                2 => " and 1 other".to_owned(),
                count => format!(" and {} others", count - 1),
            };
            let first = visible(cases.first().map_or("", String::as_str));
            let _ = writeln!(text, "  in exchange {first}{others}");
        }
        for (case, why) in self.not_sent() {
            let _ = writeln!(
                text,
                "not sent whole: exchange {}: {}",
                visible(case),
                visible(why)
            );
        }
        for user in self.left() {
            let _ = writeln!(
                text,
                "still on the server: user {}; delete it by hand",
                visible(user)
            );
        }
        let count = match drifts.len() {
            0 => "no drift".to_owned(),
            1 => "1 drift".to_owned(),
            count => format!("{count} drifts"),
        };
        let (cases, sent, against) = (self.outcomes.len(), self.requests, self.against);
        let _ = writeln!(
            text,
            "{count}: {cases} exchanges in {sent} requests to {against}"
        );
        text
    }

    fn json(&self) -> Value {
        let drifts = self.drifts().into_iter().map(|(found, cases)| {
            let Found {
                api,
                operation,
                status,
                drift,
            } = found;
            let mut told = json!({
                "api": api, "operation": operation, "status": status, "place": drift.place.part(),
                "drift": drift.kind.word(), "expected": drift.expected, "found": drift.found, "exchanges": cases,
            });
            if let Some(pointer) = drift.place.pointer() {
                told["pointer"] = pointer.into();
            }
            told
        });
        let not_sent = self.not_sent();
        let not_sent = not_sent.map(|(case, why)| json!({"exchange": case, "why": why}));
        json!({
            "against": self.against,
            "exchanges": self.outcomes.len(),
            "requests": self.requests,
            "ended": self.ended,
            "drifts": drifts.collect::<Vec<_>>(),
            "notSent": not_sent.collect::<Vec<_>>(),
            "leftOnServer": self.left().collect::<Vec<_>>(),
        })
    }

    fn junit(&self) -> String {
        let cases: Vec<_> = self.outcomes.iter().flat_map(test_cases).collect();
        let failures = cases.iter().filter(|case| case.has_failed()).count();
        let is_skipped = |case: &&TestCase<'_>| !case.has_failed() && case.not_sent.is_some();
        let skips = cases.iter().filter(is_skipped).count();
        let xml = html! {
            (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
            testsuites name="stepup-mock verify" tests=(cases.len()) failures=(failures) skipped=(skips) errors="0" {
                testsuite name=(format!("drift of {}", visible(self.against))) tests=(cases.len()) failures=(failures)
                    skipped=(skips) errors="0"
                {
                    @for case in &cases {
                        (PreEscaped("\n"))
                        testcase classname=(format!("stepup-mock.verify.{}", case.operation)) name=(visible(&case.name)) {
                            @for (place, found) in &case.found {
                                failure type=(found.drift.kind.word()) message=(headline(found)) {
                                    (told(found)) "  in exchange " (visible(place)) "\n"
                                }
                            }
                            @for user in case.left {
                                failure type="left on the server" message="a user could not be deleted" { (visible(user)) }
                            }
                            @if let Some(why) = case.not_sent {
                                @if is_skipped(&case) { skipped message=(visible(why)) {} }
                            }
                        }
                    }
                }
            }
        };
        xml.into_string() + "\n"
    }
}

/// A test case of JUnit.
struct TestCase<'a> {
    operation: &'a str,
    name: String,
    /// The drifts, each with its place.
    found: Vec<(String, &'a Found)>,
    left: &'a [String],
    not_sent: Option<&'a str>,
}

impl TestCase<'_> {
    fn has_failed(&self) -> bool {
        !self.found.is_empty() || !self.left.is_empty()
    }
}

/// The test cases of an outcome: one, or one for each request of a recording, and one for the users that are left of it.
fn test_cases(outcome: &Outcome) -> Vec<TestCase<'_>> {
    let found = |of: Option<usize>| {
        let found = outcome.found.iter();
        let found = found.filter(|(number, _)| of.is_none_or(|of| of == *number));
        let found = found.map(|(number, found)| (outcome.place(*number), found));
        found.collect()
    };
    let whole = |name: &str| TestCase {
        operation: &outcome.operation,
        name: name.to_owned(),
        found: Vec::new(),
        left: &outcome.left,
        not_sent: None,
    };
    if outcome.exchanges.is_empty() {
        return vec![TestCase {
            found: found(None),
            not_sent: outcome.not_sent.as_deref(),
            ..whole(&outcome.case)
        }];
    }
    let exchanges = outcome.exchanges.iter().zip(1..);
    let cases = exchanges.map(|(exchanged, number)| TestCase {
        operation: &exchanged.operation,
        name: format!(
            "request {number}: {} {}",
            exchanged.operation, exchanged.status
        ),
        found: found(Some(number)),
        left: &[],
        not_sent: exchanged.not_sent.as_deref(),
    });
    let mut cases: Vec<_> = cases.collect();
    if !outcome.left.is_empty() {
        cases.push(whole("users that it created are deleted"));
    }
    cases
}

/// What a program reads in place of a report that cannot be made; nothing for people.
pub(super) fn failure(format: Format, why: &str) -> String {
    match format {
        Format::Text => String::new(),
        Format::Json => visible_document(&json!({"error": why})) + "\n",
        Format::Junit => {
            let xml = html! {
                (PreEscaped("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"))
                testsuites name="stepup-mock verify" tests="1" failures="0" skipped="0" errors="1" {
                    testsuite name="drift" tests="1" failures="0" skipped="0" errors="1" {
                        testcase classname="stepup-mock.verify" name="verify" {
                            error type="nothing was compared" message=(visible(why)) {}
                        }
                    }
                }
            };
            xml.into_string() + "\n"
        }
    }
}

/// A drift in one line.
pub(super) fn headline(found: &Found) -> String {
    let Found {
        operation,
        status,
        drift,
        ..
    } = found;
    let line = format!(
        "{operation} {status}: {}: {}",
        drift.place,
        drift.kind.word()
    );
    visible(&line).into_owned()
}

/// A drift as text.
pub(super) fn told(found: &Found) -> String {
    let (expected, actual) = (visible(&found.drift.expected), visible(&found.drift.found));
    format!(
        "drift: {}\n  expected {expected}\n  found    {actual}\n",
        headline(found)
    )
}
