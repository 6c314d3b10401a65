//! What somebody has planned for an answer, and bodies that are wrong on purpose. Knows no API.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};
use serde_json::{Map, Value};

use crate::hold::Hold;

/// What somebody has planned for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// An answer in place of that of the operation.
    pub instead: Option<Instead>,
    /// Whether the request is carried out.
    pub carried_out: bool,
    /// What is wrong with the body.
    pub wrong: Option<Wrong>,
    /// What happens to the answer on its way.
    pub wreck: Option<Wreck>,
    /// By how many seconds the time of the request is ahead.
    pub ahead: i64,
    /// What the journal says of it.
    pub told: String,
    /// What holds if there is nothing to break.
    pub miss: Option<Miss>,
}

/// What holds for a request whose answer has nothing to break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Miss {
    /// What the journal says then.
    pub told: String,
    /// What would have broken the answer, if that is all that it does: this request does not count.
    pub hold: Option<Hold>,
}

impl Planned {
    /// What is left of it for an answer that has nothing to break.
    fn missed(&self) -> Self {
        let mut left = self.clone();
        left.wrong = None;
        let delayed = left.wreck.filter(|wreck| !wreck.delay.is_zero());
        left.wreck = delayed.map(|wreck| Wreck {
            damage: None,
            ..wreck
        });
        if let Some(Miss { told, hold }) = left.miss.take() {
            left.told = told;
            if let Some(hold) = hold {
                hold.miss();
            }
        }
        left
    }

    /// Breaks a body. Returns what the body comes to, and the plan as it is carried out, where that is not as it was made:
    /// nothing could be broken, or the body is too short. The answer to a HEAD has a body whose length it tells, and which
    /// nobody gets.
    pub(super) fn broken(&self, whole: &Bytes, is_head: bool) -> (Bytes, Option<Self>) {
        let damage = self.wreck.as_ref().and_then(|wreck| wreck.damage);
        let needs_body = matches!(damage, Some(Damage::Truncated(_) | Damage::Slow(_)));
        if is_head {
            let is_missed = self.wrong.is_some() || needs_body;
            return (whole.clone(), is_missed.then(|| self.missed()));
        }
        let body = self
            .wrong
            .as_ref()
            .map_or_else(|| whole.clone(), |wrong| wrong.body(whole));
        let is_missed = (self.wrong.is_some() && body == whole) || (needs_body && body.is_empty());
        if is_missed {
            return (body, Some(self.missed()));
        }
        let length = body.len();
        let is_short = |bytes: u64| usize::try_from(bytes).map_or(true, |bytes| bytes >= length);
        let shorter = matches!(damage, Some(Damage::Truncated(bytes)) if is_short(bytes));
        let shorter = shorter.then(|| Self {
            told: format!(
                "{}; the answer has only {length} bytes, so all but the last one were sent",
                self.told
            ),
            ..self.clone()
        });
        (body, shorter)
    }
}

/// An answer in place of that of the operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instead {
    /// Its status.
    pub status: StatusCode,
    /// The vendor's name of the error.
    pub error: Option<&'static str>,
    /// Its headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Its body, if that is not the vendor's form of an error.
    pub body: Option<Bytes>,
    /// The media type of its body.
    pub content_type: Option<HeaderValue>,
    /// What its `Retry-After` says.
    pub retry_after: Option<u64>,
    /// Why the answer is what it is, for a reader of the error.
    pub why: String,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// It is not JSON.
    Syntax,
    /// It breaks its schema: a member, by name or JSON Pointer, is wrong.
    Schema(Change, Option<String>),
}

/// What is wrong with a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    Rename,
    Drop,
    Null,
    Type,
}

/// What happens to an answer on its way. The server reads it from the extensions of a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wreck {
    /// How late it begins.
    pub delay: Duration,
    /// What delays it: once it is taken back, the answer waits no longer.
    pub delays: Option<Hold>,
    /// What breaks then.
    pub damage: Option<Damage>,
    /// What breaks it: once it is taken back, a client waits no longer.
    pub breaks: Option<Hold>,
}

/// What breaks on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The connection is reset in place of the answer.
    ResetBefore,
    /// The connection is reset after the answer.
    ResetAfter,
    /// No answer comes.
    Silence,
    /// The body ends after so many bytes.
    Truncated(u64),
    /// So many bytes come in a second.
    Slow(u64),
}

impl Wrong {
    /// The body as it goes out.
    pub(super) fn body(&self, whole: &Bytes) -> Bytes {
        match self {
            Self::Syntax => whole.slice(..whole.len().saturating_sub(1)),
            Self::Schema(change, member) => changed(whole, *change, member.as_deref())
                .map_or_else(|| whole.clone(), Bytes::from),
        }
    }
}

/// A body with a wrong member; `None` if it has no such member.
fn changed(whole: &[u8], change: Change, member: Option<&str>) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(whole).ok()?;
    let (parent, name) = match member {
        Some(pointer) if pointer.starts_with('/') => {
            let (parent, name) = pointer.rsplit_once('/')?;
            let name = name.replace("~1", "/").replace("~0", "~");
            (value.pointer_mut(parent)?.as_object_mut()?, name)
        }
        name => {
            let object = match &mut value {
                Value::Array(elements) => elements.first_mut()?.as_object_mut()?,
                value => value.as_object_mut()?,
            };
            let name = name.or_else(|| object.keys().next().map(String::as_str))?;
            let name = name.to_owned();
            (object, name)
        }
    };
    alter(parent, &name, change)?;
    serde_json::to_vec(&value).ok()
}

fn alter(object: &mut Map<String, Value>, name: &str, change: Change) -> Option<()> {
    match change {
        Change::Rename => {
            let value = object.remove(name)?;
            object.insert(format!("{name}_"), value);
        }
        Change::Drop => {
            object.remove(name)?;
        }
        Change::Null => *object.get_mut(name)? = Value::Null,
        Change::Type => {
            let value = object.get_mut(name)?;
            *value = match &*value {
                Value::String(_) => Value::from(1),
                Value::Array(_) => Value::Object(Map::new()),
                Value::Object(_) => Value::Array(Vec::new()),
                other => Value::String(other.to_string()),
            };
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use serde_json::{Value, json};

    use super::{Change, Damage, Planned, Wreck, Wrong};

    fn wrong(change: Change, member: Option<&str>, body: &Value) -> Value {
        let wrong = Wrong::Schema(change, member.map(str::to_owned));
        let whole = Bytes::from(body.to_string());
        serde_json::from_slice(&wrong.body(&whole)).unwrap()
    }

    #[test]
    fn the_journal_says_where_an_answer_was_cut_off_that_is_shorter_than_planned() {
        let planned = |bytes| Planned {
            instead: None,
            carried_out: true,
            wrong: None,
            wreck: Some(Wreck {
                delay: Duration::ZERO,
                delays: None,
                damage: Some(Damage::Truncated(bytes)),
                breaks: None,
            }),
            ahead: 0,
            told: "planned: cut off".to_owned(),
            miss: None,
        };
        let body = Bytes::from_static(b"{\"a\":1}");
        for (bytes, told) in [
            (0, None),
            (6, None),
            (
                7,
                Some(
                    "planned: cut off; the answer has only 7 bytes, so all but the last one were sent",
                ),
            ),
            (
                u64::MAX,
                Some(
                    "planned: cut off; the answer has only 7 bytes, so all but the last one were sent",
                ),
            ),
        ] {
            let (sent, left) = planned(bytes).broken(&body, false);
            assert_eq!(sent, body);
            assert_eq!(left.map(|left| left.told).as_deref(), told, "{bytes}");
        }
    }

    #[test]
    fn a_member_is_renamed_dropped_null_or_of_another_type() {
        let body = json!({"a": "x", "b": 1, "c": {"d~/": true}, "e": []});
        let of = |change, member| wrong(change, Some(member), &body);
        assert_eq!(of(Change::Rename, "b")["b_"], 1);
        assert_eq!(of(Change::Rename, "b").get("b"), None);
        assert_eq!(of(Change::Drop, "/c/d~0~1")["c"], json!({}));
        assert_eq!(of(Change::Null, "a")["a"], Value::Null);
        for (member, value) in [
            ("a", json!(1)),
            ("b", json!("1")),
            ("c", json!([])),
            ("e", json!({})),
            ("/c/d~0~1", json!({"d~/": "true"})),
        ] {
            let at = member.get(1..2).unwrap_or(member);
            assert_eq!(of(Change::Type, member)[at], value, "{member}");
        }
        assert_eq!(
            wrong(Change::Drop, None, &json!([{"b": 1, "a": 2}])),
            json!([{"b": 1}])
        );
        assert_eq!(of(Change::Drop, "none"), body, "there is nothing to break");
    }

    #[test]
    fn a_body_without_its_last_character_is_no_json() {
        let broken = Wrong::Syntax.body(&Bytes::from_static(b"{\"a\":1}"));
        assert_eq!(&*broken, b"{\"a\":1");
        assert!(Wrong::Syntax.body(&Bytes::new()).is_empty());
    }
}
