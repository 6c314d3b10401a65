//! Two texts that differ, but look the same to a reader. Knows nothing of what they say.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

/// Both texts, with an escape for each character that tells them apart, if a reader could not: where they differ only in
/// how Unicode writes a letter, in characters that do not show, in spaces, or in these and in the case of letters.
pub fn told_apart(one: &str, other: &str) -> Option<(String, String)> {
    if is_case(one, other) || look(one).to_lowercase() != look(other).to_lowercase() {
        return None;
    }
    let pairs = one.char_indices().zip(other.chars());
    let first = pairs.into_iter().find(|((_, one), other)| one != other);
    let start = first.map_or(one.len().min(other.len()), |((at, _), _)| at);
    let (begin, rest, other_rest) = (&one[..start], &one[start..], &other[start..]);
    let ends = rest.chars().rev().zip(other_rest.chars().rev());
    let same = ends.take_while(|(one, other)| one == other);
    let end: usize = same.map(|(one, _)| one.len_utf8()).sum();
    let shown = |rest: &str| {
        let (differing, end) = rest.split_at(rest.len() - end);
        format!("{begin}{}{end}", escaped(differing))
    };
    Some((shown(rest), shown(other_rest)))
}

/// What a reader easily overlooks, if two texts differ in nothing else.
pub fn overlooked(one: &str, other: &str) -> Option<&'static str> {
    if one == other {
        None
    } else if is_case(one, other) {
        Some("only upper and lower case differ")
    } else if decoded(one) == decoded(other) {
        Some("only the percent-encoding differs")
    } else {
        None
    }
}

/// Whether one text is probably meant by the other: they look the same, or differ in case or in percent-encoding.
pub fn resembles(one: &str, other: &str) -> bool {
    let is_plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'%')
    };
    if is_plain(one) && is_plain(other) {
        return one.eq_ignore_ascii_case(other);
    }
    let look = |text: &str| look(&decoded(text)).to_lowercase();
    look(one) == look(other)
}

/// A text with an escape for each character that a reader cannot see: one that does not show, a space at the beginning or the
/// end, and all but the first of several.
pub fn visible(text: &str) -> Cow<'_, str> {
    let is_seen = |text: &str| {
        let is_plain = |one: char| one == ' ' || !one.is_whitespace() && !is_hidden(one);
        text.trim() == text && !text.contains("  ") && text.chars().all(is_plain)
    };
    if is_seen(text) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut before) = (String::new(), ' ');
    let end = text.trim_end().len();
    for (at, one) in text.char_indices() {
        let is_hidden = is_hidden(one) || one.is_whitespace() && one != ' ';
        match is_hidden || one == ' ' && (before == ' ' || at >= end) {
            true => shown.extend(one.escape_unicode()),
            false => shown.push(one),
        }
        before = one;
    }
    Cow::Owned(shown)
}

/// Whether two texts differ in nothing but the case of letters.
fn is_case(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// What a reader sees of a text.
fn look(text: &str) -> String {
    let spaced = text.nfkc().map(|one| match one.is_whitespace() {
        true => ' ',
        false => one,
    });
    let shown: String = spaced.filter(|shown| !is_hidden(*shown)).collect();
    let words: Vec<_> = shown.split(' ').filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// Whether a character takes no room, so that a reader cannot know of it.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

fn escaped(text: &str) -> String {
    let escape = |character: char| match character.is_ascii_graphic() {
        true => character.to_string(),
        false => character.escape_unicode().to_string(),
    };
    text.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::{overlooked, resembles, told_apart, visible};

    #[test]
    fn what_looks_the_same_is_told_apart_by_escapes() {
        for (one, other, shown) in [
            (
                "caf\u{e9}!",
                "cafe\u{301}!",
                ("caf\\u{e9}!", "cafe\\u{301}!"),
            ),
            (
                "\u{ac01}",
                "\u{1100}\u{1161}\u{11a8}",
                ("\\u{ac01}", "\\u{1100}\\u{1161}\\u{11a8}"),
            ),
            ("pay", "pa\u{200b}y", ("pay", "pa\\u{200b}y")),
            ("pay", "\u{feff}pay", ("pay", "\\u{feff}pay")),
            ("pay", "pay ", ("pay", "pay\\u{20}")),
            ("pay", " pay", ("pay", "\\u{20}pay")),
            ("a b", "a\u{a0}b", ("a\\u{20}b", "a\\u{a0}b")),
            ("pay", "pay\u{7f}\r\n", ("pay", "pay\\u{7f}\\u{d}\\u{a}")),
            ("\"a\u{200d}b\"", "\"ab\"", ("\"a\\u{200d}b\"", "\"ab\"")),
            ("a  b", "a b", ("a \\u{20}b", "a b")),
            ("a\tb", "a b", ("a\\u{9}b", "a\\u{20}b")),
            ("Pay ", "pay", ("Pay\\u{20}", "pay")),
        ] {
            let (one_shown, other_shown) = shown;
            let shown = Some((one_shown.to_owned(), other_shown.to_owned()));
            assert_eq!(told_apart(one, other), shown, "{one:?} {other:?}");
            let turned = Some((other_shown.to_owned(), one_shown.to_owned()));
            assert_eq!(told_apart(other, one), turned, "{other:?} {one:?}");
        }
    }

    #[test]
    fn what_is_easily_overlooked_is_named() {
        for (one, other, named) in [
            ("ada", "ada", None),
            ("ada", "Ada", Some("only upper and lower case differ")),
            (
                "/v1/users/a%40b",
                "/v1/users/a@b",
                Some("only the percent-encoding differs"),
            ),
            ("%2f", "%2F", Some("only upper and lower case differ")),
            ("ada", "bob", None),
        ] {
            assert_eq!(overlooked(one, other), named, "{one} {other}");
        }
        for (one, other) in [
            ("Ada", "ada"),
            ("ada", " ada"),
            ("a%40b", "A@b"),
            ("caf\u{e9}", "CAFE\u{301}"),
        ] {
            assert!(resembles(one, other), "{one} {other}");
        }
        assert!(!resembles("ada", "adam") && !resembles("a b", "ab"));
    }

    #[test]
    fn what_does_not_show_is_escaped() {
        for (text, shown) in [
            ("ada", "ada"),
            ("a b", "a b"),
            ("", ""),
            ("ada ", "ada\\u{20}"),
            (" ada", "\\u{20}ada"),
            ("a  b", "a \\u{20}b"),
            ("a\u{200b}b\n", "a\\u{200b}b\\u{a}"),
            ("  ", "\\u{20}\\u{20}"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn what_looks_different_is_left_as_it_is() {
        for (one, other) in [
            ("pay", "pay"),
            ("caf\u{e9}", "cafe"),
            ("pay", "Pay"),
            ("", "x"),
            ("\u{1f600}", "\u{1f601}"),
        ] {
            assert_eq!(told_apart(one, other), None, "{one:?} {other:?}");
        }
    }
}
