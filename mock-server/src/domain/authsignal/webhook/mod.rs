//! Webhooks: what the vendor sends to an application, to which URLs, when, and how often. It must not know
//! networks, signatures or wire formats.
//!
//! | events | how |
//! | --- | --- |
//! | `email.created`, `sms.created`, `push.created` | before the answer; the challenge fails if a receiver does not agree |
//! | `action.verify` | before the answer; the action does not pass if a receiver does not agree |
//! | `authenticator.*` | after the answer, with up to three more tries, 30 s apart |
//! | `action.log_created`, `challenge.log_created` | in batches once the token has expired, then with the same tries |
//!
//! An event that receivers have to agree to is *held*: the message is sent, or the action passes, when they have
//! agreed, in its own transaction. [`passing`](super::passing) does that. Without a configured URL nothing is held and
//! no id is drawn.

mod event;
pub mod made_up;
mod queue;
pub mod receiver;

pub use self::event::{
    ActionLog, AuthenticatorChanged, ChallengeLog, EmailCreated, EmailSecret, Event, EventKind,
    Kind, MatchedRule, Passing, PushCreated, SmsCreated, Surroundings,
};
pub use self::queue::{
    Answer, Attempt, Delivery, Dispatch, Endpoint, Events, EventsRecord, Fault, Progress, Sequel,
    Then,
};

#[cfg(test)]
mod tests;
