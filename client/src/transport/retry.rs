//! Whether and when to try again, as a pure function of what happened. Must not know HTTP clients,
//! clocks or dice: all of them are arguments.

use std::time::{Duration, SystemTime};

use http::HeaderValue;

use super::RetryClass;

/// Upper bound of the first wait; doubles with each attempt.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// Upper bound of every wait that the server did not ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The least wait after an answer that asks for one in words that cannot be read.
const UNREADABLE_WAIT: Duration = Duration::from_secs(5);

/// The least time that an attempt must have. Less does not reach a vendor and come back.
const SHORTEST_ATTEMPT: Duration = Duration::from_millis(50);

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No connection was made, so nothing was sent.
    Unsent,
    /// Something may have been sent, and no whole answer came back.
    Lost,
    /// An answer came.
    Answered {
        /// Its status.
        status: u16,
        /// The wait it asked for.
        retry_after: RetryAfter,
    },
}

/// What an answer says about when to come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RetryAfter {
    /// Nothing.
    Unsaid,
    /// Something, in none of the forms that RFC 9110 has for it. It asks for a wait, so there is one.
    Unreadable,
    /// After this time.
    Wait(Duration),
}

impl RetryAfter {
    /// The wait that the server asked for in words that can be read.
    pub(crate) fn said(self) -> Option<Duration> {
        match self {
            Self::Wait(wait) => Some(wait),
            Self::Unsaid | Self::Unreadable => None,
        }
    }

    /// The least wait before the next attempt.
    fn least(self) -> Duration {
        match self {
            Self::Unsaid => Duration::ZERO,
            Self::Unreadable => UNREADABLE_WAIT,
            Self::Wait(wait) => wait,
        }
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Try again after this time.
    Wait(Duration),
    /// Hand the outcome to the caller.
    Stop,
}

/// Decides what follows the attempt number `attempt` (the first is 1).
///
/// `retries` is how many more attempts a call may have after its first, `remaining` what is left of
/// the call's time, and `dice` a number from 0 to 1 that spreads the waits of many clients.
///
/// | class | unsent | lost | 429 | 500 to 599 |
/// | --- | --- | --- | --- | --- |
/// | safe, keyed | yes | yes | yes | yes |
/// | never | yes | no | only where the server says when | no |
///
/// This is the policy of the vendor's newest SDKs. They send a request of the last class once; here it is repeated where
/// the server cannot have carried it out.
pub(crate) fn decide(
    class: RetryClass,
    attempt: u32,
    retries: u32,
    outcome: Outcome,
    remaining: Duration,
    dice: f64,
) -> Decision {
    use RetryClass::{Keyed, Never, Safe};

    let hint = match outcome {
        Outcome::Answered { retry_after, .. } => retry_after,
        Outcome::Unsent | Outcome::Lost => RetryAfter::Unsaid,
    };
    let worthwhile = match outcome {
        Outcome::Unsent => true,
        Outcome::Lost => matches!(class, Safe | Keyed),
        Outcome::Answered { status: 429, .. } => match class {
            Safe | Keyed => true,
            // Refused before it was carried out; without a hint, one more attempt is a guess that a
            // counted operation should not pay for.
            Never => hint.said().is_some(),
        },
        Outcome::Answered {
            status: 500..=599, ..
        } => matches!(class, Safe | Keyed),
        Outcome::Answered { .. } => false,
    };
    if !worthwhile || attempt > retries {
        return Decision::Stop;
    }

    let wait = backoff(attempt, dice).max(hint.least());
    // A wait that uses up the call's time cannot end in another attempt, so the caller hears of it
    // now: the answer that there is says more than one that comes too late.
    if wait.saturating_add(SHORTEST_ATTEMPT) < remaining {
        Decision::Wait(wait)
    } else {
        Decision::Stop
    }
}

/// Exponential with full jitter: anything from nothing to the bound.
fn backoff(attempt: u32, dice: f64) -> Duration {
    let doubled = FIRST_WAIT.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1)));
    doubled.min(LONGEST_WAIT).mul_f64(dice.clamp(0.0, 1.0))
}

/// Reads a `Retry-After` value: whole seconds, or an HTTP date in one of its three forms (RFC 9110, 5.6.7), of which the
/// past means now.
pub(crate) fn retry_after(value: &HeaderValue, now: SystemTime) -> RetryAfter {
    let Ok(value) = value.to_str().map(str::trim) else {
        return RetryAfter::Unreadable;
    };
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // More seconds than fit are more than anybody waits.
        let seconds = value.parse().unwrap_or(u64::MAX);
        return RetryAfter::Wait(Duration::from_secs(seconds));
    }
    match httpdate::parse_http_date(value) {
        Ok(date) => RetryAfter::Wait(date.duration_since(now).unwrap_or_default()),
        Err(_) => RetryAfter::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use super::RetryClass::{Keyed, Never, Safe};
    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    fn answered(status: u16) -> Outcome {
        Outcome::Answered {
            status,
            retry_after: RetryAfter::Unsaid,
        }
    }

    fn hinted(status: u16, seconds: u64) -> Outcome {
        Outcome::Answered {
            status,
            retry_after: RetryAfter::Wait(Duration::from_secs(seconds)),
        }
    }

    #[test]
    fn the_table_of_classes_and_outcomes_holds() {
        let rows = [
            (Outcome::Unsent, [true, true, true]),
            (Outcome::Lost, [true, true, false]),
            (answered(429), [true, true, false]),
            (hinted(429, 1), [true, true, true]),
            (answered(502), [true, true, false]),
            (answered(503), [true, true, false]),
            (hinted(503, 1), [true, true, false]),
            (answered(504), [true, true, false]),
            (answered(500), [true, true, false]),
            (hinted(500, 1), [true, true, false]),
            (answered(501), [true, true, false]),
            (answered(599), [true, true, false]),
            (answered(200), [false, false, false]),
            (answered(302), [false, false, false]),
            (answered(400), [false, false, false]),
            (answered(401), [false, false, false]),
            (answered(404), [false, false, false]),
            (answered(408), [false, false, false]),
            (answered(409), [false, false, false]),
            (answered(499), [false, false, false]),
            (answered(600), [false, false, false]),
        ];
        for (outcome, expected) in rows {
            for (class, again) in [Safe, Keyed, Never].into_iter().zip(expected) {
                let decision = decide(class, 1, 2, outcome, LONG, 0.5);
                assert_eq!(decision != Decision::Stop, again, "{class:?} {outcome:?}");
            }
        }
    }

    #[test]
    fn nothing_is_sent_that_cannot_be_answered_in_time() {
        for (millis, again) in [(900, false), (1_000, false), (1_050, false), (1_051, true)] {
            let left = Duration::from_millis(millis);
            let decision = decide(Never, 1, 2, hinted(429, 1), left, 0.0);
            assert_eq!(decision != Decision::Stop, again, "{millis} ms");
        }
    }

    #[test]
    fn attempts_are_counted_from_one_and_bounded_by_the_retries() {
        for (attempt, retries, again) in [
            (1, 0, false),
            (1, 1, true),
            (2, 1, false),
            (2, 2, true),
            (3, 2, false),
        ] {
            let decision = decide(Safe, attempt, retries, answered(503), LONG, 0.5);
            assert_eq!(
                decision != Decision::Stop,
                again,
                "{attempt} of 1 + {retries}"
            );
        }
    }

    #[test]
    fn waits_double_from_100_milliseconds_to_5_seconds_and_are_spread_from_zero() {
        let wait = |attempt, dice| decide(Safe, attempt, 100, answered(503), LONG, dice);
        for (attempt, bound) in [
            (1, 100),
            (2, 200),
            (3, 400),
            (6, 3_200),
            (7, 5_000),
            (40, 5_000),
            (99, 5_000),
        ] {
            assert_eq!(
                wait(attempt, 1.0),
                Decision::Wait(Duration::from_millis(bound))
            );
            assert_eq!(
                wait(attempt, 0.5),
                Decision::Wait(Duration::from_millis(bound / 2))
            );
            assert_eq!(wait(attempt, 0.0), Decision::Wait(Duration::ZERO));
        }
    }

    #[test]
    fn the_servers_wait_counts_where_it_is_longer_than_our_own() {
        assert_eq!(
            decide(Safe, 1, 2, hinted(429, 7), LONG, 1.0),
            Decision::Wait(Duration::from_secs(7))
        );
        assert_eq!(
            decide(Safe, 1, 2, hinted(429, 0), LONG, 1.0),
            Decision::Wait(FIRST_WAIT)
        );
    }

    #[test]
    fn a_wait_that_does_not_fit_into_the_calls_time_ends_the_call() {
        assert_eq!(
            decide(Safe, 1, 2, hinted(503, 20), LONG, 0.0),
            Decision::Stop
        );
        assert_eq!(
            decide(Never, 1, 2, hinted(429, 3600), LONG, 0.0),
            Decision::Stop
        );
        assert_eq!(
            decide(Safe, 1, 2, answered(503), Duration::from_millis(50), 1.0),
            Decision::Stop
        );
        assert_eq!(
            decide(Safe, 1, 2, Outcome::Unsent, Duration::ZERO, 0.0),
            Decision::Stop
        );
    }

    #[test]
    fn retry_after_is_read_in_every_form_and_what_cannot_be_read_means_wait() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_767);
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 5 ", Some(5)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:27 GMT", Some(0)),
            ("Sun, 06 Nov 1983 08:49:27 GMT", Some(0)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(10)),
            ("Sun Nov  6 08:49:37 1994", Some(10)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 06 Nov 1994 08:49:37 +0100", None),
            ("", None),
        ] {
            let read = |seconds| RetryAfter::Wait(Duration::from_secs(seconds));
            let header = HeaderValue::from_str(value).unwrap();
            assert_eq!(
                retry_after(&header, now),
                expected.map_or(RetryAfter::Unreadable, read),
                "{value:?}"
            );
        }
        let foreign = HeaderValue::from_bytes(b"\xff").unwrap();
        assert_eq!(retry_after(&foreign, now), RetryAfter::Unreadable);

        let unreadable = |status| Outcome::Answered {
            status,
            retry_after: RetryAfter::Unreadable,
        };
        let wait = Decision::Wait(UNREADABLE_WAIT);
        assert_eq!(decide(Safe, 1, 2, unreadable(503), LONG, 0.5), wait);
        assert_eq!(
            decide(Never, 1, 2, unreadable(429), LONG, 0.5),
            Decision::Stop
        );
    }
}
