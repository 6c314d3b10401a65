//! Value lists, one at a time. Knows no rule.

use serde_json::{Map, Value, json};

use super::Fault;
use super::resource::Resource;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::data_point::{ItemType, ValueList};

const ITEMS: &str = "valueListItems";

impl Authsignal {
    /// The value lists by alias, as the vendor names their members.
    pub fn value_lists(&self) -> Vec<Map<String, Value>> {
        let lists = self.configuration.lists.iter();
        lists.map(|(alias, list)| members(alias, list)).collect()
    }

    /// A value list, as the vendor names its members.
    ///
    /// # Errors
    /// There is none.
    pub fn value_list(&self, alias: &str) -> Result<Map<String, Value>, Fault> {
        self.list(alias).map(|list| members(alias, list))
    }

    /// Creates a value list. Returns its alias.
    ///
    /// # Errors
    /// There is one with this alias, or a member is wrong. Nothing changes then.
    pub fn create_value_list(&mut self, given: Map<String, Value>) -> Result<String, Fault> {
        let given = Resource::new(given);
        let name = super::name(&given)?;
        let alias = alias(name);
        if alias.is_empty() {
            let why = "body /name: has no letter and no digit, so the list would have no alias";
            return Err(Fault::Invalid(why.to_owned()));
        }
        if self.configuration.lists.get(&alias).is_some() {
            let why = format!("A value list with the alias {alias} already exists.");
            return Err(Fault::Exists(why));
        }
        self.put_value_list(&alias, &given)?;
        Ok(alias)
    }

    /// Puts a value list with its alias, in the place of one that has it.
    ///
    /// # Errors
    /// A member is wrong, or there are too many. Nothing changes then.
    pub(super) fn put_value_list(&mut self, alias: &str, given: &Resource) -> Result<(), Fault> {
        let item_type = match given.text("itemType") {
            Some("number") => ItemType::Number,
            _ => ItemType::String,
        };
        let list = ValueList {
            name: super::name(given)?.to_owned(),
            item_type,
            items: items(given, item_type)?,
            is_active: given.flag("isActive"),
        };
        self.put_list(alias, list)
    }

    /// Changes a value list.
    ///
    /// # Errors
    /// There is none, or a member is wrong. Nothing changes then.
    pub fn update_value_list(
        &mut self,
        alias: &str,
        changes: Map<String, Value>,
    ) -> Result<(), Fault> {
        let mut list = self.list(alias)?.clone();
        let names_items = changes.contains_key(ITEMS);
        let given = Resource::new(changes);
        if given.get("name").is_some() {
            super::name(&given)?.clone_into(&mut list.name);
        }
        if given.get("isActive").is_some() {
            list.is_active = given.flag("isActive");
        }
        if names_items {
            list.items = items(&given, list.item_type)?;
        }
        self.put_list(alias, list)
    }

    /// Deletes a value list.
    ///
    /// # Errors
    /// There is none.
    pub fn delete_value_list(&mut self, alias: &str) -> Result<(), Fault> {
        let removed = self.configuration.lists.remove(alias);
        removed.map(drop).ok_or_else(|| unknown(alias))
    }

    fn list(&self, alias: &str) -> Result<&ValueList, Fault> {
        let list = self.configuration.lists.get(alias);
        list.ok_or_else(|| unknown(alias))
    }

    fn put_list(&mut self, alias: &str, list: ValueList) -> Result<(), Fault> {
        let lists = &mut self.configuration.lists;
        lists.put(alias.to_owned(), list).map_err(Fault::Invalid)
    }
}

fn unknown(alias: &str) -> Fault {
    Fault::NotFound(format!("there is no value list {alias}"))
}

/// The alias that a name gives: lower case, with a hyphen between words.
pub(super) fn alias(name: &str) -> String {
    let lower = name.to_lowercase();
    let words = lower.split(|letter: char| !letter.is_alphanumeric());
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// The values, if any are given.
fn items(given: &Resource, item_type: ItemType) -> Result<Option<Vec<Value>>, Fault> {
    let Some(items) = given.get(ITEMS).and_then(Value::as_array) else {
        return Ok(None);
    };
    let (fits, word): (fn(&Value) -> bool, _) = match item_type {
        ItemType::String => (Value::is_string, "string"),
        ItemType::Number => (Value::is_number, "number"),
    };
    if let Some(at) = items.iter().position(|item| !fits(item)) {
        let why = format!("body /{ITEMS}/{at}: must be a {word}, as the list's itemType says");
        return Err(Fault::Invalid(why));
    }
    Ok(Some(items.clone()))
}

fn members(alias: &str, list: &ValueList) -> Map<String, Value> {
    let item_type = match list.item_type {
        ItemType::String => "string",
        ItemType::Number => "number",
    };
    let mut members = Resource::default();
    members.set("name", list.name.as_str());
    members.set("alias", alias);
    members.set("itemType", item_type);
    members.set("isActive", list.is_active);
    if let Some(items) = &list.items {
        members.set(ITEMS, json!(items));
    }
    members.into_members()
}

#[cfg(test)]
mod tests {
    use super::alias;

    #[test]
    fn an_alias_is_the_name_in_lower_case_with_hyphens() {
        assert_eq!(alias("Hello World Numbers"), "hello-world-numbers");
        assert_eq!(alias("  Länder & Städte! "), "länder-städte");
        assert_eq!(alias("?!"), "");
    }
}
