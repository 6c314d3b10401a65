//! Attributes and devices of users, and finding users by them. Knows no action and no challenge.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::address::Contact;
use super::user::{Attributes, Device, User};
use super::webhook::EventKind;
use super::{Authsignal, Refusal};
use crate::bounds::{DEVICES_PER_USER, USER_BYTES, USERS};
use crate::domain::Turn;

/// What selects users.
#[derive(Clone, Debug, Default)]
pub struct UserFilter {
    /// Exact user name.
    pub username: Option<String>,
    /// Exact address.
    pub email: Option<String>,
    /// Exact number.
    pub phone_number: Option<String>,
}

impl Authsignal {
    /// Whether there is room for a user, or for more of one that there is.
    ///
    /// # Errors
    /// The tenant has as many users as it may have, or their data is as long as it may be.
    pub fn room_for(&self, user_id: &str) -> Result<(), Refusal> {
        if self.users.len() >= USERS && !self.users.contains_key(user_id) {
            return Err(Refusal::Invalid(format!(
                "the tenant has {USERS} users, and the mock keeps no more; delete some, or reset the mock"
            )));
        }
        if self.user_bytes >= USER_BYTES {
            return Err(Refusal::Invalid(format!(
                "the tenant's users take {USER_BYTES} bytes, and the mock keeps no more; delete some, or reset the mock"
            )));
        }
        Ok(())
    }

    /// Sets attributes of a user, and creates the user if needed. Authenticators follow an address that is verified.
    ///
    /// # Errors
    /// The tenant has reached its bound, or an authenticator cannot have the address.
    pub fn update_user(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        attributes: Attributes,
    ) -> Result<&User, Refusal> {
        self.room_for(user_id)?;
        let changed = self.verified_by(user_id, &attributes, turn.now)?;
        self.unindex(user_id);
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(turn.now));
        user.attributes.update(attributes);
        self.index(user_id);
        self.put_changed(turn, user_id, changed);
        let user = self.users.entry(user_id.to_owned());
        Ok(user.or_insert_with(|| User::new(turn.now)))
    }

    /// Whether a user has no attribute where `contact` has one.
    pub(super) fn lacks(&self, user_id: &str, contact: &Contact) -> bool {
        let own = self
            .users
            .get(user_id)
            .map(|user| user.attributes.contact());
        let own = own.unwrap_or_default();
        own.clone().or(contact.clone()) != own
    }

    /// Gives a user what `contact` has and the user has not.
    pub(super) fn adopt(&mut self, user_id: &str, contact: &Contact, now: Timestamp) {
        if !self.lacks(user_id, contact) {
            return;
        }
        self.unindex(user_id);
        let user = self.users.entry(user_id.to_owned());
        let own = &mut user.or_insert_with(|| User::new(now)).attributes;
        let Contact {
            email,
            phone_number,
            username,
        } = own.contact().or(contact.clone());
        (own.email, own.phone_number, own.username) = (email, phone_number, username);
        self.index(user_id);
    }

    /// Deletes a user with everything they have; with their actions if asked. No token that they have is valid any more.
    pub fn delete_user(&mut self, turn: &mut Turn<'_>, user_id: &str, with_actions: bool) {
        self.deletions.note(user_id);
        self.unindex(user_id);
        if let Some(user) = self.users.remove(user_id) {
            for authenticator in user.authenticators {
                self.forget_keys(&authenticator);
                self.announce(
                    turn,
                    EventKind::AuthenticatorDeleted,
                    user_id,
                    authenticator,
                );
            }
        }
        self.ceremonies.forget(user_id);
        self.sessions.revoke_user(user_id);
        self.challenges.forget(user_id);
        turn.scenarios.forget(user_id);
        if with_actions {
            self.actions.remove(user_id);
        }
    }

    /// The users that a filter selects, by user id, after `after`, and whether there are more.
    ///
    /// # Errors
    /// The filter selects by nothing.
    pub fn query_users(
        &self,
        filter: &UserFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<(String, User)>, bool), Refusal> {
        let sets = [
            (filter.username.as_deref(), &self.usernames),
            (filter.email.as_deref(), &self.emails),
            (filter.phone_number.as_deref(), &self.phone_numbers),
        ];
        let mut selected: Option<BTreeSet<&String>> = None;
        for (value, index) in sets {
            let Some(value) = value else { continue };
            let found: BTreeSet<&String> = index.get(value).into_iter().flatten().collect();
            selected = Some(match selected {
                None => found,
                Some(before) => before.intersection(&found).copied().collect(),
            });
        }
        let selected = selected.ok_or_else(|| {
            Refusal::Invalid("one of username, email, phoneNumber and token is required".to_owned())
        })?;
        let mut rest = selected
            .into_iter()
            .filter(|id| after.is_none_or(|after| id.as_str() > after));
        let page: Vec<_> = rest
            .by_ref()
            .take(limit)
            .filter_map(|id| self.users.get(id).map(|user| (id.clone(), user.clone())))
            .collect();
        Ok((page, rest.next().is_some()))
    }

    /// The user of an address; if nobody has it, a new user with the address as id.
    ///
    /// # Errors
    /// The tenant has reached its bound on users.
    pub fn user_of_email(&mut self, turn: &mut Turn<'_>, email: &str) -> Result<String, Refusal> {
        if let Some(user_id) = self.emails.get(email).and_then(BTreeSet::first) {
            return Ok(user_id.clone());
        }
        let attributes = Attributes {
            email: Some(email.to_owned()),
            ..Attributes::default()
        };
        self.update_user(turn, email, attributes)?;
        Ok(email.to_owned())
    }

    /// Sets until when a device is remembered.
    ///
    /// # Errors
    /// The device is unknown, or the time is past.
    pub fn remember_device(
        &mut self,
        user_id: &str,
        device_id: &str,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<&Device, Refusal> {
        if until.is_some_and(|until| until <= now) {
            return Err(Refusal::Invalid(
                "rememberedUntil must be in the future, or null".to_owned(),
            ));
        }
        let device = self.device_mut(user_id, device_id)?;
        device.remembered_until = until;
        Ok(device)
    }

    /// Invalidates a device.
    ///
    /// # Errors
    /// The device is unknown.
    pub fn invalidate_device(
        &mut self,
        user_id: &str,
        device_id: &str,
        now: Timestamp,
    ) -> Result<&Device, Refusal> {
        let device = self.device_mut(user_id, device_id)?;
        device.invalidated = Some(now);
        device.remembered_until = None;
        device.proven = false;
        Ok(device)
    }

    pub(super) fn see_device(&mut self, user_id: &str, device_id: &str, now: Timestamp) {
        let user = self.users.get(user_id);
        let mut devices = user.into_iter().flat_map(|user| &user.devices);
        if devices.any(|device| device.id == device_id) {
            return;
        }
        self.unindex(user_id);
        self.add_device(user_id, device_id, now);
        self.index(user_id);
    }

    /// As a track call of the device does.
    #[cfg(test)]
    pub fn see_device_for_tests(&mut self, user_id: &str, device_id: &str, now: Timestamp) {
        self.see_device(user_id, device_id, now);
    }

    fn add_device(&mut self, user_id: &str, device_id: &str, now: Timestamp) {
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(now));
        user.devices.push(Device {
            id: device_id.to_owned(),
            created: now,
            authenticated: None,
            invalidated: None,
            remembered_until: None,
            last_method: None,
            proven: false,
        });
        if user.devices.len() > DEVICES_PER_USER {
            user.devices.remove(0);
        }
    }

    fn device_mut(&mut self, user_id: &str, device_id: &str) -> Result<&mut Device, Refusal> {
        self.users
            .get_mut(user_id)
            .and_then(|user| {
                user.devices
                    .iter_mut()
                    .find(|device| device.id == device_id)
            })
            .ok_or_else(|| Refusal::NotFound(format!("user {user_id} has no device {device_id}")))
    }

    /// Notes what a user can be found by, and how many bytes the user takes. [`unindex`](Self::unindex) comes before each
    /// change of these, and this after it.
    pub(super) fn index(&mut self, user_id: &str) {
        let Some(user) = self.users.get_mut(user_id) else {
            return;
        };
        user.counted = user_id.len() + user.bytes();
        self.user_bytes += user.counted;
        let attributes = &user.attributes;
        for (index, value) in [
            (&mut self.emails, &attributes.email),
            (&mut self.phone_numbers, &attributes.phone_number),
            (&mut self.usernames, &attributes.username),
        ] {
            if let Some(value) = value {
                index
                    .entry(value.clone())
                    .or_default()
                    .insert(user_id.to_owned());
            }
        }
    }

    pub(super) fn unindex(&mut self, user_id: &str) {
        let Some(user) = self.users.get_mut(user_id) else {
            return;
        };
        self.user_bytes -= user.counted;
        user.counted = 0;
        let attributes = &user.attributes;
        for (index, value) in [
            (&mut self.emails, &attributes.email),
            (&mut self.phone_numbers, &attributes.phone_number),
            (&mut self.usernames, &attributes.username),
        ] {
            let Some(value) = value else { continue };
            if let Some(users) = index.get_mut(value) {
                users.remove(user_id);
                if users.is_empty() {
                    index.remove(value);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::factor::fixture::{Fixture, at};
    use crate::bounds::{AUTHENTICATORS_PER_USER, USER_BYTES, USERS};
    use crate::domain::authsignal::user::{Attributes, User};
    use crate::domain::authsignal::vocabulary::Method;
    use crate::domain::authsignal::{Enrollment, Refusal};
    use crate::domain::custom::Custom;

    fn why<T>(result: Result<T, Refusal>) -> String {
        result.err().map(|refusal| refusal.to_string()).unwrap()
    }

    #[test]
    fn a_user_too_many_is_refused_and_one_that_there_is_is_not() {
        let mut fixture = Fixture::new();
        for number in 0..USERS {
            let users = &mut fixture.authsignal.users;
            users.insert(number.to_string(), User::new(at(0)));
        }
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let turn = &mut supplies.turn(at(1));
        let refused = why(authsignal.update_user(turn, "ada", Attributes::default()));
        assert!(refused.contains("100000 users"), "{refused}");
        let sms = Enrollment {
            phone_number: Some("+15550100".into()),
            ..Enrollment::new(Method::Sms)
        };
        let refused = why(authsignal.enroll(turn, "ada", sms.clone()));
        assert!(refused.contains("100000 users"), "{refused}");
        assert!(authsignal.enroll(turn, "7", sms).is_ok());
        let updated = authsignal.update_user(turn, "7", Attributes::default());
        assert!(updated.is_ok());
    }

    #[test]
    fn what_users_take_is_counted_has_a_bound_and_goes_with_them() {
        let mut fixture = Fixture::new();
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let turn = &mut supplies.turn(at(0));
        let data = json!({"data": "x".repeat(1024 * 1024)});
        let attributes = Attributes {
            custom: data.as_object().map(Custom::new),
            ..Attributes::default()
        };
        let mut number = 0;
        let refused = loop {
            let user = number.to_string();
            match authsignal.update_user(turn, &user, attributes.clone()) {
                Ok(_) => number += 1,
                Err(refusal) => break refusal.to_string(),
            }
        };
        assert!(refused.contains("67108864 bytes"), "{refused}");
        assert_eq!(number, USER_BYTES / (1024 * 1024));
        authsignal.see_device("0", "a device", at(1));
        for _ in 0..2 {
            // The same once more takes no more.
            let before = authsignal.user_bytes;
            authsignal.see_device("0", "a device", at(1));
            assert_eq!(authsignal.user_bytes, before);
        }
        for number in 0..number {
            authsignal.delete_user(turn, &number.to_string(), true);
        }
        assert_eq!(authsignal.user_bytes, 0);
    }

    #[test]
    fn an_authenticator_too_many_is_refused() {
        let mut fixture = Fixture::new();
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let turn = &mut supplies.turn(at(0));
        let passkey = |number: usize| Enrollment {
            credential_id: Some(number.to_string()),
            credential_public_key: Some("key".into()),
            ..Enrollment::new(Method::Passkey)
        };
        for number in 0..AUTHENTICATORS_PER_USER {
            assert!(authsignal.enroll(turn, "ada", passkey(number)).is_ok());
        }
        let refused = why(authsignal.enroll(turn, "ada", passkey(AUTHENTICATORS_PER_USER)));
        assert!(refused.contains("1000 authenticators"), "{refused}");
    }
}
