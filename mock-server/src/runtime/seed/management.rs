//! What the Management API of a real tenant answers, or of a mock, as a seed holds it: each answer under its path. Knows no
//! other part of a seed.

use percent_encoding::{AsciiSet, percent_decode_str, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::domain::authsignal::management::action_configuration::renew_type;
use crate::domain::authsignal::management::document::Document;
use crate::domain::authsignal::management::resource::{Resource, object};
use crate::domain::authsignal::vocabulary::Named;
use crate::generated::authsignal_management::types as wire;
use crate::likeness;
use crate::runtime::strict::in_words;

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

/// Members that an error has, and no resource.
const REFUSAL: [&str; 4] = ["error", "errorCode", "errorDescription", "message"];

/// What an action code, which the control API takes with any character, cannot have in a path.
const IN_PATH: &AsciiSet = &percent_encoding::CONTROLS.add(b'/').add(b'%');

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
        let code = utf8_percent_encode(code, IN_PATH);
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
        if REFUSAL
            .iter()
            .any(|name| answer.get(name).is_some_and(Value::is_string))
        {
            return Err(format!(
                "{path}: is an error that the Management API answered, and no resource; ask again with the management secret of \
                 the tenant, and write what it answers"
            ));
        }
        let names: Vec<String> = segments(path);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names[..] {
            ["tenant"] => self.document.tenant = self.one::<wire::Tenant>(path, answer)?,
            ["theme"] => self.document.theme = self.one::<wire::Theme>(path, answer)?,
            ["message-overrides"] => {
                let read = self.one::<wire::MessageOverrides>(path, answer)?;
                let messages = read.and_then(|mut read| read.take("messageOverrides"));
                self.document.messages = messages.map(object).map(Resource::new);
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
                    self.list(&place, list)?;
                }
            }
            ["value-lists", _] => self.list(path, answer)?,
            ["custom-data-points"] => {
                for (place, point) in listed(path, answer)? {
                    self.data_point(&place, point)?;
                }
            }
            ["custom-data-points", _] => self.data_point(path, answer)?,
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
        let read = self.one::<wire::ManagedAuthenticatorConfiguration>(place, answer)?;
        let Some(one) = read else { return Ok(()) };
        let word = one.text("verificationMethod").unwrap_or_default();
        match Named::of_word(word) {
            Some(Named::Here(_)) => {
                let all = &mut self.document.authenticators;
                add(all, one, place, "verificationMethod")
            }
            Some(Named::Elsewhere(_)) | None => {
                self.unknown.push(place.to_owned());
                Ok(())
            }
        }
    }

    fn list(&mut self, place: &str, answer: &Value) -> Result<(), String> {
        let read = self.one::<wire::ValueList>(place, answer)?;
        let lists = &mut self.document.lists;
        read.map_or(Ok(()), |list| add(lists, list, place, "alias"))
    }

    fn data_point(&mut self, place: &str, answer: &Value) -> Result<(), String> {
        let read = self.one::<wire::CustomDataPoint>(place, answer)?;
        let points = &mut self.document.data_points;
        read.map_or(Ok(()), |point| {
            // Rules say its name, and paths its id.
            unlike(points, &point, place, "id")?;
            add(points, point, place, "name")
        })
    }

    fn action(&mut self, place: &str, answer: &Value) -> Result<(), String> {
        let mut answer = answer.clone();
        if let Value::Object(members) = &mut answer {
            renew_type(members);
        }
        let read = self.one::<wire::ActionConfiguration>(place, &answer)?;
        let Some(action) = read else { return Ok(()) };
        let code = action.text("actionCode").unwrap_or_default().to_owned();
        match self.document.actions.insert(code, action.clone()) {
            Some(other) if other != action => Err(twice(place, "actionCode")),
            _ => Ok(()),
        }
    }

    fn rule(&mut self, place: &str, code: &str, answer: &Value) -> Result<(), String> {
        let mut answer = answer.clone();
        if let Value::Object(members) = &mut answer {
            // The documentation's examples leave it out.
            members.entry("actionCode").or_insert_with(|| code.into());
        }
        let Some(rule) = self.one::<wire::Rule>(place, &answer)? else {
            return Ok(());
        };
        let rules = self.document.rules.entry(code.to_owned()).or_default();
        add(rules, rule, place, "ruleId")
    }

    /// The members of an answer, as its type knows them. None if a word that it must have is unknown.
    fn one<T: Serialize + DeserializeOwned>(
        &mut self,
        place: &str,
        answer: &Value,
    ) -> Result<Option<Resource>, String> {
        let Value::Object(members) = answer else {
            return Err(format!(
                "{place}: must be an object, as the Management API answers it"
            ));
        };
        let mut complete = members.clone();
        // The seed says which tenant it is, so an answer need not.
        complete.insert("tenantId".to_owned(), "".into());
        let mut complete = Value::Object(complete);
        let Some(typed) = self.typed::<T>(place, &mut complete)? else {
            return Ok(None);
        };
        let read = serde_json::to_value(typed).map_err(|error| format!("{place}: {error}"))?;
        if let Value::Object(members) = &mut complete {
            members.remove("tenantId");
        }
        lost(place, &complete, &read, &mut self.unknown);
        let mut read = Resource::new(object(read));
        read.take("tenantId");
        Ok(Some(read))
    }

    /// A value as its type, without the words that the type does not know. None if it must have one of them.
    fn typed<T: DeserializeOwned>(
        &mut self,
        place: &str,
        value: &mut Value,
    ) -> Result<Option<T>, String> {
        let mut takes_out = false;
        loop {
            let error = match serde_path_to_error::deserialize(value.clone()) {
                Ok(typed) => return Ok(Some(typed)),
                Err(error) => error,
            };
            let inner = error.inner().to_string();
            let names: Vec<String> = error.path().iter().map(ToString::to_string).collect();
            let names: Vec<&str> = names
                .iter()
                .map(|name| name.trim_matches(['[', ']']))
                .collect();
            if takes_out && inner.starts_with("missing field") {
                self.unknown.push(place.to_owned());
                return Ok(None);
            }
            if !inner.starts_with("unknown variant") || !take_out(value, &names) {
                let place = [&[place], &names[..]].concat().join("/");
                return Err(in_words(&place, &inner));
            }
            takes_out = true;
            self.unknown.push([&[place], &names[..]].concat().join("/"));
        }
    }
}

/// Takes a member or an element out of a value. A list that becomes empty leaves with it: an empty one says something else.
fn take_out(value: &mut Value, names: &[&str]) -> bool {
    let Some((first, rest)) = names.split_first() else {
        return false;
    };
    match value {
        Value::Object(members) => match rest {
            [] => members.remove(*first).is_some(),
            rest => {
                let taken = members
                    .get_mut(*first)
                    .is_some_and(|member| take_out(member, rest));
                if members
                    .get(*first)
                    .and_then(Value::as_array)
                    .is_some_and(Vec::is_empty)
                {
                    members.remove(*first);
                }
                taken
            }
        },
        Value::Array(elements) => {
            let Some(at) = first.parse().ok().filter(|at| *at < elements.len()) else {
                return false;
            };
            match rest {
                [] => {
                    elements.remove(at);
                    true
                }
                rest => take_out(&mut elements[at], rest),
            }
        }
        _ => false,
    }
}

fn twice(place: &str, member: &str) -> String {
    format!("{place}: has the same {member} as another; each has its own")
}

/// Adds an answer, unless it is there already: a file may have the list and the single answer.
fn add(all: &mut Vec<Resource>, one: Resource, place: &str, member: &str) -> Result<(), String> {
    if all.contains(&one) {
        return Ok(());
    }
    unlike(all, &one, place, member)?;
    all.push(one);
    Ok(())
}

/// Checks that no other answer has the same member.
fn unlike(all: &[Resource], one: &Resource, place: &str, member: &str) -> Result<(), String> {
    let same = |other: &&Resource| *other != one && other.get(member) == one.get(member);
    match all.iter().find(same) {
        Some(_) => Err(twice(place, member)),
        None => Ok(()),
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
    let decoded = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let mut segments: Vec<String> = path.split('/').map(decoded).collect();
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
                "value-lists/0: `alias` is missing",
            ),
            (
                json!({"tenant": {"tokenDurationInMinutes": "5"}}),
                "tenant/tokenDurationInMinutes: must be ",
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
