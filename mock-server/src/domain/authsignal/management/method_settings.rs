//! What the authenticator configuration of a method says to the rest of the tenant. Knows no user, and no setting that the
//! control API sets, too.

use jiff::SignedDuration;
use serde_json::Value;

use super::authenticator::{Authenticators, COUNTRIES, DEFAULT_COUNTRY};
use super::resource::Resource;
use crate::domain::authsignal::challenge::Limit;
use crate::domain::authsignal::vocabulary::Method;

/// Digits of a code.
pub(super) const CODE_LENGTH: &str = "verificationCodeLength";
/// The digits that the vendor allows, by the documentation.
pub(super) const CODE_LENGTHS: std::ops::RangeInclusive<i64> = 2..=10;

/// The limit of attempts to verify. The documentation has its older name. No source says so, but its name alone fits.
pub(super) const SUBMISSION: [&str; 2] =
    ["submissionRateLimitConfiguration", "rateLimitConfiguration"];
/// A limit of sending, by the documentation.
pub(super) const SENDING: &str = "sendingRateLimitConfiguration";
/// Limits of sending, by the go client.
pub(super) const SENDINGS: &str = "sendingRateLimitConfigurations";
/// Limits of sending to numbers that begin alike.
pub(super) const PREFIXES: &str = "prefixRateLimitConfigurations";
/// What counts as the same beginning.
pub(super) const BLOCK: &str = "blockSize";

/// Digits of a code where nothing is set. No source gives the figure.
const DIGITS: usize = 6;

/// A limit of messages to numbers that begin alike.
#[derive(Debug)]
pub struct PrefixLimit<'a> {
    /// How many, within how long.
    pub limit: Limit,
    /// What counts as the same beginning.
    pub block: Block,
    /// The countries that it is about; all where none is named.
    pub countries: Vec<&'a str>,
}

/// What numbers have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block {
    /// The calling code of their country.
    Country,
    /// So many digits.
    Digits(usize),
}

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
        self.get(method).is_some_and(allows_several)
    }

    /// The countries whose numbers a method accepts; all where none is named.
    pub fn countries(&self, method: Method) -> Vec<&str> {
        let own = self.get(method).filter(|_| method.is_phone());
        own.and_then(|own| own.texts(COUNTRIES)).unwrap_or_default()
    }

    /// The country of a number without one.
    pub fn default_country(&self, method: Method) -> Option<&str> {
        self.get(method)?.text(DEFAULT_COUNTRY)
    }

    /// The limit of attempts to verify, if one is set.
    pub fn submission_limit(&self, method: Method) -> Option<Limit> {
        let own = self.get(method)?;
        let mut set = SUBMISSION.into_iter().filter_map(|name| own.get(name));
        set.find_map(limit)
    }

    /// The limits of messages to one address that are set; all apply.
    pub fn sending_limits(&self, method: Method) -> Vec<Limit> {
        let own = self.get(method);
        let single = own.and_then(|own| own.get(SENDING));
        let all = own.map(|own| items(own, SENDINGS)).into_iter().flatten();
        all.chain(single).filter_map(limit).collect()
    }

    /// The limits of messages to numbers that begin alike.
    pub fn prefix_limits(&self, method: Method) -> Vec<PrefixLimit<'_>> {
        let own = self.get(method);
        let all = own.map(|own| items(own, PREFIXES)).into_iter().flatten();
        all.filter_map(prefix_limit).collect()
    }
}

/// Whether a user may have several addresses of the method of a configuration.
pub(super) fn allows_several(own: &Resource) -> bool {
    own.flag("allowMultipleUserAuthenticators")
}

fn items<'a>(of: &'a Resource, name: &str) -> &'a [Value] {
    let list = of.get(name).and_then(Value::as_array);
    list.map(Vec::as_slice).unwrap_or_default()
}

fn limit(of: &Value) -> Option<Limit> {
    let count = of.get("rateLimit")?.as_u64()?;
    let minutes = of.get("windowInMinutes")?.as_f64()?;
    Some(Limit {
        count: usize::try_from(count).ok()?,
        window: SignedDuration::try_from_secs_f64(minutes * 60.0).ok()?,
    })
}

/// One that does not say whether it is kept is kept: somebody has set it.
fn prefix_limit(of: &Value) -> Option<PrefixLimit<'_>> {
    if of.get("enabled").and_then(Value::as_bool) == Some(false) {
        return None;
    }
    let digits = of.get(BLOCK).and_then(Value::as_u64);
    let digits = digits.map(|digits| usize::try_from(digits).unwrap_or(usize::MAX));
    let countries = of.get("countryCodes").and_then(Value::as_array);
    let countries = countries.into_iter().flatten().filter_map(Value::as_str);
    Some(PrefixLimit {
        limit: limit(of)?,
        block: digits.map_or(Block::Country, Block::Digits),
        countries: countries.collect(),
    })
}
