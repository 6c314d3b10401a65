//! What a walk looks at: the facts of its rules, and the methods of its user. Knows no node.

use std::collections::HashSet;

use super::document::Flow;
use super::node::StepType;
use super::run::Run;
use super::walk::Around;
use crate::domain::authsignal::Authsignal;
use crate::domain::authsignal::address::Contact;
use crate::domain::authsignal::rule::{Skipped, Tried};
use crate::domain::authsignal::user::User;
use crate::domain::authsignal::vocabulary::Method;

/// The surroundings of one run, at one time.
pub(super) struct Surroundings<'a> {
    /// Ids of the rules whose conditions hold.
    holding: HashSet<&'a str>,
    /// Methods that the tenant offers, in its order.
    offered: &'a [Method],
    /// Methods that the user has enrolled.
    enrolled: Vec<Method>,
    /// Where codes can go that nobody has enrolled.
    contact: Contact,
    last: Option<Method>,
    /// The rules of the flow that had no say.
    pub(super) skipped: Vec<Skipped>,
}

impl Authsignal {
    /// What a run of `flow` looks at, after the user has used the method `last`.
    pub(super) fn around<'a>(
        &'a self,
        user_id: &str,
        code: &str,
        flow: &'a Flow,
        run: &Run,
        last: Option<Method>,
    ) -> Surroundings<'a> {
        let user = self.users.get(user_id);
        let tried = if flow.rule_texts.is_empty() {
            Tried::default()
        } else {
            let view = self.view(user_id, code, &run.known, &run.next, &flow.rules);
            flow.rules.tried(code, &view.known)
        };
        let holding = tried.holding.into_iter();
        let contact = user.map(|user| user.attributes.contact());
        Surroundings {
            holding: holding.map(|rule| rule.id.as_str()).collect(),
            skipped: tried.skipped,
            offered: &self.configuration.methods,
            enrolled: user.map(User::enrolled_methods).unwrap_or_default(),
            contact: contact
                .filter(|_| !self.configuration.challenge_enrolled_only)
                .unwrap_or_default(),
            last,
        }
    }
}

impl Surroundings<'_> {
    /// The same, after the user has used a method.
    pub(super) fn after(self, method: Method) -> Self {
        Self {
            last: Some(method),
            ..self
        }
    }

    fn has(&self, method: Method) -> bool {
        // WhatsApp goes to the number of SMS.
        self.enrolled.contains(&method)
            || (method == Method::Whatsapp && self.enrolled.contains(&Method::Sms))
    }
}

impl Around for Surroundings<'_> {
    fn holds(&self, rule: &str) -> bool {
        self.holding.contains(rule)
    }

    fn offered(&self, step: StepType, methods: &[Method]) -> Vec<Method> {
        let both = self.offered.iter().copied();
        let mut both: Vec<_> = both.filter(|method| methods.contains(method)).collect();
        if step.enrolls() {
            return both;
        }
        if both.iter().any(|method| self.has(*method)) {
            both.retain(|method| self.has(*method));
        } else {
            both.retain(|method| self.contact.address(*method).is_some());
        }
        both
    }

    fn last(&self) -> Option<Method> {
        self.last
    }
}
