//! The way back to the application: a redirect with the token, or a message from a popup. Must not know the world or
//! markup.

use serde_json::json;
use url::Url;

/// Schemes of URLs that are themselves a script or a document. The application chooses the URL, but the browser would
/// run it with the mock's origin.
const OWN_SCHEMES: [&str; 8] = [
    "about",
    "blob",
    "data",
    "file",
    "filesystem",
    "javascript",
    "vbscript",
    "view-source",
];
/// The rest of the URL for a phone app that gives a scheme but no redirect URL.
const NATIVE: &str = "://callback";

/// What the application finds in the query of the URL that a page leads to.
#[derive(Clone, Copy, Debug)]
pub struct Returned<'a> {
    /// What the application validates.
    pub token: &'a str,
    /// The value by which the sender of the user recognises them when they come back.
    pub state: Option<&'a str>,
}

/// Where a page leads when it ends.
#[derive(Clone, PartialEq, Eq)]
pub enum Exit {
    /// To the application's URL.
    Redirect(String),
    /// To the opener of the popup, with this message.
    Message(String),
    /// Nowhere: the application gave no URL.
    Nowhere,
}

impl Exit {
    /// The way back.
    pub fn new(
        popup: bool,
        redirect_url: Option<&str>,
        native_scheme: Option<&str>,
        returned: Returned<'_>,
    ) -> Self {
        if popup {
            return Self::Message(closed(Some(returned.token)));
        }
        target(redirect_url, native_scheme, returned).map_or(Self::Nowhere, Self::Redirect)
    }
}

/// The message that the page is ready. The popup stays hidden until this message arrives.
pub fn ready() -> String {
    json!({"event": "AUTHSIGNAL_READY"}).to_string()
}

/// The message that closes a popup.
pub fn closed(token: Option<&str>) -> String {
    match token {
        Some(token) => json!({"event": "AUTHSIGNAL_CLOSE_POPUP", "token": token}).to_string(),
        None => json!({"event": "AUTHSIGNAL_CLOSE_POPUP"}).to_string(),
    }
}

/// The message that reports an error.
pub fn failed(code: &str, status: u16) -> String {
    json!({"event": "AUTHSIGNAL_API_ERROR", "errorCode": code, "statusCode": status}).to_string()
}

/// The URL of the application, with what it finds there. `None` if there is no URL, or a page must not link to it.
fn target(
    redirect_url: Option<&str>,
    native_scheme: Option<&str>,
    returned: Returned<'_>,
) -> Option<String> {
    // An app has a scheme of its own. With that of the web, this would change the server that the token goes to.
    let is_web =
        |scheme: &str| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let native = native_scheme.filter(|scheme| is_scheme(scheme) && !is_web(scheme));
    let mut url = match (redirect_url, native) {
        (Some(url), Some(scheme)) => {
            let url = Url::parse(url).ok()?;
            match url.scheme() {
                // The scheme finds the app; the rest of the URL finds the place in the app.
                web @ ("http" | "https") => {
                    let rest = url.as_str().strip_prefix(web).unwrap_or_default();
                    Url::parse(&format!("{scheme}{rest}")).ok()?
                }
                _ => url,
            }
        }
        (Some(url), None) => Url::parse(url).ok()?,
        (None, Some(scheme)) => Url::parse(&format!("{scheme}{NATIVE}")).ok()?,
        (None, None) => return None,
    };
    if OWN_SCHEMES.contains(&url.scheme()) {
        return None;
    }
    // The application has chosen a state of its own, if there is one.
    let state = returned.state.filter(|_| !has_state(&url));
    let pairs = state.map(|state| ("state", state)).into_iter();
    url.query_pairs_mut()
        .extend_pairs(pairs.chain([("token", returned.token)]));
    Some(url.into())
}

fn has_state(url: &Url) -> bool {
    url.query_pairs().any(|(name, _)| name == "state")
}

fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::{Exit, Returned, closed, failed, ready, target};

    fn token(token: &str) -> Returned<'_> {
        Returned { token, state: None }
    }

    #[test]
    fn the_token_joins_the_query_that_is_there() {
        for (url, expected) in [
            ("https://app.test/cb", "https://app.test/cb?token=a.b-c_d"),
            (
                "https://app.test:8443/cb?x=1&y=%20#top",
                "https://app.test:8443/cb?x=1&y=%20&token=a.b-c_d#top",
            ),
            ("https://app.test", "https://app.test/?token=a.b-c_d"),
            ("myapp://done", "myapp://done?token=a.b-c_d"),
            ("myapp:done", "myapp:done?token=a.b-c_d"),
            (
                "https://app.test/\u{e9}?q=\u{e9}",
                "https://app.test/%C3%A9?q=%C3%A9&token=a.b-c_d",
            ),
        ] {
            let found = target(Some(url), None, token("a.b-c_d"));
            assert_eq!(found.as_deref(), Some(expected), "{url}");
        }
    }

    #[test]
    fn a_state_comes_before_the_token_unless_the_url_has_one_of_its_own() {
        let returned = Returned {
            token: "t",
            state: Some("a b&c"),
        };
        for (url, expected) in [
            (
                "https://auth0.test/continue",
                "https://auth0.test/continue?state=a+b%26c&token=t",
            ),
            (
                "https://app.test/cb?state=own",
                "https://app.test/cb?state=own&token=t",
            ),
        ] {
            let found = target(Some(url), None, returned);
            assert_eq!(found.as_deref(), Some(expected));
        }
    }

    #[test]
    fn no_page_leads_to_a_url_that_runs() {
        for url in [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\nscript:alert(1)",
            "java\tscript://%0aalert(1)",
            "\u{1}javascript:alert(1)",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "blob:http://localhost:4750/0",
            "file:///etc/passwd",
            "/relative",
            "//app.test/x",
            "nonsense",
            "",
        ] {
            assert_eq!(target(Some(url), None, token("t")), None, "{url}");
        }
        let native = target(Some("https://app.test/cb"), Some("javascript"), token("t"));
        assert_eq!(native, None);
    }

    #[test]
    fn an_app_on_a_phone_is_reached_by_its_scheme() {
        for (url, expected) in [
            (
                Some("https://app.test/cb?x=1"),
                "authsignal://app.test/cb?x=1&token=t",
            ),
            (Some("myapp://done"), "myapp://done?token=t"),
            (None, "authsignal://callback?token=t"),
        ] {
            let found = target(url, Some("authsignal"), token("t"));
            assert_eq!(found.as_deref(), Some(expected));
        }
        assert_eq!(target(None, Some("no scheme:"), token("t")), None);
        for web in ["http", "HTTPS"] {
            let found = target(Some("https://app.test/cb"), Some(web), token("t"));
            assert_eq!(found.as_deref(), Some("https://app.test/cb?token=t"));
        }
    }

    #[test]
    fn a_popup_ends_by_a_message_even_where_there_is_a_url() {
        let exit = Exit::new(true, Some("https://app.test/cb"), None, token("a\"b"));
        let Exit::Message(message) = exit else {
            panic!("a message")
        };
        assert_eq!(
            message,
            r#"{"event":"AUTHSIGNAL_CLOSE_POPUP","token":"a\"b"}"#
        );
    }

    #[test]
    fn messages_are_what_the_vendors_script_reads() {
        assert_eq!(ready(), r#"{"event":"AUTHSIGNAL_READY"}"#);
        assert_eq!(closed(None), r#"{"event":"AUTHSIGNAL_CLOSE_POPUP"}"#);
        assert_eq!(
            failed("expired_token", 401),
            r#"{"errorCode":"expired_token","event":"AUTHSIGNAL_API_ERROR","statusCode":401}"#
        );
    }
}
