//! How a snapshot shows an exchange. Must not know what an operation means.

use crate::wire::{Answer, Request};
use crate::world::{AUTHENTICATION, TIMESTAMP, VERSION};

/// Bodies longer than this are padding, and shown by their length.
const SHOWN: usize = 8 * 1024;

/// Headers of every exchange, which `run` checks, and those of the connection.
const LEFT_OUT: [&str; 6] = [
    "cache-control",
    "connection",
    "content-length",
    "date",
    "x-content-type-options",
    "cross-origin-resource-policy",
];

fn is_shown(header: &str) -> bool {
    !LEFT_OUT
        .iter()
        .any(|name| header.eq_ignore_ascii_case(name))
}

/// A request as it was sent, without the bytes of its signature.
pub(super) fn request(request: &Request) -> String {
    let mut text = format!("{} {} HTTP/1.1\n", request.method, request.target);
    for (name, value) in &request.headers {
        if is_shown(name) {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text.push('\n');
    let authentication = |(name, _): &&(String, String)| name == AUTHENTICATION;
    let signed = request.headers.iter().find(authentication);
    if let Some((_, value)) = signed {
        let signature = value.rsplit(':').next().unwrap_or_default();
        assert!(
            signature.len() == 24 && signature.ends_with("=="),
            "{signature} is no signature"
        );
        text = text.replace(signature, "[signature]");
    }
    for header in [TIMESTAMP, VERSION] {
        assert_eq!(
            text.contains(header),
            signed.is_some(),
            "{header} goes with the signature"
        );
    }
    match request.body.len() {
        0 => {}
        length if length > SHOWN => text.push_str(&format!("[{length} bytes]\n\n")),
        // As sent: a malformed body must show how it is malformed.
        _ => text.push_str(&format!("{}\n\n", String::from_utf8_lossy(&request.body))),
    }
    text
}

/// An answer as it was sent, its JSON with line breaks.
pub(super) fn answer(answer: &Answer) -> String {
    let mut text = format!("HTTP/1.1 {} {}\n", answer.status, answer.reason);
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| is_shown(name));
    // Their order is the HTTP library's affair.
    headers.sort();
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("\n{}\n", indented(&answer.text())));
    text
}

/// JSON with line breaks. Members stay in the order they were sent in, and numbers and texts as they were written.
fn indented(json: &str) -> String {
    let (mut out, mut depth, mut in_text, mut escaped) = (String::new(), 0_usize, false, false);
    let break_line =
        |out: &mut String, depth: usize| out.push_str(&format!("\n{}", "  ".repeat(depth)));
    for character in json.chars() {
        if in_text {
            out.push(character);
            (in_text, escaped) = (escaped || character != '"', !escaped && character == '\\');
            continue;
        }
        match character {
            '{' | '[' => {
                out.push(character);
                depth += 1;
                break_line(&mut out, depth);
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if out.trim_end().ends_with(['{', '[']) {
                    out.truncate(out.trim_end().len());
                } else {
                    break_line(&mut out, depth);
                }
                out.push(character);
            }
            ',' => {
                out.push(character);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                in_text = true;
                out.push(character);
            }
            other => out.push(other),
        }
    }
    out
}

mod tests {
    #[test]
    fn indenting_json_keeps_its_order_and_texts() {
        let text = super::indented(r#"{"b":[1,2.50],"a":"x,{\"y\":1}\\","e":{},"l":[]}"#);
        assert_eq!(
            text,
            "{\n  \"b\": [\n    1,\n    2.50\n  ],\n  \"a\": \"x,{\\\"y\\\":1}\\\\\",\n  \"e\": {},\n  \"l\": []\n}"
        );
    }
}
