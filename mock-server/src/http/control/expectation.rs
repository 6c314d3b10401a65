//! Compares requests that a test expects with those that came. Knows no operation of the control API.

use std::sync::Arc;

use super::listing::{hidden, journal_entry};
use super::matching::{Compared, Halt, Work};
use super::pattern::{Difference, Fit, Nearness, Pattern};
use super::seen::Seen;
use super::words::count;
use crate::bounds::UNEXPECTED;
use crate::generated::mock_control::types as wire;
use crate::lookalike::{overlooked, told_apart};
use crate::runtime::journal::Carried;
use crate::runtime::{App, Recorded};
use crate::sim::phone::Trouble;

/// A request that a test expects.
pub(super) struct Expected {
    pattern: Pattern,
    least: usize,
    most: usize,
    /// How many it wants, for people.
    wanted: String,
    /// Numbers of the requests that fit, oldest first.
    fitting: Vec<u64>,
    /// Places of the requests that may fit, but that the journal no longer has whole.
    unclear: Vec<usize>,
    /// Place of the nearest request that does not fit, and how near it comes.
    nearest: Option<(usize, Nearness)>,
}

/// How the requests must have come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    pub(super) in_order: bool,
    pub(super) nothing_else: bool,
}

/// A check of the requests that came: a comparison of each, then a judgement of each expectation.
pub(super) struct Check {
    app: Arc<App>,
    expected: Vec<Expected>,
    manner: Manner,
    /// The requests, oldest first.
    came: Vec<Recorded>,
    /// Number of the newest request that the journal has dropped.
    dropped: Option<u64>,
    reads_contents: bool,
    /// How many requests have been compared.
    compared: usize,
    /// How many expectations have been judged.
    judged: usize,
    /// Places of the requests that no expectation fits.
    others: Vec<usize>,
    /// Number of the request that met the expectations before, in order, and the place of the last of these.
    last: (u64, usize),
    unmet: Vec<wire::UnmetExpectation>,
}

impl Check {
    pub(super) fn new(
        app: &Arc<App>,
        expected: Vec<Expected>,
        manner: Manner,
        came: Vec<Recorded>,
        dropped: Option<u64>,
    ) -> Self {
        Self {
            app: Arc::clone(app),
            manner,
            came,
            dropped,
            reads_contents: expected.iter().any(|one| one.pattern.reads_contents()),
            expected,
            compared: 0,
            judged: 0,
            others: Vec::new(),
            last: (0, 0),
            unmet: Vec::new(),
        }
    }

    /// What came of it.
    pub(super) fn verdict(self) -> wire::Verification {
        let is_closed = self.manner.nothing_else;
        let unexpected = self.others.iter().take(UNEXPECTED).filter(|_| is_closed);
        let unexpected = unexpected.filter_map(|at| self.came.get(*at));
        let unexpected: Vec<_> = unexpected
            .map(|(ledger, entry)| journal_entry(ledger.as_deref(), entry))
            .collect();
        let lost = self.dropped.filter(|_| is_closed).map(dropped);
        wire::Verification {
            verified: self.unmet.is_empty() && unexpected.is_empty() && lost.is_none(),
            text: text(&self.unmet, &unexpected, lost.as_deref(), &self.came),
            unmet: self.unmet,
            unexpected,
            lost,
        }
    }

    fn contents(&self, at: usize) -> Option<Carried> {
        let (ledger, entry) = self.came.get(at)?;
        self.app.contents(ledger.as_deref(), entry)
    }

    fn compare(&mut self, work: &Work) -> Result<(), Halt> {
        let at = self.compared;
        let carried = self.reads_contents.then(|| self.contents(at)).flatten();
        let Some((_, entry)) = self.came.get(at) else {
            return Ok(());
        };
        let seen = Seen::new(entry, carried.as_ref());
        let mut fits_one = false;
        for one in &mut self.expected {
            let (fit, nearness) = one.pattern.fit(&seen, work)?;
            match fit {
                Fit::Fits => {
                    one.fitting.push(entry.number);
                    fits_one = true;
                    continue;
                }
                Fit::Lost => one.unclear.push(at),
                Fit::Differs => {}
            }
            let is_near = nearness > Nearness::default();
            if is_near && one.nearest.is_none_or(|(_, nearest)| nearness >= nearest) {
                one.nearest = Some((at, nearness));
            }
        }
        if !fits_one {
            self.others.push(at);
        }
        self.compared += 1;
        Ok(())
    }

    fn judge(&mut self, work: &Work) -> Result<(), Halt> {
        let index = self.judged;
        let Some(expected) = self.expected.get(index) else {
            return Ok(());
        };
        let number = expected.fitting.len();
        let is_few = number < expected.least;
        let mut why = (is_few || number > expected.most).then(|| expected.wanted.clone());
        let mut early = None;
        if self.manner.in_order && why.is_none() {
            let (last, of) = self.last;
            let fitting = expected.fitting.iter();
            let mut later = fitting.clone().filter(|number| **number > last);
            match later.nth(expected.least.saturating_sub(1)) {
                Some(number) => self.last = (*number, index),
                None if expected.least == 0 => {}
                None => {
                    why = Some(format!(
                        "{}, after the one before it in the list",
                        expected.wanted
                    ));
                    let early_one = fitting.copied().rfind(|number| *number <= last);
                    early = early_one.map(|number| (number, self.out_of_order(number, last, of)));
                }
            }
        }
        let lost = match (is_few, why.is_some()) {
            // It came too often, or too late.
            (false, true) => None,
            _ => expected.lost(number, self.dropped),
        };
        if why.is_some() || lost.is_some() {
            let early_at = early.as_ref().and_then(|(number, _)| self.place(*number));
            let shown = match (is_few, expected.unclear.first()) {
                (true, _) => expected.nearest.map(|(at, _)| at),
                (false, Some(at)) if lost.is_some() => Some(*at),
                (false, _) => None,
            };
            let unmet = wire::UnmetExpectation {
                index: i32::try_from(index).unwrap_or(i32::MAX),
                wanted: why.unwrap_or_else(|| expected.wanted.clone()),
                found: count(number),
                lost,
                nearest: shown
                    .or(early_at)
                    .and_then(|at| self.came.get(at))
                    .map(|(ledger, entry)| journal_entry(ledger.as_deref(), entry)),
                differences: match shown {
                    Some(at) => self.differences(&expected.pattern, at, work)?,
                    None => early
                        .into_iter()
                        .map(|(_, difference)| difference)
                        .collect(),
                },
            };
            self.unmet.push(unmet);
        }
        self.judged += 1;
        Ok(())
    }

    /// The place of the request of that number.
    fn place(&self, number: u64) -> Option<usize> {
        let at = self
            .came
            .binary_search_by_key(&number, |(_, entry)| entry.number);
        at.ok()
    }

    /// How a request is out of order. It came no later than request `last`, which met expectation `of`.
    fn out_of_order(&self, number: u64, last: u64, of: usize) -> wire::RequestDifference {
        let before = self.expected.get(of).map_or("", |one| &one.wanted);
        wire::RequestDifference {
            place: "order".to_owned(),
            wanted: format!("after request {last}, which met expected {of} ({before})"),
            found: match number < last {
                true => format!("request {number}, which came before request {last}"),
                false => format!("request {number} itself, which meets only one of them"),
            },
        }
    }

    fn differences(
        &self,
        pattern: &Pattern,
        at: usize,
        work: &Work,
    ) -> Result<Vec<wire::RequestDifference>, Halt> {
        let carried = self.contents(at);
        let Some((ledger, entry)) = self.came.get(at) else {
            return Ok(Vec::new());
        };
        let differences = pattern.differences(&Seen::new(entry, carried.as_ref()), work)?;
        let differences = differences.into_iter().map(|difference| {
            let Difference {
                place,
                wanted,
                found,
            } = difference;
            let found = hidden(ledger.as_deref(), &found, found.ends_with('…'));
            let note = match wanted == found {
                true if found.ends_with('…') => Some("they differ further on"),
                true => Some("they differ in what this report does not show"),
                false => overlooked(&wanted, &found),
            };
            let (wanted, mut found) = told_apart(&wanted, &found).unwrap_or((wanted, found));
            if let Some(note) = note {
                found = format!("{found} ({note})");
            }
            wire::RequestDifference {
                place,
                wanted,
                found,
            }
        });
        Ok(differences.collect())
    }
}

impl Compared for Check {
    fn go_on(&mut self, work: &Work) -> Result<bool, Halt> {
        match self.compared < self.came.len() {
            true => self.compare(work)?,
            false => self.judge(work)?,
        }
        Ok(self.judged < self.expected.len() || self.compared < self.came.len())
    }

    fn slowest(&self) -> String {
        let all = self.expected.iter();
        let slowest = all.filter_map(|one| one.pattern.slowest());
        slowest
            .max_by_key(|(_, took)| *took)
            .map_or_else(|| "/expected".to_owned(), |(at, _)| at.to_owned())
    }
}

impl Expected {
    pub(super) fn of(expected: wire::ExpectedRequest, index: usize) -> Result<Self, Trouble> {
        let place = format!("/expected/{index}");
        let pattern = Pattern::of(expected.pattern, &format!("{place}/pattern"))?;
        let number = |given: Option<i32>| given.and_then(|given| usize::try_from(given).ok());
        let given = [expected.exactly, expected.at_least, expected.at_most].map(number);
        let (least, most, times) = match given {
            [None, None, None] => (1, usize::MAX, "at least once".to_owned()),
            [Some(exactly), None, None] => (exactly, exactly, times(exactly)),
            [None, Some(least), None] => (least, usize::MAX, range(least, usize::MAX)),
            [None, None, Some(most)] => (0, most, range(0, most)),
            [None, Some(least), Some(most)] if least <= most => (least, most, range(least, most)),
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
            fitting: Vec::new(),
            unclear: Vec::new(),
            nearest: None,
        })
    }

    /// What the journal has lost that would show whether the expectation is met, if `found` requests surely fit.
    fn lost(&self, found: usize, newest_dropped: Option<u64>) -> Option<String> {
        let has_most = self.most != usize::MAX;
        let is_few = found < self.least;
        let may_be = found + self.unclear.len();
        let is_unclear = if is_few {
            may_be >= self.least
        } else {
            may_be > self.most
        };
        let mut lost = Vec::new();
        if is_unclear {
            let (number, it) = match self.unclear.len() {
                1 => ("1 more request".to_owned(), "its"),
                more => (format!("{more} more requests"), "their"),
            };
            lost.push(format!(
                "{number} may fit, but the journal keeps only a part of {it} headers and bodies. Leave what is cut off out \
                 of the pattern, such as with operation and userId alone"
            ));
        }
        lost.extend(newest_dropped.filter(|_| is_few || has_most).map(dropped));
        Some(lost.join("; ")).filter(|lost| !lost.is_empty())
    }
}

/// What is lost of a journal that has dropped requests, and what to do.
fn dropped(newest: u64) -> String {
    format!(
        "the journal is full, and has dropped requests up to number {newest}. Verify sooner, and give the number of the last \
         check as after, reset the tenant before, or start the mock with a greater --journal"
    )
}

fn times(number: usize) -> String {
    match number {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        number => format!("{number} times"),
    }
}

/// How often, if it may be more or less.
fn range(least: usize, most: usize) -> String {
    match (least, most) {
        (0, usize::MAX) => "any number of times".to_owned(),
        (least, usize::MAX) => format!("at least {}", times(least)),
        (least, most) if least == most => times(most),
        (0, most) => format!("at most {}", times(most)),
        (least, most) => format!("from {least} to {}", times(most)),
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

/// The differences from what is expected, for people.
fn text(
    unmet: &[wire::UnmetExpectation],
    unexpected: &[wire::JournalEntry],
    lost: Option<&str>,
    came: &[Recorded],
) -> String {
    let mut lines = Vec::new();
    for one in unmet {
        let found = usize::try_from(one.found).unwrap_or_default();
        lines.push(format!("expected {}; it came {}", one.wanted, times(found)));
        if let Some(lost) = &one.lost {
            lines.push(format!("  the mock cannot tell: {lost}"));
        }
        let Some(nearest) = &one.nearest else {
            if found == 0 && one.lost.is_none() {
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
    lines.extend(lost.map(|lost| format!("expected nothing else; the mock cannot tell: {lost}")));
    lines.join("\n")
}
