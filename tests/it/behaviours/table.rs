//! The rows of `table.yaml`: which client does what, how a row is arranged, and what it expects. Must not play them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::spec;

/// The table, as it is written.
pub(super) fn text() -> String {
    fs::read_to_string(spec::workspace().join("tests/it/behaviours/table.yaml")).unwrap()
}

/// What a row is about. Each area has rows.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(super) enum Area {
    Retry,
    Idempotency,
    TimeOuts,
    Redirects,
    Redaction,
    Encoding,
    Pagination,
    UnknownWords,
    PartialBodies,
    Proxies,
    Sessions,
}

impl Area {
    pub(super) const ALL: [Self; 11] = [
        Self::Retry,
        Self::Idempotency,
        Self::TimeOuts,
        Self::Redirects,
        Self::Redaction,
        Self::Encoding,
        Self::Pagination,
        Self::UnknownWords,
        Self::PartialBodies,
        Self::Proxies,
        Self::Sessions,
    ];

    /// The fewest rows that say something about an area.
    pub(super) const FEWEST: usize = 4;
}

/// A client, by the name of its type.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(super) enum ClientType {
    Authsignal,
    AuthsignalClient,
    AuthsignalManagement,
    Activeconnect,
    MockControl,
}

/// A behaviour.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) area: Area,
    /// Each of them plays the row.
    pub(super) clients: Vec<ClientType>,
    /// What the client does, for readers.
    pub(super) does: String,
    /// Where it is said that it should.
    pub(super) because: String,
    #[serde(default)]
    pub(super) arranged: Arranged,
    #[serde(default)]
    pub(super) options: Options,
    pub(super) call: Call,
    #[serde(default)]
    pub(super) with: Arguments,
    pub(super) expect: Expected,
}

/// What is there before the call.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Arranged {
    /// The tenant, in the words of seeds. Without one, it has ada, who has a phone at both vendors.
    pub(super) seed: Option<Value>,
    /// In the words of the control API.
    pub(super) faults: Vec<Value>,
    /// Whether the client notices nothing of the faults, so that all is as without them.
    pub(super) unnoticed: bool,
    /// In the words of the control API.
    pub(super) scenarios: Vec<Value>,
    /// Whether the phone approves the Activeconnect session, which the call is about.
    pub(super) phone_approves: bool,
    /// The server of the client, if it is not the mock.
    pub(super) server: Option<String>,
    /// The proxy that the application chooses.
    pub(super) proxy: Option<String>,
    /// Variables of the environment. Such a row is played in a process of its own.
    pub(super) environment: BTreeMap<String, String>,
}

/// What the application sets.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Options {
    pub(super) retries: Option<u32>,
    pub(super) retry_budget: Option<u32>,
    pub(super) keyed_retries: Option<bool>,
    pub(super) attempt_timeout_ms: Option<u64>,
    pub(super) call_timeout_ms: Option<u64>,
    pub(super) app_name: Option<String>,
    /// Changes the HTTP client so that it would follow redirects.
    pub(super) wants_redirects: bool,
    /// Gives the client an HTTP client that is built already.
    pub(super) own_http_client: bool,
    pub(super) call: Option<OptionsOfCall>,
}

/// `CallOptions`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OptionsOfCall {
    pub(super) retries: Option<u32>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) attempt_timeout_ms: Option<u64>,
    pub(super) idempotency_key: Option<String>,
    pub(super) headers: BTreeMap<String, String>,
}

/// A call that every client in question has in its way. `calls.rs` makes them.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// A call that only reads.
    Read,
    /// As `Read`, of the thing of an id.
    ReadById,
    /// A call of which each request counts or costs.
    Write,
    /// A call that changes something, and may be repeated.
    Set,
    Delete,
    SendRaw,
    Track,
    UpdateAction,
    Challenge,
    Verify,
    FindUsers,
    PageByPage,
    StreamUsers,
    ValidateSession,
    RefreshSession,
    RevokeSession,
    VerifySessionToken,
    Authenticate,
    SessionStatus,
    SessionWait,
    SessionDestroy,
    SavedSession,
}

/// What a call is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Arguments {
    /// How often the same call is made, one after the other.
    pub(super) times: usize,
    pub(super) id: String,
    pub(super) key: Option<String>,
    pub(super) email: Option<String>,
    pub(super) limit: Option<u32>,
    pub(super) after: Option<String>,
    pub(super) custom: Map<String, Value>,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) deadline_ms: u64,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            times: 1,
            id: "ada".to_owned(),
            key: None,
            email: None,
            limit: None,
            after: None,
            custom: Map::new(),
            method: "GET".to_owned(),
            path: String::new(),
            deadline_ms: 30_000,
        }
    }
}

/// What is seen after the call. What a row leaves out may be anything, but without `error` there is none.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expected {
    /// The kind of the error.
    pub(super) error: Option<String>,
    /// Exactly the `is_` methods of the error that say yes, in the order of the alphabet.
    pub(super) is: Option<Vec<String>>,
    /// The status that the error has, or that the call ended with.
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) request_id: Option<String>,
    /// In seconds.
    pub(super) retry_after: Option<u64>,
    /// The whole text of the error.
    pub(super) message: Option<String>,
    /// How many requests each call took, as the function of `on_call` is told; of the mock's client, as its error says.
    pub(super) attempts: Option<Vec<u32>>,
    /// What the answer has; it may have more.
    pub(super) value: Option<Value>,
    /// How many requests the mock's journal has.
    pub(super) requests: Option<usize>,
    /// Method and target of each request.
    pub(super) targets: Option<Vec<String>>,
    /// The last segment of the path of each request.
    pub(super) last_segment: Option<String>,
    /// What the headers of the requests are like.
    pub(super) headers: BTreeMap<String, Likeness>,
    /// What members of the bodies of the requests are like, by JSON Pointer.
    pub(super) body: BTreeMap<String, Likeness>,
    /// How many users and actions the tenant has more than before.
    pub(super) new_users: Option<i64>,
    pub(super) new_actions: Option<i64>,
    /// Texts that the error, the answer, the client or its metrics show, and that none of them does.
    pub(super) shows: Vec<String>,
    pub(super) hides: Vec<String>,
    /// Members of the answer, by JSON Pointer, that are not shown.
    pub(super) hides_members: Vec<String>,
}

/// What something is like that each request has.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
pub(super) enum Likeness {
    /// The same in all; there are several.
    Same,
    /// Another in each; there are several.
    Different,
    /// In none.
    Absent,
    /// This in all.
    Is(Value),
    /// In all, a text that begins so.
    Begins(String),
    /// In each, what its body has at this JSON Pointer.
    AsInBody(String),
}

/// The rows of a table as JSON, which a play fills with its own names.
pub(super) fn raw_rows(table: &str) -> Result<Vec<Value>, String> {
    let rows: Value = yaml_serde::from_str(table).map_err(|error| error.to_string())?;
    serde_json::from_value(rows).map_err(|error| error.to_string())
}

/// A row, which may have no member that nothing reads.
pub(super) fn row(raw: &Value) -> Result<Row, String> {
    let row = Row::deserialize(raw);
    row.map_err(|error| format!("{}: {error}", raw["id"]))
}

/// What is wrong with a table as such.
pub(super) fn faults_of(rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for area in Area::ALL {
        let number = rows.iter().filter(|row| row.area == area).count();
        if number < Area::FEWEST {
            faults.push(format!("{area:?} has {number} rows, of {}", Area::FEWEST));
        }
    }
    let mut ids = BTreeSet::new();
    for row in rows {
        if !ids.insert(&row.id) {
            faults.push(format!("{} is there twice", row.id));
        }
        if row.clients.is_empty() || row.does.is_empty() || row.because.is_empty() {
            faults.push(format!("{} lacks a client or a text", row.id));
        }
    }
    faults
}
