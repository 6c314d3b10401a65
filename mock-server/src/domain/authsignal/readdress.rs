//! Authenticators that follow their user to another address. Knows no action and no wire format.

use jiff::Timestamp;

use super::address::{self, Contact};
use super::user::{Attributes, Authenticator, User};
use super::vocabulary::Method;
use super::webhook::EventKind;
use super::{Authsignal, Refusal};
use crate::domain::Turn;

impl Authsignal {
    /// The authenticators that change when attributes of a user are set, as they are then. Documented: a verified address
    /// becomes that of the authenticators that write to one, and the next message goes there.
    ///
    /// # Errors
    /// An authenticator would get a text that is not an address, or a number that the tenant does not accept.
    pub(super) fn verified_by(
        &self,
        user_id: &str,
        attributes: &Attributes,
        now: Timestamp,
    ) -> Result<Vec<Authenticator>, Refusal> {
        let Some(user) = self.users.get(user_id) else {
            return Ok(Vec::new());
        };
        let is_verified = |method: Method| {
            (method.is_email() && attributes.email_verified == Some(true))
                || (method.is_phone() && attributes.phone_number_verified == Some(true))
        };
        let (before, after) = (user.attributes.contact(), user.contact_after(attributes));
        let mut changed: Vec<Authenticator> = Vec::new();
        let own = user.authenticators.iter();
        for authenticator in own.filter(|own| is_verified(own.method)) {
            let method = authenticator.method;
            let address = after.address(method).filter(|address| {
                let others = user.authenticators.iter().chain(&changed);
                !has_address(others, method, address)
                    && self.follows(authenticator, before.address(method))
            });
            if let Some(address) = address {
                address::check(method, address)?;
                self.reaches(method, address)?;
                changed.push(authenticator.at(address, now));
            } else if authenticator.verified.is_none() {
                let mut verified = authenticator.clone();
                verified.verified = Some(now);
                changed.push(verified);
            }
        }
        Ok(changed)
    }

    /// Whether an authenticator has its user's address. Where a user may have several, only the one at the address that
    /// the user had moves: no source says so, but the others would all become the same.
    fn follows(&self, authenticator: &Authenticator, before: Option<&str>) -> bool {
        let configured = &self.configuration.authenticators;
        !configured.allows_several(authenticator.method) || authenticator.address() == before
    }

    /// Puts authenticators that changed in the place of what they were, and tells the receivers of webhooks.
    pub(super) fn put_changed(
        &mut self,
        turn: &mut Turn<'_>,
        user_id: &str,
        changed: Vec<Authenticator>,
    ) {
        self.unindex(user_id);
        if let Some(user) = self.users.get_mut(user_id) {
            for own in &mut user.authenticators {
                if let Some(new) = changed.iter().find(|new| new.id == own.id) {
                    own.clone_from(new);
                }
            }
        }
        self.index(user_id);
        for authenticator in changed {
            let what = EventKind::AuthenticatorUpdated;
            self.announce(turn, what, user_id, authenticator);
        }
    }
}

fn has_address<'a>(
    mut all: impl Iterator<Item = &'a Authenticator>,
    method: Method,
    address: &str,
) -> bool {
    all.any(|own| own.method == method && own.address() == Some(address))
}

impl User {
    /// How the user can be reached once these attributes are set.
    fn contact_after(&self, attributes: &Attributes) -> Contact {
        let own = &self.attributes;
        let set = |new: &Option<String>, own: &Option<String>| new.clone().or_else(|| own.clone());
        Contact {
            email: set(&attributes.email, &own.email),
            phone_number: set(&attributes.phone_number, &own.phone_number),
            username: None,
        }
        .filled()
    }
}

impl Authenticator {
    /// The same at another address, which is verified now.
    pub(super) fn at(&self, address: &str, now: Timestamp) -> Self {
        let mut moved = self.clone();
        if self.method.is_email() {
            moved.email = Some(address.to_owned());
        } else {
            moved.phone_number = Some(address.to_owned());
        }
        moved.verified = Some(now);
        moved
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::domain::authsignal::factor::fixture::{BASE, Fixture, at};
    use crate::domain::authsignal::user::Attributes;
    use crate::domain::authsignal::vocabulary::Method;
    use crate::domain::authsignal::{Enrollment, Refusal};

    const OLD: &str = "+15550100";
    const NEW: &str = "+15550199";

    fn enroll(fixture: &mut Fixture, method: Method, number: &str) {
        let enrollment = Enrollment {
            phone_number: Some(number.into()),
            ..Enrollment::new(method)
        };
        let turn = &mut fixture.supplies.turn(at(0));
        fixture.authsignal.enroll(turn, "ada", enrollment).unwrap();
    }

    fn number(number: &str, verified: bool) -> Attributes {
        Attributes {
            phone_number: Some(number.into()),
            phone_number_verified: Some(verified),
            ..Attributes::default()
        }
    }

    fn update(fixture: &mut Fixture, attributes: Attributes) -> Result<(), Refusal> {
        let turn = &mut fixture.supplies.turn(at(5));
        let updated = fixture.authsignal.update_user(turn, "ada", attributes);
        updated.map(drop)
    }

    fn addresses(fixture: &Fixture) -> Vec<String> {
        let own = &fixture.authsignal.user("ada").unwrap().authenticators;
        let addresses = own.iter().map(|own| own.address().unwrap().to_owned());
        addresses.collect()
    }

    #[test]
    fn authenticators_follow_a_number_once_it_is_verified_and_not_before() {
        let mut fixture = Fixture::new();
        enroll(&mut fixture, Method::Sms, OLD);
        enroll(&mut fixture, Method::Whatsapp, OLD);
        update(&mut fixture, number(NEW, false)).unwrap();
        assert_eq!(addresses(&fixture), [OLD, OLD]);
        let verified = Attributes {
            phone_number_verified: Some(true),
            ..Attributes::default()
        };
        update(&mut fixture, verified).unwrap();
        assert_eq!(addresses(&fixture), [NEW, NEW]);
        let user = fixture.authsignal.user("ada").unwrap();
        assert_eq!(user.authenticators[0].verified, Some(at(5)));
        assert_eq!(user.authenticators[0].created, at(0));
        fixture
            .authsignal
            .delete_user(&mut fixture.supplies.turn(at(6)), "ada", true);
        assert_eq!(fixture.authsignal.user_bytes, 0);
    }

    #[test]
    fn a_code_goes_to_the_new_number_while_one_to_the_old_is_open() {
        let mut fixture = Fixture::new();
        enroll(&mut fixture, Method::Sms, OLD);
        let bearer = fixture.track("ada");
        let send = |fixture: &mut Fixture| {
            let turn = &mut fixture.supplies.turn(at(1));
            let sent = fixture
                .authsignal
                .challenge_message(turn, &bearer, Method::Sms, None, BASE);
            sent.unwrap().address
        };
        assert_eq!(send(&mut fixture), OLD);
        update(&mut fixture, number(NEW, true)).unwrap();
        assert_eq!(send(&mut fixture), NEW);
    }

    #[test]
    fn a_number_that_is_none_is_refused_where_an_authenticator_would_get_it() {
        let mut fixture = Fixture::new();
        update(&mut fixture, number("9876543210", true)).unwrap();
        enroll(&mut fixture, Method::Sms, OLD);
        let refused = update(&mut fixture, number("9876543210", true)).unwrap_err();
        let why = refused.to_string();
        assert!(
            why.starts_with("phoneNumber does not start with +"),
            "{why}"
        );
        assert_eq!(addresses(&fixture), [OLD]);
        update(&mut fixture, number("", true)).unwrap();
        assert_eq!(addresses(&fixture), [OLD]);
    }

    #[test]
    fn of_several_numbers_the_one_that_the_user_had_moves_and_none_comes_twice() {
        let mut fixture = Fixture::new();
        let several = json!({"allowMultipleUserAuthenticators": true});
        let several = several.as_object().unwrap().clone();
        let configured = fixture.authsignal.update_authenticator("sms", several);
        configured.unwrap();
        enroll(&mut fixture, Method::Sms, OLD);
        enroll(&mut fixture, Method::Sms, "+15550101");
        update(&mut fixture, number(NEW, true)).unwrap();
        assert_eq!(addresses(&fixture), [NEW, "+15550101"]);
        update(&mut fixture, number("+15550101", true)).unwrap();
        assert_eq!(addresses(&fixture), [NEW, "+15550101"]);
    }
}
