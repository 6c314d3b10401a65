//! Recovery codes: each works once. Knows no wire format.

use subtle::ConstantTimeEq as _;

use super::{Bearer, Verdict};
use crate::domain::Turn;
use crate::domain::authsignal::vocabulary::Method;
use crate::domain::authsignal::{Authsignal, Refusal};

impl Authsignal {
    /// Tries a recovery code. How it is spaced, hyphenated and capitalized makes no difference.
    ///
    /// # Errors
    /// The user has none left.
    pub fn verify_recovery_code(
        &mut self,
        turn: &mut Turn<'_>,
        bearer: &Bearer,
        code: &str,
    ) -> Result<Verdict, Refusal> {
        let method = Method::RecoveryCode;
        if !self.may_verify(method, &bearer.user_id, turn.now) {
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
        let Some(at) = at else {
            return Ok(Verdict::Wrong);
        };
        user.recovery_codes.remove(at);
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
