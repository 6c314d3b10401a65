//! Faults that are taken back while requests wait for them, and faults that find nothing to break.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Pair;
use crate::tenant::Tenant;
use crate::wire::{Request, basic};

/// What a request to the faulty tenant gets until the connection ends, and how it ends.
async fn raw(pair: &Pair<'_>, head: &str, body: &str) -> (String, Option<ErrorKind>) {
    let credentials = basic(pair.faulty.authsignal().api_secret());
    let server = &pair.mock.server;
    let address = server.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.unwrap();
    let length = body.len();
    let request = format!(
        "{head} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {credentials}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    (answer, end.err().map(|error| error.kind()))
}

const TRACK: &str = "POST /v1/users/ada/actions/pay";

#[tokio::test]
async fn a_connection_is_reset_after_the_answer_though_its_client_wants_it_closed() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    pair.plan(json!([{"operation": "track", "connection": "reset_after_answer"}]))
        .await;
    let (answer, end) = raw(&pair, TRACK, "{}").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(end, Some(ErrorKind::ConnectionReset), "{answer}");
}

#[tokio::test]
async fn what_waits_for_a_fault_goes_on_when_the_fault_is_taken_back() {
    let mock = Tenant::new().await;
    for effect in [
        json!({"latency": {"milliseconds": 600_000}}),
        json!({"connection": "timeout"}),
        json!({"bytesPerSecond": 1}),
    ] {
        for way in ["list", "one", "reset", "restore", "delete"] {
            let pair = Pair::of(&mock);
            let id = pair.faulty.id().to_owned();
            let snapshot = json!({"tenant": id, "name": "before"});
            mock.control("/_mock/snapshots", snapshot.clone()).await;
            let mut fault = effect.clone();
            fault["operation"] = "track".into();
            fault["id"] = "held".into();
            pair.plan(json!([fault])).await;
            let take_back = async {
                // It is carried out before it waits.
                while pair.tracked().await == 0 {
                    tokio::task::yield_now().await;
                }
                let in_query = |path: &str| format!("{path}?tenant={id}");
                match way {
                    "list" => drop(pair.plan(json!([])).await),
                    "one" => {
                        let target = in_query("/_mock/faults/held");
                        mock.answer(200, &Request::new("DELETE", &target)).await;
                    }
                    "reset" => {
                        let target = in_query("/_mock/reset");
                        mock.answer(200, &Request::new("POST", &target)).await;
                    }
                    "restore" => {
                        mock.control("/_mock/snapshots/restore", snapshot.clone())
                            .await;
                    }
                    _ => {
                        let target = format!("/_mock/tenants/{id}");
                        mock.answer(200, &Request::new("DELETE", &target)).await;
                    }
                }
            };
            let began = Instant::now();
            let ((answer, _), ()) = tokio::join!(raw(&pair, TRACK, "{}"), take_back);
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "{effect} {way}: {:?}",
                began.elapsed()
            );
            match effect.get("connection") {
                Some(_) => assert_eq!(answer, "", "{way}"),
                None => assert!(
                    answer.starts_with("HTTP/1.1 200") && answer.ends_with('}'),
                    "{effect} {way}: {answer}"
                ),
            }
        }
    }
}

/// The warning of the newest request of the faulty tenant.
async fn warning(pair: &Pair<'_>) -> String {
    let target = format!("/_mock/journal?limit=1&tenant={}", pair.faulty.id());
    let answer = pair.mock.answer(200, &Request::new("GET", &target)).await;
    let warning = &answer.json()["requests"][0]["warning"];
    warning.as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_fault_that_finds_nothing_to_break_waits_for_another_request() {
    let mock = Tenant::new().await;
    let pair = Pair::of(&mock);
    for (effect, why) in [
        (
            json!({"wrongSchema": {"change": "drop", "member": "nope"}}),
            "no such member",
        ),
        (
            json!({"wrongSchema": {"change": "rename", "member": "/allowedVerificationMethods/0"}}),
            "no such member",
        ),
        (
            json!({"wrongSchema": {"change": "null", "member": "/a/~1"}}),
            "no such member",
        ),
    ] {
        let mut fault = effect;
        fault["operation"] = "track".into();
        pair.plan(json!([fault])).await;
        let tracked = pair.track("whole").await.unwrap();
        assert!(tracked.is_review_required(), "{fault}");
        let told = warning(&pair).await;
        assert!(
            told.starts_with("planned in /_mock/faults: fault-1 broke nothing"),
            "{told}"
        );
        assert!(
            told.contains(why) && told.ends_with("it stays for another request"),
            "{told}"
        );
        let waiting: Value = pair.waiting().await;
        assert_eq!(
            (&waiting[0]["id"], &waiting[0]["times"]),
            (&json!("fault-1"), &json!(1))
        );
        pair.faulty.reset();
    }
    // Of two, the other one applies.
    pair.plan(json!([
        {"operation": "track", "times": 2, "latency": {"milliseconds": 1}},
        {"operation": "track", "times": 3, "wrongSchema": {"change": "drop", "member": "nope"}},
    ]))
    .await;
    drop(pair.track("late").await.unwrap());
    let told = warning(&pair).await;
    assert!(
        told.contains("fault-2 broke nothing") && told.contains("1 ms late by fault-1 (1 more)"),
        "{told}"
    );
    let waiting = pair.waiting().await;
    let times = |at: usize| waiting[at]["times"].clone();
    assert_eq!((times(0), times(1)), (json!(1), json!(3)));
}
