//! The errors of Authsignal by their names, each with the status that goes with it. Knows no request.
//!
//! The vendor documents or reads the names. Of the last six, which are ours, and of most statuses no source says more than
//! that they are errors of the caller.

/// What a caller who asks too often is told.
pub(crate) const TOO_MANY_REQUESTS: (&str, u16) = ("too_many_requests", 429);

/// Names and statuses.
pub(crate) const ALL: [(&str, u16); 18] = [
    ("unauthorized", 401),
    ("invalid_request", 400),
    ("AUTHENTICATOR_NOT_FOUND", 400),
    ("expired_token", 401),
    ("invalid_request_token", 422),
    TOO_MANY_REQUESTS,
    ("invalid_configuration", 400),
    ("invalid_credential", 400),
    ("unknown_credential", 404),
    ("credential_not_found", 404),
    ("conflict", 400),
    ("internal_server_error", 500),
    ("forbidden", 403),
    ("not_found", 404),
    ("invalid_action", 400),
    ("invalid_code", 400),
    ("challenge_already_claimed", 400),
    ("challenge_expired", 400),
];

/// The name as it stands in the list, with its status.
pub(crate) fn named(name: &str) -> Option<(&'static str, u16)> {
    ALL.into_iter().find(|(known, _)| *known == name)
}
