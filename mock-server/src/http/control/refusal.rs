//! The form of an error. Knows no operation.

use http::StatusCode;

use crate::generated::mock_control::types as wire;
use crate::http::surface::Reply;
use crate::sim::phone::Trouble;

/// The answer to a request that failed, with the reason.
pub(crate) fn problem(status: StatusCode, error: &str, message: &str) -> Reply {
    Reply::json(status, &problem_body(error, message))
}

/// The answer to a web page of another origin.
pub(crate) fn foreign() -> Reply {
    let message =
        "the header Origin names another site; web pages of other sites cannot control the mock";
    problem(StatusCode::FORBIDDEN, "forbidden", message)
}

pub(super) fn problem_body(error: &str, message: &str) -> wire::Problem {
    wire::Problem {
        error: error.to_owned(),
        message: message.to_owned(),
    }
}

/// A refusal in the status it is told with; each operation has its own type for the answer.
pub(super) enum Refused {
    Malformed(wire::Problem),
    Unknown(wire::Problem),
    Impossible(wire::Problem),
}

impl From<Trouble> for Refused {
    fn from(trouble: Trouble) -> Self {
        let message = trouble.to_string();
        match trouble {
            Trouble::Malformed(_) => Self::Malformed(problem_body("malformed", &message)),
            Trouble::Unknown(_) => Self::Unknown(problem_body("unknown", &message)),
            Trouble::Impossible(_) => Self::Impossible(problem_body("impossible", &message)),
        }
    }
}

/// The answer of a phone operation: the outcome, or the refusal in its status.
macro_rules! phone_answer {
    ($response:ident, $outcome:expr) => {
        match $outcome {
            Ok(outcome) => api::$response::Ok(outcome),
            Err(trouble) => match $crate::http::control::refusal::Refused::from(trouble) {
                $crate::http::control::refusal::Refused::Malformed(problem) => {
                    api::$response::BadRequest(problem)
                }
                $crate::http::control::refusal::Refused::Unknown(problem) => {
                    api::$response::NotFound(problem)
                }
                $crate::http::control::refusal::Refused::Impossible(problem) => {
                    api::$response::Conflict(problem)
                }
            },
        }
    };
}

/// The answer of an operation that is about no user: the outcome, or the refusal in its status.
macro_rules! device_answer {
    ($response:ident, $outcome:expr) => {
        match $outcome {
            Ok(outcome) => api::$response::Ok(outcome),
            Err(trouble @ $crate::sim::phone::Trouble::Malformed(_)) => api::$response::BadRequest(
                $crate::http::control::refusal::problem_body("malformed", &trouble.to_string()),
            ),
            Err(trouble) => api::$response::Conflict($crate::http::control::refusal::problem_body(
                "impossible",
                &trouble.to_string(),
            )),
        }
    };
}

/// The answer of an operation on an Authsignal tenant: the outcome, or the refusal in its status.
macro_rules! tenant_answer {
    ($response:ident, $outcome:expr) => {
        match $outcome {
            Ok(outcome) => api::$response::Ok(outcome),
            Err(trouble @ $crate::sim::phone::Trouble::Malformed(_)) => api::$response::BadRequest(
                $crate::http::control::refusal::problem_body("malformed", &trouble.to_string()),
            ),
            Err(trouble) => api::$response::NotFound($crate::http::control::refusal::problem_body(
                "unknown",
                &trouble.to_string(),
            )),
        }
    };
}

pub(super) use {device_answer, phone_answer, tenant_answer};
