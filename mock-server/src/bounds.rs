//! The bounds that keep one caller from exhausting the machine: bytes, times and counts. If a setting can change a
//! bound, the value here is the default. Knows no vendor and no request. `GET /_mock/limits` lists all bounds, each
//! with its comment as the description.
//!
//! If callers decide how large an item is, the items have a bound in bytes as well as in number.

use std::time::Duration;

use jiff::SignedDuration;

/// A bound as the control API shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Name of the constant.
    pub name: &'static str,
    /// How much, in `unit`.
    pub value: u64,
    /// What `value` counts.
    pub unit: Unit,
    /// What it bounds, and what happens beyond it.
    pub description: &'static str,
}

impl Bound {
    /// The same bound, with the value that a setting gives it.
    pub fn set_to(self, value: impl Amount) -> Self {
        Self {
            value: value.amount(),
            ..self
        }
    }
}

/// What the value of a bound counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    Bytes,
    Milliseconds,
    /// A number of things; the description says which.
    Count,
}

/// What a bound can be. A time counts in milliseconds.
pub trait Amount {
    fn amount(self) -> u64;
}

impl Amount for u64 {
    fn amount(self) -> u64 {
        self
    }
}

impl Amount for u32 {
    fn amount(self) -> u64 {
        self.into()
    }
}

impl Amount for usize {
    fn amount(self) -> u64 {
        u64::try_from(self).unwrap_or(u64::MAX)
    }
}

impl Amount for Duration {
    fn amount(self) -> u64 {
        u64::try_from(self.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Amount for SignedDuration {
    fn amount(self) -> u64 {
        self.unsigned_abs().amount()
    }
}

/// Declares the constants and the table of them together, so that no bound can be missing from the table.
macro_rules! bounds {
    ($($(#[doc = $line:literal])+ $name:ident: $kind:ident = $value:expr, $unit:ident;)+) => {
        $($(#[doc = $line])+ pub const $name: $kind = $value;)+

        /// Every bound, with its default value.
        pub fn all() -> impl Iterator<Item = Bound> {
            [$(Bound {
                name: stringify!($name),
                value: $name.amount(),
                unit: Unit::$unit,
                description: concat!($($line),+).trim_ascii(),
            }),+]
            .into_iter()
        }
    };
}

bounds! {
    /// Time for the line and the headers of a request, from their first byte to their last.
    HEADER_TIME: Duration = Duration::from_secs(10), Milliseconds;

    /// Time for the body of a request, from the end of its headers to its last byte.
    BODY_TIME: Duration = Duration::from_secs(30), Milliseconds;

    /// Time that a connection may stay open without a request, or that an answer may wait for its reader. It is longer
    /// than most clients keep an idle connection (Node.js 5 s, Go and reqwest 90 s), so that the client closes first.
    IDLE_TIME: Duration = Duration::from_secs(120), Milliseconds;

    /// How long a request waits for the look-up of a name of `--trust-forwarded-from`. After that, the mock does not believe
    /// the request's headers.
    LOOKUP_TIME: Duration = Duration::from_secs(1), Milliseconds;

    /// How long the mock keeps the addresses of such a name.
    LOOKUP_KEPT: Duration = Duration::from_secs(2), Milliseconds;

    /// Addresses of such a name that the mock keeps; it ignores the rest.
    LOOKUP_ADDRESSES: usize = 64, Count;

    /// Bytes of the line and the headers of a request.
    HEAD: usize = 32 * 1024, Bytes;

    /// Bytes of the body of a request.
    BODY: usize = 1024 * 1024, Bytes;

    /// Bytes of all request bodies that the mock keeps in memory at one time, without the first 16 KiB of each.
    BODIES: usize = 64 * 1024 * 1024, Bytes;

    /// Bytes of each body that do not count towards all bodies together. Ordinary requests are smaller, so other
    /// requests never delay them.
    BODY_UNCOUNTED: usize = 16 * 1024, Bytes;

    /// Connections at one time. The mock accepts fewer if the operating system gives the process fewer descriptors.
    CONNECTIONS: usize = 4096, Count;

    /// Time that a connection may stay open without a request while all connections are in use.
    CROWDED_IDLE_TIME: Duration = Duration::from_secs(1), Milliseconds;

    /// Time for the line and the headers of a request while all connections are in use.
    CROWDED_HEADER_TIME: Duration = Duration::from_secs(2), Milliseconds;

    /// Time that an answer may wait for its reader while all connections are in use.
    CROWDED_READER_TIME: Duration = Duration::from_secs(10), Milliseconds;

    /// Requests that a connection of HTTP/2 may have open at one time. The client waits before it sends more.
    REQUESTS: u32 = 128, Count;

    /// Bytes of the bodies of requests at a connection of HTTP/2 that the mock has not read. The client waits with further
    /// ones.
    UNREAD: u32 = 256 * 1024, Bytes;

    /// Event streams at one time, which keep open desks up to date. The mock refuses further ones.
    EVENT_STREAMS: usize = 256, Count;

    /// WebSockets at one time. The mock refuses further ones.
    WEB_SOCKETS: usize = 512, Count;

    /// Of these, those of clients without a token at one time.
    STRANGERS_WEB_SOCKETS: usize = 256, Count;

    /// Time that a WebSocket may stay open without a message from the client. Pings do not count.
    WEB_SOCKET_TIME: Duration = Duration::from_secs(600), Milliseconds;

    /// Bytes of all large answers that wait for their readers at one time. The mock answers 503 to a GET whose answer
    /// does not fit. An answer that is larger than this fits alone.
    ANSWERS: usize = 64 * 1024 * 1024, Bytes;

    /// Bytes from which an answer counts as large.
    LARGE_ANSWER: usize = 64 * 1024, Bytes;

    /// Descriptors that the mock reserves for everything except connections: all webhook deliveries, and 64 for files and
    /// the process itself.
    RESERVED_DESCRIPTORS: usize = DELIVERIES_OF_ALL + 64, Count;

    /// How long the mock waits before it accepts again after the operating system refused a connection.
    ACCEPT_PAUSE: Duration = Duration::from_millis(100), Milliseconds;

    /// Time that an answer may still take after its client has closed its half of the connection.
    HALF_CLOSED_TIME: Duration = Duration::from_secs(5), Milliseconds;

    /// Bytes that the mock reads and drops of a body that an answer does not depend on, so that the connection stays open.
    REST: usize = 64 * 1024, Bytes;

    /// Time that an answer waits for such a body.
    REST_TIME: Duration = Duration::from_secs(1), Milliseconds;

    /// Bytes that the mock still reads and drops after the answer that closes a connection, so that the client can read
    /// this answer.
    LINGER: usize = 16 * 1024 * 1024, Bytes;

    /// Time that the mock still reads and drops bytes after the answer that closes a connection.
    LINGER_TIME: Duration = Duration::from_secs(2), Milliseconds;

    /// Time that open requests have to finish after a signal to stop. A second signal ends them at once.
    DRAIN_TIME: Duration = Duration::from_secs(5), Milliseconds;

    /// Bytes of a seed file, of a config file, of a file of exchanges, and of what a command reads from standard input.
    FILE: usize = 64 * 1024 * 1024, Bytes;

    /// Time that a command, such as `stepup-mock inbox`, waits for the answer of the mock.
    COMMAND_TIME: Duration = Duration::from_secs(90), Milliseconds;

    /// Bytes of the answer of the mock, or of the server that `verify` compares, that a command reads.
    COMMAND_ANSWER: usize = 64 * 1024 * 1024, Bytes;

    /// Values of requests and answers that `stepup-mock proxy --record` remembers of each kind, to find where the value of a
    /// later request comes from. With one more, it forgets all of them, and leaves out requests whose values it has forgotten.
    RECORDED_VALUES: usize = 100_000, Count;

    /// Bytes of the body of a request or an answer that `stepup-mock proxy` passes on; it refuses a larger request with 413 and
    /// a larger answer with 502.
    PROXY_BODY: usize = 8 * 1024 * 1024, Bytes;

    /// Requests that `stepup-mock proxy` passes on at the same time; others wait.
    PROXY_REQUESTS: usize = 64, Count;

    /// Drifts that `stepup-mock proxy` prints. It keeps them, so that it prints each only once.
    PROXY_DRIFTS: usize = 1000, Count;

    /// Reasons, of different words, for which `stepup-mock proxy --record` left requests out; it counts no others.
    PROXY_REASONS: usize = 100, Count;

    /// Lines of the log that wait for stderr. If this many wait, the mock drops and counts further lines.
    LOG_LINES: usize = 1024, Count;

    /// Bytes of one line of the log. The mock cuts off the rest.
    LOG_LINE: usize = 4096, Bytes;

    /// How long the mock waits, before it exits, for an OpenTelemetry collector to take the last spans.
    TRACES_FLUSH: Duration = Duration::from_secs(2), Milliseconds;

    /// How long the mock waits for stderr to accept the log, before the ready line and before it exits.
    LOG_FLUSH: Duration = Duration::from_millis(500), Milliseconds;

    /// Bytes of a text that a request may carry in one member of its body.
    TEXT: usize = 2 * 1024, Bytes;
    /// Bytes of a text that is a token, a key or an authenticator's answer. `LONG_MEMBERS` in `mock-server/src/bounds.rs`
    /// lists these members.
    LONG_TEXT: usize = 16 * 1024, Bytes;
    /// Bytes of a parameter of a path, of a query, or of a header, once it is decoded.
    PARAMETER: usize = 1024, Bytes;
    /// Parts of a pattern that a request is compared with; a search or an expectation with more is refused.
    PATTERN_PARTS: usize = 50, Count;
    /// Bytes of a JSONPath in a pattern.
    JSON_PATH: usize = 256, Bytes;
    /// Bytes of a compiled regular expression in a pattern.
    REGEX: usize = 64 * 1024, Bytes;
    /// Steps that a search or a check of requests may take to compare patterns with the journal: bytes compared, and 32 for
    /// each value that a JSONPath goes through. One that needs more is refused.
    MATCHING_STEPS: u64 = 1_000_000_000, Count;
    /// Time that such a comparison may take, without the time in which it waits for its turn.
    MATCHING_TIME: Duration = Duration::from_secs(10), Milliseconds;
    /// Such comparisons at one time. They take turns.
    MATCHING_AT_ONCE: usize = 2, Count;
    /// How long a turn of such a comparison takes.
    MATCHING_PIECE: Duration = Duration::from_millis(50), Milliseconds;
    /// Bytes of a value that a check of requests shows; the rest is cut off.
    DIFFERENCE: usize = 512, Bytes;
    /// Unexpected requests that a check of requests shows.
    UNEXPECTED: usize = 100, Count;
    /// Bytes of the text that the control API searches for in a list.
    SEARCH: usize = 256, Bytes;
    /// Words of the text that the control API searches for in the journal.
    SEARCH_WORDS: usize = 8, Count;
    /// Bytes of the header `User-Agent` that the mock keeps; it cuts off the rest.
    USER_AGENT: usize = 512, Bytes;
    /// Bytes of the application's own data (`custom`) in one place, as JSON without spaces.
    CUSTOM: usize = 16 * 1024, Bytes;
    /// Levels of objects and arrays in JSON that the mock keeps as it came: the nodes of a flow, conditions, texts of the
    /// hosted pages, the application's own data. What shows it adds levels, and readers of JSON stop at about 100.
    LEVELS: usize = 64, Count;
    /// Objects and arrays in one body. While the mock reads a body, each takes a hundred times the memory of its text.
    CONTAINERS: usize = 10_000, Count;
    /// Bytes of a file that `stepup-mock load` sends, or more if `--body-limit` allows more.
    LOAD: usize = 32 * 1024 * 1024, Bytes;
    /// Objects and arrays in such a file.
    LOAD_CONTAINERS: usize = 1_000_000, Count;

    /// Users of a tenant at each vendor. A request that would create one more is refused.
    USERS: usize = 100_000, Count;
    /// Bytes that the users of an Authsignal tenant take: ids, attributes, authenticators, devices. The mock refuses
    /// requests that add more.
    USER_BYTES: usize = 64 * 1024 * 1024, Bytes;
    /// Bytes of the ids of an Activeconnect application's users. The mock refuses requests that add more.
    USER_ID_BYTES: usize = 16 * 1024 * 1024, Bytes;
    /// Authenticators of a user. A request that would enrol one more is refused.
    AUTHENTICATORS_PER_USER: usize = 1_000, Count;
    /// Authenticators that a user is enrolling, in all their actions; the oldest leaves first.
    PENDING_PER_USER: usize = 100, Count;
    /// Deleted users of a tenant that the mock remembers, to refuse their tokens. Beyond that, it refuses every token that is
    /// older than the oldest deletion that it remembers.
    DELETIONS: usize = 100_000, Count;
    /// Devices of a user; the oldest leaves first.
    DEVICES_PER_USER: usize = 100, Count;
    /// Actions of a user; the oldest leaves first.
    ACTIONS_PER_USER: usize = 1_000, Count;
    /// Actions of a tenant, so that many new users cannot exceed a bound; the oldest leaves first.
    ACTIONS: usize = 100_000, Count;
    /// Bytes of the texts of a tenant's actions; the oldest leaves first.
    ACTION_BYTES: usize = 64 * 1024 * 1024, Bytes;
    /// Challenges of a user; those that have expired leave first, then the oldest.
    CHALLENGES_PER_USER: usize = 1_000, Count;
    /// Challenges of all users of a tenant, and the same number again of those that the application started without a user. In
    /// each group the oldest leaves first.
    CHALLENGES: usize = 10_000, Count;
    /// Bytes of the texts of the challenges of all users of a tenant, and the same again for those that the application started
    /// without a user. In each group the oldest leaves first.
    CHALLENGE_BYTES: usize = 16 * 1024 * 1024, Bytes;
    /// Challenges of a tenant that a caller started without a token and without the API secret; the oldest of them leaves first.
    CHALLENGES_OF_STRANGERS: usize = 2_000, Count;
    /// Bytes of the texts of a tenant's challenges that a caller started without a token and without the API secret; the oldest
    /// of them leaves first.
    CHALLENGE_BYTES_OF_STRANGERS: usize = 4 * 1024 * 1024, Bytes;
    /// Wrong codes that end a challenge. An action takes as many of an authenticator app, and as many recovery codes. No source
    /// gives the vendor's figure.
    ATTEMPTS: u32 = 10, Count;
    /// Addresses and users of a tenant whose codes the mock counts under `--code-limits`. Beyond that, it forgets the half that
    /// was used longest ago.
    RATES: usize = 100_000, Count;
    /// Open ceremonies of passkeys and security keys of a user; those that have expired leave first, then the oldest.
    CEREMONIES_PER_USER: usize = 100, Count;
    /// Open ceremonies of all users of a tenant; the oldest leaves first.
    CEREMONIES: usize = 10_000, Count;
    /// Bytes of the texts of the open ceremonies of all users of a tenant; the oldest leaves first.
    CEREMONY_BYTES: usize = 16 * 1024 * 1024, Bytes;
    /// Open ceremonies of a tenant that a caller started without a token; the oldest of them leaves first.
    CEREMONIES_OF_STRANGERS: usize = 2_000, Count;
    /// Bytes of the texts of a tenant's open ceremonies that a caller started without a token; the oldest of them leaves first.
    CEREMONY_BYTES_OF_STRANGERS: usize = 4 * 1024 * 1024, Bytes;
    /// Sessions of an Authsignal user; the oldest leaves first.
    SESSIONS_PER_USER: usize = 100, Count;
    /// Sessions of all users of an Authsignal tenant; the oldest leaves first.
    SESSIONS: usize = 20_000, Count;
    /// App clients of an Authsignal tenant with settings of their own.
    APP_CLIENTS: usize = 100, Count;
    /// Custom claims of an app client.
    CUSTOM_CLAIMS: usize = 20, Count;
    /// Expected origins of the passkeys of an Authsignal tenant.
    EXPECTED_ORIGINS: usize = 100, Count;
    /// Issuers of ID tokens that a tenant trusts.
    ID_TOKEN_ISSUERS: usize = 10, Count;
    /// Public keys of such an issuer.
    ID_TOKEN_KEYS: usize = 20, Count;
    /// Ids of the application at such an issuer.
    ID_TOKEN_AUDIENCES: usize = 20, Count;
    /// Failures and other faults set for the next requests of a tenant.
    FAILURES: usize = 100, Count;
    /// Requests that one of them is about.
    FAILURE_TIMES: u32 = 10_000, Count;
    /// Headers of the answers of one of them.
    FAILURE_HEADERS: usize = 10, Count;
    /// Bytes of the body of the answer of a fault.
    FAULT_BODY: usize = 16 * 1024, Bytes;
    /// How late a fault makes an answer at most, and how long the client of one that never comes waits.
    FAULT_DELAY: Duration = Duration::from_secs(600), Milliseconds;
    /// The longest window of a rate limit that is a fault.
    FAULT_WINDOW: Duration = Duration::from_secs(86_400), Milliseconds;
    /// How far a fault takes the time of a request off.
    FAULT_SKEW: Duration = Duration::from_secs(315_360_000), Milliseconds;
    /// Scenarios of a tenant that are still to come, with the outcomes and the facts of its next actions among them.
    SCENARIOS: usize = 300, Count;
    /// How long after a request somebody does what a scenario says.
    SCENARIO_DELAY: Duration = Duration::from_secs(31_536_000), Milliseconds;
    /// What scenarios let people do later, of a tenant at one time; nobody does what comes beyond it.
    DEEDS: usize = 1_000, Count;
    /// Entries of a table of facts that rules read: of addresses, of devices, of users.
    FACTS: usize = 1_000, Count;
    /// Value lists of a tenant.
    LISTS: usize = 100, Count;
    /// Values of a value list.
    LIST_VALUES: usize = 10_000, Count;
    /// Bytes of all value lists of a tenant, as JSON without spaces.
    LIST_BYTES: usize = 1024 * 1024, Bytes;
    /// Custom data points of a tenant.
    DATA_POINTS: usize = 1_000, Count;
    /// Variables of rules that the journal shows of a request, and rules that had no say.
    SHOWN_VARIABLES: usize = 64, Count;
    /// Bytes of the value of such a variable, as JSON, and of the reason of such a rule; the rest is cut off.
    SHOWN_VALUE: usize = 256, Bytes;
    /// Steps that all searches for names that unknown ones probably stand for take in one answer. After them, the mock
    /// suggests none.
    LIKENESS_STEPS: u64 = 1_000_000, Count;

    /// Rules of a tenant.
    RULES: usize = 1_000, Count;
    /// Rules of one action; as many others may be about every action. The vendor has as many priorities.
    RULES_PER_ACTION: usize = 100, Count;
    /// Bytes of all rules of a tenant, as JSON without spaces.
    RULE_BYTES: usize = 1024 * 1024, Bytes;
    /// Warnings about rules in one answer; the rest is left out.
    RULE_WARNINGS: usize = 100, Count;
    /// Bytes of the conditions of a rule, as JSON without spaces.
    RULE: usize = 4 * 1024, Bytes;
    /// Estimated steps that all rules of one action may take together. A rule that would take more does not match. The
    /// slowest rules found took 12 ms in a release build; the tenant waits that long.
    RULE_STEPS: u64 = 400_000, Count;

    /// Flow documents of a tenant, and as many again that others have replaced since.
    FLOWS: usize = 100, Count;
    /// Bytes of the nodes of a flow document, as JSON without spaces. The vendor's Terraform provider has this figure.
    FLOW: usize = 300_000, Bytes;
    /// Rules of a flow document. The vendor's Terraform provider has this figure.
    FLOW_RULES: usize = 98, Count;
    /// Bytes of the flow documents of a tenant, and as many again of those that others have replaced. The oldest of these
    /// leaves first, and the runs that walk it end with it.
    FLOW_BYTES: usize = 16 * 1024 * 1024, Bytes;
    /// Steps of one run of a flow. A run that would take more fails.
    FLOW_STEPS: usize = 100, Count;
    /// Nodes that the mock remembers of the way of one run of a flow; the oldest leaves first.
    FLOW_VISITS: usize = 50, Count;
    /// Action configurations of a tenant.
    ACTION_CONFIGURATIONS: usize = 1_000, Count;
    /// Bytes of the members of all action configurations of a tenant, as JSON without spaces.
    ACTION_CONFIGURATION_BYTES: usize = 1024 * 1024, Bytes;
    /// Deleted action configurations of a tenant whose members come back with their code; the oldest leaves first.
    DELETED_ACTION_CONFIGURATIONS: usize = 100, Count;
    /// Bytes of the settings of a tenant, as JSON without spaces.
    TENANT_SETTINGS: usize = 64 * 1024, Bytes;
    /// Bytes of the theme of a tenant, as JSON without spaces.
    THEME: usize = 64 * 1024, Bytes;
    /// Bytes of the texts that replace those of a tenant's hosted pages, as JSON without spaces.
    MESSAGE_OVERRIDES: usize = 64 * 1024, Bytes;
    /// Bytes of an authenticator configuration of a tenant, as JSON without spaces.
    AUTHENTICATOR_CONFIGURATION: usize = 64 * 1024, Bytes;

    /// Requests of the journal of a tenant that a data directory has; the oldest leaves first.
    JOURNAL_SAVED: usize = 1_000, Count;
    /// How long what no answer waits for, such as a request of the journal, may wait until it is written into the data
    /// directory.
    SAVE_LATER: Duration = Duration::from_secs(1), Milliseconds;
    /// How long the mock waits before it tries again to write into a data directory that could not be written. A request that
    /// changes something tries at once.
    SAVE_AGAIN: Duration = Duration::from_secs(1), Milliseconds;

    /// Deliveries of webhooks of a tenant; those that are settled leave first, then the oldest.
    DELIVERIES: usize = 1_000, Count;
    /// Bytes of the data of a tenant's deliveries; the oldest leaves first.
    DELIVERY_BYTES: usize = 32 * 1024 * 1024, Bytes;
    /// Attempts that the mock keeps of a delivery; the oldest leaves first.
    DELIVERY_ATTEMPTS: usize = 100, Count;
    /// Log events of a tenant that wait for their batch; the oldest leaves first.
    LOGS: usize = 10_000, Count;
    /// Bytes of the data of the log events of a tenant that wait for their batch; the oldest leaves first.
    LOG_BYTES: usize = 16 * 1024 * 1024, Bytes;
    /// Retries of the delivery of a webhook, as the vendor documents.
    RETRIES: usize = 3, Count;
    /// How long a retry of a webhook waits, on the mock's clock, as the vendor documents.
    RETRY_AFTER: SignedDuration = SignedDuration::from_secs(30), Milliseconds;
    /// Log events in one batch, as the vendor documents.
    BATCH: usize = 500, Count;
    /// How long the receiver of a webhook may take. No source gives the vendor's figure.
    DELIVERY_TIME: Duration = Duration::from_secs(10), Milliseconds;
    /// Deliveries of webhooks that run at one time for a tenant; others wait.
    DELIVERIES_AT_ONCE: usize = 64, Count;
    /// Deliveries of webhooks that run at one time to one URL. Others wait, so a slow receiver delays only its own.
    DELIVERIES_TO_RECEIVER: usize = 16, Count;
    /// Deliveries of a tenant at one time that a receiver must take before the mock answers a request. Others wait as long
    /// as a receiver may take, then the mock refuses the request.
    AGREEMENTS_AT_ONCE: usize = 64, Count;
    /// Deliveries of webhooks of all tenants that run at one time. Others wait as long as a receiver may take, then their
    /// attempt fails.
    DELIVERIES_OF_ALL: usize = 128, Count;
    /// Times at which a moved clock stops to deliver what has fallen due; what is left is delivered late.
    ADVANCE_STEPS: usize = 10_000, Count;
    /// Longest time that a request to the control API waits for a first result (`wait`).
    WAIT: Duration = Duration::from_secs(60), Milliseconds;
    /// Longest time that a list of deliveries, or a move of a clock, waits until no delivery is under way or due.
    SETTLING_TIME: Duration = Duration::from_secs(60), Milliseconds;

    /// Sessions kept for each Activeconnect user; ended sessions leave first, then the oldest.
    ACTIVECONNECT_SESSIONS_PER_USER: usize = 100, Count;
    /// Sessions kept for each Activeconnect application; ended sessions leave first, then the oldest.
    ACTIVECONNECT_SESSIONS: usize = 100_000, Count;
    /// Registration links kept for each Activeconnect user; the oldest leaves first.
    LINKS_PER_USER: usize = 16, Count;

    /// Messages kept in the outbox of each tenant; the oldest leaves first.
    OUTBOX: usize = 1_000, Count;
    /// Messages kept of each user in the outbox; the oldest leaves first.
    OUTBOX_PER_USER: usize = 100, Count;

    /// Requests kept in the journal of each tenant; the oldest leaves first.
    JOURNAL: usize = 10_000, Count;
    /// Bytes of a target or of a reason that the journal keeps; the rest is cut off.
    JOURNAL_TEXT: usize = 2048, Bytes;
    /// Bytes of the targets and reasons in the journal of each tenant; the oldest request leaves first.
    JOURNAL_TEXTS: usize = 4 * 1024 * 1024, Bytes;
    /// Bytes of a header that the journal keeps; the rest is cut off.
    JOURNAL_HEADER: usize = 256, Bytes;
    /// Bytes of the other headers of a request that the journal keeps; the rest is left out.
    JOURNAL_HEADERS: usize = 2048, Bytes;
    /// Bytes of a body that the journal keeps; the rest is cut off.
    JOURNAL_BODY: usize = 8 * 1024, Bytes;
    /// Bytes of one block of the journal. A block contains the bodies and headers of several requests.
    JOURNAL_BLOCK: usize = 256 * 1024, Bytes;
    /// Blocks that the journal of each tenant keeps; the oldest leaves first.
    JOURNAL_BLOCKS: u64 = 48, Count;

    /// Warnings in the log of members and query parameters that the spec does not have; the journal has the rest.
    IGNORED_TOLD: usize = 1_000, Count;

    /// Signature nonces that the mock remembers for each tenant; the oldest leaves first.
    NONCES: usize = 262_144, Count;
    /// Signature nonces that the mock remembers of each application, session, device or request that signs; the oldest leaves first.
    NONCES_PER_CLIENT: usize = 131_072, Count;
    /// Tenants of a mock.
    TENANTS: usize = 10_000, Count;
    /// Snapshots of a tenant.
    SNAPSHOTS: usize = 100, Count;
    /// Bytes of all snapshots of a tenant, roughly.
    SNAPSHOT_BYTES: usize = 256 * 1024 * 1024, Bytes;
    /// Bytes of all snapshots of all tenants, roughly.
    SNAPSHOT_BYTES_OF_ALL: usize = 1024 * 1024 * 1024, Bytes;

    /// Bytes of a signature's nonce.
    NONCE: usize = 256, Bytes;

    /// Bytes of the largest message that the mock reads from a WebSocket.
    MESSAGE: usize = 64 * 1024, Bytes;
}

/// Members of bodies whose texts may be as long as [`LONG_TEXT`].
pub const LONG_MEMBERS: [&str; 20] = [
    "accessToken",
    "attestation",
    "attestationObject",
    "authenticatorData",
    "challengeToken",
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

/// How many bytes the text of a member may have.
pub fn text_bound(member: &str) -> usize {
    match member {
        // A file in one text. The bound of the whole resource is the one that counts.
        "serviceAccountKey" => AUTHENTICATOR_CONFIGURATION,
        "template" => THEME,
        _ if LONG_MEMBERS.contains(&member) => LONG_TEXT,
        _ => TEXT,
    }
}

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
    // A value is always JSON, and counting never fails, so this cannot fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

/// Checks that JSON that is kept as it came has few enough levels.
///
/// # Errors
/// It does not.
pub fn shallow(value: &serde_json::Value) -> Result<(), String> {
    if fits(value, LEVELS) {
        return Ok(());
    }
    Err(format!(
        "is nested too deeply; at most {LEVELS} levels are allowed"
    ))
}

fn fits(value: &serde_json::Value, levels: usize) -> bool {
    use serde_json::Value;
    match value {
        Value::Object(_) | Value::Array(_) if levels == 0 => false,
        Value::Object(members) => members.values().all(|member| fits(member, levels - 1)),
        Value::Array(elements) => elements.iter().all(|element| fits(element, levels - 1)),
        _ => true,
    }
}

/// How many bytes the present texts take together.
pub fn lengths<'a>(texts: impl IntoIterator<Item = &'a Option<String>>) -> usize {
    texts.into_iter().flatten().map(String::len).sum()
}

/// The beginning of a text, in whole characters: at most `bytes` bytes.
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

    use super::{BODIES, BODY_UNCOUNTED, LEVELS, all, cut, json_length, shallow};

    /// Names of the constants in the table of this file, and names of other constants.
    fn constants() -> (Vec<&'static str>, Vec<&'static str>) {
        let source = include_str!("bounds.rs");
        let (source, _tests) = source.split_once("#[cfg(test)]").unwrap();
        let name = |text: &'static str| text.split_once(':').map(|(name, _)| name);
        let in_table = source.lines().filter(|line| line.ends_with(';'));
        let in_table = in_table.filter_map(|line| name(line.strip_prefix("    ")?));
        let is_constant = |name: &&str| {
            name.bytes()
                .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
        };
        let others = source.lines().filter_map(|line| line.split_once("const "));
        let others = others.filter_map(|(_, rest)| name(rest));
        (in_table.filter(is_constant).collect(), others.collect())
    }

    #[test]
    fn every_bound_is_in_the_table() {
        let (declared, others) = constants();
        let listed: Vec<&str> = all().map(|bound| bound.name).collect();
        assert_eq!(listed, declared);
        assert_eq!(
            others,
            ["$name", "LONG_MEMBERS"],
            "a constant outside the table"
        );
    }

    #[test]
    fn every_bound_says_what_it_bounds() {
        for bound in all() {
            let text = bound.description;
            assert!(bound.value > 0, "{bound:?}");
            assert!(
                text.starts_with(char::is_uppercase) && text.ends_with('.'),
                "{bound:?}"
            );
            // A link to a constant of this file means nothing to a reader of the control API.
            assert!(
                !text.contains(['[', ']', '\n']) && !text.contains("  "),
                "{bound:?}"
            );
        }
        let bodies = all().find(|bound| bound.value == BODIES as u64).unwrap();
        let uncounted = format!("{} KiB", BODY_UNCOUNTED / 1024);
        assert!(bodies.description.contains(&uncounted), "{bodies:?}");
    }

    #[test]
    fn a_value_is_as_long_as_its_text() {
        for value in [json!({}), json!({"a": [1, null, "é\n"]}), json!("x")] {
            assert_eq!(json_length(&value), value.to_string().len());
        }
    }

    #[test]
    fn json_that_is_kept_has_few_levels() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |inner, _| json!([inner, {}]));
        assert_eq!(shallow(&nested(LEVELS - 1)), Ok(()));
        assert_eq!(
            shallow(&nested(LEVELS)).unwrap_err(),
            "is nested too deeply; at most 64 levels are allowed"
        );
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!((cut("aé", 2), cut("aé", 3), cut("", 5)), ("a", "aé", ""));
    }
}
