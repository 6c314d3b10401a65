//! The state machine of a session. Knows no user, device or wire format.
//!
//! | from | event | to |
//! | --- | --- | --- |
//! | `pending` | phone starts | `identifying` |
//! | `pending`, `identifying` | data accepted | `active` |
//! | `pending`, `identifying` | data rejected | `failed` |
//! | `pending`, `identifying` | person refuses | `cancelled` |
//! | `pending`, `identifying` | time runs out | `timeout` |
//! | `active` | phone walks away | `walkaway` |
//! | `walkaway` | phone returns | `active` |
//! | `active`, `walkaway` | time runs out | `closed` |
//! | every status that is not over | closed | `closed` |
//!
//! No source draws these; the contract infers them. That a session may be answered without a start, and that a session
//! that has expired reads `closed`, are choices made here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::in_file::counter;
use crate::domain::later;

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[non_exhaustive]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Started, waiting for the phone.
    Pending,
    /// A phone works on it.
    Identifying,
    /// The user is authenticated.
    Active,
    /// Authenticated, and the phone is out of range.
    Walkaway,
    /// The user did not respond.
    Timeout,
    /// The user refused.
    Cancelled,
    /// Authentication failed.
    Failed,
    /// The session was ended.
    Closed,
}

/// What can happen to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A phone opened the request.
    Start,
    /// The phone's data was accepted.
    Accept,
    /// The phone's data was rejected.
    Reject,
    /// The person refused.
    Cancel,
    /// The phone is out of range.
    WalkAway,
    /// The phone is near again.
    Return,
    /// Somebody ended the session.
    Close,
    /// The status has expired.
    RunOut,
}

impl Status {
    /// Every status, in the order of the state machine.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 8] = [
        Self::Pending,
        Self::Identifying,
        Self::Active,
        Self::Walkaway,
        Self::Timeout,
        Self::Cancelled,
        Self::Failed,
        Self::Closed,
    ];

    /// The status after `event`, or `None` if the event does not apply.
    pub(crate) fn after(self, event: Event) -> Option<Self> {
        use Event as E;
        match (self, event) {
            (Self::Pending, E::Start) => Some(Self::Identifying),
            (Self::Pending | Self::Identifying, E::Accept) => Some(Self::Active),
            (Self::Pending | Self::Identifying, E::Reject) => Some(Self::Failed),
            (Self::Pending | Self::Identifying, E::Cancel) => Some(Self::Cancelled),
            (Self::Pending | Self::Identifying, E::RunOut) => Some(Self::Timeout),
            (Self::Active, E::WalkAway) => Some(Self::Walkaway),
            (Self::Walkaway, E::Return) => Some(Self::Active),
            (Self::Active | Self::Walkaway, E::RunOut) => Some(Self::Closed),
            (Self::Pending | Self::Identifying | Self::Active | Self::Walkaway, E::Close) => {
                Some(Self::Closed)
            }
            _ => None,
        }
    }

    /// Waiting for the phone's answer.
    pub fn awaits_phone(self) -> bool {
        matches!(self, Self::Pending | Self::Identifying)
    }

    /// The user counts as authenticated. A session walked away from does: the vendor's documentation asks to refuse
    /// access then, not to log out.
    pub fn authenticated(self) -> bool {
        matches!(self, Self::Active | Self::Walkaway)
    }

    /// Nothing can happen any more.
    pub fn over(self) -> bool {
        !self.awaits_phone() && !self.authenticated()
    }
}

/// The parts of an answer that a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requested {
    /// Confirm a prompt.
    pub acceptance: bool,
    /// Unlock the phone.
    pub os_authentication: bool,
    /// Pictures of the face.
    pub facial: bool,
    /// How long the session lives once it is active, if the caller says so.
    pub life: Option<SignedDuration>,
}

/// What a phone found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The person refused.
    pub cancelled: bool,
    /// The person confirmed the prompt.
    pub acceptance: bool,
    /// The person unlocked the phone.
    pub os_authentication: bool,
    /// How many pictures of the face came.
    pub images: usize,
}

impl Findings {
    /// What these findings do to a session that asked for `requested`.
    pub fn judge(self, requested: Requested) -> Event {
        if self.cancelled {
            return Event::Cancel;
        }
        let given = (!requested.acceptance || self.acceptance)
            && (!requested.os_authentication || self.os_authentication)
            && (!requested.facial || self.images > 0);
        if given { Event::Accept } else { Event::Reject }
    }
}

/// One authentication and its session.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Session {
    /// Its place among all sessions.
    #[serde(deserialize_with = "counter")]
    pub number: u64,
    /// Names the session; its public half.
    pub token: String,
    /// What the session's calls are signed with.
    pub secret: String,
    /// Names the authentication request; its public half.
    pub request_id: String,
    /// What the phone's answer is signed with.
    pub request_secret: String,
    /// What the phone is asked for.
    pub requested: Requested,
    /// When it started.
    pub started: Timestamp,
    status: Status,
    deadline: Timestamp,
    life: SignedDuration,
}

impl Session {
    /// A session that waits for the phone for `wait`, and lives for `life` once it is active.
    pub fn start(
        token: String,
        secret: String,
        request: (String, String),
        requested: Requested,
        now: Timestamp,
        wait: SignedDuration,
        life: SignedDuration,
    ) -> Self {
        Self {
            number: 0,
            token,
            secret,
            request_id: request.0,
            request_secret: request.1,
            requested,
            started: now,
            status: Status::Pending,
            deadline: later(now, wait),
            life,
        }
    }

    /// The status at `now`. Time limits need no timer: they are read off the clock.
    pub fn status(&self, now: Timestamp) -> Status {
        if now < self.deadline {
            return self.status;
        }
        self.status.after(Event::RunOut).unwrap_or(self.status)
    }

    /// When it is over: from the beginning of time on, if something has ended it.
    pub fn ends(&self) -> Timestamp {
        if self.status.over() {
            Timestamp::MIN
        } else {
            self.deadline
        }
    }

    /// Whether it waits for the phone, as long as its time is not over.
    pub fn waits(&self) -> bool {
        self.status.awaits_phone()
    }

    /// When its status expires.
    pub fn deadline(&self) -> Timestamp {
        self.deadline
    }

    /// Applies `event` at `now`, if it applies. Returns whether it did.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> bool {
        let before = self.status(now);
        let Some(after) = before.after(event) else {
            return false;
        };
        if after == Status::Active && before.awaits_phone() {
            self.deadline = later(now, self.life);
        }
        self.status = after;
        true
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jiff::{SignedDuration, Timestamp};

    use super::{Event, Findings, Requested, Session, Status};

    const EVENTS: [Event; 8] = [
        Event::Start,
        Event::Accept,
        Event::Reject,
        Event::Cancel,
        Event::WalkAway,
        Event::Return,
        Event::Close,
        Event::RunOut,
    ];

    fn session() -> Session {
        Session::start(
            "token".into(),
            "secret".into(),
            ("request".into(), "secret".into()),
            Requested {
                acceptance: true,
                ..Requested::default()
            },
            Timestamp::UNIX_EPOCH,
            SignedDuration::from_secs(60),
            SignedDuration::from_secs(3600),
        )
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn every_status_is_reached_and_only_an_ended_one_is_a_dead_end() {
        let mut reached = BTreeSet::from([Status::Pending]);
        loop {
            let next: BTreeSet<_> = reached
                .iter()
                .flat_map(|from| EVENTS.iter().filter_map(|event| from.after(*event)))
                .collect();
            if next.is_subset(&reached) {
                break;
            }
            reached.extend(next);
        }
        assert_eq!(reached, BTreeSet::from(Status::ALL));
        for status in Status::ALL {
            let dead_end = EVENTS.iter().all(|event| status.after(*event).is_none());
            assert_eq!(dead_end, status.over(), "{status:?}");
        }
    }

    #[test]
    fn a_request_that_nobody_answers_times_out_and_an_active_session_closes_at_the_end_of_its_life()
    {
        let mut waiting = session();
        assert!(waiting.apply(Event::Start, at(59)));
        assert_eq!(waiting.status(at(59)), Status::Identifying);
        assert_eq!(waiting.status(at(60)), Status::Timeout);
        assert!(!waiting.apply(Event::Accept, at(60)), "too late to answer");

        let mut active = session();
        assert!(active.apply(Event::Accept, at(30)));
        assert_eq!(active.status(at(3629)), Status::Active);
        assert!(active.apply(Event::WalkAway, at(100)));
        assert!(
            active.apply(Event::Return, at(200)),
            "coming back does not lengthen the life"
        );
        assert_eq!(active.status(at(3630)), Status::Closed);
    }

    #[test]
    fn every_requested_part_must_be_found() {
        let all = Requested {
            acceptance: true,
            os_authentication: true,
            facial: true,
            life: None,
        };
        let found = Findings {
            cancelled: false,
            acceptance: true,
            os_authentication: true,
            images: 1,
        };
        assert_eq!(found.judge(all), Event::Accept);
        for missing in [
            Findings {
                acceptance: false,
                ..found
            },
            Findings {
                os_authentication: false,
                ..found
            },
            Findings { images: 0, ..found },
        ] {
            assert_eq!(missing.judge(all), Event::Reject);
            assert_eq!(missing.judge(Requested::default()), Event::Accept);
        }
        assert_eq!(
            Findings {
                cancelled: true,
                ..found
            }
            .judge(all),
            Event::Cancel
        );
    }
}
