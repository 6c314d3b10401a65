//! The secrets of a tenant, to find them wherever a request has them. Knows no journal.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded::byte_serialize;

use super::search::holds;

/// What stands in place of a secret.
const MASK: &str = "***";

/// Bytes of the shortest secret that is hidden. A shorter one would be a part of too many other words.
const SHORTEST: usize = 8;

/// Bytes at the end of a text that was cut that are hidden if a secret begins with them.
const BEGINNING: usize = 8;

/// What URLs encode.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The secrets of a tenant, in each form in which a request can carry them. It has no `Debug`.
#[derive(Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those secrets.
    pub(super) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let long = secrets
            .into_iter()
            .filter(|secret| secret.len() >= SHORTEST);
        let mut forms: Vec<String> = long.flat_map(forms).collect();
        // The longest first: one secret may be the beginning of another.
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
        forms.dedup();
        Self(forms)
    }

    /// A text without these secrets. If the text was cut, also without the beginning of one at its end.
    pub fn hidden<'t>(&self, text: &'t str, is_cut: bool) -> Cow<'t, str> {
        let mut hidden = Cow::Borrowed(text);
        // Most texts are shorter than most secrets. A text only gets shorter here.
        let longer = self.0.partition_point(|secret| secret.len() > text.len());
        for secret in &self.0[longer..] {
            if holds(&hidden, secret) {
                hidden = Cow::Owned(hidden.replace(secret.as_str(), MASK));
            }
        }
        if !is_cut {
            return hidden;
        }
        // A sign may stand where a text was cut.
        let (kept, sign) = match hidden.strip_suffix('…') {
            Some(kept) => (kept, "…"),
            None => (&*hidden, ""),
        };
        match self.beginning_at_end(kept) {
            0 => hidden,
            part => Cow::Owned([&kept[..kept.len() - part], MASK, sign].concat()),
        }
    }

    /// Hides them in a text that is kept.
    pub(super) fn hide_in(&self, text: &mut String) {
        if let Cow::Owned(hidden) = self.hidden(text, false) {
            *text = hidden;
        }
    }

    /// How many bytes at the end of a text are the beginning of a secret.
    fn beginning_at_end(&self, text: &str) -> usize {
        let lengths = self.0.iter().filter_map(|secret| {
            let most = (secret.len() - 1).min(text.len());
            let mut lengths = (BEGINNING..=most).rev();
            lengths.find(|length| {
                let beginning = secret.get(..*length);
                beginning.is_some_and(|beginning| text.ends_with(beginning))
            })
        });
        lengths.max().unwrap_or(0)
    }
}

/// A secret as it is, as JSON writes it, as URLs and forms encode it, and as HTTP Basic sends it.
fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::Value::from(secret).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default();
    let mut forms = vec![
        secret.to_owned(),
        json.to_owned(),
        utf8_percent_encode(secret, RESERVED).to_string(),
        byte_serialize(secret.as_bytes()).collect(),
        STANDARD_NO_PAD.encode(format!("{secret}:")),
    ];
    forms.sort();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::Secrets;

    #[test]
    fn a_secret_is_hidden_in_every_form_and_where_it_was_cut() {
        let secrets = Secrets::new([
            "secret/of+a \"test\"",
            "secret/of+a \"test\" and more",
            "short",
        ]);
        for (text, is_cut, shown) in [
            ("a secret/of+a \"test\" b", false, "a *** b"),
            ("secret/of+a \"test\" and more", false, "***"),
            (r#"{"a":"secret/of+a \"test\""}"#, false, r#"{"a":"***"}"#),
            (
                "/v1/users/secret%2Fof%2Ba%20%22test%22",
                false,
                "/v1/users/***",
            ),
            ("?q=secret%2Fof%2Ba+%22test%22", false, "?q=***"),
            ("Basic c2VjcmV0L29mK2EgInRlc3QiOg==", false, "Basic ***=="),
            ("cut in the secret/of", true, "cut in the ***"),
            ("a secret/of", false, "a secret/of"),
            ("nothing of it, and short", true, "nothing of it, and short"),
            ("cut in the secret/of…", true, "cut in the ***…"),
            ("sec", true, "sec"),
            ("", true, ""),
        ] {
            assert_eq!(secrets.hidden(text, is_cut), shown, "{text}");
        }
    }
}
