//! What the program prints once it listens: one line for programs on stdout, hints for people on stderr. It does
//! not open the listener.

use std::io::{self, Write};
use std::net::SocketAddr;

use serde_json::json;

use crate::addresses::Addresses;
use crate::runtime::App;
use crate::runtime::seed::{DEFAULT_API_SECRET, DEFAULT_APPLICATION_SECRET};

/// Prints where the mock listens: for programs on stdout, for people on stderr.
pub(super) fn announce(app: &App, address: SocketAddr, as_json: bool) -> io::Result<()> {
    let addresses = Addresses::of(address);
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{}", ready(app, &addresses))?;
    } else {
        writeln!(out, "listening on {}", addresses.mock)?;
    }
    out.flush()?;
    hints(&mut io::stderr().lock(), app, &addresses)
}

/// Addresses and credentials, for a program that started this one.
fn ready(app: &App, addresses: &Addresses) -> serde_json::Value {
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
        "url": addresses.mock,
        "controlUrl": addresses.control(),
        "activeconnect": {"url": addresses.mock, "applications": applications},
        "authsignal": {"url": addresses.authsignal(), "tenants": tenants},
    })
}

/// How to point each SDK at the mock, and where the desk is.
fn hints(err: &mut impl Write, app: &App, addresses: &Addresses) -> io::Result<()> {
    let (url, desk) = (&addresses.mock, &addresses.browser);
    let (api, browser) = (addresses.authsignal(), addresses.authsignal_browser());
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
        "  Python SDK   AuthsignalClient(api_secret_key=..., api_url=\"{api}\")
  Node SDK     new Authsignal({{ apiSecretKey: ..., apiUrl: \"{api}\" }})
  Browser SDK  new Authsignal({{ tenantId: ..., baseUrl: \"{browser}\" }})
  Any SDK      export AUTHSIGNAL_API_URL={api} AUTHSIGNAL_API_SECRET=...    # as their test suites read them
Desk:    {desk}    # phone, inbox and requests, in a browser
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
