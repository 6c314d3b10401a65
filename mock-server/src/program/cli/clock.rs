//! `clock` and `reset`: the time of a running mock's tenants, and the way back to its start. Knows no operation.

use std::str::FromStr;

use anyhow::Context as _;
use clap::Subcommand;
use jiff::{SignedDuration, Span, SpanRelativeTo, Timestamp};
use serde_json::{Value, json};

use super::{RunningMock, say, text};
use crate::iso8601;

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
    match text.parse::<Timestamp>() {
        Ok(time) if time <= end => Ok(time),
        Ok(_) => Err(format!("a clock ends at {end}; give an earlier time")),
        Err(_) => {
            let fault = iso8601::fault(text).map_or(String::new(), |fault| format!("it {fault}; "));
            Err(format!(
                "{fault}write it as 2030-01-01T00:00:00Z, or with an offset as 2030-01-01T01:00:00+01:00; a clock ends at {end}"
            ))
        }
    }
}

/// How long something takes: seconds, or a number with its unit.
pub(super) fn seconds(text: &str) -> Result<u32, String> {
    let seconds = match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => text.parse().ok(),
        false => {
            let by = forward(text).ok().filter(|by| by.subsec_nanos() == 0);
            by.and_then(|by| u32::try_from(by.as_secs()).ok())
        }
    };
    seconds.ok_or_else(|| {
        "write whole seconds, such as `90`, or a time with its unit, such as `90s`, `10m` or `1h`".to_owned()
    })
}

/// A whole number.
pub(super) fn whole<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_| "write a whole number, such as `3`, that is not too large".to_owned())
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

#[cfg(test)]
mod tests {
    use super::{seconds, time, whole};

    #[test]
    fn a_time_that_is_none_is_refused_with_what_is_wrong_with_it() {
        for (text, told) in [
            ("9999", "it is a year alone; write it as"),
            (
                "9999-01-02T00:00:00Z",
                "a clock ends at 9999-01-01T00:00:00Z; give an earlier time",
            ),
            (
                "9999-12-31T00:00:00Z",
                "it is beyond what a clock can show; write",
            ),
            (
                "2030-02-29",
                "it names a day that does not exist; write it as",
            ),
            ("tomorrow", "write it as 2030-01-01T00:00:00Z"),
        ] {
            let refused = time(text).unwrap_err();
            assert!(refused.starts_with(told), "{refused}");
        }
        assert!(time("2030-02-28T00:00:00Z").is_ok());
    }

    #[test]
    fn seconds_may_have_a_unit() {
        for (text, read) in [
            ("90", 90),
            ("90s", 90),
            ("1h", 3600),
            ("1m 30s", 90),
            ("0", 0),
        ] {
            assert_eq!(seconds(text), Ok(read), "{text}");
        }
        for text in ["", "x", "-1", "1500ms", "4294967296", "1 month"] {
            let refused = seconds(text).unwrap_err();
            assert!(refused.starts_with("write whole seconds"), "{text}");
        }
        assert_eq!(whole::<u16>("7"), Ok(7));
        assert!(whole::<u16>("70000").is_err() && whole::<u32>("x").is_err());
    }
}
