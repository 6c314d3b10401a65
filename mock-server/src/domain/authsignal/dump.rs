//! The state of a tenant as JSON, for comparing it before and after a request. Knows no wire format.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Authsignal;

impl Authsignal {
    /// The state as JSON, secrets and codes left out, in a fixed order.
    pub fn dump(&self) -> Value {
        let users: BTreeMap<&str, Value> = self
            .users
            .iter()
            .map(|(id, user)| {
                let authenticators: Vec<_> = user
                    .authenticators
                    .iter()
                    .map(|authenticator| json!({"id": authenticator.id, "method": authenticator.method.word()}))
                    .collect();
                let devices: Vec<_> = user.devices.iter().map(|device| format!("{device:?}")).collect();
                let mut dump = json!({
                    "attributes": format!("{:?}", user.attributes),
                    "authenticators": authenticators,
                    "devices": devices,
                });
                if !user.pending.is_empty() {
                    let pending = user.pending.iter().map(|pending| &pending.authenticator.id);
                    dump["pending"] = pending.cloned().collect();
                }
                (id.as_str(), dump)
            })
            .collect();
        let actions: BTreeMap<&str, Value> = self
            .actions
            .iter()
            .filter(|(_, actions)| !actions.is_empty())
            .map(|(id, actions)| {
                let states: Vec<_> = actions
                    .newest_first()
                    .map(|action| {
                        json!([
                            action.code,
                            action.key,
                            action.state.word(),
                            action.updated.to_string()
                        ])
                    })
                    .collect();
                (id, Value::from(states))
            })
            .collect();
        let challenges: Vec<_> = self
            .challenges
            .newest_first()
            .map(|challenge| {
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
                dump
            })
            .collect();
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
