//! `faults`: what goes wrong with the next requests to a running mock. Knows no operation.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::clock::whole;
use super::failures::{OfTenant, header};
use super::plan::Plan;
use super::{RunningMock, path_segment};

/// What to do with planned faults.
#[derive(Debug, Subcommand)]
pub(super) enum FaultsAction {
    /// Show the faults that are still to come
    List {
        #[command(flatten)]
        of: OfTenant,
    },
    /// Add a fault to those that are planned
    Add(Box<Wanted>),
    /// Take a fault back
    Remove {
        /// Its id, as `list` shows it
        #[arg(value_parser = path_segment)]
        id: String,
        #[command(flatten)]
        of: OfTenant,
    },
    /// Take all faults back
    Clear {
        #[command(flatten)]
        of: OfTenant,
    },
}

/// A fault: first the requests that it is about, then what goes wrong.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Operation, as the journal names it [default: every operation]
    operation: Option<String>,
    /// Only requests to this API
    #[arg(long, value_name = "API", value_parser = ["activeconnect", "authsignal", "authsignal-client", "authsignal-management"])]
    api: Option<String>,
    /// Only requests about this user
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// How many of these requests pass first
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u32>)]
    skip: Option<u32>,
    /// How many requests it applies to [default: 1]
    #[arg(long, value_name = "NUMBER", value_parser = whole::<u32>, conflicts_with = "always")]
    times: Option<u32>,
    /// It applies until it is taken back
    #[arg(long)]
    always: bool,
    /// How likely it applies, such as 0.3
    #[arg(long, value_name = "PROBABILITY")]
    probability: Option<f64>,
    /// How late the answer is: `300`, or `100-500` for anything between
    #[arg(long, value_name = "MILLISECONDS", value_parser = latency)]
    latency: Option<Value>,
    /// An error of Authsignal by its name, such as `too_many_requests`
    #[arg(long, value_name = "NAME")]
    error: Option<String>,
    /// Status of the answer
    #[arg(long, value_parser = whole::<u16>)]
    status: Option<u16>,
    /// Header of the answer, such as `Retry-After: 0`; repeat it for several
    #[arg(long, value_name = "NAME: VALUE", value_parser = header)]
    header: Vec<(String, String)>,
    /// Body of the answer, as text
    #[arg(long)]
    text: Option<String>,
    /// Media type of the text
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// So many requests pass in so long, such as `10/60` in a minute; the others get a 429
    #[arg(long, value_name = "COUNT/SECONDS", value_parser = rate_limit)]
    rate_limit: Option<Value>,
    /// Carry the request out, although `--status` or `--error` stands in for its answer
    #[arg(long)]
    carried_out: bool,
    /// What happens to the connection
    #[arg(long, value_name = "WHAT", value_parser = ["reset_before_answer", "reset_after_answer", "timeout"])]
    connection: Option<String>,
    /// The body ends after so many bytes
    #[arg(long, value_name = "BYTES", value_parser = whole::<u64>)]
    truncate_after: Option<u64>,
    /// The body takes its time
    #[arg(long, value_name = "BYTES", value_parser = whole::<u64>)]
    bytes_per_second: Option<u64>,
    /// The body is not JSON
    #[arg(long)]
    malformed: bool,
    /// The body breaks its schema: `rename`, `drop`, `null` or `type`, with a member if you name one, as in `drop:state`
    #[arg(long, value_name = "CHANGE[:MEMBER]", value_parser = wrong_schema)]
    wrong_schema: Option<Value>,
    /// By how many seconds the time of the request is ahead; behind, if negative
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = whole::<i64>)]
    skew_seconds: Option<i64>,
    #[command(flatten)]
    of: OfTenant,
}

fn latency(text: &str) -> Result<Value, String> {
    let number = |text: &str| text.trim().parse::<u64>();
    let read = match text.split_once('-') {
        Some((least, most)) => number(least).and_then(|least| {
            let most = number(most)?;
            Ok(json!({"minMilliseconds": least, "maxMilliseconds": most}))
        }),
        None => number(text).map(|fixed| json!({"milliseconds": fixed})),
    };
    read.map_err(|_| "write it in milliseconds, as `300` or `100-500`".to_owned())
}

fn rate_limit(text: &str) -> Result<Value, String> {
    let read = text.split_once('/').and_then(|(count, seconds)| {
        let (count, seconds): (u64, u64) =
            (count.trim().parse().ok()?, seconds.trim().parse().ok()?);
        Some(json!({"count": count, "seconds": seconds}))
    });
    read.ok_or_else(|| "write it as `COUNT/SECONDS`, such as `10/60`".to_owned())
}

fn wrong_schema(text: &str) -> Result<Value, String> {
    let (change, member) = match text.split_once(':') {
        Some((change, member)) => (change, Some(member)),
        None => (text, None),
    };
    if !["rename", "drop", "null", "type"].contains(&change) {
        return Err("the change is rename, drop, null or type".to_owned());
    }
    let mut wrong = json!({"change": change});
    if let Some(member) = member {
        wrong["member"] = member.into();
    }
    Ok(wrong)
}

impl Wanted {
    /// The fault as the control API takes it.
    fn fault(self) -> Value {
        let headers: Map<_, _> = self
            .header
            .into_iter()
            .map(|(name, value)| (name, value.into()))
            .collect();
        let said = |flag: bool| flag.then_some(true);
        let mut fault = json!({
            "operation": self.operation,
            "api": self.api,
            "userId": self.user,
            "skip": self.skip,
            "times": self.times,
            "always": said(self.always),
            "probability": self.probability,
            "latency": self.latency,
            "error": self.error,
            "status": self.status,
            "headers": Some(headers).filter(|headers| !headers.is_empty()),
            "text": self.text,
            "contentType": self.content_type,
            "rateLimit": self.rate_limit,
            "carriedOut": said(self.carried_out),
            "connection": self.connection,
            "truncateAfter": self.truncate_after,
            "bytesPerSecond": self.bytes_per_second,
            "malformed": said(self.malformed),
            "wrongSchema": self.wrong_schema,
            "skewSeconds": self.skew_seconds,
        });
        if let Some(members) = fault.as_object_mut() {
            members.retain(|_, value| !value.is_null());
        }
        fault
    }
}

pub(super) fn run(mock: &RunningMock, action: FaultsAction) -> anyhow::Result<()> {
    let plan = Plan::new(mock, "faults");
    match action {
        FaultsAction::List { of } => plan.show(&of),
        FaultsAction::Add(mut wanted) => {
            let of = OfTenant {
                tenant: wanted.of.tenant.take(),
            };
            plan.add(wanted.fault(), of)
        }
        FaultsAction::Clear { of } => plan.clear(of),
        FaultsAction::Remove { id, of } => plan.remove(&id, &of),
    }
}
