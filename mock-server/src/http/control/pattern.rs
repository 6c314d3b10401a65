//! What a request must be, and how one differs from that. Knows no operation of the control API.

use std::cell::OnceCell;

use jsonpath_rust::parser::model::JpQuery;
use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use crate::bounds::{DIFFERENCE, JOURNAL_BODY, JSON_PATH, PATTERN_PARTS, REGEX, cut};
use crate::generated::mock_control::types as wire;
use crate::http::note::masking::{is_secret, masked_value};
use crate::runtime::journal::{Carried, Entry};
use crate::sim::phone::Trouble;

/// A request and its contents, as far as the journal keeps them. Bodies are read when they are first looked at.
pub(super) struct Seen<'a> {
    entry: &'a Entry,
    carried: Option<&'a Carried>,
    request: OnceCell<Result<Value, String>>,
    answer: OnceCell<Result<Value, String>>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(entry: &'a Entry, carried: Option<&'a Carried>) -> Self {
        Self {
            entry,
            carried,
            request: OnceCell::new(),
            answer: OnceCell::new(),
        }
    }

    fn request(&self) -> &Result<Value, String> {
        self.request
            .get_or_init(|| read(self.carried.map(Carried::request)))
    }

    fn answer(&self) -> &Result<Value, String> {
        self.answer
            .get_or_init(|| read(self.carried.map(Carried::answer)))
    }
}

/// The JSON of a body, or why there is none.
fn read(body: Option<(&[u8], usize)>) -> Result<Value, String> {
    match body {
        None => Err("the journal keeps its bodies no longer".to_owned()),
        Some((_, 0)) => Err("no body".to_owned()),
        Some((kept, length)) if kept.len() < length => Err(format!(
            "a body of {length} bytes, of which the journal keeps {JOURNAL_BODY}"
        )),
        Some((kept, _)) => {
            serde_json::from_slice(kept).map_err(|_| "a body that is not JSON".to_owned())
        }
    }
}

/// How a request differs from a pattern at one place.
pub(super) struct Difference {
    pub(super) place: String,
    pub(super) wanted: String,
    pub(super) found: String,
}

/// What a request must be; anything without parts.
#[derive(Default)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

enum Part {
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

/// What a text must be.
#[derive(Default)]
struct Text {
    equals: Option<String>,
    like: Like,
}

/// What a text must be like.
#[derive(Default)]
struct Like {
    contains: Option<String>,
    matches: Option<Regex>,
}

/// What a body has at a path.
struct Path {
    text: String,
    query: JpQuery,
    equals: Option<Value>,
    like: Like,
    exists: bool,
}

impl Pattern {
    /// The pattern at that place of a body.
    pub(super) fn of(pattern: wire::RequestPattern, at: &str) -> Result<Self, Trouble> {
        let malformed =
            |place: &str, why: String| Trouble::Malformed(format!("body {at}/{place} {why}"));
        let mut parts = Vec::new();
        let words = [
            (Word::Api, pattern.api.map(|api| api.to_string())),
            (Word::Operation, pattern.operation.map(String::from)),
            (Word::User, pattern.user_id.map(String::from)),
            (Word::Method, pattern.method.map(String::from)),
        ];
        let given = words
            .into_iter()
            .filter_map(|(word, given)| Some((word, given?)));
        parts.extend(given.map(|(word, given)| Part::Word(word, given)));
        parts.extend(pattern.status.map(Part::Status));
        if let Some(target) = pattern.target {
            let target = Text::of(target).map_err(|why| malformed("target", why))?;
            parts.push(Part::Target(target));
        }
        for (name, text) in pattern.headers.into_iter().flat_map(|headers| headers.0) {
            let text = Text::of(text).map_err(|why| malformed(&format!("headers/{name}"), why))?;
            parts.push(Part::Header(name.to_lowercase(), text));
        }
        parts.extend(
            pattern
                .body
                .map(|body| Part::Members(Value::Object(body.0))),
        );
        let sides = [
            (Side::Request, "bodyPaths", pattern.body_paths),
            (Side::Answer, "answerPaths", pattern.answer_paths),
        ];
        for (side, name, paths) in sides {
            for (number, path) in paths.into_iter().flatten().enumerate() {
                let path =
                    Path::of(path).map_err(|why| malformed(&format!("{name}/{number}"), why))?;
                parts.push(Part::Path(side, path));
            }
        }
        if parts.len() > PATTERN_PARTS {
            let why = format!(
                "asks for {} things; it may ask for {PATTERN_PARTS}",
                parts.len()
            );
            return Err(malformed("", why));
        }
        Ok(Self { parts })
    }

    /// Whether it looks at headers and bodies, which take longer to read.
    pub(super) fn reads_contents(&self) -> bool {
        let is_content =
            |part: &Part| matches!(part, Part::Header(..) | Part::Members(_) | Part::Path(..));
        self.parts.iter().any(is_content)
    }

    /// Whether a request keeps to it.
    pub(super) fn fits(&self, seen: &Seen<'_>) -> bool {
        self.parts
            .iter()
            .all(|part| part.differences(seen).is_empty())
    }

    /// How a request differs from it.
    pub(super) fn differences(&self, seen: &Seen<'_>) -> Vec<Difference> {
        self.parts
            .iter()
            .flat_map(|part| part.differences(seen))
            .collect()
    }

    /// How many of its parts a request keeps to, and how many it has.
    pub(super) fn nearness(&self, seen: &Seen<'_>) -> (usize, usize) {
        let fitting = self
            .parts
            .iter()
            .filter(|part| part.differences(seen).is_empty());
        (fitting.count(), self.parts.len())
    }

    /// Its short form, for people.
    pub(super) fn name(&self) -> String {
        if self.parts.is_empty() {
            return "any request".to_owned();
        }
        let word = |wanted: fn(&Word) -> bool| {
            self.parts.iter().find_map(|part| match part {
                Part::Word(word, text) if wanted(word) => Some(text.as_str()),
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
        for part in &self.parts {
            match part {
                Part::Word(Word::User, user) => name.push(format!("of {user}")),
                Part::Word(Word::Api, api) => name.push(format!("to {api}")),
                Part::Target(text) => name.push(format!("to {}", text.wanted())),
                Part::Status(status) => name.push(format!("answered {status}")),
                Part::Word(..) | Part::Header(..) | Part::Members(_) | Part::Path(..) => {}
            }
        }
        if self.reads_contents() {
            name.push("with these headers or bodies".to_owned());
        }
        name.join(" ")
    }
}

impl Part {
    fn differences(&self, seen: &Seen<'_>) -> Vec<Difference> {
        let entry = seen.entry;
        let differ = |place: &str, wanted: String, found: String| {
            let place = place.to_owned();
            vec![Difference {
                place,
                wanted,
                found,
            }]
        };
        match self {
            Self::Word(word, wanted) => {
                let (place, found) = match word {
                    Word::Api => ("api", Some(entry.api)),
                    Word::Operation => ("operation", entry.operation),
                    Word::User => ("userId", entry.user_id.as_deref()),
                    Word::Method => ("method", Some(&*entry.method)),
                };
                let same = found.is_some_and(|found| match word {
                    Word::Method => found.eq_ignore_ascii_case(wanted),
                    _ => found == wanted,
                });
                match same {
                    true => Vec::new(),
                    false => differ(place, wanted.clone(), found.unwrap_or("none").to_owned()),
                }
            }
            Self::Status(wanted) if *wanted == i32::from(entry.status) => Vec::new(),
            Self::Status(wanted) => differ("status", wanted.to_string(), entry.status.to_string()),
            Self::Target(text) if text.fits(&entry.target) => Vec::new(),
            Self::Target(text) => differ("target", text.wanted(), entry.target.clone()),
            Self::Header(name, text) => header_differences(name, text, seen),
            Self::Members(wanted) => match seen.request() {
                Ok(body) => {
                    let mut found = Vec::new();
                    member_differences(wanted, body, "$", &mut found);
                    found
                }
                Err(why) => differ("body", shown("", wanted), why.clone()),
            },
            Self::Path(side, path) => {
                let (place, body) = match side {
                    Side::Request => ("body", seen.request()),
                    Side::Answer => ("answer", seen.answer()),
                };
                let found = match body {
                    Ok(body) => path.miss(body),
                    Err(_) if !path.exists => None,
                    Err(why) => Some(why.clone()),
                };
                let place = format!("{place} {}", path.text);
                found.map_or_else(Vec::new, |found| differ(&place, path.wanted(), found))
            }
        }
    }
}

fn header_differences(name: &str, text: &Text, seen: &Seen<'_>) -> Vec<Difference> {
    let differ = |found: String| {
        let place = format!("header {name}");
        vec![Difference {
            place,
            wanted: text.wanted(),
            found,
        }]
    };
    let Some(carried) = seen.carried else {
        return differ("the journal keeps its headers no longer".to_owned());
    };
    let values: Vec<_> = carried
        .headers()
        .into_iter()
        .filter(|(other, _)| other == name)
        .collect();
    if values.iter().any(|(_, value)| text.fits(value)) {
        return Vec::new();
    }
    let values = values.iter().map(|(_, value)| match is_secret(name) {
        true => "***".to_owned(),
        false => value.clone(),
    });
    let values: Vec<_> = values.collect();
    differ(match values.is_empty() {
        true => "none".to_owned(),
        false => values.join(", "),
    })
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

/// Whether two values are the same; numbers are, however they are written.
fn same(one: &Value, other: &Value) -> bool {
    one == other || one.as_f64().is_some_and(|one| other.as_f64() == Some(one))
}

/// A value at a path, for people; secrets are masked.
fn shown(path: &str, value: &Value) -> String {
    let names = path.split(['.', '[', ']', '\'', '"', '$']);
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    let text = masked_value(&names.join("."), &value.to_string());
    match text.len() > DIFFERENCE {
        true => format!("{}…", cut(&text, DIFFERENCE)),
        false => text,
    }
}

fn regex(pattern: &str) -> Result<Regex, String> {
    let builder = RegexBuilder::new(pattern).size_limit(REGEX).build();
    builder.map_err(|error| format!("is not a regular expression that the mock can use: {error}"))
}

impl Like {
    fn of(contains: Option<String>, matches: Option<&str>) -> Result<Self, String> {
        let matches = matches.map(regex).transpose()?;
        Ok(Self { contains, matches })
    }

    fn fits(&self, text: &str) -> bool {
        let Self { contains, matches } = self;
        contains.as_ref().is_none_or(|part| text.contains(part))
            && matches.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    /// Whether a value fits by its text, which is written only if that is asked for.
    fn fits_value(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.fits(text),
            _ if self.contains.is_none() && self.matches.is_none() => true,
            other => self.fits(&other.to_string()),
        }
    }

    /// What is wanted of a text that also has to equal another, for people.
    fn wanted(&self, equals: Option<String>) -> String {
        let contains = self.contains.as_ref();
        let contains = contains.map(|part| format!("something with {part}"));
        let matches = self.matches.as_ref();
        let matches = matches.map(|regex| format!("something like /{}/", regex.as_str()));
        let all: Vec<_> = [equals, contains, matches].into_iter().flatten().collect();
        match all.is_empty() {
            true => "anything".to_owned(),
            false => all.join(" and "),
        }
    }
}

impl Text {
    fn of(text: wire::TextPattern) -> Result<Self, String> {
        Ok(Self {
            equals: text.equals,
            like: Like::of(text.contains, text.matches.as_deref())?,
        })
    }

    fn fits(&self, text: &str) -> bool {
        self.equals.as_ref().is_none_or(|equals| equals == text) && self.like.fits(text)
    }

    fn wanted(&self) -> String {
        self.like.wanted(self.equals.clone())
    }
}

impl Path {
    fn of(path: wire::PathPattern) -> Result<Self, String> {
        let text = String::from(path.path);
        modest(&text)?;
        let query = parse_json_path(&text)
            .map_err(|_| "is not a JSONPath; one looks like $.custom.amount".to_owned())?;
        Ok(Self {
            text,
            query,
            equals: path.equals.map(|value| value.0),
            like: Like::of(path.contains, path.matches.as_deref())?,
            exists: path.exists.unwrap_or(true),
        })
    }

    /// What a body has there instead; nothing if it fits.
    fn miss(&self, body: &Value) -> Option<String> {
        let nodes = js_path_process(&self.query, body).unwrap_or_default();
        if !self.exists {
            let first = nodes.first()?;
            return Some(shown(&first.path, first.val));
        }
        let fits = |value: &Value| {
            let equals = self.equals.as_ref();
            equals.is_none_or(|equals| same(equals, value)) && self.like.fits_value(value)
        };
        if nodes.iter().any(|node| fits(node.val)) {
            return None;
        }
        let some: Vec<_> = nodes
            .iter()
            .take(3)
            .map(|node| shown(&node.path, node.val))
            .collect();
        Some(match some.is_empty() {
            true => "nothing".to_owned(),
            false => some.join(", "),
        })
    }

    fn wanted(&self) -> String {
        if !self.exists {
            return "nothing".to_owned();
        }
        let equals = self.equals.as_ref().map(Value::to_string);
        self.like.wanted(equals)
    }
}

/// Refuses paths that can take more steps than a body has values: two `..` multiply, and so do lists of selectors. The
/// crate also compiles the expression of `match` and `search` again for each value.
fn modest(path: &str) -> Result<(), String> {
    if path.len() > JSON_PATH {
        return Err(format!(
            "is too long: {} bytes; it must have at most {JSON_PATH}",
            path.len()
        ));
    }
    let (mut plain, mut quote, mut escaped) = (String::new(), None, false);
    for character in path.chars() {
        match quote {
            _ if escaped => escaped = false,
            Some(_) if character == '\\' => escaped = true,
            Some(open) if open == character => quote = None,
            Some(_) => {}
            None if matches!(character, '\'' | '"') => quote = Some(character),
            None if !character.is_whitespace() => plain.push(character),
            None => {}
        }
    }
    for (part, most, instead) in [
        ("..", 1, "one `..`"),
        ("?", 1, "one filter"),
        ("$", 1, "one `$`"),
        (",", 0, "no list of selectors; give each path on its own"),
        ("match(", 0, "no `match`; use `matches` beside the path"),
        ("search(", 0, "no `search`; use `matches` beside the path"),
    ] {
        if plain.matches(part).count() > most {
            return Err(format!("may have {instead}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Pattern, Seen};
    use crate::generated::mock_control::types as wire;
    use crate::runtime::journal::{Journal, Note, Wire};

    fn differences(pattern: Value, request: &str, answer: &str) -> Vec<[String; 3]> {
        let pattern: wire::RequestPattern = serde_json::from_value(pattern).unwrap();
        let pattern =
            Pattern::of(pattern, "/pattern").unwrap_or_else(|trouble| panic!("{trouble}"));
        let mut journal = Journal::new(1);
        let note = Note {
            api: "authsignal",
            operation: Some("track"),
            user_id: Some("ada".to_owned()),
            method: "POST".into(),
            target: "/v1/users/ada/actions/pay".to_owned(),
            status: 200,
            reason: None,
            evaluation: None,
            warning: None,
            ignored: None,
            wire: Wire {
                user_agent: "agent/1",
                content_type: "application/json",
                headers: b"x-trace: 7\nx-api-secret: hidden\n".to_vec(),
                request: request.as_bytes(),
                answer: answer.as_bytes(),
                ..Wire::default()
            },
        };
        journal.record(note, 1, jiff::Timestamp::UNIX_EPOCH);
        let entry = journal.get(1).unwrap();
        let carried = journal.carried(entry).unwrap();
        let seen = Seen::new(entry, Some(&carried));
        let found = pattern.differences(&seen);
        assert_eq!(pattern.fits(&seen), found.is_empty());
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
                ["header x-other", "anything", "none"],
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
    fn a_pattern_that_cannot_be_used_is_refused_with_its_place() {
        for (pattern, why) in [
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
