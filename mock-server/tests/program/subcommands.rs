//! The subcommands, against a running mock. Must not use the mock as a library.

use std::io::Write as _;
use std::process::{Output, Stdio};

use conformance::receiver::Receiver;
use conformance::wire::{self, Request};
use serde_json::{Value, json};

use crate::running::{self, Running};
use crate::{API_SECRET, FREE_PORT, MANAGEMENT_SECRET, fails, request, text};

#[tokio::test]
async fn a_configuration_leaves_one_mock_and_comes_into_another() {
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let tool = |arguments: &[&str]| {
        let output = running::command(arguments)
            .env("STEPUP_MOCK_URL", running.url())
            .output()
            .unwrap();
        let said = text(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {said}");
        (text(&output.stdout), said)
    };
    let outcome = json!({"actions": [{"action": "pay", "outcome": "BLOCK"}]}).to_string();
    let configure = Request::new("POST", "/_mock/authsignal").json(outcome);
    assert_eq!(wire::send(running.address(), &configure).await.status, 200);

    let (calls, notes) = tool(&["export", "--form", "calls"]);
    let calls: Value = serde_json::from_str(&calls).unwrap();
    let mut calls = calls.as_array().unwrap().iter();
    let call = calls.find(|call| call["path"] == "/action-configurations");
    assert_eq!(call.unwrap()["body"]["actionCode"], "pay");
    assert!(notes.contains("SMS is offered"), "{notes}");
    let (script, _) = tool(&["export", "--form", "script"]);
    assert!(
        script.contains("create '/action-configurations' <<'JSON' || change '/action-configurations/pay' <<'JSON'\n"),
        "{script}"
    );

    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("configuration");
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, content: &str| {
        let path = folder.join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (seed, _) = tool(&["export"]);
    let seed = file("seed.json", &seed);
    let other = Running::start(&["--listen", "127.0.0.1:0", "--seed", &seed]);
    let exported = Request::new("GET", "/_mock/authsignal/export");
    let exported = wire::send(other.address(), &exported).await.json();
    let action =
        &exported["seed"]["tenants"][0]["authsignal"]["management"]["action-configurations"][0];
    assert_eq!(action["defaultUserActionResult"], "BLOCK");

    let answers = json!({"tenant": {"tenantId": "t-1", "name": "Shop", "novelty": 1}}).to_string();
    let (seed, notes) = tool(&["import", &file("answers.json", &answers)]);
    assert_eq!(
        notes,
        "stepup-mock: the mock does not know tenant/novelty, and leaves it out\n"
    );
    let seed: Value = serde_json::from_str(&seed).unwrap();
    assert_eq!(seed["tenants"][0]["authsignal"]["id"], "t-1");
    let wrong = file("wrong.json", r#"{"valuelist": []}"#);
    fails(
        &running::run(&["import", &wrong]),
        &["did you mean value-lists?"],
    );
}

#[tokio::test]
async fn an_exported_script_may_run_again_and_ends_at_another_failure() {
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let manage = async |running: &Running, method: &str, target: &str, body: Value| {
        let request = Request::new(method, &format!("/v1/management{target}"));
        let request = request.basic(MANAGEMENT_SECRET).json(body.to_string());
        wire::send(running.address(), &request).await
    };
    let rule = json!({"name": "it's large", "isActive": true, "priority": 1, "type": "BLOCK"});
    for (target, body) in [
        (
            "/value-lists",
            json!({"name": "L", "itemType": "string", "isActive": true, "valueListItems": ["a"]}),
        ),
        (
            "/custom-data-points",
            json!({"name": "amount", "dataType": "number", "modelType": "action"}),
        ),
        (
            "/authenticator-configurations/sms",
            json!({"smsProvider": "TNZ"}),
        ),
        (
            "/action-configurations",
            json!({"actionCode": "sign-in", "defaultUserActionResult": "ALLOW"}),
        ),
        ("/action-configurations/sign-in/rules", rule),
    ] {
        let made = manage(&running, "POST", target, body).await;
        assert_eq!(made.status, 200, "{target}: {}", made.text());
    }
    let mut script = running::command(&["export", "--form", "script", "--url", running.url()]);
    let script = script.output().unwrap();
    assert!(script.status.success(), "{}", text(&script.stderr));
    let other = Running::start(&["--listen", "127.0.0.1:0"]);
    let run = |secret: &str| {
        let mut shell = std::process::Command::new("sh");
        shell
            .env(
                "AUTHSIGNAL_MANAGEMENT_URL",
                format!("{}/v1/management", other.url()),
            )
            .env("AUTHSIGNAL_MANAGEMENT_SECRET", secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut shell = shell.spawn().unwrap();
        shell
            .stdin
            .take()
            .unwrap()
            .write_all(&script.stdout)
            .unwrap();
        shell.wait_with_output().unwrap()
    };
    let first = run(MANAGEMENT_SECRET);
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert_eq!(text(&first.stderr), "");
    let exported = Request::new("GET", "/_mock/authsignal/export");
    let before = wire::send(other.address(), &exported).await.json();
    let changed = manage(
        &other,
        "PATCH",
        "/value-lists/l",
        json!({"valueListItems": ["b"]}),
    )
    .await;
    assert_eq!(changed.status, 200);
    let again = run(MANAGEMENT_SECRET);
    let said = text(&again.stderr);
    assert!(again.status.success(), "{said}");
    for says in [
        "changes what is there already: /value-lists/l\n",
        "changes what is there already: /action-configurations/sign-in\n",
        "changes what is there already: /authenticator-configurations/sms\n",
        "leaves as it is what is there already: /custom-data-points amount\n",
        "leaves as it is what is there already: /action-configurations/sign-in/rules it's large\n",
    ] {
        assert!(said.contains(says), "{says}: {said}");
    }
    assert_eq!(wire::send(other.address(), &exported).await.json(), before);
    let refused = run("wrong");
    assert_eq!(refused.status.code(), Some(22));
    let said = text(&refused.stderr);
    assert!(
        said.contains("failed with status 401: {\"error\":"),
        "{said}"
    );
}

#[tokio::test]
async fn the_failures_command_sets_lists_and_clears() {
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let tool = |arguments: &[&str]| running.tool(arguments);
    let set = [
        "failures",
        "set",
        "track",
        "--times",
        "2",
        "--status",
        "429",
        "--header",
        "Retry-After: 0",
    ];
    let planned = "mock-app: track answers 429 with {\"Retry-After\":\"0\"}, 2 times\n";
    assert_eq!(text(&tool(&set).stdout), planned);
    assert_eq!(text(&tool(&["failures", "list"]).stdout), planned);
    let cleared = "mock-app: no failures\n";
    assert_eq!(text(&tool(&["failures", "clear"]).stdout), cleared);
    assert_eq!(text(&tool(&["failures", "list"]).stdout), cleared);
    fails(
        &tool(&["failures", "set", "trak"]),
        &["did you mean track?"],
    );
    let header = ["failures", "set", "--header", "Retry-After"];
    fails(&tool(&header), &["NAME: VALUE"]);
}

#[tokio::test]
async fn the_faults_command_adds_lists_removes_and_clears() {
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let tool = |line: &str| {
        let arguments: Vec<_> = line.split(' ').collect();
        running.tool(&[&["faults"], &arguments[..]].concat())
    };
    let said = |line| text(&tool(line).stdout);
    let slow = "mock-app: fault-1: {\"latency\":{\"maxMilliseconds\":20,\"minMilliseconds\":10},\"operation\":\"track\",\"times\":2}\n";
    assert_eq!(said("add track --times 2 --latency 10-20"), slow);
    let both =
        said("add --user ada --wrong-schema drop:state --always --skew-seconds -60 --skip 1");
    let own = "\"always\":true,\"skewSeconds\":-60,\"skip\":1,\"userId\":\"ada\",\"wrongSchema\":{\"change\":\"drop\",\"member\":\"state\"}";
    let own = format!("mock-app: fault-2: {{{own}}}\n");
    assert_eq!(both, format!("{slow}{own}"));
    assert_eq!(said("list"), both);
    assert_eq!(said("remove fault-1"), own);
    let limit = said("add --tenant mock-app --rate-limit 10/60 --api authsignal --probability 0.5");
    assert!(
        limit.contains("\"rateLimit\":{\"count\":10,\"seconds\":60}"),
        "{limit}"
    );
    assert_eq!(said("clear"), "mock-app: no faults\n");
    fails(&tool("add trak --malformed"), &["did you mean track?"]);
    fails(&tool("add track"), &["nothing goes wrong"]);
    fails(&tool("add --latency soon"), &["100-500"]);
    fails(&tool("add --rate-limit 5"), &["COUNT/SECONDS"]);
    fails(
        &tool("add --wrong-schema burn"),
        &["rename, drop, null or type"],
    );
    fails(&tool("remove fault-9"), &["no fault fault-9 is planned"]);
}

#[tokio::test]
async fn the_snapshot_command_takes_restores_lists_and_deletes() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--deterministic"]);
    let tool = |arguments: &[&str]| running.tool(arguments);
    let lines = |arguments: &[&str]| text(&tool(arguments).stdout);
    assert_eq!(lines(&["snapshot", "list"]), "no snapshots\n");
    let taken = lines(&["snapshot", "take", "a/b c", "--tenant", "mock-app"]);
    let kept = "a/b c, of 2026-01-01T00:00:00Z, 0 bytes\n";
    assert_eq!(taken, format!("mock-app: taken {kept}"));
    let listed = lines(&["snapshot", "list", "--tenant", "mock-app"]);
    assert_eq!(listed, format!("mock-app: {kept}"));
    let restored = lines(&["snapshot", "restore", "a/b c"]);
    assert_eq!(restored, format!("mock-app: restored {kept}"));
    let deleted = lines(&["snapshot", "delete", "a/b c"]);
    assert_eq!(deleted, format!("mock-app: deleted {kept}"));
    fails(
        &tool(&["snapshot", "restore", "a/b c"]),
        &["no tenant has a snapshot a/b c; `stepup-mock snapshot list` shows them"],
    );
}

#[test]
fn a_refusal_speaks_of_the_command_and_its_arguments() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--seed", "demo"]);
    let late = running.tool(&["clock", "freeze", "9990-01-01T00:00:00Z"]);
    assert!(late.status.success(), "{}", text(&late.stderr));
    for (arguments, expected) in [
        (
            &["scenarios", "add", "--after", "3", "--code", "123456"][..],
            "--after: only a person takes time; use it with `--phone` or `--challenge`",
        ),
        (
            &["scenarios", "add", "--user", "ada"],
            "<--outcome <OUTCOME>|--facts <JSON>|--undelivered|",
        ),
        (
            &["scenarios", "add", "--code", "123456", "--outcome", "BLOCK"],
            "cannot be used with",
        ),
        (
            &[
                "scenarios",
                "add",
                "--facts",
                r#"{"ip": {"countryCode": "FRA"}}"#,
            ],
            "--facts at /ip/countryCode: ",
        ),
        (&["faults", "add"], "the fault: nothing goes wrong"),
        (
            &[
                "faults", "add", "--always", "--times", "2", "--status", "503",
            ],
            "cannot be used with",
        ),
        (&["failures", "set", "--status", "200"], "--status"),
        (
            &["clock", "advance", "30000d"],
            "the time to advance by is too large: the clock of the mock would go past",
        ),
        (
            &["reset", "--tenant", "nobody"],
            "tenant nobody not found; `stepup-mock tenants` lists the tenants",
        ),
        (
            &["scenarios", "add", "--phone", "approve", "--after", "soon"],
            "write whole seconds, such as `90`, or a time with its unit",
        ),
        (
            &["scenarios", "add", "--code", "123456", "--times", "twice"],
            "write a whole number, such as `3`",
        ),
        (
            &["clock", "set", "2030-02-29"],
            "it names a day that does not exist; write it as",
        ),
        (
            &["webhook", "list", "--tenant", "nobody"],
            "tenant nobody not found; `stepup-mock tenants` lists the tenants",
        ),
        (
            &["inbox", "--tenant", ""],
            "the id of the tenant is empty; `stepup-mock tenants` lists the tenants",
        ),
        (
            &["faults", "remove", "nothing"],
            "`stepup-mock faults list` shows those that are still to come",
        ),
        // URLs cannot hold these.
        (&["faults", "remove", ".."], "no URL can hold it"),
        (&["scenarios", "remove", "."], "no URL can hold it"),
        (&["scenarios", "remove", ""], "it is empty"),
        (&["snapshot", "delete", ".."], "no URL can hold it"),
        (&["snapshot", "take", "."], "no URL can hold it"),
    ] {
        let output = running.tool(arguments);
        fails(&output, &[expected]);
        let said = text(&output.stderr);
        for foreign in ["body /", "query parameter", "list_", "/_mock/"] {
            assert!(!said.contains(foreign), "{arguments:?}: {said}");
        }
    }
}

#[test]
fn the_path_of_a_url_comes_before_that_of_an_operation_and_a_query_is_refused() {
    let public = "http://localhost/some/path";
    let running = Running::start(&[
        "--listen",
        "127.0.0.1:0",
        "--ready-json",
        "--public-url",
        public,
    ]);
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    let at = ready["listensAt"][0].as_str().unwrap();
    let tool = |rest: &str| {
        let url = format!("http://{at}{rest}");
        running::run(&["clock", "show", "--url", &url])
    };
    // The prefix of a reverse proxy, which the mock knows.
    for rest in ["", "/", "//", "/some/path", "/some/path/"] {
        let output = tool(rest);
        assert!(output.status.success(), "{rest}: {}", text(&output.stderr));
    }
    fails(
        &tool("/other"),
        &["answered 404", "leave /other out of --url, unless"],
    );
    for (rest, api) in [
        ("/v1", "Authsignal's Server API"),
        ("/v1/", "Authsignal's Server API"),
        ("/some/path/v1/client", "Authsignal's Client API"),
        ("/v1/management", "Authsignal's Management API"),
        ("/_mock", "the control API"),
    ] {
        let url = rest.trim_end_matches('/');
        let base = url.split("/v1").next().unwrap().trim_end_matches("/_mock");
        let said = format!(
            "http://{at}{url} is the base of {api}; --url needs that of the mock itself: http://{at}{base}\n"
        );
        fails(&tool(rest), &[&said]);
    }
    // No request goes out: nobody listens there.
    let (_socket, nobody) = wire::silent();
    let url = format!("http://ada:pass@{nobody}/v1");
    let output = running::run(&["inbox", "--url", &url]);
    fails(&output, &["is the base of Authsignal's Server API"]);
    assert!(!text(&output.stderr).contains("pass"));
    fails(&tool("/?tenant=a"), &["ends before any `?`"]);
    fails(&tool("#top"), &["ends before any `#`"]);
    let with_credentials = format!("http://ada:pass@{at}");
    let output = running::run(&["health", "--url", &with_credentials]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(!text(&output.stdout).contains("pass"));
}

#[tokio::test]
async fn the_clock_command_freezes_sets_moves_and_releases_and_reset_goes_back() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--seed", "demo"]);
    let tool = |arguments: &[&str]| running.tool(arguments);
    let line = |arguments: &[&str]| text(&tool(arguments).stdout);
    let frozen = line(&["clock", "freeze", "2030-01-01T00:00:00Z"]);
    assert_eq!(frozen, "2030-01-01T00:00:00Z  frozen\n");
    let moved = line(&["clock", "advance", "1h 30m 0.25s"]);
    assert_eq!(moved, "2030-01-01T01:30:00.25Z  frozen\n");
    let own = line(&[
        "clock",
        "set",
        "2031-02-03T04:05:06+01:00",
        "--tenant",
        "mock-app",
    ]);
    assert_eq!(own, "2031-02-03T03:05:06Z  frozen\n");
    assert_eq!(line(&["clock", "show"]), moved);
    let later = line(&["clock", "advance", "2d", "--tenant", "mock-app"]);
    assert_eq!(later, "2031-02-05T03:05:06Z  frozen\n");
    line(&[
        "clock",
        "set",
        "2031-02-03T03:05:06Z",
        "--tenant",
        "mock-app",
    ]);
    assert_eq!(line(&["clock", "--tenant", "mock-app", "show"]), own);
    assert_eq!(line(&["clock", "freeze"]), moved);
    let runs = line(&["clock", "release", "--tenant", "mock-app"]);
    assert!(
        runs.starts_with("2031-02-03T03:05:0") && !runs.contains("frozen"),
        "{runs}"
    );
    assert_eq!(
        line(&["reset", "--tenant", "mock-app"]),
        "mock-app is as it began\n"
    );
    assert!(!line(&["clock", "show", "--tenant", "mock-app"]).starts_with("203"));
    assert_eq!(
        line(&["clock", "show"]),
        moved,
        "the mock's own clock stays"
    );
    assert_eq!(line(&["reset"]), "the mock is as it started\n");
    assert!(!line(&["clock", "show"]).starts_with("203"));
    for (arguments, expected) in [
        (
            &["clock", "set", "9999-12-31T23:59:59Z"][..],
            "a clock ends at 9999-01-01T00:00:00Z",
        ),
        (&["clock", "advance", "90"], "with units, such as `90s`"),
        (
            &["clock", "advance", "--", "-1s"],
            "a clock goes back with `clock set`",
        ),
        (&["clock", "advance", "200y"], "with units"),
        (
            &["clock", "set", "tomorrow"],
            "write it as 2030-01-01T00:00:00Z",
        ),
        (&["clock", "advance", "1s", "--tenant", "nobody"], "nobody"),
        (&["reset", "--tenant", "nobody"], "nobody"),
    ] {
        fails(&tool(arguments), &[expected]);
    }
}

#[tokio::test]
async fn the_dump_and_load_commands_move_tenants_and_the_schema_is_printed() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--seed", "demo"]);
    let tool = |arguments: &[&str]| running.tool(arguments);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join("dumped.json");
    let path = file.to_string_lossy();
    let dump = tool(&["dump", "--tenant", "mock-app"]).stdout;
    std::fs::write(&file, &dump).unwrap();
    assert_eq!(text(&tool(&["load", &path]).stdout), "loaded mock-app\n");
    assert_eq!(tool(&["dump", "--tenant", "mock-app"]).stdout, dump);
    let without = text(&tool(&["dump", "--no-secrets"]).stdout);
    assert!(without.contains("ada@example.com") && !without.contains("mock-authsignal-secret"));
    std::fs::write(&file, r#"{"tenants": [{"authsignal": {"secert": "x"}}]}"#).unwrap();
    fails(
        &tool(&["load", &path]),
        &["tenants[0].authsignal: `secert` is unknown; did you mean `secret`?"],
    );
    // Another mock starts with it.
    std::fs::write(&file, &dump).unwrap();
    let other = Running::start(&["--listen", "127.0.0.1:0", "--seed", &path]);
    let again = running::command(&["dump", "--tenant", "mock-app"])
        .env("STEPUP_MOCK_URL", other.url())
        .output()
        .unwrap();
    assert_eq!(again.stdout, dump);
    let schema = text(&tool(&["seed-schema"]).stdout);
    assert!(schema.contains("\"title\": \"A seed of stepup-mock\""));
}

#[tokio::test]
async fn the_phone_and_inbox_commands_control_a_running_mock() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--deterministic"]);
    let url = running.url().to_owned();
    let nonce = std::cell::Cell::new(0);
    let vendor = async |method: &str, target: &str, body: &str| {
        nonce.set(nonce.get() + 1);
        wire::send(
            running.address(),
            &request(method, target, body, nonce.get()),
        )
        .await
        .json()
    };
    let tool = |arguments: &[&str]| {
        let output = running::command(arguments)
            .env("STEPUP_MOCK_URL", &url)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    };
    let status = async || vendor("GET", "/_mock/state", "").await;

    assert_eq!(tool(&["inbox"]), "no messages\n");
    assert_eq!(tool(&["inbox", "--json"]), "");
    vendor(
        "POST",
        "/management/add_users/mock-app",
        r#"{"users":["ada"]}"#,
    )
    .await;
    for (number, message) in [("+15550100", "First"), ("+15550101", "Second")] {
        let body = json!({"phone_number": number, "message": message}).to_string();
        vendor(
            "POST",
            "/management/send_registration_sms/mock-app/ada",
            &body,
        )
        .await;
    }
    let inbox = tool(&["inbox"]);
    assert!(
        inbox.find("Second").unwrap() < inbox.find("First").unwrap(),
        "newest first: {inbox}"
    );
    let lines = tool(&["inbox", "--to", "+15550100", "--json"]);
    let message: Value = serde_json::from_str(&lines).unwrap();
    assert_eq!(
        (&message["to"], lines.lines().count()),
        (&json!("+15550100"), 1)
    );

    let wanted = ["inbox", "--tenant", "mock-app", "--wait", "10s", "--json"];
    let after = tool(&[&wanted[..], &["--after", "mock-app:1"]].concat());
    assert!(
        after.contains("Second") && !after.contains("First"),
        "{after}"
    );
    let none = running::run(&["inbox", "--url", &url, "--to", "nobody", "--wait", "10ms"]);
    fails(&none, &["no message came within 10ms"]);

    let said = tool(&[
        "phone",
        "register",
        message["url"].as_str().unwrap(),
        "--name",
        "Ada's phone",
    ]);
    assert!(said.starts_with("ada: phone "), "{said}");
    let authenticate = async || {
        let target = "/authentication/authenticate_user/mock-app/ada";
        vendor("POST", target, "{}").await["authentication_status"]["session_status"].clone()
    };
    for (action, outcome) in [
        ("deny", "cancelled"),
        ("fail", "failed"),
        ("expire", "timeout"),
        ("approve", "active"),
    ] {
        assert_eq!(authenticate().await, "pending");
        assert_eq!(
            tool(&["phone", action, "ada"]),
            format!("ada: session is {outcome}\n")
        );
    }
    assert_eq!(
        tool(&["phone", "walk-away", "ada"]),
        "ada: session is walkaway\n"
    );
    assert_eq!(
        tool(&["phone", "--url", &url, "return", "ada"]),
        "ada: session is active\n"
    );
    assert!(status().await.to_string().contains("active"));
}

#[tokio::test]
async fn a_phone_command_that_fails_says_why_and_what_to_do_first() {
    let running = Running::start(&FREE_PORT);
    let url = running.url().to_owned();
    fails(
        &running::run(&["phone", "--url", &url, "approve", "nobody"]),
        &["nobody", "add_users"],
    );
    fails(
        &running::run(&["phone", "--url", &url, "register", "hello"]),
        &["registration link"],
    );
    fails(
        &running::run(&["phone", "--url", &url, "dance", "ada"]),
        &["dance"],
    );
    let (_socket, address) = wire::silent();
    let url = format!("http://{address}");
    fails(
        &running::run(&["inbox", "--url", &url]),
        &[&url, "stepup-mock", "--url"],
    );
}

#[tokio::test]
async fn the_command_line_offers_every_software_device() {
    let running = Running::start(&["--listen", "127.0.0.1:0", "--deterministic"]);
    let tool = |arguments: &[&str]| {
        let output = running::command(arguments)
            .env("STEPUP_MOCK_URL", running.url())
            .output()
            .unwrap();
        let [out, err] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.success(), format!("{out}{err}"))
    };
    let vendor = async |method: &str, target: &str| {
        let request = Request::new(method, target).basic(API_SECRET);
        let answer = wire::send(running.address(), &request.json("{}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    };
    let (done, said) = tool(&["passkey", "enroll", "ada"]);
    assert!(done && said.starts_with("ada: authenticator "), "{said}");
    let (done, said) = tool(&["passkey", "enroll", "ada"]);
    assert!(!done && said.contains("InvalidStateError"), "{said}");
    let (done, _) = tool(&[
        "passkey",
        "enroll",
        "ada",
        "--security-key",
        "--device",
        "key",
    ]);
    assert!(done);
    let token = vendor("POST", "/v1/users/ada/actions/signIn").await["token"].clone();
    let (done, said) = tool(&["passkey", "approve", "ada", "signIn"]);
    assert!(
        done && said.ends_with("signIn is CHALLENGE_SUCCEEDED\n"),
        "{said}"
    );
    let valid = Request::new("POST", "/v1/validate").basic(API_SECRET);
    let valid = valid.json(json!({"token": token}).to_string());
    assert_eq!(
        wire::send(running.address(), &valid).await.json()["isValid"],
        true
    );

    let (done, said) = tool(&["push", "approve", "ada"]);
    assert!(!done && said.contains("register"), "{said}");
    assert!(tool(&["push", "register", "ada"]).0);
    let (done, said) = tool(&["push", "deny", "ada"]);
    assert!(!done && said.contains("no push notification"), "{said}");
    let (done, said) = tool(&["qr", "claim", "nothing", "--user", "ada"]);
    assert!(!done && said.contains("nothing not found"), "{said}");

    let (done, said) = tool(&["totp", "ada"]);
    assert!(!done && said.contains("no authenticator app"), "{said}");
    let target = "/v1/users/ada/authenticators";
    let uri = "otpauth://totp/a?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let app = json!({"verificationMethod": "AUTHENTICATOR_APP", "otpUri": uri});
    let enroll = Request::new("POST", target).basic(API_SECRET);
    wire::send(running.address(), &enroll.json(app.to_string())).await;
    let (done, said) = tool(&["totp", "ada"]);
    let code = said.trim_end();
    assert!(
        done && code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()),
        "{said}"
    );
}

#[test]
fn the_passkey_command_answers_options_without_a_mock() {
    let answer = |arguments: &[&str], options: &Value| {
        let mut child = running::command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(options.to_string().as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let answer = serde_json::from_slice::<Value>(&output.stdout).ok();
        (answer, String::from_utf8(output.stderr).unwrap())
    };
    let creation = json!({"publicKey": {
        "rp": {"id": "example.com", "name": "Example"},
        "user": {"id": "YWRh", "name": "ada", "displayName": "Ada"},
        "challenge": "Y2hhbGxlbmdlLW9mLTE2Lg",
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"residentKey": "preferred"},
    }});
    let page = ["--origin", "https://login.example.com"];
    let create = [&["passkey", "create"][..], &page].concat();
    let (made, _) = answer(&create, &creation);
    let made = made.unwrap();
    assert_eq!(
        answer(&create, &creation).0.unwrap(),
        made,
        "the same once more"
    );
    let request = json!({"challenge": "YW5vdGhlciBjaGFsbGVuZ2U", "rpId": "example.com"});
    let id = made["id"].as_str().unwrap();
    let get = [&["passkey", "get", "--credential", id][..], &page].concat();
    let (signed, _) = answer(&get, &request);
    assert_eq!(signed.unwrap()["id"], made["id"]);
    let (none, said) = answer(&["passkey", "get"], &request);
    assert!(none.is_none() && said.contains("SecurityError"), "{said}");
}

#[tokio::test]
async fn the_webhook_command_sends_lists_and_triggers() {
    let receiver = Receiver::start().await;
    let (url, free) = (receiver.url(), ["--listen", "127.0.0.1:0"]);
    let running = Running::start(&[&free[..], &["--webhook", &url]].concat());
    let mock = running.url();
    let webhook = |arguments: &[&str]| {
        let arguments = [&["webhook", "--url", mock][..], arguments].concat();
        let mut command = running::command(&arguments);
        // Beside the receiver, which runs on this thread.
        tokio::task::spawn_blocking(move || {
            let output = command.output().unwrap();
            let text = |bytes| String::from_utf8(bytes).unwrap();
            (
                output.status.success(),
                text(output.stdout),
                text(output.stderr),
            )
        })
    };
    let (ok, said, _) = webhook(&["list"]).await.unwrap();
    assert!(ok && said == "no deliveries\n", "{said}");
    let (ok, said, error) = webhook(&["trigger", "email.created", "--user", "ada"])
        .await
        .unwrap();
    assert!(
        ok && said.contains("1  email.created") && said.contains("taken"),
        "{said}{error}"
    );
    let received = receiver.take();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].json()["type"], "email.created");
    assert_eq!(received[0].json()["data"]["userId"], "ada");
    let (ok, said, error) = webhook(&["send", "1", "--fault", "tampered"])
        .await
        .unwrap();
    assert!(ok && said.contains("(tampered)"), "{said}{error}");
    let (ok, said, _) = webhook(&["list", "--json"]).await.unwrap();
    let listed: Value = serde_json::from_str(&said).unwrap();
    assert!(
        ok && listed["attempts"].as_array().unwrap().len() == 2,
        "{said}"
    );
    let (ok, _, error) = webhook(&["trigger", "email.sent"]).await.unwrap();
    assert!(!ok && error.contains("email.sent"), "{error}");
    running.signal("TERM");
}

#[tokio::test]
async fn a_machine_without_authorities_has_http_all_the_same() {
    // As in an empty container.
    let without = |arguments: &[&str]| {
        let mut command = running::command(arguments);
        command
            .env("SSL_CERT_FILE", "/dev/null")
            .env("SSL_CERT_DIR", "/nowhere");
        command
    };
    let receiver = Receiver::start().await;
    let running = Running::of(without(&[
        "--listen",
        "127.0.0.1:0",
        "--webhook",
        &receiver.url(),
    ]));
    let trigger = [
        "webhook",
        "--url",
        running.url(),
        "trigger",
        "email.created",
        "--user",
        "ada",
    ];
    let mut trigger = without(&trigger);
    // Beside the receiver, which runs on this thread.
    let output = tokio::task::spawn_blocking(move || trigger.output().unwrap())
        .await
        .unwrap();
    let said = text(&output.stdout);
    assert!(
        output.status.success() && said.contains("taken"),
        "{said}{}",
        text(&output.stderr)
    );
    running.signal("TERM");
}

#[test]
fn an_error_of_a_command_does_not_show_the_password_of_the_url() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    // What is no URL is shown without its password, too.
    for start in ["http://", ""] {
        let url = &*format!("{start}ada:SECRET@{address}");
        for arguments in [&["inbox"][..], &["webhook", "list"], &["totp", "ada"]] {
            let mut all = arguments.to_vec();
            all.extend(["--url", url]);
            let output = running::command(&all).output().unwrap();
            let said = text(&output.stderr);
            assert!(
                !output.status.success() && said.contains(&address),
                "{said}"
            );
            assert!(!said.contains("SECRET"), "{said}");
        }
    }
}

#[test]
fn no_member_of_an_answer_commands_the_terminal() {
    let hostile = "\u{1b}[2J\u{9b}31m\u{202e}\u{7}";
    let attempt = json!({"at": hostile, "status": {"a": hostile}, "fault": hostile});
    let delivery = json!({
        "number": hostile, "type": hostile, "target": hostile, "progress": hostile, "body": hostile,
        "nextAttemptAt": hostile, "attempts": [attempt, {"at": hostile, "error": hostile}],
    });
    let message = json!({"createdAt": hostile, "channel": hostile, "to": hostile, "text": hostile});
    let answer = json!({
        "deliveries": [delivery], "messages": [message], "code": hostile, "userId": hostile, "action": hostile,
        "state": hostile,
    });
    let body = answer.to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let commands = [
        &["inbox"][..],
        &["webhook", "list"],
        &["webhook", "list", "--json"],
        &["totp", "ada"],
        &["challenge", "succeed", "ada"],
    ];
    let server = std::thread::spawn(move || {
        for _ in commands {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut asked).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            std::io::Write::write_all(&mut stream, (head + &body).as_bytes()).unwrap();
        }
    });
    for arguments in commands {
        let output = running::command(arguments)
            .env("STEPUP_MOCK_URL", &url)
            .output()
            .unwrap();
        let shown = text(&output.stdout) + &text(&output.stderr);
        assert!(shown.contains("[2J"), "{arguments:?}: {shown:?}");
        let obeyed = |one: char| (one.is_control() && one != '\n') || one == '\u{202e}';
        assert!(!shown.contains(obeyed), "{arguments:?}: {shown:?}");
    }
    server.join().unwrap();
}

#[tokio::test]
async fn the_scenarios_command_adds_lists_removes_and_clears() {
    let running = Running::start(&["--listen", "127.0.0.1:0"]);
    let tool = |line: &str| {
        let arguments: Vec<_> = line.split(' ').collect();
        running.tool(&[&["scenarios"], &arguments[..]].concat())
    };
    let said = |line| text(&tool(line).stdout);
    let block = "mock-app: scenario-1: {\"action\":\"signIn\",\"outcome\":\"BLOCK\",\"times\":1,\"userId\":\"ada\"}\n";
    assert_eq!(
        said("add --user ada --action signIn --outcome BLOCK"),
        block
    );
    let both = said("add --phone walk_away --after 3 --skip 1 --always");
    let own = "\"afterSeconds\":3,\"always\":true,\"phone\":\"walk_away\",\"skip\":1";
    let own = format!("mock-app: scenario-2: {{{own}}}\n");
    assert_eq!(both, format!("{block}{own}"));
    assert_eq!(said("list"), both);
    assert_eq!(said("remove scenario-1"), own);
    let fault = said("add --tenant mock-app --fault {\"operation\":\"track\",\"status\":503}");
    assert!(fault.contains("\"id\":\"scenario-3\""), "{fault}");
    for (line, shown) in [
        (
            "add --channel sms --times 2 --undelivered",
            "\"delivery\":\"fails\"",
        ),
        ("add --challenge fail", "\"challenge\":\"fail\""),
        (
            "add --facts {\"ip\":{\"isAnonymous\":true}}",
            "\"isAnonymous\":true",
        ),
    ] {
        let said = said(line);
        assert!(said.contains(shown), "{said}");
    }
    assert_eq!(said("clear"), "mock-app: no scenarios\n");
    fails(&tool("add --user ada"), &["--outcome <OUTCOME>|"]);
    fails(&tool("add --outcome BLOK"), &["BLOCK"]);
    fails(&tool("add --facts {"), &["this is not JSON"]);
    fails(&tool("add --phone hang_up"), &["walk_away"]);
    fails(&tool("add --code 12"), &["has 2 digits"]);
    fails(
        &tool("remove scenario-9"),
        &["no scenario scenario-9 is planned"],
    );
}

#[test]
fn tenants_are_listed_by_the_names_that_commands_take() {
    let running = Running::start(&FREE_PORT);
    let listed = said(&running.tool(&["tenants"]));
    assert_eq!(listed, "mock-app  00000000-0000-4000-8000-000000000001\n");
    let name = listed.split_whitespace().next().unwrap();
    for command in [
        &["reset", "--tenant", name][..],
        &["webhook", "list", "--tenant", name],
        &[
            "scenarios",
            "add",
            "--phone",
            "approve",
            "--after",
            "1h",
            "--tenant",
            name,
        ],
    ] {
        assert!(running.tool(command).status.success(), "{command:?}");
    }
    let planned = said(&running.tool(&["scenarios", "list"]));
    assert!(planned.contains("\"afterSeconds\":3600"), "{planned}");
}

#[test]
fn a_url_with_the_wrong_scheme_is_told_with_the_right_one() {
    let running = Running::start(&FREE_PORT);
    let url = running.url().replace("http:", "https:");
    let output = running.tool(&["health", "--url", &url]);
    let right = format!(
        "is https, and what answers there speaks plain http: give --url {}",
        running.url()
    );
    fails(&output, &[&right]);
}

#[test]
fn a_seed_that_begins_with_a_byte_order_mark_is_loaded() {
    let running = Running::start(&FREE_PORT);
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("marked.json");
    let seed = "\u{feff}{\"tenants\": [{\"authsignal\": {\"id\": \"marked\"}}]}";
    std::fs::write(&file, seed).unwrap();
    let loaded = said(&running.tool(&["load", &file.to_string_lossy()]));
    assert_eq!(loaded, "loaded marked\n");
}

/// What a run that must succeed has printed.
fn said(output: &Output) -> String {
    let failed = text(&output.stderr);
    assert!(output.status.success(), "{failed}");
    text(&output.stdout)
}
