//! Reads files that people write, strictly: what they may have meant in another way is an error that names the place and
//! what to do. It never quotes a value, because it may be a secret. Knows no seed.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bounds::{CUSTOM, PARAMETER, TEXT, json_length, shallow, text_bound};
use crate::unambiguous;

/// Members whose contents are the application's own.
const OPAQUE: [&str; 2] = ["custom", "conditions"];

/// Members that an API sets, too, and that `stepup-mock export` writes. A text in them is what the API takes, which
/// may be empty, or have a line break.
const SET_BY_AN_API: [&str; 7] = [
    "challengeModes",
    "clients",
    "facts",
    "flows",
    "rules",
    "verificationWebhooks",
    "webhooks",
];

/// Members that hold JSON as an API took it. Null is a value there.
const AS_TAKEN: [&str; 2] = ["management", "actionNodes"];

/// The member that a mock writes, and no person.
const STATE: &str = "state";

/// Members that requests carry in a path, where they may not be as long as in a body.
const ADDRESSED: [&str; 2] = ["id", "userId"];

/// How alike a name must be to one that exists, to be taken for a slip.
const ALIKE: f64 = 0.7;

/// JSON in which no object has a member twice, perhaps behind a byte order mark.
///
/// # Errors
/// Where it is no such JSON, and why.
pub fn parse(bytes: &[u8]) -> Result<Value, String> {
    let bytes = bytes.strip_prefix(unambiguous::MARK).unwrap_or(bytes);
    // Syntax errors and ours quote no value.
    unambiguous::json(bytes).map_err(|error| {
        let of_encoding = unambiguous::encoding_fault(bytes).map(str::to_owned);
        of_encoding
            .or_else(|| unambiguous::depth_fault(&error))
            .or_else(|| unambiguous::range_fault(&error))
            .unwrap_or_else(|| format!("is not valid JSON: {error}"))
    })
}

/// What a value describes.
///
/// # Errors
/// Where it does not describe a `T`, and why.
pub fn read<T: DeserializeOwned>(value: Value) -> Result<T, String> {
    check_texts(&value, "", "", text_fault)?;
    serde_path_to_error::deserialize(value)
        .map_err(|error| in_words(&error.path().to_string(), &error.inner().to_string()))
}

/// What is wrong with a text that names or shows something.
pub fn text_fault(text: &str) -> Option<&'static str> {
    if text.is_empty() {
        Some("must not be empty")
    } else if text.contains(char::is_control) {
        Some("holds a control character, a line break perhaps")
    } else if text.trim() != text {
        Some("begins or ends with white space")
    } else {
        None
    }
}

/// What is wrong with a list of a file: `/0/code: has 3 digits` of `scenarios` is `scenarios[0].code: has 3 digits`. Files are
/// read by people, and all other errors about them name places so; requests have JSON pointers.
pub fn in_list(list: &str, why: &str) -> String {
    let (pointer, what) = why.split_once(':').unwrap_or(("", why));
    let segments = pointer.split('/').skip(1);
    let place = segments.map(|segment| match segment.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{segment}"),
    });
    format!("{list}{}:{what}", place.collect::<String>())
}

/// Whether an id, if there is one, can stand in a path. URL libraries take `.` and `..` out of a path before they send it, so a
/// request with such an id would address something else.
///
/// # Errors
/// It cannot.
pub fn addressable(id: Option<&str>) -> Result<(), &'static str> {
    match id {
        Some("." | "..") => {
            Err("`.` and `..` are no ids, because no URL can hold them; choose another")
        }
        _ => Ok(()),
    }
}

/// Checks every text, at any depth, and every name of a member. Null is refused: it may mean nothing, or the default.
fn check_texts(
    value: &Value,
    place: &str,
    member: &str,
    fault: fn(&str) -> Option<&'static str>,
) -> Result<(), String> {
    match value {
        Value::String(text) => {
            let place = if place.is_empty() { "it" } else { place };
            if let Some(fault) = fault(text) {
                return Err(format!("{place} {fault}"));
            }
            let bound = match ADDRESSED.contains(&member) {
                true => PARAMETER,
                false => text_bound(member),
            };
            short(text.len(), bound, place)
        }
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(index, element)| {
                check_texts(element, &format!("{place}[{index}]"), member, fault)
            }),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            if let Some(fault) = fault(name) {
                return Err(format!("{place}: the name of a member {fault}"));
            }
            short(
                name.len(),
                PARAMETER,
                &format!("{place}: the name of a member"),
            )?;
            let dot = if place.is_empty() { "" } else { "." };
            let place = format!("{place}{dot}{name}");
            if OPAQUE.contains(&&**name) && member.is_object() {
                // The domain knows how long a rule may be.
                let is_custom = name == "custom";
                let length = if is_custom { json_length(member) } else { 0 };
                shallow(member).map_err(|why| format!("{place} {why}"))?;
                return short(length, CUSTOM, &place);
            }
            if name == STATE {
                // What reads it knows its bounds.
                return Ok(());
            }
            if AS_TAKEN.contains(&&**name) {
                return check_lengths(member, &place, name);
            }
            let is_set = SET_BY_AN_API.contains(&&**name);
            check_texts(member, &place, name, if is_set { |_| None } else { fault })
        }),
        Value::Null if !place.is_empty() => Err(format!("{place} must not be null; leave it out")),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Checks the lengths alone of all texts and names, which are those of a request.
fn check_lengths(value: &Value, place: &str, member: &str) -> Result<(), String> {
    match value {
        Value::String(text) => short(text.len(), text_bound(member), place),
        Value::Array(elements) => elements.iter().enumerate().try_for_each(|(at, element)| {
            check_lengths(element, &format!("{place}[{at}]"), member)
        }),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            short(name.len(), TEXT, &format!("{place}: the name of a member"))?;
            check_lengths(member, &format!("{place}.{name}"), name)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn short(length: usize, bound: usize, place: &str) -> Result<(), String> {
    if length > bound {
        return Err(format!(
            "{place} is too long: {length} bytes; it must have at most {bound}"
        ));
    }
    Ok(())
}

/// What serde says about a place, in words for the person who wrote it, and without the value that stands there.
pub fn in_words(place: &str, message: &str) -> String {
    let message = message.lines().next().unwrap_or_default();
    if let Some((name, known)) = after("unknown field `", message) {
        // The path ends with the unknown name, or with what holds it.
        let owner = place.strip_suffix(name).unwrap_or(place);
        return located(
            owner.trim_end_matches('.'),
            &format!("`{name}` is unknown; {}", nearest(name, known)),
        );
    }
    if let Some((_, known)) = after("unknown variant `", message) {
        return located(
            place,
            &format!(
                "is unknown; use one of: {}",
                names(known).collect::<Vec<_>>().join(", ")
            ),
        );
    }
    if let Some((name, _)) = after("missing field `", message) {
        return located(place, &format!("`{name}` is missing"));
    }
    if let Some((name, _)) = after("duplicate field `", message) {
        let owner = place.strip_suffix(name).unwrap_or(place);
        return located(
            owner.trim_end_matches('.'),
            &format!("`{name}` is given twice"),
        );
    }
    for kind in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some(rest) = message.strip_prefix(kind) {
            let expected = rest
                .rsplit_once(", expected ")
                .map_or("something else", |(_, expected)| expected);
            let expected = match expected {
                "usize" | "u16" | "u32" | "u64" | "i64" | "a nonzero u32" => "a whole number",
                "a map" => "an object",
                "a sequence" => "a list",
                expected if expected.starts_with("struct ") => "an object",
                expected => expected,
            };
            return located(place, &format!("must be {expected}"));
        }
    }
    located(place, message)
}

fn located(place: &str, what: &str) -> String {
    match place {
        "" | "." => what.to_owned(),
        place => format!("{place}: {what}"),
    }
}

/// A name in backticks after these words, and the rest.
fn after<'a>(words: &str, message: &'a str) -> Option<(&'a str, &'a str)> {
    message.strip_prefix(words)?.split_once('`')
}

/// The names in backticks.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The name that was probably meant, or all of them.
fn nearest(name: &str, known: &str) -> String {
    let like = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), &other.to_lowercase());
    let best = names(known).max_by(|one, other| like(one).total_cmp(&like(other)));
    match best {
        Some(best) if like(best) >= ALIKE => format!("did you mean `{best}`?"),
        Some(_) => format!(
            "use one of: {}",
            names(known).collect::<Vec<_>>().join(", ")
        ),
        None => "leave it out".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{in_words, parse, read};
    use crate::runtime::seed::Seed;

    fn seed(value: serde_json::Value) -> Result<Seed, String> {
        read(value)
    }

    fn fault(text: &str) -> String {
        match parse(text.as_bytes()).and_then(seed) {
            Ok(seed) => panic!("{text} is taken for {seed:?}"),
            Err(fault) => fault,
        }
    }

    /// A seed whose Authsignal tenant has these members too.
    fn authsignal(members: &str) -> String {
        format!(r#"{{"tenants":[{{"authsignal":{{"id":"t","secret":"MARKED"{members}}}}}]}}"#)
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_a_seed() {
        assert!(
            parse("\u{feff}{\"tenants\":[]}".as_bytes())
                .and_then(seed)
                .is_ok()
        );
    }

    #[test]
    fn what_may_have_been_meant_in_another_way_is_refused_with_its_place() {
        for (text, says) in [
            ("{}".to_owned(), "`tenants` is missing"),
            ("[]".to_owned(), "must be an object"),
            (
                r#"{"tenant":[]}"#.to_owned(),
                "`tenant` is unknown; did you mean `tenants`?",
            ),
            (
                r#"{"tenants":[],"tenants":[]}"#.to_owned(),
                "`tenants` is given twice at line 1 column",
            ),
            (
                authsignal(r#","rules":"MARKED""#),
                "tenants[0].authsignal.rules: must be a list",
            ),
            (authsignal(r#","id":"u""#), "`id` is given twice"),
            (
                authsignal(r#","actions":{"a":"ALLOW","a":"BLOCK"}"#),
                "`a` is given twice",
            ),
            (
                authsignal(r#","actions":{"a":"MAYBE"}"#),
                "tenants[0].authsignal.actions.a: `MAYBE` is unknown; use one of:",
            ),
            (
                authsignal(r#","actions":{"":"ALLOW"}"#),
                "tenants[0].authsignal.actions: the name of a member must not be empty",
            ),
            (
                authsignal(r#","usrs":[]"#),
                "tenants[0].authsignal: `usrs` is unknown; did you mean `users`?",
            ),
            (
                authsignal(r#","users":[{"userId":"ada","email":""}]"#),
                "tenants[0].authsignal.users[0].email must not be empty",
            ),
            (
                authsignal(r#","users":[{"userId":"ada "}]"#),
                "tenants[0].authsignal.users[0].userId begins or ends with white space",
            ),
            (
                authsignal(r#","users":[{"userId":"a\nda"}]"#),
                "tenants[0].authsignal.users[0].userId holds a control character",
            ),
            (
                authsignal(r#","users":[{"userID":"ada"}]"#),
                "tenants[0].authsignal.users[0]: `userID` is unknown; did you mean `userId`?",
            ),
            (
                r#"{"tenants":[{"authsignal":{"id":"t","secret":4711}}]}"#.to_owned(),
                "tenants[0].authsignal.secret: must be a string",
            ),
            (
                format!("{{\"tenants\":{}{}}}", "[".repeat(200), "]".repeat(200)),
                "is nested too deeply; at most 127 levels are allowed",
            ),
            (
                r#"{"tenants":1e400}"#.to_owned(),
                "has a number that is out of range at line 1",
            ),
            (
                "{\"tenants\":[\n  MARKED".to_owned(),
                "is not valid JSON: expected value at line 2 column 3",
            ),
            (r#"{"tenants":{}}"#.to_owned(), "tenants: must be a list"),
            (
                r#"{"clock":{"time":"2030-02-29T00:00:00Z"}}"#.to_owned(),
                "clock.time: names a day that does not exist; it must be a date",
            ),
            (
                r#"{"clock":{"time":"MARKED"}}"#.to_owned(),
                "clock.time: has the wrong form; it must be a date and time with an offset",
            ),
        ] {
            let fault = fault(&text);
            assert!(fault.contains(says), "{text}: {fault}");
            assert!(
                !fault.contains("MARKED") && !fault.contains("4711"),
                "{fault}"
            );
        }
    }

    #[test]
    fn what_is_the_applications_own_is_taken_as_it_is() {
        let own = authsignal(r#","users":[{"userId":"ada","custom":{"note":"","":" \n"}}]"#);
        assert!(parse(own.as_bytes()).and_then(seed).is_ok());
    }

    #[test]
    fn what_an_api_takes_is_taken_as_it_is() {
        let rule = |more: &str| {
            format!(
                r#","rules":[{{"ruleId":"r","name":" a\n","priority":1,"outcome":"BLOCK","conditions":{{}}{more}}}]"#
            )
        };
        for members in [
            rule(r#","description":"""#),
            r#","facts":{"user":[{"userId":"a\tda"}]}"#.to_owned(),
            r#","flows":[{"action":"a","actionNodes":[{"nodeId":"a","x":null,"y":"\n"}],"rules":[{"ruleId":"r","name":""}]}]"#.to_owned(),
            r#","management":{"theme":{"template":"<html>\n","logoUrl":""},"message-overrides":{"messageOverrides":{"":{}}}}"#.to_owned(),
        ] {
            let read = parse(authsignal(&members).as_bytes()).and_then(seed);
            assert!(read.is_ok(), "{members}: {read:?}");
        }
        let long = rule(&format!(r#","description":"{}""#, "x".repeat(2049)));
        assert!(fault(&authsignal(&long)).contains("description is too long"));
        let long = format!(
            r#","management":{{"theme":{{"name":"{}"}}}}"#,
            "x".repeat(2049)
        );
        assert!(fault(&authsignal(&long)).contains("management.theme.name is too long"));
    }

    #[test]
    fn a_text_of_a_seed_is_no_longer_than_one_of_a_request() {
        let text = |length: usize| "x".repeat(length);
        let user = |members: String| authsignal(&format!(r#","users":[{{"userId":{members}}}]"#));
        let custom = |length: usize| user(format!(r#""ada","custom":{{"a":"{}"}}"#, text(length)));
        let key = |length: usize| {
            user(format!(
                r#""ada","authenticators":[{{"verificationMethod":"PASSKEY","credentialPublicKey":"{}"}}]"#,
                text(length)
            ))
        };
        for (most, more, says) in [
            (
                user(format!(r#""{}""#, text(1024))),
                user(format!(r#""{}""#, text(1025))),
                "users[0].userId is too long: 1025 bytes; it must have at most 1024",
            ),
            (
                user(format!(r#""a","email":"{}""#, text(2048))),
                user(format!(r#""a","email":"{}""#, text(2049))),
                "users[0].email is too long: 2049 bytes; it must have at most 2048",
            ),
            (
                custom(16_384 - r#"{"a":""}"#.len()),
                custom(40_000),
                "users[0].custom is too long: 40008 bytes; it must have at most 16384",
            ),
            (
                key(16_384),
                key(16_385),
                "credentialPublicKey is too long: 16385 bytes; it must have at most 16384",
            ),
            (
                authsignal(&format!(r#","actions":{{"{}":"ALLOW"}}"#, text(1024))),
                authsignal(&format!(r#","actions":{{"{}":"ALLOW"}}"#, text(1025))),
                "actions: the name of a member is too long: 1025 bytes",
            ),
        ] {
            assert!(parse(most.as_bytes()).and_then(seed).is_ok());
            let fault = fault(&more);
            assert!(fault.contains(says), "{fault}");
        }
    }

    #[test]
    fn null_is_refused_because_it_may_mean_nothing_or_the_default() {
        for (members, place) in [
            (r#","verificationMethods":null"#, "verificationMethods"),
            (r#","defaultOutcome":null"#, "defaultOutcome"),
            (
                r#","users":[{"userId":"ada","custom":null}]"#,
                "users[0].custom",
            ),
            (r#","users":[null]"#, "users[0]"),
        ] {
            let fault = fault(&authsignal(members));
            assert_eq!(
                fault,
                format!("tenants[0].authsignal.{place} must not be null; leave it out")
            );
        }
        let own = authsignal(r#","users":[{"userId":"ada","custom":{"note":null}}]"#);
        assert!(parse(own.as_bytes()).and_then(seed).is_ok());
    }

    #[test]
    fn serdes_words_lose_the_value() {
        for (message, says) in [
            (
                "invalid type: string \"MARKED, expected x\", expected usize",
                "a.b: must be a whole number",
            ),
            (
                "invalid value: integer `-1`, expected u32",
                "a.b: must be a whole number",
            ),
            (
                "unknown variant `MARKED`, expected one of `off`, `error`",
                "a.b: is unknown; use one of: off, error",
            ),
            (
                "unknown field `zzz`, expected `x` or `y`",
                "a.b: `zzz` is unknown; use one of: x, y",
            ),
            (
                "unknown field `b`, expected `c`",
                "a: `b` is unknown; use one of: c",
            ),
        ] {
            assert_eq!(in_words("a.b", message), says);
        }
    }
}
