//! What of a text goes into no recording: it ends up in a repository, so more is left out of it than of the journal, which
//! stays in the mock. Knows no request.

use std::borrow::Cow;

use crate::http::is_secret;
use crate::runtime::journal::without_tokens;

/// What stands for it.
const MASK: &str = "***";
/// Parts of names of members that hold what admits somebody, and that the journal shows.
const TELLING: [&str; 9] = [
    "authheader",
    "authorization",
    "bearer",
    "cookie",
    "credentials",
    "csrf",
    "jwt",
    "session",
    "signature",
];
/// Words before what admits somebody, in lower case.
const SCHEMES: [&str; 2] = [BEARER, "basic "];
const BEARER: &str = "bearer ";
/// Characters from which on a word after `Basic` is taken for credentials.
const LONG_WORD: usize = 12;
/// Characters of a segment of a URL's path from which on it may be a secret, such as that of a link from an e-mail.
const LONG_SEGMENT: usize = 24;

/// Whether a member of that name holds a secret.
pub(super) fn is_private(name: &str) -> bool {
    let plain = name.to_lowercase().replace(['_', '-', ' '], "");
    is_secret(name) || TELLING.iter().any(|part| plain.contains(part))
}

/// A text without tokens, without what follows `Bearer` and `Basic`, and without the values of the parameters of URLs.
pub(super) fn without_private(text: &str) -> Cow<'_, str> {
    let open = without_tokens(text);
    let open = match without_credentials(&open) {
        Some(hidden) => Cow::Owned(hidden),
        None => open,
    };
    if !open.contains("://") {
        return open;
    }
    let words = open.split_inclusive(char::is_whitespace);
    Cow::Owned(words.map(without_parameters).collect())
}

/// A text without the word that follows a scheme of credentials, if there is one.
fn without_credentials(text: &str) -> Option<String> {
    let small = text.to_ascii_lowercase();
    let after = |scheme: &&str| {
        let at = small.find(*scheme)? + scheme.len();
        let word = text.get(at..)?.split_whitespace().next()?;
        // `Basic` is a word of other sentences, too.
        let is_one = *scheme == BEARER || word.len() >= LONG_WORD || word.ends_with('=');
        is_one.then_some(at)
    };
    // From the first on, the text is not kept: who can say where such a value ends?
    let at = SCHEMES.iter().filter_map(after).min()?;
    Some(format!("{}{MASK}", text.get(..at)?))
}

/// A word that may be a URL, without user, password, long segments of the path, and the values of its parameters.
fn without_parameters(word: &str) -> String {
    let Some((scheme, rest)) = word.split_once("://") else {
        return word.to_owned();
    };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (place, parameters) = rest.split_at(end);
    let (authority, path) = place.split_at(place.find('/').unwrap_or(place.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let segments = path.split('/').map(|segment| match segment.len() {
        0..LONG_SEGMENT => segment,
        _ => MASK,
    });
    let path: Vec<&str> = segments.collect();
    let pieces = parameters.split_inclusive(['?', '&', '#', ';']);
    let parameters: String = pieces.map(without_value).collect();
    format!("{scheme}://{host}{}{parameters}", path.join("/"))
}

/// A parameter of a URL, with the character after it, without its value.
fn without_value(piece: &str) -> String {
    let is_end = |one: char| matches!(one, '?' | '&' | '#' | ';') || one.is_whitespace();
    let parameter = piece.trim_end_matches(is_end);
    let end = piece.get(parameter.len()..).unwrap_or_default();
    match parameter.split_once('=') {
        Some((name, value)) if !value.is_empty() => format!("{name}={MASK}{end}"),
        Some(_) => piece.to_owned(),
        // All of a query without a name may be a value.
        None if parameter.is_empty() => piece.to_owned(),
        None => format!("{MASK}{end}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_private, without_private};

    #[test]
    fn nothing_that_admits_somebody_stays_in_a_text() {
        for (text, open) in [
            ("https://a.example/cb", "https://a.example/cb"),
            (
                "https://a.example/cb?access_token=A1&code=A2&state=A3#session=A4",
                "https://a.example/cb?access_token=***&code=***&state=***#session=***",
            ),
            (
                "see https://a.example/?sig=A1 now",
                "see https://a.example/?sig=*** now",
            ),
            ("https://ada:A1@a.example/x?A2", "https://a.example/x?***"),
            (
                "https://a.example/reset/0123456789abcdef01234567",
                "https://a.example/reset/***",
            ),
            ("Bearer A1", "Bearer ***"),
            ("authorization: bearer A1, b", "authorization: bearer ***"),
            ("Basic A1==", "Basic ***"),
            ("Basic plan", "Basic plan"),
            ("a?b=c", "a?b=c"),
            ("", ""),
        ] {
            assert_eq!(without_private(text), open);
        }
        for name in [
            "cookie",
            "credentials",
            "set-cookie",
            "authHeader",
            "sessionId",
            "apiToken",
            "X-Signature",
        ] {
            assert!(is_private(name), "{name}");
        }
        for name in ["note", "redirectUrl", "userId", "amount"] {
            assert!(!is_private(name), "{name}");
        }
    }
}
