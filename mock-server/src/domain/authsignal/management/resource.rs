//! The members of a resource, as they were set. Knows no resource.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::bounds::json_length;

/// The members of a resource. A member that was never set is absent.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resource(Map<String, Value>);

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Members hold credentials and URLs of their owner.
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Resource {
    /// A resource with these members. One that is null is absent.
    pub fn new(members: Map<String, Value>) -> Self {
        let mut new = Self::default();
        new.change(members);
        new
    }

    /// Sets members; one that is null is taken away.
    pub fn change(&mut self, changes: Map<String, Value>) {
        for (name, value) in changes {
            if value.is_null() {
                self.0.remove(&name);
            } else {
                self.0.insert(name, value);
            }
        }
    }

    /// As [`change`](Self::change), at any depth of objects.
    pub fn change_deeply(&mut self, changes: Map<String, Value>) {
        merge(&mut self.0, changes);
    }

    /// A member.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Takes a member away.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Sets a member.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// Whether a member is true.
    pub fn flag(&self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// A member that is a whole number.
    pub fn count(&self, name: &str) -> Option<i64> {
        self.get(name)?.as_i64()
    }

    /// A member that is a list of texts.
    pub fn texts(&self, name: &str) -> Option<Vec<&str>> {
        let texts = self.get(name)?.as_array()?.iter();
        Some(texts.filter_map(Value::as_str).collect())
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Bytes as JSON.
    pub fn bytes(&self) -> usize {
        let members = self.0.iter();
        members
            .map(|(name, value)| name.len() + json_length(value) + 4)
            .sum()
    }

    /// The members.
    pub fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members.
    pub fn into_members(self) -> Map<String, Value> {
        self.0
    }
}

fn merge(members: &mut Map<String, Value>, changes: Map<String, Value>) {
    for (name, value) in changes {
        match value {
            Value::Null => {
                members.remove(&name);
            }
            Value::Object(changes) => {
                let kept = members
                    .entry(name)
                    .or_insert_with(|| Value::Object(Map::new()));
                match kept {
                    Value::Object(kept) => merge(kept, changes),
                    other => {
                        let mut new = Map::new();
                        merge(&mut new, changes);
                        *other = Value::Object(new);
                    }
                }
            }
            value => {
                members.insert(name, value);
            }
        }
    }
}

/// The members of an object; none of any other value.
pub fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Resource, object};

    #[test]
    fn null_takes_away_absent_keeps_and_false_is_a_value() {
        let mut resource = Resource::new(object(json!({"a": 1, "b": {"c": 1}, "d": null})));
        resource.change(object(json!({"a": null, "b": {"e": null}, "f": false})));
        // Only the resource's own members are taken away: what a member holds is its value.
        assert_eq!(
            json!(resource.members()),
            json!({"b": {"e": null}, "f": false})
        );
    }

    #[test]
    fn a_deep_change_reaches_into_objects() {
        let mut resource = Resource::new(object(json!({"a": {"b": 1, "c": {"d": 2}}, "e": [1]})));
        resource.change_deeply(object(
            json!({"a": {"c": {"d": null, "f": 0}}, "e": [{"g": null}], "h": {"i": null}}),
        ));
        assert_eq!(
            json!(resource.members()),
            json!({"a": {"b": 1, "c": {"f": 0}}, "e": [{"g": null}], "h": {}})
        );
    }

    #[test]
    fn what_is_printed_has_no_values() {
        let resource = Resource::new(object(json!({"authToken": "hunter2"})));
        assert_eq!(format!("{resource:?}"), r#"["authToken"]"#);
    }
}
