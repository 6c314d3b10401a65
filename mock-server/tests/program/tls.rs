//! The program over HTTPS: its own certificate and the user's, at one port and at two. Must not use the mock as a library.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use conformance::signing_reference::{Credentials, signed};
use conformance::wire::{self, Request};
use reqwest::{Certificate, Client, ClientBuilder, Version};
use serde_json::Value;
use tempfile::TempDir;

use crate::running::{self, Running};
use crate::{API_SECRET, FREE_PORT, fails, text};

/// A folder for the authority of one test.
fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A mock that speaks TLS with an authority in this folder, and its ready line.
fn start(folder: &TempDir, flags: &[&str]) -> (Running, Value) {
    let folder = folder.path().to_str().unwrap();
    let own = ["--tls", "--tls-ca-dir", folder, "--ready-json"];
    let running = Running::start(&[&FREE_PORT[..], &own, flags].concat());
    let ready = serde_json::from_str(&running.first_line).unwrap();
    (running, ready)
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A client that trusts the certificates of a file, and no others. By TLS, it prefers HTTP/2.
fn trusting(file: impl AsRef<Path>) -> ClientBuilder {
    let pem = fs::read(file).unwrap();
    let trusted = Certificate::from_pem_bundle(&pem).unwrap();
    Client::builder().no_proxy().tls_certs_only(trusted)
}

/// Sends a request to a base URL.
async fn send(client: &Client, base: &str, request: &Request) -> (u16, Value) {
    let method = request.method.parse().unwrap();
    let mut sent = client.request(method, format!("{base}{}", request.target));
    for (name, value) in request.headers.iter().filter(|(name, _)| name != "Host") {
        sent = sent.header(name, value);
    }
    let answer = sent.body(request.body.clone()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

async fn urls_are_as_the_caller_came(client: &Client, port: &str) {
    let [plain, secure] = ["http", "https"].map(|scheme| format!("{scheme}://localhost:{port}"));
    for (base, page) in [
        (format!("https://127.0.0.1:{port}"), &secure),
        (secure.clone(), &secure),
        (plain.clone(), &plain),
    ] {
        let track = Request::new("POST", "/v1/users/ada/actions/pay");
        let track = track.basic(API_SECRET).json("{}");
        let (status, tracked) = send(client, &base, &track).await;
        assert_eq!(status, 200, "{tracked}");
        let url = word(&tracked["url"]);
        assert!(
            url.starts_with(&format!("{page}/challenge?")),
            "{base}: {url}"
        );
        let page = client.get(url).send().await.unwrap();
        assert!(page.status().is_success(), "{base}");
    }
}

/// A signature covers the host, which HTTP/2 has in another place.
async fn a_signature_counts(client: &Client, host: &str, version: Version) {
    let by = Credentials {
        id: "mock-app".to_owned(),
        secret: "mock-app-secret-24-bytes".to_owned(),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let (user, nonces) = match version {
        Version::HTTP_2 => ("ada", ["1", "2"]),
        _ => ("eve", ["3", "4"]),
    };
    let base = format!("https://{host}");
    let sign = |request: Request, nonce: &str| {
        let request = request.without("Host").header("Host", host);
        signed(request, &by, nonce, now)
    };
    let add = Request::new("POST", "/management/add_users/mock-app");
    let add = add.json(format!(r#"{{"users":["{user}"]}}"#));
    let (status, added) = send(client, &base, &sign(add, nonces[0])).await;
    assert_eq!(status, 201, "{added}");
    let link = format!("/management/device_registration_link/mock-app/{user}");
    let link = sign(Request::new("GET", &link), nonces[1]);
    let (_, link) = send(client, &base, &link).await;
    let link = word(&link["register_url"]);
    assert!(link.starts_with(&format!("{base}/register/")), "{link}");
}

#[tokio::test]
async fn plain_and_tls_share_a_port_and_each_caller_gets_urls_of_its_own_kind() {
    let folder = folder();
    let (running, ready) = start(&folder, &[]);
    let (plain, secure) = (word(&ready["url"]), word(&ready["httpsUrl"]));
    let (_, port) = plain.rsplit_once(':').unwrap();
    assert_eq!(plain, format!("http://127.0.0.1:{port}"));
    assert_eq!(secure, format!("https://127.0.0.1:{port}"));
    let file = word(&ready["caFile"]);
    assert_eq!(Path::new(file), folder.path().join("ca.pem"));
    let below = format!("https://shop.localhost:{port}/_mock/health");
    let address = format!("127.0.0.1:{port}").parse().unwrap();
    let at = trusting(file).resolve("shop.localhost", address);
    let health = at.build().unwrap().get(below).send().await.unwrap();
    assert!(health.status().is_success());
    for (client, version) in [
        (trusting(file), Version::HTTP_2),
        (trusting(file).http1_only(), Version::HTTP_11),
    ] {
        let client = client.build().unwrap();
        let health = client.get(format!("{secure}/_mock/health"));
        assert_eq!(health.send().await.unwrap().version(), version);
        urls_are_as_the_caller_came(&client, port).await;
        a_signature_counts(&client, &format!("127.0.0.1:{port}"), version).await;
    }
    let said = running.signal("TERM").stderr;
    assert!(
        said.contains(&format!("HTTPS:   https://localhost:{port}")),
        "{said}"
    );
    for line in [
        format!("export REQUESTS_CA_BUNDLE={file} SSL_CERT_FILE={file}"),
        format!("export NODE_EXTRA_CA_CERTS={file}"),
        format!("Rust, Go     export SSL_CERT_FILE={file}"),
        format!("export ACTIVE_CONNECT_SERVER=https://127.0.0.1:{port} "),
        format!("api_url=\"https://127.0.0.1:{port}/v1\""),
        format!("apiUrl: \"https://127.0.0.1:{port}/v1\""),
        format!("baseUrl: \"https://localhost:{port}/v1\""),
        format!("AUTHSIGNAL_API_URL=https://127.0.0.1:{port}/v1"),
        // They need no trust.
        format!("Desk:    http://localhost:{port} "),
        format!("curl http://127.0.0.1:{port}/_mock/health"),
    ] {
        assert!(said.contains(&line), "no {line} in {said}");
    }
}

#[tokio::test]
async fn at_two_ports_each_speaks_one_of_both_and_says_so() {
    let folder = folder();
    let (running, ready) = start(&folder, &["--tls-listen", "127.0.0.1:0"]);
    let (plain, secure) = (word(&ready["url"]), word(&ready["httpsUrl"]));
    let client = trusting(word(&ready["caFile"])).build().unwrap();
    let health = Request::new("GET", "/_mock/health");
    for base in [plain, secure] {
        assert_eq!(send(&client, base, &health).await.0, 200, "{base}");
    }
    let address = secure.strip_prefix("https://").unwrap();
    let told = wire::send(address.parse().unwrap(), &health).await;
    assert_eq!(told.status, 400);
    assert!(
        told.text().contains("https:// instead of http://"),
        "{}",
        told.text()
    );
    let wrong = plain.replacen("http://", "https://", 1);
    assert!(client.get(wrong).send().await.is_err());
    let said = running.signal("TERM").stderr;
    assert!(said.contains("http:// instead of https://"), "{said}");
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_is_in_the_log() {
    let (running, ready) = start(&folder(), &[]);
    let stranger = folder();
    let output = running::command(&["ca", "--tls-ca-dir", stranger.path().to_str().unwrap()]);
    let output = { output }.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let client = trusting(stranger.path().join("ca.pem")).build().unwrap();
    for _ in 0..2 {
        let asked = client.get(word(&ready["httpsUrl"])).send().await;
        assert!(asked.unwrap_err().is_connect());
    }
    let said = running.signal("TERM").stderr;
    assert_eq!(said.matches("`stepup-mock ca`").count(), 1, "{said}");
}

#[tokio::test]
async fn a_certificate_of_the_users_own_is_shown_as_it_is() {
    let folder = folder();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (
        folder.path().join("own.pem"),
        folder.path().join("own-key.pem"),
    );
    fs::write(&certificate, made.cert.pem()).unwrap();
    fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    // The paths of a file are relative to the file.
    let config = folder.path().join("mock.toml");
    fs::write(
        &config,
        "tls-cert = \"own.pem\"\ntls-key = \"own-key.pem\"\n",
    )
    .unwrap();
    let config = ["--ready-json", "--config", config.to_str().unwrap()];
    let running = Running::start(&[&FREE_PORT[..], &config].concat());
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    assert_eq!(ready["caFile"], Value::Null);
    let base = word(&ready["httpsUrl"]).replacen("127.0.0.1", "localhost", 1);
    let client = trusting(&certificate).build().unwrap();
    let health = Request::new("GET", "/_mock/health");
    assert_eq!(send(&client, &base, &health).await.0, 200);

    let path = |path: &Path| path.to_str().unwrap().to_owned();
    let (certificate, key) = (path(&certificate), path(&key));
    let absent = path(&folder.path().join("absent.pem"));
    for (flags, says) in [
        (
            vec!["--tls-cert", &certificate],
            "set both tls-cert and tls-key",
        ),
        (
            vec!["--tls-cert", &certificate, "--tls-key", &absent],
            "absent.pem",
        ),
        (
            vec!["--tls-cert", &key, "--tls-key", &key],
            "own-key.pem holds no certificate",
        ),
        (
            vec!["--tls-cert", &certificate, "--tls-key", &certificate],
            "own.pem holds no private key",
        ),
        (vec!["--tls", "--tls-ca-dir", &certificate], "--tls-ca-dir"),
    ] {
        fails(&running::run(&[&FREE_PORT[..], &flags].concat()), &[says]);
    }
    // What is not asked for is not read.
    let off = ["--tls=false", "--tls-cert", &absent, "--tls-key", &absent];
    assert!(
        Running::start(&[&FREE_PORT[..], &off].concat())
            .url()
            .starts_with("http://")
    );
}

#[cfg(unix)]
#[test]
fn a_private_key_that_others_can_read_is_in_the_log_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = folder();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = file("own.pem", &made.cert.pem());
    let key = file("own-key.pem", &made.signing_key.serialize_pem());
    let given = ["--tls-cert", &certificate, "--tls-key", &key];
    let own = ["--tls", "--tls-ca-dir", folder.path().to_str().unwrap()];
    let own_key = format!("{}/ca-key.pem", folder.path().display());
    // The first start makes the mock's own authority.
    for flags in [&given[..], &own] {
        let key = if flags.len() == given.len() {
            &key
        } else {
            &own_key
        };
        for (mode, warns) in [(0o600, false), (0o644, true), (0o640, true)] {
            if fs::exists(key).unwrap() {
                fs::set_permissions(key, fs::Permissions::from_mode(mode)).unwrap();
            }
            let said = Running::start(&[&FREE_PORT[..], flags].concat()).signal("TERM");
            let warned = said.stderr.contains(&format!("chmod 600 {key}"));
            assert_eq!(warned, warns, "{mode:o}: {}", said.stderr);
        }
    }
}

#[test]
fn a_certificate_of_the_users_that_has_expired_is_in_the_log_and_one_to_trust_is_refused() {
    let folder = folder();
    let key = rcgen::KeyPair::generate().unwrap();
    let mut wanted = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    wanted.not_before = rcgen::date_time_ymd(2000, 1, 1);
    wanted.not_after = rcgen::date_time_ymd(2001, 1, 1);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let certificate = file("old.pem", &wanted.self_signed(&key).unwrap().pem());
    let key = file("old-key.pem", &key.serialize_pem());
    let flags = ["--tls-cert", &certificate, "--tls-key", &key];
    let said = Running::start(&[&FREE_PORT[..], &flags].concat()).signal("TERM");
    let told = "old.pem has expired: it was valid until 2001-01-01T00:00:00Z";
    assert!(said.stderr.contains(told), "{}", said.stderr);
    let url = ["--url", "https://127.0.0.1:1", "--ca", &certificate];
    fails(&running::run(&[&["inbox"][..], &url].concat()), &[told]);
}

#[test]
fn a_folder_with_a_certificate_alone_is_refused_and_gets_no_key() {
    let folder = folder();
    let authority = folder.path().join("ca.pem");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    fs::write(&authority, made.cert.pem()).unwrap();
    let at = ["--tls-ca-dir", folder.path().to_str().unwrap()];
    let serve = [&FREE_PORT[..], &["--tls"], &at].concat();
    for arguments in [serve, [&["ca"][..], &at].concat()] {
        fails(
            &running::run(&arguments),
            &["ca.pem is there without its key"],
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

/// The command of a user whose data are in this folder.
fn at_home(mut command: Command, folder: &Path) -> Command {
    // On Linux, on macOS and on Windows.
    for name in ["XDG_DATA_HOME", "HOME", "LOCALAPPDATA"] {
        command.env(name, folder);
    }
    command
}

#[test]
fn commands_call_a_mock_over_https_and_find_its_authority_themselves() {
    let folder = folder();
    let home = |command| at_home(command, folder.path());
    let run = |arguments: &[&str]| home(running::command(arguments)).output().unwrap();
    let printed = run(&["ca"]);
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let file = text(&run(&["ca", "--path"]).stdout);
    let file = file.trim_end();
    assert_eq!(fs::read_to_string(file).unwrap(), text(&printed.stdout));

    let mut command = running::command(&FREE_PORT);
    command.args(["--tls", "--ready-json"]);
    let running = Running::of(home(command));
    let ready: Value = serde_json::from_str(&running.first_line).unwrap();
    assert_eq!(ready["caFile"], file);
    let url = word(&ready["httpsUrl"]);
    let inbox = ["inbox", "--url", url];
    for found in [
        run(&inbox),
        running::run(&[&inbox[..], &["--ca", file]].concat()),
    ] {
        assert!(found.status.success(), "{}", text(&found.stderr));
        assert_eq!(text(&found.stdout), "no messages\n");
    }
    let lost = at_home(running::command(&inbox), &folder.path().join("elsewhere"));
    let lost = { lost }.output().unwrap();
    fails(&lost, &["no mock answers at https://127.0.0.1:", "--ca"]);
    fails(
        &run(&[&inbox[..], &["--ca", "absent.pem"]].concat()),
        &["cannot read absent.pem"],
    );
}
