//! Two texts that differ, but look the same to a reader. Knows nothing of what they say.

use unicode_normalization::UnicodeNormalization;

/// Both texts, with an escape for each character that tells them apart, if a reader could not: where they differ only in
/// how Unicode writes a letter, in characters that do not show, or in spaces around them.
pub fn told_apart(one: &str, other: &str) -> Option<(String, String)> {
    if one == other || !alike(one, other) {
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

/// Whether two texts look the same.
fn alike(one: &str, other: &str) -> bool {
    let look = |text: &str| -> String { text.nfkc().filter(|shown| !is_hidden(*shown)).collect() };
    look(one).trim() == look(other).trim()
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
    use super::told_apart;

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
        ] {
            let (one_shown, other_shown) = shown;
            let shown = Some((one_shown.to_owned(), other_shown.to_owned()));
            assert_eq!(told_apart(one, other), shown, "{one:?} {other:?}");
            let turned = Some((other_shown.to_owned(), one_shown.to_owned()));
            assert_eq!(told_apart(other, one), turned, "{other:?} {one:?}");
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
