//! The settings that decide an Authsignal action: rules, and the outcome of the next action.

use serde_json::Value;

use crate::domain::authsignal::management::resource::Resource;
use crate::domain::authsignal::rule::RuleText;
use crate::domain::authsignal::vocabulary::Outcome;

/// A rule of a tenant, for [`AuthsignalTenant::set_rules`](crate::AuthsignalTenant::set_rules).
///
/// ```
/// use serde_json::json;
/// use stepup_mock::{Outcome, Rule};
///
/// let large_payment = Rule::new("large-payment", Outcome::Challenge)
///     .action("pay")
///     .when(json!({">": [{"var": "custom.amount"}, 1000]}));
/// # let _ = large_payment;
/// ```
#[derive(Clone, Debug)]
#[must_use = "a rule does nothing until `set_rules` takes it"]
pub struct Rule {
    id: String,
    outcome: Outcome,
    action: Option<String>,
    conditions: Value,
}

impl Rule {
    /// A rule that applies to every action. `track` and `validate` return its id in `rules`.
    pub fn new(id: impl Into<String>, outcome: Outcome) -> Self {
        Self {
            id: id.into(),
            outcome,
            action: None,
            conditions: Value::Bool(true),
        }
    }

    /// Limits the rule to actions of this code.
    pub fn action(mut self, code: impl Into<String>) -> Self {
        self.action = Some(code.into());
        self
    }

    /// Limits the rule by a condition in [JsonLogic](https://jsonlogic.com). The README lists the variables, such as
    /// `ip.isAnonymous`, `device.isNew`, `custom.NAME` and `email`.
    pub fn when(mut self, conditions: Value) -> Self {
        self.conditions = conditions;
        self
    }

    /// Sets the priority; the matching rule with the lowest number decides.
    pub(super) fn at(self, priority: i64) -> RuleText {
        RuleText {
            name: self.id.clone(),
            id: self.id,
            description: None,
            priority,
            action: self.action,
            outcome: self.outcome,
            is_active: true,
            methods: Resource::default(),
            conditions: self.conditions,
        }
    }
}

/// The outcome of the next action, for
/// [`AuthsignalTenant::set_next_outcome`](crate::AuthsignalTenant::set_next_outcome).
///
/// ```
/// use stepup_mock::{NextOutcome, Outcome};
///
/// let block = NextOutcome::new(Outcome::Block).user("ada").action("pay");
/// # let _ = block;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "an outcome does nothing until `set_next_outcome` takes it"]
pub struct NextOutcome {
    pub(super) outcome: Outcome,
    pub(super) user_id: Option<String>,
    pub(super) action: Option<String>,
}

impl NextOutcome {
    /// The outcome of the next action of any user.
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            user_id: None,
            action: None,
        }
    }

    /// Applies only to actions of this user.
    pub fn user(mut self, user_id: impl Into<String>) -> Self {
        self.user_id = Some(user_id.into());
        self
    }

    /// Applies only to actions with this code.
    pub fn action(mut self, code: impl Into<String>) -> Self {
        self.action = Some(code.into());
        self
    }
}
