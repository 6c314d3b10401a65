//! What each operation of the control API is called in Rust tests, at the command line, and in the packages for Python,
//! Node.js and Java. A new operation needs a row, so whoever adds one decides where people can call it by a name of its own.
//! Everything else is reached by `control` of the packages, and by `MockControl` of the client.

use std::fs;
use std::path::Path;

use crate::spec;

/// No method or command of its own.
const NONE: &str = "";

/// The operation; then what it is called in `MockServer` and its parts, at the command line, in Python, Node.js and Java.
#[rustfmt::skip]
const COUNTERPARTS: &[[&str; 6]] = &[
    ["get_health", NONE, "health", NONE, NONE, NONE],
    ["list_limits", NONE, NONE, NONE, NONE, NONE],
    ["reset", "reset", "reset", NONE, NONE, NONE],
    ["get_clock", "now", "clock show", "now", "now", "now"],
    ["change_clock", "advance", "clock advance", "advance", "advance", "advance"],
    ["list_messages", "messages", "inbox", "messages", "messages", "messages"],
    ["delete_messages", NONE, NONE, NONE, NONE, NONE],
    ["delete_message", NONE, NONE, NONE, NONE, NONE],
    ["list_journal", "journal", NONE, "requests", "requests", "requests"],
    ["search_journal", NONE, NONE, NONE, NONE, NONE],
    ["export_har", NONE, NONE, NONE, NONE, NONE],
    ["verify_requests", "verify", NONE, "verify", "verify", "verify"],
    ["get_journal_entry", NONE, NONE, "bodies", "bodies", "bodies"],
    ["list_tenants", NONE, "tenants", NONE, NONE, NONE],
    ["create_tenant", "create_tenant", NONE, "create_tenant", "createTenant", "createTenant"],
    ["delete_tenant", "drop", NONE, "delete", "delete", "close"],
    ["dump", "dump", "dump", NONE, NONE, NONE],
    ["load", "load", "load", NONE, NONE, NONE],
    ["list_snapshots", NONE, "snapshot list", NONE, NONE, NONE],
    ["take_snapshot", "snapshot", "snapshot take", NONE, NONE, NONE],
    ["restore_snapshot", "restore", "snapshot restore", NONE, NONE, NONE],
    ["delete_snapshot", NONE, "snapshot delete", NONE, NONE, NONE],
    ["list_users", "users", NONE, NONE, NONE, NONE],
    ["show_user", "user", NONE, NONE, NONE, NONE],
    ["list_actions", "actions", NONE, NONE, NONE, NONE],
    ["list_activeconnect_users", NONE, NONE, NONE, NONE, NONE],
    ["get_state", "state", NONE, NONE, NONE, NONE],
    ["list_phone_requests", NONE, NONE, NONE, NONE, NONE],
    ["phone_register", "register", "phone register", NONE, NONE, NONE],
    ["phone_approve", "approve", "phone approve", NONE, NONE, NONE],
    ["phone_deny", "deny", "phone deny", NONE, NONE, NONE],
    ["phone_fail", "fail", "phone fail", NONE, NONE, NONE],
    ["phone_walk_away", "walk_away", "phone walk-away", NONE, NONE, NONE],
    ["phone_return", "come_back", "phone return", NONE, NONE, NONE],
    ["phone_expire", "expire", "phone expire", NONE, NONE, NONE],
    ["passkey_enroll", "enroll", "passkey enroll", NONE, NONE, NONE],
    ["passkey_approve", "approve_action", "passkey approve", NONE, NONE, NONE],
    ["passkey_create", "create", "passkey create", NONE, NONE, NONE],
    ["passkey_get", "get", "passkey get", NONE, NONE, NONE],
    ["push_register", "register", "push register", NONE, NONE, NONE],
    ["push_approve", "approve", "push approve", NONE, NONE, NONE],
    ["push_deny", "deny", "push deny", NONE, NONE, NONE],
    ["qr_claim", "claim", "qr claim", NONE, NONE, NONE],
    ["qr_approve", "approve_code", "qr approve", NONE, NONE, NONE],
    ["qr_deny", "deny_code", "qr deny", NONE, NONE, NONE],
    ["get_totp", "totp", "totp", NONE, NONE, NONE],
    ["challenge_succeed", "succeed", "challenge succeed", "succeed_challenge", "succeedChallenge", "succeedChallenge"],
    ["challenge_fail", "fail", "challenge fail", "fail_challenge", "failChallenge", "failChallenge"],
    ["configure_authsignal", "set_rules", NONE, NONE, NONE, NONE],
    ["export_authsignal", NONE, "export", NONE, NONE, NONE],
    ["set_next_outcome", "set_next_outcome", NONE, NONE, NONE, NONE],
    ["configure_facts", "set_facts", NONE, NONE, NONE, NONE],
    ["set_next_facts", "set_next_facts", NONE, NONE, NONE, NONE],
    ["list_failures", NONE, "failures list", NONE, NONE, NONE],
    ["configure_failures", "set_failures", "failures set", NONE, NONE, NONE],
    ["list_faults", NONE, "faults list", NONE, NONE, NONE],
    ["configure_faults", "set_faults", "faults add", "faults", "faults", "faults"],
    ["delete_fault", NONE, "faults remove", NONE, NONE, NONE],
    ["list_scenarios", NONE, "scenarios list", NONE, NONE, NONE],
    ["configure_scenarios", "set_scenarios", "scenarios add", "scenarios", "scenarios", "scenarios"],
    ["delete_scenario", NONE, "scenarios remove", NONE, NONE, NONE],
    ["configure_webhooks", "webhook", NONE, "webhooks", "webhooks", "webhooks"],
    ["list_webhook_deliveries", "webhook_deliveries", "webhook list", "deliveries", "deliveries", "deliveries"],
    ["webhook_send", NONE, "webhook send", NONE, NONE, NONE],
    ["webhook_trigger", NONE, "webhook trigger", NONE, NONE, NONE],
];

/// Files with an ending, below a folder.
fn sources(folder: &str, ending: &str) -> String {
    fn read(folder: &Path, ending: &str, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, ending, into);
            } else if path.to_str().is_some_and(|path| path.ends_with(ending)) {
                into.push_str(&fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut all = String::new();
    read(&spec::workspace().join(folder), ending, &mut all);
    all
}

/// The name of a command's variant: `walk-away` is `WalkAway`.
fn variant(word: &str) -> String {
    let parts = word.split('-').map(|part| {
        let (first, rest) = part.split_at(1);
        first.to_uppercase() + rest
    });
    parts.collect()
}

#[test]
fn each_control_operation_is_listed_with_its_counterparts() {
    let listed = COUNTERPARTS.iter().map(|[operation, ..]| *operation);
    let operations = spec::named("mock-control").operations();
    let operations = operations.into_iter().map(|operation| operation.id);
    let (mut listed, mut operations): (Vec<_>, Vec<_>) = (listed.collect(), operations.collect());
    listed.sort_unstable();
    operations.sort_unstable();
    assert_eq!(listed, operations);
}

#[test]
fn every_counterpart_exists() {
    let packages = "mock-server/packages";
    let rust = sources("mock-server/src/mock", ".rs");
    let commands = sources("mock-server/src/program", ".rs");
    let python = sources(&format!("{packages}/python/src"), ".py");
    let node = sources(&format!("{packages}/node"), "index.d.ts");
    let java = sources(&format!("{packages}/java/src/main"), ".java");
    for [operation, in_rust, command, in_python, in_node, in_java] in COUNTERPARTS {
        let has = |text: &str, words: String, place: &str| {
            assert!(
                text.contains(&words),
                "{operation}: {place} has no `{words}`"
            );
        };
        if *in_rust != NONE {
            has(&rust, format!("fn {in_rust}("), "Rust");
        }
        for word in command.split_whitespace() {
            has(
                &commands,
                format!("\n    {}", variant(word)),
                "the command line",
            );
        }
        if *in_python != NONE {
            has(&python, format!("def {in_python}("), "Python");
        }
        if *in_node != NONE {
            has(&node, format!("  {in_node}("), "Node.js");
        }
        if *in_java != NONE {
            has(&java, format!(" {in_java}("), "Java");
        }
    }
}
