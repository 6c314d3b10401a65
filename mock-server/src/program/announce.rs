//! What the program prints once it listens: hints for people on stderr, then one line for programs on stdout. Does not
//! open the listener.

use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;

use serde_json::json;

use super::log::Log;
use super::visible::{visible, visible_json};
use crate::addresses::Addresses;
use crate::bounds;
use crate::runtime::App;
use crate::runtime::seed::{
    DEFAULT_API_SECRET, DEFAULT_APPLICATION_SECRET, DEFAULT_MANAGEMENT_SECRET,
};
use crate::serve::Listeners;

/// Where the mock speaks TLS.
#[derive(Clone, Copy)]
pub(super) struct Secure<'a> {
    pub(super) address: SocketAddr,
    /// The mock's own authority, if that signs the certificate.
    pub(super) ca_file: Option<&'a Path>,
}

/// Prints where the mock listens: for people on stderr, then for programs on stdout. A program may stop reading
/// stderr once it has the line on stdout, so the hints come first, as far as stderr takes them.
pub(super) fn announce(
    app: &App,
    listeners: &Listeners,
    secure: Option<Secure<'_>>,
    as_json: bool,
    log: &Log,
) -> io::Result<()> {
    let public = app.behaviour.public_url.as_deref();
    let addresses = Addresses::new("http", listeners.address(), public);
    let own = Addresses::of("http", listeners.address());
    // Whoever asks for TLS wants the SDKs to speak it.
    let of_sdks = match secure {
        None => addresses.clone(),
        Some(secure) => Addresses::new("https", secure.address, public),
    };
    let mut lines = hints(app, &of_sdks, &addresses.browser, &own);
    lines.extend(secure.into_iter().flat_map(by_tls));
    lines.push(listens(listeners));
    for line in lines {
        log.say(&visible(&line));
    }
    log.flush(bounds::LOG_FLUSH);
    let mut out = io::stdout().lock();
    if as_json {
        let mut ready = ready(app, &addresses, listeners);
        if let Some(secure) = secure {
            ready["httpsUrl"] = Addresses::of("https", secure.address).mock.into();
            if let Some(file) = secure.ca_file {
                ready["caFile"] = file.to_string_lossy().into();
            }
        }
        writeln!(out, "{}", visible_json(&ready))?;
    } else {
        writeln!(out, "listening on {}", own.mock)?;
    }
    out.flush()
}

/// Addresses and credentials, for a program that started this one.
fn ready(app: &App, addresses: &Addresses, listeners: &Listeners) -> serde_json::Value {
    let applications: Vec<_> = app
        .applications()
        .into_iter()
        .map(|tenant| {
            let application = tenant.account();
            json!({"applicationId": application.id, "applicationSecret": application.secret})
        })
        .collect();
    let tenants: Vec<_> = app
        .authsignals()
        .into_iter()
        .map(|tenant| {
            let tenant = tenant.account();
            json!({
                "tenantId": tenant.id,
                "apiSecret": tenant.secret,
                "managementSecret": tenant.management_secret,
                "terminalSecret": tenant.terminal_secret,
            })
        })
        .collect();
    json!({
        "url": addresses.mock,
        "controlUrl": addresses.control(),
        "listensAt": listeners.addresses(),
        "activeconnect": {"url": addresses.mock, "applications": applications},
        "authsignal": {"url": addresses.authsignal(), "tenants": tenants},
    })
}

/// How to point each SDK at the mock, and where the desk is. Commands on this machine need no proxy, and so not its TLS: they
/// get the mock's `own` addresses. Nor does a browser that does not trust the mock's authority.
fn hints(app: &App, addresses: &Addresses, desk: &str, own: &Addresses) -> Vec<String> {
    let mut lines = Vec::new();
    let url = &addresses.mock;
    let (api, browser) = (addresses.authsignal(), addresses.authsignal_browser());
    for tenant in app.applications() {
        let application = tenant.account();
        let id = &application.id;
        let secret = shown(&application.secret, DEFAULT_APPLICATION_SECRET);
        lines.push(format!(
            "Activeconnect: application id {id}, secret {secret}"
        ));
    }
    lines.extend([
        format!("  Python SDK   export ACTIVE_CONNECT_SERVER={url}    # before Activeconnect is imported"),
        format!("               export IAMPASS_SERVER={url}    # before IAMPASS is imported"),
        format!(
            "  Rust client  export ACTIVE_CONNECT_SERVER={url}    # or Activeconnect::builder(..).server(\"{url}\")"
        ),
    ]);
    for tenant in app.authsignals() {
        let tenant = tenant.account();
        let id = &tenant.id;
        let secret = shown(&tenant.secret, DEFAULT_API_SECRET);
        let managing = shown(&tenant.management_secret, DEFAULT_MANAGEMENT_SECRET);
        lines.push(format!(
            "Authsignal: tenant id {id}, server API secret {secret}, management secret {managing}"
        ));
    }
    if app.behaviour.tenants_on_demand {
        let own = "  On demand    any other server API secret creates a tenant of its own at its first request";
        lines.push(own.to_owned());
    }
    lines.extend([
        format!("  Python SDK   AuthsignalClient(api_secret_key=..., api_url=\"{api}\")"),
        format!("  Node SDK     new Authsignal({{ apiSecretKey: ..., apiUrl: \"{api}\" }})"),
        format!("  Browser SDK  new Authsignal({{ tenantId: ..., baseUrl: \"{browser}\" }})"),
        format!("  Rust client  export AUTHSIGNAL_API_URL={api} AUTHSIGNAL_API_SECRET=...    # the SDKs above do not read them"),
        format!("Desk:    {desk}    # phone, inbox and requests, in a browser"),
        format!("Control: curl {}/_mock/health", own.mock),
        format!("Phone:   stepup-mock phone --url {} register LINK, then approve USER", own.mock),
    ]);
    lines
}

/// By which URL the mock speaks TLS, and what each language needs for it.
fn by_tls(secure: Secure<'_>) -> Vec<String> {
    let url = Addresses::of("https", secure.address).browser;
    let Some(file) = secure.ca_file else {
        return vec![format!("HTTPS:   {url}    # with your certificate")];
    };
    let file = in_shell(&file.to_string_lossy());
    vec![
        format!("HTTPS:   {url}    # once your client trusts the mock's authority:"),
        format!("  Python       export REQUESTS_CA_BUNDLE={file} SSL_CERT_FILE={file}"),
        format!("  Node         export NODE_EXTRA_CA_CERTS={file}"),
        format!("  Rust, Go     export SSL_CERT_FILE={file}"),
    ]
}

/// A text as one word of a shell: the folder for a user's data has a blank in its name on some systems.
fn in_shell(text: &str) -> String {
    let is_plain = |one: char| one.is_ascii_alphanumeric() || "/._-+:@%,=~".contains(one);
    match !text.starts_with('~') && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// Where the mock listens, and where it does not though `localhost` may stand for that address.
fn listens(listeners: &Listeners) -> String {
    let addresses: Vec<_> = listeners
        .addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    let addresses = addresses.join(" and ");
    match listeners.missing() {
        None => format!("Listens: {addresses}"),
        Some((missing, error)) => format!(
            "Listens: {addresses}    # not {missing}: {error}; a client that takes localhost for that address alone is \
             refused"
        ),
    }
}

/// The default secret, which is public. The program does not print any other secret.
fn shown(secret: &str, default: &'static str) -> &'static str {
    if secret == default {
        default
    } else {
        "<as configured>"
    }
}

#[cfg(test)]
mod tests {
    use super::in_shell;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        for (path, word) in [
            (
                "/data/ada/.local/share/ca.pem",
                "/data/ada/.local/share/ca.pem",
            ),
            (
                "/data/ada/Application Support/ca.pem",
                "'/data/ada/Application Support/ca.pem'",
            ),
            ("/it's/$HOME", r"'/it'\''s/$HOME'"),
            ("~ada/ca.pem", "'~ada/ca.pem'"),
        ] {
            assert_eq!(in_shell(path), word);
        }
    }
}
