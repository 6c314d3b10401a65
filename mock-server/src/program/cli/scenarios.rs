//! `scenarios`: what happens to the next things in a running mock. Knows no operation.

use clap::{ArgGroup, Subcommand};
use serde_json::{Value, json};

use super::clock::{seconds, whole};
use super::failures::OfTenant;
use super::plan::Plan;
use super::{RunningMock, path_segment};

/// What to do with planned scenarios.
#[derive(Debug, Subcommand)]
pub(super) enum ScenariosAction {
    /// Show the scenarios that are still to come
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Add a scenario to those that are planned
    ///
    /// It replaces none of them. `POST /_mock/authsignal/next-outcome` and `next-facts` do replace what they planned before
    /// for the same user and action.
    Add(Box<Wanted>),
    /// Take a scenario back
    Remove {
        /// Its id, as `list` shows it
        #[arg(value_parser = path_segment)]
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
#[group(skip)]
#[command(group = ArgGroup::new("effect").required(true).args([
    "outcome", "facts", "undelivered", "code", "phone", "challenge", "fault",
]))]
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
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u32>)]
    skip: Option<u32>,
    /// To how many it happens [default: 1; a code stays]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u32>, conflicts_with = "always")]
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
    /// How long after the request `--phone` or `--challenge` acts, by the clock of the tenant: seconds, or a time such as `1h`
    #[arg(long, value_name = "TIME", value_parser = seconds)]
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
    let plan = Plan::new(mock, "scenarios");
    match action {
        ScenariosAction::List { of } => plan.show(&of),
        ScenariosAction::Add(mut wanted) => {
            let of = OfTenant {
                tenant: wanted.of.tenant.take(),
            };
            plan.add(wanted.scenario(), of)
        }
        ScenariosAction::Clear { of } => plan.clear(of),
        ScenariosAction::Remove { id, of } => plan.remove(&id, &of),
    }
}
