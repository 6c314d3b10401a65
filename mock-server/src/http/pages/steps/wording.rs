//! Formats addresses, refusals and dates for the pages, and checks the addresses that users enter. Must not read the
//! world.

use jiff::tz::TimeZone;

use crate::domain::authsignal::Refusal;
use crate::domain::authsignal::action::Decider;
use crate::domain::authsignal::address::check;
use crate::domain::authsignal::factor::page::{Situation, masked_email, masked_phone};
use crate::domain::authsignal::vocabulary::Method;
use crate::http::pages::markup;

pub(super) fn masked(method: Method, address: &str) -> String {
    if method.is_email() {
        masked_email(address)
    } else {
        masked_phone(address)
    }
}

/// Checks an address that the user entered, and returns it as it is stored. A number without a calling code gets this one.
pub(super) fn address(
    method: Method,
    entered: &str,
    calling_code: Option<&str>,
) -> Result<String, &'static str> {
    if method.is_email() {
        return match check(method, entered) {
            Ok(()) => Ok(entered.to_owned()),
            Err(_) => Err("Enter an email address such as ada@example.com."),
        };
    }
    // People write numbers in groups.
    let mut number: String = entered
        .chars()
        .filter(|one| !matches!(one, ' ' | '-' | '(' | ')' | '.'))
        .collect();
    if let Some(code) = calling_code.filter(|_| !number.is_empty() && !number.starts_with('+')) {
        // Within a country, most numbers are written with a 0 before them.
        number = format!("+{code}{}", number.trim_start_matches('0'));
    }
    match check(method, &number) {
        Ok(()) => Ok(number),
        Err(_) => Err("Enter a phone number with its country code, such as +64 27 000 0000."),
    }
}

/// A refusal as a sentence for the page.
pub(super) fn said(refusal: &Refusal) -> String {
    markup::sentence(&refusal.to_string())
}

/// What decided about an action, as a sentence for developers.
pub(super) fn because(situation: &Situation) -> String {
    let Some(decision) = situation.decision else {
        return "The application set this state with update_action.".to_owned();
    };
    let what = match (decision.by, &situation.rule) {
        (Decider::Rule, Some(name)) => format!("The rule “{name}”"),
        (Decider::Rule, None) => "A rule".to_owned(),
        (Decider::NextOutcome, _) => {
            "An outcome planned for this action (next-outcome or scenario)".to_owned()
        }
        (Decider::ActionOutcome, _) => "The outcome set for all actions of this code".to_owned(),
        (Decider::Flow, _) => "The flow of the action".to_owned(),
        (Decider::DefaultOutcome, _) => "The default outcome of the tenant".to_owned(),
    };
    format!("{what} decided this.")
}

pub(super) fn date(at: jiff::Timestamp) -> String {
    let day = at.to_zoned(TimeZone::UTC).date();
    day.strftime("%-d %B %Y").to_string()
}

#[cfg(test)]
mod tests {
    use super::{address, date};
    use crate::domain::authsignal::vocabulary::Method;

    #[test]
    fn an_address_is_one_before_anything_is_sent_there() {
        for (entered, kept) in [
            ("ada@example.com", Some("ada@example.com")),
            ("@example.com", None),
            ("ada@", None),
            ("ada", None),
            ("ada @example.com", None),
            ("", None),
        ] {
            assert_eq!(
                address(Method::EmailOtp, entered, None).ok().as_deref(),
                kept,
                "{entered}"
            );
        }
        for (entered, kept) in [
            ("+64 27 000 0000", Some("+64270000000")),
            ("+1 (555) 010-0000", Some("+15550100000")),
            ("(555) 010-0000", None),
            ("12", None),
            ("+", None),
            ("call me", None),
            ("1234567890123456", None),
        ] {
            assert_eq!(
                address(Method::Sms, entered, None).ok().as_deref(),
                kept,
                "{entered}"
            );
        }
        for (entered, kept) in [
            ("027 000 0000", Some("+64270000000")),
            ("+1 (555) 010-0000", Some("+15550100000")),
            ("call me", None),
            ("", None),
        ] {
            assert_eq!(
                address(Method::Sms, entered, Some("64")).ok().as_deref(),
                kept,
                "{entered}"
            );
        }
    }

    #[test]
    fn a_date_is_readable() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(date(at), "1 January 2026");
    }
}
