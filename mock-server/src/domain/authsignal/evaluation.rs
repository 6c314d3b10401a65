//! What the rules see of an action, and what is shown of that afterwards. Knows no wire format.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::Authsignal;
use super::action::{Actions, Known};
use super::data_point::ValueList;
use super::fact::{Fact, NextFacts, address, is_bot, is_sanctioned, of_example, time_zone};
use super::rule::{Rule, Rules, Skipped};
use super::user::User;
use super::vocabulary::{Method, State};
use crate::bounds::{SHOWN_VALUE, SHOWN_VARIABLES, cut, lengths};
use crate::domain::custom::Custom;

/// Where the value of a variable comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Origin {
    /// Facts of this one action.
    OneShot,
    /// A table of facts, or a value list.
    Table,
    /// What the mock knows or takes for granted.
    Derived,
    /// The request, or the attributes of the user.
    Given,
    /// It has no value.
    Nowhere,
}

impl Origin {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::OneShot => "one-shot",
            Self::Table => "table",
            Self::Derived => "derived",
            Self::Given => "given",
            Self::Nowhere => "nowhere",
        }
    }
}

/// A variable that a rule has read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evaluated {
    /// Its name.
    pub name: String,
    /// The beginning of its value as JSON; none if it has none.
    pub value: Option<String>,
    /// Where the value comes from.
    pub origin: Origin,
    /// Why nobody gives it a value, if so.
    pub warning: Option<String>,
}

/// What the rules about an action have read, and which of them had no say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evaluation {
    /// The variables, by name.
    pub variables: Vec<Evaluated>,
    /// The rules, by priority.
    pub skipped: Vec<Skipped>,
}

impl Evaluation {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.variables.is_empty() && self.skipped.is_empty()
    }

    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        let variables = self.variables.iter();
        let variables =
            variables.map(|read| read.name.len() + lengths([&read.value, &read.warning]));
        let skipped = self.skipped.iter();
        let skipped = skipped.map(|rule| rule.rule_id.len() + rule.why.len());
        variables.chain(skipped).sum()
    }
}

/// What rules see.
pub struct View<'a> {
    /// The variables.
    pub known: Value,
    next: &'a NextFacts,
    /// Where each fact comes from.
    origins: Vec<(Fact, Origin)>,
}

impl View<'_> {
    fn origin(&self, name: &str, value: &Value) -> Origin {
        let mut steps = name.split('.');
        let (root, member) = (steps.next(), steps.next());
        let fact = Fact::ALL.into_iter().find(|fact| match name {
            "ip.location.country.countryCode" => *fact == Fact::CountryCode,
            _ => (root, member) == (Some(fact.place().0), Some(fact.place().1)),
        });
        if let Some(fact) = fact {
            let own = self.origins.iter().find(|(other, _)| *other == fact);
            return own.map_or(Origin::Nowhere, |(_, origin)| *origin);
        }
        match (root, member) {
            _ if value.is_null() => Origin::Nowhere,
            (Some("custom"), Some(point)) if self.next.custom.contains_key(point) => {
                Origin::OneShot
            }
            (Some("lists"), _) => Origin::Table,
            _ => Origin::Given,
        }
    }
}

/// The value of a variable, as `var` finds it.
fn find<'a>(known: &'a Value, name: &str) -> &'a Value {
    let found = name.split('.').try_fold(known, |value, step| match value {
        Value::Array(elements) => elements.get(step.parse::<usize>().ok()?),
        other => other.get(step),
    });
    found.unwrap_or(&Value::Null)
}

impl Authsignal {
    /// What rules of an action see. Of the value lists, only those that they name, if they name all that they read:
    /// others would count as steps.
    pub(super) fn view<'a>(
        &self,
        user_id: &str,
        code: &str,
        known: &Known,
        next: &'a NextFacts,
        rules: &Rules,
    ) -> View<'a> {
        let mut variables = self.given(user_id, code, known);
        let mut origins = Vec::new();
        for fact in Fact::ALL {
            if let Some((value, origin)) = self.fact(fact, user_id, known, next) {
                let (object, member) = fact.place();
                variables[object][member] = value;
                origins.push((fact, origin));
            }
        }
        if let Some(country) = variables["ip"].get("countryCode").cloned() {
            variables["ip"]["location"] = json!({"country": {"countryCode": country}});
        }
        let user = self.users.get(user_id);
        let of_user = user.and_then(|user| user.attributes.custom.as_ref());
        let mut custom = of_user.map(Custom::read).unwrap_or_default();
        custom.extend(known.custom.as_ref().map(Custom::read).unwrap_or_default());
        custom.extend(next.custom.clone());
        variables["custom"] = Value::Object(custom);
        variables["lists"] = Value::Object(self.lists_of(code, rules));
        View {
            known: variables,
            next,
            origins,
        }
    }

    /// The variables that the request and the user's attributes give.
    fn given(&self, user_id: &str, code: &str, known: &Known) -> Value {
        let user = self.users.get(user_id);
        let attributes = user.map(|user| &user.attributes);
        let enrolled: Vec<_> = user
            .map(User::enrolled_methods)
            .unwrap_or_default()
            .into_iter()
            .map(Method::word)
            .collect();
        json!({
            "action": {"code": code},
            "user": {
                "id": user_id,
                "isEnrolled": user.is_some_and(User::is_enrolled),
                "enrolledVerificationMethods": enrolled,
                "email": attributes.and_then(|attributes| attributes.email.as_deref()),
                "phoneNumber": attributes.and_then(|attributes| attributes.phone_number.as_deref()),
                "username": attributes.and_then(|attributes| attributes.username.as_deref()),
                "custom": attributes.and_then(|attributes| attributes.custom.as_ref()).map(Custom::read),
            },
            "email": known.contact.email,
            "phoneNumber": known.contact.phone_number,
            "username": known.contact.username,
            "ipAddress": known.ip_address,
            "userAgent": known.user_agent,
            "deviceId": known.device_id,
            "locale": known.locale,
            "ip": {},
            "device": {},
        })
    }

    fn lists_of(&self, code: &str, rules: &Rules) -> Map<String, Value> {
        let lists = &self.configuration.lists;
        let about = || rules.about(code);
        let items = |list: &ValueList| Value::from(list.items());
        if about().any(|rule| rule.reaches_further) {
            let all = lists.iter();
            return all
                .map(|(alias, list)| (alias.to_owned(), items(list)))
                .collect();
        }
        let names = about().flat_map(|rule| &rule.variables);
        let aliases = names.filter_map(|name| name.strip_prefix("lists."));
        let named = aliases.filter_map(|rest| {
            let alias = rest.split('.').next().unwrap_or(rest);
            Some((alias.to_owned(), items(lists.get(alias)?)))
        });
        named.collect()
    }

    /// The country of an address, for events and lists. A country that is planned for an action is for its rules alone.
    pub fn country(&self, ip_address: Option<&str>) -> Option<String> {
        let ip = address(ip_address?)?;
        let table = self.configuration.facts.of_ip(ip, Fact::CountryCode);
        let known = || of_example(ip).map(|(country, _)| country);
        table
            .and_then(Value::as_str)
            .or_else(known)
            .map(str::to_owned)
    }

    /// A fact: as it was set for this action, then as its table has it, then as the mock knows it.
    fn fact(
        &self,
        fact: Fact,
        user_id: &str,
        known: &Known,
        next: &NextFacts,
    ) -> Option<(Value, Origin)> {
        if let Some(value) = next.facts.get(fact) {
            return Some((value.clone(), Origin::OneShot));
        }
        let tables = &self.configuration.facts;
        let device_id = known.device_id.as_deref().filter(|id| !id.is_empty());
        let ip = known.ip_address.as_deref().and_then(address);
        let in_table = match fact.place().0 {
            "ip" => ip.and_then(|ip| tables.of_ip(ip, fact)),
            "device" => device_id.and_then(|id| tables.devices.get(id)?.get(fact)),
            _ => tables.users.get(user_id).and_then(|facts| facts.get(fact)),
        };
        if let Some(value) = in_table {
            return Some((value.clone(), Origin::Table));
        }
        let example = ip.and_then(of_example);
        let derived = match fact {
            Fact::CountryCode => example.map(|(country, _)| country.into()),
            Fact::IsAnonymous => ip.map(|_| example.is_some_and(|(_, hidden)| hidden).into()),
            Fact::InOfacList => {
                let country = self.fact(Fact::CountryCode, user_id, known, next);
                let listed =
                    country.is_some_and(|(country, _)| country.as_str().is_some_and(is_sanctioned));
                ip.map(|_| listed.into())
                    .or_else(|| listed.then_some(true.into()))
            }
            Fact::AtypicalTravel | Fact::ImpossibleTravel => ip.map(|_| false.into()),
            Fact::IsNew => device_id.map(|id| self.is_new(user_id, id).into()),
            Fact::IsRemembered => device_id.map(|_| known.is_remembered.into()),
            Fact::IsBot => known
                .user_agent
                .as_deref()
                .map(|agent| is_bot(agent).into()),
            Fact::HasPreviouslyVerified => Some(self.has_verified(user_id).into()),
        };
        derived.map(|value| (value, Origin::Derived))
    }

    /// The time zone of an address, as far as its country tells.
    pub(super) fn timezone(&self, ip_address: &str) -> Option<String> {
        let ip = address(ip_address)?;
        let in_table = self.configuration.facts.of_ip(ip, Fact::CountryCode);
        let in_table = in_table.and_then(Value::as_str);
        let country = in_table.or_else(|| of_example(ip).map(|(country, _)| country))?;
        time_zone(country).map(str::to_owned)
    }

    /// Whether the user has not passed a challenge on a device since it was seen or invalidated.
    fn is_new(&self, user_id: &str, device_id: &str) -> bool {
        let devices = self.users.get(user_id).map(|user| &user.devices);
        let mut devices = devices.into_iter().flatten();
        !devices.any(|device| device.id == device_id && device.proven)
    }

    /// Whether the device of an action is remembered.
    pub(super) fn remembers(&self, user_id: &str, known: &Known, now: Timestamp) -> bool {
        let devices = self.users.get(user_id).map(|user| &user.devices);
        let mut devices = devices.into_iter().flatten();
        let own = devices.find(|device| known.device_id.as_ref() == Some(&device.id));
        let until = own.and_then(|device| device.remembered_until);
        until.is_some_and(|until| now < until)
    }

    fn has_verified(&self, user_id: &str) -> bool {
        let actions = self.actions.get(user_id).into_iter();
        let mut actions = actions.flat_map(Actions::newest_first);
        actions.any(|action| action.state == State::ChallengeSucceeded)
    }

    /// What rules about an action have read, with those that had no say.
    pub(super) fn evaluation(
        &self,
        code: &str,
        view: &View<'_>,
        rules: &Rules,
        skipped: Vec<Skipped>,
    ) -> Evaluation {
        let shown = skipped.into_iter().take(SHOWN_VARIABLES);
        let shown = shown.map(|rule| Skipped {
            why: beginning(&rule.why),
            ..rule
        });
        Evaluation {
            variables: self.evaluated(code, view, rules),
            skipped: shown.collect(),
        }
    }

    /// The variables that rules about an action have read, by name.
    fn evaluated(&self, code: &str, view: &View<'_>, rules: &Rules) -> Vec<Evaluated> {
        let rules = rules.about(code);
        let mut names: Vec<&String> = rules.flat_map(|rule: &Rule| &rule.variables).collect();
        names.sort_unstable();
        names.dedup();
        let mut known = self.configuration.names();
        let shown = names.into_iter().take(SHOWN_VARIABLES).map(|name| {
            let value = find(&view.known, name);
            Evaluated {
                name: name.clone(),
                value: (!value.is_null()).then(|| beginning(&value.to_string())),
                origin: view.origin(name, value),
                warning: known.fault(name),
            }
        });
        shown.collect()
    }
}

/// As much of a text as is shown.
fn beginning(text: &str) -> String {
    let kept = cut(text, SHOWN_VALUE);
    if kept.len() == text.len() {
        return kept.to_owned();
    }
    format!("{kept}…")
}
