//! Value lists and custom data points, which rules name as `lists.ALIAS` and `custom.NAME`. Knows no rule and no wire
//! format.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bounds::{DATA_POINTS, LIST_BYTES, LIST_VALUES, LISTS, PARAMETER, json_length};
use crate::domain::custom::Custom;

/// Whether a variable can name a list of this alias, or a data point of this name: a dot would lead into a value.
///
/// # Errors
/// None can.
pub fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.contains('.') {
        return Err(format!(
            "`{name}` cannot be part of a variable, in which dots separate names; use letters, digits, hyphens and \
             underscores"
        ));
    }
    Ok(())
}

/// What the values of a list are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ItemType {
    /// Texts.
    String,
    /// Numbers.
    Number,
}

/// A value list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValueList {
    /// Its name.
    pub name: String,
    /// What its values are.
    pub item_type: ItemType,
    /// The values, if any were set.
    pub items: Option<Vec<Value>>,
    /// Whether it is active. The vendor documents that this has no effect.
    pub is_active: bool,
}

impl ValueList {
    /// A list of texts or of numbers. Its name is the alias if it has no other.
    ///
    /// # Errors
    /// It has both.
    pub fn of(
        alias: &str,
        name: Option<String>,
        items: Option<Vec<String>>,
        numbers: Option<Vec<f64>>,
    ) -> Result<Self, &'static str> {
        if items.is_some() && numbers.is_some() {
            return Err("a list has `items` or `numbers`, not both");
        }
        let item_type = match numbers {
            Some(_) => ItemType::Number,
            None => ItemType::String,
        };
        let numbers = numbers.map(|all| all.into_iter().map(number).collect());
        let items = items.map(|all| all.into_iter().map(Value::from).collect());
        Ok(Self {
            name: name
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| alias.to_owned()),
            item_type,
            items: numbers.or(items),
            is_active: true,
        })
    }
}

impl ValueList {
    /// The values.
    pub fn items(&self) -> &[Value] {
        self.items.as_deref().unwrap_or_default()
    }
}

/// Checks that a path can carry a name, so that the Management API can change and delete what has it.
///
/// # Errors
/// It is too long.
pub fn addressable(what: &str, name: &str) -> Result<(), String> {
    if name.len() > PARAMETER {
        return Err(format!(
            "the {what} would have a name of {} bytes in paths; it must have at most {PARAMETER}",
            name.len()
        ));
    }
    Ok(())
}

/// A number as a rule compares it: without a fraction, as a whole number.
fn number(number: f64) -> Value {
    let written = number.to_string().parse();
    written.unwrap_or_else(|_| Value::from(number))
}

/// The value lists of a tenant, by alias.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ValueLists(BTreeMap<String, ValueList>);

impl ValueLists {
    /// Sets the list of an alias.
    ///
    /// # Errors
    /// No variable can say the alias, or there are too many lists, or too many or too long values. Nothing changes then.
    pub fn put(&mut self, alias: String, list: ValueList) -> Result<(), String> {
        check_name(&alias)?;
        addressable("value list", &alias)?;
        let count = list.items().len();
        if count > LIST_VALUES {
            return Err(format!(
                "value list {alias} has {count} values; a list has at most {LIST_VALUES}"
            ));
        }
        if self.0.len() >= LISTS && !self.0.contains_key(&alias) {
            return Err(format!("a tenant has at most {LISTS} value lists"));
        }
        let others = self.0.iter().filter(|(other, _)| **other != alias);
        let bytes = others.fold(bytes(&alias, &list), |all, (alias, list)| {
            all + bytes(alias, list)
        });
        if bytes > LIST_BYTES {
            return Err(format!(
                "value list {alias}: all lists would take {bytes} bytes; they may take at most {LIST_BYTES}"
            ));
        }
        self.0.insert(alias, list);
        Ok(())
    }

    /// The list of an alias.
    pub fn get(&self, alias: &str) -> Option<&ValueList> {
        self.0.get(alias)
    }

    /// Removes the list of an alias.
    pub fn remove(&mut self, alias: &str) -> Option<ValueList> {
        self.0.remove(alias)
    }

    /// All lists, by alias.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ValueList)> {
        self.0.iter().map(|(alias, list)| (alias.as_str(), list))
    }
}

fn bytes(alias: &str, list: &ValueList) -> usize {
    alias.len()
        + list.name.len()
        + list
            .items()
            .iter()
            .map(|item| json_length(item) + 1)
            .sum::<usize>()
}

/// What the values of a custom data point are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum DataType {
    /// A text.
    #[default]
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// Several texts.
    Multiselect,
}

impl DataType {
    /// Every type.
    pub const ALL: [Self; 4] = [Self::Text, Self::Number, Self::Boolean, Self::Multiselect];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Multiselect => "multiselect",
        }
    }
}

/// What a custom data point describes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ModelType {
    /// An action.
    #[default]
    Action,
    /// A user.
    User,
}

impl ModelType {
    /// Every type.
    pub const ALL: [Self; 2] = [Self::Action, Self::User];

    /// The vendor's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::User => "user",
        }
    }
}

/// A custom data point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DataPoint {
    /// Its id.
    pub id: String,
    /// What it is for.
    pub description: Option<String>,
    /// What its values are.
    pub data_type: DataType,
    /// What it describes.
    pub model_type: ModelType,
    /// Whether apps and pages of the user may see its value; `None` if nobody said so, which means no.
    pub is_public: Option<bool>,
}

/// The custom data points of a tenant, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataPoints(BTreeMap<String, DataPoint>);

impl DataPoints {
    /// Sets the data point of a name.
    ///
    /// # Errors
    /// No variable can say the name, or there are too many. Nothing changes then.
    pub fn put(&mut self, name: String, point: DataPoint) -> Result<(), String> {
        check_name(&name)?;
        if self.0.len() >= DATA_POINTS && !self.0.contains_key(&name) {
            return Err(format!(
                "a tenant has at most {DATA_POINTS} custom data points"
            ));
        }
        self.0.insert(name, point);
        Ok(())
    }

    /// The data point of a name.
    pub fn get(&self, name: &str) -> Option<&DataPoint> {
        self.0.get(name)
    }

    /// Removes the data point of a name.
    pub fn remove(&mut self, name: &str) -> Option<DataPoint> {
        self.0.remove(name)
    }

    /// All data points, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &DataPoint)> {
        self.0.iter().map(|(name, point)| (name.as_str(), point))
    }

    /// What apps of the user may see of data: the public data points of that model. `None` if there is none.
    pub fn public(&self, model: ModelType, data: &Custom) -> Option<Custom> {
        let is_public = |name: &str| {
            let point = self.0.get(name).filter(|point| point.model_type == model);
            point.is_some_and(|point| point.is_public == Some(true))
        };
        if !self.iter().any(|(name, _)| is_public(name)) {
            return None;
        }
        data.only(is_public)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{DATA_POINTS, DataPoint, DataPoints, DataType, ItemType, LIST_VALUES, LISTS};
    use super::{ModelType, ValueList, ValueLists};
    use crate::domain::custom::Custom;

    fn list(items: Vec<Value>) -> ValueList {
        ValueList {
            name: "List".to_owned(),
            item_type: ItemType::String,
            items: Some(items),
            is_active: true,
        }
    }

    #[test]
    fn lists_have_bounds_and_one_that_is_refused_changes_nothing() {
        let mut lists = ValueLists::default();
        lists.put("a".to_owned(), list(vec![json!("x")])).unwrap();
        let before = lists.clone();
        let many = lists.put("a".to_owned(), list(vec![json!(1); LIST_VALUES + 1]));
        assert!(many.unwrap_err().contains("at most 10000"));
        let long = lists.put("b".to_owned(), list(vec![json!("x".repeat(300)); 4_000]));
        assert!(long.unwrap_err().contains("at most 1048576"));
        let dotted = lists.put("blocked.countries".to_owned(), list(Vec::new()));
        assert!(dotted.unwrap_err().contains("dots separate names"));
        assert_eq!(lists, before);
        for number in 1..LISTS {
            lists.put(number.to_string(), list(Vec::new())).unwrap();
        }
        assert!(lists.put("b".to_owned(), list(Vec::new())).is_err());
        lists.put("a".to_owned(), list(Vec::new())).unwrap();
        assert!(lists.remove("a").is_some() && lists.get("a").is_none());
    }

    #[test]
    fn public_is_what_somebody_said_so_of_and_of_the_model_that_is_asked_for() {
        let mut points = DataPoints::default();
        for (name, model_type, is_public) in [
            ("amount", ModelType::Action, Some(true)),
            ("risk", ModelType::Action, Some(false)),
            ("note", ModelType::Action, None),
            ("plan", ModelType::User, Some(true)),
        ] {
            let point = DataPoint {
                id: name.to_owned(),
                description: None,
                data_type: DataType::Text,
                model_type,
                is_public,
            };
            points.put(name.to_owned(), point).unwrap();
        }
        let Value::Object(data) = json!({
            "amount": {"value": 5}, "risk": 1, "note": "n", "plan": "gold", "other": 2,
        }) else {
            unreachable!()
        };
        let data = Custom::new(&data);
        let seen = |model| Value::Object(points.public(model, &data).unwrap().read());
        assert_eq!(seen(ModelType::Action), json!({"amount": {"value": 5}}));
        assert_eq!(seen(ModelType::User), json!({"plan": "gold"}));
        let none = Custom::new(&serde_json::Map::new());
        assert_eq!(points.public(ModelType::User, &none), None);
        assert_eq!(DataPoints::default().public(ModelType::User, &data), None);
    }

    #[test]
    fn data_points_have_a_bound_and_names_that_a_variable_can_say() {
        let mut points = DataPoints::default();
        let point = || DataPoint {
            id: "id".to_owned(),
            description: None,
            data_type: DataType::Text,
            model_type: ModelType::Action,
            is_public: None,
        };
        for number in 0..DATA_POINTS {
            points.put(number.to_string(), point()).unwrap();
        }
        assert!(points.put("x".to_owned(), point()).is_err());
        points.put("0".to_owned(), point()).unwrap();
        for unsayable in ["order.total", ""] {
            let why = points.put(unsayable.to_owned(), point()).unwrap_err();
            assert!(why.contains("dots separate names"), "{why}");
        }
        assert!(points.remove("0").is_some() && points.get("0").is_none());
    }
}
