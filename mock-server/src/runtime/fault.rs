//! One fault that a test plans, in the form that seeds, the control API and Rust share, and whether it can be. Knows no
//! request.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::strict;
use crate::bounds::{
    FAILURE_HEADERS, FAILURE_TIMES, FAULT_BODY, FAULT_DELAY, FAULT_SKEW, FAULT_WINDOW, PARAMETER,
    json_length, shallow,
};
use crate::generated::mock_control;
use crate::generated::{activeconnect, authsignal, authsignal_client, authsignal_management};
use crate::likeness::nearest;
use crate::wire::errors;

/// How far the delays of a fault spread around their median, at most. It has a fraction, so no table of bounds has it.
const SIGMA: f64 = 3.0;

/// Headers that say how an answer travels. Another value would break the connection and not the client's patience.
const OF_CONNECTION: [&str; 9] = [
    "connection",
    "content-length",
    "content-type",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Statuses whose answers have no body.
const WITHOUT_BODY: [u16; 3] = [204, 205, 304];

/// An API of a vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Api {
    /// Activeconnect.
    Activeconnect,
    /// Authsignal's Server API.
    Authsignal,
    /// Authsignal's Client API.
    AuthsignalClient,
    /// Authsignal's Management API.
    AuthsignalManagement,
}

impl Api {
    const ALL: [Self; 4] = [
        Self::Activeconnect,
        Self::Authsignal,
        Self::AuthsignalClient,
        Self::AuthsignalManagement,
    ];

    /// Ids of its operations.
    fn operations(self) -> impl Iterator<Item = &'static str> {
        let all = match self {
            Self::Activeconnect => activeconnect::operations::ALL,
            Self::Authsignal => authsignal::operations::ALL,
            Self::AuthsignalClient => authsignal_client::operations::ALL,
            Self::AuthsignalManagement => authsignal_management::operations::ALL,
        };
        all.iter().map(|operation| operation.id)
    }

    /// Ids of the operations whose requests can be about a user: one in the path, the body, or a token of the Client API.
    fn about_users(self) -> impl Iterator<Item = &'static str> {
        let (all, schemas) = match self {
            Self::Activeconnect => (
                activeconnect::operations::ALL,
                &activeconnect::routes::SCHEMAS,
            ),
            Self::Authsignal => (authsignal::operations::ALL, &authsignal::routes::SCHEMAS),
            Self::AuthsignalClient => (
                authsignal_client::operations::ALL,
                &authsignal_client::routes::SCHEMAS,
            ),
            Self::AuthsignalManagement => (
                authsignal_management::operations::ALL,
                &authsignal_management::routes::SCHEMAS,
            ),
        };
        let is_user = |name: &str| matches!(name, "userId" | "user_id");
        let in_body = move |body: &str| {
            let schemas = &schemas.read()["components"]["schemas"];
            let members = schemas[body]["properties"].as_object();
            // A body of several forms says nothing at once.
            members.is_none_or(|members| members.keys().any(|name| is_user(name)))
        };
        let about_user = all.iter().filter(move |operation| {
            let mut in_path = operation.path_parameters.iter();
            self == Self::AuthsignalClient
                || in_path.any(|(name, _)| is_user(name))
                || operation.body.is_some_and(in_body)
        });
        about_user.map(|operation| operation.id)
    }
}

/// How late an answer is, in milliseconds: fixed, between two, or spread around a median.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Latency {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
}

/// How many requests pass in how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RateLimit {
    pub count: u64,
    pub seconds: u64,
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Connection {
    ResetBeforeAnswer,
    ResetAfterAnswer,
    Timeout,
}

/// What is wrong with a member of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum SchemaChange {
    Rename,
    Drop,
    Null,
    Type,
}

/// How an answer breaks its schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WrongSchema {
    pub change: SchemaChange,
    /// By its name or as a JSON Pointer; without it, the first one by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
}

/// Something that goes wrong with some requests. The members are those of the control API, which describes each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fault {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<Api>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency: Option<Latency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carried_out: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<Connection>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub truncate_after: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_per_second: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub malformed: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong_schema: Option<WrongSchema>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skew_seconds: Option<i64>,
}

/// What a fault decides of a request. Of each, the first fault of a list decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claims {
    pub delay: bool,
    pub answer: bool,
    pub damage: bool,
    pub time: bool,
}

impl Claims {
    fn any(self) -> bool {
        self.delay || self.answer || self.damage || self.time
    }

    /// Whether both decide the same of a request.
    pub fn overlap(self, other: Self) -> bool {
        (self.delay && other.delay)
            || (self.answer && other.answer)
            || (self.damage && other.damage)
            || (self.time && other.time)
    }

    /// What either decides.
    pub fn with(self, other: Self) -> Self {
        Self {
            delay: self.delay || other.delay,
            answer: self.answer || other.answer,
            damage: self.damage || other.damage,
            time: self.time || other.time,
        }
    }
}

impl Fault {
    /// Whether it is a status and headers for the next requests, and so has the short form.
    pub fn is_failure(&self) -> bool {
        let short = Self {
            id: self.id.clone(),
            operation: self.operation.clone(),
            times: self.times,
            status: self.status,
            headers: self.headers.clone(),
            ..Self::default()
        };
        self.status.is_some_and(|status| status >= 400) && self.times.is_some() && *self == short
    }

    /// What it decides of a request.
    pub fn claims(&self) -> Claims {
        Claims {
            delay: self.latency.is_some(),
            answer: self.stands_in() || self.rate_limit.is_some(),
            damage: self.damages() > 0,
            time: self.skew_seconds.is_some(),
        }
    }

    /// Whether it has an answer of its own.
    fn stands_in(&self) -> bool {
        self.status.is_some() || self.error.is_some()
    }

    /// Whether it lets the mock carry a request out.
    pub fn carries_out(&self) -> bool {
        self.carried_out
            .unwrap_or(!(self.stands_in() || self.rate_limit.is_some()))
    }

    /// How many things it breaks.
    fn damages(&self) -> usize {
        let each = [
            self.connection.is_some(),
            self.truncate_after.is_some(),
            self.bytes_per_second.is_some(),
            self.malformed == Some(true),
            self.wrong_schema.is_some(),
        ];
        each.into_iter().filter(|one| *one).count()
    }

    /// What it is once it is planned: with the number of requests that it applies to.
    pub fn completed(mut self) -> Self {
        let always =
            self.always == Some(true) || (self.rate_limit.is_some() && self.times.is_none());
        self.always = always.then_some(true);
        self.times = if always { None } else { self.times.or(Some(1)) };
        self.skip = self.skip.filter(|skip| *skip > 0);
        self.malformed = self.malformed.filter(|malformed| *malformed);
        self
    }

    /// Whether it can be.
    ///
    /// # Errors
    /// It cannot; the text begins with the place in it.
    pub fn check(&self) -> Result<(), String> {
        self.check_requests()?;
        self.check_answer()?;
        if let Some(latency) = &self.latency {
            latency.check().map_err(|why| format!("/latency{why}"))?;
        }
        if let Some(RateLimit { count, seconds }) = self.rate_limit {
            within("/rateLimit/count", count, 0, u64::from(FAILURE_TIMES))?;
            within("/rateLimit/seconds", seconds, 1, FAULT_WINDOW.as_secs())?;
        }
        if self.skew_seconds == Some(0) {
            return Err("/skewSeconds: 0; so nothing goes wrong".to_owned());
        }
        if let Some(skew) = self.skew_seconds
            && skew.unsigned_abs() > FAULT_SKEW.as_secs()
        {
            let most = FAULT_SKEW.as_secs();
            return Err(format!(
                "/skewSeconds: {skew}; it must be from -{most} to {most}"
            ));
        }
        if self.bytes_per_second == Some(0) {
            return Err("/bytesPerSecond: 0; it must be at least 1".to_owned());
        }
        self.check_together()?;
        self.check_breakage()
    }

    /// Which requests it is about.
    fn check_requests(&self) -> Result<(), String> {
        for (place, text) in [("/id", &self.id), ("/userId", &self.user_id)] {
            if let Some(text) = text
                && !(1..=PARAMETER).contains(&text.len())
            {
                let length = text.len();
                return Err(format!(
                    "{place}: has {length} bytes; it must have from 1 to {PARAMETER}"
                ));
            }
        }
        strict::addressable(self.id.as_deref()).map_err(|why| format!("/id: {why}"))?;
        if let Some(operation) = &self.operation {
            NoOperation::check(operation, self.api).map_err(|why| format!("/operation: {why}"))?;
        }
        if let (Some(operation), Some(_)) = (&self.operation, &self.user_id) {
            let apis = Api::ALL
                .into_iter()
                .filter(|one| self.api.is_none_or(|api| api == *one));
            if !apis.flat_map(Api::about_users).any(|one| one == operation) {
                return Err(format!(
                    "/userId: a request to {operation} names no user in its path, token or body, so the fault would \
                     never apply"
                ));
            }
        }
        if let Some(times) = self.times {
            within("/times", times.into(), 1, FAILURE_TIMES.into())?;
        }
        if let Some(skip) = self.skip {
            within("/skip", skip.into(), 0, FAILURE_TIMES.into())?;
        }
        if self.always == Some(true) && self.times.is_some() {
            return Err(
                "/times: a fault applies so many times, or always: leave one out".to_owned(),
            );
        }
        match self.probability {
            Some(likely) if !(likely > 0.0 && likely <= 1.0) => Err(format!(
                "/probability: {likely:?}; it must be more than 0 and at most 1"
            )),
            _ => Ok(()),
        }
    }

    /// The answer of its own.
    fn check_answer(&self) -> Result<(), String> {
        if let Some(error) = &self.error {
            if errors::named(error).is_none() {
                let names: Vec<_> = errors::ALL.iter().map(|(name, _)| *name).collect();
                return Err(format!(
                    "/error: Authsignal has no such error; use one of: {}",
                    names.join(", ")
                ));
            }
            if self.is_of_activeconnect() {
                return Err(
                    "/error: errors of Activeconnect have no names; use `status`".to_owned(),
                );
            }
        }
        if let Some(status) = self.status {
            within("/status", status.into(), 200, 599)?;
        }
        if self.headers.len() > FAILURE_HEADERS {
            let count = self.headers.len();
            return Err(format!(
                "/headers: there are {count}; at most {FAILURE_HEADERS} are kept"
            ));
        }
        for (name, value) in &self.headers {
            header(name, value)?;
        }
        if let Some(kind) = &self.content_type
            && (kind.len() > PARAMETER || !is_visible(kind))
        {
            return Err(format!(
                "/contentType: must be at most {PARAMETER} visible ASCII characters"
            ));
        }
        self.check_body()
    }

    /// Whether it can only be about requests to Activeconnect.
    fn is_of_activeconnect(&self) -> bool {
        let is_of = |api| {
            let operation = self.operation.as_deref();
            operation.is_some_and(|own| NoOperation::check(own, Some(api)).is_err())
        };
        self.api == Some(Api::Activeconnect)
            || Api::ALL
                .into_iter()
                .filter(|api| *api != Api::Activeconnect)
                .all(is_of)
    }

    fn check_body(&self) -> Result<(), String> {
        let (place, length) = match (&self.body, &self.text) {
            (Some(_), Some(_)) => {
                return Err(
                    "/text: the answer has a body already, in `body`; leave one out".to_owned(),
                );
            }
            (Some(body), None) => {
                let body = Value::Object(body.clone());
                shallow(&body).map_err(|why| format!("/body: {why}"))?;
                ("/body", json_length(&body))
            }
            (None, Some(text)) => ("/text", text.len()),
            (None, None) if self.content_type.is_some() => {
                return Err("/contentType: there is no `body` and no `text` that has it".to_owned());
            }
            (None, None) => return Ok(()),
        };
        if length > FAULT_BODY {
            return Err(format!(
                "{place}: has {length} bytes; it must have at most {FAULT_BODY}"
            ));
        }
        if self.error.is_some() {
            return Err(format!(
                "{place}: `error` has a body of its own; use `status` with this one"
            ));
        }
        match self.status {
            Some(status) if WITHOUT_BODY.contains(&status) => Err(format!(
                "{place}: an answer with status {status} has no body"
            )),
            _ => Ok(()),
        }
    }

    /// Whether it can break something. The answer of an operation shows only later what it has.
    fn check_breakage(&self) -> Result<(), String> {
        let of_body = [
            ("/truncateAfter", self.truncate_after.is_some()),
            ("/bytesPerSecond", self.bytes_per_second.is_some()),
            ("/malformed", self.malformed == Some(true)),
            ("/wrongSchema", self.wrong_schema.is_some()),
        ];
        if let Some((place, _)) = of_body.into_iter().find(|(_, there)| *there)
            && let Some(status) = self.status
        {
            let has_text = self.text.as_deref().is_some_and(|text| !text.is_empty());
            let has_body = self.body.is_some() || has_text || self.error.is_some();
            // An error without a body of its own has the vendor's.
            let has_vendors = status >= 400 && self.text.is_none();
            if WITHOUT_BODY.contains(&status) || !(has_body || has_vendors) {
                return Err(format!(
                    "{place}: the answer with status {status} has no body to break"
                ));
            }
        }
        let Some(wrong) = &self.wrong_schema else {
            return Ok(());
        };
        if self.text.is_some() {
            return Err("/wrongSchema: the answer is `text`, which has no members".to_owned());
        }
        let Some(member) = &wrong.member else {
            return Ok(());
        };
        let escapes = member.split('~').skip(1);
        let is_pointer = member.starts_with('/');
        if is_pointer && !escapes.clone().all(|rest| rest.starts_with(['0', '1'])) {
            return Err(
                "/wrongSchema/member: is no JSON Pointer; after ~ stands 0 for ~, or 1 for /"
                    .to_owned(),
            );
        }
        let has = |body: &Map<String, Value>| match is_pointer {
            true => Value::Object(body.clone()).pointer(member).is_some(),
            false => body.contains_key(member),
        };
        match self.body.as_ref().is_none_or(has) {
            true => Ok(()),
            false => Err("/wrongSchema/member: `body` has no such member".to_owned()),
        }
    }

    /// Whether its effects go together.
    fn check_together(&self) -> Result<(), String> {
        if !self.claims().any() {
            return Err(
                ": nothing goes wrong; say what: latency, error, status, rateLimit, connection, truncateAfter, \
                 bytesPerSecond, malformed, wrongSchema or skewSeconds"
                    .to_owned(),
            );
        }
        let stands_in = self.stands_in();
        if self.rate_limit.is_some() && stands_in {
            return Err(
                "/rateLimit: its answer is a 429; leave `status` and `error` out".to_owned(),
            );
        }
        for (place, there) in [
            ("/headers", !self.headers.is_empty()),
            ("/body", self.body.is_some()),
            ("/text", self.text.is_some()),
        ] {
            if there && !stands_in {
                return Err(format!(
                    "{place}: say the `status` of the answer that has it"
                ));
            }
        }
        if self.damages() > 1 {
            return Err(
                ": only one of connection, truncateAfter, bytesPerSecond, malformed and wrongSchema can be; plan a fault \
                 for each"
                    .to_owned(),
            );
        }
        let silent = matches!(
            self.connection,
            Some(Connection::ResetBeforeAnswer | Connection::Timeout)
        );
        if self.carried_out == Some(false) && !stands_in && !silent {
            return Err(
                "/carriedOut: an answer needs a request that is carried out, or a `status` or an `error` in its place"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

impl Latency {
    fn check(&self) -> Result<(), String> {
        let most = u64::try_from(FAULT_DELAY.as_millis()).unwrap_or(u64::MAX);
        for (place, delay) in [
            ("/milliseconds", self.milliseconds),
            ("/minMilliseconds", self.min_milliseconds),
            ("/maxMilliseconds", self.max_milliseconds),
            ("/medianMilliseconds", self.median_milliseconds),
        ] {
            if let Some(delay) = delay {
                within(place, delay, 0, most)?;
            }
        }
        if let Some(sigma) = self.sigma
            && !(0.0..=SIGMA).contains(&sigma)
        {
            // In this form, a large number has few digits.
            return Err(format!("/sigma: {sigma:?}; it must be from 0 to {SIGMA}"));
        }
        let longest = [
            self.milliseconds,
            self.max_milliseconds,
            self.median_milliseconds,
        ];
        if longest.into_iter().flatten().all(|delay| delay == 0) && longest != [None; 3] {
            return Err(": 0 milliseconds; so nothing goes wrong".to_owned());
        }
        match *self {
            Self {
                milliseconds: Some(_),
                min_milliseconds: None,
                max_milliseconds: None,
                median_milliseconds: None,
                sigma: None,
            }
            | Self {
                milliseconds: None,
                min_milliseconds: None,
                max_milliseconds: None,
                median_milliseconds: Some(_),
                ..
            } => Ok(()),
            Self {
                milliseconds: None,
                min_milliseconds: Some(least),
                max_milliseconds: Some(most),
                median_milliseconds: None,
                sigma: None,
            } if least <= most => Ok(()),
            _ => Err(
                ": say `milliseconds`, or `minMilliseconds` with a `maxMilliseconds` that is not less, or \
                 `medianMilliseconds`, with or without `sigma`"
                    .to_owned(),
            ),
        }
    }
}

fn within(place: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!(
        "{place}: {value}; it must be from {least} to {most}"
    ))
}

/// Why no request can have an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoOperation {
    /// Another API has it.
    OfOtherApi,
    /// The control API has it.
    OfControl,
    /// No API has it; perhaps another one was meant.
    Unknown(Option<&'static str>),
}

impl fmt::Display for NoOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfOtherApi => {
                f.write_str("the API in `api` has no such operation, but another one has")
            }
            Self::OfControl => {
                f.write_str("this is an operation of the control API, which does not fail")
            }
            Self::Unknown(Some(best)) => write!(
                f,
                "no vendor has such an operation; the journal names the operation of each request; did you mean {best}?"
            ),
            Self::Unknown(None) => f.write_str(
                "no vendor has such an operation; the journal names the operation of each request, and docs/coverage.md \
                 lists all",
            ),
        }
    }
}

impl NoOperation {
    /// Checks that an API of a vendor has an operation, or that one.
    ///
    /// # Errors
    /// It does not.
    pub fn check(operation: &str, api: Option<Api>) -> Result<(), Self> {
        let of = |api: Option<Api>| {
            let apis = Api::ALL.into_iter();
            apis.filter(move |one| api.is_none_or(|api| api == *one))
                .flat_map(Api::operations)
        };
        if of(api).any(|known| known == operation) {
            return Ok(());
        }
        if of(None).any(|known| known == operation) {
            return Err(Self::OfOtherApi);
        }
        let mut own = mock_control::operations::ALL.iter();
        if own.any(|own| own.id == operation) {
            return Err(Self::OfControl);
        }
        let meant = of_words(operation, of(None)).or_else(|| nearest(operation, of(None)));
        Err(Self::Unknown(meant))
    }
}

/// The operation all of whose words are in a name, and the longest of these: SDKs call `track` `trackAction`.
fn of_words(name: &str, operations: impl Iterator<Item = &'static str>) -> Option<&'static str> {
    let words: String = name
        .chars()
        .take(PARAMETER)
        .flat_map(|one| {
            [
                one.is_ascii_uppercase().then_some('_'),
                Some(one.to_ascii_lowercase()),
            ]
        })
        .flatten()
        .collect();
    let has = |word: &str| {
        words
            .split(|one: char| !one.is_ascii_alphanumeric())
            .any(|one| one == word)
    };
    operations
        .filter(|operation| operation.split('_').all(has))
        .max_by_key(|operation| operation.len())
}

fn is_visible(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// Checks a header. The reason does not repeat its value.
fn header(name: &str, value: &str) -> Result<(), String> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > PARAMETER || !name.bytes().all(is_token) {
        return Err("/headers: a name is none of a header".to_owned());
    }
    if OF_CONNECTION.contains(&&*name.to_ascii_lowercase()) {
        return Err(format!("/headers/{name}: the mock sets this header itself"));
    }
    if value.len() > PARAMETER || !is_visible(value) {
        return Err(format!(
            "/headers/{name}: the value must be at most {PARAMETER} visible ASCII characters"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Fault, NoOperation};

    #[test]
    fn an_unknown_operation_is_told_which_one_was_meant() {
        for (name, meant) in [
            ("trackAction", Some("track")),
            ("track_action", Some("track")),
            ("validateChallenge", Some("validate_challenge")),
            ("getUser", Some("get_user")),
            ("updateActionState", Some("update_action")),
            ("get_usr", Some("get_user")),
            ("TRACK", Some("track")),
            ("x", None),
            ("", None),
        ] {
            let refused = NoOperation::check(name, None).unwrap_err();
            assert_eq!(refused, NoOperation::Unknown(meant), "{name}");
        }
    }

    fn why(fault: Value) -> String {
        let fault: Fault = serde_json::from_value(fault).unwrap();
        fault.check().unwrap_err()
    }

    #[test]
    fn what_cannot_fail_so_is_refused_with_its_place() {
        let unknown = why(json!({"status": 503, "operation": "trak"}));
        assert!(
            unknown.starts_with("/operation: no vendor has"),
            "{unknown}"
        );
        assert!(unknown.ends_with("did you mean track?"), "{unknown}");
        let own = why(json!({"status": 503, "operation": "get_health"}));
        assert!(own.contains("control API"), "{own}");
        for (fault, place) in [
            (json!({"status": 503, "times": 0}), "/times: 0"),
            (json!({"status": 503, "times": 10_001}), "/times: 10001"),
            (
                json!({"status": 503, "times": 1, "always": true}),
                "/times: a fault",
            ),
            (json!({"status": 503, "skip": 10_001}), "/skip: 10001"),
            (json!({"status": 199}), "/status: 199"),
            (json!({"status": 600}), "/status: 600"),
            (json!({"status": 503, "id": ""}), "/id: has 0 bytes"),
            (
                json!({"status": 503, "userId": "x".repeat(1025)}),
                "/userId: has 1025",
            ),
            (
                json!({"status": 503, "probability": 0.0}),
                "/probability: 0",
            ),
            (
                json!({"status": 503, "probability": 1.5}),
                "/probability: 1.5",
            ),
            (
                json!({"status": 503, "probability": 1e308}),
                "/probability: 1e308; it must be more than 0",
            ),
            (
                json!({"status": 503, "api": "authsignal-client", "operation": "track"}),
                "/operation: the API in `api`",
            ),
            (
                json!({"error": "too_many"}),
                "/error: Authsignal has no such",
            ),
            (
                json!({"error": "conflict", "api": "activeconnect"}),
                "/error: errors of",
            ),
            (
                json!({"error": "conflict", "text": "x"}),
                "/text: `error` has",
            ),
            (
                json!({"status": 200, "text": "x", "body": {}}),
                "/text: the answer has",
            ),
            (
                json!({"status": 200, "text": "x".repeat(16_385)}),
                "/text: has 16385",
            ),
            (
                json!({"status": 200, "contentType": "a/b"}),
                "/contentType: there is no",
            ),
            (
                json!({"headers": {"a": "b"}, "malformed": true}),
                "/headers: say",
            ),
            (json!({}), ": nothing goes wrong"),
            (json!({"malformed": false}), ": nothing goes wrong"),
            (json!({"skewSeconds": 0}), "/skewSeconds: 0"),
            (
                json!({"latency": {"milliseconds": 0}}),
                "/latency: 0 milliseconds",
            ),
            (
                json!({"latency": {"minMilliseconds": 0, "maxMilliseconds": 0}}),
                "/latency: 0 milliseconds",
            ),
            (
                json!({"status": 503, "userId": "ada", "operation": "get_challenge"}),
                "/userId: a request to get_challenge",
            ),
            (
                json!({"error": "not_found", "operation": "authenticate_user"}),
                "/error: errors of",
            ),
            (
                json!({"status": 204, "text": "x"}),
                "/text: an answer with status 204 has no body",
            ),
            (
                json!({"status": 304, "body": {}}),
                "/body: an answer with status 304",
            ),
            (
                json!({"status": 204, "malformed": true}),
                "/malformed: the answer with status 204",
            ),
            (
                json!({"status": 200, "truncateAfter": 1}),
                "/truncateAfter: the answer with",
            ),
            (
                json!({"status": 503, "text": "", "bytesPerSecond": 1}),
                "/bytesPerSecond: the answer",
            ),
            (
                json!({"status": 200, "text": "x", "wrongSchema": {"change": "drop"}}),
                "/wrongSchema: the answer is `text`",
            ),
            (
                json!({"wrongSchema": {"change": "drop", "member": "/a/~2"}}),
                "/wrongSchema/member: is no JSON Pointer",
            ),
            (
                json!({"status": 200, "body": {"a": 1}, "wrongSchema": {"change": "drop", "member": "b"}}),
                "/wrongSchema/member: `body` has no",
            ),
            (json!({"latency": {}}), "/latency: say"),
            (
                json!({"latency": {"milliseconds": 600_001}}),
                "/latency/milliseconds: 600001",
            ),
            (
                json!({"latency": {"minMilliseconds": 2, "maxMilliseconds": 1}}),
                "/latency: say",
            ),
            (
                json!({"latency": {"medianMilliseconds": 2, "sigma": 1e308}}),
                "/latency/sigma: 1e308; it must be from 0 to 3",
            ),
            (
                json!({"rateLimit": {"count": 1, "seconds": 0}}),
                "/rateLimit/seconds: 0",
            ),
            (
                json!({"rateLimit": {"count": 1, "seconds": 1}, "status": 400}),
                "/rateLimit: its answer",
            ),
            (json!({"bytesPerSecond": 0}), "/bytesPerSecond: 0"),
            (
                json!({"malformed": true, "truncateAfter": 1}),
                ": only one of",
            ),
            (
                json!({"malformed": true, "carriedOut": false}),
                "/carriedOut: an answer",
            ),
            (
                json!({"skewSeconds": 315_360_001}),
                "/skewSeconds: 315360001",
            ),
        ] {
            let why = why(fault);
            assert!(why.starts_with(place), "{why}");
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("Content-Length", "5"),
            ("x", "line\nbreak"),
            ("x", &"y".repeat(1025)),
        ] {
            let why = why(json!({"status": 503, "headers": {name: value}}));
            assert!(why.starts_with("/headers"), "{why}");
        }
    }

    #[test]
    fn only_an_error_for_the_next_requests_has_the_short_form() {
        let is = |fault| {
            let fault: Fault = serde_json::from_value(fault).unwrap();
            fault.completed().is_failure()
        };
        assert!(is(json!({"status": 503})));
        assert!(is(
            json!({"id": "x", "operation": "track", "times": 2, "status": 429, "headers": {"a": "b"}})
        ));
        for other in [
            json!({"status": 200}),
            json!({"status": 503, "always": true}),
            json!({"status": 503, "skip": 1}),
            json!({"status": 503, "userId": "ada"}),
            json!({"error": "conflict"}),
            json!({"latency": {"milliseconds": 1}}),
        ] {
            assert!(!is(other.clone()), "{other}");
        }
    }
}
