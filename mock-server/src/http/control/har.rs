//! The journal in the format HTTP Archive 1.2. It only reads.

use http::StatusCode;
use serde_json::{Map, Value, json};
use url::form_urlencoded;

use super::admission::ControlApi;
use super::listing::journal_detail;
use super::words::{limit, number};
use crate::generated::mock_control::routes as api;
use crate::generated::mock_control::types as wire;
use crate::sim::phone::Trouble;

impl ControlApi {
    pub(super) async fn har(
        &self,
        request: &api::ExportHarRequest,
    ) -> Result<wire::HttpArchive, Trouble> {
        let since = self.app.since(number(request.after));
        let most = request.limit.map_or(usize::MAX, |most| limit(Some(most)));
        let read = self.read(request.tenant.as_deref(), since, most)?;
        let mut entries = Vec::new();
        for (ledger, found) in read.entries.iter().rev() {
            let carried = self.app.contents(ledger.as_deref(), found);
            let detail = journal_detail(ledger.as_deref(), found, carried.as_ref());
            entries.push(entry(&detail, found.version.name()));
            tokio::task::yield_now().await;
        }
        let creator = json!({"name": "stepup-mock", "version": env!("CARGO_PKG_VERSION")});
        let log = json!({"version": "1.2", "creator": creator, "entries": entries});
        Ok(wire::HttpArchive(Map::from_iter([("log".to_owned(), log)])))
    }
}

fn entry(request: &wire::JournalDetail, version: &str) -> Value {
    let listed = &request.entry;
    let status = u16::try_from(listed.status).ok();
    let reason = status.and_then(|status| StatusCode::from_u16(status).ok());
    let mut entry = json!({
        "startedDateTime": listed.at,
        "time": 0,
        "request": sent(request, version),
        "response": {
            "status": listed.status,
            "statusText": reason.and_then(|status| status.canonical_reason()).unwrap_or_default(),
            "httpVersion": version,
            "cookies": [],
            "headers": [],
            "content": content(request.answer.as_ref()),
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": request.answer.as_ref().map_or(-1, |body| body.length),
        },
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
        "_number": listed.number,
        "_api": listed.api,
    });
    let own = [
        ("_tenant", &listed.tenant),
        ("_operation", &listed.operation),
        ("_userId", &listed.user_id),
        ("_reason", &listed.reason),
        ("_warning", &listed.warning),
    ];
    for (name, value) in own {
        if let (Some(value), Value::Object(entry)) = (value, &mut entry) {
            entry.insert(name.to_owned(), value.as_str().into());
        }
    }
    entry
}

fn sent(request: &wire::JournalDetail, version: &str) -> Value {
    let listed = &request.entry;
    let named = |name: &str, value: &Option<String>| {
        value
            .as_ref()
            .map(|value| json!({"name": name, "value": value}))
    };
    let headers = request.headers.iter().flatten();
    let host = headers.clone().find(|header| header.name == "host");
    let host = host.map_or("localhost", |header| &header.value);
    let headers = headers.map(|header| json!({"name": header.name, "value": header.value}));
    let headers: Vec<_> = [
        named("user-agent", &request.user_agent),
        named("content-type", &request.content_type),
        named("authorization", &request.credentials),
    ]
    .into_iter()
    .flatten()
    .chain(headers)
    .collect();
    let query = listed.target.split_once('?').map_or("", |(_, query)| query);
    let query = form_urlencoded::parse(query.as_bytes());
    let query: Vec<_> = query
        .map(|(name, value)| json!({"name": name, "value": value}))
        .collect();
    let mut sent = json!({
        "method": listed.method,
        "url": format!("http://{host}{}", listed.target),
        "httpVersion": version,
        "cookies": [],
        "headers": headers,
        "queryString": query,
        "headersSize": -1,
        "bodySize": request.request.as_ref().map_or(-1, |body| body.length),
    });
    let body = request.request.as_ref().filter(|body| body.length > 0);
    if let (Some(body), Value::Object(sent)) = (body, &mut sent) {
        let kind = request.content_type.as_deref().unwrap_or_default();
        let data = json!({"mimeType": kind, "params": [], "text": body.text});
        sent.insert("postData".to_owned(), commented(data, body));
    }
    sent
}

fn content(answer: Option<&wire::CarriedBody>) -> Value {
    let (size, text) = answer.map_or((0, ""), |body| (body.length, body.text.as_str()));
    let content = json!({"size": size, "mimeType": "application/json", "text": text});
    match answer {
        Some(body) => commented(content, body),
        None => content,
    }
}

/// What the archive has of a body, and in words why that is not all of it. The bytes themselves stay out: in what is not
/// text, the mock cannot find the secrets that it has to mask.
fn commented(mut shown: Value, body: &wire::CarriedBody) -> Value {
    if let (Some(why), Value::Object(members)) = (&body.cut, &mut shown) {
        let comment = format!("a body of {} bytes: {why}", body.length);
        members.insert("comment".to_owned(), comment.into());
    }
    shown
}
