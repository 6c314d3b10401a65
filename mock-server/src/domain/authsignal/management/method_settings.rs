//! What the authenticator configuration of a method says to the rest of the tenant. Knows no user, and no setting that the
//! control API sets, too.

use super::authenticator::Authenticators;
use crate::domain::authsignal::vocabulary::Method;

/// Digits of a code.
pub(super) const CODE_LENGTH: &str = "verificationCodeLength";
/// The digits that the vendor allows, by the documentation.
pub(super) const CODE_LENGTHS: std::ops::RangeInclusive<i64> = 2..=10;

/// Digits of a code where nothing is set. No source gives the figure.
const DIGITS: usize = 6;

impl Authenticators {
    /// How many digits a code of a method has.
    pub fn code_length(&self, method: Method) -> usize {
        let set = self.get(method).and_then(|own| own.count(CODE_LENGTH));
        let set = set.and_then(|digits| usize::try_from(digits).ok());
        set.unwrap_or(DIGITS)
    }

    /// The service that authenticator apps show, if one is set.
    pub fn issuer(&self) -> Option<&str> {
        let name = self.get(Method::AuthenticatorApp)?.text("issuerName");
        name.filter(|name| !name.trim().is_empty())
    }

    /// Whether a user may have several addresses of a method.
    pub fn allows_several(&self, method: Method) -> bool {
        self.get(method)
            .is_some_and(|own| own.flag("allowMultipleUserAuthenticators"))
    }
}
