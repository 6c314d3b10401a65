//! Requests that wait for a first result. They look again after each change of what they are about, and never poll. Knows
//! no operation.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::admission::ControlApi;
use crate::bounds::WAIT;
use crate::runtime::App;
use crate::runtime::ledger::Ledger;
use crate::sim::phone::Trouble;

/// What a request waits for: the changes of a tenant, or those of the whole mock.
struct Watched {
    changes: watch::Receiver<u64>,
    /// The tenant, unless it is about all.
    subject: Option<Subject>,
    stopped: watch::Receiver<bool>,
    until: Instant,
}

/// A tenant that a request waits for. The request means its name: after a load, another tenant has it.
struct Subject {
    app: Arc<App>,
    name: String,
    changes: fn(&Ledger) -> watch::Receiver<u64>,
}

impl Watched {
    /// Whether there is another look to take, after a change or after the tenant has left.
    fn goes_on(&mut self, has_changed: bool) -> bool {
        let tenant = self
            .subject
            .as_ref()
            .and_then(|subject| Some((subject, subject.app.tenant(&subject.name)?)));
        let Some((subject, tenant)) = tenant else {
            return has_changed;
        };
        let changes = (subject.changes)(tenant.ledger());
        if !changes.same_channel(&self.changes) {
            self.changes = changes;
        }
        true
    }
}

/// A request that may wait for a first result.
///
/// It is made before the first look, so that no change after that look is missed.
pub(super) struct Waiting(Option<Watched>);

impl Waiting {
    /// Waits for the next change; `false` if the request must answer with what there is.
    pub(super) async fn changed(&mut self) -> bool {
        let Some(watched) = &mut self.0 else {
            return false;
        };
        let has_changed = tokio::select! {
            // The sender leaves with a tenant that is deleted or replaced.
            changed = watched.changes.changed() => changed.is_ok(),
            _ = watched.stopped.wait_for(|stopped| *stopped) => return false,
            () = tokio::time::sleep_until(watched.until) => return false,
        };
        watched.goes_on(has_changed)
    }

    /// True if the mock has begun to stop, so that no change comes any more.
    pub(super) fn stopped(&self) -> Option<bool> {
        let watched = self.0.as_ref();
        watched
            .is_some_and(|watched| *watched.stopped.borrow())
            .then_some(true)
    }
}

impl ControlApi {
    /// The wait that a request asks for, if it does, on the state of a tenant or of all.
    pub(super) fn waiting(
        &self,
        wait: Option<&str>,
        tenant: Option<&str>,
    ) -> Result<Waiting, Trouble> {
        self.waiting_for("query parameter wait", wait, tenant, Ledger::changed)
    }

    /// As [`waiting`](Self::waiting), on the requests to a tenant or to all. `place` is where the wait is given.
    pub(super) fn waiting_for_requests(
        &self,
        place: &str,
        wait: Option<&str>,
        tenant: Option<&str>,
    ) -> Result<Waiting, Trouble> {
        self.waiting_for(place, wait, tenant, Ledger::recorded)
    }

    fn waiting_for(
        &self,
        place: &str,
        wait: Option<&str>,
        tenant: Option<&str>,
        changes: fn(&Ledger) -> watch::Receiver<u64>,
    ) -> Result<Waiting, Trouble> {
        let Some(wait) = wait else {
            return Ok(Waiting(None));
        };
        let wait = span(wait).ok_or_else(|| {
            Trouble::Malformed(format!(
                "{place} must be a number of seconds or milliseconds, such as 10s or 500ms, and at most {}s",
                WAIT.as_secs()
            ))
        })?;
        let (changes, subject) = match tenant {
            Some(name) => {
                let subject = Subject {
                    app: Arc::clone(&self.app),
                    name: name.to_owned(),
                    changes,
                };
                (changes(self.named(name)?.ledger()), Some(subject))
            }
            None => (self.app.changed(), None),
        };
        Ok(Waiting(Some(Watched {
            changes,
            subject,
            stopped: self.app.stopped(),
            until: Instant::now() + wait,
        })))
    }
}

/// The time that a text such as `10s` or `500ms` names, if a request may wait so long.
fn span(text: &str) -> Option<Duration> {
    let (number, in_one) = match text.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (text.strip_suffix('s')?, 1000),
    };
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = number.parse().ok().filter(|_| is_number)?;
    let wait = Duration::from_millis(number.checked_mul(in_one)?);
    (wait <= WAIT).then_some(wait)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};
    use std::time::Duration;

    use http::StatusCode;
    use serde_json::{Value, json};

    use super::super::tests::Mock;
    use super::{WAIT, span};
    use crate::domain::authsignal::Enrollment;
    use crate::domain::authsignal::action::Known;
    use crate::domain::authsignal::vocabulary::Method;
    use crate::domain::outbox::{Channel, Message};
    use crate::runtime::journal::Note;

    /// Counts how often a task was woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Woken {
        fn count(&self) -> usize {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn two_tenants() -> Mock {
        let tenant = |id: &str| {
            json!({"activeconnect": {"id": id, "secret": format!("app of {id}")},
                   "authsignal": {"id": format!("{id}-authsignal"), "secret": id}})
        };
        Mock::of(json!({"tenants": [tenant("one"), tenant("two")]}))
    }

    fn send(mock: &Mock, tenant: &str, to: &str) {
        let tenant = mock.app.tenant(tenant).unwrap();
        tenant.ledger().change_messages(|outbox| {
            outbox.send(Message {
                channel: Channel::Sms,
                to: to.to_owned(),
                text: "x".to_owned(),
                code: None,
                url: None,
                created_at: jiff::Timestamp::UNIX_EPOCH,
                // A user can have 100 messages only.
                user_id: (to == "+1").then(|| "ada".to_owned()),
            });
        });
    }

    fn record(mock: &Mock, tenant: &str, target: &str) {
        let tenant = mock.app.tenant(tenant).unwrap();
        let note = Note {
            operation: Some("track"),
            ..Note::new("authsignal", "POST", target, 200)
        };
        mock.app.record(Some(tenant.ledger()), note);
    }

    #[tokio::test]
    async fn a_request_waits_for_its_result_and_no_other_tenant_wakes_it() {
        let mock = two_tenants();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(Arc::clone(&woken));
        let context = &mut Context::from_waker(&waker);
        let mut waiting = pin!(mock.get("/_mock/messages?tenant=one&to=%2B2&wait=60s"));
        assert!(waiting.as_mut().poll(context).is_pending());
        send(&mock, "two", "+2");
        record(&mock, "one", "/v1/users/ada/actions/pay");
        assert_eq!(woken.count(), 0);
        // A message of the tenant wakes it, and this one is not the one.
        send(&mock, "one", "+1");
        assert_eq!(woken.count(), 1);
        assert!(waiting.as_mut().poll(context).is_pending());
        send(&mock, "one", "+2");
        let Poll::Ready((status, found)) = waiting.as_mut().poll(context) else {
            panic!("the request still waits");
        };
        assert_eq!(
            (status, &found["messages"][0]["id"]),
            (StatusCode::OK, &json!("one:2"))
        );
        // Nobody counts changes any more once nobody waits.
        let tenant = mock.app.tenant("one").unwrap();
        let before = *tenant.ledger().changed().borrow();
        send(&mock, "one", "+3");
        assert_eq!(*tenant.ledger().changed().borrow(), before);
    }

    #[tokio::test]
    async fn a_message_after_another_is_waited_for() {
        let mock = two_tenants();
        send(&mock, "one", "+1");
        let context = &mut Context::from_waker(Waker::noop());
        let target = "/_mock/messages?to=%2B1&userId=ada&after=one:1&wait=60s";
        let mut waiting = pin!(mock.get(target));
        assert!(waiting.as_mut().poll(context).is_pending());
        send(&mock, "two", "+1");
        send(&mock, "one", "+1");
        let (_, found) = waiting.await;
        let found: Vec<_> = found["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["id"])
            .collect();
        assert_eq!(found, ["one:2"]);
        // The one before may be deleted, and one that was never sent is an error: nobody waits for ever.
        let (status, _) = mock.send("DELETE", "/_mock/messages/one:1", "").await;
        assert_eq!(status, 200);
        assert_eq!(
            mock.get("/_mock/messages?after=one:1").await.1["messages"][0]["id"],
            "one:2"
        );
        for unknown in ["one:3", "one:0", "one", "three:1", "one:x"] {
            let (status, answer) = mock.get(&format!("/_mock/messages?after={unknown}")).await;
            assert_eq!(status, 404, "{unknown}: {answer}");
        }
        let refusal = mock
            .refusal("GET", "/_mock/messages?tenant=two&after=one:1", "")
            .await;
        assert!(
            refusal.contains("of tenant one, but tenant is two"),
            "{refusal}"
        );
        let (_, found) = mock
            .get("/_mock/messages?tenant=one-authsignal&after=one:1")
            .await;
        assert_eq!(found["messages"][0]["id"], "one:2");
    }

    /// Every list that can be waited for, and the member that holds its results.
    const LISTS: [(&str, &str); 5] = [
        ("/_mock/messages?", "messages"),
        ("/_mock/journal?", "requests"),
        (
            "/_mock/actions?userId=ada&state=CHALLENGE_REQUIRED&action=pay&",
            "actions",
        ),
        (
            "/_mock/webhooks/deliveries?type=authenticator.created&progress=waiting&after=0&",
            "deliveries",
        ),
        ("/_mock/phone/requests?userId=ada&", "requests"),
    ];

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_with_an_empty_list() {
        let mock = two_tenants();
        for (list, member) in LISTS {
            let start = tokio::time::Instant::now();
            let (status, found) = mock.get(&format!("{list}tenant=one&wait=1500ms")).await;
            assert_eq!(
                (status, &found),
                (StatusCode::OK, &json!({member: []})),
                "{list}: {found}"
            );
            assert_eq!(start.elapsed(), Duration::from_millis(1500), "{list}");
            assert_eq!(
                mock.get(&format!("{list}tenant=one&wait=0s")).await.1[member],
                json!([])
            );
            for wrong in ["61s", "1", "soon", "-1s"] {
                let refusal = mock
                    .refusal("GET", &format!("{list}tenant=one&wait={wrong}"), "")
                    .await;
                assert!(
                    refusal.contains("wait must be") && refusal.contains("at most 60s"),
                    "{refusal}"
                );
            }
        }
    }

    #[tokio::test]
    async fn a_wait_ends_when_the_mock_stops_or_the_tenant_is_deleted() {
        for (list, member) in LISTS {
            let mock = two_tenants();
            let context = &mut Context::from_waker(Waker::noop());
            let target = format!("{list}tenant=two&wait=60s");
            let mut of_deleted = pin!(mock.get(&target));
            assert!(of_deleted.as_mut().poll(context).is_pending());
            let target = format!("{list}tenant=one&wait=60s");
            let mut of_other = pin!(mock.get(&target));
            assert!(of_other.as_mut().poll(context).is_pending());
            let (status, _) = mock.send("DELETE", "/_mock/tenants/two", "").await;
            assert_eq!(status, 200);
            let (status, answer) = of_deleted.await;
            assert_eq!(status, 404, "{list}: {answer}");
            assert!(of_other.as_mut().poll(context).is_pending());
            mock.app.stop();
            let (status, found) = of_other.await;
            assert_eq!(
                (status, &found),
                (StatusCode::OK, &json!({member: [], "stopped": true})),
                "{list}: {found}"
            );
        }
    }

    #[tokio::test]
    async fn a_request_waits_for_what_comes_after_a_reset_or_a_step_back() {
        let context = &mut Context::from_waker(Waker::noop());
        let mock = two_tenants();
        send(&mock, "one", "+1");
        let (status, _) = mock
            .send("POST", "/_mock/snapshots", r#"{"name": "early"}"#)
            .await;
        assert_eq!(status, 200);
        send(&mock, "one", "+1");
        send(&mock, "one", "+1");
        let before = ("POST", "/_mock/snapshots/restore", r#"{"name": "early"}"#);
        for (method, target, body) in [
            before,
            ("POST", "/_mock/reset?tenant=one", ""),
            ("POST", "/_mock/reset", ""),
        ] {
            let last = mock.get("/_mock/messages?tenant=one&limit=1").await.1;
            let last = last["messages"][0]["id"].as_str().unwrap().to_owned();
            let list = format!("/_mock/messages?after={last}&wait=60s");
            let mut waiting = pin!(mock.get(&list));
            assert!(waiting.as_mut().poll(context).is_pending());
            let (status, answer) = mock.send(method, target, body).await;
            assert_eq!(status, 200, "{target}: {answer}");
            assert!(waiting.as_mut().poll(context).is_pending(), "{target}");
            send(&mock, "one", "+9");
            let Poll::Ready((_, found)) = waiting.as_mut().poll(context) else {
                panic!("{target}: the request still waits");
            };
            let found = found["messages"].as_array().unwrap();
            assert_eq!(
                (found.len(), &found[0]["to"]),
                (1, &json!("+9")),
                "{target}"
            );
        }
    }

    /// Loads what the mock keeps of a tenant, so that another tenant takes its place.
    async fn replace(mock: &Mock, tenant: &str) {
        let (status, kept) = mock.get(&format!("/_mock/dump?tenant={tenant}")).await;
        assert_eq!(status, 200, "{kept}");
        let (status, answer) = mock.send("POST", "/_mock/load", &kept.to_string()).await;
        assert_eq!(status, 200, "{answer}");
    }

    #[tokio::test]
    async fn a_request_waits_on_when_a_load_replaces_the_tenant() {
        let context = &mut Context::from_waker(Waker::noop());
        let mock = two_tenants();
        let targets = LISTS.map(|(list, _)| format!("{list}tenant=one&wait=60s"));
        let mut waiting: Vec<_> = targets
            .iter()
            .map(|target| Box::pin(mock.get(target)))
            .collect();
        for _ in 0..2 {
            for (one, target) in waiting.iter_mut().zip(&targets) {
                assert!(one.as_mut().poll(context).is_pending(), "{target}");
            }
            replace(&mock, "one").await;
        }
        send(&mock, "one", "+1");
        record(&mock, "one", "/");
        for (one, (list, member)) in waiting.iter_mut().zip(LISTS).take(2) {
            let (_, found) = one.await;
            assert_eq!(
                found[member].as_array().unwrap().len(),
                1,
                "{list}: {found}"
            );
        }
        for (one, target) in waiting.iter_mut().zip(&targets).skip(2) {
            assert!(one.as_mut().poll(context).is_pending(), "{target}");
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_deliveries_of_a_tenant_that_has_left() {
        let seed = json!({"tenants": [{"authsignal": {"id": "one", "secret": "s",
            "webhooks": [{"url": "http://127.0.0.1:9/", "events": ["authenticator.created"]}]}}]});
        let empty = json!({"tenants": [{"authsignal": {"id": "one", "secret": "s"}}]}).to_string();
        let load = ("POST", "/_mock/load", &*empty, 200);
        let delete = ("DELETE", "/_mock/tenants/one", "", 404);
        for (method, target, body, then) in [load, delete] {
            let mock = Mock::of(seed.clone());
            let part = mock.app.authsignal("one").unwrap();
            // Two of one user: the second waits for the first.
            for method in [Method::Sms, Method::Whatsapp] {
                let phone = Enrollment {
                    phone_number: Some("+64270000000".into()),
                    ..Enrollment::new(method)
                };
                part.transact(|authsignal, turn| authsignal.enroll(turn, "ada", phone))
                    .unwrap();
            }
            let context = &mut Context::from_waker(Waker::noop());
            let mut settled = pin!(mock.get("/_mock/webhooks/deliveries?settled=true&tenant=one"));
            assert!(settled.as_mut().poll(context).is_pending());
            let (status, answer) = mock.send(method, target, body).await;
            assert_eq!(status, 200, "{target}: {answer}");
            let Poll::Ready((status, answer)) = settled.as_mut().poll(context) else {
                panic!("{target}: the request still waits");
            };
            assert_eq!(status, then, "{target}: {answer}");
        }
    }

    #[tokio::test]
    async fn a_request_waits_for_a_request_or_a_delivery_after_a_reset() {
        let seed = json!({"tenants": [{"authsignal": {"id": "one", "secret": "s",
            "webhooks": [{"url": "http://127.0.0.1:9/", "events": ["authenticator.created"]}]}}]});
        let mock = Mock::of(seed);
        let enroll = |user: &str| {
            let part = mock.app.authsignal("one").unwrap();
            let sms = Enrollment {
                phone_number: Some("+64270000000".into()),
                ..Enrollment::new(Method::Sms)
            };
            part.transact(|authsignal, turn| authsignal.enroll(turn, user, sms))
                .unwrap();
        };
        let context = &mut Context::from_waker(Waker::noop());
        enroll("ada");
        enroll("bob");
        record(&mock, "one", "/1");
        record(&mock, "one", "/2");
        let mut requests = pin!(mock.get("/_mock/journal?after=2&wait=60s"));
        let mut deliveries =
            pin!(mock.get("/_mock/webhooks/deliveries?tenant=one&after=2&wait=60s"));
        assert!(requests.as_mut().poll(context).is_pending());
        assert!(deliveries.as_mut().poll(context).is_pending());
        mock.app.reset();
        assert!(requests.as_mut().poll(context).is_pending());
        assert!(deliveries.as_mut().poll(context).is_pending());
        record(&mock, "one", "/anew");
        enroll("eve");
        let (_, found) = requests.await;
        assert_eq!(found["requests"][0]["target"], "/anew", "{found}");
        let (_, found) = deliveries.await;
        assert_eq!(found["deliveries"][0]["number"], 1, "{found}");
    }

    #[tokio::test]
    async fn a_thousand_requests_wait_at_one_time() {
        let mock = two_tenants();
        let context = &mut Context::from_waker(Waker::noop());
        let targets: Vec<_> = (0..1000)
            .map(|number| format!("/_mock/messages?tenant=one&to=%2B{number}&wait=60s"))
            .collect();
        let mut waiting: Vec<_> = targets
            .iter()
            .map(|target| Box::pin(mock.get(target)))
            .collect();
        for one in &mut waiting {
            assert!(one.as_mut().poll(context).is_pending());
        }
        for number in 0..1000 {
            send(&mock, "one", &format!("+{number}"));
        }
        for (number, one) in waiting.into_iter().enumerate() {
            let (_, found) = one.await;
            assert_eq!(found["messages"][0]["to"], json!(format!("+{number}")));
        }
    }

    #[tokio::test]
    async fn what_each_list_waits_for_ends_the_wait() {
        let mock = Mock::of(json!({"tenants": [{
            "activeconnect": {"id": "one", "secret": "app"},
            "authsignal": {"id": "t", "secret": "s", "defaultOutcome": "CHALLENGE",
                "webhooks": [{"url": "http://127.0.0.1:9/", "events": ["authenticator.created"]}]},
        }]}));
        let context = &mut Context::from_waker(Waker::noop());
        // Without a tenant too: then any change of the mock wakes.
        let targets = LISTS.map(|(list, _)| format!("{list}wait=60s"));
        let mut waiting: Vec<_> = targets
            .iter()
            .map(|target| Box::pin(mock.get(target)))
            .collect();
        for one in &mut waiting {
            assert!(one.as_mut().poll(context).is_pending());
        }
        send(&mock, "one", "+1");
        record(&mock, "one", "/");
        let part = mock.app.authsignal("t").unwrap();
        let sms = Enrollment {
            phone_number: Some("+64270000000".into()),
            ..Enrollment::new(Method::Sms)
        };
        part.transact(|authsignal, turn| authsignal.enroll(turn, "ada", sms))
            .unwrap();
        for action in ["signIn", "pay"] {
            part.transact(|authsignal, turn| {
                authsignal.track(turn, "ada", action, Known::default())
            })
            .unwrap();
        }
        let found = |answer: &Value, member: &str| answer[member].as_array().unwrap().len();
        for ((list, member), one) in LISTS.into_iter().zip(waiting).take(4) {
            let (status, answer) = one.await;
            assert_eq!(
                (status, found(&answer, member)),
                (StatusCode::OK, 1),
                "{list}: {answer}"
            );
        }
    }

    #[test]
    fn a_wait_is_a_number_with_its_unit() {
        for (text, wait) in [
            ("10s", Some(Duration::from_secs(10))),
            ("0s", Some(Duration::ZERO)),
            ("500ms", Some(Duration::from_millis(500))),
            ("60s", Some(WAIT)),
            ("60000ms", Some(WAIT)),
            ("60001ms", None),
            ("61s", None),
            ("18446744073709551615s", None),
            ("10", None),
            ("s", None),
            ("ms", None),
            ("+1s", None),
            ("1.5s", None),
            (" 1s", None),
            ("1m", None),
            ("", None),
        ] {
            assert_eq!(span(text), wait, "{text}");
        }
    }
}
