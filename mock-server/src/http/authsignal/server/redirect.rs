//! Why a browser would not find its way back to the application. Knows no request.

use url::Url;

use crate::bounds::cut;

/// The parameter that tells the application the result.
const TOKEN: &str = "token";
/// Bytes of a URL that a warning repeats.
const SHOWN: usize = 200;

/// What is wrong with a `redirectUrl`, for the person who set it; `None` if nothing shows it. The vendor's answer is
/// unknown, so the mock takes the URL anyway.
pub(super) fn redirect_fault(url: &str) -> Option<String> {
    let fault = match Url::parse(url) {
        Err(_) => "is not an absolute URL, so no page leads back to the application",
        Ok(parsed) if is_nothing(parsed.scheme()) || parsed.host_str().is_some_and(is_nothing) => {
            "has what a program writes for a missing setting where the server of the application should be"
        }
        Ok(_) if begins_with_host_and_port(url) => {
            "has no http:// at its beginning, so a browser takes its host for the name of an app"
        }
        Ok(parsed) if parsed.query_pairs().any(|(name, _)| name == TOKEN) => {
            "has a `token` in its query already, and the mock adds another one behind it, so an application that reads the \
             first gets the old one; remove it"
        }
        Ok(_) => return None,
    };
    // A query may hold a secret.
    let shown = url.split(['?', '#']).next().unwrap_or_default();
    let cause = match url.split(['/', ':']).find(|part| !part.is_empty()) {
        Some(first) if is_nothing(first) => "; the setting that it begins with is missing",
        _ => "",
    };
    Some(format!(
        "the redirectUrl `{}` {fault}{cause}; use one such as http://localhost:3000/callback",
        cut(shown, SHOWN)
    ))
}

/// Whether a URL begins as `localhost:3000/` does: a name that parsers take for a scheme, and a port.
fn begins_with_host_and_port(url: &str) -> bool {
    let rest = url.trim_start().split_once(':').map(|(_, rest)| rest);
    let port = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    port.is_some_and(|port| {
        let digits = port.trim_end();
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// Whether a text is what a program writes where it has no value.
fn is_nothing(text: &str) -> bool {
    ["undefined", "null", "none", "nil", "nan"]
        .iter()
        .any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::{SHOWN, redirect_fault};

    #[test]
    fn urls_that_lead_back_have_no_fault() {
        for url in [
            "https://app.example.com/back?a=b",
            "http://localhost:3000",
            "authsignal://auth",
            "myapp:/callback",
            "myapp:3000th",
            "http://127.0.0.1:3000/cb?next=a:1",
        ] {
            assert_eq!(redirect_fault(url), None, "{url}");
        }
    }

    #[test]
    fn others_are_told_by_what_is_missing() {
        for (url, shown, missing) in [
            (
                "/api/callback",
                "`/api/callback` is not an absolute URL",
                false,
            ),
            ("localhost", "`localhost` is not an absolute URL", false),
            ("", "`` is not an absolute URL", false),
            (
                "undefined/api/callback?s=secret",
                "`undefined/api/callback` is not",
                true,
            ),
            ("null", "`null` is not an absolute URL", true),
            (
                "https://undefined/back",
                "`https://undefined/back` has what",
                false,
            ),
            (
                "undefined:3000/back",
                "`undefined:3000/back` has what",
                true,
            ),
            (
                "localhost:3000/cb?s=secret",
                "`localhost:3000/cb` has no http:// at its beginning",
                false,
            ),
            ("app.test:3000", "`app.test:3000` has no http://", false),
            (
                "https://app.test/back?a=b&token=secret",
                "`https://app.test/back` has a `token` in its query",
                false,
            ),
            (
                "localhost:80?s=secret",
                "`localhost:80` has no http://",
                false,
            ),
        ] {
            let said = redirect_fault(url).unwrap();
            assert!(said.contains(shown), "{url}: {said}");
            assert_eq!(
                said.contains("setting that it begins with"),
                missing,
                "{said}"
            );
            assert!(!said.contains("secret"), "{said}");
        }
        let long = redirect_fault(&"x".repeat(10_000)).unwrap();
        assert!(long.len() < 2 * SHOWN, "{}", long.len());
    }
}
