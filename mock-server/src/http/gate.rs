//! Who may reach the mock at all, whatever they ask for. Every request passes here before any route is looked up, so no
//! route can be without these checks. Knows no operation.
//!
//! A web page can make a name that its owner controls stand for this machine (DNS rebinding). The page and the mock then
//! are one origin to the browser, and the page may read every answer. Only the name in `Host` tells such a request from
//! one of a program or of the mock's own pages, so the mock answers only to names that no stranger controls, and to
//! those that its user allowed.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use http::header::HOST;

use super::origin::split_port;
use super::unmatched::{is_control, turn_away};
use crate::runtime::delivery::SIGNATURE;
use crate::runtime::{App, is_host_name};

/// The answer to a request that may not come in.
pub(super) fn refusal(app: &App, request: &Request) -> Option<Response> {
    let reason = foreign_host(&app.behaviour.allow_host, request)
        .map(|host| {
            let shown = name_of(&host).map_or(&*host, |name| name);
            format!(
                "the request names the host {host}, which a web page of another site may use to reach this machine; use \
                 localhost or 127.0.0.1, or start the mock with --allow-host {shown}"
            )
        })
        .or_else(|| {
            let delivered = is_control(request.uri().path()) && request.headers().contains_key(SIGNATURE);
            delivered.then(|| {
                format!(
                    "the header {SIGNATURE} marks the delivery of a webhook, and a webhook cannot control the mock; \
                     its target must be a server of your application"
                )
            })
        })?;
    Some(turn_away(
        app,
        request,
        StatusCode::FORBIDDEN,
        "forbidden",
        reason,
    ))
}

/// A host that a request names and that the mock does not answer to. A request can name several: in its target, and in
/// each header. One that names none passes, because browsers always name one; the vendors' APIs then answer 400.
fn foreign_host(allowed: &[String], request: &Request) -> Option<String> {
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let headers = request.headers().get_all(HOST).iter();
    let named = target
        .into_iter()
        .chain(headers.map(http::HeaderValue::as_bytes));
    let mut foreign = named
        .filter(|host| !host.is_empty())
        .filter(|host| std::str::from_utf8(host).map_or(true, |host| !is_own(allowed, host)));
    foreign.next().map(|host| {
        String::from_utf8_lossy(host)
            .chars()
            .filter(|one| !one.is_control())
            .take(LONGEST)
            .collect()
    })
}

/// Characters of a host that a refusal repeats; a name has 253 at the most.
const LONGEST: usize = 260;

/// Whether a host, with or without a port, is a name of this machine that no stranger controls: an IP address,
/// localhost, a name without dots, which only this network can resolve, or one that is allowed. The unspecified address
/// (0.0.0.0) is none: a page of any site reaches this machine by it, and browsers leave out what tells its requests from
/// those of the mock's own pages.
fn is_own(allowed: &[String], host: &str) -> bool {
    let Some(name) = name_of(host) else {
        return false;
    };
    if let Some(address) = in_brackets(name) {
        return address
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| !address.is_unspecified());
    }
    let bare = name.strip_suffix('.').unwrap_or(name);
    let is = |own: &str| bare.eq_ignore_ascii_case(own);
    let below_localhost = || {
        let (_, last) = bare.rsplit_once('.')?;
        last.eq_ignore_ascii_case("localhost").then_some(())
    };
    name.parse::<Ipv4Addr>()
        .is_ok_and(|address| !address.is_unspecified())
        || is("localhost")
        || below_localhost().is_some()
        || !name.contains('.')
        || allowed.iter().any(|allowed| is(allowed))
}

/// The IPv6 address in a host, if it is one by its form.
fn in_brackets(name: &str) -> Option<&str> {
    name.strip_prefix('[')?.strip_suffix(']')
}

/// The name in a host: without its port, and none where it is no host.
fn name_of(host: &str) -> Option<&str> {
    let (name, port) = split_port(host);
    let is_name = match in_brackets(name) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => is_host_name(name),
    };
    let mut digits = port.strip_prefix(':').unwrap_or(port).bytes();
    (is_name && digits.all(|byte| byte.is_ascii_digit())).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn the_mock_answers_to_names_that_no_stranger_controls() {
        let allowed = ["host.docker.internal".to_owned()];
        for own in [
            "127.0.0.1",
            "127.0.0.1:4750",
            "192.168.0.7:1",
            "[::1]",
            "[::1]:4750",
            "localhost",
            "LOCALHOST:1",
            "localhost.",
            "a.localhost",
            "a.b.LocalHost:4750",
            "stepup-mock:4750",
            "stepup_mock",
            "host.docker.internal:4750",
            "HOST.docker.internal",
            "host.docker.internal.:4750",
            "localhost:",
        ] {
            assert!(is_own(&allowed, own), "{own}");
        }
        for foreign in [
            "evil.test",
            "evil.test:4750",
            "0.0.0.0",
            "0.0.0.0:4750",
            "[::]",
            "[::]:4750",
            "127.0.0.1.evil.test",
            "localhost.evil.test",
            "evillocalhost.test",
            "127.0.0.1.",
            "docker.internal",
            "a.host.docker.internal",
            "evil.",
            ".",
            "[evil]",
            "[::1",
            "::1",
            "a b",
            "a/b",
            "a@localhost",
            "localhost:evil.test",
            "localhost:4750:1",
            ":4750",
            "[::1].evil.test",
            "evil.test#localhost",
            "localhost\\.evil",
        ] {
            assert!(!is_own(&allowed, foreign), "{foreign}");
        }
    }
}
