//! The examples of pages in `docs/test-double/`: each `curl` command is sent, in the order of the page, to one mock. A block of
//! JSON below shows members that the last answer has. Must not know what the examples do.

use std::fs;

use serde_json::Value;

use crate::tenant::Tenant;
use crate::wire::Request;
use crate::world::API_SECRET;

/// The blocks of code of a page: their language, and their text.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let blocks = page.split("```").skip(1).step_by(2);
    let lines = blocks.map(|block| block.split_once('\n').expect("a block has lines"));
    lines.collect()
}

/// The words of a command, as a shell reads them.
fn words(command: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for character in command.chars() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None, character) if character.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    assert_eq!(quote, None, "a quote has no end: {command}");
    words.extend(word);
    words
}

/// The request that a `curl` command sends.
fn request(command: &str) -> Request {
    let mut words = words(command).into_iter().skip(1);
    let (mut method, mut user, mut target, mut body) = (None, None, None, None);
    let mut kind = None;
    while let Some(word) = words.next() {
        let mut value = || words.next().expect("a flag has a value");
        match word.as_str() {
            "-X" => method = Some(value()),
            "-u" => user = Some(value()),
            "-d" => body = Some(value()),
            "-H" => kind = Some(value()),
            other => target = Some(other.to_owned()),
        }
    }
    let target = target.expect("a command has a URL");
    let target = target
        .strip_prefix("$mock")
        .expect("a URL begins with $mock");
    let method = method.unwrap_or_else(|| if body.is_some() { "POST" } else { "GET" }.to_owned());
    let mut request = Request::new(&method, target);
    if let Some(user) = user {
        assert_eq!(user, "$secret:", "{command}");
        request = request.basic(API_SECRET);
    }
    if let Some(body) = body {
        assert_eq!(
            kind.as_deref(),
            Some("Content-Type: application/json"),
            "{command}"
        );
        request = request.json(body);
    }
    request
}

/// Whether a value has what an example shows: its members, and all elements of its lists.
fn shows(example: &Value, value: &Value) -> bool {
    match (example, value) {
        (Value::Object(example), Value::Object(value)) => example
            .iter()
            .all(|(name, example)| value.get(name).is_some_and(|value| shows(example, value))),
        (Value::Array(example), Value::Array(value)) => {
            example.len() == value.len()
                && example
                    .iter()
                    .zip(value)
                    .all(|(example, value)| shows(example, value))
        }
        _ => example == value,
    }
}

async fn examples_work(page: &str) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/test-double");
    let page = fs::read_to_string(format!("{folder}/{page}")).unwrap();
    let mock = Tenant::new().await;
    let (mut last, mut shown) = (Value::Null, 0);
    for (language, text) in blocks(&page) {
        match language {
            "sh" => {
                let text = text.replace("\\\n", " ");
                let commands = text.split("curl ").skip(1);
                for command in commands {
                    let request = request(&format!("curl {command}"));
                    last = mock.answer(200, &request).await.json();
                }
            }
            "json" => {
                let example: Value = serde_json::from_str(text).unwrap();
                assert!(shows(&example, &last), "{text}\nbut it is\n{last:#}");
                shown += 1;
            }
            "text" => {
                let said = last["text"].as_str().unwrap_or_default();
                assert_eq!(said.trim_end(), text.trim_end());
                shown += 1;
            }
            other => panic!("a block of {other} that nothing tries"),
        }
    }
    assert!(shown > 2, "{shown}");
}

#[tokio::test]
async fn the_examples_of_waiting_work() {
    examples_work("waiting.md").await;
}

#[tokio::test]
async fn the_examples_of_verification_work() {
    examples_work("verification.md").await;
}
