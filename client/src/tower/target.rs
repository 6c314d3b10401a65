//! The URLs of the application that the layer redirects to. Must not know why it does.

use http::Uri;
use percent_encoding::percent_decode_str;
use url::Url;

/// The parameter that the vendor adds to the redirect URL.
const TOKEN: &str = "token";

/// Where browsers reach the application: a URL without `/` at its end.
#[derive(Clone, Debug)]
pub(super) struct Base(String);

impl Base {
    /// Of a URL without query and fragment.
    pub(super) fn new(url: &Url) -> Self {
        Self(url.as_str().trim_end_matches('/').to_owned())
    }

    pub(super) fn is_secure(&self) -> bool {
        self.0.starts_with("https:")
    }

    /// A path of the application as a URL. The whole origin stands before the path, so `//other.example` is a path, too.
    pub(super) fn url(&self, path_and_query: &str) -> Option<String> {
        let url = Url::parse(&format!("{}{path_and_query}", self.0)).ok()?;
        Some(url.into())
    }
}

/// What a request asks for: a path and a query, perhaps with the token of a challenge.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Path and query without tokens.
    pub(super) path_and_query: String,
    /// The token, if there is exactly one.
    pub(super) token: Option<String>,
}

impl Target {
    pub(super) fn of(uri: &Uri) -> Self {
        // `OPTIONS *` has no path.
        let path = match uri.path() {
            path if path.starts_with('/') => path,
            _ => "/",
        };
        let Some(query) = uri.query() else {
            let path_and_query = path.to_owned();
            return Self {
                path_and_query,
                token: None,
            };
        };
        let name = |pair: &&str| pair.split('=').next() == Some(TOKEN);
        let (tokens, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(name);
        let path_and_query = match others.as_slice() {
            [] => path.to_owned(),
            others => format!("{path}?{}", others.join("&")),
        };
        let token = match tokens.as_slice() {
            [one] => one.split_once('=').and_then(|(_, value)| {
                let value = percent_decode_str(value).decode_utf8().ok()?;
                (!value.is_empty()).then(|| value.into_owned())
            }),
            _ => None,
        };
        Self {
            path_and_query,
            token,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str) -> (String, Option<String>) {
        let target = Target::of(&uri.parse().unwrap());
        (target.path_and_query, target.token)
    }

    #[test]
    fn one_token_is_taken_out_of_the_query() {
        for (uri, path, token) in [
            ("/pay", "/pay", None),
            ("/pay?", "/pay?", None),
            ("/pay?token=a", "/pay", Some("a")),
            ("/pay?order=7&token=a.b%2Dc", "/pay?order=7", Some("a.b-c")),
            ("/pay?token=a&order=7&x", "/pay?order=7&x", Some("a")),
            ("/pay?tokens=a", "/pay?tokens=a", None),
            ("/pay?token=", "/pay", None),
            ("/pay?token", "/pay", None),
            ("/pay?token=%FF", "/pay", None),
            ("/pay?token=a&token=b", "/pay", None),
            ("http://evil.example/pay?token=a", "/pay", Some("a")),
            ("*", "/", None),
        ] {
            let found = target(uri);
            assert_eq!((&*found.0, found.1.as_deref()), (path, token), "{uri}");
        }
    }

    #[test]
    fn no_path_leads_to_another_host() {
        let base = Base::new(&Url::parse("https://shop.example/").unwrap());
        for path in [
            "/",
            "//evil.example/",
            "/@evil.example",
            "/\\evil.example",
            "/../..//evil.example",
            "/%2F%2Fevil.example",
            "/?next=https://evil.example",
            "/:80@evil.example",
        ] {
            let url = base.url(path).unwrap();
            let url = Url::parse(&url).unwrap();
            assert_eq!(url.host_str(), Some("shop.example"), "{path}");
            assert_eq!((url.username(), url.port()), ("", None), "{path}");
        }
    }

    #[test]
    fn a_base_url_can_have_a_path() {
        let base = Base::new(&Url::parse("https://shop.example/eu/").unwrap());
        assert_eq!(base.url("/pay").unwrap(), "https://shop.example/eu/pay");
        assert!(base.is_secure());
    }
}
