//! The part of a body that a reader of the journal may see. The specs mark members as secret, and the mock masks them
//! by name. It does not show text that is not JSON, because it cannot find the secrets there.

use std::borrow::Cow;
use std::collections::HashSet;
use std::str::Utf8Error;
use std::sync::OnceLock;

use serde::de::IgnoredAny;
use serde_json::Value;

use crate::generated::{
    activeconnect, authsignal, authsignal_client, authsignal_management, mock_control,
};
use crate::runtime::journal::without_tokens;
use crate::unambiguous::depth_fault;

/// The text shown in place of a secret.
const MASK: &str = "\"***\"";

/// The note at the end of a text that the journal has cut.
const NOT_KEPT: &str = "the rest is not kept";

/// A body for display.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Its text, secrets masked.
    pub(crate) text: String,
    /// Why it ends before the body does, if it does.
    pub(crate) cut: Option<String>,
}

/// A body of a request to that API, or of its answer; `kept` is its beginning and `length` the whole.
pub(crate) fn of_api(api: &str, kept: &[u8], length: usize) -> Shown {
    // The journal keeps forms of pages already masked: only the pages' own code knows what in them is secret.
    match api {
        "pages" => masked_before(kept, length),
        _ => shown(kept, length),
    }
}

/// A body with secrets already masked.
fn masked_before(kept: &[u8], length: usize) -> Shown {
    Shown {
        text: String::from_utf8_lossy(kept).into_owned(),
        cut: (kept.len() < length).then(|| NOT_KEPT.to_owned()),
    }
}

/// A body, of which `kept` is the beginning and `length` the whole.
pub(crate) fn shown(kept: &[u8], length: usize) -> Shown {
    if kept.is_empty() {
        return Shown {
            text: String::new(),
            cut: None,
        };
    }
    let not_shown = |what: &str| Some(format!("{what}, so it is not shown"));
    if !matches!(kept.trim_ascii_start().first(), Some(b'{' | b'[')) {
        // The end may have been cut within a character.
        let is_end = |error: &Utf8Error| error.error_len().is_none() && kept.len() < length;
        let is_text = str::from_utf8(kept).as_ref().map_or_else(is_end, |_| true);
        return Shown {
            text: String::new(),
            cut: not_shown(match is_text {
                true => "it is neither a JSON object nor a list",
                false => "it is not text in UTF-8",
            }),
        };
    }
    // Only what is JSON up to there is looked at: what is secret in the rest cannot be known.
    let whole = kept.len() == length;
    let (valid, why) = match serde_json::from_slice::<IgnoredAny>(kept) {
        Ok(_) => (kept, None),
        Err(error) if error.is_eof() && !whole => (kept, Some(NOT_KEPT.to_owned())),
        Err(error) => {
            let at = place(kept, error.line(), error.column());
            let valid = kept.get(..at).unwrap_or_default();
            // A word that begins as `true` does is none.
            let word = valid
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_alphanumeric());
            let valid = valid.get(..valid.len() - word.count()).unwrap_or_default();
            let fault = match depth_fault(&error) {
                Some(_) => "from here on it is nested too deeply",
                None => "from here on it is not JSON",
            };
            (valid, not_shown(fault))
        }
    };
    Shown {
        text: masked(&String::from_utf8_lossy(valid)),
        cut: why,
    }
}

/// Where an error is, from serde's line and column, both from 1. The byte at that place is not part of what is right.
fn place(text: &[u8], line: usize, column: usize) -> usize {
    let start = text
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum::<usize>();
    start + column.saturating_sub(1)
}

/// Names of members, by the specs of all APIs.
#[derive(Debug, Default)]
struct Names {
    /// Those that hold secrets: one that is secret in one place is hidden in all.
    secret: HashSet<String>,
    /// All others.
    open: HashSet<String>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = Names::default();
        for document in [
            &activeconnect::routes::SCHEMAS,
            &authsignal::routes::SCHEMAS,
            &authsignal_client::routes::SCHEMAS,
            &authsignal_management::routes::SCHEMAS,
            &mock_control::routes::SCHEMAS,
        ] {
            collect(document.read(), &mut names);
        }
        names.open.retain(|name| !names.secret.contains(name));
        names
    })
}

fn collect(schema: &Value, names: &mut Names) {
    match schema {
        Value::Object(members) => {
            let properties = members.get("properties").and_then(Value::as_object);
            for (name, property) in properties.into_iter().flatten() {
                let is_secret =
                    property["format"] == "password" || property["items"]["format"] == "password";
                let kind = if is_secret {
                    &mut names.secret
                } else {
                    &mut names.open
                };
                kind.insert(name.clone());
            }
            for member in members.values() {
                collect(member, names);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                collect(element, names);
            }
        }
        _ => {}
    }
}

/// Parts of names that no spec has, of members that hold secrets in all likelihood.
const TELLING: [&str; 7] = [
    "apikey", "otp", "passcode", "password", "private", "secret", "token",
];

/// Members that are URLs of receivers, which may hold a user, a password and keys, as `url` may.
const RECEIVERS: [&str; 4] = [
    "endpointUrl",
    "postVerificationWebhookUrl",
    "verificationWebhookUrl",
    "webhookUrl",
];

/// The end of the name of a block of credentials, in lower case.
const CREDENTIALS: &str = "credentials";

/// Changes that turn a misspelt name into the right one.
const SLIPS: usize = 2;

/// Whether a member of that name holds a secret. Bodies also have members that no spec has: the application's own, and
/// those with a misspelt name.
pub(crate) fn is_secret(name: &str) -> bool {
    let names = names();
    if RECEIVERS.contains(&name) {
        return true;
    }
    if names.open.contains(name) {
        return false;
    }
    if names.secret.contains(name) {
        return true;
    }
    let name = plain(name);
    // A short name is near to too many others.
    let slips = SLIPS.min(name.chars().count() / 5);
    TELLING.iter().any(|part| name.contains(part))
        || names
            .secret
            .iter()
            .any(|secret| strsim::damerau_levenshtein(&plain(secret), &name) <= slips)
}

/// A name in lower case, however its words are told apart.
fn plain(name: &str) -> String {
    name.to_lowercase().replace(['_', '-', ' '], "")
}

/// Whether a member of that name is meant as a block of credentials. A single `credential` is one of WebAuthn in the specs.
fn is_credentials(name: &str) -> bool {
    let end = plain(name);
    let is_singular = CREDENTIALS
        .strip_suffix('s')
        .is_some_and(|one| end.ends_with(one));
    end.ends_with(CREDENTIALS) || is_singular && !names().open.contains(name)
}

/// The beginning of the value of a variable as JSON, without what is secret by the name of the variable or of a member.
pub(crate) fn masked_value(name: &str, value: &str) -> String {
    if name.split('.').any(is_secret) {
        return MASK.to_owned();
    }
    masked(value)
}

/// The text of JSON, or of its beginning, with the values of secret members masked and all else as it is.
fn masked(text: &str) -> String {
    let mut rest = text;
    let mut out = String::with_capacity(text.len());
    // Bytes that follow the block of credentials that is being read. It shows only what a spec says is no secret.
    let mut after_block = text.len();
    while let Some(at) = rest.find('"') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let (name, after) = from.split_at(string(from));
        rest = after;
        let colon = after.len() - after.trim_start().len();
        let is_name = after[colon..].starts_with(':');
        if !is_name {
            out.push_str(&masked_string(name));
            continue;
        }
        out.push_str(name);
        // Decoded, because a name can be written in several ways.
        let name = serde_json::from_str::<String>(name).unwrap_or_default();
        let value = &after[colon + 1..];
        let is_block = value.trim_start().starts_with('{');
        let is_in_block = after.len() > after_block;
        if is_credentials(&name) && is_block {
            let block = value.trim_start();
            after_block = block.len() - extent(block);
        } else if is_secret(&name)
            || is_credentials(&name)
            || is_in_block && !names().open.contains(&name)
        {
            let space = value.len() - value.trim_start().len();
            out.push_str(&after[..=colon]);
            out.push_str(&value[..space]);
            let value = &value[space..];
            let end = extent(value);
            // An empty value is not a secret.
            match &value[..end] {
                nothing @ ("null" | "\"\"" | "") => out.push_str(nothing),
                _ => out.push_str(MASK),
            }
            rest = &value[end..];
        }
    }
    out.push_str(rest);
    // A text can hold a secret although the name of its member does not say so.
    match without_secrets(&out) {
        Cow::Owned(hidden) => hidden,
        Cow::Borrowed(_) => out,
    }
}

/// The text of a string of JSON, or of its beginning, without the secrets that stand in it behind escapes: those of JSON in
/// the string, and of URLs whose slashes are escaped.
fn masked_string(written: &str) -> Cow<'_, str> {
    if !written.contains('\\') {
        return Cow::Borrowed(written);
    }
    let Some((read, end)) = read_string(written) else {
        return Cow::Borrowed(written);
    };
    let shown = match read.trim_start().starts_with(['{', '[']) {
        true => masked(&read),
        false => without_secrets(&read).into_owned(),
    };
    if shown == read {
        return Cow::Borrowed(written);
    }
    let shown = Value::from(shown).to_string();
    Cow::Owned(shown[..shown.len() - 1].to_owned() + end)
}

/// What a string of JSON says, and the quote at its end. One that was cut has none, and perhaps a part of an escape there.
fn read_string(written: &str) -> Option<(String, &'static str)> {
    if let Ok(read) = serde_json::from_str(written) {
        return Some((read, "\""));
    }
    let cuts =
        (0..=LONGEST_ESCAPE).filter_map(|rest| written.get(..written.len().checked_sub(rest)?));
    let read = cuts.map(|kept| serde_json::from_str(&format!("{kept}\"")));
    read.flatten().next().map(|read| (read, ""))
}

/// Bytes of the longest escape of JSON: a character in two parts, such as `\ud83d\ude00`.
const LONGEST_ESCAPE: usize = 12;

/// A text without tokens, and without what is secret in its URLs: passwords, and what the name of a parameter says.
pub(crate) fn without_secrets(text: &str) -> Cow<'_, str> {
    let hidden = without_tokens(text);
    // Most texts have no URL.
    if !hidden.contains("://") {
        return hidden;
    }
    Cow::Owned(without_secrets_of_urls(&hidden))
}

fn without_secrets_of_urls(text: &str) -> String {
    let (mut rest, mut out) = (text, String::with_capacity(text.len()));
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        out.push_str(before);
        let is_end =
            |one: char| one.is_whitespace() || matches!(one, '"' | '\'' | '\\' | '<' | '>');
        let (url, after) = url.split_at(url.find(is_end).unwrap_or(url.len()));
        rest = after;
        let (authority, path) = url.split_at(url.find(['/', '?', '#']).unwrap_or(url.len()));
        match authority.rsplit_once('@') {
            Some((person, host)) => {
                let (user, password) = person.split_once(':').unwrap_or((person, ""));
                out.push_str(user);
                out.push_str(if password.is_empty() { "@" } else { ":***@" });
                out.push_str(host);
            }
            None => out.push_str(authority),
        }
        for piece in path.split_inclusive(['?', '&', '#']) {
            let (parameter, end) = match piece.strip_suffix(['?', '&', '#']) {
                Some(parameter) => (parameter, &piece[parameter.len()..]),
                None => (piece, ""),
            };
            match parameter.split_once('=') {
                Some((name, value)) if !value.is_empty() && is_secret_parameter(name) => {
                    out.push_str(name);
                    out.push_str("=***");
                }
                _ => out.push_str(parameter),
            }
            out.push_str(end);
        }
    }
    out.push_str(rest);
    out
}

/// Whether a parameter of a URL holds a secret: as a member of that name, or as the code of a sign-in.
fn is_secret_parameter(name: &str) -> bool {
    name == "code" || is_secret(name)
}

/// Length of the string at the beginning of a text, with its quotes; to the end if it has no end.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Length of the value at the beginning of a text; to the end if it has no end.
fn extent(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += string(&text[at..]);
                if depth == 0 {
                    return at;
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            b',' | b'}' | b']' if depth == 0 => return at,
            byte if depth == 0 && byte.is_ascii_whitespace() => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Shown, is_secret, masked, masked_value, shown};

    fn whole(text: &str) -> Shown {
        shown(text.as_bytes(), text.len())
    }

    #[test]
    fn what_is_no_secret_stays_as_it_was_sent() {
        for text in [
            r#"{ "userId" : "a\"b",  "n":[1, 2.50,{"x":null}] }"#,
            r#"["token", "verificationCode"]"#,
            "[]",
            "[12]",
        ] {
            assert_eq!(masked(text), text);
            assert_eq!(whole(text).cut, None);
        }
    }

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        for (sent, told) in [
            (
                r#"{"token":"a.b.c","isValid":true}"#,
                r#"{"token":"***","isValid":true}"#,
            ),
            (
                r#"{"a":[{"verificationCode" : "12\"34"}]}"#,
                r#"{"a":[{"verificationCode" : "***"}]}"#,
            ),
            (r#"{"code":123456}"#, r#"{"code":"***"}"#),
            (
                r#"{"token":{"token":"x"},"b":1}"#,
                r#"{"token":"***","b":1}"#,
            ),
            (
                r#"{"recoveryCodes":["]\"",["b"]] }"#,
                r#"{"recoveryCodes":"***" }"#,
            ),
            (r#"{"\u0074oken":"x"}"#, r#"{"\u0074oken":"***"}"#),
            (
                r#"{"raw":"{\"password\":\"hunter2\",\"n\":1}","b":"say \"token\": x"}"#,
                r#"{"raw":"{\"password\":\"***\",\"n\":1}","b":"say \"token\": x"}"#,
            ),
            (
                r#"["{\"a\":[\"{\\\"apiKey\\\":\\\"k\\\"}\"]}"]"#,
                r#"["{\"a\":[\"{\\\"apiKey\\\":\\\"***\\\"}\"]}"]"#,
            ),
            (
                r#"{"to":"https:\/\/ada:hunter2@h.test\/?token=OPAQUE&x=1"}"#,
                r#"{"to":"https://ada:***@h.test/?token=***&x=1"}"#,
            ),
            (
                r#"{"tokn":"eyJh.eyJi.c","eyJh.eyJi.c":["eyJh.eyJi.c"]}"#,
                r#"{"tokn":"***","***":["***"]}"#,
            ),
            (
                r#"{"logEventsWebhookConfig":{"endpointUrl":"http://u:p@h/?k=x"},"webhookUrl":"http://h","verificationWebhookUrl":1}"#,
                r#"{"logEventsWebhookConfig":{"endpointUrl":"***"},"webhookUrl":"***","verificationWebhookUrl":"***"}"#,
            ),
            (
                r#"{"twilioCredentials":"x","fcmCredentials": ["x"],"apnsCredentials":{"teamId":"t","privateKey":"x"}}"#,
                r#"{"twilioCredentials":"***","fcmCredentials": "***","apnsCredentials":{"teamId":"t","privateKey":"***"}}"#,
            ),
            (
                r#"{"twilioCredentials":{"accountSid":"a","key":"x","deep":{"x":["x"]}},"twilio_credentials":"x","twilioCredential":"x","more":"m"}"#,
                r#"{"twilioCredentials":{"accountSid":"a","key":"***","deep":"***"},"twilio_credentials":"***","twilioCredential":"***","more":"m"}"#,
            ),
            (
                r#"{"authenticationCredential":{"id":"i","clientExtensionResults":{}}}"#,
                r#"{"authenticationCredential":{"id":"i","clientExtensionResults":{}}}"#,
            ),
            (
                r#"{"session_secret":"x","url":null,"link":""}"#,
                r#"{"session_secret":"***","url":null,"link":""}"#,
            ),
        ] {
            assert_eq!(whole(sent).text, told);
        }
    }

    #[test]
    fn a_member_that_no_spec_has_is_masked_if_its_name_says_that_it_is_secret() {
        for secret in [
            "verificatonCode",
            "verification_code",
            "TOKEN",
            "apiSecretKey",
            "newPassword",
            "my-private-key",
            "totpCode",
        ] {
            assert!(is_secret(secret), "{secret}");
        }
        for open in [
            "currencyCode",
            "countryCode",
            "mode",
            "amount",
            "userId",
            "name",
            "note",
        ] {
            assert!(!is_secret(open), "{open}");
        }
        let sent = r#"{"custom":{"amount":1,"password":"p","postcode":"AB1"}}"#;
        let told = r#"{"custom":{"amount":1,"password":"***","postcode":"AB1"}}"#;
        assert_eq!(whole(sent).text, told);
    }

    #[test]
    fn the_value_of_a_variable_hides_what_its_name_or_a_members_name_says() {
        for (name, value, shown) in [
            ("custom.amount", "1500", "1500"),
            ("user.email", "\"ada@example.com\"", "\"ada@example.com\""),
            ("custom.password", "\"pw\"", "\"***\""),
            ("custom.apiKey.value", "\"pw\"", "\"***\""),
            (
                "custom",
                r#"{"otp":"123456","a":1}"#,
                r#"{"otp":"***","a":1}"#,
            ),
            ("custom", r#"{"password":"abc…"#, r#"{"password":"***""#),
        ] {
            assert_eq!(masked_value(name, value), shown, "{name}");
        }
    }

    #[test]
    fn the_beginning_of_a_body_hides_what_it_breaks_off_in() {
        for sent in [
            r#"{"a":1,"token":"abcdef"}"#,
            r#"{"a":"{\"token\":\"abcd\u00e9f\",\"n\":1}"}"#,
        ] {
            for end in 0..sent.len() {
                let told = shown(&sent.as_bytes()[..end], sent.len());
                assert!(
                    !told.text.contains('f') && !told.text.contains("abc"),
                    "{told:?}"
                );
                assert!(end == 0 || told.cut.is_some(), "{end}");
            }
        }
    }

    #[test]
    fn what_is_no_json_is_not_shown() {
        for (sent, told) in [
            ("token=123456", ""),
            ("{'token': '123456'}", "{"),
            ("{\"a\": 1,\n \"b\": token 123456}", "{\"a\": 1,\n \"b\": "),
            ("{\"token\": \"123456\"} 123456", "{\"token\": \"***\"} "),
            ("{\"a\": \"123456", "{\"a\": \""),
            ("123456", ""),
            ("\"123456\"", ""),
        ] {
            let shown = whole(sent);
            assert_eq!(shown.text, told);
            assert!(shown.cut.is_some());
        }
        assert_eq!(whole("").cut, None);
    }

    #[test]
    fn a_body_that_is_no_text_is_said_to_be_none() {
        let cut = |kept: &[u8], length| shown(kept, length).cut.unwrap();
        let no_text = "it is not text in UTF-8, so it is not shown";
        let no_json = "it is neither a JSON object nor a list, so it is not shown";
        assert_eq!(cut(b"\x89PNG\xff", 5), no_text);
        assert_eq!(cut("a\u{e9}".as_bytes(), 3), no_json);
        // The journal has cut it within the last character.
        assert_eq!(cut(b"a\xc3", 3), no_json);
        assert_eq!(cut(b"a\xc3", 2), no_text);
    }
}
