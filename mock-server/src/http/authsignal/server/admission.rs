//! Who may call the Server API: a tenant, by its API secret. Knows no operation.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};

use crate::domain::authsignal::Tracked;
use crate::http::authsignal::admission::{reached, within_rate};
use crate::http::authsignal::refusal::{failure, forced, rejected, why};
use crate::http::note::carried;
use crate::http::origin::base;
use crate::http::surface::{Incoming, Operation, Rejection, Reply, Surface};
use crate::runtime::App;
use crate::runtime::journal::Note;
use crate::runtime::part::AuthsignalPart;

/// Text of a 401; SDKs' live suites compare it.
const UNAUTHORIZED: &str = "The request is unauthorized. Check that your API key and region base URL are correctly configured.";

/// The Server API of every tenant of a mock.
#[derive(Debug)]
pub(crate) struct Authsignal {
    app: Arc<App>,
}

/// Whoever was admitted, and where they reached the mock.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(super) tenant: Arc<AuthsignalPart>,
    /// The host that the caller used.
    host: HeaderValue,
}

/// The answer to a request without a good API secret.
pub(crate) fn unauthorized() -> Reply {
    failure(StatusCode::UNAUTHORIZED, "unauthorized", UNAUTHORIZED)
}

/// The tenant whose server API secret a request carries. The credential is Basic, the secret its user name, and the
/// password empty.
pub(crate) fn tenant_of<'a>(
    app: &'a App,
    authorization: Option<&str>,
) -> Option<&'a Arc<AuthsignalPart>> {
    let (scheme, credential) = authorization?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(credential.trim()).ok()?;
    let secret = std::str::from_utf8(&decoded).ok()?.strip_suffix(':')?;
    app.authsignal_by_secret(secret)
}

impl Authsignal {
    /// The Server API of the tenants of `app`.
    pub(crate) fn new(app: Arc<App>) -> Self {
        Self { app }
    }
}

impl Surface for Authsignal {
    type Caller = Caller;

    fn admit(&self, operation: &'static Operation, incoming: &Incoming) -> Result<Caller, Reply> {
        let tenant = if operation.security.is_empty() {
            let id = incoming
                .path_parameter(operation, "tenantId")
                .map_err(|rejection| self.reject(operation, rejection))?;
            let unknown = || {
                failure(
                    StatusCode::NOT_FOUND,
                    "not_found",
                    &format!("tenant {id} not found"),
                )
            };
            self.app.authsignal(&id).ok_or_else(unknown)?
        } else {
            tenant_of(&self.app, incoming.header(AUTHORIZATION)).ok_or_else(unauthorized)?
        };
        let host = reached(incoming)?;
        if !operation.security.is_empty() {
            within_rate(&self.app, tenant)?;
        }
        Ok(Caller {
            tenant: Arc::clone(tenant),
            host: host.clone(),
        })
    }

    fn reject(&self, _operation: &'static Operation, rejection: Rejection) -> Reply {
        rejected(&rejection)
    }

    fn forced(&self, _operation: &'static Operation, status: StatusCode) -> Reply {
        match status {
            StatusCode::UNAUTHORIZED => unauthorized(),
            status => forced(status),
        }
    }

    fn answered(
        &self,
        operation: &'static Operation,
        incoming: &Incoming,
        caller: Option<&Caller>,
        reply: &Reply,
    ) {
        let tenant = match caller {
            Some(caller) => Some(&caller.tenant),
            None => tenant_of(&self.app, incoming.header(AUTHORIZATION)),
        };
        let note = Note {
            api: "authsignal",
            operation: Some(operation.id),
            method: operation.method.into(),
            target: masked(incoming.target()),
            status: reply.status.as_u16(),
            reason: why(reply),
            wire: carried(&incoming.parts.headers, &incoming.body, &reply.body),
        };
        self.app.record(tenant.map(|tenant| tenant.ledger()), note);
    }

    fn body_limit(&self) -> usize {
        self.app.behaviour.body_limit
    }
}

/// A target without the ID token that query_users takes.
fn masked(target: &str) -> String {
    let Some((path, query)) = target.split_once('?') else {
        return target.to_owned();
    };
    let parts: Vec<_> = query
        .split('&')
        .map(|pair| {
            let name = pair.split_once('=').map_or(pair, |(name, _)| name);
            // By whatever spelling of the name the parameter is found.
            if percent_encoding::percent_decode_str(name).eq(b"token".iter().copied()) {
                "token=***"
            } else {
                pair
            }
        })
        .collect();
    format!("{path}?{}", parts.join("&"))
}

impl Caller {
    /// `http://` and the host that the caller used, for the URLs of the answer.
    pub(super) fn base(&self) -> String {
        base(&self.host)
    }

    /// A token for what was tracked, and the page for it.
    pub(super) fn token_and_page(
        &self,
        tracked: &Tracked,
        user_id: &str,
        code: &str,
    ) -> (String, String) {
        let (tenant, base) = (self.tenant.account(), self.base());
        let token = tenant.token(&tracked.grant, user_id, code, &tracked.key, &base);
        let page = page(&base, &token);
        (token, page)
    }
}

/// Where the user enrols, manages authenticators, or takes a challenge. It holds a query: SDKs append to it. A JWT needs
/// no encoding there. Who calls the mock by a loopback address gets the page by `localhost`: passkeys belong to a domain,
/// which an IP address is not.
pub(super) fn page(base: &str, token: &str) -> String {
    let host = base.strip_prefix("http://").unwrap_or(base);
    let (name, port) = match host.rfind([':', ']']) {
        Some(at) if host[at..].starts_with(':') => host.split_at(at),
        _ => (host, ""),
    };
    let bare = name.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) if address.is_loopback() => {
            ["http://localhost", port, "/challenge?token=", token].concat()
        }
        _ => [base, "/challenge?token=", token].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn a_page_is_on_localhost_where_the_mock_is_called_by_a_loopback_address() {
        for (base, origin) in [
            ("http://127.0.0.1:4750", "http://localhost:4750"),
            ("http://127.9.9.9", "http://localhost"),
            ("http://[::1]:4750", "http://localhost:4750"),
            ("http://[::1]", "http://localhost"),
            ("http://localhost:4750", "http://localhost:4750"),
            ("http://192.168.0.7:4750", "http://192.168.0.7:4750"),
            ("http://mock.test", "http://mock.test"),
        ] {
            assert_eq!(page(base, "t"), format!("{origin}/challenge?token=t"));
        }
    }
}
