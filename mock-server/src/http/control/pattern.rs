//! What a request must be, and how one differs from that. Knows no operation of the control API.

use std::cell::Cell;
use std::time::{Duration, Instant};

use http::{HeaderName, Method};
use serde_json::Value;

use super::body_path::Path;
use super::matching::{Halt, Work};
use super::seen::{Missing, Seen, blur, blurred, same, shown};
use super::text_pattern::Text;
use crate::bounds::{JOURNAL_TEXT, PATTERN_PARTS};
use crate::generated::mock_control::types as wire;
use crate::http::note::is_kept;
use crate::http::note::masking::{is_secret, without_secrets};
use crate::likeness::nearest;
use crate::lookalike::{resembles, visible};
use crate::runtime::fault::{Api, NoOperation};
use crate::sim::phone::Trouble;

/// How a request differs from a pattern at one place.
pub(super) struct Difference {
    pub(super) place: String,
    pub(super) wanted: String,
    pub(super) found: String,
}

/// Whether a request is what a pattern wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    Fits,
    Differs,
    /// The journal has lost what would tell.
    Lost,
}

impl Fit {
    fn of(fits: bool) -> Self {
        match fits {
            true => Self::Fits,
            false => Self::Differs,
        }
    }
}

/// How near a request comes to a pattern that it need not fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Nearness {
    /// The parts that surely fit.
    parts: usize,
    /// Of the headers and members of bodies that do not: 2 for each that fits, 1 for each that is something else. And 1 for
    /// each word or target that a reader could take for the one that is wanted.
    members: usize,
}

/// What a request must be; anything without parts.
#[derive(Default)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

struct Part {
    wanted: Wanted,
    /// Its place in the pattern.
    at: String,
    /// How long it has been compared.
    took: Cell<Duration>,
}

enum Wanted {
    Word(Word, String),
    Status(i32),
    Target(Text),
    /// The header of that name, in lower case.
    Header(String, Text),
    Members(Value),
    Path(Side, Path),
}

/// What a pattern gives as one word.
#[derive(Clone, Copy)]
enum Word {
    Api,
    Operation,
    User,
    Method,
}

#[derive(Clone, Copy)]
enum Side {
    Request,
    Answer,
}

impl Pattern {
    /// The pattern at that place of a body.
    pub(super) fn of(pattern: wire::RequestPattern, at: &str) -> Result<Self, Trouble> {
        let malformed = |place: &str, why: &str| {
            let slash = if place.is_empty() { "" } else { "/" };
            Trouble::Malformed(format!("body {at}{slash}{place} {why}"))
        };
        let mut parts = Vec::new();
        let mut add = |place: &str, wanted: Wanted| {
            parts.push(Part {
                wanted,
                at: format!("{at}/{place}"),
                took: Cell::default(),
            });
        };
        if let Some(operation) = &pattern.operation {
            is_operation(operation, pattern.api).map_err(|why| malformed("operation", &why))?;
        }
        if let Some(method) = &pattern.method {
            is_method(method).map_err(|why| malformed("method", &why))?;
        }
        let words = [
            (Word::Api, "api", pattern.api.map(|api| api.to_string())),
            (
                Word::Operation,
                "operation",
                pattern.operation.map(String::from),
            ),
            (Word::User, "userId", pattern.user_id.map(String::from)),
            (Word::Method, "method", pattern.method.map(String::from)),
        ];
        for (word, place, given) in words {
            if let Some(given) = given {
                add(place, Wanted::Word(word, given));
            }
        }
        if let Some(status) = pattern.status {
            add("status", Wanted::Status(status));
        }
        if let Some(target) = pattern.target {
            let target = Text::of(target).map_err(|why| malformed("target", &why))?;
            add("target", Wanted::Target(target));
        }
        for (name, text) in pattern.headers.into_iter().flat_map(|headers| headers.0) {
            let place = format!("headers/{name}");
            let kept = kept(&name).map_err(|why| malformed(&place, why))?;
            let text = Text::of(text).map_err(|why| malformed(&place, &why))?;
            add(&place, Wanted::Header(kept, text));
        }
        if let Some(body) = pattern.body {
            let body = Value::Object(body.0);
            if let Some(number) = blurred(&body) {
                return Err(malformed("body", &blur(number)));
            }
            add("body", Wanted::Members(body));
        }
        let sides = [
            (Side::Request, "bodyPaths", pattern.body_paths),
            (Side::Answer, "answerPaths", pattern.answer_paths),
        ];
        for (side, name, paths) in sides {
            for (number, path) in paths.into_iter().flatten().enumerate() {
                let place = format!("{name}/{number}");
                let path = Path::of(path).map_err(|why| malformed(&place, &why))?;
                add(&place, Wanted::Path(side, path));
            }
        }
        if parts.len() > PATTERN_PARTS {
            let count = parts.len();
            let why = format!("asks for {count} things; it may ask for {PATTERN_PARTS}");
            return Err(malformed("", &why));
        }
        Ok(Self { parts })
    }

    /// Whether it looks at headers and bodies, which take longer to read.
    pub(super) fn reads_contents(&self) -> bool {
        self.parts.iter().any(|part| part.wanted.is_content())
    }

    /// Whether a request fits it, and how near it comes. Contents are compared only if everything else fits, because they
    /// take longer.
    pub(super) fn fit(&self, seen: &Seen<'_>, work: &Work) -> Result<(Fit, Nearness), Halt> {
        let (mut fit, mut nearness) = (Fit::Fits, Nearness::default());
        for is_content in [false, true] {
            let parts = self.parts.iter();
            for part in parts.filter(|part| part.wanted.is_content() == is_content) {
                let (of_part, members) = part.fit(seen, work)?;
                nearness.members += members;
                match of_part {
                    Fit::Fits => nearness.parts += 1,
                    Fit::Differs => fit = Fit::Differs,
                    Fit::Lost if fit == Fit::Fits => fit = Fit::Lost,
                    Fit::Lost => {}
                }
            }
            if fit == Fit::Differs {
                break;
            }
        }
        Ok((fit, nearness))
    }

    /// How a request differs from it.
    pub(super) fn differences(
        &self,
        seen: &Seen<'_>,
        work: &Work,
    ) -> Result<Vec<Difference>, Halt> {
        let mut all = Vec::new();
        for part in &self.parts {
            all.extend(part.wanted.differences(seen, work)?);
        }
        Ok(all)
    }

    /// The place of the part that has taken most of the time, and how long.
    pub(super) fn slowest(&self) -> Option<(&str, Duration)> {
        let parts = self.parts.iter();
        let took = parts.map(|part| (part.at.as_str(), part.took.get()));
        took.max_by_key(|(_, took)| *took)
    }

    /// Its short form, for people.
    pub(super) fn name(&self) -> String {
        if self.parts.is_empty() {
            return "any request".to_owned();
        }
        let all = || self.parts.iter().map(|part| &part.wanted);
        let word = |wanted: fn(&Word) -> bool| {
            all().find_map(|part| match part {
                Wanted::Word(word, text) if wanted(word) => Some(text.as_str()),
                _ => None,
            })
        };
        let method = word(|word| matches!(word, Word::Method));
        let operation = word(|word| matches!(word, Word::Operation));
        let mut name: Vec<String> = [method, operation]
            .into_iter()
            .flatten()
            .map(str::to_owned)
            .collect();
        if name.is_empty() {
            name.push("a request".to_owned());
        }
        for part in all() {
            match part {
                Wanted::Word(Word::User, user) => name.push(format!("of {}", visible(user))),
                Wanted::Word(Word::Api, api) => name.push(format!("to {api}")),
                Wanted::Target(text) => name.push(format!("to {}", visible(&text.wanted()))),
                Wanted::Status(status) => name.push(format!("answered {status}")),
                Wanted::Word(..) | Wanted::Header(..) | Wanted::Members(_) | Wanted::Path(..) => {}
            }
        }
        if self.reads_contents() {
            name.push("with these headers or bodies".to_owned());
        }
        name.join(" ")
    }
}

/// Checks that the operation exists. A pattern with an unknown one fits no request, and a test that expects none would pass
/// for the wrong reason.
fn is_operation(operation: &str, api: Option<wire::JournalApi>) -> Result<(), String> {
    let api = match api {
        None => None,
        Some(wire::JournalApi::Activeconnect) => Some(Api::Activeconnect),
        Some(wire::JournalApi::Authsignal) => Some(Api::Authsignal),
        Some(wire::JournalApi::AuthsignalClient) => Some(Api::AuthsignalClient),
        Some(wire::JournalApi::AuthsignalManagement) => Some(Api::AuthsignalManagement),
        Some(wire::JournalApi::Pages) => {
            return Err(
                "is never there: requests to the hosted pages have no operation; leave it out"
                    .to_owned(),
            );
        }
    };
    NoOperation::check(operation, api).map_err(|no| match no {
        NoOperation::OfControl => {
            "is an operation of the control API, whose requests are not in the journal".to_owned()
        }
        no => format!("is unknown: {no}"),
    })
}

fn is_method(method: &str) -> Result<(), String> {
    let known = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    let known: Vec<_> = known.iter().map(Method::as_str).collect();
    if known.iter().any(|one| one.eq_ignore_ascii_case(method)) {
        return Ok(());
    }
    let hint = nearest(method, known.iter().copied());
    let hint = hint.map_or(String::new(), |best| format!("; did you mean {best}?"));
    Err(format!(
        "is no method; use one of {}{hint}",
        known.join(", ")
    ))
}

/// The name of a header that the journal keeps, in lower case.
fn kept(name: &str) -> Result<String, &'static str> {
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| "is no name of a header")?;
    match is_kept(&name) {
        true => Ok(name.as_str().to_owned()),
        false => Err(
            "is a header that the journal never keeps, because it holds credentials; userId and the tenant say who \
             called",
        ),
    }
}

impl Part {
    /// Whether a request fits it, and how near its headers or members come if not.
    fn fit(&self, seen: &Seen<'_>, work: &Work) -> Result<(Fit, usize), Halt> {
        if !self.wanted.is_content() {
            return self.wanted.fit(seen, work);
        }
        let since = Instant::now();
        let fit = self.wanted.fit(seen, work);
        self.took.set(self.took.get() + since.elapsed());
        fit
    }
}

impl Wanted {
    fn is_content(&self) -> bool {
        matches!(self, Self::Header(..) | Self::Members(_) | Self::Path(..))
    }

    /// As [`Part::fit`].
    fn fit(&self, seen: &Seen<'_>, work: &Work) -> Result<(Fit, usize), Halt> {
        work.step(1)?;
        let entry = seen.entry;
        let fit = match self {
            Self::Word(word, wanted) => {
                let found = word.of(seen);
                match found {
                    Some(found) if word.is(wanted, found) => Fit::Fits,
                    Some(found) if is_cut(found) => Fit::Lost,
                    Some(found) => {
                        work.step(wanted.len() + found.len())?;
                        return Ok((Fit::Differs, usize::from(resembles(wanted, found))));
                    }
                    None => Fit::Differs,
                }
            }
            Self::Status(wanted) => Fit::of(*wanted == i32::from(entry.status)),
            Self::Target(text) => match text.fits(&entry.target, work)? {
                true => Fit::Fits,
                false if is_cut(&entry.target) => Fit::Lost,
                false => {
                    let alike = text.resembles(&entry.target, work)?;
                    return Ok((Fit::Differs, usize::from(alike)));
                }
            },
            Self::Header(name, text) => {
                let Some(carried) = seen.carried else {
                    return Ok((Fit::Lost, 0));
                };
                let mut found = 0;
                for (other, value) in carried.headers() {
                    if other == *name {
                        found = 1;
                        if text.fits(&value, work)? {
                            return Ok((Fit::Fits, 0));
                        }
                    }
                }
                return Ok(match carried.lacks(name) {
                    true => (Fit::Lost, found),
                    false => (Fit::Differs, found),
                });
            }
            Self::Members(wanted) => match seen.request(work)? {
                Ok(body) if has(wanted, body) => Fit::Fits,
                Ok(body) => return Ok((Fit::Differs, near(wanted, body))),
                Err(Missing::Lost(_)) => Fit::Lost,
                Err(Missing::Never(_)) => Fit::Differs,
            },
            Self::Path(side, path) => {
                let (json, body) = match side {
                    Side::Request => (seen.request(work)?, &seen.request),
                    Side::Answer => (seen.answer(work)?, &seen.answer),
                };
                match json {
                    Ok(value) => {
                        let (fits, found) = path.fits(value, body, work)?;
                        return Ok((Fit::of(fits), if fits { 0 } else { found }));
                    }
                    Err(Missing::Lost(_)) => Fit::Lost,
                    Err(Missing::Never(_)) => Fit::of(!path.exists),
                }
            }
        };
        Ok((fit, 0))
    }

    fn differences(&self, seen: &Seen<'_>, work: &Work) -> Result<Vec<Difference>, Halt> {
        if self.fit(seen, work)?.0 == Fit::Fits {
            return Ok(Vec::new());
        }
        let entry = seen.entry;
        let differ = |place: &str, wanted: String, found: String| {
            let place = place.to_owned();
            vec![Difference {
                place,
                wanted,
                found,
            }]
        };
        Ok(match self {
            Self::Word(word, wanted) => {
                let place = word.place();
                let none = || format!("no {place}");
                let found = word.of(seen).map_or_else(none, str::to_owned);
                differ(place, wanted.clone(), found)
            }
            Self::Status(wanted) => differ("status", wanted.to_string(), entry.status.to_string()),
            Self::Target(text) => differ("target", text.wanted(), entry.target.clone()),
            Self::Header(name, text) => {
                let place = format!("header {name}");
                differ(&place, text.wanted(), found_header(name, seen))
            }
            Self::Members(wanted) => match seen.request(work)? {
                Ok(body) => {
                    let mut found = Vec::new();
                    member_differences(wanted, body, "$", &mut found);
                    found
                }
                Err(missing) => differ("body", shown("", wanted), missing.why().to_owned()),
            },
            Self::Path(side, path) => {
                let (place, json, body) = match side {
                    Side::Request => ("body", seen.request(work)?, &seen.request),
                    Side::Answer => ("answer", seen.answer(work)?, &seen.answer),
                };
                let found = match json {
                    Ok(value) => path.miss(value, body, work)?.unwrap_or_default(),
                    Err(missing) => missing.why().to_owned(),
                };
                differ(&format!("{place} {}", path.text), path.wanted(), found)
            }
        })
    }
}

impl Word {
    fn place(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::Operation => "operation",
            Self::User => "userId",
            Self::Method => "method",
        }
    }

    fn of<'a>(self, seen: &'a Seen<'_>) -> Option<&'a str> {
        let entry = seen.entry;
        match self {
            Self::Api => Some(entry.api),
            Self::Operation => entry.operation,
            Self::User => entry.user_id.as_deref(),
            Self::Method => Some(&*entry.method),
        }
    }

    fn is(self, wanted: &str, found: &str) -> bool {
        match self {
            Self::Method => found.eq_ignore_ascii_case(wanted),
            _ => found == wanted,
        }
    }
}

/// Whether the journal has cut a text.
fn is_cut(text: &str) -> bool {
    text.len() > JOURNAL_TEXT
}

/// What a request has as a header, for people.
fn found_header(name: &str, seen: &Seen<'_>) -> String {
    let Some(carried) = seen.carried else {
        return "the journal no longer has its headers".to_owned();
    };
    let headers = carried.headers().into_iter();
    let values = headers.filter(|(other, _)| other == name);
    let values: Vec<_> = values
        .map(|(_, value)| match is_secret(name) {
            true => "***".to_owned(),
            false => without_secrets(&value).into_owned(),
        })
        .collect();
    match &*values {
        [] if carried.lacks(name) => "the journal keeps only some of its headers".to_owned(),
        [] => "no such header".to_owned(),
        [only] => only.clone(),
        // A single header may have commas, too.
        several => {
            let each = several
                .iter()
                .map(|value| Value::from(&**value).to_string());
            let each: Vec<_> = each.collect();
            format!(
                "{} headers of this name: {}",
                several.len(),
                each.join(", ")
            )
        }
    }
}

/// Whether a body has the members that are wanted.
fn has(wanted: &Value, body: &Value) -> bool {
    match (wanted, body) {
        (Value::Object(wanted), Value::Object(body)) => wanted
            .iter()
            .all(|(name, wanted)| body.get(name).is_some_and(|body| has(wanted, body))),
        (Value::Array(wanted), Value::Array(body)) => {
            let mut pairs = wanted.iter().zip(body);
            wanted.len() == body.len() && pairs.all(|(wanted, body)| has(wanted, body))
        }
        _ => same(wanted, body),
    }
}

/// How near a body comes to the members that are wanted: 2 for each that fits, 1 for each that is something else.
fn near(wanted: &Value, body: &Value) -> usize {
    match (wanted, body) {
        (Value::Object(wanted), Value::Object(body)) => {
            let there = wanted
                .iter()
                .filter_map(|(name, wanted)| Some((wanted, body.get(name)?)));
            // An object that is there comes nearer than none.
            there.map(|(wanted, body)| near(wanted, body).max(1)).sum()
        }
        (Value::Array(wanted), Value::Array(body)) => {
            let pairs = wanted.iter().zip(body);
            let pairs = pairs.map(|(wanted, body)| near(wanted, body));
            pairs.sum::<usize>().max(1)
        }
        _ if same(wanted, body) => 2,
        _ => 1,
    }
}

/// Compares the members that are wanted with those of a body.
fn member_differences(wanted: &Value, body: &Value, place: &str, found: &mut Vec<Difference>) {
    match (wanted, body) {
        (Value::Object(wanted), Value::Object(body)) => {
            for (name, wanted) in wanted {
                let place = format!("{place}.{name}");
                match body.get(name) {
                    Some(body) => member_differences(wanted, body, &place, found),
                    None => found.push(Difference {
                        place: format!("body {place}"),
                        wanted: shown(&place, wanted),
                        found: "nothing".to_owned(),
                    }),
                }
            }
        }
        (Value::Array(wanted), Value::Array(body)) if wanted.len() == body.len() => {
            for (number, (wanted, body)) in wanted.iter().zip(body).enumerate() {
                member_differences(wanted, body, &format!("{place}[{number}]"), found);
            }
        }
        _ if same(wanted, body) => {}
        _ => found.push(Difference {
            place: format!("body {place}"),
            wanted: shown("", wanted),
            found: shown(place, body),
        }),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::matching::Work;
    use super::{Fit, Pattern, Seen};
    use crate::generated::mock_control::types as wire;
    use crate::runtime::journal::{Journal, Note, Wire};

    fn differences(pattern: Value, request: &str, answer: &str) -> Vec<[String; 3]> {
        let pattern: wire::RequestPattern = serde_json::from_value(pattern).unwrap();
        let pattern =
            Pattern::of(pattern, "/pattern").unwrap_or_else(|trouble| panic!("{trouble}"));
        let mut journal = Journal::new(1);
        let note = Note {
            operation: Some("track"),
            user_id: Some("ada".to_owned()),
            wire: Wire {
                user_agent: "agent/1",
                content_type: "application/json",
                headers: b"x-trace: 7\nx-api-secret: hidden\n".to_vec(),
                request: request.as_bytes(),
                answer: answer.as_bytes(),
                ..Wire::default()
            },
            ..Note::new("authsignal", "POST", "/v1/users/ada/actions/pay", 200)
        };
        journal.record(note, 1, jiff::Timestamp::UNIX_EPOCH);
        let entry = journal.get(1).unwrap();
        let carried = journal.carried(entry).unwrap();
        let seen = Seen::new(entry, Some(&carried));
        let work = Work::new();
        let found = pattern.differences(&seen, &work).unwrap();
        let (fit, _) = pattern.fit(&seen, &work).unwrap();
        assert_eq!(fit == Fit::Fits, found.is_empty());
        found
            .into_iter()
            .map(|one| [one.place, one.wanted, one.found])
            .collect()
    }

    const BODY: &str = r#"{"custom":{"amount":5000,"to":["a","b"]},"verificationCode":"123456"}"#;

    #[test]
    fn a_request_fits_a_pattern_that_says_what_it_is() {
        for pattern in [
            json!({}),
            json!({"operation": "track", "api": "authsignal", "userId": "ada", "method": "post", "status": 200}),
            json!({"target": {"contains": "/actions/"}}),
            json!({"target": {"equals": "/v1/users/ada/actions/pay", "matches": "^/v1/.*pay$"}}),
            json!({"headers": {"X-Trace": {"equals": "7"}, "content-type": {"contains": "json"}, "User-Agent": {}}}),
            json!({"body": {"custom": {"amount": 5000.0}}}),
            json!({"body": {"custom": {"to": ["a", "b"]}}}),
            json!({"bodyPaths": [{"path": "$.custom.amount", "equals": 5000}, {"path": "$..to[*]", "equals": "b"}]}),
            json!({"bodyPaths": [{"path": "$.verificationCode", "matches": "^[0-9]{6}$"}]}),
            json!({"bodyPaths": [{"path": "$.custom[?@ > 4000]"}, {"path": "$.none", "exists": false}]}),
            json!({"answerPaths": [{"path": "$.state", "equals": "ALLOW"}]}),
        ] {
            let found = differences(pattern.clone(), BODY, r#"{"state":"ALLOW"}"#);
            assert!(found.is_empty(), "{pattern}: {found:?}");
        }
    }

    #[test]
    fn a_difference_says_where_and_what_and_shows_no_secret() {
        for (pattern, wanted) in [
            (
                json!({"operation": "verify"}),
                ["operation", "verify", "track"],
            ),
            (json!({"userId": "bob"}), ["userId", "bob", "ada"]),
            (json!({"status": 201}), ["status", "201", "200"]),
            (
                json!({"target": {"contains": "/none"}}),
                [
                    "target",
                    "something with /none",
                    "/v1/users/ada/actions/pay",
                ],
            ),
            (
                json!({"headers": {"X-Trace": {"equals": "8"}}}),
                ["header x-trace", "8", "7"],
            ),
            (
                json!({"headers": {"X-Other": {}}}),
                ["header x-other", "anything", "no such header"],
            ),
            (
                json!({"headers": {"X-Api-Secret": {"equals": "x"}}}),
                ["header x-api-secret", "x", "***"],
            ),
            (
                json!({"body": {"custom": {"amount": 1}}}),
                ["body $.custom.amount", "1", "5000"],
            ),
            (
                json!({"body": {"custom": {"to": []}}}),
                ["body $.custom.to", "[]", r#"["a","b"]"#],
            ),
            (
                json!({"body": {"other": true}}),
                ["body $.other", "true", "nothing"],
            ),
            (
                json!({"body": {"verificationCode": "1"}}),
                ["body $.verificationCode", r#""1""#, r#""***""#],
            ),
            (
                json!({"bodyPaths": [{"path": "$.custom.amount", "equals": "5000"}]}),
                ["body $.custom.amount", r#""5000""#, "5000"],
            ),
            (
                json!({"bodyPaths": [{"path": "$.custom.to[*]", "equals": "c"}]}),
                ["body $.custom.to[*]", r#""c""#, r#""a", "b""#],
            ),
            (
                json!({"bodyPaths": [{"path": "$['verificationCode']", "equals": "1"}]}),
                ["body $['verificationCode']", r#""1""#, r#""***""#],
            ),
            (
                json!({"bodyPaths": [{"path": "$..amount", "exists": false}]}),
                ["body $..amount", "nothing", "5000"],
            ),
            (
                json!({"answerPaths": [{"path": "$.state"}]}),
                ["answer $.state", "anything", "no body"],
            ),
        ] {
            let found = differences(pattern.clone(), BODY, "");
            assert_eq!(found, [wanted.map(str::to_owned)], "{pattern}");
        }
        let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(9000));
        let found = differences(json!({"body": {"a": "y"}}), &long, "");
        assert_eq!(
            found[0][2],
            "a body of 9008 bytes, of which the journal keeps 8192"
        );
        let found = differences(json!({"body": {"a": "y"}}), "a=b", "");
        assert_eq!(found[0][2], "a body that is not JSON");
    }

    #[test]
    fn every_digit_of_an_integer_counts_however_it_is_written() {
        for (wanted, sent, fits) in [
            ("9007199254740993", "9007199254740993", true),
            ("9007199254740993", "9007199254740992", false),
            ("9007199254740993", "9007199254740992.0", false),
            ("9007199254740993", "9.007199254740992e15", false),
            ("10000000000000000", "1e16", true),
            ("18446744073709551615", "18446744073709551615", true),
            ("18446744073709551615", "18446744073709551616", false),
            ("18446744073709551615", "1.8446744073709551616e19", false),
            ("-9223372036854775808", "-9223372036854775809", false),
            ("9223372036854775807", "9223372036854775808", false),
            ("5000", "5000.0", true),
            ("5000.0", "5e3", true),
            ("0", "-0.0", true),
            ("0.1", "0.1", true),
            ("0.1", "0.2", false),
            ("[9007199254740993, 1.0]", "[9007199254740993.0, 1]", false),
            ("[1.0]", "[1]", true),
        ] {
            let sent = format!(r#"{{"n":{sent}}}"#);
            let read = |text: String| serde_json::from_str::<Value>(&text).unwrap();
            let mut patterns = vec![read(format!(r#"{{"body":{{"n":{wanted}}}}}"#))];
            if !wanted.starts_with('[') {
                let path = format!(r#"{{"bodyPaths":[{{"path":"$.n","equals":{wanted}}}]}}"#);
                patterns.push(read(path));
            }
            for pattern in patterns {
                let found = differences(pattern.clone(), &sent, "");
                assert_eq!(found.is_empty(), fits, "{pattern} {sent}: {found:?}");
            }
        }
    }

    #[test]
    fn a_pattern_that_cannot_be_used_is_refused_with_its_place() {
        let huge: Value = serde_json::from_str("18446744073709551616").unwrap();
        for (pattern, why) in [
            (
                json!({"body": {"custom": [{"amount": huge}]}}),
                "/pattern/body has a number that the mock would compare only roughly, as 1.8446744073709552e+19. Exact are",
            ),
            (
                json!({"bodyPaths": [{"path": "$.a", "equals": 9007199254740992.0}]}),
                "/pattern/bodyPaths/0 has a number that the mock would compare only roughly, as 9007199254740992.0",
            ),
            (
                json!({"bodyPaths": [{"path": "$..a[?(@.b == 'x' && @.c != 9007199254740993)]"}]}),
                "and an index or a number has at most 15 digits",
            ),
            (
                json!({"answerPaths": [{"path": "$..a[?(@.b == 'x' && -1e16 < @.c)]"}]}),
                "/pattern/answerPaths/0 has the number -10000000000000000 in its filter, which tells only numbers below \
                 9007199254740992 apart; use `equals` beside the path",
            ),
            (
                json!({"target": {"matches": "("}}),
                "/pattern/target is not a regular expression",
            ),
            (
                json!({"headers": {"a": {"matches": "(a{1000}){1000}"}}}),
                "/pattern/headers/a is not a regular expression",
            ),
            (
                json!({"bodyPaths": [{"path": "amount"}]}),
                "/pattern/bodyPaths/0 is not a JSONPath",
            ),
            (
                json!({"bodyPaths": [{"path": "$..a..b"}]}),
                "/pattern/bodyPaths/0 may have one `..`",
            ),
            (
                json!({"answerPaths": [{"path": "$[?$..a]"}]}),
                "/pattern/answerPaths/0 may have one `$`",
            ),
            (
                json!({"bodyPaths": [{"path": "$[0, 0][0,0]"}]}),
                "no list of selectors",
            ),
            (
                json!({"bodyPaths": [{"path": "$[?search (@.a, 'b')]"}]}),
                "no ",
            ),
            (
                json!({"bodyPaths": [{"path": format!("$.{}", "a".repeat(300))}]}),
                "too long",
            ),
        ] {
            let pattern_of: wire::RequestPattern = serde_json::from_value(pattern.clone()).unwrap();
            let Err(trouble) = Pattern::of(pattern_of, "/pattern") else {
                panic!("{pattern}");
            };
            assert!(trouble.to_string().contains(why), "{pattern}: {trouble}");
        }
        let quoted = json!({"bodyPaths": [{"path": "$['a,b..c..d?$?$']", "exists": false}]});
        assert!(differences(quoted, BODY, "").is_empty());
    }
}
