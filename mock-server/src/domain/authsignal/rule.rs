//! Rules: JsonLogic over the attributes of an action, as the vendor's are. The names of the variables are choices of
//! this mock; the vendor's are not published.

use std::collections::HashSet;
use std::fmt;

use datalogic_rs::{Engine, ErrorKind, Logic};
use serde_json::Value;

use super::vocabulary::Outcome;

/// A rule of a tenant.
pub struct Rule {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it stands among the others: the lowest decides.
    pub priority: i64,
    /// The action it is about; `None` matches every action.
    pub action: Option<String>,
    /// What it decides.
    pub outcome: Outcome,
    logic: Logic,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("id", &self.id)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}

/// What a rule is made of.
#[derive(Clone, Debug)]
pub struct RuleText {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where it stands among the others.
    pub priority: i64,
    /// The action it is about.
    pub action: Option<String>,
    /// What it decides.
    pub outcome: Outcome,
    /// The condition, JsonLogic.
    pub conditions: Value,
}

/// Rules in order of priority, and what evaluates them.
#[derive(Default)]
pub struct Rules {
    engine: Engine,
    rules: Vec<Rule>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.rules).finish()
    }
}

impl Rules {
    /// Compiles rules.
    ///
    /// # Errors
    /// A condition is not JsonLogic, or two rules of one action have the same priority.
    pub fn new(texts: Vec<RuleText>) -> Result<Self, String> {
        let engine = Engine::new();
        let mut rules = Vec::with_capacity(texts.len());
        for text in texts {
            let logic = engine
                .compile(text.conditions.to_string().as_str())
                .map_err(|error| {
                    format!("rule {}: conditions are not JsonLogic: {error}", text.id)
                })?;
            // The compiler lets unknown operators through; a first evaluation does not.
            let tried = engine.session().eval_into::<Value, _>(&logic, "{}");
            if let Err(error) = tried
                && matches!(error.kind, ErrorKind::InvalidOperator(_))
            {
                return Err(format!("rule {}: {error}", text.id));
            }
            let RuleText {
                id,
                name,
                description,
                priority,
                action,
                outcome,
                ..
            } = text;
            rules.push(Rule {
                id,
                name,
                description,
                priority,
                action,
                outcome,
                logic,
            });
        }
        rules.sort_by_key(|rule| rule.priority);
        let (mut places, mut ids) = (HashSet::new(), HashSet::new());
        for rule in &rules {
            if !places.insert((rule.priority, rule.action.as_deref())) {
                let Rule { id, priority, .. } = rule;
                return Err(format!(
                    "rule {id}: another rule of its action has the same priority {priority}"
                ));
            }
            if !ids.insert(rule.id.as_str()) {
                return Err(format!("rule {}: another rule has the same id", rule.id));
            }
        }
        Ok(Self { engine, rules })
    }

    /// Ids of the rules, by priority.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.id.as_str())
    }

    /// The rule of an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Whether there are any for an action.
    pub fn concerns(&self, action: &str) -> bool {
        self.rules.iter().any(|rule| rule.is_about(action))
    }

    /// The rules of an action with a true condition, by priority. A condition that cannot be evaluated does not hold.
    pub fn matching<'a>(&'a self, action: &str, known: &Value) -> Vec<&'a Rule> {
        let known = known.to_string();
        let holds = |rule: &&Rule| {
            rule.is_about(action)
                && self
                    .engine
                    .session()
                    .eval_into::<Value, _>(&rule.logic, known.as_str())
                    .is_ok_and(|value| is_true(&value))
        };
        self.rules.iter().filter(holds).collect()
    }
}

impl Rule {
    fn is_about(&self, action: &str) -> bool {
        self.action.as_deref().is_none_or(|about| about == action)
    }
}

/// JsonLogic's own notion of truth.
fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::vocabulary::Outcome;
    use super::{RuleText, Rules};

    fn rule(id: &str, priority: i64, action: Option<&str>, conditions: Value) -> RuleText {
        RuleText {
            id: id.into(),
            name: id.into(),
            description: None,
            priority,
            action: action.map(Into::into),
            outcome: Outcome::Block,
            conditions,
        }
    }

    #[test]
    fn rules_match_in_order_of_priority() {
        let large = json!({">": [{"var": "custom.amount"}, 100]});
        let rules = Rules::new(vec![
            rule("always", 2, None, json!({"==": [1, 1]})),
            rule("large", 1, Some("pay"), large),
            rule("other", 0, Some("signIn"), json!(true)),
        ])
        .unwrap();
        let ids = |known: Value| -> Vec<_> {
            rules
                .matching("pay", &known)
                .iter()
                .map(|rule| rule.id.as_str())
                .collect()
        };
        assert_eq!(ids(json!({"custom": {"amount": 101}})), ["large", "always"]);
        assert_eq!(ids(json!({"custom": {"amount": 1}})), ["always"]);
        assert_eq!(ids(json!({})), ["always"]);
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        let twins = vec![
            rule("a", 1, None, json!(true)),
            rule("b", 1, None, json!(true)),
        ];
        assert!(Rules::new(twins).unwrap_err().contains("same priority"));
        let apart = vec![
            rule("a", 1, Some("pay"), json!(true)),
            rule("b", 1, Some("signIn"), json!(true)),
            rule("c", 1, Some("pay"), json!(true)),
        ];
        assert!(Rules::new(apart).unwrap_err().contains("same priority"));
        let one_id = vec![
            rule("a", 1, None, json!(true)),
            rule("a", 2, None, json!(true)),
        ];
        assert!(Rules::new(one_id).unwrap_err().contains("same id"));
        let nonsense = vec![rule("a", 1, None, json!({"no such operator": [1]}))];
        assert!(Rules::new(nonsense).unwrap_err().contains("rule a"));
    }
}
