//! Who may reach the mock at all. Every request passes these checks before the router looks up a route, so no route can
//! lack them. Knows no operation.
//!
//! A web page can make its own host name resolve to this machine (DNS rebinding). For the browser, the page and the
//! mock are then one origin, and the page can read every answer. Only the name in `Host` distinguishes such a request
//! from one that a program or the mock's own pages send. So the mock answers only to names that no web page can
//! control, and to names that its user allows.

use std::net::{Ipv4Addr, Ipv6Addr};

use axum::extract::Request;
use axum::response::Response;
use http::StatusCode;
use http::header::{HOST, TRANSFER_ENCODING};
use http_body::Body as _;

use super::origin::{Told, split_port};
use super::surface::{brief, repeats};
use super::unmatched::{is_control, turn_away};
use crate::runtime::delivery::SIGNATURE;
use crate::runtime::{App, is_host_name, is_unspecified};

/// The answer to a request that may not come in.
pub(super) fn refusal(app: &App, request: &Request) -> Option<Response> {
    let reason = foreign_host(app, request)
        .map(|host| {
            let shown = name_of(&host).map_or(&*host, |name| name);
            // --allow-host takes neither an IPv6 address nor one that nobody can call.
            let allow = if in_brackets(shown).is_some() || is_unspecified(shown) {
                String::new()
            } else {
                format!(", or start the mock with --allow-host {shown}")
            };
            format!(
                "the mock does not accept the host name {host}, because a web page may use it to reach this machine; use \
                 localhost or 127.0.0.1{allow}"
            )
        })
        .or_else(|| {
            let delivered = is_control(request.uri().path()) && request.headers().contains_key(SIGNATURE);
            delivered.then(|| {
                format!(
                    "the header {SIGNATURE} marks this request as a webhook delivery, and a webhook cannot control the \
                     mock; send webhooks to a server of your application"
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

/// The answer to a request with several `Host` headers, which RFC 9112 (section 3.2) forbids: the mock goes by one of them,
/// for signatures and in URLs, and a proxy perhaps by the other.
pub(super) fn repeated_host(app: &App, request: &Request) -> Option<Response> {
    if !repeats(request.headers(), HOST) {
        return None;
    }
    let reason = "the header Host is given more than once; send it once".to_owned();
    let status = StatusCode::BAD_REQUEST;
    Some(turn_away(app, request, status, "invalid_request", reason))
}

/// The answer to a request whose body has another transfer coding than the one that every server reads (RFC 9112,
/// section 6.1). hyper looks at the last coding alone, and the others would stay in the body.
pub(super) fn coded(app: &App, request: &Request) -> Option<Response> {
    // Most requests have no body, and no name is looked up in those.
    if request.body().is_end_stream() {
        return None;
    }
    let codings = request.headers().get_all(TRANSFER_ENCODING).iter();
    let codings: Vec<_> = codings
        .map(|coding| String::from_utf8_lossy(coding.as_bytes()))
        .collect();
    let codings = codings.join(", ");
    if codings.is_empty() || codings.trim().eq_ignore_ascii_case("chunked") {
        return None;
    }
    let reason = format!(
        "the header Transfer-Encoding is {}; the mock reads no other coding than chunked: send the body without one",
        brief(&codings)
    );
    let status = StatusCode::NOT_IMPLEMENTED;
    Some(turn_away(app, request, status, "not_implemented", reason))
}

/// The first host in a request that the mock does not answer to. A request can name several hosts: one in its target,
/// and one in each `Host` header. A request without a host passes, because browsers always send one; the vendors' APIs
/// then answer 400.
fn foreign_host(app: &App, request: &Request) -> Option<String> {
    let behaviour = &app.behaviour;
    let public = behaviour.public_url.as_ref().map(|public| public.host());
    let allowed: Vec<&str> = behaviour
        .allow_host
        .iter()
        .map(String::as_str)
        .chain(public)
        .collect();
    // What a trusted proxy tells comes from the proxy's caller, who may be such a page.
    let told = request
        .extensions()
        .get()
        .map(|Told(told)| told.authority().as_bytes());
    let target = request
        .uri()
        .authority()
        .map(|authority| authority.as_str().as_bytes());
    let headers = request.headers().get_all(HOST).iter();
    let named = target
        .into_iter()
        .chain(told)
        .chain(headers.map(http::HeaderValue::as_bytes));
    let mut foreign = named
        .filter(|host| !host.is_empty() && !is_usual(host))
        .filter(|host| std::str::from_utf8(host).map_or(true, |host| !is_own(&allowed, host)));
    foreign.next().map(|host| {
        String::from_utf8_lossy(host)
            .chars()
            .filter(|one| !one.is_control())
            .take(LONGEST)
            .collect()
    })
}

/// Whether a host is one that nearly every request names, and [`is_own`] with any list: to read it there takes 660 of the
/// 31,000 instructions of get_user.
fn is_usual(host: &[u8]) -> bool {
    let names: [&[u8]; 2] = [b"localhost", b"127.0.0.1"];
    let after_name = names.iter().find_map(|name| host.strip_prefix(*name));
    after_name.is_some_and(|rest| {
        let port = rest.strip_prefix(b":").unwrap_or(rest);
        (rest.is_empty() || port.len() < rest.len()) && port.iter().all(u8::is_ascii_digit)
    })
}

/// Characters of a host that a refusal repeats; a name has at most 253.
const LONGEST: usize = 260;

/// Whether a host, with or without a port, is a name of this machine that no web page can control: an IP address,
/// localhost, a name without dots (which only this network can resolve), or an allowed name. The unspecified address
/// (0.0.0.0) is not one: a page of any site reaches this machine by it, and browsers then do not say which page it is.
pub(crate) fn is_own(allowed: &[&str], host: &str) -> bool {
    let Some(name) = name_of(host).filter(|name| !is_unspecified(name)) else {
        return false;
    };
    if in_brackets(name).is_some() {
        return true;
    }
    let bare = name.strip_suffix('.').unwrap_or(name);
    let is = |own: &str| bare.eq_ignore_ascii_case(own);
    let below_localhost = || {
        let (_, last) = bare.rsplit_once('.')?;
        last.eq_ignore_ascii_case("localhost").then_some(())
    };
    name.parse::<Ipv4Addr>().is_ok()
        || is("localhost")
        || below_localhost().is_some()
        || !name.contains('.')
        || allowed.iter().any(|allowed| is(allowed))
}

/// The IPv6 address between the brackets of a host, if it has brackets.
fn in_brackets(name: &str) -> Option<&str> {
    name.strip_prefix('[')?.strip_suffix(']')
}

/// The name in a host, without the port. `None` if the text is not a valid host.
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
    use super::{is_own, is_usual};

    #[test]
    fn usual_hosts_are_those_of_this_machine_with_or_without_a_port() {
        for usual in [
            "localhost",
            "localhost:",
            "localhost:4750",
            "127.0.0.1",
            "127.0.0.1:1",
        ] {
            assert!(is_usual(usual.as_bytes()) && is_own(&[], usual), "{usual}");
        }
        for other in [
            "",
            ":1",
            "localhost.",
            "localhost1",
            "localhost:a",
            "127.0.0.1:1:2",
            "127.0.0.10",
            "127.0.0.1.evil.test",
        ] {
            assert!(!is_usual(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn the_mock_answers_to_names_that_no_stranger_controls() {
        let allowed = ["host.docker.internal"];
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
