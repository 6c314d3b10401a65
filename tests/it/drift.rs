//! The exchanges that `stepup-mock verify` replays on another server: those of the golden ones that need nothing but the keys
//! of a tenant. The tests of the command are in `mock-server/tests/program/drift.rs`.

use std::collections::BTreeSet;

use stepup_mock::spec_check::drift::{GOLDEN, Recorder, Seen, head, line};

use crate::exchange::Exchange;
use crate::golden;
use crate::spec;
use crate::world::{API_SECRET, MANAGEMENT_SECRET, TENANT};

const FILE: &str = "mock-server/src/program/drift/exchanges.jsonl";

/// The steps of an exchange as lines; nothing if one of them cannot be replayed.
async fn lines(exchange: &Exchange, recorder: &mut Recorder) -> Option<String> {
    recorder.begin(&exchange.title());
    let mut lines = String::new();
    for (request, answer) in exchange.replayed().await {
        let authorization = request.headers.iter();
        let mut authorization = authorization.filter(|(name, _)| name == "Authorization");
        let step = recorder.take(&Seen {
            method: &request.method,
            target: &request.target,
            authorization: authorization.next().map(|(_, value)| value.as_str()),
            body: &request.body,
            status: answer.status,
            answer: &answer.body,
        });
        lines.push_str(&line(&step.ok()?));
    }
    Some(lines)
}

#[tokio::test]
async fn the_golden_exchanges_of_verify_are_up_to_date() {
    let mut recorder = Recorder::default();
    let mut text = head();
    for exchange in golden::exchanges() {
        if exchange.can_be_replayed() {
            text.push_str(&lines(&exchange, &mut recorder).await.unwrap_or_default());
        }
    }
    if std::env::var("INSTA_UPDATE").is_ok_and(|mode| mode == "always") {
        std::fs::write(spec::workspace().join(FILE), &text).unwrap();
        return;
    }
    let stale = text
        .lines()
        .zip(GOLDEN.lines())
        .find(|(new, old)| new != old);
    assert!(
        text == GOLDEN,
        "{FILE} is not up to date; run `INSTA_UPDATE=always cargo test -p conformance --test it -- drift`, and read the \
         difference: {stale:#?}"
    );
}

#[test]
fn the_golden_exchanges_of_verify_have_no_secret_and_most_operations() {
    for secret in [
        API_SECRET,
        MANAGEMENT_SECRET,
        TENANT,
        "eyJ",
        "alice@",
        "+64270000000",
    ] {
        assert!(!GOLDEN.contains(secret), "{secret}");
    }
    let mut operations = BTreeSet::new();
    for line in GOLDEN.lines().skip(1) {
        let step: serde_json::Value = serde_json::from_str(line).unwrap();
        operations.insert(step["operation"].as_str().unwrap().to_owned());
    }
    assert!(operations.len() >= 25, "{operations:#?}");
}
