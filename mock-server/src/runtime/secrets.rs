//! The secrets of a tenant, to find them wherever a request has them. Knows no journal.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
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
        if has_escape(&hidden)
            && let Some(shown) = behind_masks(&hidden, self.places_escaped(&hidden, LEVELS))
        {
            hidden = Cow::Owned(shown);
        }
        if hidden.contains('%')
            && let Some(shown) = behind_masks(&hidden, self.places_encoded(&hidden))
        {
            hidden = Cow::Owned(shown);
        }
        if !is_cut {
            return hidden;
        }
        // A sign may stand where a text was cut.
        let (kept, sign) = match hidden.strip_suffix('…') {
            Some(kept) => (kept, "…"),
            None => (&*hidden, ""),
        };
        match self.beginning_at_end(kept, LEVELS) {
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

    /// Where a text begins and ends to have a secret with escapes of JSON, of at most so many levels.
    fn places_escaped(&self, text: &str, levels: usize) -> Vec<(usize, usize)> {
        if levels == 0 || !has_escape(text) {
            return Vec::new();
        }
        let read = Unescaped::of(text);
        let deeper = self.places_escaped(&read.text, levels - 1);
        let found = self.places(&read.text).chain(deeper);
        found
            .map(|(start, end)| (read.at[start], read.at[end]))
            .collect()
    }

    /// Where a text begins and ends to have a secret with any of its bytes as a URL encodes them.
    fn places_encoded(&self, text: &str) -> Vec<(usize, usize)> {
        let read = Unescaped::of_url(text);
        let found = self.places(&read.text);
        found
            .map(|(start, end)| (read.at[start], read.at[end]))
            .collect()
    }

    fn places(&self, text: &str) -> impl Iterator<Item = (usize, usize)> {
        let secrets = self.0.iter().filter(move |secret| holds(text, secret));
        secrets.flat_map(move |secret| {
            let starts = text.match_indices(secret.as_str());
            starts.map(|(start, _)| (start, start + secret.len()))
        })
    }

    /// How many bytes at the end of a text are the beginning of a secret, as it is or with escapes of JSON, of at most so
    /// many levels.
    fn beginning_at_end(&self, text: &str, levels: usize) -> usize {
        let part = self.plain_beginning_at_end(text);
        if levels == 0 || !has_escape(text) {
            return part;
        }
        // The last escape may be cut, too.
        let last = text.rfind('\\').unwrap_or(text.len());
        let escaped = [text, &text[..last]].map(|whole| {
            let rest = text.len() - whole.len();
            if rest > 0 && (rest >= LONGEST_ESCAPE || escape(&text[last..]).is_some()) {
                return 0;
            }
            let read = Unescaped::of(whole);
            match self.beginning_at_end(&read.text, levels - 1) {
                0 => 0,
                part => text.len() - read.at[read.text.len() - part],
            }
        });
        escaped.into_iter().fold(part, usize::max)
    }

    fn plain_beginning_at_end(&self, text: &str) -> usize {
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

/// A text with a mask in these places; `None` if there are none.
fn behind_masks(text: &str, mut places: Vec<(usize, usize)>) -> Option<String> {
    places.sort_unstable();
    let (mut shown, mut done) = (String::new(), 0);
    for (start, end) in places.iter().copied() {
        // One that begins within another is behind the same mask.
        if start >= done {
            shown.push_str(&text[done..start]);
            shown.push_str(MASK);
        }
        done = done.max(end);
    }
    shown.push_str(&text[done..]);
    (!places.is_empty()).then_some(shown)
}

/// How deep texts of JSON that are in texts of JSON are read: each one escapes the signs of the one in it.
const LEVELS: usize = 4;

/// Bytes of the longest escape of JSON: a character in two parts, such as `\ud83d\ude00`.
const LONGEST_ESCAPE: usize = 12;

/// Whether a text can have escapes of JSON. Most have none.
fn has_escape(text: &str) -> bool {
    memchr::memchr(b'\\', text.as_bytes()).is_some()
}

/// A text with its escapes read: writers may escape any character.
struct Unescaped {
    text: String,
    /// Where each byte of it is in the text that it was read from, and where that ends.
    at: Vec<usize>,
}

impl Unescaped {
    /// A text with escapes of URLs. Bytes that are no characters stay as they are.
    fn of_url(encoded: &str) -> Self {
        let (mut text, mut at) = (String::with_capacity(encoded.len()), Vec::new());
        let mut done = 0;
        while let Some(start) = encoded[done..].find('%').map(|next| done + next) {
            text.push_str(&encoded[done..start]);
            at.extend(done..start);
            // A character has one to four bytes.
            let one = (1..=4).find_map(|bytes| {
                let part = encoded.get(start..start + 3 * bytes)?;
                let read: Vec<u8> = percent_decode_str(part).collect();
                let sign = str::from_utf8(&read).ok()?.to_owned();
                (read.len() == bytes).then_some((sign, part.len()))
            });
            let (sign, length) = one.unwrap_or_else(|| ("%".to_owned(), 1));
            text.push_str(&sign);
            at.resize(text.len(), start);
            done = start + length;
        }
        text.push_str(&encoded[done..]);
        at.extend(done..=encoded.len());
        Self { text, at }
    }

    /// A text with escapes of JSON.
    fn of(escaped: &str) -> Self {
        let (mut text, mut at) = (String::with_capacity(escaped.len()), Vec::new());
        let mut done = 0;
        for start in memchr::memchr_iter(b'\\', escaped.as_bytes()) {
            // The second half of an escape is read already.
            let Some((sign, length)) = (start >= done).then(|| escape(&escaped[start..])).flatten()
            else {
                continue;
            };
            text.push_str(&escaped[done..start]);
            at.extend(done..start);
            text.push(sign);
            at.resize(text.len(), start);
            done = start + length;
        }
        text.push_str(&escaped[done..]);
        at.extend(done..=escaped.len());
        Self { text, at }
    }
}

/// The character that an escape of JSON at the beginning of a text stands for, and how many bytes the escape has.
fn escape(text: &str) -> Option<(char, usize)> {
    let read = |length| {
        let one = text.get(..length)?;
        let sign = serde_json::from_str(&format!("\"{one}\"")).ok()?;
        Some((sign, length))
    };
    match text.as_bytes().get(1)? {
        b'u' => read(6).or_else(|| read(LONGEST_ESCAPE)),
        _ => read(2),
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

    #[test]
    fn a_secret_is_hidden_however_json_escapes_it() {
        let secrets = Secrets::new([
            "php/secret",
            "caf\u{e9}-secret",
            "a\u{1f600}-secret",
            "et/again",
        ]);
        for (text, is_cut, shown) in [
            (
                r#"{"a":"php\/secret","b":1}"#,
                false,
                r#"{"a":"***","b":1}"#,
            ),
            (r"caf\u00e9-secret, caf\u00E9-secret", false, "***, ***"),
            (r"\u0070hp/secre\u0074\n", false, r"***\n"),
            (r"a\ud83d\ude00-secret\\", false, r"***\\"),
            (r"php\/secret\/again and \n", false, r"*** and \n"),
            (r"C:\users\ud83d\x \u00", true, r"C:\users\ud83d\x \u00"),
            (r"cut in php\/secr", true, "cut in ***"),
            (r"cut in php\/secr…", true, "cut in ***…"),
            (r"cut in php\/secr\u00", true, "cut in ***"),
            (r"cut in caf\u00e9-sec\", true, "cut in ***"),
            (r"not cut php\/secr", false, r"not cut php\/secr"),
            ("?b=%70hp%2fsecre%74&c=100%", false, "?b=***&c=100%"),
            ("/caf%C3%A9-secret/%zz%", false, "/***/%zz%"),
            (
                r#"{"a":"{\"b\":\"php\\\/secret\",\"c\":1}"}"#,
                false,
                r#"{"a":"{\"b\":\"***\",\"c\":1}"}"#,
            ),
            (r"caf\\u00e9-secret and \\n", false, r"*** and \\n"),
            (r"php\\\\\\\/secret", false, "***"),
            (r"cut in php\\\/secr", true, "cut in ***"),
            (r"cut in php\\\/secr\\u00", true, "cut in ***"),
            (r"cut in php\\\/secr\\", true, "cut in ***"),
            (r"cut in php\\\/secr\", true, "cut in ***"),
            ("\\", true, "\\"),
        ] {
            assert_eq!(secrets.hidden(text, is_cut), shown, "{text}");
        }
    }
}
