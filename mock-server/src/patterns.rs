//! The patterns of the specs in words, for those who write what must match them. Knows no request.

/// What a text must do that matches a pattern of a spec.
pub fn matching(pattern: &str) -> String {
    let mut known = PATTERNS.iter();
    let words = known.find(|(known, _)| *known == pattern);
    words.map_or_else(
        || format!("match the pattern {pattern}"),
        |(_, words)| (*words).to_owned(),
    )
}

/// The patterns of the specs, in words.
const PATTERNS: [(&str, &str); 4] = [
    ("^[0-9]{1,18}$", "be a whole number, such as 7"),
    (
        "^[a-z]{2}(-[A-Z]{2})?$",
        "be a language, such as en or en-US",
    ),
    (
        "^[a-zA-Z0-9_-]{1,64}$",
        "have 1 to 64 letters, digits, `_` or `-`",
    ),
    (
        "^(CLASSIC|FLOW|LEGACY|MULTI_STEP_AUTHENTICATION|)$",
        "be one of CLASSIC, FLOW, LEGACY, MULTI_STEP_AUTHENTICATION, or empty",
    ),
];

/// What a generated type says of a text that it refuses, in the words of a body's fault.
pub fn of_type(message: &str) -> String {
    let pattern = message.strip_prefix("doesn't match pattern \"");
    let pattern = pattern.and_then(|rest| rest.strip_suffix('"'));
    match (pattern, message) {
        (Some(pattern), _) => format!("has the wrong form; it must {}", matching(pattern)),
        (None, "shorter than 1 characters") => "is empty".to_owned(),
        (None, message) => match message
            .strip_prefix("longer than ")
            .and_then(|rest| rest.strip_suffix(" characters"))
        {
            Some(most) => format!("is too long; it must have at most {most} characters"),
            None => message.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{PATTERNS, matching, of_type};
    use crate::generated::{
        activeconnect, authsignal, authsignal_client, authsignal_management, mock_control,
    };

    #[test]
    fn every_pattern_of_a_spec_is_said_in_words() {
        fn patterns<'a>(schema: &'a Value, found: &mut Vec<&'a str>) {
            match schema {
                Value::Object(members) => {
                    found.extend(members.get("pattern").and_then(Value::as_str));
                    members.values().for_each(|one| patterns(one, found));
                }
                Value::Array(elements) => elements.iter().for_each(|one| patterns(one, found)),
                _ => {}
            }
        }
        let documents = [
            &activeconnect::routes::SCHEMAS,
            &authsignal::routes::SCHEMAS,
            &authsignal_client::routes::SCHEMAS,
            &authsignal_management::routes::SCHEMAS,
            &mock_control::routes::SCHEMAS,
        ];
        let mut found = Vec::new();
        for document in documents {
            patterns(document.read(), &mut found);
        }
        assert!(found.len() >= PATTERNS.len());
        for pattern in found {
            let words = matching(pattern);
            assert!(!words.contains("pattern"), "{pattern}");
            let told = of_type(&format!("doesn't match pattern \"{pattern}\""));
            assert_eq!(told, format!("has the wrong form; it must {words}"));
        }
        assert_eq!(of_type("shorter than 1 characters"), "is empty");
        assert_eq!(
            of_type("longer than 64 characters"),
            "is too long; it must have at most 64 characters"
        );
    }
}
