//! What of a server's answer may be shown in an error or a log. Must not know any API.

/// The longest text that is taken over from an answer, in characters.
const LONGEST_REASON: usize = 300;

/// A server's own message, made safe to show: one line of bounded length, or nothing.
pub(crate) fn reason(text: &str) -> Option<String> {
    let mut shown = String::new();
    for word in text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
    {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
        if let Some((end, _)) = shown.char_indices().nth(LONGEST_REASON) {
            shown.truncate(end);
            shown.push('…');
            break;
        }
    }
    (!shown.is_empty()).then_some(shown)
}

/// The words in the body of an answer that is not in the API's own form.
///
/// A gateway's JSON is searched for the usual members. Plain text counts when it is one short line:
/// one vendor documents a 404 as a bare sentence. Anything else, a gateway's page of HTML above
/// all, has no words for our caller.
pub(crate) fn foreign_reason(body: &[u8]) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(body) {
        let found = ["reason", "message", "error", "detail"]
            .into_iter()
            .find_map(|key| json.get(key)?.as_str());
        return reason(found.or(json.as_str())?);
    }
    let text = std::str::from_utf8(body).ok()?.trim();
    let sentence = text.len() <= LONGEST_REASON && !text.contains(['<', '\n', '{']);
    sentence.then(|| reason(text)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_bounded_line() {
        assert_eq!(
            reason("no such\r\n  user\u{1b}[31m").as_deref(),
            Some("no such user [31m")
        );
        assert_eq!(reason(" \n "), None);
        assert_eq!(
            reason(&"é".repeat(1_000)),
            Some("é".repeat(LONGEST_REASON) + "…")
        );
        assert_eq!(
            reason(&"ab ".repeat(1_000)).unwrap().chars().count(),
            LONGEST_REASON + 1
        );
    }

    #[test]
    fn a_foreign_body_is_searched_for_words_and_a_page_has_none() {
        for (body, words) in [
            (r#"{"message": "Forbidden"}"#, Some("Forbidden")),
            (r#"{"reason": 1, "error": "bad"}"#, Some("bad")),
            (r#"{"error": {"code": 1}}"#, None),
            (r#""quoted""#, Some("quoted")),
            ("[]", None),
            (
                "Client Application x not found\n",
                Some("Client Application x not found"),
            ),
            ("<html><body>502 Bad Gateway</body></html>", None),
            ("line one\nline two", None),
            ("", None),
        ] {
            assert_eq!(foreign_reason(body.as_bytes()).as_deref(), words, "{body}");
        }
        assert_eq!(foreign_reason(b"\xff\xfe"), None);
        assert_eq!(foreign_reason(&[b'x'; 5_000]), None);
    }
}
