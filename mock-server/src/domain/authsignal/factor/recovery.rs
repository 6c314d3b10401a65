//! Recovery codes: each works once. Knows no wire format.

use subtle::ConstantTimeEq as _;

use super::{Bearer, Verdict};
use crate::bounds::ATTEMPTS;
use crate::domain::Turn;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Refusal};

impl Authsignal {
    /// Tries a recovery code. How it is spaced, hyphenated and capitalized makes no difference.
    ///
    /// # Errors
    /// The action can no longer pass, or the user has none left.
    pub fn verify_recovery_code(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        code: &str,
    ) -> Result<Verdict, Refusal> {
        self.can_pass(bearer)?;
        let method = Method::RecoveryCode;
        let before = self.wrong_codes(bearer).map_or(0, |wrong| wrong.recovery);
        if before >= ATTEMPTS || !self.may_verify(method, &bearer.user_id, turn.now) {
            return Ok(Verdict::TooMany);
        }
        let user = self
            .users
            .get_mut(&bearer.user_id)
            .filter(|user| !user.recovery_codes.is_empty())
            .ok_or_else(|| {
                Refusal::Invalid(format!(
                    "user {} has no recovery codes left",
                    bearer.user_id
                ))
            })?;
        let given = plain(code);
        let at = user
            .recovery_codes
            .iter()
            .position(|own| plain(own).as_bytes().ct_eq(given.as_bytes()).into());
        if let Some(at) = at {
            user.recovery_codes.remove(at);
        }
        if let Some(wrong) = self.wrong_codes(bearer) {
            wrong.recovery = if at.is_some() { 0 } else { before + 1 };
        }
        if at.is_none() {
            return Ok(Verdict::Wrong);
        }
        self.pass(turn, bearer.passing(method, None));
        Ok(Verdict::Passed(Box::new(
            self.passed_by(bearer, method, turn.now),
        )))
    }
}

fn plain(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::super::fixture::{Fixture, at};
    use crate::bounds::ATTEMPTS;
    use crate::domain::authsignal::Refusal;
    use crate::domain::authsignal::vocabulary::State;

    #[test]
    fn a_recovery_code_works_once_however_it_is_written() {
        let mut fixture = Fixture::new();
        let codes = fixture.enroll_sms("ada");
        let bearer = fixture.track("ada");
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let mut verify =
            |code: &str| authsignal.verify_recovery_code(&mut supplies.turn(at(1)), &bearer, code);
        for wrong in ["", "-", "00000-00000"] {
            assert!(matches!(verify(wrong), Ok(Verdict::Wrong)), "{wrong}");
        }
        let written = codes[0].replace('-', " ").to_uppercase();
        assert!(matches!(verify(&written), Ok(Verdict::Passed(_))));
        assert!(matches!(verify(&codes[0]), Ok(Verdict::Wrong)));
        assert_eq!(fixture.state(&bearer), Some(State::ChallengeSucceeded));
        let user = fixture.authsignal.user("ada").unwrap();
        assert_eq!(user.recovery_codes.len(), codes.len() - 1);
    }

    #[test]
    fn an_action_takes_so_many_wrong_recovery_codes_and_another_action_as_many() {
        let mut fixture = Fixture::new();
        let codes = fixture.enroll_sms("ada");
        let (first, second) = (fixture.track("ada"), fixture.track("ada"));
        let (supplies, authsignal) = (&mut fixture.supplies, &mut fixture.authsignal);
        let mut verify = |bearer, code: &str| {
            let turn = &mut supplies.turn(at(1));
            authsignal.verify_recovery_code(turn, bearer, code).unwrap()
        };
        for _ in 0..ATTEMPTS {
            assert!(matches!(verify(&first, "wrong"), Verdict::Wrong));
        }
        assert!(matches!(verify(&first, &codes[0]), Verdict::TooMany));
        assert!(matches!(verify(&second, &codes[0]), Verdict::Passed(_)));
    }

    #[test]
    fn a_user_without_codes_is_told_so() {
        let mut fixture = Fixture::new();
        let bearer = fixture.track("ada");
        let Fixture {
            supplies,
            authsignal,
        } = &mut fixture;
        let refused = authsignal.verify_recovery_code(&mut supplies.turn(at(1)), &bearer, "x");
        assert!(matches!(refused, Err(Refusal::Invalid(_))));
    }
}
