//! The form of an error. Knows no operation.

use http::StatusCode;

use crate::generated::mock_control::types as wire;
use crate::http::origin::FOREIGN;
use crate::http::surface::{Refusable, Reply};
use crate::sim::phone::Trouble;

/// The answer to a request that failed, with the reason.
pub(crate) fn problem(status: StatusCode, error: &str, message: &str) -> Reply {
    Reply::json(status, &problem_body(error, message))
}

/// The answer to a web page of another origin.
pub(crate) fn foreign() -> Reply {
    problem(StatusCode::FORBIDDEN, "forbidden", FOREIGN)
}

fn problem_body(error: &str, message: &str) -> wire::Problem {
    wire::Problem {
        error: error.to_owned(),
        message: message.to_owned(),
    }
}

/// The word for a status.
pub(crate) fn error_of(status: StatusCode) -> &'static str {
    match status {
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "unknown",
        StatusCode::CONFLICT => "impossible",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "encoded",
        _ => "malformed",
    }
}

/// The statuses for a refusal, the best first. An operation that does not distinguish "unknown" from "impossible" lists
/// the status of one of them for both.
fn statuses_of(trouble: &Trouble) -> &'static [StatusCode] {
    match trouble {
        Trouble::Malformed(_) => &[StatusCode::BAD_REQUEST],
        Trouble::Unknown(_) => &[StatusCode::NOT_FOUND, StatusCode::CONFLICT],
        Trouble::Impossible(_) => &[StatusCode::CONFLICT, StatusCode::NOT_FOUND],
    }
}

/// The answer of an operation: the success, or the refusal with its status.
pub(super) fn respond<R: Refusable<Body = wire::Problem>>(outcome: Result<R, Trouble>) -> R {
    outcome.unwrap_or_else(|trouble| {
        let body = |status| problem_body(error_of(status), &trouble.to_string());
        let mut statuses = statuses_of(&trouble).iter();
        statuses
            .find_map(|status| R::refused(*status, body(*status)))
            .unwrap_or_else(|| R::bad_request(body(StatusCode::BAD_REQUEST)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::mock_control::routes;
    use crate::http::surface::{Operation, VisitRefusable};

    struct Refused;

    impl VisitRefusable<wire::Problem> for Refused {
        fn visit<R: Refusable<Body = wire::Problem> + Into<Reply>>(
            &mut self,
            operation: &'static Operation,
        ) {
            let why = || "why".to_owned();
            let troubles = [
                Trouble::Malformed(why()),
                Trouble::Unknown(why()),
                Trouble::Impossible(why()),
            ];
            for trouble in troubles {
                let mut statuses = statuses_of(&trouble).iter().map(StatusCode::as_u16);
                let listed = statuses.find(|status| operation.statuses.contains(status));
                let reply: Reply = respond::<R>(Err(trouble)).into();
                let status = reply.status.as_u16();
                assert_eq!(status, listed.unwrap_or(400), "{}", operation.id);
                let body: wire::Problem = serde_json::from_slice(&reply.body).unwrap();
                assert_eq!(body.error, error_of(reply.status), "{}", operation.id);
            }
        }
    }

    #[test]
    fn a_refusal_has_a_status_of_its_own_or_400_where_the_spec_lists_none() {
        routes::visit_refusable(&mut Refused);
    }
}
