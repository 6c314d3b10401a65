//! Expectations that are wrong: what a row expects, with one leaf changed. A row that still holds then checks nothing there.

use serde_json::Value;

/// Each way to change one part of an expectation, with its place. `shown` is what the row's call shows.
pub(super) fn alterations(expected: &Value, shown: &str) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    visit("", expected, shown, &mut |place: &str, other: Value| {
        let mut altered = expected.clone();
        *altered.pointer_mut(place).unwrap() = other;
        found.push((place.to_owned(), altered));
    });
    found
}

fn visit(place: &str, node: &Value, shown: &str, alter: &mut impl FnMut(&str, Value)) {
    match node {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                visit(&format!("{place}/{name}"), member, shown, alter);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(&format!("{place}/{index}"), item, shown, alter);
            }
            // Of these, fewer are fine.
            if !["/shows", "/hides", "/hides_members"].contains(&place) {
                if let Some((last, shorter)) = items.split_last() {
                    alter(place, shorter.into());
                    alter(
                        place,
                        [items.as_slice(), std::slice::from_ref(last)]
                            .concat()
                            .into(),
                    );
                } else {
                    alter(place, longer(place));
                }
            }
        }
        leaf => alter(place, other(place, leaf, shown)),
    }
}

/// A list that is not empty, of what a list at this place may hold.
fn longer(place: &str) -> Value {
    match place {
        "/attempts" => vec![1].into(),
        _ => vec!["other"].into(),
    }
}

/// Another value for a leaf at this place.
fn other(place: &str, leaf: &Value, shown: &str) -> Value {
    let is_hidden = place.starts_with("/hides/");
    let is_likeness = place.starts_with("/headers/") || place.starts_with("/body/");
    match leaf {
        Value::String(_) if is_hidden => {
            let word = shown.split_whitespace().next();
            word.expect("the client shows something").into()
        }
        Value::String(text) if is_likeness && text == "same" => "different".into(),
        Value::String(text) if is_likeness && (text == "different" || text == "absent") => {
            "same".into()
        }
        Value::String(text) => format!("{text}~").into(),
        Value::Number(number) => (number.as_i64().unwrap_or_default() + 1).into(),
        Value::Bool(yes) => (!yes).into(),
        _ => "something".into(),
    }
}
