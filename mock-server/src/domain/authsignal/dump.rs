//! The state of a tenant as JSON, for comparing it before and after a request. Knows no wire format.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Authsignal;
use super::action::Actions;
use super::challenge::Challenge;
use super::configuration::Configuration;
use super::flow::Flows;
use super::passkey_settings::PasskeySettings;
use super::user::{Attributes, Device, User};
use super::vocabulary::{Method, Named};
use super::webhook::receiver;
use crate::domain::Page;
use crate::domain::custom::Custom;

impl Authsignal {
    /// A user and their actions as JSON, without secrets and codes.
    pub fn dump_user(&self, user_id: &str) -> (Option<Value>, Option<Value>) {
        let actions = self
            .actions
            .get(user_id)
            .filter(|actions| !actions.is_empty());
        (self.users.get(user_id).map(user), actions.map(states))
    }

    /// What else the state holds, as JSON, without secrets and codes, in a fixed order: the configuration, and challenges
    /// and sessions of the users on a page.
    pub fn dump_rest(&self, page: Page<'_>) -> Map<String, Value> {
        let challenges = self.challenges.newest_first();
        let challenges: Vec<_> = challenges
            .filter(|one| page.has(one.user_id.as_deref()))
            .map(challenge)
            .collect();
        let sessions: Vec<_> = self
            .sessions
            .oldest_first()
            .filter(|session| page.has(Some(&session.user_id)))
            .map(|session| json!([session.id, session.user_id, session.refreshes]))
            .collect();
        let configuration: &Configuration = &self.configuration;
        let methods: Vec<_> = configuration
            .methods
            .iter()
            .map(|method| method.word())
            .collect();
        let outcomes: BTreeMap<_, _> = configuration
            .actions
            .outcomes()
            .map(|(code, outcome)| (code, outcome.word()))
            .collect();
        let rules: Vec<_> = configuration.rules.ids().collect();
        let members = [
            ("challenges", json!(challenges)),
            ("sessions", json!(sessions)),
            ("methods", json!(methods)),
            (
                "defaultOutcome",
                json!(configuration.default_outcome.word()),
            ),
            ("outcomes", json!(outcomes)),
            (
                "challengeEnrolledOnly",
                json!(configuration.challenge_enrolled_only),
            ),
            ("rules", json!(rules)),
        ];
        let Configuration {
            facts,
            sms_variables: sms,
            email_variables: email,
            credential_life: life,
            lists,
            passkeys,
            data_points: points,
            flows,
            ..
        } = configuration;
        let is_own = *passkeys != PasskeySettings::default();
        let minutes = life.map(|life| life.as_mins());
        let own = [
            member("facts", facts, !facts.is_empty()),
            member("allowedCustomSmsVariables", sms, !sms.is_empty()),
            member("allowedCustomEmailVariables", email, !email.is_empty()),
            member("credentialLifetimeInMinutes", &minutes, life.is_some()),
            member("lists", lists, lists.iter().next().is_some()),
            member("passkeys", passkeys, is_own),
            member("dataPoints", points, points.iter().next().is_some()),
            member("flows", &versions(flows), flows.iter().next().is_some()),
        ];
        let own = own.into_iter().flatten();
        let own = own.chain(self.dump_settings());
        members
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .chain(own)
            .collect()
    }
}

/// A member of the dump, unless the tenant has nothing of it.
fn member<T: Serialize + ?Sized>(name: &str, value: &T, has_any: bool) -> Option<(String, Value)> {
    let value = has_any.then(|| serde_json::to_value(value).ok())??;
    Some((name.to_owned(), value))
}

/// The actions that have flows, with the versions of these.
fn versions(flows: &Flows) -> BTreeMap<&str, Option<u64>> {
    let flows = flows.iter();
    flows.map(|(code, flow)| (code, flow.version)).collect()
}

impl Authsignal {
    /// What the Management API sets, without secrets, where anything is set.
    fn dump_settings(&self) -> impl Iterator<Item = (String, Value)> {
        let configuration = &self.configuration;
        let actions = configuration.actions.iter();
        let actions = actions.map(|(code, one)| (code.to_owned(), json!(one.members.members())));
        let settings = [
            ("actionConfigurations", actions.collect()),
            ("tenant", self.tenant_settings()),
            ("theme", self.theme()),
            ("messages", self.messages()),
            ("authenticators", self.dump_authenticators()),
        ];
        let set = settings
            .into_iter()
            .filter(|(_, members)| !members.is_empty());
        set.map(|(name, members)| (name.to_owned(), without_keys(Value::Object(members))))
    }
}

/// Settings with the keys in URLs of receivers hidden, at any depth.
fn without_keys(settings: Value) -> Value {
    match settings {
        Value::Object(members) => {
            let shown = members.into_iter().map(|(name, value)| match value {
                Value::String(url) if receiver::MEMBERS.contains(&name.as_str()) => {
                    (name, receiver::shown(&url).into())
                }
                value => (name, without_keys(value)),
            });
            shown.collect()
        }
        Value::Array(elements) => elements.into_iter().map(without_keys).collect(),
        other => other,
    }
}

fn user(user: &User) -> Value {
    let authenticators: Vec<_> = user
        .authenticators
        .iter()
        .map(|one| json!({"id": one.id, "method": one.method.word()}))
        .collect();
    let devices: Vec<_> = user.devices.iter().map(device).collect();
    let mut dump = json!({
        "attributes": attributes(&user.attributes),
        "authenticators": authenticators,
        "devices": devices,
    });
    if !user.pending.is_empty() {
        let pending = user.pending.iter().map(|pending| &pending.authenticator.id);
        dump["pending"] = pending.cloned().collect();
    }
    dump
}

/// The attributes that a user has.
fn attributes(attributes: &Attributes) -> Value {
    let Attributes {
        email,
        email_verified,
        phone_number,
        phone_number_verified,
        username,
        display_name,
        locale,
        default_method,
        custom,
    } = attributes;
    let all = json!({
        "email": email,
        "emailVerified": email_verified,
        "phoneNumber": phone_number,
        "phoneNumberVerified": phone_number_verified,
        "username": username,
        "displayName": display_name,
        "locale": locale,
        "defaultVerificationMethod": default_method.map(|method| match method {
            Named::Here(method) => method.word(),
            Named::Elsewhere(word) => word,
        }),
        // It may hold secrets.
        "customBytes": custom.as_ref().map(Custom::len),
    });
    present(all)
}

/// A device. Times that it has not are absent.
fn device(device: &Device) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    present(json!({
        "deviceId": device.id,
        "createdAt": device.created.to_string(),
        "lastAuthenticatedAt": time(device.authenticated),
        "invalidatedAt": time(device.invalidated),
        "rememberedUntil": time(device.remembered_until),
        "lastVerificationMethod": device.last_method.map(Method::word),
        "proven": device.proven,
    }))
}

/// The members that are not null.
fn present(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let members = members.into_iter();
            members.filter(|(_, value)| !value.is_null()).collect()
        }
        other => other,
    }
}

fn states(actions: &Actions) -> Value {
    let states = actions.newest_first().map(|action| {
        json!([
            action.code,
            action.key,
            action.state.word(),
            action.updated.to_string()
        ])
    });
    states.collect()
}

fn challenge(challenge: &Challenge) -> Value {
    let mut dump = vec![
        json!(challenge.id),
        json!(challenge.method.word()),
        json!(challenge.user_id),
        json!(challenge.expires.to_string()),
        json!(challenge.verified),
        json!(challenge.wrong()),
    ];
    let approval = challenge.approval.as_ref();
    dump.extend(approval.map(|approval| json!(approval.stage.word())));
    dump.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::user;
    use crate::domain::authsignal::user::User;
    use crate::domain::authsignal::vocabulary::{Method, Named};

    #[test]
    fn a_user_is_told_in_json() {
        let mut ada = User::new(jiff::Timestamp::UNIX_EPOCH);
        ada.attributes.email = Some("ada@x.com".to_owned());
        ada.attributes.default_method = Some(Named::Here(Method::Sms));
        let attributes = json!({"email": "ada@x.com", "defaultVerificationMethod": "SMS"});
        let told = json!({"attributes": attributes, "authenticators": [], "devices": []});
        assert_eq!(user(&ada), told);
    }
}
