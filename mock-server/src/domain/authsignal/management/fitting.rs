//! A document of another tenant, put into this one without what it has no place for. Knows no file.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::document::{Document, is_flow};
use super::resource::Resource;
use crate::domain::Turn;
use crate::domain::authsignal::Authsignal;

/// Members that say which resource it is. They go with each part of it.
const KEYS: [&str; 2] = ["actionCode", "verificationMethod"];

impl Authsignal {
    /// Configures the tenant as a document says, and leaves out what cannot be, and each URL that `check` refuses. Returns
    /// what is left, which [`put_document`](Self::put_document) takes, and what was left out and why.
    pub fn put_fitting(
        &mut self,
        turn: &mut Turn<'_>,
        document: Document,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> (Document, Vec<String>) {
        let mut fitting = Fitting {
            authsignal: self,
            turn,
            check,
            notes: Vec::new(),
        };
        let kept = fitting.document(document);
        (kept, fitting.notes)
    }
}

struct Fitting<'a, 'b, C> {
    authsignal: &'a mut Authsignal,
    turn: &'a mut Turn<'b>,
    check: C,
    notes: Vec<String>,
}

impl<C: Fn(&str) -> Result<(), String>> Fitting<'_, '_, C> {
    fn document(&mut self, document: Document) -> Document {
        let mut kept = Document {
            all_authenticators: document.all_authenticators,
            ..Document::default()
        };
        // Without any, so that none of a new tenant's own methods stays.
        let _ = self.put(&kept);
        for one in document.authenticators {
            let of = |one| Document {
                authenticators: vec![one],
                ..Document::default()
            };
            let place = format!("authenticator-configurations ({})", named(&one, KEYS[1]));
            kept.authenticators.extend(self.parts(&place, one, of));
        }
        for one in document.lists {
            let place = format!("value-lists/{}", named(&one, "alias"));
            let of = |one| Document {
                lists: vec![one],
                ..Document::default()
            };
            kept.lists.extend(self.whole(&place, one, of));
        }
        for one in document.data_points {
            let place = format!("custom-data-points ({})", named(&one, "name"));
            let of = |one| Document {
                data_points: vec![one],
                ..Document::default()
            };
            kept.data_points.extend(self.whole(&place, one, of));
        }
        let of = |one| Document {
            tenant: Some(one),
            ..Document::default()
        };
        let tenant = document.tenant;
        kept.tenant = tenant.and_then(|one| self.parts("tenant", one, of));
        let of = |one| Document {
            theme: Some(one),
            ..Document::default()
        };
        let theme = document.theme;
        kept.theme = theme.and_then(|one| self.parts("theme", one, of));
        kept.messages = document.messages.and_then(|all| self.messages(all));
        let mut rules = document.rules;
        for (code, action) in document.actions {
            let own = rules.remove(&code).unwrap_or_default();
            self.action(code, action, own, &mut kept);
        }
        for code in rules.into_keys() {
            self.notes.push(format!(
                "action-configurations/{code}/rules: there is no action configuration {code}; the seed leaves them out"
            ));
        }
        kept
    }

    fn action(
        &mut self,
        code: String,
        action: Resource,
        rules: Vec<Resource>,
        kept: &mut Document,
    ) {
        let place = format!("action-configurations/{code}");
        let of = |one| Document {
            actions: BTreeMap::from([(code.clone(), one)]),
            rules: BTreeMap::from([(code.clone(), rules.clone())]),
            ..Document::default()
        };
        let was_flow = is_flow(&action);
        // The rules of a flow go with it; others can be left out one by one.
        let fits = match was_flow {
            true => self.parts(&place, action, of),
            false => self.parts(&place, action, |one| Document {
                rules: BTreeMap::new(),
                ..of(one)
            }),
        };
        let Some(action) = fits else { return };
        let is_flow = is_flow(&action);
        let own = |rules| Document {
            actions: BTreeMap::from([(code.clone(), action.clone())]),
            rules: BTreeMap::from([(code.clone(), rules)]),
            ..Document::default()
        };
        let mut fitting = Vec::new();
        if is_flow {
            fitting = rules;
        } else if was_flow && !rules.is_empty() {
            self.leave_out(&format!("{place}/rules"), "they belong to the flow");
        } else {
            for rule in rules {
                let place = format!("{place}/rules/{}", named(&rule, "ruleId"));
                fitting.extend(self.whole(&place, rule, |rule| own(vec![rule])));
            }
        }
        if !fitting.is_empty() {
            kept.rules.insert(code.clone(), fitting);
        }
        kept.actions.insert(code, action);
    }

    /// The texts that have a place in the pages of the mock.
    fn messages(&mut self, all: Resource) -> Option<Resource> {
        let of = |messages| Document {
            messages: Some(messages),
            ..Document::default()
        };
        let mut kept = Resource::default();
        for (locale, texts) in all.into_members() {
            let mut own = Map::new();
            for (id, text) in texts.as_object().cloned().unwrap_or_default() {
                let mut single = Resource::default();
                single.set(&locale, json!({&id: text}));
                match self.put(&of(single)) {
                    Ok(()) => drop(own.insert(id, text)),
                    Err(why) => self.leave_out(&format!("message-overrides/{locale}/{id}"), &why),
                }
            }
            if !own.is_empty() {
                kept.set(&locale, own);
            }
        }
        self.whole("message-overrides", kept, of)
    }

    fn put(&mut self, document: &Document) -> Result<(), String> {
        document.urls().try_for_each(&self.check)?;
        self.authsignal.put_document(self.turn, document)
    }

    fn leave_out(&mut self, place: &str, why: &str) {
        let named = why.split_once(": ");
        let named = named.filter(|(already, _)| place.starts_with(already));
        let why = named.map_or(why, |(_, why)| why);
        let note = format!("{place}: {why}; the seed leaves it out");
        self.notes.push(note);
    }

    /// A resource that is there or not.
    fn whole(
        &mut self,
        place: &str,
        one: Resource,
        of: impl Fn(Resource) -> Document,
    ) -> Option<Resource> {
        match self.put(&of(one.clone())) {
            Ok(()) => Some(one),
            Err(why) => {
                self.leave_out(place, &why);
                None
            }
        }
    }

    /// A resource, without those of its members that cannot be.
    fn parts(
        &mut self,
        place: &str,
        mut one: Resource,
        of: impl Fn(Resource) -> Document,
    ) -> Option<Resource> {
        if self.put(&of(one.clone())).is_ok() {
            return Some(one);
        }
        let names: Vec<String> = one.members().keys().cloned().collect();
        for name in names.iter().filter(|name| !KEYS.contains(&name.as_str())) {
            let mut single = one.clone();
            for other in &names {
                if other != name && !KEYS.contains(&other.as_str()) {
                    single.take(other);
                }
            }
            if let Err(why) = self.put(&of(single)) {
                one.take(name);
                self.leave_out(&format!("{place}/{name}"), &why);
            }
        }
        // What is left may still not go together.
        while let Err(why) = self.put(&of(one.clone())) {
            let names = one.members().keys().cloned();
            let mut names = names.filter(|name| !KEYS.contains(&name.as_str()));
            let in_the_way = names.find(|name| {
                let mut less = one.clone();
                less.take(name);
                self.put(&of(less)).is_ok()
            });
            let Some(name) = in_the_way else {
                self.leave_out(place, &why);
                return None;
            };
            one.take(&name);
            self.leave_out(&format!("{place}/{name}"), &why);
        }
        Some(one)
    }
}

fn named<'a>(one: &'a Resource, member: &str) -> &'a str {
    one.get(member).and_then(Value::as_str).unwrap_or_default()
}
