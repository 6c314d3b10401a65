//! What the Management API of a real tenant answers, or of a mock, as a seed holds it: each answer under its path. Knows no
//! other part of a seed.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::authsignal::management::action_configuration::renew_type;
use crate::domain::authsignal::management::document::Document;
use crate::domain::authsignal::management::resource::{Resource, object};
use crate::domain::authsignal::vocabulary::Named;
use crate::generated::authsignal_management::types as wire;
use crate::likeness;

/// The paths that an answer can have, after `/v1/management`.
const PATHS: [&str; 9] = [
    "tenant",
    "theme",
    "message-overrides",
    "action-configurations",
    "action-configurations/CODE/rules",
    "value-lists",
    "custom-data-points",
    "authenticator-configurations",
    "message-overrides/catalog",
];

/// Reads answers. Returns what they configure, and the places of members that the mock does not know, which are left out.
///
/// # Errors
/// A path is unknown, or an answer is not what the operation answers. The text says which.
pub fn read(answers: &Map<String, Value>) -> Result<(Document, Vec<String>), String> {
    let mut reader = Reader::default();
    for (path, answer) in answers {
        reader.answer(path, answer)?;
    }
    Ok((reader.document, reader.unknown))
}

/// A document as answers, each under its path.
pub fn answers(document: &Document) -> Map<String, Value> {
    let members = |one: &Resource| Value::Object(one.members().clone());
    let list = |all: &[Resource]| Value::Array(all.iter().map(members).collect());
    let mut answers = Map::new();
    let mut add = |path: &str, answer: Value| answers.insert(path.to_owned(), answer);
    if let Some(tenant) = document.tenant.as_ref().filter(|one| !one.is_empty()) {
        add("tenant", members(tenant));
    }
    if let Some(theme) = document.theme.as_ref().filter(|one| !one.is_empty()) {
        add("theme", members(theme));
    }
    if let Some(messages) = document.messages.as_ref().filter(|one| !one.is_empty()) {
        add(
            "message-overrides",
            serde_json::json!({"messageOverrides": messages.members()}),
        );
    }
    if !document.lists.is_empty() {
        add("value-lists", list(&document.lists));
    }
    if !document.data_points.is_empty() {
        add("custom-data-points", list(&document.data_points));
    }
    if document.all_authenticators {
        add(
            "authenticator-configurations",
            list(&document.authenticators),
        );
    }
    let actions = document.actions.iter().map(|(code, action)| {
        let mut action = action.clone();
        action.set("actionCode", code.as_str());
        action
    });
    let actions: Vec<_> = actions.collect();
    if !actions.is_empty() {
        add("action-configurations", list(&actions));
    }
    for (code, rules) in &document.rules {
        add(&format!("action-configurations/{code}/rules"), list(rules));
    }
    answers
}

#[derive(Default)]
struct Reader {
    document: Document,
    unknown: Vec<String>,
}

impl Reader {
    fn answer(&mut self, path: &str, answer: &Value) -> Result<(), String> {
        let names: Vec<String> = segments(path);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names[..] {
            ["tenant"] => self.document.tenant = Some(self.one::<wire::Tenant>(path, answer)?),
            ["theme"] => self.document.theme = Some(self.one::<wire::Theme>(path, answer)?),
            ["message-overrides"] => {
                let mut read = self.one::<wire::MessageOverrides>(path, answer)?;
                let messages = read.take("messageOverrides").map(object);
                self.document.messages = messages.map(Resource::new);
            }
            // It is the vendor's, and the mock has its own.
            ["message-overrides", "catalog"] => {}
            ["action-configurations"] => {
                for (place, action) in listed(path, answer)? {
                    self.action(&place, action)?;
                }
            }
            ["action-configurations", _] => self.action(path, answer)?,
            ["action-configurations", code, "rules"] => {
                for (place, rule) in listed(path, answer)? {
                    self.rule(&place, code, rule)?;
                }
            }
            ["action-configurations", code, "rules", _] => self.rule(path, code, answer)?,
            ["value-lists"] => {
                for (place, list) in listed(path, answer)? {
                    let list = self.one::<wire::ValueList>(&place, list)?;
                    self.document.lists.push(list);
                }
            }
            ["value-lists", _] => {
                let list = self.one::<wire::ValueList>(path, answer)?;
                self.document.lists.push(list);
            }
            ["custom-data-points"] => {
                for (place, point) in listed(path, answer)? {
                    let point = self.one::<wire::CustomDataPoint>(&place, point)?;
                    self.document.data_points.push(point);
                }
            }
            ["custom-data-points", _] => {
                let point = self.one::<wire::CustomDataPoint>(path, answer)?;
                self.document.data_points.push(point);
            }
            ["authenticator-configurations"] => {
                self.document.all_authenticators = true;
                for (place, one) in listed(path, answer)? {
                    self.authenticator(&place, one)?;
                }
            }
            ["authenticator-configurations", _] => self.authenticator(path, answer)?,
            _ => return Err(unknown_path(path, &names)),
        }
        Ok(())
    }

    fn authenticator(&mut self, place: &str, answer: &Value) -> Result<(), String> {
        let one = self.one::<wire::ManagedAuthenticatorConfiguration>(place, answer)?;
        let word = one.text("verificationMethod").unwrap_or_default();
        match Named::of_word(word) {
            Some(Named::Elsewhere(_)) => self.unknown.push(place.to_owned()),
            Some(Named::Here(_)) | None => self.document.authenticators.push(one),
        }
        Ok(())
    }

    fn action(&mut self, place: &str, answer: &Value) -> Result<(), String> {
        let mut answer = answer.clone();
        if let Value::Object(members) = &mut answer {
            renew_type(members);
        }
        let action = self.one::<wire::ActionConfiguration>(place, &answer)?;
        let code = action.text("actionCode").unwrap_or_default().to_owned();
        self.document.actions.insert(code, action);
        Ok(())
    }

    fn rule(&mut self, place: &str, code: &str, answer: &Value) -> Result<(), String> {
        let mut answer = answer.clone();
        if let Value::Object(members) = &mut answer {
            // The documentation's examples leave it out.
            members.entry("actionCode").or_insert_with(|| code.into());
        }
        let rule = self.one::<wire::Rule>(place, &answer)?;
        let rules = self.document.rules.entry(code.to_owned()).or_default();
        rules.push(rule);
        Ok(())
    }

    /// The members of an answer, as its type knows them.
    fn one<T: Serialize + DeserializeOwned>(
        &mut self,
        place: &str,
        answer: &Value,
    ) -> Result<Resource, String> {
        let Value::Object(members) = answer else {
            return Err(format!(
                "{place}: must be an object, as the Management API answers it"
            ));
        };
        let mut given = members.clone();
        // The seed says which tenant it is, so an answer need not.
        given.remove("tenantId");
        let mut complete = given.clone();
        complete.insert("tenantId".to_owned(), "".into());
        let typed: T = serde_json::from_value(Value::Object(complete))
            .map_err(|error| format!("{place}: {error}"))?;
        let read = serde_json::to_value(typed).map_err(|error| format!("{place}: {error}"))?;
        lost(place, &Value::Object(given), &read, &mut self.unknown);
        let mut read = Resource::new(object(read));
        read.take("tenantId");
        Ok(read)
    }
}

/// The items of an answer that is a list: the list, or an object with the list as its only one.
fn listed<'a>(path: &str, answer: &'a Value) -> Result<Vec<(String, &'a Value)>, String> {
    let lists = match answer {
        Value::Array(items) => vec![items],
        Value::Object(members) => members.values().filter_map(Value::as_array).collect(),
        _ => Vec::new(),
    };
    let [items] = lists[..] else {
        return Err(format!(
            "{path}: must be a list, as the Management API answers it"
        ));
    };
    let items = items.iter().enumerate();
    Ok(items
        .map(|(at, item)| (format!("{path}/{at}"), item))
        .collect())
}

/// The segments of a path: with or without `/v1/management`, with hyphens, underscores or a capital between words.
fn segments(path: &str) -> Vec<String> {
    let path = path.trim_matches('/');
    let path = path.strip_prefix("v1/management/").unwrap_or(path);
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    if let Some(first) = segments.first_mut() {
        let letters = first.chars().flat_map(|letter| {
            let hyphen = letter.is_ascii_uppercase().then_some('-');
            let letter = if letter == '_' {
                '-'
            } else {
                letter.to_ascii_lowercase()
            };
            hyphen.into_iter().chain([letter])
        });
        *first = letters.collect();
    }
    segments
}

fn unknown_path(path: &str, names: &[&str]) -> String {
    let first = names.first().copied().unwrap_or_default();
    let nearest = likeness::nearest(first, PATHS);
    let meant = nearest.map(|known| format!("; did you mean {known}?"));
    format!(
        "{path}: is no path of the Management API that the mock reads{}; it reads: {}",
        meant.unwrap_or_default(),
        PATHS[..8].join(", ")
    )
}

/// Adds the places of members that reading has lost.
fn lost(place: &str, given: &Value, read: &Value, places: &mut Vec<String>) {
    match (given, read) {
        (Value::Object(given), Value::Object(read)) => {
            for (name, value) in given.iter().filter(|(_, value)| !value.is_null()) {
                match read.get(name) {
                    Some(kept) => lost(&format!("{place}/{name}"), value, kept, places),
                    None => places.push(format!("{place}/{name}")),
                }
            }
        }
        (Value::Array(given), Value::Array(read)) => {
            for (at, (given, read)) in given.iter().zip(read).enumerate() {
                lost(&format!("{place}/{at}"), given, read, places);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{answers, read};

    fn members(value: Value) -> Map<String, Value> {
        super::object(value)
    }

    fn configured() -> Map<String, Value> {
        members(json!({
            "tenant": {"name": "Shop", "tokenDurationInMinutes": 5},
            "theme": {"primaryColor": "#123456", "typography": {"text": {"faces": [{"url": "https://x.example/f", "weight": 400}]}}},
            "message-overrides": {"messageOverrides": {"en": {"challenge.heading": "Hello"}}},
            "value-lists": [{"name": "Blocked", "alias": "blocked", "itemType": "string", "isActive": true, "valueListItems": ["XA"]}],
            "custom-data-points": [{"id": "one", "name": "amount", "dataType": "number", "modelType": "action", "isPublic": true}],
            "authenticator-configurations": [{"authenticatorId": "sms", "isActive": true, "verificationMethod": "SMS", "smsProvider": "TWILIO"}],
            "action-configurations": [{"actionCode": "pay", "defaultUserActionResult": "ALLOW", "verificationMethods": ["SMS"]}],
            "action-configurations/pay/rules": [{"actionCode": "pay", "ruleId": "r", "name": "Large", "isActive": true, "priority": 0, "type": "BLOCK", "conditions": {">": [{"var": "custom.amount"}, 1000]}}],
        }))
    }

    #[test]
    fn answers_come_back_as_they_were() {
        let given = configured();
        let (document, unknown) = read(&given).unwrap();
        assert_eq!(unknown, Vec::<String>::new());
        assert_eq!(Value::Object(answers(&document)), Value::Object(given));
    }

    #[test]
    fn a_path_may_be_written_as_a_request_has_it_or_as_a_member() {
        let list = json!([{"name": "A", "alias": "a", "itemType": "string", "isActive": true}]);
        for path in [
            "value-lists",
            "/v1/management/value-lists",
            "value_lists",
            "valueLists",
        ] {
            let (document, _) = read(&members(json!({path: list}))).unwrap();
            assert_eq!(document.lists.len(), 1, "{path}");
        }
        let wrapped = members(json!({"value-lists": {"valueLists": list}}));
        assert_eq!(read(&wrapped).unwrap().0.lists.len(), 1);
        let single = members(json!({"value-lists/a": list[0]}));
        assert_eq!(read(&single).unwrap().0.lists.len(), 1);
    }

    #[test]
    fn what_is_no_answer_is_refused_with_its_place() {
        for (answers, says) in [
            (
                json!({"value-list": []}),
                "value-list: is no path of the Management API that the mock reads; did you mean value-lists?",
            ),
            (json!({"value-lists": 1}), "value-lists: must be a list"),
            (
                json!({"value-lists": [1]}),
                "value-lists/0: must be an object",
            ),
            (
                json!({"value-lists": [{"name": "A"}]}),
                "value-lists/0: missing field",
            ),
            (
                json!({"tenant": {"tokenDurationInMinutes": "5"}}),
                "tenant: invalid type",
            ),
        ] {
            let refused = read(&members(answers)).unwrap_err();
            assert!(refused.starts_with(says), "{refused}");
        }
    }

    #[test]
    fn older_words_for_the_type_of_an_action_are_read_as_the_newer_ones() {
        for (given, read_as) in [
            ("LEGACY", "CLASSIC"),
            ("", "CLASSIC"),
            ("MULTI_STEP_AUTHENTICATION", "FLOW"),
        ] {
            let action = json!({"actionCode": "pay", "actionType": given});
            let answers = json!({"action-configurations": [action]});
            let (document, unknown) = read(&members(answers)).unwrap();
            assert_eq!(document.actions["pay"].text("actionType"), Some(read_as));
            assert_eq!(unknown, Vec::<String>::new());
        }
    }

    #[test]
    fn an_authenticator_that_only_the_vendor_has_is_left_out_and_named() {
        let sms = json!({"authenticatorId": "sms", "isActive": true, "verificationMethod": "SMS"});
        let veriff =
            json!({"authenticatorId": "v", "isActive": true, "verificationMethod": "VERIFF"});
        let answers = json!({"authenticator-configurations": [sms, veriff]});
        let (document, unknown) = read(&members(answers)).unwrap();
        assert_eq!(document.authenticators.len(), 1);
        assert_eq!(unknown, ["authenticator-configurations/1"]);
    }

    #[test]
    fn members_that_the_mock_does_not_know_are_named() {
        let answers =
            json!({"theme": {"primaryColor": "#123456", "sparkle": true, "borders": {"glow": 1}}});
        let (_, unknown) = read(&members(answers)).unwrap();
        assert_eq!(unknown, ["theme/borders/glow", "theme/sparkle"]);
    }
}
