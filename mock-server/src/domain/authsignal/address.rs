//! What an email address and a phone number look like, and what the application says of a user's. Knows no user.

use serde::{Deserialize, Serialize};

use super::Refusal;
use super::vocabulary::Method;
use crate::bounds::lengths;

/// Longest email address that SMTP delivers to, in bytes; RFC 5321.
const EMAIL: usize = 254;
/// Digits of a number in E.164, which allows at most fifteen. One of fewer than five is a service number.
const DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

/// The attributes of a user that track can name, too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contact {
    /// Email address.
    pub email: Option<String>,
    /// Phone number.
    pub phone_number: Option<String>,
    /// User name.
    pub username: Option<String>,
}

impl Contact {
    /// Without empty texts, which name nothing.
    pub fn filled(self) -> Self {
        let filled = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
        Self {
            email: filled(self.email),
            phone_number: filled(self.phone_number),
            username: filled(self.username),
        }
    }

    /// What it has, and where it has nothing, what `other` has.
    pub fn or(self, other: Self) -> Self {
        Self {
            email: self.email.or(other.email),
            phone_number: self.phone_number.or(other.phone_number),
            username: self.username.or(other.username),
        }
    }

    /// Without what `other` has nothing of.
    pub fn within(self, other: &Self) -> Self {
        Self {
            email: other.email.as_ref().and(self.email),
            phone_number: other.phone_number.as_ref().and(self.phone_number),
            username: other.username.as_ref().and(self.username),
        }
    }

    /// Whether it has nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Bytes of its texts.
    pub fn bytes(&self) -> usize {
        lengths([&self.email, &self.phone_number, &self.username])
    }

    /// Where messages of that method go.
    pub fn address(&self, method: Method) -> Option<&str> {
        if method.is_email() {
            self.email.as_deref()
        } else if method.is_phone() {
            self.phone_number.as_deref()
        } else {
            None
        }
    }
}

/// The member that holds the address of a method.
pub fn member(method: Method) -> &'static str {
    if method.is_email() {
        "email"
    } else {
        "phoneNumber"
    }
}

/// Checks the address that messages of a method go to.
///
/// # Errors
/// It is none. The reason does not repeat it, because an address can be long and is the user's own.
pub fn check(method: Method, address: &str) -> Result<(), Refusal> {
    let (fault, right) = if method.is_email() {
        (email_fault(address), "an address such as ada@example.com")
    } else {
        (
            number_fault(address),
            "a number in E.164 format, such as +64270000000",
        )
    };
    fault.map_or(Ok(()), |fault| {
        let member = member(method);
        Err(Refusal::Invalid(format!("{member} {fault}; send {right}")))
    })
}

/// What is wrong with an email address.
fn email_fault(address: &str) -> Option<&'static str> {
    if address.is_empty() {
        return Some("is empty");
    }
    if address.contains(|one: char| one.is_whitespace() || one.is_control()) {
        return Some("has a space or a control character in it");
    }
    if address.len() > EMAIL {
        return Some("has more than 254 bytes");
    }
    if address.contains(['<', '>', ',', ';']) {
        return Some(
            "has a <, >, comma or semicolon in it, as a list or an address with a name has",
        );
    }
    let Some((name, domain)) = address.split_once('@') else {
        return Some("has no @");
    };
    if name.is_empty() {
        return Some("has nothing before the @");
    }
    domain_fault(domain)
}

/// What is wrong with the domain of an email address. A name without a dot, such as `localhost`, is one, too.
fn domain_fault(domain: &str) -> Option<&'static str> {
    if domain.is_empty() {
        return Some("has no domain after the @");
    }
    if domain.contains('@') {
        return Some("has more than one @");
    }
    let mut labels = domain.split('.');
    if labels.clone().any(str::is_empty) {
        return Some("has a dot at the beginning or the end of its domain, or two in a row");
    }
    if labels.any(|label| label.starts_with('-') || label.ends_with('-')) {
        return Some("has a hyphen at the beginning or the end of a part of its domain");
    }
    let plain = |one: char| one.is_alphanumeric() || matches!(one, '-' | '.');
    (!domain.chars().all(plain))
        .then_some("has a character in its domain that is no letter, digit, dot or hyphen")
}

/// What keeps a phone number from being E.164.
fn number_fault(number: &str) -> Option<&'static str> {
    if number.is_empty() {
        return Some("is empty");
    }
    let Some(digits) = number.strip_prefix('+') else {
        return Some("does not start with + and the country code");
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some("has a character after the + that is not a digit");
    }
    if digits.starts_with('0') {
        return Some("has a 0 after the +, which starts no country code");
    }
    if digits.len() < *DIGITS.start() {
        return Some("has fewer than 5 digits");
    }
    (digits.len() > *DIGITS.end()).then_some("has more than 15 digits")
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::domain::authsignal::vocabulary::Method;

    fn fault(method: Method, address: &str) -> Option<String> {
        check(method, address).err().map(|why| why.to_string())
    }

    #[test]
    fn an_address_is_refused_for_what_is_wrong_with_it_and_shown_a_right_one() {
        let long = format!("{}@example.com", "a".repeat(243));
        for (address, what) in [
            ("", "is empty"),
            (" ", "has a space"),
            ("ada @example.com", "has a space"),
            ("ada@example.com\n", "has a space or a control character"),
            ("ada", "has no @"),
            ("@example.com", "has nothing before the @"),
            ("ada@", "has no domain"),
            (
                "ada@example..com",
                "has a dot at the beginning or the end of its domain, or two",
            ),
            ("ada@.example", "has a dot at the beginning"),
            ("ada@example.", "has a dot at the beginning or the end"),
            ("ada@-example.com", "has a hyphen at the beginning"),
            ("ada@b@example.com", "has more than one @"),
            ("ada@exa_mple.com", "has a character in its domain"),
            ("<ada@example.com>", "has a <, >"),
            ("<ada@example.com", "has a <, >"),
            ("ada@example.com,eve@example.com", "has a <, >, comma"),
            (long.as_str(), "has more than 254 bytes"),
        ] {
            let said = fault(Method::EmailOtp, address).unwrap();
            assert!(said.starts_with(&format!("email {what}")), "{said}");
            assert!(said.ends_with("such as ada@example.com"), "{said}");
        }
        for (number, what) in [
            ("", "is empty"),
            ("0270000000", "does not start with +"),
            (" +64270000000", "does not start with +"),
            ("+64 27 000 0000", "has a character after the +"),
            ("+٦٤٢٧٠٠٠٠", "has a character after the +"),
            ("+0270000000", "has a 0 after the +"),
            ("+", "has fewer than 5 digits"),
            ("+6427", "has fewer than 5 digits"),
            ("+1234567890123456", "has more than 15 digits"),
        ] {
            for method in [Method::Sms, Method::Whatsapp] {
                let said = fault(method, number).unwrap();
                assert!(said.starts_with(&format!("phoneNumber {what}")), "{said}");
                assert!(said.ends_with("such as +64270000000"), "{said}");
            }
        }
    }

    #[test]
    fn an_address_that_can_be_is_taken() {
        for address in [
            "ada@example.com",
            "ada+test@example.co.nz",
            "ada@localhost",
            "ädä@bücher.example",
        ] {
            assert_eq!(fault(Method::EmailMagicLink, address), None, "{address}");
        }
        for number in ["+64270000000", "+15550100", "+123456789012345", "+64270"] {
            assert_eq!(fault(Method::Sms, number), None, "{number}");
        }
    }
}
