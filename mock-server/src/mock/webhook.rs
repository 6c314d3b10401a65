//! Deliveries of webhooks as values. Sends nothing.

use std::fmt;

use jiff::Timestamp;

use crate::domain::authsignal::webhook::{self, Answer, Progress, receiver};
use crate::runtime::delivery::body;
use crate::runtime::part::AuthsignalPart;

/// An event, or a batch of events, on its way to the receiver of a webhook, as
/// [`AuthsignalTenant::webhook_deliveries`](crate::AuthsignalTenant::webhook_deliveries) reads it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookDelivery {
    /// Its running number in the tenant, from 1.
    pub number: u64,
    /// The type of its event, such as `email.created`.
    pub event_type: &'static str,
    /// The URL that it goes to, without credentials and query.
    pub target: String,
    /// Where it stands.
    pub progress: DeliveryProgress,
    /// The tries, oldest first; the mock keeps the newest ones.
    pub attempts: Vec<DeliveryAttempt>,
    /// What the receiver gets, in JSON. It holds codes and links, so `Debug` leaves it out.
    pub body: String,
}

impl fmt::Debug for WebhookDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookDelivery")
            .field("number", &self.number)
            .field("event_type", &self.event_type)
            .field("target", &self.target)
            .field("progress", &self.progress)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryProgress {
    /// It is tried at this time, on the tenant's clock.
    Waiting(Timestamp),
    /// It is under way.
    Sending,
    /// The receiver has taken it: it answered with a status from 200 to 299.
    Taken,
    /// The receiver has not taken it, and it is not tried again.
    GivenUp,
}

/// A try to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeliveryAttempt {
    /// When it ended, on the tenant's clock.
    pub at: Timestamp,
    /// The receiver's status, or why there is none.
    pub answer: Result<u16, String>,
}

impl WebhookDelivery {
    pub(super) fn of(tenant: &AuthsignalPart, delivery: webhook::Delivery) -> Self {
        let attempts = delivery
            .attempts
            .into_iter()
            .map(|attempt| DeliveryAttempt {
                at: attempt.at,
                answer: match attempt.answer {
                    Answer::Status(status) => Ok(status),
                    Answer::Nothing(why) | Answer::Unsent(why) => Err(why),
                },
            });
        let body = body::of(&tenant.account().id, delivery.kind, &delivery.events);
        Self {
            number: delivery.number,
            event_type: delivery.kind.word(),
            target: receiver::shown(&delivery.url),
            progress: match delivery.progress {
                Progress::Waits(at) => DeliveryProgress::Waiting(at),
                Progress::Sending => DeliveryProgress::Sending,
                Progress::Taken => DeliveryProgress::Taken,
                Progress::GivenUp => DeliveryProgress::GivenUp,
            },
            attempts: attempts.collect(),
            // serde_json writes it, so it is text.
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}
