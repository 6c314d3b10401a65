//! Whether a message goes out and whether a code is tried: to which countries, and how often. Knows no wire format.

use jiff::{SignedDuration, Timestamp};

use super::challenge::Limit;
use super::management::method_settings::Block;
use super::vocabulary::Method;
use super::{Authsignal, Refusal, calling_code};

/// Sending limits of the documentation: SMS, and email.
const SMS_SENDS: Limit = Limit {
    count: 6,
    window: SignedDuration::from_mins(10),
};
const EMAIL_SENDS: Limit = Limit {
    count: 12,
    window: SignedDuration::from_mins(10),
};
/// Verification limit of the documentation.
const VERIFICATIONS: Limit = Limit {
    count: 10,
    window: SignedDuration::from_mins(5),
};

/// A limit of messages to an address, or to all that it is one of.
struct SendingLimit {
    limit: Limit,
    /// What counts as the same in that.
    key: String,
    /// The same, in words.
    to: &'static str,
}

impl Authsignal {
    /// Whether messages of a method go to an address: the tenant may accept numbers of some countries alone.
    ///
    /// # Errors
    /// It is a number of another country. The reason does not repeat it, because it is the user's own.
    pub(super) fn reaches(&self, method: Method, address: &str) -> Result<(), Refusal> {
        let countries = self.configuration.authenticators.countries(method);
        let origin = calling_code::of(address);
        let accepted = |country: &&str| origin.is_some_and(|own| own.may_be(country));
        if countries.is_empty() || countries.iter().any(accepted) {
            return Ok(());
        }
        let country = origin.map_or("no country", |own| own.country());
        Err(Refusal::Invalid(format!(
            "phoneNumber is of {country}, and for {} the tenant accepts numbers of {} alone (smsCountryCodes)",
            method.word(),
            countries.join(", ")
        )))
    }

    /// The calling code of a number without one, if the tenant has a country for such numbers.
    pub fn calling_code(&self, method: Method) -> Option<&'static str> {
        let configured = &self.configuration.authenticators;
        calling_code::code(configured.default_country(method)?)
    }

    /// Takes note of a message to an address, or of a push notification to a user.
    ///
    /// # Errors
    /// It does not go there, or too many went there.
    pub(super) fn may_send(
        &mut self,
        method: Method,
        address: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.reaches(method, address)?;
        if !self.configuration.rate_limits {
            return Ok(());
        }
        let limits = self.sending_limits(method, address);
        let is_full = |own: &&SendingLimit| {
            let wait = self.windows.until_free(&own.key, own.limit, now);
            wait > SignedDuration::ZERO
        };
        if let Some(full) = limits.iter().find(is_full) {
            let what = if method == Method::Push {
                "push notifications"
            } else {
                "codes"
            };
            let why = format!(
                "{} {what} were sent to {} within {}; wait, or start the mock without --code-limits",
                full.limit.count,
                full.to,
                told(full.limit.window)
            );
            // Not that of this limit alone: another one may last longer.
            let wait = self.wait_to_send(method, address, now);
            return Err(Refusal::TooMany { why, wait });
        }
        for SendingLimit { limit, key, .. } in limits {
            self.windows.allow(&key, limit, now);
        }
        Ok(())
    }

    /// How long it takes until another code can be sent there, where that is limited.
    pub(super) fn wait_to_send(
        &self,
        method: Method,
        address: &str,
        now: Timestamp,
    ) -> SignedDuration {
        let limits = self.sending_limits(method, address).into_iter();
        let waits = limits.map(|own| self.windows.until_free(&own.key, own.limit, now));
        waits.max().unwrap_or_default()
    }

    /// Takes note of an attempt to verify; `false` when there were too many of that method for this address or user.
    pub(super) fn may_verify(&mut self, method: Method, whose: &str, now: Timestamp) -> bool {
        let configured = self.configuration.authenticators.submission_limit(method);
        let window = format!("verify {} {whose}", method.word());
        let limit = configured.unwrap_or(VERIFICATIONS);
        !self.configuration.rate_limits || self.windows.allow(&window, limit, now)
    }

    /// The limits of messages of a method to an address: those that are set, or else those of the documentation.
    fn sending_limits(&self, method: Method, address: &str) -> Vec<SendingLimit> {
        let configured = &self.configuration.authenticators;
        let mut own = configured.sending_limits(method);
        if own.is_empty() {
            own.extend(documented(method));
        }
        let to = if method == Method::Push {
            "this user"
        } else {
            "this address"
        };
        let own = own.into_iter().enumerate().map(|(at, limit)| SendingLimit {
            limit,
            key: format!("send {} {at} {address}", method.word()),
            to,
        });
        let prefixes = configured.prefix_limits(method).into_iter().enumerate();
        let prefixes = prefixes.filter_map(|(at, prefix)| {
            let origin = calling_code::of(address)?;
            let mut countries = prefix.countries.iter();
            if !prefix.countries.is_empty() && !countries.any(|country| origin.may_be(country)) {
                return None;
            }
            let digits = match prefix.block {
                Block::Country => origin.prefix_digits,
                Block::Digits(digits) => digits,
            };
            let digits: String = address.chars().skip(1).take(digits).collect();
            Some(SendingLimit {
                limit: prefix.limit,
                key: format!("send {} to +{digits} {at}", method.word()),
                to: "numbers that begin like this one",
            })
        });
        own.chain(prefixes).collect()
    }
}

/// How often a method may send to one address, by the documentation.
fn documented(method: Method) -> Option<Limit> {
    if method.is_email() {
        Some(EMAIL_SENDS)
    } else {
        method.is_phone().then_some(SMS_SENDS)
    }
}

/// A window in words.
fn told(window: SignedDuration) -> String {
    match (window.as_secs() / 60, window.as_secs() % 60) {
        (minutes, 0) => format!("{minutes} minutes"),
        _ => format!("{} seconds", window.as_secs()),
    }
}
