//! What a running mock says of a request that it refuses, in the words of the command line. Knows no command: a member of a
//! request has the same argument in each.

/// Members of requests, and the argument that a person gives for each: a flag, or a value without one.
const MEMBERS: [(&str, &str); 40] = [
    ("advanceMilliseconds", "the time to advance by"),
    ("advanceSeconds", "the time to advance by"),
    ("afterSeconds", "--after"),
    ("always", "--always"),
    ("api", "--api"),
    ("applicationId", "--application"),
    ("bytesPerSecond", "--bytes-per-second"),
    ("carriedOut", "--carried-out"),
    ("challenge", "--challenge"),
    ("challengeId", "the challenge"),
    ("channel", "--channel"),
    ("code", "--code"),
    ("connection", "--connection"),
    ("contentType", "--content-type"),
    ("delivery", "--undelivered"),
    ("device", "--device"),
    ("error", "--error"),
    ("facts", "--facts"),
    ("fault", "--fault"),
    ("headers", "--header"),
    ("latency", "--latency"),
    ("malformed", "--malformed"),
    ("number", "the number"),
    ("operation", "the operation"),
    ("origin", "--origin"),
    ("outcome", "--outcome"),
    ("phone", "--phone"),
    ("probability", "--probability"),
    ("rateLimit", "--rate-limit"),
    ("skewSeconds", "--skew-seconds"),
    ("skip", "--skip"),
    ("status", "--status"),
    ("tenant", "--tenant"),
    ("tenantId", "--tenant"),
    ("text", "--text"),
    ("times", "--times"),
    ("truncateAfter", "--truncate-after"),
    ("userId", "the user"),
    ("wait", "--wait"),
    ("wrongSchema", "--wrong-schema"),
];

/// Lists of which a command sends one element, and what that is.
const LISTS: [(&str, &str, &str); 3] = [
    ("/failures/0", "", "the failure"),
    ("/faults/0", "--user", "the fault"),
    ("/scenarios/0", "--user", "the scenario"),
];

/// Where an API's reader looks something up, and where a person does.
const ADVICE: [(&str, &str); 5] = [
    (
        "GET /_mock/messages lists the messages",
        "`stepup-mock inbox` shows the messages",
    ),
    (
        "GET /_mock/snapshots lists them",
        "`stepup-mock snapshot list` shows them",
    ),
    (
        "GET /_mock/tenants lists the tenants",
        "`stepup-mock tenants` lists the tenants",
    ),
    (
        "GET /_mock/faults lists those",
        "`stepup-mock faults list` shows those",
    ),
    (
        "GET /_mock/scenarios lists those",
        "`stepup-mock scenarios list` shows those",
    ),
];

/// The same in the words of the command line.
pub(super) fn told(message: &str) -> String {
    let mut told = placed(message).unwrap_or_else(|| message.to_owned());
    for (own, advice) in ADVICE {
        told = told.replace(own, advice);
    }
    told
}

/// A message that begins with a place in the request, with the argument in place of that.
fn placed(message: &str) -> Option<String> {
    let (is_body, rest) = match message.strip_prefix("query parameter ") {
        Some(rest) => (false, rest),
        None => (true, message.strip_prefix("body ")?),
    };
    let end = rest.find([':', ' ']).unwrap_or(rest.len());
    let (pointer, what) = rest.split_at(end);
    let list = LISTS
        .iter()
        .find(|(list, ..)| is_body && pointer.starts_with(list));
    let inner = list.map_or(pointer, |(list, ..)| &pointer[list.len()..]);
    let mut segments = inner.trim_start_matches('/').splitn(2, '/');
    let member = segments.next().unwrap_or_default();
    let place = match (list, member) {
        (Some((.., whole)), "") => (*whole).to_owned(),
        (Some((_, user, _)), "userId") => (*user).to_owned(),
        (Some(_), "action") => "--action".to_owned(),
        _ => argument(member)?.to_owned(),
    };
    let deeper = segments.next().map(|deeper| format!(" at /{deeper}"));
    let what = in_quotes(what);
    Some(format!("{place}{}{what}", deeper.unwrap_or_default()))
}

fn argument(member: &str) -> Option<&'static str> {
    let mut members = MEMBERS.iter();
    members
        .find(|(name, _)| *name == member)
        .map(|(_, own)| *own)
}

/// The flags in place of members that a text has in backquotes.
fn in_quotes(text: &str) -> String {
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(number, part)| match argument(part) {
        Some(flag) if number % 2 == 1 && flag.starts_with("--") => flag,
        _ => part,
    });
    parts.collect::<Vec<_>>().join("`")
}

#[cfg(test)]
mod tests {
    use super::told;

    #[test]
    fn a_refusal_speaks_of_arguments_in_place_of_members() {
        for (said, in_own_words) in [
            (
                "body /scenarios/0/afterSeconds: only a person takes time; use it with `phone` or `challenge`",
                "--after: only a person takes time; use it with `--phone` or `--challenge`",
            ),
            (
                "body /scenarios/0/facts/ip/countryCode: must be two letters",
                "--facts at /ip/countryCode: must be two letters",
            ),
            (
                "body /faults/0: nothing goes wrong",
                "the fault: nothing goes wrong",
            ),
            ("body /faults/0/userId: has 0 bytes", "--user: has 0 bytes"),
            ("body /tenant is missing; it", "--tenant is missing; it"),
            ("query parameter tenant is missing", "--tenant is missing"),
            ("body /userId has 0 bytes", "the user has 0 bytes"),
            // What it does not know stays.
            ("body /novel/0: is odd", "body /novel/0: is odd"),
            ("tenant x has no users", "tenant x has no users"),
            (
                "tenant x not found; GET /_mock/tenants lists the tenants",
                "tenant x not found; `stepup-mock tenants` lists the tenants",
            ),
        ] {
            assert_eq!(told(said), in_own_words);
        }
    }
}
