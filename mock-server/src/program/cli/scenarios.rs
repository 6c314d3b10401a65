//! `scenarios`: what happens to the next things in a running mock. Knows no operation.

use std::io::Write as _;

use anyhow::Context as _;
use clap::Subcommand;
use serde_json::{Value, json};

use super::failures::OfTenant;
use super::{RunningMock, text};
use crate::program::visible::{visible, visible_json};

/// What to do with planned scenarios.
#[derive(Debug, Subcommand)]
pub(super) enum ScenariosAction {
    /// Show the scenarios that are still to come
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Add a scenario to those that are planned
    Add(Box<Wanted>),
    /// Take a scenario back
    Remove {
        /// Its id, as `list` shows it
        id: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Take all scenarios back
    Clear {
        #[command(flatten)]
        of: OfTenant,
    },
}

/// A scenario: first what it is about, then what happens, which is exactly one thing.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Only what is about this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// Only what is about an action of this code
    #[arg(long, value_name = "CODE")]
    action: Option<String>,
    /// Only messages that travel so
    #[arg(long, value_parser = ["sms", "email", "whatsapp"])]
    channel: Option<String>,
    /// How many of these pass first
    #[arg(long, value_name = "NUMBER")]
    skip: Option<u32>,
    /// To how many it happens [default: 1; a code stays]
    #[arg(long, value_name = "NUMBER")]
    times: Option<u32>,
    /// It happens until it is taken back
    #[arg(long)]
    always: bool,
    /// How the action is decided: ALLOW, BLOCK, CHALLENGE or REVIEW
    #[arg(long)]
    outcome: Option<String>,
    /// What rules read about the action, as JSON, such as `{"ip": {"countryCode": "FR"}}`
    #[arg(long, value_name = "JSON", value_parser = read_json)]
    facts: Option<Value>,
    /// The message does not arrive
    #[arg(long)]
    undelivered: bool,
    /// The code of the message, such as 123456
    #[arg(long, value_name = "DIGITS")]
    code: Option<String>,
    /// What somebody with a phone does
    #[arg(long, value_name = "WHAT", value_parser = ["approve", "deny", "fail", "walk_away", "return"])]
    phone: Option<String>,
    /// How the challenge of the action ends
    #[arg(long, value_name = "END", value_parser = ["succeed", "fail"])]
    challenge: Option<String>,
    /// How long after the request `--phone` or `--challenge` acts, by the clock of the tenant
    #[arg(long, value_name = "SECONDS")]
    after: Option<u32>,
    /// What goes wrong with a request, as JSON, such as `{"operation": "track", "skip": 2, "connection": "timeout"}`
    #[arg(long, value_name = "JSON", value_parser = read_json)]
    fault: Option<Value>,
    #[command(flatten)]
    of: OfTenant,
}

fn read_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("this is not JSON: {error}"))
}

impl Wanted {
    /// The scenario as the control API takes it.
    fn scenario(self) -> Value {
        let mut scenario = json!({
            "userId": self.user,
            "action": self.action,
            "channel": self.channel,
            "skip": self.skip,
            "times": self.times,
            "always": self.always.then_some(true),
            "outcome": self.outcome,
            "facts": self.facts,
            "delivery": self.undelivered.then_some("fails"),
            "code": self.code,
            "phone": self.phone,
            "challenge": self.challenge,
            "afterSeconds": self.after,
            "fault": self.fault,
        });
        if let Some(members) = scenario.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        scenario
    }
}

pub(super) fn run(mock: &RunningMock, action: ScenariosAction) -> anyhow::Result<()> {
    let post = |mut body: Value, of: OfTenant| {
        if let Some(tenant) = of.tenant {
            body["tenant"] = tenant.into();
        }
        mock.call(|http, url| http.post(format!("{url}/_mock/scenarios")).json(&body))
    };
    let answer = match action {
        ScenariosAction::List { of } => {
            let tenant = of.tenant.map(|tenant| ("tenant", tenant));
            let query: Vec<_> = tenant.into_iter().collect();
            let answer =
                mock.call(|http, url| http.get(format!("{url}/_mock/scenarios")).query(&query))?;
            return show(answer["tenants"].as_array().map_or(&[], Vec::as_slice));
        }
        ScenariosAction::Add(mut wanted) => {
            let of = OfTenant {
                tenant: wanted.of.tenant.take(),
            };
            post(json!({"add": true, "scenarios": [wanted.scenario()]}), of)?
        }
        ScenariosAction::Clear { of } => post(json!({"scenarios": []}), of)?,
        ScenariosAction::Remove { id, of } => mock.call(|http, url| {
            let id = percent_encoding::utf8_percent_encode(&id, percent_encoding::NON_ALPHANUMERIC);
            let request = http.delete(format!("{url}/_mock/scenarios/{id}"));
            match &of.tenant {
                Some(tenant) => request.query(&[("tenant", tenant)]),
                None => request,
            }
        })?,
    };
    show(&[answer])
}

fn show(tenants: &[Value]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    for tenant in tenants {
        let name = visible(text(&tenant["tenant"])).into_owned();
        let scenarios = tenant["scenarios"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        if scenarios.is_empty() {
            writeln!(out, "{name}: no scenarios").context("stdout")?;
        }
        for scenario in scenarios {
            let mut said = scenario.clone();
            if let Some(members) = said.as_object_mut() {
                members.remove("id");
            }
            let (id, said) = (visible(text(&scenario["id"])), visible_json(&said));
            writeln!(out, "{name}: {id}: {said}").context("stdout")?;
        }
    }
    Ok(())
}
