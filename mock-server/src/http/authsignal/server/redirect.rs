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
    match is_ordinary(url) {
        true => None,
        false => parsed_fault(url),
    }
}

/// As [`redirect_fault`], of any URL.
fn parsed_fault(url: &str) -> Option<String> {
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

/// Whether nothing can be wrong with a URL, as with nearly every one: to parse it costs track 2,800 of 128,000 instructions.
fn is_ordinary(url: &str) -> bool {
    let rest = url.strip_prefix("http");
    let rest = rest.map(|rest| rest.strip_prefix('s').unwrap_or(rest));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix("://")) else {
        return false;
    };
    let is_of_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.';
    let end = rest.bytes().position(|byte| !is_of_name(byte));
    let (host, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let port = rest.strip_prefix(':').unwrap_or_default();
    let port = port.split('/').next().unwrap_or_default();
    let rest = match port {
        "" => rest,
        port => &rest[1 + port.len()..],
    };
    // A name whose last part is no number is no IP address, which could be a wrong one.
    let top = host.rsplit('.').next().unwrap_or_default();
    top.starts_with(|first: char| first.is_ascii_lowercase())
        && !host.split('.').any(str::is_empty)
        && !is_nothing(host)
        && port.len() <= 4
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && (rest.is_empty() || rest.starts_with('/'))
        && rest
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'?')
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
    use super::{SHOWN, is_ordinary, parsed_fault, redirect_fault};

    #[test]
    fn nothing_is_wrong_with_an_ordinary_url() {
        let hosts = "localhost a.b.example app 10.0.0.1 1.2.3.999 1.2.3 0x7f.1 a..b .a a. undefined null Null xn--a a_b -a a:b@c";
        let ports = ["", ":", ":1", ":3000", ":99999", ":a", ":1a"];
        let rests = [
            "",
            "/",
            "/back",
            "/%zz",
            "/a b",
            "/?token=1",
            "?token=1",
            "#token",
            "/#a",
            "/\u{e9}",
            "\\a",
        ];
        let mut ordinary = 0;
        for scheme in ["http://", "https://", "HTTP://", "http:", "app://", ""] {
            for host in hosts.split(' ').chain([""]) {
                for (port, rest) in ports.iter().flat_map(|port| rests.map(|rest| (port, rest))) {
                    let url = format!("{scheme}{host}{port}{rest}");
                    if is_ordinary(&url) {
                        assert_eq!(parsed_fault(&url), None, "{url}");
                        ordinary += 1;
                    }
                }
            }
        }
        // Two schemes, three hosts, three ports without `:` alone, and five rests.
        assert_eq!(ordinary, 2 * 3 * 3 * 5);
    }

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
