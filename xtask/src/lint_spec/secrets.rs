//! Secrets: what has the name of one must say whether it is one. Both sides print whatever no spec marks.

use serde_json::Value;

use super::{Lint, text};
use crate::names;
use crate::spec::join;

/// Words in the names of secrets.
const WORDS: [&str; 9] = [
    "otp",
    "password",
    "passwords",
    "private",
    "recovery",
    "secret",
    "secrets",
    "token",
    "tokens",
];

/// What stands before `code` where it is not a one-time code.
const LASTING_CODES: [&str; 4] = ["action", "country", "error", "status"];

/// The keyword with the reason why something is not secret.
const REASON: &str = "x-not-secret";

pub(super) fn check(lint: &Lint<'_>) {
    for (_, schema) in lint.members("/components/schemas") {
        for (name, property) in lint.members(&join(&schema, "properties")) {
            member(lint, &name, &property, &property);
        }
    }
    for (_, parameter) in lint.members("/components/parameters") {
        self::parameter(lint, &parameter);
    }
    for (_, path) in lint.members("/paths") {
        let shared = [path.clone()].into_iter();
        let methods = lint.members(&path).into_iter().map(|(_, at)| at);
        for holder in shared.chain(methods) {
            for at in lint.elements(&join(&holder, "parameters")) {
                if lint.follow(&at) == at {
                    parameter(lint, &at);
                }
            }
        }
    }
}

fn parameter(lint: &Lint<'_>, at: &str) {
    let name = lint.at(at).map_or("", |parameter| text(parameter, "name"));
    let in_path = lint
        .at(at)
        .is_some_and(|parameter| text(parameter, "in") == "path");
    // The type of a path parameter has no format. The client's shows nothing of any id, and the mock's goes by the name
    // of its schema.
    if !in_path {
        member(lint, name, at, &join(at, "schema"));
    }
}

/// A property or a parameter, and its schema.
fn member(lint: &Lint<'_>, name: &str, at: &str, schema: &str) {
    let Some(target) = lint.at(&lint.follow(schema)) else {
        return;
    };
    let own = lint.at(at).and_then(|member| member.get(REASON));
    let reason = own.or_else(|| target.get(REASON));
    if is_marked(target) {
        if reason.is_some() {
            lint.report(
                at,
                "secret",
                "is marked as a secret and says why it is not one",
            );
        }
    } else if own.is_some() && !(names_a_secret(name) && is_text(lint, target)) {
        let why = format!("`{name}` does not sound like a secret; leave out why it is not one");
        lint.report(at, "secret", why);
    } else if names_a_secret(name) && is_text(lint, target) && reason.is_none() {
        let why = format!(
            "`{name}` sounds like a secret, and both sides would print it: give it `format: password` (a list: its \
             items), or `{REASON}` with the reason"
        );
        lint.report(at, "secret", why);
    }
}

/// Whether a name is one that secrets have.
pub fn names_a_secret(name: &str) -> bool {
    let name = names::snake(name);
    let words: Vec<&str> = name.split('_').collect();
    words.iter().enumerate().any(|(index, word)| {
        let before = index.checked_sub(1).and_then(|index| words.get(index));
        match *word {
            "code" | "codes" => before.is_none_or(|before| !LASTING_CODES.contains(before)),
            word => WORDS.contains(&word),
        }
    })
}

/// Whether a property's schema is marked: itself, or the items of a list.
pub fn is_marked(schema: &Value) -> bool {
    let marked = |schema: &Value| text(schema, "format") == "password";
    marked(schema) || schema.get("items").is_some_and(marked)
}

/// Whether it holds free text, alone or in a list.
fn is_text(lint: &Lint<'_>, schema: &Value) -> bool {
    let free = |schema: &Value| text(schema, "type") == "string" && schema.get("enum").is_none();
    let items = || {
        let items = schema.get("items")?;
        let reference = items.get("$ref").and_then(Value::as_str);
        match reference.and_then(|reference| reference.strip_prefix('#')) {
            Some(target) => lint.at(target),
            None => Some(items),
        }
    };
    free(schema) || items().is_some_and(free)
}

#[cfg(test)]
mod tests {
    use super::names_a_secret;

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in [
            "otpUri",
            "recoveryCodes",
            "code",
            "verificationCode",
            "session_secret",
            "accessToken",
            "private_key",
            "password",
        ] {
            assert!(names_a_secret(name), "{name}");
        }
        for name in [
            "actionCode",
            "errorCode",
            "statusCode",
            "publicKey",
            "description",
            "encoded",
        ] {
            assert!(!names_a_secret(name), "{name}");
        }
    }
}
