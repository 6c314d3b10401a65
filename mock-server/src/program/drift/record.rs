//! Makes steps that can be replayed of requests and their answers. What is secret or private goes into none: secrets, codes
//! and tokens by the masking of the journal; users, addresses and names of people are replaced. Sends nothing.
//!
//! A value of an earlier answer becomes a reference to it. A request with a secret that no earlier answer holds, such as a
//! code from a message, cannot be replayed. It is left out, and so is what builds on it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::exchange::{Credentials, PHONE_NUMBERS, PREFIX, Step, credential, escaped, objection};
use super::operations::{self, CLIENT, MANAGEMENT, Matched, SERVER};
use super::private::{is_private, without_private};
use super::shape;
use crate::bounds::{self, RECORDED_VALUES};

/// What stands for a secret that need not be right.
const MASK: &str = "***";
/// An address that documentation may use, RFC 5737.
const IP_ADDRESS: &str = "203.0.113.7";
/// Characters from which on a text of an answer is taken for a value that a request can only have from there.
const TELLING: usize = 8;
/// Members whose members are the application's own.
const FREE: [&str; 2] = ["custom", "payload"];
/// A query parameter with codes of actions, which sounds like a secret.
const OPEN: &str = "codes";
const USER_IDS: [&str; 2] = ["userId", "lastEvaluatedUserId"];
const NAMES_OF_PEOPLE: [&str; 2] = ["username", "displayName"];

/// A request and its answer, as they were on the wire. `Debug` leaves out all that can be secret.
pub struct Seen<'a> {
    /// Method, in capitals.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The header `Authorization`.
    pub authorization: Option<&'a str>,
    /// Body of the request.
    pub body: &'a [u8],
    /// Status of the answer.
    pub status: u16,
    /// Body of the answer.
    pub answer: &'a [u8],
}

impl fmt::Debug for Seen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seen")
            .field("method", &self.method)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// What stands for whom, and where values come from.
#[derive(Default)]
pub struct Recorder {
    case: String,
    steps: usize,
    /// What stands for a user, an address, a name or a credential.
    stand_ins: HashMap<String, String>,
    /// How many of each kind there are; goes on from case to case.
    counts: HashMap<&'static str, usize>,
    /// Values of answers, with their places.
    answered: HashMap<String, String>,
    /// Values of requests: no answer has made them up.
    given: HashSet<String>,
    /// Values of what was left out.
    tainted: HashSet<String>,
    /// API keys that were right once.
    keys: HashSet<String>,
    /// API keys as people write them. Their text in a body is a secret, whatever its member is called.
    secrets: HashSet<String>,
    /// Whether the request was refused before a time in it could count, or for that time.
    is_wrong: bool,
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder")
            .field("case", &self.case)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

/// A step without its shape, and whether its request succeeded.
struct Draft {
    step: Step,
    raw: Vec<String>,
}

impl Recorder {
    /// Begins another case, which knows nothing of the users and values of those before.
    pub fn begin(&mut self, case: &str) {
        *self = Self {
            case: case.to_owned(),
            counts: std::mem::take(&mut self.counts),
            keys: std::mem::take(&mut self.keys),
            secrets: std::mem::take(&mut self.secrets),
            ..Self::default()
        };
    }

    /// Makes the next step of the case.
    ///
    /// # Errors
    ///
    /// Why the request cannot be replayed.
    pub fn take(&mut self, seen: &Seen<'_>) -> Result<Step, String> {
        let (path, query) = seen.target.split_once('?').unwrap_or((seen.target, ""));
        let matched = operations::matching(seen.method, path)
            .ok_or("no operation of the specs has its path")?;
        let query: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let body: Option<Value> = match seen.body {
            [] => None,
            body => Some(serde_json::from_slice(body).map_err(|_| "its body is not JSON")?),
        };
        let answer: Option<Value> = serde_json::from_slice(seen.answer).ok();
        let drafted = self.drafted(seen, &matched, &query, body.as_ref());
        let Draft { mut step, raw } = match drafted {
            Ok(drafted) => drafted,
            Err(why) => {
                self.taint(&matched, &query, body.as_ref(), answer.as_ref());
                return Err(why);
            }
        };
        if let Some(answer) = &answer {
            let mut schemas = matched.operation.answers.iter();
            let schema = schemas.find(|(status, _)| *status == seen.status);
            step.shape = schema.map(|(_, schema)| shape::of(schema.root(), schema.own(), answer));
        }
        self.steps += 1;
        self.given.extend(raw);
        if let Some(answer) = &answer {
            self.index(answer, &self.steps.to_string());
        }
        self.forget();
        Ok(step)
    }

    fn drafted(
        &mut self,
        seen: &Seen<'_>,
        matched: &Matched,
        query: &[(String, String)],
        body: Option<&Value>,
    ) -> Result<Draft, String> {
        let credentials = self.credentials(seen, matched)?;
        let (api, operation) = (matched.api.name, matched.operation);
        if let Some(objection) = objection(api, operation) {
            return Err(objection.to_owned());
        }
        if seen.status == 429 || seen.status >= 500 {
            return Err(format!("its answer is an accident: {}", seen.status));
        }
        let mut raw = Vec::new();
        values_of(matched, query, body, &mut raw);
        if raw.iter().any(|value| self.tainted.contains(value)) {
            return Err("it depends on a request that was left out".to_owned());
        }
        let is_refused = seen.status >= 400;
        self.is_wrong = matches!(seen.status, 400..=403);
        let mut path = BTreeMap::new();
        for (name, value) in &matched.path {
            path.insert(name.clone(), self.text(name, value, is_refused)?);
        }
        let mut pairs = BTreeMap::new();
        for (name, value) in query {
            let value = self.text(name, value, is_refused)?;
            if pairs.insert(name.clone(), value).is_some() {
                return Err(format!("it has the query parameter {name} twice"));
            }
        }
        let body = body.filter(|body| !body.is_null());
        let body = body
            .map(|body| self.value("", body, is_refused))
            .transpose()?;
        let step = Step {
            case: self.case.clone(),
            api: api.to_owned(),
            operation: operation.id.to_owned(),
            path,
            query: pairs,
            body,
            credentials,
            status: seen.status,
            shape: None,
        };
        Ok(Draft { step, raw })
    }

    fn credentials(&mut self, seen: &Seen<'_>, matched: &Matched) -> Result<Credentials, String> {
        let Some(authorization) = seen.authorization else {
            if matched.operation.security.is_empty()
                || matches!(matched.api.name, SERVER | CLIENT | MANAGEMENT)
            {
                return Ok(Credentials::None);
            }
            return Err("it is signed, and a signature holds for one request".to_owned());
        };
        let (scheme, value) = authorization.split_once(' ').unwrap_or_default();
        match (matched.api.name, scheme) {
            (SERVER | MANAGEMENT, "Basic") => {
                if let Some(secret) = secret_of(value)
                    && self.secrets.len() < RECORDED_VALUES
                {
                    self.secrets.insert(secret);
                }
                if seen.status < 400 && self.keys.len() < RECORDED_VALUES {
                    self.keys.insert(value.to_owned());
                }
                let is_wrong = seen.status == 401 && !self.keys.contains(value);
                Ok(if is_wrong {
                    Credentials::Wrong
                } else {
                    Credentials::Secret
                })
            }
            (CLIENT, "Bearer") => match self.answered.get(value) {
                Some(place) => Ok(Credentials::Token(reference(place))),
                None => Err("no earlier answer has its token".to_owned()),
            },
            _ => Err("verify has no such credentials".to_owned()),
        }
    }

    fn value(&mut self, name: &str, value: &Value, is_refused: bool) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => self.text(name, text, is_refused)?.into(),
            // Whatever a member holds whose name calls it a secret.
            Value::Number(_) | Value::Object(_) if is_private(name) => {
                mask(name, is_refused)?.into()
            }
            Value::Array(elements) => {
                let elements = elements
                    .iter()
                    .map(|element| self.value(name, element, is_refused));
                Value::Array(elements.collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                // What the application adds may be masked: nothing but its own rules reads it.
                // Also what is deeper in it.
                let may_mask = is_refused || FREE.contains(&name);
                let members = members.iter().map(|(name, member)| {
                    let member = self.value(name, member, may_mask)?;
                    Ok((name.clone(), member))
                });
                Value::Object(members.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    /// A text of a request, as the step has it.
    fn text(&mut self, name: &str, text: &str, may_mask: bool) -> Result<String, String> {
        if let Some(place) = self.answered.get(text) {
            return Ok(reference(place));
        }
        if let Some(known) = self.stand_ins.get(text) {
            return Ok(known.clone());
        }
        if text.is_empty() {
            return Ok(String::new());
        }
        if let Some(stand_in) = self.stand_in(name, text) {
            self.stand_ins.insert(text.to_owned(), stand_in.clone());
            return Ok(stand_in);
        }
        if name == "ipAddress" {
            return Ok(IP_ADDRESS.to_owned());
        }
        if name != OPEN && is_private(name) {
            return mask(name, may_mask);
        }
        if let Some(inner) = inner(text) {
            let open = self.value("", &inner, may_mask)?;
            return Ok(match open == inner {
                true => escaped(text),
                false => open.to_string(),
            });
        }
        if self
            .secrets
            .iter()
            .any(|secret| text.contains(secret.as_str()))
        {
            return mask(name, may_mask);
        }
        let open = without_private(text);
        // A URL without its parameters is still one; a text without its token may be nothing that the server takes.
        if open != text && !text.contains("://") {
            return mask(name, may_mask);
        }
        if shape::is_date_time(text) && !self.is_wrong {
            return Err(format!("its {name} is a time, which differs in a replay"));
        }
        Ok(escaped(&open))
    }

    /// What stands for somebody, or for what is somebody's.
    fn stand_in(&mut self, name: &str, text: &str) -> Option<String> {
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        let dials = |byte: u8| byte.is_ascii_digit() || b"+-() ".contains(&byte);
        let is_number = digits >= 7
            && text.bytes().all(dials)
            && (name == "phoneNumber" || text.starts_with('+'));
        if USER_IDS.contains(&name) {
            Some(format!("{PREFIX}user-{}", self.next("user")))
        } else if text.contains('@') && !text.contains(' ') {
            Some(format!("{PREFIX}person-{}@example.com", self.next("email")))
        } else if is_number {
            Some(format!("{PHONE_NUMBERS}{:03}", self.next("phone") % 1000))
        } else if NAMES_OF_PEOPLE.contains(&name) {
            Some(format!("{PREFIX}person-{}", self.next("name")))
        } else if name == "credentialId" {
            Some(credential(self.next("credential")))
        } else {
            None
        }
    }

    fn next(&mut self, kind: &'static str) -> usize {
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        *count
    }

    /// Remembers where the values of an answer are.
    fn index(&mut self, value: &Value, place: &str) {
        match value {
            Value::String(text) if is_telling(text) && !self.given.contains(text) => {
                self.answered
                    .entry(text.clone())
                    .or_insert_with(|| place.to_owned());
            }
            Value::Array(elements) => {
                for (at, element) in elements.iter().enumerate() {
                    self.index(element, &format!("{place}/{at}"));
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.index(member, &format!("{place}/{name}"));
                }
            }
            _ => {}
        }
    }

    fn taint(
        &mut self,
        matched: &Matched,
        query: &[(String, String)],
        body: Option<&Value>,
        answer: Option<&Value>,
    ) {
        let mut values = Vec::new();
        answer
            .into_iter()
            .for_each(|answer| texts(answer, &mut values));
        let mut users = None;
        // What only reads leaves nothing behind that others could build on.
        if matched.operation.changes {
            values_of(matched, query, body, &mut values);
            users = matched.path.get("userId").cloned();
        }
        let is_own = |value: &String| is_telling(value) && !self.stand_ins.contains_key(value);
        let values: Vec<_> = values.into_iter().filter(is_own).chain(users).collect();
        self.tainted.extend(values);
        self.forget();
    }

    /// Drops all values if there are too many: then later requests are left out, because their values are unknown.
    fn forget(&mut self) {
        for size in [
            self.answered.len(),
            self.given.len(),
            self.tainted.len(),
            self.stand_ins.len(),
        ] {
            if size > RECORDED_VALUES {
                let case = std::mem::take(&mut self.case);
                let steps = self.steps;
                self.begin(&case);
                self.steps = steps;
                return;
            }
        }
    }
}

/// The JSON in a text that is an object or a list of JSON.
fn inner(text: &str) -> Option<Value> {
    let is_one = text.trim_start().starts_with(['{', '[']);
    is_one.then(|| serde_json::from_str(text).ok()).flatten()
}

fn reference(place: &str) -> String {
    format!("${{{place}}}")
}

/// The secret in the credentials of HTTP Basic, if it is long enough not to be a word by chance.
fn secret_of(credentials: &str) -> Option<String> {
    let read = STANDARD.decode(credentials).ok()?;
    let text = String::from_utf8(read).ok()?;
    let secret = text.split(':').next()?;
    (secret.len() >= TELLING).then(|| secret.to_owned())
}

fn mask(name: &str, may_mask: bool) -> Result<String, String> {
    if may_mask {
        return Ok(MASK.to_owned());
    }
    Err(format!("its {name} is a secret that no earlier answer has"))
}

/// Whether a text is long enough, and no word of an enumeration.
fn is_telling(text: &str) -> bool {
    text.len() >= TELLING
        && text.len() <= bounds::LONG_TEXT
        && !text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
}

/// The texts of a request.
fn values_of(
    matched: &Matched,
    query: &[(String, String)],
    body: Option<&Value>,
    into: &mut Vec<String>,
) {
    into.extend(matched.path.values().cloned());
    into.extend(query.iter().map(|(_, value)| value.clone()));
    body.into_iter().for_each(|body| texts(body, into));
}

fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(elements) => elements.iter().for_each(|element| texts(element, into)),
        Value::Object(members) => members.values().for_each(|member| texts(member, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Recorder, Seen, Step};

    fn seen(
        recorder: &mut Recorder,
        request: (&str, &str),
        body: &Value,
        status: u16,
        answer: &Value,
    ) -> Result<Step, String> {
        let (body, answer) = (body.to_string(), answer.to_string());
        recorder.take(&Seen {
            method: request.0,
            target: request.1,
            authorization: Some("Basic c2VjcmV0Og=="),
            body: body.as_bytes(),
            status,
            answer: answer.as_bytes(),
        })
    }

    #[test]
    fn what_is_secret_or_private_goes_into_no_step() {
        let mut recorder = Recorder::default();
        recorder.begin("one");
        let track = ("POST", "/v1/users/ada/actions/pay");
        let body = json!({
            "email": "ada@example.org", "phoneNumber": "+64 21 123-4567", "username": "ada.l", "ipAddress": "198.51.100.9",
            "custom": {"password": "hunter2", "mail": "ada@example.org", "note": "a ${b}",
                "raw": r#"{"password": "hunter2", "by": ["ada@example.org"]}"#, "list": "[1, 2]"},
        });
        let answer =
            json!({"state": "ALLOW", "idempotencyKey": "0123-4567", "token": "eyJh.eyJi.cccc"});
        let step = seen(&mut recorder, track, &body, 200, &answer).unwrap();
        assert_eq!(step.path["userId"], "${prefix}user-1");
        let kept = json!({
            "email": "${prefix}person-1@example.com", "phoneNumber": "+447700900001", "username": "${prefix}person-1",
            "ipAddress": "203.0.113.7",
            "custom": {"password": "***", "mail": "${prefix}person-1@example.com", "note": "a $${b}",
                "raw": r#"{"by":["${prefix}person-1@example.com"],"password":"***"}"#, "list": "[1, 2]"},
        });
        assert_eq!(step.body, Some(kept));
        let shape = json!({"state": "string", "idempotencyKey": "string", "token": "token"});
        assert_eq!(step.shape, Some(shape));

        // The same user, a value of the answer, and one that no answer has.
        let validate = ("POST", "/v1/validate");
        let body = json!({"token": "eyJh.eyJi.cccc", "userId": "ada"});
        let step = seen(&mut recorder, validate, &body, 200, &json!({})).unwrap();
        let kept = json!({"token": "${1/token}", "userId": "${prefix}user-1"});
        assert_eq!(step.body, Some(kept));
        let other = json!({"token": "eyJh.eyJi.dddd", "userId": "grace"});
        let answer = json!({"idempotencyKey": "7654-3210"});
        let left_out = seen(&mut recorder, validate, &other, 200, &answer);
        let why = "its token is a secret that no earlier answer has";
        assert_eq!(left_out.unwrap_err(), why);
        // Refused, it need not be right.
        let step = seen(
            &mut recorder,
            validate,
            &json!({"token": "x"}),
            400,
            &json!({}),
        )
        .unwrap();
        assert_eq!(step.body, Some(json!({"token": "***"})));
        // What builds on what was left out.
        let builds = ("GET", "/v1/users/grace/actions/pay/7654-3210");
        let left_out = seen(&mut recorder, builds, &json!(null), 200, &json!({}));
        assert!(left_out.unwrap_err().contains("depends on"));
    }

    #[test]
    fn the_api_key_of_a_request_goes_into_no_step_whatever_its_member_is_called() {
        let mut recorder = Recorder::default();
        recorder.begin("one");
        let body = json!({"custom": {"p": "key api-secret-1", "raw": r#"{"p": "api-secret-1"}"#}});
        let step = recorder.take(&Seen {
            method: "POST",
            target: "/v1/users/ada/actions/pay",
            // api-secret-1, and no password.
            authorization: Some("Basic YXBpLXNlY3JldC0xOg=="),
            body: body.to_string().as_bytes(),
            status: 200,
            answer: b"{}",
        });
        let kept = json!({"custom": {"p": "***", "raw": r#"{"p":"***"}"#}});
        assert_eq!(step.unwrap().body, Some(kept));
    }

    #[test]
    fn what_cannot_be_replayed_is_left_out() {
        let mut recorder = Recorder::default();
        for (request, body, status, why) in [
            (
                ("GET", "/v1/nothing"),
                json!(null),
                404,
                "no operation of the specs",
            ),
            (
                ("PATCH", "/v1/management/tenant"),
                json!({"name": "Shop"}),
                200,
                "it changes the tenant",
            ),
            (
                ("POST", "/v1/users/email/a%40b.c/challenge"),
                json!({}),
                200,
                "an id that the server chooses",
            ),
            (
                ("POST", "/v1/challenge"),
                json!({"verificationMethod": "SMS", "phoneNumber": "+64211234567"}),
                200,
                "it sends a message",
            ),
            (("GET", "/v1/users/ada"), json!(null), 503, "an accident"),
            (
                ("GET", "/v1/users?email=a&email=b"),
                json!(null),
                200,
                "email twice",
            ),
            (
                ("PATCH", "/v1/users/ada/devices/phone"),
                json!({"rememberedUntil": "2030-01-01T00:00:00Z"}),
                200,
                "which differs in a replay",
            ),
            (
                ("GET", "/v1/client/user-authenticators"),
                json!(null),
                200,
                "no such credentials",
            ),
        ] {
            recorder.begin("another");
            let left_out = seen(&mut recorder, request, &body, status, &json!({})).unwrap_err();
            assert!(left_out.contains(why), "{left_out}");
        }
    }
}
