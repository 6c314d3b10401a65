//! Which API a request was meant for that matches no operation, and what is wrong with the base URL of its client. Knows no
//! operation.

use std::borrow::Cow;

use axum::extract::Request;
use http::header::{AUTHORIZATION, HeaderMap, USER_AGENT};

use super::authsignal::websocket;
use super::origin::reached;
use crate::domain::activeconnect::signature::AUTHENTICATION;
use crate::runtime::App;

/// How the paths of Authsignal's Server API begin after `/v1`, and those of the Client API in older SDKs.
const SERVER: [&str; 10] = [
    "authenticators",
    "call",
    "challenge",
    "challenges",
    "claim",
    "sessions",
    "token",
    "users",
    "validate",
    "verify",
];
const CLIENT: [&str; 2] = ["client", "user-authenticators"];
/// How the paths of the Management API begin after `/v1/management`. No other API has such paths.
const MANAGEMENT: [&str; 7] = [
    "action-configurations",
    "authenticator-configurations",
    "custom-data-points",
    "message-overrides",
    "tenant",
    "theme",
    "value-lists",
];

/// The API that decides the form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Vendor {
    Activeconnect,
    Authsignal,
    AuthsignalClient,
    AuthsignalManagement,
}

impl Vendor {
    /// The vendor's API that a path belongs to. The path must not be one of the control API.
    pub(super) fn of(path: &str) -> Self {
        if is_below(path, "/v1/client") || path == websocket::PATH {
            Self::AuthsignalClient
        } else if is_below(path, "/v1/management") {
            Self::AuthsignalManagement
        } else if is_below(path, "/v1") {
            Self::Authsignal
        } else {
            Self::Activeconnect
        }
    }

    /// The API whose client sent a request, even if it has a wrong base URL: credentials, user agent and the beginning of
    /// the path tell.
    pub(super) fn of_request(request: &Request) -> Self {
        let headers = request.headers();
        if headers.contains_key(AUTHENTICATION) {
            return Self::Activeconnect;
        }
        let path = plain(request.uri().path());
        let first = |path: &str| path.split('/').nth(1).unwrap_or_default().to_owned();
        let beginning = first(path.strip_prefix("/v1").unwrap_or(&path));
        match Self::of(&path) {
            Self::Authsignal | Self::Activeconnect if CLIENT.contains(&&*beginning) => {
                Self::AuthsignalClient
            }
            Self::Activeconnect if is_authsignals(headers) && beginning == "management" => {
                Self::AuthsignalManagement
            }
            Self::Authsignal | Self::Activeconnect
                if is_authsignals(headers) && MANAGEMENT.contains(&&*beginning) =>
            {
                Self::AuthsignalManagement
            }
            Self::Activeconnect if SERVER.contains(&&*beginning) || is_authsignals(headers) => {
                Self::Authsignal
            }
            vendor => vendor,
        }
    }

    pub(super) const fn api(self) -> &'static str {
        match self {
            Self::Activeconnect => "activeconnect",
            Self::Authsignal => "authsignal",
            Self::AuthsignalClient => "authsignal-client",
            Self::AuthsignalManagement => "authsignal-management",
        }
    }
}

/// Whether a request's headers are those of a client of Authsignal. Activeconnect's clients never send `Authorization`.
fn is_authsignals(headers: &HeaderMap) -> bool {
    let agent = headers
        .get(USER_AGENT)
        .and_then(|agent| agent.to_str().ok());
    let names_it = |agent: &str| agent.to_ascii_lowercase().contains("authsignal");
    headers.contains_key(AUTHORIZATION)
        || agent.is_some_and(names_it)
        || headers
            .keys()
            .any(|name| name.as_str().starts_with("x-authsignal-"))
}

/// What is wrong with the base URL of the client that sent a request, and which one is right; `None` if nothing shows it.
pub(super) fn base_fault(app: &App, vendor: Vendor, request: &Request) -> Option<String> {
    let path = request.uri().path();
    let single = plain(path);
    let is_authsignals = vendor != Vendor::Activeconnect;
    let is_management = vendor == Vendor::AuthsignalManagement;
    let fault = if path.starts_with("//") {
        "it starts with two slashes"
    } else if is_authsignals
        && !is_below(path, "/v1")
        && path.len() == single.len()
        && is_below(&single, "/v1")
    {
        "it begins with /V1, and paths are in lower case"
    } else if path.starts_with("/v1//") {
        "two slashes follow /v1"
    } else if is_management && path.starts_with("/v1/management//") {
        "two slashes follow /v1/management"
    } else if is_management && !is_below(&single, "/v1/management") {
        lacks_of_management(&single)
    } else if is_below(&single, "/v1/call") {
        "the base URL of Call Connect has no /v1"
    } else if is_below(&single, "/v1/client/client") {
        "the base URL ends in /client, which the SDK adds on its own"
    } else if is_of_server_below_client(&single) {
        "the base URL ends in /client, where only the Client API answers"
    } else if is_authsignals && !is_below(&single, "/v1") && single.contains("/v1/") {
        "the base URL has a path before /v1, which the mock does not have"
    } else if is_authsignals && !is_below(&single, "/v1") && !has_no_v1(&single) {
        "the base URL lacks /v1"
    } else if !is_authsignals && is_below(&single, "/v1") {
        "the base URL has the path /v1, which only Authsignal's has"
    } else {
        return None;
    };
    let base = reached(app, request.headers(), request.extensions());
    let base = base.map_or_else(|_| "http://HOST:PORT".to_owned(), |base| base.url());
    let (whose, below) = match vendor {
        _ if is_below(&single, "/v1/call") || is_below(&single, "/call") => ("Call Connect", ""),
        Vendor::Activeconnect => ("Activeconnect", ""),
        Vendor::Authsignal | Vendor::AuthsignalClient => ("Authsignal", "/v1"),
        Vendor::AuthsignalManagement => ("Authsignal's Management API", "/v1/management"),
    };
    Some(format!(
        "no operation has this path; {fault}: set the base URL of {whose} to {base}{below}, without a slash at the end"
    ))
}

/// What a base URL of the Management API lacks that led to a path that is not below `/v1/management`.
fn lacks_of_management(path: &str) -> &'static str {
    if is_below(path, "/v1") {
        "the base URL lacks /management"
    } else if is_below(path, "/management") {
        "the base URL lacks /v1"
    } else {
        "the base URL lacks /v1/management"
    }
}

/// Whether a path is one of the Server API below that of the Client API, which has none that begins so.
fn is_of_server_below_client(path: &str) -> bool {
    const NOT_OF_CLIENT: [&str; 6] = [
        "challenges",
        "claim",
        "sessions",
        "token",
        "users",
        "validate",
    ];
    let rest = path.strip_prefix("/v1/client/").unwrap_or_default();
    let beginning = rest.split('/').next().unwrap_or_default();
    NOT_OF_CLIENT.contains(&beginning)
}

/// Whether a path of Authsignal does not begin with `/v1`: that of the WebSocket, and those of Call Connect.
fn has_no_v1(path: &str) -> bool {
    path == websocket::PATH || is_below(path, "/call")
}

/// A path as an operation may have it: no two slashes follow one another, and what all paths of an API begin with is in lower
/// case.
pub(super) fn plain(path: &str) -> Cow<'_, str> {
    let single = single_slashes(path);
    let first = single.split('/').nth(1).unwrap_or_default();
    let small = first.to_ascii_lowercase();
    if small == first || !matches!(&*small, "v1" | "_mock") {
        return single;
    }
    let rest = &single[1 + first.len()..];
    Cow::Owned(format!("/{small}{rest}"))
}

/// A path in which no two slashes follow one another.
fn single_slashes(path: &str) -> Cow<'_, str> {
    if !path.contains("//") {
        return Cow::Borrowed(path);
    }
    let mut single = String::with_capacity(path.len());
    for character in path.chars() {
        if character != '/' || !single.ends_with('/') {
            single.push(character);
        }
    }
    Cow::Owned(single)
}

pub(super) fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::Request;

    use super::{Vendor, base_fault, is_below};
    use crate::runtime::seed::Seed;
    use crate::runtime::{App, Behaviour};

    const BASIC: (&str, &str) = ("authorization", "Basic eDo=");
    const HMAC: (&str, &str) = ("authentication", "hmac a:b:c");
    const NODE: (&str, &str) = ("user-agent", "authsignal-node");
    const NOTHING: (&str, &str) = ("accept", "*/*");

    fn request(path: &str, (name, value): (&str, &str)) -> Request {
        let request = Request::builder()
            .uri(path)
            .header("host", "localhost:4750");
        request.header(name, value).body(Body::empty()).unwrap()
    }

    #[test]
    fn a_folder_is_more_than_a_prefix() {
        assert!(is_below("/v1", "/v1") && is_below("/v1/users", "/v1"));
        assert!(!is_below("/v10", "/v1") && !is_below("/", "/v1"));
    }

    #[test]
    fn path_credentials_and_user_agent_tell_the_client() {
        use Vendor::{Activeconnect, Authsignal, AuthsignalClient, AuthsignalManagement};
        for (path, header, vendor) in [
            ("/v1/users/u1", NOTHING, Authsignal),
            ("/users/u1", NOTHING, Authsignal),
            ("//v1/users/u1", NOTHING, Authsignal),
            ("/v1//users/u1", NOTHING, Authsignal),
            ("/undefined/x", BASIC, Authsignal),
            ("/undefined/x", NODE, Authsignal),
            ("/x", ("x-authsignal-version", "1"), Authsignal),
            ("/V1/users/u1", NOTHING, Authsignal),
            ("/V1/client/init", NOTHING, AuthsignalClient),
            ("/client/init", NOTHING, AuthsignalClient),
            ("//client/init", NOTHING, AuthsignalClient),
            ("/v1//client/init", NOTHING, AuthsignalClient),
            ("/user-authenticators/passkey", NOTHING, AuthsignalClient),
            ("/v1/client/client/init", NOTHING, AuthsignalClient),
            ("/management/tenant", BASIC, AuthsignalManagement),
            ("/v1/management/nothing", BASIC, AuthsignalManagement),
            ("/value-lists/a", BASIC, AuthsignalManagement),
            ("/v1/theme", BASIC, AuthsignalManagement),
            ("/v1/management//tenant", BASIC, AuthsignalManagement),
            ("/theme", NOTHING, Activeconnect),
            ("/theme", HMAC, Activeconnect),
            ("/nothing", NOTHING, Activeconnect),
            ("/management/add_users/a", NOTHING, Activeconnect),
            ("/v1/management/add_users/a", HMAC, Activeconnect),
            ("//management/add_users/a", HMAC, Activeconnect),
        ] {
            let said = Vendor::of_request(&request(path, header));
            assert_eq!(said, vendor, "{path} {header:?}");
        }
    }

    #[test]
    fn a_wrong_base_url_is_told_with_the_right_one() {
        let app = App::new(Behaviour::default(), Seed::default()).unwrap();
        let of_authsignal = "set the base URL of Authsignal to http://localhost:4750/v1, without";
        let of_management =
            "Management API to http://localhost:4750/v1/management, without a slash";
        let of_activeconnect =
            "set the base URL of Activeconnect to http://localhost:4750, without";
        for (path, header, fault, right) in [
            ("/users/u1", BASIC, "lacks /v1", of_authsignal),
            ("/v2/v1/users/u1", BASIC, "a path before /v1", of_authsignal),
            (
                "/api/v1/client/init",
                BASIC,
                "a path before /v1",
                of_authsignal,
            ),
            ("/client/init", NOTHING, "lacks /v1", of_authsignal),
            ("/management/tenant", BASIC, "lacks /v1:", of_management),
            ("/tenant", BASIC, "lacks /v1/management:", of_management),
            ("/v1/tenant", BASIC, "lacks /management:", of_management),
            ("//tenant", BASIC, "two slashes", of_management),
            (
                "/v1/management//tenant",
                BASIC,
                "two slashes follow /v1/management:",
                of_management,
            ),
            (
                "/v1/client/users/u1",
                BASIC,
                "ends in /client",
                of_authsignal,
            ),
            ("//v1/users/u1", BASIC, "two slashes", of_authsignal),
            ("/v1//users/u1", BASIC, "two slashes", of_authsignal),
            ("//users/u1", BASIC, "two slashes", of_authsignal),
            ("/V1/users/u1", BASIC, "begins with /V1", of_authsignal),
            ("/V1/users/u1", NOTHING, "in lower case", of_authsignal),
            (
                "/V1/management/tenant",
                BASIC,
                "begins with /V1",
                of_management,
            ),
            (
                "/v1/client/client/init",
                BASIC,
                "ends in /client",
                of_authsignal,
            ),
            (
                "/v1/call/start",
                BASIC,
                "Call Connect has no /v1",
                "set the base URL of Call Connect to http://localhost:4750, without",
            ),
            (
                "//call/start",
                BASIC,
                "two slashes",
                "set the base URL of Call Connect to http://localhost:4750, without",
            ),
            (
                "/v1/management/add_users/a",
                HMAC,
                "only Authsignal's",
                of_activeconnect,
            ),
            (
                "//management/add_users/a",
                HMAC,
                "two slashes",
                of_activeconnect,
            ),
        ] {
            let request = request(path, header);
            let said = base_fault(&app, Vendor::of_request(&request), &request).unwrap();
            assert!(
                said.contains(fault) && said.contains(right),
                "{path}: {said}"
            );
        }
        for (path, header) in [
            ("/v1/users//authenticators", BASIC),
            ("/v1/unknown", BASIC),
            ("/v1/management/unknown", BASIC),
            ("/v1/management/value-lists//", BASIC),
            ("/call/unknown", BASIC),
            ("/nothing", NOTHING),
            ("/management/nothing", HMAC),
        ] {
            let request = request(path, header);
            let said = base_fault(&app, Vendor::of_request(&request), &request);
            assert_eq!(said, None, "{path}");
        }
    }
}
