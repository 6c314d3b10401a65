//! Runs of `verify` beside users of others, beside one another, and ended before their time. Must not use the mock as a
//! library.

use conformance::wire::{self, Request};
use serde_json::json;

use super::altered::{Altered, Change, NEVER};
use super::{command, drifts, report, state, verify};
use crate::running::Running;
use crate::{API_SECRET, FREE_PORT, text};

/// The id of a run whose plan begins with this line.
fn run_of(line: &str) -> &str {
    let run = line
        .strip_prefix("plan: run ")
        .and_then(|rest| rest.split_once(':'));
    run.unwrap_or_else(|| panic!("{line}")).0
}

async fn enroll(mock: &Running, user: &str) {
    let target = format!("/v1/users/{user}/authenticators");
    let sms = json!({"verificationMethod": "SMS", "phoneNumber": "+64211234567"});
    let request = Request::new("POST", &target)
        .basic(API_SECRET)
        .json(sms.to_string());
    assert_eq!(wire::send(mock.address(), &request).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_run_touches_a_user_that_was_there_before() {
    let mock = Running::start(&FREE_PORT);
    for number in 1..9 {
        enroll(&mock, &format!("stepup-drift-user-{number}")).await;
        enroll(&mock, &format!("acme-user-{number}")).await;
    }
    let before = state(&mock).await;
    let arguments = ["--format", "json", "--operation", "get_user"];
    for prefix in ["stepup-drift-", "acme-"] {
        let output = verify(
            mock.url(),
            &[&arguments[..], &["--prefix", prefix]].concat(),
        );
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
        assert_eq!(state(&mock).await, before, "{prefix}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_at_once_do_not_meet() {
    let mock = Running::start(&FREE_PORT);
    let before = state(&mock).await;
    let runs = ["one", "two"].map(|_| {
        let url = mock.url().to_owned();
        tokio::task::spawn_blocking(move || verify(&url, &["--format", "json"]))
    });
    for run in runs {
        let output = run.await.unwrap();
        let none: [&str; 0] = [];
        assert_eq!(drifts(&output), none);
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    assert_eq!(state(&mock).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_leaves_disturbs_no_other_and_is_removed_by_its_id() {
    let mock = Running::start(&FREE_PORT);
    let before = state(&mock).await;
    let slow = Altered::of(mock.address(), "get_user", |answer| answer.status = NEVER).await;
    let killed = Running::of(command(&slow.url(), &["--operation", "get_user"]));
    let run = run_of(&killed.first_line).to_owned();
    slow.has_seen(2).await;
    assert_eq!(killed.signal("KILL").code, None);
    enroll(&mock, &format!("stepup-drift-{run}-user-3")).await;
    assert_ne!(state(&mock).await, before);

    let output = verify(mock.url(), &["--operation", "get_user", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert_ne!(state(&mock).await, before);
    let output = verify(mock.url(), &["--remove-run", &run]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let told = text(&output.stdout);
    assert!(told.contains("users if they are there"), "{told}");
    assert_eq!(state(&mock).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_and_the_report_count_every_request() {
    let mock = Running::start(&FREE_PORT);
    let copy = Altered::honest(mock.address()).await;
    let output = verify(&copy.url(), &["--format", "json", "--with-management"]);
    let sent = copy.seen();
    let deletions = sent.iter().filter(|request| {
        let path = request.target.split('?').next().unwrap();
        request.method == "DELETE" && path.split('/').count() == 4
    });
    assert_eq!(report(&output)["requests"], sent.len());
    let plan = text(&output.stderr);
    for words in [
        format!(" exchanges in {} requests to ", sent.len()),
        format!("delete_user ×{}", deletions.count()),
    ] {
        assert!(plan.contains(&words), "no {words:?} in {plan}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_words_of_a_stopped_run_tell_what_is_left() {
    let mock = Running::start(&FREE_PORT);
    let before = state(&mock).await;
    for signal in ["INT", "TERM", "HUP"] {
        let copy = Altered::answering(mock.address(), 10).await;
        let mut run = Running::of(command(&copy.url(), &[]));
        copy.has_seen(11).await;
        let mut errors = run.take_stderr();
        run.send(signal);
        // If this overtakes the signal, the run waits for the answer after it.
        copy.answer_another();
        let stopped = run.end();
        let mut said = String::new();
        std::io::Read::read_to_string(&mut errors, &mut said).unwrap();
        assert_eq!(stopped.code, Some(2), "{signal}: {said}");
        let words = "the run was stopped; every user that it had created is deleted";
        assert!(said.contains(words), "{said}");
        assert_eq!(state(&mock).await, before);
    }
    let copy = Altered::of(mock.address(), "delete_user", |answer| answer.status = 500).await;
    let run = Running::of(command(&copy.url(), &[]));
    copy.has_seen(10).await;
    let stopped = run.signal("INT");
    assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
    assert!(
        stopped.stderr.contains("may still be on the server"),
        "{}",
        stopped.stderr
    );
    assert!(!stopped.stderr.contains("is deleted"), "{}", stopped.stderr);
    let told = stopped.stdout;
    assert!(
        told.contains("still on the server: user stepup-drift-"),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_run_waits_not_long_for_a_silent_server_and_a_second_signal_ends_it_at_once() {
    let mock = Running::start(&FREE_PORT);
    let copy = Altered::of(mock.address(), "delete_user", |answer| {
        answer.status = NEVER
    })
    .await;
    for signals in [1, 2] {
        let seen = copy.seen().len();
        let run = Running::of(command(&copy.url(), &["--operation", "update_user"]));
        copy.has_seen(seen + 3).await;
        // Two of one kind at once may count as one.
        if signals == 2 {
            run.send("TERM");
        }
        let stopped = tokio::task::spawn_blocking(move || run.signal("INT"))
            .await
            .unwrap();
        assert_eq!(stopped.code, Some(1), "{}", stopped.stderr);
        let told = stopped.stdout;
        assert!(
            told.contains("still on the server: user stepup-drift-"),
            "{told}"
        );
        let why = match signals {
            1 => "(no answer came within 5 s)",
            _ => "(a second signal ended the run",
        };
        assert!(told.contains(why), "no {why:?} in {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_no_authsignal_gets_one_request_and_the_reason_is_told_in_each_form() {
    let mock = Running::start(&FREE_PORT);
    let html: Change = |answer| {
        answer.status = 200;
        answer.body = b"<html>".to_vec();
    };
    let fails: Change = |answer| answer.status = 502;
    let leads: Change = |answer| answer.status = 307;
    for (change, says) in [
        (html, "answers 200 without JSON to GET /v1/authenticators"),
        (fails, "answers 502 to GET /v1/authenticators"),
        (leads, "answers 307, which leads to /elsewhere, to GET"),
    ] {
        for format in ["json", "junit"] {
            let copy = Altered::of(mock.address(), "", change).await;
            let output = verify(&copy.url(), &["--format", format]);
            assert_eq!(output.status.code(), Some(2), "{says}");
            assert_eq!(copy.seen().len(), 1);
            let (out, err) = (text(&output.stdout), text(&output.stderr));
            assert!(err.contains(says), "no {says:?} in {err}");
            if format == "json" {
                let why = report(&output)["error"].as_str().unwrap().to_owned();
                assert!(why.contains(says), "{why}");
            } else {
                assert!(out.contains("errors=\"1\"") && out.contains(says), "{out}");
            }
        }
    }
}
