//! Whatever a spec says without any source is a choice of this project, and `mock-server/README.md` tells it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::spec;

/// Where a spec has the mark `assumed`, and the question of the table of choices that tells what was chosen.
const CHOICES: [(&str, &str, &str); 21] = [
    (
        "activeconnect",
        "/paths/~1management~1send_registration_sms~1{application_id}~1{user_id}/post/responses/200",
        "What does `send_registration_sms` answer?",
    ),
    (
        "activeconnect",
        "/components/responses/Malformed",
        "What if the body has the wrong form?",
    ),
    (
        "activeconnect",
        "/components/responses/Unsigned",
        "Which status does a bad signature get?",
    ),
    (
        "activeconnect",
        "/components/responses/UnknownSession",
        "What if a session or an authentication request is unknown?",
    ),
    (
        "activeconnect",
        "/components/responses/UnknownRequest",
        "What if a session or an authentication request is unknown?",
    ),
    (
        "activeconnect",
        "/components/responses/TooLarge",
        "What if the body has the wrong form?",
    ),
    (
        "authsignal-client",
        "/components/responses/Forbidden",
        "What does a token without the scope get?",
    ),
    (
        "authsignal-client",
        "/components/responses/NotFound",
        "What does an unknown id get?",
    ),
    (
        "authsignal-client",
        "/components/responses/TooLarge",
        "What if a body is too large?",
    ),
    (
        "authsignal-client",
        "/components/responses/NoStep",
        "What if a step does not offer the method, or an enrolment names no address?",
    ),
    (
        "authsignal-client",
        "/components/responses/TooManyOfFlow",
        "Which limits apply to sending and verifying codes?",
    ),
    (
        "authsignal-management",
        "/components/responses/Taken",
        "What if the name of a value list changes, or two lists would have one alias?",
    ),
    (
        "authsignal-management",
        "/components/responses/InvalidTexts",
        "Which texts of the hosted pages can be replaced?",
    ),
    (
        "authsignal",
        "/components/responses/TooManyOfFlow",
        "How many requests can a tenant make?",
    ),
    (
        "authsignal-management",
        "/components/responses/TooLarge",
        "What if a body is too large?",
    ),
    (
        "authsignal",
        "/paths/~1v1~1sessions~1user~1revoke/post/responses/204",
        "What does revoking all sessions of a user answer?",
    ),
    (
        "authsignal",
        "/paths/~1v1~1client~1public~1{tenantId}~1.well-known~1openid-configuration/get/responses/200",
        "What is in the discovery document?",
    ),
    (
        "authsignal",
        "/components/responses/NotFound",
        "What does an unknown id get?",
    ),
    (
        "authsignal",
        "/components/responses/NoTerminal",
        "What does a terminal get for a wrong secret,",
    ),
    (
        "authsignal",
        "/components/responses/NoTerminalChallenge",
        "What does a terminal get for a wrong secret,",
    ),
    (
        "authsignal",
        "/components/responses/TooLarge",
        "What if a body is too large?",
    ),
];

/// Shows each part of a document with its place.
fn each(node: &Value, place: &str, see: &mut impl FnMut(&Value, &str)) {
    see(node, place);
    match node {
        Value::Object(members) => {
            for (name, member) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                each(member, &format!("{place}/{name}"), see);
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                each(item, &format!("{place}/{at}"), see);
            }
        }
        _ => {}
    }
}

#[test]
fn every_assumption_of_a_spec_has_a_row_in_the_table_of_choices() {
    let readme = spec::workspace().join("mock-server/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    for spec in spec::all() {
        let mut found = BTreeSet::new();
        each(&spec.document, "", &mut |node, place| {
            // The mark names no source.
            if node["x-evidence"]["mark"] == "assumed" {
                found.insert(place.to_owned());
            }
        });
        let own = CHOICES.iter().filter(|(stem, ..)| *stem == spec.stem);
        let told: BTreeSet<_> = own.map(|(_, place, _)| (*place).to_owned()).collect();
        assert_eq!(
            found, told,
            "{}: list each assumption, and the row of mock-server/README.md that tells it",
            spec.stem
        );
    }
    for (stem, place, question) in CHOICES {
        let row = format!("\n| {question}");
        assert!(readme.contains(&row), "{stem} {place}: {question}");
    }
}

/// Which descriptions say that something is assumed, and the row of the table of choices that tells it.
const IN_PROSE: &str = include_str!("../../assumed-in-prose.txt");

#[test]
fn every_assumption_in_the_prose_of_a_spec_has_a_row_in_the_table_of_choices() {
    let readme = spec::workspace().join("mock-server/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let lines = IN_PROSE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (places, questions): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with(' '));
    for question in questions {
        assert!(readme.contains(&format!("\n| {question}")), "{question}");
    }
    let mut told: Vec<String> = places.iter().map(|place| place.trim().to_owned()).collect();
    let mut found = Vec::new();
    for spec in spec::all() {
        each(
            &spec.document,
            &format!("{} ", spec.stem),
            &mut |node, place| {
                let text = node["description"].as_str().unwrap_or_default();
                // Between backticks it is the name of the mark.
                let said = text.replace("`assumed`", "").matches("assumed").count();
                // As often as the description says it.
                found.extend(std::iter::repeat_n(place.to_owned(), said));
            },
        );
    }
    found.sort();
    told.sort();
    assert_eq!(
        found, told,
        "list each assumption in tests/assumed-in-prose.txt, under the row of mock-server/README.md that tells it"
    );
}
