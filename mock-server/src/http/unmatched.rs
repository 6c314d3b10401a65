//! The answer to a request that matches no operation, in the form of the API that it was probably meant for.

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use http::header::AUTHORIZATION;
use http::{Method, StatusCode};

use super::astray::{Vendor, base_fault, is_below, plain};
use super::authsignal::server::admission::is_public;
use super::note::{carried, version};
use super::surface::{Reply, only};
use super::trail::{departure, template};
use super::{activeconnect, authsignal, control};
use crate::generated::{
    activeconnect as activeconnect_api, authsignal as authsignal_api, authsignal_client,
    authsignal_management, mock_control,
};
use crate::runtime::App;
use crate::runtime::journal::Note;
use crate::runtime::part::AuthsignalPart;

/// The answer to a request that matches no operation.
pub(crate) fn refuse(app: &App, request: &Request, status: StatusCode) -> Response {
    let (method, path) = (request.method(), request.uri().path());
    if method == Method::OPTIONS && status == StatusCode::METHOD_NOT_ALLOWED {
        // The router adds Allow. No origin is allowed: an API secret does not belong in a browser, and no web page may
        // control the mock.
        return StatusCode::NO_CONTENT.into_response();
    }
    let authorization = only(request.headers(), AUTHORIZATION);
    if is_control(&plain(path)) {
        let reason = reason(method, path, status);
        return control::refusal::problem(status, "unknown", &reason).into_response();
    }
    if authorization.is_none()
        && let Some(reason) = control_fault(path)
    {
        return control::refusal::problem(status, "unknown", &reason).into_response();
    }
    let vendor = Vendor::of_request(request);
    let fault = base_fault(app, vendor, request);
    let shows_base = fault.is_some();
    let reason = fault.unwrap_or_else(|| reason(method, path, status));
    let management_tenant = || authsignal::management::admission::tenant_of(app, authorization);
    let server_tenant = || authsignal::server::admission::tenant_of(app, authorization);
    let tenant = match vendor {
        Vendor::AuthsignalClient => {
            // The tenant's public keys are below this path, too, and servers ask for them.
            authsignal::client::admission::tenant_of(app, authorization).or_else(server_tenant)
        }
        // With --tenants-on-demand, a wrong path creates a tenant, too: the secret is not what is wrong.
        Vendor::Authsignal => server_tenant().or_else(|| {
            authsignal::server::admission::adopted_without_operation(app, request, authorization)
        }),
        Vendor::AuthsignalManagement => management_tenant(),
        Vendor::Activeconnect => None,
    };
    let reply = match (vendor, &tenant) {
        (Vendor::Activeconnect, _) => activeconnect::refusal::failure(status, reason.as_str()),
        // A wrong base URL is worth more to the caller than a word about credentials.
        (_, None) if shows_base => authsignal::refusal::failure(status, "not_found", &reason),
        // As Go's live suite expects, a bad secret is reported before an unknown path.
        (Vendor::Authsignal | Vendor::AuthsignalManagement, None) => {
            authsignal::server::admission::unauthorized()
        }
        // What is public needs no credentials, so a word about them would mislead.
        (_, None) if is_public(path) => authsignal::refusal::failure(status, "not_found", &reason),
        (Vendor::AuthsignalClient, None) => authsignal::client::admission::unauthorized(),
        (_, Some(_)) => authsignal::refusal::failure(status, "not_found", &reason),
    };
    let ledger = tenant.as_deref().map(AuthsignalPart::ledger);
    app.record(ledger, note(request, vendor.api(), &reply, reason));
    reply.into_response()
}

/// The answer to a request that the mock refuses whatever its path. The journal keeps the request, unless its path belongs
/// to the control API.
pub(crate) fn turn_away(
    app: &App,
    request: &Request,
    status: StatusCode,
    code: &str,
    reason: String,
) -> Response {
    let form = Form::of_request(request);
    let (reply, response) = form.refusal(status, code, &reason);
    let api = match form {
        Form::Control => return response,
        Form::Page => "pages",
        Form::Vendor(vendor) => vendor.api(),
    };
    app.record(None, note(request, api, &reply, reason));
    response
}

/// The form of a refusal: that of the API which a path belongs to.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Control,
    /// A sentence.
    Page,
    Vendor(Vendor),
}

impl Form {
    pub(crate) fn of(path: &str) -> Self {
        if is_control(path) {
            Self::Control
        } else if path == "/" || path == "/magic-link" || is_below(path, "/challenge") {
            Self::Page
        } else {
            Self::Vendor(Vendor::of(path))
        }
    }

    fn of_request(request: &Request) -> Self {
        match Self::of(request.uri().path()) {
            Self::Vendor(_) => Self::Vendor(Vendor::of_request(request)),
            form => form,
        }
    }

    /// A refusal.
    pub(crate) fn answer(self, status: StatusCode, code: &str, reason: &str) -> Response {
        let (_, response) = self.refusal(status, code, reason);
        response
    }

    /// A refusal, as the journal keeps it and as it is sent.
    fn refusal(self, status: StatusCode, code: &str, reason: &str) -> (Reply, Response) {
        let reply = match self {
            Self::Control => control::refusal::problem(status, code, reason),
            Self::Page => {
                let response = (status, format!("{reason}\n")).into_response();
                return (Reply::empty(status), response);
            }
            Self::Vendor(Vendor::Activeconnect) => activeconnect::refusal::failure(status, reason),
            Self::Vendor(
                Vendor::Authsignal | Vendor::AuthsignalClient | Vendor::AuthsignalManagement,
            ) => authsignal::refusal::failure(status, code, reason),
        };
        let response = reply.clone().into_response();
        (reply, response)
    }
}

/// What the journal keeps of a request that no operation answers. Its body was not read.
fn note<'a>(request: &'a Request, api: &'static str, reply: &'a Reply, reason: String) -> Note<'a> {
    let path = request.uri().path();
    // A path that is almost that of an operation may contain what that operation keeps secret.
    let near = |part: &str| part.eq_ignore_ascii_case("register");
    let target = if path.split('/').any(near) {
        "/register/***"
    } else {
        path
    };
    Note {
        version: version(request.version()),
        reason: Some(reason),
        wire: carried(request.headers(), &[], &reply.body),
        ..Note::new(
            api,
            request.method().to_string(),
            target,
            reply.status.as_u16(),
        )
    }
}

/// Where a challenge is looked up.
const CHALLENGES: &str = "/v1/challenges";
/// How the path begins that Java's SDK sends instead: the first filter without the question mark before it.
const GLUED: &str = "/v1/challengeschallengeId=";

/// Why no operation answers.
fn reason(method: &Method, path: &str, status: StatusCode) -> String {
    if method == Method::POST && (path == CHALLENGES || path.starts_with(GLUED)) {
        // Both SDKs call it `getChallenge`. No source says that the vendor's service answers it.
        return format!(
            "{CHALLENGES} is read with GET, and its filters stand behind a question mark; the vendor's SDKs for Java and \
             .NET send POST, Java's also leaves out the question mark: send GET {CHALLENGES}?challengeId=... yourself"
        );
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        return format!(
            "this path does not support {method}; the Allow header lists the methods it supports"
        );
    }
    let reason = if is_public(path) {
        "no operation has this path; the public documents of a tenant are \
         /v1/client/public/TENANT/.well-known/openid-configuration and /v1/client/public/TENANT/.well-known/jwks, without \
         a slash at the end"
    } else if let Some(reason) = misspelt(path) {
        return reason;
    } else if path.starts_with("//") {
        "no operation has this path; it starts with two slashes: remove the slash at the end of the base URL"
    } else if path.len() > 1 && path.ends_with('/') {
        // A client also sends this if an id is empty, or is `.` or `..`, which URLs drop.
        "no operation has this path; it ends with a slash: remove it, or if an id belongs there, check that it is not empty"
    } else {
        return match departure(path, templates(path)) {
            Some(place) => format!("no operation has this path: {place}"),
            None => "no operation has this path; GET /_mock/specs shows all paths".to_owned(),
        };
    };
    reason.to_owned()
}

/// What is wrong with a path that would be one of an operation in lower case, or with single slashes. Shows the template of
/// that operation, and no part of the path, which may be a secret.
fn misspelt(path: &str) -> Option<String> {
    let right = plain(path);
    let template = template(&right, templates(&right)).filter(|_| right != path)?;
    Some(match right.len() < path.len() {
        true => format!(
            "no operation has this path; two slashes follow one another in it: use {template}, or check that an id between \
             them is not empty"
        ),
        false => format!("no operation has this path; paths are in lower case: use {template}"),
    })
}

/// Paths beside those of the control API that are no operations.
const BESIDE: [&str; 4] = [
    "/_mock/events",
    "/_mock/metrics",
    "/_mock/specs",
    "/_mock/specs/{file}",
];

/// The paths of the operations that a path may be meant for.
fn templates(path: &str) -> impl Iterator<Item = &'static str> {
    let of_vendors = [
        activeconnect_api::operations::ALL,
        authsignal_api::operations::ALL,
        authsignal_client::operations::ALL,
        authsignal_management::operations::ALL,
    ];
    let own = is_control(path).then_some(mock_control::operations::ALL);
    let beside = own.is_some().then_some(BESIDE).into_iter().flatten();
    let of_vendors = of_vendors.into_iter().filter(move |_| own.is_none());
    let operations = of_vendors.chain(own).flatten();
    operations.map(|operation| operation.path).chain(beside)
}

/// What is wrong with a path of the control API that lacks its beginning. No request of a vendor's client comes without
/// credentials to such a path.
fn control_fault(path: &str) -> Option<String> {
    let whole = format!("/_mock{path}");
    let mut own = mock_control::operations::ALL.iter();
    own.any(|own| own.path == whole).then(|| {
        format!("no operation has this path; the paths of the control API begin with /_mock: use {whole}")
    })
}

/// Whether a path is one of the control API, of the desk's files or of its stream.
pub(crate) fn is_control(path: &str) -> bool {
    is_below(path, "/_mock")
}
