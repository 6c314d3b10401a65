//! Sends webhooks that fall due, for as long as the mock runs. The domain decides what to send and when.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use super::app::App;
use crate::bounds::SETTLING_TIME;

impl App {
    /// Sends what falls due, for as long as it is polled. It sleeps while nothing is due. With a frozen clock it does
    /// not wake by itself.
    pub async fn deliver_webhooks(self: Arc<Self>) {
        let mut under_way = JoinSet::new();
        loop {
            let mut next: Option<Timestamp> = None;
            for tenant in self.authsignals() {
                let scheduled = tenant.look(|authsignal, _| authsignal.next_webhook());
                if scheduled.is_some_and(|at| at <= self.clock.now()) {
                    let due = tenant.transact(|authsignal, turn| authsignal.due_webhooks(turn.now));
                    for dispatch in due {
                        let tenant = Arc::clone(tenant);
                        under_way.spawn(async move {
                            tenant.deliver_webhook(&dispatch, None).await;
                        });
                    }
                }
                let left = tenant.look(|authsignal, _| authsignal.next_webhook());
                next = next.into_iter().chain(left).min();
            }
            let wait = next
                .filter(|_| !self.clock.is_frozen())
                .map(|at| Duration::try_from(at.duration_since(self.clock.now())));
            tokio::select! {
                () = self.courier.alarm.notified() => {}
                Some(_) = under_way.join_next(), if !under_way.is_empty() => {}
                () = asleep(wait.map(Result::unwrap_or_default)) => {}
            }
        }
    }

    /// Waits until nothing is under way or due, for at most a minute.
    pub async fn webhooks_delivered(&self) {
        let quiet = async {
            loop {
                // Before looking, so that no change is missed.
                let mut changed = self.changed();
                let mut tenants = self.authsignals();
                if !tenants
                    .any(|tenant| tenant.look(|authsignal, now| authsignal.is_delivering(now)))
                    || changed.changed().await.is_err()
                {
                    return;
                }
            }
        };
        // Who waited in vain sees so in what is listed.
        let _ = tokio::time::timeout(SETTLING_TIME, quiet).await;
    }
}

/// Sleeps for this time, or for ever.
async fn asleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait).await,
        None => std::future::pending().await,
    }
}
