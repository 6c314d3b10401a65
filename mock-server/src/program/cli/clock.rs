//! `clock` and `reset`: the time of a running mock's tenants, and the way back to its start. Knows no operation.

use anyhow::Context as _;
use clap::Subcommand;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Value, json};

use super::{RunningMock, say, text};

/// What to do with a clock.
#[derive(Debug, Subcommand)]
pub(super) enum ClockAction {
    /// Show the time
    Show,
    /// Stop the clock
    Freeze {
        /// The time to stop it at, such as 2030-01-01T00:00:00Z [default: the time it shows]
        #[arg(value_parser = time)]
        time: Option<Timestamp>,
    },
    /// Let the clock run again, from the time it shows
    Release,
    /// Set the clock to a time, such as 2030-01-01T00:00:00Z
    Set {
        /// The time
        #[arg(value_parser = time)]
        time: Timestamp,
    },
    /// Move the clock forward, and send the webhooks that fall due on its way
    Advance {
        /// How far, such as `90s`, `10m` or `1h 30m`, to the millisecond
        #[arg(value_parser = forward)]
        by: SignedDuration,
    },
}

/// Whose clock it is.
#[derive(Debug, clap::Args)]
pub(super) struct OfTenant {
    /// The tenant [default: the mock's own clock, and those of all tenants]
    #[arg(long, global = true, value_name = "ID")]
    tenant: Option<String>,
}

fn time(text: &str) -> Result<Timestamp, String> {
    let end = Timestamp::constant(253_370_764_800, 0);
    let time: Option<Timestamp> = text.parse().ok();
    time.filter(|time| *time <= end).ok_or_else(|| {
        format!(
            "write it as 2030-01-01T00:00:00Z, or with an offset as 2030-01-01T01:00:00+01:00; a clock ends at {end}"
        )
    })
}

fn forward(text: &str) -> Result<SignedDuration, String> {
    let span: Option<Span> = text.parse().ok();
    // A clock knows no months, which differ in length.
    let by = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
    let by = by.ok_or("write it with units, such as `90s`, `10m`, `1h 30m` or `2d`")?;
    if by.is_negative() {
        return Err("a clock goes back with `clock set`".to_owned());
    }
    Ok(by)
}

pub(super) fn run(mock: &RunningMock, of: OfTenant, action: ClockAction) -> anyhow::Result<()> {
    let mut change = match action {
        ClockAction::Show => {
            let answer = mock.call(|http, url| {
                http.get(format!("{url}/_mock/clock"))
                    .query(&[("tenant", &of.tenant)])
            })?;
            return show(&answer);
        }
        ClockAction::Freeze { time: None } => json!({"freeze": true}),
        ClockAction::Freeze { time: Some(time) } => json!({"freeze": true, "time": time}),
        ClockAction::Release => json!({"freeze": false}),
        ClockAction::Set { time } => json!({"time": time}),
        ClockAction::Advance { by } => {
            let milliseconds = i64::try_from(by.as_millis()).context("that is too far")?;
            json!({"advanceMilliseconds": milliseconds})
        }
    };
    if let Some(tenant) = of.tenant {
        change["tenant"] = tenant.into();
    }
    let answer = mock.call(|http, url| http.post(format!("{url}/_mock/clock")).json(&change))?;
    show(&answer)
}

fn show(answer: &Value) -> anyhow::Result<()> {
    let frozen = match answer["frozen"].as_bool() {
        Some(true) => "  frozen",
        _ => "",
    };
    say(&format!("{}{frozen}", text(&answer["now"])))
}

/// Restores the startup state of a tenant or of the mock.
pub(super) fn reset(mock: &RunningMock, tenant: Option<String>) -> anyhow::Result<()> {
    let said = match &tenant {
        Some(tenant) => format!("{tenant} is as it began"),
        None => "the mock is as it started".to_owned(),
    };
    mock.call(|http, url| {
        http.post(format!("{url}/_mock/reset"))
            .query(&[("tenant", &tenant)])
    })?;
    say(&said)
}
