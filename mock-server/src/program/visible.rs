//! Makes text from callers safe to print on a terminal, on one line; a document of JSON, on many.

use std::borrow::Cow;

/// The same text, but with an escape for each character that a terminal obeys instead of showing, or that changes the
/// order of the text: a phone number that a caller sends must not clear the screen or forge a second message.
pub(super) fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character.escape_default().to_string())
}

/// As [`visible`], for one line of JSON, which stays the same JSON.
pub(super) fn visible_json(json: &serde_json::Value) -> String {
    // In JSON, such characters occur only in strings, and none of them needs two UTF-16 units.
    let escape = |character| format!("\\u{:04x}", u32::from(character));
    escaped(&json.to_string(), escape).into_owned()
}

/// As [`visible`], for JSON that a person reads, which stays the same JSON.
pub(super) fn visible_document(json: &serde_json::Value) -> String {
    let document = format!("{json:#}");
    // Every line break is one between members: those in texts are escaped.
    let lines: Vec<_> = document
        .lines()
        .map(|line| escaped(line, |character| format!("\\u{:04x}", u32::from(character))))
        .collect();
    lines.join("\n")
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_obeyed(character) {
            shown.push_str(&escape(character));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

fn is_obeyed(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{visible, visible_document, visible_json};

    #[test]
    fn what_a_terminal_obeys_is_escaped() {
        let sent = "+1\u{1b}[2J\r\n\u{9b}31m\u{7f}\u{202e}é\u{1f600}\\n";
        assert_eq!(
            visible(sent),
            "+1\\u{1b}[2J\\r\\n\\u{9b}31m\\u{7f}\\u{202e}é\u{1f600}\\n"
        );
        assert_eq!(visible("Ada's phone"), "Ada's phone");
    }

    #[test]
    fn json_stays_the_same_json() {
        let message = json!({"to": "+1\u{1b}[2J\n\u{9b}\u{7f}\u{202e}"});
        let shown = visible_json(&message);
        assert_eq!(shown, r#"{"to":"+1\u001b[2J\n\u009b\u007f\u202e"}"#);
        assert_eq!(serde_json::from_str::<Value>(&shown).unwrap(), message);
        let shown = visible_document(&message);
        assert_eq!(
            shown,
            "{\n  \"to\": \"+1\\u001b[2J\\n\\u009b\\u007f\\u202e\"\n}"
        );
    }
}
