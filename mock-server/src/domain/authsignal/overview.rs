//! Lists of users and actions, for the control API. Changes nothing, and knows no wire format.

use super::Authsignal;
use super::action::{Action, Actions};
use super::rule::Rule;
use super::user::User;

/// A user, as far as known: one that only actions mention has no attributes and no authenticators.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The id.
    pub id: &'a str,
    /// What is kept of the user.
    pub user: Option<&'a User>,
    /// How many actions are kept.
    pub actions: usize,
}

impl Seen<'_> {
    /// Whether the id, an address, the number or a name has one of these texts, which are in lower case.
    pub fn has(&self, any: &[String]) -> bool {
        let attributes = self.user.map(|user| &user.attributes);
        let others = attributes.into_iter().flat_map(|attributes| {
            [
                attributes.email.as_deref(),
                attributes.phone_number.as_deref(),
                attributes.username.as_deref(),
                attributes.display_name.as_deref(),
            ]
        });
        others
            .flatten()
            .chain([self.id])
            .map(str::to_lowercase)
            .any(|value| any.iter().any(|text| value.contains(text)))
    }
}

impl Authsignal {
    fn everybody(&self) -> impl Iterator<Item = Seen<'_>> {
        let users = self.users.iter().map(|(id, user)| Seen {
            id,
            user: Some(user),
            actions: self.actions.get(id).map_or(0, Actions::len),
        });
        let others = self.actions.iter().filter_map(|(id, actions)| {
            let seen = Seen {
                id,
                user: None,
                actions: actions.len(),
            };
            (!self.users.contains_key(id) && !actions.is_empty()).then_some(seen)
        });
        users.chain(others)
    }

    /// How many users there are, those with nothing but actions among them.
    pub fn population(&self) -> usize {
        self.everybody().count()
    }

    /// A user, if the tenant knows them.
    pub fn seen<'a>(&'a self, user_id: &'a str) -> Option<Seen<'a>> {
        let user = self.users.get(user_id);
        let actions = self.actions.get(user_id).map_or(0, Actions::len);
        (user.is_some() || actions > 0).then_some(Seen {
            id: user_id,
            user,
            actions,
        })
    }

    /// Users by id, after the id `after`; and whether there are more than `limit`.
    pub fn seen_users(&self, after: Option<&str>, limit: usize) -> (Vec<Seen<'_>>, bool) {
        let mut found = self.everybody_after(after).collect::<Vec<_>>();
        let more = found.len() > limit;
        if more {
            // The first of many, without sorting the rest.
            found.select_nth_unstable_by_key(limit, |seen| seen.id);
            found.truncate(limit);
        }
        found.sort_unstable_by_key(|seen| seen.id);
        (found, more)
    }

    /// The ids of all users after the id `after`, in no order.
    pub fn ids_after(&self, after: Option<&str>) -> Vec<String> {
        let found = self.everybody_after(after);
        found.map(|seen| seen.id.to_owned()).collect()
    }

    fn everybody_after(&self, after: Option<&str>) -> impl Iterator<Item = Seen<'_>> {
        self.everybody()
            .filter(move |seen| after.is_none_or(|after| seen.id > after))
    }

    /// The actions of a user, newest first.
    pub fn actions_of(&self, user_id: &str) -> impl Iterator<Item = &Action> {
        let actions = self.actions.get(user_id).into_iter();
        actions.flat_map(Actions::newest_first)
    }

    /// The actions of all users with their users, newest first.
    pub fn newest_actions(&self) -> impl Iterator<Item = (&str, &Action)> {
        self.actions.newest_first()
    }

    /// The rule that decided about an action: the first that matched. A rule that was removed since has only its id.
    pub fn deciding<'a>(&'a self, action: &'a Action) -> Option<(&'a str, Option<&'a Rule>)> {
        let id = action.rule_ids.first()?;
        Some((id, self.configuration.rules.get(id)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use crate::domain::Supplies;
    use crate::domain::authsignal::action::Known;
    use crate::domain::authsignal::token::Keys;
    use crate::domain::authsignal::user::Attributes;
    use crate::domain::authsignal::{Authsignal, Tenant};

    fn authsignal() -> Authsignal {
        let mut authsignal = Authsignal::new(Arc::new(Tenant {
            id: "tenant".into(),
            secret: "secret".into(),
            management_secret: "manager".into(),
            terminal_secret: "terminal".into(),
            publishable_key: "key".into(),
            keys: Keys::of_test("secret"),
        }));
        let now = Timestamp::UNIX_EPOCH;
        let supplies = &mut Supplies::new([7; 32], 0);
        for id in ["b", "a", "d"] {
            let attributes = Attributes {
                email: Some(format!("{id}@Example.com")),
                ..Attributes::default()
            };
            let turn = &mut supplies.turn(now);
            authsignal.update_user(turn, id, attributes).unwrap();
        }
        for (user, action) in [("c", "first"), ("a", "second"), ("c", "third")] {
            authsignal
                .track(&mut supplies.turn(now), user, action, Known::default())
                .unwrap();
        }
        authsignal
    }

    #[test]
    fn users_come_page_by_page_and_who_has_only_actions_is_among_them() {
        let authsignal = authsignal();
        let page = |after, limit| {
            let (users, more) = authsignal.seen_users(after, limit);
            (users.iter().map(|seen| seen.id).collect::<String>(), more)
        };
        assert_eq!(page(None, 3), ("abc".into(), true));
        assert_eq!(page(Some("c"), 3), ("d".into(), false));
        assert_eq!(page(None, 4), ("abcd".into(), false));
        assert_eq!(authsignal.population(), 4);
        let mut ids = authsignal.ids_after(Some("b"));
        ids.sort();
        assert_eq!(ids, ["c", "d"]);
        assert_eq!(authsignal.seen("c").map(|seen| seen.actions), Some(2));
        assert!(authsignal.seen("e").is_none());
    }

    #[test]
    fn users_are_found_by_what_is_known_of_them() {
        let authsignal = authsignal();
        let found = |search: &[&str]| {
            let search: Vec<_> = search.iter().map(|&text| text.to_owned()).collect();
            let (users, _) = authsignal.seen_users(None, 9);
            users.iter().filter(|seen| seen.has(&search)).count()
        };
        assert_eq!(
            (
                found(&["example"]),
                found(&["a@ex"]),
                found(&["c"]),
                found(&["x@"])
            ),
            (3, 1, 4, 0)
        );
        assert_eq!(found(&["x@", "a@ex"]), 1);
    }

    #[test]
    fn actions_of_all_users_come_newest_first() {
        let authsignal = authsignal();
        let actions: Vec<_> = authsignal
            .newest_actions()
            .map(|(user, action)| (user, action.code.as_str()))
            .collect();
        assert_eq!(actions, [("c", "third"), ("a", "second"), ("c", "first")]);
    }
}
