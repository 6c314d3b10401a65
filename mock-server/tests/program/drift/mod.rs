//! `verify`, between two servers: a mock, and a copy of it whose answers are altered. Must not use the mock as a library.

mod altered;
#[cfg(unix)]
mod proxy;
#[cfg(unix)]
mod runs;

use std::process::{Command, Output};

use conformance::wire::{self, Request};
use serde_json::{Value, json};

use self::altered::{Altered, Change};
use crate::running::{self, Running};
use crate::{API_SECRET, FREE_PORT, MANAGEMENT_SECRET, fails, text};

/// `verify` with the keys of the mock in the environment.
fn verify(url: &str, arguments: &[&str]) -> Output {
    command(url, arguments).output().unwrap()
}

fn command(url: &str, arguments: &[&str]) -> Command {
    let arguments = [&["verify", "--against", url], arguments].concat();
    let mut command = running::command(&arguments);
    command
        .env("AUTHSIGNAL_SECRET", API_SECRET)
        .env("AUTHSIGNAL_MANAGEMENT_SECRET", MANAGEMENT_SECRET);
    command
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

/// The drifts of a report, each as `OPERATION STATUS PLACE POINTER: KIND`.
fn drifts(output: &Output) -> Vec<String> {
    let report = report(output);
    let drifts = report["drifts"].as_array().unwrap().iter();
    let line = |drift: &Value| {
        let [operation, place, kind] =
            ["operation", "place", "drift"].map(|key| drift[key].as_str().unwrap().to_owned());
        let pointer = drift["pointer"].as_str().unwrap_or_default();
        let place = format!("{place} {pointer}");
        format!(
            "{operation} {} {}: {kind}",
            drift["status"],
            place.trim_end()
        )
    };
    let mut lines: Vec<_> = drifts.map(line).collect();
    lines.sort();
    lines.dedup();
    lines
}

async fn state(running: &Running) -> Value {
    let state = wire::send(running.address(), &Request::new("GET", "/_mock/state")).await;
    assert_eq!(state.status, 200);
    state.json()
}

/// An altered copy, and what `verify` must say of it.
struct Seeded {
    name: &'static str,
    /// The operation whose answers are altered.
    operation: &'static str,
    change: Change,
    drift: &'static str,
}

/// Changes the body of an answer with that status.
macro_rules! body {
    ($status:literal, |$body:ident| $change:expr) => {
        |answer| {
            if answer.status == $status {
                let mut value: Value = serde_json::from_slice(&answer.body).unwrap();
                let $body = &mut value;
                $change;
                answer.body = value.to_string().into_bytes();
            }
        }
    };
}

fn rename(value: &mut Value, from: &str, to: &str) {
    if let Some(member) = value.as_object_mut().unwrap().remove(from) {
        value[to] = member;
    }
}

fn drop_member(value: &mut Value, name: &str) {
    value.as_object_mut().unwrap().remove(name);
}

/// Changes each element of a list.
fn each(value: &mut Value, change: impl FnMut(&mut Value)) {
    value.as_array_mut().unwrap().iter_mut().for_each(change);
}

fn seeded() -> Vec<Seeded> {
    let one = |name, operation, change: Change, drift| Seeded {
        name,
        operation,
        change,
        drift,
    };
    vec![
        one(
            "a required member has another name",
            "track",
            body!(200, |it| rename(it, "state", "status")),
            "track 200 body /state: renamed member",
        ),
        one(
            "a required member is written otherwise",
            "track",
            body!(200, |it| rename(it, "idempotencyKey", "idempotency_key")),
            "track 200 body /idempotencyKey: renamed member",
        ),
        one(
            "an optional member has another name",
            "query_user_actions",
            body!(200, |it| each(it, |action| rename(
                action,
                "updatedAt",
                "changedAt"
            ))),
            "query_user_actions 200 body /0/updatedAt: renamed member",
        ),
        one(
            "there is one more member",
            "get_user",
            body!(200, |it| it["tier"] = json!("gold")),
            "get_user 200 body /tier: unknown member",
        ),
        one(
            "there is one more member in the elements of a list",
            "get_authenticators",
            body!(200, |it| each(it, |one| one["colour"] = json!("red"))),
            "get_authenticators 200 body /0/colour: unknown member",
        ),
        one(
            "a required member is missing",
            "get_user",
            body!(200, |it| drop_member(it, "isEnrolled")),
            "get_user 200 body /isEnrolled: missing member",
        ),
        one(
            "an optional member is missing that was there",
            "track",
            body!(200, |it| drop_member(it, "allowedVerificationMethods")),
            "track 200 body /allowedVerificationMethods: missing member",
        ),
        one(
            "a boolean is a string",
            "track",
            body!(200, |it| it["isEnrolled"] = json!("true")),
            "track 200 body /isEnrolled: other type",
        ),
        one(
            "a number is a string",
            "batch_enroll_passkeys",
            body!(200, |it| it["total"] = json!("2")),
            "batch_enroll_passkeys 200 body /total: other type",
        ),
        one(
            "a string is a number",
            "enroll_verified_authenticator",
            body!(200, |it| it["authenticator"]["createdAt"] =
                json!(1_767_225_600)),
            "enroll_verified_authenticator 200 body /authenticator/createdAt: other type",
        ),
        one(
            "an absent member is null",
            "get_user",
            body!(200, |it| it["locale"] = Value::Null),
            "get_user 200 body /locale: null",
        ),
        one(
            "a required member is null",
            "track",
            body!(200, |it| it["url"] = Value::Null),
            "track 200 body /url: null",
        ),
        one(
            "another status that the spec knows",
            "delete_authenticator",
            |answer| {
                if answer.status == 404 {
                    answer.status = 400;
                }
            },
            "delete_authenticator 404 status: other status",
        ),
        one(
            "a status that the spec does not know",
            "update_user",
            |answer| {
                if answer.status == 200 {
                    answer.status = 202;
                }
            },
            "update_user 200 status: unknown status",
        ),
        one(
            "a value of no enumeration",
            "track",
            body!(200, |it| it["state"] = json!("PENDING")),
            "track 200 body /state: unknown value",
        ),
        one(
            "a value of no enumeration in a list",
            "track",
            body!(200, |it| it["allowedVerificationMethods"] =
                json!(["SMS", "FAX"])),
            "track 200 body /allowedVerificationMethods/1: unknown value",
        ),
        one(
            "a time without a T and an offset",
            "get_authenticators",
            body!(200, |it| each(it, |one| one["createdAt"] =
                json!("2026-01-01 00:00:00"))),
            "get_authenticators 200 body /0/createdAt: other format",
        ),
        one(
            "an id that is no UUID",
            "enroll_verified_authenticator",
            body!(200, |it| it["authenticator"]["userAuthenticatorId"] =
                json!("auth-1")),
            "enroll_verified_authenticator 200 body /authenticator/userAuthenticatorId: other format",
        ),
        one(
            "a token that is no JSON Web Token",
            "create_token",
            body!(200, |it| it["accessToken"] = json!("opaque")),
            "create_token 200 body /accessToken: other format",
        ),
        one(
            "another content type",
            "get_tenant_authenticators",
            |answer| {
                if answer.status == 200 {
                    answer.content_type = Some("text/plain; charset=utf-8".to_owned());
                }
            },
            "get_tenant_authenticators 200 header content-type: other content type",
        ),
        one(
            "a list for an object",
            "get_user",
            body!(200, |it| *it = json!([it])),
            "get_user 200 body: other type",
        ),
        one(
            "an object for a list",
            "get_authenticators",
            body!(200, |it| *it = json!({"authenticators": it})),
            "get_authenticators 200 body: other type",
        ),
        one(
            "a body that ends early",
            "query_users",
            |answer| {
                if answer.status == 200 {
                    answer.body.truncate(answer.body.len() / 2);
                }
            },
            "query_users 200 body: not JSON",
        ),
        one(
            "no body",
            "identify",
            |answer| {
                if answer.status == 200 {
                    answer.body.clear();
                }
            },
            "identify 200 body: no body",
        ),
        one(
            "an error without its code",
            "get_action",
            body!(404, |it| drop_member(it, "errorCode")),
            "get_action 404 body /errorCode: missing member",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_seeded_drift_is_named_with_its_operation_and_field_and_nothing_else_is() {
    let running = Running::start(&FREE_PORT);
    let mut wrong = Vec::new();
    let seeded = seeded();
    assert!(seeded.len() >= 20);
    for one in &seeded {
        let copy = Altered::of(running.address(), one.operation, one.change).await;
        let output = verify(
            &copy.url(),
            &["--operation", one.operation, "--format", "json"],
        );
        let found = drifts(&output);
        if found != [one.drift] || output.status.code() != Some(1) {
            wrong.push(format!("{}: {:?}: {found:#?}", one.name, output.status));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_server_has_no_drift_and_nothing_of_it_left() {
    let running = Running::start(&FREE_PORT);
    let before = state(&running).await;
    let copy = Altered::honest(running.address()).await;
    let arguments = [
        "--with-management",
        "--prefix",
        "probe-",
        "--format",
        "json",
    ];
    let output = verify(&copy.url(), &arguments);
    let none: [&str; 0] = [];
    assert_eq!(drifts(&output), none, "{}", text(&output.stdout));
    assert_eq!(output.status.code(), Some(0));
    let report = report(&output);
    assert_eq!(
        (&report["notSent"], &report["leftOnServer"]),
        (&json!([]), &json!([]))
    );
    assert!(report["exchanges"].as_u64().unwrap() > 100, "{report:#}");

    let seen = copy.seen();
    let mut users = 0;
    for request in &seen {
        for user in request.users() {
            assert!(user.starts_with("probe-"), "{user} in {}", request.target);
            users += 1;
        }
        let reads = request.method == "GET" || !request.target.starts_with("/v1/management");
        assert!(reads, "{} {}", request.method, request.target);
    }
    assert!(users > 100, "{users}");
    assert_eq!(state(&running).await, before);

    // In words, and with another secret in a file.
    let secret = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("drift-secret");
    std::fs::write(&secret, format!("{API_SECRET}\n")).unwrap();
    let file = secret.to_string_lossy();
    let output = running::run(&[
        "verify",
        "--against",
        &format!("{}/v1/", running.url()),
        "--secret-file",
        &file,
        "--operation",
        "track",
    ]);
    let said = text(&output.stdout);
    assert!(said.starts_with("plan: "), "{said}");
    assert!(
        said.contains("\nno drift: ") && said.contains(" stepup-drift-"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_asked_for_without_compression_and_one_that_is_compressed_is_a_drift() {
    let running = Running::start(&FREE_PORT);
    let only = ["--operation", "get_user", "--format", "json"];
    // As a server does that compresses for whoever does not mind.
    let willing = Altered::of(running.address(), "", |answer| {
        if answer.accept_encoding.as_deref() != Some("identity") {
            answer.is_compressed = true;
            answer.body = vec![0x1f, 0x8b, 0x08];
        }
    })
    .await;
    let output = verify(&willing.url(), &only);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    let stubborn = Altered::of(running.address(), "get_user", |answer| {
        if answer.status == 200 {
            answer.is_compressed = true;
            answer.body = vec![0x1f, 0x8b, 0x08];
        }
    })
    .await;
    let output = verify(&stubborn.url(), &only);
    assert_eq!(drifts(&output), ["get_user 200 body: not JSON"]);
    assert!(text(&output.stdout).contains("3 bytes, compressed"));
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn a_server_by_https_is_trusted_by_the_file_of_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let own = ["--tls", "--tls-ca-dir", folder, "--ready-json"];
    let running = Running::start(&[&FREE_PORT[..], &own].concat());
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    let [url, file] = ["httpsUrl", "caFile"].map(|key| ready[key].as_str().unwrap());
    let only = ["--operation", "get_user"];
    let trusted = verify(url, &[&only[..], &["--ca", file]].concat());
    assert!(trusted.status.success(), "{}", text(&trusted.stderr));
    let stranger = verify(url, &only);
    assert_eq!(stranger.status.code(), Some(2));
    assert!(
        text(&stranger.stderr).contains("cannot reach"),
        "{}",
        text(&stranger.stderr)
    );
    fails(
        &verify(url, &[&only[..], &["--ca", "absent.pem"]].concat()),
        &["cannot read absent.pem"],
    );

    let to = ["proxy", "--to", url, "--listen", "127.0.0.1:0"];
    fails(
        &running::run(&[&to[..], &["--ca", "absent.pem"]].concat()),
        &["cannot read absent.pem"],
    );
    let user = Request::new("GET", "/v1/users/ada").basic(API_SECRET);
    for (flags, status) in [(&["--ca", file][..], 200), (&[], 502)] {
        let proxy = Running::start(&[&to[..], flags].concat());
        assert_eq!(wire::send(proxy.address(), &user).await.status, status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sends_nothing_and_lists_what_a_run_creates_and_deletes() {
    let running = Running::start(&FREE_PORT);
    let copy = Altered::honest(running.address()).await;
    // It needs no key.
    let output = running::run(&[
        "verify",
        "--against",
        &copy.url(),
        "--dry-run",
        "--run-id",
        "mine",
        "--format",
        "junit",
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let plan = text(&output.stdout);
    for words in [
        "plan: ",
        "creates ",
        "deletes each after its exchange",
        " stepup-drift-mine-user-1,",
        "signIn",
        "delete_user ×",
        "enroll_verified_authenticator ×",
        "dry run: nothing was sent",
    ] {
        assert!(plan.contains(words), "no {words:?} in {plan}");
    }
    assert_eq!(copy.seen().len(), 0);
    // Everything that a run sends about users is about those of the plan.
    let output = verify(&copy.url(), &["--run-id", "mine"]);
    assert!(output.status.success(), "{}", text(&output.stdout));
    let listed: Vec<_> = plan.split([' ', ',', '\n']).collect();
    for request in copy.seen() {
        for user in request.users() {
            assert!(listed.contains(&user.as_str()), "{user}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_went_wrong_is_cleaned_up_and_no_output_has_a_key() {
    let running = Running::start(&FREE_PORT);
    let before = state(&running).await;
    // A server that repeats the key in each answer, and forgets the ids that later requests need.
    let copy = Altered::of(running.address(), "", |answer| {
        let key = answer.authorization.clone();
        answer.content_type = Some(format!("text/{key}"));
        answer.body = json!({"state": key, API_SECRET: key, "message": API_SECRET})
            .to_string()
            .into_bytes();
    })
    .await;
    for format in ["text", "json", "junit"] {
        let output = verify(&copy.url(), &["--with-management", "--format", format]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        for out in [text(&output.stdout), text(&output.stderr)] {
            let key = wire::basic(API_SECRET);
            for secret in [
                API_SECRET,
                MANAGEMENT_SECRET,
                key.split_once(' ').unwrap().1,
            ] {
                assert!(!out.contains(secret), "{format}: {out}");
            }
        }
    }
    assert_eq!(state(&running).await, before);
    let output = verify(
        &copy.url(),
        &["--operation", "get_action", "--format", "junit"],
    );
    let xml = text(&output.stdout);
    for words in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"stepup-mock verify\" tests=\"",
        "<testcase classname=\"stepup-mock.verify.get_action\" name=\"get_action 200\">",
        "<failure type=\"other content type\" message=\"track 200: header content-type: other content type\">",
        "\n  in exchange get_action 200, request 1\n",
        "</testsuite></testsuites>\n",
    ] {
        assert!(xml.contains(words), "no {words:?} in {xml}");
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_stopped_deletes_what_it_has_created() {
    let running = Running::start(&FREE_PORT);
    let before = state(&running).await;
    let copy = Altered::honest(running.address()).await;
    let mut command = running::command(&["verify", "--against", &copy.url()]);
    command.env("AUTHSIGNAL_SECRET", API_SECRET);
    let run = Running::of(command);
    while copy.seen().len() < 10 {
        tokio::task::yield_now().await;
    }
    let stopped = run.signal("INT");
    assert_eq!(stopped.code, Some(2), "{}", stopped.stdout);
    assert!(
        stopped
            .stderr
            .contains("the run was stopped; every user that it had created is deleted"),
        "{}",
        stopped.stderr
    );
    assert!(copy.seen().len() < 150, "{}", copy.seen().len());
    assert_eq!(state(&running).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_elsewhere_needs_a_yes_and_a_run_that_cannot_be_made_exits_with_2() {
    let running = Running::start(&FREE_PORT);
    let (_kept, silent) = wire::silent();
    let nobody = format!("http://{silent}");
    let missing = running::run(&["verify", "--against", running.url()]);
    let foreign = "https://api.example.invalid/v1";
    for (output, says) in [
        (
            verify(foreign, &[]),
            vec!["is not on this machine", "nothing was sent", "--yes"],
        ),
        (
            verify("http://192.0.2.2:18120/v1", &["--yes"]),
            vec!["every machine on the way can read the key", "--allow-http"],
        ),
        (
            verify("http://127.0.0.1:1/?key=hunter2hunter2", &[]),
            vec!["has no query"],
        ),
        (verify(&nobody, &[]), vec!["cannot reach"]),
        (
            verify("https://ada:hunter2hunter2@host", &[]),
            vec!["the URL must not have credentials"],
        ),
        (verify("nowhere", &[]), vec!["is not the URL of a server"]),
        (
            verify(running.url(), &["--prefix", "a/b/c"]),
            vec!["--prefix has 4 to 32"],
        ),
        (
            verify(running.url(), &["--prefix", ""]),
            vec!["--prefix has 4 to 32"],
        ),
        (
            verify(running.url(), &["--run-id", "a/b"]),
            vec!["--run-id has 1 to 16 letters or digits"],
        ),
        (
            verify(running.url(), &["--operation", "trak"]),
            vec!["there is no exchange of an operation trak"],
        ),
        (
            verify(running.url(), &["--operation", "get_tenant"]),
            vec!["--with-management"],
        ),
        (missing, vec!["AUTHSIGNAL_SECRET holds no API secret"]),
        (
            verify(running.url(), &["--secret", API_SECRET]),
            vec!["unexpected argument '--secret'"],
        ),
        (
            verify(running.url(), &["--secret-file", "/no/such"]),
            vec!["cannot read the file /no/such"],
        ),
        (
            verify(running.url(), &["--exchanges", "/no/such"]),
            vec!["cannot read /no/such"],
        ),
    ] {
        assert_eq!(output.status.code(), Some(2), "{says:?}");
        let said = text(&output.stderr);
        for words in says {
            assert!(said.contains(words), "no {words:?} in {said}");
        }
        assert!(
            !said.contains(API_SECRET) && !said.contains("hunter2"),
            "{said}"
        );
    }
    // Whoever has no key needs no plan.
    fails(
        &verify(running.url(), &["--secret-env", "NOT_SET"]),
        &["NOT_SET holds no API secret"],
    );
    let wrong = running::command(&["verify", "--against", running.url()])
        .env("AUTHSIGNAL_SECRET", "another-secret-of-another")
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        text(&wrong.stderr).contains("answers 401 to the API secret"),
        "{}",
        text(&wrong.stderr)
    );
}

#[test]
fn a_file_of_exchanges_names_no_user_without_the_prefix_and_changes_no_tenant() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("drift");
    std::fs::create_dir_all(&folder).unwrap();
    let head = r#"{"stepupExchanges":1}"#;
    let refused = |line: &str, says: &[&str]| {
        let file = folder.join("exchanges.jsonl");
        std::fs::write(&file, format!("{head}\n{line}\n")).unwrap();
        let file = file.to_string_lossy();
        let arguments = ["--exchanges", &file, "--dry-run", "--with-management"];
        let output = verify("http://localhost:1", &arguments);
        fails(&output, &[&["line 2: "], says].concat());
    };
    let step = |rest: Value| {
        let mut step = json!({"case": "one", "api": "authsignal", "status": 200});
        for (name, value) in rest.as_object().unwrap() {
            step[name] = value.clone();
        }
        step.to_string()
    };
    refused(
        &step(json!({"operation": "delete_user", "path": {"userId": "ada"}})),
        &["each user id must begin with ${prefix}"],
    );
    refused(
        &step(json!({"operation": "create_token", "body": {"userId": "ada"}})),
        &["each user id must begin with ${prefix}"],
    );
    refused(
        &step(json!({"operation": "get_user", "path": {}})),
        &["its path needs values of: userId"],
    );
    refused(
        &step(json!({"operation": "get_user", "path": {"userId": "${prefix}${1/userId}"}})),
        &["${1/userId} is neither"],
    );
    for body in [
        json!({"email": "ceo@corp.example", "verificationMethod": "EMAIL_OTP"}),
        json!({"phoneNumber": "+64211234567", "verificationMethod": "SMS"}),
    ] {
        let path = json!({"userId": "${prefix}user-1"});
        refused(
            &step(
                json!({"operation": "enroll_verified_authenticator", "path": path, "body": body}),
            ),
            &["because others belong to somebody"],
        );
    }
    refused(
        &step(json!({"operation": "get_usr"})),
        &["no spec has an operation authsignal get_usr"],
    );
    refused(
        &step(
            json!({"operation": "login_with_email", "path": {"email": "${prefix}a@example.com"}}),
        ),
        &["login_with_email is not replayed: it creates a user with an id that the server chooses"],
    );
    refused(
        &step(json!({"api": "authsignal-management", "operation": "update_tenant", "body": {}})),
        &["update_tenant is not replayed: it changes the tenant"],
    );
    refused(
        &step(json!({"operation": "challenge", "body": {"verificationMethod": "SMS"}})),
        &["challenge is not replayed: it sends a message"],
    );
    refused(
        &step(json!({"operation": "get_user", "pth": {}})),
        &["unknown field `pth`"],
    );
    let output = verify(
        "http://localhost:1",
        &["--exchanges", "Cargo.toml", "--dry-run"],
    );
    fails(
        &output,
        &["Cargo.toml: line 1: a file of exchanges begins with"],
    );
}
