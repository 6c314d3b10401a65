//! [`Changes`]: members to set and members to take away, for APIs where null does that. Must not know any API.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a call changes: members that it sets, and members that it takes away. The rest stays as it is.
///
/// Its `Debug` shows the names of members alone, because values can be credentials.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(Map<String, Value>);

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.keys()).finish()
    }
}

impl Changes {
    /// No changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a member, by the name that it has on the wire.
    pub fn set(mut self, member: impl Into<String>, value: impl Into<Value>) -> Self {
        self.0.insert(member.into(), value.into());
        self
    }

    /// Takes a member away, by the name that it has on the wire.
    pub fn remove(self, member: impl Into<String>) -> Self {
        self.set(member, Value::Null)
    }

    /// Sets the members that a value has.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        // The values are generated structs, which become objects.
        match serde_json::to_value(value) {
            Ok(Value::Object(members)) => Self(members),
            _ => Self::default(),
        }
    }
}

impl From<Map<String, Value>> for Changes {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Changes;

    #[test]
    fn a_member_is_set_or_taken_away_and_no_value_is_printed() {
        let changes = Changes::new().set("name", "Demo").remove("ipWhitelist");
        assert_eq!(json!(changes), json!({"name": "Demo", "ipWhitelist": null}));
        assert_eq!(format!("{changes:?}"), r#"["ipWhitelist", "name"]"#);
    }
}
