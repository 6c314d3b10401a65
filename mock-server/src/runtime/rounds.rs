//! Sends webhooks that fall due, and lets people do what scenarios say, for as long as the mock runs; moves clocks through
//! both in order. The domain decides what is due and when.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::Instant;

use super::app::App;
use super::clock::{Clock, Shift};
use super::part::AuthsignalPart;
use super::tenant::Tenant;
use super::wakes::{Wakes, asleep};
use crate::bounds::{ADVANCE_STEPS, SETTLING_TIME};
use crate::domain::scenario::Doer;

impl App {
    /// Sends and does what falls due, for as long as it is polled. It sleeps while nothing is due. With a frozen clock it does
    /// not wake by itself.
    pub async fn deliver_webhooks(self: Arc<Self>) {
        let mut under_way = JoinSet::new();
        let mut wakes = Wakes::default();
        loop {
            let mut numbers = self.courier.stirred();
            numbers.extend(wakes.over(Instant::now()));
            for number in numbers {
                let tenant = self.numbered(number);
                let next = tenant.and_then(|tenant| deliver(&tenant, &mut under_way));
                wakes.set(number, next);
            }
            tokio::select! {
                () = self.courier.alarm.notified() => {}
                Some(_) = under_way.join_next(), if !under_way.is_empty() => {}
                () = asleep(wakes.first()) => {}
            }
        }
    }

    /// Waits until nothing of these tenants is under way or due, for at most a minute. It asks for the tenants again at each
    /// look, because one may be deleted or replaced meanwhile: nobody delivers for the one that has left.
    pub async fn webhooks_delivered(&self, tenants: impl Fn() -> Vec<Arc<Tenant>>) {
        let is_busy = |tenant: &Arc<Tenant>| {
            let part = tenant.authsignal();
            part.is_some_and(|part| part.look(|authsignal, now| authsignal.is_delivering(now)))
        };
        let quiet = async {
            loop {
                // Before looking, so that no change is missed.
                let mut changed = self.changed();
                if !tenants().iter().any(is_busy) || changed.changed().await.is_err() {
                    return;
                }
            }
        };
        // Who waited in vain sees so in what is listed.
        let _ = tokio::time::timeout(SETTLING_TIME, quiet).await;
    }

    /// Freezes or releases the clock of a tenant, or the mock's and all of them, then moves each. On the way forward, a
    /// clock stops at each time at which a webhook falls due, until its receiver has answered, or at which somebody does
    /// what a scenario says. So retries, batches and deeds come in their order, at their times. This waits for receivers for at
    /// most a minute, and goes on if the caller goes away.
    ///
    /// # Errors
    /// A clock would go past its end. Nothing has changed then.
    pub async fn pass(
        &self,
        of: Option<&Arc<Tenant>>,
        freeze: Option<bool>,
        shift: Shift,
    ) -> Result<(), PastTheEnd> {
        let tenants = of.map_or_else(|| self.tenants(), |tenant| vec![Arc::clone(tenant)]);
        // The mock's clock moves with those of all tenants.
        let own = of.is_none().then(|| {
            let own = self.clock.after(shift);
            own.ok_or_else(|| PastTheEnd("the mock".to_owned()))
        });
        let own = own.transpose()?;
        let targets = tenants.iter().map(|tenant| {
            let target = tenant.ledger.clock.after(shift);
            target.ok_or_else(|| PastTheEnd(format!("tenant {}", tenant.name())))
        });
        let targets = targets.collect::<Result<Vec<_>, _>>()?;
        if let Some(to) = own {
            self.clock.change(freeze, Duration::ZERO);
            self.clock.set(to);
        }
        let mut moving = Vec::new();
        for (tenant, to) in tenants.into_iter().zip(targets) {
            let since = tenant.ledger.moves();
            tenant.ledger.clock.change(freeze, Duration::ZERO);
            // While another move of this clock is under way, this one waits for its end.
            let is_free = tenant.ledger.pace.try_lock().is_ok();
            if has_due(&tenant, to) || !is_free {
                moving.push(tokio::spawn(
                    async move { pass(&tenant, shift, since).await },
                ));
            } else {
                arrive(&tenant, to, shift, since);
            }
        }
        all(moving).await;
        self.announce();
        Ok(())
    }
}

/// Waits for tasks, which go on if nobody waits any more.
async fn all(tasks: Vec<JoinHandle<()>>) {
    for task in tasks {
        // A task that panicked has ended.
        let _ = task.await;
    }
}

/// A clock cannot go that far. Says whose it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the clock of {0} would go past 9999-01-01T00:00:00Z, where clocks end")]
pub struct PastTheEnd(String);

/// Sends and does what is due for a tenant. Returns when to look again, if that is known.
fn deliver(tenant: &Arc<Tenant>, under_way: &mut JoinSet<()>) -> Option<Instant> {
    // Who moves the clock delivers, too, and asks for another look in the end.
    let _pace = tenant.ledger.pace.try_lock().ok()?;
    let clock = &tenant.ledger.clock;
    if tenant.ledger.doer().is_some() {
        let tenant = Arc::clone(tenant);
        under_way.spawn(async move { while act(&tenant).await {} });
    }
    let part = tenant.authsignal();
    if let Some(part) = part.filter(|part| is_due(part, clock.now())) {
        let due = part.transact(|authsignal, turn| authsignal.due_webhooks(turn.now));
        for dispatch in due {
            let part = Arc::clone(part);
            under_way.spawn(async move {
                part.deliver_webhook(&dispatch, None).await;
            });
        }
    }
    let next = next(tenant).filter(|_| !clock.is_frozen())?;
    let left = Duration::try_from(next.duration_since(clock.now()));
    Instant::now().checked_add(left.unwrap_or_default())
}

/// Lets the first of those act who have to do now what a scenario says. Returns whether there was one.
async fn act(tenant: &Tenant) -> bool {
    let ledger = &tenant.ledger;
    let Some(doer) = ledger.doer() else {
        return false;
    };
    match (doer, tenant.activeconnect(), tenant.authsignal()) {
        (Doer::Activeconnect, Some(part), _) => {
            part.transact(|activeconnect, turn| activeconnect.do_due(turn));
        }
        (Doer::Authsignal, _, Some(part)) => {
            let done = part.transact_delivered(|authsignal, turn| authsignal.do_due(turn));
            if let Err(why) = done.await {
                tracing::debug!(tenant = tenant.name(), "a scenario could do nothing: {why}");
            }
        }
        // A file can name a deed of a vendor at which the tenant is not.
        (doer, ..) => ledger.drop_deed(doer),
    }
    true
}

/// When the next webhook is due.
fn next_webhook(part: &AuthsignalPart) -> Option<Timestamp> {
    part.look(|authsignal, _| authsignal.next_webhook())
}

/// When the next webhook or deed is due.
fn next(tenant: &Tenant) -> Option<Timestamp> {
    let webhook = tenant.authsignal().and_then(|part| next_webhook(part));
    webhook.into_iter().chain(tenant.ledger.next_deed()).min()
}

fn is_due(part: &AuthsignalPart, at: Timestamp) -> bool {
    next_webhook(part).is_some_and(|next| next <= at)
}

/// Whether something is under way, or falls due until a time.
fn has_due(tenant: &Tenant, to: Timestamp) -> bool {
    let has_deed = tenant.ledger.next_deed().is_some_and(|next| next <= to);
    has_deed || is_delivering(tenant, Some(to))
}

/// Whether a webhook is under way, or is due at a time, which is now if there is none.
fn is_delivering(tenant: &Tenant, at: Option<Timestamp>) -> bool {
    let part = tenant.authsignal();
    part.is_some_and(|part| {
        part.look(|authsignal, now| authsignal.is_delivering(at.unwrap_or(now)))
    })
}

/// Moves the clock of a tenant to a time, through everything that falls due until then. While a clock that goes forward runs,
/// time also passes for those who wait for receivers. So a retry that is due 30 s after the end of an attempt comes within a move
/// of 30 s, however long the attempt took.
async fn pass(tenant: &Tenant, shift: Shift, since: u64) {
    let _pace = tenant.ledger.pace.lock().await;
    // From where the move before this one has arrived.
    let Some(to) = tenant.ledger.clock.after(shift) else {
        return;
    };
    let mut way = Way::new(&tenant.ledger.clock, to, shift);
    // What takes longer goes on after the move.
    let settled = settle(tenant, &mut way, since);
    tokio::select! {
        // Nobody delivers for a tenant that has left.
        biased;
        () = tenant.ledger.closed() => {}
        _ = tokio::time::timeout(SETTLING_TIME, settled) => {}
    }
    arrive(tenant, way.end(), shift, since);
}

/// What is left of a move.
struct Way<'a> {
    clock: &'a Clock,
    to: Timestamp,
    /// How far a clock that runs still has to go ahead of its own running.
    left: Option<SignedDuration>,
}

impl<'a> Way<'a> {
    fn new(clock: &'a Clock, to: Timestamp, shift: Shift) -> Self {
        let left = match shift {
            Shift::By(by) if !clock.is_frozen() => SignedDuration::try_from(by).ok(),
            _ => None,
        };
        Self { clock, to, left }
    }

    fn end(&self) -> Timestamp {
        let moved = self.left.map(|left| self.clock.now().saturating_add(left));
        moved.and_then(Result::ok).unwrap_or(self.to)
    }

    fn leap(&mut self, at: Timestamp) {
        let leapt = self.clock.leap(at);
        self.left = self.left.map(|left| left.saturating_sub(leapt));
    }
}

/// Delivers and does everything that falls due until the end of a move, in order. A reset ends the move.
async fn settle(tenant: &Tenant, way: &mut Way<'_>, since: u64) {
    for _ in 0..ADVANCE_STEPS {
        // Before looking, so that no change is missed.
        let mut changed = tenant.ledger.changed();
        if tenant.ledger.moves() != since {
            return;
        }
        if let Some(at) = next(tenant).filter(|at| *at <= way.end()) {
            if at > way.clock.now() {
                if tenant.ledger.moving(since, || way.leap(at)).is_none() {
                    return;
                }
                tenant.ledger.announce();
            }
            if act(tenant).await {
                continue;
            }
            let sending: Vec<_> = tenant.authsignal().into_iter().flat_map(send_due).collect();
            if !sending.is_empty() {
                all(sending).await;
                continue;
            }
        }
        // Another task delivers, or has taken all places.
        if !is_delivering(tenant, None) || changed.changed().await.is_err() {
            return;
        }
    }
}

/// Sends the webhooks that are due.
fn send_due(part: &Arc<AuthsignalPart>) -> Vec<JoinHandle<()>> {
    let due = part.transact(|authsignal, turn| authsignal.due_webhooks(turn.now));
    let sending = due.into_iter().map(|dispatch| {
        let part = Arc::clone(part);
        tokio::spawn(async move {
            part.deliver_webhook(&dispatch, None).await;
        })
    });
    sending.collect()
}

/// The clock of a tenant is there. One that went forward and runs may be past that already, because receivers took their
/// time: it does not go back.
fn arrive(tenant: &Tenant, to: Timestamp, shift: Shift, since: u64) {
    let clock = &tenant.ledger.clock;
    tenant.ledger.moving(since, || {
        if matches!(shift, Shift::To(_)) || clock.now() < to {
            clock.set(to);
        }
    });
    tenant.ledger.stir();
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use serde_json::{Value, json};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::Shift;
    use crate::domain::authsignal::Enrollment;
    use crate::domain::authsignal::vocabulary::Method;
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour};

    /// A tenant whose clock is set so, with a webhook that is due at this receiver.
    fn with_a_webhook_due(receiver: &TcpListener, clock: Value) -> App {
        let url = format!("http://{}/", receiver.local_addr().unwrap());
        let seed = json!({"tenants": [{"clock": clock, "authsignal": {"id": "t", "secret": "s",
            "webhooks": [{"url": url, "events": ["authenticator.created"]}]}}]});
        let app = App::new(Behaviour::default(), Seed::from_value(seed).unwrap()).unwrap();
        let sms = Enrollment {
            phone_number: Some("+64270000000".into()),
            ..Enrollment::new(Method::Sms)
        };
        let part = app.authsignal("t").unwrap();
        let enrolled = part.transact(|authsignal, turn| authsignal.enroll(turn, "ada", sms));
        enrolled.unwrap();
        app
    }

    /// A clock that stands still.
    fn frozen() -> Value {
        json!({"time": "2030-01-01T00:00:00Z", "frozen": true})
    }

    #[tokio::test]
    async fn a_clock_that_runs_does_not_go_back_while_a_receiver_takes_its_time() {
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = with_a_webhook_due(&receiver, json!({}));
        let part = app.authsignal("t").unwrap();
        let clock = part.ledger().clock();
        let start = clock.now();
        let slow = async {
            let (mut request, _) = receiver.accept().await.unwrap();
            let _ = request.read(&mut [0; 4096]).await.unwrap();
            while clock.now() <= start + Duration::from_millis(5) {
                tokio::task::yield_now().await;
            }
            let seen = clock.now();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            request.write_all(answer).await.unwrap();
            seen
        };
        let (passed, seen) = tokio::join!(app.pass(None, None, Shift::By(Duration::ZERO)), slow);
        passed.unwrap();
        assert!(clock.now() >= seen);
    }

    #[tokio::test]
    async fn a_retry_comes_within_a_move_of_its_interval_however_long_attempts_take() {
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = with_a_webhook_due(&receiver, json!({}));
        let part = app.authsignal("t").unwrap();
        let clock = part.ledger().clock();
        let attempts = Cell::new(0);
        let refusing = async {
            loop {
                let (mut request, _) = receiver.accept().await.unwrap();
                let _ = request.read(&mut [0; 4096]).await.unwrap();
                // Each attempt takes some of the time that passes.
                let began = clock.now();
                while clock.now() <= began + Duration::from_millis(2) {
                    tokio::task::yield_now().await;
                }
                let answer = b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                request.write_all(answer).await.unwrap();
                attempts.set(attempts.get() + 1);
            }
        };
        // Three retries, 30 s apart.
        tokio::select! {
            passed = app.pass(None, None, Shift::By(Duration::from_secs(90))) => passed.unwrap(),
            () = refusing => {}
        }
        assert_eq!(attempts.get(), 4);
        assert!(!part.look(|authsignal, now| authsignal.is_delivering(now)));
    }

    async fn take(mut request: TcpStream) {
        let _ = request.read(&mut [0; 4096]).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        request.write_all(answer).await.unwrap();
    }

    #[tokio::test]
    async fn the_refusal_of_a_move_names_whose_clock_cannot_go_so_far() {
        let seed = json!({"tenants": [
            {"authsignal": {"id": "near", "secret": "one"}},
            {"clock": {"time": "9998-12-31T00:00:00Z"}, "authsignal": {"id": "far", "secret": "two"}},
        ]});
        let app = App::new(Behaviour::default(), Seed::from_value(seed).unwrap()).unwrap();
        let far = app.tenant("far").unwrap();
        let before = far.ledger().clock().setting();
        let days = |number: u64| Shift::By(Duration::from_secs(number * 86_400));
        for (of, shift, whose) in [
            (None, days(2), "tenant far"),
            (Some(&far), days(2), "tenant far"),
            (None, days(10_000_000), "the mock"),
        ] {
            let refused = app.pass(of, None, shift).await.unwrap_err().to_string();
            let told = format!("the clock of {whose} would go past 9999-01-01T00:00:00Z");
            assert!(refused.starts_with(&told), "{refused}");
        }
        assert_eq!(far.ledger().clock().setting(), before);
    }

    #[tokio::test]
    async fn a_reset_ends_a_move_that_waits_for_a_receiver() {
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = with_a_webhook_due(&receiver, frozen());
        let slow = async {
            let (request, _) = receiver.accept().await.unwrap();
            let tenant = app.tenant("t").unwrap();
            app.reset_tenant(&tenant);
            take(request).await;
        };
        let minute = Shift::By(Duration::from_secs(60));
        let (passed, ()) = tokio::join!(app.pass(None, None, minute), slow);
        passed.unwrap();
        let clock = app.tenant("t").unwrap().ledger().clock().now();
        assert_eq!(clock.to_string(), "2030-01-01T00:00:00Z");
    }

    #[tokio::test]
    async fn a_move_begins_where_the_one_before_it_has_arrived() {
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let app = with_a_webhook_due(&receiver, frozen());
        let minute = || app.pass(None, None, Shift::By(Duration::from_secs(60)));
        let slow = async {
            let (request, _) = receiver.accept().await.unwrap();
            let (passed, ()) = tokio::join!(minute(), take(request));
            passed.unwrap();
        };
        let (passed, ()) = tokio::join!(minute(), slow);
        passed.unwrap();
        let clock = app.tenant("t").unwrap().ledger().clock().now();
        assert_eq!(clock.to_string(), "2030-01-01T00:02:00Z");
    }
}
