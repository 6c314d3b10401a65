//! Rules: JsonLogic over the attributes of an action, as the vendor's are. `variable` has the names that they can use.

use std::collections::{HashMap, HashSet};
use std::fmt;

use datalogic_rs::bumpalo::Bump;
use datalogic_rs::{DataValue, Logic};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::json_logic::{self, ENGINE};
use super::management::resource::Resource;
use super::variable::{self, Names};
use super::vocabulary::Outcome;
use crate::bounds::{
    RULE, RULE_BYTES, RULE_STEPS, RULES, RULES_PER_ACTION, SHOWN_VARIABLES, json_length, lengths,
    shallow,
};

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
    /// Whether it is tried.
    pub is_active: bool,
    /// The methods that it names.
    pub methods: Resource,
    /// The variables that its conditions name, in order.
    pub variables: Vec<String>,
    /// Whether they can read what they do not name.
    pub reaches_further: bool,
    logic: Logic,
    conditions: Conditions,
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
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
    /// Whether it is tried.
    pub is_active: bool,
    /// The methods that it names.
    pub methods: Resource,
    /// The condition, JsonLogic.
    pub conditions: Value,
}

impl RuleText {
    /// Bytes as JSON, without what every rule has.
    fn bytes(&self) -> usize {
        let texts = self.id.len() + self.name.len() + lengths([&self.description, &self.action]);
        texts + self.methods.bytes() + json_length(&self.conditions)
    }
}

/// The condition of a rule that has none.
pub const ALWAYS: Value = Value::Bool(true);

/// Rules in order of priority.
#[derive(Default)]
pub struct Rules {
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
    /// There are too many, a condition is not JsonLogic or costs too much, or two rules of one action have the same
    /// priority.
    pub fn new(texts: Vec<RuleText>) -> Result<Self, String> {
        few_enough(&texts)?;
        let mut rules = Vec::with_capacity(texts.len());
        for text in texts {
            shallow(&text.conditions)
                .map_err(|why| format!("rule {}: conditions: {why}", text.id))?;
            let conditions = Conditions::new(text.conditions);
            affordable(&conditions).map_err(|why| format!("rule {}: {why}", text.id))?;
            let logic = compiled(&conditions.logic);
            let logic = logic.map_err(|why| format!("rule {}: {why}", text.id))?;
            let RuleText {
                id,
                name,
                description,
                priority,
                action,
                outcome,
                is_active,
                methods,
                ..
            } = text;
            rules.push(Rule {
                id,
                name,
                description,
                priority,
                action,
                outcome,
                is_active,
                methods,
                variables: variable::used(&conditions.logic).into_iter().collect(),
                reaches_further: variable::reaches_further(&conditions.logic),
                logic,
                conditions,
            });
        }
        rules.sort_by_key(|rule| rule.priority);
        let (mut places, mut ids) = (HashSet::new(), HashSet::new());
        for rule in &rules {
            if !places.insert((rule.priority, rule.action.as_deref())) {
                let Rule { id, priority, .. } = rule;
                return Err(format!(
                    "rule {id}: another rule for the same action has priority {priority}, too"
                ));
            }
            if !ids.insert(rule.id.as_str()) {
                return Err(format!("rule {}: another rule has the same id", rule.id));
            }
        }
        Ok(Self { rules })
    }

    /// Ids of the rules, by priority.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.id.as_str())
    }

    /// The rules, by priority.
    pub fn iter(&self) -> impl Iterator<Item = &Rule> {
        self.rules.iter()
    }

    /// What the rules are made of, by priority.
    pub fn texts(&self) -> impl Iterator<Item = RuleText> {
        self.iter().map(Rule::text)
    }

    /// The rules that are tried for an action, by priority.
    pub fn about<'a>(&'a self, action: &'a str) -> impl Iterator<Item = &'a Rule> {
        self.rules.iter().filter(move |rule| rule.is_about(action))
    }

    /// The rule of an id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    /// Whether there are any for an action.
    pub fn concerns(&self, action: &str) -> bool {
        self.about(action).next().is_some()
    }

    /// Tries the rules of an action. A condition that cannot be evaluated does not hold, and neither does one that takes
    /// more steps than are left of [`RULE_STEPS`].
    pub fn tried<'a>(&'a self, action: &str, known: &Value) -> Tried<'a> {
        let (extent, members) = (Extent::of(known), members(known));
        let known = known.to_string();
        let memory = Bump::new();
        let mut tried = Tried::default();
        let Ok(facts) = DataValue::from_str(&known, &memory) else {
            // Facts are JSON.
            return tried;
        };
        let mut left = RULE_STEPS;
        for rule in self.rules.iter().filter(|rule| rule.is_about(action)) {
            let steps = Estimate::of(&rule.conditions, extent, members).steps;
            if steps > left {
                tried.skip(rule, format!(
                    "its conditions may take {steps} steps on these values, and {left} of {RULE_STEPS} are left for it; \
                     read shorter lists, or give the rule a lower priority number"
                ));
                continue;
            }
            left -= steps;
            // The value is only looked at: it may name the facts as often as there are elements, and a copy of it would
            // hold them all.
            let memory = Bump::new();
            match ENGINE.evaluate(&rule.logic, facts, &memory) {
                Ok(value) if is_true(value) => tried.holding.push(rule),
                Ok(_) => {}
                Err(error) => {
                    tried.skip(rule, format!("its conditions cannot be evaluated: {error}"))
                }
            }
        }
        tried
    }

    /// The rules of an action with a true condition, by priority.
    #[cfg(test)]
    fn matching<'a>(&'a self, action: &str, known: &Value) -> Vec<&'a Rule> {
        self.tried(action, known).holding
    }
}

/// What became of the rules of an action.
#[derive(Debug, Default)]
pub struct Tried<'a> {
    /// Those with a true condition, by priority.
    pub holding: Vec<&'a Rule>,
    /// Those that had no say.
    pub skipped: Vec<Skipped>,
}

/// A rule that had no say, though it is about the action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Skipped {
    /// Its id.
    pub rule_id: String,
    /// Why.
    pub why: String,
}

impl Tried<'_> {
    fn skip(&mut self, rule: &Rule, why: String) {
        let rule_id = rule.id.clone();
        self.skipped.push(Skipped { rule_id, why });
    }
}

/// Checks that a tenant has room for rules.
///
/// # Errors
/// It has none.
fn few_enough(texts: &[RuleText]) -> Result<(), String> {
    let count = texts.len();
    if count > RULES {
        return Err(format!(
            "there are {count} rules; a tenant has at most {RULES}"
        ));
    }
    let mut about: HashMap<Option<&str>, usize> = HashMap::new();
    for text in texts {
        *about.entry(text.action.as_deref()).or_default() += 1;
    }
    if let Some((action, count)) = about.iter().find(|(_, count)| **count > RULES_PER_ACTION) {
        let whose = action.map_or_else(
            || "every action".to_owned(),
            |action| format!("action {action}"),
        );
        return Err(format!(
            "there are {count} rules for {whose}; at most {RULES_PER_ACTION} are allowed"
        ));
    }
    let bytes: usize = texts.iter().map(RuleText::bytes).sum();
    if bytes > RULE_BYTES {
        return Err(format!(
            "all rules would take {bytes} bytes; they may take at most {RULE_BYTES}"
        ));
    }
    Ok(())
}

fn compiled(conditions: &Value) -> Result<Logic, String> {
    let translated = json_logic::translated(conditions)?.to_string();
    let logic = ENGINE.compile(translated.as_str());
    logic.map_err(|error| format!("conditions are not JsonLogic: {error}"))
}

impl Rule {
    /// What is wrong with the names of its variables.
    pub fn faults(&self, names: &mut Names<'_>) -> Vec<String> {
        let variables = self.variables.iter();
        let faults = variables.filter_map(|name| names.fault(name));
        faults.take(SHOWN_VARIABLES).collect()
    }

    /// Why it has no say, if the value lists that it reads are this long: bytes as JSON, and values of the longest. No
    /// rule is refused for it, because a list may change after the rule.
    pub fn overload(&self, bytes: u64, longest: u64) -> Option<String> {
        let width = LIKELY_WIDTH.max(longest);
        let facts = Extent {
            bytes: LIKELY_FACTS.saturating_add(bytes),
            own: width,
            width,
        };
        let steps = Estimate::of(&self.conditions, facts, LIKELY_WIDTH).steps;
        (steps > RULE_STEPS).then(|| {
            format!(
                "conditions may take {steps} steps on value lists as long as these, and at most {RULE_STEPS} are \
                 allowed, so the rule may have no say; make the lists shorter, or iterate over fewer of them"
            )
        })
    }

    /// Whether it is tried for an action.
    fn is_about(&self, action: &str) -> bool {
        self.is_active && self.action.as_deref().is_none_or(|about| about == action)
    }

    /// Its conditions; none if it always matches.
    pub fn own_conditions(&self) -> Option<Map<String, Value>> {
        self.conditions.logic.as_object().cloned()
    }

    fn text(&self) -> RuleText {
        RuleText {
            id: self.id.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            priority: self.priority,
            action: self.action.clone(),
            outcome: self.outcome,
            is_active: self.is_active,
            methods: self.methods.clone(),
            conditions: self.conditions.logic.clone(),
        }
    }
}

/// Operators that run their other arguments once for each element of their first.
pub(super) const ITERATING: [&str; 6] = ["all", "filter", "map", "none", "reduce", "some"];
/// Operators that look at no more of a value than whether it is true, or pass it on.
const LIGHT: [&str; 6] = ["!", "!!", "?:", "and", "if", "or"];
/// Operators that compare whole values, or look at every element of their arguments.
const GOING_THROUGH: [&str; 16] = [
    "!=", "!==", "%", "*", "+", "-", "/", "<", "<=", "==", "===", ">", ">=", "in", "max", "min",
];
/// Elements of an array that a rule must be able to go through.
const LIKELY_WIDTH: u64 = 100;
/// Bytes of the facts that a rule must be able to deal with.
const LIKELY_FACTS: u64 = 1024;
/// Bytes of a very large or small number as text: `1e-300` becomes one of 302 digits.
const NUMBER: u64 = 330;

/// The conditions of a rule, and what an estimate needs of them on every evaluation.
struct Conditions {
    logic: Value,
    /// Bytes as JSON.
    length: usize,
}

impl Conditions {
    fn new(logic: Value) -> Self {
        Self {
            length: json_length(&logic),
            logic,
        }
    }
}

/// How large a value is at the most.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    /// Bytes as JSON, with numbers written out.
    bytes: u64,
    /// Elements or members of its own.
    own: u64,
    /// Elements of the longest array, or members of the longest object, in it.
    width: u64,
}

impl Extent {
    fn of(value: &Value) -> Self {
        let width = width(value);
        Self {
            bytes: written(value),
            own: width,
            width,
        }
    }

    fn text(bytes: u64) -> Self {
        Self {
            bytes,
            ..Self::default()
        }
    }

    /// Anything in it.
    fn within(self) -> Self {
        Self {
            own: self.width,
            ..self
        }
    }

    /// One that is as large as both of them.
    fn or(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.max(other.bytes),
            own: self.own.max(other.own),
            width: self.width.max(other.width),
        }
    }
}

/// Bytes of a value as JSON, with numbers written out as the engine does.
fn written(value: &Value) -> u64 {
    let size = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    match value {
        Value::Number(number) => match number.as_f64().map(f64::abs) {
            Some(amount) if amount == 0.0 || (1e-5..1e16).contains(&amount) => {
                size(json_length(value))
            }
            _ => NUMBER,
        },
        Value::Array(elements) => elements
            .iter()
            .fold(2, |all, element| all + 1 + written(element)),
        // As a text it is `[object Object]`, which may be longer.
        Value::Object(members) => members.iter().fold(16, |all, (name, member)| {
            let escaped = name.bytes().map(|byte| match byte {
                0..0x20 => 6,
                b'"' | b'\\' => 2,
                _ => 1,
            });
            all + 4 + escaped.sum::<u64>() + written(member)
        }),
        other => size(json_length(other)),
    }
}

/// How many steps a condition takes at the most. The engine itself has no limit, so this is found out beforehand.
struct Estimate {
    /// What it costs to find a member of the facts.
    lookup: u64,
    steps: u64,
}

impl Estimate {
    /// For facts that are this large, and whose longest object has so many members.
    fn of(conditions: &Conditions, facts: Extent, members: u64) -> Self {
        let mut estimate = Self {
            lookup: 1 + members / 64,
            steps: 0,
        };
        estimate.weigh(&conditions.logic, 1, facts);
        estimate
    }

    fn count(&mut self, times: u64, steps: u64) {
        self.steps = self.steps.saturating_add(times.saturating_mul(steps));
    }

    /// Counts a value that is evaluated so many times, where no variable is larger than `reach`. Returns how large the
    /// result is.
    fn weigh(&mut self, value: &Value, times: u64, reach: Extent) -> Extent {
        match value {
            Value::Object(members) => {
                members
                    .iter()
                    .fold(Extent::default(), |all, (operator, arguments)| {
                        let list = arguments
                            .as_array()
                            .map_or_else(|| std::slice::from_ref(arguments), Vec::as_slice);
                        all.or(self.operate(operator, list, times, reach))
                    })
            }
            Value::Array(elements) => {
                self.count(times, 1);
                let inner = self.weigh_all(elements, times, reach);
                Extent {
                    bytes: inner.sum.bytes.saturating_add(2),
                    own: inner.count,
                    width: inner.largest.width.max(inner.count),
                }
            }
            other => {
                self.count(times, 1);
                Extent::of(other)
            }
        }
    }

    fn weigh_all(&mut self, values: &[Value], times: u64, reach: Extent) -> All {
        let mut all = All::default();
        for value in values {
            let one = self.weigh(value, times, reach);
            all.count += 1;
            all.largest = all.largest.or(one);
            all.sum.bytes = all.sum.bytes.saturating_add(one.bytes).saturating_add(1);
            all.sum.own = all.sum.own.saturating_add(one.own.max(1));
        }
        all.sum.width = all.sum.own.max(all.largest.width);
        all
    }

    fn operate(&mut self, operator: &str, list: &[Value], times: u64, reach: Extent) -> Extent {
        if ITERATING.contains(&operator)
            && let [source, body, rest @ ..] = list
        {
            let source = self.weigh(source, times, reach);
            let start = self.weigh_all(rest, times, reach).largest;
            self.count(times, 1 + source.own);
            // An element, and the accumulator, are variables within the body.
            let reach = reach.or(source).or(start);
            let result = self.weigh(body, times.saturating_mul(source.own), reach);
            return match operator {
                "map" => Extent {
                    bytes: result
                        .bytes
                        .saturating_add(1)
                        .saturating_mul(source.own)
                        .saturating_add(2),
                    own: source.own,
                    width: source.own.max(result.width),
                },
                // `no_growth` keeps the body from making more of the accumulator.
                "reduce" => reach.or(result).within(),
                _ => source,
            };
        }
        let All { sum, largest, .. } = self.weigh_all(list, times, reach);
        if matches!(operator, "var" | "val") {
            self.count(times, self.lookup);
            return reach.or(largest).within();
        }
        if LIGHT.contains(&operator) {
            self.count(times, 1);
            return largest;
        }
        if GOING_THROUGH.contains(&operator) {
            self.count(times, 1 + sum.bytes / 16);
            return Extent::text(NUMBER);
        }
        if matches!(operator, "missing" | "missing_some") {
            self.count(times, 1 + (sum.bytes / 2).saturating_mul(self.lookup));
            return sum;
        }
        // What is left copies its arguments, or writes them out. An element takes two bytes at the least.
        self.count(times, 1 + sum.bytes / 2);
        match operator {
            "merge" => sum,
            // As JSON, quotes and backslashes of the text take two bytes.
            _ => Extent::text(sum.bytes.saturating_mul(2)),
        }
    }
}

/// How large several values are.
#[derive(Default)]
struct All {
    count: u64,
    largest: Extent,
    /// Of an array that holds the elements of each.
    sum: Extent,
}

/// The number of elements of the longest array in a value, or of members of the longest object.
fn width(value: &Value) -> u64 {
    let longest = |values: &mut dyn Iterator<Item = &Value>| values.map(width).max().unwrap_or(0);
    match value {
        Value::Array(elements) => {
            let own = u64::try_from(elements.len()).unwrap_or(u64::MAX);
            own.max(longest(&mut elements.iter()))
        }
        // `map` and its like go through the members of an object, too.
        Value::Object(members) => {
            let own = u64::try_from(members.len()).unwrap_or(u64::MAX);
            own.max(longest(&mut members.values()))
        }
        _ => 0,
    }
}

/// The number of members of the longest object in a value.
fn members(value: &Value) -> u64 {
    match value {
        Value::Array(elements) => elements.iter().map(members).max().unwrap_or(0),
        Value::Object(own) => {
            let inner = own.values().map(members).max().unwrap_or(0);
            inner.max(u64::try_from(own.len()).unwrap_or(u64::MAX))
        }
        _ => 0,
    }
}

/// Whether a condition keeps to the bounds whatever it is evaluated on, and takes few enough steps on likely facts.
///
/// # Errors
/// It does not, and why.
fn affordable(conditions: &Conditions) -> Result<(), String> {
    let length = conditions.length;
    if length > RULE {
        return Err(format!(
            "conditions are {length} bytes of JSON; they must be at most {RULE}"
        ));
    }
    no_growth(&conditions.logic)?;
    let likely = Extent {
        bytes: LIKELY_FACTS,
        own: LIKELY_WIDTH,
        width: LIKELY_WIDTH,
    };
    let steps = Estimate::of(conditions, likely, LIKELY_WIDTH).steps;
    if steps > RULE_STEPS {
        return Err(format!(
            "conditions take too many steps: {steps} on arrays of {LIKELY_WIDTH} elements, and at most {RULE_STEPS} are \
             allowed; nest `map`, `filter`, `reduce`, `all`, `some` and `none` less deep, or give `cat` and `merge` fewer \
             arguments"
        ));
    }
    Ok(())
}

/// Refuses what could make arrays or texts that are longer than all facts together: the estimate does not know these.
fn no_growth(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            for (operator, arguments) in members {
                let list = arguments.as_array().map_or(&[][..], Vec::as_slice);
                if ITERATING.contains(&operator.as_str()) {
                    let source = list.first();
                    if source.is_some_and(|source| mentions(source, &["merge", "reduce"])) {
                        return Err(format!(
                            "the first argument of `{operator}` must not use `merge` or `reduce`"
                        ));
                    }
                }
                if operator == "merge" && mentions(arguments, &ITERATING) {
                    return Err(
                        "an argument of `merge` must not use `map`, `filter`, `reduce`, `all`, `some` or `none`"
                            .to_owned(),
                    );
                }
                if operator == "reduce"
                    && let Some(body) = list.get(1)
                {
                    grows_by_little(body)?;
                }
                no_growth(arguments)?;
            }
            Ok(())
        }
        Value::Array(elements) => elements.iter().try_for_each(no_growth),
        _ => Ok(()),
    }
}

/// Whether the body of a `reduce` cannot make more of its accumulator than one of them.
fn grows_by_little(body: &Value) -> Result<(), String> {
    let growing = ["cat", "merge"];
    if mentions(body, &ITERATING) || mentions(body, &growing) {
        return Err(
            "the second argument of `reduce` must not use `cat`, `merge`, or another operator that iterates".to_owned(),
        );
    }
    if has_literal_array(body) {
        return Err(
            "the second argument of `reduce` must not make an array: each element would make it longer".to_owned(),
        );
    }
    Ok(())
}

/// Whether one of these operators occurs.
fn mentions(value: &Value, operators: &[&str]) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(operator, arguments)| {
            operators.contains(&operator.as_str()) || mentions(arguments, operators)
        }),
        Value::Array(elements) => elements.iter().any(|element| mentions(element, operators)),
        _ => false,
    }
}

/// Whether an array occurs that is a value of its own, and not the arguments of an operator.
fn has_literal_array(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.values().any(|arguments| match arguments {
            Value::Array(arguments) => arguments.iter().any(has_literal_array),
            other => has_literal_array(other),
        }),
        Value::Array(_) => true,
        _ => false,
    }
}

/// JsonLogic's own notion of truth.
fn is_true(value: &DataValue<'_>) -> bool {
    match value {
        DataValue::Null => false,
        DataValue::Bool(value) => *value,
        DataValue::Number(number) => number.as_f64() != 0.0 && !number.is_nan(),
        DataValue::String(text) => !text.is_empty(),
        DataValue::Array(items) => !items.is_empty(),
        DataValue::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::vocabulary::Outcome;
    use super::{RULE, RULE_BYTES, RULES, RULES_PER_ACTION, RuleText, Rules};

    fn rule(id: &str, priority: i64, action: Option<&str>, conditions: Value) -> RuleText {
        RuleText {
            id: id.into(),
            name: id.into(),
            description: None,
            priority,
            action: action.map(Into::into),
            outcome: Outcome::Block,
            is_active: true,
            methods: Default::default(),
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
    fn a_rule_that_takes_too_many_steps_is_refused_with_words() {
        let items = json!({"var": "custom.items"});
        let nested = |depth: usize| {
            (0..depth).fold(json!({"var": ""}), |body, _| json!({"map": [items, body]}))
        };
        let refused =
            |conditions: Value| Rules::new(vec![rule("r", 1, None, conditions)]).unwrap_err();
        for depth in 1..=2 {
            assert!(Rules::new(vec![rule("r", 1, None, nested(depth))]).is_ok());
        }
        assert!(refused(nested(3)).contains("too many steps"));
        let long = json!({"==": ["x".repeat(5000), 1]});
        assert!(refused(long).contains("at most 4096"));
        let accumulator = json!({"var": "accumulator"});
        for (growing, why) in [
            (
                json!({"reduce": [items, {"merge": [accumulator, accumulator]}, []]}),
                "second argument",
            ),
            (
                json!({"reduce": [items, [accumulator, accumulator], 1]}),
                "make an array",
            ),
            (
                json!({"map": [{"merge": [items, items]}, 1]}),
                "first argument",
            ),
            (
                json!({"merge": [{"map": [items, items]}]}),
                "an argument of `merge`",
            ),
        ] {
            assert!(refused(growing.clone()).contains(why), "{growing}");
        }
        let sum =
            json!({">": [{"reduce": [items, {"+": [{"var": "current"}, accumulator]}, 0]}, 5]});
        assert!(Rules::new(vec![rule("r", 1, None, sum)]).is_ok());
    }

    #[test]
    fn each_action_has_as_many_rules_as_priorities_and_all_rules_have_bounds() {
        let of = |action: Option<usize>, count: usize, conditions: &Value| {
            let code = action.map(|action| format!("a{action}"));
            let rules = (0..count).map(|at| {
                let id = format!("{action:?}-{at}");
                rule(
                    &id,
                    at.try_into().unwrap(),
                    code.as_deref(),
                    conditions.clone(),
                )
            });
            rules.collect::<Vec<_>>()
        };
        let of_actions = |actions: usize, conditions: &Value| {
            let rules = (0..actions).flat_map(|at| of(Some(at), RULES_PER_ACTION, conditions));
            rules.collect::<Vec<_>>()
        };
        let always = json!(true);
        let most = of_actions(RULES / RULES_PER_ACTION, &always);
        assert!(Rules::new(most.clone()).is_ok());
        let refused = |rules: Vec<RuleText>| Rules::new(rules).unwrap_err();
        let one_more = [most, of(None, 1, &always)].concat();
        assert!(refused(one_more).contains("a tenant has at most 1000"));
        let many = refused(of(Some(1), RULES_PER_ACTION + 1, &always));
        assert_eq!(
            many,
            "there are 101 rules for action a1; at most 100 are allowed"
        );
        let many = refused(of(None, RULES_PER_ACTION + 1, &always));
        assert!(many.contains("for every action"), "{many}");
        let long = json!({"==": ["x".repeat(RULE - 20), 1]});
        let actions = RULE_BYTES / RULE / RULES_PER_ACTION + 1;
        let large = refused(of_actions(actions, &long));
        assert!(large.contains("at most 1048576"), "{large}");
    }

    #[test]
    fn a_rule_does_not_match_where_the_facts_make_it_take_too_many_steps() {
        let items = json!({"var": "custom.items"});
        let twice = json!({"map": [items, {"map": [items, 1]}]});
        let rules = Rules::new(vec![
            rule("twice", 1, None, twice),
            rule("always", 2, None, json!({"==": [1, 1]})),
        ]);
        let rules = rules.unwrap();
        let matching = |count: usize| {
            let known = json!({"custom": {"items": vec![1; count]}});
            let matching = rules.matching("pay", &known);
            let ids = matching.iter().map(|rule| rule.id.clone());
            ids.collect::<Vec<_>>()
        };
        assert_eq!(matching(50), ["twice", "always"]);
        assert_eq!(matching(8_000), ["always"]);
    }

    #[test]
    fn a_rule_that_has_no_say_is_named_with_the_reason() {
        let items = json!({"var": "custom.items"});
        let twice = json!({"map": [items, {"map": [items, 1]}]});
        let rules = Rules::new(vec![rule("twice", 1, None, twice)]).unwrap();
        let tried = |count: usize| {
            let known = json!({"custom": {"items": vec![1; count]}});
            rules.tried("pay", &known).skipped
        };
        assert_eq!(tried(50), []);
        let skipped = tried(8_000);
        assert_eq!(skipped[0].rule_id, "twice");
        let why = &skipped[0].why;
        assert!(why.contains("400000 of 400000 are left"), "{why}");
        let rule = rules.get("twice").unwrap();
        assert_eq!(rule.overload(1_000, 100), None);
        assert!(
            rule.overload(16_000, 1_000)
                .unwrap()
                .contains("have no say")
        );
    }

    #[test]
    fn what_a_text_is_put_together_from_counts_once_for_each_argument() {
        let cat =
            |variable: &str, times: usize| json!({"cat": vec![json!({"var": variable}); times]});
        let rules = (0..47).map(|at| rule(&at.to_string(), at, None, cat("custom.a", 200)));
        let rules = Rules::new(rules.collect()).unwrap();
        let matching = |a: Value| rules.matching("pay", &json!({"custom": {"a": a}})).len();
        assert_eq!(matching(json!("x")), 47);
        assert_eq!(matching(json!(vec![json!([]); 5_000])), 0);
        // Each of these numbers becomes a text of 302 digits.
        assert_eq!(matching(json!(vec![1e-300; 100])), 0);
        assert_eq!(matching(json!(vec![1; 10])), 47);
    }

    #[test]
    fn a_text_that_is_put_together_of_texts_that_are_has_a_bound() {
        // Five levels of 15 arguments each would make a text of gigabytes.
        let level = |inner: Value| json!({"map": [[inner], {"cat": vec![json!({"var": ""}); 15]}]});
        let deep = (0..5).fold(json!({"var": "custom.a"}), |inner, _| level(inner));
        let why = Rules::new(vec![rule("deep", 1, None, deep)]).unwrap_err();
        assert!(why.contains("fewer arguments"), "{why}");
        let once = level(json!({"var": "custom.a"}));
        assert!(Rules::new(vec![rule("once", 1, None, once)]).is_ok());
    }

    #[test]
    fn a_value_that_holds_the_facts_many_times_is_not_copied() {
        // A copy would take gigabytes.
        let all = json!({"map": [{"var": "custom.items"}, {"val": [[-2], "custom"]}]});
        let rules = Rules::new(vec![rule("all", 1, None, all)]).unwrap();
        let known = json!({"custom": {"items": vec![1; 8_000]}});
        assert_eq!(rules.matching("pay", &known).len(), 1);
    }

    #[test]
    fn the_rules_of_an_action_share_its_steps() {
        let items = json!({"var": "custom.items"});
        let twice = json!({"map": [items, {"map": [items, 1]}]});
        let rules = (0..RULES_PER_ACTION)
            .map(|at| rule(&at.to_string(), at.try_into().unwrap(), None, twice.clone()));
        let rules = Rules::new(rules.collect()).unwrap();
        let known = json!({"custom": {"items": vec![1; 300]}});
        let matching = rules.matching("pay", &known).len();
        assert!((1..RULES_PER_ACTION).contains(&matching), "{matching}");
    }

    #[test]
    fn every_standard_operator_is_known() {
        let yes = || json!({"var": "yes"});
        for holds in [
            json!({"==": [1, "1"]}),
            json!({"===": [1, 1]}),
            json!({"!=": [1, 2]}),
            json!({"!==": [1, "1"]}),
            json!({"<": [1, 2, 3]}),
            json!({"<=": [1, 1, 2]}),
            json!({">": [2, 1]}),
            json!({">=": [2, 2]}),
            json!({"!": {"var": "no"}}),
            json!({"!!": [yes()]}),
            json!({"if": [false, false, yes(), true, false]}),
            json!({"?:": [yes(), true, false]}),
            json!({"and": [yes(), {"or": [false, yes()]}]}),
            json!({"==": [{"missing": ["yes", "nowhere"]}, "nowhere"]}),
            json!({"!": {"missing_some": [1, ["yes", "nowhere"]]}}),
            json!({"some": [{"var": "items"}, {"==": [{"var": ""}, 2]}]}),
            json!({"all": [{"var": "items"}, {">": [{"var": ""}, 0]}]}),
            json!({"none": [{"var": "items"}, {">": [{"var": ""}, 3]}]}),
            json!({"in": [2, {"var": "items"}]}),
            json!({"in": ["pri", "Springfield"]}),
            json!({"==": [{"cat": ["a", "b"]}, "ab"]}),
            json!({"==": [{"substr": ["abc", 1]}, "bc"]}),
            json!({"==": [{"max": [1, 3, 2]}, 3]}),
            json!({"==": [{"min": [1, 3, 2]}, 1]}),
            json!({"==": [{"+": [1, 2]}, {"-": [5, 2]}]}),
            json!({"==": [{"*": [2, 3]}, {"/": [12, 2]}]}),
            json!({"==": [{"%": [7, 4]}, 3]}),
            json!({"==": [{"map": [{"var": "items"}, {"*": [{"var": ""}, 2]}]}, "2,4,6"]}),
            json!({"==": [{"filter": [{"var": "items"}, {">": [{"var": ""}, 2]}]}, 3]}),
            json!({"==": [{"reduce": [{"var": "items"}, {"+": [{"var": "current"}, {"var": "accumulator"}]}, 0]}, 6]}),
            json!({"==": [{"merge": [[1], [2]]}, "1,2"]}),
        ] {
            let rules = Rules::new(vec![rule("r", 1, None, holds.clone())]);
            let rules = rules.unwrap_or_else(|why| panic!("{holds}: {why}"));
            let known = json!({"yes": true, "no": false, "items": [1, 2, 3]});
            assert_eq!(rules.matching("pay", &known).len(), 1, "{holds}");
        }
    }

    #[test]
    fn rules_that_cannot_be_are_refused() {
        let twins = vec![
            rule("a", 1, None, json!(true)),
            rule("b", 1, None, json!(true)),
        ];
        assert!(Rules::new(twins).unwrap_err().contains("has priority"));
        let apart = vec![
            rule("a", 1, Some("pay"), json!(true)),
            rule("b", 1, Some("signIn"), json!(true)),
            rule("c", 1, Some("pay"), json!(true)),
        ];
        assert!(Rules::new(apart).unwrap_err().contains("has priority"));
        let one_id = vec![
            rule("a", 1, None, json!(true)),
            rule("a", 2, None, json!(true)),
        ];
        assert!(Rules::new(one_id).unwrap_err().contains("same id"));
        let nonsense = vec![rule("a", 1, None, json!({"no such operator": [1]}))];
        assert!(Rules::new(nonsense).unwrap_err().contains("rule a"));
    }
}
