//! Chooses the settings page, and handles its forms. Must not contain markup.

use http::StatusCode;

use super::visitor::{Seen, Visitor, enrollable};
use super::wording::{date, said};
use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::answer::PageAnswer;
use crate::http::pages::view::{Held, Settings, View};
use crate::http::pages::visit::Fields;

impl Visitor {
    pub(super) fn settings(
        &self,
        seen: &Seen,
        fields: &Fields,
        problem: Option<String>,
    ) -> PageAnswer {
        let situation = &seen.situation;
        let is_kept = situation.keeps_last && situation.authenticators.len() == 1;
        let held = situation.authenticators.iter().map(|one| Held {
            id: one.id.clone(),
            method: one.method,
            label: one.label.clone(),
            since: date(one.created),
            is_default: one.is_default,
            may_be_default: situation.may_update && !one.is_default,
            may_be_removed: situation.may_remove && !is_kept,
        });
        let may_add = situation.may_add && enrollable(situation).next().is_some();
        let notice = match fields.get("done") {
            Some("added") => Some("Method added."),
            Some("removed") => Some("Method removed."),
            Some("default") => Some("Default method changed."),
            _ => None,
        };
        let view = View::Settings(Settings {
            held: held.collect(),
            add: may_add.then(|| self.link(&[("view", "enroll")])),
            recovery_codes: situation.recovery_codes,
            notice: notice.map(str::to_owned),
            problem,
        });
        self.page(seen, None, view)
    }

    pub(super) fn set_default(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        let method = fields.get("method").and_then(Method::of_word);
        let Some(method) = method.filter(|_| seen.situation.may_update) else {
            return self.misdirected(seen);
        };
        let set = self
            .tenant
            .transact(|authsignal, _| authsignal.set_default_method(&seen.bearer, method));
        self.changed(seen, set, "default")
    }

    pub(super) fn remove(&self, seen: &Seen, fields: &Fields) -> PageAnswer {
        if !seen.situation.may_remove {
            return self.misdirected(seen);
        }
        let id = fields.get("authenticator").unwrap_or_default();
        let removed = self.tenant.transact(|authsignal, turn| {
            authsignal.remove_own_authenticator(turn, &seen.bearer, id)
        });
        self.changed(seen, removed, "removed")
    }

    pub(super) fn changed(
        &self,
        seen: &Seen,
        outcome: Result<(), Refusal>,
        done: &str,
    ) -> PageAnswer {
        match outcome {
            Ok(()) => PageAnswer::To(self.link(&[("view", "settings"), ("done", done)])),
            Err(refusal) => self.refused(seen, &refusal),
        }
    }

    /// The settings page, with the reason of a refusal.
    pub(super) fn refused(&self, seen: &Seen, refusal: &Refusal) -> PageAnswer {
        match self.settings(seen, &Fields::default(), Some(said(refusal))) {
            PageAnswer::Page(_, page) => PageAnswer::Page(StatusCode::UNPROCESSABLE_ENTITY, page),
            other => other,
        }
    }
}
