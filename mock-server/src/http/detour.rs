//! Paths that known clients send for an operation at another path. Knows no operation, only how these paths begin.

use axum::extract::Request;

/// What browser SDKs before version 0.3 ask for directly below their base URL, which had no `/client` then.
pub(super) const OLDER_CLIENT: [&str; 4] = [
    "/v1/user-authenticators",
    "/v1/user-authenticators/{*rest}",
    "/v1/challenge/{*rest}",
    "/v1/verify/{*rest}",
];

/// Spells the resource of the Management API with hyphens that the documentation spells with an underscore. Returns whether
/// it did.
pub(super) fn with_hyphens(request: &mut Request) -> bool {
    const DOCUMENTED: &str = "/v1/management/action_configurations";
    let Some(rest) = target(request).strip_prefix(DOCUMENTED) else {
        return false;
    };
    if !rest.is_empty() && !rest.starts_with(['/', '?']) {
        return false;
    }
    let Ok(uri) = format!("/v1/management/action-configurations{rest}").parse() else {
        return false;
    };
    *request.uri_mut() = uri;
    true
}

/// Gives a path one `/v1` where it has two or none. Known bugs in clients send two: python 2 and 3 when they delete an
/// authenticator, go when it gets a challenge. The vendor's mobile client for flows documents base URLs without any.
/// Returns whether it changed the path.
pub(super) fn once_v1(request: &mut Request) -> bool {
    let target = target(request);
    let twice = target.strip_prefix("/v1");
    let twice = twice.filter(|rest| rest.starts_with("/v1/"));
    let uri = if target.starts_with("/client/flows/") {
        Some(format!("/v1{target}").parse())
    } else {
        twice.map(str::parse)
    };
    let Some(Ok(uri)) = uri else { return false };
    *request.uri_mut() = uri;
    true
}

/// Moves a path of [`OLDER_CLIENT`] to where the operation is today.
pub(super) fn to_client(request: &mut Request) {
    let rest = target(request).strip_prefix("/v1").unwrap_or_default();
    if let Ok(uri) = format!("/v1/client{rest}").parse() {
        *request.uri_mut() = uri;
    }
}

fn target(request: &Request) -> &str {
    let target = request.uri().path_and_query();
    target.map_or("", http::uri::PathAndQuery::as_str)
}
