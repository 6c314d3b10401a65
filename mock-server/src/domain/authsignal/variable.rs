//! The variables of rules: which names there are, and which ones a condition uses. Knows no action and no wire format.

use std::collections::BTreeSet;

use serde_json::Value;

use super::data_point::{DataPoints, ValueLists};
use super::rule::ITERATING;
use crate::likeness::Known;

/// Names of the vendor, as its published rules and the documentation of devices use them.
const OF_VENDOR: [&str; 10] = [
    "device.isBot",
    "device.isNew",
    "device.isRemembered",
    "ip.atypicalTravel",
    "ip.countryCode",
    "ip.countryCodeInOfacList",
    "ip.impossibleTravel",
    "ip.isAnonymous",
    "ip.location.country.countryCode",
    "user.hasPreviouslyVerified",
];

/// Names of this mock, for features of the portal whose names are unknown.
const OF_MOCK: [&str; 14] = [
    "action.code",
    "deviceId",
    "email",
    "ipAddress",
    "locale",
    "phoneNumber",
    "user.email",
    "user.enrolledVerificationMethods",
    "user.id",
    "user.isEnrolled",
    "user.phoneNumber",
    "user.username",
    "userAgent",
    "username",
];

/// Objects and arrays whose members are the application's own affair.
const OPEN: [&str; 2] = ["user.custom", "user.enrolledVerificationMethods"];

/// The names of the variables that a condition uses, as far as they stand in it. A name that is computed is not known
/// beforehand, and within `map` and its like a name is one of an element.
pub fn used(conditions: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    collect(conditions, &mut names);
    names
}

fn collect(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, names)),
        Value::Object(members) => {
            for (operator, arguments) in members {
                operate(operator, arguments, names);
            }
        }
        _ => {}
    }
}

fn operate(operator: &str, arguments: &Value, names: &mut BTreeSet<String>) {
    let list = arguments
        .as_array()
        .map_or_else(|| std::slice::from_ref(arguments), Vec::as_slice);
    match (operator, list) {
        ("var", [name, rest @ ..]) => {
            add(name, names);
            // A default, or a name that is computed.
            rest.iter()
                .chain([name])
                .for_each(|value| collect(value, names));
        }
        ("val", path) => {
            let steps: Option<Vec<_>> = path.iter().map(step).collect();
            match steps {
                Some(steps) => names.extend(Some(steps.join(".")).filter(|name| !name.is_empty())),
                None => path.iter().for_each(|value| collect(value, names)),
            }
        }
        ("missing", [Value::Array(list)]) => list.iter().for_each(|name| add(name, names)),
        ("missing", list) => list.iter().for_each(|name| add(name, names)),
        ("missing_some", [_, Value::Array(list)]) => {
            list.iter().for_each(|name| add(name, names));
        }
        (operator, [source, rest @ ..]) if ITERATING.contains(&operator) => {
            // The body is about an element; what is after it is the start of `reduce`.
            let start = rest.get(1..).unwrap_or_default();
            start
                .iter()
                .chain([source])
                .for_each(|value| collect(value, names));
        }
        (_, list) => list.iter().for_each(|value| collect(value, names)),
    }
}

/// Whether a condition can read what it does not name: by a name that is computed, all lists at once, or from within an
/// element what is outside of it.
pub fn reaches_further(conditions: &Value) -> bool {
    reaches(conditions, false)
}

fn reaches(value: &Value, is_within: bool) -> bool {
    let any = |values: &[Value], is_within| values.iter().any(|value| reaches(value, is_within));
    let members = match value {
        Value::Object(members) => members,
        Value::Array(elements) => return any(elements, is_within),
        _ => return false,
    };
    members.iter().any(|(operator, arguments)| {
        let list = arguments
            .as_array()
            .map_or_else(|| std::slice::from_ref(arguments), Vec::as_slice);
        let own = match (operator.as_str(), list) {
            ("var" | "val", []) => !is_within,
            ("var", [name, ..]) => !is_within && is_broad(name),
            ("val", [Value::Array(_), ..]) => true,
            ("val", [name]) => !is_within && is_broad(name),
            ("val", path) => !is_within && path.iter().any(|name| step(name).is_none()),
            ("missing", names) | ("missing_some", [_, names @ ..]) => {
                !is_within && names.iter().any(Value::is_object)
            }
            (operator, [source, body, start @ ..]) if ITERATING.contains(&operator) => {
                return reaches(source, is_within) || reaches(body, true) || any(start, is_within);
            }
            _ => false,
        };
        own || any(list, is_within)
    })
}

fn is_broad(name: &Value) -> bool {
    step(name).is_none_or(|name| name.is_empty() || name == "lists")
}

/// A step of a path, or nothing where it is computed or leads out of an element.
fn step(value: &Value) -> Option<String> {
    match value {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn add(name: &Value, names: &mut BTreeSet<String>) {
    names.extend(step(name).filter(|name| !name.is_empty()));
}

/// The names that a tenant's rules can use.
pub struct Names<'a> {
    lists: &'a ValueLists,
    points: &'a DataPoints,
    /// All of them, to suggest one; only once a name is unknown.
    known: Option<Known<String>>,
}

impl<'a> Names<'a> {
    /// Those of the vendor and of this mock, and of a tenant's lists and data points.
    pub fn new(lists: &'a ValueLists, points: &'a DataPoints) -> Self {
        Self {
            lists,
            points,
            known: None,
        }
    }

    /// Why nobody gives a variable a value, or nobody but this mock, if so: what is wrong with its name, and what to do.
    pub fn fault(&mut self, name: &str) -> Option<String> {
        if is_of_mock(name) {
            return Some(format!(
                "`{name}` is a name of this mock alone: the vendor's name for it is unknown, so do not take the rule to a real \
                 tenant as it is"
            ));
        }
        if is_known(name, self.lists, self.points) {
            return None;
        }
        let hint = self
            .nearest(name)
            .map_or(String::new(), |best| format!("; did you mean `{best}`?"));
        Some(match name.split_once('.') {
            Some(("lists", alias)) => {
                format!(
                    "the tenant has no value list `{alias}`, so `{name}` has no value: define the list{hint}"
                )
            }
            Some(("custom", point)) => {
                format!(
                    "the tenant has no custom data point `{point}`: define it, so that the mock can tell `{name}` from a misspelt name{hint}"
                )
            }
            _ => format!("no variable is called `{name}`, so it never has a value{hint}"),
        })
    }

    fn nearest(&mut self, name: &str) -> Option<&str> {
        let (lists, points) = (self.lists, self.points);
        let known = self.known.get_or_insert_with(|| {
            let lists = lists.iter().map(|(alias, _)| format!("lists.{alias}"));
            let points = points.iter().map(|(point, _)| format!("custom.{point}"));
            let fixed = OF_VENDOR.into_iter().chain(OF_MOCK).map(str::to_owned);
            Known::new(fixed.chain(lists).chain(points))
        });
        known.nearest(name)
    }
}

/// Whether one name is another or leads into it.
fn within(outer: &str, inner: &str) -> bool {
    let rest = inner.strip_prefix(outer);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether it is one of this mock's own names, or leads into what such a name stands for.
fn is_of_mock(name: &str) -> bool {
    OF_MOCK.contains(&name) || OPEN.iter().any(|open| within(open, name))
}

fn is_known(name: &str, lists: &ValueLists, points: &DataPoints) -> bool {
    let first = |rest: &str| rest.split('.').next().unwrap_or_default().to_owned();
    match name.split_once('.') {
        Some(("lists", rest)) => lists.get(rest).is_some() || lists.get(&first(rest)).is_some(),
        Some(("custom", rest)) => points.get(rest).is_some() || points.get(&first(rest)).is_some(),
        _ => {
            let mut known = OF_VENDOR.iter().chain(&OF_MOCK).chain(&["custom", "lists"]);
            known.any(|known| within(name, known))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::data_point::{
        DataPoint, DataPoints, DataType, ItemType, ModelType, ValueList, ValueLists,
    };
    use super::{Names, reaches_further, used};

    fn names(conditions: Value) -> Vec<String> {
        used(&conditions).into_iter().collect()
    }

    #[test]
    fn the_variables_of_a_condition_are_found_wherever_they_stand() {
        let conditions = json!({"and": [
            {"==": [{"var": "ip.isAnonymous"}, true]},
            {"in": [{"var": ["ip.countryCode", {"var": "custom.country"}]}, {"var": "lists.blocked"}]},
            {"!": {"val": ["device", "isNew"]}},
            {"some": [{"var": "user.enrolledVerificationMethods"}, {"==": [{"var": ""}, "SMS"]}]},
            {"missing": ["email", "username"]},
            {"missing_some": [1, ["locale"]]},
            {"var": {"cat": ["a", {"var": "deviceId"}]}},
        ]});
        assert_eq!(
            names(conditions),
            [
                "custom.country",
                "device.isNew",
                "deviceId",
                "email",
                "ip.countryCode",
                "ip.isAnonymous",
                "lists.blocked",
                "locale",
                "user.enrolledVerificationMethods",
                "username",
            ]
        );
        assert_eq!(names(json!({"var": ""})), Vec::<String>::new());
    }

    #[test]
    fn a_condition_that_may_read_what_it_does_not_name_is_told_from_others() {
        for further in [
            json!({"in": [1, {"var": {"cat": ["lists.", {"var": "custom.a"}]}}]}),
            json!({"missing": {"merge": [["lists.a"]]}}),
            json!({"!": {"var": "lists"}}),
            json!({"val": []}),
            json!({"val": ["lists", {"var": "custom.a"}]}),
            json!({"some": [{"var": "custom.a"}, {"in": [{"var": ""}, {"val": [[2], "lists", "a"]}]}]}),
            json!({"reduce": [{"var": "custom.a"}, {"var": "current"}, {"var": [{"var": "custom.b"}]}]}),
        ] {
            assert!(reaches_further(&further), "{further}");
        }
        for plain in [
            json!({"in": [{"var": "ip.countryCode"}, {"var": ["lists.a", []]}]}),
            json!({"some": [{"var": "lists.a"}, {"==": [{"var": ""}, {"val": ["a", 0]}]}]}),
            json!({"missing_some": [1, ["email", "username"]]}),
        ] {
            assert!(!reaches_further(&plain), "{plain}");
        }
        let start =
            json!({"reduce": [{"var": "custom.a"}, {"var": "current"}, {"var": "lists.b"}]});
        assert_eq!(names(start), ["custom.a", "lists.b"]);
    }

    #[test]
    fn a_variable_that_nobody_defines_is_named_with_the_nearest_that_is() {
        let (mut lists, mut points) = (ValueLists::default(), DataPoints::default());
        let list = ValueList {
            name: "Blocked".to_owned(),
            item_type: ItemType::String,
            items: None,
            is_active: true,
        };
        lists.put("blocked".to_owned(), list).unwrap();
        let point = DataPoint {
            id: "1".to_owned(),
            description: None,
            data_type: DataType::Number,
            model_type: ModelType::Action,
            is_public: None,
        };
        points.put("amount".to_owned(), point).unwrap();
        let mut names = Names::new(&lists, &points);
        let mut fault = |name: &str| names.fault(name);
        for known in [
            "ip",
            "ip.isAnonymous",
            "ip.location",
            "ip.location.country.countryCode",
            "custom",
            "custom.amount",
            "custom.amount.currency",
            "lists",
            "lists.blocked",
            "lists.blocked.0",
            "user",
            "user.hasPreviouslyVerified",
        ] {
            assert_eq!(fault(known), None, "{known}");
        }
        for own in [
            "user.custom",
            "user.custom.any",
            "user.enrolledVerificationMethods.0",
            "action.code",
            "email",
        ] {
            let fault = fault(own).unwrap();
            assert!(fault.contains("a name of this mock alone"), "{fault}");
        }
        for (slip, meant) in [
            ("ip.isAnonymus", "ip.isAnonymous"),
            ("device.isnew", "device.isNew"),
            ("custom.amuont", "custom.amount"),
            ("lists.bloked", "lists.blocked"),
            ("user.isEnroled", "user.isEnrolled"),
            ("email.length", "email"),
        ] {
            let fault = fault(slip).unwrap();
            let says = fault.contains(slip) && fault.contains(&format!("did you mean `{meant}`?"));
            assert!(says || slip == "email.length", "{fault}");
        }
        assert!(
            fault("wallet")
                .unwrap()
                .starts_with("no variable is called `wallet`")
        );
    }
}
