//! `--watch`: what a mock makes of a seed that somebody edits while it runs. Must not use the mock as a library.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::ChildStderr;

use conformance::wire::{self, Request};
use serde_json::{Value, json};

use crate::running::Running;

/// Reads the log until a line has these words, and returns it.
fn until(log: &mut BufReader<ChildStderr>, words: &str) -> String {
    let mut line = String::new();
    while !line.contains(words) {
        line.clear();
        let read = log.read_line(&mut line).unwrap();
        assert!(read > 0, "the log ends without {words:?}");
    }
    line
}

fn seed(users: &[&str]) -> Value {
    let users: Vec<Value> = users.iter().map(|user| json!({"userId": user})).collect();
    json!({"tenants": [{"authsignal": {"id": "shop", "secret": "shop-secret", "users": users}}]})
}

#[tokio::test]
async fn an_edited_seed_is_loaded_again_and_a_wrong_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seed.json");
    fs::write(&file, seed(&["ada"]).to_string()).unwrap();
    let path = file.to_str().unwrap();
    let mut running = Running::start(&["--listen", "127.0.0.1:0", "--watch", "--seed", path]);
    let mut log = running.take_stderr();
    let address = running.address();
    let users = async || {
        let request = Request::new("GET", "/_mock/users?tenant=shop");
        let answer = wire::send(address, &request).await.json();
        let users = answer["users"].as_array().unwrap().clone();
        users
            .iter()
            .map(|user| user["userId"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(users().await, ["ada"]);
    let create = Request::new("POST", "/_mock/tenants").json(json!({"name": "own"}).to_string());
    let created = wire::send(address, &create).await;
    assert_eq!(created.status, 201);
    let created = created.json();
    let created = created["authsignal"]["secretKey"].as_str().unwrap();

    let mut wrong = seed(&["ada", "grace"]);
    wrong["tenants"][0]["authsignal"]["usres"] = json!([]);
    fs::write(&file, wrong.to_string()).unwrap();
    let line = until(&mut log, "cannot load the seed again");
    for says in [
        "goes on as before",
        "tenants[0].authsignal",
        "usres",
        "users",
    ] {
        assert!(line.contains(says), "{says}: {line}");
    }
    assert!(!line.contains("shop-secret"), "{line}");
    assert_eq!(users().await, ["ada"]);

    let mut right = seed(&["ada", "grace"]);
    let more = json!({"authsignal": {"id": "bank", "secret": "bank-secret"}});
    right["tenants"].as_array_mut().unwrap().push(more);
    fs::write(&file, right.to_string()).unwrap();
    until(&mut log, "loaded the seed again");
    assert_eq!(users().await, ["ada", "grace"]);
    let get = |secret: &str| Request::new("GET", "/v1/users/ada").basic(secret);
    assert_eq!(wire::send(address, &get("bank-secret")).await.status, 200);

    // A tenant that the seed has no more leaves; one that a test created stays.
    fs::write(&file, seed(&["linus"]).to_string()).unwrap();
    until(&mut log, "loaded the seed again");
    assert_eq!(users().await, ["linus"]);
    assert_eq!(wire::send(address, &get("bank-secret")).await.status, 401);
    assert_eq!(wire::send(address, &get(created)).await.status, 200);
    // The start is the new seed.
    let reset = Request::new("POST", "/_mock/reset");
    assert_eq!(wire::send(address, &reset).await.status, 200);
    assert_eq!(users().await, ["linus"]);
}
