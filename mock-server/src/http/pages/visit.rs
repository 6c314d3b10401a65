//! The parameters that open a page. Each link and form carries them along, because browsers block the cookies of a
//! popup as third-party cookies. Must not know the world or markup.

use std::fmt;

use url::form_urlencoded::{Serializer, parse};

use super::exit::{Exit, Returned};
use crate::http::origin::split_origin;

/// The fields of a query or a form, in order.
#[derive(Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query or the body of a form.
    pub fn read(text: &[u8]) -> Self {
        Self(parse(text).into_owned().collect())
    }

    /// The value of the first field with this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().filter(|(other, _)| other == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// Sets a field.
    pub fn set(&mut self, name: &str, value: &str) {
        self.0.retain(|(other, _)| other != name);
        self.0.push((name.to_owned(), value.to_owned()));
    }

    /// The value of the first field with this name, trimmed. `None` if it is empty.
    pub fn filled(&self, name: &str) -> Option<&str> {
        let value = self.get(name).map(str::trim);
        value.filter(|value| !value.is_empty())
    }
}

/// The parameters that open a page.
#[derive(Clone, Default)]
pub struct Visit {
    /// The token. Its holder may act for the user on these pages.
    pub token: String,
    /// Whether the application opened the page in a frame or a window. Such a page sends messages to its opener.
    pub popup: bool,
    /// Whether the user must enrol, independent of the outcome of the action.
    pub force_enrollment: bool,
    /// The scheme of the phone app to return to.
    pub native_scheme: Option<String>,
    /// What whoever sent the user here recognises them by on the way back. Auth0 adds it to the URL of a page that an
    /// action redirects to, and lets nobody continue without it.
    pub state: Option<String>,
    /// The origin of the page that opened this one, if the browser reported it.
    pub opener: Option<String>,
    /// The path before the paths of these pages, as the browser sees them.
    pub prefix: String,
}

impl fmt::Debug for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visit")
            .field("popup", &self.popup)
            .field("force_enrollment", &self.force_enrollment)
            .finish_non_exhaustive()
    }
}

impl Visit {
    /// Reads the parameters from a query or a form. `referer` is the header of that name. It names the opener only on
    /// the first request of a popup, so later requests carry the opener along. `own` is the base URL of these pages.
    pub fn of(fields: &Fields, referer: Option<&str>, own: &str) -> Self {
        let (own, prefix) = split_origin(own);
        let popup = fields.get("mode") == Some("popup");
        let told = fields.filled("opener").or(referer).and_then(origin);
        Self {
            token: fields.get("token").unwrap_or_default().to_owned(),
            popup,
            force_enrollment: fields.get("force_enrollment") == Some("true"),
            native_scheme: fields.filled("nativeScheme").map(str::to_owned),
            state: fields.filled("state").map(str::to_owned),
            opener: told.filter(|told| popup && told != own),
            prefix: prefix.to_owned(),
        }
    }

    /// The hidden fields of a form.
    pub fn fields(&self) -> Vec<(&'static str, &str)> {
        let mut fields = vec![("token", self.token.as_str())];
        if self.popup {
            fields.push(("mode", "popup"));
        }
        if self.force_enrollment {
            fields.push(("force_enrollment", "true"));
        }
        if let Some(scheme) = &self.native_scheme {
            fields.push(("nativeScheme", scheme));
        }
        if let Some(state) = &self.state {
            fields.push(("state", state));
        }
        if let Some(opener) = &self.opener {
            fields.push(("opener", opener));
        }
        fields
    }

    /// One of the mock's own paths, as the browser sees it.
    pub fn at(&self, path: &str) -> String {
        [&self.prefix, path].concat()
    }

    /// The address of a page of this visit.
    pub fn link(&self, path: &str, more: &[(&str, &str)]) -> String {
        let start = format!("{}{path}?", self.prefix);
        let at = start.len();
        let mut query = Serializer::for_suffix(start, at);
        query
            .extend_pairs(self.fields())
            .extend_pairs(more.iter().copied());
        query.finish()
    }

    /// The way back to the application, with the visit's own token.
    pub fn exit(&self, redirect_url: Option<&str>) -> Exit {
        let scheme = self.native_scheme.as_deref();
        let returned = Returned {
            token: &self.token,
            state: self.state.as_deref(),
        };
        Exit::new(self.popup, redirect_url, scheme, returned)
    }

    /// The same visit with another token.
    pub fn with_token(&self, token: String) -> Self {
        Self {
            token,
            ..self.clone()
        }
    }
}

/// The origin of an HTTP or HTTPS URL.
fn origin(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    web.then(|| url.origin().ascii_serialization())
}

#[cfg(test)]
mod tests {
    use super::{Fields, Visit};

    const OWN: &str = "http://localhost:4750";

    fn visit(query: &str, referer: Option<&str>) -> Visit {
        Visit::of(&Fields::read(query.as_bytes()), referer, OWN)
    }

    #[test]
    fn links_carry_everything_along() {
        let query =
            "token=a.b-c_d&mode=popup&force_enrollment=true&nativeScheme=authsignal&state=s%201";
        let opened = visit(query, Some("http://app.test:3000/checkout?x=1"));
        let link = opened.link("/challenge", &[("method", "SMS")]);
        assert_eq!(
            link,
            "/challenge?token=a.b-c_d&mode=popup&force_enrollment=true&nativeScheme=authsignal\
             &state=s+1&opener=http%3A%2F%2Fapp.test%3A3000&method=SMS"
        );
        let (_, query) = link.split_once('?').unwrap();
        let again = visit(query, Some("http://localhost:4750/challenge"));
        assert_eq!(again.fields(), opened.fields());
    }

    #[test]
    fn a_popup_knows_who_opened_it_only_where_that_is_a_page_of_the_web() {
        for (referer, opener) in [
            (Some("https://app.test/a"), Some("https://app.test")),
            (Some("http://localhost:4750/challenge"), None),
            (Some("javascript:alert(1)"), None),
            (Some("data:text/html,x"), None),
            (None, None),
        ] {
            assert_eq!(
                visit("token=t&mode=popup", referer).opener.as_deref(),
                opener
            );
        }
        assert_eq!(visit("token=t", Some("https://app.test/a")).opener, None);
    }

    #[test]
    fn the_token_does_not_show() {
        let shown = format!("{:?}", visit("token=secret", None));
        assert!(!shown.contains("secret"), "{shown}");
    }
}
