//! Every bound of the mock that keeps one caller from using up the machine: bytes, times, counts. A setting may change
//! some of them; then this is the default. Knows no vendor and no request; `GET /_mock/limits` shows them.
//!
//! What has a bound in number also has one in bytes, where a caller decides how large one of them is.

use std::time::Duration;

/// Time for the line and the headers of a request, from their first byte to their last.
pub const HEADER_TIME: Duration = Duration::from_secs(10);

/// Time for the body of a request, from the end of its headers to its last byte.
pub const BODY_TIME: Duration = Duration::from_secs(30);

/// Time that a connection may stay open without a request, and that an answer may wait for its reader. Longer than
/// most clients keep a connection for their next request (Node.js 5 s, Go and reqwest 90 s): the one that closes last
/// is the one that never sends into a closed connection.
pub const IDLE_TIME: Duration = Duration::from_secs(120);

/// Bytes of the line and the headers of a request.
pub const HEAD: usize = 128 * 1024;

/// Bytes of the body of a request.
pub const BODY: usize = 1024 * 1024;

/// Bytes of all request bodies together that the mock holds at one time, without the first [`BODY_UNCOUNTED`] of each.
pub const BODIES: usize = 64 * 1024 * 1024;

/// Bytes of each body that do not count towards [`BODIES`]: ordinary requests are smaller, so they never wait for what
/// others do.
pub const BODY_UNCOUNTED: usize = 16 * 1024;

/// Connections at one time. Fewer where the operating system allows the process fewer descriptors.
pub const CONNECTIONS: usize = 4096;

/// Descriptors that connections leave to everything else: deliveries of webhooks, files, the process itself.
pub const RESERVED_DESCRIPTORS: usize = 64;

/// How long the mock waits before it accepts again after the operating system refused a connection.
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Bytes that the mock reads and drops of what a client still sends after the answer that ends its connection, so that
/// the client can read this answer.
pub const LINGER: usize = 16 * 1024 * 1024;

/// Time for that.
pub const LINGER_TIME: Duration = Duration::from_secs(2);

/// How long requests may take to end after a signal to stop. A second signal ends them at once.
pub const DRAIN_TIME: Duration = Duration::from_secs(5);

/// Lines of the log that wait for stderr. The mock drops and counts what comes while so many wait.
pub const LOG_LINES: usize = 1024;

/// Bytes of one line of the log. The mock cuts off the rest.
pub const LOG_LINE: usize = 4096;

/// How long the mock waits for stderr to take the log, before the ready line and at its end.
pub const LOG_FLUSH: Duration = Duration::from_millis(500);

/// Bytes of a text that a request may carry in one member of its body.
pub const TEXT: usize = 2 * 1024;
/// Bytes of a text that is a token, a key, or an answer of an authenticator: a member of [`LONG_MEMBERS`].
pub const LONG_TEXT: usize = 16 * 1024;
/// Bytes of a parameter of a path, of a query, or of a header, once it is decoded.
pub const PARAMETER: usize = 1024;
/// Bytes that are kept of the header `User-Agent`; the rest is cut off.
pub const USER_AGENT: usize = 512;
/// Bytes of the application's own data (`custom`) in one place, as JSON without spaces.
pub const CUSTOM: usize = 16 * 1024;
/// Objects and arrays of one body. Each takes a hundred times the memory of its text while the body is read.
pub const CONTAINERS: usize = 10_000;

/// Users of a tenant at each vendor. A request that would create one more is refused.
pub const USERS: usize = 100_000;
/// Bytes of what users of an Authsignal tenant are: ids, attributes, authenticators, devices. Full is refused.
pub const USER_BYTES: usize = 64 * 1024 * 1024;
/// Authenticators of a user. A request that would enrol one more is refused.
pub const AUTHENTICATORS_PER_USER: usize = 1_000;
/// Devices of a user; the oldest leaves first.
pub const DEVICES_PER_USER: usize = 100;
/// Actions of a user; the oldest leaves first.
pub const ACTIONS_PER_USER: usize = 1_000;
/// Actions of a tenant, so that a load of ever new users has a bound, too; the oldest leaves first.
pub const ACTIONS: usize = 100_000;
/// Bytes of the texts of a tenant's actions; the oldest leaves first.
pub const ACTION_BYTES: usize = 64 * 1024 * 1024;
/// Challenges of a tenant; the oldest leaves first.
pub const CHALLENGES: usize = 10_000;
/// Bytes of the texts of a tenant's challenges; the oldest leaves first.
pub const CHALLENGE_BYTES: usize = 16 * 1024 * 1024;
/// Ceremonies of passkeys and security keys that a tenant has under way; the oldest leaves first.
pub const CEREMONIES: usize = 10_000;
/// Sessions of an Authsignal tenant; the oldest leaves first.
pub const SESSIONS: usize = 20_000;
/// Outcomes planned for actions to come; the oldest leaves first.
pub const NEXT_OUTCOMES: usize = 100;

/// Rules of a tenant.
pub const RULES: usize = 100;
/// Bytes of the conditions of a rule, as JSON without spaces.
pub const RULE: usize = 4 * 1024;
/// Steps that the rules of one action may take together, as they are estimated beforehand. A rule that would take more
/// does not match.
pub const RULE_STEPS: u64 = 1_000_000;

/// Deliveries of webhooks of a tenant; the oldest leaves first.
pub const DELIVERIES: usize = 1_000;
/// Bytes of the data of a tenant's deliveries; the oldest leaves first.
pub const DELIVERY_BYTES: usize = 32 * 1024 * 1024;
/// Tries kept of a delivery; the oldest leaves first.
pub const DELIVERY_ATTEMPTS: usize = 100;
/// Log events of a tenant that wait for their batch; the oldest leaves first.
pub const LOGS: usize = 10_000;
/// Bytes of the data of these; the oldest leaves first.
pub const LOG_BYTES: usize = 16 * 1024 * 1024;

/// Nonces of signatures that are remembered for each tenant; the oldest leaves first.
pub const NONCES: usize = 262_144;
/// Bytes of the largest message that is read from a WebSocket.
pub const MESSAGE: usize = 64 * 1024;

/// Members of bodies whose texts may be as long as [`LONG_TEXT`].
pub const LONG_MEMBERS: [&str; 19] = [
    "accessToken",
    "attestation",
    "attestationObject",
    "authenticatorData",
    "clientDataJSON",
    "credentialPublicKey",
    "deviceToken",
    "idToken",
    "keyAttestation",
    "link",
    "message",
    "publicKey",
    "redirectUrl",
    "refreshToken",
    "registration_url",
    "signature",
    "token",
    "url",
    "userHandle",
];

/// How many bytes a value takes as JSON without spaces.
pub fn json_length(value: &serde_json::Value) -> usize {
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    // A value is JSON, and counting takes everything, so this cannot fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// How many bytes the texts take that are there.
pub fn lengths<'a>(texts: impl IntoIterator<Item = &'a Option<String>>) -> usize {
    texts.into_iter().flatten().map(String::len).sum()
}

/// A text as long as `bytes` at the most; whole characters of it.
pub fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{cut, json_length};

    #[test]
    fn a_value_is_as_long_as_its_text() {
        for value in [json!({}), json!({"a": [1, null, "é\n"]}), json!("x")] {
            assert_eq!(json_length(&value), value.to_string().len());
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((cut("aé", 2), cut("aé", 3), cut("", 5)), ("a", "aé", ""));
    }
}
