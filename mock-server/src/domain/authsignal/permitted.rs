//! Which methods an action permits, and which comes first: by the rule that decided about it, else by its configuration.
//! Knows no challenge.

use super::action::{Action, Decider};
use super::factor::Bearer;
use super::management::methods;
use super::management::resource::Resource;
use super::user::User;
use super::vocabulary::Method;
use super::{Authsignal, Refusal};

impl Authsignal {
    /// The methods that users can enrol for an action, and use to pass it.
    pub fn permitted(&self, user_id: &str, code: &str, key: &str) -> Vec<Method> {
        let named = self.named(user_id, code, key, methods::allowed);
        self.offered_of(named)
    }

    /// The methods that servers are told of: those of the tenant.
    pub fn told_methods(&self) -> Vec<Method> {
        self.told_of(None)
    }

    /// As [`told_methods`](Self::told_methods), of an action.
    pub(super) fn told_in(&self, user_id: &str, code: &str, key: &str) -> Vec<Method> {
        self.told_of(self.named(user_id, code, key, methods::allowed))
    }

    /// As [`told_methods`](Self::told_methods), of an action that is not kept yet.
    pub(super) fn told_by(&self, action: &Action) -> Vec<Method> {
        self.told_of(self.named_by(&action.code, Some(action), methods::allowed))
    }

    fn told_of(&self, named: Option<Vec<Method>>) -> Vec<Method> {
        let all = named.is_some() || self.configuration.methods_named;
        let mut told = self.offered_of(named);
        told.retain(|method| all || *method != Method::Whatsapp);
        told
    }

    fn offered_of(&self, named: Option<Vec<Method>>) -> Vec<Method> {
        let offered = &self.configuration.methods;
        let Some(named) = named else {
            return offered.clone();
        };
        let here = |method: &Method| offered.contains(method) || methods::is_always_there(*method);
        named.into_iter().filter(here).collect()
    }

    /// The method that comes first for a user in an action, if they have enrolled it; else their own.
    pub fn first_method(&self, user_id: &str, code: &str, key: &str) -> Option<Method> {
        let user = self.user(user_id);
        let enrolled = user.map(User::enrolled_methods).unwrap_or_default();
        let named = self.named(user_id, code, key, methods::first);
        let named = named.filter(|method| enrolled.contains(method));
        named.or_else(|| user.and_then(User::default_method))
    }

    /// The method that a page asks a user to enrol once an action has passed, if they have it not.
    pub fn prompted_method(&self, user_id: &str, code: &str, key: &str) -> Option<Method> {
        let user = self.user(user_id);
        let enrolled = user.map(User::enrolled_methods).unwrap_or_default();
        let named = self.named(user_id, code, key, methods::prompted)?;
        let permitted = self.permitted(user_id, code, key);
        let mut missing = named
            .into_iter()
            .filter(|method| !enrolled.contains(method));
        missing.find(|method| permitted.contains(method))
    }

    /// Whether the action of a token permits a method. A recovery code stands in for any other.
    ///
    /// # Errors
    /// It names others.
    pub(super) fn may_use(&self, bearer: &Bearer, method: Method) -> Result<(), Refusal> {
        if self.permits(bearer, method) {
            return Ok(());
        }
        Err(Refusal::Unconfigured(format!(
            "the action {} does not permit {}; its configuration, or the rule that decided, names other \
             verificationMethods",
            bearer.action,
            method.word()
        )))
    }

    /// Whether the action of a token permits a method.
    pub(super) fn permits(&self, bearer: &Bearer, method: Method) -> bool {
        let Bearer {
            user_id,
            action,
            key,
            ..
        } = bearer;
        let named = self.named(user_id, action, key, methods::allowed);
        method == Method::RecoveryCode || named.is_none_or(|named| named.contains(&method))
    }

    fn named<T>(
        &self,
        user_id: &str,
        code: &str,
        key: &str,
        read: impl Fn(&Resource) -> Option<T>,
    ) -> Option<T> {
        self.named_by(code, self.action(user_id, code, key).ok(), read)
    }

    /// What the rule that decided names, else what the configuration of the action does.
    fn named_by<T>(
        &self,
        code: &str,
        action: Option<&Action>,
        read: impl Fn(&Resource) -> Option<T>,
    ) -> Option<T> {
        let by_rule = action.filter(|action| {
            let decision = action.decision;
            decision.is_some_and(|decision| decision.by == Decider::Rule)
        });
        let rule = by_rule.and_then(|action| self.deciding(action)?.1);
        let of_rule = rule.and_then(|rule| read(&rule.methods));
        of_rule.or_else(|| read(&self.configuration.actions.get(code)?.members))
    }
}
