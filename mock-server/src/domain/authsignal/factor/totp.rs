//! Authenticator apps: RFC 6238 by `totp-rs`, one step early or late, and no code twice. Knows no wire format.

use jiff::Timestamp;
use totp_rs::{Builder, Totp};

use super::otp_uri::read_uri;
use super::{Bearer, Verdict};
use crate::bounds::ATTEMPTS;
use crate::domain::Turn;
use crate::domain::authsignal::user::Authenticator;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Refusal};

/// The service that the app shows beside the codes where nothing is set.
const ISSUER: &str = "stepup-mock";
/// Length of a secret, in bytes; RFC 4226 recommends it.
const SECRET: usize = 20;

/// What an authenticator app is set up with.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpEnrollment {
    /// The authenticator to be.
    pub authenticator_id: String,
    /// The otpauth URI, for a QR code.
    pub uri: String,
    /// The secret in it, in base32, for typing.
    pub secret: String,
}

/// A code of an authenticator app.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpCode {
    /// The code.
    pub code: String,
    /// When the next takes its place.
    pub expires: Timestamp,
}

impl Authsignal {
    /// Starts to enrol an authenticator app.
    ///
    /// # Errors
    /// The tenant or the token does not allow it.
    pub fn enroll_totp(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
    ) -> Result<TotpEnrollment, Refusal> {
        let method = Method::AuthenticatorApp;
        self.may_enroll(bearer, method)?;
        let attributes = self.users.get(&bearer.user_id).map(|user| &user.attributes);
        let name = attributes
            .and_then(|own| own.email.as_ref().or(own.username.as_ref()))
            .unwrap_or(&bearer.user_id);
        let issuer = self.configuration.authenticators.issuer();
        // The standard has no place for a colon in a name: it ends the issuer.
        let plain = |name: &str| name.replace(':', "_");
        let totp = Builder::new()
            .with_secret(turn.ids.bytes::<SECRET>())
            .with_issuer(Some(plain(issuer.unwrap_or(ISSUER))))
            .with_account_name(plain(name))
            .build()
            .map_err(|error| Refusal::Invalid(error.to_string()))?;
        let uri = totp
            .to_url()
            .map_err(|error| Refusal::Invalid(error.to_string()))?;
        let mut authenticator = Authenticator::new(turn.ids.uuid(), method, turn.now);
        authenticator.otp_uri = Some(uri.clone());
        let enrollment = TotpEnrollment {
            authenticator_id: authenticator.id.clone(),
            secret: totp.secret().to_base32(),
            uri,
        };
        self.set_pending(bearer, authenticator, turn.now);
        if let Some(wrong) = self.wrong_codes(bearer) {
            // Those were of another secret.
            wrong.totp = 0;
        }
        Ok(enrollment)
    }

    /// Tries a code of the app that the bearer is enrolling, or else has enrolled.
    ///
    /// # Errors
    /// The action can no longer pass, there is no app, or the URI that it was enrolled with cannot be read.
    pub fn verify_totp(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        code: &str,
    ) -> Result<Verdict, Refusal> {
        let method = Method::AuthenticatorApp;
        self.can_pass_by(bearer, method)?;
        let authenticator = self
            .pending(bearer, method)
            .or_else(|| self.enrolled(&bearer.user_id, method, None))
            .ok_or_else(|| none(&bearer.user_id))?;
        let (id, used) = (authenticator.id.clone(), authenticator.used_step);
        let totp = totp_of(authenticator)?;
        let before = self.wrong_codes(bearer).map_or(0, |wrong| wrong.totp);
        if before >= ATTEMPTS || !self.may_verify(method, &bearer.user_id, turn.now) {
            return Ok(Verdict::TooMany);
        }
        let seconds = u64::try_from(turn.now.as_second()).unwrap_or_default();
        let shown = totp.check(code.trim(), seconds);
        // An older code is refused too: somebody may have seen and kept it.
        let step = shown.filter(|step| used.is_none_or(|used| *step > used));
        if let Some(wrong) = self.wrong_codes(bearer) {
            wrong.totp = if step.is_some() { 0 } else { before + 1 };
        }
        let Some(step) = step else {
            let again = shown.is_some() && shown == used;
            return Ok(if again { Verdict::Used } else { Verdict::Wrong });
        };
        if let Some(user) = self.users.get_mut(&bearer.user_id) {
            let own = user.authenticators.iter_mut();
            let pending = user.pending.iter_mut();
            let all = own.chain(pending.map(|pending| &mut pending.authenticator));
            for authenticator in all.filter(|one| one.id == id) {
                authenticator.used_step = Some(step);
            }
        }
        let passed = self.pass_by(turn, bearer, method, &id);
        Ok(Verdict::Passed(Box::new(passed)))
    }

    /// Whether a code is one of the bearer's app at another time than now, such as the machine's while the mock's clock is
    /// another. It counts as no attempt.
    pub fn is_totp_of(&self, bearer: &Bearer, code: &str, time: Timestamp, now: Timestamp) -> bool {
        let method = Method::AuthenticatorApp;
        let authenticator = self
            .pending(bearer, method)
            .or_else(|| self.enrolled(&bearer.user_id, method, None));
        let Some(Ok(totp)) = authenticator.map(totp_of) else {
            return false;
        };
        let fits = |at: Timestamp| {
            let seconds = u64::try_from(at.as_second()).unwrap_or_default();
            totp.check(code.trim(), seconds).is_some()
        };
        fits(time) && !fits(now)
    }

    /// The code that a user's authenticator app shows: of the one that is being enrolled, or else of the enrolled one.
    ///
    /// # Errors
    /// There is none, or the URI that it was enrolled with cannot be read.
    pub fn current_totp(&self, user_id: &str, now: Timestamp) -> Result<TotpCode, Refusal> {
        let method = Method::AuthenticatorApp;
        let pending = self.users.get(user_id).and_then(|user| {
            let pending = user.pending.iter().map(|pending| &pending.authenticator);
            pending.rev().find(|pending| pending.method == method)
        });
        let authenticator = pending
            .or_else(|| self.enrolled(user_id, method, None))
            .ok_or_else(|| none(user_id))?;
        let totp = totp_of(authenticator)?;
        let seconds = u64::try_from(now.as_second()).unwrap_or_default();
        let next = i64::try_from(totp.next_step(seconds)).unwrap_or(i64::MAX);
        Ok(TotpCode {
            code: totp.generate(seconds).to_string(),
            expires: Timestamp::from_second(next).unwrap_or(Timestamp::MAX),
        })
    }
}

fn none(user_id: &str) -> Refusal {
    Refusal::Invalid(format!(
        "user {user_id} has no authenticator app; enrol one first"
    ))
}

/// The app's side of an authenticator.
fn totp_of(authenticator: &Authenticator) -> Result<Totp, Refusal> {
    read_uri(authenticator.otp_uri.as_deref().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{Fixture, at};
    use super::super::{Bearer, Verdict};
    use super::totp_of;
    use crate::bounds::ATTEMPTS;
    use crate::domain::authsignal::Enrollment;
    use crate::domain::authsignal::user::Authenticator;
    use crate::domain::authsignal::vocabulary::Method;

    fn with_uri(uri: &str) -> Authenticator {
        let mut authenticator = Authenticator::new("id".into(), Method::AuthenticatorApp, at(0));
        authenticator.otp_uri = Some(uri.to_owned());
        authenticator
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, SHA-1: the secret is the text 12345678901234567890.
        let uri = "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8";
        let totp = totp_of(&with_uri(uri)).unwrap();
        for (seconds, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(totp.generate(seconds).to_string(), code);
        }
    }

    /// Ada has an authenticator app with this URI.
    fn with_app(uri: &str) -> Fixture {
        let mut fixture = Fixture::new();
        let app = Enrollment {
            otp_uri: Some(uri.into()),
            ..Enrollment::new(Method::AuthenticatorApp)
        };
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let enrolled = authsignal.enroll(&mut supplies.turn(at(0)), "ada", app);
        enrolled.unwrap();
        fixture
    }

    #[test]
    fn so_many_wrong_codes_end_the_attempts_with_tokens_of_one_action() {
        let mut fixture = with_app("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let (first, second) = (fixture.track("ada"), fixture.track("ada"));
        let of_none = Bearer {
            action: String::new(),
            key: String::new(),
            ..first.clone()
        };
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let mut verify = |bearer: &Bearer, right: bool, seconds: i64| {
            let shown = authsignal.current_totp("ada", at(seconds)).unwrap().code;
            let code = if right { shown } else { "no code".to_owned() };
            let turn = &mut supplies.turn(at(seconds));
            authsignal.verify_totp(turn, bearer, &code).unwrap()
        };
        for bearer in [&first, &of_none] {
            for _ in 0..ATTEMPTS {
                assert!(matches!(verify(bearer, false, 1), Verdict::Wrong));
            }
            assert!(matches!(verify(bearer, true, 1), Verdict::TooMany));
        }
        for seconds in [1, 31, 61] {
            // A right one ends the count.
            for _ in 1..ATTEMPTS {
                assert!(matches!(verify(&second, false, seconds), Verdict::Wrong));
            }
            assert!(matches!(verify(&second, true, seconds), Verdict::Passed(_)));
        }
    }

    #[test]
    fn what_the_app_shows_is_what_is_taken() {
        let mut fixture = Fixture::new();
        let bearer = fixture.track("a:da");
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        assert!(authsignal.current_totp("a:da", at(0)).is_err());
        let enrollment = authsignal
            .enroll_totp(&mut supplies.turn(at(0)), &bearer)
            .unwrap();
        assert!(
            enrollment
                .uri
                .starts_with("otpauth://totp/stepup-mock:a_da?secret=")
        );
        let shown = authsignal.current_totp("a:da", at(31)).unwrap();
        assert_eq!(shown.expires, at(60));
        let verdict = authsignal.verify_totp(&mut supplies.turn(at(31)), &bearer, &shown.code);
        assert!(matches!(verdict, Ok(Verdict::Passed(_))));
        let enrolled = authsignal.current_totp("a:da", at(31)).unwrap();
        assert!(
            enrolled == shown,
            "the enrolled app shows what the pending one did"
        );
        let again = authsignal.verify_totp(&mut supplies.turn(at(32)), &bearer, &shown.code);
        assert!(matches!(again, Ok(Verdict::Used)));
    }

    #[test]
    fn a_code_of_another_time_is_known_as_one() {
        let mut fixture =
            with_app("otpauth://totp/a?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8");
        let bearer = fixture.track("ada");
        let authsignal = &fixture.authsignal;
        let code = authsignal.current_totp("ada", at(3_600)).unwrap().code;
        let is_of = |time: i64, now: i64| {
            let (time, now) = (at(time), at(now));
            authsignal.is_totp_of(&bearer, &code, time, now)
        };
        assert!(is_of(3_600, 0));
        assert!(!is_of(7_200, 0), "of neither");
        assert!(!is_of(3_600, 3_600), "of now");
    }
}
