//! What the program prints once it listens: one line for programs on stdout, hints for people on stderr. It does
//! not open the listener.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde_json::json;

use crate::runtime::App;
use crate::runtime::seed::{DEFAULT_API_SECRET, DEFAULT_APPLICATION_SECRET};

/// Prints where the mock listens: for programs on stdout, for people on stderr.
pub(super) fn announce(app: &App, address: SocketAddr, as_json: bool) -> io::Result<()> {
    let url = format!("http://{address}");
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{}", ready(app, &url))?;
    } else {
        writeln!(out, "listening on {url}")?;
    }
    out.flush()?;
    hints(&mut io::stderr().lock(), app, &url)
}

/// Addresses and credentials, for a program that started this one.
fn ready(app: &App, url: &str) -> serde_json::Value {
    let applications: Vec<_> = app
        .applications()
        .map(|tenant| {
            let application = tenant.account();
            json!({"applicationId": application.id, "applicationSecret": application.secret})
        })
        .collect();
    let tenants: Vec<_> = app
        .authsignals()
        .map(|tenant| {
            let tenant = tenant.account();
            json!({"tenantId": tenant.id, "apiSecret": tenant.secret})
        })
        .collect();
    json!({
        "url": url,
        "controlUrl": format!("{url}/_mock"),
        "activeconnect": {"url": url, "applications": applications},
        "authsignal": {"url": format!("{url}/v1"), "tenants": tenants},
    })
}

/// How to point each SDK at the mock, and where the desk is.
fn hints(err: &mut impl Write, app: &App, url: &str) -> io::Result<()> {
    // A passkey belongs to a domain name, so the browser needs one.
    let named = url.replacen("//127.0.0.1:", "//localhost:", 1);
    for tenant in app.applications() {
        let application = tenant.account();
        let id = &application.id;
        let secret = shown(&application.secret, DEFAULT_APPLICATION_SECRET);
        writeln!(err, "Activeconnect: application id {id}, secret {secret}")?;
    }
    writeln!(
        err,
        "  Python SDK   export ACTIVE_CONNECT_SERVER={url}    # before Activeconnect is imported
  Rust client  export ACTIVE_CONNECT_SERVER={url}    # or Activeconnect::builder(..).server(\"{url}\")"
    )?;
    for tenant in app.authsignals() {
        let tenant = tenant.account();
        let id = &tenant.id;
        let secret = shown(&tenant.secret, DEFAULT_API_SECRET);
        writeln!(
            err,
            "Authsignal: tenant id {id}, server API secret {secret}"
        )?;
    }
    writeln!(
        err,
        "  Python SDK   AuthsignalClient(api_secret_key=..., api_url=\"{url}/v1\")
  Node SDK     new Authsignal({{ apiSecretKey: ..., apiUrl: \"{url}/v1\" }})
  Browser SDK  new Authsignal({{ tenantId: ..., baseUrl: \"{named}/v1\" }})
  Any SDK      export AUTHSIGNAL_API_URL={url}/v1 AUTHSIGNAL_API_SECRET=...    # as their test suites read them
Desk:    {named}    # phone, inbox and requests, in a browser
Control: curl {url}/_mock/health
Phone:   stepup-mock phone --url {url} register LINK, then approve USER"
    )
}

/// The default secret is public; any other belongs to its owner.
fn shown(secret: &str, default: &'static str) -> &'static str {
    if secret == default {
        default
    } else {
        "<as configured>"
    }
}
