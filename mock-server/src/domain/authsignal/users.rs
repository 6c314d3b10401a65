//! Attributes and devices of users, and finding users by them. Knows no action and no challenge.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::user::{Attributes, Device, User};
use super::webhook::EventKind;
use super::{Authsignal, Refusal};
use crate::domain::Turn;

/// Devices kept for each user; the oldest leaves first.
const DEVICES_PER_USER: usize = 100;

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
    /// Sets attributes of a user, and creates the user if needed.
    pub fn update_user(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        attributes: Attributes,
    ) -> &User {
        let verified_email = attributes.email_verified == Some(true);
        let verified_phone = attributes.phone_number_verified == Some(true);
        self.unindex(user_id);
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(turn.now));
        user.attributes.update(attributes);
        // Documented: verifying the address verifies the authenticators that use it.
        let mut changed = Vec::new();
        for authenticator in &mut user.authenticators {
            if ((verified_email && authenticator.method.is_email())
                || (verified_phone && authenticator.method.is_phone()))
                && authenticator.verified.is_none()
            {
                authenticator.verified = Some(turn.now);
                changed.push(authenticator.clone());
            }
        }
        for authenticator in changed {
            self.announce(
                turn,
                EventKind::AuthenticatorUpdated,
                user_id,
                authenticator,
            );
        }
        self.index(user_id);
        self.users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(turn.now))
    }

    /// Deletes a user with everything they have; with their actions if asked.
    pub fn delete_user(&mut self, turn: &mut Turn<'_>, user_id: &str, with_actions: bool) {
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
    pub fn user_of_email(&mut self, turn: &mut Turn<'_>, email: &str) -> String {
        if let Some(user_id) = self.emails.get(email).and_then(BTreeSet::first) {
            return user_id.clone();
        }
        let attributes = Attributes {
            email: Some(email.to_owned()),
            ..Attributes::default()
        };
        self.update_user(turn, email, attributes);
        email.to_owned()
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
        Ok(device)
    }

    pub(super) fn see_device(&mut self, user_id: &str, device_id: &str, now: Timestamp) {
        let user = self
            .users
            .entry(user_id.to_owned())
            .or_insert_with(|| User::new(now));
        if user.devices.iter().any(|device| device.id == device_id) {
            return;
        }
        user.devices.push(Device {
            id: device_id.to_owned(),
            created: now,
            authenticated: None,
            invalidated: None,
            remembered_until: None,
            last_method: None,
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

    pub(super) fn index(&mut self, user_id: &str) {
        let Some(user) = self.users.get(user_id) else {
            return;
        };
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
        let Some(user) = self.users.get(user_id) else {
            return;
        };
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
