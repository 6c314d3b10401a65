//! A description of a spec as markup: paragraphs, lists and code. Knows no spec.

use maud::{Markup, html};

/// The paragraphs of a text. The specs' descriptions use no more of Markdown than lists and code.
pub(super) fn prose(text: &str) -> Markup {
    html! {
        @for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
            @match items(block) {
                Some(items) => ul { @for item in items { li { (inline(&item)) } } },
                None => p { (inline(block)) },
            }
        }
    }
}

/// The items of a block that is a list.
fn items(block: &str) -> Option<Vec<String>> {
    let mut items: Vec<String> = Vec::new();
    for line in block.lines().map(str::trim) {
        match (
            line.strip_prefix("* ").or_else(|| line.strip_prefix("- ")),
            items.last_mut(),
        ) {
            (Some(item), _) => items.push(item.to_owned()),
            (None, Some(item)) => {
                item.push(' ');
                item.push_str(line);
            }
            (None, None) => return None,
        }
    }
    Some(items)
}

/// A text whose parts between backticks are code.
pub(super) fn inline(text: &str) -> Markup {
    html! {
        @for (index, part) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::prose;

    #[test]
    fn a_description_becomes_paragraphs_lists_and_code_and_never_markup() {
        let text = "Takes `a<b>`\nand <i>.\n\n* one\n  more\n* two\n";
        assert_eq!(
            prose(text).into_string(),
            "<p>Takes <code>a&lt;b&gt;</code>\nand &lt;i&gt;.</p><ul><li>one more</li><li>two</li></ul>"
        );
    }
}
