//! The stylesheet of a tenant's theme. It loads nothing: pictures and fonts of a theme are elsewhere. Knows no page.

use std::fmt::Write as _;

use serde_json::Value;

use crate::domain::authsignal::management::resource::Resource;

/// A member of the theme, and the variable of the pages' stylesheet that it sets.
type Entry = (&'static str, &'static str);

const COLORS: [Entry; 23] = [
    ("bodyText", "ink"),
    ("bodyText", "soft"),
    ("buttonPrimaryBorder", "button-edge"),
    ("buttonPrimaryText", "on-accent"),
    ("buttonSecondaryBackground", "plain"),
    ("buttonSecondaryBorder", "plain-edge"),
    ("buttonSecondaryText", "plain-ink"),
    ("cardBackground", "box"),
    ("cardBorder", "box-edge"),
    ("containerBackground", "card"),
    ("containerBorder", "card-edge"),
    ("critical", "bad"),
    ("divider", "line"),
    ("focus", "focus"),
    ("headingText", "heading"),
    ("hover", "tint"),
    ("icon", "icon"),
    ("information", "warn"),
    ("inputBackground", "field"),
    ("inputBorder", "field-edge"),
    ("link", "link"),
    ("loader", "loader"),
    ("positive", "good"),
];

const BORDERS: [Entry; 7] = [
    ("buttonBorderRadius", "button-round"),
    ("buttonBorderWidth", "button-width"),
    ("cardBorderRadius", "box-round"),
    ("cardBorderWidth", "box-width"),
    ("containerBorderRadius", "card-round"),
    ("inputBorderRadius", "field-round"),
    ("inputBorderWidth", "field-width"),
];

/// Later entries win, so that a padding of one direction counts before that of all.
const PADDINGS: [Entry; 4] = [
    ("padding", "above"),
    ("padding", "beside"),
    ("paddingHorizontal", "beside"),
    ("paddingVertical", "above"),
];

/// Pixels that a border or a padding may have: more would push the page's contents out of sight.
const MOST_PIXELS: i64 = 64;

/// The stylesheet of a theme; empty if nothing in it changes a page. A value that is no color or no number of pixels counts
/// as absent. Colors of the light theme leave the dark one alone, because their text would be unreadable on its ground.
pub(super) fn style(theme: &Resource) -> String {
    let members = theme.members();
    let member = |name: &str| members.get(name).unwrap_or(&Value::Null);
    let light = Value::Object(members.clone());
    let dark = member("darkMode");
    let mut style = String::new();
    rule(&mut style, None, &shapes(&light));
    rule(&mut style, Some("light"), &colors(&light));
    rule(&mut style, Some("dark"), &(colors(dark) + &shapes(dark)));
    style
}

fn rule(style: &mut String, scheme: Option<&str>, declarations: &str) {
    if declarations.is_empty() {
        return;
    }
    let rule = format!(":root{{{declarations}}}");
    match scheme {
        Some(scheme) => {
            // Writing to a text cannot fail.
            let _ = write!(style, "@media (prefers-color-scheme:{scheme}){{{rule}}}");
        }
        None => style.push_str(&rule),
    }
}

fn colors(theme: &Value) -> String {
    let main = theme["primaryColor"].as_str();
    let main = ["accent", "accent-strong"].map(|variable| (main, variable));
    let paper = (theme["pageBackground"]["backgroundColor"].as_str(), "paper");
    let own = COLORS.map(|(name, variable)| (theme["colors"][name].as_str(), variable));
    let all = main.into_iter().chain([paper]).chain(own);
    let told =
        all.filter_map(|(value, variable)| Some((value.filter(|text| is_color(text))?, variable)));
    told.map(|(value, variable)| format!("--{variable}:{value};"))
        .collect()
}

fn shapes(theme: &Value) -> String {
    let pixels = |value: &Value| {
        value
            .as_i64()
            .filter(|count| (0..=MOST_PIXELS).contains(count))
    };
    let of = |group: &str, entries: &[Entry]| -> String {
        let told = entries
            .iter()
            .filter_map(|(name, variable)| Some((pixels(&theme[group][*name])?, variable)));
        told.map(|(count, variable)| format!("--{variable}:{count}px;"))
            .collect()
    };
    let alignment = match theme["container"]["contentAlignment"].as_str() {
        Some("left") => "--align:left;",
        Some("center") => "--align:center;",
        Some("right") => "--align:right;",
        _ => "",
    };
    let off = |group: &str, switch: &str, says: &'static str| match theme[group][switch].as_bool() {
        Some(false) => says,
        _ => "",
    };
    [
        &of("borders", &BORDERS),
        &of("container", &PADDINGS),
        alignment,
        off("links", "underline", "--underline:none;"),
        off("shadows", "enabled", "--shadow:none;"),
    ]
    .concat()
}

/// Whether a text is a color and nothing else: a name, hexadecimal digits, or one of four functions of numbers.
fn is_color(text: &str) -> bool {
    const LONGEST: usize = 64;
    let digits = text.strip_prefix('#');
    let arguments = ["rgb(", "rgba(", "hsl(", "hsla("]
        .iter()
        .find_map(|function| text.strip_prefix(function)?.strip_suffix(')'));
    match (digits, arguments) {
        (Some(digits), _) => {
            matches!(digits.len(), 3 | 4 | 6 | 8)
                && digits.bytes().all(|digit| digit.is_ascii_hexdigit())
        }
        (_, Some(arguments)) => {
            let allowed = |byte: u8| byte.is_ascii_digit() || b" ,.%/-deg".contains(&byte);
            text.len() <= LONGEST && arguments.bytes().all(allowed)
        }
        (None, None) => {
            (1..=LONGEST).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphabetic())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{BORDERS, COLORS, PADDINGS, is_color, style};
    use crate::domain::authsignal::management::resource::Resource;

    fn of(theme: &Value) -> String {
        style(&Resource::new(theme.as_object().unwrap().clone()))
    }

    #[test]
    fn a_theme_sets_variables_of_the_stylesheet() {
        let light = json!({
            "name": "Example",
            "logoUrl": "https://cdn.example.com/logo.svg",
            "primaryColor": "#123456",
            "colors": {"headingText": "rgb(1 2 3 / 50%)", "link": "navy"},
            "borders": {"buttonBorderRadius": 0, "cardBorderWidth": 2},
            "container": {"contentAlignment": "center", "padding": 8, "paddingVertical": 24},
            "pageBackground": {"backgroundColor": "#fff", "backgroundImageUrl": "https://cdn.example.com/b.png"},
            "typography": {"text": {"faces": [{"url": "https://cdn.example.com/f.woff2"}]}},
            "links": {"underline": false},
            "shadows": {"enabled": false},
            "darkMode": {"primaryColor": "#abcdef", "borders": {"buttonBorderRadius": 4}},
        });
        assert_eq!(
            of(&light),
            ":root{--button-round:0px;--box-width:2px;--above:8px;--beside:8px;--above:24px;--align:center;\
             --underline:none;--shadow:none;}\
             @media (prefers-color-scheme:light){:root{--accent:#123456;--accent-strong:#123456;--paper:#fff;\
             --heading:rgb(1 2 3 / 50%);--link:navy;}}\
             @media (prefers-color-scheme:dark){:root{--accent:#abcdef;--accent-strong:#abcdef;--button-round:4px;}}"
        );
        assert_eq!(of(&json!({"name": "Example", "darkMode": {}})), "");
        let defaults = json!({"links": {"underline": true}, "shadows": {"enabled": true}});
        assert_eq!(of(&defaults), "");
    }

    #[test]
    fn what_is_no_color_or_no_size_changes_nothing() {
        for color in [
            "#abc",
            "#abcdef12",
            "navy",
            "hsl(120deg 10% 20%)",
            "rgba(1,2,3,.5)",
        ] {
            assert!(is_color(color), "{color}");
        }
        for other in [
            "",
            "#12",
            "#12345g",
            "red;}body{display:none",
            "red}",
            "url(https://x.test/a)",
            "rgb(url(x))",
            "rgb(1,2,3);--x:1)",
            "var(--ink)",
            "</style><script>",
            "rgb(1/**/)",
            "\\72 ed",
            &"a".repeat(65),
            &format!("rgb({})", "1".repeat(64)),
        ] {
            assert!(!is_color(other), "{other}");
            let theme = json!({"primaryColor": other, "colors": {"link": other}, "darkMode": {"primaryColor": other}});
            assert_eq!(of(&theme), "", "{other}");
        }
        let sizes = json!({"borders": {"buttonBorderWidth": 65, "cardBorderWidth": -1, "inputBorderWidth": "1"}});
        assert_eq!(of(&sizes), "");
    }

    #[test]
    fn the_stylesheet_of_the_pages_reads_every_variable() {
        let sheet = include_str!("assets/style.css");
        let single = [
            "accent",
            "accent-strong",
            "paper",
            "align",
            "underline",
            "shadow",
        ];
        let tables = COLORS.iter().chain(&BORDERS).chain(&PADDINGS);
        for variable in tables.map(|(_, variable)| *variable).chain(single) {
            let read = [format!("var(--{variable})"), format!("var(--{variable},")];
            assert!(read.iter().any(|read| sheet.contains(read)), "{variable}");
        }
    }
}
