//! The state of a tenant as JSON, for comparing it before and after a request. Knows no wire format.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Authsignal;
use super::action::Actions;
use super::challenge::Challenge;
use super::user::User;

impl Authsignal {
    /// The state as JSON, without secrets and codes, in a fixed order.
    pub fn dump(&self) -> Value {
        let users: BTreeMap<&str, Value> = self
            .users
            .iter()
            .map(|(id, of)| (id.as_str(), user(of)))
            .collect();
        let actions: BTreeMap<&str, Value> = self
            .actions
            .iter()
            .filter(|(_, actions)| !actions.is_empty())
            .map(|(id, of)| (id, states(of)))
            .collect();
        let challenges: Vec<_> = self.challenges.newest_first().map(challenge).collect();
        let sessions: Vec<_> = self
            .sessions
            .oldest_first()
            .map(|session| json!([session.id, session.user_id, session.refreshes]))
            .collect();
        let configuration = &self.configuration;
        let methods: Vec<_> = configuration
            .methods
            .iter()
            .map(|method| method.word())
            .collect();
        let outcomes: BTreeMap<_, _> = configuration
            .outcomes
            .iter()
            .map(|(code, outcome)| (code, outcome.word()))
            .collect();
        json!({
            "users": users,
            "actions": actions,
            "challenges": challenges,
            "sessions": sessions,
            "methods": methods,
            "defaultOutcome": configuration.default_outcome.word(),
            "outcomes": outcomes,
            "rules": configuration.rules.ids().collect::<Vec<_>>(),
        })
    }
}

fn user(user: &User) -> Value {
    let authenticators: Vec<_> = user
        .authenticators
        .iter()
        .map(|one| json!({"id": one.id, "method": one.method.word()}))
        .collect();
    let devices: Vec<_> = user
        .devices
        .iter()
        .map(|device| format!("{device:?}"))
        .collect();
    let mut dump = json!({
        "attributes": format!("{:?}", user.attributes),
        "authenticators": authenticators,
        "devices": devices,
    });
    if !user.pending.is_empty() {
        let pending = user.pending.iter().map(|pending| &pending.authenticator.id);
        dump["pending"] = pending.cloned().collect();
    }
    dump
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
