//! Codes by email, SMS and WhatsApp, and links by email, for the bearer of a token. The challenges are those of the
//! Server API. Knows no wire format.

use jiff::Timestamp;

use super::{Bearer, Passed, Verdict};
use crate::domain::Turn;
use crate::domain::authsignal::address;
use crate::domain::authsignal::challenge::{Attempt, Challenge};
use crate::domain::authsignal::one_time::unknown_challenge;
use crate::domain::authsignal::user::Authenticator;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::webhook::ChallengeLog;
use crate::domain::authsignal::{Authsignal, Refusal};

/// Why a link opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkFault {
    /// No such link was sent, or it was sent too long ago to be remembered.
    #[error("This link is unknown. Open the newest one that was sent.")]
    Unknown,
    /// It has expired, or a newer one was sent.
    #[error("This link has expired. Ask for a new one.")]
    Expired,
    /// It was opened before.
    #[error("This link was already used. Go back to the page that asked for it.")]
    Used,
}

impl Authsignal {
    /// Starts to enrol an address or a number, and sends it a code or a link; a link leads to `base`.
    ///
    /// # Errors
    /// The tenant or the token does not allow it, or too many were sent there.
    pub fn enroll_message(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        address: String,
        base: &str,
    ) -> Result<(Authenticator, Challenge), Refusal> {
        self.may_enroll(bearer, method)?;
        self.send_first(turn, bearer, method, address, base)
    }

    /// Sends a code or a link to an address, which is proved and enrolled once it comes back.
    pub(in crate::domain::authsignal) fn send_first(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        address: String,
        base: &str,
    ) -> Result<(Authenticator, Challenge), Refusal> {
        address::check(method, &address)?;
        if !method.is_email() && !method.is_phone() {
            return Err(Refusal::Invalid(format!(
                "{} sends no messages",
                method.word()
            )));
        }
        let id = turn.ids.uuid();
        let authenticator = Authenticator::with_address(id, method, address, turn.now);
        let challenge = new_challenge(bearer, method, &authenticator);
        let challenge = self.dispatch(turn, challenge, Some(base))?;
        self.set_pending(bearer, authenticator.clone(), turn.now);
        Ok((authenticator, challenge))
    }

    /// Sends a code or a link to what the bearer is enrolling, or else has enrolled, or else to the address that the
    /// application has named. While a challenge is open it is sent again, with a fresh code; a link leads to `base`.
    ///
    /// # Errors
    /// The action can no longer pass, the user has no such authenticator and no such address, the address is none, or too
    /// many were sent there.
    pub fn challenge_message(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        authenticator_id: Option<&str>,
        base: &str,
    ) -> Result<Challenge, Refusal> {
        self.can_pass_by(bearer, method)?;
        let Some(authenticator) = self.addressee(bearer, method, authenticator_id) else {
            let address = self.unenrolled_address(bearer, method, authenticator_id)?;
            let (first, challenge) = self.send_first(turn, bearer, method, address, base)?;
            let user = self.users.get_mut(&bearer.user_id);
            let mut pending = user.into_iter().flat_map(|user| &mut user.pending);
            if let Some(pending) = pending.find(|own| own.authenticator.id == first.id) {
                pending.is_named = true;
            }
            return Ok(challenge);
        };
        let challenge = match self.open_challenge(bearer, method, turn.now) {
            Some(open) if open.goes_to(authenticator) => open.clone(),
            _ => new_challenge(bearer, method, authenticator),
        };
        self.dispatch(turn, challenge, Some(base))
    }

    /// The challenge of that method that the bearer can still pass.
    pub fn open_challenge(
        &self,
        bearer: &Bearer,
        method: Method,
        now: Timestamp,
    ) -> Option<&Challenge> {
        self.newest_of(bearer, method)
            .filter(|challenge| challenge.is_open(now))
    }

    /// Tries a code against the newest challenge of that method. A right one passes the challenge, or finishes the
    /// enrolment.
    ///
    /// # Errors
    /// The action can no longer pass, or no code was sent.
    pub fn verify_code(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        method: Method,
        code: &str,
    ) -> Result<Verdict, Refusal> {
        self.can_pass_by(bearer, method)?;
        let challenge_id = self
            .newest_challenge(bearer, method)
            .map(|challenge| challenge.id.clone())
            .ok_or_else(|| {
                Refusal::Invalid(format!(
                    "no code was sent by {} for this token's action; start the challenge with a token of the same \
                     action and idempotencyKey first",
                    method.word()
                ))
            })?;
        let (attempt, challenge) = self.verify(turn, &challenge_id, code.trim())?;
        Ok(match attempt {
            Attempt::Wrong => Verdict::Wrong,
            Attempt::TooMany => Verdict::TooMany,
            Attempt::Right => match self.pass_message(turn, bearer, &challenge) {
                Some(passed) => Verdict::Passed(Box::new(passed)),
                None => Verdict::Wrong,
            },
        })
    }

    /// Whether a link can be opened, by what stands in it.
    ///
    /// # Errors
    /// It opens nothing.
    pub fn magic_link(&self, token: &str, now: Timestamp) -> Result<(), LinkFault> {
        let (id, secret) = token.split_once('.').ok_or(LinkFault::Unknown)?;
        let challenge = self.challenges.get(id);
        let challenge = challenge.filter(|challenge| challenge.method == Method::EmailMagicLink);
        challenge.ok_or(LinkFault::Unknown)?.can_follow(secret, now)
    }

    /// Opens a link, by what stands in it. The page that asked for it can finish then.
    ///
    /// # Errors
    /// It opens nothing.
    pub fn open_magic_link(&mut self, token: &str, now: Timestamp) -> Result<Challenge, LinkFault> {
        self.magic_link(token, now)?;
        let life = self.configuration.code_life;
        let id = token.split_once('.').map_or(token, |(id, _)| id);
        let challenge = self.challenges.get_mut(id).ok_or(LinkFault::Unknown)?;
        challenge.verified = true;
        // The page has as long to ask as the user had to open it.
        challenge.open(now, life);
        Ok(challenge.clone())
    }

    /// Passes the bearer's newest challenge by link, or the one named, once its link was opened.
    ///
    /// # Errors
    /// The action can no longer pass, there is no such challenge, or it has expired.
    pub fn finalize_magic_link(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        challenge_id: Option<&str>,
    ) -> Result<Option<Passed>, Refusal> {
        let method = Method::EmailMagicLink;
        self.can_pass_by(bearer, method)?;
        let challenge = match challenge_id {
            None => self.newest_challenge(bearer, method),
            Some(id) => self.challenges.get(id).filter(|challenge| {
                challenge.method == method
                    && challenge.is_for(&bearer.user_id, &bearer.action, &bearer.key)
            }),
        };
        let challenge = challenge.cloned().ok_or_else(|| match challenge_id {
            Some(id) => unknown_challenge(id),
            None => Refusal::Invalid(
                "no link was sent for this token's action; start the challenge with a token of the same action and \
                 idempotencyKey first".to_owned(),
            ),
        })?;
        if turn.now >= challenge.expires {
            return Err(Refusal::Invalid(
                "the link has expired; start the challenge again".to_owned(),
            ));
        }
        if !challenge.verified {
            return Ok(None);
        }
        let passed = self.pass_message(turn, bearer, &challenge);
        if passed.is_some() {
            self.log_challenge(turn, &challenge, ChallengeLog::valid(method));
        }
        Ok(passed)
    }

    /// The newest challenge of that method for the bearer's action. Without one, that of the other method that writes to
    /// phones: SMS and WhatsApp verify each other's codes.
    fn newest_challenge(&self, bearer: &Bearer, method: Method) -> Option<&Challenge> {
        let other = match method {
            Method::Sms => Some(Method::Whatsapp),
            Method::Whatsapp => Some(Method::Sms),
            _ => None,
        };
        [Some(method), other]
            .into_iter()
            .flatten()
            .find_map(|method| self.newest_of(bearer, method))
    }

    fn newest_of(&self, bearer: &Bearer, method: Method) -> Option<&Challenge> {
        self.challenges.of_user(&bearer.user_id).find(|challenge| {
            challenge.method == method
                && challenge.authenticator_id.is_some()
                && challenge.is_for(&bearer.user_id, &bearer.action, &bearer.key)
        })
    }

    /// The address for a message. WhatsApp, which the Client API cannot enrol, uses the number of SMS if it has none.
    fn addressee(
        &self,
        bearer: &Bearer,
        method: Method,
        authenticator_id: Option<&str>,
    ) -> Option<&Authenticator> {
        let also = (method == Method::Whatsapp).then_some(Method::Sms);
        let methods = || [Some(method), also].into_iter().flatten();
        let pending = || {
            methods()
                .filter_map(|method| self.pending(bearer, method))
                .find(|pending| authenticator_id.is_none_or(|id| pending.id == id))
                .filter(|pending| !self.is_renamed(bearer, method, pending))
        };
        let enrolled = || {
            methods().find_map(|method| self.enrolled(&bearer.user_id, method, authenticator_id))
        };
        pending().or_else(enrolled)
    }

    /// Whether the application has named an address for a pending authenticator, and another one since: a code then goes to
    /// the new one. No source says so, but nobody reads the old one any more.
    fn is_renamed(&self, bearer: &Bearer, method: Method, pending: &Authenticator) -> bool {
        let user = self.users.get(&bearer.user_id);
        let mut own = user.into_iter().flat_map(|user| &user.pending);
        let is_named = own.any(|own| own.is_named && own.authenticator.id == pending.id);
        let contact = self.contact_of(bearer);
        let address = contact.address(method);
        is_named && address.is_some() && address != pending.address()
    }

    /// The address of a user who has no authenticator for it: of the track call that made the token, or else of the
    /// user's attributes. Only the application sets either, so no scope is needed to challenge it. Two of the vendor's
    /// examples start a first sign-in like this, while the documentation asks for an authenticator.
    fn unenrolled_address(
        &self,
        bearer: &Bearer,
        method: Method,
        authenticator_id: Option<&str>,
    ) -> Result<String, Refusal> {
        let user_id = &bearer.user_id;
        if authenticator_id.is_some() || self.configuration.challenge_enrolled_only {
            return Err(no_authenticator(user_id, method, authenticator_id));
        }
        let contact = self.contact_of(bearer);
        let Some(address) = contact.address(method) else {
            let (word, member) = (method.word(), address::member(method));
            return Err(Refusal::Invalid(format!(
                "user {user_id} has no {word} authenticator and no {member}; enrol one first, or give the {member} in \
                 track or in the user's attributes"
            )));
        };
        self.is_configured(method)?;
        self.room_for_authenticator(user_id)?;
        Ok(address.to_owned())
    }

    /// Passes a challenge after its code or its link was used, unless its authenticator was deleted.
    fn pass_message(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        challenge: &Challenge,
    ) -> Option<Passed> {
        let id = challenge.authenticator_id.as_deref()?;
        let user = self.users.get(&bearer.user_id)?;
        let known = user
            .authenticators
            .iter()
            .chain(user.pending.iter().map(|pending| &pending.authenticator))
            .any(|one| one.id == id);
        known.then(|| self.pass_by(turn, bearer, challenge.method, id))
    }
}

impl Challenge {
    /// Whether it is by that authenticator, and was sent where the authenticator is now.
    fn goes_to(&self, authenticator: &Authenticator) -> bool {
        self.authenticator_id.as_ref() == Some(&authenticator.id)
            && Some(self.address.as_str()) == authenticator.address()
    }

    /// Whether its link can be followed.
    fn can_follow(&self, secret: &str, now: Timestamp) -> Result<(), LinkFault> {
        if !self.has_secret(secret) {
            // Only a link holds the id, so this is an older link of the same challenge.
            return Err(LinkFault::Expired);
        }
        if now >= self.expires {
            return Err(LinkFault::Expired);
        }
        if self.verified {
            return Err(LinkFault::Used);
        }
        Ok(())
    }
}

/// That a user lacks what a challenge needs.
pub(super) fn no_authenticator(user_id: &str, method: Method, id: Option<&str>) -> Refusal {
    let method = method.word();
    match id {
        Some(id) => Refusal::NotFound(format!("user {user_id} has no {method} authenticator {id}")),
        None => Refusal::Invalid(format!(
            "user {user_id} has no {method} authenticator; enrol one first"
        )),
    }
}

fn new_challenge(bearer: &Bearer, method: Method, authenticator: &Authenticator) -> Challenge {
    let address = authenticator.address().unwrap_or_default().to_owned();
    let mut challenge = Challenge::new(
        String::new(),
        method,
        bearer.action.clone(),
        bearer.key.clone(),
        address,
    );
    challenge.user_id = Some(bearer.user_id.clone());
    challenge.authenticator_id = Some(authenticator.id.clone());
    challenge
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{BASE, Fixture, at};
    use super::super::{Bearer, Verdict};
    use super::LinkFault;
    use crate::domain::authsignal::Refusal;
    use crate::domain::authsignal::action::Known;
    use crate::domain::authsignal::address::Contact;
    use crate::domain::authsignal::vocabulary::{Method, State};
    use crate::domain::authsignal::webhook::{Endpoint, Kind};

    fn enroll(fixture: &mut Fixture, bearer: &Bearer, method: Method, to: &str) -> Refused {
        let Fixture {
            supplies,
            authsignal,
        } = fixture;
        let to = to.to_owned();
        authsignal
            .enroll_message(&mut supplies.turn(at(0)), bearer, method, to, BASE)
            .map(drop)
    }

    type Refused = Result<(), Refusal>;

    fn verify(fixture: &mut Fixture, bearer: &Bearer, method: Method, code: &str) -> Verdict {
        let Fixture {
            supplies,
            authsignal,
        } = fixture;
        authsignal
            .verify_code(&mut supplies.turn(at(1)), bearer, method, code)
            .unwrap()
    }

    /// What the newest link holds.
    fn link(fixture: &Fixture) -> String {
        let message = fixture.supplies.outbox.newest_first().next().unwrap();
        let url = message.url.clone().unwrap();
        let token = url.strip_prefix("http://mock.test/magic-link?token=");
        token.unwrap().to_owned()
    }

    #[test]
    fn a_link_is_opened_once_until_it_expires_and_until_the_next() {
        let mut fixture = Fixture::new();
        let bearer = fixture.track("ada");
        let method = Method::EmailMagicLink;
        enroll(&mut fixture, &bearer, method, "ada@example.com").unwrap();
        let first = link(&fixture);
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let again =
            authsignal.challenge_message(&mut supplies.turn(at(1)), &bearer, method, None, BASE);
        again.unwrap();
        let second = link(&fixture);
        let open = |fixture: &mut Fixture, token: &str, seconds| {
            let opened = fixture.authsignal.open_magic_link(token, at(seconds));
            opened.map(|challenge| challenge.verified)
        };
        assert_eq!(open(&mut fixture, &first, 2), Err(LinkFault::Expired));
        assert_eq!(open(&mut fixture, &second, 601), Err(LinkFault::Expired));
        assert_eq!(open(&mut fixture, &second, 600), Ok(true));
        assert_eq!(open(&mut fixture, &second, 600), Err(LinkFault::Used));
        for token in ["", "x", "x.y", "."] {
            assert_eq!(
                open(&mut fixture, token, 3),
                Err(LinkFault::Unknown),
                "{token}"
            );
        }
        assert_eq!(
            fixture.state(&bearer),
            Some(State::Allow),
            "the page has not asked yet"
        );
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let passed = authsignal.finalize_magic_link(&mut supplies.turn(at(600)), &bearer, None);
        assert!(passed.unwrap().unwrap().recovery_codes.is_some());
        assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
    }

    #[test]
    fn a_code_is_none_for_a_link() {
        let mut fixture = Fixture::new();
        let bearer = fixture.track("ada");
        enroll(
            &mut fixture,
            &bearer,
            Method::EmailMagicLink,
            "ada@example.com",
        )
        .unwrap();
        let token = link(&fixture);
        let (id, secret) = token.split_once('.').unwrap();
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        authsignal
            .verify(&mut supplies.turn(at(1)), id, secret)
            .unwrap();
        let polled = authsignal.finalize_magic_link(&mut supplies.turn(at(2)), &bearer, None);
        assert!(polled.unwrap().is_none());
    }

    #[test]
    fn an_enrolment_is_finished_by_the_action_that_started_it() {
        let mut fixture = Fixture::new();
        let (bearer, other) = (fixture.track("ada"), fixture.track("ada"));
        enroll(&mut fixture, &bearer, Method::EmailOtp, "ada@example.com").unwrap();
        let code = fixture
            .supplies
            .outbox
            .newest_first()
            .next()
            .unwrap()
            .code
            .clone();
        let code = code.unwrap();
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let sent = authsignal.challenge_message(
            &mut supplies.turn(at(1)),
            &other,
            Method::EmailOtp,
            None,
            BASE,
        );
        assert!(sent.is_err(), "another action has nothing to send to");
        let verdict = verify(
            &mut fixture,
            &bearer,
            Method::EmailOtp,
            &format!(" {code} "),
        );
        assert!(matches!(verdict, Verdict::Passed(passed) if passed.enrolled.is_some()));
        let user = fixture.authsignal.user("ada").unwrap();
        assert_eq!(user.attributes.email_verified, Some(true));
        assert!(user.pending.is_empty() && user.is_enrolled());
    }

    #[test]
    fn recovery_codes_come_with_each_proof_until_somebody_shows_them() {
        let mut fixture = Fixture::new();
        fixture.authsignal.events.set_endpoints(vec![Endpoint {
            url: "http://127.0.0.1:1/".into(),
            kinds: vec![Kind::ActionVerify],
            public_key: true,
        }]);
        let (bearer, sms) = (fixture.track("ada"), Method::Sms);
        enroll(&mut fixture, &bearer, sms, "+15550100").unwrap();
        let mut given = Vec::new();
        // A receiver keeps the first answer back; the Client API gives the second, without the codes.
        for (taken, shown) in [(false, false), (true, false), (true, true), (true, true)] {
            let code = fixture.supplies.outbox.newest_first().next().unwrap();
            let code = code.code.clone().unwrap();
            let Verdict::Passed(passed) = verify(&mut fixture, &bearer, sms, &code) else {
                panic!("the code is right");
            };
            given.push(passed.recovery_codes.map(|codes| codes.len()));
            let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
            let turn = &mut supplies.turn(at(2));
            if authsignal.events.is_holding() {
                let (_, sequel) = authsignal.take_held(turn.now);
                assert_eq!(authsignal.conclude(turn, sequel, taken), Ok(()));
            }
            if shown {
                authsignal.note_codes_seen("ada");
            }
            let sent = authsignal.challenge_message(turn, &bearer, sms, None, BASE);
            sent.unwrap();
        }
        assert_eq!(given, [Some(8), Some(8), Some(8), None]);
    }

    #[test]
    fn a_code_for_an_authenticator_that_is_no_more_is_wrong() {
        let mut fixture = Fixture::new();
        fixture.enroll_sms("ada");
        let bearer = fixture.track("ada");
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let sms = Method::Sms;
        let sent =
            authsignal.challenge_message(&mut supplies.turn(at(0)), &bearer, sms, None, BASE);
        let id = sent.unwrap().authenticator_id.unwrap();
        let code = supplies
            .outbox
            .newest_first()
            .next()
            .unwrap()
            .code
            .clone()
            .unwrap();
        authsignal
            .delete_authenticator(&mut supplies.turn(at(1)), "ada", &id)
            .unwrap();
        let verdict = verify(&mut fixture, &bearer, sms, &code);
        assert!(matches!(verdict, Verdict::Wrong));
        assert_eq!(fixture.state(&bearer), Some(State::ChallengeRequired));
    }

    #[test]
    fn an_empty_address_is_refused_and_leaves_nothing() {
        let mut fixture = Fixture::new();
        let bearer = fixture.track("ada");
        let refused = enroll(&mut fixture, &bearer, Method::EmailOtp, " ");
        assert!(matches!(refused, Err(Refusal::Invalid(_))));
        assert!(fixture.authsignal.user("ada").is_none() && fixture.supplies.outbox.is_empty());
    }

    fn challenge(fixture: &mut Fixture, bearer: &Bearer, method: Method) -> Refused {
        let Fixture {
            supplies,
            authsignal,
        } = fixture;
        authsignal
            .challenge_message(&mut supplies.turn(at(0)), bearer, method, None, BASE)
            .map(drop)
    }

    fn track(fixture: &mut Fixture, email: &str, key: &str) -> Bearer {
        let known = Known {
            idempotency_key: Some(key.into()),
            contact: Contact {
                email: Some(email.into()),
                ..Contact::default()
            },
            ..Known::default()
        };
        let turn = &mut fixture.supplies.turn(at(0));
        let tracked = fixture.authsignal.track(turn, "ada", "signIn", known);
        let tracked = tracked.unwrap();
        Bearer {
            user_id: "ada".into(),
            action: "signIn".into(),
            key: tracked.key,
            scope: String::new(),
            contact: tracked.grant.contact,
        }
    }

    #[test]
    fn a_code_goes_to_the_address_of_the_track_call_before_that_of_the_user() {
        let mut fixture = Fixture::new();
        let method = Method::EmailOtp;
        let first = track(&mut fixture, "ada@example.com", "first");
        let other = track(&mut fixture, "ada@work.example", "other");
        for (bearer, to) in [(&first, "ada@example.com"), (&other, "ada@work.example")] {
            challenge(&mut fixture, bearer, method).unwrap();
            let message = fixture.supplies.outbox.newest_first().next().unwrap();
            assert_eq!(message.to, to);
        }
        let verified = |fixture: &Fixture| {
            let user = fixture.authsignal.user("ada").unwrap();
            user.attributes.email_verified
        };
        let code = |fixture: &Fixture| {
            let message = fixture.supplies.outbox.newest_first().next().unwrap();
            message.code.clone().unwrap()
        };
        let sent = code(&fixture);
        let passed = verify(&mut fixture, &other, method, &sent);
        assert!(matches!(passed, Verdict::Passed(_)));
        assert_eq!(verified(&fixture), None, "another address was proved");

        // The last track of an action says who the user is.
        track(&mut fixture, "ada@home.example", "third");
        let third = track(&mut fixture, "ada@example.com", "third");
        let contact = fixture.authsignal.contact("ada", "signIn", &third.key);
        assert_eq!(contact.email.as_deref(), Some("ada@example.com"));
    }

    #[test]
    fn neither_a_change_of_the_user_nor_a_later_track_call_changes_where_the_code_of_a_token_goes()
    {
        for asks_first in [true, false] {
            let mut fixture = Fixture::new();
            let first = track(&mut fixture, "first@example.com", "k");
            let user = fixture.authsignal.users.get_mut("ada").unwrap();
            user.attributes.email = Some("changed@example.com".into());
            let again = track(&mut fixture, "again@example.com", "k");
            let (bearer, to) = if asks_first {
                (&first, "first@example.com")
            } else {
                (&again, "again@example.com")
            };
            challenge(&mut fixture, bearer, Method::EmailOtp).unwrap();
            let message = fixture.supplies.outbox.newest_first().next().unwrap();
            assert_eq!(message.to, to);
            let grant = fixture.authsignal.regrant(bearer, at(1));
            assert_eq!(grant.contact.email.as_deref(), Some(to));
        }
    }

    #[test]
    fn a_track_that_names_another_address_sends_the_next_code_there() {
        let mut fixture = Fixture::new();
        let method = Method::EmailOtp;
        let sent = |fixture: &Fixture| {
            let message = fixture.supplies.outbox.newest_first().next().unwrap();
            (message.to.clone(), message.code.clone().unwrap())
        };
        let bearer = track(&mut fixture, "typo@example.com", "k");
        challenge(&mut fixture, &bearer, method).unwrap();
        let (to, old) = sent(&fixture);
        assert_eq!(to, "typo@example.com");
        let bearer = track(&mut fixture, "ada@example.com", "k");
        challenge(&mut fixture, &bearer, method).unwrap();
        let (to, new) = sent(&fixture);
        assert_eq!(to, "ada@example.com");
        if old != new {
            let verdict = verify(&mut fixture, &bearer, method, &old);
            assert!(matches!(verdict, Verdict::Wrong), "{verdict:?}");
        }
        let verdict = verify(&mut fixture, &bearer, method, &new);
        assert!(matches!(verdict, Verdict::Passed(_)), "{verdict:?}");
        let own = &fixture.authsignal.user("ada").unwrap().authenticators;
        let addresses: Vec<_> = own.iter().map(|one| one.address()).collect();
        assert_eq!(addresses, [Some("ada@example.com")]);
    }

    #[test]
    fn an_address_that_the_user_enrols_stays_whatever_track_says_then() {
        let mut fixture = Fixture::new();
        let bearer = track(&mut fixture, "ada@example.com", "k");
        enroll(&mut fixture, &bearer, Method::EmailOtp, "own@example.com").unwrap();
        let bearer = track(&mut fixture, "ada@work.example", "k");
        challenge(&mut fixture, &bearer, Method::EmailOtp).unwrap();
        let message = fixture.supplies.outbox.newest_first().next().unwrap();
        assert_eq!(message.to, "own@example.com");
    }

    #[test]
    fn an_address_that_is_not_enrolled_needs_its_method_to_be_configured_and_the_setting_to_allow_it()
     {
        let mut fixture = Fixture::new();
        let bearer = track(&mut fixture, "ada@example.com", "k");
        fixture.authsignal.configuration.challenge_enrolled_only = true;
        let refused = challenge(&mut fixture, &bearer, Method::EmailOtp).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "user ada has no EMAIL_OTP authenticator; enrol one first"
        );
        fixture.authsignal.configuration.challenge_enrolled_only = false;
        fixture.authsignal.configuration.methods = vec![Method::Sms];
        let refused = challenge(&mut fixture, &bearer, Method::EmailOtp);
        assert!(matches!(refused, Err(Refusal::Unconfigured(_))));
        assert!(fixture.supplies.outbox.is_empty());
    }
}
