//! Why a request cannot be read. Never quotes a value.

use std::fmt;

use http::StatusCode;

use super::intake::Fault;

/// Why a request cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Of what kind.
    pub kind: RejectionKind,
    /// Where: `body /users/1`, `path parameter user_id`, `query parameter limit`.
    pub place: String,
    /// What is wrong there, as the rest of a sentence that begins with the place.
    pub reason: String,
}

/// Kinds of [`Rejection`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RejectionKind {
    /// It does not have the form that the spec requires.
    Malformed,
    /// Its body is larger than the limit.
    TooLarge,
    /// Its body does not arrive in time.
    Late,
    /// Its body does not fit beside those of other requests.
    Crowded,
    /// Its body has a coding that the mock does not read.
    Encoded,
    /// Its method is HEAD, which asks for the head of an answer, but the operation changes something.
    Head,
}

impl Rejection {
    /// The rejection of a HEAD request for an operation that changes something.
    pub fn head() -> Self {
        Self {
            kind: RejectionKind::Head,
            place: "method HEAD".to_owned(),
            reason: "is not allowed, because this GET changes something; send GET".to_owned(),
        }
    }

    /// A rejection of a form that the spec does not allow.
    pub fn malformed(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            kind: RejectionKind::Malformed,
            place: place.into(),
            reason: reason.into(),
        }
    }
}

impl RejectionKind {
    /// The status of the answer, which no API chooses otherwise.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Encoded => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Head => StatusCode::METHOD_NOT_ALLOWED,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl From<Fault> for Rejection {
    fn from(fault: Fault) -> Self {
        Self {
            kind: fault.into(),
            place: "body".to_owned(),
            reason: fault.to_string(),
        }
    }
}

impl From<Fault> for RejectionKind {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Late { .. } => Self::Late,
            Fault::Crowded { .. } => Self::Crowded,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.place, self.reason)
    }
}

impl std::error::Error for Rejection {}
