//! otpauth URIs, as services and authenticator apps write them. Knows no user.

use totp_rs::{Algorithm, Builder, Secret, Totp};
use url::Url;

use crate::domain::authsignal::Refusal;

/// What apps take for a period.
const PERIODS: std::ops::RangeInclusive<u64> = 1..=86_400;

/// What an authenticator app reads in an otpauth URI. Strangers write such URIs: as apps do, this takes a secret in small
/// letters, with padding or in groups, and cares for no label and no issuer.
///
/// # Errors
/// No app can use it. The reason quotes nothing but the parameter at fault, because the URI holds the secret.
pub(in crate::domain::authsignal) fn read_uri(uri: &str) -> Result<Totp, Refusal> {
    let unusable = |why: &str| Refusal::Invalid(format!("otpUri cannot be used: {why}"));
    let url = Url::parse(uri.trim()).ok();
    let url = url.filter(|url| url.scheme() == "otpauth");
    let url = url.ok_or_else(|| unusable("it must be otpauth://totp/NAME?secret=BASE32"))?;
    // The parser keeps the case of a host after a scheme that it does not know.
    match url.host_str().map(str::to_ascii_lowercase).as_deref() {
        Some("totp") => {}
        Some("hotp") => {
            return Err(unusable(
                "it counts (hotp); only time-based codes (totp) work",
            ));
        }
        _ => return Err(unusable("it must be otpauth://totp/NAME?secret=BASE32")),
    }
    let mut builder = Builder::new();
    let mut secret = None;
    for (name, value) in url.query_pairs() {
        let value = value.trim();
        builder = match &*name {
            "secret" => {
                secret = Some(secret_of(value).map_err(unusable)?);
                builder
            }
            "algorithm" => builder.with_algorithm(
                algorithm_of(value)
                    .ok_or_else(|| unusable("algorithm must be SHA1, SHA256 or SHA512"))?,
            ),
            "digits" => match value {
                "6" => builder.with_digits(6),
                "8" => builder.with_digits(8),
                _ => return Err(unusable("digits must be 6 or 8")),
            },
            "period" => {
                let period = value.parse().ok().filter(|period| PERIODS.contains(period));
                let why = "period must be from 1 to 86400 seconds";
                builder.with_step_duration(period.ok_or_else(|| unusable(why))?)
            }
            _ => builder,
        };
    }
    let secret = secret.ok_or_else(|| unusable("it has no secret; add secret=BASE32"))?;
    // The library's rules for labels, issuers and lengths are not those of apps.
    Ok(builder.with_secret(secret).build_noncompliant())
}

/// A secret as people and apps write it: RFC 4648's base32 in any case, in groups, with or without padding.
fn secret_of(text: &str) -> Result<Secret, &'static str> {
    let is_separator = |letter: char| letter.is_whitespace() || letter == '-';
    let letters = text.chars().filter(|letter| !is_separator(*letter));
    let letters: String = letters.map(|letter| letter.to_ascii_uppercase()).collect();
    let letters = letters.trim_end_matches('=');
    if letters.is_empty() {
        return Err("it has no secret; add secret=BASE32");
    }
    let is_base32 = letters
        .bytes()
        .all(|letter| matches!(letter, b'A'..=b'Z' | b'2'..=b'7'));
    let secret = is_base32
        .then(|| Secret::try_from_base32(letters).ok())
        .flatten();
    let secret = secret.filter(|secret| !secret.as_bytes().is_empty());
    secret
        .ok_or("secret must be base32, which consists of the letters A to Z and the digits 2 to 7")
}

/// An algorithm by the names that services give it, such as `sha1`, `SHA-256` and `HmacSHA512`.
fn algorithm_of(word: &str) -> Option<Algorithm> {
    let word = word.to_ascii_uppercase().replace('-', "");
    match word.strip_prefix("HMAC").unwrap_or(&word) {
        "SHA1" => Some(Algorithm::SHA1),
        "SHA256" => Some(Algorithm::SHA256),
        "SHA512" => Some(Algorithm::SHA512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read_uri;

    /// The text 12345678901234567890 of RFC 6238, appendix B.
    const SECRET: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn a_uri_is_read_as_authenticator_apps_read_it() {
        for uri in [
            format!("otpauth://totp/a?secret={SECRET}"),
            format!("OTPAUTH://TOTP/a?secret={SECRET}"),
            format!(" otpauth://totp/a?secret={SECRET}\n"),
            format!("otpauth://totp/?secret={SECRET}"),
            format!("otpauth://totp?secret={SECRET}"),
            format!("otpauth://totp/a?secret={}", SECRET.to_lowercase()),
            format!("otpauth://totp/a?secret={SECRET}===="),
            format!("otpauth://totp/a?secret={SECRET}%3D%3D"),
            "otpauth://totp/a?secret=GEZD%20GNBV GY3T+QOJQ-GEZDGNBVGY3TQOJQ".to_owned(),
            format!("otpauth://totp/One:ada?secret={SECRET}&issuer=Another"),
            format!("otpauth://totp/One%3Aada?secret={SECRET}&issuer="),
            format!("otpauth://totp/:ada?secret={SECRET}&issuer=One"),
            format!("otpauth://totp/a%FF?secret={SECRET}&image=https://a.test/b.png&foo"),
            format!("otpauth://totp/a?secret={SECRET}&algorithm=sha1&digits=6&period=30"),
            format!("otpauth://totp/a?secret={SECRET}&algorithm=HmacSHA1"),
        ] {
            let totp = read_uri(&uri).unwrap();
            assert_eq!(totp.generate(59).to_string(), "287082", "{uri}");
        }
    }

    #[test]
    fn each_algorithm_gives_the_codes_of_the_standard() {
        // Its secrets are as long as the digests.
        let thirty_two = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
        for (secret, algorithm, code) in [
            (SECRET, "SHA1", "94287082"),
            (thirty_two, "SHA-256", "46119246"),
            (thirty_two, "sha256", "46119246"),
        ] {
            let uri = format!("otpauth://totp/a?secret={secret}&algorithm={algorithm}&digits=8");
            assert_eq!(read_uri(&uri).unwrap().generate(59).to_string(), code);
        }
    }

    #[test]
    fn what_cannot_work_is_refused_with_the_reason_and_without_the_secret() {
        let with = |rest: &str| format!("otpauth://totp/a?secret={SECRET}{rest}");
        for (uri, why) in [
            ("nonsense".to_owned(), "it must be otpauth://totp/NAME"),
            (
                format!("https://totp/a?secret={SECRET}"),
                "it must be otpauth://totp/NAME",
            ),
            (
                format!("otpauth://steam/a?secret={SECRET}"),
                "it must be otpauth://totp/NAME",
            ),
            (
                format!("otpauth://hotp/a?secret={SECRET}&counter=0"),
                "only time-based codes",
            ),
            ("otpauth://totp/a".to_owned(), "it has no secret"),
            ("otpauth://totp/a?secret=".to_owned(), "it has no secret"),
            ("otpauth://totp/a?secret===".to_owned(), "it has no secret"),
            (
                "otpauth://totp/a?secret=A".to_owned(),
                "secret must be base32",
            ),
            (
                "otpauth://totp/a?secret=GEZDGNBV1".to_owned(),
                "secret must be base32",
            ),
            (
                "otpauth://totp/a?secret=GEZ%C3%9F".to_owned(),
                "secret must be base32",
            ),
            (
                with("&algorithm=MD5"),
                "algorithm must be SHA1, SHA256 or SHA512",
            ),
            (
                with("&algorithm="),
                "algorithm must be SHA1, SHA256 or SHA512",
            ),
            (with("&digits=7"), "digits must be 6 or 8"),
            (with("&digits=six"), "digits must be 6 or 8"),
            (with("&period=0"), "period must be from 1 to 86400"),
            (
                with("&period=18446744073709551616"),
                "period must be from 1 to 86400",
            ),
        ] {
            let refused = read_uri(&uri).unwrap_err().to_string();
            assert!(refused.contains(why), "{uri}: {refused}");
            assert!(!refused.contains("GEZ"), "{refused}");
        }
    }
}
