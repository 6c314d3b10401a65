//! One vendor's part of a tenant: the state behind its lock, and [`Part::transact`], the one place where it changes. Knows
//! no HTTP.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;

use super::delivery::{body, origin, place, signature};
use super::ledger::Ledger;
use super::lock::lock;
use crate::domain::activeconnect::Activeconnect;
use crate::domain::authsignal::webhook::{Answer, Dispatch, Fault, Sequel};
use crate::domain::authsignal::{Authsignal, Refusal};
use crate::domain::{Turn, Vendor};
use crate::{skew, traces};

/// The age in seconds of a deliberately late signature: twice the tolerance of receivers.
const LATE: i64 = 600;

/// A tenant at one vendor. A tenant without that vendor has no part, so a caller who holds one needs no further check.
pub struct Part<V: Vendor> {
    account: Arc<V::Account>,
    state: Mutex<V>,
    ledger: Arc<Ledger>,
}

impl<V: Vendor> fmt::Debug for Part<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The state holds codes and links, the account holds secrets.
        f.debug_struct("Part")
            .field("tenant", &self.ledger.name())
            .finish_non_exhaustive()
    }
}

impl<V: Vendor> Part<V> {
    /// The part of the tenant that has this ledger.
    pub(super) fn new(account: Arc<V::Account>, state: V, ledger: Arc<Ledger>) -> Self {
        Self {
            account,
            state: Mutex::new(state),
            ledger,
        }
    }

    /// The credentials, and everything else that does not change while the mock runs.
    pub fn account(&self) -> &Arc<V::Account> {
        &self.account
    }

    /// The state that the tenant shares between both vendors.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Runs `step` on the state at the present time. The only way to change it.
    ///
    /// Locks are taken in this order: the states of a tenant (Activeconnect, Authsignal), then its supplies, then its
    /// journal. Nothing else is locked while a step runs.
    pub fn transact<T>(&self, step: impl FnOnce(&mut V, &mut Turn<'_>) -> T) -> T {
        let now = self.ledger.clock.now();
        let mut state = lock(&self.state);
        let mut supplies = lock(&self.ledger.supplies);
        let mut turn = supplies.turn(now);
        turn.ahead = SignedDuration::from_millis(skew::millis());
        let made = state.deliveries();
        let result = step(&mut state, &mut turn);
        let stirred = state.end_step(&mut turn) | supplies.scenarios.stirred();
        self.ledger.causes.note(made, state.deliveries());
        self.ledger.stage(&mut supplies.scenarios);
        // Before anybody can see it.
        self.ledger.note();
        drop(supplies);
        drop(state);
        if stirred {
            self.ledger.ring();
        }
        self.ledger.tell();
        result
    }

    /// Runs `step` on the state at the present time, and changes nothing. So it wakes no listener of
    /// [`Ledger::changed`].
    pub fn look<T>(&self, step: impl FnOnce(&V, Timestamp) -> T) -> T {
        let now = self.ledger.clock.now();
        step(&lock(&self.state), now)
    }

    /// Locks the state, to replace it.
    pub(super) fn locked(&self) -> MutexGuard<'_, V> {
        lock(&self.state)
    }
}

impl Part<Authsignal> {
    /// As [`transact`](Self::transact), for a step that needs the agreement of webhook receivers before the answer goes
    /// out. The receivers are asked with the state unlocked, and a second transaction continues. It does so even if the
    /// caller goes away meanwhile.
    ///
    /// # Errors
    /// Those of `step`, [`Refusal::Invalid`] if a receiver does not agree, and those of [`Authsignal::conclude`]. No source
    /// says what the vendor answers then.
    pub async fn transact_delivered<T>(
        self: &Arc<Self>,
        step: impl FnOnce(&mut Authsignal, &mut Turn<'_>) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut held = None;
        let result = self.transact(|authsignal, turn| {
            let result = step(authsignal, turn);
            if result.is_err() {
                authsignal.events.drop_held();
            } else if authsignal.events.is_holding() {
                held = Some(authsignal.take_held(turn.now));
            }
            result
        });
        if let Some((dispatches, sequel)) = held {
            let part = Arc::clone(self);
            let settle = async move { part.settle(dispatches, sequel).await };
            let settled = tokio::spawn(traces::carried(settle));
            settled
                .await
                .unwrap_or_else(|error| Err(Refusal::Invalid(error.to_string())))?;
        }
        result
    }

    async fn settle(
        self: Arc<Self>,
        dispatches: Vec<Dispatch>,
        sequel: Sequel,
    ) -> Result<(), Refusal> {
        let mut sending = JoinSet::new();
        for dispatch in dispatches {
            let part = Arc::clone(&self);
            sending.spawn(traces::carried(
                async move { part.refused(&dispatch).await },
            ));
        }
        let refusals = sending.join_all().await;
        let refusal = refusals.into_iter().flatten().next();
        let taken = refusal.is_none();
        let concluded = self.transact(|authsignal, turn| authsignal.conclude(turn, sequel, taken));
        refusal.map_or(concluded, |why| Err(Refusal::Invalid(why)))
    }

    /// Delivers an event that a receiver must agree to; returns the reason if it does not.
    async fn refused(&self, dispatch: &Dispatch) -> Option<String> {
        let (kind, origin) = (dispatch.kind.word(), origin(&dispatch.url));
        let refusal = format!("webhook {kind}: {origin}: ");
        match self.ask(dispatch).await {
            answer if answer.is_taken() => None,
            // The receiver has no part in this.
            Answer::Unsent(why) => Some(refusal + &why),
            answer => Some(format!(
                "{refusal}{answer}; it must answer with a status from 200 to 299"
            )),
        }
    }

    /// Delivers an event once the tenant has a place for it.
    async fn ask(&self, dispatch: &Dispatch) -> Answer {
        let ledger = self.ledger();
        let place = place(&ledger.agreements, ledger.courier.timeout());
        match place.await {
            Ok(_place) => self.deliver_webhook(dispatch, None).await,
            Err(unsent) => {
                // Nothing was signed.
                self.record(dispatch, &unsent, None, "");
                unsent
            }
        }
    }

    /// Sends a delivery once, or twice if the fault is a duplicate. Records each attempt and returns the last answer.
    pub async fn deliver_webhook(&self, dispatch: &Dispatch, fault: Option<Fault>) -> Answer {
        let account = self.account();
        let secret = account.secret.as_str();
        let second =
            self.look(|authsignal, _| authsignal.events.second_secret().map(str::to_owned));
        let mut keys = vec![secret];
        keys.extend(second.as_deref());
        if fault == Some(Fault::WrongKey) {
            keys = vec!["another tenant's key"];
        }
        let mut body = body::of(&account.id, dispatch.kind, &dispatch.events);
        let at = Timestamp::now().as_second() - if fault == Some(Fault::Late) { LATE } else { 0 };
        let signature = signature(&keys, &body, at);
        if fault == Some(Fault::Tampered) {
            body::tamper(&mut body);
        }
        let mut answer = self.post(dispatch, body.clone(), &signature).await;
        self.record(dispatch, &answer, fault, &signature);
        if fault == Some(Fault::Duplicate) {
            answer = self.post(dispatch, body, &signature).await;
            self.record(dispatch, &answer, fault, &signature);
        }
        answer
    }

    async fn post(&self, dispatch: &Dispatch, body: Vec<u8>, signature: &str) -> Answer {
        let (ledger, url) = (self.ledger(), &dispatch.url);
        if let Err(why) = ledger.confirmed().await {
            return Answer::Unsent(format!("the mock did not send it: {why}"));
        }
        let cause = ledger.causes.of(dispatch.number);
        let span = ledger
            .courier
            .traces
            .delivery(dispatch.kind.word(), url, cause);
        let signature = signature.to_owned();
        ledger.courier.post(url, body, signature, &span).await
    }

    fn record(&self, dispatch: &Dispatch, answer: &Answer, fault: Option<Fault>, signature: &str) {
        tracing::debug!(
            kind = dispatch.kind.word(),
            to = origin(&dispatch.url),
            %answer,
            "webhook"
        );
        self.transact(|authsignal, turn| {
            let (events, signature) = (&mut authsignal.events, signature.to_owned());
            events.record(dispatch, answer.clone(), fault, signature, turn.now);
        });
    }
}

/// A read-only part.
#[derive(Debug)]
pub struct PartReader<V: Vendor>(Arc<Part<V>>);

impl<V: Vendor> Clone for PartReader<V> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<V: Vendor> PartReader<V> {
    /// A reader of that part.
    pub const fn new(part: Arc<Part<V>>) -> Self {
        Self(part)
    }

    /// As [`Part::account`].
    pub fn account(&self) -> &Arc<V::Account> {
        self.0.account()
    }

    /// As [`Part::look`].
    pub fn look<T>(&self, step: impl FnOnce(&V, Timestamp) -> T) -> T {
        self.0.look(step)
    }
}

/// A tenant at Activeconnect.
pub type ActiveconnectPart = Part<Activeconnect>;
/// A tenant at Authsignal.
pub type AuthsignalPart = Part<Authsignal>;

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use serde_json::json;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::task::JoinSet;

    use super::AuthsignalPart;
    use crate::bounds::AGREEMENTS_AT_ONCE;
    use crate::domain::authsignal::Refusal;
    use crate::domain::authsignal::address::Contact;
    use crate::domain::authsignal::factor::Bearer;
    use crate::domain::authsignal::vocabulary::Method;
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour};

    /// A tenant whose messages this receiver must take.
    fn tenant(receiver: &str) -> Arc<AuthsignalPart> {
        let seed = json!({"tenants": [{"authsignal": {"id": "t", "secret": "s",
            "users": [{"userId": "ada", "email": "ada@example.com",
                "authenticators": [{"verificationMethod": "EMAIL_OTP", "email": "ada@example.com"}]}],
            "webhooks": [{"url": receiver, "events": ["email.created"]}]}}]});
        let app = App::new(Behaviour::default(), Seed::from_value(seed).unwrap()).unwrap();
        app.authsignal("t").unwrap()
    }

    /// A code for an action of its own.
    async fn message(tenant: Arc<AuthsignalPart>, number: usize) -> Result<(), Refusal> {
        tenant
            .transact_delivered(move |authsignal, turn| {
                let bearer = Bearer {
                    user_id: "ada".to_owned(),
                    action: "signIn".to_owned(),
                    key: number.to_string(),
                    scope: String::new(),
                    contact: Contact::default(),
                };
                authsignal.challenge_message(turn, &bearer, Method::EmailOtp, None, "")
            })
            .await
            .map(drop)
    }

    async fn take(mut request: TcpStream) {
        let _ = request.read(&mut [0; 4096]).await.unwrap();
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        request.write_all(answer).await.unwrap();
    }

    #[tokio::test]
    async fn so_many_receivers_are_asked_at_one_time_and_the_next_once_one_has_answered() {
        let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let tenant = tenant(&format!("http://{}/", receiver.local_addr().unwrap()));
        let more = 20;
        let mut messages = JoinSet::new();
        for number in 0..AGREEMENTS_AT_ONCE + more {
            messages.spawn(message(Arc::clone(&tenant), number));
        }
        let mut asked = Vec::new();
        for _ in 0..AGREEMENTS_AT_ONCE {
            asked.push(receiver.accept().await.unwrap().0);
        }
        let next = tokio::time::timeout(Duration::from_millis(100), receiver.accept());
        assert!(next.await.is_err(), "one more was asked");
        let mut answers = JoinSet::new();
        answers.spawn(async move {
            for request in asked {
                take(request).await;
            }
            for _ in 0..more {
                take(receiver.accept().await.unwrap().0).await;
            }
        });
        for taken in messages.join_all().await {
            taken.unwrap();
        }
        answers.join_all().await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_finds_no_place_for_its_webhook_is_refused_without_blaming_the_receiver()
    {
        let tenant = tenant("http://127.0.0.1:9/");
        let all = u32::try_from(AGREEMENTS_AT_ONCE).unwrap();
        let ledger = tenant.ledger();
        let _taken = ledger.agreements.acquire_many(all).await.unwrap();
        let refusal = message(Arc::clone(&tenant), 1)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            refusal
                .starts_with("webhook email.created: http://127.0.0.1:9: the mock did not send it"),
            "{refusal}"
        );
        assert!(!refusal.contains("200 to 299"), "{refusal}");
        // It is over, so nobody waits for it.
        assert!(!tenant.look(|authsignal, now| authsignal.is_delivering(now)));
    }
}
