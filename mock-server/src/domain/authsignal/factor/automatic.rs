//! What a person does on a page, without one: enrols where nothing is enrolled, and passes. Knows no page and no wire
//! format.

use super::Bearer;
use crate::domain::Turn;
use crate::domain::authsignal::user::{Authenticator, User};
use crate::domain::authsignal::vocabulary::{Method, State};
use crate::domain::authsignal::{Authsignal, Refusal, address};

impl Authsignal {
    /// Finishes the enrolment that a page with this token asks for, which lets its action pass: with an address that is
    /// known of the user, or else with an authenticator app, which needs none. Returns `false` where the user has an
    /// authenticator or the action awaits nothing.
    ///
    /// # Errors
    /// The action does not exist.
    pub fn enroll_at_once(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
    ) -> Result<bool, Refusal> {
        let action = self.action(&bearer.user_id, &bearer.action, &bearer.key)?;
        let enrolled = self.users.get(&bearer.user_id);
        if action.state != State::Allow || enrolled.is_some_and(User::is_enrolled) {
            return Ok(false);
        }
        let Some(authenticator) = self.at_hand(turn, bearer) else {
            // The tenant offers nothing that a person could set up without a device.
            self.finish_action(turn, &bearer.user_id, &bearer.action, &bearer.key, true)?;
            return Ok(true);
        };
        if authenticator.method == Method::AuthenticatorApp {
            let id = self.enroll_totp(turn, bearer)?.authenticator_id;
            self.pass_by(turn, bearer, Method::AuthenticatorApp, &id);
        } else {
            let (method, id) = (authenticator.method, authenticator.id.clone());
            self.set_pending(bearer, authenticator, turn.now);
            self.pass_by(turn, bearer, method, &id);
        }
        Ok(true)
    }

    /// The authenticator that the user could set up with what is known. Attributes may be any text, so one that is no
    /// address leaves the next method, as it does for a person.
    fn at_hand(&self, turn: &mut Turn<'_>, bearer: &Bearer) -> Option<Authenticator> {
        let contact = self.contact_of(bearer);
        let offered = self.permitted(&bearer.user_id, &bearer.action, &bearer.key);
        let known = offered.iter().find_map(|method| {
            let to = contact.address(*method)?;
            address::check(*method, to).ok()?;
            Some((*method, to.to_owned()))
        });
        if let Some((method, address)) = known {
            let id = turn.ids.uuid();
            return Some(Authenticator::with_address(id, method, address, turn.now));
        }
        let app = Method::AuthenticatorApp;
        offered
            .contains(&app)
            .then(|| Authenticator::new(turn.ids.uuid(), app, turn.now))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bearer;
    use super::super::fixture::{Fixture, at};
    use crate::domain::authsignal::user::User;
    use crate::domain::authsignal::vocabulary::{Method, Outcome, State};

    fn enroll(fixture: &mut Fixture, bearer: &Bearer) -> bool {
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let turn = &mut supplies.turn(at(1));
        authsignal.enroll_at_once(turn, bearer).unwrap()
    }

    fn enrolled(fixture: &Fixture) -> Vec<Method> {
        let user = fixture.authsignal.user("ada");
        user.map(User::enrolled_methods).unwrap_or_default()
    }

    #[test]
    fn a_new_user_is_enrolled_and_passed() {
        let mut fixture = Fixture::new();
        let bearer = fixture.track("ada");
        assert!(enroll(&mut fixture, &bearer));
        assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
        assert_eq!(enrolled(&fixture), [Method::AuthenticatorApp]);
        let action = fixture.authsignal.action("ada", "signIn", &bearer.key);
        assert_eq!(action.unwrap().method, Some(Method::AuthenticatorApp));
    }

    #[test]
    fn what_is_known_of_the_user_is_enrolled_and_nothing_where_there_is_something() {
        let mut fixture = Fixture::new();
        let first = fixture.track("ada");
        let mut user = User::new(at(0));
        user.attributes.email = Some("ada@example.com".into());
        fixture.authsignal.users.insert("ada".into(), user);
        assert!(enroll(&mut fixture, &first));
        assert_eq!(enrolled(&fixture), [Method::EmailOtp]);
        fixture.authsignal.configuration.default_outcome = Outcome::Allow;
        let second = fixture.track("ada");
        assert!(!enroll(&mut fixture, &second));
        assert_eq!(fixture.state(&second), Some(State::Allow));
    }

    #[test]
    fn a_text_that_is_no_address_leaves_another_method() {
        for (phone, email, expected) in [
            ("021", "ada@example.com", Method::EmailOtp),
            ("021", "bad", Method::AuthenticatorApp),
            ("+64270000000", "bad", Method::Sms),
        ] {
            let mut fixture = Fixture::new();
            let bearer = fixture.track("ada");
            let mut user = User::new(at(0));
            user.attributes.phone_number = Some(phone.into());
            user.attributes.email = Some(email.into());
            fixture.authsignal.users.insert("ada".into(), user);
            assert!(enroll(&mut fixture, &bearer));
            assert_eq!(enrolled(&fixture), [expected], "{phone}, {email}");
            assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
        }
    }

    #[test]
    fn nobody_is_enrolled_for_an_action_that_is_decided_against() {
        let mut fixture = Fixture::new();
        for outcome in [Outcome::Block, Outcome::Review] {
            fixture.authsignal.configuration.default_outcome = outcome;
            let bearer = fixture.track("ada");
            assert!(!enroll(&mut fixture, &bearer));
            assert!(enrolled(&fixture).is_empty());
        }
    }

    #[test]
    fn a_tenant_that_offers_only_devices_lets_a_new_user_pass_without_one() {
        let mut fixture = Fixture::new();
        fixture.authsignal.configuration.methods = vec![Method::Passkey];
        let bearer = fixture.track("ada");
        assert!(enroll(&mut fixture, &bearer));
        assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
        assert!(enrolled(&fixture).is_empty());
    }
}
