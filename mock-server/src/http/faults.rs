//! Faults that are planned for a tenant, as what happens to answers. Knows no API.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::HeaderValue;
use http::{Method, StatusCode};
use serde::Deserialize;

use super::door::Inside;
use super::surface::{Change, Damage, Incoming, Instead, Miss, Operation, Planned, Wreck, Wrong};
use crate::runtime::fault::{Claims, Connection, SchemaChange, WrongSchema};
use crate::runtime::faults::{self, Api, Asked, Taken, Told};
use crate::runtime::ledger::Ledger;

/// The list of all faults.
const FAULTS: &str = "/_mock/faults";

/// What is planned for a request to an operation, if anything is. `bearer` is the user of its token. The mock's own phones
/// are spared: a test plans what happens to its own requests.
pub(super) fn planned(
    ledger: &Ledger,
    api: Api,
    operation: &'static Operation,
    incoming: &Incoming,
    bearer: Option<&str>,
) -> Option<Arc<Planned>> {
    let asked = || {
        let from_inside = incoming.parts.extensions.get::<Inside>().is_some();
        (!from_inside).then_some(Asked {
            api,
            operation: operation.id,
            user: || user(operation, incoming, bearer),
        })
    };
    let taken = ledger.fault(asked)?;
    Some(Arc::new(Planned {
        carried_out: taken.carried_out,
        ahead: taken.ahead,
        told: told(&taken),
        miss: miss(&taken, incoming.parts.method == Method::HEAD),
        wrong: wrong(&taken),
        wreck: wreck(&taken),
        instead: taken
            .instead
            .and_then(|instead| stand_in(instead, taken.carried_out, &taken.told)),
    }))
}

/// The user whom a request is about: in its path, its token or its body.
fn user(operation: &Operation, incoming: &Incoming, bearer: Option<&str>) -> Option<String> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(alias = "userId")]
        user_id: String,
    }
    let path = user_in_path(operation, incoming);
    path.or_else(|| bearer.map(str::to_owned)).or_else(|| {
        let body: Body = serde_json::from_slice(&incoming.body).ok()?;
        Some(body.user_id)
    })
}

/// The user whom a path names.
pub(super) fn user_in_path(operation: &Operation, incoming: &Incoming) -> Option<String> {
    let mut names = operation.path_parameters.iter().map(|(name, _)| *name);
    let name = names.find(|name| matches!(*name, "userId" | "user_id"))?;
    incoming.path_parameter(operation, name).ok()
}

fn stand_in(instead: faults::Instead, carried_out: bool, told: &[Told]) -> Option<Instead> {
    let headers = instead.headers.iter();
    // What is no status or no header was refused when it was planned.
    let headers =
        headers.filter_map(|(name, value)| Some((name.parse().ok()?, value.parse().ok()?)));
    let is_json = instead.body.is_some();
    let body = instead.body.and_then(|body| serde_json::to_vec(&body).ok());
    let body = body.map(Bytes::from).or(instead.text.map(Bytes::from));
    let content_type = match instead.content_type {
        Some(kind) => kind.parse().ok(),
        None if is_json => None,
        None => Some(HeaderValue::from_static("text/plain; charset=utf-8")),
    };
    let (what, list) = match told.iter().find(|told| told.claims.answer) {
        Some(told) if told.is_failure && told.scenario.is_none() => ("failure", "/_mock/failures"),
        Some(told) => ("fault", on_list(told).0),
        None => ("fault", FAULTS),
    };
    let effect = if carried_out {
        "in place of its answer; the mock has carried it out"
    } else {
        "so the mock did not carry it out"
    };
    Some(Instead {
        status: StatusCode::from_u16(instead.status).ok()?,
        error: instead.error,
        headers: headers.collect(),
        content_type: content_type.filter(|_| body.is_some()),
        body,
        retry_after: instead.retry_after,
        why: format!("a {what} that was planned for this request ({list}), {effect}"),
    })
}

fn wrong(taken: &Taken) -> Option<Wrong> {
    match taken.damage.as_ref()? {
        faults::Damage::Malformed => Some(Wrong::Syntax),
        faults::Damage::Schema(WrongSchema { change, member }) => {
            let change = match change {
                SchemaChange::Rename => Change::Rename,
                SchemaChange::Drop => Change::Drop,
                SchemaChange::Null => Change::Null,
                SchemaChange::Type => Change::Type,
            };
            Some(Wrong::Schema(change, member.clone()))
        }
        _ => None,
    }
}

fn wreck(taken: &Taken) -> Option<Wreck> {
    let damage = taken.damage.as_ref().and_then(|damage| match damage {
        faults::Damage::Connection(Connection::ResetBeforeAnswer) => Some(Damage::ResetBefore),
        faults::Damage::Connection(Connection::ResetAfterAnswer) => Some(Damage::ResetAfter),
        faults::Damage::Connection(Connection::Timeout) => Some(Damage::Silence),
        faults::Damage::Truncated(bytes) => Some(Damage::Truncated(*bytes)),
        faults::Damage::Slow(rate) => Some(Damage::Slow(*rate)),
        faults::Damage::Malformed | faults::Damage::Schema(_) => None,
    });
    let by = |decides: fn(Claims) -> bool| {
        let mut told = taken.told.iter();
        told.find(|told| decides(told.claims))
            .map(|told| told.hold.clone())
    };
    (damage.is_some() || taken.delay > Duration::ZERO).then(|| Wreck {
        delay: taken.delay,
        delays: by(|claims| claims.delay),
        damage,
        breaks: by(|claims| claims.damage),
    })
}

/// What holds if there is nothing to break in an answer that a fault is to break.
fn miss(taken: &Taken, is_head: bool) -> Option<Miss> {
    use faults::Damage::{Connection, Malformed, Schema, Slow, Truncated};
    let what = match taken.damage.as_ref()? {
        Connection(_) => return None,
        _ if is_head => "the answer to a HEAD has no body",
        Truncated(_) | Slow(_) | Malformed => "the answer has no body",
        Schema(_) => "the answer has no such member, or the change makes no difference",
    };
    let (breaking, others): (Vec<_>, Vec<_>) = taken
        .told
        .iter()
        .cloned()
        .partition(|told| told.claims.damage);
    let breaking = breaking.into_iter().next()?;
    let rest = Taken {
        damage: None,
        told: match breaking.only_breaks() {
            true => others,
            false => taken.told.clone(),
        },
        ..taken.clone()
    };
    let (list, id) = on_list(&breaking);
    let missed = format!("planned in {list}: {id} broke nothing: {what}");
    Some(Miss {
        told: match rest.told.is_empty() {
            true => format!("{missed}; it stays for another request"),
            false => format!("{missed}; {}", told(&rest)),
        },
        hold: breaking.only_breaks().then_some(breaking.hold),
    })
}

/// The list on which somebody finds a fault, and its id there. A failure is on the list of faults, too.
fn on_list(told: &Told) -> (&'static str, &str) {
    let scenario = told.scenario.as_deref();
    scenario.map_or((FAULTS, &told.id), |id| ("/_mock/scenarios", id))
}

/// What the journal says of a request for which faults were planned.
fn told(taken: &Taken) -> String {
    if let [
        Told {
            is_failure: true,
            left: Some(left),
            scenario: None,
            ..
        },
    ] = taken.told[..]
    {
        return match left {
            0 => "a planned failure, the last of its entry in /_mock/failures".to_owned(),
            left => format!("a planned failure; {left} more of its entry in /_mock/failures"),
        };
    }
    let each = taken.told.iter().map(|told| {
        let left = match told.left {
            None => "until it is taken back".to_owned(),
            Some(0) => "for the last time".to_owned(),
            Some(left) => format!("{left} more"),
        };
        format!("{} ({left})", on_list(told).1)
    });
    let each: Vec<_> = each.collect();
    let mut effects = effects(taken);
    if !taken.carried_out {
        effects.push("not carried out".to_owned());
    }
    let mut lists: Vec<_> = taken.told.iter().map(|told| on_list(told).0).collect();
    lists.sort_unstable();
    lists.dedup();
    format!(
        "planned in {}: {} by {}",
        lists.join(" and "),
        effects.join(", "),
        each.join(", ")
    )
}

/// What happens to an answer, in words.
fn effects(taken: &Taken) -> Vec<String> {
    let mut effects = Vec::new();
    if taken.delay > Duration::ZERO {
        effects.push(format!("{} ms late", taken.delay.as_millis()));
    }
    if let Some(instead) = &taken.instead {
        let status = instead.status;
        effects.push(instead.error.map_or_else(
            || format!("status {status}"),
            |error| format!("status {status} {error}"),
        ));
    }
    if let Some(damage) = &taken.damage {
        effects.push(match damage {
            faults::Damage::Connection(Connection::ResetBeforeAnswer) => {
                "the connection reset before this answer".to_owned()
            }
            faults::Damage::Connection(Connection::ResetAfterAnswer) => {
                "the connection reset after this answer".to_owned()
            }
            faults::Damage::Connection(Connection::Timeout) => "this answer never sent".to_owned(),
            faults::Damage::Truncated(bytes) => format!("cut off after {bytes} bytes"),
            faults::Damage::Slow(rate) => format!("{rate} bytes a second"),
            faults::Damage::Malformed => "malformed JSON".to_owned(),
            faults::Damage::Schema(_) => "an answer against its schema".to_owned(),
        });
    }
    if taken.ahead != 0 {
        effects.push(format!("its time {} s off", taken.ahead));
    }
    if effects.is_empty() {
        effects.push("no delay".to_owned());
    }
    effects
}
