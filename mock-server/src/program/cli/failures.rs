//! `failures`: which of the next requests to a running mock fail. Knows no operation.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::clock::whole;
use super::{RunningMock, text};
use crate::program::visible::{visible, visible_json};

/// What to do with planned failures.
#[derive(Debug, Subcommand)]
pub(super) enum FailuresAction {
    /// Show the failures that are still to come
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Let the next requests fail, in place of what was planned before
    Set {
        /// Operation that fails, as the journal names it [default: every operation]
        operation: Option<String>,
        /// Status of the answers
        #[arg(long, default_value_t = 503)]
        status: u16,
        /// How many requests fail
        #[arg(long, default_value_t = 1, value_parser = whole::<u32>)]
        times: u32,
        /// Header of the answers, such as `Retry-After: 0`; repeat it for several
        #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
        header: Vec<(String, String)>,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Let no more requests fail
    Clear {
        #[command(flatten)]
        of: OfTenant,
    },
}

/// The tenant whose requests are meant.
#[derive(Debug, clap::Args)]
pub(super) struct OfTenant {
    /// The tenant; needed if the mock has several
    #[arg(long, value_name = "ID")]
    pub(super) tenant: Option<String>,
}

pub(super) fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once(':')
        .ok_or("write it as `NAME: VALUE`, such as `Retry-After: 0`")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(super) fn run(mock: &RunningMock, action: FailuresAction) -> anyhow::Result<()> {
    let (failures, of) = match action {
        FailuresAction::List { of } => {
            let answer = mock.call(|http, url| {
                http.get(format!("{url}/_mock/failures"))
                    .query(&[("tenant", &of.tenant)])
            })?;
            return show(answer["tenants"].as_array().map_or(&[], Vec::as_slice));
        }
        FailuresAction::Clear { of } => (json!([]), of),
        FailuresAction::Set {
            operation,
            status,
            times,
            header,
            of,
        } => {
            let headers: Map<_, _> = header
                .into_iter()
                .map(|(name, value)| (name, value.into()))
                .collect();
            let mut failure = json!({"status": status, "times": times, "headers": headers});
            if let Some(operation) = operation {
                failure["operation"] = operation.into();
            }
            (json!([failure]), of)
        }
    };
    let mut body = json!({"failures": failures});
    if let Some(tenant) = of.tenant {
        body["tenant"] = tenant.into();
    }
    let answer = mock.call(|http, url| http.post(format!("{url}/_mock/failures")).json(&body))?;
    show(&[answer])
}

fn show(tenants: &[Value]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for tenant in tenants {
        let name = visible(text(&tenant["tenant"])).into_owned();
        let failures = tenant["failures"].as_array().map_or(&[][..], Vec::as_slice);
        if failures.is_empty() {
            writeln!(out, "{name}: no failures").context("stdout")?;
        }
        for failure in failures {
            let operation = failure["operation"].as_str().unwrap_or("every operation");
            let [times, status] = ["times", "status"].map(|key| visible_json(&failure[key]));
            let headers = failure.get("headers").map(visible_json);
            let headers = headers.map_or(String::new(), |headers| format!(" with {headers}"));
            let operation = visible(operation);
            writeln!(
                out,
                "{name}: {operation} answers {status}{headers}, {times} times"
            )
            .context("stdout")?;
        }
    }
    Ok(())
}
